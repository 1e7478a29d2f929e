package bimi

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]struct {
		location, evidence string
		declines           bool
		defects            string
	}{
		"v=BIMI1; l=https://a.nl/x.svg; a=https://a.nl/x.pem": {"https://a.nl/x.svg", "https://a.nl/x.pem", false, ""},
		"v=BIMI1; l=; a=;":                    {"", "", true, ""},
		"v=BIMI1; l=https://a.nl/x.svg; a=":   {"https://a.nl/x.svg", "", false, ""},
		"v=BIMI1; avp=brand; l=":              {"", "", true, ""},
		"v=BIMI1":                             {"", "", false, "missing_l@-1"},
		"l=; v=BIMI1":                         {"", "", false, "not_bimi@0"},
		"v=bimi1; l=":                         {"", "", false, "not_bimi@0"},
		"v=BIMI1; l=http://a.nl/x; a=https:/": {"", "", false, "bad_uri@11 bad_uri@28"},
		"v=BIMI1;; l=; l=; x; y=1":            {"", "", false, "empty_element@8 duplicate_name@14 bad_tag@18 unknown_tag@21"},
	} {
		r := Parse(in)
		var ds []string
		for _, d := range r.Defects {
			ds = append(ds, fmt.Sprintf("%s@%d", d.Code, d.Position))
		}
		if got := strings.Join(ds, " "); got != want.defects || r.Location != want.location || r.Evidence != want.evidence || r.Declines != want.declines {
			t.Errorf("%q: %s %+v", in, got, r)
		}
	}
	if got := Select([]string{"v=BIMI1; l=", "v=BIMI2; l=", ""}); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("v=BIMI1; l=https://a.nl/x.svg; a=https://a.nl/x.pem")
	f.Fuzz(func(t *testing.T, s string) {
		r := Parse(s)
		for _, d := range r.Defects {
			if d.Position < -1 || d.Position > len(s) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
	})
}
