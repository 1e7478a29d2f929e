package dnsprobe

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/standard/lookup"
)

// mailPlan asks for everything.
var mailPlan = MailPlan{
	Servers: true, TLSA: true, CAA: true, Names: true, Routes: true, Policies: true, Selectors: true, STS: true, Reports: true,
	BIMI: true, WWW: true,
}

func TestWhichMailServersADomainHas(t *testing.T) {
	many := map[string][]string{}
	for i := range MaxMailServers + 3 {
		many["example.nl MX"] = append(many["example.nl MX"], fmt.Sprintf("10 mx%02d.example.nl", i))
	}
	for _, c := range []struct {
		name    string
		answers map[string][]string
		fails   map[string]fact.Gap
		want    string // names with a gap behind a "!"
		beyond  int
	}{
		{"two, by name and not by preference", map[string][]string{"example.nl MX": {"20 a.example.nl", "10 b.example.nl"}}, nil, "a.example.nl b.example.nl", 0},
		{"with the final dot, a longer name comes first", map[string][]string{"example.nl MX": {"10 mx.example.nl", "10 mx-2.example.nl"}}, nil, "mx-2.example.nl mx.example.nl", 0},
		{"one at two preferences", map[string][]string{"example.nl MX": {"10 a.example.nl", "20 A.example.nl."}}, nil, "a.example.nl", 0},
		{"null MX", map[string][]string{"example.nl MX": {"0 ."}, "example.nl A": {"198.51.100.1"}}, nil, "", 0},
		{"null MX and another", map[string][]string{"example.nl MX": {"0 ", "10 a.example.nl"}}, nil, "a.example.nl", 0},
		{"no MX, an address", map[string][]string{"example.nl AAAA": {"2001:db8::1"}}, nil, "example.nl", 0},
		{"nothing at all", nil, nil, "", 0},
		{"not known", map[string][]string{"example.nl A": {"198.51.100.1"}}, map[string]fact.Gap{"example.nl MX": fact.GapTimeout}, "", 0},
		{"no MX, address not known", nil, map[string]fact.Gap{"example.nl A": fact.GapTimeout}, "example.nl!timeout", 0},
		{"an IP literal", map[string][]string{"example.nl MX": {"10 198.51.100.7"}}, nil, "198.51.100.7!malformed", 0},
		{"a name that is none", map[string][]string{"example.nl MX": {"10 " + strings.Repeat("x", 64) + ".nl"}}, nil, strings.Repeat("x", 64) + ".nl!malformed", 0},
		{"too many", many, nil, "", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			servers, beyond := prober(t, &zone{answers: c.answers, fails: c.fails}).Look("example.nl").MailServers(t.Context())
			var got []string
			for _, s := range servers {
				if s.Gap != "" {
					s.Name += "!" + string(s.Gap)
				}
				got = append(got, s.Name)
			}
			if c.beyond > 0 && len(got) == MaxMailServers {
				got = nil
			}
			if strings.Join(got, " ") != c.want || len(beyond) != c.beyond {
				t.Errorf("%v, %d beyond", got, len(beyond))
			}
		})
	}
}

// asked holds that each question of has was asked once, and none of not.
func asked(t *testing.T, z *zone, has, not []string) {
	t.Helper()
	for _, q := range has {
		if n := len(slices.DeleteFunc(slices.Clone(z.asked), func(s string) bool { return s != q })); n != 1 {
			t.Errorf("%s: asked %d times", q, n)
		}
	}
	for _, q := range not {
		if slices.Contains(z.asked, q) {
			t.Errorf("%s was asked", q)
		}
	}
}

func TestWhatIsAskedOfAMailServer(t *testing.T) {
	z := &zone{answers: map[string][]string{
		"example.nl MX": {"10 mx.other.nl"}, "mx.other.nl A": {"198.51.100.7"}, "mx.other.nl AAAA": {"2001:db8::7"},
		"example.nl NS": {"ns.example.nl"}, "other.nl NS": {"ns.other.nl"}, "ns.other.nl A": {"198.51.100.8"}, "ns.other.nl AAAA": {"2001:db8::8"},
		"7.100.51.198.in-addr.arpa PTR": {"one.other.nl", "two.other.nl", "three.other.nl", "four.other.nl", "five.other.nl"},
		"other.nl CAA":                  {`0 issue "x"`},
	}}
	look := prober(t, z, "198.51.100.7:25 127.0.0.1:1", "[2001:db8::7]:25 127.0.0.1:1").Look("example.nl")
	servers, _ := look.MailServers(t.Context())
	s := &servers[0]
	look.AboutServer(t.Context(), s, s.Wire(), mailPlan)
	asked(t, z, []string{
		"_25._tcp.mx.other.nl TLSA", "_25._tcp.mx.other.nl A", "mx.other.nl SOA", "mx.other.nl CAA", "other.nl CAA",
		"7.100.51.198.in-addr.arpa PTR", "one.other.nl A", "four.other.nl A", "ns.other.nl A",
	}, []string{"nl CAA", "five.other.nl A", "one.other.nl AAAA"})
	if s.NSOwner != "other.nl" || len(s.NSAddrs) != 2 {
		t.Errorf("name servers at %q, addresses %v", s.NSOwner, s.NSAddrs)
	}
	done := make(chan struct{})
	close(done)
	d, _ := look.Rest(t.Context(), Plan{}, done)
	for _, q := range [][2]string{{"other.nl", "NS"}, {"ns.other.nl", "AAAA"}, {"mx.other.nl", "A"}, {"example.nl", "MX"}} {
		if d.Lookup(q[0], q[1]) == nil {
			t.Errorf("%v is not written down", q)
		}
	}
}

