package lab

import (
	"time"

	"peil/internal/lab/maillab"
	"peil/internal/lab/tlslab"
)

// smtpOf changes the dialogue of every mail server. Profiles are shared, so a copy is
// changed.
func smtpOf(change func(*maillab.Profile)) func(*Site) {
	return func(s *Site) { s.servers(func(srv *Server) { srv.smtp(change) }) }
}

func (srv *Server) smtp(change func(*maillab.Profile)) {
	var p maillab.Profile
	if srv.SMTP != nil {
		p = *srv.SMTP
	}
	change(&p)
	srv.SMTP = &p
}

func startTLS(how maillab.STARTTLS) func(*Site) {
	return smtpOf(func(p *maillab.Profile) { p.STARTTLS = how })
}

func tormentMail(how maillab.Torment) func(*Site) {
	return smtpOf(func(p *maillab.Profile) { p.Torment = how })
}

// noSTARTTLS is a domain whose mail servers answer, and have no TLS.
const noSTARTTLS = `
internet.nl 80
  mail_starttls_* not_applicable
  mail_starttls_tls_available error other 0/10
peil below_standard
  mail.starttls.available failed
  mail.tls.* not_applicable
  mail.cert.* not_applicable
  mail.dane.* ?
  mail.mtasts ?
  mail.caa ?
forum
  mail_legacy_start_tls failed
  mail_legacy_start_tls_ncsc not_applicable|failed
  mail_legacy_dane ?
  mail_legacy_mail_server_testable ?
  mail_legacy_mail_server_reachable ?
  mail_legacy_tls_1_3 ?` + mailIncomplete + `
ncsc-tls-2021
  tls.* not_applicable
ncsc-tls-2025
  tls.* not_applicable`

// unmeasuredMail is one whose servers would not speak with us now.
const unmeasuredMail = `
internet.nl ?
  mail_starttls_* not_measured
  mail_starttls_tls_caa ?
  mail_starttls_dane* ?
peil cannot_say
  mail.starttls.available not_measured
  mail.starttls.injection not_measured|not_applicable
  mail.tls.* not_measured
  mail.cert.* not_measured
  mail.dane.* ?
  mail.mtasts ?
  mail.caa ?
forum
  mail_legacy_start_tls not_measured
  mail_legacy_start_tls_ncsc not_measured
  mail_legacy_dane ?
  mail_legacy_mail_server_testable ?
  mail_legacy_mail_server_reachable ?
  mail_legacy_tls_1_3 ?
  = mail_complete not_measured
  = mail_complete_with_ipv6_rpki not_measured
ncsc-tls-2021
  tls.* not_measured
ncsc-tls-2025
  tls.* not_measured`

// deadMail has nothing on port 25 of any address.
const deadMail = noSTARTTLS + `
internet.nl 70
  mail_ipv6_mx_reach failed bad 0/10
peil below_standard
  mail.ipv6.mxreach failed
forum
  mail_legacy_category_ipv6 failed
  mail_legacy_ipv6_mailserver failed`

// oneDead is B.14 example 5.
const oneDead = anyMail + `
internet.nl 75
  mail_ipv6_mx_reach failed bad 5/10
  mail_starttls_tls_available error other 0/10
peil below_standard
  mail.starttls.available failed
  mail.ipv6.mxreach failed`

