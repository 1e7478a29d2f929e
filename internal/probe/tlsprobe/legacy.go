package tlsprobe

import (
	"slices"

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

	firstALPN []string // offered with everything
	gap       fact.Gap
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

// enumerate finds the suites of a version up to TLS 1.2, beginning with an answer
// that is already there. On the highest such version it finds the groups on the way:
// each hello leaves out what was chosen before, suite and group alike.
func (r *run) enumerate(v fact.Version, a *reply, highest bool) {
	e := r.enumeration(v)
	g := &groupSearch{remain: r.plan.groups(legacyGroups), set: fact.GroupSet{Version: fact.TLS12}}
	joint := highest && len(g.remain) > 0
	e.first, e.firstALPN = a.hello.Suite, a.offer.ALPN
	r.learn(e, a, legacyGroups, true)
	g.take(a.group)
	if highest {
		r.beside(v)
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
		keep := r.wantsHandshake(v)
		if v == fact.TLS12 && r.t.ALPN == nil {
			switch {
			case keep:
				h.ALPN = r.protocols(true)
			case again: // what the first hello did not offer, or alone
				h.ALPN = r.protocols(len(e.firstALPN) > 1)
			}
		}
		a := r.ask(question{what: describe(h, "what is left"), hello: h, keep: keep})
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
		if joint && e.second == e.first && (a.group == 0 || e.usualFound()) {
			joint = false // nothing with a curve is likely to follow
		}
		r.renegotiate(a)
	}
	r.preference(e)
	if highest {
		r.legacyGroups(e, g)
		r.orderQuestions(e)
	}
	r.close(e)
}

// usualFound reports whether the three suites that servers of today have with curves
// were all found. More is unlikely, and a hello that leaves out both suites and groups
// would be turned away without telling which was at fault.
func (e *enumeration) usualFound() bool {
	all := func(s ...fact.Suite) bool {
		return !slices.ContainsFunc(s, func(x fact.Suite) bool { return !slices.Contains(e.set.Accepted, x) })
	}
	return all(0xC030, 0xC02F, 0xCCA8) || all(0xC02C, 0xC02B, 0xCCA9)
}

// chose reports whether an answer is a choice on the version in question.
func (r *run) chose(e *enumeration, a *reply, v fact.Version) bool {
	return a.ok() && a.version() == v
}

// turnedAway books suites that were not chosen, and says whether that ends it.
func (r *run) turnedAway(e *enumeration, a *reply, offered []fact.Suite) (end bool) {
	switch {
	case a.ok():
		// Another version. That speaks for the suite that was chosen, and for those that
		// do not exist on this one; the others are asked without it.
		a.close()
		picked, modern := a.hello.Suite, e.version == fact.TLS13
		gone := slices.Contains(offered, picked)
		offered = slices.DeleteFunc(offered, func(s fact.Suite) bool {
			return gone && s != picked && (!modern || s.KeyExchange() == fact.KexTLS13)
		})
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
	case e.clientOrder():
		o.Answer = fact.Declined
	case !e.reduced:
		// Neither its own order nor the client's: a server that weighs what the client
		// seems to be good at, or several servers behind one address.
		o.Gap = fact.GapUnsupported
	default:
		// Groups were missing; perhaps the first choice was out of reach.
		h := r.legacyHello(e.version, known(lists().worstFirst, e.set.Accepted), legacyGroups)
		a := r.hello(h, "order")
		switch {
		case r.chose(e, a, e.version) && a.hello.Suite == e.first:
			o.Answer = fact.Accepted
		case r.chose(e, a, e.version) && a.hello.Suite == known(lists().worstFirst, e.set.Accepted)[0]:
			o.Answer = fact.Declined
		case r.chose(e, a, e.version):
			o.Gap = fact.GapUnsupported
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
	r.bookDH(a)
	if all && a.group != 0 {
		r.kexSeen[a.group] = true
	}
	h := a.hello
	if a.offer.RenegotiationInfo || slices.Contains(a.offer.Suites, tlswire.RenegotiationSCSV) {
		r.choice(&r.out.SecureRenegotiation, h.RenegotiationInfo)
	}
	if a.offer.Compression != nil {
		r.choice(&r.out.Compression, h.Compression != 0)
	}
	if a.offer.Heartbeat {
		r.choice(&r.out.Heartbeat, h.Heartbeat)
	}
	if h.Version == fact.TLS12 {
		if a.offer.ExtendedMasterSecret {
			r.choice(&r.out.ExtendedMasterSecret, h.ExtendedMasterSecret)
		}
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
	d, code := tlswire.DHGroup(a.kex.P, a.kex.G)
	r.dh[d] = true
	if code != 0 {
		r.kexSeen[code] = true
		if slices.Contains(a.offer.Groups, code) {
			r.ffdhe = code
		}
	}
}

func isSHA2(s fact.SignatureScheme) bool { return s>>8 >= 4 && s>>8 <= 6 || s>>8 == 8 }
