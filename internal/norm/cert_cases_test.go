package norm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"peil/internal/fact"
)

// withLeaf puts another leaf on every address.
func withLeaf(f func(*x509.Certificate), more func(*fact.Chain)) change {
	return func(t *testing.T, m *fact.Measurement) {
		c := chainOf(m, issued(t, f))
		if more != nil {
			more(c)
		}
	}
}

func ocsp(o fact.OCSPStaple) change {
	return func(t *testing.T, m *fact.Measurement) {
		withLeaf(func(c *x509.Certificate) { c.OCSPServer = []string{"http://ocsp.example.nl"} }, nil)(t, m)
		withTLS(func(s *fact.TLS) { s.OCSP = o })(t, m)
	}
}

// rsaOf is a public key with a modulus of so many bits. Nobody signs with it.
func rsaOf(bits int) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}
}

// withExponent is RSA 3072 with a public exponent.
func withExponent(e int) change {
	return withLeaf(func(c *x509.Certificate) {
		k := rsaOf(3072)
		k.E, c.PublicKey = e, k
	}, nil)
}

func withRSA(bits int) change {
	return withLeaf(func(c *x509.Certificate) { c.PublicKey = rsaOf(bits) }, nil)
}

func withCurve(c elliptic.Curve) change {
	return func(t *testing.T, m *fact.Measurement) {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		withLeaf(func(l *x509.Certificate) { l.PublicKey = k.Public() }, nil)(t, m)
	}
}

// patched changes bytes of the leaf, for algorithms that Go does not sign with.
func patched(old, with []byte) change {
	return func(t *testing.T, m *fact.Measurement) {
		certs := issued(t, nil)
		leaf := append([]byte(nil), certs[0]...)
		n := 0
		for i := 0; i+len(old) <= len(leaf); i++ {
			if string(leaf[i:i+len(old)]) == string(old) {
				copy(leaf[i:], with)
				n++
			}
		}
		if n == 0 || len(old) != len(with) {
			t.Fatal("nothing to patch")
		}
		chainOf(m, [][]byte{leaf, certs[1]})
	}
}

// Object identifiers of ecdsa-with-SHA256, -SHA224 and -SHA1 in DER. The last is
// shorter, so that MD5 with RSA stands in for it.
var (
	oidECDSA256 = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}
	oidECDSA224 = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01}
	oidOther    = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x09}
)

// cutOff is a server that cut us off before all of its suites were found, and with them
// the certificate of another kind that it may have.
func cutOff(t *fact.TLS) {
	t.Suites[0].Open, t.Suites[0].Gap = []fact.Suite{0xC02F}, fact.GapBlocked
}

