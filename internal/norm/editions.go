package norm

import (
	"strings"
	"sync"

	"peil/internal/fact"
)

// Editions lists every edition, the headline one first. The values are shared: they
// must not be changed.
func Editions() []*Edition { return allEditions() }

// ByName returns the edition with this name.
func ByName(name string) (*Edition, bool) {
	for _, e := range allEditions() {
		if e.Name == name {
			return e, true
		}
	}
	return nil, false
}

// allEditions builds the editions once: they are tables that nobody changes.
var allEditions = sync.OnceValue(func() []*Edition {
	return []*Edition{peilEdition(), internetNL(), forumEdition(), wdoEdition(), ncscEdition(ncsc2021), ncscEdition(ncsc2025)}
})

// Requirement returns the requirement with this ID, or nil.
func (e *Edition) Requirement(id string) *Requirement {
	for i := range e.Requirements {
		if e.Requirements[i].ID == id {
			return &e.Requirements[i]
		}
	}
	return nil
}

// rule is a requirement less its place in an edition: what is asked, why, how to mend
// it and how it is judged. The same rule may stand in several editions.
type rule struct {
	explain Text
	why     Text
	fixes   []Fix
	check   string // a command; see fillIn
	judge   func(*view) Verdict
}

// row is a line of an edition's table.
type row struct {
	id       string
	category string
	level    Level
	tier     Tier
	title    Text
	because  Text // why it has this level
	source   Source
	rule     rule
}

// overSMTP makes a command that looks at HTTPS into one that looks at SMTP.
var overSMTP = strings.NewReplacer(
	"openssl s_client -connect {peer} -servername {name}", "openssl s_client -starttls smtp -connect {peer} -servername {host}",
	"sslscan --no-colour --sni-name={name} {peer}", "sslscan --no-colour --starttls-smtp --sni-name={host} {peer}",
	"nmap -Pn -p 443 --script ssl-enum-ciphers --script-args tls.servername={name} {nmap}", "nmap -Pn -p 25 --script ssl-enum-ciphers --script-args tls.servername={host} {nmap}",
	"printf 'GET / HTTP/1.1\\r\\nHost: {name}\\r\\n\\r\\n'", "printf 'NOOP\\r\\n'",
)

// checkFor is the command for a role: a rule about TLS stands in editions for both.
func checkFor(role fact.Role, check string) string {
	if role == fact.Mail {
		return overSMTP.Replace(check)
	}
	return check
}

// requirements turns the table of an edition for one role, or for every role (""), into
// requirements.
func requirements(role fact.Role, rows []row) []Requirement {
	qs := make([]Requirement, 0, len(rows))
	for _, w := range rows {
		q := Requirement{
			ID: w.id, Role: role, Category: w.category, Level: w.level, Tier: w.tier, Title: w.title,
			Explain: w.rule.explain, Why: w.rule.why, Fixes: w.rule.fixes, Source: w.source, LevelReason: w.because,
		}
		if judge, check := w.rule.judge, w.rule.check; judge != nil {
			q.judge = func(v *view) Verdict {
				d := judge(v)
				d.Check = fillIn(checkFor(v.Target.Role, check), v.Measurement, &d)
				return d
			}
			j := q.judge
			q.Judge = func(m *fact.Measurement) Verdict { return j(newView(m)) }
		}
		qs = append(qs, q)
	}
	return qs
}
