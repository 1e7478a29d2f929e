package name

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Registrable is the registrable domain of a name in A-labels: one label more than
// its public suffix. It is "" for a name that is itself a public suffix.
func Registrable(ascii string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(ascii)
	if err != nil {
		return ""
	}
	return d
}

// PublicSuffix is the public suffix of a name in A-labels. listed is false where the
// suffix stands in no list and the default rule made it the last label.
func PublicSuffix(ascii string) (suffix string, listed bool) {
	suffix, icann := publicsuffix.PublicSuffix(ascii)
	return suffix, icann || strings.Contains(suffix, ".") // a rule of the private part has a dot
}

// SuffixList says which public suffix list is built in.
func SuffixList() string { return publicsuffix.List.String() }

// Pair returns the other of apex and www: for a registrable domain the name with www.
// before it, and for www. before a registrable domain that domain. Other names have
// no other.
func Pair(ascii string) (other string, ok bool) {
	r := Registrable(ascii)
	switch {
	case r == "":
		return "", false
	case ascii == r:
		if len(r)+len("www.") > 253 {
			return "", false
		}
		return "www." + r, true
	case ascii == "www."+r:
		return r, true
	}
	return "", false
}

// IsWWW reports whether a name begins with "www.": such a name is measured as a
// website only, unless mail is asked for.
func IsWWW(ascii string) bool { return strings.HasPrefix(ascii, "www.") }
