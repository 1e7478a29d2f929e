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
	Web  bool     `group:"names" help:"Measure as a website: the only role so far, and so the default."`
}

// Input is a list of names, open for reading.
type Input struct {
	list  *name.List
	wrong func(*name.LineError)
	ahead []fact.Target
	file  *os.File
	err   error
	ended bool
}

// Open opens the list. Wrong lines are told to wrong as they are met.
func (n Names) Open(std io.Reader, wrong func(*name.LineError)) (*Input, error) {
	in := &Input{wrong: wrong}
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

// next is the next target, or false at the end.
func (in *Input) next() (fact.Target, bool) {
	if in.ended {
		return fact.Target{}, false
	}
	for {
		n, err := in.list.Next()
		var line *name.LineError
		switch {
		case err == nil:
			t := fact.Target{Name: n.ASCII, Role: fact.Web}
			if n.Unicode != n.ASCII {
				t.Unicode = n.Unicode
			}
			return t, true
		case errors.As(err, &line):
			if in.wrong != nil {
				in.wrong(line)
			}
		default:
			in.ended = true
			if !errors.Is(err, io.EOF) {
				in.err = fmt.Errorf("reading the list of names: %w", err)
			}
			return fact.Target{}, false
		}
	}
}

// Peek reads ahead so far that it is known whether there are more than manyTargets.
// total is the number of targets where the list ended within that, else 0.
func (in *Input) Peek() (total int, many bool, err error) {
	for len(in.ahead) <= manyTargets {
		t, ok := in.next()
		if !ok {
			return len(in.ahead), false, in.err
		}
		in.ahead = append(in.ahead, t)
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
			t, ok := in.next()
			if !ok || !send(t) {
				return
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
