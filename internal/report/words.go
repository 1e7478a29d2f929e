package report

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"peil/internal/i18n"
	"peil/internal/norm"
)

// ours are the reasons whose arguments hold code words of Peil; a name ending in a dot
// or dash stands for all that begin with it. In the arguments of other reasons stands
// what a server said, which is shown as it was said even where it looks like a code.
var ours = []string{
	"caa-defect", "category", "class-", "dead-address", "dnssec-bogus", "dnssec-insecure", "field-", "http3", "lawful",
	"no-sni-untrusted", "not-all-good", "not-comparable", "ocsp-bad-staple", "rpki-invalid", "securitytxt-defect",
	"signature-bad", "unlawful", "untrusted",
	"appsecpriv_csp.", "appsecpriv_securitytxt.", "dnssec_exist.", "dnssec_valid.", "https_cert_chain.",
	"https_cert_domain.bad", "https_dane_exist.", "https_dane_valid.bad", "https_http_available.", "https_http_redirect.other",
	"https_tls_caa.", "https_tls_ocsp.", "ipv6_ns_reach.", "ipv6_ws_reach.", "ipv6_ws_similar.",
}

// isOurs holds for the reasons of every edition whether they are among ours.
var isOurs = sync.OnceValue(func() map[string]bool {
	codes := map[string]bool{}
	for _, e := range norm.Editions() {
		for reason := range e.Reasons {
			for _, o := range ours {
				if reason == o || strings.HasPrefix(reason, o) && strings.ContainsAny(o[len(o)-1:], ".-") {
					codes[reason] = true
				}
			}
		}
	}
	return codes
})

// argument is an argument of a reason as a person reads it: moments as the language
// writes them, code words in words.
func (t *texts) argument(reason, s string) string {
	if m, ok := moment(s); ok {
		return i18n.Moment(t.Lang, m) + " UTC"
	}
	if !isOurs()[reason] {
		return s
	}
	if number, _, _ := strings.Cut(s, " ± "); strings.HasPrefix(reason, "ipv6_ws_similar.") && strings.Contains(number, ".") {
		if d, err := strconv.ParseFloat(number, 64); err == nil { // how much pages differ
			return i18n.Float(t.Lang, d, 1) + strings.TrimPrefix(s, number)
		}
	}
	s = strings.TrimPrefix(s, "stapled: ")
	parts := strings.Split(s, ", ")
	for i, p := range parts {
		parts[i] = t.codeWord(reason, p)
	}
	s = strings.Join(parts, ", ")
	if !strings.Contains(s, " UTC") {
		return s
	}
	return moments.ReplaceAllStringFunc(s, func(s string) string {
		if m, ok := moment(s); ok {
			return i18n.Moment(t.Lang, m) + " UTC"
		}
		return s
	})
}

// codeWord puts one code in words: alone, before its particulars ("expired in zone
// example.nl") or behind a port ("443: refused").
func (t *texts) codeWord(reason, s string) string {
	if w, ok := i18n.Word(t.Lang, reason, s); ok {
		return w
	}
	if group, ok := strings.CutPrefix(s, "hybrid "); ok {
		w, _ := i18n.Word(t.Lang, reason, "hybrid")
		return w + " " + group
	}
	if strings.HasPrefix(reason, "field-") {
		return t.field(s)
	}
	if code, zone, ok := strings.Cut(s, " in zone "); ok {
		if w, ok := i18n.Word(t.Lang, reason, code); ok {
			return w + " in zone " + zone
		}
	}
	for i := 0; i < len(s); i++ {
		if !strings.HasPrefix(s[i:], ": ") {
			continue
		}
		if w, ok := i18n.Word(t.Lang, reason, s[:i]); ok { // what a library says in detail is left out
			return w
		}
		if w, ok := i18n.Word(t.Lang, reason, s[i+2:]); ok {
			return s[:i+2] + w
		}
	}
	return s
}

// field is the title of a test of internet.nl, on which forum builds.
func (t *texts) field(id string) string {
	e, ok := norm.ByName("internet.nl")
	if !ok {
		return id
	}
	for i := range e.Requirements {
		if q := &e.Requirements[i]; q.ID == id {
			return t.in(q.Title)
		}
	}
	return id
}

// moments are points in time as norm writes them.
var moments = regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b`)

func moment(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' {
		return time.Time{}, false
	}
	for _, layout := range []string{"2006-01-02 15:04 UTC", time.RFC3339} {
		if m, err := time.Parse(layout, s); err == nil {
			return m.UTC(), true
		}
	}
	return time.Time{}, false
}
