// Package curve has the elliptic curves that the standard library lacks and a lab of
// bad and odd servers needs: the brainpool ones, the Koblitz ones and the small ones.
// It is plain textbook arithmetic on big integers, slow and not constant in time: no
// key that is a secret may ever meet it.
package curve

import (
	"crypto"
	"errors"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Curve is a short Weierstrass curve y² = x³ + Ax + B over a prime field (SEC 1
// section 2.2.1), with generator (Gx, Gy) of prime order N.
type Curve struct {
	Name               string
	P, A, B, Gx, Gy, N *big.Int
	// Size is the length of a coordinate in bytes.
	Size int
}

// ErrPoint means that bytes are not a point of the curve in uncompressed form.
var ErrPoint = errors.New("not an uncompressed point of the curve")

func define(name, p, a, b, gx, gy, n string) *Curve {
	c := &Curve{Name: name, P: hex(p), A: hex(a), B: hex(b), Gx: hex(gx), Gy: hex(gy), N: hex(n)}
	c.Size = (c.P.BitLen() + 7) / 8
	return c
}

func hex(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("curve: a constant of this package is not hexadecimal: " + s)
	}
	return n
}

// point is a point in Jacobian coordinates: x = X/Z², y = Y/Z³; Z = 0 is infinity.
type point struct{ x, y, z *big.Int }

// double by the formulas "dbl-2007-bl" of the explicit-formulas database.
func (c *Curve) double(p point) point {
	mod := func(n *big.Int) *big.Int { return n.Mod(n, c.P) }
	xx := mod(new(big.Int).Mul(p.x, p.x))
	yy := mod(new(big.Int).Mul(p.y, p.y))
	yyyy := mod(new(big.Int).Mul(yy, yy))
	zz := mod(new(big.Int).Mul(p.z, p.z))
	s := new(big.Int).Add(p.x, yy)
	s.Mul(s, s).Sub(s, xx).Sub(s, yyyy)
	mod(s.Lsh(s, 1))
	m := new(big.Int).Mul(zz, zz)
	m.Mul(m, c.A).Add(m, xx).Add(m, xx).Add(m, xx)
	mod(m)
	x := new(big.Int).Mul(m, m)
	mod(x.Sub(x, new(big.Int).Lsh(s, 1)))
	y := new(big.Int).Sub(s, x)
	mod(y.Mul(y, m).Sub(y, new(big.Int).Lsh(yyyy, 3)))
	z := new(big.Int).Add(p.y, p.z)
	mod(z.Mul(z, z).Sub(z, yy).Sub(z, zz))
	return point{x, y, z}
}

// add by the formulas "add-2007-bl".
func (c *Curve) add(p, q point) point {
	if p.z.Sign() == 0 {
		return q
	}
	if q.z.Sign() == 0 {
		return p
	}
	mod := func(n *big.Int) *big.Int { return n.Mod(n, c.P) }
	z1 := mod(new(big.Int).Mul(p.z, p.z))
	z2 := mod(new(big.Int).Mul(q.z, q.z))
	u1 := mod(new(big.Int).Mul(p.x, z2))
	u2 := mod(new(big.Int).Mul(q.x, z1))
	s1 := new(big.Int).Mul(p.y, q.z)
	mod(s1.Mul(s1, z2))
	s2 := new(big.Int).Mul(q.y, p.z)
	mod(s2.Mul(s2, z1))
	h := mod(new(big.Int).Sub(u2, u1))
	r := mod(new(big.Int).Sub(s2, s1))
	if h.Sign() == 0 {
		if r.Sign() == 0 {
			return c.double(p)
		}
		return point{big.NewInt(1), big.NewInt(1), new(big.Int)}
	}
	r.Lsh(r, 1)
	i := new(big.Int).Lsh(h, 1)
	mod(i.Mul(i, i))
	j := mod(new(big.Int).Mul(h, i))
	v := mod(new(big.Int).Mul(u1, i))
	x := new(big.Int).Mul(r, r)
	mod(x.Sub(x, j).Sub(x, new(big.Int).Lsh(v, 1)))
	y := new(big.Int).Sub(v, x)
	s1.Mul(s1, j)
	mod(y.Mul(y, r).Sub(y, s1.Lsh(s1, 1)))
	z := new(big.Int).Add(p.z, q.z)
	z.Mul(z, z).Sub(z, z1).Sub(z, z2)
	mod(z.Mul(z, h))
	return point{x, y, z}
}

// ScalarMult returns k(x, y), or nil when that is the point at infinity.
func (c *Curve) ScalarMult(x, y, k *big.Int) (*big.Int, *big.Int) {
	p := point{x, y, big.NewInt(1)}
	sum := point{big.NewInt(1), big.NewInt(1), new(big.Int)}
	for i := k.BitLen() - 1; i >= 0; i-- {
		sum = c.double(sum)
		if k.Bit(i) == 1 {
			sum = c.add(sum, p)
		}
	}
	if sum.z.Sign() == 0 {
		return nil, nil
	}
	inv := new(big.Int).ModInverse(sum.z, c.P)
	inv2 := new(big.Int).Mul(inv, inv)
	rx := new(big.Int).Mul(sum.x, inv2)
	ry := new(big.Int).Mul(sum.y, inv2.Mul(inv2, inv))
	return rx.Mod(rx, c.P), ry.Mod(ry, c.P)
}

// Contains reports whether the point lies on the curve.
func (c *Curve) Contains(x, y *big.Int) bool {
	if x.Sign() < 0 || y.Sign() < 0 || x.Cmp(c.P) >= 0 || y.Cmp(c.P) >= 0 {
		return false
	}
	r := new(big.Int).Mul(x, x)
	r.Add(r, c.A).Mul(r, x).Add(r, c.B).Mod(r, c.P)
	l := new(big.Int).Mul(y, y)
	return l.Mod(l, c.P).Cmp(r) == 0
}

// Marshal writes a point in uncompressed form (SEC 1 section 2.3.3).
func (c *Curve) Marshal(x, y *big.Int) []byte {
	b := make([]byte, 1+2*c.Size)
	b[0] = 4
	x.FillBytes(b[1 : 1+c.Size])
	y.FillBytes(b[1+c.Size:])
	return b
}

// Unmarshal reads what Marshal wrote.
func (c *Curve) Unmarshal(b []byte) (x, y *big.Int, err error) {
	if len(b) != 1+2*c.Size || b[0] != 4 {
		return nil, nil, ErrPoint
	}
	x, y = new(big.Int).SetBytes(b[1:1+c.Size]), new(big.Int).SetBytes(b[1+c.Size:])
	if !c.Contains(x, y) {
		return nil, nil, ErrPoint
	}
	return x, y, nil
}

// PrivateKey is a key pair; it signs by ECDSA as a crypto.Signer.
type PrivateKey struct {
	Curve *Curve
	D     *big.Int
	X, Y  *big.Int

	k, r *big.Int // the nonce of all signatures, and its x coordinate
}

// NewKey derives a key pair from a seed.
func (c *Curve) NewKey(seed []byte) *PrivateKey {
	scalar := func(add int64) *big.Int {
		n := new(big.Int).SetBytes(seed)
		n.Mul(n, n).Mul(n, big.NewInt(1_000_003+add)).Add(n, big.NewInt(7+add))
		n.Mul(n, n).Mul(n, n)
		return n.Mod(n, new(big.Int).Sub(c.N, big.NewInt(1))).Add(n, big.NewInt(1))
	}
	k := &PrivateKey{Curve: c, D: scalar(0), k: scalar(1)}
	k.X, k.Y = c.ScalarMult(c.Gx, c.Gy, k.D)
	k.r, _ = c.ScalarMult(c.Gx, c.Gy, k.k)
	k.r.Mod(k.r, c.N)
	return k
}

// PublicBytes is the public key as an uncompressed point.
func (k *PrivateKey) PublicBytes() []byte { return k.Curve.Marshal(k.X, k.Y) }

// Public returns the uncompressed point.
func (k *PrivateKey) Public() crypto.PublicKey { return k.PublicBytes() }

// Sign makes an ECDSA signature in DER (SEC 1 section 4.1.3). One nonce serves all
// signatures, which gives the private key away: it stands in a public repository
// anyhow, and a scalar multiplication per signature would take milliseconds.
func (k *PrivateKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	n := k.Curve.N
	e := new(big.Int).SetBytes(digest)
	if over := len(digest)*8 - n.BitLen(); over > 0 {
		e.Rsh(e, uint(over))
	}
	s := new(big.Int).Mul(k.r, k.D)
	s.Add(s, e).Mul(s, new(big.Int).ModInverse(k.k, n)).Mod(s, n)
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(k.r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}

// Shared is the x coordinate of the shared point with a peer (SEC 1 section 3.3.1).
func (k *PrivateKey) Shared(peer []byte) ([]byte, error) {
	x, y, err := k.Curve.Unmarshal(peer)
	if err != nil {
		return nil, err
	}
	if x, _ = k.Curve.ScalarMult(x, y, k.D); x == nil {
		return nil, ErrPoint
	}
	return x.FillBytes(make([]byte, k.Curve.Size)), nil
}
