package norm

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"peil/internal/fact"
)

// inlSpec is a test of the tables B.2 and B.3: where it belongs and what it weighs.
type inlSpec struct {
	name     string // without the leading web_ or mail_
	category string // of the batch API, without the leading web_ or mail_
	max      int    // 0: no score field
	worst    inlStatus
	light    bool
}

// inlWebSpecs are the web tests in the order of table B.2. The worst status is that of
// a test which was not tested; kex hash and EMS become required once they are.
var inlWebSpecs = []inlSpec{
	{"ipv6_ns_address", "ipv6", 0, inlFail, false},
	{"ipv6_ns_reach", "ipv6", 10, inlFail, false},
	{"ipv6_ws_address", "ipv6", 0, inlFail, false},
	{"ipv6_ws_reach", "ipv6", 10, inlFail, false},
	{"ipv6_ws_similar", "ipv6", 2, inlFail, false},
	{"dnssec_exist", "dnssec", 0, inlFail, false},
	{"dnssec_valid", "dnssec", 10, inlFail, false},
	{"https_http_available", "https", 0, inlFail, false},
	{"https_http_redirect", "https", 10, inlFail, false},
	{"https_http_compress", "https", 0, inlInfo, false},
	{"https_http_hsts", "https", 10, inlFail, false},
	{"https_tls_version", "https", 10, inlFail, false},
	{"https_tls_ciphers", "https", 10, inlFail, false},
	{"https_tls_cipherorder", "https", 10, inlFail, false},
	{"https_tls_keyexchange", "https", 10, inlFail, false},
	{"https_tls_keyexchangehash", "https", 10, inlInfo, false},
	{"https_tls_compress", "https", 10, inlFail, false},
	{"https_tls_secreneg", "https", 10, inlFail, false},
	{"https_tls_clientreneg", "https", 0, inlInfo, false},
	{"https_tls_extendedmastersecret", "https", 10, inlInfo, false},
	{"https_tls_0rtt", "https", 10, inlFail, false},
	{"https_tls_ocsp", "https", 0, inlNotice, false},
	{"https_tls_caa", "https", 0, inlNotice, false},
	{"https_cert_chain", "https", 10, inlFail, false},
	{"https_cert_pubkey", "https", 10, inlFail, false},
	{"https_cert_sig", "https", 10, inlFail, false},
	{"https_cert_domain", "https", 10, inlFail, false},
	{"https_dane_exist", "https", 0, inlInfo, false},
	{"https_dane_valid", "https", 0, inlNotice, false},
	{"appsecpriv_x_frame_options", "appsecpriv", 0, inlInfo, false},
	{"appsecpriv_x_content_type_options", "appsecpriv", 0, inlNotice, false},
	{"appsecpriv_csp", "appsecpriv", 0, inlNotice, false},
	{"appsecpriv_referrer_policy", "appsecpriv", 0, inlNotice, false},
	{"appsecpriv_securitytxt", "appsecpriv", 0, inlNotice, false},
	{"rpki_exists", "rpki", 5, inlFail, true},
	{"rpki_valid", "rpki", 10, inlFail, true},
	{"ns_rpki_exists", "rpki", 5, inlFail, true},
	{"ns_rpki_valid", "rpki", 10, inlFail, true},
}

// inlWebCategories are the categories in the order of the batch API.
var inlWebCategories = []string{"ipv6", "dnssec", "https", "appsecpriv", "rpki"}

// inlUntested is a test as it stands before anything is known.
func inlUntested(s inlSpec) inlTest {
	return inlTest{name: s.name, status: inlNotTested, word: "not-tested", max: s.max, worst: s.worst, light: s.light}
}

// inlServer collects the results of one server, or of the target where there are none.
type inlServer struct {
	subject string
	addr    netip.Addr
	host    string // the name that its certificate must have
	section string // "https" or "starttls": what comes before the name of a test that both have
	tests   []inlTest
	index   map[string]int
}

func newInlServer(subject string, addr netip.Addr, specs []inlSpec, categories ...string) *inlServer {
	s := &inlServer{subject: subject, addr: addr, section: "https", index: make(map[string]int, len(specs))}
	for _, sp := range specs {
		for _, c := range categories {
			if sp.category == c {
				s.index[sp.name] = len(s.tests)
				s.tests = append(s.tests, inlUntested(sp))
			}
		}
	}
	return s
}

// of is the name of a test that web and mail have in common.
func (s *inlServer) of(test string) string { return s.section + "_" + test }

