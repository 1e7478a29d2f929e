package dnsprobe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"peil/internal/fact"
	"peil/internal/standard/lookup"
)

// MaxMailServers is how many mail servers of a domain are looked at, MaxMailAddrs at how
// many addresses they are measured (design, Budgets).
const (
	MaxMailServers = 32
	MaxMailAddrs   = 32
)

// maxNames is how many names of an address are followed back.
const maxNames = 4

// MailPlan is what to ask of a mail domain.
type MailPlan struct {
	Servers   bool // the mail servers and their addresses
	TLSA      bool // _25._tcp
	CAA       bool // of the mail servers
	Names     bool // reverse names of their addresses
	Routes    bool // the name servers of the mail servers
	Policies  bool // SPF, DMARC, whether there is a _domainkey
	Selectors bool // DKIM keys
	STS       bool
	Reports   bool // TLS-RPT
	BIMI      bool
	WWW       bool // SPF of the name with www. before it
	// Given are DKIM selectors that the operator knows.
	Given []string
	// More gives further questions that somebody has after those of the policies, by what
	// is known so far; may be nil.
	More func(domain string, known func(name, qtype string) *fact.Lookup) []lookup.Question
}

// MailServer is a mail server by what the DNS says of it.
type MailServer struct {
	Name   string
	V4, V6 []netip.Addr // in wire order
	Gap    fact.Gap     // why there are no addresses, when that is not known
	// NSOwner is where its name servers were found, NSAddrs are their addresses; none when
	// they are those of the domain.
	NSOwner string
	NSAddrs []netip.Addr
}

// Wire are its addresses in wire order, A before AAAA.
func (s *MailServer) Wire() []netip.Addr { return slices.Concat(s.V4, s.V6) }

// MailServers looks up the MX set and the addresses of its hosts, or those of the domain
// when it has no MX (RFC 5321 section 5.1). They are sorted by name, as internet.nl sorts
// them; beyond are those for which there is no room. A null MX (RFC 7505) has none.
func (l *Look) MailServers(ctx context.Context) (servers []MailServer, beyond []string) {
	mx := l.lookup(ctx, l.name, "MX")
	names, has := hosts(&mx)
	if !has {
		if mx.Gap != "" || !mx.Answered() {
			return nil, nil
		}
		names = []string{l.name}
	}
	if has && (len(names) == 0 || slices.Equal(names, []string{"localhost"})) {
		// Nobody receives mail here. What internet.nl says of that depends on whether the
		// domain has an address (catalogue B.13).
		var both sync.WaitGroup
		both.Go(func() { l.mail(ctx, l.name, "A") })
		both.Go(func() { l.mail(ctx, l.name, "AAAA") })
		both.Wait()
	}
	n := min(len(names), MaxMailServers)
	names, beyond = names[:n], names[n:]
	servers = make([]MailServer, n)
	var wg sync.WaitGroup
	for i, name := range names {
		s := &servers[i]
		s.Name = name
		if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || !lookup.ValidName(name) {
			s.Gap = fact.GapMalformed
			continue
		}
		wg.Go(func() {
			var gap4, gap6 fact.Gap
			var both sync.WaitGroup
			both.Go(func() { s.V4, gap4 = addrs(l.mail(ctx, name, "A")) })
			both.Go(func() { s.V6, gap6 = addrs(l.mail(ctx, name, "AAAA")) })
			both.Wait()
			if s.Gap = gap4; s.Gap == "" {
				s.Gap = gap6
			}
		})
	}
	wg.Wait()
	if !has { // the domain itself, if it has an address at all
		if s := &servers[0]; len(s.V4)+len(s.V6) == 0 && s.Gap == "" {
			return nil, nil
		}
	}
	return servers, beyond
}

// hosts are the names of the MX set, each once, sorted with the final dot that they have
// on the wire. has says that there are records at all.
func hosts(mx *fact.Lookup) (names []string, has bool) {
	for _, r := range mx.Records {
		_, host, ok := strings.Cut(r.Data, " ")
		if !ok {
			continue
		}
		has = true
		if host = lookup.Canonical(host); host != "" && !slices.Contains(names, host) {
			names = append(names, host)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(a+".", b+".") })
	return names, has
}

// mail asks one of the many questions about a mail domain, when it is its turn.
func (l *Look) mail(ctx context.Context, name, qtype string) fact.Lookup {
	defer l.turn(ctx)()
	return l.lookup(ctx, name, qtype)
}

// aside is mail for an answer of which the zones are not wanted: names of others, of which
// only the records matter.
func (l *Look) aside(ctx context.Context, name, qtype string) fact.Lookup {
	defer l.turn(ctx)()
	return l.ask(ctx, name, qtype, false)
}

