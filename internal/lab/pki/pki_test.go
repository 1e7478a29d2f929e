package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func authority(t *testing.T) *Authority {
	t.Helper()
	a, err := New(func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func verify(a *Authority, l *Leaf, name string) error {
	inter := x509.NewCertPool()
	for _, der := range l.Chain[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		inter.AddCert(c)
	}
	_, err := l.Cert.Verify(x509.VerifyOptions{DNSName: name, Roots: a.Pool(), Intermediates: inter, CurrentTime: noon})
	return err
}

func TestTheZeroSpecIsTrustedAndEveryFaultIsNot(t *testing.T) {
	a := authority(t)
	const name = "www.perfect.example.nl"
	for _, c := range []struct {
		what string
		spec Spec
		want string // part of the error, "" for trusted
	}{
		{"perfect", Spec{}, ""},
		{"rsa", Spec{Key: RSA2048, Signature: RSASHA256}, ""},
		{"with the root", Spec{Send: WithRoot}, ""},
		{"by the root itself", Spec{Issuer: Direct}, ""},
		{"wrong order", Spec{Send: WrongOrder}, ""},
		{"expired", Spec{From: -90 * day, Until: -day}, "expired"},
		{"not yet valid", Spec{From: day, Until: 90 * day}, "not yet valid"},
		{"stranger", Spec{Issuer: Stranger}, "unknown authority"},
		{"self-signed", Spec{Issuer: SelfSigned}, "unknown authority"},
		{"leaf only", Spec{Send: LeafOnly}, "unknown authority"},
		{"old intermediate", Spec{Issuer: Expired}, "expired"},
		{"client only", Spec{ClientOnly: true}, "incompatible key usage"},
		{"no SAN", Spec{NoSAN: true}, "legacy Common Name"},
	} {
		c.spec.Name = name
		l, err := a.Leaf(c.spec)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		err = verify(a, l, name)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.what, err, c.want)
		}
	}
}

func TestOpensslReadsTheAlgorithmsThatGoNoLongerMakes(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is needed: apt-get install openssl")
	}
	a := authority(t)
	for sig, want := range map[Signature]string{
		ECDSASHA224: "ecdsa-with-SHA224", ECDSASHA1: "ecdsa-with-SHA1",
		RSASHA224: "sha224WithRSAEncryption", RSASHA1: "sha1WithRSAEncryption", RSAMD5: "md5WithRSAEncryption",
		RSAPSSSHA256: "rsassaPss",
	} {
		l, err := a.Leaf(Spec{Name: "www.example.nl", Signature: sig})
		if err != nil {
			t.Fatalf("%s: %v", sig, err)
		}
		dir := t.TempDir()
		leaf, inter := filepath.Join(dir, "leaf.der"), filepath.Join(dir, "inter.der")
		for f, der := range map[string][]byte{leaf: l.Chain[0], inter: l.Issuer.Raw} {
			if err := os.WriteFile(f, der, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, err := exec.Command("openssl", "x509", "-inform", "der", "-in", leaf, "-noout", "-text").CombinedOutput()
		if err != nil || strings.Count(string(out), "Signature Algorithm: "+want) != 2 {
			t.Errorf("%s: %v\n%s", sig, err, out)
		}
		// The signature must be a true one over the changed body.
		out, err = exec.Command("openssl", "verify", "-partial_chain", "-auth_level", "0", "-attime", "1795435200",
			"-CAfile", pemOf(t, dir, l.Issuer.Raw), pemOf(t, dir, l.Chain[0])).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", sig, err, out)
		}
	}
}

func pemOf(t *testing.T, dir string, der []byte) string {
	t.Helper()
	f, err := os.CreateTemp(dir, "*.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pemEncode(f, der); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestAPerfectLeafCarriesAnSCT(t *testing.T) {
	a := authority(t)
	for _, no := range []bool{false, true} {
		l, err := a.Leaf(Spec{Name: "www.example.nl", NoSCT: no})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, e := range l.Cert.Extensions {
			if e.Id.Equal(oidSCTList) {
				var v []byte
				_, err := asn1.Unmarshal(e.Value, &v)
				found = err == nil && len(v) > 40
			}
		}
		if found == no {
			t.Errorf("NoSCT=%v: SCT present: %v", no, found)
		}
	}
}

func pemEncode(f *os.File, der []byte) error {
	return pem.Encode(f, &pem.Block{Type: "CERTIFICATE", Bytes: der})
}
