// Package bimi reads BIMI assertion records (draft-brand-indicators-for-message-
// identification): which logo a domain would like to see beside its mail. It is noted
// and judged by nobody, as it is no standard.
package bimi

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"peil/internal/standard/taglist"
)

// A defect. Positions count bytes from 0, -1 is the whole.
type Defect = taglist.Defect

// MaxLength is how much of a record is read.
const MaxLength = 4096

// Name is where the default record of a domain stands (section 4.1).
func Name(domain string) string { return "default._bimi." + strings.TrimSuffix(domain, ".") }

// Record is a record as read.
type Record struct {
	Text     string
	Tags     []taglist.Tag
	Defects  []Defect
	Location string // l: where the logo is
	Evidence string // a: where the certificate of the mark is
	// Declines says that l and a are empty: the domain takes no part (section 4.2).
	Declines bool
}

// The codes of defects.
const (
	NotBIMI       = "not_bimi"       // v=BIMI1 does not come first
	MissingL      = "missing_l"      // no l
	BadURI        = "bad_uri"        // l or a is not an https URI
	BadTag        = "bad_tag"        // no "=", or no name
	DuplicateName = "duplicate_name" // the first counts
	EmptyElement  = "empty_element"  // ";;"
	TooLong       = "too_long"       // not read further
	UnknownTag    = "unknown_tag"    // note: to be ignored
)

// IsRecord reports whether a TXT record is one of BIMI.
func IsRecord(text string) bool {
	if len(text) > MaxLength {
		text = text[:MaxLength]
	}
	tags := taglist.Split(text).Tags
	return len(tags) > 0 && strings.EqualFold(tags[0].Name, "v") && tags[0].Value == "BIMI1"
}

// Select returns those of a name's TXT records that are BIMI records.
func Select(txt []string) []string {
	var found []string
	for _, s := range txt {
		if IsRecord(s) {
			found = append(found, s)
		}
	}
	return found
}

// Parse reads a record.
func Parse(text string) *Record {
	r := &Record{Text: text}
	note := func(code string, position int, about string) {
		r.Defects = append(r.Defects, Defect{Code: code, Position: position, Text: taglist.Cut(about)})
	}
	read := text
	if len(read) > MaxLength {
		note(TooLong, MaxLength, "")
		read = read[:MaxLength]
	}
	if !IsRecord(read) {
		note(NotBIMI, 0, read)
	}
	list := taglist.Split(read)
	if list.Truncated {
		note(TooLong, -1, "")
	}
	for _, p := range list.Empty {
		note(EmptyElement, p, "")
	}
	r.Tags = list.Tags
	seen := map[string]bool{}
	for _, t := range r.Tags {
		name := strings.ToLower(t.Name)
		switch {
		case t.ValuePosition < 0 || name == "":
			note(BadTag, t.Position, t.Name)
			continue
		case seen[name]:
			note(DuplicateName, t.Position, t.Name)
			continue
		}
		seen[name] = true
		switch name {
		case "v", "avp":
		case "l", "a":
			if t.Value != "" && !secure(t.Value) {
				note(BadURI, t.ValuePosition, t.Value)
			} else if name == "l" {
				r.Location = t.Value
			} else {
				r.Evidence = t.Value
			}
			continue
		default:
			note(UnknownTag, t.Position, t.Name)
		}
	}
	if !seen["l"] {
		note(MissingL, -1, "")
	}
	r.Declines = seen["l"] && len(r.Defects) == 0 && r.Location == "" && r.Evidence == ""
	slices.SortStableFunc(r.Defects, func(a, b Defect) int { return cmp.Compare(uint(a.Position), uint(b.Position)) })
	return r
}

// secure reports whether s is an https URI with a host (section 4.2: l and a).
func secure(s string) bool {
	u, err := url.Parse(s)
	return err == nil && strings.EqualFold(u.Scheme, "https") && u.Hostname() != ""
}
