package resolver

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
)

// storm is a network between the resolver and a world that loses, delays, repeats,
// reorders and truncates, and an egress that refuses now and then. It never changes
// what a server says.
type storm struct {
	w     *world
	loss  float64                         // of a datagram, one way; of a connection
	ours  float64                         // of dials that fail on our side
	spoil map[netip.Addr]func(m *dns.Msg) // what one server alone does to its replies
	mu    sync.Mutex
	rng   *rand.Rand            // guarded by mu
	last  map[netip.Addr][]byte // reply sent last, which may come once more; guarded by mu
}

// roll is true with a probability.
func (s *storm) roll(p float64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.Float64() < p
}

// pick is a number below n.
func (s *storm) pick(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(n)
}

// delay is mostly short, and sometimes longer than any patience.
func (s *storm) delay() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rng.Float64() < 0.1 {
		return time.Duration(s.rng.Int64N(int64(8 * time.Second)))
	}
	return time.Duration(s.rng.Int64N(int64(80 * time.Millisecond)))
}

func (s *storm) dial(ctx context.Context, _, network string, a netip.AddrPort) (net.Conn, error) {
	if s.roll(s.ours) {
		kinds := []error{egress.ErrBudget, egress.ErrLocal, egress.ErrExcluded}
		return nil, &egress.Error{Op: "dial", Addr: a, Kind: kinds[a.Addr().As4()[3]%3]}
	}
	if network == "tcp" && s.roll(s.loss) {
		return nil, &egress.Error{Op: "dial", Addr: a, Kind: egress.ErrTimeout}
	}
	return &stormConn{s: s, addr: a.Addr(), tcp: network == "tcp", wake: make(chan struct{}, 1), until: time.Now().Add(time.Hour)}, ctx.Err()
}

func (s *storm) reply(a netip.Addr, tcp bool, q []byte) []byte {
	b := s.w.reply(a, tcp, q)
	if f := s.spoil[a]; f != nil && b != nil {
		var m dns.Msg
		if m.Unpack(b) == nil {
			f(&m)
			b, _ = m.Pack()
		}
	}
	return b
}

// stormConn is one socket in the storm.
type stormConn struct {
	s    *storm
	addr netip.Addr
	tcp  bool
	wake chan struct{}

	mu    sync.Mutex
	in    [][]byte  // guarded by mu
	end   error     // guarded by mu
	shut  bool      // guarded by mu
	until time.Time // guarded by mu
}

func (c *stormConn) arrive(b []byte, end error) {
	c.mu.Lock()
	if b != nil && !c.shut {
		c.in = append(c.in, b)
	}
	c.end = end
	c.mu.Unlock()
	c.poke()
}

func (c *stormConn) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *stormConn) Write(b []byte) (int, error) {
	s := c.s
	if c.tcp {
		r := s.reply(c.addr, true, b[2:])
		if r == nil || s.roll(s.loss/2) {
			return len(b), nil
		}
		r = append(binary.BigEndian.AppendUint16(nil, uint16(len(r))), r...)
		if s.roll(s.loss / 2) {
			r = r[:len(r)/2] // cut off half way
		}
		time.AfterFunc(s.delay(), func() { c.arrive(r, io.EOF) })
		return len(b), nil
	}
	if s.roll(s.loss) {
		return len(b), nil
	}
	r := s.reply(c.addr, false, b)
	if r == nil {
		return len(b), nil
	}
	if s.roll(0.05) { // truncated on the way to keep answers small
		var m dns.Msg
		if m.Unpack(r) == nil {
			m.Truncated, m.Answer, m.Ns = true, nil, nil
			r, _ = m.Pack()
		}
	}
	s.mu.Lock()
	old := s.last[c.addr]
	s.last[c.addr] = r
	s.mu.Unlock()
	for i, d := range [][]byte{r, r, old, r[:len(r)/2], []byte("noise")} {
		p := 0.1
		if i == 0 {
			p = 1 - s.loss
		}
		if len(d) > 0 && s.roll(p) {
			time.AfterFunc(s.delay(), func() { c.arrive(d, nil) })
		}
	}
	return len(b), nil
}

