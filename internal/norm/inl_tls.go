package norm

import (
	"fmt"
	"slices"
	"strconv"

	"peil/internal/fact"
)

// inlServer judges one server that counts: catalogue B.6, B.7, B.8, B.9, B.11. Where
// HTTPS is dead only its availability is said, and everything else stays not tested.
func (v *view) inlServer(s *inlServer, h *fact.WebHost) {
	const available = "https_http_available"
	missAll := func(g fact.Gap) {
		for _, t := range s.tests {
			s.missed(t.name, g)
		}
	}
	switch {
	case h == nil && v.beyond(s.addr):
		missAll(fact.GapBeyond)
		return
	case h == nil:
		missAll(fact.GapNotAsked)
		return
	case h.Port443.Dead():
		s.set(available, inlResult{word: "other", status: inlError, args: []string{"443", firstWord(h.Port443.How, "silent")}})
		return
	case h.TLS == nil:
		missAll(firstGap(h.Port443.Gap))
		return
	case h.TLS.Working.No():
		s.set(available, inlResult{word: "other", status: inlError, args: []string{"443", "no TLS"}})
		return
	case h.TLS.Working.Missing():
		missAll(firstGap(h.TLS.Working.Gap, h.Port443.Gap))
		return
	}
	s.good(available)
	v.inlProtocol(s, h.TLS)
	v.inlCertificate(s, h.TLS)
	v.inlHTTP(s, h)
}

// inlVersions is what a server said to the versions that matter.
type inlVersions struct {
	highest fact.Version // the highest below TLS 1.3 that it accepts, 0 for none
	known   bool         // highest is settled
	gap     fact.Gap
	old     []string // accepted versions up to TLS 1.1
	oldGap  fact.Gap // of a version up to 1.1 that was not settled
	tls12   fact.Observed
	tls13   fact.Observed
}

func readVersions(t *fact.TLS) (vs inlVersions) {
	answer := map[fact.Version]fact.Observed{}
	for _, a := range t.Versions {
		answer[a.Version] = a.Observed
	}
	vs.tls12, vs.tls13 = answer[fact.TLS12], answer[fact.TLS13]
	vs.known = true
	for _, ver := range fact.AllVersions() { // oldest first
		o := answer[ver]
		if ver == fact.TLS13 {
			continue
		}
		switch {
		case o.Yes():
			vs.highest, vs.known = ver, true // whatever is unknown below it
			if ver <= fact.TLS11 {
				vs.old = append(vs.old, ver.String())
			}
		case o.Missing():
			vs.known, vs.gap = false, firstGap(o.Gap)
			if ver <= fact.TLS11 {
				vs.oldGap = firstGap(o.Gap)
			}
		}
	}
	return vs
}

// only13 reports whether TLS 1.3 is the only version.
func (vs inlVersions) only13() bool { return vs.known && vs.highest == 0 }

// inlProtocol judges the tests on parameters.
func (v *view) inlProtocol(s *inlServer, t *fact.TLS) {
	vs := readVersions(t)
	switch {
	case len(vs.old) > 0:
		s.bad(s.of("tls_version"), inlList(vs.old))
	case vs.oldGap != "":
		s.missed(s.of("tls_version"), vs.oldGap)
	default:
		s.good(s.of("tls_version"))
	}
	inlCiphers(s, t, vs)
	inlOrder(s, t, vs)
	inlKeyExchange(s, t, vs)
	inlKexHash(s, t, vs)

	legacy := func(name string, o fact.Observed, judge func()) {
		switch {
		case vs.only13():
			s.good(name) // TLS 1.3 has neither compression nor renegotiation
		case !vs.known:
			s.missed(name, vs.gap)
		case o.Missing():
			s.missed(name, o.Gap)
		default:
			judge()
		}
	}
	legacy(s.of("tls_compress"), t.Compression, func() {
		if t.Compression.Yes() {
			s.bad(s.of("tls_compress"))
		} else {
			s.good(s.of("tls_compress"))
		}
	})
	legacy(s.of("tls_secreneg"), t.SecureRenegotiation, func() {
		if t.SecureRenegotiation.Yes() {
			s.good(s.of("tls_secreneg"))
		} else {
			s.bad(s.of("tls_secreneg"))
		}
	})
	inlClientRenegotiation(s, t, vs)
	inlEMS(s, t, vs)

	zeroRTT := s.of("tls_0rtt")
	switch {
	case s.section == "starttls": // not tested since 1.11.1
		s.set(zeroRTT, inlResult{word: "na", status: inlSuccess, points: 10})
	case vs.tls13.No():
		s.good(zeroRTT)
	case t.EarlyData.Yes():
		s.bad(zeroRTT)
	case t.EarlyData.No():
		s.good(zeroRTT)
	default:
		s.missed(zeroRTT, firstGap(t.EarlyData.Gap, vs.tls13.Gap))
	}
}

