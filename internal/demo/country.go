package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/lab"
	"peil/internal/norm"
	"peil/internal/report"
	"peil/internal/survey"
)

// Country is a run over a simulated country.
type Country struct {
	Seed    uint64
	Sites   int
	Out     string // directory for report.html and results.jsonl
	Version string
	Lang    i18n.Lang
	// Progress, if set, is told how the run goes.
	Progress *survey.Progress
}

// Tally is what was found of one municipality's sites, or of all.
type Tally struct {
	Name  string
	Sites int
	// Words counts the headline of peil.
	Words map[norm.Word]int
	// Met and Judged count, per named result, the sites that meet it and those of which
	// it could be said.
	Met, Judged map[string]int
}

// The figures of the table beside the headline: results of forum, and wdo as a whole.
const (
	webComplete    = "web_complete"
	webCompleteAll = "web_complete_with_ipv6_rpki"
	wdoMet         = "wdo"
)

func newTally(name string) *Tally {
	return &Tally{Name: name, Words: map[norm.Word]int{}, Met: map[string]int{}, Judged: map[string]int{}}
}

func (t *Tally) add(it report.Item) {
	t.Sites++
	count := func(name string, o norm.Outcome) {
		switch o {
		case norm.Passed, norm.Info, norm.Warning:
			t.Met[name]++
			t.Judged[name]++
		case norm.Failed:
			t.Judged[name]++
		}
	}
	for _, r := range it.Results {
		switch r.Edition {
		case "peil":
			t.Words[r.Word]++
		case "forum":
			count(webComplete, r.Derived[webComplete])
			count(webCompleteAll, r.Derived[webCompleteAll])
		case "wdo":
			count(wdoMet, whole(r))
		}
	}
}

// whole is the outcome of an edition of which every requirement counts alike: failed
// when one failed, else not measured when one was not, else passed.
func whole(r *norm.Result) norm.Outcome {
	out := norm.NotApplicable
	for i := range r.Verdicts {
		switch o := r.Verdicts[i].Outcome; {
		case o == norm.Failed:
			return norm.Failed
		case o == norm.NotMeasured:
			out = norm.NotMeasured
		case o != norm.NotApplicable && out == norm.NotApplicable:
			out = norm.Passed
		}
	}
	return out
}

// Result is what a run over the country came to.
type Result struct {
	Planned int // websites that were to be measured; fewer were when the run was stopped
	Total   *Tally
	Tallies []*Tally // by name
	Report  string   // path of the HTML report
	Data    string   // path of the JSON Lines
	Summary survey.Summary
}

// Run generates the country, plays it, measures all of it and writes the report.
func (c Country) Run(ctx context.Context) (_ *Result, err error) {
	country, err := lab.Generate(c.Seed, c.Sites)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return nil, fmt.Errorf("a directory for the results: %w", err)
	}
	r, err := lab.Start(ctx, lab.Options{Sites: []*lab.Site{}, Country: country})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	editions := norm.Editions()
	m, err := Meter(ctx, r, editions, c.Version, Pace{Limits: Generous()})
	if err != nil {
		return nil, err
	}
	defer m.Close()

	out := &Result{Planned: len(country.Sites), Total: newTally(i18n.T(c.Lang, "country.total")), Report: filepath.Join(c.Out, "report.html"), Data: filepath.Join(c.Out, "results.jsonl")}
	o := report.Options{Lang: c.Lang, Editions: editions, Meter: c.Version}
	files, err := open(o, out.Report, out.Data)
	if err != nil {
		return nil, err
	}
	byOwner := make([]*Tally, len(country.Municipalities))
	owner := make(map[string]int32, len(country.Sites))
	targets := make(chan fact.Target, len(country.Sites))
	for i := range country.Sites {
		s := &country.Sites[i]
		owner[s.Name] = s.Owner
		targets <- fact.Target{Name: s.Name, Role: fact.Web}
	}
	close(targets)
	s := survey.Survey{Editions: editions, Out: files, Each: func(it report.Item) {
		i := owner[it.Measurement.Target.Name]
		if byOwner[i] == nil {
			byOwner[i] = newTally(country.Municipalities[i].Name)
		}
		byOwner[i].add(it)
		out.Total.add(it)
		if c.Progress != nil {
			c.Progress.Done()
		}
	}}
	if c.Progress != nil {
		c.Progress.Total, c.Progress.Waiting = len(country.Sites), m.Waiting
		c.Progress.Start(0)
	}
	err = s.Run(ctx, m, targets, "", false)
	for _, t := range byOwner {
		if t != nil {
			out.Tallies = append(out.Tallies, t)
		}
	}
	slices.SortFunc(out.Tallies, func(a, b *Tally) int { return cmp.Compare(sortKey(a.Name), sortKey(b.Name)) })
	out.Summary = s.Summary()
	report.Preamble(files.html, out.fragment(c.Lang))
	return out, errors.Join(err, files.Close())
}

// sortKey sorts names as a Dutch reader looks them up: 's-Hertogenbosch under H.
func sortKey(name string) string {
	s := strings.ToLower(name)
	s = strings.TrimPrefix(s, "'s-")
	s = strings.TrimPrefix(s, "'t ")
	return strings.NewReplacer("â", "a", "û", "u", "ú", "u", "é", "e", "ë", "e").Replace(s)
}

