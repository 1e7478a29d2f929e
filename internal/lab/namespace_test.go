package lab

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	_ = os.Stdout
	_ = filepath.Join
}
