package tlslab

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"os/exec"
	"testing"
)

// openssl enc is the oracle for the ciphers that Go does not have.
func TestCiphersAgreeWithOpenSSL(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		new  func([]byte) cipher.Block
	}{
		{"camellia-128-ecb", 16, newCamellia},
		{"camellia-256-ecb", 32, newCamellia},
		{"aria-128-ecb", 16, newARIA},
		{"aria-256-ecb", 32, newARIA},
	} {
		key, text := random(c.size), random(160)
		cmd := exec.Command(program(t, "openssl", "openssl"), "enc", "-"+c.name, "-K", hex.EncodeToString(key), "-nopad")
		cmd.Stdin = bytes.NewReader(text)
		want, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		b := c.new(key)
		got, back := make([]byte, len(text)), make([]byte, len(text))
		for i := 0; i < len(text); i += 16 {
			b.Encrypt(got[i:], text[i:])
			b.Decrypt(back[i:], got[i:])
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s with key %x of %x: %x, want %x", c.name, key, text[:16], got[:16], want[:16])
		}
		if !bytes.Equal(back, text) {
			t.Errorf("%s: does not come back", c.name)
		}
	}
}

// RFC 3610 section 8 has no vector with a nonce of 12 bytes; a changed byte anywhere
// must be noticed, and openssl and sslscan finish handshakes with it.
func TestCCMNoticesChanges(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []int{16, 8} {
		c := &ccm{block, tag}
		nonce, text, extra := random(12), random(100), random(13)
		box := c.Seal(nil, nonce, text, extra)
		if got, err := c.Open(nil, nonce, box, extra); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("tag %d: %x, %v", tag, got, err)
		}
		for i := range box {
			box[i] ^= 1
			if _, err := c.Open(nil, nonce, box, extra); err == nil {
				t.Errorf("tag %d: byte %d changed unnoticed", tag, i)
			}
			box[i] ^= 1
		}
		if _, err := c.Open(nil, nonce, box[:tag-1], extra); err == nil {
			t.Error("too short, unnoticed")
		}
	}
}
