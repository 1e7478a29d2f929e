package spf

import (
	"fmt"
	"strings"
	"testing"

	"peil/internal/standard/lookup"
)

func TestParseNamesEachDefectAtItsPlace(t *testing.T) {
	for in, want := range map[string]string{
		"v=spf1 -all":                                "",
		"V=SPF1  MX  -ALL ":                          "",
		"v=spf1 a/24 mx:example.nl/24//64 ~all":      "",
		"v=spf1 a//64 a:%{d}/24 exists:a/b.nl -all":  "",
		"v=spf1 include:_spf.example.nl. ?all":       "",
		"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32":  "",
		"v=spf1 ip6:::ffff:192.0.2.1 -all":           "",
		"v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all":   "",
		"v=spf1 redirect=_spf.example.nl exp=e.%{d}": "",
		"v=spf1":                                      "empty@-1",
		"v=spf10 -all":                                "not_spf@0",
		"spf1 -all":                                   "not_spf@0 unknown_mechanism@0",
		"v=spf1 -all; ":                               "unknown_mechanism@7",
		"v=spf1 ipv4:192.0.2.1 foo -all":              "unknown_mechanism@7 unknown_mechanism@22",
		"v=spf1 -all:example.nl -all/8":               "unexpected_target@11 unexpected_prefix@27",
		"v=spf1 all -all":                             "after_all@11",
		"v=spf1 include -all":                         "missing_target@14",
		"v=spf1 include: a: -all":                     "missing_target@15 missing_target@18",
		"v=spf1 include:example.nl/24 -all":           "unexpected_prefix@25",
		"v=spf1 ptr/24 -all":                          "unexpected_prefix@10",
		"v=spf1 ptr -all":                             "ptr_used@7",
		"v=spf1 a:museum -all":                        "bad_domain@9",
		"v=spf1 a:192.0.2.1 -all":                     "bad_domain@9",
		"v=spf1 a:example.nl/33 -all":                 "bad_prefix@19",
		"v=spf1 a/033 a/ mx//129 -all":                "bad_prefix@8 bad_prefix@14 bad_prefix@18",
		"v=spf1 a:example.nl/x -all":                  "bad_prefix@19",
		"v=spf1 ip4:192.0.2.1/32 ip4:192.0.2.300":     "bad_ip4@28",
		"v=spf1 ip4 ip4: ip4:192.0.02.1 ip4:1.2.3.4/": "missing_target@10 missing_target@14 bad_ip4@20 bad_prefix@42",
		"v=spf1 ip4:2001:db8::1 ip6:192.0.2.1":        "bad_ip4@11 bad_ip6@27",
		"v=spf1 ip4:192.0.2.1/24 -all":                "host_bits@7",
		"v=spf1 ip6:2001:db8::%eth0/64 -all":          "bad_ip6@11",
		"v=spf1 exists:%(i).nl exists:%{x}.nl":        "bad_macro@14 bad_macro@29",
		"v=spf1 exists:%{i0}.nl exists:%{i.nl a:x%":   "bad_macro@14 bad_macro@30 bad_macro@40",
		"v=spf1 exists:%{c}.nl":                       "bad_macro@14",
		"v=spf1 a:exa\x01mple.nl \xe9all":             "bad_character@12 unknown_mechanism@21",
		"v=spf1 -redirect=example.nl":                 "qualified_modifier@7",
		"v=spf1 1up=x =y -all":                        "modifier_name@7 modifier_name@13",
		"v=spf1 rp=100 foo=%x -all":                   "unknown_modifier@7 unknown_modifier@14 bad_macro@18",
		"v=spf1 redirect=a.nl -all":                   "redirect_unused@7",
		"v=spf1 redirect=a.nl redirect=b.nl":          "double_redirect@21",
		"v=spf1 exp=a.nl exp=b.nl exp= -all":          "double_exp@16 missing_target@29 double_exp@25",
		"v=spf1 mx mx -all":                           "repeated@10",
		"v=spf1 a:.example..nl -all":                  "empty_label@9",
	} {
		var got []string
		for _, d := range Parse(in).Defects {
			got = append(got, fmt.Sprintf("%s@%d", d.Code, d.Position))
		}
		sortedWant := strings.Fields(want)
		if !sameSet(got, sortedWant) {
			t.Errorf("%q:\n got %v\nwant %v", in, got, sortedWant)
		}
	}
}

