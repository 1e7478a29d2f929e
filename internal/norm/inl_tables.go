package norm

import (
	"strings"
	"sync"

	"peil/internal/fact"
)

// The lists of catalogue B.6: NCSC TLS 2025-05 as Internet.nl 1.11 has it. They are
// this edition's own, so that a change in another cannot move its score.

// inlSuiteNames has the suites that are not insufficient, by class. In braces stand
// the alternatives of one place.
var inlSuiteNames = map[class][]string{
	good: {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"},
	sufficient: {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256",
		"TLS_ECDHE_{ECDSA|RSA}_WITH_CHACHA20_POLY1305_SHA256",
		"TLS_ECDHE_{ECDSA|RSA}_WITH_AES_256_GCM_SHA384",
		"TLS_ECDHE_{ECDSA|RSA}_WITH_AES_128_GCM_SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_{128|256}_CCM",
	},
	phaseOut: {
		"TLS_ECDHE_{ECDSA|RSA}_WITH_{AES|CAMELLIA|ARIA}_128_CBC_SHA256",
		"TLS_ECDHE_{ECDSA|RSA}_WITH_{AES|CAMELLIA|ARIA}_256_CBC_SHA384",
		"TLS_ECDHE_{ECDSA|RSA}_WITH_{CAMELLIA|ARIA}_128_GCM_SHA256",
		"TLS_ECDHE_{ECDSA|RSA}_WITH_{CAMELLIA|ARIA}_256_GCM_SHA384",
		"TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
		"TLS_DHE_RSA_WITH_{AES|CAMELLIA|ARIA}_128_GCM_SHA256",
		"TLS_DHE_RSA_WITH_{AES|CAMELLIA|ARIA}_256_GCM_SHA384",
		"TLS_DHE_RSA_WITH_{AES|CAMELLIA|ARIA}_128_CBC_SHA256",
		"TLS_DHE_RSA_WITH_{AES|CAMELLIA}_256_CBC_SHA256",
		"TLS_DHE_RSA_WITH_ARIA_256_CBC_SHA384",
		"TLS_DHE_RSA_WITH_AES_{128|256}_CCM",
	},
}

// inlSuites is the class of each suite; one that is not in it is insufficient.
var inlSuites = sync.OnceValue(func() map[fact.Suite]class {
	m := map[fact.Suite]class{}
	for c, names := range inlSuiteNames {
		for _, pattern := range names {
			for _, n := range alternatives(pattern) {
				if s, ok := fact.SuiteNamed(n); ok {
					m[s] = c
				}
			}
		}
	}
	return m
})

// alternatives writes out the braces of a pattern.
func alternatives(pattern string) []string {
	before, rest, ok := strings.Cut(pattern, "{")
	if !ok {
		return []string{pattern}
	}
	choice, after, _ := strings.Cut(rest, "}")
	var out []string
	for c := range strings.SplitSeq(choice, "|") {
		for _, tail := range alternatives(after) {
			out = append(out, before+c+tail)
		}
	}
	return out
}

func inlSuite(s fact.Suite) class { return inlSuites()[s] }

// inlCCM8 is the one suite that is tried on TLS 1.3 [Q].
const inlCCM8 fact.Suite = 0x1305

// inlGroup classes an ephemeral elliptic-curve key; judged is false for what
// Internet.nl does not judge (the hybrids of TLS 1.3).
func inlGroup(g fact.Group) (c class, judged bool) {
	switch g {
	case fact.Secp521r1, fact.Secp384r1, fact.Secp256r1, fact.X25519, fact.X448,
		fact.BrainpoolP512r1, fact.BrainpoolP384r1, fact.BrainpoolP256r1,
		fact.BrainpoolP512r1TLS13, fact.BrainpoolP384r1TLS13, fact.BrainpoolP256r1TLS13:
		return good, true
	case fact.Secp224r1, fact.FFDHE3072, fact.FFDHE4096, fact.FFDHE6144, fact.FFDHE8192:
		return phaseOut, true
	}
	return insufficient, g < 512 // from there on the groups are post-quantum or private
}

// inlSmallDH is the size below which the library that Internet.nl uses turns a key
// away, so that it is never seen [Q].
const inlSmallDH = 1024

// inlDH classes a finite-field group: generator 2 and a group of RFC 7919 from 3072
// bits up is phase-out, every other one insufficient.
func inlDH(p fact.DHParams) class {
	if p.Generator == "2" {
		switch p.Name {
		case "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192":
			return phaseOut
		}
	}
	return insufficient
}

// inlKey classes the key of a certificate.
func inlKey(k publicKey) class {
	switch k.Kind {
	case "rsa":
		switch {
		case k.Bits >= 3072:
			return good
		case k.Bits >= 2048:
			return phaseOut
		}
	case "ed25519", "ed448":
		return good
	case "ec":
		switch k.Curve {
		case "secp521r1", "secp384r1", "secp256r1", "brainpoolP512r1", "brainpoolP384r1", "brainpoolP256r1":
			return good
		case "secp224r1":
			return phaseOut
		}
	}
	return insufficient
}

// inlSignature classes the signature of a certificate. RSASSA-PSS is not on the list,
// so it is bad [Q].
func inlSignature(s signature) class {
	switch s.Kind {
	case "eddsa":
		return sufficient
	case "rsa", "ecdsa":
		switch s.Hash {
		case "sha256", "sha384", "sha512":
			return sufficient
		case "sha224":
			return phaseOut
		}
	}
	return insufficient
}