// bothFiles writes each item to the page and to the lines. They take their names when
// they are whole, so that a run that is killed leaves those of an earlier one as they were.
type bothFiles struct {
	html, lines report.Writer
	files       []*os.File
	names       []string
}

// unfinished is what the names of files end in while they are written.
const unfinished = ".part"

func open(o report.Options, page, lines string) (*bothFiles, error) {
	b := &bothFiles{}
	for _, path := range []string{page, lines} {
		f, err := os.Create(path + unfinished)
		if err != nil {
			return nil, fmt.Errorf("writing the results: %w", err)
		}
		b.files, b.names = append(b.files, f), append(b.names, path)
	}
	var err error
	if b.html, err = report.New("html", b.files[0], o); err != nil {
		return nil, err
	}
	b.lines, err = report.New("jsonl", b.files[1], o)
	return b, err
}

func (b *bothFiles) Write(it report.Item) error {
	return errors.Join(b.html.Write(it), b.lines.Write(it))
}

func (b *bothFiles) Close() error {
	err := errors.Join(b.html.Close(), b.lines.Close())
	for i, f := range b.files {
		err = errors.Join(err, f.Close(), os.Rename(f.Name(), b.names[i]))
	}
	return err
}

// row is one line of the table: counts with their denominators.
func (t *Tally) row(l i18n.Lang) []string {
	of := func(n, of int) string {
		if of == 0 {
			return "–"
		}
		return fmt.Sprintf("%s/%s", i18n.Int(l, n), i18n.Int(l, of))
	}
	up, below := t.Words[norm.UpToStandard], t.Words[norm.BelowStandard]
	return []string{
		t.Name, i18n.Int(l, t.Sites), of(up, up+below), of(t.Met[webComplete], t.Judged[webComplete]),
		of(t.Met[webCompleteAll], t.Judged[webCompleteAll]), of(t.Met[wdoMet], t.Judged[wdoMet]), i18n.Int(l, t.Words[norm.CannotSay]),
	}
}

func heads(l i18n.Lang) []string {
	var out []string
	for _, id := range []string{"country.municipality", "country.sites", "country.op_peil", "country.web_complete", "country.web_complete_all", "country.wdo", "country.cannot_say"} {
		out = append(out, i18n.T(l, id))
	}
	return out
}

// shares are the total's figures as percentages.
func (t *Tally) shares(l i18n.Lang) []string {
	up, below := t.Words[norm.UpToStandard], t.Words[norm.BelowStandard]
	return []string{
		"", "", i18n.Share(l, up, up+below), i18n.Share(l, t.Met[webComplete], t.Judged[webComplete]),
		i18n.Share(l, t.Met[webCompleteAll], t.Judged[webCompleteAll]), i18n.Share(l, t.Met[wdoMet], t.Judged[wdoMet]), "",
	}
}

// note says that all of it is simulated, and when it is so, that it is not the whole.
func (r *Result) note(l i18n.Lang) string {
	note := i18n.T(l, "country.note")
	if r.Total.Sites < r.Planned {
		note += " " + i18n.T(l, "country.stopped", i18n.Int(l, r.Total.Sites), i18n.Int(l, r.Planned))
	}
	return note
}

// Table writes the table per municipality as text.
func (r *Result) Table(w io.Writer, l i18n.Lang) error {
	rows := [][]string{heads(l)}
	for _, t := range r.Tallies {
		rows = append(rows, t.row(l))
	}
	rows = append(rows, r.Total.row(l), r.Total.shares(l))
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s. %s\n\n", i18n.T(l, "country.title"), r.note(l))
	for n, row := range rows {
		if n == 1 || n == len(rows)-2 {
			for i, width := range widths {
				if i > 0 {
					b.WriteString("  ")
				}
				b.WriteString(strings.Repeat("─", width))
			}
			b.WriteByte('\n')
		}
		line := ""
		for i, c := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i == 0 {
				line += c + space
			} else {
				line += "  " + space + c
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	fmt.Fprintf(&b, "\n%s\n", i18n.T(l, "country.files", r.Report, r.Data))
	_, err := io.WriteString(w, b.String())
	return err
}

var fragment = template.Must(template.New("country").Parse(`<h2 id="country">{{.Title}}</h2><p>{{.Note}}</p>
<section class="scroll tall" tabindex="0" aria-labelledby="country"><table><thead><tr>{{range $i, $h := .Heads}}<th scope="col"{{if $i}} class="n"{{end}}>{{$h}}</th>{{end}}</tr></thead>
<tbody>{{range .Rows}}<tr>{{range $i, $c := .}}{{if $i}}<td class="n">{{$c}}</td>{{else}}<th scope="row">{{$c}}</th>{{end}}{{end}}</tr>
{{end}}</tbody></table></section>
`))

// fragment is the same table as HTML, the whole country first.
func (r *Result) fragment(l i18n.Lang) template.HTML {
	rows := [][]string{r.Total.row(l), r.Total.shares(l)}
	rows[1][0] = i18n.T(l, "country.share")
	for _, t := range r.Tallies {
		rows = append(rows, t.row(l))
	}
	var b strings.Builder
	err := fragment.Execute(&b, map[string]any{"Title": i18n.T(l, "country.title"), "Note": r.note(l), "Heads": heads(l), "Rows": rows})
	if err != nil {
		return template.HTML(template.HTMLEscapeString(err.Error())) // escaped
	}
	return template.HTML(b.String()) // made by html/template
}
