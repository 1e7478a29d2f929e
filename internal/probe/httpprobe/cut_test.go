package httpprobe_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/probe/httpprobe"
)

// A site with both address families, and its pair.
const (
	cutName = "www.example.nl"
	cutPair = "example.nl"
)

var (
	cut4 = netip.MustParseAddr("192.0.2.10")
	cut6 = netip.MustParseAddr("2001:db8::10")
)

// exchange is one request of a measurement, as the server tells it apart.
type exchange struct {
	secure bool
	addr   netip.Addr
	host   string
	path   string
}

func (e exchange) String() string {
	return fmt.Sprintf("%s%s at %s, secure %v", e.host, e.path, e.addr, e.secure)
}

// cut is how and when the server leaves an exchange: always, whenever it is tried.
type cut struct {
	at   exchange
	step string // "before", "headers", "body"
	way  string // "reset", "fin", "stall"
}

type connKey struct{}

const cutPage = `<!DOCTYPE html><html><head><title>Voorbeeld</title></head><body><p>Alles is in orde.</p></body></html>`

const cutText = "Contact: https://www.example.nl/melden\nExpires: %s\n"

// serve answers as a good site does, and leaves where it was told to.
func (c *cut) serve(secure bool, addr netip.Addr) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, contentType := cutPage, "text/html; charset=utf-8"
		hit := c.at == exchange{secure, addr, r.Host, r.URL.Path}
		switch {
		case r.URL.Path == "/.well-known/security.txt":
			body, contentType = fmt.Sprintf(cutText, time.Now().AddDate(0, 6, 0).UTC().Format(time.RFC3339)), "text/plain; charset=utf-8"
		case r.URL.Path != "/":
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		switch {
		case !secure:
			h.Set("Location", "https://"+r.Host+"/")
		case r.Host == cutPair:
			h.Set("Location", "https://"+cutName+"/")
		}
		status := http.StatusOK
		if h.Get("Location") != "" {
			status = http.StatusMovedPermanently
		}
		for k, v := range map[string]string{
			"Content-Type": contentType, "Content-Length": fmt.Sprint(len(body)), "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
			"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"X-Frame-Options":         "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Alt-Svc": `h3=":443"`,
		} {
			h.Set(k, v)
		}
		if !hit {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
		switch c.step {
		case "headers":
			if j, ok := w.(http.Hijacker); ok { // HTTP/2 has one frame of headers
				conn, _, err := j.Hijack()
				if err != nil {
					return
				}
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d OK\r\nContent-Type: text/html\r\nContent-Le", status)
				c.leave(conn, conn)
				return
			}
		case "body":
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body[:len(body)/2])
			_ = http.NewResponseController(w).Flush()
		}
		if j, ok := w.(http.Hijacker); ok {
			if conn, _, err := j.Hijack(); err == nil {
				c.leave(conn, conn)
			}
			return
		}
		if c.way == "stall" {
			<-r.Context().Done()
			return
		}
		conn, ok := r.Context().Value(connKey{}).(net.Conn)
		if ok {
			c.leave(conn, nil)
		}
		<-r.Context().Done()
	}
}

// leave ends a connection in its way; reader is who reads from it, when that is nobody else.
func (c *cut) leave(conn net.Conn, reader io.Reader) {
	raw := conn
	if s, ok := conn.(*tls.Conn); ok {
		raw = s.NetConn()
	}
	switch c.way {
	case "stall":
		_, _ = io.Copy(io.Discard, reader) // until the client gives up
	case "reset":
		if s, ok := raw.(*net.TCPConn); ok {
			_ = s.SetLinger(0)
		}
	}
	_ = raw.Close()
}

