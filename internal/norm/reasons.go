package norm

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/reasons.txt
var reasonTable string

// reasons has the words of every reason code of the editions peil, forum, wdo and those
// of the guidelines: what was seen, in half a sentence.
var reasons = sync.OnceValue(func() map[string]Text {
	m := map[string]Text{}
	for line := range strings.Lines(reasonTable) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(f) == 3 && !strings.HasPrefix(line, "#") {
			m[f[0]] = Text{f[1], f[2]}
		}
	}
	return m
})
