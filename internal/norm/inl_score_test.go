package norm

import (
	"fmt"
	"testing"
)

// server builds results for a category of tests: every test good, then the changes.
func inlWith(specs []inlSpec, category string, changes ...inlTest) []inlTest {
	var ts []inlTest
	for _, sp := range specs {
		if sp.category != category {
			continue
		}
		t := inlUntested(sp)
		t.status, t.word, t.points = inlSuccess, "good", t.max
		if sp.max > 0 {
			t.worst = inlFail
		}
		for _, c := range changes {
			if c.name == t.name {
				c.max = t.max
				if c.worst == 0 && c.status != inlNotTested {
					c.worst = t.worst
				}
				c.light = t.light
				t = c
			}
		}
		ts = append(ts, t)
	}
	return ts
}

// dead is a server of which only the first test is set.
func inlDeadServer(specs []inlSpec, category string) []inlTest {
	var ts []inlTest
	for _, sp := range specs {
		if sp.category == category {
			ts = append(ts, inlUntested(sp))
		}
	}
	ts[0].status, ts[0].word = inlError, "other"
	return ts
}

func inlNote(name, word string, s inlStatus, points int) inlTest {
	return inlTest{name: name, word: word, status: s, points: points}
}

func (t inlTest) weighing(worst inlStatus) inlTest { t.worst = worst; return t }

func inlBad(name string) inlTest { return inlNote(name, "bad", inlFail, 0) }

func inlSkip(name string, worst inlStatus, points int) inlTest {
	return inlNote(name, "not-tested", inlNotTested, points).weighing(worst)
}

// inlExpect checks a category: points/max, percentage, {word, status}.
func inlExpect(t *testing.T, c *inlCategory, want string) {
	t.Helper()
	p, ok := c.percent()
	got := fmt.Sprintf("%d/%d %d%% {%s, %s}", c.points, c.max, p, c.word, c.status)
	if !ok {
		got = fmt.Sprintf("- {%s, %s}", c.word, c.status)
	}
	if got != want {
		t.Errorf("%s: got %s, want %s", c.name, got, want)
	}
}

func inlExpectTotal(t *testing.T, want int, cs ...*inlCategory) {
	t.Helper()
	if got, ok := inlTotal(cs); !ok || got != want {
		t.Errorf("total %d (%v), want %d", got, ok, want)
	}
}

func inlWebCategory(name string, changes ...inlTest) *inlCategory {
	return inlSum(name, inlWith(inlWebSpecs, name, changes...), name == "https")
}

func inlWebTLS(servers ...[]inlTest) *inlCategory { return inlSum("https", inlMerge(servers), true) }

func inlMailCategory(name string, changes ...inlTest) *inlCategory {
	return inlSum(name, inlWith(inlMailSpecs, name, changes...), name == "starttls")
}

func inlMailTLS(servers ...[]inlTest) *inlCategory {
	return inlSum("starttls", inlMerge(servers), true)
}

// The worked examples of catalogue B.14, as printed.

func TestExample1WebWith54Percent(t *testing.T) {
	ipv6 := inlWebCategory("ipv6", inlBad("ipv6_ns_address"), inlSkip("ipv6_ns_reach", inlFail, inlNSPoints(nil)))
	inlExpect(t, ipv6, "12/22 54% {failed, failed}")
	dnssec := inlWebCategory("dnssec", inlBad("dnssec_exist"), inlSkip("dnssec_valid", inlFail, inlDNSSECPoints("insecure")))
	inlExpect(t, dnssec, "2/10 20% {failed, failed}")
	one := inlWith(inlWebSpecs, "https", inlBad("https_cert_chain"),
		inlNote("https_tls_keyexchangehash", "phase-out", inlNotice, 10), inlNote("https_tls_caa", "bad", inlNotice, 0),
		inlNote("https_tls_ocsp", "not-in-cert", inlNotTested, 0).weighing(inlNotice))
	tls := inlWebTLS(one, one)
	inlExpect(t, tls, "140/150 93% {failed, failed}")
	headers := inlWebCategory("appsecpriv", inlNote("appsecpriv_csp", "bad", inlNotice, 0))
	inlExpect(t, headers, "- {warning, warning}")
	rpki := inlWebCategory("rpki", inlNote("rpki_exists", "error", inlError, 0), inlNote("rpki_valid", "error", inlError, 0),
		inlSkip("ns_rpki_exists", inlFail, 5), inlSkip("ns_rpki_valid", inlFail, 10))
	inlExpect(t, rpki, "15/30 50% {error, error}")
	inlExpectTotal(t, 54, ipv6, dnssec, tls, headers, rpki)
}

