package scan_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
	"peil/internal/norm"
	"peil/internal/probe/tlsprobe"
	"peil/internal/scan"
)

// behindFirewalls are sites of the lab's catalogue that are equal but for a firewall,
// which cuts us off after so many connections; the first of each stands in the open. The
// spares are like the last.
type behindFirewalls struct {
	id            string
	sites, spares []*lab.Site
}

// quietTries is how often at most something is measured again that must be measured
// wholly, when the machine was too busy for it.
const quietTries = 4

// starved reports whether a verdict is missing for want of time.
func starved(rs []*norm.Result) bool {
	for _, r := range rs {
		for _, v := range r.Verdicts {
			switch v.Gap {
			case fact.GapTimeout, fact.GapSlow, fact.GapBudget, fact.GapBlocked, fact.GapOurNetwork:
				return true
			}
		}
	}
	return false
}

// measuredIn counts the verdicts that were reached.
func measuredIn(rs []*norm.Result) (n int) {
	for _, r := range rs {
		for _, v := range r.Verdicts {
			if v.Outcome != norm.NotMeasured {
				n++
			}
		}
	}
	return n
}

func wall(t testing.TB, name, id string, change func(*tlslab.Profile), after []int, by ...tlslab.Reaction) behindFirewalls {
	t.Helper()
	all := lab.Catalogue()
	i := slices.IndexFunc(all, func(s *lab.Site) bool { return s.ID == id })
	if i < 0 {
		t.Fatalf("the catalogue has no site %q", id)
	}
	b := behindFirewalls{id: name}
	add := func(to *[]*lab.Site, label string, f tlslab.Firewall) {
		s := *all[i]
		s.ID = name + "-" + label
		s.Name = "www." + s.ID + ".example.nl"
		s.V4, s.V6 = slices.Clone(s.V4[:1]), nil
		p := tlslab.Profile{}
		if s.V4[0].TLS != nil {
			p = *s.V4[0].TLS
		}
		if change != nil {
			change(&p)
		}
		p.Firewall = f
		s.V4[0].TLS = &p
		*to = append(*to, &s)
	}
	add(&b.sites, "open", tlslab.Firewall{})
	var last tlslab.Firewall
	for _, n := range after {
		for _, r := range by {
			last = tlslab.Firewall{After: n, By: r, Window: time.Hour}
			add(&b.sites, fmt.Sprintf("%d-%s", n, r), last)
		}
	}
	for i := range quietTries - 1 {
		add(&b.spares, fmt.Sprintf("spare-%d", i), last)
	}
	return b
}

// TestAFirewallChangesNoVerdict cuts us off after each number of connections in each
// way, in front of a good server and of bad ones. Whatever a firewall does, a verdict
// is what it is without one, or not measured (catalogue A.2).
func TestAFirewallChangesNoVerdict(t *testing.T) {
	after := make([]int, 40)
	for i := range after {
		after[i] = i + 1
	}
	cut := []tlslab.Reaction{tlslab.Reset, tlslab.Close, tlslab.Silence}
	walls := []behindFirewalls{
		wall(t, "good", "perfect", nil, after, cut...),
		wall(t, "everything", "perfect", func(p *tlslab.Profile) { *p = *tlslab.EverythingOn() }, after, cut...),
		wall(t, "weak-first", "perfect", func(p *tlslab.Profile) {
			p.Suites = map[fact.Version][]fact.Suite{fact.TLS12: {0xC024, 0xC023, 0xC02C, 0xC02B}, fact.TLS13: {0x1302}}
		}, after, tlslab.Reset),
		wall(t, "second-certificate-expired", "perfect", func(p *tlslab.Profile) {
			p.Suites = map[fact.Version][]fact.Suite{fact.TLS12: {0xC02C, 0xC030}, fact.TLS13: {0x1302}}
			p.Certs = []pki.Spec{{}, {Key: pki.RSA3072, Signature: pki.RSASHA256, From: -80 * 24 * time.Hour, Until: -time.Hour}}
		}, after, tlslab.Reset),
	}
	var sites []*lab.Site
	for _, w := range walls {
		sites = append(sites, w.sites...)
	}
	all := slices.Clone(sites)
	for _, w := range walls {
		all = append(all, w.spares...)
	}
	r, err := lab.Start(t.Context(), lab.Options{Sites: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	roots, err := tlsprobe.RootsFromPEM(r.CA, "lab")
	if err != nil {
		t.Fatal(err)
	}
	prober, err := tlsprobe.New(tlsprobe.Config{Roots: roots, Timeout: time.Second, Spread: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s := labScanner(t, r, egress.Limits{TCPRate: 10000, TCPBurst: 10000, NetFactor: egress.NoLimit}, func(c *scan.Config) {
		c.TLS, c.Timeout, c.Spread = prober, time.Second, 100*time.Millisecond
	})
	results := make([][]*norm.Result, len(sites))
	measure := func(site *lab.Site) []*norm.Result {
		return norm.JudgeAll(s.Measure(t.Context(), fact.Target{Name: site.Name, Role: fact.Web}), norm.Editions()...)
	}
	// What the others are held against is measured before them, in peace: the site in the
	// open, and the one whose firewall lets enough through.
	i := 0
	for _, w := range walls {
		for range quietTries {
			if results[i] = measure(w.sites[0]); !starved(results[i]) {
				break
			}
		}
		if starved(results[i]) {
			t.Fatalf("%s: not even the site in the open could be measured", w.id)
		}
		k := i + len(w.sites) - 1
		for _, site := range append([]*lab.Site{w.sites[len(w.sites)-1]}, w.spares...) {
			if results[k] = measure(site); w.id == "everything" || measuredIn(results[k]) == measuredIn(results[i]) {
				break
			}
		}
		i += len(w.sites)
	}
	slots := make(chan struct{}, 120)
	var wg sync.WaitGroup
	for i, site := range sites {
		if results[i] != nil {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = measure(site)
		})
	}
	wg.Wait()
	i = 0
	for _, w := range walls {
		open := results[i]
		measured := make([]int, len(w.sites))
		for k, site := range w.sites {
			measured[k] = measuredIn(results[i+k])
			for e, res := range results[i+k] {
				for v, got := range res.Verdicts {
					want := open[e].Verdicts[v]
					if got.Outcome == norm.NotMeasured {
						continue
					}
					// A warning holds however much worse what was not seen may be.
					if bound := got.Outcome == norm.Warning && want.Outcome == norm.Failed; got.Outcome != want.Outcome && !bound {
						t.Errorf("%s: %s %s is %s, without a firewall %s: %v", site.ID, res.Edition, got.ID, got.Outcome, want.Outcome, got.Reasons)
					}
				}
			}
		}
		t.Logf("%s: verdicts measured: %v", w.id, measured)
		// Forty connections are enough for all but the server that has everything.
		if last := measured[len(measured)-1]; measured[1] >= measured[0] || w.id != "everything" && last != measured[0] {
			t.Errorf("%s: %d verdicts after one connection, %d after forty, %d without a firewall", w.id, measured[1], last, measured[0])
		}
		i += len(w.sites)
	}
}
