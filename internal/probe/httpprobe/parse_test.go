package httpprobe

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"peil/internal/fact"
)

func TestReadHeadForgivesWhatBrowsersForgive(t *testing.T) {
	in := "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" +
		"HTTP/1.1 200\nserver: nginx\nX-Folded: a\r\n\tb\r\nno colon here\r\nSpaced : x\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nLatin: caf\xe9\r\nBad name: x\r\n\r\nbody"
	r := bufio.NewReader(strings.NewReader(in))
	h, err := ReadHead(r)
	if err != nil {
		t.Fatal(err)
	}
	want := []Line{{"Server", "nginx"}, {"X-Folded", "a b"}, {"Spaced", "x"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}, {"Latin", "café"}}
	if h.Status != 200 || !reflect.DeepEqual(h.Lines, want) {
		t.Errorf("got %+v", h)
	}
	if rest, _ := io.ReadAll(r); string(rest) != "body" {
		t.Errorf("left %q", rest)
	}
}

func TestReadHeadRefusesWhatIsNotHTTP(t *testing.T) {
	for _, in := range []string{"", "\r\n", "HTTP/2 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 0x0 OK\r\n\r\n", "HTTP/1.1 099 no\r\n\r\n", "SSH-2.0-x\r\n"} {
		if h, err := ReadHead(bufio.NewReader(strings.NewReader(in))); err == nil {
			t.Errorf("%q read as %+v", in, h)
		}
	}
}

func TestChunked(t *testing.T) {
	for _, c := range []struct{ in, want, rest string }{
		{"5\r\nhello\r\n0\r\n\r\nnext", "hello", "next"},
		{"5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\nnext", "hello!", "next"},
		{"A\nhelloworld\n0\n\nnext", "helloworld", "next"},
	} {
		r := bufio.NewReader(strings.NewReader(c.in))
		got, err := io.ReadAll(NewChunked(r))
		rest, _ := io.ReadAll(r)
		if err != nil || string(got) != c.want || string(rest) != c.rest {
			t.Errorf("%q: %q %q %v", c.in, got, rest, err)
		}
	}
	for _, in := range []string{"", "5\r\nhel", "5\r\nhelloX\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "0\r\nTrailer"} {
		if got, err := io.ReadAll(NewChunked(bufio.NewReader(strings.NewReader(in)))); err == nil {
			t.Errorf("%q read as %q", in, got)
		}
	}
}

