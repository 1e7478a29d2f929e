package real

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"peil/internal/fact"
)

// odds starts servers as few people set them up, and some that many do by mistake.
func odds(t *testing.T, a *authority) []setup {
	t.Helper()
	var out []setup
	add := func(name string, port int, s setup) {
		s.name, s.at = name, endpoint(port)
		out = append(out, s)
	}
	rsa2048, p256 := a.issue(t, "rsa2048"), a.issue(t, "p256")
	both, tls12, tls13 := versions(fact.TLS12, fact.TLS13), versions(fact.TLS12), versions(fact.TLS13)
	// few keeps the number of suites down that the other eyes have to ask for.
	const few = " ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM;"
	use := func(p pair) string {
		return fmt.Sprintf(" ssl_certificate %s;\n ssl_certificate_key %s;\n", p.cert, p.key)
	}
	groups12 := func(want ...fact.Group) func(*testing.T, *fact.TLS, []fact.Chain) {
		return func(t *testing.T, f *fact.TLS, _ []fact.Chain) { t.Helper(); group(t, f, fact.TLS12, want...) }
	}
	groups13 := func(want ...fact.Group) func(*testing.T, *fact.TLS, []fact.Chain) {
		return func(t *testing.T, f *fact.TLS, _ []fact.Chain) { t.Helper(); group(t, f, fact.TLS13, want...) }
	}
	dh := func(bits int, name string) func(*testing.T, *fact.TLS, []fact.Chain) {
		return func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
			t.Helper()
			if len(f.DH) != 1 || f.DH[0].Bits != bits || f.DH[0].Name != name {
				t.Errorf("DH %+v, want %d %q", f.DH, bits, name)
			}
		}
	}

	// Certificates.
	day := 24 * time.Hour
	hour := time.Hour
	cert := func(name, kind string, change func(c *x509.Certificate)) pair {
		return a.issueAs(t, name, kind, change, nil)
	}
	inter := a.intermediate(t)
	chained := inter.issueAs(t, "chained", "p256", nil, nil)
	other := a.issue(t, "p384")
	block := func(der []byte) pem.Block { return pem.Block{Type: "CERTIFICATE", Bytes: der} }
	mix := func(name string, certs ...*x509.Certificate) pair {
		var bs []pem.Block
		for _, c := range certs {
			bs = append(bs, block(c.Raw))
		}
		p := chained
		p.cert = a.write(t, name+".crt", bs...)
		return p
	}
	selfSigned := selfSigned(t, a)

	nx := []struct {
		name, conf string
		s          setup
	}{
		{"P-521 alone", use(rsa2048) + " ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve secp521r1;", setup{versions: both, also: groups13(fact.Secp521r1)}},
		{"static RSA alone", use(rsa2048) + " ssl_protocols TLSv1.2; ssl_ciphers AES256-GCM-SHA384:AES128-SHA;", setup{versions: tls12, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
			if len(f.DH) != 0 || len(f.KexSeen) != 0 || !f.KexHashSHA1.No() {
				t.Errorf("%+v %v %+v", f.DH, f.KexSeen, f.KexHashSHA1)
			}
		}}},
		{"DHE of 1024 bits", use(rsa2048) + " ssl_protocols TLSv1.2; ssl_ciphers DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0; ssl_dhparam " + dhFile(t, a, "", 1024) + ";", setup{versions: tls12, also: dh(1024, "")}},
		{"DHE of 4096 bits", use(rsa2048) + " ssl_protocols TLSv1.2; ssl_ciphers DHE-RSA-AES128-GCM-SHA256; ssl_dhparam " + dhFile(t, a, "ffdhe4096", 4096) + ";", setup{versions: tls12, also: dh(4096, "ffdhe4096")}},
		{"client certificate", use(rsa2048) + few + " ssl_verify_client on; ssl_client_certificate " + a.dir + "/root.pem;", setup{versions: both}},
		{"RSA of 1024 bits", use(cert("rsa1024", "rsa1024", nil)) + " ssl_protocols TLSv1.2; ssl_ciphers ECDHE+AESGCM:AES128-SHA:@SECLEVEL=0;", setup{versions: tls12}},
		{"P-521 key", use(cert("p521", "p521", nil)) + few, setup{noScan: true, versions: both}},
		{"RSA-PSS key", use(a.pssKey(t)) + few, setup{versions: both, noScan: true}},
		{"expired", use(cert("expired", "p256", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(-30*day), time.Now().Add(-hour) })) + few, setup{noScan: true, problem: "expired"}},
		{"not yet valid", use(cert("early", "p256", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(day), time.Now().Add(30*day) })) + few, setup{noScan: true, problem: "not_yet_valid"}},
		{"self-signed", use(selfSigned) + few, setup{noScan: true, problem: "self_signed"}},
		{"wildcard", use(cert("wild", "p256", func(c *x509.Certificate) { c.DNSNames = []string{"*.example.nl"} })) + few, setup{noScan: true}},
		{"wildcard too high", use(cert("high", "p256", func(c *x509.Certificate) { c.DNSNames = []string{"*.nl"} })) + few, setup{noScan: true, problem: "name_mismatch"}},
		{"IDN", use(cert("idn", "p256", func(c *x509.Certificate) { c.DNSNames = []string{"xn--caf-dma.example.nl", serverName} })) + few, setup{noScan: true}},
		{"IP alone", use(cert("ip", "p256", func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(127, 0, 0, 1)} })) + few, setup{noScan: true, problem: "name_mismatch", lax: true}},
		{"common name alone", use(cert("cn", "p256", func(c *x509.Certificate) { c.DNSNames = nil })) + few, setup{noScan: true, problem: "name_mismatch", lax: true}},
		{"for clients", use(cert("client", "p256", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })) + few, setup{noScan: true, problem: "incompatible_usage"}},
		{"intermediate", use(mix("whole", chained.leaf, inter.cert)) + few, setup{noScan: true}},
		{"intermediate missing", use(chained) + few, setup{noScan: true, problem: "unknown_authority"}},
		{"wrong order", use(mix("disorder", chained.leaf, a.cert, inter.cert)) + few, setup{noScan: true}},
		{"a certificate too many", use(mix("surplus", chained.leaf, inter.cert, other.leaf)) + few, setup{noScan: true}},
		{"revoked", use(rsa2048) + staple(t, a, rsa2048, "revoked", ocsp.Revoked, 0) + few, setup{noScan: true, staple: "revoked"}},
		{"staple out of date", use(p256) + staple(t, a, p256, "stale", ocsp.Good, -48*hour) + few, setup{noScan: true, staple: "good", also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
			if f.OCSP.Trusted || f.OCSP.Problem != "out of date" {
				t.Errorf("%+v", f.OCSP)
			}
		}}},
		{"RSA key exchange alone", use(rsa2048) + " ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256:AES256-SHA256;", setup{versions: tls12, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
			if !f.KexHashSHA1.No() || !f.KexHashSHA224.No() || !f.KexHashSHA2.No() {
				t.Errorf("SHA-1 %+v, SHA-224 %+v, SHA-2 %+v", f.KexHashSHA1, f.KexHashSHA224, f.KexHashSHA2)
			}
		}}},
		{"no tickets", use(p256) + " ssl_protocols TLSv1.3; ssl_session_tickets off;", setup{versions: tls13, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
			if !f.EarlyData.No() {
				t.Errorf("%+v", f.EarlyData)
			}
		}}},
	}
	blocks := make([]string, len(nx))
	for i := range nx {
		blocks[i] = nx[i].conf
	}
	for i, p := range nginx(t, a, blocks...) {
		add("nginx, "+nx[i].name, p, nx[i].s)
	}

	server := func(name string, p pair, s setup, args ...string) {
		port := freePort(t)
		start(t, []int{port}, "openssl", append([]string{"s_server", "-accept", "127.0.0.1:" + strconv.Itoa(port), "-cert", p.cert, "-key", p.key, "-www", "-quiet"}, args...)...)
		add("openssl, "+name, port, s)
	}
	server("ffdhe2048 on 1.3", rsa2048, setup{versions: tls13, noScan: true, also: groups13(fact.FFDHE2048)}, "-tls1_3", "-groups", "ffdhe2048")
	server("X448 on 1.3", rsa2048, setup{versions: tls13, noScan: true, also: groups13(fact.X448)}, "-tls1_3", "-groups", "X448")
	server("X448 on 1.2", rsa2048, setup{versions: tls12, noScan: true, also: groups12(fact.X448)}, "-tls1_2", "-groups", "X448", "-cipher", "ECDHE")
	server("secp256k1", rsa2048, setup{versions: tls12, noScan: true, also: groups12(fact.Secp256k1)}, "-tls1_2", "-groups", "secp256k1", "-cipher", "ECDHE")
	server("NULL alone", rsa2048, setup{versions: tls12}, "-tls1_2", "-cipher", "eNULL:-aNULL:@SECLEVEL=0")
	server("anonymous alone", rsa2048, setup{versions: tls12, noCert: true}, "-tls1_2", "-cipher", "aNULL:-eNULL:@SECLEVEL=0")
	server("PSK", rsa2048, setup{versions: tls12, noScan: true}, "-tls1_2", "-cipher", "PSK-AES128-CBC-SHA:DHE-PSK-AES256-GCM-SHA384:ECDHE-PSK-CHACHA20-POLY1305:AES128-SHA", "-psk", sharedKey)
	server("another protocol", rsa2048, setup{versions: both, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
		if len(f.ALPN) != 0 {
			t.Errorf("ALPN %v", f.ALPN)
		}
	}}, "-cipher", "ECDHE+AESGCM", "-alpn", "acme-tls/1")
	server("SHA-1 alone", rsa2048, setup{versions: tls12, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
		if !f.KexHashSHA1.Yes() || !f.KexHashSHA2.No() {
			t.Errorf("SHA-1 %+v, SHA-2 %+v", f.KexHashSHA1, f.KexHashSHA2)
		}
	}}, "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE:@SECLEVEL=0")
	server("SHA-224 beside SHA-512", rsa2048, setup{versions: tls12, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
		if !f.KexHashSHA1.No() || !f.KexHashSHA224.Yes() || !f.KexHashSHA2.Yes() {
			t.Errorf("SHA-1 %+v, SHA-224 %+v, SHA-2 %+v", f.KexHashSHA1, f.KexHashSHA224, f.KexHashSHA2)
		}
	}}, "-tls1_2", "-sigalgs", "RSA+SHA224:RSA+SHA512", "-cipher", "ECDHE:@SECLEVEL=0")
	server("a name demanded", rsa2048, setup{versions: both}, "-cipher", "ECDHE+AESGCM", "-servername", serverName, "-servername_fatal", "-cert2", rsa2048.cert, "-key2", rsa2048.key)
	server("another name, with a warning", rsa2048, setup{versions: both, noScan: true}, "-cipher", "ECDHE+AESGCM", "-servername", "other.example.nl", "-cert2", rsa2048.cert, "-key2", rsa2048.key)
	server("another name, fatally", rsa2048, setup{silent: true}, "-servername", "other.example.nl", "-servername_fatal", "-cert2", rsa2048.cert, "-key2", rsa2048.key)
	server("client certificate on 1.3", rsa2048, setup{versions: tls13}, "-tls1_3", "-Verify", "1")
	server("no tickets on 1.3", rsa2048, setup{versions: tls13}, "-tls1_3", "-num_tickets", "0")
	server("ChaCha20 when the client has it first", rsa2048, setup{versions: tls12}, "-tls1_2", "-serverpref", "-prioritize_chacha", "-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20")
	server("TLS 1.1 alone", rsa2048, setup{versions: versions(fact.TLS11)}, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
	server("no TLS 1.2 between", rsa2048, setup{versions: versions(fact.TLS10, fact.TLS11, fact.TLS13)}, "-no_tls1_2", "-cipher", "ECDHE:@SECLEVEL=0")

	gnutls := func(name, prio string, p pair, s setup, more ...string) {
		port := freePort(t)
		start(t, []int{port}, "gnutls-serv", append([]string{"--quiet", "--http", "--port", strconv.Itoa(port), "--priority", prio, "--x509certfile", p.cert, "--x509keyfile", p.key}, more...)...)
		add("GnuTLS, "+name, port, s)
	}
	gnutls("finite fields alone", "NORMAL:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-FFDHE3072:-VERS-ALL:+VERS-TLS1.3", rsa2048, setup{versions: tls13, noScan: true, also: groups13(fact.FFDHE2048, fact.FFDHE3072)})
	gnutls("early data", "NORMAL:-VERS-ALL:+VERS-TLS1.3", rsa2048, setup{versions: tls13}, "--earlydata")
	gnutls("client certificate", "NORMAL", p256, setup{noScan: true}, "--require-client-cert")
	gnutls("TLS 1.0 behind a gap", "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.0:-KX-ALL:+DHE-RSA:+RSA:+ECDHE-RSA:+GROUP-ALL", rsa2048, setup{versions: versions(fact.TLS10, fact.TLS12)})
	gnutls("server's order", "NORMAL:%SERVER_PRECEDENCE:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM", rsa2048, setup{versions: tls12})

	dir := t.TempDir()
	rate, sni, proxied := freePort(t), freePort(t), freePort(t)
	list := file(t, dir, "crt.list", fmt.Sprintf("%s [ssl-min-ver TLSv1.3] %s\n%s [ssl-max-ver TLSv1.2] other.example.nl\n", p256.both, serverName, rsa2048.both))
	conf := file(t, dir, "haproxy.cfg", fmt.Sprintf(`global
 maxconn 500
defaults
 mode http
 timeout connect 5s
 timeout client 10s
 timeout server 10s
frontend rate
 bind 127.0.0.1:%d ssl crt %s ssl-min-ver TLSv1.2
 stick-table type ip size 10k expire 10s store conn_cur
 tcp-request connection track-sc0 src
 tcp-request connection reject if { src_conn_cur gt 3 }
 http-request return status 200
frontend sni
 bind 127.0.0.1:%d ssl crt-list %s
 http-request return status 200
frontend proxied
 mode tcp
 bind 127.0.0.1:%d
 default_backend behind
backend behind
 mode tcp
 server s 127.0.0.1:%d
`, rate, rsa2048.both, sni, list, proxied, sni))
	start(t, []int{rate, sni, proxied}, "haproxy", "-db", "-f", conf)
	add("haproxy, three connections at a time", rate, setup{versions: both, noScan: true})
	add("haproxy, 1.3 for this name alone", sni, setup{versions: tls13})
	add("haproxy, behind another", proxied, setup{versions: tls13})
	return out
}

// staple writes a response of a status about a certificate and switches it on.
func staple(t *testing.T, a *authority, p pair, name string, status int, shift time.Duration) string {
	t.Helper()
	now := time.Now().Add(shift)
	resp, err := ocsp.CreateResponse(a.cert, a.cert, ocsp.Response{
		Status: status, SerialNumber: p.leaf.SerialNumber, ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(24 * time.Hour), RevokedAt: now.Add(-2 * time.Hour),
	}, a.key)
	if err != nil {
		t.Fatal(err)
	}
	f := filepath.Join(a.dir, name+".ocsp")
	if err := os.WriteFile(f, resp, 0o644); err != nil {
		t.Fatal(err)
	}
	return " ssl_stapling on; ssl_stapling_file " + f + "; ssl_trusted_certificate " + a.dir + "/root.pem;"
}

// TestOddServers holds Peil beside openssl and sslscan in front of servers that are
// seldom met.
func TestOddServers(t *testing.T) {
	a := newAuthority(t)
	names := opensslNames(t)
	var work []func()
	for _, s := range odds(t, a) {
		work = append(work, func() {
			t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) { compare(t, a, s, names) })
		})
	}
	inParallel(work)
}
