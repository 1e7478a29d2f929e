package tlswire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" // old servers speak it
	"crypto/hmac"
	"crypto/rand"
	"crypto/rc4" // old servers speak it
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"

	"peil/internal/fact"
)

// errBadMAC is returned for a record whose protection does not hold.
var errBadMAC = errors.New("record does not decipher")

// Half protects records in one direction.
type Half struct {
	version fact.Version
	suite   *Suite
	seq     uint64

	aead   cipher.AEAD
	iv     []byte       // of AEAD
	block  cipher.Block // of CBC from TLS 1.1 on
	seal   cipher.BlockMode
	open   cipher.BlockMode
	stream cipher.Stream
	mac    hash.Hash
}

func newHalf(v fact.Version, s *Suite, key, macKey, iv []byte) (*Half, error) {
	h := &Half{version: v, suite: s, iv: iv}
	var err error
	switch s.mode {
	case gcm:
		var b cipher.Block
		if b, err = aes.NewCipher(key); err == nil {
			h.aead, err = cipher.NewGCM(b)
		}
	case ccm, ccm8:
		var b cipher.Block
		if b, err = aes.NewCipher(key); err == nil {
			h.aead = newCCM(b, map[mode]int{ccm: 16, ccm8: 8}[s.mode])
		}
	case chacha:
		h.aead, err = chacha20poly1305.New(key)
	case cbcAES:
		h.block, err = aes.NewCipher(key)
	case cbc3DES:
		h.block, err = des.NewTripleDESCipher(key) // old servers speak it
	case rc4Stream:
		h.stream, err = rc4.NewCipher(key) // old servers speak it
	}
	if err != nil {
		return nil, err
	}
	if h.block != nil && v <= fact.TLS10 {
		// Records are chained: the last block of one is the vector of the next.
		h.seal, h.open = cipher.NewCBCEncrypter(h.block, iv), cipher.NewCBCDecrypter(h.block, iv)
	}
	if s.mac != 0 {
		h.mac = hmac.New(s.mac.New, macKey)
	}
	return h, nil
}

func (h *Half) wireVersion() uint16 { return uint16(min(h.version, fact.TLS12)) }

// Seal appends payload as one protected record; payload is at most MaxPlaintext.
func (h *Half) Seal(dst []byte, t Type, payload []byte) ([]byte, error) {
	if len(payload) > MaxPlaintext {
		return nil, errors.New("payload is longer than a record")
	}
	start := len(dst)
	v := h.wireVersion()
	outer := t
	if h.version >= fact.TLS13 {
		outer = ApplicationData
	}
	dst = append(dst, byte(outer), byte(v>>8), byte(v), 0, 0)
	switch {
	case h.aead != nil:
		nonce := h.nonce()
		if h.version >= fact.TLS13 {
			plain := append(append(make([]byte, 0, len(payload)+1), payload...), byte(t))
			binary.BigEndian.PutUint16(dst[start+3:], uint16(len(plain)+h.aead.Overhead()))
			dst = h.aead.Seal(dst, nonce, plain, dst[start:start+headerLen])
			break
		}
		if h.suite.explicitNonce() {
			nonce = append(append(make([]byte, 0, 12), h.iv...), binary.BigEndian.AppendUint64(nil, h.seq)...)
			dst = append(dst, nonce[4:]...)
		}
		dst = h.aead.Seal(dst, nonce, payload, h.additional(t, v, len(payload)))
	default:
		plain := append(append(make([]byte, 0, len(payload)+80), payload...), h.sum(t, v, payload)...)
		if h.stream != nil {
			h.stream.XORKeyStream(plain, plain)
			dst = append(dst, plain...)
			break
		}
		pad := h.suite.block - len(plain)%h.suite.block
		for range pad {
			plain = append(plain, byte(pad-1))
		}
		mode := h.seal
		if mode == nil {
			iv := make([]byte, h.suite.block)
			if _, err := rand.Read(iv); err != nil {
				return nil, err
			}
			dst = append(dst, iv...)
			mode = cipher.NewCBCEncrypter(h.block, iv)
		}
		mode.CryptBlocks(plain, plain)
		dst = append(dst, plain...)
	}
	binary.BigEndian.PutUint16(dst[start+3:], uint16(len(dst)-start-headerLen))
	h.seq++
	return dst, nil
}

