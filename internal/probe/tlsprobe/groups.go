package tlsprobe

import (
	"slices"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

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
		r.searchGroups(e.version, signedDH, 0, g, finiteField)
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
				_, got = tlswire.DHGroup(a.kex.P, a.kex.G)
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
