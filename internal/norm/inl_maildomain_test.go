package norm

import (
	"crypto/elliptic"
	"crypto/x509"
	"net/netip"
	"slices"
	"testing"

	"peil/internal/fact"
)

const (
	inlDomain = "example.nl"
	inlMX1    = "mx1.example.nl"
	inlMX2    = "mx2.example.nl"
)

var (
	inlMX1v4 = netip.MustParseAddr("192.0.2.25")
	inlMX1v6 = netip.MustParseAddr("2001:db8::25")
	inlMX2v4 = netip.MustParseAddr("192.0.2.26")
	inlMX2v6 = netip.MustParseAddr("2001:db8::26")
)

func inlTxtRecord(s string) fact.Record {
	var raw []byte
	for part := range slices.Chunk([]byte(s), 255) {
		raw = append(append(raw, byte(len(part))), part...)
	}
	return fact.Record{Data: "\"" + s + "\"", Raw: raw}
}

func inlSecure(name, qtype string, rs ...fact.Record) fact.Lookup {
	return fact.Lookup{Name: name, Type: qtype, RCode: "NOERROR", Security: fact.Secure, Records: rs, Until: inlNow.AddDate(0, 0, 14)}
}

func inlData1(data string) fact.Record { return fact.Record{Data: data} }

// inlMailServerOf is a mail server on which there is nothing to remark, and its
// look-ups.
func inlMailServerOf(name string, v4, v6 netip.Addr) (fact.MailServer, []fact.Lookup, fact.Chain) {
	der := inlCert(inlMailKey, func(c *x509.Certificate) { c.DNSNames = []string{name} })
	chain := fact.Chain{ID: fact.ChainID(name, [][]byte{der}), Certs: [][]byte{der}, Trust: fact.Trust{ServerName: name, Trusted: true, Until: inlNow.AddDate(0, 2, 0)}}
	server := fact.MailServer{Name: name, NSOwner: inlDomain, Wire: []netip.Addr{v4, v6}}
	for _, a := range []netip.Addr{v4, v6} {
		web := inlGoodHost(a, chain.ID)
		web.TLS.Via, web.TLS.ServerName = "smtp", name
		web.TLS.EarlyData = fact.EarlyData{}
		server.Hosts = append(server.Hosts, fact.MailHost{
			Addr: a, Port25: inlIsOpen, TLS: web.TLS, At: inlNow,
			SMTP: &fact.SMTP{
				State: fact.SMTPReady, Offered: inlYes, Keywords: []string{"8BITMIME", "STARTTLS"},
				Greeting: &fact.Reply{Code: 220}, EHLO: &fact.Reply{Code: 250}, STARTTLS: &fact.Reply{Code: 220},
			},
		})
	}
	return server, []fact.Lookup{
		inlSecure(name, "A", inlData1(v4.String())), inlSecure(name, "AAAA", inlData1(v6.String())), inlSecure(name, "SOA"), inlSecure(name, "CAA"),
		inlSecure(mailTLSA(name), "TLSA", inlTlsaRecord(3, der), inlTlsaRecord(3, []byte("next"))),
	}, chain
}

// inlGoodMail is a mail domain that scores 100 % on internet.nl.
func inlGoodMail() *fact.Measurement {
	server, lookups, chain := inlMailServerOf(inlMX1, inlMX1v4, inlMX1v6)
	web := inlGoodWebsite()
	m := &fact.Measurement{
		Schema: fact.Schema, Target: fact.Target{Name: inlDomain, Role: fact.Mail}, At: inlNow,
		DNS: &fact.DNS{NSOwner: inlDomain, NameServers: web.DNS.NameServers, Lookups: append(lookups,
			inlSecure(inlDomain, "MX", inlData1("10 "+inlMX1)),
			inlSecure(inlDomain, "SOA"), inlSecure(inlDomain, "CAA", inlCaaRecord("issue", "ca.nl")),
			inlSecure(inlDomain, "A", inlData1(inlV4Addr.String())), inlSecure(inlDomain, "AAAA"),
			inlSecure(inlDomain, "TXT", inlTxtRecord("v=spf1 mx -all"), inlTxtRecord("something else")),
			inlSecure("_dmarc."+inlDomain, "TXT", inlTxtRecord("v=DMARC1; p=reject; rua=mailto:dmarc@example.nl")),
			inlSecure("_domainkey."+inlDomain, "TXT"),
		)},
		Mail:   &fact.MailFacts{Servers: []fact.MailServer{server}},
		Chains: []fact.Chain{chain},
		Routes: append(web.Routes, inlGoodRoute(inlMX1v4), inlGoodRoute(inlMX1v6)),
	}
	return m
}

