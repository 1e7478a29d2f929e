package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/probe/httpprobe"
	"peil/internal/probe/reach"
	"peil/internal/probe/tlsprobe"
)

// zone is a resolver that knows what stands in it: "name TYPE" → data.
type zone map[string][]string

func (z zone) Lookup(_ context.Context, name, qtype string) fact.Lookup {
	l := fact.Lookup{Name: name, Type: qtype, Zone: "example.nl", RCode: "NOERROR", Security: fact.Secure}
	for _, d := range z[name+" "+qtype] {
		l.Wire = append(l.Wire, d)
		r := fact.Record{Data: d}
		if qtype == "TXT" {
			r.Raw = append([]byte{byte(len(d))}, d...)
		}
		l.Records = append(l.Records, r)
	}
	slices.SortFunc(l.Records, func(a, b fact.Record) int { return strings.Compare(a.Data, b.Data) })
	return l
}

func (z zone) Zone(_ context.Context, name string) fact.Zone {
	return fact.Zone{Name: name, Security: fact.Secure}
}

func (z zone) NameServers(ctx context.Context, name string) (string, fact.Lookup) {
	if name == "." {
		return ".", z.Lookup(ctx, ".", "NS")
	}
	return "example.nl", z.Lookup(ctx, "example.nl", "NS")
}

// noTLS stands in for the prober of TLS: it reports one hello accepted.
type noTLS struct{ asked atomic.Int32 }

func (p *noTLS) Probe(_ context.Context, t tlsprobe.Target, _ tlsprobe.Plan) (*fact.TLS, []fact.Chain) {
	p.asked.Add(1)
	return &fact.TLS{Addr: t.Addr, ServerName: t.ServerName, Working: fact.Observed{Answer: fact.Accepted}}, nil
}

func (p *noTLS) Chain(certs [][]byte, name string, _ []byte) fact.Chain {
	return fact.Chain{ID: fact.ChainID(name, certs), Certs: certs, Trust: fact.Trust{ServerName: name}}
}

// site is a website with its name server on loopback.
type site struct {
	zone zone
	maps []string
	tls  noTLS
}

const (
	v4 = "198.51.100.10"
	v6 = "2001:db8::10"
)

func newSite(t *testing.T) *site {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
			return
		}
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>Example</title><p>Hello")
	})
	plain, secure := httptest.NewServer(handler), httptest.NewUnstartedServer(handler)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ns := &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.Authoritative = true
		_ = w.WriteMsg(m)
	})}
	go func() { _ = ns.ActivateAndServe() }()
	t.Cleanup(func() { _ = ns.Shutdown() })
	s := &site{zone: zone{
		"www.example.nl A": {v4}, "www.example.nl AAAA": {v6}, "example.nl A": {v4}, "example.nl AAAA": {v6},
		"example.nl NS":    {"ns1.example.nl", "ns2.example.nl"},
		"ns1.example.nl A": {"198.51.100.1"}, "ns1.example.nl AAAA": {"2001:db8::1"},
		"ns2.example.nl A": {"198.51.100.2"}, "ns2.example.nl AAAA": {"2001:db8::2"},
		". NS": {"a.root"}, "a.root A": {"198.51.100.53"}, "a.root AAAA": {"2001:db8::53"},
	}}
	for _, a := range []string{"198.51.100.1", "[2001:db8::1]", "198.51.100.2", "[2001:db8::2]", "198.51.100.53", "[2001:db8::53]"} {
		s.maps = append(s.maps, fmt.Sprintf("udp %s:53 %s", a, c.LocalAddr()))
	}
	for _, a := range []string{v4, "[" + v6 + "]"} {
		s.maps = append(s.maps, fmt.Sprintf("tcp %s:80 %s", a, plain.Listener.Addr()), fmt.Sprintf("tcp %s:443 %s", a, secure.Listener.Addr()))
	}
	return s
}

