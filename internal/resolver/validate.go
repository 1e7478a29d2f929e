package resolver

import (
	"github.com/miekg/dns"

	"peil/internal/fact"
)

// validate says how far a reply can be trusted. When it cannot, what another server
// says may take its place.
func (t *task) validate(rep *reply) (*reply, *verdict) {
	if v := rep.verdict.Load(); v != nil && t.r.tick().Before(v.recheck) {
		return rep, v
	}
	v, z := t.judge(rep)
	if v.security == fact.Bogus && v.here {
		return t.confirm(rep, z, v)
	}
	return rep, t.settle(rep, v)
}

// settle keeps a verdict with the reply that it is of.
func (t *task) settle(rep *reply, v *verdict) *verdict {
	now := t.r.tick()
	switch v.security {
	case fact.Indeterminate:
		if t.ctx.Err() != nil || !v.lasting() {
			return v
		}
		v.recheck = now.Add(maxFailTTL) // RFC 9520
	case fact.Bogus:
		v.recheck = now.Add(maxBadTTL)
	default:
		v.recheck = t.tickAt(v.until)
		if v.security == fact.Secure && rep.set == nil && rep.soa == v.zone {
			t.r.denials.put(v.zone, rep, rep.size(), rep.until)
		}
	}
	rep.verdict.Store(v)
	return v
}

// judge finds the zone that should have signed a reply and holds it against that
// zone's keys.
func (t *task) judge(rep *reply) (*verdict, *trust) {
	from := rep.name // the deepest name whose zone may have signed
	if rep.typ == dns.TypeDS && rep.name != root {
		from = rep.name.parent()
	}
	if rep.set != nil && rep.set.typ == dns.TypeDNAME {
		from = rep.set.owner
	}
	z := t.trustAt(rep.speaker(from))
	return t.judgeIn(rep, z), z
}

// speaker is the name whose zone speaks in a reply about from.
func (p *reply) speaker(from name) name {
	s, ok := p.signer(from)
	switch {
	case !ok:
		return from
	case p.zone.below(s) && from.under(p.zone):
		return p.zone // a signature of the parent does not speak for the child
	}
	return s
}

// signer is the deepest zone that a signature of the reply names, at or above from.
func (p *reply) signer(from name) (name, bool) {
	best, found := root, false
	look := func(s *rrset) {
		for i := range s.sigs {
			if n := s.sigs[i].signer; from.under(n) && s.owner.under(n) && (!found || n.below(best)) {
				best, found = n, true
			}
		}
	}
	if p.set != nil {
		look(p.set)
		return best, found
	}
	for _, s := range p.auth {
		if s.typ != dns.TypeNS {
			look(s)
		}
	}
	return best, found
}

// judgeIn holds a reply against the trust in the zone that gives it.
func (t *task) judgeIn(rep *reply, z *trust) *verdict {
	if z.security != fact.Secure {
		v := z.verdict
		v.rcode, v.here = -1, false
		v.zone = rep.apex()
		switch {
		case v.security != fact.Insecure && z.problem != nil && z.problem.Zone != z.zone.String():
			// Whether a zone begins there is what could not be found out.
		case v.security != fact.Insecure:
			v.zone = z.zone
		case v.zone.below(z.zone) && v.unsigned != fact.UnsignedNoAnchor:
			v.unsigned = fact.UnsignedParent
		case z.zone.below(v.zone) && z.unsigned == fact.UnsignedNoDS: // its parent's servers serve it too, and the cut is proven
			v.zone = z.zone
		}
		return &v
	}
	v := &verdict{security: fact.Secure, until: z.until, zone: z.zone, rcode: -1}
	w := &work{}
	if rep.set != nil {
		p, problem := rep.set.verify(z.zone, z.keys, t.r.clock(), w)
		if problem != nil {
			return v.bogus(problem)
		}
		v.until = earlier(v.until, p.until)
		if p.expanded(rep.set.owner) {
			return t.expanded(rep, z, v, w, int(p.sig.labels))
		}
		return v
	}
	return t.denied(rep, z, v, w)
}

// bogus is the verdict on a reply that does not hold. Where our own limits kept us from
// finding out it cannot be told.
func (v *verdict) bogus(p *fact.Problem) *verdict {
	if p.Code == codeTooMuchWork {
		v.security, v.problem, v.gap = fact.Indeterminate, p, fact.GapBudget
		return v
	}
	v.security, v.problem, v.here = fact.Bogus, p, true
	return v
}

func (v *verdict) insecure(why string) *verdict {
	v.security, v.unsigned = fact.Insecure, why
	return v
}

