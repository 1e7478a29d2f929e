package caa

import (
	"net/url"
	"regexp"
	"strings"
)

// parseIssue reads an issue value (RFC 8659 section 4.2); pos is where it goes wrong,
// or -1.
//
//	issue-value = *WSP [issuer-domain-name *WSP] [";" *WSP [parameters *WSP]]
//	parameters  = (parameter *WSP ";" *WSP parameters) / parameter
//	parameter   = tag *WSP "=" *WSP value
func parseIssue(v string) (is *Issue, pos int) {
	is = &Issue{}
	i := skip(v, 0)
	start := i
	for i < len(v) && (alphanumeric(v[i]) || v[i] == '-' || v[i] == '.') {
		i++
	}
	is.Issuer = v[start:i]
	if p := badName(is.Issuer); p >= 0 {
		return nil, start + p
	}
	i = skip(v, i)
	if i == len(v) {
		return is, -1
	}
	if v[i] != ';' {
		return nil, i
	}
	i = skip(v, i+1)
	for i < len(v) {
		start = i
		for i < len(v) && (alphanumeric(v[i]) || v[i] == '-') {
			i++
		}
		tag := v[start:i]
		if p := badLabel(tag); p >= 0 {
			return nil, start + p
		}
		i = skip(v, i)
		if i == len(v) || v[i] != '=' {
			return nil, i
		}
		i = skip(v, i+1)
		start = i
		for i < len(v) && v[i] > 0x20 && v[i] < 0x7f && v[i] != ';' {
			i++
		}
		is.Parameters = append(is.Parameters, Parameter{tag, v[start:i]})
		i = skip(v, i)
		if i == len(v) {
			return is, -1
		}
		if v[i] != ';' {
			return nil, i
		}
		i = skip(v, i+1)
		if i == len(v) { // a parameter must follow
			return nil, i
		}
	}
	return is, -1
}

func skip(v string, i int) int {
	for i < len(v) && (v[i] == ' ' || v[i] == '\t') {
		i++
	}
	return i
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// badName is where a name that is not empty stops being labels joined by dots, or -1.
func badName(n string) int {
	if n == "" {
		return -1
	}
	at := 0
	for l := range strings.SplitSeq(n, ".") {
		if p := badLabel(l); p >= 0 {
			return at + p
		}
		at += len(l) + 1
	}
	return -1
}

// badLabel is where a label (letters, digits, inner hyphens) goes wrong, or -1.
func badLabel(l string) int {
	switch {
	case l == "" || l[0] == '-':
		return 0
	case l[len(l)-1] == '-':
		return len(l) - 1
	}
	return -1
}

// methods are the ACME validation methods of the IANA registry.
var methods = map[string]bool{
	"http-01": true, "dns-01": true, "tls-alpn-01": true, "email-reply-00": true, "tkauth-01": true, "onion-csr-01": true, "bp-nodeid-00": true,
}

// validMethods reports whether v is a list of registered or "ca-" methods (RFC 8657
// section 4), which may be empty.
func validMethods(v string) bool {
	if v == "" {
		return true
	}
	for m := range strings.SplitSeq(v, ",") {
		if !methods[m] && (!strings.HasPrefix(m, "ca-") || strings.IndexFunc(m, func(r rune) bool { return r > 127 || r != '-' && !alphanumeric(byte(r)) }) >= 0) {
			return false
		}
	}
	return true
}

// iodef says of what kind an iodef value is: "https", "http", "mailto", or "" when it
// is none of these in good order (RFC 8659 section 4.4).
func iodef(v string) string {
	u, err := url.Parse(v)
	if err != nil {
		return ""
	}
	switch s := strings.ToLower(u.Scheme); {
	case (s == "https" || s == "http") && u.Host != "":
		return s
	case s == "mailto":
		if validEmail(u.Opaque) {
			return s
		}
	}
	return ""
}

var (
	localPart  = regexp.MustCompile("^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\x{80}-\\x{10FFFF}]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\x{80}-\\x{10FFFF}]+)*|\"[^\"\\\\\\x00-\\x1f]+\")$")
	mailDomain = regexp.MustCompile(`^(?:[\pL\pN](?:[\pL\pN\pM-]*[\pL\pN\pM])?\.)+[\pL\pN](?:[\pL\pN\pM-]*[\pL\pN\pM])?$`)
	// globalNumber is global-number of RFC 3966 section 3.
	globalNumber = regexp.MustCompile(`^\+[0-9\-.()]*[0-9][0-9\-.()]*(?:;isub=(?:[A-Za-z0-9;/?:@&=+$,\-_.!~*'()]|%[0-9A-Fa-f]{2})+|;[A-Za-z0-9-]+(?:=(?:[A-Za-z0-9\[\]/:&+$\-_.!~*'()]|%[0-9A-Fa-f]{2})+)?)*$`)
)

// validEmail reports whether v is one address (RFC 5322 section 3.4.1, RFC 6532).
func validEmail(v string) bool {
	i := strings.LastIndexByte(v, '@')
	return i > 0 && len(v) <= 320 && localPart.MatchString(v[:i]) && mailDomain.MatchString(v[i+1:])
}
