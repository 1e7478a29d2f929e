package norm

import (
	"crypto/elliptic"
	"testing"

	"peil/internal/fact"
)

func wdoCases() []verdictCase {
	c := func(id, name string, ch change, want Outcome, code string) verdictCase {
		return verdictCase{"wdo", id, name, ch, want, code}
	}
	hsts := func(v ...string) change { return setHeader("Strict-Transport-Security", v...) }
	dh := func(p fact.DHParams) change { return withTLS(func(t *fact.TLS) { t.DH = []fact.DHParams{p} }) }
	set := func(f func(*fact.TLS)) change { return withTLS(f) }
	return []verdictCase{
		c("wdo.https", "works", unchanged, Passed, "https-works"),
		c("wdo.https", "dead", second(dieOn443), Failed, "dead-address"),
		c("wdo.https", "no website", gone, NotApplicable, "no-website"),
		c("wdo.redirect", "right", unchanged, Passed, "redirects-to"),
		c("wdo.redirect", "none", hosts(func(h *fact.WebHost) { h.HTTP.Plain.Hops[0].Status, h.HTTP.Plain.Hops[0].Next = 200, "" }), Failed, "no-redirect"),
		c("wdo.hsts", "a year", unchanged, Passed, "hsts-long"),
		c("wdo.hsts", "a day warns", hsts("max-age=86400"), Warning, "hsts-short"),
		c("wdo.hsts", "zero", hsts("max-age=0"), Failed, "hsts-zero"),
		c("wdo.hsts", "absent", hsts(), Failed, "hsts-absent"),
		c("wdo.tls.version", "1.2 and 1.3", unchanged, Passed, "lawful"),
		c("wdo.tls.version", "1.0 is phase-out: unlawful", set(func(t *fact.TLS) { t.Versions[2].Observed = accepted }), Failed, "class-phase-out"),
		c("wdo.tls.ciphers", "AEAD", unchanged, Passed, "lawful"),
		c("wdo.tls.ciphers", "CBC with SHA-1 is lawful", addSuites(0xC009), Passed, "lawful"),
		c("wdo.tls.ciphers", "RSA is phase-out: unlawful", addSuites(rsaGCM), Failed, "class-phase-out"),
		c("wdo.tls.curves", "usual", unchanged, Passed, "lawful"),
		c("wdo.tls.curves", "secp521r1: the sources differ", addGroup(fact.Secp521r1), Warning, "sources-differ"),
		c("wdo.tls.curves", "small curve", addGroup(fact.Secp192r1), Failed, "class-insufficient"),
		c("wdo.tls.ffdhe", "ffdhe3072", dh(fact.DHParams{Bits: 3072, Name: "ffdhe3072"}), Passed, "lawful"),
		c("wdo.tls.ffdhe", "ffdhe2048", dh(fact.DHParams{Bits: 2048, Name: "ffdhe2048"}), Failed, "class-phase-out"),
		c("wdo.tls.ffdhe", "own group: the sources differ", dh(fact.DHParams{Bits: 2048}), Warning, "sources-differ"),
		c("wdo.tls.ffdhe", "another named group", dh(fact.DHParams{Bits: 2048, Name: "modp2048"}), Failed, "class-insufficient"),
		c("wdo.tls.ffdhe", "none", unchanged, NotApplicable, "no-ffdhe"),
		c("wdo.tls.kexhash", "nothing is signed", set(func(t *fact.TLS) { t.KexHashSHA2 = declined }), NotApplicable, "no-kex-signature"),
		c("wdo.tls.kexhash", "SHA-2", unchanged, Passed, "lawful"),
		c("wdo.tls.kexhash", "SHA-1 beside it is lawful", set(func(t *fact.TLS) { t.KexHashSHA1 = accepted }), Passed, "lawful"),
		c("wdo.tls.kexhash", "SHA-1 alone", set(func(t *fact.TLS) { t.KexHashSHA1, t.KexHashSHA2 = accepted, declined }), Failed, "class-phase-out"),
		c("wdo.tls.compression", "none", unchanged, Passed, "lawful"),
		c("wdo.tls.compression", "on", set(func(t *fact.TLS) { t.Compression = accepted }), Failed, "class-insufficient"),
		c("wdo.tls.renegotiation.secure", "yes", unchanged, Passed, "lawful"),
		c("wdo.tls.renegotiation.secure", "no", set(func(t *fact.TLS) { t.SecureRenegotiation = declined }), Failed, "class-insufficient"),
		c("wdo.tls.renegotiation.client", "without limit is sufficient", set(func(t *fact.TLS) {
			t.ClientRenegotiation = fact.Renegotiation{Observed: accepted, Count: 11, Tries: 11}
		}), Passed, "lawful"),
		c("wdo.tls.0rtt", "off", unchanged, Passed, "lawful"),
		c("wdo.tls.0rtt", "on", set(func(t *fact.TLS) { t.EarlyData.Observed = accepted }), Failed, "class-insufficient"),
		c("wdo.tls.ocsp", "not stapled is sufficient", ocsp(fact.OCSPStaple{Stapled: declined}), Passed, "lawful"),
		c("wdo.tls.ems", "not in 2.1", set(func(t *fact.TLS) { t.ExtendedMasterSecret = declined }), Passed, "not-yet-law"),
		c("wdo.cert.key", "P-256", unchanged, Passed, "lawful"),
		c("wdo.cert.key", "RSA 2048", withRSA(2048), Passed, "lawful"),
		c("wdo.cert.key", "RSA 1024", withRSA(1024), Failed, "class-insufficient"),
		c("wdo.cert.key", "P-521: both sources", withCurve(elliptic.P521()), Failed, "class-insufficient"),
		c("wdo.cert.signature", "SHA-256", unchanged, Passed, "lawful"),
		c("wdo.cert.signature", "SHA-224", patched(oidECDSA256, oidECDSA224), Failed, "class-insufficient"),
		c("wdo.cert.signature", "no certificate", set(func(t *fact.TLS) { t.Deployments = nil }), NotMeasured, "gap-not-asked"),
	}
}

