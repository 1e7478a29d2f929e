package norm

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"peil/internal/fact"
)

// TestEveryBranchOfTheMailTable has at least one case for each branch of each row of
// catalogue B.3: the good mail domain with one change.
func TestEveryBranchOfTheMailTable(t *testing.T) {
	for _, c := range inlMailCases() {
		t.Run(c.id+"/"+c.name, func(t *testing.T) {
			m := inlGoodMail()
			if c.do != nil {
				c.do(m)
			}
			r := inlJudgeMail(t, m)
			v := r.Verdict("mail_" + c.id)
			if v == nil {
				t.Fatal("no such test")
			}
			if got := brief(v); got != c.want {
				t.Errorf("got %s, want %s (%v)", got, c.want, v.Reasons)
			}
			inlCheckWords(t, r)
			for _, v := range r.Verdicts {
				if seen := v.Outcome != NotMeasured && v.Outcome != NotApplicable; seen && v.Check == "" || strings.Contains(v.Check, "\n") {
					t.Errorf("%s %s: check %q", v.ID, brief(&v), v.Check)
				}
				if v.Outcome == NotMeasured && r.Complete {
					t.Error("complete although not all was measured")
				}
			}
		})
	}
}

type inlMailCase struct {
	id, name string
	do       inlChange
	want     string
}

