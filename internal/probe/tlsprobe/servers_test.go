package tlsprobe

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
)

const testName = "www.example.test"

// authority issues the certificates of the tests.
type authority struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	roots *Roots
}

var testCA = sync.OnceValue(func() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, _ := x509.ParseCertificate(der)
	roots, err := RootsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "test")
	if err != nil {
		panic(err)
	}
	return &authority{cert, key, roots}
})

// issue makes a certificate of a kind ("rsa" or "ecdsa") for the test name.
func (a *authority) issue(kind string, change func(*x509.Certificate)) tls.Certificate {
	var key any
	var public any
	if kind == "rsa" {
		k := testRSA()
		key, public = k, k.Public()
	} else {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		key, public = k, k.Public()
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: testName}, DNSNames: []string{testName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(t)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, public, a.key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}
}

var testRSA = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// pemFiles writes a certificate for programs and returns the options of openssl.
func pemFiles(t testing.TB, c tls.Certificate) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	var b []byte
	for _, der := range c.Certificate {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	k, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: k}), 0o600); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// openssl starts openssl s_server with the certificates given.
func openssl(t testing.TB, certs []tls.Certificate, args ...string) netip.AddrPort {
	t.Helper()
	for i, c := range certs {
		cert, key := pemFiles(t, c)
		prefix := "-"
		if i == 1 {
			prefix = "-d"
		}
		args = append(args, prefix+"cert", cert, prefix+"key", key, prefix+"cert_chain", cert)
	}
	addr := listenPort(t)
	return program(t, addr, "openssl", append([]string{"s_server", "-accept", addr.String()}, args...)...)
}

// listenPort finds a free port on loopback.
func listenPort(t testing.TB) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

// program starts a server and waits until its port answers.
func program(t testing.TB, addr netip.AddrPort, name string, args ...string) netip.AddrPort {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.WaitDelay = time.Second
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var log bytes.Buffer
	cmd.Stdout = writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if log.Len() > 1<<16 {
			return len(p), nil
		}
		return log.Write(p)
	})
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Skipf("%s is not installed: %v", name, err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // lets nginx end its workers
		select {
		case <-done:
		case <-time.After(2 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		if t.Failed() && testing.Verbose() {
			t.Logf("%s %s: %.4000s", name, strings.Join(args, " "), log.String())
		}
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			t.Fatalf("%s %s ended: %s", name, strings.Join(args, " "), log.String())
		case <-tick.C:
		}
		if c, err := net.Dial("tcp", addr.String()); err == nil {
			_ = c.Close()
			return addr
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// listen serves each connection with f.
func listen(t testing.TB, f func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(30 * time.Second))
				f(c)
			}()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

// goServer serves with crypto/tls.
func goServer(t testing.TB, cfg *tls.Config) netip.AddrPort {
	t.Helper()
	return listen(t, func(c net.Conn) {
		s := tls.Server(c, cfg)
		if s.Handshake() == nil {
			_, _ = s.Read(make([]byte, 1))
		}
	})
}

func quickLimits() egress.Limits {
	return egress.Limits{TCPBurst: 1 << 20, TCPRate: 1 << 20, Backoff: time.Millisecond, BackoffMax: time.Millisecond, Connections: 400}
}

func subject(t testing.TB, l egress.Limits) *egress.Subject {
	t.Helper()
	e, err := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	return e.Subject(testName)
}

func prober(t testing.TB, change func(*Config)) *Prober {
	t.Helper()
	c := Config{Roots: testCA().roots, Spread: 2 * time.Millisecond, Timeout: 2 * time.Second}
	if change != nil {
		change(&c)
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// probe asks everything of a server on loopback.
func probe(t testing.TB, addr netip.AddrPort, plan Plan) (*fact.TLS, []fact.Chain) {
	t.Helper()
	f, chains := prober(t, nil).Probe(context.Background(), Target{Addr: addr, ServerName: testName, Subject: subject(t, quickLimits())}, plan)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(report(f))
		}
	})
	return f, chains
}

// report writes facts for a person.
func report(f *fact.TLS) string {
	var b strings.Builder
	b.WriteString("\n")
	for _, l := range f.Log {
		b.WriteString("  " + l.Question + " -> " + l.Answer + "\n")
	}
	return b.String()
}

func versions(f *fact.TLS) string {
	var s []string
	for _, v := range f.Versions {
		a := map[fact.Answer]string{fact.Accepted: "+", fact.Declined: "-"}[v.Answer]
		if a == "" {
			a = "?" + string(v.Gap) + " "
		}
		s = append(s, a+v.Version.String())
	}
	return strings.Join(s, " ")
}

func suites(f *fact.TLS, v fact.Version) []string {
	var names []string
	for _, s := range f.Suites {
		if s.Version == v {
			for _, x := range s.Accepted {
				names = append(names, x.String())
			}
		}
	}
	slices.Sort(names)
	return names
}

func groups(f *fact.TLS, v fact.Version) string {
	var names []string
	for _, g := range f.Groups {
		if g.Version == v {
			for _, x := range g.Accepted {
				names = append(names, x.String())
			}
		}
	}
	return strings.Join(names, " ")
}
