package tlslab

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"peil/internal/lab/pki"
)

const site = "www.site.example.nl"

// play serves a profile on loopback until the test ends, with a small website above
// it that answers every request with the TLS parameters.
func play(t testing.TB, p *Profile) (addr string, a *pki.Authority) {
	t.Helper()
	a, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(a, func(_ netip.AddrPort, name string) (Identity, bool) {
		return Identity{Name: site, Profile: p}, name == "" || name == site || name == "localhost"
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				c, err := s.Handshake(ctx, raw)
				if err != nil {
					if !errors.Is(err, ErrGone) {
						t.Errorf("an error that is not ErrGone: %v", err)
					}
					return
				}
				defer c.Close()
				stop := context.AfterFunc(ctx, func() { c.Unwrap().Close() })
				defer stop()
				serveHTTP(c)
			}()
		}
	}()
	t.Cleanup(func() {
		cancel()
		l.Close()
		wg.Wait()
	})
	return l.Addr().String(), a
}

func serveHTTP(c *Conn) {
	br := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		body := c.Version().String() + " " + c.Suite().String() + " resumed=" + word(c.Resumed()) + " early=" + word(c.EarlyData()) + "\n"
		_, err = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "+itoa(len(body))+"\r\n\r\n"+body)
		if err != nil || req.Close {
			return
		}
	}
}

func word(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func itoa(n int) string {
	return strings.TrimSpace(string(rune('0'+n/100)) + string(rune('0'+n/10%10)) + string(rune('0'+n%10)))
}

// get finishes a handshake by crypto/tls and asks for /.
func get(addr string, cfg *tls.Config) (string, tls.ConnectionState, error) {
	if cfg.ServerName == "" {
		cfg.ServerName = site
	}
	conn, err := tls.Dial("tcp", addr, cfg)
	if err != nil {
		return "", tls.ConnectionState{}, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+site+"\r\n\r\n"); err != nil {
		return "", conn.ConnectionState(), err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", conn.ConnectionState(), err
	}
	b, err := io.ReadAll(resp.Body)
	return string(b), conn.ConnectionState(), err
}

// said collects what a program says while it runs.
type said struct {
	mu      sync.Mutex
	b       strings.Builder
	changed chan struct{} // has one element when something was said since
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// await waits until a text was said so often.
func (s *said) await(t *testing.T, text string, times int) {
	t.Helper()
	late := time.After(20 * time.Second)
	for strings.Count(s.String(), text) < times {
		select {
		case <-s.changed:
		case <-late:
			t.Fatalf("never said %q %d times:\n%s", text, times, s)
		}
	}
}
