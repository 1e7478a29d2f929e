package resolver

import (
	"os/exec"
	"strings"
	"testing"

	"peil/internal/lab"
)

// TestAgreesOnTheLab plays the whole catalogue of the lab in a network namespace and
// asks the same of Peil, Unbound and delv for each of its sites.
func TestAgreesOnTheLab(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	c := newCountry(t)
	if out, err := exec.Command("ip", "route", "add", "local", "::/0", "dev", "lo").CombinedOutput(); err != nil {
		t.Logf("no IPv6 here: %v %s", err, out)
	}
	r, err := lab.Start(t.Context(), lab.Options{Real: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	var asks []comparison
	for _, z := range []string{".", "nl", "test", "example.nl"} {
		for _, typ := range []string{"SOA", "DNSKEY", "DS", "NS", "TXT"} {
			asks = append(asks, comparison{z, typ, "", false})
		}
	}
	asks = append(asks, comparison{"nope.nl", "A", "", false}, comparison{"nope.example.nl", "A", "", false}, comparison{"nope", "A", "", false})
	for i, s := range r.Sites {
		plain := s.Group != "dns" && s.Group != "dnssec" && s.Group != "ipv6" && !strings.HasPrefix(s.ID, "hostile-dns-")
		asks = append(asks, comparison{s.Name, "A", disputedSites[strings.TrimPrefix(s.Name, "www.")], plain && i%16 != 0})
		if plain {
			continue // the zones of the others are all alike
		}
		_, zone, _ := strings.Cut(s.Name, ".")
		for j, q := range []string{s.Name + " AAAA", s.Name + " TXT", "_443._tcp." + s.Name + " TLSA", zone + " SOA", zone + " DS"} {
			n, typ, _ := strings.Cut(q, " ")
			except := disputedSites[q]
			if except == "" {
				except = disputedSites[zone]
			}
			asks = append(asks, comparison{n, typ, except, (i+j)%4 != 0})
		}
	}
	var anchor string
	for l := range strings.Lines(string(r.TrustAnchor)) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, ";") && strings.Contains(l, "DS") {
			anchor = l
		}
	}
	c.agree(string(r.RootHints), anchor, asks)
}

// disputedSites are zones of the lab, or questions about them, of which one program
// thinks otherwise.
var disputedSites = map[string]string{
	// A denial of where an alias leads is taken for one of the alias itself, so that
	// nothing below it is looked for.
	"_443._tcp.www.alias-dangling.example.nl TLSA": "unbound",
	// delv gets the answer of the server that knows no EDNS, and so no signatures, by
	// way of the resolver that it asks.
	"ns-no-edns.example.nl": "delv",
	// The servers send records that nobody asked for, without authority: Unbound takes
	// that for a denial, Peil for servers that do not serve the zone.
	"hostile-dns-huge.example.nl": "unbound",
	// What costs too much to find out is not measured; Unbound calls it bogus, and delv
	// finds it out.
	"hostile-dns-keytrap.example.nl": "unbound delv",
	// More records than Peil and Unbound read in one message.
	"hostile-dns-many-records.example.nl": "delv",
}

// movingSites give another answer each time.
var movingSites = map[string]bool{"www.guard-rebinding.example.nl": true}
