// Package norm judges facts. An Edition is a named, dated table of requirements;
// Judge is a pure function from a measurement to verdicts: no clock, no network, no
// logger. Facts are judged at their own time, so that last year's facts can be held
// against next year's edition.
package norm

import (
	"fmt"
	"time"

	"peil/internal/fact"
)

// Outcome is what a verdict says (catalogue A.2). The zero value is NotMeasured:
// what nobody set was not seen.
type Outcome uint8

// The outcomes.
const (
	NotMeasured Outcome = iota
	NotApplicable
	Passed
	Info
	Warning
	Failed
)

var outcomeNames = [...]string{"not_measured", "not_applicable", "passed", "info", "warning", "failed"}

// String is the stable identifier used in files.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// MarshalText writes the identifier.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads an identifier.
func (o *Outcome) UnmarshalText(b []byte) error {
	for i, n := range outcomeNames {
		if n == string(b) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("unknown outcome %q", b)
}

// Level is how much a requirement weighs.
type Level string

// The levels of the edition peil (catalogue A.5), and those that internet.nl derives
// from its worst status (B.1).
const (
	Must        Level = "must"
	Should      Level = "should"
	Could       Level = "could"
	Required    Level = "required"    // internet.nl: worst status FAIL; other editions: every requirement
	Recommended Level = "recommended" // internet.nl: worst status NOTICE
	Optional    Level = "optional"    // internet.nl: worst status INFO
)

// Tier is who may see a verdict (catalogue A.5).
type Tier string

// The publication tiers.
const (
	Public Tier = "public"
	Owner  Tier = "owner"
)

// Lang is a language of the texts.
type Lang string

// The languages.
const (
	NL Lang = "nl"
	EN Lang = "en"
)

// Text is the same words in both languages. In the text of a reason {1}, {2} …
// stand for its arguments.
type Text struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// In returns the words in a language.
func (t Text) In(l Lang) string {
	if l == NL {
		return t.NL
	}
	return t.EN
}

// Reason says why, as a code that has a Text in the edition and its arguments: the
// words of the wire, never translated.
type Reason struct {
	Code string   `json:"code"`
	Args []string `json:"args,omitempty"`
}

// SubjectVerdict is the part of a verdict that concerns one subject: an address, a
// name server, a certificate.
type SubjectVerdict struct {
	Subject string  `json:"subject"`
	Outcome Outcome `json:"outcome"`
	Saw     Reason  `json:"saw"`
}

// Verdict is one requirement judged for one target.
type Verdict struct {
	ID         string           `json:"id"`
	Outcome    Outcome          `json:"outcome"`
	Gap        fact.Gap         `json:"gap,omitempty"` // of NotMeasured: the reason code
	Reasons    []Reason         `json:"reasons,omitempty"`
	PerSubject []SubjectVerdict `json:"per_subject,omitempty"`
	Evidence   []string         `json:"evidence,omitempty"` // lines in the words of the wire
	// Until is the moment from which these same facts would be judged otherwise; zero
	// when no passing of time changes it.
	Until time.Time `json:"until,omitzero"`
	// Check is a command by which anyone can see it for himself.
	Check string `json:"check,omitempty"`

	// Of internet.nl alone (catalogue B.1, B.2).
	Status string `json:"status,omitempty"`
	Word   string `json:"verdict,omitempty"`
	Points int    `json:"points,omitempty"`
	Max    int    `json:"max,omitempty"`
	// Level is how it weighs in this measurement: that of the requirement, except in
	// internet.nl, where it can depend on what was tested.
	Level Level `json:"level,omitempty"`
}

// Source is where a requirement comes from.
type Source struct {
	Name    string `json:"name"`              // "RFC 6797", "NCSC TLS 2025-05", "Stb. 2023, 179"
	Section string `json:"section,omitempty"` // "6.1.1"
	URL     string `json:"url,omitempty"`
}

// Fix is how to mend it in one kind of software. Code is ready to paste.
type Fix struct {
	For  string `json:"for"` // "nginx", "apache", "iis", "dns", "" for all
	Text Text   `json:"text"`
	Code string `json:"code,omitempty"`
}

// Requirement is one rule of an edition.
type Requirement struct {
	ID       string    `json:"id"`
	Role     fact.Role `json:"role,omitempty"` // "" for websites and mail alike
	Category string    `json:"category"`       // "ipv6", "dnssec", "tls", "https", "headers", "rpki", …
	Level    Level     `json:"level"`
	Tier     Tier      `json:"publication"`
	Title    Text      `json:"title"`
	Explain  Text      `json:"explain"` // what is asked, exactly
	Why      Text      `json:"why"`
	Fixes    []Fix     `json:"fixes,omitempty"`
	Source   Source    `json:"source"`
	// LevelReason says why it has this level (catalogue A.5).
	LevelReason Text `json:"level_reason,omitzero"`

	// Judge is total: any measurement in, a verdict out. ID and Level are filled in by
	// the caller. It is nil in an edition that judges as a whole.
	Judge func(*fact.Measurement) Verdict `json:"-"`

	// judge is the same over a view that the requirements of a measurement share.
	judge func(*view) Verdict
}

// Edition is a dated, named set of requirements.
type Edition struct {
	Name      string    `json:"name"`    // "peil", "internet.nl", "forum", "wdo", "ncsc-tls-2021", "ncsc-tls-2025"
	Version   string    `json:"version"` // dated
	Title     Text      `json:"title"`
	About     Text      `json:"about"`
	Source    Source    `json:"source"`
	Announced time.Time `json:"announced,omitzero"`
	InForce   time.Time `json:"in_force,omitzero"`

	Requirements []Requirement `json:"requirements"`
	// Reasons has the words of each reason code that the requirements use.
	Reasons map[string]Text `json:"reasons,omitempty"`

	// Sum makes the result of the whole from the verdicts (score, word, categories).
	Sum func(*fact.Measurement, *Result) `json:"-"`

	// whole fills in verdicts, categories and score in one go, for an edition whose
	// tests hang together (internet.nl: several servers are merged, a test's weight
	// depends on another). It takes the place of the requirements' Judge and of Sum.
	whole func(*view, *Result)
}

// Word is the headline for a target (catalogue A.5).
type Word string

// The words.
const (
	UpToStandard      Word = "up_to_standard"
	BelowStandard     Word = "below_standard"
	CannotSay         Word = "cannot_say"
	WordNotApplicable Word = "not_applicable"
)

// Category is a group of requirements with its own result (internet.nl).
type Category struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Status  string  `json:"status,omitempty"`
	Verdict string  `json:"verdict,omitempty"`
	Score   *int    `json:"score,omitempty"` // percentage; nil when it has no maximum
	Points  int     `json:"points"`
	Max     int     `json:"max"`
}

