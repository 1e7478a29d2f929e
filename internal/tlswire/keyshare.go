package tlswire

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/mlkem"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"peil/internal/fact"
)

// ErrUnsupported is returned for a suite or group that this package can offer and
// recognise but not use to the end of a handshake.
var ErrUnsupported = errors.New("not supported to the end of a handshake")

// maxPrimeBits bounds the arithmetic that a server can make us do.
const maxPrimeBits = 8192

// Exchange is our half of a key exchange. Finish gives the shared secret.
type Exchange struct {
	Share  KeyShare
	Finish func(peer []byte) ([]byte, error)
}

// CanExchange reports whether NewExchange knows the group.
func CanExchange(g fact.Group) bool {
	switch g {
	case fact.X25519, fact.X448, fact.Secp224r1, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1,
		fact.X25519MLKEM768, fact.SecP256r1MLKEM768, fact.SecP384r1MLKEM1024,
		fact.FFDHE2048, fact.FFDHE3072, fact.FFDHE4096, fact.FFDHE6144, fact.FFDHE8192:
		return true
	}
	return brainpools[g] != nil
}

// NewExchange makes a key pair of a group.
func NewExchange(g fact.Group) (*Exchange, error) {
	switch g {
	case fact.X25519:
		return newECDH(g, ecdh.X25519())
	case fact.Secp224r1:
		return newP224()
	case fact.Secp256r1:
		return newECDH(g, ecdh.P256())
	case fact.Secp384r1:
		return newECDH(g, ecdh.P384())
	case fact.Secp521r1:
		return newECDH(g, ecdh.P521())
	case fact.X25519MLKEM768, fact.SecP256r1MLKEM768, fact.SecP384r1MLKEM1024:
		return newHybrid(g)
	case fact.X448:
		return newX448()
	}
	if c := brainpools[g]; c != nil {
		return newBrainpool(g, c)
	}
	if p := FFDHEPrime(g); p != nil {
		return newFFDHE(g, p)
	}
	return nil, fmt.Errorf("group %s: %w", g, ErrUnsupported)
}

func newECDH(g fact.Group, curve ecdh.Curve) (*Exchange, error) {
	key, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return &Exchange{KeyShare{g, key.PublicKey().Bytes()}, func(peer []byte) ([]byte, error) {
		p, err := curve.NewPublicKey(peer)
		if err != nil {
			return nil, malformed("key of group %s", g)
		}
		return key.ECDH(p)
	}}, nil
}

// newP224 makes a key pair of secp224r1, which crypto/ecdh leaves out. The arithmetic
// is that of crypto/elliptic, which is no worse for a client without secrets.
func newP224() (*Exchange, error) {
	curve := elliptic.P224()
	d, x, y, err := elliptic.GenerateKey(curve, rand.Reader) //nolint:staticcheck // see above
	if err != nil {
		return nil, err
	}
	public := elliptic.Marshal(curve, x, y) //nolint:staticcheck // see above
	return &Exchange{KeyShare{fact.Secp224r1, public}, func(peer []byte) ([]byte, error) {
		px, py := elliptic.Unmarshal(curve, peer) //nolint:staticcheck // checks that the point is on the curve
		if px == nil {
			return nil, malformed("key of group %s", fact.Secp224r1)
		}
		sx, _ := curve.ScalarMult(px, py, d) //nolint:staticcheck // see above
		return sx.FillBytes(make([]byte, 28)), nil
	}}, nil
}

// newHybrid makes a key pair of ML-KEM together with one of a curve. X25519MLKEM768
// has ML-KEM first, the NIST curves have it last (draft-ietf-tls-ecdhe-mlkem).
func newHybrid(g fact.Group) (*Exchange, error) {
	curve := map[fact.Group]ecdh.Curve{
		fact.X25519MLKEM768: ecdh.X25519(), fact.SecP256r1MLKEM768: ecdh.P256(), fact.SecP384r1MLKEM1024: ecdh.P384(),
	}[g]
	classic, err := newECDH(g, curve)
	if err != nil {
		return nil, err
	}
	var kem []byte
	var open func([]byte) ([]byte, error)
	var size int
	if g == fact.SecP384r1MLKEM1024 {
		k, err := mlkem.GenerateKey1024()
		if err != nil {
			return nil, err
		}
		kem, open, size = k.EncapsulationKey().Bytes(), k.Decapsulate, mlkem.CiphertextSize1024
	} else {
		k, err := mlkem.GenerateKey768()
		if err != nil {
			return nil, err
		}
		kem, open, size = k.EncapsulationKey().Bytes(), k.Decapsulate, mlkem.CiphertextSize768
	}
	first := g == fact.X25519MLKEM768
	join := func(kem, classic []byte) []byte {
		if first {
			return concat(kem, classic)
		}
		return concat(classic, kem)
	}
	return &Exchange{KeyShare{g, join(kem, classic.Share.Key)}, func(peer []byte) ([]byte, error) {
		if len(peer) <= size {
			return nil, malformed("key of group %s", g)
		}
		ct, point := peer[:size], peer[size:]
		if !first {
			point, ct = peer[:len(peer)-size], peer[len(peer)-size:]
		}
		a, err := open(ct)
		if err != nil {
			return nil, malformed("key of group %s", g)
		}
		b, err := classic.Finish(point)
		if err != nil {
			return nil, err
		}
		return join(a, b), nil
	}}, nil
}

// finiteField answers the server's half of DHE (RFC 5246 section 8.1.2). The secret
// loses its leading zeros, as the RFC wants.
func finiteField(p, g, peer []byte) (public, secret []byte, err error) {
	prime, base, y := new(big.Int).SetBytes(p), new(big.Int).SetBytes(g), new(big.Int).SetBytes(peer)
	if prime.BitLen() > maxPrimeBits {
		return nil, nil, fmt.Errorf("prime of %d bits: %w", prime.BitLen(), ErrUnsupported)
	}
	if prime.BitLen() < 3 || base.Sign() == 0 || y.Sign() == 0 || y.Cmp(prime) >= 0 || prime.Bit(0) == 0 {
		return nil, nil, malformed("Diffie-Hellman parameters")
	}
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, nil, err
	}
	x := new(big.Int).SetBytes(b)
	return new(big.Int).Exp(base, x, prime).Bytes(), new(big.Int).Exp(y, x, prime).Bytes(), nil
}
