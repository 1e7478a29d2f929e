package tlswire

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"peil/internal/fact"
)

// certFile makes a certificate with key in one file, once per kind.
func certFile(t *testing.T, kind string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "server.pem")
	args := []string{"req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=www.example.test", "-addext", "subjectAltName=DNS:www.example.test", "-keyout", file + ".key", "-out", file}
	if kind == "ecdsa" {
		args = append(args, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
	} else {
		args = append(args, "-newkey", "rsa:2048")
	}
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Skipf("openssl (Debian package openssl) cannot make a certificate: %v %s", err, out)
	}
	return file
}

// serve starts openssl s_server and returns its address.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(addr)
	if !slices.Contains(args, "-early_data") {
		args = append(args, "-www")
	}
	cmd := exec.Command("openssl", append([]string{"s_server", "-accept", "127.0.0.1:" + port}, args...)...)
	if _, err := cmd.StdinPipe(); err != nil { // without -www it ends when its input does
		t.Fatal(err)
	}
	var mu sync.Mutex
	var log bytes.Buffer
	cmd.Stdout = writerFunc(func(p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return log.Write(p) })
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Skipf("openssl: %v", err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Process.Kill()
		<-done
		if t.Failed() {
			mu.Lock()
			t.Logf("openssl %s: %s", strings.Join(args, " "), log.String())
			mu.Unlock()
		}
	})
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-done:
			t.Fatalf("openssl ended: %s", log.String())
		case <-tick.C:
		}
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return addr
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

var everyScheme = []fact.SignatureScheme{
	0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201, 0x0203,
}

func legacyHello(v fact.Version, suite string) *ClientHello {
	s, _ := fact.SuiteNamed(suite)
	return &ClientHello{
		Version: v, Suites: []fact.Suite{s}, ServerName: "www.example.test", Schemes: everyScheme, ExtendedMasterSecret: true,
		Groups: []fact.Group{fact.X25519, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1}, RenegotiationInfo: true,
	}
}

