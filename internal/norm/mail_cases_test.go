package norm

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"peil/internal/fact"
)

func mailCases() []verdictCase {
	return slices.Concat(mailServerCases(), mailDNSCases(), spfCases(), dmarcCases(), dkimCases(), policyCases(), starttlsCases(), mailCertificateCases(), mailDANECases(), movedCases())
}

func mailCase(id, name string, c inlChange, want Outcome, code string) verdictCase {
	ch := onMail(unchanged)
	if c != nil {
		ch = onMail(facts(c))
	}
	return peilCase("mail."+id, name, ch, want, code)
}

// unseen leaves a look-up without an answer; bogus and insecure are what DNSSEC says.
func unseen(l *fact.Lookup) { l.Records, l.RCode, l.Gap = nil, "", fact.GapTimeout }

func bogus(l *fact.Lookup) {
	l.Security, l.Problem = fact.Bogus, &fact.Problem{EDE: 6, Code: "bad_signature", Zone: inlDomain}
}
func insecure(l *fact.Lookup) { l.Security = fact.Insecure }
func nxdomain(l *fact.Lookup) { l.Records, l.RCode = nil, "NXDOMAIN" }
func emptied(l *fact.Lookup)  { l.Records = nil }

func lookAt(name, qtype string, f func(*fact.Lookup)) inlChange { return inlLook(name, qtype, f) }

// noDomain is a name that does not exist.
func noDomain(m *fact.Measurement) {
	m.Mail.Servers = nil
	for i := range m.DNS.Lookups {
		if l := &m.DNS.Lookups[i]; strings.HasSuffix(l.Name, inlDomain) {
			nxdomain(l)
		}
	}
}

// silentDomain has no MX, and an address on which nothing answers.
func silentDomain(m *fact.Measurement) {
	inlWithMX()(m)
	m.Mail.Servers = []fact.MailServer{{Name: inlDomain, Hosts: []fact.MailHost{{Addr: inlV4Addr, Port25: inlIsDead}}}}
}

// implicitDomain has no MX, and its own address takes mail.
func implicitDomain(m *fact.Measurement) {
	s := m.Mail.Servers[0]
	s.Name, s.Hosts = inlDomain, slices.Clone(s.Hosts[:1])
	s.Hosts[0].Addr = inlV4Addr
	inlWithMX()(m)
	m.Mail.Servers = []fact.MailServer{s}
}

func noAddresses(m *fact.Measurement) {
	lookAt(inlDomain, "A", emptied)(m)
	inlWithMX()(m)
}

func mailServerCases() []verdictCase {
	mx := func(f func(*fact.Lookup)) inlChange { return lookAt(inlMX1, "A", f) }
	both := func(f func(*fact.Lookup)) inlChange {
		return inlAll(lookAt(inlMX1, "A", f), lookAt(inlMX1, "AAAA", f), func(m *fact.Measurement) { m.Mail.Servers[0].Hosts = nil })
	}
	cs := []verdictCase{
		mailCase("mx.valid", "exists", nil, Passed, "mx-ok"),
		mailCase("mx.valid", "two", inlSecondMX, Passed, "mx-ok"),
		mailCase("mx.valid", "an IP address", inlAll(inlSecondMX, inlWithMX("10 "+inlMX1, "20 192.0.2.1")), Failed, "mx-literal"),
		mailCase("mx.valid", "an IP address in brackets", inlWithMX("20 [192.0.2.1]"), Failed, "mx-literal"),
		mailCase("mx.valid", "no name", inlWithMX("10 a..b"), Failed, "mx-bad-name"),
		mailCase("mx.valid", "an alias", mx(func(l *fact.Lookup) {
			l.Aliases = []fact.Alias{{From: inlMX1, To: "mail.example.nl", Type: "CNAME", Security: fact.Secure}}
		}), Warning, "mx-alias"),
		mailCase("mx.valid", "does not exist", both(nxdomain), Failed, "mx-nonexistent"),
		mailCase("mx.valid", "no address", both(emptied), Failed, "mx-no-address"),
		mailCase("mx.valid", "addresses not known", both(unseen), NotMeasured, "gap-timeout"),
		mailCase("mx.valid", "null MX beside", inlWithMX("0 .", "10 "+inlMX1), Failed, "mx-null-beside"),
		mailCase("mx.valid", "none, its own address answers", implicitDomain, Warning, "mx-implicit"),
		mailCase("mx.valid", "null MX", inlWithMX("0 ."), NotApplicable, "null-mx"),
		mailCase("mx.valid", "no MX, nothing answers", silentDomain, NotApplicable, "silent"),
		mailCase("mx.valid", "nothing", noAddresses, NotApplicable, "no-mail"),
		mailCase("mx.valid", "no such domain", noDomain, NotApplicable, "no-domain"),
		mailCase("mx.valid", "not known", lookAt(inlDomain, "MX", unseen), NotMeasured, "gap-timeout"),
		mailCase("mx.valid", "servers fail", lookAt(inlDomain, "MX", func(l *fact.Lookup) { l.Records, l.RCode = nil, "SERVFAIL" }), NotMeasured, "gap-dns"),
		mailCase("mx.valid", "bogus", lookAt(inlDomain, "MX", bogus), Failed, "dnssec-bogus"),
		mailCase("mx.null", "has it", inlWithMX("0 ."), Passed, "null-mx"),
		mailCase("mx.null", "should have it", silentDomain, Failed, "no-null-mx"),
		mailCase("mx.null", "takes mail", nil, NotApplicable, "takes-mail"),
		mailCase("mx.null", "takes mail without MX", implicitDomain, NotApplicable, "takes-mail"),
		mailCase("mx.null", "no address", noAddresses, NotApplicable, "no-mail"),
		mailCase("mx.null", "not known", lookAt(inlDomain, "MX", unseen), NotMeasured, "gap-timeout"),
		mailCase("mx.dangling", "exists", nil, Passed, "mx-exists"),
		mailCase("mx.dangling", "does not exist", both(nxdomain), Failed, "mx-nonexistent"),
		mailCase("mx.dangling", "an IP address", inlWithMX("20 192.0.2.1"), NotApplicable, "mx-literal"),
		mailCase("mx.dangling", "not known", both(unseen), NotMeasured, "gap-timeout"),
	}
	// What is about mail servers has no object where there is none, and is not measured
	// where that is not known.
	for _, id := range []string{
		"starttls.available", "tls.version", "cert.key", "cert.domain", "dane.exists", "dane.valid", "dane.rollover", "ipv6.mx", "ipv6.mxreach", "dnssec.mx",
		"rpki.exists", "rpki.mxnsexists", "mtasts", "tlsrpt", "ptr", "caa", "starttls.injection", "mx.dangling",
	} {
		cs = append(
			cs,
			mailCase(id, "null MX", inlWithMX("0 ."), NotApplicable, "null-mx"),
			mailCase(id, "no MX, nothing answers", silentDomain, NotApplicable, "silent"),
			mailCase(id, "MX not known", lookAt(inlDomain, "MX", unseen), NotMeasured, "gap-timeout"),
		)
	}
	for _, id := range []string{"spf.record", "spf.policy", "dmarc.record", "dmarc.policy", "dkim.key", "dkim.strength", "spf.subdomain", "bimi", "dnssec.domain", "ipv6.ns", "rpki.nsexists", "dnssec.nsec3"} {
		cs = append(cs, mailCase(id, "no such domain", noDomain, NotApplicable, "no-domain"))
	}
	return cs
}