func TestContentCodings(t *testing.T) {
	const text = "hello hello hello"
	var gz, zl, br, zs bytes.Buffer
	for _, w := range []io.WriteCloser{gzip.NewWriter(&gz), zlib.NewWriter(&zl), brotli.NewWriter(&br)} {
		_, _ = io.WriteString(w, text)
		_ = w.Close()
	}
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	bare := zl.Bytes()[2 : zl.Len()-4]
	for _, c := range []struct {
		coding, body, want string
		truncated, broken  bool
	}{
		{"", text, text, false, false},
		{"identity", text, text, false, false},
		{"gzip", gz.String(), text, false, false},
		{"X-GZIP", gz.String(), text, false, false},
		{"deflate", zl.String(), text, false, false},
		{"deflate", string(bare), text, false, false},
		{"br", br.String(), text, false, false},
		{"zstd", zs.String(), text, false, false},
		{"compress", text, text, false, false},
		{"gzip", "", "", false, false},
		{"gzip", "no gzip at all", "", true, false},
		{"gzip", gz.String()[:gz.Len()-9], "", true, false},
		{"", text, text, true, true},
	} {
		var r io.Reader = strings.NewReader(c.body)
		if c.broken {
			r = io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		got := readContent([]string{c.coding}, r, maxBody)
		if c.want != "" && string(got.bytes) != c.want || got.truncated != c.truncated || (got.err != nil) != c.broken {
			t.Errorf("%q %q: %+v", c.coding, c.body, got)
		}
	}
}

func TestHeaderValuesThatNobodyReadsAreVolatile(t *testing.T) {
	hs := keep([]Line{{"Date", "now"}, {"Content-Security-Policy", "script-src 'nonce-abc' 'nonce-d=' x"}, {"Set-Cookie", "a=secret"}, {"Server", "nginx/1.2"}})
	want := []fact.Header{
		{Name: "Date", Seen: "now"},
		{Name: "Content-Security-Policy", Value: "script-src 'nonce-' 'nonce-' x", Seen: "script-src 'nonce-abc' 'nonce-d=' x"},
		{Name: "Server", Value: "nginx/1.2"},
	}
	if !reflect.DeepEqual(hs, want) {
		t.Errorf("got %+v", hs)
	}
}

func TestParseCookie(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]fact.Cookie{
		"a=b":                            {Name: "a"},
		" __Host-id = x ; SECURE;path=/": {Name: "__Host-id", Secure: true, Path: "/"},
		"a=b; Domain=.Example.NL; SameSite=None; Max-Age=1; priority=high;;": {Name: "a", Domain: "example.nl", SameSite: "none", Other: []string{"max-age", "priority"}},
		"valueonly; HttpOnly": {HTTPOnly: true},
	} {
		if got, ok := ParseCookie(in, at); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v", in, got)
		}
	}
	for _, in := range []string{"", ";Secure", " = "} {
		if got, ok := ParseCookie(in, at); ok {
			t.Errorf("%q: %+v", in, got)
		}
	}
	for in, want := range map[string]bool{
		"Max-Age=0": true, "max-age=-1": true, "Max-Age=1": false, "Max-Age=+0": false, "Max-Age=": false, "Max-Age=0x": false, "Max-Age=-": false,
		"Expires=Thu, 01 Jan 1970 00:00:00 GMT": true, "expires=Thu, 01-Jan-70 00:00:01 GMT": true, "Expires=Thu Jan  1 00:00:00 1970": true,
		"Expires=Mon, 23 Nov 2026 12:00:00 GMT": true, "Expires=Mon, 23 Nov 2026 12:00:01 GMT": false, "Expires=Wed, 09 Jun 2038 10:18:14 GMT": false,
		"Expires=0": false, "Expires=yesterday": false, "Expires=Thu, 31 Feb 1970 00:00:00 GMT": false, "Expires=Thu, 01 Jan 1600 00:00:00 GMT": false,
		"Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=3600": false, "Max-Age=0; Expires=Wed, 09 Jun 2038 10:18:14 GMT": true,
		"Max-Age=0; Max-Age=5": false, "Path=/": false,
	} {
		for _, value := range []string{"", "deleted"} {
			if got, ok := ParseCookie("a="+value+"; "+in, at); !ok || got.Deleted != want {
				t.Errorf("%q deleted: %v", in, got.Deleted)
			}
		}
	}
}

func TestAltSvc(t *testing.T) {
	for v, want := range map[string]bool{
		`h3=":443"; ma=86400`: true, `h2=":443", h3-29=":443"`: true, `clear`: false, `h2=":443"`: false, "": false, `H3=":443"`: true, "h33=x": false,
	} {
		if altSvcH3([]string{v}) != want {
			t.Errorf("%q", v)
		}
	}
}

func page(t *testing.T, at, body string) *fact.Page {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return derivePage([]byte(body), "text/html", u, nil)
}