var inlMailKey = inlNewKey(elliptic.P256())

// inlSecondMX adds a second mail server as good as the first.
func inlSecondMX(m *fact.Measurement) {
	server, lookups, chain := inlMailServerOf(inlMX2, inlMX2v4, inlMX2v6)
	m.DNS.Lookups = append(m.DNS.Lookups, lookups...)
	l := m.DNS.Lookup(inlDomain, "MX")
	l.Records = append(l.Records, inlData1("20 "+inlMX2))
	m.Mail.Servers = append(m.Mail.Servers, server)
	m.Chains = append(m.Chains, chain)
	m.Routes = append(m.Routes, inlGoodRoute(inlMX2v4), inlGoodRoute(inlMX2v6))
}

// inlWithMX replaces the MX records. Those that are not of the domain have no facts.
func inlWithMX(records ...string) inlChange {
	return func(m *fact.Measurement) {
		l := m.DNS.Lookup(inlDomain, "MX")
		l.Records = nil
		for _, r := range records {
			l.Records = append(l.Records, inlData1(r))
		}
		if len(records) == 0 || records[0] == "0 ." {
			m.Mail.Servers = nil
		}
	}
}

// inlLook changes a look-up, or adds it.
func inlLook(name, qtype string, f func(*fact.Lookup)) inlChange {
	return func(m *fact.Measurement) {
		if m.DNS.Lookup(name, qtype) == nil {
			m.DNS.Lookups = append(m.DNS.Lookups, inlSecure(name, qtype))
		}
		f(m.DNS.Lookup(name, qtype))
	}
}

// inlTXTs replaces the TXT records of a name; none of them means that it does not exist.
func inlTXTs(name string, txts ...string) inlChange {
	return inlLook(name, "TXT", func(l *fact.Lookup) {
		l.Records, l.RCode, l.Gap = nil, "NOERROR", ""
		for _, s := range txts {
			l.Records = append(l.Records, inlTxtRecord(s))
		}
		if len(txts) == 0 {
			l.RCode = "NXDOMAIN"
		}
	})
}

func inlSPFs(txts ...string) inlChange   { return inlTXTs(inlDomain, txts...) }
func inlDMARCs(txts ...string) inlChange { return inlTXTs("_dmarc."+inlDomain, txts...) }

// inlMailHosts changes every address of every mail server, or those of one.
func inlMailHosts(server string, f func(*fact.MailHost)) inlChange {
	return func(m *fact.Measurement) {
		for i := range m.Mail.Servers {
			if s := &m.Mail.Servers[i]; server == "" || s.Name == server {
				for j := range s.Hosts {
					f(&s.Hosts[j])
				}
			}
		}
	}
}

func inlMailTLSOf(f func(*fact.TLS)) inlChange {
	return inlMailHosts("", func(h *fact.MailHost) { f(h.TLS) })
}

func inlSMTPOf(f func(*fact.SMTP)) inlChange {
	return inlMailHosts("", func(h *fact.MailHost) { h.TLS = nil; f(h.SMTP) })
}

// inlMailChain serves another certificate on the first mail server.
func inlMailChain(f func(*fact.Chain)) inlChange {
	return func(m *fact.Measurement) { f(&m.Chains[0]) }
}

// inlTLSAs replaces the TLSA records of a mail server.
func inlTLSAs(server string, rs ...fact.Record) inlChange {
	return inlLook(mailTLSA(server), "TLSA", func(l *fact.Lookup) { l.Records = rs })
}

func inlJudgeMail(tb testing.TB, m *fact.Measurement) *Result {
	tb.Helper()
	r := Judge(m, internetNL())
	if len(r.Verdicts) != len(inlMailSpecs) || len(r.Categories) != len(inlMailCategories) {
		tb.Fatalf("%d verdicts, %d categories", len(r.Verdicts), len(r.Categories))
	}
	return r
}
