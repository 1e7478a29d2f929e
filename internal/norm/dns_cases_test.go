package norm

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/netip"
	"testing"

	"peil/internal/fact"
)

// lookups changes the answers for A and AAAA of the name.
func lookups(f func(*fact.Lookup)) change {
	return facts(func(m *fact.Measurement) {
		for i := range m.DNS.Lookups {
			if l := &m.DNS.Lookups[i]; l.Name == siteName && (l.Type == "A" || l.Type == "AAAA") {
				f(l)
			}
		}
	})
}

func lookupOf(name, qtype string, f func(*fact.Lookup)) change {
	return facts(func(m *fact.Measurement) { f(m.DNS.Lookup(name, qtype)) })
}

func zone(f func(*fact.Zone)) change {
	return facts(func(m *fact.Measurement) { f(m.DNS.Zone("example.nl")) })
}

func caaData(value string) []fact.Record {
	return []fact.Record{{Data: `0 issue "` + value + `"`, Raw: append([]byte{0, 5}, "issue"+value...)}}
}

// daneEE is the TLSA record 3 0 1 of a certificate.
func daneEE(der []byte) fact.Record {
	h := sha256.Sum256(der)
	return fact.Record{Data: fmt.Sprintf("3 0 1 %x", h), Raw: append([]byte{3, 0, 1}, h[:]...)}
}

// inACircle is a name whose aliases lead back to it: what the resolver writes down.
func inACircle(t *testing.T, m *fact.Measurement) {
	gone(t, m)
	for i := range m.DNS.Lookups {
		l := &m.DNS.Lookups[i]
		if l.Name != siteName {
			continue
		}
		l.RCode, l.Security, l.Gap, l.Records, l.Wire = "SERVFAIL", fact.Indeterminate, fact.GapDNS, nil, nil
		l.Aliases = []fact.Alias{{From: siteName, To: "a.example.nl", Type: "CNAME"}, {From: "a.example.nl", To: siteName, Type: "CNAME"}}
		l.Problem = &fact.Problem{Code: "alias_loop", Name: siteName}
	}
}

