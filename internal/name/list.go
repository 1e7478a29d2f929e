package name

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"unicode/utf8"
)

// LineError is a line of a list that could not be used. The rest of the list can.
type LineError struct {
	Line int    // from 1
	Text string // what stands there, shortened
	Err  error
}

// Error gives number, text and reason.
func (e *LineError) Error() string {
	return fmt.Sprintf("line %d: %q %v", e.Line, e.Text, e.Err)
}

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

// Counts is what a list held.
type Counts struct {
	Names      int // given out
	Duplicates int // given out before, and merged
	Wrong      int // lines that were not a name
}

// List reads a list of names: one a line, or a CSV with a column "name". It takes
// names and URLs, U- and A-labels, final dots, comments (# at the beginning or after
// a space), blank lines, CRLF and a byte order mark. It reads as it goes: of a million
// names it keeps a hash of 8 bytes each, to merge duplicates.
type List struct {
	in     *bufio.Reader
	line   int // of what was last given out
	read   int // lines read, those in again not counted
	begun  bool
	comma  rune      // of a CSV; 0 for a plain list
	column int       // of a CSV: where the name stands
	again  []rawLine // lines that were taken for the rest of a quoted field, and are not

	seed   maphash.Seed
	seen   map[uint64]struct{}
	counts Counts
	end    error // what Next returns from now on
}

const (
	maxLine  = 64 << 10 // the rest of a longer line is skipped
	maxLines = 100      // of a CSV record, which may have line breaks in its quotes
)

// rawLine is a line as it stands, without its line end, or why it cannot be read.
type rawLine struct {
	text string
	err  error
}

// NewList reads a list from r.
func NewList(r io.Reader) *List {
	return &List{in: bufio.NewReaderSize(r, maxLine), seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// Next returns the next name that was not there before. A *LineError tells of a wrong
// line; call Next again for what follows. At the end it is io.EOF; any other error
// means that reading failed.
func (l *List) Next() (Name, error) {
	for l.end == nil {
		typed, err := l.next()
		if err != nil {
			if le := (*LineError)(nil); errors.As(err, &le) {
				l.counts.Wrong++
			} else {
				l.end = err
			}
			return Name{}, err
		}
		n, err := Parse(typed)
		if err != nil {
			l.counts.Wrong++
			return Name{}, &LineError{l.line, cut(typed), err}
		}
		h := maphash.String(l.seed, n.ASCII)
		if _, dup := l.seen[h]; dup {
			l.counts.Duplicates++
			continue
		}
		l.seen[h] = struct{}{}
		l.counts.Names++
		return n, nil
	}
	return Name{}, l.end
}

// Line is the number of the line that the last name came from.
func (l *List) Line() int { return l.line }

// Counts is what was read so far.
func (l *List) Counts() Counts { return l.counts }

// next returns what stands in the next line or record that holds something.
func (l *List) next() (string, error) {
	if !l.begun {
		l.begun = true
		if err := l.mark(); err != nil {
			return "", err
		}
	}
	for {
		if l.comma != 0 {
			typed, err := l.record()
			if err != nil || typed != "" {
				return typed, err
			}
			continue
		}
		line, err := l.readLine()
		if err != nil {
			return "", err
		}
		if line == "" {
			continue
		}
		if l.counts == (Counts{}) && l.header(line) {
			continue
		}
		return line, nil
	}
}

// mark skips a byte order mark.
func (l *List) mark() error {
	b, _ := l.in.Peek(3)
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		_, _ = l.in.Discard(3)
	}
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return errors.New("the list is in UTF-16: save it as UTF-8")
	}
	return nil
}

// readLine returns the next line without comment and white space around it.
func (l *List) readLine() (string, error) {
	line, err := l.raw()
	l.line = l.read
	return uncomment(line), err
}

