package report

import (
	"cmp"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"peil/internal/norm"
)

// csvWriter writes a row per target and a column per requirement (RFC 4180, UTF-8
// without a byte order mark). Columns are named EDITION:REQUIREMENT.
type csvWriter struct {
	texts
	w      *csv.Writer
	headed bool
	cols   []csvColumn
}

type csvColumn struct{ edition, id string }

func newCSV(t texts, w io.Writer) *csvWriter {
	c := &csvWriter{texts: t, w: csv.NewWriter(w)}
	c.w.UseCRLF = true // RFC 4180 section 2
	for _, e := range t.Editions {
		for i := range e.Requirements {
			c.cols = append(c.cols, csvColumn{e.Name, e.Requirements[i].ID})
		}
	}
	return c
}

func (c *csvWriter) head() error {
	if c.headed {
		return nil
	}
	c.headed = true
	row := []string{"name", "unicode", "role", "at", "simulated", "word", "complete"}
	for _, e := range c.Editions {
		row = append(row, e.Name+":score")
	}
	for _, x := range c.cols {
		row = append(row, x.edition+":"+x.id)
	}
	return c.w.Write(row)
}

// inert keeps a spreadsheet from taking words of others for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Write writes one row.
func (c *csvWriter) Write(it Item) error {
	if err := c.head(); err != nil {
		return err
	}
	m := it.Measurement
	word, complete := norm.Word(""), true
	if h := it.Headline(); h != nil {
		word = h.Word
	}
	by := map[string]*norm.Result{}
	for _, r := range it.Results {
		by[r.Edition] = r
		complete = complete && r.Complete
	}
	row := []string{
		inert(m.Target.Name), inert(cmp.Or(m.Target.Unicode, m.Target.Name)), string(m.Target.Role), m.At.UTC().Format(time.RFC3339),
		strconv.FormatBool(m.Simulated), string(word), strconv.FormatBool(complete),
	}
	for _, e := range c.Editions {
		s := ""
		if r := by[e.Name]; r != nil && r.Score != nil {
			s = strconv.Itoa(*r.Score)
		}
		row = append(row, s)
	}
	for _, x := range c.cols {
		s := ""
		if r := by[x.edition]; r != nil {
			if v := r.Verdict(x.id); v != nil {
				s = v.Outcome.String()
			}
		}
		row = append(row, s)
	}
	if err := c.w.Write(row); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// Close writes the head when there were no rows.
func (c *csvWriter) Close() error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}
