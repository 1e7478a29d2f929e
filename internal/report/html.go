package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm"
)

//go:embed report.html
var htmlSource string

//go:embed report.css
var htmlStyle string

// manySites is up to how many targets a report tells everything of each. A longer one
// gives the texts of requirements once, and of targets that are up to standard only the
// row in the table: nobody reads a thousand pages of what is in order.
const manySites = 50

// manySections is how many targets at most get a section of their own in a longer
// report, so that the page of ten thousand still opens; the table has them all.
const manySections = 500

// htmlWriter writes one page that stands by itself: no script, no other file, a strict
// policy. Sections are spooled to files, so that a long list needs no memory but a row of
// the table each; as the length is known only at the end, both forms are spooled until
// the list proves long.
type htmlWriter struct {
	texts
	w           io.Writer
	tmpl        *template.Template
	full, brief *os.File
	rows        []htmlRow
	sim         bool
	last        time.Time
	preamble    template.HTML
	rules       map[string]bool // requirements of the headline edition that were not in order somewhere
	sections    int             // in the brief form
	words       map[norm.Word]int
}

type htmlRow struct {
	Name, Anchor, Word, WordText, Score, Open string
	Others                                    []string
	order                                     int // worst first
}

// tableOnly marks the row of a target that has no section in the brief form.
const tableOnly = 1 << 30

// worst puts the rows of the table in order: below standard first, by score; then what
// could not be said, what is up to standard, and names without a website.
func worst(word norm.Word, score *int) int {
	order := map[norm.Word]int{norm.BelowStandard: 0, "": 0, norm.CannotSay: 1, norm.UpToStandard: 2, norm.WordNotApplicable: 3}[word] * 1000
	if score != nil {
		order += *score
	}
	return order
}

func newHTML(t texts, w io.Writer) (*htmlWriter, error) {
	h := &htmlWriter{texts: t, w: w, words: map[norm.Word]int{}}
	var err error
	h.tmpl, err = template.New("report").Funcs(template.FuncMap{
		"say":     t.say,
		"outcome": func(o norm.Outcome) string { return t.say("outcome." + o.String()) },
		"mark":    mark,
	}).Parse(htmlSource)
	if err != nil {
		return nil, fmt.Errorf("template of the HTML report: %w", err)
	}
	h.rules = map[string]bool{}
	for _, f := range []**os.File{&h.full, &h.brief} {
		if *f, err = os.CreateTemp("", "peil-report-*.html"); err != nil {
			return nil, fmt.Errorf("opening a spool file for the HTML report: %w", err)
		}
		if err := os.Remove((*f).Name()); err != nil { // it lives as long as it is open
			return nil, fmt.Errorf("spool file for the HTML report: %w", err)
		}
	}
	return h, nil
}

// Preamble puts a fragment of HTML above the table of targets.
func Preamble(w Writer, fragment template.HTML) {
	if c, ok := w.(cleaner); ok {
		w = c.Writer
	}
	if h, ok := w.(*htmlWriter); ok {
		h.preamble = fragment
	}
}

// shapes are the signs of outcomes as SVG symbols: shape first, colour by class.
var shapes = []struct {
	outcome norm.Outcome
	path    string
}{
	{norm.Passed, `<circle cx="8" cy="8" r="7"/><path d="M4.5 8.2l2.4 2.4 4.6-5" class="ink"/>`},
	{norm.Warning, `<path d="M8 1l7.2 13.5H.8z"/><path d="M8 5.5v4.2M8 11.6v1.2" class="ink"/>`},
	{norm.Failed, `<rect x="1" y="1" width="14" height="14" rx="1"/><path d="M5 5l6 6M11 5l-6 6" class="ink"/>`},
	{norm.Info, `<circle cx="8" cy="8" r="7"/><path d="M8 7v5M8 3.8v1.4" class="ink"/>`},
	{norm.NotApplicable, `<path d="M3 8h10" class="line"/>`},
	{norm.NotMeasured, `<circle cx="8" cy="8" r="6.2" class="hollow"/><path d="M4 11l7-7M6 12.5l6.5-6.5" class="line"/>`},
}