// Result is a measurement judged by one edition.
type Result struct {
	Edition string `json:"edition"`
	Version string `json:"version"`
	Score   *int   `json:"score,omitempty"` // 0–100; nil when there is nothing to score
	// Points and Max are what the score of peil was taken over (catalogue A.5); a warning
	// brings half points. Those of internet.nl stand with its categories.
	Points     float64    `json:"points,omitempty"`
	Max        int        `json:"max,omitempty"`
	Complete   bool       `json:"complete"` // all that applies was measured
	Word       Word       `json:"word,omitempty"`
	Categories []Category `json:"categories,omitempty"`
	Verdicts   []Verdict  `json:"verdicts"` // in the order of the edition's requirements
	// Derived holds named yes/no results over the verdicts: "web_complete",
	// "web_complete_with_ipv6_rpki" of forum.
	Derived map[string]Outcome `json:"derived,omitempty"`
}

// Verdict returns the verdict on a requirement, or nil.
func (r *Result) Verdict(id string) *Verdict {
	for i := range r.Verdicts {
		if r.Verdicts[i].ID == id {
			return &r.Verdicts[i]
		}
	}
	return nil
}

// Judge holds a measurement against an edition.
func Judge(m *fact.Measurement, e *Edition) *Result { return newView(m).result(e) }

// JudgeAll holds a measurement against several editions, in their order. What they
// derive from the facts (certificates, the verdicts of another edition) is derived once.
func JudgeAll(m *fact.Measurement, editions ...*Edition) []*Result {
	v := newView(m)
	rs := make([]*Result, len(editions))
	for i, e := range editions {
		rs[i] = v.result(e)
	}
	return rs
}
