package httpprobe

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"peil/internal/fact"
)

// DialFunc opens a TCP connection for a name to an address. What keeps it from doing
// so comes back as a *DialError. It owns the decision whether an address is dead.
type DialFunc func(ctx context.Context, host string, addr netip.AddrPort) (net.Conn, error)

// ResolveFunc gives the addresses of a name in wire order, or why they are not known.
// A name without addresses has none and no gap.
type ResolveFunc func(ctx context.Context, host string) (v4, v6 []netip.Addr, gap fact.Gap)

// Prober looks at one target, from the first request to Close. Its exported fields
// are set before first use and not changed after that.
type Prober struct {
	UserAgent string
	Dial      DialFunc
	Resolve   ResolveFunc
	Gap       func(error) fact.Gap // which errors of a connection are our own doing; may be nil
	Now       func() time.Time     // for what is dated; limits run on the machine's clock
	Timeout   time.Duration        // of one exchange; 0 means 10 s (catalogue B.7)
	// NoFingerprint leaves out what only the comparison of families needs.
	NoFingerprint bool

	answers group[answerKey, *answer] // what was fetched already: shared hops are not fetched twice
	keys    group[string, signature]  // OpenPGP results by file
	pages   group[string, derived]    // what was derived of a body

	mu       sync.Mutex
	idle     map[origin][]*conn       // guarded by mu
	answered map[netip.AddrPort]bool  // gave an HTTP response in this measurement; guarded by mu
	noH2     map[origin]fact.Gap      // chose h2 and did not speak it, or broke off before it could; guarded by mu
	noALPN   map[origin]bool          // let us in only without offering protocols; guarded by mu
	alerted  map[netip.AddrPort]bool  // turned a hello away with an alert; guarded by mu
	chains   map[string]ReceivedChain // by ID; guarded by mu
}

// chain is the certificates of one connection or more.
// ReceivedChain is certificates as received, leaf first, and for which name.
type ReceivedChain struct {
	ID         string
	ServerName string
	Certs      [][]byte
}

// Visit is what one address gave as a website.
type Visit struct {
	HTTP fact.HTTP
	// Secure and Plain say what the body at the end of each chain looks like, for the
	// comparison of address families; nil when there was none.
	Secure, Plain *Fingerprint
}

// maxChain bounds the time that the servers of one chain of requests may take: 20 hops
// at the limit of each would be longer than anybody waits.
const maxChain = 30 * time.Second

func (p *Prober) timeout() time.Duration {
	if p.Timeout > 0 {
		return p.Timeout
	}
	return 10 * time.Second
}

// Visit measures one address of a name: GET / by http and https, redirects followed,
// and security.txt.
func (p *Prober) Visit(ctx context.Context, name string, addr netip.Addr) *Visit {
	v := &Visit{}
	var plain, secure *answer
	var wg sync.WaitGroup
	wg.Go(func() { v.HTTP.Plain, plain = p.fetch(ctx, name, addr, "http://"+name+"/", true) })
	wg.Go(func() {
		v.HTTP.Secure, secure = p.fetch(ctx, name, addr, "https://"+name+"/", true)
		v.HTTP.SecurityTxt = p.securityTxt(ctx, name, addr, v.HTTP.Secure)
	})
	wg.Wait()
	p.mu.Lock()
	at := origin{"https", name, netip.AddrPortFrom(addr, 443)}
	gap, tried := p.noH2[at]
	if !tried && p.noALPN[at] {
		gap = fact.GapUnsupported
	}
	p.mu.Unlock()
	if v.HTTP.HTTP2 = http2Of(v.HTTP.Secure); v.HTTP.HTTP2.No() && gap != "" {
		v.HTTP.HTTP2 = fact.Observed{Gap: gap}
	}
	if first := v.HTTP.Secure.First(); first != nil && altSvcH3(first.Values("Alt-Svc")) {
		v.HTTP.HTTP3 = []string{"alt-svc"}
	}
	if secure != nil {
		v.HTTP.Page, v.Secure = p.derive(secure)
	}
	if plain != nil {
		page, print := p.derive(plain)
		v.Plain = print
		if last := v.HTTP.Plain.Last(); last != nil && isPlain(last.URL) {
			v.HTTP.PlainPage = page
		}
	}
	return v
}

// Fetch is GET on one address of a name with redirects followed, and nothing else.
func (p *Prober) Fetch(ctx context.Context, scheme, name string, addr netip.Addr) *fact.Fetch {
	f, _ := p.fetch(ctx, name, addr, scheme+"://"+name+"/", false)
	return f
}

// http2Of reads from the first hop whether HTTP/2 was spoken.
func http2Of(f *fact.Fetch) fact.Observed {
	switch h := f.First(); {
	case h == nil:
		return fact.Observed{Gap: f.Gap}
	case h.Status == 0:
		return fact.Observed{Gap: h.Gap}
	case h.Proto == "HTTP/2.0":
		return fact.Observed{Answer: fact.Accepted}
	default:
		return fact.Observed{Answer: fact.Declined}
	}
}

// Alerted reports whether the server at an address turned the visitor's hello away by
// saying so. That is an answer; a reset could be somebody on the way.
func (p *Prober) Alerted(addr netip.AddrPort) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alerted[addr]
}

// Chains returns the certificate chains that hops refer to, in no order.
func (p *Prober) Chains() []ReceivedChain {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.chains))
}

// Close closes what connections are left.
func (p *Prober) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, cs := range p.idle {
		for _, c := range cs {
			_ = c.Close()
		}
	}
	p.idle = nil
}

// group does a thing once per key and gives the result to all who ask.
type group[K comparable, V any] struct {
	mu sync.Mutex
	m  map[K]*call[V] // guarded by mu
}

type call[V any] struct {
	done chan struct{}
	v    V
}

func (g *group[K, V]) do(k K, f func() V) V {
	g.mu.Lock()
	if c, ok := g.m[k]; ok {
		g.mu.Unlock()
		<-c.done
		return c.v
	}
	c := &call[V]{done: make(chan struct{})}
	if g.m == nil {
		g.m = make(map[K]*call[V])
	}
	g.m[k] = c
	g.mu.Unlock()
	defer close(c.done)
	c.v = f()
	return c.v
}
