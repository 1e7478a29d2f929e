package tlsprobe

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"peil/internal/fact"
)

// Plan says what to ask. The zero value of a list asks for everything there is; an
// empty list that is not nil asks for nothing.
type Plan struct {
	Versions []fact.Version
	// Suites are those to enumerate, on every version that is accepted. The rest is
	// offered only to find out versions and is reported as not asked.
	Suites []fact.Suite
	// Groups are those to enumerate.
	Groups []fact.Group
	// Order are the questions about preference.
	Order []OrderQuestion
	// Ask are the single questions beside versions, suites and groups.
	Ask Extras
}

// OrderQuestion asks, for each accepted suite of Better, whether the server picks it
// when all accepted suites of Worse are offered before it, in the order given.
type OrderQuestion struct {
	Better, Worse []fact.Suite
}

// Extras are single questions.
type Extras uint16

// The single questions. What else a TLS hash, compression, extension or staple says
// comes along with the enumeration.
const (
	AskKexHash       Extras = 1 << iota // SHA-1 and SHA-224 alone
	AskPreference                       // whether the server has an order of its own
	AskRenegotiation                    // client-initiated, up to 11 times
	AskEarlyData                        // 0-RTT by ticket
	AskNoSNI                            // a hello without server name
	AskFallback                         // TLS_FALLBACK_SCSV, when there are versions to fall back to
	AskDeployments                      // certificates of the other key type on servers with TLS 1.3 alone
	AskEverything    Extras = 1<<iota - 1
)

// Full is the plan that asks for everything.
func Full() Plan { return Plan{Ask: AskEverything} }

func (p Plan) asks(e Extras) bool { return p.Ask&e != 0 }

func (p Plan) version(v fact.Version) bool {
	return p.Versions == nil || slices.Contains(p.Versions, v)
}

// suites are those to enumerate on a version, in the order of worstFirst.
func (p Plan) suites() []fact.Suite {
	if p.Suites == nil {
		return lists().worstFirst
	}
	var s []fact.Suite
	for _, x := range lists().worstFirst {
		if slices.Contains(p.Suites, x) {
			s = append(s, x)
		}
	}
	return s
}

func (p Plan) groups(all []fact.Group) []fact.Group {
	if p.Groups == nil {
		return slices.Clone(all)
	}
	return slices.DeleteFunc(slices.Clone(all), func(g fact.Group) bool { return !slices.Contains(p.Groups, g) })
}

// offers are the lists that hellos are made of, made once.
type offers struct {
	// bestFirst is how a good client would order all suites: a server that follows
	// the client shows itself at its best. worstFirst is the reverse.
	bestFirst, worstFirst []fact.Suite
	// modern and old are short lists, for servers that choke on long ones.
	modern, old []fact.Suite
	// signed are the suites whose key exchange the server signs.
	signed []fact.Suite
	// kinds are the cipher kinds of SSL 2.0.
	kinds []fact.Suite
}

var lists = sync.OnceValue(func() *offers {
	o := &offers{bestFirst: fact.SuitesOn(fact.TLS12), kinds: fact.SuitesOn(fact.SSL20)}
	slices.SortStableFunc(o.bestFirst, func(a, b fact.Suite) int { return cmp.Compare(badness(a), badness(b)) })
	o.worstFirst = slices.Clone(o.bestFirst)
	slices.Reverse(o.worstFirst)
	for _, s := range o.bestFirst {
		switch k, a := s.KeyExchange(), s.Authentication(); {
		case a != fact.AuthRSA && a != fact.AuthECDSA && a != fact.AuthDSS && a != fact.AuthTLS13:
		case k == fact.KexDHE || k == fact.KexECDHE:
			o.signed = append(o.signed, s)
		}
		if n := s.String(); badness(s) < 400 && !strings.Contains(n, "CCM_8") && !strings.Contains(n, "ARIA") {
			o.modern = append(o.modern, s)
		}
		if s.Since() <= fact.TLS10 && badness(s) < 600 {
			o.old = append(o.old, s)
		}
	}
	o.modern = o.modern[:min(len(o.modern), 24)]
	o.old = o.old[:min(len(o.old), 32)]
	return o
})

