package norm

import (
	"slices"
	"strings"

	"peil/internal/fact"
)

// What the government agreed about mail.
var (
	agreedMail2019 = Text{
		"Afspraak van de overheid (streefbeeld): mail met STARTTLS en DANE, SPF en DMARC met streng beleid, klaar eind 2019.",
		"Agreed between Dutch governments (target picture): mail with STARTTLS and DANE, SPF and DMARC with strict policies, done by the end of 2019.",
	}
	agreedMail2021 = Text{
		"Afspraak van de overheid (streefbeeld): alle websites en maildomeinen ook over IPv6 bereikbaar, klaar eind 2021.",
		"Agreed between Dutch governments (target picture): all websites and mail domains reachable over IPv6 too, done by the end of 2021.",
	}
)

// forumMail are the mail fields of catalogue D under the names that they have there.
func forumMail() []row {
	part := map[Text]string{agreed2017: "target picture 2017", agreedMail2019: "target picture 2019", agreedMail2021: "target picture 2021", agreed2024: "target picture 2024"}
	line := func(id, category string, title Text, because Text, r rule) row {
		level, section := Required, part[because]
		if section == "" {
			level, section = Optional, "measured beside it"
		}
		src := Source{Name: "Forum Standaardisatie", Section: section, URL: "https://www.forumstandaardisatie.nl/metingen/informatieveiligheidstandaarden"}
		return row{id, category, level, Public, title, because, src, r}
	}
	beside := Text{"Wordt ernaast getoond; telt niet voor 'mail compleet'.", "Shown beside it; not part of 'mail complete'."}
	return []row{
		line("mail_legacy_dmarc", "auth", Text{"DMARC", "DMARC"}, agreed2017, forumMailRule(Text{"Er is een DMARC-record.", "There is a DMARC record."}, false, "mail_auth_dmarc_exist")),
		line("mail_legacy_dmarc_policy", "auth", Text{"DMARC-beleid", "DMARC policy"}, agreedMail2019, forumMailRule(Text{"Het DMARC-beleid is streng.", "The DMARC policy is strict."}, false, "mail_auth_dmarc_policy")),
		line("mail_legacy_spf", "auth", Text{"SPF", "SPF"}, agreed2017, forumMailRule(Text{"Er is een SPF-record.", "There is an SPF record."}, false, "mail_auth_spf_exist")),
		line("mail_legacy_spf_policy", "auth", Text{"SPF-beleid", "SPF policy"}, agreedMail2019, forumMailRule(Text{"Het SPF-beleid is streng.", "The SPF policy is strict."}, false, "mail_auth_spf_policy")),
		line("mail_legacy_dkim", "auth", Text{"DKIM", "DKIM"}, agreed2017, forumMailRule(Text{"Er is een plaats voor DKIM-sleutels, als het domein mail verstuurt.", "There is a place for DKIM keys, when the domain sends mail."}, false, "mail_auth_dkim_exist")),
		line("mail_legacy_dnssec_email_domain", "dnssec", Text{"DNSSEC van het maildomein", "DNSSEC of the mail domain"}, agreed2017, forumMailRule(Text{"Het maildomein is ondertekend en geldig.", "The mail domain is signed and valid."}, false, "mail_dnssec_mailto_exist", "mail_dnssec_mailto_valid")),
		line("mail_legacy_dnssec_mx", "dnssec", Text{"DNSSEC van de mailservers", "DNSSEC of the mail servers"}, agreedMail2019, forumMailRule(Text{"De namen van de mailservers zijn ondertekend en geldig.", "The names of the mail servers are signed and valid."}, true, "mail_dnssec_mx_exist", "mail_dnssec_mx_valid")),
		line("mail_legacy_start_tls", "starttls", Text{"STARTTLS", "STARTTLS"}, agreedMail2019, forumMailRule(Text{"Elke mailserver heeft STARTTLS.", "Every mail server has STARTTLS."}, true, "mail_starttls_tls_available")),
		line("mail_legacy_start_tls_ncsc", "starttls", Text{"STARTTLS volgens NCSC", "STARTTLS by NCSC"}, agreedMail2019, forumMailRule(Text{"TLS van de mailservers is ingesteld zoals het NCSC vraagt.", "TLS of the mail servers is set up as the NCSC asks."}, true, forumMailTLSTests...)),
		line("mail_legacy_dane", "starttls", Text{"DANE", "DANE"}, agreedMail2019, forumMailRule(Text{"De mailservers gebruiken DANE. Zonder STARTTLS is er geen DANE.", "The mail servers use DANE. Without STARTTLS there is no DANE."}, true, "mail_starttls_dane_exist", "mail_starttls_dane_valid", "mail_starttls_tls_available")),
		line("mail_legacy_category_ipv6", "ipv6", Text{"IPv6", "IPv6"}, agreedMail2021, forumMailIPv6),
		line("mail_rpki", "rpki", Text{"RPKI", "RPKI"}, agreed2024, forumMailRule(Text{"Er zijn ROA's en geen route is ongeldig: van mailservers, nameservers en de nameservers van de mailservers.", "There are ROAs and no route is invalid: of mail servers, name servers and the name servers of the mail servers."}, false, forumMailRPKITests...)),
		line("mail_legacy_ipv6_nameserver", "ipv6", Text{"IPv6: nameservers", "IPv6: name servers"}, beside, forumMailRule(Text{"De nameservers hebben IPv6.", "The name servers have IPv6."}, false, forumMailNSTests...)),
		line("mail_legacy_ipv6_mailserver", "ipv6", Text{"IPv6: mailservers", "IPv6: mail servers"}, beside, forumMailRule(Text{"De mailservers hebben IPv6.", "The mail servers have IPv6."}, true, forumMailMXTests...)),
		line("mail_legacy_mail_sending_domain", "mail", Text{"Domein verstuurt mail", "Domain sends mail"}, beside, forumSending),
		line("mail_legacy_domain_has_mx", "mail", Text{"Domein heeft mailservers", "Domain has mail servers"}, beside, forumHasMX),
		line("mail_legacy_mail_server_testable", "mail", Text{"Mailservers te testen", "Mail servers can be tested"}, beside, forumTestable),
		line("mail_legacy_mail_server_reachable", "mail", Text{"Mailservers bereikbaar", "Mail servers can be reached"}, beside, forumReachable),
		line("mail_legacy_tls_1_3", "starttls", Text{"TLS 1.3", "TLS 1.3"}, beside, forumMailTLS13),
	}
}

