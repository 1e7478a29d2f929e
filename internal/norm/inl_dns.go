package norm

import (
	"net/netip"
	"strconv"
	"strings"

	"peil/internal/fact"
	"peil/internal/norm/internetnl"
)

// inlStatusOf maps our answer to an SOA question onto the statuses of catalogue B.5.
// A bogus answer is one that a resolver gives only with checking disabled; where even
// that gives no answer, it is an error of the DNS.
func inlStatusOf(l *fact.Lookup) (status string, gap fact.Gap) {
	switch {
	case l == nil:
		return "", fact.GapNotAsked
	case l.Gap != "":
		return "", l.Gap
	case l.Security == fact.Bogus && l.RCode == "NOERROR":
		return "bogus", ""
	case l.Security == fact.Bogus || l.RCode != "NOERROR" && l.RCode != "NXDOMAIN":
		return "dnserror", ""
	case l.Security == fact.Secure:
		return "secure", ""
	case l.Security == fact.Insecure:
		return "insecure", ""
	}
	return "", fact.GapDNS // indeterminate
}

func (v *view) inlDNSSEC(s *inlServer) {
	s.dnssec("dnssec_exist", "dnssec_valid", v.DNS.Lookup(v.Target.Name, "SOA"))
}

// dnssec judges the answer for one name, and gives its status; "" when not measured.
func (s *inlServer) dnssec(exist, valid string, l *fact.Lookup) string {
	status, gap := inlStatusOf(l)
	switch status {
	case "secure":
		s.good(exist)
		s.good(valid).till(l.Until)
	case "bogus":
		s.good(exist)
		t := s.bad(valid, inlProblem(l.Problem))
		if l.Problem != nil {
			t.evidence(inlProblem(l.Problem)).till(l.Problem.When)
		}
	case "insecure":
		s.bad(exist, l.Unsigned)
		s.set(valid, inlResult{word: "not-tested", status: inlNotTested, points: inlDNSSECPoints(status)})
	case "dnserror":
		s.set(exist, inlResult{word: "resolver-error", status: inlFail, args: []string{firstWord(l.RCode, "no answer")}})
		if t := &s.tests[s.index[valid]]; t.max == 0 { // of a mail server
			t.worst = inlNotice
		}
	default:
		s.missed(exist, gap)
		s.missed(valid, gap)
	}
	return status
}

func firstWord(ws ...string) string {
	for _, w := range ws {
		if w != "" {
			return w
		}
	}
	return ""
}

// inlProblem is a broken link in one line.
func inlProblem(p *fact.Problem) string {
	if p == nil {
		return "bogus"
	}
	words := []string{p.Code}
	if p.Zone != "" {
		words = append(words, "zone "+p.Zone)
	}
	if p.Type != "" {
		words = append(words, strings.TrimSpace(p.Name+" "+p.Type))
	}
	if p.KeyTag != 0 {
		words = append(words, "key tag "+strconv.Itoa(int(p.KeyTag)))
	}
	return strings.Join(words, ", ")
}

// inlRPKI judges catalogue B.12.
func (v *view) inlRPKI(s *inlServer) {
	v4, v6, gap := v.addresses()
	v.inlRoutes(s, "rpki_exists", "rpki_valid", append(append([]netip.Addr(nil), v4...), v6...), gap)
	v.inlNSRoutes(s)
}

// inlNSRoutes judges the routes to the name servers of the target.
func (v *view) inlNSRoutes(s *inlServer) {
	ns, gap := v.nameServerAddresses()
	v.inlRoutes(s, "ns_rpki_exists", "ns_rpki_valid", ns, gap)
}

// nameServerAddresses are those of the target's name servers; gap says that they are not
// all known.
func (v *view) nameServerAddresses() (ns []netip.Addr, gap fact.Gap) {
	if v.DNS == nil {
		return nil, fact.GapNotAsked
	}
	gap = v.DNS.NSGap
	for _, n := range v.DNS.NameServers {
		if n.Gap != "" {
			gap = n.Gap
		}
		for _, a := range n.Addrs {
			ns = append(ns, a.Addr)
		}
	}
	return ns, gap
}

