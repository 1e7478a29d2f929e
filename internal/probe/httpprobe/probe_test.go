package httpprobe

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
)

const siteName = "www.example.nl"

var siteAddr = netip.MustParseAddr("198.51.100.10")

// world is a website on loopback, reached by a network map.
type world struct {
	*Prober
	egress *egress.Egress
	dials  atomic.Int32
}

// newWorld maps the ports 80 and 443 of siteAddr, and of other addresses, to
// listeners.
func newWorld(t testing.TB, lines ...string) *world {
	t.Helper()
	m, err := egress.ParseMap(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	e, err := egress.New(egress.Config{Limits: egress.Limits{TCPBurst: egress.NoLimit, TCPRate: egress.NoLimit, NetFactor: egress.NoLimit}, Map: m, Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{egress: e}
	w.Prober = &Prober{
		UserAgent: "Peil/test", Now: time.Now, Timeout: 3 * time.Second,
		Gap: func(err error) fact.Gap { return fact.Gap(egress.Gap(err)) },
		Dial: func(ctx context.Context, host string, addr netip.AddrPort) (net.Conn, error) {
			w.dials.Add(1)
			c, err := e.Subject(host).DialTCP(ctx, addr)
			if err != nil {
				return nil, &DialError{How: "refused", Gap: fact.Gap(egress.Gap(err)), Err: err}
			}
			return c, nil
		},
		Resolve: func(_ context.Context, host string) (v4, v6 []netip.Addr, gap fact.Gap) {
			switch host {
			case "other.example.nl", siteName:
				return []netip.Addr{siteAddr}, nil, ""
			case "broken.example.nl":
				return nil, nil, fact.GapDNS
			}
			return nil, nil, ""
		},
	}
	t.Cleanup(w.Close)
	return w
}

// plain serves a handler on port 80 of siteAddr.
func plain(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return fmt.Sprintf("tcp %s:80 %s", siteAddr, s.Listener.Addr())
}

// secure serves a handler on port 443, with HTTP/2 or without.
func secure(t testing.TB, h2 bool, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = h2
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return fmt.Sprintf("tcp %s:443 %s", siteAddr, s.Listener.Addr())
}

// wire answers every connection to a port with what f does.
func wire(t *testing.T, port int, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				f(c)
			}()
		}
	}()
	return fmt.Sprintf("tcp %s:%d %s", siteAddr, port, l.Addr())
}

func redirectTo(url string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusMovedPermanently) }
}

const goodPage = `<!DOCTYPE html><html><head><title>Gemeente  Voorbeeld</title></head><body><form action="/zoek"><input name=q></form></body></html>`

func goodSite(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "script-src 'nonce-"+fmt.Sprint(time.Now().UnixNano())+"'")
		w.Header().Add("Set-Cookie", "session=secret; Path=/; Secure; HttpOnly; SameSite=Lax; Partitioned")
		w.Header().Set("Alt-Svc", `h3=":443"; ma=86400`)
		w.Header().Set("X-Request-Id", "12345")
		_, _ = io.WriteString(w, goodPage)
	case "/.well-known/security.txt":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "Contact: mailto:security@example.nl\n")
	default:
		http.NotFound(w, r)
	}
}

func TestAGoodSiteCostsTwoConnections(t *testing.T) {
	for _, h2 := range []bool{true, false} {
		t.Run(fmt.Sprintf("h2=%v", h2), func(t *testing.T) {
			var requests atomic.Int32
			w := newWorld(t, plain(t, redirectTo("https://"+siteName+"/")), secure(t, h2, func(rw http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				goodSite(rw, r)
			}))
			v := w.Visit(t.Context(), siteName, siteAddr)
			h := &v.HTTP
			if h.Plain.End != fact.EndOK || len(h.Plain.Hops) != 2 || h.Plain.Hops[0].Next != "https://"+siteName+"/" || h.Plain.Hops[0].Status != 301 {
				t.Errorf("plain: %+v", h.Plain)
			}
			s := h.Secure.First()
			if h.Secure.End != fact.EndOK || s.Status != 200 || s.Chain == "" || s.TLSVersion != fact.TLS13 {
				t.Errorf("secure: %+v", h.Secure)
			}
			if got := s.Values("strict-transport-security"); len(got) != 1 || got[0] != "max-age=31536000" {
				t.Errorf("HSTS %q", got)
			}
			if len(s.Cookies) != 1 || s.Cookies[0].Name != "session" || !s.Cookies[0].Secure || !s.Cookies[0].HTTPOnly || s.Cookies[0].SameSite != "lax" || s.Cookies[0].Other[0] != "partitioned" {
				t.Errorf("cookies %+v", s.Cookies)
			}
			if b := fmt.Sprintf("%+v", h); strings.Contains(b, "secret") {
				t.Error("a cookie's value is among the facts")
			}
			if h.HTTP2.Yes() != h2 || h.HTTP2.No() == h2 {
				t.Errorf("HTTP/2 %+v", h.HTTP2)
			}
			if len(h.HTTP3) != 1 || h.HTTP3[0] != "alt-svc" {
				t.Errorf("HTTP/3 %v", h.HTTP3)
			}
			if h.Page == nil || h.Page.Title != "Gemeente Voorbeeld" {
				t.Errorf("page %+v", h.Page)
			}
			if h.PlainPage != nil {
				t.Errorf("a page over http: %+v", h.PlainPage)
			}
			if x := h.SecurityTxt; x == nil || x.WellKnown.Last().Status != 200 || x.Legacy != nil || !bytes.HasPrefix(x.Body, []byte("Contact:")) {
				t.Errorf("security.txt %+v", x)
			}
			if n := w.dials.Load(); n != 2 {
				t.Errorf("%d connections", n)
			}
			if n := requests.Load(); n != 2 {
				t.Errorf("%d requests over https: shared hops are fetched once", n)
			}
			if len(w.Chains()) != 1 {
				t.Errorf("%d chains", len(w.Chains()))
			}
		})
	}
}

