package tlsprobe

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

// modern finds the suites and groups of TLS 1.3, beginning with an answer that is
// already there. Without a key in the hello the server names suite and group in a
// HelloRetryRequest; each hello leaves out what was chosen before. One of them is
// carried on to a finished handshake, which gives the certificate, session tickets,
// and often the list of all groups that the server takes (RFC 8446 section 4.2.7).
func (r *run) modern(a *reply) {
	e := r.enumeration(fact.TLS13)
	if r.isNarrow() {
		// Suites of older versions cannot be used with this one (RFC 8446 appendix B.4).
		// They are offered where that costs nothing, to see who takes them all the same.
		e.remain = slices.DeleteFunc(e.remain, func(s fact.Suite) bool { return s.KeyExchange() != fact.KexTLS13 })
	}
	g := &groupSearch{remain: r.plan.groups(modernGroups), set: fact.GroupSet{Version: fact.TLS13}}
	withKeys := !a.hello.Retry // it wants keys in the hello; then groups cannot be told apart this way
	joint := len(g.remain) > 0 && !withKeys
	e.first = a.hello.Suite
	r.learnModern(e, g, a)
	finish := r.wantsModern()
	askAgain := r.plan.asks(AskPreference)
	last := !r.plan.asks(AskNoSNI) && !withKeys
	for len(e.remain) > 0 {
		offered := slices.Clone(r.batch(e.remain))
		again := askAgain && len(offered) == len(e.remain)
		switch {
		case again:
			offered, askAgain = e.offerAgain(), false
		case last && len(offered) == len(e.remain):
			offered, last = e.keepOne(offered)
		}
		groups, reduced := modernGroups, false
		if joint && len(g.remain) > 0 {
			groups, reduced = slices.Clone(g.remain), true
		}
		h := r.modernHello(offered, groups)
		if withKeys {
			if h = r.browserHello(offered, []fact.Version{fact.TLS13}); h == nil {
				break
			}
		}
		a := r.ask(question{what: describe(h, "what is left"), hello: h, keep: finish && !withKeys})
		if !r.chose(e, a, fact.TLS13) {
			if reduced && a.outcome == declined {
				joint, askAgain = false, askAgain || again
				continue
			}
			if again && a.outcome == declined {
				continue
			}
			if r.turnedAway(e, a, offered) {
				break
			}
			continue
		}
		if again {
			e.second = a.hello.Suite
		}
		if a.hello.Suite == ccm8 && postQuantum(a.group) {
			a.close() // one more hello follows, which may have to wait for this connection to end
		}
		r.learnModern(e, g, a)
		if !slices.ContainsFunc(usualModern, func(s fact.Suite) bool { return !slices.Contains(e.set.Accepted, s) }) {
			joint = false // more is unlikely, and the answer would not tell whether suites or groups were at fault
		}
		if _, can := tlswire.FindSuite(a.hello.Suite); finish && a.conn != nil && can && tlswire.CanExchange(a.group) {
			finish = false
			m, _ := r.carryOn(a)
			if m.listed(g) {
				joint = false
			}
		}
		a.close()
	}
	r.preference(e)
	if finish {
		r.finishWith(e, g)
	}
	r.modernSearch(e, g, withKeys)
	r.orderQuestions(e)
	r.close(e)
}

// usualModern are the suites of TLS 1.3 that nearly every server has.
var usualModern = []fact.Suite{0x1302, 0x1303, 0x1301}

// keepOne takes the last usual suite out of an offer, to be asked after the unlikely
// ones: the answer to it is then a control for all that was declined (catalogue A.2),
// and the probe need not end with one. It does so once.
func (e *enumeration) keepOne(offered []fact.Suite) (offer []fact.Suite, later bool) {
	usual := known(usualModern, e.remain)
	if len(usual) != 1 || len(offered) == 1 {
		return offered, true
	}
	return without(offered, usual[0]), false
}

// wantsModern reports whether a finished handshake is needed at all.
func (r *run) wantsModern() bool {
	return r.plan.asks(AskEarlyData) || r.plan.asks(AskDeployments)
}

func (r *run) learnModern(e *enumeration, g *groupSearch, a *reply) {
	e.take(a.hello.Suite)
	g.take(a.group)
	group := a.group
	if a.hello.Suite == ccm8 {
		group = r.classicGroup(a)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, exchange{fact.TLS13, a.offer.Suites, a.hello.Suite, true})
	if a.hello.Suite == ccm8 && group != 0 {
		r.kexSeen[group] = true // internet.nl sees the key of this handshake alone
	}
}

