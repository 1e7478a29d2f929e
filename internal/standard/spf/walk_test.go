package spf

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"peil/internal/standard/lookup"
)

func q(name, qtype string) Question { return Question{Name: name, Type: qtype} }

// world is a DNS in a few lines: "name TYPE data", TXT as it stands, "FAIL" for a
// failure. Names that are not in it do not exist.
func world(lines string) Ask {
	all := map[Question]Answer{}
	names := map[string]bool{}
	for line := range strings.Lines(lines) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(f) < 3 {
			continue
		}
		k := q(f[0], f[1])
		a := all[k]
		names[f[0]] = true
		a.Status = lookup.OK
		switch {
		case f[2] == "FAIL":
			a.Status = lookup.Failure
		case f[1] == "TXT":
			a.TXT = append(a.TXT, f[2])
		case f[1] == "A" || f[1] == "AAAA":
			a.Addrs = append(a.Addrs, netip.MustParseAddr(f[2]))
		default:
			a.Hosts = append(a.Hosts, f[2])
		}
		all[k] = a
	}
	return func(name, qtype string) Answer {
		a, ok := all[q(name, qtype)]
		switch {
		case ok:
			return a
		case names[name]:
			return Answer{Status: lookup.NoData}
		}
		return Answer{Status: lookup.NXDomain}
	}
}

