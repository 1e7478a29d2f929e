package lab

import "peil/internal/lab/weblab"

func csp(policy ...string) func(*Site) {
	return func(s *Site) { s.header("Content-Security-Policy", policy...) }
}

func header(name string, lines ...string) func(*Site) {
	return func(s *Site) { s.header(name, lines...) }
}

func page(change func(*weblab.Page)) func(*Site) { return func(s *Site) { s.page(change) } }

func headerSites() []entry {
	cspBad := `
internet.nl 100
  web_appsecpriv_csp warning bad
peil up_to_standard
  web.header.csp failed`
	// What leaves a gap, but none through which a script of anybody comes in.
	cspGap := `
internet.nl 100
  web_appsecpriv_csp warning bad
peil up_to_standard
  web.header.csp warning`
	// What Internet.nl fails by a reading of its own.
	cspQuirk := `
internet.nl 100
  web_appsecpriv_csp warning bad`
	const rest = "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	referrerBad := `
internet.nl 100
  web_appsecpriv_referrer_policy warning bad
peil up_to_standard
  web.header.referrer failed`
	return []entry{
		{"csp-none", "headers", Text{"geen CSP", "no CSP"}, csp(), `
internet.nl 100
  web_appsecpriv_csp warning bad
peil up_to_standard
  web.header.csp failed`},
		{"csp-unsafe-inline", "headers", Text{"CSP met unsafe-inline", "CSP with unsafe-inline"}, csp("default-src 'self'; script-src 'unsafe-inline'" + rest), cspBad},
		{"csp-unsafe-eval", "headers", Text{"CSP met unsafe-eval", "CSP with unsafe-eval"}, csp("default-src 'self'; script-src 'unsafe-eval'" + rest), cspGap},
		{"csp-unsafe-hashes", "headers", Text{"CSP met unsafe-hashes", "CSP with unsafe-hashes"}, csp("default-src 'self'; script-src 'unsafe-hashes'" + rest), cspGap},
		{"csp-http", "headers", Text{"CSP staat http toe", "CSP allows http"}, csp("default-src 'self'; img-src http:" + rest), cspQuirk},
		{"csp-https", "headers", Text{"CSP staat elke https-bron toe", "CSP allows every https source"}, csp("default-src 'self'; script-src https:" + rest), cspBad},
		{"csp-host", "headers", Text{"CSP noemt een host zonder schema", "CSP names a host without scheme"}, csp("default-src 'self'; img-src img.example.nl" + rest), cspQuirk},
		{"csp-wildcard", "headers", Text{"CSP staat alles toe", "CSP allows everything"}, csp("default-src *" + rest), cspBad},
		{"csp-data", "headers", Text{"CSP staat data: toe voor scripts", "CSP allows data: for scripts"}, csp("default-src 'self'; script-src 'self' data:" + rest), cspBad},
		{"csp-localhost", "headers", Text{"CSP noemt 127.0.0.1", "CSP names 127.0.0.1"}, csp("default-src 'self'; connect-src https://127.0.0.1" + rest), cspQuirk},
		{"csp-no-default", "headers", Text{"CSP zonder default-src", "CSP without default-src"}, csp("script-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"), cspGap},
		{"csp-no-base-uri", "headers", Text{"CSP zonder base-uri", "CSP without base-uri"}, csp("default-src 'none'; form-action 'none'; frame-ancestors 'none'"), cspGap},
		{"csp-no-form-action", "headers", Text{"CSP zonder form-action", "CSP without form-action"}, csp("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"), cspGap},
		{"csp-no-frame-ancestors", "headers", Text{"CSP zonder frame-ancestors", "CSP without frame-ancestors"}, csp("default-src 'none'; base-uri 'none'; form-action 'none'"), cspQuirk},
		{"csp-report-only", "headers", Text{"CSP alleen als melding", "CSP for reporting only"}, func(s *Site) {
			s.header("Content-Security-Policy")
			s.header("Content-Security-Policy-Report-Only", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		}, cspBad + `
`},
		{"xfo-none", "headers", Text{"geen X-Frame-Options", "no X-Frame-Options"}, header("X-Frame-Options"), `
internet.nl 100
  web_appsecpriv_x_frame_options info bad`},
		{"xfo-allow", "headers", Text{"X-Frame-Options met ALLOW-FROM", "X-Frame-Options with ALLOW-FROM"}, header("X-Frame-Options", "ALLOW-FROM https://example.nl"), `
internet.nl 100
  web_appsecpriv_x_frame_options info bad`},
		{"xfo-sameorigin", "headers", Text{"X-Frame-Options SAMEORIGIN", "X-Frame-Options SAMEORIGIN"}, header("X-Frame-Options", "sameorigin"), ``},
		{"frames-anybody", "headers", Text{"iedereen mag de pagina in een frame zetten", "anybody may frame the page"}, func(s *Site) {
			s.header("X-Frame-Options")
			s.header("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'")
		}, `
internet.nl 100
  web_appsecpriv_csp warning bad
  web_appsecpriv_x_frame_options info bad
peil up_to_standard
  web.header.frameoptions failed`},
		{"xcto-none", "headers", Text{"geen X-Content-Type-Options", "no X-Content-Type-Options"}, header("X-Content-Type-Options"), `
internet.nl 100
  web_appsecpriv_x_content_type_options warning bad
peil up_to_standard
  web.header.contenttype failed`},
		{"referrer-none", "headers", Text{"geen Referrer-Policy", "no Referrer-Policy"}, header("Referrer-Policy"), `
internet.nl 100
  web_appsecpriv_referrer_policy info recommendations
peil up_to_standard
  web.header.referrer warning`},
		{"referrer-strict-origin", "headers", Text{"Referrer-Policy strict-origin", "Referrer-Policy strict-origin"}, header("Referrer-Policy", "strict-origin"), `
internet.nl 100
  web_appsecpriv_referrer_policy info recommendations
peil up_to_standard
  web.header.referrer info`},
		{"referrer-same-origin", "headers", Text{"Referrer-Policy same-origin", "Referrer-Policy same-origin"}, header("Referrer-Policy", "same-origin"), ``},
		{"referrer-unsafe", "headers", Text{"Referrer-Policy unsafe-url", "Referrer-Policy unsafe-url"}, header("Referrer-Policy", "unsafe-url"), referrerBad},
		{"referrer-unknown", "headers", Text{"Referrer-Policy met een onbekend woord", "Referrer-Policy with an unknown word"}, header("Referrer-Policy", "nothing-at-all"), `
internet.nl 100
  web_appsecpriv_referrer_policy warning bad
peil up_to_standard
  web.header.referrer failed`},
		{"permissions-none", "headers", Text{"geen Permissions-Policy", "no Permissions-Policy"}, header("Permissions-Policy"), `
peil up_to_standard
  web.header.permissions warning`},
		{"cross-origin-none", "headers", Text{"geen beleid voor andere websites", "no cross-origin policies"}, func(s *Site) {
			for _, h := range []string{"Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy"} {
				s.header(h)
			}
		}, `
peil up_to_standard
  web.header.crossorigin warning`},
		{"version", "headers", Text{"de softwareversie staat in een header", "the software's version stands in a header"}, header("Server", "Apache/2.4.10 (Debian)"), `
peil up_to_standard
  web.header.version warning`},
		{"cookie-insecure", "headers", Text{"een cookie zonder Secure en SameSite", "a cookie without Secure and SameSite"}, header("Set-Cookie", "session=abc; Path=/"), `
peil up_to_standard
  web.cookie.attributes failed`},
		{"cookie-good", "headers", Text{"een cookie zoals het hoort", "a cookie as it should be"}, header("Set-Cookie", "__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax"), `
peil up_to_standard
  web.cookie.attributes passed`},
		{"cookie-deleted", "headers", Text{"een cookie zonder Secure die wordt verwijderd", "a cookie without Secure that is being deleted"}, header("Set-Cookie", "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"), `
peil up_to_standard
  web.cookie.attributes not_applicable`},
		{"page-mixed", "headers", Text{"onderdelen van de pagina over http", "parts of the page over http"}, page(func(p *weblab.Page) { p.MixedContent = true }), `
peil up_to_standard
  web.page.mixed failed
  web.page.integrity warning`},
		{"page-no-integrity", "headers", Text{"een script van een ander zonder controle", "another's script without integrity"}, page(func(p *weblab.Page) { p.NoIntegrity = true }), `
peil up_to_standard
  web.page.integrity warning`},
		{"page-integrity-ignored", "headers", Text{"een script van een ander met een controle die browsers overslaan", "another's script with integrity that browsers pass over"}, page(func(p *weblab.Page) { p.NoIntegrity, p.Integrity = true, "md5-x sha1-AAAA" }), `
peil up_to_standard
  web.page.integrity warning`},
		{"page-form-http", "headers", Text{"een formulier dat over http verstuurt", "a form that sends over http"}, page(func(p *weblab.Page) { p.FormToHTTP = true }), `
peil up_to_standard
  web.page.mixed failed`},
		{"page-generator", "headers", Text{"de pagina noemt software en versie", "the page names software and version"}, page(func(p *weblab.Page) { p.Generator = "WordPress 5.1" }), `
peil up_to_standard
  web.header.version warning`},
	}
}

func securityTxt(change func(*weblab.SecurityTxt)) func(*Site) {
	return func(s *Site) { s.securityTxt(change) }
}

func securityTxtSites() []entry {
	// The file is wrong, and its signature is good all the same.
	bad := `
internet.nl 100
  web_appsecpriv_securitytxt warning bad
peil below_standard
  web.securitytxt.valid failed
forum
  web_securitytxt warning`
	// There is no file to read: none at its place, or not as plain text.
	absent := bad + `
peil below_standard
  web.securitytxt.signed not_applicable
  web.securitytxt.quality not_applicable`
	badUnsigned := bad + `
peil below_standard
  web.securitytxt.signed warning`
	recommendation := `
internet.nl 100
  web_appsecpriv_securitytxt info recommendations
peil up_to_standard
  web.securitytxt.quality warning
forum
  web_securitytxt info`
	return []entry{
		{"securitytxt-none", "securitytxt", Text{"geen security.txt", "no security.txt"}, securityTxt(func(t *weblab.SecurityTxt) { t.Missing = true }), absent},
		{"securitytxt-legacy", "securitytxt", Text{"security.txt alleen op de oude plaats", "security.txt at the old place alone"}, securityTxt(func(t *weblab.SecurityTxt) { t.LegacyOnly = true }), absent},
		{"securitytxt-page", "securitytxt", Text{"op elk pad staat dezelfde pagina", "the same page stands at every path"}, securityTxt(func(t *weblab.SecurityTxt) { t.Page = true }), absent},
		{"securitytxt-page-hidden", "securitytxt", Text{"op elk pad staat dezelfde pagina, behalve onder /.well-known/", "the same page stands at every path, except below /.well-known/"}, securityTxt(func(t *weblab.SecurityTxt) { t.Page, t.DotsHidden = true, true }), absent},
		{"securitytxt-error", "securitytxt", Text{"security.txt antwoordt met een fout (500)", "security.txt answers with an error (500)"}, securityTxt(func(t *weblab.SecurityTxt) { t.Status = 500 }), absent},
		{"securitytxt-expired", "securitytxt", Text{"security.txt is verlopen", "security.txt has expired"}, securityTxt(func(t *weblab.SecurityTxt) { t.Expires = -10 * day }), bad},
		{"securitytxt-no-expires", "securitytxt", Text{"security.txt zonder Expires", "security.txt without Expires"}, securityTxt(func(t *weblab.SecurityTxt) { t.Drop = []string{"Expires"} }), bad},
		{"securitytxt-no-contact", "securitytxt", Text{"security.txt zonder Contact", "security.txt without Contact"}, securityTxt(func(t *weblab.SecurityTxt) { t.Drop = []string{"Contact"} }), bad},
		{"securitytxt-bad-expires", "securitytxt", Text{"Expires is geen tijdstip", "Expires is no time"}, securityTxt(func(t *weblab.SecurityTxt) {
			t.Drop, t.Add = []string{"Expires"}, []string{"Expires: tomorrow"}
		}), bad},
		{"securitytxt-two-languages", "securitytxt", Text{"twee keer Preferred-Languages", "Preferred-Languages twice"}, securityTxt(func(t *weblab.SecurityTxt) {
			t.Drop, t.Add = []string{"Preferred-Languages"}, []string{"Preferred-Languages: nl", "Preferred-Languages: en"}
		}), bad},
		{"securitytxt-no-space", "securitytxt", Text{"geen spatie na de dubbele punt", "no space after the colon"}, securityTxt(func(t *weblab.SecurityTxt) { t.Add = []string{"Contact:mailto:security@example.nl"} }), bad},
		{"securitytxt-crlf", "securitytxt", Text{"regels eindigen op CR LF", "lines end in CR LF"}, securityTxt(func(t *weblab.SecurityTxt) { t.CRLF = true }), ``},
		{"securitytxt-broken-armor", "securitytxt", Text{"de handtekening is geen OpenPGP", "the signature is not OpenPGP"}, securityTxt(func(t *weblab.SecurityTxt) { t.Sign = weblab.BrokenArmor }), bad + `
peil below_standard
  web.securitytxt.signed failed`},
		{"securitytxt-empty", "securitytxt", Text{"security.txt is leeg", "security.txt is empty"}, securityTxt(func(t *weblab.SecurityTxt) { t.Body = "-" }), bad + `
peil below_standard
  web.securitytxt.signed not_applicable
  web.securitytxt.quality not_applicable`},
		{"securitytxt-html", "securitytxt", Text{"security.txt als HTML", "security.txt as HTML"}, securityTxt(func(t *weblab.SecurityTxt) { t.ContentType = "text/html" }), absent},
		{"securitytxt-no-type", "securitytxt", Text{"security.txt zonder Content-Type", "security.txt without Content-Type"}, securityTxt(func(t *weblab.SecurityTxt) { t.ContentType = "none" }), absent},
		{"securitytxt-charset", "securitytxt", Text{"security.txt met een verkeerde tekenset", "security.txt with a wrong charset"}, securityTxt(func(t *weblab.SecurityTxt) { t.ContentType = "text/plain; charset=iso-8859-1" }), absent},
		{"securitytxt-bom", "securitytxt", Text{"security.txt begint met een BOM", "security.txt begins with a BOM"}, securityTxt(func(t *weblab.SecurityTxt) { t.BOM, t.Sign = true, weblab.Unsigned }), badUnsigned},
		{"securitytxt-not-utf8", "securitytxt", Text{"security.txt is geen UTF-8", "security.txt is not UTF-8"}, securityTxt(func(t *weblab.SecurityTxt) { t.NotUTF8 = true }), bad},
		{"securitytxt-plain-contact", "securitytxt", Text{"Contact zonder schema", "Contact without scheme"}, securityTxt(func(t *weblab.SecurityTxt) {
			t.Drop, t.Add = []string{"Contact"}, []string{"Contact: security@example.nl"}
		}), bad + `
peil below_standard
  web.securitytxt.quality warning`},
		{"securitytxt-http-contact", "securitytxt", Text{"Contact over http", "Contact over http"}, securityTxt(func(t *weblab.SecurityTxt) { t.Add = []string{"Contact: http://www.example.nl/"} }), bad},
		{"securitytxt-two-expires", "securitytxt", Text{"twee keer Expires", "Expires twice"}, securityTxt(func(t *weblab.SecurityTxt) { t.Add = []string{"Expires: 2027-01-01T00:00:00Z"} }), bad},
		{"securitytxt-other-canonical", "securitytxt", Text{"Canonical noemt een andere plaats", "Canonical names another place"}, securityTxt(func(t *weblab.SecurityTxt) {
			t.Drop, t.Add = []string{"Canonical"}, []string{"Canonical: https://www.other.example.nl/.well-known/security.txt"}
		}), bad},
		{"securitytxt-no-newline", "securitytxt", Text{"geen regeleinde aan het slot", "no newline at the end"}, securityTxt(func(t *weblab.SecurityTxt) { t.NoFinalNewline, t.Sign = true, weblab.Unsigned }), badUnsigned},
		{"securitytxt-data-after", "securitytxt", Text{"tekst na de handtekening", "text after the signature"}, securityTxt(func(t *weblab.SecurityTxt) { t.Sign = weblab.DataAfter }), bad},
		{"securitytxt-unsigned", "securitytxt", Text{"security.txt is niet ondertekend", "security.txt is not signed"}, securityTxt(func(t *weblab.SecurityTxt) { t.Sign = weblab.Unsigned }), recommendation + `
peil up_to_standard
  web.securitytxt.quality passed
  web.securitytxt.signed warning`},
		{"securitytxt-bad-signature", "securitytxt", Text{"security.txt is na het ondertekenen veranderd", "security.txt was changed after signing"}, securityTxt(func(t *weblab.SecurityTxt) { t.Sign = weblab.BadSignature }), `
peil up_to_standard
  web.securitytxt.signed failed`},
		{"securitytxt-far", "securitytxt", Text{"Expires over twee jaar", "Expires in two years"}, securityTxt(func(t *weblab.SecurityTxt) { t.Expires = 730 * day }), recommendation},
		{"securitytxt-no-canonical", "securitytxt", Text{"security.txt zonder Canonical", "security.txt without Canonical"}, securityTxt(func(t *weblab.SecurityTxt) { t.Drop = []string{"Canonical"} }), recommendation},
		{"securitytxt-no-encryption", "securitytxt", Text{"security.txt zonder Encryption", "security.txt without Encryption"}, securityTxt(func(t *weblab.SecurityTxt) { t.Drop = []string{"Encryption"} }), recommendation + `
peil up_to_standard
  web.securitytxt.signed info`},
		{"securitytxt-unknown-field", "securitytxt", Text{"security.txt met een onbekend veld", "security.txt with an unknown field"}, securityTxt(func(t *weblab.SecurityTxt) { t.Add = []string{"Colour: orange"} }), recommendation},
	}
}
