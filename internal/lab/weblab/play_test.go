package weblab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
)

const site = "www.site.example.nl"

// lab is a website at two ports of loopback.
type lab struct {
	plain, secure string
	ca            string // file
	authority     *pki.Authority
}

func play(t testing.TB, p *Profile, tp *tlslab.Profile) *lab {
	t.Helper()
	a, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ts, err := tlslab.NewServer(a, func(_ netip.AddrPort, _ string) (tlslab.Identity, bool) {
		return tlslab.Identity{Name: site, Profile: tp}, true
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(ts, time.Now, func(_ netip.AddrPort, host string) (Identity, bool) {
		return Identity{Name: site, Profile: p}, host == site
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	listen := func(serve func(context.Context, net.Conn)) (string, func()) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				c, err := l.Accept()
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("accepting: %v", err)
					return
				}
				wg.Add(1)
				go func() {
					defer wg.Done()
					serve(ctx, c)
				}()
			}
		}()
		return l.Addr().String(), func() { l.Close() }
	}
	plain, close1 := listen(s.ServePlain)
	secure, close2 := listen(s.ServeTLS)
	t.Cleanup(func() {
		close1()
		close2()
		cancel()
		wg.Wait()
	})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, a.RootPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return &lab{plain, secure, ca, a}
}

// curl asks by curl, which is an HTTP client that we did not write; the ports 80 and
// 443 of the site lead to the lab.
func (l *lab) curl(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("curl is missing: apt-get install curl")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, plainPort, _ := net.SplitHostPort(l.plain)
	_, securePort, _ := net.SplitHostPort(l.secure)
	args = append([]string{
		"-sS", "--max-time", "20", "--cacert", l.ca, "--noproxy", "*",
		"--connect-to", fmt.Sprintf("%s:80:127.0.0.1:%s", site, plainPort),
		"--connect-to", fmt.Sprintf("%s:443:127.0.0.1:%s", site, securePort),
	}, args...)
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		return string(out) + "\n" + err.Error()
	}
	return string(out)
}

func (l *lab) head(t *testing.T, url string) string {
	t.Helper()
	return strings.ReplaceAll(l.curl(t, "-D", "-", "-o", "/dev/null", "--http1.1", url), "\r", "")
}

func testServer(t testing.TB) *Server {
	t.Helper()
	a, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ts, err := tlslab.NewServer(a, func(netip.AddrPort, string) (tlslab.Identity, bool) { return tlslab.Identity{}, false })
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(ts, time.Now, func(netip.AddrPort, string) (Identity, bool) { return Identity{Name: site}, true })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func BenchmarkGET(b *testing.B) {
	s := testServer(b)
	id := Identity{Name: site, Profile: perfect}
	r := &request{"GET", site, "/", true, ""}
	b.ReportAllocs()
	for b.Loop() {
		s.respond(id, r).bytes1("GET", false, time.Now())
	}
}

func BenchmarkSecurityTxt(b *testing.B) {
	s := testServer(b)
	id := Identity{Name: site, Profile: perfect}
	r := &request{"GET", site, wellKnown, true, ""}
	b.ReportAllocs()
	for b.Loop() {
		s.respond(id, r)
	}
}
