package httpprobe

import (
	"strings"

	"peil/internal/fact"
)

// read has the headers that some requirement reads: their values are part of the
// fact. All other values change without being news (Date, ETag, Age, request ids) and
// are kept beside it, cut to maxSeen.
var read = map[string]bool{
	"Strict-Transport-Security":           true, // RFC 6797
	"Content-Security-Policy":             true,
	"Content-Security-Policy-Report-Only": true,
	"X-Frame-Options":                     true, // RFC 7034
	"X-Content-Type-Options":              true,
	"Referrer-Policy":                     true,
	"Permissions-Policy":                  true,
	"Feature-Policy":                      true,
	"Cross-Origin-Opener-Policy":          true,
	"Cross-Origin-Embedder-Policy":        true,
	"Cross-Origin-Resource-Policy":        true,
	"Access-Control-Allow-Origin":         true,
	"Access-Control-Allow-Credentials":    true,
	"Content-Type":                        true,
	"Content-Encoding":                    true,
	"Alt-Svc":                             true, // RFC 7838
	"Server":                              true,
	"X-Powered-By":                        true,
	"X-Aspnet-Version":                    true,
	"X-Aspnetmvc-Version":                 true,
	"X-Generator":                         true,
	"X-Xss-Protection":                    true,
	"Via":                                 true,
}

const maxSeen = 200

// keep makes facts of header lines. Set-Cookie is left out, since its values are
// secrets of a visit: fact.Cookie has what may be kept. Location stands in the hop.
func keep(lines []Line) []fact.Header {
	hs := make([]fact.Header, 0, len(lines))
	for _, l := range lines {
		switch {
		case l.Name == "Set-Cookie", l.Name == "Location":
			continue
		case !read[l.Name]:
			hs = append(hs, fact.Header{Name: l.Name, Seen: cut(l.Value, maxSeen)})
		default:
			h := fact.Header{Name: l.Name, Value: l.Value}
			if s := withoutNonces(l.Value); s != l.Value {
				h.Value, h.Seen = s, l.Value
			}
			hs = append(hs, h)
		}
	}
	return hs
}

// withoutNonces empties the nonces of a policy (CSP3 section 2.3.1), which are new in
// each response.
func withoutNonces(v string) string {
	const mark = "'nonce-"
	if !strings.Contains(v, mark) {
		return v
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(v, mark)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString(mark)
		if i := strings.IndexByte(after, '\''); i >= 0 {
			after = after[i:]
		}
		v = after
	}
}

// cut shortens a string at a character's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// altSvcH3 reports whether an Alt-Svc value announces HTTP/3 (RFC 7838 section 3,
// RFC 9114 section 3.1.1).
func altSvcH3(values []string) bool {
	for _, v := range values {
		for _, alt := range strings.Split(v, ",") {
			id, _, ok := strings.Cut(strings.TrimSpace(alt), "=")
			if ok && (strings.EqualFold(id, "h3") || strings.HasPrefix(strings.ToLower(id), "h3-")) {
				return true
			}
		}
	}
	return false
}
