package norm

import (
	"maps"
	"slices"
	"strings"

	"peil/internal/fact"
)

// csp is one serialized policy (CSP Level 3 section 2.2.1): names in lower case, of a
// repeated directive the first.
type csp struct {
	directives map[string][]string
}

// maxDirectives bounds what is read of a policy.
const maxDirectives = 200

// parseCSP reads the value of one header or meta element: a comma divides policies.
func parseCSP(value string) []csp {
	var ps []csp
	for policy := range strings.SplitSeq(value, ",") {
		p := csp{directives: map[string][]string{}}
		for token := range strings.SplitSeq(policy, ";") {
			f := strings.FieldsFunc(token, func(r rune) bool {
				return r == ' ' || r == '\t' || r == '\n' || r == '\f' || r == '\r'
			})
			if len(f) == 0 || len(p.directives) == maxDirectives {
				continue
			}
			name := strings.ToLower(f[0])
			if _, repeated := p.directives[name]; !repeated {
				p.directives[name] = f[1:]
			}
		}
		if len(p.directives) > 0 {
			ps = append(ps, p)
		}
	}
	return ps
}

// sources returns the source list that holds for the first directive, by way of the
// ones it falls back on (section 6.8.3), and its name.
func (p csp) sources(names ...string) (name string, list []string, ok bool) {
	for _, n := range names {
		if l, has := p.directives[n]; has {
			return n, l, true
		}
	}
	return "", nil, false
}

// keyword reports whether a source list has a keyword; they are compared without
// regard to case.
func keyword(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
}

// nonceOrHash reports whether a list has a valid nonce or hash (section 2.3.1).
func nonceOrHash(list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		l := strings.ToLower(s)
		if len(s) < 3 || s[0] != '\'' || s[len(s)-1] != '\'' {
			return false
		}
		_, value, ok := strings.Cut(s[1:len(s)-1], "-")
		for _, kind := range []string{"'nonce-", "'sha256-", "'sha384-", "'sha512-"} {
			if strings.HasPrefix(l, kind) {
				return ok && isBase64(value)
			}
		}
		return false
	})
}

