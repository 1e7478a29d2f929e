package dnslab

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// Bounds of one recursive answer.
const (
	maxReferrals = 32 // steps down the tree for one name
	maxAliases   = 16 // CNAME and DNAME links
)

// Recurse answers a question as a recursive resolver does (RFC 1034 section 5.3.3), for
// programs that know nothing of the lab: it starts at the root and asks the lab's own
// name servers, by their messages, misbehaviour included. alive gives the addresses at
// which a name server answers at all. It does not validate: the records of DNSSEC are
// passed through, AD is never set, and a broken chain of trust is the asker's to find.
// What no server answers is SERVFAIL.
func (s *Server) Recurse(buf, query []byte, tcp bool, alive func(ns string) []netip.Addr) []byte {
	if len(query) < 12 || query[2]&0x80 != 0 {
		return nil
	}
	var q dns.Msg
	if err := q.Unpack(query); err != nil || len(q.Question) != 1 {
		return formErr(buf, query)
	}
	s.renew()
	asked := q.Question[0]
	opt := q.IsEdns0()
	do := opt != nil && opt.Do()
	m := new(dns.Msg)
	m.SetReply(&q)
	m.Question[0].Name = dns.CanonicalName(asked.Name)
	m.RecursionAvailable, m.CheckingDisabled, m.Compress = true, q.CheckingDisabled, true
	limit := 65535
	if !tcp {
		limit = plainUDP
		if opt != nil {
			limit = min(max(int(opt.UDPSize()), plainUDP), maxUDP)
		}
	}
	switch {
	case q.Opcode != dns.OpcodeQuery:
		m.Rcode = dns.RcodeNotImplemented
	case asked.Qclass != dns.ClassINET:
		m.Rcode = dns.RcodeRefused
	default:
		w := walker{s: s, alive: alive, qtype: asked.Qtype, do: do, out: m}
		w.follow(m.Question[0].Name)
	}
	if opt != nil {
		m.SetEdns0(maxUDP, do)
	}
	out := pack(buf, m)
	if len(out)-len(buf) > limit {
		m.Answer, m.Ns, m.Truncated = nil, nil, true
		out = pack(buf, m)
	}
	if len(out) > len(buf) {
		spell(out[len(buf):], query)
	}
	return out
}

// walker gathers one recursive answer.
type walker struct {
	s     *Server
	alive func(string) []netip.Addr
	qtype uint16
	do    bool
	out   *dns.Msg
}

// follow fills the message for a name, link by link.
func (w *walker) follow(name string) {
	seen := map[string]bool{}
	for len(seen) < maxAliases && !seen[name] {
		seen[name] = true
		m := w.descend(name)
		if m == nil {
			break
		}
		next, found := w.take(m, name)
		if !found { // a denial
			w.out.Rcode = m.Rcode
			w.out.Ns = m.Ns
			return
		}
		if next == "" {
			for _, rr := range m.Ns { // what proves that a wildcard may answer
				if t := typeOf(rr); t == dns.TypeNSEC || t == dns.TypeNSEC3 {
					w.out.Ns = append(w.out.Ns, rr)
				}
			}
			return
		}
		name = next
	}
	w.out.Answer, w.out.Ns, w.out.Rcode = nil, nil, dns.RcodeServerFailure
}

// typeOf is the type of a record, or the type that a signature covers.
func typeOf(rr dns.RR) uint16 {
	if sig, ok := rr.(*dns.RRSIG); ok {
		return sig.TypeCovered
	}
	return rr.Header().Rrtype
}

// take copies what a message says of one name, and nothing else that it may contain. It
// returns the target of an alias, or "" when the answer is complete.
func (w *walker) take(m *dns.Msg, name string) (next string, found bool) {
	for _, rr := range m.Answer {
		owner := dns.CanonicalName(rr.Header().Name)
		t := typeOf(rr)
		switch {
		case owner == name && (t == w.qtype || t == dns.TypeCNAME || w.qtype == dns.TypeANY || rr.Header().Rrtype == w.qtype):
		case t == dns.TypeDNAME && owner != name && dns.IsSubDomain(owner, name):
		default:
			continue
		}
		w.out.Answer = append(w.out.Answer, rr)
		found = true
		if c, ok := rr.(*dns.CNAME); ok && w.qtype != dns.TypeCNAME && w.qtype != dns.TypeANY {
			next = dns.CanonicalName(c.Target)
		}
	}
	return next, found
}

// descend asks from the root down until a server answers or denies the name; nil when
// none does.
func (w *walker) descend(name string) *dns.Msg {
	root := w.s.world.Zone(".")
	if root == nil {
		return nil
	}
	zone, servers := ".", root.NS
	for range maxReferrals {
		m, cut := w.askAny(servers, zone, name)
		if m == nil || cut == "" {
			return m
		}
		zone, servers = cut, nil
		for _, rr := range m.Ns {
			if ns, ok := rr.(*dns.NS); ok && dns.CanonicalName(ns.Hdr.Name) == cut {
				servers = append(servers, dns.CanonicalName(ns.Ns))
			}
		}
	}
	return nil
}

// askAny asks the servers of a zone one after the other, until one gives an answer, a
// denial or a referral further down, which is then named.
func (w *walker) askAny(servers []string, zone, name string) (m *dns.Msg, cut string) {
	for _, ns := range servers {
		for _, at := range w.alive(ns) {
			m := w.ask(at, name)
			if m == nil || m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
				continue
			}
			if len(m.Answer) > 0 || m.Authoritative || m.Rcode == dns.RcodeNameError {
				return m, ""
			}
			for _, rr := range m.Ns {
				owner := dns.CanonicalName(rr.Header().Name)
				if rr.Header().Rrtype == dns.TypeSOA {
					return m, ""
				}
				if rr.Header().Rrtype == dns.TypeNS && owner != zone && dns.IsSubDomain(zone, owner) && dns.IsSubDomain(owner, name) {
					return m, owner
				}
			}
		}
	}
	return nil, ""
}

// ask puts one question to the name server at an address: over UDP, over TCP when that is
// cut short, without EDNS when it knows none.
func (w *walker) ask(at netip.Addr, name string) *dns.Msg {
	var q dns.Msg
	q.SetQuestion(name, w.qtype)
	q.RecursionDesired = false
	q.SetEdns0(maxUDP, w.do)
	tcp := false
	for range 3 {
		wire, err := q.Pack()
		if err != nil {
			return nil
		}
		reply := w.s.Answer(nil, wire, at, tcp)
		m := new(dns.Msg)
		if reply == nil || m.Unpack(reply) != nil || m.Id != q.Id || len(m.Question) != 1 || !strings.EqualFold(m.Question[0].Name, name) {
			return nil
		}
		switch {
		case m.Truncated && !tcp:
			tcp = true
		case m.Rcode == dns.RcodeFormatError && len(q.Extra) > 0:
			q.Extra = nil
		default:
			return m
		}
	}
	return nil
}
