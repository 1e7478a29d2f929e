package resolver

import (
	"testing"

	"github.com/miekg/dns"
)

func TestAnswersAndDenialsAreProven(t *testing.T) {
	for _, tc := range []struct {
		what  string
		nsec3 *dns.NSEC3PARAM
	}{
		{"NSEC", nil},
		{"NSEC3", &dns.NSEC3PARAM{Hash: 1, Iterations: 0}},
		{"NSEC3 with salt", &dns.NSEC3PARAM{Hash: 1, Iterations: 5, Salt: "AABB", SaltLength: 2}},
	} {
		t.Run(tc.what, func(t *testing.T) {
			w := newWorld(t)
			w.zone("nl", dns.ECDSAP256SHA256)
			z := w.zone("example.nl", dns.ECDSAP256SHA256,
				"@ A 192.0.2.1", "www CNAME @", "a.b.c A 192.0.2.2", "*.w A 192.0.2.3", "*.w TXT \"x\"", "exists.w A 192.0.2.4",
				"@ MX 10 mail", "old DNAME new", "host.new A 192.0.2.5", "out CNAME www.other.nl.", "cn.x CNAME www")
			z.nsec3 = tc.nsec3
			w.zone("other.nl", 0, "www A 192.0.2.9")
			r := w.build()
			expect(t, r, "example.nl", "A", "NOERROR secure 192.0.2.1")
			expect(t, r, "EXAMPLE.nl.", "mx", "NOERROR secure 10 mail.example.nl")
			expect(t, r, "www.example.nl", "A", "NOERROR secure CNAME>example.nl 192.0.2.1")
			expect(t, r, "www.example.nl", "AAAA", "NOERROR secure CNAME>example.nl")
			expect(t, r, "a.b.c.example.nl", "A", "NOERROR secure 192.0.2.2")
			expect(t, r, "b.c.example.nl", "A", "NOERROR secure")
			expect(t, r, "c.example.nl", "TXT", "NOERROR secure")
			expect(t, r, "nope.example.nl", "A", "NXDOMAIN secure")
			expect(t, r, "d.b.c.example.nl", "A", "NXDOMAIN secure")
			expect(t, r, "x.y.z.example.nl", "A", "NXDOMAIN secure")
			expect(t, r, "some.w.example.nl", "A", "NOERROR secure 192.0.2.3 *")
			expect(t, r, "some.deeper.w.example.nl", "A", "NOERROR secure 192.0.2.3 *")
			expect(t, r, "some.w.example.nl", "AAAA", "NOERROR secure *")
			expect(t, r, "exists.w.example.nl", "TXT", "NOERROR secure")
			expect(t, r, "below.exists.w.example.nl", "A", "NXDOMAIN secure")
			expect(t, r, "*.w.example.nl", "A", "NOERROR secure 192.0.2.3")
			expect(t, r, "host.old.example.nl", "A", "NOERROR secure DNAME>host.new.example.nl 192.0.2.5")
			expect(t, r, "no.old.example.nl", "A", "NXDOMAIN secure DNAME>no.new.example.nl")
			expect(t, r, "out.example.nl", "A", "NOERROR insecure/no_ds CNAME>www.other.nl 192.0.2.9")
			expect(t, r, "example.nl", "DS", "NOERROR secure "+dsText(z))
			expect(t, r, "other.nl", "DS", "NOERROR secure")
			expect(t, r, "nope.nl", "DS", "NXDOMAIN secure")
			expect(t, r, "www.example.nl", "CNAME", "NOERROR secure example.nl")
			expect(t, r, "_443._tcp.www.example.nl", "TLSA", "NXDOMAIN secure")
		})
	}
}

func dsText(z *zone) string {
	for _, k := range z.keys {
		if k.ksk {
			d := k.ToDS(dns.SHA256)
			return present(dns.TypeDS, mustData(d))
		}
	}
	return ""
}

func mustData(rr dns.RR) []byte {
	b, err := rdataOf(rr)
	if err != nil {
		panic(err)
	}
	return b
}
