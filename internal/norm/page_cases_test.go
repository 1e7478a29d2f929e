package norm

import (
	"strings"
	"testing"

	"peil/internal/fact"
)

func headerCases() []verdictCase {
	policy := func(v ...string) change { return setHeader("Content-Security-Policy", v...) }
	fine := "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"
	replace := func(old, with string) change { return policy(strings.Replace(fine, old, with, 1)) }
	elsewhere := page(func(h *fact.Hop) { h.Status, h.Next = 302, "https://other.example/" })
	return []verdictCase{
		peilCase("web.header.csp", "strict", unchanged, Passed, "csp-strict"),
		peilCase("web.header.csp", "nonce beside unsafe-inline", replace("script-src 'self'", "script-src 'nonce-YWJjZGVmZ2hpamtsbW5vcA==' 'unsafe-inline'"), Passed, "csp-strict"),
		peilCase("web.header.csp", "strict-dynamic makes hosts void", replace("script-src 'self'", "script-src 'strict-dynamic' 'nonce-YWJjZGVmZ2hpamtsbW5vcA==' https:"), Passed, "csp-strict"),
		peilCase("web.header.csp", "the first of a directive wins", replace("script-src 'self'", "SCRIPT-SRC 'self'; script-src 'unsafe-inline'"), Passed, "csp-strict"),
		peilCase("web.header.csp", "of two policies the stricter holds", policy("script-src 'unsafe-inline'", fine), Passed, "csp-strict"),
		peilCase("web.header.csp", "unsafe-inline", replace("script-src 'self'", "script-src 'self' 'unsafe-inline'"), Failed, "csp-unsafe-inline"),
		peilCase("web.header.csp", "unsafe-inline by way of default-src", policy("default-src 'self' 'unsafe-inline'"), Failed, "csp-unsafe-inline"),
		peilCase("web.header.csp", "unsafe-inline in attributes", replace("script-src 'self'", "script-src 'self'; script-src-attr 'unsafe-inline'"), Failed, "csp-unsafe-inline"),
		peilCase("web.header.csp", "everything", replace("script-src 'self'", "script-src *"), Failed, "csp-wide-source"),
		peilCase("web.header.csp", "scripts not limited", policy("frame-ancestors 'none'"), Failed, "csp-no-script-limit"),
		peilCase("web.header.csp", "unsafe-eval", replace("script-src 'self'", "script-src 'self' 'unsafe-eval'"), Warning, "csp-unsafe-eval"),
		peilCase("web.header.csp", "unsafe-hashes", replace("script-src 'self'", "script-src 'self' 'unsafe-hashes'"), Warning, "csp-unsafe-hashes"),
		peilCase("web.header.csp", "inline styles", replace("style-src 'self'", "style-src 'unsafe-inline'"), Warning, "csp-style-inline"),
		peilCase("web.header.csp", "no base-uri", replace("; base-uri 'none'", ""), Warning, "csp-missing"),
		peilCase("web.header.csp", "no object-src", replace("default-src 'none'; ", ""), Warning, "csp-missing"),
		peilCase("web.header.csp", "objects from everywhere", replace("default-src 'none'", "object-src *"), Warning, "csp-wide-source"),
		peilCase("web.header.csp", "source over http", replace("style-src 'self'", "style-src http://cdn.example"), Warning, "csp-http-source"),
		peilCase("web.header.csp", "absent", policy(), Failed, "csp-absent"),
		peilCase("web.header.csp", "report only", func(t *testing.T, m *fact.Measurement) {
			policy()(t, m)
			setHeader("Content-Security-Policy-Report-Only", fine)(t, m)
		}, Failed, "csp-report-only"),
		peilCase("web.header.csp", "in the page alone", func(t *testing.T, m *fact.Measurement) {
			policy()(t, m)
			hosts(func(h *fact.WebHost) { h.HTTP.Page.MetaCSP = []string{fine} })(t, m)
		}, Info, "csp-meta"),
		peilCase("web.header.csp", "leads to another name", elsewhere, NotApplicable, "redirects-elsewhere"),
		peilCase("web.header.csp", "page after a redirect on the same name", hosts(func(h *fact.WebHost) {
			end := h.HTTP.Secure.Hops[0]
			end.URL = "https://www.example.nl/nl"
			h.HTTP.Secure.Hops = []fact.Hop{{URL: "https://www.example.nl/", Status: 302, Next: end.URL}, end}
		}), Passed, "csp-strict"),
		peilCase("web.header.csp", "not seen", hosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{Gap: fact.GapBudget} }), NotMeasured, "gap-budget"),
		peilCase("web.header.csp", "no HTTP answer", page(func(h *fact.Hop) { h.Status, h.Error = 0, "malformed" }), NotMeasured, "gap-malformed"),

		peilCase("web.header.frameoptions", "frame-ancestors", unchanged, Passed, "frame-ancestors"),
		peilCase("web.header.frameoptions", "X-Frame-Options alone", policy("default-src 'none'"), Passed, "frame-options"),
		peilCase("web.header.frameoptions", "frame-ancestors for all", policy("frame-ancestors *"), Failed, "frame-ancestors-open"),
		peilCase("web.header.frameoptions", "absent", func(t *testing.T, m *fact.Measurement) {
			policy()(t, m)
			setHeader("X-Frame-Options")(t, m)
		}, Failed, "frame-options-absent"),
		peilCase("web.header.frameoptions", "ALLOW-FROM", func(t *testing.T, m *fact.Measurement) {
			policy()(t, m)
			setHeader("X-Frame-Options", "ALLOW-FROM https://x.example")(t, m)
		}, Failed, "frame-options-bad"),
		peilCase("web.header.contenttype", "nosniff", unchanged, Passed, "nosniff"),
		peilCase("web.header.contenttype", "any case, first value", setHeader("X-Content-Type-Options", "NoSniff, x"), Passed, "nosniff"),
		peilCase("web.header.contenttype", "other", setHeader("X-Content-Type-Options", "sniff"), Failed, "nosniff-bad"),
		peilCase("web.header.contenttype", "absent", setHeader("X-Content-Type-Options"), Failed, "nosniff-absent"),
		peilCase("web.header.referrer", "same-origin", unchanged, Passed, "referrer"),
		peilCase("web.header.referrer", "last known word wins", setHeader("Referrer-Policy", "unsafe-url, no-referrer, new-word"), Passed, "referrer"),
		peilCase("web.header.referrer", "name alone", setHeader("Referrer-Policy", "strict-origin-when-cross-origin"), Info, "referrer"),
		peilCase("web.header.referrer", "all", setHeader("Referrer-Policy", "unsafe-url"), Failed, "referrer"),
		peilCase("web.header.referrer", "meta element wins", hosts(func(h *fact.WebHost) { h.HTTP.Page.MetaReferrer = "unsafe-url" }), Failed, "referrer"),
		peilCase("web.header.referrer", "unknown", setHeader("Referrer-Policy", "none"), Failed, "referrer-unknown"),
		peilCase("web.header.referrer", "empty", setHeader("Referrer-Policy", ""), Warning, "referrer-absent"),
		peilCase("web.header.referrer", "two lines, in capitals", setHeader("Referrer-Policy", "unsafe-url", "SAME-ORIGIN"), Passed, "referrer"),
		peilCase("web.header.frameoptions", "the frame-ancestors of one of two policies", policy("frame-ancestors *, frame-ancestors 'self'"), Passed, "frame-ancestors"),
		peilCase("web.header.frameoptions", "an empty frame-ancestors allows nobody", policy("frame-ancestors"), Passed, "frame-ancestors"),
		peilCase("web.header.frameoptions", "a whole scheme", policy("FRAME-ANCESTORS HTTPS:"), Failed, "frame-ancestors-open"),
		peilCase("web.header.frameoptions", "the first of a repeated directive", policy("frame-ancestors *; frame-ancestors 'none'"), Failed, "frame-ancestors-open"),
		peilCase("web.header.contenttype", "second value", setHeader("X-Content-Type-Options", "x, nosniff"), Failed, "nosniff-bad"),
		peilCase("web.header.contenttype", "in capitals, before another", setHeader("X-Content-Type-Options", "NoSniff", "x"), Passed, "nosniff"),
		peilCase("web.header.csp", "a hash beside unsafe-inline", policy("default-src 'self'; script-src 'unsafe-inline' 'sha256-abc='; object-src 'none'; base-uri 'none'; form-action 'self'"), Passed, "csp-strict"),
		peilCase("web.header.csp", "a nonce that is none", policy("default-src 'self'; script-src 'unsafe-inline' 'nonce-'; object-src 'none'; base-uri 'none'; form-action 'self'"), Failed, "csp-unsafe-inline"),
		peilCase("web.header.csp", "the first of a repeated directive", policy("script-src 'self' 'unsafe-inline'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"), Failed, "csp-unsafe-inline"),
		peilCase("web.header.referrer", "absent", setHeader("Referrer-Policy"), Warning, "referrer-absent"),
		peilCase("web.header.permissions", "limits", unchanged, Passed, "permissions-set"),
		peilCase("web.header.permissions", "camera for all", setHeader("Permissions-Policy", "camera=*"), Warning, "permissions-open"),
		peilCase("web.header.permissions", "old syntax", setHeader("Permissions-Policy", "camera 'none'; microphone 'none'"), Failed, "permissions-malformed"),
		peilCase("web.header.permissions", "absent", setHeader("Permissions-Policy"), Warning, "permissions-absent"),
		peilCase("web.header.crossorigin", "set", unchanged, Passed, "cross-origin-set"),
		peilCase("web.header.crossorigin", "no opener policy", setHeader("Cross-Origin-Opener-Policy"), Warning, "coop-absent"),
		peilCase("web.header.crossorigin", "open", setHeader("Cross-Origin-Opener-Policy", "unsafe-none"), Warning, "coop-open"),
		peilCase("web.header.crossorigin", "no resource policy", setHeader("Cross-Origin-Resource-Policy"), Info, "corp-absent"),
		peilCase("web.header.crossorigin", "null may read", setHeader("Access-Control-Allow-Origin", "null"), Failed, "cors-open"),
		peilCase("web.header.version", "none", unchanged, Passed, "no-version"),
		peilCase("web.header.version", "Server", setHeader("Server", "nginx/1.24.0"), Warning, "version"),
		peilCase("web.header.version", "X-AspNet-Version", setHeader("X-AspNet-Version", "4.0.30319"), Warning, "version"),
		peilCase("web.header.version", "Via has the protocol's", setHeader("Via", "1.1 proxy"), Passed, "no-version"),
		peilCase("web.header.version", "generator", hosts(func(h *fact.WebHost) { h.HTTP.Page.Generator = "WordPress 6.2" }), Warning, "version"),
	}
}

