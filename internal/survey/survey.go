// Package survey measures a list of targets and keeps what it has: it runs a scanner
// over the list, writes the facts of each target as a line as soon as they are there,
// judges them and hands the result to a report. A survey that was interrupted goes on
// where it stopped; judging its file again gives byte for byte the same report.
package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"sync"

	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/report"
)

// Measurer is what a survey needs of a scanner.
type Measurer interface {
	// Run measures targets until the channel is closed or the context ends, and calls
	// sink for each finished measurement, one at a time.
	Run(ctx context.Context, targets <-chan fact.Target, sink func(*fact.Measurement) error) error
}

// Summary is what came of a survey.
type Summary struct {
	Targets   int // in the result, those read back from a file included
	Replayed  int // of these, read back from a file
	Words     map[norm.Word]int
	Failed    int // targets with a failed required requirement
	Missing   int // targets with a required requirement that was not measured
	Simulated bool
}

// Exit is the exit code that the command promises (interfaces.md): 1 when a required
// requirement failed, else 3 when one was not measured, else 0.
func (s Summary) Exit() int {
	switch {
	case s.Failed > 0:
		return 1
	case s.Missing > 0:
		return 3
	}
	return 0
}

// Survey holds measurements against editions and writes the result.
type Survey struct {
	Editions []*norm.Edition
	Out      report.Writer // nil: nothing is written
	// Before, if set, is called before an item is written: a live line makes way.
	Before func()
	// Each, if set, is called with every item, after it was written.
	Each func(report.Item)

	sum Summary
}

// Add judges one measurement and writes it.
func (s *Survey) Add(m *fact.Measurement) error { return s.add(s.judge(m)) }

// judge may run for several measurements at a time.
func (s *Survey) judge(m *fact.Measurement) report.Item {
	return report.Item{Measurement: m, Results: norm.JudgeAll(m, s.Editions...)}
}

// add counts and writes what was judged.
func (s *Survey) add(it report.Item) error {
	m := it.Measurement
	failed, missing := false, false
	for _, r := range it.Results {
		for i := range r.Verdicts {
			v := &r.Verdicts[i]
			if v.Level != norm.Must && v.Level != norm.Required {
				continue
			}
			failed = failed || v.Outcome == norm.Failed
			missing = missing || v.Outcome == norm.NotMeasured
		}
	}
	if s.sum.Words == nil {
		s.sum.Words = map[norm.Word]int{}
	}
	s.sum.Targets++
	if h := it.Headline(); h != nil {
		s.sum.Words[h.Word]++
	}
	if failed {
		s.sum.Failed++
	}
	if missing {
		s.sum.Missing++
	}
	s.sum.Simulated = s.sum.Simulated || m.Simulated
	if s.Before != nil {
		s.Before()
	}
	if s.Out != nil {
		if err := s.Out.Write(it); err != nil {
			return fmt.Errorf("writing the result of %s: %w", m.Target.Name, err)
		}
	}
	if s.Each != nil {
		s.Each(it)
	}
	return nil
}

// Summary is what came of the measurements added so far.
func (s *Survey) Summary() Summary { return s.sum }

// Judge adds every measurement of a file of facts.
func (s *Survey) Judge(r io.Reader) error {
	_, err := s.readFacts(r, false, s.add)
	return err
}

// targets is a set of targets, of which it keeps a hash of 8 bytes each: a list of a
// million is resumed in the memory of a short one.
type targets struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// add reports whether the target is new.
func (s *targets) add(t fact.Target) bool {
	h := s.hash(t)
	_, twice := s.seen[h]
	s.seen[h] = struct{}{}
	return !twice
}

func (s *targets) has(t fact.Target) bool {
	_, ok := s.seen[s.hash(t)]
	return ok
}

func (s *targets) hash(t fact.Target) uint64 {
	return maphash.String(s.seed, t.Name+"\x00"+string(t.Role))
}

// Run measures the targets. Facts go to the file state, if any, before the result is
// written; with resume the targets that stand in it are added first and not measured
// again. When the context ends, what is finished is kept and the context's error
// returned.
func (s *Survey) Run(ctx context.Context, m Measurer, in <-chan fact.Target, state string, resume bool) error {
	var file *os.File
	done := &targets{maphash.MakeSeed(), map[uint64]struct{}{}}
	if state != "" {
		var err error
		if file, err = openState(state, resume); err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
	}
	if resume {
		end, err := s.readFacts(file, true, func(it report.Item) error {
			if !done.add(it.Measurement.Target) {
				return nil
			}
			s.sum.Replayed++
			return s.add(it)
		})
		if err != nil {
			return fmt.Errorf("reading %s to go on from there: %w", state, err)
		}
		if err := file.Truncate(end); err != nil {
			return fmt.Errorf("cutting the partial last line of %s: %w", state, err)
		}
		if _, err := file.Seek(end, io.SeekStart); err != nil {
			return fmt.Errorf("going on in %s: %w", state, err)
		}
	}
	todo := in
	if len(done.seen) > 0 {
		todo = without(ctx, in, done)
	}
	var mu sync.Mutex
	err := m.Run(ctx, todo, func(m *fact.Measurement) error {
		line, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("encoding the facts of %s: %w", m.Target.Name, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if file != nil {
			if _, err := file.Write(append(line, '\n')); err != nil {
				return fmt.Errorf("writing facts to %s: %w", state, err)
			}
		}
		return s.Add(m)
	})
	if file != nil {
		err = errors.Join(err, file.Sync())
	}
	return err
}

func openState(path string, resume bool) (*os.File, error) {
	if resume {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("opening the facts to resume from: %w", err)
		}
		return f, nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: facts go to a file", path)
	}
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s exists already; --resume goes on from it, or name another file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the file for facts: %w", err)
	}
	return f, nil
}

// without passes on the targets that are not done yet. The reader of the result
// drains it.
func without(ctx context.Context, in <-chan fact.Target, done *targets) <-chan fact.Target {
	out := make(chan fact.Target)
	go func() {
		defer close(out)
		for t := range in {
			if done.has(t) {
				continue
			}
			select {
			case out <- t:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