var (
	forumMailTLSTests = []string{
		"mail_starttls_tls_available", "mail_starttls_tls_version", "mail_starttls_tls_ciphers", "mail_starttls_tls_cipherorder", "mail_starttls_tls_keyexchange",
		"mail_starttls_tls_keyexchangehash", "mail_starttls_tls_compress", "mail_starttls_tls_secreneg", "mail_starttls_tls_clientreneg", "mail_starttls_tls_0rtt",
		"mail_starttls_cert_sig", "mail_starttls_cert_pubkey", "mail_starttls_cert_chain", "mail_starttls_cert_domain",
	}
	forumMailNSTests   = []string{"mail_ipv6_ns_address", "mail_ipv6_ns_reach"}
	forumMailMXTests   = []string{"mail_ipv6_mx_address", "mail_ipv6_mx_reach"}
	forumMailRPKITests = []string{"mail_rpki_exists", "mail_rpki_valid", "mail_ns_rpki_exists", "mail_ns_rpki_valid", "mail_mx_ns_rpki_exists", "mail_mx_ns_rpki_valid"}
)

// forumEachMX is a command over all mail servers: what stands after it sees $mx.
const forumEachMX = "for mx in $(dig +short MX {name} | cut -d' ' -f2 | sed 's/[.]$//'); do echo $mx; "

// forumMailChecks are the commands of fields about mail servers, by their first test:
// those of internet.nl name one server.
var forumMailChecks = map[string]string{
	"mail_starttls_tls_available": forumEachMX + "openssl s_client -connect $mx:25 -starttls smtp -servername $mx </dev/null 2>&1 | grep -E '^New|^Verif|errno|starttls'; done",
	"mail_rpki_exists":            "{rpkimail}",
	"mail_starttls_dane_exist":    forumEachMX + "dig +short TLSA _25._tcp.$mx; done",
}

// forumMailRule is a mail field: the worst of tests of internet.nl. Of a domain that has
// no mail servers, or that says by a null MX that it takes no mail, a field about mail
// servers is not applicable, whatever internet.nl remarks of it (catalogue D.2).
func forumMailRule(explain Text, servers bool, tests ...string) rule {
	text := inlTexts().texts[tests[0]]
	check := firstWord(forumMailChecks[tests[0]], text.Check)
	return rule{
		explain: fieldText(explain.NL, explain.EN, tests...), why: text.Why, fixes: text.Fix, check: check,
		judge: func(v *view) Verdict {
			if servers {
				if d, none := v.noMailServers(); none {
					return d
				}
			}
			return field(v.inlVerdicts(tests))
		},
	}
}

