package real

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"peil/internal/fact"
)

// need finds a program or ends the test with the line that mends it.
func need(t *testing.T, program string) string {
	t.Helper()
	for _, dir := range append(strings.Split(os.Getenv("PATH"), ":"), "/usr/sbin", "/sbin") {
		if p, err := exec.LookPath(dir + "/" + program); err == nil {
			return p
		}
	}
	t.Fatalf("%s is not installed; make programs installs what the tests need", program)
	return ""
}

// output runs an independent eye to its end.
func output(t *testing.T, stdin string, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, need(t, program), args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "OPENSSL_CONF=/dev/null")
	out, _ := cmd.CombinedOutput() // what it says counts, not its exit code
	return string(out)
}

// seen is what an eye saw, in the terms that all of them share.
type seen struct {
	versions []fact.Version
	suites   map[fact.Version][]fact.Suite
}

// sslscan tells versions and suites by code point.
func sslscan(t *testing.T, at netip.AddrPort) seen {
	t.Helper()
	file := t.TempDir() + "/sslscan.xml"
	out := output(t, "", "sslscan", "--no-colour", "--sni-name="+serverName, "--no-fallback", "--no-renegotiation", "--no-heartbleed",
		"--no-compression", "--no-check-certificate", "--no-groups", "--xml="+file, at.String())
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("sslscan wrote nothing: %v\n%s", err, out)
	}
	var doc struct {
		Test struct {
			Protocols []struct {
				Type    string `xml:"type,attr"`
				Version string `xml:"version,attr"`
				Enabled string `xml:"enabled,attr"`
			} `xml:"protocol"`
			Ciphers []struct {
				Version string `xml:"sslversion,attr"`
				ID      string `xml:"id,attr"`
			} `xml:"cipher"`
		} `xml:"ssltest"`
	}
	if err := xml.Unmarshal(b, &doc); err != nil {
		t.Fatalf("sslscan's report: %v\n%s", err, b)
	}
	s := seen{suites: map[fact.Version][]fact.Suite{}}
	for _, p := range doc.Test.Protocols {
		if p.Enabled != "1" {
			continue
		}
		v, ok := map[string]fact.Version{"ssl2": fact.SSL20, "ssl3": fact.SSL30, "tls1.0": fact.TLS10, "tls1.1": fact.TLS11, "tls1.2": fact.TLS12, "tls1.3": fact.TLS13}[p.Type+p.Version]
		if !ok {
			t.Fatalf("sslscan names a version %s %s", p.Type, p.Version)
		}
		s.versions = append(s.versions, v)
	}
	for _, c := range doc.Test.Ciphers {
		v, ok := map[string]fact.Version{"SSLv2": fact.SSL20, "SSLv3": fact.SSL30, "TLSv1.0": fact.TLS10, "TLSv1.1": fact.TLS11, "TLSv1.2": fact.TLS12, "TLSv1.3": fact.TLS13}[c.Version]
		n, err := strconv.ParseUint(strings.TrimPrefix(c.ID, "0x"), 16, 32)
		if !ok || err != nil {
			t.Fatalf("sslscan names a suite %q on %q", c.ID, c.Version)
		}
		s.suites[v] = append(s.suites[v], fact.Suite(n))
	}
	slices.Sort(s.versions)
	for v := range s.suites {
		slices.Sort(s.suites[v])
	}
	return s
}

// opensslNames maps the code points of the suites that this OpenSSL knows to its names.
func opensslNames(t *testing.T) map[fact.Suite]string {
	t.Helper()
	names := map[fact.Suite]string{}
	for line := range strings.Lines(output(t, "", "openssl", "ciphers", "-V", "ALL:COMPLEMENTOFALL@SECLEVEL=0")) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		var hi, lo uint32
		if _, err := fmt.Sscanf(f[0], "0x%02X,0x%02X", &hi, &lo); err == nil {
			names[fact.Suite(hi<<8|lo)] = f[2]
		}
	}
	return names
}

// opensslGroups are those that openssl is to offer up to TLS 1.2.
const opensslGroups = "X25519:P-256:P-384:P-521:X448:brainpoolP512r1:brainpoolP384r1:brainpoolP256r1:secp256k1"

// sharedKey is the key that servers of the tests know for any name.
const sharedKey = "00112233"

