package dmarc

import (
	"strings"

	"peil/internal/standard/lookup"
)

// MaxQueries is how many names a tree walk asks (RFC 9989 section 4.10).
const MaxQueries = 8

// Status is what stands at a name.
type Status string

// The states of a name.
const (
	Found    Status = "found"            // exactly one record
	Absent   Status = "none"             // no record, or no such name
	Several  Status = "multiple_records" // more than one: as if there were none
	Broken   Status = "dns_failure"      // a receiver cannot know (RFC 9989 section 4.10: temporary error)
	NotKnown Status = "unknown"          // the answer is missing
)

// Place is what was found for one domain.
type Place struct {
	Domain string // without "_dmarc."
	Status Status
	Record *Record  // when Found
	Texts  []string // the DMARC records
	Others []string // TXT records at the name that are none
}

// At reads what stands at _dmarc. below a domain.
func At(domain string, ask Ask) Place {
	p := Place{Domain: lookup.Canonical(domain)}
	name := "_dmarc." + p.Domain
	if !lookup.ValidName(name) {
		p.Status = Absent
		return p
	}
	a := ask(name, "TXT")
	for _, s := range a.TXT {
		if IsRecord(s) {
			p.Texts = append(p.Texts, s)
		} else {
			p.Others = append(p.Others, s)
		}
	}
	switch {
	case a.Status == lookup.Unknown:
		p.Status = NotKnown
	case a.Status == lookup.Failure:
		p.Status = Broken
	case len(p.Texts) == 0:
		p.Status = Absent
	case len(p.Texts) > 1:
		p.Status = Several
	default:
		p.Status, p.Record = Found, Parse(p.Texts[0])
	}
	return p
}

// Discovery is the outcome of a tree walk.
type Discovery struct {
	Domain string
	Places []Place // in the order of the walk
	// Organisational is the organisational domain (RFC 9989 section 4.10.2).
	Organisational string
	// Policy is the place whose record holds for the domain (section 4.10.1): its own,
	// else that of the organisational domain, else of the public suffix domain above it;
	// nil when there is none.
	Policy *Place
	// Certain is false when an answer on the way is missing or the DNS failed there.
	Certain bool
}

// Names are the domains that a tree walk visits, itself included, unless a psd tag
// stops it earlier.
func Names(domain string) []string {
	domain = lookup.Canonical(domain)
	if domain == "" {
		return nil
	}
	names := []string{domain}
	labels := strings.Split(domain, ".")
	n := len(labels) - 1
	if n >= MaxQueries-1 {
		n = MaxQueries - 1
	}
	for ; n > 0; n-- {
		names = append(names, strings.Join(labels[len(labels)-n:], "."))
	}
	return names
}

// TreeWalk walks from a domain towards the root (RFC 9989 section 4.10). missing are
// the questions whose answers are Unknown, all at once.
func TreeWalk(domain string, ask Ask) (d Discovery, missing []Question) {
	d.Domain = lookup.Canonical(domain)
	d.Organisational, d.Certain = d.Domain, true
	for _, name := range Names(d.Domain) {
		p := At(name, ask)
		d.Places = append(d.Places, p)
		if p.Status == NotKnown {
			missing = append(missing, Question{Name: "_dmarc." + name, Type: "TXT"})
		}
		if p.Status == NotKnown || p.Status == Broken {
			d.Certain = false
		}
		if p.Record != nil && p.Record.PSD != 'u' {
			break
		}
	}
	d.organisational()
	// The longest of: the domain itself, the organisational domain, the public suffix
	// domain that the walk stopped at.
	for i := range d.Places {
		p := &d.Places[i]
		if p.Record != nil && (i == 0 || p.Domain == d.Organisational || p.Record.PSD == 'y') {
			d.Policy = p
			break
		}
	}
	return d, missing
}

// organisational is RFC 9989 section 4.10.2.
func (d *Discovery) organisational() {
	for i := range d.Places {
		p := &d.Places[i]
		switch {
		case p.Record == nil:
		case p.Record.PSD == 'n':
			d.Organisational = p.Domain
			return
		case p.Record.PSD == 'y' && i > 0:
			d.Organisational = child(d.Domain, p.Domain)
			return
		default:
			d.Organisational = p.Domain // the shortest so far
		}
	}
}

// child is the name one label below parent on the way to domain.
func child(domain, parent string) string {
	rest := strings.TrimSuffix(strings.TrimSuffix(domain, parent), ".")
	return rest[strings.LastIndexByte(rest, '.')+1:] + "." + parent
}

// Effective is the policy that holds for a domain.
type Effective struct {
	Policy  Policy // as the record has it, "" for none
	Tag     string // that gave it: "p", "sp" or "np"
	Test    bool   // t=y
	Applied Policy // what receivers are asked to do: one step less when Test (RFC 9989 section 4.7: t)
}

// Effective says which policy holds for the domain of the walk. exists is false when
// the domain does not exist (NXDOMAIN; RFC 9989 section 3.2.14): then np comes first.
func (d *Discovery) Effective(exists bool) Effective {
	if d.Policy == nil {
		return Effective{}
	}
	return d.Policy.Record.For(d.Policy.Domain == d.Domain, exists)
}

// For is the policy that a record has for its own domain, or for one below it that
// exists or not: np, sp, p (RFC 9989 section 4.7).
func (r *Record) For(own, exists bool) Effective {
	if !r.Usable() {
		return Effective{}
	}
	e := Effective{Policy: r.P, Tag: "p", Test: r.Test}
	switch {
	case own:
	case !exists && r.NP != "":
		e.Policy, e.Tag = r.NP, "np"
	case r.SP != "":
		e.Policy, e.Tag = r.SP, "sp"
	}
	e.Applied = e.Policy
	if e.Test {
		switch e.Policy {
		case Reject:
			e.Applied = Quarantine
		case Quarantine:
			e.Applied = PolicyNone
		}
	}
	return e
}
