package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"peil/internal/lab/dnslab"
)

// recordTTL is the time to live of the records of sites.
const recordTTL = 3600

// operatorPairs is the number of pairs of name servers that the zones of the country
// are spread over, so that no server is asked more than politeness allows.
const operatorPairs = 64

// layInfrastructure makes the root, the top-level domains and their name servers.
func (n *network) layInfrastructure(withCountry bool) {
	infra := func(count int, pattern string) []string {
		var names []string
		for i := range count {
			name := fmt.Sprintf(pattern, i+1)
			n.addHost(name, nameServer{})
			names = append(names, name)
		}
		return names
	}
	root := infra(4, "r%d.root.lab.test.")
	tld := infra(6, "ns%d.tld.lab.test.")
	own := infra(2, "ns%d.infra.lab.test.")

	n.addZone(&dnslab.Spec{Apex: ".", NS: root, Signing: dnslab.SeparateKeys, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "nl.", Parent: ".", NS: tld, Signing: dnslab.NSEC3OptOut, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "test.", Parent: ".", NS: tld, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "org.", Parent: ".", NS: tld, Signing: dnslab.Unsigned})
	n.addZone(&dnslab.Spec{Apex: "com.", Parent: ".", NS: tld, Signing: dnslab.RSASHA256, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "lab.test.", Parent: "test.", NS: own, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "example.nl.", Parent: "nl.", NS: own, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "dns.example.nl.", Parent: "example.nl.", NS: own, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "unsigned-dns.example.nl.", Parent: "example.nl.", NS: own, Signing: dnslab.Unsigned, Keep: true})
	n.addZone(&dnslab.Spec{Apex: "example.org.", Parent: "org.", NS: own, Signing: dnslab.NoDS})
	n.addZone(&dnslab.Spec{Apex: "example.com.", Parent: "com.", NS: own})
	if withCountry {
		ops := infra(4, "ns%d.op.lab.test.")
		n.addZone(&dnslab.Spec{Apex: "dnsop.test.", Parent: "test.", NS: ops, Keep: true})
		for i := range operatorPairs {
			n.operators = append(n.operators, n.addHosts("", fmt.Sprintf("op%02d", i+1), true))
		}
	}
	for _, set := range slices.Sorted(maps.Keys(nsSets)) {
		label := set
		if label == "" {
			label = "good"
		}
		n.resolved[set] = n.addHosts(set, label, false)
	}
	n.addSignedZones()
	n.addInternalZones()
	n.addReverseZones()
}

// addSignedZones makes one zone per way of signing, with every kind of name that a
// validator has to deal with, for comparing resolvers.
func (n *network) addSignedZones() {
	own := n.static["lab.test."].NS
	n.addZone(&dnslab.Spec{Apex: "sign.test.", Parent: "test.", NS: own, Keep: true})
	for _, s := range dnslab.Signings() {
		label := string(s)
		if label == "" {
			label = "well"
		}
		apex := label + ".sign.test."
		n.addZone(&dnslab.Spec{Apex: apex, Parent: "sign.test.", NS: own, Signing: s, Records: sampleRecords(apex)})
		for _, c := range []dnslab.Signing{dnslab.SignedWell, dnslab.Unsigned} {
			below := map[dnslab.Signing]string{dnslab.SignedWell: "signed.", dnslab.Unsigned: "unsigned."}[c] + apex
			n.addZone(&dnslab.Spec{Apex: below, Parent: apex, NS: own, Signing: c, Records: sampleRecords(below)})
		}
	}
	apex := "endless.sign.test."
	n.addZone(&dnslab.Spec{Apex: apex, Parent: "sign.test.", NS: own, Endless: true})
}

// sampleRecords are names of every kind: plain, wildcard, alias, below an empty
// non-terminal, renamed subtree, several records, long text.
func sampleRecords(apex string) []dns.RR {
	var rrs []dns.RR
	for _, line := range []string{
		"www.%s 3600 IN A 22.0.200.1",
		"www.%s 3600 IN AAAA 2a1f:8000:c8::1",
		"%s 3600 IN TXT \"v=spf1 -all\"",
		"multi.%s 3600 IN A 22.0.200.1",
		"multi.%s 3600 IN A 22.0.200.2",
		"multi.%s 3600 IN A 22.0.200.3",
		"alias.%s 3600 IN CNAME www.%s",
		"alias2.%s 3600 IN CNAME alias.%s",
		"away.%s 3600 IN CNAME www.well.sign.test.",
		"nowhere.%s 3600 IN CNAME none.%s",
		"loop.%s 3600 IN CNAME pool.%s",
		"pool.%s 3600 IN CNAME loop.%s",
		"*.wild.%s 3600 IN A 22.0.200.4",
		"*.wildalias.%s 3600 IN CNAME www.%s",
		"deep.in.the.tree.%s 3600 IN A 22.0.200.5",
		"old.%s 3600 IN DNAME wild.%s",
	} {
		line = strings.ReplaceAll(line, "%s", apex)
		rrs = append(rrs, mustRR(line))
	}
	return rrs
}

