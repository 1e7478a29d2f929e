package lab

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"peil/internal/lab/dnslab"
	"peil/internal/lab/pki"
)

// layMail gives mail domains their addresses and zones.
func (n *network) layMail(sites []*Site) {
	n.addMailHelpers()
	for _, s := range append(mailProviders(), sites...) {
		n.placeMail(s)
		n.addMailZones(s)
	}
}

// placeMail gives the servers of a mail domain their names and addresses.
func (n *network) placeMail(s *Site) {
	for _, m := range s.Mail.Servers {
		if m.Name = m.Label + "." + s.mxName(); m.Label == "@" {
			m.Name = s.Name
		}
		for _, family := range []struct {
			list []Server
			next func(Routing) netip.Addr
		}{{m.V4, n.alloc.v4}, {m.V6, n.alloc.v6}} {
			for i := range family.list {
				srv := &family.list[i]
				srv.Addr = family.next(srv.Routing)
				e := n.addr(srv.Addr)
				e.mail, e.port25 = m, srv.Port25
				names := srv.PTR
				if names == nil {
					names = []string{m.Name}
				}
				for _, name := range names {
					n.addReverse(srv.Addr, s.expand(name))
				}
			}
		}
	}
}

// addMailZones makes the zone of a mail domain, and that of its servers when it is
// another.
func (n *network) addMailZones(s *Site) {
	policy := s.policySite()
	if policy != nil {
		n.placeSite(policy)
	}
	records := append(n.caaRecords(s.mailApex(), s.DNS.CAA), n.mailRecords(s, policy)...)
	hosts := n.mailHostRecords(s)
	if z := s.Mail.MXZone; z != nil {
		apex := s.mxName() + "."
		n.addMailZone(apex, z, append(n.caaRecords(apex, z.CAA), hosts...))
	} else {
		records = append(records, hosts...)
	}
	n.addMailZone(s.mailApex(), &s.DNS, records)
}

func (n *network) addMailZone(apex string, p *DNSProfile, records []dns.RR) {
	n.addZone(&dnslab.Spec{
		Apex: apex, Parent: apex[strings.IndexByte(apex, '.')+1:], NS: n.resolved[p.NameServers], Signing: p.Signing, Records: records,
	})
}

// caaRecords are those at the apex of a zone.
func (n *network) caaRecords(apex string, caa []string) []dns.RR {
	if caa == nil {
		caa = []string{`0 issue "` + n.caaIssuer + `"`, `0 issuewild ";"`, `0 iodef "mailto:security@example.nl"`}
	}
	var rrs []dns.RR
	for _, c := range caa {
		rrs = append(rrs, mustRR(fmt.Sprintf("%s %d IN CAA %s", apex, recordTTL, c)))
	}
	return rrs
}

// mailRecords are what stands in the zone for the domain itself.
func (n *network) mailRecords(s *Site, policy *Site) []dns.RR {
	var rrs []dns.RR
	d := s.Name + "."
	texts := func(owner string, list []string) {
		for _, t := range list {
			rrs = append(rrs, textRecord(owner, s.expand(t)))
		}
	}
	mx := s.Mail.MX
	if mx == nil {
		for i, m := range s.Mail.Servers {
			mx = append(mx, fmt.Sprintf("%d %s.", 10*(i+1), m.Name))
		}
	}
	for _, x := range mx {
		rrs = append(rrs, mustRR(fmt.Sprintf("%s %d IN MX %s", d, recordTTL, s.expand(x))))
	}
	texts(d, s.Mail.TXT)
	texts("_dmarc."+d, s.Mail.DMARC)
	texts("_mta-sts."+d, s.Mail.STS)
	texts("_smtp._tls."+d, s.Mail.Reports)
	for _, k := range s.Mail.DKIM {
		selector, value, _ := strings.Cut(k, " ")
		texts(selector+"._domainkey."+d, []string{value})
	}
	for _, line := range s.Mail.Records {
		rrs = append(rrs, mustRR(s.expand(line)))
	}
	if policy != nil {
		rrs = append(rrs, policy.addresses(policy.Name+".")...)
	}
	return rrs
}

// mailHostRecords are the addresses and TLSA records of the servers.
func (n *network) mailHostRecords(s *Site) []dns.RR {
	var rrs []dns.RR
	for _, m := range s.Mail.Servers {
		m.each(func(srv *Server) { rrs = append(rrs, addressRecord(m.Name+".", srv.Addr)) })
		words := m.TLSA
		if words == nil {
			words = []string{tlsaLeaf, tlsaIssuer}
		}
		for _, w := range words {
			for _, data := range n.mailTLSA(m, w) {
				rrs = append(rrs, mustRR(fmt.Sprintf("_25._tcp.%s. %d IN TLSA %s", m.Name, recordTTL, data)))
			}
		}
		for _, x := range s.Mail.TLSA {
			if x[0] != m.Label {
				continue
			}
			for _, data := range n.mailTLSA(m, x[2]) {
				rrs = append(rrs, mustRR(fmt.Sprintf("%s %d IN TLSA %s", s.expand(x[1]), recordTTL, data)))
			}
		}
	}
	return rrs
}

// Words for the TLSA records of mail servers, for those that depend on the certificate:
// usage, selector and matching type stand in front.
const (
	tlsaLeaf   = "3 1 1 leaf"
	tlsaIssuer = "2 1 1 issuer"
	tlsaNext   = "3 1 1 next" // of the key that comes next: matches nothing yet
)

