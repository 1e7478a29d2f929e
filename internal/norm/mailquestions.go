package norm

import (
	"peil/internal/fact"
	"peil/internal/name"
	"peil/internal/norm/internetnl"
	"peil/internal/standard/lookup"
)

// maxReportHosts bounds how many places of reports are asked for their leave.
const maxReportHosts = 20

// MailQuestions are the questions whose answers internet.nl's readings of a domain's SPF
// and DMARC records lack (catalogue B.13): it follows includes that the standard does not,
// and asks for the leave of hosts that are none. known gives what was asked, nil for what
// was not. When a question was asked and is still missing, nothing can be done about it.
func MailQuestions(domain string, known func(name, qtype string) *fact.Lookup) (missing []lookup.Question) {
	records := func(at string, is func(string) bool) (list []string, failed bool) {
		if !lookup.ValidName(at) {
			return nil, true
		}
		l := known(at, "TXT")
		if l == nil {
			missing = append(missing, lookup.Question{Name: at, Type: "TXT"})
			return nil, true
		}
		a := inlAnswer(l)
		for _, txt := range a.TXT {
			if txt = internetnl.Escape(txt); is(txt) {
				list = append(list, txt)
			}
		}
		return list, a.Status == lookup.Failure || a.Status == lookup.Unknown
	}
	if spf, _ := records(domain, internetnl.IsSPF); len(spf) == 1 {
		p := internetnl.ReadSPF(domain, spf[0], func(n, qtype string) lookup.Answer {
			a := inlAnswer(known(n, qtype))
			for i := range a.TXT {
				a.TXT[i] = internetnl.Escape(a.TXT[i])
			}
			return a
		})
		if p.Verdict == "" {
			missing = append(missing, p.Missing)
		}
	}
	at := domain
	dmarc, failed := records("_dmarc."+at, internetnl.IsDMARC)
	if org := name.Registrable(at); len(dmarc) == 0 && !failed && org != "" && org != at {
		at = org
		dmarc, _ = records("_dmarc."+at, internetnl.IsDMARC)
	}
	if len(dmarc) != 1 {
		return missing
	}
	d, ok := internetnl.ReadDMARC(dmarc[0])
	if !ok {
		return missing
	}
	hosts := d.ReportHosts()
	for _, host := range hosts[:min(len(hosts), maxReportHosts)] {
		asked := lookup.Canonical(at + "._report._dmarc." + host)
		if name.Registrable(host) != name.Registrable(at) && lookup.ValidName(asked) && known(asked, "TXT") == nil {
			missing = append(missing, lookup.Question{Name: asked, Type: "TXT"})
		}
	}
	return missing
}
