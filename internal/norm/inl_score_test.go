package norm

import (
	"fmt"
	"testing"
)

// server builds results for a category of tests: every test good, then the changes.
func server(specs []inlSpec, category string, changes ...inlTest) []inlTest {
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
func dead(specs []inlSpec, category string) []inlTest {
	var ts []inlTest
	for _, sp := range specs {
		if sp.category == category {
			ts = append(ts, inlUntested(sp))
		}
	}
	ts[0].status, ts[0].word = inlError, "other"
	return ts
}

func test(name, word string, s inlStatus, points int) inlTest {
	return inlTest{name: name, word: word, status: s, points: points}
}

func (t inlTest) weighing(worst inlStatus) inlTest { t.worst = worst; return t }

func bad(name string) inlTest { return test(name, "bad", inlFail, 0) }

func untested(name string, worst inlStatus, points int) inlTest {
	return test(name, "not-tested", inlNotTested, points).weighing(worst)
}

// inlMailSpecs are the mail tests whose weights examples 2 and 4 to 6 rest on, as they
// weigh once tested (catalogue B.3).
var inlMailSpecs = []inlSpec{
	{"ipv6_ns_address", "ipv6", 0, inlFail, false},
	{"ipv6_ns_reach", "ipv6", 10, inlFail, false},
	{"ipv6_mx_address", "ipv6", 0, inlNotice, false},
	{"ipv6_mx_reach", "ipv6", 10, inlNotice, false},
	{"dnssec_mailto_exist", "dnssec", 0, inlFail, false},
	{"dnssec_mailto_valid", "dnssec", 10, inlFail, false},
	{"dnssec_mx_exist", "dnssec", 0, inlFail, false},
	{"dnssec_mx_valid", "dnssec", 0, inlFail, false},
	{"auth_dmarc_exist", "auth", 10, inlFail, false},
	{"auth_dmarc_policy", "auth", 10, inlFail, false},
	{"auth_dkim_exist", "auth", 10, inlFail, false},
	{"auth_spf_exist", "auth", 10, inlFail, false},
	{"auth_spf_policy", "auth", 10, inlFail, false},
	{"starttls_tls_available", "starttls", 10, inlInfo, false},
	{"starttls_tls_version", "starttls", 10, inlInfo, false},
	{"starttls_tls_ciphers", "starttls", 10, inlInfo, false},
	{"starttls_tls_cipherorder", "starttls", 10, inlInfo, false},
	{"starttls_tls_keyexchange", "starttls", 10, inlInfo, false},
	{"starttls_tls_keyexchangehash", "starttls", 10, inlInfo, false},
	{"starttls_tls_compress", "starttls", 10, inlInfo, false},
	{"starttls_tls_secreneg", "starttls", 10, inlInfo, false},
	{"starttls_tls_clientreneg", "starttls", 0, inlInfo, false},
	{"starttls_tls_extendedmastersecret", "starttls", 10, inlInfo, false},
	{"starttls_tls_0rtt", "starttls", 10, inlInfo, false},
	{"starttls_tls_caa", "starttls", 0, inlNotice, false},
	{"starttls_cert_chain", "starttls", 0, inlInfo, false},
	{"starttls_cert_pubkey", "starttls", 10, inlInfo, false},
	{"starttls_cert_sig", "starttls", 10, inlInfo, false},
	{"starttls_cert_domain", "starttls", 0, inlInfo, false},
	{"starttls_dane_exist", "starttls", 10, inlInfo, false},
	{"starttls_dane_valid", "starttls", 10, inlInfo, false},
	{"starttls_dane_rollover", "starttls", 0, inlInfo, false},
	{"rpki_exists", "rpki", 5, inlFail, true},
	{"rpki_valid", "rpki", 10, inlFail, true},
	{"ns_rpki_exists", "rpki", 5, inlFail, true},
	{"ns_rpki_valid", "rpki", 10, inlFail, true},
	{"mx_ns_rpki_exists", "rpki", 5, inlFail, true},
	{"mx_ns_rpki_valid", "rpki", 10, inlFail, true},
}

// expect checks a category: points/max, percentage, {word, status}.
func expect(t *testing.T, c *inlCategory, want string) {
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

func expectTotal(t *testing.T, want int, cs ...*inlCategory) {
	t.Helper()
	if got, ok := inlTotal(cs); !ok || got != want {
		t.Errorf("total %d (%v), want %d", got, ok, want)
	}
}

func webCategory(name string, changes ...inlTest) *inlCategory {
	return inlSum(name, server(inlWebSpecs, name, changes...), name == "https")
}

func webTLS(servers ...[]inlTest) *inlCategory { return inlSum("https", inlMerge(servers), true) }

func mailCategory(name string, changes ...inlTest) *inlCategory {
	return inlSum(name, server(inlMailSpecs, name, changes...), name == "starttls")
}

func mailTLS(servers ...[]inlTest) *inlCategory { return inlSum("starttls", inlMerge(servers), true) }

// The worked examples of catalogue B.14, as printed.

func TestExample1WebWith54Percent(t *testing.T) {
	ipv6 := webCategory("ipv6", bad("ipv6_ns_address"), untested("ipv6_ns_reach", inlFail, inlNSPoints(nil)))
	expect(t, ipv6, "12/22 54% {failed, failed}")
	dnssec := webCategory("dnssec", bad("dnssec_exist"), untested("dnssec_valid", inlFail, inlDNSSECPoints("insecure")))
	expect(t, dnssec, "2/10 20% {failed, failed}")
	one := server(inlWebSpecs, "https", bad("https_cert_chain"),
		test("https_tls_keyexchangehash", "phase-out", inlNotice, 10), test("https_tls_caa", "bad", inlNotice, 0),
		test("https_tls_ocsp", "not-in-cert", inlNotTested, 0).weighing(inlNotice))
	tls := webTLS(one, one)
	expect(t, tls, "140/150 93% {failed, failed}")
	headers := webCategory("appsecpriv", test("appsecpriv_csp", "bad", inlNotice, 0))
	expect(t, headers, "- {warning, warning}")
	rpki := webCategory("rpki", test("rpki_exists", "error", inlError, 0), test("rpki_valid", "error", inlError, 0),
		untested("ns_rpki_exists", inlFail, 5), untested("ns_rpki_valid", inlFail, 10))
	expect(t, rpki, "15/30 50% {error, error}")
	expectTotal(t, 54, ipv6, dnssec, tls, headers, rpki)
}

func TestExample2MailWith31Percent(t *testing.T) {
	ipv6 := mailCategory("ipv6", bad("ipv6_ns_address").weighing(inlFail), untested("ipv6_ns_reach", inlFail, 0))
	expect(t, ipv6, "10/20 50% {failed, failed}")
	dnssec := mailCategory("dnssec", bad("dnssec_mailto_exist"), untested("dnssec_mailto_valid", inlFail, inlMailDNSSECPoints("insecure", "secure")))
	expect(t, dnssec, "2/10 20% {failed, failed}")
	auth := mailCategory("auth", bad("auth_dmarc_exist"), untested("auth_dmarc_policy", inlFail, 0), bad("auth_spf_exist"), untested("auth_spf_policy", inlFail, 0))
	expect(t, auth, "10/50 20% {failed, failed}")
	mx := dead(inlMailSpecs, "starttls")
	mx[0].worst = inlFail
	tls := mailTLS(mx)
	expect(t, tls, "0/10 0% {unreachable, error}")
	rpki := mailCategory("rpki", test("rpki_exists", "error", inlError, 0), test("rpki_valid", "error", inlError, 0),
		untested("ns_rpki_exists", inlFail, 5), untested("ns_rpki_valid", inlFail, 10), untested("mx_ns_rpki_exists", inlFail, 5), untested("mx_ns_rpki_valid", inlFail, 10))
	expect(t, rpki, "30/45 66% {error, error}")
	expectTotal(t, 31, ipv6, dnssec, auth, tls, rpki)
}

func TestExample3NameServerPoints(t *testing.T) {
	v6, v4, dead := inlHostScore{true, 10}, inlHostScore{false, 0}, inlHostScore{true, 0}
	for _, c := range []struct {
		hosts []inlHostScore
		want  int
	}{
		{[]inlHostScore{v6, v4, v6}, 10},
		{[]inlHostScore{v6, v4, v6, dead, v6, v4, v6}, 8},
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
func mx(changes ...inlTest) []inlTest { return server(inlMailSpecs, "starttls", changes...) }

func TestExample4TwoMailServers(t *testing.T) {
	good := mx()
	noTLSA := mx(bad("starttls_dane_exist"), untested("starttls_dane_valid", inlInfo, 0))
	both := mailTLS(good, noTLSA)
	expect(t, both, "120/140 85% {failed, failed}")
	for _, x := range both.tests {
		if x.name == "starttls_dane_exist" && (x.word != "bad" || x.status != inlFail) ||
			x.name == "starttls_dane_valid" && x.status != inlNotTested {
			t.Errorf("%s is %s:%s", x.name, x.word, x.status)
		}
	}
	expect(t, mailTLS(good), "140/140 100% {passed, passed}")
	expect(t, mailTLS(noTLSA), "120/130 92% {failed, failed}")
	expect(t, mailTLS(mx(bad("starttls_dane_exist"), bad("starttls_dane_valid"))), "120/140 85% {failed, failed}")
	expect(t, mailTLS(mx(test("starttls_dane_exist", "bogus", inlFail, 0), untested("starttls_dane_valid", inlInfo, 0))), "120/130 92% {failed, failed}")
}

func TestExample5OneOfTwoMailServersDead(t *testing.T) {
	off := dead(inlMailSpecs, "starttls")
	off[0].worst = inlFail
	c := mailTLS(mx(), off)
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
	ipv6 := mailCategory("ipv6", test("ipv6_mx_address", "null-mx", inlNotTested, 0).weighing(inlNotice), untested("ipv6_mx_reach", inlNotice, 0))
	expect(t, ipv6, "10/10 100% {passed, passed}")
	dnssec := mailCategory("dnssec")
	auth := mailCategory("auth", untested("auth_dkim_exist", inlInfo, 0))
	expect(t, auth, "40/40 100% {passed, passed}")
	none := dead(inlMailSpecs, "starttls")
	none[0].status, none[0].word = inlNotTested, "null-mx"
	tls := mailTLS(none)
	expect(t, tls, "- {null-mx, info}")
	rpki := mailCategory("rpki", untested("rpki_exists", inlFail, 5), untested("rpki_valid", inlFail, 10), untested("mx_ns_rpki_exists", inlFail, 5), untested("mx_ns_rpki_valid", inlFail, 10))
	expect(t, rpki, "45/45 100% {passed, passed}")
	expectTotal(t, 100, ipv6, dnssec, auth, tls, rpki)
	if MailServersTestable("null-mx") != "ok" || TLS13Support(nil) != "no" {
		t.Error("the custom results of a null MX")
	}
}

func TestExample7HTTPSClientCannotFetch(t *testing.T) {
	redirect := untested("https_http_redirect", inlFail, 0)
	redirect.unforced = true
	all := server(inlWebSpecs, "https", redirect, bad("https_http_hsts"), test("https_http_compress", "bad", inlInfo, 0))
	expect(t, webTLS(all), "130/150 86% {failed, failed}")
	expect(t, webTLS(server(inlWebSpecs, "https", redirect)), "140/150 93% {passed, passed}")
}

func TestExample8ExtendedMasterSecretQuirk(t *testing.T) {
	both := server(inlWebSpecs, "https")
	only13 := server(inlWebSpecs, "https", test("https_tls_extendedmastersecret", "na-no-tls-1-2", inlNotTested, 10).weighing(inlInfo))
	expect(t, webTLS(only13, both), "150/150 100% {failed, failed}")
	expect(t, webTLS(only13, only13), "140/140 100% {passed, passed}")
	expect(t, webTLS(both, dead(inlWebSpecs, "https")), "0/150 0% {unreachable, error}")
	none := dead(inlWebSpecs, "https")
	none[0].status, none[0].word = inlFail, "bad"
	expect(t, webTLS(none), "0/130 0% {failed, failed}")
}

func TestExample9TieOfServers(t *testing.T) {
	absent := server(inlWebSpecs, "https", bad("https_http_hsts"))
	short := server(inlWebSpecs, "https", test("https_http_hsts", "other", inlFail, 2))
	for _, c := range []struct {
		servers [][]inlTest
		word    string
	}{{[][]inlTest{absent, short}, "other"}, {[][]inlTest{short, absent}, "bad"}} {
		got := webTLS(c.servers...)
		expect(t, got, "140/150 93% {failed, failed}")
		for _, x := range got.tests {
			if x.name == "https_http_hsts" && x.word != c.word {
				t.Errorf("verdict %s, want %s", x.word, c.word)
			}
		}
	}
}

func TestExample10Similarity(t *testing.T) {
	expect(t, webCategory("ipv6", test("ipv6_ws_similar", "notice", inlNotice, 0)), "20/22 90% {passed, passed}")
	expect(t, webCategory("ipv6", test("ipv6_ws_similar", "bad", inlFail, 2)), "22/22 100% {failed, failed}")
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
	expect(t, inlSum("appsecpriv", all, false), "- {warning, warning}") // the GET failed
	expect(t, webCategory("appsecpriv", test("appsecpriv_referrer_policy", "recommendations", inlInfo, 0)), "- {passed, passed}")
	expect(t, inlSum("x", []inlTest{test("a", "b", inlInfo, 0).weighing(inlInfo)}, false), "- {info, info}")
}

func TestNotMeasuredLeavesPointsAndMaximum(t *testing.T) {
	whole := server(inlWebSpecs, "https")
	part := server(inlWebSpecs, "https", bad("https_http_hsts"))
	for i := range part {
		if part[i].name == "https_tls_ciphers" {
			part[i].gap = "timeout"
		}
	}
	expect(t, webTLS(whole, part), "130/140 92% {failed, failed}")
	for i := range part {
		part[i].gap = "timeout"
	}
	expect(t, webTLS(whole, part), "- {not-tested, not_tested}")
	ipv6 := webCategory("ipv6")
	expectTotal(t, 100, ipv6, webTLS(whole, part))
	if _, ok := inlTotal([]*inlCategory{webTLS(part)}); ok {
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
