package resolver

import (
	"context"
	"errors"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// trust is what is known of the zone that holds a name: whether it is signed, and
// by which keys. Below a zone that is not secure, zone stays that zone: what is cut
// off further down makes no difference. It does not change once made.
type trust struct {
	verdict
	keys    []*dnskey // of a secure zone: those that may sign
	made    time.Time // when the keys were checked
	expires time.Time // by the clock of the caches
}

func (z *trust) size() int {
	n := 500 + len(z.zone)
	for _, k := range z.keys {
		n += 256 + 3*len(k.rdata)
	}
	return n
}

// trustAt is the trust in the zone that holds n: the deepest one at or above it.
// It walks down label by label, since an unsigned child on its parent's servers
// shows no other sign than the absence of a DS record (RFC 4035 section 5.2).
func (t *task) trustAt(n name) *trust {
	now := t.r.tick()
	if z, ok := t.r.zones.get(n, now); ok {
		return z
	}
	z, _ := t.r.trusting.do(t.ctx, n, func() (*trust, error) {
		if z, ok := t.r.zones.get(n, t.r.tick()); ok {
			return z, nil
		}
		var z *trust
		a := t.r.anchors[n]
		switch {
		case a != nil:
			z = t.fromAnchor(n, a)
		case n == root:
			z = &trust{verdict: verdict{security: fact.Insecure, unsigned: fact.UnsignedNoAnchor, zone: root, rcode: -1}, expires: now.Add(maxTTL)}
		default:
			z = t.fromParent(n, t.trustAt(n.parent()))
		}
		switch {
		case n != z.zone && z.security != fact.Secure: // what holds above holds here: found again at no cost
		case z.security != fact.Indeterminate:
			t.r.zones.put(n, z, z.size(), z.expires)
		case t.ctx.Err() == nil && z.lasting(): // RFC 9520
			z.expires = t.r.tick().Add(maxFailTTL)
			t.r.zones.put(n, z, z.size(), z.expires)
		}
		if z.security == fact.Indeterminate && !z.lasting() {
			return z, &serverError{gap: z.gap, rcode: -1} // not for those who wait with us
		}
		return z, nil
	})
	if z == nil { // our own context ended while waiting for another
		return &trust{verdict: verdict{security: fact.Indeterminate, gap: gapOf(t.ctx.Err()), zone: n, rcode: -1}}
	}
	return z
}

func gapOf(err error) fact.Gap {
	if errors.Is(err, context.Canceled) {
		return fact.GapCancelled
	}
	return fact.GapTimeout
}

// fromAnchor makes the trust in a zone that has an anchor of its own.
func (t *task) fromAnchor(n name, a *anchor) *trust {
	ds, why := supported(a.ds)
	if len(ds) == 0 && len(a.keys) == 0 {
		return &trust{verdict: verdict{security: fact.Insecure, unsigned: why, zone: n, rcode: -1}, expires: t.r.tick().Add(maxTTL)}
	}
	return t.withKeys(n, ds, a.keys, time.Time{}, t.r.tick().Add(maxTTL))
}

// fromParent makes the trust in n from that in the zone above.
func (t *task) fromParent(n name, p *trust) *trust {
	if p.security != fact.Secure {
		return p
	}
	rep, err := t.resolve(n, dns.TypeDS)
	if err != nil {
		pr, gap, _ := t.explain(question{n, dns.TypeDS}, err)
		return &trust{verdict: verdict{security: fact.Indeterminate, problem: pr, gap: gap, zone: n, rcode: -1}}
	}
	v := t.judgeIn(rep, p)
	if v.security == fact.Bogus && v.here {
		rep, v = t.confirm(rep, p, v)
	}
	expires := earlier(rep.until, p.expires)
	switch {
	case v.security == fact.Insecure: // an unsigned zone begins here, or may
		z := &trust{verdict: *v, expires: expires}
		z.zone = n
		return z
	case v.security != fact.Secure:
		z := &trust{verdict: *v, expires: t.r.tick().Add(maxBadTTL)}
		z.zone, z.here = n, false
		return z
	case rep.kind == answered:
		all := dsOfSet(rep.set)
		ds, why := supported(all)
		if len(ds) == 0 {
			return &trust{verdict: verdict{security: fact.Insecure, unsigned: why, until: v.until, zone: n, rcode: -1}, expires: expires}
		}
		return t.withKeys(n, ds, nil, v.until, expires)
	case v.delegated:
		return &trust{verdict: verdict{security: fact.Insecure, unsigned: fact.UnsignedNoDS, until: v.until, zone: n, rcode: -1}, expires: expires}
	}
	z := *p // no cut here: the same zone goes on
	z.until, z.expires = earlier(p.until, v.until), expires
	return &z
}

// withKeys fetches the keys of a zone and checks them. When those of one server do not
// hold, or it gives none, all are asked.
func (t *task) withKeys(n name, ds []dsRecord, trusted []*dnskey, until, expires time.Time) *trust {
	q := question{n, dns.TypeDNSKEY}
	rep, err := t.resolve(n, dns.TypeDNSKEY)
	if err != nil {
		return t.withoutKeys(q, err, func(rep *reply) *trust { return t.checkKeys(rep, n, ds, trusted, until, expires) })
	}
	z := t.checkKeys(rep, n, ds, trusted, until, expires)
	if z.security != fact.Bogus || t.r.via != nil {
		return z
	}
	_, doubt := t.everyServer(rep.servers, q, timesFor(z.problem.Code), func(other *reply) bool {
		if o := t.checkKeys(other, n, ds, trusted, until, expires); o.security == fact.Secure {
			z = o
			t.r.remember(other)
			return true
		}
		return false
	})
	if doubt != nil {
		z.verdict = *t.unsure(q, &z.verdict, doubt)
	}
	return z
}

// withoutKeys is the trust in a zone whose keys a DS record promises and none of its
// servers gives. It is bogus when each of them was heard and refuses that question, but
// serves the zone: else nothing is known of it at all.
func (t *task) withoutKeys(q question, err error, check func(*reply) *trust) *trust {
	p, gap, rcode := t.explain(q, err)
	z := &trust{verdict: verdict{zone: q.name, rcode: -1, problem: p, gap: gap, security: fact.Indeterminate}, expires: t.r.tick().Add(maxBadTTL)}
	if rcode < 0 || gap != fact.GapDNS || t.r.via != nil {
		return z
	}
	if rep, err := t.resolve(q.name, dns.TypeSOA); err != nil {
		z.problem, z.gap, _ = t.explain(question{q.name, dns.TypeSOA}, err)
		return z
	} else if rep.apex() != q.name {
		return z
	}
	var other *trust // by keys that a server gave after all
	found, doubt := t.poll(t.r.delegationOf(q.name), q, 2, true, func(rep *reply) bool {
		if o := check(rep); other == nil || o.security == fact.Secure {
			other = o
		}
		return other.security == fact.Secure
	})
	switch {
	case found:
		return other
	case doubt != nil:
		z.problem, z.gap, _ = t.explain(q, doubt)
		return z
	case other != nil:
		return other
	}
	z.security, z.gap = fact.Bogus, ""
	z.problem.EDE, z.problem.Code = dns.ExtendedErrorCodeDNSKEYMissing, codeNoDNSKEY
	return z
}

// checkKeys checks the keys of a zone against its DS records, or against keys that
// are trusted already.
func (t *task) checkKeys(rep *reply, n name, ds []dsRecord, trusted []*dnskey, until, expires time.Time) *trust {
	z := &trust{verdict: verdict{zone: n, rcode: -1}, expires: t.r.tick().Add(maxBadTTL)}
	z.security = fact.Bogus
	if rep.kind != answered {
		z.problem = &fact.Problem{
			EDE: dns.ExtendedErrorCodeDNSKEYMissing, Code: codeNoDNSKEY, Zone: n.String(), Name: n.String(), Type: "DNSKEY",
			Detail: "the parent has a DS record, the zone has no DNSKEY",
		}
		if len(ds) > 0 {
			z.problem.KeyTag, z.problem.Algorithm = ds[0].tag, ds[0].algorithm
		}
		return z
	}
	keys := keysOf(rep.set)
	var entry []*dnskey
	tries := 0
	var unfit *dnskey
	for _, k := range keys {
		match := false
		for i := range ds {
			if ds[i].tag == k.tag && ds[i].algorithm == k.algorithm && !match && tries < maxDSTries {
				tries++
				match = ds[i].matches(n, k)
			}
		}
		for _, a := range trusted {
			match = match || (a.algorithm == k.algorithm && string(a.public) == string(k.public) && a.flags == k.flags)
		}
		switch {
		case match && k.usable():
			entry = append(entry, k)
		case match:
			unfit = k
		}
	}
	if len(entry) == 0 && (tries >= maxDSTries || len(keys) < len(rep.set.data) || len(ds) >= maxDS) {
		z.verdict = *z.bogus(rep.set.problem(codeTooMuchWork, dns.ExtendedErrorCodeDNSBogus, n, nil, "too many keys and digests to try"))
		return z
	}
	if len(entry) == 0 {
		z.problem = &fact.Problem{EDE: dns.ExtendedErrorCodeDNSKEYMissing, Code: codeNoMatchingDS, Zone: n.String(), Name: n.String(), Type: "DNSKEY", Detail: "no key has the digest of a DS record"}
		if len(ds) > 0 {
			z.problem.KeyTag, z.problem.Algorithm = ds[0].tag, ds[0].algorithm
		}
		if unfit != nil {
			z.problem = &fact.Problem{
				EDE: dns.ExtendedErrorCodeNoZoneKeyBitSet, Code: codeNotZoneKey, Zone: n.String(), Name: n.String(), Type: "DNSKEY",
				KeyTag: unfit.tag, Algorithm: unfit.algorithm, Detail: "the key of the DS record is revoked, or not a zone key",
			}
		}
		return z
	}
	w := &work{}
	pr, problem := rep.set.verify(n, entry, t.r.clock(), w)
	if problem != nil {
		if problem.Code == codeNoDNSKEY || problem.Code == codeWrongSigner { // signed, but by other keys only
			problem.EDE, problem.Code = dns.ExtendedErrorCodeRRSIGsMissing, codeNoRRSIG
			problem.KeyTag, problem.Algorithm = entry[0].tag, entry[0].algorithm
			problem.Detail = "the keys are not signed by a key that a DS record names"
		}
		z.verdict = *z.bogus(problem)
		return z
	}
	z.security, z.problem, z.made = fact.Secure, nil, t.r.tick()
	for _, k := range keys {
		if k.usable() {
			z.keys = append(z.keys, k)
		}
	}
	z.until = earlier(until, pr.until)
	z.expires = earlier(earlier(expires, rep.until), t.tickAt(z.until))
	return z
}

// tickAt is a moment of the clock for signatures by the clock of the caches.
func (t *task) tickAt(at time.Time) time.Time {
	if at.IsZero() {
		return t.r.tick().Add(maxTTL)
	}
	return t.r.tick().Add(at.Sub(t.r.clock()) + time.Second)
}