func TestDANEAlsoAtTheEndOfSecureAliases(t *testing.T) {
	for _, security := range []fact.Security{fact.Secure, fact.Insecure} {
		z := &zone{answers: map[string][]string{"mx.example.nl A": {"198.51.100.7"}}, aliases: map[string]fact.Alias{
			"mx.example.nl A": {From: "mx.example.nl", To: "Host.Other.nl", Type: "CNAME", Security: security},
		}}
		look := prober(t, z).Look("example.nl")
		look.AboutServer(t.Context(), &MailServer{Name: "mx.example.nl"}, nil, MailPlan{TLSA: true})
		if got := slices.Contains(z.asked, "_25._tcp.host.other.nl TLSA"); got != (security == fact.Secure) {
			t.Errorf("%s aliases: asked %v", security, z.asked)
		}
		asked(t, z, []string{"_25._tcp.mx.example.nl TLSA"}, nil)
	}
}

func TestPoliciesAreAskedLevelByLevel(t *testing.T) {
	z := &zone{answers: map[string][]string{
		"a.example.nl MX":                       {"10 a-example-nl.mail.protection.outlook.com"},
		"a.example.nl TXT":                      {"v=spf1 include:one.nl include:spf.protection.outlook.com mx redirect=_x.a.example.nl"},
		"one.nl TXT":                            {"v=spf1 include:two.nl a:host.one.nl -all"},
		"two.nl TXT":                            {"v=spf1 include:one.nl -all"},
		"spf.protection.outlook.com TXT":        {"v=spf1 ip4:198.51.100.0/24 -all"},
		"_dmarc.example.nl TXT":                 {"v=DMARC1; p=reject; rua=mailto:x@reports.nl,mailto:y@example.nl"},
		"_domainkey.a.example.nl TXT":           {},
		"selector1._domainkey.a.example.nl TXT": {"v=DKIM1; p=AAAA"},
		"_mta-sts.a.example.nl TXT":             {"v=STSv1; id=1"},
		"mta-sts.a.example.nl A":                {"198.51.100.5"},
	}}
	look := prober(t, z).Look("a.example.nl")
	more := 0
	plan := mailPlan
	plan.Given = []string{"Mine", "selector1"}
	plan.More = func(domain string, known func(name, qtype string) *fact.Lookup) []lookup.Question {
		if more++; known("two.nl", "TXT") == nil || known("never.nl", "TXT") != nil {
			t.Error("the policies are not known yet")
		}
		return []lookup.Question{{Name: "more." + domain, Type: "TXT"}}
	}
	selectors := look.Policies(t.Context(), plan)
	announced, v4, _, _ := look.STS(t.Context())
	asked(t, z, nil, []string{"example.nl._report._dmarc.example.nl TXT", "google._domainkey.a.example.nl TXT"})
	asked(t, z, []string{
		"a.example.nl TXT", "one.nl TXT", "two.nl TXT", "host.one.nl A", "host.one.nl AAAA", "a-example-nl.mail.protection.outlook.com A",
		"_x.a.example.nl TXT", "_dmarc.a.example.nl TXT", "_dmarc.example.nl TXT", "_dmarc.nl TXT", "example.nl._report._dmarc.reports.nl TXT",
		"_domainkey.a.example.nl TXT", "selector1._domainkey.a.example.nl TXT", "selector2._domainkey.a.example.nl TXT", "mine._domainkey.a.example.nl TXT",
		"_smtp._tls.a.example.nl TXT", "default._bimi.a.example.nl TXT", "www.a.example.nl TXT", "more.a.example.nl TXT", "mta-sts.a.example.nl AAAA",
	}, nil)
	if !announced || len(v4) != 1 || more < 2 {
		t.Errorf("announced %v, at %v; %d times for more", announced, v4, more)
	}
	from := map[string]string{}
	for _, s := range selectors {
		from[s.Name] = s.From + " " + s.Provider
	}
	if from["Mine"] != "given " || from["selector1"] != "given " || from["selector2"] != "provider Microsoft 365" || from["default"] != "known " {
		t.Errorf("selectors %v", from)
	}
	if !slices.IsSortedFunc(selectors, func(a, b fact.Selector) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("not sorted: %v", selectors)
	}
	// Zones are those of the domain, not of everybody whom it includes.
	done := make(chan struct{})
	close(done)
	d, _ := look.Rest(t.Context(), Plan{Zones: true}, done)
	if d.Zone("example.nl") == nil || d.Zone("one.nl") != nil || d.Zone("reports.nl") != nil {
		t.Errorf("zones %+v", d.Zones)
	}
	for i := 1; i < len(d.Lookups); i++ {
		a, b := &d.Lookups[i-1], &d.Lookups[i]
		if a.Name > b.Name || a.Name == b.Name && a.Type >= b.Type {
			t.Errorf("%s %s stands before %s %s", a.Name, a.Type, b.Name, b.Type)
		}
	}
}

