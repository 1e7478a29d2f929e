// Package scan measures targets: it asks the editions what they need, plans the
// fewest probes for it, runs what is independent of each other at once, and gathers
// the facts into one Measurement. What targets share (name servers, dead addresses,
// zones) is measured once per run.
//
// A Scanner belongs to one run. Measure is for one target; Run takes a stream of them
// and keeps its memory flat however long the stream is.
package scan

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/probe/dnsprobe"
	"peil/internal/probe/reach"
	"peil/internal/probe/routeprobe"
	"peil/internal/probe/tlsprobe"
)

// MaxWebAddrs is how many addresses of a website are measured (design, Budgets).
const MaxWebAddrs = 16

// TLSProber asks endpoints for TLS and builds paths of certificates.
type TLSProber interface {
	Probe(context.Context, tlsprobe.Target, tlsprobe.Plan) (*fact.TLS, []fact.Chain)
	Chain(certs [][]byte, name string, scts []byte) fact.Chain
}

var _ TLSProber = (*tlsprobe.Prober)(nil)

// Config is what a scanner is made of.
type Config struct {
	Egress   *egress.Egress
	Resolver dnsprobe.Resolver
	TLS      TLSProber
	Routes   *routeprobe.Prober // nil: there are no tables

	// Mail asks mail servers; nil: one that is made of Egress and TLS, if TLS is a
	// *tlsprobe.Prober.
	Mail MailProber

	Editions  []*norm.Edition // for which facts are gathered
	Contact   string          // a URL or mail address, for the User-Agent
	Meter     string          // version of this program
	Vantage   string          // from where it measures, in words
	Sources   fact.Sources
	Mandate   *fact.Mandate
	EHLO      string   // how we call ourselves to mail servers, "" for our own name or address
	Selectors []string // DKIM selectors that the operator knows
	// Simulated says that what is measured is not real, though no network map says so: a
	// namespace in which every address is the lab's.
	Simulated bool

	// Roots are root servers, for the self-test. None: those that the resolver knows.
	Roots []netip.AddrPort
	// NoSelfTest leaves the self-test out: where a resolver is named that is all that
	// is asked, and in tests.
	NoSelfTest bool
	// Spread is the least time between the three tries that a dead address gets; 0
	// means 3 s. Only simulated addresses may be called dead sooner.
	Spread time.Duration
	// Timeout is how long one exchange with a web server may take; 0 means 10 s.
	Timeout time.Duration
	// Parallel is how many targets are in hand at a time; 0 means 128.
	Parallel int
	Now      func() time.Time // dates what is seen; nil means time.Now
}

// Scanner measures the targets of one run. It is safe for concurrent use.
type Scanner struct {
	c     Config
	needs norm.Needs
	tls   tlsprobe.Plan
	asked []string
	agent string
	reach *reach.Table
	dns   *dnsprobe.Prober
	mails *mailServers

	selfTest sync.Once
	network  fact.Network // written by selfTest

	done   atomic.Int64
	mu     sync.Mutex
	active map[*work]struct{} // guarded by mu
	parked int                // guarded by mu
}

// New makes a scanner.
func New(c Config) (_ *Scanner, err error) {
	switch {
	case c.Egress == nil:
		return nil, errors.New("scan: no egress")
	case c.Resolver == nil:
		return nil, errors.New("scan: no resolver")
	case len(c.Editions) == 0:
		return nil, errors.New("scan: no edition asked for")
	case c.TLS == nil:
		return nil, errors.New("scan: no prober for TLS")
	}
	if c.Routes == nil {
		c.Routes = &routeprobe.Prober{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Parallel <= 0 {
		c.Parallel = 128
	}
	s := &Scanner{c: c, needs: norm.NeedsOf(c.Editions...), agent: userAgent(c.Meter, c.Contact), active: map[*work]struct{}{}}
	s.asked = names(c.Editions)
	s.tls = tlsPlan(&s.needs.TLS)
	s.reach = &reach.Table{Spread: c.Spread, Now: c.Now}
	s.dns = &dnsprobe.Prober{Resolver: c.Resolver, Egress: c.Egress, Reach: s.reach}
	if s.mails, err = s.newMailServers(); err != nil {
		return nil, err
	}
	f := c.Egress.Families()
	s.network = fact.Network{IPv4: f.IPv4, IPv6: f.IPv6}
	return s, nil
}

// userAgent says who we are (design, Who we are).
func userAgent(version, contact string) string {
	if version == "" {
		version = "0"
	}
	if contact == "" {
		return "Peil/" + version
	}
	return "Peil/" + version + " (+" + contact + ")"
}

// dialer opens connections for one target and owns the decision whether an address
// and port is dead. It counts what was spent.
type dialer struct {
	s *Scanner

	mu    sync.Mutex
	ports map[portKey]*port // guarded by mu
}

type portKey struct {
	host string
	addr netip.AddrPort
}

// port is one address and port on behalf of one name: a subject with its budget.
type port struct {
	subject *egress.Subject
	once    sync.Once
	reach   fact.Reach // written by once

	mu    sync.Mutex
	spare *egress.Conn // the connection that the first try made, parked until someone takes it; guarded by mu
}

func (d *dialer) port(host string, addr netip.AddrPort) *port {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := portKey{host, addr}
	p := d.ports[k]
	if p == nil {
		p = &port{subject: d.s.c.Egress.Subject(host)}
		if d.ports == nil {
			d.ports = map[portKey]*port{}
		}
		d.ports[k] = p
	}
	return p
}

// open finds out whether the port answers. The connection made for that is kept for
// the first dial.
func (d *dialer) open(ctx context.Context, host string, addr netip.AddrPort) (*port, fact.Reach) {
	p := d.port(host, addr)
	p.once.Do(func() {
		p.reach = d.s.reach.Reach(ctx, reach.Port{Net: "tcp", Addr: addr}, func(ctx context.Context) error {
			c, err := p.subject.DialTCP(ctx, addr)
			if err != nil {
				return err
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.spare == nil {
				p.spare = c
				c.Park()
			} else {
				_ = c.Close()
			}
			return nil
		})
	})
	return p, p.reach
}

// dial is httpprobe.DialFunc.
func (d *dialer) dial(ctx context.Context, host string, addr netip.AddrPort) (net.Conn, error) {
	p, r := d.open(ctx, host, addr)
	if err := dialError(r); err != nil {
		return nil, err
	}
	p.mu.Lock()
	c := p.spare
	p.spare = nil
	p.mu.Unlock()
	if c != nil && c.Unpark() {
		return c, nil
	}
	conn, err := p.subject.DialTCP(ctx, addr)
	if err == nil {
		return conn, nil
	}
	how, gap := reach.Result(ctx, err)
	if gap == "" {
		gap = fact.GapBlocked // it answered before
	}
	return nil, unreached(how, gap, err)
}

// cost sums up what all ports of the target took, and closes what is left open.
func (d *dialer) cost() fact.Cost {
	d.mu.Lock()
	defer d.mu.Unlock()
	var sum fact.Cost
	for _, p := range d.ports {
		p.mu.Lock()
		if p.spare != nil {
			_ = p.spare.Close()
			p.spare = nil
		}
		p.mu.Unlock()
		sum = sum.Add(costOf(p.subject))
	}
	return sum
}

func costOf(s *egress.Subject) fact.Cost {
	c := s.Cost()
	return fact.Cost{Connections: c.Connections, Queries: c.Queries, BytesIn: c.BytesIn, BytesOut: c.BytesOut}
}
