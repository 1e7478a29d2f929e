package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"peil/internal/lab"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"peil": func() {
			os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
		},
	})
}

// TestScripts runs the command as a user does. The scripts have three commands more:
//
//	lab SITE…     plays these sites of the lab; $LAB is its directory, $RTR its cache of VRPs
//	exits N CMD…  runs a command that must end with exit code N
//	same F G      compares two results but for when they were made
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("LANG", "en_GB.UTF-8")
			e.Setenv("TZ", "UTC")
			e.Setenv("LAB", filepath.Join(e.WorkDir, "lab"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"lab":   startLab,
			"exits": exits,
			"peil":  peil,
			"same":  same,
		},
	})
}

var timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:[0-9.]+Z`)

// same compares two results that were made at different times. The order is that of
// completion, and so not compared.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same FILE FILE")
	}
	var texts [2][]string
	for i, name := range args {
		texts[i] = strings.Split(timestamp.ReplaceAllString(ts.ReadFile(name), "T"), "\n")
		slices.Sort(texts[i])
	}
	if !slices.Equal(texts[0], texts[1]) {
		ts.Fatalf("%s and %s differ:\n%s\n%s", args[0], args[1], strings.Join(texts[0], "\n"), strings.Join(texts[1], "\n"))
	}
}

func startLab(ts *testscript.TestScript, _ bool, ids []string) {
	var sites []*lab.Site
	for _, s := range lab.Catalogue() {
		if slices.Contains(ids, s.ID) {
			sites = append(sites, s)
		}
	}
	if len(sites) != len(ids) {
		ts.Fatalf("the lab knows %d of these sites: %v", len(sites), ids)
	}
	r, err := lab.Start(context.Background(), lab.Options{Sites: sites})
	ts.Check(err)
	ts.Defer(r.Close)
	dir := ts.Getenv("LAB")
	ts.Check(r.WriteDir(dir))
	ts.Setenv("RTR", r.RTR.String())
}

// network are the flags that lead a scan to the lab.
func network(dir string) []string {
	var flags []string
	for flag, file := range map[string]string{
		"--network-map": "network-map", "--root-hints": "root-hints", "--trust-anchor": "trust-anchor",
		"--ca-bundle": "ca.pem", "--vrps": "vrps.json", "--routes": "routes.csv",
	} {
		flags = append(flags, flag, filepath.Join(dir, file))
	}
	return append(flags, "--spread", "50ms")
}

func expand(ts *testscript.TestScript, args []string) []string {
	var out []string
	for _, a := range args {
		if a == "NET" {
			out = append(out, network(ts.Getenv("LAB"))...)
			continue
		}
		out = append(out, a)
	}
	return out
}

// exits runs a command that must end with an exit code. NET among its arguments stands
// for the flags that lead to the lab.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], expand(ts, args[2:])...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// peil runs the command and does not mind how it ends.
func peil(ts *testscript.TestScript, _ bool, args []string) {
	_ = ts.Exec("peil", expand(ts, args)...)
}