// classicGroup is the group that the server chooses from those of a client without
// ML-KEM, as internet.nl's is: that of an answer, or else it is asked.
func (r *run) classicGroup(a *reply) fact.Group {
	if !postQuantum(a.group) {
		return a.group
	}
	h := r.modernHello([]fact.Suite{a.hello.Suite}, slices.DeleteFunc(slices.Clone(modernGroups), postQuantum))
	if b := r.hello(h, "a group without ML-KEM"); b.ok() {
		return b.group
	}
	return 0
}

func postQuantum(g fact.Group) bool {
	return g >= fact.MLKEM512 && g <= fact.MLKEM1024 || g >= fact.SecP256r1MLKEM768 && g <= fact.SecP384r1MLKEM1024 || g == 25497 || g == 25498
}

// ccm8 is the one suite of TLS 1.3 that internet.nl tries (catalogue B.6).
const ccm8 fact.Suite = 0x1305

// modernSearch ends the search for groups of TLS 1.3.
func (r *run) modernSearch(e *enumeration, g *groupSearch, withKeys bool) {
	if len(g.remain) == 0 && len(g.set.Accepted) == 0 {
		return
	}
	if withKeys {
		r.groupsByKey(e, g)
	} else {
		r.searchGroups(fact.TLS13, e.set.Accepted, 0, g, func(fact.Group) bool { return true })
	}
	slices.Sort(g.set.Accepted)
	slices.Sort(g.set.Open)
	g.set.Open = slices.Compact(g.set.Open)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Groups = append(r.out.Groups, g.set)
}

// groupsByKey asks a server that insists on keys for each group that there are keys
// for. The others stay open.
func (r *run) groupsByKey(e *enumeration, g *groupSearch) {
	for _, x := range slices.Clone(g.remain) {
		if !tlswire.CanExchange(x) {
			g.set.Open, g.set.Gap = append(g.set.Open, x), fact.GapUnsupported
			continue
		}
		h, _, err := r.keyHello(e.set.Accepted, x)
		if err != nil {
			continue
		}
		a := r.hello(h, "")
		switch {
		case a.ok():
			g.take(a.group)
		case a.outcome == declined:
			r.later(a, func(confirmed bool) {
				if !confirmed {
					r.reopenGroups(fact.TLS13, []fact.Group{x})
				}
			})
		default:
			g.set.Open, g.set.Gap = append(g.set.Open, x), a.gap
		}
	}
}

// keyHello is a hello with one group and a key of it.
func (r *run) keyHello(suites []fact.Suite, g fact.Group) (*tlswire.ClientHello, *tlswire.Exchange, error) {
	x, err := tlswire.NewExchange(g)
	if err != nil {
		return nil, nil, err
	}
	h := r.modernHello(suites, []fact.Group{g})
	h.KeyShares = []tlswire.KeyShare{x.Share}
	return h, x, nil
}

// finishWith makes a finished handshake of TLS 1.3 on a connection of its own.
func (r *run) finishWith(e *enumeration, g *groupSearch) {
	a, m := r.wholeHandshakeOf(e.set.Accepted, g.set.Accepted, "finished", nil)
	if m == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		gap := fact.GapUnsupported
		if a != nil && a.gap != "" {
			gap = a.gap
		}
		if r.out.EarlyData.Answer == fact.Unknown {
			r.out.EarlyData.Gap = gap
		}
		return
	}
	m.listed(g)
}

// finished is a handshake of TLS 1.3 that was carried to its end.
type finished struct {
	extensions *tlswire.EncryptedExtensions
	certs      *tlswire.Certificates
}

// listed books the groups that the server named, and says whether it did.
func (m *finished) listed(g *groupSearch) bool {
	if m == nil || m.extensions == nil || len(m.extensions.Groups) == 0 {
		return false
	}
	for _, x := range m.extensions.Groups {
		g.take(x)
	}
	return true
}

