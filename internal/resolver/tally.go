package resolver

import (
	"context"
	"sync/atomic"

	"peil/internal/fact"
)

// Tally counts what look-ups cost. What several callers asked for at the same time
// is counted once, for the one who asked first.
type Tally struct {
	queries, connections, in, out atomic.Int64
}

type tallyKey struct{}

// WithTally returns a context whose look-ups are counted in t.
func WithTally(ctx context.Context, t *Tally) context.Context {
	return context.WithValue(ctx, tallyKey{}, t)
}

// Cost is what was counted so far.
func (t *Tally) Cost() fact.Cost {
	return fact.Cost{
		Connections: int(t.connections.Load()), Queries: int(t.queries.Load()),
		BytesIn: t.in.Load(), BytesOut: t.out.Load(),
	}
}

func tallyOf(ctx context.Context) *Tally {
	t, _ := ctx.Value(tallyKey{}).(*Tally)
	return t
}

func (t *Tally) add(tcp bool, out, in int) {
	if t == nil {
		return
	}
	if out > 0 {
		t.queries.Add(1)
		if tcp {
			t.connections.Add(1)
		}
	}
	t.out.Add(int64(out))
	t.in.Add(int64(in))
}
