package reach

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
)

var (
	port  = Port{"tcp", netip.MustParseAddrPort("192.0.2.1:443")}
	other = Port{"tcp", netip.MustParseAddrPort("192.0.2.2:443")}
	v6    = Port{"tcp", netip.MustParseAddrPort("[2001:db8::1]:443")}
)

func refuse(context.Context) error { return egress.ErrRefused }

func hang(ctx context.Context) error {
	select {
	case <-time.After(5 * time.Second):
		return egress.ErrTimeout
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestDeadNeedsThreeTriesOverThreeSecondsAndAControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		table.Answered(other)
		begin := time.Now()
		r := table.Reach(t.Context(), port, refuse)
		if !r.Dead() || r.How != "refused" || len(r.Tries) != 3 {
			t.Fatalf("got %+v", r)
		}
		if d := r.Tries[2].At.Sub(r.Tries[0].At); d < 3*time.Second {
			t.Errorf("tries spread over %v", d)
		}
		if time.Since(begin) > 4*time.Second {
			t.Errorf("took %v", time.Since(begin))
		}
		// What is dead is not tried again.
		begin = time.Now()
		if r := table.Reach(t.Context(), port, func(context.Context) error { t.Error("tried again"); return nil }); !r.Dead() {
			t.Errorf("second time: %+v", r)
		}
		if time.Since(begin) != 0 {
			t.Error("the second time took time")
		}
	})
}

// A try that had to wait for our own politeness before it began has not taken any of the
// three seconds.
func TestOurOwnQueueIsNoPartOfTheThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		table.Answered(other)
		var mu sync.Mutex
		var asked []time.Time
		r := table.Reach(t.Context(), port, func(ctx context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if len(asked) == 0 {
				time.Sleep(10 * time.Second)
			}
			asked = append(asked, time.Now())
			return refuse(ctx)
		})
		if !r.Dead() || len(asked) != 3 {
			t.Fatalf("got %+v", r)
		}
		if d := asked[2].Sub(asked[0]); d < 3*time.Second {
			t.Errorf("it was asked three times within %v", d)
		}
	})
}

func TestSilenceTriesOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		table.Answered(other)
		begin := time.Now()
		r := table.Reach(t.Context(), port, hang)
		if !r.Dead() || r.How != "silent" {
			t.Fatalf("got %+v", r)
		}
		if d := time.Since(begin); d > 12*time.Second {
			t.Errorf("took %v", d)
		}
	})
}

func TestFailureIsOursWithoutControlOrAfterSuccess(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*Table)
		try  func(context.Context) error
		p    Port
		want fact.Gap
	}{
		{"nobody else answered", func(*Table) {}, refuse, port, fact.GapOurNetwork},
		{"only itself answered before, on another port", func(t *Table) {
			t.Answered(Port{"tcp", netip.MustParseAddrPort("192.0.2.1:80")})
		}, refuse, port, fact.GapOurNetwork},
		{"only the other family answered", func(t *Table) { t.Answered(other) }, refuse, v6, fact.GapOurNetwork},
		{"it answered before", func(t *Table) { t.Answered(other); t.Answered(port) }, refuse, port, fact.GapBlocked},
		{"no route", func(t *Table) { t.Answered(other) }, func(context.Context) error { return egress.ErrUnreachable }, port, fact.GapOurNetwork},
		{"not in the map", func(t *Table) { t.Answered(other) }, func(context.Context) error { return egress.ErrUnmapped }, port, fact.GapUnmapped},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var table Table
				c.set(&table)
				r := table.Reach(t.Context(), c.p, c.try)
				if r.State != fact.ReachUnknown || r.Gap != c.want {
					t.Errorf("got %+v, want gap %q", r, c.want)
				}
			})
		})
	}
}

func TestOpensAtTheThirdTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		var n atomic.Int32
		r := table.Reach(t.Context(), port, func(context.Context) error {
			if n.Add(1) < 3 {
				return egress.ErrRefused
			}
			return nil
		})
		if !r.Open() || !table.Reached(port) {
			t.Errorf("got %+v", r)
		}
	})
}

func TestManyAtOnceShareTheThreeTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		table.Answered(other)
		var n atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				r := table.Reach(t.Context(), port, func(context.Context) error { n.Add(1); return egress.ErrRefused })
				if !r.Dead() {
					t.Errorf("got %+v", r)
				}
			})
		}
		wg.Wait()
		if n.Load() > 52 { // a first try each, and two more in all
			t.Errorf("%d tries", n.Load())
		}
	})
}

func TestCancelEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		table.Answered(other)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if r := table.Reach(ctx, port, hang); r.Gap != fact.GapCancelled {
			t.Errorf("got %+v", r)
		}
		if time.Since(begin) > time.Second {
			t.Errorf("took %v", time.Since(begin))
		}
	})
}

func TestGenerationsForgetTheOldest(t *testing.T) {
	var g generations[int, struct{}]
	for i := range 3 * remembered {
		g.put(i, struct{}{})
		g.get(0) // in use all the time
	}
	if _, ok := g.get(0); !ok {
		t.Error("what was in use is forgotten")
	}
	if _, ok := g.get(1); ok {
		t.Error("what was not used is still there")
	}
	if len(g.young)+len(g.old) > 2*remembered {
		t.Errorf("remembers %d", len(g.young)+len(g.old))
	}
}

func TestResetCountsAsAnAnswerOfThePeer(t *testing.T) {
	if r, gap := Result(t.Context(), errors.New("anything")); r != "reset" || gap != "" {
		t.Errorf("%s %s", r, gap)
	}
}

// Many networks let no port 25 out: that everything else answers says nothing of it.
func TestAMailServerIsDeadOnlyWhenAnotherAnsweredOnPort25(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mx := Port{"tcp", netip.MustParseAddrPort("192.0.2.1:25")}
		var table Table
		table.Answered(other)
		table.Answered(Port{"tcp", netip.MustParseAddrPort("[2001:db8::2]:25")})
		table.Answered(Port{"tcp", netip.MustParseAddrPort("192.0.2.1:443")})
		if r := table.Reach(t.Context(), mx, refuse); r.Gap != fact.GapOurNetwork {
			t.Errorf("without another mail server: %+v", r)
		}
		table.Answered(Port{"tcp", netip.MustParseAddrPort("192.0.2.3:25")})
		if r := table.Reach(t.Context(), mx, refuse); !r.Dead() {
			t.Errorf("with another mail server: %+v", r)
		}
		if r := table.Reach(t.Context(), port, refuse); r.State == fact.ReachOpen || !table.ControlOf(port.Addr) {
			t.Errorf("port 443 beside them: %+v", r)
		}
	})
}
