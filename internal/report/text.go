package report

import (
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm"
)

// textWriter writes for a person at a terminal: what is wrong first, with what was
// seen, how to mend it and how to check it; what is right on one line.
type textWriter struct {
	texts
	w     io.Writer
	b     strings.Builder
	nginx bool // of this target a fix was told for nginx, while there are others
}

// signs tell an outcome without colour.
var signs = map[norm.Outcome]string{
	norm.Passed: "✓", norm.Warning: "!", norm.Failed: "✕", norm.Info: "i", norm.NotApplicable: "–", norm.NotMeasured: "?",
}

// colours of the terminal's own palette: blue for in order, yellow (ochre) for a
// warning, red (brick) for not in order; grey for what is not known.
var colours = map[norm.Outcome]string{
	norm.Passed: "34", norm.Warning: "33", norm.Failed: "31", norm.Info: "36", norm.NotApplicable: "2", norm.NotMeasured: "2",
}

var wordOutcome = map[norm.Word]norm.Outcome{
	norm.UpToStandard: norm.Passed, norm.BelowStandard: norm.Failed, norm.CannotSay: norm.NotMeasured, norm.WordNotApplicable: norm.NotApplicable,
}

const (
	titleColumn = 26 // where the words on a requirement begin
	labelColumn = 8  // width of "fix", "herstel" and the like before what they label
	manyNames   = 6  // of more requirements than this, those not measured are counted, not named
)

