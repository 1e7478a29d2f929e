package norm

import (
	"testing"

	"peil/internal/fact"
)

func forumMailCases() []verdictCase {
	c := func(id, name string, ch inlChange, want Outcome, code string) verdictCase {
		do := unchanged
		if ch != nil {
			do = facts(ch)
		}
		return verdictCase{"forum", id, name, do, want, code}
	}
	dead := inlMailHosts("", func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = inlIsDead, nil, nil })
	noSTARTTLS := inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS = inlNo, nil })
	greylisted := inlSMTPOf(func(s *fact.SMTP) { s.State, s.Gap = fact.SMTPTemporary, fact.GapBlocked })
	unsigned := func(name string) inlChange {
		return inlLook(name, "SOA", func(l *fact.Lookup) { l.Security = fact.Insecure })
	}
	noDKIM := inlLook("_domainkey."+inlDomain, "TXT", func(l *fact.Lookup) { l.RCode = "NXDOMAIN" })
	noAddress := inlAll(inlLook(inlMX1, "A", func(l *fact.Lookup) { l.Records = nil }), inlLook(inlMX1, "AAAA", func(l *fact.Lookup) { l.Records = nil }),
		func(m *fact.Measurement) { m.Mail.Servers[0].Wire, m.Mail.Servers[0].Hosts = nil, nil })
	unknownMX := inlLook(inlDomain, "MX", func(l *fact.Lookup) { l.Gap = fact.GapTimeout })
	nullAndOthers := inlWithMX("0 .", "10 "+inlMX1)
	var cs []verdictCase
	// A domain that takes no mail has nothing to judge about mail servers.
	for _, id := range []string{
		"mail_legacy_dnssec_mx", "mail_legacy_start_tls", "mail_legacy_start_tls_ncsc", "mail_legacy_dane", "mail_legacy_ipv6_mailserver",
		"mail_legacy_mail_server_testable", "mail_legacy_mail_server_reachable", "mail_legacy_tls_1_3",
	} {
		cs = append(cs, c(id, "null MX", inlWithMX("0 ."), NotApplicable, "field-no-servers"), c(id, "no MX", inlWithMX(), NotApplicable, "field-no-servers"),
			c(id, "no null MX", inlAll(inlWithMX(), inlSPFs("v=spf1 -all")), NotApplicable, "field-no-servers"), c(id, "MX not known", unknownMX, NotMeasured, "gap-timeout"))
	}
	return append(
		cs,
		c("mail_legacy_dmarc", "record", nil, Passed, "field-passed"),
		c("mail_legacy_dmarc", "none", inlDMARCs(), Failed, "field-failed"),
		c("mail_legacy_dmarc_policy", "reject", nil, Passed, "field-passed"),
		c("mail_legacy_dmarc_policy", "none", inlDMARCs("v=DMARC1; p=none"), Failed, "field-failed"),
		c("mail_legacy_dmarc_policy", "reports elsewhere warn", inlAll(inlDMARCs("v=DMARC1; p=reject; rua=mailto:a@other.nl"), inlTXTs(inlDomain+"._report._dmarc.other.nl")), Warning, "field-warning"),
		c("mail_legacy_spf", "record", nil, Passed, "field-passed"),
		c("mail_legacy_spf", "none", inlSPFs("x"), Failed, "field-failed"),
		c("mail_legacy_spf_policy", "strict", nil, Passed, "field-passed"),
		c("mail_legacy_spf_policy", "open", inlSPFs("v=spf1 ?all"), Failed, "field-failed"),
		c("mail_legacy_dkim", "present", nil, Passed, "field-passed"),
		c("mail_legacy_dkim", "absent", noDKIM, Failed, "field-failed"),
		c("mail_legacy_dkim", "sends nothing", inlAll(noDKIM, inlSPFs("v=spf1 -all")), NotApplicable, "field-none"),
		c("mail_legacy_dnssec_email_domain", "signed", nil, Passed, "field-passed"),
		c("mail_legacy_dnssec_email_domain", "unsigned", unsigned(inlDomain), Failed, "field-failed"),
		c("mail_legacy_dnssec_mx", "signed", nil, Passed, "field-passed"),
		c("mail_legacy_dnssec_mx", "unsigned", unsigned(inlMX1), Failed, "field-failed"),
		c("mail_legacy_start_tls", "offered", nil, Passed, "field-passed"),
		c("mail_legacy_start_tls", "not offered", noSTARTTLS, Failed, "field-failed"),
		c("mail_legacy_start_tls", "dead", dead, Failed, "field-failed"),
		c("mail_legacy_start_tls", "greylisted", greylisted, NotMeasured, "field-not-measured"),
		c("mail_legacy_start_tls", "null MX beside another", nullAndOthers, Warning, "field-warning"),
		c("mail_legacy_start_tls_ncsc", "right", nil, Passed, "field-passed"),
		c("mail_legacy_start_tls_ncsc", "TLS 1.0", inlMailTLSOf(func(x *fact.TLS) { x.Versions[2].Observed = inlYes }), Failed, "field-failed"),
		c("mail_legacy_start_tls_ncsc", "not offered", noSTARTTLS, Failed, "field-failed"),
		c("mail_legacy_start_tls_ncsc", "untrusted is only noted", inlMailChain(func(c *fact.Chain) { c.Trust.Trusted, c.Trust.Problem = false, "expired" }), Info, "field-info"),
		c("mail_legacy_dane", "fits", nil, Passed, "field-passed"),
		c("mail_legacy_dane", "none", inlTLSAs(inlMX1), Failed, "field-failed"),
		c("mail_legacy_dane", "no STARTTLS", noSTARTTLS, Failed, "field-failed"),
		c("mail_legacy_category_ipv6", "both", nil, Passed, "field-passed"),
		c("mail_legacy_category_ipv6", "null MX", inlWithMX("0 ."), Passed, "field-passed"),
		c("mail_legacy_category_ipv6", "null MX beside another", nullAndOthers, Passed, "category"),
		c("mail_legacy_category_ipv6", "name servers", inlDropNS6(0, 1), Failed, "field-failed"),
		c("mail_rpki", "valid", nil, Passed, "field-passed"),
		c("mail_rpki", "invalid", inlRoutes(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }, inlMX1v4), Failed, "field-failed"),
		c("mail_legacy_ipv6_nameserver", "two", nil, Passed, "field-passed"),
		c("mail_legacy_ipv6_nameserver", "none", inlDropNS6(0, 1), Failed, "field-failed"),
		c("mail_legacy_ipv6_mailserver", "answers", nil, Passed, "field-passed"),
		c("mail_legacy_ipv6_mailserver", "dead", dead, Failed, "field-failed"),
		c("mail_legacy_mail_sending_domain", "sends", nil, Passed, "field-sending"),
		c("mail_legacy_mail_sending_domain", "sends nothing", inlNotSending, Info, "field-not-sending"),
		c("mail_legacy_mail_sending_domain", "not known", inlLook("_domainkey."+inlDomain, "TXT", func(l *fact.Lookup) { l.Gap = fact.GapTimeout }), NotMeasured, "gap-timeout"),
		c("mail_legacy_domain_has_mx", "has", nil, Passed, "field-has-mx"),
		c("mail_legacy_domain_has_mx", "none", inlWithMX(), Info, "field-no-mx"),
		c("mail_legacy_domain_has_mx", "null MX", inlWithMX("0 ."), NotApplicable, "field-null-mx"),
		c("mail_legacy_domain_has_mx", "null MX beside another", nullAndOthers, Warning, "field-null-mx-and-others"),
		c("mail_legacy_domain_has_mx", "not known", unknownMX, NotMeasured, "gap-timeout"),
		c("mail_legacy_mail_server_testable", "testable", nil, Passed, "field-testable"),
		c("mail_legacy_mail_server_testable", "greylisted", greylisted, NotMeasured, "gap-blocked"),
		c("mail_legacy_mail_server_reachable", "answers", nil, Passed, "answers"),
		c("mail_legacy_mail_server_reachable", "without STARTTLS", noSTARTTLS, Passed, "answers"),
		c("mail_legacy_mail_server_reachable", "dead", dead, Failed, "dead-address"),
		c("mail_legacy_mail_server_reachable", "no address", noAddress, Failed, "field-no-address"),
		c("mail_legacy_mail_server_reachable", "not seen", func(m *fact.Measurement) { m.Mail.Servers = nil }, NotMeasured, "gap-not-asked"),
		c("mail_legacy_mail_server_reachable", "address not known", inlLook(inlMX1, "A", func(l *fact.Lookup) { l.Gap = fact.GapTimeout }), Passed, "answers"),
		c("mail_legacy_tls_1_3", "yes", nil, Passed, "tls13"),
		c("mail_legacy_tls_1_3", "no", inlMailTLSOf(func(x *fact.TLS) { x.Versions[5].Observed = inlNo }), Failed, "no-tls13"),
		c("mail_legacy_tls_1_3", "no STARTTLS", noSTARTTLS, NotApplicable, "no-tls"),
		c("mail_legacy_tls_1_3", "no address", noAddress, NotApplicable, "no-tls"),
		c("mail_legacy_tls_1_3", "unknown", inlMailTLSOf(func(x *fact.TLS) { x.Versions[5].Observed = fact.Observed{Gap: fact.GapSlow} }), NotMeasured, "gap-slow"),
	)
}

func TestForumMailComplete(t *testing.T) {
	for _, c := range []struct {
		name         string
		change       inlChange
		without, all Outcome
	}{
		{"good", nil, Passed, Passed},
		{"neither sends nor takes mail", inlNotSending, Passed, Passed},
		{"no STARTTLS", inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS = inlNo, nil }), Failed, Failed},
		{"DMARC without policy", inlDMARCs("v=DMARC1; p=none"), Failed, Failed},
		{"greylisted", inlSMTPOf(func(s *fact.SMTP) { s.State = fact.SMTPTemporary }), NotMeasured, NotMeasured},
		{"no routes known", func(m *fact.Measurement) { m.Routes = nil }, Passed, NotMeasured},
		{"no IPv6 of name servers", inlDropNS6(0, 1), Passed, Failed},
	} {
		m := inlGoodMail()
		if c.change != nil {
			c.change(m)
		}
		d := Judge(m, forumEdition()).Derived
		if d[MailComplete] != c.without || d[MailCompleteIPv6AndRPKI] != c.all || len(d) != 2 {
			t.Errorf("%s: %v", c.name, d)
		}
	}
}
