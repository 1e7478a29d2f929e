package demo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/norm"
	"peil/internal/report"
	"peil/internal/survey"
)

// Difference is a verdict that is not what the lab expects.
type Difference struct {
	Site, Edition, Requirement string
	Want, Got                  string
	Found                      string // what led to the verdict: reasons, per subject
	sum                        bool   // of a figure that follows from verdicts: a score, a word, a named result
}

// String is the difference in one line.
func (d Difference) String() string {
	s := fmt.Sprintf("%s: %s %s: want %s, got %s", d.Site, d.Edition, d.Requirement, d.Want, d.Got)
	if d.Found != "" {
		s += " (" + d.Found + ")"
	}
	return s
}

// checkPace is for sites in this same process: so few at a time that a busy machine does
// not look like a slow site.
var checkPace = Pace{
	Limits:  egress.Limits{TCPBurst: 200, TCPRate: 1000, NetFactor: 64, UDPBurst: 2000, UDPRate: 50000},
	Timeout: 5 * time.Second, Parallel: 48,
}

// maxRepeats is how often a site is measured again that could not be seen in full.
const maxRepeats = 2

// Check measures the sites of a lab and returns where the verdicts differ from what the
// lab expects. each, if set, is called for every site with its differences, once that is
// settled. A site of which something came out not measured is measured again, less at a
// time: a busy machine is no fault of the meter. A wrong verdict stands at once.
func Check(ctx context.Context, sites []*lab.Site, version string, each func(*lab.Site, *fact.Measurement, []Difference)) ([]Difference, error) {
	r, err := lab.Start(ctx, lab.Options{Sites: sites})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c := &check{version: version, lab: r, each: each}
	// Hostile sites first: they take their time, and the others go by beside them.
	order := slices.Clone(r.Sites)
	slices.SortStableFunc(order, func(a, b *lab.Site) int {
		return cmp.Compare(strconv.FormatBool(b.Group == "hostile"), strconv.FormatBool(a.Group == "hostile"))
	})
	order = slices.DeleteFunc(order, func(s *lab.Site) bool { return len(s.Expect) == 0 })
	for pace := checkPace; len(order) > 0; pace.Parallel = max(1, pace.Parallel/8) {
		if order, err = c.round(ctx, order, pace); err != nil {
			return c.all, err
		}
		c.repeats++
	}
	for _, h := range r.Hits() {
		c.all = append(c.all, Difference{Site: "all", Want: "nothing at " + h.Where, Got: fmt.Sprintf("%d times %s", h.Times, h.Protocol)})
	}
	commands := r.MailCommands()
	for _, verb := range neverSent {
		if n := commands[verb]; n > 0 {
			c.all = append(c.all, Difference{Site: "all", Want: "no " + verb + " to a mail server", Got: fmt.Sprintf("%d times", n)})
		}
	}
	return c.all, nil
}

// neverSent are the commands of SMTP that no measurement may send: they begin a message,
// or ask after people.
var neverSent = []string{"MAIL", "RCPT", "DATA", "BDAT", "VRFY", "EXPN", "AUTH", "ETRN", "RSET"}

// check is a run of Check.
type check struct {
	version string
	lab     *lab.Running
	each    func(*lab.Site, *fact.Measurement, []Difference)
	repeats int
	all     []Difference
}

// round measures sites and returns those that are to be measured again.
func (c *check) round(ctx context.Context, sites []*lab.Site, pace Pace) (again []*lab.Site, err error) {
	editions := norm.Editions()
	m, err := Meter(ctx, c.lab, editions, c.version, pace)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	byName := map[string]*lab.Site{}
	targets := make(chan fact.Target, len(sites))
	for _, s := range sites {
		byName[s.Name] = s
		targets <- fact.Target{Name: s.Name, Role: s.Role()}
	}
	close(targets)
	s := survey.Survey{Editions: editions, Each: func(it report.Item) {
		site := byName[it.Measurement.Target.Name]
		delete(byName, site.Name)
		d := Compare(site, it.Results)
		if c.repeats < maxRepeats && unseen(d) {
			again = append(again, site)
			return
		}
		c.all = append(c.all, d...)
		if c.each != nil {
			c.each(site, it.Measurement, d)
		}
	}}
	if err := s.Run(ctx, m, targets, "", false); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		c.all = append(c.all, Difference{Site: name, Want: "a measurement", Got: "none"})
	}
	return again, nil
}

