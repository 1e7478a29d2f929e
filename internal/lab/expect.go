package lab

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The editions that the catalogue speaks of.
const (
	peil     = "peil"
	inl      = "internet.nl"
	forum    = "forum"
	wdo      = "wdo"
	ncsc2021 = "ncsc-tls-2021"
	ncsc2025 = "ncsc-tls-2025"
)

// parseExpect reads expected verdicts as they stand in the catalogue:
//
//	internet.nl 94                                  an edition, its score or word
//	  web_ipv6_ns_reach passed good 5/10            status, verdict word, points/maximum
//	  web_https_tls_* not_tested not-tested 0/=     * stands for any rest, = for the maximum of the base
//	peil below_standard
//	  web.ipv6.ns failed
//	  web.dns.caa warning|failed                    either will do
//	  web.https.http2 ?                             nothing is expected
//	forum
//	  = web_complete failed                         a derived result
//
// Each site's text is laid over the expectations of the perfect site, so it holds
// nothing but what differs. An edition written with a minus (-wdo) is dropped whole.
func parseExpect(base Expect, text string) (Expect, error) {
	e := base.clone()
	var cur *EditionExpect
	for n, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if !strings.HasPrefix(strings.TrimLeft(line, "\t"), " ") { // tabs indent the source, blanks the text
			name, drop := strings.CutPrefix(f[0], "-")
			if drop {
				delete(e, name)
				continue
			}
			if !slices.Contains([]string{peil, inl, forum, wdo, ncsc2021, ncsc2025}, name) {
				return nil, fmt.Errorf("line %d: no edition %q", n+1, name)
			}
			if cur = e[name]; cur == nil {
				cur = &EditionExpect{Derived: map[string]string{}, Requirements: map[string]Verdict{}}
				e[name] = cur
			}
			for _, w := range f[1:] {
				switch score, err := strconv.Atoi(w); {
				case err == nil:
					cur.Score = &score
				case w == "?":
					cur.Score, cur.Word = nil, ""
				default:
					cur.Word = w
				}
			}
			continue
		}
		if cur == nil {
			return nil, fmt.Errorf("line %d: no edition above it", n+1)
		}
		if f[0] == "=" && len(f) == 3 {
			cur.Derived[f[1]] = f[2]
			if f[2] == "?" {
				delete(cur.Derived, f[1])
			}
			continue
		}
		if err := cur.set(f, len(base) == 0); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return e, nil
}

// set reads one requirement's line. New names are only taken when the base is read.
func (e *EditionExpect) set(f []string, isBase bool) error {
	if len(f) < 2 {
		return fmt.Errorf("%q has no verdict", f[0])
	}
	ids := []string{f[0]}
	if prefix, ok := strings.CutSuffix(f[0], "*"); ok {
		ids = nil
		for id := range e.Requirements {
			if strings.HasPrefix(id, prefix) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 && (f[1] != "?" || !e.anyLike(f[0])) {
		return fmt.Errorf("%q matches nothing", f[0])
	}
	for _, id := range ids {
		old, known := e.Requirements[id]
		if !known && !isBase && !slices.Contains(e.Any, id) {
			return fmt.Errorf("%q does not stand in the perfect site's list", id)
		}
		if f[1] == "?" {
			delete(e.Requirements, id)
			e.Any = append(e.Any, id)
			slices.Sort(e.Any)
			e.Any = slices.Compact(e.Any)
			continue
		}
		v := Verdict{Outcome: f[1]}
		if len(f) > 2 { // internet.nl: status, verdict, points
			v.Status, v.Word, v.Outcome = f[1], f[2], outcomeOf(f[1])
			if len(f) > 3 {
				v.Points = f[3]
				if p, ok := strings.CutSuffix(v.Points, "/="); ok {
					v.Points = ""
					if _, most, ok := strings.Cut(old.Points, "/"); ok {
						v.Points = p + "/" + most
					}
				}
			}
		}
		e.Requirements[id] = v
		e.Any = slices.DeleteFunc(e.Any, func(a string) bool { return a == id })
	}
	return nil
}

// anyLike reports whether something of which nothing is expected matches a pattern.
func (e *EditionExpect) anyLike(pattern string) bool {
	prefix := strings.TrimSuffix(pattern, "*")
	return slices.ContainsFunc(e.Any, func(id string) bool { return strings.HasPrefix(id, prefix) })
}

// outcomeOf is the outcome that goes with a status of Internet.nl when nothing of our
// own was missing (catalogue A.3).
func outcomeOf(status string) string {
	switch status {
	case "error":
		return "failed"
	case "not_tested":
		return "not_applicable"
	}
	return status
}

func (e Expect) clone() Expect {
	c := Expect{}
	for name, x := range e {
		y := *x
		y.Derived, y.Requirements, y.Any = maps.Clone(x.Derived), maps.Clone(x.Requirements), slices.Clone(x.Any)
		c[name] = &y
	}
	return c
}

// Matches reports whether an outcome is one that is expected.
func (v Verdict) Matches(outcome string) bool {
	return slices.Contains(strings.Split(v.Outcome, "|"), outcome)
}
