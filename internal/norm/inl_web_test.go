package norm

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"peil/internal/fact"
)

var inlUpdate = flag.Bool("update-internetnl", false, "rewrite testdata/internetnl")

// brief writes a verdict as the tables do: word:status points/max, or the gap.
func brief(v *Verdict) string {
	if v.Outcome == NotMeasured {
		return "? " + string(v.Gap)
	}
	s := v.Word + ":" + v.Status
	if v.Max > 0 {
		s += fmt.Sprintf(" %d/%d", v.Points, v.Max)
	}
	return s
}

func inlNs(i int) func(*fact.Measurement) *fact.NameServer {
	return func(m *fact.Measurement) *fact.NameServer { return &m.DNS.NameServers[i] }
}

func inlNs6(m *fact.Measurement, i int) *fact.ServerAddr { return &m.DNS.NameServers[i].Addrs[1] }

func inlDropNS6(is ...int) inlChange {
	return func(m *fact.Measurement) {
		for _, i := range is {
			n := inlNs(i)(m)
			n.Addrs = n.Addrs[:1]
		}
	}
}

func inlHost(a netip.Addr, f func(*fact.WebHost)) inlChange {
	return func(m *fact.Measurement) { f(m.Web.Host(a)) }
}

const (
	inlEcdsaGCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
	inlEcdsaCBC = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"
	inlRsaCBC   = "TLS_RSA_WITH_AES_128_CBC_SHA"
	inlDheGCM   = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
)

// order asks of the server to pick, from the phase-out suite and then the better one.
func inlAsked(picked string) inlChange {
	return inlAll(inlWithSuites(inlEcdsaGCM, inlEcdsaCBC), inlTlsOf(func(t *fact.TLS) {
		p := fact.OrderProbe{Version: fact.TLS12, Offered: []fact.Suite{inlSuiteOf(inlEcdsaCBC), inlSuiteOf(inlEcdsaGCM)}}
		if picked != "" {
			p.Picked = inlSuiteOf(picked)
		} else {
			p.Gap = fact.GapBlocked
		}
		t.Order = []fact.OrderProbe{p}
	}))
}

