package httpprobe

import (
	"slices"
	"strings"

	"peil/internal/fact"
)

const (
	maxCookieName  = 256
	maxCookieOther = 10
)

// ParseCookie reads a Set-Cookie line as a browser does (RFC 6265 section 5.2,
// RFC 6265bis section 5.6) and leaves the value out. It is false for a line that a
// browser would ignore.
func ParseCookie(line string) (fact.Cookie, bool) {
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, ok := strings.Cut(pair, "=")
	if !ok { // a value without a name
		name, value = "", pair
	}
	name = strings.TrimSpace(name)
	if name == "" && strings.TrimSpace(value) == "" {
		return fact.Cookie{}, false
	}
	c := fact.Cookie{Name: cut(name, maxCookieName)}
	for attributes != "" {
		var av string
		av, attributes, _ = strings.Cut(attributes, ";")
		k, v, _ := strings.Cut(av, "=")
		k, v = strings.ToLower(strings.TrimSpace(k)), strings.TrimSpace(v)
		switch k {
		case "":
		case "secure":
			c.Secure = true
		case "httponly":
			c.HTTPOnly = true
		case "samesite":
			c.SameSite = cut(strings.ToLower(v), 32)
		case "domain":
			c.Domain = cut(strings.ToLower(strings.TrimPrefix(v, ".")), 255)
		case "path":
			c.Path = cut(v, 255)
		default:
			if k = cut(k, 32); len(c.Other) < maxCookieOther && !slices.Contains(c.Other, k) {
				c.Other = append(c.Other, k)
			}
		}
	}
	slices.Sort(c.Other)
	return c, true
}
