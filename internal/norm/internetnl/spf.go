package internetnl

import (
	"net/netip"
	"strings"

	"peil/internal/standard/lookup"
)

// SPF terms are read by the grammar of RFC 7208 section 12 with ordered choice: the
// first alternative that matches the beginning of a term is taken and never given back,
// so that an unknown modifier "about=x" is the mechanism "a" with rubbish behind it.
// Every domain, and the value of every modifier, has to end like a host label or a
// macro, whatever stands before the last dot.

// IsSPF reports whether a TXT record is taken for an SPF record: it begins with v=spf1,
// in any case. "v=spf10" does too, and is then a syntax error.
func IsSPF(txt string) bool { return hasPrefixFold(txt, "v=spf1") }

// SPFTerms are the terms of a record in lower case, or ok is false for a syntax error.
// Only the space counts as white space.
func SPFTerms(record string) (terms []string, ok bool) {
	if !IsSPF(record) {
		return nil, false
	}
	rest := record[len("v=spf1"):]
	for {
		trimmed := strings.TrimLeft(rest, " ")
		if trimmed == "" {
			return terms, true
		}
		if len(trimmed) == len(rest) {
			return nil, false // something sticks to the version or to a term
		}
		n, ok := spfTerm(trimmed)
		if !ok {
			return nil, false
		}
		terms = append(terms, strings.ToLower(trimmed[:n]))
		rest = trimmed[n:]
	}
}

// spfTerm matches a directive, else a modifier, at the beginning of s.
func spfTerm(s string) (n int, ok bool) {
	q := 0
	if strings.IndexByte("+-?~", s[0]) >= 0 {
		q = 1
	}
	t := s[q:]
	switch {
	case hasPrefixFold(t, "all"):
		return q + 3, true
	case hasPrefixFold(t, "include:"):
		if n, ok := spfDomain(t[8:]); ok {
			return q + 8 + n, true
		}
	case hasPrefixFold(t, "a"):
		return q + 1 + spfTail(t[1:], true), true
	case hasPrefixFold(t, "mx"):
		return q + 2 + spfTail(t[2:], true), true
	case hasPrefixFold(t, "ptr"):
		return q + 3 + spfTail(t[3:], false), true
	case hasPrefixFold(t, "ip4:"):
		if n, ok := spfIP4(t[4:]); ok {
			return q + 4 + n, true
		}
	case hasPrefixFold(t, "ip6:"):
		value, _, _ := strings.Cut(t[4:], " ")
		if spfIP6(value) {
			return q + 4 + len(value), true
		}
	case hasPrefixFold(t, "exists:"):
		if n, ok := spfDomain(t[7:]); ok {
			return q + 7 + n, true
		}
	}
	return spfModifier(s)
}

// spfModifier matches name=value. Those that are known follow the same rule.
func spfModifier(s string) (n int, ok bool) {
	if !isAlpha(s[0]) {
		return 0, false
	}
	for n = 1; n < len(s) && (isAlnum(s[n]) || strings.IndexByte("-_.", s[n]) >= 0); n++ {
	}
	if n == len(s) || s[n] != '=' {
		return 0, false
	}
	value, ok := spfDomain(s[n+1:])
	return n + 1 + value, ok
}

// spfTail matches an optional domain and then an optional prefix length.
func spfTail(s string, cidr bool) (n int) {
	if strings.HasPrefix(s, ":") {
		if d, ok := spfDomain(s[1:]); ok {
			n = 1 + d
		}
	}
	if !cidr {
		return n
	}
	n += spfLength(s[n:], "/", 32)
	return n + spfLength(s[n:], "//", 128)
}

// spfLength matches a prefix length up to most, as many digits as fit.
func spfLength(s, slash string, most int) (n int) {
	if !strings.HasPrefix(s, slash) {
		return 0
	}
	value := 0
	for n = len(slash); n < len(s) && isDigit(s[n]); n++ {
		if next := 10*value + int(s[n]-'0'); next <= most && (n == len(slash) || value > 0) {
			value = next
			continue
		}
		break
	}
	if n == len(slash) {
		return 0
	}
	return n
}

