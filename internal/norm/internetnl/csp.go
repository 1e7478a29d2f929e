package internetnl

import (
	"regexp"
	"slices"
	"strings"
)

// The codes for which a Content-Security-Policy fails, in the order in which they are
// given.
const (
	CSPUnsafeInline      = "has-unsafe-inline"
	CSPUnsafeEval        = "has-unsafe-eval"
	CSPHTTP              = "has-http"
	CSPBareHTTPS         = "has-bare-https"
	CSPHostWithoutScheme = "has-host-without-scheme"
	CSPData              = "has-data"
	CSPInvalidHost       = "has-invalid-host"
	CSPUnsafeHashes      = "has-unsafe-hashes"
	CSPDefaultSrc        = "missing-invalid-default-src"
	CSPFrameSrc          = "missing-invalid-frame-src"
	CSPFrameAncestors    = "missing-invalid-frame-ancestors"
	CSPBaseURI           = "missing-invalid-base-uri"
	CSPFormAction        = "missing-invalid-form-action"
)

// source is one recognised value of a directive.
type source struct {
	kind   sourceKind
	scheme string // of a host source: what stands before "://"; of a scheme source: its name
	host   string
}

type sourceKind uint8

const (
	otherKind sourceKind = iota // nonce, hash, 'strict-dynamic', values of other directives
	hostKind
	schemeKind
	selfKind
	noneKind
	unsafeInlineKind
	unsafeEvalKind
	unsafeHashesKind
	reportSampleKind
)

// A reader recognises one form of value, by its beginning where Internet.nl does.
type reader func(string) (source, bool)

// The greedy scheme takes everything up to the last "://" that leaves a host.
var (
	hostForm   = regexp.MustCompile(`^(?:(.+)://)?([^:/']+|\[.+\])(?::(?:\p{Nd}+|\*))?(?:/.*)?$`)
	schemeForm = regexp.MustCompile(`^(https?|data|mediastream|blob|filesystem):$`)
	otherForm  = regexp.MustCompile(`^(?:'nonce-[+a-zA-Z0-9/]+=*'|'sha(?:256|384|512)-[+a-zA-Z0-9/]+=*')`)
	pluginForm = regexp.MustCompile(`^[^/]+/[^/]+`)
	// sandboxForm has the tokens that are known, by their beginning: a longer token that
	// begins with one is taken for it.
	sandboxForm = regexp.MustCompile(`^(?:allow-downloads-without-user-activation|allow-forms|allow-modals|allow-orientation-lock|allow-pointer-lock|allow-popups|allow-presentation|allow-same-origin|allow-scripts|allow-storage-access-by-user-activation|allow-top-navigation)`)
	trustedForm = regexp.MustCompile(`^(?:'none'|(?:\*|[\pL\pN_\-#=/@.%]+)(?:(?: (?:\*|[\pL\pN_\-#=/@.%]+))+(?: 'allow-duplicates')?)?)$`)
)

func hostSource(v string) (source, bool) {
	m := hostForm.FindStringSubmatch(v)
	if m == nil {
		return source{}, false
	}
	return source{kind: hostKind, scheme: m[1], host: m[2]}, true
}

func schemeSource(v string) (source, bool) {
	m := schemeForm.FindStringSubmatch(v)
	if m == nil {
		return source{}, false
	}
	return source{kind: schemeKind, scheme: m[1]}, true
}

func keyword(word string, k sourceKind) reader {
	return func(v string) (source, bool) { return source{kind: k}, strings.HasPrefix(v, word) }
}

func pattern(re *regexp.Regexp) reader {
	return func(v string) (source, bool) { return source{}, re.MatchString(v) }
}

func exactSelfNone(v string) (source, bool) {
	switch v {
	case "'self'":
		return source{kind: selfKind}, true
	case "'none'":
		return source{kind: noneKind}, true
	}
	return source{}, false
}

