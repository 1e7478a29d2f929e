package norm

import (
	"strconv"
	"strings"
	"time"

	"peil/internal/fact"
)

func itoa(n int) string { return strconv.Itoa(n) }

func utoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// look reads one side of TLS at one address.
type look func(*view, *fact.TLS) aspect

// judgeAspect judges one side of TLS on every address: grade says of a parameter what
// it does to the outcome. What was not seen counts only when it could have made the
// outcome worse.
func judgeAspect(l look, grade func(*view, parameter) Outcome, code func(*view, parameter, Outcome) Reason) func(*view) Verdict {
	return func(v *view) Verdict {
		return v.eachTLS(func(t *fact.TLS) finding {
			a := l(v, t)
			if a.none.Code != "" {
				return none(a.none)
			}
			out := Passed
			for _, p := range a.seen {
				out = worst(out, grade(v, p))
			}
			if out.rank() < NotMeasured.rank() {
				for _, o := range a.open {
					for _, p := range o.possible() {
						if grade(v, p).rank() > out.rank() {
							return missed(a.gap).with("not seen: " + names(a.open))
						}
					}
				}
			}
			var at []parameter
			for _, p := range a.seen {
				if grade(v, p) == out {
					at = append(at, p)
				}
			}
			if len(at) == 0 {
				return pass(because("nothing-seen"))
			}
			f := finding{outcome: out, saw: code(v, parameter{name: names(at), c21: least(at, ncsc2021), c25: least(at, ncsc2025)}, out)}
			if out != Passed {
				for _, p := range at {
					f = f.with("accepted: " + p.name)
				}
			}
			if !a.until.IsZero() && grade(v, a.later) != out {
				f = f.till(v.after(a.until))
			}
			return f
		})
	}
}

// maxNames is how many parameters a reason names; the evidence has all.
const maxNames = 6

func names(ps []parameter) string {
	var l []string
	for i, p := range ps {
		if i == maxNames {
			l = append(l, "+"+itoa(len(ps)-i))
			break
		}
		l = append(l, p.name)
	}
	return strings.Join(l, ", ")
}

// least is the lowest class among parameters.
func least(ps []parameter, g guide) class {
	c := good
	for _, p := range ps {
		c = min(c, p.of(g))
	}
	return c
}

// ncscJudge classes by a version of the guidelines.
func ncscJudge(g guide, l look) func(*view) Verdict {
	return judgeAspect(l,
		func(_ *view, p parameter) Outcome { return p.of(g).outcome() },
		func(_ *view, p parameter, _ Outcome) Reason { return because("class-"+p.of(g).String(), p.name) })
}

// wdoJudge fails what both sources find below sufficient and warns where they differ
// (catalogue A.3). From the switch date on the guidelines of 2025-05 decide.
func wdoJudge(l look) func(*view) Verdict { return wdoJudgeFrom(l, wdoSwitch) }

func wdoJudgeFrom(l look, from time.Time) func(*view) Verdict {
	switched := func(v *view) bool { return !from.IsZero() && !v.At.Before(from) }
	judge := judgeAspect(l,
		func(v *view, p parameter) Outcome {
			switch {
			case switched(v):
				if p.c25 < sufficient {
					return Failed
				}
				return Passed
			case p.unlawful():
				return Failed
			case p.disputed():
				return Warning
			}
			return Passed
		},
		func(v *view, p parameter, o Outcome) Reason {
			switch {
			case o == Failed && switched(v):
				return because("class-"+p.c25.String(), p.name)
			case o == Failed:
				return because("class-"+p.c21.String(), p.name)
			case o == Warning:
				return because("sources-differ", p.name)
			}
			return because("lawful", p.name)
		})
	return func(v *view) Verdict {
		d := judge(v)
		d.Until = earliest(d.Until, v.after(from))
		return d
	}
}

// wdoLaterJudge is wdoJudge for what 2.1.1 does not speak of: until the switch it passes,
// and says that the law does not ask it yet.
func wdoLaterJudge(l look) func(*view) Verdict {
	judge := wdoJudge(l)
	return func(v *view) Verdict {
		d := judge(v)
		if d.Outcome != Passed || !wdoSwitch.IsZero() && !v.At.Before(wdoSwitch) {
			return d
		}
		d.Reasons = []Reason{because("not-yet-law")}
		for i := range d.PerSubject {
			if d.PerSubject[i].Outcome == Passed {
				d.PerSubject[i].Saw = d.Reasons[0]
			}
		}
		return d
	}
}

// mustJudge fails what is insufficient by 2025-05, and what wdo fails (catalogue A.5).
func mustJudge(l look) func(*view) Verdict {
	return judgeAspect(l,
		func(_ *view, p parameter) Outcome {
			if p.c25 == insufficient || p.unlawful() {
				return Failed
			}
			return Passed
		},
		func(_ *view, p parameter, o Outcome) Reason {
			switch {
			case o == Failed && p.c25 == insufficient:
				return because("class-insufficient", p.name)
			case o == Failed:
				return because("unlawful", p.name)
			}
			return because("class-none-insufficient", p.name)
		})
}

// shouldJudge warns of what 2025-05 phases out.
func shouldJudge(l look) func(*view) Verdict {
	return judgeAspect(l,
		func(_ *view, p parameter) Outcome {
			if p.c25 == phaseOut {
				return Warning
			}
			return Passed
		},
		func(_ *view, p parameter, o Outcome) Reason {
			if o == Warning {
				return because("class-phase-out", p.name)
			}
			return because("class-none-phase-out")
		})
}