// inlVerdicts are verdicts of internet.nl on the same facts.
func (v *view) inlVerdicts(ids []string) (ds []*Verdict) {
	r := v.result(internetNL())
	for _, id := range ids {
		if d := r.Verdict(id); d != nil {
			ds = append(ds, d)
		}
	}
	return ds
}

// noMailServers says that there is no mail server to judge, or that it is not known.
func (v *view) noMailServers() (Verdict, bool) {
	switch mx := v.inlMailServers(); {
	case mx.gap != "":
		return combine(missed(mx.gap)), true
	case mx.state == inlNullMXAndOthers:
		return Verdict{}, false // that is an error of the domain, and internet.nl says so
	case mx.state != inlHasMX:
		return combine(none(because("field-no-servers"))), true
	}
	return Verdict{}, false
}

// forumMailIPv6 is the category of internet.nl, not its tests one by one.
var forumMailIPv6 = rule{
	explain: Text{
		"De mailservers en de nameservers van het domein zijn over IPv6 bereikbaar: de uitslag van de categorie IPv6.",
		"The mail servers and the name servers of the domain are reachable over IPv6: the result of the category IPv6.",
	},
	why: inlTexts().texts["mail_ipv6_mx_address"].Why, fixes: inlTexts().texts["mail_ipv6_mx_address"].Fix, check: inlTexts().texts["mail_ipv6_mx_address"].Check,
	judge: func(v *view) Verdict {
		return v.categoryField("mail_ipv6", append(slices.Clone(forumMailNSTests), forumMailMXTests...))
	},
}

const forumMXCheck = "dig +short MX {name}"

var forumSending = rule{
	explain: Text{
		"Het domein verstuurt mail: het zegt niet met DMARC en SPF dat het dat niet doet, of het heeft DKIM.",
		"The domain sends mail: it does not say by DMARC and SPF that it does not, or it has DKIM.",
	},
	why: Text{"Een domein dat geen mail verstuurt, hoeft geen DKIM te hebben.", "A domain that sends no mail need not have DKIM."},
	fixes: []Fix{{For: "dns", Text: Text{
		"Verstuurt het domein geen mail, zeg dat dan met SPF en DMARC.", "If the domain sends no mail, say so by SPF and DMARC.",
	}, Code: "example.nl. 3600 IN TXT \"v=spf1 -all\"\n_dmarc.example.nl. 3600 IN TXT \"v=DMARC1; p=reject\""}},
	check: "dig +noall +answer {name} TXT _dmarc.{name} TXT",
	judge: func(v *view) Verdict {
		d := v.result(internetNL()).Verdict("mail_auth_dkim_exist")
		switch {
		case d == nil || d.Outcome == NotMeasured && d.Gap == "":
			return combine(missed(fact.GapNotAsked))
		case d.Outcome == NotMeasured:
			return combine(missed(d.Gap))
		case d.Word == "no-email":
			return combine(note(because("field-not-sending")).with("v=spf1 -all, p=reject"))
		}
		return combine(pass(because("field-sending")))
	},
}

var forumHasMX = rule{
	explain: Text{"Het domein heeft mailservers (MX).", "The domain has mail servers (MX)."},
	why:     Text{"Een domein zonder mailservers kan geen mail ontvangen; met een null MX zegt het dat.", "A domain without mail servers cannot receive mail; by a null MX it says so."},
	fixes: []Fix{{For: "dns", Text: Text{
		"Ontvangt het domein geen mail, zet dan een null MX (RFC 7505); anders een MX-record.", "If the domain receives no mail, add a null MX (RFC 7505); otherwise an MX record.",
	}, Code: "example.nl. 3600 IN MX 0 ."}},
	check: forumMXCheck,
	judge: func(v *view) Verdict {
		switch mx := v.inlMailServers(); mx.state {
		case "":
			return combine(missed(mx.gap))
		case inlHasMX:
			return combine(pass(because("field-has-mx")).with(mx.hosts...))
		case inlNullMXAndOthers:
			return combine(warn(because("field-null-mx-and-others")).with("MX 0 ."))
		case inlNullMX, inlNullMXNoAddress:
			return combine(none(because("field-null-mx")))
		}
		return combine(note(because("field-no-mx")).with(v.Target.Name + " MX: none"))
	},
}

