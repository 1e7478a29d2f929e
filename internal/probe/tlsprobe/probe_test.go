package tlsprobe

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"io"
	"math/big"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

func named(t testing.TB, names ...string) []fact.Suite {
	t.Helper()
	var all []fact.Suite
	for _, n := range names {
		s, ok := fact.SuiteNamed(n)
		if !ok {
			t.Fatalf("no suite %s", n)
		}
		all = append(all, s)
	}
	return all
}

// sslscan is what sslscan sees: accepted suites per version.
func sslscan(t *testing.T, addr string) map[string][]string {
	t.Helper()
	out, err := exec.Command("sslscan", "--no-colour", "--iana-names", "--no-heartbleed", "--no-check-certificate", "--sni-name="+testName, "--xml=-", addr).Output()
	if err != nil {
		t.Skipf("sslscan (Debian package sslscan): %v", err)
	}
	var doc struct {
		Cipher []struct {
			Version string `xml:"sslversion,attr"`
			ID      string `xml:"id,attr"`
		} `xml:"ssltest>cipher"`
	}
	if err := xml.Unmarshal(out, &doc); err != nil {
		t.Fatalf("sslscan: %v\n%s", err, out)
	}
	seen := map[string][]string{}
	for _, c := range doc.Cipher {
		v := strings.Replace(c.Version, "TLSv", "TLS ", 1)
		code, err := strconv.ParseUint(strings.TrimPrefix(c.ID, "0x"), 16, 32)
		if err != nil {
			t.Fatalf("sslscan: %v", err)
		}
		seen[v] = append(seen[v], fact.Suite(code).String())
	}
	for _, l := range seen {
		slices.Sort(l)
	}
	return seen
}

func TestEverySuiteOfAWideServerIsFoundOnEveryVersion(t *testing.T) {
	addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil), testCA().issue("ecdsa", nil)},
		"-min_protocol", "TLSv1", "-cipher", "ALL:COMPLEMENTOFALL:!PSK:!SRP:@SECLEVEL=0")
	f, _ := probe(t, addr, Full())
	if got := versions(f); got != "-SSL 2.0 -SSL 3.0 +TLS 1.0 +TLS 1.1 +TLS 1.2 +TLS 1.3" {
		t.Error(got)
	}
	total := 0
	for v, want := range sslscan(t, addr.String()) {
		for _, x := range fact.AllVersions() {
			if x.String() != v {
				continue
			}
			got := suites(f, x)
			total += len(got)
			for _, w := range want {
				if !slices.Contains(got, w) {
					t.Errorf("%s: sslscan saw %s, we did not", v, w)
				}
			}
			if len(got) > len(want) {
				t.Logf("%s: sslscan misses %v", v, slices.DeleteFunc(got, func(g string) bool { return slices.Contains(want, g) }))
			}
		}
	}
	t.Logf("%d pairs in %d connections", total, f.Connections)
	if total < 100 || f.Connections > total+30 {
		t.Errorf("%d pairs in %d connections", total, f.Connections)
	}
	if len(f.Deployments) != 2 {
		t.Errorf("deployments %+v, want both kinds of certificate", f.Deployments)
	}
	if !f.KexHashSHA1.Yes() {
		t.Errorf("SHA-1 %+v", f.KexHashSHA1)
	}
}

