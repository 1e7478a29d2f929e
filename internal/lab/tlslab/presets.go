package tlslab

import (
	"slices"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// TLS13Only is a server that speaks TLS 1.3 alone.
func TLS13Only() *Profile { return &Profile{Versions: []fact.Version{fact.TLS13}} }

// UsualNginx is a web server as most are: TLS 1.2 and 1.3 with the suites of Mozilla's
// intermediate configuration, the client's order, an ECDSA certificate, tickets.
func UsualNginx() *Profile {
	return &Profile{
		Suites: map[fact.Version][]fact.Suite{
			fact.TLS12: {0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8},
			fact.TLS13: {0x1302, 0x1303, 0x1301},
		},
		ClientOrder: true,
		Groups:      []fact.Group{fact.X25519, fact.Secp256r1, fact.X448, fact.Secp521r1, fact.Secp384r1},
		Groups13:    []fact.Group{fact.X25519, fact.Secp256r1, fact.X448, fact.Secp521r1, fact.Secp384r1},
	}
}

// EverythingOn is a server whose owner enabled whatever its library had: TLS 1.0 to
// 1.3, 104 pairs of version and suite, RSA and ECDSA certificates.
func EverythingOn() *Profile {
	cbc := []fact.Suite{0xC00A, 0xC009, 0xC014, 0xC013, 0x0039, 0x0033, 0x0035, 0x002F, 0x003A, 0x0034, 0xC019, 0xC018}
	camellia := []fact.Suite{0x0088, 0x0045, 0x0084, 0x0041, 0x0089, 0x0046}
	old := slices.Concat(cbc, camellia)
	return &Profile{
		Versions: []fact.Version{fact.TLS10, fact.TLS11, fact.TLS12, fact.TLS13},
		Suites: map[fact.Version][]fact.Suite{
			fact.TLS10: old,
			fact.TLS11: old,
			fact.TLS12: slices.Concat(
				[]fact.Suite{0xC02C, 0xCCA9, 0xC02B, 0xC0AD, 0xC0AC, 0xC024, 0xC023}, // ECDHE-ECDSA
				[]fact.Suite{0xC030, 0xCCA8, 0xC02F, 0xC028, 0xC027},                 // ECDHE-RSA
				[]fact.Suite{0x009F, 0xCCAA, 0x009E, 0xC09F, 0xC09E, 0x006B, 0x0067}, // DHE-RSA
				[]fact.Suite{0x009D, 0x009C, 0xC09D, 0xC09C, 0x003D, 0x003C},         // RSA
				[]fact.Suite{0x00A7, 0x00A6, 0x006D, 0x006C},                         // anonymous
				cbc, //
				[]fact.Suite{0xC05D, 0xC05C, 0xC061, 0xC060, 0xC053, 0xC052, 0xC051, 0xC050},                 // ARIA
				[]fact.Suite{0xC073, 0xC072, 0xC077, 0xC076, 0x00C4, 0x00BE, 0x00C5, 0x00BF, 0x00C0, 0x00BA}, // Camellia
				camellia,
			),
			fact.TLS13: {0x1302, 0x1303, 0x1301},
		},
		Groups: []fact.Group{
			fact.X25519, fact.Secp256r1, fact.X448, fact.Secp521r1, fact.Secp384r1,
			fact.BrainpoolP512r1, fact.BrainpoolP384r1, fact.BrainpoolP256r1, fact.Secp256k1, fact.Secp224r1,
		},
		Groups13:  []fact.Group{fact.X25519, fact.Secp256r1, fact.X448, fact.Secp521r1, fact.Secp384r1, fact.FFDHE2048, fact.FFDHE3072},
		DH:        FFDHE2048,
		KexHashes: []Hash{SHA256, SHA384, SHA512, SHA224, SHA1},
		Certs:     []pki.Spec{{}, {Key: pki.RSA2048, Signature: pki.RSASHA256}},
	}
}
