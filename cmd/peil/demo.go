package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peil/internal/config"
	"peil/internal/demo"
	"peil/internal/i18n"
	"peil/internal/survey"
)

type demoCmd struct {
	Sites int    `default:"1000" help:"How many simulated websites."`
	Seed  uint64 `default:"1" help:"The same seed makes the same country."`
	Once  bool   `help:"Measure once, print the table per municipality and stop."`
	Out   string `default:"out" placeholder:"DIR" help:"Where to write report.html and results.jsonl."`
	Lang  string `enum:",nl,en" default:"" help:"Language of texts: nl or en. Default: from the locale."`
}

// Help says what is simulated.
func (demoCmd) Help() string {
	return `The municipalities have the names of real ones; their websites do not exist. They are
played by the lab on this machine, with mistakes as often as published figures say, and
measured with limits that are raised for simulated addresses alone.`
}

// Run measures the country.
func (c *demoCmd) Run(ctx context.Context, std streams) error {
	if !c.Once {
		return errors.New("give --once: measure the simulated country one time")
	}
	lang := config.Look{Lang: c.Lang}.Language()
	p := &survey.Progress{Out: std.err, Lang: lang, Live: config.Terminal(std.err), Width: config.Columns(std.err), Now: time.Now}
	fmt.Fprintln(std.err, i18n.T(lang, "country.note"))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { defer close(stopped); p.Run(stop) }()
	r, err := demo.Country{Seed: c.Seed, Sites: c.Sites, Out: c.Out, Version: version, Lang: lang, Progress: p}.Run(ctx)
	close(stop)
	<-stopped
	if r == nil {
		return err
	}
	if ctx.Err() != nil { // stopped: what was measured is there, and says that it is not all
		if err := r.Table(std.out, lang); err != nil {
			return err
		}
		return exitError{code: 3}
	}
	return errors.Join(r.Table(std.out, lang), err)
}
