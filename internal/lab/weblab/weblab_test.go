package weblab

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"

	"peil/internal/lab/tlslab"
)

func TestPerfectSite(t *testing.T) {
	l := play(t, nil, nil)
	got := l.head(t, "http://"+site+"/pad?x=1")
	if !strings.HasPrefix(got, "HTTP/1.1 301 Moved Permanently\n") || !strings.Contains(got, "\nLocation: https://"+site+"/pad?x=1\n") {
		t.Errorf("plain http:\n%s", got)
	}
	if strings.Contains(got, "Strict-Transport-Security") || strings.Contains(got, "Server:") {
		t.Errorf("plain http says too much:\n%s", got)
	}
	got = l.head(t, "https://"+site+"/")
	for _, want := range []string{
		"HTTP/1.1 200 OK\n", "\nStrict-Transport-Security: max-age=63072000; includeSubDomains; preload\n",
		"\nContent-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\n",
		"\nX-Frame-Options: DENY\n", "\nX-Content-Type-Options: nosniff\n", "\nReferrer-Policy: no-referrer\n",
		"\nContent-Type: text/html; charset=utf-8\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := l.curl(t, "--compressed", "-L", "-w", "%{http_version} %{num_redirects} %{url_effective}", "-o", "/dev/null", "http://"+site+"/"); got != "2 1 https://"+site+"/" {
		t.Errorf("with HTTP/2: %q", got)
	}
	if got := l.curl(t, "-I", "https://"+site+"/"); !strings.Contains(got, "HTTP/2 200") {
		t.Errorf("HEAD: %q", got)
	}
	if got := l.curl(t, "-d", "x=1", "-o", "/dev/null", "-w", "%{http_code}", "https://"+site+"/"); got != "405" {
		t.Errorf("POST: %q", got)
	}
}

var noHSTS = map[string][]string{"Strict-Transport-Security": nil}

func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		p    Profile
		url  string
		want string // code, number of redirects, where it ends; or part of the error
	}{
		{Profile{Redirect: NoRedirect}, "http://" + site + "/", "200 0 http://" + site + "/"},
		{Profile{Redirect: RedirectRelative}, "http://" + site + "/", "200 1 http://" + site + "/home"},
		{Profile{Redirect: RedirectToHTTP}, "http://" + site + "/", "200 1 http://" + site + "/home"},
		{Profile{Redirect: RedirectNoSchemeTo}, "http://" + site + "/x", "Maximum (50) redirects followed"},
		{Profile{Redirect: RedirectNotFound}, "http://" + site + "/", "404 0 http://" + site + "/"},
		{Profile{Redirect: RedirectMeta}, "http://" + site + "/", "200 0 http://" + site + "/"},
		{Profile{Redirect: RedirectNoTarget}, "http://" + site + "/", "301 0 http://" + site + "/"},
		{Profile{Redirect: RedirectLoop}, "http://" + site + "/", "Maximum (50) redirects followed"},
		{Profile{Redirect: RedirectEndless}, "http://" + site + "/", "Maximum (50) redirects followed"},
		{Profile{Redirect: RedirectLong}, "http://" + site + "/", "Maximum (50) redirects followed"},
		{Profile{RedirectStatus: 308, Redirect: "https://{host}/home"}, "http://" + site + "/", "200 1 https://" + site + "/home"},
		{Profile{SecureRedirect: "http://{host}/", Redirect: NoRedirect, Headers: noHSTS}, "https://" + site + "/", "200 1 http://" + site + "/"},
		{Profile{SecureRedirect: "/home"}, "https://" + site + "/", "200 1 https://" + site + "/home"},
		{Profile{SecureRedirect: RedirectLoop}, "https://" + site + "/", "Maximum (50) redirects followed"},
	} {
		l := play(t, &c.p, nil)
		got := l.curl(t, "-L", "-o", "/dev/null", "-w", "%{http_code} %{num_redirects} %{url_effective}", c.url)
		if !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
	l := play(t, &Profile{Redirect: RedirectLong}, nil)
	if got := l.curl(t, "-L", "--max-redirs", "101", "-o", "/dev/null", "-w", "%{http_code} %{num_redirects}", "http://"+site+"/"); got != "200 101" {
		t.Errorf("a hundred hops: %q", got)
	}
}