func inlMailCases() []inlMailCase {
	dead := func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = inlIsDead, nil, nil }
	hidden := func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = inlIsHidden, nil, nil }
	v6 := func(f func(*fact.MailHost)) inlChange {
		return inlMailHosts(inlMX1, func(h *fact.MailHost) {
			if h.Addr.Is6() {
				f(h)
			}
		})
	}
	noAAAA := func(server string) inlChange {
		return inlAll(inlLook(server, "AAAA", func(l *fact.Lookup) { l.Records = nil }), func(m *fact.Measurement) {
			s := m.Mail.Server(server)
			s.Hosts, s.Wire = s.Hosts[:1], s.Wire[:1]
		})
	}
	security := func(name, qtype string, sec fact.Security) inlChange {
		return inlLook(name, qtype, func(l *fact.Lookup) { l.Security = sec })
	}
	gap := func(name, qtype string, g fact.Gap) inlChange {
		return inlLook(name, qtype, func(l *fact.Lookup) { l.Gap, l.Records = g, nil })
	}
	rcode := func(name, qtype, code string) inlChange {
		return inlLook(name, qtype, func(l *fact.Lookup) { l.RCode, l.Records = code, nil })
	}
	noAddress := inlAll(inlLook(inlDomain, "A", func(l *fact.Lookup) { l.Records = nil }))
	noNull := inlAll(inlWithMX(), inlSPFs("v=spf1 -all"))
	tls := inlMailTLSOf
	ver := func(v fact.Version, o fact.Observed) inlChange {
		return tls(func(x *fact.TLS) {
			for i := range x.Versions {
				if x.Versions[i].Version == v {
					x.Versions[i].Observed = o
				}
			}
		})
	}
	suites := func(names ...string) inlChange {
		return tls(func(x *fact.TLS) {
			x.Suites[0].Accepted = nil
			for _, n := range names {
				x.Suites[0].Accepted = append(x.Suites[0].Accepted, inlSuiteOf(n))
			}
		})
	}
	only13 := inlAll(ver(fact.TLS12, inlNo), tls(func(x *fact.TLS) { x.Suites, x.KexSeen = x.Suites[1:], nil }))
	anonymous := inlAll(suites("TLS_DH_anon_WITH_AES_128_GCM_SHA256"), ver(fact.TLS13, inlNo), tls(func(x *fact.TLS) { x.Deployments, x.Suites = nil, x.Suites[:1] }))
	certificate := func(name string) inlChange {
		return inlMailChain(func(c *fact.Chain) { c.Certs = [][]byte{inlCerts()[name]} })
	}
	route := func(f func(*fact.Route), as ...netip.Addr) inlChange { return inlRoutes(f, as...) }
	ns1 := netip.MustParseAddr("192.0.2.51")
	other := "mx.provider.example"
	elsewhere := inlAll(inlWithMX("10 "+other), func(m *fact.Measurement) {
		server, lookups, chain := inlMailServerOf(other, inlMX2v4, inlMX2v6)
		server.NSOwner = "provider.example"
		m.Mail.Servers, m.Chains = []fact.MailServer{server}, []fact.Chain{chain}
		m.DNS.Lookups = append(m.DNS.Lookups, lookups...)
		m.DNS.Lookups = append(m.DNS.Lookups, inlSecure("provider.example", "NS", inlData1("ns.provider.example")),
			inlSecure("ns.provider.example", "A", inlData1("198.51.100.53")), inlSecure("ns.provider.example", "AAAA"),
			inlSecure("provider.example", "CAA"), inlSecure("example", "CAA"))
		m.Routes = append(m.Routes, inlGoodRoute(inlMX2v4), inlGoodRoute(inlMX2v6), inlGoodRoute(netip.MustParseAddr("198.51.100.53")))
	})
	ns3 := netip.MustParseAddr("198.51.100.53")
	return []inlMailCase{
		{"ipv6_ns_address", "two", nil, "good:passed"},
		{"ipv6_ns_address", "none", inlDropNS6(0, 1), "bad:failed"},
		{"ipv6_ns_address", "one", inlDropNS6(0), "other:failed"},
		{"ipv6_ns_reach", "all answer", nil, "good:passed 10/10"},
		{"ipv6_ns_reach", "one dead", func(m *fact.Measurement) { inlNs6(m, 0).UDP, inlNs6(m, 0).TCP = inlIsDead, inlIsDead }, "bad:failed 5/10"},
		{"ipv6_ns_reach", "none has AAAA", inlDropNS6(0, 1), "not-tested:not_tested 0/10"},

		{"ipv6_mx_address", "all", nil, "good:passed"},
		{"ipv6_mx_address", "none", noAAAA(inlMX1), "bad:failed"},
		{"ipv6_mx_address", "some", inlAll(inlSecondMX, noAAAA(inlMX2)), "bad:failed"},
		{"ipv6_mx_address", "no MX", inlWithMX(), "other:not_tested"},
		{"ipv6_mx_address", "only localhost", inlWithMX("10 localhost"), "other:not_tested"},
		{"ipv6_mx_address", "null MX", inlWithMX("0 ."), "null-mx:not_tested"},
		{"ipv6_mx_address", "no MX, sends nothing, has an address", noNull, "no-null-mx:info"},
		{"ipv6_mx_address", "no MX, sends nothing, has no address", inlAll(noNull, noAddress), "other:not_tested"},
		{"ipv6_mx_address", "null MX beside another", inlWithMX("0 .", "10 "+inlMX1), "null-mx-with-other-mx:warning"},
		{"ipv6_mx_address", "null MX without address", inlAll(inlWithMX("0 ."), noAddress), "null-mx-without-a-aaaa:info"},
		{"ipv6_mx_address", "another preference makes the root a host", inlWithMX("10 ."), "bad:failed"},
		{"ipv6_mx_address", "an address as name", inlWithMX("10 192.0.2.25"), "bad:failed"},
		{"ipv6_mx_address", "an address in brackets as name", inlWithMX("10 [192.0.2.25]"), "bad:failed"},
		{"ipv6_mx_address", "MX not looked up", gap(inlDomain, "MX", fact.GapTimeout), "? timeout"},
		{"ipv6_mx_address", "an address not looked up", gap(inlMX1, "AAAA", fact.GapTimeout), "? timeout"},
		{"ipv6_mx_reach", "all answer", nil, "good:passed 10/10"},
		{"ipv6_mx_reach", "none has AAAA", noAAAA(inlMX1), "not-tested:not_tested 0/10"},
		{"ipv6_mx_reach", "dead", v6(dead), "bad:failed 0/10"},
		{"ipv6_mx_reach", "one of two dead", inlAll(inlSecondMX, v6(dead)), "bad:failed 5/10"},
		{"ipv6_mx_reach", "listed at two preferences it counts twice", inlAll(inlSecondMX, v6(dead), func(m *fact.Measurement) {
			l := m.DNS.Lookup(inlDomain, "MX")
			l.Records = append(l.Records, inlData1("30 "+inlMX2))
		}), "bad:failed 6/10"},
		{"ipv6_mx_reach", "one has no AAAA", inlAll(inlSecondMX, noAAAA(inlMX2)), "good:passed 5/10"},
		{"ipv6_mx_reach", "one address of two dead", func(m *fact.Measurement) {
			extra := netip.MustParseAddr("2001:db8::27")
			inlLook(inlMX1, "AAAA", func(l *fact.Lookup) { l.Records = append(l.Records, inlData1(extra.String())) })(m)
			s := m.Mail.Server(inlMX1)
			s.Hosts = append(s.Hosts, fact.MailHost{Addr: extra, Port25: inlIsDead})
		}, "bad:failed 2/10"},
		{"ipv6_mx_reach", "not seen", v6(hidden), "? timeout"},
		{"ipv6_mx_reach", "no MX", inlWithMX(), "not-tested:not_tested"},

		{"dnssec_mailto_exist", "secure", nil, "good:passed"},
		{"dnssec_mailto_exist", "insecure", security(inlDomain, "SOA", fact.Insecure), "bad:failed"},
		{"dnssec_mailto_exist", "servers refuse", rcode(inlDomain, "SOA", "SERVFAIL"), "resolver-error:failed"},
		{"dnssec_mailto_valid", "secure", nil, "good:passed 10/10"},
		{"dnssec_mailto_valid", "bogus", security(inlDomain, "SOA", fact.Bogus), "bad:failed 0/10"},
		{"dnssec_mailto_valid", "insecure", security(inlDomain, "SOA", fact.Insecure), "not-tested:not_tested 2/10"},
		{"dnssec_mailto_valid", "a mail server is insecure: the least counts", security(inlMX1, "SOA", fact.Insecure), "good:passed 2/10"},
		{"dnssec_mailto_valid", "a mail server is bogus", inlAll(inlSecondMX, security(inlMX2, "SOA", fact.Bogus)), "good:passed 0/10"},
		{"dnssec_mailto_valid", "a mail server not seen", gap(inlMX1, "SOA", fact.GapTimeout), "good:passed 10/10"},
		{"dnssec_mx_exist", "secure", nil, "good:passed"},
		{"dnssec_mx_exist", "bogus", security(inlMX1, "SOA", fact.Bogus), "good:passed"},
		{"dnssec_mx_exist", "insecure", security(inlMX1, "SOA", fact.Insecure), "bad:failed"},
		{"dnssec_mx_exist", "one of two", inlAll(inlSecondMX, security(inlMX2, "SOA", fact.Insecure)), "bad:failed"},
		{"dnssec_mx_exist", "servers refuse", rcode(inlMX1, "SOA", "SERVFAIL"), "resolver-error:failed"},
		{"dnssec_mx_exist", "no MX", inlWithMX(), "no-mailservers:not_tested"},
		{"dnssec_mx_exist", "null MX", inlWithMX("0 ."), "null-mx:not_tested"},
		{"dnssec_mx_exist", "no null MX", noNull, "no-null-mx:info"},
		{"dnssec_mx_exist", "null MX beside another", inlWithMX("0 .", "10 "+inlMX1), "null-mx-with-other-mx:warning"},
		{"dnssec_mx_exist", "null MX without address", inlAll(inlWithMX("0 ."), noAddress), "null-mx-without-a-aaaa:info"},
		{"dnssec_mx_exist", "not asked: the address tells", func(m *fact.Measurement) { inlLookup(m, inlMX1, "SOA").Gap = fact.GapTimeout }, "good:passed"},
		{"dnssec_mx_valid", "secure", nil, "good:passed"},
		{"dnssec_mx_valid", "bogus", security(inlMX1, "SOA", fact.Bogus), "bad:failed"},
		{"dnssec_mx_valid", "insecure", security(inlMX1, "SOA", fact.Insecure), "not-tested:not_tested"},
		{"dnssec_mx_valid", "servers refuse", rcode(inlMX1, "SOA", "SERVFAIL"), "not-tested:not_tested"},
		{"dnssec_mx_valid", "no MX", inlWithMX(), "not-tested:not_tested"},

		{"auth_dmarc_exist", "one", nil, "good:passed 10/10"},
		{"auth_dmarc_exist", "none", inlDMARCs(), "bad:failed 0/10"},
		{"auth_dmarc_exist", "another TXT", inlDMARCs("x"), "bad:failed 0/10"},
		{"auth_dmarc_exist", "two", inlDMARCs("v=DMARC1; p=reject", "v=dmarc1"), "bad:failed 0/10"},
		{"auth_dmarc_exist", "servers refuse", rcode("_dmarc."+inlDomain, "TXT", "SERVFAIL"), "bad:failed 0/10"},
		{"auth_dmarc_exist", "bogus is read", security("_dmarc."+inlDomain, "TXT", fact.Bogus), "good:passed 10/10"},
		{"auth_dmarc_exist", "not seen", gap("_dmarc."+inlDomain, "TXT", fact.GapTimeout), "? timeout"},
		{"auth_dmarc_policy", "reject", nil, "good:passed 10/10"},
		{"auth_dmarc_policy", "quarantine", inlDMARCs("v=DMARC1; p=quarantine"), "good:passed 10/10"},
		{"auth_dmarc_policy", "no record", inlDMARCs(), "not-tested:not_tested 0/10"},
		{"auth_dmarc_policy", "none", inlDMARCs("v=DMARC1; p=none"), "policy:failed 2/10"},
		{"auth_dmarc_policy", "no policy", inlDMARCs("v=DMARC1;"), "policy:failed 2/10"},
		{"auth_dmarc_policy", "quarantine on trial", inlDMARCs("v=DMARC1; p=quarantine; t=y"), "policy:failed 2/10"},
		{"auth_dmarc_policy", "reject on trial", inlDMARCs("v=DMARC1; p=reject; t=y"), "good:passed 10/10"},
		{"auth_dmarc_policy", "syntax", inlDMARCs("v=DMARC1; p=reject; foo=bar"), "bad:failed 0/10"},
		{"auth_dmarc_policy", "reports elsewhere, not agreed", inlAll(inlDMARCs("v=DMARC1; p=reject; rua=mailto:a@other.nl"), inlTXTs(inlDomain+"._report._dmarc.other.nl")), "external:warning 10/10"},
		{"auth_dmarc_policy", "reports elsewhere, agreed", inlAll(inlDMARCs("v=DMARC1; p=reject; rua=mailto:a@other.nl"), inlTXTs(inlDomain+"._report._dmarc.other.nl", "v=DMARC1;")), "good:passed 10/10"},
		{"auth_dmarc_policy", "agreed without semicolon [Q]", inlAll(inlDMARCs("v=DMARC1; p=reject; rua=mailto:a@other.nl"), inlTXTs(inlDomain+"._report._dmarc.other.nl", "v=DMARC1")), "external:warning 10/10"},
		{"auth_dmarc_policy", "agreed twice", inlAll(inlDMARCs("v=DMARC1; p=reject; ruf=mailto:a@other.nl"), inlTXTs(inlDomain+"._report._dmarc.other.nl", "v=DMARC1;", "v=DMARC1; p=none")), "external:warning 10/10"},
		{"auth_dmarc_policy", "reports to a web address are not looked at", inlDMARCs("v=DMARC1; p=reject; rua=https://other.nl/x"), "good:passed 10/10"},
		{"auth_dmarc_policy", "agreement not looked up", inlDMARCs("v=DMARC1; p=reject; rua=mailto:a@other.nl"), "? not_asked"},

		{"auth_dkim_exist", "no data", nil, "good:passed 10/10"},
		{"auth_dkim_exist", "no such name", rcode("_domainkey."+inlDomain, "TXT", "NXDOMAIN"), "bad:failed 0/10"},
		{"auth_dkim_exist", "servers refuse", rcode("_domainkey."+inlDomain, "TXT", "REFUSED"), "bad:failed 0/10"},
		{"auth_dkim_exist", "sends nothing", inlAll(rcode("_domainkey."+inlDomain, "TXT", "NXDOMAIN"), inlSPFs("v=spf1 -all")), "no-email:not_tested"},
		{"auth_dkim_exist", "sends nothing, but p in capitals", inlAll(rcode("_domainkey."+inlDomain, "TXT", "NXDOMAIN"), inlSPFs("v=spf1 -all"), inlDMARCs("v=DMARC1; p=REJECT")), "bad:failed 0/10"},
		{"auth_dkim_exist", "sends nothing, but reports not agreed", inlAll(rcode("_domainkey."+inlDomain, "TXT", "NXDOMAIN"), inlSPFs("v=spf1 -all"),
			inlDMARCs("v=DMARC1; p=reject; rua=mailto:a@other.nl"), inlTXTs(inlDomain+"._report._dmarc.other.nl")), "bad:failed 0/10"},
		{"auth_dkim_exist", "not seen", gap("_domainkey."+inlDomain, "TXT", fact.GapTimeout), "? timeout"},
		{"auth_dkim_exist", "absent, and whether it sends is not known", inlAll(rcode("_domainkey."+inlDomain, "TXT", "NXDOMAIN"), gap(inlDomain, "TXT", fact.GapTimeout)), "? timeout"},

		{"auth_spf_exist", "one", nil, "good:passed 10/10"},
		{"auth_spf_exist", "none", inlSPFs("x"), "bad:failed 0/10"},
		{"auth_spf_exist", "two", inlSPFs("v=spf1 -all", "V=SPF1 ~all"), "bad:failed 0/10"},
		{"auth_spf_exist", "another version is taken for one", inlSPFs("v=spf10 -all"), "good:passed 10/10"},
		{"auth_spf_exist", "not seen", gap(inlDomain, "TXT", fact.GapTimeout), "? timeout"},
		{"auth_spf_policy", "good", nil, "good:passed 10/10"},
		{"auth_spf_policy", "soft", inlSPFs("v=spf1 mx ~all"), "good:passed 10/10"},
		{"auth_spf_policy", "no record", inlSPFs("x"), "not-tested:not_tested 0/10"},
		{"auth_spf_policy", "open", inlSPFs("v=spf1 mx +all"), "all:failed 2/10"},
		{"auth_spf_policy", "neutral", inlSPFs("v=spf1 ?all"), "all:failed 2/10"},
		{"auth_spf_policy", "bare", inlSPFs("v=spf1"), "all:failed 2/10"},
		{"auth_spf_policy", "syntax", inlSPFs("v=spf10 -all"), "bad:failed 0/10"},
		{"auth_spf_policy", "too much", inlAll(inlSPFs("v=spf1 mx mx mx mx mx mx mx mx mx mx include:i.nl -all")), "max-lookups:failed 2/10"},
		{"auth_spf_policy", "include to nowhere", inlAll(inlSPFs("v=spf1 include:i.nl -all"), inlTXTs("i.nl")), "include:failed 2/10"},
		{"auth_spf_policy", "include without record", inlAll(inlSPFs("v=spf1 include:i.nl -all"), inlTXTs("i.nl", "x")), "include:failed 0/10"},
		{"auth_spf_policy", "redirect with a syntax error", inlAll(inlSPFs("v=spf1 redirect=i.nl"), inlTXTs("i.nl", "v=spf1 -all;")), "redirect:failed 0/10"},
		{"auth_spf_policy", "redirect", inlAll(inlSPFs("v=spf1 redirect=i.nl"), inlTXTs("i.nl", "v=spf1 -all")), "good:passed 10/10"},
		{"auth_spf_policy", "include not looked up", inlSPFs("v=spf1 include:i.nl -all"), "? not_asked"},
		{"auth_spf_policy", "include not answered to us", inlAll(inlSPFs("v=spf1 include:i.nl -all"), gap("i.nl", "TXT", fact.GapTimeout)), "? timeout"},

		{"starttls_tls_available", "up", nil, "good:passed 10/10"},
		{"starttls_tls_available", "one address counts: IPv4", v6(dead), "good:passed 10/10"},
		{"starttls_tls_available", "dead", inlMailHosts("", dead), "other:error 0/10"},
		{"starttls_tls_available", "one of two dead", inlAll(inlSecondMX, inlMailHosts(inlMX2, dead)), "other:error 0/10"},
		{"starttls_tls_available", "no address", inlAll(rcode(inlMX1, "A", "NXDOMAIN"), rcode(inlMX1, "AAAA", "NXDOMAIN"), func(m *fact.Measurement) { m.Mail.Servers[0].Wire, m.Mail.Servers[0].Hosts = nil, nil }), "other:error 0/10"},
		{"starttls_tls_available", "an address as name", inlWithMX("10 192.0.2.25"), "other:error 0/10"},
		{"starttls_tls_available", "no STARTTLS", inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS = inlNo, nil }), "other:error 0/10"},
		{"starttls_tls_available", "offered and refused", inlSMTPOf(func(s *fact.SMTP) { s.STARTTLS.Code = 502 }), "other:error 0/10"},
		{"starttls_tls_available", "offered, not now", inlSMTPOf(func(s *fact.SMTP) { s.STARTTLS.Code, s.Gap = 454, fact.GapBlocked }), "? blocked"},
		{"starttls_tls_available", "no SMTP", inlSMTPOf(func(s *fact.SMTP) { s.State = fact.SMTPNone }), "other:error 0/10"},
		{"starttls_tls_available", "no TLS", tls(func(x *fact.TLS) { x.Working = inlNo }), "other:error 0/10"},
		{"starttls_tls_available", "greylisted", inlSMTPOf(func(s *fact.SMTP) { s.State, s.Gap = fact.SMTPTemporary, fact.GapBlocked }), "? blocked"},
		{"starttls_tls_available", "does not want us", inlSMTPOf(func(s *fact.SMTP) { s.State = fact.SMTPRefused }), "? blocked"},
		{"starttls_tls_available", "TLS not seen", tls(func(x *fact.TLS) { x.Working = inlUnseen }), "? timeout"},
		{"starttls_tls_available", "port not seen", inlMailHosts("", hidden), "? timeout"},
		{"starttls_tls_available", "not measured", func(m *fact.Measurement) { m.Mail.Servers = nil }, "? not_asked"},
		{"starttls_tls_available", "beyond the number measured", func(m *fact.Measurement) { m.Mail.Servers, m.Mail.Beyond = nil, []string{inlMX1} }, "? beyond"},
		{"starttls_tls_available", "MX not looked up", gap(inlDomain, "MX", fact.GapTimeout), "? timeout"},
		{"starttls_tls_available", "no MX", inlWithMX(), "other-2:not_tested"},
		{"starttls_tls_available", "null MX", inlWithMX("0 ."), "null-mx:not_tested"},
		{"starttls_tls_available", "no null MX", noNull, "no-null-mx:info"},
		{"starttls_tls_available", "null MX beside another", inlWithMX("0 .", "10 "+inlMX1), "null-mx-with-other-mx:warning"},
		{"starttls_tls_available", "null MX without address", inlAll(inlWithMX("0 ."), noAddress), "null-mx-without-a-aaaa:info"},

		{"starttls_tls_version", "good", nil, "good:passed 10/10"},
		{"starttls_tls_version", "TLS 1.0", ver(fact.TLS10, inlYes), "bad:failed 0/10"},
		{"starttls_tls_version", "not tested", inlMailHosts("", dead), "not-tested:not_tested"},
		{"starttls_tls_version", "another server dead", inlAll(inlSecondMX, inlMailHosts(inlMX2, dead)), "not-tested:not_tested 0/10"},
		{"starttls_tls_ciphers", "good", nil, "good:passed 10/10"},
		{"starttls_tls_ciphers", "phase-out", suites(inlEcdsaGCM, inlEcdsaCBC), "phase-out:warning 10/10"},
		{"starttls_tls_ciphers", "insufficient", suites(inlEcdsaGCM, inlRsaCBC), "bad:failed 0/10"},
		{"starttls_tls_cipherorder", "good", nil, "good:passed 10/10"},
		{"starttls_tls_cipherorder", "1.3 only", only13, "na:passed 10/10"},
		{"starttls_tls_cipherorder", "follows the sender", inlAll(suites(inlEcdsaGCM, inlEcdsaCBC), tls(func(x *fact.TLS) { x.Suites[0].ServerPreference = inlNo })), "bad:failed 0/10"},
		{"starttls_tls_keyexchange", "good", nil, "good:passed 10/10"},
		{"starttls_tls_keyexchange", "1.3 only", only13, "na:passed 10/10"},
		{"starttls_tls_keyexchange", "P-224", tls(func(x *fact.TLS) { x.KexSeen = []fact.Group{fact.Secp224r1} }), "phase-out:warning 10/10"},
		{"starttls_tls_keyexchange", "secp256k1", tls(func(x *fact.TLS) { x.KexSeen = []fact.Group{fact.Secp256k1} }), "bad:failed 0/10"},
		{"starttls_tls_keyexchangehash", "good", nil, "good:passed 10/10"},
		{"starttls_tls_keyexchangehash", "SHA-224", tls(func(x *fact.TLS) { x.KexHashSHA224 = inlYes }), "phase-out:warning 10/10"},
		{"starttls_tls_keyexchangehash", "SHA-1", tls(func(x *fact.TLS) { x.KexHashSHA1 = inlYes }), "bad:failed 0/10"},
		{"starttls_tls_compress", "none", nil, "good:passed 10/10"},
		{"starttls_tls_compress", "used", tls(func(x *fact.TLS) { x.Compression = inlYes }), "bad:failed 0/10"},
		{"starttls_tls_secreneg", "supported", nil, "good:passed 10/10"},
		{"starttls_tls_secreneg", "not supported", tls(func(x *fact.TLS) { x.SecureRenegotiation = inlNo }), "bad:failed 0/10"},
		{"starttls_tls_clientreneg", "refused", nil, "not-allowed:passed"},
		{"starttls_tls_clientreneg", "10", tls(func(x *fact.TLS) { x.ClientRenegotiation = fact.Renegotiation{Observed: inlYes, Count: 10, Tries: 11} }), "allowed-with-low-limit:info"},
		{"starttls_tls_clientreneg", "11, capped", tls(func(x *fact.TLS) { x.ClientRenegotiation = fact.Renegotiation{Observed: inlYes, Count: 11, Tries: 11} }), "allowed-with-too-high-limit:info"},
		{"starttls_tls_extendedmastersecret", "used", nil, "good:passed 10/10"},
		{"starttls_tls_extendedmastersecret", "not used", tls(func(x *fact.TLS) { x.ExtendedMasterSecret = inlNo }), "bad:failed 0/10"},
		{"starttls_tls_extendedmastersecret", "no TLS 1.2", only13, "na-no-tls-1-2:not_tested"},
		{"starttls_tls_0rtt", "not tested for mail", nil, "na:passed 10/10"},
		{"starttls_tls_0rtt", "whatever was seen", tls(func(x *fact.TLS) { x.EarlyData.Observed = inlYes }), "na:passed 10/10"},
		{"starttls_tls_caa", "above the name", nil, "good:passed"},
		{"starttls_tls_caa", "none", elsewhere, "bad:warning"},
		{"starttls_tls_caa", "no issue", inlLook(inlDomain, "CAA", func(l *fact.Lookup) { l.Records = []fact.Record{inlCaaRecord("issuewild", "a_b")} }), "insufficient:warning"},
		{"starttls_tls_caa", "error", inlLook(inlDomain, "CAA", func(l *fact.Lookup) { l.Records = append(l.Records, inlCaaRecord("policy", "x")) }), "syntax-error:warning"},

		{"starttls_cert_chain", "trusted", nil, "good:passed"},
		{"starttls_cert_chain", "untrusted", inlMailChain(func(c *fact.Chain) { c.Trust.Trusted, c.Trust.Problem = false, "unknown_authority" }), "bad:info"},
		{"starttls_cert_chain", "anonymous", anonymous, "could-not-test:not_tested"},
		{"starttls_cert_pubkey", "anonymous", anonymous, "not-tested:not_tested 0/10"},
		{"starttls_cert_pubkey", "P-256", nil, "good:passed 10/10"},
		{"starttls_cert_pubkey", "RSA 2048", certificate("rsa2048"), "phase-out:warning 10/10"},
		{"starttls_cert_pubkey", "RSA 1024", certificate("rsa1024"), "bad:failed 0/10"},
		{"starttls_cert_sig", "SHA-256", nil, "good:passed 10/10"},
		{"starttls_cert_sig", "SHA-224", certificate("sha224"), "phase-out:warning 10/10"},
		{"starttls_cert_sig", "unknown", certificate("sig-unknown"), "bad:failed 0/10"},
		{"starttls_cert_domain", "match", nil, "good:passed"},
		{"starttls_cert_domain", "another", certificate("other"), "bad:info"},
		{"starttls_cert_domain", "another, and DANE-TA", inlAll(certificate("other"), inlTLSAs(inlMX1, inlTlsaRecord(2, []byte("x")))), "bad:failed"},

		{"starttls_dane_exist", "secure", nil, "good:passed 10/10"},
		{"starttls_dane_exist", "none", inlTLSAs(inlMX1), "bad:failed 0/10"},
		{"starttls_dane_exist", "insecure", security(mailTLSA(inlMX1), "TLSA", fact.Insecure), "bad:failed 0/10"},
		{"starttls_dane_exist", "usage 1 alone", inlTLSAs(inlMX1, inlTlsaRecord(1, []byte("x"))), "bad:failed 0/10"},
		{"starttls_dane_exist", "bogus", security(mailTLSA(inlMX1), "TLSA", fact.Bogus), "bogus:failed 0/10"},
		{"starttls_dane_exist", "bogus denial of A", inlAll(inlTLSAs(inlMX1), inlLook(mailTLSA(inlMX1), "A", func(l *fact.Lookup) { l.Security, l.RCode = fact.Bogus, "NXDOMAIN" })), "bogus:failed 0/10"},
		{"starttls_dane_exist", "does not fit: its points go too", inlTLSAs(inlMX1, inlTlsaRecord(3, []byte("x"))), "good:passed 0/10"},
		{"starttls_dane_exist", "not seen", gap(mailTLSA(inlMX1), "TLSA", fact.GapTimeout), "? timeout"},
		{"starttls_dane_exist", "anonymous", anonymous, "bad:failed 0/10"},
		{"starttls_dane_valid", "fits", nil, "good:passed 10/10"},
		{"starttls_dane_valid", "does not fit", inlTLSAs(inlMX1, inlTlsaRecord(3, []byte("x"))), "bad:failed 0/10"},
		{"starttls_dane_valid", "none usable", inlTLSAs(inlMX1, fact.Record{Raw: []byte{3, 9, 9, 9}}), "bad:failed 0/10"},
		{"starttls_dane_valid", "none", inlTLSAs(inlMX1), "not-tested:not_tested"},
		{"starttls_dane_rollover", "two of usage 3", nil, "good:passed"},
		{"starttls_dane_rollover", "3 and 2", inlTLSAs(inlMX1, inlTlsaRecord(3, []byte("x")), inlTlsaRecord(2, []byte("x"))), "good:passed"},
		{"starttls_dane_rollover", "one", inlTLSAs(inlMX1, inlTlsaRecord(3, []byte("x"))), "bad:info"},
		{"starttls_dane_rollover", "two of usage 2", inlTLSAs(inlMX1, inlTlsaRecord(2, []byte("x")), inlTlsaRecord(2, []byte("y"))), "bad:info"},
		{"starttls_dane_rollover", "none", inlTLSAs(inlMX1), "not-tested:not_tested"},

		{"rpki_exists", "ROA", nil, "good:passed 5/5"},
		{"rpki_exists", "none", route(func(r *fact.Route) {
			*r = fact.Route{Addr: r.Addr, Origins: []fact.RouteOrigin{{Prefix: r.Origins[0].Prefix, Origin: 1, State: fact.ROVNotFound}}}
		}, inlMX1v4), "bad:warning 0/5"},
		{"rpki_exists", "no MX", inlWithMX(), "no-addresses:not_tested 5/5"},
		{"rpki_exists", "addresses not looked up", gap(inlMX1, "A", fact.GapTimeout), "? timeout"},
		{"rpki_valid", "valid", nil, "good:passed 10/10"},
		{"rpki_valid", "invalid", route(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }, inlMX1v6), "invalid:failed 0/10"},
		{"rpki_valid", "not found", route(func(r *fact.Route) { r.Origins[0].State = fact.ROVNotFound }, inlMX1v6), "bad:failed 0/10"},
		{"rpki_valid", "not routed", route(func(r *fact.Route) { r.Origins = nil }, inlMX1v4, inlMX1v6), "not-routed:not_tested 10/10"},
		{"rpki_valid", "null MX", inlWithMX("0 ."), "no-addresses:not_tested 10/10"},
		{"ns_rpki_exists", "ROA", nil, "good:passed 5/5"},
		{"ns_rpki_exists", "none", route(func(r *fact.Route) { *r = fact.Route{Addr: r.Addr} }, ns1), "bad:warning 0/5"},
		{"ns_rpki_valid", "valid", nil, "good:passed 10/10"},
		{"ns_rpki_valid", "invalid", route(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }, ns1), "invalid:failed 0/10"},
		{"mx_ns_rpki_exists", "the same name servers", nil, "good:passed 5/5"},
		{"mx_ns_rpki_exists", "those of a provider", elsewhere, "good:passed 5/5"},
		{"mx_ns_rpki_exists", "none", inlAll(elsewhere, route(func(r *fact.Route) { *r = fact.Route{Addr: r.Addr} }, ns3)), "bad:warning 0/5"},
		{"mx_ns_rpki_exists", "no MX", inlWithMX(), "no-addresses:not_tested 5/5"},
		{"mx_ns_rpki_exists", "owner not known", func(m *fact.Measurement) { m.Mail.Servers[0].NSOwner = "" }, "? not_asked"},
		{"mx_ns_rpki_valid", "valid", elsewhere, "good:passed 10/10"},
		{"mx_ns_rpki_valid", "invalid", inlAll(elsewhere, route(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidLength }, ns3)), "invalid:failed 0/10"},
		{"mx_ns_rpki_valid", "no MX", inlWithMX(), "no-addresses:not_tested 10/10"},
		{"mx_ns_rpki_valid", "not looked up", inlAll(elsewhere, gap("ns.provider.example", "A", fact.GapTimeout)), "? timeout"},
	}
}