// unseen reports whether differences come of what was not measured and of nothing else;
// scores and other sums follow from that.
func unseen(ds []Difference) bool {
	for _, d := range ds {
		if !d.sum && !strings.HasPrefix(d.Got, norm.NotMeasured.String()) {
			return false
		}
	}
	return slices.ContainsFunc(ds, func(d Difference) bool { return !d.sum })
}

// Compare holds the results of one site against what is expected of it.
func Compare(site *lab.Site, results []*norm.Result) []Difference {
	var out []Difference
	by := map[string]*norm.Result{}
	for _, r := range results {
		by[r.Edition] = r
	}
	for _, edition := range slices.Sorted(maps.Keys(site.Expect)) {
		want := site.Expect[edition]
		add := func(requirement, want, got, found string) {
			out = append(out, Difference{Site: site.Name, Edition: edition, Requirement: requirement, Want: want, Got: got, Found: found})
		}
		sum := func(name, want, got string) {
			out = append(out, Difference{Site: site.Name, Edition: edition, Requirement: name, Want: want, Got: got, sum: true})
		}
		r := by[edition]
		if r == nil {
			add("", "a result", "none", "")
			continue
		}
		if want.Score != nil && (r.Score == nil || *r.Score != *want.Score) {
			got := "none"
			if r.Score != nil {
				got = strconv.Itoa(*r.Score)
			}
			sum("score", strconv.Itoa(*want.Score), got)
		}
		if want.Word != "" && string(r.Word) != want.Word {
			sum("word", want.Word, string(r.Word))
		}
		for _, name := range slices.Sorted(maps.Keys(want.Derived)) {
			if got := r.Derived[name].String(); got != want.Derived[name] {
				sum(name, want.Derived[name], got)
			}
		}
		judged := map[string]bool{}
		for i := range r.Verdicts {
			v := &r.Verdicts[i]
			judged[v.ID] = true
			x, ok := want.Requirements[v.ID]
			if !ok {
				if !slices.Contains(want.Any, v.ID) {
					add(v.ID, "nothing: the lab has no expectation", v.Outcome.String(), words(v))
				}
				continue
			}
			points := ""
			if x.Points != "" {
				points = fmt.Sprintf("%d/%d", v.Points, v.Max)
			}
			if !x.Matches(v.Outcome.String()) || (x.Status != "" && (x.Status != v.Status || x.Word != v.Word || x.Points != points)) {
				add(v.ID, strings.TrimSpace(x.Outcome+" "+x.Word+" "+x.Points), strings.TrimSpace(v.Outcome.String()+" "+v.Word+" "+points), words(v))
			}
		}
		for _, id := range slices.Sorted(maps.Keys(want.Requirements)) {
			if !judged[id] {
				add(id, want.Requirements[id].Outcome, "no verdict", "")
			}
		}
	}
	return out
}

// words are the codes and arguments behind a verdict.
func words(v *norm.Verdict) string {
	var out []string
	add := func(r norm.Reason) {
		if s := strings.TrimSpace(r.Code + " " + strings.Join(r.Args, " ")); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, r := range v.Reasons {
		add(r)
	}
	for _, s := range v.PerSubject {
		if s.Outcome == v.Outcome {
			add(norm.Reason{Code: s.Subject + " " + s.Saw.Code, Args: s.Saw.Args})
		}
	}
	if v.Gap != "" {
		out = append(out, "gap "+string(v.Gap))
	}
	return strings.Join(out, "; ")
}
