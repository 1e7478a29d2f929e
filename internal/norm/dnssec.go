package norm

import (
	"slices"
	"strings"
	"time"

	"peil/internal/fact"
)

// addressLookups are the two questions by which a website is found; of a mail domain
// those by which its mail servers are.
func (v *view) addressLookups() []*fact.Lookup {
	if v.Target.Role == fact.Mail {
		return v.mailLookups()
	}
	return []*fact.Lookup{v.DNS.Lookup(v.Target.Name, "A"), v.DNS.Lookup(v.Target.Name, "AAAA")}
}

// nobody says why there is nothing to judge about the name: it is no website, or no
// domain. The code is empty when there is something.
func (v *view) nobody() Reason {
	switch {
	case v.Target.Role == fact.Mail && v.mail().state == mailNoDomain:
		return because("no-domain")
	case v.Target.Role != fact.Mail && v.noWebsite():
		return because("no-website")
	}
	return Reason{}
}

// noWebsite reports that the DNS says that the name has no address.
func (v *view) noWebsite() bool {
	f, ok := v.site()
	return !ok && f.outcome == NotApplicable
}

// eachAddressLookup judges the answers for A and AAAA, aliases included.
func (v *view) eachAddressLookup(judge func(*fact.Lookup) finding) []finding {
	if v.noWebsite() {
		return []finding{none(because("no-website"))}
	}
	var fs []finding
	for _, l := range v.addressLookups() {
		switch {
		case l == nil:
			fs = append(fs, missed(""))
		case l.Gap != "":
			fs = append(fs, missed(l.Gap).on(l.Name+" "+l.Type))
		case l.Security == "" || l.Security == fact.Indeterminate:
			fs = append(fs, missed(fact.GapDNS).on(l.Name+" "+l.Type))
		default:
			fs = append(fs, judge(l).on(l.Name+" "+l.Type))
		}
	}
	return fs
}

var dnssecFixes = []Fix{
	fixFor("dns", "Laat de beheerder van de DNS de zone ondertekenen en geef het DS-record via de registrar door. Bij veel beheerders is dat één schakelaar.", "Let the DNS operator sign the zone and pass the DS record on through the registrar. With many operators it is one switch.",
		"# BIND 9.16 or newer\nzone \"example.nl\" {\n    type primary;\n    file \"example.nl\";\n    dnssec-policy default;\n    inline-signing yes;\n};"),
}

const dnssecCheck = "delv +rtrace {question}"

var dnssecWhy = Text{
	"DNSSEC bewijst dat een antwoord uit de DNS echt is. Zonder DNSSEC kan iemand bezoekers ongemerkt naar een andere server sturen.",
	"DNSSEC proves that an answer from the DNS is genuine. Without it someone can send visitors to another server unnoticed.",
}

var dnssecSecure = rule{
	explain: Text{
		"De antwoorden voor A en AAAA zijn ondertekend, van de wortel tot de naam, en ook die van elke naam waar een CNAME naar verwijst.",
		"The answers for A and AAAA are signed, from the root to the name, and so are those of each name that a CNAME points to.",
	},
	why: dnssecWhy, fixes: dnssecFixes, check: dnssecCheck,
	judge: func(v *view) Verdict {
		return combine(v.eachAddressLookup(func(l *fact.Lookup) finding {
			if l.Security != fact.Insecure {
				return pass(because("dnssec-signed"))
			}
			for _, a := range l.Aliases {
				if a.Security == fact.Insecure {
					return fail(because("dnssec-insecure", zoneOf(a.Zone, a.From), unsigned(a.Unsigned))).with(a.From + " " + a.Type + " " + a.To + ": " + unsigned(a.Unsigned))
				}
			}
			return fail(because("dnssec-insecure", zoneOf(l.Zone, l.Final()), unsigned(l.Unsigned))).with(l.Final() + " " + l.Type + ": insecure, " + unsigned(l.Unsigned))
		})...)
	},
}

func zoneOf(zone, name string) string {
	if zone != "" {
		return zone
	}
	return name
}

func unsigned(why string) string {
	if why == "" {
		return fact.UnsignedNoDS
	}
	return why
}

