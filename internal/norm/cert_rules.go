package norm

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"peil/internal/fact"
)

// eachChain judges every chain that an address serves for the name: that of each kind
// of key. The verdict on the address is the worst.
func (v *view) eachChain(judge func(*fact.Chain, []*certificate) finding) Verdict {
	return v.eachTLS(func(t *fact.TLS) finding { return v.worstChain(t, judge) })
}

// worstChain is the worst of what is found of the chains that an address serves.
func (v *view) worstChain(t *fact.TLS, judge func(*fact.Chain, []*certificate) finding) finding {
	var worstOf *finding
	var until time.Time
	for _, d := range t.Deployments {
		ch := v.Chain(d.Chain)
		if ch == nil || (d.Version == fact.SSL20 && len(t.Deployments) > 1) {
			continue // SSL 2.0 sends the server's own certificate alone: no chain to judge
		}
		f := none(because("no-certificate"))
		if cs := v.certificates(d.Chain); len(cs) > 0 {
			f = judge(ch, cs)
		}
		if len(t.Deployments) > 1 && d.Auth != "" {
			for i := range f.evidence {
				f.evidence[i] = d.Auth + ": " + f.evidence[i]
			}
		}
		until = earliest(until, f.until)
		if worstOf == nil || f.outcome.rank() > worstOf.outcome.rank() {
			worstOf = &f
		}
	}
	if gap := moreCertificates(t); worstOf == nil || gap != "" && worstOf.outcome.rank() < NotMeasured.rank() {
		return missed(gap)
	}
	worstOf.until = until
	return *worstOf
}

// distrust is the reason why a chain is not trusted, in one word.
func distrust(c *fact.Chain) string { return firstWord(c.Trust.Problem, "untrusted") }

// trustProblem is that word with its detail, for the evidence.
func trustProblem(c *fact.Chain) string {
	if d := plainly(c.Trust.Detail); d != "" {
		return distrust(c) + " (" + d + ")"
	}
	return distrust(c)
}

// libraryMarks are what Go's packages put before each error: it says nothing of the site.
var libraryMarks = strings.NewReplacer("x509: ", "", "asn1: ", "", "ocsp: ", "", "tls: ", "")

// plainly is what a library said of a certificate, without the name of the library.
func plainly(detail string) string { return libraryMarks.Replace(detail) }

// stapleFault puts in a word what a library said of an OCSP response, where it has one.
func stapleFault(problem string) string {
	switch {
	case strings.HasPrefix(problem, "asn1: "), strings.HasPrefix(problem, "x509: "):
		return "malformed"
	case strings.HasPrefix(problem, "bad OCSP signature"):
		return "bad_signature"
	case strings.HasPrefix(problem, "the certificate cannot be read"):
		return "the certificate cannot be read"
	}
	return plainly(problem)
}

// unchecked reports whether this meter could not tell if a chain is trusted: it knows
// not every signature and key that there is.
func unchecked(c *fact.Chain) bool { return c.Trust.Problem == "unsupported" }

const renewFixCode = "certbot renew --deploy-hook 'systemctl reload nginx'"

