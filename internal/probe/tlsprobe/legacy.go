package tlsprobe

import (
	"slices"
	"strings"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

// enumeration is the search for the suites of one version.
type enumeration struct {
	version fact.Version
	remain  []fact.Suite // wanted and not yet settled, worst first
	set     fact.SuiteSet
	first   fact.Suite // chosen when everything was offered
	second  fact.Suite // chosen when everything was offered again, worst first
	reduced bool       // second was asked with fewer groups
	gap     fact.Gap
}

func (r *run) enumeration(v fact.Version) *enumeration {
	e := &enumeration{version: v, remain: slices.Clone(r.plan.suites()), set: fact.SuiteSet{Version: v}}
	if r.plan.Suites != nil {
		for _, s := range fact.SuitesOn(v) {
			if !slices.Contains(e.remain, s) {
				e.set.Open = append(e.set.Open, s)
			}
		}
		if len(e.set.Open) > 0 {
			e.set.Gap = fact.GapNotAsked
		}
	}
	return e
}

// take books a suite that the server chose, and reports whether it is new.
func (e *enumeration) take(s fact.Suite) bool {
	if slices.Contains(e.set.Accepted, s) {
		return false
	}
	e.set.Accepted = append(e.set.Accepted, s)
	e.set.Chosen = append(e.set.Chosen, s)
	e.remain = without(e.remain, s)
	e.set.Open = without(e.set.Open, s)
	return true
}

func without[T comparable](l []T, x T) []T {
	if i := slices.Index(l, x); i >= 0 {
		return slices.Delete(l, i, i+1)
	}
	return l
}

// offerAgain is what remains with the first choice put back in its place.
func (e *enumeration) offerAgain() []fact.Suite {
	var all []fact.Suite
	for _, s := range lists().worstFirst {
		if s == e.first || slices.Contains(e.remain, s) {
			all = append(all, s)
		}
	}
	return all
}

// leave marks suites as open.
func (e *enumeration) leave(s []fact.Suite, gap fact.Gap) {
	e.set.Open = append(e.set.Open, s...)
	e.set.Gap = gap
}

// groupSearch is the search for the groups of versions up to TLS 1.2, or of 1.3.
type groupSearch struct {
	remain []fact.Group
	set    fact.GroupSet
}

func (g *groupSearch) take(x fact.Group) bool {
	if x == 0 || !slices.Contains(g.remain, x) {
		return false
	}
	g.remain = without(g.remain, x)
	g.set.Accepted = append(g.set.Accepted, x)
	g.set.Chosen = append(g.set.Chosen, x)
	return true
}

// enumerate finds the suites of a version up to TLS 1.2, beginning with an answer
// that is already there. On the highest such version it finds the groups on the way:
// each hello leaves out what was chosen before, suite and group alike.
func (r *run) enumerate(v fact.Version, a *reply, highest, hasModern bool) {
	e := r.enumeration(v)
	g := &groupSearch{remain: r.plan.groups(legacyGroups), set: fact.GroupSet{Version: fact.TLS12}}
	joint := highest && len(g.remain) > 0
	e.first = a.hello.Suite
	r.learn(e, a, legacyGroups, true)
	g.take(a.group)
	if highest {
		r.beside(v, a)
	}
	askAgain := r.plan.asks(AskPreference)
	for len(e.remain) > 0 {
		offered := slices.Clone(r.batch(e.remain))
		again := askAgain && len(offered) == len(e.remain)
		if again {
			offered, askAgain = e.offerAgain(), false
		}
		groups, reduced := legacyGroups, false
		if joint {
			if groups, reduced = r.jointGroups(g), true; groups == nil {
				groups, joint, reduced = legacyGroups, false, false
			}
		}
		h := r.legacyHello(v, offered, groups)
		if again && v == fact.TLS12 && r.t.ALPN == nil {
			h.ALPN = []string{"http/1.1"}
		}
		a := r.ask(question{what: describe(h, "what is left"), hello: h, keep: r.wantsHandshake(v)})
		if !r.chose(e, a, v) {
			if reduced && a.outcome == declined {
				joint = false // either the suites or the groups were at fault
				askAgain = askAgain || again
				continue
			}
			if again && a.outcome == declined {
				// The first choice was among them, and was accepted before.
				e.set.ServerPreference = fact.Observed{Gap: fact.GapMalformed}
				continue
			}
			if done := r.turnedAway(e, a, offered); done {
				break
			}
			continue
		}
		if again {
			e.second, e.reduced = a.hello.Suite, reduced
		}
		r.learn(e, a, groups, !reduced)
		if reduced && !g.take(a.group) && a.group != 0 {
			joint = false // it insists on the curve of its certificate
		}
		r.renegotiate(a, v)
	}
	r.preference(e)
	if highest {
		r.legacyGroups(e, g)
		r.orderQuestions(e)
		if !hasModern {
			r.mu.Lock()
			r.out.EarlyData.Observed = fact.Observed{Answer: fact.Declined} // TLS 1.3 alone has it
			r.mu.Unlock()
		}
	}
	r.close(e)
}

// chose reports whether an answer is a choice on the version in question.
func (r *run) chose(e *enumeration, a *reply, v fact.Version) bool {
	return a.ok() && a.version() == v
}

// turnedAway books suites that were not chosen, and says whether that ends it.
func (r *run) turnedAway(e *enumeration, a *reply, offered []fact.Suite) (end bool) {
	switch {
	case a.ok():
		a.close() // another version: these suites are of no use on this one
	case a.outcome == declined:
		r.later(a, func(confirmed bool) {
			if !confirmed {
				r.reopen(e.version, offered)
			}
		})
	default:
		e.leave(e.remain, a.gap)
		e.gap, e.remain = a.gap, nil
		return true
	}
	e.remain = slices.DeleteFunc(e.remain, func(s fact.Suite) bool { return slices.Contains(offered, s) })
	return len(e.remain) == 0
}

// reopen takes back that suites were declined. It runs with the lock held, after all
// enumerations have ended.
func (r *run) reopen(v fact.Version, suites []fact.Suite) {
	for i := range r.out.Suites {
		if s := &r.out.Suites[i]; s.Version == v {
			for _, x := range suites {
				if !slices.Contains(s.Accepted, x) && !slices.Contains(s.Open, x) {
					s.Open = append(s.Open, x)
				}
			}
			slices.Sort(s.Open)
			s.Gap = fact.GapBlocked
			s.AllOpen = len(s.Open)+len(s.Accepted) >= len(fact.SuitesOn(v))
			if s.AllOpen {
				s.Open = nil
			}
		}
	}
}

// close books the suites of a version.
func (r *run) close(e *enumeration) {
	slices.Sort(e.set.Accepted)
	slices.Sort(e.set.Open)
	if n := len(e.set.Open); n > 0 && n+len(e.set.Accepted) >= len(fact.SuitesOn(e.version)) {
		e.set.AllOpen, e.set.Open = true, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Suites = append(r.out.Suites, e.set)
}

// jointGroups are the groups to offer along with suites: those not yet chosen, as
// long as there are usual ones among them. With an ECDSA certificate its curve must
// be among them, or the server cannot use it.
func (r *run) jointGroups(g *groupSearch) []fact.Group {
	usual := false
	for _, x := range legacyGroups[:commonLegacy] {
		usual = usual || slices.Contains(g.remain, x)
	}
	if !usual {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	groups := slices.Clone(g.remain)
	if r.curve != 0 && !slices.Contains(groups, r.curve) {
		groups = append(groups, r.curve)
	}
	return groups
}

// legacyGroups ends the search for groups up to TLS 1.2.
func (r *run) legacyGroups(e *enumeration, g *groupSearch) {
	var curves, signedDH []fact.Suite
	ecdsaOnly := true
	for _, s := range e.set.Accepted {
		switch s.KeyExchange() {
		case fact.KexECDHE:
			curves = append(curves, s)
			ecdsaOnly = ecdsaOnly && s.Authentication() == fact.AuthECDSA
		case fact.KexDHE:
			signedDH = append(signedDH, s)
		}
	}
	if !ecdsaOnly {
		curves = slices.DeleteFunc(curves, func(s fact.Suite) bool { return s.Authentication() == fact.AuthECDSA })
	}
	fields := func(x fact.Group) bool { return finiteField(x) }
	r.mu.Lock()
	g.take(r.ffdhe)
	curve := fact.Group(0)
	if ecdsaOnly {
		curve = r.curve
	}
	again := r.ffdhe != 0
	r.mu.Unlock()
	if len(g.remain) == 0 && len(g.set.Accepted) == 0 {
		return // no groups were asked for
	}
	if len(curves) > 0 {
		r.searchGroups(e.version, curves, curve, g, func(x fact.Group) bool { return !finiteField(x) })
	} else if e.gap != "" {
		g.set.Open, g.set.Gap = append(g.set.Open, g.remain...), e.gap
	}
	if again && len(signedDH) > 0 {
		r.searchGroups(e.version, signedDH, 0, g, fields)
	}
	slices.Sort(g.set.Accepted)
	slices.Sort(g.set.Open)
	g.set.Open = slices.Compact(g.set.Open)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Groups = append(r.out.Groups, g.set)
}

// searchGroups offers, with suites that are known to work, the groups of a kind that
// were not chosen yet. extra is offered last for the sake of the certificate.
func (r *run) searchGroups(v fact.Version, suites []fact.Suite, extra fact.Group, g *groupSearch, kind func(fact.Group) bool) {
	for {
		var offer []fact.Group
		for _, x := range g.remain {
			if kind(x) {
				offer = append(offer, x)
			}
		}
		if len(offer) == 0 {
			return
		}
		left := offer
		if extra != 0 && !slices.Contains(offer, extra) {
			offer = append(slices.Clip(offer), extra)
		}
		h := r.legacyHello(v, r.batch(suites), offer)
		if v >= fact.TLS13 {
			h = r.modernHello(r.batch(suites), offer)
		}
		a := r.hello(h, "groups left")
		switch {
		case a.ok():
			got := a.group
			if a.kex != nil && len(a.kex.P) > 0 {
				_, got = dhParams(a.kex.P, a.kex.G)
				r.mu.Lock()
				r.bookDH(a)
				r.mu.Unlock()
			}
			if !g.take(got) {
				return // it has its own idea, whatever of these is offered
			}
			if a.version() == v {
				continue
			}
			return
		case a.outcome == declined:
			r.later(a, func(confirmed bool) {
				if !confirmed {
					r.reopenGroups(g.set.Version, left)
				}
			})
		default:
			g.set.Open, g.set.Gap = append(g.set.Open, left...), a.gap
		}
		return
	}
}

func (r *run) reopenGroups(v fact.Version, groups []fact.Group) {
	for i := range r.out.Groups {
		if s := &r.out.Groups[i]; s.Version == v {
			s.Open = append(s.Open, groups...)
			slices.Sort(s.Open)
			s.Open = slices.Compact(s.Open)
			s.Gap = fact.GapBlocked
		}
	}
}

// preference judges whether the server has an order of its own, from its choices
// when the same suites were offered best first and worst first.
func (r *run) preference(e *enumeration) {
	o := &e.set.ServerPreference
	switch {
	case !r.plan.asks(AskPreference) || len(e.set.Accepted) < 2 || e.second == 0:
		if o.Gap == "" {
			o.Gap = fact.GapNotAsked // or there is nothing to prefer
		}
	case e.second == e.first:
		o.Answer = fact.Accepted
	case !e.reduced || e.clientOrder():
		o.Answer = fact.Declined
	default:
		// Groups were missing; perhaps the first choice was out of reach.
		h := r.legacyHello(e.version, known(lists().worstFirst, e.set.Accepted), legacyGroups)
		a := r.hello(h, "order")
		switch {
		case r.chose(e, a, e.version) && a.hello.Suite == e.first:
			o.Answer = fact.Accepted
		case r.chose(e, a, e.version):
			o.Answer = fact.Declined
		default:
			o.Gap = fact.GapTimeout
			if a.gap != "" {
				o.Gap = a.gap
			}
		}
	}
}

// clientOrder reports whether both choices are what a server would choose that
// follows the client.
func (e *enumeration) clientOrder() bool {
	best, worst := known(lists().bestFirst, e.set.Accepted), known(lists().worstFirst, e.set.Accepted)
	return len(best) > 0 && best[0] == e.first && worst[0] == e.second
}

// known are those of a list that are also in another, in the order of the first.
func known(order, set []fact.Suite) []fact.Suite {
	var k []fact.Suite
	for _, s := range order {
		if slices.Contains(set, s) {
			k = append(k, s)
		}
	}
	return k
}

// learn books everything that an accepted answer up to TLS 1.2 says.
func (r *run) learn(e *enumeration, a *reply, groups []fact.Group, all bool) {
	e.take(a.hello.Suite)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, exchange{e.version, a.offer.Suites, a.hello.Suite, all})
	r.wide = r.wide || len(a.offer.Suites) > longHello
	r.bookDH(a)
	if all && a.group != 0 {
		r.kexSeen[a.group] = true
	}
	h := a.hello
	r.choice(&r.out.SecureRenegotiation, h.RenegotiationInfo)
	if a.offer.Compression != nil {
		r.choice(&r.out.Compression, h.Compression != 0)
	}
	if a.offer.Heartbeat {
		r.choice(&r.out.Heartbeat, h.Heartbeat)
	}
	if h.Version == fact.TLS12 {
		r.choice(&r.out.ExtendedMasterSecret, h.ExtendedMasterSecret)
		if a.kex != nil && a.kex.Signed && r.out.KexSignature == 0 {
			r.out.KexSignature = a.kex.Scheme
		}
		if a.kex != nil && a.kex.Signed && isSHA2(a.kex.Scheme) {
			r.out.KexHashSHA2 = fact.Observed{Answer: fact.Accepted}
		}
	}
	if h.ALPN != "" {
		r.alpn[h.ALPN] = true
	}
	r.certificates(a)
}

// choice books an extension that the server took up or left. What it took up once
// stays; the first answer counts for the rest.
func (r *run) choice(dst *fact.Observed, took bool) {
	switch {
	case took:
		*dst = fact.Observed{Answer: fact.Accepted}
	case dst.Missing():
		*dst = fact.Observed{Answer: fact.Declined}
	}
}

// bookDH books a finite-field group that was seen.
func (r *run) bookDH(a *reply) {
	if a.kex == nil || len(a.kex.P) == 0 {
		return
	}
	d, code := dhParams(a.kex.P, a.kex.G)
	r.dh[d] = true
	if code != 0 {
		r.kexSeen[code] = true
		if slices.Contains(a.offer.Groups, code) {
			r.ffdhe = code
		}
	}
}

func isSHA2(s fact.SignatureScheme) bool { return s>>8 >= 4 && s>>8 <= 6 || s>>8 == 8 }

// certificates books the chain of an answer up to TLS 1.2.
func (r *run) certificates(a *reply) {
	if a.certs == nil {
		return
	}
	r.noStaple = true // asked for; r.staple outweighs it
	everything := len(r.seen) > 0 && r.seen[0].picked == a.hello.Suite && a.offer.Compression != nil
	for id, c := range r.chains {
		if string(c.message) == string(a.certs) {
			r.serve(id, a.hello.Version, a.staple, everything)
			return
		}
	}
	certs, err := tlswire.ParseCertificates(a.certs, fact.TLS12)
	if err != nil || len(certs.DER) == 0 {
		return
	}
	r.deploy(&served{message: a.certs, certs: certs.DER, scts: a.hello.SCTs}, a.hello.Version, a.staple, everything)
}

// deploy books a chain that was served for the name; the lock is held. everything
// says that it came when everything was offered.
func (r *run) deploy(c *served, v fact.Version, staple []byte, everything bool) {
	id := ChainID(c.certs)
	switch old := r.chains[id]; {
	case old == nil:
		var curve fact.Group
		c.kind, curve = leafKind(c.certs[0])
		if c.kind == "ecdsa" && r.curve == 0 {
			r.curve = curve
		}
		r.chains[id] = c
	case old.message == nil:
		old.message = c.message
	}
	r.serve(id, v, staple, everything)
}

func (r *run) serve(id string, v fact.Version, staple []byte, everything bool) {
	c := r.chains[id]
	if !slices.Contains(c.versions, v) {
		c.versions = append(c.versions, v)
	}
	if c.staple == nil {
		c.staple = staple
	}
	if everything && v > r.firstOn {
		r.firstOn, r.first = v, id
	}
}

// deployments puts the chains that were served for the name in order. The version is
// the highest up to TLS 1.2 on which a chain came, because there it comes in clear;
// else TLS 1.3. What came first is what TLS 1.2 and below served when everything was
// offered, else what TLS 1.3 did.
func (r *run) deployments() []fact.Deployment {
	var all []fact.Deployment
	for id, c := range r.chains {
		var v fact.Version
		for _, x := range c.versions {
			if v == 0 || v == fact.TLS13 || x > v && x != fact.TLS13 {
				v = x
			}
		}
		if v != 0 {
			all = append(all, fact.Deployment{Chain: id, Auth: c.kind, Version: v, First: id == r.first})
		}
	}
	slices.SortFunc(all, func(a, b fact.Deployment) int {
		switch {
		case a.First != b.First && a.First:
			return -1
		case a.First != b.First:
			return 1
		}
		return strings.Compare(a.Auth+a.Chain, b.Auth+b.Chain)
	})
	return all
}
