package norm

import (
	"slices"

	"peil/internal/fact"
)

// peilEdition is our own strictest reading (catalogue A.4, A.5).
func peilEdition() *Edition {
	return &Edition{
		Name: "peil", Version: "2026-11",
		Title: Text{"Peil", "Peil"},
		About: Text{
			"De eigen norm van Peil: alles wat de wet, de overheidsafspraken en de richtlijnen vragen, op elk adres apart gemeten. Een website of maildomein is op peil als alle eisen van niveau must gehaald zijn.",
			"Peil's own norm: everything that the law, the government's agreements and the guidelines ask, measured on each address by itself. A website or mail domain is up to standard when every requirement of level must is met.",
		},
		Source:       Source{Name: "Peil"},
		Requirements: slices.Concat(requirements(fact.Web, peilWeb()), requirements(fact.Mail, peilMail())),
		Reasons:      reasons(),
		Sum:          sumPeil,
	}
}

// Why a requirement has its level.
var (
	law = Text{
		"De wet vraagt het: Besluit beveiligde verbinding met overheidswebsites (Stb. 2023, 179), van kracht sinds 1 juli 2023.",
		"The law asks it: the decree on secure connections with government websites (Stb. 2023, 179), in force since 1 July 2023.",
	}
	agreed2017 = Text{
		"Afspraak van de overheid (streefbeeld): klaar eind 2017.",
		"Agreed between Dutch governments (target picture): done by the end of 2017.",
	}
	agreed2018 = Text{
		"Afspraak van de overheid (streefbeeld): TLS volgens de richtlijnen van het NCSC, klaar eind 2018. De richtlijn van nu is 2025-05; de wet vraagt sinds 1 juli 2023 wat goed of voldoende is in 2.1.1.",
		"Agreed between Dutch governments (target picture): TLS by the NCSC guidelines, done by the end of 2018. Today's guideline is 2025-05; since 1 July 2023 the law asks what is good or sufficient in 2.1.1.",
	}
	enforced2018 = Text{
		"Afspraak van de overheid (streefbeeld): HTTPS afgedwongen, met HSTS, klaar eind 2018.",
		"Agreed between Dutch governments (target picture): HTTPS enforced, with HSTS, done by the end of 2018.",
	}
	agreed2021 = Text{
		"Afspraak van de overheid (streefbeeld): alle websites ook over IPv6 bereikbaar, klaar eind 2021.",
		"Agreed between Dutch governments (target picture): all websites reachable over IPv6 too, done by the end of 2021.",
	}
	agreed2024 = Text{
		"Afspraak van de overheid (streefbeeld): RPKI op alle systemen, klaar eind 2024.",
		"Agreed between Dutch governments (target picture): RPKI on all systems, done by the end of 2024.",
	}
	listed = Text{
		"Staat op de lijst 'pas toe of leg uit' van het Forum Standaardisatie (sinds 25 mei 2023).",
		"On the comply-or-explain list of the Dutch Standardisation Forum (since 25 May 2023).",
	}
	abusable = Text{
		"Als dit ontbreekt of fout staat, kan iemand er vandaag misbruik van maken.",
		"When this is missing or wrong, someone can abuse it today.",
	}
	guideline = Text{
		"De richtlijn van het NCSC (2025-05) noemt het uit te faseren of raadt het aan.",
		"The NCSC guideline (2025-05) calls it phase-out, or recommends it.",
	}
	practice = Text{
		"Richtlijnen en internetstandaarden raden het aan; er is geen afspraak of wet.",
		"Guidelines and internet standards recommend it; there is no agreement or law.",
	}
	ahead = Text{
		"Loopt vooruit op de norm: goed als het er is, geen gebrek als het er niet is.",
		"Ahead of the norm: good to have, no shortcoming without.",
	}
)

func rfc(n, section string) Source {
	return Source{Name: "RFC " + n, Section: section, URL: "https://www.rfc-editor.org/rfc/rfc" + n}
}

