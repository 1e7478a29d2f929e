package tlsprobe

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peil/internal/fact"
)

// handshake serves a connection with crypto/tls and waits for its end.
func handshake(c net.Conn, cfg *tls.Config) {
	s := tls.Server(c, cfg)
	if s.Handshake() == nil {
		_, _ = s.Read(make([]byte, 1))
	}
}

func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// notWorse checks that facts claim nothing about a server that the truth denies: what
// could not be seen is not measured, and nothing else.
func notWorse(t *testing.T, about string, truth, f *fact.TLS) {
	t.Helper()
	if !f.Working.Yes() {
		t.Errorf("%s: working %+v", about, f.Working)
	}
	for i, v := range f.Versions {
		if !v.Missing() && v.Answer != truth.Versions[i].Answer {
			t.Errorf("%s: %s %+v, in truth %+v", about, v.Version, v.Observed, truth.Versions[i].Observed)
		}
	}
	for _, set := range truth.Suites {
		for _, s := range set.Accepted {
			if claims(f, set.Version, s) == fact.Declined {
				t.Errorf("%s: %s %s called declined", about, set.Version, s)
			}
		}
	}
	for _, set := range truth.Groups {
		for _, g := range set.Accepted {
			if claimsGroup(f, set.Version, g) == fact.Declined {
				t.Errorf("%s: %s %s called declined", about, set.Version, g)
			}
		}
	}
	for _, x := range []struct {
		what string
		a, b fact.Observed
	}{
		{"renegotiation", f.ClientRenegotiation.Observed, truth.ClientRenegotiation.Observed},
		{"SHA-1", f.KexHashSHA1, truth.KexHashSHA1},
		{"EMS", f.ExtendedMasterSecret, truth.ExtendedMasterSecret},
		{"secure renegotiation", f.SecureRenegotiation, truth.SecureRenegotiation},
		{"early data", f.EarlyData.Observed, truth.EarlyData.Observed},
		{"compression", f.Compression, truth.Compression},
	} {
		if !x.a.Missing() && x.a != x.b {
			t.Errorf("%s: %s %+v, in truth %+v", about, x.what, x.a, x.b)
		}
	}
}

// same checks that nothing is missing either.
func same(t *testing.T, about string, truth, f *fact.TLS) {
	t.Helper()
	notWorse(t, about, truth, f)
	if a, b := versions(f), versions(truth); a != b {
		t.Errorf("%s: %s, in truth %s", about, a, b)
	}
	for _, set := range truth.Suites {
		if a, b := suites(f, set.Version), suites(truth, set.Version); !slices.Equal(a, b) {
			t.Errorf("%s: %s %v, in truth %v", about, set.Version, a, b)
		}
		if a, b := groups(f, set.Version), groups(truth, set.Version); a != b {
			t.Errorf("%s: %s %v, in truth %v", about, set.Version, a, b)
		}
	}
	if f.ClientRenegotiation.Answer != truth.ClientRenegotiation.Answer || f.KexHashSHA1 != truth.KexHashSHA1 {
		t.Errorf("%s: renegotiation %+v, SHA-1 %+v", about, f.ClientRenegotiation, f.KexHashSHA1)
	}
}

func patientProbe(t *testing.T, addr netip.AddrPort, timeout time.Duration) *fact.TLS {
	t.Helper()
	p := prober(t, func(c *Config) { c.Timeout = timeout })
	f, _ := p.Probe(context.Background(), Target{Addr: addr, ServerName: testName, Subject: subject(t, quickLimits())}, Full())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(report(f))
		}
	})
	return f
}

func oldAndNew() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS10, NextProtos: []string{"h2", "http/1.1"}}
}

// A device that serves one connection after the other, and holds on to a finished
// handshake for a while, is measured as completely as any other.
func TestADeviceThatServesOneConnectionAtATime(t *testing.T) {
	cfg := oldAndNew()
	truth, _ := probe(t, goServer(t, cfg), Full())
	var one sync.Mutex
	var first atomic.Bool
	f := patientProbe(t, listen(t, func(c net.Conn) {
		one.Lock()
		defer one.Unlock()
		s := tls.Server(c, cfg)
		if s.Handshake() == nil && first.CompareAndSwap(false, true) {
			_, _ = s.Read(make([]byte, 1))
			<-time.After(400 * time.Millisecond) // longer than anybody waits
		}
	}), 250*time.Millisecond)
	same(t, "one at a time", truth, f)
	if !first.Load() {
		t.Error("no handshake was finished")
	}
}

