package internetnl

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestReadHSTS(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  HSTS
	}{
		{nil, HSTS{}},
		{[]string{""}, HSTS{}},
		{[]string{"max-age=31536000"}, HSTS{true, 31536000}},
		{[]string{"MAX-AGE=31536000; includeSubDomains; preload"}, HSTS{true, 31536000}},
		{[]string{"includeSubDomains; max-age=63072000"}, HSTS{true, 63072000}},
		{[]string{"max-age= 31536000 "}, HSTS{true, 31536000}},
		{[]string{"max-age=+31_536_000"}, HSTS{true, 31536000}},
		{[]string{"max-age=-1"}, HSTS{true, -1}},
		{[]string{"max-age=0"}, HSTS{true, 0}},
		{[]string{`max-age="31536000"`}, HSTS{}},
		{[]string{"max-age=31536000.0"}, HSTS{}},
		{[]string{"max-age =31536000"}, HSTS{}},
		{[]string{"max-age="}, HSTS{}},
		{[]string{"max-age=1__0"}, HSTS{}},
		{[]string{"max-age=_1"}, HSTS{}},
		{[]string{"max-age=1max-age=2"}, HSTS{true, 1}},
		{[]string{"max-age=5", "max-age=31536000"}, HSTS{true, 5}},            // the first line
		{[]string{"includeSubDomains, max-age=31536000"}, HSTS{}},             // the first comma part
		{[]string{"max-age=99999999999999999999"}, HSTS{true, math.MaxInt64}}, // Python has no limit
		{[]string{"max-age=" + strings.Repeat("0", 4301)}, HSTS{}},            // but for this one
	} {
		if got := ReadHSTS(c.lines); got != c.want {
			t.Errorf("%.60q: got %+v, want %+v", c.lines, got, c.want)
		}
	}
}

func TestFrameAndSniffing(t *testing.T) {
	for v, want := range map[string]bool{"DENY": true, "sameorigin": true, "SameOrigin, x": true, "": false, "ALLOW-FROM https://a": false, "x, DENY": false} {
		if got := XFrameOptionsGood([]string{v}); got != want {
			t.Errorf("X-Frame-Options %q: %v", v, got)
		}
	}
	for v, want := range map[string]bool{"nosniff": true, "NoSniff": true, "nosniff, x": true, "": false, "x, nosniff": false, "nosniff;": false} {
		if got := XContentTypeOptionsGood([]string{v}); got != want {
			t.Errorf("X-Content-Type-Options %q: %v", v, got)
		}
	}
	if XFrameOptionsGood(nil) || XContentTypeOptionsGood(nil) || Compressed(nil) || !Compressed([]string{"br"}) {
		t.Error("an absent header is taken for a present one, or the reverse")
	}
}

func TestReadReferrer(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  Referrer
		code  string
	}{
		{nil, ReferrerRecommendations, "recommendation-"},
		{[]string{""}, ReferrerRecommendations, "recommendation-"},
		{[]string{"same-origin"}, ReferrerGood, ""},
		{[]string{"no-referrer"}, ReferrerGood, ""},
		{[]string{"unsafe-url, no-referrer"}, ReferrerGood, ""},
		{[]string{"unsafe-url", "same-origin"}, ReferrerGood, ""},
		{[]string{"strict-origin"}, ReferrerRecommendations, "recommendation-strict-origin"},
		{[]string{"no-referrer, strict-origin-when-cross-origin"}, ReferrerRecommendations, "recommendation-no-referrer, strict-origin-when-cross-origin"},
		{[]string{"origin"}, ReferrerBad, "bad-origin"},
		{[]string{"origin-when-cross-origin"}, ReferrerBad, "bad-origin-when-cross-origin"},
		{[]string{"no-referrer-when-downgrade"}, ReferrerBad, "bad-no-referrer-when-downgrade"},
		{[]string{"unsafe-url"}, ReferrerBad, "bad-unsafe-url"},
		{[]string{"No-Referrer"}, ReferrerBad, "bad-invalid"},
		{[]string{"no-referrer,"}, ReferrerBad, "bad-invalid"},
		{[]string{"default"}, ReferrerBad, "bad-invalid"},
	} {
		if got, code := ReadReferrer(c.lines); got != c.want || code != c.code {
			t.Errorf("%q: got %s %s", c.lines, got, code)
		}
	}
}

