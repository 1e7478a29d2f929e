package scan_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/scan"
)

// TestFewSocketsAreEnough measures sites at the same time with fewer sockets than one of
// them would like to have. Connections that were opened ahead, or kept between requests,
// used to hold them all while each target waited for one more, for TLS or for a question
// to the DNS.
func TestFewSocketsAreEnough(t *testing.T) {
	ids := []string{"perfect", "csp-none", "csp-http", "xfo-none", "xfo-allow", "xcto-none"}
	sites := slices.DeleteFunc(lab.Catalogue(), func(s *lab.Site) bool { return !slices.Contains(ids, s.ID) })
	if len(sites) != len(ids) {
		t.Fatalf("the lab has %d of %v", len(sites), ids)
	}
	r, err := lab.Start(t.Context(), lab.Options{Sites: sites})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	for _, open := range []int{1, 4} {
		t.Run(fmt.Sprint(open), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			free := egress.Limits{Open: open, TCPBurst: egress.NoLimit, UDPBurst: egress.NoLimit}
			s := labScanner(t, r, free, func(c *scan.Config) { c.Spread = 100 * time.Millisecond })
			targets := make(chan fact.Target, len(r.Sites))
			for _, site := range r.Sites {
				targets <- fact.Target{Name: site.Name, Role: fact.Web}
			}
			close(targets)
			n := 0
			err := s.Run(ctx, targets, func(m *fact.Measurement) error {
				n++
				for _, h := range m.Web.Hosts {
					if !h.Port443.Open() || h.TLS == nil || !h.TLS.Working.Yes() || h.HTTP.Secure.End != fact.EndOK {
						t.Errorf("%s %s: %+v", m.Target.Name, h.Addr, h)
					}
				}
				return nil
			})
			if err != nil || n != len(r.Sites) {
				t.Errorf("%d of %d sites were measured: %v", n, len(r.Sites), err)
			}
		})
	}
}
