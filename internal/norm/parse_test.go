package norm

import (
	"reflect"
	"strings"
	"testing"

	"peil/internal/fact"
)

func TestParseHSTS(t *testing.T) {
	for _, c := range []struct {
		in     string
		want   hsts
		defect string
	}{
		{"max-age=31536000", hsts{MaxAge: 31536000}, ""},
		{` max-age = "63072000" ; includeSubDomains ; preload; `, hsts{MaxAge: 63072000, IncludeSubDomains: true, Preload: true}, ""},
		{";;max-age=0;;", hsts{}, ""},
		{"max-age=1; x=\"a;b\\\"c\"", hsts{MaxAge: 1}, ""},
		{"max-age=" + strings.Repeat("9", 30), hsts{MaxAge: anyTime, Sent: "999999999999…"}, ""},
		{"max-age=9223372036854775808", hsts{MaxAge: anyTime, Sent: "922337203685…"}, ""},
		{"max-age=" + strings.Repeat("0", 30) + "31536000", hsts{MaxAge: 31536000}, ""},
		{"", hsts{}, "hsts-no-max-age"},
		{"max-age", hsts{}, "hsts-bad-max-age"},
		{"max-age=-1", hsts{}, "hsts-bad-max-age"},
		{"max-age=1.5", hsts{}, "hsts-bad-max-age"},
		{"max-age=", hsts{}, "hsts-malformed"},
		{"max-age=\"1", hsts{}, "hsts-malformed"},
		{"max-age=1; MAX-AGE=2", hsts{MaxAge: 1}, "hsts-repeated-directive"},
	} {
		got, defect := parseHSTS(c.in)
		if got != c.want || defect != c.defect {
			t.Errorf("%q: %+v %q", c.in, got, defect)
		}
	}
}

func TestParseCSP(t *testing.T) {
	ps := parseCSP("Script-Src 'self'\t'Unsafe-Inline'; script-src x;; ,default-src 'none'")
	if len(ps) != 2 || !reflect.DeepEqual(ps[0].directives["script-src"], []string{"'self'", "'Unsafe-Inline'"}) {
		t.Errorf("%v", ps)
	}
	if !inline(ps[0].directives["script-src"]) {
		t.Error("keywords are compared without regard to case")
	}
	if inline([]string{"'unsafe-inline'", "'nonce-!'"}) != true {
		t.Error("an invalid nonce does not switch unsafe-inline off")
	}
}

func TestParsePermissions(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []feature
		ok   bool
	}{
		{"camera=()", []feature{{"camera", []string{}}}, true},
		{`geolocation=(self "https://a.example"), usb=*;report-to=x`, []feature{{"geolocation", []string{"self", "https://a.example"}}, {"usb", []string{"*"}}}, true},
		{"camera=(), camera=*", []feature{{"camera", []string{"*"}}}, true},
		{"fullscreen", []feature{{Name: "fullscreen"}}, true},
		{"camera 'none'", nil, false},
		{"camera=(", nil, false},
		{"camera=(self)x", nil, false},
		{"camera=(),", nil, false},
		{"Camera=()", nil, false},
	} {
		got, ok := parsePermissions(c.in)
		if ok != c.ok || (ok && !reflect.DeepEqual(got, c.want)) {
			t.Errorf("%q: %v %v", c.in, got, ok)
		}
	}
}

func TestParseCertificate(t *testing.T) {
	der := issued(t, nil)
	c := parseCertificate(der[0])
	if c.Defect != "" || c.Key.String() != "EC secp256r1" || c.Signature.Name != "ecdsa-with-SHA256" || c.IssuerOrg != "Let's Encrypt" || c.SubjectCN != siteName || len(c.DNSNames) != 2 || c.CA {
		t.Errorf("%+v", c)
	}
	if ca := parseCertificate(der[1]); !ca.CA {
		t.Error("the intermediate is an authority")
	}
}

