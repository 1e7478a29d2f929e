package brainpool

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var curves = map[string]*Curve{"brainpoolP256r1": P256, "brainpoolP384r1": P384, "brainpoolP512r1": P512}

func TestGeneratorsHaveTheirOrder(t *testing.T) {
	for name, c := range curves {
		if !c.Contains(c.Gx, c.Gy) {
			t.Errorf("%s: the generator is not on the curve", name)
		}
		if x, _ := c.Multiply(c.Gx, c.Gy, c.N); x != nil {
			t.Errorf("%s: N times the generator is not infinity", name)
		}
	}
}

func openssl(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// issue makes a root and a leaf with keys on a curve, by OpenSSL.
func issue(t testing.TB, curve, hash string) (root, leaf []byte) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	f := func(name string) string { return filepath.Join(dir, name) }
	openssl(t, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:"+curve, "-nodes", "-keyout", f("ca.key"), "-out", f("ca.pem"), "-subj", "/CN=root", "-days", "2", "-"+hash)
	openssl(t, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:"+curve, "-nodes", "-keyout", f("leaf.key"), "-out", f("leaf.csr"), "-subj", "/CN=leaf", "-addext", "subjectAltName=DNS:www.example.test")
	openssl(t, "x509", "-req", "-in", f("leaf.csr"), "-CA", f("ca.pem"), "-CAkey", f("ca.key"), "-out", f("leaf.pem"), "-days", "1", "-"+hash, "-copy_extensions", "copy")
	read := func(name string) []byte {
		b, err := os.ReadFile(f(name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(b)
		return block.Bytes
	}
	return read("ca.pem"), read("leaf.pem")
}

func TestCertificatesOfOpenSSL(t *testing.T) {
	for name, curve := range curves {
		for _, hash := range []string{"sha256", "sha512"} {
			t.Run(name+" "+hash, func(t *testing.T) {
				t.Parallel()
				rootDER, leafDER := issue(t, name, hash)
				if _, err := x509.ParseCertificate(leafDER); err == nil {
					t.Error("the standard library reads it by itself now")
				}
				root, err := ParseCertificate(rootDER)
				if err != nil {
					t.Fatal(err)
				}
				leaf, err := ParseCertificate(leafDER)
				if err != nil {
					t.Fatal(err)
				}
				key, ok := root.PublicKey.(*PublicKey)
				if !ok || key.Curve != curve {
					t.Fatalf("key %T", root.PublicKey)
				}
				if !bytes.Equal(leaf.Raw, leafDER) || len(leaf.DNSNames) != 1 || leaf.NotAfter.Before(time.Now()) || !root.IsCA ||
					!bytes.Contains(leafDER, leaf.RawSubjectPublicKeyInfo) || !bytes.Contains(leafDER, leaf.RawTBSCertificate) {
					t.Errorf("%+v", leaf)
				}
				if !key.Signed(leaf) || !key.Signed(root) {
					t.Error("a true signature was not believed")
				}
				if other := leaf.PublicKey.(*PublicKey); other.Signed(leaf) {
					t.Error("a signature by another key was believed")
				}
				for _, at := range []int{len(leaf.RawTBSCertificate) / 2, len(leaf.RawTBSCertificate) - 1} {
					forged := *leaf
					forged.RawTBSCertificate = bytes.Clone(leaf.RawTBSCertificate)
					forged.RawTBSCertificate[at] ^= 1
					if key.Signed(&forged) {
						t.Error("a signature of other bytes was believed")
					}
				}
			})
		}
	}
}

func TestSignaturesThatAreNone(t *testing.T) {
	k := &PublicKey{P256, P256.Gx, P256.Gy}
	digest := bytes.Repeat([]byte{7}, 32)
	sig := func(r, s *big.Int) []byte {
		b := []byte{0x30, 0}
		for _, n := range []*big.Int{r, s} {
			raw := n.Bytes()
			if len(raw) == 0 || raw[0] >= 0x80 {
				raw = append([]byte{0}, raw...)
			}
			b = append(append(b, 2, byte(len(raw))), raw...)
		}
		b[1] = byte(len(b) - 2)
		return b
	}
	one := big.NewInt(1)
	for name, b := range map[string][]byte{
		"nothing": nil, "r is 0": sig(new(big.Int), one), "s is 0": sig(one, new(big.Int)), "both are 0": sig(new(big.Int), new(big.Int)),
		"r is N": sig(P256.N, one), "s is N": sig(one, P256.N), "more after it": append(sig(one, one), 0), "of something else": sig(one, one),
	} {
		if k.Verify(digest, b) {
			t.Errorf("%s: believed", name)
		}
	}
}

func TestAPointBesideTheCurveIsNoKey(t *testing.T) {
	_, der := issue(t, "brainpoolP256r1", "sha256")
	c, err := ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	spki := bytes.Clone(c.RawSubjectPublicKeyInfo)
	spki[len(spki)-1] ^= 1
	if _, err := ParseCertificate(bytes.Replace(der, c.RawSubjectPublicKeyInfo, spki, 1)); err == nil {
		t.Error("taken")
	}
}

func FuzzParseCertificate(f *testing.F) {
	f.Add([]byte{0x30, 0})
	if _, err := exec.LookPath("openssl"); err == nil {
		root, leaf := issue(f, "brainpoolP256r1", "sha256")
		f.Add(root)
		f.Add(leaf)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := ParseCertificate(der)
		if err == nil && !bytes.Equal(c.Raw, der) {
			t.Error("not the bytes that were read")
		}
	})
}