func (t *textWriter) paint(s, code string) string {
	if !t.Color || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Write writes one target.
func (t *textWriter) Write(it Item) error {
	t.b.Reset()
	t.nginx = false
	t.b.WriteByte('\n')
	t.heading(it)
	for i, r := range it.Results {
		if i == 0 || t.Detail == Verbose {
			if i > 0 {
				t.b.WriteByte('\n')
				t.line("  " + t.paint(r.Edition+" "+r.Version+score(t.Lang, ", ", r), "1"))
			}
			t.result(r)
		}
	}
	_, err := io.WriteString(t.w, t.b.String())
	return err
}

// Close has nothing to add.
func (t *textWriter) Close() error { return nil }

func (t *textWriter) line(s string) { t.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func score(l i18n.Lang, before string, r *norm.Result) string {
	if r.Score == nil {
		return ""
	}
	s := before + i18n.Percent(l, i18n.Int(l, *r.Score))
	if !r.Complete {
		s += " " + i18n.T(l, "text.incomplete")
	}
	return s
}

func (t *textWriter) heading(it Item) {
	m := it.Measurement
	name := m.Target.Name
	if m.Target.Unicode != "" {
		name = m.Target.Unicode + " (" + m.Target.Name + ")"
	}
	var right []string
	h := it.Headline()
	for _, r := range it.Results {
		switch {
		case r == h && r.Word != "":
			s := t.paint(t.say("word."+string(r.Word)), "1;"+colours[wordOutcome[r.Word]])
			if r.Score != nil {
				s += "   " + t.scoreOf(r)
			}
			right = append(right, s)
		case r.Score != nil:
			right = append(right, r.Edition+score(t.Lang, " ", r))
		default:
			right = append(right, r.Edition+": "+t.tally(r))
		}
	}
	head := "  " + t.paint(name, "1")
	if m.Target.Role == fact.Mail {
		head += " " + t.say("text.role.mail")
	}
	tail := strings.Join(right, "   ")
	if gap := t.Width - visible(head) - visible(tail); gap >= 2 {
		t.line(head + strings.Repeat(" ", gap) + tail)
	} else {
		t.line(head)
		for _, l := range fold(tail, t.Width-4) {
			t.line("    " + l)
		}
	}
	if m.Simulated {
		t.line("  " + t.paint(t.say("text.simulated."+string(m.Target.Role)), "1;35"))
	}
	if h != nil && (h.Word == norm.CannotSay || h.Word == norm.WordNotApplicable) {
		for _, l := range fold(t.sentence(m.Target.Role, h), t.Width-2) {
			t.line("  " + l)
		}
	}
	if h != nil && h.Word == "" {
		for _, d := range t.derived(h) {
			t.line("  " + d)
		}
	}
	about := t.say("text.measured", i18n.Moment(t.Lang, m.At.Local()), t.vantage(m), t.families(m),
		i18n.Float(t.Lang, m.Cost.Seconds, 1), i18n.N(t.Lang, "text.connections", m.Cost.Connections))
	for _, s := range append([]string{about}, t.sources(m)...) {
		for _, l := range fold(s, t.Width-2) {
			t.line("  " + l)
		}
	}
}

// sources tell what routes were judged by where nobody named it in this run, and how old
// that was; with -v all that the target was held against.
func (t *textWriter) sources(m *fact.Measurement) []string {
	s := &m.Sources
	var tables, all []string
	for _, x := range []struct{ kind, table string }{{"vrps", s.VRPs}, {"routes", s.Routes}} {
		date, err := time.Parse(time.RFC3339, x.table[strings.LastIndexByte(x.table, ' ')+1:])
		if err == nil && slices.Contains(s.Fetched, x.kind) {
			hours := int(max(m.At.Sub(date), 0).Hours())
			tables = append(tables, t.say("text.table."+x.kind, i18n.N(t.Lang, "text.age", hours, i18n.Moment(t.Lang, date.Local()))))
		}
	}
	if len(tables) > 0 {
		all = append(all, t.say("text.tables", strings.Join(tables, ", ")))
	}
	if t.Detail != Verbose {
		return all
	}
	resolver := s.Resolver
	if resolver == "iterative" {
		resolver = t.say("text.sources.iterative")
	}
	for _, x := range []struct{ id, what string }{{"resolver", resolver}, {"roots", s.Roots}, {"vrps", s.VRPs}, {"routes", s.Routes}, {"psl", s.PSL}} {
		if x.what != "" {
			all = append(all, t.say("text.sources."+x.id, x.what))
		}
	}
	return all
}

// scoreOf is the score of the edition that gives the headline.
func (t *texts) scoreOf(r *norm.Result) string {
	s := t.say("text.score", *r.Score)
	if !r.Complete {
		s += " " + t.say("text.incomplete")
	}
	return s
}

// tally is in words how an edition without score and word stands, over what it requires.
func (t *texts) tally(r *norm.Result) string {
	failed, unseen := count(r, norm.Failed, norm.Must, norm.Required), count(r, norm.NotMeasured, norm.Must, norm.Required)
	fine := 0
	for _, o := range []norm.Outcome{norm.Passed, norm.Info, norm.Warning} {
		fine += count(r, o, norm.Must, norm.Required)
	}
	all := failed + unseen + fine
	switch {
	case all == 0:
		return t.say("outcome.not_applicable")
	case failed > 0:
		return t.say("text.tally.failed", failed, all)
	case unseen > 0:
		return t.say("text.tally.unseen", unseen, all)
	}
	return t.say("text.tally.fine", fine, all)
}

// derived are the named results of an edition ("web complete"), in words.
func (t *texts) derived(r *norm.Result) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.Derived)) {
		if id := "derived." + name; i18n.Has(id) {
			out = append(out, t.say(id)+": "+t.say("outcome."+r.Derived[name].String()))
		}
	}
	return out
}

func (t *textWriter) families(m *fact.Measurement) string {
	var four, six bool
	seen := func(a netip.Addr) {
		four, six = four || a.Is4(), six || a.Is6()
	}
	if m.Web != nil {
		for _, h := range m.Web.Hosts {
			seen(h.Addr)
		}
	}
	if m.Mail != nil {
		for _, s := range m.Mail.Servers {
			for _, h := range s.Hosts {
				seen(h.Addr)
			}
		}
	}
	switch {
	case four && six:
		return t.say("text.families.both")
	case four:
		return t.say("text.families.4")
	case six:
		return t.say("text.families.6")
	}
	if m.DNS == nil || !slices.ContainsFunc(m.DNS.Lookups, func(l fact.Lookup) bool { return l.Gap == "" }) {
		return t.say("text.families.unknown")
	}
	return t.say("text.families.none")
}

