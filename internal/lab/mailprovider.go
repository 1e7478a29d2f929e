package lab

import "peil/internal/lab/dnslab"

// A provider receives the mail of many domains. Its own domain lies in example.com, and
// is not measured.
type provider struct {
	id     string
	change func(*Site) // nil: all is well with it
}

const spfOfProvider = "v=spf1 ip4:22.0.241.0/24 ip6:2a1f:8000:f1::/48 -all"

// providers are those of the lab and its country.
var providers = []provider{
	{id: "bigmail"},
	// As the largest one was for years: no DNSSEC, no DANE, IPv6.
	{id: "cloudmail", change: func(s *Site) {
		s.DNS.Signing = dnslab.Unsigned
		for _, m := range s.Mail.Servers {
			m.TLSA = []string{}
		}
	}},
	// A smaller one without IPv6.
	{id: "fourmail", change: func(s *Site) {
		for _, m := range s.Mail.Servers {
			m.V6 = nil
		}
	}},
	// A filter with old TLS before it.
	{id: "oldfilter", change: func(s *Site) { entriesByID()["tls-1-0"].change(s) }},
	// One whose TLSA records were forgotten when the certificate changed.
	{id: "stalemail", change: func(s *Site) {
		for _, m := range s.Mail.Servers {
			m.TLSA = []string{tlsaNext}
		}
	}},
}

// providerName is a provider's own domain.
func providerName(id string) string { return id + ".example.com" }

// mailProviders makes them anew.
func mailProviders() []*Site {
	var list []*Site
	for _, p := range providers {
		s := newMailSite(p.id, providerName(p.id))
		s.Mail.Records = append(s.Mail.Records, `spf.{d}. 3600 IN TXT "`+spfOfProvider+`"`)
		if p.change != nil {
			p.change(s)
		}
		list = append(list, s)
	}
	return list
}

// hostedBy has a provider receive the mail.
func hostedBy(id string) func(*Site) {
	at := providerName(id)
	return func(s *Site) {
		s.Mail.Servers = nil
		s.Mail.MX = []string{"10 mx1." + at + ".", "20 mx2." + at + "."}
		s.Mail.TXT = []string{"v=spf1 include:spf." + at + " -all"}
		s.Mail.Policy = "version: STSv1\r\nmode: enforce\r\nmx: mx1." + at + "\r\nmx: mx2." + at + "\r\nmax_age: 2419200\r\n"
	}
}
