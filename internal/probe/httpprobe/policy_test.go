package httpprobe

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"peil/internal/fact"
	"peil/internal/standard/mtasts"
)

func TestPolicyOfMTASTS(t *testing.T) {
	const text = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.nl\r\nmax_age: 86400\r\n"
	serve := func(h http.HandlerFunc) string { return secure(t, true, h) }
	for _, c := range []struct {
		name      string
		line      string
		status    int
		end, gap  string
		body      int
		truncated bool
	}{
		{"good", serve(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == mtasts.Path && r.Method == http.MethodGet {
				_, _ = w.Write([]byte(text))
			}
		}), 200, fact.EndOK, "", len(text), false},
		{"a redirect is not followed", serve(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != mtasts.Path {
				t.Errorf("%s was asked for", r.URL.Path)
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}), 302, fact.EndOK, "", 0, false},
		{"not there", serve(http.NotFound), 404, fact.EndOK, "", 0, false},
		{"too long", serve(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat("mx: a.nl\r\n", 10_000)))
		}), 200, fact.EndOK, "", mtasts.MaxPolicy, true},
		{"no TLS, and nothing to hold it against", wire(t, 443, func(c net.Conn) { _, _ = c.Write([]byte("hello\r\n")) }), 0, "", "blocked", 0, false},
		{"nothing at that address", "tcp 198.51.100.200:443 127.0.0.1:1", 0, "", "unmapped", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.line)
			p := w.Policy(t.Context(), siteName, []netip.Addr{siteAddr}, "")
			hop := p.Fetch.First()
			if len(p.Fetch.Hops) != 1 || hop.Status != c.status || p.Fetch.End != c.end || string(p.Fetch.Gap) != c.gap || len(p.Body) != c.body || p.Truncated != c.truncated {
				t.Errorf("%+v, %d bytes of policy", p.Fetch, len(p.Body))
			}
			if c.status != 0 && (len(w.Chains()) != 1 || hop.Chain != w.Chains()[0].ID) {
				t.Errorf("chain %q of %d", hop.Chain, len(w.Chains()))
			}
		})
	}
	t.Run("the second address", func(t *testing.T) {
		w := newWorld(t, serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }))
		if p := w.Policy(t.Context(), siteName, []netip.Addr{netip.MustParseAddr("198.51.100.200"), siteAddr}, ""); string(p.Body) != text || len(p.Fetch.Hops) != 1 {
			t.Errorf("%+v", p.Fetch)
		}
	})
	for gap, end := range map[fact.Gap]string{"": fact.EndClientError, fact.GapTimeout: ""} {
		if p := newWorld(t).Policy(t.Context(), siteName, nil, gap); p.Fetch.Gap != gap || p.Fetch.End != end || p.Fetch.First().Error != "no_address" {
			t.Errorf("without address, gap %q: %+v", gap, p.Fetch)
		}
	}
}
