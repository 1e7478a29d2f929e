package egress

import (
	"sync"
	"sync/atomic"
	"time"
)

// Cost is what a Subject, or everything together, took. Connections are TCP
// connections that were tried, queries are datagrams sent and what CountQuery added.
type Cost struct {
	Connections int
	Queries     int
	BytesIn     int64
	BytesOut    int64
}

// Add returns the sum of two costs.
func (c Cost) Add(d Cost) Cost {
	return Cost{c.Connections + d.Connections, c.Queries + d.Queries, c.BytesIn + d.BytesIn, c.BytesOut + d.BytesOut}
}

// meter counts. It is safe for concurrent use.
type meter struct {
	connections, queries, in, out atomic.Int64
}

func (m *meter) cost() Cost {
	return Cost{int(m.connections.Load()), int(m.queries.Load()), m.in.Load(), m.out.Load()}
}

// budget is what a Subject has used and may use. Its clock starts with the first
// dial and stands still while the subject waits for politeness: that others are busy
// with the same address is not its fault.
type budget struct {
	meter
	limits *Limits

	mu      sync.Mutex
	started time.Time     // zero until the first dial
	waiting int           // how many dials wait for politeness now
	since   time.Time     // when waiting became 1
	waited  time.Duration // total of the times when waiting was above 0
}

// connection takes one connection off the budget.
func (b *budget) connection() bool {
	n := b.connections.Add(1)
	if b.limits.Connections != NoLimit && n > int64(b.limits.Connections) {
		b.connections.Add(-1)
		return false
	}
	return true
}

// bytesLeft is how many bytes may still go in or out.
func (b *budget) bytesLeft() int64 {
	if b.limits.Bytes == NoLimit {
		return 1 << 62
	}
	return b.limits.Bytes - b.in.Load() - b.out.Load()
}

// beginWait stops the clock until endWait.
func (b *budget) beginWait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == 0 {
		b.since = time.Now()
	}
	b.waiting++
}

// endWait starts the clock again when nobody waits any more.
func (b *budget) endWait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting--; b.waiting == 0 && !b.started.IsZero() {
		b.waited += time.Since(b.since)
	}
}

// deadline is when the time of the subject is over; it starts the clock if need be.
// It is zero without limit.
func (b *budget) deadline() time.Time {
	if b.limits.Time == NoLimit {
		return time.Time{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.started.IsZero() {
		b.started = now
		if b.waiting > 0 {
			b.since = now // what was waited before the start does not count twice
		}
	}
	w := b.waited
	if b.waiting > 0 {
		w += now.Sub(b.since)
	}
	return b.started.Add(b.limits.Time + w)
}
