package tlswire

import (
	"crypto/rand"
	"math/big"

	"github.com/cloudflare/circl/dh/x448"

	"peil/internal/brainpool"
	"peil/internal/fact"
)

// newX448 makes a key pair of X448 (RFC 7748 section 5).
func newX448() (*Exchange, error) {
	var secret, public x448.Key
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, err
	}
	x448.KeyGen(&public, &secret)
	return &Exchange{KeyShare{fact.X448, public[:]}, func(peer []byte) ([]byte, error) {
		var p, shared x448.Key
		if copy(p[:], peer) != len(p) || len(peer) != len(p) || !x448.Shared(&shared, &secret, &p) {
			return nil, malformed("key of group %s", fact.X448)
		}
		return shared[:], nil
	}}, nil
}

// newFFDHE makes a key pair of a finite-field group of RFC 7919. In TLS 1.3 public
// keys and the secret have the length of the prime (RFC 8446 sections 4.2.8.1 and
// 7.4.1).
func newFFDHE(g fact.Group, p *big.Int) (*Exchange, error) {
	x, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 256))
	if err != nil {
		return nil, err
	}
	size := (p.BitLen() + 7) / 8
	public := new(big.Int).Exp(big.NewInt(2), x, p).FillBytes(make([]byte, size))
	return &Exchange{KeyShare{g, public}, func(peer []byte) ([]byte, error) {
		y := new(big.Int).SetBytes(peer)
		if len(peer) != size || y.Sign() == 0 || y.Cmp(p) >= 0 {
			return nil, malformed("key of group %s", g)
		}
		return y.Exp(y, x, p).FillBytes(make([]byte, size)), nil
	}}, nil
}

// brainpools are the curves of RFC 5639, by their numbers up to TLS 1.2 (RFC 7027) and in
// TLS 1.3 (RFC 8734).
var brainpools = map[fact.Group]*brainpool.Curve{
	fact.BrainpoolP256r1: brainpool.P256, fact.BrainpoolP384r1: brainpool.P384, fact.BrainpoolP512r1: brainpool.P512,
	fact.BrainpoolP256r1TLS13: brainpool.P256, fact.BrainpoolP384r1TLS13: brainpool.P384, fact.BrainpoolP512r1TLS13: brainpool.P512,
}

// newBrainpool makes a key pair. We have no secrets, so that it does not matter whether
// the point of the server lies on the curve.
func newBrainpool(g fact.Group, c *brainpool.Curve) (*Exchange, error) {
	k, err := rand.Int(rand.Reader, c.P)
	if err != nil {
		return nil, err
	}
	size := c.Size()
	x, y := c.Multiply(c.Gx, c.Gy, k)
	if x == nil {
		return nil, malformed("key of group %s", g)
	}
	public := make([]byte, 1+2*size) // uncompressed (SEC 1 section 2.3.3)
	public[0] = 4
	x.FillBytes(public[1 : 1+size])
	y.FillBytes(public[1+size:])
	return &Exchange{KeyShare{g, public}, func(peer []byte) ([]byte, error) {
		if len(peer) != len(public) || peer[0] != 4 {
			return nil, malformed("key of group %s", g)
		}
		px, py := new(big.Int).SetBytes(peer[1:1+size]), new(big.Int).SetBytes(peer[1+size:])
		if px.Cmp(c.P) >= 0 || py.Cmp(c.P) >= 0 {
			return nil, malformed("key of group %s", g)
		}
		if px, _ = c.Multiply(px, py, k); px == nil {
			return nil, malformed("key of group %s", g)
		}
		return px.FillBytes(make([]byte, size)), nil
	}}, nil
}