func certificateCases() []verdictCase {
	untrusted := func(problem string) func(*fact.Chain) {
		return func(c *fact.Chain) { c.Trust = fact.Trust{Problem: problem} }
	}
	chain := func(f func(*fact.Chain)) change { return facts(func(m *fact.Measurement) { f(&m.Chains[0]) }) }
	dates := func(from, to int) change {
		return withLeaf(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.AddDate(0, 0, from), now.AddDate(0, 0, to) }, nil)
	}
	return []verdictCase{
		peilCase("web.cert.trust", "trusted", unchanged, Passed, "trusted"),
		peilCase("web.cert.trust", "self-signed", chain(untrusted("self_signed")), Failed, "untrusted-self-signed"),
		peilCase("web.cert.trust", "expired", chain(untrusted("expired")), Failed, "untrusted-expired"),
		peilCase("web.cert.trust", "not yet valid", chain(untrusted("not_yet_valid")), Failed, "untrusted-not-yet-valid"),
		peilCase("web.cert.trust", "nobody known", chain(untrusted("unknown_authority")), Failed, "untrusted-unknown-authority"),
		peilCase("web.cert.trust", "for clients", chain(untrusted("incompatible_usage")), Failed, "untrusted-incompatible-usage"),
		peilCase("web.cert.trust", "forged", chain(untrusted("bad_signature")), Failed, "untrusted-bad-signature"),
		peilCase("web.cert.trust", "SHA-1", chain(untrusted("weak_signature")), Failed, "untrusted-weak-signature"),
		peilCase("web.cert.trust", "an algorithm that we do not know", chain(untrusted("unsupported")), NotMeasured, "gap-unsupported"),
		peilCase("web.cert.lifetime", "an algorithm that we do not know", chain(untrusted("unsupported")), NotMeasured, "gap-unsupported"),
		peilCase("web.cert.sct", "an algorithm that we do not know", chain(untrusted("unsupported")), NotMeasured, "gap-unsupported"),
		peilCase("web.tls.nosni", "an algorithm that we do not know", chain(untrusted("unsupported")), NotMeasured, "gap-unsupported"),
		peilCase("web.cert.trust", "a constraint of the authority", chain(untrusted("constraint")), Failed, "untrusted"),
		peilCase("web.cert.trust", "only the name is wrong", chain(func(c *fact.Chain) {
			c.Trust = fact.Trust{Problem: "name_mismatch", PathWithoutName: true}
		}), Passed, "trusted"),
		peilCase("web.cert.trust", "no chain seen", withTLS(func(t *fact.TLS) { t.Deployments = nil }), NotMeasured, "gap-not-asked"),
		peilCase("web.cert.trust", "one of two key types", func(t *testing.T, m *fact.Measurement) {
			m.Chains = append(m.Chains, fact.Chain{ID: "r", Certs: m.Chains[0].Certs, Trust: fact.Trust{Problem: "unknown_authority"}})
			for i := range m.Web.Hosts {
				d := &m.Web.Hosts[i].TLS.Deployments
				*d = append(*d, fact.Deployment{Chain: "r", Auth: "rsa"})
			}
		}, Failed, "untrusted-unknown-authority"),
		peilCase("web.cert.trust", "what SSL 2.0 sends is no chain", func(t *testing.T, m *fact.Measurement) {
			m.Chains = append(m.Chains, fact.Chain{ID: "s", Certs: m.Chains[0].Certs[:1], Trust: fact.Trust{Problem: "unknown_authority"}})
			for i := range m.Web.Hosts {
				d := &m.Web.Hosts[i].TLS.Deployments
				*d = append(*d, fact.Deployment{Chain: "s", Auth: "rsa", Version: fact.SSL20})
			}
		}, Passed, "trusted"),
		peilCase("web.cert.domain", "matches", unchanged, Passed, "name-matches"),
		peilCase("web.cert.domain", "wildcard", withLeaf(func(c *x509.Certificate) { c.DNSNames = []string{"*.example.nl"} }, nil), Passed, "name-matches"),
		peilCase("web.cert.domain", "wildcard for one label alone", withLeaf(func(c *x509.Certificate) { c.DNSNames = []string{"*.nl", "*.*.nl", "*.www.example.nl"} }, nil), Failed, "name-mismatch"),
		peilCase("web.cert.domain", "wildcard within a label", withLeaf(func(c *x509.Certificate) { c.DNSNames = []string{"w*.example.nl", "*w.example.nl"} }, nil), Failed, "name-mismatch"),
		peilCase("web.cert.domain", "in capitals", withLeaf(func(c *x509.Certificate) { c.DNSNames = []string{"WWW.Example.NL"} }, nil), Passed, "name-matches"),
		peilCase("web.cert.domain", "with a final dot", withLeaf(func(c *x509.Certificate) { c.DNSNames = []string{"www.example.nl."} }, nil), Failed, "name-mismatch"),
		peilCase("web.cert.domain", "wildcard too high", withLeaf(func(c *x509.Certificate) { c.DNSNames = []string{"*.nl"} }, nil), Failed, "name-mismatch"),
		peilCase("web.cert.domain", "common name alone", withLeaf(func(c *x509.Certificate) { c.DNSNames = nil }, nil), Failed, "name-mismatch"),
		peilCase("web.cert.expiry", "valid", unchanged, Passed, "valid-until"),
		peilCase("web.cert.expiry", "expired", dates(-90, -1), Failed, "expired"),
		peilCase("web.cert.expiry", "not yet valid", dates(1, 90), Failed, "not-yet-valid"),
		peilCase("web.cert.expiry", "unreadable", facts(func(m *fact.Measurement) { m.Chains[0].Certs = [][]byte{{1, 2, 3}} }), Failed, "certificate-unreadable"),
		peilCase("web.cert.expiry", "empty chain", facts(func(m *fact.Measurement) { m.Chains[0].Certs = nil }), NotApplicable, "no-certificate"),
		peilCase("web.cert.forecast", "in time", unchanged, Passed, "valid-until"),
		peilCase("web.cert.forecast", "too late", dates(-80, 10), Warning, "expires-soon"),
		peilCase("web.cert.forecast", "a short life has a short end", dates(-2, 4), Passed, "valid-until"),
		peilCase("web.cert.forecast", "expired", dates(-90, -1), NotApplicable, "not-within-dates"),
		peilCase("web.cert.lifetime", "90 days", unchanged, Passed, "lifetime"),
		peilCase("web.cert.lifetime", "a year, issued this summer", dates(-30, 335), Failed, "lifetime-long"),
		peilCase("web.cert.lifetime", "a year, issued before March", dates(-300, 65), Passed, "lifetime"),
		peilCase("web.cert.lifetime", "untrusted", chain(untrusted("self_signed")), NotApplicable, "untrusted"),

		peilCase("web.cert.key", "P-256", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.cert.key", "RSA 2048", withRSA(2048), Passed, "class-none-insufficient"),
		peilCase("web.cert.key", "RSA 1024", withRSA(1024), Failed, "class-insufficient"),
		peilCase("web.cert.key", "RSA with exponent 1", withExponent(1), Failed, "class-insufficient"),
		peilCase("web.cert.key", "RSA with an even exponent", withExponent(65536), Failed, "class-insufficient"),
		peilCase("web.cert.key", "RSA with exponent 3", withExponent(3), Passed, "class-none-insufficient"),
		peilCase("web.cert.key", "P-521 is unlawful", withCurve(elliptic.P521()), Failed, "unlawful"),
		peilCase("web.cert.key", "P-224 is unlawful", withCurve(elliptic.P224()), Failed, "unlawful"),
		peilCase("web.cert.key", "not seen", withTLS(func(t *fact.TLS) { t.Deployments = nil }), NotMeasured, "gap-not-asked"),
		peilCase("web.cert.key", "a known root is left out", func(t *testing.T, m *fact.Measurement) {
			weak := issued(t, func(c *x509.Certificate) { c.PublicKey = rsaOf(1024) })
			c := chainOf(m, [][]byte{issued(t, nil)[0], weak[0]})
			c.Trust.Roots = []int{1}
		}, Passed, "class-none-insufficient"),
		peilCase("web.cert.key", "one of another kind may exist", withTLS(cutOff), NotMeasured, "gap-blocked"),
		peilCase("web.cert.trust", "one of another kind may exist", withTLS(cutOff), NotMeasured, "gap-blocked"),
		peilCase("web.cert.trust", "another may exist, and this one fails", func(t *testing.T, m *fact.Measurement) {
			withTLS(cutOff)(t, m)
			chain(untrusted("expired"))(t, m)
		}, Failed, "untrusted-expired"),
		peilCase("web.cert.key.phaseout", "one of another kind may exist", withTLS(cutOff), NotMeasured, "gap-blocked"),
		peilCase("web.cert.key.phaseout", "P-256", unchanged, Passed, "class-none-phase-out"),
		peilCase("web.cert.key.phaseout", "RSA 2048", withRSA(2048), Warning, "class-phase-out"),
		peilCase("web.cert.key.phaseout", "RSA 3072", withRSA(3072), Passed, "class-none-phase-out"),
		peilCase("web.cert.signature", "SHA-256", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.cert.signature", "unknown algorithm", patched(oidECDSA256, oidOther), Failed, "class-insufficient"),
		peilCase("web.cert.signature", "SHA-224 is unlawful", patched(oidECDSA256, oidECDSA224), Failed, "unlawful"),
		peilCase("web.cert.signature.phaseout", "SHA-256", unchanged, Passed, "class-none-phase-out"),
		peilCase("web.cert.signature.phaseout", "SHA-224", patched(oidECDSA256, oidECDSA224), Warning, "class-phase-out"),

		peilCase("web.cert.chainorder", "right", unchanged, Passed, "chain-right"),
		peilCase("web.cert.chainorder", "surplus", func(t *testing.T, m *fact.Measurement) {
			other := issued(t, func(c *x509.Certificate) { c.Subject.CommonName = "elsewhere" })
			chainOf(m, [][]byte{m.Chains[0].Certs[0], m.Chains[0].Certs[1], other[0]})
		}, Warning, "chain-surplus"),
		peilCase("web.cert.chainorder", "twice", facts(func(m *fact.Measurement) {
			chainOf(m, [][]byte{m.Chains[0].Certs[0], m.Chains[0].Certs[1], m.Chains[0].Certs[1]})
		}), Warning, "chain-repeated"),
		peilCase("web.cert.chainorder", "root before the intermediate", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, [][]byte{m.Chains[0].Certs[0], rootOf(t), m.Chains[0].Certs[1]})
		}, Warning, "chain-order"),
		peilCase("web.cert.chainorder", "a stranger in between", func(t *testing.T, m *fact.Measurement) {
			other := issued(t, func(c *x509.Certificate) { c.Subject.CommonName = "elsewhere" })
			chainOf(m, [][]byte{m.Chains[0].Certs[0], other[0], m.Chains[0].Certs[1]})
		}, Warning, "chain-surplus"),
		peilCase("web.cert.chainorder", "root sent along", facts(func(m *fact.Measurement) { m.Chains[0].Trust.Roots = []int{1} }), Info, "chain-root"),
		peilCase("web.cert.sct", "two", unchanged, Passed, "scts"),
		peilCase("web.cert.sct", "none", chain(func(c *fact.Chain) { c.SCTs = nil }), Failed, "no-sct"),
		peilCase("web.cert.sct", "one", chain(func(c *fact.Chain) { c.SCTs = c.SCTs[:1] }), Info, "few-scts"),
		peilCase("web.cert.sct", "untrusted", chain(untrusted("self_signed")), NotApplicable, "untrusted"),
	}
}

// rootOf is the certificate of the authority above the intermediate.
func rootOf(t *testing.T) []byte { return selfSigned(t, "ISRG") }

func selfSigned(t *testing.T, org string) []byte {
	k := keysOfRun()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{Organization: []string{org}, CommonName: "Root X2"},
		NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &k[2].PublicKey, k[2])
	if err != nil {
		t.Fatal(err)
	}
	return der
}