// TestEveryMailTestHasCases counts cases that pass, and cases below passed.
func TestEveryMailTestHasCases(t *testing.T) {
	never := map[string]bool{"starttls_tls_0rtt": true} // it is not tested
	for _, sp := range inlMailSpecs {
		pass, below := 0, 0
		for _, c := range inlMailCases() {
			if c.id != sp.name {
				continue
			}
			switch {
			case strings.Contains(c.want, ":passed"):
				pass++
			case !strings.HasPrefix(c.want, "?") && !strings.Contains(c.want, ":not_tested"):
				below++
			}
		}
		if pass == 0 || below == 0 && !never[sp.name] {
			t.Errorf("%s: %d passing and %d failing cases", sp.name, pass, below)
		}
	}
}

func TestGoodMailDomainScores100(t *testing.T) {
	r := inlJudgeMail(t, inlGoodMail())
	if r.Score == nil || *r.Score != 100 || !r.Complete {
		t.Errorf("score %v, complete %v", r.Score, r.Complete)
	}
	for _, c := range r.Categories {
		if c.Status != "passed" || c.Verdict != "passed" || c.Outcome != Passed {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
	for _, v := range r.Verdicts {
		if v.Outcome != Passed {
			t.Errorf("%s: %s", v.ID, brief(&v))
		}
	}
}

// inlNotSending is a domain that says in every way that it neither sends nor takes mail.
var inlNotSending = inlAll(inlWithMX("0 ."), inlSPFs("v=spf1 -all"), inlDMARCs("v=DMARC1; p=reject"), inlLook("_domainkey."+inlDomain, "TXT", func(l *fact.Lookup) { l.RCode = "NXDOMAIN" }))

// TestMailScoresFromFacts follows the mail examples of B.14 from the facts on.
func TestMailScoresFromFacts(t *testing.T) {
	noSTARTTLS := inlSMTPOf(func(s *fact.SMTP) { s.Offered, s.STARTTLS = inlNo, nil })
	insecure := func(m *fact.Measurement) {
		for i := range m.DNS.Lookups {
			m.DNS.Lookups[i].Security = fact.Insecure
		}
	}
	offMX2 := inlAll(inlSecondMX, inlMailHosts(inlMX2, func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = inlIsDead, nil, nil }))
	for _, c := range []struct {
		name     string
		do       inlChange
		score    int
		category string
		want     string
	}{
		{"2: no STARTTLS", inlAll(noSTARTTLS, insecure, inlDropNS6(0, 1), inlDMARCs(), inlSPFs("x")), 38, "mail_starttls", "0/10 {unreachable, error}"},
		{"2: its IPv6", inlAll(noSTARTTLS, insecure, inlDropNS6(0, 1), inlDMARCs(), inlSPFs("x")), 38, "mail_ipv6", "10/20 {failed, failed}"},
		{"2: its DNSSEC", inlAll(noSTARTTLS, insecure, inlDropNS6(0, 1), inlDMARCs(), inlSPFs("x")), 38, "mail_dnssec", "2/10 {failed, failed}"},
		{"2: its authentication", inlAll(noSTARTTLS, insecure, inlDropNS6(0, 1), inlDMARCs(), inlSPFs("x")), 38, "mail_auth", "10/50 {failed, failed}"},
		{"4: two, one without TLSA", inlAll(inlSecondMX, inlTLSAs(inlMX2)), 97, "mail_starttls", "120/140 {failed, failed}"},
		{"4: two good ones", inlSecondMX, 100, "mail_starttls", "140/140 {passed, passed}"},
		{"4: one without TLSA", inlTLSAs(inlMX1), 98, "mail_starttls", "120/130 {failed, failed}"},
		{"4: DANE does not fit", inlTLSAs(inlMX1, inlTlsaRecord(3, []byte("x"))), 97, "mail_starttls", "120/140 {failed, failed}"},
		{"4: bogus", inlLook(mailTLSA(inlMX1), "TLSA", func(l *fact.Lookup) { l.Security = fact.Bogus }), 98, "mail_starttls", "120/130 {failed, failed}"},
		{"5: one of two dead", offMX2, 75, "mail_starttls", "0/140 {unreachable, error}"},
		{"6: null MX, sends nothing", inlNotSending, 100, "mail_starttls", "0/0 {null-mx, info}"},
		{"6: its authentication", inlNotSending, 100, "mail_auth", "40/40 {passed, passed}"},
		{"6: its IPv6", inlNotSending, 100, "mail_ipv6", "10/10 {passed, passed}"},
		{"6: its DNSSEC", inlNotSending, 100, "mail_dnssec", "10/10 {passed, passed}"},
		{"6: its RPKI", inlNotSending, 100, "mail_rpki", "45/45 {passed, passed}"},
		{"no MX", inlWithMX(), 100, "mail_starttls", "0/0 {no-mx, info}"},
		{"null MX beside another", inlWithMX("0 .", "10 "+inlMX1), 100, "mail_starttls", "0/0 {null-mx-with-other-mx, warning}"},
		{"no null MX", inlAll(inlWithMX(), inlSPFs("v=spf1 -all")), 100, "mail_starttls", "0/0 {no-null-mx, info}"},
		{"dead alone", inlMailHosts("", func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = inlIsDead, nil, nil }), 70, "mail_starttls", "0/10 {unreachable, error}"},
		{"reports elsewhere cost nothing", inlAll(inlDMARCs("v=DMARC1; p=reject; rua=mailto:a@other.nl"), inlTXTs(inlDomain+"._report._dmarc.other.nl")), 100, "mail_auth", "50/50 {passed, passed}"},
		{"the MX not known: a category leaves the mean", inlLook(inlDomain, "MX", func(l *fact.Lookup) { l.Gap = fact.GapTimeout }), 100, "mail_starttls", "0/0 {not-tested, not_tested}"},
		{"one server not seen: all of it leaves", inlAll(inlSecondMX, inlMailHosts(inlMX2, func(h *fact.MailHost) { h.TLS.Working = inlUnseen })), 100, "mail_starttls", "0/0 {not-tested, not_tested}"},
	} {
		m := inlGoodMail()
		c.do(m)
		r := inlJudgeMail(t, m)
		for _, cat := range r.Categories {
			if cat.Name != c.category {
				continue
			}
			if got := fmt.Sprintf("%d/%d {%s, %s}", cat.Points, cat.Max, cat.Verdict, cat.Status); got != c.want {
				t.Errorf("%s: %s is %s, want %s", c.name, cat.Name, got, c.want)
			}
		}
		if r.Score == nil || *r.Score != c.score {
			t.Errorf("%s: score %d, want %d", c.name, *r.Score, c.score)
		}
	}
}

