package tlsprobe

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"peil/internal/fact"
)

// get speaks HTTP over a session and returns the status line.
func get(t *testing.T, addr netip.AddrPort, hint *fact.TLS) (*Session, string) {
	t.Helper()
	s, err := prober(t, nil).Dial(context.Background(), Target{Addr: addr, ServerName: testName, Subject: subject(t, quickLimits()), ALPN: []string{"http/1.1"}}, hint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	fmt.Fprintf(s, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", testName)
	line, err := bufio.NewReader(s).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return s, strings.TrimSpace(line)
}

func TestHTTPIsSpokenOverOldAndNewServers(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		version fact.Version
		legacy  bool
	}{
		"TLS 1.3":          {nil, fact.TLS13, false},
		"TLS 1.0":          {[]string{"-tls1", "-cipher", "ALL:@SECLEVEL=0"}, fact.TLS10, false},
		"RSA":              {[]string{"-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"}, fact.TLS12, false},
		"DHE alone":        {[]string{"-tls1_2", "-cipher", "DHE-RSA-AES128-SHA"}, fact.TLS12, true},
		"DHE on TLS 1.0":   {[]string{"-tls1", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0"}, fact.TLS10, true},
		"RSA with SHA-256": {[]string{"-tls1_2", "-cipher", "AES256-SHA256"}, fact.TLS12, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil)}, append(c.args, "-www")...)
			s, line := get(t, addr, nil)
			if line != "HTTP/1.0 200 ok" || s.Version != c.version || s.Legacy != c.legacy {
				t.Errorf("%q over %s %s, legacy %v", line, s.Version, s.Suite, s.Legacy)
			}
			if !s.Chain.Trust.Trusted || len(s.Chain.Certs) != 3 {
				t.Errorf("%d certificates, %+v", len(s.Chain.Certs), s.Chain.Trust)
			}
			hint := &fact.TLS{Working: fact.Observed{Answer: fact.Accepted}, Suites: []fact.SuiteSet{{Version: s.Version, Accepted: []fact.Suite{s.Suite}}}}
			if onlyLegacy(hint) != c.legacy {
				t.Errorf("a probe that found %s alone: only legacy %v", s.Suite, onlyLegacy(hint))
			}
		})
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
