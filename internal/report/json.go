package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"peil/internal/fact"
	"peil/internal/norm"
)

// jsonWriter writes one object with an array of targets, or a target a line.
type jsonWriter struct {
	texts
	w     io.Writer
	lines bool
	n     int
	buf   bytes.Buffer
}

// The published form of one result; result.schema.json describes it. The objects
// whose keys keep their order (editions, requirements) stand last in theirs and are
// written piece by piece: encoding/json would copy and check them once per level.

// targetName is a target as results show it: with its name as people write it, also where
// that is the same.
type targetName struct {
	Name    string    `json:"name"`
	Unicode string    `json:"unicode"`
	Role    fact.Role `json:"role"`
}

type targetHead struct {
	Target    targetName   `json:"target"`
	At        time.Time    `json:"at"`
	Vantage   string       `json:"vantage"`
	Meter     string       `json:"meter"`
	Simulated bool         `json:"simulated"`
	Sources   fact.Sources `json:"sources"`
	Cost      fact.Cost    `json:"cost"`
	Complete  bool         `json:"complete"`
	Word      norm.Word    `json:"word,omitempty"`
}

type editionHead struct {
	Version    string                  `json:"version"`
	Score      *int                    `json:"score"`
	Points     *float64                `json:"points,omitempty"`
	Max        *int                    `json:"max,omitempty"`
	Complete   bool                    `json:"complete"`
	Word       norm.Word               `json:"word,omitempty"`
	Categories []norm.Category         `json:"categories,omitempty"`
	Derived    map[string]norm.Outcome `json:"derived,omitempty"`
}

type requirementVerdict struct {
	Outcome     norm.Outcome     `json:"outcome"`
	Level       norm.Level       `json:"level"`
	Publication norm.Tier        `json:"publication"`
	Gap         fact.Gap         `json:"gap,omitempty"`
	Reasons     []reasonText     `json:"reasons"`
	PerSubject  []subjectVerdict `json:"per_subject"`
	Evidence    []string         `json:"evidence"`
	Until       *time.Time       `json:"until"`
	Check       string           `json:"check"`
	Fix         string           `json:"fix,omitempty"`
	Status      string           `json:"status,omitempty"`
	Verdict     string           `json:"verdict,omitempty"`
	Points      *int             `json:"points,omitempty"`
	Max         *int             `json:"max,omitempty"`
}

type reasonText struct {
	Code string   `json:"code"`
	Text string   `json:"text"`
	Args []string `json:"args,omitempty"` // as the rule gave them: codes and words of the wire
}

type subjectVerdict struct {
	Subject string       `json:"subject"`
	Outcome norm.Outcome `json:"outcome"`
	Code    string       `json:"code,omitempty"`
	Saw     string       `json:"saw"`
}

// pieces writes JSON values one after the other into a buffer.
type pieces struct {
	buf *bytes.Buffer
	enc *json.Encoder
	err error
}

func newPieces(b *bytes.Buffer) *pieces {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false) // commands keep their < and > readable
	return &pieces{buf: b, enc: enc}
}

// value writes a value.
func (p *pieces) value(v any) {
	if p.err == nil {
		p.err = p.enc.Encode(v)
		p.cut("\n")
	}
}

// open writes an object that is left open, for the members that follow.
func (p *pieces) open(v any) {
	p.value(v)
	p.cut("}")
}

// member begins a member whose key is a plain word: a literal, or an identifier of norm.
func (p *pieces) member(first bool, key string) {
	if !first {
		p.buf.WriteByte(',')
	}
	p.buf.WriteString(`"` + key + `":`)
}

func (p *pieces) cut(end string) {
	if p.err == nil {
		p.buf.Truncate(p.buf.Len() - len(end))
	}
}

func (t *texts) target(p *pieces, it Item) {
	m := it.Measurement
	head := targetHead{
		Target: targetName{m.Target.Name, cmp.Or(m.Target.Unicode, m.Target.Name), m.Target.Role}, At: m.At, Vantage: m.Vantage, Meter: m.Meter, Simulated: m.Simulated, Sources: m.Sources, Cost: m.Cost, Complete: true,
	}
	if h := it.Headline(); h != nil {
		head.Word = h.Word
	}
	for _, r := range it.Results {
		head.Complete = head.Complete && r.Complete
	}
	p.open(head)
	p.member(false, "editions")
	p.buf.WriteByte('{')
	for i, r := range it.Results {
		p.member(i == 0, r.Edition)
		edition := editionHead{Version: r.Version, Score: r.Score, Complete: r.Complete, Word: r.Word, Categories: r.Categories, Derived: r.Derived}
		if r.Max > 0 {
			edition.Points, edition.Max = &r.Points, &r.Max
		}
		p.open(edition)
		p.member(false, "requirements")
		p.buf.WriteByte('{')
		for i := range r.Verdicts {
			p.member(i == 0, r.Verdicts[i].ID)
			p.value(t.verdict(r.Edition, &r.Verdicts[i]))
		}
		p.buf.WriteString("}}")
	}
	p.buf.WriteString("}}")
}

// verdict is one requirement's part of the result.
func (t *texts) verdict(edition string, v *norm.Verdict) *requirementVerdict {
	x := &requirementVerdict{
		Outcome: v.Outcome, Level: v.Level, Publication: t.requirement(edition, v.ID).Tier, Gap: v.Gap, Check: v.Check,
		Evidence: v.Evidence, Status: v.Status, Verdict: v.Word, Fix: t.fixLine(edition, v),
		Reasons: make([]reasonText, 0, len(v.Reasons)), PerSubject: make([]subjectVerdict, 0, len(v.PerSubject)),
	}
	if x.Evidence == nil {
		x.Evidence = []string{}
	}
	if !v.Until.IsZero() {
		x.Until = &v.Until
	}
	if v.Status != "" {
		x.Points, x.Max = &v.Points, &v.Max
	}
	for _, c := range v.Reasons {
		x.Reasons = append(x.Reasons, reasonText{c.Code, t.reason(edition, c), c.Args})
	}
	for _, s := range v.PerSubject {
		x.PerSubject = append(x.PerSubject, subjectVerdict{s.Subject, s.Outcome, s.Saw.Code, t.reason(edition, s.Saw)})
	}
	return x
}

// Write writes one target.
func (j *jsonWriter) Write(it Item) error {
	j.buf.Reset()
	switch {
	case j.lines:
	case j.n == 0:
		fmt.Fprintf(&j.buf, "{\"meter\":%q,\"targets\":[\n", j.Meter)
	default:
		j.buf.WriteString(",\n")
	}
	j.n++
	p := newPieces(&j.buf)
	if j.target(p, it); p.err != nil {
		return fmt.Errorf("writing %s as JSON: %w", it.Measurement.Target.Name, p.err)
	}
	if j.lines {
		j.buf.WriteByte('\n')
	}
	_, err := j.w.Write(j.buf.Bytes())
	return err
}

// Close ends the array.
func (j *jsonWriter) Close() error {
	if j.lines {
		return nil
	}
	end := "\n]}\n"
	if j.n == 0 {
		end = fmt.Sprintf("{\"meter\":%q,\"targets\":[]}\n", j.Meter)
	}
	_, err := io.WriteString(j.w, end)
	return err
}
