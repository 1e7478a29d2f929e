package norm

// Why a requirement of mail has its level.
var (
	mailAgreed2017 = Text{
		"Afspraak van de overheid (streefbeeld): DNSSEC, SPF, DKIM en DMARC voor mail, klaar eind 2017.",
		"Agreed between Dutch governments (target picture): DNSSEC, SPF, DKIM and DMARC for mail, done by the end of 2017.",
	}
	mailAgreed2019 = Text{
		"Afspraak van de overheid (streefbeeld): STARTTLS en DANE, en strenge SPF en DMARC, klaar eind 2019.",
		"Agreed between Dutch governments (target picture): STARTTLS and DANE, and strict SPF and DMARC, done by the end of 2019.",
	}
	mailAgreedTLS = Text{
		"Afspraak van de overheid (streefbeeld): STARTTLS volgens de richtlijnen van het NCSC, klaar eind 2019. De richtlijn van nu is 2025-05.",
		"Agreed between Dutch governments (target picture): STARTTLS by the NCSC guidelines, done by the end of 2019. Today's guideline is 2025-05.",
	}
	mailAgreed2021 = Text{
		"Afspraak van de overheid (streefbeeld): mail ook over IPv6, klaar eind 2021.",
		"Agreed between Dutch governments (target picture): mail over IPv6 too, done by the end of 2021.",
	}
	bimiSource = Source{Name: "BIMI (draft-brand-indicators-for-message-identification)", Section: "4.2", URL: "https://datatracker.ietf.org/doc/draft-brand-indicators-for-message-identification/"}
)