func (c *stormConn) Read(b []byte) (int, error) {
	for {
		c.mu.Lock()
		if len(c.in) > 0 {
			n := copy(b, c.in[0])
			if c.in[0] = c.in[0][n:]; !c.tcp || len(c.in[0]) == 0 {
				c.in = c.in[1:]
			}
			c.mu.Unlock()
			return n, nil
		}
		end, until := c.end, c.until
		c.mu.Unlock()
		if end != nil {
			return 0, end
		}
		if !time.Now().Before(until) {
			return 0, os.ErrDeadlineExceeded
		}
		t := time.NewTimer(time.Until(until))
		select {
		case <-c.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

func (c *stormConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	c.until = t
	c.mu.Unlock()
	c.poke()
	return nil
}

func (c *stormConn) Close() error {
	c.mu.Lock()
	c.shut = true
	c.mu.Unlock()
	return nil
}

func (c *stormConn) LocalAddr() net.Addr                { return &net.UDPAddr{} }
func (c *stormConn) RemoteAddr() net.Addr               { return &net.UDPAddr{} }
func (c *stormConn) SetReadDeadline(t time.Time) error  { return c.SetDeadline(t) }
func (c *stormConn) SetWriteDeadline(t time.Time) error { return c.SetDeadline(t) }

// stormAsk is a question in a storm and what may come of it.
type stormAsk struct {
	what, name, typ string
	may             []fact.Security
	good            netip.Addr // of two servers the one that does not lag
}

// TestNoStormMakesAZoneBogus plays each fault of TestEachFaultIsNamed, and zones of
// which one server lags behind, over a network that loses and delays: what is secure or
// insecure may become indeterminate, but never bogus, and no set of name servers comes
// out with one missing.
func TestNoStormMakesAZoneBogus(t *testing.T) {
	w, s, asks := stormWorld(t)
	var c Config
	w.build(func(b *Config) { c = *b })
	seeds := 16
	switch {
	case testing.Short():
		seeds = 8
	case os.Getenv("PEIL_TEST_ALL") != "":
		seeds = 400
	}
	seen := map[string]int{}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			s.rng, s.last = rand.New(rand.NewPCG(uint64(seed), 0)), map[netip.Addr][]byte{}
			s.loss, s.ours = 0, 0
			c.Dial = s.dial
			r, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			s.greet(t, r, asks)
			s.loss, s.ours = []float64{0, 0.1, 0.3, 0.5}[seed%4], []float64{0, 0.03}[seed/4%2]
			s.sail(t, r, seed, asks, seen)
		})
	}
	for _, word := range []string{"secure", "insecure", "bogus", "indeterminate", "name servers"} {
		if seen[word] < 10 { // a storm in which nothing comes out proves nothing
			t.Errorf("%s came out %d times", word, seen[word])
		}
	}
	t.Logf("%d storms: %v", seeds, seen)
}

// greet has the good one of two servers answer once, so that it cannot seem dead.
func (s *storm) greet(t *testing.T, r *Resolver, asks []stormAsk) {
	tk, cancel := r.task(context.Background(), "nl")
	defer cancel()
	for _, a := range asks {
		for tries := 0; a.good.IsValid() && !r.server(netip.AddrPortFrom(a.good, 53)).heard; tries++ {
			if tk.sent = 0; tries > 20 {
				t.Fatalf("%v does not answer", a.good)
			}
			_, _ = tk.ask(netip.AddrPortFrom(a.good, 53), mustName("nl."), dns.TypeSOA, 0, 0)
		}
	}
}

