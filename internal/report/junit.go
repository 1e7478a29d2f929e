package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"time"

	"peil/internal/norm"
)

// junitWriter writes JUnit XML: a suite per target and edition, with a test case per
// failed or warned requirement.
type junitWriter struct {
	texts
	w      io.Writer
	headed bool
}

func newJUnit(t texts, w io.Writer) *junitWriter { return &junitWriter{texts: t, w: w} }

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Props    []junitProp `xml:"properties>property"`
	Cases    []junitCase `xml:"testcase"`
}

type junitProp struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Failure junitFailure `xml:"failure"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (j *junitWriter) head() error {
	if j.headed {
		return nil
	}
	j.headed = true
	_, err := io.WriteString(j.w, xml.Header+"<testsuites name=\"Peil\">\n")
	return err
}

// Write writes the suites of one target.
func (j *junitWriter) Write(it Item) error {
	if err := j.head(); err != nil {
		return err
	}
	m := it.Measurement
	for _, r := range it.Results {
		s := junitSuite{
			Name: m.Target.Name + " " + r.Edition, Stamp: m.At.UTC().Format(time.RFC3339),
			Time:  fmt.Sprintf("%.3f", m.Cost.Seconds),
			Props: []junitProp{{"simulated", strconv.FormatBool(m.Simulated)}},
		}
		if m.Simulated { // in sight too: what reads JUnit shows names, seldom properties
			s.Name += " (" + j.say("junit.simulated") + ")"
		}
		for i := range r.Verdicts {
			v := &r.Verdicts[i]
			if v.Outcome != norm.Failed && v.Outcome != norm.Warning {
				continue
			}
			text := j.told(r.Edition, v)
			for _, e := range v.Evidence {
				text += "\n" + j.say("text.evidence") + ": " + e
			}
			if fix := j.fixLine(r.Edition, v); fix != "" {
				text += "\n" + j.say("text.fix") + ": " + fix
			}
			if v.Check != "" {
				text += "\n" + j.say("text.check") + ": " + v.Check
			}
			s.Cases = append(s.Cases, junitCase{
				Class: r.Edition + "." + v.ID, Name: m.Target.Name + ": " + j.in(j.requirement(r.Edition, v.ID).Title),
				Failure: junitFailure{Type: v.Outcome.String(), Message: j.told(r.Edition, v), Text: text},
			})
		}
		s.Tests, s.Failures = len(s.Cases), len(s.Cases)
		b, err := xml.MarshalIndent(s, "", " ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(j.w, "%s\n", b); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the document.
func (j *junitWriter) Close() error {
	if err := j.head(); err != nil {
		return err
	}
	_, err := io.WriteString(j.w, "</testsuites>\n")
	return err
}
