package scan

import (
	"container/list"
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
	"peil/internal/probe/reach"
	"peil/internal/probe/smtpprobe"
	"peil/internal/probe/tlsprobe"
	"peil/internal/standard/lookup"
)

// MailProber asks one address of a mail server.
type MailProber interface {
	Probe(context.Context, smtpprobe.Target) (fact.MailHost, []fact.Chain)
}

var _ MailProber = (*smtpprobe.Prober)(nil)

// Bounds of what a run remembers of mail servers, and of waiting for them.
const (
	// mailKept is how many are remembered: those of large providers come again and again,
	// those of everybody else never. One takes some 50 KiB.
	mailKept = 1000
	mailAge  = time.Hour
	// mailTurn is how long a server waits for others at the same address, mailTime how
	// long it may take after that: the budget of a subject, and politeness.
	mailTurn = 10 * time.Minute
	mailTime = 4 * time.Minute
)

// mailServers are the mail servers of a run. What many domains share is measured once:
// the others get a copy of the facts, with their own date. At one address one thing is
// measured at a time, and who waits for it holds no socket.
type mailServers struct {
	prober MailProber
	reach  *reach.Table
	now    func() time.Time

	mu      sync.Mutex
	known   map[smtpprobe.Target]*list.Element // of seenMail; guarded by mu
	recent  list.List                          // the most recently used first; guarded by mu
	flights map[smtpprobe.Target]*mailFlight   // guarded by mu
	turns   map[netip.Addr]*mailTurns          // guarded by mu
}

// seenMail is what was seen of a server.
type seenMail struct {
	target smtpprobe.Target
	host   fact.MailHost
	chains []fact.Chain
	at     time.Time
}

// mailFlight is a measurement under way. It goes on as long as somebody waits for it.
type mailFlight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int // guarded by mailServers.mu
	host    fact.MailHost
	chains  []fact.Chain
}

// mailTurns hands out turns at an address.
type mailTurns struct {
	turn chan struct{} // holds one
	all  int           // who has it or waits for it; guarded by mailServers.mu
}

// newMailServers makes the table of the run.
func (s *Scanner) newMailServers() (*mailServers, error) {
	t := &mailServers{prober: s.c.Mail, reach: s.reach, now: time.Now}
	tls, ok := s.c.TLS.(*tlsprobe.Prober)
	if t.prober != nil || !ok {
		return t, nil
	}
	c := smtpprobe.Config{
		Egress: s.c.Egress, Reach: s.reach, TLS: tls, Plan: s.tls, NoTLS: !s.needs.TLS.Any(), Injection: s.c.Mandate != nil,
		Names: &smtpprobe.Caller{Given: s.c.EHLO, Names: s.namesOf, Addrs: s.addrsOf}, Now: s.c.Now,
	}
	if s.c.Timeout > 0 { // simulated servers are slow on purpose
		c.Patience = smtpprobe.Patience{Greeting: 2 * s.c.Timeout, Answer: s.c.Timeout, Pause: s.c.Spread}
	}
	var err error
	t.prober, err = smtpprobe.New(c)
	return t, err
}

// namesOf are the reverse names of an address, addrsOf the addresses of a name: for the
// name by which we call ourselves.
func (s *Scanner) namesOf(ctx context.Context, a netip.Addr) ([]string, error) {
	rev, err := dns.ReverseAddr(a.String())
	if err != nil {
		return nil, err
	}
	l := s.c.Resolver.Lookup(ctx, lookup.Canonical(rev), "PTR")
	return lookup.Of(&l).Hosts, nil
}

func (s *Scanner) addrsOf(ctx context.Context, name string) ([]netip.Addr, error) {
	v4, v6, _ := s.dns.Addresses(ctx, name)
	return append(v4, v6...), nil
}

// get is what is remembered of a server. A silence that had no control then is looked at
// again once there is one (catalogue A.2 b).
func (s *mailServers) get(t smtpprobe.Target) (*seenMail, bool) {
	e := s.known[t]
	if e == nil {
		return nil, false
	}
	m := e.Value.(*seenMail)
	if s.now().Sub(m.at) > mailAge ||
		m.host.Port25.Gap == fact.GapOurNetwork && s.reach.ControlOf(netip.AddrPortFrom(t.Addr, smtpprobe.Port)) {
		s.recent.Remove(e)
		delete(s.known, t)
		return nil, false
	}
	s.recent.MoveToFront(e)
	return m, true
}

