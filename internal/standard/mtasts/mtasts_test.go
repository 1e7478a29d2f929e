package mtasts

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

func TestRecords(t *testing.T) {
	for in, want := range map[string]string{
		"v=STSv1; id=20160831085700Z;":           "", // section 3.1
		"v=STSv1 ;id=1":                          "",
		"v=STSv1":                                "missing_id@-1",
		"v=stsv1; id=1":                          "not_sts@0",
		"id=1; v=STSv1":                          "not_sts@0 unknown_field@6",
		"v=STSv1 id=1":                           "not_sts@0 missing_id@-1",
		"v=STSv1; id=2016-08-31":                 "bad_id@12",
		"v=STSv1; id=":                           "bad_id@12",
		"v=STSv1; id=" + strings.Repeat("1", 33): "bad_id@12",
		"v=STSv1; id = 1":                        "bad_field@9 missing_id@-1",
		"v=STSv1;; id=1; id=2; x":                "empty_element@8 duplicate_name@16 bad_field@22",
		"v=STSv1; id=1; a.b=c; d=; _=1":          "unknown_field@15 unknown_field@22 bad_value@24 bad_name@26",
	} {
		r := ParseRecord(in)
		if got := defects(r.Defects); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
		if want == "" && (r.ID == "" || !r.Valid()) {
			t.Errorf("%q: %+v", in, r)
		}
	}
	if got := Select([]string{"v=STSv1; id=1", "v=STSv12; id=1", "x"}); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

// The policy of section 3.2.
const example = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n"

func TestPolicies(t *testing.T) {
	for in, want := range map[string]string{
		example:                                        "",
		strings.ReplaceAll(example, "\r", ""):          "",
		"version:STSv1\nmode:none\nmax_age:0":          "",
		"version: STSv1  \nmode: none\t\nmax_age: 1\n": "",
		"": "missing_version@-1 missing_mode@-1 missing_max_age@-1 missing_mx@-1",
		"version: STSv1\nmode: testing\nmax_age: 1\n":                                                             "missing_mx@-1",
		"version: stsv1\nmode: Enforce\nmax_age: 1y\nmx: a.nl":                                                    "bad_version@9 bad_mode@21 bad_max_age@38",
		"version: STSv1\nmode: none\nmax_age: 31557601":                                                           "max_age_too_long@35",
		"version: STSv1\nmode: none\nmode: enforce\nmax_age: 1\nnew: x\n\n":                                       "duplicate_field@26 unknown_key@51 empty_line@58",
		"version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.nl a.nl\nmx: a.*.nl\nmx: A.nl\nmx: a.nl\nhello\n m : x": "bad_mx@44 bad_mx@58 mx_repeated@78 bad_line@83 leading_space@89 unknown_key@89",
		"version: STSv1\rmode: none\nmax_age: 1":                                                                  "bad_version@9 bare_cr@14 missing_mode@-1 missing_mx@-1",
		"\xffversion: STSv1\nmode: none\nmax_age: 1":                                                              "bad_line@0 bad_encoding@-1 missing_version@-1",
	} {
		if got := defects(ParsePolicy([]byte(in)).Defects); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
	p := ParsePolicy([]byte(example))
	if !p.Valid() || p.Mode != Enforce || p.MaxAge != 604800 || len(p.MX) != 3 {
		t.Errorf("got %+v", p)
	}
}

func TestHostsOfAPolicy(t *testing.T) {
	p := ParsePolicy([]byte(example))
	for host, want := range map[string]bool{
		"mail.example.com": true, "MAIL.example.com.": true, "x.mail.example.com": false, "mx1.example.net": true,
		"example.net": false, "a.b.example.net": false, ".example.net": false, "": false, "backupmx.example.com": true,
	} {
		if p.Allows(host) != want {
			t.Errorf("%s: want %v", host, want)
		}
	}
}

func TestHostilePolicyIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&b, "mx: %d.nl\n:\n", i)
	}
	p := ParsePolicy([]byte(b.String()))
	if len(p.MX) > MaxMX || len(p.Defects) > 1001 || p.Valid() {
		t.Errorf("%d patterns, %d defects", len(p.MX), len(p.Defects))
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("mx: *.\rx\n\n:"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := ParsePolicy(b)
		for _, d := range p.Defects {
			if d.Position < -1 || d.Position > len(b) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		if p.Valid() && p.Mode == Enforce && !p.Allows(strings.Replace(p.MX[0], "*", "x", 1)) {
			t.Fatalf("its own host is not allowed: %q", p.MX)
		}
	})
}

func FuzzParseRecord(f *testing.F) {
	f.Add("v=STSv1; id=20160831085700Z;")
	f.Fuzz(func(t *testing.T, s string) {
		r := ParseRecord(s)
		for _, d := range r.Defects {
			if d.Position < -1 || d.Position > len(s) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		if r.Valid() && r.ID == "" {
			t.Fatal("valid without an id")
		}
	})
}
