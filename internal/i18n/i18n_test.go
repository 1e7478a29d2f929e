package i18n

import (
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestEveryMessageHasBothLanguagesAndTheSamePlaces(t *testing.T) {
	places := regexp.MustCompile(`\{[0-9]+\}`)
	set := func(s string) string {
		seen := map[string]bool{}
		for _, p := range places.FindAllString(s, -1) {
			seen[p] = true
		}
		var out []string
		for _, p := range []string{"{1}", "{2}", "{3}", "{4}", "{5}", "{6}", "{7}"} {
			if seen[p] {
				out = append(out, p)
			}
		}
		return strings.Join(out, "")
	}
	all := maps.Clone(codeWords())
	maps.Copy(all, catalogue())
	if len(all) != len(codeWords())+len(catalogue()) {
		t.Error("a code word and a message have the same ID")
	}
	for id, m := range all {
		if m.NL == "" || m.EN == "" {
			t.Errorf("%s lacks a language", id)
		}
		if set(m.NL) != set(m.EN) {
			t.Errorf("%s: places differ: %q and %q", id, m.NL, m.EN)
		}
		if base, ok := strings.CutSuffix(id, ".one"); ok && !Has(base+".other") {
			t.Errorf("%s has no %s.other", id, base)
		}
	}
}

func TestFiguresAndDatesFollowTheLanguage(t *testing.T) {
	day := time.Date(2027, 3, 3, 14, 2, 0, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{Int(NL, 10412), "10.412"},
		{Int(EN, 10412), "10,412"},
		{Int(EN, 999), "999"},
		{Int(EN, -1234567), "-1,234,567"},
		{Float(NL, 1234.56, 1), "1.234,6"},
		{Float(EN, -0.4, 1), "-0.4"},
		{Share(NL, 5622, 10101), "55,7\u00a0%"},
		{Share(EN, 543, 1000), "54.3%"},
		{Share(EN, 0, 0), "–"},
		{Date(NL, day), "3 maart 2027"},
		{ShortDate(NL, day), "3 mrt 2027"},
		{Moment(EN, day), "3 Mar 2027 14:02"},
		{N(EN, "text.connections", 1), "1 connection"},
		{N(NL, "text.connections", 1071), "1.071 verbindingen"},
		{T(EN, "no.such.message"), "no.such.message"},
		{Fill("{2} before {1}", "a", "b"), "b before a"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTheLanguageComesFromTheLocale(t *testing.T) {
	for _, c := range []struct {
		all, lang string
		want      Lang
	}{{"", "nl_NL.UTF-8", NL}, {"", "en_GB.UTF-8", EN}, {"C", "nl_NL.UTF-8", EN}, {"", "", EN}, {"", "fy_NL", EN}} {
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_MESSAGES", "")
		t.Setenv("LANG", c.lang)
		if got := FromEnv(); got != c.want {
			t.Errorf("LC_ALL=%q LANG=%q: %s, want %s", c.all, c.lang, got, c.want)
		}
	}
}
