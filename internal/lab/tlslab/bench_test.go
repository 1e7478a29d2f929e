package tlslab

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// canned is a connection whose client has said everything it will ever say.
type canned struct {
	net.Conn
	in      []byte
	written int
}

func (c *canned) Read(b []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *canned) Write(b []byte) (int, error) { c.written += len(b); return len(b), nil }
func (c *canned) Close() error                { return nil }
func (c *canned) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (c *canned) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4} }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

func BenchmarkHello(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *Profile
		cfg  *tls.Config
	}{
		{"TLS 1.2 ECDSA", UsualNginx(), &tls.Config{MaxVersion: tls.VersionTLS12}},
		{"TLS 1.2 RSA", &Profile{Certs: []pki.Spec{{Key: pki.RSA2048}}}, &tls.Config{MaxVersion: tls.VersionTLS12}},
		{"TLS 1.2 declined", &Profile{Versions: []fact.Version{fact.TLS13}}, &tls.Config{MaxVersion: tls.VersionTLS12}},
		{"TLS 1.3 X25519", UsualNginx(), &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}}},
		{"TLS 1.3 hybrid", nil, &tls.Config{}},
		{"TLS 1.3 retry", &Profile{Groups13: []fact.Group{fact.Secp521r1}}, &tls.Config{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			a, err := pki.New(time.Now)
			if err != nil {
				b.Fatal(err)
			}
			s, err := NewServer(a, func(netip.AddrPort, string) (Identity, bool) { return Identity{site, c.p}, true })
			if err != nil {
				b.Fatal(err)
			}
			c.cfg.ServerName = site
			hello := helloOf(b, c.cfg)
			conn := &canned{}
			b.ReportAllocs()
			for b.Loop() {
				conn.in, conn.written = hello, 0
				s.Handshake(context.Background(), conn)
			}
			b.ReportMetric(float64(conn.written), "wire-B/op")
		})
	}
}

// BenchmarkLoopback is a probe as the lab meets it: connect, hello, the first flight,
// RST; client and kernel included.
func BenchmarkLoopback(b *testing.B) {
	addr, _ := play(b, UsualNginx())
	hello := helloOf(b, &tls.Config{ServerName: site, MaxVersion: tls.VersionTLS12})
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Write(hello); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
		ResetConn(c)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hellos/s")
}

// BenchmarkVisit is a visit by crypto/tls: a full handshake and a page.
func BenchmarkVisit(b *testing.B) {
	addr, a := play(b, nil)
	cfg := &tls.Config{RootCAs: a.Pool(), ServerName: site}
	for b.Loop() {
		if _, _, err := get(addr, cfg); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCertificates measures the certificates of sites that share a profile.
func BenchmarkCertificates(b *testing.B) {
	a, err := pki.New(time.Now)
	if err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for b.Loop() {
		if _, err := a.Leaf(pki.Spec{Name: "www." + string(rune('a'+n%26)) + itoa(n/26%1000) + ".example.nl", Serial: int64(n)}); err != nil {
			b.Fatal(err)
		}
		n++
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(min(n, 8192)), "heap-B/site")
	runtime.KeepAlive(a)
}
