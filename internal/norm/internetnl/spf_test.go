package internetnl

import (
	"strings"
	"testing"

	"peil/internal/standard/lookup"
)

func TestSPFTerms(t *testing.T) {
	for _, c := range []struct {
		record string
		want   string // terms joined by |, "error" for a syntax error
	}{
		{"v=spf1", ""},
		{"v=spf1 ", ""},
		{"V=SPF1 -ALL", "-all"},
		{"v=spf1  mx   -all  ", "mx|-all"}, // repeated and trailing spaces
		{"v=spf10 -all", "error"},
		{"v=spf1\t-all", "error"}, // only the space is white space
		{"v=spf1 -all;", "error"},
		{"v=spf1 -all -all", "-all|-all"},
		{"v=spf1 -al", "error"},
		{"v=spf1 all:x", "error"},
		{"spf1 -all", "error"},
		// modifiers
		{"v=spf1 rp=100 -all", "error"}, // the value does not end like a host label
		{"v=spf1 foo=bar -all", "foo=bar|-all"},
		{"v=spf1 foo=%{d} -all", "foo=%{d}|-all"},
		{"v=spf1 foo= -all", "error"},
		{"v=spf1 about=x -all", "error"}, // "a" is taken, and never given back
		{"v=spf1 mxx=x -all", "error"},
		{"v=spf1 ptrs=x -all", "error"},
		{"v=spf1 include=x -all", "include=x|-all"}, // without a colon no mechanism
		{"v=spf1 -foo=x -all", "error"},
		{"v=spf1 redirect=_spf.example.nl", "redirect=_spf.example.nl"},
		{"v=spf1 redirect=100", "error"},
		{"v=spf1 exp=why.example.nl -all", "exp=why.example.nl|-all"},
		// domains
		{"v=spf1 include:example.nl. -all", "include:example.nl.|-all"},
		{"v=spf1 include:localhost -all", "include:localhost|-all"},
		{"v=spf1 include:example.123 -all", "error"},
		{"v=spf1 include:example.1a -all", "include:example.1a|-all"},
		{"v=spf1 include:example.xn--p1ai -all", "include:example.xn--p1ai|-all"},
		{"v=spf1 include: -all", "error"},
		{"v=spf1 include:. -all", "error"},
		{"v=spf1 include:.. -all", "error"},
		{"v=spf1 a:192.0.2.1 -all", "error"},
		{"v=spf1 a:example.nl/24//64 mx/24//64 a//64 -all", "a:example.nl/24//64|mx/24//64|a//64|-all"},
		{"v=spf1 a/33 -all", "error"},
		{"v=spf1 mx//129 -all", "error"},
		{"v=spf1 a/024 -all", "error"},
		{"v=spf1 ptr:example.nl +ptr ?a -all", "ptr:example.nl|+ptr|?a|-all"},
		{"v=spf1 exists:%{i}._spf.%{d2} -all", "exists:%{i}._spf.%{d2}|-all"},
		{"v=spf1 exists:%{ir}.example.%{dr-} -all", "exists:%{ir}.example.%{dr-}|-all"},
		{"v=spf1 exists:%{x}.example.nl -all", "error"},
		{"v=spf1 exists:100%.example.nl -all", "error"},
		{"v=spf1 exists -all", "error"},
		// addresses
		{"v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 -all", "ip4:192.0.2.1|ip4:192.0.2.0/24|-all"},
		{"v=spf1 ip4:192.0.2.01 -all", "error"}, // leading zeros
		{"v=spf1 ip4:192.0.02.1 -all", "error"},
		{"v=spf1 ip4:192.0.2 -all", "error"},
		{"v=spf1 ip4:192.0.2.256 -all", "error"},
		{"v=spf1 ip4:192.0.2.1/33 -all", "error"},
		{"v=spf1 ip6:2001:db8::1 ip6:2001:db8::/32 -all", "ip6:2001:db8::1|ip6:2001:db8::/32|-all"},
		{"v=spf1 ip6:2001:db8::/129 -all", "error"},
		{"v=spf1 ip6:192.0.2.1 -all", "error"},
		{"v=spf1 ip6: -all", "error"},
		{"v=spf1 ipv4:192.0.2.1 -all", "error"},
	} {
		terms, ok := SPFTerms(c.record)
		got := strings.Join(terms, "|")
		if !ok {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.record, got, c.want)
		}
	}
}

// spfZone answers with TXT records; a name that is absent does not exist.
func spfZone(records map[string][]string) lookup.Ask {
	return func(name, _ string) lookup.Answer {
		switch txt, ok := records[name]; {
		case !ok:
			return lookup.Answer{Status: lookup.NXDomain}
		case txt == nil:
			return lookup.Answer{}
		case len(txt) == 0:
			return lookup.Answer{Status: lookup.NoData}
		case txt[0] == "SERVFAIL":
			return lookup.Answer{Status: lookup.Failure}
		default:
			return lookup.Answer{Status: lookup.OK, TXT: txt}
		}
	}
}