func TestTheTablesOfTheGuidelinesAreWellFormed(t *testing.T) {
	for name, text := range map[string]string{"2021": table2021, "2025": table2025} {
		if _, err := parseClasses(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(text, "# Source:") || !strings.Contains(text, "# Made:") {
			t.Errorf("%s: no source or date", name)
		}
	}
	n := ncsc2025.tables()
	if g, s, p := len(n.of(good)), len(n.of(sufficient)), len(n.of(phaseOut)); g != 2 || s != 10 || p != 35 {
		t.Errorf("2025-05 has %d good, %d sufficient, %d phase-out suites", g, s, p)
	}
	o := ncsc2021.tables()
	if g, s, p := len(o.of(good)), len(o.of(sufficient)), len(o.of(phaseOut)); g != 9 || s != 15 || p != 10 {
		t.Errorf("2.1 has %d good, %d sufficient, %d phase-out suites", g, s, p)
	}
	for s, name := range n.names { // one name per code point, the same in both tables and in fact
		if other, ok := o.names[s]; ok && other != name {
			t.Errorf("%04X is %s and %s", uint32(s), name, other)
		}
		if known := s.String(); !strings.HasPrefix(known, "0x") && known != name {
			t.Errorf("%04X is %s here and %s in fact", uint32(s), name, known)
		}
	}
	for _, bad := range []string{"suite good 0x1301", "suite best 0x1301 X", "group good nonsense", "rsa good x", "colour good red", "suite good"} {
		if _, err := parseClasses(bad); err == nil {
			t.Errorf("%q was read without complaint", bad)
		}
	}
}

func TestNeeds(t *testing.T) {
	var none []*Edition
	if n := NeedsOf(none...); n.TLS.Any() || n.DNSSEC {
		t.Errorf("no edition needs something: %+v", n)
	}
	wdo, _ := ByName("wdo")
	n := NeedsOf(wdo)
	if n.NameServers || n.Routes || n.Pair || !n.Headers || !n.Redirects || !n.TLS.Any() || n.TLS.NoSNI {
		t.Errorf("wdo: %+v", n)
	}
	all := NeedsOf(Editions()...)
	if !all.Pair || !all.Routes || !all.TLS.NoSNI || !all.TLSA || !all.CAA || !all.Page {
		t.Errorf("all: %+v", all)
	}
	seen := map[fact.Suite]int{}
	for i, set := range all.TLS.Suites {
		for _, s := range set {
			if _, twice := seen[s]; twice {
				t.Errorf("%v stands in two sets", s)
			}
			seen[s] = i
		}
	}
	if seen[0x000A] != 0 || seen[ecdheCBC256] != 1 || seen[0x1302] != 2 {
		t.Error("the worst suites come first")
	}
}

func FuzzParseHSTS(f *testing.F) {
	f.Add(`max-age="31536000"; includeSubDomains`)
	f.Add("max-age=1; x=\"a\\")
	f.Fuzz(func(t *testing.T, s string) { parseHSTS(s) })
}

func FuzzParseCSP(f *testing.F) {
	f.Add("default-src 'none'; script-src 'nonce-abc' https:, x")
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range parseCSP(s) {
			if len(p.directives) > maxDirectives {
				t.Fatal("unbounded")
			}
			p.problems()
		}
	})
}

func FuzzParsePermissions(f *testing.F) {
	f.Add(`camera=(), geolocation=(self "https://a.example");x=1`)
	f.Fuzz(func(t *testing.T, s string) { parsePermissions(s) })
}

func FuzzParseCertificate(f *testing.F) {
	for _, der := range issued(&testing.B{}, nil) {
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		c := parseCertificate(der)
		c.matches(siteName)
		_ = c.Key.String()
	})
}

func FuzzReferrerPolicy(f *testing.F) {
	f.Add("unsafe-url, no-referrer")
	f.Fuzz(func(t *testing.T, s string) {
		if p := referrerPolicy(strings.Split(s, ",")); p != "" {
			if _, ok := referrerPolicies[p]; !ok {
				t.Fatalf("%q is no policy", p)
			}
		}
	})
}
