package norm

import (
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"peil/internal/fact"
)

// dkimRecord is a key record of RSA.
func dkimRecord(bits int) string {
	der, err := x509.MarshalPKIXPublicKey(rsaOf(bits))
	if err != nil {
		panic(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

const (
	policyURL  = "https://mta-sts.example.nl/.well-known/mta-sts.txt"
	goodPolicy = "version: STSv1\nmode: enforce\nmx: mx1.example.nl\nmax_age: 2419200\n"
)

// goodMail is a mail domain on which there is nothing to remark: each test changes one
// thing. It is new at each call.
func goodMail() *fact.Measurement {
	m := inlGoodMail()
	add := func(name, qtype string, rs ...fact.Record) {
		m.DNS.Lookups = append(m.DNS.Lookups, inlSecure(name, qtype, rs...))
	}
	add("www."+inlDomain, "TXT", inlTxtRecord("v=spf1 -all"))
	add("s1._domainkey."+inlDomain, "TXT", inlTxtRecord(dkimRecord(2048)))
	add("s2._domainkey."+inlDomain, "TXT")
	m.DNS.Lookups[len(m.DNS.Lookups)-1].RCode = "NXDOMAIN"
	add("_mta-sts."+inlDomain, "TXT", inlTxtRecord("v=STSv1; id=1"))
	add("_smtp._tls."+inlDomain, "TXT", inlTxtRecord("v=TLSRPTv1; rua=mailto:tlsrpt@example.nl"))
	add("default._bimi."+inlDomain, "TXT", inlTxtRecord("v=BIMI1; l=https://example.nl/logo.svg"))
	for _, a := range m.Mail.Servers[0].Wire {
		add(reverseName(a), "PTR", inlData1(inlMX1))
	}
	m.DNS.Zones = []fact.Zone{{
		Name: inlDomain, Parent: "nl", Security: fact.Secure,
		DS:   []fact.DS{{KeyTag: 1, Algorithm: 13, Digest: 2, Matches: true}},
		Keys: []fact.DNSKEY{{KeyTag: 1, Flags: 257, Algorithm: 13, Used: true}}, Denial: &fact.Denial{Kind: "NSEC3"},
		Signatures: []fact.Signature{{Name: inlDomain, Type: "MX", KeyTag: 1, Algorithm: 13, Signer: inlDomain, Inception: now.AddDate(0, 0, -7), Expiration: now.AddDate(0, 0, 7)}},
	}}
	for i := range m.DNS.Lookups {
		m.DNS.Lookups[i].Zone = inlDomain
	}
	m.Mail.Selectors = []fact.Selector{{Name: "s1", From: "given"}, {Name: "s2", From: "known"}}
	m.Mail.Policy = &fact.PolicyFetch{
		Fetch: &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{{URL: policyURL, Status: 200, Chain: m.Chains[0].ID}}},
		Body:  []byte(goodPolicy),
	}
	for i := range m.Mail.Servers[0].Hosts {
		h := &m.Mail.Servers[0].Hosts[i]
		d := h.TLS.Deployments
		h.TLS = goodTLS(h.Addr)
		h.TLS.Deployments, h.TLS.Via, h.TLS.ServerName = d, "smtp", inlMX1
	}
	return m
}

// onMail is a case about mail in an edition whose requirements are for websites too.
func onMail(c change) change {
	return func(t *testing.T, m *fact.Measurement) {
		*m = *goodMail()
		c(t, m)
	}
}

// moved puts what a case of the website changes in its TLS and certificates onto the
// mail server: the judgement must be the same.
func moved(c change) change {
	return onMail(func(t *testing.T, m *fact.Measurement) {
		w := goodSite(t)
		c(t, w)
		m.At, m.Chains = w.At, w.Chains
		for i := range m.Mail.Servers[0].Hosts {
			h := &m.Mail.Servers[0].Hosts[i]
			h.TLS, h.Port25 = w.Web.Hosts[i].TLS, w.Web.Hosts[i].Port443
			if h.TLS == nil {
				h.SMTP = nil
			}
		}
	})
}

// movedCases are the cases of TLS and certificates of the website, on port 25.
func movedCases() []verdictCase {
	peil, _ := ByName("peil")
	own := []string{"mail.cert.trust", "mail.cert.domain", "mail.cert.expiry"} // judged by what is true for mail
	var cs []verdictCase
	for _, c := range slices.Concat(tlsCases(), certificateCases()) {
		id := "mail" + strings.TrimPrefix(c.id, "web")
		if c.code == "no-website" || peil.Requirement(id) == nil || slices.Contains(own, id) || strings.HasPrefix(id, "mail.dnssec") {
			continue
		}
		cs = append(cs, peilCase(id, "as the website: "+c.name, moved(c.change), c.want, c.code))
	}
	for _, c := range ncscCases() {
		if c.code != "no-website" && c.id != "tls.compression" { // of a website, 2.1 looks at HTTP too
			cs = append(cs, verdictCase{c.edition, c.id, "mail: " + c.name, moved(c.change), c.want, c.code})
		}
	}
	return cs
}