var forumTestable = rule{
	explain: Text{"Wat de mailservers van STARTTLS laten zien, was te meten.", "What the mail servers show of STARTTLS could be measured."},
	why:     Text{"Een mailserver die ons tijdelijk weigert, is niet te beoordelen. Dat is geen fout van het domein.", "A mail server that refuses us for a while cannot be judged. That is no failure of the domain."},
	fixes:   []Fix{{Text: Text{"Meet later nog eens, of vanaf een adres dat de mailserver niet weert.", "Measure again later, or from an address that the mail server does not keep out."}}},
	check:   forumMailChecks["mail_starttls_tls_available"],
	judge: func(v *view) Verdict {
		if d, none := v.noMailServers(); none {
			return d
		}
		d := v.result(internetNL()).Verdict("mail_starttls_tls_available")
		if d.Outcome == NotMeasured {
			return combine(missed(d.Gap))
		}
		return combine(pass(because("field-testable")))
	},
}

var forumReachable = rule{
	explain: Text{
		"Elke mailserver heeft een adres en antwoordt op poort 25. Bekeken wordt één adres per server, liefst IPv4.",
		"Every mail server has an address and answers on port 25. One address of each server is looked at, IPv4 if there is one.",
	},
	why:   Text{"Een mailserver die niet antwoordt, vertraagt of verliest mail.", "A mail server that does not answer delays mail, or loses it."},
	fixes: []Fix{{Text: Text{"Zet de mailserver aan en open poort 25, of haal hem uit het MX-record.", "Turn on the mail server and open port 25, or take it out of the MX record."}}},
	check: forumEachMX + "(sleep 3; echo QUIT) | nc -w 5 $mx 25 | head -n 1; done",
	judge: func(v *view) Verdict {
		return v.eachForumMX(func(host string, h *fact.MailHost) finding {
			switch {
			case h == nil:
				return fail(because("field-no-address")).with(host + " A, AAAA: none")
			case h.Port25.Dead():
				return fail(because("dead-address", "25", firstWord(h.Port25.How, "silent"))).with("port 25: " + firstWord(h.Port25.How, "silent"))
			case h.Port25.Open():
				return pass(because("answers"))
			}
			return missed(h.Port25.Gap)
		})
	},
}

var forumMailTLS13 = rule{
	explain: Text{"Elke mailserver spreekt TLS 1.3. Bekeken wordt één adres per server, liefst IPv4.", "Every mail server speaks TLS 1.3. One address of each server is looked at, IPv4 if there is one."},
	why:     inlTexts().texts["mail_starttls_tls_version"].Why, fixes: inlTexts().texts["mail_starttls_tls_version"].Fix,
	check: strings.ReplaceAll(forumMailChecks["mail_starttls_tls_available"], "s_client", "s_client -tls1_3"),
	judge: func(v *view) Verdict {
		return v.eachForumMX(func(_ string, h *fact.MailHost) finding {
			if h == nil {
				return none(because("no-tls"))
			}
			switch why, gap := noSTARTTLS(h); {
			case gap != "":
				return missed(gap)
			case why != "":
				return none(because("no-tls"))
			}
			switch o := speaks(h.TLS, fact.TLS13); {
			case o.Yes():
				return pass(because("tls13"))
			case o.No():
				return fail(because("no-tls13")).with("TLS 1.3 declined")
			default:
				return missed(o.Gap)
			}
		})
	},
}

// eachForumMX judges the address that counts of each mail server; nil for one that has
// no address.
func (v *view) eachForumMX(judge func(host string, h *fact.MailHost) finding) Verdict {
	if d, none := v.noMailServers(); none {
		return d
	}
	var fs []finding
	mx := v.inlMailServers()
	for i, host := range mx.hosts {
		if slices.Contains(mx.hosts[:i], host) {
			continue
		}
		a, ok, gap := v.inlMailHost(host)
		switch {
		case gap != "":
			fs = append(fs, missed(gap).on(host))
			continue
		case !ok:
			fs = append(fs, judge(host, nil).on(host))
			continue
		}
		h, gap := v.mailHost(host, a)
		if h == nil {
			fs = append(fs, missed(gap).on(host))
			continue
		}
		fs = append(fs, judge(host, h).on(host))
	}
	return combine(fs...)
}