func pageCases() []verdictCase {
	cookie := func(c fact.Cookie) change { return page(func(h *fact.Hop) { h.Cookies = []fact.Cookie{c} }) }
	body := func(f func(*fact.Page)) change { return hosts(func(h *fact.WebHost) { f(h.HTTP.Page) }) }
	return []verdictCase{
		peilCase("web.cookie.attributes", "all", unchanged, Passed, "cookies-right"),
		peilCase("web.cookie.attributes", "none", page(func(h *fact.Hop) { h.Cookies = nil }), NotApplicable, "no-cookies"),
		peilCase("web.cookie.attributes", "deleted", cookie(fact.Cookie{Name: "s", Deleted: true}), NotApplicable, "no-cookies"),
		peilCase("web.cookie.attributes", "one deleted, one without Secure", page(func(h *fact.Hop) { h.Cookies = []fact.Cookie{{Name: "s", Deleted: true}, {Name: "t"}} }), Failed, "cookie-insecure"),
		peilCase("web.cookie.attributes", "no Secure", cookie(fact.Cookie{Name: "s", HTTPOnly: true, SameSite: "lax"}), Failed, "cookie-insecure"),
		peilCase("web.cookie.attributes", "no HttpOnly", cookie(fact.Cookie{Name: "s", Secure: true, SameSite: "lax"}), Warning, "cookie-no-httponly"),
		peilCase("web.cookie.attributes", "no SameSite", cookie(fact.Cookie{Name: "s", Secure: true, HTTPOnly: true}), Warning, "cookie-no-samesite"),
		peilCase("web.cookie.attributes", "broken prefix", cookie(fact.Cookie{Name: "__Host-s", Secure: true, HTTPOnly: true, SameSite: "lax", Domain: "example.nl", Path: "/"}), Failed, "cookie-bad-prefix"),
		peilCase("web.page.integrity", "none from others", unchanged, Passed, "integrity-right"),
		peilCase("web.page.integrity", "without", body(func(p *fact.Page) { p.NoIntegrity = []string{"https://cdn.example/x.js"} }), Warning, "no-integrity"),
		peilCase("web.page.integrity", "no page", hosts(func(h *fact.WebHost) { h.HTTP.Page = nil }), NotApplicable, "no-page"),
		peilCase("web.page.mixed", "none", unchanged, Passed, "no-mixed-content"),
		peilCase("web.page.mixed", "none in what was read before the page broke off", hosts(func(h *fact.WebHost) { h.HTTP.Secure.Hops[0].BodyGap = fact.GapTimeout }), NotMeasured, "gap-timeout"),
		peilCase("web.page.mixed", "picture over http", body(func(p *fact.Page) { p.MixedContent = []string{"http://x.example/a.png"} }), Failed, "mixed-content"),
		peilCase("web.page.mixed", "form over http", body(func(p *fact.Page) { p.FormsToHTTP = []string{"http://x.example/"} }), Failed, "form-to-http"),
	}
}

