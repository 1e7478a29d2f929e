package scan_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/resolver"
	"peil/internal/scan"
)

// drip is a server that gives a byte now and then, of an answer that never ends.
func drip(t *testing.T) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				first, err := bufio.NewReader(c).ReadByte()
				if err != nil {
					return
				}
				begin := "HTTP/1.1 200 OK\r\nX-Slow: "
				if first != 'G' { // TLS: a record of 16 kB, and in it a ServerHello
					begin = "\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"
				}
				tick := time.NewTicker(50 * time.Millisecond)
				defer tick.Stop()
				for i := 0; ; i++ {
					b := byte('a')
					if i < len(begin) {
						b = begin[i]
					}
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					<-tick.C
				}
			}()
		}
	}()
	return l.Addr()
}

// TestASubjectEndsWithinItsTime measures a site whose servers all drip, with a budget of
// two seconds: it ends, and says that it was the budget.
func TestASubjectEndsWithinItsTime(t *testing.T) {
	r := labSite(t, 0)
	site := r.Sites[0]
	var lines strings.Builder
	at := drip(t)
	for _, a := range append(site.V4, site.V6...) {
		addr := a.Addr.String()
		if a.Addr.Is6() {
			addr = "[" + addr + "]"
		}
		fmt.Fprintf(&lines, "tcp %s:80 %s\ntcp %[1]s:443 %[2]s\n", addr, at)
	}
	m, err := egress.ParseMap(strings.NewReader(lines.String() + string(r.Map)))
	if err != nil {
		t.Fatal(err)
	}
	door, err := egress.New(egress.Config{Map: m, Limits: egress.Limits{Time: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	s := labScanner(t, r, egress.Limits{}, func(c *scan.Config) {
		c.Egress = door
		c.Resolver, err = resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
	})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	got := s.Measure(t.Context(), fact.Target{Name: site.Name, Role: fact.Web})
	if d := time.Since(begin); d > 15*time.Second {
		t.Errorf("it took %v", d)
	}
	if len(got.Web.Hosts) == 0 {
		t.Fatal("no hosts")
	}
	for _, h := range got.Web.Hosts {
		if h.TLS == nil || h.TLS.Working.Gap != fact.GapBudget {
			t.Errorf("%s: TLS %+v", h.Addr, h.TLS)
		}
		for _, f := range []*fact.Fetch{h.HTTP.Plain, h.HTTP.Secure} {
			if f.Gap != fact.GapBudget {
				t.Errorf("%s: %+v", h.Addr, f)
			}
		}
	}
}
