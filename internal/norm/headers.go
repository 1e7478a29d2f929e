package norm

import (
	"strings"

	"peil/internal/fact"
)

// headerFixes are the ways to set one header.
func headerFixes(name, value string) []Fix {
	return []Fix{
		fixFor("nginx", "Zet de header in het server-blok van poort 443.", "Put the header in the server block of port 443.", "add_header "+name+" \""+value+"\" always;"),
		fixFor("apache", "Zet de header in de VirtualHost van poort 443.", "Put the header in the VirtualHost of port 443.", "Header always set "+name+" \""+value+"\""),
		fixFor("iis", "Zet de header in web.config.", "Put the header in web.config.", `<httpProtocol><customHeaders><add name="`+name+`" value="`+value+`" /></customHeaders></httpProtocol>`),
	}
}

// listValues splits the values of a header at commas, over all its lines.
func listValues(hop *fact.Hop, name string) []string {
	var vs []string
	for _, line := range hop.Values(name) {
		for x := range strings.SplitSeq(line, ",") {
			vs = append(vs, trimOWS(x))
		}
	}
	return vs
}

var headerContentType = rule{
	explain: Text{
		"De header X-Content-Type-Options heeft als eerste waarde nosniff.",
		"The header X-Content-Type-Options has nosniff as its first value.",
	},
	why: Text{
		"De browser raadt dan niet zelf wat een bestand is, en voert een plaatje dat een script blijkt te zijn, niet uit.",
		"The browser then does not guess what a file is, and does not run a picture that turns out to be a script.",
	},
	fixes: headerFixes("X-Content-Type-Options", "nosniff"),
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -i x-content-type-options",
	judge: func(v *view) Verdict {
		return v.eachDocument(func(_ *fact.WebHost, hop *fact.Hop) finding {
			vs := listValues(hop, "X-Content-Type-Options")
			switch {
			case len(vs) == 0:
				return fail(because("nosniff-absent")).with("no X-Content-Type-Options on " + hop.URL)
			case strings.EqualFold(vs[0], "nosniff"):
				return pass(because("nosniff"))
			}
			return fail(because("nosniff-bad", vs[0])).with("X-Content-Type-Options: " + strings.Join(vs, ", "))
		})
	},
}

// referrerPolicies are the words of Referrer Policy section 3 and how they are judged:
// the first two give other sites nothing, the next two the name of the site alone.
var referrerPolicies = map[string]Outcome{
	"no-referrer": Passed, "same-origin": Passed,
	"strict-origin": Info, "strict-origin-when-cross-origin": Info,
	"origin": Failed, "origin-when-cross-origin": Failed, "no-referrer-when-downgrade": Failed, "unsafe-url": Failed,
}

// referrerPolicy is the policy that holds: the last word that is known (section 8.1).
func referrerPolicy(words []string) string {
	policy := ""
	for _, w := range words {
		if w = strings.ToLower(w); w != "" {
			if _, known := referrerPolicies[w]; known {
				policy = w
			}
		}
	}
	return policy
}

var headerReferrer = rule{
	explain: Text{
		"De Referrer-Policy is no-referrer of same-origin. Met strict-origin of strict-origin-when-cross-origin zien anderen alleen de naam van de website: een opmerking. Zonder header geldt wat de browser kiest: een waarschuwing.",
		"The Referrer-Policy is no-referrer or same-origin. With strict-origin or strict-origin-when-cross-origin others see only the name of the website: noted. Without a header the browser chooses: a warning.",
	},
	why: Text{
		"Anders ziet een andere website welke pagina iemand bij de overheid bekeek, soms met persoonlijke gegevens in het adres.",
		"Otherwise another website sees which page of the government someone looked at, at times with personal data in the address.",
	},
	fixes: headerFixes("Referrer-Policy", "same-origin"),
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -i referrer-policy",
	judge: func(v *view) Verdict {
		return v.eachDocument(func(h *fact.WebHost, hop *fact.Hop) finding {
			words := listValues(hop, "Referrer-Policy")
			policy := referrerPolicy(words)
			if h.HTTP.Page != nil {
				if p := referrerPolicy([]string{h.HTTP.Page.MetaReferrer}); p != "" {
					policy = p // a meta element comes after the header
				}
			}
			line := "Referrer-Policy: " + strings.Join(words, ", ")
			switch {
			case policy == "" && strings.Join(words, "") == "": // an empty one says nothing
				return warn(because("referrer-absent")).with("no Referrer-Policy on " + hop.URL)
			case policy == "":
				return fail(because("referrer-unknown", strings.Join(words, ", "))).with(line)
			}
			f := finding{outcome: referrerPolicies[policy], saw: because("referrer", policy)}
			if f.outcome == Failed {
				f = f.with(line)
			}
			return f
		})
	},
}