func TestExample2MailWith31Percent(t *testing.T) {
	ipv6 := inlMailCategory("ipv6", inlBad("ipv6_ns_address").weighing(inlFail), inlSkip("ipv6_ns_reach", inlFail, 0))
	inlExpect(t, ipv6, "10/20 50% {failed, failed}")
	dnssec := inlMailCategory("dnssec", inlBad("dnssec_mailto_exist"), inlSkip("dnssec_mailto_valid", inlFail, inlMailDNSSECPoints("insecure", "secure")))
	inlExpect(t, dnssec, "2/10 20% {failed, failed}")
	auth := inlMailCategory("auth", inlBad("auth_dmarc_exist"), inlSkip("auth_dmarc_policy", inlFail, 0), inlBad("auth_spf_exist"), inlSkip("auth_spf_policy", inlFail, 0))
	inlExpect(t, auth, "10/50 20% {failed, failed}")
	inlMX := inlDeadServer(inlMailSpecs, "starttls")
	inlMX[0].worst = inlFail
	tls := inlMailTLS(inlMX)
	inlExpect(t, tls, "0/10 0% {unreachable, error}")
	rpki := inlMailCategory("rpki", inlNote("rpki_exists", "error", inlError, 0), inlNote("rpki_valid", "error", inlError, 0),
		inlSkip("ns_rpki_exists", inlFail, 5), inlSkip("ns_rpki_valid", inlFail, 10), inlSkip("mx_ns_rpki_exists", inlFail, 5), inlSkip("mx_ns_rpki_valid", inlFail, 10))
	inlExpect(t, rpki, "30/45 66% {error, error}")
	inlExpectTotal(t, 31, ipv6, dnssec, auth, tls, rpki)
}

func TestExample3NameServerPoints(t *testing.T) {
	v6, v4, inlDeadServer := inlHostScore{true, 10}, inlHostScore{false, 0}, inlHostScore{true, 0}
	for _, c := range []struct {
		hosts []inlHostScore
		want  int
	}{
		{[]inlHostScore{v6, v4, v6}, 10},
		{[]inlHostScore{v6, v4, v6, inlDeadServer, v6, v4, v6}, 8},
		{[]inlHostScore{v6}, 5},
		{[]inlHostScore{v6, v4}, 5},
		{[]inlHostScore{v6, v4, v4}, 3},
		{nil, 0},
	} {
		if got := inlNSPoints(c.hosts); got != c.want {
			t.Errorf("%v: got %d, want %d", c.hosts, got, c.want)
		}
	}
}

// mx is a mail server on which everything was tested.
func inlMX(changes ...inlTest) []inlTest { return inlWith(inlMailSpecs, "starttls", changes...) }

func TestExample4TwoMailServers(t *testing.T) {
	good := inlMX()
	noTLSA := inlMX(inlBad("starttls_dane_exist"), inlSkip("starttls_dane_valid", inlInfo, 0))
	both := inlMailTLS(good, noTLSA)
	inlExpect(t, both, "120/140 85% {failed, failed}")
	for _, x := range both.tests {
		if x.name == "starttls_dane_exist" && (x.word != "bad" || x.status != inlFail) ||
			x.name == "starttls_dane_valid" && x.status != inlNotTested {
			t.Errorf("%s is %s:%s", x.name, x.word, x.status)
		}
	}
	inlExpect(t, inlMailTLS(good), "140/140 100% {passed, passed}")
	inlExpect(t, inlMailTLS(noTLSA), "120/130 92% {failed, failed}")
	inlExpect(t, inlMailTLS(inlMX(inlBad("starttls_dane_exist"), inlBad("starttls_dane_valid"))), "120/140 85% {failed, failed}")
	inlExpect(t, inlMailTLS(inlMX(inlNote("starttls_dane_exist", "bogus", inlFail, 0), inlSkip("starttls_dane_valid", inlInfo, 0))), "120/130 92% {failed, failed}")
}

