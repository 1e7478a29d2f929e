package tlslab

import (
	"crypto"
	"strings"
	"sync"

	"peil/internal/fact"
)

type exchange uint8 // how the premaster secret comes about

const (
	kexOther exchange = iota // PSK, SRP, Kerberos, static DH …: answered, never finished
	kexRSA
	kexDHE
	kexECDHE
	kexTLS13
)

type authentication uint8 // what kind of certificate is shown

const (
	authNone authentication = iota
	authRSA
	authECDSA
	authDSS
)

// suite is what the engine must know of a cipher suite.
type suite struct {
	code   fact.Suite
	kex    exchange
	auth   authentication
	export bool
	since  fact.Version // the first version that has it

	cipher string      // as in the name: "AES_128_CBC"; "" when the engine cannot encrypt by it
	mac    crypto.Hash // of CBC, stream and NULL suites
	prf    crypto.Hash // from TLS 1.2 on
	tag    int         // of AEAD suites
	key    int         // bytes of key
}

// signed says whether the key exchange carries a signature.
func (s *suite) signed() bool {
	return (s.kex == kexDHE || s.kex == kexECDHE) && s.auth != authNone
}

var suites sync.Map // fact.Suite → *suite

// suiteOf derives a suite's properties from its registered name.
func suiteOf(code fact.Suite) *suite {
	if s, ok := suites.Load(code); ok {
		return s.(*suite)
	}
	s, _ := suites.LoadOrStore(code, newSuite(code, code.String()))
	return s.(*suite)
}

func newSuite(code fact.Suite, name string) *suite {
	s := &suite{code: code, since: fact.SSL30, prf: crypto.SHA256}
	if code.IsSSL2() {
		s.since = fact.SSL20
		return s
	}
	kex, cipher, ok := strings.Cut(strings.TrimPrefix(name, "TLS_"), "_WITH_")
	if !ok {
		if code>>8 == 0x13 {
			s.kex, s.since = kexTLS13, fact.TLS13
			s.bulk(strings.TrimPrefix(name, "TLS_"))
		}
		return s
	}
	if strings.Contains(kex, "EXPORT") || strings.Contains(cipher, "EXPORT") {
		s.export = true
		kex = strings.TrimSuffix(kex, "_EXPORT")
	}
	switch kex {
	case "RSA":
		s.kex, s.auth = kexRSA, authRSA
	case "DHE_RSA":
		s.kex, s.auth = kexDHE, authRSA
	case "DHE_DSS":
		s.kex, s.auth = kexDHE, authDSS
	case "DH_anon":
		s.kex = kexDHE
	case "ECDHE_RSA":
		s.kex, s.auth, s.since = kexECDHE, authRSA, fact.TLS10
	case "ECDHE_ECDSA":
		s.kex, s.auth, s.since = kexECDHE, authECDSA, fact.TLS10
	case "ECDH_anon":
		s.kex, s.since = kexECDHE, fact.TLS10
	case "ECDH_RSA", "DH_RSA":
		s.auth = authRSA
	case "ECDH_ECDSA":
		s.auth = authECDSA
	case "DH_DSS":
		s.auth = authDSS
	}
	s.bulk(cipher)
	return s
}

var keyBytes = map[string]int{
	"NULL": 0, "RC4_128": 16, "3DES_EDE_CBC": 24, "DES_CBC": 8,
	"AES_128_CBC": 16, "AES_256_CBC": 32, "AES_128_GCM": 16, "AES_256_GCM": 32,
	"AES_128_CCM": 16, "AES_256_CCM": 32, "CHACHA20_POLY1305": 32,
	"CAMELLIA_128_CBC": 16, "CAMELLIA_256_CBC": 32, "CAMELLIA_128_GCM": 16, "CAMELLIA_256_GCM": 32,
	"ARIA_128_CBC": 16, "ARIA_256_CBC": 32, "ARIA_128_GCM": 16, "ARIA_256_GCM": 32,
}

// bulk takes apart the right side of a suite's name, such as AES_128_CBC_SHA256.
func (s *suite) bulk(name string) {
	tag := 16
	switch {
	case strings.HasSuffix(name, "_CCM_8"), strings.HasSuffix(name, "_CCM_8_SHA256"):
		name, tag = strings.TrimSuffix(strings.TrimSuffix(name, "_SHA256"), "_8"), 8
	case strings.HasSuffix(name, "_CCM"):
	default:
		i := strings.LastIndexByte(name, '_')
		if i < 0 {
			return
		}
		switch name[i+1:] {
		case "MD5":
			s.mac = crypto.MD5
		case "SHA":
			s.mac = crypto.SHA1
		case "SHA256":
			s.mac, s.prf = crypto.SHA256, crypto.SHA256
		case "SHA384":
			s.mac, s.prf = crypto.SHA384, crypto.SHA384
		default:
			return
		}
		name = name[:i]
	}
	aead := strings.HasSuffix(name, "_GCM") || strings.HasSuffix(name, "_CCM") || strings.HasSuffix(name, "_POLY1305")
	if aead {
		s.mac, s.tag = 0, tag
	}
	if (aead || s.mac == crypto.SHA256 || s.mac == crypto.SHA384) && s.since < fact.TLS12 {
		s.since = fact.TLS12
	}
	if n, ok := keyBytes[name]; ok && !s.export {
		s.cipher, s.key = name, n
	}
}

// existsIn says whether the suite may be used on a version.
func (s *suite) existsIn(v fact.Version) bool {
	switch v {
	case fact.SSL20:
		return s.since == fact.SSL20
	case fact.TLS13:
		return s.since == fact.TLS13
	default:
		return s.since != fact.SSL20 && s.since != fact.TLS13 && s.since <= v
	}
}