// opensslAccepts asks with openssl whether one suite is accepted on one version.
func opensslAccepts(t *testing.T, at netip.AddrPort, v fact.Version, name string) bool {
	t.Helper()
	args := []string{"s_client", "-connect", at.String(), "-servername", serverName}
	if v < fact.TLS13 {
		args = append(args, "-groups", opensslGroups)
	}
	if strings.Contains(name, "PSK") {
		args = append(args, "-psk", sharedKey)
	}
	switch v {
	case fact.TLS13:
		args = append(args, "-tls1_3", "-ciphersuites", name)
	case fact.TLS12:
		args = append(args, "-tls1_2", "-cipher", name+"@SECLEVEL=0")
	case fact.TLS11:
		args = append(args, "-tls1_1", "-cipher", name+"@SECLEVEL=0")
	case fact.TLS10:
		args = append(args, "-tls1", "-cipher", name+"@SECLEVEL=0")
	default:
		t.Fatalf("openssl speaks no %s here", v)
	}
	out := output(t, "", "openssl", args...)
	return strings.Contains(out, "Cipher is "+name) || strings.Contains(out, "Cipher    : "+name)
}

// opensslChain is the number of certificates that openssl receives, and its leaf's
// subject line.
func opensslChain(t *testing.T, at netip.AddrPort, more ...string) (certs int, text string) {
	t.Helper()
	args := append([]string{
		"s_client", "-connect", at.String(), "-servername", serverName, "-groups", opensslGroups + ":ffdhe2048:ffdhe3072", "-showcerts", "-status", "-cipher", "ALL:COMPLEMENTOFALL@SECLEVEL=0",
		"-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256",
	}, more...)
	out := output(t, "", "openssl", args...)
	return strings.Count(out, "-----BEGIN CERTIFICATE-----"), out
}

// verifyCodes are the codes of openssl verify(1) for Peil's words.
var verifyCodes = map[string][]int{
	"": {0}, "expired": {10}, "not_yet_valid": {9}, "self_signed": {18}, "name_mismatch": {62}, "unknown_authority": {20, 21}, "incompatible_usage": {26},
}

func verifyCode(text string) int {
	_, rest, _ := strings.Cut(text, "Verify return code: ")
	word, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(word)
	if err != nil {
		return -1
	}
	return n
}

// stapleStatus is what openssl reads in a stapled response.
func stapleStatus(text string) string {
	_, rest, _ := strings.Cut(text, "Cert Status: ")
	word, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(word)
}

// testssl tells versions and suites by code point, from its JSON.
func testssl(t *testing.T, at netip.AddrPort) seen {
	t.Helper()
	file := t.TempDir() + "/testssl.json"
	// Suites on each version alone: no look-up of names, no guess at the service.
	out := output(t, "", "testssl", "--quiet", "--color", "0", "--warnings", "off", "--mapping", "no-openssl", "--nodns", "none",
		"--assume-http", "--connect-timeout", "20", "--openssl-timeout", "20", "-E", "--jsonfile", file, at.String())
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("testssl.sh wrote nothing: %v\n%s", err, out)
	}
	var findings []struct{ ID, Finding string }
	if err := json.Unmarshal(b, &findings); err != nil {
		t.Fatalf("testssl.sh's report: %v\n%s", err, b)
	}
	s := seen{suites: map[fact.Version][]fact.Suite{}}
	for _, f := range findings {
		v, code, ok := cipherFinding(f.ID)
		if ok {
			s.suites[v] = append(s.suites[v], code)
		}
	}
	for v := range s.suites {
		s.versions = append(s.versions, v)
		slices.Sort(s.suites[v])
	}
	slices.Sort(s.versions)
	return s
}

// cipherFinding reads an ID such as cipher-tls1_2_xc02b.
func cipherFinding(id string) (fact.Version, fact.Suite, bool) {
	rest, ok := strings.CutPrefix(id, "cipher")
	if !ok {
		return 0, 0, false
	}
	rest = strings.TrimLeft(rest, "-_")
	for prefix, v := range map[string]fact.Version{"ssl2_": fact.SSL20, "ssl3_": fact.SSL30, "tls1_x": fact.TLS10, "tls1_1_": fact.TLS11, "tls1_2_": fact.TLS12, "tls1_3_": fact.TLS13} {
		if hex, ok := strings.CutPrefix(rest, prefix); ok {
			n, err := strconv.ParseUint(strings.TrimPrefix(hex, "x"), 16, 32)
			return v, fact.Suite(n), err == nil
		}
	}
	return 0, 0, false
}
