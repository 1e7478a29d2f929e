package smtpprobe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"peil/internal/fact"
)

// Bounds of what is read and of what is kept.
const (
	keptLines  = 50
	keptOctets = 512 // of a line (RFC 5321 section 4.5.3.1.5)
	maxLine    = 4 << 10
	maxLines   = 1000     // of one reply
	maxOctets  = 64 << 10 // of one connection, until TLS begins
)

// What is wrong with a reply.
var (
	// errNoSMTP is a line that is no reply (RFC 5321 section 4.2).
	errNoSMTP = errors.New("no SMTP reply")
	// errMixed are lines of one reply with different codes (RFC 5321 section 4.2.1).
	errMixed = errors.New("a reply with several codes")
	// errFlood is more than anybody has to say.
	errFlood = errors.New("a reply without end")
)

// malformed reports whether an error says that what came was not SMTP.
func malformed(err error) bool {
	return errors.Is(err, errNoSMTP) || errors.Is(err, errMixed) || errors.Is(err, errFlood)
}

// parseLine reads a line of a reply without its end: a code of three digits and, unless
// the line ends there, a space for the last line or a hyphen when more follow.
func parseLine(line []byte) (code int, text []byte, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return 0, nil, false, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, nil, false, false
		}
		code = 10*code + int(c-'0')
	}
	switch {
	case len(line) == 3:
		return code, nil, false, true
	case line[3] == '-':
		return code, line[4:], true, true
	case line[3] == ' ':
		return code, line[4:], false, true
	}
	return 0, nil, false, false
}

// enhanced returns the status code of RFC 3463 at the beginning of a reply's text (RFC
// 2034 section 3), "" when there is none. Its class must be that of the reply code.
func enhanced(code int, text string) string {
	word, _, _ := strings.Cut(text, " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 || len(word) > 9 || parts[0] != string(rune('0'+code/100)) || parts[0] == "3" {
		return ""
	}
	for _, p := range parts {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" || len(p) > 1 && p[0] == '0' {
			return ""
		}
	}
	return word
}

// keyword reads the name of an extension from a line of a reply to EHLO (RFC 5321
// section 4.1.1.1), upper case. The form "AUTH=LOGIN" of old servers counts as AUTH.
func keyword(text []byte) string {
	if i := bytes.IndexAny(text, " \t="); i >= 0 {
		text = text[:i]
	}
	if len(text) == 0 || len(text) > 64 || text[0] == '-' {
		return ""
	}
	for _, c := range text {
		if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return ""
		}
	}
	return strings.ToUpper(string(text))
}

// overwritten reports whether a word was overwritten on the way, as some firewalls do
// with what they do not want to be seen: X's, or X's and one other letter ("XXXXXXXA" for
// STARTTLS).
func overwritten(word string) bool {
	return strings.HasPrefix(word, "XXXX") && len(strings.TrimLeft(word, "X")) <= 1
}

// readable is a line as it is kept: what is no text of UTF-8 is replaced.
func readable(line []byte) string {
	var b strings.Builder
	for _, r := range string(line) {
		if r != '\t' && unicode.IsControl(r) {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r) > keptOctets {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// replies takes replies from what a server sends. What has come behind a reply stays in
// rest, and is the beginning of the next.
type replies struct {
	from io.Reader
	rest []byte // received and not yet used
	all  int    // octets received
	end  error  // what reading ended with
}

// line returns the next line without its end, LF or CR LF. It is valid until the next
// call.
func (r *replies) line() ([]byte, error) {
	for from := 0; ; {
		if i := bytes.IndexByte(r.rest[from:], '\n'); i >= 0 {
			line := r.rest[:from+i]
			r.rest = r.rest[from+i+1:]
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
		switch {
		case len(r.rest) > maxLine || r.all > maxOctets:
			return r.rest, errFlood
		case r.end != nil:
			return r.rest, r.end
		}
		from = len(r.rest)
		if cap(r.rest) == from {
			r.rest = append(make([]byte, 0, max(2*from, 1<<10)), r.rest...)
		}
		n, err := r.from.Read(r.rest[from:cap(r.rest)])
		r.rest, r.all, r.end = r.rest[:from+n], r.all+n, err
	}
}

// reply reads one reply. each is called with the text of every line; nil does without.
// With an error comes what was read of the reply, nil for nothing.
func (r *replies) reply(each func(i int, text []byte)) (*fact.Reply, error) {
	var out *fact.Reply
	for i := range maxLines {
		line, err := r.line()
		if err != nil {
			if out == nil && len(line) > 0 {
				out = &fact.Reply{Lines: []string{readable(line)}}
			}
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return out, err
		}
		code, text, more, ok := parseLine(line)
		switch {
		case !ok:
			if out == nil {
				out = &fact.Reply{}
			}
			keep(out, line)
			return out, fmt.Errorf("%w: %.64q", errNoSMTP, line)
		case out == nil:
			out = &fact.Reply{Code: code, Enhanced: enhanced(code, string(text))}
		case code != out.Code:
			keep(out, line)
			return out, fmt.Errorf("%w: %d and %d", errMixed, out.Code, code)
		}
		keep(out, line)
		if each != nil {
			each(i, text)
		}
		if !more {
			return out, nil
		}
	}
	return out, errFlood
}

// keep puts a line into a reply, as long as there is room.
func keep(r *fact.Reply, line []byte) {
	if len(r.Lines) < keptLines {
		r.Lines = append(r.Lines, readable(line))
	}
}
