package egress

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func testPace(l Limits) *pace {
	l, err := l.withDefaults()
	if err != nil {
		panic(err)
	}
	return newPace(&l)
}

// turns takes n turns at an address, one after the other, and says how long it took.
func turns(t *testing.T, p *pace, n int, network, addr string) time.Duration {
	t.Helper()
	start := time.Now()
	for range n {
		if err := p.turn(t.Context(), network, ap(addr), true); err != nil {
			t.Fatal(err)
		}
		p.done(network, ap(addr), true)
	}
	return time.Since(start)
}

func TestConnectionsToOneAddressAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{})
		if d := turns(t, p, 20, "tcp", "192.0.2.1:443"); d != 0 {
			t.Errorf("a burst of 20 took %s", d)
		}
		if d := turns(t, p, 30, "tcp", "192.0.2.1:80"); d != 3*time.Second {
			t.Errorf("30 more, on another port, took %s, want 3s", d)
		}
		if d := turns(t, p, 20, "tcp", "192.0.2.2:443"); d != 0 {
			t.Errorf("another address waited %s", d)
		}
		time.Sleep(2 * time.Second)
		if d := turns(t, p, 20, "tcp", "192.0.2.1:443"); d != 0 {
			t.Errorf("after two seconds of rest the burst took %s", d)
		}
	})
}

func TestTheDelayIsWhatOneWouldWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{})
		a := ap("192.0.2.1:53")
		turns(t, p, 20, "udp", a.String())
		if d := p.udp.delay(a.Addr()); d != 10*time.Millisecond {
			t.Errorf("after a burst one waits %s", d)
		}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { turns(t, p, 1, "udp", a.String()) })
		}
		synctest.Wait()
		if d := p.udp.delay(a.Addr()); d < 500*time.Millisecond || d > 520*time.Millisecond {
			t.Errorf("behind 50 others one waits %s", d)
		}
		if d := p.udp.delay(ap("192.0.2.2:53").Addr()); d != 0 {
			t.Errorf("a server at leisure lets wait %s", d)
		}
		wg.Wait()
	})
}

func TestANetworkIsSparedAsWell(t *testing.T) {
	for _, format := range []string{"192.0.2.%d:443", "[2001:db8:1:%x::1]:443"} {
		synctest.Test(t, func(t *testing.T) {
			p := testPace(Limits{})
			var d time.Duration
			for i := range 8 {
				d += turns(t, p, 20, "tcp", fmt.Sprintf(format, i+1))
			}
			if d != 2*time.Second { // 160 connections: 80 at once, 80 at 40 a second
				t.Errorf(format+": 160 connections took %s, want 2s", 0, d)
			}
		})
	}
}

func TestDatagramsHaveTheirOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{})
		turns(t, p, 20, "tcp", "192.0.2.1:53")
		if d := turns(t, p, 120, "udp", "192.0.2.1:53"); d != time.Second {
			t.Errorf("120 datagrams took %s, want 1s", d)
		}
	})
}

func TestWhoComesFirstIsServedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{TCPBurst: 1})
		var mu sync.Mutex
		var order []int
		for i := range 50 {
			go func() {
				if p.turn(t.Context(), "tcp", ap("192.0.2.1:443"), true) == nil {
					mu.Lock()
					order = append(order, i)
					mu.Unlock()
				}
			}()
			synctest.Wait() // until it waits
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("served in the order %v", order)
			}
		}
		if len(order) != 50 {
			t.Errorf("%d of 50 were served", len(order))
		}
	})
}

func TestWhoGivesUpLeavesNoHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{TCPBurst: 1})
		turns(t, p, 1, "tcp", "192.0.2.1:443")
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 1000)
		for range 1000 {
			go func() { results <- p.turn(ctx, "tcp", ap("192.0.2.1:443"), true) }()
		}
		synctest.Wait()
		cancel()
		for range 1000 {
			if err := <-results; !errors.Is(err, ErrCancelled) {
				t.Fatal(err)
			}
		}
		if d := turns(t, p, 1, "tcp", "192.0.2.1:443"); d != 100*time.Millisecond {
			t.Errorf("the next one waited %s, want 100ms", d)
		}
	})
}

func TestTimeLostInOurQueueIsOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{TCPBurst: 1, TCPRate: 0.1})
		turns(t, p, 1, "tcp", "192.0.2.1:443")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.turn(ctx, "tcp", ap("192.0.2.1:443"), true); !errors.Is(err, ErrBudget) {
			t.Errorf("got %v, want the budget", err)
		}
	})
}

func TestPort25OneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{})
		mx := ap("192.0.2.1:25")
		if err := p.turn(t.Context(), "tcp", mx, true); err != nil {
			t.Fatal(err)
		}
		second := make(chan error, 1)
		go func() { second <- p.turn(t.Context(), "tcp", mx, true) }()
		time.Sleep(time.Hour)
		select {
		case <-second:
			t.Fatal("a second connection while the first was open")
		default:
		}
		p.done("tcp", mx, true)
		if err := <-second; err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.turn(ctx, "tcp", mx, true); !errors.Is(err, ErrBudget) {
			t.Errorf("got %v", err)
		}
		p.done("tcp", mx, true)
		if len(p.mail) != 0 {
			t.Error("the mailbox was not forgotten")
		}
	})
}

func TestAnAddressThatBeginsToRefuseIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{})
		a := ap("192.0.2.1:443")
		p.outcome(a, ErrRefused)
		if d := turns(t, p, 1, "tcp", a.String()); d != 0 {
			t.Errorf("a port that was never open was waited for: %s", d)
		}
		p.outcome(a, nil)
		for _, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second} {
			p.outcome(a, fmt.Errorf("%w: again", ErrRefused))
			p.outcome(a, ErrTimeout) // one that was under way: does not count twice
			if d := turns(t, p, 1, "tcp", a.String()); d != want {
				t.Errorf("waited %s, want %s", d, want)
			}
		}
		if d := turns(t, p, 1, "tcp", "192.0.2.1:80"); d != 0 {
			t.Errorf("another port waited %s", d)
		}
		p.outcome(a, ErrLocal) // our doing says nothing
		p.outcome(a, nil)
		p.outcome(a, ErrReset)
		if d := turns(t, p, 1, "tcp", a.String()); d != 500*time.Millisecond {
			t.Errorf("after a success waited %s, want 500ms", d)
		}
	})
}

func TestNoLimitLiftsEachLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{TCPRate: NoLimit, NetFactor: NoLimit, UDPRate: NoLimit, MailOpen: NoLimit, Open: NoLimit, Backoff: NoLimit})
		p.outcome(ap("192.0.2.1:25"), nil)
		p.outcome(ap("192.0.2.1:25"), ErrRefused)
		d := turns(t, p, 1000, "udp", "192.0.2.1:53")
		for range 1000 { // none is closed
			if err := p.turn(t.Context(), "tcp", ap("192.0.2.1:25"), true); err != nil {
				t.Fatal(err)
			}
		}
		if d != 0 {
			t.Errorf("took %s", d)
		}
	})
}

func TestStateOfIdleAddressesIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := testPace(Limits{})
		for i := range 200_000 {
			a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}), 443)
			if err := p.turn(t.Context(), "tcp", a, true); err != nil {
				t.Fatal(err)
			}
			p.done("tcp", a, true)
			p.outcome(a, nil)
			if i%20 == 0 {
				time.Sleep(100 * time.Millisecond) // 200 a second
			}
		}
		if n := len(p.tcp.table); n > 4*sweepMin {
			t.Errorf("%d addresses remembered", n)
		}
		if n := len(p.ports); n > 60_000 { // two minutes of 200 a second, twice
			t.Errorf("%d ports remembered", n)
		}
	})
}
