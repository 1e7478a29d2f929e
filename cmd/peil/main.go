// Command peil measures whether websites and mail domains are up to standard.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"peil/internal/report"
)

// version is set by the linker.
var version = "unknown"

// cli is the whole command line. Each subcommand is a file of this package.
type cli struct {
	Scan       scanCmd       `cmd:"" help:"Measure websites and mail domains and tell what is in order, what is not and how to mend it."`
	Judge      judgeCmd      `cmd:"" help:"Judge stored facts by an edition of the norm, without the network."`
	Explain    explainCmd    `cmd:"" help:"Tell an edition's rules, or one rule: what it asks, why, from which source and how to comply."`
	Data       dataCmd       `cmd:"" help:"Fetch the tables that measuring routes needs."`
	Lab        labCmd        `cmd:"" help:"The miniature internet: sites good and bad with known verdicts, to test and learn with."`
	Demo       demoCmd       `cmd:"" help:"Measure a simulated country and show the result."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
}

const about = `Peil measures whether websites and mail domains meet the standards for Dutch government
bodies: HTTPS, HSTS, TLS, DNSSEC, IPv6, RPKI, security.txt and headers; STARTTLS, DANE,
SPF, DKIM and DMARC. Each verdict comes with what was seen and a command to check it
yourself. What could not be seen is "not measured".

Start with:
  peil scan www.example.nl
  peil explain web.https.hsts
  peil demo --once

Exit codes: 0 all that is required is in order · 1 something required failed · 3 nothing
failed, but something required could not be measured · 2 wrong use.`

// exitError carries an exit code other than that of wrong use.
type exitError struct {
	code int
	err  error // nil: nothing to say
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run is the command without the process around it.
func run(ctx context.Context, args []string, std streams) int {
	var c cli
	exited, code := false, 0
	p, err := kong.New(&c,
		kong.Name("peil"), kong.Description(about), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 96}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "names", Title: "What is measured:"},
			{Key: "norm", Title: "By which norm:"},
			{Key: "output", Title: "What is written:"},
			{Key: "polite", Title: "How politely:"},
			{Key: "sources", Title: "What is believed:"},
			{Key: "other", Title: "Networks that are not public:"},
			{Key: "facts", Title: "Keeping what was seen:"},
		}),
		kong.Writers(std.out, std.err),
		kong.Exit(func(n int) { exited, code = true, n }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(std),
	)
	if err != nil {
		fmt.Fprintln(std.err, "peil:", err)
		return 2
	}
	if len(args) > 0 && args[0] == "help" { // as people type it: peil help scan
		args = append(slices.Clone(args[1:]), "--help")
	}
	bare := len(args) == 0 // nothing to do: help, and the exit code of wrong use
	if bare {
		args = []string{"--help"}
	}
	k, err := p.Parse(args)
	if exited && bare {
		return 2
	}
	if exited { // --help was asked for and has been printed
		return code
	}
	if err != nil {
		fmt.Fprintf(std.err, "peil: %s\nTry: peil %s--help\n", words(err), before(p, args))
		return 2
	}
	err = k.Run()
	var e exitError
	switch {
	case errors.As(err, &e):
		if e.err != nil {
			fmt.Fprintln(std.err, "peil:", words(e.err))
		}
		return e.code
	case err != nil:
		fmt.Fprintln(std.err, "peil:", words(err))
		return 2
	}
	return 0
}

// words are an error's, with what came from a file or the network made harmless.
func words(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i, l := range lines {
		if lines[i] = report.Clean(l); len(lines[i]) > maxError {
			lines[i] = strings.ToValidUTF8(lines[i][:maxError], "") + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// maxError bounds a line of an error: a file of another kind may be one long line.
const maxError = 300

// before is the subcommand that was called, for the hint at its help.
func before(p *kong.Kong, args []string) string {
	for _, c := range p.Model.Children {
		if len(args) > 0 && c.Name == args[0] {
			return c.Name + " "
		}
	}
	return ""
}
