package tlsprobe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/tlswire"
)

// Probe asks a target what the plan wants to know. It always returns facts: what
// could not be learnt says why. The chains are those that the facts refer to.
//
// Working is Declined when nothing was ever accepted and three different hellos were
// turned away; whether the address is then dead also depends on what else answered
// in the run (catalogue A.2 b), which the caller knows.
func (p *Prober) Probe(ctx context.Context, t Target, plan Plan) (*fact.TLS, []fact.Chain) {
	begun, before := time.Now(), t.Subject.Cost()
	parallel := p.cfg.Parallel
	if t.Parallel > 0 {
		parallel = t.Parallel
	}
	r := &run{
		p: p, t: t, plan: plan, ctx: ctx, turns: newTurns(parallel), ready: t.Ready,
		out:      &fact.TLS{Addr: t.Addr, ServerName: t.ServerName, Via: t.Via},
		versions: map[fact.Version]*fact.VersionAnswer{}, chains: map[string]*served{}, alpn: map[string]bool{},
		dh: map[fact.DHParams]bool{}, kexSeen: map[fact.Group]bool{},
	}
	for _, v := range fact.AllVersions() {
		if plan.version(v) {
			r.versions[v] = &fact.VersionAnswer{Version: v, Observed: fact.Observed{Gap: fact.GapNotAsked}}
		}
	}
	r.ask13and12()
	return r.result(before, time.Since(begun))
}

// ask13and12 begins with the widest hello up to TLS 1.2 and one for TLS 1.3, and
// goes on from what comes back.
func (r *run) ask13and12() {
	legacy, modern := r.opening()
	if !legacy.ok() && !modern.ok() {
		var ok bool
		if legacy, modern, ok = r.unanswered(legacy, modern); !ok {
			return
		}
	}
	r.mu.Lock()
	r.out.Working = fact.Observed{Answer: fact.Accepted}
	r.mu.Unlock()
	if modern.ok() && modern.version() < fact.TLS13 {
		// A server from before TLS 1.3 reads the old version field. Its answer says
		// plainly that it has none.
		r.answer(fact.TLS13, fact.Observed{Answer: fact.Declined})
		if !legacy.ok() {
			legacy = modern
		}
		modern = &reply{}
	} else {
		r.version(fact.TLS13, modern)
	}
	r.setControl(legacy, modern)
	r.spawn(func() { r.legacyVersions(legacy) })
	if r.plan.version(fact.SSL20) {
		r.spawn(r.ssl2)
	}
	if !r.plan.asks(AskNoSNI) {
		r.tasks.Wait() // nothing else ends the probe with a control; TLS 1.3 does so then
	}
	if modern.ok() {
		r.modern(modern)
	}
	r.tasks.Wait()
	r.spawn(r.fallback)
	r.spawn(r.otherKey)
	r.tasks.Wait()
	r.noSNI() // last, so that it is a control for what went before
	r.settle()
}

// opening asks the first two hellos at once.
func (r *run) opening() (legacy, modern *reply) {
	legacy, modern = &reply{gap: fact.GapNotAsked}, &reply{gap: fact.GapNotAsked}
	var both sync.WaitGroup
	both.Go(func() { legacy = r.firstLegacy(fact.TLS12) })
	if r.plan.version(fact.TLS13) || !r.plan.version(fact.TLS12) {
		both.Go(func() { modern = r.firstModern() })
	}
	both.Wait()
	return legacy, modern
}

// shortHello is how many suites a hello offers to a server that chokes on long ones.
const shortHello = 90

// batch is as much of a list as may stand in one hello. Where long hellos are turned
// away that may be the work of a guard who does not like some kind of suites: so that it
// hides no others, a short one offers suites of a single kind.
func (r *run) batch(s []fact.Suite) []fact.Suite {
	if !r.isNarrow() || len(s) == 0 {
		return s
	}
	var b []fact.Suite
	for _, x := range s {
		if len(b) < shortHello && dislike(x) == dislike(s[0]) {
			b = append(b, x)
		}
	}
	return b
}