// TestEveryBranchOfTheWebTable has at least one case for each branch of each row of
// catalogue B.2: the good website with one change.
func TestEveryBranchOfTheWebTable(t *testing.T) {
	set := func(f func(*fact.TLS)) inlChange { return inlTlsOf(f) }
	sec := func(f func(*fact.SecurityTxt)) inlChange {
		return inlHosts(func(h *fact.WebHost) { f(h.HTTP.SecurityTxt) })
	}
	v6extra := netip.MustParseAddr("2001:db8::11")
	for _, c := range []struct {
		id   string
		name string
		do   inlChange
		want string
	}{
		{"ipv6_ns_address", "two", nil, "good:passed"},
		{"ipv6_ns_address", "one", inlDropNS6(0), "other:failed"},
		{"ipv6_ns_address", "none", inlDropNS6(0, 1), "bad:failed"},
		{"ipv6_ns_address", "no name server", func(m *fact.Measurement) { m.DNS.NameServers = nil }, "bad:failed"},
		{"ipv6_ns_address", "mapped addresses do not count", func(m *fact.Measurement) {
			inlNs6(m, 0).Addr, inlNs6(m, 1).Addr = netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.2")
		}, "bad:failed"},
		{"ipv6_ns_address", "not looked up", func(m *fact.Measurement) { m.DNS.NSGap = fact.GapDNS }, "? dns"},
		{"ipv6_ns_address", "one not looked up", func(m *fact.Measurement) { inlNs(0)(m).Gap = fact.GapTimeout; inlDropNS6(0)(m) }, "? timeout"},
		{"ipv6_ns_reach", "all answer", nil, "good:passed 10/10"},
		{"ipv6_ns_reach", "answers by TCP alone", func(m *fact.Measurement) { inlNs6(m, 0).UDP = inlIsDead }, "good:passed 10/10"},
		{"ipv6_ns_reach", "none has AAAA", inlDropNS6(0, 1), "not-tested:not_tested 0/10"},
		{"ipv6_ns_reach", "one dead", func(m *fact.Measurement) { inlNs6(m, 0).UDP, inlNs6(m, 0).TCP = inlIsDead, inlIsDead }, "bad:failed 5/10"},
		{"ipv6_ns_reach", "only one has it", inlDropNS6(0), "good:passed 5/10"},
		{"ipv6_ns_reach", "one not seen", func(m *fact.Measurement) { inlNs6(m, 0).UDP, inlNs6(m, 0).TCP = inlIsHidden, inlIsHidden }, "? timeout"},
		{"ipv6_ns_reach", "one beyond the number measured", func(m *fact.Measurement) {
			n := inlNs(0)(m)
			b := fact.Reach{Gap: fact.GapBeyond}
			n.Addrs = append(n.Addrs, fact.ServerAddr{Addr: v6extra, UDP: b, TCP: b})
		}, "good:passed 10/10"},

		{"ipv6_ws_address", "has", nil, "good:passed"},
		{"ipv6_ws_address", "has none", inlNoAddress("AAAA"), "bad:failed"},
		{"ipv6_ws_address", "mapped", func(m *fact.Measurement) {
			m.Web.Wire = []netip.Addr{inlV4Addr, netip.MustParseAddr("::ffff:192.0.2.1")}
		}, "bad:failed"},
		{"ipv6_ws_address", "not looked up", inlAll(inlNoAddress("AAAA"), func(m *fact.Measurement) { inlLookup(m, inlSite, "AAAA").Gap = fact.GapTimeout }), "? timeout"},
		{"ipv6_ws_reach", "reached", nil, "good:passed 10/10"},
		{"ipv6_ws_reach", "no AAAA", inlNoAddress("AAAA"), "not-tested:not_tested 0/10"},
		{"ipv6_ws_reach", "dead", inlHost(inlV6Addr, func(h *fact.WebHost) { h.Port80, h.Port443 = inlIsDead, inlIsDead }), "bad:failed 0/10"},
		{"ipv6_ws_reach", "dead, another works", func(m *fact.Measurement) {
			h := m.Web.Hosts[1]
			h.Addr, h.Port80, h.Port443 = v6extra, inlIsDead, inlIsDead
			m.Web.Hosts, m.Web.Wire = append(m.Web.Hosts, h), append(m.Web.Wire, v6extra)
		}, "bad:failed 2/10"},
		{"ipv6_ws_reach", "port 80 on IPv4 only", inlHost(inlV6Addr, func(h *fact.WebHost) { h.Port80 = inlIsDead }), "good:passed 2/10"},
		{"ipv6_ws_reach", "port 80 unknown on IPv6", inlHost(inlV6Addr, func(h *fact.WebHost) { h.Port80 = inlIsHidden }), "? timeout"},
		{"ipv6_ws_reach", "no IPv6 here", inlHost(inlV6Addr, func(h *fact.WebHost) {
			h.Port80, h.Port443 = fact.Reach{Gap: fact.GapNoIPv6}, fact.Reach{Gap: fact.GapNoIPv6}
		}), "? no_ipv6"},

		{"ipv6_ws_similar", "same", nil, "good:passed 2/2"},
		{"ipv6_ws_similar", "just under the limit", func(m *fact.Measurement) { m.Web.Similarity.Class = "under" }, "good:passed 2/2"},
		{"ipv6_ws_similar", "no IPv6 works", inlNoAddress("AAAA"), "not-tested:not_tested 0/2"},
		{"ipv6_ws_similar", "no A", inlNoAddress("A"), "not-tested:not_tested"},
		{"ipv6_ws_similar", "IPv4 dead", inlHost(inlV4Addr, func(h *fact.WebHost) { h.Port80, h.Port443 = inlIsDead, inlIsDead }), "bad:failed 0/2"},
		{"ipv6_ws_similar", "a port on IPv4 only", inlHost(inlV6Addr, func(h *fact.WebHost) { h.Port80 = inlIsDead }), "bad:failed 0/2"},
		{"ipv6_ws_similar", "no answer in one family", func(m *fact.Measurement) { m.Web.Similarity.Reason = "no_answer_v6" }, "bad:failed 0/2"},
		{"ipv6_ws_similar", "ports that answer differ", func(m *fact.Measurement) { m.Web.Similarity.Ports6 = []int{443} }, "bad:failed 0/2"},
		{"ipv6_ws_similar", "read error", func(m *fact.Measurement) { m.Web.Similarity.Reason = "read_error" }, "bad:failed 0/2"},
		{"ipv6_ws_similar", "status codes differ", func(m *fact.Measurement) { m.Web.Similarity.Status6 = 404 }, "bad:failed 2/2"},
		{"ipv6_ws_similar", "pages differ", func(m *fact.Measurement) { m.Web.Similarity.Class = "differs" }, "notice:warning 0/2"},
		{"ipv6_ws_similar", "just over the limit", func(m *fact.Measurement) { m.Web.Similarity.Class = "over" }, "notice:warning 0/2"},
		{"ipv6_ws_similar", "the same error page", func(m *fact.Measurement) { m.Web.Similarity.Status4, m.Web.Similarity.Status6 = 503, 503 }, "notice-status-code:warning 2/2"},
		{"ipv6_ws_similar", "not compared", func(m *fact.Measurement) { m.Web.Similarity = nil }, "? not_asked"},

		{"dnssec_exist", "secure", nil, "good:passed"},
		{"dnssec_exist", "bogus", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").Security = fact.Bogus }, "good:passed"},
		{"dnssec_exist", "insecure", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").Security = fact.Insecure }, "bad:failed"},
		{"dnssec_exist", "aliases in a circle", func(m *fact.Measurement) {
			l := inlLookup(m, inlSite, "SOA")
			l.RCode, l.Security, l.Gap, l.Problem = "SERVFAIL", fact.Indeterminate, fact.GapDNS, &fact.Problem{Code: "alias_loop"}
		}, "resolver-error:failed"},
		{"dnssec_valid", "aliases in a circle", func(m *fact.Measurement) {
			l := inlLookup(m, inlSite, "SOA")
			l.RCode, l.Security, l.Gap, l.Problem = "SERVFAIL", fact.Indeterminate, fact.GapDNS, &fact.Problem{Code: "alias_loop"}
		}, "not-tested:not_tested 0/10"},
		{"dnssec_exist", "servers refuse", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").RCode = "SERVFAIL" }, "resolver-error:failed"},
		{"dnssec_exist", "bogus denial", func(m *fact.Measurement) {
			l := inlLookup(m, inlSite, "SOA")
			l.Security, l.RCode = fact.Bogus, "NXDOMAIN"
		}, "resolver-error:failed"},
		{"dnssec_exist", "not answered to us", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").Gap = fact.GapTimeout }, "? timeout"},
		{"dnssec_valid", "secure", nil, "good:passed 10/10"},
		{"dnssec_valid", "bogus", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").Security = fact.Bogus }, "bad:failed 0/10"},
		{"dnssec_valid", "insecure", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").Security = fact.Insecure }, "not-tested:not_tested 2/10"},
		{"dnssec_valid", "servers refuse", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").RCode = "REFUSED" }, "not-tested:not_tested 0/10"},

		{"https_http_available", "up", nil, "good:passed"},
		{"https_http_available", "port dead", inlHost(inlV4Addr, func(h *fact.WebHost) { h.Port443 = inlIsDead }), "other:error"},
		{"https_http_available", "no working TLS", inlHost(inlV6Addr, func(h *fact.WebHost) { h.TLS.Working = inlNo }), "other:error"},
		{"https_http_available", "no address", inlAll(inlNoAddress("A"), inlNoAddress("AAAA")), "bad:failed"},
		{"https_http_available", "not seen", inlHost(inlV4Addr, func(h *fact.WebHost) { h.TLS.Working = inlUnseen }), "? timeout"},
		{"https_tls_version", "another address dead", inlHost(inlV4Addr, func(h *fact.WebHost) { h.Port443 = inlIsDead }), "not-tested:not_tested 0/10"},

		{"https_http_redirect", "redirects", nil, "good:passed 10/10"},
		{"https_http_redirect", "another port and path", inlHosts(func(h *fact.WebHost) { h.HTTP.Plain.Hops[0].Next = "https://WWW.example.nl:8443/x" }), "good:passed 10/10"},
		{"https_http_redirect", "no http", inlHosts(func(h *fact.WebHost) { h.Port80, h.HTTP.Plain = inlIsDead, nil }), "other:passed 10/10"},
		{"https_http_redirect", "client error", inlHosts(func(h *fact.WebHost) { h.HTTP.Plain.End = fact.EndClientError }), "other:passed 10/10"},
		{"https_http_redirect", "loop", inlHosts(func(h *fact.WebHost) { h.HTTP.Plain.End = fact.EndLoop }), "other:passed 10/10"},
		{"https_http_redirect", "no https", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure.End = fact.EndTooMany }), "no-https:not_tested 0/10"},
		{"https_http_redirect", "another name first", inlHosts(func(h *fact.WebHost) { h.HTTP.Plain.Hops[0].Next = "https://example.nl/" }), "bad:failed 0/10"},
		{"https_http_redirect", "http first", inlHosts(func(h *fact.WebHost) { h.HTTP.Plain.Hops[0].Next = "http://" + inlSite + "/x" }), "bad:failed 0/10"},
		{"https_http_redirect", "no redirect", inlHosts(func(h *fact.WebHost) { h.HTTP.Plain.Hops = []fact.Hop{{URL: "http://" + inlSite + "/", Status: 200}} }), "bad:failed 0/10"},
		{"https_http_redirect", "not seen", inlHosts(func(h *fact.WebHost) { h.HTTP.Plain.Gap = fact.GapSlow }), "? slow"},

		{"https_http_compress", "none", nil, "good:passed"},
		{"https_http_compress", "gzip", inlHeader("Content-Encoding", "gzip"), "bad:info"},
		{"https_http_compress", "GET fails", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{End: fact.EndClientError} }), "bad:info"},
		{"https_http_hsts", "a year", nil, "good:passed 10/10"},
		{"https_http_hsts", "less", inlHeader("Strict-Transport-Security", "max-age=86400"), "other:failed 2/10"},
		{"https_tls_caa", "no IPv6 here", inlNo6, "good:passed"},
		{"https_tls_caa", "no IPv6 here, not looked up", inlAll(inlNo6, func(m *fact.Measurement) { inlLookup(m, inlSite, "CAA").Gap = fact.GapTimeout }), "? timeout"},
		{"https_dane_exist", "no IPv6 here", inlNo6, "good:passed"},
		{"https_dane_exist", "no IPv6 here, no records", inlAll(inlNo6, inlNoTLSA), "bad:info"},
		{"https_dane_exist", "no IPv6 here, and IPv4 dead", inlAll(inlNo6, inlHost(inlV4Addr, func(h *fact.WebHost) { h.Port443 = inlIsDead })), "? no_ipv6"},
		{"https_dane_exist", "IPv6 not seen for another reason", inlHost(inlV6Addr, func(h *fact.WebHost) { h.Port443, h.TLS = inlIsHidden, nil }), "? timeout"},
		{"https_dane_valid", "no IPv6 here", inlNo6, "? no_ipv6"},
		{"https_dane_valid", "no IPv6 here, no records", inlAll(inlNo6, inlNoTLSA), "not-tested:not_tested"},

		{"https_http_hsts", "more than any number", inlHeader("Strict-Transport-Security", "max-age="+strings.Repeat("9", 30)), "good:passed 10/10"},
		{"https_http_hsts", "absent", inlHeader("Strict-Transport-Security"), "bad:failed 0/10"},
		{"https_http_hsts", "unreadable", inlHeader("Strict-Transport-Security", "max-age=\"31536000\""), "bad:failed 0/10"},
		{"https_http_hsts", "GET fails", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{End: fact.EndClientError} }), "bad:failed 0/10"},
		{"https_http_hsts", "not seen", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{Gap: fact.GapBlocked} }), "? blocked"},

		{"https_tls_version", "good", nil, "good:passed 10/10"},
		{"https_tls_version", "TLS 1.1", inlVersion(fact.TLS11, inlYes), "bad:failed 0/10"},
		{"https_tls_version", "SSL 2.0", inlVersion(fact.SSL20, inlYes), "bad:failed 0/10"},
		{"https_tls_version", "TLS 1.1 not seen", inlVersion(fact.TLS11, inlUnseen), "? timeout"},
		{"https_tls_version", "TLS 1.3 not seen", inlVersion(fact.TLS13, inlUnseen), "good:passed 10/10"},

		{"https_tls_ciphers", "good", nil, "good:passed 10/10"},
		{"https_tls_ciphers", "phase-out", inlWithSuites(inlEcdsaGCM, inlEcdsaCBC), "phase-out:warning 10/10"},
		{"https_tls_ciphers", "insufficient", inlWithSuites(inlEcdsaGCM, inlEcdsaCBC, inlRsaCBC), "bad:failed 0/10"},
		{"https_tls_ciphers", "CCM_8 on TLS 1.3", set(func(x *fact.TLS) { x.Suites[1].Accepted = append(x.Suites[1].Accepted, inlCCM8) }), "bad:failed 0/10"},
		{"https_tls_ciphers", "only the highest version below 1.3 counts", inlAll(inlVersion(fact.TLS10, inlYes), set(func(x *fact.TLS) {
			x.Suites = append(x.Suites, fact.SuiteSet{Version: fact.TLS10, Accepted: []fact.Suite{inlSuiteOf(inlRsaCBC)}})
		})), "good:passed 10/10"},
		{"https_tls_ciphers", "1.3 only", inlOnly13, "good:passed 10/10"},
		{"https_tls_ciphers", "insufficient ones not settled", set(func(x *fact.TLS) {
			x.Suites[0].Open = []fact.Suite{inlSuiteOf(inlRsaCBC)}
			x.Suites[0].Gap = fact.GapBlocked
		}), "? blocked"},
		{"https_tls_ciphers", "bad whatever is not settled", inlAll(inlWithSuites(inlRsaCBC), set(func(x *fact.TLS) { x.Suites[0].AllOpen = true })), "bad:failed 0/10"},

		{"https_tls_cipherorder", "nothing to phase out", nil, "good:passed 10/10"},
		{"https_tls_cipherorder", "1.3 only", inlOnly13, "na:passed 10/10"},
		{"https_tls_cipherorder", "no suite found", inlWithSuites(), "na:passed 10/10"},
		{"https_tls_cipherorder", "better first", inlAsked(inlEcdsaGCM), "good:passed 10/10"},
		{"https_tls_cipherorder", "worse first", inlAsked(inlEcdsaCBC), "bad:failed 0/10"},
		{"https_tls_cipherorder", "an insufficient one is preferred, which is not asked about", inlAll(inlWithSuites(inlEcdsaGCM, inlEcdsaCBC, inlRsaCBC), set(func(x *fact.TLS) {
			gcm, _ := fact.SuiteNamed(inlEcdsaGCM)
			cbc, _ := fact.SuiteNamed(inlEcdsaCBC)
			rsa, _ := fact.SuiteNamed(inlRsaCBC)
			x.Suites[0].ServerPreference, x.Suites[0].Chosen = inlYes, []fact.Suite{rsa, gcm, cbc}
			x.Order = []fact.OrderProbe{{Version: fact.TLS12, Offered: []fact.Suite{rsa, cbc, gcm}, Picked: rsa}}
		})), "good:passed 10/10"},
		{"https_tls_cipherorder", "not answered", inlAsked(""), "? blocked"},
		{"https_tls_cipherorder", "follows the client", inlAll(inlWithSuites(inlEcdsaGCM, inlEcdsaCBC), set(func(x *fact.TLS) { x.Suites[0].ServerPreference = inlNo })), "bad:failed 0/10"},
		{"https_tls_cipherorder", "its own order", inlAll(inlWithSuites(inlEcdsaGCM, inlEcdsaCBC), set(func(x *fact.TLS) {
			x.Suites[0].ServerPreference, x.Suites[0].Chosen = inlYes, []fact.Suite{inlSuiteOf(inlEcdsaGCM), inlSuiteOf(inlEcdsaCBC)}
		})), "good:passed 10/10"},
		{"https_tls_cipherorder", "insufficient ones are not compared", inlWithSuites(inlEcdsaGCM, inlRsaCBC), "good:passed 10/10"},

		{"https_tls_cipherorder", "one more may be picked wrongly", inlAll(inlAsked(inlEcdsaGCM), set(func(x *fact.TLS) {
			x.Suites[0].Open, x.Suites[0].Gap = []fact.Suite{0xC028}, fact.GapBlocked
		})), "? blocked"},
		{"https_tls_keyexchange", "good", nil, "good:passed 10/10"},
		{"https_tls_keyexchange", "a key that was not seen", set(func(x *fact.TLS) {
			x.Suites[0].Open, x.Suites[0].Gap = []fact.Suite{0x009E}, fact.GapBlocked
		}), "? blocked"},
		{"https_tls_keyexchange", "X25519 alone", set(func(x *fact.TLS) { x.KexSeen = []fact.Group{fact.X25519} }), "na:passed 10/10"},
		{"https_tls_keyexchange", "none seen", inlOnly13, "na:passed 10/10"},
		{"https_tls_keyexchange", "hybrids are not judged", inlAll(inlOnly13, set(func(x *fact.TLS) { x.KexSeen = []fact.Group{fact.X25519MLKEM768} })), "na:passed 10/10"},
		{"https_tls_keyexchange", "P-224", set(func(x *fact.TLS) { x.KexSeen = []fact.Group{fact.Secp224r1} }), "phase-out:warning 10/10"},
		{"https_tls_keyexchange", "secp256k1", set(func(x *fact.TLS) { x.KexSeen = []fact.Group{fact.Secp256k1} }), "bad:failed 0/10"},
		{"https_tls_keyexchange", "ffdhe3072", inlAll(inlWithSuites(inlDheGCM), set(func(x *fact.TLS) { x.DH = []fact.DHParams{{Bits: 3072, Generator: "2", Name: "ffdhe3072"}} })), "phase-out:warning 10/10"},
		{"https_tls_keyexchange", "ffdhe2048", inlAll(inlWithSuites(inlDheGCM), set(func(x *fact.TLS) { x.DH = []fact.DHParams{{Bits: 2048, Generator: "2", Name: "ffdhe2048"}} })), "bad:failed 0/10"},
		{"https_tls_keyexchange", "another generator", inlAll(inlWithSuites(inlDheGCM), set(func(x *fact.TLS) { x.DH = []fact.DHParams{{Bits: 3072, Generator: "5", Name: "ffdhe3072"}} })), "bad:failed 0/10"},
		{"https_tls_keyexchange", "a key too small for their library", inlAll(inlWithSuites(inlDheGCM), set(func(x *fact.TLS) {
			x.KexSeen, x.DH = nil, []fact.DHParams{{Bits: 768, Generator: "2"}}
		})), "na:passed 10/10"},
		{"https_tls_keyexchange", "keys not kept", set(func(x *fact.TLS) { x.KexSeen = nil }), "? not_asked"},

		{"https_tls_keyexchangehash", "good", nil, "good:passed 10/10"},
		{"https_tls_keyexchangehash", "SHA-1", set(func(x *fact.TLS) { x.KexHashSHA1 = inlYes }), "bad:failed 0/10"},
		{"https_tls_keyexchangehash", "SHA-224", set(func(x *fact.TLS) { x.KexHashSHA224 = inlYes }), "phase-out:warning 10/10"},
		{"https_tls_keyexchangehash", "1.3 only", inlOnly13, "good:passed 10/10"},
		{"https_tls_keyexchangehash", "not seen", set(func(x *fact.TLS) { x.KexHashSHA1 = inlUnseen }), "? timeout"},
		{"https_tls_compress", "none", nil, "good:passed 10/10"},
		{"https_tls_compress", "used", set(func(x *fact.TLS) { x.Compression = inlYes }), "bad:failed 0/10"},
		{"https_tls_compress", "1.3 only", inlOnly13, "good:passed 10/10"},
		{"https_tls_secreneg", "supported", nil, "good:passed 10/10"},
		{"https_tls_secreneg", "not supported", set(func(x *fact.TLS) { x.SecureRenegotiation = inlNo }), "bad:failed 0/10"},
		{"https_tls_secreneg", "not seen", set(func(x *fact.TLS) { x.SecureRenegotiation = inlUnseen }), "? timeout"},
		{"https_tls_clientreneg", "0 of 11", nil, "not-allowed:passed"},
		{"https_tls_clientreneg", "1.3 only", inlOnly13, "not-allowed:passed"},
		{"https_tls_clientreneg", "10", set(func(x *fact.TLS) { x.ClientRenegotiation = fact.Renegotiation{Observed: inlYes, Count: 10, Tries: 11} }), "allowed-with-low-limit:info"},
		{"https_tls_clientreneg", "11, capped", set(func(x *fact.TLS) { x.ClientRenegotiation = fact.Renegotiation{Observed: inlYes, Count: 11, Tries: 11} }), "allowed-with-too-high-limit:info"},
		{"https_tls_clientreneg", "not tried", set(func(x *fact.TLS) { x.ClientRenegotiation = fact.Renegotiation{Observed: inlUnseen} }), "? timeout"},
		{"https_tls_extendedmastersecret", "used", nil, "good:passed 10/10"},
		{"https_tls_extendedmastersecret", "not used", set(func(x *fact.TLS) { x.ExtendedMasterSecret = inlNo }), "bad:failed 0/10"},
		{"https_tls_extendedmastersecret", "no TLS 1.2", inlOnly13, "na-no-tls-1-2:not_tested"},
		{"https_tls_extendedmastersecret", "no TLS 1.2 on one server [Q]", func(m *fact.Measurement) {
			whole := m.Web.Hosts
			m.Web.Hosts = whole[:1]
			inlOnly13(m)
			m.Web.Hosts = whole
		}, "na-no-tls-1-2:not_tested 10/10"},
		{"https_tls_0rtt", "not accepted", nil, "good:passed 10/10"},
		{"https_tls_0rtt", "accepted", set(func(x *fact.TLS) { x.EarlyData.Observed = inlYes }), "bad:failed 0/10"},
		{"https_tls_0rtt", "without 1.3", inlAll(inlVersion(fact.TLS13, inlNo), set(func(x *fact.TLS) { x.EarlyData = fact.EarlyData{} })), "good:passed 10/10"},
		{"https_tls_0rtt", "not seen", set(func(x *fact.TLS) { x.EarlyData.Observed = inlUnseen }), "? timeout"},

		{"https_tls_ocsp", "stapled", nil, "good:passed"},
		{"https_tls_ocsp", "no URL in the leaf", inlChain("no-ocsp", nil), "not-in-cert:not_tested"},
		{"https_tls_ocsp", "none", set(func(x *fact.TLS) { x.OCSP = fact.OCSPStaple{Stapled: inlNo} }), "ok:info"},
		{"https_tls_ocsp", "not trusted", set(func(x *fact.TLS) { x.OCSP.Trusted = false }), "bad:warning"},
		{"https_tls_ocsp", "outdated", set(func(x *fact.TLS) { x.OCSP.NextUpdate = inlNow.Add(-time.Hour) }), "bad:warning"},
		{"https_tls_ocsp", "not asked", set(func(x *fact.TLS) { x.OCSP = fact.OCSPStaple{} }), "? not_asked"},
		{"https_tls_caa", "above the name", nil, "good:passed"},
		{"https_tls_caa", "none", func(m *fact.Measurement) {
			inlLookup(m, "example.nl", "CAA").Records = nil
			m.DNS.Lookups = append(m.DNS.Lookups, fact.Lookup{Name: "nl", Type: "CAA", RCode: "NOERROR", Security: fact.Secure})
		}, "bad:warning"},
		{"https_tls_caa", "failure on the way", func(m *fact.Measurement) { inlLookup(m, inlSite, "CAA").RCode = "SERVFAIL" }, "bad:warning"},
		{"https_tls_caa", "no issue", func(m *fact.Measurement) {
			inlLookup(m, "example.nl", "CAA").Records = []fact.Record{inlCaaRecord("issuewild", "a_b")}
		}, "insufficient:warning"},
		{"https_tls_caa", "error", func(m *fact.Measurement) {
			l := inlLookup(m, "example.nl", "CAA")
			l.Records = append(l.Records, inlCaaRecord("policy", "x"))
		}, "syntax-error:warning"},
		{"https_tls_caa", "not asked", func(m *fact.Measurement) { inlLookup(m, "example.nl", "CAA").Records = nil }, "? not_asked"},

		{"https_cert_chain", "trusted", nil, "good:passed 10/10"},
		{"https_cert_chain", "untrusted", inlChain("good", func(x *fact.Trust) { x.Trusted, x.Problem = false, "expired" }), "bad:failed 0/10"},
		{"https_cert_chain", "an algorithm that we do not know", inlChain("good", func(x *fact.Trust) { x.Trusted, x.Problem = false, "unsupported" }), "? unsupported"},
		{"https_cert_chain", "anonymous", inlAll(inlWithSuites("TLS_DH_anon_WITH_AES_128_GCM_SHA256"), inlVersion(fact.TLS13, inlNo), set(func(x *fact.TLS) { x.Deployments, x.Suites = nil, x.Suites[:1] })), "could-not-test:not_tested 0/10"},
		{"https_cert_pubkey", "anonymous", inlAll(inlWithSuites("TLS_DH_anon_WITH_AES_128_GCM_SHA256"), inlVersion(fact.TLS13, inlNo), set(func(x *fact.TLS) { x.Deployments, x.Suites = nil, x.Suites[:1] })), "not-tested:not_tested 0/10"},
		{"https_dane_exist", "anonymous", inlAll(inlWithSuites("TLS_DH_anon_WITH_AES_128_GCM_SHA256"), inlVersion(fact.TLS13, inlNo), set(func(x *fact.TLS) { x.Deployments, x.Suites = nil, x.Suites[:1] })), "bad:info"},
		{"https_cert_chain", "not received", set(func(x *fact.TLS) { x.Deployments = nil }), "? not_asked"},
		{"https_cert_pubkey", "P-256", nil, "good:passed 10/10"},
		{"https_cert_pubkey", "Ed25519", inlChain("ed25519", nil), "good:passed 10/10"},
		{"https_cert_pubkey", "RSA 3072", inlChain("rsa3072", nil), "good:passed 10/10"},
		{"https_cert_pubkey", "RSA 2048", inlChain("rsa2048", nil), "phase-out:warning 10/10"},
		{"https_cert_pubkey", "P-224", inlChain("p224", nil), "phase-out:warning 10/10"},
		{"https_cert_pubkey", "RSA 1024", inlChain("rsa1024", nil), "bad:failed 0/10"},
		{"https_cert_pubkey", "an intermediate counts", func(m *fact.Measurement) { m.Chains[0].Certs = append(m.Chains[0].Certs, inlCerts()["rsa1024"]) }, "bad:failed 0/10"},
		{"https_cert_pubkey", "a known root does not", func(m *fact.Measurement) {
			m.Chains[0].Certs, m.Chains[0].Trust.Roots = append(m.Chains[0].Certs, inlCerts()["rsa1024"]), []int{1}
		}, "good:passed 10/10"},
		{"https_cert_sig", "SHA-256", nil, "good:passed 10/10"},
		{"https_cert_sig", "Ed25519", inlChain("ed25519", nil), "good:passed 10/10"},
		{"https_cert_sig", "SHA-224", inlChain("sha224", nil), "phase-out:warning 10/10"},
		{"https_cert_sig", "unknown", inlChain("sig-unknown", nil), "bad:failed 0/10"},
		{"https_cert_sig", "RSASSA-PSS [Q]", inlChain("pss", nil), "bad:failed 0/10"},
		{"https_cert_domain", "match", nil, "good:passed 10/10"},
		{"https_cert_domain", "wildcard", inlChain("wildcard", nil), "good:passed 10/10"},
		{"https_cert_domain", "another", inlChain("other", nil), "bad:failed 0/10"},
		{"https_cert_domain", "common name does not count", inlChain("cn-only", nil), "bad:failed 0/10"},

		{"https_dane_exist", "secure", nil, "good:passed"},
		{"https_dane_exist", "none", func(m *fact.Measurement) { inlLookup(m, tlsaName(inlSite), "TLSA").Records = nil }, "bad:info"},
		{"https_dane_exist", "insecure", func(m *fact.Measurement) { inlLookup(m, tlsaName(inlSite), "TLSA").Security = fact.Insecure }, "bad:info"},
		{"https_dane_exist", "bogus", func(m *fact.Measurement) { inlLookup(m, tlsaName(inlSite), "TLSA").Security = fact.Bogus }, "bogus:info"},
		{"https_dane_exist", "bogus denial of A", func(m *fact.Measurement) {
			inlLookup(m, tlsaName(inlSite), "TLSA").Records = nil
			m.DNS.Lookups = append(m.DNS.Lookups, fact.Lookup{Name: tlsaName(inlSite), Type: "A", RCode: "NXDOMAIN", Security: fact.Bogus})
		}, "bogus:info"},
		{"https_dane_exist", "not asked", func(m *fact.Measurement) { inlLookup(m, tlsaName(inlSite), "TLSA").Gap = fact.GapTimeout }, "? timeout"},
		{"https_dane_valid", "matches", nil, "good:passed"},
		{"https_dane_valid", "differs", func(m *fact.Measurement) {
			inlLookup(m, tlsaName(inlSite), "TLSA").Records = []fact.Record{inlTlsaRecord(3, []byte("x"))}
		}, "bad:warning"},
		{"https_dane_valid", "none usable", func(m *fact.Measurement) {
			inlLookup(m, tlsaName(inlSite), "TLSA").Records = []fact.Record{{Raw: []byte{9, 9, 9, 9}}}
		}, "bad:warning"},
		{"https_dane_valid", "none", func(m *fact.Measurement) { inlLookup(m, tlsaName(inlSite), "TLSA").Records = nil }, "not-tested:not_tested"},

		{"appsecpriv_x_frame_options", "DENY", nil, "good:passed"},
		{"appsecpriv_x_frame_options", "absent", inlHeader("X-Frame-Options"), "bad:info"},
		{"appsecpriv_x_content_type_options", "nosniff", nil, "good:passed"},
		{"appsecpriv_x_content_type_options", "absent", inlHeader("X-Content-Type-Options"), "bad:warning"},
		{"appsecpriv_csp", "strict", nil, "good:passed"},
		{"appsecpriv_csp", "absent", inlHeader("Content-Security-Policy"), "bad:warning"},
		{"appsecpriv_csp", "unsafe", inlHeader("Content-Security-Policy", inlGoodCSP+"; script-src 'unsafe-inline'"), "bad:warning"},
		{"appsecpriv_referrer_policy", "same-origin", nil, "good:passed"},
		{"appsecpriv_referrer_policy", "strict-origin", inlHeader("Referrer-Policy", "strict-origin"), "recommendations:info"},
		{"appsecpriv_referrer_policy", "absent", inlHeader("Referrer-Policy"), "recommendations:info"},
		{"appsecpriv_referrer_policy", "unsafe-url", inlHeader("Referrer-Policy", "unsafe-url"), "bad:warning"},
		{"appsecpriv_referrer_policy", "empty after a comma", inlHeader("Referrer-Policy", "same-origin,"), "bad:warning"},
		{"appsecpriv_csp", "GET fails", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{End: fact.EndClientError} }), "not-tested:not_tested"},
		{"appsecpriv_securitytxt", "signed", nil, "good:passed"},
		{"appsecpriv_securitytxt", "unsigned", sec(func(x *fact.SecurityTxt) {
			x.Body = []byte("Contact: https://example.nl/\nExpires: 2027-01-01T00:00:00Z\n")
		}), "recommendations:info"},
		{"appsecpriv_securitytxt", "expired", sec(func(x *fact.SecurityTxt) {
			x.Body = []byte("Contact: https://example.nl/\nExpires: 2025-01-01T00:00:00Z\n")
		}), "bad:warning"},
		{"appsecpriv_securitytxt", "nowhere", sec(func(x *fact.SecurityTxt) {
			x.WellKnown.Hops[0].Status = 404
			x.Legacy = &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{{URL: "https://" + inlSite + "/security.txt", Status: 404}}}
		}), "bad:warning"},
		{"appsecpriv_securitytxt", "GET fails", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{End: fact.EndClientError} }), "not-tested:not_tested"},
		{"appsecpriv_securitytxt", "not seen", sec(func(x *fact.SecurityTxt) { x.WellKnown = &fact.Fetch{Gap: fact.GapBudget} }), "? budget"},

		{"rpki_exists", "ROA", nil, "good:passed 5/5"},
		{"rpki_exists", "none", inlRoutes(func(r *fact.Route) {
			*r = fact.Route{Addr: r.Addr, Origins: []fact.RouteOrigin{{Prefix: r.Origins[0].Prefix, Origin: 1, State: fact.ROVNotFound}}}
		}, inlV4Addr), "bad:warning 0/5"},
		{"rpki_exists", "one that makes the route invalid counts", inlRoutes(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }, inlV4Addr), "good:passed 5/5"},
		{"rpki_exists", "without a route any that covers", inlRoutes(func(r *fact.Route) { r.Origins = nil }, inlV4Addr), "good:passed 5/5"},
		{"rpki_exists", "no address", inlAll(inlNoAddress("A"), inlNoAddress("AAAA")), "no-addresses:not_tested 5/5"},
		{"rpki_exists", "no VRPs here", inlRoutes(func(r *fact.Route) { r.VRPGap = fact.GapNoSource }, inlV4Addr), "? no_source"},
		{"rpki_valid", "valid", nil, "good:passed 10/10"},
		{"rpki_valid", "invalid", inlRoutes(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidLength }, inlV6Addr), "invalid:failed 0/10"},
		{"rpki_valid", "not found", inlRoutes(func(r *fact.Route) { r.Origins[0].State = fact.ROVNotFound }, inlV6Addr), "bad:failed 0/10"},
		{"rpki_valid", "invalid before not found", inlAll(inlRoutes(func(r *fact.Route) { r.Origins[0].State = fact.ROVNotFound }, inlV4Addr), inlRoutes(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }, inlV6Addr)), "invalid:failed 0/10"},
		{"rpki_valid", "not routed", inlRoutes(func(r *fact.Route) { r.Origins = nil }, inlV4Addr, inlV6Addr), "not-routed:not_tested 10/10"},
		{"rpki_valid", "some not routed", inlRoutes(func(r *fact.Route) { r.Origins = nil }, inlV4Addr), "good:passed 10/10"},
		{"rpki_valid", "a longer prefix than /24 is not looked at", inlRoutes(func(r *fact.Route) {
			r.Origins = append(r.Origins, fact.RouteOrigin{Prefix: netip.MustParsePrefix("192.0.2.0/25"), Origin: 9, State: fact.ROVInvalidLength})
		}, inlV4Addr), "good:passed 10/10"},
		{"rpki_valid", "no address", inlAll(inlNoAddress("A"), inlNoAddress("AAAA")), "no-addresses:not_tested 10/10"},
		{"ns_rpki_exists", "ROA", nil, "good:passed 5/5"},
		{"ns_rpki_exists", "no name server", func(m *fact.Measurement) { m.DNS.NameServers = nil }, "no-addresses:not_tested 5/5"},
		{"ns_rpki_valid", "valid", nil, "good:passed 10/10"},
		{"ns_rpki_valid", "invalid", inlRoutes(func(r *fact.Route) { r.Origins[0].State = fact.ROVInvalidAS }, netip.MustParseAddr("192.0.2.51")), "invalid:failed 0/10"},
		{"ns_rpki_valid", "no table", inlRoutes(func(r *fact.Route) { r.RouteGap = fact.GapNoSource }, netip.MustParseAddr("192.0.2.51")), "? no_source"},
	} {
		t.Run(c.id+"/"+c.name, func(t *testing.T) {
			m := inlGoodWebsite()
			if c.do != nil {
				c.do(m)
			}
			r := inlJudge(t, m)
			v := r.Verdict("web_" + c.id)
			if got := brief(v); got != c.want {
				t.Errorf("got %s, want %s (%v)", got, c.want, v.Reasons)
			}
			inlCheckWords(t, r)
			if measured := !strings.HasPrefix(c.want, "?"); r.Complete != measured && measured == (v.Outcome != NotMeasured) {
				for _, x := range r.Verdicts {
					if !measured && x.Outcome == NotMeasured {
						return
					}
				}
				if !measured {
					t.Error("complete although not all was measured")
				}
			}
		})
	}
}

