package norm

import (
	"crypto/x509"

	"peil/internal/brainpool"
	"peil/internal/fact"
	"peil/internal/standard/tlsa"
)

var daneValid = rule{
	explain: Text{
		"Als er een TLSA-record bij _443._tcp staat, is het met DNSSEC beveiligd en past het bij het certificaat op elk adres. Zonder TLSA-record is deze eis niet van toepassing.",
		"When there is a TLSA record at _443._tcp, it is secured by DNSSEC and fits the certificate on each address. Without a TLSA record this requirement does not apply.",
	},
	why: Text{
		"Een TLSA-record dat niet past, breekt de verbinding voor wie DANE controleert.",
		"A TLSA record that does not fit breaks the connection for whoever checks DANE.",
	},
	fixes: []Fix{
		fixFor("dns", "Zet de vingerafdruk van de sleutel in een TLSA-record, en bij een wisseling eerst de nieuwe erbij.", "Put the fingerprint of the key in a TLSA record, and at a change add the new one first.",
			"openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum\n_443._tcp.www.example.nl. 3600 IN TLSA 3 1 1 <fingerprint>"),
	},
	check: "dig +short TLSA _443._tcp.{name} | while read r; do echo $r; openssl s_client -connect {peer} -servername {name} -dane_tlsa_domain {name} -dane_tlsa_rrdata \"$r\" </dev/null 2>&1 | grep -E '^Verif|DANE TLSA'; done",
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		l := v.DNS.Lookup("_443._tcp."+v.Target.Name, "TLSA")
		switch {
		case l == nil:
			return combine(missed(""))
		case l.Gap != "":
			return combine(missed(l.Gap))
		case l.Security == fact.Bogus:
			return combine(fail(because("dnssec-bogus", problem(l.Problem))).with(problem(l.Problem)))
		case len(l.Records) == 0:
			return combine(none(because("no-tlsa")))
		case l.Security != fact.Secure:
			return combine(fail(because("tlsa-not-secure")).with(records(l)))
		}
		var rs []tlsa.Record
		for _, r := range l.Records {
			rs = append(rs, tlsa.Parse(r.Raw))
		}
		return v.eachChain(func(ch *fact.Chain, cs []*certificate) finding {
			var chain []*x509.Certificate
			for _, c := range cs {
				x, err := brainpool.ParseCertificate(c.Raw)
				if err != nil {
					return missed(fact.GapUnsupported)
				}
				chain = append(chain, x)
			}
			pkix := ch.Trust.Trusted || ch.Trust.PathWithoutName
			p := tlsa.Peer{Chain: chain, Name: v.Target.Name, At: v.At, PKIX: pkix, Agility: true}
			if an := ch.Trust.Anchor; an != nil {
				p.AnchorCert, p.AnchorKey = an.Cert, an.Key
			}
			result, by := tlsa.Verify(rs, p)
			switch {
			case result == tlsa.Validated && by != nil:
				return pass(because("tlsa-valid", by.String()))
			case result == tlsa.Validated:
				return pass(because("tlsa-valid", "TLSA"))
			case result == tlsa.NoUsable:
				return fail(because("tlsa-unusable")).with(records(l))
			case result == tlsa.Unknown:
				return missed(fact.GapUnsupported)
			}
			return fail(because("tlsa-mismatch")).with(records(l))
		})
	},
}
