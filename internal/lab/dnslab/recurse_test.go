package dnslab

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// recursed asks the recursive resolver.
func recursed(t *testing.T, s *Server, dead []string, name string, qtype uint16, do bool) *dns.Msg {
	t.Helper()
	q := new(dns.Msg)
	q.SetQuestion(name, qtype)
	if do {
		q.SetEdns0(4096, true)
	}
	wire, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	reply := s.Recurse(nil, wire, true, func(ns string) []netip.Addr {
		for _, d := range dead {
			if ns == d {
				return nil
			}
		}
		if h := s.world.Host(ns); h != nil {
			return h.Addrs
		}
		return nil
	})
	m := new(dns.Msg)
	if err := m.Unpack(reply); err != nil {
		t.Fatal(err)
	}
	if !m.RecursionAvailable || !m.RecursionDesired || m.Authoritative || m.AuthenticatedData || m.Question[0].Name != name {
		t.Errorf("%s: header %+v, question %v", name, m.MsgHdr, m.Question)
	}
	return m
}

func kinds(rrs []dns.RR) string {
	var list []string
	for _, rr := range rrs {
		list = append(list, dns.TypeToString[rr.Header().Rrtype])
	}
	return strings.Join(list, " ")
}

func TestRecursionFollowsAliasesAndDelegations(t *testing.T) {
	s := server(Well)
	m := recursed(t, s, nil, "alias.z.test.", dns.TypeA, true)
	if m.Rcode != dns.RcodeSuccess || kinds(m.Answer) != "CNAME RRSIG A RRSIG" {
		t.Errorf("alias with DO: %s, %s", dns.RcodeToString[m.Rcode], kinds(m.Answer))
	}
	m = recursed(t, s, nil, "Alias.z.TEST.", dns.TypeA, false) // its spelling comes back
	if m.Rcode != dns.RcodeSuccess || kinds(m.Answer) != "CNAME A" {
		t.Errorf("alias without DO: %s, %s", dns.RcodeToString[m.Rcode], kinds(m.Answer))
	}
	m = recursed(t, s, nil, "x.wild.z.test.", dns.TypeTXT, true)
	if kinds(m.Answer) != "TXT RRSIG" || !strings.Contains(kinds(m.Ns), "NSEC") {
		t.Errorf("wildcard: %s, proof %s", kinds(m.Answer), kinds(m.Ns))
	}
	m = recursed(t, s, nil, "none.z.test.", dns.TypeA, true)
	if m.Rcode != dns.RcodeNameError || !strings.Contains(kinds(m.Ns), "SOA") || !strings.Contains(kinds(m.Ns), "NSEC") {
		t.Errorf("denial: %s, %s", dns.RcodeToString[m.Rcode], kinds(m.Ns))
	}
	m = recursed(t, s, nil, "z.test.", dns.TypeDS, true)
	if kinds(m.Answer) != "DS RRSIG" {
		t.Errorf("DS of a cut: %s", kinds(m.Answer))
	}
}

func TestRecursionIsSERVFAILWhenNobodyAnswers(t *testing.T) {
	m := recursed(t, server(Mute), []string{"ns1.test."}, "www.z.test.", dns.TypeA, false)
	if m.Rcode != dns.RcodeServerFailure || len(m.Answer) > 0 {
		t.Errorf("one dead, one mute: %s, %s", dns.RcodeToString[m.Rcode], kinds(m.Answer))
	}
}

func TestRecursionPassesLiesBy(t *testing.T) {
	for _, b := range []Behaviour{Refusing, Failing, Lame, Mute, WrongID, WrongName, Garbage, PointerLoop, NotImp, NoEDNS, Truncating, UDPOnly, Poisoning} {
		s := server(b)
		s.world.Zone("z.test.").NS = []string{"ns2.test.", "ns1.test."} // the odd one first
		m := recursed(t, s, nil, "www.z.test.", dns.TypeA, false)
		if m.Rcode != dns.RcodeSuccess || kinds(m.Answer) != "A" || len(m.Ns) > 0 {
			t.Errorf("%s: %s, %s, %s", b, dns.RcodeToString[m.Rcode], kinds(m.Answer), kinds(m.Ns))
		}
	}
}

func FuzzRecurse(f *testing.F) {
	s := server(Well)
	m := new(dns.Msg)
	m.SetQuestion("alias.z.test.", dns.TypeA)
	wire, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wire)
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		reply := s.Recurse(nil, b, false, func(string) []netip.Addr { return []netip.Addr{addr} })
		if len(reply) > maxUDP {
			t.Errorf("%d bytes over UDP", len(reply))
		}
	})
}
