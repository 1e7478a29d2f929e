package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Config says what the door lets through, and how.
type Config struct {
	Allow      []netip.Prefix   // ranges that are open though they are not public (--allow)
	Named      []netip.AddrPort // endpoints that the operator named (--resolver, --rtr): open, and without politeness
	Map        *Map             // with a map, what is not in it does not exist
	Exclusions *Exclusions      // who does not want to be measured
	Mandate    *Mandate         // who allowed intrusive probes; nil allows none
	Limits     Limits           // zero fields have their defaults
	Families   *Families        // nil: look what this machine has
	Sources    []netip.Addr     // own addresses to dial from, at most one per family; none: the system chooses
}

// Egress is the door. It is safe for concurrent use and starts no goroutines.
type Egress struct {
	allow      []netip.Prefix
	named      map[netip.AddrPort]bool
	netmap     *Map
	exclusions *Exclusions
	mandate    *Mandate
	limits     Limits
	families   atomic.Pointer[Families]
	routed     Families // what there was at first, before the self-test
	dialer     net.Dialer
	sources    [2]netip.Addr // to dial from over IPv4 and IPv6; invalid: the system chooses
	pace       *pace
	total      meter
}

// New makes a door.
func New(c Config) (*Egress, error) {
	limits, err := c.Limits.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("egress: %w", err)
	}
	e := &Egress{
		netmap: c.Map, exclusions: c.Exclusions, mandate: c.Mandate, limits: limits,
		named: make(map[netip.AddrPort]bool, len(c.Named)),
	}
	e.pace = newPace(&e.limits)
	// Keep-alive packets would outlive what a probe asked; probes are short.
	e.dialer.KeepAlive = -1
	for _, p := range c.Allow {
		if !p.IsValid() {
			return nil, errors.New("egress: an allowed range is not a valid prefix")
		}
		e.allow = append(e.allow, p.Masked())
	}
	for _, a := range c.Named {
		e.named[a] = true
	}
	if err := e.bind(c.Sources); err != nil {
		return nil, err
	}
	switch {
	case c.Families != nil:
		e.SetFamilies(*c.Families)
	case c.Map != nil:
		e.SetFamilies(Families{IPv4: true, IPv6: true}) // a logical family needs no real one
	default:
		e.SetFamilies(DetectFamilies())
	}
	e.routed = e.Families()
	return e, nil
}

// Simulated reports whether a network map stands between Peil and the world.
func (e *Egress) Simulated() bool { return e.netmap != nil }

// Families are the address families that this machine can use.
func (e *Egress) Families() Families { return *e.families.Load() }

// SetFamilies overrules what was detected: for a self-test that found that a family
// has a route but no answers.
func (e *Egress) SetFamilies(f Families) { e.families.Store(&f) }

// Excluded returns the reason for which a name is excluded. Every dial for it is refused
// anyway; who asks others about names asks here first.
func (e *Egress) Excluded(name string) (reason string, yes bool) { return e.exclusions.Name(name) }

// Delay is how long a datagram to an address would wait for politeness now. Who may
// choose among servers takes one that is at leisure.
func (e *Egress) Delay(addr netip.AddrPort) time.Duration {
	if e.named[addr] {
		return 0
	}
	return e.pace.udp.delay(addr.Addr())
}

// Limits are the limits in force.
func (e *Egress) Limits() Limits { return e.limits }

// Cost is what all subjects together took.
func (e *Egress) Cost() Cost { return e.total.cost() }

// Subject begins a subject: one address and port, one name server. name is the DNS
// name in question, for exclusions and the mandate; it may be empty. Each subject has
// a budget of its own.
func (e *Egress) Subject(name string) *Subject {
	return &Subject{egress: e, name: name, budget: &budget{limits: &e.limits}}
}

// Unmetered begins a subject without a budget, for what Peil fetches for its own use:
// route tables, VRPs from the operator's RTR cache. Never for what is measured.
func (e *Egress) Unmetered(name string) *Subject {
	l := e.limits
	l.Connections, l.Bytes, l.Time = NoLimit, NoLimit, NoLimit
	return &Subject{egress: e, name: name, budget: &budget{limits: &l}}
}

// Class is what kind of probe a connection is for (design, Probe classes).
type Class uint8

// The classes.
const (
	Visitor   Class = iota // what a browser or mail server does
	Handshake              // hellos that end before or at the handshake
	Intrusive              // what needs a mandate: command injection, guessing paths
)

// Subject is one thing that is measured, with its budget. It is safe for concurrent
// use.
type Subject struct {
	egress *Egress
	name   string
	class  Class
	budget *budget
}

// As returns the same subject, on the same budget, for probes of another class.
func (s *Subject) As(c Class) *Subject {
	t := *s
	t.class = c
	return &t
}

// Name is the DNS name in question.
func (s *Subject) Name() string { return s.name }

// Cost is what the subject took so far.
func (s *Subject) Cost() Cost { return s.budget.cost() }

// CountQuery counts n messages to a name server that went over TCP. Datagrams count
// by themselves.
func (s *Subject) CountQuery(n int) {
	s.budget.queries.Add(int64(n))
	s.egress.total.queries.Add(int64(n))
}

// Check says whether the door would let this subject through to an address, without
// dialing: nil, or an error that tells why not.
func (s *Subject) Check(network string, addr netip.AddrPort) error {
	_, err := s.route(network, addr)
	if err != nil {
		return s.fail("dial", addr, err, nil)
	}
	return nil
}

