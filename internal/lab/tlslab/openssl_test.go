package tlslab

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// program is the path of an outside client, or the end of the test with the package
// to install.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, pkg)
	}
	return path
}

// run runs a client with that input and returns what it said.
func run(t *testing.T, stdin, name, pkg string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name, pkg), args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, _ := cmd.CombinedOutput() // a client that is refused exits with an error, and says why
	if ctx.Err() != nil {
		t.Errorf("%s %s did not end", name, strings.Join(args, " "))
	}
	return string(out)
}

const request = "GET / HTTP/1.1\r\nHost: " + site + "\r\nConnection: close\r\n\r\n"

func sClient(t *testing.T, addr, stdin string, args ...string) string {
	t.Helper()
	return run(t, stdin, "openssl", "openssl", append([]string{"s_client", "-connect", addr, "-servername", site, "-ign_eof"}, args...)...)
}

func TestOpenSSLFinishesWhatItCan(t *testing.T) {
	both := []pki.Spec{{}, {Key: pki.RSA2048}}
	for _, c := range []struct {
		version fact.Version
		suite   fact.Suite
		flag    string
		name    string
	}{
		{fact.TLS10, 0x0039, "-tls1", "DHE-RSA-AES256-SHA"},
		{fact.TLS11, 0x0033, "-tls1_1", "DHE-RSA-AES128-SHA"},
		{fact.TLS10, 0xC009, "-tls1", "ECDHE-ECDSA-AES128-SHA"},
		{fact.TLS10, 0x0002, "-tls1", "NULL-SHA"},
		{fact.TLS10, 0x0034, "-tls1", "ADH-AES128-SHA"},
		{fact.TLS12, 0xC018, "-tls1_2", "AECDH-AES128-SHA"},
		{fact.TLS12, 0x009F, "-tls1_2", "DHE-RSA-AES256-GCM-SHA384"},
		{fact.TLS12, 0xCCAA, "-tls1_2", "DHE-RSA-CHACHA20-POLY1305"},
		{fact.TLS12, 0xC09F, "-tls1_2", "DHE-RSA-AES256-CCM"},
		{fact.TLS12, 0xC0AC, "-tls1_2", "ECDHE-ECDSA-AES128-CCM"},
		{fact.TLS12, 0xC0AF, "-tls1_2", "ECDHE-ECDSA-AES256-CCM8"},
		{fact.TLS12, 0xC0A0, "-tls1_2", "AES128-CCM8"},
		{fact.TLS12, 0xC05D, "-tls1_2", "ECDHE-ECDSA-ARIA256-GCM-SHA384"},
		{fact.TLS12, 0xC052, "-tls1_2", "DHE-RSA-ARIA128-GCM-SHA256"},
		{fact.TLS12, 0xC077, "-tls1_2", "ECDHE-RSA-CAMELLIA256-SHA384"},
		{fact.TLS10, 0x0041, "-tls1", "CAMELLIA128-SHA"},
		{fact.TLS11, 0x0088, "-tls1_1", "DHE-RSA-CAMELLIA256-SHA"},
		{fact.TLS12, 0x006B, "-tls1_2", "DHE-RSA-AES256-SHA256"},
		{fact.TLS12, 0xC024, "-tls1_2", "ECDHE-ECDSA-AES256-SHA384"},
		{fact.TLS12, 0x003B, "-tls1_2", "NULL-SHA256"},
		{fact.TLS13, 0x1304, "-tls1_3", "TLS_AES_128_CCM_SHA256"},
		{fact.TLS13, 0x1305, "-tls1_3", "TLS_AES_128_CCM_8_SHA256"},
	} {
		addr, _ := play(t, &Profile{
			Versions: []fact.Version{c.version}, Suites: map[fact.Version][]fact.Suite{c.version: {c.suite}},
			Certs: both, DH: FFDHE2048, KexHashes: []Hash{SHA256, SHA1},
		})
		args := []string{c.flag, "-cipher", c.name + "@SECLEVEL=0"}
		if c.version == fact.TLS13 {
			args = []string{c.flag, "-ciphersuites", c.name}
		}
		out := sClient(t, addr, request, args...)
		if !strings.Contains(out, c.version.String()+" "+c.suite.String()) {
			t.Errorf("%s %s was not finished:\n%s", c.version, c.name, out)
		}
	}
}

