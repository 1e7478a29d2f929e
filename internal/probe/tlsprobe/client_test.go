package tlsprobe

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"peil/internal/fact"
)

// visit makes a handshake as httpprobe does and speaks HTTP over it.
func visit(t *testing.T, addr netip.AddrPort, alpn ...string) (s *Session, line string, dials int) {
	t.Helper()
	v := Visitor{Name: testName, ALPN: alpn, Timeout: 10 * time.Second, Dial: func(ctx context.Context) (net.Conn, error) {
		dials++
		return (&net.Dialer{}).DialContext(ctx, "tcp", addr.String())
	}}
	s, err := v.Handshake(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	fmt.Fprintf(s, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", testName)
	if line, err = bufio.NewReader(s).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return s, strings.TrimSpace(line), dials
}

// liar is a key that signs something else than it was given.
type liar struct{ crypto.Signer }

func (l liar) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	digest = bytes.Clone(digest)
	digest[0]++
	return l.Signer.Sign(r, digest, opts)
}

// A server that does not hold the key of its certificate is none that a visitor gets in
// at, whatever else it would speak: it is not tried with what checks no signature.
func TestVisitorsTurnAwayFromFalseSignatures(t *testing.T) {
	for _, kind := range []string{"rsa", "ecdsa"} {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
			cert := testCA().issue(kind, nil)
			key, ok := cert.PrivateKey.(crypto.Signer)
			if !ok {
				t.Fatal("not a signer")
			}
			cert.PrivateKey = liar{key}
			dials := 0
			v := Visitor{Name: testName, ALPN: []string{"h2", "http/1.1"}, Timeout: 10 * time.Second, Dial: func(context.Context) (net.Conn, error) {
				dials++
				ours, theirs := net.Pipe()
				go func() {
					s := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: version})
					_ = s.Handshake() // the client ends it
					_ = s.Close()
				}()
				return ours, nil
			}}
			var unproven *Unproven
			if _, err := v.Handshake(t.Context()); !errors.As(err, &unproven) || dials != 1 {
				t.Errorf("%s, %s: %v after %d connections", kind, tls.VersionName(version), err, dials)
			}
		}
	}
}

func TestVisitorsReachOldAndOddServers(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		version fact.Version
		dials   int
	}{
		"TLS 1.3":            {nil, fact.TLS13, 1},
		"TLS 1.0":            {[]string{"-tls1", "-cipher", "ALL:@SECLEVEL=0"}, fact.TLS10, 1},
		"RSA":                {[]string{"-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"}, fact.TLS12, 1},
		"DHE alone":          {[]string{"-tls1_2", "-cipher", "DHE-RSA-AES128-SHA"}, fact.TLS12, 2},
		"DHE on TLS 1.0":     {[]string{"-tls1", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0"}, fact.TLS10, 2},
		"RSA with SHA-256":   {[]string{"-tls1_2", "-cipher", "AES256-SHA256"}, fact.TLS12, 2},
		"anonymous":          {[]string{"-tls1_2", "-cipher", "aNULL:-NULL:@SECLEVEL=0"}, fact.TLS12, 2},
		"CCM on TLS 1.3":     {[]string{"-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"}, fact.TLS13, 2},
		"X448 on TLS 1.3":    {[]string{"-tls1_3", "-groups", "X448"}, fact.TLS13, 2},
		"ffdhe on TLS 1.3":   {[]string{"-tls1_3", "-groups", "ffdhe3072"}, fact.TLS13, 2},
		"brainpool":          {[]string{"-tls1_2", "-groups", "brainpoolP384r1", "-cipher", "ECDHE"}, fact.TLS12, 2},
		"retry to secp521r1": {[]string{"-tls1_3", "-groups", "P-521"}, fact.TLS13, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil)}, append(c.args, "-www")...)
			s, line, dials := visit(t, addr, "http/1.1")
			if line != "HTTP/1.0 200 ok" || s.Version != c.version || dials != c.dials {
				t.Errorf("%q over %s after %d connections", line, s.Version, dials)
			}
			if want := 3; len(s.Certs) != want && name != "anonymous" {
				t.Errorf("%d certificates, want %d", len(s.Certs), want)
			}
		})
	}
}

func TestVisitorTakesTheProtocolOfAnOddServer(t *testing.T) {
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil)}, version, "-groups", "X448", "-alpn", "h2", "-www")
		if s, _, _ := visit(t, addr, "h2", "http/1.1"); s.ALPN != "h2" {
			t.Errorf("%s: ALPN %q, want h2", version, s.ALPN)
		}
	}
}

func TestTrustSaysWhatIsWrong(t *testing.T) {
	ca := testCA()
	good := ca.issue("ecdsa", nil)
	now := prober(t, nil).now()
	mozilla, err := Mozilla()
	if err != nil {
		t.Fatal(err)
	}
	if mozilla.Len() < 100 {
		t.Errorf("%d roots of Mozilla", mozilla.Len())
	}
	for name, c := range map[string]struct {
		certs   [][]byte
		host    string
		roots   *Roots
		days    int
		problem string
		without bool
	}{
		"good":              {good.Certificate, testName, ca.roots, 0, "", true},
		"another name":      {good.Certificate, "other.example.test", ca.roots, 0, "name_mismatch", true},
		"expired":           {good.Certificate, testName, ca.roots, 1, "expired", false},
		"not yet valid":     {good.Certificate, testName, ca.roots, -1, "not_yet_valid", false},
		"unknown authority": {good.Certificate[:1], testName, mozilla, 0, "unknown_authority", false},
		"self-signed":       {[][]byte{ca.cert.Raw}, testName, mozilla, 0, "self_signed", false},
		"rubbish":           {[][]byte{[]byte("rubbish")}, testName, ca.roots, 0, "malformed", false},
		"nothing":           {nil, testName, ca.roots, 0, "malformed", false},
	} {
		got := verify(c.certs, c.host, c.roots, now.AddDate(0, 0, c.days))
		if got.Problem != c.problem || got.Trusted != (c.problem == "") || got.PathWithoutName != c.without {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := verify(good.Certificate[:1], testName, ca.roots, now); got.Anchor == nil || len(got.Roots) != 0 {
		t.Errorf("a root that was not sent: %+v", got)
	}
	if got := verify(good.Certificate, testName, ca.roots, now); got.Anchor != nil || len(got.Roots) != 1 || got.Roots[0] != 1 {
		t.Errorf("a root that was sent: %+v", got)
	}
}
