// Package pages looks at Peil's pages as a reader's browser does: a real Chromium
// without a window, light and dark, wide and narrow, on paper, by keyboard alone, with
// axe-core searching for what shuts people out. Any test can use it:
//
//	b := pages.Open(t)
//	p := b.Load(t, url, pages.View{Width: 320, Dark: true})
//	for _, v := range p.Axe(t) { t.Error(v) }
package pages

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe-core/axe.min.js
var axe string

// patience is how long a browser may take for one thing that is asked of it.
const patience = 2 * time.Minute

// Browser is a running Chromium.
type Browser struct{ ctx context.Context }

// Open starts Chromium for the length of a test. Without Chromium the test fails: `make
// programs` installs it.
func Open(tb testing.TB) *Browser {
	tb.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		tb.Fatal("pages are looked at with Chromium, which is not here; make programs installs it")
	}
	dir, err := os.MkdirTemp("", "peil-chromium-*")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.UserDataDir(dir),
		// What is looked at are our own pages, on loopback; as root and in containers
		// Chromium has no sandbox.
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
	)
	ctx, closeTab := chromedp.NewContext(ctx)
	tb.Cleanup(func() {
		closeTab()
		stop()
		_ = os.RemoveAll(dir)
	})
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("starting Chromium: %v", err)
	}
	return &Browser{ctx}
}

// View is how a reader looks. The zero value is a light desktop.
type View struct {
	Width, Height int64 // 0: 1280 and 900
	Dark, Print   bool
}

func (v View) String() string {
	s := fmt.Sprintf("%d wide", v.Width)
	if v.Dark {
		s += ", dark"
	}
	if v.Print {
		s += ", on paper"
	}
	return s
}

// Page is a page that was loaded.
type Page struct {
	ctx context.Context
	URL string
}

// Load opens an address in a tab of its own and waits until it is there. What the page's
// own policy forbids is an error.
func (b *Browser) Load(tb testing.TB, url string, v View) *Page {
	tb.Helper()
	if v.Width == 0 {
		v.Width = 1280
	}
	if v.Height == 0 {
		v.Height = 900
	}
	ctx, closeTab := chromedp.NewContext(b.ctx)
	tb.Cleanup(closeTab)
	p := &Page{ctx: ctx, URL: url}
	scheme, media := "light", "screen"
	if v.Dark {
		scheme = "dark"
	}
	if v.Print {
		media = "print"
	}
	// The tab lives as long as the context that opened it: not one that ends in between.
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("opening a tab: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	watch := page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.refused = [];
document.addEventListener("securitypolicyviolation", e => refused.push(e.violatedDirective + ": " + (e.blockedURI || e.sourceFile)))`}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, watch); err != nil {
		tb.Fatalf("watching the policy of %s: %v", url, err)
	}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}); err != nil {
		tb.Fatalf("emulating %v: %v", v, err)
	}
	p.do(tb, "loading "+url, chromedp.EmulateViewport(v.Width, v.Height), chromedp.Navigate(url))
	for _, r := range Eval[[]string](tb, p, "window.refused") {
		tb.Errorf("%s: its own policy refused %s", url, r)
	}
	return p
}

func (p *Page) do(tb testing.TB, what string, steps ...chromedp.Action[chromedp.Void]) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
}

// Eval is the value of an expression in JavaScript; a promise is awaited. The page's own
// policy does not hold for it.
func Eval[T any](tb testing.TB, p *Page, js string) T {
	tb.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		tb.Fatalf("%s: %s: %v", p.URL, js[:min(80, len(js))], err)
	}
	return out
}

// Press types keys as a person does: "\t" is the tab key, "\r" enter.
func (p *Page) Press(tb testing.TB, keys string) {
	tb.Helper()
	p.do(tb, "pressing a key", chromedp.KeyEvent(keys))
}

// Screenshot writes what is in view to a PNG file, for eyes.
func (p *Page) Screenshot(tb testing.TB, file string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(file, png, 0o644)
	}
	if err != nil {
		tb.Fatalf("a picture of %s: %v", p.URL, err)
	}
}

// Violation is what shuts somebody out.
type Violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for i, n := range v.Nodes {
		if i == 3 {
			fmt.Fprintf(&b, "\n  and %d more", len(v.Nodes)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %.200s\n  %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n  "))
	}
	return b.String()
}

// Axe searches the page with axe-core: WCAG 2.2 A and AA, and its best practices.
func (p *Page) Axe(tb testing.TB) []Violation {
	tb.Helper()
	Eval[any](tb, p, axe+";null")
	found := Eval[string](tb, p, `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify({v: r.violations, passes: r.passes.length}))`)
	var r struct {
		V      []Violation
		Passes int
	}
	if err := json.Unmarshal([]byte(found), &r); err != nil {
		tb.Fatalf("what axe-core found: %v", err)
	}
	if r.Passes == 0 {
		tb.Error("axe-core looked at nothing")
	}
	return r.V
}

// Overflow is by how many pixels the page is wider than its window: 0 means that nobody
// has to scroll sideways.
func (p *Page) Overflow(tb testing.TB) int {
	tb.Helper()
	return Eval[int](tb, p, "document.documentElement.scrollWidth - innerWidth")
}
