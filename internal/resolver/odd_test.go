package resolver

import (
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// oddZones are zones that few have and that must come out right all the same: rare
// forms of aliases, denials, keys and records. The functions name no zone.
var oddZones = []faultCase{
	{"alias to nowhere", func(_ *world, z *zone) { z.add("alias CNAME nope") }, "alias.example.nl", "A", "NXDOMAIN secure CNAME>nope.example.nl"},
	{"alias to a name without the type", func(_ *world, z *zone) { z.add("alias CNAME www") }, "alias.example.nl", "TXT", "NOERROR secure CNAME>www.example.nl"},
	{"ten aliases", func(_ *world, z *zone) {
		for i := range 9 {
			z.add(fmt.Sprintf("c%d CNAME c%d", i, i+1))
		}
		z.add("c9 CNAME www")
	}, "c0.example.nl", "A", "NOERROR secure CNAME>c1.example.nl CNAME>c2.example.nl CNAME>c3.example.nl CNAME>c4.example.nl CNAME>c5.example.nl CNAME>c6.example.nl CNAME>c7.example.nl CNAME>c8.example.nl CNAME>c9.example.nl CNAME>www.example.nl 192.0.2.1"},
	{"alias to an unsigned zone and back", func(w *world, z *zone) {
		w.zone("plain."+z.name, 0, "hop CNAME www."+z.name)
		z.add("alias CNAME hop.plain")
	}, "alias.example.nl", "A", "NOERROR insecure/no_ds CNAME>hop.plain.example.nl CNAME>www.example.nl 192.0.2.1"},
	{"alias to an expired zone and back", func(w *world, z *zone) {
		p := w.zone("old."+z.name, 13, "hop CNAME www."+z.name)
		p.from, p.to = w.now.Add(-48*time.Hour), w.now.Add(-time.Hour)
		z.add("alias CNAME hop.old")
	}, "alias.example.nl", "A", "NOERROR bogus/expired 7 old.example.nl CNAME>hop.old.example.nl CNAME>www.example.nl 192.0.2.1"},
	{"wildcard alias into another zone", func(w *world, z *zone) {
		w.zone("other."+z.name, 13, "www A 192.0.2.1")
		z.add("*.w CNAME www.other")
	}, "x.w.example.nl", "A", "NOERROR secure CNAME>www.other.example.nl 192.0.2.1"},
	{"wildcard alias into another zone, NSEC3", func(w *world, z *zone) {
		w.zone("other."+z.name, 13, "www A 192.0.2.1").nsec3 = &dns.NSEC3PARAM{Hash: 1, Iterations: 2, Salt: "AABB", SaltLength: 2}
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.add("*.w CNAME www.other")
	}, "x.y.w.example.nl", "A", "NOERROR secure CNAME>www.other.example.nl 192.0.2.1"},
	{"wildcard without the type", func(_ *world, z *zone) { z.add("*.w A 192.0.2.7") }, "x.w.example.nl", "TXT", "NOERROR secure *"},
	{"wildcard without the type, NSEC3", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.add("*.w A 192.0.2.7")
	}, "x.y.w.example.nl", "TXT", "NOERROR secure *"},
	{"wildcard asked for by name", func(_ *world, z *zone) { z.add("*.w A 192.0.2.1") }, "*.w.example.nl", "A", good},
	{"empty non-terminal", func(_ *world, z *zone) { z.add("x.y A 192.0.2.1") }, "y.example.nl", "A", "NOERROR secure"},
	{"empty non-terminal, NSEC3", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.add("x.y A 192.0.2.1")
	}, "y.example.nl", "A", "NOERROR secure"},
	{"empty non-terminal above an unsigned delegation, opt-out", func(w *world, z *zone) {
		z.nsec3, z.optOut = &dns.NSEC3PARAM{Hash: 1}, true
		w.zone("plain.ent."+z.name, 0)
	}, "ent.example.nl", "A", "NOERROR insecure/opt_out"},
	{"salt, iterations", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1, Iterations: 10, Salt: strings.Repeat("AB", 255), SaltLength: 255}
	}, "x.y.example.nl", "A", "NXDOMAIN secure"},
	{"two DS records of which one fits", func(w *world, z *zone) {
		z.ds = []dns.RR{w.key(z.name, 13, 257).ToDS(dns.SHA256), z.keys[0].ToDS(dns.SHA256)}
	}, "www.example.nl", "A", good},
	{"an unknown digest beside a good one", func(_ *world, z *zone) {
		d := z.keys[0].ToDS(dns.SHA256)
		d.DigestType, d.Digest = 99, strings.Repeat("00", 20)
		z.ds = []dns.RR{d, z.keys[0].ToDS(dns.SHA256)}
	}, "www.example.nl", "A", good},
	{"an unknown digest beside a wrong one", func(_ *world, z *zone) {
		d, e := z.keys[0].ToDS(dns.SHA256), z.keys[0].ToDS(dns.SHA256)
		d.DigestType, e.Digest = 99, strings.Repeat("00", 32)
		z.ds = []dns.RR{d, e}
	}, "www.example.nl", "A", "NOERROR bogus/no_matching_ds 9 example.nl 192.0.2.1"},
	{"a wrong SHA-1 digest beside a good SHA-256", func(_ *world, z *zone) {
		d := z.keys[0].ToDS(dns.SHA1)
		d.Digest = strings.Repeat("00", 20)
		z.ds = []dns.RR{d, z.keys[0].ToDS(dns.SHA256)}
	}, "www.example.nl", "A", good},
	{"DS of the key without the SEP flag", func(_ *world, z *zone) { // RFC 4034 section 2.1.1: no matter
		z.keys[0].Flags = 256
		z.keys[0].ksk = true
	}, "www.example.nl", "A", good},
	{"keys signed by the zone key alone", func(_ *world, z *zone) {
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeDNSKEY {
				drop(m, isSig(dns.TypeDNSKEY))
				m.Answer = append(m.Answer, z.sigBy(z.keys[1], m.Answer))
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/no_rrsig 10 example.nl 192.0.2.1"},
	{"one key for all", func(_ *world, z *zone) {
		z.keys = z.keys[:1]
		z.keys[0].ksk = false
		z.ds = []dns.RR{z.keys[0].ToDS(dns.SHA256)}
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeDNSKEY {
				m.Answer = append(m.Answer, z.sigBy(z.keys[0], m.Answer))
			}
		}
	}, "www.example.nl", "A", good},
	{"two algorithms of which one signs the records", func(w *world, z *zone) { // RFC 6840 section 5.11: any chain will do
		k := w.key(z.name, dns.RSASHA256, 257)
		z.keys = append(z.keys, k)
		z.ds = []dns.RR{k.ToDS(dns.SHA256)}
	}, "www.example.nl", "A", good},
	{"a signature that is wrong beside a good one", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for _, rr := range m.Answer {
				if s, ok := rr.(*dns.RRSIG); ok && s.TypeCovered == dns.TypeA {
					s = dns.Copy(s).(*dns.RRSIG)
					s.Signature = strings.Repeat("A", 86) + "=="
					m.Answer = append([]dns.RR{s}, m.Answer...)
					return
				}
			}
		}
	}, "www.example.nl", "A", good},
	{"an expired signature beside a good one", func(w *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			if len(m.Answer) == 2 && m.Answer[0].Header().Rrtype == dns.TypeA {
				from, to := z.from, z.to
				z.from, z.to = w.now.Add(-48*time.Hour), w.now.Add(-time.Hour)
				m.Answer = append([]dns.RR{z.sigBy(z.keys[1], m.Answer[:1])}, m.Answer...)
				z.from, z.to = from, to
			}
		}
	}, "www.example.nl", "A", good},
	{"signer is the parent", func(w *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			if len(m.Answer) == 2 && m.Answer[0].Header().Rrtype == dns.TypeA {
				p := w.parentOf(z.name)
				m.Answer[1] = p.sigBy(p.keys[1], m.Answer[:1])
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/wrong_signer 6 example.nl 192.0.2.1"},
	{"labels fewer than the name has, no wildcard", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Answer {
				if s, ok := rr.(*dns.RRSIG); ok && s.TypeCovered == dns.TypeA {
					s = dns.Copy(s).(*dns.RRSIG)
					s.Labels--
					m.Answer[i] = s
				}
			}
		}
	}, "www.example.nl", "A", "NOERROR bogus/bad_signature 6 example.nl 192.0.2.1"},
	{"TTL above the original", func(_ *world, z *zone) { // RFC 4035 section 5.3.3: signed is the original
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Answer {
				m.Answer[i] = dns.Copy(rr)
				m.Answer[i].Header().Ttl = 1 << 30
			}
		}
	}, "www.example.nl", "A", good},
	{"TTL 0", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Answer {
				m.Answer[i] = dns.Copy(rr)
				m.Answer[i].Header().Ttl = 0
			}
		}
	}, "www.example.nl", "A", good},
	{"TTL with the first bit set", func(_ *world, z *zone) { // RFC 2181 section 8: as 0
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Answer {
				m.Answer[i] = dns.Copy(rr)
				m.Answer[i].Header().Ttl = 1<<31 + 5
			}
		}
	}, "www.example.nl", "A", good},
	{"capitals in names of records", func(_ *world, z *zone) { // RFC 4034 section 6.2
		z.add("mx MX 10 MaiL.ExAmple.NeT.")
	}, "mx.example.nl", "MX", "NOERROR secure 10 mail.example.net"},
	{"capitals in the owner of NSEC and the next name", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			for i, rr := range m.Ns {
				if _, ok := rr.(*dns.NSEC); ok {
					m.Ns[i] = dns.Copy(rr)
					m.Ns[i].Header().Name = strings.ToUpper(rr.Header().Name)
				}
			}
		}
	}, "nope.example.nl", "A", "NXDOMAIN secure"},
	{"white lies", func(_ *world, z *zone) { // RFC 4470
		z.edit = func(_ dns.Question, m *dns.Msg) {
			if m.Rcode != dns.RcodeNameError {
				return
			}
			lie := func(from, to string) []dns.RR {
				rr := []dns.RR{&dns.NSEC{Hdr: dns.RR_Header{Name: from, Rrtype: dns.TypeNSEC, Class: 1, Ttl: 300}, NextDomain: to, TypeBitMap: []uint16{dns.TypeRRSIG, dns.TypeNSEC}}}
				return append(rr, z.sigs(rr)...)
			}
			m.Ns = append(z.get(z.name, dns.TypeSOA), lie("nopd."+z.name, "nope\\000."+z.name)...)
			m.Ns = append(m.Ns, lie("!."+z.name, "+."+z.name)...)
		}
	}, "nope.example.nl", "A", "NXDOMAIN secure"},
	{"compact denial with NXNAME", func(_ *world, z *zone) { // RFC 9824
		c := compactDenial(z)
		z.edit = func(q dns.Question, m *dns.Msg) {
			c(q, m)
			for i, rr := range m.Ns {
				if n, ok := rr.(*dns.NSEC); ok && strings.HasPrefix(n.Hdr.Name, "nope.") {
					n = dns.Copy(n).(*dns.NSEC)
					n.TypeBitMap = []uint16{dns.TypeRRSIG, dns.TypeNSEC, 128}
					drop(m, isSig(dns.TypeNSEC))
					m.Ns[i] = n
					m.Ns = append(m.Ns, z.sigs([]dns.RR{n})...)
					return
				}
			}
		}
	}, "nope.example.nl", "A", "NOERROR secure"},
	{"NSEC at the apex alone", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) {
			if m.Rcode == dns.RcodeNameError {
				m.Ns = append(z.get(z.name, dns.TypeSOA), z.get(z.name, dns.TypeNSEC)...)
			}
		}
	}, "zzz.example.nl", "A", "NXDOMAIN bogus/denial_missing 12 example.nl"},
	{"a type nobody knows", func(_ *world, z *zone) { z.add(`www TYPE65280 \# 4 0A000001`) }, "www.example.nl", "TYPE65280", `NOERROR secure \# 4 0A000001`},
	{"long texts", func(_ *world, z *zone) {
		z.add("www TXT" + strings.Repeat(` "`+strings.Repeat("x", 255)+`"`, 40))
	}, "www.example.nl", "TXT", "NOERROR secure" + strings.Repeat(` "`+strings.Repeat("x", 255)+`"`, 40)},
	{"300 addresses", func(_ *world, z *zone) {
		for i := range 300 {
			z.add(fmt.Sprintf("many A 198.51.%d.%d", 100+i/256, i%256))
		}
		z.add(`many TXT "here"`)
	}, "many.example.nl", "TXT", `NOERROR secure "here"`},
	{"labels of 63 octets and a name of 255", func(_ *world, z *zone) {
		n := strings.Repeat(strings.Repeat("a", 63)+".", 3)
		z.add(strings.TrimSuffix(n, ".") + " A 192.0.2.1")
	}, strings.Repeat(strings.Repeat("a", 63)+".", 3) + "example.nl", "A", good},
	{"escaped labels", func(_ *world, z *zone) { z.add(`a\.b\000\255 A 192.0.2.1`) }, `a\.b\000\255.example.nl`, "A", good},
	{"denial for an escaped label", func(_ *world, z *zone) { z.add(`a\.b A 192.0.2.1`) }, `a.b.example.nl`, "A", "NXDOMAIN secure"},
	{"addresses of IPv6 denied by a balancer", func(_ *world, z *zone) {
		z.unsigned, z.keys = true, nil
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeAAAA {
				m.Rcode = dns.RcodeNameError
			}
		}
	}, "www.example.nl", "A", "NOERROR insecure/no_ds 192.0.2.1"},
	{"bad version for EDNS", func(_ *world, z *zone) {
		z.unsigned, z.keys = true, nil
		z.raw = func(_ dns.Question, _ bool, b []byte) []byte {
			var m dns.Msg
			if m.Unpack(b) == nil && m.IsEdns0() != nil {
				f := &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true}, Question: m.Question}
				f.SetEdns0(512, false)
				f.Rcode = dns.RcodeBadVers
				b, _ = f.Pack()
			}
			return b
		}
	}, "www.example.nl", "A", "NOERROR insecure/no_ds 192.0.2.1"},
	{"no EDNS on a signed zone", func(_ *world, z *zone) {
		z.raw = func(_ dns.Question, _ bool, b []byte) []byte {
			var m dns.Msg
			if m.Unpack(b) == nil && m.IsEdns0() != nil {
				f := &dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true, Rcode: dns.RcodeFormatError}, Question: m.Question}
				b, _ = f.Pack()
			} else if m.IsEdns0() == nil {
				drop(&m, func(rr dns.RR) bool {
					return rr.Header().Rrtype == dns.TypeRRSIG || rr.Header().Rrtype == dns.TypeNSEC
				})
				b, _ = m.Pack()
			}
			return b
		}
	}, "www.example.nl", "A", "NOERROR bogus/no_rrsig 10 example.nl 192.0.2.1"},
	{"minimal answer to what nobody asked", func(_ *world, z *zone) { // RFC 8482 section 4.2
		z.add(`www HINFO "RFC8482" ""`)
	}, "www.example.nl", "HINFO", `NOERROR secure "RFC8482" ""`},
	{"unsigned delegation below a signed zone", func(w *world, z *zone) {
		w.zone("plain."+z.name, 0, "www A 192.0.2.1")
	}, "www.plain.example.nl", "A", "NOERROR insecure/no_ds 192.0.2.1"},
	{"signed zone below an unsigned one", func(w *world, z *zone) {
		z.unsigned, z.keys = true, nil
		w.zone("island."+z.name, 13, "www A 192.0.2.1")
	}, "www.island.example.nl", "A", "NOERROR insecure/parent 192.0.2.1"},
	{"a name that only the parent's proof of a DS hides", func(w *world, z *zone) { // the NSEC of a cut denies nothing below it
		w.zone("sub."+z.name, 0)
		z.edit = func(q dns.Question, m *dns.Msg) {
			if strings.HasPrefix(strings.ToLower(q.Name), "www.sub.") {
				*m = dns.Msg{MsgHdr: dns.MsgHdr{Authoritative: true, Rcode: dns.RcodeNameError}}
				m.Ns = append(z.get(z.name, dns.TypeSOA), z.get("sub."+z.name, dns.TypeNSEC)...)
				m.Ns = append(m.Ns, z.get(z.name, dns.TypeNSEC)...)
			}
		}
	}, "www.sub.example.nl", "A", "NXDOMAIN insecure/no_ds"},
	{"unsigned child that no opt-out allows", func(w *world, z *zone) {
		p := w.parentOf(z.name)
		p.nsec3, p.optOut, p.silently, z.noDS = &dns.NSEC3PARAM{Hash: 1}, true, true, true
	}, "www.example.nl", "A", "NOERROR bogus/denial_missing 12 nl 192.0.2.1"},
	{"wildcard under opt-out", func(_ *world, z *zone) {
		z.nsec3, z.optOut = &dns.NSEC3PARAM{Hash: 1}, true
		z.add("*.w A 192.0.2.7")
	}, "x.w.example.nl", "A", "NOERROR insecure/opt_out 192.0.2.7 *"},
	{"a wildcard denied that exists", func(_ *world, z *zone) {
		z.add("*.w A 192.0.2.7")
		z.edit = func(q dns.Question, m *dns.Msg) {
			if n := strings.ToLower(q.Name); strings.HasPrefix(n, "x.w.") {
				m.Rcode, m.Answer, m.Ns = dns.RcodeNameError, nil, append(z.get(z.name, dns.TypeSOA), z.cover(n)...)
			}
		}
	}, "x.w.example.nl", "A", "NXDOMAIN bogus/denial_missing 12 example.nl"},
	{"a wildcard denied that exists, NSEC3", func(_ *world, z *zone) {
		z.nsec3 = &dns.NSEC3PARAM{Hash: 1}
		z.add("*.w A 192.0.2.7")
		z.edit = func(q dns.Question, m *dns.Msg) {
			if n := strings.ToLower(q.Name); strings.HasPrefix(n, "x.w.") {
				m.Rcode, m.Answer, m.Ns = dns.RcodeNameError, nil, append(z.get(z.name, dns.TypeSOA), z.absent(n, false)...)
				m.Ns = dedupe(append(m.Ns, z.cover("*.w."+z.name)...))
			}
		}
	}, "x.w.example.nl", "A", "NXDOMAIN bogus/denial_missing 12 example.nl"},
	{"a type denied where an alias stands", func(_ *world, z *zone) {
		z.add("alias CNAME www")
		z.edit = func(q dns.Question, m *dns.Msg) {
			if n := strings.ToLower(q.Name); q.Qtype == dns.TypeTXT && strings.HasPrefix(n, "alias.") {
				m.Answer, m.Ns = nil, append(z.get(z.name, dns.TypeSOA), z.get(n, dns.TypeNSEC)...)
			}
		}
	}, "alias.example.nl", "TXT", "NOERROR bogus/denial_missing 12 example.nl"},
	{"a name denied below a DNAME", func(_ *world, z *zone) {
		z.add("d DNAME other.example.net.")
		z.edit = func(q dns.Question, m *dns.Msg) {
			if strings.HasSuffix(strings.ToLower(q.Name), ".d."+z.name) {
				m.Rcode, m.Answer, m.Ns = dns.RcodeNameError, nil, append(z.get(z.name, dns.TypeSOA), z.get("d."+z.name, dns.TypeNSEC)...)
				m.Ns = append(m.Ns, z.get(z.name, dns.TypeNSEC)...)
			}
		}
	}, "x.d.example.nl", "A", "NXDOMAIN bogus/denial_missing 12 example.nl"},
	{"NS set without signature", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isSig(dns.TypeNS)) }
	}, "www.example.nl", "A", good},
	{"SOA beside a denial without signature", func(_ *world, z *zone) {
		z.edit = func(_ dns.Question, m *dns.Msg) { drop(m, isSig(dns.TypeSOA)) }
	}, "nope.example.nl", "A", "NXDOMAIN bogus/no_rrsig 10 example.nl"},
	{"signature by a key without its DS, keys signed by both", func(w *world, z *zone) {
		z.edit = func(q dns.Question, m *dns.Msg) {
			if q.Qtype == dns.TypeDNSKEY {
				m.Answer = append(m.Answer, z.sigBy(z.keys[1], m.Answer[:len(z.keys)]))
			}
		}
	}, "www.example.nl", "A", good},
	{"a key of another protocol", func(_ *world, z *zone) { // RFC 4034 section 2.1.2
		z.keys[0].Protocol = 2
		z.ds = []dns.RR{z.keys[0].ToDS(dns.SHA256)}
	}, "www.example.nl", "A", "NOERROR bogus/no_zone_key 11 example.nl 192.0.2.1"},
}