// dislike names the reason for which a guard may turn away whoever offers a suite; it is
// empty for those that every browser may have.
func dislike(s fact.Suite) string {
	a, cipher := s.Authentication(), s.Cipher()
	for _, c := range []string{"NULL", "RC4", "3DES"} {
		if strings.HasPrefix(cipher, c) && a != fact.AuthAnon && !s.Export() {
			return c
		}
	}
	switch {
	case a == fact.AuthAnon:
		return "anonymous"
	case s.Export():
		return "export"
	case !slices.ContainsFunc([]string{"AES", "CHACHA20", "CAMELLIA", "ARIA"}, func(c string) bool { return strings.HasPrefix(cipher, c) }):
		return "rare"
	case a != fact.AuthRSA && a != fact.AuthECDSA && a != fact.AuthTLS13:
		return "other"
	}
	return ""
}

// firstLegacy asks for a version, and everything that comes with the first answer. A
// server that turns away the widest hello, other than by saying that it has no such
// version or suite, may have choked on it and is asked with a short one.
func (r *run) firstLegacy(v fact.Version) *reply {
	a := r.widest(v)
	if v != fact.TLS12 || a.outcome != declined && a.outcome != malformed || a.alerted && plainRefusal(a.alert) {
		return a
	}
	h := r.legacyHello(v, slices.Concat(lists().modern, lists().old), legacyGroups[:commonLegacy])
	b := r.hello(h, "short")
	if !b.ok() || b.version() > fact.TLS12 {
		return a
	}
	r.mu.Lock()
	r.narrow = true
	r.mu.Unlock()
	if c := r.widest(v); c.ok() {
		return c
	}
	return b
}

// plainRefusal reports whether an alert says that nothing that was offered will do.
func plainRefusal(alert uint8) bool {
	return alert == tlswire.AlertProtocolVersion || alert == tlswire.AlertHandshakeFailure || alert == alertInsufficientSecurity
}

const alertInsufficientSecurity = 71

// widest asks for a version with everything.
func (r *run) widest(v fact.Version) *reply {
	all := lists().bestFirst
	var a *reply
	for len(all) > 0 {
		b := r.batch(all)
		all = slices.DeleteFunc(slices.Clone(all), func(s fact.Suite) bool { return slices.Contains(b, s) })
		h := r.legacyHello(v, b, legacyGroups)
		if v != fact.SSL30 {
			h.Compression, h.Heartbeat = []byte{1, 0}, true
		}
		keep := v == fact.TLS12 && r.plan.asks(AskRenegotiation)
		if v == fact.TLS12 {
			h.ALPN = r.protocols(keep)
		}
		if a = r.ask(question{what: describe(h, "everything"), hello: h, keep: keep}); a.outcome != declined {
			// At once, for a server that serves one connection at a time must not be
			// kept waiting with this one open.
			r.renegotiate(a)
			return a
		}
	}
	return a
}

// firstModern asks for TLS 1.3. A server that turns away a hello without key, other
// than by saying that the version is wrong, is asked with that of a browser, which is
// short, has keys, and offers TLS 1.2 as well: an answer with that is plain.
func (r *run) firstModern() *reply {
	all := lists().bestFirst
	h := r.modernHello(r.batch(all), modernGroups)
	a := r.ask(question{what: describe(h, "no key"), hello: h})
	if a.ok() || a.outcome == failed || a.alerted && a.alert == tlswire.AlertProtocolVersion {
		return a
	}
	h = r.browserHello(lists().modern, []fact.Version{fact.TLS13, fact.TLS12})
	if h == nil {
		return a
	}
	b := r.ask(question{what: describe(h, "as browsers do"), hello: h})
	if b.ok() && b.version() == fact.TLS13 {
		r.mu.Lock()
		r.narrow = true
		r.mu.Unlock()
	}
	return b
}

