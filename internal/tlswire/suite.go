package tlswire

import (
	"crypto"
	"strings"

	"peil/internal/fact"
)

// Suite is a cipher suite that this package can use to the end of a handshake.
type Suite struct {
	ID   fact.Suite
	Kex  fact.KeyExchange
	Auth fact.Authentication
	Hash crypto.Hash // of the PRF from TLS 1.2 on, and of the key schedule of TLS 1.3

	mode   mode
	keyLen int
	block  int // of block ciphers
	mac    crypto.Hash
}

type mode uint8

const (
	gcm mode = iota
	ccm
	ccm8
	chacha
	cbcAES
	cbc3DES
	rc4Stream
)

// FindSuite returns what is needed to use a suite, or false for one that this
// package only offers.
func FindSuite(id fact.Suite) (*Suite, bool) {
	s := &Suite{ID: id, Kex: id.KeyExchange(), Auth: id.Authentication(), Hash: crypto.SHA256}
	switch s.Kex {
	case fact.KexRSA, fact.KexDHE, fact.KexECDHE, fact.KexTLS13:
	default:
		return nil, false
	}
	switch s.Auth {
	case fact.AuthRSA, fact.AuthECDSA, fact.AuthDSS, fact.AuthAnon, fact.AuthTLS13:
	default:
		return nil, false
	}
	if id.IsSSL2() || id.Export() || strings.HasSuffix(id.String(), "_OLD") || strings.HasPrefix(id.String(), "SSL_") {
		return nil, false
	}
	if strings.HasSuffix(id.String(), "SHA384") {
		s.Hash = crypto.SHA384
	}
	switch id.Cipher() {
	case "AES_128_GCM":
		s.mode, s.keyLen = gcm, 16
	case "AES_256_GCM":
		s.mode, s.keyLen = gcm, 32
	case "AES_128_CCM":
		s.mode, s.keyLen = ccm, 16
	case "AES_256_CCM":
		s.mode, s.keyLen = ccm, 32
	case "AES_128_CCM_8":
		s.mode, s.keyLen = ccm8, 16
	case "AES_256_CCM_8":
		s.mode, s.keyLen = ccm8, 32
	case "CHACHA20_POLY1305":
		s.mode, s.keyLen = chacha, 32
	case "AES_128_CBC":
		s.mode, s.keyLen, s.block = cbcAES, 16, 16
	case "AES_256_CBC":
		s.mode, s.keyLen, s.block = cbcAES, 32, 16
	case "3DES_EDE_CBC":
		s.mode, s.keyLen, s.block = cbc3DES, 24, 8
	case "RC4_128":
		s.mode, s.keyLen = rc4Stream, 16
	default:
		return nil, false
	}
	switch id.MAC() {
	case "AEAD":
	case "MD5":
		s.mac = crypto.MD5
	case "SHA":
		s.mac = crypto.SHA1
	case "SHA256":
		s.mac = crypto.SHA256
	case "SHA384":
		s.mac = crypto.SHA384
	default:
		return nil, false
	}
	return s, true
}

// explicitNonce reports whether records up to TLS 1.2 carry eight bytes of the nonce.
func (s *Suite) explicitNonce() bool { return s.mode == gcm || s.mode == ccm || s.mode == ccm8 }

func (s *Suite) macLen() int {
	if s.mac == 0 {
		return 0
	}
	return s.mac.Size()
}

// fixedIV is how much of the key block is initialisation vector: of TLS 1.0 the
// first one of CBC (RFC 2246), the salt of GCM (RFC 5288) and CCM (RFC 6655), all of
// ChaCha20 (RFC 7905).
func (s *Suite) fixedIV(v fact.Version) int {
	switch s.mode {
	case gcm, ccm, ccm8:
		return 4
	case chacha:
		return 12
	case cbcAES, cbc3DES:
		if v <= fact.TLS10 {
			return s.block
		}
	}
	return 0
}
