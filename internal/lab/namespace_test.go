package lab

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests whose names begin with TestInside run in a namespace, where programs that
// know no network map meet the lab at its real addresses. TestNamespace starts them.

func TestNamespace(t *testing.T) {
	if InNamespace() {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd, err := Namespace(ctx, "-test.run=^TestInside", "-test.v")
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("in the namespace: %v", err)
	}
	if !strings.Contains(string(out), "--- PASS: TestInside") {
		t.Fatal("no test ran in the namespace")
	}
}

// inside starts a lab on real ports; outside a namespace it says that there is nothing
// to do here, since TestNamespace does it.
func inside(t *testing.T) (*Running, string) {
	t.Helper()
	if !InNamespace() {
		t.SkipNow() // run by TestNamespace
	}
	r, err := Start(t.Context(), Options{Real: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	dir := t.TempDir()
	if err := r.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func program(t *testing.T, name, pkg string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed: apt-get install %s", name, pkg)
	}
	return p
}

func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}

func TestInsideDigFindsTheRootAndASite(t *testing.T) {
	r, _ := inside(t)
	dig := program(t, "dig", "bind9-dnsutils")
	root := r.net.hosts[r.net.static["."].NS[0]]
	for _, at := range root.Addrs {
		out, err := run(t, dig, "+norec", "+dnssec", "@"+at.String(), ".", "SOA")
		if err != nil || !strings.Contains(out, "status: NOERROR") || !strings.Contains(out, " aa") {
			t.Errorf("SOA of the root at %s: %v\n%s", at, err, out)
		}
		out, err = run(t, dig, "+norec", "+tcp", "@"+at.String(), "www.perfect.example.nl", "A")
		if err != nil || !strings.Contains(out, "nl.") || strings.Contains(out, "\nwww.perfect") {
			t.Errorf("no referral at %s over TCP: %v\n%s", at, err, out)
		}
	}
}

func TestInsideCurlVisitsThePerfectSite(t *testing.T) {
	r, dir := inside(t)
	curl := program(t, "curl", "curl")
	s := r.Site("www.perfect.example.nl")
	for _, addr := range []string{s.V4[0].Addr.String(), "[" + s.V6[0].Addr.String() + "]"} {
		out, err := run(t, curl, "-sSi", "--cacert", filepath.Join(dir, "ca.pem"),
			"--resolve", s.Name+":443:"+addr, "https://"+s.Name+"/")
		if err != nil || !strings.Contains(strings.ToLower(out), "strict-transport-security: max-age=63072000") {
			t.Errorf("https at %s: %v\n%s", addr, err, out)
		}
		out, err = run(t, curl, "-sSi", "--resolve", s.Name+":80:"+addr, "http://"+s.Name+"/x")
		if err != nil || !strings.Contains(out, "https://"+s.Name+"/x") {
			t.Errorf("http at %s: %v\n%s", addr, err, out)
		}
	}
	out, err := run(t, program(t, "openssl", "openssl"), "s_client", "-connect", s.V4[0].Addr.String()+":443", "-servername", s.Name,
		"-CAfile", filepath.Join(dir, "ca.pem"), "-verify_hostname", s.Name, "-verify_return_error")
	if err != nil || !strings.Contains(out, "Verification: OK") {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

func TestInsideDelvAgreesWithUnbound(t *testing.T) {
	_, dir := inside(t)
	delv := program(t, "delv", "bind9-dnsutils")
	at := unbound(t, dir)
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	// delv wants its anchors in BIND's own words.
	anchor, err := os.ReadFile(filepath.Join(dir, "trust-anchor"))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(anchor))
	keys := filepath.Join(dir, "keys")
	text := "trust-anchors { . static-ds " + strings.Join(f[4:7], " ") + " \"" + f[7] + "\"; };\n"
	if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"www.perfect.example.nl":                  "fully validated",
		"www.dnssec-ed25519.example.nl":           "fully validated",
		"www.dnssec-nsec3.example.nl":             "fully validated",
		"www.wildcard.example.nl":                 "fully validated",
		"www.alias-signed.example.nl":             "fully validated",
		"www.dnssec-unsigned.example.nl":          "unsigned answer",
		"www.dnssec-unknown-algorithm.example.nl": "unsigned answer",
		"www.dnssec-expired.example.nl":           "resolution failed",
		"www.dnssec-bad-signature.example.nl":     "resolution failed",
		"www.dnssec-wrong-ds.example.nl":          "resolution failed",
	} {
		out, _ := run(t, delv, "@"+host, "-p", port, "-a", keys, "+root", name, "A") // it exits 1 on a bogus answer
		if !strings.Contains(out, want) {
			t.Errorf("delv on %s: want %q\n%s", name, want, out)
		}
	}
}

func TestInsideDeadPortsAreDead(t *testing.T) {
	r, _ := inside(t)
	at := func(id string, six bool) netip.Addr {
		s := r.Site("www." + id + ".example.nl")
		if six {
			return s.V6[0].Addr
		}
		return s.V4[0].Addr
	}
	try := func(addr netip.Addr, port uint16) error {
		d := net.Dialer{Timeout: 300 * time.Millisecond}
		c, err := d.DialContext(t.Context(), "tcp", netip.AddrPortFrom(addr, port).String())
		var n net.Error
		switch {
		case err == nil:
			_ = c.Close()
		case errors.As(err, &n) && n.Timeout():
			return os.ErrDeadlineExceeded
		}
		return err
	}
	for _, x := range []struct {
		addr netip.Addr
		port uint16
		want error
	}{
		{at("v6-refused", true), 80, syscall.ECONNREFUSED},
		{at("v6-refused", true), 443, syscall.ECONNREFUSED},
		{at("v6-refused", false), 443, nil},
		{at("v6-silent", true), 80, os.ErrDeadlineExceeded},
		{at("https-none", false), 80, nil},
		{at("https-none", false), 443, syscall.ECONNREFUSED},
		{at("https-none", true), 80, nil},
		{at("https-none", true), 443, syscall.ECONNREFUSED},
		{at("https-silent", false), 443, os.ErrDeadlineExceeded},
		{at("https-silent", true), 443, os.ErrDeadlineExceeded},
		{at("https-silent", true), 80, nil},
		{at("http-closed", true), 80, syscall.ECONNREFUSED},
		{at("http-closed", true), 443, nil},
		{netip.MustParseAddr("1.2.3.4"), 443, syscall.ECONNREFUSED},
		{netip.MustParseAddr("2001:470::1"), 443, syscall.ECONNREFUSED},
		{r.net.hosts["ns1.dead.dns.example.nl."].v4, 53, syscall.ECONNREFUSED},
		{r.net.hosts["ns1.dead.dns.example.nl."].v6, 53, syscall.ECONNREFUSED},
		{r.net.hosts["ns2.dead.dns.example.nl."].v4, 53, os.ErrDeadlineExceeded},
	} {
		if err := try(x.addr, x.port); !errors.Is(err, x.want) {
			t.Errorf("%s port %d: %v, want %v", x.addr, x.port, err, x.want)
		}
	}
}

func TestInsidePlainProgramsFindNames(t *testing.T) {
	_, dir := inside(t)
	if err := UseResolver(); err != nil {
		t.Fatal(err)
	}
	dig := program(t, "dig", "bind9-dnsutils")
	for name, want := range map[string]string{
		"www.perfect.example.nl":          "22.0.",
		"www.alias-signed.example.nl":     "alias-signed.signed.hosting.test.",
		"www.hostile-dns-dead.example.nl": "",
		"www.nothing.example.nl":          "",
	} {
		for _, how := range []string{"+notcp", "+tcp"} {
			out, err := run(t, dig, "+short", how, name)
			if err != nil || want == "" && out != "" || !strings.Contains(out, want) {
				t.Errorf("dig %s %s: %v: %q", how, name, err, out)
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), program(t, "curl", "curl"), "-sS", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "https://www.perfect.example.nl/")
	cmd.Env = Environ(os.Environ(), filepath.Join(dir, "ca.pem"))
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "200" {
		t.Errorf("curl: %v: %s", err, out)
	}
	ips, err := (&net.Resolver{PreferGo: true}).LookupNetIP(t.Context(), "ip6", "www.perfect.example.nl")
	if err != nil || len(ips) != 1 {
		t.Errorf("Go's resolver: %v, %v", ips, err)
	}
}

func TestInsideNmapFindsTheOpenPorts(t *testing.T) {
	r, _ := inside(t)
	nmap := program(t, "nmap", "nmap")
	s := r.Site("www.perfect.example.nl")
	out, err := run(t, nmap, "-sT", "-Pn", "-n", "-p", "80,443,8080", s.V4[0].Addr.String())
	if err != nil || strings.Count(out, " open ") != 2 || !strings.Contains(out, "8080/tcp closed") {
		t.Errorf("%v\n%s", err, out)
	}
}
