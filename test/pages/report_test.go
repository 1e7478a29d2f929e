package pages

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"peil/internal/demo"
	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/lab"
	"peil/internal/norm"
	"peil/internal/report"
	"peil/internal/survey"
)

// shown are sites of the lab that together show all that a report can say: good, bad in
// many ways, without website, and what could not be measured.
var shown = []string{
	"perfect", "hsts-short", "ssl-2", "v6-none", "dnssec-expired", "dnssec-unsigned", "https-none", "cert-wrong-name",
	"csp-unsafe-inline", "no-addresses", "hostile-firewall-reset", "rpki-two-origins",
}

// measured are those sites, measured.
func measured(t *testing.T) []report.Item {
	t.Helper()
	var sites []*lab.Site
	for _, id := range shown {
		for _, s := range lab.Catalogue() {
			if s.ID == id {
				sites = append(sites, s)
			}
		}
	}
	if len(sites) != len(shown) {
		t.Fatalf("the lab has %d of the %d sites", len(sites), len(shown))
	}
	r, err := lab.Start(t.Context(), lab.Options{Sites: sites})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m, err := demo.Meter(t.Context(), r, norm.Editions(), "test", demo.Pace{Limits: demo.Generous()})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	targets := make(chan fact.Target, len(sites))
	for _, s := range sites {
		targets <- fact.Target{Name: s.Name, Role: fact.Web}
	}
	close(targets)
	var items []report.Item
	s := survey.Survey{Editions: norm.Editions(), Each: func(it report.Item) { items = append(items, it) }}
	if err := s.Run(t.Context(), m, targets, "", false); err != nil {
		t.Fatal(err)
	}
	return items
}

func render(t *testing.T, lang i18n.Lang, items []report.Item) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := report.New("html", &b, report.Options{Lang: lang, Editions: norm.Editions(), Meter: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		if err := w.Write(it); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTheReportIsForEverybody loads the report of one site, of a few and of many, in
// both languages, as different readers do, and lets axe-core search it; with every
// part opened, as what is folded away is not looked at otherwise.
func TestTheReportIsForEverybody(t *testing.T) {
	items := measured(t)
	var many []report.Item
	for i := range 60 {
		it := items[i%len(items)]
		m := *it.Measurement
		m.Target.Name = fmt.Sprintf("n%d.%s", i, m.Target.Name)
		it.Measurement = &m
		many = append(many, it)
	}
	mux := http.NewServeMux()
	var paths []string
	for _, lang := range i18n.Languages() {
		for form, list := range map[string][]report.Item{"one": items[:1], "few": items, "many": many} {
			page := render(t, lang, list)
			path := fmt.Sprintf("/%s-%s.html", form, lang)
			paths = append(paths, path)
			mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write(page)
			})
		}
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	b := Open(t)
	for _, path := range paths {
		for _, v := range []View{{}, {Dark: true}, {Width: 320, Height: 640}, {Width: 360, Height: 740, Dark: true}, {Print: true}} {
			// In the other language the words differ, and of one and many the numbers: axe-core
			// needs seconds for a long page, so those are looked at in fewer ways.
			if path != "/few-nl.html" && v != (View{}) && v != (View{Width: 360, Height: 740, Dark: true}) {
				continue
			}
			t.Run(strings.Trim(path, "/")+" "+v.String(), func(t *testing.T) {
				p := b.Load(t, server.URL+path, v)
				open := Eval[int](t, p, `{const d = [...document.querySelectorAll("details")]; d.forEach(x => x.open = true); d.length}`)
				if open == 0 {
					t.Error("nothing to open")
				}
				if o := p.Overflow(t); o > 0 && !v.Print {
					t.Errorf("the page is %d pixels wider than its window", o)
				}
				for _, x := range p.Axe(t) {
					t.Error(x)
				}
			})
		}
	}

	t.Run("keyboard alone", func(t *testing.T) {
		p := b.Load(t, server.URL+"/few-nl.html", View{})
		focus := func() string {
			p.Press(t, "\t")
			return Eval[string](t, p, `document.activeElement.tagName + " " + document.activeElement.className`)
		}
		if got := focus(); got != "A skip" {
			t.Errorf("the first stop is %s, want the link that skips to the content", got)
		}
		seen := map[string]bool{}
		for range 30 {
			seen[strings.Fields(focus())[0]] = true
			if Eval[string](t, p, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
				t.Error("the focus cannot be seen on " + Eval[string](t, p, "document.activeElement.outerHTML.slice(0, 80)"))
			}
		}
		if !seen["SECTION"] || !seen["A"] || !seen["SUMMARY"] {
			t.Errorf("by tab one comes at %v; want the table, links and what folds", seen)
		}
		p.Press(t, "\r")
		if n := Eval[int](t, p, `document.querySelectorAll("details[open]").length`); n != 1 {
			t.Errorf("enter opened %d parts, want 1", n)
		}
	})

	t.Run("paper shows what is folded", func(t *testing.T) {
		p := b.Load(t, server.URL+"/one-en.html", View{Print: true})
		if h := Eval[int](t, p, `Math.round(document.querySelector("details .body").getBoundingClientRect().height)`); h == 0 {
			t.Error("on paper a folded part is empty")
		}
	})
}

// TestWhatASiteSaysRunsNothing gives the report words that would like to be a script, a
// style or another page.
func TestWhatASiteSaysRunsNothing(t *testing.T) {
	const evil = `"><script>window.owned=1</script><img src=x onerror="window.owned=2"><style>*{display:none}</style></pre></details></main>` +
		"<meta http-equiv=refresh content=0;url=about:blank>\u202e\x1b[2J{{.}}"
	it := report.Item{
		Measurement: &fact.Measurement{Target: fact.Target{Name: evil, Unicode: evil, Role: fact.Web}, Vantage: evil},
		Results: []*norm.Result{{Edition: "peil", Word: norm.BelowStandard, Verdicts: []norm.Verdict{{
			ID: "web.https.hsts", Level: norm.Must, Outcome: norm.Failed, Check: evil, Evidence: []string{evil},
			Reasons:    []norm.Reason{{Code: "hsts-bad-max-age", Args: []string{evil}}},
			PerSubject: []norm.SubjectVerdict{{Subject: evil, Outcome: norm.Failed, Saw: norm.Reason{Code: evil, Args: []string{evil}}}},
		}}}},
	}
	page := render(t, i18n.EN, []report.Item{it, it})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	}))
	defer server.Close()
	p := Open(t).Load(t, server.URL, View{})
	if Eval[bool](t, p, `"owned" in window`) {
		t.Error("a script of the site ran")
	}
	if n := Eval[int](t, p, `document.querySelectorAll("script, img, main style, meta[http-equiv=refresh]").length`); n != 0 {
		t.Errorf("%d elements of the site are in the page", n)
	}
	if !Eval[bool](t, p, `document.body.innerText.includes("window.owned=1")`) {
		t.Error("what the site said is not to be read")
	}
}

// TestAxeFindsWhatShutsPeopleOut sees to it that the search can fail.
func TestAxeFindsWhatShutsPeopleOut(t *testing.T) {
	p := Open(t).Load(t, `data:text/html,<title>x</title><main><h1>x</h1><p style="color:%23999;background:%23aaa">pale</p><img src="data:,">`, View{})
	found := map[string]bool{}
	for _, v := range p.Axe(t) {
		found[v.ID] = true
	}
	for _, id := range []string{"color-contrast", "image-alt", "html-has-lang"} {
		if !found[id] {
			t.Errorf("axe-core did not find %s; it found %v", id, found)
		}
	}
}