// Open takes the protection off a record, in place.
func (h *Half) Open(r Record) (Type, []byte, error) {
	t, p := r.Type, r.Payload
	var plain []byte
	switch {
	case h.aead != nil && h.version >= fact.TLS13:
		if t != ApplicationData {
			if t == AlertRecord {
				return t, p, nil // a peer that could not derive keys says so in clear
			}
			return 0, nil, malformed("record of type %d in clear", t)
		}
		var header [headerLen]byte
		header[0] = byte(t)
		binary.BigEndian.PutUint16(header[1:], r.Version)
		binary.BigEndian.PutUint16(header[3:], uint16(len(p)))
		var err error
		if plain, err = h.aead.Open(p[:0], h.nonce(), p, header[:]); err != nil {
			return 0, nil, errBadMAC
		}
		for len(plain) > 0 && plain[len(plain)-1] == 0 {
			plain = plain[:len(plain)-1]
		}
		if len(plain) == 0 {
			return 0, nil, malformed("record without a type")
		}
		t, plain = Type(plain[len(plain)-1]), plain[:len(plain)-1]
	case h.aead != nil:
		nonce := h.nonce()
		if h.suite.explicitNonce() {
			if len(p) < 8 {
				return 0, nil, errBadMAC
			}
			nonce = append(append(make([]byte, 0, 12), h.iv...), p[:8]...)
			p = p[8:]
		}
		if len(p) < h.aead.Overhead() {
			return 0, nil, errBadMAC
		}
		var err error
		if plain, err = h.aead.Open(p[:0], nonce, p, h.additional(t, r.Version, len(p)-h.aead.Overhead())); err != nil {
			return 0, nil, errBadMAC
		}
	default:
		var err error
		if plain, err = h.openMAC(t, r.Version, p); err != nil {
			return 0, nil, err
		}
	}
	if len(plain) > MaxPlaintext {
		return 0, nil, malformed("record of %d bytes", len(plain))
	}
	h.seq++
	return t, plain, nil
}

// openMAC takes off CBC or a stream cipher and then the MAC. It leaks by its timing
// how it failed, which is no loss to a client without secrets.
func (h *Half) openMAC(t Type, version uint16, p []byte) ([]byte, error) {
	if h.stream != nil {
		h.stream.XORKeyStream(p, p)
	} else {
		mode := h.open
		if mode == nil {
			if len(p) < h.suite.block {
				return nil, errBadMAC
			}
			mode = cipher.NewCBCDecrypter(h.block, p[:h.suite.block])
			p = p[h.suite.block:]
		}
		if len(p) == 0 || len(p)%h.suite.block != 0 {
			return nil, errBadMAC
		}
		mode.CryptBlocks(p, p)
		pad := int(p[len(p)-1]) + 1
		if pad > len(p) {
			return nil, errBadMAC
		}
		for _, b := range p[len(p)-pad:] {
			if int(b) != pad-1 {
				return nil, errBadMAC
			}
		}
		p = p[:len(p)-pad]
	}
	n := len(p) - h.suite.macLen()
	if n < 0 || subtle.ConstantTimeCompare(p[n:], h.sum(t, version, p[:n])) != 1 {
		return nil, errBadMAC
	}
	return p[:n], nil
}

// nonce is the vector with the sequence number mixed in (RFC 8446 section 5.3, RFC
// 7905 section 2).
func (h *Half) nonce() []byte {
	n := make([]byte, 12)
	copy(n, h.iv)
	for i := range 8 {
		n[4+i] ^= byte(h.seq >> (56 - 8*i))
	}
	return n
}

// additional is the additional data of AEAD in TLS 1.2, and what the MAC covers
// before it (RFC 5246 sections 6.2.3.1 and 6.2.3.3).
func (h *Half) additional(t Type, version uint16, n int) []byte {
	b := make([]byte, 13)
	binary.BigEndian.PutUint64(b, h.seq)
	b[8] = byte(t)
	binary.BigEndian.PutUint16(b[9:], version)
	binary.BigEndian.PutUint16(b[11:], uint16(n))
	return b
}

func (h *Half) sum(t Type, version uint16, payload []byte) []byte {
	h.mac.Reset()
	h.mac.Write(h.additional(t, version, len(payload)))
	h.mac.Write(payload)
	return h.mac.Sum(nil)
}