func TestExample5OneOfTwoMailServersDead(t *testing.T) {
	off := inlDeadServer(inlMailSpecs, "starttls")
	off[0].worst = inlFail
	c := inlMailTLS(inlMX(), off)
	if p, _ := c.percent(); p != 0 || c.word != "unreachable" || c.status != inlError {
		t.Errorf("got %d%% {%s, %s}", p, c.word, c.status)
	}
	for _, x := range c.tests[1:] {
		if x.status != inlNotTested {
			t.Errorf("%s is %s", x.name, x.status)
		}
	}
	if got := MailServersTestable(c.tests[0].word); got != "unreachable" {
		t.Errorf("testable %s", got)
	}
	if got := TLS13Support([]ServerWords{{"good", "na"}, {"other", "not-tested"}}); got != "undetermined" {
		t.Errorf("tls_1_3_support %s", got)
	}
}

func TestExample6NullMX(t *testing.T) {
	ipv6 := inlMailCategory("ipv6", inlNote("ipv6_mx_address", "null-mx", inlNotTested, 0).weighing(inlNotice), inlSkip("ipv6_mx_reach", inlNotice, 0))
	inlExpect(t, ipv6, "10/10 100% {passed, passed}")
	dnssec := inlMailCategory("dnssec")
	auth := inlMailCategory("auth", inlSkip("auth_dkim_exist", inlInfo, 0))
	inlExpect(t, auth, "40/40 100% {passed, passed}")
	none := inlDeadServer(inlMailSpecs, "starttls")
	none[0].status, none[0].word = inlNotTested, "null-mx"
	tls := inlMailTLS(none)
	inlExpect(t, tls, "- {null-mx, info}")
	rpki := inlMailCategory("rpki", inlSkip("rpki_exists", inlFail, 5), inlSkip("rpki_valid", inlFail, 10), inlSkip("mx_ns_rpki_exists", inlFail, 5), inlSkip("mx_ns_rpki_valid", inlFail, 10))
	inlExpect(t, rpki, "45/45 100% {passed, passed}")
	inlExpectTotal(t, 100, ipv6, dnssec, auth, tls, rpki)
	if MailServersTestable("null-mx") != "ok" || TLS13Support(nil) != "no" {
		t.Error("the custom results of a null MX")
	}
}

func TestExample7HTTPSClientCannotFetch(t *testing.T) {
	redirect := inlSkip("https_http_redirect", inlFail, 0)
	redirect.unforced = true
	all := inlWith(inlWebSpecs, "https", redirect, inlBad("https_http_hsts"), inlNote("https_http_compress", "bad", inlInfo, 0))
	inlExpect(t, inlWebTLS(all), "130/150 86% {failed, failed}")
	inlExpect(t, inlWebTLS(inlWith(inlWebSpecs, "https", redirect)), "140/150 93% {passed, passed}")
}

func TestExample8ExtendedMasterSecretQuirk(t *testing.T) {
	both := inlWith(inlWebSpecs, "https")
	only13 := inlWith(inlWebSpecs, "https", inlNote("https_tls_extendedmastersecret", "na-no-tls-1-2", inlNotTested, 10).weighing(inlInfo))
	inlExpect(t, inlWebTLS(only13, both), "150/150 100% {failed, failed}")
	inlExpect(t, inlWebTLS(only13, only13), "140/140 100% {passed, passed}")
	inlExpect(t, inlWebTLS(both, inlDeadServer(inlWebSpecs, "https")), "0/150 0% {unreachable, error}")
	none := inlDeadServer(inlWebSpecs, "https")
	none[0].status, none[0].word = inlFail, "bad"
	inlExpect(t, inlWebTLS(none), "0/130 0% {failed, failed}")
}

