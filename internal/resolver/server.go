package resolver

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// server is what is remembered of one address of a name server. Its fields are
// guarded by mu.
type server struct {
	mu       sync.Mutex
	srtt     time.Duration // smoothed round-trip time; 0 is not known
	silent   int           // questions in a row without any reply
	noEDNS   bool          // it does not know EDNS (RFC 6891 section 7)
	noCookie bool          // it takes a cookie for an error
	noCase   bool          // it does not return the question as asked: no 0x20 over UDP
	cookie   []byte        // its server cookie (RFC 7873 section 5.3)
	firstBad time.Time     // when silent was counted first
	lastBad  time.Time     // when silent was counted last
	heard    bool          // it answered once
}

const (
	firstTimeout = 900 * time.Millisecond
	minTimeout   = 800 * time.Millisecond // of this machine's own slowness too
	maxTimeout   = 3 * time.Second
	deafTime     = 20 * time.Second
	deadSpread   = 3 * time.Second      // catalogue A.2
	lastLook     = 5 * time.Millisecond // at what has come in, when time is up
)

// server returns the memory of an address.
func (r *Resolver) server(a netip.AddrPort) *server {
	now := r.tick()
	if s, ok := r.servers.get(a, now); ok {
		return s
	}
	s := &server{}
	r.servers.put(a, s, 1, now.Add(15*time.Minute)) // RFC 9520 and RFC 9156 leave the time to us
	return s
}

// timeout is how long to wait for a reply, longer with each further try.
func (s *server) timeout(try int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := firstTimeout
	if s.srtt > 0 {
		d = max(minTimeout, 4*s.srtt)
	}
	return min(d<<try, maxTimeout)
}

// answered notes that a reply came to what was sent at start.
func (r *Resolver) answered(a netip.AddrPort, s *server, start time.Time) {
	now := r.tick()
	r.heard[familyIndex(a.Addr())].Store(now.UnixNano())
	s.answered(now.Sub(start))
}

func (s *server) answered(rtt time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent, s.heard = 0, true
	if s.srtt == 0 {
		s.srtt = max(rtt, 1)
	} else {
		s.srtt += (rtt - s.srtt) / 8
	}
}

func (s *server) fell(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent++; s.silent == 1 {
		s.firstBad = now
	}
	s.lastBad = now
}

// deaf reports whether the last three questions or more went unanswered, a moment
// ago.
func (s *server) deaf(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent >= 3 && now.Sub(s.lastBad) < deafTime
}

// dead reports whether an address is dead by the rule of catalogue A.2: it never
// answered, three questions or more over three seconds or more failed, and since the
// first of them another of its family did answer.
func (r *Resolver) dead(a netip.AddrPort) bool {
	s := r.server(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.heard && s.silent >= 3 && s.lastBad.Sub(s.firstBad) >= deadSpread &&
		r.heard[familyIndex(a.Addr())].Load() > s.firstBad.UnixNano()
}

// fresh forgets that a server seemed not to know EDNS.
func (s *server) fresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noEDNS = false
}

// score orders servers: the lower the sooner. Servers within 30 ms of each other
// are taken at random, which also spreads the load; silent ones come last, but are
// tried again after a while.
func (s *server) score(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	band := int(s.srtt / (30 * time.Millisecond))
	if s.noEDNS { // its answers cannot be validated
		band += 50
	}
	if s.silent > 0 && now.Sub(s.lastBad) < time.Minute {
		band += 100 * min(s.silent, 5)
	}
	return band
}

// order sorts addresses by what is known of them, equals at random.
func (r *Resolver) order(addrs []netip.AddrPort) {
	rand.Shuffle(len(addrs), func(i, j int) { addrs[i], addrs[j] = addrs[j], addrs[i] })
	if len(addrs) < 2 {
		return
	}
	now := r.tick()
	type scored struct {
		a netip.AddrPort
		s int
	}
	l := make([]scored, len(addrs))
	for i, a := range addrs {
		l[i] = scored{a, r.server(a).score(now)}
		if r.egress != nil { // a long list of names of one zone would else queue for the nearest server
			l[i].s += min(int(r.egress.Delay(a)/(30*time.Millisecond)), 99)
		}
		if !r.familyWorks(a.Addr(), now) {
			l[i].s += 10000
		}
	}
	slices.SortStableFunc(l, func(a, b scored) int { return a.s - b.s })
	for i := range l {
		addrs[i] = l[i].a
	}
}

// familyWorks reports whether this machine had the address family when it was last
// tried.
func (r *Resolver) familyWorks(a netip.Addr, now time.Time) bool {
	t := r.noFamily[familyIndex(a)].Load()
	return t == nil || now.Sub(*t) > time.Minute
}

func familyIndex(a netip.Addr) int {
	if a.Unmap().Is4() {
		return 0
	}
	return 1
}
