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
	line   int
	begun  bool
	csv    *csv.Reader
	quota  *quota
	column int

	seed   maphash.Seed
	seen   map[uint64]struct{}
	counts Counts
	end    error // what Next returns from now on
}

const (
	maxLine   = 8192    // of a plain list; the rest of a longer line is skipped
	maxRecord = 1 << 20 // of a CSV record, which may have line breaks in its quotes
)

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
		if l.csv != nil {
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
	b, err := l.in.ReadSlice('\n')
	if err != nil && len(b) == 0 {
		return "", err
	}
	l.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		text := cut(strings.ToValidUTF8(string(b[:64]), "�"))
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.in.ReadSlice('\n')
		}
		return "", &LineError{l.line, text, fmt.Errorf("is longer than %d bytes", maxLine)}
	}
	if err != nil && err != io.EOF {
		return "", err
	}
	line := string(b)
	if !utf8.ValidString(line) {
		return "", &LineError{l.line, cut(strings.ToValidUTF8(strings.TrimSpace(line), "�")), errors.New("is not in UTF-8")}
	}
	return uncomment(line), nil
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
				l.quota = &quota{r: l.in}
				l.csv = csv.NewReader(l.quota)
				l.csv.Comma, l.csv.Comment, l.csv.LazyQuotes = comma, '#', true
				l.csv.FieldsPerRecord, l.csv.ReuseRecord = -1, true
				l.column = i
				return true
			}
		}
	}
	return false
}

// record returns the name of the next CSV record; "" for one without.
func (l *List) record() (string, error) {
	if l.quota.header == 0 {
		l.quota.header = l.line
	}
	l.quota.left = maxRecord
	fields, err := l.csv.Read()
	if err != nil {
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			l.line = l.quota.header + pe.Line
			return "", &LineError{l.line, "", pe.Err}
		}
		return "", err
	}
	line, _ := l.csv.FieldPos(0)
	l.line = l.quota.header + line
	if l.column >= len(fields) {
		if len(fields) == 1 && strings.TrimSpace(fields[0]) == "" {
			return "", nil
		}
		return "", &LineError{l.line, cut(strings.Join(fields, " ")), fmt.Errorf("has %d fields: the name is in field %d", len(fields), l.column+1)}
	}
	typed := strings.TrimSpace(fields[l.column])
	if typed == "" {
		if strings.TrimSpace(strings.Join(fields, "")) == "" {
			return "", nil
		}
		return "", &LineError{l.line, cut(strings.Join(fields, " ")), errors.New("has no name in its column")}
	}
	if !utf8.ValidString(typed) {
		return "", &LineError{l.line, cut(strings.ToValidUTF8(typed, "�")), errors.New("is not in UTF-8")}
	}
	return typed, nil
}

// quota bounds what one CSV record may take: an open quote would swallow the rest of
// the file.
type quota struct {
	r      io.Reader
	left   int
	header int // lines before the CSV reader began
}

var errRecord = fmt.Errorf("a record is longer than %d bytes: is a quote left open?", maxRecord)

func (q *quota) Read(p []byte) (int, error) {
	if q.left <= 0 {
		return 0, errRecord
	}
	n, err := q.r.Read(p)
	q.left -= n
	return n, err
}
