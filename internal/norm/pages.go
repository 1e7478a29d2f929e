package norm

import (
	"strings"

	"peil/internal/fact"
)

// cookieFault is what is wrong with a cookie that was set over HTTPS (RFC 6265bis
// section 4.1), the gravest first.
func cookieFault(c *fact.Cookie) (code string, grave Outcome) {
	switch {
	case !c.Secure:
		return "cookie-insecure", Failed
	case strings.HasPrefix(strings.ToLower(c.Name), "__host-") && (c.Domain != "" || c.Path != "/"):
		return "cookie-bad-prefix", Failed // a browser refuses it (section 4.1.3.2)
	case c.SameSite == "" || (c.SameSite != "lax" && c.SameSite != "strict" && c.SameSite != "none"):
		return "cookie-no-samesite", Warning
	case !c.HTTPOnly:
		return "cookie-no-httponly", Warning
	}
	return "", Passed
}

// maxCookies bounds the cookies that are looked at in one answer.
const maxCookies = 200

var cookieAttributes = rule{
	explain: Text{
		"Elke cookie die de website zet (niet: verwijdert), heeft Secure; aangeraden zijn HttpOnly en SameSite. Een naam met __Host- heeft Path=/ en geen Domain.",
		"Each cookie that the website sets (not: deletes) has Secure; recommended are HttpOnly and SameSite. A name with __Host- has Path=/ and no Domain.",
	},
	why: Text{
		"Een cookie zonder Secure gaat ook over http mee en is daar te lezen; zonder HttpOnly kan elk script haar lezen; zonder SameSite sturen andere websites haar mee.",
		"A cookie without Secure travels over http too and can be read there; without HttpOnly each script reads it; without SameSite other websites send it along.",
	},
	fixes: []Fix{
		fixFor("nginx", "Zet de kenmerken op cookies van de achterliggende server.", "Set the attributes on cookies of the server behind.", "proxy_cookie_flags ~ secure httponly samesite=lax;"),
		fixFor("apache", "Zet de kenmerken op elke cookie.", "Set the attributes on each cookie.", `Header edit Set-Cookie ^(.*)$ "$1; Secure; HttpOnly; SameSite=Lax"`),
		fixFor("iis", "Zet de kenmerken in web.config.", "Set the attributes in web.config.", `<system.web><httpCookies requireSSL="true" httpOnlyCookies="true" sameSite="Lax" /></system.web>`),
	},
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -i set-cookie",
	judge: func(v *view) Verdict {
		return v.eachAnswer(func(h *fact.WebHost, _ *fact.Hop) finding {
			f, seen := pass(because("cookies-right")), 0
			for i := range h.HTTP.Secure.Hops {
				hop := &h.HTTP.Secure.Hops[i]
				if scheme, host := origin(hop.URL); scheme != "https" || host != v.Target.Name {
					break
				}
				for j := range hop.Cookies {
					c := &hop.Cookies[j]
					if c.Deleted { // nothing is stored
						continue
					}
					if seen++; seen > maxCookies {
						break
					}
					code, grave := cookieFault(c)
					if grave == Passed {
						continue
					}
					g := finding{outcome: grave, saw: Reason{Code: code, Args: []string{c.Name}}, evidence: f.evidence}
					g = g.with("Set-Cookie " + c.Name + ": " + cookieWords(c))
					if grave.rank() > f.outcome.rank() {
						f = g
					} else {
						f.evidence = g.evidence
					}
				}
			}
			if seen == 0 {
				return none(because("no-cookies"))
			}
			return f
		})
	},
}

func cookieWords(c *fact.Cookie) string {
	var w []string
	if c.Secure {
		w = append(w, "Secure")
	}
	if c.HTTPOnly {
		w = append(w, "HttpOnly")
	}
	if c.SameSite != "" {
		w = append(w, "SameSite="+c.SameSite)
	}
	if len(w) == 0 {
		return "no attributes"
	}
	return strings.Join(w, "; ")
}

// eachPage judges the page that a visitor ends on, over HTTPS.
func (v *view) eachPage(judge func(*fact.Page) finding) Verdict {
	return v.eachDocument(func(h *fact.WebHost, _ *fact.Hop) finding {
		gap := h.HTTP.Secure.Last().BodyGap
		if h.HTTP.Page == nil {
			if gap != "" {
				return missed(gap)
			}
			return none(because("no-page"))
		}
		f := judge(h.HTTP.Page)
		if f.outcome == Passed && gap != "" { // the rest of the page may hold anything
			return missed(gap)
		}
		return f
	})
}

var pageIntegrity = rule{
	explain: Text{
		"Elk script en elke stijl van een andere website heeft een integrity-kenmerk met een hash van SHA-256, SHA-384 of SHA-512. Een ander kenmerk slaat een browser over.",
		"Each script and style of another website has an integrity attribute with a hash of SHA-256, SHA-384 or SHA-512. Browsers pass over any other.",
	},
	why: Text{
		"Wordt die andere website gekraakt, dan komt de veranderde code niet bij uw bezoekers.",
		"When that other website is broken into, the changed code does not reach your visitors.",
	},
	fixes: []Fix{
		fixFor("", "Zet de scripts op de eigen website, of geef de hash mee.", "Host the scripts yourself, or add the hash.", `<script src="https://cdn.example/x.js" integrity="sha384-…" crossorigin="anonymous"></script>`),
	},
	check: "curl -skL {resolve}https://{name}/ | grep -iE '<(script|link)[^>]+https?://'",
	judge: func(v *view) Verdict {
		return v.eachPage(func(p *fact.Page) finding {
			if len(p.NoIntegrity) > 0 {
				return warn(because("no-integrity", itoa(len(p.NoIntegrity)), p.NoIntegrity[0])).with(p.NoIntegrity...)
			}
			return pass(because("integrity-right"))
		})
	},
}

var pageMixed = rule{
	explain: Text{
		"De pagina haalt niets op over http en verstuurt geen formulier over http.",
		"The page fetches nothing over http and sends no form over http.",
	},
	why: Text{
		"Eén onderdeel over http laat zien wat iemand leest, of is te veranderen. Browsers houden zulke onderdelen tegen.",
		"One part over http shows what someone reads, or can be changed. Browsers block such parts.",
	},
	fixes: []Fix{
		fixFor("", "Laat alle adressen in de pagina met https:// beginnen.", "Let all addresses in the page begin with https://.", ""),
		fixFor("nginx", "Laat de browser het zelf verbeteren zolang dat nog niet zo is.", "Let the browser upgrade them until that is done.", `add_header Content-Security-Policy "upgrade-insecure-requests" always;`),
	},
	check: "curl -skL {resolve}https://{name}/ | grep -oiE '(src|action)=.http://[^\"]*'",
	judge: func(v *view) Verdict {
		return v.eachPage(func(p *fact.Page) finding {
			switch {
			case len(p.FormsToHTTP) > 0:
				return fail(because("form-to-http", p.FormsToHTTP[0])).with(p.FormsToHTTP...)
			case len(p.MixedContent) > 0:
				return fail(because("mixed-content", itoa(len(p.MixedContent)), p.MixedContent[0])).with(p.MixedContent...)
			}
			return pass(because("no-mixed-content"))
		})
	},
}
