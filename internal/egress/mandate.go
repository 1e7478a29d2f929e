package egress

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/net/publicsuffix"
)

// Mandate is a permission for intrusive probes: who gave it, on whose authority, for
// which names or prefixes, until when. A nil Mandate allows nothing.
type Mandate struct {
	Who       string
	Authority string
	Until     time.Time
	names     map[string]bool // "example.nl" is that name alone, "*.example.nl" all below it
	prefixes  []netip.Prefix
}

// mandateFile is the form of the file.
type mandateFile struct {
	Who       string    `toml:"who"`
	Authority string    `toml:"authority"`
	Until     time.Time `toml:"until"`
	Names     []string  `toml:"names"`
	Prefixes  []string  `toml:"prefixes"`
}

// LoadMandate reads a mandate from a TOML file.
func LoadMandate(file string) (*Mandate, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the mandate: %w", err)
	}
	m, err := ParseMandate(b)
	if err != nil {
		return nil, fmt.Errorf("reading the mandate %s: %w", file, err)
	}
	return m, nil
}

// ParseMandate reads a mandate in TOML:
//
//	who = "A. Jansen, CISO"
//	authority = "municipality of Voorbeeld"
//	until = 2027-01-01
//	names = ["voorbeeld.nl", "*.voorbeeld.nl"]
//	prefixes = ["192.0.2.0/24"]
//
// A day without time counts from its beginning in local time, as TOML has it. All
// fields but one of names and prefixes are required, and an unknown field is an error:
// a permission must say what it means. Nobody can speak for all below a public suffix
// ("*.nl"), nor for a prefix shorter than a registry gives one holder: those are errors.
func ParseMandate(text []byte) (*Mandate, error) {
	var f mandateFile
	meta, err := toml.Decode(string(text), &f)
	if err != nil {
		return nil, err
	}
	if u := meta.Undecoded(); len(u) > 0 {
		return nil, fmt.Errorf("unknown field %q", u[0])
	}
	switch {
	case strings.TrimSpace(f.Who) == "":
		return nil, errors.New("who is missing: the person who gives the permission")
	case strings.TrimSpace(f.Authority) == "":
		return nil, errors.New("authority is missing: the body on whose authority it is given")
	case f.Until.IsZero():
		return nil, errors.New("until is missing: the moment at which the permission ends")
	case len(f.Names) == 0 && len(f.Prefixes) == 0:
		return nil, errors.New("names or prefixes are missing: what the permission is for")
	}
	m := &Mandate{Who: f.Who, Authority: f.Authority, Until: f.Until, names: make(map[string]bool, len(f.Names))}
	for _, n := range f.Names {
		c := canonicalName(n)
		if !plainName(strings.TrimPrefix(c, "*.")) {
			return nil, fmt.Errorf("names: %q is not a name in A-labels, or *. and a name", n)
		}
		bare := strings.TrimPrefix(c, "*.")
		if suffix, _ := publicsuffix.PublicSuffix(bare); suffix == bare {
			return nil, fmt.Errorf("names: %q is a public suffix: below it stand the names of many, for whom nobody can give permission", n)
		}
		m.names[c] = true
	}
	for _, p := range f.Prefixes {
		q, err := parsePrefix(p)
		if err != nil {
			return nil, fmt.Errorf("prefixes: %q: %w", p, err)
		}
		least := minPrefix4
		if q.Addr().Is6() {
			least = minPrefix6
		}
		if q.Bits() < least {
			return nil, fmt.Errorf("prefixes: %q is too much for one permission: want /%d or longer", p, least)
		}
		m.prefixes = append(m.prefixes, q)
	}
	return m, nil
}

// The shortest prefixes for which one body can give permission.
const (
	minPrefix4 = 16
	minPrefix6 = 32
)

// Names are the names for which it is given, sorted: "example.nl" is that name alone,
// "*.example.nl" all below it.
func (m *Mandate) Names() []string { return slices.Sorted(maps.Keys(m.names)) }

// Prefixes are the prefixes for which it is given, sorted.
func (m *Mandate) Prefixes() []netip.Prefix {
	return slices.SortedFunc(slices.Values(m.prefixes), netip.Prefix.Compare)
}

// Allows reports whether the mandate covers a name or an address at a time.
func (m *Mandate) Allows(name string, a netip.Addr, at time.Time) bool {
	if m == nil || !at.Before(m.Until) {
		return false
	}
	for _, p := range m.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	n := canonicalName(name)
	if n == "" {
		return false
	}
	if m.names[n] {
		return true
	}
	for {
		var more bool
		if _, n, more = strings.Cut(n, "."); !more {
			return false
		}
		if m.names["*."+n] {
			return true
		}
	}
}
