package egress

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// pace spares others: it spaces connections per address and per network, datagrams
// per server, opens port 25 one at a time, and leaves an address alone for a while
// that answered before and now refuses. Who waits is served in order of arrival.
type pace struct {
	limits *Limits
	epoch  time.Time

	tcp, nets, udp *buckets
	open           *sockets // nil without limit

	mu    sync.Mutex
	mail  map[netip.Addr]*mailbox         // guarded by mu; only addresses in use
	ports map[netip.AddrPort]*portOutcome // guarded by mu; swept when idle
	sweep int                             // size of ports at which idle ones are swept
}

// mailbox is the queue for port 25 of one address.
type mailbox struct {
	slots chan struct{}
	users int // connections open or waiting, guarded by pace.mu
}

// portOutcome is what an address and port did lately. Only those that answered once
// are remembered: a port that was never open is met at the usual pace.
type portOutcome struct {
	refusals int
	until    time.Duration // since epoch: not before this
	seen     time.Duration
}

const (
	// portMemory is how long an answer is remembered for back-off.
	portMemory = 2 * time.Minute
	// sweepMin is the size below which tables are not swept.
	sweepMin = 1024
	// mailPort is the port that is opened one connection at a time.
	mailPort = 25
)

func newPace(l *Limits) *pace {
	p := &pace{
		limits: l, epoch: time.Now(),
		mail: map[netip.Addr]*mailbox{}, ports: map[netip.AddrPort]*portOutcome{}, sweep: sweepMin,
	}
	factor := max(l.NetFactor, 1)
	p.tcp = newBuckets(p.epoch, l.TCPBurst, l.TCPRate)
	p.udp = newBuckets(p.epoch, l.UDPBurst, l.UDPRate)
	if l.NetFactor != NoLimit {
		p.nets = newBuckets(p.epoch, max(l.TCPBurst*factor, NoLimit), max(l.TCPRate*float64(factor), NoLimit))
	}
	if l.Open != NoLimit {
		p.open = newSockets(l.Open)
	}
	return p
}

// turn waits until one more connection (or UDP socket, with its first datagram) is
// polite. Every turn that succeeds is followed by done.
func (p *pace) turn(ctx context.Context, network string, addr netip.AddrPort, polite bool) error {
	if polite {
		if err := p.manners(ctx, network, addr); err != nil {
			return err
		}
	}
	err := p.open.take(ctx) // last, so that who waits for others holds no socket
	if err != nil {
		p.leaveMail(network, addr, polite)
	}
	return err
}

func (p *pace) manners(ctx context.Context, network string, addr netip.AddrPort) error {
	if network == "udp" {
		return p.datagram(ctx, addr.Addr())
	}
	if err := p.enterMail(ctx, network, addr); err != nil {
		return err
	}
	err := p.cool(ctx, addr)
	if err == nil {
		err = p.tcp.take(ctx, addr.Addr())
	}
	if err == nil {
		err = p.nets.take(ctx, network24or48(addr.Addr()))
	}
	if err != nil {
		p.leaveMail(network, addr, true)
	}
	return err
}

// datagram waits until one more datagram to a server is polite.
func (p *pace) datagram(ctx context.Context, a netip.Addr) error { return p.udp.take(ctx, a) }

// done gives back what turn took: the connection is closed, or never came to be.
func (p *pace) done(network string, addr netip.AddrPort, polite bool) {
	p.open.give()
	p.leaveMail(network, addr, polite)
}

func (p *pace) oneAtATime(network string, addr netip.AddrPort) bool {
	return network == "tcp" && addr.Port() == mailPort && p.limits.MailOpen != NoLimit
}

func (p *pace) enterMail(ctx context.Context, network string, addr netip.AddrPort) error {
	if !p.oneAtATime(network, addr) {
		return nil
	}
	p.mu.Lock()
	m := p.mail[addr.Addr()]
	if m == nil {
		m = &mailbox{slots: make(chan struct{}, p.limits.MailOpen)}
		p.mail[addr.Addr()] = m
	}
	m.users++
	p.mu.Unlock()
	select {
	case m.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		p.forgetMail(addr.Addr(), m)
		return waitError(ctx)
	}
}

func (p *pace) leaveMail(network string, addr netip.AddrPort, polite bool) {
	if !polite || !p.oneAtATime(network, addr) {
		return
	}
	p.mu.Lock()
	m := p.mail[addr.Addr()]
	p.mu.Unlock()
	<-m.slots // never waits: we hold one of them
	p.forgetMail(addr.Addr(), m)
}

func (p *pace) forgetMail(a netip.Addr, m *mailbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.users--; m.users == 0 {
		delete(p.mail, a)
	}
}

// outcome remembers how a dial ended, for back-off. What was our own doing says
// nothing of the peer.
func (p *pace) outcome(addr netip.AddrPort, err error) {
	now := time.Since(p.epoch)
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.ports[addr]
	switch {
	case err == nil:
		if o == nil {
			p.sweepPorts(now)
			o = &portOutcome{}
			p.ports[addr] = o
		}
		*o = portOutcome{seen: now}
	case o != nil && (errors.Is(err, ErrRefused) || errors.Is(err, ErrReset) || errors.Is(err, ErrTimeout)):
		o.seen = now
		if now < o.until || p.limits.Backoff == NoLimit {
			return // a try from before the pause: it tells nothing new
		}
		d := p.limits.Backoff << min(o.refusals, 16)
		if p.limits.BackoffMax != NoLimit {
			d = min(d, p.limits.BackoffMax)
		}
		o.refusals++
		o.until = now + d
	}
}

