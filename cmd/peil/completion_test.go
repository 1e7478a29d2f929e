package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peil/internal/report"
)

// TestCompletionInRealShells loads the scripts in the shells that they are for and asks
// what follows. zsh runs bash's script by its own emulation, which wants a terminal to
// be asked; that it loads is what is seen here.
func TestCompletionInRealShells(t *testing.T) {
	script := func(shell string) string {
		var out bytes.Buffer
		if code := run(t.Context(), []string{"completion", shell}, streams{strings.NewReader(""), &out, &out}); code != 0 {
			t.Fatalf("completion %s: exit %d: %s", shell, code, &out)
		}
		return out.String()
	}
	ask := func(t *testing.T, shell, line string) []string {
		t.Helper()
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Skip(shell + " is not here; make programs installs it")
		}
		words := strings.Split(line, " ")
		code := script(shell)
		switch shell {
		case "bash":
			code += "COMP_WORDS=(" + strings.Join(words, " ")
			if words[len(words)-1] == "" {
				code += `""`
			}
			code += ")\nCOMP_CWORD=$((${#COMP_WORDS[@]}-1))\n_peil\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
		case "fish":
			code += "complete -C '" + line + "' | string replace -r '\\t.*' ''\ntrue\n"
		case "zsh":
			code = "autoload -Uz compinit; compinit -u -D\n" + code + "print -r -- ${_comps[peil]}\n"
		}
		args := map[string][]string{"bash": {"--norc", "-s"}, "fish": {"--no-config"}, "zsh": {"-f", "-s"}}[shell]
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Stdin, cmd.Dir = strings.NewReader(code), t.TempDir()
		cmd.Env = append(cmd.Environ(), "HOME="+cmd.Dir, "XDG_CONFIG_HOME="+filepath.Join(cmd.Dir, "c"), "XDG_DATA_HOME="+filepath.Join(cmd.Dir, "d"))
		var wrong bytes.Buffer
		cmd.Stderr = &wrong
		out, err := cmd.Output()
		if err != nil || wrong.Len() > 0 {
			t.Fatalf("%s: %v: %s", shell, err, &wrong)
		}
		return strings.Fields(string(out))
	}
	for _, shell := range []string{"bash", "fish"} {
		t.Run(shell, func(t *testing.T) {
			for line, want := range map[string]string{
				"peil sc":                  "scan",
				"peil lab ch":              "check",
				"peil scan --edi":          "--edition",
				"peil scan --edition wd":   "wdo",
				"peil explain web.https.h": "web.https.hsts",
				"peil completion f":        "fish",
				"peil scan -o sa":          "sarif",
			} {
				if got := ask(t, shell, line); !slices.Contains(got, want) {
					t.Errorf("%s: %s completes to %v, want %s", shell, line, got, want)
				}
			}
			if got := ask(t, shell, "peil judge -o "); !slices.Contains(got, report.Formats()[0]) || slices.Contains(got, "serve") {
				t.Errorf("%s: after -o come %v", shell, got)
			}
		})
	}
	t.Run("zsh", func(t *testing.T) {
		if got := ask(t, "zsh", "peil sc"); !slices.Contains(got, "_peil") {
			t.Errorf("zsh completes peil by %v", got)
		}
	})
}