func TestServerWithTLS13Alone(t *testing.T) {
	cfg := &tls.Config{
		Certificates: []tls.Certificate{testCA().issue("ecdsa", nil), testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2", "http/1.1"},
	}
	f, chains := probe(t, goServer(t, cfg), Full())
	if got := versions(f); got != "-SSL 2.0 -SSL 3.0 -TLS 1.0 -TLS 1.1 -TLS 1.2 +TLS 1.3" {
		t.Error(got)
	}
	if got := suites(f, fact.TLS13); len(got) != 3 {
		t.Error(got)
	}
	if got := groups(f, fact.TLS13); got != "secp256r1 secp384r1 secp521r1 x25519 SecP256r1MLKEM768 X25519MLKEM768 SecP384r1MLKEM1024" {
		t.Error(got)
	}
	if len(f.Deployments) != 2 || len(chains) != 2 {
		t.Errorf("deployments %+v", f.Deployments)
	}
	if !f.EarlyData.No() || !f.Compression.No() || !f.ClientRenegotiation.No() || !f.KexHashSHA1.No() || !f.KexHashSHA2.Yes() {
		t.Errorf("early data %+v, compression %+v, renegotiation %+v, SHA-1 %+v", f.EarlyData, f.Compression, f.ClientRenegotiation, f.KexHashSHA1)
	}
	if f.NoSNI == nil || !f.NoSNI.Yes() || f.NoSNI.Chain == "" {
		t.Errorf("no SNI %+v", f.NoSNI)
	}
	if !slices.Equal(f.ALPN, []string{"h2"}) {
		t.Errorf("ALPN %v", f.ALPN)
	}
}

func TestServerWithTLS12AloneByCryptoTLS(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{testCA().issue("ecdsa", nil)}, MaxVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	f, chains := probe(t, goServer(t, cfg), Full())
	if got := versions(f); got != "-SSL 2.0 -SSL 3.0 -TLS 1.0 -TLS 1.1 +TLS 1.2 -TLS 1.3" {
		t.Error(got)
	}
	want := []string{
		"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
	}
	if got := suites(f, fact.TLS12); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := groups(f, fact.TLS12); !strings.Contains(got, "x25519") || !strings.Contains(got, "secp256r1") {
		t.Error(got)
	}
	if !slices.Equal(f.ALPN, []string{"h2", "http/1.1"}) {
		t.Errorf("ALPN %v", f.ALPN)
	}
	if !f.KexHashSHA1.No() || !f.KexHashSHA224.No() {
		t.Errorf("SHA-1 %+v, SHA-224 %+v", f.KexHashSHA1, f.KexHashSHA224)
	}
	if !f.ExtendedMasterSecret.Yes() || !f.SecureRenegotiation.Yes() || !f.ClientRenegotiation.No() || !f.EarlyData.No() {
		t.Errorf("%+v %+v %+v %+v", f.ExtendedMasterSecret, f.SecureRenegotiation, f.ClientRenegotiation, f.EarlyData)
	}
	if len(chains) != 1 || !chains[0].Trust.Trusted {
		t.Errorf("%+v", chains)
	}
}

func TestEarlyDataIsSeenWhereItIsOn(t *testing.T) {
	f, _ := probe(t, openssl(t, []tls.Certificate{testCA().issue("ecdsa", nil)}, "-early_data"), Full())
	if !f.EarlyData.Yes() || f.EarlyData.TicketMax == 0 || !f.EarlyData.Ticket {
		t.Errorf("%+v", f.EarlyData)
	}
}

func TestClientRenegotiationIsCountedUpToEleven(t *testing.T) {
	f, _ := probe(t, openssl(t, []tls.Certificate{testCA().issue("ecdsa", nil)}, "-client_renegotiation", "-tls1_2"), Full())
	if !f.ClientRenegotiation.Yes() || f.ClientRenegotiation.Count != 11 || f.ClientRenegotiation.Tries != 11 {
		t.Errorf("%+v", f.ClientRenegotiation)
	}
}

func TestGroupsOfOldAndNewVersions(t *testing.T) {
	addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil)}, "-curves", "secp224r1:brainpoolP384r1:P-521:X448:secp256k1", "-cipher", "ALL:@SECLEVEL=0")
	f, _ := probe(t, addr, Full())
	if got := groups(f, fact.TLS12); got != "secp224r1 secp256k1 secp521r1 brainpoolP384r1 x448" {
		t.Error(got)
	}
	if got := groups(f, fact.TLS13); got != "secp521r1 x448" {
		t.Error(got)
	}
}

