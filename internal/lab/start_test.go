package lab

import (
	"bytes"
	"context"
	gotls "crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// start runs a lab behind a network map.
func start(t testing.TB, o Options) *Running {
	t.Helper()
	r, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// real looks an address up in the network map as a scan does.
func real(t testing.TB, r *Running, proto string, logical netip.AddrPort) (netip.AddrPort, bool) {
	t.Helper()
	for _, line := range strings.Split(string(r.Map), "\n") {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == proto {
			f = f[1:]
		}
		if len(f) == 2 && f[0] == logical.String() {
			return netip.MustParseAddrPort(f[1]), true
		}
	}
	return netip.AddrPort{}, false
}

func ask(t testing.TB, r *Running, at netip.Addr, proto, name string, qtype uint16) *dns.Msg {
	t.Helper()
	to, ok := real(t, r, proto, netip.AddrPortFrom(at, 53))
	if !ok {
		t.Fatalf("no name server at %s in the map", at)
	}
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.SetEdns0(1232, true)
	in, _, err := (&dns.Client{Net: proto, Timeout: 5 * time.Second}).Exchange(m, to.String())
	if err != nil {
		t.Fatalf("asking %s %s at %s over %s: %v", name, dns.TypeToString[qtype], at, proto, err)
	}
	return in
}

func TestTheMapLeadsToSitesAndNameServers(t *testing.T) {
	r := start(t, Options{})
	s := r.Site("www.perfect.example.nl")
	ns := r.net.hosts[r.net.resolved[""][0]]
	for _, proto := range []string{"udp", "tcp"} {
		for _, at := range ns.Addrs {
			in := ask(t, r, at, proto, "WWW.perfect.Example.NL.", dns.TypeAAAA)
			if len(in.Answer) != 2 || !in.Authoritative || in.Question[0].Name != "WWW.perfect.Example.NL." {
				t.Errorf("%s at %s: %v", proto, at, in)
			}
		}
	}
	for _, srv := range []*Server{&s.V4[0], &s.V6[0]} {
		to, ok := real(t, r, "tcp", netip.AddrPortFrom(srv.Addr, 443))
		if !ok {
			t.Fatalf("%s is not in the map", srv.Addr)
		}
		conn, err := gotls.Dial("tcp", to.String(), &gotls.Config{ServerName: s.Name, RootCAs: r.authority.Pool()})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+s.Name+"\r\nConnection: close\r\n\r\n")
		body, err := io.ReadAll(conn)
		if err != nil || !bytes.HasPrefix(body, []byte("HTTP/1.1 200 ")) || !bytes.Contains(body, []byte("Strict-Transport-Security")) {
			t.Errorf("%v\n%s", err, body)
		}
		_ = conn.Close()
	}
}

func TestDeadAddressesRefuseOrAreSilentAndTheRestDoesNotExist(t *testing.T) {
	r := start(t, Options{})
	dial := func(id string, port uint16) error {
		s := r.Site("www." + id + ".example.nl")
		to, ok := real(t, r, "tcp", netip.AddrPortFrom(s.V6[0].Addr, port))
		if !ok {
			t.Fatalf("%s port %d is not in the map", id, port)
		}
		c, err := net.DialTimeout("tcp", to.String(), 300*time.Millisecond)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	if err := dial("v6-refused", 443); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("refused: %v", err)
	}
	for range 3 { // the silence does not wear off
		if err := dial("v6-silent", 443); err == nil || !strings.Contains(err.Error(), "timeout") {
			t.Errorf("silent: %v", err)
		}
	}
	if err := dial("v6-port80-closed", 443); err != nil {
		t.Errorf("open: %v", err)
	}
	if _, ok := real(t, r, "tcp", netip.AddrPortFrom(noAnswer6, 443)); ok {
		t.Error("an address that nobody has is in the map")
	}
	dead := r.net.hosts[r.net.resolved["v6-silent"][1]]
	to, _ := real(t, r, "udp", netip.AddrPortFrom(dead.v6, 53))
	if !to.IsValid() {
		t.Fatal("the silent name server is not in the map")
	}
	m := new(dns.Msg)
	m.SetQuestion("example.nl.", dns.TypeSOA)
	if _, _, err := (&dns.Client{Timeout: 300 * time.Millisecond}).Exchange(m, to.String()); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("the silent name server: %v", err)
	}
}

func TestDelayMakesEachRoundTripLonger(t *testing.T) {
	const delay = 40 * time.Millisecond
	r := start(t, Options{Delay: delay})
	at := r.net.hosts[r.net.static["."].NS[0]].Addrs[0]
	begin := time.Now()
	ask(t, r, at, "udp", ".", dns.TypeSOA)
	if took := time.Since(begin); took < delay {
		t.Errorf("UDP took %v", took)
	}
	begin = time.Now()
	ask(t, r, at, "tcp", ".", dns.TypeSOA) // connection and exchange
	if took := time.Since(begin); took < 2*delay {
		t.Errorf("TCP took %v", took)
	}
}

func TestTheRPKICacheSpeaksBothVersions(t *testing.T) {
	r := start(t, Options{})
	for version := range byte(2) {
		c, err := net.Dial("tcp", r.RTR.String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte{version, rtrResetQuery, 0, 0, 0, 0, 0, 8}); err != nil {
			t.Fatal(err)
		}
		prefixes := 0
		for done := false; !done; {
			var head [8]byte
			if _, err := io.ReadFull(c, head[:]); err != nil {
				t.Fatal(err)
			}
			body := make([]byte, binary.BigEndian.Uint32(head[4:])-8)
			if _, err := io.ReadFull(c, body); err != nil {
				t.Fatal(err)
			}
			switch head[1] {
			case rtrIPv4Prefix, rtrIPv6Prefix:
				prefixes++
			case rtrEndOfData:
				done = true
				if want := map[byte]int{0: 4, 1: 16}[version]; len(body) != want {
					t.Errorf("version %d: end of data has %d bytes", version, len(body))
				}
			}
		}
		if prefixes != len(vrps()) {
			t.Errorf("version %d: %d prefixes of %d", version, prefixes, len(vrps()))
		}
		_ = c.Close()
	}
}

// What is to be measured beside a country is the country.
func TestTheNamesOfACountryAreItsOwn(t *testing.T) {
	c, err := Generate(1, 20)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{Country: c})
	var want strings.Builder
	for i := range c.Sites {
		want.WriteString(c.Sites[i].Name + "\n")
	}
	if got := string(r.Names); got != want.String() {
		t.Errorf("names to measure:\n%s\nwant\n%s", got, want.String())
	}
	if r := start(t, Options{}); strings.Count(string(r.Names), "\n") != len(Catalogue()) {
		t.Errorf("%d names without a country, the catalogue has %d", strings.Count(string(r.Names), "\n"), len(Catalogue()))
	}
}