func smtpSites() []entry {
	port := func(state Port) func(*Site) { return func(s *Site) { s.servers(func(v *Server) { v.Port25 = state }) } }
	says := func(change func(*maillab.Profile)) func(*Site) { return smtpOf(change) }
	const g = "mail-starttls"
	return []entry{
		{"mail-starttls-absent", g, Text{"geen STARTTLS", "no STARTTLS"}, startTLS(maillab.NoTLS), noSTARTTLS},
		{"mail-starttls-hidden", g, Text{"STARTTLS werkt, maar wordt niet aangeboden", "STARTTLS works, but is not offered"}, startTLS(maillab.HiddenTLS), noSTARTTLS},
		{"mail-starttls-stripped", g, Text{"STARTTLS is onderweg weggehaald (XXXXXXXA)", "STARTTLS was taken out on the way (XXXXXXXA)"}, startTLS(maillab.StrippedTLS), noSTARTTLS + `
peil ?
  mail.starttls.available failed|not_measured`},
		{"mail-starttls-in-greeting", g, Text{"STARTTLS staat alleen in de groet", "STARTTLS stands in the greeting alone"}, startTLS(maillab.InTextTLS), noSTARTTLS},
		{"mail-starttls-glued", g, Text{"XSTARTTLS in plaats van STARTTLS", "XSTARTTLS in place of STARTTLS"}, startTLS(maillab.NoSpaceTLS), noSTARTTLS},
		{"mail-starttls-refused", g, Text{"STARTTLS wordt aangeboden en geweigerd", "STARTTLS is offered and refused"}, startTLS(maillab.RefusedTLS), noSTARTTLS},
		{"mail-starttls-unknown", g, Text{"STARTTLS wordt aangeboden, maar de opdracht is onbekend", "STARTTLS is offered, but the command is unknown"}, startTLS(maillab.UnknownTLS), noSTARTTLS},
		{"mail-starttls-454", g, Text{"STARTTLS is even niet beschikbaar (454)", "STARTTLS is not available now (454)"}, startTLS(maillab.TemporaryTLS), unmeasuredMail},
		{"mail-starttls-plain", g, Text{"na STARTTLS volgt leesbare tekst", "after STARTTLS comes plain text"}, startTLS(maillab.PlainAfterTLS), anyMail},
		{"mail-starttls-silent", g, Text{"na STARTTLS volgt niets", "after STARTTLS comes nothing"}, startTLS(maillab.SilentAfterTLS), anyMail},
		{"mail-starttls-closed", g, Text{"na 220 sluit de server de verbinding", "after 220 the server closes the connection"}, startTLS(maillab.ClosedAfterTLS), anyMail + `
peil below_standard
  mail.starttls.available failed`},
		{"mail-starttls-closes", g, Text{"bij STARTTLS sluit de server de verbinding", "at STARTTLS the server closes the connection"}, startTLS(maillab.ClosesOnCommand), anyMail},
		{"mail-starttls-resets", g, Text{"bij STARTTLS komt een RST", "at STARTTLS comes a RST"}, startTLS(maillab.ResetsOnCommand), anyMail},
		{"mail-starttls-injects", g, Text{"leesbare tekst achter 220, voor de TLS", "plain text behind 220, before TLS"}, startTLS(maillab.InjectsTLS), anyMail},
		{"mail-starttls-other-code", g, Text{"250 in plaats van 220", "250 in place of 220"}, startTLS(maillab.OtherCodeTLS), anyMail},
		{"mail-starttls-second-ehlo", g, Text{"STARTTLS pas bij de tweede EHLO", "STARTTLS only at the second EHLO"}, startTLS(maillab.NoneAfterHELO), noSTARTTLS},
		{"mail-starttls-buffered", g, Text{"wat achter STARTTLS werd gezegd telt na de TLS", "what was said behind STARTTLS counts after TLS"}, startTLS(maillab.BufferedTLS), ``},
		{"mail-starttls-lower-case", g, Text{"starttls in kleine letters", "starttls in lower case"}, startTLS(maillab.LowerCaseTLS), ``},
		{"mail-starttls-parameter", g, Text{"STARTTLS met een parameter", "STARTTLS with a parameter"}, startTLS(maillab.ParameterTLS), ``},
		{"mail-starttls-twice", g, Text{"STARTTLS staat er twee keer", "STARTTLS stands there twice"}, startTLS(maillab.OfferedTwice), ``},
		{"mail-starttls-multi-line", g, Text{"220 in twee regels", "220 in two lines"}, startTLS(maillab.MultilineReadyS), ``},
		{"mail-starttls-required", g, Text{"STARTTLS is verplicht", "STARTTLS is required"}, startTLS(maillab.RequiredTLS), ``},
		{"mail-helo-only", g, Text{"de server kent alleen HELO", "the server knows HELO alone"}, says(func(p *maillab.Profile) { p.HELOOnly = true }), noSTARTTLS},
		{"mail-greeting-lines", g, Text{"een groet van drie regels", "a greeting of three lines"}, says(func(p *maillab.Profile) { p.Greeting = "220-{name} ESMTP\n220-Welkom\n220 Alleen voor mail" }), ``},
		{"mail-bare-lf", g, Text{"regels eindigen alleen op LF", "lines end in LF alone"}, says(func(p *maillab.Profile) { p.BareLF = true }), anyMail},
		{"mail-size-lie", g, Text{"SIZE is onzin", "SIZE is nonsense"}, says(func(p *maillab.Profile) {
			p.EHLO = "250-{name}\n250-SIZE -1\n250-SIZE 99999999999999999999999999999999\n250-STARTTLS\n250 SIZE=x"
		}), ``},
		{"mail-slow-greeting", g, Text{"de groet komt na vier seconden", "the greeting comes after four seconds"}, says(func(p *maillab.Profile) { p.GreetAfter = 4 * time.Second }), anyMail},
		{"mail-greylist", g, Text{"grijze lijst: 451 op EHLO", "greylisting: 451 to EHLO"}, says(func(p *maillab.Profile) { p.EHLO, p.HELO = "451 4.7.1 Greylisting", "451 4.7.1 Greylisting" }), unmeasuredMail},
		{"mail-greets-421", g, Text{"de groet is 421", "the greeting is 421"}, says(func(p *maillab.Profile) { p.Greeting = "421 4.3.2 {name} Service not available" }), unmeasuredMail},
		{"mail-greets-450", g, Text{"de groet is 450", "the greeting is 450"}, says(func(p *maillab.Profile) { p.Greeting = "450 4.7.1 {name} Try again later" }), unmeasuredMail},
		{"mail-greets-554", g, Text{"de groet is 554: wij mogen niet", "the greeting is 554: we may not"}, says(func(p *maillab.Profile) { p.Greeting = "554 5.7.1 {name} No SMTP service for you" }), anyMail},
		{"mail-limit-421", g, Text{"421 na drie verbindingen", "421 after three connections"}, says(func(p *maillab.Profile) { p.Firewall = tlslab.Firewall{After: 3} }), anyMail},

		{"mail-port-refused", g, Text{"poort 25 weigert", "port 25 refuses"}, port(Refused), deadMail},
		{"mail-port-silent", g, Text{"poort 25 zwijgt", "port 25 is silent"}, port(Silent), deadMail},
		{"mail-one-dead", g, Text{"één van twee MX'en is dood", "one of two MX is dead"}, func(s *Site) {
			s.Mail.Servers[1].each(func(v *Server) { v.Port25 = Refused })
		}, oneDead},
		{"mail-v4-refused", g, Text{"de IPv4-adressen van de MX'en weigeren", "the IPv4 addresses of the MX refuse"}, func(s *Site) {
			for _, m := range s.Mail.Servers {
				m.V4[0].Port25 = Refused
			}
		}, anyMail + `
peil below_standard
  mail.starttls.available failed`},
		{"mail-one-without-tls", g, Text{"één van twee MX'en heeft geen STARTTLS", "one of two MX has no STARTTLS"}, func(s *Site) {
			s.Mail.Servers[1].each(func(v *Server) { v.smtp(func(p *maillab.Profile) { p.STARTTLS = maillab.NoTLS }) })
		}, anyMail + `
internet.nl 80
  mail_starttls_tls_available error other 0/10
peil below_standard
  mail.starttls.available failed`},
	}
}

