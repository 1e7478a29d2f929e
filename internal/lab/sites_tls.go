package lab

import (
	"slices"

	"peil/internal/fact"
	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
)

// Suites that the entries below add, by their IANA names. Which of a pair is used
// depends on the certificate: a site of the country may have one of either kind.
const (
	ecdheECDSA3DES      fact.Suite = 0xC008 // TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA
	ecdheECDSARC4       fact.Suite = 0xC007 // TLS_ECDHE_ECDSA_WITH_RC4_128_SHA
	ecdheECDSANull      fact.Suite = 0xC006 // TLS_ECDHE_ECDSA_WITH_NULL_SHA
	ecdheECDSACBCSHA    fact.Suite = 0xC009 // TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
	ecdheECDSACBCSHA256 fact.Suite = 0xC023 // TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
	ecdheECDSACamellia  fact.Suite = 0xC086 // TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256
	dheRSAGCM           fact.Suite = 0x009E // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
	rsaGCM              fact.Suite = 0x009C // TLS_RSA_WITH_AES_128_GCM_SHA256
	rsa3DES             fact.Suite = 0x000A // TLS_RSA_WITH_3DES_EDE_CBC_SHA
	ecdheRSA3DES        fact.Suite = 0xC012 // TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA
	ecdheRSACBCSHA      fact.Suite = 0xC013 // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
	ecdheRSACBCSHA256   fact.Suite = 0xC027 // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
	anonAES             fact.Suite = 0xC018 // TLS_ECDH_anon_WITH_AES_128_CBC_SHA
	exportRSA           fact.Suite = 0x0008 // TLS_RSA_EXPORT_WITH_DES40_CBC_SHA
	tls13CCM8           fact.Suite = 0x1305 // TLS_AES_128_CCM_8_SHA256
)

// dual is a certificate of each kind, for what only RSA can do.
func dual() []pki.Spec { return []pki.Spec{{}, rsaCert()} }

func rsaCert() pki.Spec { return pki.Spec{Key: pki.RSA3072, Signature: pki.RSASHA256} }

func tls(change func(*tlslab.Profile)) func(*Site) { return func(s *Site) { s.tls(change) } }

// addSuites puts suites after those that the server has on TLS 1.2.
func addSuites(p *tlslab.Profile, suites ...fact.Suite) {
	have, ok := p.Suites[fact.TLS12]
	if !ok {
		have = tlslab.DefaultSuites(fact.TLS12)
	}
	if p.Suites == nil {
		p.Suites = map[fact.Version][]fact.Suite{}
	}
	p.Suites[fact.TLS12] = append(slices.Clone(have), suites...)
}

func withSuites(suites ...fact.Suite) func(*Site) {
	return tls(func(p *tlslab.Profile) { addSuites(p, suites...) })
}

func withRSASuites(suites ...fact.Suite) func(*Site) {
	return tls(func(p *tlslab.Profile) { p.Certs = dual(); addSuites(p, suites...) })
}

func dhe(group tlslab.DHGroup) func(*Site) {
	return tls(func(p *tlslab.Profile) { p.Certs, p.DH = dual(), group; addSuites(p, dheRSAGCM) })
}

func curves(groups ...fact.Group) func(*Site) {
	return tls(func(p *tlslab.Profile) { p.Groups = groups })
}

// The TLS field of the half-yearly measurement failed.
const tlsForum = `
forum
  web_legacy_tls_ncsc_web failed
  = web_complete failed
  = web_complete_with_ipv6_rpki failed`

