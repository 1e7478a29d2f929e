package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm"
)

// ExplainAll lists every edition with its requirements, one line each.
func ExplainAll(w io.Writer, o Options, editions []*norm.Edition) error {
	for i, e := range editions {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := ExplainEdition(w, o, e, false); err != nil {
			return err
		}
	}
	return nil
}

// ExplainEdition tells what an edition is and lists its requirements by level; in full
// also why each has its level and where it comes from.
func ExplainEdition(w io.Writer, o Options, e *norm.Edition, full bool) error {
	t := newText(o)
	t.line(t.paint(e.Name+" "+e.Version, "1") + "  " + t.in(e.Title))
	if full {
		for _, l := range fold(t.in(e.About), t.Width) {
			t.line(l)
		}
		if s := sourceAt(t, e.Source); s != "" {
			t.line(sentenceCase(t.say("text.source")) + ": " + s)
		}
		if !e.InForce.IsZero() {
			t.line(t.say("explain.in_force", i18n.Date(t.Lang, e.InForce)))
		}
	}
	role := fact.Role("")
	for _, level := range []norm.Level{norm.Must, norm.Required, norm.Should, norm.Recommended, norm.Could, norm.Optional} {
		for i := range e.Requirements {
			q := &e.Requirements[i]
			if q.Level != level {
				continue
			}
			if role != q.Role {
				role = q.Role
			}
			head := "  " + pad(t.say("level."+string(level)), 12) + pad(q.ID, 36)
			if !full {
				t.line(head + t.in(q.Title))
				continue
			}
			t.line(head + t.in(q.Title) + ownerMark(t, q))
			if s := sourceAt(t, q.Source); s != "" {
				t.line(strings.Repeat(" ", 14) + t.paint(t.say("text.source")+": "+s, "2"))
			}
			for _, l := range fold(t.in(q.LevelReason), t.Width-14) {
				t.line(strings.Repeat(" ", 14) + t.paint(l, "2"))
			}
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

func ownerMark(t *textWriter, q *norm.Requirement) string {
	if q.Tier == norm.Owner {
		return "  (" + t.say("explain.owner") + ")"
	}
	return ""
}

// ExplainRequirement tells one requirement in full.
func ExplainRequirement(w io.Writer, o Options, e *norm.Edition, q *norm.Requirement) error {
	t := newText(o)
	t.line(t.paint(q.ID, "1") + "  " + t.in(q.Title))
	t.line(e.Name + " " + e.Version + " · " + t.say("level."+string(q.Level)) + ownerMark(t, q))
	para := func(label string, x norm.Text) {
		s := t.in(x)
		if s == "" {
			return
		}
		t.b.WriteByte('\n')
		if label != "" {
			t.line(t.paint(sentenceCase(label), "1"))
		}
		for _, l := range fold(s, min(t.Width, 78)) {
			t.line(l)
		}
	}
	para("", q.Explain)
	para(t.say("text.why"), q.Why)
	para(t.say("explain.level"), q.LevelReason)
	if len(q.Fixes) > 0 {
		t.b.WriteByte('\n')
		t.line(t.paint(sentenceCase(t.say("text.fix")), "1"))
		for _, f := range q.Fixes {
			if s := t.in(f.Text); s != "" || f.For != "" {
				for i, l := range fold(strings.TrimSpace(pad(software(f.For), 8)+s), min(t.Width, 78)-2) {
					if i > 0 && f.For != "" {
						l = strings.Repeat(" ", 8) + l
					}
					t.line("  " + l)
				}
			}
			for line := range strings.Lines(f.Code) {
				t.line("          " + strings.TrimRight(line, "\n"))
			}
		}
	}
	if s := sourceAt(t, q.Source); s != "" {
		t.b.WriteByte('\n')
		t.line(sentenceCase(t.say("text.source")) + ": " + s)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// ExplainJSON writes editions with all their requirements and texts as JSON.
func ExplainJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// sourceAt is a source with its address.
func sourceAt(t *textWriter, s norm.Source) string {
	return strings.TrimSpace(t.source(s) + " " + s.URL)
}

func newText(o Options) *textWriter {
	if o.Lang == "" {
		o.Lang = i18n.EN
	}
	if o.Width <= 0 {
		o.Width = 80
	}
	return &textWriter{texts: texts{Options: o}}
}