var (
	sources = []reader{
		hostSource, schemeSource,
		keyword("'self'", selfKind), keyword("'unsafe-eval'", unsafeEvalKind), keyword("'unsafe-hashes'", unsafeHashesKind),
		keyword("'unsafe-inline'", unsafeInlineKind), keyword("'none'", noneKind), pattern(otherForm),
	}
	reportSample  = append(slices.Clip(sources), keyword("'report-sample'", reportSampleKind))
	strictDynamic = append(slices.Clip(reportSample), keyword("'strict-dynamic'", otherKind))
)

// directive is what Internet.nl knows of one: what stands in when it is absent, which
// values it takes, and whether it may have none.
type directive struct {
	fallback []string
	values   []reader
	optional bool // keeps its place without a value although it takes values
	whole    bool // all values are read as one
}

var directives = map[string]directive{
	"child-src":                 {fallback: []string{"default-src"}, values: strictDynamic},
	"connect-src":               {fallback: []string{"default-src"}, values: sources},
	"default-src":               {values: sources},
	"font-src":                  {fallback: []string{"default-src"}, values: sources},
	"frame-src":                 {fallback: []string{"child-src", "default-src"}, values: sources},
	"img-src":                   {fallback: []string{"default-src"}, values: strictDynamic},
	"manifest-src":              {fallback: []string{"default-src"}, values: sources},
	"media-src":                 {fallback: []string{"default-src"}, values: sources},
	"object-src":                {fallback: []string{"default-src"}, values: sources},
	"prefetch-src":              {fallback: []string{"default-src"}, values: sources},
	"script-src":                {fallback: []string{"default-src"}, values: strictDynamic},
	"script-src-elem":           {fallback: []string{"script-src", "default-src"}, values: strictDynamic},
	"script-src-attr":           {fallback: []string{"script-src", "default-src"}, values: strictDynamic},
	"style-src":                 {fallback: []string{"default-src"}, values: sources},
	"style-src-elem":            {fallback: []string{"style-src", "default-src"}, values: reportSample},
	"style-src-attr":            {fallback: []string{"style-src", "default-src"}, values: reportSample},
	"worker-src":                {fallback: []string{"child-src", "script-src", "default-src"}, values: sources},
	"base-uri":                  {values: strictDynamic},
	"plugin-types":              {values: []reader{pattern(pluginForm)}},
	"sandbox":                   {values: []reader{pattern(sandboxForm)}, optional: true},
	"form-action":               {values: strictDynamic},
	"frame-ancestors":           {values: []reader{hostSource, schemeSource, exactSelfNone}},
	"navigate-to":               {values: strictDynamic},
	"report-to":                 {values: []reader{func(v string) (source, bool) { return source{}, v != "" }}},
	"block-all-mixed-content":   {},
	"trusted-types":             {values: []reader{pattern(trustedForm)}, optional: true, whole: true},
	"upgrade-insecure-requests": {},
}

// policy is the merged set of directives of all headers.
type policy map[string][]source

// maxSources bounds how many values of a policy are looked at.
const maxSources = 10000

// parseCSP reads all policies as one: comma parts are merged, repeated directives too.
func parseCSP(lines []string) policy {
	p := policy{}
	n := 0
	for _, part := range parts(joined(lines)) {
		for content := range strings.SplitSeq(part, ";") {
			words := strings.Fields(content)
			if len(words) == 0 {
				continue
			}
			name, values := words[0], words[1:]
			d, known := directives[name]
			if !known {
				continue
			}
			if len(values) == 0 {
				if len(d.values) == 0 || d.optional {
					p[name] = append([]source{}, p[name]...)
				}
				continue
			}
			if d.whole {
				values = []string{strings.Join(values, " ")}
			}
			for _, v := range values {
				if n++; n > maxSources {
					return p
				}
				for _, read := range d.values {
					if s, ok := read(v); ok {
						p[name] = append(p[name], s)
						break
					}
				}
			}
		}
	}
	return p
}

