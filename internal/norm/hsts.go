package norm

import (
	"strconv"
	"strings"

	"peil/internal/fact"
)

// hsts is a Strict-Transport-Security header (RFC 6797 section 6.1).
type hsts struct {
	MaxAge            uint64
	Sent              string // max-age as sent, shortened, when it is larger than any time
	IncludeSubDomains bool
	Preload           bool // not of the RFC: asked by the list that browsers ship
}

const (
	year    = 31_536_000 // seconds
	anyTime = 1<<63 - 1
)

// long is the reason of a header whose max-age is long enough.
func (h hsts) long() Reason {
	if h.Sent != "" {
		return because("hsts-huge", h.Sent)
	}
	return because("hsts-long", strconv.FormatUint(h.MaxAge, 10))
}

// parseHSTS reads the value of a header. A defect is the code of a reason why a
// browser takes no notice of it; it is "" for a good one.
func parseHSTS(value string) (h hsts, defect string) {
	seen := map[string]bool{}
	for rest := value; ; {
		var part string
		part, rest = cutDirective(rest)
		name, val, hasValue := strings.Cut(part, "=")
		name = strings.ToLower(trimOWS(name))
		val = trimOWS(val)
		if name == "" && !hasValue {
			if rest == "" {
				break
			}
			rest = rest[1:]
			continue
		}
		if !isToken(name) {
			return h, "hsts-malformed"
		}
		if hasValue {
			var ok bool
			if val, ok = unquote(val); !ok {
				return h, "hsts-malformed"
			}
		}
		if seen[name] { // section 6.1, point 2
			return h, "hsts-repeated-directive"
		}
		seen[name] = true
		switch name {
		case "max-age":
			n, ok := deltaSeconds(val)
			if !ok {
				return h, "hsts-bad-max-age"
			}
			if h.MaxAge = n; n >= anyTime {
				h.Sent = clip(strings.TrimLeft(val, "0"), 12)
			}
		case "includesubdomains":
			h.IncludeSubDomains = true
		case "preload":
			h.Preload = true
		}
		if rest == "" {
			break
		}
		rest = rest[1:]
	}
	if !seen["max-age"] {
		return h, "hsts-no-max-age"
	}
	return h, ""
}

// cutDirective divides at the first semicolon outside a quoted string; the rest
// begins with that semicolon.
func cutDirective(s string) (directive, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case quoted && s[i] == '\\':
			i++
		case s[i] == ';' && !quoted:
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// deltaSeconds reads 1*DIGIT; what does not fit counts as very long.
func deltaSeconds(s string) (uint64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return anyTime, true
	}
	return min(n, anyTime), true
}

func trimOWS(s string) string { return strings.Trim(s, " \t") }

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// unquote takes the value of a token or a quoted string (RFC 9110 section 5.6.4).
func unquote(s string) (string, bool) {
	if !strings.HasPrefix(s, `"`) {
		return s, isToken(s)
	}
	if len(s) < 2 || !strings.HasSuffix(s, `"`) {
		return "", false
	}
	var b strings.Builder
	in := s[1 : len(s)-1]
	for i := 0; i < len(in); i++ {
		if in[i] == '"' {
			return "", false
		}
		if in[i] == '\\' {
			if i++; i == len(in) {
				return "", false
			}
		}
		b.WriteByte(in[i])
	}
	return b.String(), true
}

// strictTransport reads the first header of an answer, which is the one that counts
// (RFC 6797 section 8.1). ok is false when there is none that a browser heeds; the
// finding says why.
func strictTransport(hop *fact.Hop) (h hsts, f finding, ok bool) {
	lines := hop.Values("Strict-Transport-Security")
	if len(lines) == 0 {
		return h, fail(because("hsts-absent")).with("no Strict-Transport-Security on " + hop.URL), false
	}
	h, defect := parseHSTS(lines[0])
	if defect != "" {
		return h, fail(Reason{Code: defect, Args: []string{lines[0]}}).with("Strict-Transport-Security: " + lines[0]), false
	}
	return h, finding{}, true
}

var (
	hstsWhy = Text{
		"De browser onthoudt dat de website alleen over HTTPS mag. Zonder HSTS kan een aanvaller een bezoeker bij een volgend bezoek op een onbeveiligde versie houden.",
		"The browser remembers that the website may be visited over HTTPS only. Without HSTS an attacker can keep a visitor on an unprotected version at a later visit.",
	}
	hstsFixes = []Fix{
		fixFor("nginx", "Zet de header in het server-blok van poort 443.", "Put the header in the server block of port 443.", `add_header Strict-Transport-Security "max-age=31536000" always;`),
		fixFor("apache", "Zet de header in de VirtualHost van poort 443 (mod_headers).", "Put the header in the VirtualHost of port 443 (mod_headers).", `Header always set Strict-Transport-Security "max-age=31536000"`),
		fixFor("iis", "Zet HSTS aan (vanaf IIS 10.0, versie 1709).", "Switch HSTS on (from IIS 10.0 version 1709).", `<hsts enabled="true" max-age="31536000" />`),
	}
	hstsCheck = "curl -sk -o /dev/null -D - {resolve}https://{name}/ | grep -i strict-transport-security"
)