// checkWords sees that each reason of a result has words in both languages and all
// the arguments that they ask for.
func inlCheckWords(t testing.TB, r *Result) {
	t.Helper()
	check := func(reason Reason) {
		text, ok := internetNL().Reasons[reason.Code]
		if !ok || text.NL == "" || text.EN == "" {
			t.Errorf("no words for %q", reason.Code)
		}
		for i := len(reason.Args) + 1; i < 4; i++ {
			if hole := fmt.Sprintf("{%d}", i); strings.Contains(text.NL+text.EN, hole) {
				t.Errorf("%s asks for %s, and has %v", reason.Code, hole, reason.Args)
			}
		}
	}
	for _, v := range r.Verdicts {
		if len(v.Reasons) == 0 {
			t.Errorf("%s gives no reason", v.ID)
		}
		for _, x := range v.Reasons {
			check(x)
		}
		if v.Outcome >= Info && len(v.Evidence) == 0 {
			t.Errorf("%s is %s without evidence", v.ID, brief(&v))
		}
		for _, x := range v.PerSubject {
			check(x.Saw)
		}
		if placesOfACheck.MatchString(v.Check) {
			t.Errorf("%s: the command is not filled in: %s", v.ID, v.Check)
		}
	}
}

func TestGoodWebsiteScores100(t *testing.T) {
	r := inlJudge(t, inlGoodWebsite())
	if r.Score == nil || *r.Score != 100 || !r.Complete {
		t.Errorf("score %v, complete %v", r.Score, r.Complete)
	}
	for _, c := range r.Categories {
		if c.Status != "passed" || c.Verdict != "passed" || c.Outcome != Passed {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
	for _, v := range r.Verdicts {
		if v.Outcome != Passed {
			t.Errorf("%s: %s", v.ID, brief(&v))
		}
	}
}

// TestScoresFromFacts follows examples of B.14 from the facts on.
func TestScoresFromFacts(t *testing.T) {
	for _, c := range []struct {
		name     string
		do       inlChange
		score    int
		category string
		want     string
	}{
		{"7: the client cannot fetch", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{End: fact.EndClientError} }), 96, "web_https", "130/150 {failed, failed}"},
		{"7: and the headers", inlHosts(func(h *fact.WebHost) { h.HTTP.Secure = &fact.Fetch{End: fact.EndClientError} }), 96, "web_appsecpriv", "0/0 {warning, warning}"},
		{"8: both 1.3 only", inlOnly13, 100, "web_https", "140/140 {passed, passed}"},
		{"8: one 1.3 only", func(m *fact.Measurement) {
			whole := m.Web.Hosts
			m.Web.Hosts = whole[:1]
			inlOnly13(m)
			m.Web.Hosts = whole
		}, 100, "web_https", "150/150 {failed, failed}"},
		{"8: IPv6 dead for HTTPS", inlHost(inlV6Addr, func(h *fact.WebHost) { h.Port443 = inlIsDead }), 63, "web_https", "0/150 {unreachable, error}"},
		{"8: no addresses", inlAll(inlNoAddress("A"), inlNoAddress("AAAA")), 61, "web_https", "0/130 {failed, failed}"},
		{"10: pages differ", func(m *fact.Measurement) { m.Web.Similarity.Class = "differs" }, 97, "web_ipv6", "20/22 {passed, passed}"},
		{"10: status codes differ", func(m *fact.Measurement) { m.Web.Similarity.Status6 = 404 }, 100, "web_ipv6", "22/22 {failed, failed}"},
		{"no IPv4 address", inlNoAddress("A"), 100, "web_ipv6", "20/20 {passed, passed}"},
		{"insecure", func(m *fact.Measurement) { inlLookup(m, inlSite, "SOA").Security = fact.Insecure }, 80, "web_dnssec", "2/10 {failed, failed}"},
		{"no ROA", inlRoutes(func(r *fact.Route) { *r = fact.Route{Addr: r.Addr} }, inlV4Addr), 95, "web_rpki", "25/30 {warning, warning}"},
		{"the RPKI of nothing routed", inlRoutes(func(r *fact.Route) { r.Origins = nil }, inlV4Addr, inlV6Addr), 100, "web_rpki", "30/30 {passed, passed}"},
		{"no VRPs: a category leaves the mean", func(m *fact.Measurement) {
			for i := range m.Routes {
				m.Routes[i].VRPGap = fact.GapNoSource
			}
			inlLookup(m, inlSite, "SOA").Security = fact.Insecure
		}, 73, "web_rpki", "0/0 {not-tested, not_tested}"},
		{"one server not seen: all of it leaves", inlHost(inlV6Addr, func(h *fact.WebHost) { h.TLS.Working = inlUnseen }), 100, "web_https", "0/0 {not-tested, not_tested}"},
	} {
		m := inlGoodWebsite()
		c.do(m)
		r := inlJudge(t, m)
		for _, cat := range r.Categories {
			if cat.Name != c.category {
				continue
			}
			if got := fmt.Sprintf("%d/%d {%s, %s}", cat.Points, cat.Max, cat.Verdict, cat.Status); got != c.want {
				t.Errorf("%s: %s is %s, want %s", c.name, cat.Name, got, c.want)
			}
		}
		if r.Score == nil || *r.Score != c.score {
			t.Errorf("%s: score %d, want %d", c.name, *r.Score, c.score)
		}
	}
}