func sameSet(a, b []string) bool {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestDefectsAreInOrderOfPlace(t *testing.T) {
	r := Parse("v=spf1 foo -all ptr bar " + strings.Repeat("ip4:192.0.2.1 ", 40))
	last := 0
	for _, d := range r.Defects {
		if d.Position >= 0 && d.Position < last {
			t.Fatalf("out of order: %+v", r.Defects)
		}
		last = d.Position
	}
	if d := r.Defects[len(r.Defects)-1]; d.Code != Over512 || d.Position != -1 {
		t.Errorf("last is %+v, want the length", d)
	}
}

func TestLengths(t *testing.T) {
	for n, want := range map[int]string{255: "", 256: Over255, 450: Over255, 451: Over450, 512: Over450, 513: Over512} {
		text := "v=spf1 -all x=" + strings.Repeat("y", n-14)
		got := ""
		for _, d := range Parse(text).Defects {
			if d.Position == -1 {
				got = d.Code
			}
		}
		if got != want {
			t.Errorf("%d octets: got %q, want %q", n, got, want)
		}
	}
}

func TestSelect(t *testing.T) {
	got := Select([]string{"v=spf1 -all", "v=spf10", "V=SPF1", "google-site-verification=x", "v=spf1-all", ""})
	if len(got) != 2 || got[0] != "v=spf1 -all" || got[1] != "V=SPF1" {
		t.Errorf("got %q", got)
	}
}

// The examples of RFC 7208 section 7.4.
func TestMacroExamples(t *testing.T) {
	values := func(ip string) func(byte) string {
		return func(l byte) string {
			return map[byte]string{'s': "strong-bad@email.example.com", 'o': "email.example.com", 'd': "email.example.com", 'l': "strong-bad", 'i': ip, 'v': "in-addr"}[l]
		}
	}
	for in, want := range map[string]string{
		"%{s}":                              "strong-bad@email.example.com",
		"%{o}":                              "email.example.com",
		"%{d4}":                             "email.example.com",
		"%{d3}":                             "email.example.com",
		"%{d2}":                             "example.com",
		"%{d1}":                             "com",
		"%{dr}":                             "com.example.email",
		"%{d2r}":                            "example.email",
		"%{l}":                              "strong-bad",
		"%{l-}":                             "strong.bad",
		"%{lr}":                             "strong-bad",
		"%{lr-}":                            "bad.strong",
		"%{l1r-}":                           "strong",
		"%{ir}.%{v}._spf.%{d2}":             "3.2.0.192.in-addr._spf.example.com",
		"%{lr-}.lp._spf.%{d2}":              "bad.strong.lp._spf.example.com",
		"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}":   "bad.strong.lp.3.2.0.192.in-addr._spf.example.com",
		"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}":  "3.2.0.192.in-addr.strong.lp._spf.example.com",
		"%{d2}.trusted-domains.example.net": "example.com.trusted-domains.example.net",
		"%{S}":                              "strong-bad%40email.example.com",
	} {
		s, code, _ := parseSpec(in, true, false)
		if code != "" {
			t.Errorf("%s: %s", in, code)
			continue
		}
		if got := s.expand(values("192.0.2.3")); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"v=spf1 a/24 mx:example.nl/24//64 ~all", "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all", "v=spf1 redirect=a exp=%{d}",
		"v=spf1 ip4:1.2.3.4/33 ip6:::1//64 -foo=bar", "v=spf1 a:%%%_%-x.nl/0//0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := Parse(s)
		for _, d := range r.Defects {
			if d.Position < -1 || d.Position > len(s) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		bad := false
		for i := range r.Terms {
			g := &r.Terms[i]
			bad = bad || g.Bad
			if s[g.Position:g.Position+len(g.Text)] != g.Text {
				t.Fatalf("term not at its place: %+v", g)
			}
			if g.Target != nil {
				if n, ok := g.Target.Static("a.example.nl", "example.nl"); ok && n != lookup.Canonical(n) {
					t.Fatalf("name %q", n)
				}
			}
		}
		if bad && r.Valid() {
			t.Fatal("a bad term in a valid record")
		}
		r.Evaluated()
	})
}