func suiteSet(t *fact.TLS, ver fact.Version) *fact.SuiteSet {
	for i := range t.Suites {
		if t.Suites[i].Version == ver {
			return &t.Suites[i]
		}
	}
	return nil
}

// openOf reports whether anything is left open about suites of a class.
func openOf(set *fact.SuiteSet, is func(fact.Suite) bool) bool {
	return set.AllOpen || slices.ContainsFunc(set.Open, is)
}

// inlCiphers judges the suites of the highest version below TLS 1.3, and of TLS 1.3
// only AES_128_CCM_8 [Q].
func inlCiphers(s *inlServer, t *fact.TLS, vs inlVersions) {
	name := s.of("tls_ciphers")
	if !vs.known {
		s.missed(name, vs.gap)
		return
	}
	var bad, out []string
	var gap fact.Gap
	phaseOpen := false
	if vs.highest != 0 {
		set := suiteSet(t, vs.highest)
		if set == nil {
			s.missed(name, fact.GapNotAsked)
			return
		}
		for _, x := range set.Accepted {
			switch inlSuite(x) {
			case insufficient:
				bad = append(bad, x.String())
			case phaseOut:
				out = append(out, x.String())
			default:
			}
		}
		if openOf(set, func(x fact.Suite) bool { return inlSuite(x) == insufficient }) {
			gap = firstGap(set.Gap)
		}
		phaseOpen = openOf(set, func(x fact.Suite) bool { return inlSuite(x) == phaseOut })
		if phaseOpen && len(out) == 0 {
			gap = firstGap(gap, set.Gap)
		}
	}
	if vs.tls13.Yes() {
		if set := suiteSet(t, fact.TLS13); set != nil {
			switch {
			case slices.Contains(set.Accepted, inlCCM8):
				bad = append(bad, inlCCM8.String())
			case openOf(set, func(x fact.Suite) bool { return x == inlCCM8 }):
				gap = firstGap(set.Gap)
			}
		} else {
			gap = fact.GapNotAsked
		}
	}
	switch {
	case len(bad) > 0:
		s.bad(name, inlList(bad))
	case gap != "":
		s.missed(name, gap)
	case len(out) > 0:
		s.phaseOut(name, inlList(out))
	default:
		s.good(name)
	}
}

// inlOrder asks whether the server picks each good or sufficient suite when all of its
// phase-out suites are offered before it.
func inlOrder(s *inlServer, t *fact.TLS, vs inlVersions) {
	name := s.of("tls_cipherorder")
	na := func() { s.set(name, inlResult{word: "na", status: inlSuccess, points: 10}) }
	if !vs.known {
		s.missed(name, vs.gap)
		return
	}
	if vs.highest == 0 {
		na()
		return
	}
	set := suiteSet(t, vs.highest)
	switch {
	case set == nil:
		s.missed(name, fact.GapNotAsked)
		return
	case len(set.Accepted) == 0 && (set.AllOpen || len(set.Open) > 0):
		s.missed(name, set.Gap)
		return
	case len(set.Accepted) == 0:
		na()
		return
	}
	var better, worse []fact.Suite
	for _, x := range set.Accepted {
		switch inlSuite(x) {
		case good, sufficient:
			better = append(better, x)
		case phaseOut:
			worse = append(worse, x)
		case insufficient:
		}
	}
	if len(worse) == 0 {
		better = nil // nothing to compare with
	}
	for _, x := range better {
		picked, gap := pickedAgainst(t, set, x, worse)
		switch {
		case gap != "":
			s.missed(name, gap)
			return
		case picked != x:
			s.bad(name, picked.String(), x.String())
			return
		}
	}
	if openOf(set, func(x fact.Suite) bool { return inlSuite(x) != insufficient }) {
		s.missed(name, firstGap(set.Gap)) // any further one that takes part may be picked wrongly
		return
	}
	s.good(name)
}

// pickedAgainst is the suite that the server picks when all of worse are offered, and
// then better: from the question itself, else from what is known of its preference.
func pickedAgainst(t *fact.TLS, set *fact.SuiteSet, better fact.Suite, worse []fact.Suite) (fact.Suite, fact.Gap) {
	for _, p := range t.Order {
		if p.Version != set.Version || len(p.Offered) == 0 || p.Offered[len(p.Offered)-1] != better {
			continue
		}
		switch {
		case slices.ContainsFunc(worse, func(w fact.Suite) bool { return !slices.Contains(p.Offered, w) }):
		case p.Gap != "" || p.Picked == 0:
			return 0, firstGap(p.Gap)
		case p.Picked == better || slices.Contains(worse, p.Picked):
			return p.Picked, ""
		}
		// An insufficient suite was picked, which Internet.nl does not offer here: that
		// says nothing about the others.
	}
	switch {
	case set.ServerPreference.No():
		return worse[0], "" // it follows the client, which asks for worse first
	case set.ServerPreference.Yes():
		at := slices.Index(set.Chosen, better)
		for i, c := range set.Chosen {
			if at >= 0 && i < at && slices.Contains(worse, c) {
				return c, ""
			}
		}
		if at >= 0 {
			return better, ""
		}
	}
	return 0, firstGap(set.ServerPreference.Gap)
}

