package scan

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"peil/internal/fact"
	"peil/internal/probe/dnsprobe"
	"peil/internal/probe/httpprobe"
	"peil/internal/probe/reach"
	"peil/internal/probe/tlsprobe"
	"peil/internal/resolver"
)

// work is one target being measured.
type work struct {
	s      *Scanner
	target fact.Target
	began  time.Time
	m      *fact.Measurement
	look   *dnsprobe.Look
	dial   *dialer
	http   *httpprobe.Prober

	mu     sync.Mutex
	chains map[string]fact.Chain // by ID; guarded by mu
	routes []netip.Addr          // besides those of hosts and name servers; guarded by mu
	spent  fact.Cost             // besides that of dial, http and look; guarded by mu
}

// Measure gathers the facts of one target. It always returns a measurement; what
// could not be seen says so in its place.
func (s *Scanner) Measure(ctx context.Context, t fact.Target) *fact.Measurement {
	return s.measure(ctx, t, &resolver.Tally{})
}

// measure is Measure, with what was asked for the target's sake before.
func (s *Scanner) measure(ctx context.Context, t fact.Target, tally *resolver.Tally) *fact.Measurement {
	w := &work{s: s, target: t, began: time.Now(), chains: map[string]fact.Chain{}}
	s.mu.Lock()
	s.active[w] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.active, w)
		s.mu.Unlock()
	}()
	w.m = &fact.Measurement{
		Schema: fact.Schema, Target: t, At: s.c.Now().UTC(), Vantage: s.c.Vantage, Meter: s.c.Meter,
		Simulated: s.c.Simulated || s.c.Egress.Simulated(), Asked: s.asked, Sources: s.c.Sources, Mandate: s.c.Mandate,
	}
	ctx = resolver.WithTally(ctx, tally)
	w.look = s.dns.Look(t.Name)
	w.dial = &dialer{s: s}
	w.http = &httpprobe.Prober{
		UserAgent: s.agent, Dial: w.dial.dial, Gap: gapOf, Now: s.c.Now, Timeout: s.c.Timeout,
		Resolve: s.dns.Addresses,
	}
	defer w.http.Close()

	var dnsCost fact.Cost
	addressed := make(chan struct{})
	var wg sync.WaitGroup
	plan := dnsPlan(&s.needs)
	if t.Role == fact.Mail {
		plan = mailDNSPlan(&s.needs)
	}
	_, excluded := s.c.Egress.Excluded(t.Name)
	if excluded { // then names above it and beside it are not looked at for its sake either
		plan.NameServers = false
	} else {
		wg.Go(func() { s.prepare(ctx) })
	}
	wg.Go(func() {
		w.m.DNS, dnsCost = w.look.Rest(ctx, plan, addressed)
		if excluded {
			w.m.DNS.NSGap = fact.GapExcluded
		}
	})
	wg.Go(func() {
		if t.Role == fact.Mail {
			w.mail(ctx, func() { close(addressed) })
			return
		}
		v4, v6, _, _ := w.look.Addresses(ctx)
		close(addressed)
		w.web(ctx, v4, v6, s.needs.Pair && !excluded)
	})
	wg.Wait()
	if excluded {
		f := s.c.Egress.Families()
		w.m.Network = fact.Network{IPv4: f.IPv4, IPv6: f.IPv6}
	} else {
		w.m.Network = s.network
	}
	w.afterwards()
	w.m.Cost = w.dial.cost().Add(dnsCost).Add(tally.Cost()).Add(w.spent)
	w.m.Cost.Seconds = roundSeconds(time.Since(w.began))
	s.done.Add(1)
	return w.m
}

// web measures the addresses of a website and what compares them.
func (w *work) web(ctx context.Context, v4, v6 []netip.Addr, pair bool) {
	f := &fact.WebFacts{Wire: slices.Concat(v4, v6)}
	w.m.Web = f
	w.http.NoFingerprint = !w.s.needs.Similarity || len(v4) == 0 || len(v6) == 0
	measured, beyond := choose(v4, v6)
	f.Beyond = beyond
	slices.SortFunc(f.Beyond, netip.Addr.Compare)
	f.Hosts = make([]fact.WebHost, len(measured))
	visits := make([]*httpprobe.Visit, len(measured))
	var wg sync.WaitGroup
	for i, a := range measured {
		wg.Go(func() { visits[i] = w.host(ctx, a, &f.Hosts[i]) })
	}
	if pair {
		wg.Go(func() {
			if other := w.pairOf(ctx, w.target.Name); other != "" {
				f.Pair = w.pair(ctx, other)
			}
		})
	}
	wg.Wait()
	if w.s.needs.Similarity {
		f.Similarity = similarity(measured, visits)
	}
	slices.SortFunc(f.Hosts, func(a, b fact.WebHost) int { return a.Addr.Compare(b.Addr) })
}