// mailTLSA fills in the data of a TLSA record: leaf, issuer and root for what these
// certificates have, next for a key that is not in use. A server with several
// certificates gets one record for each.
func (n *network) mailTLSA(m *MailServer, words string) []string {
	f := strings.Fields(words)
	if len(f) != 4 || len(f[3]) > 6 { // data as it is
		return []string{words}
	}
	specs := []pki.Spec{{}}
	m.each(func(srv *Server) {
		if srv.TLS != nil && len(srv.TLS.Certs) > 0 {
			specs = srv.TLS.Certs
		}
	})
	var list []string
	for _, spec := range specs {
		if spec.Name == "" {
			spec.Name = m.Name
		}
		if f[3] == "next" {
			spec = pki.Spec{Name: "next." + m.Name}
		}
		leaf, err := n.leaf(spec)
		if err != nil {
			continue // the handshake fails alike
		}
		var der, spki []byte
		switch f[3] {
		case "leaf", "next":
			if len(leaf.Chain) == 0 {
				continue
			}
			der = leaf.Chain[0]
			spki = publicKeyOf(der)
		case "issuer":
			der, spki = leaf.Issuer.Raw, leaf.Issuer.RawSubjectPublicKeyInfo
		case "root":
			der, spki = n.root.Raw, n.root.RawSubjectPublicKeyInfo
		}
		data := der
		if f[1] == "1" {
			data = spki
		}
		if len(data) == 0 {
			continue // no such part can be told
		}
		text := ""
		switch f[2] {
		case "1":
			text = fmt.Sprintf("%x", sha256.Sum256(data))
		case "2":
			text = fmt.Sprintf("%x", sha512.Sum512(data))
		default:
			text = fmt.Sprintf("%x", data)
		}
		list = append(list, strings.Join(f[:3], " ")+" "+text)
	}
	return list
}

// publicKeyOf cuts the SubjectPublicKeyInfo out of a certificate (RFC 5280 section 4.1),
// also one on a curve that the standard library does not know.
func publicKeyOf(der []byte) []byte {
	input := cryptobyte.String(der)
	var cert, tbs, spki cryptobyte.String
	if !input.ReadASN1(&cert, asn1.SEQUENCE) || !cert.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) || !tbs.SkipASN1(asn1.INTEGER) {
		return nil
	}
	for range 4 { // signature algorithm, issuer, validity, subject
		if !tbs.SkipASN1(asn1.SEQUENCE) {
			return nil
		}
	}
	if !tbs.ReadASN1Element(&spki, asn1.SEQUENCE) {
		return nil
	}
	return spki
}

// textRecord is a TXT record of any length (RFC 1035 section 3.3.14).
func textRecord(owner, text string) *dns.TXT {
	rr := &dns.TXT{Hdr: dns.RR_Header{Name: owner, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: recordTTL}}
	for len(text) > 255 {
		rr.Txt, text = append(rr.Txt, escapeText(text[:255])), text[255:]
	}
	rr.Txt = append(rr.Txt, escapeText(text))
	return rr
}

// escapeText writes a character string as the library keeps it.
func escapeText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// reverseZones hold the names of addresses; all that the lab gives out lies in them.
var reverseZones = []string{"22.in-addr.arpa.", "f.1.a.2.ip6.arpa."}

// addReverseZones makes the zones of reverse names (RFC 1035 section 3.5, RFC 3596
// section 2.5).
func (n *network) addReverseZones() {
	tld, own := n.static["test."].NS, n.static["lab.test."].NS
	n.addZone(&dnslab.Spec{Apex: "arpa.", Parent: ".", NS: tld, Keep: true})
	for _, zone := range reverseZones {
		above := zone[strings.Index(zone, "i"):]
		n.addZone(&dnslab.Spec{Apex: above, Parent: "arpa.", NS: tld, Keep: true})
		n.addZone(&dnslab.Spec{Apex: zone, Parent: above, NS: own, Keep: true})
	}
}

func (n *network) addReverse(a netip.Addr, name string) {
	owner, err := dns.ReverseAddr(a.String())
	if err != nil {
		return // an address always has one
	}
	n.reverse = append(n.reverse, &dns.PTR{
		Hdr: dns.RR_Header{Name: owner, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: recordTTL}, Ptr: dns.Fqdn(name),
	})
}

// fillReverse gives the reverse zones their records.
func (n *network) fillReverse() {
	for _, rr := range n.reverse {
		for _, zone := range reverseZones {
			if strings.HasSuffix(rr.Header().Name, "."+zone) {
				n.static[zone].Records = append(n.static[zone].Records, rr)
			}
		}
	}
}

// nobody stands where no mail server listens.
var nobody = &MailServer{Name: "nobody"}

// addMailHelpers adds what mail domains lean on elsewhere: who sends for them, and where
// their reports go.
func (n *network) addMailHelpers() {
	spec := n.static["example.com."]
	spec.Records = append(spec.Records,
		textRecord("spf.sender.example.com.", "v=spf1 ip4:22.0.240.0/24 ip6:2a1f:8000:f0::/48 -all"),
		textRecord("*._report._dmarc.reports.example.com.", "v=DMARC1;"),
		textRecord("*._report._dmarc.short.example.com.", "v=DMARC1"),
	)
	// A domain with an address and no MX is its own mail server (RFC 5321 section 5.1):
	// where withAddress leads nobody listens.
	for _, a := range []string{"22.0.240.1", "2a1f:8000:f0::1"} {
		e := n.addr(netip.MustParseAddr(a))
		e.mail, e.port25 = nobody, Refused
	}
}
