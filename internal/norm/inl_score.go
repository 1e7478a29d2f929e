package norm

import "peil/internal/fact"

// inlStatus is a status of Internet.nl by its number (catalogue B.1).
type inlStatus uint8

const (
	inlFail inlStatus = iota
	inlSuccess
	inlNotice
	inlGoodNotTested
	inlNotTested
	inlInfo
	inlError
)

var inlStatusNames = [...]string{"failed", "passed", "warning", "not_tested", "not_tested", "info", "error"}

// String is the word of the batch API.
func (s inlStatus) String() string { return inlStatusNames[min(int(s), len(inlStatusNames)-1)] }

// badness orders statuses: error, fail, notice, info, not tested, good not tested,
// success.
func (s inlStatus) badness() int {
	return [...]int{inlFail: 5, inlSuccess: 0, inlNotice: 4, inlGoodNotTested: 1, inlNotTested: 2, inlInfo: 3, inlError: 6}[min(s, inlError)]
}

// outcome is the word of catalogue A.2: their error for a dead target is our failed.
func (s inlStatus) outcome() Outcome {
	switch s {
	case inlSuccess:
		return Passed
	case inlInfo:
		return Info
	case inlNotice:
		return Warning
	case inlFail, inlError:
		return Failed
	default:
		return NotApplicable
	}
}

// inlCap keeps a status from being worse than a test's worst status.
func inlCap(s, worst inlStatus) inlStatus {
	if s.badness() > worst.badness() {
		return worst
	}
	return s
}

// inlTest is the result of one subtest on one server, or merged over servers.
type inlTest struct {
	name   string
	code   string // before the word in the codes of its reasons, when that is not the name
	status inlStatus
	word   string    // their verdict
	points int       // may disagree with the status
	max    int       // 0: it has no score field
	worst  inlStatus // fail: required, notice: recommended, info: optional; not tested: weighs nothing
	// light: neither required in the category's verdict nor counted there as its worst
	// status when not tested (RPKI). Its points count all the same.
	light bool
	// unforced: not counted as its worst status although not tested (a redirect that
	// was not tried for want of https).
	unforced bool
	gap      fact.Gap // not measured by us: out of points, maximum and category

	args  []string // of the reason: words of the wire
	check string   // a command, when that of the test says nothing here
	with  []finding
	own   bool // with is about subjects of its own (name servers, addresses), not about servers
}

// counts reports whether the test enters the score.
func (t inlTest) counts() bool { return t.worst == inlFail && t.max > 0 && t.gap == "" }

// inlMerge makes one result of several servers': the worst status, of equally bad ones
// the last; the worst worst status; and the points of the server that has the lowest
// sum over the tests that count. All servers have the same tests in the same order. A
// test that was not measured on one server leaves points and maximum for all.
func inlMerge(servers [][]inlTest) []inlTest {
	if len(servers) == 0 {
		return nil
	}
	merged := append([]inlTest(nil), servers[0]...)
	for _, s := range servers[1:] {
		for i, t := range s {
			m := &merged[i]
			worst, gap, light, top := m.worst, m.gap, m.light && t.light, max(m.max, t.max)
			if t.worst.badness() > worst.badness() {
				worst = t.worst
			}
			if gap == "" {
				gap = t.gap
			}
			with := append(m.with[:len(m.with):len(m.with)], t.with...)
			if t.status.badness() >= m.status.badness() {
				*m = t
			}
			m.worst, m.gap, m.light, m.max, m.with = worst, gap, light, top, with
		}
	}
	lowest, least := 0, -1
	for k, s := range servers {
		sum := 0
		for i, t := range s {
			if merged[i].counts() {
				sum += t.points
			}
		}
		if least < 0 || sum < least {
			lowest, least = k, sum
		}
	}
	for i := range merged {
		merged[i].points = servers[lowest][i].points
	}
	return merged
}