func TestClientSpeaksHTTPToOpenSSL(t *testing.T) {
	rsa := certFile(t, "rsa")
	ecdsa := certFile(t, "ecdsa")
	for _, c := range []struct {
		version fact.Version
		suite   string
	}{
		{fact.TLS10, "TLS_RSA_WITH_AES_128_CBC_SHA"},
		{fact.TLS10, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
		{fact.TLS11, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
		{fact.TLS12, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
		{fact.TLS12, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
		{fact.TLS12, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		{fact.TLS12, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		{fact.TLS12, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
		{fact.TLS12, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"},
		{fact.TLS12, "TLS_RSA_WITH_AES_256_CCM"},
		{fact.TLS12, "TLS_DHE_RSA_WITH_AES_128_CCM_8"},
		{fact.TLS12, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
	} {
		t.Run(c.version.String()+" "+c.suite, func(t *testing.T) {
			t.Parallel()
			file := rsa
			if strings.Contains(c.suite, "ECDSA") {
				file = ecdsa
			}
			addr := serve(t, "-cert", file, "-key", file+".key", "-cipher", "ALL:COMPLEMENTOFALL:aNULL:@SECLEVEL=0", "-min_protocol", "TLSv1")
			conn, err := Client(dial(t, addr), legacyHello(c.version, c.suite))
			if err != nil {
				t.Fatal(err)
			}
			if conn.Version() != c.version || conn.Suite().String() != c.suite {
				t.Errorf("agreed on %s %s", conn.Version(), conn.Suite())
			}
			get(t, conn)
		})
	}
}

// get reads the page of openssl s_server.
func get(t *testing.T, conn *Conn) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(b, []byte("HTTP/1.0 200 ok")) || !bytes.Contains(b, []byte("</pre>")) {
		t.Errorf("read %d bytes, %v: %.80q", len(b), err, b)
	}
}

func TestClientSpeaksHTTPOverOddGroups(t *testing.T) {
	file := certFile(t, "rsa")
	odd := []fact.Group{
		fact.X448, fact.BrainpoolP256r1, fact.BrainpoolP384r1, fact.BrainpoolP512r1,
		fact.FFDHE2048, fact.FFDHE3072, fact.FFDHE4096, fact.FFDHE6144, fact.FFDHE8192,
	}
	for version, servers := range map[fact.Version]map[string]fact.Group{
		fact.TLS12: {"X448": fact.X448, "brainpoolP256r1": fact.BrainpoolP256r1, "brainpoolP384r1": fact.BrainpoolP384r1, "brainpoolP512r1": fact.BrainpoolP512r1},
		fact.TLS13: {"X448": fact.X448, "ffdhe2048": fact.FFDHE2048, "ffdhe3072": fact.FFDHE3072, "ffdhe8192": fact.FFDHE8192, "P-521": fact.Secp521r1},
	} {
		for name := range servers {
			t.Run(version.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				addr := serve(t, "-cert", file, "-key", file+".key", "-groups", name, "-cipher", "ECDHE")
				h := &ClientHello{
					Version: version, Suites: []fact.Suite{0xC02F, 0x1301}, ServerName: "www.example.test", Schemes: everyScheme,
					Groups: append(odd, fact.Secp521r1), ExtendedMasterSecret: true, RenegotiationInfo: true,
				}
				if version == fact.TLS13 {
					h.SupportedVersions, h.OfferKeyShare, h.PSKModes = []fact.Version{fact.TLS13, fact.TLS12}, true, true
				}
				// The secret of a group may begin with zeros: a few times over.
				for range 3 {
					conn, err := Client(dial(t, addr), h)
					if err != nil {
						t.Fatal(err)
					}
					if conn.Version() != version || len(conn.Certificates()) != 1 {
						t.Errorf("%s, %d certificates", conn.Version(), len(conn.Certificates()))
					}
					get(t, conn)
					_ = conn.Close()
				}
			})
		}
	}
}

func TestKeysOfOddGroupsThatAreNone(t *testing.T) {
	for g, size := range map[fact.Group]int{fact.X448: 56, fact.BrainpoolP256r1: 65, fact.BrainpoolP512r1TLS13: 129, fact.FFDHE2048: 256} {
		x, err := NewExchange(g)
		if err != nil {
			t.Fatal(err)
		}
		bad := [][]byte{nil, {4}, make([]byte, size), x.Share.Key[1:], append(x.Share.Key, 0)}
		if g != fact.X448 { // there nearly anything is a key
			bad = append(bad, bytes.Repeat([]byte{0xff}, size))
		}
		if g == fact.BrainpoolP256r1 || g == fact.BrainpoolP512r1TLS13 {
			bad = append(bad, append([]byte{4}, bytes.Repeat([]byte{0xff}, size-1)...))
		}
		if len(x.Share.Key) != size {
			t.Errorf("%s: a key of %d bytes, want %d", g, len(x.Share.Key), size)
		}
		for _, b := range bad {
			if _, err := x.Finish(b); err == nil {
				t.Errorf("%s: %.16x is no key, and is taken", g, b)
			}
		}
	}
}

func TestClientExchangesKeysOnP224(t *testing.T) {
	file := certFile(t, "rsa")
	addr := serve(t, "-cert", file, "-key", file+".key", "-tls1_2", "-curves", "secp224r1", "-cipher", "ALL:@SECLEVEL=0")
	h := legacyHello(fact.TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
	h.Groups = []fact.Group{fact.Secp224r1}
	if _, err := Client(dial(t, addr), h); err != nil {
		t.Fatal(err)
	}
	x, err := NewExchange(fact.Secp224r1)
	if err != nil {
		t.Fatal(err)
	}
	off := bytes.Clone(x.Share.Key)
	off[len(off)-1] ^= 1
	for _, bad := range [][]byte{nil, {4}, x.Share.Key[1:], off, make([]byte, 57)} {
		if _, err := x.Finish(bad); err == nil {
			t.Errorf("%x is no point, and is taken", bad)
		}
	}
}

func TestRenegotiationGoesAsFarAsTheServerLets(t *testing.T) {
	file := certFile(t, "rsa")
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"-client_renegotiation"}, 3},
		{nil, 0},
	} {
		addr := serve(t, append(c.args, "-cert", file, "-key", file+".key", "-tls1_2")...)
		conn, err := Client(dial(t, addr), legacyHello(fact.TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; n < 3; n++ {
			if err := conn.Renegotiate(legacyHello(fact.TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")); err != nil {
				t.Logf("after %d: %v", n, err)
				break
			}
		}
		if n != c.want {
			t.Errorf("%v: %d renegotiations, want %d", c.args, n, c.want)
		}
	}
}

// modern makes a TLS 1.3 handshake; with retry the first hello carries no key.
func modern(t *testing.T, addr string, g fact.Group, retry bool, suite fact.Suite) (*Modern, *EncryptedExtensions, *Certificates) {
	t.Helper()
	conn := dial(t, addr)
	h := &ClientHello{
		Version: fact.TLS13, Suites: []fact.Suite{suite}, ServerName: "www.example.test", Schemes: everyScheme, Groups: []fact.Group{g},
		SupportedVersions: []fact.Version{fact.TLS13}, OfferKeyShare: true, PSKModes: true, ALPN: []string{"http/1.1"},
	}
	h.FillRandom(true)
	x, err := NewExchange(g)
	if err != nil {
		t.Fatal(err)
	}
	s := &Stream{}
	s.Reset(conn)
	s.SkipChange = true
	send := func() ([]byte, []byte) {
		hello, err := h.AppendMessage(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(AppendRecord(nil, Handshake, 0x0301, hello)); err != nil {
			t.Fatal(err)
		}
		m, err := s.Message()
		if err != nil {
			t.Fatal(err)
		}
		return hello, bytes.Clone(m)
	}
	var hs ModernHandshake
	if !retry {
		h.KeyShares = []KeyShare{x.Share}
	} else {
		hs.FirstHello, hs.Retry = send()
		r, err := ParseServerHello(hs.Retry)
		if err != nil || !r.Retry || r.Group != g {
			t.Fatalf("retry %+v, %v", r, err)
		}
		h.KeyShares, h.Cookie = []KeyShare{x.Share}, r.Cookie
	}
	hs.Hello, hs.ServerHello = send()
	sh, err := ParseServerHello(hs.ServerHello)
	if err != nil || sh.Retry {
		t.Fatalf("%+v, %v", sh, err)
	}
	if hs.Shared, err = x.Finish(sh.KeyShare); err != nil {
		t.Fatal(err)
	}
	m, err := NewModern(conn, s, hs)
	if err != nil {
		t.Fatal(err)
	}
	ee, err := m.Extensions()
	if err != nil {
		t.Fatal(err)
	}
	certs, err := m.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return m, ee, certs
}

func TestModernHandshakeWithAndWithoutRetry(t *testing.T) {
	file := certFile(t, "ecdsa")
	addr := serve(t, "-cert", file, "-key", file+".key", "-tls1_3",
		"-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256")
	for i, g := range []fact.Group{fact.X25519, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1, fact.X25519} {
		m, ee, certs := modern(t, addr, g, i%2 == 0, 0x1301+fact.Suite(i))
		if len(certs.DER) != 1 {
			t.Errorf("%s: %d certificates", g, len(certs.DER))
		}
		if g == fact.Secp384r1 && len(ee.Groups) < 4 {
			t.Errorf("OpenSSL names its groups when it is given another: %v", ee.Groups)
		}
		tickets, err := m.Tickets()
		if err != nil || len(tickets) == 0 || tickets[0].MaxEarlyData != 0 {
			t.Errorf("%s: %d tickets, %v", g, len(tickets), err)
		}
	}
}

func TestTicketBringsEarlyData(t *testing.T) {
	file := certFile(t, "ecdsa")
	addr := serve(t, "-cert", file, "-key", file+".key", "-tls1_3", "-early_data")
	m, _, _ := modern(t, addr, fact.X25519, false, 0x1302)
	tickets, err := m.Tickets()
	if err != nil || len(tickets) == 0 || tickets[0].MaxEarlyData == 0 {
		t.Fatalf("tickets %+v, %v", tickets, err)
	}
	psk, err := m.PSK(tickets[0])
	if err != nil {
		t.Fatal(err)
	}
	x, err := NewExchange(fact.X25519)
	if err != nil {
		t.Fatal(err)
	}
	h := &ClientHello{
		Version: fact.TLS13, Suites: []fact.Suite{0x1302}, ServerName: "www.example.test", Schemes: everyScheme, Groups: []fact.Group{fact.X25519},
		SupportedVersions: []fact.Version{fact.TLS13}, OfferKeyShare: true, KeyShares: []KeyShare{x.Share}, ALPN: []string{"http/1.1"}, EarlyData: true,
	}
	h.FillRandom(true)
	if err := OfferTicket(h, 0x1302, tickets[0], psk, 5); err != nil {
		t.Fatal(err)
	}
	hello, err := h.AppendMessage(nil)
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, addr)
	if _, err := conn.Write(AppendRecord(nil, Handshake, 0x0301, hello)); err != nil {
		t.Fatal(err)
	}
	s := &Stream{}
	s.Reset(conn)
	msg, err := s.Message()
	if err != nil {
		t.Fatal(err)
	}
	msg = bytes.Clone(msg)
	sh, err := ParseServerHello(msg)
	if err != nil || !sh.PSKChosen {
		t.Fatalf("%+v, %v", sh, err)
	}
	shared, err := x.Finish(sh.KeyShare)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewModern(conn, s, ModernHandshake{Hello: hello, ServerHello: msg, Shared: shared, PSK: psk})
	if err != nil {
		t.Fatal(err)
	}
	ee, err := r.Extensions()
	if err != nil || !ee.EarlyData {
		t.Errorf("early data %+v, %v", ee, err)
	}
}