func TestTheSameSiteAgainHasTheSameHash(t *testing.T) {
	site := []string{plain(t, redirectTo("https://"+siteName+"/")), secure(t, true, goodSite)}
	var hashes [2]string
	for i := range hashes {
		v := newWorld(t, site...).Visit(t.Context(), siteName, siteAddr)
		var err error
		if hashes[i], err = fact.Hash(&v.HTTP); err != nil {
			t.Fatal(err)
		}
	}
	if hashes[0] != hashes[1] {
		t.Error("date, nonce or request id are part of the hash")
	}
}

func TestHowChainsEnd(t *testing.T) {
	hops := 0
	for _, c := range []struct {
		name     string
		handler  http.HandlerFunc
		end      string
		gap      fact.Gap
		hops     int
		lastWord string
	}{
		{"loop", redirectTo("http://" + siteName + "/"), fact.EndLoop, "", 1, ""},
		{"too many", func(w http.ResponseWriter, r *http.Request) {
			hops++
			http.Redirect(w, r, fmt.Sprintf("http://%s/%d", siteName, hops), http.StatusFound)
		}, fact.EndTooMany, "", 20, ""},
		{"a scheme that is no website", redirectTo("ftp://" + siteName + "/"), fact.EndClientError, "", 1, ""},
		{"no such host", redirectTo("http://nowhere.example.nl/"), fact.EndClientError, "", 2, "no_address"},
		{"DNS fails", redirectTo("http://broken.example.nl/"), "", fact.GapDNS, 2, "no_address"},
		{"loopback", redirectTo("http://127.0.0.1/"), "", fact.GapNotPublic, 2, "refused"},
		{"loopback in disguise", redirectTo("http://2130706433/"), "", fact.GapNotPublic, 2, "no_address"},
		{"port that is closed to us", redirectTo("http://" + siteName + ":8080/"), "", fact.GapUnmapped, 2, "refused"},
		{"another host", func(w http.ResponseWriter, r *http.Request) {
			if r.Host == siteName {
				http.Redirect(w, r, "http://OTHER.example.nl:80/a b?q=x y#frag", http.StatusSeeOther)
			}
		}, fact.EndOK, "", 2, ""},
		{"a relative redirect", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				w.Header().Set("Location", "nl/home?x")
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
		}, fact.EndOK, "", 2, ""},
		{"a cookie opens the door", func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("seen"); err != nil {
				http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
				http.Redirect(w, r, "/", http.StatusFound)
			}
		}, fact.EndOK, "", 2, ""},
		{"304 is no redirect", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, fact.EndOK, "", 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, plain(t, c.handler))
			f := w.Fetch(t.Context(), "http", siteName, siteAddr)
			if f.End != c.end || f.Gap != c.gap || len(f.Hops) != c.hops || f.Last().Error != c.lastWord {
				t.Errorf("end %q gap %q, %d hops, last %+v", f.End, f.Gap, len(f.Hops), f.Last())
			}
			for _, h := range f.Hops {
				if strings.ContainsAny(h.URL, " #") {
					t.Errorf("URL %q", h.URL)
				}
			}
		})
	}
}