// inlKeyExchange judges the ephemeral keys that were seen [Q]: without a finite-field
// key and without one on a NIST or Brainpool curve it does not apply, whatever else
// there was. Points come from the bad list alone.
func inlKeyExchange(s *inlServer, t *fact.TLS, vs inlVersions) {
	name := s.of("tls_keyexchange")
	if !vs.known {
		s.missed(name, vs.gap)
		return
	}
	more := fact.Gap("") // why keys of further suites were not seen
	if vs.highest != 0 {
		set := suiteSet(t, vs.highest)
		if set == nil {
			s.missed(name, fact.GapNotAsked)
			return
		}
		ec, ff := false, false
		for _, x := range set.Accepted {
			ec = ec || x.KeyExchange() == fact.KexECDHE
			ff = ff || x.KeyExchange() == fact.KexDHE
		}
		if ec && len(t.KexSeen) == 0 || ff && len(t.DH) == 0 {
			s.missed(name, firstGap(set.Gap))
			return
		}
		if openOf(set, func(x fact.Suite) bool { return x.KeyExchange() == fact.KexDHE || x.KeyExchange() == fact.KexECDHE }) {
			more = firstGap(set.Gap)
		}
	}
	var bad, out []string
	seen := false
	for _, g := range t.KexSeen {
		c, judged := inlGroup(g)
		if !judged {
			continue
		}
		seen = seen || g != fact.X25519 && g != fact.X448
		switch c {
		case insufficient:
			bad = append(bad, g.String())
		case phaseOut:
			out = append(out, g.String())
		default:
		}
	}
	for _, p := range t.DH {
		if p.Bits < inlSmallDH {
			continue // their library turns it away before it is seen [Q]
		}
		seen = true
		words := firstWord(p.Name, fmt.Sprintf("DH %d bits", p.Bits))
		if inlDH(p) == phaseOut {
			out = append(out, words)
		} else {
			bad = append(bad, words)
		}
	}
	switch {
	case len(bad) > 0:
		s.bad(name, inlList(bad))
	case more != "":
		s.missed(name, more)
	case len(out) > 0:
		s.phaseOut(name, inlList(out))
	case !seen:
		s.set(name, inlResult{word: "na", status: inlSuccess, points: 10})
	default:
		s.good(name)
	}
}

func inlKexHash(s *inlServer, t *fact.TLS, vs inlVersions) {
	name := s.of("tls_keyexchangehash")
	s.require(name)
	switch {
	case !vs.known:
		s.missed(name, vs.gap)
	case vs.highest == 0:
		s.good(name)
	case t.KexHashSHA1.Yes():
		s.bad(name)
	case t.KexHashSHA1.Missing():
		s.missed(name, t.KexHashSHA1.Gap)
	case t.KexHashSHA224.Yes():
		s.phaseOut(name)
	case t.KexHashSHA224.Missing():
		s.missed(name, t.KexHashSHA224.Gap)
	default:
		s.good(name)
	}
}

// inlClientRenegotiation counts how often the server went along, of eleven tries.
func inlClientRenegotiation(s *inlServer, t *fact.TLS, vs inlVersions) {
	name := s.of("tls_clientreneg")
	r := t.ClientRenegotiation
	switch {
	case vs.only13():
		s.set(name, inlResult{word: "not-allowed", status: inlSuccess})
	case !vs.known:
		s.missed(name, vs.gap)
	case r.Missing():
		s.missed(name, r.Gap)
	case r.Count == 0:
		s.set(name, inlResult{word: "not-allowed", status: inlSuccess})
	case r.Count < renegotiations && r.Gap != "":
		s.missed(name, r.Gap)
	case r.Count < renegotiations:
		s.set(name, inlResult{word: "allowed-with-low-limit", status: inlInfo, args: []string{strconv.Itoa(r.Count)}})
	default: // a failure, but it is optional: capped at info
		s.set(name, inlResult{word: "allowed-with-too-high-limit", status: inlFail, args: []string{strconv.Itoa(r.Count)}})
	}
}

// inlEMS judges the extended master secret on TLS 1.2. Without TLS 1.2 it stays
// optional, and its points count only when another server makes it required.
func inlEMS(s *inlServer, t *fact.TLS, vs inlVersions) {
	name := s.of("tls_extendedmastersecret")
	o := t.ExtendedMasterSecret
	switch {
	case vs.tls12.No():
		s.set(name, inlResult{word: "na-no-tls-1-2", status: inlNotTested, points: 10})
	case vs.tls12.Missing():
		s.require(name)
		s.missed(name, vs.tls12.Gap)
	case o.Missing():
		s.require(name)
		s.missed(name, o.Gap)
	case o.Yes():
		s.require(name)
		s.good(name)
	default:
		s.require(name)
		s.bad(name)
	}
}
