package norm

import (
	"slices"
	"strings"
	"testing"

	"peil/internal/fact"
)

// change alters one thing about the good site.
type change func(*testing.T, *fact.Measurement)

// verdictCase is facts and the verdict that they must give: one branch of a rule.
type verdictCase struct {
	edition string
	id      string
	name    string
	change  change
	want    Outcome
	code    string // of the first reason
}

// goodFor is that on which a case builds: a website, or a mail domain where the
// requirement is one of mail.
func goodFor(tb testing.TB, id string) *fact.Measurement {
	tb.Helper()
	if strings.HasPrefix(id, "mail") {
		return inlGoodMail()
	}
	return goodSite(tb)
}

// verdictCases are the branches of every rule of the editions peil, forum, wdo and the
// guidelines. Those of internet.nl have their own tests.
func verdictCases() []verdictCase {
	return slices.Concat(httpsCases(), tlsCases(), certificateCases(), dnsCases(), ipv6Cases(), rpkiCases(), headerCases(), pageCases(), securityTxtCases(), wdoCases(), ncscCases(), forumCases(), forumMailCases(), mailCases())
}

func peilCase(id, name string, c change, want Outcome, code string) verdictCase {
	return verdictCase{"peil", id, name, c, want, code}
}

// hosts changes every address of the website.
func hosts(f func(*fact.WebHost)) change {
	return func(_ *testing.T, m *fact.Measurement) {
		for i := range m.Web.Hosts {
			f(&m.Web.Hosts[i])
		}
	}
}

// second changes the IPv6 address alone.
func second(f func(*fact.WebHost)) change {
	return func(_ *testing.T, m *fact.Measurement) { f(&m.Web.Hosts[1]) }
}

func withTLS(f func(*fact.TLS)) change { return hosts(func(h *fact.WebHost) { f(h.TLS) }) }

func facts(f func(*fact.Measurement)) change {
	return func(_ *testing.T, m *fact.Measurement) { f(m) }
}

// page changes the answer that a visitor gets.
func page(f func(*fact.Hop)) change {
	return hosts(func(h *fact.WebHost) { f(&h.HTTP.Secure.Hops[0]) })
}

func setHeader(name string, values ...string) change {
	return page(func(h *fact.Hop) {
		h.Header = slices.DeleteFunc(slices.Clone(h.Header), func(x fact.Header) bool { return strings.EqualFold(x.Name, name) })
		for _, v := range values {
			h.Header = append(h.Header, fact.Header{Name: name, Value: v})
		}
	})
}

func unchanged(*testing.T, *fact.Measurement) {}

func gone(_ *testing.T, m *fact.Measurement) {
	m.Web.Hosts, m.Web.Wire, m.Web.Similarity, m.Web.Pair = nil, nil, nil, nil
	for i := range m.DNS.Lookups {
		if l := &m.DNS.Lookups[i]; l.Type == "A" || l.Type == "AAAA" {
			l.Records, l.Wire = nil, nil
		}
	}
}

func dieOn443(h *fact.WebHost) {
	h.Port443 = fact.Reach{State: fact.ReachDead, How: "refused"}
	h.TLS, h.HTTP.Secure, h.HTTP.Page, h.HTTP.SecurityTxt = nil, nil, nil, nil
}

func blind(h *fact.WebHost) {
	h.Port80, h.Port443 = fact.Reach{Gap: fact.GapNoIPv6}, fact.Reach{Gap: fact.GapNoIPv6}
	h.TLS, h.HTTP = nil, nil
}

