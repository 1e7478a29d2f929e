package lab

import (
	"fmt"

	"peil/internal/lab/dnslab"
)

// noMailServer is a domain without a usable mail server: what Internet.nl says of its
// state (catalogue B.3), and nothing of servers to judge anywhere.
func noMailServer(address, exist, available string) string {
	return `
internet.nl 100
  mail_ipv6_mx_address ` + address + `
  mail_ipv6_mx_reach ?
  mail_dnssec_mx_exist ` + exist + `
  mail_dnssec_mx_valid ?
  mail_starttls_* not_applicable
  mail_starttls_tls_available ` + available + `
  mail_rpki_exists not_tested no-addresses 5/5
  mail_rpki_valid not_tested no-addresses 10/10
  mail_mx_ns_rpki_exists not_tested no-addresses 5/5
  mail_mx_ns_rpki_valid not_tested no-addresses 10/10
peil up_to_standard
  mail.mx.* ?
  mail.ipv6.mx* not_applicable
  mail.dnssec.mx not_applicable
  mail.starttls.* not_applicable
  mail.tls.* not_applicable
  mail.cert.* not_applicable
  mail.dane.* not_applicable
  mail.mtasts ?
  mail.tlsrpt ?
  mail.ptr not_applicable
  mail.caa not_applicable
  mail.rpki.exists not_applicable
  mail.rpki.valid not_applicable
  mail.rpki.mxns* not_applicable
forum
  mail_legacy_start_tls not_applicable
  mail_legacy_start_tls_ncsc not_applicable
  mail_legacy_dnssec_mx not_applicable
  mail_legacy_dane not_applicable
  mail_legacy_ipv6_mailserver not_applicable
  mail_legacy_mail_sending_domain ?
  mail_legacy_mail_server_testable ?
  mail_legacy_mail_server_reachable ?
  mail_legacy_domain_has_mx ?
  mail_legacy_tls_1_3 ?
  mail_rpki passed|not_applicable
ncsc-tls-2021
  tls.* not_applicable
ncsc-tls-2025
  tls.* not_applicable`
}

// silentDomain says in every way that it sends and receives nothing.
func silentDomain(mx ...string) func(*Site) {
	return func(s *Site) {
		m := s.Mail
		m.Servers, m.MX = nil, mx
		if mx == nil {
			m.MX = []string{}
		}
		m.TXT, m.DMARC = []string{"v=spf1 -all"}, []string{"v=DMARC1; p=reject; rua=mailto:dmarc@reports.example.com"}
		m.DKIM, m.STS, m.Reports, m.Policy = nil, nil, nil, ""
	}
}

const notSending = `
internet.nl
  mail_auth_dkim_exist not_tested no-email
peil
  mail.dkim.* not_applicable
  mail.mtasts not_applicable
  mail.tlsrpt not_applicable
forum
  mail_legacy_dkim not_applicable`

// withAddress gives the domain itself an address, where no mail server is.
func withAddress(change func(*Site)) func(*Site) {
	return also(change, "{d}. 3600 IN A 22.0.240.1", "{d}. 3600 IN AAAA 2a1f:8000:f0::1")
}

// mxRecords names other mail servers than its own, which are there all the same.
func mxRecords(mx ...string) func(*Site) { return func(s *Site) { s.Mail.MX = mx } }

// anyMail lists nothing but that it was measured: what these servers do makes verdicts
// depend on chance or on limits.
const anyMail = `
internet.nl ?
  mail_ipv6_mx* ?
  mail_starttls_* ?
peil ?
  mail.ipv6.mx* ?
  mail.starttls.* ?
  mail.tls.* ?
  mail.cert.* ?
  mail.dane.* ?
  mail.mtasts ?
  mail.ptr ?
  mail.caa ?
forum
  mail_legacy_start_tls* ?
  mail_legacy_dane ?
  mail_legacy_category_ipv6 ?
  mail_legacy_ipv6_mailserver ?
  mail_legacy_mail_server_testable ?
  mail_legacy_mail_server_reachable ?
  mail_legacy_tls_1_3 ?
  = mail_complete ?
  = mail_complete_with_ipv6_rpki ?
ncsc-tls-2021
  tls.* ?
ncsc-tls-2025
  tls.* ?`

