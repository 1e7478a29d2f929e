package tlslab

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// raw sends bytes and returns what comes back within a second and a mebibyte, with
// the error that ended it, nil when we ended it.
func raw(t *testing.T, addr string, send []byte) ([]byte, error) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(700 * time.Millisecond))
	if _, err := c.Write(send); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = io.Copy(&b, io.LimitReader(c, 1<<20))
	return b.Bytes(), err
}

// helloOf catches the first flight of crypto/tls.
func helloOf(t testing.TB, cfg *tls.Config) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		theirs.SetDeadline(time.Now().Add(100 * time.Millisecond))
		tls.Client(theirs, cfg).Handshake()
		theirs.Close()
	}()
	head := make([]byte, 5)
	if _, err := io.ReadFull(ours, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, int(head[3])<<8|int(head[4]))
	if _, err := io.ReadFull(ours, body); err != nil {
		t.Fatal(err)
	}
	ours.Close()
	return append(head, body...)
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func TestTormentsTorment(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: site, MaxVersion: tls.VersionTLS12})
	full := 0
	for _, c := range []struct {
		torment Torment
		ok      func(got []byte, err error) bool
	}{
		{NoTorment, func(got []byte, err error) bool { full = len(got); return full > 500 && isTimeout(err) }},
		{NeverAnswer, func(got []byte, err error) bool { return len(got) == 0 && isTimeout(err) }},
		{NeverRead, func(got []byte, err error) bool { return len(got) == 0 && isTimeout(err) }},
		{SlowAnswer, func(got []byte, err error) bool { return len(got) == 1 && isTimeout(err) }},
		{OneByteRecords, func(got []byte, err error) bool {
			return len(got) > 5*full && isTimeout(err) && got[4] == 1 && got[10] == 1
		}},
		{EmptyRecords, func(got []byte, err error) bool {
			return len(got) == 1<<20 && bytes.HasPrefix(got, []byte{22, 3, 3, 0, 0, 22, 3, 3, 0, 0})
		}},
		{HugeRecord, func(got []byte, err error) bool { return len(got) == 1<<20 && got[3] == 0xff && got[4] == 0xff }},
		{EndlessMessage, func(got []byte, err error) bool { return len(got) == 1<<20 && got[5] == 11 }},
		{EndlessWarnings, func(got []byte, err error) bool { return len(got) == 1<<20 && got[0] == 21 && got[5] == 1 }},
		{ResetHalfway, func(got []byte, err error) bool {
			return len(got) <= full/2+1 && err != nil && strings.Contains(err.Error(), "reset")
		}},
		{CloseHalfway, func(got []byte, err error) bool { return len(got) > full/2-50 && len(got) < full/2+50 && err == nil }},
		{Garbage, func(got []byte, err error) bool { return len(got) == 4096 && err == nil }},
		{SpeaksHTTP, func(got []byte, err error) bool { return bytes.HasPrefix(got, []byte("HTTP/1.1 400")) && err == nil }},
		{SpeaksSSH, func(got []byte, err error) bool { return bytes.HasPrefix(got, []byte("SSH-2.0-")) && err == nil }},
		{HangAfterHello, func(got []byte, err error) bool { return len(got) > 40 && len(got) < 200 && isTimeout(err) }},
	} {
		addr, _ := play(t, &Profile{Torment: c.torment})
		if got, err := raw(t, addr, hello); !c.ok(got, err) {
			t.Errorf("%s: %d bytes (%x …), %v", c.torment, len(got), got[:min(12, len(got))], err)
		}
	}
	addr, _ := play(t, &Profile{Torment: EndlessRetry})
	_, err := tls.Dial("tcp", addr, &tls.Config{ServerName: site})
	if err == nil || !strings.Contains(err.Error(), "two HelloRetryRequest messages") {
		t.Errorf("%s: %v", EndlessRetry, err)
	}
}

func TestDeclinesInTheWayAskedFor(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: site, MaxVersion: tls.VersionTLS12})
	for _, c := range []struct {
		p  Profile
		ok func(got []byte, err error) bool
	}{
		{Profile{Decline: Alert}, func(got []byte, err error) bool { return bytes.Equal(got, []byte{21, 3, 1, 0, 2, 2, 70}) && err == nil }},
		{Profile{Decline: Close}, func(got []byte, err error) bool { return len(got) == 0 && err == nil }},
		{Profile{Decline: Reset}, func(got []byte, err error) bool { return err != nil && strings.Contains(err.Error(), "reset") }},
		{Profile{Decline: Silence}, func(got []byte, err error) bool { return len(got) == 0 && isTimeout(err) }},
	} {
		c.p.Versions = []fact.Version{fact.TLS13}
		addr, _ := play(t, &c.p)
		if got, err := raw(t, addr, hello); !c.ok(got, err) {
			t.Errorf("%q: %x, %v", c.p.Decline, got, err)
		}
	}
}

