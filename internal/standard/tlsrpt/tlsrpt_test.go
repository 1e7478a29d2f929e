package tlsrpt

import (
	"fmt"
	"strings"
	"testing"
)

func defects(ds []Defect) string {
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%s@%d", d.Code, d.Position))
	}
	return strings.Join(out, " ")
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"v=TLSRPTv1;rua=mailto:reports@example.com":                                             "", // section 3.1
		"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt":                               "", // section 3.1
		"v=TLSRPTv1; rua=mailto:reports@example.com,https://tlsreport.example.com/v1/endpoint;": "",
		"v=TLSRPTv1 ; rua=mailto:a@b.nl , mailto:c%21@d.nl":                                     "",
		"v=TLSRPTv1":                               "missing_rua@-1",
		"v=tlsrptv1; rua=mailto:a@b.nl":            "not_tlsrpt@0",
		"v=TLSRPTv1; rua=":                         "bad_uri@16",
		"v=TLSRPTv1; rua=a@b.nl":                   "bad_uri@16",
		"v=TLSRPTv1; rua=mailto:a":                 "bad_uri@16",
		"v=TLSRPTv1; rua=mailto:a@b.nl!10m":        "bad_uri@16",
		"v=TLSRPTv1; rua=https:///x":               "bad_uri@16",
		"v=TLSRPTv1; rua=http://b.nl/x":            "bad_scheme@16",
		"v=TLSRPTv1; rua =mailto:a@b.nl":           "bad_field@12 missing_rua@-1",
		"v=TLSRPTv1;; rua=mailto:a@b.nl; rua=x; y": "empty_element@11 duplicate_name@32 bad_field@39",
		"v=TLSRPTv1; rua=mailto:a@b.nl; x=; -=1":   "unknown_field@31 bad_value@33 bad_name@35",
	} {
		r := Parse(in)
		if got := defects(r.Defects); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
		if want == "" && len(r.RUA) == 0 {
			t.Errorf("%q: no destination", in)
		}
	}
	if got := Select([]string{"v=TLSRPTv1; rua=mailto:a@b.nl", "v=TLSRPTv2;", "x"}); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("v=TLSRPTv1; rua=mailto:reports@example.com,https://tlsreport.example.com/v1/endpoint;")
	f.Fuzz(func(t *testing.T, s string) {
		r := Parse(s)
		for _, d := range r.Defects {
			if d.Position < -1 || d.Position > len(s) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		if r.Valid() && len(r.RUA) == 0 {
			t.Fatal("valid without a destination")
		}
	})
}