// sail asks everything, many questions at a time and some in a hurry.
func (s *storm) sail(t *testing.T, r *Resolver, seed int, asks []stormAsk, seen map[string]int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := func(word string) {
		mu.Lock()
		defer mu.Unlock()
		seen[word]++
	}
	for _, a := range asks {
		begin := time.Duration(s.pick(90)) * time.Second // a name that fails is remembered for five seconds
		wg.Go(func() {
			<-time.After(begin)
			ctx := context.Background()
			if s.roll(0.1) {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, s.delay())
				defer cancel()
			}
			l := r.Lookup(ctx, a.name, a.typ)
			count(string(l.Security))
			if l.Security != fact.Indeterminate && !slices.Contains(a.may, l.Security) {
				t.Errorf("seed %d: %s: %s %s came out %s", seed, a.what, a.name, a.typ, say(l))
			}
			_, zone, _ := strings.Cut(a.name, ".")
			if z := r.Zone(ctx, zone); z.Security == fact.Bogus && !slices.Contains(a.may, fact.Bogus) {
				t.Errorf("seed %d: %s: the zone %s came out %+v", seed, a.what, zone, z.Problem)
			}
			if owner, ns := r.NameServers(ctx, a.name); ns.Answered() && strings.HasPrefix(a.what, "secure") {
				count("name servers")
				if owner != zone || len(ns.Records) != 2 {
					t.Errorf("seed %d: %s: servers of %s: %q %s", seed, a.what, a.name, owner, say(ns))
				}
			}
		})
	}
	wg.Wait()
}

// stormWorld makes the world, and the questions with what may come of them.
func stormWorld(t *testing.T) (*world, *storm, []stormAsk) {
	w := newWorld(t)
	w.zones["."].twice()
	s := &storm{w: w, spoil: map[netip.Addr]func(*dns.Msg){}}
	var asks []stormAsk
	for i, f := range faults {
		switch f.what {
		case "records from outside the zone": // it names a zone
			continue
		case "a name that only the parent's proof of a DS hides": // its servers deny it to those who do not ask step by step, as a storm may force us to

			continue
		}
		tld := fmt.Sprintf("f%d", i)
		w.zone(tld, 13).twice()
		z := w.zone("example."+tld, 13, "www A 192.0.2.1")
		f.fault(w, z)
		if !z.inParent {
			z.twice()
			w.silent[z.second] = w.silent[z.addr]
		}
		a := stormAsk{what: f.what, name: strings.TrimSuffix(f.name, "nl") + tld, typ: f.typ}
		for _, sec := range []fact.Security{fact.Secure, fact.Insecure, fact.Bogus} {
			if strings.Contains(f.want, " "+string(sec)) {
				a.may = append(a.may, sec)
			}
		}
		asks = append(asks, a)
	}
	w.zone("nl", 13).twice()
	for i := range 8 {
		n := fmt.Sprintf("good%d.nl", i)
		z := w.zone(n, 13, "www A 192.0.2.1").twice()
		if i%2 == 1 {
			z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		}
		for _, typ := range []string{"A", "TXT"} {
			asks = append(asks, stormAsk{"secure", "www." + n, typ, []fact.Security{fact.Secure}, netip.Addr{}})
		}
		asks = append(asks, stormAsk{"secure", "nope." + n, "A", []fact.Security{fact.Secure}, netip.Addr{}})
	}
	lags := []struct {
		what  string
		spoil func(m *dns.Msg)
	}{
		{"one server without signatures", func(m *dns.Msg) { drop(m, isSig(0)) }},
		{"one server without signatures of keys", func(m *dns.Msg) { drop(m, isSig(dns.TypeDNSKEY)) }},
		{"one server without denials", func(m *dns.Msg) { drop(m, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNSEC }) }},
		{"one server refuses", func(m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeRefused, nil, nil }},
		{"one server fails for keys", func(m *dns.Msg) {
			if m.Question[0].Qtype == dns.TypeDNSKEY {
				m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil
			}
		}},
		{"one server lame", func(m *dns.Msg) {
			up, _ := dns.NewRR(". 300 NS ns.")
			m.Authoritative, m.Answer, m.Ns, m.Extra = false, nil, []dns.RR{up}, nil
		}},
	}
	for i, lag := range lags {
		n := fmt.Sprintf("lag%d.nl", i)
		z := w.zone(n, 13, "www A 192.0.2.1").twice()
		s.spoil[z.second] = lag.spoil
		asks = append(asks,
			stormAsk{lag.what, "www." + n, "A", []fact.Security{fact.Secure}, z.addr},
			stormAsk{lag.what, "nope." + n, "A", []fact.Security{fact.Secure}, z.addr})
	}
	return w, s, asks
}
