package tlslab

import (
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"slices"
	"sync"
)

// tableOf decodes a table of 256 bytes.
func tableOf(s string) func() *[256]byte {
	return sync.OnceValue(func() *[256]byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			panic("tlslab: a constant of this package is not hexadecimal")
		}
		return (*[256]byte)(b)
	})
}

// camelliaS1 is SBOX1 of RFC 3713 section 2.4.1; the other three are rotations of it.
var camelliaS1 = tableOf("" +
	"70822cecb327c0e5e4855735ea0cae4123ef6b934519a521ed0e4f4e1d6592bd" +
	"86b8af8f7ceb1fce3e30dc5f5ec50b1aa6e139cad5475d3dd9015ad651566c4d" +
	"8b0d9a66fbccb02d74122b20f0b18499df4ccbc2347e76056db7a931d11704d7" +
	"14583a61de1b111c320f9c165318f222fe44cfb2c3b57a912408e8a860fc6950" +
	"aad0a07da1896297545b1e95e0ff64d210c40048a3f775db8a03e6da093fdd94" +
	"875c8302cd4a90337367f6f39d7fbfe2529bd826c837c63b81966f4b13be632e" +
	"e979a78c9f6ebc8e29f5f9b62ffdb4597898066ae74671bad425ab4288a28dfa" +
	"7207b955f8eeac0a36492a683c38f1a44028d37bbbc943c115e3adf477c7809e")

// camelliaSigma are the constants of RFC 3713 section 2.2.
var camelliaSigma = [6]uint64{
	0xA09E667F3BCC908B, 0xB67AE8584CAA73B2, 0xC6EF372FE94F82BE, 0x54FF53A5F1D36F1C, 0x10E527FADE682D1D, 0xB05688C2B3E6C1FD,
}

// camellia is the block cipher of RFC 3713 with keys of 128 or 256 bits.
type camellia struct {
	enc, dec camelliaKeys
}

// camelliaKeys are the subkeys in the order of their use.
type camelliaKeys struct {
	kw [4]uint64
	k  []uint64 // 18 or 24
	ke []uint64 // 4 or 6
}

// word128 is a number of 128 bits, high half first.
type word128 [2]uint64

func (w word128) rotl(n uint) word128 {
	if n >= 64 {
		w, n = word128{w[1], w[0]}, n-64
	}
	if n == 0 {
		return w
	}
	return word128{w[0]<<n | w[1]>>(64-n), w[1]<<n | w[0]>>(64-n)}
}

func (w word128) xor(v word128) word128 { return word128{w[0] ^ v[0], w[1] ^ v[1]} }

