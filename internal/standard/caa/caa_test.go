package caa

import (
	"reflect"
	"testing"
)

func rr(flags byte, tag, value string) []byte {
	return append(append([]byte{flags, byte(len(tag))}, tag...), value...)
}

func TestDefects(t *testing.T) {
	for _, c := range []struct {
		rdata []byte
		want  string // code, or "" for none
		pos   int
	}{
		{rr(0, "issue", "letsencrypt.org"), "", 0},
		{rr(128, "issue", "letsencrypt.org"), "", 0},
		{rr(0, "ISSUE", "letsencrypt.org"), "", 0},
		{rr(0, "issue", ""), "", 0},
		{rr(0, "issue", ";"), "", 0},
		{rr(0, "issue", " \t;  "), "", 0},
		{rr(0, "issue", "ca.nl; a=b ;c = d"), "", 0},
		{rr(0, "issue", "ca.nl; a="), "", 0},
		{rr(0, "issue", "ca.nl; a=b;"), Syntax, 11},
		{rr(0, "issue", "ca.nl; a=b c"), Syntax, 11},
		{rr(0, "issue", "ca.nl a=b"), Syntax, 6},
		{rr(0, "issue", "ca.nl; a"), Syntax, 8},
		{rr(0, "issue", "ca.nl; -a=b"), Syntax, 7},
		{rr(0, "issue", "ca.nl."), Syntax, 6},
		{rr(0, "issue", "ca_x.nl"), Syntax, 2},
		{rr(0, "issue", "-ca.nl"), Syntax, 0},
		{rr(0, "issue", "ca-.nl"), Syntax, 2},
		{rr(0, "issue", "ca..nl"), Syntax, 3},
		{rr(0, "issue", "\"ca.nl\""), Syntax, 0},
		{rr(0, "issue", "ca.nl; validationmethods=http-01,dns-01"), "", 0},
		{rr(0, "issue", "ca.nl; validationmethods=ca-own"), "", 0},
		{rr(0, "issue", "ca.nl; validationmethods=onion-csr-01,bp-nodeid-00,tkauth-01,email-reply-00,tls-alpn-01"), "", 0},
		{rr(0, "issue", "ca.nl; validationmethods="), "", 0},
		{rr(0, "issue", "ca.nl; validationmethods=HTTP-01"), ValidationMethod, -1},
		{rr(0, "issue", "ca.nl; ValidationMethods=nonsense"), "", 0}, // the tag is compared as written
		{rr(0, "issue", "ca.nl; validationmethods=http-01,"), ValidationMethod, -1},
		{rr(0, "issue", "ca.nl; accounturi=https://ca.nl/acct/1"), "", 0},
		{rr(0, "issue", "ca.nl; accounturi=17"), AccountURI, -1},
		{rr(0, "issuewild", ";"), "", 0},
		{rr(0, "issuemail", "ca.nl"), "", 0},
		{rr(0, "issuevmc", "ca.nl"), "", 0},
		{rr(1, "issue", "ca.nl"), ReservedBits, -1},
		{rr(0, "iodef", "https://example.nl/x"), "", 0},
		{rr(0, "iodef", "http://example.nl/x"), IodefHTTP, -1},
		{rr(0, "iodef", "https:///x"), IodefValue, -1},
		{rr(0, "iodef", "mailto:a@example.nl"), "", 0},
		{rr(0, "iodef", "mailto:a"), IodefValue, -1},
		{rr(0, "iodef", "a@example.nl"), IodefValue, -1},
		{rr(0, "contactemail", "a.b@example.nl"), "", 0},
		{rr(0, "contactemail", "a@b@c"), ContactEmail, -1},
		{rr(0, "contactphone", "+31 20"), Syntax, 0},
		{rr(0, "contactphone", "+31-20-(123);ext=4"), "", 0},
		{rr(0, "contactphone", "020123"), Syntax, 0},
		{rr(0, "policy", "x"), ReservedProperty, -1},
		{rr(0, "tbs", "x"), UnknownProperty, -1},
		{rr(0, "t-s", "x"), Malformed, -1},
		{nil, Malformed, -1},
		{[]byte{0, 0}, Malformed, -1},
		{[]byte{0, 9, 'i'}, Malformed, -1},
	} {
		r := Parse(c.rdata)
		switch {
		case c.want == "" && len(r.Defects) > 0:
			t.Errorf("%q: got %+v, want none", c.rdata, r.Defects)
		case c.want != "" && (len(r.Defects) != 1 || r.Defects[0].Code != c.want || r.Defects[0].Position != c.pos):
			t.Errorf("%q: got %+v, want %s at %d", c.rdata, r.Defects, c.want, c.pos)
		}
	}
}

func TestIssueIsRead(t *testing.T) {
	r := Parse(rr(0, "issue", " ca.nl ; a = b;c=d=e "))
	want := &Issue{"ca.nl", []Parameter{{"a", "b"}, {"c", "d=e"}}}
	if !reflect.DeepEqual(r.Issue, want) {
		t.Errorf("got %+v, want %+v", r.Issue, want)
	}
}

func TestIssuers(t *testing.T) {
	set := func(rs ...[]byte) (out []Record) {
		for _, r := range rs {
			out = append(out, Parse(r))
		}
		return out
	}
	for _, c := range []struct {
		name       string
		set        []Record
		wildcard   bool
		want       []string
		restricted bool
	}{
		{"none", nil, false, nil, false},
		{"iodef alone restricts nothing", set(rr(0, "iodef", "mailto:a@b.nl")), false, nil, false},
		{"two", set(rr(0, "issue", "A.nl"), rr(0, "issue", "b.nl; x=y")), false, []string{"a.nl", "b.nl"}, true},
		{"nobody", set(rr(0, "issue", ";")), false, nil, true},
		{"unreadable allows nobody", set(rr(0, "issue", "a_b")), false, nil, true},
		{"wildcard falls back", set(rr(0, "issue", "a.nl")), true, []string{"a.nl"}, true},
		{"wildcard its own", set(rr(0, "issue", "a.nl"), rr(0, "issuewild", "b.nl")), true, []string{"b.nl"}, true},
		{"issuewild does not bind others", set(rr(0, "issuewild", "b.nl")), false, nil, false},
	} {
		got, restricted := Issuers(c.set, c.wildcard)
		if !reflect.DeepEqual(got, c.want) || restricted != c.restricted {
			t.Errorf("%s: got %v %v", c.name, got, restricted)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rr(0, "issue", "ca.nl; a=b"))
	f.Add(rr(128, "iodef", "mailto:a@b"))
	f.Add(rr(0, "contactphone", "+1;isub=%41"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := Parse(b)
		for _, d := range r.Defects {
			if d.Position < -1 || d.Position > len(r.Value) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		if (r.Issue != nil) && len(r.Defects) > 0 && r.Defects[0].Code == Syntax {
			t.Fatal("an issue value is both read and wrong")
		}
		Issuers([]Record{r}, true)
	})
}