// spfIP4 matches an address without leading zeros and an optional prefix length.
func spfIP4(s string) (n int, ok bool) {
	for octet := range 4 {
		if octet > 0 {
			if n == len(s) || s[n] != '.' {
				return 0, false
			}
			n++
		}
		d := spfLength("/"+s[n:], "/", 255)
		if d == 0 {
			return 0, false
		}
		n += d - 1
	}
	return n + spfLength(s[n:], "/", 32), true
}

// spfIP6 reports whether a value is an IPv6 address or network.
func spfIP6(s string) bool {
	host, length, has := strings.Cut(s, "/")
	a, err := netip.ParseAddr(host)
	if err != nil || !a.Is6() {
		return false
	}
	if !has {
		return true
	}
	value := 0
	for i := range len(length) {
		if !isDigit(length[i]) || value > 128 {
			return false
		}
		value = 10*value + int(length[i]-'0')
	}
	return length != "" && value <= 128
}

// spfDomain matches everything printable, macros included, and looks at how it ends.
func spfDomain(s string) (n int, ok bool) {
	for n < len(s) && s[n] > ' ' && s[n] < 0x7f {
		if s[n] != '%' {
			n++
			continue
		}
		m := spfMacro(s[n:])
		if m == 0 {
			break
		}
		n += m
	}
	labels := strings.Split(s[:n], ".")
	last := labels[len(labels)-1]
	if last == "" && len(labels) > 1 {
		last = labels[len(labels)-2] // a final dot
	}
	return n, spfLabel(last) || spfMacro(last) > 0
}

// spfLabel reports whether a text begins as a top label does: digits and a letter, or
// letters and digits before a hyphen.
func spfLabel(s string) bool {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i < len(s) && isAlpha(s[i]) {
		return true
	}
	return i > 0 && i < len(s) && s[i] == '-'
}

// spfMacro is the length of the macro-expand at the beginning of s, 0 for none.
func spfMacro(s string) int {
	if len(s) < 2 || s[0] != '%' {
		return 0
	}
	switch s[1] {
	case '%', '_', '-':
		return 2
	case '{':
	default:
		return 0
	}
	i := 2
	if i == len(s) || strings.IndexByte("slodiphcrtv", s[i]|0x20) < 0 || !isAlpha(s[i]) {
		return 0
	}
	for i++; i < len(s) && isDigit(s[i]); i++ {
	}
	if i < len(s) && s[i]|0x20 == 'r' {
		i++
	}
	for i < len(s) && strings.IndexByte(".-+,/_=", s[i]) >= 0 {
		i++
	}
	if i == len(s) || s[i] != '}' {
		return 0
	}
	return i + 1
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }

// SPFPolicy is what becomes of a policy.
type SPFPolicy struct {
	// Verdict is "good", "all", "max-lookups", "bad" (syntax), "include", "redirect", or
	// "" when an answer that is needed is not known.
	Verdict string
	Points  int      // 10, 2 or 0
	Trail   []Record // the records that led to it, the tested name's first
	Missing lookup.Question
}

// Record is a TXT record and the name at which it stands.
type Record struct{ Name, Text string }

const maxSPFDepth = 40 // the balance ends every walk before that

// ReadSPF judges the policy of the one SPF record of a domain.
func ReadSPF(domain, record string, ask lookup.Ask) SPFPolicy {
	w := spfWalk{ask: ask, balance: 10}
	p := w.policy(domain, record, false, 0)
	for i, j := 0, len(p.Trail)-1; i < j; i, j = i+1, j-1 {
		p.Trail[i], p.Trail[j] = p.Trail[j], p.Trail[i]
	}
	return p
}

// spfWalk carries the balance of look-ups through a tree of records [Q].
type spfWalk struct {
	ask     lookup.Ask
	balance int
}

func (w *spfWalk) policy(domain, record string, isInclude bool, depth int) SPFPolicy {
	p := w.judge(record, isInclude, depth)
	if p.Verdict != "good" && p.Verdict != "" {
		p.Trail = append(p.Trail, Record{domain, record})
	}
	return p
}

