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
			legacy = r.inPlace(legacy, modern)
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
		if v == fact.TLS11 && r.plan.version(fact.TLS10) && r.readsLists() {
			h.SupportedVersions = []fact.Version{fact.TLS11, fact.TLS10}
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
// (catalogue A.2); if the version will not do, with those of the versions beside. ok is false when there is nothing to go on with.
func (r *run) unanswered(legacy, modern *reply) (l, m *reply, ok bool) {
	tries := []*reply{legacy, modern}
	browser := r.browserHello(lists().modern, []fact.Version{fact.TLS13, fact.TLS12})
	old := func(v fact.Version) *tlswire.ClientHello {
		h := &tlswire.ClientHello{Version: v, Suites: lists().old, NoExtensions: true}
		h.FillRandom(false)
		return h
	}
	wrongVersion := func(a *reply) bool { return a.alerted && a.alert == tlswire.AlertProtocolVersion }
	plain := wrongVersion(legacy) && wrongVersion(modern)
	for i, h := range []*tlswire.ClientHello{browser, old(fact.TLS10), old(fact.TLS11), old(fact.SSL30)} {
		if h == nil || r.stopped() != "" || i > 1 && !wrongVersion(tries[len(tries)-1]) {
			continue
		}
		if err := r.p.cfg.Wait(r.ctx, r.p.cfg.Spread/2); err != nil {
			break
		}
		a := r.hello(h, "short")
		if tries = append(tries, a); !a.ok() {
			continue
		}
		if !plain || a.version() > fact.TLS12 { // it was not, or not only, about the version
			r.mu.Lock()
			r.narrow = true
			r.mu.Unlock()
			legacy, modern = r.opening()
		}
		if !legacy.ok() && a.version() <= fact.TLS12 {
			legacy = r.inPlace(legacy, a)
		}
		return legacy, modern, legacy.ok() || modern.ok() || r.older != nil
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

// inPlace takes an answer to another hello in place of one for TLS 1.2 that was not
// accepted. Where it is of a lower version it says nothing of TLS 1.2 and is kept apart.
func (r *run) inPlace(legacy, other *reply) *reply {
	if other.version() == fact.TLS12 {
		return other
	}
	r.older = other
	return legacy
}

// setControl remembers a hello that this server accepts.
func (r *run) setControl(legacy, modern *reply) {
	h := legacy.offer
	switch {
	case legacy.ok():
	case modern.ok():
		h = modern.offer
	default:
		h = r.older.offer
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

// legacyVersions follows the versions up to TLS 1.2 downwards, beginning with the answer
// to the widest hello. A hello says the highest version that the client has, and a server
// should answer with its own highest not above that (RFC 5246 appendix E.1). Not all do:
// where a version is missing in between some turn the hello away with protocol_version
// (GnuTLS, of which TLS 1.1 was taken and 1.0 was not). So each version counts as absent
// only when a hello of exactly that version got no such answer, or when the server, which
// has TLS 1.3 and so reads the list of versions and nothing else (RFC 8446 section 4.2.1),
// turned away a list that had it.
func (r *run) legacyVersions(a *reply) {
	highest := true
	for _, v := range legacyVersions {
		if !r.plan.version(v) {
			continue
		}
		switch {
		case a.ok() && a.version() == v: // the answer to a higher one will do
		case v == fact.TLS10 && declinesList(a, v): // asked together with TLS 1.1
		case v != fact.TLS12:
			if a = r.firstLegacy(v); !a.ok() && r.older != nil && r.older.version() == v {
				a = r.older
			}
		}
		if r.version(v, a) {
			first, a0 := highest, a
			highest = false
			r.spawn(func() { r.enumerate(v, a0, first) })
		}
	}
}

// declinesList reports whether an answer says that no version of a list that had v will do.
func declinesList(a *reply, v fact.Version) bool {
	return a.outcome == declined && a.alerted && a.alert == tlswire.AlertProtocolVersion && slices.Contains(a.offer.SupportedVersions, v)
}

// readsLists reports whether the server has TLS 1.3, whose servers go by the list of
// versions.
func (r *run) readsLists() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.versions[fact.TLS13]
	return x != nil && x.Yes()
}

// legacyVersions are those up to TLS 1.2, whose hellos have no list of versions.
var legacyVersions = []fact.Version{fact.TLS12, fact.TLS11, fact.TLS10, fact.SSL30}

// derive books what follows from the versions, once it is settled which there are; the
// lock is held.
func (r *run) derive() {
	none, some := true, false
	for _, v := range legacyVersions {
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
	r.deriveHash()
}

// deriveHash books what the suites say of the hash that signs the key exchange.
func (r *run) deriveHash() {
	o := r.out
	if !r.plan.asks(AskKexHash) || !o.KexHashSHA2.Missing() || o.KexHashSHA2.Gap != "" || o.KexHashSHA1.Yes() || o.KexHashSHA224.Yes() {
		return
	}
	signed := func(s fact.Suite) bool { return slices.Contains(lists().signed, s) }
	var set *fact.SuiteSet
	for _, v := range legacyVersions {
		if x := r.versions[v]; x == nil || x.Missing() {
			return // this may be the highest
		} else if x.Yes() {
			i := slices.IndexFunc(o.Suites, func(s fact.SuiteSet) bool { return s.Version == v })
			if i < 0 {
				return
			}
			set = &o.Suites[i]
			break
		}
	}
	no := fact.Observed{Answer: fact.Declined}
	switch {
	case set == nil:
	case slices.ContainsFunc(set.Accepted, signed):
		if set.Version < fact.TLS12 {
			// Before TLS 1.2 the hash is part of the protocol: SHA-1, with MD5 for RSA (RFC
			// 4346 section 7.4.3).
			o.KexHashSHA1, o.KexHashSHA224, o.KexHashSHA2 = fact.Observed{Answer: fact.Accepted}, no, no
		}
	case set.AllOpen || slices.ContainsFunc(set.Open, signed):
		o.KexHashSHA1.Gap, o.KexHashSHA224.Gap, o.KexHashSHA2.Gap = set.Gap, set.Gap, set.Gap
	default: // key exchange with RSA alone: nothing is signed
		o.KexHashSHA1, o.KexHashSHA224, o.KexHashSHA2 = no, no, no
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
