package spf

import (
	"net/netip"
	"strconv"
	"strings"

	"peil/internal/standard/lookup"
)

// Spec is a domain-spec or an explanation text with its macros (section 7.1).
type Spec struct {
	Text  string
	Parts []Part
}

// Part is a piece of literal text, or a macro when Letter is not 0.
type Part struct {
	Literal string
	Letter  byte   // in lower case
	Escape  bool   // it was in upper case: the value is URL-escaped
	Keep    int    // how many parts at the right are kept, 0 for all
	Reverse bool   // the parts are put in reverse order
	Split   string // the characters that divide the value, "." by default
}

// parseSpec reads
//
//	macro-string = *( macro-expand / macro-literal )
//	macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
//	domain-end   = ( "." toplabel [ "." ] ) / macro-expand
//
// name asks for a domain-end; text is an explanation, in which spaces and the letters c,
// r and t may stand. A defect is a code and its offset.
func parseSpec(s string, name, text bool) (spec *Spec, code string, offset int) {
	spec = &Spec{Text: s}
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			spec.Parts = append(spec.Parts, Part{Literal: lit.String()})
			lit.Reset()
		}
	}
	macroEnds := 0 // where the last macro-expand ended
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '%':
			if i+1 == len(s) {
				return nil, BadMacro, i
			}
			switch s[i+1] {
			case '%':
				lit.WriteByte('%')
			case '_':
				lit.WriteByte(' ')
			case '-':
				lit.WriteString("%20")
			case '{':
				p, n := parsePart(s[i+2:], text)
				if n < 0 {
					return nil, BadMacro, i
				}
				flush()
				spec.Parts = append(spec.Parts, p)
				i += n
			default:
				return nil, BadMacro, i
			}
			i += 2
			macroEnds = i
		case c < 0x21 || c > 0x7e:
			if c != ' ' || !text {
				return nil, BadCharacter, i
			}
			fallthrough
		default:
			lit.WriteByte(c)
			i++
		}
	}
	flush()
	if name && macroEnds != len(s) && !domainEnd(s[macroEnds:]) {
		return nil, BadDomain, 0
	}
	return spec, "", 0
}

// parsePart reads the inside of "%{…}" and the "}"; n is its length, -1 when it is bad.
func parsePart(s string, text bool) (p Part, n int) {
	if s == "" {
		return p, -1
	}
	p.Letter = s[0] | 0x20
	letters := "slodiphv"
	if text {
		letters = "slodiphvcrt"
	}
	if !letter(s[0]) || strings.IndexByte(letters, p.Letter) < 0 {
		return p, -1
	}
	p.Escape = s[0] < 'a'
	i := 1
	start := i
	for i < len(s) && digit(s[i]) {
		i++
	}
	if i > start {
		keep, err := strconv.Atoi(s[start:i])
		switch {
		case err != nil:
			keep = 128 // more than a name has labels
		case keep == 0:
			return p, -1 // section 7.3: must be nonzero
		}
		p.Keep = min(keep, 128)
	}
	if i < len(s) && s[i]|0x20 == 'r' {
		p.Reverse = true
		i++
	}
	start = i
	for i < len(s) && strings.IndexByte(".-+,/_=", s[i]) >= 0 {
		i++
	}
	p.Split = s[start:i]
	if p.Split == "" {
		p.Split = "."
	}
	if i == len(s) || s[i] != '}' {
		return p, -1
	}
	return p, i + 1
}

// domainEnd reports whether s ends in "." toplabel [ "." ]:
//
//	toplabel = ( *alphanum ALPHA *alphanum ) /
//	           ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
func domainEnd(s string) bool {
	s = strings.TrimSuffix(s, ".")
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return false
	}
	label := s[i+1:]
	special := false // a letter or a hyphen: not digits alone
	for j := range len(label) {
		c := label[j]
		if !letter(c) && !digit(c) && c != '-' {
			return false
		}
		special = special || !digit(c)
	}
	return special && label[0] != '-' && label[len(label)-1] != '-'
}

// Macros reports whether the text has a macro that needs something from outside it.
func (s *Spec) Macros() bool {
	for i := range s.Parts {
		if s.Parts[i].Letter != 0 {
			return true
		}
	}
	return false
}

// Static is the name that the text stands for whoever sends: domain is that of the
// record, origin that of the sender. false when it depends on more than these.
func (s *Spec) Static(domain, origin string) (string, bool) {
	for i := range s.Parts {
		switch s.Parts[i].Letter {
		case 0, 'd', 'o':
		default:
			return "", false
		}
	}
	return s.name(func(c byte) string {
		if c == 'd' {
			return domain
		}
		return origin
	}), true
}

// expand puts the values of the macros in.
func (s *Spec) expand(value func(letter byte) string) string {
	var b strings.Builder
	for i := range s.Parts {
		p := &s.Parts[i]
		if p.Letter == 0 {
			b.WriteString(p.Literal)
			continue
		}
		v := p.transform(value(p.Letter))
		if p.Escape {
			v = escape(v)
		}
		b.WriteString(v)
		if b.Len() > MaxLength {
			break
		}
	}
	return b.String()
}

// name is the expansion as a name to ask: of more than 253 characters labels are
// dropped from the left (section 7.3).
func (s *Spec) name(value func(letter byte) string) string {
	n := lookup.Canonical(s.expand(value))
	for len(n) > 253 {
		_, rest, ok := strings.Cut(n, ".")
		if !ok {
			break
		}
		n = rest
	}
	return n
}

// transform is section 7.3: split, reverse, keep, join with dots.
func (p *Part) transform(v string) string {
	if p.Split == "." && !p.Reverse && p.Keep == 0 {
		return v
	}
	var parts []string
	start := 0
	for i := 0; i <= len(v); i++ {
		if i == len(v) || strings.IndexByte(p.Split, v[i]) >= 0 {
			parts = append(parts, v[start:i])
			start = i + 1
		}
	}
	if p.Reverse {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	if p.Keep > 0 && p.Keep < len(parts) {
		parts = parts[len(parts)-p.Keep:]
	}
	return strings.Join(parts, ".")
}

// escape is the URL escaping of section 7.3: all but unreserved of RFC 3986 section 2.3.
func escape(v string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(v) {
		c := v[i]
		if letter(c) || digit(c) || c == '-' || c == '.' || c == '_' || c == '~' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// dotted is the i macro (section 7.3): an IPv6 address as nibbles with dots.
func dotted(ip netip.Addr) string {
	if ip.Is4() {
		return ip.String()
	}
	const hex = "0123456789ABCDEF"
	a := ip.As16()
	b := make([]byte, 0, 63)
	for i, c := range a {
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, hex[c>>4], '.', hex[c&15])
	}
	return string(b)
}

// reverse is the name at which the PTR records of an address stand (RFC 1035 section
// 3.5, RFC 3596 section 2.5).
func reverse(ip netip.Addr) string {
	p := Part{Reverse: true, Split: "."}
	if ip.Is4() {
		return p.transform(ip.String()) + ".in-addr.arpa"
	}
	return strings.ToLower(p.transform(dotted(ip))) + ".ip6.arpa"
}
