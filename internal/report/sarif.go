package report

import (
	"encoding/json"
	"fmt"
	"io"

	"peil/internal/norm"
)

// sarifWriter writes SARIF 2.1.0 (OASIS): one result per failed or warned requirement.
// Results are written as they come; the rules, which are known beforehand, stand first.
type sarifWriter struct {
	texts
	w      io.Writer
	headed bool
	n      int
}

func newSARIF(t texts, w io.Writer) *sarifWriter { return &sarifWriter{texts: t, w: w} }

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
	Full  sarifText `json:"fullDescription"`
	Help  sarifText `json:"help"`
	URI   string    `json:"helpUri,omitempty"`
}

type sarifResult struct {
	RuleID     string            `json:"ruleId"`
	Level      string            `json:"level"`
	Message    sarifText         `json:"message"`
	Locations  []sarifLocation   `json:"locations"`
	Prints     map[string]string `json:"partialFingerprints"`
	Properties map[string]any    `json:"properties"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
	} `json:"physicalLocation"`
	Logical []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

func (s *sarifWriter) head() error {
	if s.headed {
		return nil
	}
	s.headed = true
	rules := []sarifRule{}
	for _, e := range s.Editions {
		for i := range e.Requirements {
			q := &e.Requirements[i]
			rules = append(rules, sarifRule{
				ID: e.Name + "/" + q.ID, Short: sarifText{s.in(q.Title)}, Full: sarifText{s.in(q.Explain)},
				Help: sarifText{s.in(q.Why)}, URI: q.Source.URL,
			})
		}
	}
	b, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.w, `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"Peil","version":%q,"rules":%s}},"results":[`, s.Meter, b)
	return err
}

// Write writes the results of one target.
func (s *sarifWriter) Write(it Item) error {
	if err := s.head(); err != nil {
		return err
	}
	name := it.Measurement.Target.Name
	for _, r := range it.Results {
		for i := range r.Verdicts {
			v := &r.Verdicts[i]
			if v.Outcome != norm.Failed && v.Outcome != norm.Warning {
				continue
			}
			level := "warning"
			switch {
			case v.Level == norm.Could || v.Level == norm.Optional:
				level = "note" // ahead of the norm: nothing to be blocked by
			case v.Outcome == norm.Failed && (v.Level == norm.Must || v.Level == norm.Required):
				level = "error"
			}
			q := s.requirement(r.Edition, v.ID)
			msg := fmt.Sprintf("%s: %s: %s", name, s.in(q.Title), s.told(r.Edition, v))
			if fix := s.fixLine(r.Edition, v); fix != "" {
				msg += "\n\n" + s.say("text.fix") + ":\n" + fix
			}
			if v.Check != "" {
				msg += "\n\n" + s.say("text.check") + ":\n" + v.Check
			}
			x := sarifResult{
				RuleID: r.Edition + "/" + v.ID, Level: level, Message: sarifText{msg},
				Prints:     map[string]string{"peil/v1": name + " " + r.Edition + "/" + v.ID},
				Properties: map[string]any{"level": v.Level, "outcome": v.Outcome, "evidence": append([]string{}, v.Evidence...), "simulated": it.Measurement.Simulated},
			}
			var loc sarifLocation
			loc.Physical.Artifact.URI = "https://" + name + "/"
			for _, p := range v.PerSubject {
				if p.Outcome == v.Outcome {
					loc.Logical = append(loc.Logical, sarifLogical{p.Subject, "resource"})
				}
			}
			x.Locations = []sarifLocation{loc}
			b, err := json.Marshal(x)
			if err != nil {
				return err
			}
			sep := ",\n"
			if s.n == 0 {
				sep = "\n"
			}
			s.n++
			if _, err := fmt.Fprintf(s.w, "%s%s", sep, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close ends the document.
func (s *sarifWriter) Close() error {
	if err := s.head(); err != nil {
		return err
	}
	_, err := io.WriteString(s.w, "\n]}]}\n")
	return err
}
