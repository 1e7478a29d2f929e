// Package dnsprobe asks the DNS what requirements need to know of a name: its
// addresses, the chain of trust, its name servers and whether they answer over both
// families; of a website CAA and TLSA, and the HTTPS record; of a mail domain its mail
// servers with all that the DNS says of them, and its policies: SPF with what it
// includes, DMARC, DKIM, MTA-STS, TLS-RPT, BIMI.
package dnsprobe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/reach"
	"peil/internal/resolver"
)

// MaxServerAddrs is how many name-server addresses of one target are measured
// (design, Budgets).
const MaxServerAddrs = 32

// Plan is what to ask.
type Plan struct {
	Zones       bool // the zones on the chains of trust
	NameServers bool
	Reach       bool // whether the name servers answer
	CAA         bool
	TLSA        bool
	HTTPSRecord bool
}

// Resolver is what is used of the resolver.
type Resolver interface {
	Lookup(ctx context.Context, name, qtype string) fact.Lookup
	Zone(ctx context.Context, name string) fact.Zone
	NameServers(ctx context.Context, name string) (owner string, l fact.Lookup)
}

var _ Resolver = (*resolver.Resolver)(nil)

// Prober asks for many targets of one run.
type Prober struct {
	Resolver Resolver
	Egress   *egress.Egress
	Reach    *reach.Table
	Timeout  time.Duration // of one question to a name server; 0 means 5 s (catalogue B.4)

	mu      sync.Mutex
	tops    map[string]topZone     // the root and top-level domains; guarded by mu
	serving map[serving]seenServer // name servers that answered; guarded by mu
}

// topZone is a zone that all targets share.
type topZone struct {
	zone fact.Zone
	at   time.Time
}

// topZoneAge is how long the facts of such a zone are used again.
const topZoneAge = 10 * time.Minute

// zone gives the facts of a zone. Those of the root and of top-level domains, of which
// there are few and which every target needs, are remembered for a while.
func (p *Prober) zone(ctx context.Context, name string) fact.Zone {
	if depth(name) > 1 {
		return p.Resolver.Zone(ctx, name)
	}
	p.mu.Lock()
	top, ok := p.tops[name]
	p.mu.Unlock()
	if ok && time.Since(top.at) < topZoneAge {
		return top.zone
	}
	z := p.Resolver.Zone(ctx, name)
	if z.Gap == "" && (z.Security == fact.Secure || z.Security == fact.Insecure) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.tops == nil || len(p.tops) > 4096 {
			p.tops = map[string]topZone{}
		}
		p.tops[name] = topZone{z, time.Now()}
	}
	return z
}

// Look is the look at one name. Its methods may be called at the same time.
type Look struct {
	p     *Prober
	name  string
	turns chan struct{} // of the questions that are asked in turn

	mu      sync.Mutex
	lookups []fact.Lookup        // guarded by mu
	asked   map[question]*asking // guarded by mu
	cost    fact.Cost            // of questions asked by ourselves, not by the resolver; guarded by mu
}

type question struct{ name, qtype string }

// asking is a question that was asked, or is being asked.
type asking struct {
	done   chan struct{}
	answer fact.Lookup // set when done is closed
	chain  bool        // the zones that the answer rests on are wanted; guarded by Look.mu
}

// maxQuestions is how many questions about a mail domain are under way at a time: each
// takes a socket.
const maxQuestions = 12

// Look begins the look at a name.
func (p *Prober) Look(name string) *Look {
	return &Look{p: p, name: name, turns: make(chan struct{}, maxQuestions), asked: map[question]*asking{}}
}

// lookup asks, each question once, and writes down. The zones that the answer rests on
// are wanted.
func (l *Look) lookup(ctx context.Context, name, qtype string) fact.Lookup {
	return l.ask(ctx, name, qtype, true)
}

func (l *Look) ask(ctx context.Context, name, qtype string, chain bool) fact.Lookup {
	k := question{name, qtype}
	l.mu.Lock()
	a := l.asked[k]
	if a != nil {
		a.chain = a.chain || chain
		l.mu.Unlock()
		<-a.done // no later than ctx ends, which is that of the whole look
		return a.answer
	}
	a = &asking{done: make(chan struct{}), chain: chain}
	l.asked[k] = a
	l.mu.Unlock()
	a.answer = l.p.Resolver.Lookup(ctx, name, qtype)
	l.mu.Lock()
	l.lookups = append(l.lookups, a.answer)
	l.mu.Unlock()
	close(a.done)
	return a.answer
}

// Addresses looks up A and AAAA. The lists are in wire order, IPv4-mapped addresses
// left out (catalogue B.4). gap says why a list that is empty is not known.
func (l *Look) Addresses(ctx context.Context) (v4, v6 []netip.Addr, gap4, gap6 fact.Gap) {
	var wg sync.WaitGroup
	wg.Go(func() { v4, gap4 = addrs(l.lookup(ctx, l.name, "A")) })
	wg.Go(func() { v6, gap6 = addrs(l.lookup(ctx, l.name, "AAAA")) })
	wg.Wait()
	return v4, v6, gap4, gap6
}