// symbols defines the signs once for the page.
func symbols() template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="symbols" width="0" height="0" aria-hidden="true" focusable="false">`)
	for _, s := range shapes {
		fmt.Fprintf(&b, `<symbol id="m-%s" viewBox="0 0 16 16">%s</symbol>`, s.outcome, s.path)
	}
	// Hatching is for what is not known.
	b.WriteString(`<pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="1.5" height="4" class="hatch"/></pattern></svg>`)
	return template.HTML(b.String()) // constants alone
}

// mark is the sign of an outcome.
func mark(o norm.Outcome) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg class="mark %[1]s" width="16" height="16" aria-hidden="true" focusable="false"><use href="#m-%[1]s"/></svg>`, o)) // constants alone
}

type htmlVerdict struct {
	ID, Title, Found, Where, Why, Explain, Check, Source, URL, Until string
	Outcome                                                          norm.Outcome
	Ahead                                                            bool // failed, but ahead of the norm: nothing is wrong
	Fixes                                                            []htmlFix
	Evidence                                                         []string
	Subjects                                                         []htmlSubject
	Level, Rule                                                      string // Rule: anchor of the requirement's own section
}

type htmlFix struct{ For, Text, Code string }

type htmlSubject struct {
	Subject, Saw string
	Outcome      norm.Outcome
}

type htmlSite struct {
	Name, Anchor, Word, WordText, Sentence, About, Score string
	Simulated                                            bool
	Role                                                 string // of the target
	Gauge                                                htmlGauge
	Open, Ahead, Fine, Missing, None                     []htmlVerdict
	Others                                               []htmlOther
	Many                                                 bool // texts of requirements stand once, at the end
}

type htmlOther struct {
	Edition, Version, Score string
	Standing                string // its score, or in words how it stands
	Open, Missing           []htmlVerdict
	Fine                    int
}

// htmlGauge is the peilschaal: of a site how many musts are met, of a list how many
// sites are up to standard, with the line where all are. What is not known is hatched.
type htmlGauge struct {
	Height, Unseen int // of 100
	Label          string
}

func (h *htmlWriter) verdict(r *norm.Result, v *norm.Verdict, brief bool) htmlVerdict {
	q := h.requirement(r.Edition, v.ID)
	x := htmlVerdict{
		ID: v.ID, Title: h.in(q.Title), Found: h.found(r.Edition, v), Where: h.where(v), Why: h.in(q.Why), Explain: h.in(q.Explain),
		Check: v.Check, Source: h.source(q.Source), URL: q.Source.URL, Outcome: v.Outcome, Evidence: v.Evidence,
		Level: h.say("level." + string(v.Level)),
		Ahead: v.Outcome == norm.Failed && (v.Level == norm.Could || v.Level == norm.Optional),
	}
	if !v.Until.IsZero() {
		x.Until = i18n.Moment(h.Lang, v.Until.UTC()) + " UTC"
	}
	for _, s := range v.PerSubject {
		x.Subjects = append(x.Subjects, htmlSubject{s.Subject, h.reason(r.Edition, s.Saw), s.Outcome})
	}
	if brief {
		x.Rule = ruleAnchor(v.ID)
		x.Why, x.Explain, x.Source = "", "", ""
		return x
	}
	for _, f := range h.fixes(r.Edition, v) {
		x.Fixes = append(x.Fixes, htmlFix{software(f.For), h.in(f.Text), f.Code})
	}
	return x
}

func ruleAnchor(id string) string {
	return "r-" + strings.NewReplacer(".", "-", "_", "-").Replace(id)
}

// Write spools the section of one target and keeps its row.
func (h *htmlWriter) Write(it Item) error {
	m := it.Measurement
	head := it.Headline()
	if head == nil {
		return fmt.Errorf("writing %s as HTML: no edition was asked for", m.Target.Name)
	}
	s, row := h.section(it, head, true)
	h.words[head.Word]++
	h.sim = h.sim || m.Simulated
	if m.At.After(h.last) {
		h.last = m.At
	}
	h.rows = append(h.rows, row)
	if len(h.rows) <= manySites {
		full, _ := h.section(it, head, false)
		full.Anchor = s.Anchor
		if err := h.tmpl.ExecuteTemplate(h.full, "site", full); err != nil {
			return err
		}
	}
	if head.Word == norm.UpToStandard || h.sections == manySections {
		h.rows[len(h.rows)-1].order |= tableOnly
		return nil
	}
	h.sections++
	return h.tmpl.ExecuteTemplate(h.brief, "site", s)
}