// choose takes the addresses to measure: the first of each family, which internet.nl
// judges, then the others in wire order (design, Budgets).
func choose(v4, v6 []netip.Addr) (measured, beyond []netip.Addr) {
	all := make([]netip.Addr, 0, len(v4)+len(v6))
	all = append(all, v4[:min(1, len(v4))]...)
	all = append(all, v6[:min(1, len(v6))]...)
	all = append(all, v4[min(1, len(v4)):]...)
	all = append(all, v6[min(1, len(v6)):]...)
	n := min(len(all), MaxWebAddrs)
	return all[:n:n], slices.Clone(all[n:])
}

// host measures one address: HTTP and TLS at the same time, once port 443 is open.
func (w *work) host(ctx context.Context, addr netip.Addr, h *fact.WebHost) *httpprobe.Visit {
	begin := time.Now()
	h.Addr = addr
	n := &w.s.needs
	plain, secure := netip.AddrPortFrom(addr, 80), netip.AddrPortFrom(addr, 443)
	name := w.target.Name
	var visit *httpprobe.Visit
	var wg sync.WaitGroup
	if n.Headers || n.Redirects || n.Page || n.SecurityTxt || n.HTTP2 || n.Similarity {
		wg.Go(func() { visit = w.http.Visit(ctx, name, addr) })
	}
	wg.Go(func() { _, h.Port80 = w.dial.open(ctx, name, plain) })
	var p443 *port
	wg.Go(func() {
		p443, h.Port443 = w.dial.open(ctx, name, secure)
		if h.Port443.Open() && n.TLS.Any() {
			var chains []fact.Chain
			h.TLS, chains = w.s.c.TLS.Probe(ctx, tlsprobe.Target{Addr: secure, ServerName: name, Subject: p443.subject}, w.s.tls)
			w.keep(chains)
		}
	})
	wg.Wait()
	if visit != nil {
		h.HTTP = &visit.HTTP
		w.control(h, secure)
		fetches := []*fact.Fetch{visit.HTTP.Plain, visit.HTTP.Secure}
		if s := visit.HTTP.SecurityTxt; s != nil {
			fetches = append(fetches, s.WellKnown, s.Legacy)
		}
		settle(h, w.http.Alerted(secure), fetches...)
		if !n.SecurityTxt {
			visit.HTTP.SecurityTxt = nil
		}
	}
	h.Cost = costOf(p443.subject).Add(costOf(w.dial.port(name, plain).subject))
	h.Cost.Seconds = roundSeconds(time.Since(begin))
	return visit
}

// control applies parts (b) and (c) of the rule of catalogue A.2 to a server that turned
// away every hello of the prober. Another host must have answered in the same address
// family. When the visitor's handshake succeeded, we were cut off.
// A server whose handshake bears a false signature lets nobody in: its hellos were taken,
// but what stands behind them is not known to be what it shows.
// When this address spoke TLS for another name earlier in the run, only an alert is an
// answer: a reset may be a firewall that has had enough of us.
func (w *work) control(h *fact.WebHost, secure netip.AddrPort) {
	key := reach.Port{Net: "tls", Addr: secure}
	switch {
	case h.TLS == nil:
	case h.TLS.Working.Yes():
		w.s.reach.Answered(key)
		if first := h.HTTP.Secure.First(); first != nil && first.Error == "signature" {
			h.TLS.Working = fact.Observed{Gap: fact.GapMalformed}
		}
	case h.TLS.Working.No():
		first := h.HTTP.Secure.First()
		if first != nil && first.TLSVersion != 0 || !w.http.Alerted(secure) && w.s.reach.Reached(key) {
			h.TLS.Working = fact.Observed{Gap: fact.GapBlocked}
		} else if first != nil && first.Gap != "" {
			// It let the visitor wait: that connection may have been the only one that it
			// would have answered.
			h.TLS.Working = fact.Observed{Gap: first.Gap}
		} else if !w.s.reach.Control(h.Addr) {
			h.TLS.Working = fact.Observed{Gap: fact.GapOurNetwork}
		}
	}
}

// settle says what a failed handshake of the visitor means, now that it is known
// what TLS the server speaks: where hellos were accepted it was our client that could
// not (an alert), or we that were cut off; only where none was is it the server's
// failure.
func settle(h *fact.WebHost, alerted bool, fetches ...*fact.Fetch) {
	if h.TLS == nil || h.TLS.Working.No() {
		return
	}
	gap := h.TLS.Working.Gap
	switch {
	case gap != "":
	case alerted:
		gap = fact.GapUnsupported
	default:
		gap = fact.GapBlocked
	}
	for _, f := range fetches {
		last := f.Last()
		if last != nil && last.Error == "tls" && last.Gap == "" && last.Addr == h.Addr {
			last.Gap, f.Gap, f.End = gap, gap, ""
		}
	}
}