func dnsCases() []verdictCase {
	expired := &fact.Problem{EDE: 7, Code: "expired", Zone: "example.nl", Name: siteName, Type: "A", KeyTag: 1, When: now.AddDate(0, 0, -1)}
	insecure := func(l *fact.Lookup) { l.Security, l.Unsigned = fact.Insecure, fact.UnsignedNoDS }
	denial := func(iterations uint16, salt int) change {
		return zone(func(z *fact.Zone) { z.Denial = &fact.Denial{Kind: "NSEC3", Iterations: iterations, SaltLength: salt} })
	}
	key := func(a uint8, bits int) change {
		return zone(func(z *fact.Zone) { z.Keys = []fact.DNSKEY{{KeyTag: 1, Flags: 257, Algorithm: a, Bits: bits}} })
	}
	alias := func(l *fact.Lookup) {
		l.Aliases = []fact.Alias{{From: siteName, To: "weg.hoster.example", Type: "CNAME", Zone: "example.nl", Security: fact.Secure}}
	}
	return []verdictCase{
		peilCase("web.dnssec.secure", "signed", unchanged, Passed, "dnssec-signed"),
		peilCase("web.dnssec.secure", "unsigned", lookups(insecure), Failed, "dnssec-insecure"),
		peilCase("web.dnssec.secure", "alias leads to an unsigned zone", lookups(func(l *fact.Lookup) {
			l.Security = fact.Insecure
			l.Aliases = []fact.Alias{{From: siteName, To: "cdn.example", Type: "CNAME", Zone: "example.nl", Security: fact.Secure}}
		}), Failed, "dnssec-insecure"),
		peilCase("web.dnssec.secure", "unsigned alias", lookups(func(l *fact.Lookup) {
			l.Security = fact.Insecure
			l.Aliases = []fact.Alias{{From: siteName, To: "cdn.example", Type: "CNAME", Security: fact.Insecure}}
		}), Failed, "dnssec-insecure"),
		peilCase("web.dnssec.secure", "bogus is signed", lookups(func(l *fact.Lookup) { l.Security, l.Problem = fact.Bogus, expired }), Passed, "dnssec-signed"),
		peilCase("web.dnssec.secure", "not resolved", lookups(func(l *fact.Lookup) { l.Gap = fact.GapTimeout }), NotMeasured, "gap-timeout"),
		peilCase("web.dnssec.secure", "indeterminate", lookups(func(l *fact.Lookup) { l.Security = fact.Indeterminate }), NotMeasured, "gap-dns"),
		peilCase("web.dnssec.valid", "valid", unchanged, Passed, "dnssec-valid"),
		peilCase("web.dnssec.valid", "expired", lookups(func(l *fact.Lookup) { l.Security, l.Problem = fact.Bogus, expired }), Failed, "dnssec-bogus"),
		peilCase("web.dnssec.valid", "bogus TLSA", lookupOf("_443._tcp."+siteName, "TLSA", func(l *fact.Lookup) { l.Security = fact.Bogus }), Failed, "dnssec-bogus"),
		peilCase("web.dnssec.valid", "bogus name server", facts(func(m *fact.Measurement) { m.DNS.NameServers[1].Security = fact.Bogus }), Failed, "dnssec-bogus"),
		peilCase("web.dnssec.valid", "nothing signed", lookups(insecure), NotApplicable, "dnssec-nothing-signed"),
		peilCase("web.dnssec.nsec3", "no iterations", unchanged, Passed, "nsec3-right"),
		peilCase("web.dnssec.nsec3", "NSEC", zone(func(z *fact.Zone) { z.Denial = &fact.Denial{Kind: "NSEC"} }), Passed, "nsec"),
		peilCase("web.dnssec.nsec3", "salt", denial(0, 8), Warning, "nsec3-settings"),
		peilCase("web.dnssec.nsec3", "iterations", denial(10, 0), Warning, "nsec3-settings"),
		peilCase("web.dnssec.nsec3", "too many", denial(151, 0), Failed, "nsec3-settings"),
		peilCase("web.dnssec.nsec3", "no denial seen", zone(func(z *fact.Zone) { z.Denial = nil }), NotApplicable, "nsec3-not-seen"),
		peilCase("web.dnssec.nsec3", "unsigned zone", zone(func(z *fact.Zone) { z.Keys = nil }), NotApplicable, "zone-unsigned"),
		peilCase("web.dnssec.nsec3", "zone not seen", zone(func(z *fact.Zone) { z.Name = "other.nl" }), NotMeasured, "gap-not-asked"),
		peilCase("web.dnssec.lifetime", "fresh", unchanged, Passed, "signature-until"),
		peilCase("web.dnssec.lifetime", "hours left", zone(func(z *fact.Zone) { z.Signatures[0].Expiration = now.Add(3600e9) }), Warning, "signature-expires-soon"),
		peilCase("web.dnssec.lifetime", "a day is enough for one that lives two", zone(func(z *fact.Zone) {
			z.Signatures[0].Inception, z.Signatures[0].Expiration = now.AddDate(0, 0, -1), now.AddDate(0, 0, 1)
		}), Passed, "signature-until"),
		peilCase("web.dnssec.lifetime", "one has run out", zone(func(z *fact.Zone) {
			z.Signatures = append(z.Signatures, fact.Signature{Name: "old.example.nl", Type: "A", Inception: now.AddDate(0, 0, -30), Expiration: now.AddDate(0, 0, -1)})
		}), Failed, "signature-expired"),
		peilCase("web.dnssec.lifetime", "one has run out and its successor is there", zone(func(z *fact.Zone) {
			old := z.Signatures[0]
			old.Expiration = now.AddDate(0, 0, -1)
			z.Signatures = append(z.Signatures, old)
		}), Passed, "signature-until"),
		peilCase("web.dnssec.lifetime", "none seen", zone(func(z *fact.Zone) { z.Signatures = nil }), NotApplicable, "no-signature-seen"),
		peilCase("web.dnssec.algorithm", "13", unchanged, Passed, "dnssec-algorithms"),
		peilCase("web.dnssec.algorithm", "RSASHA1", key(7, 2048), Failed, "dnssec-old-algorithm"),
		peilCase("web.dnssec.algorithm", "RSASHA512", key(10, 2048), Warning, "dnssec-old-algorithm"),
		peilCase("web.dnssec.algorithm", "RSA 1024", key(8, 1024), Warning, "dnssec-short-key"),
		peilCase("web.dnssec.algorithm", "RSA 512", key(8, 512), Failed, "dnssec-short-key"),
		peilCase("web.dnssec.algorithm", "SHA-1 digest alone", zone(func(z *fact.Zone) { z.DS[0].Digest = 1 }), Failed, "dnssec-old-digest"),
		peilCase("web.dnssec.algorithm", "SHA-1 digest beside", zone(func(z *fact.Zone) { z.DS = append(z.DS, fact.DS{KeyTag: 1, Algorithm: 13, Digest: 1}) }), Warning, "dnssec-old-digest"),
		peilCase("web.dnssec.modern", "13", unchanged, Passed, "dnssec-algorithms"),
		peilCase("web.dnssec.modern", "8", key(8, 2048), Failed, "dnssec-not-modern"),

		peilCase("web.dns.dangling", "none", unchanged, Passed, "ns-exists"),
		peilCase("web.dns.dangling", "alias to nothing", func(t *testing.T, m *fact.Measurement) {
			gone(t, m)
			lookups(func(l *fact.Lookup) { alias(l); l.RCode = "NXDOMAIN" })(t, m)
		}, Failed, "dangling-alias"),
		peilCase("web.dns.dangling", "aliases in a circle", inACircle, Failed, "alias-loop"),
		peilCase("web.https.available", "aliases in a circle", inACircle, NotApplicable, "no-website"),
		peilCase("web.dnssec.valid", "aliases in a circle", inACircle, NotApplicable, "no-website"),
		peilCase("web.dns.dangling", "name server without address", facts(func(m *fact.Measurement) { m.DNS.NameServers[0].Missing = true }), Failed, "dangling-ns"),
		peilCase("web.dns.dangling", "no website", gone, NotApplicable, "no-website"),
		peilCase("web.dns.dangling", "name server not looked up", facts(func(m *fact.Measurement) { m.DNS.NameServers[0].Gap = fact.GapTimeout }), NotMeasured, "gap-timeout"),
		peilCase("web.dns.delegation", "same", unchanged, Passed, "delegation-same"),
		peilCase("web.dns.delegation", "parent not asked", zone(func(z *fact.Zone) { z.ParentNS, z.ParentNSGap = nil, fact.GapUnsupported }), NotMeasured, "gap-unsupported"),
		peilCase("web.dns.delegation", "differs", zone(func(z *fact.Zone) { z.ParentNS = []string{"ns1.example.nl", "ns9.example.nl"} }), Warning, "delegation-differs"),
		peilCase("web.dns.delegation", "lame", facts(func(m *fact.Measurement) { m.DNS.NameServers[0].Addrs[0].Authoritative = false }), Warning, "lame"),
		peilCase("web.dns.delegation", "dead", facts(func(m *fact.Measurement) {
			d := fact.Reach{State: fact.ReachDead, How: "silent"}
			m.DNS.NameServers[0].Addrs[0].UDP, m.DNS.NameServers[0].Addrs[0].TCP = d, d
		}), Warning, "dead-address"),
		peilCase("web.dns.delegation", "one name server", facts(func(m *fact.Measurement) { m.DNS.NameServers = m.DNS.NameServers[:1] }), Warning, "one-name-server"),
		peilCase("web.dns.delegation", "not seen", facts(func(m *fact.Measurement) { m.DNS.NameServers, m.DNS.NSGap = nil, fact.GapTimeout }), NotMeasured, "gap-timeout"),
		peilCase("web.dns.pair", "answers", unchanged, Passed, "pair-answers"),
		peilCase("web.dns.pair", "no address", facts(func(m *fact.Measurement) { m.Web.Pair.A.Records, m.Web.Pair.AAAA.Records = nil, nil }), Failed, "pair-no-address"),
		peilCase("web.dns.pair", "no IPv6, as a bogus answer says", facts(func(m *fact.Measurement) {
			p := m.Web.Pair
			p.A.Security, p.AAAA.Security, p.AAAA.Records = fact.Bogus, fact.Bogus, nil
			p.Plain6, p.Secure6 = nil, nil
		}), Passed, "pair-answers"),
		peilCase("web.dns.pair", "no address, as bogus answers say", facts(func(m *fact.Measurement) {
			p := m.Web.Pair
			p.A.Security, p.AAAA.Security, p.A.Records, p.AAAA.Records = fact.Bogus, fact.Bogus, nil, nil
		}), NotMeasured, "gap-dns"),
		peilCase("web.dns.pair", "aliases in a circle", facts(func(m *fact.Measurement) {
			for _, l := range []*fact.Lookup{m.Web.Pair.A, m.Web.Pair.AAAA} {
				l.Gap, l.RCode, l.Security, l.Records, l.Problem = fact.GapDNS, "SERVFAIL", fact.Indeterminate, nil, &fact.Problem{Code: "alias_loop"}
			}
		}), Failed, "pair-no-address"),
		peilCase("web.dns.pair", "silent over IPv6", facts(func(m *fact.Measurement) {
			f := &fact.Fetch{End: fact.EndClientError, Hops: []fact.Hop{{URL: "https://example.nl/", Error: "refused"}}}
			m.Web.Pair.Plain6, m.Web.Pair.Secure6 = f, f
		}), Failed, "pair-no-answer"),
		peilCase("web.dns.pair", "no IPv6 here", facts(func(m *fact.Measurement) {
			f := &fact.Fetch{Gap: fact.GapNoIPv6}
			m.Web.Pair.Plain6, m.Web.Pair.Secure6 = f, f
		}), NotMeasured, "gap-no-ipv6"),
		peilCase("web.dns.pair", "an IPv4-mapped address is none", facts(func(m *fact.Measurement) {
			m.Web.Pair.AAAA.Records = []fact.Record{{Data: "::ffff:192.0.2.1"}}
			m.Web.Pair.Plain6, m.Web.Pair.Secure6 = &fact.Fetch{Gap: fact.GapNotPublic}, &fact.Fetch{Gap: fact.GapNotPublic}
		}), Passed, "pair-answers"),
		peilCase("web.dns.pair", "not looked up", facts(func(m *fact.Measurement) { m.Web.Pair.A, m.Web.Pair.AAAA = nil, nil }), NotMeasured, "gap-not-asked"),
		peilCase("web.dns.pair", "www. before what is no domain", facts(func(m *fact.Measurement) { m.Target.Name, m.Web.Pair = "www.sub.example.nl", nil }), NotApplicable, "no-pair"),
		peilCase("web.dns.pair", "www. before what may be a domain", facts(func(m *fact.Measurement) {
			m.Target.Name, m.Web.Pair, m.DNS.NSOwner, m.DNS.NSGap = "www.sub.example.nl", nil, "", fact.GapTimeout
		}), NotMeasured, "gap-timeout"),
		peilCase("web.dns.pair", "no pair", facts(func(m *fact.Measurement) { m.Target.Name, m.Web.Pair = "sub.example.nl", nil }), NotApplicable, "no-pair"),

		peilCase("web.dns.caa", "allows the issuer", unchanged, Passed, "caa-allows"),
		peilCase("web.dns.caa", "another certificate may exist", withTLS(cutOff), NotMeasured, "gap-blocked"),
		peilCase("web.dns.caa", "another issuer", lookupOf("example.nl", "CAA", func(l *fact.Lookup) { l.Records = caaData("digicert.com") }), Failed, "caa-other-issuer"),
		peilCase("web.dns.caa", "nobody may", lookupOf("example.nl", "CAA", func(l *fact.Lookup) { l.Records = caaData(";") }), Failed, "caa-nobody"),
		peilCase("web.dns.caa", "nobody may, and an issuer that we do not know", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issuedBy(t, "New CA", nil))
			m.DNS.Lookup("example.nl", "CAA").Records = caaData(";")
		}, Failed, "caa-nobody"),
		peilCase("web.dns.caa", "nobody may, and a certificate that is not public", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issuedBy(t, "New CA", nil)).Trust = fact.Trust{Problem: "self_signed"}
			m.DNS.Lookup("example.nl", "CAA").Records = caaData(";")
		}, Info, "caa-issuer-unknown"),
		peilCase("web.dns.caa", "an issuer of which we may not know all names", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issuedBy(t, "Sectigo Limited", nil))
		}, Info, "caa-issuer-unknown"),
		peilCase("web.dns.caa", "an issuer that is named like another", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issuedBy(t, "Amazonia CA", nil))
		}, Info, "caa-issuer-unknown"),
		peilCase("web.dns.caa", "an unknown issuer with its certificate below the domain of CAA", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issuedBy(t, "New CA", func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://crt.new-ca.example/ca.crt"} }))
			m.DNS.Lookup("example.nl", "CAA").Records = caaData("new-ca.example")
		}, Passed, "caa-allows"),
		peilCase("web.dns.caa", "a known issuer, wildcards forbidden, and the name stands there itself", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issued(t, func(c *x509.Certificate) { c.DNSNames = []string{siteName, "*.cdn.example"} }))
			l := m.DNS.Lookup("example.nl", "CAA")
			l.Records = append(caaData("letsencrypt.org"), fact.Record{Data: `0 issuewild ";"`, Raw: append([]byte{0, 9}, "issuewild;"...)})
		}, Passed, "caa-allows"),
		peilCase("web.dns.caa", "wildcards forbidden, and the name stands there by one", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issued(t, func(c *x509.Certificate) { c.DNSNames = []string{"*.example.nl"} }))
			l := m.DNS.Lookup("example.nl", "CAA")
			l.Records = append(caaData("letsencrypt.org"), fact.Record{Data: `0 issuewild ";"`, Raw: append([]byte{0, 9}, "issuewild;"...)})
		}, Failed, "caa-nobody"),
		peilCase("web.dns.caa", "a certificate for another name", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issued(t, func(c *x509.Certificate) { c.DNSNames = []string{"other.example.org"} }))
			m.DNS.Lookup("example.nl", "CAA").Records = caaData("digicert.com")
		}, Passed, "caa-present"),
		peilCase("web.dns.caa", "an issuer that we do not know", func(t *testing.T, m *fact.Measurement) {
			chainOf(m, issuedBy(t, "New CA", nil))
		}, Info, "caa-issuer-unknown"),
		peilCase("web.dns.caa", "none", lookupOf("example.nl", "CAA", func(l *fact.Lookup) { l.Records = nil }), Failed, "no-caa"),
		peilCase("web.dns.caa", "only iodef", lookupOf("example.nl", "CAA", func(l *fact.Lookup) {
			l.Records = []fact.Record{{Data: `0 iodef "mailto:a@example.nl"`, Raw: append([]byte{0, 5}, "iodefmailto:a@example.nl"...)}}
		}), Warning, "caa-no-issue"),
		peilCase("web.dns.caa", "malformed", lookupOf("example.nl", "CAA", func(l *fact.Lookup) { l.Records = []fact.Record{{Data: "bad", Raw: []byte{0}}} }), Warning, "caa-defect"),
		peilCase("web.dns.caa", "bogus", lookupOf("example.nl", "CAA", func(l *fact.Lookup) { l.Security = fact.Bogus }), Failed, "dnssec-bogus"),
		peilCase("web.dns.caa", "not seen", lookupOf(siteName, "CAA", func(l *fact.Lookup) { l.Gap = fact.GapTimeout }), NotMeasured, "gap-timeout"),
		peilCase("web.dns.svcb", "there", unchanged, Passed, "has-record"),
		peilCase("web.dns.svcb", "none", lookupOf(siteName, "HTTPS", func(l *fact.Lookup) { l.Records = nil }), Failed, "no-https-record"),
		peilCase("web.dns.svcb", "not seen", lookupOf(siteName, "HTTPS", func(l *fact.Lookup) { l.Gap = fact.GapTimeout }), NotMeasured, "gap-timeout"),

		peilCase("web.dane", "no record", unchanged, NotApplicable, "no-tlsa"),
		peilCase("web.dane", "fits", facts(func(m *fact.Measurement) {
			m.DNS.Lookup("_443._tcp."+siteName, "TLSA").Records = []fact.Record{daneEE(m.Chains[0].Certs[0])}
		}), Passed, "tlsa-valid"),
		peilCase("web.dane", "does not fit", facts(func(m *fact.Measurement) {
			m.DNS.Lookup("_443._tcp."+siteName, "TLSA").Records = []fact.Record{daneEE(m.Chains[0].Certs[1])}
		}), Failed, "tlsa-mismatch"),
		peilCase("web.dane", "unusable", facts(func(m *fact.Measurement) {
			m.DNS.Lookup("_443._tcp."+siteName, "TLSA").Records = []fact.Record{{Data: "9 9 9 00", Raw: []byte{9, 9, 9, 0}}}
		}), Failed, "tlsa-unusable"),
		peilCase("web.dane", "one of three fits", facts(func(m *fact.Measurement) {
			bad := daneEE(m.Chains[0].Certs[1])
			m.DNS.Lookup("_443._tcp."+siteName, "TLSA").Records = []fact.Record{bad, {Data: "9 9 9 00", Raw: []byte{9, 9, 9, 0}}, daneEE(m.Chains[0].Certs[0])}
		}), Passed, "tlsa-valid"),
		peilCase("web.dane", "the public root, which is not sent", facts(func(m *fact.Measurement) {
			key := make([]byte, 32)
			key[0] = 7
			m.Chains[0].Trust.Anchor = &fact.Anchor{Cert: make([]byte, 32), Key: key}
			m.DNS.Lookup("_443._tcp."+siteName, "TLSA").Records = []fact.Record{{Data: "0 1 1", Raw: append([]byte{0, 1, 1}, key...)}}
		}), Passed, "tlsa-valid"),
		peilCase("web.dane", "another public root", facts(func(m *fact.Measurement) {
			m.Chains[0].Trust.Anchor = &fact.Anchor{Cert: make([]byte, 32), Key: make([]byte, 32)}
			other := make([]byte, 32)
			other[0] = 7
			m.DNS.Lookup("_443._tcp."+siteName, "TLSA").Records = []fact.Record{{Data: "0 1 1", Raw: append([]byte{0, 1, 1}, other...)}}
		}), Failed, "tlsa-mismatch"),
		peilCase("web.dane", "not secure", facts(func(m *fact.Measurement) {
			l := m.DNS.Lookup("_443._tcp."+siteName, "TLSA")
			l.Records, l.Security = []fact.Record{daneEE(m.Chains[0].Certs[0])}, fact.Insecure
		}), Failed, "tlsa-not-secure"),
		peilCase("web.dane", "not asked", facts(func(m *fact.Measurement) { m.DNS.Lookups = m.DNS.Lookups[1:] }), NotMeasured, "gap-not-asked"),
	}
}

