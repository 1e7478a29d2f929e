package norm

import (
	"net/netip"
	"strings"
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

// TestCommandAsksRIPEstat asks about the routes that were judged, the worst first.
func TestCommandAsksRIPEstat(t *testing.T) {
	a, b, c := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("198.51.100.1")
	m := &fact.Measurement{
		Target: fact.Target{Name: "www.example.nl", Role: fact.Web},
		Web:    &fact.WebFacts{Hosts: []fact.WebHost{{Addr: a}, {Addr: b}}, Beyond: []netip.Addr{c}},
		Routes: []fact.Route{
			{Addr: a, Origins: []fact.RouteOrigin{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Origin: 64500, State: fact.ROVValid}}},
			{Addr: b, Origins: []fact.RouteOrigin{{Prefix: netip.MustParsePrefix("2001:db8::/32"), Origin: 64501, State: fact.ROVInvalidAS}}},
		},
	}
	v := &Verdict{Outcome: Failed, PerSubject: []SubjectVerdict{{Subject: b.String(), Outcome: Failed}}}
	for check, want := range map[string]string{
		"{rpki}":    "curl -s 'https://stat.ripe.net/data/rpki-validation/data.json?resource=64501&prefix=2001:db8::/32'",
		"{rpkiweb}": "for q in 'rpki-validation/data.json?resource=64501&prefix=2001:db8::/32' 'network-info/data.json?resource=198.51.100.1' 'rpki-validation/data.json?resource=64500&prefix=192.0.2.0/24'; do curl -s \"https://stat.ripe.net/data/$q\"; echo; done",
		"{rpkins}":  "",
	} {
		if got := fillIn(check, m, v); got != want {
			t.Errorf("%s:\n got %s\nwant %s", check, got, want)
		}
	}
	if got := fillIn("{rpki}", m, &Verdict{Outcome: Failed}); got != "" {
		t.Errorf("without a subject: %q", got)
	}
}

// TestCommandsAskWhatTheReaderHas keeps out what the reader may not have or cannot
// reach: whois, and a resolver of somebody else.
func TestCommandsAskWhatTheReaderHas(t *testing.T) {
	for _, e := range Editions() {
		for _, d := range append(Judge(goodSite(t), e).Verdicts, Judge(goodMail(), e).Verdicts...) {
			if strings.Contains(d.Check, "whois") || strings.Contains(d.Check, "@9.9.9.9") {
				t.Errorf("%s %s: %s", e.Name, d.ID, d.Check)
			}
		}
	}
}