// anyMX is the same for what is wrong with the MX records.
const anyMX = anyMail + `
internet.nl ?
  mail_dnssec* ?
  mail_rpki* ?
  mail_mx_ns* ?
peil ?
  mail.mx.* ?
  mail.dnssec.mx ?
  mail.spf.* ?
  mail.rpki.* ?
forum
  mail_legacy_dnssec_mx ?
  mail_legacy_domain_has_mx ?
  mail_rpki ?`

// mxInsecure has mail servers in a zone without DNSSEC: what TLSA says there counts for
// nothing.
const mxInsecure = `
internet.nl 82
  mail_dnssec_mailto_valid passed good 2/10
  mail_dnssec_mx_exist failed bad
  mail_dnssec_mx_valid not_tested not-tested
  mail_starttls_dane_exist failed bad 0/10
  mail_starttls_dane_valid not_applicable
  mail_starttls_dane_rollover not_applicable
peil below_standard
  mail.dnssec.mx failed
  mail.dane.exists failed
  mail.dane.valid not_applicable
  mail.dane.rollover not_applicable
forum
  mail_legacy_dnssec_mx failed
  mail_legacy_dane failed` + mailIncomplete

// mxNoV6 has mail servers without IPv6.
const mxNoV6 = `
internet.nl 90
  mail_ipv6_mx_address failed bad
  mail_ipv6_mx_reach not_tested not-tested 0/10
peil below_standard
  mail.ipv6.mx failed
  mail.ipv6.mxreach not_applicable
forum
  mail_legacy_category_ipv6 failed
  mail_legacy_ipv6_mailserver failed
  = mail_complete_with_ipv6_rpki failed`

