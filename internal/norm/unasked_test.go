package norm

import (
	"testing"

	"peil/internal/fact"
)

// TestNothingAsked shows that a line in which nothing was looked up passes and fails
// nothing, in no edition: what nobody asked was not measured.
func TestNothingAsked(t *testing.T) {
	for _, role := range []fact.Role{fact.Web, fact.Mail} {
		nothingAsked(t, fact.Target{Name: siteName, Role: role})
	}
}

func nothingAsked(t *testing.T, target fact.Target) {
	t.Helper()
	for what, m := range map[string]*fact.Measurement{
		"no part":      {Target: target},
		"empty parts":  {Target: target, DNS: &fact.DNS{}, Web: &fact.WebFacts{}, Mail: &fact.MailFacts{}},
		"empty lookup": {Target: target, DNS: &fact.DNS{Lookups: []fact.Lookup{{Name: siteName, Type: "A"}, {Name: siteName, Type: "AAAA"}, {Name: siteName, Type: "MX"}}}, Web: &fact.WebFacts{}, Mail: &fact.MailFacts{}},
	} {
		for _, e := range Editions() {
			r := Judge(m, e)
			if len(r.Verdicts) == 0 {
				continue // wdo has nothing for mail
			}
			for _, d := range r.Verdicts {
				if d.Outcome != NotMeasured || d.Gap != fact.GapNotAsked {
					t.Errorf("%s: %s %s: %s %s", what, e.Name, d.ID, d.Outcome, d.Gap)
				}
			}
			if r.Score != nil || r.Complete || e.Name == "peil" && r.Word != CannotSay {
				t.Errorf("%s: %s: score %v, complete %v, word %s", what, e.Name, r.Score, r.Complete, r.Word)
			}
		}
	}
}
