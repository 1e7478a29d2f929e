package norm

import (
	"net/netip"
	"slices"

	"peil/internal/fact"
	"peil/internal/standard/lookup"
)

// inlMailIPv6 judges the addresses of the mail servers (catalogue B.4).
func (v *view) inlMailIPv6(s *inlServer, mx inlMXSet) {
	const address, reach = "ipv6_mx_address", "ipv6_mx_reach"
	if mx.state != inlHasMX {
		s.noServers(mx, inlNoServerWords{none: "other"}, address)
		if mx.gap != "" {
			s.missed(reach, mx.gap)
		}
		return
	}
	s.require(address)
	s.require(reach)
	var has, reached []finding
	var points []int
	var gapAddress, gapReach fact.Gap
	withV6, anyDead := 0, false
	for i, host := range mx.hosts {
		_, v6, gap := v.hostAddresses(host)
		first := !slices.Contains(mx.hosts[:i], host)
		if len(v6) == 0 {
			points = append(points, 0)
			if gap != "" && v.unknownAAAA(host) {
				gapAddress = gap
				has = append(has, missed(gap).on(host))
			} else if first {
				has = append(has, fail(s.because(address, "lacks")).on(host))
			}
			continue
		}
		withV6++
		p, dead, gap, seen := v.inlMailReach(s, host, v6)
		points = append(points, p)
		anyDead = anyDead || dead
		if gap != "" {
			gapReach = gap
		}
		if first {
			has = append(has, pass(s.because(address, "has")).on(host))
			reached = append(reached, seen...)
		}
	}
	all, of := itoa(withV6), itoa(len(mx.hosts))
	switch {
	case gapAddress != "":
		s.missed(address, gapAddress).with = has
	case withV6 == len(mx.hosts):
		s.set(address, inlResult{word: "good", status: inlSuccess, args: []string{all, of}, subjects: has})
	default:
		s.set(address, inlResult{word: "bad", status: inlFail, args: []string{all, of}, subjects: has})
	}
	switch {
	case gapReach != "" || gapAddress != "":
		s.missed(reach, firstGap(gapReach, gapAddress)).with = reached
	case withV6 == 0: // stays not tested, and required
	case anyDead:
		s.set(reach, inlResult{word: "bad", status: inlFail, points: inlMXPoints(points), subjects: reached})
	default:
		s.set(reach, inlResult{word: "good", status: inlSuccess, points: inlMXPoints(points), subjects: reached})
	}
}

// unknownAAAA reports whether the IPv6 addresses of a host are not known.
func (v *view) unknownAAAA(host string) bool {
	l := v.DNS.Lookup(host, "AAAA")
	return l == nil || l.Gap != ""
}

// inlMailReach tells how port 25 of a mail server answers over IPv6: 10 points, 2 when
// some address is dead or the port is open over IPv4 alone, 0 when all are dead.
func (v *view) inlMailReach(s *inlServer, host string, v6 []netip.Addr) (points int, dead bool, gap fact.Gap, seen []finding) {
	const reach = "ipv6_mx_reach"
	alive, silent, measured := 0, 0, 0
	for _, a := range v6 {
		subject := host + " " + a.String()
		h, g := v.mailHost(host, a)
		switch {
		case h != nil && h.Port25.Open():
			alive++
			seen = append(seen, pass(s.because(reach, "answers")).on(subject))
		case h != nil && h.Port25.Dead():
			silent++
			seen = append(seen, fail(s.because(reach, "silent", h.Port25.How)).on(subject))
		default:
			if h != nil {
				g = firstGap(h.Port25.Gap)
			}
			seen = append(seen, missed(g).on(subject))
			if g != fact.GapBeyond {
				gap = g
			}
			continue
		}
		measured++
	}
	if measured == 0 && gap == "" {
		gap = fact.GapBeyond
	}
	switch {
	case alive > 0 && silent == 0:
		points = 10
	case alive > 0:
		points = 2
	}
	return points, silent > 0, gap, seen
}

