package scan_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/resolver"
	"peil/internal/scan"
)

// pointing makes a chain whose certificates point everywhere at 22.250.0.1: issuer,
// OCSP responder and revocation list. The intermediate is left out of what is sent, so that
// there is a reason to fetch it.
func pointing(t *testing.T, name string) tls.Certificate {
	t.Helper()
	form := func(n int64, subject string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: subject}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IssuingCertificateURL: []string{"http://22.250.0.1/issuer.crt"}, OCSPServer: []string{"http://22.250.0.1/ocsp"},
			CRLDistributionPoints: []string{"http://22.250.0.1/revoked.crl"}, BasicConstraintsValid: true,
		}
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	issuerKey, leafKey := key(), key()
	issuer, leaf := form(1, "issuer"), form(2, name)
	issuer.IsCA, leaf.DNSNames = true, []string{name}
	der, err := x509.CreateCertificate(rand.Reader, leaf, issuer, &leafKey.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: leafKey}
}

// TestWhatGoesOverTheWire measures a site that is played here, and looks at what comes: each
// request says who measures, and nothing is fetched from where certificates point.
func TestWhatGoesOverTheWire(t *testing.T) {
	r := labSite(t, 0)
	site := r.Sites[0]
	var mu sync.Mutex
	agents := map[string]int{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		agents[q.UserAgent()]++
		_, _ = w.Write([]byte("<!DOCTYPE html><title>x</title>"))
	})
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	serve := func(l net.Listener) {
		s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = s.Serve(l) }()
		t.Cleanup(func() { _ = s.Close() })
	}
	plain, secure, pointed := listen(), listen(), listen()
	serve(plain)
	serve(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{pointing(t, site.Name)}})) //nolint:gosec // the version is the client's to choose
	var fetched atomic.Int32
	go func() {
		for {
			c, err := pointed.Accept()
			if err != nil {
				return
			}
			fetched.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = pointed.Close() })

	lines := fmt.Sprintf("22.250.0.1:80 %s\n22.250.0.1:443 %[1]s\n", pointed.Addr())
	for _, a := range append(site.V4, site.V6...) {
		addr := a.Addr.String()
		if a.Addr.Is6() {
			addr = "[" + addr + "]"
		}
		lines += fmt.Sprintf("tcp %s:80 %s\ntcp %[1]s:443 %[3]s\n", addr, plain.Addr(), secure.Addr())
	}
	m, err := egress.ParseMap(strings.NewReader(lines + string(r.Map)))
	if err != nil {
		t.Fatal(err)
	}
	door, err := egress.New(egress.Config{Map: m})
	if err != nil {
		t.Fatal(err)
	}
	s := labScanner(t, r, egress.Limits{}, func(c *scan.Config) {
		c.Egress, c.Contact = door, "https://www.example.nl/measuring"
		c.Mandate = &fact.Mandate{Who: "A. Jansen", Authority: "Voorbeeld"}
		c.Resolver, err = resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
	})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Measure(t.Context(), fact.Target{Name: site.Name, Role: fact.Web})
	for _, h := range got.Web.Hosts {
		if h.TLS == nil || !h.TLS.Working.Yes() || h.HTTP.Secure.End != fact.EndOK {
			t.Fatalf("%s was not measured: %+v", h.Addr, h)
		}
	}
	if n := fetched.Load(); n > 0 {
		t.Errorf("%d connections to where the certificates point", n)
	}
	// The listener does count: the map leads there.
	c, err := door.Subject("").DialTCP(t.Context(), netip.MustParseAddrPort("22.250.0.1:80"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || fetched.Load() != 1 {
		t.Errorf("the listener does not count: %v", err)
	}
	_ = c.Close()
	mu.Lock()
	defer mu.Unlock()
	if n := agents["Peil/test (+https://www.example.nl/measuring)"]; n < 4 || len(agents) != 1 {
		t.Errorf("requests said: %v", agents)
	}
	if got.Mandate == nil || got.Mandate.Who != "A. Jansen" {
		t.Errorf("the mandate does not stand in the facts: %+v", got.Mandate)
	}
}
