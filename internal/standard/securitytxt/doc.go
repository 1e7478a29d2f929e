// Package securitytxt reads a security.txt file (RFC 9116): the file by which a site
// says where a weakness can be reported. Parse is total: any bytes give a File, and
// what is wrong with them is a Defect with its place. Nothing is judged here and no
// time is looked at: whether a date has passed is asked with Check and a moment.
//
// The codes of the defects that Internet.nl knows too have the names that it uses, so
// that its reading and ours can both be drawn from one list. Those of KindStrict are
// asked by RFC 9116 and not noticed by Internet.nl.
package securitytxt

import (
	"maps"
	"slices"
	"time"
)

// MaxSize is how much of a file Parse looks at.
const MaxSize = 100 << 10

// MaxDefects is how many defects a File keeps.
const MaxDefects = 1000

// File is a security.txt as read.
type File struct {
	// Fields are in the order of the file, names in lower case.
	Fields []Field
	// Signed says that the file begins as an OpenPGP clear-signed message (RFC 9580
	// section 7).
	Signed bool
	// Framed says that the clear-sign framing is complete and its armor decodes to a
	// signature packet.
	Framed bool
	// Defects that the text itself shows, in the order of the lines; those of the
	// whole file have line 0 and come last.
	Defects []Defect
}

// Field is one line "Name: value" (RFC 9116 section 2.2).
type Field struct {
	Line  int
	Name  string // lower case
	Value string
}

// Defect is what is wrong at a place. Line and Column count from 1, Line 0 is the
// file as a whole.
type Defect struct {
	Code   string
	Line   int
	Column int
	Text   string // the words of the file that it is about, cut at 200 bytes
}

// Kind is how much a defect weighs.
type Kind uint8

// The kinds of a defect.
const (
	KindError          Kind = iota // RFC 9116 is broken (MUST)
	KindRecommendation             // RFC 9116 recommends otherwise (SHOULD)
	KindNotification               // worth knowing
	KindStrict                     // RFC 9116 is broken in a way that is commonly overlooked
)

// The codes of errors.
const (
	UTF8              = "utf8"                     // not UTF-8 (section 2.2, RFC 5198)
	BOM               = "bom_in_file"              // begins with a byte-order mark
	NoExpire          = "no_expire"                // section 2.5.5
	MultiExpire       = "multi_expire"             // section 2.5.5
	InvalidExpiry     = "invalid_expiry"           // section 2.5.5: RFC 3339 date and time
	Expired           = "expired"                  // section 2.5.5; depends on the moment
	NoContact         = "no_contact"               // section 2.5.3
	NoCanonicalMatch  = "no_canonical_match"       // section 2.5.2; depends on the address
	MultiLang         = "multi_lang"               // section 2.5.8
	InvalidLang       = "invalid_lang"             // section 2.5.8, RFC 5646
	NoURI             = "no_uri"                   // section 2.5: the value is a URI (RFC 3986)
	NoHTTPS           = "no_https"                 // section 2.5: web URIs begin with https://
	PrecWS            = "prec_ws"                  // section 4: no space before the colon
	NoSpace           = "no_space"                 // section 4: a space after the colon
	EmptyKey          = "empty_key"                // section 4
	EmptyValue        = "empty_value"              // section 4
	InvalidLine       = "invalid_line"             // section 4: neither field, comment nor empty
	NoLineSeparators  = "no_line_separators"       // section 2.2: the last line ends too
	SignedFormatIssue = "signed_format_issue"      // section 2.3: the framing does not start the file
	DataAfterSig      = "data_after_sig"           // section 2.3
	TooManySeparators = "too_many_line_separators" // more than one line end after the signature
	NoCSAFFile        = "no_csaf_file"             // CSAF 2.0 section 7.1.8: provider-metadata.json
	PGPDataError      = "pgp_data_error"           // the armor is not whole
	PGPError          = "pgp_error"                // the armor does not hold a signature packet
)

