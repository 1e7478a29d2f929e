package real

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"peil/internal/fact"
)

// setup is a real server in one configuration, and what the words of that
// configuration promise, where a wrong reading would hide.
type setup struct {
	name string
	at   netip.AddrPort
	// testssl: this one is also shown to testssl.sh.
	testssl bool
	// versions, if not nil, are those that the configuration switches on.
	versions []fact.Version
	// also are further promises.
	also func(t *testing.T, f *fact.TLS, chains []fact.Chain)
	// noScan: sslscan cannot read this server; only openssl looks.
	noScan bool
	// problem is what Peil should say of the chain's trust; "" for a trusted one.
	problem string
	// staple is the status of the stapled response, when there must be one.
	staple string
	lax    bool // openssl takes the common name where RFC 9525 section 2 says no
	noCert bool // it has no certificate to show
	silent bool // it turns every hello for the name away
}

func versions(v ...fact.Version) []fact.Version { return v }

// dhFile makes finite-field parameters: the group of RFC 7919, or an own one.
func dhFile(t *testing.T, a *authority, group string, bits int) string {
	t.Helper()
	f := filepath.Join(a.dir, fmt.Sprintf("dh-%s%d.pem", group, bits))
	if group != "" {
		output(t, "", "openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:"+group, "-out", f)
	} else {
		output(t, "", "openssl", "dhparam", "-dsaparam", "-out", f, strconv.Itoa(bits))
	}
	if _, err := os.Stat(f); err != nil {
		t.Fatal(err)
	}
	return f
}

func group(t *testing.T, f *fact.TLS, v fact.Version, want ...fact.Group) {
	t.Helper()
	for _, g := range f.Groups {
		if g.Version != v {
			continue
		}
		if fmt.Sprint(g.Accepted) != fmt.Sprint(want) {
			t.Errorf("groups on %s: %v, want %v", v, g.Accepted, want)
		}
		return
	}
	t.Errorf("no groups were learnt on %s", v)
}

