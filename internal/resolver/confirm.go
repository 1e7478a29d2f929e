package resolver

import (
	"errors"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
)

// Nothing is called bogus on the word of one server, nor on anybody's silence. What
// does not validate is asked of every server of the zone once more. When one gives
// what validates, that holds. When each gives an answer of its own that does not, the
// zone is bogus. When one could have given it and was not heard — a datagram lost, our
// budget spent, an address that we may not ask — it cannot be told: indeterminate.

// opinion is a reply with what validation says of it.
type opinion struct {
	rep *reply
	v   *verdict
}

// confirm gets further opinions on a reply that does not validate by keys that do.
func (t *task) confirm(rep *reply, z *trust, v *verdict) (*reply, *verdict) {
	if t.r.via != nil { // the resolver that gave it has its own opinion
		return rep, t.settle(rep, v)
	}
	o, err := t.r.confirming.do(t.ctx, rep.question, func() (opinion, error) {
		if rep, ok := t.r.replies.get(rep.question, t.r.tick()); ok { // another was quicker
			if v := rep.verdict.Load(); v != nil && t.r.tick().Before(v.recheck) {
				return opinion{rep, v}, nil
			}
		}
		if fresh := t.freshTrust(z, v.problem.Code); fresh != nil {
			z = fresh
			if w := t.judgeIn(rep, z); w.security != fact.Bogus || !w.here {
				return opinion{rep, t.settle(rep, w)}, nil
			}
		}
		o := opinion{rep, v}
		found, doubt := t.everyServer(rep.servers, rep.question, timesFor(v.problem.Code), func(other *reply) bool {
			w := t.judgeIn(other, z)
			if w.security == fact.Secure || w.security == fact.Insecure {
				o = opinion{other, w}
				return true
			}
			return false
		})
		switch {
		case found:
			t.r.remember(o.rep)
		case doubt != nil:
			o.v = t.unsure(rep.question, v, doubt)
		}
		t.settle(o.rep, o.v)
		return o, ourDoubt(doubt)
	})
	if o.v == nil { // our own context ended while waiting for another
		return rep, t.unsure(rep.question, v, err)
	}
	return o.rep, o.v
}

// ourDoubt keeps from others a doubt whose cause is with us alone.
func ourDoubt(doubt error) error {
	if ours(doubt) != "" {
		return doubt
	}
	return nil
}

// unsure is the verdict where the zone seems bogus but not all its servers were heard.
func (t *task) unsure(q question, v *verdict, doubt error) *verdict {
	p, gap, _ := t.explain(q, doubt)
	w := *v
	w.security, w.unsigned, w.problem, w.gap, w.here = fact.Indeterminate, "", p, gap, false
	return &w
}

// timesFor is how many answers of each server are wanted before what fails in this way
// is believed: what is missing may have been left out once.
func timesFor(code string) int {
	switch code {
	case codeNoRRSIG, codeNoDNSKEY, codeNoDenial:
		return 2
	}
	return 1
}

// freshTrust fetches the keys of a zone anew when they may have been replaced since;
// nil when that cannot be the cause.
func (t *task) freshTrust(z *trust, code string) *trust {
	switch code {
	case codeBadSignature, codeNoDNSKEY, codeNotZoneKey:
	default:
		return nil
	}
	if t.r.tick().Sub(z.made) < staleKeys {
		return nil
	}
	t.r.zones.remove(z.zone)
	t.r.replies.remove(question{z.zone, dns.TypeDNSKEY})
	return t.trustAt(z.zone)
}

// staleKeys is the age from which keys are fetched again before a signature that they
// do not fit counts as bad.
const staleKeys = 10 * time.Second

// everyServer asks all servers of a zone the same, each so many times, until what one
// says is good. When none does, doubt says why it cannot be told; it is nil when each
// server that can be reached at all gave an answer, and none of them is good.
func (t *task) everyServer(d *delegation, q question, times int, good func(*reply) bool) (found bool, doubt error) {
	return t.poll(d, q, times, false, good)
}

