// Package report writes results for people and programs: terminal text, HTML, JSON,
// JSON Lines, CSV, SARIF and JUnit. It takes what norm found and adds nothing but
// words; the command and the site use it alike.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm"
)

// Item is one measured target with its result in each edition that was asked for, in
// the order asked.
type Item struct {
	Measurement *fact.Measurement
	Results     []*norm.Result
}

// Writer writes items as they come. Close writes what a format has at its end; it does
// not close the underlying writer.
type Writer interface {
	Write(Item) error
	Close() error
}

// Detail is how much the text says.
type Detail int

// The details.
const (
	Normal  Detail = iota // what is wrong in full, what is right on one line
	Verbose               // everything
)

// Options say how to write.
type Options struct {
	Lang     i18n.Lang
	Editions []*norm.Edition // those that were asked for, in that order
	Meter    string          // version of the program
	Width    int             // columns of the terminal; 0 is 80
	Color    bool
	Detail   Detail
}

// Formats lists the values of -o.
func Formats() []string { return []string{"text", "json", "jsonl", "csv", "html", "sarif", "junit"} }

// New returns the writer of a format.
func New(format string, w io.Writer, o Options) (Writer, error) {
	if o.Lang == "" {
		o.Lang = i18n.EN
	}
	if o.Width <= 0 {
		o.Width = 80
	}
	t := texts{Options: o, editions: map[string]*edition{}}
	for _, e := range o.Editions {
		x := &edition{Edition: e, by: make(map[string]*norm.Requirement, len(e.Requirements))}
		for i := range e.Requirements {
			x.by[e.Requirements[i].ID] = &e.Requirements[i]
		}
		t.editions[e.Name] = x
	}
	x, err := writer(format, w, t)
	if err != nil {
		return nil, err
	}
	return cleaner{x}, nil
}

func writer(format string, w io.Writer, t texts) (Writer, error) {
	switch format {
	case "text":
		return &textWriter{texts: t, w: w}, nil
	case "json":
		return &jsonWriter{texts: t, w: w}, nil
	case "jsonl":
		return &jsonWriter{texts: t, w: w, lines: true}, nil
	case "csv":
		return newCSV(t, w), nil
	case "html":
		return newHTML(t, w)
	case "sarif":
		return newSARIF(t, w), nil
	case "junit":
		return newJUnit(t, w), nil
	}
	return nil, fmt.Errorf("unknown output %q: want one of %s", format, strings.Join(Formats(), ", "))
}

// Headline is the result that the headline word comes from: peil's, or the first.
func (it Item) Headline() *norm.Result {
	for _, r := range it.Results {
		if r.Edition == "peil" {
			return r
		}
	}
	if len(it.Results) == 0 {
		return nil
	}
	return it.Results[0]
}

type edition struct {
	*norm.Edition
	by map[string]*norm.Requirement
}

// texts turns codes into the words of one language.
type texts struct {
	Options
	editions map[string]*edition
}

func (t *texts) say(id string, args ...any) string { return i18n.T(t.Lang, id, args...) }

func (t *texts) in(x norm.Text) string { return x.In(norm.Lang(t.Lang)) }

// requirement returns the requirement that a verdict of an edition is about.
func (t *texts) requirement(edition, id string) *norm.Requirement {
	if e := t.editions[edition]; e != nil {
		if q := e.by[id]; q != nil {
			return q
		}
	}
	return &norm.Requirement{ID: id, Title: norm.Text{NL: id, EN: id}}
}

// reason is a reason in words; a code without words is shown with its arguments.
func (t *texts) reason(edition string, r norm.Reason) string {
	if r.Code == "" {
		return strings.Join(r.Args, " ")
	}
	if e := t.editions[edition]; e != nil {
		if x, ok := e.Reasons[r.Code]; ok {
			args := make([]any, len(r.Args))
			for i, a := range r.Args {
				args[i] = t.argument(r.Code, a)
			}
			return i18n.Fill(t.in(x), args...)
		}
	}
	return strings.TrimSpace(r.Code + " " + strings.Join(r.Args, " "))
}

// found says in one line what led to a verdict.
func (t *texts) found(edition string, v *norm.Verdict) string {
	var parts []string
	for _, r := range v.Reasons {
		if s := t.reason(edition, r); s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		// The subjects that weigh: those as bad as the verdict itself.
		for _, s := range v.PerSubject {
			if s.Outcome != v.Outcome {
				continue
			}
			if x := t.reason(edition, s.Saw); x != "" && !slices.Contains(parts, x) {
				parts = append(parts, x)
			}
		}
	}
	told := slices.ContainsFunc(v.Reasons, func(r norm.Reason) bool { return strings.HasPrefix(r.Code, "gap-") })
	if v.Outcome == norm.NotMeasured && v.Gap != "" && !told {
		parts = append(parts, t.say("gap."+string(v.Gap)))
	}
	return strings.Join(parts, "; ")
}

