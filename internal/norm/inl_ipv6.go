package norm

import (
	"net/netip"
	"strconv"
	"strings"

	"peil/internal/fact"
)

// inlIPv6 judges catalogue B.4.
func (v *view) inlIPv6(s *inlServer) {
	v.inlNameServers(s)
	v.inlWebAddress(s)
	v.inlWebReach(s)
	v.inlSimilar(s)
}

// inlNameServers judges address and reach of the name servers. A name server that
// could not be looked up leaves open what depends on it.
func (v *view) inlNameServers(s *inlServer) {
	const address, reach = "ipv6_ns_address", "ipv6_ns_reach"
	if v.DNS == nil || v.DNS.NSGap != "" {
		g := fact.GapNotAsked
		if v.DNS != nil {
			g = v.DNS.NSGap
		}
		s.missed(address, g)
		s.missed(reach, g)
		return
	}
	var hosts []inlHostScore
	var has, reached []finding
	var gapName, gapReach fact.Gap
	withV6, anyDead := 0, false
	for i := range v.DNS.NameServers {
		ns := &v.DNS.NameServers[i]
		h := inlHostScore{}
		if ns.Gap != "" {
			gapName = ns.Gap
			has = append(has, missed(ns.Gap).on(ns.Name))
		}
		alive, dead := 0, 0
		for j := range ns.Addrs {
			a := &ns.Addrs[j]
			if !a.Addr.Is6() || a.Addr.Is4In6() {
				continue
			}
			h.hasV6 = true
			subject := ns.Name + " " + a.Addr.String()
			switch {
			case a.Answers():
				alive++
				reached = append(reached, pass(s.because(reach, "answers")).on(subject))
			case a.Dead():
				dead++
				reached = append(reached, fail(s.because(reach, "silent", a.UDP.How)).on(subject))
			default:
				g := firstGap(a.UDP.Gap, a.TCP.Gap)
				reached = append(reached, missed(g).on(subject))
				if g != fact.GapBeyond {
					gapReach = g
				}
			}
		}
		switch {
		case alive > 0 && dead == 0:
			h.points = 10
		case alive > 0:
			h.points = 2
		}
		anyDead = anyDead || dead > 0
		if h.hasV6 {
			withV6++
			has = append(has, pass(s.because(address, "has")).on(ns.Name))
		} else if ns.Gap == "" {
			has = append(has, fail(s.because(address, "lacks")).on(ns.Name))
		}
		hosts = append(hosts, h)
	}
	count := strconv.Itoa(withV6)
	of := strconv.Itoa(len(hosts))
	switch {
	case withV6 >= 2:
		s.set(address, inlResult{word: "good", status: inlSuccess, args: []string{count, of}, subjects: has})
	case gapName != "":
		s.missed(address, gapName).with = has
	case withV6 == 1:
		s.set(address, inlResult{word: "other", status: inlFail, args: []string{count, of}, subjects: has})
	default:
		s.set(address, inlResult{word: "bad", status: inlFail, args: []string{count, of}, subjects: has})
	}
	if g := firstGap(gapReach, gapName); g != "" && (gapReach != "" || gapName != "") {
		s.missed(reach, g).with = reached
		return
	}
	switch points := inlNSPoints(hosts); {
	case withV6 == 0:
		s.set(reach, inlResult{word: "not-tested", status: inlNotTested, points: points})
	case anyDead:
		s.set(reach, inlResult{word: "bad", status: inlFail, points: points, subjects: reached})
	default:
		s.set(reach, inlResult{word: "good", status: inlSuccess, points: points, subjects: reached})
	}
}

// firstGap is the first gap that is set, or not_asked.
func firstGap(gs ...fact.Gap) fact.Gap {
	for _, g := range gs {
		if g != "" {
			return g
		}
	}
	return fact.GapNotAsked
}

func (v *view) inlWebAddress(s *inlServer) {
	const name = "ipv6_ws_address"
	_, v6, _ := v.addresses()
	if len(v6) > 0 {
		s.good(name, inlAddrs(v6))
		return
	}
	switch l := v.DNS.Lookup(v.Target.Name, "AAAA"); {
	case l == nil:
		s.missed(name, fact.GapNotAsked)
	case l.Gap != "":
		s.missed(name, l.Gap)
	default:
		line := "no AAAA record"
		if m := v.mapped(); len(m) > 0 {
			line = "AAAA " + strings.Join(m, ", ") + ": IPv4-mapped, does not count"
		}
		s.bad(name).evidence(line)
	}
}

func inlAddrs(as []netip.Addr) string {
	words := make([]string, len(as))
	for i, a := range as {
		words[i] = a.String()
	}
	return inlList(words)
}

// family is what the ports of one family showed.
type inlFamily struct {
	works, dead int
	open        [2]bool // 80, 443
	gap         fact.Gap
	portGap     [2]fact.Gap
	seen        []finding
}

