package norm

import (
	"strconv"

	"peil/internal/fact"
)

func fixFor(software, nl, en, code string) Fix {
	return Fix{For: software, Text: Text{nl, en}, Code: code}
}

const (
	nginxRedirect = `server {
    listen 80;
    listen [::]:80;
    server_name www.example.nl;
    return 301 https://$host$request_uri;
}`
	apacheRedirect = `<VirtualHost *:80>
    ServerName www.example.nl
    Redirect permanent / https://www.example.nl/
</VirtualHost>`
	iisRedirect = `<rewrite><rules><rule name="https" stopProcessing="true">
  <match url="(.*)" />
  <conditions><add input="{HTTPS}" pattern="off" /></conditions>
  <action type="Redirect" url="https://{HTTP_HOST}/{R:1}" redirectType="Permanent" />
</rule></rules></rewrite>`
)

var httpsAvailable = rule{
	explain: Text{
		"Elk adres van de website (A en AAAA) geeft op poort 443 een werkende TLS-verbinding. Een adres dat drie keer weigert of zwijgt, terwijl andere websites antwoorden, is niet geslaagd.",
		"Each address of the website (A and AAAA) gives a working TLS connection on port 443. An address that refuses or keeps silent three times, while other websites answer, fails.",
	},
	why: Text{
		"Zonder HTTPS kan iedereen tussen de bezoeker en de website meelezen en de inhoud veranderen.",
		"Without HTTPS anyone between the visitor and the website can read along and change what is shown.",
	},
	fixes: []Fix{
		fixFor("nginx", "Luister op poort 443, over IPv4 en IPv6, met een certificaat.", "Listen on port 443, over IPv4 and IPv6, with a certificate.",
			"server {\n    listen 443 ssl;\n    listen [::]:443 ssl;\n    server_name www.example.nl;\n    ssl_certificate     /etc/ssl/www.example.nl.pem;\n    ssl_certificate_key /etc/ssl/www.example.nl.key;\n}"),
		fixFor("apache", "Luister op poort 443 met een certificaat.", "Listen on port 443 with a certificate.",
			"Listen 443\n<VirtualHost *:443>\n    ServerName www.example.nl\n    SSLEngine on\n    SSLCertificateFile    /etc/ssl/www.example.nl.pem\n    SSLCertificateKeyFile /etc/ssl/www.example.nl.key\n</VirtualHost>"),
		fixFor("iis", "Voeg een binding voor https toe.", "Add a binding for https.",
			"New-WebBinding -Name 'Default Web Site' -Protocol https -Port 443 -HostHeader www.example.nl -SslFlags 1"),
		fixFor("dns", "Haal een adres weg waarop geen website meer staat.", "Remove an address that no longer has a website.", ""),
	},
	check: "openssl s_client -connect {peer} -servername {name} </dev/null",
	judge: func(v *view) Verdict {
		return v.eachHost(func(h *fact.WebHost) finding {
			switch {
			case h.Port443.Dead():
				return fail(because("dead-address", "443", h.Port443.How)).with("tcp 443 " + h.Port443.How)
			case h.TLS != nil && h.TLS.Working.Yes():
				return pass(because("https-works"))
			case h.TLS != nil && h.TLS.Working.No():
				return fail(because("no-tls")).with("three ClientHellos, no ServerHello")
			}
			f, _ := working(h)
			return f
		})
	},
}

var httpsRedirect = rule{
	explain: Text{
		"Wie http://naam/ opent, wordt meteen doorgestuurd naar https:// op dezelfde naam; pas daarna eventueel naar een andere naam. Poort en pad zijn vrij. Een website die op poort 80 niets aanbiedt, voldoet ook.",
		"Whoever opens http://name/ is redirected at once to https:// on the same name; only then to another name, if at all. Port and path are free. A website that offers nothing on port 80 complies too.",
	},
	why: Text{
		"Bezoekers typen zelden https://. Zonder doorverwijzing blijven zij op een onbeveiligde verbinding, en HSTS van de naam zelf komt nooit bij hen aan.",
		"Visitors seldom type https://. Without a redirect they stay on a connection that is not secured, and HSTS of the name itself never reaches them.",
	},
	fixes: []Fix{
		fixFor("nginx", "Stuur op poort 80 alles door.", "Redirect everything on port 80.", nginxRedirect),
		fixFor("apache", "Stuur op poort 80 alles door.", "Redirect everything on port 80.", apacheRedirect),
		fixFor("iis", "Zet in web.config een regel van URL Rewrite.", "Put a URL Rewrite rule in web.config.", iisRedirect),
	},
	check: "curl -s -o /dev/null -D - {resolve80}http://{name}/ | grep -iE '^(HTTP|location)'",
	judge: judgeRedirect,
}

