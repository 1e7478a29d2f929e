// Package dmarc reads DMARC records (RFC 9989, and RFC 7489 which it replaces), finds
// the record that holds for a domain by the tree walk, and says which look-ups show
// that a destination of reports in another domain agrees to get them (RFC 9990).
//
// Parse is total: any text gives a Record and its defects. Most defects cost no more
// than the tag that they are in; Usable says whether a receiver acts on the record.
package dmarc

import (
	"strings"

	"peil/internal/standard/lookup"
	"peil/internal/standard/taglist"
)

// The types of the questions and answers, of a tag and a defect.
type (
	Ask      = lookup.Ask
	Answer   = lookup.Answer
	Question = lookup.Question
	Tag      = taglist.Tag
	Defect   = taglist.Defect
)

// MaxLength is how much of a record is read.
const MaxLength = 8192

// Policy is what the domain asks for mail that fails (RFC 9989 section 4.7: p).
type Policy string

// The policies; "" is none given.
const (
	PolicyNone Policy = "none"
	Quarantine Policy = "quarantine"
	Reject     Policy = "reject"
)

// Record is a record as read, absent tags with their default values.
type Record struct {
	Text    string
	Tags    []Tag
	Defects []Defect // in the order of their places, those of the whole record (-1) last

	P, SP, NP   Policy   // "" when absent or not valid
	PSD         byte     // 'y', 'n' or 'u'
	Test        bool     // t=y
	ADKIM, ASPF byte     // 'r' or 's'
	FO          []string // "0", "1", "d", "s"
	RUA, RUF    []URI    // those that can be read
	PCT         int      // RFC 7489 alone: 0 to 100
	RI          uint32   // RFC 7489 alone: seconds
	RF          []string // RFC 7489 alone
	// Defaulted says that p=none holds because p, sp or np is not valid and rua is
	// (RFC 9989 section 4.10.1, RFC 7489 section 6.6.3).
	Defaulted bool
}

// The codes of defects.
const (
	NotDMARC       = "not_dmarc"       // does not begin with "v=DMARC1" (RFC 9989 section 4.8)
	MissingPolicy  = "missing_policy"  // no p
	BadValue       = "bad_value"       // a value that the tag cannot have: its default holds
	BadURI         = "bad_uri"         // RFC 3986; a mailto without an address
	BadSize        = "bad_size"        // RFC 7489 section 6.4: "!" digits and a unit
	BadTag         = "bad_tag"         // no "=" after a name
	BadTagName     = "bad_tag_name"    // other than letters
	BadCharacter   = "bad_character"   // outside %x20-7E
	DuplicateTag   = "duplicate_tag"   // the first counts
	EmptyElement   = "empty_element"   // ";;"
	TooLong        = "too_long"        // not read beyond MaxLength or taglist.MaxTags
	UnknownTag     = "unknown_tag"     // note: to be ignored (RFC 9989 section 4.7)
	ObsoleteTag    = "obsolete_tag"    // note: pct, rf and ri are of RFC 7489 alone
	PolicyOrder    = "policy_order"    // note: p is not right after v (RFC 7489 section 6.4)
	UnsupportedURI = "unsupported_uri" // note: other than mailto
	SizeLimit      = "size_limit"      // note: of RFC 7489 alone
)

// Note reports whether a defect of this code is worth knowing and no more.
func Note(code string) bool {
	switch code {
	case UnknownTag, ObsoleteTag, PolicyOrder, UnsupportedURI, SizeLimit:
		return true
	}
	return false
}

// Valid reports whether the record keeps to the grammar of RFC 9989 section 4.8.
func (r *Record) Valid() bool {
	for i := range r.Defects {
		if !Note(r.Defects[i].Code) {
			return false
		}
	}
	return true
}

// Usable reports whether a receiver acts on the record: it has a policy, or reports to
// send with p=none.
func (r *Record) Usable() bool { return r != nil && r.P != "" }

// Has reports whether a tag stands in the record, valid or not.
func (r *Record) Has(name string) bool {
	for i := range r.Tags {
		if strings.EqualFold(r.Tags[i].Name, name) {
			return true
		}
	}
	return false
}

// IsRecord reports whether a text is a DMARC record: its first tag is v, its value
// DMARC1 in upper case (RFC 9989 sections 4.8 and 4.10). What follows must be parted by
// a ";", so "v=DMARC1 p=none" is none.
func IsRecord(text string) bool {
	if text == "" || text[0]|0x20 != 'v' {
		return false
	}
	end := strings.IndexByte(text, ';')
	if end < 0 {
		end = len(text)
	}
	value, ok := strings.CutPrefix(strings.TrimLeft(text[1:end], " \t"), "=")
	return ok && strings.Trim(value, " \t") == "DMARC1"
}

// Select returns those of a name's TXT records that are DMARC records. There should be
// exactly one: of several none counts (RFC 9989 section 4.10).
func Select(txt []string) []string {
	var found []string
	for _, s := range txt {
		if IsRecord(s) {
			found = append(found, s)
		}
	}
	return found
}