// poll is everyServer. When strict, a server that seems dead leaves doubt too.
func (t *task) poll(d *delegation, q question, times int, strict bool, good func(*reply) bool) (found bool, doubt error) {
	if d == nil {
		return false, &serverError{rcode: -1, err: errNoServers}
	}
	addrs, doubt := t.all(d)
	t.r.order(addrs)
	left, silence := map[netip.AddrPort]int{}, map[netip.AddrPort]error{}
	for _, a := range addrs {
		left[a] = times
		t.r.server(a).fresh() // an error of a moment does not leave it without EDNS, and so without signatures
	}
	start, heard := t.r.tick(), 0
	for round := range max(times, pollRounds) {
		missing := false // some server gave no answer
		for _, a := range addrs {
			if left[a] == 0 || (!strict && t.r.dead(a)) {
				continue
			}
			m, err := t.ask(a, q.name, q.typ, 0, min(round, 2))
			if err != nil {
				if errors.Is(err, errBudget) || t.ctx.Err() != nil {
					return false, err
				}
				silence[a], missing = err, missing || !never(err)
				continue
			}
			delete(silence, a)
			if m.rcode == dns.RcodeSuccess || m.rcode == dns.RcodeNameError || m.rcode == dns.RcodeYXDomain {
				if res := interpret(m, d.zone, q, t.r.tick()); res != nil && res.reply == nil {
					silence[a] = &serverError{addr: a, rcode: -1, err: errLame} // it sends us on: not the one to ask
					left[a] = 0
					continue
				} else if res != nil {
					res.from(d)
					if good(res.reply) {
						return true, nil
					}
				}
			} else if round == 0 {
				left[a] = max(left[a], 2) // an error may pass
			}
			left[a]--
			heard++
		}
		if round+1 >= times && !missing && !anyLeft(left, silence) {
			break
		}
		if t.r.tick().Sub(start) > silenceTime {
			break
		}
		if missing && round+1 < pollRounds && !t.rest(silence) {
			return false, t.ctx.Err()
		}
	}
	for a, err := range silence {
		if never(err) || (!strict && t.r.dead(a)) {
			continue
		}
		doubt = worse(doubt, err)
	}
	for _, a := range addrs {
		if doubt == nil && left[a] > 0 && silence[a] == nil && (strict || !t.r.dead(a)) {
			doubt = &serverError{addr: a, gap: fact.GapTimeout, rcode: -1, err: errSilent}
		}
	}
	if doubt == nil && heard == 0 {
		doubt = &serverError{gap: fact.GapTimeout, rcode: -1, err: errSilent}
	}
	return false, doubt
}

// pollRounds is how often a server that is silent is asked.
const pollRounds = 3

// anyLeft reports whether a server that answers is to be asked once more.
func anyLeft(left map[netip.AddrPort]int, silence map[netip.AddrPort]error) bool {
	for a, n := range left {
		if n > 0 && silence[a] == nil {
			return true
		}
	}
	return false
}

// rest waits where a server that refuses at once is to be given its time: three tries
// are to spread over three seconds (catalogue A.2). It is false when time is up.
func (t *task) rest(silence map[netip.AddrPort]error) bool {
	for _, err := range silence {
		var se *serverError
		if errors.As(err, &se) && se.gap != "" {
			continue // waited for already, or of no use to wait for
		}
		timer := time.NewTimer(deadSpread / (pollRounds - 1))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-t.ctx.Done():
		}
		break
	}
	return t.ctx.Err() == nil
}

// never reports whether an address cannot be reached from here, now or later, by us or
// by others in our place.
func never(err error) bool {
	return errors.Is(err, egress.ErrNoFamily) || errors.Is(err, egress.ErrNotPublic)
}

// all are the addresses of all servers of a zone. doubt says why some are not known.
func (t *task) all(d *delegation) (addrs []netip.AddrPort, doubt error) {
	addrs = t.known(d)
	tried := map[name]bool{}
	for {
		more, err := t.find(d, tried, maxNSPoll)
		if err != nil {
			doubt = worse(doubt, err)
		}
		if len(more) == 0 {
			break
		}
		for _, a := range more {
			if !contains(addrs, a) {
				addrs = append(addrs, a)
			}
		}
	}
	if len(d.ns) >= maxNS || len(addrs) >= maxAddrs || len(tried) >= maxNSPoll {
		doubt = &serverError{gap: fact.GapBudget, rcode: -1, err: errBudget}
		addrs = addrs[:min(len(addrs), maxAddrs)]
	}
	return addrs, doubt
}