func TestEveryBranchGivesItsVerdict(t *testing.T) {
	for _, c := range verdictCases() {
		t.Run(c.edition+"/"+c.id+"/"+c.name, func(t *testing.T) {
			m := goodFor(t, c.id)
			c.change(t, m)
			e, ok := ByName(c.edition)
			if !ok {
				t.Fatalf("no edition %q", c.edition)
			}
			v := Judge(m, e).Verdict(c.id)
			if v == nil {
				t.Fatalf("no requirement %q", c.id)
			}
			code := ""
			if len(v.Reasons) > 0 {
				code = v.Reasons[0].Code
			}
			if v.Outcome != c.want || code != c.code {
				t.Errorf("got %v %v (%v), want %v %v", v.Outcome, v.Reasons, v.Evidence, c.want, c.code)
			}
			if (v.Outcome == Failed || v.Outcome == Warning) && len(v.Evidence) == 0 {
				t.Error("a verdict below passed without evidence")
			}
			if v.Level == Must && (v.Outcome == Warning || v.Outcome == Info) {
				t.Errorf("a must is met or not: %v", v.Outcome) // catalogue A.5
			}
			if (v.Outcome == NotMeasured) != (v.Gap != "") {
				t.Errorf("outcome %v with gap %q", v.Outcome, v.Gap)
			}
		})
	}
}