// problem is the broken link of a chain of trust in one line.
func problem(p *fact.Problem) string {
	if p == nil {
		return "bogus"
	}
	s := p.Code
	if p.Zone != "" {
		s += " in zone " + p.Zone
	}
	if p.Name != "" || p.Type != "" {
		s += ": " + strings.TrimSpace(p.Name+" "+p.Type)
	}
	if p.KeyTag != 0 {
		s += ", key tag " + itoa(int(p.KeyTag))
	}
	if !p.When.IsZero() {
		s += ", " + day(p.When)
	}
	return s + " (EDE " + itoa(int(p.EDE)) + ")"
}

var dnssecValid = rule{
	explain: Text{
		"Geen enkel antwoord over deze naam is vals volgens DNSSEC (bogus): niet van de naam zelf, niet van een CNAME-doel, niet van de nameservers, CAA of TLSA.",
		"No answer about this name is bogus by DNSSEC: not of the name itself, of a CNAME target, of the name servers, CAA or TLSA.",
	},
	why: Text{
		"Wie DNSSEC controleert, kan de website niet bereiken als een handtekening niet klopt. Bij de meeste Nederlandse aanbieders is dat iedereen.",
		"Whoever checks DNSSEC cannot reach the website when a signature is wrong. With most Dutch providers that is everyone.",
	},
	fixes: []Fix{
		fixFor("dns", "Laat de DNS-beheerder de zone opnieuw ondertekenen, of vervang het DS-record dat bij geen sleutel past.", "Let the DNS operator sign the zone again, or replace the DS record that fits no key.", "# BIND\nrndc sign example.nl\nrndc dnssec -status example.nl"),
	},
	check: dnssecCheck,
	judge: func(v *view) Verdict {
		var fs []finding
		if v.DNS != nil {
			for i := range v.DNS.Lookups {
				if l := &v.DNS.Lookups[i]; l.Security == fact.Bogus {
					f := fail(because("dnssec-bogus", problem(l.Problem))).on(l.Name + " " + l.Type).with(problem(l.Problem))
					if l.Problem != nil {
						f = f.till(v.after(l.Problem.When)) // a signature that is not valid yet
					}
					fs = append(fs, f)
				}
			}
			for i := range v.DNS.NameServers {
				if n := &v.DNS.NameServers[i]; n.Security == fact.Bogus {
					fs = append(fs, fail(because("dnssec-bogus", problem(n.Problem))).on(n.Name).with(problem(n.Problem)))
				}
			}
		}
		if len(fs) > 0 {
			return combine(fs...)
		}
		return combine(v.eachAddressLookup(func(l *fact.Lookup) finding {
			if l.Security == fact.Insecure {
				return none(because("dnssec-nothing-signed"))
			}
			return pass(because("dnssec-valid")).till(v.after(l.Until))
		})...)
	},
}

// eachSignedZone judges the zones that the addresses of the website or of the mail
// servers come from: the owner's own, and those that its aliases lead to.
func (v *view) eachSignedZone(judge func(*fact.Zone) finding) Verdict {
	if r := v.nobody(); r.Code != "" {
		return combine(none(r))
	}
	var names []string
	var fs []finding
	add := func(z string) {
		if z != "" && !slices.Contains(names, z) {
			names = append(names, z)
		}
	}
	for _, l := range v.addressLookups() {
		switch {
		case l == nil:
			fs = append(fs, missed(""))
			continue
		case l.Gap != "":
			fs = append(fs, missed(l.Gap).on(l.Name+" "+l.Type))
			continue
		}
		for _, a := range l.Aliases {
			add(a.Zone)
		}
		add(l.Zone)
	}
	for _, n := range names {
		z := v.DNS.Zone(n)
		switch {
		case z == nil:
			fs = append(fs, missed("").on(n))
		case z.Gap != "":
			fs = append(fs, missed(z.Gap).on(n))
		case z.Security == fact.Insecure || len(z.Keys) == 0:
			fs = append(fs, none(because("zone-unsigned")).on(n))
		default:
			fs = append(fs, judge(z).on(n))
		}
	}
	if len(fs) == 0 {
		return combine(missed(""))
	}
	return combine(fs...)
}

