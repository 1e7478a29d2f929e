package report

import (
	"strings"
	"testing"

	"peil/internal/i18n"
	"peil/internal/norm"
)

func TestCodeWordsOfReasonsAreTold(t *testing.T) {
	for _, c := range []struct{ reason, arg, nl, en string }{
		{"dead-address", "silent", "er komt niets terug", "nothing comes back"},
		{"dead-address", "refused", "geweigerd", "refused"},
		{"not-comparable", "read_error", "de pagina was niet te lezen", "the page could not be read"},
		{"not-yet-valid", "2027-03-03 07:00 UTC", "3 mrt 2027 07:00 UTC", "3 Mar 2027 07:00 UTC"},
		{"securitytxt-defect-expired", "2027-03-03T07:00:00Z", "3 mrt 2027 07:00 UTC", "3 Mar 2027 07:00 UTC"},
		{
			"dnssec-bogus", "expired in zone example.nl: example.nl DNSKEY, key tag 7, 2027-03-03 07:00 UTC (EDE 7)",
			"verlopen in zone example.nl: example.nl DNSKEY, key tag 7, 3 mrt 2027 07:00 UTC (EDE 7)",
			"expired in zone example.nl: example.nl DNSKEY, key tag 7, 3 Mar 2027 07:00 UTC (EDE 7)",
		},
		{"dnssec_valid.bad", "no_rrsig, zone example.nl, example.nl A", "geen handtekening, zone example.nl, example.nl A", "no signature, zone example.nl, example.nl A"},
		{"no-sni-untrusted", "self_signed", "zelf ondertekend", "self-signed"},
		{"ocsp-bad-staple", "stapled: bad_signature", "de handtekening klopt niet", "the signature does not verify"},
		{"https_http_redirect.other", "443: refused", "443: geweigerd", "443: refused"},
		{"appsecpriv_csp.bad", "has-data, missing-invalid-base-uri", "staat data: toe, base-uri ontbreekt of is te ruim", "allows data:, base-uri is missing or too wide"},
		{"field-failed", "web_https_http_hsts, web_unheard_of", "HSTS, web_unheard_of", "HSTS, web_unheard_of"},
		{"class-sufficient", "ECDHE, hybrid X25519MLKEM768", "ECDHE, hybride X25519MLKEM768", "ECDHE, hybrid X25519MLKEM768"},
		{"class-insufficient", "SHA-1, no SHA-256/384/512", "SHA-1, geen SHA-256/384/512", "SHA-1, no SHA-256/384/512"},
		{"class-sufficient", "not stapled", "niet meegestuurd", "not stapled"},
		{"ipv6_ws_similar.notice", "79.1", "79,1", "79.1"},
		{"ipv6_ws_similar.good", "9.8 ± 2", "9,8 ± 2", "9.8 ± 2"},
		{"category", "failed", "niet in orde", "failed"},
		{"https_dane_valid.bad", "failed", "past niet", "does not match"},
		{"class-insufficient", "SSL 2.0, brand_new", "SSL 2.0, brand_new", "SSL 2.0, brand_new"}, // the wire's own words
		// What a server said stays as it said it, whatever it looks like.
		{"securitytxt-advice-unknown-field", "location", "location", "location"},
		{"version", "revoked", "revoked", "revoked"},
		{"unheard-of", "refused", "refused", "refused"},
	} {
		for lang, want := range map[i18n.Lang]string{i18n.NL: c.nl, i18n.EN: c.en} {
			x := texts{Options: Options{Lang: lang}}
			if got := x.argument(c.reason, c.arg); got != want {
				t.Errorf("%s in %s: %q reads %q, want %q", c.reason, lang, c.arg, got, want)
			}
		}
	}
}

func TestReasonsOfOursExist(t *testing.T) {
	for _, o := range ours {
		found := false
		for code := range isOurs() {
			found = found || code == o || strings.HasPrefix(code, o)
		}
		if !found {
			t.Errorf("no edition has a reason %s", o)
		}
	}
}

// TestSource pairs the names of two sources with the part that is meant of each.
func TestSource(t *testing.T) {
	for _, c := range []struct {
		source norm.Source
		nl, en string
	}{
		{norm.Source{Name: "RFC 6797", Section: "6.1.1"}, "RFC 6797, paragraaf 6.1.1", "RFC 6797, section 6.1.1"},
		{norm.Source{Name: "NCSC TLS 2025-05; RFC 8446", Section: "3.4.4; 8"}, "NCSC TLS 2025-05, paragraaf 3.4.4; RFC 8446, paragraaf 8", "NCSC TLS 2025-05, section 3.4.4; RFC 8446, section 8"},
		{norm.Source{Name: "Internet.nl 1.11.2; NCSC TLS 2025-05", Section: "HTTPS: TLS; app. B"}, "Internet.nl 1.11.2, HTTPS: TLS; NCSC TLS 2025-05, bijlage B", "Internet.nl 1.11.2, HTTPS: TLS; NCSC TLS 2025-05, appendix B"},
		{norm.Source{Name: "Peil", Section: "own rule"}, "Peil, eigen regel", "Peil, own rule"},
		{norm.Source{Name: "One; Two", Section: "1"}, "One, paragraaf 1; Two", "One, section 1; Two"},
		{norm.Source{Name: "One"}, "One", "One"},
	} {
		for lang, want := range map[i18n.Lang]string{i18n.NL: c.nl, i18n.EN: c.en} {
			x := texts{Options: Options{Lang: lang}}
			if got := x.source(c.source); got != want {
				t.Errorf("%s %+v: %q, want %q", lang, c.source, got, want)
			}
		}
	}
}