func load128(b []byte) word128 {
	return word128{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (w word128) store(b []byte) {
	binary.BigEndian.PutUint64(b, w[0])
	binary.BigEndian.PutUint64(b[8:], w[1])
}

// newCamellia makes the cipher of a key of 16 or 32 bytes.
func newCamellia(key []byte) cipher.Block {
	kl := load128(key)
	var kr word128
	if len(key) == 32 {
		kr = load128(key[16:])
	}
	d := kl.xor(kr) // section 2.2
	d[1] ^= camelliaF(d[0], camelliaSigma[0])
	d[0] ^= camelliaF(d[1], camelliaSigma[1])
	d = d.xor(kl)
	d[1] ^= camelliaF(d[0], camelliaSigma[2])
	d[0] ^= camelliaF(d[1], camelliaSigma[3])
	ka := d
	d = ka.xor(kr)
	d[1] ^= camelliaF(d[0], camelliaSigma[4])
	d[0] ^= camelliaF(d[1], camelliaSigma[5])
	kb := d

	c := &camellia{}
	e := &c.enc
	join := func(ws ...word128) []uint64 {
		var out []uint64
		for _, w := range ws {
			out = append(out, w[0], w[1])
		}
		return out
	}
	if len(key) == 16 {
		copy(e.kw[:], join(kl, ka.rotl(111)))
		e.k = join(ka, kl.rotl(15), ka.rotl(15), kl.rotl(45), word128{ka.rotl(45)[0], kl.rotl(60)[1]}, ka.rotl(60),
			kl.rotl(94), ka.rotl(94), kl.rotl(111))
		e.ke = join(ka.rotl(30), kl.rotl(77))
	} else {
		copy(e.kw[:], join(kl, kb.rotl(111)))
		e.k = join(kb, kr.rotl(15), ka.rotl(15), kb.rotl(30), kl.rotl(45), ka.rotl(45),
			kr.rotl(60), kb.rotl(60), kl.rotl(77), kr.rotl(94), ka.rotl(94), kl.rotl(111))
		e.ke = join(kr.rotl(30), kl.rotl(60), ka.rotl(77))
	}
	c.dec = camelliaKeys{[4]uint64{e.kw[2], e.kw[3], e.kw[0], e.kw[1]}, slices.Clone(e.k), slices.Clone(e.ke)}
	slices.Reverse(c.dec.k)
	slices.Reverse(c.dec.ke)
	return c
}

// camelliaF is the F function of section 2.4.1.
func camelliaF(in, key uint64) uint64 {
	s := camelliaS1()
	x := in ^ key
	box := func(kind int, b byte) uint64 {
		switch kind {
		case 2:
			return uint64(bits.RotateLeft8(s[b], 1))
		case 3:
			return uint64(bits.RotateLeft8(s[b], 7))
		case 4:
			return uint64(s[bits.RotateLeft8(b, 1)])
		}
		return uint64(s[b])
	}
	var t [9]uint64
	for i, kind := range [8]int{1, 2, 3, 4, 2, 3, 4, 1} {
		t[i+1] = box(kind, byte(x>>(56-8*i)))
	}
	return (t[1]^t[3]^t[4]^t[6]^t[7]^t[8])<<56 | (t[1]^t[2]^t[4]^t[5]^t[7]^t[8])<<48 |
		(t[1]^t[2]^t[3]^t[5]^t[6]^t[8])<<40 | (t[2]^t[3]^t[4]^t[5]^t[6]^t[7])<<32 |
		(t[1]^t[2]^t[6]^t[7]^t[8])<<24 | (t[2]^t[3]^t[5]^t[7]^t[8])<<16 |
		(t[3]^t[4]^t[5]^t[6]^t[8])<<8 | (t[1] ^ t[4] ^ t[5] ^ t[6] ^ t[7])
}

// camelliaFL and camelliaFLInverse are those of sections 2.4.2 and 2.4.3.
func camelliaFL(in, key uint64) uint64 {
	x1, x2, k1, k2 := uint32(in>>32), uint32(in), uint32(key>>32), uint32(key)
	x2 ^= bits.RotateLeft32(x1&k1, 1)
	x1 ^= x2 | k2
	return uint64(x1)<<32 | uint64(x2)
}

func camelliaFLInverse(in, key uint64) uint64 {
	y1, y2, k1, k2 := uint32(in>>32), uint32(in), uint32(key>>32), uint32(key)
	y1 ^= y2 | k2
	y2 ^= bits.RotateLeft32(y1&k1, 1)
	return uint64(y1)<<32 | uint64(y2)
}

func (k *camelliaKeys) crypt(dst, src []byte) {
	d := load128(src)
	d[0] ^= k.kw[0]
	d[1] ^= k.kw[1]
	for i := 0; i < len(k.k); i += 2 {
		if i > 0 && i%6 == 0 {
			d[0] = camelliaFL(d[0], k.ke[i/3-2])
			d[1] = camelliaFLInverse(d[1], k.ke[i/3-1])
		}
		d[1] ^= camelliaF(d[0], k.k[i])
		d[0] ^= camelliaF(d[1], k.k[i+1])
	}
	word128{d[1] ^ k.kw[2], d[0] ^ k.kw[3]}.store(dst)
}

// BlockSize implements cipher.Block.
func (c *camellia) BlockSize() int { return 16 }

// Encrypt implements cipher.Block.
func (c *camellia) Encrypt(dst, src []byte) { c.enc.crypt(dst, src) }

// Decrypt implements cipher.Block.
func (c *camellia) Decrypt(dst, src []byte) { c.dec.crypt(dst, src) }
