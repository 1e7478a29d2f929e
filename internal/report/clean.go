package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"peil/internal/fact"
	"peil/internal/norm"
)

// maxWords bounds one piece of evidence. What proves a verdict fits; a server that
// answers with a book does not get it printed.
const maxWords = 2000

// Clean makes words of others harmless to whoever reads them: characters that steer a
// terminal, turn the direction of writing or cannot be seen at all (escape sequences,
// bidirectional overrides, zero-width and line-separating characters) are written as
// Go writes them, \x1b and \u202e; so is what is not UTF-8. The result is one line.
func Clean(s string) string {
	if !dirty(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case visibleRune(r):
			b.WriteRune(r)
		default:
			q := fmt.Sprintf("%+q", string(r))
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[size:]
		if b.Len() > maxWords {
			fmt.Fprintf(&b, "… (%d)", len(s))
			break
		}
	}
	return b.String()
}

func dirty(s string) bool {
	if len(s) > maxWords {
		return true
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f { // the rest of ASCII is visible
			return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !visibleRune(r) })
		}
	}
	return false
}

// visibleRune reports whether a character shows itself and nothing else. The no-break
// space is let through: our own texts have it.
func visibleRune(r rune) bool {
	return unicode.IsGraphic(r) && (r == ' ' || r == '\u00a0' || !unicode.IsSpace(r))
}

// cleaner hands on items in which all words of others are clean, so that no format
// needs to think of them.
type cleaner struct{ Writer }

// Write cleans and hands on. What is clean already is not copied.
func (c cleaner) Write(it Item) error { return c.Writer.Write(cleanItem(it)) }

func cleanItem(it Item) Item {
	m := it.Measurement
	if dirty(m.Target.Name) || dirty(m.Target.Unicode) || dirty(string(m.Target.Role)) || dirty(m.Vantage) || dirty(m.Meter) || dirtySources(&m.Sources) {
		x := *m
		x.Target.Name, x.Target.Unicode = Clean(m.Target.Name), Clean(m.Target.Unicode)
		x.Target.Role = fact.Role(Clean(string(m.Target.Role)))
		x.Vantage, x.Meter = Clean(m.Vantage), Clean(m.Meter)
		s := &x.Sources
		s.Roots, s.PSL, s.VRPs, s.Routes, s.Resolver = Clean(s.Roots), Clean(s.PSL), Clean(s.VRPs), Clean(s.Routes), Clean(s.Resolver)
		s.Fetched = cleanAll(s.Fetched)
		it.Measurement = &x
	}
	copied := false
	for i, r := range it.Results {
		for j := range r.Verdicts {
			if !dirtyVerdict(&r.Verdicts[j]) {
				continue
			}
			if !copied {
				it.Results, copied = slices.Clone(it.Results), true
			}
			if r == it.Results[i] {
				x := *r
				x.Verdicts = slices.Clone(r.Verdicts)
				it.Results[i] = &x
			}
			it.Results[i].Verdicts[j] = cleanVerdict(r.Verdicts[j])
		}
	}
	return it
}

func dirtySources(s *fact.Sources) bool {
	return dirty(s.Roots) || dirty(s.PSL) || dirty(s.VRPs) || dirty(s.Routes) || dirty(s.Resolver) || slices.ContainsFunc(s.Fetched, dirty)
}

func dirtyVerdict(v *norm.Verdict) bool {
	for _, r := range v.Reasons {
		if dirty(r.Code) || slices.ContainsFunc(r.Args, dirty) {
			return true
		}
	}
	for _, s := range v.PerSubject {
		if dirty(s.Subject) || dirty(s.Saw.Code) || slices.ContainsFunc(s.Saw.Args, dirty) {
			return true
		}
	}
	return dirty(v.Check) || dirty(string(v.Gap)) || slices.ContainsFunc(v.Evidence, dirty)
}

func cleanVerdict(v norm.Verdict) norm.Verdict {
	v.Check, v.Gap = Clean(v.Check), fact.Gap(Clean(string(v.Gap)))
	v.Evidence = cleanAll(v.Evidence)
	v.Reasons = slices.Clone(v.Reasons)
	for i := range v.Reasons {
		v.Reasons[i].Code = Clean(v.Reasons[i].Code)
		v.Reasons[i].Args = cleanAll(v.Reasons[i].Args)
	}
	v.PerSubject = slices.Clone(v.PerSubject)
	for i := range v.PerSubject {
		s := &v.PerSubject[i]
		s.Subject, s.Saw.Code, s.Saw.Args = Clean(s.Subject), Clean(s.Saw.Code), cleanAll(s.Saw.Args)
	}
	return v
}

func cleanAll(in []string) []string {
	if !slices.ContainsFunc(in, dirty) {
		return in
	}
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = Clean(s)
	}
	return out
}