func TestPointsOfTestsAddUpToTheCategory(t *testing.T) {
	m := inlGoodWebsite()
	m.Web.Hosts[0].HTTP.Secure.Hops[0].Header = nil // HSTS absent on IPv4 alone
	r := inlJudge(t, m)
	sums := map[string][2]int{}
	for i, v := range r.Verdicts {
		s := sums[inlWebSpecs[i].category]
		sums[inlWebSpecs[i].category] = [2]int{s[0] + v.Points, s[1] + v.Max}
	}
	for _, c := range r.Categories {
		if s := sums[strings.TrimPrefix(c.Name, "web_")]; s != [2]int{c.Points, c.Max} {
			t.Errorf("%s: tests %v, category %d/%d", c.Name, s, c.Points, c.Max)
		}
	}
	v := r.Verdict("web_https_http_hsts")
	if len(v.PerSubject) != 2 || v.PerSubject[0].Outcome != Failed || v.PerSubject[1].Outcome != Passed {
		t.Errorf("per address: %+v", v.PerSubject)
	}
}

// TestUntilIsWhereTheVerdictChanges judges the same facts just before and at the moment
// that a verdict names.
func TestUntilIsWhereTheVerdictChanges(t *testing.T) {
	for id, want := range map[string]time.Time{
		"web_https_cert_chain":       inlNow.AddDate(0, 2, 0),
		"web_dnssec_valid":           inlNow.AddDate(0, 0, 14),
		"web_https_tls_ocsp":         inlNow.AddDate(0, 0, 3),
		"web_appsecpriv_securitytxt": time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		"web_https_http_hsts":        {},
	} {
		if got := inlJudge(t, inlGoodWebsite()).Verdict(id).Until; !got.Equal(want) {
			t.Errorf("%s: until %v, want %v", id, got, want)
		}
	}
	m := inlGoodWebsite()
	v := inlJudge(t, m).Verdict("web_appsecpriv_securitytxt")
	m.At = v.Until.Add(time.Second)
	if w := inlJudge(t, m).Verdict("web_appsecpriv_securitytxt"); w.Outcome == v.Outcome {
		t.Error("security.txt does not change when it expires")
	}
}