func mailDNSCases() []verdictCase {
	ns6 := func(m *fact.Measurement) {
		for i := range m.DNS.NameServers {
			m.DNS.NameServers[i].Addrs = m.DNS.NameServers[i].Addrs[:1]
		}
	}
	deadNS := func(m *fact.Measurement) {
		a := inlNs6(m, 0)
		a.UDP, a.TCP, a.RCode = inlIsDead, inlIsDead, ""
	}
	ptr := func(f func(*fact.Lookup)) inlChange { return lookAt(reverseName(inlMX1v4), "PTR", f) }
	route := func(f func(*fact.Route), as ...netip.Addr) inlChange { return inlRoutes(f, as...) }
	noROA := func(r *fact.Route) { r.Covering, r.Origins[0].VRPs, r.Origins[0].State = nil, nil, fact.ROVNotFound }
	invalid := func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }
	ns := inlGoodMail().DNS.NameServers[0].Addrs[0].Addr
	z := func(f func(*fact.Zone)) inlChange { return func(m *fact.Measurement) { f(&m.DNS.Zones[0]) } }
	return []verdictCase{
		mailCase("ipv6.ns", "two", nil, Passed, "ns-ipv6-count"),
		mailCase("ipv6.ns", "none", ns6, Failed, "ns-ipv6-count"),
		mailCase("ipv6.nsreach", "answer", nil, Passed, "answers"),
		mailCase("ipv6.nsreach", "dead", deadNS, Failed, "dead-address"),
		mailCase("ipv6.mx", "has it", nil, Passed, "has-ipv6"),
		mailCase("ipv6.mx", "one of two lacks it", inlAll(inlSecondMX, lookAt(inlMX2, "AAAA", emptied)), Failed, "no-ipv6"),
		mailCase("ipv6.mx", "not known", lookAt(inlMX1, "AAAA", unseen), NotMeasured, "gap-timeout"),
		mailCase("ipv6.mxreach", "open", nil, Passed, "answers"),
		mailCase("ipv6.mxreach", "dead", func(m *fact.Measurement) { m.Mail.Servers[0].Hosts[1].Port25 = inlIsDead }, Failed, "dead-address"),
		mailCase("ipv6.mxreach", "we have no IPv6", func(m *fact.Measurement) { m.Mail.Servers[0].Hosts[1].Port25 = fact.Reach{Gap: fact.GapNoIPv6} }, NotMeasured, "gap-no-ipv6"),
		mailCase("ipv6.mxreach", "no IPv6", func(m *fact.Measurement) { m.Mail.Servers[0].Hosts = m.Mail.Servers[0].Hosts[:1] }, NotApplicable, "no-ipv6"),
		mailCase("dnssec.domain", "secure", nil, Passed, "dnssec-signed"),
		mailCase("dnssec.domain", "insecure", lookAt(inlDomain, "MX", insecure), Failed, "dnssec-insecure"),
		mailCase("dnssec.domain", "bogus", lookAt(inlDomain, "MX", bogus), Failed, "dnssec-bogus"),
		mailCase("dnssec.domain", "bogus policy", lookAt("_dmarc."+inlDomain, "TXT", bogus), Failed, "dnssec-bogus"),
		mailCase("dnssec.domain", "not known", lookAt(inlDomain, "MX", unseen), NotMeasured, "gap-timeout"),
		mailCase("dnssec.mx", "secure", nil, Passed, "dnssec-signed"),
		mailCase("dnssec.mx", "insecure", lookAt(inlMX1, "A", insecure), Failed, "dnssec-insecure"),
		mailCase("dnssec.mx", "bogus", lookAt(inlMX1, "AAAA", bogus), Failed, "dnssec-bogus"),
		mailCase("dnssec.nsec3", "right", nil, Passed, "nsec3-right"),
		mailCase("dnssec.nsec3", "iterations", z(func(z *fact.Zone) { z.Denial.Iterations = 10 }), Warning, "nsec3-settings"),
		mailCase("dnssec.lifetime", "long", nil, Passed, "signature-until"),
		mailCase("dnssec.lifetime", "short", z(func(z *fact.Zone) { z.Signatures[0].Expiration = inlNow.Add(12 * time.Hour) }), Warning, "signature-expires-soon"),
		mailCase("dnssec.algorithm", "13", nil, Passed, "dnssec-algorithms"),
		mailCase("dnssec.algorithm", "5", z(func(z *fact.Zone) { z.Keys[0].Algorithm = 5 }), Failed, "dnssec-old-algorithm"),
		mailCase("dnssec.modern", "13", nil, Passed, "dnssec-algorithms"),
		mailCase("dnssec.modern", "8", z(func(z *fact.Zone) { z.Keys[0].Algorithm = 8 }), Failed, "dnssec-not-modern"),
		mailCase("rpki.exists", "ROA", nil, Passed, "roa"),
		mailCase("rpki.exists", "none", route(noROA, inlMX1v6), Failed, "no-roa"),
		mailCase("rpki.exists", "no source", route(func(r *fact.Route) { r.VRPGap = fact.GapNoSource }, inlMX1v4), NotMeasured, "gap-no-source"),
		mailCase("rpki.exists", "an address not known", lookAt(inlMX1, "AAAA", unseen), NotMeasured, "gap-timeout"),
		mailCase("rpki.valid", "valid", nil, Passed, "rpki-valid"),
		mailCase("rpki.valid", "invalid", route(invalid, inlMX1v4), Failed, "rpki-invalid"),
		mailCase("rpki.nsexists", "ROA", nil, Passed, "roa"),
		mailCase("rpki.nsexists", "none", route(noROA, ns), Failed, "no-roa"),
		mailCase("rpki.nsvalid", "valid", nil, Passed, "rpki-valid"),
		mailCase("rpki.nsvalid", "invalid", route(invalid, ns), Failed, "rpki-invalid"),
		mailCase("rpki.mxnsexists", "ROA", nil, Passed, "roa"),
		mailCase("rpki.mxnsexists", "none", route(noROA, ns), Failed, "no-roa"),
		mailCase("rpki.mxnsexists", "not looked up", func(m *fact.Measurement) { m.Mail.Servers[0].NSOwner = "" }, NotMeasured, "gap-not-asked"),
		mailCase("rpki.mxnsvalid", "valid", nil, Passed, "rpki-valid"),
		mailCase("rpki.mxnsvalid", "invalid", route(invalid, ns), Failed, "rpki-invalid"),
		mailCase("ptr", "matches", nil, Passed, "ptr"),
		mailCase("ptr", "none", ptr(nxdomain), Failed, "no-ptr"),
		mailCase("ptr", "points elsewhere", inlAll(ptr(func(l *fact.Lookup) { l.Records = []fact.Record{inlData1("host.example.net")} }),
			lookAt("host.example.net", "A", func(l *fact.Lookup) { l.Records = []fact.Record{inlData1("192.0.2.99")} }), lookAt("host.example.net", "AAAA", emptied)), Failed, "ptr-mismatch"),
		mailCase("ptr", "where it points is not known", inlAll(ptr(func(l *fact.Lookup) { l.Records = []fact.Record{inlData1("host.example.net")} }), lookAt("host.example.net", "A", unseen)), NotMeasured, "gap-timeout"),
		mailCase("ptr", "bogus", ptr(bogus), Failed, "dnssec-bogus"),
		mailCase("ptr", "not known", ptr(unseen), NotMeasured, "gap-timeout"),
		mailCase("caa", "issuer not known", nil, Info, "caa-issuer-unknown"),
		mailCase("caa", "none", lookAt(inlDomain, "CAA", emptied), Failed, "no-caa"),
		mailCase("caa", "not known", lookAt(inlMX1, "CAA", unseen), NotMeasured, "gap-timeout"),
		mailCase("mx.valid", "aliases without end", lookAt(inlDomain, "MX", func(l *fact.Lookup) {
			l.Records, l.RCode, l.Gap, l.Problem = nil, "", fact.GapDNS, &fact.Problem{Code: "alias_loop"}
		}), NotApplicable, "no-mail"),
	}
}