// badness puts suites in the order in which a good client would offer them. It is
// no judgement, only an order.
func badness(s fact.Suite) int {
	n, b := s.String(), 0
	switch s.KeyExchange() {
	case fact.KexTLS13:
	case fact.KexECDHE:
		b = 100
	case fact.KexDHE:
		b = 200
	case fact.KexRSA:
		b = 300
	default:
		b = 700
	}
	switch s.Authentication() {
	case fact.AuthRSA, fact.AuthECDSA, fact.AuthTLS13:
	case fact.AuthDSS:
		b += 150
	default:
		b += 600
	}
	switch {
	case s.Export(), strings.Contains(n, "NULL"), strings.Contains(n, "SHA256_SHA256"), strings.Contains(n, "SHA384_SHA384"):
		b += 1000
	case strings.Contains(n, "_DES_"), strings.Contains(n, "RC2"), strings.Contains(n, "RC4"), strings.HasSuffix(n, "_OLD"):
		b += 500
	case strings.Contains(n, "3DES"), strings.Contains(n, "IDEA"), strings.Contains(n, "SEED"):
		b += 120
	}
	switch {
	case strings.Contains(n, "AES_256_GCM"):
	case strings.Contains(n, "CHACHA20"):
		b++
	case strings.Contains(n, "AES_128_GCM"):
		b += 2
	case strings.Contains(n, "AES"):
		b += 20
	default:
		b += 40
	}
	if !s.AEAD() {
		b += 30
	}
	return b
}

// legacyGroups are the groups up to TLS 1.2, those that most servers have first.
var legacyGroups = []fact.Group{
	fact.X25519, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1, fact.X448,
	fact.BrainpoolP256r1, fact.BrainpoolP384r1, fact.BrainpoolP512r1, fact.Secp256k1,
	fact.Secp224r1, fact.Secp192r1, fact.Secp224k1, 18, 17, 16, 15,
	14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 34, 35, 36, 37, 38, 39, 40, 41, 65281, 65282,
	fact.FFDHE2048, fact.FFDHE3072, fact.FFDHE4096, fact.FFDHE6144, fact.FFDHE8192,
}

// commonLegacy is how many of legacyGroups most servers choose from.
const commonLegacy = 5

// modernGroups are the groups of TLS 1.3, in the order of a client of today.
var modernGroups = []fact.Group{
	fact.X25519MLKEM768, fact.X25519, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1, fact.X448,
	fact.SecP256r1MLKEM768, fact.SecP384r1MLKEM1024, fact.X25519Kyber768Draft00, 25498,
	fact.MLKEM512, fact.MLKEM768, fact.MLKEM1024,
	fact.FFDHE2048, fact.FFDHE3072, fact.FFDHE4096, fact.FFDHE6144, fact.FFDHE8192,
	fact.BrainpoolP256r1TLS13, fact.BrainpoolP384r1TLS13, fact.BrainpoolP512r1TLS13,
	fact.BrainpoolP256r1, fact.BrainpoolP384r1, fact.BrainpoolP512r1, fact.Secp256k1, fact.Secp224r1, fact.Secp192r1,
	34, 35, 36, 37, 38, 39, 40, 41,
}

func finiteField(g fact.Group) bool { return g>>8 == 1 }

// allSchemes are the signature schemes, best first.
var allSchemes = []fact.SignatureScheme{
	0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b,
	0x081a, 0x081b, 0x081c, 0x0904, 0x0905, 0x0906,
	0x0401, 0x0501, 0x0601, 0x0402, 0x0502, 0x0602, 0x0303, 0x0301, 0x0302, 0x0203, 0x0201, 0x0202, 0x0101,
}

var (
	sha1Schemes   = []fact.SignatureScheme{0x0203, 0x0201, 0x0202}
	sha224Schemes = []fact.SignatureScheme{0x0303, 0x0301, 0x0302}
	sha2Schemes   = slices.DeleteFunc(slices.Clone(allSchemes), func(s fact.SignatureScheme) bool { return !isSHA2(s) })
	rsaSchemes    = []fact.SignatureScheme{0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601}
	ecSchemes     = []fact.SignatureScheme{0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081a, 0x081b, 0x081c}
)