func securityTxtCases() []verdictCase {
	txt := func(f func(*fact.SecurityTxt)) change {
		return hosts(func(h *fact.WebHost) { f(h.HTTP.SecurityTxt) })
	}
	bodyOf := func(lines ...string) change {
		return txt(func(s *fact.SecurityTxt) { s.Body, s.Signature = []byte(strings.Join(lines, "\n")+"\n"), "" })
	}
	status := func(n int) change {
		return txt(func(s *fact.SecurityTxt) { s.WellKnown.Hops[0].Status, s.Body = n, nil })
	}
	contentType := func(v string) change {
		return txt(func(s *fact.SecurityTxt) {
			s.WellKnown.Hops[0].Header = []fact.Header{{Name: "Content-Type", Value: v}}
		})
	}
	legacyAs := func(contentType ...string) *fact.Fetch {
		h := fact.Hop{URL: "https://www.example.nl/security.txt", Status: 200}
		for _, c := range contentType {
			h.Header = append(h.Header, fact.Header{Name: "Content-Type", Value: c})
		}
		return &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{h}}
	}
	const somePage = "<!doctype html>\n<title>Gemeente</title>\n<p>Contact: bel ons.\n"
	pageAt := txt(func(s *fact.SecurityTxt) {
		s.Body, s.Signature = []byte(somePage), ""
		s.WellKnown.Hops[0].Header = []fact.Header{{Name: "Content-Type", Value: "text/html"}}
	})
	contact, expires := "Contact: https://www.example.nl/melden", "Expires: 2027-06-01T00:00:00Z"
	return []verdictCase{
		peilCase("web.securitytxt.valid", "right", unchanged, Passed, "securitytxt-right"),
		peilCase("web.securitytxt.valid", "smallest", bodyOf(contact, expires), Passed, "securitytxt-right"),
		peilCase("web.securitytxt.valid", "404", status(404), Failed, "securitytxt-absent"),
		peilCase("web.securitytxt.valid", "old place", txt(func(s *fact.SecurityTxt) {
			s.WellKnown.Hops[0].Status = 404
			s.Legacy = legacyAs("text/plain")
		}), Failed, "securitytxt-place"),
		peilCase("web.securitytxt.valid", "old place, without a type", txt(func(s *fact.SecurityTxt) {
			s.WellKnown.Hops[0].Status = 404
			s.Legacy = legacyAs()
		}), Failed, "securitytxt-place"),
		peilCase("web.securitytxt.valid", "a page at every path but the right one", txt(func(s *fact.SecurityTxt) {
			s.WellKnown.Hops[0].Status, s.Body, s.Signature = 403, []byte(somePage), ""
			s.Legacy = legacyAs("text/html; charset=utf-8")
		}), Failed, "securitytxt-absent"),
		peilCase("web.securitytxt.valid", "a page at the old place that quotes one", txt(func(s *fact.SecurityTxt) {
			s.WellKnown.Hops[0].Status, s.Body, s.Signature = 404, []byte("<pre>\nContact: mailto:a@example.nl\n</pre>\n"), ""
			s.Legacy = legacyAs("text/html")
		}), Failed, "securitytxt-absent"),
		peilCase("web.securitytxt.valid", "a page at every path", pageAt, Failed, "securitytxt-page"),
		peilCase("web.securitytxt.signed", "a page at every path", pageAt, NotApplicable, "securitytxt-none"),
		peilCase("web.securitytxt.quality", "a page at every path", pageAt, NotApplicable, "securitytxt-none"),
		peilCase("web.securitytxt.valid", "empty", txt(func(s *fact.SecurityTxt) { s.Body, s.Signature = nil, "" }), Failed, "securitytxt-defect-no-expire"),
		peilCase("web.securitytxt.signed", "empty", txt(func(s *fact.SecurityTxt) { s.Body, s.Signature = nil, "" }), NotApplicable, "securitytxt-none"),
		peilCase("web.securitytxt.quality", "empty", txt(func(s *fact.SecurityTxt) { s.Body, s.Signature = nil, "" }), NotApplicable, "securitytxt-none"),
		peilCase("web.securitytxt.valid", "HTML", contentType("text/html"), Failed, "securitytxt-type"),
		peilCase("web.securitytxt.valid", "Latin-1", contentType("text/plain; charset=iso-8859-1"), Failed, "securitytxt-type"),
		peilCase("web.securitytxt.valid", "no type", txt(func(s *fact.SecurityTxt) { s.WellKnown.Hops[0].Header = nil }), Failed, "securitytxt-type"),
		peilCase("web.securitytxt.valid", "over http", txt(func(s *fact.SecurityTxt) { s.WellKnown.Hops[0].URL = "http://www.example.nl/.well-known/security.txt" }), Failed, "securitytxt-http"),
		peilCase("web.securitytxt.valid", "by way of http", txt(func(s *fact.SecurityTxt) {
			s.WellKnown.Hops = append([]fact.Hop{
				{URL: "https://www.example.nl/.well-known/security.txt", Status: 301}, {URL: "http://www.example.nl/security", Status: 301},
			}, s.WellKnown.Hops...)
		}), Failed, "securitytxt-http"),
		peilCase("web.securitytxt.valid", "at another host", func(t *testing.T, m *fact.Measurement) {
			bodyOf(contact, expires)(t, m)
			txt(func(s *fact.SecurityTxt) {
				last := s.WellKnown.Hops[0]
				last.URL = "https://www.ncsc.example/.well-known/security.txt"
				s.WellKnown.Hops = []fact.Hop{{URL: "https://www.example.nl/.well-known/security.txt", Status: 302}, last}
			})(t, m)
		}, Passed, "securitytxt-right"),
		peilCase("web.securitytxt.valid", "CRLF", txt(func(s *fact.SecurityTxt) {
			s.Body, s.Signature = []byte(contact+"\r\n"+expires+"\r\n"), ""
		}), Passed, "securitytxt-right"),
		peilCase("web.securitytxt.valid", "a type in capitals and quotes", contentType(`Text/Plain; Charset="UTF-8"`), Passed, "securitytxt-right"),
		peilCase("web.securitytxt.valid", "expires this very second: stale is what comes after", bodyOf(contact, "Expires: 2026-11-23T12:00:00Z"), Passed, "securitytxt-right"),
		peilCase("web.securitytxt.valid", "expires in a second, by another clock", bodyOf(contact, "Expires: 2026-11-23T13:00:01+01:00"), Passed, "securitytxt-right"),
		peilCase("web.securitytxt.valid", "expired", bodyOf(contact, "Expires: 2026-01-01T00:00:00Z"), Failed, "securitytxt-defect-expired"),
		peilCase("web.securitytxt.valid", "no contact", bodyOf(expires), Failed, "securitytxt-defect-no-contact"),
		peilCase("web.securitytxt.valid", "canonical elsewhere", bodyOf(contact, expires, "Canonical: https://example.nl/.well-known/security.txt"), Failed, "securitytxt-defect-no-canonical-match"),
		peilCase("web.securitytxt.valid", "no Expires", bodyOf(contact), Failed, "securitytxt-defect-no-expire"),
		peilCase("web.securitytxt.valid", "two Expires", bodyOf(contact, expires, expires), Failed, "securitytxt-defect-multi-expire"),
		peilCase("web.securitytxt.valid", "a date that is none", bodyOf(contact, "Expires: next year"), Failed, "securitytxt-defect-invalid-expiry"),
		peilCase("web.securitytxt.valid", "a contact that is no address", bodyOf("Contact: security@example.nl", expires), Failed, "securitytxt-defect-no-uri"),
		peilCase("web.securitytxt.valid", "a contact over http", bodyOf("Contact: http://www.example.nl/", expires), Failed, "securitytxt-defect-no-https"),
		peilCase("web.securitytxt.valid", "a line of nothing", bodyOf(contact, expires, "hello"), Failed, "securitytxt-defect-invalid-line"),
		peilCase("web.securitytxt.valid", "no space after the colon", bodyOf(strings.Replace(contact, ": ", ":", 1), expires), Failed, "securitytxt-defect"),
		peilCase("web.securitytxt.valid", "no line end", txt(func(s *fact.SecurityTxt) { s.Body = []byte(contact + "\n" + expires) }), Failed, "securitytxt-defect-no-line-separators"),
		peilCase("web.securitytxt.valid", "a byte-order mark", bodyOf("\xef\xbb\xbf"+contact, expires), Failed, "securitytxt-defect-bom-in-file"),
		peilCase("web.securitytxt.valid", "not UTF-8", bodyOf(contact, expires, "# \xff"), Failed, "securitytxt-defect-utf8"),
		peilCase("web.securitytxt.valid", "text after the signature", txt(func(s *fact.SecurityTxt) { s.Body = append(s.Body, "hello\n"...) }), Failed, "securitytxt-defect-data-after-sig"),
		peilCase("web.securitytxt.quality", "mail without a key", bodyOf("Contact: mailto:security@example.nl", expires), Warning, "securitytxt-advice-no-encryption"),
		peilCase("web.securitytxt.quality", "signed without Canonical", txt(func(s *fact.SecurityTxt) {
			s.Body = []byte(strings.Replace(signedSecurityTxt, "Canonical: https://www.example.nl/.well-known/security.txt\n", "", 1))
		}), Warning, "securitytxt-advice-no-canonical"),
		peilCase("web.securitytxt.quality", "a field of its own", bodyOf(contact, expires, "Colour: blue"), Warning, "securitytxt-advice-unknown-field"),
		peilCase("web.securitytxt.quality", "two CSAF fields", bodyOf(contact, expires, "CSAF: https://a.example.nl/provider-metadata.json", "CSAF: https://b.example.nl/provider-metadata.json"), Warning, "securitytxt-advice"),
		peilCase("web.securitytxt.valid", "endless", txt(func(s *fact.SecurityTxt) { s.Truncated = true }), Failed, "securitytxt-defect"),
		peilCase("web.securitytxt.valid", "broken off", txt(func(s *fact.SecurityTxt) { s.WellKnown.Hops[0].Status, s.WellKnown.Hops[0].Error = 0, "reset" }), NotMeasured, "gap-malformed"),
		peilCase("web.securitytxt.valid", "too slow", txt(func(s *fact.SecurityTxt) { s.WellKnown.Hops[0].Status, s.WellKnown.Hops[0].Error = 0, "timeout" }), NotMeasured, "gap-timeout"),
		peilCase("web.securitytxt.valid", "the page itself was too slow", hosts(func(h *fact.WebHost) {
			h.HTTP.SecurityTxt, h.HTTP.Secure = nil, &fact.Fetch{Gap: fact.GapTimeout}
		}), NotMeasured, "gap-timeout"),
		peilCase("web.securitytxt.valid", "not asked", hosts(func(h *fact.WebHost) { h.HTTP.SecurityTxt = nil }), NotMeasured, "gap-not-asked"),
		peilCase("web.securitytxt.signed", "valid", unchanged, Passed, "signature-valid"),
		peilCase("web.securitytxt.signed", "not signed", bodyOf(contact, expires), Warning, "not-signed"),
		peilCase("web.securitytxt.signed", "wrong", txt(func(s *fact.SecurityTxt) { s.Signature = "invalid" }), Failed, "signature-bad"),
		peilCase("web.securitytxt.signed", "no key", txt(func(s *fact.SecurityTxt) { s.Signature = "no_key" }), Info, "signature-no-key"),
		peilCase("web.securitytxt.signed", "the key stands where we may not look", txt(func(s *fact.SecurityTxt) { s.Signature, s.KeyGap = "no_key", fact.GapNotPublic }), NotMeasured, "gap-not-public"),
		peilCase("web.securitytxt.valid", "broken off amid the file", txt(func(s *fact.SecurityTxt) {
			s.WellKnown.Hops[0].BodyGap, s.Truncated, s.Body = fact.GapBlocked, true, s.Body[:40]
		}), NotMeasured, "gap-blocked"),
		peilCase("web.securitytxt.signed", "no file", status(404), NotApplicable, "securitytxt-none"),
		peilCase("web.securitytxt.quality", "right", unchanged, Passed, "securitytxt-usable"),
		peilCase("web.securitytxt.quality", "expires this week", bodyOf(contact, "Expires: 2026-11-28T00:00:00Z"), Warning, "securitytxt-expires-soon"),
		peilCase("web.securitytxt.quality", "far ahead", bodyOf(contact, "Expires: 2030-01-01T00:00:00Z"), Warning, "securitytxt-advice-long-expiry"),
		peilCase("web.securitytxt.quality", "contact of no use", bodyOf("Contact: xmpp:a@example.nl", expires), Warning, "securitytxt-contact"),
		peilCase("web.securitytxt.quality", "no file", status(404), NotApplicable, "securitytxt-none"),
	}
}
