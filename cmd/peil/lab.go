package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"peil/internal/demo"
	"peil/internal/fact"
	"peil/internal/lab"
)

type labCmd struct {
	Serve   labServeCmd   `cmd:"" help:"Play the lab until stopped, for peil scan or other programs."`
	Sites   labSitesCmd   `cmd:"" help:"List the sites: what is different about each, and the verdicts it must get."`
	Check   labCheckCmd   `cmd:"" help:"Measure every site and compare; exit 1 on any difference."`
	Country labCountryCmd `cmd:"" help:"Generate a simulated country."`
}

type labServeCmd struct {
	Dir     string        `placeholder:"DIR" help:"Write what a scan needs to DIR: network-map, root-hints, trust-anchor, ca.pem, vrps.json, routes.csv, names.txt."`
	Country string        `placeholder:"DIR" help:"Play the country that peil lab country wrote to DIR."`
	Delay   time.Duration `placeholder:"30ms" help:"Make every round trip last this long."`
	Netns   bool          `help:"Run CMD in a network namespace in which every address leads to the lab, on its real ports."`
	Cmd     []string      `arg:"" optional:"" passthrough:"" help:"With --netns: the command to run."`
}

// Help teaches by example.
func (labServeCmd) Help() string {
	return `Examples:

  peil lab serve --dir /tmp/lab
  peil scan -f /tmp/lab/names.txt --network-map /tmp/lab/network-map --root-hints /tmp/lab/root-hints \
    --trust-anchor /tmp/lab/trust-anchor --ca-bundle /tmp/lab/ca.pem --vrps /tmp/lab/vrps.json --routes /tmp/lab/routes.csv

  peil lab serve --netns --dir /tmp/lab -- curl -sI https://www.perfect.example.nl/
  peil lab serve --netns --dir /tmp/lab -- bash

In the namespace every name of the lab resolves (the resolver does not validate), every
address that the lab does not use refuses, and with --dir SSL_CERT_FILE and CURL_CA_BUNDLE
name the lab's CA. Ports are those of the world: 53, 80, 443 and 8443. A port that is
closed by design refuses or stays silent; of the others an address accepts all four, and
closes at once where nothing of its own listens, such as port 53 of a website. No
privileges are needed where user namespaces are allowed, and nothing is left behind,
however it ends.`
}

// Run serves until the context ends or CMD does.
func (c *labServeCmd) Run(ctx context.Context, std streams) error {
	if len(c.Cmd) > 0 && c.Cmd[0] == "--" {
		c.Cmd = c.Cmd[1:]
	}
	switch {
	case c.Netns && len(c.Cmd) == 0:
		return errors.New("--netns needs a command to run")
	case !c.Netns && len(c.Cmd) > 0:
		return errors.New("a command is run with --netns only")
	case !c.Netns && c.Dir == "":
		return errors.New("--dir DIR is needed: a scan finds the lab by what is written there")
	case c.Netns && !lab.InNamespace():
		return enter(std)
	}
	if c.Netns {
		ctx = context.WithoutCancel(ctx) // signals go to the command, and the lab outlives it
	}
	o := lab.Options{Delay: c.Delay, Real: c.Netns}
	if c.Country != "" {
		country, err := lab.ReadCountry(c.Country)
		if err != nil {
			return err
		}
		o.Country = country
	}
	r, err := lab.Start(ctx, o)
	if err != nil {
		return err
	}
	defer r.Close()
	if c.Dir != "" {
		if err := r.WriteDir(c.Dir); err != nil {
			return err
		}
	}
	if c.Netns {
		return c.follow(std)
	}
	fmt.Fprintln(std.out, "ready")
	<-ctx.Done()
	return nil
}

type labSitesCmd struct {
	Output string `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// Run lists the catalogue.
func (c *labSitesCmd) Run(std streams) error {
	sites := lab.All()
	if c.Output == "json" {
		return lab.WriteSites(std.out, sites)
	}
	for _, s := range sites {
		if _, err := fmt.Fprintf(std.out, "%-4s %-10s %-52s %s\n", s.Role(), s.Group, s.Name, s.Change.EN); err != nil {
			return err
		}
	}
	return nil
}

type labCheckCmd struct {
	Site []string `arg:"" optional:"" help:"Only these sites, by name or ID."`
}

// Run measures and compares.
func (c *labCheckCmd) Run(ctx context.Context, std streams) error {
	sites := lab.All()
	if len(c.Site) > 0 {
		var some []*lab.Site
		for _, want := range c.Site {
			found := false
			for _, s := range sites {
				if s.Name == want || s.ID == want {
					some, found = append(some, s), true
				}
			}
			if !found {
				return fmt.Errorf("there is no site %q; peil lab sites lists them", want)
			}
		}
		sites = some
	}
	n, shown := 0, 0
	differences, err := demo.Check(ctx, sites, version, func(_ *lab.Site, _ *fact.Measurement, d []demo.Difference) {
		n++
		shown += len(d)
		for _, x := range d {
			fmt.Fprintln(std.out, x)
		}
	})
	if err != nil {
		return err
	}
	for _, x := range differences[shown:] { // what is about no site by itself
		fmt.Fprintln(std.out, x)
	}
	fmt.Fprintf(std.err, "%d sites measured, %d differences\n", n, len(differences))
	if len(differences) > 0 {
		return exitError{code: 1}
	}
	return nil
}

type labCountryCmd struct {
	Seed  uint64 `default:"1" help:"The same seed makes the same country."`
	Sites int    `default:"1000" help:"How many websites, up to 60000."`
	Out   string `required:"" placeholder:"DIR" help:"Where to write it."`
}

// Run generates and writes the country.
func (c *labCountryCmd) Run(std streams) error {
	country, err := lab.Generate(c.Seed, c.Sites)
	if err != nil {
		return err
	}
	if err := country.WriteDir(c.Out); err != nil {
		return err
	}
	_, err = io.WriteString(std.out, fmt.Sprintf("%d simulated websites written to %s; play them with: peil lab serve --country %s --dir DIR\n", len(country.Sites), c.Out, c.Out))
	return err
}