func (v *view) inlFamilyOf(as []netip.Addr) (f inlFamily) {
	for _, a := range as {
		h := v.Web.Host(a)
		if h == nil { // beyond the number that is measured: does not spoil the rest
			continue
		}
		ports := [2]fact.Reach{h.Port80, h.Port443}
		for i, p := range ports {
			f.open[i] = f.open[i] || p.Open()
			if !p.Open() && !p.Dead() {
				f.portGap[i] = firstGap(f.portGap[i], p.Gap)
			}
		}
		switch {
		case ports[0].Open() || ports[1].Open():
			f.works++
			f.seen = append(f.seen, pass(because("ipv6_ws_reach.open", inlPorts(ports))).at(a))
		case ports[0].Dead() && ports[1].Dead():
			f.dead++
			f.seen = append(f.seen, fail(because("ipv6_ws_reach.dead", ports[1].How)).at(a))
		default:
			g := firstGap(ports[0].Gap, ports[1].Gap)
			if g != fact.GapBeyond {
				f.gap = g
			}
			f.seen = append(f.seen, missed(g).at(a))
		}
	}
	if f.gap == "" && len(as) > 0 && f.works+f.dead == 0 {
		f.gap = fact.GapNotAsked
	}
	return f
}

func inlPorts(ports [2]fact.Reach) string {
	switch {
	case ports[0].Open() && ports[1].Open():
		return "80, 443"
	case ports[0].Open():
		return "80"
	}
	return "443"
}

// onV4Only lists the ports that are open on IPv4 and closed on IPv6; gap says that one
// is open on IPv4 and not known on IPv6, or the reverse of knowing.
func onV4Only(four, six inlFamily) (ports []int, gap fact.Gap) {
	for i, p := range []int{80, 443} {
		switch {
		case six.open[i]:
		case four.open[i] && six.portGap[i] == "":
			ports = append(ports, p)
		case four.open[i]:
			gap = six.portGap[i]
		case four.portGap[i] != "":
			gap = four.portGap[i]
		}
	}
	return ports, gap
}

func (v *view) inlWebReach(s *inlServer) {
	const name = "ipv6_ws_reach"
	v4, v6, gap := v.addresses()
	if len(v6) == 0 {
		if l := v.DNS.Lookup(v.Target.Name, "AAAA"); l == nil || l.Gap != "" {
			s.missed(name, gap)
		}
		return
	}
	six, four := v.inlFamilyOf(v6), v.inlFamilyOf(v4)
	if six.gap != "" {
		s.missed(name, six.gap).with = six.seen
		return
	}
	if six.dead > 0 {
		points := 0
		if six.works > 0 {
			points = 2
		}
		s.set(name, inlResult{word: "bad", status: inlFail, points: points, subjects: six.seen})
		return
	}
	ports, gap := onV4Only(four, six)
	switch {
	case len(ports) > 0:
		t := s.set(name, inlResult{word: "good", status: inlSuccess, points: 2, subjects: six.seen})
		for _, p := range ports {
			t.with = append(t.with, finding{outcome: Passed, saw: s.because(name, "v4-only", strconv.Itoa(p))})
		}
	case gap != "":
		s.missed(name, gap).with = six.seen
	default:
		s.set(name, inlResult{word: "good", status: inlSuccess, points: 10, subjects: six.seen})
	}
}

func (v *view) inlSimilar(s *inlServer) {
	const name = "ipv6_ws_similar"
	v4, v6, gap := v.addresses()
	six, four := v.inlFamilyOf(v6), v.inlFamilyOf(v4)
	switch {
	case len(v6) == 0 && gap != "", six.gap != "" && six.works == 0:
		s.missed(name, firstGap(six.gap, gap))
		return
	case six.works == 0:
		return // not tested, 0 of 2
	case len(v4) == 0 && gap != "":
		s.missed(name, gap)
		return
	case len(v4) == 0:
		// Their worst status for a site without A weighs nothing: out of the maximum.
		t := s.set(name, inlResult{word: "not-tested", status: inlNotTested, points: 2})
		t.worst = inlNotTested
		return
	}
	ports, gap := onV4Only(four, six)
	sim := v.Web.Similarity
	switch {
	case four.works == 0 && four.gap != "":
		s.missed(name, four.gap)
	case four.works == 0:
		s.bad(name, "no_answer_v4")
	case len(ports) > 0:
		s.bad(name, "ports_differ")
	case gap != "":
		s.missed(name, gap)
	case sim == nil:
		s.missed(name, fact.GapNotAsked)
	case sim.Gap != "":
		s.missed(name, sim.Gap)
	case sim.Reason != "":
		s.bad(name, sim.Reason)
	case !equalInts(sim.Ports4, sim.Ports6):
		s.bad(name, "ports_differ")
	case sim.Status4 != sim.Status6:
		s.set(name, inlResult{word: "bad", status: inlFail, points: 2, args: []string{"status"}}).
			evidence("HTTP " + strconv.Itoa(sim.Status4) + " (IPv4), " + strconv.Itoa(sim.Status6) + " (IPv6)")
	case sim.Class == "over" || sim.Class == "differs":
		s.set(name, inlResult{word: "notice", status: inlNotice, args: []string{inlDistance(sim)}})
	case sim.Class != "same" && sim.Class != "under":
		s.missed(name, fact.GapMalformed)
	case sim.Status4 >= 200 && sim.Status4 <= 400:
		s.set(name, inlResult{word: "good", status: inlSuccess, points: 2, args: []string{inlDistance(sim)}})
	default:
		s.set(name, inlResult{word: "notice-status-code", status: inlNotice, points: 2, args: []string{strconv.Itoa(sim.Status4)}})
	}
}

// inlDistance is the distance in words; near the limit it is given with its margin,
// since another serialiser shifts figures a little.
func inlDistance(s *fact.Similarity) string {
	d := strconv.FormatFloat(s.Distance, 'f', 1, 64)
	if s.Class == "under" || s.Class == "over" {
		return d + " ± 2"
	}
	return d
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