func (w *spfWalk) judge(record string, isInclude bool, depth int) SPFPolicy {
	terms, ok := SPFTerms(record)
	switch {
	case !ok:
		return SPFPolicy{Verdict: "bad"}
	case len(terms) == 0:
		return SPFPolicy{Verdict: "all", Points: 2} // fails everywhere
	}
	var includes []string
	redirect, all := "", ""
	for _, t := range terms {
		switch {
		case strings.HasPrefix(t, "redirect"):
			w.balance--
			if !strings.HasPrefix(redirect, "redirect=") {
				redirect = t // the first that can be followed
			}
		case strings.Contains(t, "include:"):
			w.balance--
			includes = append(includes, t)
		case strings.Contains(t, "mx"), strings.Contains(t, "ptr"), strings.Contains(t, "exists"), t == "a":
			w.balance--
		case strings.HasSuffix(t, "all") && len(t) < 5:
			all = t
		}
		if all != "" {
			break // what follows is ignored
		}
	}
	if all == "" && redirect == "" && !isInclude || strings.HasPrefix(all, "+") || strings.HasPrefix(all, "a") || strings.HasPrefix(all, "?") && !isInclude {
		return SPFPolicy{Verdict: "all", Points: 2}
	}
	for _, t := range includes {
		_, target, _ := strings.Cut(t, ":")
		target, _, _ = strings.Cut(target, ":")
		if p := w.follow(target, "include", depth); p.Verdict != "good" {
			return p
		}
	}
	if all == "" && strings.HasPrefix(redirect, "redirect=") {
		_, target, _ := strings.Cut(redirect, "=")
		target, _, _ = strings.Cut(target, "=")
		return w.follow(target, "redirect", depth)
	}
	return SPFPolicy{Verdict: "good", Points: 10}
}

// follow judges the record of another name. Whatever it fails on is a failure of the
// term that led there, the number of look-ups excepted.
func (w *spfWalk) follow(target, verdict string, depth int) SPFPolicy {
	if w.balance < 0 || depth >= maxSPFDepth {
		return SPFPolicy{Verdict: "max-lookups", Points: 2}
	}
	if strings.Contains(target, "{") {
		return SPFPolicy{Verdict: "good", Points: 10} // macros are not expanded
	}
	name := lookup.Canonical(target)
	if !lookup.ValidName(name) {
		return SPFPolicy{Verdict: verdict, Points: 2}
	}
	a := w.ask(name, "TXT")
	switch a.Status {
	case lookup.Unknown:
		return SPFPolicy{Missing: lookup.Question{Name: name, Type: "TXT"}}
	case lookup.OK:
	default:
		return SPFPolicy{Verdict: verdict, Points: 2}
	}
	var records []string
	for _, txt := range a.TXT {
		if IsSPF(txt) {
			records = append(records, txt)
		}
	}
	if len(records) != 1 {
		p := SPFPolicy{Verdict: verdict}
		for _, r := range records {
			p.Trail = append(p.Trail, Record{name, r})
		}
		return p
	}
	p := w.policy(name, records[0], verdict == "include", depth+1)
	if p.Verdict != "good" && p.Verdict != "max-lookups" && p.Verdict != "" {
		p.Verdict = verdict
	}
	return p
}

// NotSendingSPF reports whether a record says that the domain sends no mail: -all and
// nothing else but one exp= before or after it.
func NotSendingSPF(record string) bool {
	rest, ok := strings.CutPrefix(record, "v=spf1 ")
	if !ok {
		return false
	}
	fields := strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' })
	isExp := func(s string) bool { return len(s) > 4 && strings.HasPrefix(s, "exp=") }
	if len(fields) > 0 && isExp(fields[0]) {
		fields = fields[1:]
	}
	if len(fields) == 0 || strings.TrimSuffix(fields[0], ";") != "-all" || strings.HasSuffix(rest, " ") {
		return false
	}
	return len(fields) == 1 || len(fields) == 2 && isExp(fields[1])
}
