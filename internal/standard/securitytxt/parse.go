package securitytxt

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
)

const (
	beginMessage   = "-----BEGIN PGP SIGNED MESSAGE-----"
	beginSignature = "-----BEGIN PGP SIGNATURE-----"
	endSignature   = "-----END PGP SIGNATURE-----"
)

// uriFields are those whose value is a URI (RFC 9116 section 2.5, CSAF 2.0 section
// 7.1.8).
var uriFields = map[string]bool{
	"acknowledgments": true, "canonical": true, "contact": true, "csaf": true, "encryption": true, "hiring": true, "policy": true,
}

type parser struct {
	f      *File
	line   int
	inSig  bool
	sigEnd bool
	inHead bool // between the first line of a signed message and its empty line
	armor  []string
}

// Parse reads a file. Its result is never nil.
func Parse(body []byte) *File {
	p := &parser{f: &File{}}
	if len(body) > MaxSize {
		body = body[:MaxSize]
		p.defect(TooLong, 1, "")
	}
	if b, ok := bytes.CutPrefix(body, []byte("\xef\xbb\xbf")); ok {
		p.line = 1
		p.defect(BOM, 1, "")
		body = b
	}
	if !utf8.Valid(body) {
		line, col := invalidAt(body)
		p.line = line
		p.defect(UTF8, col, "")
	}
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		p.line = i + 1
		p.parseLine(l)
	}
	p.line = 0
	if len(body) > 0 && !strings.HasSuffix(text, "\n") {
		p.line = len(lines)
		p.defect(NoLineSeparators, len(lines[len(lines)-1])+1, "")
		p.line = 0
	}
	p.whole(lines)
	return p.f
}

func invalidAt(b []byte) (line, col int) {
	line, col = 1, 1
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return line, col
		}
		if r == '\n' {
			line, col = line+1, 0
		}
		col += n
		b = b[n:]
	}
	return line, col
}

func (p *parser) defect(code string, col int, text string) {
	if len(p.f.Defects) < MaxDefects {
		p.f.Defects = append(p.f.Defects, Defect{Code: code, Line: p.line, Column: col, Text: cut(text)})
	}
}

func cut(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "")
	}
	return s
}

func (p *parser) parseLine(raw string) {
	line := strings.TrimRight(raw, " \t\r\v\f\u0085\u00a0")
	if i := strings.IndexByte(strings.TrimSuffix(raw, "\r"), '\r'); i >= 0 {
		p.defect(BareCR, i+1, "")
	}
	switch {
	case p.inSig:
		if line == endSignature {
			p.inSig, p.sigEnd = false, true
		} else {
			p.armor = append(p.armor, line)
		}
		return
	case p.sigEnd:
		if line != "" {
			p.defect(DataAfterSig, 1, line)
		}
		return
	case line == beginMessage:
		if p.line == 1 {
			p.f.Signed, p.inHead = true, true
		} else {
			p.defect(SignedFormatIssue, 1, line)
		}
		return
	case line == beginSignature:
		if p.f.Signed {
			p.inSig = true
		} else {
			p.defect(SignedFormatIssue, 1, line)
		}
		return
	}
	if p.inHead {
		// RFC 9580 section 7: one or more Hash headers (or none), then one empty line.
		if line == "" {
			p.inHead = false
			return
		}
		if name, _, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "hash") {
			return
		}
		p.defect(HashNotFirst, 1, line)
		p.inHead = false
	}
	if p.f.Signed {
		line = strings.TrimPrefix(line, "- ") // dash escapes, RFC 9580 section 7.1
		if name, _, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "hash") {
			return
		}
	}
	switch {
	case line == "" || line[0] == '#':
	case strings.Contains(line, ":"):
		p.parseField(line)
	default:
		p.defect(InvalidLine, 1, line)
	}
}

func (p *parser) parseField(line string) {
	key, value, _ := strings.Cut(line, ":")
	col := len(key) + 1
	name := strings.ToLower(key)
	if t := strings.TrimRight(name, " \t\v\f"); t != name {
		p.defect(PrecWS, len(t)+1, line)
		name = t
	}
	if value != "" && value[0] != ' ' {
		p.defect(NoSpace, col+1, line)
	}
	value = strings.TrimLeft(value, " \t\v\f")
	switch {
	case name == "":
		p.defect(EmptyKey, 1, line)
		return
	case value == "":
		p.defect(EmptyValue, col+1, line)
		return
	}
	if i := strings.IndexFunc(name, func(r rune) bool { return r < 33 || r > 126 }); i >= 0 {
		p.defect(InvalidKey, i+1, name) // RFC 5322 section 3.6.8
	}
	p.f.Fields = append(p.f.Fields, Field{Line: p.line, Name: name, Value: value})
	vcol := len(line) - len(value) + 1
	switch {
	case uriFields[name]:
		switch scheme(value) {
		case "":
			p.defect(NoURI, vcol, value)
		case "http":
			p.defect(NoHTTPS, vcol, value)
		}
	case name == "expires":
		if _, strict, ok := parseExpiry(value); !ok {
			p.defect(InvalidExpiry, vcol, value)
		} else if !strict {
			p.defect(ExpirySpace, vcol, value)
		}
	case name == "preferred-languages":
		for tag := range strings.SplitSeq(value, ",") {
			if !validTag(strings.TrimSpace(tag)) {
				p.defect(InvalidLang, vcol, tag)
			}
		}
	default:
		p.defect(UnknownField, 1, name)
	}
}