// TestLastOfEqualServersIsShown merges by name: of equally bad servers the last is told.
func TestLastOfEqualServersIsShown(t *testing.T) {
	m := inlGoodMail()
	inlAll(inlSecondMX, inlTLSAs(inlMX1), inlLook(mailTLSA(inlMX2), "TLSA", func(l *fact.Lookup) { l.Security = fact.Bogus }))(m)
	if v := inlJudgeMail(t, m).Verdict("mail_starttls_dane_exist"); v.Word != "bogus" {
		t.Errorf("got %s", brief(v))
	}
	m = inlGoodMail()
	inlAll(inlSecondMX, inlTLSAs(inlMX2), inlLook(mailTLSA(inlMX1), "TLSA", func(l *fact.Lookup) { l.Security = fact.Bogus }))(m)
	if v := inlJudgeMail(t, m).Verdict("mail_starttls_dane_exist"); v.Word != "bad" {
		t.Errorf("got %s", brief(v))
	}
}

// TestTenMailServersByName: the eleventh by name does not count.
func TestTenMailServersByName(t *testing.T) {
	m := inlGoodMail()
	var records []string
	for i := range 11 {
		name := fmt.Sprintf("mx%02d.example.nl", i)
		server, lookups, chain := inlMailServerOf(name, inlMX1v4, inlMX1v6)
		if i == 10 {
			server.Hosts[0] = fact.MailHost{Addr: inlMX1v4, Port25: inlIsDead}
		}
		m.Mail.Servers = append(m.Mail.Servers, server)
		m.DNS.Lookups, m.Chains = append(m.DNS.Lookups, lookups...), append(m.Chains, chain)
		records = append([]string{fmt.Sprintf("%d %s", 100-i, name)}, records...)
	}
	inlWithMX(records...)(m)
	if r := inlJudgeMail(t, m); *r.Score != 100 {
		t.Errorf("score %d", *r.Score)
	}
}