var dnssecNSEC3 = rule{
	explain: Text{
		"Een zone die NSEC3 gebruikt, heeft nul extra rondes en geen salt. NSEC is ook goed. Meer dan 150 rondes maakt de zone voor veel resolvers onbeveiligd.",
		"A zone that uses NSEC3 has no extra iterations and no salt. NSEC is fine too. More than 150 iterations make the zone insecure to many resolvers.",
	},
	why: Text{
		"Extra rondes en salt beschermen nauwelijks en kosten elke resolver rekentijd; sommige behandelen zulke zones als niet ondertekend.",
		"Extra iterations and salt hardly protect and cost each resolver time; some treat such zones as not signed.",
	},
	fixes: []Fix{
		fixFor("dns", "Zet NSEC3 op nul rondes zonder salt.", "Set NSEC3 to zero iterations without salt.", "# BIND: in dnssec-policy\nnsec3param iterations 0 optout no salt-length 0;\n# Knot\nnsec3-iterations: 0\nnsec3-salt-length: 0"),
	},
	check: "dig +dnssec +noall +authority no-such-name.{subject} TXT | grep NSEC",
	judge: func(v *view) Verdict {
		return v.eachSignedZone(func(z *fact.Zone) finding {
			d := z.Denial
			if d == nil {
				return none(because("nsec3-not-seen"))
			}
			if d.Kind != "NSEC3" {
				return pass(because("nsec"))
			}
			n, salt := itoa(int(d.Iterations)), itoa(d.SaltLength)
			line := "NSEC3 iterations " + n + ", salt of " + salt + " bytes"
			switch {
			case d.Iterations > 150: // RFC 9276 section 3.2 and what resolvers do
				return fail(because("nsec3-settings", n, salt)).with(line)
			case d.Iterations > 0 || d.SaltLength > 0:
				return warn(because("nsec3-settings", n, salt)).with(line)
			}
			return pass(because("nsec3-right"))
		})
	},
}

var dnssecLifetime = rule{
	explain: Text{
		"De handtekeningen van de zone worden op tijd vernieuwd: er is meer dan een tiende van hun looptijd over, of meer dan twee dagen.",
		"The signatures of the zone are renewed in time: more than a tenth of their life is left, or more than two days.",
	},
	why: Text{
		"Verlopen handtekeningen maken de hele zone onbereikbaar voor wie DNSSEC controleert.",
		"Expired signatures make the whole zone unreachable for whoever checks DNSSEC.",
	},
	fixes: []Fix{
		fixFor("dns", "Kijk of het ondertekenen nog vanzelf gaat.", "See whether signing still runs by itself.", "# BIND\nrndc dnssec -status example.nl\n# Knot\nknotc zone-sign example.nl"),
	},
	check: "dig +dnssec +noall +answer {subject} SOA",
	judge: func(v *view) Verdict {
		return v.eachSignedZone(func(z *fact.Zone) finding {
			var f *finding
			for _, s := range z.Signatures {
				if slices.ContainsFunc(z.Signatures, func(o fact.Signature) bool {
					return o.Name == s.Name && o.Type == s.Type && o.Algorithm == s.Algorithm && o.Expiration.After(s.Expiration)
				}) {
					continue // its successor is there already
				}
				left := min(48*time.Hour, s.Expiration.Sub(s.Inception)/10)
				soon := s.Expiration.Add(-left)
				set := s.Name + " " + s.Type
				g := pass(because("signature-until", day(s.Expiration))).till(soon)
				switch {
				case !s.Expiration.After(v.At):
					g = fail(because("signature-expired", set, day(s.Expiration))).with("RRSIG " + set + " expired " + day(s.Expiration))
				case !v.At.Before(soon):
					g = warn(because("signature-expires-soon", set, day(s.Expiration))).with("RRSIG " + set + " expires " + day(s.Expiration)).till(s.Expiration)
				}
				if f == nil || g.outcome.rank() > f.outcome.rank() || (g.outcome == f.outcome && g.until.Before(f.until)) {
					f = &g
				}
			}
			if f == nil {
				return none(because("no-signature-seen"))
			}
			return *f
		})
	},
}

// The algorithms of DNSSEC (RFC 8624 section 3.1, RFC 9905 section 2, RFC 9906): how
// signing with them is judged.
func dnskeyOutcome(algorithm uint8) Outcome {
	switch algorithm {
	case 8, 13, 14, 15, 16:
		return Passed
	case 10:
		return Warning // RSASHA512: not recommended
	}
	return Failed // RSAMD5, DSA, RSASHA1, GOST and what is unknown
}

