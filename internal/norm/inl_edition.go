package norm

import (
	_ "embed"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"peil/internal/fact"
)

//go:embed data/internetnl.toml
var inlData string

//go:embed data/internetnl-mail.toml
var inlMailData string

// inlText is what people read of one test: a table in data/internetnl.toml or
// data/internetnl-mail.toml.
type inlText struct {
	ID      string          `toml:"id"`
	Like    string          `toml:"like"` // the web test that has the words which are not here
	Title   Text            `toml:"title"`
	Explain Text            `toml:"explain"`
	Why     Text            `toml:"why"`
	Source  Source          `toml:"source"`
	Check   string          `toml:"check"`
	Fix     []Fix           `toml:"fix"`
	Verdict map[string]Text `toml:"verdict"`
}

// like fills in what a text has not from another's. Its verdicts are added to those.
func (t inlText) like(other inlText) inlText {
	for _, f := range []struct{ to, from *Text }{{&t.Title, &other.Title}, {&t.Explain, &other.Explain}, {&t.Why, &other.Why}} {
		if *f.to == (Text{}) {
			*f.to = *f.from
		}
	}
	if t.Source == (Source{}) {
		t.Source = other.Source
	}
	if t.Check == "" {
		t.Check = other.Check
	}
	if t.Fix == nil {
		t.Fix = other.Fix
	}
	words := maps.Clone(other.Verdict)
	if words == nil {
		words = map[string]Text{}
	}
	maps.Copy(words, t.Verdict)
	t.Verdict = words
	return t
}

// inlBook is the whole of both, by test.
type inlBook struct {
	texts   map[string]inlText
	check   map[string]string
	reasons map[string]Text
	never   map[string][]string
}

// inlTexts reads the data once. It is part of the program: an error is a fault of the
// build, which the tests find.
var inlTexts = sync.OnceValue(func() *inlBook {
	type part struct {
		Common map[string]Text     `toml:"common"`
		Never  map[string][]string `toml:"never"`
		Test   []inlText           `toml:"test"`
	}
	var web, mail part
	if _, err := toml.Decode(inlData, &web); err != nil {
		panic(fmt.Sprintf("data/internetnl.toml: %v", err))
	}
	if _, err := toml.Decode(inlMailData, &mail); err != nil {
		panic(fmt.Sprintf("data/internetnl-mail.toml: %v", err))
	}
	maps.Copy(web.Never, mail.Never)
	b := &inlBook{texts: map[string]inlText{}, check: map[string]string{}, reasons: map[string]Text{}, never: web.Never}
	for code, t := range reasons() {
		if strings.HasPrefix(code, "gap-") { // why something was not measured, as in all editions
			b.reasons[code] = t
		}
	}
	put := func(id, code string, t inlText) {
		b.texts[id] = t
		b.check[id] = t.Check
		b.reasons[code+".not-tested"] = web.Common["not-tested"]
		for word, text := range t.Verdict {
			b.reasons[code+"."+word] = text
		}
	}
	for _, t := range web.Test {
		put("web_"+t.ID, t.ID, t)
	}
	for _, t := range mail.Test {
		put("mail_"+t.ID, "mail_"+t.ID, t.like(b.texts["web_"+t.Like]))
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
			"De website- en mailtest van Internet.nl, versie 1.11 (batch-API 2.7.0): dezelfde uitslagen, woorden en percentages, eigenaardigheden inbegrepen. Wat wij zelf niet konden meten telt niet mee, en de uitslag zegt dat hij onvolledig is.",
			"The website and mail tests of Internet.nl, version 1.11 (batch API 2.7.0): the same verdicts, words and percentages, quirks included. What we could not measure ourselves is left out, and the result says that it is incomplete.",
		},
		Source:  Source{Name: "Internet.nl 1.11.2", URL: "https://github.com/internetstandards/Internet.nl"},
		Reasons: book.reasons,
		whole:   inlWhole,
	}
	for _, role := range []struct {
		is    fact.Role
		specs []inlSpec
	}{{fact.Web, inlWebSpecs}, {fact.Mail, inlMailSpecs}} {
		for _, sp := range role.specs {
			id := string(role.is) + "_" + sp.name
			t := book.texts[id]
			e.Requirements = append(e.Requirements, Requirement{
				ID: id, Role: role.is, Category: sp.category, Level: sp.level(), Tier: Public,
				Title: t.Title, Explain: t.Explain, Why: t.Why, Fixes: t.Fix, Source: t.Source,
			})
		}
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
