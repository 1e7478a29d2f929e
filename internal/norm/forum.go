package norm

import (
	"slices"

	"peil/internal/fact"
)

// forumEdition is what the half-yearly measurement of Forum Standaardisatie is built
// from (catalogue A.3, part D).
func forumEdition() *Edition {
	return &Edition{
		Name: "forum", Version: "2026-11",
		Title: Text{"Meting Informatieveiligheidstandaarden", "Measurement of information-security standards"},
		About: Text{
			"De velden van de halfjaarlijkse meting van Forum Standaardisatie, uit de uitslag van Internet.nl op dezelfde waarnemingen. Een standaard is niet gehaald als een onderdeel niet geslaagd is.",
			"The fields of the half-yearly measurement of the Dutch Standardisation Forum, from Internet.nl's verdicts on the same facts. A standard is not met when a part of it failed.",
		},
		Source:       Source{Name: "Forum Standaardisatie", URL: "https://www.forumstandaardisatie.nl/metingen/informatieveiligheidstandaarden"},
		Requirements: slices.Concat(requirements(fact.Web, forumWeb()), requirements(fact.Mail, forumMail())),
		Reasons:      reasons(),
		Sum:          sumForum,
	}
}

func forumWeb() []row {
	// What an agreement asks has the agreement as its part of the source.
	part := map[Text]string{agreed2017: "target picture 2017", enforced2018: "target picture 2018", agreed2018: "target picture 2018", agreed2021: "target picture 2021", agreed2024: "target picture 2024"}
	line := func(id, category string, title, because Text, level Level, r rule) row {
		section := part[because]
		if section == "" {
			section = "measured beside it"
		}
		src := Source{Name: "Forum Standaardisatie", Section: section, URL: "https://www.forumstandaardisatie.nl/metingen/informatieveiligheidstandaarden"}
		return row{id, category, level, Public, title, because, src, r}
	}
	beside := Text{"Wordt ernaast getoond; telt niet voor 'web compleet'.", "Shown beside it; not part of 'web complete'."}
	return []row{
		line("web_legacy_dnssec", "dnssec", Text{"DNSSEC", "DNSSEC"}, agreed2017, Required, forumDNSSEC),
		line("web_legacy_tls_available", "https", Text{"HTTPS", "HTTPS"}, agreed2017, Required, forumHTTPS),
		line("web_legacy_https_enforced", "https", Text{"HTTPS afgedwongen", "HTTPS enforced"}, enforced2018, Required, forumRedirect),
		line("web_legacy_hsts", "https", Text{"HSTS", "HSTS"}, enforced2018, Required, forumHSTS),
		line("web_legacy_tls_ncsc_web", "tls", Text{"TLS volgens NCSC", "TLS by NCSC"}, agreed2018, Required, forumTLS),
		line("web_legacy_category_ipv6", "ipv6", Text{"IPv6", "IPv6"}, agreed2021, Required, forumIPv6),
		line("web_rpki", "rpki", Text{"RPKI", "RPKI"}, agreed2024, Required, forumRPKI),
		line("web_securitytxt", "securitytxt", Text{"security.txt", "security.txt"}, beside, Optional, forumSecurityTxt),
		line("web_legacy_ipv6_nameserver", "ipv6", Text{"IPv6: nameservers", "IPv6: name servers"}, beside, Optional, forumIPv6NameServers),
		line("web_legacy_ipv6_webserver", "ipv6", Text{"IPv6: webserver", "IPv6: web server"}, beside, Optional, forumIPv6WebServer),
		line("web_legacy_dane", "dns", Text{"DANE", "DANE"}, beside, Optional, forumDANE),
		line("web_legacy_tls_1_3", "tls", Text{"TLS 1.3", "TLS 1.3"}, beside, Optional, forumTLS13),
	}
}
