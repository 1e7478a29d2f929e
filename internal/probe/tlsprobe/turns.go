package tlsprobe

import (
	"context"
	"sync"
)

// turns bounds how many connections are open at a time, and can give one the address
// to itself: there are servers that serve one connection after the other, and
// firewalls that cut off a client who has several open. An answer that came while
// others were open may be about them.
type turns struct {
	slots chan struct{}
	one   chan struct{} // held by who gathers all slots; two at once would wait for each other

	mu          sync.Mutex
	open, begun int
}

func newTurns(n int) *turns {
	return &turns{slots: make(chan struct{}, n), one: make(chan struct{}, 1)}
}

// turn is the right to have a connection open, until end.
type turn struct {
	of      *turns
	slots   int
	begun   int
	crowded bool
}

// take waits for a turn, alone or beside others. It returns nil when ctx ends first.
func (t *turns) take(ctx context.Context, alone bool) *turn {
	x := &turn{of: t}
	want := 1
	if alone {
		want = cap(t.slots)
		select {
		case t.one <- struct{}{}:
			defer func() { <-t.one }()
		case <-ctx.Done():
			return nil
		}
	}
	for x.slots < want {
		select {
		case t.slots <- struct{}{}:
			x.slots++
		case <-ctx.Done():
			for range x.slots {
				<-t.slots
			}
			return nil
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	x.crowded = t.open > 0
	t.open++
	t.begun++
	x.begun = t.begun
	return x
}

// shared reports whether another connection was open at some time of this turn.
func (x *turn) shared() bool {
	x.of.mu.Lock()
	defer x.of.mu.Unlock()
	return x.crowded || x.of.begun > x.begun
}

// end gives the turn back.
func (x *turn) end() {
	x.of.mu.Lock()
	x.of.open--
	x.of.mu.Unlock()
	for range x.slots {
		<-x.of.slots
	}
}