func tlsSites() []entry {
	oldVersion := func(tls13 string) string {
		return `
internet.nl 98
  web_https_tls_version failed bad 0/10
peil below_standard
  web.tls.version failed
  web.tls.ciphers failed` + tlsForum + `
wdo
  wdo.tls.version failed
ncsc-tls-2021
  tls.version ` + tls13 + `
ncsc-tls-2025
  tls.version failed
  tls.ciphers failed`
	}
	phaseOut := `
internet.nl 100
  web_https_tls_ciphers warning phase-out 10/10
peil up_to_standard
  web.tls.ciphers.phaseout warning
  web.tls.order passed
forum
  web_legacy_tls_ncsc_web warning
ncsc-tls-2021
  tls.order passed
ncsc-tls-2025
  tls.order passed
  tls.ciphers warning`
	insufficient := `
internet.nl 98
  web_https_tls_ciphers failed bad 0/10
peil below_standard
  web.tls.order passed
  web.tls.ciphers failed` + tlsForum + `
ncsc-tls-2021
  tls.order passed
ncsc-tls-2025
  tls.order passed
  tls.ciphers failed`
	kexBad := `
internet.nl 98
  web_https_tls_keyexchange failed bad 0/10
peil below_standard
  web.tls.keyexchange failed` + tlsForum + `
ncsc-tls-2025
  tls.keyexchange.curves failed`
	dheBad := `
internet.nl 98
  web_https_tls_ciphers warning phase-out 10/10
  web_https_tls_keyexchange failed bad 0/10
peil below_standard
  web.tls.ciphers.phaseout warning
  web.tls.order passed
  web.tls.keyexchange failed` + tlsForum + `
ncsc-tls-2021
  tls.order passed
ncsc-tls-2025
  tls.order passed
  tls.ciphers warning
  tls.keyexchange warning
  tls.keyexchange.ffdhe failed`
	only13 := `
internet.nl 100
  web_https_tls_cipherorder passed na 10/10
  web_https_tls_extendedmastersecret not_tested na-no-tls-1-2
peil up_to_standard
  web.tls.secreneg not_applicable
  web.tls.keyexchangehash passed
  web.tls.keyexchangehash.phaseout passed
  web.tls.compression not_applicable
  web.tls.clientreneg not_applicable
  web.tls.ems not_applicable
  web.tls.order not_applicable
wdo
  wdo.tls.kexhash passed
  wdo.tls.compression not_applicable
  wdo.tls.renegotiation.secure not_applicable
  wdo.tls.renegotiation.client not_applicable
  wdo.tls.ems not_applicable
ncsc-tls-2021
  tls.kexhash passed
  tls.compression not_applicable
  tls.renegotiation.secure not_applicable
  tls.renegotiation.client not_applicable
ncsc-tls-2025
  tls.kexhash passed
  tls.compression not_applicable
  tls.renegotiation.secure not_applicable
  tls.renegotiation.client not_applicable
  tls.ems not_applicable`
	one := func(inlLine, requirement string) string {
		return `
internet.nl 98
  ` + inlLine + `
peil below_standard
  ` + requirement + ` failed` + tlsForum
	}
	return []entry{
		{"tls-1-1", "tls", Text{"ook TLS 1.1", "TLS 1.1 as well"}, tls(func(p *tlslab.Profile) {
			p.Versions = []fact.Version{fact.TLS11, fact.TLS12, fact.TLS13}
		}), oldVersion("warning")},
		{"tls-1-0", "tls", Text{"ook TLS 1.0", "TLS 1.0 as well"}, tls(func(p *tlslab.Profile) {
			p.Versions = []fact.Version{fact.TLS10, fact.TLS12, fact.TLS13}
		}), oldVersion("warning")},
		{"tls-1-0-gap", "tls", Text{"ook TLS 1.0, verborgen achter een gat: 1.1 wijst de server af", "TLS 1.0 as well, hidden behind a gap: the server turns 1.1 away"}, tls(func(p *tlslab.Profile) {
			p.Versions, p.ExactVersions = []fact.Version{fact.TLS10, fact.TLS12, fact.TLS13}, true
		}), oldVersion("warning")},
		{"ssl-3", "tls", Text{"ook SSL 3.0", "SSL 3.0 as well"}, tls(func(p *tlslab.Profile) {
			p.Versions, p.Certs = []fact.Version{fact.SSL30, fact.TLS12, fact.TLS13}, dual()
		}), oldVersion("failed") + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers warning
  tls.keyexchange warning
ncsc-tls-2025
  tls.keyexchange failed`},
		{"ssl-2", "tls", Text{"ook SSL 2.0", "SSL 2.0 as well"}, tls(func(p *tlslab.Profile) {
			p.Versions, p.Certs = []fact.Version{fact.SSL20, fact.TLS12, fact.TLS13}, dual()
		}), oldVersion("failed") + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers failed
  tls.keyexchange failed
ncsc-tls-2025
  tls.keyexchange failed`},
		{"tls-1-3-only", "tls", Text{"alleen TLS 1.3", "TLS 1.3 alone"}, tls(func(p *tlslab.Profile) {
			p.Versions = []fact.Version{fact.TLS13}
		}), only13},
		{"tls-only-good", "tls", Text{"alleen wat de richtlijn van 2025 goed noemt", "nothing but what the guideline of 2025 calls good"}, tls(func(p *tlslab.Profile) {
			p.Versions = []fact.Version{fact.TLS13}
			p.Suites = map[fact.Version][]fact.Suite{fact.TLS13: {0x1302, 0x1303}}
			p.Groups13 = []fact.Group{fact.X25519MLKEM768}
		}), only13 + `
peil up_to_standard
  web.tls.good passed`},
		{"no-http2", "tls", Text{"geen HTTP/2", "no HTTP/2"}, tls(func(p *tlslab.Profile) { p.ALPN = []string{"http/1.1"} }), `
peil up_to_standard
  web.https.http2 failed`},
		{"tls-1-2-only", "tls", Text{"alleen TLS 1.2", "TLS 1.2 alone"}, tls(func(p *tlslab.Profile) {
			p.Versions = []fact.Version{fact.TLS12}
		}), `
peil up_to_standard
  web.tls.postquantum failed
  web.tls.earlydata not_applicable
forum
  web_legacy_tls_1_3 failed
wdo
  wdo.tls.0rtt not_applicable
ncsc-tls-2021
  tls.0rtt not_applicable
ncsc-tls-2025
  tls.0rtt not_applicable`},
		{"tls-1-3-over-v4", "tls", Text{"over IPv4 alleen TLS 1.3, over IPv6 ook 1.2", "TLS 1.3 alone over IPv4, 1.2 as well over IPv6"}, func(s *Site) {
			s.V4[0].tls(func(p *tlslab.Profile) { p.Versions = []fact.Version{fact.TLS13} })
		}, `
internet.nl 100
  web_https_tls_extendedmastersecret not_tested na-no-tls-1-2 10/10`},

		{"cipher-phase-out", "tls", Text{"ook een uit te faseren algoritmeselectie (CBC met SHA-256)", "a phase-out suite as well (CBC with SHA-256)"}, withSuites(ecdheECDSACBCSHA256, ecdheRSACBCSHA256), phaseOut},
		{"cipher-camellia", "tls", Text{"ook Camellia", "Camellia as well"}, withSuites(ecdheECDSACamellia), phaseOut + `
peil below_standard
  web.tls.ciphers failed
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers failed`},
		{"cipher-cbc-sha1", "tls", Text{"ook CBC met SHA-1", "CBC with SHA-1 as well"}, withSuites(ecdheECDSACBCSHA, ecdheRSACBCSHA), insufficient},
		{"cipher-3des", "tls", Text{"ook 3DES", "3DES as well"}, withSuites(ecdheECDSA3DES, ecdheRSA3DES), insufficient + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers warning`},
		{"cipher-rc4", "tls", Text{"ook RC4", "RC4 as well"}, withSuites(ecdheECDSARC4), insufficient + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers failed`},
		{"cipher-null", "tls", Text{"ook zonder versleuteling (NULL)", "without encryption as well (NULL)"}, withSuites(ecdheECDSANull), insufficient + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers failed`},
		{"cipher-anon", "tls", Text{"ook anoniem", "anonymous as well"}, withSuites(anonAES), insufficient + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers failed
  tls.keyexchange failed
ncsc-tls-2025
  tls.keyexchange failed`},
		{"cipher-rsa", "tls", Text{"ook sleuteluitwisseling met RSA", "RSA key exchange as well"}, withRSASuites(rsaGCM), insufficient + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers warning
  tls.keyexchange warning
ncsc-tls-2025
  tls.keyexchange failed`},
		{"cipher-rsa-only", "tls", Text{"alleen TLS 1.2 met sleuteluitwisseling door RSA", "TLS 1.2 with RSA key exchange alone"}, tls(func(p *tlslab.Profile) {
			p.Versions, p.Certs = []fact.Version{fact.TLS12}, []pki.Spec{rsaCert()}
			p.Suites = map[fact.Version][]fact.Suite{fact.TLS12: {rsaGCM}}
		}), insufficient + `
# Nothing is signed, so that no hash is judged; internet.nl counts that as good.
internet.nl 98
  web_https_tls_keyexchange passed na 10/10
  web_https_tls_keyexchangehash passed good 10/10
peil below_standard
  web.tls.keyexchangehash not_applicable
  web.tls.keyexchangehash.phaseout not_applicable
  web.tls.keyexchange not_applicable
  web.tls.keyexchange.phaseout not_applicable
  web.tls.order not_applicable
  web.tls.earlydata not_applicable
  web.tls.postquantum failed
forum
  web_legacy_tls_1_3 failed
wdo
  wdo.tls.kexhash not_applicable
  wdo.tls.ciphers failed
  wdo.tls.curves not_applicable
  wdo.tls.0rtt not_applicable
ncsc-tls-2021
  tls.kexhash not_applicable
  tls.order not_applicable
  tls.0rtt not_applicable
  tls.ciphers warning
  tls.keyexchange warning
  tls.keyexchange.curves not_applicable
ncsc-tls-2025
  tls.kexhash not_applicable
  tls.order not_applicable
  tls.0rtt not_applicable
  tls.keyexchange failed
  tls.keyexchange.curves not_applicable`},
		{"cipher-rsa-3des", "tls", Text{"ook RSA met 3DES", "RSA with 3DES as well"}, withRSASuites(rsa3DES), insufficient + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers warning
  tls.keyexchange warning
ncsc-tls-2025
  tls.keyexchange failed`},
		{"cipher-export", "tls", Text{"ook TLS 1.0 met exportsterkte (40 bits)", "TLS 1.0 with export strength as well (40 bits)"}, tls(func(p *tlslab.Profile) { // no version above TLS 1.0 has these suites
			p.Versions, p.Certs = []fact.Version{fact.TLS10, fact.TLS12, fact.TLS13}, dual()
			p.Suites = map[fact.Version][]fact.Suite{fact.TLS10: append(tlslab.DefaultSuites(fact.TLS10), exportRSA)}
		}), oldVersion("warning") + `
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers failed
  tls.order passed
  tls.keyexchange failed
ncsc-tls-2025
  tls.keyexchange failed`},
		{"cipher-ccm8", "tls", Text{"in TLS 1.3 ook CCM_8", "CCM_8 in TLS 1.3 as well"}, tls(func(p *tlslab.Profile) {
			p.Suites = map[fact.Version][]fact.Suite{fact.TLS13: append(tlslab.DefaultSuites(fact.TLS13), tls13CCM8)}
		}), insufficient + `
internet.nl 98
wdo
  wdo.tls.ciphers failed
ncsc-tls-2021
  tls.ciphers failed`},
		{"order-client", "tls", Text{"de bezoeker kiest, ook een uit te faseren selectie", "the visitor chooses, a phase-out suite too"}, tls(func(p *tlslab.Profile) {
			addSuites(p, ecdheECDSACBCSHA256, ecdheRSACBCSHA256)
			p.ClientOrder = true
		}), phaseOut + `
internet.nl 98
  web_https_tls_cipherorder failed bad 0/10
peil up_to_standard
  web.tls.order failed` + tlsForum + `
ncsc-tls-2021
  tls.order failed
ncsc-tls-2025
  tls.order failed`},
		{"order-wrong", "tls", Text{"de server kiest eerst een uit te faseren selectie", "the server chooses a phase-out suite first"}, tls(func(p *tlslab.Profile) {
			p.Suites = map[fact.Version][]fact.Suite{fact.TLS12: append([]fact.Suite{ecdheECDSACBCSHA256}, tlslab.DefaultSuites(fact.TLS12)...)}
		}), phaseOut + `
internet.nl 98
  web_https_tls_cipherorder failed bad 0/10
peil up_to_standard
  web.tls.order failed` + tlsForum + `
ncsc-tls-2021
  tls.order failed
ncsc-tls-2025
  tls.order failed`},

		{"curve-p256", "tls", Text{"alleen P-256", "P-256 alone"}, curves(fact.Secp256r1), `
internet.nl 100
  web_https_tls_keyexchange passed good 10/10`},
		{"curve-p224", "tls", Text{"liefst P-224", "P-224 by preference"}, curves(fact.Secp224r1, fact.Secp256r1), `
internet.nl 100
  web_https_tls_keyexchange warning phase-out 10/10
peil up_to_standard
  web.tls.keyexchange.phaseout warning
forum
  web_legacy_tls_ncsc_web warning
wdo
  wdo.tls.curves warning
ncsc-tls-2021
  tls.keyexchange.curves warning
ncsc-tls-2025
  tls.keyexchange.curves warning`},
		{"curve-secp256k1", "tls", Text{"liefst secp256k1", "secp256k1 by preference"}, curves(fact.Secp256k1, fact.Secp256r1), kexBad + `
wdo
  wdo.tls.curves warning
ncsc-tls-2021
  tls.keyexchange.curves failed`},
		{"curve-p192", "tls", Text{"liefst P-192", "P-192 by preference"}, curves(fact.Secp192r1, fact.Secp256r1), kexBad + `
wdo
  wdo.tls.curves failed
ncsc-tls-2021
  tls.keyexchange.curves failed`},
		{"dh-ffdhe3072", "tls", Text{"ook DHE met ffdhe3072", "DHE with ffdhe3072 as well"}, dhe(tlslab.FFDHE3072), phaseOut + `
internet.nl 100
  web_https_tls_keyexchange warning phase-out 10/10
peil up_to_standard
  web.tls.keyexchange.phaseout warning
wdo
  wdo.tls.ffdhe passed
ncsc-tls-2021
  tls.keyexchange.ffdhe passed
ncsc-tls-2025
  tls.keyexchange warning
  tls.keyexchange.ffdhe warning`},
		{"dh-ffdhe2048", "tls", Text{"ook DHE met ffdhe2048", "DHE with ffdhe2048 as well"}, dhe(tlslab.FFDHE2048), dheBad + `
wdo
  wdo.tls.ffdhe failed
ncsc-tls-2021
  tls.keyexchange.ffdhe warning`},
		{"dh-custom-2048", "tls", Text{"ook DHE met een eigen groep van 2048 bits", "DHE with a self-made group of 2048 bits as well"}, dhe(tlslab.Custom2048), dheBad + `
wdo
  wdo.tls.ffdhe warning
ncsc-tls-2021
  tls.keyexchange.ffdhe failed`},
		{"dh-1024", "tls", Text{"ook DHE met 1024 bits", "DHE with 1024 bits as well"}, dhe(tlslab.MODP1024), dheBad + `
wdo
  wdo.tls.ffdhe failed
ncsc-tls-2021
  tls.keyexchange.ffdhe failed`},
		{"dh-generator", "tls", Text{"ook DHE met ffdhe3072 en een andere generator", "DHE with ffdhe3072 and another generator as well"}, dhe(tlslab.FFDHE3072Generator5), dheBad + `
wdo
  wdo.tls.ffdhe warning
ncsc-tls-2021
  tls.keyexchange.ffdhe failed`},
		{"no-postquantum", "tls", Text{"geen hybride sleuteluitwisseling", "no hybrid key exchange"}, tls(func(p *tlslab.Profile) {
			p.Groups13 = []fact.Group{fact.X25519, fact.Secp256r1, fact.Secp384r1}
		}), `
peil up_to_standard
  web.tls.postquantum failed`},

		{"kexhash-sha1", "tls", Text{"tekent de sleuteluitwisseling ook met SHA-1", "signs the key exchange with SHA-1 as well"}, tls(func(p *tlslab.Profile) {
			p.KexHashes = []tlslab.Hash{tlslab.SHA256, tlslab.SHA384, tlslab.SHA512, tlslab.SHA1}
		}), one("web_https_tls_keyexchangehash failed bad 0/10", "web.tls.keyexchangehash") + `
ncsc-tls-2025
  tls.kexhash failed`},
		{"kexhash-sha1-only", "tls", Text{"tekent de sleuteluitwisseling alleen met SHA-1", "signs the key exchange with SHA-1 alone"}, tls(func(p *tlslab.Profile) {
			p.KexHashes = []tlslab.Hash{tlslab.SHA1}
		}), one("web_https_tls_keyexchangehash failed bad 0/10", "web.tls.keyexchangehash") + `
wdo
  wdo.tls.kexhash failed
ncsc-tls-2021
  tls.kexhash warning
ncsc-tls-2025
  tls.kexhash failed`},
		{"kexhash-sha224", "tls", Text{"tekent de sleuteluitwisseling ook met SHA-224", "signs the key exchange with SHA-224 as well"}, tls(func(p *tlslab.Profile) {
			p.KexHashes = []tlslab.Hash{tlslab.SHA256, tlslab.SHA384, tlslab.SHA512, tlslab.SHA224}
		}), `
internet.nl 100
  web_https_tls_keyexchangehash warning phase-out 10/10
peil up_to_standard
  web.tls.keyexchangehash.phaseout warning
forum
  web_legacy_tls_ncsc_web warning
ncsc-tls-2025
  tls.kexhash warning`},
		{
			"tls-compression", "tls",
			Text{"compressie van TLS", "compression of TLS"},
			tls(func(p *tlslab.Profile) { p.Compression = true }),
			one("web_https_tls_compress failed bad 0/10", "web.tls.compression") + `
wdo
  wdo.tls.compression failed
ncsc-tls-2021
  tls.compression failed
ncsc-tls-2025
  tls.compression failed`,
		},
		{
			"no-secure-renegotiation", "tls",
			Text{"geen veilige heronderhandeling", "no secure renegotiation"},
			tls(func(p *tlslab.Profile) { p.NoSecureRenegotiation = true }),
			one("web_https_tls_secreneg failed bad 0/10", "web.tls.secreneg") + `
wdo
  wdo.tls.renegotiation.secure failed
ncsc-tls-2021
  tls.renegotiation.secure failed
ncsc-tls-2025
  tls.renegotiation.secure failed`,
		},
		{"client-renegotiation-limited", "tls", Text{"de bezoeker mag vier keer heronderhandelen", "the visitor may renegotiate four times"}, tls(func(p *tlslab.Profile) { p.Renegotiations = 4 }), `
internet.nl 100
  web_https_tls_clientreneg info allowed-with-low-limit
peil up_to_standard
  web.tls.clientreneg info
forum
  web_legacy_tls_ncsc_web info`},
		{"client-renegotiation", "tls", Text{"de bezoeker mag zonder grens heronderhandelen", "the visitor may renegotiate without limit"}, tls(func(p *tlslab.Profile) { p.Renegotiations = tlslab.Unlimited }), `
internet.nl 100
  web_https_tls_clientreneg info allowed-with-too-high-limit
peil up_to_standard
  web.tls.clientreneg warning
forum
  web_legacy_tls_ncsc_web info
ncsc-tls-2025
  tls.renegotiation.client warning`},
		{"no-ems", "tls", Text{"geen Extended Master Secret", "no Extended Master Secret"}, tls(func(p *tlslab.Profile) { p.NoEMS = true }), `
internet.nl 98
  web_https_tls_extendedmastersecret failed bad 0/10
peil below_standard
  web.tls.ems failed
ncsc-tls-2025
  tls.ems failed`},
		{
			"early-data", "tls",
			Text{"0-RTT staat aan", "0-RTT is on"},
			tls(func(p *tlslab.Profile) { p.EarlyData = tlslab.EarlyAccept }),
			one("web_https_tls_0rtt failed bad 0/10", "web.tls.earlydata") + `
wdo
  wdo.tls.0rtt failed
ncsc-tls-2021
  tls.0rtt failed
ncsc-tls-2025
  tls.0rtt failed`,
		},
		{"early-data-rejected", "tls", Text{"tickets staan 0-RTT toe, maar de server neemt het niet aan", "tickets allow 0-RTT, but the server does not accept it"}, tls(func(p *tlslab.Profile) { p.EarlyData = tlslab.EarlyReject }), ``},

		{"ocsp-none", "tls", Text{"het certificaat noemt OCSP, maar er is geen stapling", "the certificate names OCSP, but nothing is stapled"}, ocsp(pki.NoStaple), `
internet.nl 100
  web_https_tls_ocsp info ok
forum
  web_legacy_tls_ncsc_web info
peil up_to_standard
  web.dns.caa passed
  web.tls.ocsp warning
wdo
  wdo.tls.ocsp passed
ncsc-tls-2021
  tls.ocsp passed
ncsc-tls-2025
  tls.ocsp passed`},
		{"ocsp-good", "tls", Text{"OCSP-stapling", "OCSP stapling"}, ocsp(pki.StapleGood), `
internet.nl 100
  web_https_tls_ocsp passed good
peil up_to_standard
  web.dns.caa passed
  web.tls.ocsp passed
wdo
  wdo.tls.ocsp passed
ncsc-tls-2021
  tls.ocsp passed
ncsc-tls-2025
  tls.ocsp passed`},
		{"ocsp-expired", "tls", Text{"de stapled OCSP-response is verlopen", "the stapled OCSP response has expired"}, ocsp(pki.StapleExpired), badStaple},
		{"ocsp-revoked", "tls", Text{"de stapled OCSP-response zegt ingetrokken", "the stapled OCSP response says revoked"}, ocsp(pki.StapleRevoked), `
# Internet.nl looks at who signed the response, not at what it says.
internet.nl 100
  web_https_tls_ocsp passed good
peil up_to_standard
  web.dns.caa passed
  web.tls.ocsp failed
wdo
  wdo.tls.ocsp passed
ncsc-tls-2021
  tls.ocsp passed
ncsc-tls-2025
  tls.ocsp failed`},
		{"ocsp-stranger", "tls", Text{"de stapled OCSP-response is van een ander", "the stapled OCSP response is by somebody else"}, ocsp(pki.StapleWrongSigner), badStaple},
		{"ocsp-malformed", "tls", Text{"de stapled OCSP-response is er geen", "the stapled OCSP response is none"}, ocsp(pki.StapleMalformed), badStaple},
		{"ocsp-other-certificate", "tls", Text{"de stapled OCSP-response gaat over een ander certificaat", "the stapled OCSP response is about another certificate"}, ocsp(pki.StapleOtherCert), badStaple},
		{"ocsp-try-later", "tls", Text{"de stapled OCSP-response zegt: probeer het later", "the stapled OCSP response says: try later"}, ocsp(pki.StapleTryLater), badStaple},

		{"sni-required", "tls", Text{"zonder naam (SNI) weigert de server", "without a name (SNI) the server refuses"}, tls(func(p *tlslab.Profile) { p.NoSNI = tlslab.Refuse }), `
`},
		{"sni-other", "tls", Text{"zonder naam (SNI) komt er een ander certificaat", "without a name (SNI) another certificate comes"}, tls(func(p *tlslab.Profile) { p.DefaultName = "default.example.nl" }), `
`},
		{"declines-by-reset", "tls", Text{"een ongepaste hello krijgt een RST", "an unsuitable hello gets a RST"}, tls(func(p *tlslab.Profile) { p.Decline = tlslab.Reset }), ``},
		{"declines-by-closing", "tls", Text{"een ongepaste hello krijgt een FIN", "an unsuitable hello gets a FIN"}, tls(func(p *tlslab.Profile) { p.Decline = tlslab.Close }), ``},
	}
}

func ocsp(staple pki.Staple) func(*Site) {
	return func(s *Site) {
		s.cert(func(c *pki.Spec) { c.OCSP = true })
		s.tls(func(p *tlslab.Profile) { p.Staple = staple })
	}
}

const badStaple = `
internet.nl 100
  web_https_tls_ocsp warning bad
peil up_to_standard
  web.dns.caa passed
  web.tls.ocsp failed
forum
  web_legacy_tls_ncsc_web warning
wdo
  wdo.tls.ocsp passed
ncsc-tls-2021
  tls.ocsp passed
ncsc-tls-2025
  tls.ocsp failed`