// tormentMailSites are servers from which nothing is asked but that they harm nobody.
func tormentMailSites() []entry {
	var list []entry
	for _, x := range []struct {
		torment maillab.Torment
		text    Text
	}{
		{maillab.NeverGreets, Text{"groet niet", "does not greet"}},
		{maillab.Drip, Text{"druppelt: één byte per seconde", "drips: one byte a second"}},
		{maillab.Flood, Text{"een groet zonder einde", "a greeting without end"}},
		{maillab.EndlessLine, Text{"een regel zonder einde", "a line without end"}},
		{maillab.ManyLines, Text{"tienduizend regels na EHLO", "ten thousand lines after EHLO"}},
		{maillab.EndlessEHLO, Text{"regels zonder einde na EHLO", "lines without end after EHLO"}},
		{maillab.LongLine, Text{"een regel van 8000 bytes na EHLO", "a line of 8000 bytes after EHLO"}},
		{maillab.SpeaksAfterQuit, Text{"praat door na QUIT", "goes on talking after QUIT"}},
		{maillab.NoQuit, Text{"antwoordt niet op QUIT", "does not answer QUIT"}},
		{maillab.CodeMismatch, Text{"elke regel een andere code", "another code in each line"}},
		{maillab.NulBytes, Text{"NUL-bytes in de antwoorden", "NUL bytes in the replies"}},
		{maillab.Binary, Text{"groet met willekeurige bytes", "greets with random bytes"}},
		{maillab.NoCode, Text{"groet zonder code", "greets without a code"}},
		{maillab.OddCode, Text{"groet met code 999", "greets with code 999"}},
		{maillab.CutLine, Text{"groet half en sluit", "greets by half and closes"}},
		{maillab.Eager, Text{"antwoordt voordat er gevraagd is", "answers before it is asked"}},
		{maillab.ClosesAtOnce, Text{"sluit meteen", "closes at once"}},
		{maillab.ResetsAtOnce, Text{"RST meteen", "RST at once"}},
		{maillab.ClosesAtEHLO, Text{"sluit bij EHLO", "closes at EHLO"}},
		{maillab.ResetsAtEHLO, Text{"RST bij EHLO", "RST at EHLO"}},
		{maillab.SilentAtEHLO, Text{"zwijgt na EHLO", "is silent after EHLO"}},
		{maillab.ClosesInEHLO, Text{"sluit midden in het antwoord op EHLO", "closes in the middle of the reply to EHLO"}},
		{maillab.SpeaksHTTP, Text{"spreekt HTTP", "speaks HTTP"}},
		{maillab.SpeaksSSH, Text{"spreekt SSH", "speaks SSH"}},
		{maillab.SpeaksTLS, Text{"spreekt meteen TLS", "speaks TLS at once"}},
		{maillab.ClosesAfterTLS, Text{"sluit na de handdruk", "closes after the handshake"}},
		{maillab.SilentAfterBoth, Text{"zwijgt na de handdruk", "is silent after the handshake"}},
		{maillab.FloodAfterTLS, Text{"regels zonder einde na de handdruk", "lines without end after the handshake"}},
	} {
		list = append(list, entry{"mail-torment-" + dashed(string(x.torment)), "hostile", x.text, tormentMail(x.torment), anyMail})
	}
	slow := func(id string, text Text, change func(*maillab.Profile)) {
		list = append(list, entry{"mail-torment-" + id, "hostile", text, smtpOf(change), anyMail})
	}
	slow("greets-late", Text{"groet na een minuut", "greets after a minute"}, func(p *maillab.Profile) { p.GreetAfter = time.Minute })
	slow("tarpit", Text{"tien seconden per opdracht", "ten seconds for each command"}, func(p *maillab.Profile) { p.Wait = 10 * time.Second })
	for _, x := range []struct {
		torment tlslab.Torment
		text    Text
	}{
		{tlslab.NeverAnswer, Text{"zwijgt in de TLS-handdruk", "is silent in the TLS handshake"}},
		{tlslab.EmptyRecords, Text{"lege TLS-records zonder einde", "empty TLS records without end"}},
		{tlslab.HangAfterHello, Text{"ServerHello, en dan niets", "ServerHello, and then nothing"}},
		{tlslab.Garbage, Text{"willekeurige bytes in de handdruk", "random bytes in the handshake"}},
		{tlslab.EndlessCertificates, Text{"certificaten zonder einde", "certificates without end"}},
	} {
		list = append(list, entry{"mail-torment-tls-" + dashed(string(x.torment)), "hostile", x.text, func(s *Site) {
			s.tls(func(p *tlslab.Profile) { p.Torment = x.torment })
		}, anyMail})
	}
	return list
}
