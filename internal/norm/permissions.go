package norm

import (
	"slices"
	"strings"

	"peil/internal/fact"
)

// feature is one member of a Permissions-Policy: who may use a function of the browser.
type feature struct {
	Name  string
	Allow []string // "*", "self", "src" and origins; empty: nobody
}

// parsePermissions reads a Permissions-Policy header (a dictionary of RFC 9651 section
// 3.2, with the values of Permissions Policy section 9.2). ok is false when the header
// cannot be read as one, in which case a browser ignores it as a whole.
func parsePermissions(value string) (fs []feature, ok bool) {
	in := strings.Trim(value, " ")
	for in != "" {
		key, rest := sfKey(in)
		if key == "" {
			return nil, false
		}
		f := feature{Name: key}
		if after, has := strings.CutPrefix(rest, "="); has {
			if f.Allow, rest, ok = sfValue(after); !ok {
				return nil, false
			}
		}
		if rest, ok = sfParameters(rest); !ok {
			return nil, false
		}
		if i := slices.IndexFunc(fs, func(x feature) bool { return x.Name == key }); i >= 0 {
			fs[i] = f // section 3.2: the last wins
		} else {
			fs = append(fs, f)
		}
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			return fs, true
		}
		if rest[0] != ',' {
			return nil, false
		}
		in = strings.TrimLeft(rest[1:], " \t")
		if in == "" {
			return nil, false // a trailing comma
		}
	}
	return fs, true
}

func sfKey(s string) (key, rest string) {
	for i := range len(s) {
		c := s[i]
		lower := c >= 'a' && c <= 'z'
		if lower || c == '*' || (i > 0 && (c >= '0' && c <= '9' || strings.IndexByte("_-.", c) >= 0)) {
			continue
		}
		return s[:i], s[i:]
	}
	return s, ""
}

// sfValue reads an inner list or a single item.
func sfValue(s string) (items []string, rest string, ok bool) {
	inner, list := strings.CutPrefix(s, "(")
	if !list {
		item, rest, ok := sfItem(s)
		return []string{item}, rest, ok
	}
	items = []string{}
	for {
		inner = strings.TrimLeft(inner, " ")
		if r, end := strings.CutPrefix(inner, ")"); end {
			return items, r, true
		}
		var item string
		if item, inner, ok = sfItem(inner); !ok {
			return nil, "", false
		}
		if inner, ok = sfParameters(inner); !ok {
			return nil, "", false
		}
		items = append(items, item)
		if inner == "" || (inner[0] != ' ' && inner[0] != ')') {
			return nil, "", false
		}
	}
}

// sfItem reads a string, a token, a number or a boolean: only the words matter here.
func sfItem(s string) (item, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '\\':
				i++
			case s[i] == '"':
				return s[1:i], s[i+1:], true
			case s[i] < 0x20 || s[i] > 0x7e:
				return "", "", false
			}
		}
		return "", "", false
	}
	i := 0
	for i < len(s) && strings.IndexByte(" \t,;()=\"", s[i]) < 0 && s[i] > 0x20 && s[i] < 0x7f {
		i++
	}
	return s[:i], s[i:], i > 0
}

func sfParameters(s string) (rest string, ok bool) {
	for strings.HasPrefix(s, ";") {
		key, r := sfKey(strings.TrimLeft(s[1:], " "))
		if key == "" {
			return "", false
		}
		if v, has := strings.CutPrefix(r, "="); has {
			if _, r, ok = sfItem(v); !ok {
				return "", false
			}
		}
		s = r
	}
	return s, true
}

// powerful are the functions by which a page sees, hears or finds the visitor, or pays.
var powerful = []string{"camera", "microphone", "geolocation", "display-capture", "payment", "usb"}

var headerPermissions = rule{
	explain: Text{
		"De header Permissions-Policy is leesbaar en geeft camera, microfoon, locatie, scherm, betalen en USB niet aan iedereen (*).",
		"The header Permissions-Policy is readable and does not give camera, microphone, location, screen, payment and USB to everyone (*).",
	},
	why: Text{
		"Ingesloten onderdelen van anderen kunnen dan niet om camera of locatie vragen alsof de overheid het vraagt.",
		"Embedded parts of others then cannot ask for camera or location as if the government asked.",
	},
	fixes: []Fix{
		fixFor("nginx", "Zet uit wat de website niet gebruikt.", "Switch off what the website does not use.", `add_header Permissions-Policy "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()" always;`),
		fixFor("apache", "Zet uit wat de website niet gebruikt.", "Switch off what the website does not use.", `Header always set Permissions-Policy "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()"`),
		fixFor("iis", "Zet de header in web.config.", "Put the header in web.config.", `<httpProtocol><customHeaders><add name="Permissions-Policy" value="camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()" /></customHeaders></httpProtocol>`),
	},
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -i permissions-policy",
	judge: func(v *view) Verdict {
		return v.eachDocument(func(_ *fact.WebHost, hop *fact.Hop) finding {
			lines := hop.Values("Permissions-Policy")
			if len(lines) == 0 {
				return warn(because("permissions-absent")).with("no Permissions-Policy on " + hop.URL)
			}
			value := strings.Join(lines, ", ")
			fs, ok := parsePermissions(value)
			if !ok || len(fs) == 0 {
				return fail(because("permissions-malformed")).with("Permissions-Policy: " + value)
			}
			for _, f := range fs {
				if slices.Contains(powerful, f.Name) && slices.Contains(f.Allow, "*") {
					return warn(because("permissions-open", f.Name)).with("Permissions-Policy: " + value)
				}
			}
			return pass(because("permissions-set", itoa(len(fs))))
		})
	},
}
