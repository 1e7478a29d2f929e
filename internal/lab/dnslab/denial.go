package dnslab

import (
	"slices"
	"sort"
	"strings"

	"github.com/miekg/dns"
)

// typesAt are the types at a name for a bitmap, without those that the denial itself
// brings.
func (s *Server) typesAt(z *zone, name string) []uint16 {
	var ts []uint16
	if z.cuts[name] {
		ts = append(ts, dns.TypeNS)
		if len(s.childDS(name)) > 0 {
			ts = append(ts, dns.TypeDS)
		}
		return ts
	}
	for t := range z.nodes[name] {
		ts = append(ts, t)
	}
	return ts
}

// nsecAt makes the NSEC record of the i-th name (RFC 4034 section 4).
func (s *Server) nsecAt(z *zone, i int) []dns.RR {
	name := keyName(z.names[i])
	next := keyName(z.names[(i+1)%len(z.names)])
	types := append(s.typesAt(z, name), dns.TypeNSEC, dns.TypeRRSIG)
	slices.Sort(types)
	return []dns.RR{&dns.NSEC{Hdr: header(name, dns.TypeNSEC, denialTTL), NextDomain: next, TypeBitMap: types}}
}

// nsecFor is the NSEC record at a name, or the one that covers it.
func (s *Server) nsecFor(z *zone, name string) []dns.RR {
	key := canonicalKey(name)
	i, found := slices.BinarySearch(z.names, key)
	if !found {
		i = (i - 1 + len(z.names)) % len(z.names)
	}
	return s.nsecAt(z, i)
}

// hashNames makes the NSEC3 chain: every name and empty non-terminal, except unsigned
// delegations when the zone opts out (RFC 5155 section 7.1).
func (s *Server) hashNames(z *zone) {
	iter, salt := z.spec.Signing.nsec3Params()
	seen := map[string]bool{}
	for _, key := range z.names {
		name := keyName(key)
		if z.spec.Signing == NSEC3OptOut && z.cuts[name] && len(s.childDS(name)) == 0 {
			continue
		}
		for n := name; !seen[n]; n = parentOf(n) {
			seen[n] = true
			z.nsec3 = append(z.nsec3, hashed{dns.HashName(n, dns.SHA1, iter, salt), n})
			if n == z.apex {
				break
			}
		}
	}
	slices.SortFunc(z.nsec3, func(a, b hashed) int { return strings.Compare(a.hash, b.hash) })
}

// nsec3For is the NSEC3 record that matches a name's hash or covers it.
func (s *Server) nsec3For(z *zone, name string) []dns.RR {
	iter, salt := z.spec.Signing.nsec3Params()
	h := dns.HashName(name, dns.SHA1, iter, salt)
	if z.spec.Signing == WrongNSEC3 { // a chain for other names than those of the zone
		h = dns.HashName("wrong."+name, dns.SHA1, iter, salt)
	}
	i := sort.Search(len(z.nsec3), func(i int) bool { return z.nsec3[i].hash >= h })
	if i == len(z.nsec3) || z.nsec3[i].hash != h {
		i = (i - 1 + len(z.nsec3)) % len(z.nsec3)
	}
	at := z.nsec3[i]
	types := s.typesAt(z, at.name)
	if len(types) > 0 && (!z.cuts[at.name] || len(types) > 1) { // something signed is there
		types = append(types, dns.TypeRRSIG)
	}
	slices.Sort(types)
	var flags uint8
	if z.spec.Signing == NSEC3OptOut {
		flags = 1
	}
	owner := strings.ToLower(at.hash) + "." + strings.TrimPrefix(z.apex, ".")
	if z.apex == "." {
		owner = strings.ToLower(at.hash) + "."
	}
	return []dns.RR{&dns.NSEC3{
		Hdr: header(owner, dns.TypeNSEC3, denialTTL), Hash: dns.SHA1, Flags: flags, Iterations: iter,
		SaltLength: uint8(len(salt) / 2), Salt: salt, HashLength: 20,
		NextDomain: z.nsec3[(i+1)%len(z.nsec3)].hash, TypeBitMap: types,
	}}
}

// proof gathers record sets of a denial, each once.
type proof struct {
	sets [][]dns.RR
}

func (p *proof) add(set []dns.RR) {
	if !p.has(set) {
		p.sets = append(p.sets, set)
	}
}

func (p *proof) has(set []dns.RR) bool {
	for _, s := range p.sets {
		if s[0].Header().Name == set[0].Header().Name {
			return true
		}
	}
	return false
}

// denyType proves that a name exists without a type (RFC 4035 section 3.1.3.1,
// RFC 5155 section 7.2.3 and 7.2.4).
func (s *Server) denyType(z *zone, name string) *proof {
	p := &proof{}
	if z.spec.Signing.nsec3() {
		if z.spec.Signing == NSEC3OptOut && z.cuts[name] && len(s.childDS(name)) == 0 {
			s.closestEncloserProof(z, p, name)
			return p
		}
		p.add(s.nsec3For(z, name))
		return p
	}
	p.add(s.nsecFor(z, name))
	return p
}

// denyName proves that a name does not exist, nor a wildcard for it (RFC 4035
// section 3.1.3.2, RFC 5155 section 7.2.2).
func (s *Server) denyName(z *zone, name string) *proof {
	p := &proof{}
	encloser, _ := z.closestEncloser(name)
	if z.spec.Signing.nsec3() {
		s.closestEncloserProof(z, p, name)
		p.add(s.nsec3For(z, child("*", encloser)))
		return p
	}
	p.add(s.nsecFor(z, name))
	p.add(s.nsecFor(z, child("*", encloser)))
	return p
}

// denyCloser proves that no name closer than the wildcard exists (RFC 4035 section
// 3.1.3.3, RFC 5155 section 7.2.6).
func (s *Server) denyCloser(z *zone, name string) *proof {
	p := &proof{}
	_, next := z.closestEncloser(name)
	if z.spec.Signing.nsec3() {
		p.add(s.nsec3For(z, next))
		return p
	}
	p.add(s.nsecFor(z, name))
	return p
}

func (s *Server) closestEncloserProof(z *zone, p *proof, name string) {
	encloser, next := z.closestEncloser(name)
	if z.cuts[name] && encloser == name { // an unsigned delegation that opt-out leaves out
		encloser, next = parentOf(name), name
	}
	p.add(s.nsec3For(z, encloser))
	p.add(s.nsec3For(z, next))
}

// child is label.name.
func child(label, name string) string {
	if name == "." {
		return label + "."
	}
	return label + "." + name
}