// measure makes the requests of a measurement of that site and judges them.
func (c *cut) measure(t *testing.T, h2 bool) (map[string]norm.Outcome, *fact.Measurement) {
	t.Helper()
	places := map[netip.AddrPort]string{}
	for _, a := range []netip.Addr{cut4, cut6} {
		for _, secure := range []bool{false, true} {
			s := httptest.NewUnstartedServer(c.serve(secure, a))
			s.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
				return context.WithValue(ctx, connKey{}, conn)
			}
			port := uint16(80)
			if secure {
				s.EnableHTTP2, port = h2, 443
				s.StartTLS()
			} else {
				s.Start()
			}
			t.Cleanup(s.Close)
			places[netip.AddrPortFrom(a, port)] = s.Listener.Addr().String()
		}
	}
	p := &httpprobe.Prober{
		UserAgent: "Peil/test", Now: time.Now, Timeout: 250 * time.Millisecond,
		Dial: func(ctx context.Context, _ string, at netip.AddrPort) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, "tcp", places[at])
			if err != nil {
				return nil, &httpprobe.DialError{How: "refused", Gap: fact.GapBlocked, Err: err}
			}
			return conn, nil
		},
		Resolve: func(context.Context, string) (v4, v6 []netip.Addr, gap fact.Gap) {
			return []netip.Addr{cut4}, []netip.Addr{cut6}, ""
		},
	}
	t.Cleanup(p.Close)
	open, yes := fact.Reach{State: fact.ReachOpen}, fact.Observed{Answer: fact.Accepted}
	lookup := func(name, kind string, data netip.Addr) fact.Lookup {
		return fact.Lookup{Name: name, Type: kind, RCode: "NOERROR", Security: fact.Secure, Records: []fact.Record{{Data: data.String()}}}
	}
	m := &fact.Measurement{
		Schema: fact.Schema, Target: fact.Target{Name: cutName, Role: fact.Web}, At: time.Now(), Network: fact.Network{IPv4: true, IPv6: true},
		DNS: &fact.DNS{Lookups: []fact.Lookup{lookup(cutName, "A", cut4), lookup(cutName, "AAAA", cut6)}}, Web: &fact.WebFacts{Wire: []netip.Addr{cut4, cut6}},
	}
	a, aaaa := lookup(cutPair, "A", cut4), lookup(cutPair, "AAAA", cut6)
	m.Web.Pair = &fact.Pair{Name: cutPair, A: &a, AAAA: &aaaa}
	var visits []*httpprobe.Visit
	for _, addr := range []netip.Addr{cut4, cut6} {
		v := p.Visit(t.Context(), cutName, addr)
		visits = append(visits, v)
		m.Web.Hosts = append(m.Web.Hosts, fact.WebHost{Addr: addr, Port80: open, Port443: open, HTTP: &v.HTTP, TLS: &fact.TLS{Addr: netip.AddrPortFrom(addr, 443), Working: yes}})
	}
	similar := httpprobe.Compare(fact.Similarity{V4: cut4, V6: cut6}, visits[0], visits[1])
	m.Web.Similarity = &similar
	m.Web.Pair.Plain4, m.Web.Pair.Secure4 = p.Fetch(t.Context(), "http", cutPair, cut4), p.Fetch(t.Context(), "https", cutPair, cut4)
	m.Web.Pair.Plain6, m.Web.Pair.Secure6 = p.Fetch(t.Context(), "http", cutPair, cut6), p.Fetch(t.Context(), "https", cutPair, cut6)
	got := map[string]norm.Outcome{}
	for _, r := range norm.JudgeAll(m, norm.Editions()...) {
		for _, d := range r.Verdicts {
			got[r.Edition+" "+d.ID] = d.Outcome
		}
	}
	return got, m
}

// TestNoCutFails leaves every exchange of a good site at every step in every way. What
// fails after a first success is not measured (catalogue A.2): nothing may come out worse
// than when nothing is cut.
func TestNoCutFails(t *testing.T) {
	t.Parallel()
	var exchanges []exchange
	for _, a := range []netip.Addr{cut4, cut6} {
		for _, name := range []string{cutName, cutPair} {
			exchanges = append(exchanges, exchange{false, a, name, "/"}, exchange{true, a, name, "/"})
		}
		exchanges = append(exchanges, exchange{true, a, cutName, "/.well-known/security.txt"})
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, 16) // most of it is waiting
	for _, h2 := range []bool{false, true} {
		whole, m := (&cut{}).measure(t, h2)
		for _, must := range []string{"peil web.https.hsts", "peil web.https.redirect", "peil web.securitytxt.valid", "peil web.ipv6.similar", "peil web.dns.pair", "internet.nl web_https_http_hsts", "wdo wdo.hsts"} {
			if whole[must] != norm.Passed {
				t.Errorf("h2 %v, nothing cut: %s is %s", h2, must, whole[must])
			}
		}
		if got := m.Web.Hosts[0].HTTP.HTTP2.Yes(); got != h2 {
			t.Errorf("h2 %v: %v", h2, got)
		}
		for _, x := range exchanges {
			for _, step := range []string{"before", "headers", "body"} {
				for _, way := range []string{"reset", "fin", "stall"} {
					if h2 && x.secure && step == "headers" {
						continue // headers are one frame
					}
					c := &cut{x, step, way}
					label := fmt.Sprintf("h2 %v, %s, %s, %s", h2, x, step, way)
					wg.Go(func() {
						slots <- struct{}{}
						defer func() { <-slots }()
						got, m := c.measure(t, h2)
						missed := 0
						for id, was := range whole {
							is := got[id]
							if is == norm.NotMeasured && was != is {
								missed++
							}
							if (is == norm.Failed || is == norm.Warning) && is != was {
								t.Errorf("%s: %s is %s, %s when nothing is cut", label, id, is, was)
							}
						}
						if h := m.Web.Hosts[0].HTTP; h.HTTP2.No() && h2 {
							t.Errorf("%s: HTTP/2 is said not to be spoken", label)
						}
						redirect := x.host == cutPair || !x.secure
						if missed == 0 && x.host != cutPair && (!redirect || step != "body") {
							t.Errorf("%s: nothing is not measured: the cut was not felt", label)
						}
					})
				}
			}
		}
	}
}
