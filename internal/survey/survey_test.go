package survey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/report"
)

// edition judges one thing: whether the target has a web part.
func edition() *norm.Edition {
	return &norm.Edition{Name: "peil", Version: "test", Requirements: []norm.Requirement{{
		ID: "web.there", Role: fact.Web, Level: norm.Must,
		Judge: func(m *fact.Measurement) norm.Verdict {
			switch {
			case strings.HasPrefix(m.Target.Name, "good"):
				return norm.Verdict{Outcome: norm.Passed}
			case strings.HasPrefix(m.Target.Name, "bad"):
				return norm.Verdict{Outcome: norm.Failed}
			}
			return norm.Verdict{Gap: fact.GapTimeout}
		},
	}}}
}

// meter measures by making up facts; it stops after so many when stop is above 0.
type meter struct {
	seen []string
	stop int
}

func (m *meter) Run(ctx context.Context, in <-chan fact.Target, sink func(*fact.Measurement) error) error {
	for t := range in {
		if m.stop > 0 && len(m.seen) == m.stop {
			return context.Canceled
		}
		m.seen = append(m.seen, t.Name)
		at := time.Date(2027, 3, 3, 14, 2, len(m.seen), 0, time.UTC)
		if err := sink(&fact.Measurement{Schema: fact.Schema, Target: t, At: at, Asked: []string{"peil"}}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func names(n ...string) <-chan fact.Target {
	c := make(chan fact.Target, len(n))
	for _, x := range n {
		c <- fact.Target{Name: x, Role: fact.Web}
	}
	close(c)
	return c
}

func survey(t *testing.T, out *bytes.Buffer) *Survey {
	t.Helper()
	w, err := report.New("jsonl", out, report.Options{Editions: []*norm.Edition{edition()}})
	if err != nil {
		t.Fatal(err)
	}
	return &Survey{Editions: []*norm.Edition{edition()}, Out: w}
}

func TestJudgingTheFactsGivesWhatTheScanWrote(t *testing.T) {
	facts := filepath.Join(t.TempDir(), "facts.jsonl")
	var scanned, judged bytes.Buffer
	if err := survey(t, &scanned).Run(t.Context(), &meter{}, names("good.nl", "bad.nl", "silent.nl"), facts, false); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(facts)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := survey(t, &judged).Judge(f); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(scanned.Bytes(), judged.Bytes()) {
		t.Errorf("scan wrote\n%s\njudge wrote\n%s", &scanned, &judged)
	}
	if n := strings.Count(judged.String(), "\n"); n != 3 {
		t.Errorf("%d lines, want 3", n)
	}
}

func TestAnInterruptedSurveyGoesOnWhereItStopped(t *testing.T) {
	facts := filepath.Join(t.TempDir(), "facts.jsonl")
	all := []string{"good1.nl", "good2.nl", "bad3.nl", "good4.nl"}
	var first, second bytes.Buffer
	err := survey(t, &first).Run(t.Context(), &meter{stop: 2}, names(all...), facts, false)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted run: %v", err)
	}
	// A kill in the middle of a write leaves a partial line.
	f, err := os.OpenFile(facts, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"schema":1,"target":{"name":"bad3.nl"`)
	f.Close()

	s, m := survey(t, &second), &meter{}
	if err := s.Run(t.Context(), m, names(all...), facts, true); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.seen, " "); got != "bad3.nl good4.nl" {
		t.Errorf("measured again: %s", got)
	}
	if sum := s.Summary(); sum.Targets != 4 || sum.Replayed != 2 || sum.Failed != 1 || sum.Exit() != 1 {
		t.Errorf("summary %+v", sum)
	}
	if n := strings.Count(second.String(), "\n"); n != 4 {
		t.Errorf("the report of the resumed run has %d targets, want all 4", n)
	}
	var judged bytes.Buffer
	b, _ := os.ReadFile(facts)
	if err := survey(t, &judged).Judge(bytes.NewReader(b)); err != nil || judged.String() != second.String() {
		t.Errorf("judging the file of a resumed run differs: %v", err)
	}
}

// Website and mail domain of a name are two targets: one that was measured does not stand
// for the other.
func TestTheRolesOfANameAreResumedApart(t *testing.T) {
	facts := filepath.Join(t.TempDir(), "facts.jsonl")
	both := func() <-chan fact.Target {
		c := make(chan fact.Target, 2)
		c <- fact.Target{Name: "good.nl", Role: fact.Web}
		c <- fact.Target{Name: "good.nl", Role: fact.Mail}
		close(c)
		return c
	}
	if err := survey(t, new(bytes.Buffer)).Run(t.Context(), &meter{stop: 1}, both(), facts, false); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted run: %v", err)
	}
	var resumed, judged bytes.Buffer
	s, m := survey(t, &resumed), &meter{}
	if err := s.Run(t.Context(), m, both(), facts, true); err != nil {
		t.Fatal(err)
	}
	if len(m.seen) != 1 || s.Summary().Targets != 2 || s.Summary().Replayed != 1 {
		t.Errorf("measured again: %v, summary %+v", m.seen, s.Summary())
	}
	f, err := os.Open(facts)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := survey(t, &judged).Judge(f); err != nil || !bytes.Equal(judged.Bytes(), resumed.Bytes()) {
		t.Errorf("%v\nscan wrote\n%s\njudge wrote\n%s", err, &resumed, &judged)
	}
	for _, role := range []string{`"web"`, `"mail"`} {
		if n := bytes.Count(judged.Bytes(), []byte(`"role":`+role)); n != 1 {
			t.Errorf("%d results as %s", n, role)
		}
	}
}

func TestAFileOfFactsIsNotOverwritten(t *testing.T) {
	facts := filepath.Join(t.TempDir(), "facts.jsonl")
	if err := os.WriteFile(facts, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := survey(t, new(bytes.Buffer)).Run(t.Context(), &meter{}, names("good.nl"), facts, false)
	if err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("error %v, want one that names --resume", err)
	}
	if b, _ := os.ReadFile(facts); string(b) != "precious" {
		t.Error("the file was changed")
	}
}

func TestAWrongFileOfFactsIsRefusedWithItsLine(t *testing.T) {
	good := `{"schema":1,"target":{"name":"good.nl","role":"web"},"at":"2027-03-03T14:02:11Z","asked":[]}` + "\n"
	for _, c := range []struct{ in, want string }{
		{good + "{not json}\n", "line 2"},
		{good + "\n" + `{"schema":99,"target":{"name":"a.nl"}}` + "\n", "schema 99"},
		{`{"schema":1}` + "\n", "no target"},
		{good + `{"schema":1,"target":{"name":"a.nl","role":"bogus"}}` + "\n", `line 2 is not a measurement: a.nl has the role "bogus"; want web or mail`},
		{good + `{"schema":1,"tar`, "line 2"},
	} {
		err := survey(t, new(bytes.Buffer)).Judge(strings.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.in, err, c.want)
		}
	}
}

// Text that ends without a line end is no line of facts that was cut off.
func TestGoingOnInAFileOfAnotherKindLeavesItAsItIs(t *testing.T) {
	line := `{"schema":1,"target":{"name":"good.nl","role":"web"},"at":"2027-03-03T14:02:11Z","asked":[]}` + "\n"
	for _, c := range []struct {
		in string
		ok bool
	}{
		{"precious", false},
		{"www.good.nl", false},
		{"{", false},
		{`{"name":"precious"}`, false},
		{line + "precious", false},
		{line + `{"name":"precious"}`, false},
		{"precious\n" + line, false},
		{"", true},
		{`{"schema":1,"tar`, true},
		{line + "{", true},
		{line + `{"schema":1,"tar`, true},
	} {
		facts := filepath.Join(t.TempDir(), "facts.jsonl")
		if err := os.WriteFile(facts, []byte(c.in), 0o600); err != nil {
			t.Fatal(err)
		}
		m := &meter{}
		err := survey(t, new(bytes.Buffer)).Run(t.Context(), m, names("good.nl"), facts, true)
		b, _ := os.ReadFile(facts)
		switch {
		case c.ok && err != nil:
			t.Errorf("%q: refused: %v", c.in, err)
		case c.ok && (strings.Count(string(b), "\n") != 1 || !strings.HasSuffix(string(b), "\n")):
			t.Errorf("%q became %q", c.in, b)
		case !c.ok && (err == nil || !strings.Contains(err.Error(), "not a measurement")):
			t.Errorf("%q: error %v", c.in, err)
		case !c.ok && (string(b) != c.in || len(m.seen) > 0):
			t.Errorf("%q became %q, and %d names were measured", c.in, b, len(m.seen))
		}
	}
}

// Lines are judged several at a time; what comes out is in the order of the file, and ends
// before a line that is wrong.
func TestManyLinesKeepTheirOrder(t *testing.T) {
	var in, want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, "{\"schema\":1,\"target\":{\"name\":\"good%d.nl\",\"role\":\"web\"},\"at\":\"2027-03-03T14:02:11Z\",\"asked\":[]}\n", i)
		if i%7 == 0 {
			in.WriteString("\n")
		}
		fmt.Fprintf(&want, "good%d.nl ", i)
	}
	in.WriteString("junk\n{}\n")
	var got strings.Builder
	s := survey(t, new(bytes.Buffer))
	s.Each = func(it report.Item) { got.WriteString(it.Measurement.Target.Name + " ") }
	err := s.Judge(strings.NewReader(in.String()))
	if err == nil || !strings.Contains(err.Error(), "line 1144 ") {
		t.Errorf("error %v, want one about line 1144", err)
	}
	if got.String() != want.String() || s.Summary().Targets != 1000 {
		t.Errorf("%d targets, in the order %.100s", s.Summary().Targets, got.String())
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  int
	}{{[]string{"good.nl"}, 0}, {[]string{"good.nl", "silent.nl"}, 3}, {[]string{"silent.nl", "bad.nl"}, 1}, {nil, 0}} {
		s := survey(t, new(bytes.Buffer))
		if err := s.Run(t.Context(), &meter{}, names(c.names...), "", false); err != nil {
			t.Fatal(err)
		}
		if got := s.Summary().Exit(); got != c.want {
			t.Errorf("%v: exit %d, want %d", c.names, got, c.want)
		}
	}
}

func FuzzFacts(f *testing.F) {
	f.Add([]byte(`{"schema":1,"target":{"name":"good.nl","role":"web"},"at":"2027-03-03T14:02:11Z","asked":[]}` + "\n"))
	f.Add([]byte("\n\n{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, partial := range []bool{false, true} {
			s := &Survey{Editions: []*norm.Edition{edition()}}
			end, err := s.readFacts(bytes.NewReader(b), partial, func(it report.Item) error {
				if it.Measurement.Target.Name == "" {
					t.Error("a measurement without a name")
				}
				return nil
			})
			if end > int64(len(b)) || (err == nil && !partial && len(bytes.TrimSpace(b[end:])) > 0) {
				t.Errorf("end %d of %d, %v", end, len(b), err)
			}
		}
	})
}
