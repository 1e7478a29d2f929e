package norm

import (
	"crypto/x509"
	"slices"

	"peil/internal/brainpool"
	"peil/internal/fact"
	"peil/internal/standard/tlsa"
)

// mailDANE are the TLSA records that hold for a mail server (RFC 7672 section 2.2).
type mailDANE struct {
	lookup *fact.Lookup
	base   string        // the name at which they stand, without the port
	usable []tlsa.Record // of usage 2 and 3; 0 and 1 have no meaning for SMTP (section 3.1.3)
}

// dane finds the TLSA records of a mail server: at the end of its aliases when these are
// secure, else at its own name. The finding says why there are none.
func (v *view) dane(server string) (d mailDANE, f finding, ok bool) {
	bases := []string{server}
	for _, qtype := range []string{"A", "AAAA"} {
		if l := v.DNS.Lookup(server, qtype); l != nil && l.Security == fact.Secure && l.Final() != server && !slices.Contains(bases, l.Final()) {
			bases = append([]string{l.Final()}, bases...)
		}
	}
	for _, base := range bases {
		l := v.DNS.Lookup(mailTLSA(base), "TLSA")
		switch {
		case l == nil:
			return d, missed(""), false
		case l.Gap != "":
			return d, missed(l.Gap), false
		case l.Security == fact.Bogus:
			return d, fail(because("dnssec-bogus", problem(l.Problem))).with(l.Name + " TLSA: " + problem(l.Problem)), false
		case len(l.Records) == 0 && !denied(l):
			return d, missed(fact.GapDNS), false
		case len(l.Records) == 0:
			continue
		case l.Security != fact.Secure:
			return d, fail(because("tlsa-not-secure")).with(l.Name + " " + records(l)), false
		}
		d = mailDANE{lookup: l, base: base}
		for _, r := range l.Records {
			if p := tlsa.Parse(r.Raw); p.Usable() && p.Usage >= tlsa.DANETA {
				d.usable = append(d.usable, p)
			}
		}
		if len(d.usable) == 0 {
			return d, fail(because("tlsa-unusable")).with(l.Name + " " + records(l)), false
		}
		return d, finding{}, true
	}
	return d, fail(because("no-tlsa")).with(mailTLSA(server) + " TLSA: none"), false
}

// anchored reports whether a record names an authority: then the name in the certificate
// and its dates count (RFC 7671 sections 5.1 and 5.2).
func (d mailDANE) anchored() bool {
	return slices.ContainsFunc(d.usable, func(r tlsa.Record) bool { return r.Usage == tlsa.DANETA })
}

var (
	mailDANEWhy = Text{
		"Versleuteling van mail is zonder DANE vrijblijvend: wie ertussen zit, haalt STARTTLS weg of zet een eigen certificaat neer. Met DANE eist de verzender de juiste sleutel.",
		"Without DANE, encryption of mail is optional: whoever sits in between takes STARTTLS out or puts up a certificate of his own. With DANE the sender demands the right key.",
	}
	mailDANEFixes = []Fix{
		fixFor("dns", "Zet de vingerafdruk van de sleutel (3 1 1) bij elke mailserver, en bij een wisseling eerst de nieuwe erbij. De zone van de mailserver is met DNSSEC ondertekend.", "Put the fingerprint of the key (3 1 1) at each mail server, and at a change add the new one first. The zone of the mail server is signed by DNSSEC.",
			"openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum\n_25._tcp.mx1.example.nl. 3600 IN TLSA 3 1 1 <fingerprint>"),
		fixFor("postfix", "Laat Postfix het record maken.", "Let Postfix make the record.", "postfix tls output-server-tlsa"),
	}
)

const mailDANECheck = "for mx in $(dig +short MX {name} | cut -d' ' -f2); do echo $mx; delv TLSA _25._tcp.$mx; done"

