// Command bench measures what Peil costs and holds it against the marks it must reach.
//
// Everything that is measured runs in a process of its own (the client that enumerates,
// peil scan, nmap, sslscan), and what is measured against runs in others (nginx, peil
// lab), so that a client's processor time is its own and nothing else. `make bench`
// builds and calls it; docs/benchmarks.md holds what came of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// settings are the flags.
type settings struct {
	peil  string
	page  string
	only  string
	hosts int
	good  int
	sizes []int
	delay time.Duration
	limit time.Duration
	dir   string // for everything that is written
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == clientCommand {
		if err := client(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench client:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	s := settings{sizes: []int{2500, 5000, 10_000}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&s.peil, "peil", "bin/peil", "the program to measure")
	f.StringVar(&s.page, "page", "", "write the table into this Markdown file, between its marks")
	f.StringVar(&s.only, "only", "", "only these parts, separated by commas: enumeration, site, good, country")
	f.IntVar(&s.hosts, "hosts", 200, "how many nginx hosts to enumerate")
	f.IntVar(&s.good, "good", 1000, "how many well-configured sites to measure")
	f.DurationVar(&s.delay, "delay", 30*time.Millisecond, "round trip for the one site that is measured cold")
	f.DurationVar(&s.limit, "limit", 40*time.Minute, "give up after this time")
	f.Func("sizes", "sizes of the country, separated by commas (default 2500,5000,10000)", func(v string) error {
		s.sizes = nil
		for n := range strings.SplitSeq(v, ",") {
			var i int
			if _, err := fmt.Sscanf(n, "%d", &i); err != nil || i < 1 {
				return fmt.Errorf("%q is no number of sites", n)
			}
			s.sizes = append(s.sizes, i)
		}
		return nil
	})
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	if s.peil, err = filepath.Abs(s.peil); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "peil-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()

	r := &results{At: time.Now().UTC()}
	r.Machine, err = machine(ctx)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func(context.Context, *settings, *results) error
	}{{"enumeration", enumeration}, {"site", coldSite}, {"good", goodSites}, {"country", countries}} {
		if s.only != "" && !strings.Contains(","+s.only+",", ","+part.name+",") {
			continue
		}
		fmt.Println()
		if err := part.run(ctx, &s, r); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if s.page != "" && s.only == "" { // a part alone is not the whole table
		if err := r.write(s.page); err != nil {
			return err
		}
	}
	if n := r.missed(); n > 0 {
		return fmt.Errorf("%d marks were not reached", n)
	}
	return nil
}
