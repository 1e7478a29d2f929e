package resolver

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// rrset is a record set with the signatures that came with it.
type rrset struct {
	owner name
	typ   uint16
	ttl   uint32   // the least of its records
	data  [][]byte // in the order received, duplicates removed
	sigs  []rrsig
	more  bool // there were more signatures than are looked at
}

// rrsig is a signature (RFC 4034 section 3.1).
type rrsig struct {
	covered    uint16
	algorithm  uint8
	labels     uint8
	origTTL    uint32
	expiration uint32
	inception  uint32
	keyTag     uint16
	signer     name
	ttl        uint32
	sig        []byte
}

func parseRRSIG(rr record) (rrsig, bool) {
	d := rr.data
	if len(d) < 20 {
		return rrsig{}, false
	}
	signer, rest, ok := cutName(d[18:])
	if !ok || len(rest) == 0 {
		return rrsig{}, false
	}
	return rrsig{
		covered: binary.BigEndian.Uint16(d), algorithm: d[2], labels: d[3],
		origTTL: binary.BigEndian.Uint32(d[4:]), expiration: binary.BigEndian.Uint32(d[8:]),
		inception: binary.BigEndian.Uint32(d[12:]), keyTag: binary.BigEndian.Uint16(d[16:]),
		signer: signer, ttl: rr.ttl, sig: rest,
	}, true
}

// cutName splits an uncompressed name off the front.
func cutName(b []byte) (n name, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < 255; {
		c := int(b[i])
		if c > 63 {
			break
		}
		if i += c + 1; c == 0 {
			return lowerName(b[:i]), b[i:], true
		}
	}
	return "", nil, false
}

// group gathers records into sets, each with its signatures. Records whose RDATA
// cannot be what their type says are left out.
func group(rrs []record) []*rrset {
	var sets []*rrset
	find := func(owner name, typ uint16) *rrset {
		for _, s := range sets {
			if s.typ == typ && s.owner == owner {
				return s
			}
		}
		return nil
	}
	for _, rr := range rrs {
		if rr.typ == dns.TypeRRSIG || !wellFormed(rr.typ, rr.data) {
			continue
		}
		s := find(rr.owner, rr.typ)
		if s == nil {
			s = &rrset{owner: rr.owner, typ: rr.typ, ttl: rr.ttl}
			sets = append(sets, s)
		}
		s.ttl = min(s.ttl, rr.ttl)
		if !slices.ContainsFunc(s.data, func(d []byte) bool { return bytes.Equal(d, rr.data) }) {
			s.data = append(s.data, rr.data)
		}
	}
	for _, rr := range rrs {
		if rr.typ != dns.TypeRRSIG {
			continue
		}
		sig, ok := parseRRSIG(rr)
		if !ok {
			continue
		}
		if s := find(rr.owner, sig.covered); s != nil {
			if len(s.sigs) >= maxSigs {
				s.more = true
				continue
			}
			s.sigs = append(s.sigs, sig)
			s.ttl = min(s.ttl, sig.origTTL) // RFC 4035 section 5.3.3
		}
	}
	return sets
}

// wellFormed reports whether RDATA of the types that the resolver itself relies
// on has their form. Other types are not looked into.
func wellFormed(typ uint16, d []byte) bool {
	switch typ {
	case dns.TypeA:
		return len(d) == 4
	case dns.TypeAAAA:
		return len(d) == 16
	case dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypePTR:
		_, rest, ok := cutName(d)
		return ok && len(rest) == 0
	case dns.TypeSOA:
		_, rest, ok := cutName(d)
		if ok {
			_, rest, ok = cutName(rest)
		}
		return ok && len(rest) == 20
	case dns.TypeMX:
		if len(d) < 3 {
			return false
		}
		_, rest, ok := cutName(d[2:])
		return ok && len(rest) == 0
	case dns.TypeDS, dns.TypeDNSKEY:
		return len(d) >= 5
	case dns.TypeNSEC:
		_, rest, ok := cutName(d)
		return ok && wellFormedBitmap(rest)
	case dns.TypeNSEC3:
		_, ok := parseNSEC3(d)
		return ok
	}
	return true
}

