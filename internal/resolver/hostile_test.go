package resolver

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestADelegationToManyNamesCostsFewQuestions(t *testing.T) { // NXNSAttack, CVE-2020-12662
	w := newWorld(t)
	w.zone("nl", 13)
	w.zone("victim.nl", 0, "@ A 192.0.2.1")
	z := w.zone("evil.nl", 0)
	for i := range 100 {
		z.add(fmt.Sprintf("sub NS ns%d.nope.victim.nl.", i))
	}
	r := w.build()
	expect(t, r, "victim.nl", "A", "NOERROR insecure/no_ds 192.0.2.1")
	w.forget()
	expect(t, r, "www.sub.evil.nl", "A", "SERVFAIL indeterminate/no_servers 22 sub.evil.nl gap=dns")
	if n := len(w.forget()); n > 6*maxNSLookups {
		t.Errorf("%d questions", n)
	}
}

func TestDelegationsThatLeadToEachOtherEnd(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13, "a NS ns.b.nl.", "b NS ns.a.nl.")
	r := w.build()
	expect(t, r, "www.a.nl", "A", "SERVFAIL indeterminate/no_servers 22 a.nl gap=dns")
	if n := len(w.forget()); n > 40 {
		t.Errorf("%d questions", n)
	}
}

func TestAChainOfDelegationsWithoutAddressesEnds(t *testing.T) {
	w := newWorld(t)
	z := w.zone("nl", 13)
	for i := range 60 {
		z.add(fmt.Sprintf("z%d NS a.z%d.nl.", i, i+1), fmt.Sprintf("z%d NS b.z%d.nl.", i, i+2), fmt.Sprintf("z%d NS c.z%d.nl.", i, i+3))
	}
	r := w.build()
	l := r.Lookup(context.Background(), "www.z0.nl", "A")
	if l.Security != "indeterminate" {
		t.Errorf("got %s", say(l))
	}
	if n := len(w.forget()); n > maxQueries {
		t.Errorf("%d questions", n)
	}
}

func TestKeysWithOneTagAreTriedUpToALimit(t *testing.T) { // KeyTrap, CVE-2023-50387
	for _, tc := range []struct {
		keys, sigs int
		want       string
	}{
		{2, 1, "NOERROR secure 192.0.2.1"},
		{40, 1, "NOERROR indeterminate/too_much_work 6 example.nl gap=budget 192.0.2.1"},
		{40, 20, "NOERROR indeterminate/too_much_work 6 example.nl gap=budget 192.0.2.1"},
	} {
		w := newWorld(t)
		w.zone("nl", 13)
		z := w.zone("example.nl", dns.ED25519, "www A 192.0.2.1")
		zsk := z.keys[1]
		public, _ := base64.StdEncoding.DecodeString(zsk.PublicKey)
		for i := range tc.keys - 1 { // two of its 16-bit words changed places: the same tag
			p := append([]byte(nil), public...)
			a, b := i%8, 8+i/8%8
			p[2*a], p[2*a+1], p[2*b], p[2*b+1] = p[2*b], p[2*b+1], p[2*a], p[2*a+1]
			k := *zsk.DNSKEY
			k.PublicKey = base64.StdEncoding.EncodeToString(p)
			if k.KeyTag() != zsk.KeyTag() {
				t.Fatal("the tags differ")
			}
			z.keys = append(z.keys, &zoneKey{DNSKEY: &k})
		}
		z.edit = func(q dns.Question, m *dns.Msg) {
			var keys, sigs []dns.RR
			for _, rr := range m.Answer {
				if s, ok := rr.(*dns.RRSIG); ok && q.Qtype == dns.TypeA {
					for i := range tc.sigs - 1 {
						bad := *s
						bad.Signature = strings.Repeat("A", 80) + fmt.Sprintf("%06d==", i)
						sigs = append(sigs, &bad)
					}
				}
				if k, ok := rr.(*dns.DNSKEY); ok && k.PublicKey != zsk.PublicKey {
					keys = append(keys, rr) // the good one comes last
				}
			}
			if len(keys) > 0 {
				rest := m.Answer
				m.Answer = keys
				for _, rr := range rest {
					if k, ok := rr.(*dns.DNSKEY); !ok || k.PublicKey == zsk.PublicKey {
						m.Answer = append(m.Answer, rr)
					}
				}
			}
			m.Answer = append(sigs, m.Answer...)
		}
		expect(t, w.build(), "www.example.nl", "A", tc.want)
	}
}

func TestLongAliasChainsEnd(t *testing.T) {
	w := newWorld(t)
	z := w.zone("nl", 13)
	for i := range 40 {
		z.add(fmt.Sprintf("c%d CNAME c%d", i, i+1))
	}
	z.add("c40 A 192.0.2.1", "loop DNAME loop")
	r := w.build()
	if l := r.Lookup(context.Background(), "c0.nl", "A"); l.RCode != "SERVFAIL" || l.Problem == nil || l.Problem.Code != codeLoop || len(l.Aliases) != maxAliases+1 {
		t.Errorf("got %s", say(l))
	}
	if l := r.Lookup(context.Background(), "c30.nl", "A"); l.Security != "secure" || len(l.Records) != 1 || len(l.Aliases) != 10 {
		t.Errorf("got %s", say(l))
	}
	if l := r.Lookup(context.Background(), "x.loop.nl", "A"); l.RCode != "SERVFAIL" {
		t.Errorf("got %s", say(l))
	}
}

func TestADNAMEThatMakesTooLongANameFails(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("a", 60)
	w.zone("nl", 13, "d DNAME "+long+"."+long+"."+long+".nl.")
	z := w.zones["nl."]
	z.edit = func(q dns.Question, m *dns.Msg) {
		var keep []dns.RR
		for _, rr := range m.Answer {
			if c, ok := rr.(*dns.CNAME); !ok || len(c.Target) < 250 {
				keep = append(keep, rr)
			} else {
				m.Rcode = dns.RcodeYXDomain
			}
		}
		m.Answer = keep
	}
	if l := w.build().Lookup(context.Background(), long+"."+long+".d.nl", "A"); l.Answered() {
		t.Errorf("got %s", say(l))
	}
}
