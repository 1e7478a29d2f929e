package tlsprobe

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"peil/internal/fact"
)

// TestSSL3AndRC4OfNSS probes the one server of today that still speaks SSL 3.0.
func TestSSL3AndRC4OfNSS(t *testing.T) {
	for _, p := range []string{"selfserv", "certutil"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s (Debian package libnss3-tools) is not installed", p)
		}
	}
	dir := t.TempDir()
	noise, password := filepath.Join(dir, "noise"), filepath.Join(dir, "password")
	for f, b := range map[string][]byte{noise: []byte(strings.Repeat("lots of noise ", 20)), password: nil} {
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"-N", "-d", "sql:" + dir, "--empty-password"},
		{"-S", "-d", "sql:" + dir, "-n", "server", "-s", "CN=" + testName, "-x", "-t", "C,,", "-v", "1", "-m", "7", "-z", noise, "-f", password, "-k", "rsa", "-g", "2048", "-8", testName},
	} {
		if out, err := exec.Command("certutil", args...).CombinedOutput(); err != nil {
			t.Skipf("certutil: %v %s", err, out)
		}
	}
	addr := listenPort(t)
	// :WXYZ are code points: RC4-SHA, RC4-MD5, 3DES, AES-128, ECDHE-RSA with AES-128-GCM.
	addr = program(t, addr, "selfserv", "-d", "sql:"+dir, "-n", "server", "-p", strconv.Itoa(int(addr.Port())), "-V", "ssl3:tls1.2",
		"-c", ":0005:0004:000A:002F:C02F")
	f, _ := probe(t, addr, Full())
	if got := versions(f); got != "-SSL 2.0 +SSL 3.0 +TLS 1.0 +TLS 1.1 +TLS 1.2 -TLS 1.3" {
		t.Error(got)
	}
	want := []string{"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_RC4_128_SHA"}
	for _, v := range []fact.Version{fact.SSL30, fact.TLS10} {
		if got := suites(f, v); !slices.Equal(got, want) {
			t.Errorf("%s: %v", v, got)
		}
	}
	if got := suites(f, fact.TLS12); !slices.Contains(got, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256") || len(got) != 5 {
		t.Error(got)
	}
}
