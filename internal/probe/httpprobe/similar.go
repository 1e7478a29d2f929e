package httpprobe

import (
	"bytes"
	"strings"

	"golang.org/x/net/html/atom"

	"peil/internal/fact"
)

// Fingerprint is how often each byte occurs in a document that was stripped and
// serialised again as catalogue B.4 says. Python's quick_ratio looks at nothing else,
// so this is all that the comparison of two documents needs.
type Fingerprint struct {
	Status  int
	Hash    string      // of the document as received; "" when not known
	Bytes   [256]uint64 // a deep document of 500 kB is written as many gigabytes of spaces
	Length  uint64
	Limited bool // deeper than maxDepth, or with more than maxAttributes: not counted to the letter
}

const (
	maxDepth      = 512 // elements within each other
	maxAttributes = 200 // of an element
)

// same reports whether two documents are the same to the byte.
func (f *Fingerprint) same(g *Fingerprint) bool { return f.Hash != "" && f.Hash == g.Hash }

// Distance is 100 × (1 − quick_ratio): 0 for the same bytes, 100 for none in common.
func (f *Fingerprint) Distance(g *Fingerprint) float64 {
	if f.same(g) {
		return 0
	}
	total := f.Length + g.Length
	if total == 0 {
		return 0
	}
	var common uint64
	for i := range f.Bytes {
		common += min(f.Bytes[i], g.Bytes[i])
	}
	return 100 * (1 - 2*float64(common)/float64(total))
}

// Class sorts a distance by the limit of internet.nl and the margin that another
// serialiser needs (catalogue B.4).
func Class(distance float64) string {
	switch {
	case distance < 8:
		return "same"
	case distance <= 10:
		return "under"
	case distance <= 12:
		return "over"
	}
	return "differs"
}

// Compare holds what the two families served against each other.
func Compare(s fact.Similarity, v4, v6 *Visit) fact.Similarity {
	s.Ports4, s.Ports6 = ports(v4), ports(v6)
	switch {
	case len(s.Ports4) == 0:
		s.Reason, s.Gap = "no_answer_v4", silentGap(v4)
	case len(s.Ports6) == 0:
		s.Reason, s.Gap = "no_answer_v6", silentGap(v6)
	case len(s.Ports4) != len(s.Ports6) || s.Ports4[0] != s.Ports6[0]:
		s.Reason = "ports_differ"
		if s.Gap = silentGap(v4); s.Gap == "" {
			s.Gap = silentGap(v6)
		}
	}
	if s.Reason != "" {
		return s
	}
	a, b := v4.Plain, v6.Plain
	s.Scheme = "http"
	if s.Ports4[len(s.Ports4)-1] == 443 {
		s.Scheme, a, b = "https", v4.Secure, v6.Secure
	}
	if a == nil || b == nil {
		s.Reason = "read_error"
		for _, v := range []*Visit{v4, v6} {
			if s.Gap == "" {
				s.Gap = endGap(v, s.Scheme)
			}
		}
		return s
	}
	s.Status4, s.Status6 = a.Status, b.Status
	if (a.Limited || b.Limited) && !a.same(b) { // what we count of them is not what they are
		if s.Status4 == s.Status6 {
			s.Gap = fact.GapBudget
		}
		return s
	}
	s.Distance = a.Distance(b)
	s.Class = Class(s.Distance)
	return s
}

// Answered reports whether any port gave an HTTP response.
func (v *Visit) Answered() bool { return len(ports(v)) > 0 }

// ports are those that gave an HTTP response.
func ports(v *Visit) []int {
	var p []int
	if h := v.HTTP.Plain.First(); h != nil && h.Status != 0 {
		p = append(p, 80)
	}
	if h := v.HTTP.Secure.First(); h != nil && h.Status != 0 {
		p = append(p, 443)
	}
	return p
}

// silentGap is why a port gave no response, when that was our side.
func silentGap(v *Visit) fact.Gap {
	for _, f := range []*fact.Fetch{v.HTTP.Plain, v.HTTP.Secure} {
		if h := f.First(); h != nil && h.Status == 0 && h.Gap != "" {
			return h.Gap
		}
	}
	return ""
}

// endGap is why the chain of a scheme, or the page at its end, has no end, when that is
// not known to be the server's doing.
func endGap(v *Visit, scheme string) fact.Gap {
	f := v.HTTP.Plain
	if scheme == "https" {
		f = v.HTTP.Secure
	}
	if last := f.Last(); last != nil && f.Gap == "" {
		return last.BodyGap
	}
	return f.Gap
}