func TestPreferenceOfServerAndClient(t *testing.T) {
	list := []string{"-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"}
	phaseOut, good := named(t, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"), named(t, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
	plan := Full()
	plan.Order = []OrderQuestion{{Better: good, Worse: phaseOut}}
	cert := []tls.Certificate{testCA().issue("rsa", nil)}

	f, _ := probe(t, openssl(t, cert, append(list, "-serverpref")...), plan)
	if !f.Suites[0].ServerPreference.Yes() {
		t.Errorf("%+v", f.Suites[0])
	}
	for _, o := range f.Order {
		if o.Picked != phaseOut[0] {
			t.Errorf("its own order begins with CBC: %+v", o)
		}
	}
	f, _ = probe(t, openssl(t, cert, list...), plan)
	if !f.Suites[0].ServerPreference.No() {
		t.Errorf("%+v", f.Suites[0])
	}
	if len(f.Order) != 2 {
		t.Errorf("%+v", f.Order)
	}
	for _, o := range f.Order {
		if o.Picked != phaseOut[0] || o.Offered[0] != phaseOut[0] {
			t.Errorf("a client that wants CBC gets it: %+v", o)
		}
	}
	list[2] = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256"
	f, _ = probe(t, openssl(t, cert, append(list, "-serverpref")...), plan)
	for _, o := range f.Order {
		if !slices.Contains(good, o.Picked) || o.Picked != o.Offered[len(o.Offered)-1] {
			t.Errorf("its own order ends with CBC: %+v", o)
		}
	}
}

func TestOldAndOddServers(t *testing.T) {
	rsa := testCA().issue("rsa", nil).Certificate[0]
	prime, _ := new(big.Int).SetString(strings.Repeat("F", 127)+"1", 16)
	f, _ := probe(t, listen(t, (&fake{
		versions: []fact.Version{fact.SSL30, fact.TLS10}, cert: rsa, compression: true, heartbeat: true, prime: prime,
		suites: named(t, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", "TLS_RSA_WITH_RC4_128_MD5", "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
	}).serve), Full())
	if got := versions(f); got != "-SSL 2.0 +SSL 3.0 +TLS 1.0 -TLS 1.1 -TLS 1.2 -TLS 1.3" {
		t.Error(got)
	}
	for _, v := range []fact.Version{fact.SSL30, fact.TLS10} {
		if got := suites(f, v); len(got) != 4 {
			t.Errorf("%s: %v", v, got)
		}
	}
	if !f.Compression.Yes() || !f.SecureRenegotiation.No() || !f.Heartbeat.Yes() {
		t.Errorf("compression %+v, renegotiation %+v, heartbeat %+v", f.Compression, f.SecureRenegotiation, f.Heartbeat)
	}
	if len(f.DH) != 1 || f.DH[0].Bits != 512 || f.DH[0].Name != "" {
		t.Errorf("DH %+v", f.DH)
	}
	if !f.FallbackSCSV.No() {
		t.Errorf("fallback %+v", f.FallbackSCSV)
	}

	f, _ = probe(t, listen(t, (&fake{
		versions: []fact.Version{fact.TLS12}, cert: rsa, reneg: true, prime: tlswire.FFDHEPrime(fact.FFDHE2048),
		groups: []fact.Group{fact.Secp192r1, fact.BrainpoolP256r1, 9}, schemes: []uint16{0x0201, 0x0301},
		suites: named(t, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDH_anon_WITH_NULL_SHA"),
	}).serve), Full())
	if got := groups(f, fact.TLS12); got != "sect283k1 secp192r1 brainpoolP256r1 ffdhe2048" {
		t.Error(got)
	}
	if !f.KexHashSHA1.Yes() || !f.KexHashSHA224.Yes() || !f.KexHashSHA2.No() || !f.ExtendedMasterSecret.No() || !f.Compression.No() {
		t.Errorf("%+v %+v %+v %+v", f.KexHashSHA1, f.KexHashSHA224, f.KexHashSHA2, f.ExtendedMasterSecret)
	}
	if len(f.DH) != 1 || f.DH[0].Name != "ffdhe2048" {
		t.Errorf("DH %+v", f.DH)
	}
	if got := suites(f, fact.TLS12); len(got) != 3 {
		t.Error(got)
	}
}

func TestAHashThatWasNotOfferedIsNotAccepted(t *testing.T) {
	f, _ := probe(t, listen(t, (&fake{
		versions: []fact.Version{fact.TLS12}, cert: testCA().issue("rsa", nil).Certificate[0], scheme: 0x0401,
		groups: []fact.Group{fact.Secp256r1}, suites: named(t, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
	}).serve), Full())
	if !f.KexHashSHA1.No() || !f.KexHashSHA224.No() || !f.KexHashSHA2.Yes() {
		t.Errorf("%+v %+v %+v", f.KexHashSHA1, f.KexHashSHA224, f.KexHashSHA2)
	}
}

func TestSSL2IsFound(t *testing.T) {
	cert := testCA().issue("rsa", nil)
	modern := &tls.Config{Certificates: []tls.Certificate{cert}}
	leaf := cert.Certificate[0]
	size := 11 + len(leaf) + 6
	hello := slices.Concat([]byte{0x80 | byte(size>>8), byte(size), 4, 0, 1, 0, 2, byte(len(leaf) >> 8), byte(len(leaf)), 0, 6, 0, 0}, leaf, []byte("\x07\x00\xc0\x01\x00\x80"))
	f, chains := probe(t, listen(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		b, err := r.Peek(3)
		if err != nil {
			return
		}
		if b[0]&0x80 == 0 {
			_ = tls.Server(peeked{c, r}, modern).Handshake()
			return
		}
		_, _ = c.Write(hello)
	}), Full())
	if got := versions(f); got != "+SSL 2.0 -SSL 3.0 -TLS 1.0 -TLS 1.1 +TLS 1.2 +TLS 1.3" {
		t.Error(got)
	}
	for _, d := range f.Deployments {
		i := slices.IndexFunc(chains, func(c fact.Chain) bool { return c.ID == d.Chain })
		if d.First != (d.Version == fact.TLS12) || i < 0 || !bytes.Equal(chains[i].Certs[0], leaf) {
			t.Errorf("%+v: the chain of TLS is what is judged", d)
		}
	}
	if len(f.Deployments) != 2 {
		t.Errorf("%+v", f.Deployments)
	}
	if got := suites(f, fact.SSL20); !slices.Equal(got, []string{"SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "SSL_CK_RC4_128_WITH_MD5"}) {
		t.Error(got)
	}
}

type peeked struct {
	net.Conn
	r io.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

func TestAServerThatLiesIsNotMeasured(t *testing.T) {
	t.Parallel()
	f, _ := probe(t, listen(t, (&fake{
		versions: []fact.Version{fact.TLS12}, cert: testCA().issue("rsa", nil).Certificate[0], schemes: []uint16{0x0401},
		groups: []fact.Group{fact.Secp256r1}, suites: named(t, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
		lie: func(_ *clientHello, _ *fact.Version, s *fact.Suite) { *s = 0x002F },
	}).serve), Full())
	s := f.Suites[len(f.Suites)-1]
	if len(s.Accepted) != 1 || s.Gap != fact.GapMalformed || !s.AllOpen {
		t.Errorf("accepted %v, gap %q, %d open", s.Accepted, s.Gap, len(s.Open))
	}
}

// Such a server speaks TLS, so that it is not dead either (catalogue A.2, B.6).
func TestAServerThatOnlyLiesIsNotDead(t *testing.T) {
	f, _ := probe(t, listen(t, (&fake{
		versions: []fact.Version{fact.TLS12}, cert: testCA().issue("rsa", nil).Certificate[0], schemes: []uint16{0x0401},
		groups: []fact.Group{fact.Secp256r1}, suites: named(t, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
		lie: func(_ *clientHello, _ *fact.Version, s *fact.Suite) { *s = 0x7777 },
	}).serve), Full())
	if f.Working != (fact.Observed{Gap: fact.GapMalformed}) {
		t.Errorf("working %+v", f.Working)
	}
	if f.Compression.Gap != fact.GapMalformed || f.ExtendedMasterSecret.Gap != fact.GapMalformed {
		t.Errorf("compression %+v, extended master secret %+v", f.Compression, f.ExtendedMasterSecret)
	}
}

// claims says what facts claim of a suite on a version, and of a group.
func claims(f *fact.TLS, v fact.Version, s fact.Suite) fact.Answer {
	for _, set := range f.Suites {
		switch {
		case set.Version != v:
		case slices.Contains(set.Accepted, s):
			return fact.Accepted
		case !set.AllOpen && !slices.Contains(set.Open, s):
			return fact.Declined
		}
	}
	return fact.Unknown
}

func claimsGroup(f *fact.TLS, v fact.Version, g fact.Group) fact.Answer {
	for _, set := range f.Groups {
		switch {
		case set.Version != v:
		case slices.Contains(set.Accepted, g):
			return fact.Accepted
		case !set.AllOpen && !slices.Contains(set.Open, g):
			return fact.Declined
		}
	}
	return fact.Unknown
}

func TestAFirewallThatCutsUsOffMakesNoServerGood(t *testing.T) {
	t.Parallel()
	cfg := &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS10}
	truth, _ := probe(t, goServer(t, cfg), Full())
	var blocked atomic.Bool
	var wg sync.WaitGroup // a probe that is cut off mostly waits
	for allowed := 1; allowed < truth.Connections; allowed += 3 {
		var n atomic.Int32
		addr := listen(t, func(c net.Conn) {
			if n.Add(1) > int32(allowed) {
				_ = c.(*net.TCPConn).SetLinger(0)
				return
			}
			s := tls.Server(c, cfg)
			if s.Handshake() == nil {
				_, _ = s.Read(make([]byte, 1))
			}
		})
		wg.Go(func() {
			f, _ := probe(t, addr, Full())
			if !f.Working.Yes() {
				t.Errorf("%d allowed: working %+v", allowed, f.Working)
			}
			for i, v := range f.Versions {
				if v.No() && truth.Versions[i].Yes() {
					t.Errorf("%d allowed: %s called declined", allowed, v.Version)
				}
				if v.Gap == fact.GapBlocked {
					blocked.Store(true)
				}
			}
			for _, set := range truth.Suites {
				for _, s := range set.Accepted {
					if claims(f, set.Version, s) == fact.Declined {
						t.Errorf("%d allowed: %s %s called declined", allowed, set.Version, s)
					}
				}
			}
			for _, set := range truth.Groups {
				for _, g := range set.Accepted {
					if claimsGroup(f, set.Version, g) == fact.Declined {
						t.Errorf("%d allowed: %s %s called declined", allowed, set.Version, g)
					}
				}
			}
			if f.ClientRenegotiation.Yes() || f.KexHashSHA1.Yes() {
				t.Errorf("%d allowed: %+v %+v", allowed, f.ClientRenegotiation, f.KexHashSHA1)
			}
		})
	}
	wg.Wait()
	if !blocked.Load() {
		t.Error("nothing was called blocked")
	}
}

func TestServersWithoutTLS(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  fact.Observed
	}{
		"reset":      {func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }, fact.Observed{Answer: fact.Declined}},
		"end":        {func(net.Conn) {}, fact.Observed{Answer: fact.Declined}},
		"alert":      {func(c net.Conn) { readClientHello(c); alert(c, 40) }, fact.Observed{Answer: fact.Declined}},
		"plain HTTP": {func(c net.Conn) { readClientHello(c); fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, fact.Observed{Answer: fact.Declined}},
		"SSH":        {func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-OpenSSH_9.2\r\n"); _, _ = io.Copy(io.Discard, c) }, fact.Observed{Answer: fact.Declined}},
		"silence":    {func(c net.Conn) { select {} }, fact.Observed{Gap: fact.GapTimeout}},
		"patience":   {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, fact.Observed{Gap: fact.GapTimeout}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var waited time.Duration
			p := prober(t, func(c *Config) {
				c.Timeout, c.Spread = 100*time.Millisecond, 0
				c.Wait = func(_ context.Context, d time.Duration) error { waited += d; return nil }
			})
			f, _ := p.Probe(context.Background(), Target{Addr: listen(t, c.serve), ServerName: testName, Subject: subject(t, quickLimits())}, Full())
			if f.Working != c.want {
				t.Errorf("working %+v, want %+v%s", f.Working, c.want, report(f))
			}
			if c.want.No() && waited < 3*time.Second {
				t.Errorf("three hellos within %s, want at least 3 s", waited)
			}
		})
	}
}

func TestTormentorsEndInTimeAndAreNotCalledBad(t *testing.T) {
	cert := testCA().issue("rsa", nil).Certificate[0]
	good := &fake{
		versions: []fact.Version{fact.TLS12}, cert: cert, schemes: []uint16{0x0401}, groups: []fact.Group{fact.Secp256r1},
		suites: named(t, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
	}
	for name, serve := range map[string]func(net.Conn){
		"record of length 0": func(c net.Conn) {
			readClientHello(c)
			_, _ = c.Write([]byte("\x16\x03\x03\x00\x00"))
			_, _ = io.Copy(io.Discard, c)
		},
		"endless empty records": func(c net.Conn) {
			readClientHello(c)
			for {
				if _, err := c.Write([]byte("\x16\x03\x03\x00\x00")); err != nil {
					return
				}
			}
		},
		"record of length 65535": func(c net.Conn) {
			readClientHello(c)
			_, _ = c.Write([]byte("\x16\x03\x03\xff\xff\x02"))
			_, _ = io.Copy(io.Discard, c)
		},
		"endless warnings": func(c net.Conn) {
			readClientHello(c)
			for {
				if _, err := c.Write([]byte("\x15\x03\x03\x00\x02\x01\x70")); err != nil {
					return
				}
			}
		},
		"half a record": func(c net.Conn) { readClientHello(c); _, _ = c.Write([]byte("\x16\x03\x03\x00\x20\x02\x00")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := prober(t, func(c *Config) { c.Timeout = 100 * time.Millisecond })
			f, _ := p.Probe(context.Background(), Target{Addr: listen(t, serve), ServerName: testName, Subject: subject(t, quickLimits())}, Full())
			if f.Working.Yes() || len(f.Suites) > 0 {
				t.Errorf("working %+v", f.Working)
			}
		})
	}
	t.Run("fragments of one byte", func(t *testing.T) {
		t.Parallel()
		f, _ := probe(t, listen(t, func(c net.Conn) { good.serve(dribble{c}) }), Full())
		if got := suites(f, fact.TLS12); len(got) != 1 || !f.Working.Yes() {
			t.Errorf("%v %+v", got, f.Working)
		}
	})
	t.Run("reset after the ServerHello", func(t *testing.T) {
		t.Parallel()
		f, _ := probe(t, listen(t, func(c net.Conn) { good.serve(shortened{c}) }), Full())
		if got := suites(f, fact.TLS12); len(got) != 1 || len(f.Deployments) != 0 {
			t.Errorf("%v %+v", got, f.Deployments)
		}
	})
}

// dribble sends each byte of a handshake in a record of its own.
type dribble struct{ net.Conn }

func (d dribble) Write(b []byte) (int, error) {
	if b[0] != 22 {
		return d.Conn.Write(b)
	}
	var out []byte
	for _, x := range b[5:] {
		out = append(out, 22, b[1], b[2], 0, 1, x)
	}
	_, err := d.Conn.Write(out)
	return len(b), err
}

// shortened resets the connection in the middle of the server's flight.
type shortened struct{ net.Conn }

func (s shortened) Write(b []byte) (int, error) {
	if b[0] != 22 {
		return s.Conn.Write(b)
	}
	n := 4 + int(b[6])<<16 + int(b[7])<<8 + int(b[8]) // the ServerHello alone
	_, _ = s.Conn.Write(append([]byte{22, b[1], b[2], byte(n >> 8), byte(n)}, b[5:5+n]...))
	_ = s.Conn.(*net.TCPConn).SetLinger(0)
	return 0, s.Close()
}

func TestAServerThatChokesOnLongHellosIsMeasuredWithShortOnes(t *testing.T) {
	t.Parallel()
	addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil)}, "-cipher", "ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA:CAMELLIA128-SHA:@SECLEVEL=0", "-min_protocol", "TLSv1")
	proxy := listen(t, func(c net.Conn) {
		r := bufio.NewReaderSize(c, 4096)
		b, err := r.Peek(5)
		if err != nil || int(b[3])<<8|int(b[4]) > 800 {
			_ = c.(*net.TCPConn).SetLinger(0)
			return
		}
		s, err := net.Dial("tcp", addr.String())
		if err != nil {
			return
		}
		defer s.Close()
		go func() { _, _ = io.Copy(s, r); s.Close() }()
		_, _ = io.Copy(c, s)
	})
	f, _ := probe(t, proxy, Full())
	if got := versions(f); !strings.HasSuffix(got, "+TLS 1.0 +TLS 1.1 +TLS 1.2 +TLS 1.3") {
		t.Error(got)
	}
	want := []string{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"}
	if got := suites(f, fact.TLS12); !slices.Equal(got, want) {
		t.Error(got)
	}
}

func TestSilenceTowardsSSL2IsAskedAgainWithTheEndClosed(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS12}
	f, _ := prober(t, func(c *Config) { c.Timeout = 150 * time.Millisecond }).Probe(context.Background(), Target{
		Addr: listen(t, func(c net.Conn) {
			r := bufio.NewReader(c)
			if b, err := r.Peek(1); err == nil && b[0] != 22 {
				_, _ = io.Copy(io.Discard, r) // waits for more
				return
			}
			_ = tls.Server(peeked{c, r}, cfg).Handshake()
		}),
		ServerName: testName, Subject: subject(t, quickLimits()),
	}, Full())
	if got := versions(f); !strings.HasPrefix(got, "-SSL 2.0") {
		t.Error(got, report(f))
	}
}

func TestAServerThatIsSilentOnOldHellosIsStillMeasured(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS12}
	addr := listen(t, func(c net.Conn) {
		r := bufio.NewReaderSize(c, 4096)
		b, err := r.Peek(11)
		if err != nil || b[0] != 22 || b[10] < 3 {
			_, _ = io.Copy(io.Discard, r)
			<-t.Context().Done() // not even an end
			return
		}
		s := tls.Server(peeked{c, r}, cfg)
		if s.Handshake() == nil {
			_, _ = s.Read(make([]byte, 1))
		}
	})
	f, _ := prober(t, func(c *Config) { c.Timeout = 150 * time.Millisecond }).Probe(context.Background(), Target{
		Addr: addr, ServerName: testName, Subject: subject(t, quickLimits()),
	}, Full())
	if got := versions(f); got != "?timeout SSL 2.0 ?timeout SSL 3.0 ?timeout TLS 1.0 ?timeout TLS 1.1 +TLS 1.2 +TLS 1.3" {
		t.Error(got, report(f))
	}
	if !f.NoSNI.Yes() || !f.KexHashSHA1.No() || f.Suites[0].Gap != "" || len(f.Suites[0].Accepted) < 3 {
		t.Errorf("%+v %+v %+v", f.NoSNI, f.KexHashSHA1, f.Suites[0])
	}
}

func TestSTARTTLSBeginsEachConnection(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}}
	addr := listen(t, func(c net.Conn) {
		fmt.Fprint(c, "220 ready\r\n")
		r := bufio.NewReader(c)
		if l, err := r.ReadString('\n'); err != nil || l != "STARTTLS\r\n" {
			return
		}
		fmt.Fprint(c, "220 go\r\n")
		_ = tls.Server(peeked{c, r}, cfg).Handshake()
	})
	line := func(c net.Conn) error {
		b := make([]byte, 1)
		for b[0] != '\n' {
			if _, err := io.ReadFull(c, b); err != nil {
				return err
			}
		}
		return nil
	}
	f, _ := prober(t, nil).Probe(context.Background(), Target{
		Addr: addr, ServerName: testName, Subject: subject(t, quickLimits()), Via: "smtp", ALPN: []string{},
		Start: func(_ context.Context, c net.Conn) error {
			if err := line(c); err != nil {
				return err
			}
			if _, err := io.WriteString(c, "STARTTLS\r\n"); err != nil {
				return err
			}
			return line(c)
		},
	}, Full())
	if got := versions(f); got != "-SSL 2.0 -SSL 3.0 -TLS 1.0 -TLS 1.1 +TLS 1.2 +TLS 1.3" || f.Via != "smtp" {
		t.Error(got, report(f))
	}
}

