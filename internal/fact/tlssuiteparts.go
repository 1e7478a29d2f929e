package fact

import (
	"slices"
	"strings"
)

// KeyExchange is how a cipher suite agrees on keys.
type KeyExchange string

// The key exchanges of cipher suites.
const (
	KexRSA      KeyExchange = "RSA"   // key transport, no forward secrecy
	KexDHE      KeyExchange = "DHE"   // ephemeral, finite field (also of anonymous suites)
	KexECDHE    KeyExchange = "ECDHE" // ephemeral, elliptic curve (also of anonymous suites)
	KexDH       KeyExchange = "DH"    // static, key in the certificate
	KexECDH     KeyExchange = "ECDH"  // static, key in the certificate
	KexPSK      KeyExchange = "PSK"
	KexKRB5     KeyExchange = "KRB5"
	KexSRP      KeyExchange = "SRP"
	KexGOST     KeyExchange = "GOST"
	KexFortezza KeyExchange = "FORTEZZA"
	KexECCPWD   KeyExchange = "ECCPWD"
	KexCECPQ1   KeyExchange = "CECPQ1"
	KexTLS13    KeyExchange = "TLS1.3" // agreed apart from the suite (RFC 8446)
	KexNone     KeyExchange = "NULL"
)

// Authentication is how a cipher suite proves who the server is.
type Authentication string

// The ways of authentication of cipher suites.
const (
	AuthRSA   Authentication = "RSA"
	AuthECDSA Authentication = "ECDSA" // EdDSA certificates use these suites too (RFC 8422)
	AuthDSS   Authentication = "DSS"
	AuthAnon  Authentication = "anon"
	AuthPSK   Authentication = "PSK"
	AuthKRB5  Authentication = "KRB5"
	AuthSRP   Authentication = "SRP"
	AuthGOST  Authentication = "GOST"
	AuthTLS13 Authentication = "TLS1.3" // agreed apart from the suite (RFC 8446)
	AuthNone  Authentication = "NULL"
)