// browserHello is a hello as browsers send it, with keys of the commonest groups.
func (r *run) browserHello(suites []fact.Suite, versions []fact.Version) *tlswire.ClientHello {
	h := r.modernHello(suites, []fact.Group{fact.X25519, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1})
	h.SupportedVersions, h.ExtendedMasterSecret, h.RenegotiationInfo = versions, true, true
	for _, g := range h.Groups[:2] {
		x, err := tlswire.NewExchange(g)
		if err != nil {
			return nil
		}
		h.KeyShares = append(h.KeyShares, x.Share)
	}
	return h
}

// unanswered is for a server that accepted neither of the first hellos: it is asked
// with the hello of a browser and with that of a very old client, spread over time
// (catalogue A.2). ok is false when there is nothing to go on with.
func (r *run) unanswered(legacy, modern *reply) (l, m *reply, ok bool) {
	tries := []*reply{legacy, modern}
	browser := r.browserHello(lists().modern, []fact.Version{fact.TLS13, fact.TLS12})
	old := &tlswire.ClientHello{Version: fact.TLS10, Suites: lists().old, NoExtensions: true}
	old.FillRandom(false)
	for _, h := range []*tlswire.ClientHello{browser, old} {
		if h == nil || r.stopped() != "" {
			continue
		}
		if err := r.p.cfg.Wait(r.ctx, r.p.cfg.Spread/2); err != nil {
			break
		}
		a := r.hello(h, "short")
		if tries = append(tries, a); !a.ok() {
			continue
		}
		r.mu.Lock()
		r.narrow = true
		r.mu.Unlock()
		legacy, modern = r.opening()
		if !legacy.ok() && a.version() <= fact.TLS12 {
			legacy = a
		}
		return legacy, modern, legacy.ok() || modern.ok()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := fact.Observed{Answer: fact.Declined}
	if r.t.Reached {
		o = fact.Observed{Gap: fact.GapBlocked}
	}
	for _, a := range tries {
		switch {
		case a.outcome == failed && a.gap != fact.GapNotAsked:
			o = fact.Observed{Gap: a.gap}
		case a.coaxed: // to end when we do is no answer
			o = fact.Observed{Gap: fact.GapTimeout}
		case errors.Is(a.err, errBeyond): // TLS it does speak, but with nobody (catalogue B.6)
			o = fact.Observed{Gap: fact.GapMalformed}
		}
	}
	if len(tries) < 4 && o.No() {
		o = fact.Observed{Gap: r.ctxGap()}
	}
	r.out.Working = o
	for _, v := range r.versions {
		if v.Gap == fact.GapNotAsked {
			v.Gap = o.Gap // of a declined endpoint there is no version to speak of
		}
	}
	return nil, nil, false
}

// setControl remembers a hello that this server accepts.
func (r *run) setControl(legacy, modern *reply) {
	h := legacy.offer
	if !legacy.ok() {
		h = modern.offer
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.control = func() question {
		again := *h
		again.FillRandom(len(h.SessionID) > 0)
		return question{what: describe(&again, "as before"), hello: &again}
	}
}

// answer books what is known of a version.
func (r *run) answer(v fact.Version, o fact.Observed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.versions[v]; x != nil && x.Answer != fact.Accepted {
		x.Observed = o
	}
}

// version books the answer to a hello that asked for a version. It says whether that
// very version was accepted.
func (r *run) version(v fact.Version, a *reply) bool {
	x := r.versions[v]
	switch {
	case a.ok() && a.version() == v:
		r.answer(v, fact.Observed{Answer: fact.Accepted})
		return true
	case a.ok():
		r.answer(v, fact.Observed{Answer: fact.Declined}) // it chose another one
	case a.outcome == declined:
		if x != nil {
			r.later(a, func(confirmed bool) {
				if x.Answer == fact.Unknown {
					x.Observed = confirmedNo(confirmed)
				}
			})
		}
	default:
		r.answer(v, fact.Observed{Gap: a.gap})
	}
	return false
}

// legacyVersions follows the versions up to TLS 1.2 downwards. A hello says the
// highest version that the client has, and the server answers with its own highest
// not above that.
func (r *run) legacyVersions(a *reply) {
	ask := []fact.Version{fact.TLS12, fact.TLS11, fact.TLS10, fact.SSL30}
	highest := true
	done := map[fact.Version]bool{}
	for i, v := range ask {
		if done[v] || !r.plan.version(v) {
			continue
		}
		if i > 0 {
			// An answer to a higher version with this one or a lower one says it all.
			if !a.ok() || a.version() > v {
				a = r.firstLegacy(v)
			}
		}
		if r.version(v, a) {
			first, a0 := highest, a
			highest = false
			r.spawn(func() { r.enumerate(v, a0, first) })
			continue
		}
		if a.outcome == declined && a.alerted && a.alert == tlswire.AlertProtocolVersion && v == fact.TLS11 {
			// "The version is too low" speaks for the versions below too (RFC 5246
			// appendix E.1). SSL 3.0 is asked all the same, because its hello has no
			// extensions and may reach another virtual host.
			r.version(fact.TLS10, a)
			done[fact.TLS10] = true
		}
	}
}

// derive books what follows from the versions, once it is settled which there are; the
// lock is held.
func (r *run) derive() {
	legacy := []fact.Version{fact.TLS12, fact.TLS11, fact.TLS10, fact.SSL30}
	none, some := true, false
	for _, v := range legacy {
		x := r.versions[v]
		none = none && x != nil && x.No()
		some = some || x != nil && x.Yes()
	}
	newest := r.versions[fact.TLS13]
	if none && newest != nil && newest.Yes() {
		// Of TLS 1.3 alone follows: no compression and no renegotiation (RFC 8446 section
		// 1.2), and signatures with SHA-2 alone (section 4.2.3).
		no := fact.Observed{Answer: fact.Declined}
		r.out.Compression, r.out.ClientRenegotiation.Observed = no, no
		r.out.KexHashSHA1, r.out.KexHashSHA224, r.out.KexHashSHA2 = no, no, fact.Observed{Answer: fact.Accepted}
	}
	if some && newest != nil && newest.No() {
		r.out.EarlyData.Observed = fact.Observed{Answer: fact.Declined} // TLS 1.3 alone has it
	}
	if v := r.versions[fact.TLS12]; r.oldHash && v != nil {
		// Before TLS 1.2 the hash is part of the protocol: SHA-1, with MD5 for RSA (RFC
		// 4346 section 7.4.3).
		if v.No() {
			no := fact.Observed{Answer: fact.Declined}
			r.out.KexHashSHA1, r.out.KexHashSHA224, r.out.KexHashSHA2 = fact.Observed{Answer: fact.Accepted}, no, no
		} else {
			r.out.KexHashSHA1.Gap, r.out.KexHashSHA224.Gap, r.out.KexHashSHA2.Gap = v.Gap, v.Gap, v.Gap
		}
	}
}

// ssl2 asks for SSL 2.0.
func (r *run) ssl2() {
	a := r.ask(question{what: "SSL 2.0, all kinds"})
	if a.outcome == malformed {
		a.outcome = declined // whatever it is, it is no SERVER-HELLO
	}
	if !r.version(fact.SSL20, a) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	set := fact.SuiteSet{Version: fact.SSL20, Accepted: slices.Clone(a.kinds), ServerPreference: fact.Observed{Gap: fact.GapNotAsked}}
	slices.Sort(set.Accepted)
	set.Accepted = slices.Compact(set.Accepted)
	r.out.Suites = append(r.out.Suites, set)
	if a.leaf != nil {
		r.deploy(&served{certs: [][]byte{a.leaf}}, fact.SSL20, nil, false)
	}
}

// result puts the facts in order.
func (r *run) result(before egress.Cost, took time.Duration) (*fact.TLS, []fact.Chain) {
	o := r.out
	for _, v := range fact.AllVersions() {
		if x := r.versions[v]; x != nil {
			o.Versions = append(o.Versions, *x)
		}
	}
	slices.SortFunc(o.Suites, func(a, b fact.SuiteSet) int { return int(a.Version) - int(b.Version) })
	slices.SortFunc(o.Groups, func(a, b fact.GroupSet) int { return int(a.Version) - int(b.Version) })
	for p := range r.alpn {
		o.ALPN = append(o.ALPN, p)
	}
	slices.Sort(o.ALPN)
	for g := range r.kexSeen {
		o.KexSeen = append(o.KexSeen, g)
	}
	slices.Sort(o.KexSeen)
	for d := range r.dh {
		o.DH = append(o.DH, d)
	}
	slices.SortFunc(o.DH, func(a, b fact.DHParams) int {
		if a.Bits != b.Bits {
			return a.Bits - b.Bits
		}
		return slices.Compare([]byte(a.Prime+a.Generator), []byte(b.Prime+b.Generator))
	})
	o.Deployments = r.deployments()
	if r.first == "" && len(o.Deployments) > 0 {
		o.Deployments[0].First = true
		r.first = o.Deployments[0].Chain
	}
	var chains []fact.Chain
	for _, c := range r.chains {
		chains = append(chains, r.p.Chain(c.certs, r.t.ServerName, c.scts))
	}
	slices.SortFunc(chains, func(a, b fact.Chain) int { return strings.Compare(a.ID, b.ID) })
	switch c := r.chains[r.first]; {
	case c != nil && c.staple != nil:
		o.OCSP = staple(c.staple, c.certs, r.p.roots.Pool, r.p.now())
	case r.noStaple:
		o.OCSP.Stapled = fact.Observed{Answer: fact.Declined}
	}
	r.sortOrder()
	for _, a := range r.kept {
		a.close()
	}
	if r.ready != nil {
		_ = r.ready.Close()
	}
	after := r.t.Subject.Cost()
	o.Connections = r.dials
	o.Cost = fact.Cost{
		Connections: r.dials, BytesIn: after.BytesIn - before.BytesIn, BytesOut: after.BytesOut - before.BytesOut,
		Seconds: took.Seconds(),
	}
	r.gaps()
	return o, chains
}

// gaps gives every observation that nobody made a reason.
func (r *run) gaps() {
	o := r.out
	gap := fact.GapNotAsked
	if r.stop != "" {
		gap = r.stop
	} else if o.Working.Missing() && o.Working.Gap != "" {
		gap = o.Working.Gap
	}
	old := gap // of what only versions up to TLS 1.2 tell: whether there is one may be the question
	if v := r.versions[fact.TLS12]; gap == fact.GapNotAsked && v != nil && v.Missing() {
		old = v.Gap
	}
	for _, x := range []*fact.Observed{
		&o.KexHashSHA1, &o.KexHashSHA224, &o.KexHashSHA2, &o.Compression, &o.SecureRenegotiation, &o.ExtendedMasterSecret,
		&o.Heartbeat, &o.ClientRenegotiation.Observed,
	} {
		if x.Missing() && x.Gap == "" {
			x.Gap = old
		}
	}
	for _, x := range []*fact.Observed{&o.FallbackSCSV, &o.EarlyData.Observed, &o.OCSP.Stapled} {
		if x.Missing() && x.Gap == "" {
			x.Gap = gap
		}
	}
	for i := range o.Versions {
		if x := &o.Versions[i]; x.Missing() && x.Gap == fact.GapNotAsked {
			x.Gap = gap
		}
	}
	for i := range o.Suites {
		if x := &o.Suites[i].ServerPreference; x.Missing() && x.Gap == "" {
			x.Gap = fact.GapNotAsked
		}
	}
}