var certTrust = rule{
	explain: Text{
		"Elk certificaat dat de website toont, leidt via de meegestuurde certificaten naar een wortel die Mozilla vertrouwt, en doorstaat alles wat een browser nagaat. Past alleen de naam niet, dan staat dat bij 'Certificaat past bij de naam'.",
		"Each certificate that the website shows leads by way of the certificates sent along to a root that Mozilla trusts, and passes all that a browser checks. When only the name does not match, that is said at 'Certificate matches the name'.",
	},
	why: Text{
		"Bezoekers krijgen anders een waarschuwing en leren die weg te klikken; dan valt een aanval niet meer op.",
		"Otherwise visitors get a warning and learn to click it away; an attack is then no longer noticed.",
	},
	fixes: []Fix{
		fixFor("nginx", "Stuur de hele keten mee: eigen certificaat eerst, dan de tussenliggende.", "Send the whole chain: your own certificate first, then the intermediates.", "ssl_certificate /etc/letsencrypt/live/www.example.nl/fullchain.pem;"),
		fixFor("apache", "Stuur de hele keten mee.", "Send the whole chain.", "SSLCertificateFile /etc/letsencrypt/live/www.example.nl/fullchain.pem"),
		fixFor("iis", "Zet de tussenliggende certificaten in 'Intermediate Certification Authorities'.", "Put the intermediate certificates in 'Intermediate Certification Authorities'.", "Import-Certificate -FilePath intermediate.cer -CertStoreLocation Cert:\\LocalMachine\\CA"),
	},
	check: "openssl s_client -connect {peer} -servername {name} -verify_return_error </dev/null",
	judge: func(v *view) Verdict {
		return v.eachChain(func(c *fact.Chain, cs []*certificate) finding {
			if c.Trust.Trusted || (c.Trust.Problem == "name_mismatch" && c.Trust.PathWithoutName) {
				return pass(because("trusted", issuerName(cs[0]))).till(v.after(c.Trust.Until))
			}
			if unchecked(c) {
				return missed(fact.GapUnsupported).with(trustProblem(c))
			}
			why := worded("untrusted", c.Trust.Problem)
			if why.Code == "untrusted" {
				why.Args = []string{distrust(c)}
			}
			f := fail(why).with(trustProblem(c), "issuer "+issuerName(cs[0]))
			if c.Trust.Problem == "not_yet_valid" {
				f = f.till(v.after(cs[0].NotBefore))
			}
			return f
		})
	},
}

func issuerName(c *certificate) string {
	switch {
	case c.IssuerOrg != "" && c.IssuerCN != "":
		return c.IssuerOrg + ", " + c.IssuerCN
	case c.IssuerOrg != "":
		return c.IssuerOrg
	case c.IssuerCN != "":
		return c.IssuerCN
	}
	return "?"
}

var certDomain = rule{
	explain: Text{
		"De naam van de website staat in subjectAltName van het certificaat, zelf of met een joker voor precies één label. De common name telt niet.",
		"The name of the website stands in subjectAltName of the certificate, itself or by a wildcard for exactly one label. The common name does not count.",
	},
	why: certTrust.why,
	fixes: []Fix{
		fixFor("", "Vraag een certificaat aan waar deze naam in staat.", "Ask for a certificate that has this name.", "certbot certonly -d example.nl -d www.example.nl"),
	},
	check: "openssl s_client -connect {peer} -servername {name} </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName",
	judge: func(v *view) Verdict {
		return v.eachChain(func(_ *fact.Chain, cs []*certificate) finding {
			if cs[0].matches(v.Target.Name) {
				return pass(because("name-matches"))
			}
			return fail(because("name-mismatch", sanList(cs[0]))).with("subjectAltName: " + sanList(cs[0]))
		})
	},
}

