package resolver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

func TestUpstreamIsTakenAtItsWord(t *testing.T) {
	for _, tc := range []struct {
		what   string
		answer func(q, m *dns.Msg)
		want   string
	}{
		{"AD", func(_, m *dns.Msg) { m.AuthenticatedData = true }, "NOERROR secure CNAME>b.nl 192.0.2.1"},
		{"no AD", func(_, _ *dns.Msg) {}, "NOERROR indeterminate/not_validating 5 . gap=unvalidated CNAME>b.nl 192.0.2.1"},
		{"no AD, but for the root", func(q, m *dns.Msg) { m.AuthenticatedData = q.Question[0].Name == "." }, "NOERROR insecure/upstream CNAME>b.nl 192.0.2.1"},
		{"SERVFAIL unless CD", func(q, m *dns.Msg) {
			if !q.CheckingDisabled {
				m.Rcode, m.Answer = dns.RcodeServerFailure, nil
				o := m.IsEdns0()
				o.Option = append(o.Option, &dns.EDNS0_EDE{InfoCode: 7, ExtraText: "too\x00late"})
			}
		}, "NOERROR bogus/expired 7 . CNAME>b.nl 192.0.2.1"},
		{"SERVFAIL unless CD, without a reason", func(q, m *dns.Msg) {
			if !q.CheckingDisabled {
				m.Rcode, m.Answer = dns.RcodeServerFailure, nil
			}
		}, "NOERROR bogus/bogus 6 . CNAME>b.nl 192.0.2.1"},
		{"SERVFAIL at first only", func() func(q, m *dns.Msg) {
			asked := 0
			return func(_, m *dns.Msg) {
				if asked++; asked == 1 {
					m.Rcode, m.Answer = dns.RcodeServerFailure, nil
				}
				m.AuthenticatedData = asked > 1
			}
		}(), "NOERROR secure CNAME>b.nl 192.0.2.1"},
		{"SERVFAIL unless CD, since the servers were not heard", func(q, m *dns.Msg) {
			if !q.CheckingDisabled {
				m.Rcode, m.Answer = dns.RcodeServerFailure, nil
				m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: 22}}
			}
		}, "- indeterminate/unreachable 22 . gap=timeout"},
		{"SERVFAIL", func(_, m *dns.Msg) { m.Rcode, m.Answer = dns.RcodeServerFailure, nil }, "SERVFAIL indeterminate/refuses 22 . gap=dns"},
		{"EDE outranks AD", func(_, m *dns.Msg) {
			m.AuthenticatedData = true
			m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: 10}}
		}, "NOERROR bogus/no_rrsig 10 . CNAME>b.nl 192.0.2.1"},
		{"NXDOMAIN", func(q, m *dns.Msg) {
			m.Rcode, m.Answer, m.AuthenticatedData = dns.RcodeNameError, nil, q.Question[0].Name == "."
		}, "NXDOMAIN insecure/upstream"},
		{"a server of the root: referrals", func(_, m *dns.Msg) {
			ns, _ := dns.NewRR("nl. 300 NS ns1.dns.nl.")
			m.RecursionAvailable, m.Answer, m.Ns = false, nil, []dns.RR{ns}
		}, "- indeterminate/not_recursing 21 . gap=no_recursion"},
		{"a server of the zone: its own answer", func(_, m *dns.Msg) {
			m.RecursionAvailable, m.Authoritative = false, true
		}, "- indeterminate/not_recursing 21 . gap=no_recursion"},
		{"a server of the zone: its own denial", func(_, m *dns.Msg) {
			soa, _ := dns.NewRR("nl. 300 SOA ns1.dns.nl. a. 1 2 3 4 5")
			m.RecursionAvailable, m.Authoritative, m.Answer, m.Ns, m.Rcode = false, true, nil, []dns.RR{soa}, dns.RcodeNameError
		}, "- indeterminate/not_recursing 21 . gap=no_recursion"},
		{"does not recurse for us, and says so", func(_, m *dns.Msg) {
			m.RecursionAvailable, m.Answer, m.Rcode = false, nil, dns.RcodeRefused
		}, "REFUSED indeterminate/refuses 22 . gap=dns"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			up := netip.MustParseAddrPort("192.0.2.53:53")
			r, err := New(Config{Upstream: up, Dial: func(_ context.Context, _, network string, a netip.AddrPort) (net.Conn, error) {
				if a != up {
					t.Errorf("asked %v", a)
				}
				return &memConn{tcp: network == "tcp", reply: func(_ bool, b []byte) []byte {
					q, m := &dns.Msg{}, &dns.Msg{}
					if err := q.Unpack(b); err != nil {
						t.Error(err)
					}
					m.SetReply(q)
					m.RecursionAvailable = true
					m.SetEdns0(1232, true)
					c, _ := dns.NewRR("a.nl. 300 CNAME b.nl.")
					a, _ := dns.NewRR("b.nl. 300 A 192.0.2.1")
					m.Answer = []dns.RR{c, a}
					tc.answer(q, m)
					out, _ := m.Pack()
					return out
				}}, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, r, "a.nl", "A", tc.want)
		})
	}
}