func isBase64(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// inline reports whether 'unsafe-inline' has effect: beside a nonce, a hash or
// 'strict-dynamic' it has none (section 6.7.3.2).
func inline(list []string) bool {
	return keyword(list, "'unsafe-inline'") && !nonceOrHash(list) && !keyword(list, "'strict-dynamic'")
}

// wide returns a source that allows (nearly) everything: *, a bare scheme of the web,
// data:. Beside 'strict-dynamic' hosts and schemes have no effect on scripts.
func wide(list []string) (string, bool) {
	for _, s := range list {
		switch strings.ToLower(s) {
		case "*", "http:", "https:", "data:", "http://*", "https://*", "*:*":
			return s, true
		}
	}
	return "", false
}

// cspProblem is one weakness of a policy.
type cspProblem struct {
	code string
	arg  string
	grav Outcome
}

// problems lists the weaknesses of a policy, the gravest first.
func (p csp) problems() []cspProblem {
	var bad, weak []cspProblem
	name, script, ok := p.sources("script-src-elem", "script-src", "default-src")
	if !ok {
		bad = append(bad, cspProblem{"csp-no-script-limit", "script-src", Failed})
	} else {
		if inline(script) {
			bad = append(bad, cspProblem{"csp-unsafe-inline", name, Failed})
		}
		if s, is := wide(script); is && !keyword(script, "'strict-dynamic'") {
			bad = append(bad, cspProblem{"csp-wide-source", name + " " + s, Failed})
		}
	}
	if attr, list, has := p.sources("script-src-attr", "script-src", "default-src"); has && attr == "script-src-attr" && inline(list) {
		bad = append(bad, cspProblem{"csp-unsafe-inline", attr, Failed})
	}
	if name, list, has := p.sources("script-src", "default-src"); has && keyword(list, "'unsafe-eval'") {
		weak = append(weak, cspProblem{"csp-unsafe-eval", name, Warning})
	}
	if ok && keyword(script, "'unsafe-hashes'") {
		weak = append(weak, cspProblem{"csp-unsafe-hashes", name, Warning})
	}
	if _, list, has := p.sources("style-src-elem", "style-src", "default-src"); !has || inline(list) {
		weak = append(weak, cspProblem{"csp-style-inline", "style-src", Warning})
	}
	if _, list, has := p.sources("object-src", "default-src"); !has {
		weak = append(weak, cspProblem{"csp-missing", "object-src", Warning})
	} else if s, is := wide(list); is {
		weak = append(weak, cspProblem{"csp-wide-source", "object-src " + s, Warning})
	}
	for _, d := range []string{"base-uri", "form-action"} {
		if _, has := p.directives[d]; !has {
			weak = append(weak, cspProblem{"csp-missing", d, Warning})
		}
	}
	for _, d := range slices.Sorted(maps.Keys(p.directives)) {
		for _, s := range p.directives[d] {
			if strings.HasPrefix(strings.ToLower(s), "http://") {
				weak = append(weak, cspProblem{"csp-http-source", d + " " + s, Warning})
			}
		}
	}
	return append(bad, weak...)
}

// headerPolicies are the policies of the Content-Security-Policy headers of an answer.
func headerPolicies(hop *fact.Hop) []csp {
	var ps []csp
	for _, line := range hop.Values("Content-Security-Policy") {
		ps = append(ps, parseCSP(line)...)
	}
	return ps
}

// weaknesses of several policies are those that all of them have: the strictest of
// each holds.
func weaknesses(ps []csp) []cspProblem {
	var all []cspProblem
	for i, p := range ps {
		own := p.problems()
		if i == 0 {
			all = own
			continue
		}
		all = slices.DeleteFunc(all, func(x cspProblem) bool {
			return !slices.ContainsFunc(own, func(y cspProblem) bool {
				return x.code == y.code && (x.code != "csp-missing" || x.arg == y.arg)
			})
		})
	}
	return all
}

var headerCSP = rule{
	explain: Text{
		"Een Content-Security-Policy beperkt waar scripts vandaan mogen komen: geen 'unsafe-inline' zonder nonce of hash, geen * of heel schema. Aangeraden zijn ook: geen 'unsafe-eval', stijlen zonder 'unsafe-inline', en object-src, base-uri en form-action. Alleen Report-Only telt niet.",
		"A Content-Security-Policy limits where scripts may come from: no 'unsafe-inline' without nonce or hash, no * or whole scheme. Also recommended: no 'unsafe-eval', styles without 'unsafe-inline', and object-src, base-uri and form-action. Report-Only alone does not count.",
	},
	why: Text{
		"Als iemand tekst in een pagina weet te krijgen, voert de browser die dan niet als programma uit.",
		"When someone manages to get text into a page, the browser then does not run it as a program.",
	},
	fixes: []Fix{
		fixFor("nginx", "Begin streng en voeg toe wat de website nodig heeft.", "Begin strictly and add what the website needs.", `add_header Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" always;`),
		fixFor("apache", "Begin streng en voeg toe wat de website nodig heeft.", "Begin strictly and add what the website needs.", `Header always set Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"`),
		fixFor("iis", "Zet de header in web.config.", "Put the header in web.config.", `<httpProtocol><customHeaders><add name="Content-Security-Policy" value="default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" /></customHeaders></httpProtocol>`),
	},
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -i content-security-policy",
	judge: func(v *view) Verdict {
		return v.eachDocument(func(h *fact.WebHost, hop *fact.Hop) finding {
			ps := headerPolicies(hop)
			inHeader := len(ps) > 0
			if p := h.HTTP.Page; p != nil {
				for _, m := range p.MetaCSP {
					ps = append(ps, parseCSP(m)...)
				}
			}
			if len(ps) == 0 {
				if len(hop.Values("Content-Security-Policy-Report-Only")) > 0 {
					return fail(because("csp-report-only")).with("Content-Security-Policy-Report-Only alone")
				}
				return fail(because("csp-absent")).with("no Content-Security-Policy on " + hop.URL)
			}
			all := weaknesses(ps)
			if len(all) == 0 {
				if !inHeader {
					return note(because("csp-meta"))
				}
				return pass(because("csp-strict"))
			}
			f := finding{outcome: all[0].grav, saw: Reason{Code: all[0].code, Args: []string{all[0].arg}}}
			for _, p := range all {
				f = f.with(strings.TrimSpace(p.code + " " + p.arg))
			}
			for _, line := range hop.Values("Content-Security-Policy") {
				f = f.with("Content-Security-Policy: " + line)
			}
			return f
		})
	},
}

var headerFrameOptions = rule{
	explain: Text{
		"Andere websites kunnen de pagina niet insluiten: frame-ancestors in de Content-Security-Policy noemt alleen eigen of vertrouwde namen, of X-Frame-Options is DENY of SAMEORIGIN.",
		"Other websites cannot frame the page: frame-ancestors in the Content-Security-Policy names only own or trusted names, or X-Frame-Options is DENY or SAMEORIGIN.",
	},
	why: Text{
		"Een aanvaller legt anders de echte website onzichtbaar over een eigen pagina en laat bezoekers daar klikken.",
		"Otherwise an attacker lays the real website invisibly over a page of his own and lets visitors click there.",
	},
	fixes: []Fix{
		fixFor("nginx", "Zet frame-ancestors, en X-Frame-Options voor oude browsers.", "Set frame-ancestors, and X-Frame-Options for old browsers.", "add_header Content-Security-Policy \"frame-ancestors 'none'\" always;\nadd_header X-Frame-Options DENY always;"),
		fixFor("apache", "Zet frame-ancestors, en X-Frame-Options voor oude browsers.", "Set frame-ancestors, and X-Frame-Options for old browsers.", "Header always append Content-Security-Policy \"frame-ancestors 'none'\"\nHeader always set X-Frame-Options DENY"),
		fixFor("iis", "Zet de header in web.config.", "Put the header in web.config.", `<httpProtocol><customHeaders><add name="X-Frame-Options" value="DENY" /></customHeaders></httpProtocol>`),
	},
	check: "curl -skL -o /dev/null -D - {resolve}https://{name}/ | grep -iE 'x-frame-options|frame-ancestors'",
	judge: func(v *view) Verdict {
		return v.eachDocument(func(_ *fact.WebHost, hop *fact.Hop) finding {
			named := false
			for _, p := range headerPolicies(hop) {
				list, has := p.directives["frame-ancestors"]
				if !has {
					continue
				}
				named = true
				if _, open := wide(list); !open {
					return pass(because("frame-ancestors", strings.Join(list, " ")))
				}
			}
			if named { // frame-ancestors takes the place of X-Frame-Options (section 6.4.2.1)
				return fail(because("frame-ancestors-open")).with("frame-ancestors allows any site")
			}
			var values []string
			for _, line := range hop.Values("X-Frame-Options") {
				for x := range strings.SplitSeq(line, ",") {
					values = append(values, strings.ToUpper(trimOWS(x)))
				}
			}
			switch {
			case len(values) == 0:
				return fail(because("frame-options-absent")).with("no X-Frame-Options, no frame-ancestors on " + hop.URL)
			case !slices.ContainsFunc(values, func(x string) bool { return x != "DENY" && x != "SAMEORIGIN" }):
				return pass(because("frame-options", values[0]))
			}
			return fail(because("frame-options-bad", strings.Join(values, ", "))).with("X-Frame-Options: " + strings.Join(values, ", "))
		})
	},
}
