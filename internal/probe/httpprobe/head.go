package httpprobe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a response's head. Real servers stay below 16 KiB (the default limit of
// browsers and of most proxies is larger than what any of them sends).
const (
	maxHeadBytes = 64 << 10
	maxHeadLines = 200
	maxInterim   = 5 // 1xx responses before the real one
)

// What can be wrong with a response as such.
var (
	errMalformed = errors.New("not an HTTP response")
	errTooLarge  = errors.New("header block too large")
)

// Line is one header line: the name in canonical form, the value as received without
// the white space around it.
type Line struct{ Name, Value string }

// Head is the start of a response: status line and header lines in wire order.
type Head struct {
	Proto  string // "HTTP/1.1"
	Status int
	Lines  []Line
}

// values returns the values of a header in the order received.
func (h *Head) values(name string) []string {
	var vs []string
	for _, l := range h.Lines {
		if l.Name == name {
			vs = append(vs, l.Value)
		}
	}
	return vs
}

// first returns the first value of a header, or "".
func (h *Head) first(name string) string {
	for _, l := range h.Lines {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// ReadHead reads status line and header block of an HTTP/1.x response (RFC 9112
// sections 4 and 5), passing over interim responses. It is as forgiving as browsers
// are where that is harmless (bare LF, folded lines, white space before the colon,
// lines without a colon are dropped) and refuses what is not HTTP at all.
func ReadHead(r *bufio.Reader) (*Head, error) {
	budget := maxHeadBytes
	for range maxInterim {
		h, err := readOneHead(r, &budget)
		if err != nil {
			return nil, err
		}
		if h.Status >= 200 || h.Status == 101 {
			return h, nil
		}
	}
	return nil, fmt.Errorf("%w: nothing but interim responses", errMalformed)
}

func readOneHead(r *bufio.Reader, budget *int) (*Head, error) {
	line, err := readLine(r, budget)
	if err != nil {
		return nil, err
	}
	h, err := parseStatusLine(line)
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		line, err := readLine(r, budget)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return h, nil
		}
		if n >= maxHeadLines {
			return nil, errTooLarge
		}
		if line[0] == ' ' || line[0] == '\t' { // obs-fold, RFC 9112 section 5.2
			if k := len(h.Lines) - 1; k >= 0 {
				h.Lines[k].Value = strings.TrimSpace(h.Lines[k].Value + " " + text(bytes.TrimSpace(line)))
			}
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		name = bytes.TrimRight(name, " \t")
		if !ok || !isToken(name) {
			continue
		}
		h.Lines = append(h.Lines, Line{canonical(string(name)), text(bytes.Trim(value, " \t"))})
	}
}

// readLine reads up to LF, which it takes off with a CR before it.
func readLine(r *bufio.Reader, budget *int) ([]byte, error) {
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		*budget -= len(part)
		if *budget < 0 {
			return nil, errTooLarge
		}
		if err == nil {
			if long != nil {
				part = append(long, part...)
			}
			part = part[:len(part)-1]
			if n := len(part); n > 0 && part[n-1] == '\r' {
				part = part[:n-1]
			}
			return part, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		long = append(long, part...)
	}
}

// parseStatusLine reads "HTTP/1.1 200 OK" (RFC 9112 section 4).
func parseStatusLine(line []byte) (*Head, error) {
	proto, rest, _ := bytes.Cut(line, []byte(" "))
	if string(proto) != "HTTP/1.1" && string(proto) != "HTTP/1.0" {
		return nil, errMalformed
	}
	rest = bytes.TrimLeft(rest, " ")
	code, _, _ := bytes.Cut(rest, []byte(" "))
	if len(code) != 3 {
		return nil, errMalformed
	}
	status := 0
	for _, c := range code {
		if c < '0' || c > '9' {
			return nil, errMalformed
		}
		status = status*10 + int(c-'0')
	}
	if status < 100 {
		return nil, errMalformed
	}
	return &Head{Proto: string(proto), Status: status}, nil
}

// text makes a string that survives JSON unchanged: what is not UTF-8 is read as
// ISO 8859-1, as HTTP once meant it, and control characters become spaces.
func text(b []byte) string {
	s := string(b)
	if !utf8.ValidString(s) {
		var w strings.Builder
		for _, c := range b {
			w.WriteRune(rune(c))
		}
		s = w.String()
	}
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, s))
}

func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// isToken reports whether b is a field name (RFC 9110 section 5.6.2).
func isToken(b []byte) bool {
	if len(b) == 0 || len(b) > 256 {
		return false
	}
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// canonical spells a field name as the standards do: each part of it with a capital,
// except the few that are written otherwise.
func canonical(name string) string {
	b := []byte(name)
	upper := true
	for i, c := range b {
		switch {
		case upper && 'a' <= c && c <= 'z':
			b[i] = c - 32
		case !upper && 'A' <= c && c <= 'Z':
			b[i] = c + 32
		}
		upper = c == '-'
	}
	return string(b)
}