func ipv6Cases() []verdictCase {
	noAAAA := func(m *fact.Measurement, n int) {
		for i := range n {
			m.DNS.NameServers[i].Addrs = m.DNS.NameServers[i].Addrs[:1]
		}
	}
	deadReach := fact.Reach{State: fact.ReachDead, How: "silent"}
	similar := func(f func(*fact.Similarity)) change {
		return facts(func(m *fact.Measurement) { f(m.Web.Similarity) })
	}
	only4 := facts(func(m *fact.Measurement) {
		m.Web.Hosts, m.Web.Similarity = m.Web.Hosts[:1], nil
		m.DNS.Lookup(siteName, "AAAA").Records = nil
	})
	mapped := facts(func(m *fact.Measurement) {
		m.Web.Hosts, m.Web.Similarity = m.Web.Hosts[:1], nil
		m.DNS.Lookup(siteName, "AAAA").Records = []fact.Record{{Data: "::ffff:192.0.2.10"}}
	})
	return []verdictCase{
		peilCase("web.ipv6.ns", "two", unchanged, Passed, "ns-ipv6-count"),
		peilCase("web.ipv6.ns", "one of two", facts(func(m *fact.Measurement) { noAAAA(m, 1) }), Failed, "ns-ipv6-count"),
		peilCase("web.ipv6.ns", "two of three", facts(func(m *fact.Measurement) {
			m.DNS.NameServers = append(m.DNS.NameServers, fact.NameServer{Name: "ns3.example.nl", Addrs: m.DNS.NameServers[0].Addrs[:1]})
		}), Passed, "ns-ipv6-count"),
		peilCase("web.ipv6.ns", "IPv4-mapped does not count", facts(func(m *fact.Measurement) {
			m.DNS.NameServers[0].Addrs[1].Addr = netip.MustParseAddr("::ffff:192.0.2.1")
		}), Failed, "ns-ipv6-count"),
		peilCase("web.ipv6.ns", "one not looked up", facts(func(m *fact.Measurement) {
			m.DNS.NameServers[0] = fact.NameServer{Name: "ns1.example.nl", Gap: fact.GapTimeout}
		}), NotMeasured, "gap-timeout"),
		peilCase("web.ipv6.nsreach", "all", unchanged, Passed, "answers"),
		peilCase("web.ipv6.nsreach", "one dead", facts(func(m *fact.Measurement) {
			m.DNS.NameServers[1].Addrs[1].UDP, m.DNS.NameServers[1].Addrs[1].TCP = deadReach, deadReach
		}), Failed, "dead-address"),
		peilCase("web.ipv6.nsreach", "no IPv6", facts(func(m *fact.Measurement) { noAAAA(m, 2) }), NotApplicable, "no-ns-ipv6"),
		peilCase("web.ipv6.nsreach", "no IPv6 here", facts(func(m *fact.Measurement) {
			g := fact.Reach{Gap: fact.GapNoIPv6}
			m.DNS.NameServers[1].Addrs[1].UDP, m.DNS.NameServers[1].Addrs[1].TCP = g, g
		}), NotMeasured, "gap-no-ipv6"),
		peilCase("web.ipv6.address", "has one", unchanged, Passed, "has-ipv6"),
		peilCase("web.ipv6.address", "none", only4, Failed, "no-ipv6"),
		peilCase("web.ipv6.address", "IPv4-mapped", mapped, Failed, "mapped-ipv6"),
		peilCase("web.ipv6.reach", "IPv4-mapped", mapped, NotApplicable, "mapped-ipv6"),
		peilCase("web.ipv6.address", "not looked up", facts(func(m *fact.Measurement) {
			m.Web.Hosts = m.Web.Hosts[:1]
			m.DNS.Lookup(siteName, "AAAA").Gap = fact.GapTimeout
		}), NotMeasured, "gap-timeout"),
		peilCase("web.ipv6.reach", "answers", unchanged, Passed, "answers"),
		peilCase("web.ipv6.reach", "dead", second(func(h *fact.WebHost) { h.Port80, h.Port443 = deadReach, deadReach }), Failed, "dead-address"),
		peilCase("web.ipv6.reach", "443 over IPv4 only", second(func(h *fact.WebHost) { h.Port443 = deadReach }), Failed, "port-v4-only"),
		peilCase("web.ipv6.reach", "neither family has http", hosts(func(h *fact.WebHost) { h.Port80 = deadReach }), Passed, "answers"),
		peilCase("web.ipv6.reach", "none", only4, NotApplicable, "no-ipv6"),
		peilCase("web.ipv6.reach", "no IPv6 here", second(blind), NotMeasured, "gap-no-ipv6"),
		peilCase("web.ipv6.similar", "same", unchanged, Passed, "same-content"),
		peilCase("web.ipv6.similar", "other status", similar(func(s *fact.Similarity) { s.Status6 = 404 }), Failed, "status-differs"),
		peilCase("web.ipv6.similar", "other content", similar(func(s *fact.Similarity) { s.Class, s.Distance = "differs", 40 }), Warning, "content-differs"),
		peilCase("web.ipv6.similar", "other ports", similar(func(s *fact.Similarity) { s.Reason = "ports_differ" }), Warning, "not-comparable"),
		peilCase("web.ipv6.similar", "one family silent", similar(func(s *fact.Similarity) { s.Reason = "no_answer_v6" }), NotApplicable, "one-family"),
		peilCase("web.ipv6.similar", "one family", only4, NotApplicable, "one-family"),
		peilCase("web.ipv6.similar", "not asked", facts(func(m *fact.Measurement) { m.Web.Similarity = nil }), NotMeasured, "gap-not-asked"),
		peilCase("web.ipv6.similar", "not seen", similar(func(s *fact.Similarity) { s.Gap = fact.GapBudget }), NotMeasured, "gap-budget"),
	}
}