// result writes one edition: by level, worst first.
func (t *textWriter) result(r *norm.Result) {
	firstOpen := ""
	for _, level := range levels(r) {
		var open, fine []*norm.Verdict
		for _, o := range []norm.Outcome{norm.Failed, norm.Warning, norm.Info, norm.Passed} {
			for i := range r.Verdicts {
				v := &r.Verdicts[i]
				if v.Level != level || v.Outcome != o {
					continue
				}
				if o == norm.Passed && t.Detail != Verbose {
					fine = append(fine, v)
				} else if o == norm.Info && t.Detail != Verbose {
					fine = append(fine, v)
				} else {
					open = append(open, v)
				}
			}
		}
		if len(open)+len(fine) == 0 && !slices.ContainsFunc(r.Verdicts, func(v norm.Verdict) bool { return v.Level == level && v.Outcome == norm.NotMeasured }) {
			continue
		}
		t.b.WriteByte('\n')
		head := "  " + t.paint(t.say("level."+string(level)), "1")
		if hint := "level." + string(level) + ".hint"; i18n.Has(hint) {
			head = pad(head, titleColumn+4) + t.paint(t.say(hint), "2")
		}
		t.line(head)
		// What is only ahead of the norm gets no more than a line, unless asked for.
		if (level == norm.Could || level == norm.Optional) && t.Detail != Verbose {
			t.missing(r, level)
			t.names(r.Edition, append(open, fine...))
			continue
		}
		for _, v := range open {
			t.verdict(r.Edition, v)
			if firstOpen == "" && v.Outcome != norm.Passed {
				firstOpen = v.ID
			}
		}
		t.missing(r, level)
		if len(fine) == 0 {
			continue
		}
		if level == norm.Must || level == norm.Required {
			t.names(r.Edition, fine)
			continue
		}
		mark := t.paint(signs[norm.Passed], colours[norm.Passed])
		t.line(pad("  "+mark+" "+i18n.N(t.Lang, "text.more", len(fine)), titleColumn+4) + t.paint(t.say("text.more.hint"), "2"))
	}
	t.rest(r, firstOpen)
}

// names writes signs and titles alone, in as many columns as fit.
func (t *textWriter) names(edition string, verdicts []*norm.Verdict) {
	names := make([]string, len(verdicts))
	for i, v := range verdicts {
		colour := colours[v.Outcome]
		if v.Outcome == norm.Failed && (v.Level == norm.Could || v.Level == norm.Optional) {
			colour = colours[norm.NotApplicable] // nothing is wrong: it is ahead of the norm
		}
		names[i] = t.paint(signs[v.Outcome], colour) + " " + t.in(t.requirement(edition, v.ID).Title)
	}
	widths := columnsOf(names, t.Width-2)
	for i := 0; i < len(names); i += len(widths) {
		line := " "
		for j, n := range names[i:min(i+len(widths), len(names))] {
			line += " " + pad(n, widths[j])
		}
		t.line(line)
	}
}

// columnsOf returns the widths of as many columns as cells fit in, row after row.
func columnsOf(cells []string, width int) []int {
	for n := min(6, len(cells)); n > 1; n-- {
		widths, sum := make([]int, n), 0
		for i, c := range cells {
			widths[i%n] = max(widths[i%n], visible(c)+1)
		}
		for _, w := range widths {
			sum += w + 1
		}
		if sum-2 <= width {
			return widths
		}
	}
	return []int{0}
}