// sweepPorts drops what was seen long ago, once the table has doubled.
func (p *pace) sweepPorts(now time.Duration) {
	if len(p.ports) < p.sweep {
		return
	}
	for a, o := range p.ports {
		if o.seen+portMemory < now {
			delete(p.ports, a)
		}
	}
	p.sweep = max(2*len(p.ports), sweepMin)
}

// cool waits until an address and port that refuses is to be tried again. All who
// wait are let go together, so that a crowd waits no longer than one.
func (p *pace) cool(ctx context.Context, addr netip.AddrPort) error {
	p.mu.Lock()
	var d time.Duration
	if o := p.ports[addr]; o != nil {
		d = o.until - time.Since(p.epoch)
	}
	p.mu.Unlock()
	return sleep(ctx, d)
}

// network24or48 is the first address of the /24 or /48 around an address.
func network24or48(a netip.Addr) netip.Addr {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return a
	}
	return p.Addr()
}

// buckets are token buckets by address, kept only while they are not full.
type buckets struct {
	epoch    time.Time
	burst    time.Duration // how far ahead of time one may be: (burst-1) × interval
	interval time.Duration // between two tokens; 0 without limit
	grain    time.Duration // those who wait are woken at multiples of this; 0: when due

	mu    sync.Mutex
	table map[netip.Addr]*bucket // guarded by mu
	sweep int
}

// bucket is one token bucket, as the generic cell rate algorithm has it: full is when
// it will be full again, and tells all.
type bucket struct {
	full  time.Duration // since epoch; guarded by buckets.mu
	users int           // who waits, or is about to; guarded by buckets.mu
	turn  chan struct{} // holds one token: who put it there is next; channels serve in order
}

func newBuckets(epoch time.Time, burst int, rate float64) *buckets {
	b := &buckets{epoch: epoch, table: map[netip.Addr]*bucket{}, sweep: sweepMin}
	if rate > 0 && burst > 0 {
		b.interval = time.Duration(float64(time.Second) / rate)
		b.burst = time.Duration(burst-1) * b.interval
		b.grain = min(maxGrain, b.burst/2)
	}
	return b
}

// take takes a token, and waits for it behind all who came before.
func (b *buckets) take(ctx context.Context, a netip.Addr) error {
	if b == nil || b.interval == 0 {
		return ctxError(ctx)
	}
	b.mu.Lock()
	k := b.table[a]
	if k == nil {
		b.sweepFull()
		k = &bucket{}
		b.table[a] = k
	}
	if k.users == 0 && b.spend(k) <= 0 {
		b.mu.Unlock()
		return nil
	}
	if k.turn == nil {
		k.turn = make(chan struct{}, 1)
	}
	k.users++
	b.mu.Unlock()
	err := b.queue(ctx, k)
	b.mu.Lock()
	if k.users--; k.users == 0 {
		k.turn = nil
	}
	b.mu.Unlock()
	return err
}

func (b *buckets) queue(ctx context.Context, k *bucket) error {
	turn := k.turn
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return waitError(ctx)
	}
	defer func() { <-turn }()
	for {
		b.mu.Lock()
		d := b.spend(k)
		b.mu.Unlock()
		if d <= 0 {
			return nil
		}
		if err := sleep(ctx, b.aligned(d)); err != nil {
			return err
		}
	}
}

// maxGrain is how much longer than due one may wait. In a long run thousands wait, for
// hundreds of addresses; woken together they cost half of what they cost one by one.
// Nobody loses by it: a token that is taken late is not a token less.
const maxGrain = 20 * time.Millisecond

// aligned is a wait of at least d that ends at a multiple of the grain.
func (b *buckets) aligned(d time.Duration) time.Duration {
	if b.grain <= 0 {
		return d
	}
	now := time.Since(b.epoch)
	return (now+d+b.grain-1)/b.grain*b.grain - now
}

// spend takes a token if there is one, and else says how long until there is.
func (b *buckets) spend(k *bucket) time.Duration {
	now := time.Since(b.epoch)
	full := max(k.full, now)
	if d := full - now - b.burst; d > 0 {
		return d
	}
	k.full = full + b.interval
	return 0
}

// delay is how long a token would have to be waited for now, behind all who wait.
func (b *buckets) delay(a netip.Addr) time.Duration {
	if b == nil || b.interval == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.table[a]
	if k == nil {
		return 0
	}
	return max(0, k.full-time.Since(b.epoch)-b.burst+time.Duration(k.users)*b.interval)
}

// sweepFull drops full buckets, which are as good as new ones, once the table has
// doubled since the last time.
func (b *buckets) sweepFull() {
	if len(b.table) < b.sweep {
		return
	}
	now := time.Since(b.epoch)
	for a, k := range b.table {
		if k.users == 0 && k.full <= now {
			delete(b.table, a)
		}
	}
	b.sweep = max(2*len(b.table), sweepMin)
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctxError(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return waitError(ctx)
	}
}

func ctxError(ctx context.Context) error {
	if ctx.Err() != nil {
		return waitError(ctx)
	}
	return nil
}

// waitError is what waiting ended with. Time that ran out in our own queue is our
// limit, not the peer's silence.
func waitError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrBudget
	}
	return ErrCancelled
}