// spfOf gives the domain a record, and other names theirs.
func spfOf(own string, others ...string) inlChange {
	c := []inlChange{inlSPFs(own)}
	for i := 0; i+1 < len(others); i += 2 {
		c = append(c, inlTXTs(others[i], strings.Fields(others[i+1])...))
		if others[i+1] != "" {
			c[len(c)-1] = inlTXTs(others[i], others[i+1])
		}
	}
	return inlAll(c...)
}

func spfCases() []verdictCase {
	www := func(txts ...string) inlChange { return inlTXTs("www."+inlDomain, txts...) }
	many := "v=spf1 " + strings.Repeat("exists:x.example.net ", 11) + "-all"
	self := "v=spf1 include:a.example.net -all"
	return []verdictCase{
		mailCase("spf.record", "one", nil, Passed, "spf-record"),
		mailCase("spf.record", "none", inlSPFs("x"), Failed, "no-spf"),
		mailCase("spf.record", "two", inlSPFs("v=spf1 -all", "v=spf1 ~all"), Failed, "spf-several"),
		mailCase("spf.record", "syntax", inlSPFs("v=spf1 ip4:192.0.2.300 -all"), Failed, "spf-syntax"),
		mailCase("spf.record", "not known", lookAt(inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
		mailCase("spf.record", "bogus", lookAt(inlDomain, "TXT", bogus), Failed, "dnssec-bogus"),
		mailCase("spf.record", "no mail, no record", inlAll(inlWithMX("0 ."), inlSPFs("x")), Failed, "no-spf"),
		mailCase("spf.policy", "-all", nil, Passed, "spf-all"),
		mailCase("spf.policy", "~all", inlSPFs("v=spf1 mx ~all"), Passed, "spf-all"),
		mailCase("spf.policy", "+all", inlSPFs("v=spf1 +all"), Failed, "spf-everybody"),
		mailCase("spf.policy", "?all", inlSPFs("v=spf1 mx ?all"), Failed, "spf-weak-all"),
		mailCase("spf.policy", "no all", inlSPFs("v=spf1 mx"), Failed, "spf-no-all"),
		mailCase("spf.policy", "every address", inlSPFs("v=spf1 ip4:0.0.0.0/0 -all"), Failed, "spf-everybody"),
		mailCase("spf.policy", "+all after a refusal", inlSPFs("v=spf1 -ip4:192.0.2.1 -ip6:2001:db8::1 +all"), Failed, "spf-weak-all"),
		mailCase("spf.policy", "by redirect", spfOf("v=spf1 redirect=_spf.example.net", "_spf.example.net", "v=spf1 -all"), Passed, "spf-all"),
		mailCase("spf.policy", "by a redirect not seen", inlAll(inlSPFs("v=spf1 redirect=_spf.example.net"), lookAt("_spf.example.net", "TXT", unseen)), NotMeasured, "gap-timeout"),
		mailCase("spf.policy", "no record", inlSPFs("x"), NotApplicable, "spf-unreadable"),
		mailCase("spf.policy", "not known", lookAt(inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
		mailCase("spf.lookups", "one", nil, Passed, "spf-lookups"),
		mailCase("spf.lookups", "eleven", inlSPFs(many), Failed, "spf-lookups-over"),
		mailCase("spf.lookups", "a circle", spfOf(self, "a.example.net", "v=spf1 include:example.nl -all"), Failed, "spf-loop"),
		mailCase("spf.lookups", "refers to nothing", spfOf(self, "a.example.net", ""), Failed, "spf-target-nxdomain"),
		mailCase("spf.lookups", "refers to no record", spfOf(self, "a.example.net", "x"), Failed, "spf-target-none"),
		mailCase("spf.lookups", "refers to two records", inlAll(inlSPFs(self), inlTXTs("a.example.net", "v=spf1 -all", "v=spf1 ~all")), Failed, "spf-target-multiple-records"),
		mailCase("spf.lookups", "refers to a name that is none", inlSPFs("v=spf1 include:a..example.net -all"), Failed, "spf-target-bad-name"),
		mailCase("spf.lookups", "refers to an error", spfOf(self, "a.example.net", "v=spf1 ip4:x -all"), Failed, "spf-target-syntax"),
		mailCase("spf.lookups", "refers to what is bogus", inlAll(spfOf(self, "a.example.net", "v=spf1 -all"), lookAt("a.example.net", "TXT", bogus)), Failed, "dnssec-bogus"),
		mailCase("spf.lookups", "refers to what was not seen", inlAll(inlSPFs(self), lookAt("a.example.net", "TXT", unseen)), NotMeasured, "gap-timeout"),
		mailCase("spf.lookups", "three without an answer", inlAll(inlSPFs("v=spf1 a:x1.example.net a:x2.example.net a:x3.example.net -all"),
			lookAt("x1.example.net", "A", nxdomain), lookAt("x2.example.net", "A", nxdomain), lookAt("x3.example.net", "A", nxdomain),
			lookAt("x1.example.net", "AAAA", nxdomain), lookAt("x2.example.net", "AAAA", nxdomain), lookAt("x3.example.net", "AAAA", nxdomain)), Failed, "spf-voids-over"),
		mailCase("spf.lookups", "eleven mail servers", func(m *fact.Measurement) {
			inlSPFs("v=spf1 mx:big.example.net -all")(m)
			lookAt("big.example.net", "MX", func(l *fact.Lookup) {
				for i := range 11 {
					l.Records = append(l.Records, inlData1("10 m"+itoa(i)+".example.net"))
				}
			})(m)
		}, Failed, "spf-too-many-mx"),
		mailCase("spf.width", "narrow", nil, Passed, "spf-width"),
		mailCase("spf.width", "a /11", inlSPFs("v=spf1 ip4:10.0.0.0/11 -all"), Warning, "spf-wide"),
		mailCase("spf.width", "a /8", inlSPFs("v=spf1 ip4:10.0.0.0/8 -all"), Failed, "spf-wide"),
		mailCase("spf.width", "of IPv6", inlSPFs("v=spf1 ip6:2000::/16 -all"), Failed, "spf-wide"),
		mailCase("spf.width", "part not seen", inlAll(inlSPFs(self), lookAt("a.example.net", "TXT", unseen)), NotMeasured, "gap-dns"),
		mailCase("spf.subdomain", "turns all away", nil, Passed, "spf-all"),
		mailCase("spf.subdomain", "does not exist", www(), NotApplicable, "no-such-name"),
		mailCase("spf.subdomain", "none, DMARC keeps it out", www("x"), Info, "spf-sub-by-dmarc"),
		mailCase("spf.subdomain", "none, nor DMARC", inlAll(www("x"), inlDMARCs("v=DMARC1; p=reject; sp=none")), Failed, "no-spf"),
		mailCase("spf.subdomain", "none, DMARC not known", inlAll(www("x"), lookAt("_dmarc."+inlDomain, "TXT", unseen)), NotMeasured, "gap-timeout"),
		mailCase("spf.subdomain", "soft", www("v=spf1 ~all"), Warning, "spf-sub-soft"),
		mailCase("spf.subdomain", "open", www("v=spf1 a"), Failed, "spf-no-all"),
		mailCase("spf.subdomain", "syntax", www("v=spf1 ip4:x -all"), Failed, "spf-syntax"),
		mailCase("spf.subdomain", "two", www("v=spf1 -all", "v=spf1 ~all"), Failed, "spf-several"),
		mailCase("spf.subdomain", "not known", lookAt("www."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
	}
}

func dmarcCases() []verdictCase {
	d := inlDMARCs
	external := "v=DMARC1; p=reject; rua=mailto:a@other.example"
	asked := inlDomain + "._report._dmarc.other.example"
	return []verdictCase{
		mailCase("dmarc.record", "one", nil, Passed, "dmarc-record"),
		mailCase("dmarc.record", "unknown tag", d("v=DMARC1; p=reject; x=y"), Passed, "dmarc-record"),
		mailCase("dmarc.record", "none", inlAll(d(), lookAt("_dmarc.nl", "TXT", nxdomain)), Failed, "no-dmarc"),
		mailCase("dmarc.record", "at the top", inlAll(d(), inlTXTs("_dmarc.nl", "v=DMARC1; p=reject; psd=y")), Passed, "dmarc-record"),
		mailCase("dmarc.record", "two", d("v=DMARC1; p=reject", "v=DMARC1; p=none"), Failed, "dmarc-several"),
		mailCase("dmarc.record", "no policy", d("v=DMARC1; x=y"), Failed, "dmarc-unusable"),
		mailCase("dmarc.record", "not known", lookAt("_dmarc."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
		mailCase("dmarc.record", "above it not known", inlAll(d(), lookAt("_dmarc.nl", "TXT", unseen)), NotMeasured, "gap-timeout"),
		mailCase("dmarc.record", "bogus", lookAt("_dmarc."+inlDomain, "TXT", bogus), Failed, "dnssec-bogus"),
		mailCase("dmarc.policy", "reject", nil, Passed, "dmarc-policy"),
		mailCase("dmarc.policy", "quarantine", d("v=DMARC1; p=quarantine"), Passed, "dmarc-policy"),
		mailCase("dmarc.policy", "none", d("v=DMARC1; p=none"), Failed, "dmarc-policy"),
		mailCase("dmarc.policy", "trial", d("v=DMARC1; p=quarantine; t=y"), Failed, "dmarc-trial"),
		mailCase("dmarc.policy", "trial of reject", d("v=DMARC1; p=reject; t=y"), Passed, "dmarc-policy"),
		mailCase("dmarc.policy", "no record", inlAll(d(), lookAt("_dmarc.nl", "TXT", nxdomain)), NotApplicable, "dmarc-none-holds"),
		mailCase("dmarc.policy", "not known", lookAt("_dmarc."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
		mailCase("dmarc.subdomains", "the same", nil, Passed, "dmarc-policy"),
		mailCase("dmarc.subdomains", "sp=none", d("v=DMARC1; p=reject; sp=none"), Warning, "dmarc-policy"),
		mailCase("dmarc.subdomains", "np=none", d("v=DMARC1; p=reject; np=none"), Warning, "dmarc-policy"),
		mailCase("dmarc.reports", "own address", nil, Passed, "report-own"),
		mailCase("dmarc.reports", "none", d("v=DMARC1; p=reject"), Warning, "no-reports"),
		mailCase("dmarc.reports", "elsewhere, allowed", inlAll(d(external), inlTXTs(asked, "v=DMARC1;")), Passed, "report-allowed"),
		mailCase("dmarc.reports", "elsewhere, not allowed", inlAll(d(external), inlTXTs(asked)), Failed, "report-not-allowed"),
		mailCase("dmarc.reports", "elsewhere, not known", inlAll(d(external), lookAt(asked, "TXT", unseen)), NotMeasured, "gap-timeout"),
		mailCase("dmarc.reports", "no address", d("v=DMARC1; p=reject; rua=dmarc@example.nl"), Failed, "report-bad-address"),
	}
}

func dkimCases() []verdictCase {
	key := func(txts ...string) inlChange { return inlTXTs("s1._domainkey."+inlDomain, txts...) }
	none := inlAll(key(), lookAt("_domainkey."+inlDomain, "TXT", nxdomain))
	return []verdictCase{
		mailCase("dkim.key", "2048", nil, Passed, "dkim-key"),
		mailCase("dkim.key", "1024", key(dkimRecord(1024)), Passed, "dkim-key"),
		mailCase("dkim.key", "512", key(dkimRecord(512)), Failed, "dkim-short"),
		mailCase("dkim.key", "512 beside a good one", inlTXTs("s2._domainkey."+inlDomain, dkimRecord(512)), Failed, "dkim-short"),
		mailCase("dkim.key", "on trial", key(strings.Replace(dkimRecord(2048), "k=rsa", "t=y", 1)), Failed, "dkim-test"),
		mailCase("dkim.key", "revoked, others unknown", key("v=DKIM1; p="), NotMeasured, "dkim-not-found"),
		mailCase("dkim.key", "none found", key(), NotMeasured, "dkim-not-found"),
		mailCase("dkim.key", "none at all", none, Failed, "dkim-none"),
		mailCase("dkim.key", "none at all, sends nothing", inlAll(none, inlSPFs("v=spf1 -all")), NotApplicable, "sends-nothing"),
		mailCase("dkim.key", "none at all, SPF not known", inlAll(none, lookAt(inlDomain, "TXT", unseen)), NotMeasured, "gap-timeout"),
		mailCase("dkim.key", "not seen", lookAt("s1._domainkey."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
		mailCase("dkim.key", "nothing tried", func(m *fact.Measurement) { m.Mail.Selectors = nil }, NotMeasured, "gap-not-asked"),
		mailCase("dkim.strength", "none at all, nothing tried", inlAll(none, func(m *fact.Measurement) { m.Mail.Selectors = nil }), NotApplicable, "dkim-no-key-seen"),
		mailCase("dkim.strength", "2048", nil, Passed, "dkim-key"),
		mailCase("dkim.strength", "Ed25519", key("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), Passed, "dkim-key"),
		mailCase("dkim.strength", "1024", key(dkimRecord(1024)), Warning, "dkim-short"),
		mailCase("dkim.strength", "on trial", key(strings.Replace(dkimRecord(2048), "k=rsa", "t=y", 1)), Warning, "dkim-test"),
		mailCase("dkim.strength", "revoked", key("v=DKIM1; p="), NotApplicable, "dkim-revoked"),
		mailCase("dkim.strength", "no key", key("v=DKIM1; p=!!!"), Warning, "dkim-defect"),
		mailCase("dkim.strength", "none found", key(), NotApplicable, "dkim-no-key-seen"),
		mailCase("dkim.strength", "not seen", lookAt("s1._domainkey."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
	}
}

func policyCases() []verdictCase {
	sts := func(txts ...string) inlChange { return inlTXTs("_mta-sts."+inlDomain, txts...) }
	body := func(old, with string) inlChange {
		return func(m *fact.Measurement) { m.Mail.Policy.Body = []byte(strings.Replace(goodPolicy, old, with, 1)) }
	}
	hop := func(f func(*fact.Hop)) inlChange {
		return func(m *fact.Measurement) { f(&m.Mail.Policy.Fetch.Hops[0]) }
	}
	rpt := func(txts ...string) inlChange { return inlTXTs("_smtp._tls."+inlDomain, txts...) }
	bimi := func(txts ...string) inlChange { return inlTXTs("default._bimi."+inlDomain, txts...) }
	return []verdictCase{
		mailCase("mtasts", "enforce", nil, Passed, "sts-mode"),
		mailCase("mtasts", "testing", body("enforce", "testing"), Warning, "sts-mode"),
		mailCase("mtasts", "none", body("enforce", "none"), Failed, "sts-mode"),
		mailCase("mtasts", "short", body("2419200", "3600"), Warning, "sts-short"),
		mailCase("mtasts", "no record", sts(), Failed, "no-mtasts"),
		mailCase("mtasts", "two records", sts("v=STSv1; id=1", "v=STSv1; id=2"), Failed, "sts-several"),
		mailCase("mtasts", "bad record", sts("v=STSv1; id=-"), Failed, "sts-record"),
		mailCase("mtasts", "bad policy", body("mode: enforce\n", ""), Failed, "sts-policy"),
		mailCase("mtasts", "too long", func(m *fact.Measurement) { m.Mail.Policy.Truncated = true }, Failed, "sts-policy"),
		mailCase("mtasts", "another mail server", inlSecondMX, Failed, "sts-mx-missing"),
		mailCase("mtasts", "not found", hop(func(h *fact.Hop) { h.Status = 404 }), Failed, "sts-status"),
		mailCase("mtasts", "a redirect", hop(func(h *fact.Hop) { h.Status, h.Next = 301, "https://example.nl/" }), Failed, "sts-status"),
		mailCase("mtasts", "refused", hop(func(h *fact.Hop) { h.Status, h.Error, h.Chain = 0, "refused", "" }), Failed, "sts-unreachable"),
		mailCase("mtasts", "time-out", hop(func(h *fact.Hop) { h.Status, h.Error, h.Chain = 0, "timeout", "" }), NotMeasured, "gap-timeout"),
		mailCase("mtasts", "broken off", hop(func(h *fact.Hop) { h.Status, h.Error, h.Chain = 0, "reset", "" }), NotMeasured, "gap-malformed"),
		mailCase("mtasts", "certificate not trusted", func(m *fact.Measurement) { m.Chains[0].Trust = fact.Trust{Problem: "expired"} }, Failed, "sts-certificate"),
		mailCase("mtasts", "not fetched", func(m *fact.Measurement) { m.Mail.Policy = nil }, NotMeasured, "gap-not-asked"),
		mailCase("mtasts", "excluded", func(m *fact.Measurement) { m.Mail.Policy.Fetch = &fact.Fetch{Gap: fact.GapExcluded} }, NotMeasured, "gap-excluded"),
		mailCase("mtasts", "not known", lookAt("_mta-sts."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
		mailCase("tlsrpt", "one", nil, Passed, "tlsrpt"),
		mailCase("tlsrpt", "none", rpt(), Failed, "no-tlsrpt"),
		mailCase("tlsrpt", "two", rpt("v=TLSRPTv1; rua=mailto:a@example.nl", "v=TLSRPTv1; rua=mailto:b@example.nl"), Failed, "tlsrpt-several"),
		mailCase("tlsrpt", "no address", rpt("v=TLSRPTv1; rua=x"), Failed, "tlsrpt-no-address"),
		mailCase("tlsrpt", "a defect", rpt("v=TLSRPTv1; rua=mailto:a@example.nl;; "), Warning, "tlsrpt-defect"),
		mailCase("tlsrpt", "not known", lookAt("_smtp._tls."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
		mailCase("bimi", "one", nil, Info, "bimi"),
		mailCase("bimi", "declines", bimi("v=BIMI1; l=; a="), Info, "bimi-declines"),
		mailCase("bimi", "unusable", bimi("v=BIMI1; l=http://x"), Info, "bimi-unusable"),
		mailCase("bimi", "none", bimi(), NotApplicable, "no-bimi"),
		mailCase("bimi", "not known", lookAt("default._bimi."+inlDomain, "TXT", unseen), NotMeasured, "gap-timeout"),
	}
}

func starttlsCases() []verdictCase {
	dead := inlMailHosts("", func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = inlIsDead, nil, nil })
	ehlo := &fact.Reply{Code: 250, Lines: []string{"mx1.example.nl", "SIZE 1000"}}
	injection := func(o fact.Observed) inlChange {
		return inlMailHosts("", func(h *fact.MailHost) { h.SMTP.Injection = o })
	}
	return []verdictCase{
		mailCase("starttls.available", "works", nil, Passed, "starttls"),
		mailCase("starttls.available", "dead", dead, Failed, "dead-address"),
		mailCase("starttls.available", "one address dead", func(m *fact.Measurement) {
			m.Mail.Servers[0].Hosts[1] = fact.MailHost{Addr: inlMX1v6, Port25: inlIsDead}
		}, Failed, "dead-address"),
		mailCase("starttls.available", "not offered", inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS, s.EHLO = inlNo, nil, ehlo }), Failed, "no-starttls"),
		mailCase("starttls.available", "stripped", inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS, s.EHLO, s.Stripped = inlNo, nil, ehlo, "keyword XXXXXXXA" }), Failed, "starttls-stripped"),
		mailCase("starttls.available", "refused", inlSMTPOf(func(s *fact.SMTP) { s.STARTTLS = &fact.Reply{Code: 502} }), Failed, "starttls-refused"),
		mailCase("starttls.available", "no TLS", inlMailTLSOf(func(t *fact.TLS) { t.Working = inlNo }), Failed, "starttls-broken"),
		mailCase("starttls.available", "no SMTP", inlSMTPOf(func(s *fact.SMTP) { *s = fact.SMTP{State: fact.SMTPNone} }), Failed, "no-smtp"),
		mailCase("starttls.available", "greylisted", inlSMTPOf(func(s *fact.SMTP) {
			*s = fact.SMTP{State: fact.SMTPTemporary, Gap: fact.GapBlocked, Refusal: &fact.Reply{Code: 421, Lines: []string{"later"}}}
		}), NotMeasured, "gap-blocked"),
		mailCase("starttls.available", "does not want us", inlSMTPOf(func(s *fact.SMTP) { *s = fact.SMTP{State: fact.SMTPRefused, Refusal: &fact.Reply{Code: 554}} }), NotMeasured, "gap-blocked"),
		mailCase("starttls.available", "the server beyond our number", func(m *fact.Measurement) {
			m.Mail.Servers, m.Mail.Beyond = nil, []string{inlMX1}
		}, NotMeasured, "gap-beyond"),
		mailCase("starttls.available", "an address beyond our number", func(m *fact.Measurement) {
			m.Mail.Servers[0].Beyond = []netip.Addr{inlMX2v4}
		}, Passed, "starttls"),
		mailCase("starttls.available", "an MX that is an IP address", inlWithMX("10 192.0.2.1"), NotApplicable, "mx-literal"),
		mailCase("starttls.available", "no facts", func(m *fact.Measurement) { m.Mail.Servers = nil }, NotMeasured, "gap-not-asked"),
		mailCase("starttls.available", "its own address", implicitDomain, Passed, "starttls"),
		mailCase("tls.version", "dead", dead, NotApplicable, "dead"),
		mailCase("tls.version", "no STARTTLS", inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS = inlNo, nil }), NotApplicable, "no-tls"),
		mailCase("starttls.injection", "without a mandate", injection(fact.Observed{Gap: fact.GapMandate}), NotApplicable, "without-mandate"),
		mailCase("starttls.injection", "answered", injection(inlYes), Failed, "injection"),
		mailCase("starttls.injection", "ignored", injection(inlNo), Passed, "no-injection"),
		mailCase("starttls.injection", "not seen", injection(fact.Observed{Gap: fact.GapTimeout}), NotMeasured, "gap-timeout"),
		mailCase("starttls.injection", "no STARTTLS", inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS = inlNo, nil }), NotApplicable, "no-tls"),
		mailCase("starttls.injection", "not reached", inlMailHosts("", func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = fact.Reach{Gap: fact.GapNoIPv6}, nil, nil }), NotMeasured, "gap-no-ipv6"),
	}
}

// served changes the certificate that the mail server shows.
func served(f func(*x509.Certificate), trust fact.Trust) inlChange {
	return func(m *fact.Measurement) {
		der := inlCert(inlMailKey, func(c *x509.Certificate) { c.DNSNames = []string{inlMX1}; f(c) })
		m.Chains = append(m.Chains, fact.Chain{ID: "served", Certs: [][]byte{der}, Trust: trust})
		for i := range m.Mail.Servers[0].Hosts {
			m.Mail.Servers[0].Hosts[i].TLS.Deployments[0].Chain = "served"
		}
	}
}

func mailCertificateCases() []verdictCase {
	noSTS := inlTXTs("_mta-sts." + inlDomain)
	// daneTA says by DANE that the certificate that is served is the authority.
	daneTA := func(m *fact.Measurement) {
		inlTLSAs(inlMX1, inlTlsaRecord(2, m.Chains[len(m.Chains)-1].Certs[0]))(m)
	}
	untrusted := served(func(*x509.Certificate) {}, fact.Trust{Problem: "unknown_authority"})
	other := served(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} }, fact.Trust{Problem: "name_mismatch", PathWithoutName: true})
	old := served(func(c *x509.Certificate) { c.NotAfter = inlNow.AddDate(0, 0, -1) }, fact.Trust{Problem: "expired"})
	young := served(func(c *x509.Certificate) { c.NotBefore = inlNow.AddDate(0, 0, 1) }, fact.Trust{Problem: "not_yet_valid"})
	return []verdictCase{
		mailCase("cert.trust", "trusted", nil, Passed, "trusted"),
		mailCase("cert.trust", "another name", other, Passed, "trusted"),
		mailCase("cert.trust", "not trusted, nobody asks", inlAll(noSTS, untrusted), Info, "untrusted-unasked"),
		mailCase("cert.trust", "not trusted, MTA-STS", untrusted, Failed, "untrusted-asked"),
		mailCase("cert.trust", "we cannot tell", served(func(*x509.Certificate) {}, fact.Trust{Problem: "unsupported"}), NotMeasured, "gap-unsupported"),
		mailCase("cert.domain", "matches", nil, Passed, "name-matches"),
		mailCase("cert.domain", "differs, nobody asks", inlAll(noSTS, other), Info, "name-mismatch-unasked"),
		mailCase("cert.domain", "differs, MTA-STS", other, Failed, "name-mismatch-asked"),
		mailCase("cert.domain", "differs, DANE-TA", inlAll(noSTS, other, daneTA), Failed, "name-mismatch-asked"),
		mailCase("cert.domain", "the domain itself, DANE-TA", inlAll(noSTS, served(func(c *x509.Certificate) { c.DNSNames = []string{inlDomain} }, fact.Trust{}), daneTA), Passed, "name-matches"),
		mailCase("cert.expiry", "valid", nil, Passed, "valid-until"),
		mailCase("cert.expiry", "expired, MTA-STS", old, Failed, "expired"),
		mailCase("cert.expiry", "expired, nobody asks", inlAll(noSTS, old), Warning, "expired"),
		mailCase("cert.expiry", "not yet valid, DANE-TA", inlAll(noSTS, young, daneTA), Failed, "not-yet-valid"),
		mailCase("cert.expiry", "unreadable", inlAll(noSTS, func(m *fact.Measurement) { m.Chains[0].Certs = [][]byte{{0x30}} }), Warning, "certificate-unreadable"),
	}
}

func mailDANECases() []verdictCase {
	tlsaOf := func(f func(*fact.Lookup)) inlChange { return lookAt(mailTLSA(inlMX1), "TLSA", f) }
	leaf := func(usage byte) inlChange {
		return func(m *fact.Measurement) { inlTLSAs(inlMX1, inlTlsaRecord(usage, mxLeaf(m, inlMX1)))(m) }
	}
	wrong := inlTLSAs(inlMX1, inlTlsaRecord(3, []byte("old")))
	alias := inlAll(lookAt(inlMX1, "A", func(l *fact.Lookup) {
		l.Aliases = []fact.Alias{{From: inlMX1, To: "mail.example.nl", Type: "CNAME", Security: fact.Secure}}
	}), func(m *fact.Measurement) {
		m.DNS.Lookups = append(m.DNS.Lookups, inlSecure(mailTLSA("mail.example.nl"), "TLSA", inlTlsaRecord(3, mxLeaf(m, inlMX1))))
	}, inlTLSAs(inlMX1))
	return []verdictCase{
		mailCase("dane.exists", "usage 3", nil, Passed, "tlsa"),
		mailCase("dane.exists", "usage 2", leaf(2), Passed, "tlsa"),
		mailCase("dane.exists", "usage 1 alone", leaf(1), Failed, "tlsa-unusable"),
		mailCase("dane.exists", "malformed", inlTLSAs(inlMX1, fact.Record{Data: "3 1", Raw: []byte{3, 1}}), Failed, "tlsa-unusable"),
		mailCase("dane.exists", "none", inlTLSAs(inlMX1), Failed, "no-tlsa"),
		mailCase("dane.exists", "not signed", tlsaOf(insecure), Failed, "tlsa-not-secure"),
		mailCase("dane.exists", "bogus", tlsaOf(bogus), Failed, "dnssec-bogus"),
		mailCase("dane.exists", "bogus denial", inlAll(inlTLSAs(inlMX1), tlsaOf(bogus)), Failed, "dnssec-bogus"),
		mailCase("dane.exists", "not known", tlsaOf(unseen), NotMeasured, "gap-timeout"),
		mailCase("dane.exists", "servers fail", tlsaOf(func(l *fact.Lookup) { l.Records, l.RCode = nil, "SERVFAIL" }), NotMeasured, "gap-dns"),
		mailCase("dane.exists", "one of two", inlAll(inlSecondMX, inlTLSAs(inlMX2)), Failed, "no-tlsa"),
		mailCase("dane.exists", "at the end of a secure alias", alias, Passed, "tlsa"),
		mailCase("dane.valid", "usage 3", nil, Passed, "tlsa-valid"),
		mailCase("dane.valid", "usage 3, expired and of another name", inlAll(served(func(c *x509.Certificate) {
			c.NotAfter, c.DNSNames = inlNow.AddDate(0, 0, -1), []string{"other.example"}
		}, fact.Trust{Problem: "expired"}), func(m *fact.Measurement) {
			inlTLSAs(inlMX1, inlTlsaRecord(3, m.Chains[len(m.Chains)-1].Certs[0]))(m)
		}), Passed, "tlsa-valid"),
		mailCase("dane.valid", "at the end of a secure alias", alias, Passed, "tlsa-valid"),
		mailCase("dane.valid", "does not match", wrong, Failed, "tlsa-mismatch"),
		mailCase("dane.valid", "usage 2 and another name", inlAll(served(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} }, fact.Trust{}), func(m *fact.Measurement) {
			inlTLSAs(inlMX1, inlTlsaRecord(2, m.Chains[len(m.Chains)-1].Certs[0]))(m)
		}), Failed, "tlsa-mismatch"),
		mailCase("dane.valid", "none", inlTLSAs(inlMX1), NotApplicable, "no-usable-tlsa"),
		mailCase("dane.valid", "not known", tlsaOf(unseen), NotMeasured, "gap-timeout"),
		mailCase("dane.valid", "unreadable certificate", func(m *fact.Measurement) { m.Chains[0].Certs = [][]byte{{0x30}} }, NotMeasured, "gap-unsupported"),
		mailCase("dane.rollover", "two", nil, Passed, "tlsa-records"),
		mailCase("dane.rollover", "one", leaf(3), Warning, "tlsa-records"),
		mailCase("dane.rollover", "none", inlTLSAs(inlMX1), NotApplicable, "no-usable-tlsa"),
		mailCase("dane.rollover", "not known", tlsaOf(unseen), NotMeasured, "gap-timeout"),
	}
}

// TestGoodMailIsUpToStandard shows that nothing is to be remarked on the good mail
// domain, apart from what is ahead of the norm.
func TestGoodMailIsUpToStandard(t *testing.T) {
	r := Judge(goodMail(), Editions()[0])
	for _, d := range r.Verdicts {
		if d.Outcome == Failed && d.ID != "mail.tls.good" || d.Outcome == Warning || d.Outcome == NotMeasured {
			t.Errorf("%s: %v %v", d.ID, d.Outcome, d.Reasons)
		}
		for _, x := range d.Reasons {
			if x.Code == "no-website" {
				t.Errorf("%s speaks of a website", d.ID)
			}
		}
	}
	if r.Word != UpToStandard || !r.Complete {
		t.Errorf("%s, complete %v", r.Word, r.Complete)
	}
}

// TestADomainWithoutMailCanBeUpToStandard is a domain that neither takes nor sends mail
// and says so: what is about mail servers does not apply.
func TestADomainWithoutMailCanBeUpToStandard(t *testing.T) {
	m := goodMail()
	inlAll(inlWithMX("0 ."), inlSPFs("v=spf1 -all"), inlTXTs("s1._domainkey."+inlDomain), lookAt("_domainkey."+inlDomain, "TXT", nxdomain))(m)
	r := Judge(m, Editions()[0])
	for _, d := range r.Verdicts {
		if d.Outcome == Failed || d.Outcome == NotMeasured {
			t.Errorf("%s: %v %v", d.ID, d.Outcome, d.Reasons)
		}
	}
	if r.Word != UpToStandard || r.Score == nil || *r.Score != 100 {
		t.Errorf("%s", r.Word)
	}
}

// mxLeaf is the certificate of a mail server.
func mxLeaf(m *fact.Measurement, server string) []byte {
	for _, c := range m.Chains {
		if c.Trust.ServerName == server {
			return c.Certs[0]
		}
	}
	return nil
}