func httpsCases() []verdictCase {
	plain := func(f func(*fact.Hop)) change { return hosts(func(h *fact.WebHost) { f(&h.HTTP.Plain.Hops[0]) }) }
	hsts := func(value ...string) change { return setHeader("Strict-Transport-Security", value...) }
	return []verdictCase{
		peilCase("web.https.available", "all addresses", unchanged, Passed, "https-works"),
		peilCase("web.https.available", "one address dead", second(dieOn443), Failed, "dead-address"),
		peilCase("web.https.available", "three hellos turned away", second(func(h *fact.WebHost) { h.TLS.Working = declined }), Failed, "no-tls"),
		peilCase("web.https.available", "this meter has no IPv6", second(blind), NotMeasured, "gap-no-ipv6"),
		peilCase("web.https.available", "cut off", second(func(h *fact.WebHost) { h.TLS.Working = fact.Observed{Gap: fact.GapBlocked} }), NotMeasured, "gap-blocked"),
		peilCase("web.https.available", "no website", gone, NotApplicable, "no-website"),
		peilCase("web.https.available", "name not resolved", func(t *testing.T, m *fact.Measurement) {
			gone(t, m)
			for i := range m.DNS.Lookups {
				m.DNS.Lookups[i].Gap, m.DNS.Lookups[i].RCode = fact.GapTimeout, ""
			}
		}, NotMeasured, "gap-timeout"),

		peilCase("web.https.redirect", "same name first", unchanged, Passed, "redirects-to"),
		peilCase("web.https.redirect", "port and path are free", plain(func(h *fact.Hop) { h.Next = "https://WWW.EXAMPLE.NL:8443/nl" }), Passed, "redirects-to"),
		peilCase("web.https.redirect", "no http at all", hosts(func(h *fact.WebHost) {
			h.Port80 = fact.Reach{State: fact.ReachDead, How: "refused"}
			h.HTTP.Plain = nil
		}), Passed, "no-http"),
		peilCase("web.https.redirect", "connection broken off", plain(func(h *fact.Hop) { h.Status, h.Next, h.Error = 0, "", "reset" }), Passed, "no-http"),
		peilCase("web.https.redirect", "shows a page", plain(func(h *fact.Hop) { h.Status, h.Next, h.Location = 200, "", "" }), Failed, "no-redirect"),
		peilCase("web.https.redirect", "other name first", plain(func(h *fact.Hop) { h.Next = "https://example.nl/" }), Failed, "redirect-other-name-first"),
		peilCase("web.https.redirect", "http first", plain(func(h *fact.Hop) { h.Next = "http://www.example.nl/nl" }), Failed, "redirect-to-http"),
		peilCase("web.https.redirect", "307", plain(func(h *fact.Hop) { h.Status = 307 }), Passed, "redirects-to"),
		peilCase("web.https.redirect", "the page says so in a meta element", plain(func(h *fact.Hop) {
			h.Status, h.Next, h.Location = 200, "", ""
			h.Header = append(h.Header, fact.Header{Name: "Refresh", Value: "0; url=https://www.example.nl/"})
		}), Failed, "no-redirect"),
		peilCase("web.https.redirect", "a Location that is none", plain(func(h *fact.Hop) { h.Status, h.Next, h.Location = 302, "", "https://" }), Failed, "no-redirect"),
		peilCase("web.https.redirect", "not there", plain(func(h *fact.Hop) { h.Status, h.Next, h.Location = 404, "", "" }), Failed, "no-redirect"),
		peilCase("web.https.redirect", "too slow", plain(func(h *fact.Hop) { h.Status, h.Error = 0, "timeout" }), NotMeasured, "gap-timeout"),
		peilCase("web.https.redirect", "dead on 443 is not judged", hosts(dieOn443), NotApplicable, "dead"),

		peilCase("web.https.hsts", "a year", unchanged, Passed, "hsts-long"),
		peilCase("web.https.hsts", "quoted", hsts(`Max-Age="31536000"`), Passed, "hsts-long"),
		peilCase("web.https.hsts", "short", hsts("max-age=86400"), Failed, "hsts-short"),
		peilCase("web.https.hsts", "absent on one address", second(func(h *fact.WebHost) {
			h.HTTP.Secure.Hops[0].Header = nil
		}), Failed, "hsts-absent"),
		peilCase("web.https.hsts", "first header counts", hsts("max-age=1", "max-age=31536000"), Failed, "hsts-short"),
		peilCase("web.https.hsts", "repeated directive", hsts("max-age=31536000; max-age=31536000"), Failed, "hsts-repeated-directive"),
		peilCase("web.https.hsts", "to the second", hsts("max-age=31536000"), Passed, "hsts-long"),
		peilCase("web.https.hsts", "a second short", hsts("max-age=31535999; includeSubDomains; preload"), Failed, "hsts-short"),
		peilCase("web.https.hsts", "white space and empty directives", hsts(" ;; max-age = 31536000 ;; "), Passed, "hsts-long"),
		peilCase("web.https.hsts", "unknown directives", hsts(`max-age=31536000; x="a;max-age=0"; y`), Passed, "hsts-long"),
		peilCase("web.https.hsts", "more than any number", hsts("max-age=99999999999999999999999"), Passed, "hsts-huge"),
		peilCase("web.https.hsts", "negative", hsts("max-age=-1"), Failed, "hsts-bad-max-age"),
		peilCase("web.https.hsts", "an open quote", hsts(`max-age="31536000`), Failed, "hsts-malformed"),
		peilCase("web.https.hsts", "empty", hsts(""), Failed, "hsts-no-max-age"),
		peilCase("web.https.hsts", "max-age twice in other case", hsts("max-age=31536000; Max-Age=31536000"), Failed, "hsts-repeated-directive"),
		peilCase("web.https.hsts", "no max-age", hsts("includeSubDomains"), Failed, "hsts-no-max-age"),
		peilCase("web.https.hsts", "max-age no number", hsts("max-age=1y"), Failed, "hsts-bad-max-age"),
		peilCase("web.https.hsts", "malformed", hsts("max-age=31536000, includeSubDomains"), Failed, "hsts-malformed"),

		peilCase("web.https.preload", "ready", unchanged, Passed, "hsts-preload"),
		peilCase("web.https.preload", "no preload", hsts("max-age=31536000; includeSubDomains"), Failed, "hsts-no-preload"),
		peilCase("web.https.preload", "no HSTS", hsts(), Failed, "hsts-absent"),
		peilCase("web.https.preload", "no redirect", plain(func(h *fact.Hop) { h.Status, h.Next = 200, "" }), Failed, "preload-no-redirect"),
		peilCase("web.https.preload", "redirect not seen", plain(func(h *fact.Hop) { h.Status, h.Error = 0, "timeout" }), NotMeasured, "gap-timeout"),

		peilCase("web.https.downgrade", "stays", unchanged, Passed, "no-downgrade"),
		peilCase("web.https.downgrade", "back to http", page(func(h *fact.Hop) { h.Status, h.Next = 302, "http://www.example.nl/x" }), Failed, "downgrade"),
		peilCase("web.https.downgrade", "back to http in the chain from http", hosts(func(h *fact.WebHost) {
			h.HTTP.Plain.Hops = append(h.HTTP.Plain.Hops, fact.Hop{URL: "http://elders.example/", Status: 200})
		}), Failed, "downgrade"),
		peilCase("web.https.downgrade", "loop", hosts(func(h *fact.WebHost) { h.HTTP.Secure.End = fact.EndLoop }), Failed, "redirect-loop"),
		peilCase("web.https.downgrade", "not seen", hosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{Gap: fact.GapBudget} }), NotMeasured, "gap-budget"),

		peilCase("web.login.plain", "the page broke off", hosts(func(h *fact.WebHost) { h.HTTP.Secure.Hops[0].BodyGap = fact.GapTimeout }), NotMeasured, "gap-timeout"),
		peilCase("web.login.plain", "none", unchanged, Passed, "no-password-on-http"),
		peilCase("web.login.plain", "password on http", hosts(func(h *fact.WebHost) { h.HTTP.PlainPage = &fact.Page{PasswordField: true} }), Failed, "password-on-http"),
		peilCase("web.login.plain", "form to http", hosts(func(h *fact.WebHost) {
			h.HTTP.Page = &fact.Page{PasswordField: true, FormsToHTTP: []string{"http://www.example.nl/in"}}
		}), Failed, "password-form-to-http"),
		peilCase("web.login.plain", "not seen", hosts(func(h *fact.WebHost) { h.HTTP.Plain = &fact.Fetch{Gap: fact.GapTimeout} }), NotMeasured, "gap-timeout"),

		peilCase("web.https.http2", "yes", unchanged, Passed, "http2"),
		peilCase("web.https.http2", "no", hosts(func(h *fact.WebHost) { h.HTTP.HTTP2 = declined }), Failed, "no-http2"),
		peilCase("web.https.http2", "not offered by us", hosts(func(h *fact.WebHost) { h.HTTP.HTTP2 = fact.Observed{Gap: fact.GapUnsupported} }), NotMeasured, "gap-unsupported"),
		peilCase("web.https.http2", "not asked", hosts(func(h *fact.WebHost) { h.HTTP.HTTP2 = fact.Observed{} }), NotMeasured, "gap-not-asked"),
		peilCase("web.https.http3", "announced", unchanged, Passed, "http3"),
		peilCase("web.https.http3", "not announced in the answer, and the record was not seen", func(t *testing.T, m *fact.Measurement) {
			hosts(func(h *fact.WebHost) { h.HTTP.HTTP3 = nil })(t, m)
			m.DNS.Lookup(siteName, "HTTPS").Gap = fact.GapTimeout
		}, NotMeasured, "gap-timeout"),
		peilCase("web.https.http3", "not announced", hosts(func(h *fact.WebHost) { h.HTTP.HTTP3 = nil }), Failed, "no-http3"),
	}
}