// knows reports whether a server was measured already.
func (s *mailServers) knows(t smtpprobe.Target) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.get(t)
	return ok
}

// measure gives the facts of a server. mine says that they were gathered for this caller,
// to whom the cost is booked.
func (s *mailServers) measure(ctx context.Context, t smtpprobe.Target) (h fact.MailHost, chains []fact.Chain, mine bool) {
	s.mu.Lock()
	if m, ok := s.get(t); ok {
		s.mu.Unlock()
		return m.host, m.chains, false
	}
	f := s.flights[t]
	if mine = f == nil; mine {
		f = &mailFlight{done: make(chan struct{})}
		var flying context.Context
		flying, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if s.flights == nil {
			s.flights = map[smtpprobe.Target]*mailFlight{}
		}
		s.flights[t] = f
		go s.fly(flying, t, f)
	}
	f.waiting++
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.host, f.chains, mine
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		if s.flights[t] == f {
			delete(s.flights, t) // whoever comes now begins anew
		}
	}
	return unmeasured(t, fact.GapCancelled), nil, false
}

func unmeasured(t smtpprobe.Target, gap fact.Gap) fact.MailHost {
	return fact.MailHost{Addr: t.Addr, Port25: fact.Reach{Gap: gap}}
}

// fly measures when it is its turn, and remembers.
func (s *mailServers) fly(ctx context.Context, t smtpprobe.Target, f *mailFlight) {
	defer f.cancel()
	f.host, f.chains = s.inTurn(ctx, t)
	f.host.Addr = t.Addr
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights[t] == f {
		delete(s.flights, t)
	}
	if g := f.host.Port25.Gap; ctx.Err() == nil && g != fact.GapCancelled && g != fact.GapBudget {
		s.put(&seenMail{t, f.host, f.chains, s.now()})
	}
	close(f.done)
}

func (s *mailServers) put(m *seenMail) {
	if s.known == nil {
		s.known = map[smtpprobe.Target]*list.Element{}
	}
	if e := s.known[m.target]; e != nil {
		s.recent.Remove(e)
	}
	s.known[m.target] = s.recent.PushFront(m)
	if s.recent.Len() > mailKept {
		last := s.recent.Back()
		s.recent.Remove(last)
		delete(s.known, last.Value.(*seenMail).target)
	}
}

// inTurn measures when nothing else is measured at the address.
func (s *mailServers) inTurn(ctx context.Context, t smtpprobe.Target) (fact.MailHost, []fact.Chain) {
	s.mu.Lock()
	if s.turns == nil {
		s.turns = map[netip.Addr]*mailTurns{}
	}
	q := s.turns[t.Addr]
	if q == nil {
		q = &mailTurns{turn: make(chan struct{}, 1)}
		s.turns[t.Addr] = q
	}
	q.all++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if q.all--; q.all == 0 {
			delete(s.turns, t.Addr)
		}
	}()
	patience := time.NewTimer(mailTurn)
	defer patience.Stop()
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-patience.C:
		return unmeasured(t, fact.GapBudget), nil
	case <-ctx.Done():
		return unmeasured(t, fact.GapCancelled), nil
	}
	limited, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	h, chains := s.prober.Probe(limited, t)
	if limited.Err() != nil && ctx.Err() == nil {
		late(&h)
	}
	return h, chains
}

// late says of what was cut off that there was no more time for it.
func late(h *fact.MailHost) {
	gaps := []*fact.Gap{&h.Port25.Gap}
	if h.SMTP != nil {
		gaps = append(gaps, &h.SMTP.Gap, &h.SMTP.Offered.Gap)
	}
	if h.TLS != nil {
		gaps = append(gaps, &h.TLS.Working.Gap)
	}
	for _, g := range gaps {
		if *g == fact.GapCancelled {
			*g = fact.GapBudget
		}
	}
}
