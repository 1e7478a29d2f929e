package norm

import (
	"slices"

	"peil/internal/fact"
)

// view is a measurement and what is derived from it, each thing once: requirements
// of all editions share it. It belongs to one goroutine.
type view struct {
	*fact.Measurement

	certs   map[string][]*certificate // by chain ID
	results map[*Edition]*Result
	servers *mailDomain // how the domain receives mail
	sends   *spfReading // its SPF record with all that it includes
	protect *dmarcReading
}

func newView(m *fact.Measurement) *view {
	m = withoutLoops(withoutUnasked(m))
	return &view{Measurement: m, certs: map[string][]*certificate{}, results: map[*Edition]*Result{}}
}

// endless reports whether the aliases of a name lead in a circle, or on without end.
// That was seen: no resolver in the world finds anything there (RFC 1034 section 3.6.2).
func endless(l *fact.Lookup) bool {
	return l != nil && l.Problem != nil && l.Problem.Code == "alias_loop"
}

// withoutLoops is the measurement with such look-ups as answers, not as gaps.
func withoutLoops(m *fact.Measurement) *fact.Measurement {
	if m.DNS == nil || !slices.ContainsFunc(m.DNS.Lookups, func(l fact.Lookup) bool { return endless(&l) }) {
		return m
	}
	n, d := *m, *m.DNS
	n.DNS, d.Lookups = &d, slices.Clone(d.Lookups)
	for i := range d.Lookups {
		if endless(&d.Lookups[i]) {
			d.Lookups[i].Gap = ""
		}
	}
	return &n
}

// unasked reports whether a look-up holds nothing: neither an answer nor why there is none.
func unasked(l *fact.Lookup) bool {
	return l.RCode == "" && l.Gap == "" && l.Problem == nil && len(l.Records) == 0
}

// withoutUnasked is the measurement without what looks like an observation and holds
// none: look-ups that are empty, and name servers that nobody looked for.
func withoutUnasked(m *fact.Measurement) *fact.Measurement {
	if m.DNS == nil {
		return m
	}
	empty := slices.ContainsFunc(m.DNS.Lookups, func(l fact.Lookup) bool { return unasked(&l) })
	noServers := m.DNS.NSOwner == "" && m.DNS.NSGap == "" && len(m.DNS.NameServers) == 0
	if !empty && !noServers {
		return m
	}
	n, d := *m, *m.DNS
	n.DNS = &d
	if empty {
		d.Lookups = slices.DeleteFunc(slices.Clone(d.Lookups), func(l fact.Lookup) bool { return unasked(&l) })
	}
	if noServers {
		d.NSGap = fact.GapNotAsked
	}
	return &n
}

// result judges the measurement by an edition, once.
func (v *view) result(e *Edition) *Result {
	if r, ok := v.results[e]; ok {
		return r
	}
	r := &Result{Edition: e.Name, Version: e.Version, Complete: true}
	v.results[e] = r
	if e.whole != nil {
		e.whole(v, r)
		return r
	}
	r.Verdicts = make([]Verdict, 0, len(e.Requirements))
	for i := range e.Requirements {
		q := &e.Requirements[i]
		if q.Role != "" && q.Role != v.Target.Role {
			continue
		}
		r.Verdicts = append(r.Verdicts, v.verdict(q))
	}
	for i := range r.Verdicts {
		if r.Verdicts[i].Outcome == NotMeasured {
			r.Complete = false
		}
	}
	if e.Sum != nil {
		e.Sum(v.Measurement, r)
	}
	return r
}

// verdict judges one requirement and fills in what all verdicts have.
func (v *view) verdict(q *Requirement) Verdict {
	var d Verdict
	switch {
	case q.judge != nil:
		d = q.judge(v)
	case q.Judge != nil:
		d = q.Judge(v.Measurement)
	}
	d.ID = q.ID
	if d.Level == "" {
		d.Level = q.Level
	}
	if d.Outcome == NotMeasured && d.Gap == "" {
		d.Gap = fact.GapNotAsked
	}
	if d.Outcome != NotMeasured {
		d.Gap = ""
	}
	return d
}

// certificates returns the certificates of a chain as received, leaf first. A
// certificate that cannot be read stands as one with a defect.
func (v *view) certificates(chain string) []*certificate {
	if cs, ok := v.certs[chain]; ok {
		return cs
	}
	c := v.Chain(chain)
	if c == nil {
		return nil
	}
	cs := make([]*certificate, 0, len(c.Certs))
	for _, der := range c.Certs {
		cs = append(cs, parseCertificate(der))
	}
	v.certs[chain] = cs
	return cs
}