func preferring(v fact.Version, suites ...fact.Suite) fact.SuiteSet {
	return fact.SuiteSet{Version: v, Accepted: suites, Chosen: suites, ServerPreference: accepted}
}

// only12 makes a server of TLS 1.2 with these suites.
func only12(suites ...fact.Suite) change {
	return withTLS(func(t *fact.TLS) {
		t.Versions[5].Observed = declined
		t.Suites = []fact.SuiteSet{preferring(fact.TLS12, suites...)}
		t.Groups = t.Groups[:1]
	})
}

func only13(t *fact.TLS) {
	t.Versions[4].Observed = declined
	t.Suites, t.Groups = t.Suites[1:], t.Groups[1:]
	t.SecureRenegotiation, t.ExtendedMasterSecret, t.Compression = fact.Observed{}, fact.Observed{}, fact.Observed{}
	t.KexHashSHA1, t.KexHashSHA224, t.KexHashSHA2 = fact.Observed{}, fact.Observed{}, fact.Observed{}
}

// unsettled12 is a server that answers TLS 1.2 with what was not offered.
func unsettled12(t *fact.TLS) {
	t.Versions[4].Observed = fact.Observed{Gap: fact.GapMalformed}
	t.Suites, t.Groups = t.Suites[1:], t.Groups[1:]
}