func TestWithoutServerNameAnotherCertificateMayCome(t *testing.T) {
	named, other := testCA().issue("rsa", nil), testCA().issue("rsa", func(c *x509.Certificate) { c.DNSNames = []string{"other.example.test"} })
	cfg := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName == testName {
			return &named, nil
		}
		return &other, nil
	}}
	f, chains := probe(t, goServer(t, cfg), Full())
	if !f.NoSNI.Yes() || f.NoSNI.Chain == f.Deployments[0].Chain || len(chains) != 2 || len(f.Deployments) != 1 {
		t.Errorf("%+v %+v", f.NoSNI, f.Deployments)
	}
	for _, c := range chains {
		if want := c.ID == f.Deployments[0].Chain; c.Trust.Trusted != want || !want && c.Trust.Problem != "name_mismatch" {
			t.Errorf("%+v", c.Trust)
		}
	}
}

func TestStapleIsReadAndChecked(t *testing.T) {
	ca := testCA()
	cert := ca.issue("ecdsa", func(c *x509.Certificate) { c.OCSPServer = []string{"http://ocsp.example.test"} })
	leaf, _ := x509.ParseCertificate(cert.Certificate[0])
	make := func(change func(*ocsp.Response)) []byte {
		r := ocsp.Response{Status: ocsp.Good, SerialNumber: leaf.SerialNumber, ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
		if change != nil {
			change(&r)
		}
		b, err := ocsp.CreateResponse(ca.cert, ca.cert, r, ca.key)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		staple  []byte
		status  string
		trusted bool
	}{
		"good":                   {make(nil), "good", true},
		"revoked":                {make(func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, time.Now() }), "revoked", true},
		"old":                    {make(func(r *ocsp.Response) { r.NextUpdate = time.Now().Add(-time.Minute) }), "good", false},
		"of another certificate": {make(func(r *ocsp.Response) { r.SerialNumber = big.NewInt(5) }), "malformed", false},
		"rubbish":                {[]byte("rubbish"), "malformed", false},
	} {
		for _, max := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			cert.OCSPStaple = c.staple
			cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: max, MinVersion: max}
			f, _ := probe(t, goServer(t, cfg), Full())
			if !f.OCSP.Stapled.Yes() || f.OCSP.Status != c.status || f.OCSP.Trusted != c.trusted {
				t.Errorf("%s: %+v", name, f.OCSP)
			}
		}
	}
}