// recursor answers as a validating resolver does, from what an iterative one finds: AD,
// SERVFAIL with the reason unless CD is set, and all records that prove it.
func recursor(r *Resolver, q *dns.Msg) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable = true
	m.SetEdns0(1232, true)
	t, cancel := r.task(context.Background(), "recursor")
	defer cancel()
	at := question{mustName(q.Question[0].Name), q.Question[0].Qtype}
	fail := func(code uint16) *dns.Msg {
		m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil
		m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: code}}
		return m
	}
	m.AuthenticatedData = true
	for range 11 {
		rep, err := t.resolve(at.name, at.typ)
		if err != nil {
			p, _, _ := t.explain(at, err)
			return fail(p.EDE)
		}
		rep, v := t.validate(rep)
		if v.security == fact.Bogus && !q.CheckingDisabled {
			return fail(v.problem.EDE)
		}
		if v.security == fact.Indeterminate && !q.CheckingDisabled {
			return fail(dns.ExtendedErrorCodeNoReachableAuthority)
		}
		m.AuthenticatedData = m.AuthenticatedData && v.security == fact.Secure && !q.CheckingDisabled
		if rep.set != nil {
			m.Answer = append(m.Answer, rep.set.unpacked()...)
		}
		for _, s := range rep.auth {
			if s.typ != dns.TypeNS {
				m.Ns = append(m.Ns, s.unpacked()...)
			}
		}
		if rep.kind == aliased {
			if rep.set.typ == dns.TypeDNAME {
				m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: dns.Fqdn(at.name.String()), Rrtype: dns.TypeCNAME, Class: 1, Ttl: 300}, Target: dns.Fqdn(rep.target.String())})
			}
			if at.typ == dns.TypeCNAME {
				return m
			}
			at.name = rep.target
			continue
		}
		if m.Rcode = rep.rcode; v.rcode >= 0 {
			m.Rcode = v.rcode
		}
		return m
	}
	return fail(dns.ExtendedErrorCodeOther)
}

// unpacked gives a set and its signatures in the form of the library.
func (s *rrset) unpacked() []dns.RR {
	var l []dns.RR
	add := func(typ uint16, data []byte) {
		rr, _, err := dns.UnpackRRWithHeader(dns.RR_Header{Name: dns.Fqdn(s.owner.String()), Rrtype: typ, Class: 1, Ttl: s.ttl, Rdlength: uint16(len(data))}, data, 0)
		if err != nil {
			panic(err)
		}
		l = append(l, rr)
	}
	for _, d := range s.data {
		add(s.typ, d)
	}
	for i := range s.sigs {
		g := &s.sigs[i]
		one := rrset{owner: s.owner, typ: s.typ}
		add(dns.TypeRRSIG, append(one.signedData(g), g.sig...))
	}
	return l
}

// TestTheSameComesThroughAResolver plays each fault of TestEachFaultIsNamed and asks once
// itself and once by way of a resolver that validates.
func TestTheSameComesThroughAResolver(t *testing.T) {
	for _, tc := range faults {
		t.Run(tc.what, func(t *testing.T) {
			w := newWorld(t)
			w.zone("nl", 13)
			z := w.zone("example.nl", 13, "www A 192.0.2.1")
			tc.fault(w, z)
			direct := w.build()
			up := netip.MustParseAddrPort("192.0.2.53:53")
			through := func(_ context.Context, _, network string, _ netip.AddrPort) (net.Conn, error) {
				return &memConn{tcp: network == "tcp", reply: func(tcp bool, b []byte) []byte {
					q := new(dns.Msg)
					if err := q.Unpack(b); err != nil {
						t.Error(err)
					}
					m := recursor(direct, q)
					if m.Compress = true; !tcp {
						m.Truncate(1232)
					}
					out, err := m.Pack()
					if err != nil {
						t.Error(err)
					}
					return out
				}}, nil
			}
			r := w.again(func(c *Config) { c.Upstream, c.Dial = up, through })
			ctx := context.Background()
			for _, n := range []string{tc.name, "nope.example.nl", "example.nl"} {
				ours, theirs := direct.Lookup(ctx, n, tc.typ), r.Lookup(ctx, n, tc.typ)
				if theirs.TTL > 1<<30 {
					t.Errorf("%s %s: TTL %d", n, tc.typ, theirs.TTL)
				}
				if ours.Security == fact.Indeterminate && theirs.Security == fact.Indeterminate {
					continue // a resolver says SERVFAIL whatever the servers said
				}
				if disputed[tc.what] == "link" {
					ours.Problem, theirs.Problem = nil, nil
				}
				if a, b := told(ours), told(theirs); a != b {
					t.Errorf("%s %s:\n itself  %s\n through %s", n, tc.typ, a, b)
				}
			}
			for _, n := range []string{"example.nl", "nl", "."} {
				ours, theirs := direct.Zone(ctx, n), r.Zone(ctx, n)
				ours.ParentNS, theirs.ParentNSGap = nil, "" // a resolver cannot tell
				if ours.Security == fact.Indeterminate && theirs.Security == fact.Indeterminate && ours.Gap != "" && theirs.Gap != "" {
					continue
				}
				if disputed[tc.what] == "link" {
					ours.Problem, theirs.Problem = nil, nil
				}
				if !reflect.DeepEqual(ours, theirs) {
					t.Errorf("zone %s:\n itself  %+v %+v\n through %+v %+v", n, ours, ours.Problem, theirs, theirs.Problem)
				}
			}
		})
	}
}

// told is what of a look-up must be the same whoever tells it.
func told(l fact.Lookup) string {
	l.Aliases = slices.Clone(l.Aliases)
	s := fmt.Sprintf("%s %s %s zone=%s gap=%s %v", l.RCode, l.Security, l.Unsigned, l.Zone, l.Gap, l.Wildcard)
	if l.Problem != nil {
		s += fmt.Sprintf(" EDE %d %s zone %s %s %s key %d", l.Problem.EDE, l.Problem.Code, l.Problem.Zone, l.Problem.Name, l.Problem.Type, l.Problem.KeyTag)
	}
	for _, a := range l.Aliases {
		s += fmt.Sprintf(" %s>%s %s %s %s", a.From, a.To, a.Zone, a.Security, a.Unsigned)
	}
	for _, r := range l.Records {
		s += " " + r.Data
	}
	return s
}