func sanList(c *certificate) string {
	if len(c.DNSNames) == 0 {
		return "–"
	}
	l := c.DNSNames
	s := ""
	for i, n := range l {
		if i == maxNames {
			return s + ", +" + itoa(len(l)-i)
		}
		if i > 0 {
			s += ", "
		}
		s += n
	}
	return s
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

var renewFixes = []Fix{
	fixFor("", "Vernieuw het certificaat vanzelf, met ACME.", "Renew the certificate automatically, with ACME.", renewFixCode),
	fixFor("iis", "Vernieuw het certificaat vanzelf, met ACME (win-acme).", "Renew the certificate automatically, with ACME (win-acme).", "wacs.exe --renew"),
}

const dateCheck = "openssl s_client -connect {peer} -servername {name} </dev/null 2>/dev/null | openssl x509 -noout -dates"

var certExpiry = rule{
	explain: Text{
		"Op het moment van meten is het certificaat al geldig en nog niet verlopen.",
		"At the time of measurement the certificate is valid already and has not expired.",
	},
	why: certTrust.why, fixes: renewFixes, check: dateCheck,
	judge: func(v *view) Verdict {
		return v.eachChain(func(_ *fact.Chain, cs []*certificate) finding {
			c := cs[0]
			switch {
			case c.NotAfter.IsZero():
				return fail(because("certificate-unreadable", c.Defect)).with(c.Defect)
			case v.At.Before(c.NotBefore):
				return fail(because("not-yet-valid", day(c.NotBefore))).with("notBefore " + day(c.NotBefore)).till(c.NotBefore)
			case v.At.After(c.NotAfter):
				return fail(because("expired", day(c.NotAfter))).with("notAfter " + day(c.NotAfter))
			}
			return pass(because("valid-until", day(c.NotAfter))).till(c.NotAfter)
		})
	},
}

// renewBefore is how long before its end a certificate should have been replaced: a
// fifth of its life, at most 14 days. Clients of ACME renew at a third.
func renewBefore(c *certificate) time.Duration {
	return min(14*24*time.Hour, c.NotAfter.Sub(c.NotBefore)/5)
}

var certForecast = rule{
	explain: Text{
		"Het certificaat wordt op tijd vervangen: er is nog meer dan een vijfde van de looptijd over, of meer dan 14 dagen.",
		"The certificate is replaced in time: more than a fifth of its life is left, or more than 14 days.",
	},
	why: Text{
		"Een certificaat dat op de laatste dag nog niet vervangen is, wordt met de hand vernieuwd, en dat gaat een keer mis.",
		"A certificate that is not replaced by its last days is renewed by hand, and one day that goes wrong.",
	},
	fixes: renewFixes, check: dateCheck,
	judge: func(v *view) Verdict {
		return v.eachChain(func(_ *fact.Chain, cs []*certificate) finding {
			c := cs[0]
			switch soon := c.NotAfter.Add(-renewBefore(c)); {
			case c.NotAfter.IsZero() || v.At.After(c.NotAfter) || v.At.Before(c.NotBefore):
				return none(because("not-within-dates"))
			case v.At.Before(soon):
				return pass(because("valid-until", day(c.NotAfter))).till(soon)
			}
			return warn(because("expires-soon", day(c.NotAfter))).with("notAfter " + day(c.NotAfter)).till(c.NotAfter)
		})
	},
}

// lifetimes are the longest lives of a public certificate by the day of issue (CA/B
// Forum Baseline Requirements 6.3.2, ballots SC22 and SC-081v3), the latest first.
var lifetimes = []struct {
	from time.Time
	days int
}{
	{time.Date(2029, 3, 15, 0, 0, 0, 0, time.UTC), 47},
	{time.Date(2027, 3, 15, 0, 0, 0, 0, time.UTC), 100},
	{time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC), 200},
	{time.Date(2020, 9, 1, 0, 0, 0, 0, time.UTC), 398},
	{time.Time{}, 825},
}

func longest(issued time.Time) int {
	for _, l := range lifetimes {
		if !issued.Before(l.from) {
			return l.days
		}
	}
	return 0
}

var certLifetime = rule{
	explain: Text{
		"Het certificaat loopt niet langer dan de regels voor publieke certificaten toestaan op de dag van uitgifte: 398 dagen, vanaf 15 maart 2026 200, vanaf 2027 100 en vanaf 2029 47.",
		"The certificate does not run longer than the rules for public certificates allow on the day of issue: 398 days, from 15 March 2026 200, from 2027 100 and from 2029 47.",
	},
	why: Text{
		"Een korte looptijd beperkt de schade van een gestolen sleutel. Browsers weigeren certificaten die te lang lopen.",
		"A short life limits the damage of a stolen key. Browsers refuse certificates that run too long.",
	},
	fixes: renewFixes, check: dateCheck,
	judge: func(v *view) Verdict {
		return v.eachChain(func(ch *fact.Chain, cs []*certificate) finding {
			c := cs[0]
			if unchecked(ch) {
				return missed(fact.GapUnsupported)
			}
			if !ch.Trust.Trusted && !ch.Trust.PathWithoutName {
				return none(because("untrusted", distrust(ch)))
			}
			limit, life := longest(c.NotBefore), c.NotAfter.Sub(c.NotBefore)
			days := itoa(int(life.Hours()/24 + 0.5))
			if life > time.Duration(limit)*24*time.Hour {
				return fail(because("lifetime-long", days, itoa(limit))).with("notBefore " + day(c.NotBefore) + ", notAfter " + day(c.NotAfter))
			}
			return pass(because("lifetime", days, itoa(limit)))
		})
	},
}

