package norm

import (
	"slices"
	"strings"
	"testing"

	"peil/internal/fact"
)

func TestWhatInternetNLsReadingsLack(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts map[string]string // name → TXT; "!" is a failure
		want  string
	}{
		{"nothing known", nil, "a.example.nl _dmarc.a.example.nl"},
		{"an include behind one that is known", map[string]string{"a.example.nl": "v=spf1 include:one.nl -all", "one.nl": "v=spf1 include:two.nl -all", "_dmarc.a.example.nl": "v=DMARC1; p=reject"}, "two.nl"},
		{"the organisation", map[string]string{"a.example.nl": "v=spf1 -all", "_dmarc.a.example.nl": ""}, "_dmarc.example.nl"},
		{"not after a failure", map[string]string{"a.example.nl": "v=spf1 -all", "_dmarc.a.example.nl": "!"}, ""},
		{"places of reports", map[string]string{"a.example.nl": "", "_dmarc.a.example.nl": "v=DMARC1; p=none; rua=mailto:x@one.nl,mailto:y@b.example.nl; ruf=mailto:z@two.nl"}, "a.example.nl._report._dmarc.one.nl a.example.nl._report._dmarc.two.nl"},
		{"known to be missing", map[string]string{"a.example.nl": "v=spf1 include:one.nl -all", "one.nl": "?", "_dmarc.a.example.nl": "v=DMARC1; p=reject"}, "one.nl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			missing := MailQuestions("a.example.nl", func(name, qtype string) *fact.Lookup {
				text, ok := c.texts[name]
				l := &fact.Lookup{Name: name, Type: qtype, RCode: "NOERROR", Security: fact.Secure}
				switch {
				case !ok:
					return nil
				case text == "!":
					l.RCode = "SERVFAIL"
				case text == "?":
					l.RCode, l.Gap = "", fact.GapTimeout
				case text != "":
					l.Records = []fact.Record{{Data: text, Raw: append([]byte{byte(len(text))}, text...)}}
				}
				return l
			})
			var got []string
			for _, q := range missing {
				got = append(got, q.Name)
			}
			want := strings.Fields(c.want)
			if !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