// Answers gives the answers to A and AAAA, once Addresses has returned.
func (l *Look) Answers() (a, aaaa *fact.Lookup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.lookups {
		x := l.lookups[i]
		switch {
		case x.Name == l.name && x.Type == "A":
			a = &x
		case x.Name == l.name && x.Type == "AAAA":
			aaaa = &x
		}
	}
	return a, aaaa
}

// addrs reads the addresses of an answer, in wire order, each once.
func addrs(r fact.Lookup) ([]netip.Addr, fact.Gap) {
	list := r.Wire
	if len(list) != len(r.Records) {
		list = nil
		for _, rec := range r.Records {
			list = append(list, rec.Data)
		}
	}
	var as []netip.Addr
	for _, s := range list {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Is4In6() || slices.Contains(as, a) {
			continue
		}
		as = append(as, a)
	}
	if len(as) == 0 && !r.Answered() {
		if r.Gap != "" {
			return nil, r.Gap
		}
		return nil, fact.GapDNS
	}
	return as, ""
}

// Addresses resolves a name that is not the target: for redirects.
func (p *Prober) Addresses(ctx context.Context, name string) (v4, v6 []netip.Addr, gap fact.Gap) {
	var gap4, gap6 fact.Gap
	v4, v6, gap4, gap6 = p.Look(name).Addresses(ctx)
	if len(v4)+len(v6) == 0 {
		if gap = gap4; gap == "" {
			gap = gap6
		}
	}
	return v4, v6, gap
}

// Rest asks everything but the addresses, and gives the facts once Addresses has
// returned (addressed is closed then).
func (l *Look) Rest(ctx context.Context, plan Plan, addressed <-chan struct{}) (*fact.DNS, fact.Cost) {
	d := &fact.DNS{NSGap: fact.GapNotAsked}
	var wg sync.WaitGroup
	// internet.nl judges DNSSEC by the answer to SOA (catalogue B.5).
	wg.Go(func() { l.lookup(ctx, l.name, "SOA") })
	if plan.HTTPSRecord {
		wg.Go(func() { l.lookup(ctx, l.name, "HTTPS") })
	}
	if plan.CAA {
		wg.Go(func() { l.caa(ctx, l.name) })
	}
	if plan.TLSA {
		wg.Go(func() { l.tlsa(ctx, "_443._tcp."+l.name) })
	}
	if plan.NameServers {
		wg.Go(func() { l.nameServers(ctx, d, plan.Reach) })
	}
	wg.Wait()
	<-addressed
	l.mu.Lock()
	d.Lookups = l.lookups
	l.lookups = nil
	cost := l.cost
	l.mu.Unlock()
	d.Lookups = sortLookups(d.Lookups)
	if plan.Zones {
		d.Zones = l.zones(ctx, d)
	}
	return d, cost
}

// caa climbs from the name to its top-level domain until a level has CAA records
// (RFC 8659 section 3). Each level asked is written down, empty ones too.
func (l *Look) caa(ctx context.Context, name string) {
	for ; name != ""; name = parent(name) {
		r := l.lookup(ctx, name, "CAA")
		if len(r.Records) > 0 || !r.Answered() {
			return
		}
	}
}

// tlsa asks for the TLSA record of a service. Where the answer is that there is none, the
// address question at the same name shows whether the zone's denials hold there
// (catalogue B.11).
func (l *Look) tlsa(ctx context.Context, name string) {
	if r := l.lookup(ctx, name, "TLSA"); len(r.Records) == 0 && (r.Answered() || r.Security == fact.Bogus) {
		l.lookup(ctx, name, "A")
	}
}

// parent takes off the leftmost label; "" when nothing is left.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// sortLookups sorts by name and type and drops what was asked twice.
func sortLookups(ls []fact.Lookup) []fact.Lookup {
	slices.SortFunc(ls, func(a, b fact.Lookup) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Type, b.Type)
	})
	return slices.CompactFunc(ls, func(a, b fact.Lookup) bool { return a.Name == b.Name && a.Type == b.Type })
}

// maxZones bounds the zones looked at for one target: those of its own name, of
// aliases, and all above.
const maxZones = 40

// zones gathers the zones that answers rest on, and those above them.
func (l *Look) zones(ctx context.Context, d *fact.DNS) []fact.Zone {
	var want []string
	add := func(z string) {
		if z != "" && !slices.Contains(want, z) && len(want) < maxZones {
			want = append(want, z)
		}
	}
	for i := range d.Lookups {
		if a := l.asked[question{d.Lookups[i].Name, d.Lookups[i].Type}]; a != nil && !a.chain {
			continue
		}
		add(d.Lookups[i].Zone)
		for _, a := range d.Lookups[i].Aliases {
			add(a.Zone)
		}
	}
	var zones []fact.Zone
	for done := 0; done < len(want); { // all that are known at once, then those above
		next := make([]fact.Zone, len(want)-done)
		var wg sync.WaitGroup
		for i, name := range want[done:] {
			wg.Go(func() { next[i] = l.p.zone(ctx, name) })
		}
		wg.Wait()
		done = len(want)
		for _, z := range next {
			zones = append(zones, z)
			add(z.Parent)
		}
	}
	slices.SortFunc(zones, func(a, b fact.Zone) int {
		if c := depth(a.Name) - depth(b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return zones
}

// depth is the number of labels: 0 for the root.
func depth(zone string) int {
	if zone == "." || zone == "" {
		return 0
	}
	return strings.Count(zone, ".") + 1
}