// section puts one target in words.
func (h *htmlWriter) section(it Item, head *norm.Result, brief bool) (htmlSite, htmlRow) {
	m := it.Measurement
	s := htmlSite{
		Name: m.Target.Name, Anchor: fmt.Sprintf("s%d", len(h.rows)+1),
		Word: string(head.Word), Role: string(m.Target.Role), Simulated: m.Simulated, Sentence: h.sentence(m.Target.Role, head), Many: brief,
	}
	if m.Target.Unicode != "" {
		s.Name = m.Target.Unicode
	}
	if m.Target.Role == fact.Mail {
		s.Name += " " + h.say("text.role.mail")
	}
	if head.Word != "" {
		s.WordText = h.say("word." + string(head.Word))
	} else {
		s.WordText = head.Edition + ": " + h.tally(head)
		s.Sentence = strings.Join(h.derived(head), " · ")
	}
	row := htmlRow{Name: s.Name, Anchor: s.Anchor, Word: s.Word, WordText: s.WordText, order: worst(head.Word, head.Score)}
	if head.Score != nil {
		s.Score, row.Score = h.scoreOf(head), i18n.Int(h.Lang, *head.Score)
	}
	t := textWriter{texts: h.texts}
	s.About = sentenceCase(h.say("text.measured", i18n.Moment(h.Lang, m.At.UTC())+" UTC", t.vantage(m), t.families(m),
		i18n.Float(h.Lang, m.Cost.Seconds, 1), i18n.N(h.Lang, "text.connections", m.Cost.Connections))) + "."
	var openNames []string
	for _, level := range levels(head) {
		for _, o := range []norm.Outcome{norm.Failed, norm.Warning, norm.Info, norm.Passed, norm.NotMeasured, norm.NotApplicable} {
			for i := range head.Verdicts {
				v := &head.Verdicts[i]
				if v.Level != level || v.Outcome != o {
					continue
				}
				x := h.verdict(head, v, brief)
				switch o {
				case norm.Failed, norm.Warning:
					h.rules[v.ID] = true
					if x.Ahead {
						s.Ahead = append(s.Ahead, x)
						continue
					}
					s.Open = append(s.Open, x)
					if o == norm.Failed {
						openNames = append(openNames, x.Title)
					}
				case norm.NotMeasured:
					s.Missing = append(s.Missing, x)
				case norm.NotApplicable:
					s.None = append(s.None, x)
				default:
					s.Fine = append(s.Fine, x)
				}
			}
		}
	}
	row.Open = strings.Join(openNames, ", ")
	s.Gauge = h.gauge(head)
	for _, r := range it.Results {
		if r == head {
			continue
		}
		o := htmlOther{Edition: r.Edition, Version: r.Version, Score: score(h.Lang, "", r)}
		for i := range r.Verdicts {
			v := &r.Verdicts[i]
			switch v.Outcome {
			case norm.Failed, norm.Warning:
				o.Open = append(o.Open, h.verdict(r, v, brief))
			case norm.NotMeasured:
				o.Missing = append(o.Missing, h.verdict(r, v, brief))
			case norm.Passed, norm.Info:
				o.Fine++
			}
		}
		if o.Standing = o.Score; o.Standing == "" {
			o.Standing = h.tally(r)
		}
		s.Others = append(s.Others, o)
		row.Others = append(row.Others, o.Standing)
	}
	return s, row
}

