package resolver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// drop removes records from all sections of a reply.
func drop(m *dns.Msg, f func(dns.RR) bool) {
	for _, s := range []*[]dns.RR{&m.Answer, &m.Ns, &m.Extra} {
		var keep []dns.RR
		for _, rr := range *s {
			if !f(rr) {
				keep = append(keep, rr)
			}
		}
		*s = keep
	}
}

func isSig(covered uint16) func(dns.RR) bool {
	return func(rr dns.RR) bool {
		s, ok := rr.(*dns.RRSIG)
		return ok && (covered == 0 || s.TypeCovered == covered)
	}
}

// isNSEC3 finds the NSEC3 records of a hash, or all, with their signatures.
func isNSEC3(hash string) func(dns.RR) bool {
	return func(rr dns.RR) bool {
		_, ok := rr.(*dns.NSEC3)
		return (ok || isSig(dns.TypeNSEC3)(rr)) && (hash == "" || strings.HasPrefix(rr.Header().Name, strings.ToLower(hash)))
	}
}

const good = "NOERROR secure 192.0.2.1"

// faults are what can be wrong with the zone example.nl, and what is to be said of
// it. The functions name no zone, so that the comparison can use them elsewhere.
var faults = slices.Concat(brokenZones, oddZones)

// faultCase is a zone with something wrong, a question about it, and what say tells.
type faultCase struct {
	what  string
	fault func(w *world, z *zone)
	name  string
	typ   string
	want  string
}