func TestHeadersAreReplacedRepeatedAndLeftOut(t *testing.T) {
	p := &Profile{
		Headers: map[string][]string{
			"strict-transport-security": {"max-age=300", "max-age=63072000"},
			"X-Frame-Options":           nil,
			"Set-Cookie":                {"a=1; Secure; HttpOnly", "b=2"},
			"Server":                    {"Apache/2.4.1"},
			"Content-Security-Policy":   {"default-src 'self' https://static.{host}"},
		},
		PlainHeaders: map[string][]string{"Strict-Transport-Security": {"max-age=1"}},
	}
	l := play(t, p, nil)
	got := l.head(t, "https://"+site+"/")
	for _, want := range []string{
		"\nstrict-transport-security: max-age=300\nstrict-transport-security: max-age=63072000\n",
		"\nSet-Cookie: a=1; Secure; HttpOnly\nSet-Cookie: b=2\n", "\nServer: Apache/2.4.1\n",
		"\nContent-Security-Policy: default-src 'self' https://static." + site + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "X-Frame-Options") || strings.Contains(got, "includeSubDomains") {
		t.Errorf("not left out:\n%s", got)
	}
	if got := l.head(t, "http://"+site+"/"); !strings.Contains(got, "\nStrict-Transport-Security: max-age=1\n") {
		t.Errorf("plain:\n%s", got)
	}
}

func TestCompression(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate", "br"} {
		l := play(t, &Profile{Compress: coding}, nil)
		got := l.curl(t, "--compressed", "-D", "-", "https://"+site+"/")
		if !strings.Contains(strings.ToLower(got), "content-encoding: "+coding) || !strings.Contains(got, "<h1>"+site) {
			t.Errorf("%s: %.600s", coding, got)
		}
		if got := l.head(t, "https://"+site+"/"); strings.Contains(got, "Content-Encoding") {
			t.Errorf("%s without being asked:\n%s", coding, got)
		}
	}
}

func TestPages(t *testing.T) {
	page := func(p Page) string { return play(t, &Profile{Page: p}, nil).curl(t, "https://"+site+"/") }
	perfect := page(Page{})
	for _, c := range []struct {
		p    Page
		want string
	}{
		{Page{PasswordField: true}, `<input type="password"`},
		{Page{MixedContent: true}, `<img src="http://` + site},
		{Page{NoIntegrity: true}, `<script src="https://cdn.lab.test/script.js"></script>`},
		{Page{FormToHTTP: true}, `action="http://` + site},
		{Page{Generator: "WordPress 5.1"}, `<meta name="generator" content="WordPress 5.1">`},
		{Page{MetaCSP: "default-src 'self'"}, `<meta http-equiv="Content-Security-Policy" content="default-src 'self'">`},
		{Page{DefaultPage: true}, "Welcome to nginx!"},
	} {
		if got := page(c.p); !strings.Contains(got, c.want) || strings.Contains(perfect, c.want) {
			t.Errorf("%+v: no %q, or in the perfect page too", c.p, c.want)
		}
	}
	if got := page(Page{Size: 600_000}); len(got) < 600_000 || len(got) > 601_000 {
		t.Errorf("size: %d", len(got))
	}
	// The bytes that both pages have, regardless of order, as difflib's quick_ratio
	// counts them.
	for _, percent := range []int{5, 9, 11, 30} {
		other := page(Page{Different: percent})
		var a, b [256]int
		for i := range perfect {
			a[perfect[i]]++
		}
		for i := range other {
			b[other[i]]++
		}
		both := 0
		for i := range a {
			both += min(a[i], b[i])
		}
		distance := 100 - 200*float64(both)/float64(len(perfect)+len(other))
		if distance < float64(percent)-1 || distance > float64(percent)+1 {
			t.Errorf("%d %% different: distance %.1f", percent, distance)
		}
	}
}