// Suites are all cipher suites that have a name, of SSL 2.0 too, by code.
func Suites() []Suite {
	all := make([]Suite, 0, len(suiteNames))
	for s := range suiteNames {
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

// SuitesOn are all named cipher suites that may be asked for on a version: the
// kinds of SSL 2.0 on that version, everything else on every other. Some of them
// are only defined for later versions (see Since); a server that accepts them
// earlier is at fault, and that can be seen only by asking.
func SuitesOn(v Version) []Suite {
	return slices.DeleteFunc(Suites(), func(s Suite) bool { return s.IsSSL2() != (v == SSL20) })
}

// SuiteNamed returns the suite with a registered name.
func SuiteNamed(name string) (Suite, bool) {
	s, ok := suiteCodes[name]
	return s, ok
}

// Known reports whether the suite has a name.
func (s Suite) Known() bool { return suiteNames[s] != "" }

// parts divides a name at _WITH_.
func (s Suite) parts() (kex, cipher string) {
	n := suiteNames[s]
	n = strings.TrimPrefix(strings.TrimPrefix(n, "TLS_"), "SSL_")
	n = strings.TrimSuffix(n, "_OLD")
	kex, cipher, ok := strings.Cut(n, "_WITH_")
	if !ok {
		return "", n // a suite of TLS 1.3 names no key exchange
	}
	return kex, cipher
}

// Of13 reports whether the suite is one of TLS 1.3, which is of no use before it.
func (s Suite) Of13() bool {
	switch {
	case s>>8 == 0x13, s == 0xC0B4, s == 0xC0B5, s == 0x00C6, s == 0x00C7, 0xC103 <= s && s <= 0xC106:
		return true // RFC 8446, RFC 9150, RFC 8998, RFC 9367
	}
	return false
}

// KeyExchange is how keys are agreed on; "" for a suite without name.
func (s Suite) KeyExchange() KeyExchange {
	if !s.Known() {
		return ""
	}
	if s.Of13() {
		return KexTLS13
	}
	kex, _ := s.parts()
	switch {
	case kex == "NULL":
		return KexNone
	case s.IsSSL2():
		return KexRSA
	case strings.HasPrefix(kex, "ECDHE_"), strings.HasPrefix(kex, "ECDH_anon"):
		return KexECDHE
	case strings.HasPrefix(kex, "ECDH_"):
		return KexECDH
	case strings.HasPrefix(kex, "DHE_"), strings.HasPrefix(kex, "DH_anon"), kex == "PSK_DHE":
		return KexDHE
	case strings.HasPrefix(kex, "DH_"):
		return KexDH
	case strings.HasPrefix(kex, "RSA"):
		return KexRSA
	case strings.HasPrefix(kex, "PSK"):
		return KexPSK
	case strings.HasPrefix(kex, "KRB5"):
		return KexKRB5
	case strings.HasPrefix(kex, "SRP"):
		return KexSRP
	case strings.HasPrefix(kex, "GOST"):
		return KexGOST
	case strings.HasPrefix(kex, "FORTEZZA"):
		return KexFortezza
	case strings.HasPrefix(kex, "ECCPWD"):
		return KexECCPWD
	case strings.HasPrefix(kex, "CECPQ1"):
		return KexCECPQ1
	}
	return ""
}

// Authentication is how the server proves who it is; "" for a suite without name.
func (s Suite) Authentication() Authentication {
	if !s.Known() {
		return ""
	}
	if s.Of13() {
		return AuthTLS13
	}
	kex, _ := s.parts()
	switch {
	case kex == "NULL":
		return AuthNone
	case s.IsSSL2(), strings.HasPrefix(kex, "SRP_SHA_RSA"):
		return AuthRSA
	case strings.HasPrefix(kex, "SRP_SHA_DSS"), strings.HasPrefix(kex, "FORTEZZA"):
		return AuthDSS
	case strings.HasPrefix(kex, "SRP"):
		return AuthSRP
	case strings.HasPrefix(kex, "GOST"):
		return AuthGOST
	case strings.HasPrefix(kex, "KRB5"):
		return AuthKRB5
	case strings.Contains(kex, "PSK"), kex == "ECCPWD":
		return AuthPSK // RSA_PSK has a certificate too; none of them is for the web
	case strings.Contains(kex, "anon"):
		return AuthAnon
	case strings.Contains(kex, "ECDSA"):
		return AuthECDSA
	case strings.Contains(kex, "DSS"):
		return AuthDSS
	case strings.Contains(kex, "RSA"):
		return AuthRSA
	}
	return ""
}

// Cipher is the bulk cipher with its mode as the name writes it: "AES_128_GCM",
// "3DES_EDE_CBC", "RC4_128", "NULL".
func (s Suite) Cipher() string {
	if s.IsSSL2() {
		kex, _ := s.parts()
		return strings.TrimPrefix(kex, "CK_")
	}
	_, c := s.parts()
	for _, m := range []string{"_GOSTR3411", "_GOST94", "_IMIT", "_SHA512", "_SHA384", "_SHA256", "_SHA", "_MD5"} {
		if t, ok := strings.CutSuffix(c, m); ok {
			return t
		}
	}
	return c
}

// MAC is what protects the integrity of records: "AEAD", or the hash of the HMAC.
func (s Suite) MAC() string {
	_, c := s.parts()
	switch {
	case c == "":
		return ""
	case s.AEAD():
		return "AEAD"
	}
	if i := strings.LastIndexByte(c, '_'); i >= 0 {
		return c[i+1:]
	}
	return c // SSL 2.0: MD5 or SHA; TLS_NULL_WITH_NULL_NULL never comes here
}

// AEAD reports whether cipher and integrity are one.
func (s Suite) AEAD() bool {
	_, c := s.parts()
	for _, m := range []string{"_GCM", "_CCM", "POLY1305", "_MGM_", "AEGIS"} {
		if strings.Contains(c, m) {
			return true
		}
	}
	return false
}

// Export reports whether the suite was weakened on purpose for export.
func (s Suite) Export() bool { return strings.Contains(suiteNames[s], "EXPORT") }

// Since is the first version for which the suite is defined: AEAD and SHA-2 suites
// need TLS 1.2 (RFC 5246, RFC 5288 section 4), elliptic curves TLS 1.0 (RFC 4492).
func (s Suite) Since() Version {
	switch {
	case s.IsSSL2():
		return SSL20
	case s.Of13():
		return TLS13
	case s.AEAD(), strings.HasSuffix(suiteNames[s], "SHA256"), strings.HasSuffix(suiteNames[s], "SHA384"):
		return TLS12
	case s.KeyExchange() == KexECDHE, s.KeyExchange() == KexECDH:
		return TLS10
	}
	return SSL30
}

// ForwardSecret reports whether keys are ephemeral, so that yesterday's traffic
// stays secret when the server's key is stolen.
func (s Suite) ForwardSecret() bool {
	switch s.KeyExchange() {
	case KexDHE, KexECDHE, KexTLS13, KexCECPQ1, KexECCPWD:
		return true
	}
	return false
}
