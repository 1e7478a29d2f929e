package tlslab

import (
	"crypto/cipher"
	"sync"
)

// ariaS2 is the second S-box of RFC 5794 section 2.4.2; the first is that of AES.
var ariaS2 = tableOf("" +
	"e24e54fc94c24acc620d6a463c4d8bd15efa64cbb497be2bbc772e03d31959c1" +
	"1d06416b55f09969ea9c18ae63dfe7bb007366fb964c85e43a0945aa0fee10eb" +
	"2d7ff429accfad918d78c895f92fcecd087a88385c832a2847dbb8c793a41253" +
	"ff870e3136215848018e377432cae9b1b7ab0cd7c4564226079860d9b6b91140" +
	"ec208cbda0c984044923f14f501f13dcd8c09e57e3c37b653b028f3ee82592e5" +
	"15ddfd17a9bfd49a7ec53967fe769d43a7e1d0f568f21b347005a38ad57986a8" +
	"30c6514b1ea627f635d26e2416825fdae675a2ef2cb21c9f5d6f800a72449b6c" +
	"900b5b337d5a52f361a1f7b0d63f7c6ded14e0a53d22b3f889de711aafbab581")

// ariaBoxes are S1, S2 and their inverses.
var ariaBoxes = sync.OnceValue(func() *[4][256]byte {
	var t [4][256]byte
	s1, s2 := aesBox(), ariaS2()
	for i := range 256 {
		t[0][i], t[1][i] = s1[i], s2[i]
		t[2][s1[i]], t[3][s2[i]] = byte(i), byte(i)
	}
	return &t
})

// aesBox computes the S-box of AES (FIPS 197 section 5.1.1): the inverse in
// GF(2^8), then an affine map.
func aesBox() *[256]byte {
	mul := func(a, b byte) (p byte) {
		for ; b != 0; b >>= 1 {
			if b&1 != 0 {
				p ^= a
			}
			if a&0x80 != 0 {
				a = a<<1 ^ 0x1b
			} else {
				a <<= 1
			}
		}
		return p
	}
	var s [256]byte
	for x := range 256 {
		inverse := byte(0)
		for y := range 256 {
			if mul(byte(x), byte(y)) == 1 {
				inverse = byte(y)
			}
		}
		for i := range 5 { // the sum of its rotations by 0 to 4
			s[x] ^= inverse<<i | inverse>>(8-i)
		}
		s[x] ^= 0x63
	}
	return &s
}

// ariaConstants are C1 to C3 of RFC 5794 section 2.2.
var ariaConstants = [3]word128{
	{0x517cc1b727220a94, 0xfe13abe8fa9a6ee0}, {0x6db14acc9e21c820, 0xff28b1d5ef5de2b0}, {0xdb92371d2126e970, 0x0324977504e8c90e},
}

// ariaSums says which bytes of the input each byte of the diffusion layer adds up
// (section 2.4.3).
var ariaSums = [16][7]byte{
	{3, 4, 6, 8, 9, 13, 14},
	{2, 5, 7, 8, 9, 12, 15},
	{1, 4, 6, 10, 11, 12, 15},
	{0, 5, 7, 10, 11, 13, 14},
	{0, 2, 5, 8, 11, 14, 15},
	{1, 3, 4, 9, 10, 14, 15},
	{0, 2, 7, 9, 10, 12, 13},
	{1, 3, 6, 8, 11, 12, 13},
	{0, 1, 4, 7, 10, 13, 15},
	{0, 1, 5, 6, 11, 12, 14},
	{2, 3, 5, 6, 8, 13, 15},
	{2, 3, 4, 7, 9, 12, 14},
	{1, 2, 6, 7, 9, 11, 12},
	{0, 3, 6, 7, 8, 10, 13},
	{0, 3, 4, 5, 9, 11, 14},
	{1, 2, 4, 5, 8, 10, 15},
}

// aria is the block cipher of RFC 5794 with keys of 128 or 256 bits.
type aria struct{ enc, dec []word128 } // round keys

// substitute is SL1 with shift 0 and SL2 with shift 2.
func ariaSubstitute(w word128, shift int) (out word128) {
	t := ariaBoxes()
	var b [16]byte
	w.store(b[:])
	for i := range b {
		b[i] = t[(i+shift)%4][b[i]]
	}
	return load128(b[:])
}

func ariaDiffuse(w word128) word128 {
	var in, out [16]byte
	w.store(in[:])
	for i, sum := range ariaSums {
		for _, j := range sum {
			out[i] ^= in[j]
		}
	}
	return load128(out[:])
}

// ariaRound is the odd round function FO with shift 0, the even one FE with shift 2.
func ariaRound(w, key word128, shift int) word128 {
	return ariaDiffuse(ariaSubstitute(w.xor(key), shift))
}

// newARIA makes the cipher of a key of 16 or 32 bytes (section 2.2).
func newARIA(key []byte) cipher.Block {
	kl := load128(key)
	var kr word128
	first, rounds := 0, 12
	if len(key) == 32 {
		kr = load128(key[16:])
		first, rounds = 2, 16
	}
	var w [4]word128
	w[0] = kl
	w[1] = ariaRound(w[0], ariaConstants[first], 0).xor(kr)
	w[2] = ariaRound(w[1], ariaConstants[(first+1)%3], 2).xor(w[0])
	w[3] = ariaRound(w[2], ariaConstants[(first+2)%3], 0).xor(w[1])
	a := &aria{}
	for i := range rounds + 1 {
		turn := [5]uint{128 - 19, 128 - 31, 61, 31, 19}[i/4]
		x, y := w[i%4], w[(i+1)%4].rotl(turn)
		a.enc = append(a.enc, x.xor(y))
	}
	for i := range a.enc { // section 2.3.2
		k := a.enc[rounds-i]
		if i > 0 && i < rounds {
			k = ariaDiffuse(k)
		}
		a.dec = append(a.dec, k)
	}
	return a
}

func ariaCrypt(keys []word128, dst, src []byte) {
	w := load128(src)
	last := len(keys) - 1
	for i := range last - 1 {
		w = ariaRound(w, keys[i], i%2*2)
	}
	ariaSubstitute(w.xor(keys[last-1]), 2).xor(keys[last]).store(dst)
}

// BlockSize implements cipher.Block.
func (a *aria) BlockSize() int { return 16 }

// Encrypt implements cipher.Block.
func (a *aria) Encrypt(dst, src []byte) { ariaCrypt(a.enc, dst, src) }

// Decrypt implements cipher.Block.
func (a *aria) Decrypt(dst, src []byte) { ariaCrypt(a.dec, dst, src) }
