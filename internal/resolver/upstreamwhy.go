package resolver

import (
	"github.com/miekg/dns"

	"peil/internal/fact"
)

// A resolver that validates says secure or not, and not why not. The records that it
// gives show that: the denials beside an answer, and the DS records on the way down.

// explained adds to the resolver's verdict on a reply what it does not say: the zone
// that speaks, whether a wildcard was in play, and why it is insecure.
func (t *task) explained(rep *reply, v *verdict) *verdict {
	w := *v
	if w.zone = t.apexOf(rep); w.security == fact.Bogus { // its signatures may name any zone
		if z, ok := t.apexBySOA(rep); ok {
			w.zone = z
		}
	}
	shown := shownBy(rep, &w)
	if w.security == fact.Bogus {
		w.problem = t.named(rep, w.problem)
		w.wildcard = w.wildcard && rep.set != nil && w.problem.Code == codeNoDenial // else whether it is one is not known
		if w.problem.Zone == root.String() && w.zone != "" {
			p := *w.problem
			p.Zone = w.zone.String()
			w.problem = &p
		}
		return &w
	}
	if w.security != fact.Insecure {
		return &w
	}
	if validates, err := t.validates(); err != nil {
		p, gap, _ := t.explain(question{root, dns.TypeSOA}, err)
		w.security, w.unsigned, w.problem, w.gap = fact.Indeterminate, "", p, gap
		return &w
	} else if !validates {
		w.security, w.unsigned, w.gap = fact.Indeterminate, "", fact.GapUnvalidated
		w.problem = &fact.Problem{EDE: dns.ExtendedErrorCodeDNSSECIndeterminate, Code: codeUnvalidated, Zone: root.String(), Name: rep.name.String(), Type: typeName(rep.typ), Detail: "the resolver that was named does not validate: it does not call even the root secure"}
		return &w
	}
	z := t.statusOf(w.zone)
	switch {
	case z.security == fact.Insecure && w.zone.below(z.zone):
		w.unsigned, w.wildcard = fact.UnsignedParent, false
	case z.security == fact.Insecure:
		w.unsigned, w.wildcard = z.unsigned, false
	case shown == provenOptOut:
		w.unsigned = fact.UnsignedOptOut
	case shown == tooManyIterations:
		w.unsigned = fact.UnsignedIterations
	}
	return &w
}

// named finds the link of a broken chain that the resolver was not exact about, by
// validating what it gives with checking disabled. Where that finds nothing wrong, or its
// anchors are not ours, its own words stay.
func (t *task) named(rep *reply, p *fact.Problem) *fact.Problem {
	own := &task{r: t.r.own, ctx: t.ctx, dial: t.dial, tally: t.tally, sent: t.sent}
	defer func() { t.sent = own.sent }()
	_, v, err := own.fetch(rep.question)
	if err != nil || v.security != fact.Bogus || v.problem.Zone == root.String() {
		return p
	}
	return v.problem
}

// unchecked asks the resolver that was named for an answer with checking disabled: one
// step, as the servers of a zone would give it.
func (t *task) unchecked(q question) (*reply, error) {
	up := &task{r: t.r.via, ctx: t.ctx, dial: t.dial, tally: t.tally, sent: t.sent}
	defer func() { t.sent = up.sent }()
	m, err := up.query(q, flagRD|flagCD)
	if err != nil {
		return nil, err
	}
	if m.rcode != dns.RcodeSuccess && m.rcode != dns.RcodeNameError {
		return nil, &serverError{addr: t.r.via.upstream, rcode: m.rcode, ede: m.ede}
	}
	m.aa = true
	rep := interpretRecursive(m, q, t.r.tick()).reply
	if q.typ != dns.TypeDS && q.typ != dns.TypeDNSKEY {
		if z, ok := up.apexBySOA(rep); ok { // whose servers would have said it
			rep.zone = z
		}
	}
	t.r.remember(rep)
	return rep, nil
}

