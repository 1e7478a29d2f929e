package mtasts

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"peil/internal/standard/taglist"
)

// The bounds of a policy. RFC 8461 section 3.3 suggests 64 kB.
const (
	MaxPolicy = 64 << 10
	MaxMX     = 500
	MaxAge    = 31557600 // section 3.2: about a year
)

// Mode is what senders do when the policy does not hold (section 5).
type Mode string

// The modes.
const (
	Enforce  Mode = "enforce"
	Testing  Mode = "testing"
	ModeNone Mode = "none"
)

// Policy is a policy file as read.
type Policy struct {
	Fields  []Field
	Defects []Defect
	Version string
	Mode    Mode     // "" when absent or not valid
	MaxAge  int64    // seconds, -1 when absent or not valid
	MX      []string // patterns, in lower case, without those that are not valid
}

// Field is one "key: value" line. Positions count bytes of the file.
type Field struct {
	Name, Value             string
	Position, ValuePosition int
}

// The codes of defects of a policy.
const (
	MissingVersion = "missing_version"
	BadVersion     = "bad_version" // other than STSv1
	MissingMode    = "missing_mode"
	BadMode        = "bad_mode"
	MissingMaxAge  = "missing_max_age"
	BadMaxAge      = "bad_max_age"      // no number of 1 to 10 digits
	MaxAgeTooLong  = "max_age_too_long" // more than MaxAge
	MissingMX      = "missing_mx"       // with mode enforce or testing (section 3.2)
	BadMX          = "bad_mx"           // other than a host name, or one with "*." before it
	BadLine        = "bad_line"         // no "key: value"
	BadEncoding    = "bad_encoding"     // not UTF-8
	LeadingSpace   = "leading_space"    // white space before a key, or between it and the ":"
	BareCR         = "bare_cr"          // a line ends with LF or CRLF
	EmptyLine      = "empty_line"       // note
	DuplicateField = "duplicate_field"  // note: the first counts (section 3.2)
	UnknownKey     = "unknown_key"      // note: to be ignored
	MXRepeated     = "mx_repeated"      // note
)

// Note reports whether a defect of this code leaves the policy valid.
func Note(code string) bool {
	switch code {
	case EmptyLine, DuplicateField, UnknownKey, UnknownField, MXRepeated:
		return true
	}
	return false
}

// Valid reports whether the policy keeps to the grammar and has what it needs.
func (p *Policy) Valid() bool {
	for i := range p.Defects {
		if !Note(p.Defects[i].Code) {
			return false
		}
	}
	return true
}

// ParsePolicy reads a policy file (section 3.2): keys and values, a line each.
func ParsePolicy(file []byte) *Policy {
	p := &Policy{MaxAge: -1}
	text := string(file)
	if len(text) > MaxPolicy {
		p.note(TooLong, MaxPolicy, "")
		text = text[:MaxPolicy]
	}
	if !utf8.ValidString(text) {
		p.note(BadEncoding, -1, "")
	}
	seen := map[string]bool{}
	at := 0
	for line := range strings.Lines(text) {
		start := at
		at += len(line)
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if i := strings.IndexByte(line, '\r'); i >= 0 {
			p.note(BareCR, start+i, "")
		}
		if len(p.Fields) >= MaxMX+100 {
			p.note(TooLong, start, "")
			break
		}
		p.line(line, start, seen)
	}
	p.complete(seen)
	slices.SortStableFunc(p.Defects, func(a, b Defect) int { return cmp.Compare(uint(a.Position), uint(b.Position)) })
	return p
}

func (p *Policy) note(code string, position int, about string) {
	if len(p.Defects) < 1000 {
		p.Defects = append(p.Defects, Defect{Code: code, Position: position, Text: taglist.Cut(about)})
	}
}

func (p *Policy) line(line string, at int, seen map[string]bool) {
	if strings.Trim(line, " \t") == "" {
		p.note(EmptyLine, at, "")
		return
	}
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		p.note(BadLine, at, line)
		return
	}
	f := Field{Name: strings.Trim(key, " \t"), Position: at}
	if f.Name != key {
		p.note(LeadingSpace, at, line)
	}
	lead := len(value) - len(strings.TrimLeft(value, " \t"))
	f.Value, f.ValuePosition = strings.Trim(value, " \t"), at+len(key)+1+lead
	if !fieldName(f.Name) {
		p.note(BadLine, at, line)
		return
	}
	p.Fields = append(p.Fields, f)
	if f.Name != "mx" {
		if seen[f.Name] {
			p.note(DuplicateField, at, line)
			return
		}
		seen[f.Name] = true
	}
	p.field(f)
}

// field takes in one field. Names and the values of version and mode are compared as
// they are written (%s in the grammar).
func (p *Policy) field(f Field) {
	switch f.Name {
	case "version":
		if p.Version = f.Value; f.Value != "STSv1" {
			p.note(BadVersion, f.ValuePosition, f.Value)
		}
	case "mode":
		switch m := Mode(f.Value); m {
		case Enforce, Testing, ModeNone:
			p.Mode = m
		default:
			p.note(BadMode, f.ValuePosition, f.Value)
		}
	case "max_age":
		n, err := strconv.ParseUint(f.Value, 10, 63)
		switch {
		case err != nil || len(f.Value) > 10:
			p.note(BadMaxAge, f.ValuePosition, f.Value)
		default:
			if p.MaxAge = int64(n); n > MaxAge {
				p.note(MaxAgeTooLong, f.ValuePosition, f.Value)
			}
		}
	case "mx":
		pattern := strings.ToLower(f.Value)
		switch {
		case !validPattern(pattern):
			p.note(BadMX, f.ValuePosition, f.Value)
		case slices.Contains(p.MX, pattern):
			p.note(MXRepeated, f.ValuePosition, f.Value)
		case len(p.MX) == MaxMX:
			p.note(TooLong, f.Position, "")
		default:
			p.MX = append(p.MX, pattern)
		}
	default:
		p.note(UnknownKey, f.Position, f.Name)
	}
}

func (p *Policy) complete(seen map[string]bool) {
	for _, k := range [][2]string{{"version", MissingVersion}, {"mode", MissingMode}, {"max_age", MissingMaxAge}} {
		if !seen[k[0]] {
			p.note(k[1], -1, "")
		}
	}
	if len(p.MX) == 0 && p.Mode != ModeNone {
		p.note(MissingMX, -1, "")
	}
}

// validPattern is sts-policy-mx-value: [ "*." ] Domain (RFC 5321 section 4.1.2).
func validPattern(s string) bool {
	s = strings.TrimPrefix(s, "*.")
	if s == "" || len(s) > 253 {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			if !alphanumeric(l[i]) && l[i] != '-' {
				return false
			}
		}
	}
	return true
}

// Match reports whether a mail host fits one pattern (section 4.1): the same name, or
// for "*." exactly one label more.
func Match(pattern, host string) bool {
	pattern = strings.ToLower(strings.TrimSuffix(pattern, "."))
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if rest, ok := strings.CutPrefix(pattern, "*."); ok {
		label, parent, dotted := strings.Cut(host, ".")
		return dotted && label != "" && parent == rest
	}
	return host != "" && host == pattern
}

// Allows reports whether a mail host fits one of the policy's patterns.
func (p *Policy) Allows(host string) bool {
	return slices.ContainsFunc(p.MX, func(pattern string) bool { return Match(pattern, host) })
}