// Firewalls and balancers that allow a client few connections at a time cut off the
// others without a word. That is no answer to the hello.
func TestALimitOnOpenConnectionsIsNoAnswer(t *testing.T) {
	t.Parallel()
	cfg := oldAndNew()
	truth, _ := probe(t, goServer(t, cfg), Full())
	var wg sync.WaitGroup // a probe that is cut off mostly waits
	defer wg.Wait()
	for _, limit := range []int32{1, 2, 3} {
		for name, cut := range map[string]func(net.Conn){"reset": reset, "end": func(net.Conn) {}} {
			var open atomic.Int32
			at := listen(t, func(c net.Conn) {
				if open.Add(1) > limit {
					open.Add(-1)
					cut(c)
					return
				}
				handshake(c, cfg)
				open.Add(-1)
			})
			wg.Go(func() {
				notWorse(t, fmt.Sprintf("%s, %d open", name, limit), truth, patientProbe(t, at, 20*time.Second))
			})
		}
	}
}

// A rate limit cuts off whatever comes too soon, good hellos and bad ones alike, and
// lets others through soon after.
func TestARateLimitIsNoAnswer(t *testing.T) {
	t.Parallel()
	cfg := oldAndNew()
	truth, _ := probe(t, goServer(t, cfg), Full())
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, every := range []int32{2, 3, 5, 8} {
		for _, run := range []int32{1, 2, 4} {
			var n atomic.Int32
			at := listen(t, func(c net.Conn) {
				if k := n.Add(1); k > 6 && k%(every+run) >= every {
					reset(c)
					return
				}
				handshake(c, cfg)
			})
			wg.Go(func() {
				notWorse(t, fmt.Sprintf("%d cut off after %d", run, every), truth, patientProbe(t, at, 20*time.Second))
			})
		}
	}
}

// choked resets a connection whose hello is one to choke on.
func choked(t *testing.T, cfg *tls.Config, choke func(h *clientHello, size int) bool) netip.AddrPort {
	t.Helper()
	return listen(t, func(c net.Conn) {
		r := bufio.NewReaderSize(c, 8192)
		head, err := r.Peek(5)
		if err != nil || head[0] != 22 {
			return
		}
		size := 5 + int(head[3])<<8 + int(head[4])
		all, err := r.Peek(size)
		if err != nil {
			return
		}
		h, ok := readClientHello(peeked{c, bytes.NewReader(all)})
		if !ok || choke(h, size) {
			reset(c)
			return
		}
		handshake(peeked{c, r}, cfg)
	})
}

// A server that chokes on the long hello of one version and not on that of another is
// not called a server without that version.
func TestChokingOnOneHelloIsNotLackingAVersion(t *testing.T) {
	t.Parallel()
	cfg := oldAndNew()
	offers13 := func(h *clientHello) bool { _, ok := h.ext[43]; return ok }
	var wg sync.WaitGroup
	defer wg.Wait()
	for name, choke := range map[string]func(*clientHello, int) bool{
		"on the old": func(h *clientHello, n int) bool { return !offers13(h) && n > 700 },
		"on the new": func(h *clientHello, n int) bool { return offers13(h) && n > 700 },
		"on both":    func(_ *clientHello, n int) bool { return n > 700 },
	} {
		at := choked(t, cfg, choke)
		wg.Go(func() {
			f, _ := probe(t, at, Full())
			for _, v := range []fact.Version{fact.TLS12, fact.TLS13} {
				if got := suites(f, v); len(got) < 3 {
					t.Errorf("chokes %s: %s %v", name, v, got)
				}
			}
		})
	}
}

// Behind a balancer answers differ from hello to hello. What one server lacks is not
// held against the other, and preference is not judged across them.
func TestServersBehindOneAddressAreNotPlayedOffAgainstEachOther(t *testing.T) {
	cert := testCA().issue("rsa", nil).Certificate[0]
	with := func(suites ...string) *fake {
		return &fake{
			versions: []fact.Version{fact.TLS12}, cert: cert, schemes: []uint16{0x0401},
			groups: []fact.Group{fact.Secp256r1}, suites: named(t, suites...), ems: true,
		}
	}
	both := []*fake{
		with("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
		with("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
	}
	var n atomic.Int32
	plan := Full()
	plan.Order = []OrderQuestion{{Better: both[0].suites, Worse: both[1].suites}}
	for range 5 {
		f, _ := probe(t, listen(t, func(c net.Conn) { both[n.Add(1)%2].serve(c) }), plan)
		for _, o := range f.Order {
			if o.Picked == both[1].suites[0] {
				t.Errorf("%+v", o)
			}
		}
	}
}

func TestAServerThatNeedsAName(t *testing.T) {
	cert := testCA().issue("ecdsa", nil)
	f, _ := probe(t, goServer(t, &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName != testName {
			return nil, errors.New("no such name")
		}
		return &cert, nil
	}}), Full())
	if got := versions(f); got != "-SSL 2.0 -SSL 3.0 -TLS 1.0 -TLS 1.1 +TLS 1.2 +TLS 1.3" {
		t.Error(got)
	}
	if f.NoSNI == nil || !f.NoSNI.No() || len(f.Deployments) != 1 || f.Suites[0].Gap != "" {
		t.Errorf("%+v %+v %+v", f.NoSNI, f.Deployments, f.Suites[0])
	}
}