func TestPageHasWhatRequirementsNeed(t *testing.T) {
	p := page(t, "https://www.example.nl/", `<!doctype html><title> A &amp; B </title>
		<meta http-equiv=Content-Security-Policy content="script-src 'nonce-x'"><meta name=Generator content="WordPress 6.1"><meta name=referrer content=no-referrer>
		<meta http-equiv=refresh content="0;url=/nl">
		<script src="https://cdn.example.com/a.js?v=1"></script><script src=/own.js></script>
		<script src="https://cdn.example.com/b.js" integrity="sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"></script><script src="https://cdn.example.com/d.js" integrity="md5-x"></script>
		<link rel=stylesheet href="//fonts.example.com/c.css"><img src="http://img.example.nl/x.png">
		<form action="http://www.example.nl/login"><input type=PASSWORD name=p></form>
		<script>document.write('<input type=password><img src="http://not.example.nl/">')</script>
		<!-- <img src="http://comment.example.nl/"> -->`)
	want := &fact.Page{
		Title: "A & B", ContentType: "text/html", PasswordField: true, FormsToHTTP: []string{"http://www.example.nl/login"},
		MixedContent: []string{"http://img.example.nl/x.png"}, NoIntegrity: []string{"https://cdn.example.com/a.js", "https://cdn.example.com/d.js", "https://fonts.example.com/c.css"},
		MetaCSP: []string{"script-src 'nonce-'"}, MetaReferrer: "no-referrer", MetaRefresh: "0;url=/nl", Generator: "WordPress 6.1",
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
	if p := page(t, "http://www.example.nl/", `<img src="http://a.nl/x"><base href="http://b.nl/d/"><form action=x>`); p.MixedContent != nil || p.FormsToHTTP[0] != "http://b.nl/d/x" {
		t.Errorf("over http: %+v", p)
	}
	u, _ := url.Parse("https://www.example.nl/")
	if p := derivePage([]byte(`{"a":"<input type=password>"}`), "application/json", u, nil); p.PasswordField {
		t.Error("JSON read as a page")
	}
}

// pretty is what Python 3.11 with BeautifulSoup 4's html.parser and prettify makes of
// a document, written out by hand from its rules.
func TestFingerprintCountsWhatPrettifyWrites(t *testing.T) {
	for _, c := range []struct{ in, pretty string }{
		{"<p>a</p>", "<p>\n a\n</p>\n"},
		{`<html><body class=" a  b "><br>x &amp; y<p>z</body></html>`, "<html>\n <body class=\"a b\">\n  <br/>\n  x &amp; y\n  <p>\n   z\n  </p>\n </body>\n</html>\n"},
		{`<script nonce="abc">if (a<b) {}</script>`, "<script>\n if (a<b) {}\n</script>\n"},
		{`<input type=hidden name=__VIEWSTATE value=xyz><input disabled>`, "<input disabled=\"\"/>\n"},
		{"<!DOCTYPE html><!-- c -->", "<!DOCTYPE html>\n<!-- c -->\n"},
		{"  \n ", ""},
		{"</p>a", "a\n"},
	} {
		f := fingerprint([]byte(c.in))
		var want Fingerprint
		for _, b := range []byte(c.pretty) {
			want.Bytes[b]++
			want.Length++
		}
		if *f != want {
			t.Errorf("%q: %d bytes, want %d", c.in, f.Length, want.Length)
			for b := range f.Bytes {
				if f.Bytes[b] != want.Bytes[b] {
					t.Errorf("  %q %d times, want %d", byte(b), f.Bytes[b], want.Bytes[b])
				}
			}
		}
	}
}

func fingerprint(b []byte) *Fingerprint {
	f := &Fingerprint{}
	derivePage(b, "text/html", &url.URL{}, f)
	return f
}

func TestDistance(t *testing.T) {
	a, b, c := fingerprint([]byte("aaaa")), fingerprint([]byte("aabb")), fingerprint(nil)
	if d := a.Distance(a); d != 0 {
		t.Errorf("same: %v", d)
	}
	if d := a.Distance(b); d != b.Distance(a) || d < 39 || d > 41 { // 3 of 5 bytes in common
		t.Errorf("half: %v", d)
	}
	if d := c.Distance(c); d != 0 {
		t.Errorf("empty: %v", d)
	}
	for d, want := range map[float64]string{0: "same", 7.99: "same", 8: "under", 10: "under", 10.01: "over", 12: "over", 12.01: "differs"} {
		if Class(d) != want {
			t.Errorf("%v is %s", d, Class(d))
		}
	}
}

func TestTargetOfRedirects(t *testing.T) {
	base, _ := url.Parse("https://www.example.nl/a/b?c")
	for in, want := range map[string]string{
		"/x": "https://www.example.nl/x", "x": "https://www.example.nl/a/x", "//B.nl": "https://b.nl/", "http://b.nl:80/": "http://b.nl/",
		"https://b.nl:8443/x": "https://b.nl:8443/x", "https://user:pass@b.nl/": "https://b.nl/", "https://b.nl./": "https://b.nl/",
		"https://bücher.example/ü?ü": "https://xn--bcher-kva.example/%C3%BC?%C3%BC", "?a b": "https://www.example.nl/a/b?a%20b",
		"https://[2001:db8::1]/": "https://[2001:db8::1]/",
	} {
		if u := target(base, in); u == nil || u.String() != want {
			t.Errorf("%q leads to %v, want %s", in, u, want)
		}
	}
	for _, in := range []string{
		"javascript:x", "mailto:a@b", "https:///", "https://a b/", "https://b.nl:99999/", "http://[::1", "https:b.nl",
		"http://b.nl:25/", "https://b.nl:22/", "http://b.nl:6379/x", "//b.nl:53/", "http://[2001:db8::1]:0/", "file:///etc/passwd", "gopher://b.nl/", "ftp://b.nl/",
		"http://[fe80::1%25lo]/",
	} {
		if u := target(base, in); u != nil {
			t.Errorf("%q leads to %s", in, u)
		}
	}
}

func FuzzReadHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody"))
	f.Add([]byte("HTTP/1.0 301 M\nLocation: \xff\xfe\n y\n\n"))
	f.Add([]byte("HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(b), 16)
		h, err := ReadHead(r)
		if err != nil {
			return
		}
		if len(h.Lines) > maxHeadLines || h.Status < 100 || h.Status > 999 {
			t.Errorf("%+v", h)
		}
		for _, l := range h.Lines {
			if !utf8.ValidString(l.Value) || strings.ContainsAny(l.Value, "\r\n\x00") || l.Name == "" {
				t.Errorf("line %q", l)
			}
		}
		u, _ := url.Parse("https://www.example.nl/")
		body, _, err := framing(h, r)
		if err != nil {
			return
		}
		a := &answer{hop: fact.Hop{URL: u.String()}}
		a.fill(h, readContent(h.values("Content-Encoding"), body, maxBody), u)
		(&Prober{}).derive(a)
		// What is written down must come back from JSON as it was.
		j, err := json.Marshal(&a.hop)
		if err != nil {
			t.Fatal(err)
		}
		var back fact.Hop
		if err := json.Unmarshal(j, &back); err != nil {
			t.Fatal(err)
		}
		if k, _ := json.Marshal(&back); !bytes.Equal(j, k) || back.Location != a.hop.Location || !reflect.DeepEqual(back.Header, empty(a.hop.Header)) {
			t.Errorf("does not survive JSON: %s", j)
		}
	})
}