func TestSecurityTxt(t *testing.T) {
	const at = "https://" + site + "/.well-known/security.txt"
	l := play(t, nil, nil)
	if got := l.head(t, at); !strings.Contains(got, "\nContent-Type: text/plain; charset=utf-8\n") {
		t.Errorf("headers:\n%s", got)
	}
	file := l.curl(t, at)
	key := l.curl(t, "https://"+site+"/.well-known/pgp-key.txt")
	if err := verify(file, key); err != nil {
		t.Errorf("the signature: %v\n%s", err, file)
	}
	for _, want := range []string{"\nContact: mailto:security@" + site + "\n", "\nExpires: 2", "\nEncryption: https://" + site + "/.well-known/pgp-key.txt\n", "\nCanonical: " + at + "\n"} {
		if !strings.Contains(file, want) {
			t.Errorf("no %q in\n%s", want, file)
		}
	}
	if got := l.curl(t, "-o", "/dev/null", "-w", "%{http_code}", "https://"+site+"/security.txt"); got != "404" {
		t.Errorf("the legacy place: %s", got)
	}
	for _, c := range []struct {
		s          SecurityTxt
		url        string
		want, lack string
	}{
		{SecurityTxt{Sign: Unsigned}, at, "# Gesimuleerd", "BEGIN PGP"},
		{SecurityTxt{Missing: true}, at, "404", "Contact"},
		{SecurityTxt{LegacyOnly: true}, at, "404", "Contact"},
		{SecurityTxt{LegacyOnly: true}, "https://" + site + "/security.txt", "Canonical: https://" + site + "/security.txt", "404"},
		{SecurityTxt{Status: 503}, at, "503", "Contact"},
		{SecurityTxt{RedirectTo: "https://www.ncsc.example.nl/.well-known/security.txt"}, at, "Location: https://www.ncsc.example.nl/.well-known/security.txt", "Contact"},
		{SecurityTxt{ContentType: "text/html"}, at, "Content-Type: text/html", "text/plain"},
		{SecurityTxt{ContentType: "none"}, at, "Contact", "\nContent-Type"},
		{SecurityTxt{Drop: []string{"Expires"}}, at, "Contact", "Expires"},
		{SecurityTxt{Drop: []string{"contact"}, Add: []string{"Contact: http://{host}/"}}, at, "Contact: http://" + site, "mailto"},
		{SecurityTxt{Expires: -24 * time.Hour}, at, "Expires: " + time.Now().UTC().Add(-24*time.Hour).Format("2006-01-02"), "404"},
		{SecurityTxt{BOM: true}, at, "\xef\xbb\xbf-----BEGIN", "404"},
		{SecurityTxt{Body: "-"}, at, "Content-Length: 0", "Contact"},
		{SecurityTxt{Body: "hallo {host}\n", Sign: Unsigned}, at, "hallo " + site + "\n", "Contact"},
		{SecurityTxt{NotUTF8: true}, at, "caf\xe9", "404"},
		{SecurityTxt{Sign: DataAfter}, at, "-----END PGP SIGNATURE-----\nContact: mailto:later", "404"},
	} {
		l := play(t, &Profile{SecurityTxt: c.s}, nil)
		got := strings.ReplaceAll(l.curl(t, "--http1.1", "-D", "-", c.url), "\r", "")
		if !strings.Contains(got, c.want) || strings.Contains(got, c.lack) {
			t.Errorf("%+v: want %q, not %q:\n%s", c.s, c.want, c.lack, got)
		}
	}
	for _, how := range []Signing{BadSignature, UnknownKey, BrokenArmor} {
		l := play(t, &Profile{SecurityTxt: SecurityTxt{Sign: how}}, nil)
		if err := verify(l.curl(t, at), key); err == nil {
			t.Errorf("%s verifies", how)
		}
	}
	if got := play(t, &Profile{SecurityTxt: SecurityTxt{Sign: Unsigned, NoFinalNewline: true}}, nil).curl(t, at); strings.HasSuffix(got, "\n") {
		t.Errorf("ends in a newline: %q", got)
	}
	if got := play(t, &Profile{SecurityTxt: SecurityTxt{CRLF: true}}, nil).curl(t, at); strings.Count(got, "\r\n") != strings.Count(got, "\n") {
		t.Errorf("not CRLF: %q", got)
	}
}

