package resolver

import (
	"encoding/binary"
	"errors"

	"github.com/miekg/dns"
)

// message is a reply, as far as this resolver looks at it.
type message struct {
	id       uint16
	rcode    int // with the upper bits of the OPT record (RFC 6891 section 6.1.3)
	aa, tc   bool
	ra, ad   bool
	question []byte // name as it came, case kept
	qtype    uint16
	answer   []record
	auth     []record
	extra    []record
	edns     bool
	cookie   []byte // the COOKIE option, both parts (RFC 7873)
	ede      []ede  // RFC 8914
}

type ede struct {
	code uint16
	text string
}

// record is one resource record. data is its RDATA with names uncompressed and
// case kept.
type record struct {
	owner name
	typ   uint16
	ttl   uint32
	data  []byte
}

var (
	errShort    = errors.New("message ends early")
	errNotReply = errors.New("not a reply to this question")
	errGarbage  = errors.New("malformed message")
)

const (
	flagQR = 1 << 15
	flagAA = 1 << 10
	flagTC = 1 << 9
	flagRD = 1 << 8
	flagRA = 1 << 7
	flagAD = 1 << 5
	flagCD = 1 << 4
)

// query says what goes into a question.
type query struct {
	id     uint16
	flags  uint16
	qname  []byte // case as it is to be sent
	qtype  uint16
	edns   bool
	cookie []byte
}

// pack writes the message, with room for the length before it.
func (q *query) pack() []byte {
	b := make([]byte, 2, 2+12+len(q.qname)+4+11+4+len(q.cookie))
	b = binary.BigEndian.AppendUint16(b, q.id)
	b = binary.BigEndian.AppendUint16(b, q.flags)
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0)
	if q.edns {
		b[len(b)-1] = 1
	}
	b = append(b, q.qname...)
	b = binary.BigEndian.AppendUint16(b, q.qtype)
	b = append(b, 0, 1)
	if q.edns {
		b = append(b, 0, 0, byte(dns.TypeOPT))
		b = binary.BigEndian.AppendUint16(b, udpSize)
		b = append(b, 0, 0, 0x80, 0) // version 0, DO
		if len(q.cookie) == 0 {
			b = append(b, 0, 0)
		} else {
			b = binary.BigEndian.AppendUint16(b, uint16(4+len(q.cookie))) // at most 40 octets
			b = append(b, 0, dns.EDNS0COOKIE)
			b = binary.BigEndian.AppendUint16(b, uint16(len(q.cookie))) // at most 40 octets
			b = append(b, q.cookie...)
		}
	}
	binary.BigEndian.PutUint16(b, uint16(len(b)-2)) // a few hundred octets
	return b
}

// unpack reads a reply. A truncated one may end anywhere after the question.
func unpack(b []byte) (*message, error) {
	if len(b) < 12 {
		return nil, errShort
	}
	flags := binary.BigEndian.Uint16(b[2:])
	m := &message{
		id: binary.BigEndian.Uint16(b), rcode: int(flags & 15),
		aa: flags&flagAA != 0, tc: flags&flagTC != 0, ra: flags&flagRA != 0, ad: flags&flagAD != 0,
	}
	if flags&flagQR == 0 || flags>>11&15 != 0 {
		return nil, errNotReply
	}
	p := parser{msg: b, off: 12}
	switch qd := binary.BigEndian.Uint16(b[4:]); qd {
	case 0: // some servers leave it out when they refuse
	case 1:
		q, err := p.name()
		if err != nil {
			return nil, err
		}
		if p.off+4 > len(b) {
			return nil, errShort
		}
		if binary.BigEndian.Uint16(b[p.off+2:]) != dns.ClassINET {
			return nil, errNotReply
		}
		m.question, m.qtype = q, binary.BigEndian.Uint16(b[p.off:])
		p.off += 4
	default:
		return nil, errGarbage
	}
	for i, section := range []*[]record{&m.answer, &m.auth, &m.extra} {
		n := int(binary.BigEndian.Uint16(b[6+2*i:]))
		for range n {
			rr, class, err := p.record()
			if err != nil {
				if m.tc {
					return m, nil
				}
				return nil, err
			}
			if p.count++; p.count > maxRecords {
				return nil, errGarbage
			}
			if rr.typ == dns.TypeOPT && i == 2 {
				m.opt(rr)
				continue
			}
			if class == dns.ClassINET {
				*section = append(*section, rr)
			}
		}
	}
	return m, nil
}

