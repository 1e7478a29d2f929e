package tlswire

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

const (
	ccmBlock = 16
	ccmNonce = 12 // which leaves three bytes for the length: more than a record has
)

// ccmAEAD is AES in CCM mode with a nonce of 12 bytes (RFC 3610, RFC 5116 section
// 5.3; tags of 8 bytes for the suites of RFC 6655). The standard library has none.
type ccmAEAD struct {
	block cipher.Block
	tag   int
}

func newCCM(b cipher.Block, tag int) cipher.AEAD { return &ccmAEAD{b, tag} }

func (c *ccmAEAD) NonceSize() int { return ccmNonce }

func (c *ccmAEAD) Overhead() int { return c.tag }

// mac is the CBC-MAC over nonce, length, additional data and plaintext (RFC 3610
// section 2.2).
func (c *ccmAEAD) mac(nonce, plain, ad []byte) [ccmBlock]byte {
	var x [ccmBlock]byte
	x[0] = byte((c.tag-2)/2<<3 | (ccmBlock - 1 - ccmNonce - 1))
	copy(x[1:], nonce)
	x[13], x[14], x[15] = byte(len(plain)>>16), byte(len(plain)>>8), byte(len(plain))
	if len(ad) > 0 {
		x[0] |= 1 << 6
	}
	c.block.Encrypt(x[:], x[:])
	if len(ad) > 0 {
		// Additional data of TLS is 5 or 13 bytes long, never near the 2^16 - 2^8 where
		// its length is written otherwise.
		c.absorb(&x, append(binary.BigEndian.AppendUint16(nil, uint16(len(ad))), ad...))
	}
	c.absorb(&x, plain)
	return x
}

// absorb takes in data, filled up with zeros to whole blocks.
func (c *ccmAEAD) absorb(x *[ccmBlock]byte, data []byte) {
	for len(data) > 0 {
		n := subtle.XORBytes(x[:], x[:], data[:min(len(data), ccmBlock)])
		c.block.Encrypt(x[:], x[:])
		data = data[n:]
	}
}

// stream is the counter mode of RFC 3610 section 2.3; its first block goes over the
// tag.
func (c *ccmAEAD) stream(nonce []byte) (s cipher.Stream, first [ccmBlock]byte) {
	var a [ccmBlock]byte
	a[0] = ccmBlock - 1 - ccmNonce - 1
	copy(a[1:], nonce)
	s = cipher.NewCTR(c.block, a[:])
	s.XORKeyStream(first[:], first[:])
	return s, first
}

func (c *ccmAEAD) Seal(dst, nonce, plain, ad []byte) []byte {
	tag := c.mac(nonce, plain, ad)
	s, first := c.stream(nonce)
	subtle.XORBytes(tag[:], tag[:], first[:])
	n := len(dst)
	dst = append(append(dst, plain...), tag[:c.tag]...)
	s.XORKeyStream(dst[n:n+len(plain)], dst[n:n+len(plain)])
	return dst
}

func (c *ccmAEAD) Open(dst, nonce, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < c.tag {
		return nil, errBadMAC
	}
	body, got := sealed[:len(sealed)-c.tag], sealed[len(sealed)-c.tag:]
	s, first := c.stream(nonce)
	n := len(dst)
	dst = append(dst, body...)
	s.XORKeyStream(dst[n:], dst[n:])
	tag := c.mac(nonce, dst[n:], ad)
	subtle.XORBytes(tag[:], tag[:], first[:])
	if subtle.ConstantTimeCompare(tag[:c.tag], got) != 1 {
		clear(dst[n:])
		return nil, errBadMAC
	}
	return dst, nil
}
