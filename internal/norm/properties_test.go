package norm

import (
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"peil/internal/fact"
)

var update = flag.Bool("update", false, "rewrite golden files")

// placeholders are {1}, {2} … in a text.
var placeholders = regexp.MustCompile(`\{(\d+)\}`)

// fits reports whether a text has exactly the places that n arguments fill.
func fits(text string, n int) bool {
	seen := map[int]bool{}
	for _, p := range placeholders.FindAllStringSubmatch(text, -1) {
		i, _ := strconv.Atoi(p[1])
		if i < 1 || i > n {
			return false
		}
		seen[i] = true
	}
	return len(seen) == n
}

func TestEveryReasonHasWordsInBothLanguages(t *testing.T) {
	used := map[string]bool{}
	check := func(e *Edition, r Reason) {
		used[r.Code] = true
		text, ok := e.Reasons[r.Code]
		if !ok {
			t.Errorf("%s: no words for %q %q", e.Name, r.Code, r.Args)
			return
		}
		// A text may leave an argument to the evidence; it must not ask for more.
		for _, words := range []string{text.NL, text.EN} {
			if words == "" || (!fits(words, len(r.Args)) && r.Code != "dead-address") {
				t.Errorf("%s: %q has %d arguments: %q", e.Name, r.Code, len(r.Args), words)
			}
		}
	}
	for _, c := range verdictCases() {
		m := goodFor(t, c.id)
		c.change(t, m)
		e, _ := ByName(c.edition)
		for _, v := range Judge(m, e).Verdicts {
			for _, r := range v.Reasons {
				check(e, r)
			}
			for _, s := range v.PerSubject {
				check(e, s.Saw)
			}
		}
	}
	// Gaps and a few others come from the world outside: every gap has words.
	peil, _ := ByName("peil")
	for _, g := range allGaps {
		check(peil, gapReason(g))
	}
	var idle []string
	for code := range reasons() {
		if !used[code] {
			idle = append(idle, code)
		}
	}
	slices.Sort(idle)
	if len(idle) > 0 {
		t.Errorf("words that no case uses: %v", idle)
	}
}

var allGaps = []fact.Gap{
	fact.GapTimeout, fact.GapBlocked, fact.GapBudget, fact.GapOurNetwork, fact.GapNoIPv6, fact.GapNoIPv4, fact.GapNoSource, fact.GapSlow, fact.GapNotAsked,
	fact.GapExcluded, fact.GapNotPublic, fact.GapDNS, fact.GapMandate, fact.GapBeyond, fact.GapMalformed, fact.GapCancelled, fact.GapUnmapped, fact.GapUnsupported, fact.GapUnvalidated, fact.GapNoRecursion,
}

func TestEveryRequirementIsExplained(t *testing.T) {
	for _, e := range Editions() {
		if e.Name == "internet.nl" {
			continue
		}
		ids := map[string]bool{}
		for _, q := range e.Requirements {
			if ids[q.ID] {
				t.Errorf("%s: %s stands twice", e.Name, q.ID)
			}
			ids[q.ID] = true
			for what, text := range map[string]Text{"title": q.Title, "explain": q.Explain, "why": q.Why, "level reason": q.LevelReason} {
				if text.NL == "" || text.EN == "" {
					t.Errorf("%s %s: no %s", e.Name, q.ID, what)
				}
			}
			if q.Source.Name == "" || q.Tier == "" || q.Level == "" || q.Category == "" || q.Judge == nil {
				t.Errorf("%s %s: source %q, tier %q, level %q, category %q", e.Name, q.ID, q.Source.Name, q.Tier, q.Level, q.Category)
			}
			if len(q.Fixes) == 0 {
				t.Errorf("%s %s: no fix", e.Name, q.ID)
			}
			for _, f := range q.Fixes {
				if f.Text.NL == "" || f.Text.EN == "" || !slices.Contains([]string{"", "nginx", "apache", "iis", "dns", "postfix", "exim", "exchange"}, f.For) {
					t.Errorf("%s %s: fix for %q: %q", e.Name, q.ID, f.For, f.Text)
				}
			}
		}
		if _, err := json.Marshal(e); err != nil {
			t.Errorf("%s cannot be written as JSON: %v", e.Name, err)
		}
	}
}