func (m *message) opt(rr record) {
	m.edns = true
	m.rcode |= int(rr.ttl>>24) << 4
	for d := rr.data; len(d) >= 4; {
		code, n := binary.BigEndian.Uint16(d), int(binary.BigEndian.Uint16(d[2:]))
		if d = d[4:]; n > len(d) {
			return
		}
		switch {
		case code == dns.EDNS0COOKIE:
			m.cookie = d[:n]
		case code == dns.EDNS0EDE && n >= 2 && len(m.ede) < 8:
			m.ede = append(m.ede, ede{binary.BigEndian.Uint16(d), string(d[2:n])})
		}
		d = d[n:]
	}
}

// parser walks over a message.
type parser struct {
	msg   []byte
	off   int
	count int
}

// name reads a name, following compression pointers, which must lead backwards
// (RFC 1035 section 4.1.4).
func (p *parser) name() ([]byte, error) {
	var buf [255]byte
	n, off, least, jumped := 0, p.off, p.off, false
	for {
		if off >= len(p.msg) {
			return nil, errShort
		}
		c := int(p.msg[off])
		switch c & 0xC0 {
		case 0:
			if off+1+c > len(p.msg) {
				return nil, errShort
			}
			if n+1+c > len(buf) {
				return nil, errGarbage
			}
			n += copy(buf[n:], p.msg[off:off+1+c])
			off += 1 + c
			if c > 0 {
				continue
			}
			if !jumped {
				p.off = off
			}
			return append([]byte(nil), buf[:n]...), nil
		case 0xC0:
			if off+2 > len(p.msg) {
				return nil, errShort
			}
			to := c&0x3F<<8 | int(p.msg[off+1])
			if !jumped {
				p.off, jumped = off+2, true
			}
			if to >= least {
				return nil, errGarbage
			}
			off, least = to, to
		default:
			return nil, errGarbage
		}
	}
}

func (p *parser) record() (rr record, class uint16, err error) {
	owner, err := p.name()
	if err != nil {
		return rr, 0, err
	}
	if p.off+10 > len(p.msg) {
		return rr, 0, errShort
	}
	h := p.msg[p.off:]
	rr.owner, rr.typ, class = lowerName(owner), binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
	rr.ttl = binary.BigEndian.Uint32(h[4:])
	if rr.ttl > 1<<31-1 && rr.typ != dns.TypeOPT {
		rr.ttl = 0 // RFC 2181 section 8
	}
	n := int(binary.BigEndian.Uint16(h[8:]))
	p.off += 10
	end := p.off + n
	if end > len(p.msg) {
		return rr, 0, errShort
	}
	rr.data, err = p.rdata(rr.typ, end)
	p.off = end
	return rr, class, err
}

// rdata copies RDATA, expanding names in those types in which they may be
// compressed (RFC 3597 section 4).
func (p *parser) rdata(typ uint16, end int) ([]byte, error) {
	head, names, known := nameLayout(typ)
	if !known {
		return append([]byte(nil), p.msg[p.off:end]...), nil
	}
	if p.off+head > end {
		return nil, errGarbage
	}
	out := append(make([]byte, 0, end-p.off+32), p.msg[p.off:p.off+head]...)
	p.off += head
	if typ == dns.TypeNAPTR { // three character strings stand between
		for range 3 {
			if p.off >= end || p.off+1+int(p.msg[p.off]) > end {
				return nil, errGarbage
			}
			l := 1 + int(p.msg[p.off])
			out = append(out, p.msg[p.off:p.off+l]...)
			p.off += l
		}
	}
	for range names {
		n, err := p.name()
		if err != nil {
			return nil, err
		}
		if p.off > end {
			return nil, errGarbage
		}
		out = append(out, n...)
	}
	return append(out, p.msg[p.off:end]...), nil
}

// nameLayout says how many octets stand before the names in RDATA and how many
// names there are. These are the types whose names may be compressed and are in
// lower case in canonical form (RFC 4034 section 6.2 as changed by RFC 6840
// section 5.1).
func nameLayout(typ uint16) (head, names int, ok bool) {
	switch typ {
	case dns.TypeNS, dns.TypeMD, dns.TypeMF, dns.TypeCNAME, dns.TypeMB, dns.TypeMG, dns.TypeMR, dns.TypePTR, dns.TypeDNAME:
		return 0, 1, true
	case dns.TypeSOA, dns.TypeMINFO, dns.TypeRP:
		return 0, 2, true
	case dns.TypeMX, dns.TypeAFSDB, dns.TypeRT, dns.TypeKX:
		return 2, 1, true
	case dns.TypePX:
		return 2, 2, true
	case dns.TypeSRV:
		return 6, 1, true
	case dns.TypeNAPTR:
		return 4, 1, true
	case dns.TypeRRSIG:
		return 18, 1, true
	}
	return 0, 0, false
}
