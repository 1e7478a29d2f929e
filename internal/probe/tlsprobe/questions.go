package tlsprobe

import (
	"errors"
	"net"
	"slices"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/tlswire"
)

// beside starts the questions that the highest version up to TLS 1.2 raises.
func (r *run) beside(v fact.Version) {
	if v == fact.TLS12 && r.plan.asks(AskKexHash) {
		r.spawn(r.kexHash)
	}
}

// kexHash asks for a key exchange signed with SHA-1 or SHA-224. One hello with both
// clears a good server; what is left is asked alone.
func (r *run) kexHash() {
	a := r.hashHello(slices.Concat(sha1Schemes, sha224Schemes), "SHA-1 or SHA-224")
	sha1, sha224 := &r.out.KexHashSHA1, &r.out.KexHashSHA224
	switch {
	case !usedHash(a, sha1Schemes) && !usedHash(a, sha224Schemes):
		r.hashAnswer(sha1, a, false)
		r.hashAnswer(sha224, a, false)
	case usedHash(a, sha1Schemes):
		r.hashAnswer(sha1, a, true)
		a = r.hashHello(sha224Schemes, "SHA-224 alone")
		r.hashAnswer(sha224, a, usedHash(a, sha224Schemes))
	default:
		r.hashAnswer(sha224, a, true)
		a = r.hashHello(sha1Schemes, "SHA-1 alone")
		r.hashAnswer(sha1, a, usedHash(a, sha1Schemes))
	}
	r.mu.Lock()
	known := r.out.KexHashSHA2.Yes() || !sha1.Yes() && !sha224.Yes()
	r.mu.Unlock()
	if !known { // all that it has signed so far was with the old hashes
		a := r.hashHello(sha2Schemes, "SHA-2 alone")
		r.hashAnswer(&r.out.KexHashSHA2, a, usedHash(a, sha2Schemes))
	}
}

func (r *run) hashHello(schemes []fact.SignatureScheme, about string) *reply {
	h := r.legacyHello(fact.TLS12, r.batch(lists().signed), legacyGroups)
	h.Schemes = schemes
	return r.hello(h, "signature with "+about)
}

func usedHash(a *reply, schemes []fact.SignatureScheme) bool {
	return a.ok() && a.kex != nil && a.kex.Signed && slices.Contains(schemes, a.kex.Scheme)
}

// hashAnswer books it. A server that answers with a hash that was not offered does
// not use the one that was.
func (r *run) hashAnswer(dst *fact.Observed, a *reply, used bool) {
	switch {
	case used:
		r.set(dst, fact.Observed{Answer: fact.Accepted})
	case a.ok() && a.kex != nil:
		r.set(dst, fact.Observed{Answer: fact.Declined})
	case a.ok() && a.cut != nil:
		// A ServerHello, and then it had no such signature to give.
		b := &reply{started: a.started, ended: a.ended}
		r.classify(b, a.cut)
		r.observe(dst, b)
	case a.ok():
		r.set(dst, fact.Observed{Gap: fact.GapMalformed})
	default:
		r.observe(dst, a)
	}
}

// maxRenegotiations is how often renegotiation is tried (catalogue B.6).
const maxRenegotiations = 11

// wantsHandshake reports whether a connection should be kept to try renegotiation.
func (r *run) wantsHandshake(v fact.Version) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return v != fact.SSL30 && r.plan.asks(AskRenegotiation) && !r.reneg
}

// renegotiate finishes the handshake of an answer that was kept and asks for another
// one inside it, until the server refuses.
func (r *run) renegotiate(a *reply) {
	if a.conn == nil {
		return
	}
	r.mu.Lock()
	_, can := tlswire.FindSuite(a.hello.Suite)
	can = can && !r.reneg && a.hello.Version >= fact.TLS10 && a.hello.Compression == 0 && r.plan.asks(AskRenegotiation) &&
		(a.hello.Suite.KeyExchange() != fact.KexECDHE || tlswire.CanExchange(a.group))
	r.reneg = r.reneg || can
	r.mu.Unlock()
	if !can {
		a.close()
		return
	}
	r.spawn(func() {
		defer a.close()
		undo := a.conn.CloseWith(r.ctx)
		defer undo()
		_ = a.conn.SetDeadline(time.Now().Add(r.p.cfg.Timeout))
		n, err := r.renegotiateOn(a)
		r.bookRenegotiation(a, n, err)
	})
}

