package httpprobe

import (
	"bytes"
	"mime"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"peil/internal/fact"
)

const (
	maxPageList = 20  // entries of each list of a Page
	maxPageText = 300 // characters of each text of a Page
	maxMetaCSP  = 16 << 10
)

// derived is what is kept of a body.
type derived struct {
	page *fact.Page
	fp   *Fingerprint
}

// derive makes of an answer's body what is kept of it, and lets the body go. The
// addresses of a site mostly serve the same bytes, which are read once then.
func (p *Prober) derive(a *answer) (*fact.Page, *Fingerprint) {
	a.once.Do(func() {
		body := a.text()
		var contentType string
		if v := a.hop.Values("Content-Type"); len(v) > 0 {
			contentType = v[0]
		}
		d := p.pages.do(a.hop.URL+"\n"+contentType+"\n"+a.hop.BodyHash, func() derived {
			u, err := url.Parse(a.hop.URL)
			if err != nil { // it was made by url.URL.String
				u = &url.URL{}
			}
			var fp *Fingerprint
			if !p.NoFingerprint {
				fp = &Fingerprint{}
			}
			return derived{derivePage(body, contentType, u, fp), fp}
		})
		if a.page = d.page; d.fp != nil && a.readError == nil {
			fp := *d.fp
			fp.Status, fp.Hash = a.hop.Status, a.hop.BodyHash
			a.fp = &fp
		}
		if len(body) > maxSecurityTxt {
			a.mu.Lock()
			a.body = bytes.Clone(body[:maxSecurityTxt])
			a.mu.Unlock()
		}
	})
	return a.page, a.fp
}

// isHTML reports whether a body is a page: by its type, or by its look when the
// server does not say.
func isHTML(contentType string, body []byte) bool {
	if contentType == "" {
		return bytes.HasPrefix(bytes.TrimLeft(body, "\ufeff \t\r\n"), []byte("<"))
	}
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		t, _, _ = strings.Cut(contentType, ";")
		t = strings.ToLower(strings.TrimSpace(t))
	}
	return t == "text/html" || t == "application/xhtml+xml"
}

// derivePage reads a document. fp may be nil; else it gets the document's bytes.
func derivePage(body []byte, contentType string, at *url.URL, fp *Fingerprint) *fact.Page {
	d := &pageReader{page: &fact.Page{ContentType: cut(contentType, maxPageText)}, at: at, base: at, html: isHTML(contentType, body)}
	if len(body) == 0 && contentType == "" {
		return nil
	}
	pretty := prettifier{fp: fp}
	z := html.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(maxBody + 4096)
	for {
		tt := z.Next()
		if tt == html.ErrorToken {
			break
		}
		switch tt {
		case html.TextToken:
			t := z.Text()
			if d.inTitle && d.html && d.page.Title == "" {
				d.page.Title = cut(strings.Join(strings.Fields(text(t)), " "), maxPageText)
			}
			pretty.text(t)
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := element{atom: atom.Lookup(name)}
			if tag.name = tag.atom.String(); tag.atom == 0 {
				tag.name = string(name)
			}
			for n := 0; more && n < maxAttributes; n++ {
				var k, v []byte
				k, v, more = z.TagAttr()
				tag.attrs = append(tag.attrs, attribute{string(k), string(v)})
			}
			if more && fp != nil {
				fp.Limited = true
			}
			d.inTitle = tag.atom == atom.Title && tt == html.StartTagToken
			if d.html {
				d.element(&tag)
			}
			pretty.start(&tag, tt == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := z.TagName()
			d.inTitle = false
			pretty.end(string(name))
		case html.CommentToken:
			pretty.other("<!--", z.Text(), "-->")
		case html.DoctypeToken:
			pretty.other("<!DOCTYPE ", z.Text(), ">")
		}
	}
	pretty.finish()
	for _, l := range []*[]string{&d.page.FormsToHTTP, &d.page.MixedContent, &d.page.NoIntegrity} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
		*l = (*l)[:min(len(*l), maxPageList)]
	}
	return d.page
}

// element is a start tag.
type element struct {
	name  string
	atom  atom.Atom
	attrs []attribute
}

type attribute struct{ name, value string }