// rest tells what is not in the lists above, and where to read on.
func (t *textWriter) rest(r *norm.Result, firstOpen string) {
	var parts []string
	if count(r, norm.NotMeasured) == 0 && r.Word != norm.WordNotApplicable {
		parts = append(parts, "? "+t.say("text.notmeasured.none"))
	}
	if n := count(r, norm.NotApplicable); n > 0 {
		parts = append(parts, "– "+t.say("text.not_applicable", n))
	}
	if firstOpen != "" {
		parts = append(parts, t.say("text.explain.hint", firstOpen))
	}
	if t.nginx {
		parts = append(parts, t.say("text.fix.hint"))
	}
	if len(parts) == 0 {
		return
	}
	t.b.WriteByte('\n')
	for i := range parts { // each keeps together
		parts[i] = strings.ReplaceAll(parts[i], " ", "\u00a0")
	}
	for _, l := range fold(strings.Join(parts, "    "), t.Width-2) {
		t.line("  " + t.paint(l, "2"))
	}
}

// missing tells what of a level was not measured: a line for each reason.
func (t *textWriter) missing(r *norm.Result, level norm.Level) {
	var reasons []string
	names := map[string][]string{}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if v.Outcome != norm.NotMeasured || v.Level != level {
			continue
		}
		why := t.found(r.Edition, v)
		if names[why] == nil {
			reasons = append(reasons, why)
		}
		names[why] = append(names[why], strings.ReplaceAll(t.in(t.requirement(r.Edition, v.ID).Title), " ", "\u00a0"))
	}
	for _, why := range reasons {
		what := strings.Join(names[why], ", ")
		if n := len(names[why]); n > manyNames && t.Detail != Verbose {
			what = i18n.N(t.Lang, "text.points", n)
			if !slices.ContainsFunc(r.Verdicts, func(v norm.Verdict) bool {
				return v.Level == level && v.Outcome != norm.NotMeasured && v.Outcome != norm.NotApplicable
			}) && len(reasons) == 1 {
				what = t.say("text.points.all", n)
			}
		}
		t.entry(norm.NotMeasured, t.say("text.notmeasured"), what+": "+why)
	}
}

func levels(r *norm.Result) []norm.Level {
	var out []norm.Level
	for _, l := range []norm.Level{norm.Must, norm.Required, norm.Should, norm.Recommended, norm.Could, norm.Optional} {
		for i := range r.Verdicts {
			if r.Verdicts[i].Level == l {
				out = append(out, l)
				break
			}
		}
	}
	return out
}

// verdict writes one verdict with all that a person needs to act on it.
func (t *textWriter) verdict(edition string, v *norm.Verdict) {
	q := t.requirement(edition, v.ID)
	found := t.found(edition, v)
	if at := t.where(v); at != "" && !strings.Contains(found, at) {
		found += " (" + at + ")"
	}
	if v.Status != "" {
		found += " " + t.points(v)
	}
	t.entry(v.Outcome, t.in(q.Title), strings.TrimSpace(found))
	if t.Detail == Verbose {
		t.subjects(edition, v, found)
		for _, e := range v.Evidence {
			t.words(t.say("text.evidence"), e)
		}
	}
	weighs := v.Outcome == norm.Failed && (v.Level == norm.Must || v.Level == norm.Required) || t.Detail == Verbose && v.Outcome >= norm.Warning
	if weighs {
		t.words(t.say("text.why"), t.in(q.Why))
	}
	fixes := t.fixes(edition, v)
	if len(fixes) > 1 && t.Detail != Verbose {
		t.nginx = t.nginx || fixes[0].For == "nginx"
		fixes = fixes[:1]
	}
	for _, f := range fixes {
		label := t.say("text.fix")
		if f.For != "" && t.Detail == Verbose {
			label = software(f.For)
		}
		if s := t.in(f.Text); s != "" && (f.Code == "" || t.Detail == Verbose) {
			t.words(label, s)
			label = ""
		}
		for line := range strings.Lines(f.Code) {
			t.field(label, strings.TrimRight(line, "\n"))
			label = ""
		}
	}
	if v.Check != "" && (v.Outcome == norm.Failed || v.Outcome == norm.Warning || t.Detail == Verbose) {
		t.field(t.say("text.check"), v.Check)
	}
	if t.Detail == Verbose && !v.Until.IsZero() {
		t.words(t.say("text.until"), i18n.Moment(t.Lang, v.Until.Local()))
	}
	if s := t.source(q.Source); s != "" && (weighs || t.Detail == Verbose) {
		t.words(t.say("text.source"), s)
	}
}

