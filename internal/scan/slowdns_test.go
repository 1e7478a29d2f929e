package scan_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/norm"
	"peil/internal/resolver"
	"peil/internal/scan"
)

// slowDNS is a name server that keeps who asks it waiting: over UDP it says that the
// answer is too long, or gives that of another server late; over TCP it gives a byte a
// second of an answer without end.
func slowDNS(t *testing.T, late time.Duration, other string) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	over := make(chan struct{})
	t.Cleanup(func() { close(over); _, _ = l.Close(), u.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				tick := time.NewTicker(time.Second)
				defer tick.Stop()
				for {
					if _, err := c.Write([]byte{0xff}); err != nil {
						return
					}
					select {
					case <-tick.C:
					case <-over:
						return
					}
				}
			})
		}
	})
	wg.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := u.ReadFrom(buf)
			if err != nil {
				return
			}
			question := bytes.Clone(buf[:n])
			wg.Go(func() {
				if late == 0 {
					var m dns.Msg
					if m.Unpack(question) == nil {
						m.Response, m.Truncated = true, true
						if b, err := m.Pack(); err == nil {
							_, _ = u.WriteTo(b, from)
						}
					}
					return
				}
				c, err := net.Dial("udp", other)
				if err != nil {
					return
				}
				defer c.Close()
				_, _ = c.Write(question)
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				answer := make([]byte, 4096)
				k, err := c.Read(answer)
				if err != nil {
					return
				}
				select {
				case <-time.After(late):
					_, _ = u.WriteTo(answer[:k], from)
				case <-over:
				}
			})
		}
	})
	return u.LocalAddr()
}

// slowLevel is the lab's network map with slow name servers in place of those of a zone.
func slowLevel(t *testing.T, r *lab.Running, zone string, late time.Duration) *egress.Map {
	t.Helper()
	dns := labResolver(t, r, r.Map)
	var b bytes.Buffer
	owner, ns := dns.NameServers(t.Context(), zone)
	if owner != strings.TrimSuffix(zone, ".") && owner != zone {
		t.Fatalf("the name servers of %s are those of %q", zone, owner)
	}
	for _, x := range ns.Records {
		for _, typ := range []string{"A", "AAAA"} {
			for _, rec := range dns.Lookup(t.Context(), x.Data, typ).Records {
				a, err := netip.ParseAddr(rec.Data)
				if err != nil {
					continue
				}
				logical := netip.AddrPortFrom(a, 53).String()
				for line := range strings.Lines(string(r.Map)) {
					f := strings.Fields(line)
					if len(f) == 3 && f[0] == "udp" && f[1] == logical || len(f) == 2 && f[0] == logical {
						at := slowDNS(t, late, f[len(f)-1])
						fmt.Fprintf(&b, "udp %s %s\ntcp %[1]s %[2]s\n", logical, at)
						break
					}
				}
			}
		}
	}
	if b.Len() == 0 {
		t.Fatalf("no name server of %s in the map", zone)
	}
	b.Write(r.Map)
	m, err := egress.ParseMap(&b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func labResolver(t *testing.T, r *lab.Running, netmap []byte) *resolver.Resolver {
	t.Helper()
	m, err := egress.ParseMap(bytes.NewReader(netmap))
	if err != nil {
		t.Fatal(err)
	}
	door, err := egress.New(egress.Config{Map: m})
	if err != nil {
		t.Fatal(err)
	}
	x, err := resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// A target ends within the 120 seconds of a subject (design, Budgets), whichever of its
// name servers, at whatever level, keep us waiting; and nothing is held against it.
func TestSlowNameServersKeepNobody(t *testing.T) {
	r := labSite(t, 0)
	site := r.Sites[0]
	zones := map[string]string{"its own": strings.TrimPrefix(site.Name, "www.")}
	if os.Getenv("PEIL_TEST_ALL") != "" { // these take a minute: the look-ups of several zones go before them
		zones["nl"], zones["the root"] = "nl", "."
	}
	var wg sync.WaitGroup
	for level, zone := range zones {
		for how, late := range map[string]time.Duration{"drip over TCP": 0, "late over UDP": 1900 * time.Millisecond} {
			what := level + ", " + how
			door, err := egress.New(egress.Config{Map: slowLevel(t, r, zone, late)})
			if err != nil {
				t.Fatal(err)
			}
			s := labScanner(t, r, egress.Limits{}, func(c *scan.Config) {
				c.Egress, c.NoSelfTest = door, true
				c.Resolver, err = resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
			})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				begin := time.Now()
				m := s.Measure(t.Context(), fact.Target{Name: site.Name, Role: fact.Web})
				if took := time.Since(begin); took > door.Limits().Time {
					t.Errorf("%s: it took %v", what, took)
				}
				for _, typ := range []string{"A", "AAAA"} {
					if l := m.DNS.Lookup(site.Name, typ); l.Gap != fact.GapTimeout {
						t.Errorf("%s: %s: %+v", what, typ, l)
					}
				}
				for _, res := range norm.JudgeAll(m, norm.Editions()...) {
					for _, v := range res.Verdicts {
						if v.Outcome == norm.Failed || v.Outcome == norm.Passed {
							t.Errorf("%s: %s %s is %s", what, res.Edition, v.ID, v.Outcome)
						}
					}
				}
			})
		}
	}
	wg.Wait()
}
