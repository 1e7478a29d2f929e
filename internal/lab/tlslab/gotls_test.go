package tlslab

import (
	"crypto/tls"
	"strings"
	"testing"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

func TestPerfectServerFinishesWithTheStandardLibrary(t *testing.T) {
	addr, a := play(t, nil)
	for _, c := range []struct {
		max  uint16
		want string
	}{{tls.VersionTLS13, "TLS 1.3 TLS_AES_256_GCM_SHA384"}, {tls.VersionTLS12, "TLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}} {
		body, state, err := get(addr, &tls.Config{RootCAs: a.Pool(), MaxVersion: c.max, NextProtos: []string{"http/1.1"}})
		if err != nil || !strings.HasPrefix(body, c.want) {
			t.Errorf("%q, %v; want %s", body, err, c.want)
		}
		if state.NegotiatedProtocol != "http/1.1" {
			t.Errorf("ALPN: %q", state.NegotiatedProtocol)
		}
	}
}

func TestEveryGroupOfTheStandardLibrary(t *testing.T) {
	for _, id := range []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521, tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024} {
		g := []fact.Group{fact.Group(id)}
		addr, a := play(t, &Profile{Groups13: g, Groups: g})
		for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			if v == tls.VersionTLS12 && id > 4000 {
				continue
			}
			_, state, err := get(addr, &tls.Config{RootCAs: a.Pool(), MinVersion: v, MaxVersion: v})
			if err != nil || state.CurveID != id {
				t.Errorf("%v at %x: %v, got %v", id, v, err, state.CurveID)
			}
		}
	}
}

func TestEverySuiteOfTheStandardLibrary(t *testing.T) {
	var all []*tls.CipherSuite
	all = append(append(all, tls.CipherSuites()...), tls.InsecureCipherSuites()...)
	for _, s := range all {
		for _, v := range s.SupportedVersions {
			p := &Profile{
				Versions: []fact.Version{fact.Version(v)},
				Suites:   map[fact.Version][]fact.Suite{fact.Version(v): {fact.Suite(s.ID)}},
				Certs:    []pki.Spec{{}, {Key: pki.RSA2048}},
			}
			addr, a := play(t, p)
			body, state, err := get(addr, &tls.Config{RootCAs: a.Pool(), MinVersion: v, MaxVersion: v, CipherSuites: []uint16{s.ID}})
			if err != nil || state.CipherSuite != s.ID || !strings.Contains(body, s.Name) {
				t.Errorf("%s on %s: %v, %q", s.Name, fact.Version(v), err, body)
			}
		}
	}
}

func TestCertificatesByKey(t *testing.T) {
	for _, key := range []pki.Key{pki.P256, pki.P384, pki.P521, pki.Ed25519, pki.RSA1024, pki.RSA2048, pki.RSA3072, pki.RSA4096} {
		addr, a := play(t, &Profile{Certs: []pki.Spec{{Key: key}}})
		for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			if _, _, err := get(addr, &tls.Config{RootCAs: a.Pool(), MinVersion: v, MaxVersion: v}); err != nil {
				t.Errorf("%q at %x: %v", key, v, err)
			}
		}
	}
}

func TestResumptionByTicket(t *testing.T) {
	addr, a := play(t, nil)
	cfg := &tls.Config{RootCAs: a.Pool(), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for i, want := range []bool{false, true, true} {
		_, state, err := get(addr, cfg)
		if err != nil || state.DidResume != want {
			t.Errorf("connection %d: %v, resumed %v", i, err, state.DidResume)
		}
	}
	addr, a = play(t, &Profile{NoTickets: true})
	cfg = &tls.Config{RootCAs: a.Pool(), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for range 2 {
		if _, state, err := get(addr, cfg); err != nil || state.DidResume {
			t.Errorf("without tickets: %v, resumed %v", err, state.DidResume)
		}
	}
}

func TestNoSNI(t *testing.T) {
	for _, c := range []struct {
		p    Profile
		want string // name in the certificate, "" for an error
	}{
		{Profile{}, site},
		{Profile{DefaultName: "default.hosting.test"}, "default.hosting.test"},
		{Profile{NoSNI: Refuse}, ""},
		{Profile{NoSNI: Reset}, ""},
	} {
		addr, _ := play(t, &c.p)
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, ServerName: "127.0.0.1"}) // sends no SNI
		got := ""
		if err == nil {
			got = conn.ConnectionState().PeerCertificates[0].DNSNames[0]
			conn.Close()
		}
		if got != c.want {
			t.Errorf("%+v: %q (%v), want %q", c.p, got, err, c.want)
		}
	}
}

func TestStaples(t *testing.T) {
	addr, a := play(t, &Profile{Certs: []pki.Spec{{OCSP: true}}, Staple: pki.StapleGood})
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		_, state, err := get(addr, &tls.Config{RootCAs: a.Pool(), MaxVersion: v})
		if err != nil || len(state.OCSPResponse) == 0 {
			t.Errorf("at %x: %v, %d bytes of staple", v, err, len(state.OCSPResponse))
		}
	}
}

// A client that does not know the certificate's curve cannot be shown it.
func TestCurveOfTheCertificateMustBeOffered(t *testing.T) {
	addr, a := play(t, nil)
	cfg := func(c ...tls.CurveID) *tls.Config {
		return &tls.Config{RootCAs: a.Pool(), MaxVersion: tls.VersionTLS12, CurvePreferences: c}
	}
	if _, _, err := get(addr, cfg(tls.X25519)); err == nil || !strings.Contains(err.Error(), "handshake failure") {
		t.Errorf("without P-256: %v", err)
	}
	if _, state, err := get(addr, cfg(tls.X25519, tls.CurveP256)); err != nil || state.CurveID != tls.X25519 {
		t.Errorf("with P-256: %v", err)
	}
}
