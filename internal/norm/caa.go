package norm

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"peil/internal/fact"
	"peil/internal/name"
	"peil/internal/standard/caa"
)

//go:embed data/caa-issuers.txt
var caaIssuerTable string

// caaIssuer ties the name of an authority in certificates to its names in CAA records.
type caaIssuer struct {
	org   string // how its organizationName begins, lower case
	names []string
	whole bool // it goes by no other name in CAA
}

var caaIssuers = sync.OnceValue(func() []caaIssuer {
	var l []caaIssuer
	for line := range strings.Lines(caaIssuerTable) {
		names, org, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && !strings.HasPrefix(line, "#") {
			names, whole := strings.CutPrefix(names, "=")
			l = append(l, caaIssuer{strings.ToLower(org), strings.Split(names, ","), whole})
		}
	}
	return l
})

// namesOf are the names by which CAA records may allow the issuer of a certificate.
// whole says that it goes by no other: only then does their absence mean that another
// issuer is meant.
func namesOf(c *certificate) (names []string, whole bool) {
	org := strings.ToLower(c.IssuerOrg)
	for _, i := range caaIssuers() {
		rest, is := strings.CutPrefix(org, i.org)
		if !is || rest != "" && (rest[0] >= 'a' && rest[0] <= 'z' || rest[0] >= '0' && rest[0] <= '9') {
			continue
		}
		whole = i.whole && (whole || names == nil)
		names = append(names, i.names...)
	}
	return names, whole
}

// allows reports whether the issuer of a certificate is among those of CAA: by a name
// that we know, or because its certificate is kept under the same registered domain.
func allows(issuers []string, c *certificate) bool {
	names, _ := namesOf(c)
	if slices.ContainsFunc(names, func(n string) bool { return containsFold(issuers, n) }) {
		return true
	}
	for _, place := range append(slices.Clone(c.CAIssuers), c.OCSP...) {
		_, host := origin(place)
		domain := name.Registrable(host)
		if domain != "" && slices.ContainsFunc(issuers, func(i string) bool { return name.Registrable(strings.ToLower(i)) == domain }) {
			return true
		}
	}
	return false
}

// caaSet finds the record set that holds for a name: its own, or that of the nearest
// name above it (RFC 8659 section 3).
func (v *view) caaSet(at string) (l *fact.Lookup, f finding, ok bool) {
	for n := at; n != ""; _, n, _ = strings.Cut(n, ".") {
		l := v.DNS.Lookup(n, "CAA")
		switch {
		case l == nil && n == at:
			return nil, missed(""), false
		case l == nil:
			return nil, finding{}, true
		case l.Gap != "":
			return nil, missed(l.Gap), false
		case l.Security == fact.Bogus:
			return nil, fail(because("dnssec-bogus", problem(l.Problem))).with(problem(l.Problem)), false
		case len(l.Records) > 0:
			return l, finding{}, true
		}
	}
	return nil, finding{}, true
}

var dnsCAA = rule{
	explain: Text{
		"Bij de naam, of een naam erboven, staan CAA-records zonder fouten die zeggen wie certificaten mag uitgeven, en de uitgever van het huidige certificaat staat erbij.",
		"At the name, or a name above it, stand CAA records without errors that say who may issue certificates, and the issuer of the present certificate is among them.",
	},
	why: Text{
		"Elke uitgever ter wereld mag anders een certificaat voor deze naam maken. Staat de eigen uitgever er niet bij, dan mislukt de volgende vernieuwing.",
		"Otherwise every issuer in the world may make a certificate for this name. When your own issuer is not among them, the next renewal fails.",
	},
	fixes: []Fix{
		fixFor("dns", "Noem de uitgever van uw certificaten, en verbied jokers als u die niet gebruikt.", "Name the issuer of your certificates, and forbid wildcards when you use none.", "example.nl. 3600 IN CAA 0 issue \"letsencrypt.org\"\nexample.nl. 3600 IN CAA 0 issuewild \";\"\nexample.nl. 3600 IN CAA 0 iodef \"mailto:security@example.nl\""),
	},
	check: "n={name}; while [ $n ]; do dig +short CAA $n; n=$(echo $n | cut -s -d. -f2-); done; openssl s_client -connect {name}:443 -servername {name} </dev/null 2>/dev/null | openssl x509 -noout -issuer",
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		return combine(v.caaOf(v.Target.Name, v.webTLS())...)
	},
}

