package lab

import (
	"time"

	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
)

const day = 24 * time.Hour

func cert(change func(*pki.Spec)) func(*Site) { return func(s *Site) { s.cert(change) } }

// untrusted is a certificate that leads to no known root. The TLSA record names the
// lab's intermediate, so it does not match what is sent in its place either.
const untrusted = `
internet.nl 98
  web_https_cert_chain failed bad 0/10
  web_https_dane_valid warning bad
peil below_standard
  web.cert.trust failed
  web.tls.nosni warning
  web.cert.sct not_applicable
  web.cert.lifetime not_applicable
  web.dane failed` + tlsForum + `
forum
  web_legacy_dane warning`

// wrongName costs the chain and the name (catalogue B.6).
const wrongName = `
internet.nl 96
  web_https_cert_chain failed bad 0/10
  web_https_cert_domain failed bad 0/10
peil below_standard
  web.cert.domain failed
  web.dns.caa passed
  web.dane failed` + tlsForum

func certSites() []entry {
	// No verifier takes a chain with such a signature, so it is untrusted as well.
	badSignature := untrusted + `
internet.nl 96
  web_https_cert_sig failed bad 0/10
peil below_standard
  web.cert.signature failed
wdo
  wdo.cert.signature failed
ncsc-tls-2021
  tls.cert.signature failed
ncsc-tls-2025
  tls.cert.signature failed`
	return []entry{
		{"cert-stranger", "certificate", Text{"uitgever die niemand kent", "an issuer that nobody knows"}, cert(func(c *pki.Spec) { c.Issuer = pki.Stranger }), untrusted},
		{"cert-self-signed", "certificate", Text{"zelf ondertekend certificaat", "self-signed certificate"}, cert(func(c *pki.Spec) { c.Issuer = pki.SelfSigned }), untrusted},
		{"cert-leaf-only", "certificate", Text{"het tussencertificaat ontbreekt", "the intermediate is missing"}, cert(func(c *pki.Spec) { c.Send = pki.LeafOnly }), untrusted},
		{"cert-expired", "certificate", Text{"verlopen certificaat", "expired certificate"}, cert(func(c *pki.Spec) { c.From, c.Until = -80*day, -5*day }), untrusted + `
peil below_standard
  web.cert.expiry failed
  web.cert.forecast not_applicable`},
		{"cert-not-yet-valid", "certificate", Text{"certificaat dat nog niet geldt", "certificate that is not yet valid"}, cert(func(c *pki.Spec) { c.From, c.Until = 5*day, 80*day }), untrusted + `
peil below_standard
  web.cert.expiry failed
  web.cert.forecast not_applicable`},
		{"cert-expired-intermediate", "certificate", Text{"verlopen tussencertificaat", "expired intermediate"}, cert(func(c *pki.Spec) { c.Issuer = pki.Expired }), untrusted},
		{"cert-client-only", "certificate", Text{"certificaat alleen voor bezoekers", "certificate for clients alone"}, cert(func(c *pki.Spec) { c.ClientOnly = true }), untrusted + `
# The record names an authority that is there; what the certificate is for is not its concern.
internet.nl 98
  web_https_dane_valid passed good
peil below_standard
  web.dane passed
forum
  web_legacy_dane passed`},
		{"cert-bad-signature", "certificate", Text{"de handtekening van het certificaat klopt niet", "the signature of the certificate does not verify"}, cert(func(c *pki.Spec) { c.BadSignature = true }), untrusted},
		{"cert-wrong-name", "certificate", Text{"certificaat voor een andere naam", "certificate for another name"}, cert(func(c *pki.Spec) { c.Name = "www.other.example.nl" }), wrongName},
		{"cert-no-san", "certificate", Text{"de naam staat alleen in de common name", "the name stands in the common name alone"}, cert(func(c *pki.Spec) { c.NoSAN = true }), wrongName},
		{"cert-with-root", "certificate", Text{"de root wordt meegestuurd", "the root is sent along"}, cert(func(c *pki.Spec) { c.Send = pki.WithRoot }), `
peil up_to_standard
  web.cert.chainorder info`},
		{"cert-wrong-order", "certificate", Text{"de certificaten staan in de verkeerde volgorde", "the certificates are in the wrong order"}, cert(func(c *pki.Spec) { c.Send = pki.WrongOrder }), `
peil up_to_standard
  web.cert.chainorder warning`},

		{"cert-surplus", "certificate", Text{"er gaat een vreemd certificaat mee", "an unrelated certificate is sent along"}, cert(func(c *pki.Spec) { c.Send = pki.SurplusLeaf }), `
peil up_to_standard
  web.cert.chainorder warning`},
		{"cert-weak-intermediate", "certificate", Text{"het tussencertificaat heeft een RSA-sleutel van 1024 bits", "the intermediate has an RSA key of 1024 bits"}, cert(func(c *pki.Spec) { c.Issuer = pki.WeakInter }), `
# The TLSA record names another intermediate.
internet.nl 98
  web_https_cert_pubkey failed bad 0/10
  web_https_dane_valid warning bad
peil below_standard
  web.cert.key failed
  web.dane failed` + tlsForum + `
forum
  web_legacy_dane warning
wdo
  wdo.cert.key failed
ncsc-tls-2021
  tls.cert.key failed
ncsc-tls-2025
  tls.cert.key failed`},
		{"cert-sha1-intermediate", "certificate", Text{"het tussencertificaat is getekend met SHA-1", "the intermediate is signed with SHA-1"}, cert(func(c *pki.Spec) { c.Issuer = pki.SHA1Inter }), badSignature},

		{"key-ed25519", "certificate", Text{"sleutel van Ed25519, die richtlijn 2.1 niet kent", "an Ed25519 key, which guideline 2.1 does not know"}, cert(func(c *pki.Spec) { c.Key = pki.Ed25519 }), `
internet.nl 100
peil below_standard
  web.cert.key failed
wdo
  wdo.cert.key failed
ncsc-tls-2021
  tls.cert.algorithm failed
  tls.cert.key failed`},
		{"key-rsa-3072", "certificate", Text{"RSA-sleutel van 3072 bits", "RSA key of 3072 bits"}, cert(func(c *pki.Spec) { c.Key, c.Signature = pki.RSA3072, pki.RSASHA256 }), ``},
		{"key-rsa-2048", "certificate", Text{"RSA-sleutel van 2048 bits", "RSA key of 2048 bits"}, cert(func(c *pki.Spec) { c.Key = pki.RSA2048 }), `
internet.nl 100
  web_https_cert_pubkey warning phase-out 10/10
peil up_to_standard
  web.cert.key.phaseout warning
forum
  web_legacy_tls_ncsc_web warning
ncsc-tls-2025
  tls.cert.key warning`},
		{"key-rsa-1024", "certificate", Text{"RSA-sleutel van 1024 bits", "RSA key of 1024 bits"}, cert(func(c *pki.Spec) { c.Key = pki.RSA1024 }), `
internet.nl 98
  web_https_cert_pubkey failed bad 0/10
peil below_standard
  web.cert.key failed` + tlsForum + `
wdo
  wdo.cert.key failed
ncsc-tls-2021
  tls.cert.key failed
ncsc-tls-2025
  tls.cert.key failed`},
		{"key-p224", "certificate", Text{"sleutel op P-224", "key on P-224"}, cert(func(c *pki.Spec) { c.Key = pki.P224 }), `
internet.nl 100
  web_https_cert_pubkey warning phase-out 10/10
# TLS 1.3 has no signature for this curve, so the site speaks 1.2 alone.
peil below_standard
  web.cert.key failed
  web.cert.key.phaseout warning
  web.tls.earlydata not_applicable
  web.tls.postquantum failed
  web.https.http2 not_measured
forum
  web_legacy_tls_ncsc_web warning
  web_legacy_tls_1_3 failed
wdo
  wdo.cert.key failed
  wdo.tls.0rtt not_applicable
ncsc-tls-2021
  tls.cert.key warning
  tls.0rtt not_applicable
ncsc-tls-2025
  tls.cert.key warning
  tls.0rtt not_applicable`},
		{"key-p521", "certificate", Text{"sleutel op P-521, dat pas de richtlijn van 2025 goedkeurt", "key on P-521, which the guideline of 2025 is the first to approve of"}, cert(func(c *pki.Spec) { c.Key = pki.P521 }), `
peil below_standard
  web.cert.key failed
wdo
  wdo.cert.key failed
ncsc-tls-2021
  tls.cert.key failed`},
		{"key-brainpool", "certificate", Text{"sleutel op brainpoolP256r1, die de richtlijn van 2025 en internet.nl kennen", "key on brainpoolP256r1, which the guideline of 2025 and internet.nl know"}, cert(func(c *pki.Spec) { c.Key = pki.BrainpoolP256r1 }), `
# The standard library does not know the curve; the chain is trusted all the same, for the
# signature on this certificate is that of its issuer.
internet.nl 100
  web_https_cert_chain passed good 10/10
  web_https_cert_pubkey passed good 10/10
peil below_standard
  web.cert.trust passed
  web.cert.key failed
wdo
  wdo.cert.key failed
ncsc-tls-2021
  tls.cert.key failed`},
		{"key-dual", "certificate", Text{"twee certificaten: ECDSA en RSA van 2048 bits", "two certificates: ECDSA, and RSA of 2048 bits"}, tls(func(p *tlslab.Profile) {
			p.Certs = []pki.Spec{{}, {Key: pki.RSA2048}}
		}), `
peil up_to_standard
  web.cert.key.phaseout warning
ncsc-tls-2025
  tls.cert.key warning`},
		{"sig-sha1", "certificate", Text{"certificaat getekend met SHA-1", "certificate signed with SHA-1"}, cert(func(c *pki.Spec) { c.Signature = pki.ECDSASHA1 }), badSignature},
		{"sig-md5", "certificate", Text{"certificaat getekend met MD5", "certificate signed with MD5"}, cert(func(c *pki.Spec) { c.Signature = pki.RSAMD5 }), badSignature},
		{"sig-sha224", "certificate", Text{"certificaat getekend met SHA-224", "certificate signed with SHA-224"}, cert(func(c *pki.Spec) { c.Signature = pki.ECDSASHA224 }), `
# The signature holds, so that the chain is trusted; the guideline of 2025 phases the
# hash out, and that of 2021 does not know it. Who signed is not looked at for the TLSA
# record of the intermediate.
internet.nl 100
  web_https_cert_sig warning phase-out 10/10
  web_https_dane_valid not_measured
peil below_standard
  web.dane not_measured
  web.cert.signature failed
  web.cert.signature.phaseout warning
forum
  web_legacy_tls_ncsc_web warning
  web_legacy_dane not_measured
wdo
  wdo.cert.signature failed
ncsc-tls-2021
  tls.cert.signature failed
ncsc-tls-2025
  tls.cert.signature warning`},
		{"sig-rsapss", "certificate", Text{"certificaat getekend met RSA-PSS", "certificate signed with RSA-PSS"}, cert(func(c *pki.Spec) { c.Signature = pki.RSAPSSSHA256 }), `
internet.nl 98
  web_https_cert_sig failed bad 0/10
peil up_to_standard` + tlsForum + `
wdo
  wdo.cert.signature warning`},
		{"cert-no-sct", "certificate", Text{"certificaat zonder SCT", "certificate without SCT"}, cert(func(c *pki.Spec) { c.NoSCT = true }), `
peil up_to_standard
  web.cert.sct failed`},
		{"cert-long", "certificate", Text{"certificaat met een looptijd van twee jaar", "certificate with a lifetime of two years"}, cert(func(c *pki.Spec) { c.From, c.Until = -30*day, 700*day }), `
peil up_to_standard
  web.cert.lifetime failed
  web.cert.sct info`},
		{"cert-soon", "certificate", Text{"certificaat dat over drie dagen verloopt", "certificate that expires in three days"}, cert(func(c *pki.Spec) { c.From, c.Until = -87*day, 3*day }), `
peil up_to_standard
  web.cert.forecast warning`},
	}
}