// told is what was found, or the outcome where there are no words for it.
func (t *texts) told(edition string, v *norm.Verdict) string {
	if s := t.found(edition, v); s != "" {
		return s
	}
	return t.say("outcome." + v.Outcome.String())
}

// where names the subjects that a verdict below passed is about, when there are
// others that did better: an address of several.
func (t *texts) where(v *norm.Verdict) string {
	if len(v.PerSubject) < 2 {
		return ""
	}
	var bad []string
	for _, s := range v.PerSubject {
		if s.Outcome == v.Outcome && !slices.Contains(bad, s.Subject) {
			bad = append(bad, s.Subject)
		}
	}
	if len(bad) == 0 || len(bad) == len(v.PerSubject) {
		return ""
	}
	return strings.Join(bad, ", ")
}

// fixes are the ways to mend a requirement, and only for a verdict that asks for it.
func (t *texts) fixes(edition string, v *norm.Verdict) []norm.Fix {
	if v.Outcome != norm.Failed && v.Outcome != norm.Warning {
		return nil
	}
	return t.requirement(edition, v.ID).Fixes
}

// source names where a rule comes from, with its section.
func (t *texts) source(s norm.Source) string {
	names, sections := strings.Split(s.Name, "; "), strings.Split(s.Section, "; ")
	for i := range names {
		if i < len(sections) && sections[i] != "" {
			names[i] += ", " + t.section(sections[i])
		}
	}
	return strings.Join(names, "; ")
}

// section is the part of a source: a number, an appendix, or its name.
func (t *texts) section(s string) string {
	if appendix, ok := strings.CutPrefix(s, "app. "); ok {
		return t.say("text.appendix", appendix)
	}
	if s[0] >= '0' && s[0] <= '9' {
		return t.say("text.section", s)
	}
	if w, ok := i18n.Word(t.Lang, "source", s); ok {
		return w
	}
	return s
}

// software is the name that a person gives what a fix is for.
func software(id string) string {
	if n, ok := map[string]string{"apache": "Apache", "iis": "IIS", "dns": "DNS"}[id]; ok {
		return n
	}
	return id
}

// fixLine is the fix in one piece of text for formats without structure.
func (t *texts) fixLine(edition string, v *norm.Verdict) string {
	var parts []string
	for _, f := range t.fixes(edition, v) {
		s := t.in(f.Text)
		if f.Code != "" {
			s = strings.TrimSpace(s + "\n" + f.Code)
		}
		if f.For != "" {
			s = software(f.For) + ": " + s
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "\n")
}

func count(r *norm.Result, o norm.Outcome, levels ...norm.Level) int {
	n := 0
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if v.Outcome == o && (len(levels) == 0 || slices.Contains(levels, v.Level)) {
			n++
		}
	}
	return n
}

// sentence is the headline in one sentence, for a website or a mail domain.
func (t *texts) sentence(role fact.Role, r *norm.Result) string {
	id := "sentence." + string(role) + "." + string(r.Word)
	switch r.Word {
	case norm.BelowStandard:
		return i18n.N(t.Lang, id, count(r, norm.Failed, norm.Must))
	case norm.CannotSay:
		return i18n.N(t.Lang, id, count(r, norm.NotMeasured, norm.Must))
	case norm.UpToStandard, norm.WordNotApplicable:
		return t.say(id)
	}
	return ""
}

// Standing is how a list of targets stands, in a sentence with its denominators.
func Standing(l i18n.Lang, targets int, words map[norm.Word]int) string {
	up, below := words[norm.UpToStandard], words[norm.BelowStandard]
	var parts []string
	if up+below > 0 {
		parts = append(parts, i18n.T(l, "summary.share", i18n.Int(l, up), i18n.Int(l, up+below), i18n.Share(l, up, up+below)))
	}
	if n := words[norm.CannotSay]; n > 0 {
		parts = append(parts, i18n.N(l, "summary.cannot_say", n))
	}
	if n := words[norm.WordNotApplicable]; n > 0 {
		parts = append(parts, i18n.N(l, "summary.not_applicable", n))
	}
	first := i18n.N(l, "summary.targets", targets)
	if len(parts) == 0 {
		return first + "."
	}
	return first + ": " + strings.Join(parts, "; ") + "."
}

// vantage is the place measured from; "here" is said in the reader's language.
func (t *texts) vantage(m *fact.Measurement) string {
	if m.Vantage == "" || m.Vantage == "here" {
		return t.say("text.here")
	}
	return m.Vantage
}