// mustRR reads a record that stands in this source.
func mustRR(line string) dns.RR {
	rr, err := dns.NewRR(line)
	if err != nil || rr == nil {
		panic(fmt.Sprintf("lab: record %q: %v", line, err))
	}
	return rr
}

// addZone adds a zone that is always there.
func (n *network) addZone(s *dnslab.Spec) {
	apex := s.Apex
	n.static[apex] = s
	if apex != "." {
		n.children[s.Parent] = append(n.children[s.Parent], apex)
	}
	s.Children = func() []string {
		list := n.children[apex]
		if apex == "test." && n.country != nil {
			list = append(slices.Clone(list), n.country.zoneApexes()...)
		}
		return list
	}
}

// finishZones gives the zones that hold the names of name servers their records. It
// is called once all name servers are there.
func (n *network) finishZones() {
	for _, name := range n.hostNames {
		h := n.hosts[name]
		addrs := h.Addrs
		if h.alias != nil {
			addrs = h.alias
		}
		for _, apex := range []string{"dns.example.nl.", "unsigned-dns.example.nl.", "dnsop.test.", "lab.test."} {
			if spec := n.static[apex]; spec != nil && strings.HasSuffix(name, "."+apex) {
				for _, a := range addrs {
					spec.Records = append(spec.Records, addressRecord(name, a))
				}
			}
		}
	}
	n.fillReverse()
}

// addressRecord writes A and AAAA, IPv4-mapped ones included.
func addressRecord(name string, a netip.Addr) dns.RR {
	if a.Is4In6() {
		b := a.As16()
		return &dns.AAAA{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeAAAA, Class: dns.ClassINET, Ttl: recordTTL}, AAAA: b[:]}
	}
	return dnslab.AddressRecord(name, a)
}

// zone finds the description of a zone.
func (n *network) zone(apex string) *dnslab.Spec {
	if s := n.static[apex]; s != nil {
		return s
	}
	if n.country != nil {
		return n.country.zone(n, apex)
	}
	return nil
}

// addSiteZone makes the zone of a catalogue site.
func (n *network) addSiteZone(s *Site) {
	apex := zoneApex(s.Name)
	parent := apex[strings.IndexByte(apex, '.')+1:]
	n.addZone(&dnslab.Spec{
		Apex: apex, Parent: parent, NS: n.resolved[s.DNS.NameServers], ParentNS: n.parentNS(s), Signing: s.DNS.Signing,
		Records: n.siteRecords(apex, []*Site{s}), Endless: s.DNS.Alias == AliasEndless,
	})
}

func (n *network) parentNS(s *Site) []string {
	if s.DNS.ParentNameServers == "" {
		return nil
	}
	return n.resolved[s.DNS.ParentNameServers]
}

// zoneApex is the zone of a site's name: the name without www.
func zoneApex(name string) string { return strings.TrimPrefix(name, "www.") + "." }

// siteRecords are the records of the sites in one zone; the first site's profile says
// what stands at the apex.
func (n *network) siteRecords(apex string, sites []*Site) []dns.RR {
	var rrs []dns.RR
	add := func(format string, args ...any) { rrs = append(rrs, mustRR(fmt.Sprintf(format, args...))) }
	first := sites[0]
	caa := first.DNS.CAA
	if caa == nil {
		caa = []string{`0 issue "` + n.caaIssuer + `"`, `0 issuewild ";"`, `0 iodef "mailto:security@example.nl"`}
	}
	for _, c := range caa {
		add("%s %d IN CAA %s", apex, recordTTL, c)
	}
	for _, s := range sites {
		name := s.Name + "."
		owners := []string{name}
		if name == "www."+apex && !s.DNS.NoApex {
			owners = append(owners, apex)
		}
		for _, owner := range owners {
			if owner == name {
				target, more := s.alias(apex)
				rrs = append(rrs, more...)
				if target != "" {
					add("%s %d IN CNAME %s", owner, recordTTL, target)
					continue
				}
			}
			if s.DNS.Wildcard && owner == name {
				owner = "*." + apex
			}
			rrs = append(rrs, s.addresses(owner)...)
		}
		for _, also := range s.Also {
			rrs = append(rrs, s.addresses(also+".")...)
		}
		tlsa := s.DNS.TLSA
		if tlsa == nil {
			tlsa = []string{TLSAGood}
		}
		for _, data := range tlsa {
			switch data {
			case TLSAGood:
				for _, data := range n.tlsaOf(s) {
					add("_443._tcp.%s %d IN TLSA %s", name, recordTTL, data)
				}
				continue
			case TLSAWrong:
				data = "3 1 1 " + strings.Repeat("00", 32)
			}
			add("_443._tcp.%s %d IN TLSA %s", name, recordTTL, data)
		}
		if s.DNS.HTTPS != "" {
			add("%s %d IN HTTPS %s", name, recordTTL, s.DNS.HTTPS)
		}
	}
	return rrs
}

