package report

import (
	"regexp"
	"strings"
	"testing"

	"peil/internal/fact"
	"peil/internal/i18n"
	"peil/internal/norm"
)

func TestCleanWritesWhatSteersATerminalAsText(t *testing.T) {
	for in, want := range map[string]string{
		"max-age=31536000":           "max-age=31536000",
		"één café, 日本 \u00a0%":       "één café, 日本 \u00a0%",
		"\x1b[31mred\x07":            `\x1b[31mred\a`,
		"line\r\nbreak\tand nul\x00": `line\r\nbreak\tand nul\x00`,
		"\u202egnp.exe\u2066":        `\u202egnp.exe\u2066`,
		"\u200b\u2028\ufeff":         `\u200b\u2028\ufeff`,
		"\u0085\u009b31m":            `\u0085\u009b31m`,
		"\xff\xfe":                   `\xff\xfe`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%+q) = %q, want %q", in, got, want)
		}
	}
	if got := Clean(strings.Repeat("x", 1<<20)); len(got) > maxWords+40 {
		t.Errorf("a giant piece of evidence became %d bytes", len(got))
	}
}

// steering is what must not reach a terminal, a spreadsheet or a page.
var steering = regexp.MustCompile(`[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]|\r[^\n]`)

func TestNoFormatPassesOnWhatSteers(t *testing.T) {
	const evil = "a\x1b]0;owned\x07\u202e\u009b2J\r\u2028<script>alert(1)</script>\x00"
	for _, format := range Formats() {
		for _, detail := range []Detail{Normal, Verbose} {
			it := item()
			it.Measurement.Target.Unicode, it.Measurement.Vantage = evil, evil
			for i := range it.Results[0].Verdicts {
				v := &it.Results[0].Verdicts[i]
				v.Check += evil
				v.Gap = fact.Gap(evil)
				v.Evidence = append(v.Evidence, evil)
				v.Reasons = append(v.Reasons, norm.Reason{Code: "max-age", Args: []string{evil, evil}})
				v.PerSubject = append(v.PerSubject, norm.SubjectVerdict{Subject: evil, Outcome: v.Outcome, Saw: norm.Reason{Code: evil, Args: []string{evil}}})
			}
			out := render(t, format, Options{Lang: i18n.EN, Detail: detail}, it)
			if bad := steering.FindString(out); bad != "" {
				t.Errorf("%s passes on %+q", format, bad)
			}
			if (format == "html" || format == "junit") && strings.Contains(out, "<script") {
				t.Errorf("%s holds a script", format)
			}
			if it.Measurement.Target.Unicode != evil {
				t.Errorf("%s changed the measurement itself", format)
			}
		}
	}
}

func TestCSVHoldsNoFormulas(t *testing.T) {
	it := item()
	it.Measurement.Target.Unicode = "=cmd|' /C calc'!A0"
	if out := render(t, "csv", Options{}, it); strings.Contains(out, ",=cmd") || !strings.Contains(out, "'=cmd") {
		t.Errorf("a formula stands in the table:\n%s", out)
	}
}