// because makes a reason of a test: its words for a part of what was seen.
func (s *inlServer) because(test, word string, args ...string) Reason {
	t := &s.tests[s.index[test]]
	return because(firstWord(t.code, t.name)+"."+word, args...)
}

// inlResult is what set notes of a test besides its name.
type inlResult struct {
	word     string
	status   inlStatus
	points   int
	args     []string
	evidence []string
	until    time.Time
	override bool      // not capped at the worst status
	subjects []finding // when the test is about several subjects of its own
}

// The four usual results.
func (s *inlServer) good(name string, args ...string) *inlTest {
	return s.set(name, inlResult{word: "good", status: inlSuccess, points: s.tests[s.index[name]].max, args: args})
}

func (s *inlServer) bad(name string, args ...string) *inlTest {
	return s.set(name, inlResult{word: "bad", status: inlFail, args: args})
}

func (s *inlServer) phaseOut(name string, args ...string) *inlTest {
	return s.set(name, inlResult{word: "phase-out", status: inlNotice, points: s.tests[s.index[name]].max, args: args})
}

func (s *inlServer) missed(name string, g fact.Gap) *inlTest {
	if g == "" {
		g = fact.GapNotAsked
	}
	t := &s.tests[s.index[name]]
	t.gap = g
	t.with = []finding{s.about(missed(g))}
	return t
}

// about makes a finding one of this server, when it is about a server.
func (s *inlServer) about(f finding) finding {
	if s.subject == "" {
		return f
	}
	return f.on(s.subject).at(s.addr)
}

// set notes a result. The status is capped at the worst status that the test has by
// then, unless it is an error; the points are not.
func (s *inlServer) set(name string, r inlResult) *inlTest {
	t := &s.tests[s.index[name]]
	t.word, t.points, t.args = r.word, r.points, r.args
	t.status = r.status
	if r.status != inlError && !r.override {
		t.status = inlCap(r.status, t.worst)
	}
	if r.subjects != nil {
		t.with, t.own = r.subjects, true
		return t
	}
	t.with = []finding{s.about(finding{outcome: t.status.outcome(), saw: t.reason(), evidence: r.evidence, until: r.until})}
	return t
}

// inlBare are the lines of evidence for what is told by its absence or by a bare yes.
var inlBare = map[string]string{
	"ipv6_ns_reach.silent": "no reply over UDP or TCP port 53",
	"ipv6_ws_address.bad":  "no AAAA record", "https_http_available.bad": "no A and no AAAA record", "dnssec_exist.bad": "no chain of trust to the zone",
	"https_tls_compress.bad": "ServerHello: compression method DEFLATE", "https_tls_secreneg.bad": "ServerHello without renegotiation_info",
	"https_tls_extendedmastersecret.bad": "ServerHello without extended_master_secret",
	"https_tls_keyexchangehash.bad":      "ServerKeyExchange signed with SHA-1", "https_tls_keyexchangehash.phase-out": "ServerKeyExchange signed with SHA-224",
	"https_tls_0rtt.bad": "EncryptedExtensions: early_data", "https_tls_ocsp.ok": "no CertificateStatus",
	"https_tls_caa.bad": "no CAA record at the name or above it", "https_dane_exist.bad": "no secure TLSA record",
	"ipv6_ns_address.lacks": "no AAAA record", "rpki_exists.no-roa": "no VRP", "ns_rpki_exists.no-roa": "no VRP", "mx_ns_rpki_exists.no-roa": "no VRP",
	"ipv6_mx_address.lacks": "no AAAA record", "dnssec_mailto_exist.bad": "no chain of trust to the zone", "dnssec_mx_exist.bad": "no chain of trust to the zone",
	"appsecpriv_securitytxt.bad": "empty body",
}

// bare is the evidence of a finding that came without any: its arguments are in the
// words of the wire.
func (f finding) bare() finding {
	if len(f.evidence) > 0 || f.outcome < Info {
		return f
	}
	var words []string
	for _, a := range f.saw.Args {
		if a != "" {
			words = append(words, a)
		}
	}
	if line := inlList(words); line != "" {
		return f.with(line)
	}
	code := strings.TrimPrefix(f.saw.Code, "mail_")
	if test, ok := strings.CutPrefix(code, "starttls_"); ok && inlBare[code] == "" {
		code = "https_" + test
	}
	if line := inlBare[code]; line != "" {
		return f.with(line)
	}
	return f
}

