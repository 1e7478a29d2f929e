package httpprobe

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkVisit is one address of a good site with a page of 50 kB. The server runs
// in the same process: take the share of httpprobe from a profile.
func BenchmarkVisit(b *testing.B) {
	body := "<!doctype html><title>x</title>" + strings.Repeat(`<div class="a b"><p>Some text &amp; more</p><a href="/x">link</a></div>`+"\n", 700)
	w := newWorld(b, plain(b, redirectTo("https://"+siteName+"/")), secure(b, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, body)
	}))
	for b.Loop() {
		p := &Prober{UserAgent: w.UserAgent, Dial: w.Dial, Resolve: w.Resolve, Gap: w.Gap, Now: w.Now}
		if v := p.Visit(b.Context(), siteName, siteAddr); v.Secure == nil {
			b.Fatal("no page")
		}
		p.Close()
	}
}