func TestIntolerance(t *testing.T) {
	for _, c := range []struct {
		to       Trait
		max      uint16
		curves   []tls.CurveID
		triggers bool
	}{
		{HasTLS13, tls.VersionTLS13, nil, true},
		{HasTLS13, tls.VersionTLS12, nil, false},
		{HasExtensions, tls.VersionTLS12, nil, true},
		{Longer255, tls.VersionTLS13, nil, true},
		{Longer511, tls.VersionTLS12, nil, false},
		{HasKeyShareMLKEM, tls.VersionTLS13, nil, true},
		{HasKeyShareMLKEM, tls.VersionTLS13, []tls.CurveID{tls.X25519}, false},
		{ManySuites, tls.VersionTLS13, nil, false},
		{LacksSNI, tls.VersionTLS13, nil, false},
		{HasUnknown, tls.VersionTLS13, nil, false},
	} {
		addr, a := play(t, &Profile{Intolerance: []Intolerance{{c.to, Reset}}})
		_, _, err := get(addr, &tls.Config{RootCAs: a.Pool(), MaxVersion: c.max, CurvePreferences: c.curves})
		if (err != nil) != c.triggers {
			t.Errorf("%s with %x: %v", c.to, c.max, err)
		}
	}
}

func TestUnofferedSuite(t *testing.T) {
	addr, _ := play(t, &Profile{Unoffered: 0xC02B})
	_, err := tls.Dial("tcp", addr, &tls.Config{ServerName: site, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}})
	if err == nil || !strings.Contains(err.Error(), "unconfigured cipher suite") {
		t.Errorf("%v", err)
	}
}

func TestUnknownNameAndGarbage(t *testing.T) {
	addr, _ := play(t, nil)
	_, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "other.example.nl"})
	if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("unknown name: %v", err)
	}
	for _, in := range []string{"GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\xff\xff", "\x16\x03\x01\x00\x04\x02\x00\x00\x00", "\x16\x03\x01\x00\x00"} {
		if got, err := raw(t, addr, []byte(in)); len(got) != 7 && !isTimeout(err) || len(got) > 7 {
			t.Errorf("%q: %x, %v", in, got, err)
		}
	}
}

func TestFirewallCutsOffAfterSoMany(t *testing.T) {
	addr, a := play(t, &Profile{Firewall: Firewall{After: 3}})
	for i := range 5 {
		_, _, err := get(addr, &tls.Config{RootCAs: a.Pool()})
		if (err == nil) != (i < 3) {
			t.Errorf("connection %d: %v", i+1, err)
		}
	}
	f := NewFirewalls()
	at := time.Unix(0, 0)
	f.now = func() time.Time { return at }
	w := Firewall{After: 1, Window: time.Hour}
	x, y := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	if !f.Admit(w, x, x) || f.Admit(w, x, x) || !f.Admit(w, x, y) {
		t.Error("not counted by source and address")
	}
	at = at.Add(2 * time.Hour)
	if !f.Admit(w, x, x) {
		t.Error("the window never ends")
	}
}

func TestCompressionAndHeartbeatAreAnswered(t *testing.T) {
	m := helloOf(t, &tls.Config{ServerName: site, MaxVersion: tls.VersionTLS12})[5:]
	h, err := parseHello(m)
	if err != nil {
		t.Fatal(err)
	}
	h.compressions = []byte{1, 0}
	h.seen[extHeartbeat] = true
	a, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Profile{{Compression: true, Heartbeat: true}, {}} {
		leaf, err := a.Leaf(pki.Spec{Name: site})
		if err != nil {
			t.Fatal(err)
		}
		ch, err := (&chooser{p, h, []*pki.Leaf{leaf}}).choose()
		if err != nil {
			t.Fatal(err)
		}
		c := &Conn{p: p, hello: h, ch: ch}
		got := c.serverHello12(make([]byte, 32), false)
		heartbeat := bytes.Contains(got, []byte{0, extHeartbeat, 0, 1, 1})
		if (ch.compression == 1) != p.Compression || heartbeat != p.Heartbeat {
			t.Errorf("%+v: compression %d, heartbeat %v", p, ch.compression, heartbeat)
		}
	}
}

// FuzzHandshake sends anything to a server of every version; it must end.
func FuzzHandshake(f *testing.F) {
	f.Add(helloOf(f, &tls.Config{ServerName: site}))
	f.Add(helloOf(f, &tls.Config{ServerName: site, MaxVersion: tls.VersionTLS12}))
	f.Add([]byte("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80\x06\x00\x40\x07\x00\xc00123456789abcdef"))
	a, err := pki.New(time.Now)
	if err != nil {
		f.Fatal(err)
	}
	p := EverythingOn()
	p.Versions = append(p.Versions, fact.SSL20, fact.SSL30)
	s, err := NewServer(a, func(netip.AddrPort, string) (Identity, bool) { return Identity{site, p}, true })
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		ours, theirs := net.Pipe()
		go func() {
			theirs.SetDeadline(time.Now().Add(time.Second))
			go io.Copy(io.Discard, theirs)
			theirs.Write(in)
			theirs.Close()
		}()
		if c, err := s.Handshake(t.Context(), ours); err == nil {
			c.Close()
		}
	})
}
