package resolver

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// resolve finds what the authoritative servers say to a question: an answer, an
// alias or a denial, not validated.
func (t *task) resolve(n name, typ uint16) (*reply, error) {
	q := question{n, typ}
	if err := t.r.excluded(n); err != nil {
		return nil, err
	}
	if rep, err, ok := t.r.recall(q); ok {
		return rep, err
	}
	return t.r.resolving.do(t.ctx, flightKey{q, "", t.depth}, func() (*reply, error) {
		if rep, err, ok := t.r.recall(q); ok {
			return rep, err
		}
		find := t.iterate
		if t.r.via != nil {
			find = t.unchecked
		}
		rep, err := find(q)
		if err != nil && ours(err) == "" && t.ctx.Err() == nil {
			t.r.failures.put(q, err, 1, t.r.tick().Add(maxFailTTL))
		}
		return rep, err
	})
}

type flightKey struct {
	question
	servers name // of the zone whose servers are asked; empty for all there is to a question
	depth   int
}

// recall returns what is cached, a failure included.
func (r *Resolver) recall(q question) (*reply, error, bool) { //nolint:revive // the error is what is recalled
	now := r.tick()
	if rep, ok := r.replies.get(q, now); ok {
		return rep, nil, true
	}
	if err, ok := r.failures.get(q, now); ok {
		return nil, err, true
	}
	if rep := r.absent(q, now); rep != nil {
		r.remember(rep)
		return rep, nil, true
	}
	return nil, nil, false
}

func (r *Resolver) remember(rep *reply) { r.replies.put(rep.question, rep, rep.size(), rep.until) }

// iterate walks down from the nearest known zone (RFC 1034 section 5.3.3).
func (t *task) iterate(q question) (*reply, error) {
	t.prime()
	from := q.name
	if q.typ == dns.TypeDS && q.name != root {
		from = q.name.parent() // DS stands at the parent's side of the cut (RFC 4035 section 3.1.4.1)
	}
	d := t.r.delegationOf(from)
	at, asked := d.zone.labels(), 0 // at: labels known to hold no further cut
	whole := false
	for range maxSteps {
		mq := q
		if !whole {
			mq = t.minimise(q, d, &at, asked)
		}
		res, err := t.r.asking.do(t.ctx, flightKey{mq, d.zone, t.depth}, func() (*result, error) { return t.askZone(d, mq) })
		if err != nil {
			if mq != q && ours(err) == "" && t.ctx.Err() == nil && !errors.Is(err, errBudget) && !errors.Is(err, errSilent) {
				whole = true // RFC 9156 section 2.3: fall back to the whole question
				continue
			}
			return nil, err
		}
		asked++
		if res.referral != nil {
			if mq.typ == dns.TypeDS && res.referral.zone == mq.name {
				return nil, &serverError{rcode: -1, err: errGarbage}
			}
			d = res.referral
			at = d.zone.labels()
			whole = false
			continue
		}
		if mq == q {
			return res.reply, nil
		}
		at = mq.name.labels()
		if res.reply.kind == noName && t.proven(res.reply) {
			rep := res.reply.about(q)
			t.r.remember(rep)
			return rep, nil
		}
		if res.reply.kind == noName || (res.reply.kind == aliased && res.reply.set.typ == dns.TypeDNAME) {
			whole = true
		}
	}
	return nil, &serverError{gap: fact.GapBudget, rcode: -1, err: errBudget}
}

// minimise is the question for the next zone cut on the way to q (RFC 9156): one
// label more than is known to hold none. Labels with an underscore are never cuts
// in practice and asked together with what follows.
func (t *task) minimise(q question, d *delegation, at *int, asked int) question {
	all := q.name.labels()
	now := t.r.tick()
	for k := *at + 1; k < all; k++ {
		if asked >= maxMinimise {
			break
		}
		if asked >= minimiseOneLabel { // the rest in few leaps
			k = min(all, k+(all-k)/(maxMinimise-minimiseOneLabel))
			if k >= all {
				break
			}
		}
		n := q.name.last(k)
		if strings.HasPrefix(n.label(), "_") {
			break
		}
		if rep, ok := t.r.replies.get(question{n, dns.TypeA}, now); ok && rep.zone == d.zone {
			if rep.kind == noName {
				break // nor below, or so it says: ask for the whole name
			}
			*at = k // asked before: no cut here
			continue
		}
		return question{n, dns.TypeA}
	}
	return q
}

