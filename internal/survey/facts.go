package survey

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"peil/internal/fact"
	"peil/internal/report"
)

// maxLine bounds one line of a file of facts: far above what one target's budget can
// yield.
const maxLine = 64 << 20

// maxReaders bounds how many lines are in hand at a time.
const maxReaders = 8

// begun is how every line of facts begins.
const begun = `{"schema":`

// cutOff reports whether a last line without a line end is what a killed run of ours left
// behind: the beginning of a measurement. The first line of a file must show it in full.
func cutOff(line []byte, first bool) bool {
	return bytes.HasPrefix(line, []byte(begun)) || !first && bytes.HasPrefix([]byte(begun), line)
}

// read is a line of facts on its way: read, then judged, then used, in the order of the
// file.
type read struct {
	number int
	line   []byte
	done   chan struct{}
	it     report.Item // set when done is closed, or else err
	err    error
}

// readFacts judges each line and calls f with the result, in the order of the file; it
// returns the offset behind the last line that was used. With partial a last line that
// was cut off is passed over; any other text without a line end shows that the file is of
// another kind. Several lines are decoded and judged at a time, f is called for one after
// the other.
func (s *Survey) readFacts(r io.Reader, partial bool, f func(report.Item) error) (end int64, err error) {
	n := min(runtime.GOMAXPROCS(0), maxReaders)
	todo, order := make(chan *read), make(chan *read, n)
	stop := make(chan struct{})
	defer close(stop)
	for range n {
		go func() {
			for x := range todo {
				x.it, x.err = s.decode(x)
				close(x.done)
			}
		}()
	}
	var ended error // why there are no more lines; set before order is closed
	go func() {     // not waited for: after an error it may still wait for its input
		defer close(order)
		defer close(todo)
		ended = eachLine(r, func(number int, line []byte) bool {
			x := &read{number: number, line: line, done: make(chan struct{})}
			select {
			case order <- x:
				todo <- x
				return true
			case <-stop:
				return false
			}
		})
	}()
	first := true // no measurement was met yet
	for x := range order {
		<-x.done
		blank := len(bytes.TrimSpace(x.line)) == 0
		if !bytes.HasSuffix(x.line, []byte("\n")) && (blank || partial) {
			if blank || cutOff(x.line, first) {
				return end, nil
			}
			return end, fmt.Errorf("line %d is not a measurement: this is no file that --facts wrote", x.number)
		}
		if x.err != nil {
			return end, x.err
		}
		if !blank {
			if err := f(x.it); err != nil {
				return end, err
			}
			first = false
		}
		end += int64(len(x.line))
	}
	return end, ended
}

// decode reads and judges a line; a blank one is nothing.
func (s *Survey) decode(x *read) (report.Item, error) {
	if len(bytes.TrimSpace(x.line)) == 0 {
		return report.Item{}, nil
	}
	var m fact.Measurement
	if err := json.Unmarshal(x.line, &m); err != nil {
		return report.Item{}, fmt.Errorf("line %d is not a measurement: %w", x.number, err)
	}
	if m.Schema != fact.Schema {
		return report.Item{}, fmt.Errorf("line %d has schema %d, this program reads %d", x.number, m.Schema, fact.Schema)
	}
	if m.Target.Name == "" {
		return report.Item{}, fmt.Errorf("line %d is not a measurement: it has no target", x.number)
	}
	if r := m.Target.Role; r != fact.Web && r != fact.Mail {
		return report.Item{}, fmt.Errorf("line %d is not a measurement: %s has the role %q; want web or mail", x.number, m.Target.Name, r)
	}
	return s.judge(&m), nil
}

// eachLine calls f with each line, its end included, until f returns false.
func eachLine(r io.Reader, f func(number int, line []byte) bool) error {
	br := bufio.NewReaderSize(r, 1<<20)
	for n := 1; ; n++ {
		line, err := readLine(br)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if len(line) > 0 && !f(n, line) || last {
			return nil
		}
	}
}

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