// require makes a test required: it was tested.
func (s *inlServer) require(name string) { s.tests[s.index[name]].worst = inlFail }

// reason is the code of the words for a verdict: "https_tls_version.bad".
func (t inlTest) reason() Reason {
	return Reason{Code: firstWord(t.code, t.name) + "." + t.word, Args: t.args}
}

// evidence adds lines in the words of the wire to the last finding.
func (t *inlTest) evidence(lines ...string) *inlTest {
	for i := range t.with {
		t.with[i].evidence = append(t.with[i].evidence, lines...)
	}
	return t
}

// till notes the moment from which the verdict would be another.
func (t *inlTest) till(at time.Time) *inlTest {
	for i := range t.with {
		t.with[i].until = at
	}
	return t
}

// inlReport is a website or a mail domain as Internet.nl would report it.
type inlReport struct {
	specs      []inlSpec
	tests      map[string]inlTest
	categories []*inlCategory
	servers    []ServerWords
}

// inlWeb judges a website by every branch of table B.2.
func inlWeb(v *view) *inlReport {
	r := &inlReport{specs: inlWebSpecs, tests: map[string]inlTest{}}
	target := newInlServer("", netip.Addr{}, inlWebSpecs, "ipv6", "dnssec", "rpki")
	v.inlIPv6(target)
	v.inlDNSSEC(target)
	v.inlRPKI(target)
	for _, t := range target.tests {
		r.tests[t.name] = t
	}
	for _, t := range v.inlServers(r) {
		r.tests[t.name] = t
	}
	r.sum(inlWebCategories, "https")
	return r
}

// sum makes the categories of the tests. tls is the one that hangs on its first test.
func (r *inlReport) sum(categories []string, tls string) {
	for _, name := range categories {
		var ts []inlTest
		for _, sp := range r.specs {
			if sp.category == name {
				ts = append(ts, r.tests[sp.name])
			}
		}
		r.categories = append(r.categories, inlSum(name, ts, name == tls))
	}
}

// inlServers judges the servers that count, the first A and the first AAAA, and merges
// them.
func (v *view) inlServers(r *inlReport) []inlTest {
	v4, v6, gap := v.addresses()
	var servers [][]inlTest
	var counted []netip.Addr
	for _, as := range [][]netip.Addr{v4, v6} {
		if len(as) > 0 {
			counted = append(counted, as[0])
		}
	}
	for _, a := range counted {
		s := newInlServer(a.String(), a, inlWebSpecs, "https", "appsecpriv")
		s.host = v.Target.Name
		v.inlServer(s, v.Web.Host(a))
		servers = append(servers, s.tests)
		words := ServerWords{s.tests[0].word, s.tests[s.index["https_tls_0rtt"]].word}
		if s.tests[0].gap != "" {
			words = ServerWords{}
		}
		r.servers = append(r.servers, words)
	}
	inlShare(servers)
	merged := inlMerge(servers)
	if len(servers) == 0 {
		s := newInlServer("", netip.Addr{}, inlWebSpecs, "https", "appsecpriv")
		s.bad("https_http_available")
		merged = s.tests
	}
	if gap != "" {
		// A family could not be looked up: a server that counts may be missing.
		r.servers = append(r.servers, ServerWords{})
		for i := range merged {
			merged[i].gap = gap
			merged[i].with = append(merged[i].with, missed(gap))
		}
	}
	return merged
}

// inlShare gives what the DNS alone says of a name to a server that we could not reach
// because its address family does not work here: it was looked up all the same. Whether a
// certificate matches TLSA records is for each server to show.
func inlShare(servers [][]inlTest) {
	find := func(ts []inlTest, name string) *inlTest {
		for i := range ts {
			if ts[i].name == name {
				return &ts[i]
			}
		}
		return &inlTest{}
	}
	for _, from := range servers {
		if a := find(from, "https_http_available"); a.gap != "" || a.word != "good" {
			continue
		}
		for _, to := range servers {
			switch find(to, "https_http_available").gap {
			case fact.GapNoIPv6, fact.GapNoIPv4, fact.GapOurNetwork:
			default:
				continue
			}
			for _, name := range []string{"https_tls_caa", "https_dane_exist", "https_dane_valid"} {
				seen := find(from, name)
				if seen.gap != "" || name == "https_dane_valid" && find(from, "https_dane_exist").word == "good" {
					continue
				}
				t := find(to, name)
				*t = *seen
				t.with = nil // it stands with the server that has it
			}
		}
	}
}