// tlsaOf names the intermediates that sign the certificates of a site.
func (n *network) tlsaOf(s *Site) []string {
	withRSA, withEC := false, false
	s.servers(func(srv *Server) {
		if srv.TLS == nil || len(srv.TLS.Certs) == 0 {
			withEC = true
			return
		}
		for _, c := range srv.TLS.Certs {
			isRSA := strings.HasPrefix(string(c.Signature), "rsa")
			withRSA, withEC = withRSA || isRSA, withEC || !isRSA
		}
	})
	var list []string
	for _, rsa := range []bool{false, true} {
		if rsa && withRSA || !rsa && withEC {
			if data, err := n.tlsaGood(rsa); err == nil { // else the certificates fail alike
				list = append(list, data)
			}
		}
	}
	return list
}

// addresses are the A and AAAA records of a site at an owner name.
func (s *Site) addresses(owner string) []dns.RR {
	var rrs []dns.RR
	for i := range s.V4 {
		if !s.DNS.NoA {
			rrs = append(rrs, addressRecord(owner, s.V4[i].Addr))
		}
		if s.DNS.Mapped {
			four := s.V4[i].Addr.As4()
			b := [16]byte{10: 0xff, 11: 0xff}
			copy(b[12:], four[:])
			rrs = append(rrs, addressRecord(owner, netip.AddrFrom16(b)))
		}
	}
	for i := range s.V6 {
		if !s.DNS.NoAAAA {
			rrs = append(rrs, addressRecord(owner, s.V6[i].Addr))
		}
	}
	for _, a := range s.DNS.Extra {
		rrs = append(rrs, addressRecord(owner, a))
	}
	return rrs
}

// alias is where the site's name leads, and records that this needs.
func (s *Site) alias(apex string) (target string, more []dns.RR) {
	switch s.DNS.Alias {
	case AliasChain:
		more = append(more,
			mustRR(fmt.Sprintf("one.%s %d IN CNAME two.%s", apex, recordTTL, apex)),
			mustRR(fmt.Sprintf("two.%s %d IN CNAME three.%s", apex, recordTTL, apex)))
		return "one." + apex, append(more, s.addresses("three."+apex)...)
	case AliasLoop:
		return "loop." + apex, []dns.RR{mustRR(fmt.Sprintf("loop.%s %d IN CNAME %s.", apex, recordTTL, s.Name))}
	case AliasDangling:
		return "gone." + apex, nil
	case AliasEndless:
		return "c1." + apex, nil
	case AliasInternal:
		return "loopback.internal.test.", nil
	case AliasUnsigned, AliasBogus, AliasSigned:
		return s.ID + "." + aliasZones[s.DNS.Alias], nil
	}
	return "", nil
}

// aliasZones hold the targets of aliases that lead out of the zone.
var aliasZones = map[Alias]string{
	AliasUnsigned: "unsigned.hosting.test.",
	AliasBogus:    "bogus.hosting.test.",
	AliasSigned:   "signed.hosting.test.",
}

// addAliasZones makes those zones, with the addresses of the sites that lead there.
func (n *network) addAliasZones(sites []*Site) {
	own := n.static["lab.test."].NS
	n.addZone(&dnslab.Spec{Apex: "hosting.test.", Parent: "test.", NS: own})
	for alias, signing := range map[Alias]dnslab.Signing{
		AliasUnsigned: dnslab.Unsigned, AliasBogus: dnslab.ExpiredSigs, AliasSigned: dnslab.SignedWell,
	} {
		apex := aliasZones[alias]
		spec := &dnslab.Spec{Apex: apex, Parent: "hosting.test.", NS: own, Signing: signing}
		for _, s := range sites {
			if s.DNS.Alias == alias {
				spec.Records = append(spec.Records, s.addresses(s.ID+"."+apex)...)
			}
		}
		n.addZone(spec)
	}
}
