package tlsprobe

import (
	"context"
	"crypto/tls"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

// nginx starts nginx with TLS settings in a process of its own, so that the CPU
// time of this one is that of the prober alone.
func nginx(tb testing.TB, settings string) netip.AddrPort {
	tb.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		tb.Skip("nginx (Debian package nginx) is not installed")
	}
	cert, key := pemFiles(tb, testCA().issue("rsa", nil))
	dir := tb.TempDir()
	l := listenPort(tb)
	conf := `daemon off; worker_processes 1; pid ` + dir + `/pid; error_log ` + dir + `/error.log;
events { worker_connections 512; }
http {
	access_log off; client_body_temp_path ` + dir + `/a; proxy_temp_path ` + dir + `/b; fastcgi_temp_path ` + dir + `/c; uwsgi_temp_path ` + dir + `/d; scgi_temp_path ` + dir + `/e;
	server { listen ` + l.String() + ` ssl; server_name ` + testName + `; ssl_certificate ` + cert + `; ssl_certificate_key ` + key + `; ` + settings + ` location / { return 200 "ok"; } }
}`
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		tb.Fatal(err)
	}
	return program(tb, l, "nginx", "-p", dir, "-c", file)
}

const (
	goodNginx  = `ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256; ssl_prefer_server_ciphers on;`
	usualNginx = `ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers HIGH:!aNULL:!MD5;`
	wideNginx  = `ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:COMPLEMENTOFALL:!PSK:!SRP:@SECLEVEL=0; `
)

func cpu() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func bench(b *testing.B, addr netip.AddrPort, plan Plan) {
	b.Helper()
	p := prober(b, nil)
	t := Target{Addr: addr, ServerName: testName}
	connections, pairs := 0, 0
	run := func() {
		t.Subject = subject(b, quickLimits())
		f, _ := p.Probe(context.Background(), t, plan)
		if !f.Working.Yes() {
			b.Fatalf("working %+v %s", f.Working, report(f))
		}
		connections += f.Connections
		for _, s := range f.Suites {
			pairs += len(s.Accepted)
		}
	}
	run()
	connections, pairs = 0, 0
	begun := cpu()
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	n := float64(b.N)
	b.ReportMetric(float64(connections)/n, "connections/op")
	b.ReportMetric(float64(pairs)/n, "pairs/op")
	b.ReportMetric((cpu()-begun).Seconds()*1000/n, "cpu-ms/op")
}

// enumeration alone: versions and suites.
var enumerationPlan = Plan{Groups: []fact.Group{}}

func BenchmarkEnumerateGood(b *testing.B)  { bench(b, nginx(b, goodNginx), enumerationPlan) }
func BenchmarkEnumerateUsual(b *testing.B) { bench(b, nginx(b, usualNginx), enumerationPlan) }
func BenchmarkEnumerateWide(b *testing.B)  { bench(b, nginx(b, wide(b)), enumerationPlan) }
func BenchmarkFullGood(b *testing.B)       { bench(b, nginx(b, goodNginx), Full()) }
func BenchmarkFullUsual(b *testing.B)      { bench(b, nginx(b, usualNginx), Full()) }
func BenchmarkFullWide(b *testing.B)       { bench(b, nginx(b, wide(b)), Full()) }

// wide adds Diffie-Hellman parameters, which nginx has none of by itself.
func wide(b testing.TB) string {
	der, err := asn1.Marshal(struct{ P, G *big.Int }{tlswire.FFDHEPrime(fact.FFDHE2048), big.NewInt(2)})
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "dh.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "DH PARAMETERS", Bytes: der}), 0o600); err != nil {
		b.Fatal(err)
	}
	return wideNginx + " ssl_dhparam " + file + ";"
}

func BenchmarkEnumerateModernAlone(b *testing.B) {
	bench(b, nginx(b, `ssl_protocols TLSv1.3;`), enumerationPlan)
}

// BenchmarkTrust builds the path of a chain anew each time.
func BenchmarkTrust(b *testing.B) {
	certs := testCA().issue("rsa", nil).Certificate
	for b.Loop() {
		if t := verify(certs, testName, testCA().roots, time.Now()); !t.Trusted {
			b.Fatal(t)
		}
	}
}

func TestConnectionsStayWithinTheBudgetOfAGoodSite(t *testing.T) {
	f, _ := probe(t, nginx(t, goodNginx), Full())
	if f.Connections > 20 {
		t.Errorf("%d connections for a good server, want at most 20", f.Connections)
	}
	if len(suites(f, 0x0303)) != 3 || len(suites(f, 0x0304)) != 3 || !f.EarlyData.No() || !f.ClientRenegotiation.No() {
		t.Errorf("%v %v %+v %+v", suites(f, 0x0303), suites(f, 0x0304), f.EarlyData, f.ClientRenegotiation)
	}
	t.Logf("%d connections%s", f.Connections, report(f))
	f, _ = probe(t, goServer(t, &tls.Config{Certificates: []tls.Certificate{testCA().issue("ecdsa", nil)}, MinVersion: tls.VersionTLS13}), Full())
	if f.Connections > 20 {
		t.Errorf("%d connections for TLS 1.3 alone, want at most 20", f.Connections)
	}
	t.Logf("%d connections%s", f.Connections, report(f))
}
