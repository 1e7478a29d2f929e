package internetnl

import (
	"slices"
	"strings"
	"testing"
)

func TestReadDMARC(t *testing.T) {
	for _, c := range []struct {
		record string
		ok     bool
		enough bool // for the domain itself
	}{
		{"v=DMARC1; p=reject", true, true},
		{"v=DMARC1;p=reject;", true, true},
		{"V=DMARC1 ; P = Reject ; ", true, true},
		{"v = DMARC1; p=quarantine", true, true},
		{"v=dmarc1; p=reject", false, false}, // DMARC1 in capitals
		{"v=DMARC1", false, false},           // a semicolon must follow
		{"v=DMARC1;", true, false},           // and nothing more need follow
		{"v=DMARC1; ", true, false},
		{"v=DMARC1; p=none", true, false},
		{"v=DMARC1; p=reject;;", false, false}, // one at the end
		{"v=DMARC1; p=reject ", false, false},
		{"v=DMARC1;\tp=reject", false, false},
		{"v=DMARC1, p=reject", false, false},
		{"v=DMARC1 p=reject", false, false},
		{"v=DMARC1; sp=reject; p=reject", false, false}, // p comes first
		{"v=DMARC1; rua=mailto:a@b.nl", false, false},
		{"v=DMARC1; p=reject; p=reject", false, false},
		{"v=DMARC1; p=reject; sp=none; sp=none", false, false}, // each once
		{"v=DMARC1; p=reject; pct=50; sp=none; adkim=s; aspf=R; fo=1:d:S; rf=afrf:iodef; ri=86400; np=reject; psd=n; t=n", true, true},
		{"v=DMARC1; p=reject; foo=bar", false, false}, // unknown
		{"v=DMARC1; p=rejected", false, false},
		{"v=DMARC1; p=block", false, false},
		{"v=DMARC1; p=reject; pct=1000", false, false},
		{"v=DMARC1; p=reject; pct=999", true, true},
		{"v=DMARC1; p=reject; pct=", false, false},
		{"v=DMARC1; p=quarantine; pct=0", true, true}, // pct is ignored
		{"v=DMARC1; p=quarantine; t=y", true, false},
		{"v=DMARC1; p=reject; t=y", true, true},
		{"v=DMARC1; p=reject; t=x", false, false},
		{"v=DMARC1; p=reject; psd=u", true, true},
		{"v=DMARC1; p=reject; fo=2", false, false},
		{"v=DMARC1; p=reject; rf=afrf-", false, false},
		{"v=DMARC1; p=reject; adkim=x", false, false},
		{"v=DMARC1; p=reject; rua=mailto:a@b.nl!10m , mailto:c@d.nl", true, true},
		{"v=DMARC1; p=reject; rua=a@b.nl", false, false}, // a scheme is needed
		{"v=DMARC1; p=reject; rua=", false, false},
		{"v=DMARC1; p=reject; rua=mailto:a@b.nl!m", false, false},
		{"v=DMARC1; p=reject; rua=mailto:a@b.nl!1!2", false, false},
		{"v=DMARC1; p=reject; rua=mailto:a@b.nl,", false, false},
		{"v=DMARC1; p=reject; rua=https://[::1/x", false, false},
		{"v=DMARC1; p=reject; rua=https://[::1]/x", true, true},
	} {
		d, ok := ReadDMARC(c.record)
		if ok != c.ok || ok && d.Enough(false) != c.enough {
			t.Errorf("%q: %v, %+v", c.record, ok, d)
		}
	}
}

func TestPolicyOfTheOrganisation(t *testing.T) {
	for record, want := range map[string]bool{
		"v=DMARC1; p=reject":                       true,
		"v=DMARC1; p=reject; sp=none":              false,
		"v=DMARC1; p=none; sp=reject":              true,
		"v=DMARC1; p=none; sp=quarantine; t=y":     false,
		"v=DMARC1; p=none; sp=quarantine; np=none": true,
	} {
		if d, ok := ReadDMARC(record); !ok || d.Enough(true) != want {
			t.Errorf("%q: %v %+v", record, ok, d)
		}
	}
}

func TestReportHosts(t *testing.T) {
	for value, want := range map[string]string{
		"mailto:a@B.nl.":                "b.nl",
		"mailto:a@b.nl!10m":             "b.nl",
		"mailto:a@b.nl , mailto:c@d.nl": "b.nl,d.nl",
		"https://b.nl/x":                "", // has //
		"mailto:a@b.nl?subject=x":       "b.nl",
		"mailto:a@b.nl=x,mailto:c@d.nl": "b.nl", // cut at the second =
		"mailto:a@b@c.nl":               "b@c.nl",
		"mailto:nobody":                 "nobody",
	} {
		if got := strings.Join(DMARC{RUA: value}.ReportHosts(), ","); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if got := (DMARC{RUA: "mailto:a@b.nl", RUF: "mailto:a@c.nl"}).ReportHosts(); !slices.Equal(got, []string{"b.nl", "c.nl"}) {
		t.Errorf("rua and ruf: %v", got)
	}
}

func TestAuthorised(t *testing.T) {
	for _, c := range []struct {
		txt  []string
		want bool
	}{
		{nil, false},
		{[]string{"v=DMARC1;"}, true},
		{[]string{"v=DMARC1; p=none"}, true},
		{[]string{"v=DMARC1"}, false},
		{[]string{"x", "v=DMARC1;"}, true},
		{[]string{"v=DMARC1;", "v=DMARC1;"}, false},
	} {
		if got := Authorised(c.txt); got != c.want {
			t.Errorf("%q: %v", c.txt, got)
		}
	}
}

func TestNotSendingDMARC(t *testing.T) {
	for _, c := range []struct {
		record   string
		own, org bool
	}{
		{"v=DMARC1; p=reject", true, true},
		{"v=DMARC1;p=reject; sp=none", true, false},
		{"v=DMARC1;   p=reject;", true, true},
		{"v=DMARC1; p=none; sp=reject", false, true},
		{"v=DMARC1; p=REJECT", false, false},
		{"v=DMARC1 ; p=reject", false, false},
		{"v=DMARC1; p=quarantine", false, false},
		{"V=DMARC1; p=reject", false, false},
	} {
		if own, org := NotSendingDMARC(c.record, false), NotSendingDMARC(c.record, true); own != c.own || org != c.org {
			t.Errorf("%q: %v %v", c.record, own, org)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{"v=spf1 -all": "v=spf1 -all", "a\tb": `a\009b`, `a"b\c`: `a\"b\\c`, "é": `\195\169`} {
		if got := Escape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzReadDMARC(f *testing.F) {
	for _, s := range []string{"v=DMARC1; p=reject; rua=mailto:a@b.nl!10m,https://x/;fo=1:d", "v=DMARC1;;sp=none", "v=DMARC1; p=none; rf=afrf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		d, ok := ReadDMARC(record)
		if ok && !IsDMARC(strings.ReplaceAll(record, " ", "")) {
			t.Fatalf("%q is read, and is not taken for a DMARC record", record)
		}
		for _, h := range d.ReportHosts() {
			if strings.Contains(h, ",") {
				t.Fatalf("host %q", h)
			}
		}
		Authorised([]string{record})
		NotSendingDMARC(record, true)
		if strings.Trim(Escape(record), " ") != strings.TrimFunc(Escape(record), func(r rune) bool { return r == ' ' }) {
			t.Fatal("white space is left")
		}
	})
}