func (s *site) scanner(t *testing.T, change func(*Config)) *Scanner {
	t.Helper()
	m, err := egress.ParseMap(strings.NewReader(strings.Join(s.maps, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	e, err := egress.New(egress.Config{
		Map: m, Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		Limits: egress.Limits{TCPBurst: egress.NoLimit, TCPRate: egress.NoLimit, UDPRate: egress.NoLimit},
	})
	if err != nil {
		t.Fatal(err)
	}
	edition, ok := norm.ByName("peil")
	if !ok {
		t.Fatal("no edition peil")
	}
	c := Config{
		Egress: e, Resolver: s.zone, TLS: &s.tls, Editions: []*norm.Edition{edition}, Meter: "test",
		Spread: 60 * time.Millisecond, Timeout: 2 * time.Second, Parallel: 8,
		Now: func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) },
	}
	if change != nil {
		change(&c)
	}
	x, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

var www = fact.Target{Name: "www.example.nl", Role: fact.Web}

func TestMeasureGathersEverythingOfAGoodSite(t *testing.T) {
	s := newSite(t)
	m := s.scanner(t, nil).Measure(t.Context(), www)
	if m.Target != www || !m.Simulated || m.Schema != fact.Schema || len(m.Asked) != 1 || m.Meter != "test" {
		t.Errorf("%+v", m)
	}
	if !m.Network.IPv4 || !m.Network.IPv6 || m.Network.DNSIntercepted || m.Network.Note != "" {
		t.Errorf("self-test: %+v", m.Network)
	}
	if len(m.Web.Hosts) != 2 {
		t.Fatalf("hosts %+v", m.Web.Hosts)
	}
	for _, h := range m.Web.Hosts {
		if !h.Port80.Open() || !h.Port443.Open() || h.TLS == nil || h.HTTP == nil || h.HTTP.Secure.First().Status != 200 || h.HTTP.Plain.First().Next != "https://www.example.nl/" {
			t.Errorf("%+v", h)
		}
		if h.Cost.Connections != 2 || h.Cost.BytesIn == 0 {
			t.Errorf("cost of %s: %+v", h.Addr, h.Cost)
		}
	}
	if x := m.Web.Similarity; x == nil || x.Class != "same" || x.Scheme != "https" {
		t.Errorf("similarity %+v", x)
	}
	if p := m.Web.Pair; p == nil || p.Name != "example.nl" || p.Plain4.Last().Status != 200 || p.Secure6.Last().Status != 200 || p.A == nil || p.AAAA == nil {
		t.Errorf("pair %+v", p)
	}
	if len(m.DNS.NameServers) != 2 || !m.DNS.NameServers[0].Addrs[1].UDP.Open() {
		t.Errorf("name servers %+v", m.DNS.NameServers)
	}
	if len(m.Routes) != 6 || m.Routes[0].VRPGap != fact.GapNoSource {
		t.Errorf("routes %+v", m.Routes)
	}
	// The same certificates are a chain of the name and another one of its pair.
	own, pair := m.Chain(m.Web.Hosts[0].HTTP.Secure.First().Chain), m.Chain(m.Web.Pair.Secure4.First().Chain)
	if len(m.Chains) != 2 || own == nil || pair == nil || own.Trust.ServerName != "www.example.nl" || pair.Trust.ServerName != "example.nl" {
		t.Errorf("%d chains, of the name %v, of its pair %v", len(m.Chains), own != nil, pair != nil)
	}
	if m.Cost.Connections != 8 || m.Cost.Queries < 4 {
		t.Errorf("cost %+v", m.Cost)
	}
	if s.tls.asked.Load() != 2 {
		t.Errorf("TLS asked %d times", s.tls.asked.Load())
	}
}

func TestMeasuringTwiceGivesTheSameSubjects(t *testing.T) {
	s := newSite(t)
	hashes := func() string {
		var b bytes.Buffer
		for _, x := range s.scanner(t, nil).Measure(t.Context(), www).Subjects() {
			h, err := fact.Hash(x.Value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, x.Kind, x.Key, h)
		}
		return b.String()
	}
	if a, b := hashes(), hashes(); a != b {
		t.Errorf("first\n%s\nthen\n%s", a, b)
	}
}

func TestFactsSurviveTheFile(t *testing.T) {
	m := newSite(t).scanner(t, nil).Measure(t.Context(), www)
	a, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back fact.Measurement
	if err := json.Unmarshal(a, &back); err != nil {
		t.Fatal(err)
	}
	if b, _ := json.Marshal(&back); !bytes.Equal(a, b) {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestADeadFamilyIsDeadAndTheRestIsNotApplicable(t *testing.T) {
	s := newSite(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	// The first line that fits wins.
	s.maps = append([]string{fmt.Sprintf("tcp [%s]:80 %s", v6, closed.Addr()), fmt.Sprintf("tcp [%s]:443 %s", v6, closed.Addr())}, s.maps...)
	m := s.scanner(t, nil).Measure(t.Context(), www)
	h := m.Web.Host(netip.MustParseAddr(v6))
	if !h.Port80.Dead() || !h.Port443.Dead() || h.Port443.How != "refused" || h.TLS != nil {
		t.Errorf("%+v", h)
	}
	if f := h.HTTP.Secure; f.End != fact.EndClientError || f.First().Error != "refused" {
		t.Errorf("%+v", f)
	}
	if x := m.Web.Similarity; x == nil || x.Reason != "no_answer_v6" || x.Gap != "" {
		t.Errorf("similarity %+v", x)
	}
}

func TestAnAddressOutsideTheMapIsNotMeasured(t *testing.T) {
	s := newSite(t)
	s.zone["www.example.nl AAAA"] = []string{"2001:db8::ff"}
	m := s.scanner(t, nil).Measure(t.Context(), www)
	h := m.Web.Host(netip.MustParseAddr("2001:db8::ff"))
	if h.Port443.Gap != fact.GapUnmapped || h.Port443.State != "" || h.HTTP.Secure.Gap != fact.GapUnmapped {
		t.Errorf("%+v %+v", h.Port443, h.HTTP.Secure)
	}
}

func TestWithoutAddressesThereAreNoHosts(t *testing.T) {
	s := newSite(t)
	m := s.scanner(t, nil).Measure(t.Context(), fact.Target{Name: "nothing.example.nl", Role: fact.Web})
	if m.Web == nil || len(m.Web.Hosts) != 0 || m.Web.Similarity != nil || m.Web.Pair != nil || !m.DNS.Lookup("nothing.example.nl", "A").Answered() {
		t.Errorf("%+v", m.Web)
	}
}

func TestTooManyAddresses(t *testing.T) {
	s := newSite(t)
	s.zone["www.example.nl A"] = nil
	for i := range 40 {
		s.zone["www.example.nl A"] = append(s.zone["www.example.nl A"], fmt.Sprintf("198.51.100.%d", 200-i))
	}
	m := s.scanner(t, nil).Measure(t.Context(), www)
	if len(m.Web.Hosts) != MaxWebAddrs || len(m.Web.Beyond) != 41-MaxWebAddrs || len(m.Web.Wire) != 41 {
		t.Errorf("%d hosts, %d beyond, %d in all", len(m.Web.Hosts), len(m.Web.Beyond), len(m.Web.Wire))
	}
	if m.Web.Host(netip.MustParseAddr("198.51.100.200")) == nil || m.Web.Host(netip.MustParseAddr(v6)) == nil {
		t.Error("the first of a family is left out")
	}
}

func TestPairOf(t *testing.T) {
	w := &work{s: newSite(t).scanner(t, func(c *Config) {
		c.Resolver = zones{"mijn.example.nl": true}
	})}
	for name, want := range map[string]string{
		"www.example.nl": "example.nl", "example.nl": "www.example.nl", "mijn.example.nl": "www.mijn.example.nl", "jouw.example.nl": "", "www.mijn.example.nl": "mijn.example.nl", "www.jouw.example.nl": "", "nl": "", "www.nl": "", "example.co.uk": "www.example.co.uk", "gemeente.test": "www.gemeente.test",
	} {
		if got := w.pairOf(t.Context(), name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAFailedHandshakeIsOursWhenOthersWereAccepted(t *testing.T) {
	addr := netip.MustParseAddr(v4)
	fetch := func() *fact.Fetch {
		return &fact.Fetch{Hops: []fact.Hop{{Addr: addr, Error: "tls"}}, End: fact.EndClientError}
	}
	for _, c := range []struct {
		working fact.Observed
		alerted bool
		end     string
		gap     fact.Gap
	}{
		{fact.Observed{Answer: fact.Accepted}, true, "", fact.GapUnsupported},
		{fact.Observed{Answer: fact.Accepted}, false, "", fact.GapBlocked},
		{fact.Observed{Answer: fact.Declined}, true, fact.EndClientError, ""},
		{fact.Observed{Gap: fact.GapTimeout}, true, "", fact.GapTimeout},
	} {
		f := fetch()
		settle(&fact.WebHost{Addr: addr, TLS: &fact.TLS{Working: c.working}}, c.alerted, f, nil)
		if f.End != c.end || f.Gap != c.gap || f.Last().Gap != c.gap {
			t.Errorf("%+v: %+v", c.working, f)
		}
	}
}

func TestRunMeasuresEachTargetOnceAndShares(t *testing.T) {
	s := newSite(t)
	x := s.scanner(t, nil)
	in := make(chan fact.Target)
	go func() {
		defer close(in)
		for i := range 60 {
			name := fmt.Sprintf("s%d.example.nl", i)
			in <- fact.Target{Name: name, Role: fact.Web}
		}
	}()
	for i := range 60 {
		s.zone[fmt.Sprintf("s%d.example.nl A", i)] = []string{v4}
	}
	seen := map[string]int{}
	most := 0
	err := x.Run(t.Context(), in, func(m *fact.Measurement) error {
		seen[m.Target.Name]++
		p := x.Progress()
		most = max(most, p.Active)
		return nil
	})
	if err != nil || len(seen) != 60 {
		t.Errorf("%d measured: %v", len(seen), err)
	}
	for n, k := range seen {
		if k != 1 {
			t.Errorf("%s measured %d times", n, k)
		}
	}
	if most > perAddress {
		t.Errorf("%d targets of one address in hand at a time", most)
	}
	if p := x.Progress(); p.Done != 60 || p.Active != 0 || p.Parked != 0 {
		t.Errorf("%+v", p)
	}
}

func TestRunGoesOnWithOthersWhileOneAddressIsBusy(t *testing.T) {
	s := newSite(t)
	// Sites on one address that do not answer until the other one is measured.
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	var once sync.Once
	defer once.Do(func() { close(release) })
	s.maps = append([]string{fmt.Sprintf("tcp 198.51.100.77:80 %s", slow.Listener.Addr())}, s.maps...)
	x := s.scanner(t, func(c *Config) { c.Parallel = perAddress + 1; c.Timeout = 20 * time.Second })
	in := make(chan fact.Target, 20)
	for i := range 10 {
		name := fmt.Sprintf("slow%d.example.nl", i)
		s.zone[name+" A"] = []string{"198.51.100.77"}
		in <- fact.Target{Name: name, Role: fact.Web}
	}
	in <- www
	close(in)
	var first string
	err := x.Run(t.Context(), in, func(m *fact.Measurement) error {
		if first == "" {
			first = m.Target.Name
			once.Do(func() { close(release) })
		}
		return nil
	})
	if err != nil || first != "www.example.nl" {
		t.Errorf("first %s, %v", first, err)
	}
}

func TestRunStopsWithoutWhatIsHalfDone(t *testing.T) {
	s := newSite(t)
	x := s.scanner(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	in := make(chan fact.Target)
	var n atomic.Int32
	done := make(chan error, 1)
	go func() {
		done <- x.Run(ctx, in, func(m *fact.Measurement) error {
			if m.Web.Hosts[0].Port80.Gap == fact.GapCancelled {
				t.Error("a measurement that was broken off was handed out")
			}
			if n.Add(1) == 3 {
				cancel()
			}
			return nil
		})
	}()
	for {
		select {
		case in <- www:
			continue
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}
		break
	}
	if n.Load() < 3 {
		t.Errorf("%d measured", n.Load())
	}
}

func TestRunEndsWithTheErrorOfItsSink(t *testing.T) {
	s := newSite(t)
	full := errors.New("disk full")
	in := make(chan fact.Target, 4)
	for range 4 {
		in <- www
	}
	close(in)
	if err := s.scanner(t, nil).Run(t.Context(), in, func(*fact.Measurement) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestAMillionLinesNeedNoMoreMemory(t *testing.T) {
	s := newSite(t)
	x := s.scanner(t, func(c *Config) { c.NoSelfTest = true })
	in := make(chan fact.Target)
	go func() {
		defer close(in)
		for i := range 3000 { // names without addresses: only the frame is at work
			in <- fact.Target{Name: fmt.Sprintf("n%d.other.nl", i), Role: fact.Web}
		}
	}()
	var early, late runtime.MemStats
	n := 0
	err := x.Run(t.Context(), in, func(*fact.Measurement) error {
		if n++; n == 1000 {
			runtime.GC()
			runtime.ReadMemStats(&early)
		}
		return nil
	})
	runtime.GC()
	runtime.ReadMemStats(&late)
	if err != nil || n != 3000 {
		t.Fatalf("%d, %v", n, err)
	}
	if late.HeapAlloc > early.HeapAlloc+2<<20 {
		t.Errorf("heap grew from %d to %d", early.HeapAlloc, late.HeapAlloc)
	}
}

func TestSelfTestFindsWhatIsWrongHere(t *testing.T) {
	answer := func(f func(q, m *dns.Msg)) string {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		srv := &dns.Server{PacketConn: c, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg)
			m.SetReply(q)
			f(q, m)
			_ = w.WriteMsg(m)
		})}
		go func() { _ = srv.ActivateAndServe() }()
		t.Cleanup(func() { _ = srv.Shutdown() })
		return c.LocalAddr().String()
	}
	t.Run("something answers in place of the root", func(t *testing.T) {
		s := newSite(t)
		at := answer(func(q, m *dns.Msg) {
			m.RecursionAvailable = true
			rr, _ := dns.NewRR(q.Question[0].Name + " 1 IN A 192.0.2.1")
			m.Answer = append(m.Answer, rr)
		})
		s.maps = append([]string{"udp 198.51.100.53:53 " + at}, s.maps...)
		x := s.scanner(t, func(c *Config) { c.Sources.Resolver = "iterative" })
		m := x.Measure(t.Context(), www)
		if !m.Network.DNSIntercepted || m.DNS.NameServers[0].Addrs[0].UDP.Gap != fact.GapOurNetwork {
			t.Errorf("%+v", m.Network)
		}
	})
	t.Run("IPv6 does not work here", func(t *testing.T) {
		s := newSite(t)
		gone, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = gone.Close()
		s.maps = append([]string{"udp [2001:db8::53]:53 " + gone.LocalAddr().String()}, s.maps...)
		x := s.scanner(t, nil)
		x.prepare(t.Context())
		if x.network.IPv6 || !x.network.IPv4 || x.c.Egress.Families().IPv6 {
			t.Errorf("%+v", x.network)
		}
	})
}

func TestAServerThatCutTheProberOffIsNotWithoutTLS(t *testing.T) {
	s := newSite(t)
	x := s.scanner(t, nil)
	at := netip.MustParseAddrPort(v4 + ":443")
	declined := func(first fact.Hop) *fact.WebHost {
		return &fact.WebHost{
			Addr: at.Addr(),
			TLS:  &fact.TLS{Working: fact.Observed{Answer: fact.Declined}},
			HTTP: &fact.HTTP{Secure: &fact.Fetch{Hops: []fact.Hop{first}}},
		}
	}
	w := &work{s: x, http: &httpprobe.Prober{}}
	h := declined(fact.Hop{Status: 200, TLSVersion: fact.TLS13})
	if w.control(h, at); h.TLS.Working.Gap != fact.GapBlocked {
		t.Errorf("the visitor came through: %+v", h.TLS.Working)
	}
	h = declined(fact.Hop{Error: "tls"})
	if w.control(h, at); h.TLS.Working.Gap != fact.GapOurNetwork {
		t.Errorf("no other host ever answered: %+v", h.TLS.Working)
	}
	x.reach.Answered(reach.Port{Net: "udp", Addr: netip.MustParseAddrPort("192.0.2.53:53")})
	h = declined(fact.Hop{Error: "tls"})
	if w.control(h, at); !h.TLS.Working.No() {
		t.Errorf("nobody ever came through: %+v", h.TLS.Working)
	}
	h = declined(fact.Hop{Error: "timeout", Gap: fact.GapTimeout})
	if w.control(h, at); h.TLS.Working.Gap != fact.GapTimeout {
		t.Errorf("the visitor waited in vain: %+v", h.TLS.Working)
	}
	h = declined(fact.Hop{Error: "tls"})
	w.control(&fact.WebHost{TLS: &fact.TLS{Working: fact.Observed{Answer: fact.Accepted}}, HTTP: &fact.HTTP{}}, at)
	if w.control(h, at); h.TLS.Working.Gap != fact.GapBlocked {
		t.Errorf("another name came through before: %+v", h.TLS.Working)
	}
}

// zones is a resolver that knows the tops of zones alone.
type zones map[string]bool

func (zones) Lookup(context.Context, string, string) fact.Lookup { return fact.Lookup{} }

func (zones) Zone(context.Context, string) fact.Zone { return fact.Zone{} }

func (z zones) NameServers(_ context.Context, name string) (string, fact.Lookup) {
	if z[name] {
		return name, fact.Lookup{}
	}
	return "example.nl", fact.Lookup{}
}
