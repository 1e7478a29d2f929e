package internetnl

import (
	"math"
	"strings"
)

// HSTSMinimum is the max-age from which HSTS is good: a year, in seconds.
const HSTSMinimum = 31536000

// HSTS is the reading of Strict-Transport-Security.
type HSTS struct {
	// Readable is false when the header is absent or its max-age cannot be read.
	Readable bool
	MaxAge   int64 // cut at the largest int64
}

// ReadHSTS looks at the text after the first "max-age=" of the first comma part, up to
// the next ";", as an integer the way Python reads one. includeSubDomains and preload
// are not looked at.
func ReadHSTS(lines []string) HSTS {
	first := strings.ToLower(parts(joined(lines))[0])
	_, v, ok := strings.Cut(first, "max-age=")
	if !ok {
		return HSTS{}
	}
	// Python splits at every "max-age=" and takes the piece after the first.
	v, _, _ = strings.Cut(v, "max-age=")
	v, _, _ = strings.Cut(v, ";")
	n, ok := pythonInt(v)
	return HSTS{Readable: ok, MaxAge: n}
}

// pythonInt reads what Python's int() reads: surrounding white space, a sign, single
// underscores between digits, at most 4,300 digits.
func pythonInt(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if s == "" || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return 0, false
	}
	var n int64
	digits := 0
	for _, c := range []byte(s) {
		switch {
		case c == '_':
		case '0' <= c && c <= '9':
			digits++
			if n > (math.MaxInt64-9)/10 {
				n = math.MaxInt64
				break
			}
			n = n*10 + int64(c-'0')
		default:
			return 0, false
		}
	}
	if digits > 4300 {
		return 0, false
	}
	if neg {
		n = -n
	}
	return n, true
}

// XFrameOptionsGood reports whether the first value is DENY or SAMEORIGIN in any case.
func XFrameOptionsGood(lines []string) bool {
	switch strings.ToUpper(parts(joined(lines))[0]) {
	case "DENY", "SAMEORIGIN":
		return true
	}
	return false
}

// XContentTypeOptionsGood reports whether the first value is nosniff in any case.
func XContentTypeOptionsGood(lines []string) bool {
	return strings.ToLower(parts(joined(lines))[0]) == "nosniff"
}

// Referrer is the reading of Referrer-Policy.
type Referrer string

// The readings.
const (
	ReferrerGood            Referrer = "good"
	ReferrerRecommendations Referrer = "recommendations"
	ReferrerBad             Referrer = "bad"
)

// ReadReferrer looks at the last comma value, in the case in which it was written. The
// code is that of the technical results: "" when good.
func ReadReferrer(lines []string) (r Referrer, code string) {
	v := joined(lines)
	if v == "" {
		return ReferrerRecommendations, "recommendation-"
	}
	ps := parts(v)
	switch last := ps[len(ps)-1]; last {
	case "same-origin", "no-referrer":
		return ReferrerGood, ""
	case "strict-origin", "strict-origin-when-cross-origin":
		return ReferrerRecommendations, "recommendation-" + v
	case "origin", "origin-when-cross-origin", "no-referrer-when-downgrade", "unsafe-url":
		return ReferrerBad, "bad-" + last
	default:
		return ReferrerBad, "bad-invalid"
	}
}

// Compressed reports whether a Content-Encoding was given, whichever.
func Compressed(lines []string) bool { return joined(lines) != "" }