var headerCrossOrigin = rule{
	explain: Text{
		"Cross-Origin-Opener-Policy is same-origin of same-origin-allow-popups, en Access-Control-Allow-Origin is niet null en niet * samen met Access-Control-Allow-Credentials. Zonder Cross-Origin-Resource-Policy is een opmerking.",
		"Cross-Origin-Opener-Policy is same-origin or same-origin-allow-popups, and Access-Control-Allow-Origin is not null and not * together with Access-Control-Allow-Credentials. No Cross-Origin-Resource-Policy is noted.",
	},
	why: Text{
		"Zo kan een andere website het venster niet vasthouden en gegevens niet lezen die voor de bezoeker alleen zijn.",
		"So another website cannot keep hold of the window and cannot read data that is for the visitor alone.",
	},
	fixes: append(headerFixes("Cross-Origin-Opener-Policy", "same-origin"), headerFixes("Cross-Origin-Resource-Policy", "same-origin")...),
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -iE 'cross-origin|access-control'",
	judge: func(v *view) Verdict {
		return v.eachDocument(func(_ *fact.WebHost, hop *fact.Hop) finding {
			origin := strings.Join(hop.Values("Access-Control-Allow-Origin"), ", ")
			credentials := strings.EqualFold(strings.Join(hop.Values("Access-Control-Allow-Credentials"), ", "), "true")
			if origin == "null" || (origin == "*" && credentials) {
				return fail(because("cors-open", origin)).with("Access-Control-Allow-Origin: " + origin)
			}
			opener := firstWordOf(hop.Values("Cross-Origin-Opener-Policy"))
			switch opener {
			case "same-origin", "same-origin-allow-popups", "noopener-allow-popups":
			case "":
				return warn(because("coop-absent")).with("no Cross-Origin-Opener-Policy on " + hop.URL)
			default:
				return warn(because("coop-open", opener)).with("Cross-Origin-Opener-Policy: " + opener)
			}
			if firstWordOf(hop.Values("Cross-Origin-Resource-Policy")) == "" {
				return note(because("corp-absent"))
			}
			return pass(because("cross-origin-set"))
		})
	},
}

// firstWordOf is the bare item of a structured header: without parameters.
func firstWordOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	w, _, _ := strings.Cut(lines[0], ";")
	return strings.ToLower(trimOWS(w))
}

// versionHeaders are those that exist to name software.
var versionHeaders = []string{"Server", "X-Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version", "X-Generator", "Via"}

var headerVersion = rule{
	explain: Text{
		"Geen header en geen meta-element noemt een versienummer van de gebruikte software.",
		"No header and no meta element gives the version number of the software in use.",
	},
	why: Text{
		"Wie een zwakke versie zoekt, hoeft niet te proberen: hij leest haar af. Deze uitslag ziet alleen de eigenaar.",
		"Whoever seeks a weak version need not try: he reads it off. Only the owner sees this verdict.",
	},
	fixes: []Fix{
		fixFor("nginx", "Laat de versie weg.", "Leave the version out.", "server_tokens off;\nproxy_hide_header X-Powered-By;"),
		fixFor("apache", "Laat de versie weg.", "Leave the version out.", "ServerTokens Prod\nServerSignature Off\nHeader always unset X-Powered-By"),
		fixFor("iis", "Laat de versie weg.", "Leave the version out.", `<security><requestFiltering removeServerHeader="true" /></security>
<httpProtocol><customHeaders><remove name="X-Powered-By" /></customHeaders></httpProtocol>`),
	},
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -iE '^(server|x-powered-by|x-aspnet|x-generator)'",
	judge: func(v *view) Verdict {
		return v.eachAnswer(func(h *fact.WebHost, hop *fact.Hop) finding {
			for _, name := range versionHeaders {
				for _, x := range hop.Values(name) {
					if namesVersion(name, x) {
						return warn(because("version", name, x)).with(name + ": " + x)
					}
				}
			}
			if p := h.HTTP.Page; p != nil && hasDigit(p.Generator) {
				return warn(because("version", "generator", p.Generator)).with(`<meta name="generator" content="` + p.Generator + `">`)
			}
			return pass(because("no-version"))
		})
	},
}

// namesVersion reports whether a header gives a version away. Via begins with that of
// the protocol, which is none: only its comments name software (RFC 9110 section
// 7.6.3). A bare word with a digit, such as "s3", is a name.
func namesVersion(header, value string) bool {
	switch header {
	case "Via":
		_, value, _ = strings.Cut(value, "(")
		return hasDigit(value)
	case "Server", "X-Powered-By", "X-Generator":
		_, version, _ := strings.Cut(value, "/")
		return hasDigit(version) || dotted(value)
	}
	return hasDigit(value)
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// dotted reports a number of the form 1.2.
func dotted(s string) bool {
	for i := 1; i+1 < len(s); i++ {
		if s[i] == '.' && s[i-1] >= '0' && s[i-1] <= '9' && s[i+1] >= '0' && s[i+1] <= '9' {
			return true
		}
	}
	return false
}
