package dmarc

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"peil/internal/standard/lookup"
)

func defects(ds []Defect) string {
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%s@%d", d.Code, d.Position))
	}
	return strings.Join(out, " ")
}

func TestParseNamesEachDefectAtItsPlace(t *testing.T) {
	for in, want := range map[string]string{
		"v=DMARC1; p=none":          "",
		"v = DMARC1 ; p = Reject ;": "",
		"v=DMARC1;p=reject;sp=none;np=reject;psd=n;t=y;adkim=s;aspf=s;fo=1:d:s;rua=mailto:a@b.nl,mailto:c@d.nl": "",
		"v=DMARC1;":                                           "missing_policy@-1",
		"v=dmarc1; p=none":                                    "not_dmarc@0 bad_value@2",
		"p=none; v=DMARC1":                                    "not_dmarc@0 policy_order@0",
		"v=DMARC1 p=none":                                     "not_dmarc@0 bad_value@2 missing_policy@-1",
		"v=DMARC1; sp=none; p=none":                           "policy_order@19",
		"v=DMARC1; p=monitor":                                 "bad_value@12",
		"v=DMARC1; p=none; sp=":                               "bad_value@21",
		"v=DMARC1;; p=none":                                   "empty_element@9",
		"v=DMARC1; p=none; p=reject":                          "duplicate_tag@18",
		"v=DMARC1; p=none; foo=bar; q":                        "unknown_tag@18 bad_tag@27",
		"v=DMARC1; p=none; r2=x; =y":                          "bad_tag_name@18 bad_tag_name@24",
		"v=DMARC1; p=none; pct=50; ri=3600; rf=afrf":          "obsolete_tag@18 obsolete_tag@26 obsolete_tag@35",
		"v=DMARC1; p=none; pct=101":                           "obsolete_tag@18 bad_value@22",
		"v=DMARC1; p=none; fo=2":                              "bad_value@21",
		"v=DMARC1; p=none; rua=a@b.nl":                        "bad_uri@22",
		"v=DMARC1; p=none; rua=mailto:a@b.nl, https://c.nl/x": "unsupported_uri@37",
		"v=DMARC1; p=none; rua=mailto:a@b.nl!10m":             "size_limit@35",
		"v=DMARC1; p=none; rua=mailto:a@b.nl!x":               "size_limit@35 bad_size@35",
		"v=DMARC1; p=none; rua=mailto:b.nl,":                  "bad_uri@22 bad_uri@34",
		"v=DMARC1; p=n\xc3\xb6ne":                             "bad_value@12 bad_character@13",
	} {
		if got := defects(Parse(in).Defects); !sameWords(got, want) {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
}

func sameWords(a, b string) bool {
	x, y := map[string]int{}, map[string]int{}
	for _, w := range strings.Fields(a) {
		x[w]++
	}
	for _, w := range strings.Fields(b) {
		y[w]++
	}
	return reflect.DeepEqual(x, y)
}

func TestValues(t *testing.T) {
	r := Parse("v=DMARC1; p=QUARANTINE; sp=reject; t=y; adkim=S; rua=mailto:a%40x@B.nl!10m , mailto:c@d.nl?subject=x; ruf=mailto:e@f.nl; pct=20; ri=60")
	if r.P != Quarantine || r.SP != Reject || r.NP != "" || !r.Test || r.ADKIM != 's' || r.ASPF != 'r' || r.PSD != 'u' || r.PCT != 20 || r.RI != 60 {
		t.Errorf("got %+v", r)
	}
	want := []URI{
		{Text: "mailto:a%40x@B.nl!10m", Position: 53, Scheme: "mailto", Address: "a@x@B.nl", Host: "b.nl", Size: "10m", Bytes: 10 << 20},
		{Text: "mailto:c@d.nl?subject=x", Position: 77, Scheme: "mailto", Address: "c@d.nl", Host: "d.nl"},
	}
	if !reflect.DeepEqual(r.RUA, want) {
		t.Errorf("rua %+v", r.RUA)
	}
	if !r.Has("RUF") || r.Has("fo") {
		t.Error("tags")
	}
}

// RFC 9989 section 4.10.1: a policy that is not valid is p=none when reports are asked.
func TestUsable(t *testing.T) {
	for in, want := range map[string]struct{ usable, defaulted bool }{
		"v=DMARC1; p=reject":          {true, false},
		"v=DMARC1;":                   {false, false},
		"v=DMARC1; p=x":               {false, false},
		"v=DMARC1; rua=mailto:a@b.nl": {true, true},
		"v=DMARC1; p=reject; sp=x; rua=mailto:a@b.nl": {true, true},
		"v=DMARC1; p=reject; sp=x":                    {false, false},
		"v=DMARC1; rua=nonsense":                      {false, false},
	} {
		if r := Parse(in); r.Usable() != want.usable || r.Defaulted != want.defaulted {
			t.Errorf("%s: got %v %v", in, r.Usable(), r.Defaulted)
		}
	}
}

func TestIsRecord(t *testing.T) {
	for in, want := range map[string]bool{
		"v=DMARC1": true, "V = DMARC1 ;p=none": true, "v=DMARC1;": true, "v=DMARC12;": false, " v=DMARC1": false,
		"v=dmarc1;": false, "v=DMARC1 p=none": false, "": false, "v": false, "x=DMARC1": false, "v=spf1": false,
	} {
		if IsRecord(in) != want {
			t.Errorf("%q: want %v", in, want)
		}
	}
}

func world(zone map[string]string) Ask {
	return func(name, qtype string) Answer {
		switch v, ok := zone[name]; {
		case !ok || qtype != "TXT":
			return Answer{Status: lookup.NXDomain}
		case v == "FAIL":
			return Answer{Status: lookup.Failure}
		case v == "?":
			return Answer{}
		default:
			return Answer{Status: lookup.OK, TXT: strings.Split(v, "|")}
		}
	}
}

// The examples of RFC 9989 appendix B, and the edges of the walk.
func TestTreeWalk(t *testing.T) {
	for name, c := range map[string]struct {
		domain          string
		zone            map[string]string
		org, at         string
		exists          bool
		tag             string
		policy, applied Policy
		asked           int
		certain         bool
	}{
		"own record":                      {"a.example.nl", map[string]string{"_dmarc.a.example.nl": "v=DMARC1; p=none", "_dmarc.example.nl": "v=DMARC1; p=reject"}, "example.nl", "a.example.nl", true, "p", PolicyNone, PolicyNone, 3, true},
		"from above, sp":                  {"a.example.nl", map[string]string{"_dmarc.example.nl": "v=DMARC1; p=reject; sp=quarantine; t=y"}, "example.nl", "example.nl", true, "sp", Quarantine, PolicyNone, 3, true},
		"from above, p":                   {"a.example.nl", map[string]string{"_dmarc.example.nl": "v=DMARC1; p=reject; t=y"}, "example.nl", "example.nl", true, "p", Reject, Quarantine, 3, true},
		"np of a name that is not there":  {"a.example.nl", map[string]string{"_dmarc.example.nl": "v=DMARC1; p=none; sp=none; np=reject"}, "example.nl", "example.nl", false, "np", Reject, Reject, 3, true},
		"np not for a name that is there": {"a.example.nl", map[string]string{"_dmarc.example.nl": "v=DMARC1; p=none; np=reject"}, "example.nl", "example.nl", true, "p", PolicyNone, PolicyNone, 3, true},
		"sp where np lacks":               {"a.example.nl", map[string]string{"_dmarc.example.nl": "v=DMARC1; p=none; sp=reject"}, "example.nl", "example.nl", false, "sp", Reject, Reject, 3, true},
		"nothing":                         {"a.example.nl", nil, "a.example.nl", "", true, "", "", "", 3, true},
		"psd=n stops":                     {"x.a.example.nl", map[string]string{"_dmarc.a.example.nl": "v=DMARC1; p=none; psd=n", "_dmarc.example.nl": "v=DMARC1; p=reject"}, "a.example.nl", "a.example.nl", true, "p", PolicyNone, PolicyNone, 2, true},
		"psd=y: its child":                {"x.a.gov.nl", map[string]string{"_dmarc.gov.nl": "v=DMARC1; p=reject; psd=y"}, "a.gov.nl", "gov.nl", true, "p", Reject, Reject, 3, true},
		"psd=y: its child has a record":   {"x.a.gov.nl", map[string]string{"_dmarc.a.gov.nl": "v=DMARC1; p=quarantine", "_dmarc.gov.nl": "v=DMARC1; p=reject; psd=y"}, "a.gov.nl", "a.gov.nl", true, "p", Quarantine, Quarantine, 3, true},
		"psd=y at the start":              {"gov.nl", map[string]string{"_dmarc.gov.nl": "v=DMARC1; p=reject; psd=y"}, "gov.nl", "gov.nl", true, "p", Reject, Reject, 1, true},
		"the shortest":                    {"x.a.example.nl", map[string]string{"_dmarc.a.example.nl": "v=DMARC1; p=none", "_dmarc.example.nl": "v=DMARC1; p=reject"}, "example.nl", "example.nl", true, "p", Reject, Reject, 4, true},
		"several count as none":           {"a.example.nl", map[string]string{"_dmarc.a.example.nl": "v=DMARC1; p=none|v=DMARC1; p=none", "_dmarc.example.nl": "hello|v=DMARC1; p=reject"}, "example.nl", "example.nl", true, "p", Reject, Reject, 3, true},
		"failure":                         {"a.example.nl", map[string]string{"_dmarc.a.example.nl": "FAIL", "_dmarc.example.nl": "v=DMARC1; p=reject"}, "example.nl", "example.nl", true, "p", Reject, Reject, 3, false},
		"long":                            {"a.b.c.d.e.f.g.h.i.j.mail.example.nl", map[string]string{"_dmarc.example.nl": "v=DMARC1; p=reject"}, "example.nl", "example.nl", true, "p", Reject, Reject, 8, true},
		"not usable":                      {"example.nl", map[string]string{"_dmarc.example.nl": "v=DMARC1;"}, "example.nl", "example.nl", true, "", "", "", 2, true},
	} {
		d, missing := TreeWalk(c.domain, world(c.zone))
		at := ""
		if d.Policy != nil {
			at = d.Policy.Domain
		}
		e := d.Effective(c.exists)
		if len(missing) > 0 || d.Organisational != c.org || at != c.at || e.Tag != c.tag || e.Policy != c.policy || e.Applied != c.applied || len(d.Places) != c.asked || d.Certain != c.certain {
			t.Errorf("%s: organisational %s, at %s, %+v, %d asked, certain %v, missing %v", name, d.Organisational, at, e, len(d.Places), d.Certain, missing)
		}
	}
}

func TestNames(t *testing.T) {
	want := []string{"a.b.c.d.e.f.g.h.i.j.mail.example.nl", "g.h.i.j.mail.example.nl", "h.i.j.mail.example.nl", "i.j.mail.example.nl", "j.mail.example.nl", "mail.example.nl", "example.nl", "nl"}
	if got := Names(want[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if got := Names("a.b.c.d.e.f.g.h"); len(got) != 8 || got[1] != "b.c.d.e.f.g.h" {
		t.Errorf("eight labels: %v", got)
	}
}

func TestTreeWalkAsksAllAtOnce(t *testing.T) {
	_, missing := TreeWalk("A.Example.nl.", func(string, string) Answer { return Answer{} })
	var names []string
	for _, q := range missing {
		names = append(names, q.Name)
	}
	if want := []string{"_dmarc.a.example.nl", "_dmarc.example.nl", "_dmarc.nl"}; !reflect.DeepEqual(names, want) {
		t.Errorf("got %v", names)
	}
}

func TestExternalDestinationsMustAgree(t *testing.T) {
	r := Parse("v=DMARC1; p=none; rua=mailto:a@mail.example.nl,mailto:b@reports.example.com; ruf=mailto:c@other.org")
	org := func(n string) string {
		l := strings.Split(n, ".")
		return strings.Join(l[len(l)-2:], ".")
	}
	ds := r.Destinations("Example.nl", org)
	if len(ds) != 3 || ds[0].External || !ds[1].External || ds[2].Tag != "ruf" ||
		ds[1].Question != (Question{Name: "example.nl._report._dmarc.reports.example.com", Type: "TXT"}) {
		t.Fatalf("got %+v", ds)
	}
	for _, c := range []struct {
		a    Answer
		want Consent
		over int
	}{
		{Answer{Status: lookup.OK, TXT: []string{"v=DMARC1"}}, Agrees, 0},
		{Answer{Status: lookup.OK, TXT: []string{"v=DMARC1; rua=mailto:x@reports.example.com"}}, Agrees, 1},
		{Answer{Status: lookup.OK, TXT: []string{"v=DMARC1; rua=mailto:x@elsewhere.com"}}, Agrees, 0},
		{Answer{Status: lookup.OK, TXT: []string{"hello"}}, Refuses, 0},
		{Answer{Status: lookup.NXDomain}, Refuses, 0},
		{Answer{Status: lookup.Failure}, ConsentBroken, 0},
		{Answer{}, ConsentNotKnown, 0},
	} {
		if got, over := CheckConsent(ds[1], c.a); got != c.want || len(over) != c.over {
			t.Errorf("%+v: got %s %v", c.a, got, over)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("v=DMARC1; p=reject; rua=mailto:a@b.nl!10m,https://x/; fo=1:d; pct=5")
	f.Add("v = DMARC1;;p= ;=; x")
	f.Fuzz(func(t *testing.T, s string) {
		r := Parse(s)
		for _, d := range r.Defects {
			if d.Position < -1 || d.Position > len(s) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		for _, u := range append(r.RUA, r.RUF...) {
			if s[u.Position:u.Position+len(u.Text)] != u.Text {
				t.Fatalf("not at its place: %+v", u)
			}
		}
		r.For(false, false)
	})
}

func FuzzTreeWalk(f *testing.F) {
	f.Add("a.b.example.nl", "v=DMARC1; p=none; psd=y")
	f.Fuzz(func(t *testing.T, domain, record string) {
		d, _ := TreeWalk(domain, func(name, _ string) Answer {
			if len(name)%2 == 0 {
				return Answer{Status: lookup.OK, TXT: []string{record}}
			}
			return Answer{Status: lookup.NoData}
		})
		if len(d.Places) > MaxQueries {
			t.Fatalf("%d queries", len(d.Places))
		}
	})
}