// similarity compares the first address of each family that gave any answer, or the
// first at all when none did.
func similarity(addrs []netip.Addr, visits []*httpprobe.Visit) *fact.Similarity {
	first := [2]int{-1, -1}
	for i, a := range addrs {
		k := 1
		if a.Is4() {
			k = 0
		}
		if visits[i] != nil && (first[k] < 0 || !visits[first[k]].Answered() && visits[i].Answered()) {
			first[k] = i
		}
	}
	if first[0] < 0 || first[1] < 0 {
		return nil
	}
	s := httpprobe.Compare(fact.Similarity{V4: addrs[first[0]], V6: addrs[first[1]]}, visits[first[0]], visits[first[1]])
	return &s
}

// pairOf is the other of apex and www., or "" for any other name (interfaces.md). An
// apex is a name that can be registered, or the top of a zone of its own.
func (w *work) pairOf(ctx context.Context, name string) string {
	apex, www := strings.CutPrefix(name, "www.")
	registrable, err := publicsuffix.EffectiveTLDPlusOne(apex)
	if err != nil { // a public suffix itself
		return ""
	}
	if registrable != apex {
		if owner, _ := w.s.c.Resolver.NameServers(ctx, apex); owner != apex {
			return ""
		}
	}
	if www {
		return apex
	}
	return "www." + name
}

// pair looks at the other name: its addresses, and two GETs on the first address of
// each family.
func (w *work) pair(ctx context.Context, other string) *fact.Pair {
	p := &fact.Pair{Name: other}
	look := w.s.dns.Look(other)
	v4, v6, _, _ := look.Addresses(ctx)
	p.A, p.AAAA = look.Answers()
	var wg sync.WaitGroup
	if len(v4) > 0 {
		wg.Go(func() { p.Plain4 = w.http.Fetch(ctx, "http", other, v4[0]) })
		wg.Go(func() { p.Secure4 = w.http.Fetch(ctx, "https", other, v4[0]) })
	}
	if len(v6) > 0 {
		wg.Go(func() { p.Plain6 = w.http.Fetch(ctx, "http", other, v6[0]) })
		wg.Go(func() { p.Secure6 = w.http.Fetch(ctx, "https", other, v6[0]) })
	}
	wg.Wait()
	// Addresses that are none (IPv4-mapped) cannot be visited.
	if len(v6) == 0 && p.AAAA != nil && len(p.AAAA.Records) > 0 {
		p.Plain6, p.Secure6 = &fact.Fetch{Gap: fact.GapNotPublic}, &fact.Fetch{Gap: fact.GapNotPublic}
	}
	return p
}

// keep remembers certificate chains.
func (w *work) keep(chains []fact.Chain) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range chains {
		if _, ok := w.chains[c.ID]; !ok {
			w.chains[c.ID] = c
		}
	}
}

// afterwards adds what follows from what was gathered: routes, chains, HTTP/3 by the
// HTTPS record, and what the self-test takes away.
func (w *work) afterwards() {
	m, n := w.m, &w.s.needs
	var addrs []netip.Addr
	if m.Web != nil && n.Routes {
		for _, h := range m.Web.Hosts {
			addrs = append(addrs, h.Addr)
		}
		addrs = append(addrs, m.Web.Beyond...)
	}
	if m.Mail != nil && n.Routes {
		for _, s := range m.Mail.Servers {
			addrs = append(addrs, s.Wire...)
		}
	}
	addrs = append(addrs, w.routes...)
	if m.DNS != nil && n.NSRoutes {
		for _, s := range m.DNS.NameServers {
			for _, a := range s.Addrs {
				addrs = append(addrs, a.Addr)
			}
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, a := range slices.Compact(addrs) {
		m.Routes = append(m.Routes, w.s.c.Routes.Lookup(a))
	}
	for _, c := range w.http.Chains() {
		if _, ok := w.chains[c.ID]; !ok {
			w.chains[c.ID] = w.s.c.TLS.Chain(c.Certs, c.ServerName, nil)
		}
	}
	for _, c := range w.chains {
		m.Chains = append(m.Chains, c)
	}
	slices.SortFunc(m.Chains, func(a, b fact.Chain) int { return strings.Compare(a.ID, b.ID) })
	if m.Web != nil && dnsprobe.AnnouncesH3(m.DNS.Lookup(w.target.Name, "HTTPS")) {
		for i := range m.Web.Hosts {
			if h := m.Web.Hosts[i].HTTP; h != nil {
				h.HTTP3 = append(h.HTTP3, "https-record")
			}
		}
	}
	w.distrust()
}

func roundSeconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