func TestEveryTestHasItsTexts(t *testing.T) {
	e := internetNL()
	if len(e.Requirements) != 38+38 {
		t.Errorf("%d requirements", len(e.Requirements))
	}
	if n := len(inlWebSpecs) + len(inlMailSpecs); len(inlTexts().texts) != n {
		t.Errorf("%d texts for %d tests", len(inlTexts().texts), n)
	}
	for _, q := range e.Requirements {
		for what, text := range map[string]Text{"title": q.Title, "explanation": q.Explain, "reason why": q.Why} {
			if text.NL == "" || text.EN == "" {
				t.Errorf("%s: no %s", q.ID, what)
			}
		}
		if q.Source.Name == "" || q.Source.Section == "" || q.Source.URL == "" || len(q.Fixes) == 0 || inlTexts().check[q.ID] == "" {
			t.Errorf("%s: source, fix or check is missing", q.ID)
		}
		for _, f := range q.Fixes {
			if f.Text.NL == "" || f.Text.EN == "" {
				t.Errorf("%s: a fix for %q without words", q.ID, f.For)
			}
		}
	}
	for code, text := range e.Reasons {
		if text.NL == "" || text.EN == "" {
			t.Errorf("%s: words are missing", code)
		}
	}
	for id := range InternetNLNever() {
		if e.Requirement(id) == nil {
			t.Errorf("never: no test %s", id)
		}
	}
}

