// Package i18n holds the sentences that people read in the command, the reports and
// the site, in Dutch and English, and writes figures and dates as each language does.
// Texts of requirements are not here: they are data of norm.
package i18n

import (
	_ "embed"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/BurntSushi/toml"
)

// Lang is a language that Peil speaks.
type Lang string

// The languages.
const (
	NL Lang = "nl"
	EN Lang = "en"
)

// Languages lists them, the default first.
func Languages() []Lang { return []Lang{EN, NL} }

// FromEnv chooses a language from the locale variables, by the order of POSIX:
// LC_ALL, LC_MESSAGES, LANG. English where they name neither.
func FromEnv() Lang {
	for _, k := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(k); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "nl") {
				return NL
			}
			return EN
		}
	}
	return EN
}

//go:embed messages.toml
var messages string

//go:embed words.toml
var words string

type message struct{ NL, EN string }

func (m message) in(l Lang) string {
	if l == NL {
		return m.NL
	}
	return m.EN
}

// catalogue reads the embedded messages once. A plural has two entries, ID.one and
// ID.other.
var catalogue = sync.OnceValue(func() map[string]message { return read("messages.toml", messages) })

// codeWords reads the embedded code words once.
var codeWords = sync.OnceValue(func() map[string]message { return read("words.toml", words) })

func read(file, source string) map[string]message {
	var m map[string]message
	if _, err := toml.Decode(source, &m); err != nil {
		panic("i18n: " + file + ": " + err.Error()) // embedded at build; a test reads it
	}
	return m
}

// Word puts a code word that the argument of a reason holds ("read_error") in words for
// people. The reason comes first where it gives the word a sense of its own.
func Word(l Lang, reason, word string) (string, bool) {
	m, ok := codeWords()[reason+" "+word]
	if !ok {
		m, ok = codeWords()[word]
	}
	return m.in(l), ok
}

// T is the sentence with this ID; {1}, {2} … stand for the arguments. An unknown ID
// is shown as itself, which a test of the callers finds.
func T(l Lang, id string, args ...any) string {
	m, ok := catalogue()[id]
	if !ok {
		return id
	}
	return Fill(m.in(l), args...)
}

// N is the sentence for a number of things: ID.one or ID.other, in which {1} is the
// number as the language writes it and {2} … are the arguments.
func N(l Lang, id string, n int, args ...any) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return T(l, id+form, append([]any{Int(l, n)}, args...)...)
}

// Fill puts arguments in the places {1}, {2} … of a sentence. What stands in an
// argument is left as it is.
func Fill(s string, args ...any) string {
	if len(args) == 0 {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		if !ok {
			break
		}
		digits, after, ok := strings.Cut(rest, "}")
		b.WriteString(before)
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 1 || n > len(args) || digits[0] == '0' || digits[0] == '+' {
			b.WriteByte('{') // no place: it stays, and what follows is looked at
			s = rest
			continue
		}
		if a, ok := args[n-1].(string); ok {
			b.WriteString(a)
		} else {
			fmt.Fprint(&b, args[n-1])
		}
		s = after
	}
	if b.Len() == 0 {
		return s
	}
	b.WriteString(s)
	return b.String()
}

// Has reports whether there is a message with this ID.
func Has(id string) bool { _, ok := catalogue()[id]; return ok }

// Int writes a whole number with the language's separator of thousands.
func Int(l Lang, n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	sep := ","
	if l == NL {
		sep = "."
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Float writes a number with so many decimals.
func Float(l Lang, f float64, decimals int) string {
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	whole, part, _ := strings.Cut(s, ".")
	n, _ := strconv.Atoi(whole)
	out := Int(l, n)
	if n == 0 && math.Signbit(f) && strings.Trim(s, "-0.") != "" {
		out = "-0"
	}
	if part == "" {
		return out
	}
	if l == NL {
		return out + "," + part
	}
	return out + "." + part
}

// Share writes part of whole as a percentage with one decimal: 54,3 % or 54.3%. A
// share of nothing is a dash.
func Share(l Lang, part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return Percent(l, Float(l, 100*float64(part)/float64(whole), 1))
}

// Percent sets the sign behind a figure as the language does.
func Percent(l Lang, figure string) string {
	if l == NL {
		return figure + "\u00a0%"
	}
	return figure + "%"
}

var months = map[Lang][12]string{
	NL: {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"},
	EN: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Date writes a day: 3 maart 2027, 3 March 2027.
func Date(l Lang, t time.Time) string {
	return fmt.Sprintf("%d %s %d", t.Day(), months[l][t.Month()-1], t.Year())
}

// ShortDate writes a day with the month cut to three letters: 3 mrt 2027, 3 Mar 2027.
func ShortDate(l Lang, t time.Time) string {
	m := months[l][t.Month()-1]
	if l == NL && t.Month() == time.March {
		m = "mrt"
	}
	return fmt.Sprintf("%d %s %d", t.Day(), m[:3], t.Year())
}

// Moment writes a day and time of day.
func Moment(l Lang, t time.Time) string { return ShortDate(l, t) + " " + t.Format("15:04") }
