package lab

import "peil/internal/lab/dnslab"

// insecure is what an unsigned zone leads to: Internet.nl gives 2 of 10 points, and
// TLSA records that are not secure count as none.
const insecure = `
internet.nl 80
  web_dnssec_exist failed bad
  web_dnssec_valid not_tested not-tested 2/10
  web_https_dane_exist info bad
  web_https_dane_valid not_tested not-tested
peil below_standard
  web.dnssec.secure failed
  web.dnssec.valid not_applicable
  web.dnssec.nsec3 not_applicable
  web.dnssec.lifetime not_applicable
  web.dnssec.algorithm not_applicable
  web.dnssec.modern not_applicable
  web.dane failed
forum
  web_legacy_dnssec failed
  web_legacy_dane info
  = web_complete failed
  = web_complete_with_ipv6_rpki failed`

// bogus is what a zone leads to whose chain of trust is broken: what lies in it is
// measured all the same, but its TLSA and CAA records are not believed.
const bogus = `
internet.nl 75
  web_dnssec_valid failed bad 0/10
  web_https_tls_caa warning bad
  web_https_dane_exist info bogus
  web_https_dane_valid not_tested not-tested
peil below_standard
  web.dnssec.secure passed
  web.dnssec.valid failed
  web.dns.caa failed
  web.dane failed
forum
  web_legacy_dnssec failed
  web_legacy_dane info
  = web_complete failed
  = web_complete_with_ipv6_rpki failed`

func signing(s dnslab.Signing) func(*Site) { return func(x *Site) { x.DNS.Signing = s } }