func TestOpenSSLSeesTheGroup(t *testing.T) {
	for _, c := range []struct {
		group fact.Group
		name  string // for -groups
		flag  string
		says  string
	}{
		{fact.X448, "X448", "-tls1_2", "X448"},
		{fact.X448, "X448", "-tls1_3", "X448"},
		{fact.Secp224r1, "P-224", "-tls1_2", "secp224r1"},
		{fact.Secp192r1, "P-192", "-tls1_2", "prime192v1"},
		{fact.Secp256k1, "secp256k1", "-tls1_2", "secp256k1"},
		{fact.BrainpoolP256r1, "brainpoolP256r1", "-tls1_2", "brainpoolP256r1"},
		{fact.BrainpoolP384r1, "brainpoolP384r1", "-tls1_2", "brainpoolP384r1"},
		{fact.BrainpoolP512r1, "brainpoolP512r1", "-tls1_2", "brainpoolP512r1"},
		{fact.FFDHE2048, "ffdhe2048", "-tls1_3", "2048 bits"},
		{fact.FFDHE3072, "ffdhe3072", "-tls1_3", "3072 bits"},
	} {
		addr, _ := play(t, &Profile{Groups: []fact.Group{c.group}, Groups13: []fact.Group{c.group}})
		out := sClient(t, addr, request, c.flag, "-groups", c.name+":P-256", "-cipher", "ALL:@SECLEVEL=0")
		if !strings.Contains(out, "HTTP/1.1 200") || !strings.Contains(out, c.says) {
			t.Errorf("%s with %s:\n%s", c.flag, c.name, out)
		}
	}
}

func TestOpenSSLSeesTheDHGroup(t *testing.T) {
	for group, bits := range map[DHGroup]string{
		Custom512: "512", MODP1024: "1024", Custom1024: "1024", MODP2048: "2048", Custom2048: "2048", FFDHE2048: "2048", FFDHE3072: "3072",
		FFDHE3072Generator5: "3072", FFDHE4096: "4096", FFDHE6144: "6144", FFDHE8192: "8192",
	} {
		addr, _ := play(t, &Profile{
			Versions: []fact.Version{fact.TLS12}, Suites: map[fact.Version][]fact.Suite{fact.TLS12: {0x009E}},
			Certs: []pki.Spec{{Key: pki.RSA2048}}, DH: group,
		})
		out := sClient(t, addr, request, "-cipher", "ALL:@SECLEVEL=0")
		if group == Custom512 {
			if !strings.Contains(out, "dh key too small") {
				t.Errorf("512 bits were taken:\n%s", out)
			}
			continue
		}
		if !strings.Contains(out, "DH, "+bits+" bits") || !strings.Contains(out, "HTTP/1.1 200") {
			t.Errorf("%s:\n%s", group, out)
		}
	}
}

func TestOpenSSLSeesTheSignatureHash(t *testing.T) {
	for hash, offer := range map[Hash]string{SHA1: "SHA1", SHA224: "SHA224", SHA512: "SHA512"} {
		for key, alg := range map[pki.Key]string{pki.P256: "ECDSA", pki.RSA2048: "RSA"} {
			addr, _ := play(t, &Profile{Certs: []pki.Spec{{Key: key}}, KexHashes: []Hash{hash}})
			out := sClient(t, addr, request, "-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-sigalgs", alg+"+"+offer+":"+alg+"+SHA384")
			if !strings.Contains(out, "Peer signing digest: "+offer) || !strings.Contains(out, "HTTP/1.1 200") {
				t.Errorf("%s %s:\n%s", alg, offer, out)
			}
			out = sClient(t, addr, request, "-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-sigalgs", alg+"+SHA384")
			if !strings.Contains(out, "handshake failure") {
				t.Errorf("%s: a hash that it does not have was taken:\n%s", offer, out)
			}
		}
	}
}

