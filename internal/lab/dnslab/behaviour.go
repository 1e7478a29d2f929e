package dnslab

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// misbehave answers as a bad name server does. It reports false when the question is
// to be answered as usual.
func (s *Server) misbehave(buf, query []byte, m, q *dns.Msg, host *Host, name string, tcp bool) ([]byte, bool) {
	qtype := q.Question[0].Qtype
	do := q.IsEdns0() != nil && q.IsEdns0().Do()
	switch host.Behaviour {
	case Refusing:
		m.Rcode = dns.RcodeRefused
	case Failing:
		m.Rcode = dns.RcodeServerFailure
	case NotImp:
		m.Rcode = dns.RcodeNotImplemented
	case Mute:
		return nil, true
	case Lame:
		if root := s.world.Zone("."); root != nil {
			for _, ns := range root.NS {
				m.Ns = append(m.Ns, nsRecord(".", ns))
			}
		}
	case Truncating:
		if tcp {
			return nil, false
		}
		m.Authoritative, m.Truncated = true, true
	case UDPOnly:
		return nil, tcp
	case NoEDNS:
		if q.IsEdns0() == nil {
			return nil, false
		}
		m.Rcode, m.Extra = dns.RcodeFormatError, nil
	case WrongID:
		s.fillMessage(m, host, name, qtype, do)
		m.Id ^= 0x5555
	case WrongName:
		s.fillMessage(m, host, name, qtype, do)
		m.Question[0].Name = "other." + strings.TrimPrefix(name, ".")
	case Forging:
		if qtype != dns.TypeA && qtype != dns.TypeAAAA {
			return nil, false
		}
		m.Authoritative = true
		if qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{Hdr: header(name, dns.TypeA, dataTTL), A: net.IPv4(22, 22, 22, 22).To4()}}
		} else {
			m.Answer = []dns.RR{&dns.AAAA{Hdr: header(name, dns.TypeAAAA, dataTTL), AAAA: net.ParseIP("2a1f:ffff::22")}}
		}
	case Poisoning:
		s.fillMessage(m, host, name, qtype, do)
		m.Answer = append(m.Answer, &dns.A{Hdr: header("www.perfect.example.nl.", dns.TypeA, 86400), A: net.IPv4(22, 22, 22, 22).To4()})
		m.Ns = append(m.Ns, nsRecord("nl.", "ns.poison.test."))
		m.Extra = append(m.Extra, &dns.A{Hdr: header("ns.poison.test.", dns.TypeA, 86400), A: net.IPv4(22, 22, 22, 22).To4()})
	case Garbage:
		return append(buf, strings.Repeat("\xff\x00garbage", 20)...), true
	case PointerLoop:
		return append(buf, pointerLoop(q.Id)...), true
	case HugeAnswer:
		if !tcp {
			m.Truncated = true
			break
		}
		for i := range 230 {
			m.Answer = append(m.Answer, &dns.TXT{Hdr: header(name, dns.TypeTXT, dataTTL), Txt: []string{fmt.Sprintf("%0255d", i)}})
		}
	case Recursing:
		m.RecursionAvailable = true
		s.fillMessage(m, host, name, qtype, do)
		m.Authoritative = false
	case Rebinding:
		s.fillMessage(m, host, name, qtype, do)
		s.rebind(m, name, qtype)
	default:
		return nil, false
	}
	out := pack(buf, m)
	if host.Behaviour != WrongName && len(out) > len(buf) {
		spell(out[len(buf):], query)
	}
	return out, true
}

// maxRebound bounds the names that rebinding remembers.
const maxRebound = 1000

// rebind takes the time to live away from addresses, and from the second time on that a
// name is asked for puts loopback in their place.
func (s *Server) rebind(m *dns.Msg, name string, qtype uint16) {
	if qtype != dns.TypeA && qtype != dns.TypeAAAA {
		return
	}
	key := rrKey{name, qtype}
	s.mu.Lock()
	again := s.rebound[key]
	if s.rebound == nil || len(s.rebound) >= maxRebound {
		s.rebound = map[rrKey]bool{}
	}
	s.rebound[key] = true
	s.mu.Unlock()
	for i, rr := range m.Answer {
		c := dns.Copy(rr)
		c.Header().Ttl = 0
		switch a := c.(type) {
		case *dns.A:
			if again {
				a.A = net.IPv4(127, 0, 0, 1).To4()
			}
		case *dns.AAAA:
			if again {
				a.AAAA = net.IPv6loopback
			}
		}
		m.Answer[i] = c
	}
}

// pointerLoop is an answer whose only record is owned by a name that points to itself
// (RFC 1035 section 4.1.4 gone wrong).
func pointerLoop(id uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0)
	b = append(b, 0xc0, 12, 0, 1, 0, 1) // the question's name is a pointer to itself
	return append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 22, 22, 22, 22)
}