// carryOn answers a HelloRetryRequest with a key and finishes the handshake.
func (r *run) carryOn(a *reply) (*finished, error) {
	x, err := tlswire.NewExchange(a.group)
	if err != nil {
		return nil, err
	}
	undo := a.conn.CloseWith(r.ctx)
	defer undo()
	_ = a.conn.SetDeadline(time.Now().Add(r.p.cfg.Timeout))
	h := *a.offer
	h.KeyShares, h.Cookie = []tlswire.KeyShare{x.Share}, a.hello.Cookie
	message, err := h.AppendMessage(nil)
	if err != nil {
		return nil, err
	}
	if _, err := a.conn.Write(tlswire.AppendRecord(nil, tlswire.Handshake, uint16(fact.TLS12), message)); err != nil {
		return nil, err
	}
	a.stream.SkipChange = true
	m, err := a.stream.Message()
	if err != nil {
		return nil, err
	}
	m = slices.Clone(m)
	sh, err := tlswire.ParseServerHello(m)
	if err != nil {
		return nil, err
	}
	if sh.Retry || sh.Suite != a.hello.Suite || sh.Group != a.group || sh.Version != fact.TLS13 {
		return nil, fmt.Errorf("%w: another choice after HelloRetryRequest", errBeyond)
	}
	return r.complete(a, tlswire.ModernHandshake{FirstHello: a.message, Retry: a.server, Hello: message, ServerHello: m}, x, sh)
}

// complete takes a handshake of TLS 1.3 from the ServerHello to its end and books
// what it shows.
func (r *run) complete(a *reply, hs tlswire.ModernHandshake, x *tlswire.Exchange, sh *tlswire.ServerHello) (f *finished, err error) {
	f = &finished{}
	defer func() {
		line := &reply{why: "finished"}
		if err != nil {
			line.why = err.Error()
		}
		r.mu.Lock()
		r.log(question{what: "TLS 1.3 " + sh.Suite.String() + " " + sh.Group.String() + ": to the end"}, line)
		r.mu.Unlock()
	}()
	if hs.Shared, err = x.Finish(sh.KeyShare); err != nil {
		return f, err
	}
	c, err := tlswire.NewModern(a.conn, a.stream, hs)
	if err != nil {
		return f, err
	}
	if f.extensions, err = c.Extensions(); err != nil {
		return f, err
	}
	a.over = true // alerts in the clear would break the keys
	if f.certs, err = c.Finish(); f.certs != nil {
		r.learnFinished(a, f)
	}
	if err != nil {
		return f, err
	}
	if !r.plan.asks(AskEarlyData) || a.offer.ServerName == "" && r.t.ServerName != "" {
		r.goodbye(a, &c.Conn)
		return f, nil
	}
	r.mu.Lock()
	known := r.out.EarlyData.Answer != fact.Unknown || r.out.EarlyData.Ticket
	r.mu.Unlock()
	if known {
		r.goodbye(a, &c.Conn)
		return f, nil
	}
	_ = a.conn.SetDeadline(time.Now().Add(r.p.cfg.Timeout))
	if r.t.Goodbye != "" {
		a.stream.SkipData = true // the answer to it
		_, _ = io.WriteString(c, r.t.Goodbye)
	}
	tickets, err := c.Tickets()
	a.close()
	r.earlyData(c, sh, tickets, err)
	return f, nil
}

// learnFinished books certificate, staple and protocol of a finished handshake.
func (r *run) learnFinished(a *reply, f *finished) {
	if a.offer.ServerName != r.t.ServerName || len(f.certs.DER) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.extensions.ALPN != "" {
		r.alpn[f.extensions.ALPN] = true
	}
	r.noStaple = true
	r.deploy(&served{certs: f.certs.DER, scts: f.certs.SCTs}, fact.TLS13, f.certs.OCSP, false)
}

// earlyData offers the best ticket back with early data, of which nothing need be
// sent: the server says in EncryptedExtensions whether it would take it.
func (r *run) earlyData(c *tlswire.Modern, sh *tlswire.ServerHello, tickets []*tlswire.Ticket, err error) {
	out := fact.EarlyData{Ticket: len(tickets) > 0}
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.out.EarlyData = out
	}()
	var best *tlswire.Ticket
	for _, t := range tickets {
		if best == nil || t.MaxEarlyData > best.MaxEarlyData {
			best = t
		}
	}
	if err != nil {
		a := &reply{}
		if r.classify(a, err); a.gap != "" {
			out.Gap = a.gap
			return
		}
	}
	if best == nil || best.MaxEarlyData == 0 {
		out.Answer = fact.Declined // no ticket invites early data
		return
	}
	out.TicketMax = best.MaxEarlyData
	psk, err := c.PSK(best)
	if err != nil {
		out.Gap = fact.GapUnsupported
		return
	}
	h, x, err := r.keyHello([]fact.Suite{sh.Suite}, sh.Group)
	if err != nil {
		out.Gap = fact.GapUnsupported
		return
	}
	h.EarlyData = true
	if err := tlswire.OfferTicket(h, sh.Suite, best, psk, 1); err != nil {
		out.Gap = fact.GapUnsupported
		return
	}
	a := r.helloKept(h, "ticket with early data")
	defer a.close()
	if !a.ok() || a.conn == nil {
		if out.Gap = a.gap; out.Gap == "" {
			out.Gap = fact.GapBlocked // it gave us this ticket itself
		}
		return
	}
	out.Answer = fact.Declined
	if a.hello.Retry || !a.hello.PSKChosen {
		return
	}
	shared, err := x.Finish(a.hello.KeyShare)
	if err != nil {
		out.Observed = fact.Observed{Gap: fact.GapMalformed}
		return
	}
	m, err := tlswire.NewModern(a.conn, a.stream, tlswire.ModernHandshake{Hello: a.message, ServerHello: a.server, Shared: shared, PSK: psk})
	if err != nil {
		out.Observed = fact.Observed{Gap: fact.GapMalformed}
		return
	}
	x2, err := m.Extensions()
	switch {
	case err != nil && isOurs(err):
		out.Observed = fact.Observed{Gap: fact.GapBudget}
	case err != nil:
		out.Observed = fact.Observed{Gap: fact.GapMalformed}
	case x2.EarlyData:
		out.Answer = fact.Accepted
	}
}

