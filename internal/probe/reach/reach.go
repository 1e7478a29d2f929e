// Package reach decides whether an address is dead, by the rule of catalogue A.2: a
// refusal or silence counts only when (a) three tries spread over at least three
// seconds agree, (b) in the same run another host answered in the same address
// family (on the same port, if that is 25: many networks let no port 25 out), and (c) we
// had not reached that address and port earlier in the run. What fails otherwise is not
// measured.
//
// A Table belongs to a run. It remembers what answered and what is dead, so that an
// address shared by many sites is tried three times once, and it forgets the oldest
// when there is too much to remember.
package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
)

// Defaults of the rule.
const (
	tries         = 3
	defaultSpread = 3 * time.Second
	remembered    = 1 << 16 // addresses and ports per generation
)

// Table is what one run knows of who answers. It is safe for concurrent use. The
// exported fields are set before first use.
type Table struct {
	// Spread is the least time between the first and the last try; 0 means 3 s. It is
	// shorter for simulated addresses only.
	Spread time.Duration
	Now    func() time.Time // dates tries; nil means time.Now

	mu      sync.Mutex
	hosts   [2][2]netip.Addr              // two hosts that answered, per family; guarded by mu
	mail    [2][2]netip.Addr              // and two that answered on port 25; guarded by mu
	reached generations[Port, struct{}]   // guarded by mu
	dead    generations[Port, fact.Reach] // guarded by mu
	flights map[Port]*flight              // tries under way after a first failure; guarded by mu
}

// Port is an address and port in a protocol ("tcp", "udp").
type Port struct {
	Net  string
	Addr netip.AddrPort
}

type flight struct {
	done  chan struct{}
	reach fact.Reach
}

// Answered notes that something answered: it is a control for others, and a later
// failure there is a blockade.
func (t *Table) Answered(p Port) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reached.put(p, struct{}{})
	f := family(p.Addr.Addr())
	note(&t.hosts[f], p.Addr.Addr())
	if p.Addr.Port() == mailPort {
		note(&t.mail[f], p.Addr.Addr())
	}
}

// note keeps the first two addresses that differ.
func note(two *[2]netip.Addr, a netip.Addr) {
	switch {
	case !two[0].IsValid():
		two[0] = a
	case two[0] != a && !two[1].IsValid():
		two[1] = a
	}
}

// mailPort is the port that many networks let nobody reach.
const mailPort = 25

// Reached reports whether it answered earlier in the run.
func (t *Table) Reached(p Port) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.reached.get(p)
	return ok
}

// Control reports whether another host of the same family answered in this run.
func (t *Table) Control(a netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return another(t.hosts[family(a)], a)
}

