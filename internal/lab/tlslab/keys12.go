package tlslab

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"  // TLS 1.0 and 1.1 are made of it
	"crypto/sha1" // as above
	_ "crypto/sha256"
	_ "crypto/sha512"
	"hash"

	"peil/internal/fact"
)

// pHash is P_hash of RFC 5246 section 5.
func pHash(h func() hash.Hash, secret, seed []byte, n int) []byte {
	m := hmac.New(h, secret)
	m.Write(seed)
	a := m.Sum(nil)
	var out []byte
	for len(out) < n {
		m.Reset()
		m.Write(a)
		m.Write(seed)
		out = m.Sum(out)
		m.Reset()
		m.Write(a)
		a = m.Sum(nil)
	}
	return out[:n]
}

// prf is the pseudo-random function of TLS 1.0 to 1.2 (RFC 2246 and RFC 5246 section 5).
func prf(v fact.Version, s *suite, secret []byte, label string, seed []byte, n int) []byte {
	seed = concat([]byte(label), seed)
	if v >= fact.TLS12 {
		return pHash(s.prf.New, secret, seed, n)
	}
	half := (len(secret) + 1) / 2
	out := pHash(md5.New, secret[:half], seed, n)
	for i, b := range pHash(sha1.New, secret[len(secret)-half:], seed, n) {
		out[i] ^= b
	}
	return out
}

// transcriptHash is the hash of the handshake messages that Finished covers.
func transcriptHash(v fact.Version, s *suite, messages []byte) []byte {
	if v >= fact.TLS12 {
		return digest(s.prf, messages)
	}
	return concat(digest(crypto.MD5, messages), digest(crypto.SHA1, messages))
}

func digest(h crypto.Hash, b []byte) []byte {
	x := h.New()
	x.Write(b)
	return x.Sum(nil)
}

// keys12 are the two protections that a master secret leads to.
func keys12(v fact.Version, s *suite, master, clientRandom, serverRandom []byte) (read, write protection, err error) {
	macLen, ivLen := 0, 0
	switch {
	case s.tag == 0:
		macLen = s.mac.Size()
		switch s.cipher {
		case "NULL", "RC4_128":
		case "DES_CBC", "3DES_EDE_CBC":
			ivLen = 8
		default:
			ivLen = 16
		}
	case s.cipher == "CHACHA20_POLY1305":
		ivLen = 12
	default:
		ivLen = 4
	}
	block := prf(v, s, master, "key expansion", concat(serverRandom, clientRandom), 2*(macLen+s.key+ivLen))
	next := func(n int) []byte {
		b := block[:n]
		block = block[n:]
		return b
	}
	clientMAC, serverMAC := next(macLen), next(macLen)
	clientKey, serverKey := next(s.key), next(s.key)
	clientIV, serverIV := next(ivLen), next(ivLen)
	if read, err = protect12(v, s, clientMAC, clientKey, clientIV, true); err != nil {
		return nil, nil, err
	}
	write, err = protect12(v, s, serverMAC, serverKey, serverIV, false)
	return read, write, err
}
