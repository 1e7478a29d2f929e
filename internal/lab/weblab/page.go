package weblab

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// page is the page of the site.
func (p *Profile) page(id Identity, r *request) *response {
	status, contentType := p.Page.Status, p.Page.ContentType
	if status == 0 {
		status = http.StatusOK
	}
	if contentType == "" {
		contentType = "text/html; charset=utf-8"
	}
	var body []byte
	if !p.Page.Empty {
		body = []byte(p.Page.html(id))
	}
	resp := p.answer(id, r, status, contentType, body)
	p.compress(r, resp)
	return resp
}

// text is the running text of every page: 80 lines of invented Dutch, in small
// letters alone.
var text = sync.OnceValue(func() []string {
	words := strings.Fields("afval aanvraag balie bestemmingsplan burgemeester college contact dienst formulier gemeente " +
		"inwoner kaart loket melding openbaar paspoort parkeren raad regio rijbewijs school straat tarief uitkering " +
		"vergunning verhuizing vraag water weg wethouder wijk woning zorg")
	n := 7
	lines := make([]string, 80)
	for i := range lines {
		var w []string
		for range 8 {
			n = (n*137 + 11) % 9973
			w = append(w, words[n%len(words)])
		}
		lines[i] = strings.Join(w, " ")
	}
	return lines
})

func (p *Page) html(id Identity) string {
	if p.DefaultPage {
		return "<!doctype html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n" +
			"<p>If you see this page, the nginx web server is successfully installed and\nworking. Further configuration is required.</p>\n</body>\n</html>\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"nl\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n", id.Name)
	meta := func(attr, name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "<meta %s=\"%s\" content=\"%s\">\n", attr, name, strings.ReplaceAll(value, `"`, "&quot;"))
		}
	}
	meta("http-equiv", "Content-Security-Policy", p.MetaCSP)
	meta("name", "referrer", p.MetaReferrer)
	meta("name", "generator", p.Generator)
	if p.MixedContent {
		fmt.Fprintf(&b, "<script src=\"http://%s/oud.js\"></script>\n", id.Name)
	}
	if p.NoIntegrity {
		attribute := ""
		if p.Integrity != "" {
			attribute = ` integrity="` + p.Integrity + `" crossorigin="anonymous"`
		}
		fmt.Fprintf(&b, "<script src=\"https://cdn.lab.test/script.js\"%[1]s></script>\n<link rel=\"stylesheet\" href=\"https://cdn.lab.test/style.css\"%[1]s>\n", attribute)
	}
	fmt.Fprintf(&b, "</head>\n<body>\n<h1>%s</h1>\n<p>Gesimuleerd: deze website bestaat niet echt. Simulated: this website is not real.</p>\n", id.Name)
	if p.MixedContent {
		fmt.Fprintf(&b, "<img src=\"http://%s/oud.png\" alt=\"\">\n", id.Name)
	}
	if p.PasswordField {
		b.WriteString("<form method=\"post\" action=\"/inloggen\"><label>Naam <input name=\"naam\"></label> <label>Wachtwoord <input type=\"password\" name=\"wachtwoord\"></label> <button>Inloggen</button></form>\n")
	}
	if p.FormToHTTP {
		fmt.Fprintf(&b, "<form method=\"post\" action=\"http://%s/zoeken\"><label>Zoek <input name=\"q\"></label> <button>Zoek</button></form>\n", id.Name)
	}
	b.WriteString("<pre>\n")
	b.WriteString(p.differ(strings.Join(text(), "\n"), b.Len()))
	b.WriteString("\n</pre>\n")
	const tail = "</body>\n</html>\n"
	if missing := p.Size - b.Len() - len(tail); missing > 0 {
		fmt.Fprintf(&b, "<!--%s-->\n", strings.Repeat("x", max(0, missing-8)))
	}
	b.WriteString(tail)
	return b.String()
}

// differ replaces letters by digits, so that so many per cent of the whole page (the
// text and the rest around it) are bytes that the other page has not.
func (p *Page) differ(text string, rest int) string {
	n := (len(text) + rest) * p.Different / 100
	if n <= 0 {
		return text
	}
	n = min(n, len(text))
	return strings.Repeat("0123456789", n/10+1)[:n] + text[n:]
}