// points are what a test of internet.nl brings, with the name that it has there.
func (t *texts) points(v *norm.Verdict) string {
	if v.Max == 0 {
		return "[" + v.Word + "]"
	}
	return "[" + v.Word + ", " + t.say("text.points.of", v.Points, v.Max) + "]"
}

// entry writes a sign, a title in its column and words beside it, folded.
func (t *textWriter) entry(o norm.Outcome, title, words string) {
	head := "  " + t.paint(signs[o], colours[o]) + " " + title
	lines := fold(words, t.Width-titleColumn-4)
	if visible(head) > titleColumn+2 && len(lines) > 0 {
		t.line(head)
		head = ""
	}
	if len(lines) == 0 {
		t.line(head)
		return
	}
	for i, l := range lines {
		if i > 0 {
			head = ""
		}
		t.line(pad(head, titleColumn+4) + l)
	}
}

// subjects tells what was seen of each subject; those of which the same was seen share
// a line.
func (t *textWriter) subjects(edition string, v *norm.Verdict, found string) {
	type group struct {
		outcome norm.Outcome
		saw     string
	}
	var order []group
	names := map[group][]string{}
	for _, s := range v.PerSubject {
		g := group{s.Outcome, t.reason(edition, s.Saw)}
		if names[g] == nil {
			order = append(order, g)
		}
		names[g] = append(names[g], s.Subject)
	}
	for _, g := range order {
		words := strings.Join(names[g], ", ")
		if g.saw != found && g.saw != "" {
			words += ": " + g.saw
		}
		t.words(signs[g.outcome], words)
	}
}

// words writes a labelled line below an entry, folded.
func (t *textWriter) words(label, s string) {
	for _, l := range fold(s, t.Width-titleColumn-4-max(labelColumn, visible(label)+1)) {
		t.field(label, l)
		label = ""
	}
}

// field writes a labelled line below an entry. What is to be pasted is not folded.
func (t *textWriter) field(label, s string) {
	t.line(strings.Repeat(" ", titleColumn+4) + t.paint(pad(label, labelColumn), "2") + s)
}

func pad(s string, n int) string {
	if v := visible(s); v < n {
		return s + strings.Repeat(" ", n-v)
	}
	return s + " "
}

// visible is the number of columns that s takes, colour codes left out.
func visible(s string) int {
	n := 0
	for len(s) > 0 {
		if strings.HasPrefix(s, "\x1b[") {
			if i := strings.IndexByte(s, 'm'); i > 0 {
				s = s[i+1:]
				continue
			}
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		n++
	}
	return n
}

// fold breaks words over lines of at most width columns. A word that is longer keeps
// its line to itself; a no-break space keeps words together.
func fold(s string, width int) []string {
	if width < 20 {
		width = 20
	}
	var lines []string
	line, n := "", 0
	for word := range strings.SplitSeq(s, " ") {
		if word == "" {
			if line != "" {
				line, n = line+" ", n+1
			}
			continue
		}
		w := visible(word)
		if line != "" && n+1+w > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line, n = "", 0
		}
		if line != "" {
			line, n = line+" ", n+1
		}
		line, n = line+word, n+w
	}
	if line = strings.TrimRight(line, " "); line != "" {
		lines = append(lines, line)
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "\u00a0", " ")
	}
	return lines
}
