package main

import (
	"fmt"

	"peil/internal/config"
	"peil/internal/norm"
	"peil/internal/report"
)

type explainCmd struct {
	What   string `arg:"" optional:"" name:"requirement|edition" help:"A requirement such as web.https.hsts, or an edition such as peil. Without it: everything, a line each."`
	Output string `short:"o" enum:"text,json" default:"text" help:"text or json."`
	config.Look
}

// Help teaches by example.
func (explainCmd) Help() string {
	return `  peil explain                    all editions, a line for each rule
  peil explain wdo                one edition: its rules, their levels and sources
  peil explain web.https.hsts     one rule: what it asks, why, and how to comply
  peil explain web.https.hsts --lang nl`
}

// Run tells what was asked for.
func (c *explainCmd) Run(std streams) error {
	o, err := c.Options(std.out, version)
	if err != nil {
		return err
	}
	all := norm.Editions()
	if c.What == "" {
		if c.Output == "json" {
			return report.ExplainJSON(std.out, all)
		}
		return report.ExplainAll(std.out, o, all)
	}
	if e, ok := norm.ByName(c.What); ok {
		if c.Output == "json" {
			return report.ExplainJSON(std.out, e)
		}
		return report.ExplainEdition(std.out, o, e, true)
	}
	found := 0
	for _, e := range all {
		for i := range e.Requirements {
			q := &e.Requirements[i]
			if q.ID != c.What {
				continue
			}
			if found++; found > 1 {
				fmt.Fprintln(std.out)
			}
			if c.Output == "json" {
				err = report.ExplainJSON(std.out, q)
			} else {
				err = report.ExplainRequirement(std.out, o, e, q)
			}
			if err != nil {
				return err
			}
		}
	}
	if found == 0 {
		return fmt.Errorf("there is no requirement or edition %q; peil explain lists them all", c.What)
	}
	return nil
}