// expanded checks that a name had to be made from a wildcard: no closer name exists
// (RFC 4035 section 5.3.4, RFC 5155 section 8.8).
func (t *task) expanded(rep *reply, z *trust, v *verdict, w *work, labels int) *verdict {
	v.wildcard = true
	if rep.set.typ == dns.TypeDNAME { // RFC 4592 section 4.4: not to be used
		return v.bogus(rep.set.problem(codeBadSignature, dns.ExtendedErrorCodeDNSBogus, z.zone, nil, "a DNAME record made from a wildcard"))
	}
	d, problem := t.proofs(rep, z, v, w, false)
	if problem != nil {
		return v.bogus(problem)
	}
	owner := rep.set.owner
	switch o := d.expansion(owner, labels); o {
	case proven:
		return v
	case provenOptOut:
		return v.insecure(fact.UnsignedOptOut)
	case tooManyIterations:
		return v.insecure(fact.UnsignedIterations)
	default:
		return v.bogus(noDenial(rep, z, o, w, "nothing proves that no name closer than the wildcard exists"))
	}
}

// denied checks a denial.
func (t *task) denied(rep *reply, z *trust, v *verdict, w *work) *verdict {
	d, problem := t.proofs(rep, z, v, w, true)
	if problem != nil {
		return v.bogus(problem)
	}
	var o outcome
	if rep.kind == noName {
		o = d.noName(rep.name)
		if o == unproven { // the proof may be one that the type is absent: then that holds
			if o = d.noData(rep.name, rep.typ, v); o == proven || o == provenOptOut {
				if !v.nxname {
					v.rcode = dns.RcodeSuccess
				}
			}
		}
	} else {
		o = d.noData(rep.name, rep.typ, v)
	}
	switch o {
	case proven:
		return v
	case provenOptOut:
		return v.insecure(fact.UnsignedOptOut)
	case tooManyIterations:
		return v.insecure(fact.UnsignedIterations)
	}
	return v.bogus(noDenial(rep, z, o, w, "the proof that it does not exist is missing or does not fit"))
}

func noDenial(rep *reply, z *trust, o outcome, w *work, detail string) *fact.Problem {
	p := &fact.Problem{
		EDE: dns.ExtendedErrorCodeNSECMissing, Code: codeNoDenial, Zone: z.zone.String(),
		Name: rep.name.String(), Type: typeName(rep.typ), Detail: detail,
	}
	if o == tooMuchWork || w.spent {
		p.EDE, p.Code, p.Detail = dns.ExtendedErrorCodeDNSBogus, codeTooMuchWork, "too many records to check or names to hash"
	}
	return p
}

// proofs gathers the NSEC and NSEC3 records of a reply whose signatures hold. Of a
// denial each record set of the zone must hold, the SOA included.
func (t *task) proofs(rep *reply, z *trust, v *verdict, w *work, strict bool) (*denial, *fact.Problem) {
	d := &denial{zone: z.zone, work: w}
	var failed *fact.Problem
	sets := 0
	for _, s := range rep.auth {
		if s.typ == dns.TypeNS || !s.owner.under(z.zone) {
			continue
		}
		if sets++; sets > maxNSEC3Sets {
			w.spent = true
			break
		}
		p, problem := s.verify(z.zone, z.keys, t.r.clock(), w)
		if problem != nil {
			if failed == nil || failed.Code == codeNoRRSIG {
				failed = problem
			}
			if problem.Code == codeTooMuchWork {
				break
			}
			continue
		}
		if p.expanded(s.owner) && s.typ != dns.TypeSOA {
			continue // a denial cannot be made from a wildcard
		}
		v.until = earlier(v.until, p.until)
		d.add(s)
	}
	if failed != nil && (strict || len(d.nsec)+len(d.nsec3) == 0) {
		return nil, failed
	}
	return d, nil
}

// wellFormedBitmap checks the form of a type bit map (RFC 4034 section 4.1.2).
func wellFormedBitmap(b []byte) bool {
	last := -1
	for len(b) > 0 {
		if len(b) < 2 || int(b[0]) <= last || b[1] == 0 || b[1] > 32 || len(b) < 2+int(b[1]) {
			return false
		}
		last = int(b[0])
		b = b[2+int(b[1]):]
	}
	return true
}

// bitmap is a type bit map.
type bitmap []byte

func (b bitmap) has(typ uint16) bool {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		if int(b[0]) == int(typ>>8) {
			i := int(typ&255) / 8
			return i < int(b[1]) && b[2+i]&(0x80>>(typ&7)) != 0
		}
		b = b[2+int(b[1]):]
	}
	return false
}

// delegation reports a cut seen from above.
func (b bitmap) delegation() bool { return b.has(dns.TypeNS) && !b.has(dns.TypeSOA) }

// hides reports that names below are not the zone's: beneath a cut or a DNAME
// (RFC 6840 section 4.1).
func (b bitmap) hides() bool { return b.delegation() || b.has(dns.TypeDNAME) }

// lacks reports whether the record at a name proves that typ is not there, and no
// alias either (RFC 4035 section 5.4, RFC 6840 sections 4.3 and 4.4).
func (b bitmap) lacks(n name, typ uint16) bool {
	if b.has(typ) || b.has(dns.TypeCNAME) {
		return false
	}
	if typ == dns.TypeDS {
		return n == root || !b.has(dns.TypeSOA) // the child's own record says nothing of its DS
	}
	return !b.delegation() // the parent's record says nothing of the child's types
}
