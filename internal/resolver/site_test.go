package resolver

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peil/internal/fact"
)

// TestASiteCostsFewQuestions asks all that is asked of a site at the same time, the
// zones above being known, and counts what the servers see of it.
func TestASiteCostsFewQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.zone("nl", 13)
		w.zone("provider.nl", 13)
		w.zone("gemeente.nl", 13, "www A 192.0.2.1", "www AAAA 2001:db8::1", "_443._tcp.www TLSA 3 1 1 "+strings.Repeat("ab", 32), `@ CAA 0 issue "ca.example"`)
		r := w.build(func(c *Config) {
			c.Dial = func(ctx context.Context, s, network string, a netip.AddrPort) (net.Conn, error) {
				<-time.After(10 * time.Millisecond) // so that all that can be under way at once is
				return w.dial(ctx, s, network, a)
			}
		})
		ctx := context.Background()
		r.Zone(ctx, "nl")
		r.Lookup(ctx, "ns.provider.nl", "A")
		r.Lookup(ctx, "nl", "CAA")
		w.forget()
		var wg sync.WaitGroup
		for _, typ := range []string{"A", "AAAA", "SOA", "HTTPS", "CAA"} {
			wg.Go(func() { r.Lookup(ctx, "www.gemeente.nl", typ) })
		}
		wg.Go(func() { r.Lookup(ctx, "_443._tcp.www.gemeente.nl", "TLSA") })
		wg.Go(func() {
			if owner, l := r.NameServers(ctx, "www.gemeente.nl"); owner != "gemeente.nl" || l.Security != fact.Secure {
				t.Errorf("%s: %s", owner, say(l))
			}
		})
		wg.Wait()
		r.Lookup(ctx, "gemeente.nl", "CAA")
		if z := r.Zone(ctx, "gemeente.nl"); z.Security != fact.Secure || z.Denial == nil || z.Denial.Kind != "NSEC" || len(z.Signatures) != 4 {
			t.Errorf("%+v", z)
		}
		want := []string{
			"_443._tcp.www.gemeente.nl TLSA", "gemeente.nl A", "gemeente.nl CAA", "gemeente.nl DNSKEY", "gemeente.nl NS",
			"www.gemeente.nl A", "www.gemeente.nl AAAA", "www.gemeente.nl CAA", "www.gemeente.nl HTTPS", "www.gemeente.nl SOA",
		}
		got := w.forget()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("asked %d:\n%s\nwant %d", len(got), strings.Join(got, "\n"), len(want))
		}
	})
}