func TestReadSPF(t *testing.T) {
	nine := strings.Repeat(" mx", 9)
	for _, c := range []struct {
		record  string
		zone    map[string][]string
		verdict string
		points  int
	}{
		{"v=spf1 -all", nil, "good", 10},
		{"v=spf1 ~all", nil, "good", 10},
		{"v=spf1 +all", nil, "all", 2},
		{"v=spf1 all", nil, "all", 2},
		{"v=spf1 ?all", nil, "all", 2},
		{"v=spf1 mx", nil, "all", 2},
		{"v=spf1", nil, "all", 2},
		{"v=spf1 -all;", nil, "bad", 0},
		{"v=spf1 -all include:gone.nl +all", nil, "good", 10}, // what follows the first all is ignored
		// counting: eleven that are not followed do no harm
		{"v=spf1" + nine + " mx mx -all", nil, "good", 10},
		{"v=spf1" + nine + " include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 -all"}}, "good", 10},
		{"v=spf1" + nine + " mx include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 -all"}}, "max-lookups", 2},
		{"v=spf1" + nine + " +a a/24 a:x.nl include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 -all"}}, "good", 10}, // these do not count
		{"v=spf1" + nine + " a include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 -all"}}, "max-lookups", 2},
		{"v=spf1" + nine + " a:mx.example.nl include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 -all"}}, "max-lookups", 2}, // and this does
		{"v=spf1" + nine + " include:i.nl include:j.nl -all", map[string][]string{"i.nl": {"v=spf1 -all"}, "j.nl": {"v=spf1 -all"}}, "max-lookups", 2},
		// the balance of a nested record carries on to the next include
		{"v=spf1 include:i.nl include:j.nl -all", map[string][]string{"i.nl": {"v=spf1" + nine + " -all"}, "j.nl": {"v=spf1 -all"}}, "max-lookups", 2},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 include:i.nl -all"}}, "max-lookups", 2}, // a loop, through the outer include
		// include
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 ?all"}}, "good", 10}, // not in the target of an include
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 mx"}}, "good", 10},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 +all"}}, "include", 2},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1"}}, "include", 2},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 -all;"}}, "include", 0},
		{"v=spf1 include:i.nl -all", nil, "include", 2},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {}}, "include", 2},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"SERVFAIL"}}, "include", 2},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"x"}}, "include", 0},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 -all", "v=spf1 ~all"}}, "include", 0},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"x", "v=spf1 -all"}}, "good", 10},
		{"v=spf1 include:I.NL. -all", map[string][]string{"i.nl": {"v=spf1 -all"}}, "good", 10},
		{"v=spf1 include:%{d}.x.nl -all", nil, "good", 10}, // macros are not expanded
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 include:j.nl -all"}}, "include", 2},
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": {"v=spf1 redirect=j.nl"}, "j.nl": {"v=spf1 x"}}, "include", 0}, // the outermost is named
		{"v=spf1 include:i.nl -all", map[string][]string{"i.nl": nil}, "", 0},
		// redirect
		{"v=spf1 redirect=i.nl", map[string][]string{"i.nl": {"v=spf1 -all"}}, "good", 10},
		{"v=spf1 redirect=i.nl", map[string][]string{"i.nl": {"v=spf1 ?all"}}, "redirect", 2},
		{"v=spf1 redirect=i.nl", map[string][]string{"i.nl": {"v=spf1 mx"}}, "redirect", 2},
		{"v=spf1 redirect=i.nl", map[string][]string{"i.nl": {"v=spf1 include:j.nl -all"}, "j.nl": {"v=spf1 -all;"}}, "redirect", 0},
		{"v=spf1 redirect=gone.nl -all", nil, "good", 10}, // not followed beside all
		{"v=spf1 redirect=i.nl redirect=gone.nl", map[string][]string{"i.nl": {"v=spf1 -all"}}, "good", 10},
	} {
		p := ReadSPF("example.nl", c.record, spfZone(c.zone))
		if p.Verdict != c.verdict || p.Points != c.points {
			t.Errorf("%q %v: %q %d, want %q %d", c.record, c.zone, p.Verdict, p.Points, c.verdict, c.points)
		}
		if below := p.Verdict != "good" && p.Verdict != ""; below != (len(p.Trail) > 0) || below && p.Trail[0].Name != "example.nl" {
			t.Errorf("%q: trail %v", c.record, p.Trail)
		}
	}
}

func TestNotSendingSPF(t *testing.T) {
	for record, want := range map[string]bool{
		"v=spf1 -all":                      true,
		"v=spf1   -all":                    true,
		"v=spf1 -all;":                     true,
		"v=spf1 exp=why.nl -all":           true,
		"v=spf1 -all exp=why.nl":           true,
		"v=spf1 exp=why.nl -all exp=wo.nl": true,
		"v=spf1 exp=a.nl exp=b.nl -all":    false,
		"v=spf1 -all ":                     false,
		"V=spf1 -all":                      false,
		"v=spf1 -ALL":                      false,
		"v=spf1 ~all":                      false,
		"v=spf1 mx -all":                   false,
		"v=spf1":                           false,
	} {
		if got := NotSendingSPF(record); got != want {
			t.Errorf("%q: %v", record, got)
		}
	}
}

func FuzzReadSPF(f *testing.F) {
	for _, s := range []string{"v=spf1 mx include:i.nl redirect=i.nl", "v=spf1 ip4:1.2.3.4/24 ip6:::/0 a:%{d}//64 exp=x.nl -all", "v=spf1 exists:%{ir}.x.%{d2r.-} foo=bar"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		asked := 0
		p := ReadSPF("example.nl", record, func(string, string) lookup.Answer {
			asked++
			return lookup.Answer{Status: lookup.OK, TXT: []string{record}}
		})
		if asked > 12 {
			t.Fatalf("%d questions", asked)
		}
		if _, ok := SPFTerms(record); !ok && (p.Verdict != "bad" || p.Points != 0) {
			t.Fatalf("a syntax error is %q %d", p.Verdict, p.Points)
		}
		NotSendingSPF(record)
	})
}