// whole looks at what concerns the file as a whole.
func (p *parser) whole(lines []string) {
	f := p.f
	switch n := len(f.Values("expires")); {
	case n == 0:
		p.defect(NoExpire, 0, "")
	case n > 1:
		p.defect(MultiExpire, 0, "")
	}
	contacts := f.Values("contact")
	if len(contacts) == 0 {
		p.defect(NoContact, 0, "")
	}
	for _, c := range contacts {
		if strings.HasPrefix(c, "mailto:") && len(f.Values("encryption")) == 0 {
			p.defect(NoEncryption, 0, c)
			break
		}
	}
	if len(f.Values("preferred-languages")) > 1 {
		p.defect(MultiLang, 0, "")
	}
	csaf := f.Values("csaf")
	for _, c := range csaf {
		if !strings.HasSuffix(c, "provider-metadata.json") {
			p.defect(NoCSAFFile, 0, c)
			break
		}
	}
	if len(csaf) > 1 {
		p.defect(MultipleCSAF, 0, "")
	}
	if !f.Signed {
		p.defect(NotSigned, 0, "")
		return
	}
	if len(f.Values("canonical")) == 0 {
		p.defect(NoCanonical, 0, "")
	}
	switch {
	case !p.sigEnd:
		p.defect(PGPDataError, 0, "")
		return
	case !signaturePacket(p.armor):
		p.defect(PGPError, 0, "")
	default:
		f.Framed = true
	}
	// The text ends with one line end: the last element is what follows it.
	if n := len(lines); n >= 2 && blank(lines[n-1]) && blank(lines[n-2]) {
		p.defect(TooManySeparators, 0, "")
	}
}

func blank(s string) bool { return strings.TrimRight(s, "\r") == "" }

// signaturePacket reports whether armor (RFC 9580 section 6.2, without its first and
// last line) decodes to a packet of type 2 whose length fits.
func signaturePacket(armor []string) bool {
	body := armor
	for i, l := range armor {
		if l == "" { // headers end with an empty line
			body = armor[i+1:]
			break
		}
		if !strings.Contains(l, ": ") {
			break
		}
	}
	var b strings.Builder
	for _, l := range body {
		if strings.HasPrefix(l, "=") && len(l) == 5 { // CRC-24, section 6.1: not to be checked
			break
		}
		b.WriteString(l)
	}
	d, err := base64.StdEncoding.DecodeString(b.String())
	if err != nil || len(d) < 3 || d[0]&0x80 == 0 {
		return false
	}
	var tag, size, head int
	if d[0]&0x40 != 0 { // section 4.2.1
		tag = int(d[0] & 0x3f)
		switch {
		case d[1] < 192:
			size, head = int(d[1]), 2
		case d[1] < 224 && len(d) > 3:
			size, head = (int(d[1])-192)<<8+int(d[2])+192, 3
		default:
			return false // five bytes or partial: no signature is that long
		}
	} else { // section 4.2.2
		tag = int(d[0]>>2) & 0xf
		switch d[0] & 3 {
		case 0:
			size, head = int(d[1]), 2
		case 1:
			size, head = int(d[1])<<8|int(d[2]), 3
		default:
			return false
		}
	}
	return tag == 2 && size > 10 && head+size <= len(d)
}

// scheme is the scheme of a URI (RFC 3986 section 3.1) in lower case, or "".
func scheme(s string) string {
	i := strings.IndexByte(s, ':')
	if i < 1 {
		return ""
	}
	for j := range i {
		c := s[j] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (j == 0 || !strings.ContainsRune("0123456789+-.", rune(s[j]))) {
			return ""
		}
	}
	return strings.ToLower(s[:i])
}

var expiryForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[-+]\d{2}:\d{2})$`)

// parseExpiry reads a date and time of RFC 3339 section 5.6. A space in place of the
// T is read too, but is not strict.
func parseExpiry(v string) (t time.Time, strict, ok bool) {
	if len(v) > 100 || !expiryForm.MatchString(v) {
		return t, false, false
	}
	strict = v[10] != ' '
	t, err := time.Parse(time.RFC3339Nano, v[:10]+"T"+strings.ToUpper(v[11:]))
	return t.UTC(), strict, err == nil
}

// validTag reports whether s is a language tag of RFC 5646 with registered subtags.
func validTag(s string) bool {
	if s == "" || len(s) > 100 || strings.ContainsAny(s, "_ ") {
		return false
	}
	_, err := language.Parse(s)
	return err == nil
}
