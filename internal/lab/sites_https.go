package lab

import (
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// noHTTPS is a site without working TLS on any address.
const noHTTPS = `
# http is redirected to where nothing answers, so there is nothing to compare.
internet.nl 72
  web_ipv6_ws_similar failed bad 0/2` + inlTLSDead + `
  web_https_tls_keyexchangehash not_tested not-tested 0/0
  web_https_tls_extendedmastersecret not_tested not-tested 0/0
peil below_standard
  web.https.* not_applicable
  web.https.available failed
  web.tls.* not_applicable
  web.cert.* not_applicable
  web.header.* not_applicable
  web.cookie.* not_applicable
  web.page.* not_applicable
  web.securitytxt.* not_applicable
  web.dane not_applicable
  web.ipv6.similar warning
  web.dns.caa passed
forum
  web_legacy_tls_available failed
  web_legacy_https_enforced not_applicable
  web_legacy_hsts not_applicable
  web_legacy_tls_ncsc_web not_applicable
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_webserver failed
  web_legacy_dane not_applicable
  web_legacy_tls_1_3 not_applicable
  web_securitytxt not_applicable
  = web_complete failed
  = web_complete_with_ipv6_rpki failed
wdo
  wdo.* not_applicable
  wdo.https failed
ncsc-tls-2021
  tls.* not_applicable
ncsc-tls-2025
  tls.* not_applicable`

// noRedirect is a site that leaves visitors on plain http.
const noRedirect = `
internet.nl 98
  web_https_http_redirect failed bad 0/10
peil below_standard
  web.https.redirect failed
  web.https.preload failed
forum
  web_legacy_https_enforced failed
  = web_complete failed
  = web_complete_with_ipv6_rpki failed
wdo
  wdo.redirect failed`

// redirectLoop is plain http that leads to itself: Internet.nl has met an error, which is
// no http.
const redirectLoop = `
internet.nl 100
  web_https_http_redirect passed other 10/10
peil below_standard
  web.https.redirect failed
  web.https.downgrade failed
  web.https.preload failed
wdo
  wdo.redirect failed`

const hstsForum = `
forum
  web_legacy_hsts failed
  = web_complete failed
  = web_complete_with_ipv6_rpki failed`

const noHSTS = `
internet.nl 98
  web_https_http_hsts failed bad 0/10
peil below_standard
  web.https.hsts failed
  web.https.preload failed` + hstsForum + `
wdo
  wdo.hsts failed`

const shortHSTS = `
internet.nl 98
  web_https_http_hsts failed other 2/10
peil below_standard
  web.https.hsts failed
  web.https.preload failed` + hstsForum + `
wdo
  wdo.hsts warning`

// elsewhere is a name that has no page of its own: what concerns pages has no object.
const elsewhere = `
peil up_to_standard
  web.header.csp not_applicable
  web.header.frameoptions not_applicable
  web.header.contenttype not_applicable
  web.header.referrer not_applicable
  web.header.permissions not_applicable
  web.header.crossorigin not_applicable
  web.page.mixed not_applicable
  web.page.integrity not_applicable`

func redirect(r weblab.Redirect) func(*Site) {
	return func(s *Site) { s.http(func(p *weblab.Profile) { p.Redirect = r }) }
}

func redirectStatus(code int) func(*Site) {
	return func(s *Site) { s.http(func(p *weblab.Profile) { p.RedirectStatus = code }) }
}

func hsts(lines ...string) func(*Site) {
	return func(s *Site) { s.header("Strict-Transport-Security", lines...) }
}

func (srv *Server) header(name string, lines ...string) {
	srv.http(func(p *weblab.Profile) {
		if p.Headers == nil {
			p.Headers = map[string][]string{}
		}
		p.Headers[name] = lines
	})
}

func httpsSites() []entry {
	const hstsHeader = "Strict-Transport-Security"
	return []entry{
		{"https-none", "https", Text{"poort 443 weigert", "port 443 refuses"}, func(s *Site) {
			s.servers(func(v *Server) { v.Port443 = Refused })
		}, noHTTPS},
		{"https-silent", "https", Text{"poort 443 antwoordt niet", "port 443 does not answer"}, func(s *Site) {
			s.servers(func(v *Server) { v.Port443 = Silent })
		}, noHTTPS},
		{"https-speaks-http", "https", Text{"op poort 443 staat gewoon http", "plain http on port 443"}, func(s *Site) {
			s.tls(func(p *tlslab.Profile) { p.Torment = tlslab.SpeaksHTTP })
		}, noHTTPS},

		{"redirect-none", "https", Text{"http wordt niet doorverwezen", "http is not redirected"}, redirect(weblab.NoRedirect), noRedirect},
		{"redirect-relative", "https", Text{"http verwijst door naar een pad op http", "http redirects to a path on http"}, redirect(weblab.RedirectRelative), noRedirect},
		{"redirect-meta", "https", Text{"alleen een meta refresh naar https", "nothing but a meta refresh to https"}, redirect(weblab.RedirectMeta), noRedirect},
		{"redirect-no-target", "https", Text{"een doorverwijzing zonder doel", "a redirect without a target"}, redirect(weblab.RedirectNoTarget), noRedirect},
		{"redirect-scheme-relative", "https", Text{"http verwijst zonder schema door, dus naar zichzelf", "http redirects without a scheme, so to itself"}, redirect(weblab.RedirectNoSchemeTo), redirectLoop},
		{"redirect-upper-case", "https", Text{"HTTPS in hoofdletters in de doorverwijzing", "HTTPS in capitals in the redirect"}, redirect(weblab.RedirectUpperHost), ``},
		{"redirect-not-found", "https", Text{"http antwoordt 404", "http answers 404"}, redirect(weblab.RedirectNotFound), noRedirect},
		{"redirect-elsewhere", "https", Text{"http verwijst eerst naar een andere naam", "http redirects to another name first"}, redirect("https://www.perfect.example.nl/"), noRedirect},
		{"redirect-loop", "https", Text{"http verwijst naar zichzelf", "http redirects to itself"}, redirect(weblab.RedirectLoop), redirectLoop},
		{"redirect-302", "https", Text{"tijdelijke doorverwijzing (302)", "temporary redirect (302)"}, redirectStatus(302), ``},
		{"redirect-308", "https", Text{"blijvende doorverwijzing (308)", "permanent redirect (308)"}, redirectStatus(308), ``},
		{"redirect-port", "https", Text{"doorverwijzing naar https op een andere poort", "redirect to https on another port"}, func(s *Site) {
			redirect(weblab.RedirectOtherPort)(s)
			s.servers(func(v *Server) { v.ExtraTLS = []uint16{extraTLSPort} })
		}, ``},
		{"http-closed", "https", Text{"poort 80 weigert: er is geen http", "port 80 refuses: there is no http"}, func(s *Site) {
			s.servers(func(v *Server) { v.Port80 = Refused })
		}, `
internet.nl 100
  web_https_http_redirect passed other 10/10
`},

		{"hsts-absent", "https", Text{"geen HSTS", "no HSTS"}, hsts(), noHSTS},
		{"hsts-short", "https", Text{"HSTS voor één dag", "HSTS for one day"}, hsts("max-age=86400; includeSubDomains"), shortHSTS},
		{"hsts-zero", "https", Text{"HSTS met max-age=0", "HSTS with max-age=0"}, hsts("max-age=0"), `
internet.nl 98
  web_https_http_hsts failed other 2/10
peil below_standard
  web.https.hsts failed
  web.https.preload failed` + hstsForum + `
wdo
  wdo.hsts failed`},
		{"hsts-quoted", "https", Text{"HSTS met max-age tussen aanhalingstekens", "HSTS with max-age in quotes"}, hsts(`max-age="63072000"; includeSubDomains; preload`), `
internet.nl 98
  web_https_http_hsts failed bad 0/10` + hstsForum},
		{"hsts-decimal", "https", Text{"HSTS met een max-age die geen geheel getal is", "HSTS with a max-age that is no whole number"}, hsts("max-age=63072000.5; includeSubDomains; preload"), noHSTS},
		{"hsts-no-max-age", "https", Text{"HSTS zonder max-age", "HSTS without max-age"}, hsts("includeSubDomains"), noHSTS},
		{"hsts-twice", "https", Text{"twee HSTS-headers, de eerste te kort", "two HSTS headers, the first too short"}, hsts("max-age=300", "max-age=63072000; includeSubDomains; preload"), shortHSTS},
		{"hsts-no-preload", "https", Text{"HSTS zonder preload", "HSTS without preload"}, hsts("max-age=31536000; includeSubDomains"), `
peil up_to_standard
  web.https.preload failed`},
		{"hsts-v4-absent-v6-short", "https", Text{"HSTS over IPv4 afwezig, over IPv6 te kort", "HSTS absent over IPv4, too short over IPv6"}, func(s *Site) {
			s.V4[0].header(hstsHeader)
			s.V6[0].header(hstsHeader, "max-age=86400")
		}, `
internet.nl 98
  web_https_http_hsts failed other 0/10
peil below_standard
  web.https.hsts failed
  web.https.preload failed` + hstsForum + `
wdo
  wdo.hsts failed`},
		{"hsts-v4-short-v6-absent", "https", Text{"HSTS over IPv4 te kort, over IPv6 afwezig", "HSTS too short over IPv4, absent over IPv6"}, func(s *Site) {
			s.V4[0].header(hstsHeader, "max-age=86400")
			s.V6[0].header(hstsHeader)
		}, noHSTS},
		{"compression-http", "https", Text{"de pagina wordt gecomprimeerd", "the page is compressed"}, func(s *Site) {
			s.http(func(p *weblab.Profile) { p.Compress = "gzip" })
		}, `
internet.nl 100
  web_https_http_compress info bad`},
		{"secure-elsewhere", "https", Text{"https verwijst door naar een andere website", "https redirects to another website"}, func(s *Site) {
			s.http(func(p *weblab.Profile) { p.SecureRedirect = "https://www.perfect.example.nl/" })
		}, elsewhere},
		{"secure-to-http", "https", Text{"https verwijst terug naar http", "https redirects back to http"}, func(s *Site) {
			s.http(func(p *weblab.Profile) { p.SecureRedirect, p.Redirect = weblab.RedirectToHTTP, weblab.NoRedirect })
		}, `
internet.nl 98
  web_https_http_redirect failed bad 0/10
peil below_standard
  web.https.redirect failed
  web.https.downgrade failed
  web.https.preload failed
  web.header.csp not_applicable
  web.header.frameoptions not_applicable
  web.header.contenttype not_applicable
  web.header.referrer not_applicable
  web.header.permissions not_applicable
  web.header.crossorigin not_applicable
  web.page.mixed not_applicable
  web.page.integrity not_applicable
forum
  web_legacy_https_enforced failed
  = web_complete failed
  = web_complete_with_ipv6_rpki failed
wdo
  wdo.redirect failed`},
		{"login-plain", "https", Text{"een wachtwoordveld op gewoon http", "a password field on plain http"}, func(s *Site) {
			redirect(weblab.NoRedirect)(s)
			s.page(func(p *weblab.Page) { p.PasswordField = true })
		}, noRedirect + `
peil below_standard
  web.login.plain failed`},
	}
}
