package norm

import (
	"peil/internal/fact"
	"peil/internal/name"
	"peil/internal/norm/internetnl"
	"peil/internal/standard/lookup"
)

// inlMailAuth judges DMARC, DKIM and SPF (catalogue B.13).
func (v *view) inlMailAuth(s *inlServer) {
	dmarc := v.inlDMARC(s)
	spf, spfGood := v.inlSPF(s)
	const dkim = "auth_dkim_exist"
	asked := "_domainkey." + v.Target.Name
	l := v.DNS.Lookup(asked, "TXT")
	switch a := inlAnswer(l); {
	case l == nil:
		s.missed(dkim, fact.GapNotAsked)
	case l.Gap != "":
		s.missed(dkim, l.Gap)
	case a.Status == lookup.OK || a.Status == lookup.NoData:
		s.good(dkim)
	case dmarc.gap != "" || spf == "" && !spfGood && s.tests[s.index["auth_spf_exist"]].gap != "":
		// Whether the domain sends mail at all is not known.
		s.missed(dkim, firstGap(dmarc.gap, s.tests[s.index["auth_spf_exist"]].gap))
	case dmarc.good && spfGood && internetnl.NotSendingDMARC(dmarc.record, dmarc.organisational) && internetnl.NotSendingSPF(spf):
		t := s.set(dkim, inlResult{word: "no-email", status: inlNotTested})
		t.worst = inlInfo
	default:
		s.bad(dkim).evidence(asked + " TXT: " + firstWord(l.RCode, "no answer"))
	}
}

// inlDMARCFound is the DMARC record that counts for a domain.
type inlDMARCFound struct {
	record         string
	organisational bool // it was found at the organisational domain, one fall-back up
	good           bool // its policy is good
	gap            fact.Gap
}

// inlDMARC judges the record of the domain or, where there is none, that of the
// organisational domain by the public suffix list.
func (v *view) inlDMARC(s *inlServer) (found inlDMARCFound) {
	const exist, policy = "auth_dmarc_exist", "auth_dmarc_policy"
	at := v.Target.Name
	records, status, gap := v.inlTXT("_dmarc."+at, internetnl.IsDMARC)
	if gap == "" && len(records) == 0 && status != lookup.Failure {
		if org := name.Registrable(at); org != "" {
			found.organisational = true
			if org != at {
				at = org
				records, status, gap = v.inlTXT("_dmarc."+at, internetnl.IsDMARC)
			}
		}
	}
	found.gap = gap
	lines := inlRecordLines("_dmarc."+at, records)
	switch {
	case gap != "":
		s.missed(exist, gap)
		s.missed(policy, gap)
		return found
	case len(records) > 1:
		s.set(exist, inlResult{word: "bad", status: inlFail}).evidence(lines...)
		return found
	case len(records) == 0:
		line := "_dmarc." + v.Target.Name + " TXT: no DMARC record"
		if status == lookup.Failure {
			line = "_dmarc." + at + " TXT: no answer"
		}
		s.bad(exist).evidence(line)
		return found
	}
	found.record = records[0]
	s.good(exist, at).evidence(lines...)
	d, ok := internetnl.ReadDMARC(found.record)
	switch {
	case !ok:
		s.bad(policy).evidence(lines...)
		return found
	case !d.Enough(found.organisational):
		s.set(policy, inlResult{word: "policy", status: inlFail, points: 2}).evidence(lines...)
		return found
	}
	missing := fact.Gap("")
	for _, host := range d.ReportHosts() {
		if name.Registrable(host) == name.Registrable(at) {
			continue
		}
		asked := at + "._report._dmarc." + host
		if !lookup.ValidName(asked) {
			s.set(policy, inlResult{word: "external", status: inlNotice, points: 10, args: []string{host}}).evidence(lines...)
			return found
		}
		allowed, _, gap := v.inlTXT(lookup.Canonical(asked), func(string) bool { return true })
		switch {
		case gap != "":
			missing = gap
		case !internetnl.Authorised(allowed):
			s.set(policy, inlResult{word: "external", status: inlNotice, points: 10, args: []string{host}}).
				evidence(append(lines, asked+" TXT: no DMARC record")...)
			return found
		}
	}
	if missing != "" {
		s.missed(policy, missing)
		return found
	}
	found.good = true
	s.good(policy).evidence(lines...)
	return found
}

// inlSPF judges the SPF record of the domain. record is the only one, good whether its
// policy is.
func (v *view) inlSPF(s *inlServer) (record string, good bool) {
	const exist, policy = "auth_spf_exist", "auth_spf_policy"
	records, status, gap := v.inlTXT(v.Target.Name, internetnl.IsSPF)
	lines := inlRecordLines(v.Target.Name, records)
	switch {
	case gap != "":
		s.missed(exist, gap)
		s.missed(policy, gap)
		return "", false
	case len(records) > 1:
		s.bad(exist).evidence(lines...)
		return "", false
	case len(records) == 0:
		line := v.Target.Name + " TXT: no SPF record"
		if status == lookup.Failure {
			line = v.Target.Name + " TXT: no answer"
		}
		s.bad(exist).evidence(line)
		return "", false
	}
	record = records[0]
	s.good(exist).evidence(lines...)
	p := internetnl.ReadSPF(v.Target.Name, record, func(n, qtype string) lookup.Answer {
		l := v.DNS.Lookup(n, qtype)
		if l == nil || l.Gap != "" {
			return lookup.Answer{}
		}
		a := inlAnswer(l)
		for i := range a.TXT {
			a.TXT[i] = internetnl.Escape(a.TXT[i])
		}
		return a
	})
	trail := make([]string, 0, len(p.Trail))
	for _, r := range p.Trail {
		trail = append(trail, r.Name+" TXT \""+r.Text+"\"")
	}
	switch p.Verdict {
	case "":
		gap := fact.GapNotAsked
		if l := v.DNS.Lookup(p.Missing.Name, p.Missing.Type); l != nil {
			gap = firstGap(l.Gap, fact.GapDNS)
		}
		s.missed(policy, gap)
	case "good":
		s.good(policy).evidence(lines...)
	default:
		s.set(policy, inlResult{word: p.Verdict, status: inlFail, points: p.Points}).evidence(trail...)
	}
	return record, p.Verdict == "good"
}

// inlRecordLines are lines of evidence.
func inlRecordLines(at string, records []string) []string {
	lines := make([]string, len(records))
	for i, r := range records {
		lines[i] = at + " TXT \"" + r + "\""
	}
	return lines
}