// setups starts all servers.
func setups(t *testing.T, a *authority) []setup {
	t.Helper()
	p256, p384, rsa2048, rsa3072 := a.issue(t, "p256"), a.issue(t, "p384"), a.issue(t, "rsa2048"), a.issue(t, "rsa3072")
	ed := a.issue(t, "ed25519")
	own2048, ffdhe3072 := dhFile(t, a, "", 2048), dhFile(t, a, "ffdhe3072", 3072)
	certs := func(p pair) string {
		return fmt.Sprintf(" ssl_certificate %s;\n ssl_certificate_key %s;\n", p.cert, p.key)
	}
	tls13, tls12 := versions(fact.TLS13), versions(fact.TLS12)
	both := versions(fact.TLS12, fact.TLS13)
	all := versions(fact.TLS10, fact.TLS11, fact.TLS12, fact.TLS13)

	var out []setup
	add := func(name string, port int, s setup) {
		s.name, s.at = name, endpoint(port)
		out = append(out, s)
	}

	nx := []struct {
		name, conf string
		s          setup
	}{
		{"nginx 1.3 only", certs(p256) + " ssl_protocols TLSv1.3;", setup{versions: tls13, testssl: true}},
		{"nginx usual", certs(p256) + " ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256; ssl_prefer_server_ciphers on; ssl_ecdh_curve X25519:secp384r1; # http2", setup{
			versions: both, testssl: true,
			also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
				group(t, f, fact.TLS12, fact.Secp384r1, fact.X25519)
				group(t, f, fact.TLS13, fact.Secp384r1, fact.X25519)
				if !f.ExtendedMasterSecret.Yes() || !f.SecureRenegotiation.Yes() || !f.Compression.No() || !f.ClientRenegotiation.No() {
					t.Errorf("EMS %v, secure renegotiation %v, compression %v, client renegotiation %v", f.ExtendedMasterSecret, f.SecureRenegotiation, f.Compression, f.ClientRenegotiation)
				}
			},
		}},
		{"nginx old", certs(rsa2048) + " ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0; ssl_dhparam " + own2048 + ";", setup{
			versions: all,
			also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
				if len(f.DH) == 0 || f.DH[0].Bits != 2048 || f.DH[0].Name != "" {
					t.Errorf("DH %+v, want an own group of 2048 bits", f.DH)
				}
				if !f.KexHashSHA1.Yes() {
					t.Errorf("SHA-1 of the key exchange %v, want accepted at security level 0", f.KexHashSHA1)
				}
			},
		}},
		{"nginx two certificates", " ssl_certificate " + rsa3072.cert + ";\n ssl_certificate_key " + rsa3072.key + ";\n" + certs(p384) + " ssl_protocols TLSv1.2 TLSv1.3;", setup{
			versions: both,
			also: func(t *testing.T, f *fact.TLS, chains []fact.Chain) {
				kinds := map[string]bool{}
				for _, d := range f.Deployments {
					kinds[d.Auth] = true
				}
				if !kinds["rsa"] || !kinds["ecdsa"] || len(chains) < 2 {
					t.Errorf("deployments %+v", f.Deployments)
				}
			},
		}},
		{"nginx DHE with ffdhe3072", certs(rsa2048) + " ssl_protocols TLSv1.2; ssl_ciphers DHE; ssl_dhparam " + ffdhe3072 + ";", setup{
			versions: tls12, testssl: true,
			also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
				if len(f.DH) != 1 || f.DH[0].Name != "ffdhe3072" {
					t.Errorf("DH %+v, want ffdhe3072", f.DH)
				}
			},
		}},
		{"nginx staple", certs(p256) + " ssl_protocols TLSv1.2 TLSv1.3; ssl_stapling on; ssl_stapling_file " + p256.staple + "; ssl_trusted_certificate " + a.dir + "/root.pem;", setup{
			versions: both,
			also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
				if !f.OCSP.Stapled.Yes() || f.OCSP.Status != "good" {
					t.Errorf("staple %+v", f.OCSP)
				}
			},
		}},
		{"nginx brainpool", certs(rsa3072) + " ssl_protocols TLSv1.2; ssl_ecdh_curve brainpoolP512r1:brainpoolP384r1;", setup{
			versions: tls12, noScan: true,
			also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
				group(t, f, fact.TLS12, fact.BrainpoolP384r1, fact.BrainpoolP512r1)
			},
		}},
		{"nginx 0-RTT", certs(p256) + " ssl_protocols TLSv1.3; ssl_early_data on; ssl_session_tickets on;", setup{
			versions: tls13,
			also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
				if !f.EarlyData.Yes() {
					t.Errorf("early data %+v, want accepted", f.EarlyData)
				}
			},
		}},
		{"nginx client order", certs(rsa2048) + " ssl_protocols TLSv1.2; ssl_prefer_server_ciphers off; ssl_ciphers ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-GCM-SHA384;", setup{
			versions: tls12,
			also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
				for _, s := range f.Suites {
					if s.Version == fact.TLS12 && !s.ServerPreference.No() {
						t.Errorf("server preference %v, want none", s.ServerPreference)
					}
				}
			},
		}},
		{"nginx Ed25519", certs(ed) + " ssl_protocols TLSv1.2 TLSv1.3;", setup{versions: both, noScan: true}},
	}
	blocks := make([]string, len(nx))
	for i := range nx {
		blocks[i] = nx[i].conf
	}
	for i, p := range nginx(t, a, blocks...) {
		add(nx[i].name, p, nx[i].s)
	}

	ap := []struct {
		name, conf string
		s          setup
	}{
		{"apache default", fmt.Sprintf("SSLCertificateFile %s\nSSLCertificateKeyFile %s", rsa2048.cert, rsa2048.key), setup{testssl: true}},
		{"apache modern", fmt.Sprintf("SSLCertificateFile %s\nSSLCertificateKeyFile %s\nSSLProtocol -all +TLSv1.3", p256.cert, p256.key), setup{versions: tls13}},
		{"apache two certificates", fmt.Sprintf("SSLCertificateFile %s\nSSLCertificateKeyFile %s\nSSLCertificateFile %s\nSSLCertificateKeyFile %s\nSSLProtocol -all +TLSv1.2\nSSLHonorCipherOrder on", rsa2048.cert, rsa2048.key, p256.cert, p256.key), setup{versions: tls12}},
		{"apache old", fmt.Sprintf("SSLCertificateFile %s\nSSLCertificateKeyFile %s\nSSLProtocol all\nSSLCipherSuite ALL:@SECLEVEL=0", rsa2048.cert, rsa2048.key), setup{versions: all}},
	}
	blocks = make([]string, len(ap))
	for i := range ap {
		blocks[i] = ap[i].conf
	}
	for i, p := range apache(t, blocks...) {
		add(ap[i].name, p, ap[i].s)
	}

	dir := t.TempDir()
	h1, h2 := freePort(t), freePort(t)
	conf := file(t, dir, "haproxy.cfg", fmt.Sprintf(`global
 maxconn 500
defaults
 mode http
 timeout connect 5s
 timeout client 10s
 timeout server 10s
frontend usual
 bind 127.0.0.1:%d ssl crt %s alpn h2,http/1.1 ssl-min-ver TLSv1.2
 http-request return status 200
frontend old
 bind 127.0.0.1:%d ssl crt %s ssl-min-ver TLSv1.0 ciphers AES128-SHA:DHE-RSA-AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0
 http-request return status 200
`, h1, p384.both, h2, rsa2048.both))
	start(t, []int{h1, h2}, "haproxy", "-db", "-f", conf)
	add("haproxy usual", h1, setup{versions: both, testssl: true})
	add("haproxy old", h2, setup{versions: all, testssl: true})

	s1 := freePort(t)
	conf = file(t, dir, "stunnel.conf", fmt.Sprintf("foreground = yes\npid =\nsyslog = no\ndebug = warning\n[s]\naccept = 127.0.0.1:%d\nconnect = 127.0.0.1:%d\ncert = %s\nkey = %s\n", s1, h1, rsa3072.cert, rsa3072.key))
	start(t, []int{s1}, "stunnel4", conf)
	add("stunnel", s1, setup{})

	g1, g2 := freePort(t), freePort(t)
	gnutls := func(port int, prio string, p pair) {
		start(t, []int{port}, "gnutls-serv", "--quiet", "--http", "--port", strconv.Itoa(port), "--priority", prio, "--x509certfile", p.cert, "--x509keyfile", p.key, "--sni-hostname", serverName)
	}
	gnutls(g1, "NORMAL", rsa2048)
	add("GnuTLS normal", g1, setup{versions: all})
	gnutls(g2, "NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:+3DES-CBC:+ARCFOUR-128:+DHE-RSA", rsa2048)
	add("GnuTLS old", g2, setup{versions: versions(fact.TLS10, fact.TLS11, fact.TLS12)})

	g3 := freePort(t)
	gnutls(g3, "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH", rsa2048)
	add("GnuTLS without EMS", g3, setup{versions: tls12, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
		if !f.ExtendedMasterSecret.No() {
			t.Errorf("EMS %v, want declined", f.ExtendedMasterSecret)
		}
	}})

	server := func(port int, p pair, more ...string) {
		start(t, []int{port}, "openssl", append([]string{"s_server", "-accept", "127.0.0.1:" + strconv.Itoa(port), "-cert", p.cert, "-key", p.key, "-www", "-quiet"}, more...)...)
	}
	for _, o := range []struct {
		name string
		p    pair
		args []string
		s    setup
	}{
		{"openssl renegotiation", rsa2048, []string{"-tls1_2", "-client_renegotiation"}, setup{versions: tls12, also: func(t *testing.T, f *fact.TLS, _ []fact.Chain) {
			if !f.ClientRenegotiation.Yes() || f.ClientRenegotiation.Count < 11 {
				t.Errorf("client renegotiation %+v, want without end", f.ClientRenegotiation)
			}
		}}},
		{"openssl anonymous and null", rsa2048, []string{"-tls1_2", "-cipher", "ALL:eNULL:aNULL:@SECLEVEL=0"}, setup{versions: tls12}},
		{"openssl Camellia, ARIA, CCM", p256, []string{"-tls1_2", "-cipher", "CAMELLIA:ARIA:AESCCM:AESCCM8:@SECLEVEL=0"}, setup{versions: tls12}},
		{"openssl CCM_8 on 1.3", p256, []string{"-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256"}, setup{versions: tls13, noScan: true}},
	} {
		port := freePort(t)
		server(port, o.p, o.args...)
		add(o.name, port, o.s)
	}
	return out
}
