package spf

import (
	"net/netip"
	"strings"
	"testing"

	"peil/internal/standard/lookup"
)

// FuzzWalkAndCheck gives three names any records and expects an end, bounds, and that
// the tree and check_host() agree where both can tell.
func FuzzWalkAndCheck(f *testing.F) {
	f.Add("v=spf1 include:b.nl a -all", "v=spf1 redirect=c.nl", "v=spf1 ip4:192.0.2.0/24 include:a.nl", uint32(0xc0000201))
	f.Add("v=spf1 -ip4:192.0.2.1 include:b.nl ?include:c.nl mx +all", "v=spf1 ip4:192.0.2.0/30 ~all", "v=spf1 -all exp=a.nl", uint32(0xc0000201))
	f.Add("v=spf1 include:%{d} include:b.nl include:b.nl", "v=spf1 include:c.nl include:c.nl", "v=spf1 a a a a a", uint32(1))
	f.Fuzz(func(t *testing.T, a, b, c string, from uint32) {
		asked := 0
		ask := func(name, qtype string) Answer {
			asked++
			switch {
			case qtype == "A" && strings.HasSuffix(name, ".nl"):
				return Answer{Status: lookup.OK, Addrs: []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, 1})}}
			case qtype == "AAAA" && strings.HasSuffix(name, ".nl"):
				return Answer{Status: lookup.OK, Addrs: []netip.Addr{netip.IPv6LinkLocalAllNodes()}}
			case qtype == "MX" && strings.HasSuffix(name, ".nl"):
				return Answer{Status: lookup.OK, Hosts: []string{"a.nl", "b.nl"}}
			case qtype != "TXT":
			case name == "a.nl":
				return Answer{Status: lookup.OK, TXT: []string{a}}
			case name == "b.nl":
				return Answer{Status: lookup.OK, TXT: []string{b}}
			case name == "c.nl":
				return Answer{Status: lookup.OK, TXT: []string{c}}
			}
			return Answer{Status: lookup.NXDomain}
		}
		tree, missing := Walk("a.nl", ask)
		if n := len(tree.Nodes()); n > 6*MaxNodes+MaxTerms || tree.Records > 3 || len(missing) > 0 {
			t.Fatalf("%d nodes, %d records, missing %v", n, tree.Records, missing)
		}
		if asked > MaxRecords+MaxNodes*MaxAddressed*(1+2*MaxHosts)*10 {
			t.Fatalf("%d questions", asked)
		}
		ip := netip.AddrFrom4([4]byte{byte(from >> 24), byte(from >> 16), byte(from >> 8), byte(from)})
		got := Check(Sender{IP: ip, MailFrom: "x@a.nl", HELO: "b.nl"}, ask)
		limits := got.Problem == TooManyLookups || got.Problem == TooManyVoids
		if len(tree.Open) == 0 && !limits && (got.Result == Pass) != tree.Pass.Contains(ip) {
			t.Fatalf("%q %q %q from %s: %+v, the tree passes %v", a, b, c, ip, got, tree.Pass.Prefixes())
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	ask := world(`
		a.nl TXT v=spf1 mx include:spf.protection.outlook.com include:_spf.transip.email include:spf.mandrillapp.com ip4:192.0.2.0/24 -all
		a.nl MX m.nl
		m.nl A 203.0.113.1
		m.nl AAAA 2001:db8::5
		spf.protection.outlook.com TXT v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/15 ip4:52.102.0.0/16 ip4:52.103.0.0/17 ip4:104.47.0.0/17 ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/49 ip6:2a01:111:f403:8000::/51 ip6:2a01:111:f403:c000::/51 ip6:2a01:111:f403:f000::/52 -all
		_spf.transip.email TXT v=spf1 ip4:149.210.149.64/28 ip6:2a01:7c8:7c8::/64 ~all
		spf.mandrillapp.com TXT v=spf1 ip4:198.2.128.0/24 ip4:198.2.132.0/22 ~all
		`)
	for b.Loop() {
		Walk("a.nl", ask)
	}
}