// draw is a tree in text: a line per node with its state and cost.
func draw(t *Tree) string {
	var b strings.Builder
	for _, n := range t.Nodes() {
		fmt.Fprintf(&b, "%s%s %s %d", strings.Repeat("  ", n.Depth), n.Domain, n.Status, n.Lookups)
		if n.Parent != nil {
			fmt.Fprintf(&b, " by %s", n.Parent.Term.Text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestWalkDrawsTheTreeWithItsCost(t *testing.T) {
	tree, missing := Walk("Example.nl.", world(`
		example.nl TXT v=spf1 mx a:www.example.nl include:_spf.provider.nl include:%{i}.x.nl include:%{d2}.s.nl -all include:never.nl
		example.nl MX mail.example.nl
		mail.example.nl A 192.0.2.1
		mail.example.nl AAAA 2001:db8::1
		www.example.nl A 192.0.2.2
		_spf.provider.nl TXT v=spf1 include:a.provider.nl redirect=b.provider.nl
		a.provider.nl TXT v=spf1 ip4:198.51.100.0/24 -ip4:198.51.100.7 ?all
		b.provider.nl TXT v=spf1 exists:%{i}.rbl.nl ptr ip6:2001:db8:1::/48 ~all
		example.nl.s.nl TXT v=spf1 ip4:203.0.113.1 include:gone.nl
		`))
	if len(missing) > 0 {
		t.Fatalf("missing %v", missing)
	}
	want := `example.nl found 10
  _spf.provider.nl found 4 by include:_spf.provider.nl
    a.provider.nl found 0 by include:a.provider.nl
    b.provider.nl found 2 by redirect=b.provider.nl
   macro 0 by include:%{i}.x.nl
  example.nl.s.nl found 1 by include:%{d2}.s.nl
    gone.nl nxdomain 0 by include:gone.nl
`
	if got := draw(tree); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if tree.Lookups != 10 || tree.Over != nil || tree.Records != 5 || tree.Voids4 != 0 || tree.Voids6 != 1 {
		t.Errorf("lookups %d over %v records %d voids %d %d", tree.Lookups, tree.Over, tree.Records, tree.Voids4, tree.Voids6)
	}
	if tree.All != Minus || tree.AllAt != tree.Root {
		t.Errorf("all %c", tree.All)
	}
	if got, want := tree.Pass.Prefixes(), prefixes("192.0.2.1/32", "192.0.2.2/32", "198.51.100.0/24", "203.0.113.1/32", "2001:db8::1/128", "2001:db8:1::/48"); !reflect.DeepEqual(got, want) {
		t.Errorf("pass %v, want %v", got, want)
	}
	var open []string
	for _, s := range tree.Open {
		open = append(open, s.Term.Text)
	}
	if want := []string{"exists:%{i}.rbl.nl", "ptr", "include:%{i}.x.nl"}; !reflect.DeepEqual(open, want) {
		t.Errorf("open %v, want %v", open, want)
	}
}

func TestWalkAsksALevelAtATime(t *testing.T) {
	ask := world(`
		example.nl TXT v=spf1 a include:a.nl include:b.nl mx -all
		example.nl A 192.0.2.1
		example.nl MX mail.example.nl
		mail.example.nl A 192.0.2.9
		a.nl TXT v=spf1 include:c.nl -all
		b.nl TXT v=spf1 -all
		c.nl TXT v=spf1 ip4:192.0.2.8 -all
		`)
	known := map[Question]bool{}
	var rounds [][]Question
	for {
		_, missing := Walk("example.nl", func(name, qtype string) Answer {
			if !known[q(name, qtype)] {
				return Answer{}
			}
			return ask(name, qtype)
		})
		if len(missing) == 0 {
			break
		}
		rounds = append(rounds, missing)
		for _, m := range missing {
			known[m] = true
		}
	}
	want := [][]Question{
		{q("example.nl", "TXT")},
		{q("a.nl", "TXT"), q("b.nl", "TXT"), q("example.nl", "A"), q("example.nl", "AAAA"), q("example.nl", "MX")},
		{q("c.nl", "TXT"), q("mail.example.nl", "A"), q("mail.example.nl", "AAAA")},
	}
	if !reflect.DeepEqual(rounds, want) {
		t.Errorf("got %v\nwant %v", rounds, want)
	}
}

func TestWalkStates(t *testing.T) {
	for name, c := range map[string]struct {
		zone, all, pass, tree string
		over                  bool
	}{
		"loop": {
			"a.nl TXT v=spf1 ip4:192.0.2.1 include:b.nl ip4:192.0.2.2 -all\n b.nl TXT v=spf1 include:a.nl ip4:192.0.2.3", "-", "[192.0.2.1/32]",
			"a.nl found 2\n  b.nl found 1 by include:b.nl\n    a.nl loop 0 by include:a.nl\n", false,
		},
		"redirect to everything": {
			"a.nl TXT v=spf1 -ip4:192.0.2.1 redirect=b.nl\n b.nl TXT v=spf1 +all", "+", "",
			"a.nl found 1\n  b.nl found 0 by redirect=b.nl\n", false,
		},
		"redirect ignored beside all": {
			"a.nl TXT v=spf1 redirect=b.nl ~all", "~", "[]", "a.nl found 0\n", false,
		},
		"no all": {"a.nl TXT v=spf1 ip4:192.0.2.0/31", "\x00", "[192.0.2.0/31]", "a.nl found 0\n", false},
		"several records": {
			"a.nl TXT v=spf1 include:b.nl ip4:192.0.2.1 -all\n b.nl TXT v=spf1 -all\n b.nl TXT v=spf1 ~all", "-", "[]",
			"a.nl found 1\n  b.nl multiple_records 0 by include:b.nl\n", false,
		},
		"failure, no record, bad name": {
			"a.nl TXT v=spf1 ip4:192.0.2.1 include:b.nl include:c.nl include:x..nl ?all\n b.nl TXT FAIL\n c.nl TXT hello", "?", "[192.0.2.1/32]",
			"a.nl found 3\n  b.nl dns_failure 0 by include:b.nl\n  c.nl none 0 by include:c.nl\n  x..nl bad_name 0 by include:x..nl\n", false,
		},
		"an error in an included record": {
			"a.nl TXT v=spf1 ip4:192.0.2.1 include:b.nl ip4:192.0.2.2 -all\n b.nl TXT v=spf1 ip4:192.0.2.3 foo", "-", "[192.0.2.1/32]",
			"a.nl found 1\n  b.nl found 0 by include:b.nl\n", false,
		},
		"a record included twice costs twice": {
			"a.nl TXT v=spf1 include:b.nl include:b.nl -all\n b.nl TXT v=spf1 a a a a a -all\n b.nl A 192.0.2.1", "-", "[192.0.2.1/32]",
			"a.nl found 12\n  b.nl found 5 by include:b.nl\n  b.nl found 5 by include:b.nl\n", true,
		},
		"first match counts": {
			"a.nl TXT v=spf1 -ip4:192.0.2.0/31 include:b.nl ~all\n b.nl TXT v=spf1 -ip4:192.0.2.6 ip4:192.0.2.0/29 ip4:192.0.2.6", "~", "[192.0.2.2/31 192.0.2.4/31 192.0.2.7/32]",
			"a.nl found 1\n  b.nl found 0 by include:b.nl\n", false,
		},
	} {
		tree, missing := Walk("a.nl", world(c.zone))
		if len(missing) > 0 {
			t.Errorf("%s: missing %v", name, missing)
		}
		if got := draw(tree); got != c.tree {
			t.Errorf("%s: got\n%swant\n%s", name, got, c.tree)
		}
		if string(rune(tree.All)) != c.all || (tree.Over != nil) != c.over {
			t.Errorf("%s: all %q, over %v", name, tree.All, tree.Over)
		}
		if got := fmt.Sprint(tree.Pass.Prefixes()); c.pass != "" && got != c.pass {
			t.Errorf("%s: pass %s, want %s", name, got, c.pass)
		}
	}
}

func TestWidthOfEverything(t *testing.T) {
	for zone, want := range map[string]bool{
		"a.nl TXT v=spf1 +all":                                              true,
		"a.nl TXT v=spf1 ip4:0.0.0.0/0 ip6:::/0 -all":                       true,
		"a.nl TXT v=spf1 exists:b.nl -all\n b.nl A 192.0.2.1":               true,
		"a.nl TXT v=spf1 include:b.nl -all\n b.nl TXT v=spf1 all":           true,
		"a.nl TXT v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all":                false,
		"a.nl TXT v=spf1 -ip4:192.0.2.1 +all":                               false,
		"a.nl TXT v=spf1 ?all":                                              false,
		"a.nl TXT v=spf1 a:b.nl//0 a:b.nl/0 -all\n b.nl A 192.0.2.1":        false,
		"a.nl TXT v=spf1 a:b.nl/0 ip6:8000::/1 ip6:::/1\n b.nl A 192.0.2.1": true,
	} {
		tree, _ := Walk("a.nl", world(zone))
		if got := tree.Pass.Everything(); got != want {
			t.Errorf("%s: got %v: %v", zone, got, tree.Pass.Prefixes())
		}
	}
}

// Whoever the tree says passes must pass, and nobody else, as long as the limits hold.
func TestWalkAgreesWithCheck(t *testing.T) {
	ask := world(`
		a.nl TXT v=spf1 -ip4:192.0.2.4/30 include:b.nl ?include:c.nl a/31 mx//64 redirect=d.nl
		a.nl A 198.51.100.4
		a.nl MX m.nl
		m.nl A 203.0.113.1
		m.nl AAAA 2001:db8::5
		b.nl TXT v=spf1 ip4:192.0.2.0/28 -ip4:192.0.2.0/24 ~all
		c.nl TXT v=spf1 ip4:192.0.2.0/27 -all
		d.nl TXT v=spf1 ~ip4:192.0.2.40 ip4:192.0.2.0/26 ip6:2001:db8:0:1::/64 -all
		`)
	tree, _ := Walk("a.nl", ask)
	var ips []string
	for i := range 80 {
		ips = append(ips, fmt.Sprintf("192.0.2.%d", i))
	}
	ips = append(ips, "198.51.100.4", "198.51.100.5", "198.51.100.6", "203.0.113.1", "203.0.113.2", "2001:db8::6", "2001:db8:0:1::9", "2001:db8:0:2::9")
	passed := 0
	for _, s := range ips {
		ip := netip.MustParseAddr(s)
		got := Check(Sender{IP: ip, MailFrom: "x@a.nl", HELO: "m.nl"}, ask).Result == Pass
		if got != tree.Pass.Contains(ip) {
			t.Errorf("%s: check passes %v, the tree %v", ip, got, tree.Pass.Contains(ip))
		}
		if got {
			passed++
		}
	}
	if passed < 20 || passed > len(ips)-20 {
		t.Errorf("%d of %d pass: the test says little", passed, len(ips))
	}
}

func TestHostileTreesAreBounded(t *testing.T) {
	asked := map[Question]bool{}
	tree, _ := Walk("x.nl", func(name, qtype string) Answer {
		asked[q(name, qtype)] = true
		var b strings.Builder
		b.WriteString("v=spf1")
		for i := range 200 {
			fmt.Fprintf(&b, " include:%d.%s mx:m%d.%s ip4:10.%d.0.0/28", i, name, i, name, i)
		}
		a := Answer{Status: lookup.OK, TXT: []string{b.String()}}
		for i := range 30 {
			a.Hosts = append(a.Hosts, fmt.Sprintf("h%d.%s", i, name))
		}
		return a
	})
	if len(asked) > MaxRecords+MaxAddressed*(1+2*MaxHosts) || tree.Records > MaxRecords || tree.Over == nil {
		t.Errorf("%d questions, %d records", len(asked), tree.Records)
	}
}

func TestProvider(t *testing.T) {
	for name, want := range map[string]string{
		"spf.protection.outlook.com": "Microsoft 365", "_SPF.google.com.": "Google Workspace", "eu._netblocks.mimecast.com": "Mimecast",
		"_spf.transip.email": "TransIP", "example.nl": "", "": "", "notmimecast.com": "",
	} {
		if got := Provider(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
