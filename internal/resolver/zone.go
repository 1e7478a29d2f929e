package resolver

import (
	"cmp"
	"context"
	"slices"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// NameServers finds the NS set of a name, or of the nearest name above it that has
// one (catalogue B.4). owner is where it was found; it is empty when that could not
// be told, and l says why.
func (r *Resolver) NameServers(ctx context.Context, qname string) (owner string, l fact.Lookup) {
	n, err := parseName(qname)
	if err != nil {
		return "", r.Lookup(ctx, qname, "NS")
	}
	for {
		n = r.apexAbove(ctx, n)
		l = r.Lookup(ctx, n.String(), "NS")
		switch {
		case !l.Answered() && (l.Problem == nil || l.Problem.Code != codeLoop):
			return "", l
		case len(l.Records) > 0:
			return l.Final(), l
		case n == root:
			return "", l
		}
		n = n.parent()
	}
}

// apexAbove is the apex of the zone of a name that exists without an SOA record or alias,
// or not at all: nothing between has an NS set. Otherwise it is the name itself. It is
// what the answer to SOA shows, which is asked of each name anyway.
func (r *Resolver) apexAbove(ctx context.Context, n name) name {
	if r.upstream.IsValid() {
		return n
	}
	t, cancel := r.task(ctx, n.String())
	defer cancel()
	rep, err := t.resolve(n, dns.TypeSOA)
	if err == nil && rep.set == nil && !rep.lame && rep.soa != "" && n.below(rep.soa) {
		return rep.soa
	}
	return n
}

// Zone gathers the facts of a zone: its keys and signatures, its DS at the parent,
// the servers on both sides of the cut, and how it denies.
func (r *Resolver) Zone(ctx context.Context, qname string) fact.Zone {
	n, err := parseName(qname)
	if err != nil {
		return fact.Zone{Name: qname, Gap: fact.GapUnsupported}
	}
	t, cancel := r.task(ctx, n.String())
	defer cancel()
	z := fact.Zone{Name: n.String()}
	fetch := t.fetch
	if r.upstream.IsValid() {
		fetch = t.fetchUpstream
	}
	f := &zoneFacts{task: t, zone: &z, apex: n}

	var missing fact.Gap // why facts that a secure zone must have are not here
	if n != root {
		if rep, v, err := fetch(question{n, dns.TypeDS}); err == nil {
			f.parent(rep, v)
		} else {
			_, missing, _ = t.explain(question{n, dns.TypeDS}, err)
		}
	}
	rep, v, err := fetch(question{n, dns.TypeDNSKEY})
	if err != nil {
		p, gap, _ := t.explain(question{n, dns.TypeDNSKEY}, err)
		z.Security, z.Problem, missing = fact.Indeterminate, p, gap
		if z.Gap = gap; r.upstream.IsValid() { // what it says of another question there holds for the zone
			if _, v, err := fetch(question{n, dns.TypeSOA}); err == nil && v.security == fact.Bogus {
				z.Security, z.Problem, z.Gap = v.security, v.problem, ""
			}
		}
	} else {
		z.Security, z.Unsigned, z.Problem, z.Gap = v.security, v.unsigned, v.problem, v.gap
	}
	if !r.upstream.IsValid() { // the chain down to the zone, whether or not its keys could be had
		tr := t.trustAt(n)
		z.Security, z.Unsigned, z.Problem, z.Gap = tr.security, tr.unsigned, tr.problem, tr.gap
		if n.below(tr.zone) && z.Security == fact.Insecure && z.Unsigned != fact.UnsignedNoAnchor {
			z.Unsigned = fact.UnsignedParent
		}
	}
	if z.Security == fact.Secure && z.Gap == "" {
		z.Gap = missing
	}
	if err == nil && rep.kind == answered {
		f.keys(rep.set)
	}
	if rep, _, err := fetch(question{n, dns.TypeNS}); err == nil && rep.kind == answered {
		z.ChildNS = targets(rep.set)
		f.signatures(rep.set)
	}
	if z.ParentNS = t.parentNS(n); r.upstream.IsValid() && n != root {
		z.ParentNSGap = fact.GapUnsupported // a resolver gives the set of the zone itself
	}
	if len(z.Keys) > 0 {
		// Any denial shows how a zone with NSEC denies. Of NSEC3 the record of the apex is
		// taken, for others may have other flags. When it was not seen: HINFO is next to
		// never found at an apex.
		if rep, ok := r.denials.get(n, r.tick()); ok && z.Security == fact.Secure && f.shows(rep) {
			f.denial(rep)
		} else if rep, _, err := fetch(question{n, dns.TypeHINFO}); err == nil {
			f.denial(rep)
		}
	}
	f.sort()
	return z
}

// fetch resolves and validates one step.
func (t *task) fetch(q question) (*reply, *verdict, error) {
	rep, err := t.resolve(q.name, q.typ)
	if err != nil {
		return nil, nil, err
	}
	rep, v := t.validate(rep)
	return rep, v, nil
}

// parentNS is the NS set of a zone as its parent has it; nil when the parent's
// servers serve the zone too, and so never refer.
func (t *task) parentNS(n name) []string {
	if t.r.upstream.IsValid() {
		return nil
	}
	if n == root {
		return names(t.r.delegationOf(root).ns)
	}
	d, ok := t.r.delegations.get(n, t.r.tick())
	if !ok {
		_, _ = t.iterate(question{n, dns.TypeSOA})
		if d, ok = t.r.delegations.get(n, t.r.tick()); !ok {
			return nil
		}
	}
	return names(d.ns)
}

func names(l []name) []string {
	out := make([]string, len(l))
	for i, n := range l {
		out[i] = n.String()
	}
	slices.Sort(out)
	return out
}

func targets(s *rrset) []string {
	l := make([]name, len(s.data))
	for i := range s.data {
		l[i] = s.target(i)
	}
	return names(l)
}

// zoneFacts gathers a zone's facts.
type zoneFacts struct {
	*task
	zone *fact.Zone
	apex name
	all  []*dnskey
	ds   []dsRecord
	work work
}

func (f *zoneFacts) parent(rep *reply, v *verdict) {
	f.zone.Parent = v.zone.String()
	if v.zone == f.apex || v.zone == "" {
		f.zone.Parent = rep.apex().String()
	}
	if rep.kind != answered {
		return
	}
	f.ds = dsOfSet(rep.set)
	for _, d := range f.ds {
		f.zone.DS = append(f.zone.DS, fact.DS{KeyTag: d.tag, Algorithm: d.algorithm, Digest: d.digestType})
	}
	f.signatures(rep.set)
}

func (f *zoneFacts) keys(s *rrset) {
	f.all = keysOf(s)
	tries := 0
	for _, k := range f.all {
		key := fact.DNSKEY{KeyTag: k.tag, Flags: k.flags, Algorithm: k.algorithm}
		switch k.algorithm {
		case dns.RSAMD5, dns.RSASHA1, dns.RSASHA1NSEC3SHA1, dns.RSASHA256, dns.RSASHA512:
			key.Bits = rsaBits(k.public)
		}
		f.zone.Keys = append(f.zone.Keys, key)
		for i := range f.ds {
			if d := &f.ds[i]; !f.zone.DS[i].Matches && d.tag == k.tag && d.algorithm == k.algorithm && tries < maxDSTries {
				tries++
				f.zone.DS[i].Matches = d.matches(f.apex, k)
			}
		}
	}
	f.signatures(s)
}

// signatures notes the signatures over a set, and which of the zone's keys made
// those that hold.
func (f *zoneFacts) signatures(s *rrset) {
	now := f.r.clock()
	for i := range s.sigs {
		sig := &s.sigs[i]
		f.zone.Signatures = append(f.zone.Signatures, fact.Signature{
			Name: s.owner.String(), Type: typeName(s.typ), KeyTag: sig.keyTag, Algorithm: sig.algorithm,
			Signer: sig.signer.String(), Inception: serialTime(sig.inception, now), Expiration: serialTime(sig.expiration, now),
		})
		one := *s
		one.sigs = s.sigs[i : i+1]
		p, problem := one.verify(f.apex, f.all, now, &f.work)
		if problem != nil {
			continue
		}
		for j, k := range f.all {
			if k == p.key {
				f.zone.Keys[j].Used = true
			}
		}
	}
}

// shows reports whether a denial has NSEC records, or the NSEC3 record of the apex.
func (f *zoneFacts) shows(rep *reply) bool {
	for _, s := range rep.auth {
		if s.typ == dns.TypeNSEC && s.owner.under(f.apex) {
			return true
		}
	}
	_, ok := f.apexNSEC3(rep)
	return ok
}

// apexNSEC3 is the NSEC3 record of the apex.
func (f *zoneFacts) apexNSEC3(rep *reply) (nsec3, bool) {
	var hash [20]byte
	var of *nsec3 // whose parameters made the hash
	for _, s := range rep.auth {
		if s.typ != dns.TypeNSEC3 {
			continue
		}
		n, ok := parseNSEC3(s.data[0])
		if !ok || !n.place(s.owner, f.apex) || n.iterations > maxHashing {
			continue
		}
		if of == nil || of.iterations != n.iterations || string(of.salt) != string(n.salt) {
			if f.work.hashes++; f.work.hashes > maxNSEC3Hashes {
				break
			}
			hash, of = hashName(f.apex, n.iterations, n.salt), &n
		}
		if n.owner == hash {
			return n, true
		}
	}
	return nsec3{}, false
}

func (f *zoneFacts) denial(rep *reply) {
	if rep.set != nil {
		return
	}
	if n, ok := f.apexNSEC3(rep); ok {
		f.zone.Denial = &fact.Denial{Kind: "NSEC3", Iterations: n.iterations, SaltLength: len(n.salt), OptOut: n.optOut}
	}
	for _, s := range rep.auth {
		if !s.owner.under(f.apex) {
			continue
		}
		switch s.typ {
		case dns.TypeSOA:
			f.signatures(s)
		case dns.TypeNSEC:
			if f.zone.Denial == nil {
				f.zone.Denial = &fact.Denial{Kind: "NSEC"}
			}
		case dns.TypeNSEC3:
			if n, ok := parseNSEC3(s.data[0]); ok && f.zone.Denial == nil {
				f.zone.Denial = &fact.Denial{Kind: "NSEC3", Iterations: n.iterations, SaltLength: len(n.salt), OptOut: n.optOut}
			}
		}
	}
}

func (f *zoneFacts) sort() {
	z := f.zone
	slices.SortFunc(z.DS, func(a, b fact.DS) int {
		return cmp.Or(cmp.Compare(a.KeyTag, b.KeyTag), cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.Digest, b.Digest))
	})
	slices.SortFunc(z.Keys, func(a, b fact.DNSKEY) int {
		return cmp.Or(cmp.Compare(a.KeyTag, b.KeyTag), cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.Flags, b.Flags))
	})
	slices.SortFunc(z.Signatures, func(a, b fact.Signature) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.KeyTag, b.KeyTag), a.Inception.Compare(b.Inception), a.Expiration.Compare(b.Expiration))
	})
}
