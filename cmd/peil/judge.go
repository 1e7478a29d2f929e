package main

import (
	"errors"
	"fmt"
	"os"

	"peil/internal/config"
	"peil/internal/survey"
)

type judgeCmd struct {
	Facts string `arg:"" help:"File that peil scan --facts wrote; - is standard input."`
	config.Judgement
	config.Look
}

// Help tells what judging again is for.
func (judgeCmd) Help() string {
	return `Facts are judged at their own time, so last year's facts can be held against this year's
norm. The result is byte for byte what the scan wrote.

  peil judge facts.jsonl --edition forum -o csv --out forum.csv

Exit codes are those of peil scan.`
}

// Run judges the file.
func (c *judgeCmd) Run(std streams) error {
	facts := config.Use{Flag: "the facts", Path: c.Facts}
	if c.Facts == "-" {
		facts = config.Stream("the facts", std.in, false)
	}
	if err := config.Distinct(append(c.Uses(std.out), facts)...); err != nil {
		return err
	}
	in := std.in
	if c.Facts != "-" {
		f, err := os.Open(c.Facts)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	out, err := c.Open(std.out, c.Look, version)
	if err != nil {
		return err
	}
	s := survey.Survey{Editions: out.Editions, Out: out.Writer}
	err = s.Judge(in)
	if s.Summary().Targets == 0 {
		out.Abandon()
		if err == nil {
			err = errors.New("it holds no measurement; peil scan --facts makes them")
		}
		return fmt.Errorf("%s: %w", c.Facts, err)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", c.Facts, err), out.Close())
	}
	if err := out.Close(); err != nil {
		return err
	}
	if code := s.Summary().Exit(); code != 0 {
		return exitError{code: code}
	}
	return nil
}
