package dkim

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed data/selectors.txt
var selectorsText string

// Selector is a selector that is in common use.
type Selector struct {
	Name     string
	Provider string // that makes it, "" where people choose it themselves
}

type table struct {
	selectors []Selector
	mx        map[string]string
}

var known = sync.OnceValue(func() table {
	t := table{mx: map[string]string{}}
	for line := range strings.Lines(selectorsText) {
		word, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case !ok || word == "#":
		case word == "mx" && rest != "*":
			host, provider, _ := strings.Cut(rest, " ")
			t.mx[host] = provider
		default:
			t.selectors = append(t.selectors, Selector{word, strings.TrimPrefix(rest, "*")})
		}
	}
	return t
})

// Selectors are the known selectors: first those of the given providers, in the order
// of the table, then the rest, the most probable first. Providers have the names that
// ProviderOfMX and spf.Provider give.
func Selectors(providers ...string) []Selector {
	all := slices.Clone(known().selectors)
	slices.SortStableFunc(all, func(a, b Selector) int { return rank(a, providers) - rank(b, providers) })
	return all
}

func rank(s Selector, providers []string) int {
	if s.Provider != "" && slices.Contains(providers, s.Provider) {
		return 0
	}
	return 1
}

// ProviderOfMX is who is known to stand behind a mail host, "" for nobody known.
func ProviderOfMX(host string) string {
	mx := known().mx
	for host = strings.ToLower(strings.TrimSuffix(host, ".")); host != ""; {
		if p := mx[host]; p != "" {
			return p
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return ""
}
