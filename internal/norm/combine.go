package norm

import (
	"net/netip"
	"strings"
	"time"

	"peil/internal/fact"
)

// finding is what a rule says of one subject: an address, a name server, a certificate.
type finding struct {
	subject  string
	addr     netip.Addr // of the subject, when it is about one
	outcome  Outcome
	gap      fact.Gap // of NotMeasured
	saw      Reason
	evidence []string
	until    time.Time
}

// because makes a reason: a code of the catalogue of reasons and its arguments.
func because(code string, args ...string) Reason { return Reason{Code: code, Args: args} }

// worded is because, with words of its own for the kind when the catalogue of reasons
// has them, and else the kind before the other arguments.
func worded(code, kind string, args ...string) Reason {
	own := code + "-" + strings.ReplaceAll(kind, "_", "-")
	if t, ok := reasons()[own]; ok {
		if !strings.Contains(t.EN, "{1}") {
			args = nil // the words say it all
		}
		return because(own, args...)
	}
	return because(code, append([]string{kind}, args...)...)
}

// Shorthands for the findings of a rule.
func pass(r Reason) finding { return finding{outcome: Passed, saw: r} }
func fail(r Reason) finding { return finding{outcome: Failed, saw: r} }
func warn(r Reason) finding { return finding{outcome: Warning, saw: r} }
func note(r Reason) finding { return finding{outcome: Info, saw: r} }
func none(r Reason) finding { return finding{outcome: NotApplicable, saw: r} }

// missed is a finding of what was not seen. The reason is the gap.
func missed(g fact.Gap) finding {
	if g == "" {
		g = fact.GapNotAsked
	}
	return finding{outcome: NotMeasured, gap: g, saw: gapReason(g)}
}

// gapReason is the reason of an observation that could not be made.
func gapReason(g fact.Gap) Reason { return because("gap-" + strings.ReplaceAll(string(g), "_", "-")) }

func (f finding) on(subject string) finding { f.subject = subject; return f }

func (f finding) at(a netip.Addr) finding {
	f.addr = a
	if f.subject == "" {
		f.subject = a.String()
	}
	return f
}

func (f finding) with(evidence ...string) finding {
	f.evidence = append(f.evidence, evidence...)
	return f
}

func (f finding) till(t time.Time) finding { f.until = t; return f }

// rank orders outcomes for the worst of several subjects: what failed or warned was
// seen, whatever else was not; what was not seen outweighs what passed; a subject to
// which the rule does not apply says nothing.
func (o Outcome) rank() int {
	switch o {
	case Failed:
		return 5
	case Warning:
		return 4
	case NotMeasured:
		return 3
	case Info:
		return 2
	case Passed:
		return 1
	}
	return 0
}

// worst is the worse of two outcomes.
func worst(a, b Outcome) Outcome {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// combine makes the verdict of a rule from its findings on every subject. The
// verdict is the worst, and says of which subject. An address beyond the number that
// is measured per target does not spoil it when at least one of its family was seen
// (design.md, Budgets). Without any subject the rule does not apply.
func combine(fs ...finding) Verdict {
	v := Verdict{Outcome: NotApplicable}
	if len(fs) == 0 {
		v.Reasons = []Reason{because("no-subject")}
		return v
	}
	seen := map[bool]bool{} // is6 → a finding of that family was measured
	for _, f := range fs {
		if f.outcome != NotMeasured && f.addr.IsValid() {
			seen[f.addr.Is6()] = true
		}
	}
	for i := range fs {
		f := &fs[i]
		for j, a := range f.saw.Args {
			f.saw.Args[j] = clip(a, maxArgument)
		}
		if f.subject != "" {
			v.PerSubject = append(v.PerSubject, SubjectVerdict{Subject: f.subject, Outcome: f.outcome, Saw: f.saw})
		}
		v.Until = earliest(v.Until, f.until)
		if f.gap == fact.GapBeyond && f.outcome == NotMeasured && seen[f.addr.Is6()] {
			continue
		}
		v.Outcome = worst(v.Outcome, f.outcome)
	}
	for _, f := range fs {
		if f.outcome != v.Outcome {
			continue
		}
		if v.Outcome == NotMeasured && v.Gap == "" {
			v.Gap = f.gap
		}
		v.Reasons = appendReason(v.Reasons, f.saw)
		for _, e := range f.evidence {
			if f.subject != "" {
				e = f.subject + ": " + e
			}
			if len(v.Evidence) < maxEvidence {
				v.Evidence = append(v.Evidence, clip(e, maxLine))
			}
		}
	}
	return v
}

// maxEvidence bounds the lines of a verdict: a target has at most some hundreds of
// subjects, of which the first tell the story.
const maxEvidence = 40

// What a server sends may be long: words of it are cut at so many bytes in a reason and
// in a line of evidence.
const (
	maxArgument = 200
	maxLine     = 500
)

// clip cuts a string after n bytes, and leaves whole, valid UTF-8.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}

// appendReason adds a reason that is not there yet.
func appendReason(rs []Reason, r Reason) []Reason {
	for _, have := range rs {
		if have.Code == r.Code && equalArgs(have.Args, r.Args) {
			return rs
		}
	}
	return append(rs, r)
}

func equalArgs(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// earliest is the earlier of two moments, of which the zero one is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// after returns t when it lies after the time of observation: only then does the
// passing of t change the verdict.
func (v *view) after(t time.Time) time.Time {
	if t.After(v.At) {
		return t
	}
	return time.Time{}
}
