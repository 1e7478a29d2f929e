package httpprobe

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"peil/internal/fact"
)

const (
	maxCookieName  = 256
	maxCookieOther = 10
)

// ParseCookie reads a Set-Cookie line as a browser does (RFC 6265 section 5.2,
// RFC 6265bis section 5.6) and leaves the value out. It is false for a line that a
// browser would ignore. at is when the line was received.
func ParseCookie(line string, at time.Time) (fact.Cookie, bool) {
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
	var age, expires string
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
			switch {
			case k == "max-age" && isAge(v):
				age = v
			case k == "expires":
				if _, ok := cookieDate(v); ok {
					expires = v
				}
			}
			if k = cut(k, 32); len(c.Other) < maxCookieOther && !slices.Contains(c.Other, k) {
				c.Other = append(c.Other, k)
			}
		}
	}
	slices.Sort(c.Other)
	switch end, ok := cookieDate(expires); { // Max-Age takes precedence (section 5.3)
	case age != "":
		c.Deleted = age[0] == '-' || strings.Trim(age, "0") == ""
	case ok:
		c.Deleted = !end.After(at)
	}
	return c, true
}

// isAge reports whether a browser heeds a value of Max-Age (RFC 6265 section 5.2.2).
func isAge(v string) bool {
	digits := strings.TrimPrefix(v, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// cookieDate reads a date as browsers do (RFC 6265 section 5.1.1): words between
// delimiters, of which the first of each kind counts.
func cookieDate(s string) (t time.Time, ok bool) {
	if len(s) > 200 {
		return t, false
	}
	clock, day, month, year := [3]int{-1, -1, -1}, -1, -1, -1
	for word := range strings.FieldsFuncSeq(s, func(c rune) bool {
		return c == '\t' || ' ' <= c && c <= '/' || ';' <= c && c <= '@' || '[' <= c && c <= '`' || '{' <= c && c <= '~'
	}) {
		var c [3]int
		digits := len(word) - len(strings.TrimLeft(word, "0123456789"))
		switch {
		case clock[0] < 0 && clockOf(word, &c):
			clock = c
		case day < 0 && (digits == 1 || digits == 2):
			day, _ = strconv.Atoi(word[:digits])
		case month < 0 && monthOf(word) > 0:
			month = monthOf(word)
		case year < 0 && 2 <= digits && digits <= 4:
			if year, _ = strconv.Atoi(word[:digits]); year < 70 {
				year += 2000
			} else if year < 100 {
				year += 1900
			}
		}
	}
	if clock[0] < 0 || clock[0] > 23 || clock[1] > 59 || clock[2] > 59 || day < 1 || month < 0 || year < 1601 {
		return t, false
	}
	t = time.Date(year, time.Month(month), day, clock[0], clock[1], clock[2], 0, time.UTC)
	return t, t.Day() == day // there is such a day
}

// clockOf reads hours, minutes and seconds.
func clockOf(word string, c *[3]int) bool {
	parts := strings.Split(word, ":")
	if len(parts) != 3 {
		return false
	}
	for i, p := range parts {
		digits := len(p) - len(strings.TrimLeft(p, "0123456789"))
		if digits < 1 || digits > 2 || (i < 2 && digits < len(p)) {
			return false
		}
		c[i], _ = strconv.Atoi(p[:digits])
	}
	return true
}

// monthOf is the number of the month whose name begins as a word does, 0 for none.
func monthOf(word string) int {
	if len(word) < 3 {
		return 0
	}
	i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(word[:3]))
	if i < 0 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
}
