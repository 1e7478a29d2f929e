package tlslab

import (
	"crypto"
	"crypto/ed25519"
	"crypto/md5" // TLS 1.0 and 1.1 sign MD5 and SHA-1 together
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // as above

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// hashes by the number that TLS 1.2 gives them (RFC 5246 section 7.4.1.4.1).
var hashes = map[uint16]crypto.Hash{
	1: crypto.MD5, 2: crypto.SHA1, 3: crypto.SHA224, 4: crypto.SHA256, 5: crypto.SHA384, 6: crypto.SHA512,
}

// signExchange signs the parameters of a key exchange up to TLS 1.2.
func signExchange(v fact.Version, leaf *pki.Leaf, scheme uint16, message []byte) ([]byte, error) {
	if scheme&0xff == 2 && scheme>>8 < 8 {
		return dummyDSA, nil
	}
	if v < fact.TLS12 {
		sha := sha1.Sum(message)
		if _, ok := leaf.Key.(*rsa.PrivateKey); ok {
			md := md5.Sum(message)
			return leaf.Key.Sign(rand.Reader, append(md[:], sha[:]...), crypto.MD5SHA1)
		}
		if _, ok := leaf.Key.(ed25519.PrivateKey); ok {
			return nil, refusal(alertHandshakeFailure)
		}
		return leaf.Signer.Sign(rand.Reader, sha[:], crypto.SHA1)
	}
	return sign(leaf.Signer, scheme, message)
}

// dummyDSA is well-formed and verifies for nobody: two integers of 20 bytes.
var dummyDSA = func() []byte {
	b := []byte{0x30, 44, 2, 20}
	for i := range 20 {
		b = append(b, byte(0x21+i))
	}
	b = append(b, 2, 20)
	for i := range 20 {
		b = append(b, byte(0x41+i))
	}
	return b
}()

// sign signs by a scheme of RFC 8446 section 4.2.3.
func sign(key crypto.Signer, scheme uint16, message []byte) ([]byte, error) {
	switch {
	case scheme == 0x0807:
		return key.Sign(rand.Reader, message, crypto.Hash(0))
	case scheme >= 0x0804 && scheme <= 0x0806:
		h := hashes[scheme&0xff]
		return key.Sign(rand.Reader, digest(h, message), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h})
	case scheme >= 0x081a && scheme <= 0x081c: // RFC 8734
		h := hashes[scheme&0xff-0x1a+4]
		return key.Sign(rand.Reader, digest(h, message), h)
	}
	h, ok := hashes[scheme>>8]
	if !ok {
		return nil, refusal(alertInternalError)
	}
	return key.Sign(rand.Reader, digest(h, message), h)
}