func rpkiCases() []verdictCase {
	route := func(i int, f func(*fact.Route)) change {
		return facts(func(m *fact.Measurement) { f(&m.Routes[i]) })
	}
	noROA := func(r *fact.Route) {
		r.Covering = nil
		r.Origins[0].State, r.Origins[0].VRPs = fact.ROVNotFound, nil
	}
	invalid := func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }
	var cs []verdictCase
	for _, x := range []struct {
		exists, valid string
		i             int
	}{{"web.rpki.exists", "web.rpki.valid", 0}, {"web.rpki.nsexists", "web.rpki.nsvalid", 2}} {
		all := func(f func(*fact.Route)) change {
			return facts(func(m *fact.Measurement) {
				for i := range m.Routes {
					f(&m.Routes[i])
				}
			})
		}
		cs = append(cs,
			peilCase(x.exists, "all", unchanged, Passed, "roa"),
			peilCase(x.exists, "one without", route(x.i, noROA), Failed, "no-roa"),
			peilCase(x.exists, "only a ROA of a smaller block than the route", route(x.i, func(r *fact.Route) {
				r.Origins[0].State, r.Origins[0].VRPs = fact.ROVNotFound, nil
			}), Failed, "no-roa"),
			peilCase(x.exists, "a ROA and no route", route(x.i, func(r *fact.Route) { r.Origins = nil }), Passed, "roa"),
			peilCase(x.exists, "an invalid route has a ROA", route(x.i, invalid), Passed, "roa"),
			peilCase(x.exists, "one that is no public address", route(x.i, func(r *fact.Route) { *r = fact.Route{Addr: r.Addr, NotPublic: true} }), Passed, "roa"),
			peilCase(x.exists, "no public address at all", all(func(r *fact.Route) { *r = fact.Route{Addr: r.Addr, NotPublic: true} }), NotApplicable, "not-public"),
			peilCase(x.valid, "no public address at all", all(func(r *fact.Route) { *r = fact.Route{Addr: r.Addr, NotPublic: true} }), NotApplicable, "not-public"),
			peilCase(x.exists, "no source", route(x.i, func(r *fact.Route) { r.VRPGap = fact.GapNoSource }), NotMeasured, "gap-no-source"),
			peilCase(x.exists, "an address without facts", facts(func(m *fact.Measurement) { m.Routes = nil }), NotMeasured, "gap-not-asked"),
			peilCase(x.valid, "all", unchanged, Passed, "rpki-valid"),
			peilCase(x.valid, "one invalid", route(x.i, invalid), Failed, "rpki-invalid"),
			peilCase(x.valid, "too long a prefix", route(x.i, func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidLength }), Failed, "rpki-invalid"),
			peilCase(x.valid, "no ROA is another's business", all(noROA), NotApplicable, "rpki-not-found"),
			peilCase(x.valid, "not routed", all(func(r *fact.Route) { r.Origins = nil }), NotApplicable, "not-routed"),
			peilCase(x.valid, "no table", route(x.i, func(r *fact.Route) { r.RouteGap = fact.GapNoSource }), NotMeasured, "gap-no-source"))
	}
	cs = append(cs, peilCase("web.rpki.nsexists", "name servers without addresses", facts(func(m *fact.Measurement) {
		for i := range m.DNS.NameServers {
			m.DNS.NameServers[i].Addrs, m.DNS.NameServers[i].Missing = nil, true
		}
	}), NotApplicable, "no-subject"))
	return cs
}