func ncscCases() []verdictCase {
	var cs []verdictCase
	both := func(id, name string, ch change, o21 Outcome, code21 string, o25 Outcome, code25 string) {
		if code21 != "" {
			cs = append(cs, verdictCase{"ncsc-tls-2021", id, name, ch, o21, code21})
		}
		cs = append(cs, verdictCase{"ncsc-tls-2025", id, name, ch, o25, code25})
	}
	dh := func(name string, bits int) change {
		return withTLS(func(t *fact.TLS) { t.DH = []fact.DHParams{{Bits: bits, Name: name}} })
	}
	both("tls.version", "1.2 and 1.3", unchanged, Passed, "class-sufficient", Passed, "class-sufficient")
	both("tls.version", "1.3 alone", withTLS(only13), Passed, "class-good", Passed, "class-good")
	both("tls.version", "1.1", withTLS(func(t *fact.TLS) { t.Versions[3].Observed = accepted }), Warning, "class-phase-out", Failed, "class-insufficient")
	both("tls.version", "SSL 3.0", withTLS(func(t *fact.TLS) { t.Versions[1].Observed = accepted }), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.ciphers", "AEAD", unchanged, Passed, "class-good", Passed, "class-sufficient")
	both("tls.ciphers", "CBC-SHA256", addSuites(ecdheCBC256), Passed, "class-sufficient", Warning, "class-phase-out")
	both("tls.ciphers", "RSA", addSuites(rsaGCM), Warning, "class-phase-out", Failed, "class-insufficient")
	both("tls.ciphers", "3DES", addSuites(tripleDES), Warning, "class-phase-out", Failed, "class-insufficient")
	both("tls.ciphers", "RC4", addSuites(rc4), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.ciphers", "CCM", addSuites(ccmECDSA), Failed, "class-insufficient", Passed, "class-sufficient")
	both("tls.order", "one tier", unchanged, NotApplicable, "order-nothing-to-compare", NotApplicable, "order-nothing-to-compare")
	both("tls.order", "weak first", withTLS(func(t *fact.TLS) { t.Suites[0] = preferring(fact.TLS12, ecdheCBC256, 0xC02B) }), Failed, "order-wrong", Failed, "order-wrong")
	both("tls.order", "weak last", addSuites(ecdheCBC256), Passed, "order-right", Passed, "order-right")
	both("tls.keyexchange", "ECDHE", unchanged, Passed, "class-good", Passed, "class-sufficient")
	both("tls.keyexchange", "DHE", addSuites(dheGCM), Passed, "class-sufficient", Warning, "class-phase-out")
	both("tls.keyexchange", "hybrid alone", withTLS(allGood), Passed, "class-good", Passed, "class-good")
	both("tls.keyexchange", "RSA", addSuites(rsaGCM), Warning, "class-phase-out", Failed, "class-insufficient")
	both("tls.keyexchange", "anonymous", addSuites(0xC018), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.keyexchange.curves", "usual", unchanged, Passed, "class-good", Passed, "class-sufficient")
	both("tls.keyexchange.curves", "secp521r1", addGroup(fact.Secp521r1), Failed, "class-insufficient", Passed, "class-sufficient")
	both("tls.keyexchange.curves", "secp224r1", addGroup(fact.Secp224r1), Warning, "class-phase-out", Warning, "class-phase-out")
	both("tls.keyexchange.curves", "odd", addGroup(fact.Secp256k1), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.keyexchange.ffdhe", "none", unchanged, NotApplicable, "no-ffdhe", NotApplicable, "no-ffdhe")
	both("tls.keyexchange.ffdhe", "3072", dh("ffdhe3072", 3072), Passed, "class-sufficient", Warning, "class-phase-out")
	both("tls.keyexchange.ffdhe", "2048", dh("ffdhe2048", 2048), Warning, "class-phase-out", Failed, "class-insufficient")
	both("tls.keyexchange.ffdhe", "own", dh("", 4096), Failed, "class-insufficient", Failed, "class-insufficient")
	unsigned := withTLS(func(t *fact.TLS) { t.KexHashSHA2 = declined })
	both("tls.kexhash", "nothing is signed", unsigned, NotApplicable, "no-kex-signature", NotApplicable, "no-kex-signature")
	both("tls.kexhash", "SHA-2", unchanged, Passed, "class-good", Passed, "class-good")
	both("tls.kexhash", "SHA-1 too", withTLS(func(t *fact.TLS) { t.KexHashSHA1 = accepted }), Passed, "class-good", Failed, "class-insufficient")
	both("tls.kexhash", "SHA-224 too", withTLS(func(t *fact.TLS) { t.KexHashSHA224 = accepted }), Passed, "class-good", Warning, "class-phase-out")
	both("tls.kexhash", "no SHA-2", withTLS(func(t *fact.TLS) { t.KexHashSHA1, t.KexHashSHA2 = accepted, declined }), Warning, "class-phase-out", Failed, "class-insufficient")
	both("tls.cert.algorithm", "ECDSA", unchanged, Passed, "class-good", Passed, "class-sufficient")
	both("tls.cert.algorithm", "an unknown kind", patched(oidECKey, oidNoKey), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.cert.key", "P-256", unchanged, Passed, "class-good", Passed, "class-sufficient")
	both("tls.cert.key", "RSA 2048", withRSA(2048), Passed, "class-sufficient", Warning, "class-phase-out")
	both("tls.cert.key", "RSA 1024", withRSA(1024), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.cert.key", "P-224", withCurve(elliptic.P224()), Warning, "class-phase-out", Warning, "class-phase-out")
	both("tls.cert.signature", "SHA-256", unchanged, Passed, "class-good", Passed, "class-good")
	both("tls.cert.signature", "SHA-224", patched(oidECDSA256, oidECDSA224), Failed, "class-insufficient", Warning, "class-phase-out")
	both("tls.cert.signature", "unknown", patched(oidECDSA256, oidOther), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.compression", "none", unchanged, Passed, "class-good", Passed, "class-good")
	cs = append(cs, verdictCase{"ncsc-tls-2021", "tls.compression", "of HTTP", setHeader("Content-Encoding", "br"), Passed, "class-sufficient"})
	both("tls.compression", "on", withTLS(func(t *fact.TLS) { t.Compression = accepted }), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.renegotiation.secure", "yes", unchanged, Passed, "class-good", Passed, "class-good")
	both("tls.renegotiation.secure", "no", withTLS(func(t *fact.TLS) { t.SecureRenegotiation = declined }), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.renegotiation.client", "refused", unchanged, Passed, "class-good", Passed, "class-good")
	both("tls.renegotiation.client", "three times", withTLS(func(t *fact.TLS) { t.ClientRenegotiation = fact.Renegotiation{Observed: accepted, Count: 3, Tries: 4} }), Passed, "class-sufficient", Passed, "class-sufficient")
	both("tls.renegotiation.client", "without limit", withTLS(func(t *fact.TLS) {
		t.ClientRenegotiation = fact.Renegotiation{Observed: accepted, Count: 11, Tries: 11}
	}), Passed, "class-sufficient", Warning, "class-phase-out")
	both("tls.0rtt", "off", unchanged, Passed, "class-good", Passed, "class-good")
	both("tls.0rtt", "on", withTLS(func(t *fact.TLS) { t.EarlyData.Observed = accepted }), Failed, "class-insufficient", Failed, "class-insufficient")
	both("tls.ocsp", "stapled", ocsp(fact.OCSPStaple{Stapled: accepted, Status: "good", Trusted: true}), Passed, "class-good", Passed, "class-good")
	both("tls.ocsp", "not stapled", ocsp(fact.OCSPStaple{Stapled: declined}), Passed, "class-sufficient", Passed, "class-sufficient")
	both("tls.ocsp", "invalid", ocsp(fact.OCSPStaple{Stapled: accepted, Status: "revoked", Trusted: true}), Passed, "class-sufficient", Failed, "class-insufficient")
	both("tls.ems", "yes", unchanged, 0, "", Passed, "class-good")
	both("tls.ems", "no", withTLS(func(t *fact.TLS) { t.ExtendedMasterSecret = declined }), 0, "", Failed, "class-insufficient")
	return cs
}

// id-ecPublicKey in DER, and what is no key type.
var (
	oidECKey = []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}
	oidNoKey = []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x7f}
)

func forumCases() []verdictCase {
	c := func(id, name string, ch change, want Outcome, code string) verdictCase {
		return verdictCase{"forum", id, name, ch, want, code}
	}
	all := func(f func(*fact.Route)) change {
		return facts(func(m *fact.Measurement) {
			for i := range m.Routes {
				f(&m.Routes[i])
			}
		})
	}
	insecure := facts(func(m *fact.Measurement) {
		for i := range m.DNS.Lookups {
			m.DNS.Lookups[i].Security, m.DNS.Lookups[i].Unsigned = fact.Insecure, fact.UnsignedNoDS
		}
	})
	no6 := facts(func(m *fact.Measurement) {
		m.Web.Hosts, m.Web.Wire, m.Web.Similarity = m.Web.Hosts[:1], m.Web.Wire[:1], nil
		l := m.DNS.Lookup(siteName, "AAAA")
		l.Records, l.Wire = nil, nil
	})
	return []verdictCase{
		c("web_legacy_dnssec", "signed", unchanged, Passed, "field-passed"),
		c("web_legacy_dnssec", "unsigned", insecure, Failed, "field-failed"),
		c("web_legacy_tls_available", "HTTPS", unchanged, Passed, "field-passed"),
		c("web_legacy_tls_available", "dead", hosts(dieOn443), Failed, "field-failed"),
		c("web_legacy_tls_available", "no website", gone, NotApplicable, "no-website"),
		c("web_legacy_tls_available", "not seen", hosts(blind), NotMeasured, "field-not-measured"),
		c("web_legacy_https_enforced", "redirects", unchanged, Passed, "field-passed"),
		c("web_legacy_https_enforced", "does not", hosts(func(h *fact.WebHost) {
			h.HTTP.Plain.Hops = h.HTTP.Plain.Hops[:1]
			h.HTTP.Plain.Hops[0].Status, h.HTTP.Plain.Hops[0].Next, h.HTTP.Plain.Hops[0].Location = 200, "", ""
		}), Failed, "field-failed"),
		c("web_legacy_hsts", "a year", unchanged, Passed, "field-passed"),
		c("web_legacy_hsts", "absent", setHeader("Strict-Transport-Security"), Failed, "field-failed"),
		c("web_legacy_tls_ncsc_web", "right", unchanged, Passed, "field-passed"),
		c("web_legacy_tls_ncsc_web", "TLS 1.0", withTLS(func(t *fact.TLS) {
			t.Versions[2].Observed = accepted
			t.Suites = append([]fact.SuiteSet{preferring(fact.TLS10, 0xC009)}, t.Suites...)
		}), Failed, "field-failed"),
		c("web_legacy_tls_ncsc_web", "phase-out warns", addSuites(ecdheCBC256), Warning, "field-warning"),
		c("web_legacy_category_ipv6", "both", unchanged, Passed, "field-passed"),
		c("web_legacy_category_ipv6", "a warning leaves the category passed", facts(func(m *fact.Measurement) {
			m.Web.Similarity.Class, m.Web.Similarity.Distance = "differs", 40
		}), Passed, "category"),
		c("web_legacy_category_ipv6", "no AAAA", no6, Failed, "field-failed"),
		c("web_legacy_ipv6_nameserver", "two", unchanged, Passed, "field-passed"),
		c("web_legacy_ipv6_nameserver", "none", facts(func(m *fact.Measurement) {
			for i := range m.DNS.NameServers {
				m.DNS.NameServers[i].Addrs = m.DNS.NameServers[i].Addrs[:1]
			}
		}), Failed, "field-failed"),
		c("web_legacy_ipv6_webserver", "answers", unchanged, Passed, "field-passed"),
		c("web_legacy_ipv6_webserver", "no AAAA", no6, Failed, "field-failed"),
		c("web_rpki", "valid", unchanged, Passed, "field-passed"),
		c("web_rpki", "invalid", all(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }), Failed, "field-failed"),
		c("web_rpki", "no source", all(func(r *fact.Route) { r.VRPGap = fact.GapNoSource }), NotMeasured, "field-not-measured"),
		c("web_securitytxt", "right", unchanged, Passed, "field-passed"),
		c("web_securitytxt", "absent", hosts(func(h *fact.WebHost) {
			h.HTTP.SecurityTxt.WellKnown.Hops[0].Status, h.HTTP.SecurityTxt.Body = 404, nil
			h.HTTP.SecurityTxt.Legacy = &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{{URL: "https://www.example.nl/security.txt", Status: 404}}}
		}), Warning, "field-warning"),
		c("web_legacy_dane", "none", unchanged, Info, "field-info"),
		c("web_legacy_tls_1_3", "yes", unchanged, Passed, "tls13"),
		c("web_legacy_tls_1_3", "no", withTLS(func(t *fact.TLS) { t.Versions[5].Observed = declined }), Failed, "no-tls13"),
		c("web_legacy_tls_1_3", "unknown", withTLS(func(t *fact.TLS) { t.Versions[5].Observed = fact.Observed{Gap: fact.GapSlow} }), NotMeasured, "gap-slow"),
	}
}

func TestWithASwitchDateWdoJudgesByTheNewGuidelines(t *testing.T) {
	judge := wdoJudgeFrom(lookCertKey, now.AddDate(0, 0, 10))
	m := goodSite(t)
	withRSA(2048)(t, m)
	v := newView(m)
	if d := judge(v); d.Outcome != Passed || !d.Until.Equal(now.AddDate(0, 0, 10)) {
		t.Errorf("before the date: %v until %v", d.Outcome, d.Until)
	}
	m.At = now.AddDate(0, 0, 10)
	if d := judge(newView(m)); d.Outcome != Failed {
		t.Errorf("from the date on: %v", d.Outcome)
	}
}
