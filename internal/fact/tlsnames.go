package fact

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a protocol version of SSL or TLS, by its code on the wire.
type Version uint16

// The versions.
const (
	SSL20 Version = 0x0002
	SSL30 Version = 0x0300
	TLS10 Version = 0x0301
	TLS11 Version = 0x0302
	TLS12 Version = 0x0303
	TLS13 Version = 0x0304
)

var versionNames = map[Version]string{
	SSL20: "SSL 2.0", SSL30: "SSL 3.0", TLS10: "TLS 1.0", TLS11: "TLS 1.1", TLS12: "TLS 1.2", TLS13: "TLS 1.3",
}

// AllVersions are the versions that Peil asks for, oldest first.
func AllVersions() []Version { return []Version{SSL20, SSL30, TLS10, TLS11, TLS12, TLS13} }

// String is the name by which people know the version.
func (v Version) String() string { return nameOr(versionNames[v], uint32(v)) }

// MarshalText writes the name, or the code in hexadecimal.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (v *Version) UnmarshalText(b []byte) error {
	for k, n := range versionNames {
		if n == string(b) {
			*v = k
			return nil
		}
	}
	n, err := parseCode(string(b), 16)
	*v = Version(n)
	return err
}

// Suite is a cipher suite by its code on the wire. A cipher kind of SSL 2.0, which
// has three bytes, is its number with bit 24 set, so that 0x010080 of SSL 2.0
// (0x01010080 here) is never taken for a suite of SSL 3.0 and later.
type Suite uint32

// SSL2Suite is the Suite of a cipher kind of SSL 2.0.
func SSL2Suite(kind uint32) Suite { return Suite(0x01000000 | kind) }

// IsSSL2 reports whether the suite is a cipher kind of SSL 2.0.
func (s Suite) IsSSL2() bool { return s&0x01000000 != 0 }

// String is the name in the IANA registry, or the code in hexadecimal.
func (s Suite) String() string { return nameOr(suiteNames[s], uint32(s)) }

// MarshalText writes the name, or the code in hexadecimal.
func (s Suite) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Suite) UnmarshalText(b []byte) error {
	if k, ok := suiteCodes[string(b)]; ok {
		*s = k
		return nil
	}
	n, err := parseCode(string(b), 32)
	*s = Suite(n)
	return err
}

// Group is a key-exchange group (IANA "TLS Supported Groups") by its code.
type Group uint16

// Groups that have a role in a norm.
const (
	Secp192r1             Group = 19
	Secp224k1             Group = 20
	Secp224r1             Group = 21
	Secp256k1             Group = 22
	Secp256r1             Group = 23
	Secp384r1             Group = 24
	Secp521r1             Group = 25
	BrainpoolP256r1       Group = 26
	BrainpoolP384r1       Group = 27
	BrainpoolP512r1       Group = 28
	X25519                Group = 29
	X448                  Group = 30
	BrainpoolP256r1TLS13  Group = 31
	BrainpoolP384r1TLS13  Group = 32
	BrainpoolP512r1TLS13  Group = 33
	FFDHE2048             Group = 256
	FFDHE3072             Group = 257
	FFDHE4096             Group = 258
	FFDHE6144             Group = 259
	FFDHE8192             Group = 260
	MLKEM512              Group = 512
	MLKEM768              Group = 513
	MLKEM1024             Group = 514
	SecP256r1MLKEM768     Group = 4587
	X25519MLKEM768        Group = 4588
	SecP384r1MLKEM1024    Group = 4589
	X25519Kyber768Draft00 Group = 25497
)