// DialTCP connects to an address. It waits for politeness first, as long as ctx
// allows; only then Limits.DialTimeout begins, and the subject's time goes on. So let
// ctx carry the end of the work, not the patience with the peer.
func (s *Subject) DialTCP(ctx context.Context, addr netip.AddrPort) (*Conn, error) {
	return s.dial(ctx, "tcp", addr)
}

// DialUDP makes a connected UDP socket on a fresh local port. The pace of datagrams
// is kept by the connection: the first is waited for here, each next one in Write.
func (s *Subject) DialUDP(ctx context.Context, addr netip.AddrPort) (*Conn, error) {
	return s.dial(ctx, "udp", addr)
}

// target is where a dial really goes.
type target struct {
	real   netip.AddrPort
	polite bool // others are to be spared; the operator's own servers are not
}

// route decides whether and where a logical address leads. It returns a sentinel,
// or an error that wraps one.
func (s *Subject) route(network string, addr netip.AddrPort) (target, error) {
	e := s.egress
	if reason, yes := e.exclusions.Name(s.name); yes {
		return target{}, fmt.Errorf("%w by name: %s", ErrExcluded, reason)
	}
	if reason, yes := e.exclusions.Addr(addr.Addr()); yes {
		return target{}, fmt.Errorf("%w by address: %s", ErrExcluded, reason)
	}
	if s.class == Intrusive && !e.mandate.Allows(s.name, addr.Addr(), time.Now()) {
		return target{}, ErrNoMandate
	}
	named := e.named[addr]
	notPublic := Public(addr.Addr())
	if e.netmap != nil {
		real, opened, ok := e.netmap.Lookup(network, addr)
		switch {
		case ok && (notPublic == nil || opened || named || e.allowed(addr.Addr())):
			return target{real, !named}, nil
		case notPublic == nil:
			return target{}, ErrUnmapped
		case named: // a resolver on loopback beside the simulated network
			return target{addr, false}, nil
		case !ok && e.allowed(addr.Addr()):
			return target{}, ErrUnmapped
		}
		return target{}, notPublic
	}
	if notPublic != nil && !named && !e.allowed(addr.Addr()) {
		return target{}, notPublic
	}
	if notPublic == nil && !e.Families().has(addr.Addr()) {
		if e.routed.has(addr.Addr()) { // what met only silence before the self-test says the same
			return target{}, ErrMute
		}
		return target{}, ErrNoFamily
	}
	return target{addr, !named}, nil
}

func (e *Egress) allowed(a netip.Addr) bool {
	for _, p := range e.allow {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func (s *Subject) dial(ctx context.Context, network string, addr netip.AddrPort) (*Conn, error) {
	to, err := s.route(network, addr)
	if err != nil {
		return nil, s.fail("dial", addr, err, nil)
	}
	if s.budget.bytesLeft() <= 0 {
		return nil, s.fail("dial", addr, ErrBudget, errBytes)
	}
	tcp := network == "tcp"
	if tcp && !s.budget.connection() {
		return nil, s.fail("dial", addr, ErrBudget, errConnections)
	}
	s.budget.beginWait()
	err = s.egress.pace.turn(ctx, network, addr, to.polite)
	s.budget.endWait()
	if err != nil {
		if tcp {
			s.budget.connections.Add(-1)
		}
		return nil, s.fail("dial", addr, err, nil)
	}
	conn, deadline, err := s.connect(ctx, network, to.real)
	if err != nil {
		s.egress.pace.done(network, addr, to.polite)
	}
	if tcp {
		s.egress.total.connections.Add(1)
		if to.polite {
			s.egress.pace.outcome(addr, err)
		}
	}
	if err != nil {
		return nil, s.fail("dial", addr, err, nil)
	}
	return newConn(s, conn, network, addr, to.polite, deadline), nil
}

// connect makes the connection and returns it with the end of the subject's time, or
// an error that wraps a sentinel.
func (s *Subject) connect(ctx context.Context, network string, real netip.AddrPort) (net.Conn, time.Time, error) {
	d := s.egress.dialer
	deadline := s.budget.deadline()
	ours := false // the subject's time ends before the patience with the peer
	if !deadline.IsZero() {
		d.Timeout = time.Until(deadline)
		if d.Timeout <= 0 {
			return nil, deadline, fmt.Errorf("%w: %w", ErrBudget, errTime)
		}
		ours = true
	}
	if t := s.egress.limits.DialTimeout; t != NoLimit && (!ours || t <= d.Timeout) {
		d.Timeout, ours = t, false
	}
	d.LocalAddr = s.egress.source(network, real.Addr())
	conn, err := d.DialContext(ctx, network, real.String())
	if err != nil {
		kind := classify(err)
		if errors.Is(kind, ErrTimeout) && ours {
			kind = ErrBudget
		}
		return nil, deadline, fmt.Errorf("%w: %w", kind, err)
	}
	return conn, deadline, nil
}

// Which part of the budget ran out.
var (
	errConnections = errors.New("connections")
	errBytes       = errors.New("bytes")
	errTime        = errors.New("time")
)

// fail makes an Error of a sentinel, or of an error that wraps one.
func (s *Subject) fail(op string, addr netip.AddrPort, kind, cause error) *Error {
	k := sentinel(kind)
	if cause == nil && k != kind { //nolint:errorlint // whether it is the bare sentinel
		cause = kind // it wraps the sentinel and says more
	}
	return &Error{Op: op, Name: s.name, Addr: addr, Kind: k, Err: cause}
}
