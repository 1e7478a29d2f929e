package resolver

import (
	"bytes"
	"crypto/sha1" // the only hash of NSEC3 (RFC 5155 section 11)
	"encoding/base32"
	"encoding/binary"
	"strings"

	"github.com/miekg/dns"
)

// nsec3 is an NSEC3 record (RFC 5155 section 3).
type nsec3 struct {
	hash       uint8
	optOut     bool
	iterations uint16
	salt       []byte
	owner      [20]byte // hash of the name that it stands for
	next       [20]byte
	types      bitmap
}

var base32hex = base32.HexEncoding.WithPadding(base32.NoPadding)

func parseNSEC3(d []byte) (n nsec3, ok bool) {
	if len(d) < 5 {
		return n, false
	}
	n.hash, n.optOut, n.iterations = d[0], d[1]&1 != 0, binary.BigEndian.Uint16(d[2:])
	known := d[1]&^1 == 0 // RFC 5155 section 8.2: unknown flags make it useless
	sl := int(d[4])
	if d = d[5:]; len(d) < sl+1 {
		return n, false
	}
	n.salt, d = d[:sl], d[sl:]
	hl := int(d[0])
	if d = d[1:]; len(d) < hl || hl == 0 || !wellFormedBitmap(d[hl:]) {
		return n, false
	}
	if n.hash != 1 || hl != 20 || !known { // another hash: of no use, but not malformed
		n.hash = 0
	}
	copy(n.next[:], d[:hl])
	n.types = bitmap(d[hl:])
	return n, true
}

// place reads the hash from the owner name, which must be one label below the zone.
func (n *nsec3) place(owner, zone name) bool {
	if n.hash != 1 || owner == root || owner.parent() != zone {
		return false
	}
	h, err := base32hex.DecodeString(strings.ToUpper(owner.label()))
	return err == nil && copy(n.owner[:], h) == 20 && len(h) == 20
}

// hashOf is the hash of a name by the parameters of the first record.
func (d *denial) hashOf(n name) ([20]byte, bool) {
	if h, ok := d.hashed[n]; ok {
		return h, true
	}
	if d.work.hashes++; d.work.hashes > maxNSEC3Hashes {
		d.spent = true
		return [20]byte{}, false
	}
	p := &d.nsec3[0]
	h := hashName(n, p.iterations, p.salt)
	if d.hashed == nil {
		d.hashed = map[name][20]byte{}
	}
	d.hashed[n] = h
	return h, true
}

// hashName is the hash of RFC 5155 section 5.
func hashName(n name, iterations uint16, salt []byte) [20]byte {
	buf := append(append(make([]byte, 0, 300+len(salt)), n...), salt...)
	h := sha1.Sum(buf) // see the import
	for range iterations {
		buf = append(append(buf[:0], h[:]...), salt...)
		h = sha1.Sum(buf) // see the import
	}
	return h
}

// same reports whether the record has the parameters of the first: others are left
// out of account (RFC 5155 section 8.2).
func (d *denial) same(n *nsec3) bool {
	f := &d.nsec3[0]
	return n.iterations == f.iterations && bytes.Equal(n.salt, f.salt)
}

func (d *denial) match(n name) *nsec3 {
	h, ok := d.hashOf(n)
	if !ok {
		return nil
	}
	for i := range d.nsec3 {
		if d.nsec3[i].owner == h && d.same(&d.nsec3[i]) {
			return &d.nsec3[i]
		}
	}
	return nil
}

func (d *denial) cover(n name) *nsec3 {
	h, ok := d.hashOf(n)
	if !ok {
		return nil
	}
	for i := range d.nsec3 {
		r := &d.nsec3[i]
		if !d.same(r) {
			continue
		}
		above, under := bytes.Compare(r.owner[:], h[:]) < 0, bytes.Compare(h[:], r.next[:]) < 0
		if bytes.Compare(r.owner[:], r.next[:]) < 0 {
			if above && under {
				return r
			}
		} else if above || under { // the last one leads back to the first; h != owner is implied
			if r.owner != h {
				return r
			}
		}
	}
	return nil
}

// closest finds the closest encloser of q that is proven to exist, and the record
// that covers the next closer name (RFC 5155 section 8.3).
func (d *denial) closest(q name) (encloser name, next *nsec3, ok bool) {
	closer := q
	for n := q.parent(); n.under(d.zone); n = n.parent() {
		if m := d.match(n); m != nil {
			if m.types.hides() {
				return "", nil, false
			}
			next = d.cover(closer)
			return n, next, next != nil
		}
		if n == root {
			break
		}
		closer = n
	}
	return "", nil, false
}

func (d *denial) failed() outcome {
	if d.spent {
		return tooMuchWork
	}
	return unproven
}

func (d *denial) noName3(q name) outcome {
	if d.many {
		return tooManyIterations
	}
	if d.match(q) != nil {
		return d.failed()
	}
	ce, next, ok := d.closest(q)
	if !ok {
		return d.failed()
	}
	if w, fits := ce.wildcard(); fits && d.cover(w) == nil {
		return d.failed()
	}
	if next.optOut { // RFC 5155 section 9.2
		return provenOptOut
	}
	return proven
}

func (d *denial) noData3(q name, typ uint16, v *verdict) outcome {
	if d.many {
		return tooManyIterations
	}
	if m := d.match(q); m != nil {
		if !m.types.lacks(q, typ) {
			return unproven
		}
		v.delegated = m.types.delegation()
		v.nxname = m.types.has(typeNXNAME)
		return proven
	}
	ce, next, ok := d.closest(q)
	if !ok {
		return d.failed()
	}
	if w, fits := ce.wildcard(); fits { // RFC 5155 section 8.7
		if m := d.match(w); m != nil {
			if !m.types.lacks(w, typ) || m.types.delegation() {
				return unproven
			}
			v.wildcard = true
			if next.optOut {
				return provenOptOut
			}
			return proven
		}
	}
	if next.optOut { // RFC 5155 section 8.6: an unsigned delegation may stand there
		v.delegated = typ == dns.TypeDS
		return provenOptOut
	}
	return d.failed()
}

func (d *denial) expansion3(q name, labels int) outcome {
	if d.many {
		return tooManyIterations
	}
	if q.labels() <= labels {
		return unproven
	}
	n := d.cover(q.last(labels + 1))
	switch {
	case n == nil:
		return d.failed()
	case n.optOut:
		return provenOptOut
	}
	return proven
}
