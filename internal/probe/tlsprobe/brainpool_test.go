package tlsprobe

import (
	"bytes"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Chains with keys on brainpool curves in every place, made by OpenSSL.
func TestChainsOnBrainpoolCurves(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	f := func(name string) string { return filepath.Join(dir, name) }
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(f(name + ".pem"))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(b)
		return block.Bytes
	}
	key := func(curve string) []string {
		return []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve, "-nodes"}
	}
	root := func(name, curve string) []byte {
		run(append([]string{"req", "-x509", "-keyout", f(name + ".key"), "-out", f(name + ".pem"), "-subj", "/CN=" + name, "-days", "2"}, key(curve)...)...)
		return read(name)
	}
	issue := func(name, curve, by, extensions string) []byte {
		run(append([]string{"req", "-keyout", f(name + ".key"), "-out", f(name + ".csr"), "-subj", "/CN=" + name}, key(curve)...)...)
		if err := os.WriteFile(f("ext"), []byte(extensions), 0o600); err != nil {
			t.Fatal(err)
		}
		run("x509", "-req", "-in", f(name+".csr"), "-CA", f(by+".pem"), "-CAkey", f(by+".key"), "-out", f(name+".pem"), "-days", "1", "-extfile", f("ext"))
		return read(name)
	}
	const ca = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n"
	const noSign = "basicConstraints=critical,CA:true\nkeyUsage=critical,cRLSign\n"
	const server = "subjectAltName=DNS:" + testName + "\nextendedKeyUsage=serverAuth\n"
	usual, odd := root("usual", "prime256v1"), root("odd", "brainpoolP384r1")
	between, crl := issue("between", "brainpoolP512r1", "odd", ca), issue("crl", "brainpoolP256r1", "odd", noSign)
	leaf := issue("leaf", "brainpoolP256r1", "usual", server)
	below := issue("below", "prime256v1", "between", server)
	all := issue("all", "brainpoolP256r1", "between", server)
	flipped := bytes.Clone(all)
	flipped[len(flipped)-1] ^= 1
	client := issue("client", "brainpoolP256r1", "between", "subjectAltName=DNS:"+testName+"\nextendedKeyUsage=clientAuth\n")
	other := issue("other", "brainpoolP256r1", "usual", "subjectAltName=DNS:other.example\n")
	roots, err := RootsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: usual}), "test")
	if err != nil {
		t.Fatal(err)
	}
	oddRoots, err := RootsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: odd}), "test")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Second)
	for _, c := range []struct {
		name    string
		chain   [][]byte
		roots   *Roots
		at      time.Time
		problem string
	}{
		{"the leaf alone", [][]byte{leaf}, roots, now, ""},
		{"the leaf alone, out of date", [][]byte{leaf}, roots, now.Add(48 * time.Hour), "expired"},
		{"the leaf alone, of another name", [][]byte{other}, roots, now, "name_mismatch"},
		{"the leaf alone, of an authority that nobody knows", [][]byte{leaf}, oddRoots, now, "unknown_authority"},
		{"all but the leaf", [][]byte{below, between}, oddRoots, now, ""},
		{"all but the leaf, root unknown", [][]byte{below, between}, roots, now, "unknown_authority"},
		{"all", [][]byte{all, between}, oddRoots, now, ""},
		{"all, intermediate missing", [][]byte{all}, oddRoots, now, "unknown_authority"},
		{"all, signature wrong", [][]byte{flipped, between}, oddRoots, now, "bad_signature"},
		{"all, for clients", [][]byte{client, between}, oddRoots, now, "incompatible_usage"},
		{"by a key that signs no certificates", [][]byte{issue("bad", "brainpoolP256r1", "crl", server), crl}, oddRoots, now, "unknown_authority"},
		{"itself", [][]byte{odd}, roots, now, "self_signed"},
	} {
		got := verify(c.chain, testName, c.roots, c.at)
		if got.Trusted != (c.problem == "") || got.Problem != c.problem {
			t.Errorf("%s: trusted %v, problem %q (%s), want %q", c.name, got.Trusted, got.Problem, got.Detail, c.problem)
		}
	}
	if kind, group := leafKind(leaf); kind != "ecdsa" || group.String() != "brainpoolP256r1" {
		t.Errorf("%s %s", kind, group)
	}
}
