package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"peil/internal/egress"
)

// Config is what a resolver is made of.
type Config struct {
	Egress *egress.Egress
	// RootHints are master-file lines (NS, A, AAAA); empty for the embedded ones.
	RootHints string
	// Anchors are master-file lines (DS, DNSKEY); empty for the embedded ones of the
	// root. Anchors of other zones may stand among them.
	Anchors string
	// Clock is the time against which signatures are held; nil for time.Now.
	Clock func() time.Time
	// Upstream is a validating resolver that the operator names. When it is set
	// nothing else is asked.
	Upstream netip.AddrPort
	// Dial takes the place of Egress in tests.
	Dial DialFunc
	// CacheBytes is about how much memory the caches may take: 20 MiB when zero. A site
	// takes some 15 KiB and is asked about for seconds; what all share stays, being used.
	CacheBytes int
}

// Resolver answers questions. It is safe for concurrent use and starts no
// goroutines.
type Resolver struct {
	egress   *egress.Egress // nil in tests that dial themselves
	dial     func(subject string) func(context.Context, string, netip.AddrPort) (net.Conn, error)
	clock    func() time.Time
	tick     func() time.Time // for caches and round-trip times
	upstream netip.AddrPort
	own      *Resolver // with an upstream: validates what that gives with checking disabled
	via      *Resolver // of own: the resolver whose upstream is asked
	hints    *delegation
	anchors  map[name]*anchor
	secret   [16]byte // makes client cookies

	rootServers atomic.Pointer[delegation]
	noFamily    [2]atomic.Pointer[time.Time] // when IPv4, IPv6 was found missing
	heard       [2]atomic.Int64              // when a server answered last over IPv4, IPv6
	validating  atomic.Bool                  // the upstream resolver called something secure
	buffers     sync.Pool

	replies     *cache[question, *reply]
	failures    *cache[question, error]
	delegations *cache[name, *delegation]
	servers     *cache[netip.AddrPort, *server]
	zones       *cache[name, *trust]
	denials     *cache[name, *reply] // how a zone denies, by any reply that did

	resolving  flights[flightKey, *reply]
	asking     flights[flightKey, *result]
	trusting   flights[name, *trust]
	confirming flights[question, opinion]
	primes     flights[struct{}, struct{}]
}

// New makes a resolver.
func New(c Config) (*Resolver, error) {
	if c.Egress == nil && c.Dial == nil {
		return nil, errors.New("resolver: no egress")
	}
	if c.RootHints == "" {
		c.RootHints = embeddedHints
	}
	if c.Anchors == "" {
		c.Anchors = embeddedAnchors
	}
	hints, err := parseHints(c.RootHints)
	if err != nil {
		return nil, fmt.Errorf("root hints: %w", err)
	}
	anchors, err := parseAnchors(c.Anchors)
	if err != nil {
		return nil, fmt.Errorf("trust anchors: %w", err)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 20 << 20
	}
	r := &Resolver{
		egress: c.Egress,
		clock:  c.Clock, tick: time.Now, upstream: c.Upstream, hints: hints, anchors: anchors, secret: newSecret(),
		replies:     newCache[question, *reply](c.CacheBytes / 2),
		failures:    newCache[question, error](4096),
		delegations: newCache[name, *delegation](c.CacheBytes / 6),
		servers:     newCache[netip.AddrPort, *server](16384),
		zones:       newCache[name, *trust](c.CacheBytes / 4),
		denials:     newCache[name, *reply](c.CacheBytes / 12),
	}
	if c.Upstream.IsValid() {
		inner := c
		inner.Upstream, inner.CacheBytes = netip.AddrPort{}, c.CacheBytes/4
		if r.own, err = New(inner); err != nil {
			return nil, err
		}
		r.own.via = r
	}
	r.dial = func(subject string) func(context.Context, string, netip.AddrPort) (net.Conn, error) {
		if c.Dial != nil {
			return func(ctx context.Context, network string, addr netip.AddrPort) (net.Conn, error) {
				return c.Dial(ctx, subject, network, addr)
			}
		}
		s := c.Egress.Subject(subject)
		return func(ctx context.Context, network string, addr netip.AddrPort) (net.Conn, error) {
			if network == "tcp" {
				conn, err := s.DialTCP(ctx, addr)
				if err != nil {
					return nil, err
				}
				s.CountQuery(1)
				return conn, nil
			}
			conn, err := s.DialUDP(ctx, addr)
			if err != nil {
				return nil, err
			}
			return conn, nil
		}
	}
	return r, nil
}

// task begins a look-up on behalf of a name. Its context ends with the look-up.
func (r *Resolver) task(ctx context.Context, subject string) (*task, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	return &task{r: r, ctx: ctx, dial: r.dial(subject), tally: tallyOf(ctx)}, cancel
}
