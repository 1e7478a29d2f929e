package tlswire

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
)

func TestNamedPrimesAreSafePrimes(t *testing.T) {
	e, pi := constants()
	for _, n := range namedGroups {
		if n.bits > 3072 && testing.Short() {
			continue
		}
		c := pi
		if n.e {
			c = e
		}
		p := prime(n.bits, n.x, c)
		if p.BitLen() != int(n.bits) || n.bits <= 4096 && (!p.ProbablyPrime(1) || !new(big.Int).Rsh(p, 1).ProbablyPrime(1)) {
			t.Errorf("%s: not a safe prime of %d bits", n.name, n.bits)
		}
	}
}

func TestNamedPrimesHaveTheDigitsOfTheRFCs(t *testing.T) {
	e, pi := constants()
	for _, c := range []struct {
		got  *big.Int
		want string
	}{
		{prime(2048, 560316, e), "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1"},   // RFC 7919 A.1
		{prime(1024, 129093, pi), "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD1"},  // RFC 2409 6.2
		{prime(8192, 4743158, pi), "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD1"}, // RFC 3526 7
	} {
		if h := strings.ToUpper(hex.EncodeToString(c.got.Bytes())); !strings.HasPrefix(h, c.want) || !strings.HasSuffix(h, "FFFFFFFFFFFFFFFF") {
			t.Errorf("%.48s, want %s", h, c.want)
		}
	}
	d, code := DHGroup(append([]byte{0}, prime(2048, 560316, e).Bytes()...), []byte{2})
	if d.Name != "ffdhe2048" || code != 256 || d.Bits != 2048 || d.Generator != "2" {
		t.Errorf("%+v %d", d, code)
	}
	if d, code := DHGroup(prime(2048, 560316, e).Bytes(), []byte{5}); d.Name != "" || code != 0 {
		t.Errorf("another generator is another group: %+v %d", d, code)
	}
	sum := sha256.Sum256(big.NewInt(23).Bytes())
	if d, _ := DHGroup([]byte{0, 0, 23}, []byte{5}); d.Bits != 5 || d.Prime != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", d)
	}
}