func TestTablesOfSuites(t *testing.T) {
	count := map[class]int{}
	for _, c := range inlSuites() {
		count[c]++
	}
	if count[good] != 2 || count[sufficient] != 10 || count[phaseOut] != 35 {
		t.Errorf("good %d, sufficient %d, phase-out %d; want 2, 10, 35", count[good], count[sufficient], count[phaseOut])
	}
}

// inlNo6 is a machine without IPv6.
var inlNo6 = inlHost(inlV6Addr, func(h *fact.WebHost) {
	h.Port80, h.Port443, h.TLS, h.HTTP = fact.Reach{Gap: fact.GapNoIPv6}, fact.Reach{Gap: fact.GapNoIPv6}, nil, nil
})

func inlNoTLSA(m *fact.Measurement) {
	l := inlLookup(m, tlsaName(inlSite), "TLSA")
	l.RCode, l.Records, l.Wire = "NXDOMAIN", nil, nil
}

// TestGoldenResults compares whole results with files that a person can read.
func TestGoldenResults(t *testing.T) {
	for name, do := range map[string]inlChange{
		"good": nil,
		"neglected": inlAll(inlDropNS6(0, 1), inlVersion(fact.TLS10, inlYes), inlWithSuites(inlEcdsaGCM, inlEcdsaCBC, inlRsaCBC), inlChain("other", func(x *fact.Trust) {
			x.Trusted, x.Problem = false, "name_mismatch"
		}), inlHeader("Strict-Transport-Security", "max-age=60"), inlHeader("Content-Security-Policy"), func(m *fact.Measurement) {
			inlLookup(m, inlSite, "SOA").Security = fact.Insecure
			inlLookup(m, tlsaName(inlSite), "TLSA").Security = fact.Insecure
		}, inlNoAddress("AAAA")),
		"half-seen": inlAll(inlHost(inlV6Addr, func(h *fact.WebHost) {
			h.Port80, h.Port443, h.TLS, h.HTTP = fact.Reach{Gap: fact.GapNoIPv6}, fact.Reach{Gap: fact.GapNoIPv6}, nil, nil
		}), func(m *fact.Measurement) {
			for i := range m.DNS.NameServers {
				inlNs6(m, i).UDP, inlNs6(m, i).TCP = fact.Reach{Gap: fact.GapNoIPv6}, fact.Reach{Gap: fact.GapNoIPv6}
			}
			m.Web.Similarity = nil
		}),
	} {
		m := inlGoodWebsite()
		if do != nil {
			do(m)
		}
		r := inlJudge(t, m)
		got := inlPrint(r)
		file := filepath.Join("testdata", "internetnl", name+".txt")
		if *inlUpdate {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; -update-internetnl rewrites it:\n%s", file, got)
		}
	}
}

