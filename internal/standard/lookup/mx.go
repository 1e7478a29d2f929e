package lookup

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"peil/internal/fact"
)

// hosts reads "preference host" records, lowest preference first (RFC 5321 section
// 5.1), names of equal preference in order.
func hosts(records []fact.Record) []string {
	type mx struct {
		preference int
		host       string
	}
	var all []mx
	for i := range records {
		p, h, ok := strings.Cut(records[i].Data, " ")
		n, err := strconv.ParseUint(p, 10, 16)
		if !ok || err != nil {
			continue
		}
		all = append(all, mx{int(n), Canonical(h)})
	}
	slices.SortFunc(all, func(a, b mx) int {
		return cmp.Or(cmp.Compare(a.preference, b.preference), strings.Compare(a.host, b.host))
	})
	out := make([]string, len(all))
	for i := range all {
		out[i] = all[i].host
	}
	return out
}
