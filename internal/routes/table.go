package routes

import (
	"fmt"
	"iter"
	"net/netip"
	"time"
)

// VRP is a validated ROA payload (RFC 6811 section 2): Origin may announce Prefix and
// its parts down to MaxLength.
type VRP struct {
	Prefix    netip.Prefix
	MaxLength int
	Origin    uint32
	TA        string // trust anchor under which it was found; "" when not known
}

// Announcement is a prefix that an AS announces. Origin 0 stands for NONE (RFC 6811
// section 2): a path that ends in a set of ASes, which no VRP can match.
type Announcement struct {
	Prefix netip.Prefix
	Origin uint32
}

// State is the outcome of route origin validation, in the words of package fact.
type State string

// The states of RFC 6811 section 2; invalid is split as the batch API splits it.
const (
	Valid         State = "valid"
	InvalidAS     State = "invalid_as"     // covered, no VRP for this origin
	InvalidLength State = "invalid_length" // a VRP for this origin, but the prefix is longer than MaxLength
	NotFound      State = "not_found"
)

// Meta says what a table is.
type Meta struct {
	Source string    `json:"source"` // where it came from, for people
	Date   time.Time `json:"date"`   // when the source made it
	TAs    []string  `json:"tas,omitempty"`
}

// String names source and date: "rpki-client 2026-11-23T06:00:00Z".
func (m Meta) String() string { return m.Source + " " + m.Date.UTC().Format(time.RFC3339) }

// VRPs is a table of VRPs. It is safe for concurrent use.
type VRPs struct{ index }

// Covering yields the VRPs whose prefix covers p, the closest first. An address is
// the prefix of its full length.
func (v *VRPs) Covering(p netip.Prefix) []VRP {
	var out []VRP
	for r := range v.covering(p) {
		out = append(out, VRP{Prefix: r.prefix(p.Addr().Is4()), MaxLength: int(r.max), Origin: r.origin, TA: v.ta(r.ta)})
	}
	return out
}

func (v *VRPs) ta(i uint8) string {
	if i == 0 || int(i) > len(v.meta.TAs) {
		return ""
	}
	return v.meta.TAs[i-1]
}

// Validate holds an announcement against the table (RFC 6811 section 2.1) and returns
// the VRPs that cover it.
func (v *VRPs) Validate(a Announcement) (State, []VRP) {
	covering := v.Covering(a.Prefix)
	return Validate(a, covering), covering
}

// Validate is route origin validation of an announcement against the VRPs that cover
// it (RFC 6811 section 2.1). AS 0 matches nothing (RFC 6483 section 4).
func Validate(a Announcement, covering []VRP) State {
	if len(covering) == 0 {
		return NotFound
	}
	state := InvalidAS
	for _, c := range covering {
		if c.Origin != a.Origin || a.Origin == 0 {
			continue
		}
		if a.Prefix.Bits() <= c.MaxLength {
			return Valid
		}
		state = InvalidLength
	}
	return state
}

// Routes is a table of announcements. It is safe for concurrent use.
type Routes struct{ index }

// Covering returns the announcements whose prefix covers p, the closest first.
func (t *Routes) Covering(p netip.Prefix) []Announcement {
	var out []Announcement
	for r := range t.covering(p) {
		out = append(out, Announcement{Prefix: r.prefix(p.Addr().Is4()), Origin: r.origin})
	}
	return out
}

// Cut is the /24 or /48 around an address: longer announcements do not travel, so
// that is what is looked up (catalogue B.12).
func Cut(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // of no address there is no prefix
	}
	return p
}

// Meta says where the table came from.
func (x *index) Meta() Meta { return x.meta }

// Len is the number of records.
func (x *index) Len() int { return x.v4.n + x.v6.n }

// covering yields the records whose prefix covers p, the closest first.
func (x *index) covering(p netip.Prefix) iter.Seq[record] {
	f := &x.v6
	if p.Addr().Is4() {
		f = &x.v4
	}
	return func(yield func(record) bool) {
		if !p.IsValid() || p.Addr().Is4In6() {
			return
		}
		hi, lo := bitsOf(p.Masked().Addr())
		// The last record that does not come after p. Every prefix that covers p begins
		// at or before p and ends at or after it, so it covers that record too, or is it.
		i := f.search(hi, lo, uint8(p.Bits())) - 1 // a valid prefix has 0 to 128 bits
		for range maxDepth {
			if i < 0 || i >= f.n {
				return
			}
			r := f.at(i)
			if int(r.bits) <= p.Bits() && r.covers(hi, lo, f.width()) && !yield(r) {
				return
			}
			next := int(r.up) - 1
			if next >= i {
				return // a damaged file: upward is always to the left
			}
			i = next
		}
	}
}

// maxDepth bounds the steps upward. Prefixes nest at most 129 deep; the rest is for
// many records of one prefix.
const maxDepth = 1 << 14

// errKind is returned for a file of the other kind.
func errKind(want, got uint32) error {
	names := map[uint32]string{kindVRPs: "VRPs", kindRoutes: "routes"}
	if names[got] == "" {
		return fmt.Errorf("an index of unknown kind %d", got)
	}
	return fmt.Errorf("an index of %s, want one of %s", names[got], names[want])
}