func verify(file, key string) error {
	ring, err := openpgp.ReadArmoredKeyRing(strings.NewReader(key))
	if err != nil {
		return err
	}
	if ring[0].PrivateKey != nil {
		return fmt.Errorf("the private key is handed out")
	}
	b, _ := clearsign.Decode([]byte(file))
	if b == nil {
		return fmt.Errorf("not clear-signed")
	}
	_, err = b.VerifySignature(ring, nil)
	return err
}

// plenty is so much that a client gives up.
const plenty = 128 << 10

// Each torment is met by a client that gives up after a while and plenty of bytes: it must
// meet what the torment says, and the server must let go of it (or the test hangs in
// its clean-up).
func TestTorments(t *testing.T) {
	for torment, want := range map[Torment]string{
		NeverAnswer: "timeout", NeverRead: "timeout", SlowHeaders: "timeout", SlowBody: "timeout",
		EndlessBody: "much", EndlessChunks: "much", EndlessHeaders: "header", HugeHeader: "header", GzipBomb: "much",
		ShortLength: "10 bytes", LongLength: "unexpected EOF", TwoLengths: "Content-Length", ChunkGarbage: "chunk",
		ResetHalfway: "reset", CloseHalfway: "malformed", WrongProtocol: "malformed", GarbageAnswer: "malformed",
		EndlessContinue: "header", BadStatusLine: "malformed",
	} {
		t.Run(string(torment), func(t *testing.T) {
			t.Parallel()
			l := play(t, &Profile{Torment: torment}, &tlslab.Profile{ALPN: []string{"http/1.1"}})
			if got := meet(t, l); !strings.Contains(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func meet(t *testing.T, l *lab) string {
	t.Helper()
	tr := &http.Transport{
		DisableKeepAlives: true, MaxResponseHeaderBytes: 1 << 16,
		TLSClientConfig:       &tls.Config{RootCAs: l.authority.Pool(), ServerName: site},
		ResponseHeaderTimeout: 2 * time.Second,
	}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, "https://"+l.secure+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = site
	client := &http.Client{Transport: tr, Timeout: 4 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return describe(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, plenty))
	if err != nil {
		return describe(err)
	}
	if n == plenty {
		return "much"
	}
	return fmt.Sprintf("%d bytes", n)
}

func describe(err error) string {
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return "timeout: " + err.Error()
	}
	return err.Error()
}

func TestTormentsOverHTTP2(t *testing.T) {
	for torment, want := range map[Torment]string{
		NeverAnswer: "Operation timed out", SlowBody: "Operation timed out", EndlessBody: "Operation timed out",
		ResetHalfway: "HTTP/2 stream", GarbageAnswer: "HTTP/2 stream",
	} {
		l := play(t, &Profile{Torment: torment}, nil)
		got := l.curl(t, "--max-time", "1", "-o", "/dev/null", "https://"+site+"/")
		if !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", torment, got, want)
		}
	}
	l := play(t, &Profile{Torment: GzipBomb}, nil)
	got := l.curl(t, "-o", "/dev/null", "-w", "%{size_download} %header{content-encoding}", "https://"+site+"/")
	if !strings.HasSuffix(got, " gzip") || len(got) < len("10000000 gzip") {
		t.Errorf("the bomb: %q", got)
	}
}

func FuzzServe(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: " + site + "\r\n\r\n"))
	f.Add([]byte("GET http://x/ HTTP/1.0\r\n\r\n"))
	f.Add([]byte("\r\n\r\n"))
	s := testServer(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		ours, theirs := net.Pipe()
		go func() {
			theirs.SetDeadline(time.Now().Add(time.Second))
			go io.Copy(io.Discard, theirs)
			io.Copy(theirs, bytes.NewReader(in))
			theirs.Close()
		}()
		s.ServePlain(t.Context(), ours)
	})
}