func dnssecSites() []entry {
	sha1 := `
peil up_to_standard
  web.dnssec.algorithm failed
  web.dnssec.modern failed`
	weak := `
peil up_to_standard
  web.dnssec.algorithm warning
  web.dnssec.modern failed`
	rsa := `
peil up_to_standard
  web.dnssec.modern failed`
	return []entry{
		{"dnssec-unsigned", "dnssec", Text{"niet ondertekend", "not signed"}, signing(dnslab.Unsigned), insecure},
		{"dnssec-no-ds", "dnssec", Text{"ondertekend, maar zonder DS bij de ouder", "signed, but without DS at the parent"}, signing(dnslab.NoDS), insecure},
		{"dnssec-unknown-algorithm", "dnssec", Text{"ondertekend met een algoritme dat niemand kent", "signed with an algorithm that nobody knows"}, signing(dnslab.UnknownAlgorithm), insecure},
		{"dnssec-unknown-digest", "dnssec", Text{"een DS met een digest die niemand kent", "a DS with a digest that nobody knows"}, signing(dnslab.UnknownDigest), insecure},

		{"dnssec-ds-no-dnskey", "dnssec", Text{"een DS bij de ouder, maar een zone zonder sleutels", "a DS at the parent, but a zone without keys"}, signing(dnslab.DSNoKey), bogus + `
peil below_standard
  web.dnssec.nsec3 not_applicable
  web.dnssec.lifetime not_applicable
  web.dnssec.algorithm not_applicable
  web.dnssec.modern not_applicable`},
		{"dnssec-wrong-ds", "dnssec", Text{"de DS hoort bij een andere sleutel", "the DS belongs to another key"}, signing(dnslab.WrongDS), bogus},
		{"dnssec-wrong-digest", "dnssec", Text{"de DS noemt de sleutel met een verkeerde digest", "the DS names the key with a wrong digest"}, signing(dnslab.WrongDigest), bogus},
		{"dnssec-expired", "dnssec", Text{"de handtekeningen zijn verlopen", "the signatures have expired"}, signing(dnslab.ExpiredSigs), bogus + `
peil below_standard
  web.dnssec.lifetime failed`},
		{"dnssec-expired-v6-none", "dnssec", Text{"de handtekeningen zijn verlopen, en er is geen IPv6-adres", "the signatures have expired, and there is no IPv6 address"}, func(x *Site) {
			x.DNS.Signing, x.V6 = dnslab.ExpiredSigs, nil
		}, noV6 + bogus + `
internet.nl 61
peil below_standard
  web.dnssec.lifetime failed`},
		{"dnssec-not-yet-valid", "dnssec", Text{"de handtekeningen gelden nog niet", "the signatures are not yet valid"}, signing(dnslab.FutureSigs), bogus},
		{"dnssec-bad-signature", "dnssec", Text{"de handtekeningen kloppen niet", "the signatures do not verify"}, signing(dnslab.BadSigs), bogus},
		{"dnssec-stripped", "dnssec", Text{"de gegevens zijn zonder handtekening", "the data is without signatures"}, signing(dnslab.NoSigs), bogus},
		{"dnssec-no-dnskey-signature", "dnssec", Text{"de sleutels zijn niet getekend door die van de DS", "the keys are not signed by that of the DS"}, signing(dnslab.NoKeySig), bogus},

		{"dnssec-rsasha1", "dnssec", Text{"RSA/SHA-1 (algoritme 5)", "RSA/SHA-1 (algorithm 5)"}, signing(dnslab.RSASHA1), sha1},
		{"dnssec-rsasha1-nsec3", "dnssec", Text{"RSA/SHA-1 met NSEC3 (algoritme 7)", "RSA/SHA-1 with NSEC3 (algorithm 7)"}, signing(dnslab.RSASHA1NSEC3), sha1},
		{"dnssec-rsa-1024", "dnssec", Text{"RSA van 1024 bits", "RSA of 1024 bits"}, signing(dnslab.RSASHA256Short), weak},
		{"dnssec-rsasha256", "dnssec", Text{"RSA/SHA-256 (algoritme 8)", "RSA/SHA-256 (algorithm 8)"}, signing(dnslab.RSASHA256), rsa},
		{"dnssec-rsasha512", "dnssec", Text{"RSA/SHA-512 (algoritme 10)", "RSA/SHA-512 (algorithm 10)"}, signing(dnslab.RSASHA512), `
peil up_to_standard
  web.dnssec.algorithm warning
  web.dnssec.modern failed`},
		{"dnssec-ecdsap384", "dnssec", Text{"ECDSA P-384 (algoritme 14)", "ECDSA P-384 (algorithm 14)"}, signing(dnslab.ECDSAP384), ``},
		{"dnssec-ed25519", "dnssec", Text{"Ed25519 (algoritme 15)", "Ed25519 (algorithm 15)"}, signing(dnslab.Ed25519), ``},
		{"dnssec-ed448", "dnssec", Text{"Ed448 (algoritme 16)", "Ed448 (algorithm 16)"}, signing(dnslab.Ed448), ``},
		{"dnssec-sha1-digest", "dnssec", Text{"een DS met SHA-1", "a DS with SHA-1"}, signing(dnslab.SHA1Digest), `
peil up_to_standard
  web.dnssec.algorithm failed`},
		{"dnssec-sha384-digest", "dnssec", Text{"een DS met SHA-384", "a DS with SHA-384"}, signing(dnslab.SHA384Digest), ``},
		{"dnssec-ksk-zsk", "dnssec", Text{"aparte sleutels voor sleutels en gegevens", "separate keys for keys and data"}, signing(dnslab.SeparateKeys), ``},
		{"dnssec-two-algorithms", "dnssec", Text{"twee algoritmes tegelijk", "two algorithms at once"}, signing(dnslab.TwoAlgorithms), `
peil up_to_standard
  web.dnssec.modern failed`},
		{"dnssec-half-rollover", "dnssec", Text{"een wisseling van algoritme halverwege", "an algorithm roll-over half done"}, signing(dnslab.HalfRollover), `
peil up_to_standard
  web.dnssec.modern failed`},
		{"dnssec-nsec3", "dnssec", Text{"NSEC3 zoals het hoort", "NSEC3 as it should be"}, signing(dnslab.NSEC3), ``},
		{"dnssec-nsec3-opt-out", "dnssec", Text{"NSEC3 met opt-out", "NSEC3 with opt-out"}, signing(dnslab.NSEC3OptOut), ``},
		{"dnssec-nsec3-salt", "dnssec", Text{"NSEC3 met zout en extra rondes", "NSEC3 with salt and extra iterations"}, signing(dnslab.NSEC3Salted), `
peil up_to_standard
  web.dnssec.nsec3 warning`},
		{"dnssec-nsec3-iterations", "dnssec", Text{"NSEC3 met 500 extra rondes", "NSEC3 with 500 extra iterations"}, signing(dnslab.NSEC3Iterations), `
# The denial of the name's SOA counts as insecure (RFC 9276 section 3.2), the
# addresses, which are answered, are secure.
internet.nl 80
  web_dnssec_exist failed bad
  web_dnssec_valid not_tested not-tested 2/10
peil up_to_standard
  web.dnssec.nsec3 failed
forum
  web_legacy_dnssec failed
  = web_complete failed
  = web_complete_with_ipv6_rpki failed`},
		{"dnssec-soon", "dnssec", Text{"de handtekeningen lopen binnen een halve dag af", "the signatures run out within half a day"}, signing(dnslab.SoonExpiring), `
peil up_to_standard
  web.dnssec.lifetime warning`},
	}
}

