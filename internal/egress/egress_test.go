package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server listens on loopback and hands each connection to serve.
func server(t testing.TB, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// loopback opens 127.0.0.0/8, as --allow does.
func loopback(t testing.TB, l Limits) *Egress {
	t.Helper()
	e, err := New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func parseMap(t testing.TB, text string) *Map {
	t.Helper()
	m, err := ParseMap(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func echo(c net.Conn) { _, _ = io.Copy(c, c) }

func TestAWordThereAndBackIsAccounted(t *testing.T) {
	e := loopback(t, Limits{})
	a := server(t, echo)
	s := e.Subject("www.example.nl")
	c, err := s.DialTCP(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello" {
		t.Fatalf("%q %v", b, err)
	}
	s.CountQuery(2)
	want := Cost{Connections: 1, Queries: 2, BytesIn: 5, BytesOut: 5}
	if s.Cost() != want || e.Cost() != want || s.As(Handshake).Cost() != want {
		t.Errorf("cost %+v, total %+v, want %+v", s.Cost(), e.Cost(), want)
	}
	if c.RemoteAddr().String() != a.String() {
		t.Errorf("remote address %s", c.RemoteAddr())
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(b); !errors.Is(err, ErrCancelled) || Gap(err) != "cancelled" {
		t.Errorf("reading after our own close: %v", err)
	}
}

func TestTheGuardStandsBeforeTheDial(t *testing.T) {
	a := server(t, echo)
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	mapped := netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
	for _, addr := range []netip.AddrPort{a, mapped, ap("10.0.0.1:80"), ap("[::1]:80"), ap("[fe80::1%lo]:80"), {}} {
		if c, err := e.Subject("").DialTCP(t.Context(), addr); !errors.Is(err, ErrNotPublic) || Gap(err) != "not_public" {
			t.Errorf("%s: %v %v", addr, c, err)
		}
		if _, err := e.Subject("").DialUDP(t.Context(), addr); !errors.Is(err, ErrNotPublic) {
			t.Errorf("UDP %s: %v", addr, err)
		}
	}
	if e.Cost() != (Cost{}) {
		t.Errorf("something was dialed: %+v", e.Cost())
	}
	// What is opened in its own form stays shut in disguise.
	if _, err := loopback(t, Limits{}).Subject("").DialTCP(t.Context(), mapped); !errors.Is(err, ErrNotPublic) {
		t.Errorf("IPv4-mapped loopback: %v", err)
	}
	// What the operator names is open: that port, no other.
	e, err = New(Config{Named: []netip.AddrPort{a}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Subject("").DialTCP(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := e.Subject("").Check("tcp", netip.AddrPortFrom(a.Addr(), 1)); !errors.Is(err, ErrNotPublic) {
		t.Errorf("another port of the named server: %v", err)
	}
}

func TestWithAMapTheRestDoesNotExist(t *testing.T) {
	a := server(t, echo)
	// 1.1.1.1 is mapped; nothing else is, least of all the real internet. The dialer
	// would tell: its Control is called for each socket before it connects.
	e, err := New(Config{
		Map:      parseMap(t, "tcp 1.1.1.1:443 "+a.String()+"\ntcp [2606:4700::1111]:443 "+a.String()),
		Allow:    []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Named:    []netip.AddrPort{ap("9.9.9.9:53"), a},
		Families: &Families{},
	})
	if err != nil {
		t.Fatal(err)
	}
	var dialed []string
	e.dialer.Control = func(_, address string, _ syscall.RawConn) error {
		dialed = append(dialed, address)
		return nil
	}
	if !e.Simulated() {
		t.Error("not simulated")
	}
	s := e.Subject("www.example.nl")
	for _, addr := range []string{"1.1.1.1:443", "[2606:4700::1111]:443", a.String()} {
		c, err := s.DialTCP(t.Context(), ap(addr))
		if err != nil {
			t.Fatal(err)
		}
		if c.RemoteAddr().String() != addr {
			t.Errorf("remote address %s, want the logical %s", c.RemoteAddr(), addr)
		}
		c.Close()
	}
	for addr, want := range map[string]error{
		"1.1.1.1:80": ErrUnmapped, "8.8.8.8:443": ErrUnmapped, "[2606:4700::1112]:443": ErrUnmapped,
		"9.9.9.9:53":  ErrUnmapped, // named by the operator, but the map is the world
		"10.0.0.1:1":  ErrUnmapped, // opened, but not there
		"127.0.0.1:1": ErrNotPublic,
	} {
		if _, err := s.DialTCP(t.Context(), ap(addr)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", addr, err, want)
		}
	}
	if _, err := s.DialUDP(t.Context(), ap("1.1.1.1:443")); !errors.Is(err, ErrUnmapped) || Gap(err) != "unmapped" {
		t.Errorf("UDP to an address mapped for TCP: %v", err)
	}
	for _, d := range dialed {
		if d != a.String() {
			t.Errorf("a socket was opened to %s", d)
		}
	}
	if len(dialed) != 3 {
		t.Errorf("dialed %v", dialed)
	}
}

func TestAMapOpensOnlyWhatItNames(t *testing.T) {
	a := server(t, echo)
	e, err := New(Config{Map: parseMap(t, "10.1.0.0/16:80 "+a.String()+"\n0.0.0.0/0:80 "+a.String())})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]error{"10.1.2.3:80": nil, "8.8.8.8:80": nil, "10.2.0.1:80": ErrNotPublic, "127.0.0.1:80": ErrNotPublic} {
		if err := e.Subject("").Check("tcp", ap(addr)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", addr, err, want)
		}
	}
}

func TestWhatThePeerDidAndWhatIsOurs(t *testing.T) {
	e := loopback(t, Limits{})
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	s := e.Subject("www.example.nl")
	_, err = s.DialTCP(t.Context(), closed)
	if !errors.Is(err, ErrRefused) || !errors.Is(err, syscall.ECONNREFUSED) || Gap(err) != "" {
		t.Errorf("a closed port: %v", err)
	}
	if want := "dial " + closed.String() + " for www.example.nl: refused"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("says %q", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = s.DialTCP(ctx, closed); !errors.Is(err, ErrCancelled) {
		t.Errorf("cancelled: %v", err)
	}

	reset := server(t, func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) })
	c, err := s.DialTCP(t.Context(), reset)
	if err == nil {
		_, err = c.Read(make([]byte, 1))
		c.Close()
	}
	if !errors.Is(err, ErrReset) || Gap(err) != "" {
		t.Errorf("a reset: %v", err)
	}

	fin := server(t, func(net.Conn) {})
	c, err = s.DialTCP(t.Context(), fin)
	if err == nil {
		_, err = c.Read(make([]byte, 1))
		c.Close()
	}
	if err != io.EOF { //nolint:errorlint // itself, not wrapped
		t.Errorf("an end: %v, want io.EOF itself", err)
	}

	for errno, want := range map[syscall.Errno]string{
		syscall.EMFILE: "our_network", syscall.ENFILE: "our_network", syscall.EADDRNOTAVAIL: "our_network", syscall.EPERM: "our_network",
		syscall.ENETUNREACH: "our_network", syscall.EHOSTUNREACH: "our_network", syscall.EAFNOSUPPORT: "no_ipv6",
		syscall.ETIMEDOUT: "", syscall.ECONNRESET: "", syscall.EPIPE: "",
	} {
		err := s.fail("dial", ap("[2a00::1]:443"), classify(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}), errno)
		if Gap(err) != want {
			t.Errorf("%s: gap %q, want %q", errno, Gap(err), want)
		}
	}
	if Gap(nil) != "" || Gap(io.EOF) != "" || Gap(ErrNoFamily) != "no_ipv6" {
		t.Error("gap of no error")
	}
}

func TestSilenceIsThePeersAndTheBudgetIsOurs(t *testing.T) {
	silent := server(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	s := loopback(t, Limits{Time: 300 * time.Millisecond}).Subject("")
	c, err := s.DialTCP(t.Context(), silent)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	var ne net.Error
	if !errors.Is(err, ErrTimeout) || !errors.As(err, &ne) || !ne.Timeout() || Gap(err) != "" {
		t.Errorf("the caller's deadline: %v", err)
	}
	_ = c.SetDeadline(time.Now().Add(time.Hour)) // no deadline goes beyond the budget
	if _, err = c.Read(make([]byte, 1)); !errors.Is(err, ErrBudget) || Gap(err) != "budget" {
		t.Errorf("the subject's time: %v", err)
	}
	if _, err := s.DialTCP(t.Context(), silent); !errors.Is(err, ErrBudget) {
		t.Errorf("dialing when the time is over: %v", err)
	}
}

func TestNoSubjectTakesMoreThanItsBytes(t *testing.T) {
	flood := server(t, func(c net.Conn) {
		for b := make([]byte, 1<<16); ; {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	})
	s := loopback(t, Limits{Bytes: 100_000}).Subject("")
	c, err := s.DialTCP(t.Context(), flood)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n, err := io.Copy(io.Discard, c)
	if n != 100_000 || !errors.Is(err, ErrBudget) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, ErrBudget) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.DialTCP(t.Context(), flood); !errors.Is(err, ErrBudget) {
		t.Errorf("dial: %v", err)
	}
}

func TestWhatPeilFetchesForItselfHasNoBudget(t *testing.T) {
	a := server(t, func(c net.Conn) { _, _ = c.Write(make([]byte, 200_000)) })
	e := loopback(t, Limits{Bytes: 100_000, Connections: 1, Time: time.Nanosecond})
	s := e.Unmetered("")
	for range 2 {
		c, err := s.DialTCP(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, c); n != 200_000 || err != nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
		c.Close()
	}
	if got := e.Cost(); got.Connections != 2 || got.BytesIn != 400_000 {
		t.Errorf("not accounted: %+v", got)
	}
}

func TestNoSubjectTakesMoreThanItsConnections(t *testing.T) {
	a := server(t, echo)
	e := loopback(t, Limits{Connections: 3})
	s := e.Subject("")
	for range 3 {
		c, err := s.DialTCP(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if _, err := s.As(Handshake).DialTCP(t.Context(), a); !errors.Is(err, ErrBudget) {
		t.Errorf("the fourth: %v", err)
	}
	if s.Cost().Connections != 3 || e.Cost().Connections != 3 {
		t.Errorf("%+v", s.Cost())
	}
}

func TestCloseSendsReset(t *testing.T) {
	result := make(chan error, 2)
	a := server(t, func(c net.Conn) {
		_, err := io.ReadAll(c)
		result <- err
	})
	for _, graceful := range []bool{false, true} {
		c, err := loopback(t, Limits{}).Subject("").DialTCP(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if graceful {
			c.Graceful()
		}
		c.Close()
		if err := <-result; errors.Is(err, syscall.ECONNRESET) == graceful {
			t.Errorf("graceful %v: the server saw %v", graceful, err)
		}
	}
}

func TestContextEndsARead(t *testing.T) {
	silent := server(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	c, err := loopback(t, Limits{}).Subject("").DialTCP(t.Context(), silent)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer c.CloseWith(ctx)()
	go cancel()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, ErrCancelled) {
		t.Errorf("got %v", err)
	}
}

func TestSocketsAreGivenBack(t *testing.T) {
	a := server(t, echo)
	e := loopback(t, Limits{Open: 1})
	for range 5 {
		c, err := e.Subject("").DialTCP(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if _, err := e.Subject("").DialTCP(t.Context(), netip.AddrPortFrom(a.Addr(), 1)); !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	}
	c, err := e.Subject("").DialUDP(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := e.Subject("").DialTCP(ctx, a); !errors.Is(err, ErrBudget) {
		t.Errorf("beyond the open sockets: %v", err)
	}
}

func TestDatagrams(t *testing.T) {
	l, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 100); ; {
			n, from, err := l.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = l.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	a := l.LocalAddr().(*net.UDPAddr).AddrPort()
	e := loopback(t, Limits{UDPBurst: 2, UDPRate: 50})
	s := e.Subject("")
	c, err := s.DialUDP(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	start := time.Now()
	for range 4 {
		if _, err := c.Write([]byte("query")); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 100)); n != 5 || err != nil {
			t.Fatal(n, err)
		}
	}
	if d := time.Since(start); d < 35*time.Millisecond { // two at once, two at 20 ms each
		t.Errorf("four datagrams took %s", d)
	}
	if want := (Cost{Queries: 4, BytesIn: 20, BytesOut: 20}); s.Cost() != want {
		t.Errorf("cost %+v", s.Cost())
	}
	l.Close()
	<-done
	_, _ = c.Write([]byte("query"))
	if _, err := c.Read(make([]byte, 100)); !errors.Is(err, ErrRefused) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestAMissingFamilyIsOurs(t *testing.T) {
	e, err := New(Config{Families: &Families{IPv4: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Subject("").DialTCP(t.Context(), ap("[2a00::1]:443")); !errors.Is(err, ErrNoFamily) || Gap(err) != "no_ipv6" {
		t.Errorf("IPv6: %v", err)
	}
	if e, err = New(Config{Families: &Families{IPv6: true}}); err != nil {
		t.Fatal(err)
	}
	if err := e.Subject("").Check("tcp", ap("1.1.1.1:443")); Gap(err) != "no_ipv4" {
		t.Errorf("IPv4: %v", err)
	}
	// A family that has a route and no answers is there, and does not work: whoever met
	// silence before the self-test says "our network", and so does who comes after it.
	e.SetFamilies(Families{})
	if err := e.Subject("").Check("tcp", ap("[2a00::1]:443")); Gap(err) != "our_network" || !errors.Is(err, ErrNoFamily) {
		t.Errorf("IPv6 without answers: %v", err)
	}
}

func TestExclusionsAreHonoured(t *testing.T) {
	x, err := ParseExclusions(strings.NewReader("# opt-outs\nExample.NL. asked so on 2026-03-01\n127.0.0.0/8  our own machines\n2a00:1::1 a printer\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Exclusions: x, Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"example.nl": true, "WWW.example.nl.": true, "a.b.example.nl": true, "badexample.nl": false, "nl": false, "": false} {
		err := e.Subject(name).Check("tcp", ap("1.1.1.1:443"))
		if errors.Is(err, ErrExcluded) != want {
			t.Errorf("%q: %v", name, err)
		}
		if want && (!strings.Contains(err.Error(), "asked so on 2026-03-01") || Gap(err) != "excluded") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, a := range []string{"127.0.0.1:443", "[2a00:1::1]:80"} {
		if err := e.Subject("www.example.com").Check("udp", ap(a)); !errors.Is(err, ErrExcluded) {
			t.Errorf("%s: %v", a, err)
		}
	}
	for text, want := range map[string]string{"example.nl": "no reason", "exa mple\nb@d reason": "line 2", "10.0.0.1/8 why": "neither", "é.nl why": "A-labels"} {
		if _, err := ParseExclusions(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestIntrusiveProbesNeedAMandate(t *testing.T) {
	m, err := ParseMandate([]byte("who = \"A. Jansen\"\nauthority = \"Voorbeeld\"\nuntil = 2999-01-01T00:00:00Z\nnames = [\"Voorbeeld.nl\", \"*.test.nl\"]\nprefixes = [\"145.0.0.0/24\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	before := m.Until.Add(-time.Hour)
	for _, c := range []struct {
		name, addr string
		at         time.Time
		want       bool
	}{
		{"voorbeeld.nl", "1.1.1.1", before, true},
		{"voorbeeld.nl", "1.1.1.1", m.Until, false},
		{"www.voorbeeld.nl", "1.1.1.1", before, false},
		{"www.test.nl", "1.1.1.1", before, true},
		{"a.www.test.nl", "1.1.1.1", before, true},
		{"test.nl", "1.1.1.1", before, false},
		{"*.test.nl", "1.1.1.1", before, true}, // not a host, but below test.nl
		{"", "145.0.0.9", before, true},
		{"", "145.0.1.9", before, false},
	} {
		if got := m.Allows(c.name, netip.MustParseAddr(c.addr), c.at); got != c.want {
			t.Errorf("%q %s at %s: %v", c.name, c.addr, c.at, got)
		}
	}
	for _, mandate := range []*Mandate{nil, m} {
		e, err := New(Config{Mandate: mandate})
		if err != nil {
			t.Fatal(err)
		}
		for _, class := range []Class{Visitor, Handshake} {
			if err := e.Subject("voorbeeld.nl").As(class).Check("tcp", ap("1.1.1.1:25")); err != nil {
				t.Error(err)
			}
		}
		err = e.Subject("voorbeeld.nl").As(Intrusive).Check("tcp", ap("1.1.1.1:25"))
		if (mandate != nil) != (err == nil) || (err != nil && Gap(err) != "no_mandate") {
			t.Errorf("mandate %v: %v", mandate != nil, err)
		}
	}
	for text, want := range map[string]string{
		"":                       "who",
		"who='a'":                "authority",
		"who='a'\nauthority='b'": "until",
		"whom='a'":               "unknown field",
		"who=":                   "expected",
		"who='a'\nauthority='b'\nuntil=2027-01-01":                               "names or prefixes",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nnames=['*']":                  "not a name",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nprefixes=['10.0.0.1/8']":      "10.0.0.0/8",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nprefixes=['0.0.0.0/0']":       "/16 or longer",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nprefixes=['145.0.0.0/15']":    "/16 or longer",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nprefixes=['2a00::/31']":       "/32 or longer",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nnames=['nl']":                 "public suffix",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nnames=['a.nl', '*.NL.']":      "public suffix",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nnames=['*.co.uk']":            "public suffix",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nnames=['intranet']":           "public suffix",
		"who='a'\nauthority='b'\nuntil=2027-01-01\nprefixes=['10.0.0.0/8', '#']": "/16 or longer",
	} {
		if _, err := ParseMandate([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something about %q", text, err, want)
		}
	}
}

// What a mandate is for can be read back, in one order.
func TestMandateSaysWhatItIsFor(t *testing.T) {
	m, err := ParseMandate([]byte("who='a'\nauthority='b'\nuntil=2027-01-01\nnames=['Voorbeeld.nl', '*.test.nl', 'a.nl.']\nprefixes=['2a00::/32', '145.7.0.0/16', '145.0.0.9']"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(m.Names(), m.Prefixes()); got != "[*.test.nl a.nl voorbeeld.nl] [145.0.0.9/32 145.7.0.0/16 2a00::/32]" {
		t.Error(got)
	}
}

func TestLimitsAreChecked(t *testing.T) {
	if _, err := New(Config{Limits: Limits{TCPRate: -2}}); err == nil {
		t.Error("a negative rate was taken")
	}
	if l := DefaultLimits(); l.Connections != 200 || l.Bytes != 5<<20 || l.Time != 2*time.Minute || l.TCPBurst != 20 || l.TCPRate != 10 || l.UDPRate != 100 || l.Open < 64 {
		t.Errorf("%+v", l)
	}
}

func FuzzParseExclusions(f *testing.F) {
	f.Add("example.nl why\n10.0.0.0/8 because\n# no\n", "www.example.nl")
	f.Fuzz(func(t *testing.T, text, name string) {
		x, err := ParseExclusions(strings.NewReader(text))
		if err != nil {
			return
		}
		if reason, yes := x.Name(name); yes && reason == "" {
			t.Fatalf("%q is excluded without reason", name)
		}
	})
}

func FuzzParseMandate(f *testing.F) {
	f.Add([]byte("who='a'\nauthority='b'\nuntil=2027-01-01\nnames=['a.nl']\nprefixes=['10.0.0.0/16']"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMandate(text)
		if err == nil && m.Allows("a.nl", netip.MustParseAddr("1.1.1.1"), m.Until) {
			t.Fatal("a mandate reaches beyond its end")
		}
	})
}

func BenchmarkDial(b *testing.B) {
	a := server(b, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		d := net.Dialer{KeepAlive: -1}
		for b.Loop() {
			c, err := d.DialContext(b.Context(), "tcp", a.String())
			if err != nil {
				b.Fatal(err)
			}
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	})
	b.Run("egress", func(b *testing.B) {
		b.ReportAllocs()
		e := loopback(b, Limits{TCPRate: 1e9, Connections: NoLimit})
		for b.Loop() {
			c, err := e.Subject("www.example.nl").DialTCP(b.Context(), a)
			if err != nil {
				b.Fatal(err)
			}
			c.Close()
		}
	})
}

// BenchmarkFiftyThousandAddresses dials (all but the socket) 50,000 addresses at once,
// each of a network of its own, and reports what the door remembers of them.
func BenchmarkFiftyThousandAddresses(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		p := testPace(Limits{})
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range 50_000 {
			a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{145, byte(i >> 8), byte(i), 1}), 443)
			if err := p.turn(b.Context(), "tcp", a, true); err != nil {
				b.Fatal(err)
			}
			p.outcome(a, nil)
			p.done("tcp", a, true)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(p)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/50_000, "B/address")
}

// BenchmarkDoor is the door's own work, without any socket, over 50,000 addresses.
func BenchmarkDoor(b *testing.B) {
	m := parseMap(b, func() string {
		var s strings.Builder
		for i := range 50_000 {
			fmt.Fprintf(&s, "145.%d.%d.%d:* 127.0.0.1:*\n", i>>16, i>>8&255, i&255)
		}
		return s.String()
	}())
	e, err := New(Config{Map: m})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{145, byte(i >> 16), byte(i >> 8), byte(i)}), 443)
		i = (i + 1) % 50_000
		s := e.Subject("www.example.nl")
		to, err := s.route("tcp", a)
		if err != nil {
			b.Fatal(err)
		}
		if i%80 == 0 { // as many as a /24 lets through at once
			if err := e.pace.turn(b.Context(), "tcp", a, to.polite); err != nil {
				b.Fatal(err)
			}
			e.pace.done("tcp", a, to.polite)
		}
	}
}

func TestAParkedConnectionMakesWay(t *testing.T) {
	a := server(t, echo)
	e := loopback(t, Limits{Open: 1})
	dial := func(ctx context.Context) *Conn {
		t.Helper()
		c, err := e.Subject("").DialTCP(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := dial(t.Context())
	first.Park()
	if !first.Unpark() {
		t.Fatal("a connection that nobody was in want of was closed")
	}
	first.Park()
	second := dial(t.Context())
	if first.Unpark() {
		t.Error("two sockets are open where one may be")
	}
	if _, err := first.Write([]byte("x")); err == nil {
		t.Error("the parked connection is still open")
	}
	first.Close()
	// Who waits already gets the socket at the moment when it is parked.
	got := make(chan *Conn)
	go func() { got <- dial(t.Context()) }()
	for {
		e.pace.open.mu.Lock()
		waiting := e.pace.open.waiting
		e.pace.open.mu.Unlock()
		if waiting == 1 {
			break
		}
		runtime.Gosched()
	}
	second.Park()
	third := <-got
	if second.Unpark() {
		t.Error("it was kept though somebody waited")
	}
	third.Close()
	if n := len(e.pace.open.slots) + len(e.pace.open.parked); n != 0 {
		t.Errorf("%d sockets or parked connections are left", n)
	}
}

func TestDialsComeFromTheSourceAddress(t *testing.T) {
	from := make(chan string, 1)
	a := server(t, func(c net.Conn) { from <- c.RemoteAddr().(*net.TCPAddr).IP.String() })
	config := Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Sources: []netip.Addr{netip.MustParseAddr("127.0.0.9")}}
	e, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Subject("").DialTCP(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-from; got != "127.0.0.9" {
		t.Errorf("it came from %s", got)
	}
	c.Close()
	u, err := e.Subject("").DialUDP(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.LocalAddr().(*net.UDPAddr).IP.String(); got != "127.0.0.9" {
		t.Errorf("datagrams come from %s", got)
	}
	u.Close()
	for _, wrong := range [][]string{{"192.0.2.77"}, {"127.0.0.1", "127.0.0.2"}, {"2001:db8::77"}} {
		config.Sources = nil
		for _, s := range wrong {
			config.Sources = append(config.Sources, netip.MustParseAddr(s))
		}
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), "source address") {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
