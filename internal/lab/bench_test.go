package lab

import (
	"net"
	"net/netip"
	"os"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// memoryMiB is what the Go runtime holds: resident memory, less what the race detector
// needs for itself.
func memoryMiB() int {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int((s[0].Value.Uint64() - s[1].Value.Uint64()) >> 20)
}

func TestSixtyThousandSitesFitInTwoGiB(t *testing.T) {
	c, err := Generate(1, MaxSites)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	r := start(t, Options{Country: c})
	started := time.Since(begin)
	// Ask for every site as a resolver would: the referral, the keys and the addresses.
	query := func(name string, qtype uint16, at netip.Addr) {
		m := new(dns.Msg)
		m.SetQuestion(name, qtype)
		m.SetEdns0(1232, true)
		wire, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.dns.Answer(nil, wire, at, false)) < 30 {
			t.Fatalf("no answer about %s", name)
		}
	}
	begin = time.Now()
	tld := r.net.hosts[r.net.static["test."].NS[0]].Addrs[0]
	step := 20
	if os.Getenv("PEIL_TEST_ALL") != "" {
		step = 1
	}
	asked := 0
	for i := 0; i < len(c.Sites); i += step {
		name := c.Sites[i].Name
		apex := countryApex(name)
		spec := r.net.zone(apex)
		at := r.net.hosts[spec.NS[0]].Addrs[0]
		query(apex, dns.TypeDS, tld)
		query(apex, dns.TypeDNSKEY, at)
		query(name+".", dns.TypeA, at)
		query(name+".", dns.TypeAAAA, at)
		asked += 4
	}
	took := time.Since(begin)
	mib := memoryMiB()
	t.Logf("start %v, %d first answers in %v (%v each), %d MiB", started, asked, took, took/time.Duration(asked), mib)
	if mib > 2048 {
		t.Errorf("%d MiB", mib)
	}
}

func BenchmarkAnswerFromCache(b *testing.B) {
	r := start(b, Options{})
	m := new(dns.Msg)
	m.SetQuestion("www.perfect.example.nl.", dns.TypeA)
	m.SetEdns0(1232, true)
	wire, err := m.Pack()
	if err != nil {
		b.Fatal(err)
	}
	at := r.net.hosts[r.net.resolved[""][0]].Addrs[0]
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if len(r.dns.Answer(buf, wire, at, false)) < 30 {
			b.Fatal("no answer")
		}
	}
}

func BenchmarkQueryOverUDP(b *testing.B) {
	r := start(b, Options{})
	ns := r.net.hosts[r.net.resolved[""][0]]
	to, ok := real(b, r, "udp", netip.AddrPortFrom(ns.Addrs[0], 53))
	if !ok {
		b.Fatal("not in the map")
	}
	conn, err := net.Dial("udp", to.String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	m := new(dns.Msg)
	m.SetQuestion("www.perfect.example.nl.", dns.TypeA)
	m.SetEdns0(1232, true)
	wire, err := m.Pack()
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 4096)
	for b.Loop() {
		if _, err := conn.Write(wire); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
