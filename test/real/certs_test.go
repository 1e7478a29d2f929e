package real

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"peil/internal/probe/tlsprobe"
)

const serverName = "www.example.nl"

// authority is a certification authority of the test, with files that servers read.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{dir: t.TempDir(), cert: cert, key: key}

	a.write(t, "root.pem", pem.Block{Type: "CERTIFICATE", Bytes: der})
	// Servers that shed their privileges must be able to read all this.
	for d := a.dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *authority) write(t *testing.T, name string, blocks ...pem.Block) string {
	t.Helper()
	var out []byte
	for i := range blocks {
		out = append(out, pem.EncodeToMemory(&blocks[i])...)
	}
	file := filepath.Join(a.dir, name)
	if err := os.WriteFile(file, out, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// pair is a certificate with its key, as files.
type pair struct {
	cert, key, both string
	staple          string // DER of an OCSP response that says good
	leaf            *x509.Certificate
}

// issue makes a leaf for serverName with a key of the given kind.
func (a *authority) issue(t *testing.T, kind string) pair {
	t.Helper()
	return a.issueAs(t, kind, kind, nil, nil)
}

// newKey makes a key of the given kind.
func newKey(t *testing.T, kind string) (key crypto.Signer) {
	t.Helper()
	var err error
	switch kind {
	case "rsa1024":
		key, err = rsa.GenerateKey(rand.Reader, 1024)
	case "rsa2048":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "rsa3072":
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	case "p256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no such key %q", kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func leafTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: serverName}, DNSNames: []string{serverName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		OCSPServer: []string{"http://ocsp.example.nl/"},
	}
}

// issueAs makes a leaf in files of a name; change, if not nil, makes it differ. key, if
// not nil, is taken in place of a new one of the kind.
func (a *authority) issueAs(t *testing.T, name, kind string, change func(*x509.Certificate), key crypto.Signer) pair {
	t.Helper()
	if key == nil {
		key = newKey(t, kind)
	}
	tmpl := leafTemplate()
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c, p := pem.Block{Type: "CERTIFICATE", Bytes: der}, pem.Block{Type: "PRIVATE KEY", Bytes: k}
	resp, err := ocsp.CreateResponse(a.cert, a.cert, ocsp.Response{
		Status: ocsp.Good, SerialNumber: tmpl.SerialNumber, ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(24 * time.Hour),
	}, a.key)
	if err != nil {
		t.Fatal(err)
	}
	staple := filepath.Join(a.dir, name+".ocsp")
	if err := os.WriteFile(staple, resp, 0o644); err != nil {
		t.Fatal(err)
	}
	return pair{
		cert: a.write(t, name+".crt", c), key: a.write(t, name+".key", p), both: a.write(t, name+".pem", c, p),
		staple: staple, leaf: leaf,
	}
}

// intermediate is an authority below this one.
func (a *authority) intermediate(t *testing.T) *authority {
	t.Helper()
	key := newKey(t, "p256")
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test intermediate"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{dir: a.dir, cert: cert, key: key}
}

// selfSigned is a certificate that nobody but its owner signed.
func selfSigned(t *testing.T, a *authority) pair {
	t.Helper()
	p := pair{key: filepath.Join(a.dir, "self.key"), cert: filepath.Join(a.dir, "self.crt")}
	output(t, "", "openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "30", "-subj", "/CN="+serverName,
		"-addext", "subjectAltName=DNS:"+serverName, "-keyout", p.key, "-out", p.cert)
	_ = os.Chmod(p.key, 0o644)
	return p
}

// pssKey is a leaf whose key may be used with RSASSA-PSS alone (RFC 4055 section 1.2),
// which openssl makes.
func (a *authority) pssKey(t *testing.T) pair {
	t.Helper()
	p := pair{key: filepath.Join(a.dir, "pss.key"), cert: filepath.Join(a.dir, "pss.crt")}
	k, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	ca := a.write(t, "ca.key", pem.Block{Type: "PRIVATE KEY", Bytes: k})
	ext := file(t, a.dir, "pss.ext", "subjectAltName=DNS:"+serverName+"\nextendedKeyUsage=serverAuth\n")
	csr := filepath.Join(a.dir, "pss.csr")
	output(t, "", "openssl", "genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", p.key)
	output(t, "", "openssl", "req", "-new", "-key", p.key, "-subj", "/CN="+serverName, "-out", csr)
	said := output(t, "", "openssl", "x509", "-req", "-in", csr, "-CA", a.dir+"/root.pem", "-CAkey", ca, "-days", "30", "-extfile", ext, "-out", p.cert)
	if _, err := os.Stat(p.cert); err != nil {
		t.Fatalf("openssl made no RSA-PSS certificate: %s", said)
	}
	_ = os.Chmod(p.key, 0o644)
	return p
}

// roots is the trust set of the tests: the authority alone.
func (a *authority) roots(t *testing.T) *tlsprobe.Roots {
	t.Helper()
	r, err := tlsprobe.RootsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), "test root")
	if err != nil {
		t.Fatal(err)
	}
	return r
}
