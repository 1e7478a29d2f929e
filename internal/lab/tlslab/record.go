package tlslab

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rc4" // old servers are what is played here
	"crypto/subtle"
	"encoding/binary"
	"hash"

	"peil/internal/fact"
)

// Content types (RFC 8446 section 5.1).
const (
	typeChangeCipherSpec = 20
	typeAlert            = 21
	typeHandshake        = 22
	typeApplicationData  = 23
)

// maxPlain is the largest plaintext of a record, maxRecord the largest protected one
// (RFC 5246 section 6.2.3).
const (
	maxPlain  = 1 << 14
	maxRecord = maxPlain + 2048
)

// protection turns the content of records into what goes over the wire and back.
// One value serves one direction of one connection, record after record.
type protection interface {
	// seal returns the protected content; open reverses it. The type is the one on the
	// wire; TLS 1.3 hides the real one in the content.
	seal(typ byte, text []byte) (byte, []byte)
	open(typ byte, box []byte) (byte, []byte, error)
}

func header13(n int) []byte { return []byte{typeApplicationData, 3, 3, byte(n >> 8), byte(n)} }

// aead13 protects records of TLS 1.3 (RFC 8446 section 5.2).
type aead13 struct {
	aead cipher.AEAD
	iv   []byte
	seq  uint64
}

func (p *aead13) nonce() []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[4:], p.seq)
	subtle.XORBytes(n, n, p.iv)
	p.seq++
	return n
}

func (p *aead13) seal(typ byte, text []byte) (byte, []byte) {
	inner := append(append(make([]byte, 0, len(text)+1+p.aead.Overhead()), text...), typ)
	return typeApplicationData, p.aead.Seal(inner[:0], p.nonce(), inner, header13(len(inner)+p.aead.Overhead()))
}

func (p *aead13) open(typ byte, box []byte) (byte, []byte, error) {
	if typ != typeApplicationData {
		return 0, nil, errOpen
	}
	text, err := p.aead.Open(nil, p.nonce(), box, header13(len(box)))
	if err != nil {
		p.seq-- // the next try is with the same number: early data that we skip has none
		return 0, nil, err
	}
	for len(text) > 0 && text[len(text)-1] == 0 {
		text = text[:len(text)-1]
	}
	if len(text) == 0 {
		return 0, nil, errOpen
	}
	return text[len(text)-1], text[:len(text)-1], nil
}

// aead12 protects records of TLS 1.2 by GCM and CCM, with an explicit nonce (RFC 5288
// section 3), or ChaCha20-Poly1305, without (RFC 7905 section 2).
type aead12 struct {
	aead     cipher.AEAD
	iv       []byte // 4 bytes, or 12
	explicit bool
	seq      uint64
}

func (p *aead12) parts(typ byte, n int) (nonce, extra []byte) {
	extra = binary.BigEndian.AppendUint64(make([]byte, 0, 13), p.seq)
	nonce = make([]byte, 12)
	if p.explicit {
		copy(nonce, p.iv)
		copy(nonce[4:], extra)
	} else {
		copy(nonce[4:], extra)
		subtle.XORBytes(nonce, nonce, p.iv)
	}
	p.seq++
	return nonce, append(extra, typ, 3, 3, byte(n>>8), byte(n))
}

func (p *aead12) seal(typ byte, text []byte) (byte, []byte) {
	nonce, extra := p.parts(typ, len(text))
	var out []byte
	if p.explicit {
		out = append(out, nonce[4:]...)
	}
	return typ, p.aead.Seal(out, nonce, text, extra)
}

func (p *aead12) open(typ byte, box []byte) (byte, []byte, error) {
	var sent []byte
	if p.explicit {
		if len(box) < 8 {
			return 0, nil, errOpen
		}
		sent, box = box[:8], box[8:]
	}
	if len(box) < p.aead.Overhead() {
		return 0, nil, errOpen
	}
	nonce, extra := p.parts(typ, len(box)-p.aead.Overhead())
	copy(nonce[4:], sent)
	text, err := p.aead.Open(nil, nonce, box, extra)
	return typ, text, err
}