const noTLSA = `
internet.nl 100
  web_https_dane_exist info bad
  web_https_dane_valid not_tested not-tested
peil up_to_standard
  web.dane not_applicable
forum
  web_legacy_dane info`

func caa(records ...string) func(*Site) {
	return func(s *Site) { s.DNS.CAA = append([]string{}, records...) }
}

func tlsa(records ...string) func(*Site) {
	return func(s *Site) { s.DNS.TLSA = append([]string{}, records...) }
}

// named gives a site a name of its own instead of one below example.nl.
func named(name string) func(*Site) { return func(s *Site) { s.Name = name } }

func alias(a Alias) func(*Site) { return func(s *Site) { s.DNS.Alias = a } }

func dnsSites() []entry {
	caaSyntax := `
internet.nl 100
  web_https_tls_caa warning syntax-error
peil up_to_standard
  web.dns.caa warning`
	dangling := noWebsite + `
peil below_standard
  web.dns.dangling failed`
	// Aliases without end were seen: a resolver gives SERVFAIL (catalogue B.5), so that
	// there is no website.
	endless := dangling + `
internet.nl 36
  web_dnssec_exist failed resolver-error
  web_dnssec_valid not_tested not-tested 0/10`
	lame := `
peil up_to_standard
  web.dns.delegation warning`
	daneWrong := `
internet.nl 100
  web_https_dane_valid warning bad
peil up_to_standard
  web.dane failed
forum
  web_legacy_dane warning`
	return []entry{
		{"caa-none", "dns", Text{"geen CAA", "no CAA"}, caa(), `
internet.nl 100
  web_https_tls_caa warning bad
peil up_to_standard
  web.dns.caa failed`},
		{"caa-no-issue", "dns", Text{"CAA zonder issue en met een fout", "CAA without issue and with an error"}, caa(`0 issuewild "ca..example"`), `
internet.nl 100
  web_https_tls_caa warning insufficient
peil up_to_standard
  web.dns.caa warning`},
		{"caa-unknown-tag", "dns", Text{"CAA met een onbekend kenmerk", "CAA with an unknown tag"}, caa(`0 issue "ca.lab.test"`, `0 tbs "unknown"`), caaSyntax},
		{"caa-bad-flags", "dns", Text{"CAA met verkeerde vlaggen", "CAA with wrong flags"}, caa(`1 issue "ca.lab.test"`), caaSyntax},
		{"caa-bad-iodef", "dns", Text{"CAA met een onbruikbare iodef", "CAA with an unusable iodef"}, caa(`0 issue "ca.lab.test"`, `0 iodef "http://x.example.nl/"`), caaSyntax},
		{"caa-bad-method", "dns", Text{"CAA met een onbekende validatiemethode", "CAA with an unknown validation method"}, caa(`0 issue "ca.lab.test; validationmethods=nonsense"`), caaSyntax},
		{"caa-final-dot", "dns", Text{"CAA met een punt achter de naam van de uitgever", "CAA with a dot after the name of the issuer"}, caa(`0 issue "ca.lab.test."`), caaSyntax},
		{"caa-mail-only", "dns", Text{"CAA alleen voor certificaten voor e-mail", "CAA for certificates of mail alone"}, caa(`0 issuemail "ca.lab.test"`), `
internet.nl 100
peil up_to_standard
  web.dns.caa warning`},
		{"caa-other-issuer", "dns", Text{"CAA laat de uitgever van het certificaat niet toe", "CAA does not allow the issuer of the certificate"}, caa(`0 issue "other.example.org"`), ``},
		{"caa-nobody", "dns", Text{"CAA verbiedt elke uitgever", "CAA forbids every issuer"}, caa(`0 issue ";"`), `
peil up_to_standard
  web.dns.caa failed`},
		{"dane-none", "dns", Text{"geen TLSA-record", "no TLSA record"}, tlsa(), noTLSA},
		{"dane-wrong", "dns", Text{"het TLSA-record past niet bij het certificaat", "the TLSA record does not match the certificate"}, tlsa(TLSAWrong), daneWrong},
		{"dane-unusable", "dns", Text{"een TLSA-record met een onbekend soort", "a TLSA record of an unknown kind"}, tlsa("9 9 9 0102"), `
internet.nl 100
  web_https_dane_valid warning bad
peil up_to_standard
  web.dane failed
forum
  web_legacy_dane warning`},
		{"dane-rollover", "dns", Text{"twee TLSA-records, waarvan één past", "two TLSA records, one of which matches"}, tlsa(TLSAWrong, TLSAGood), ``},

		{"alias-chain", "dns", Text{"een keten van drie CNAME's", "a chain of three CNAMEs"}, alias(AliasChain), ``},
		{"alias-signed", "dns", Text{"een CNAME naar een andere ondertekende zone", "a CNAME to another signed zone"}, alias(AliasSigned), ``},
		{"alias-unsigned", "dns", Text{"een CNAME naar een niet-ondertekende zone", "a CNAME to an unsigned zone"}, alias(AliasUnsigned), `
# The TLSA record stands in the site's own zone, which is signed.
internet.nl 80
  web_dnssec_exist failed bad
  web_dnssec_valid not_tested not-tested 2/10
peil below_standard
  web.dnssec.secure failed
  web.dnssec.valid not_applicable
forum
  web_legacy_dnssec failed
  = web_complete failed
  = web_complete_with_ipv6_rpki failed`},
		{"alias-bogus", "dns", Text{"een CNAME naar een zone met verlopen handtekeningen", "a CNAME to a zone whose signatures ran out"}, alias(AliasBogus), `
internet.nl 75
  web_dnssec_valid failed bad 0/10
  web_https_tls_caa warning bad
peil below_standard
  web.dnssec.valid failed
  web.dnssec.lifetime failed
  web.dns.caa failed
forum
  web_legacy_dnssec failed
  = web_complete failed
  = web_complete_with_ipv6_rpki failed`},
		{"alias-dangling", "dns", Text{"een CNAME naar een naam die niet bestaat", "a CNAME to a name that does not exist"}, alias(AliasDangling), dangling},
		{"alias-loop", "dns", Text{"CNAME's in een kring", "CNAMEs in a circle"}, alias(AliasLoop), endless},
		{"alias-endless", "dns", Text{"CNAME's zonder eind", "CNAMEs without end"}, alias(AliasEndless), endless},
		{"wildcard", "dns", Text{"de naam komt van een wildcard", "the name comes from a wildcard"}, func(s *Site) {
			// A TLSA record would make an empty non-terminal of the name, which no wildcard covers.
			s.DNS.Wildcard, s.DNS.TLSA = true, []string{}
		}, noTLSA},
		{"no-apex", "dns", Text{"zonder www. is er geen website", "no website without www."}, func(s *Site) { s.DNS.NoApex = true }, `
peil up_to_standard
  web.dns.pair failed`},
		{"pair-good", "dns", Text{"een naam direct onder nl., met en zonder www.", "a name directly below nl., with and without www."}, named("www.pair-good.nl"), ``},
		{"pair-none", "dns", Text{"een naam direct onder nl., zonder www. niets", "a name directly below nl., nothing without www."}, func(s *Site) {
			s.Name, s.DNS.NoApex = "www.pair-none.nl", true
		}, `
peil up_to_standard
  web.dns.pair failed`},
		{"pair-apex", "dns", Text{"de naam zonder www., en met www. evengoed", "the name without www., and with www. just as well"}, func(s *Site) {
			s.Name, s.Also = "pair-apex.nl", []string{"www.pair-apex.nl"}
		}, ``},
		{"pair-apex-none", "dns", Text{"de naam zonder www., en met www. niets", "the name without www., and nothing with www."}, named("pair-apex-none.nl"), `
peil up_to_standard
  web.dns.pair failed`},
		{"https-record", "dns", Text{"een HTTPS-record in de DNS", "an HTTPS record in the DNS"}, func(s *Site) { s.DNS.HTTPS = `1 . alpn="h2,h3"` }, `
peil up_to_standard
  web.dns.svcb passed
  web.https.http3 passed`},

		{"ns-one-dead", "dns", Text{"één nameserver is helemaal dood", "one name server is dead altogether"}, nsSet("one-dead"), `
internet.nl 94
  web_ipv6_ns_reach failed bad 5/10
peil below_standard
  web.ipv6.nsreach failed
  web.dns.delegation warning` + nsForum},
		{"ns-one-silent", "dns", Text{"één nameserver zwijgt", "one name server is silent"}, nsSet("one-silent"), `
internet.nl 94
  web_ipv6_ns_reach failed bad 5/10
peil below_standard
  web.ipv6.nsreach failed
  web.dns.delegation warning` + nsForum},
		{"ns-refusing", "dns", Text{"één nameserver weigert vragen (REFUSED)", "one name server refuses questions (REFUSED)"}, nsSet("refusing"), lame},
		{"ns-failing", "dns", Text{"één nameserver faalt (SERVFAIL)", "one name server fails (SERVFAIL)"}, nsSet("failing"), lame},
		{"ns-lame", "dns", Text{"één nameserver weet niet dat hij het is", "one name server does not know that it is one"}, nsSet("lame"), lame},
		{"ns-missing", "dns", Text{"de naam van één nameserver bestaat niet", "the name of one name server does not exist"}, nsSet("dead-nonexistent"), `
internet.nl 94
  web_ipv6_ns_address failed other
  web_ipv6_ns_reach passed good 5/10
peil below_standard
  web.ipv6.ns failed
  web.dns.dangling failed` + nsForum},
		{"ns-parent-differs", "dns", Text{"de ouder noemt andere nameservers dan de zone", "the parent names other name servers than the zone"}, func(s *Site) { s.DNS.ParentNameServers = "two-of-three-v6" }, `
peil up_to_standard
  web.dns.delegation warning`},
		{"ns-truncating", "dns", Text{"de nameservers antwoorden alleen over TCP", "the name servers answer over TCP only"}, nsSet("truncating"), ``},
		{"ns-udp-only", "dns", Text{"de nameservers antwoorden niet over TCP", "the name servers do not answer over TCP"}, nsSet("udp-only"), ``},
		{"ns-no-edns", "dns", Text{"één nameserver kent geen EDNS", "one name server does not know EDNS"}, nsSet("no-edns"), ``},
		{"ns-unsigned-names", "dns", Text{"de namen van de nameservers staan in een zone zonder DNSSEC", "the names of the name servers lie in a zone without DNSSEC"}, nsSet("unsigned-names"), ``},
	}
}
