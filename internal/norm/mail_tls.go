package norm

import (
	"peil/internal/fact"
)

var starttlsFixes = []Fix{
	fixFor("postfix", "Geef Postfix een certificaat en laat hem TLS aanbieden.", "Give Postfix a certificate and let it offer TLS.", "postconf -e smtpd_tls_security_level=may smtpd_tls_chain_files=/etc/ssl/private/mx1.key,/etc/ssl/mx1-fullchain.pem\npostfix reload"),
	fixFor("exim", "Bied TLS aan ieder aan.", "Offer TLS to everyone.", "tls_advertise_hosts = *\ntls_certificate = /etc/ssl/mx1-fullchain.pem\ntls_privatekey = /etc/ssl/private/mx1.key"),
	fixFor("exchange", "Ken het certificaat toe aan SMTP.", "Assign the certificate to SMTP.", "Enable-ExchangeCertificate -Thumbprint <thumbprint> -Services SMTP"),
	fixFor("", "Een firewall die SMTP 'inspecteert', haalt STARTTLS weg: zet dat uit (Cisco ASA: inspect esmtp).", "A firewall that 'inspects' SMTP takes STARTTLS out: switch that off (Cisco ASA: inspect esmtp).", "policy-map global_policy\n class inspection_default\n  no inspect esmtp"),
}

var starttlsAvailable = rule{
	explain: Text{
		"Elk adres van elke mailserver antwoordt op poort 25, biedt STARTTLS aan en maakt daarmee een werkende versleutelde verbinding.",
		"Each address of each mail server answers on port 25, offers STARTTLS and makes a working encrypted connection by it.",
	},
	why: Text{
		"Zonder STARTTLS gaat mail leesbaar over internet.",
		"Without STARTTLS mail crosses the internet readable by all.",
	},
	fixes: starttlsFixes,
	check: "openssl s_client -starttls smtp -connect {peer} -servername {host} </dev/null 2>&1 | grep -E '^New|^Verif|errno|starttls'",
	judge: func(v *view) Verdict {
		return v.eachMailHost(func(_ *fact.MailServer, h *fact.MailHost) finding { return starttls(h) })
	},
}

// starttls judges whether an address of a mail server can be talked to in cipher.
func starttls(h *fact.MailHost) finding {
	why, gap := noSTARTTLS(h)
	s := h.SMTP
	switch {
	case gap != "" && s != nil && s.Refusal != nil:
		return missed(gap).with(replyLine(s.Refusal))
	case gap != "":
		return missed(gap)
	case why == "":
		return pass(because("starttls"))
	case h.Port25.Dead():
		return fail(because("dead-address", "25", h.Port25.How)).with("tcp 25 " + h.Port25.How)
	case s.State == fact.SMTPNone:
		return fail(because("no-smtp")).with("port 25: no SMTP greeting")
	case s.Stripped != "":
		return fail(because("starttls-stripped", s.Stripped)).with(replyLine(s.EHLO), "stripped: "+s.Stripped)
	case s.Offered.No():
		return fail(because("no-starttls")).with(replyLine(s.EHLO))
	case s.STARTTLS != nil && s.STARTTLS.Code >= 500:
		return fail(because("starttls-refused", itoa(s.STARTTLS.Code))).with(replyLine(s.STARTTLS))
	}
	return fail(because("starttls-broken")).with(why)
}

// replyLine is an SMTP reply in one line.
func replyLine(r *fact.Reply) string {
	if r == nil {
		return "no reply"
	}
	line := itoa(r.Code)
	for i, l := range r.Lines {
		if i == maxNames {
			return line + " | +" + itoa(len(r.Lines)-i)
		}
		line += " | " + l
	}
	return line
}

var starttlsInjection = rule{
	explain: Text{
		"Een opdracht die in leesbare tekst achter STARTTLS wordt meegestuurd, voert de server na de versleuteling niet uit (CVE-2011-0411). Dit wordt alleen gevraagd met toestemming (--mandate).",
		"A command that is sent along in plain text behind STARTTLS is not carried out after encryption (CVE-2011-0411). This is asked with permission alone (--mandate).",
	},
	why: Text{
		"Wie ertussen zit, kan anders opdrachten in een versleuteld gesprek zetten.",
		"Otherwise whoever sits in between can put commands into an encrypted dialogue.",
	},
	fixes: mailUpdateFixes,
	check: `python3 -c "import socket,ssl;s=socket.create_connection(('{host}',25));s.recv(999);s.send(b'EHLO x\r\n');s.recv(9999);s.send(b'STARTTLS\r\nNOOP\r\n');s.recv(999);c=ssl._create_unverified_context().wrap_socket(s);c.settimeout(5);print(c.recv(999))"`,
	judge: func(v *view) Verdict {
		return v.eachDialogue(func(h *fact.MailHost) finding {
			switch o := h.SMTP.Injection; {
			case o.Yes():
				return fail(because("injection")).with("NOOP sent in plain text was answered after the handshake")
			case o.No():
				return pass(because("no-injection"))
			case o.Gap == fact.GapMandate, o.Gap == "", o.Gap == fact.GapNotAsked:
				return none(because("without-mandate"))
			default:
				return missed(o.Gap)
			}
		})
	},
}

// eachDialogue judges the dialogue of every address at which STARTTLS works.
func (v *view) eachDialogue(judge func(*fact.MailHost) finding) Verdict {
	return v.eachMailHost(func(_ *fact.MailServer, h *fact.MailHost) finding {
		switch why, gap := noSTARTTLS(h); {
		case gap != "":
			return missed(gap)
		case why != "" || h.SMTP == nil:
			return none(because("no-tls"))
		}
		return judge(h)
	})
}

