// Package spf reads, evaluates and unfolds SPF records (RFC 7208): the records by which
// the holder of a domain says which hosts may send mail in its name.
//
// Parse reads one record: total, every defect with its place. Check is check_host() of
// section 4 for one sender. Walk unfolds the tree of includes and redirects without a
// sender: what it costs in look-ups at worst, and which addresses it lets send. Neither
// knows the network: both are given a function that answers questions to the DNS, and
// say which answers they still lack.
package spf

import (
	"net/netip"
	"strings"

	"peil/internal/standard/lookup"
	"peil/internal/standard/taglist"
)

// The types of the questions and answers, and of a defect.
type (
	Ask      = lookup.Ask
	Answer   = lookup.Answer
	Question = lookup.Question
	Defect   = taglist.Defect
)

// The limits of section 4.6.4, and ours on the size of what is read.
const (
	MaxLookups = 10   // terms that ask the DNS
	MaxVoids   = 2    // of these, terms to which the DNS has no records
	MaxHosts   = 10   // hosts of one mx, names of one ptr
	MaxLength  = 8192 // octets of a record that are read
	MaxTerms   = 1000 // terms of a record that are kept
)

// Kind is what a term is (section 4.6.1).
type Kind string

// The mechanisms (section 5) and modifiers (section 6).
const (
	All      Kind = "all"
	Include  Kind = "include"
	A        Kind = "a"
	MX       Kind = "mx"
	PTR      Kind = "ptr"
	IP4      Kind = "ip4"
	IP6      Kind = "ip6"
	Exists   Kind = "exists"
	Redirect Kind = "redirect"
	Exp      Kind = "exp"
	Modifier Kind = "modifier" // one that RFC 7208 does not know: to be ignored
	Invalid  Kind = "invalid"  // no term
)

// Qualifier is what a match of a mechanism means (section 4.6.2). Modifiers have 0.
type Qualifier byte

// The qualifiers.
const (
	Plus  Qualifier = '+'
	Minus Qualifier = '-'
	Tilde Qualifier = '~'
	Query Qualifier = '?'
)

// Term is one mechanism or modifier.
type Term struct {
	Kind      Kind
	Qualifier Qualifier
	Position  int    // of its first byte in the record
	Text      string // as written
	Name      string // of a modifier that is not known, as written
	Value     string // after ":" or "=", without prefix lengths
	// Target is Value as a domain-spec (section 7.1), nil when there is none: then a, mx
	// and ptr mean the domain itself.
	Target *Spec
	// Network is that of ip4 and ip6.
	Network netip.Prefix
	// Prefix4 and Prefix6 are the lengths of a and mx (section 5.3), 32 and 128 by default.
	Prefix4, Prefix6 int
	// Bad says that the term breaks the grammar.
	Bad bool
}

// Asks reports whether the term counts as one that asks the DNS (section 4.6.4).
func (t *Term) Asks() bool {
	switch t.Kind {
	case Include, A, MX, PTR, Exists, Redirect:
		return true
	}
	return false
}

// Record is one record as read.
type Record struct {
	Text    string
	Terms   []Term
	Defects []Defect // in the order of their places; those of the whole record (-1) last
}

// The codes of defects that break the grammar: check_host() gives permerror.
const (
	NotSPF            = "not_spf"            // section 4.5: does not begin with "v=spf1" and a space or the end
	UnknownMechanism  = "unknown_mechanism"  // section 4.6.1
	QualifiedModifier = "qualified_modifier" // section 4.6.1: a qualifier before a modifier
	ModifierName      = "modifier_name"      // section 12: name
	MissingTarget     = "missing_target"     // include, exists, redirect and exp need one; ":" and "=" promise one
	UnexpectedTarget  = "unexpected_target"  // section 5.1: all takes none
	UnexpectedPrefix  = "unexpected_prefix"  // a prefix length where there may be none
	BadDomain         = "bad_domain"         // section 7.1: domain-spec does not end in a top label or a macro
	BadMacro          = "bad_macro"          // section 7.1
	BadCharacter      = "bad_character"      // outside %x21-7E
	BadIP4            = "bad_ip4"            // section 5.6
	BadIP6            = "bad_ip6"            // section 5.6
	BadPrefix         = "bad_prefix"         // section 5.6: not a number in range, or with a leading zero
	DoubleRedirect    = "double_redirect"    // section 6
	DoubleExp         = "double_exp"         // section 6
	TooLong           = "too_long"           // more than MaxLength or MaxTerms: not read further
)

// The codes of notes: the record means something, but perhaps not what was meant.
const (
	Empty          = "empty"           // section 4.7: no mechanism, so neutral for everybody
	AfterAll       = "after_all"       // section 5.1: never looked at
	RedirectUnused = "redirect_unused" // section 6.1: ignored, as there is an all
	PTRUsed        = "ptr_used"        // section 5.5: should not be used
	Unrecognised   = "unknown_modifier"
	Repeated       = "repeated"    // the same term twice
	HostBits       = "host_bits"   // a network with bits set beyond its prefix
	EmptyLabel     = "empty_label" // section 4.8: a name that no query can be made of
	Over255        = "over_255"    // RFC 1035 section 3.3: needs more than one string
	Over450        = "over_450"    // section 3.4: may not fit in an answer of 512 octets
	Over512        = "over_512"    // section 3.4: does not fit in an answer of 512 octets
)

// Fatal reports whether a defect of this code makes the record a permerror (section
// 4.6: syntax errors anywhere in the record).
func Fatal(code string) bool {
	switch code {
	case Empty, AfterAll, RedirectUnused, PTRUsed, Unrecognised, Repeated, HostBits, EmptyLabel, Over255, Over450, Over512:
		return false
	}
	return true
}

// Valid reports whether the record keeps to the grammar.
func (r *Record) Valid() bool {
	for i := range r.Defects {
		if Fatal(r.Defects[i].Code) {
			return false
		}
	}
	return true
}

// Find returns the first good term of a kind, or nil.
func (r *Record) Find(k Kind) *Term {
	for i := range r.Terms {
		if r.Terms[i].Kind == k && !r.Terms[i].Bad {
			return &r.Terms[i]
		}
	}
	return nil
}

// Evaluated are the indexes of the good terms in the order in which check_host() meets
// them when nothing matches: the mechanisms up to all, then redirect when there is no
// all (sections 4.6.2, 5.1 and 6.1).
func (r *Record) Evaluated() []int {
	var order []int
	redirect := -1
	for i := range r.Terms {
		t := &r.Terms[i]
		switch {
		case t.Bad || t.Kind == Exp || t.Kind == Modifier:
		case t.Kind == Redirect:
			if redirect < 0 {
				redirect = i
			}
		default:
			order = append(order, i)
			if t.Kind == All {
				return order
			}
		}
	}
	if redirect >= 0 {
		order = append(order, redirect)
	}
	return order
}

// Select returns those of a name's TXT records that are SPF records (section 4.5):
// "v=spf1", in any case, and a space or the end, so "v=spf10" is none. A domain should
// have exactly one.
func Select(txt []string) []string {
	var found []string
	for _, s := range txt {
		if IsRecord(s) {
			found = append(found, s)
		}
	}
	return found
}

// IsRecord reports whether a text is an SPF record (section 4.5).
func IsRecord(s string) bool {
	return len(s) >= len(version) && strings.EqualFold(s[:len(version)], version) && (len(s) == len(version) || s[len(version)] == ' ')
}

const version = "v=spf1"