func (r *run) renegotiateOn(a *reply) (n int, err error) {
	c, err := tlswire.FinishLegacy(a.conn, a.stream, tlswire.LegacyHandshake{Hello: a.message, Offered: a.offer.Version, Flight: a.flight})
	if err != nil {
		return -1, err
	}
	a.over = true
	for ; n < maxRenegotiations; n++ {
		h := *a.offer
		h.Compression, h.Heartbeat, h.Suites = nil, false, []fact.Suite{a.hello.Suite}
		_ = a.conn.SetDeadline(time.Now().Add(r.p.cfg.Timeout))
		if err = c.Renegotiate(&h); err != nil {
			var silent net.Error
			var alert *tlswire.Alert
			if errors.As(err, &alert) && alert.Description == tlswire.AlertNoRenegotiation {
				r.goodbye(a, c) // the connection lives on
			}
			if n == 0 && errors.As(err, &silent) && silent.Timeout() && r.ctx.Err() == nil {
				// Closing our end shows whether it merely ignores the question.
				_ = a.conn.SetDeadline(time.Now().Add(r.p.cfg.Timeout))
				_ = a.conn.CloseWrite()
				_, err = a.stream.Message()
			}
			return n, err
		}
	}
	r.goodbye(a, c)
	return n, nil
}

func (r *run) bookRenegotiation(a *reply, n int, err error) {
	o := fact.Renegotiation{Count: max(n, 0), Tries: maxRenegotiations}
	b := &reply{}
	if err != nil {
		r.classify(b, err)
	}
	r.mu.Lock()
	r.clock++
	b.ended = r.clock
	r.log(question{what: a.hello.Suite.String() + ": finished, then renegotiation"}, &reply{why: b.why})
	switch {
	case n > 0:
		o.Answer = fact.Accepted
		if n < maxRenegotiations {
			o.Tries = n + 1
		}
	case n == 0 && b.alerted:
		o.Answer, o.Tries = fact.Declined, 1 // its own word
	case n == 0 && (b.outcome == declined || r.t.Start != nil && errors.Is(err, tlswire.ErrNotTLS)):
		// A mail server may say in plain text that it goes no further (Exim with GnuTLS).
		o.Tries = 1
		r.pending = append(r.pending, pending{b.ended, !b.alerted, func(confirmed bool) {
			r.out.ClientRenegotiation.Observed = confirmedNo(confirmed)
		}})
	case b.gap != "":
		o.Gap, o.Tries = b.gap, max(0, min(n+1, 1)) // silence and babble are no refusal
	default:
		o.Gap, o.Tries = fact.GapMalformed, 0 // the handshake itself did not come about
	}
	r.out.ClientRenegotiation = o
	r.mu.Unlock()
}

// orderQuestions answers the plan's questions about preference on a version: from
// choices already seen where they prove it, else with a hello for each.
func (r *run) orderQuestions(e *enumeration) {
	sure, fickle := false, false
	for _, q := range r.plan.Order {
		worse := known(q.Worse, e.set.Accepted)
		if len(worse) == 0 {
			continue
		}
		for _, better := range known(q.Better, e.set.Accepted) {
			p, ok := r.seenOrder(e.version, worse, better)
			if !ok {
				p = r.askOrder(e.version, worse, better)
			}
			if slices.Contains(worse, p.Picked) {
				if !sure {
					sure, fickle = true, !r.picksAgain(p)
				}
				if fickle {
					p.Picked, p.Gap = 0, fact.GapMalformed
				}
			}
			r.mu.Lock()
			r.out.Order = append(r.out.Order, p)
			r.mu.Unlock()
		}
	}
}

// picksAgain asks a hello whose answer speaks against the server three times more. Behind
// one address may stand several servers, one of which has never heard of the better
// suite and is not to blame for not picking it.
func (r *run) picksAgain(p fact.OrderProbe) bool {
	for range 3 {
		again := r.askOrder(p.Version, p.Offered[:len(p.Offered)-1], p.Offered[len(p.Offered)-1])
		if again.Picked == p.Offered[len(p.Offered)-1] {
			return false
		}
	}
	return true
}

// seenOrder looks for a hello whose answer settles the question already: better and
// something worse were offered and something worse was picked; or all that is worse
// stood before better and better was picked. The fact leaves out of the offer what
// the server declines anyway.
func (r *run) seenOrder(v fact.Version, worse []fact.Suite, better fact.Suite) (fact.OrderProbe, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.seen {
		at := slices.Index(x.offered, better)
		if x.version != v || at < 0 {
			continue
		}
		probe := fact.OrderProbe{Version: v, Offered: append(slices.Clone(worse), better), Picked: x.picked}
		if slices.Contains(worse, x.picked) && x.reaches(better) {
			probe.Offered = append(known(x.offered[:at], worse), better)
			if slices.Contains(probe.Offered, x.picked) {
				return probe, true
			}
			continue
		}
		before := true
		for _, w := range worse {
			i := slices.Index(x.offered, w)
			before = before && i >= 0 && i < at && x.reaches(w)
		}
		if x.picked == better && before {
			probe.Offered = append(known(x.offered[:at], worse), better)
			return probe, true
		}
	}
	return fact.OrderProbe{}, false
}