func mxSites() []entry {
	badMX := anyMX + `
peil ?
  mail.mx.valid failed`
	aliasMX := anyMX + `
peil ?
  mail.mx.valid failed|warning`
	dangling := badMX + `
peil below_standard
  mail.mx.dangling failed`
	const g = "mail-mx"
	many := func(s *Site) {
		s.Mail.Servers = nil
		for i := range 12 {
			s.Mail.Servers = append(s.Mail.Servers, newMailServer(fmt.Sprintf("mx%d", i+1)))
		}
		s.Mail.Policy = "version: STSv1\r\nmode: enforce\r\nmx: *.{mx}\r\nmax_age: 2419200\r\n"
		s.Mail.TXT = []string{"v=spf1 include:spf.sender.example.com -all"} // mx stands for ten hosts at most
	}
	return []entry{
		{"mail-mx-none", g, Text{"geen MX en geen adres, maar wel verzenden", "no MX and no address, but it sends"}, func(s *Site) {
			s.Mail.Servers, s.Mail.MX, s.Mail.Policy, s.Mail.STS = nil, []string{}, "", nil
			s.Mail.TXT = []string{"v=spf1 include:spf.sender.example.com -all"}
		}, noMailServer("not_tested other", "not_tested no-mailservers", "not_tested other-2")},
		{"mail-unused", g, Text{"niets over mail in de DNS", "nothing about mail in the DNS"}, func(s *Site) {
			silentDomain()(s)
			s.Mail.TXT, s.Mail.DMARC, s.Mail.Records = nil, nil, nil
		}, noMailServer("not_tested other", "not_tested no-mailservers", "not_tested other-2") + `
internet.nl 75
  mail_auth_dmarc_exist failed bad 0/10
  mail_auth_dmarc_policy not_applicable
  mail_auth_spf_exist failed bad 0/10
  mail_auth_spf_policy not_applicable
  mail_auth_dkim_exist failed bad 0/10
peil below_standard
  mail.spf.record failed
  mail.spf.policy not_applicable
  mail.spf.width not_applicable
  mail.spf.lookups not_applicable
  mail.spf.subdomain ?
  mail.dmarc.record failed
  mail.dmarc.policy not_applicable
  mail.dmarc.reports not_applicable
  mail.dmarc.subdomains ?
  mail.dkim.* ?
forum
  mail_legacy_dmarc failed
  mail_legacy_dmarc_policy not_applicable|failed
  mail_legacy_spf failed
  mail_legacy_spf_policy not_applicable|failed
  mail_legacy_dkim failed` + mailIncomplete},
		{"mail-parked", g, Text{"geen mail: null MX, SPF -all, DMARC reject, geen DKIM", "no mail: null MX, SPF -all, DMARC reject, no DKIM"}, silentDomain("0 ."), noMailServer("info null-mx-without-a-aaaa", "info null-mx-without-a-aaaa", "info null-mx-without-a-aaaa") + notSending + `
peil up_to_standard
  mail.mx.null passed`},
		{"mail-parked-dkim", g, Text{"geen mail, en alle DKIM-sleutels ingetrokken", "no mail, and all DKIM keys revoked"}, also(silentDomain("0 ."), `*._domainkey.{d}. 3600 IN TXT "v=DKIM1; p="`), noMailServer("info null-mx-without-a-aaaa", "info null-mx-without-a-aaaa", "info null-mx-without-a-aaaa") + `
peil up_to_standard
  mail.mx.null passed
  mail.dkim.* not_applicable|passed
forum
  mail_legacy_dkim passed|not_applicable`},
		{"mail-null-mx", g, Text{"null MX naast een adres", "null MX beside an address"}, withAddress(silentDomain("0 .")), noMailServer("not_tested null-mx", "not_tested null-mx", "not_tested null-mx") + notSending + `
peil up_to_standard
  mail.mx.null passed`},
		{"mail-no-null-mx", g, Text{"een adres, SPF -all, maar geen null MX", "an address, SPF -all, but no null MX"}, withAddress(silentDomain()), noMailServer("info no-null-mx", "info no-null-mx", "info no-null-mx") + notSending + `
peil ?
  mail.mx.null failed|warning|not_applicable
  mail.dkim.strength ?
  mail.mtasts ?
  mail.tlsrpt ?
  mail.ipv6.mx* ?
  mail.starttls.* ?
  mail.tls.* ?
  mail.cert.* ?
  mail.dane.* ?
  mail.ptr ?
  mail.caa ?
  mail.dnssec.mx ?
  mail.rpki.* ?
forum
  mail_legacy* ?
  = mail_complete ?
  = mail_complete_with_ipv6_rpki ?
ncsc-tls-2021
  tls.* ?
ncsc-tls-2025
  tls.* ?`},
		{"mail-parked-spf-soft", g, Text{"geen mail, maar SPF met ~all", "no mail, but SPF with ~all"}, func(s *Site) {
			silentDomain("0 .")(s)
			s.Mail.TXT = []string{"v=spf1 ~all"}
		}, noMailServer("info null-mx-without-a-aaaa", "info null-mx-without-a-aaaa", "info null-mx-without-a-aaaa") + `
internet.nl 95
  mail_auth_dkim_exist failed bad 0/10
peil ?
  mail.mx.null passed
  mail.spf.* ?
  mail.dkim.* ?
forum
  mail_legacy_dkim failed` + mailIncomplete},
		{"mail-null-mx-and-other", g, Text{"null MX naast een andere MX", "null MX beside another MX"}, mxRecords("0 .", "10 mx1.{mx}."), anyMX + `
internet.nl ?
  mail_ipv6_mx_address warning null-mx-with-other-mx
  mail_dnssec_mx_exist warning null-mx-with-other-mx
  mail_starttls_tls_available warning null-mx-with-other-mx
peil ?
  mail.mx.valid failed`},
		{"mail-mx-implicit", g, Text{"geen MX: het adres van het domein zelf ontvangt", "no MX: the domain's own address receives"}, func(s *Site) {
			s.Mail.Servers, s.Mail.MX = []*MailServer{newMailServer("@")}, []string{}
			s.Mail.TXT = []string{"v=spf1 a -all"}
			s.Mail.Policy = "version: STSv1\r\nmode: enforce\r\nmx: {d}\r\nmax_age: 2419200\r\n"
		}, noMailServer("not_tested other", "not_tested no-mailservers", "not_tested other-2") + `
peil ?
  mail.mx.* ?
  mail.ipv6.mx* ?
  mail.starttls.* ?
  mail.tls.* ?
  mail.cert.* ?
  mail.dane.* ?
  mail.ptr ?
  mail.caa ?
  mail.dnssec.mx ?
  mail.rpki.* ?
forum
  mail_legacy* ?
  mail_rpki ?
  = mail_complete ?
  = mail_complete_with_ipv6_rpki ?
ncsc-tls-2021
  tls.* ?
ncsc-tls-2025
  tls.* ?`},
		{"mail-mx-literal", g, Text{"de MX is een IP-adres", "the MX is an IP address"}, mxRecords("10 22.0.240.25."), badMX},
		{"mail-mx-missing", g, Text{"de MX bestaat niet", "the MX does not exist"}, mxRecords("10 gone.{d}."), dangling + `
internet.nl 70
  mail_ipv6_mx_address failed bad
  mail_starttls_tls_available error other 0/10
  mail_rpki_exists not_tested no-addresses 5/5
  mail_rpki_valid not_tested no-addresses 10/10`},
		{"mail-mx-one-missing", g, Text{"één van twee MX'en bestaat niet", "one of two MX does not exist"}, mxRecords("10 mx1.{mx}.", "20 gone.{d}."), dangling + `
internet.nl 75
  mail_ipv6_mx_address failed bad
  mail_starttls_tls_available error other 0/10`},
		{"mail-mx-alias", g, Text{"de MX is een alias", "the MX is an alias"}, also(mxRecords("10 post.{d}."), "post.{d}. 3600 IN CNAME mx1.{mx}."), aliasMX},
		{"mail-mx-localhost", g, Text{"de MX is localhost", "the MX is localhost"}, mxRecords("10 localhost."), badMX + `
internet.nl 100
  mail_ipv6_mx_address not_tested other
  mail_dnssec_mx_exist not_tested no-mailservers
  mail_starttls_tls_available not_tested other-2`},
		{"mail-mx-root", g, Text{"een MX naar de root met een andere voorkeur dan 0", "an MX to the root with another preference than 0"}, mxRecords("10 ."), anyMX + `
peil ?
  mail.tlsrpt ?`},
		{"mail-mx-loopback", g, Text{"de MX heeft een adres van de machine zelf", "the MX has an address of the machine itself"}, also(mxRecords("10 self.{d}."), "self.{d}. 3600 IN A 127.0.0.1", "self.{d}. 3600 IN AAAA ::1"), anyMX},
		{"mail-mx-private", g, Text{"de MX heeft een intern adres", "the MX has an internal address"}, also(mxRecords("10 inside.{d}."), "inside.{d}. 3600 IN A 10.0.0.25", "inside.{d}. 3600 IN AAAA fd00::25"), anyMX},
		{"mail-mx-upper", g, Text{"de MX staat er in hoofdletters", "the MX is written in capitals"}, mxRecords("10 MX1.{mx}.", "20 MX2.{mx}."), ``},
		{"mail-mx-equal", g, Text{"twee MX'en met dezelfde voorkeur", "two MX of the same preference"}, mxRecords("10 mx1.{mx}.", "10 mx2.{mx}."), ``},
		{"mail-mx-same-host", g, Text{"dezelfde MX met twee voorkeuren", "the same MX at two preferences"}, mxRecords("10 mx1.{mx}.", "20 mx1.{mx}."), `
internet.nl 100
peil ?
  mail.mx.valid passed|info|warning`},
		{"mail-mx-single", g, Text{"één MX", "a single MX"}, func(s *Site) { s.Mail.Servers = s.Mail.Servers[:1] }, ``},
		{"mail-mx-twelve", g, Text{"twaalf MX'en", "twelve MX"}, many, ``},
		{"mail-mx-twelve-last-bad", g, Text{"twaalf MX'en, waarvan Internet.nl de slechte niet ziet", "twelve MX, of which Internet.nl does not see the bad one"}, func(s *Site) {
			many(s)
			// By name mx1, mx10, mx11, mx12, mx2 … mx7 are the first ten.
			s.Mail.Servers[8].each(func(v *Server) { v.Port25 = Refused })
		}, anyMX + `
internet.nl 100
  mail_starttls_tls_available passed good 10/10
peil below_standard
  mail.starttls.available failed`},
		{"mail-shared-1", g, Text{"de MX'en van een grote aanbieder", "the MX of a big provider"}, hostedBy("bigmail"), ``},
		{"mail-shared-2", g, Text{"de MX'en van een grote aanbieder, een tweede domein", "the MX of a big provider, a second domain"}, hostedBy("bigmail"), ``},
		{"mail-shared-3", g, Text{"de MX'en van een grote aanbieder, een derde domein", "the MX of a big provider, a third domain"}, hostedBy("bigmail"), ``},
		{"mail-hosted-bigmail", g, Text{"bij een aanbieder die alles goed doet", "with a provider that does all well"}, hostedBy("bigmail"), ``},
		{"mail-hosted-cloudmail", g, Text{"bij een aanbieder zonder DNSSEC en DANE", "with a provider without DNSSEC and DANE"}, hostedBy("cloudmail"), mxInsecure},
		{"mail-hosted-fourmail", g, Text{"bij een aanbieder zonder IPv6", "with a provider without IPv6"}, hostedBy("fourmail"), mxNoV6},
		{"mail-hosted-oldfilter", g, Text{"bij een aanbieder met TLS 1.0", "with a provider with TLS 1.0"}, hostedBy("oldfilter"), `
internet.nl 98
  mail_starttls_tls_version failed bad 0/10
peil below_standard
  mail.tls.version failed
  mail.tls.ciphers failed
forum
  mail_legacy_start_tls_ncsc failed` + mailIncomplete + `
ncsc-tls-2021
  tls.version warning
ncsc-tls-2025
  tls.version failed
  tls.ciphers failed`},
		{"mail-hosted-stalemail", g, Text{"bij een aanbieder met verouderde TLSA", "with a provider with stale TLSA"}, hostedBy("stalemail"), badDANE},
		{"mail-shared-alias-mx", g, Text{"een MX van de aanbieder, achter een alias", "an MX of the provider behind an alias"}, func(s *Site) {
			hostedBy("bigmail")(s)
			s.Mail.MX = []string{"10 post.{d}."}
			s.Mail.Records = append(s.Mail.Records, "post.{d}. 3600 IN CNAME mx1.bigmail.example.com.")
		}, aliasMX},
	}
}