// of returns the sources of a directive or of the first present one that stands in.
func (p policy) of(name string) []source {
	if s, ok := p[name]; ok {
		return s
	}
	for _, f := range directives[name].fallback {
		if s, ok := p[f]; ok {
			return s
		}
	}
	return nil
}

// any reports whether some source of some directive fits.
func (p policy) any(fits func(source) bool) bool {
	for _, ss := range p {
		if slices.ContainsFunc(ss, fits) {
			return true
		}
	}
	return false
}

func isKind(ks ...sourceKind) func(source) bool {
	return func(s source) bool { return slices.Contains(ks, s.kind) }
}

// CSPFailures gives the codes for which a Content-Security-Policy fails for a tested
// name, in their order; none: it is good. An absent or empty header fails without a
// code, so present tells the two apart.
func CSPFailures(lines []string, name string) (codes []string, present bool) {
	if joined(lines) == "" {
		return nil, false
	}
	p := parseCSP(lines)
	add := func(code string, bad bool) {
		if bad {
			codes = append(codes, code)
		}
	}
	add(CSPUnsafeInline, p.any(isKind(unsafeInlineKind)))
	add(CSPUnsafeEval, p.any(isKind(unsafeEvalKind)))
	add(CSPHTTP, p.any(func(s source) bool { return s.scheme == "http" || s.kind == hostKind && s.scheme == "*" }))
	add(CSPBareHTTPS, p.any(func(s source) bool { return s.kind == schemeKind && s.scheme == "https" }))
	add(CSPHostWithoutScheme, p.any(func(s source) bool { return s.kind == hostKind && s.scheme == "" }))
	data := func(s source) bool { return s.kind == schemeKind && s.scheme == "data" }
	add(CSPData, slices.ContainsFunc(p.of("object-src"), data) || slices.ContainsFunc(p.of("script-src"), data))
	add(CSPInvalidHost, p.any(func(s source) bool { return s.host == "*" || s.host == "127.0.0.1" }))
	add(CSPUnsafeHashes, p.any(isKind(unsafeHashesKind)))
	baseURI, defaultSrc := p.family("base-uri", name), p.family("default-src", name)
	place := isKind(selfKind, noneKind, hostKind)
	add(CSPDefaultSrc, !defaultSrc)
	add(CSPFrameSrc, !defaultSrc && !slices.ContainsFunc(p.of("frame-src"), place))
	add(CSPFrameAncestors, !slices.ContainsFunc(p.of("frame-ancestors"), isKind(selfKind, noneKind)))
	add(CSPBaseURI, !baseURI)
	add(CSPFormAction, !slices.ContainsFunc(p.of("form-action"), place))
	return codes, true
}

// family is the rule for default-src and base-uri: 'none' without 'self', hosts or
// 'report-sample'; or 'self' with nothing but hosts of the same family and
// 'report-sample'.
func (p policy) family(name, tested string) bool {
	tested = strings.TrimRight(tested, ".")
	expected := 0
	var self, none bool
	var hosts []string
	for _, s := range p[name] {
		switch s.kind {
		case selfKind:
			self = true
			expected++
		case reportSampleKind:
			expected++
		case noneKind:
			none = true
		case hostKind:
			expected++
			h := strings.TrimRight(s.host, ".")
			hosts = append(hosts, h)
			if h == tested {
				continue
			}
			if rest, ok := strings.CutPrefix(h, "*."); ok {
				if rest == "" || !strings.HasSuffix(tested, rest) {
					return false
				}
			} else if !strings.HasSuffix(h, tested) {
				return false
			}
		default:
		}
	}
	if none && expected == 0 {
		return true
	}
	if !self {
		return false
	}
	if len(hosts) > 0 {
		// The first of the shortest: of two equally short ones that differ, neither
		// ends with the other, so it does not matter which.
		base := slices.MinFunc(hosts, func(a, b string) int { return len(a) - len(b) })
		for _, h := range hosts {
			if !strings.HasSuffix(h, base) {
				return false
			}
		}
	}
	return expected == len(p[name])
}
