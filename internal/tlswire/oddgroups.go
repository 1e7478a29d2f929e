package tlswire

import (
	"crypto/rand"
	"math/big"

	"github.com/cloudflare/circl/dh/x448"

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

// weierstrass is a curve y² = x³ + ax + b over a prime field, with its generator. The
// arithmetic is that of the textbook (SEC 1 section 2.2.1), neither fast nor constant
// in time, which does for a client that has no secrets. For that reason, too, it does
// not matter whether a point of the server lies on the curve, and b is not needed.
type weierstrass struct{ p, a, gx, gy *big.Int }

// brainpool are the curves of RFC 5639 section 3, by their numbers up to TLS 1.2 (RFC
// 7027) and in TLS 1.3 (RFC 8734).
var brainpool = func() map[fact.Group]*weierstrass {
	m := map[fact.Group]*weierstrass{}
	for _, c := range []struct {
		codes        [2]fact.Group
		p, a, gx, gy string
	}{
		{
			[2]fact.Group{fact.BrainpoolP256r1, fact.BrainpoolP256r1TLS13},
			"a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
			"7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
			"8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
			"547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
		},
		{
			[2]fact.Group{fact.BrainpoolP384r1, fact.BrainpoolP384r1TLS13},
			"8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
			"7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
			"1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
			"8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
		},
		{
			[2]fact.Group{fact.BrainpoolP512r1, fact.BrainpoolP512r1TLS13},
			"aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
			"7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
			"81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
			"7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
		},
	} {
		hex := func(s string) *big.Int { n, _ := new(big.Int).SetString(s, 16); return n }
		w := &weierstrass{hex(c.p), hex(c.a), hex(c.gx), hex(c.gy)}
		m[c.codes[0]], m[c.codes[1]] = w, w
	}
	return m
}()

func (c *weierstrass) newExchange(g fact.Group) (*Exchange, error) {
	k, err := rand.Int(rand.Reader, c.p)
	if err != nil {
		return nil, err
	}
	size := (c.p.BitLen() + 7) / 8
	x, y := c.multiply(c.gx, c.gy, k)
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
		if px.Cmp(c.p) >= 0 || py.Cmp(c.p) >= 0 {
			return nil, malformed("key of group %s", g)
		}
		if px, _ = c.multiply(px, py, k); px == nil {
			return nil, malformed("key of group %s", g)
		}
		return px.FillBytes(make([]byte, size)), nil
	}}, nil
}

// multiply returns k(x, y), nil when that is the point at infinity.
func (c *weierstrass) multiply(x, y, k *big.Int) (rx, ry *big.Int) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		rx, ry = c.add(rx, ry, rx, ry)
		if k.Bit(i) == 1 {
			rx, ry = c.add(rx, ry, x, y)
		}
	}
	return rx, ry
}

// add adds two points; nil stands for the point at infinity.
func (c *weierstrass) add(x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	switch {
	case x1 == nil:
		return x2, y2
	case x2 == nil:
		return x1, y1
	}
	num, den := new(big.Int).Sub(y2, y1), new(big.Int).Sub(x2, x1)
	if den.Sign() == 0 {
		if num.Sign() != 0 || y1.Sign() == 0 {
			return nil, nil
		}
		num.Mul(x1, x1)
		num.Mul(num, big.NewInt(3)).Add(num, c.a)
		den.Lsh(y1, 1)
	}
	if den.ModInverse(den.Mod(den, c.p), c.p) == nil {
		return nil, nil
	}
	slope := num.Mul(num, den)
	slope.Mod(slope, c.p)
	x = new(big.Int).Mul(slope, slope)
	x.Sub(x, x1).Sub(x, x2).Mod(x, c.p)
	y = new(big.Int).Sub(x1, x)
	y.Mul(y, slope).Sub(y, y1).Mod(y, c.p)
	return x, y
}
