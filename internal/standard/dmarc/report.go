package dmarc

import (
	"strings"

	"peil/internal/standard/lookup"
)

// Destination is one place to which reports go.
type Destination struct {
	Tag string // "rua" or "ruf"
	URI URI
	// External says that the host belongs to another organisation than the record, so
	// that it must agree (RFC 9990 section 4, RFC 7489 section 7.1).
	External bool
	// Question is what shows that it agrees, when External.
	Question Question
}

// Destinations are those of a record. policyDomain is the domain at which the record
// stands; organisational gives the organisational domain of a name.
func (r *Record) Destinations(policyDomain string, organisational func(name string) string) []Destination {
	var out []Destination
	policyDomain = lookup.Canonical(policyDomain)
	own := organisational(policyDomain)
	add := func(tag string, us []URI) {
		for _, u := range us {
			d := Destination{Tag: tag, URI: u}
			if u.Host != "" && !strings.EqualFold(organisational(u.Host), own) {
				d.External = true
				d.Question = Question{Name: policyDomain + "._report._dmarc." + u.Host, Type: "TXT"}
			}
			out = append(out, d)
		}
	}
	add("rua", r.RUA)
	add("ruf", r.RUF)
	return out
}

// Consent is whether an external destination agrees to get reports.
type Consent string

// The forms of consent.
const (
	Agrees          Consent = "agrees"
	Refuses         Consent = "refuses"     // no record that says so
	ConsentBroken   Consent = "dns_failure" // a sender of reports cannot know
	ConsentNotKnown Consent = "unknown"     // the answer is missing
)

// CheckConsent reads the answer to a destination's question: any TXT record that begins
// as a DMARC record agrees. overrides are destinations that such a record names instead,
// of which those at another host than the destination's do not count.
func CheckConsent(d Destination, a Answer) (c Consent, overrides []URI) {
	switch a.Status {
	case lookup.Unknown:
		return ConsentNotKnown, nil
	case lookup.Failure:
		return ConsentBroken, nil
	}
	c = Refuses
	for _, s := range Select(a.TXT) {
		c = Agrees
		r := Parse(s)
		instead := r.RUA
		if d.Tag == "ruf" {
			instead = r.RUF
		}
		for _, u := range instead {
			if u.Host == d.URI.Host {
				overrides = append(overrides, u)
			}
		}
	}
	return c, overrides
}
