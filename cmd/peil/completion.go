package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"peil/internal/norm"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help tells how to switch completion on.
func (completionCmd) Help() string {
	return `Switch it on for this session:
  bash   source <(peil completion bash)
  zsh    source <(peil completion zsh)
  fish   peil completion fish | source`
}

// Run prints the script. Words, flags and their values are read from the command
// line's own model and the norm's, so that they are never out of date.
func (c completionCmd) Run(std streams, app *kong.Kong) error {
	var paths []string
	var cases, values, fish strings.Builder
	valued := map[string]bool{}
	var walk func(path string, n *kong.Node)
	walk = func(path string, n *kong.Node) {
		paths = append(paths, path)
		var words []string
		for _, child := range n.Children {
			words = append(words, child.Name)
			fmt.Fprintf(&fish, "complete -c peil -f -n '__peil_at %s' -a %s -d %s\n", path, child.Name, quote(child.Help))
			walk(path+"."+child.Name, child)
		}
		for _, p := range n.Positional {
			of := wordsFor(p.Name, p.Enum)
			words = append(words, of...)
			if len(of) > 0 {
				fmt.Fprintf(&fish, "complete -c peil -f -n '__peil_at %s' -a %s\n", path, quote(strings.Join(of, " ")))
			}
		}
		for _, group := range n.AllFlags(true) {
			for _, f := range group {
				words = append(words, "--"+f.Name)
				of := wordsFor(f.Name, f.Enum)
				fmt.Fprintf(&fish, "complete -c peil -n '__peil_at %s' -l %s%s%s -d %s\n", path, f.Name, fishShort(f), fishValue(f, of), quote(f.Help))
				if len(of) == 0 || valued[f.Name] {
					continue
				}
				valued[f.Name] = true
				names := "--" + f.Name
				if f.Short != 0 {
					names = "-" + string(f.Short) + "|" + names
				}
				fmt.Fprintf(&values, "    %s) words=%s ;;\n", names, quote(strings.Join(of, " ")))
			}
		}
		fmt.Fprintf(&cases, "      %s) words=%s ;;\n", path, quote(strings.Join(words, " ")))
	}
	walk("peil", app.Model.Node)
	known := strings.Join(paths, " ")

	if c.Shell == "fish" {
		_, err := fmt.Fprintf(std.out, `function __peil_at
  set -l path peil
  for w in (commandline -opc)[2..-1]
    if contains -- $path.$w %s
      set path $path.$w
    end
  end
  test "$path" = "$argv[1]"
end
%s`, known, fish.String())
		return err
	}
	if c.Shell == "zsh" {
		fmt.Fprintln(std.out, "autoload -U +X bashcompinit && bashcompinit")
	}
	_, err := fmt.Fprintf(std.out, `_peil() {
  local path=peil words= w i cur=${COMP_WORDS[COMP_CWORD]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    w=$path.${COMP_WORDS[i]}
    case " %s " in *" $w "*) path=$w ;; esac
  done
  case ${COMP_WORDS[COMP_CWORD-1]} in
%s    *)
      case $path in
%s      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$cur"))
}
complete -o filenames -F _peil peil
`, known, values.String(), cases.String())
	return err
}

// wordsFor are the values that a flag or argument can have.
func wordsFor(name, enum string) []string {
	var out []string
	switch name {
	case "edition", "requirement|edition":
		for _, e := range norm.Editions() {
			out = append(out, e.Name)
			for i := range e.Requirements {
				if id := e.Requirements[i].ID; name != "edition" && !slices.Contains(out, id) {
					out = append(out, id)
				}
			}
		}
	default:
		for v := range strings.SplitSeq(enum, ",") {
			if v != "" {
				out = append(out, v)
			}
		}
	}
	return out
}

func fishShort(f *kong.Flag) string {
	if f.Short == 0 {
		return ""
	}
	return " -s " + string(f.Short)
}

// fishValue says in fish's words what follows a flag: nothing, one of some words, or a
// file or other text.
func fishValue(f *kong.Flag, of []string) string {
	switch {
	case f.IsBool():
		return ""
	case len(of) > 0:
		return " -x -a " + quote(strings.Join(of, " "))
	}
	return " -r"
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