// turn waits until fewer than maxQuestions are under way.
func (l *Look) turn(ctx context.Context) (done func()) {
	select {
	case l.turns <- struct{}{}:
		return func() { <-l.turns }
	case <-ctx.Done(): // the resolver says so
		return func() {}
	}
}

// AboutServer asks what else there is to know of a mail server: the records for DANE
// (RFC 7672) at its own name and, where its addresses stand behind secure aliases, at the
// name at their end (section 2.2.2); CAA; the names of its addresses and whether these
// lead back; its name servers.
func (l *Look) AboutServer(ctx context.Context, s *MailServer, addrs []netip.Addr, plan MailPlan) {
	if s.Gap == fact.GapMalformed {
		return
	}
	if _, yes := l.p.Egress.Excluded(s.Name); yes {
		return // then names above it are not looked at for its sake either
	}
	var wg sync.WaitGroup
	wg.Go(func() { l.mail(ctx, s.Name, "SOA") }) // catalogue B.5
	if plan.TLSA {
		for _, base := range l.tlsaBases(ctx, s.Name) {
			wg.Go(func() { l.tlsa(ctx, "_25._tcp."+base) })
		}
	}
	if plan.CAA {
		wg.Go(func() { l.caa(ctx, s.Name) })
	}
	if plan.Names {
		for _, a := range addrs {
			wg.Go(func() { l.names(ctx, s.Name, a) })
		}
	}
	if plan.Routes {
		wg.Go(func() { l.serversOf(ctx, s) })
	}
	wg.Wait()
}

// tlsaBases are the names below which TLSA records of a mail server may stand. Its
// addresses were asked for before.
func (l *Look) tlsaBases(ctx context.Context, name string) []string {
	bases := []string{name}
	for _, qtype := range []string{"A", "AAAA"} {
		r := l.mail(ctx, name, qtype)
		secure := len(r.Aliases) > 0 && r.Security == fact.Secure
		for _, a := range r.Aliases {
			secure = secure && a.Security == fact.Secure
		}
		if end := lookup.Canonical(r.Final()); secure && !slices.Contains(bases, end) {
			bases = append(bases, end)
		}
	}
	return bases
}

// names looks up the names of an address (RFC 1035 section 3.5), and the addresses of
// these names.
func (l *Look) names(ctx context.Context, host string, a netip.Addr) {
	if l.p.Egress.Subject(host).Check("tcp", netip.AddrPortFrom(a, 25)) != nil {
		return // excluded, or an address of nobody: its name is no matter of ours
	}
	rev, err := dns.ReverseAddr(a.String())
	if err != nil {
		return // an address always has one
	}
	r := l.aside(ctx, lookup.Canonical(rev), "PTR")
	qtype := "AAAA"
	if a.Is4() {
		qtype = "A"
	}
	names := lookup.Of(&r).Hosts
	var wg sync.WaitGroup
	for _, name := range names[:min(len(names), maxNames)] {
		if lookup.ValidName(name) {
			wg.Go(func() { l.aside(ctx, name, qtype) })
		}
	}
	wg.Wait()
}

// serversOf finds the name servers of a mail server and their addresses, unless they are
// those of the domain, which are looked at anyway.
func (l *Look) serversOf(ctx context.Context, s *MailServer) {
	owner, ns := l.p.Resolver.NameServers(ctx, s.Name)
	if owner == "" {
		return
	}
	s.NSOwner = owner
	if own, _ := l.p.Resolver.NameServers(ctx, l.name); own == owner {
		return
	}
	l.note(ns)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, host := range serverNames(&ns) {
		if !lookup.ValidName(host) {
			continue
		}
		for _, qtype := range []string{"A", "AAAA"} {
			wg.Go(func() {
				as, _ := addrs(l.aside(ctx, host, qtype))
				mu.Lock()
				defer mu.Unlock()
				s.NSAddrs = append(s.NSAddrs, as...)
			})
		}
	}
	wg.Wait()
}

// note writes down an answer that was not asked for by lookup.
func (l *Look) note(r fact.Lookup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := (question{r.Name, r.Type}); l.asked[k] == nil {
		done := make(chan struct{})
		close(done)
		l.asked[k] = &asking{done: done, answer: r}
		l.lookups = append(l.lookups, r)
	}
}

// FirstMailServer is the mail server that others ask first, with its first address; none
// when there is none. For who deals out targets: what it asks is not written down.
func (p *Prober) FirstMailServer(ctx context.Context, domain string) (name string, a netip.Addr) {
	mx := p.Resolver.Lookup(ctx, domain, "MX")
	name = domain
	if answer := lookup.Of(&mx); len(answer.Hosts) > 0 {
		name = answer.Hosts[0]
	}
	if !lookup.ValidName(name) {
		return "", a
	}
	switch v4, v6, _ := p.Addresses(ctx, name); {
	case len(v4) > 0:
		return name, v4[0]
	case len(v6) > 0:
		return name, v6[0]
	}
	return "", a
}