// brokenZones have something wrong on the chain of trust, or servers that fail.
var brokenZones = []faultCase{
	{"nothing wrong", func(*world, *zone) {}, "www.example.nl", "A", good},
	{"expired", func(w *world, z *zone) { z.from, z.to = w.now.Add(-48*time.Hour), w.now.Add(-time.Second) }, "www.example.nl", "A", "NOERROR bogus/expired 7 example.nl 192.0.2.1"},
	{"expires this second", func(w *world, z *zone) { z.to = w.now }, "www.example.nl", "A", good},
	{"not yet valid", func(w *world, z *zone) { z.from = w.now.Add(time.Hour) }, "www.example.nl", "A", "NOERROR bogus/not_yet_valid 8 example.nl 192.0.2.1"},
	{"valid from the next second", func(w *world, z *zone) { z.from = w.now.Add(time.Second) }, "www.example.nl", "A", "NOERROR bogus/not_yet_valid 8 example.nl 192.0.2.1"},
	{"valid from this second", func(w *world, z *zone) { z.from = w.now }, "www.example.nl", "A", good},
	{"ends before it begins", func(w *world, z *zone) { z.from, z.to = w.now.Add(time.Hour), w.now.Add(-time.Hour) }, "www.example.nl", "A", "NOERROR bogus/bad_times 25 example.nl 192.0.2.1"},
	{"stripped signatures", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isSig(dns.TypeA)) }
	}, "www.example.nl", "A", "NOERROR bogus/no_rrsig 10 example.nl 192.0.2.1"},
	{"alias without signature, on the only server", func(_ *world, z *zone) {
		z.add("alias CNAME www")
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isSig(dns.TypeCNAME)) }
	}, "alias.example.nl", "A", "NOERROR bogus/no_rrsig 10 example.nl CNAME>www.example.nl 192.0.2.1"},
	{"stripped denial", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			drop(m, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNSEC || isSig(dns.TypeNSEC)(rr) })
		}
	}, "nope.example.nl", "A", "NXDOMAIN bogus/denial_missing 12 example.nl"},
	{"keys not signed", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isSig(dns.TypeDNSKEY)) }
	}, "www.example.nl", "A", "NOERROR bogus/no_rrsig 10 example.nl 192.0.2.1"},
	{"forged address", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Answer {
				if a, ok := rr.(*dns.A); ok {
					a = dns.Copy(a).(*dns.A)
					a.A[15]++
					m.Answer[i] = a
				}
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/bad_signature 6 example.nl 192.0.2.2"},
	{"signed by a key that is not there", func(w *world, z *zone) {
		old := w.key(z.name, dns.ECDSAP256SHA256, 256)
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeA && len(m.Answer) > 0 {
				drop(m, isSig(dns.TypeA))
				m.Answer = append(m.Answer, z.sigBy(old, m.Answer))
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/no_dnskey 9 example.nl 192.0.2.1"},
	{"no DS", func(_ *world, z *zone) { z.noDS = true }, "www.example.nl", "A", "NOERROR insecure/no_ds 192.0.2.1"},
	{"DS of another key", func(w *world, z *zone) {
		z.ds = []dns.RR{w.key(z.name, dns.ECDSAP256SHA256, 257).ToDS(dns.SHA256)}
	}, "www.example.nl", "A", "NOERROR bogus/no_matching_ds 9 example.nl 192.0.2.1"},
	{"DS without DNSKEY", func(w *world, z *zone) {
		z.ds = []dns.RR{z.keys[0].ToDS(dns.SHA256)}
		z.unsigned, z.keys = true, nil
	}, "www.example.nl", "A", "NOERROR bogus/no_dnskey 9 example.nl 192.0.2.1"},
	{"DNSKEY refused", func(_ *world, z *zone) {
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeDNSKEY {
				*m = dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeServerFailure}}
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/no_dnskey 9 example.nl 192.0.2.1"},
	{"DNSKEY unreachable", func(_ *world, z *zone) {
		z.raw = func(q dns.Question, _ bool, b []byte) []byte {
			if q.Qtype == dns.TypeDNSKEY {
				return nil
			}
			return b
		}
	}, "www.example.nl", "A", "NOERROR indeterminate/unreachable 22 example.nl gap=timeout 192.0.2.1"},
	{"zone bit not set", func(_ *world, z *zone) { z.keys[0].Flags, z.keys[0].ksk = 1, true }, "www.example.nl", "A", "NOERROR bogus/no_zone_key 11 example.nl 192.0.2.1"},
	{"revoked key", func(_ *world, z *zone) { z.keys[0].Flags |= 128 }, "www.example.nl", "A", "NOERROR bogus/no_zone_key 11 example.nl 192.0.2.1"},
	{"half a roll-over: new DS, old keys", func(w *world, z *zone) {
		z.ds = []dns.RR{w.key(z.name, dns.RSASHA256, 257).ToDS(dns.SHA256), z.keys[0].ToDS(dns.SHA256)}
	}, "www.example.nl", "A", good},
	{"half a roll-over: keys of two algorithms, records signed by the old", func(w *world, z *zone) {
		k := w.key(z.name, dns.ED25519, 257)
		z.keys = append(z.keys, k)
		z.ds = []dns.RR{z.keys[0].ToDS(dns.SHA256), k.ToDS(dns.SHA256)}
	}, "www.example.nl", "A", good},
	{"unknown algorithm", func(_ *world, z *zone) {
		d := z.keys[0].ToDS(dns.SHA256)
		d.Algorithm = 23
		z.ds = []dns.RR{d}
	}, "www.example.nl", "A", "NOERROR insecure/unsupported_algorithm 192.0.2.1"},
	{"unknown digest", func(_ *world, z *zone) {
		d := z.keys[0].ToDS(dns.SHA256)
		d.DigestType = 99
		z.ds = []dns.RR{d}
	}, "www.example.nl", "A", "NOERROR insecure/unsupported_digest 192.0.2.1"},
	{"SHA-1 digest alone", func(_ *world, z *zone) { z.ds = []dns.RR{z.keys[0].ToDS(dns.SHA1)} }, "www.example.nl", "A", good},
	{"SHA-384 digest", func(_ *world, z *zone) { z.ds = []dns.RR{z.keys[0].ToDS(dns.SHA384)} }, "www.example.nl", "A", good},
	{"good SHA-1 digest beside a wrong SHA-256", func(_ *world, z *zone) {
		d := z.keys[0].ToDS(dns.SHA256)
		d.Digest = strings.Repeat("00", 32)
		z.ds = []dns.RR{z.keys[0].ToDS(dns.SHA1), d}
	}, "www.example.nl", "A", "NOERROR bogus/no_matching_ds 9 example.nl 192.0.2.1"},
	{"151 iterations", func(_ *world, z *zone) { z.nsec3 = &dns.NSEC3PARAM{Hash: 1, Iterations: 151} }, "nope.example.nl", "A", "NXDOMAIN insecure/nsec3_iterations"},
	{"151 iterations, positive", func(_ *world, z *zone) { z.nsec3 = &dns.NSEC3PARAM{Hash: 1, Iterations: 151} }, "www.example.nl", "A", good},
	{"150 iterations", func(_ *world, z *zone) { z.nsec3 = &dns.NSEC3PARAM{Hash: 1, Iterations: 150} }, "nope.example.nl", "A", "NXDOMAIN secure"},
	{"opt-out, unsigned child", func(w *world, z *zone) {
		p := w.parentOf(z.name)
		p.nsec3, p.optOut, z.noDS = &dns.NSEC3PARAM{Hash: 1}, true, true
	}, "www.example.nl", "A", "NOERROR insecure/opt_out 192.0.2.1"},
	{"opt-out, signed child", func(w *world, z *zone) {
		p := w.parentOf(z.name)
		p.nsec3, p.optOut = &dns.NSEC3PARAM{Hash: 1}, true
	}, "www.example.nl", "A", good},
	{"opt-out, no such name", func(w *world, z *zone) {
		p := w.parentOf(z.name)
		p.nsec3, p.optOut = &dns.NSEC3PARAM{Hash: 1}, true
	}, "nope.nl", "A", "NXDOMAIN insecure/opt_out"},
	{"denial of a DS forged from another name", func(w *world, z *zone) {
		p := w.parentOf(z.name)
		p.edit = func(_ dns.Question, m *dns.Msg) {
			drop(m, func(rr dns.RR) bool {
				return rr.Header().Rrtype == dns.TypeDS || isSig(dns.TypeDS)(rr)
			})
			if len(m.Ns) > 0 && m.Ns[0].Header().Rrtype == dns.TypeNS {
				m.Ns = append(m.Ns, p.get(p.name, dns.TypeNSEC)...)
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/denial_missing 12 nl 192.0.2.1"},
	{"the parent's NSEC at the cut used as the child's", func(w *world, z *zone) {
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeMX {
				m.Answer, m.Ns = nil, append(w.parentOf(z.name).get(w.parentOf(z.name).name, dns.TypeSOA), w.parentOf(z.name).get(z.name, dns.TypeNSEC)...)
			}
		}
	}, "example.nl", "MX", "NOERROR bogus/wrong_signer 6 example.nl"},
	{"NSEC of another name", func(_ *world, z *zone) {
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeTXT {
				m.Answer, m.Ns = nil, append(z.get(z.name, dns.TypeSOA), z.get(z.name, dns.TypeNSEC)...)
			}
		}
	}, "www.example.nl", "TXT", "NOERROR bogus/denial_missing 12 example.nl"},
	{"wildcard where the name exists", func(_ *world, z *zone) {
		z.add("*.w A 192.0.2.7", "www.w A 192.0.2.1")
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeA && len(m.Answer) > 0 && strings.EqualFold(q.Name, "www.w."+z.name) {
				m.Answer = nil
				for _, rr := range z.get("*.w."+z.name, dns.TypeA) {
					rr = dns.Copy(rr)
					rr.Header().Name = q.Name
					m.Answer = append(m.Answer, rr)
				}
				m.Ns = z.get("*.w."+z.name, dns.TypeNSEC)
			}
		}
	}, "www.w.example.nl", "A", "NOERROR bogus/denial_missing 12 example.nl 192.0.2.7 *"},
	{"NSEC3: stripped denial", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isNSEC3("")) }
	}, "nope.example.nl", "A", "NXDOMAIN bogus/denial_missing 12 example.nl"},
	{"NSEC3: denial without signatures", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isSig(dns.TypeNSEC3)) }
	}, "nope.example.nl", "A", "NXDOMAIN bogus/no_rrsig 10 example.nl"},
	{"NSEC3: closest encloser not shown", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.add("a.b A 192.0.2.1") // so that what matches the apex covers nothing here
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype != dns.TypeDNSKEY {
				drop(m, isNSEC3(dns.HashName("b."+z.name, 1, 0, "")))
			}
		}
	}, "nope.b.example.nl", "A", "NXDOMAIN bogus/denial_missing 12 example.nl"},
	{"NSEC3: wildcard answer without proof", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.add("*.w A 192.0.2.7")
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isNSEC3("")) }
	}, "x.w.example.nl", "A", "NOERROR bogus/denial_missing 12 example.nl 192.0.2.7 *"},
	{"NSEC3: record of another name", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeTXT {
				m.Ns = append(z.get(z.name, dns.TypeSOA), z.cover(z.name)...)
			}
		}
	}, "www.example.nl", "TXT", "NOERROR bogus/denial_missing 12 example.nl"},
	{"NSEC3: unknown hash", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Ns {
				if n, ok := rr.(*dns.NSEC3); ok {
					n = dns.Copy(n).(*dns.NSEC3)
					n.Hash = 6
					m.Ns[i] = n
				}
			}
		}
	}, "nope.example.nl", "A", "NXDOMAIN bogus/bad_signature 6 example.nl"},
	{"more labels than the name has", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Answer {
				if s, ok := rr.(*dns.RRSIG); ok && s.TypeCovered == dns.TypeA {
					s = dns.Copy(s).(*dns.RRSIG)
					s.Labels = 9
					m.Answer[i] = s
				}
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/bad_signature 6 example.nl 192.0.2.1"},
	{"NXDOMAIN beside the proof that the name exists", func(_ *world, z *zone) {
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeTXT {
				m.Rcode = dns.RcodeNameError
			}
		}
	}, "www.example.nl", "TXT", "NOERROR secure"},
	{"alias at the apex", func(_ *world, z *zone) {
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeA && strings.EqualFold(q.Name, z.name) {
				set := []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: z.name, Rrtype: dns.TypeCNAME, Class: 1, Ttl: 300}, Target: "www." + z.name}}
				m.Answer, m.Ns = append(set, z.sigs(set)...), nil
			}
		}
	}, "example.nl", "A", "NOERROR secure CNAME>www.example.nl 192.0.2.1"},
	{"compact denial", func(_ *world, z *zone) {
		z.edit = compactDenial(z)
	}, "nope.example.nl", "A", "NOERROR secure"},
	{"compact denial of a type", func(_ *world, z *zone) {
		z.edit = compactDenial(z)
	}, "www.example.nl", "TXT", "NOERROR secure"},
	{"all servers fail", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) { *m = dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeServerFailure}} }
	}, "www.example.nl", "A", "SERVFAIL indeterminate/refuses 22 example.nl gap=dns"},
	{"all servers refuse", func(w *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) { *m = dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeRefused}} }
	}, "www.example.nl", "A", "REFUSED indeterminate/refuses 22 example.nl gap=dns"},
	{"all servers silent", func(w *world, z *zone) { w.silent[z.addr] = true }, "www.example.nl", "A", "- indeterminate/unreachable 22 example.nl gap=timeout"},
	{"lame", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			rr, _ := dns.NewRR(". 300 NS ns.")
			*m = dns.Msg{Ns: []dns.RR{rr}}
		}
	}, "www.example.nl", "A", "SERVFAIL indeterminate/lame 22 example.nl gap=dns"},
	{"truncated garbage over TCP", func(_ *world, z *zone) {
		z.raw = func(_ dns.Question, tcp bool, b []byte) []byte {
			if !tcp {
				b[2] |= 2
				return b[:20]
			}
			return b[:len(b)-7]
		}
	}, "www.example.nl", "A", "- indeterminate/unreachable 23 example.nl gap=dns"},
	{"child on the parent's server", func(_ *world, z *zone) { z.inParent = true }, "www.example.nl", "A", good},
	{"unsigned child on the parent's server", func(_ *world, z *zone) {
		z.inParent, z.unsigned, z.keys = true, true, nil
	}, "www.example.nl", "A", "NOERROR insecure/no_ds 192.0.2.1"},
	{"unsigned child on the parent's server, denial", func(_ *world, z *zone) {
		z.inParent, z.unsigned, z.keys = true, true, nil
	}, "nope.example.nl", "A", "NXDOMAIN insecure/no_ds"},
	{"lower case only", func(_ *world, z *zone) {
		z.raw = func(_ dns.Question, _ bool, b []byte) []byte {
			for i := 12; b[i] != 0; i++ {
				b[i] = lowerByte(b[i])
			}
			return b
		}
	}, "www.example.nl", "A", good},
	{"no EDNS", func(_ *world, z *zone) {
		z.noDS, z.unsigned, z.keys = true, true, nil
		z.edit = func(q dns.Question, m *dns.Msg) {}
		z.raw = func(_ dns.Question, _ bool, b []byte) []byte {
			var m dns.Msg
			if m.Unpack(b) == nil && m.IsEdns0() != nil {
				f := &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true, Rcode: dns.RcodeFormatError}, Question: m.Question}
				b, _ = f.Pack()
			}
			return b
		}
	}, "www.example.nl", "A", "NOERROR insecure/no_ds 192.0.2.1"},
	{"NXDOMAIN for an empty non-terminal", func(_ *world, z *zone) {
		z.unsigned, z.keys = true, nil
		z.add("x.y A 192.0.2.1")
		z.edit = func(q dns.Question, m *dns.Msg) {
			if strings.EqualFold(q.Name, "y."+z.name) {
				m.Rcode = dns.RcodeNameError
			}
		}
	}, "x.y.example.nl", "A", "NOERROR insecure/no_ds 192.0.2.1"},
	{"records from outside the zone", func(w *world, z *zone) {
		w.zone("victim.nl", 0, "@ A 192.0.2.66")
		z.edit = func(q dns.Question, m *dns.Msg) {
			rr, _ := dns.NewRR("victim.nl. 300 A 192.0.2.99")
			ns, _ := dns.NewRR("victim.nl. 300 NS ns.example.nl.")
			m.Answer, m.Ns, m.Extra = append(m.Answer, rr), append(m.Ns, ns), append(m.Extra, rr)
		}
	}, "www.example.nl", "A", good},
	{"alias loop", func(_ *world, z *zone) { z.add("a CNAME b", "b CNAME a") }, "a.example.nl", "A", "SERVFAIL indeterminate/alias_loop 0 example.nl gap=dns CNAME>b.example.nl CNAME>a.example.nl"},
}