// peilMail is the table of the edition for mail domains. Its order is that of the reports.
func peilMail() []row {
	tls := func(id, nl, en string, level Level, why Text, src Source, r rule, fixes []Fix) row {
		return row{"mail.tls." + id, "tls", level, Public, Text{nl, en}, why, src, forMail(r, fixes)}
	}
	cert := func(id, nl, en string, level Level, why Text, src Source, r rule) row {
		return row{"mail.cert." + id, "certificate", level, Public, Text{nl, en}, why, src, r}
	}
	return []row{
		// Must, public.
		{"mail.spf.record", "auth", Must, Public, Text{"SPF", "SPF"}, mailAgreed2017, rfc("7208", "4.5"), spfRecord},
		{"mail.spf.policy", "auth", Must, Public, Text{"SPF weigert vreemde verzenders", "SPF turns strangers away"}, mailAgreed2019, rfc("7208", "5.1"), spfPolicy},
		{"mail.spf.lookups", "auth", Must, Public, Text{"SPF is uit te rekenen", "SPF can be worked out"}, mailAgreed2019, rfc("7208", "4.6.4"), spfLookups},
		{"mail.dmarc.record", "auth", Must, Public, Text{"DMARC", "DMARC"}, mailAgreed2017, rfc("9989", "4.10"), dmarcRecord},
		{"mail.dmarc.policy", "auth", Must, Public, Text{"DMARC-beleid", "DMARC policy"}, mailAgreed2019, rfc("9989", "4.7"), dmarcPolicy},
		{"mail.dkim.key", "auth", Must, Public, Text{"DKIM", "DKIM"}, mailAgreed2017, rfc("6376", "3.6"), dkimUsable},
		{"mail.starttls.available", "tls", Must, Public, Text{"STARTTLS", "STARTTLS"}, mailAgreed2019, rfc("3207", "4"), starttlsAvailable},
		tls("version", "TLS-versies", "TLS versions", Must, mailAgreedTLS, ncsc("3.3.1"), tlsVersion, mailVersionFixes),
		tls("ciphers", "TLS-algoritmeselecties", "TLS cipher suites", Must, mailAgreedTLS, ncsc("app. B"), tlsCiphers, mailSuiteFixes),
		tls("keyexchange", "TLS-sleuteluitwisseling", "TLS key exchange", Must, mailAgreedTLS, ncsc("3.3.3"), tlsKeyExchange, mailGroupFixes),
		tls("keyexchangehash", "TLS-hash bij sleuteluitwisseling", "TLS hash of the key exchange", Must, mailAgreedTLS, ncsc("3.3.5"), tlsKexHash, mailHashFixes),
		tls("compression", "TLS-compressie", "TLS compression", Must, mailAgreedTLS, ncsc("3.4.1"), tlsCompression, mailUpdateFixes),
		tls("secreneg", "Veilige heronderhandeling", "Secure renegotiation", Must, mailAgreedTLS, rfc("5746", "3.6"), tlsSecureRenegotiation, mailUpdateFixes),
		tls("ems", "Extended Master Secret", "Extended Master Secret", Must, mailAgreedTLS, ncsc("4.1"), tlsEMS, mailUpdateFixes),
		cert("key", "Sleutel van het certificaat", "Certificate key", Must, mailAgreedTLS, ncsc("3.3.2.1"), forMail(certKey, mailCertFixes)),
		cert("signature", "Handtekening van het certificaat", "Certificate signature", Must, mailAgreedTLS, ncsc("3.3.5"), forMail(certSignature, mailCertFixes)),
		{"mail.dane.exists", "dane", Must, Public, Text{"DANE: TLSA-record", "DANE: TLSA record"}, mailAgreed2019, rfc("7672", "3.1"), mailDANEExists},
		{"mail.dane.valid", "dane", Must, Public, Text{"DANE: past bij het certificaat", "DANE: fits the certificate"}, mailAgreed2019, rfc("7671", "5"), mailDANEValid},
		{"mail.dnssec.domain", "dnssec", Must, Public, Text{"DNSSEC van het domein", "DNSSEC of the domain"}, mailAgreed2017, rfc("4035", "5"), mailDNSSECDomain},
		{"mail.dnssec.mx", "dnssec", Must, Public, Text{"DNSSEC van de mailservers", "DNSSEC of the mail servers"}, mailAgreed2019, rfc("7672", "2.2"), mailDNSSECServers},
		{"mail.ipv6.ns", "ipv6", Must, Public, Text{"IPv6-adressen van nameservers", "IPv6 addresses of name servers"}, mailAgreed2021, internetNLPart("IPv6: name servers"), withWhy(ipv6NameServers, mailIPv6Why)},
		{"mail.ipv6.nsreach", "ipv6", Must, Public, Text{"Nameservers bereikbaar over IPv6", "Name servers reachable over IPv6"}, mailAgreed2021, internetNLPart("IPv6: name servers"), withWhy(ipv6NameServerReach, mailIPv6Why)},
		{"mail.ipv6.mx", "ipv6", Must, Public, Text{"IPv6-adressen van mailservers", "IPv6 addresses of mail servers"}, mailAgreed2021, rfc("3596", "2.1"), mailIPv6Address},
		{"mail.ipv6.mxreach", "ipv6", Must, Public, Text{"Mailservers bereikbaar over IPv6", "Mail servers reachable over IPv6"}, mailAgreed2021, internetNLPart("IPv6: mail servers"), mailIPv6Reach},
		{"mail.rpki.exists", "rpki", Must, Public, Text{"RPKI: ROA voor mailservers", "RPKI: ROA for mail servers"}, agreed2024, rfc("9582", "4"), mailRPKIExists},
		{"mail.rpki.valid", "rpki", Must, Public, Text{"RPKI: route van mailservers", "RPKI: route of mail servers"}, agreed2024, rfc("6811", "2"), mailRPKIValid},
		{"mail.rpki.nsexists", "rpki", Must, Public, Text{"RPKI: ROA voor nameservers", "RPKI: ROA for name servers"}, agreed2024, rfc("9582", "4"), rpkiNSExists},
		{"mail.rpki.nsvalid", "rpki", Must, Public, Text{"RPKI: route van nameservers", "RPKI: route of name servers"}, agreed2024, rfc("6811", "2"), rpkiNSValid},
		{"mail.rpki.mxnsexists", "rpki", Must, Public, Text{"RPKI: ROA voor nameservers van mailservers", "RPKI: ROA for name servers of mail servers"}, agreed2024, rfc("9582", "4"), mailRPKINSExists},
		{"mail.rpki.mxnsvalid", "rpki", Must, Public, Text{"RPKI: route van nameservers van mailservers", "RPKI: route of name servers of mail servers"}, agreed2024, rfc("6811", "2"), mailRPKINSValid},

		// Must, for the owner alone.
		{"mail.mx.dangling", "mx", Must, Owner, Text{"Geen MX naar niets", "No dangling MX"}, abusable, rfc("5321", "5.1"), mxDangling},
		{"mail.starttls.injection", "tls", Must, Owner, Text{"Geen opdrachten vóór de versleuteling", "No commands from before encryption"}, abusable, rfc("3207", "4.2"), starttlsInjection},

		// Should.
		{"mail.mx.valid", "mx", Should, Public, Text{"MX-records", "MX records"}, practice, rfc("5321", "5.1"), mxValid},
		{"mail.mx.null", "mx", Should, Public, Text{"Null MX", "Null MX"}, practice, rfc("7505", "3"), mxNull},
		{"mail.spf.width", "auth", Should, Public, Text{"SPF is niet te ruim", "SPF is not too wide"}, practice, own, spfWidth},
		{"mail.spf.subdomain", "auth", Should, Public, Text{"SPF van www.", "SPF of www."}, practice, own, spfSubdomain},
		{"mail.dmarc.subdomains", "auth", Should, Public, Text{"DMARC-beleid voor subdomeinen", "DMARC policy for subdomains"}, practice, rfc("9989", "4.7"), dmarcSubdomains},
		{"mail.dmarc.reports", "auth", Should, Public, Text{"DMARC-rapporten", "DMARC reports"}, practice, rfc("9990", "4"), dmarcReports},
		{"mail.dkim.strength", "auth", Should, Public, Text{"DKIM-sleutels", "DKIM keys"}, practice, rfc("8301", "3.2"), dkimStrength},
		tls("ciphers.phaseout", "Uit te faseren algoritmeselecties", "Phase-out cipher suites", Should, guideline, ncsc("app. B"), tlsCiphersPhaseOut, mailSuiteFixes),
		tls("keyexchange.phaseout", "Uit te faseren sleuteluitwisseling", "Phase-out key exchange", Should, guideline, ncsc("3.3.3"), tlsKeyExchangePhaseOut, mailGroupFixes),
		tls("keyexchangehash.phaseout", "Uit te faseren hash bij sleuteluitwisseling", "Phase-out hash of the key exchange", Should, guideline, ncsc("3.3.5"), tlsKexHashPhaseOut, mailHashFixes),
		tls("order", "Volgorde van algoritmeselecties", "Order of cipher suites", Should, guideline, ncsc("app. B"), tlsOrder, mailSuiteFixes),
		tls("clientreneg", "Heronderhandeling door de verzender", "Client-initiated renegotiation", Should, guideline, ncsc("3.4.2"), tlsClientRenegotiation, mailRenegotiationFixes),
		cert("key.phaseout", "Uit te faseren sleutel van het certificaat", "Phase-out certificate key", Should, guideline, ncsc("3.3.2.1"), forMail(certKeyPhaseOut, mailCertFixes)),
		cert("signature.phaseout", "Uit te faseren handtekening van het certificaat", "Phase-out certificate signature", Should, guideline, ncsc("3.3.5"), forMail(certSignaturePhaseOut, mailCertFixes)),
		cert("trust", "Vertrouwd certificaat", "Trusted certificate", Should, practice, rfc("8461", "4.2"), mailCertTrust),
		cert("domain", "Certificaat past bij de naam", "Certificate matches the name", Should, practice, rfc("8461", "4.2"), mailCertDomain),
		cert("expiry", "Certificaat is geldig", "Certificate is within its dates", Should, practice, rfc("5280", "4.1.2.5"), mailCertExpiry),
		cert("chainorder", "Volgorde van de certificaten", "Order of the certificates", Should, practice, rfc("5246", "7.4.2"), forMail(certChainOrder, mailCertFixes)),
		cert("forecast", "Certificaat op tijd vernieuwd", "Certificate renewed in time", Should, practice, rfc("5280", "4.1.2.5"), forMail(certForecast, mailCertFixes)),
		{"mail.dane.rollover", "dane", Should, Public, Text{"DANE: klaar voor een nieuwe sleutel", "DANE: ready for a new key"}, practice, rfc("7671", "8.1"), mailDANERollover},
		{"mail.mtasts", "tls", Should, Public, Text{"MTA-STS", "MTA-STS"}, practice, rfc("8461", "3"), mailMTASTS},
		{"mail.tlsrpt", "tls", Should, Public, Text{"TLS-RPT", "TLS-RPT"}, practice, rfc("8460", "3"), mailTLSRPT},
		{"mail.ptr", "dns", Should, Public, Text{"Omgekeerde DNS", "Reverse DNS"}, practice, rfc("1912", "2.1"), mailPTR},
		{"mail.caa", "dns", Should, Public, Text{"CAA", "CAA"}, practice, rfc("8659", "4"), mailCAA},
		{"mail.dnssec.nsec3", "dnssec", Should, Public, Text{"DNSSEC: instellingen van NSEC3", "DNSSEC: NSEC3 settings"}, practice, rfc("9276", "3.1"), dnssecNSEC3},
		{"mail.dnssec.lifetime", "dnssec", Should, Public, Text{"DNSSEC: handtekeningen op tijd vernieuwd", "DNSSEC: signatures renewed in time"}, practice, rfc("6781", "4.4.2"), dnssecLifetime},
		{"mail.dnssec.algorithm", "dnssec", Should, Public, Text{"DNSSEC: algoritmes en sleutels", "DNSSEC: algorithms and keys"}, practice, rfc("9905", "2"), dnssecAlgorithm},

		// Could.
		tls("good", "Alleen goede TLS-instellingen", "Only good TLS settings", Could, ahead, ncsc("3.3"), tlsGood, mailHybridFixes),
		tls("postquantum", "Bestand tegen quantumcomputers", "Post-quantum key exchange", Could, ahead, ncsc("3.3.3"), tlsPostQuantum, mailHybridFixes),
		{"mail.dnssec.modern", "dnssec", Could, Public, Text{"DNSSEC met elliptische krommen", "DNSSEC with elliptic curves"}, ahead, rfc("8624", "3.1"), dnssecModern},
		{"mail.bimi", "auth", Could, Public, Text{"BIMI", "BIMI"}, ahead, bimiSource, mailBIMI},
	}
}
