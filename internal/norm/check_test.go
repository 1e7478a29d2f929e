package norm

import (
	"testing"

	"peil/internal/fact"
)

// TestNoCommandHoldsWordsOfAStranger fills commands with names that others chose.
func TestNoCommandHoldsWordsOfAStranger(t *testing.T) {
	m := &fact.Measurement{Target: fact.Target{Name: "www.example.nl", Role: fact.Web}, DNS: &fact.DNS{NSOwner: "example.nl"}}
	with := func(subject string) *Verdict {
		return &Verdict{Outcome: Failed, PerSubject: []SubjectVerdict{{Subject: subject, Outcome: Failed}}}
	}
	for _, c := range []struct{ check, subject, want string }{
		{"dig {subject} SOA", "hosting.example", "dig hosting.example SOA"},
		{"dig {subject} SOA", ".", "dig . SOA"},
		{"dig {subject} SOA", "$(reboot).example", ""},
		{"dig {subject} SOA", "`id`.example", ""},
		{"dig {subject} SOA", "a;id", ""},
		{"dig {subject} SOA", "-f/etc/passwd", ""},
		{"dig {subject} SOA", "", ""},
		{"dig {name} {zone}", "", "dig www.example.nl example.nl"},
		{"curl {resolve}https://{name}/", "192.0.2.1", "curl --resolve www.example.nl:443:192.0.2.1 https://www.example.nl/"},
	} {
		if got := fillIn(c.check, m, with(c.subject)); got != c.want {
			t.Errorf("%q with %q: %q, want %q", c.check, c.subject, got, c.want)
		}
	}
	m.DNS.NSOwner = "a|b"
	if got := fillIn("dig NS {zone}", m, with("")); got != "" {
		t.Errorf("a zone with a pipe: %q", got)
	}
}