func addSuites(suites ...fact.Suite) change {
	return withTLS(func(t *fact.TLS) {
		s := &t.Suites[0]
		s.Accepted = append(slices.Clone(s.Accepted), suites...)
		s.Chosen = append(slices.Clone(s.Chosen), suites...)
	})
}

func addGroup(g fact.Group) change {
	return withTLS(func(t *fact.TLS) { t.Groups[0].Accepted = append(slices.Clone(t.Groups[0].Accepted), g) })
}

const (
	ecdheCBC256 fact.Suite = 0xC023 // TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
	rsaGCM      fact.Suite = 0x009C // TLS_RSA_WITH_AES_128_GCM_SHA256
	dheGCM      fact.Suite = 0x009E // TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
	tripleDES   fact.Suite = 0xC012 // TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA
	rc4         fact.Suite = 0x0005 // TLS_RSA_WITH_RC4_128_SHA
	ccmECDSA    fact.Suite = 0xC0AC // TLS_ECDHE_ECDSA_WITH_AES_128_CCM
)

func tlsCases() []verdictCase {
	dh := func(p fact.DHParams) change { return withTLS(func(t *fact.TLS) { t.DH = []fact.DHParams{p} }) }
	version := func(i int, o fact.Observed) change { return withTLS(func(t *fact.TLS) { t.Versions[i].Observed = o }) }
	gap := fact.Observed{Gap: fact.GapBlocked}
	return []verdictCase{
		peilCase("web.tls.version", "1.2 and 1.3", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.version", "1.1", version(3, accepted), Failed, "class-insufficient"),
		peilCase("web.tls.version", "SSL 3.0 on one address", second(func(h *fact.WebHost) { h.TLS.Versions[1].Observed = accepted }), Failed, "class-insufficient"),
		peilCase("web.tls.version", "1.0 unknown", version(2, gap), NotMeasured, "gap-blocked"),
		peilCase("web.tls.version", "1.3 unknown spoils nothing", version(5, gap), Passed, "class-none-insufficient"),
		peilCase("web.tls.version", "dead address does not count", second(dieOn443), Passed, "class-none-insufficient"),
		peilCase("web.tls.version", "no working TLS", withTLS(func(t *fact.TLS) { t.Working = declined }), NotApplicable, "no-tls"),
		peilCase("web.tls.version", "failure outweighs what was not seen", func(t *testing.T, m *fact.Measurement) {
			m.Web.Hosts[0].TLS.Versions[2].Observed = accepted
			blind(&m.Web.Hosts[1])
		}, Failed, "class-insufficient"),

		peilCase("web.tls.ciphers", "AEAD", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.ciphers", "phase-out is no failure", addSuites(ecdheCBC256), Passed, "class-none-insufficient"),
		peilCase("web.tls.ciphers", "RSA key exchange", addSuites(rsaGCM), Failed, "class-insufficient"),
		peilCase("web.tls.ciphers", "sufficient by 2025-05 but unlawful", addSuites(ccmECDSA), Failed, "unlawful"),
		peilCase("web.tls.ciphers", "an unknown suite", addSuites(0x9999), Failed, "class-insufficient"),
		peilCase("web.tls.ciphers", "open suite that would fail", withTLS(func(t *fact.TLS) { t.Suites[0].Open, t.Suites[0].Gap = []fact.Suite{rc4}, fact.GapBlocked }), NotMeasured, "gap-blocked"),
		peilCase("web.tls.ciphers", "open suite that would pass", withTLS(func(t *fact.TLS) { t.Suites[0].Open, t.Suites[0].Gap = []fact.Suite{0xC02F}, fact.GapBlocked }), Passed, "class-none-insufficient"),
		peilCase("web.tls.ciphers", "all open", withTLS(func(t *fact.TLS) { t.Suites[0].AllOpen, t.Suites[0].Gap = true, fact.GapSlow }), NotMeasured, "gap-slow"),
		peilCase("web.tls.ciphers", "never enumerated", withTLS(func(t *fact.TLS) { t.Suites = nil }), NotMeasured, "gap-not-asked"),
		peilCase("web.tls.ciphers", "1.2 unknown", withTLS(unsettled12), NotMeasured, "gap-malformed"),
		peilCase("web.tls.ciphers.phaseout", "none", unchanged, Passed, "class-none-phase-out"),
		peilCase("web.tls.ciphers.phaseout", "1.2 unknown", withTLS(unsettled12), NotMeasured, "gap-malformed"),
		peilCase("web.tls.ciphers.phaseout", "all open", withTLS(func(t *fact.TLS) { t.Suites[0].AllOpen, t.Suites[0].Gap = true, fact.GapSlow }), NotMeasured, "gap-slow"),
		peilCase("web.tls.ciphers.phaseout", "CBC", addSuites(ecdheCBC256), Warning, "class-phase-out"),
		peilCase("web.tls.ciphers.phaseout", "insufficient is another's business", addSuites(rsaGCM), Passed, "class-none-phase-out"),

		peilCase("web.tls.keyexchange", "curves", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.keyexchange", "odd curve", addGroup(22), Failed, "class-insufficient"),
		peilCase("web.tls.keyexchange", "ffdhe2048", dh(fact.DHParams{Bits: 2048, Name: "ffdhe2048"}), Failed, "class-insufficient"),
		peilCase("web.tls.keyexchange", "own DH group", dh(fact.DHParams{Bits: 4096}), Failed, "class-insufficient"),
		peilCase("web.tls.keyexchange", "ffdhe3072 is phase-out alone", dh(fact.DHParams{Bits: 3072, Name: "ffdhe3072"}), Passed, "class-none-insufficient"),
		peilCase("web.tls.keyexchange", "RSA alone", func(t *testing.T, m *fact.Measurement) {
			only12(rsaGCM)(t, m)
			for i := range m.Web.Hosts {
				m.Web.Hosts[i].TLS.Groups = []fact.GroupSet{{Version: fact.TLS12}}
			}
		}, NotApplicable, "no-ecdhe"),
		peilCase("web.tls.keyexchange", "DHE without parameters", addSuites(dheGCM), NotMeasured, "gap-not-asked"),
		peilCase("web.tls.keyexchange", "groups not asked", withTLS(func(t *fact.TLS) { t.Groups = nil }), NotMeasured, "gap-not-asked"),
		peilCase("web.tls.keyexchange", "all open", withTLS(func(t *fact.TLS) { t.Groups[1].AllOpen, t.Groups[1].Gap = true, fact.GapSlow }), NotMeasured, "gap-slow"),
		peilCase("web.tls.keyexchange", "1.2 unknown", withTLS(unsettled12), NotMeasured, "gap-malformed"),
		peilCase("web.tls.keyexchange.phaseout", "none", unchanged, Passed, "class-none-phase-out"),
		peilCase("web.tls.keyexchange.phaseout", "secp224r1", addGroup(fact.Secp224r1), Warning, "class-phase-out"),
		peilCase("web.tls.keyexchange.phaseout", "ffdhe3072 on 1.3", withTLS(func(t *fact.TLS) { t.Groups[1].Accepted = append(slices.Clone(t.Groups[1].Accepted), fact.FFDHE3072) }), Warning, "class-phase-out"),

		peilCase("web.tls.keyexchangehash", "SHA-2", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.keyexchangehash", "SHA-1 too", withTLS(func(t *fact.TLS) { t.KexHashSHA1 = accepted }), Failed, "class-insufficient"),
		peilCase("web.tls.keyexchangehash", "unknown", withTLS(func(t *fact.TLS) { t.KexHashSHA1 = gap }), NotMeasured, "gap-blocked"),
		peilCase("web.tls.keyexchangehash", "1.3 alone", withTLS(only13), NotApplicable, "no-tls12"),
		peilCase("web.tls.keyexchangehash", "nothing is signed", withTLS(func(t *fact.TLS) { t.KexHashSHA2 = declined }), NotApplicable, "no-kex-signature"),
		peilCase("web.tls.keyexchangehash.phaseout", "none", unchanged, Passed, "class-none-phase-out"),
		peilCase("web.tls.keyexchangehash.phaseout", "SHA-224", withTLS(func(t *fact.TLS) { t.KexHashSHA224 = accepted }), Warning, "class-phase-out"),

		peilCase("web.tls.compression", "none", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.compression", "on", withTLS(func(t *fact.TLS) { t.Compression = accepted }), Failed, "class-insufficient"),
		peilCase("web.tls.compression", "unknown", withTLS(func(t *fact.TLS) { t.Compression = gap }), NotMeasured, "gap-blocked"),
		peilCase("web.tls.compression", "1.3 alone", withTLS(only13), NotApplicable, "only-tls13"),
		peilCase("web.tls.secreneg", "yes", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.secreneg", "no", withTLS(func(t *fact.TLS) { t.SecureRenegotiation = declined }), Failed, "class-insufficient"),
		peilCase("web.tls.secreneg", "1.3 alone", withTLS(only13), NotApplicable, "only-tls13"),
		peilCase("web.tls.earlydata", "off", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.earlydata", "on", withTLS(func(t *fact.TLS) { t.EarlyData.Observed = accepted }), Failed, "class-insufficient"),
		peilCase("web.tls.earlydata", "no 1.3", version(5, declined), NotApplicable, "no-tls13"),
		peilCase("web.tls.ems", "yes", unchanged, Passed, "class-none-insufficient"),
		peilCase("web.tls.ems", "no", withTLS(func(t *fact.TLS) { t.ExtendedMasterSecret = declined }), Failed, "class-insufficient"),
		peilCase("web.tls.ems", "1.3 alone", withTLS(only13), NotApplicable, "no-tls12"),

		peilCase("web.tls.order", "nothing to compare", unchanged, NotApplicable, "order-nothing-to-compare"),
		peilCase("web.tls.order", "1.2 unknown", withTLS(unsettled12), NotMeasured, "gap-malformed"),
		peilCase("web.tls.order", "one seen, the rest open", withTLS(func(t *fact.TLS) {
			t.Suites[0] = fact.SuiteSet{Version: fact.TLS12, Accepted: []fact.Suite{0xC02B}, AllOpen: true, Gap: fact.GapMalformed}
		}), NotMeasured, "gap-malformed"),
		peilCase("web.tls.order", "weak ones last", addSuites(ecdheCBC256), Passed, "order-right"),
		peilCase("web.tls.order", "weak one first", withTLS(func(t *fact.TLS) { t.Suites[0] = preferring(fact.TLS12, ecdheCBC256, 0xC02B) }), Failed, "order-wrong"),
		peilCase("web.tls.order", "the client's order", withTLS(func(t *fact.TLS) {
			t.Suites[0] = preferring(fact.TLS12, 0xC02B, ecdheCBC256)
			t.Suites[0].ServerPreference = declined
		}), Failed, "client-order"),
		peilCase("web.tls.order", "asked outright", withTLS(func(t *fact.TLS) {
			t.Order = []fact.OrderProbe{{Version: fact.TLS12, Offered: []fact.Suite{ecdheCBC256, 0xC02B}, Picked: ecdheCBC256}}
		}), Failed, "order-wrong"),
		peilCase("web.tls.order", "asked outright and right", withTLS(func(t *fact.TLS) {
			t.Suites[0] = fact.SuiteSet{Version: fact.TLS12, Accepted: []fact.Suite{0xC02B, ecdheCBC256}}
			t.Order = []fact.OrderProbe{{Version: fact.TLS12, Offered: []fact.Suite{ecdheCBC256, 0xC02B}, Picked: 0xC02B}}
		}), Passed, "order-right"),
		peilCase("web.tls.order", "not asked", withTLS(func(t *fact.TLS) {
			t.Suites[0] = fact.SuiteSet{Version: fact.TLS12, Accepted: []fact.Suite{0xC02B, ecdheCBC256}}
		}), NotMeasured, "gap-not-asked"),

		peilCase("web.tls.clientreneg", "refused", unchanged, Passed, "no-client-renegotiation"),
		peilCase("web.tls.clientreneg", "ten times", withTLS(func(t *fact.TLS) {
			t.ClientRenegotiation = fact.Renegotiation{Observed: accepted, Count: 10, Tries: 11}
		}), Info, "client-renegotiation"),
		peilCase("web.tls.clientreneg", "without limit", withTLS(func(t *fact.TLS) {
			t.ClientRenegotiation = fact.Renegotiation{Observed: accepted, Count: 11, Tries: 11}
		}), Warning, "client-renegotiation"),
		peilCase("web.tls.clientreneg", "unknown", withTLS(func(t *fact.TLS) { t.ClientRenegotiation = fact.Renegotiation{Observed: gap} }), NotMeasured, "gap-blocked"),

		peilCase("web.tls.ocsp", "no pointer", unchanged, NotApplicable, "no-ocsp-url"),
		peilCase("web.tls.ocsp", "stapled", ocsp(fact.OCSPStaple{Stapled: accepted, Status: "good", Trusted: true}), Passed, "ocsp-stapled"),
		peilCase("web.tls.ocsp", "not stapled", ocsp(fact.OCSPStaple{Stapled: declined}), Warning, "ocsp-not-stapled"),
		peilCase("web.tls.ocsp", "revoked", ocsp(fact.OCSPStaple{Stapled: accepted, Status: "revoked", Trusted: true}), Failed, "ocsp-bad-staple"),
		peilCase("web.tls.ocsp", "not trusted", ocsp(fact.OCSPStaple{Stapled: accepted, Status: "good"}), Failed, "ocsp-bad-staple"),
		peilCase("web.tls.ocsp", "out of date", ocsp(fact.OCSPStaple{Stapled: accepted, Status: "good", Trusted: true, NextUpdate: now.AddDate(0, 0, -1)}), Failed, "ocsp-bad-staple"),
		peilCase("web.tls.ocsp", "unknown", ocsp(fact.OCSPStaple{Stapled: gap}), NotMeasured, "gap-blocked"),

		peilCase("web.tls.nosni", "trusted", unchanged, Passed, "no-sni-trusted"),
		peilCase("web.tls.nosni", "refused", withTLS(func(t *fact.TLS) { t.NoSNI = &fact.NoSNI{Observed: declined} }), Passed, "no-sni-refused"),
		peilCase("web.tls.nosni", "self-made", facts(func(m *fact.Measurement) {
			m.Chains = append(m.Chains, fact.Chain{ID: "x", Certs: m.Chains[0].Certs, Trust: fact.Trust{Problem: "self_signed"}})
			for i := range m.Web.Hosts {
				m.Web.Hosts[i].TLS.NoSNI.Chain = "x"
			}
		}), Warning, "no-sni-untrusted"),
		peilCase("web.tls.nosni", "not asked", withTLS(func(t *fact.TLS) { t.NoSNI = nil }), NotMeasured, "gap-not-asked"),

		peilCase("web.tls.good", "not all", unchanged, Failed, "not-all-good"),
		peilCase("web.tls.good", "all", withTLS(allGood), Passed, "all-good"),
		peilCase("web.tls.postquantum", "hybrid", unchanged, Passed, "post-quantum"),
		peilCase("web.tls.postquantum", "none", withTLS(func(t *fact.TLS) { t.Groups[1].Accepted = []fact.Group{fact.X25519} }), Failed, "no-post-quantum"),
		peilCase("web.tls.postquantum", "no 1.3", version(5, declined), Failed, "no-tls13"),
		peilCase("web.tls.postquantum", "open", withTLS(func(t *fact.TLS) {
			t.Groups[1] = fact.GroupSet{Version: fact.TLS13, Open: []fact.Group{fact.X25519MLKEM768}, Gap: fact.GapSlow}
		}), NotMeasured, "gap-slow"),
	}
}

func allGood(t *fact.TLS) {
	only13(t)
	t.Suites[0] = preferring(fact.TLS13, 0x1302, 0x1303)
	t.Groups[0].Accepted = []fact.Group{fact.X25519MLKEM768}
}