var certChainOrder = rule{
	explain: Text{
		"De server stuurt eerst zijn eigen certificaat, en daarna steeds het certificaat van de uitgever van het vorige; niets ontbreekt in het midden en niets is te veel. Een meegestuurde wortel is een opmerking.",
		"The server sends its own certificate first, and then each time that of the issuer of the one before; nothing is missing in between and nothing is surplus. A root that is sent along is noted.",
	},
	why: Text{
		"Niet elk programma zoekt zelf de goede volgorde uit; overtollige certificaten maken elke verbinding trager.",
		"Not every program sorts it out by itself; surplus certificates slow down each connection.",
	},
	fixes: certTrust.fixes,
	check: "openssl s_client -connect {peer} -servername {name} -showcerts </dev/null 2>/dev/null | grep -E ' s:| i:'",
	judge: func(v *view) Verdict {
		return v.eachChain(func(ch *fact.Chain, cs []*certificate) finding {
			for i := 1; i < len(cs); i++ {
				if bytes.Equal(cs[i-1].Issuer, cs[i].Subject) && len(cs[i].Subject) > 0 {
					continue
				}
				line := itoa(i) + " s:" + certificateName(cs[i]) + ", expected " + issuerName(cs[i-1])
				if slices.ContainsFunc(cs[:i], func(c *certificate) bool { return bytes.Equal(c.Raw, cs[i].Raw) }) {
					return warn(because("chain-repeated", certificateName(cs[i]))).with(line)
				}
				if slices.ContainsFunc(cs, func(c *certificate) bool { return bytes.Equal(c.Issuer, cs[i].Subject) && c != cs[i] }) {
					return warn(because("chain-order", certificateName(cs[i]))).with(line)
				}
				return warn(because("chain-surplus", certificateName(cs[i]))).with(line)
			}
			if len(ch.Trust.Roots) > 0 && len(cs) > 1 {
				return note(because("chain-root", certificateName(cs[len(cs)-1])))
			}
			return pass(because("chain-right", itoa(len(cs))))
		})
	},
}

var certSCT = rule{
	explain: Text{
		"Bij het certificaat zit een bewijs dat het in een openbaar logboek staat (SCT). Browsers vragen er twee, en drie als het langer dan 180 dagen loopt; minder is een opmerking.",
		"The certificate comes with a proof that it stands in a public log (SCT). Browsers ask for two, and three when it runs for more than 180 days; fewer is noted.",
	},
	why: Text{
		"In openbare logboeken valt een vals certificaat op. Browsers weigeren certificaten zonder deze bewijzen.",
		"In public logs a false certificate is noticed. Browsers refuse certificates without these proofs.",
	},
	fixes: []Fix{fixFor("", "Vraag een nieuw certificaat aan: publieke uitgevers zetten de SCT's erin.", "Ask for a new certificate: public issuers put the SCTs in.", "certbot renew --force-renewal")},
	check: "openssl s_client -connect {peer} -servername {name} </dev/null 2>/dev/null | openssl x509 -noout -ext ct_precert_scts",
	judge: func(v *view) Verdict {
		return v.eachChain(func(ch *fact.Chain, cs []*certificate) finding {
			if unchecked(ch) {
				return missed(fact.GapUnsupported)
			}
			if !ch.Trust.Trusted && !ch.Trust.PathWithoutName {
				return none(because("untrusted", distrust(ch)))
			}
			logs := map[string]bool{}
			for _, s := range ch.SCTs {
				logs[string(s.LogID)] = true
			}
			need := 2
			if cs[0].NotAfter.Sub(cs[0].NotBefore) > 180*24*time.Hour {
				need = 3
			}
			switch {
			case len(logs) >= need:
				return pass(because("scts", itoa(len(logs))))
			case len(logs) == 0:
				return fail(because("no-sct")).with("no SCT in the certificate, the handshake or the OCSP response")
			}
			return note(because("few-scts", itoa(len(logs)), itoa(need)))
		})
	},
}
