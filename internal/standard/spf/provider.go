package spf

import (
	_ "embed"
	"strings"
	"sync"

	"peil/internal/standard/lookup"
)

//go:embed data/providers.txt
var providersText string

var providers = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(providersText) {
		name, provider, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && name != "#" {
			m[name] = provider
		}
	}
	return m
})

// Provider is who is known to stand behind a name that a record includes, "" for
// nobody known.
func Provider(name string) string {
	known := providers()
	for name = lookup.Canonical(name); name != ""; {
		if p := known[name]; p != "" {
			return p
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return ""
}