// inlPrint writes a whole result for a person to read.
func inlPrint(r *Result) string {
	var b strings.Builder
	if r.Score != nil {
		fmt.Fprintf(&b, "score %d, complete %v\n", *r.Score, r.Complete)
	}
	for _, c := range r.Categories {
		fmt.Fprintf(&b, "%-16s %d/%d {%s, %s}\n", c.Name, c.Points, c.Max, c.Verdict, c.Status)
	}
	for _, v := range r.Verdicts {
		fmt.Fprintf(&b, "\n%s  %s  %s, %s\n", v.ID, brief(&v), v.Outcome, v.Level)
		for _, x := range v.Reasons {
			text := internetNL().Reasons[x.Code]
			fmt.Fprintf(&b, "  nl  %s\n  en  %s\n", inlFillArgs(text.NL, x.Args), inlFillArgs(text.EN, x.Args))
		}
		for _, x := range v.PerSubject {
			fmt.Fprintf(&b, "  at  %s: %s, %s\n", x.Subject, x.Outcome, inlFillArgs(internetNL().Reasons[x.Saw.Code].EN, x.Saw.Args))
		}
		for _, x := range v.Evidence {
			fmt.Fprintf(&b, "  it  %s\n", x)
		}
		if v.Check != "" {
			fmt.Fprintf(&b, "  do  %s\n", v.Check)
		}
	}
	return inlHexDigest.ReplaceAllString(b.String(), "<digest>")
}

