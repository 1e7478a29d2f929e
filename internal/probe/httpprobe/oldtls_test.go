package httpprobe

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"peil/internal/fact"
)

// opensslServer starts a website with cipher suites that crypto/tls does not have.
func opensslServer(t *testing.T, args ...string) string {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs openssl")
	}
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	s.Close()
	cert := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	b = append(b, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	file := filepath.Join(t.TempDir(), "site.pem")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), openssl, append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", file, "-www"}, args...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
			go func() {
				for lines.Scan() { // or it would stand still with its pipe full
				}
			}()
			return fmt.Sprintf("tcp %s:443 %s", siteAddr, at)
		}
	}
	t.Fatal("openssl did not start")
	return ""
}

func TestWebsitesOfOldAndOddServersAreRead(t *testing.T) {
	for _, args := range [][]string{
		{"-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"},
		{"-tls1_2", "-cipher", "DHE-RSA-AES128-SHA"},
		{"-tls1", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0"},
		{"-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"},
		{"-tls1_2", "-groups", "brainpoolP512r1", "-cipher", "ECDHE"},
		{"-tls1_3", "-groups", "X448"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			w := newWorld(t, opensslServer(t, args...))
			f := w.Fetch(t.Context(), "https", siteName, siteAddr)
			h := f.Last()
			want := fact.TLS12
			switch args[0] {
			case "-tls1":
				want = fact.TLS10
			case "-tls1_3":
				want = fact.TLS13
			}
			if f.End != fact.EndOK || h.Status != 200 || h.TLSVersion != want || h.Chain == "" {
				t.Errorf("%+v %+v", f, h)
			}
		})
	}
}

func TestAServerThatTurnsEveryHelloAway(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, fmt.Errorf("no") }}
	s.StartTLS()
	t.Cleanup(s.Close)
	w := newWorld(t, fmt.Sprintf("tcp %s:443 %s", siteAddr, s.Listener.Addr()))
	f := w.Fetch(t.Context(), "https", siteName, siteAddr)
	if f.End != fact.EndClientError || f.Last().Error != "tls" || f.Last().Status != 0 {
		t.Errorf("%+v", f)
	}
}

func TestServerThatWantsAHybridGroupIsRead(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<p>quantum</p>")
	}))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)

	s.StartTLS()
	t.Cleanup(s.Close)
	w := newWorld(t, fmt.Sprintf("tcp %s:443 %s", siteAddr, s.Listener.Addr()))
	f := w.Fetch(t.Context(), "https", siteName, siteAddr)
	if f.Last().Status != 200 {
		t.Errorf("%+v", f)
	}
}

// A server that wants a client certificate says so with an alert: on TLS 1.2 in the
// handshake, on TLS 1.3 after it (RFC 8446 section 4.4.2.4). Either way it is no
// website for us, and not one that broke off.
func TestAServerThatWantsAClientCertificate(t *testing.T) {
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		w := newWorld(t, opensslServer(t, version, "-Verify", "1"))
		f := w.Fetch(t.Context(), "https", siteName, siteAddr)
		if h := f.Last(); h.Error != "tls" || h.Status != 0 || !w.Alerted(netip.AddrPortFrom(siteAddr, 443)) {
			t.Errorf("%s: %+v", version, h)
		}
	}
}
