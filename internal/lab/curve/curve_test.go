package curve

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
	"testing"
)

var all = []*Curve{Secp192k1, Secp192r1, Secp224k1, Secp224r1, Secp256k1, BrainpoolP256r1, BrainpoolP384r1, BrainpoolP512r1}

func TestGeneratorHasItsOrder(t *testing.T) {
	for _, c := range all {
		if !c.Contains(c.Gx, c.Gy) {
			t.Errorf("%s: the generator is not on the curve", c.Name)
		}
		if x, _ := c.ScalarMult(c.Gx, c.Gy, c.N); x != nil {
			t.Errorf("%s: N times the generator is not infinity", c.Name)
		}
	}
}

func TestBothSidesShareOnePoint(t *testing.T) {
	for _, c := range all {
		a, b := c.NewKey([]byte("a")), c.NewKey([]byte("b"))
		s1, err1 := a.Shared(b.PublicBytes())
		s2, err2 := b.Shared(a.PublicBytes())
		if err1 != nil || err2 != nil || !bytes.Equal(s1, s2) || len(s1) != c.Size {
			t.Errorf("%s: %x (%v) and %x (%v)", c.Name, s1, err1, s2, err2)
		}
		bad := b.PublicBytes()
		bad[5] ^= 1
		if _, err := a.Shared(bad); err == nil {
			t.Errorf("%s: a point beside the curve was taken", c.Name)
		}
	}
}

// The standard library knows P-224 too: it must agree.
func TestAgreesWithTheStandardLibrary(t *testing.T) {
	k := Secp224r1.NewKey([]byte("seed"))
	std, err := ecdsa.ParseRawPrivateKey(elliptic.P224(), k.D.FillBytes(make([]byte, 28)))
	if err != nil {
		t.Fatal(err)
	}
	pub, _ := std.PublicKey.Bytes()
	if !bytes.Equal(pub, k.PublicBytes()) {
		t.Fatalf("public keys differ: %x and %x", pub, k.PublicBytes())
	}
	digest := sha256.Sum256([]byte("hello"))
	sig, err := k.Sign(nil, digest[:], nil)
	if err != nil || !ecdsa.VerifyASN1(&std.PublicKey, digest[:], sig) {
		t.Errorf("the signature does not verify (%v)", err)
	}
	if ecdsa.VerifyASN1(&std.PublicKey, digest[1:], sig) {
		t.Error("the signature verifies for anything")
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(BrainpoolP256r1.NewKey([]byte("x")).PublicBytes())
	f.Add([]byte{4})
	f.Fuzz(func(t *testing.T, b []byte) {
		x, y, err := BrainpoolP256r1.Unmarshal(b)
		if err == nil && !bytes.Equal(BrainpoolP256r1.Marshal(x, y), b) {
			t.Errorf("%x does not come back", b)
		}
		if err == nil && x.Cmp(new(big.Int)) < 0 {
			t.Error("negative")
		}
	})
}