// placesOfACheck are what fillIn fills in.
var placesOfACheck = regexp.MustCompile(`\{(name|zone|addr|peer|resolve|resolve80|nmap|host|subject|question)\}`)

// TestEveryVerdictSaysHowToCheckIt holds for whatever was seen, in every case of this
// package: what was judged can be looked at by anyone.
func TestEveryVerdictSaysHowToCheckIt(t *testing.T) {
	look := func(about string, m *fact.Measurement) {
		for i, r := range JudgeAll(m, Editions()...) {
			for _, v := range r.Verdicts {
				seen := v.Outcome != NotMeasured && v.Outcome != NotApplicable
				if seen && v.Check == "" || strings.ContainsAny(v.Check, "\n") || placesOfACheck.MatchString(v.Check) {
					t.Errorf("%s: %s %s %v: check %q", about, Editions()[i].Name, v.ID, v.Outcome, v.Check)
				}
			}
		}
	}
	look("good", goodSite(t))
	for _, c := range verdictCases() {
		m := goodFor(t, c.id)
		c.change(t, m)
		look(c.id+", "+c.name, m)
	}
}

func TestTheCheckNamesTheWorstAddress(t *testing.T) {
	m := goodSite(t)
	m.Web.Hosts[1].HTTP.Secure.Hops[0].Header = nil
	v := Judge(m, Editions()[0]).Verdict("web.https.hsts")
	want := "curl -sk -o /dev/null -D - --resolve www.example.nl:443:[2001:db8::10] https://www.example.nl/ | grep -i strict-transport-security"
	if v.Check != want {
		t.Errorf("got  %s\nwant %s", v.Check, want)
	}
}

// scramble fills a value with random small values: a measurement as no probe would
// make it.
func scramble(r *rand.Rand, v reflect.Value, depth int) {
	words := []string{"", "NOERROR", "NXDOMAIN", "secure", "bogus", "insecure", "accepted", "declined", "open", "dead", "timeout", siteName, "https://" + siteName + "/", "http://x", "max-age=1", "\"", "*", "Strict-Transport-Security", "A", "AAAA", "MX", "TXT", "10 mx1.example.nl", "mx1.example.nl", "ready", "example.nl", "valid", "\xff\x00"}
	if r.IntN(6) == 0 || depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		scramble(r, v.Elem(), depth+1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(now.Add(time.Duration(r.IntN(1000)-500) * time.Hour)))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				scramble(r, v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		n := r.IntN(4)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			scramble(r, v.Index(i), depth+1)
		}
	case reflect.String:
		v.SetString(words[r.IntN(len(words))])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(r.IntN(500)))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(uint64(r.IntN(1 << 8)))
	case reflect.Float64:
		v.SetFloat(r.Float64() * 100)
	}
}

func TestJudgingIsTotalAndDeterministic(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		var m fact.Measurement
		switch seed % 4 {
		case 0:
			m = *goodSite(t)
		case 2:
			m = *goodMail()
		}
		scramble(r, reflect.ValueOf(&m).Elem(), 0)
		m.Target = fact.Target{Name: siteName, Role: fact.Web}
		if seed%4 > 1 {
			m.Target = fact.Target{Name: inlDomain, Role: fact.Mail}
		}
		a := fmt.Sprint(deref(JudgeAll(&m, Editions()...)))
		b := fmt.Sprint(deref(JudgeAll(&m, Editions()...)))
		if a != b {
			t.Fatalf("seed %d: two judgements of the same facts differ", seed)
		}
	}
}

func deref(rs []*Result) (out []string) {
	for _, r := range rs {
		b, _ := json.Marshal(r)
		out = append(out, string(b))
	}
	return out
}

