package tlsprobe

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// rsaOID is sha…WithRSAEncryption by its last byte (RFC 8017 appendix A.2.4).
func rsaOID(last byte) []byte { return []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last} }

// signedAgain is a certificate of sha256WithRSAEncryption, signed by another algorithm.
func signedAgain(t *testing.T, der []byte, last byte, hash crypto.Hash, key *rsa.PrivateKey) []byte {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	tbs := bytes.Replace(c.RawTBSCertificate, rsaOID(11), rsaOID(last), 1)
	h := hash.New()
	h.Write(tbs)
	sig, err := rsa.SignPKCS1v15(nil, key, hash, h.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(append(rsaOID(last), 5, 0)) })
		b.AddASN1BitString(sig)
	})
	return b.BytesOrPanic()
}

func TestWhyAChainIsNotTrusted(t *testing.T) {
	now := time.Now()
	key := testRSA()
	make := func(name string, by *x509.Certificate, change func(*x509.Certificate)) []byte {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
			SignatureAlgorithm: x509.SHA256WithRSA, IsCA: name != testName, BasicConstraintsValid: true,
		}
		if !c.IsCA {
			c.DNSNames, c.ExtKeyUsage = []string{testName}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}
		if change != nil {
			change(c)
		}
		if by == nil {
			by = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, by, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	parse := func(der []byte) *x509.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	rootDER := make("root", nil, nil)
	roots, err := RootsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), "test")
	if err != nil {
		t.Fatal(err)
	}
	interDER := make("intermediate", parse(rootDER), nil)
	leafDER := make(testName, parse(interDER), nil)
	flipped := bytes.Clone(leafDER)
	flipped[len(flipped)-1] ^= 1
	again := func(der []byte, last byte, h crypto.Hash) []byte { return signedAgain(t, der, last, h, key) }
	with := func(change func(*x509.Certificate)) []byte {
		return again(make(testName, parse(interDER), change), 14, crypto.SHA224)
	}
	wrong224 := with(nil)
	wrong224[len(wrong224)-1] ^= 1
	oddKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := x509.CreateCertificate(rand.Reader, parse(leafDER), parse(interDER), oddKey.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	// brainpoolP256r1 is 1.3.36.3.3.2.8.1.1.7; an unknown arc of the same length as
	// prime256v1 does as well: the library knows neither.
	odd = bytes.Replace(odd, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 99}, 1)

	for _, c := range []struct {
		name    string
		chain   [][]byte
		trusted bool
		problem string
	}{
		{"good", [][]byte{leafDER, interDER}, true, ""},
		{"SHA-224 on the leaf", [][]byte{with(nil), interDER}, true, ""},
		{"SHA-224 on the intermediate", [][]byte{leafDER, again(interDER, 14, crypto.SHA224)}, true, ""},
		{"SHA-224, intermediate missing", [][]byte{with(nil)}, false, "unknown_authority"},
		{"SHA-224 that is wrong", [][]byte{wrong224, interDER}, false, "bad_signature"},
		{"SHA-224 for another name", [][]byte{with(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} }), interDER}, false, "name_mismatch"},
		{"SHA-224 for clients", [][]byte{with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), interDER}, false, "incompatible_usage"},
		{"SHA-224, expired", [][]byte{with(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }), interDER}, false, "expired"},
		{"SHA-1", [][]byte{again(leafDER, 5, crypto.SHA1), interDER}, false, "weak_signature"},
		{"MD5 on the intermediate", [][]byte{leafDER, again(interDER, 4, crypto.MD5)}, false, "weak_signature"},
		{"SHA-1, intermediate missing", [][]byte{again(leafDER, 5, crypto.SHA1)}, false, "unknown_authority"},
		{"a signature that is wrong", [][]byte{flipped, interDER}, false, "bad_signature"},
		{"an algorithm that nobody knows", [][]byte{again(leafDER, 99, crypto.SHA256), interDER}, false, "unsupported"},
		{"an algorithm that nobody knows, intermediate missing", [][]byte{again(leafDER, 99, crypto.SHA256)}, false, "unknown_authority"},
		{"a key that nobody knows", [][]byte{odd, interDER}, false, "unsupported"},
		{"a key that nobody knows, intermediate missing", [][]byte{odd}, false, "unknown_authority"},
		{"bytes", [][]byte{[]byte("hello")}, false, "malformed"},
	} {
		got := verify(c.chain, testName, roots, now)
		if got.Trusted != c.trusted || got.Problem != c.problem {
			t.Errorf("%s: trusted %v, problem %q (%s)", c.name, got.Trusted, got.Problem, got.Detail)
		}
		if c.trusted && (got.Until.IsZero() || got.Detail != "" || got.Anchor == nil) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
