package pki

import (
	"crypto"
	"crypto/ecdsa"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// quickECDSA signs by ECDSA with one nonce for all signatures of a key, which makes a
// signature one multiplication: s = k⁻¹e + k⁻¹rd (FIPS 186-5 section 6.4.1). Two such
// signatures give the private key away, and so does this package's source: the keys
// are derived from public labels. What the lab spends on a hello is mostly the
// signature otherwise.
type quickECDSA struct {
	public  crypto.PublicKey
	n, r    *big.Int
	a, b    *big.Int // k⁻¹ and k⁻¹rd
	bitSize int
}

// newQuickECDSA prepares a key; nonce is a key on the same curve.
func newQuickECDSA(key, nonce *ecdsa.PrivateKey) (*quickECDSA, error) {
	d, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	k, err := nonce.Bytes()
	if err != nil {
		return nil, err
	}
	point, err := nonce.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	n := key.Params().N
	q := &quickECDSA{public: key.Public(), n: n, bitSize: n.BitLen()}
	q.r = new(big.Int).SetBytes(point[1 : 1+(len(point)-1)/2])
	q.r.Mod(q.r, n)
	q.a = new(big.Int).ModInverse(new(big.Int).SetBytes(k), n)
	q.b = new(big.Int).Mul(q.a, q.r)
	q.b.Mul(q.b, new(big.Int).SetBytes(d)).Mod(q.b, n)
	return q, nil
}

// Public implements crypto.Signer.
func (q *quickECDSA) Public() crypto.PublicKey { return q.public }

// Sign implements crypto.Signer.
func (q *quickECDSA) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	s := new(big.Int).SetBytes(digest)
	if over := len(digest)*8 - q.bitSize; over > 0 {
		s.Rsh(s, uint(over))
	}
	s.Mul(s, q.a).Add(s, q.b).Mod(s, q.n)
	b := cryptobyte.NewBuilder(make([]byte, 0, 144))
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(q.r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}

// handshakeSigner is what signs in handshakes for a key.
func (a *Authority) handshakeSigner(kind Key, key crypto.Signer, label string) (crypto.Signer, error) {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return key, nil
	}
	nonce, err := a.newKey(kind, label+" nonce")
	if err != nil {
		return nil, err
	}
	return newQuickECDSA(ec, nonce.(*ecdsa.PrivateKey))
}