// size is about what a set takes in memory.
func (s *rrset) size() int {
	if s == nil {
		return 0
	}
	n := 96 + len(s.owner)
	for _, d := range s.data {
		n += 24 + len(d)
	}
	for i := range s.sigs {
		n += 88 + len(s.sigs[i].sig)
	}
	return n
}

// target is the name that a CNAME, DNAME or NS record points to.
func (s *rrset) target(i int) name {
	n, _, _ := cutName(s.data[i])
	return n
}

// canonicalData is the RDATA in canonical form (RFC 4034 section 6.2): names in
// lower case in the types listed there.
func canonicalData(typ uint16, d []byte) []byte {
	head, names, known := nameLayout(typ)
	if !known {
		return d
	}
	out := append([]byte(nil), d...)
	if typ == dns.TypeNAPTR {
		for range 3 {
			if head >= len(out) {
				return out
			}
			head += 1 + int(out[head])
		}
	}
	for range names {
		if head > len(out) {
			return out
		}
		n, _, ok := cutName(out[head:])
		if !ok {
			return out
		}
		head += copy(out[head:], n)
	}
	return out
}

// signedData is what a signature over the set covers (RFC 4034 section 3.1.8.1).
func (s *rrset) signedData(sig *rrsig) []byte {
	owner := s.owner
	if n := owner.labels(); int(sig.labels) < n {
		owner, _ = owner.last(int(sig.labels)).wildcard()
	}
	datas := make([][]byte, len(s.data))
	total := 18 + len(sig.signer)
	for i, d := range s.data {
		datas[i] = canonicalData(s.typ, d)
		total += len(owner) + 10 + len(d)
	}
	slices.SortFunc(datas, bytes.Compare) // RFC 4034 section 6.3
	datas = slices.CompactFunc(datas, bytes.Equal)

	b := make([]byte, 0, total)
	b = binary.BigEndian.AppendUint16(b, sig.covered)
	b = append(b, sig.algorithm, sig.labels)
	b = binary.BigEndian.AppendUint32(b, sig.origTTL)
	b = binary.BigEndian.AppendUint32(b, sig.expiration)
	b = binary.BigEndian.AppendUint32(b, sig.inception)
	b = binary.BigEndian.AppendUint16(b, sig.keyTag)
	b = append(b, sig.signer...)
	for _, d := range datas {
		b = append(b, owner...)
		b = binary.BigEndian.AppendUint16(b, s.typ)
		b = append(b, 0, dns.ClassINET)
		b = binary.BigEndian.AppendUint32(b, sig.origTTL)
		b = binary.BigEndian.AppendUint16(b, uint16(len(d))) // it came in 16 bits
		b = append(b, d...)
	}
	return b
}

// present is the presentation form of RDATA. A name that stands alone or at the
// end (NS, CNAME, MX, SRV …) is in lower case without final dot.
func present(typ uint16, d []byte) string {
	h := dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(d))} // it came in 16 bits
	c := canonicalData(typ, d)
	rr, n, err := dns.UnpackRRWithHeader(h, c, 0)
	if err != nil || n != len(c) {
		return unknownData(d)
	}
	if u, ok := rr.(*dns.RFC3597); ok {
		_ = u
		return unknownData(d)
	}
	s := strings.TrimPrefix(rr.String(), rr.Header().String())
	if _, names, ok := nameLayout(typ); ok && names > 0 && typ != dns.TypeRRSIG && typ != dns.TypeSOA {
		if s != "." && !strings.HasSuffix(s, " .") {
			s = strings.TrimSuffix(s, ".")
		}
	}
	return s
}

// unknownData writes RDATA as RFC 3597 section 5 does.
func unknownData(d []byte) string {
	const hexdigits = "0123456789ABCDEF"
	var b strings.Builder
	b.WriteString(`\# `)
	b.WriteString(strconv.Itoa(len(d)))
	if len(d) > 0 {
		b.WriteByte(' ')
	}
	for _, c := range d {
		b.WriteByte(hexdigits[c>>4])
		b.WriteByte(hexdigits[c&15])
	}
	return b.String()
}
