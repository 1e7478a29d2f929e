package tlswire

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"  // the PRF of TLS 1.0 and 1.1
	"crypto/sha1" // the same
	_ "crypto/sha256"
	_ "crypto/sha512"
	"hash"

	"peil/internal/fact"
)

// PRF is the pseudo-random function of a version (RFC 2246 section 5, RFC 5246
// section 5). h is the hash of the suite and counts from TLS 1.2 on.
func PRF(v fact.Version, h crypto.Hash, out, secret []byte, label string, seed []byte) {
	labelled := make([]byte, 0, len(label)+len(seed))
	labelled = append(append(labelled, label...), seed...)
	if v >= fact.TLS12 {
		pHash(h.New, out, secret, labelled)
		return
	}
	half := (len(secret) + 1) / 2
	pHash(md5.New, out, secret[:half], labelled)
	other := make([]byte, len(out))
	pHash(sha1.New, other, secret[len(secret)-half:], labelled)
	for i, b := range other {
		out[i] ^= b
	}
}

func pHash(h func() hash.Hash, out, secret, seed []byte) {
	m := hmac.New(h, secret)
	m.Write(seed)
	a := m.Sum(nil)
	for len(out) > 0 {
		m.Reset()
		m.Write(a)
		m.Write(seed)
		out = out[copy(out, m.Sum(nil)):]
		m.Reset()
		m.Write(a)
		a = m.Sum(a[:0])
	}
}

// TranscriptHash is the hash over the handshake messages of a version up to TLS 1.2
// (RFC 5246 section 7.4.9; MD5 and SHA-1 together before).
func TranscriptHash(v fact.Version, h crypto.Hash, transcript []byte) []byte {
	if v >= fact.TLS12 {
		return sum(h, transcript)
	}
	m, s := md5.Sum(transcript), sha1.Sum(transcript) // as the protocol says
	return append(m[:], s[:]...)
}

func sum(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

// MasterSecret derives the master secret. sessionHash is the TranscriptHash up to
// and with ClientKeyExchange when both sides agreed on extended_master_secret (RFC
// 7627 section 4), else nil.
func MasterSecret(v fact.Version, h crypto.Hash, pre, clientRandom, serverRandom, sessionHash []byte) []byte {
	out := make([]byte, 48)
	if sessionHash != nil {
		PRF(v, h, out, pre, "extended master secret", sessionHash)
		return out
	}
	PRF(v, h, out, pre, "master secret", concat(clientRandom, serverRandom))
	return out
}

// LegacyKeys makes the protection of both directions from the master secret (RFC
// 5246 section 6.3).
func LegacyKeys(v fact.Version, s *Suite, master, clientRandom, serverRandom []byte) (client, server *Half, err error) {
	block := make([]byte, 2*(s.macLen()+s.keyLen+s.fixedIV(v)))
	PRF(v, s.Hash, block, master, "key expansion", concat(serverRandom, clientRandom))
	take := func(n int) []byte { b := block[:n]; block = block[n:]; return b }
	cm, sm := take(s.macLen()), take(s.macLen())
	ck, sk := take(s.keyLen), take(s.keyLen)
	ci, si := take(s.fixedIV(v)), take(s.fixedIV(v))
	if client, err = newHalf(v, s, ck, cm, ci); err != nil {
		return nil, nil, err
	}
	server, err = newHalf(v, s, sk, sm, si)
	return client, server, err
}

// Finished is the verify_data of a side, "client" or "server", up to TLS 1.2 (RFC
// 5246 section 7.4.9).
func Finished(v fact.Version, h crypto.Hash, master []byte, side string, transcript []byte) []byte {
	out := make([]byte, 12)
	PRF(v, h, out, master, side+" finished", TranscriptHash(v, h, transcript))
	return out
}

func concat(a, b []byte) []byte { return append(append(make([]byte, 0, len(a)+len(b)), a...), b...) }