func TestOpenSSLSeesExtensions(t *testing.T) {
	for _, c := range []struct {
		p         Profile
		args      string
		has, lack string
	}{
		{Profile{}, "-tls1_2", "Extended master secret: yes", "Secure Renegotiation IS NOT"},
		{Profile{NoEMS: true}, "-tls1_2", "Extended master secret: no", "xyz"},
		{Profile{NoSecureRenegotiation: true}, "-tls1_2 -legacy_server_connect", "Secure Renegotiation IS NOT supported", "xyz"},
		{Profile{NoFallbackSCSV: true, Versions: []fact.Version{fact.TLS11, fact.TLS12}}, "-tls1_1 -cipher ALL:@SECLEVEL=0 -fallback_scsv", "HTTP/1.1 200", "inappropriate fallback"},
		{Profile{}, "-tls1_2 -fallback_scsv", "inappropriate fallback", "HTTP/1.1 200"},
		{Profile{Certs: []pki.Spec{{OCSP: true}}, Staple: pki.StapleRevoked}, "-status", "Cert Status: revoked", "xyz"},
		{Profile{Certs: []pki.Spec{{OCSP: true}}, Staple: pki.StapleGood}, "-status -tls1_2", "Cert Status: good", "xyz"},
		{Profile{}, "-status", "OCSP response: no response sent", "Cert Status"},
		{Profile{ALPN: []string{"http/1.1"}}, "-alpn h2,http/1.1", "ALPN protocol: http/1.1", "xyz"},
		{Profile{Torment: OneByteRecords}, "-tls1_2", "HTTP/1.1 200", "xyz"},
		{Profile{Torment: OneByteRecords}, "-tls1_3", "HTTP/1.1 200", "xyz"},
	} {
		addr, _ := play(t, &c.p)
		out := sClient(t, addr, request, strings.Fields(c.args)...)
		if !strings.Contains(out, c.has) || strings.Contains(out, c.lack) {
			t.Errorf("%+v %s: want %q, not %q:\n%s", c.p, c.args, c.has, c.lack, out)
		}
	}
}

// openssl s_client renegotiates upon a line with R, and looks at the certificates
// once more when the server goes along.
func TestOpenSSLRenegotiates(t *testing.T) {
	for _, c := range []struct {
		p           Profile
		tries, want int
	}{
		{Profile{}, 1, 0},
		{Profile{Renegotiations: 1}, 1, 1},
		{Profile{Renegotiations: 3}, 4, 3},
		{Profile{Renegotiations: Unlimited}, 11, 11},
		{Profile{Renegotiations: Unlimited, NoEMS: true}, 2, 2},
		{Profile{RenegotiationRefusal: Close}, 1, 0},
		{Profile{RenegotiationRefusal: Reset}, 1, 0},
	} {
		addr, a := play(t, &c.p)
		roots := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(roots, a.RootPEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program(t, "openssl", "openssl"), "s_client", "-connect", addr, "-servername", site, "-tls1_2", "-CAfile", roots)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out := &said{changed: make(chan struct{}, 1)}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		out.await(t, "Extended master secret", 1)
		for i := range c.tries {
			in.Write([]byte("R\n"))
			out.await(t, "RENEGOTIATING", i+1)
			if i < c.want {
				out.await(t, "depth=0", i+2)
			}
		}
		in.Close()
		cmd.Wait()
		if got := strings.Count(out.String(), "depth=0") - 1; got != c.want {
			t.Errorf("%+v: went along %d times, want %d:\n%s", c.p, got, c.want, out)
		}
	}
}

func TestOpenSSLEarlyData(t *testing.T) {
	for _, c := range []struct {
		p         Profile
		has, lack string
	}{
		{Profile{EarlyData: EarlyAccept}, "early=yes", "Early data was rejected"},
		{Profile{EarlyData: EarlyReject}, "Early data was rejected", "early=yes"},
		{Profile{}, "Early data was not sent", "early=yes"},
		{Profile{EarlyData: EarlyAccept, Suites: map[fact.Version][]fact.Suite{fact.TLS13: {0x1303}}}, "early=yes", "Early data was rejected"},
	} {
		addr, _ := play(t, &c.p)
		dir := t.TempDir()
		sess, data := filepath.Join(dir, "session"), filepath.Join(dir, "early")
		if err := os.WriteFile(data, []byte(request), 0o600); err != nil {
			t.Fatal(err)
		}
		first := sClient(t, addr, request, "-tls1_3", "-sess_out", sess)
		if !strings.Contains(first, "HTTP/1.1 200") {
			t.Fatalf("no first session:\n%s", first)
		}
		stdin := ""
		if c.p.EarlyData != EarlyAccept {
			stdin = request
		}
		out := sClient(t, addr, stdin, "-tls1_3", "-sess_in", sess, "-early_data", data)
		if !strings.Contains(out, c.has) || strings.Contains(out, c.lack) || !strings.Contains(out, "resumed=yes") {
			t.Errorf("%+v: want %q, not %q:\n%s", c.p, c.has, c.lack, out)
		}
	}
}
