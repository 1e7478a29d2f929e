package resolver

import "github.com/miekg/dns"

// outcome is how far a denial goes.
type outcome uint8

const (
	unproven          outcome = iota
	proven                    // it does not exist
	provenOptOut              // nothing signed exists there (RFC 5155 section 6)
	tooManyIterations         // RFC 9276 section 3.2
	tooMuchWork
)

// denial is the proven NSEC and NSEC3 records of one reply.
type denial struct {
	zone  name
	nsec  []nsec
	nsec3 []nsec3
	work  *work
	// hashed remembers the hashes of names, by the parameters of nsec3[0].
	hashed map[name][20]byte
	many   bool // NSEC3 records with too many iterations were among them
	spent  bool // the limit on hashing was reached
}

// nsec is an NSEC record (RFC 4034 section 4).
type nsec struct {
	owner, next name
	types       bitmap
}

func (d *denial) add(s *rrset) {
	switch s.typ {
	case dns.TypeNSEC:
		for _, data := range s.data {
			if next, types, ok := cutName(data); ok && next.under(d.zone) {
				d.nsec = append(d.nsec, nsec{s.owner, next, types})
			}
		}
	case dns.TypeNSEC3:
		for _, data := range s.data {
			n, ok := parseNSEC3(data)
			if !ok || !n.place(s.owner, d.zone) {
				continue
			}
			if n.iterations > maxIterations {
				d.many = true
			}
			d.nsec3 = append(d.nsec3, n)
		}
	}
}

// covers reports whether q lies strictly between the two names of the record, and
// is the zone's to deny.
func (n *nsec) covers(q name) bool {
	if q == n.owner || (q.below(n.owner) && n.types.hides()) {
		return false
	}
	if n.owner.compare(n.next) < 0 {
		return n.owner.compare(q) < 0 && q.compare(n.next) < 0
	}
	return n.owner.compare(q) < 0 || q.compare(n.next) < 0 // the last one leads back to the apex
}

// emptyNonTerminal reports whether the record shows that q exists without records,
// because something stands below it.
func (n *nsec) emptyNonTerminal(q name) bool { return n.next.below(q) && n.covers(q) }

// encloser is the deepest name above q that the record shows to exist.
func (n *nsec) encloser(q name) name {
	a, b := n.owner.common(q), n.next.common(q)
	if len(b) > len(a) {
		return b
	}
	return a
}

func (d *denial) noName(q name) outcome {
	if !q.under(d.zone) {
		return unproven
	}
	for i := range d.nsec {
		n := &d.nsec[i]
		if !n.covers(q) || n.next.below(q) {
			continue
		}
		w, ok := n.encloser(q).wildcard()
		if !ok {
			return proven
		}
		for j := range d.nsec {
			if m := &d.nsec[j]; m.covers(w) && !m.next.below(w) {
				return proven
			}
		}
	}
	if len(d.nsec3) > 0 {
		return d.noName3(q)
	}
	return unproven
}

// noData looks for proof that q exists without typ, or is made from a wildcard
// without it. It notes in v what else the proof shows.
func (d *denial) noData(q name, typ uint16, v *verdict) outcome {
	if !q.under(d.zone) {
		return unproven
	}
	for i := range d.nsec {
		n := &d.nsec[i]
		if n.owner == q {
			if !n.types.lacks(q, typ) {
				return unproven
			}
			v.delegated = n.types.delegation()
			v.nxname = n.types.has(typeNXNAME)
			return proven
		}
		if n.emptyNonTerminal(q) {
			return proven
		}
	}
	for i := range d.nsec {
		n := &d.nsec[i]
		if !n.covers(q) {
			continue
		}
		w, ok := n.encloser(q).wildcard()
		if !ok {
			continue
		}
		for j := range d.nsec {
			m := &d.nsec[j]
			if (m.owner == w && m.types.lacks(w, typ) && !m.types.delegation()) || m.emptyNonTerminal(w) {
				v.wildcard = true
				return proven
			}
		}
	}
	if len(d.nsec3) > 0 {
		return d.noData3(q, typ, v)
	}
	return unproven
}

// expansion looks for proof that no name stands between q and the wildcard whose
// parent has so many labels.
func (d *denial) expansion(q name, labels int) outcome {
	for i := range d.nsec {
		n := &d.nsec[i]
		if n.covers(q) && !n.next.below(q) && n.encloser(q).labels() == labels {
			return proven
		}
	}
	if len(d.nsec3) > 0 {
		return d.expansion3(q, labels)
	}
	return unproven
}

// typeNXNAME says in a type bit map that the name does not exist (RFC 9824 section
// 2).
const typeNXNAME = 128