// askZone asks the servers of a zone in turn until one gives a usable reply, which
// is remembered. Servers that are silent or fail are asked again; those that refuse, or
// do not serve the zone, are not. When none helps, the error is what the servers said,
// unless one of them was not heard: then it is that.
func (t *task) askZone(d *delegation, q question) (*result, error) {
	var (
		said     error                        // what servers answered that is of no use
		unheard  error                        // of servers whose addresses could not be had
		silence  = map[netip.AddrPort]error{} // of those that gave no reply
		done     = map[netip.AddrPort]bool{}  // those that need not be asked again
		fallback *result
		tried    = map[name]bool{}
		addrs    = t.known(d)
		tries    = 0
	)
	t.r.order(addrs)
	start, rounds := t.r.tick(), 3
	if t.allSilent(addrs) {
		rounds = 1 // found out a moment ago
	}
	for round := range rounds {
		again := false
		for i := 0; ; i++ {
			if i == len(addrs) {
				more, err := t.find(d, tried, maxNSLookups)
				if err != nil {
					unheard = worse(unheard, err)
				}
				for _, a := range more {
					if len(addrs) < maxAddrs && !contains(addrs, a) {
						addrs = append(addrs, a)
					}
				}
			}
			if i >= len(addrs) || tries >= 3*maxNSLookups+2 {
				break
			}
			a := addrs[i]
			if t.ctx.Err() != nil {
				return nil, t.failed(a, t.r.server(a), t.ctx.Err())
			}
			if done[a] {
				continue
			}
			if round > 0 && t.r.tick().Sub(start) > silenceTime {
				again = false
				break
			}
			if t.r.dead(a) && t.r.server(a).deaf(t.r.tick()) { // nothing new to be heard
				silence[a], done[a] = &serverError{addr: a, gap: fact.GapTimeout, rcode: -1, err: errSilent}, true
				continue
			}
			tries++
			m, err := t.ask(a, q.name, q.typ, 0, round)
			if err != nil {
				if errors.Is(err, errBudget) || ours(err) == fact.GapCancelled {
					return nil, err
				}
				silence[a] = err
				done[a] = !errors.Is(err, errSilent) || t.r.server(a).deaf(t.r.tick())
				again = again || !done[a]
				continue
			}
			delete(silence, a)
			if m.rcode != dns.RcodeSuccess && m.rcode != dns.RcodeNameError && m.rcode != dns.RcodeYXDomain {
				said = worse(said, &serverError{addr: a, rcode: m.rcode, ede: m.ede})
				done[a] = m.rcode != dns.RcodeServerFailure || round > 0
				again = again || !done[a]
				continue
			}
			res := interpret(m, d.zone, q, t.r.tick())
			if res == nil {
				said, done[a] = worse(said, &serverError{addr: a, rcode: -1, err: errLame}), true
				continue
			}
			res.from(d)
			if res.reply != nil && res.reply.lame {
				fallback, done[a] = res, true
				continue
			}
			t.keep(d, res)
			return res, nil
		}
		if !again {
			break
		}
	}
	if fallback != nil { // better than nothing
		t.keep(d, fallback)
		return fallback, nil
	}
	for a, err := range silence {
		if said == nil || (!never(err) && !t.r.dead(a)) {
			unheard = worse(unheard, err)
		}
	}
	switch {
	case unheard != nil:
		return nil, unheard
	case said == nil:
		return nil, &serverError{rcode: -1, err: errNoServers}
	}
	return nil, said
}

// allSilent reports whether none of the servers answered lately, however often asked
// (RFC 9520 section 3.2: what is known not to work is not tried in full each time).
func (t *task) allSilent(addrs []netip.AddrPort) bool {
	now := t.r.tick()
	for _, a := range addrs {
		if !t.r.server(a).deaf(now) {
			return false
		}
	}
	return len(addrs) > 0
}

// from notes whose servers said it.
func (r *result) from(d *delegation) {
	for _, rep := range append([]*reply{r.reply, r.ds}, r.more...) {
		if rep != nil {
			rep.servers = d
		}
	}
}

var (
	errLame      = errors.New("does not serve the zone")
	errNoServers = errors.New("no name server of the zone has an address")
)

// keep remembers what a result says.
func (t *task) keep(d *delegation, res *result) {
	if res.referral != nil {
		t.r.delegations.put(res.referral.zone, res.referral, res.referral.size(), res.referral.until)
		if res.ds != nil {
			t.r.remember(res.ds)
		}
		return
	}
	t.r.remember(res.reply)
	for _, rep := range res.more {
		if t.r.delegationOf(rep.name).zone == d.zone {
			t.r.remember(rep)
		}
	}
}

func contains(l []netip.AddrPort, a netip.AddrPort) bool {
	for _, b := range l {
		if a == b {
			return true
		}
	}
	return false
}

// worse keeps the error that tells most: what a server said, before what it failed
// to say, before what failed on our side. The order in which servers are asked makes
// no difference.
func worse(a, b error) error {
	rank := func(err error) int {
		var se *serverError
		switch {
		case !errors.As(err, &se):
			return 0
		case se.rcode == dns.RcodeServerFailure:
			return 10000
		case se.rcode >= 0:
			return 9000 - se.rcode // at most 4095
		case errors.Is(se.err, errLame):
			return 4
		case se.gap == fact.GapTimeout:
			return 3
		case se.gap == "":
			return 2
		}
		return 1
	}
	switch {
	case a == nil || rank(b) > rank(a):
		return b
	case b != nil && rank(b) == rank(a) && string(ours(b))+cause(b) < string(ours(a))+cause(a):
		return b // which of two that tell as much came first is chance
	}
	return a
}