// maced protects by a MAC over the plaintext and then a block cipher, a stream cipher
// or nothing (RFC 5246 section 6.2.3; RFC 2246 chains the CBC state from record to record).
type maced struct {
	version fact.Version
	mac     hash.Hash
	seq     uint64
	stream  cipher.Stream    // RC4, or nil
	cbc     cipher.BlockMode // of this direction in TLS 1.0, else nil
	block   cipher.Block     // of later versions, or nil
}

func (p *maced) sum(typ byte, text []byte) []byte {
	h := binary.BigEndian.AppendUint64(make([]byte, 0, 13), p.seq)
	h = append(h, typ, byte(p.version>>8), byte(p.version), byte(len(text)>>8), byte(len(text)))
	p.seq++
	p.mac.Reset()
	p.mac.Write(h)
	p.mac.Write(text)
	return p.mac.Sum(nil)
}

func (p *maced) blockSize() int {
	switch {
	case p.cbc != nil:
		return p.cbc.BlockSize()
	case p.block != nil:
		return p.block.BlockSize()
	}
	return 0
}

func (p *maced) seal(typ byte, text []byte) (byte, []byte) {
	body := append(append([]byte(nil), text...), p.sum(typ, text)...)
	size := p.blockSize()
	if size == 0 {
		if p.stream != nil {
			p.stream.XORKeyStream(body, body)
		}
		return typ, body
	}
	for n, pad := 0, size-1-len(body)%size; n <= pad; n++ {
		body = append(body, byte(pad))
	}
	if p.cbc != nil {
		p.cbc.CryptBlocks(body, body)
		return typ, body
	}
	out := make([]byte, size+len(body))
	_, _ = rand.Read(out[:size]) // crypto/rand never fails
	cipher.NewCBCEncrypter(p.block, out[:size]).CryptBlocks(out[size:], body)
	return typ, out
}

func (p *maced) open(typ byte, box []byte) (byte, []byte, error) {
	size := p.blockSize()
	text := append([]byte(nil), box...)
	if size == 0 {
		if p.stream != nil {
			p.stream.XORKeyStream(text, text)
		}
	} else {
		mode := p.cbc
		if mode == nil {
			if len(text) < size {
				return 0, nil, errOpen
			}
			mode = cipher.NewCBCDecrypter(p.block, text[:size])
			text = text[size:]
		}
		if len(text) == 0 || len(text)%size != 0 {
			return 0, nil, errOpen
		}
		mode.CryptBlocks(text, text)
		pad := int(text[len(text)-1]) + 1
		if pad > len(text) {
			return 0, nil, errOpen
		}
		text = text[:len(text)-pad]
	}
	n := len(text) - p.mac.Size()
	if n < 0 || !hmac.Equal(text[n:], p.sum(typ, text[:n])) {
		return 0, nil, errOpen
	}
	return typ, text[:n], nil
}

// protect12 makes the protection of one direction up to TLS 1.2 out of its part of
// the key block.
func protect12(v fact.Version, s *suite, macKey, key, iv []byte, reading bool) (protection, error) {
	if s.tag > 0 {
		a, err := newAEAD(s, key)
		return &aead12{aead: a, iv: iv, explicit: len(iv) == 4}, err
	}
	p := &maced{version: v, mac: hmac.New(s.mac.New, macKey)}
	var err error
	switch s.cipher {
	case "NULL":
		return p, nil
	case "RC4_128":
		p.stream, err = rc4.NewCipher(key)
		return p, err
	}
	p.block, err = newBlock(s.cipher, key)
	if err == nil && v == fact.TLS10 {
		if reading {
			p.cbc = cipher.NewCBCDecrypter(p.block, iv)
		} else {
			p.cbc = cipher.NewCBCEncrypter(p.block, iv)
		}
	}
	return p, err
}