// Tormentors: each must end in time and memory, and none may count as an answer that
// was not one.
func TestTormentors(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		error string
		gap   fact.Gap
		end   string
		check func(*testing.T, *fact.Hop)
	}{
		{"endless header", func(c net.Conn) {
			readRequest(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("a", 1000)); err != nil {
					return
				}
			}
		}, "too_large", fact.GapBudget, "", nil},
		{"one header line of a gigabyte", func(c net.Conn) {
			readRequest(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nX: ")
			for {
				if _, err := c.Write(bytes.Repeat([]byte("a"), 1<<20)); err != nil {
					return
				}
			}
		}, "too_large", fact.GapBudget, "", nil},
		{"endless body", func(c net.Conn) {
			readRequest(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := c.Write(bytes.Repeat([]byte("a"), 1<<16)); err != nil {
					return
				}
			}
		}, "", "", fact.EndOK, func(t *testing.T, h *fact.Hop) {
			if !h.Truncated || h.BodySize != maxBody {
				t.Errorf("read %d", h.BodySize)
			}
		}},
		{"gzip bomb", func(c net.Conn) {
			readRequest(c)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", bomb.Len())
			_, _ = c.Write(bomb.Bytes())
		}, "", "", fact.EndOK, func(t *testing.T, h *fact.Hop) {
			if !h.Truncated || h.BodySize != maxBody {
				t.Errorf("read %d", h.BodySize)
			}
		}},
		{"endless interim responses", func(c net.Conn) {
			readRequest(c)
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
			}
		}, "malformed", "", fact.EndClientError, nil},
		{"chunks of one byte with long extensions", func(c net.Conn) {
			readRequest(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for {
				if _, err := io.WriteString(c, "1;"+strings.Repeat("x", 3000)+"\r\na\r\n"); err != nil {
					return
				}
			}
		}, "", "", fact.EndOK, func(t *testing.T, h *fact.Hop) {
			if h.BodySize > 20 {
				t.Errorf("read %d", h.BodySize)
			}
		}},
		{"another protocol", func(c net.Conn) {
			fmt.Fprint(c, "220 mail.example.nl ESMTP\r\n")
			_, _ = io.Copy(io.Discard, c)
		}, "malformed", "", fact.EndClientError, nil},
		{"closes at once", func(net.Conn) {}, "reset", fact.GapBlocked, "", nil},
		{"silence", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "timeout", fact.GapTimeout, "", nil},
		{"a byte at a time, for ever", func(c net.Conn) {
			readRequest(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if _, err := c.Write([]byte("a")); err != nil {
					return
				}
			}
		}, "timeout", fact.GapTimeout, "", nil},
		{"never reads", func(c net.Conn) { <-t.Context().Done() }, "timeout", fact.GapTimeout, "", nil},
		{"contradictory lengths", func(c net.Conn) {
			readRequest(c)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
		}, "malformed", "", fact.EndClientError, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, wire(t, 80, c.serve))
			w.Timeout = 300 * time.Millisecond
			begin := time.Now()
			f := w.Fetch(t.Context(), "http", siteName, siteAddr)
			if f.End != c.end || f.Gap != c.gap || f.Last().Error != c.error {
				t.Errorf("end %q gap %q last %+v", f.End, f.Gap, f.Last())
			}
			if c.check != nil {
				c.check(t, f.Last())
			}
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// readRequest reads a request's head.
func readRequest(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == "\r\n" {
			return
		}
	}
}

func TestH2ThatIsNoneFallsBack(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	cert := s.TLS.Certificates
	s.Close()
	w := newWorld(t, wire(t, 443, func(c net.Conn) {
		x := tls.Server(c, &tls.Config{Certificates: cert, NextProtos: []string{"h2", "http/1.1"}})
		if x.Handshake() != nil {
			return
		}
		if x.ConnectionState().NegotiatedProtocol == "h2" {
			_, _ = io.WriteString(x, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_, _ = io.Copy(io.Discard, x)
			return
		}
		readRequest(x)
		_, _ = io.WriteString(x, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, x)
	}))
	v := w.Visit(t.Context(), siteName, siteAddr)
	if h := v.HTTP.Secure.First(); h.Status != 200 || !v.HTTP.HTTP2.No() {
		t.Errorf("%+v, HTTP/2 %+v", h, v.HTTP.HTTP2)
	}
}

func TestCutOffAfterAnAnswerIsBlocked(t *testing.T) {
	var n atomic.Int32
	w := newWorld(t, wire(t, 80, func(c net.Conn) {
		if n.Add(1) > 1 {
			return
		}
		readRequest(c)
		fmt.Fprintf(c, "HTTP/1.1 302 Found\r\nLocation: /two\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}))
	f := w.Fetch(t.Context(), "http", siteName, siteAddr)
	if f.Gap != fact.GapBlocked || f.End != "" || len(f.Hops) != 2 {
		t.Errorf("%+v", f)
	}
}

// TestAnAnswerToNobodyIsNotTakenForTheNext: a second answer that comes along with the
// first belongs to no request of ours.
func TestAnAnswerToNobodyIsNotTakenForTheNext(t *testing.T) {
	w := newWorld(t, wire(t, 80, func(c net.Conn) {
		readRequest(c)
		fmt.Fprint(c, "HTTP/1.1 302 Found\r\nLocation: /two\r\nContent-Length: 0\r\n\r\n"+
			"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	}))
	f := w.Fetch(t.Context(), "http", siteName, siteAddr)
	for _, h := range f.Hops {
		if h.Location != "/two" {
			t.Errorf("%s leads to %q", h.URL, h.Location)
		}
	}
	if f.End != fact.EndLoop || len(f.Hops) != 2 {
		t.Errorf("%+v", f)
	}
}

func TestCancelEndsAtOnce(t *testing.T) {
	w := newWorld(t, wire(t, 80, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
	w.Timeout = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	f := w.Fetch(ctx, "http", siteName, siteAddr)
	if f.Gap == "" || time.Since(begin) > 5*time.Second {
		t.Errorf("%+v after %v", f, time.Since(begin))
	}
}