var hstsYear = rule{
	explain: Text{
		"Het eerste antwoord op https://naam/ heeft de header Strict-Transport-Security met een max-age van ten minste een jaar (31536000 seconden), op elk adres. Alleen de eerste header telt; een header met een fout telt niet.",
		"The first answer to https://name/ has the header Strict-Transport-Security with a max-age of at least a year (31536000 seconds), on each address. Only the first header counts; one with an error does not.",
	},
	why: hstsWhy, fixes: hstsFixes, check: hstsCheck,
	judge: func(v *view) Verdict {
		return v.eachAnswer(func(_ *fact.WebHost, hop *fact.Hop) finding {
			h, f, ok := strictTransport(hop)
			switch {
			case !ok:
				return f
			case h.MaxAge < year:
				return fail(because("hsts-short", strconv.FormatUint(h.MaxAge, 10))).with("Strict-Transport-Security: " + hop.Values("Strict-Transport-Security")[0])
			}
			return pass(h.long())
		})
	},
}

var wdoHSTS = rule{
	explain: Text{
		"Het eerste antwoord op https://naam/ heeft de header Strict-Transport-Security met een max-age boven nul. Onder een jaar is een waarschuwing: het besluit zelf noemt, voor zover gevonden, geen getal.",
		"The first answer to https://name/ has the header Strict-Transport-Security with a max-age above zero. Under a year warns: as far as could be found, the decree itself gives no figure.",
	},
	why: hstsWhy, fixes: hstsFixes, check: hstsCheck,
	judge: func(v *view) Verdict {
		return v.eachAnswer(func(_ *fact.WebHost, hop *fact.Hop) finding {
			h, f, ok := strictTransport(hop)
			line := "Strict-Transport-Security: " + strings.Join(hop.Values("Strict-Transport-Security"), " | ")
			switch {
			case !ok:
				return f
			case h.MaxAge == 0:
				return fail(because("hsts-zero")).with(line)
			case h.MaxAge < year:
				return warn(because("hsts-short", strconv.FormatUint(h.MaxAge, 10))).with(line)
			}
			return pass(h.long())
		})
	},
}

var hstsPreload = rule{
	explain: Text{
		"De header Strict-Transport-Security heeft includeSubDomains, preload en een max-age van ten minste een jaar, en http stuurt door naar HTTPS op dezelfde naam: dan kan de naam op de lijst die browsers meeleveren.",
		"The header Strict-Transport-Security has includeSubDomains, preload and a max-age of at least a year, and http redirects to HTTPS on the same name: then the name can go on the list that browsers ship.",
	},
	why: Text{
		"Ook het allereerste bezoek is dan beveiligd, en dat van elke naam eronder.",
		"Even the very first visit is secured then, and that to every name below.",
	},
	fixes: []Fix{
		fixFor("nginx", "Eerst moeten alle namen eronder HTTPS hebben.", "All names below must have HTTPS first.", `add_header Strict-Transport-Security "max-age=31536000; includeSubDomains; preload" always;`),
		fixFor("apache", "Eerst moeten alle namen eronder HTTPS hebben.", "All names below must have HTTPS first.", `Header always set Strict-Transport-Security "max-age=31536000; includeSubDomains; preload"`),
		fixFor("iis", "Eerst moeten alle namen eronder HTTPS hebben.", "All names below must have HTTPS first.", `<hsts enabled="true" max-age="31536000" includeSubDomains="true" preload="true" redirectHttpToHttps="true" />`),
	},
	check: hstsCheck,
	judge: func(v *view) Verdict {
		redirect := judgeRedirect(v)
		return v.eachAnswer(func(_ *fact.WebHost, hop *fact.Hop) finding {
			h, f, ok := strictTransport(hop)
			switch {
			case !ok:
				return f
			case h.MaxAge < year || !h.IncludeSubDomains || !h.Preload:
				return fail(because("hsts-no-preload")).with("Strict-Transport-Security: " + hop.Values("Strict-Transport-Security")[0])
			case redirect.Outcome == Failed:
				return fail(because("preload-no-redirect")).with(redirect.Evidence...)
			case redirect.Outcome == NotMeasured:
				return missed(redirect.Gap)
			}
			return pass(because("hsts-preload"))
		})
	},
}
