// Package mtasts reads what a domain says by MTA-STS (RFC 8461): the TXT record that
// announces a policy, the policy file itself, and whether a mail host is among those
// that the policy names.
//
// The readers are total: any bytes give a value and its defects.
package mtasts

import (
	"cmp"
	"slices"
	"strings"

	"peil/internal/standard/taglist"
)

// A defect. Positions count bytes from 0, -1 is the whole.
type Defect = taglist.Defect

// Name is where the record of a domain stands (section 3.1).
func Name(domain string) string { return "_mta-sts." + strings.TrimSuffix(domain, ".") }

// Host and Path are where its policy is fetched, over HTTPS, without following
// redirects (sections 3.2 and 3.3).
func Host(domain string) string { return "mta-sts." + strings.TrimSuffix(domain, ".") }

// Path is that of the policy (section 3.2).
const Path = "/.well-known/mta-sts.txt"

// Record is the TXT record (section 3.1).
type Record struct {
	Text    string
	Tags    []taglist.Tag
	Defects []Defect
	ID      string // "" when absent or not valid
}

// The codes of defects of a record. All but UnknownField break the grammar.
const (
	NotSTS        = "not_sts"        // does not begin with "v=STSv1" and a ";"
	MissingID     = "missing_id"     // no id
	BadID         = "bad_id"         // other than 1 to 32 letters and digits
	BadField      = "bad_field"      // no "=", or white space beside it
	BadName       = "bad_name"       // other than a letter or digit and up to 31 letters, digits, "_", "-", "."
	BadValue      = "bad_value"      // an extension whose value is empty or has characters that may not be
	DuplicateName = "duplicate_name" // the first counts
	EmptyElement  = "empty_element"  // ";;"
	TooLong       = "too_long"       // not read further
	UnknownField  = "unknown_field"  // note: an extension, to be ignored
)

// MaxRecord is how much of a record is read.
const MaxRecord = 4096

const version = "v=STSv1"

// IsRecord reports whether a TXT record is one of MTA-STS (section 3.1): it begins with
// "v=STSv1;", white space before the ";" allowed.
func IsRecord(text string) bool {
	rest, ok := strings.CutPrefix(text, version)
	rest = strings.TrimLeft(rest, " \t")
	return ok && (rest == "" || rest[0] == ';')
}

// Select returns those of a name's TXT records that are MTA-STS records. Unless there
// is exactly one the domain has no MTA-STS (section 3.1).
func Select(txt []string) []string {
	var found []string
	for _, s := range txt {
		if IsRecord(s) {
			found = append(found, s)
		}
	}
	return found
}

// Valid reports whether the record keeps to the grammar.
func (r *Record) Valid() bool {
	for i := range r.Defects {
		if r.Defects[i].Code != UnknownField {
			return false
		}
	}
	return true
}

// ParseRecord reads a record:
//
//	sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]
func ParseRecord(text string) *Record {
	r := &Record{Text: text}
	note := func(code string, position int, about string) {
		r.Defects = append(r.Defects, Defect{Code: code, Position: position, Text: taglist.Cut(about)})
	}
	read := text
	if len(read) > MaxRecord {
		note(TooLong, MaxRecord, "")
		read = read[:MaxRecord]
	}
	if !IsRecord(read) {
		note(NotSTS, 0, read)
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
	for i, t := range r.Tags {
		switch {
		case t.ValuePosition < 0 || t.Spaced:
			note(BadField, t.Position, t.Name)
			continue
		case !fieldName(t.Name):
			note(BadName, t.Position, t.Name)
			continue
		case seen[t.Name]:
			note(DuplicateName, t.Position, t.Name)
			continue
		}
		seen[t.Name] = true
		switch {
		case i == 0 && t.Name == "v":
		case t.Name == "id":
			if r.ID = t.Value; !id(t.Value) {
				r.ID = ""
				note(BadID, t.ValuePosition, t.Value)
			}
		default:
			note(UnknownField, t.Position, t.Name)
			if j := strings.IndexFunc(t.Value, func(c rune) bool { return c < 0x21 || c > 0x7e || c == '=' }); j >= 0 || t.Value == "" {
				note(BadValue, t.ValuePosition+max(j, 0), t.Value)
			}
		}
	}
	if !seen["id"] {
		note(MissingID, -1, "")
	}
	slices.SortStableFunc(r.Defects, func(a, b Defect) int { return cmp.Compare(uint(a.Position), uint(b.Position)) })
	return r
}

func id(s string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// fieldName is sts-ext-name and sts-policy-ext-name.
func fieldName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && (i == 0 || c != '_' && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

func alphanumeric(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' }