var groupNames = map[Group]string{
	1: "sect163k1", 2: "sect163r1", 3: "sect163r2", 4: "sect193r1", 5: "sect193r2", 6: "sect233k1", 7: "sect233r1",
	8: "sect239k1", 9: "sect283k1", 10: "sect283r1", 11: "sect409k1", 12: "sect409r1", 13: "sect571k1", 14: "sect571r1",
	15: "secp160k1", 16: "secp160r1", 17: "secp160r2", 18: "secp192k1", 19: "secp192r1", 20: "secp224k1", 21: "secp224r1",
	22: "secp256k1", 23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 26: "brainpoolP256r1", 27: "brainpoolP384r1",
	28: "brainpoolP512r1", 29: "x25519", 30: "x448", 31: "brainpoolP256r1tls13", 32: "brainpoolP384r1tls13",
	33: "brainpoolP512r1tls13", 34: "GC256A", 35: "GC256B", 36: "GC256C", 37: "GC256D", 38: "GC512A", 39: "GC512B",
	40: "GC512C", 41: "curveSM2", 256: "ffdhe2048", 257: "ffdhe3072", 258: "ffdhe4096", 259: "ffdhe6144", 260: "ffdhe8192",
	512: "MLKEM512", 513: "MLKEM768", 514: "MLKEM1024", 4587: "SecP256r1MLKEM768", 4588: "X25519MLKEM768",
	4589: "SecP384r1MLKEM1024", 25497: "X25519Kyber768Draft00", 25498: "SecP256r1Kyber768Draft00",
	65281: "arbitrary_explicit_prime_curves", 65282: "arbitrary_explicit_char2_curves",
}

// String is the name in the IANA registry, or the code in hexadecimal.
func (g Group) String() string { return nameOr(groupNames[g], uint32(g)) }

// MarshalText writes the name, or the code in hexadecimal.
func (g Group) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (g *Group) UnmarshalText(b []byte) error {
	for k, n := range groupNames {
		if n == string(b) {
			*g = k
			return nil
		}
	}
	n, err := parseCode(string(b), 16)
	*g = Group(n)
	return err
}

// SignatureScheme is a signature algorithm as TLS numbers it (RFC 8446 section
// 4.2.3; for TLS 1.2 hash in the high byte and algorithm in the low one).
type SignatureScheme uint16

var schemeNames = map[SignatureScheme]string{
	0x0101: "rsa_pkcs1_md5", 0x0201: "rsa_pkcs1_sha1", 0x0301: "rsa_pkcs1_sha224", 0x0401: "rsa_pkcs1_sha256", 0x0501: "rsa_pkcs1_sha384", 0x0601: "rsa_pkcs1_sha512",
	0x0102: "dsa_md5", 0x0202: "dsa_sha1", 0x0302: "dsa_sha224", 0x0402: "dsa_sha256", 0x0502: "dsa_sha384", 0x0602: "dsa_sha512",
	0x0203: "ecdsa_sha1", 0x0303: "ecdsa_sha224", 0x0403: "ecdsa_secp256r1_sha256", 0x0503: "ecdsa_secp384r1_sha384", 0x0603: "ecdsa_secp521r1_sha512",
	0x0804: "rsa_pss_rsae_sha256", 0x0805: "rsa_pss_rsae_sha384", 0x0806: "rsa_pss_rsae_sha512", 0x0807: "ed25519", 0x0808: "ed448",
	0x0809: "rsa_pss_pss_sha256", 0x080a: "rsa_pss_pss_sha384", 0x080b: "rsa_pss_pss_sha512",
	0x081a: "ecdsa_brainpoolP256r1tls13_sha256", 0x081b: "ecdsa_brainpoolP384r1tls13_sha384", 0x081c: "ecdsa_brainpoolP512r1tls13_sha512",
	0x0904: "mldsa44", 0x0905: "mldsa65", 0x0906: "mldsa87",
}

// String is the name in the IANA registry, or the code in hexadecimal.
func (s SignatureScheme) String() string { return nameOr(schemeNames[s], uint32(s)) }

// MarshalText writes the name, or the code in hexadecimal.
func (s SignatureScheme) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *SignatureScheme) UnmarshalText(b []byte) error {
	for k, n := range schemeNames {
		if n == string(b) {
			*s = k
			return nil
		}
	}
	n, err := parseCode(string(b), 16)
	*s = SignatureScheme(n)
	return err
}

func nameOr(name string, code uint32) string {
	if name != "" {
		return name
	}
	return fmt.Sprintf("0x%04X", code)
}

func parseCode(s string, bits int) (uint64, error) {
	h, ok := strings.CutPrefix(s, "0x")
	if !ok {
		return 0, fmt.Errorf("unknown name %q: want a registered name or a code such as 0x1301", s)
	}
	n, err := strconv.ParseUint(h, 16, bits)
	if err != nil {
		return 0, fmt.Errorf("code %q: %w", s, err)
	}
	return n, nil
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
