package scan

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"peil/internal/fact"
	"peil/internal/probe/smtpprobe"
	"peil/internal/resolver"
)

// perAddress is how many targets on the same first address are in hand at a time.
// Politeness lets an address have ten connections a second, which one good site uses
// up; so a second one comes only when no other address is idle, and fills the pauses
// of a first that waits for something else. More would only wait, and take memory.
const perAddress = 2

// maxParked bounds the targets that wait for their address.
const maxParked = 20_000

// Progress is how far a run is.
type Progress struct {
	Done   int    // targets measured
	Active int    // targets in hand
	Parked int    // targets that wait for the politeness of a shared address
	Oldest string // the target that is in hand for the longest time
	Since  time.Time
}

// Progress may be called at any time.
func (s *Scanner) Progress() Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := Progress{Done: int(s.done.Load()), Active: len(s.active), Parked: s.parked}
	for w := range s.active {
		if p.Oldest == "" || w.began.Before(p.Since) {
			p.Oldest, p.Since = w.target.Name, w.began
		}
	}
	return p
}

// Run measures targets until the channel is closed or the context ends, and calls
// sink for each finished measurement, one at a time, in order of completion. A target
// that was in hand when the context ended is not given to sink, so that whoever
// resumes the run measures it again. An error of sink ends the run.
func (s *Scanner) Run(ctx context.Context, targets <-chan fact.Target, sink func(*fact.Measurement) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	q := &queue{s: s, in: targets, load: map[netip.Addr]int{}, waiting: map[netip.Addr][]job{}}
	q.cond = sync.NewCond(&q.mu)
	stop := context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.closed = true
		q.cond.Broadcast()
	})
	defer stop()

	var sinkMu sync.Mutex
	var wg sync.WaitGroup
	for range s.c.Parallel {
		wg.Go(func() {
			for {
				j, ok := q.next(ctx)
				if !ok {
					return
				}
				m := s.measure(ctx, j.target, j.tally)
				q.release(j)
				if ctx.Err() != nil {
					return
				}
				sinkMu.Lock()
				err := context.Cause(ctx)
				if err == nil {
					err = sink(m)
				}
				sinkMu.Unlock()
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// job is a target in the queue.
type job struct {
	target fact.Target
	at     netip.Addr       // under which it is counted
	tally  *resolver.Tally  // of the questions that found the address
	server smtpprobe.Target // of a mail domain: its first mail server
}

// queue hands out targets so that those which share an address do not all wait for
// its politeness while others could be measured.
type queue struct {
	s  *Scanner
	in <-chan fact.Target

	mu      sync.Mutex
	cond    *sync.Cond
	closed  bool                 // nothing more comes from in, or the run ended
	reading int                  // workers that read from in or look up an address
	load    map[netip.Addr]int   // targets in hand by first address
	waiting map[netip.Addr][]job // parked targets by first address
	// ready are addresses with a parked target, by how many targets they have in hand.
	// An entry may be out of date, and an address may stand in it twice.
	ready  [perAddress][]netip.Addr
	parked int
	// free are jobs that wait for nothing more: their mail server was measured meanwhile.
	free []job
}

// next gives a target to measure.
func (q *queue) next(ctx context.Context) (job, bool) {
	for {
		q.mu.Lock()
		for {
			if ctx.Err() != nil {
				q.mu.Unlock()
				return job{}, false
			}
			// A few workers read ahead, so that every address is begun with early and
			// none is left over for the end.
			more := !q.closed && q.parked < maxParked
			if more && q.reading < q.s.c.Parallel/16 {
				break
			}
			if j, ok := q.unpark(0); ok {
				q.mu.Unlock()
				return j, true
			}
			if more && q.reading < q.s.c.Parallel/4 {
				break
			}
			if j, ok := q.unpark(1); ok {
				q.mu.Unlock()
				return j, true
			}
			if more {
				break
			}
			if q.closed && q.parked == 0 && q.reading == 0 {
				q.mu.Unlock()
				return job{}, false
			}
			q.cond.Wait()
		}
		q.reading++
		q.mu.Unlock()
		j, ok := q.read(ctx)
		q.mu.Lock()
		q.reading--
		if !ok {
			q.closed = true
			q.cond.Broadcast()
			q.mu.Unlock()
			continue
		}
		if !j.at.IsValid() || q.load[j.at] == 0 {
			q.load[j.at]++
			q.offer(j.at)
			q.mu.Unlock()
			return j, true
		}
		q.waiting[j.at] = append(q.waiting[j.at], j)
		q.setParked(q.parked + 1)
		q.offer(j.at)
		q.cond.Signal()
		q.mu.Unlock()
	}
}

// read takes a target from the input and finds its first address.
func (q *queue) read(ctx context.Context) (job, bool) {
	select {
	case t, ok := <-q.in:
		if !ok {
			return job{}, false
		}
		j := job{target: t, tally: &resolver.Tally{}}
		ctx = resolver.WithTally(ctx, j.tally)
		if t.Role == fact.Mail {
			if j.server.Name, j.server.Addr = q.s.dns.FirstMailServer(ctx, t.Name); !q.s.mails.knows(j.server) {
				j.at = j.server.Addr
			}
		} else if v4, v6, _, _ := q.s.dns.Look(t.Name).Addresses(ctx); len(v4) > 0 {
			j.at = v4[0]
		} else if len(v6) > 0 {
			j.at = v6[0]
		}
		return j, true
	case <-ctx.Done():
		return job{}, false
	}
}

// offer says that an address may have a parked target and room for it.
func (q *queue) offer(at netip.Addr) {
	if n := q.load[at]; n < perAddress && len(q.waiting[at]) > 0 {
		q.ready[n] = append(q.ready[n], at)
	}
}

// unpark takes a parked target whose address has at most load targets in hand.
func (q *queue) unpark(load int) (job, bool) {
	if n := len(q.free); n > 0 {
		j := q.free[n-1]
		q.free = q.free[:n-1]
		q.load[j.at]++
		q.setParked(q.parked - 1)
		return j, true
	}
	for len(q.ready[load]) > 0 {
		at := q.ready[load][0]
		q.ready[load] = q.ready[load][1:]
		ts := q.waiting[at]
		if len(ts) == 0 || q.load[at] > load {
			continue
		}
		j := ts[0]
		if len(ts) == 1 {
			delete(q.waiting, at)
		} else {
			q.waiting[at] = ts[1:]
		}
		q.load[at]++
		q.setParked(q.parked - 1)
		q.offer(at)
		return j, true
	}
	return job{}, false
}

// release says that a target is done.
func (q *queue) release(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := j.at
	if q.load[at]--; q.load[at] <= 0 {
		delete(q.load, at)
	}
	if j.server.Name != "" {
		q.unbind(j.server)
	}
	q.offer(at)
	q.cond.Broadcast()
}

// unbind lets go those that wait for a mail server that is known now. They ask it nothing.
func (q *queue) unbind(t smtpprobe.Target) {
	if len(q.waiting[t.Addr]) == 0 || !q.s.mails.knows(t) {
		return
	}
	var still []job
	for _, j := range q.waiting[t.Addr] {
		if j.server == t {
			j.at = netip.Addr{}
			q.free = append(q.free, j)
		} else {
			still = append(still, j)
		}
	}
	if q.waiting[t.Addr] = still; len(still) == 0 {
		delete(q.waiting, t.Addr)
	}
}

func (q *queue) setParked(n int) {
	q.parked = n
	q.s.mu.Lock()
	q.s.parked = n
	q.s.mu.Unlock()
}
