// Package config turns what a person gives on the command line, and the files named
// there, into checked values and opened parts. Errors say what was wrong with which
// flag and what to do.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"peil/internal/i18n"
	"peil/internal/norm"
	"peil/internal/report"
)

// Look is how output is dressed.
type Look struct {
	Lang    string `group:"output" enum:",nl,en" default:"" placeholder:"nl|en" help:"Language of texts: nl or en. Default: from the locale."`
	Verbose bool   `group:"output" short:"v" xor:"detail" help:"Show everything, also what is in order."`
	Quiet   bool   `group:"output" short:"q" xor:"detail" help:"Print nothing; the exit code tells."`
}

// Language is the language asked for, or that of the locale.
func (l Look) Language() i18n.Lang {
	if l.Lang != "" {
		return i18n.Lang(l.Lang)
	}
	return i18n.FromEnv()
}

// Options are the report's options for output on w.
func (l Look) Options(w io.Writer, meter string) (report.Options, error) {
	o := report.Options{Lang: l.Language(), Meter: meter, Width: 80}
	if l.Verbose {
		o.Detail = report.Verbose
	}
	if Terminal(w) {
		o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		o.Width = Columns(w)
	}
	if s := os.Getenv("COLUMNS"); s != "" {
		n, err := strconv.Atoi(s)
		if err == nil && n >= 40 {
			o.Width = n
		}
	}
	return o, nil
}

// Terminal reports whether w is a terminal.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Columns is the width of the terminal that w is; 80 when it is none.
func Columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && ws.Col >= 40 {
			return min(int(ws.Col), 120)
		}
	}
	return 80
}

// Judgement is which editions judge and in what form the result is written.
type Judgement struct {
	Edition []string `group:"norm" placeholder:"NAME" help:"Judge by this edition; repeat for more. peil explain lists them. Default: peil and internet.nl."`
	Output  string   `group:"output" short:"o" enum:"text,json,jsonl,csv,html,sarif,junit" default:"text" placeholder:"FORMAT" help:"text, json, jsonl, csv, html, sarif or junit."`
	Out     string   `group:"output" placeholder:"FILE" help:"Write the result to FILE instead of standard output."`
}

// Editions are the editions asked for.
func (j Judgement) Editions() ([]*norm.Edition, error) {
	names := j.Edition
	if len(names) == 0 {
		names = []string{"peil", "internet.nl"}
	}
	var out []*norm.Edition
	seen := map[string]bool{}
	for _, n := range names {
		e, ok := norm.ByName(n)
		if !ok {
			var all []string
			for _, e := range norm.Editions() {
				all = append(all, e.Name)
			}
			return nil, fmt.Errorf("--edition %q: there is no such edition; there are %s", n, strings.Join(all, ", "))
		}
		if !seen[e.Name] {
			seen[e.Name] = true
			out = append(out, e)
		}
	}
	return out, nil
}

// Output is where a result goes.
type Output struct {
	Editions []*norm.Edition
	Writer   report.Writer // nil when nothing is to be printed

	out *outFile // of --out
}

// outFile is the file of --out. What stood in it goes only when there is something to take
// its place: a run that fails before its first result leaves it as it was.
type outFile struct {
	file  *os.File // not embedded: each write must come by Write
	begun bool
	made  bool // it was not there before
}

// openOut opens the file of --out.
func openOut(path string) (*outFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err == nil {
		return &outFile{file: f, made: true}, nil
	}
	f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	return &outFile{file: f}, nil
}

// Write writes, the first time over what was there.
func (f *outFile) Write(p []byte) (int, error) {
	if !f.begun {
		if info, err := f.file.Stat(); err == nil && info.Mode().IsRegular() {
			if err := f.file.Truncate(0); err != nil {
				return 0, err
			}
		}
		f.begun = true
	}
	return f.file.Write(p)
}

// Open opens the output. With --out the file is replaced when the first result is written.
func (j Judgement) Open(std io.Writer, l Look, meter string) (*Output, error) {
	editions, err := j.Editions()
	if err != nil {
		return nil, err
	}
	out := &Output{Editions: editions}
	w := std
	if j.Out != "" && j.Out != "-" {
		if out.out, err = openOut(j.Out); err != nil {
			return nil, fmt.Errorf("--out: %w", err)
		}
		w = out.out
	} else if l.Quiet {
		return out, nil
	}
	o, err := l.Options(w, meter)
	if err != nil {
		return nil, err
	}
	o.Editions = editions
	out.Writer, err = report.New(j.Output, w, o)
	return out, err
}

// Abandon closes the file without a document: nothing came of the run. A file that the
// run made goes.
func (o *Output) Abandon() {
	if o.out != nil {
		_ = o.out.file.Close() // nothing was written
		if o.out.made && !o.out.begun {
			_ = os.Remove(o.out.file.Name()) // else an empty file stays, which does no harm
		}
	}
}

// Close ends the document and closes the file.
func (o *Output) Close() error {
	var err error
	if o.Writer != nil {
		err = o.Writer.Close()
	}
	if o.out != nil {
		err = errors.Join(err, o.out.file.Close())
	}
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