func TestSameFactsSameVerdicts(t *testing.T) {
	m := inlGoodWebsite()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again fact.Measurement
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if a, b := inlJudge(t, m), inlJudge(t, &again); !reflect.DeepEqual(a, b) {
		t.Error("facts that went through a file are judged otherwise")
	}
}

// TestTotalOverDamagedFacts takes parts of the facts away at random: judging neither
// panics nor invents a failure of what is not there.
func TestTotalOverDamagedFacts(t *testing.T) {
	b, err := json.Marshal(inlGoodWebsite())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var tree any
		if err := json.Unmarshal(b, &tree); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 6).Draw(rt, "cuts") {
			inlDamage(rt, tree, 0)
		}
		cut, err := json.Marshal(tree)
		if err != nil {
			rt.Fatal(err)
		}
		var m fact.Measurement
		if json.Unmarshal(cut, &m) != nil {
			return
		}
		m.Target = fact.Target{Name: inlSite, Role: fact.Web}
		a, b := Judge(&m, internetNL()), Judge(&m, internetNL())
		if !reflect.DeepEqual(a, b) {
			rt.Fatal("not the same twice")
		}
		for _, v := range a.Verdicts {
			if v.Outcome == NotMeasured && (v.Gap == "" || v.Points != 0 || v.Max != 0) {
				rt.Fatalf("%s: not measured with gap %q, %d/%d", v.ID, v.Gap, v.Points, v.Max)
			}
			if v.Points > v.Max || v.Points < 0 {
				rt.Fatalf("%s: %d of %d", v.ID, v.Points, v.Max)
			}
		}
	})
}

// damage removes one thing somewhere in a tree of JSON.
func inlDamage(rt *rapid.T, x any, depth int) {
	switch n := x.(type) {
	case map[string]any:
		if len(n) == 0 {
			return
		}
		keys := make([]string, 0, len(n))
		for k := range n {
			keys = append(keys, k)
		}
		k := rapid.SampledFrom(inlSorted(keys)).Draw(rt, "key")
		if depth > 0 && rapid.IntRange(0, 3).Draw(rt, "cut") == 0 {
			delete(n, k)
			return
		}
		inlDamage(rt, n[k], depth+1)
	case []any:
		if len(n) > 0 {
			inlDamage(rt, n[rapid.IntRange(0, len(n)-1).Draw(rt, "index")], depth+1)
		}
	}
}

func FuzzJudgeInternetNL(f *testing.F) {
	b, err := json.Marshal(inlGoodWebsite())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"target":{"name":"a","role":"web"},"web":{"wire":["192.0.2.1"]},"dns":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m fact.Measurement
		if json.Unmarshal(b, &m) != nil {
			return
		}
		r := Judge(&m, internetNL())
		if r.Score != nil && (*r.Score < 0 || *r.Score > 100) {
			t.Fatalf("score %d", *r.Score)
		}
	})
}

func BenchmarkJudgeInternetNL(b *testing.B) {
	m := inlGoodWebsite()
	b.ReportAllocs()
	for b.Loop() {
		Judge(m, internetNL())
	}
}

func TestWebTLS13Support(t *testing.T) {
	for _, c := range []struct {
		name string
		do   inlChange
		want string
	}{
		{"up", func(*fact.Measurement) {}, "yes"},
		{"without TLS 1.3 all the same [Q]", inlVersion(fact.TLS13, inlNo), "yes"},
		{"one dead", inlHost(inlV4Addr, func(h *fact.WebHost) { h.Port443 = inlIsDead }), "undetermined"},
		{"no address", inlAll(inlNoAddress("A"), inlNoAddress("AAAA")), "no"},
		{"one not measured", inlHost(inlV6Addr, func(h *fact.WebHost) { h.Port443, h.TLS = fact.Reach{Gap: fact.GapNoIPv6}, nil }), "undetermined"},
		{"addresses not known", inlAll(inlNoAddress("A"), inlNoAddress("AAAA"), func(m *fact.Measurement) {
			m.DNS.Lookup(inlSite, "A").Gap = fact.GapTimeout
		}), "undetermined"},
	} {
		m := inlGoodWebsite()
		c.do(m)
		if got := WebTLS13Support(m); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCertificateOfSSL2IsNotTheOneJudged(t *testing.T) {
	m := inlGoodWebsite()
	der := inlCerts()["rsa1024"]
	id := fact.ChainID(inlSite, [][]byte{der})
	m.Chains = append(m.Chains, fact.Chain{ID: id, Certs: [][]byte{der}})
	inlTlsOf(func(x *fact.TLS) {
		x.Deployments = append([]fact.Deployment{{Chain: id, Version: fact.SSL20, First: true}}, x.Deployments...)
		x.Deployments[1].First = false
	})(m)
	if v := inlJudge(t, m).Verdict("web_https_cert_pubkey"); v.Outcome != Passed {
		t.Errorf("%+v", v)
	}
}
