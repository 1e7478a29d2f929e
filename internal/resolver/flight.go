package resolver

import (
	"context"
	"sync"
)

// flights lets callers that ask the same at the same time share one answer. An
// owner never waits for a flight that could wait for its own: look-ups of depth n
// wait for look-ups of depth n+1 only, and zones for zones above them.
type flights[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*call[V]
}

type call[V any] struct {
	done  chan struct{}
	value V
	err   error
	ok    bool // false when the owner failed for reasons of its own: cancelled, budget, exclusion
}

// do returns what f returned, to all who asked for k while it ran.
func (g *flights[K, V]) do(ctx context.Context, k K, f func() (V, error)) (V, error) {
	for {
		g.mu.Lock()
		if g.calls == nil {
			g.calls = map[K]*call[V]{}
		}
		c, running := g.calls[k]
		if !running {
			c = &call[V]{done: make(chan struct{})}
			g.calls[k] = c
		}
		g.mu.Unlock()
		if running {
			select {
			case <-c.done:
				if c.ok || ctx.Err() != nil {
					return c.value, c.err
				}
				continue // what stopped its owner need not stop us
			case <-ctx.Done():
				var zero V
				return zero, ctx.Err()
			}
		}
		func() {
			defer func() {
				g.mu.Lock()
				delete(g.calls, k)
				g.mu.Unlock()
				close(c.done)
			}()
			c.value, c.err = f()
			c.ok = c.err == nil || (ctx.Err() == nil && ours(c.err) == "")
		}()
		return c.value, c.err
	}
}
