package internetnl

import (
	"mime"
	"strings"
	"time"

	"peil/internal/standard/securitytxt"
)

// Codes of security.txt that the file itself does not show.
const (
	SecurityTxt404         = "no_security_txt_404"
	SecurityTxtOther       = "no_security_txt_other"
	SecurityTxtNoType      = "no_content_type"
	SecurityTxtMedia       = "invalid_media"
	SecurityTxtCharset     = "invalid_charset"
	SecurityTxtOldLocation = "location"
)

// SecurityTxtAnswer is what was found where the file should be. WellKnown and Legacy
// are the statuses after redirects, 0 for no answer; Legacy counts only when
// WellKnown is not 200.
type SecurityTxtAnswer struct {
	WellKnown, Legacy int
	ContentType       []string // of the answer that gave 200
	URL               string   // where that answer came from in the end
	Body              []byte   // its body, at most 100 KiB
}

// SecurityTxt is the reading of security.txt.
type SecurityTxt struct {
	Verdict         string // "good", "recommendations" or "bad"
	Errors          []string
	Recommendations []string // recommendations and notifications
	Until           time.Time
}

// ReadSecurityTxt judges the file at a moment. Any error is bad, any recommendation or
// notification gives recommendations: an unsigned file never passes. An empty body is
// bad without a code.
func ReadSecurityTxt(a SecurityTxtAnswer, at time.Time) SecurityTxt {
	var s SecurityTxt
	if a.WellKnown != 200 && a.Legacy != 200 {
		code := SecurityTxtOther
		if a.Legacy == 404 {
			code = SecurityTxt404
		}
		return SecurityTxt{Verdict: "bad", Errors: []string{code}}
	}
	if a.WellKnown != 200 {
		s.Errors = append(s.Errors, SecurityTxtOldLocation)
	}
	parse := true
	switch media, charset := contentType(joined(a.ContentType)); {
	case joined(a.ContentType) == "":
		s.Errors = append(s.Errors, SecurityTxtNoType)
	case media != "text/plain":
		s.Errors = append(s.Errors, SecurityTxtMedia)
		parse = false
	case charset != "utf-8" && charset != "csutf8":
		s.Errors = append(s.Errors, SecurityTxtCharset)
	}
	if len(a.Body) == 0 {
		s.Verdict = "bad"
		return s
	}
	if parse {
		f := securitytxt.Parse(a.Body)
		for _, d := range append(f.Defects, f.Check(at, a.URL)...) {
			switch d.Kind() {
			case securitytxt.KindError:
				s.Errors = append(s.Errors, d.Code)
			case securitytxt.KindRecommendation, securitytxt.KindNotification:
				s.Recommendations = append(s.Recommendations, d.Code)
			case securitytxt.KindStrict: // Internet.nl does not see these
			}
		}
		s.Until = f.Until(at)
	}
	switch {
	case len(s.Errors) > 0:
		s.Verdict = "bad"
	case len(s.Recommendations) > 0:
		s.Verdict = "recommendations"
	default:
		s.Verdict = "good"
	}
	return s
}

// contentType splits a Content-Type into media type and charset (UTF-8 when it is not
// given), both in lower case.
func contentType(v string) (media, charset string) {
	media, rest, _ := strings.Cut(v, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	charset = "utf-8"
	for p := range strings.SplitSeq(rest, ";") {
		if k, x, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(k), "charset") {
			charset = strings.ToLower(strings.Trim(strings.TrimSpace(x), `"`))
		}
	}
	// A quoted value may hold a semicolon; where the standard reading succeeds it wins.
	if _, params, err := mime.ParseMediaType(v); err == nil && params["charset"] != "" {
		charset = strings.ToLower(params["charset"])
	}
	return media, charset
}
