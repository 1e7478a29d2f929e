package dnslab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Bounds of what a server keeps.
const (
	maxZones      = 4096     // zones made ready, besides those with Keep
	maxCacheBytes = 64 << 20 // answers as bytes
	maxUDP        = 1232     // bytes of a UDP answer, DNS flag day 2020
	plainUDP      = 512      // without EDNS, RFC 1035 section 2.3.4
)

// Server answers for all name servers of a World.
type Server struct {
	world World
	now   func() time.Time
	ring  keyring

	mu    sync.Mutex
	zones map[string]*zone // guarded by mu
	epoch int64            // the hour for which zones and cache hold; guarded by mu
	// rebound are names of which a Rebinding server gave the address; guarded by mu
	rebound map[rrKey]bool

	cache answerCache
}

// New makes a server.
func New(w World, now func() time.Time) *Server {
	return &Server{world: w, now: now, zones: map[string]*zone{}}
}

// TrustAnchor are the DS records of the root.
func (s *Server) TrustAnchor() ([]dns.RR, error) {
	root := s.world.Zone(".")
	if root == nil {
		return nil, fmt.Errorf("the lab has no root zone")
	}
	return s.ring.ds(".", root.Signing)
}

// zone returns a zone made ready.
func (s *Server) zone(spec *Spec) (*zone, error) {
	s.mu.Lock()
	z := s.zones[spec.Apex]
	s.mu.Unlock()
	if z != nil {
		return z, nil
	}
	z, err := s.build(spec)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.zones) >= maxZones {
		for apex, old := range s.zones {
			if !old.spec.Keep {
				delete(s.zones, apex)
				break
			}
		}
	}
	s.zones[spec.Apex] = z
	return z, nil
}

// renew forgets everything when an hour has passed, since signatures are dated.
func (s *Server) renew() {
	hour := s.now().Unix() / 3600
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == hour {
		return
	}
	s.epoch = hour
	clear(s.zones)
	s.cache.reset()
}

// Answer answers the message in query, which came in at a logical address. It returns
// nil when nothing is to be sent. The answer is appended to buf.
func (s *Server) Answer(buf, query []byte, at netip.Addr, tcp bool) []byte {
	host := s.world.At(at)
	if host == nil || len(query) < 12 || query[2]&0x80 != 0 {
		return nil
	}
	s.renew()
	if host.Behaviour == Well {
		if out, ok := s.cached(buf, query, host, tcp); ok {
			return out
		}
	}
	return s.compute(buf, query, host, tcp)
}

// compute builds an answer from scratch, and keeps it.
func (s *Server) compute(buf, query []byte, host *Host, tcp bool) []byte {
	var q dns.Msg
	if err := q.Unpack(query); err != nil || len(q.Question) != 1 {
		return formErr(buf, query)
	}
	asked := q.Question[0]
	name := dns.CanonicalName(asked.Name)
	opt := q.IsEdns0()
	do := opt != nil && opt.Do()

	m := new(dns.Msg)
	m.SetReply(&q)
	m.Question[0].Name = name // pack compresses against it; its spelling is put back at the end
	m.RecursionDesired = q.RecursionDesired
	m.Compress = true
	if opt != nil {
		m.SetEdns0(maxUDP, do)
	}
	if q.Opcode != dns.OpcodeQuery {
		m.Rcode = dns.RcodeNotImplemented
		return pack(buf, m)
	}
	if asked.Qclass != dns.ClassINET {
		m.Rcode = dns.RcodeRefused
		return pack(buf, m)
	}
	if host.Behaviour != Well {
		if out, done := s.misbehave(buf, query, m, &q, host, name, tcp); done {
			return out
		}
	}
	s.fillMessage(m, host, name, asked.Qtype, do)
	limit := 65535
	if !tcp {
		limit = plainUDP
		if opt != nil {
			limit = min(max(int(opt.UDPSize()), plainUDP), maxUDP)
		}
	}
	out := pack(buf, m)
	if len(out)-len(buf) > limit {
		m.Answer, m.Ns, m.Extra, m.Truncated = nil, nil, nil, true
		if opt != nil {
			m.SetEdns0(maxUDP, do)
		}
		out = pack(buf, m)
	}
	spell(out[len(buf):], query)
	if host.Behaviour == Well {
		s.keep(query, host, tcp, out[len(buf):])
	}
	return out
}

// spell puts the question back as the asker spelt it.
func spell(answer, query []byte) {
	end := 12
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	if end < len(query) && end < len(answer) {
		copy(answer[12:end], query[12:end])
	}
}

// fillMessage puts the answer to a question into a message.
func (s *Server) fillMessage(m *dns.Msg, host *Host, name string, qtype uint16, do bool) {
	r, err := s.resolve(host, name, qtype, do)
	if err != nil {
		m.Rcode = dns.RcodeServerFailure
		if o := m.IsEdns0(); o != nil { // say what is wrong with the lab itself
			o.Option = append(o.Option, &dns.EDNS0_EDE{InfoCode: dns.ExtendedErrorCodeOther, ExtraText: err.Error()})
		}
		return
	}
	m.Rcode, m.Authoritative = r.rcode, r.authoritative
	m.Answer, m.Ns = r.answer, r.authority
	m.Extra = append(r.extra, m.Extra...)
}

func pack(buf []byte, m *dns.Msg) []byte {
	out, err := m.Pack()
	if err != nil {
		m.Answer, m.Ns, m.Extra, m.Rcode = nil, nil, nil, dns.RcodeServerFailure
		if out, err = m.Pack(); err != nil {
			return nil
		}
	}
	return append(buf, out...)
}

// formErr answers what cannot be read: the header back, with code 1.
func formErr(buf, query []byte) []byte {
	out := append(buf, query[:12]...)
	h := out[len(buf):]
	h[2] = h[2]&0x79 | 0x80
	h[3] = dns.RcodeFormatError
	binary.BigEndian.PutUint64(h[4:], 0)
	return out
}