var algorithmNames = map[uint8]string{
	1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1", 8: "RSASHA256", 10: "RSASHA512",
	12: "ECC-GOST", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448",
}

func algorithmName(a uint8) string {
	if n := algorithmNames[a]; n != "" {
		return n
	}
	return "algorithm " + itoa(int(a))
}

var dnssecAlgorithm = rule{
	explain: Text{
		"De zone is ondertekend met algoritmes die nog aangeraden worden (8, 13, 14, 15, 16), RSA-sleutels hebben ten minste 2048 bits, en bij de ouder staat een DS-record met SHA-256 of SHA-384 en geen met SHA-1.",
		"The zone is signed by algorithms that are still recommended (8, 13, 14, 15, 16), RSA keys have at least 2048 bits, and the parent has a DS record with SHA-256 or SHA-384 and none with SHA-1.",
	},
	why: Text{
		"Handtekeningen met SHA-1 of korte sleutels zijn na te maken; nieuwe resolvers tellen ze als niet ondertekend.",
		"Signatures with SHA-1 or short keys can be forged; newer resolvers count them as unsigned.",
	},
	fixes: []Fix{
		fixFor("dns", "Ga over op algoritme 13 (ECDSA P-256), in de volgorde van RFC 6781.", "Roll over to algorithm 13 (ECDSA P-256), in the order of RFC 6781.", "# BIND: dnssec-policy\nkeys { csk lifetime unlimited algorithm ecdsap256sha256; };"),
	},
	check: "dig +multi +noall +answer {subject} DNSKEY; dig +noall +answer {subject} DS",
	judge: func(v *view) Verdict {
		return v.eachSignedZone(func(z *fact.Zone) finding {
			f := pass(because("dnssec-algorithms", algorithmName(z.Keys[0].Algorithm)))
			worse := func(g finding) {
				if g.outcome.rank() > f.outcome.rank() {
					f = g
				}
			}
			for _, k := range z.Keys {
				line := "DNSKEY " + itoa(int(k.KeyTag)) + " " + algorithmName(k.Algorithm)
				worse(finding{outcome: dnskeyOutcome(k.Algorithm), saw: because("dnssec-old-algorithm", algorithmName(k.Algorithm))}.with(line))
				switch {
				case k.Bits > 0 && k.Bits < 1024:
					worse(fail(because("dnssec-short-key", itoa(k.Bits))).with(line + " " + itoa(k.Bits) + " bits"))
				case k.Bits > 0 && k.Bits < 2048:
					worse(warn(because("dnssec-short-key", itoa(k.Bits))).with(line + " " + itoa(k.Bits) + " bits"))
				}
			}
			strong := slices.ContainsFunc(z.DS, func(d fact.DS) bool { return d.Digest == 2 || d.Digest == 4 })
			for _, d := range z.DS {
				if d.Digest == 2 || d.Digest == 4 {
					continue
				}
				line := "DS " + itoa(int(d.KeyTag)) + " digest " + itoa(int(d.Digest))
				if strong {
					worse(warn(because("dnssec-old-digest", itoa(int(d.Digest)))).with(line))
				} else {
					worse(fail(because("dnssec-old-digest", itoa(int(d.Digest)))).with(line))
				}
			}
			return f
		})
	},
}

var dnssecModern = rule{
	explain: Text{
		"De zone is alleen ondertekend met elliptische krommen: algoritme 13, 14, 15 of 16.",
		"The zone is signed with elliptic curves alone: algorithm 13, 14, 15 or 16.",
	},
	why: Text{
		"Kleinere antwoorden: minder verkeer en minder misbruik van de DNS voor aanvallen.",
		"Smaller answers: less traffic and less abuse of the DNS for attacks.",
	},
	fixes: dnssecAlgorithm.fixes, check: "dig +multi +noall +answer {subject} DNSKEY",
	judge: func(v *view) Verdict {
		return v.eachSignedZone(func(z *fact.Zone) finding {
			for _, k := range z.Keys {
				if k.Algorithm < 13 || k.Algorithm > 16 {
					return fail(because("dnssec-not-modern", algorithmName(k.Algorithm))).with("DNSKEY " + itoa(int(k.KeyTag)) + " " + algorithmName(k.Algorithm))
				}
			}
			return pass(because("dnssec-algorithms", algorithmName(z.Keys[0].Algorithm)))
		})
	},
}
