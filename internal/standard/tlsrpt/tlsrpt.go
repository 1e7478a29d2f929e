// Package tlsrpt reads TLS-RPT records (RFC 8460 section 3): where senders report that
// a connection to a domain's mail servers could not be made safe.
//
// Parse is total: any text gives a Record and its defects.
package tlsrpt

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"peil/internal/standard/taglist"
)

// A defect. Positions count bytes from 0, -1 is the whole.
type Defect = taglist.Defect

// The bounds of a record.
const (
	MaxLength = 4096
	MaxURIs   = 50
)

// Name is where the record of a domain stands (section 3).
func Name(domain string) string { return "_smtp._tls." + strings.TrimSuffix(domain, ".") }

// Record is a record as read.
type Record struct {
	Text    string
	Tags    []taglist.Tag
	Defects []Defect
	RUA     []URI // those that can be used
}

// URI is a destination of reports.
type URI struct {
	Text     string
	Position int
	Scheme   string // "mailto" or "https"
	Host     string // in lower case
}

// The codes of defects. All but UnknownField break the grammar.
const (
	NotTLSRPT     = "not_tlsrpt"     // does not begin with "v=TLSRPTv1" and a ";"
	MissingRUA    = "missing_rua"    // no rua
	BadURI        = "bad_uri"        // RFC 3986; a mailto without an address, an https without a host
	BadScheme     = "bad_scheme"     // other than mailto and https
	BadField      = "bad_field"      // no "=", or white space beside it
	BadName       = "bad_name"       // other than a letter or digit and up to 31 letters, digits, "_", "-", "."
	BadValue      = "bad_value"      // an extension whose value is empty or has characters that may not be
	DuplicateName = "duplicate_name" // the first counts
	EmptyElement  = "empty_element"  // ";;"
	TooLong       = "too_long"       // not read further
	UnknownField  = "unknown_field"  // note: an extension, to be ignored
)

const version = "v=TLSRPTv1"

// IsRecord reports whether a TXT record is one of TLS-RPT (section 3): it begins with
// "v=TLSRPTv1;", white space before the ";" allowed.
func IsRecord(text string) bool {
	rest, ok := strings.CutPrefix(text, version)
	rest = strings.TrimLeft(rest, " \t")
	return ok && (rest == "" || rest[0] == ';')
}

// Select returns those of a name's TXT records that are TLS-RPT records. Unless there
// is exactly one, nobody reports (section 3).
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

// Parse reads a record:
//
//	tlsrpt-record = tlsrpt-version 1*(field-delim tlsrpt-field) [field-delim]
func Parse(text string) *Record {
	r := &Record{Text: text}
	read := text
	if len(read) > MaxLength {
		r.note(TooLong, MaxLength, "")
		read = read[:MaxLength]
	}
	if !IsRecord(read) {
		r.note(NotTLSRPT, 0, read)
	}
	list := taglist.Split(read)
	if list.Truncated {
		r.note(TooLong, -1, "")
	}
	for _, p := range list.Empty {
		r.note(EmptyElement, p, "")
	}
	r.Tags = list.Tags
	seen := map[string]bool{}
	for i, t := range r.Tags {
		switch {
		case t.ValuePosition < 0 || t.Spaced:
			r.note(BadField, t.Position, t.Name)
			continue
		case !fieldName(t.Name):
			r.note(BadName, t.Position, t.Name)
			continue
		case seen[t.Name]:
			r.note(DuplicateName, t.Position, t.Name)
			continue
		}
		seen[t.Name] = true
		switch {
		case i == 0 && t.Name == "v":
		case t.Name == "rua":
			r.uris(t)
		default:
			r.note(UnknownField, t.Position, t.Name)
			if j := strings.IndexFunc(t.Value, func(c rune) bool { return c < 0x21 || c > 0x7e || c == '=' }); j >= 0 || t.Value == "" {
				r.note(BadValue, t.ValuePosition+max(j, 0), t.Value)
			}
		}
	}
	if !seen["rua"] {
		r.note(MissingRUA, -1, "")
	}
	slices.SortStableFunc(r.Defects, func(a, b Defect) int { return cmp.Compare(uint(a.Position), uint(b.Position)) })
	return r
}

func (r *Record) note(code string, position int, about string) {
	r.Defects = append(r.Defects, Defect{Code: code, Position: position, Text: taglist.Cut(about)})
}

// uris reads rua: URIs parted by commas, of mailto and https alone (section 3).
func (r *Record) uris(t taglist.Tag) {
	at := t.ValuePosition
	for part := range strings.SplitSeq(t.Value, ",") {
		text := strings.Trim(part, " \t")
		u := URI{Text: text, Position: at + len(part) - len(strings.TrimLeft(part, " \t"))}
		at += len(part) + 1
		if len(r.RUA) == MaxURIs {
			r.note(TooLong, u.Position, "")
			return
		}
		if code := u.read(); code != "" {
			r.note(code, u.Position, text)
			continue
		}
		r.RUA = append(r.RUA, u)
	}
}

func (u *URI) read() string {
	p, err := url.Parse(u.Text)
	if err != nil || p.Scheme == "" || strings.ContainsAny(u.Text, " \t!") {
		return BadURI // section 3: "!" is written as %21
	}
	switch u.Scheme = strings.ToLower(p.Scheme); u.Scheme {
	case "mailto":
		address, err := url.PathUnescape(p.Opaque)
		i := strings.LastIndexByte(address, '@')
		if err != nil || i < 1 || !strings.Contains(strings.Trim(address[i+1:], "."), ".") {
			return BadURI
		}
		u.Host = strings.ToLower(strings.TrimSuffix(address[i+1:], "."))
	case "https":
		if u.Host = strings.ToLower(strings.TrimSuffix(p.Hostname(), ".")); u.Host == "" {
			return BadURI
		}
	default:
		return BadScheme
	}
	return ""
}

// fieldName is tlsrpt-ext-name.
func fieldName(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !alphanumeric && (i == 0 || c != '_' && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && len(s) <= 32
}
