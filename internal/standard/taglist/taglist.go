// Package taglist cuts a text of the form "tag=value; tag=value" (RFC 6376 section
// 3.2, which DMARC, BIMI, MTA-STS and TLS-RPT share in outline) into its tags, each
// with its place. What names and values may be is for each of those standards to say.
package taglist

// MaxTags is how many tags are kept.
const MaxTags = 200

// Tag is one tag. Positions count bytes of the text from 0.
type Tag struct {
	Name          string // as written, white space around it dropped
	Value         string // likewise
	Position      int    // of the name, or of what stands where a tag should
	ValuePosition int    // of the value, -1 without "="
	Spaced        bool   // there was white space beside the "="
}

// Defect is what is wrong at a place: a code, the byte of the text counted from 0 or
// -1 for the text as a whole, and what it is about, cut at 100 bytes.
type Defect struct {
	Code     string
	Position int
	Text     string
}

// List is a cut text.
type List struct {
	Tags []Tag
	// Empty are the places of empty elements (";;"), the one after the last ";" apart.
	Empty []int
	// Closed says that a ";" ends the text.
	Closed bool
	// Truncated says that there were more than MaxTags.
	Truncated bool
}

// Split cuts a text.
func Split(text string) List {
	var l List
	for i := 0; i <= len(text); {
		end := i
		for end < len(text) && text[end] != ';' {
			end++
		}
		from, to := trim(text, i, end)
		switch {
		case from < to && len(l.Tags) == MaxTags:
			l.Truncated = true
			return l
		case from < to:
			l.Tags = append(l.Tags, tag(text, from, to))
		case end < len(text):
			l.Empty = append(l.Empty, from)
		case i > 0: // nothing after the last ";"
			l.Closed = true
		}
		i = end + 1
	}
	return l
}

func tag(text string, from, to int) Tag {
	eq := from
	for eq < to && text[eq] != '=' {
		eq++
	}
	_, nameEnd := trim(text, from, eq)
	t := Tag{Name: text[from:nameEnd], Position: from, ValuePosition: -1}
	if eq == to {
		return t
	}
	v, vEnd := trim(text, eq+1, to)
	t.Value, t.ValuePosition = text[v:vEnd], v
	t.Spaced = nameEnd != eq || v != eq+1
	return t
}

// trim drops folding white space (RFC 5322 section 3.2.2) at both ends.
func trim(s string, from, to int) (int, int) {
	for from < to && space(s[from]) {
		from++
	}
	for to > from && space(s[to-1]) {
		to--
	}
	return from, to
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// Word reports whether a name is made of letters, digits and "_" and begins with a
// letter (RFC 6376 section 3.2: tag-name).
func Word(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// Cut shortens what a defect is about.
func Cut(s string) string {
	if len(s) > 100 {
		return s[:100]
	}
	return s
}
