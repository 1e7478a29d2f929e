package scan

import (
	"slices"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/probe/httpprobe"
)

// names lists the editions, sorted.
func names(es []*norm.Edition) []string {
	var ns []string
	for _, e := range es {
		ns = append(ns, e.Name)
	}
	slices.Sort(ns)
	return slices.Compact(ns)
}

// gapOf says which errors of a connection are ours.
func gapOf(err error) fact.Gap { return fact.Gap(egress.Gap(err)) }

// dialError puts a port that did not open into the words of httpprobe; nil when it is
// open.
func dialError(r fact.Reach) error {
	if r.Open() {
		return nil
	}
	return unreached(r.How, r.Gap, nil)
}

func unreached(how string, gap fact.Gap, err error) error {
	switch how {
	case "silent":
		how = "timeout"
	case "", "open":
		how = "refused"
	}
	return &httpprobe.DialError{How: how, Gap: gap, Err: err}
}
