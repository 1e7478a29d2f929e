package egress

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
)

// Exclusions are the names and addresses that are not to be touched. A name excludes
// itself and everything below it. A nil Exclusions excludes nothing.
type Exclusions struct {
	names    map[string]string // lower-case A-label name without final dot → reason
	prefixes []exclusion
}

type exclusion struct {
	prefix netip.Prefix
	reason string
}

// maxExclusionLine bounds a line of the file.
const maxExclusionLine = 4096

// LoadExclusions reads exclusions from a file.
func LoadExclusions(file string) (*Exclusions, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the exclusions: %w", err)
	}
	defer f.Close()
	x, err := ParseExclusions(f)
	if err != nil {
		return nil, fmt.Errorf("reading the exclusions %s: %w", file, err)
	}
	return x, nil
}

// ParseExclusions reads lines of a name or prefix and then the reason. A # at the
// beginning of a line makes it a comment. A line without reason is an error: who reads
// the list next year must know why.
func ParseExclusions(r io.Reader) (*Exclusions, error) {
	x := &Exclusions{names: map[string]string{}}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, maxExclusionLine), maxExclusionLine)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, reason, _ := strings.Cut(strings.Join(strings.Fields(line), " "), " ")
		if reason == "" {
			return nil, fmt.Errorf("line %d: %q has no reason behind it", n, what)
		}
		if err := x.Add(what, reason); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := s.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, fmt.Errorf("a line is longer than %d bytes", maxExclusionLine)
		}
		return nil, err
	}
	return x, nil
}

// Add excludes a name, an address or a prefix.
func (x *Exclusions) Add(what, reason string) error {
	if p, err := parsePrefix(what); err == nil {
		x.prefixes = append(x.prefixes, exclusion{p, reason})
		return nil
	}
	name := canonicalName(what)
	if !plainName(name) {
		return fmt.Errorf("%q is neither a name (in A-labels) nor an address or prefix", what)
	}
	if x.names == nil {
		x.names = map[string]string{}
	}
	if _, dup := x.names[name]; !dup {
		x.names[name] = reason
	}
	return nil
}

// Name returns the reason for which a name is excluded.
func (x *Exclusions) Name(name string) (reason string, yes bool) {
	if x == nil || len(x.names) == 0 {
		return "", false
	}
	for n := canonicalName(name); n != ""; {
		if r, ok := x.names[n]; ok {
			return r, true
		}
		_, n, _ = strings.Cut(n, ".")
	}
	return "", false
}

// Addr returns the reason for which an address is excluded.
func (x *Exclusions) Addr(a netip.Addr) (reason string, yes bool) {
	if x == nil {
		return "", false
	}
	for _, e := range x.prefixes {
		if e.prefix.Contains(a) {
			return e.reason, true
		}
	}
	return "", false
}

func canonicalName(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// plainName reports whether a name consists of letters, digits, hyphens and
// underscores in labels of sensible length. What else a name may be is for package
// name; here it is enough to catch a typing error.
func plainName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
