package tlswire

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// NIST SP 800-38C appendix C.3 is the published vector with a nonce of 12 bytes. Tags of
// 16 bytes are held against OpenSSL in openssl_test.go.
func TestCCMGivesThePublishedCiphertext(t *testing.T) {
	b, err := aes.NewCipher(unhex(t, "404142434445464748494a4b4c4d4e4f"))
	if err != nil {
		t.Fatal(err)
	}
	nonce := unhex(t, "101112131415161718191a1b")
	ad := unhex(t, "000102030405060708090a0b0c0d0e0f10111213")
	plain := unhex(t, "202122232425262728292a2b2c2d2e2f3031323334353637")
	want := unhex(t, "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951")
	c := newCCM(b, 8)
	if got := c.Seal(nil, nonce, plain, ad); !bytes.Equal(got, want) {
		t.Fatalf("sealed %x, want %x", got, want)
	}
	got, err := c.Open(nil, nonce, want, ad)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("opened %x, %v", got, err)
	}
	for i := range want {
		bad := bytes.Clone(want)
		bad[i] ^= 1
		if _, err := c.Open(nil, nonce, bad, ad); err == nil {
			t.Errorf("byte %d changed, and it opens", i)
		}
	}
	if _, err := c.Open(nil, nonce, want, ad[1:]); err == nil {
		t.Error("other additional data, and it opens")
	}
	if _, err := c.Open(nil, nonce, want[:7], ad); err == nil {
		t.Error("shorter than a tag, and it opens")
	}
}
