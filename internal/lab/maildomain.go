package lab

import (
	"strings"

	"peil/internal/lab/weblab"
)

// Mail is what stands in the DNS for a mail domain, and its servers. newMailSite makes the
// perfect one. In all texts {d} is the domain, {mx} the name above those of its servers,
// both without a final dot.
type Mail struct {
	// Apex is the zone in which it lies; "" is one of its own.
	Apex string
	// MX are the records as "preference host."; nil names the servers in their order.
	MX      []string
	Servers []*MailServer
	// MXZone, when set, puts the servers into a zone of their own with that profile.
	MXZone *DNSProfile

	TXT     []string // at the domain: SPF, and whatever else stands there
	DMARC   []string // at _dmarc
	DKIM    []string // "selector value"
	STS     []string // at _mta-sts
	Reports []string // at _smtp._tls (RFC 8460)
	// Policy is the policy of MTA-STS, served under mta-sts.{d}; "": there is no such name.
	Policy string
	// PolicyHost changes the website that serves it.
	PolicyHost func(*Site)
	// Records are further ones, in master-file form.
	Records []string
	// TLSA are records of a server's certificate that stand elsewhere: the server's label,
	// the owner's name and the words.
	TLSA [][3]string
}

// MailServer is a mail server at its addresses.
type MailServer struct {
	// Label is its name below {mx}, or "@": the domain itself.
	Label  string
	Name   string // in full, given when the network is laid out
	V4, V6 []Server
	// TLSA are the records at _25._tcp: "usage selector type data", or words of
	// mailTLSA; nil is a good pair, an empty list none.
	TLSA []string
}

// each calls f for each address.
func (m *MailServer) each(f func(*Server)) {
	for i := range m.V4 {
		f(&m.V4[i])
	}
	for i := range m.V6 {
		f(&m.V6[i])
	}
}

func newMailServer(label string) *MailServer {
	return &MailServer{Label: label, V4: []Server{{}}, V6: []Server{{}}}
}

// What the perfect mail domain publishes.
const (
	goodSPF    = "v=spf1 mx include:spf.sender.example.com -all"
	goodDMARC  = "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:dmarc@{d},mailto:dmarc@reports.example.com"
	goodSTS    = "v=STSv1; id=20261123T000000"
	goodTLSRPT = "v=TLSRPTv1; rua=mailto:tlsrpt@{d}"
	goodPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mx1.{mx}\r\nmx: mx2.{mx}\r\nmax_age: 2419200\r\n"
	goodDKIM   = "default v=DKIM1; k=rsa; p=" + dkimRSA2048
)

// DKIM keys of nobody: their private halves are not kept.
const (
	dkimRSA2048 = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwbNlhzk0+FfAYKuFf2aML2yLB9jNKP5ZFD8IhEVVM+BAvPyoJCLK/XUzZybV1RzNfr2eUdiaH8GnC1Qo0hy2EAoXYFa86fXEqEbYCK5z84sYwTc8xMzKnvaIDezlrR4foY49ms9JgVBOdyj3+TxSy+WOOIwn8KN1WYcM9MWHVzxuEqg4gRndudDoArJYw2Hytd6LFwPOWbKqPKaTH83Vbra1eCaHNcNUVCAOZL6OEngFAqm/RYtRL9NcA1Di6t9WZSHukMs2/1v7UfvNcU1x8l0N+J73rmX8qCSlHh/J/y8heq0ECm2FJk0fbeuxe6MiCfCMGZWLYSk/AuSvMyM+yQIDAQAB"
	dkimRSA1024 = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/Lf4o61TpMwfG+WvwfO3//xyePOPZvxHm5KJfO6MjESz4Z2ndSltyX7WNQNcHIuF4SXC1eQ+3yefPx01IFo/ycWKB31d/MpCqjH9TyEliYNLQNmPJtHgpXkqmmEMkokT3yfc6RS7ToexAP8y1zxM7hOWqWsUa2AfLGrauDc0yGwIDAQAB"
	dkimRSA512  = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL6GN4bWO3BHL4uqD2alotXA19uPbEEYK6NTju20iAxSHmoEu8mLNjbLqNFbmlJPd7UphE2NMeRiCTo5rRtuUyECAwEAAQ=="
	dkimEd25519 = "zodQ/qS1xVz2hRG4iIazOiwLlfdg31I+bm0p13WvZhI="
)

// newMailSite is a perfect mail domain: two mail servers in both families.
func newMailSite(id, name string) *Site {
	return &Site{ID: id, Name: name, Mail: &Mail{
		Servers: []*MailServer{newMailServer("mx1"), newMailServer("mx2")},
		TXT:     []string{goodSPF},
		DMARC:   []string{goodDMARC},
		DKIM:    []string{goodDKIM},
		STS:     []string{goodSTS},
		Reports: []string{goodTLSRPT},
		Policy:  goodPolicy,
		Records: []string{`www.{d}. 3600 IN TXT "v=spf1 -all"`},
	}}
}

// apex is the zone of a mail domain.
func (s *Site) mailApex() string {
	if s.Mail.Apex != "" {
		return s.Mail.Apex
	}
	return s.Name + "."
}

// mxName is the name above those of the servers.
func (s *Site) mxName() string {
	if s.Mail.MXZone == nil {
		return s.Name
	}
	label, rest, _ := strings.Cut(s.Name, ".")
	return label + "-mx." + rest // beside the domain, so that the one's chain is not the other's
}

// expand fills in the names.
func (s *Site) expand(text string) string {
	return strings.NewReplacer("{d}", s.Name, "{mx}", s.mxName()).Replace(text)
}

// policyPath is where a policy lies (RFC 8461 section 3.3).
const policyPath = "/.well-known/mta-sts.txt"

// policySite is the website with the policy, nil when there is none.
func (s *Site) policySite() *Site {
	if s.Mail.Policy == "" {
		return nil
	}
	p := newSite(s.ID+"-policy", "mta-sts."+s.Name)
	p.http(func(h *weblab.Profile) {
		h.Files = map[string]weblab.File{policyPath: {Body: s.expand(s.Mail.Policy)}}
	})
	if s.Mail.PolicyHost != nil {
		s.Mail.PolicyHost(p)
	}
	return p
}
