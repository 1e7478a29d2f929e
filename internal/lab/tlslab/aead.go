package tlslab

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" // old servers are what is played here
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

var errOpen = errors.New("record does not decrypt")

// newAEAD makes the cipher of an AEAD suite.
func newAEAD(s *suite, key []byte) (cipher.AEAD, error) {
	if s.cipher == "CHACHA20_POLY1305" {
		return chacha20poly1305.New(key)
	}
	block, err := newBlock(s.cipher, key)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(s.cipher, "_CCM") {
		return &ccm{block, s.tag}, nil
	}
	return cipher.NewGCM(block)
}

// newBlock makes the block cipher of a suite.
func newBlock(name string, key []byte) (cipher.Block, error) {
	kind, _, _ := strings.Cut(name, "_")
	switch kind {
	case "DES":
		return des.NewCipher(key)
	case "3DES":
		return des.NewTripleDESCipher(key)
	case "CAMELLIA":
		return newCamellia(key), nil
	case "ARIA":
		return newARIA(key), nil
	}
	return aes.NewCipher(key)
}

// ccm is AES-CCM with a nonce of 12 bytes (RFC 3610 with L = 3; RFC 6655 section 3).
type ccm struct {
	block cipher.Block
	tag   int
}

func (c *ccm) NonceSize() int { return 12 }
func (c *ccm) Overhead() int  { return c.tag }

// mac is the CBC-MAC over the first block, the additional data and the text.
func (c *ccm) mac(nonce, text, extra []byte) [16]byte {
	var x [16]byte
	x[0] = byte((c.tag-2)/2<<3 | 2) // M' and L'
	if len(extra) > 0 {
		x[0] |= 0x40
	}
	copy(x[1:13], nonce)
	x[13], x[14], x[15] = byte(len(text)>>16), byte(len(text)>>8), byte(len(text))
	c.block.Encrypt(x[:], x[:])
	absorb := func(b []byte) {
		for len(b) > 0 {
			n := subtle.XORBytes(x[:], x[:], b)
			c.block.Encrypt(x[:], x[:])
			b = b[min(n, len(b)):]
		}
	}
	if len(extra) > 0 {
		absorb(append(binary.BigEndian.AppendUint16(nil, uint16(len(extra))), extra...))
	}
	absorb(text)
	return x
}

// stream is counter mode; block 0 of it hides the tag.
func (c *ccm) stream(nonce []byte) (cipher.Stream, [16]byte) {
	var iv, first [16]byte
	iv[0] = 2 // L'
	copy(iv[1:13], nonce)
	ctr := cipher.NewCTR(c.block, iv[:])
	ctr.XORKeyStream(first[:], first[:])
	return ctr, first
}

// Seal implements cipher.AEAD.
func (c *ccm) Seal(dst, nonce, text, extra []byte) []byte {
	tag := c.mac(nonce, text, extra)
	ctr, first := c.stream(nonce)
	subtle.XORBytes(tag[:], tag[:], first[:])
	n := len(dst)
	dst = append(dst, text...)
	ctr.XORKeyStream(dst[n:], dst[n:])
	return append(dst, tag[:c.tag]...)
}

// Open implements cipher.AEAD.
func (c *ccm) Open(dst, nonce, box, extra []byte) ([]byte, error) {
	if len(box) < c.tag {
		return nil, errOpen
	}
	box, got := box[:len(box)-c.tag], box[len(box)-c.tag:]
	ctr, first := c.stream(nonce)
	text := make([]byte, len(box))
	ctr.XORKeyStream(text, box)
	tag := c.mac(nonce, text, extra)
	subtle.XORBytes(tag[:], tag[:], first[:])
	if subtle.ConstantTimeCompare(tag[:c.tag], got) != 1 {
		return nil, errOpen
	}
	return append(dst, text...), nil
}
