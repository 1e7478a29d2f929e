package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/asn1"
	"encoding/pem"
	"fmt"

	"peil/internal/lab/curve"
)

//go:embed data/rsa.pem
var rsaPEM []byte

// loadRSA reads the embedded RSA keys: making them takes seconds.
func loadRSA() (map[Key]*rsa.PrivateKey, error) {
	keys := map[Key]*rsa.PrivateKey{}
	for rest := rsaPEM; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return keys, nil
		}
		k, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading the lab's RSA keys: %w", err)
		}
		keys[Key(fmt.Sprintf("rsa%d", k.N.BitLen()))] = k
	}
}

// oddCurves have no place in the standard library (RFC 5639 section 4.1, SEC 2
// appendix A.2).
var oddCurves = map[Key]struct {
	curve *curve.Curve
	oid   asn1.ObjectIdentifier
}{
	BrainpoolP256r1: {curve.BrainpoolP256r1, asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}},
	BrainpoolP384r1: {curve.BrainpoolP384r1, asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 11}},
	BrainpoolP512r1: {curve.BrainpoolP512r1, asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 13}},
	Secp256k1:       {curve.Secp256k1, asn1.ObjectIdentifier{1, 3, 132, 0, 10}},
}

// newKey derives a key from a label, the same one every time: a site keeps its key,
// and so its TLSA record, when its certificate is made again.
func (a *Authority) newKey(k Key, label string) (crypto.Signer, error) {
	seed := func(n int) []byte { // a number of n bytes below every order of that length
		var b []byte
		for i := byte(0); len(b) < n; i++ {
			h := sha256.Sum256(append([]byte{i}, "peil lab key "+string(k)+" "+label...))
			b = append(b, h[:]...)
		}
		b = b[:n]
		b[0] = 0
		return b
	}
	switch k {
	case P256:
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), seed(32))
	case P224:
		return ecdsa.ParseRawPrivateKey(elliptic.P224(), seed(28))
	case P384:
		return ecdsa.ParseRawPrivateKey(elliptic.P384(), seed(48))
	case P521:
		return ecdsa.ParseRawPrivateKey(elliptic.P521(), seed(66))
	case Ed25519:
		return ed25519.NewKeyFromSeed(seed(32)), nil
	}
	if k.absurd() {
		return a.rsaKey(RSA2048)
	}
	if o, ok := oddCurves[k]; ok {
		return o.curve.NewKey(seed(o.curve.Size)), nil
	}
	return a.rsaKey(k)
}

func (a *Authority) rsaKey(k Key) (*rsa.PrivateKey, error) {
	if key := a.rsaKeys[k]; key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("no such kind of key: %q", k)
}