func (h *htmlWriter) gauge(r *norm.Result) htmlGauge {
	musts := []norm.Level{norm.Must, norm.Required}
	failed, unseen := count(r, norm.Failed, musts...), count(r, norm.NotMeasured, musts...)
	met := count(r, norm.Passed, musts...) + count(r, norm.Info, musts...) + count(r, norm.Warning, musts...)
	all := failed + unseen + met
	if all == 0 {
		return htmlGauge{}
	}
	label := h.say("html.gauge.musts", met, all)
	if unseen > 0 {
		label += ", " + h.say("html.gauge.unseen", unseen)
	}
	return htmlGauge{Height: 100 * met / all, Unseen: 100 * unseen / all, Label: label}
}

// country is the gauge of a list: which share of those judged is up to standard.
func (h *htmlWriter) country() htmlGauge {
	up, below := h.words[norm.UpToStandard], h.words[norm.BelowStandard]
	if up+below == 0 {
		return htmlGauge{}
	}
	return htmlGauge{Height: 100 * up / (up + below), Label: h.say("html.gauge.sites", i18n.Share(h.Lang, up, up+below))}
}

func sentenceCase(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// Close writes the page: head, table, sections, foot.
func (h *htmlWriter) Close() error {
	defer func() { _, _ = h.full.Close(), h.brief.Close() }()
	many, spool := len(h.rows) > manySites, h.full
	if many {
		spool = h.brief
		for i := range h.rows {
			if h.rows[i].order&tableOnly != 0 {
				h.rows[i].Anchor = ""
			}
		}
	}
	first := ""
	if len(h.rows) > 0 {
		first = h.rows[0].Name
	}
	slices.SortStableFunc(h.rows, func(a, b htmlRow) int { return a.order&^tableOnly - b.order&^tableOnly })
	sum := sha256.Sum256([]byte(htmlStyle))
	title := h.say("html.title.many", i18n.Int(h.Lang, len(h.rows)))
	if len(h.rows) == 1 {
		title = h.say("html.title", first)
	}
	cut := ""
	if many {
		cut = h.say("html.cut")
		if h.sections == manySections {
			cut = h.say("html.cut.more", i18n.Int(h.Lang, manySections))
		}
	}
	var others []string
	head := ""
	for _, e := range h.Editions {
		if e.Name == "peil" {
			head = "peil"
		}
	}
	for i, e := range h.Editions {
		if e.Name != head && (head != "" || i > 0) {
			others = append(others, e.Name)
		}
	}
	data := map[string]any{
		"Lang": string(h.Lang), "Title": title, "Rows": h.rows, "Simulated": h.sim, "Many": len(h.rows) > 1,
		"Cut": cut, "Gauge": h.country(), "Standing": sentenceCase(Standing(h.Lang, len(h.rows), h.words)), "When": h.say("html.when", i18n.Date(h.Lang, h.last.UTC())), "Others": others, "Preamble": h.preamble, "Symbols": symbols(), "Rules": h.openRules(many),
		"Style":  template.CSS(htmlStyle), // embedded
		"Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		"Made":   h.say("html.made", h.Meter, i18n.Moment(h.Lang, h.last.UTC())+" UTC"),
	}
	if err := h.tmpl.ExecuteTemplate(h.w, "head", data); err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(h.w, spool); err != nil {
		return err
	}
	return h.tmpl.ExecuteTemplate(h.w, "foot", data)
}

// openRules are the texts of the requirements that were not in order somewhere, once.
func (h *htmlWriter) openRules(many bool) []htmlVerdict {
	if !many || len(h.Editions) == 0 {
		return nil
	}
	head := h.Editions[0]
	for _, e := range h.Editions {
		if e.Name == "peil" {
			head = e
		}
	}
	var out []htmlVerdict
	for i := range head.Requirements {
		q := &head.Requirements[i]
		if !h.rules[q.ID] {
			continue
		}
		x := htmlVerdict{
			ID: q.ID, Title: h.in(q.Title), Why: h.in(q.Why), Explain: h.in(q.Explain), Rule: ruleAnchor(q.ID),
			Level: h.say("level." + string(q.Level)), Source: h.source(q.Source), URL: q.Source.URL,
		}
		for _, f := range q.Fixes {
			x.Fixes = append(x.Fixes, htmlFix{software(f.For), h.in(f.Text), f.Code})
		}
		out = append(out, x)
	}
	return out
}
