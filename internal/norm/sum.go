package norm

import "peil/internal/fact"

// sumPeil makes the word and the score of the edition peil.
func sumPeil(_ *fact.Measurement, r *Result) {
	r.Word, r.Score = Headline(r.Verdicts)
	got, total, _ := weigh(r.Verdicts)
	r.Points, r.Max = float64(got)/2, total/2
}

// weigh adds up what the verdicts bring and what they could bring, doubled, for a warning
// brings half (catalogue A.5). complete says that all that applies was measured.
func weigh(verdicts []Verdict) (got, total int, complete bool) {
	complete = true
	for i := range verdicts {
		d := &verdicts[i]
		w := weight(d.Level)
		switch d.Outcome {
		case NotApplicable:
			continue
		case NotMeasured:
			complete = false
			continue
		case Passed, Info:
			got += 2 * w
		case Warning:
			got += w
		}
		total += 2 * w
	}
	return got, total, complete
}

// Headline makes the word for a target and its score from verdicts of the edition peil
// (catalogue A.5): from all of them for the owner, from the public ones for everybody.
// The score is nil when nothing that counts was measured.
func Headline(verdicts []Verdict) (Word, *int) {
	musts, failed, unseen := 0, false, false
	for i := range verdicts {
		if d := &verdicts[i]; d.Level == Must && d.Outcome != NotApplicable {
			musts++
			failed = failed || d.Outcome == Failed
			unseen = unseen || d.Outcome == NotMeasured
		}
	}
	got, total, complete := weigh(verdicts)
	var score *int
	if total > 0 {
		s := 100 * got / total
		if s == 100 && !complete {
			s = 99
		}
		score = &s
	}
	switch {
	case musts == 0:
		return WordNotApplicable, score
	case failed:
		return BelowStandard, score
	case unseen:
		return CannotSay, score
	}
	return UpToStandard, score
}

func weight(l Level) int {
	switch l {
	case Must:
		return 4
	case Should:
		return 2
	}
	return 1
}

// met sums up requirements of which each must be met: failed when one failed, else not
// measured when one was not, else met; those that do not apply do not count (catalogue
// A.3).
func met(r *Result, ids ...string) Outcome {
	out := NotApplicable
	for _, id := range ids {
		d := r.Verdict(id)
		if d == nil {
			continue
		}
		switch d.Outcome {
		case Failed:
			return Failed
		case NotMeasured:
			out = NotMeasured
		case Passed, Info, Warning:
			if out == NotApplicable {
				out = Passed
			}
		}
	}
	return out
}

// The names of derived results.
const (
	WebComplete             = "web_complete"                 // forum: the agreed standards without IPv6 and RPKI
	WebCompleteIPv6AndRPKI  = "web_complete_with_ipv6_rpki"  // forum: with them
	MailComplete            = "mail_complete"                // forum: the same of a mail domain
	MailCompleteIPv6AndRPKI = "mail_complete_with_ipv6_rpki" // forum: with them
	Compliant               = "compliant"                    // wdo and the guidelines: nothing failed
)

func sumForum(m *fact.Measurement, r *Result) {
	if m.Target.Role == fact.Mail {
		agreed := []string{
			"mail_legacy_dmarc", "mail_legacy_dmarc_policy", "mail_legacy_spf", "mail_legacy_spf_policy", "mail_legacy_dkim", "mail_legacy_dnssec_email_domain",
			"mail_legacy_dnssec_mx", "mail_legacy_start_tls", "mail_legacy_start_tls_ncsc", "mail_legacy_dane",
		}
		r.Derived = map[string]Outcome{
			MailComplete:            met(r, agreed...),
			MailCompleteIPv6AndRPKI: met(r, append(agreed, "mail_legacy_category_ipv6", "mail_rpki")...),
		}
		return
	}
	agreed := []string{"web_legacy_dnssec", "web_legacy_tls_available", "web_legacy_https_enforced", "web_legacy_hsts", "web_legacy_tls_ncsc_web"}
	r.Derived = map[string]Outcome{
		WebComplete:            met(r, agreed...),
		WebCompleteIPv6AndRPKI: met(r, append(agreed, "web_legacy_category_ipv6", "web_rpki")...),
	}
}

// sumCompliant says whether every requirement is met.
func sumCompliant(_ *fact.Measurement, r *Result) {
	var ids []string
	for i := range r.Verdicts {
		ids = append(ids, r.Verdicts[i].ID)
	}
	r.Derived = map[string]Outcome{Compliant: met(r, ids...)}
}
