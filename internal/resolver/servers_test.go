package resolver

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// What servers are like: each of these zones has one server, or two of which the second
// is as told.

func TestServersThatAreOdd(t *testing.T) {
	for _, tc := range []struct {
		what string
		make func(w *world, z *zone)
		want string
	}{
		{"answers over UDP alone", func(_ *world, z *zone) {
			z.raw = func(_ dns.Question, tcp bool, b []byte) []byte {
				if tcp {
					return nil
				}
				return b
			}
		}, good},
		// RFC 7766 section 5 lets a client ask over TCP after silence, and no resolver that
		// people use does.
		{"answers over TCP alone", func(_ *world, z *zone) {
			z.raw = func(_ dns.Question, tcp bool, b []byte) []byte {
				if tcp {
					return b
				}
				return nil
			}
		}, "- indeterminate/unreachable 22 example.nl gap=timeout"},
		{"always truncates over UDP", func(_ *world, z *zone) {
			z.raw = func(_ dns.Question, tcp bool, b []byte) []byte {
				if !tcp {
					b[2] |= 2
				}
				return b
			}
		}, good},
		{"truncates, and has no TCP", func(_ *world, z *zone) {
			z.raw = func(_ dns.Question, tcp bool, b []byte) []byte {
				if tcp {
					return nil
				}
				b[2] |= 2
				return b
			}
		}, "- indeterminate/unreachable 22 example.nl gap=timeout"},
		// Flag day 2019: silence is not answered by leaving EDNS out.
		{"drops questions with EDNS", func(w *world, z *zone) {
			z.raw = func(_ dns.Question, _ bool, b []byte) []byte {
				var m dns.Msg
				if m.Unpack(b) == nil && m.IsEdns0() != nil {
					return nil
				}
				return b
			}
		}, "- indeterminate/unreachable 22 example.nl gap=timeout"},
		{"has a second name that does not exist", func(_ *world, z *zone) { z.add("@ NS gone.nowhere.") }, good},
		{"has a second name whose servers lead back here", func(w *world, z *zone) {
			w.zone("circle.nl", 13)
			c := w.zones["circle.nl."]
			c.rrs = slices.DeleteFunc(c.rrs, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS })
			c.add("@ NS ns9.example.nl.")
			z.add("@ NS ns.circle.nl.")
		}, good},
		{"has a second name that is an alias", func(_ *world, z *zone) { z.add("@ NS alias.example.nl.", "alias CNAME ns") }, good},
		{"has no glue for names elsewhere", func(w *world, z *zone) {
			p := w.zone("provider.nl", 13)
			p.add("dns A " + z.addr.String())
			z.rrs = slices.DeleteFunc(z.rrs, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS })
			z.add("@ NS dns.provider.nl.")
		}, good},
	} {
		t.Run(tc.what, func(t *testing.T) {
			for range 4 { // whichever server is asked first
				w := newWorld(t)
				w.zone("nl", 13)
				z := w.zone("example.nl", 13, "www A 192.0.2.1")
				tc.make(w, z)
				expect(t, w.build(), "www.example.nl", "A", tc.want)
			}
		})
	}
}

func TestOneServerOfTwoIsBroken(t *testing.T) {
	for what, spoil := range map[string]func(m *dns.Msg){
		"SERVFAIL": func(m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil },
		"REFUSED":  func(m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeRefused, nil, nil },
		"NOTIMP":   func(m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeNotImplemented, nil, nil },
		"NOTAUTH":  func(m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeNotAuth, nil, nil },
		"silent":   func(m *dns.Msg) { *m = dns.Msg{} },
		"sends on": func(m *dns.Msg) {
			up, _ := dns.NewRR(". 300 NS ns.")
			m.Authoritative, m.Answer, m.Ns = false, nil, []dns.RR{up}
		},
		"knows nothing of the name": func(m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeNameError, nil, nil },
		"an older zone, whose signatures are over": func(m *dns.Msg) {
			for i, rr := range m.Answer {
				if s, ok := rr.(*dns.RRSIG); ok {
					s = dns.Copy(s).(*dns.RRSIG)
					s.Expiration, s.Inception = s.Inception-1, s.Inception-100
					m.Answer[i] = s
				}
			}
		},
		"drops signatures":      func(m *dns.Msg) { drop(m, isSig(0)) },
		"answers another":       func(m *dns.Msg) { m.Question[0].Name = "other.example.nl." },
		"answers for all types": func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeANY },
	} {
		t.Run(what, func(t *testing.T) {
			for range 6 {
				w := newWorld(t)
				w.zone("nl", 13)
				z := w.zone("example.nl", 13, "www A 192.0.2.1").twice()
				r := w.build(func(c *Config) { c.Dial = w.spoiled(z.second, spoil) })
				expect(t, r, "www.example.nl", "A", good)
				if z := r.Zone(context.Background(), "example.nl"); z.Security != fact.Secure || len(z.ChildNS) != 2 || len(z.Keys) != 2 {
					t.Errorf("%+v %+v", z, z.Problem)
				}
			}
		})
	}
}

func TestParentAndChildNameOtherServers(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13)
	z := w.zone("example.nl", 13, "www A 192.0.2.1")
	r := w.build()
	z.rrs = slices.DeleteFunc(z.rrs, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS })
	z.add("@ NS new.example.nl.", "new A "+z.addr.String())
	z.sign()
	got := r.Zone(context.Background(), "example.nl")
	if strings.Join(got.ParentNS, " ") != "ns.example.nl" || strings.Join(got.ChildNS, " ") != "new.example.nl" || got.Security != fact.Secure {
		t.Errorf("%+v", got)
	}
}

func TestTargetsOfOneLabelAndTheRoot(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13, "@ A 192.0.2.1")
	w.zone("xn--vermgensberater-ctb", 13, "@ A 192.0.2.1", "xn--caf-dma A 192.0.2.2") // an IDN, as it is asked
	r := w.build()
	ctx := context.Background()
	expect(t, r, "nl", "A", good)
	expect(t, r, "NL.", "A", good)
	expect(t, r, ".", "A", "NOERROR secure")
	expect(t, r, ".", "NS", "NOERROR secure ns")
	expect(t, r, "nope", "A", "NXDOMAIN secure")
	expect(t, r, "XN--vermgensberater-ctb", "A", good)
	expect(t, r, "xn--caf-dma.xn--vermgensberater-ctb", "A", "NOERROR secure 192.0.2.2")
	for n, want := range map[string]string{"nl": "nl", "nope.nl": "nl", "nope": ".", ".": ".", "xn--caf-dma.xn--vermgensberater-ctb": "xn--vermgensberater-ctb"} {
		if owner, l := r.NameServers(ctx, n); owner != want || l.Security != fact.Secure {
			t.Errorf("servers of %s: %q, %s", n, owner, say(l))
		}
	}
	for _, bad := range []string{"", "..", "a..nl", strings.Repeat("a", 64) + ".nl", strings.Repeat("a.", 128) + "nl", "café.nl"} {
		if l := r.Lookup(ctx, bad, "A"); l.Gap != fact.GapUnsupported && bad != "café.nl" {
			t.Errorf("%q: %s", bad, say(l))
		}
	}
}