// internetNLPart is for what is asked by Internet.nl, by which the agreements are measured.
func internetNLPart(section string) Source {
	return Source{Name: "Internet.nl 1.11.2", Section: section, URL: "https://internet.nl/faqs/ipv6/"}
}

func ncsc(section string) Source {
	return Source{Name: "NCSC TLS 2025-05", Section: section, URL: "https://www.ncsc.nl/api/media/sites/default/files/2025-11/TLS-Richtlijnen-2025-05.pdf"}
}

var (
	decree    = Source{Name: "Stb. 2023, 179", Section: "art. 2", URL: "https://zoek.officielebekendmakingen.nl/stb-2023-179.html"}
	own       = Source{Name: "Peil", Section: "own rule"} // a rule of Peil itself, with no standard to point to
	sourceCSP = Source{Name: "CSP Level 3", Section: "6.1", URL: "https://www.w3.org/TR/CSP3/"}
)

// peilWeb is the table of the edition for websites. Its order is that of the reports.
func peilWeb() []row {
	return []row{
		// Must, public.
		{"web.https.available", "https", Must, Public, Text{"HTTPS", "HTTPS"}, law, decree, httpsAvailable},
		{"web.https.redirect", "https", Must, Public, Text{"Doorverwijzing naar HTTPS", "Redirect to HTTPS"}, law, decree, httpsRedirect},
		{"web.https.hsts", "https", Must, Public, Text{"HSTS", "HSTS"}, law, rfc("6797", "6.1.1"), hstsYear},
		{"web.tls.version", "tls", Must, Public, Text{"TLS-versies", "TLS versions"}, agreed2018, ncsc("3.3.1"), tlsVersion},
		{"web.tls.ciphers", "tls", Must, Public, Text{"TLS-algoritmeselecties", "TLS cipher suites"}, agreed2018, ncsc("app. B"), tlsCiphers},
		{"web.tls.keyexchange", "tls", Must, Public, Text{"TLS-sleuteluitwisseling", "TLS key exchange"}, agreed2018, ncsc("3.3.3"), tlsKeyExchange},
		{"web.tls.keyexchangehash", "tls", Must, Public, Text{"TLS-hash bij sleuteluitwisseling", "TLS hash of the key exchange"}, agreed2018, ncsc("3.3.5"), tlsKexHash},
		{"web.tls.compression", "tls", Must, Public, Text{"TLS-compressie", "TLS compression"}, agreed2018, ncsc("3.4.1"), tlsCompression},
		{"web.tls.secreneg", "tls", Must, Public, Text{"Veilige heronderhandeling", "Secure renegotiation"}, agreed2018, rfc("5746", "3.6"), tlsSecureRenegotiation},
		{"web.tls.earlydata", "tls", Must, Public, Text{"TLS 0-RTT", "TLS 0-RTT"}, agreed2018, ncsc("3.4.4"), tlsEarlyData},
		{"web.tls.ems", "tls", Must, Public, Text{"Extended Master Secret", "Extended Master Secret"}, agreed2018, ncsc("4.1"), tlsEMS},
		{"web.cert.trust", "certificate", Must, Public, Text{"Vertrouwd certificaat", "Trusted certificate"}, agreed2017, rfc("5280", "6"), certTrust},
		{"web.cert.domain", "certificate", Must, Public, Text{"Certificaat past bij de naam", "Certificate matches the name"}, agreed2017, rfc("9525", "6"), certDomain},
		{"web.cert.expiry", "certificate", Must, Public, Text{"Certificaat is geldig", "Certificate is within its dates"}, agreed2017, rfc("5280", "4.1.2.5"), certExpiry},
		{"web.cert.key", "certificate", Must, Public, Text{"Sleutel van het certificaat", "Certificate key"}, agreed2018, ncsc("3.3.2.1"), certKey},
		{"web.cert.signature", "certificate", Must, Public, Text{"Handtekening van het certificaat", "Certificate signature"}, agreed2018, ncsc("3.3.5"), certSignature},
		{"web.dnssec.secure", "dnssec", Must, Public, Text{"DNSSEC: ondertekend", "DNSSEC: signed"}, agreed2017, rfc("4035", "5"), dnssecSecure},
		{"web.dnssec.valid", "dnssec", Must, Public, Text{"DNSSEC: geldig", "DNSSEC: valid"}, agreed2017, rfc("4035", "5"), dnssecValid},
		{"web.ipv6.ns", "ipv6", Must, Public, Text{"IPv6-adressen van nameservers", "IPv6 addresses of name servers"}, agreed2021, internetNLPart("IPv6: name servers"), ipv6NameServers},
		{"web.ipv6.nsreach", "ipv6", Must, Public, Text{"Nameservers bereikbaar over IPv6", "Name servers reachable over IPv6"}, agreed2021, internetNLPart("IPv6: name servers"), ipv6NameServerReach},
		{"web.ipv6.address", "ipv6", Must, Public, Text{"IPv6-adres van de website", "IPv6 address of the website"}, agreed2021, rfc("3596", "2.1"), ipv6Address},
		{"web.ipv6.reach", "ipv6", Must, Public, Text{"Website bereikbaar over IPv6", "Website reachable over IPv6"}, agreed2021, internetNLPart("IPv6: web server"), ipv6Reach},
		{"web.rpki.exists", "rpki", Must, Public, Text{"RPKI: ROA voor de website", "RPKI: ROA for the website"}, agreed2024, rfc("9582", "4"), rpkiExists},
		{"web.rpki.valid", "rpki", Must, Public, Text{"RPKI: route van de website", "RPKI: route of the website"}, agreed2024, rfc("6811", "2"), rpkiValid},
		{"web.rpki.nsexists", "rpki", Must, Public, Text{"RPKI: ROA voor nameservers", "RPKI: ROA for name servers"}, agreed2024, rfc("9582", "4"), rpkiNSExists},
		{"web.rpki.nsvalid", "rpki", Must, Public, Text{"RPKI: route van nameservers", "RPKI: route of name servers"}, agreed2024, rfc("6811", "2"), rpkiNSValid},
		{"web.securitytxt.valid", "securitytxt", Must, Public, Text{"security.txt", "security.txt"}, listed, rfc("9116", "2"), securityTxtValid},

		// Must, for the owner alone.
		{"web.dns.dangling", "dns", Must, Owner, Text{"Geen verwijzing naar niets", "No dangling records"}, abusable, rfc("1034", "3.6.2"), dnsDangling},
		{"web.login.plain", "https", Must, Owner, Text{"Geen wachtwoord over gewoon http", "No password over plain http"}, abusable, own, loginPlain},

		// Should: TLS and certificates.
		{"web.tls.ciphers.phaseout", "tls", Should, Public, Text{"Uit te faseren algoritmeselecties", "Phase-out cipher suites"}, guideline, ncsc("app. B"), tlsCiphersPhaseOut},
		{"web.tls.keyexchange.phaseout", "tls", Should, Public, Text{"Uit te faseren sleuteluitwisseling", "Phase-out key exchange"}, guideline, ncsc("3.3.3"), tlsKeyExchangePhaseOut},
		{"web.tls.keyexchangehash.phaseout", "tls", Should, Public, Text{"Uit te faseren hash bij sleuteluitwisseling", "Phase-out hash of the key exchange"}, guideline, ncsc("3.3.5"), tlsKexHashPhaseOut},
		{"web.cert.key.phaseout", "certificate", Should, Public, Text{"Uit te faseren sleutel van het certificaat", "Phase-out certificate key"}, guideline, ncsc("3.3.2.1"), certKeyPhaseOut},
		{"web.cert.signature.phaseout", "certificate", Should, Public, Text{"Uit te faseren handtekening van het certificaat", "Phase-out certificate signature"}, guideline, ncsc("3.3.5"), certSignaturePhaseOut},
		{"web.tls.order", "tls", Should, Public, Text{"Volgorde van algoritmeselecties", "Order of cipher suites"}, guideline, ncsc("app. B"), tlsOrder},
		{"web.tls.clientreneg", "tls", Should, Public, Text{"Heronderhandeling door de bezoeker", "Client-initiated renegotiation"}, guideline, ncsc("3.4.2"), tlsClientRenegotiation},
		{"web.tls.ocsp", "tls", Should, Public, Text{"OCSP-stapling", "OCSP stapling"}, guideline, ncsc("3.4.5"), tlsOCSP},
		{"web.tls.nosni", "tls", Should, Public, Text{"Antwoord zonder naam (SNI)", "Answer without a name (SNI)"}, practice, rfc("6066", "3"), tlsNoSNI},
		{"web.cert.chainorder", "certificate", Should, Public, Text{"Volgorde van de certificaten", "Order of the certificates"}, practice, rfc("5246", "7.4.2"), certChainOrder},
		{"web.cert.sct", "certificate", Should, Public, Text{"Certificate Transparency", "Certificate Transparency"}, practice, rfc("6962", "3"), certSCT},
		{"web.cert.lifetime", "certificate", Should, Public, Text{"Looptijd van het certificaat", "Lifetime of the certificate"}, practice, Source{Name: "CA/Browser Forum Baseline Requirements", Section: "6.3.2", URL: "https://cabforum.org/working-groups/server/baseline-requirements/"}, certLifetime},
		{"web.cert.forecast", "certificate", Should, Public, Text{"Certificaat op tijd vernieuwd", "Certificate renewed in time"}, practice, rfc("5280", "4.1.2.5"), certForecast},

		// Should: DNS and DNSSEC.
		{"web.dns.caa", "dns", Should, Public, Text{"CAA", "CAA"}, practice, rfc("8659", "4"), dnsCAA},
		{"web.dns.delegation", "dns", Should, Public, Text{"Nameservers van het domein", "Delegation of the domain"}, practice, rfc("1034", "4.2.2"), dnsDelegation},
		{"web.dns.pair", "dns", Should, Public, Text{"Met en zonder www.", "With and without www."}, practice, own, dnsPair},
		{"web.dnssec.nsec3", "dnssec", Should, Public, Text{"DNSSEC: instellingen van NSEC3", "DNSSEC: NSEC3 settings"}, practice, rfc("9276", "3.1"), dnssecNSEC3},
		{"web.dnssec.lifetime", "dnssec", Should, Public, Text{"DNSSEC: handtekeningen op tijd vernieuwd", "DNSSEC: signatures renewed in time"}, practice, rfc("6781", "4.4.2"), dnssecLifetime},
		{"web.dnssec.algorithm", "dnssec", Should, Public, Text{"DNSSEC: algoritmes en sleutels", "DNSSEC: algorithms and keys"}, practice, rfc("9905", "2"), dnssecAlgorithm},
		{"web.ipv6.similar", "ipv6", Should, Public, Text{"Zelfde website over IPv4 en IPv6", "Same website over IPv4 and IPv6"}, practice, rfc("6540", "2"), ipv6Similar},

		// Should: headers, cookies, pages.
		{"web.https.downgrade", "https", Should, Public, Text{"Doorverwijzingen blijven op HTTPS", "Redirects stay on HTTPS"}, practice, own, httpsDowngrade},
		{"web.header.csp", "headers", Should, Public, Text{"Content-Security-Policy", "Content-Security-Policy"}, practice, sourceCSP, headerCSP},
		{"web.header.frameoptions", "headers", Should, Public, Text{"Insluiten in andere websites", "Framing by other websites"}, practice, Source{Name: "CSP Level 3", Section: "6.4.2", URL: "https://www.w3.org/TR/CSP3/#directive-frame-ancestors"}, headerFrameOptions},
		{"web.header.contenttype", "headers", Should, Public, Text{"X-Content-Type-Options", "X-Content-Type-Options"}, practice, Source{Name: "Fetch Standard", Section: "X-Content-Type-Options header", URL: "https://fetch.spec.whatwg.org/#x-content-type-options-header"}, headerContentType},
		{"web.header.referrer", "headers", Should, Public, Text{"Referrer-Policy", "Referrer-Policy"}, practice, Source{Name: "Referrer Policy", Section: "8.1", URL: "https://www.w3.org/TR/referrer-policy/"}, headerReferrer},
		{"web.header.permissions", "headers", Should, Public, Text{"Permissions-Policy", "Permissions-Policy"}, practice, Source{Name: "Permissions Policy", Section: "5.2", URL: "https://www.w3.org/TR/permissions-policy/"}, headerPermissions},
		{"web.header.crossorigin", "headers", Should, Public, Text{"Beleid voor andere websites", "Cross-origin policies"}, practice, Source{Name: "HTML Living Standard", Section: "Cross-origin opener policies", URL: "https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies"}, headerCrossOrigin},
		{"web.cookie.attributes", "headers", Should, Public, Text{"Cookies", "Cookies"}, practice, Source{Name: "RFC 6265bis", Section: "4.1", URL: "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"}, cookieAttributes},
		{"web.page.integrity", "page", Should, Public, Text{"Controle op scripts van anderen", "Integrity of others' scripts"}, practice, Source{Name: "Subresource Integrity", Section: "3", URL: "https://www.w3.org/TR/SRI/"}, pageIntegrity},
		{"web.page.mixed", "page", Should, Public, Text{"Geen onbeveiligde onderdelen", "No mixed content"}, practice, Source{Name: "Mixed Content", Section: "Should fetching request be blocked as mixed content?", URL: "https://www.w3.org/TR/mixed-content/"}, pageMixed},
		{"web.securitytxt.signed", "securitytxt", Should, Public, Text{"security.txt ondertekend", "security.txt signed"}, practice, rfc("9116", "2.3"), securityTxtSigned},
		{"web.securitytxt.quality", "securitytxt", Should, Public, Text{"security.txt goed bruikbaar", "security.txt usable"}, practice, rfc("9116", "2.5"), securityTxtQuality},
		{"web.header.version", "headers", Should, Owner, Text{"Geen softwareversies", "No software versions"}, practice, rfc("9110", "17.12"), headerVersion},

		// Could.
		{"web.tls.good", "tls", Could, Public, Text{"Alleen goede TLS-instellingen", "Only good TLS settings"}, ahead, ncsc("3.3"), tlsGood},
		{"web.tls.postquantum", "tls", Could, Public, Text{"Bestand tegen quantumcomputers", "Post-quantum key exchange"}, ahead, ncsc("3.3.3"), tlsPostQuantum},
		{"web.https.http2", "https", Could, Public, Text{"HTTP/2", "HTTP/2"}, ahead, rfc("9113", "3.2"), httpTwo},
		{"web.https.http3", "https", Could, Public, Text{"HTTP/3", "HTTP/3"}, ahead, rfc("9114", "3.1"), httpThree},
		{"web.https.preload", "https", Could, Public, Text{"Klaar voor HSTS-preload", "Ready for HSTS preload"}, ahead, Source{Name: "hstspreload.org", Section: "Submission Requirements", URL: "https://hstspreload.org/"}, hstsPreload},
		{"web.dnssec.modern", "dnssec", Could, Public, Text{"DNSSEC met elliptische krommen", "DNSSEC with elliptic curves"}, ahead, rfc("8624", "3.1"), dnssecModern},
		{"web.dns.svcb", "dns", Could, Public, Text{"HTTPS-record in de DNS", "HTTPS record in the DNS"}, ahead, rfc("9460", "9"), dnsSVCB},
		{"web.dane", "dns", Could, Public, Text{"DANE voor de website", "DANE for the website"}, ahead, rfc("6698", "4"), daneValid},
	}
}
