package lab

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// failsMailComplete are the changes that cost a mail domain the agreed standards, IPv6 and
// RPKI left out, by the hand-written expectations of the catalogues.
func failsMailComplete() []string {
	var ids []string
	for _, s := range MailCatalogue() {
		if s.Expect[forum].Derived["mail_complete"] == "failed" {
			ids = append(ids, s.ID)
		}
	}
	for _, s := range Catalogue() {
		if e := s.Expect[forum]; e != nil && s.Group == "dnssec" && e.Requirements["web_legacy_dnssec"].Outcome == "failed" {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func TestTheMailOfTheCountryIsFittedToThePublishedShare(t *testing.T) {
	bad := failsMailComplete()
	for _, x := range []struct {
		seed      uint64
		sites     int
		tolerance float64
	}{{1, 342, 6}, {1, 10_000, 3}, {2, 10_000, 3}, {3, 10_000, 3}} {
		c, err := Generate(x.seed, x.sites)
		if err != nil {
			t.Fatal(err)
		}
		complete, with := 0, 0
		for i := range c.Mail {
			m := &c.Mail[i]
			if slices.Contains(m.Changes, "mail-parked") || slices.Contains(m.Changes, "mail-unused") {
				continue
			}
			with++
			website := c.Sites[c.zones[m.Name+"."][0]].Changes
			if !slices.ContainsFunc(append(slices.Clone(m.Changes), website...), func(id string) bool { return slices.Contains(bad, id) }) {
				complete++
			}
		}
		share := 100 * float64(complete) / float64(with)
		t.Logf("seed %d, %d sites: %d mail domains, %d with mail, %.1f %% meet the mail standards", x.seed, x.sites, len(c.Mail), with, share)
		if math.Abs(share-50) > x.tolerance {
			t.Errorf("seed %d, %d sites: %.1f %%, published: 50 %%", x.seed, x.sites, share)
		}
	}
}

func TestEveryMunicipalityHasMailAndTheSameSeedGivesTheSame(t *testing.T) {
	a, err := Generate(7, 1000)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Generate(7, 2000)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.Mail, b.Mail[:len(a.Mail)]) {
		t.Error("a larger country has other mail domains")
	}
	for i := range a.Municipalities {
		m := &a.Mail[i] // main sites come first
		if m.Name != a.Municipalities[m.Owner].Label+".test" || slices.Contains(m.Changes, "mail-parked") || slices.Contains(m.Changes, "mail-unused") {
			t.Errorf("%s: %v", m.Name, m.Changes)
		}
	}
	if c, err := Generate(8, 1000); err != nil || reflect.DeepEqual(a.Mail, c.Mail) {
		t.Errorf("another seed gives the same mail, %v", err)
	}
	dir := t.TempDir()
	if err := a.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	back, err := ReadCountry(dir)
	if err != nil || !reflect.DeepEqual(a.Mail, back.Mail) {
		t.Errorf("what was read is not what was written: %v", err)
	}
	names, err := os.ReadFile(filepath.Join(dir, mailNamesFile))
	if err != nil || strings.Count(string(names), "\n") != len(a.Mail) {
		t.Errorf("%d names, %v", strings.Count(string(names), "\n"), err)
	}
	if err := os.Remove(filepath.Join(dir, mailFile)); err != nil {
		t.Fatal(err)
	}
	if old, err := ReadCountry(dir); err != nil || len(old.Mail) != 0 {
		t.Errorf("a country without mail domains: %v", err)
	}
}

func TestTheMailOfTheCountryIsPlayed(t *testing.T) {
	c, err := Generate(1, 600)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Sites: []*Site{}, Country: c})
	if got := strings.Count(string(r.MailNames), "\n"); got != len(c.Mail) {
		t.Errorf("%d names of mail domains, the country has %d", got, len(c.Mail))
	}
	own, hosted, policies := 0, 0, 0
	for i := range c.Mail {
		m := &c.Mail[i]
		s := m.mailSite()
		want := len(s.Mail.MX)
		if s.Mail.MX == nil {
			want = len(s.Mail.Servers)
		}
		mx := records(t, r, m.Name+".", m.Name+".", dns.TypeMX)
		if len(mx) != want {
			t.Errorf("%s: %v, want %d", m.Name, mx, want)
			continue
		}
		switch {
		case len(s.Mail.Servers) > 0 && own < 3:
			own++
			srv := s.Mail.Servers[0].V4[0]
			if _, _, lines := smtp(t, r, srv.Addr); lines[0] != "250-"+s.Mail.Servers[0].Name {
				t.Errorf("%s: %q", m.Name, lines)
			}
		case len(s.Mail.Servers) == 0 && want == 2 && hosted < 3:
			hosted++
			host := mx[0].(*dns.MX).Mx
			apex := host[strings.IndexByte(host, '.')+1:]
			if a := records(t, r, apex, host, dns.TypeA); len(a) != 1 {
				t.Errorf("%s: %s has %v", m.Name, host, a)
			}
		}
		if m.policy != nil && policies < 3 {
			policies++
			if body := policyOf(t, r, m.Name); !strings.Contains(body, "mx: "+strings.TrimSuffix(mx[0].(*dns.MX).Mx, ".")) {
				t.Errorf("%s: %s", m.Name, body)
			}
		}
	}
	if own == 0 || hosted == 0 || policies == 0 {
		t.Errorf("%d with servers of their own, %d hosted, %d policies", own, hosted, policies)
	}
}
