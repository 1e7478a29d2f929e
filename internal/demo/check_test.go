package demo

import (
	"testing"

	"peil/internal/fact"
	"peil/internal/lab"
)

// TestEverySiteOfTheLabIsJudgedAsExpected measures the whole catalogue, good sites and
// bad, and holds every verdict of every edition against what the lab says by hand, and
// every output against its format.
func TestEverySiteOfTheLabIsJudgedAsExpected(t *testing.T) {
	n, f := 0, newFormats(t)
	differences, err := Check(t.Context(), nil, "test", func(_ *lab.Site, m *fact.Measurement, _ []Difference) {
		n++
		f.add(t, m)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
	f.close(t)
	if n < 100 {
		t.Errorf("only %d sites were measured", n)
	}
}

// TestOnlyWhatWasNotMeasuredIsMeasuredAgain: a wrong verdict is never given a second
// chance, and what follows from a verdict says nothing by itself.
func TestOnlyWhatWasNotMeasuredIsMeasuredAgain(t *testing.T) {
	missing := Difference{Site: "a", Requirement: "web.dane", Want: "failed", Got: "not_measured"}
	internet := Difference{Site: "a", Requirement: "web_dnssec_valid", Want: "passed good 10/10", Got: "not_measured not-tested 0/0"}
	wrong := Difference{Site: "a", Requirement: "web.dane", Want: "passed", Got: "failed"}
	none := Difference{Site: "a", Requirement: "web.dane", Want: "passed", Got: "no verdict"}
	score := Difference{Site: "a", Requirement: "score", Want: "75", Got: "100", sum: true}
	for _, c := range []struct {
		name string
		ds   []Difference
		want bool
	}{
		{"nothing", nil, false},
		{"not measured", []Difference{missing}, true},
		{"not measured, and the score with it", []Difference{internet, score}, true},
		{"a wrong verdict", []Difference{wrong}, false},
		{"a wrong verdict beside what was not measured", []Difference{missing, wrong}, false},
		{"no verdict at all", []Difference{none}, false},
		{"a wrong score alone", []Difference{score}, false},
	} {
		if got := unseen(c.ds); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