func judgeRedirect(v *view) Verdict {
	return v.eachHost(func(h *fact.WebHost) finding {
		if f, ok := working(h); !ok {
			return f
		}
		if h.Port80.Dead() {
			return pass(because("no-http"))
		}
		if h.HTTP == nil || h.HTTP.Plain == nil {
			return missed(h.Port80.Gap)
		}
		hop := h.HTTP.Plain.First()
		if hop != nil && hop.Status == 0 && hop.Gap == "" && hop.Error != "" && hop.Error != "timeout" {
			return pass(because("no-http"))
		}
		if f, ok := answered(hop, h.HTTP.Plain.Gap); !ok {
			return f
		}
		line := "GET " + hop.URL + " → " + strconv.Itoa(hop.Status)
		if hop.Location != "" {
			line += " Location: " + hop.Location
		}
		if !redirects(hop) {
			return fail(because("no-redirect", strconv.Itoa(hop.Status))).with(line)
		}
		scheme, host := origin(hop.Next)
		switch {
		case scheme != "https":
			return fail(because("redirect-to-http", hop.Next)).with(line)
		case host != v.Target.Name:
			return fail(because("redirect-other-name-first", hop.Next)).with(line)
		}
		return pass(because("redirects-to", hop.Next))
	})
}

var httpsDowngrade = rule{
	explain: Text{
		"Geen enkele doorverwijzing gaat van HTTPS terug naar http, en een keten van doorverwijzingen eindigt.",
		"No redirect goes from HTTPS back to http, and a chain of redirects ends.",
	},
	why: Text{
		"Eén stap over http is genoeg om een bezoeker naar een nagemaakte website te sturen.",
		"One step over http is enough to send a visitor to an imitation of the website.",
	},
	fixes: []Fix{
		fixFor("", "Laat alle doorverwijzingen naar adressen met https:// gaan.", "Let all redirects lead to addresses with https://.", ""),
	},
	check: "curl -skL -o /dev/null -D - {resolve80}{resolve}http://{name}/ https://{name}/ -o /dev/null | grep -iE '^(HTTP|location)'",
	judge: func(v *view) Verdict {
		return v.eachHost(func(h *fact.WebHost) finding {
			if f, ok := working(h); !ok {
				return f
			}
			if h.HTTP == nil || h.HTTP.Secure == nil {
				return missed("")
			}
			for _, f := range []*fact.Fetch{h.HTTP.Plain, h.HTTP.Secure} {
				if f == nil {
					continue
				}
				if d, bad := downgrade(f); bad {
					return d
				}
			}
			if h.HTTP.Secure.Gap != "" {
				return missed(h.HTTP.Secure.Gap)
			}
			return pass(because("no-downgrade"))
		})
	},
}

// downgrade finds the first step of a chain back to http, or that it does not end.
func downgrade(f *fact.Fetch) (finding, bool) {
	secure := false
	for i := range f.Hops {
		scheme, _ := origin(f.Hops[i].URL)
		if secure && scheme == "http" {
			return fail(because("downgrade", f.Hops[i-1].URL, f.Hops[i].URL)).with(f.Hops[i-1].URL + " → " + f.Hops[i].URL), true
		}
		secure = scheme == "https"
		if next, _ := origin(f.Hops[i].Next); secure && next == "http" {
			return fail(because("downgrade", f.Hops[i].URL, f.Hops[i].Next)).with(f.Hops[i].URL + " → " + f.Hops[i].Next), true
		}
	}
	if f.End == fact.EndLoop || f.End == fact.EndTooMany {
		return fail(because("redirect-loop", strconv.Itoa(len(f.Hops)))).with(strconv.Itoa(len(f.Hops)) + " redirects from " + lastURL(f)), true
	}
	return finding{}, false
}