// addresses are those of the name in the order received, IPv4-mapped IPv6 left out.
// gap says that a family is not known.
func (v *view) addresses() (v4, v6 []netip.Addr, gap fact.Gap) {
	if v.Web != nil {
		list := v.Web.Wire
		if len(list) == 0 {
			for _, h := range v.Web.Hosts {
				list = append(list, h.Addr)
			}
		}
		for _, a := range list {
			switch {
			case a.Is4():
				v4 = append(v4, a)
			case a.Is6() && !a.Is4In6():
				v6 = append(v6, a)
			}
		}
	}
	for _, f := range []struct {
		qtype string
		known bool
	}{{"A", len(v4) > 0}, {"AAAA", len(v6) > 0}} {
		if f.known {
			continue
		}
		if l := v.DNS.Lookup(v.Target.Name, f.qtype); l == nil {
			gap = fact.GapNotAsked
		} else if l.Gap != "" {
			gap = l.Gap
		}
	}
	return v4, v6, gap
}

// inlWhole fills in a result.
func inlWhole(v *view, res *Result) {
	var r *inlReport
	switch v.Target.Role {
	case fact.Web:
		r = inlWeb(v)
	case fact.Mail:
		r = inlMail(v)
	default:
		return
	}
	res.Verdicts = make([]Verdict, 0, len(r.specs))
	for _, sp := range r.specs {
		d := v.inlVerdict(r.tests[sp.name])
		if d.Outcome == NotMeasured {
			res.Complete = false
		}
		res.Verdicts = append(res.Verdicts, d)
	}
	if total, ok := inlTotal(r.categories); ok {
		res.Score = &total
	}
	for _, c := range r.categories {
		out := Category{Name: string(v.Target.Role) + "_" + c.name, Outcome: c.status.outcome(), Status: c.status.String(), Verdict: c.word, Points: c.points, Max: c.max}
		if p, ok := c.percent(); ok {
			out.Score = &p
		}
		if c.missing {
			out.Outcome = NotMeasured
		}
		res.Categories = append(res.Categories, out)
	}
}

// inlVerdict writes a merged test as a verdict.
func (v *view) inlVerdict(t inlTest) Verdict {
	d := Verdict{
		ID: string(v.Target.Role) + "_" + t.name, Outcome: t.status.outcome(), Status: t.status.String(), Word: t.word,
		Points: t.points, Max: t.max, Level: inlLevel(t.worst),
	}
	if t.max == 0 || t.worst != inlFail {
		d.Points, d.Max = 0, 0
	}
	if t.gap != "" {
		d.Outcome, d.Gap, d.Status, d.Word, d.Points, d.Max = NotMeasured, t.gap, inlNotTested.String(), "not-tested", 0, 0
		d.Reasons = []Reason{gapReason(t.gap)}
	} else {
		d.Reasons = []Reason{t.reason()}
	}
	for _, f := range t.with {
		f = f.bare()
		if f.subject != "" {
			d.PerSubject = append(d.PerSubject, SubjectVerdict{Subject: f.subject, Outcome: f.outcome, Saw: f.saw})
		}
		// What the servers showed, and remarks; not each of the test's own subjects.
		if t.gap == "" && f.outcome == d.Outcome && (!t.own || f.subject == "") {
			d.Reasons = appendReason(d.Reasons, f.saw)
		}
		d.Until = earliest(d.Until, v.after(f.until))
		for _, e := range f.evidence {
			if f.subject != "" {
				e = f.subject + ": " + e
			}
			if len(d.Evidence) < maxEvidence {
				d.Evidence = append(d.Evidence, e)
			}
		}
	}
	d.Check = fillIn(firstWord(t.check, inlTexts().check[d.ID]), v.Measurement, &d)
	return d
}

// inlLevel is the level that a worst status stands for.
func inlLevel(worst inlStatus) Level {
	switch worst {
	case inlFail:
		return Required
	case inlNotice:
		return Recommended
	default:
		return Optional
	}
}

// list joins words of the wire for a reason, at most a dozen.
func inlList(words []string) string {
	for i := len(words) - 1; i > 0; i-- { // two suites may share a group
		if slices.Contains(words[:i], words[i]) {
			words = slices.Concat(words[:i], words[i+1:])
		}
	}
	if len(words) > 12 {
		words = append(words[:12:12], "…")
	}
	return strings.Join(words, ", ")
}