const smallest = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func TestCSP(t *testing.T) {
	rest := "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	with := func(directives string) string { return directives + rest }
	for _, c := range []struct {
		csp  string
		want []string
	}{
		{smallest, nil},
		{"default-src 'none', base-uri 'none', form-action 'none', frame-ancestors 'none'", nil}, // comma-joined headers merge
		{"default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'", nil},
		{"x", []string{CSPDefaultSrc, CSPFrameSrc, CSPFrameAncestors, CSPBaseURI, CSPFormAction}},
		{smallest + "; report-uri /r; require-trusted-types-for 'script'", nil}, // unknown directives
		{"Default-Src 'none'" + rest, []string{CSPDefaultSrc, CSPFrameSrc}},     // names are case-sensitive
		{with("default-src 'nonesuch"), []string{CSPDefaultSrc, CSPFrameSrc}},   // dropped, so ignored
		{with("default-src 'none'x"), nil},                                      // keywords match by prefix
		{with("default-src 'self'; default-src https://example.nl"), nil},       // repeated directives merge
		{with("default-src 'none'; script-src 'unsafe-inline'"), []string{CSPUnsafeInline}},
		{with("default-src 'none'; script-src 'nonce-abc' 'strict-dynamic' 'unsafe-inline'"), []string{CSPUnsafeInline}},
		{with("default-src 'none'; script-src 'sha256-abc=' 'strict-dynamic' 'report-sample'"), nil},
		{with("default-src 'none'; script-src 'unsafe-eval'"), []string{CSPUnsafeEval}},
		{with("default-src 'none'; img-src http:"), []string{CSPHTTP}},
		{with("default-src 'none'; img-src http://example.nl"), []string{CSPHTTP}},
		{with("default-src 'none'; img-src *://example.nl"), []string{CSPHTTP}},
		{with("default-src 'none'; img-src https:"), []string{CSPBareHTTPS}},
		{with("default-src 'none'; img-src example.nl"), []string{CSPHostWithoutScheme}},
		{with("default-src 'none'; img-src none"), []string{CSPHostWithoutScheme}}, // an unquoted keyword is a host
		{with("default-src 'none'; img-src ws:"), nil},                             // dropped
		{with("default-src 'none'; connect-src wss://example.nl"), nil},
		{with("default-src 'none'; img-src [::1]:8080/x"), []string{CSPHostWithoutScheme}},
		{with("default-src 'none'; img-src https://example.nl:*/a/b"), nil},
		{with("default-src 'none'; img-src *"), []string{CSPHostWithoutScheme, CSPInvalidHost}},
		{with("default-src 'none'; img-src https://127.0.0.1"), []string{CSPInvalidHost}},
		{with("default-src 'none'; img-src 127.0.0.1"), []string{CSPHostWithoutScheme, CSPInvalidHost}},
		{with("default-src 'none'; img-src data: mediastream: blob: filesystem:"), nil},
		{with("default-src 'none'; object-src data:"), []string{CSPData}},
		{with("default-src 'none'; script-src data:"), []string{CSPData}},
		{with("default-src 'none' data:"), []string{CSPData}},                         // 'none' passes whatever else is kept, but data: stands in for script-src
		{with("default-src 'none' data:; script-src 'self'; object-src 'none'"), nil}, // no stand-in needed
		{with("default-src 'none'; script-src-elem data:"), nil},                      // not looked at
		{with("default-src 'none'; script-src 'unsafe-hashes'"), []string{CSPUnsafeHashes}},
		{with("default-src 'self' 'none'"), []string{CSPDefaultSrc}},       // 'none' beside 'self' is no longer expected
		{with("default-src 'self' 'strict-dynamic' 'report-sample'"), nil}, // dropped in default-src
		{with("default-src 'self' 'nonce-abc'"), []string{CSPDefaultSrc}},  // kept, but not allowed
		{with("default-src https://example.nl"), []string{CSPDefaultSrc}},  // 'self' is asked; frame-src has the host
		{with("default-src 'self' https://www.example.nl"), nil},
		{with("default-src 'self' https://evilexample.nl"), nil},
		{with("default-src 'self' https://*.nl"), nil},
		{with("default-src 'self' https://*."), []string{CSPDefaultSrc}},
		{with("default-src 'self' https://*.example.nl"), nil},
		{with("default-src 'self' https://other.org"), []string{CSPDefaultSrc}},
		{with("default-src 'self' https://EXAMPLE.nl"), []string{CSPDefaultSrc}},
		{with("default-src 'self' https://example.nl."), nil},
		{with("default-src 'self' https://a.example.nl https://b.example.nl"), []string{CSPDefaultSrc}},
		{with("default-src 'self' https://static.example.nl https://*.example.nl"), []string{CSPDefaultSrc}},
		{with("default-src 'self' https://example.nl https://a.example.nl https://*.example.nl"), nil},
		{with("img-src 'none'"), []string{CSPDefaultSrc, CSPFrameSrc}},
		{with("frame-src 'none'"), []string{CSPDefaultSrc}},
		{with("child-src https://example.nl"), []string{CSPDefaultSrc}}, // child-src stands in for frame-src
		{"default-src 'none'; base-uri 'self' 'report-sample'; form-action 'none'; frame-ancestors 'none'", nil},
		{"default-src 'none'; base-uri 'self' 'strict-dynamic'; form-action 'none'; frame-ancestors 'none'", []string{CSPBaseURI}},
		{"default-src 'none'; base-uri 'none'; form-action https://a.nl; frame-ancestors 'none'", nil},
		{"default-src 'none'; base-uri 'none'; form-action https:; frame-ancestors 'none'", []string{CSPBareHTTPS, CSPFormAction}},
		{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors https://a.nl", []string{CSPFrameAncestors}},
		{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'x", []string{CSPFrameAncestors}}, // exact here
		{"default-src; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", []string{CSPDefaultSrc, CSPFrameSrc}},
		{smallest + "; sandbox; upgrade-insecure-requests; block-all-mixed-content; trusted-types a b 'allow-duplicates'; plugin-types a/b; report-to x", nil},
	} {
		got, present := CSPFailures([]string{c.csp}, "example.nl")
		if !slices.Equal(got, c.want) || !present {
			t.Errorf("%s:\n got %v\nwant %v", c.csp, got, c.want)
		}
	}
	if codes, present := CSPFailures(nil, "example.nl"); present || codes != nil {
		t.Errorf("no header: got %v %v", codes, present)
	}
	if codes, _ := CSPFailures([]string{with("default-src 'self' https://example.nl")}, "www.example.nl"); !slices.Equal(codes, []string{CSPDefaultSrc}) {
		t.Errorf("the parent domain does not fail for www: %v", codes)
	}
}

func FuzzHeaders(f *testing.F) {
	for _, s := range []string{smallest, "max-age=1", "default-src 'self' https://*.nl a://b://c:1/d [::]", "no-referrer,"} {
		f.Add(s, "example.nl")
	}
	f.Fuzz(func(t *testing.T, v, name string) {
		lines := strings.Split(v, "\n")
		codes, present := CSPFailures(lines, name)
		if !present && codes != nil {
			t.Fatal("codes without a header")
		}
		again, _ := CSPFailures(lines, name)
		if !slices.Equal(codes, again) {
			t.Fatal("not the same twice")
		}
		ReadHSTS(lines)
		ReadReferrer(lines)
		XFrameOptionsGood(lines)
		XContentTypeOptionsGood(lines)
	})
}