var mailDANEExists = rule{
	explain: Text{
		"Bij elke mailserver staat een TLSA-record voor poort 25 dat met DNSSEC beveiligd is en dat verzenders kunnen gebruiken: soort 2 of 3 (RFC 7672).",
		"At each mail server stands a TLSA record for port 25 that is secured by DNSSEC and that senders can use: usage 2 or 3 (RFC 7672).",
	},
	why: mailDANEWhy, fixes: mailDANEFixes, check: mailDANECheck,
	judge: func(v *view) Verdict {
		return v.eachMX(func(s *mailServer) []finding {
			d, f, ok := v.dane(s.name)
			if !ok {
				return []finding{f}
			}
			return []finding{pass(because("tlsa", d.usable[0].String())).with(d.lookup.Name + " " + records(d.lookup)).till(v.after(d.lookup.Until))}
		})
	},
}

var mailDANEValid = rule{
	explain: Text{
		"Een TLSA-record past bij het certificaat dat elk adres van de mailserver toont, bij elke soort sleutel. Bij soort 2 (DANE-TA) past ook de naam en is de keten geldig; bij soort 3 tellen naam en datum niet (RFC 7671).",
		"A TLSA record fits the certificate that each address of the mail server shows, with each kind of key. With usage 2 (DANE-TA) the name must match too and the chain be valid; with usage 3 name and date do not count (RFC 7671).",
	},
	why: Text{
		"Een TLSA-record dat niet past, houdt mail tegen van iedereen die DANE controleert.",
		"A TLSA record that does not fit stops mail from everyone who checks DANE.",
	},
	fixes: mailDANEFixes,
	check: "dig +short TLSA _25._tcp.{host} | while read r; do echo $r; openssl s_client -starttls smtp -connect {peer} -servername {host} -dane_tlsa_domain {host} -dane_tlsa_rrdata \"$r\" </dev/null 2>&1 | grep -E '^Verif|DANE TLSA'; done; posttls-finger -c -l dane {name}",
	judge: func(v *view) Verdict {
		return v.eachMailChain(func(server string, _ *fact.Chain, cs []*certificate) finding {
			d, f, ok := v.dane(server)
			switch {
			case !ok && f.outcome == NotMeasured:
				return f
			case !ok:
				return none(because("no-usable-tlsa"))
			}
			return v.daneMatches(d, server, cs)
		})
	},
}

// daneMatches holds a chain against the records of a mail server.
func (v *view) daneMatches(d mailDANE, server string, cs []*certificate) finding {
	var chain []*x509.Certificate
	for _, c := range cs {
		x, err := brainpool.ParseCertificate(c.Raw)
		if err != nil {
			return missed(fact.GapUnsupported)
		}
		chain = append(chain, x)
	}
	result := tlsa.Failed
	// Any of these names will do for usage 2 (RFC 7672 section 3.2.2).
	for _, n := range []string{d.base, server, v.Target.Name} {
		got, by := tlsa.Verify(d.usable, tlsa.Peer{Chain: chain, Name: n, At: v.At, Agility: true})
		if got == tlsa.Validated && by != nil {
			f := pass(because("tlsa-valid", by.String()))
			if by.Usage == tlsa.DANETA {
				f = f.till(v.after(cs[0].NotAfter))
			}
			return f
		}
		if got == tlsa.Unknown {
			result = got
		}
	}
	if result == tlsa.Unknown {
		return missed(fact.GapUnsupported)
	}
	return fail(because("tlsa-mismatch")).with(d.lookup.Name + " " + records(d.lookup))
}

var mailDANERollover = rule{
	explain: Text{
		"Er staat een tweede TLSA-record klaar, zodat de sleutel kan wisselen zonder dat er mail blijft liggen: nog een van soort 3, of een van soort 2 ernaast.",
		"A second TLSA record is in place, so that the key can change without mail being held up: another one of usage 3, or one of usage 2 beside it.",
	},
	why: mailDANEValid.why, fixes: mailDANEFixes, check: mailDANECheck,
	judge: func(v *view) Verdict {
		return v.eachMX(func(s *mailServer) []finding {
			d, f, ok := v.dane(s.name)
			switch {
			case !ok && f.outcome == NotMeasured:
				return []finding{f}
			case !ok:
				return []finding{none(because("no-usable-tlsa"))}
			}
			n := itoa(len(d.usable))
			if len(d.usable) >= 2 {
				return []finding{pass(because("tlsa-records", n))}
			}
			return []finding{warn(because("tlsa-records", n)).with(d.lookup.Name + " " + records(d.lookup))}
		})
	},
}
