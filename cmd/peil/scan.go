package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peil/internal/config"
	"peil/internal/i18n"
	"peil/internal/lab"
	"peil/internal/name"
	"peil/internal/norm"
	"peil/internal/report"
	"peil/internal/survey"
)

type scanCmd struct {
	config.Names
	config.Judgement
	config.Look
	config.Network
	Facts  string `group:"facts" placeholder:"FILE" help:"Write what was seen to FILE, a line per target; peil judge reads it."`
	Resume bool   `group:"facts" help:"Go on where the run that wrote the --facts file stopped."`
}

// Help teaches by example.
func (scanCmd) Help() string {
	return `Examples:

  peil scan www.example.nl                       one website, in words
  peil scan example.nl                           the website and the mail domain
  peil scan --mail example.nl                    the mail domain alone
  peil scan -v www.example.nl                    with everything that was seen
  peil scan -f sites.txt -o csv --out sites.csv  a list, as a table
  peil scan -f sites.txt --facts sites.jsonl --contact security@example.nl
                                                 a long list; Ctrl-C stops, --resume goes on
  peil scan www.example.nl --edition wdo         only what one edition asks

More than 100 public names in a run need --contact: it tells those who are measured
whom to ask. Routes are judged after peil data update.

Exit codes: 0 all that is required is in order · 1 something required failed · 3 nothing
failed, but something required could not be measured · 2 wrong use.

Read on: peil explain tells each rule; docs/probing.md tells what is sent to a website, and what to a mail server.`
}

// Run measures the list.
func (c *scanCmd) Run(ctx context.Context, std streams) error {
	if c.Resume && c.Facts == "" {
		return errors.New("--resume needs --facts FILE: the facts of the run to go on with")
	}
	if c.Parallel < 0 {
		return fmt.Errorf("--parallel %d: want a number of websites", c.Parallel)
	}
	uses := append(c.Names.Uses(std.in), c.Network.Uses()...)
	if err := config.Distinct(append(append(uses, c.Judgement.Uses(std.out)...), config.Use{Flag: "--facts", Path: c.Facts, Writes: true})...); err != nil {
		return err
	}
	lang := c.Language()
	editions, err := c.Editions()
	if err != nil {
		return err
	}
	c.NoMail = !norm.NeedsOf(editions...).Mail.Servers
	in, err := c.Names.Open(std.in, func(e *name.LineError) {
		fmt.Fprintln(std.err, i18n.T(lang, "input.wrong", e.Line, e.Err))
	})
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	total, many, err := in.Peek()
	if err != nil {
		return err
	}
	if !many && total == 0 {
		return errors.New("nothing to measure: the list holds no name that can be used")
	}
	if many && c.Contact == "" && c.NetworkMap == "" {
		return errors.New("more than 100 names need --contact URL|mail: those who are measured must know whom to ask")
	}
	c.Simulated = lab.Inside()
	meter, err := c.Network.Open(ctx, editions, version)
	if err != nil {
		return err
	}
	defer meter.Close()
	out, err := c.Judgement.Open(std.out, c.Look, version)
	if err != nil {
		return err
	}

	s := survey.Survey{Editions: editions, Out: out.Writer}
	progress := &survey.Progress{Out: std.err, Lang: lang, Total: total, Waiting: meter.Waiting, Now: time.Now}
	if config.Terminal(std.err) {
		progress.Live, progress.Width = true, config.Columns(std.err)
	}
	progress.Start(0)
	if !c.Quiet && (many || total > 1) {
		s.Before = progress.Clear
		s.Each = func(report.Item) { progress.Done() }
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { defer close(stopped); progress.Run(stop) }()
		defer func() { close(stop); <-stopped }()
	}
	runCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = s.Run(runCtx, meter, in.Targets(runCtx), c.Facts, c.Resume)
	interrupted := ctx.Err() != nil
	if interrupted {
		err = nil
	}
	err = errors.Join(err, in.Err())
	sum := s.Summary()
	if err != nil && sum.Targets == 0 {
		out.Abandon()
	} else {
		err = errors.Join(err, out.Close())
	}
	progress.Clear()
	if !c.Quiet {
		if n := in.Counts().Wrong; n > 0 {
			fmt.Fprintln(std.err, i18n.N(lang, "input.skipped", n))
		}
		if interrupted {
			fmt.Fprintln(std.err, i18n.T(lang, "progress.stopped", i18n.Int(lang, sum.Targets)))
		} else if many || total > 1 {
			fmt.Fprintln(std.err, survey.Words(lang, sum))
		}
	}
	switch {
	case err != nil:
		return err
	case sum.Exit() != 0:
		return exitError{code: sum.Exit()}
	case interrupted:
		return exitError{code: 3}
	}
	return nil
}