// inlMailDNSSEC judges the domain and its mail servers (catalogue B.5). The points are
// the least of all; a server of which we do not know is left out of it.
func (v *view) inlMailDNSSEC(s *inlServer, mx inlMXSet) {
	const exist, valid = "dnssec_mx_exist", "dnssec_mx_valid"
	statuses := []string{s.dnssec("dnssec_mailto_exist", "dnssec_mailto_valid", v.DNS.Lookup(v.Target.Name, "SOA"))}
	if mx.state != inlHasMX {
		s.noServers(mx, inlNoServerWords{none: "no-mailservers"}, exist)
		s.tests[s.index[exist]].worst, s.tests[s.index[valid]].worst = inlNotice, inlNotice
		if mx.gap != "" {
			s.missed(valid, mx.gap)
		}
		return
	}
	var servers [][]inlTest
	for i, host := range mx.hosts {
		if slices.Contains(mx.hosts[:i], host) {
			continue
		}
		one := newInlMailServer(host, "dnssec")
		statuses = append(statuses, one.dnssec(exist, valid, v.mailServerSOA(host)))
		servers = append(servers, one.tests)
	}
	for _, t := range inlMerge(servers) {
		if t.name == exist || t.name == valid {
			s.tests[s.index[t.name]] = t
		}
	}
	known := slices.DeleteFunc(statuses[1:], func(status string) bool { return status == "" })
	if statuses[0] != "" {
		s.tests[s.index["dnssec_mailto_valid"]].points = inlMailDNSSECPoints(append(known, statuses[0])...)
	}
}

// mailServerSOA is the look-up that shows the DNSSEC status of a mail server: the
// question that Internet.nl asks, or else that for an address.
func (v *view) mailServerSOA(host string) *fact.Lookup {
	var last *fact.Lookup
	for _, qtype := range []string{"SOA", "A", "AAAA"} {
		l := v.DNS.Lookup(host, qtype)
		if l != nil && l.Gap == "" {
			return l
		}
		if last == nil {
			last = l
		}
	}
	return last
}

// inlMailRPKI judges catalogue B.12 for mail servers, name servers, and the name servers
// of the mail servers.
func (v *view) inlMailRPKI(s *inlServer, mx inlMXSet) {
	var servers, names []netip.Addr
	gap, gapNS := mx.gap, mx.gap
	for i, host := range mx.hosts {
		if slices.Contains(mx.hosts[:i], host) {
			continue
		}
		v4, v6, g := v.hostAddresses(host)
		servers = append(append(servers, v4...), v6...)
		if g != "" {
			gap = g
		}
		as, g := v.mailNameServers(host)
		names = append(names, as...)
		if g != "" {
			gapNS = g
		}
	}
	v.inlRoutes(s, "rpki_exists", "rpki_valid", servers, gap)
	v.inlNSRoutes(s)
	v.inlRoutes(s, "mx_ns_rpki_exists", "mx_ns_rpki_valid", names, gapNS)
}

// mailNameServers are the addresses of the name servers of a mail server.
func (v *view) mailNameServers(host string) (as []netip.Addr, gap fact.Gap) {
	if !isHostName(host) {
		return nil, ""
	}
	server := v.Mail.Server(host)
	if server == nil || server.NSOwner == "" {
		return nil, fact.GapNotAsked
	}
	if v.DNS != nil && server.NSOwner == v.DNS.NSOwner && v.DNS.NSGap == "" {
		return v.nameServerAddresses()
	}
	l := v.DNS.Lookup(server.NSOwner, "NS")
	switch {
	case l == nil:
		return nil, fact.GapNotAsked
	case l.Gap != "":
		return nil, l.Gap
	}
	for _, ns := range wire(l) {
		v4, v6, g := v.hostAddresses(lookup.Canonical(ns))
		as = append(append(as, v4...), v6...)
		if g != "" {
			gap = g
		}
	}
	return as, gap
}

// mailAddresses are the addresses of the mail servers.
func mailAddresses(m *fact.Measurement) (as []netip.Addr) {
	v := &view{Measurement: m}
	for _, host := range v.inlMailServers().hosts {
		v4, v6, _ := v.hostAddresses(host)
		as = append(append(as, v4...), v6...)
	}
	return as
}

// mailNSAddresses are the addresses of the name servers of the mail servers.
func mailNSAddresses(m *fact.Measurement) (as []netip.Addr) {
	v := &view{Measurement: m}
	for _, host := range v.inlMailServers().hosts {
		ns, _ := v.mailNameServers(host)
		as = append(as, ns...)
	}
	return as
}