// prettifier counts the bytes that Python's html.parser with BeautifulSoup's prettify
// would write: one node per line, indented by one space per level; text stripped;
// script and style without nonce; no __VIEWSTATE inputs.
type prettifier struct {
	fp    *Fingerprint
	stack []string
	// quiet is the depth at which an element with preserved white space began.
	preserve int
	raw      bool   // inside script or style: no escaping
	pending  []byte // text that is not yet written: html.parser joins what touches
}

// void are the elements that BeautifulSoup's html.parser builder closes at once.
var void = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
	"keygen": true, "link": true, "menuitem": true, "meta": true, "param": true, "source": true, "track": true, "wbr": true,
	"basefont": true, "bgsound": true, "command": true, "frame": true, "image": true, "isindex": true, "nextid": true, "spacer": true,
}

func (p *prettifier) count(s string) {
	f := p.fp
	for i := range len(s) {
		f.Bytes[s[i]]++
	}
	f.Length += uint64(len(s))
}

func (p *prettifier) times(c byte, n int) {
	p.fp.Bytes[c] += uint64(n) //nolint:gosec // a count
	p.fp.Length += uint64(n)   //nolint:gosec // a count
}

// line counts what goes before and after a node: the indentation and the line's end.
func (p *prettifier) line(depth int) {
	if p.preserve == 0 {
		p.times(' ', depth)
		p.times('\n', 1)
	}
}

// escaped counts text with the entities of BeautifulSoup's minimal formatter.
func (p *prettifier) escaped(b []byte) {
	f := p.fp
	for _, c := range b {
		switch c {
		case '&':
			p.count("&amp;")
		case '<':
			p.count("&lt;")
		case '>':
			p.count("&gt;")
		default:
			f.Bytes[c]++
			f.Length++
		}
	}
}

func (p *prettifier) text(b []byte) {
	if p.fp != nil {
		p.pending = append(p.pending, b...)
	}
}

func (p *prettifier) flush() {
	b := p.pending
	p.pending = p.pending[:0]
	if p.preserve == 0 {
		if b = bytes.TrimSpace(b); len(b) == 0 {
			return
		}
	}
	if p.raw {
		p.count(string(b))
	} else {
		p.escaped(b)
	}
	p.line(len(p.stack))
}

func (p *prettifier) start(e *element, selfClosing bool) {
	if p.fp == nil {
		return
	}
	p.flush()
	if e.atom == atom.Input {
		if v, _ := e.attr("name"); v == "__VIEWSTATE" {
			return
		}
	}
	closed := void[e.name]
	p.count("<" + e.name)
	for i, a := range e.attrs {
		if a.name == "nonce" && (e.atom == atom.Script || e.atom == atom.Style) {
			continue
		}
		if v, _ := e.attr(a.name); v != a.value && i > 0 {
			continue // html.parser's builder keeps one of each name
		}
		v := a.value
		if (a.name == "class" || a.name == "rel") && strings.ContainsAny(v, " \t\n\r\f") {
			v = strings.Join(strings.Fields(v), " ")
		}
		p.count(" " + a.name + `="`)
		p.escaped([]byte(v))
		p.times('"', 1)
	}
	if closed {
		p.count("/>")
		p.line(len(p.stack))
		return
	}
	p.times('>', 1)
	p.line(len(p.stack))
	if selfClosing { // <div/> is opened and closed
		p.count("</" + e.name + ">")
		p.line(len(p.stack))
		return
	}
	p.stack = append(p.stack, e.name)
	p.fp.Limited = p.fp.Limited || len(p.stack) > maxDepth
	p.raw = e.atom == atom.Script || e.atom == atom.Style
	if p.preserve == 0 && (e.atom == atom.Pre || e.atom == atom.Textarea) {
		p.preserve = len(p.stack)
	}
}

// end closes the innermost element of that name and all within; without one it does
// nothing.
func (p *prettifier) end(name string) {
	if p.fp == nil {
		return
	}
	p.flush()
	p.raw = false
	for i := len(p.stack) - 1; i >= 0 && len(p.stack)-i <= maxDepth; i-- {
		if p.stack[i] == name {
			p.pop(i)
			return
		}
	}
}

func (p *prettifier) pop(to int) {
	for i := len(p.stack) - 1; i >= to; i-- {
		name := p.stack[i]
		p.stack = p.stack[:i]
		if p.preserve > len(p.stack) {
			p.preserve = 0
		}
		p.count("</" + name + ">")
		p.line(len(p.stack))
	}
}

// other is a comment or a document type, between before and after.
func (p *prettifier) other(before string, b []byte, after string) {
	if p.fp == nil {
		return
	}
	p.flush()
	p.count(before)
	p.count(string(b))
	p.count(after)
	p.line(len(p.stack))
}

func (p *prettifier) finish() {
	if p.fp != nil {
		p.flush()
		p.pop(0)
	}
}
