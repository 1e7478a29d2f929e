package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
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

// Run prints the script. Words and flags are read from the command line's own model, so
// that they are never out of date.
func (c completionCmd) Run(std streams, app *kong.Kong) error {
	var cases strings.Builder
	var fish strings.Builder
	var walk func(path []string, n *kong.Node)
	walk = func(path []string, n *kong.Node) {
		var words []string
		for _, child := range n.Children {
			words = append(words, child.Name)
			fmt.Fprintf(&fish, "complete -c peil -f -n '__peil_at %s' -a %s -d %s\n", strings.Join(path, "."), child.Name, quote(child.Help))
			walk(append(path[:len(path):len(path)], child.Name), child)
		}
		for _, group := range n.AllFlags(true) {
			for _, f := range group {
				words = append(words, "--"+f.Name)
				fmt.Fprintf(&fish, "complete -c peil -n '__peil_at %s' -l %s -d %s\n", strings.Join(path, "."), f.Name, quote(f.Help))
			}
		}
		fmt.Fprintf(&cases, "    %s) words=%s ;;\n", strings.Join(path, "."), quote(strings.Join(words, " ")))
	}
	walk([]string{"peil"}, app.Model.Node)

	if c.Shell == "fish" {
		_, err := fmt.Fprintf(std.out, `function __peil_at
  set -l path peil
  for w in (commandline -opc)[2..-1]
    string match -q -- '-*' $w; or set path $path.$w
  end
  test "$path" = "$argv[1]"
end
%s`, fish.String())
		return err
	}
	if c.Shell == "zsh" {
		fmt.Fprintln(std.out, "autoload -U +X bashcompinit && bashcompinit")
	}
	_, err := fmt.Fprintf(std.out, `_peil() {
  local path=peil w words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    w=${COMP_WORDS[i]}
    [[ $w == -* ]] || path=$path.$w
  done
  case $path in
%s    *) words= ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
  [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _peil peil
`, cases.String())
	return err
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
