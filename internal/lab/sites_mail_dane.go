package lab

import (
	"strings"

	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// tlsaOfAll publishes the same TLSA records for every mail server.
func tlsaOfAll(words ...string) func(*Site) {
	return func(s *Site) {
		for _, m := range s.Mail.Servers {
			m.TLSA = append([]string{}, words...)
		}
	}
}

const daneForum = `
forum
  mail_legacy_dane failed` + mailIncomplete

// noDANE is a mail server without a TLSA record that counts.
const noDANE = `
internet.nl 98
  mail_starttls_dane_exist failed bad 0/10
  mail_starttls_dane_valid not_applicable
  mail_starttls_dane_rollover not_applicable
peil below_standard
  mail.dane.exists failed
  mail.dane.valid not_applicable
  mail.dane.rollover not_applicable` + daneForum

// badDANE has records that match nothing: the same points count twice.
const badDANE = `
internet.nl 97
  mail_starttls_dane_exist passed good 0/10
  mail_starttls_dane_valid failed bad 0/10
  mail_starttls_dane_rollover info bad
peil below_standard
  mail.dane.valid failed
  mail.dane.rollover ?` + daneForum

func daneSites() []entry {
	zeros := strings.Repeat("00", 32)
	lone := `
internet.nl 100
  mail_starttls_dane_rollover info bad
peil ?
  mail.dane.rollover warning|info|failed`
	good := `
internet.nl 100
peil up_to_standard`
	pkix := `
internet.nl 98
  mail_starttls_dane_exist failed bad 0/10
  mail_starttls_dane_valid not_applicable
  mail_starttls_dane_rollover ?
peil below_standard
  mail.dane.* ?` + daneForum
	const g = "mail-dane"
	return []entry{
		{"mail-dane-none", g, Text{"geen TLSA", "no TLSA"}, tlsaOfAll(), noDANE},
		{"mail-dane-one-none", g, Text{"één van twee MX'en heeft geen TLSA", "one of two MX has no TLSA"}, func(s *Site) { s.Mail.Servers[1].TLSA = []string{} }, `
internet.nl 97
  mail_starttls_dane_exist failed bad
  mail_starttls_dane_valid ?
  mail_starttls_dane_rollover ?
peil below_standard
  mail.dane.exists failed
  mail.dane.valid ?
  mail.dane.rollover ?` + daneForum},
		{"mail-dane-wrong", g, Text{"TLSA die nergens bij past", "TLSA that matches nothing"}, tlsaOfAll("3 1 1 " + zeros), badDANE},
		{"mail-dane-wrong-issuer", g, Text{"TLSA met gebruik 2 van een andere uitgever", "TLSA with usage 2 of another issuer"}, tlsaOfAll("2 1 1 " + zeros), badDANE},
		{"mail-dane-stale", g, Text{"TLSA van de vorige sleutel", "TLSA of the key before"}, tlsaOfAll(tlsaNext), badDANE},
		{"mail-dane-leaf", g, Text{"alleen 3 1 1", "3 1 1 alone"}, tlsaOfAll(tlsaLeaf), lone},
		{"mail-dane-issuer", g, Text{"alleen 2 1 1", "2 1 1 alone"}, tlsaOfAll(tlsaIssuer), lone},
		{"mail-dane-rollover", g, Text{"3 1 1 van de sleutel en van de volgende", "3 1 1 of the key and of the next one"}, tlsaOfAll(tlsaLeaf, tlsaNext), good},
		{"mail-dane-sha512", g, Text{"3 1 2 en 2 1 1", "3 1 2 and 2 1 1"}, tlsaOfAll("3 1 2 leaf", tlsaIssuer), good},
		{"mail-dane-whole-key", g, Text{"3 1 0: de hele sleutel", "3 1 0: the whole key"}, tlsaOfAll("3 1 0 leaf", tlsaIssuer), good},
		{"mail-dane-certificate", g, Text{"3 0 1: het hele certificaat", "3 0 1: the whole certificate"}, tlsaOfAll("3 0 1 leaf", tlsaIssuer), `
internet.nl 100
peil up_to_standard
  mail.dane.rollover passed|info|warning`},
		{"mail-dane-root-sent", g, Text{"2 0 1 van de root, die wordt meegestuurd", "2 0 1 of the root, which is sent along"}, func(s *Site) {
			tlsaOfAll("2 0 1 root", tlsaLeaf)(s)
			s.cert(func(c *pki.Spec) { c.Send = pki.WithRoot })
		}, `
internet.nl 100
peil ?
  mail.cert.chainorder info`},
		{"mail-dane-root-absent", g, Text{"2 0 1 van de root, die niet wordt meegestuurd", "2 0 1 of the root, which is not sent along"}, tlsaOfAll("2 0 1 root"), `
internet.nl ?
  mail_starttls_dane_* ?
peil below_standard
  mail.dane.valid failed
  mail.dane.rollover ?
forum
  mail_legacy_dane ?
  = mail_complete ?
  = mail_complete_with_ipv6_rpki ?`},
		{"mail-dane-pkix-leaf", g, Text{"alleen gebruik 1, dat voor mail niet telt", "usage 1 alone, which does not count for mail"}, tlsaOfAll("1 1 1 leaf"), pkix},
		{"mail-dane-pkix-issuer", g, Text{"alleen gebruik 0, dat voor mail niet telt", "usage 0 alone, which does not count for mail"}, tlsaOfAll("0 1 1 issuer"), pkix},
		{"mail-dane-pkix-beside", g, Text{"gebruik 1 naast gebruik 3", "usage 1 beside usage 3"}, tlsaOfAll("1 1 1 leaf", tlsaLeaf, tlsaIssuer), `
internet.nl 100
peil ?
  mail.dane.exists passed|info|warning
  mail.dane.valid passed|info|warning
  mail.dane.rollover ?`},
		{"mail-dane-unknown", g, Text{"onbekend gebruik, onbekende selector en onbekende hash", "unknown usage, selector and hash"}, tlsaOfAll("9 1 1 "+zeros, "3 7 1 "+zeros, "3 1 9 "+zeros), `
internet.nl ?
  mail_starttls_dane_* ?
peil below_standard
  mail.dane.* ?` + daneForum},
		{"mail-dane-short", g, Text{"een hash die te kort is", "a hash that is too short"}, tlsaOfAll("3 1 1 0011223344556677"), `
internet.nl ?
  mail_starttls_dane_* ?
peil below_standard
  mail.dane.* ?` + daneForum},
		{"mail-dane-twenty", g, Text{"twintig TLSA-records, waarvan één past", "twenty TLSA records, one of which matches"}, func(s *Site) {
			var words []string
			for i := range 19 {
				words = append(words, "3 1 1 "+strings.Repeat(string("0123456789abcdef"[i%16])+string("0123456789abcdef"[i/16]), 32))
			}
			tlsaOfAll(append(words, tlsaLeaf)...)(s)
		}, good},
		{"mail-dane-issuer-wrong-name", g, Text{"alleen 2 1 1, en het certificaat is voor een andere naam", "2 1 1 alone, and the certificate is for another name"}, func(s *Site) {
			tlsaOfAll(tlsaIssuer)(s)
			s.cert(func(c *pki.Spec) { c.Name = "mx.other.example.nl" })
		}, `
internet.nl 100
  mail_starttls_cert_chain info bad
  mail_starttls_cert_domain failed bad
  mail_starttls_dane_rollover info bad
peil below_standard
  mail.dane.valid failed
  mail.dane.rollover ?
  mail.cert.* ?
  mail.mtasts ?
  mail.caa ?
forum
  mail_legacy_start_tls_ncsc failed` + mailIncomplete},
		{"mail-dane-leaf-wrong-name", g, Text{"alleen 3 1 1, en het certificaat is voor een andere naam", "3 1 1 alone, and the certificate is for another name"}, func(s *Site) {
			tlsaOfAll(tlsaLeaf)(s)
			s.cert(func(c *pki.Spec) { c.Name = "mx.other.example.nl" })
		}, `
internet.nl 100
  mail_starttls_cert_chain info bad
  mail_starttls_cert_domain info bad
  mail_starttls_dane_rollover info bad
peil ?
  mail.dane.valid passed
  mail.dane.rollover ?
  mail.cert.* ?
  mail.mtasts ?
  mail.caa ?
forum
  mail_legacy_start_tls_ncsc info`},
		{"mail-dane-at-alias", g, Text{"de MX is een alias, met TLSA bij beide namen", "the MX is an alias, with TLSA at both names"}, func(s *Site) {
			mxRecords("10 post.{d}.")(s)
			s.Mail.Records = append(s.Mail.Records, "post.{d}. 3600 IN CNAME mx1.{mx}.", "_25._tcp.post.{d}. 3600 IN CNAME _25._tcp.mx1.{mx}.")
		}, anyMX},
		{"mail-dane-through-alias", g, Text{"TLSA is een alias, zoals bij grote aanbieders", "TLSA is an alias, as with big providers"}, func(s *Site) {
			for _, m := range s.Mail.Servers {
				s.Mail.Records = append(s.Mail.Records, "_25._tcp."+m.Label+".{mx}. 3600 IN CNAME _dane."+m.Label+".{d}.")
				for _, w := range []string{tlsaLeaf, tlsaIssuer} {
					s.Mail.TLSA = append(s.Mail.TLSA, [3]string{m.Label, "_dane." + m.Label + ".{d}.", w})
				}
				m.TLSA = []string{}
			}
		}, good},
	}
}

func policySites() []entry {
	sts := func(records ...string) func(*Site) { return func(s *Site) { s.Mail.STS = records } }
	policy := func(text string) func(*Site) { return func(s *Site) { s.Mail.Policy = text } }
	host := func(change func(*Site)) func(*Site) { return func(s *Site) { s.Mail.PolicyHost = change } }
	file := func(change func(*weblab.File)) func(*Site) {
		return host(func(p *Site) {
			p.http(func(h *weblab.Profile) {
				f := h.Files[policyPath]
				change(&f)
				h.Files = map[string]weblab.File{policyPath: f}
			})
		})
	}
	tlsrpt := func(records ...string) func(*Site) { return func(s *Site) { s.Mail.Reports = records } }
	is := func(id, outcome string) string {
		return `
internet.nl 100
peil up_to_standard
  ` + id + ` ` + outcome
	}
	bad := is("mail.mtasts", "failed|warning")
	fine := is("mail.mtasts", "passed|info")
	badReports := is("mail.tlsrpt", "failed|warning")
	const mxLines = "mx: mx1.{mx}\r\nmx: mx2.{mx}\r\n"
	const g = "mail-mtasts"
	return []entry{
		{"mail-mtasts-none", g, Text{"geen MTA-STS", "no MTA-STS"}, func(s *Site) { s.Mail.STS, s.Mail.Policy = nil, "" }, bad},
		{"mail-mtasts-no-record", g, Text{"een beleid zonder record", "a policy without a record"}, sts(), bad},
		{"mail-mtasts-no-host", g, Text{"een record, maar mta-sts. bestaat niet", "a record, but mta-sts. does not exist"}, policy(""), bad},
		{"mail-mtasts-two-records", g, Text{"twee records", "two records"}, sts(goodSTS, "v=STSv1; id=2"), bad},
		{"mail-mtasts-no-id", g, Text{"een record zonder id", "a record without id"}, sts("v=STSv1;"), bad},
		{"mail-mtasts-bad-id", g, Text{"een id met een streepje", "an id with a hyphen"}, sts("v=STSv1; id=2026-11-23"), bad},
		{"mail-mtasts-not-found", g, Text{"geen beleid op de plaats ervan (404)", "no policy in its place (404)"}, file(func(f *weblab.File) { f.Status = 404 }), bad},
		{"mail-mtasts-redirect", g, Text{"het beleid leidt door", "the policy redirects"}, file(func(f *weblab.File) { f.RedirectTo = "https://www.perfect.example.nl/.well-known/mta-sts.txt" }), bad},
		{"mail-mtasts-html", g, Text{"het beleid is HTML", "the policy is HTML"}, file(func(f *weblab.File) { f.ContentType, f.Body = "text/html", "<!doctype html><title>Welkom</title>" }), bad},
		{"mail-mtasts-content-type", g, Text{"een goed beleid als application/octet-stream", "a good policy as application/octet-stream"}, file(func(f *weblab.File) { f.ContentType = "application/octet-stream" }), is("mail.mtasts", "passed|info|warning|failed")},
		{"mail-mtasts-huge", g, Text{"een beleid van een megabyte", "a policy of a megabyte"}, file(func(f *weblab.File) { f.Size = 1 << 20 }), is("mail.mtasts", "passed|info|warning|failed|not_measured")},
		{"mail-mtasts-wrong-certificate", g, Text{"het certificaat van mta-sts. is voor een andere naam", "the certificate of mta-sts. is for another name"}, host(func(p *Site) { p.cert(func(c *pki.Spec) { c.Name = "www.other.example.nl" }) }), bad},
		{"mail-mtasts-stranger", g, Text{"het certificaat van mta-sts. is van niemand", "the certificate of mta-sts. is nobody's"}, host(func(p *Site) { p.cert(func(c *pki.Spec) { c.Issuer = pki.Stranger }) }), bad},
		{"mail-mtasts-expired", g, Text{"het certificaat van mta-sts. is verlopen", "the certificate of mta-sts. has expired"}, host(func(p *Site) { p.cert(func(c *pki.Spec) { c.From, c.Until = -80*day, -5*day }) }), bad},
		{"mail-mtasts-refused", g, Text{"poort 443 van mta-sts. weigert", "port 443 of mta-sts. refuses"}, host(func(p *Site) { p.servers(func(v *Server) { v.Port443 = Refused }) }), is("mail.mtasts", "failed|warning|not_measured")},
		{"mail-mtasts-testing", g, Text{"modus testing", "mode testing"}, func(s *Site) {
			s.Mail.Policy = strings.Replace(s.Mail.Policy, "mode: enforce", "mode: testing", 1)
		}, is("mail.mtasts", "warning|failed|info")},
		{"mail-mtasts-mode-none", g, Text{"modus none", "mode none"}, policy("version: STSv1\r\nmode: none\r\nmax_age: 2419200\r\n"), bad},
		{"mail-mtasts-bad-mode", g, Text{"een modus die niet bestaat", "a mode that does not exist"}, policy("version: STSv1\r\nmode: forced\r\n" + mxLines + "max_age: 2419200\r\n"), bad},
		{"mail-mtasts-no-mx", g, Text{"een beleid zonder mx", "a policy without mx"}, policy("version: STSv1\r\nmode: enforce\r\nmax_age: 2419200\r\n"), bad},
		{"mail-mtasts-one-mx", g, Text{"een beleid dat één van twee MX'en noemt", "a policy that names one of two MX"}, policy("version: STSv1\r\nmode: enforce\r\nmx: mx1.{mx}\r\nmax_age: 2419200\r\n"), bad},
		{"mail-mtasts-other-mx", g, Text{"een beleid met de MX'en van een ander", "a policy with the MX of somebody else"}, policy("version: STSv1\r\nmode: enforce\r\nmx: *.other.example.nl\r\nmax_age: 2419200\r\n"), bad},
		{"mail-mtasts-wildcard", g, Text{"een patroon met een sterretje", "a pattern with an asterisk"}, policy("version: STSv1\r\nmode: enforce\r\nmx: *.{mx}\r\nmax_age: 2419200\r\n"), fine},
		{"mail-mtasts-wildcard-deep", g, Text{"een sterretje voor twee labels, wat niet mag", "an asterisk for two labels, which is not allowed"}, policy("version: STSv1\r\nmode: enforce\r\nmx: *.example.nl\r\nmax_age: 2419200\r\n"), bad},
		{"mail-mtasts-lf", g, Text{"regels op LF alleen", "lines that end in LF alone"}, policy("version: STSv1\nmode: enforce\nmx: mx1.{mx}\nmx: mx2.{mx}\nmax_age: 2419200\n"), fine},
		{"mail-mtasts-no-max-age", g, Text{"een beleid zonder max_age", "a policy without max_age"}, policy("version: STSv1\r\nmode: enforce\r\n" + mxLines), bad},
		{"mail-mtasts-short", g, Text{"een beleid dat één dag geldt", "a policy that holds for one day"}, policy("version: STSv1\r\nmode: enforce\r\n" + mxLines + "max_age: 86400\r\n"), is("mail.mtasts", "passed|info|warning")},
		{"mail-mtasts-v4", g, Text{"mta-sts. heeft geen IPv6", "mta-sts. has no IPv6"}, host(func(p *Site) { p.V6 = nil }), fine},

		{"mail-tlsrpt-none", "mail-tlsrpt", Text{"geen TLS-RPT", "no TLS-RPT"}, tlsrpt(), badReports},
		{"mail-tlsrpt-two", "mail-tlsrpt", Text{"twee records", "two records"}, tlsrpt(goodTLSRPT, "v=TLSRPTv1; rua=mailto:x@{d}"), badReports},
		{"mail-tlsrpt-no-rua", "mail-tlsrpt", Text{"zonder adres", "without an address"}, tlsrpt("v=TLSRPTv1;"), badReports},
		{"mail-tlsrpt-bad-rua", "mail-tlsrpt", Text{"een adres zonder mailto:", "an address without mailto:"}, tlsrpt("v=TLSRPTv1; rua=tlsrpt@{d}"), badReports},
		{"mail-tlsrpt-https", "mail-tlsrpt", Text{"rapporten over https", "reports over https"}, tlsrpt("v=TLSRPTv1; rua=https://reports.example.com/tlsrpt"), is("mail.tlsrpt", "passed")},

		{"mail-bimi", "mail-bimi", Text{"BIMI met een logo", "BIMI with a logo"}, also(func(*Site) {}, `default._bimi.{d}. 3600 IN TXT "v=BIMI1; l=https://www.perfect.example.nl/logo.svg;"`), is("mail.bimi", "passed|info")},
		{"mail-bimi-broken", "mail-bimi", Text{"BIMI met een logo over http", "BIMI with a logo over http"}, also(func(*Site) {}, `default._bimi.{d}. 3600 IN TXT "v=BIMI1; l=http://www.perfect.example.nl/logo.svg;"`), is("mail.bimi", "failed|warning|info")},
		{"mail-ems-beside-1-3", "mail-tls", Text{"één MX spreekt alleen TLS 1.3, de andere ook 1.2", "one MX speaks TLS 1.3 alone, the other 1.2 as well"}, func(s *Site) {
			s.Mail.Servers[0].each(func(v *Server) { v.tls(func(p *tlslab.Profile) { p.Versions = tlslab.TLS13Only().Versions }) })
		}, `
internet.nl 100
  mail_starttls_tls_extendedmastersecret not_tested na-no-tls-1-2 10/10`},
	}
}
