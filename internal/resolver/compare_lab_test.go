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
			asks = append(asks, comparison{z, typ, ""})
		}
	}
	asks = append(asks, comparison{"nope.nl", "A", ""}, comparison{"nope.example.nl", "A", ""}, comparison{"nope", "A", ""})
	for _, s := range r.Sites {
		asks = append(asks, comparison{s.Name, "A", ""})
		if s.Group != "dns" && s.Group != "dnssec" && s.Group != "ipv6" && s.Group != "hostile" {
			continue // the zones of the others are all alike
		}
		asks = append(asks, comparison{s.Name, "AAAA", ""}, comparison{s.Name, "TXT", ""}, comparison{"_443._tcp." + s.Name, "TLSA", ""})
		_, zone, _ := strings.Cut(s.Name, ".")
		asks = append(asks, comparison{zone, "SOA", ""}, comparison{zone, "DS", ""})
	}
	var anchor string
	for l := range strings.Lines(string(r.TrustAnchor)) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, ";") && strings.Contains(l, "DS") {
			anchor = l
		}
	}
	c.agree(string(r.RootHints), anchor, asks)
}