func TestAMustIsPassedOrFailed(t *testing.T) {
	for _, c := range verdictCases() {
		m := goodFor(t, c.id)
		c.change(t, m)
		for _, v := range Judge(m, Editions()[0]).Verdicts {
			if v.Level == Must && (v.Outcome == Warning || v.Outcome == Info) {
				t.Errorf("%s, %s: %s is %v", c.id, c.name, v.ID, v.Outcome)
			}
		}
	}
}

func TestWordsOfTheWireAreBounded(t *testing.T) {
	m := goodSite(t)
	setHeader("Strict-Transport-Security", strings.Repeat("max-age=x\xff;", 10000))(t, m)
	v := Judge(m, Editions()[0]).Verdict("web.https.hsts")
	b, err := json.Marshal(v)
	if err != nil || len(b) > 4000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestAnEmptyMeasurementIsNotMeasured(t *testing.T) {
	for _, role := range []fact.Role{fact.Web, fact.Mail} {
		m := &fact.Measurement{Target: fact.Target{Name: siteName, Role: role}, At: now}
		for _, e := range Editions() {
			for _, v := range Judge(m, e).Verdicts {
				if v.Outcome != NotMeasured || v.Gap == "" {
					t.Errorf("%s %s: %v %q", e.Name, v.ID, v.Outcome, v.Gap)
				}
			}
		}
	}
}

func TestUntilIsWhenTheVerdictChanges(t *testing.T) {
	for _, m := range []*fact.Measurement{goodSite(t), goodMail()} {
		untilOf(t, m)
	}
}

// byTheProbe are verdicts on facts that were drawn up with the clock: the probe judged
// dates.
var byTheProbe = []string{"web.cert.trust", "web.dnssec.valid", "mail.cert.trust", "mail.dnssec.domain", "mail.dnssec.mx", "mail.dane.exists"}

func untilOf(t *testing.T, m *fact.Measurement) {
	t.Helper()
	peil := Editions()[0]
	before := Judge(m, peil)
	for i := range before.Verdicts {
		v := &before.Verdicts[i]
		if v.Until.IsZero() || slices.Contains(byTheProbe, v.ID) {
			continue
		}
		later := *m
		later.At = v.Until.Add(-time.Second)
		if o := Judge(&later, peil).Verdict(v.ID).Outcome; o != v.Outcome {
			t.Errorf("%s: a second before %v already %v", v.ID, v.Until, o)
		}
		later.At = v.Until.Add(time.Second)
		if o := Judge(&later, peil).Verdict(v.ID).Outcome; o == v.Outcome {
			t.Errorf("%s: still %v after %v", v.ID, o, v.Until)
		}
	}
}

func TestUntilOfAStaple(t *testing.T) {
	next := now.AddDate(0, 0, 3)
	for _, c := range []struct {
		edition, id string
		until       time.Time
	}{
		{"peil", "web.tls.ocsp", next},
		{"ncsc-tls-2025", "tls.ocsp", next},
		{"wdo", "wdo.tls.ocsp", time.Time{}}, // in 2.1.1 stapling or not is all the same
	} {
		m := goodSite(t)
		ocsp(fact.OCSPStaple{Stapled: accepted, Status: "good", Trusted: true, NextUpdate: next})(t, m)
		e, _ := ByName(c.edition)
		v := Judge(m, e).Verdict(c.id)
		if v.Outcome != Passed || !v.Until.Equal(c.until) {
			t.Errorf("%s: %v until %v", c.edition, v.Outcome, v.Until)
		}
		m.At = next.Add(time.Second)
		if after := Judge(m, e).Verdict(c.id).Outcome; (after == Passed) != c.until.IsZero() {
			t.Errorf("%s: %v afterwards", c.edition, after)
		}
	}
}

func TestUntilOfWhatIsNotYetValid(t *testing.T) {
	soon := now.AddDate(0, 0, 2)
	m := goodSite(t)
	c := chainOf(m, issued(t, func(l *x509.Certificate) { l.NotBefore = soon }))
	c.Trust = fact.Trust{Problem: "not_yet_valid"}
	l := m.DNS.Lookup(siteName, "A")
	l.Security, l.Problem = fact.Bogus, &fact.Problem{Code: "not_yet_valid", Zone: "example.nl", When: soon}
	for _, id := range []string{"web.cert.trust", "web.cert.expiry", "web.dnssec.valid"} {
		if v := Judge(m, Editions()[0]).Verdict(id); v.Outcome != Failed || !v.Until.Equal(soon) {
			t.Errorf("%s: %v until %v", id, v.Outcome, v.Until)
		}
	}
}

func TestHeadline(t *testing.T) {
	v := func(l Level, o Outcome) Verdict { return Verdict{Level: l, Outcome: o} }
	for _, c := range []struct {
		name  string
		vs    []Verdict
		word  Word
		score int // -1: none
	}{
		{"nothing", nil, WordNotApplicable, -1},
		{"no must applies", []Verdict{v(Must, NotApplicable), v(Should, Failed)}, WordNotApplicable, 0},
		{"all met", []Verdict{v(Must, Passed), v(Should, Info)}, UpToStandard, 100},
		{"a should fails", []Verdict{v(Must, Passed), v(Should, Failed)}, UpToStandard, 66},
		{"a warning is half", []Verdict{v(Must, Passed), v(Should, Warning)}, UpToStandard, 83},
		{"a must fails, another is unseen", []Verdict{v(Must, Failed), v(Must, NotMeasured)}, BelowStandard, 0},
		{"a must is unseen", []Verdict{v(Must, Passed), v(Must, NotMeasured)}, CannotSay, 99},
		{"a could is unseen", []Verdict{v(Must, Passed), v(Could, NotMeasured)}, UpToStandard, 99},
	} {
		word, score := Headline(c.vs)
		if word != c.word || (score == nil) != (c.score < 0) || (score != nil && *score != c.score) {
			t.Errorf("%s: %v %v", c.name, word, score)
		}
	}
}

// TestScoreSaysOverHowMuch shows points and maximum beside the score of peil (catalogue
// A.2, A.5).
func TestScoreSaysOverHowMuch(t *testing.T) {
	r := &Result{Verdicts: []Verdict{
		{Level: Must, Outcome: Passed},
		{Level: Should, Outcome: Warning},
		{Level: Could, Outcome: Warning},
		{Level: Could, Outcome: Failed},
		{Level: Must, Outcome: NotMeasured},
		{Level: Should, Outcome: NotApplicable},
	}}
	sumPeil(nil, r)
	if r.Points != 5.5 || r.Max != 8 || r.Score == nil || *r.Score != 68 {
		t.Errorf("%v of %d, score %v", r.Points, r.Max, r.Score)
	}
}

func TestForumWebComplete(t *testing.T) {
	for _, c := range []struct {
		name         string
		change       change
		without, all Outcome
	}{
		{"good", unchanged, Passed, Passed},
		{"no website", gone, NotApplicable, NotApplicable},
		{"no HSTS", setHeader("Strict-Transport-Security"), Failed, Failed},
		{"phase-out counts as met", addSuites(ecdheCBC256), Passed, Passed},
		{"no routes known", facts(func(m *fact.Measurement) { m.Routes = nil }), Passed, NotMeasured},
		{"no IPv6 of name servers", facts(func(m *fact.Measurement) {
			for i := range m.DNS.NameServers {
				m.DNS.NameServers[i].Addrs = m.DNS.NameServers[i].Addrs[:1]
			}
		}), Passed, Failed},
	} {
		m := goodSite(t)
		c.change(t, m)
		d := Judge(m, forumEdition()).Derived
		if d[WebComplete] != c.without || d[WebCompleteIPv6AndRPKI] != c.all {
			t.Errorf("%s: %v", c.name, d)
		}
	}
}

func TestAddressesBeyondTheBudget(t *testing.T) {
	beyond := goodSite(t)
	beyond.Web.Beyond = append(beyond.Web.Beyond, web6.Next())
	v := Judge(beyond, Editions()[0]).Verdict("web.https.hsts")
	if v.Outcome != Passed || len(v.PerSubject) != 3 || v.PerSubject[2].Outcome != NotMeasured {
		t.Errorf("one address of the family was complete: %v %v", v.Outcome, v.PerSubject)
	}
	blind(&beyond.Web.Hosts[1])
	if v := Judge(beyond, Editions()[0]).Verdict("web.https.hsts"); v.Outcome != NotMeasured {
		t.Errorf("no address of the family was complete: %v", v.Outcome)
	}
}

// TestCoverage writes which requirement of which edition has a case that it passes and
// one that it fails (or, where it cannot fail, warns).
func TestCoverage(t *testing.T) {
	type key struct{ edition, id string }
	type have struct{ pass, below, other int }
	table := map[key]*have{}
	for _, c := range verdictCases() {
		k := key{c.edition, c.id}
		if table[k] == nil {
			table[k] = &have{}
		}
		switch c.want {
		case Passed, Info:
			table[k].pass++
		case Failed, Warning:
			table[k].below++
		default:
			table[k].other++
		}
	}
	// What the norm itself can never find below passed.
	never := map[key]bool{
		{"wdo", "wdo.tls.renegotiation.client"}: true, {"wdo", "wdo.tls.ocsp"}: true, {"wdo", "wdo.tls.ems"}: true,
		{"ncsc-tls-2021", "tls.renegotiation.client"}: true, {"ncsc-tls-2021", "tls.ocsp"}: true,
		{"peil", "mail.bimi"}:                        true,                                                      // no standard: it is mentioned and no more
		{"forum", "web_legacy_dane"}:                 true,                                                      // shown beside it: internet.nl at most warns
		{"forum", "mail_legacy_mail_sending_domain"}: true, {"forum", "mail_legacy_mail_server_testable"}: true, // shown beside it
	}
	// Of finite fields, 2025-05 calls nothing better than phase-out.
	neverPasses := key{"ncsc-tls-2025", "tls.keyexchange.ffdhe"}
	var b strings.Builder
	b.WriteString("# Coverage of the catalogue\n\nMade by `go test ./internal/norm -run Coverage -update`: the cases of each requirement, by what they give. The edition internet.nl has its own table of branches in its tests.\n\n| edition | requirement | passed | failed or warning | other |\n|---|---|---:|---:|---:|\n")
	for _, e := range Editions() {
		if e.Name == "internet.nl" {
			continue
		}
		for _, q := range e.Requirements {
			h := table[key{e.Name, q.ID}]
			if h == nil {
				h = &have{}
			}
			if (h.pass == 0 && (key{e.Name, q.ID}) != neverPasses) || (h.below == 0 && !never[key{e.Name, q.ID}]) {
				t.Errorf("%s %s: %d passing and %d failing cases", e.Name, q.ID, h.pass, h.below)
			}
			below := strconv.Itoa(h.below)
			if never[key{e.Name, q.ID}] {
				below = "cannot"
			}
			pass := strconv.Itoa(h.pass)
			if (key{e.Name, q.ID}) == neverPasses {
				pass = "cannot"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %d |\n", e.Name, q.ID, pass, below, h.other)
		}
	}
	golden(t, filepath.Join("..", "..", "docs", "coverage.md"), b.String())
}

// golden compares with a file that a person can read; -update rewrites it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is out of date: go test ./internal/norm -update", path)
	}
}

func BenchmarkJudgeAllEditions(b *testing.B) {
	m := goodSite(b)
	es := Editions()
	b.ReportAllocs()
	for b.Loop() {
		JudgeAll(m, es...)
	}
}