var loginPlain = rule{
	explain: Text{
		"Geen pagina die over gewoon http wordt getoond, vraagt om een wachtwoord, en geen formulier met een wachtwoord wordt over gewoon http verstuurd.",
		"No page that is shown over plain http asks for a password, and no form with a password is sent over plain http.",
	},
	why: Text{
		"Een wachtwoord dat over http gaat, kan iedereen op de weg ernaartoe lezen.",
		"A password that travels over http can be read by anyone on its way.",
	},
	fixes: []Fix{
		fixFor("", "Stuur http door naar HTTPS en laat formulieren naar https:// versturen.", "Redirect http to HTTPS and let forms submit to https://.", `<form action="https://www.example.nl/login" method="post">`),
		fixFor("nginx", "Stuur op poort 80 alles door.", "Redirect everything on port 80.", nginxRedirect),
		fixFor("apache", "Stuur op poort 80 alles door.", "Redirect everything on port 80.", apacheRedirect),
		fixFor("iis", "Zet in web.config een regel van URL Rewrite.", "Put a URL Rewrite rule in web.config.", iisRedirect),
	},
	check: "curl -s {resolve80}http://{name}/ | grep -iE '<input[^>]*password'; curl -skL {resolve}https://{name}/ | grep -iE '<form[^>]*http://|<input[^>]*password'",
	judge: func(v *view) Verdict {
		return v.eachHost(func(h *fact.WebHost) finding {
			if h.Port80.Dead() && h.Port443.Dead() {
				return none(because("dead", "80, 443"))
			}
			if h.HTTP == nil {
				return missed(h.Port80.Gap)
			}
			if p := h.HTTP.PlainPage; p != nil && p.PasswordField {
				return fail(because("password-on-http")).with("password field on " + lastURL(h.HTTP.Plain))
			}
			if p := h.HTTP.Page; p != nil && p.PasswordField && len(p.FormsToHTTP) > 0 {
				return fail(because("password-form-to-http", p.FormsToHTTP[0])).with("form action " + p.FormsToHTTP[0])
			}
			for _, f := range []*fact.Fetch{h.HTTP.Plain, h.HTTP.Secure} {
				if last := f.Last(); last != nil && last.BodyGap != "" { // the rest of the page may hold anything
					return missed(last.BodyGap)
				}
			}
			if h.HTTP.Plain != nil && h.HTTP.Plain.Gap != "" {
				return missed(h.HTTP.Plain.Gap)
			}
			return pass(because("no-password-on-http"))
		})
	},
}

func lastURL(f *fact.Fetch) string {
	if h := f.Last(); h != nil {
		return h.URL
	}
	return "http"
}

var httpTwo = rule{
	explain: Text{"De website spreekt HTTP/2 op elk adres (ALPN h2).", "The website speaks HTTP/2 on each address (ALPN h2)."},
	why:     Text{"Pagina's laden sneller, met minder verbindingen.", "Pages load faster, over fewer connections."},
	fixes: []Fix{
		fixFor("nginx", "Zet HTTP/2 aan (nginx 1.25.1 of nieuwer; in oudere versies: listen 443 ssl http2).", "Switch HTTP/2 on (nginx 1.25.1 or newer; in older versions: listen 443 ssl http2).", "http2 on;"),
		fixFor("apache", "Zet HTTP/2 aan.", "Switch HTTP/2 on.", "Protocols h2 http/1.1"),
		fixFor("iis", "Staat aan vanaf Windows Server 2016, tenzij de binding het uitzet.", "On since Windows Server 2016, unless the binding switches it off.", ""),
	},
	check: "curl -sk --http2 -o /dev/null -D - {resolve}https://{name}/ | head -1",
	judge: func(v *view) Verdict {
		return v.eachAnswer(func(h *fact.WebHost, _ *fact.Hop) finding {
			switch {
			case h.HTTP.HTTP2.Yes():
				return pass(because("http2"))
			case h.HTTP.HTTP2.No():
				return fail(because("no-http2")).with("ALPN: h2 not chosen")
			}
			return missed(h.HTTP.HTTP2.Gap)
		})
	},
}

var httpThree = rule{
	explain: Text{"De website kondigt HTTP/3 aan, in Alt-Svc of in een HTTPS-record.", "The website announces HTTP/3, in Alt-Svc or in an HTTPS record."},
	why:     Text{"Op slechte verbindingen, zoals onderweg, blijft de website sneller.", "On poor connections, as on the road, the website stays faster."},
	fixes: []Fix{
		fixFor("nginx", "Zet HTTP/3 aan en kondig het aan (nginx 1.25 of nieuwer; UDP-poort 443 open).", "Switch HTTP/3 on and announce it (nginx 1.25 or newer; UDP port 443 open).", "listen 443 quic reuseport;\nlisten [::]:443 quic reuseport;\nadd_header Alt-Svc 'h3=\":443\"; ma=86400' always;"),
		fixFor("iis", "Vanaf Windows Server 2022: zet HTTP/3 aan.", "From Windows Server 2022: switch HTTP/3 on.", `reg add HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters /v EnableHttp3 /t REG_DWORD /d 1`),
	},
	check: "curl -sk -o /dev/null -D - {resolve}https://{name}/ | grep -i alt-svc; dig +short HTTPS {name}",
	judge: func(v *view) Verdict {
		return v.eachAnswer(func(h *fact.WebHost, _ *fact.Hop) finding {
			if len(h.HTTP.HTTP3) > 0 {
				return pass(because("http3", h.HTTP.HTTP3[0]))
			}
			if l := v.DNS.Lookup(v.Target.Name, "HTTPS"); l != nil && l.Gap != "" {
				return missed(l.Gap)
			}
			return fail(because("no-http3")).with("no Alt-Svc and no HTTPS record with h3")
		})
	},
}
