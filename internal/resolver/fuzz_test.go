package resolver

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// FuzzResponse lets the server of a zone send other bytes than it should: an honest
// reply with some octets changed, or any bytes at all. Whatever comes, the look-up
// ends, and an answer is only ever secure when it is the one that was signed.
func FuzzResponse(f *testing.F) {
	w := newWorld(f)
	w.zone("nl", 13)
	z := w.zone("example.nl", dns.ED25519, "www A 192.0.2.1", "*.w A 192.0.2.1", "a CNAME www", "d DNAME w")
	z.nsec3 = &dns.NSEC3PARAM{Hash: 1, Iterations: 1}
	n := w.zone("nsec.nl", dns.ED25519, "www A 192.0.2.1", "*.w A 192.0.2.1", "a CNAME www", "d DNAME w")
	w.build()
	anchor := w.zones["."].keys[0].ToDS(dns.SHA256).String()
	for _, host := range []string{"www", "nope", "x.w", "a", "x.d"} {
		f.Add(host+".example.nl", false, []byte{})
		f.Add(host+".nsec.nl", false, []byte{0, 50, 7, 0, 90, 1, 1, 4, 3})
	}
	f.Add("www.example.nl", true, []byte{0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add("www.example.nl", true, []byte{0, 0, 0x84, 0, 0, 1, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0xC0, 12})
	f.Fuzz(func(t *testing.T, qname string, whole bool, b []byte) {
		if _, err := parseName(qname); err != nil || len(b) > 4096 {
			return
		}
		bend := func(q, honest []byte) []byte {
			if whole {
				if len(b) < 12 {
					return honest
				}
				out := append([]byte(nil), b...)
				copy(out, q[:2])
				return out
			}
			for i := 0; i+2 < len(b); i += 3 { // position and new value
				if at := int(b[i])<<8 | int(b[i+1]); at > 1 && at < len(honest) {
					honest[at] ^= b[i+2]
				}
			}
			return honest
		}
		r, err := New(Config{
			RootHints: ". NS ns.\nns. A " + w.zones["."].addr.String(), Anchors: anchor, Clock: func() time.Time { return w.now },
			Dial: func(_ context.Context, _, network string, a netip.AddrPort) (net.Conn, error) {
				return &memConn{tcp: network == "tcp", reply: func(tcp bool, q []byte) []byte {
					honest := w.reply(a.Addr(), tcp, q)
					if (a.Addr() != z.addr && a.Addr() != n.addr) || honest == nil {
						return honest
					}
					return bend(q, honest)
				}}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		l := r.Lookup(context.Background(), qname, "A")
		if l.Security != fact.Secure || l.RCode != "NOERROR" || !strings.HasSuffix(l.Name, ".nl") {
			return
		}
		for _, rec := range l.Records {
			if rec.Data != "192.0.2.1" && !strings.HasPrefix(rec.Data, "198.41.0.") {
				t.Errorf("secure, but never signed: %s", say(l))
			}
		}
		if host := strings.TrimSuffix(strings.TrimSuffix(l.Name, ".example.nl"), ".nsec.nl"); len(l.Records) == 0 && host == "www" {
			t.Errorf("proven not to exist, but it does: %s", say(l))
		}
	})
}

// FuzzUnpack reads any message. What can be read in full is read alike by
// miekg/dns, as far as that can read it.
func FuzzUnpack(f *testing.F) {
	w := newWorld(f)
	z := w.zone("nl", 13, "@ MX 10 mail", "@ TXT \"x\"", "@ SRV 1 2 3 x", "@ NAPTR 1 2 \"a\" \"b\" \"c\" x")
	w.build()
	for _, typ := range []uint16{dns.TypeMX, dns.TypeTXT, dns.TypeSRV, dns.TypeNAPTR, dns.TypeSOA, dns.TypeDNSKEY, dns.TypeAAAA} {
		m := z.answer(dns.Question{Name: "nl.", Qtype: typ, Qclass: 1})
		m.Response, m.Compress = true, true
		m.Question = []dns.Question{{Name: "nl.", Qtype: typ, Qclass: 1}}
		m.SetEdns0(1232, true)
		b, _ := m.Pack()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := unpack(b)
		if err != nil {
			return
		}
		for _, s := range append(group(m.answer), group(m.auth)...) {
			if s.size() <= 0 || s.owner.String() == "?" {
				t.Errorf("unusable set %+v", s)
			}
			for i := range s.data {
				_ = present(s.typ, s.data[i])
				_ = canonicalData(s.typ, s.data[i])
			}
			for i := range s.sigs {
				_ = s.signedData(&s.sigs[i])
			}
			if s.typ == dns.TypeDNSKEY {
				for _, k := range keysOf(s) {
					if check, _ := k.verifier(); check != nil {
						check([]byte("data"), []byte("signature"))
					}
					_ = rsaBits(k.public)
				}
			}
		}
		var other dns.Msg
		if other.Unpack(b) == nil && !m.tc && len(other.Answer) < len(m.answer) {
			t.Errorf("%d answers, miekg/dns reads %d", len(m.answer), len(other.Answer))
		}
	})
}

// FuzzHintsAndAnchors reads any text as root hints and as trust anchors.
func FuzzHintsAndAnchors(f *testing.F) {
	f.Add(embeddedHints)
	f.Add(embeddedAnchors)
	f.Add(". NS a.\na. A 192.0.2.1\na. AAAA 2001:db8::1\n")
	f.Add("$INCLUDE /etc/passwd\n$GENERATE 1-10 a$ A 1.2.3.4\n")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseHints(s); err == nil && len(d.ns) == 0 {
			t.Error("hints without name servers")
		}
		if a, err := parseAnchors(s); err == nil && len(a) == 0 {
			t.Error("no anchors")
		}
	})
}

// FuzzName checks that names survive the way to text and back, and that the order
// of names is one.
func FuzzName(f *testing.F) {
	f.Add("www.example.nl", "Example.NL.")
	f.Add(`a\000b.c\.d`, "*.x")
	f.Add(".", "nl")
	f.Fuzz(func(t *testing.T, s, u string) {
		n, err := parseName(s)
		if err != nil {
			return
		}
		if m, err := parseName(n.String()); err != nil || m != n {
			t.Errorf("%q became %q", n, m)
		}
		o, err := parseName(u)
		if err != nil {
			return
		}
		if c := n.compare(o); c != -o.compare(n) && (c < 0) == (o.compare(n) < 0) || (c == 0) != (n == o) {
			t.Errorf("%q and %q: %d and %d", n, o, c, o.compare(n))
		}
		if c := n.common(o); !n.under(c) || !o.under(c) {
			t.Errorf("%q is not above %q and %q", c, n, o)
		}
	})
}
