// Package brainpool has the elliptic curves of RFC 5639 that the standard library lacks:
// enough of them to exchange keys, to verify signatures, and to read certificates with
// such keys. The arithmetic is that of the textbook (SEC 1 section 2.2.1), neither fast
// nor constant in time, which does for a client that has no secrets.
package brainpool

import "math/big"

// Curve is a curve y² = x³ + Ax + B over the field of the prime P, with a generator of
// prime order N.
type Curve struct{ P, A, B, Gx, Gy, N *big.Int }

// The curves of RFC 5639 section 3 that TLS has (RFC 7027, RFC 8734).
var (
	P256 = define(
		"a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
		"7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
		"26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
		"8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
		"547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
		"a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
	)
	P384 = define(
		"8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
		"7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
		"4a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
		"1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
		"8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
		"8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
	)
	P512 = define(
		"aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
		"7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
		"3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
		"81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
		"7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
		"aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069",
	)
)

func define(p, a, b, gx, gy, n string) *Curve {
	hex := func(s string) *big.Int { n, _ := new(big.Int).SetString(s, 16); return n }
	return &Curve{hex(p), hex(a), hex(b), hex(gx), hex(gy), hex(n)}
}

// Size is the length of a coordinate in bytes.
func (c *Curve) Size() int { return (c.P.BitLen() + 7) / 8 }

// Contains reports whether a point lies on the curve.
func (c *Curve) Contains(x, y *big.Int) bool {
	if x.Sign() < 0 || y.Sign() < 0 || x.Cmp(c.P) >= 0 || y.Cmp(c.P) >= 0 {
		return false
	}
	right := new(big.Int).Mul(x, x)
	right.Add(right, c.A).Mul(right, x).Add(right, c.B).Mod(right, c.P)
	left := new(big.Int).Mul(y, y)
	return left.Mod(left, c.P).Cmp(right) == 0
}

// Multiply returns k(x, y), nil when that is the point at infinity.
func (c *Curve) Multiply(x, y, k *big.Int) (rx, ry *big.Int) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		rx, ry = c.add(rx, ry, rx, ry)
		if k.Bit(i) == 1 {
			rx, ry = c.add(rx, ry, x, y)
		}
	}
	return rx, ry
}

// add adds two points; nil stands for the point at infinity.
func (c *Curve) add(x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
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
		num.Mul(num, big.NewInt(3)).Add(num, c.A)
		den.Lsh(y1, 1)
	}
	if den.ModInverse(den.Mod(den, c.P), c.P) == nil {
		return nil, nil
	}
	slope := num.Mul(num, den)
	slope.Mod(slope, c.P)
	x = new(big.Int).Mul(slope, slope)
	x.Sub(x, x1).Sub(x, x2).Mod(x, c.P)
	y = new(big.Int).Sub(x1, x)
	y.Mul(y, slope).Sub(y, y1).Mod(y, c.P)
	return x, y
}
