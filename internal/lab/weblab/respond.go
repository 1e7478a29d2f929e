package weblab

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

// field is one header line.
type field struct{ name, value string }

// response is an answer, ready to be written.
type response struct {
	status int
	header []field
	body   []byte
}

func notFound() *response {
	return &response{
		status: http.StatusNotFound,
		header: []field{{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
		body:   []byte("Niet gevonden.\nNot found.\n"),
	}
}

// bytes1 is the response as HTTP/1.1 writes it.
func (r *response) bytes1(method string, last bool, now time.Time) []byte {
	b := make([]byte, 0, 1024+len(r.body))
	b = fmt.Appendf(b, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	b = append(b, "Date: "...)
	b = now.UTC().AppendFormat(b, http.TimeFormat)
	b = append(b, "\r\n"...)
	for _, f := range r.header {
		b = append(append(append(append(b, f.name...), ": "...), f.value...), "\r\n"...)
	}
	b = fmt.Appendf(b, "Content-Length: %d\r\n", len(r.body))
	if last {
		b = append(b, "Connection: close\r\n"...)
	}
	b = append(b, "\r\n"...)
	if method != http.MethodHead {
		b = append(b, r.body...)
	}
	return b
}

// perfectHeaders are what the perfect site sends over https.
var perfectHeaders = []field{
	{"Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload"},
	{"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"X-Frame-Options", "DENY"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Embedder-Policy", "require-corp"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
}

// headers are the perfect ones for the scheme, with the profile's changes.
func (p *Profile) headers(r *request) []field {
	base, changes := perfectHeaders, p.Headers
	if !r.secure {
		base, changes = nil, p.PlainHeaders
	}
	if len(changes) == 0 {
		return slices.Clone(base)
	}
	list := make([]field, 0, len(base)+len(changes))
	for _, f := range base {
		if _, changed := find(changes, f.name); !changed {
			list = append(list, f)
		}
	}
	names := make([]string, 0, len(changes))
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range changes[name] {
			list = append(list, field{name, v})
		}
	}
	return list
}

func find(m map[string][]string, name string) ([]string, bool) {
	for k, v := range m {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

// respond is the whole website as a function.
func (s *Server) respond(id Identity, r *request) *response {
	p := id.Profile
	if r.method != http.MethodGet && r.method != http.MethodHead {
		return p.answer(id, r, http.StatusMethodNotAllowed, "text/plain; charset=utf-8", nil, field{"Allow", "GET, HEAD"})
	}
	redirect, status := p.SecureRedirect, p.SecureRedirectStatus
	if redirect == "" {
		redirect = NoRedirect
	}
	if !r.secure {
		redirect, status = p.Redirect, p.RedirectStatus
	}
	path, _, _ := strings.Cut(r.path, "?")
	if f, ok := p.Files[path]; ok && r.secure {
		return p.own(id, r, &f)
	}
	if r.secure && isFile(path) { // a central redirect does not hide the site's own files
		return s.file(id, r, path)
	}
	if resp := p.redirect(id, r, redirect, status); resp != nil {
		return resp
	}
	if isFile(path) {
		return s.file(id, r, path)
	}
	switch {
	case path == "/", path == "/home", path == "/cvd", path == "/melden", strings.HasPrefix(path, "/hop/"):
		return p.page(id, r)
	}
	return p.answer(id, r, http.StatusNotFound, "text/plain; charset=utf-8", notFound().body)
}

// own serves one of the profile's own files.
func (p *Profile) own(id Identity, r *request, f *File) *response {
	status, kind := f.Status, f.ContentType
	if status == 0 {
		status = http.StatusOK
	}
	if f.RedirectTo != "" {
		return p.answer(id, r, http.StatusMovedPermanently, "text/html; charset=utf-8", nil, field{"Location", fill(f.RedirectTo, id, r)})
	}
	switch kind {
	case "":
		kind = "text/plain; charset=utf-8"
	case "none":
		kind = ""
	}
	body := []byte(fill(f.Body, id, r))
	for len(body) < f.Size {
		body = append(body, "x: x\r\n"...)
	}
	return p.answer(id, r, status, kind, body)
}

// answer puts a response together.
func (p *Profile) answer(id Identity, r *request, status int, contentType string, body []byte, more ...field) *response {
	resp := &response{status: status, body: body, header: p.headers(r)}
	for i := range resp.header {
		resp.header[i].value = fill(resp.header[i].value, id, r)
	}
	if _, set := find(p.Headers, "Content-Type"); contentType != "" && (!set || !r.secure) {
		resp.header = append(resp.header, field{"Content-Type", contentType})
	}
	resp.header = append(resp.header, more...)
	return resp
}

func fill(text string, id Identity, r *request) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return strings.NewReplacer("{host}", r.host, "{name}", id.Name).Replace(text)
}

// redirect is the redirect that a profile wants here, nil to serve what is asked for.
func (p *Profile) redirect(id Identity, r *request, to Redirect, status int) *response {
	if status == 0 {
		status = http.StatusMovedPermanently
	}
	hop := 0
	if n, ok := strings.CutPrefix(r.path, "/hop/"); ok {
		hop, _ = strconv.Atoi(n) // what is no number is hop 0
	}
	base := strings.TrimSuffix(r.url(), r.path)
	location := ""
	switch to {
	case NoRedirect:
		return nil
	case "":
		location = "https://" + r.host + r.path
	case RedirectNoTarget:
		return p.answer(id, r, status, "text/plain; charset=utf-8", nil)
	case RedirectNotFound:
		return p.answer(id, r, http.StatusNotFound, "text/plain; charset=utf-8", notFound().body)
	case RedirectMeta:
		body := fmt.Sprintf("<!doctype html><html lang=\"nl\"><head><title>Verhuisd</title><meta http-equiv=\"refresh\" content=\"0; url=https://%s/\"></head><body></body></html>\n", r.host)
		return p.answer(id, r, http.StatusOK, "text/html; charset=utf-8", []byte(body))
	case RedirectLoop:
		location = r.url()
	case RedirectLong:
		switch {
		case !strings.HasPrefix(r.path, "/hop/"):
			location = base + "/hop/100"
		case hop > 0:
			location = fmt.Sprintf("%s/hop/%d", base, hop-1)
		default:
			return nil
		}
	case RedirectEndless:
		location = fmt.Sprintf("%s/hop/%d", base, hop+1)
	default:
		location = fill(string(to), id, r)
		if location == r.path || location == r.url() {
			return nil // we are there
		}
	}
	return p.answer(id, r, status, "text/html; charset=utf-8", []byte("<!doctype html><title>Verhuisd</title>\n"), field{"Location", location})
}

// compress applies the profile's content coding.
func (p *Profile) compress(r *request, resp *response) {
	coding, always := strings.CutSuffix(p.Compress, "!")
	if coding == "" || len(resp.body) == 0 || !always && !strings.Contains(r.accepts, coding) {
		return
	}
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	default: // says so, and does nothing
		resp.header = append(resp.header, field{"Content-Encoding", coding})
		return
	}
	_, _ = w.Write(resp.body) // a buffer takes everything
	_ = w.Close()             // as above
	resp.body = b.Bytes()
	resp.header = append(resp.header, field{"Content-Encoding", coding}, field{"Vary", "Accept-Encoding"})
}