// inlRoutes judges a set of addresses: each must have a ROA, and none may be announced
// against one. gap says that the set is not whole.
func (v *view) inlRoutes(s *inlServer, exists, valid string, as []netip.Addr, gap fact.Gap) {
	if gap != "" {
		s.missed(exists, gap)
		s.missed(valid, gap)
		return
	}
	if len(as) == 0 {
		s.set(exists, inlResult{word: "no-addresses", status: inlNotTested, points: 5})
		s.set(valid, inlResult{word: "no-addresses", status: inlNotTested, points: 10})
		return
	}
	var have, sound []finding
	var gapHave, gapSound fact.Gap
	lacking, invalid, notFound, routed := 0, 0, 0, 0
	seen := map[netip.Addr]bool{}
	measured := 0
	for _, a := range as {
		if seen[a] {
			continue
		}
		seen[a] = true
		r := v.Route(a)
		if r == nil {
			if v.beyond(a) {
				continue
			}
			r = &fact.Route{VRPGap: fact.GapNotAsked}
		}
		measured++
		if g := r.VRPGap; g != "" || r.RouteGap != "" {
			g = firstGap(g, r.RouteGap)
			gapHave, gapSound = g, g
			have, sound = append(have, missed(g).at(a)), append(sound, missed(g).at(a))
			continue
		}
		covered := false
		var bad, unknown, fine []string
		for i := range r.Origins {
			o := &r.Origins[i]
			if o.Prefix.Bits() > inlCut(a) {
				continue // the address is looked up as /24 or /48
			}
			covered = covered || len(o.VRPs) > 0
			words := o.Prefix.String() + " AS" + strconv.FormatUint(uint64(o.Origin), 10)
			switch o.State {
			case fact.ROVInvalidAS, fact.ROVInvalidLength:
				bad = append(bad, words)
			case fact.ROVNotFound:
				unknown = append(unknown, words)
			case fact.ROVValid:
				fine = append(fine, words)
			default:
				gapSound = fact.GapNoSource
			}
		}
		if len(bad)+len(unknown)+len(fine) == 0 {
			covered = covered || len(r.Covering) > 0
		} else {
			routed++
		}
		if covered {
			have = append(have, pass(s.because(exists, "roa")).at(a))
		} else {
			lacking++
			have = append(have, warn(s.because(exists, "no-roa")).at(a))
		}
		switch {
		case len(bad) > 0:
			invalid++
			sound = append(sound, fail(s.because(valid, "invalid-route", inlList(bad))).at(a))
		case len(unknown) > 0:
			notFound++
			sound = append(sound, fail(s.because(valid, "unknown-route", inlList(unknown))).at(a))
		case len(fine) > 0:
			sound = append(sound, pass(s.because(valid, "valid-route", inlList(fine))).at(a))
		default:
			sound = append(sound, none(s.because(valid, "no-route")).at(a))
		}
	}
	if measured == 0 {
		gapHave, gapSound = fact.GapBeyond, fact.GapBeyond
	}
	switch {
	case gapHave != "":
		s.missed(exists, gapHave).with = have
	case lacking > 0:
		s.set(exists, inlResult{word: "bad", status: inlNotice, subjects: have})
	default:
		s.set(exists, inlResult{word: "good", status: inlSuccess, points: 5, subjects: have})
	}
	switch {
	case gapSound != "":
		s.missed(valid, gapSound).with = sound
	case invalid > 0:
		s.set(valid, inlResult{word: "invalid", status: inlFail, subjects: sound})
	case notFound > 0:
		s.set(valid, inlResult{word: "bad", status: inlFail, subjects: sound})
	case routed == 0:
		s.set(valid, inlResult{word: "not-routed", status: inlNotTested, points: 10, subjects: sound})
	default:
		s.set(valid, inlResult{word: "good", status: inlSuccess, points: 10, subjects: sound})
	}
}

// inlCut is the length to which an address is cut before it is looked up.
func inlCut(a netip.Addr) int {
	if a.Is4() {
		return 24
	}
	return 48
}

// beyond reports whether an address was left out because there were too many.
func (v *view) beyond(a netip.Addr) bool {
	if v.Web != nil {
		for _, b := range v.Web.Beyond {
			if a == b {
				return true
			}
		}
	}
	if v.DNS != nil {
		for _, n := range v.DNS.NameServers {
			for _, x := range n.Addrs {
				if x.Addr == a && x.UDP.Gap == fact.GapBeyond {
					return true
				}
			}
		}
	}
	return false
}

// inlCAA finds the CAA records of a name: at it, or at the nearest name above it that
// has any, up to the top-level domain. A failure on the way counts as none.
func (v *view) inlCAA(host string) (c internetnl.CAA, at string, records []string, gap fact.Gap) {
	for name := host; name != ""; {
		l := v.DNS.Lookup(name, "CAA")
		switch {
		case l == nil:
			return c, "", nil, fact.GapNotAsked
		case l.Gap != "":
			return c, "", nil, l.Gap
		case !l.Answered() || l.Security == fact.Bogus:
			return internetnl.ReadCAA(nil), "", nil, ""
		case len(l.Records) > 0:
			var raw [][]byte
			for _, r := range l.Records {
				raw = append(raw, r.Raw)
				records = append(records, r.Data)
			}
			return internetnl.ReadCAA(raw), name, records, ""
		}
		_, up, ok := strings.Cut(name, ".")
		if !ok {
			break
		}
		name = up
	}
	return internetnl.ReadCAA(nil), "", nil, ""
}
