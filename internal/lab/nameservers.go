package lab

import (
	"fmt"
	"net/netip"
	"slices"

	"peil/internal/lab/dnslab"
)

// nameServer is one name server of a set: what is special about it.
type nameServer struct {
	NoV4, NoV6     bool // has no such address
	Dead4, Dead6   Port // nothing answers at that address
	Routing        Routing
	Behaviour      dnslab.Behaviour
	UnsignedDomain bool // its name lies in a zone without DNSSEC
	// Elsewhere are its addresses in place of those of the lab: nobody of the lab lives there.
	Elsewhere []string
}

// nsSets are the sets of name servers that a zone can have. "" is the good pair.
var nsSets = map[string][]nameServer{
	"":                 {{}, {}},
	"v4-only":          {{NoV6: true}, {NoV6: true}},
	"one-v6":           {{}, {NoV6: true}},
	"three-one-v6":     {{}, {NoV6: true}, {NoV6: true}},
	"two-of-three-v6":  {{}, {NoV6: true}, {}},
	"single":           {{}},
	"single-v4":        {{NoV6: true}},
	"v6-dead":          {{}, {Dead6: Refused}},
	"v6-silent":        {{}, {Dead6: Silent}},
	"v6-all-dead":      {{Dead6: Refused}, {Dead6: Refused}},
	"v6-mapped":        {{}, {}}, // AAAA records are IPv4-mapped, see addHost
	"seven":            {{}, {NoV6: true}, {}, {Dead6: Refused}, {}, {NoV6: true}, {}},
	"one-dead":         {{}, {Dead4: Refused, Dead6: Refused}},
	"one-silent":       {{}, {Dead4: Silent, Dead6: Silent}},
	"no-roa":           {{Routing: RouteNotFound}, {Routing: RouteNotFound}},
	"one-no-roa":       {{}, {Routing: RouteNotFound}},
	"invalid-as":       {{}, {Routing: RouteInvalidAS}},
	"invalid-length":   {{}, {Routing: RouteInvalidLength}},
	"not-routed":       {{Routing: RouteNone}, {Routing: RouteNone}},
	"one-not-routed":   {{}, {Routing: RouteNone}},
	"refusing":         {{}, {Behaviour: dnslab.Refusing}},
	"failing":          {{}, {Behaviour: dnslab.Failing}},
	"lame":             {{}, {Behaviour: dnslab.Lame}},
	"mute":             {{}, {Behaviour: dnslab.Mute}},
	"all-mute":         {{Behaviour: dnslab.Mute}, {Behaviour: dnslab.Mute}},
	"all-refusing":     {{Behaviour: dnslab.Refusing}, {Behaviour: dnslab.Refusing}},
	"all-failing":      {{Behaviour: dnslab.Failing}, {Behaviour: dnslab.Failing}},
	"truncating":       {{Behaviour: dnslab.Truncating}, {Behaviour: dnslab.Truncating}},
	"udp-only":         {{Behaviour: dnslab.UDPOnly}, {Behaviour: dnslab.UDPOnly}},
	"no-edns":          {{}, {Behaviour: dnslab.NoEDNS}},
	"wrong-id":         {{}, {Behaviour: dnslab.WrongID}},
	"wrong-name":       {{}, {Behaviour: dnslab.WrongName}},
	"forging":          {{Behaviour: dnslab.Forging}, {Behaviour: dnslab.Forging}},
	"poisoning":        {{Behaviour: dnslab.Poisoning}, {Behaviour: dnslab.Poisoning}},
	"garbage":          {{}, {Behaviour: dnslab.Garbage}},
	"pointer-loop":     {{}, {Behaviour: dnslab.PointerLoop}},
	"huge":             {{Behaviour: dnslab.HugeAnswer}, {Behaviour: dnslab.HugeAnswer}},
	"unsigned-names":   {{UnsignedDomain: true}, {UnsignedDomain: true}},
	"dead":             {{Dead4: Refused, Dead6: Refused}, {Dead4: Silent, Dead6: Silent}},
	"all-notimp":       {{Behaviour: dnslab.NotImp}, {Behaviour: dnslab.NotImp}},
	"recursing":        {{Behaviour: dnslab.Recursing}, {Behaviour: dnslab.Recursing}},
	"one-private":      {{}, {Elsewhere: []string{"10.0.0.53", "fd00::53"}}},
	"all-private":      {{Elsewhere: []string{"10.0.0.53", "::ffff:127.0.0.53"}}, {Elsewhere: []string{"192.168.1.53", "fe80::53"}}},
	"rebinding":        {{Behaviour: dnslab.Rebinding}, {Behaviour: dnslab.Rebinding}},
	"nxns":             slices.Repeat([]nameServer{{NoV4: true, NoV6: true}}, 60), // names that do not exist (CVE-2020-12662)
	"dead-nonexistent": {{}, {NoV4: true, NoV6: true}},                            // the second name does not exist
}

// host is a name server at its addresses.
type host struct {
	dnslab.Host
	ns    nameServer
	v4    netip.Addr // zero: none
	v6    netip.Addr
	alias []netip.Addr // published addresses when they differ from the real ones
}

// nsZone is the zone in which the name servers of a set have their names.
func nsZone(country, unsigned bool) string {
	switch {
	case unsigned:
		return "unsigned-dns.example.nl."
	case country:
		return "dnsop.test."
	}
	return "dns.example.nl."
}

// addHosts makes the name servers of a set under a label, e.g. ns1.v4-only.
func (n *network) addHosts(set, label string, country bool) []string {
	var names []string
	for i, ns := range nsSets[set] {
		zone := nsZone(country, ns.UnsignedDomain)
		name := fmt.Sprintf("ns%d.%s.%s", i+1, label, zone)
		names = append(names, name)
		h := n.addHost(name, ns)
		if set == "v6-mapped" {
			four := h.v4.As4()
			var b [16]byte
			b[10], b[11] = 0xff, 0xff
			copy(b[12:], four[:])
			h.alias = []netip.Addr{h.v4, netip.AddrFrom16(b)}
		}
	}
	return names
}

// addHost gives a name server its addresses.
func (n *network) addHost(name string, ns nameServer) *host {
	h := &host{ns: ns}
	h.Name, h.Behaviour = name, ns.Behaviour
	for _, a := range ns.Elsewhere {
		h.Addrs = append(h.Addrs, netip.MustParseAddr(a)) // they stand in nsSets
		ns.NoV4, ns.NoV6 = true, true
	}
	if !ns.NoV4 {
		h.v4 = n.alloc.v4(ns.Routing)
		h.Addrs = append(h.Addrs, h.v4)
		n.addr(h.v4).host, n.addr(h.v4).dns = h, ns.Dead4
	}
	if !ns.NoV6 {
		h.v6 = n.alloc.v6(ns.Routing)
		h.Addrs = append(h.Addrs, h.v6)
		n.addr(h.v6).host, n.addr(h.v6).dns = h, ns.Dead6
	}
	n.hosts[name] = h
	n.hostNames = append(n.hostNames, name)
	return h
}