// The codes of recommendations and notifications.
const (
	LongExpiry   = "long_expiry"          // section 2.5.5: less than a year; depends on the moment
	NoEncryption = "no_encryption"        // a mail contact without a key
	NotSigned    = "not_signed"           // section 2.3
	NoCanonical  = "no_canonical"         // section 2.3: in a signed file
	MultipleCSAF = "multiple_csaf_fields" // CSAF
	UnknownField = "unknown_field"        // section 2.4: to be ignored
)

// The codes of KindStrict.
const (
	InvalidKey   = "invalid_key"    // section 4: a field name is RFC 5322 ftext
	BareCR       = "bare_cr"        // section 2.2: a line ends with LF or CRLF
	ExpirySpace  = "expiry_space"   // RFC 3339 section 5.6: date and time are joined by T
	HashNotFirst = "hash_not_first" // RFC 9580 section 7: only Hash headers, then an empty line
	TooLong      = "too_long"       // beyond MaxSize nothing was read
)

var kinds = map[string]Kind{
	UTF8: KindError, BOM: KindError, NoExpire: KindError, MultiExpire: KindError, InvalidExpiry: KindError, Expired: KindError,
	NoContact: KindError, NoCanonicalMatch: KindError, MultiLang: KindError, InvalidLang: KindError, NoURI: KindError, NoHTTPS: KindError,
	PrecWS: KindError, NoSpace: KindError, EmptyKey: KindError, EmptyValue: KindError, InvalidLine: KindError, NoLineSeparators: KindError,
	SignedFormatIssue: KindError, DataAfterSig: KindError, TooManySeparators: KindError, NoCSAFFile: KindError, PGPDataError: KindError, PGPError: KindError,
	LongExpiry: KindRecommendation, NoEncryption: KindRecommendation, NotSigned: KindRecommendation,
	NoCanonical: KindRecommendation, MultipleCSAF: KindRecommendation,
	UnknownField: KindNotification,
	InvalidKey:   KindStrict, BareCR: KindStrict, ExpirySpace: KindStrict, HashNotFirst: KindStrict, TooLong: KindStrict,
}

// Codes are all codes that a defect can have, sorted.
func Codes() []string { return slices.Sorted(maps.Keys(kinds)) }

// Kind says how much the defect weighs.
func (d Defect) Kind() Kind { return kinds[d.Code] }

// Values returns the values of the fields with this name (lower case).
func (f *File) Values(name string) []string {
	var vs []string
	for _, x := range f.Fields {
		if x.Name == name {
			vs = append(vs, x.Value)
		}
	}
	return vs
}

// Expires is the moment of the first readable Expires field.
func (f *File) Expires() (time.Time, bool) {
	for _, v := range f.Values("expires") {
		if t, _, ok := parseExpiry(v); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

// Check returns the defects that show only at a moment and an address: expired,
// long_expiry, no_canonical_match. url is where the file was found in the end; an
// empty one is not compared. The address is compared literally, as section 2.5.2
// leaves no room for normalising.
func (f *File) Check(at time.Time, url string) []Defect {
	var ds []Defect
	for _, x := range f.Fields {
		if x.Name != "expires" {
			continue
		}
		t, _, ok := parseExpiry(x.Value)
		switch {
		case !ok:
		case t.Before(at):
			ds = append(ds, Defect{Code: Expired, Line: x.Line, Column: 1, Text: cut(x.Value)})
		case t.After(at.AddDate(1, 0, 0)):
			ds = append(ds, Defect{Code: LongExpiry, Line: x.Line, Column: 1, Text: cut(x.Value)})
		}
	}
	if canonical := f.Values("canonical"); url != "" && len(canonical) > 0 {
		for _, c := range canonical {
			if c == url {
				return ds
			}
		}
		ds = append(ds, Defect{Code: NoCanonicalMatch, Text: cut(url)})
	}
	return ds
}

// Until is the moment after at from which Check would answer otherwise, or zero.
func (f *File) Until(at time.Time) time.Time {
	var first time.Time
	for _, x := range f.Fields {
		if x.Name != "expires" {
			continue
		}
		t, _, ok := parseExpiry(x.Value)
		if !ok {
			continue
		}
		for _, c := range []time.Time{t, t.AddDate(-1, 0, 0)} {
			if c.After(at) && (first.IsZero() || c.Before(first)) {
				first = c
			}
		}
	}
	return first
}
