package resolver

import (
	"peil/internal/egress"
	"peil/internal/fact"
)

// excluded refuses questions about names that the operator excludes, before anything is
// asked of anybody: not for the target alone, for which the door itself would refuse, but
// also where an alias leads there or a name server has such a name. Even the servers of
// the zones above are not asked, for the question would tell them the name.
func (r *Resolver) excluded(n name) error {
	if r.egress == nil {
		return nil
	}
	if _, yes := r.egress.Excluded(n.String()); !yes {
		return nil
	}
	return &serverError{gap: fact.GapExcluded, rcode: -1, err: egress.ErrExcluded}
}