// wholeHandshake finishes a handshake of TLS 1.3 with a changed hello.
func (r *run) wholeHandshake(about string, change func(*tlswire.ClientHello)) (*reply, *finished) {
	r.mu.Lock()
	var suites []fact.Suite
	var groups []fact.Group
	for _, s := range r.out.Suites {
		if s.Version == fact.TLS13 {
			suites = s.Accepted
		}
	}
	for _, g := range r.out.Groups {
		if g.Version == fact.TLS13 {
			groups = g.Accepted
		}
	}
	r.mu.Unlock()
	if len(groups) == 0 {
		groups = []fact.Group{fact.X25519, fact.Secp256r1}
	}
	return r.wholeHandshakeOf(suites, groups, about, change)
}

func (r *run) wholeHandshakeOf(suites []fact.Suite, groups []fact.Group, about string, change func(*tlswire.ClientHello)) (*reply, *finished) {
	can := slices.DeleteFunc(slices.Clone(suites), func(s fact.Suite) bool { _, ok := tlswire.FindSuite(s); return !ok })
	i := slices.IndexFunc(groups, tlswire.CanExchange)
	if len(can) == 0 || i < 0 {
		return &reply{gap: fact.GapUnsupported}, nil
	}
	group := groups[i]
	if slices.Contains(groups, fact.X25519) {
		group = fact.X25519 // the cheapest
	}
	h, x, err := r.keyHello(can, group)
	if err != nil {
		return &reply{gap: fact.GapUnsupported}, nil
	}
	if change != nil {
		change(h)
	}
	a := r.helloKept(h, about)
	if !a.ok() || a.conn == nil {
		return a, nil
	}
	defer a.close()
	if a.hello.Retry || a.hello.Version != fact.TLS13 || a.group != group {
		return &reply{outcome: malformed, gap: fact.GapMalformed}, nil
	}
	undo := a.conn.CloseWith(r.ctx)
	defer undo()
	f, err := r.complete(a, tlswire.ModernHandshake{Hello: a.message, ServerHello: a.server}, x, a.hello)
	if err != nil && f.certs == nil {
		b := &reply{started: a.started}
		r.classify(b, err)
		if b.gap == "" && b.outcome == failed && !errors.Is(err, tlswire.ErrMalformed) {
			b.gap = fact.GapMalformed
		}
		b.ended = r.moment()
		return b, nil
	}
	return a, f
}

// otherKey asks a server with TLS 1.3 alone for a certificate of the other kind. On
// others the suites of TLS 1.2 have shown both.
func (r *run) otherKey() {
	if !r.plan.asks(AskDeployments) {
		return
	}
	r.mu.Lock()
	legacy := false
	for _, v := range []fact.Version{fact.TLS12, fact.TLS11, fact.TLS10, fact.SSL30} {
		legacy = legacy || r.versions[v] != nil && r.versions[v].Yes()
	}
	kind := ""
	for _, c := range r.chains {
		if len(c.versions) > 0 {
			kind = c.kind
		}
	}
	r.mu.Unlock()
	if legacy || kind == "" {
		return
	}
	schemes := rsaSchemes
	if kind == "rsa" {
		schemes = ecSchemes
	}
	r.wholeHandshake("the other kind of certificate", func(h *tlswire.ClientHello) { h.Schemes = schemes })
}