// shownBy is what the denial in a reply shows, its signatures not checked: the resolver
// did that. It notes in v that a wildcard was in play.
func shownBy(rep *reply, v *verdict) outcome {
	if v.zone == "" {
		return unproven
	}
	d := &denial{zone: v.zone, work: &work{}}
	for _, s := range rep.auth {
		if s.owner.under(v.zone) && len(d.nsec)+len(d.nsec3) < maxNSEC3Sets {
			d.add(s)
		}
	}
	switch {
	case rep.set != nil:
		for i := range rep.set.sigs {
			n := rep.set.owner.labels()
			if labels := int(rep.set.sigs[i].labels); labels < n && !rep.set.owner.isWildcard() {
				v.wildcard = true
				return d.expansion(rep.set.owner, labels)
			}
		}
		return unproven
	case rep.kind == noName:
		return d.noName(rep.name)
	}
	return d.noData(rep.name, rep.typ, v)
}

// statusOf is why a zone is insecure by what the resolver says of the DS records down
// to it, or that it should be secure. It is kept for a while.
func (t *task) statusOf(n name) *trust {
	z := &trust{verdict: verdict{security: fact.Secure, zone: n, rcode: -1}, expires: t.r.tick().Add(maxBadTTL)}
	if n == root || n == "" {
		return z
	}
	if z, ok := t.r.zones.get(n, t.r.tick()); ok {
		return z
	}
	res, v, err := t.askUpstream(question{n, dns.TypeDS})
	if err != nil {
		return z
	}
	rep := res.reply
	switch parent := t.apexOf(rep); {
	case v.security == fact.Secure && rep.kind == answered:
		if ds, why := supported(dsOfSet(rep.set)); len(ds) == 0 {
			z.security, z.unsigned = fact.Insecure, why
		}
	case v.security == fact.Secure:
		z.security, z.unsigned = fact.Insecure, fact.UnsignedNoDS
	case v.security == fact.Insecure && parent != "" && n.below(parent):
		z.security, z.unsigned = fact.Insecure, fact.UnsignedUpstream
		if p := t.statusOf(parent); p.security == fact.Insecure {
			z.zone, z.unsigned = p.zone, p.unsigned
			break
		}
		v.zone = parent
		switch shownBy(rep, v) {
		case provenOptOut:
			z.unsigned = fact.UnsignedOptOut
		case tooManyIterations:
			z.unsigned = fact.UnsignedIterations
		}
	}
	t.r.zones.put(n, z, z.size(), z.expires)
	return z
}

// apexOf is the apex of the zone that gave a reply: what the reply shows, or else what
// the answer to SOA does. It is empty when that cannot be told.
func (t *task) apexOf(rep *reply) name {
	if z := rep.apex(); z != root || rep.name == root {
		return z
	}
	z, _ := t.apexBySOA(rep)
	return z
}

// apexBySOA is the apex by the answer to SOA alone.
func (t *task) apexBySOA(rep *reply) (name, bool) {
	n := rep.name
	switch {
	case rep.typ == dns.TypeDS:
		n = n.parent()
	case rep.kind == aliased:
		n = rep.set.owner
	case rep.kind == answered && (rep.typ == dns.TypeNS || rep.typ == dns.TypeSOA || rep.typ == dns.TypeDNSKEY):
		return n, true
	}
	for ; n != root; n = n.parent() {
		q := question{n, dns.TypeSOA}
		if soa, ok := t.r.replies.get(q, t.r.tick()); ok {
			return soa.soa, true
		}
		m, err := t.query(q, flagRD|flagAD|flagCD)
		if err != nil || (m.rcode != dns.RcodeSuccess && m.rcode != dns.RcodeNameError) {
			return "", false
		}
		m.aa = true
		soa := interpretRecursive(m, q, t.r.tick()).reply
		switch {
		case soa.kind == answered:
			soa.soa = n
		case soa.kind == aliased, soa.soa == "", !n.under(soa.soa): // an alias stands below its zone's apex
			continue
		}
		t.r.remember(soa)
		return soa.soa, true
	}
	return root, true
}

// validates reports whether the resolver that the operator named validates at all: it
// calls something secure, the root at least.
func (t *task) validates() (bool, error) {
	if t.r.validating.Load() {
		return true, nil
	}
	if rep, ok := t.r.replies.get(question{root, dns.TypeSOA}, t.r.tick()); ok && rep.lame { // asked a moment ago
		return false, nil
	}
	m, err := t.query(question{root, dns.TypeSOA}, flagRD|flagAD)
	if err != nil || m.ad {
		return m != nil && m.ad, err
	}
	t.r.remember(&reply{question: question{root, dns.TypeSOA}, lame: true, until: t.r.tick().Add(maxFailTTL)})
	return false, nil
}