func mailDNSSites() []entry {
	inZone := func(change func(*DNSProfile)) func(*Site) {
		return func(s *Site) {
			s.Mail.MXZone = &DNSProfile{}
			change(s.Mail.MXZone)
		}
	}
	own := func(change func(*DNSProfile)) func(*Site) {
		return func(s *Site) {
			s.Mail.MXZone = &DNSProfile{}
			change(&s.DNS)
		}
	}
	signed := func(how dnslab.Signing) func(*DNSProfile) { return func(p *DNSProfile) { p.Signing = how } }
	ns := func(set string) func(*DNSProfile) { return func(p *DNSProfile) { p.NameServers = set } }
	domainInsecure := `
internet.nl 84
  mail_dnssec_mailto_exist failed bad
  mail_dnssec_mailto_valid not_tested not-tested 2/10
peil below_standard
  mail.dnssec.domain failed
  mail.dane.* ?
forum
  mail_legacy_dnssec_email_domain failed
  mail_legacy_dane ?` + mailIncomplete
	mxBogus := anyMX + `
internet.nl ?
  mail_dnssec_mx_valid failed bad
peil below_standard
  mail.dnssec.mx failed
  mail.dnssec.lifetime failed`
	domainBogus := anyMX + `
internet.nl ?
  mail_auth* ?
  mail_dnssec_mailto_valid failed bad 0/10
peil below_standard
  mail.* ?
  mail.dnssec.domain failed
forum
  mail* ?
  mail_legacy_dnssec_email_domain failed`
	const incompleteV6 = `
  = mail_complete_with_ipv6_rpki failed`
	nsNoV6 := `
internet.nl 90
  mail_ipv6_ns_address failed bad
  mail_ipv6_ns_reach not_tested not-tested 0/10
peil below_standard
  mail.ipv6.ns failed
  mail.ipv6.nsreach not_applicable
forum
  mail_legacy_category_ipv6 failed
  mail_legacy_ipv6_nameserver failed` + incompleteV6
	rpki := func(inl, what, valid, score string) string {
		return `
internet.nl ` + score + inl + `
peil below_standard
  mail.rpki.` + what + `
  mail.rpki.` + valid + `
forum
  mail_rpki failed` + incompleteV6
	}
	notFound := func(prefix, exists, valid string) string {
		return rpki(`
  `+prefix+`rpki_exists warning bad 0/5
  `+prefix+`rpki_valid failed bad 0/10`, exists+" failed", valid+" not_applicable", "93")
	}
	invalid := func(prefix, exists, valid string) string {
		return rpki(`
  `+prefix+`rpki_valid failed invalid 0/10`, exists+" passed", valid+" failed", "95")
	}
	server := func(change func(*Server)) func(*Site) { return func(s *Site) { s.servers(change) } }
	const gd, g6, gr = "mail-dnssec", "mail-ipv6", "mail-rpki"
	return []entry{
		{"mail-dnssec-unsigned", gd, Text{"het domein is niet ondertekend, de MX'en wel", "the domain is not signed, its MX are"}, own(signed(dnslab.Unsigned)), domainInsecure},
		{"mail-dnssec-no-ds", gd, Text{"het domein heeft geen DS", "the domain has no DS"}, own(signed(dnslab.NoDS)), domainInsecure},
		{"mail-dnssec-expired", gd, Text{"de handtekeningen van het domein zijn verlopen", "the signatures of the domain have expired"}, own(signed(dnslab.ExpiredSigs)), domainBogus},
		{"mail-dnssec-mx-unsigned", gd, Text{"TLSA in een zone zonder DNSSEC", "TLSA in a zone without DNSSEC"}, inZone(signed(dnslab.Unsigned)), mxInsecure},
		{"mail-dnssec-mx-expired", gd, Text{"de handtekeningen van de zone van de MX'en zijn verlopen", "the signatures of the zone of the MX have expired"}, inZone(signed(dnslab.ExpiredSigs)), mxBogus},
		{"mail-dnssec-mx-no-denial", gd, Text{"ontkenningen in de zone van de MX'en zijn niet bewezen", "denials in the zone of the MX are not proven"}, inZone(signed(dnslab.NoDenial)), anyMX},
		{"mail-dnssec-mx-elsewhere", gd, Text{"de MX'en staan in een eigen ondertekende zone", "the MX lie in a signed zone of their own"}, inZone(signed(dnslab.SignedWell)), ``},
		{"mail-dnssec-nsec3", gd, Text{"domein en MX'en met NSEC3", "domain and MX with NSEC3"}, func(s *Site) { s.DNS.Signing = dnslab.NSEC3 }, ``},

		{"mail-ns-no-v6", g6, Text{"geen nameserver van het domein heeft IPv6", "no name server of the domain has IPv6"}, own(ns("v4-only")), nsNoV6},
		{"mail-mx-ns-no-v6", g6, Text{"geen nameserver van de MX'en heeft IPv6", "no name server of the MX has IPv6"}, inZone(ns("v4-only")), ``},
		{"mail-v6-none", g6, Text{"geen MX heeft IPv6", "no MX has IPv6"}, func(s *Site) {
			for _, m := range s.Mail.Servers {
				m.V6 = nil
			}
		}, mxNoV6},
		{"mail-v6-one-none", g6, Text{"één van twee MX'en heeft geen IPv6", "one of two MX has no IPv6"}, func(s *Site) { s.Mail.Servers[1].V6 = nil }, `
internet.nl 95
  mail_ipv6_mx_address failed bad
  mail_ipv6_mx_reach passed good 5/10
peil below_standard
  mail.ipv6.mx failed
forum
  mail_legacy_category_ipv6 failed
  mail_legacy_ipv6_mailserver failed` + incompleteV6},
		{"mail-v6-refused", g6, Text{"de IPv6-adressen van de MX'en weigeren", "the IPv6 addresses of the MX refuse"}, func(s *Site) {
			for _, m := range s.Mail.Servers {
				m.V6[0].Port25 = Refused
			}
		}, `
internet.nl 90
  mail_ipv6_mx_reach failed bad 0/10
peil below_standard
  mail.ipv6.mxreach failed
  mail.starttls.available ?
forum
  mail_legacy_category_ipv6 failed
  mail_legacy_ipv6_mailserver failed
  mail_legacy_mail_server_reachable ?` + incompleteV6},
		{"mail-v6-only", g6, Text{"de MX'en hebben alleen IPv6", "the MX have IPv6 alone"}, func(s *Site) {
			for _, m := range s.Mail.Servers {
				m.V4 = nil
			}
		}, ``},
		{"mail-v6-two-addresses", g6, Text{"de MX heeft twee IPv6-adressen, waarvan één dood", "the MX has two IPv6 addresses, one of which dead"}, func(s *Site) {
			s.Mail.Servers[0].V6 = []Server{{}, {Port25: Refused}}
		}, anyMail + `
internet.nl ?
  mail_ipv6_mx_address passed good
peil below_standard
  mail.ipv6.mx passed
  mail.ipv6.mxreach failed`},

		{"mail-rpki-none", gr, Text{"geen ROA voor de MX'en", "no ROA for the MX"}, routed(RouteNotFound), notFound("mail_", "exists", "valid")},
		{"mail-rpki-invalid", gr, Text{"de route naar de MX'en komt van een ander AS", "the route to the MX comes from another AS"}, routed(RouteInvalidAS), invalid("mail_", "exists", "valid")},
		{"mail-rpki-invalid-length", gr, Text{"de route naar de MX'en is te lang", "the route to the MX is too long"}, routed(RouteInvalidLength), invalid("mail_", "exists", "valid")},
		{"mail-rpki-not-routed", gr, Text{"er is een ROA, maar geen route naar de MX'en", "there is a ROA, but no route to the MX"}, routed(RouteNone), `
internet.nl 100
  mail_rpki_valid not_tested not-routed 10/10
peil up_to_standard
  mail.rpki.valid not_applicable`},
		{"mail-ns-rpki-none", gr, Text{"geen ROA voor de nameservers van het domein", "no ROA for the name servers of the domain"}, own(ns("no-roa")), notFound("mail_ns_", "nsexists", "nsvalid")},
		{"mail-ns-rpki-invalid", gr, Text{"één nameserver van het domein zit achter een ongeldige route", "one name server of the domain is behind an invalid route"}, own(ns("invalid-as")), invalid("mail_ns_", "nsexists", "nsvalid")},
		{"mail-mx-ns-rpki-none", gr, Text{"geen ROA voor de nameservers van de MX'en", "no ROA for the name servers of the MX"}, inZone(ns("no-roa")), notFound("mail_mx_ns_", "mxnsexists", "mxnsvalid")},
		{"mail-mx-ns-rpki-invalid", gr, Text{"één nameserver van de MX'en zit achter een ongeldige route", "one name server of the MX is behind an invalid route"}, inZone(ns("invalid-as")), invalid("mail_mx_ns_", "mxnsexists", "mxnsvalid")},

		{"mail-ptr-none", "mail-ptr", Text{"de adressen hebben geen naam", "the addresses have no name"}, server(func(v *Server) { v.PTR = []string{} }), ptr("failed|warning")},
		{"mail-ptr-other", "mail-ptr", Text{"de adressen leiden naar een naam met een ander adres", "the addresses lead to a name with another address"}, also(server(func(v *Server) { v.PTR = []string{"other.{d}"} }), "other.{d}. 3600 IN A 22.0.240.9"), ptr("failed|warning")},
		{"mail-ptr-dangling", "mail-ptr", Text{"de adressen leiden naar een naam die niet bestaat", "the addresses lead to a name that does not exist"}, server(func(v *Server) { v.PTR = []string{"gone.{d}"} }), ptr("failed|warning")},
		{"mail-ptr-two", "mail-ptr", Text{"de adressen leiden naar twee namen, waarvan één terugleidt", "the addresses lead to two names, one of which leads back"}, func(s *Site) {
			for _, m := range s.Mail.Servers {
				m.each(func(v *Server) { v.PTR = []string{m.Label + ".{mx}", "gone.{d}"} })
			}
		}, ptr("passed|info|warning")},
		{"mail-ptr-many", "mail-ptr", Text{"een adres leidt naar tien namen", "an address leads to ten names"}, func(s *Site) {
			for i := range 10 {
				v := &s.Mail.Servers[0].V4[0]
				v.PTR = append(v.PTR, fmt.Sprintf("gone%d.{d}", i))
			}
		}, ptr("failed|warning|not_measured")},
		{"mail-ptr-no-v6", "mail-ptr", Text{"het IPv6-adres heeft geen naam", "the IPv6 address has no name"}, func(s *Site) {
			for _, m := range s.Mail.Servers {
				m.V6[0].PTR = []string{}
			}
		}, ptr("failed|warning")},

		{"mail-caa-none", "mail-caa", Text{"geen CAA voor de MX'en", "no CAA for the MX"}, inZone(func(p *DNSProfile) { p.CAA = []string{} }), `
internet.nl 100
  mail_starttls_tls_caa warning bad
peil up_to_standard
  mail.caa failed|warning`},
		{"mail-caa-bad", "mail-caa", Text{"CAA met een onbekend kenmerk voor de MX'en", "CAA with an unknown tag for the MX"}, inZone(func(p *DNSProfile) { p.CAA = []string{`0 issue "ca.lab.test"`, `0 tbs "unknown"`} }), `
internet.nl 100
  mail_starttls_tls_caa warning syntax-error
peil ?
  mail.caa ?`},
		{"mail-caa-domain-only", "mail-caa", Text{"geen CAA voor het domein, wel voor de MX'en", "no CAA for the domain, but for its MX"}, own(func(p *DNSProfile) { p.CAA = []string{} }), ``},
	}
}

func ptr(outcome string) string {
	return `
internet.nl 100
peil up_to_standard
  mail.ptr ` + outcome
}
