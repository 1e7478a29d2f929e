package scan_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/resolver"
	"peil/internal/scan"
)

// eavesdropper sits before each of the lab's name servers and writes down what is asked.
type eavesdropper struct {
	mu    sync.Mutex
	names []string // guarded by mu
}

// below are the questions that came for a name or what is below it; all of them for ".".
func (e *eavesdropper) below(name string) (heard []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range e.names {
		if name == "." || n == name || strings.HasSuffix(n, "."+name) {
			heard = append(heard, n)
		}
	}
	return heard
}

// netmap is the lab's network map with the eavesdropper before it.
func (e *eavesdropper) netmap(t *testing.T, r *lab.Running) *egress.Map {
	t.Helper()
	var b bytes.Buffer
	for line := range strings.Lines(string(r.Map)) {
		logical, real, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && strings.HasSuffix(logical, ":53") {
			fmt.Fprintf(&b, "udp %s %s\n", logical, e.relay(t, real))
		}
		b.WriteString(line)
	}
	m, err := egress.ParseMap(&b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// relay passes questions on to one name server, and its answers back.
func (e *eavesdropper) relay(t *testing.T, to string) net.Addr {
	t.Helper()
	in, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = in.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			buf := make([]byte, 4096)
			n, from, err := in.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dns.Msg
			if err := m.Unpack(buf[:n]); err != nil || len(m.Question) != 1 {
				t.Errorf("not a question: %v", err)
				continue
			}
			e.mu.Lock()
			e.names = append(e.names, strings.TrimSuffix(strings.ToLower(m.Question[0].Name), "."))
			e.mu.Unlock()
			wg.Go(func() {
				out, err := net.Dial("udp", to)
				if err != nil {
					return
				}
				defer out.Close()
				_ = out.SetDeadline(time.Now().Add(10 * time.Second))
				if _, err := out.Write(buf[:n]); err != nil {
					return
				}
				answer := make([]byte, 4096)
				if n, err := out.Read(answer); err == nil {
					_, _ = in.WriteTo(answer[:n], from)
				}
			})
		}
	})
	return in.LocalAddr()
}