func TestEachFaultIsNamed(t *testing.T) {
	for _, tc := range faults {
		t.Run(tc.what, func(t *testing.T) {
			w := newWorld(t)
			w.zone("nl", dns.ECDSAP256SHA256)
			z := w.zone("example.nl", dns.ECDSAP256SHA256, "www A 192.0.2.1")
			tc.fault(w, z)
			r := w.build()
			expect(t, r, tc.name, tc.typ, tc.want)
			expect(t, r, tc.name, tc.typ, tc.want) // from the cache
			if tc.what == "records from outside the zone" {
				expect(t, r, "victim.nl", "A", "NOERROR insecure/no_ds 192.0.2.66")
			}
		})
	}
}

// compactDenial answers with a denial made for the question (RFC 9824).
func compactDenial(z *zone) func(dns.Question, *dns.Msg) {
	return func(q dns.Question, m *dns.Msg) {
		if len(m.Answer) > 0 || q.Qtype == dns.TypeDNSKEY {
			return
		}
		n := strings.ToLower(q.Name)
		types := []uint16{dns.TypeRRSIG, dns.TypeNSEC, 128}
		if z.exists(n) {
			types = z.bitmap(n, dns.TypeNSEC)
		}
		m.Rcode = dns.RcodeSuccess
		rr := &dns.NSEC{Hdr: dns.RR_Header{Name: n, Rrtype: dns.TypeNSEC, Class: 1, Ttl: 300}, NextDomain: "\\000." + n, TypeBitMap: types}
		m.Ns = append(z.get(z.name, dns.TypeSOA), rr)
		m.Ns = append(m.Ns, z.sigs([]dns.RR{rr})...)
	}
}

func TestTheBrokenLinkOfAnExpiredZoneIsExact(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", dns.ECDSAP256SHA256)
	z := w.zone("example.nl", dns.ECDSAP256SHA256, "www A 192.0.2.1")
	z.to = w.now.Add(-time.Minute)
	l := w.build().Lookup(context.Background(), "www.example.nl", "A")
	want := fact.Problem{
		EDE: 7, Code: "expired", Zone: "example.nl", Name: "example.nl", Type: "DNSKEY",
		KeyTag: z.keys[0].KeyTag(), Algorithm: 13, When: z.to,
	}
	if l.Problem == nil || *l.Problem != want {
		t.Errorf("got %+v, want %+v", l.Problem, want)
	}
}

func TestAllAlgorithms(t *testing.T) {
	for _, alg := range []uint8{5, 7, 8, 10, 13, 14, 15} {
		t.Run(fmt.Sprint(alg), func(t *testing.T) {
			w := newWorld(t)
			w.zone("nl", alg, "www A 192.0.2.1")
			expect(t, w.build(), "www.nl", "A", "NOERROR secure 192.0.2.1")
		})
	}
}
