package demo

import (
	"testing"

	"peil/internal/fact"
	"peil/internal/lab"
)

// TestEverySiteOfTheLabIsJudgedAsExpected measures the whole catalogue, good sites and
// bad, and holds every verdict of every edition against what the lab says by hand.
func TestEverySiteOfTheLabIsJudgedAsExpected(t *testing.T) {
	n := 0
	differences, err := Check(t.Context(), nil, "test", func(_ *lab.Site, _ *fact.Measurement, _ []Difference) { n++ })
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
	if n < 100 {
		t.Errorf("only %d sites were measured", n)
	}
}
