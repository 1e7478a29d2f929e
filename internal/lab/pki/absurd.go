package pki

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// oidPadding names nothing (X.660 keeps 2.999 for examples).
var oidPadding = asn1.ObjectIdentifier{2, 999, 1}

// absurd reports whether the certificate shows a public key that nobody would make.
func (k Key) absurd() bool { return k == RSA16384 || k == RSAExponentOne || k == RSABigExponent }

// absurdPublicKey is the SubjectPublicKeyInfo of an absurd kind (RFC 3279 section 2.3.1).
func absurdPublicKey(k Key, key *rsa.PrivateKey) ([]byte, error) {
	n, e := key.N, big.NewInt(int64(key.E))
	switch k {
	case RSA16384:
		n = new(big.Int)
		for i := range 64 { // 64 hashes in a row: odd, of full length, and nobody's product of primes
			h := sha256.Sum256([]byte{byte(i)})
			n.Lsh(n, 256).Or(n, new(big.Int).SetBytes(h[:]))
		}
		n.SetBit(n, 0, 1).SetBit(n, 16383, 1)
	case RSAExponentOne:
		e = big.NewInt(1)
	case RSABigExponent:
		e = new(big.Int).Sub(n, big.NewInt(2))
	}
	public, err := asn1.Marshal(struct{ N, E *big.Int }{n, e})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: public, BitLength: 8 * len(public)},
	})
}
