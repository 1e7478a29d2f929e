package tlslab

import (
	"net/netip"
	"sync"
	"time"
)

// Firewalls count connections per source and address, for the profiles that cut a
// source off. Others cost nothing.
type Firewalls struct {
	mu   sync.Mutex
	seen map[[2]netip.Addr]*count // bounded by maxCounts; guarded by mu
	now  func() time.Time
}

type count struct {
	n     int
	since time.Time
}

const maxCounts = 1 << 16

// NewFirewalls returns counters that run by the real clock, as connections do.
func NewFirewalls() *Firewalls {
	return &Firewalls{seen: map[[2]netip.Addr]*count{}, now: time.Now}
}

// Admit counts a connection and says whether the firewall lets it through.
func (f *Firewalls) Admit(w Firewall, local, remote netip.Addr) bool {
	window := w.Window
	if window == 0 {
		window = time.Minute
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := [2]netip.Addr{local, remote}
	c := f.seen[key]
	if now := f.now(); c == nil || now.Sub(c.since) > window {
		if len(f.seen) >= maxCounts {
			clear(f.seen)
		}
		c = &count{since: now}
		f.seen[key] = c
	}
	c.n++
	return c.n <= w.After
}

// reaction is how the firewall turns a connection away; an alert is not among its means.
func (w Firewall) reaction() Reaction {
	if w.By == Alert {
		return Reset
	}
	return w.By
}