func empty(h []fact.Header) []fact.Header {
	if len(h) == 0 {
		return nil
	}
	return h
}

func FuzzChunked(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"))
	f.Add([]byte("1;x\r\na\r\n0\r\nT: x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, _ := readUpTo(NewChunked(bufio.NewReader(bytes.NewReader(b))), 1000)
		if len(got) > len(b) {
			t.Errorf("%d bytes out of %d", len(got), len(b))
		}
	})
}

func FuzzParseCookie(f *testing.F) {
	f.Add("a=b; Secure; HttpOnly; SameSite=Lax; Path=/; Domain=x")
	f.Add("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=-1")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := ParseCookie(s, time.Unix(1_800_000_000, 0))
		if ok && (len(c.Name) > maxCookieName || len(c.Other) > maxCookieOther) {
			t.Errorf("%+v", c)
		}
	})
}

func FuzzAltSvc(f *testing.F) {
	f.Add(`h3=":443"; ma=86400, h2="alt:443"`)
	f.Fuzz(func(t *testing.T, s string) {
		if altSvcH3([]string{s}) && !strings.Contains(strings.ToLower(s), "h3") {
			t.Error(s)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(goodPage))
	f.Add([]byte("<pre> x <script nonce=a>"))
	f.Add([]byte("<p <p></p></p><textarea></pre>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, _ := url.Parse("https://www.example.nl/")
		fp := &Fingerprint{}
		p := derivePage(b, "text/html", u, fp)
		j, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back fact.Page
		if err := json.Unmarshal(j, &back); err != nil || !reflect.DeepEqual(&back, p) {
			t.Errorf("does not survive JSON: %s %v", j, err)
		}
		var sum uint64
		for _, n := range fp.Bytes {
			sum += n
		}
		if sum != fp.Length {
			t.Errorf("%d bytes counted, length %d", sum, fp.Length)
		}
	})
}

func FuzzRedirectTarget(f *testing.F) {
	f.Add("https://b.nl/x?y#z")
	f.Add("//[::1]:80/%zz")
	f.Fuzz(func(t *testing.T, s string) {
		base, _ := url.Parse("https://www.example.nl/")
		u := target(base, s)
		if u == nil {
			return
		}
		if strings.ContainsAny(u.RequestURI(), " \r\n\t") || strings.ContainsAny(u.Host, " \r\n\t/") {
			t.Errorf("%q gives %q at %q", s, u.RequestURI(), u.Host)
		}
		again := target(u, u.String())
		if again == nil || again.String() != u.String() {
			t.Errorf("%q gives %q, and that gives %v", s, u, again)
		}
	})
}

func FuzzSignature(f *testing.F) {
	f.Add([]byte("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nContact: x\n-----BEGIN PGP SIGNATURE-----\n\nwsB=\n-----END PGP SIGNATURE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &Prober{}
		if s := p.verify(t.Context(), "", siteAddr, append(b, 'x')); s.result == signatureValid {
			t.Error("valid without a key")
		}
		readKeys(b)
	})
}
