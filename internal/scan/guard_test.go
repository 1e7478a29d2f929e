package scan_test

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/scan"
)

// guardSites plays the sites of the lab that try to lead a scan to where it may not come.
func guardSites(t *testing.T) *lab.Running {
	t.Helper()
	sites := slices.DeleteFunc(lab.Catalogue(), func(s *lab.Site) bool { return !strings.HasPrefix(s.ID, "guard-") })
	if len(sites) < 50 {
		t.Fatalf("only %d sites attack the guard", len(sites))
	}
	r, err := lab.Start(t.Context(), lab.Options{Sites: sites})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

var guardLimits = egress.Limits{TCPBurst: 200, TCPRate: 1000, NetFactor: 64, UDPBurst: 2000, UDPRate: 50000}

// TestNoSiteLeadsAScanToWhereItMayNotCome measures every site that attacks the guard and
// asks the lab what came to the addresses and ports which are off limits. The network map
// leads there, so only the guard keeps the scan away.
func TestNoSiteLeadsAScanToWhereItMayNotCome(t *testing.T) {
	r := guardSites(t)
	s := labScanner(t, r, guardLimits, func(c *scan.Config) { c.Spread = 100 * time.Millisecond })
	targets := make(chan fact.Target, len(r.Sites))
	for _, site := range r.Sites {
		targets <- fact.Target{Name: site.Name, Role: fact.Web}
	}
	close(targets)
	n := 0
	err := s.Run(t.Context(), targets, func(m *fact.Measurement) error {
		n++
		for _, h := range m.Web.Hosts {
			shut := egress.Public(h.Addr) != nil
			for _, p := range []fact.Reach{h.Port80, h.Port443} {
				if shut && (p.Gap != fact.GapNotPublic || p.Open()) {
					t.Errorf("%s: %s: %+v, want it not measured because it is not public", m.Target.Name, h.Addr, p)
				}
			}
			if shut && (h.TLS != nil || h.Cost.Connections > 0) {
				t.Errorf("%s: %s was talked to: %+v", m.Target.Name, h.Addr, h.Cost)
			}
		}
		return nil
	})
	if err != nil || n != len(r.Sites) {
		t.Errorf("%d of %d sites were measured: %v", n, len(r.Sites), err)
	}
	for _, h := range r.Hits() {
		t.Errorf("%d × %s to %s", h.Times, h.Protocol, h.Where)
	}
}

// TestTheLabSeesWhoComesWhereNoScanMayCome opens the door for one of the sites, to show
// that the test above can fail.
func TestTheLabSeesWhoComesWhereNoScanMayCome(t *testing.T) {
	r := guardSites(t)
	netmap, err := egress.ParseMap(bytes.NewReader(r.Map))
	if err != nil {
		t.Fatal(err)
	}
	door, err := egress.New(egress.Config{Map: netmap, Limits: guardLimits, Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	s := labScanner(t, r, guardLimits, func(c *scan.Config) { c.Egress, c.Spread = door, 100*time.Millisecond })
	s.Measure(t.Context(), fact.Target{Name: "www.guard-at-ten.example.nl", Role: fact.Web})
	hits := r.Hits()
	if len(hits) != 1 || hits[0].Where != "10.0.0.0/8" || hits[0].Protocol != "tcp" || hits[0].Times < 2 {
		t.Errorf("hits: %+v, want some at 10.0.0.0/8 by TCP", hits)
	}
}