func TestWhereNoDomainkeyIsThereAreNoKeys(t *testing.T) {
	z := &zone{nx: map[string]bool{"_domainkey.example.nl TXT": true}}
	if got := prober(t, z).Look("example.nl").Policies(t.Context(), mailPlan); got != nil {
		t.Errorf("%v", got)
	}
	asked(t, z, nil, []string{"default._domainkey.example.nl TXT"})
	// Some name servers say so though there are: those that are likely are tried.
	z = &zone{nx: z.nx, answers: map[string][]string{"example.nl MX": {"10 aspmx.l.google.com"}}}
	plan := mailPlan
	plan.Given = []string{"mine"}
	if got := prober(t, z).Look("example.nl").Policies(t.Context(), plan); len(got) != 2 || got[0].Name != "google" || got[1].Name != "mine" {
		t.Errorf("%v", got)
	}
	// None of the probable selectors: then all.
	z = &zone{}
	if got := prober(t, z).Look("example.nl").Policies(t.Context(), mailPlan); len(got) < 50 {
		t.Errorf("only %d selectors", len(got))
	}
}

func TestAHostileDomainMakesUsAskSoMuchAndNoMore(t *testing.T) {
	z := &zone{answers: map[string][]string{}}
	var record, rua strings.Builder
	record.WriteString("v=spf1")
	for i := range 400 {
		fmt.Fprintf(&record, " include:i%d.nl a:a%d.nl mx:m%d.nl", i, i, i)
		fmt.Fprintf(&rua, ",mailto:x@r%d.nl", i)
		z.answers[fmt.Sprintf("i%d.nl TXT", i)] = []string{fmt.Sprintf("v=spf1 include:j%d.nl include:k%d.nl -all", i, i)}
		for k := range 40 {
			z.answers[fmt.Sprintf("m%d.nl MX", i)] = append(z.answers[fmt.Sprintf("m%d.nl MX", i)], fmt.Sprintf("10 h%d-%d.nl", i, k))
		}
	}
	z.answers["example.nl TXT"] = []string{record.String()}
	z.answers["_dmarc.example.nl TXT"] = []string{"v=DMARC1; p=none; rua=mailto:y@example.nl" + rua.String()}
	plan := mailPlan
	round := 0
	plan.More = func(string, func(name, qtype string) *fact.Lookup) []lookup.Question {
		round++
		return []lookup.Question{{Name: fmt.Sprintf("r%d.example.nl", round), Type: "TXT"}}
	}
	prober(t, z).Look("example.nl").Policies(t.Context(), plan)
	if n := len(z.asked); n > 700 || n < 100 {
		t.Errorf("%d questions", n)
	}
	if reports := len(slices.DeleteFunc(slices.Clone(z.asked), func(s string) bool { return !strings.Contains(s, "._report.") })); reports != maxReportPlaces {
		t.Errorf("%d places of reports asked", reports)
	}
}

func TestTheNamesOfAnExcludedAddressAreNotAskedFor(t *testing.T) {
	z := &zone{answers: map[string][]string{"example.nl MX": {"10 mx.example.nl"}, "mx.example.nl A": {"198.51.100.7"}}}
	p := prober(t, z, "198.51.100.7:25 127.0.0.1:1")
	x := &egress.Exclusions{}
	if err := x.Add("198.51.100.7", "asked us not to"); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.Egress, err = egress.New(egress.Config{Exclusions: x}); err != nil {
		t.Fatal(err)
	}
	look := p.Look("example.nl")
	servers, _ := look.MailServers(t.Context())
	look.AboutServer(t.Context(), &servers[0], []netip.Addr{netip.MustParseAddr("198.51.100.7")}, mailPlan)
	asked(t, z, []string{"_25._tcp.mx.example.nl TLSA"}, []string{"7.100.51.198.in-addr.arpa PTR"})
}
