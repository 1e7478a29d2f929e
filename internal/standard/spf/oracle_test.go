package spf

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	oracle "blitiri.com.ar/go/spf"

	"peil/internal/standard/lookup"
)

// oracleDNS gives another implementation the same answers.
type oracleDNS struct{ ask Ask }

func (o oracleDNS) get(name, qtype string) (Answer, error) {
	name = lookup.Canonical(name)
	if !lookup.ValidName(name) {
		return Answer{}, &net.DNSError{Err: "no such name", Name: name, IsNotFound: true}
	}
	a := o.ask(name, qtype)
	switch a.Status {
	case lookup.Failure:
		return a, &net.DNSError{Err: "failure", Name: name, IsTemporary: true}
	case lookup.OK:
		return a, nil
	}
	return a, &net.DNSError{Err: "no such name", Name: name, IsNotFound: true}
}

func (o oracleDNS) LookupTXT(_ context.Context, name string) ([]string, error) {
	a, err := o.get(name, "TXT")
	return a.TXT, err
}

func (o oracleDNS) LookupMX(_ context.Context, name string) (out []*net.MX, err error) {
	a, err := o.get(name, "MX")
	for i, h := range a.Hosts {
		out = append(out, &net.MX{Host: h, Pref: uint16(i)})
	}
	return out, err
}

func (o oracleDNS) LookupIPAddr(_ context.Context, name string) (out []net.IPAddr, err error) {
	for _, qtype := range []string{"A", "AAAA"} {
		a, e := o.get(name, qtype)
		for _, ip := range a.Addrs {
			out = append(out, net.IPAddr{IP: ip.AsSlice()})
		}
		if len(a.Addrs) == 0 {
			err = e
		}
	}
	if len(out) > 0 {
		err = nil
	}
	return out, err
}

func (o oracleDNS) LookupAddr(_ context.Context, addr string) ([]string, error) {
	a, err := o.get(reverse(netip.MustParseAddr(addr)), "PTR")
	return a.Hosts, err
}

// FuzzAgreesWithAnotherImplementation makes records of good terms and compares the
// results. What the two are known to read differently is not among the terms: names
// with one address family alone (a void look-up of the other family), and %{p}.
func FuzzAgreesWithAnotherImplementation(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, byte(0))
	f.Add([]byte{13, 14, 15, 16, 17, 0, 2, 18, 19, 0, 21, 22}, byte(1))
	f.Add([]byte{13, 13, 13, 0, 13, 13, 13, 0, 23, 23}, byte(2))
	terms := []string{
		"", "ip4:192.0.2.0/30", "include:b.nl", "include:c.nl", "~include:d.nl", "a", "a:host.nl", "-a:host.nl/24//64", "mx", "mx:host.nl",
		"exists:%{i}.list.nl", "-exists:%{l}.%{d2r}.list.nl", "ptr", "a:gone.nl", "exists:empty.nl", "?ip4:192.0.2.1", "-ip6:2001:db8::/64",
		"~all", "-all", "redirect=b.nl", "redirect=%{d}.c.nl", "?all", "+all", "mx:gone.nl", "ptr:host.nl", "include:broken.nl", "a:broken.nl",
	}
	ips := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("198.51.100.1")}
	f.Fuzz(func(t *testing.T, b []byte, who byte) {
		if len(b) > 60 {
			b = b[:60]
		}
		records := []string{"v=spf1", "v=spf1", "v=spf1", "v=spf1"}
		at := 0
		for _, c := range b {
			if c == 0 {
				at++
				continue
			}
			records[at%4] += " " + terms[int(c)%len(terms)]
		}
		zone := world(fmt.Sprintf(`
			a.nl TXT %s
			b.nl TXT %s
			c.nl TXT %s
			d.nl TXT %s
			a.nl.c.nl TXT v=spf1 ~all
			a.nl A 192.0.2.9
			a.nl AAAA 2001:db8::9
			a.nl MX host.nl
			b.nl A 192.0.2.7
			b.nl AAAA 2001:db8::7
			host.nl A 192.0.2.200
			host.nl AAAA 2001:db8::1
			host.nl MX host.nl
			host.nl MX gone.nl
			192.0.2.1.list.nl A 127.0.0.2
			192.0.2.1.list.nl AAAA ::1
			x.nl.a.list.nl A 127.0.0.2
			x.nl.a.list.nl AAAA ::1
			empty.nl TXT nothing
			broken.nl TXT FAIL
			broken.nl A FAIL
			broken.nl AAAA FAIL
			1.2.0.192.in-addr.arpa PTR host.a.nl
			host.a.nl A 192.0.2.1
			host.a.nl AAAA 2001:db8::2
			`, records[0], records[1], records[2], records[3]))
		for _, r := range records {
			if !Parse(strings.TrimSpace(r)).Valid() {
				return // the other one stops at the first match and overlooks what follows
			}
		}
		ip := ips[int(who)%len(ips)]
		want, err := oracle.CheckHostWithSender(ip.AsSlice(), "host.nl", "x@a.nl", oracle.WithResolver(oracleDNS{zone}))
		got := Check(Sender{IP: ip, MailFrom: "x@a.nl", HELO: "host.nl"}, zone)
		if string(got.Result) != string(want) {
			t.Errorf("%q from %s: got %+v, the other %s (%v)", records, ip, got, want, err)
		}
	})
}