// webTLS is the TLS of each address of the website.
func (v *view) webTLS() []*fact.TLS {
	var ts []*fact.TLS
	for i := range v.Web.Hosts {
		ts = append(ts, v.Web.Hosts[i].TLS)
	}
	return ts
}

// caaOf judges the CAA records that hold for the name of a server, by the certificates
// that it serves.
func (v *view) caaOf(at string, served []*fact.TLS) []finding {
	l, f, ok := v.caaSet(at)
	if !ok {
		return []finding{f}
	}
	if l == nil {
		return []finding{fail(because("no-caa")).with(at + " CAA: none")}
	}
	var set []caa.Record
	for _, r := range l.Records {
		p := caa.Parse(r.Raw)
		if len(p.Defects) > 0 {
			return []finding{warn(because("caa-defect", p.Defects[0].Code, r.Data)).on(l.Name).with(r.Data + ": " + p.Defects[0].Code)}
		}
		set = append(set, p)
	}
	return v.caaAllows(at, served, l, set)
}

// caaAllows holds the record set against the certificates that are served.
func (v *view) caaAllows(at string, served []*fact.TLS, l *fact.Lookup, set []caa.Record) []finding {
	if _, restricted := caa.Issuers(set, false); !restricted {
		return []finding{warn(because("caa-no-issue")).on(l.Name).with(records(l))}
	}
	var fs []finding
	seen := map[string]bool{}
	for _, t := range served {
		if t == nil {
			continue
		}
		if gap := moreCertificates(t); gap != "" {
			fs = append(fs, missed(gap).on(l.Name))
		}
		for _, d := range t.Deployments {
			cs := v.certificates(d.Chain)
			if len(cs) == 0 || seen[d.Chain] {
				continue
			}
			seen[d.Chain] = true
			c := cs[0]
			if !c.matches(at) {
				continue // a certificate for other names: these records say nothing of it
			}
			// Property issuewild is for wildcards (RFC 8659 section 4.3): it counts when
			// the name stands in the certificate in no other way.
			wild := !slices.ContainsFunc(c.DNSNames, func(n string) bool { return strings.EqualFold(strings.TrimSuffix(n, "."), at) })
			issuers, _ := caa.Issuers(set, wild)
			allowed := strings.Join(issuers, ", ")
			if allowed == "" {
				allowed = ";"
			}
			ch := v.Chain(d.Chain)
			public := ch.Trust.Trusted || ch.Trust.PathWithoutName // a self-made certificate asks no CAA
			_, whole := namesOf(c)
			switch {
			case allows(issuers, c):
				fs = append(fs, pass(because("caa-allows", issuerName(c))).on(l.Name))
			case public && len(issuers) == 0: // only ";": nobody may
				fs = append(fs, fail(because("caa-nobody", issuerName(c))).on(l.Name).with(records(l), "issuer "+issuerName(c)))
			case public && whole:
				fs = append(fs, fail(because("caa-other-issuer", issuerName(c), allowed)).on(l.Name).with(records(l), "issuer "+issuerName(c)))
			default:
				fs = append(fs, note(because("caa-issuer-unknown", issuerName(c), allowed)).on(l.Name))
			}
		}
	}
	if len(fs) == 0 {
		fs = append(fs, pass(because("caa-present")).on(l.Name))
	}
	return fs
}

func containsFold(l []string, s string) bool {
	return slices.ContainsFunc(l, func(x string) bool { return strings.EqualFold(strings.TrimSuffix(x, "."), s) })
}

// records are the data of a record set in one line.
func records(l *fact.Lookup) string {
	var ds []string
	for i, r := range l.Records {
		if i == maxNames {
			ds = append(ds, "+"+itoa(len(l.Records)-i))
			break
		}
		ds = append(ds, r.Data)
	}
	return l.Type + " " + strings.Join(ds, " | ")
}
