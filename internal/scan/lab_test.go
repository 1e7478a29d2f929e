package scan_test

import (
	"bytes"
	"encoding/json"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/norm"
	"peil/internal/probe/routeprobe"
	"peil/internal/probe/tlsprobe"
	"peil/internal/resolver"
	"peil/internal/routes"
	"peil/internal/scan"
)

// labScanner is a scanner of a lab that runs in this process.
func labScanner(t testing.TB, r *lab.Running, limits egress.Limits, change func(*scan.Config)) *scan.Scanner {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	netmap, err := egress.ParseMap(bytes.NewReader(r.Map))
	must(err)
	door, err := egress.New(egress.Config{Map: netmap, Limits: limits})
	must(err)
	dns, err := resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
	must(err)
	roots, err := tlsprobe.RootsFromPEM(r.CA, "lab")
	must(err)
	prober, err := tlsprobe.New(tlsprobe.Config{Roots: roots})
	must(err)
	var vb routes.VRPBuilder
	_, _, err = routes.ReadVRPs(bytes.NewReader(r.VRPs), &vb)
	must(err)
	vrps, err := vb.Table(routes.Meta{Source: "lab"})
	must(err)
	var rb routes.RouteBuilder
	_, err = routes.ReadRoutes(bytes.NewReader(r.Routes), &rb)
	must(err)
	table, err := rb.Table(routes.Meta{Source: "lab"})
	must(err)
	c := scan.Config{
		Egress: door, Resolver: dns, TLS: prober, Routes: &routeprobe.Prober{VRPs: vrps, Routes: table},
		Editions: norm.Editions(), Meter: "test",
	}
	if change != nil {
		change(&c)
	}
	s, err := scan.New(c)
	must(err)
	return s
}

func labSite(t testing.TB, delay time.Duration) *lab.Running {
	t.Helper()
	r, err := lab.Start(t.Context(), lab.Options{Sites: lab.Catalogue()[:1], Delay: delay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// TestAGoodSiteOfTheLab holds the promises on cost against the lab's perfect site:
// at most 25 connections an address, and under 3 s of wall time, cold, where round
// trips take 30 ms.
func TestAGoodSiteOfTheLab(t *testing.T) {
	r := labSite(t, 30*time.Millisecond)
	name := r.Sites[0].Name
	s := labScanner(t, r, egress.Limits{}, nil)
	begin := time.Now()
	m := s.Measure(t.Context(), fact.Target{Name: name, Role: fact.Web})
	wall := time.Since(begin)
	if file := os.Getenv("PEIL_FACTS"); file != "" {
		b, _ := json.MarshalIndent(m, "", " ")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s: %v, %+v", name, wall, m.Cost)
	if len(m.Web.Hosts) < 2 {
		t.Fatalf("hosts: %+v", m.Web.Hosts)
	}
	for _, h := range m.Web.Hosts {
		t.Logf("%s: %+v", h.Addr, h.Cost)
		if !h.Port80.Open() || !h.Port443.Open() || h.TLS == nil || !h.TLS.Working.Yes() || h.HTTP.Secure.End != fact.EndOK {
			t.Errorf("%s: %+v", h.Addr, h)
		}
		if h.Cost.Connections > 25 {
			t.Errorf("%s took %d connections", h.Addr, h.Cost.Connections)
		}
	}
	if m.Web.Similarity == nil || m.Web.Similarity.Class != "same" {
		t.Errorf("similarity %+v", m.Web.Similarity)
	}
	for i := range m.DNS.Lookups {
		if l := &m.DNS.Lookups[i]; l.Security != fact.Secure {
			t.Errorf("%s %s: %s %+v", l.Name, l.Type, l.Security, l.Problem)
		}
	}
	if wall > 3*time.Second {
		t.Errorf("took %v", wall)
	}
}

// BenchmarkGoodSite measures the lab's perfect site over and over with warm caches of
// zones. The lab runs in the same process: CPU is an upper bound; -cpuprofile tells
// the client's share.
func BenchmarkGoodSite(b *testing.B) {
	r := labSite(b, 0)
	// The same address over and over: politeness would be all that is measured.
	free := egress.Limits{TCPBurst: egress.NoLimit, TCPRate: egress.NoLimit, UDPRate: egress.NoLimit}
	s := labScanner(b, r, free, func(c *scan.Config) { c.NoSelfTest = true })
	if f := os.Getenv("PEIL_PROFILE"); f != "" {
		w, err := os.Create(f)
		if err != nil {
			b.Fatal(err)
		}
		defer w.Close()
		if err := pprof.StartCPUProfile(w); err != nil {
			b.Fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	before := cpu()
	n := 0
	for b.Loop() {
		m := s.Measure(b.Context(), fact.Target{Name: r.Sites[0].Name, Role: fact.Web})
		if len(m.Web.Hosts) < 2 {
			b.Fatal("no hosts")
		}
		n++
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(n)/1000, "cpu-ms/site")
	runtime.KeepAlive(r)
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