// TestWhatIsExcludedIsNotEvenAskedFor measures sites with exclusions, and listens at all
// name servers.
func TestWhatIsExcludedIsNotEvenAskedFor(t *testing.T) {
	ids := []string{"perfect", "alias-signed"}
	sites := slices.DeleteFunc(lab.Catalogue(), func(s *lab.Site) bool { return !slices.Contains(ids, s.ID) })
	r, err := lab.Start(t.Context(), lab.Options{Sites: sites})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	name := map[string]string{}
	for _, s := range r.Sites {
		name[s.ID] = s.Name
	}
	measure := func(t *testing.T, e *eavesdropper, id string, excluded ...string) *fact.Measurement {
		t.Helper()
		x := &egress.Exclusions{}
		for _, what := range excluded {
			if err := x.Add(what, "asked us not to"); err != nil {
				t.Fatal(err)
			}
		}
		door, err := egress.New(egress.Config{Map: e.netmap(t, r), Exclusions: x})
		if err != nil {
			t.Fatal(err)
		}
		s := labScanner(t, r, egress.Limits{}, func(c *scan.Config) {
			c.Egress, c.Spread = door, 100*time.Millisecond
			c.NoSelfTest = len(excluded) == 0 // its questions are the run's, not the target's
			c.Resolver, err = resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		in := make(chan fact.Target, 1)
		in <- fact.Target{Name: name[id], Role: fact.Web}
		close(in)
		var m *fact.Measurement
		if err := s.Run(ctx, in, func(x *fact.Measurement) error { m = x; return nil }); err != nil {
			t.Fatal(err)
		}
		return m
	}
	apex := func(id string) string { return strings.TrimPrefix(name[id], "www.") }

	t.Run("nothing excluded", func(t *testing.T) {
		var e eavesdropper
		m := measure(t, &e, "perfect")
		if len(e.below(apex("perfect"))) == 0 || len(m.Web.Hosts) == 0 {
			t.Errorf("the eavesdropper hears nothing: %v", e.below("."))
		}
		// In a list the first address is asked for ahead; that is part of the cost too.
		if heard := len(e.below(".")); m.Cost.Queries < heard {
			t.Errorf("the cost is %d queries, %d were heard", m.Cost.Queries, heard)
		}
	})
	for what, excluded := range map[string]string{"the name": name["perfect"], "its apex": apex("perfect"), "all of nl": "nl"} {
		t.Run(what, func(t *testing.T) {
			var e eavesdropper
			m := measure(t, &e, "perfect", excluded)
			if heard := e.below("."); len(heard) > 0 {
				t.Errorf("questions for an excluded target: %v", heard)
			}
			if m.Cost.Queries+m.Cost.Connections > 0 || len(m.Web.Hosts) > 0 {
				t.Errorf("it cost %+v, hosts %+v", m.Cost, m.Web.Hosts)
			}
			for _, l := range m.DNS.Lookups {
				if l.Gap != fact.GapExcluded {
					t.Errorf("%s %s: gap %q", l.Name, l.Type, l.Gap)
				}
			}
		})
	}
	t.Run("where an alias leads", func(t *testing.T) {
		var e eavesdropper
		m := measure(t, &e, "alias-signed")
		to := m.DNS.Lookup(name["alias-signed"], "A").Aliases[0].To
		zone := to[strings.IndexByte(to, '.')+1:]
		if len(e.below(to)) == 0 {
			t.Fatalf("%s is not asked for without exclusion", to)
		}
		var x eavesdropper
		m = measure(t, &x, "alias-signed", to)
		if heard := x.below(to); len(heard) > 0 {
			t.Errorf("%s is excluded, in %s; asked: %v", to, zone, heard)
		}
		if l := m.DNS.Lookup(name["alias-signed"], "A"); l.Gap != fact.GapExcluded || len(m.Web.Hosts) > 0 {
			t.Errorf("the look-up: %+v", l)
		}
	})
	t.Run("a name server", func(t *testing.T) {
		var e eavesdropper
		m := measure(t, &e, "perfect")
		ns := m.DNS.NameServers[0].Name
		if len(e.below(ns)) == 0 {
			t.Fatalf("%s is not asked for without exclusion", ns)
		}
		var x eavesdropper
		m = measure(t, &x, "perfect", ns)
		if heard := x.below(ns); len(heard) > 0 {
			t.Errorf("%s is excluded; asked: %v", ns, heard)
		}
		if s := m.DNS.NameServers[0]; s.Gap != fact.GapExcluded {
			t.Errorf("the name server: %+v", s)
		}
	})
	t.Run("an address", func(t *testing.T) {
		var e eavesdropper
		m := measure(t, &e, "perfect", "0.0.0.0/0", "2000::/3")
		if len(e.below(".")) > 0 || m.Cost.Connections > 0 {
			t.Errorf("everything is excluded; asked %v, cost %+v", e.below("."), m.Cost)
		}
		var site []string
		for _, s := range r.Sites {
			if s.ID == "perfect" {
				for _, x := range slices.Concat(s.V4, s.V6) {
					site = append(site, x.Addr.String())
				}
			}
		}
		m = measure(t, &e, "perfect", site...)
		for _, h := range m.Web.Hosts {
			if h.Cost.Connections > 0 || h.Port443.Gap != fact.GapExcluded || h.TLS != nil {
				t.Errorf("%s was touched: %+v", h.Addr, h)
			}
		}
		if len(m.Web.Hosts) == 0 {
			t.Error("no hosts")
		}
	})
}

// TestWhatIsExcludedIsNotAskedForByMailEither does the same for a mail domain.
func TestWhatIsExcludedIsNotAskedForByMailEither(t *testing.T) {
	r := mailDomain(t, 0)
	domain := r.Sites[0].Name
	measure := func(t *testing.T, excluded ...string) (*fact.Measurement, *eavesdropper) {
		t.Helper()
		e, x := &eavesdropper{}, &egress.Exclusions{}
		for _, what := range excluded {
			if err := x.Add(what, "asked us not to"); err != nil {
				t.Fatal(err)
			}
		}
		door, err := egress.New(egress.Config{Map: e.netmap(t, r), Exclusions: x})
		if err != nil {
			t.Fatal(err)
		}
		dns, err := resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
		if err != nil {
			t.Fatal(err)
		}
		s := labScanner(t, r, egress.Limits{}, func(c *scan.Config) { c.Egress, c.Resolver, c.Spread = door, dns, 100*time.Millisecond })
		in := make(chan fact.Target, 1)
		in <- fact.Target{Name: domain, Role: fact.Mail}
		close(in)
		var m *fact.Measurement
		if err := s.Run(t.Context(), in, func(x *fact.Measurement) error { m = x; return nil }); err != nil {
			t.Fatal(err)
		}
		return m, e
	}
	if m, e := measure(t); len(e.below("mx1."+domain)) == 0 || len(m.Mail.Servers) != 2 {
		t.Fatalf("the eavesdropper hears nothing: %v", e.below("."))
	}
	t.Run("the domain", func(t *testing.T) {
		m, e := measure(t, domain)
		if heard := e.below("."); len(heard) > 0 || m.Cost.Queries+m.Cost.Connections > 0 || len(m.Mail.Servers) > 0 {
			t.Errorf("heard %v, cost %+v", heard, m.Cost)
		}
		for _, l := range m.DNS.Lookups {
			if l.Gap != fact.GapExcluded {
				t.Errorf("%s %s: gap %q", l.Name, l.Type, l.Gap)
			}
		}
	})
	t.Run("a mail server", func(t *testing.T) {
		m, e := measure(t, "mx1."+domain)
		s := m.Mail.Server("mx1." + domain)
		if heard := e.below("mx1." + domain); len(heard) > 0 || s == nil || s.Gap != fact.GapExcluded || len(s.Hosts) > 0 {
			t.Errorf("heard %v, %+v", heard, s)
		}
		if len(m.Mail.Server("mx2."+domain).Hosts) != 2 {
			t.Error("the other one was not measured")
		}
	})
	t.Run("where reports go", func(t *testing.T) {
		m, e := measure(t, "reports.example.com")
		if heard := e.below("reports.example.com"); len(heard) > 0 {
			t.Errorf("heard %v", heard)
		}
		if l := m.DNS.Lookup(domain+"._report._dmarc.reports.example.com", "TXT"); l == nil || l.Gap != fact.GapExcluded {
			t.Errorf("%+v", l)
		}
	})
}