// inlCategory is a category of tests with its result.
type inlCategory struct {
	name        string
	tests       []inlTest
	status      inlStatus
	word        string
	points, max int
	missing     bool // no test of it was measured
}

// percent is the category's score; ok is false when it has no maximum.
func (c *inlCategory) percent() (p int, ok bool) {
	if c.max == 0 {
		return 0, false
	}
	return 100 * c.points / c.max, true
}

// inlSum adds up the tests of a category and finds its status and word. tls is the
// category whose first test tells whether there is anything to test.
func inlSum(name string, tests []inlTest, tls bool) *inlCategory {
	c := &inlCategory{name: name, tests: tests, missing: true}
	var count [inlError + 1]int
	required, recommended := false, false
	seen, untested := 0, 0
	for _, t := range tests {
		if t.counts() {
			c.points += t.points
			c.max += t.max
		}
		if t.gap != "" {
			continue
		}
		c.missing = false
		seen++
		if !t.light {
			required = required || t.worst == inlFail
			recommended = recommended || t.worst == inlNotice
		}
		count[t.status]++
		if t.status == inlNotTested || t.status == inlGoodNotTested {
			untested++
			if !t.light && !t.unforced {
				count[t.worst]++
			}
		}
	}
	switch {
	case count[inlError] > 0:
		c.status = inlError
	case count[inlFail] > 0:
		c.status = inlFail
	case count[inlNotice] > 0 && !required:
		c.status = inlNotice
	case count[inlInfo] > 0 && !required && !recommended:
		c.status = inlInfo
	default:
		c.status = inlSuccess
	}
	// What was looked up of a server that was not reached says nothing about its TLS.
	c.missing = c.missing || tls && c.max == 0 && len(tests) > 0 && tests[0].gap != ""
	if c.missing {
		c.status, c.word = inlNotTested, "not-tested"
		return c
	}
	c.word = c.status.String()
	if !tls || len(tests) == 0 || tests[0].gap != "" {
		return c
	}
	if seen-1 <= untested {
		if c.status = tests[0].status; c.status == inlNotTested {
			c.status = inlInfo
		}
		c.word = c.status.String()
	}
	if w, ok := inlTLSWords[tests[0].word]; ok {
		c.word = w
	}
	return c
}

// inlTLSWords are the words of a TLS category that differ from its status, by the
// verdict of its first test.
var inlTLSWords = map[string]string{
	"other": "unreachable", "could-not-test": "untestable", "other-2": "no-mx", "null-mx": "null-mx", "no-null-mx": "no-null-mx",
	"null-mx-with-other-mx": "null-mx-with-other-mx", "null-mx-without-a-aaaa": "null-mx-without-a-aaaa",
}

// inlTotal is the mean of the percentages of the categories that have a maximum,
// rounded down; ok is false when none has.
func inlTotal(cs []*inlCategory) (total int, ok bool) {
	sum, n := 0, 0
	for _, c := range cs {
		if p, ok := c.percent(); ok {
			sum += p
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / n, true
}

// inlHostScore is a name server or MX of the IPv6 test of catalogue B.4.
type inlHostScore struct {
	hasV6  bool
	points int // 10, 2 or 0
}

// inlNSPoints divides the points of the name servers by the number that counts: with
// two or more that have AAAA only those, else all. A single one is worth 5 at most.
func inlNSPoints(hosts []inlHostScore) int {
	withV6 := 0
	for _, h := range hosts {
		if h.hasV6 {
			withV6++
		}
	}
	sum, n := 0, 0
	for _, h := range hosts {
		if withV6 >= 2 && !h.hasV6 {
			continue
		}
		sum += h.points
		n++
	}
	switch n {
	case 0:
		return 0
	case 1:
		return min(5, sum)
	}
	return sum / n
}

// inlDNSSECPoints are the points of a DNSSEC status (catalogue B.2).
func inlDNSSECPoints(status string) int {
	switch status {
	case "secure":
		return 10
	case "insecure":
		return 2
	}
	return 0
}