func TestDMARCOfTheOrganisation(t *testing.T) {
	for _, c := range []struct {
		record string
		want   string
	}{
		{"v=DMARC1; p=reject", "good:passed 10/10"},
		{"v=DMARC1; p=reject; sp=none", "policy:failed 2/10"},
		{"v=DMARC1; p=none; sp=quarantine", "good:passed 10/10"},
	} {
		m := inlGoodMail()
		m.Target.Name = "sub." + inlDomain
		inlAll(inlTXTs("_dmarc.sub."+inlDomain), inlDMARCs(c.record))(m)
		r := Judge(m, internetNL())
		if v := r.Verdict("mail_auth_dmarc_exist"); v.Word != "good" {
			t.Errorf("%q is not found: %s", c.record, brief(v))
		}
		if got := brief(r.Verdict("mail_auth_dmarc_policy")); got != c.want {
			t.Errorf("%q: %s, want %s", c.record, got, c.want)
		}
	}
	m := inlGoodMail()
	m.Target.Name = "sub." + inlDomain
	inlLook("_dmarc.sub."+inlDomain, "TXT", func(l *fact.Lookup) { l.RCode = "SERVFAIL" })(m)
	if v := Judge(m, internetNL()).Verdict("mail_auth_dmarc_exist"); v.Word != "bad" {
		t.Errorf("after a failure the organisation is asked: %s", brief(v))
	}
}

