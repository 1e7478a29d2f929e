package tlswire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"sync"

	"peil/internal/fact"
)

// named finite-field groups: those of RFC 7919 appendix A by the constant e, those
// of RFC 2409 section 6 and RFC 3526 by pi. Both families are
// 2^b - 2^(b-64) - 1 + 2^64 * (floor(2^(b-130) * c) + x), with b bits, constant c
// and the x that makes it a safe prime; the formula is shorter than the digits and
// cannot hide a typing error: the test checks that each is a safe prime.
var namedGroups = []struct {
	name string
	bits uint
	x    int64
	e    bool
	code fact.Group
}{
	{"ffdhe2048", 2048, 560316, true, fact.FFDHE2048},
	{"ffdhe3072", 3072, 2625351, true, fact.FFDHE3072},
	{"ffdhe4096", 4096, 5736041, true, fact.FFDHE4096},
	{"ffdhe6144", 6144, 15705020, true, fact.FFDHE6144},
	{"ffdhe8192", 8192, 10965728, true, fact.FFDHE8192},
	{"modp768", 768, 149686, false, 0},
	{"modp1024", 1024, 129093, false, 0},
	{"modp1536", 1536, 741804, false, 0},
	{"modp2048", 2048, 124476, false, 0},
	{"modp3072", 3072, 1690314, false, 0},
	{"modp4096", 4096, 240904, false, 0},
	{"modp6144", 6144, 929484, false, 0},
	{"modp8192", 8192, 4743158, false, 0},
}

type namedPrime struct {
	name string
	code fact.Group
	p    *big.Int
}

// primes leads from the SHA-256 of a prime to its name.
var primes = sync.OnceValue(func() map[[32]byte]namedPrime {
	m := make(map[[32]byte]namedPrime, len(namedGroups))
	e, pi := constants()
	for _, n := range namedGroups {
		c := pi
		if n.e {
			c = e
		}
		p := prime(n.bits, n.x, c)
		m[sha256.Sum256(p.Bytes())] = namedPrime{n.name, n.code, p}
	}
	return m
})

// constantBits is the precision of what constants returns, with room to spare.
const constantBits = 8192 + 64

func prime(bits uint, x int64, c *big.Int) *big.Int {
	one := big.NewInt(1)
	p := new(big.Int).Lsh(one, bits)
	p.Sub(p, new(big.Int).Lsh(one, bits-64)).Sub(p, one)
	mid := new(big.Int).Rsh(c, constantBits-(bits-130))
	mid.Add(mid, big.NewInt(x))
	return p.Add(p, mid.Lsh(mid, 64))
}

// constants are e and pi times 2^constantBits.
func constants() (e, pi *big.Int) {
	unit := new(big.Int).Lsh(big.NewInt(1), constantBits+64)
	e, term := new(big.Int), new(big.Int).Set(unit)
	for i := int64(1); term.Sign() > 0; i++ { // e is the sum of 1/i!
		e.Add(e, term)
		term.Quo(term, big.NewInt(i))
	}
	// pi = 16 atan(1/5) - 4 atan(1/239), by Machin.
	atan := func(n int64) *big.Int {
		sum, power := new(big.Int), new(big.Int).Quo(unit, big.NewInt(n))
		for i := int64(1); power.Sign() > 0; i += 2 {
			t := new(big.Int).Quo(power, big.NewInt(i))
			if i%4 == 1 {
				sum.Add(sum, t)
			} else {
				sum.Sub(sum, t)
			}
			power.Quo(power, big.NewInt(n*n))
		}
		return sum
	}
	pi = new(big.Int).Sub(new(big.Int).Mul(atan(5), big.NewInt(16)), new(big.Int).Mul(atan(239), big.NewInt(4)))
	return e.Rsh(e, 64), pi.Rsh(pi, 64)
}

// FFDHEPrime is the prime of a group of RFC 7919, nil for other groups.
func FFDHEPrime(g fact.Group) *big.Int {
	for _, n := range primes() {
		if n.code == g && g != 0 {
			return n.p
		}
	}
	return nil
}

// DHGroup describes the group of a ServerKeyExchange, and its code when RFC 7919
// gave it one.
func DHGroup(p, g []byte) (fact.DHParams, fact.Group) {
	p = bytes.TrimLeft(p, "\x00")
	sum := sha256.Sum256(p)
	n := primes()[sum]
	generator := new(big.Int).SetBytes(g)
	d := fact.DHParams{
		Bits: new(big.Int).SetBytes(p).BitLen(), Generator: generator.String(), Prime: hex.EncodeToString(sum[:]),
	}
	if generator.Cmp(big.NewInt(2)) == 0 {
		d.Name = n.name // RFC 2409, 3526 and 7919 all have generator 2
		return d, n.code
	}
	return d, 0
}
