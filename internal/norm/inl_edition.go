package norm

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"peil/internal/fact"
)

//go:embed data/internetnl.toml
var inlData string

// inlText is what people read of one test: a table in data/internetnl.toml.
type inlText struct {
	ID      string          `toml:"id"`
	Title   Text            `toml:"title"`
	Explain Text            `toml:"explain"`
	Why     Text            `toml:"why"`
	Source  Source          `toml:"source"`
	Check   string          `toml:"check"`
	Fix     []Fix           `toml:"fix"`
	Verdict map[string]Text `toml:"verdict"`
}

// inlBook is the whole of data/internetnl.toml, by test.
type inlBook struct {
	texts   map[string]inlText
	check   map[string]string
	reasons map[string]Text
	never   map[string][]string
}

// inlTexts reads the data once. It is part of the program: an error is a fault of the
// build, which the tests find.
var inlTexts = sync.OnceValue(func() *inlBook {
	var doc struct {
		Common map[string]Text     `toml:"common"`
		Never  map[string][]string `toml:"never"`
		Test   []inlText           `toml:"test"`
	}
	if _, err := toml.Decode(inlData, &doc); err != nil {
		panic(fmt.Sprintf("data/internetnl.toml: %v", err))
	}
	b := &inlBook{texts: map[string]inlText{}, check: map[string]string{}, reasons: map[string]Text{}, never: doc.Never}
	for code, t := range reasons() {
		if strings.HasPrefix(code, "gap-") { // why something was not measured, as in all editions
			b.reasons[code] = t
		}
	}
	for _, t := range doc.Test {
		id := "web_" + t.ID
		b.texts[id] = t
		b.check[id] = t.Check
		b.reasons[t.ID+".not-tested"] = doc.Common["not-tested"]
		for word, text := range t.Verdict {
			b.reasons[t.ID+"."+word] = text
		}
	}
	return b
})

// internetNL is the edition internet.nl: part B of the catalogue to the letter, quirks
// included, so that its score is the one that every Dutch public body is used to.
func internetNL() *Edition { return inlEdition() }

var inlEdition = sync.OnceValue(func() *Edition {
	book := inlTexts()
	e := &Edition{
		Name: "internet.nl", Version: "1.11.2",
		Title: Text{"Internet.nl", "Internet.nl"},
		About: Text{
			"De websitetest van Internet.nl, versie 1.11 (batch-API 2.7.0): dezelfde uitslagen, woorden en percentages, eigenaardigheden inbegrepen. Wat wij zelf niet konden meten telt niet mee, en de uitslag zegt dat hij onvolledig is.",
			"The website test of Internet.nl, version 1.11 (batch API 2.7.0): the same verdicts, words and percentages, quirks included. What we could not measure ourselves is left out, and the result says that it is incomplete.",
		},
		Source:  Source{Name: "Internet.nl 1.11.2", URL: "https://github.com/internetstandards/Internet.nl"},
		Reasons: book.reasons,
		whole:   inlWhole,
	}
	for _, sp := range inlWebSpecs {
		id := "web_" + sp.name
		t := book.texts[id]
		e.Requirements = append(e.Requirements, Requirement{
			ID: id, Role: fact.Web, Category: sp.category, Level: sp.level(), Tier: Public,
			Title: t.Title, Explain: t.Explain, Why: t.Why, Fixes: t.Fix, Source: t.Source,
		})
	}
	return e
})

// InternetNLNever lists, by test, the verdict words that Internet.nl's metadata has but
// version 1.11 never gives (catalogue B.1).
func InternetNLNever() map[string][]string { return inlTexts().never }

// level is what a test weighs once it was tested: what has points is required.
func (sp inlSpec) level() Level {
	if sp.max > 0 {
		return Required
	}
	return inlLevel(sp.worst)
}
