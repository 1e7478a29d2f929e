package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
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
	return `  peil lab serve --dir /tmp/lab
  peil scan -f /tmp/lab/names.txt --network-map /tmp/lab/network-map --root-hints /tmp/lab/root-hints \
    --trust-anchor /tmp/lab/trust-anchor --ca-bundle /tmp/lab/ca.pem --vrps /tmp/lab/vrps.json --routes /tmp/lab/routes.csv

  peil lab serve --netns --dir /tmp/lab -- curl --cacert /tmp/lab/ca.pem -sI https://www.perfect.example.nl/`
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
		return enter(ctx, std)
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
		return follow(ctx, std, c.Cmd)
	}
	fmt.Fprintln(std.out, "ready")
	<-ctx.Done()
	return nil
}

// enter runs this same command in namespaces of its own.
func enter(ctx context.Context, std streams) error {
	cmd, err := lab.Namespace(ctx, os.Args[1:]...)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("making a network namespace (are user namespaces allowed here?): %w", err)
	}
	return childExit(cmd.Wait())
}

// follow runs the command beside the lab and ends with its exit code.
func follow(ctx context.Context, std streams, args []string) error {
	signal.Ignore(syscall.SIGTTOU)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	return childExit(cmd.Run())
}

func childExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitError{code: max(exit.ExitCode(), 1)}
	}
	return err
}

type labSitesCmd struct {
	Output string `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// Run lists the catalogue.
func (c *labSitesCmd) Run(std streams) error {
	sites := lab.Catalogue()
	if c.Output == "json" {
		return lab.WriteSites(std.out, sites)
	}
	for _, s := range sites {
		if _, err := fmt.Fprintf(std.out, "%-10s %-52s %s\n", s.Group, s.Name, s.Change.EN); err != nil {
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
	sites := lab.Catalogue()
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
	n := 0
	differences, err := demo.Check(ctx, sites, version, func(_ *lab.Site, _ *fact.Measurement, d []demo.Difference) {
		n++
		for _, x := range d {
			fmt.Fprintln(std.out, x)
		}
	})
	if err != nil {
		return err
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