func TestCustomResultsOfMail(t *testing.T) {
	for _, c := range []struct {
		name   string
		do     inlChange
		custom MailCustom
	}{
		{"good", nil, MailCustom{TLS13Support: "no", ServersTestable: "ok"}},
		{"null MX, sends nothing", inlNotSending, MailCustom{TLS13Support: "no", NonSendingDomain: true, ServersTestable: "ok"}},
		{"no MX", inlWithMX(), MailCustom{TLS13Support: "no", ServersTestable: "no_mx"}},
		{"dead", inlMailHosts("", func(h *fact.MailHost) { h.Port25, h.SMTP, h.TLS = inlIsDead, nil, nil }), MailCustom{TLS13Support: "undetermined", ServersTestable: "unreachable"}},
		{"not seen", func(m *fact.Measurement) { m.Mail = nil }, MailCustom{TLS13Support: "undetermined", ServersTestable: "untestable"}},
	} {
		m := inlGoodMail()
		if c.do != nil {
			c.do(m)
		}
		if got := MailCustomOf(m); got != c.custom {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.custom)
		}
	}
}

// TestGoldenMailResults compares whole results with files that a person can read.
func TestGoldenMailResults(t *testing.T) {
	for name, do := range map[string]inlChange{
		"mail-good":        nil,
		"mail-not-sending": inlNotSending,
		"mail-neglected": inlAll(inlSecondMX, inlDropNS6(0, 1), inlDMARCs("v=DMARC1; p=none"), inlSPFs("v=spf1 include:gone.example ?all"), inlTLSAs(inlMX1),
			inlMailHosts(inlMX2, func(h *fact.MailHost) { h.TLS = nil; h.SMTP.Offered, h.SMTP.STARTTLS = inlNo, nil }),
			inlLook(inlDomain, "SOA", func(l *fact.Lookup) { l.Security = fact.Insecure })),
	} {
		m := inlGoodMail()
		if do != nil {
			do(m)
		}
		got := inlPrint(inlJudgeMail(t, m))
		file := filepath.Join("testdata", "internetnl", name+".txt")
		if *inlUpdate {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; -update-internetnl rewrites it:\n%s", file, got)
		}
	}
}

