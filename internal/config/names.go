package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"peil/internal/fact"
	"peil/internal/name"
)

// manyTargets is how many public targets a run may have without saying who measures
// (design, Who we are).
const manyTargets = 100

// Names says what to measure.
type Names struct {
	Name []string `arg:"" optional:"" help:"Names or URLs to measure."`
	File string   `group:"names" short:"f" placeholder:"FILE" help:"Read names from FILE, one a line, or a CSV with a column name; - is standard input."`
	Web  bool     `group:"names" help:"Measure as websites only; with --mail as both. Default: both, and a name that begins with www. as a website."`
	Mail bool     `group:"names" help:"Measure as mail domains only, also names that begin with www."`
	// NoMail says that no edition of the run judges mail: without --mail only websites are
	// measured then.
	NoMail bool `kong:"-"`
}

// roles are those in which a name is measured (interfaces.md).
func (n Names) roles(name string) []fact.Role {
	switch {
	case n.Web && n.Mail:
		return []fact.Role{fact.Web, fact.Mail}
	case n.Mail:
		return []fact.Role{fact.Mail}
	case n.Web, n.NoMail, strings.HasPrefix(name, "www."):
		return []fact.Role{fact.Web}
	}
	return []fact.Role{fact.Web, fact.Mail}
}

// Input is a list of names, open for reading.
type Input struct {
	list  *name.List
	names Names
	wrong func(*name.LineError)
	ahead []fact.Target
	file  *os.File
	err   error
	ended bool
}

// Open opens the list. Wrong lines are told to wrong as they are met.
func (n Names) Open(std io.Reader, wrong func(*name.LineError)) (*Input, error) {
	in := &Input{names: n, wrong: wrong}
	var parts []io.Reader
	if len(n.Name) > 0 {
		for _, s := range n.Name {
			if _, err := name.Parse(s); err != nil {
				return nil, fmt.Errorf("%q %w", s, err)
			}
		}
		parts = append(parts, strings.NewReader(strings.Join(n.Name, "\n")+"\n"))
	}
	switch n.File {
	case "":
		if len(parts) == 0 {
			return nil, errors.New("nothing to measure: give a name, or a list with -f FILE (-f - reads standard input)")
		}
	case "-":
		parts = append(parts, std)
	default:
		f, err := os.Open(n.File)
		if err != nil {
			return nil, fmt.Errorf("the list of names: %w", err)
		}
		in.file = f
		parts = append(parts, f)
	}
	in.list = name.NewList(io.MultiReader(parts...))
	return in, nil
}

// next are the targets of the next name, none at the end.
func (in *Input) next() []fact.Target {
	if in.ended {
		return nil
	}
	for {
		n, err := in.list.Next()
		var line *name.LineError
		switch {
		case err == nil:
			var ts []fact.Target
			for _, role := range in.names.roles(n.ASCII) {
				t := fact.Target{Name: n.ASCII, Role: role}
				if n.Unicode != n.ASCII {
					t.Unicode = n.Unicode
				}
				ts = append(ts, t)
			}
			return ts
		case errors.As(err, &line):
			if in.wrong != nil {
				in.wrong(line)
			}
		default:
			in.ended = true
			if !errors.Is(err, io.EOF) {
				in.err = fmt.Errorf("reading the list of names: %w", err)
			}
			return nil
		}
	}
}

// Peek reads ahead so far that it is known whether there are more names than manyTargets.
// total is the number of targets where the list ended within that, else 0.
func (in *Input) Peek() (total int, many bool, err error) {
	for range manyTargets + 1 {
		ts := in.next()
		if len(ts) == 0 {
			return len(in.ahead), false, in.err
		}
		in.ahead = append(in.ahead, ts...)
	}
	return 0, true, nil
}

// Targets streams the list. The channel is closed at its end, or when the context ends.
func (in *Input) Targets(ctx context.Context) <-chan fact.Target {
	out := make(chan fact.Target)
	go func() {
		defer close(out)
		send := func(t fact.Target) bool {
			select {
			case out <- t:
				return true
			case <-ctx.Done():
				return false
			}
		}
		for _, t := range in.ahead {
			if !send(t) {
				return
			}
		}
		in.ahead = nil
		for {
			ts := in.next()
			if len(ts) == 0 {
				return
			}
			for _, t := range ts {
				if !send(t) {
					return
				}
			}
		}
	}()
	return out
}

// Err is what went wrong with reading; call it after the channel was closed.
func (in *Input) Err() error { return in.err }

// Counts is what was read.
func (in *Input) Counts() name.Counts { return in.list.Counts() }

// Close closes the list's file.
func (in *Input) Close() error {
	if in.file == nil {
		return nil
	}
	return in.file.Close()
}