// raw returns the next line as it stands, without its line end.
func (l *List) raw() (string, error) {
	if len(l.again) > 0 {
		line := l.again[0]
		l.again = l.again[1:]
		l.read++
		return line.text, line.err
	}
	b, err := l.in.ReadSlice('\n')
	if err != nil && len(b) == 0 {
		return "", err
	}
	l.read++
	if errors.Is(err, bufio.ErrBufferFull) {
		text := cut(strings.ToValidUTF8(string(b[:64]), "�"))
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.in.ReadSlice('\n')
		}
		return "", &LineError{l.read, text, fmt.Errorf("is longer than %d bytes", maxLine)}
	}
	if err != nil && err != io.EOF {
		return "", err
	}
	line := strings.TrimRight(string(b), "\r\n")
	if !utf8.ValidString(line) {
		return "", &LineError{l.read, cut(strings.ToValidUTF8(strings.TrimSpace(line), "�")), errors.New("is not in UTF-8")}
	}
	return line, nil
}

func uncomment(line string) string {
	for i := 0; i < len(line); i++ {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
		}
	}
	return strings.TrimSpace(line)
}

// header looks whether the first line names columns, one of them "name". If so the
// rest is read as CSV with the separator of that line.
func (l *List) header(line string) bool {
	for _, comma := range []rune{',', ';', '\t'} {
		r := csv.NewReader(strings.NewReader(line))
		r.Comma, r.LazyQuotes = comma, true
		fields, err := r.Read()
		if err != nil {
			continue
		}
		for i, f := range fields {
			if strings.EqualFold(strings.TrimSpace(f), "name") {
				l.comma, l.column = comma, i
				return true
			}
		}
	}
	return false
}

// record returns the name of the next CSV record; "" for one without. A quoted field may
// go on over several lines; where its quote is never closed that is the matter of the one
// line that opened it.
func (l *List) record() (string, error) {
	text, err := l.raw()
	l.line = l.read
	if err != nil || strings.HasPrefix(text, "#") || strings.TrimSpace(text) == "" {
		return "", err
	}
	first := text
	var more []rawLine
	for open(text, l.comma) {
		line, err := l.raw()
		if errors.Is(err, io.EOF) || len(more) == maxLines || len(text)+len(line) > maxLine {
			if err == nil {
				more = append(more, rawLine{text: line})
			}
			l.giveBack(more)
			more, text = nil, first
			break
		}
		more = append(more, rawLine{line, err})
		text += "\n" + line
	}
	fields, err := l.fields(text, len(more) == 0)
	if err != nil && len(more) > 0 { // it was no field of several lines after all
		l.giveBack(more)
		text = first
		fields, err = l.fields(text, true)
	}
	if err != nil {
		return "", &LineError{l.line, cut(first), errors.New("has a quote at the wrong place")}
	}
	if open(text, l.comma) && l.column >= len(fields)-1 { // before the open quote the name is whole
		return "", &LineError{l.line, cut(first), errors.New("has a quote that is not closed")}
	}
	if l.column >= len(fields) {
		return "", &LineError{l.line, cut(first), fmt.Errorf("has %d fields: the name is in field %d", len(fields), l.column+1)}
	}
	typed := strings.TrimSpace(fields[l.column])
	if typed == "" && strings.TrimSpace(strings.Join(fields, "")) != "" {
		return "", &LineError{l.line, cut(first), errors.New("has no name in its column")}
	}
	return typed, nil
}

// fields parses one record; lenient takes quotes where RFC 4180 has none.
func (l *List) fields(text string, lenient bool) ([]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = l.comma, lenient, -1
	return r.Read()
}

// giveBack lets lines that were read ahead be read again.
func (l *List) giveBack(lines []rawLine) {
	l.again = append(lines, l.again...)
	l.read -= len(lines)
}

// open reports whether a record ends inside a quoted field (RFC 4180 section 2).
func open(text string, comma rune) bool {
	quoted, start := false, true
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '"' && i+1 < len(text) && text[i+1] == '"':
			i++
		case c == '"' && (quoted || start):
			quoted = !quoted
		}
		start = !quoted && (rune(c) == comma || c == '\n')
	}
	return quoted
}
