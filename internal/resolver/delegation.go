package resolver

import (
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// delegation is what a parent said of the servers of a zone. It does not change
// once made.
type delegation struct {
	zone  name
	ns    []name                // sorted
	glue  map[name][]netip.Addr // addresses that came with it
	until time.Time
}

func (d *delegation) size() int {
	n := 400
	for _, s := range d.ns {
		n += 16 + len(s)
	}
	for s, a := range d.glue {
		n += 64 + len(s) + 24*len(a)
	}
	return n
}

// newDelegation reads the NS set of a referral and the addresses beside it. Only
// names within the zone that refers (bailiwick) may have their addresses told here.
func newDelegation(set *rrset, within name, extra []record, now time.Time) *delegation {
	d := &delegation{zone: set.owner, glue: map[name][]netip.Addr{}, until: now.Add(clampTTL(set.ttl, maxTTL))}
	for i := range min(len(set.data), maxNS) {
		d.ns = append(d.ns, set.target(i))
	}
	slices.SortFunc(d.ns, name.compare)
	d.ns = slices.Compact(d.ns)
	for _, rr := range extra {
		if (rr.typ != dns.TypeA && rr.typ != dns.TypeAAAA) || !wellFormed(rr.typ, rr.data) || !rr.owner.under(within) {
			continue
		}
		if _, found := slices.BinarySearchFunc(d.ns, rr.owner, name.compare); !found {
			continue
		}
		if a, _ := netip.AddrFromSlice(rr.data); !a.Is4In6() && len(d.glue[rr.owner]) < 8 && !slices.Contains(d.glue[rr.owner], a) {
			d.glue[rr.owner] = append(d.glue[rr.owner], a)
		}
	}
	return d
}

// delegationOf is the delegation of the nearest zone at or above n that is known.
func (r *Resolver) delegationOf(n name) *delegation {
	now := r.tick()
	for {
		if n == root {
			if d := r.rootServers.Load(); d != nil {
				return d
			}
			return r.hints
		}
		if d, ok := r.delegations.get(n, now); ok {
			return d
		}
		n = n.parent()
	}
}

// prime asks the servers of the hints for the root's own NS set (RFC 8109). When
// none answers the hints themselves serve.
func (t *task) prime() {
	r := t.r
	if d := r.rootServers.Load(); d != nil && r.tick().Before(d.until) {
		return
	}
	_, _ = r.primes.do(t.ctx, struct{}{}, func() (struct{}, error) {
		if d := r.rootServers.Load(); d != nil && r.tick().Before(d.until) {
			return struct{}{}, nil
		}
		addrs := t.known(r.hints)
		r.order(addrs)
		for i, a := range addrs {
			if i == 4 {
				break
			}
			if d := t.primedBy(a); d != nil {
				r.rootServers.Store(d)
				return struct{}{}, nil
			}
			if err := t.ctx.Err(); err != nil {
				return struct{}{}, err // those who wait go on themselves
			}
		}
		h := *r.hints
		h.until = r.tick().Add(time.Minute)
		r.rootServers.Store(&h)
		return struct{}{}, nil
	})
}

// primedBy is the root's NS set as a server gives it; nil when it is of no use.
func (t *task) primedBy(a netip.AddrPort) *delegation {
	m, err := t.ask(a, root, dns.TypeNS, 0, 0)
	if err != nil || m.rcode != dns.RcodeSuccess {
		return nil
	}
	for _, s := range group(m.answer) {
		if s.owner != root || s.typ != dns.TypeNS {
			continue
		}
		d := newDelegation(s, root, m.extra, t.r.tick())
		for _, ns := range d.ns { // what the reply left out the hints may tell
			if len(d.glue[ns]) == 0 && len(t.r.hints.glue[ns]) > 0 {
				d.glue[ns] = t.r.hints.glue[ns]
			}
		}
		if len(t.known(d)) == 0 {
			continue
		}
		if res := interpret(m, root, question{root, dns.TypeNS}, t.r.tick()); res != nil && res.reply != nil {
			res.from(d) // asked for anyway, for the facts of the root
			t.r.remember(res.reply)
		}
		return d
	}
	return nil
}

// known are the addresses of a delegation that need no further question.
func (t *task) known(d *delegation) []netip.AddrPort {
	var l []netip.AddrPort
	now := t.r.tick()
	for _, ns := range d.ns {
		addrs := d.glue[ns]
		if len(addrs) == 0 {
			addrs = t.r.cachedAddrs(ns, now)
		}
		for _, a := range addrs {
			if p := netip.AddrPortFrom(a, 53); len(l) < maxAddrs && !slices.Contains(l, p) {
				l = append(l, p)
			}
		}
	}
	return l
}

func (r *Resolver) cachedAddrs(ns name, now time.Time) []netip.Addr {
	var l []netip.Addr
	for _, typ := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
		if rep, ok := r.replies.get(question{ns, typ}, now); ok && rep.kind == answered {
			l = append(l, rep.addrs()...)
		}
	}
	return l
}

// find looks up addresses of those servers of a delegation that have none yet. It
// returns at the first that has some; calling it again goes on with the next, up to so
// many. The error says why the addresses of one before could not be had.
func (t *task) find(d *delegation, tried map[name]bool, most int) (found []netip.AddrPort, failed error) {
	if t.depth >= maxDepth {
		return nil, nil
	}
	now := t.r.tick()
	for _, ns := range d.ns {
		if len(tried) >= most {
			return nil, failed
		}
		if tried[ns] || len(d.glue[ns]) > 0 || ns.under(d.zone) || slices.Contains(t.finding, ns) || len(t.r.cachedAddrs(ns, now)) > 0 {
			continue
		}
		tried[ns] = true
		types := [...]uint16{dns.TypeA, dns.TypeAAAA}
		if !t.r.familyWorks(netip.IPv4Unspecified(), now) {
			types[0], types[1] = types[1], types[0]
		}
		for _, typ := range types {
			t.depth++
			t.finding = append(t.finding, ns)
			addrs, err := t.addressesOf(ns, typ)
			if err != nil {
				failed = worse(failed, err)
			}
			t.finding = t.finding[:len(t.finding)-1]
			t.depth--
			if len(addrs) > 0 {
				l := make([]netip.AddrPort, 0, len(addrs))
				for _, a := range addrs[:min(len(addrs), 8)] {
					l = append(l, netip.AddrPortFrom(a, 53))
				}
				return l, failed
			}
			if err := t.ctx.Err(); err != nil {
				return nil, failed
			}
		}
	}
	return nil, failed
}

// addressesOf looks up addresses for our own use. They are not validated: whom we
// ask does not matter, what we are told is checked.
func (t *task) addressesOf(ns name, typ uint16) ([]netip.Addr, error) {
	for range 4 {
		rep, err := t.resolve(ns, typ)
		if err != nil {
			return nil, err
		}
		switch rep.kind {
		case answered:
			return rep.addrs(), nil
		case aliased:
			ns = rep.target
		default:
			return nil, nil
		}
	}
	return nil, nil
}

func clampTTL(ttl uint32, most time.Duration) time.Duration {
	return max(minTTL, min(time.Duration(ttl)*time.Second, most))
}