// attr is the value of the first attribute of that name.
func (e *element) attr(name string) (string, bool) {
	for _, a := range e.attrs {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// pageReader gathers what requirements need of a document.
type pageReader struct {
	page    *fact.Page
	at      *url.URL
	base    *url.URL
	hasBase bool
	html    bool
	inTitle bool
}

func (d *pageReader) element(e *element) {
	switch e.atom {
	case atom.Base:
		if href, ok := e.attr("href"); ok && !d.hasBase {
			if u, err := d.at.Parse(strings.TrimSpace(href)); err == nil {
				d.base, d.hasBase = u, true
			}
		}
	case atom.Input:
		if t, _ := e.attr("type"); strings.EqualFold(strings.TrimSpace(t), "password") {
			d.page.PasswordField = true
		}
		d.form(e, "formaction")
	case atom.Button:
		d.form(e, "formaction")
	case atom.Form:
		d.form(e, "action")
	case atom.Meta:
		d.meta(e)
	case atom.Script:
		d.resource(e, "src")
		d.integrity(e, "src")
	case atom.Link:
		rel, _ := e.attr("rel")
		rels := strings.Fields(strings.ToLower(rel))
		if slices.Contains(rels, "stylesheet") {
			d.resource(e, "href")
			d.integrity(e, "href")
		} else if slices.Contains(rels, "icon") || slices.Contains(rels, "preload") || slices.Contains(rels, "modulepreload") {
			d.resource(e, "href")
		}
	case atom.Img, atom.Iframe, atom.Audio, atom.Video, atom.Source, atom.Embed, atom.Track, atom.Frame:
		d.resource(e, "src")
	case atom.Object:
		d.resource(e, "data")
	}
}

// place resolves an attribute's URL and gives the form in which it is listed: without
// query and fragment, which change from visit to visit.
func (d *pageReader) place(e *element, name string) (u *url.URL, listed string) {
	v, ok := e.attr(name)
	if v = strings.TrimSpace(v); !ok || v == "" {
		return nil, ""
	}
	u, err := d.base.Parse(v)
	if err != nil || u.Host == "" {
		return nil, ""
	}
	return u, cut(text([]byte(u.Scheme+"://"+strings.ToLower(u.Host)+u.EscapedPath())), maxPageText)
}

func add(list *[]string, s string) {
	if len(*list) < 4*maxPageList { // enough to sort out twenty different ones
		*list = append(*list, s)
	}
}

func (d *pageReader) form(e *element, name string) {
	if u, listed := d.place(e, name); u != nil && u.Scheme == "http" {
		add(&d.page.FormsToHTTP, listed)
	}
}

func (d *pageReader) resource(e *element, name string) {
	if d.at.Scheme != "https" {
		return
	}
	if u, listed := d.place(e, name); u != nil && u.Scheme == "http" {
		add(&d.page.MixedContent, listed)
	}
}

// integrity notes what is loaded from another origin without Subresource Integrity that
// browsers check.
func (d *pageReader) integrity(e *element, name string) {
	u, listed := d.place(e, name)
	if u == nil || (u.Scheme != "http" && u.Scheme != "https") {
		return
	}
	if i, _ := e.attr("integrity"); hasIntegrity(i) {
		return
	}
	if u.Scheme != d.at.Scheme || !strings.EqualFold(u.Host, d.at.Host) {
		add(&d.page.NoIntegrity, listed)
	}
}

func (d *pageReader) meta(e *element) {
	content, _ := e.attr("content")
	short := cut(text([]byte(content)), maxPageText)
	equiv, _ := e.attr("http-equiv")
	switch strings.ToLower(equiv) {
	case "content-security-policy":
		if len(d.page.MetaCSP) < 5 {
			d.page.MetaCSP = append(d.page.MetaCSP, withoutNonces(cut(text([]byte(content)), maxMetaCSP)))
		}
	case "refresh":
		if d.page.MetaRefresh == "" {
			d.page.MetaRefresh = short
		}
	}
	switch name, _ := e.attr("name"); strings.ToLower(name) {
	case "referrer":
		if d.page.MetaReferrer == "" {
			d.page.MetaReferrer = short
		}
	case "generator":
		if d.page.Generator == "" {
			d.page.Generator = short
		}
	}
}