// TestTotalOverDamagedMailFacts takes parts of the facts away at random: judging neither
// panics nor invents points.
func TestTotalOverDamagedMailFacts(t *testing.T) {
	m := inlGoodMail()
	inlSecondMX(m)
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var tree any
		if err := json.Unmarshal(b, &tree); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 6).Draw(rt, "cuts") {
			inlDamage(rt, tree, 0)
		}
		cut, err := json.Marshal(tree)
		if err != nil {
			rt.Fatal(err)
		}
		var m fact.Measurement
		if json.Unmarshal(cut, &m) != nil {
			return
		}
		m.Target = fact.Target{Name: inlDomain, Role: fact.Mail}
		a, b := Judge(&m, internetNL()), Judge(&m, internetNL())
		if !reflect.DeepEqual(a, b) {
			rt.Fatal("not the same twice")
		}
		for _, v := range a.Verdicts {
			if v.Outcome == NotMeasured && (v.Gap == "" || v.Points != 0 || v.Max != 0) {
				rt.Fatalf("%s: not measured with gap %q, %d/%d", v.ID, v.Gap, v.Points, v.Max)
			}
			if v.Points > v.Max || v.Points < 0 {
				rt.Fatalf("%s: %d of %d", v.ID, v.Points, v.Max)
			}
		}
	})
}

// TestNothingAskedOfMail: what nobody asked was not measured.
func TestNothingAskedOfMail(t *testing.T) {
	target := fact.Target{Name: inlDomain, Role: fact.Mail}
	for what, m := range map[string]*fact.Measurement{
		"no part":     {Target: target},
		"empty parts": {Target: target, DNS: &fact.DNS{}, Mail: &fact.MailFacts{}},
	} {
		for _, e := range []*Edition{internetNL(), forumEdition()} {
			r := Judge(m, e)
			for _, d := range r.Verdicts {
				if d.Outcome != NotMeasured || d.Gap != fact.GapNotAsked {
					t.Errorf("%s: %s %s: %s %s", what, e.Name, d.ID, d.Outcome, d.Gap)
				}
			}
			if r.Score != nil || r.Complete {
				t.Errorf("%s: %s: score %v, complete %v", what, e.Name, r.Score, r.Complete)
			}
		}
	}
}

func BenchmarkJudgeMail(b *testing.B) {
	m := inlGoodMail()
	inlSecondMX(m)
	b.ReportAllocs()
	for b.Loop() {
		JudgeAll(m, internetNL(), forumEdition())
	}
}
