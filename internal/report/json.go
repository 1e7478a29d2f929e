package report

import (
	"bytes"
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

// target is the published form of one result; result.schema.json describes it.
type target struct {
	Target    fact.Target            `json:"target"`
	At        time.Time              `json:"at"`
	Vantage   string                 `json:"vantage"`
	Meter     string                 `json:"meter"`
	Simulated bool                   `json:"simulated"`
	Cost      fact.Cost              `json:"cost"`
	Complete  bool                   `json:"complete"`
	Word      norm.Word              `json:"word,omitempty"`
	Editions  ordered[editionResult] `json:"editions"`
}

type editionResult struct {
	Version      string                      `json:"version"`
	Score        *int                        `json:"score"`
	Complete     bool                        `json:"complete"`
	Word         norm.Word                   `json:"word,omitempty"`
	Categories   []norm.Category             `json:"categories,omitempty"`
	Derived      map[string]norm.Outcome     `json:"derived,omitempty"`
	Requirements ordered[requirementVerdict] `json:"requirements"`
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
	Code string `json:"code"`
	Text string `json:"text"`
}

type subjectVerdict struct {
	Subject string       `json:"subject"`
	Outcome norm.Outcome `json:"outcome"`
	Code    string       `json:"code,omitempty"`
	Saw     string       `json:"saw"`
}

// ordered is a JSON object whose keys keep their order.
type ordered[V any] []entry[V]

type entry[V any] struct {
	key   string
	value V
}

// MarshalJSON writes the object.
func (o ordered[V]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // commands keep their < and > readable
	b.WriteByte('{')
	for i := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(o[i].key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(o[i].value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (t *texts) target(it Item) target {
	m := it.Measurement
	out := target{
		Target: m.Target, At: m.At, Vantage: m.Vantage, Meter: m.Meter, Simulated: m.Simulated, Cost: m.Cost, Complete: true,
	}
	if h := it.Headline(); h != nil {
		out.Word = h.Word
	}
	for _, r := range it.Results {
		e := editionResult{Version: r.Version, Score: r.Score, Complete: r.Complete, Word: r.Word, Categories: r.Categories, Derived: r.Derived}
		out.Complete = out.Complete && r.Complete
		for i := range r.Verdicts {
			v := &r.Verdicts[i]
			q := t.requirement(r.Edition, v.ID)
			x := requirementVerdict{
				Outcome: v.Outcome, Level: v.Level, Publication: q.Tier, Gap: v.Gap, Check: v.Check,
				Evidence: v.Evidence, Status: v.Status, Verdict: v.Word, Fix: t.fixLine(r.Edition, v),
				Reasons: []reasonText{}, PerSubject: []subjectVerdict{},
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
				x.Reasons = append(x.Reasons, reasonText{c.Code, t.reason(r.Edition, c)})
			}
			for _, s := range v.PerSubject {
				x.PerSubject = append(x.PerSubject, subjectVerdict{s.Subject, s.Outcome, s.Saw.Code, t.reason(r.Edition, s.Saw)})
			}
			e.Requirements = append(e.Requirements, entry[requirementVerdict]{v.ID, x})
		}
		out.Editions = append(out.Editions, entry[editionResult]{r.Edition, e})
	}
	return out
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
	enc := json.NewEncoder(&j.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(j.target(it)); err != nil {
		return fmt.Errorf("writing %s as JSON: %w", it.Measurement.Target.Name, err)
	}
	b := j.buf.Bytes()
	if !j.lines {
		b = bytes.TrimSuffix(b, []byte("\n"))
	}
	_, err := j.w.Write(b)
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