// reaches reports whether another suite could have been picked as well: with all
// groups offered any could; else those that need no group, or need the same as the
// one that was picked.
func (x exchange) reaches(other fact.Suite) bool {
	return x.allKnown || other.KeyExchange() != fact.KexECDHE ||
		x.picked.KeyExchange() == fact.KexECDHE && x.picked.Authentication() == other.Authentication()
}

func (r *run) askOrder(v fact.Version, worse []fact.Suite, better fact.Suite) fact.OrderProbe {
	p := fact.OrderProbe{Version: v, Offered: append(slices.Clone(worse), better)}
	h := r.legacyHello(min(v, fact.TLS12), p.Offered, legacyGroups)
	if v >= fact.TLS13 {
		h = r.modernHello(p.Offered, modernGroups)
	}
	a := r.hello(h, "order")
	switch {
	case a.ok() && a.version() == v:
		p.Picked = a.hello.Suite
	case a.gap != "":
		p.Gap = a.gap
	default:
		p.Gap = fact.GapBlocked // it accepts each of these alone
	}
	return p
}

func (r *run) sortOrder() {
	slices.SortStableFunc(r.out.Order, func(a, b fact.OrderProbe) int { return int(a.Version) - int(b.Version) })
}

// fallback asks whether the server notices a client that falls back to a lower
// version (RFC 7507). That matters where a version below TLS 1.2 is there to fall
// back to; TLS 1.3 guards against it by itself.
func (r *run) fallback() {
	if !r.plan.asks(AskFallback) {
		return
	}
	r.mu.Lock()
	var spoken []fact.Version
	var suites []fact.Suite
	for _, v := range fact.AllVersions()[1:] {
		if x := r.versions[v]; x != nil && x.Yes() {
			spoken = append(spoken, v)
		}
	}
	if len(spoken) >= 2 && spoken[0] <= fact.TLS11 {
		for _, s := range r.out.Suites {
			if s.Version == spoken[len(spoken)-2] {
				suites = slices.Clone(s.Accepted)
			}
		}
	}
	r.mu.Unlock()
	if len(suites) == 0 {
		return
	}
	h := r.legacyHello(spoken[len(spoken)-2], append(suites[:min(len(suites), shortHello)], tlswire.FallbackSCSV), legacyGroups)
	a := r.hello(h, "fallback")
	o := fact.Observed{Gap: a.gap}
	switch {
	case a.ok():
		o.Answer = fact.Declined
	case a.alerted && a.alert == tlswire.AlertInappropriateFallback:
		o.Answer = fact.Accepted
	case a.outcome == declined:
		o.Gap = fact.GapMalformed // turned away, but not for the reason that RFC 7507 gives
	}
	r.set(&r.out.FallbackSCSV, o)
}

// noSNI asks without a server name, with the highest version up to TLS 1.2 because
// its certificate comes in clear, else with TLS 1.3.
func (r *run) noSNI() {
	if !r.plan.asks(AskNoSNI) || r.t.ServerName == "" {
		return
	}
	for _, v := range []fact.Version{fact.TLS12, fact.TLS11, fact.TLS10, fact.SSL30} {
		if x := r.versions[v]; x == nil || !x.Yes() {
			continue
		}
		h := r.legacyHello(v, r.batch(lists().bestFirst), legacyGroups)
		h.ServerName = ""
		a := r.hello(h, "no server name")
		n := &fact.NoSNI{}
		if a.ok() && a.certs != nil {
			if c, err := tlswire.ParseCertificates(a.certs, fact.TLS12); err == nil && len(c.DER) > 0 {
				n.Chain = r.keepChain(c.DER, a.hello.SCTs)
			}
		}
		r.bookNoSNI(n, a)
		return
	}
	if x := r.versions[fact.TLS13]; x == nil || !x.Yes() {
		return
	}
	n := &fact.NoSNI{}
	a, m := r.wholeHandshake("no server name", func(h *tlswire.ClientHello) { h.ServerName = "" })
	if m != nil && m.certs != nil {
		n.Chain = r.keepChain(m.certs.DER, m.certs.SCTs)
	} else if a.ok() && m == nil {
		a = &reply{outcome: failed, gap: fact.GapUnsupported}
	}
	r.bookNoSNI(n, a)
}

func (r *run) bookNoSNI(n *fact.NoSNI, a *reply) {
	r.mu.Lock()
	r.out.NoSNI = n
	r.mu.Unlock()
	r.observe(&n.Observed, a)
}

// isOurs reports whether an error is on our side.
func isOurs(err error) bool { return egress.Gap(err) != "" }