// Every kind of key and signature that a browser takes is read and trusted.
func TestCertificatesOfEveryKind(t *testing.T) {
	caKey := testRSA()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA, PSS"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
		SignatureAlgorithm: x509.SHA256WithRSAPSS,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, caKey.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := RootsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "test")
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for kind, key := range map[string]crypto.Signer{"ecdsa": p521, "eddsa": ed, "rsa": testRSA()} {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: testName}, DNSNames: []string{testName},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour), SignatureAlgorithm: x509.SHA384WithRSAPSS,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			addr := goServer(t, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der, ca.Raw}, PrivateKey: key}}, MinVersion: v, MaxVersion: v})
			p := prober(t, func(c *Config) { c.Roots = roots })
			f, chains := p.Probe(context.Background(), Target{Addr: addr, ServerName: testName, Subject: subject(t, quickLimits())}, Full())
			if len(f.Deployments) != 1 || f.Deployments[0].Auth != kind || len(chains) != 1 || !chains[0].Trust.Trusted || len(suites(f, fact.Version(v))) < 2 {
				t.Errorf("%s on %x: %+v %+v%s", kind, v, f.Deployments, chains, report(f))
			}
		}
	}
}

// speechless resets a connection instead of sending an alert.
type speechless struct{ net.Conn }

func (s speechless) Write(b []byte) (int, error) {
	if b[0] != 21 {
		return s.Conn.Write(b)
	}
	reset(s.Conn)
	return 0, s.Close()
}

// Some servers turn hellos away without a word. That costs each such hello twice, and
// says as much in the end as alerts do.
func TestAServerThatDeclinesWithoutAWord(t *testing.T) {
	t.Parallel()
	cfg := oldAndNew()
	cfg.MinVersion = tls.VersionTLS12
	truth, _ := probe(t, goServer(t, cfg), Full())
	f, _ := probe(t, listen(t, func(c net.Conn) { handshake(speechless{c}, cfg) }), Full())
	same(t, "speechless", truth, f)
	t.Logf("%d connections with alerts, %d without", truth.Connections, f.Connections)
	if f.Connections > 2*truth.Connections {
		t.Errorf("%d connections, with alerts %d", f.Connections, truth.Connections)
	}
}

// A server that turns away clients whose protocols it does not speak is asked without
// naming any: what it does on each version is seen all the same.
func TestAServerThatWantsAnotherProtocol(t *testing.T) {
	cfg := oldAndNew()
	truth, _ := probe(t, goServer(t, cfg), Full())
	other := cfg.Clone()
	other.NextProtos = []string{"acme-tls/1"}
	f, _ := probe(t, goServer(t, other), Full())
	same(t, "another protocol", truth, f)
	if len(f.ALPN) != 0 {
		t.Errorf("ALPN %v", f.ALPN)
	}
}

// An intrusion prevention system that resets whoever offers a suite without encryption
// hides none of the suites that the server has.
func TestAGuardAgainstBadOffersHidesNoSuite(t *testing.T) {
	t.Parallel()
	cfg := oldAndNew()
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		cfg.CipherSuites = append(cfg.CipherSuites, s.ID)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for name, bad := range map[string]func(fact.Suite) bool{
		"NULL":      func(s fact.Suite) bool { return s == 0x0001 || s == 0x0002 || s == 0x003B },
		"export":    func(s fact.Suite) bool { return s.Export() },
		"anonymous": func(s fact.Suite) bool { return s.Authentication() == fact.AuthAnon },
		"RC4":       func(s fact.Suite) bool { return s.Cipher() == "RC4_128" },
	} {
		truth, _ := probe(t, goServer(t, cfg), Full())
		at := choked(t, cfg, func(h *clientHello, _ int) bool { return slices.ContainsFunc(h.suites, bad) })
		wg.Go(func() {
			f, _ := probe(t, at, Full())
			for i := range truth.Suites { // what it hides from us it hides from everybody
				truth.Suites[i].Accepted = slices.DeleteFunc(truth.Suites[i].Accepted, bad)
			}
			same(t, name, truth, f)
			t.Logf("%s: %d connections, %d without", name, f.Connections, truth.Connections)
		})
	}
}
