package egress

import (
	"net/netip"
	"time"
)

// Mandate is a permission for intrusive probes: who gave it, on whose authority, for
// which names or prefixes, until when. A nil Mandate allows nothing.
type Mandate struct {
	Who       string
	Authority string
	Until     time.Time
	names     map[string]bool // "example.nl" itself, "*.example.nl" everything below
	prefixes  []netip.Prefix
}

// Allows reports whether the mandate covers a name or an address at a time.
func (m *Mandate) Allows(name string, a netip.Addr, at time.Time) bool {
	return false
}