// checkedBy says by what senders check the certificate of a mail server beyond its key:
// MTA-STS or DANE-TA; "" when nobody does (RFC 7435: opportunistic security).
func (v *view) checkedBy(server string) string {
	if v.stsHolds(server) {
		return "MTA-STS"
	}
	if d, _, ok := v.dane(server); ok && d.anchored() {
		return "DANE-TA"
	}
	return ""
}

var (
	mailCertWhy = Text{
		"Verzenders die MTA-STS of DANE-TA controleren, leveren geen mail af bij een certificaat dat niet klopt. Zonder die twee kijkt bijna geen verzender ernaar.",
		"Senders that check MTA-STS or DANE-TA do not deliver to a certificate that is wrong. Without those two hardly any sender looks at it.",
	}
	mailCertFixes = []Fix{
		fixFor("", "Vraag een certificaat aan op de naam van de mailserver, en vernieuw het vanzelf.", "Ask for a certificate in the name of the mail server, and renew it automatically.", "certbot certonly --standalone -d mx1.example.nl --deploy-hook 'postfix reload'"),
		fixFor("postfix", "Stuur de hele keten mee: sleutel, eigen certificaat, tussenliggende.", "Send the whole chain: key, your own certificate, the intermediates.", "postconf -e smtpd_tls_chain_files=/etc/letsencrypt/live/mx1.example.nl/privkey.pem,/etc/letsencrypt/live/mx1.example.nl/fullchain.pem"),
		fixFor("exim", "Stuur de hele keten mee.", "Send the whole chain.", "tls_certificate = /etc/letsencrypt/live/mx1.example.nl/fullchain.pem"),
		fixFor("exchange", "Zet het nieuwe certificaat op SMTP.", "Put the new certificate on SMTP.", "Enable-ExchangeCertificate -Thumbprint <thumbprint> -Services SMTP"),
	}
)

const mailNameCheck = "openssl s_client -starttls smtp -connect {peer} -servername {host} </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"

var mailCertTrust = rule{
	explain: Text{
		"Het certificaat van elke mailserver leidt naar een wortel die Mozilla vertrouwt. Geldt er MTA-STS, dan moet dat; anders wordt het alleen vermeld.",
		"The certificate of each mail server leads to a root that Mozilla trusts. Where MTA-STS holds it must; otherwise it is mentioned only.",
	},
	why: mailCertWhy, fixes: mailCertFixes,
	check: "openssl s_client -starttls smtp -connect {peer} -servername {host} </dev/null 2>/dev/null | grep Verif",
	judge: func(v *view) Verdict {
		return v.eachMailChain(func(server string, c *fact.Chain, cs []*certificate) finding {
			switch {
			case c.Trust.Trusted || (c.Trust.Problem == "name_mismatch" && c.Trust.PathWithoutName):
				return pass(because("trusted", issuerName(cs[0]))).till(v.after(c.Trust.Until))
			case unchecked(c):
				return missed(fact.GapUnsupported).with(trustProblem(c))
			}
			f := note(because("untrusted-unasked", distrust(c)))
			if v.stsHolds(server) {
				f = fail(because("untrusted-asked", distrust(c), "MTA-STS"))
			}
			return f.with(trustProblem(c), "issuer "+issuerName(cs[0]))
		})
	},
}

var mailCertDomain = rule{
	explain: Text{
		"De naam van de mailserver, zoals het MX-record hem noemt, staat in subjectAltName van het certificaat. Geldt er MTA-STS of DANE-TA, dan moet dat; anders wordt het alleen vermeld.",
		"The name of the mail server, as the MX record has it, stands in subjectAltName of the certificate. Where MTA-STS or DANE-TA holds it must; otherwise it is mentioned only.",
	},
	why: mailCertWhy, fixes: mailCertFixes, check: mailNameCheck,
	judge: func(v *view) Verdict {
		return v.eachMailChain(func(server string, _ *fact.Chain, cs []*certificate) finding {
			if cs[0].matches(server) {
				return pass(because("name-matches"))
			}
			by := v.checkedBy(server)
			if by == "DANE-TA" {
				if d, _, _ := v.dane(server); cs[0].matches(d.base) || cs[0].matches(v.Target.Name) {
					return pass(because("name-matches"))
				}
			}
			f := note(because("name-mismatch-unasked", sanList(cs[0])))
			if by != "" {
				f = fail(because("name-mismatch-asked", sanList(cs[0]), by))
			}
			return f.with("subjectAltName: " + sanList(cs[0]))
		})
	},
}

var mailCertExpiry = rule{
	explain: Text{
		"Op het moment van meten is het certificaat al geldig en nog niet verlopen. Geldt er MTA-STS of DANE-TA, dan moet dat; anders is het een waarschuwing.",
		"At the time of measurement the certificate is valid already and has not expired. Where MTA-STS or DANE-TA holds it must; otherwise it warns.",
	},
	why: mailCertWhy, fixes: mailCertFixes, check: mailNameCheck,
	judge: func(v *view) Verdict {
		return v.eachMailChain(func(server string, _ *fact.Chain, cs []*certificate) finding {
			c := cs[0]
			below := fail
			if v.checkedBy(server) == "" {
				below = warn
			}
			switch {
			case c.NotAfter.IsZero():
				return below(because("certificate-unreadable", c.Defect)).with(c.Defect)
			case v.At.Before(c.NotBefore):
				return below(because("not-yet-valid", day(c.NotBefore))).with("notBefore " + day(c.NotBefore)).till(c.NotBefore)
			case v.At.After(c.NotAfter):
				return below(because("expired", day(c.NotAfter))).with("notAfter " + day(c.NotAfter))
			}
			return pass(because("valid-until", day(c.NotAfter))).till(c.NotAfter)
		})
	},
}
