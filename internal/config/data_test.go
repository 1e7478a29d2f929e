package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/lab"
	"peil/internal/resolver"
	"peil/internal/routes"
)

const (
	goodVRPs   = `{"roas":[{"asn":"AS64500","prefix":"193.0.0.0/16","maxLength":24,"ta":"ripe"}]}`
	goodRoutes = "64500\t193.0.0.0/24\t50\n"
)

// publisher plays the HTTPS server that publishes the tables, at the address of a site of
// the lab, and gives a client that gets there by the resolver, the network map and the
// door, as peil data update does.
func publisher(t *testing.T, serve http.HandlerFunc) (url string, client *http.Client) {
	t.Helper()
	r, err := lab.Start(t.Context(), lab.Options{Sites: lab.Catalogue()[:1]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	site := r.Sites[0]
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{site.Name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(serve)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}} //nolint:gosec // the version is the client's to choose
	s.StartTLS()
	t.Cleanup(s.Close)
	var lines strings.Builder
	for _, a := range append(site.V4, site.V6...) {
		if a.Addr.Is4() {
			fmt.Fprintf(&lines, "tcp %s:443 %s\n", a.Addr, s.Listener.Addr())
		} else {
			fmt.Fprintf(&lines, "tcp [%s]:443 %s\n", a.Addr, s.Listener.Addr())
		}
	}
	m, err := egress.ParseMap(strings.NewReader(lines.String() + string(r.Map)))
	if err != nil {
		t.Fatal(err)
	}
	door, err := egress.New(egress.Config{Map: m})
	if err != nil {
		t.Fatal(err)
	}
	dns, err := resolver.New(resolver.Config{Egress: door, RootHints: string(r.RootHints), Anchors: string(r.TrustAnchor)})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return "https://" + site.Name, fetcherOver(door, dns, pool)
}

// Tables come over the one door, and whatever goes wrong leaves those that are there.
func TestTablesAreFetchedOrKept(t *testing.T) {
	var broken atomic.Value
	broken.Store("")
	base, client := publisher(t, func(w http.ResponseWriter, r *http.Request) {
		body := goodVRPs
		if strings.HasSuffix(r.URL.Path, ".txt") {
			body = goodRoutes
		}
		switch broken.Load() {
		case "error":
			http.Error(w, "come back later", http.StatusServiceUnavailable)
			return
		case "cut off":
			w.Header().Set("Content-Length", fmt.Sprint(len(body)+1000))
		case "a page":
			body = "<!DOCTYPE html><title>Log in to this network</title>"
		case "nothing":
			body = ""
		}
		_, _ = w.Write([]byte(body))
	})
	s := Sources{VRPs: []string{base + "/vrps.json"}, Routes: []string{base + "/routes.txt"}}
	cache := routes.Cache{Dir: filepath.Join(t.TempDir(), "cache")}
	done, err := s.update(t.Context(), cache, client)
	if err != nil || len(done) != 2 || done[0].Report.Records != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	read := func() string {
		t.Helper()
		var all []byte
		files, err := os.ReadDir(cache.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(cache.Dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, f.Name()...), b...)
		}
		return string(all)
	}
	before := read()
	for _, what := range []string{"error", "cut off", "a page", "nothing"} {
		broken.Store(what)
		done, err := s.update(t.Context(), cache, client)
		if err == nil || len(done) > 0 {
			t.Errorf("%s was taken: %+v", what, done)
		} else if !strings.Contains(err.Error(), "vrps") || !strings.Contains(err.Error(), base) {
			t.Errorf("%s: the error does not say what and from where: %v", what, err)
		}
		if read() != before {
			t.Errorf("%s: the tables that were there are not left alone", what)
		}
	}
	broken.Store("")
	if _, err := s.update(t.Context(), cache, client); err != nil {
		t.Errorf("after the failures: %v", err)
	}
	// Addresses that are not public stay closed, also for this.
	s.VRPs, s.Routes = []string{"https://127.0.0.1/vrps.json"}, nil
	if _, err := s.update(t.Context(), cache, client); err == nil || !strings.Contains(err.Error(), "not a public address") {
		t.Errorf("loopback: %v", err)
	}
}