// ControlOf reports whether another host of the same family answered in this run: on
// port 25, if that is the port in question.
func (t *Table) ControlOf(a netip.AddrPort) bool {
	if a.Port() != mailPort {
		return t.Control(a.Addr())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return another(t.mail[family(a.Addr())], a.Addr())
}

func another(two [2]netip.Addr, a netip.Addr) bool {
	return two[0].IsValid() && two[0] != a || two[1].IsValid() && two[1] != a
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// Reach calls try until it succeeds or the rule is fulfilled. try may be called a
// second time while the first still waits for an answer; it returns nil when
// something answered.
func (t *Table) Reach(ctx context.Context, p Port, try func(context.Context) error) fact.Reach {
	t.mu.Lock()
	if r, ok := t.dead.get(p); ok {
		t.mu.Unlock()
		return r
	}
	t.mu.Unlock()
	first, gap := t.attempt(ctx, try)
	if first.Result == open {
		t.Answered(p)
		return fact.Reach{State: fact.ReachOpen, Tries: []fact.Try{first}}
	}
	if gap != "" {
		return fact.Reach{Gap: gap, Tries: []fact.Try{first}}
	}
	t.mu.Lock()
	if f, ok := t.flights[p]; ok { // someone else is at it: his outcome holds, unless it opened
		t.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return fact.Reach{Gap: fact.GapCancelled, Tries: []fact.Try{first}}
		}
		if f.reach.State != fact.ReachOpen {
			return f.reach
		}
		return t.again(ctx, p, first, try)
	}
	f := &flight{done: make(chan struct{})}
	if t.flights == nil {
		t.flights = map[Port]*flight{}
	}
	t.flights[p] = f
	t.mu.Unlock()
	f.reach = t.again(ctx, p, first, try)
	t.mu.Lock()
	delete(t.flights, p)
	if f.reach.Dead() {
		t.dead.put(p, f.reach)
	}
	t.mu.Unlock()
	close(f.done)
	return f.reach
}

// again makes the tries after a first one that failed. They start at fixed moments,
// whether or not the one before has ended: silence needs no more time than that.
func (t *Table) again(ctx context.Context, p Port, first fact.Try, try func(context.Context) error) fact.Reach {
	spread := t.Spread
	if spread <= 0 {
		spread = defaultSpread
	}
	// Silence that was waited for is part of the spread. The time that a refusal took is
	// not: it may have been spent in our own queue, before anything was asked.
	rest := spread
	if first.Result == silent {
		rest -= min(spread, time.Duration(first.Millis)*time.Millisecond)
	}
	step := max(rest/(tries-1), spread/4)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		i   int
		try fact.Try
		gap fact.Gap
	}
	results := make(chan outcome, tries)
	for i := 1; i < tries; i++ {
		go func() {
			timer := time.NewTimer(step * time.Duration(i))
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
				results <- outcome{i, fact.Try{At: t.now(), Result: "cancelled"}, fact.GapCancelled}
				return
			}
			x, gap := t.attempt(ctx, try)
			results <- outcome{i, x, gap}
		}()
	}
	all := make([]fact.Try, tries)
	all[0] = first
	r := fact.Reach{Tries: all}
	for range tries - 1 {
		o := <-results // every goroutine sends once, at the latest when its dial gives up
		all[o.i] = o.try
		switch {
		case o.try.Result == open && r.State != fact.ReachOpen:
			r.State = fact.ReachOpen
			cancel()
		case o.gap != "" && r.Gap == "":
			r.Gap = o.gap
		}
	}
	switch {
	case r.State == fact.ReachOpen:
		t.Answered(p)
		r.Gap, r.Tries = "", nil
		for _, x := range all {
			if x.Result != "cancelled" {
				r.Tries = append(r.Tries, x)
			}
		}
	case r.Gap != "":
	case t.Reached(p):
		r.Gap = fact.GapBlocked
	case !t.ControlOf(p.Addr):
		r.Gap = fact.GapOurNetwork
	default:
		r.State, r.How = fact.ReachDead, "refused"
		for _, x := range all {
			if x.Result == silent {
				r.How = silent
			}
		}
	}
	return r
}

// Results of a try.
const (
	open    = "open"
	refused = "refused"
	silent  = "silent"
	reset   = "reset"
)

func (t *Table) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

func (t *Table) attempt(ctx context.Context, try func(context.Context) error) (fact.Try, fact.Gap) {
	x := fact.Try{At: t.now()}
	begin := time.Now()
	err := try(ctx)
	x.Millis = int(time.Since(begin).Milliseconds())
	var gap fact.Gap
	x.Result, gap = Result(ctx, err)
	return x, gap
}

// Result puts the error of a dial or of an exchange into the words of fact.Try, and
// says whether it is a gap of ours.
func Result(ctx context.Context, err error) (string, fact.Gap) {
	var n net.Error
	switch {
	case err == nil:
		return open, ""
	case ctx.Err() != nil:
		return "cancelled", fact.GapCancelled
	case egress.Gap(err) != "":
		return egress.Gap(err), fact.Gap(egress.Gap(err))
	case errors.Is(err, egress.ErrRefused):
		return refused, ""
	case errors.Is(err, egress.ErrTimeout), errors.As(err, &n) && n.Timeout():
		return silent, ""
	}
	return reset, ""
}

// generations is a map that forgets: when the younger half is full, the older half
// goes. What is used moves to the younger.
type generations[K comparable, V any] struct{ young, old map[K]V }

func (g *generations[K, V]) get(k K) (V, bool) {
	if v, ok := g.young[k]; ok {
		return v, true
	}
	v, ok := g.old[k]
	if ok {
		g.put(k, v)
	}
	return v, ok
}

func (g *generations[K, V]) put(k K, v V) {
	if g.young == nil {
		g.young = map[K]V{}
	}
	if len(g.young) >= remembered {
		g.old, g.young = g.young, map[K]V{}
	}
	g.young[k] = v
}