func TestExample9TieOfServers(t *testing.T) {
	absent := inlWith(inlWebSpecs, "https", inlBad("https_http_hsts"))
	short := inlWith(inlWebSpecs, "https", inlNote("https_http_hsts", "other", inlFail, 2))
	for _, c := range []struct {
		servers [][]inlTest
		word    string
	}{{[][]inlTest{absent, short}, "other"}, {[][]inlTest{short, absent}, "bad"}} {
		got := inlWebTLS(c.servers...)
		inlExpect(t, got, "140/150 93% {failed, failed}")
		for _, x := range got.tests {
			if x.name == "https_http_hsts" && x.word != c.word {
				t.Errorf("verdict %s, want %s", x.word, c.word)
			}
		}
	}
}

func TestExample10Similarity(t *testing.T) {
	inlExpect(t, inlWebCategory("ipv6", inlNote("ipv6_ws_similar", "notice", inlNotice, 0)), "20/22 90% {passed, passed}")
	inlExpect(t, inlWebCategory("ipv6", inlNote("ipv6_ws_similar", "bad", inlFail, 2)), "22/22 100% {failed, failed}")
}

func TestCapOfTheWorstStatus(t *testing.T) {
	for _, c := range []struct{ status, worst, want inlStatus }{
		{inlFail, inlInfo, inlInfo},
		{inlFail, inlNotice, inlNotice},
		{inlFail, inlFail, inlFail},
		{inlNotice, inlInfo, inlInfo},
		{inlInfo, inlFail, inlInfo},
		{inlSuccess, inlInfo, inlSuccess},
		{inlNotTested, inlInfo, inlNotTested},
	} {
		if got := inlCap(c.status, c.worst); got != c.want {
			t.Errorf("%s capped at %s is %s, want %s", c.status, c.worst, got, c.want)
		}
	}
}

func TestCategoryOfOnlyRecommendedTests(t *testing.T) {
	all := []inlTest{}
	for _, sp := range inlWebSpecs {
		if sp.category == "appsecpriv" {
			all = append(all, inlUntested(sp))
		}
	}
	inlExpect(t, inlSum("appsecpriv", all, false), "- {warning, warning}") // the GET failed
	inlExpect(t, inlWebCategory("appsecpriv", inlNote("appsecpriv_referrer_policy", "recommendations", inlInfo, 0)), "- {passed, passed}")
	inlExpect(t, inlSum("x", []inlTest{inlNote("a", "b", inlInfo, 0).weighing(inlInfo)}, false), "- {info, info}")
}

func TestNotMeasuredLeavesPointsAndMaximum(t *testing.T) {
	whole := inlWith(inlWebSpecs, "https")
	part := inlWith(inlWebSpecs, "https", inlBad("https_http_hsts"))
	for i := range part {
		if part[i].name == "https_tls_ciphers" {
			part[i].gap = "timeout"
		}
	}
	inlExpect(t, inlWebTLS(whole, part), "130/140 92% {failed, failed}")
	for i := range part {
		part[i].gap = "timeout"
	}
	inlExpect(t, inlWebTLS(whole, part), "- {not-tested, not_tested}")
	ipv6 := inlWebCategory("ipv6")
	inlExpectTotal(t, 100, ipv6, inlWebTLS(whole, part))
	if _, ok := inlTotal([]*inlCategory{inlWebTLS(part)}); ok {
		t.Error("a score without any maximum")
	}
}

func TestMailIPv6PointsAreTheAverage(t *testing.T) {
	if inlMXPoints([]int{10, 2, 10, 0}) != 5 || inlMXPoints(nil) != 0 {
		t.Error("average rounded down")
	}
	if inlMailDNSSECPoints("secure", "bogus") != 0 || inlMailDNSSECPoints("secure", "secure") != 10 {
		t.Error("minimum over domain and mail servers")
	}
}