func TestAPlanForBadSuitesAloneSaysWhatItDidNotAsk(t *testing.T) {
	plan := Plan{Suites: named(t, "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA"), Groups: []fact.Group{}}
	f, _ := probe(t, goServer(t, &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS12}), plan)
	for _, s := range f.Suites {
		if s.Gap != fact.GapNotAsked || len(s.Accepted) != 1 || len(s.Open) < 370 || slices.Contains(s.Open, 0x002F) {
			t.Errorf("%s: accepted %v, gap %s, %d open", s.Version, s.Accepted, s.Gap, len(s.Open))
		}
	}
	if f.Connections > 9 || !f.KexHashSHA1.Missing() || f.KexHashSHA1.Gap != fact.GapNotAsked {
		t.Errorf("%d connections, %+v", f.Connections, f.KexHashSHA1)
	}
}

func TestProbingTwiceGivesTheSameFact(t *testing.T) {
	addr := goServer(t, &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil), testCA().issue("ecdsa", nil)}, MinVersion: tls.VersionTLS10, NextProtos: []string{"h2"}})
	a, _ := probe(t, addr, Full())
	for range 5 {
		b, _ := probe(t, addr, Full())
		x, err := fact.Hash(a)
		if err != nil {
			t.Fatal(err)
		}
		y, _ := fact.Hash(b)
		if x != y {
			sa, _, _ := fact.Split(a)
			sb, _, _ := fact.Split(b)
			t.Fatalf("%s\n%s", sa, sb)
		}
	}
}

func FuzzSSL2(f *testing.F) {
	f.Add([]byte("\x80\x14\x04\x00\x01\x00\x02\x00\x01\x00\x06\x00\x02\x30\x01\x00\x80\x07\x00\xc0ID"))
	f.Add([]byte("\x80\x03\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := parseSSL2(b); err == nil && 3*len(h.kinds) > len(b) {
			t.Error("more kinds than bytes")
		}
		s := &tlswire.Stream{}
		s.Reset(strings.NewReader(string(b)))
		_ = readSSL2(s, &reply{})
	})
}

func FuzzOCSP(f *testing.F) {
	ca := testCA()
	cert := ca.issue("ecdsa", nil)
	leaf, _ := x509.ParseCertificate(cert.Certificate[0])
	b, err := ocsp.CreateResponse(ca.cert, ca.cert, ocsp.Response{SerialNumber: leaf.SerialNumber, ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}, ca.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) { _ = staple(b, cert.Certificate, testCA().roots.Pool, time.Now()) })
}

func FuzzSCTs(f *testing.F) {
	f.Add([]byte("\x00\x2d\x00\x2b" + strings.Repeat("\x00", 43)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := len(readSCTs(b, "tls")); n > maxSCTs {
			t.Errorf("%d timestamps", n)
		}
	})
}
