package lab

import (
	"net/netip"

	"peil/internal/lab/weblab"
)

// An address without working TLS: Internet.nl tests nothing else there, and the
// lowest sum counts (catalogue B.1, B.2).
const inlTLSDead = `
  web_https_* not_tested not-tested 0/=
  web_https_http_available error other
  web_appsecpriv_* not_tested not-tested`

// The IPv6 address of the site is dead: reachability fails, and what concerns that
// address alone is not applicable (catalogue A.2).
const v6Dead = `
internet.nl 61
  web_ipv6_ws_reach failed bad 0/10
  web_ipv6_ws_similar not_tested not-tested 0/2` + inlTLSDead + `
peil below_standard
  web.https.available failed
  web.ipv6.reach failed
  web.ipv6.similar not_applicable
  web.dns.pair failed
forum
  web_legacy_tls_available failed
  web_legacy_https_enforced not_applicable
  web_legacy_hsts not_applicable
  web_legacy_tls_ncsc_web not_applicable
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_webserver failed
  web_legacy_dane not_applicable
  web_securitytxt not_applicable
  = web_complete failed
  = web_complete_with_ipv6_rpki failed
wdo
  wdo.https failed`

const noV6 = `
internet.nl 86
  web_ipv6_ws_address failed bad
  web_ipv6_ws_reach not_tested not-tested 0/10
  web_ipv6_ws_similar not_tested not-tested 0/2
peil below_standard
  web.ipv6.address failed
  web.ipv6.reach not_applicable
  web.ipv6.similar not_applicable
forum
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_webserver failed
  = web_complete_with_ipv6_rpki failed`

const nsForum = `
forum
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_nameserver failed
  = web_complete_with_ipv6_rpki failed`

const nsNoV6 = `
internet.nl 88
  web_ipv6_ns_address failed bad
  web_ipv6_ns_reach not_tested not-tested 0/10
peil below_standard
  web.ipv6.ns failed
  web.ipv6.nsreach not_applicable` + nsForum

// Nothing to visit: the legal and our own editions have no website to judge.
const noWebsite = `
internet.nl 61
  web_ipv6_ws_address failed bad
  web_ipv6_ws_reach not_tested not-tested 0/10
  web_ipv6_ws_similar not_tested not-tested 0/2
  web_https_* not_tested not-tested
  web_https_http_available failed bad
  web_appsecpriv_* not_tested not-tested
  web_rpki_exists not_tested no-addresses 5/5
  web_rpki_valid not_tested no-addresses 10/10
peil not_applicable
  web.* not_applicable
forum
  web* not_applicable
  = web_complete not_applicable
  = web_complete_with_ipv6_rpki not_applicable
wdo
  wdo.* not_applicable
ncsc-tls-2021
  tls.* not_applicable
ncsc-tls-2025
  tls.* not_applicable`

// nsSet changes the set of name servers.
func nsSet(set string) func(*Site) { return func(s *Site) { s.DNS.NameServers = set } }

// noAnswer6 is an address of the address plan at which nobody lives: the network map does
// not have it.
var noAnswer6 = netip.MustParseAddr("2a1f:80ff:ffff::1")

func ipv6Sites() []entry {
	return []entry{
		{"v6-none", "ipv6", Text{"geen IPv6-adres", "no IPv6 address"}, func(s *Site) { s.V6 = nil }, noV6},
		{"v6-mapped", "ipv6", Text{"alleen een IPv4-mapped IPv6-adres", "an IPv4-mapped IPv6 address alone"}, func(s *Site) { s.V6, s.DNS.Mapped = nil, true }, noV6},
		{"v6-refused", "ipv6", Text{"het IPv6-adres weigert verbindingen", "the IPv6 address refuses connections"}, func(s *Site) {
			s.V6[0].Port80, s.V6[0].Port443 = Refused, Refused
		}, v6Dead},
		{"v6-silent", "ipv6", Text{"het IPv6-adres antwoordt niet", "the IPv6 address does not answer"}, func(s *Site) {
			s.V6[0].Port80, s.V6[0].Port443 = Silent, Silent
		}, v6Dead},
		{"v6-second-dead", "ipv6", Text{"het tweede van twee IPv6-adressen weigert", "the second of two IPv6 addresses refuses"}, func(s *Site) {
			s.V6 = append(s.V6, Server{Port80: Refused, Port443: Refused})
		}, `
internet.nl 90
  web_ipv6_ws_reach failed bad 2/10
peil below_standard
  web.https.available failed
  web.ipv6.reach failed
forum
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_webserver failed
  = web_complete_with_ipv6_rpki failed
wdo
  wdo.https failed`},
		{"v6-port80-closed", "ipv6", Text{"poort 80 is over IPv6 dicht", "port 80 is closed over IPv6"}, func(s *Site) { s.V6[0].Port80 = Refused }, `
internet.nl 88
  web_ipv6_ws_reach passed good 2/10
  web_ipv6_ws_similar failed bad 0/2
  web_https_http_redirect passed other 10/10
peil below_standard
  web.ipv6.reach failed
  web.ipv6.similar warning
forum
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_webserver failed
  = web_complete_with_ipv6_rpki failed`},
		{"v6-differs", "ipv6", Text{"over IPv6 staat er een andere pagina", "another page over IPv6"}, func(s *Site) {
			s.V6[0].http(func(p *weblab.Profile) { p.Page.Different = 80 })
		}, `
internet.nl 97
  web_ipv6_ws_similar warning notice 0/2
peil up_to_standard
  web.ipv6.similar warning
forum
  web_legacy_ipv6_webserver warning`},
		{"v6-status-differs", "ipv6", Text{"over IPv6 antwoordt de website met een fout (503)", "over IPv6 the website answers with an error (503)"}, func(s *Site) {
			s.V6[0].http(func(p *weblab.Profile) { p.Page.Status = 503 })
		}, `
internet.nl 100
  web_ipv6_ws_similar failed bad 2/2
peil up_to_standard
  web.ipv6.similar failed
forum
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_webserver failed
  = web_complete_with_ipv6_rpki failed`},
		{"not-found", "ipv6", Text{"de voorpagina bestaat niet (404), over beide even", "the front page does not exist (404), the same over both"}, func(s *Site) {
			s.page(func(p *weblab.Page) { p.Status = 404 })
		}, `
internet.nl 100
  web_ipv6_ws_similar warning notice-status-code 2/2
forum
  web_legacy_ipv6_webserver warning`},
		{"v4-none", "ipv6", Text{"geen IPv4-adres", "no IPv4 address"}, func(s *Site) { s.V4 = nil }, `
internet.nl 100
  web_ipv6_ws_similar not_tested not-tested
peil up_to_standard
  web.ipv6.similar not_applicable`},
		{"v6-unmapped", "ipv6", Text{"een IPv6-adres dat in dit netwerk niet bestaat", "an IPv6 address that does not exist in this network"}, func(s *Site) {
			s.V6, s.DNS.Extra = nil, []netip.Addr{noAnswer6}
		}, `
# What concerns the address is not measured, and the rest is judged (catalogue A.3).
internet.nl 100
  web_ipv6_ws_reach not_measured
  web_ipv6_ws_similar not_measured
  web_https_* not_measured
  web_appsecpriv_* not_measured
peil cannot_say
  web.https.* not_measured
  web.https.http3 failed
  web.tls.* not_measured
  web.tls.good failed
  web.cert.* not_measured
  web.header.* not_measured
  web.page.* not_measured
  web.cookie.attributes not_measured
  web.securitytxt.* not_measured
  web.login.plain not_measured
  web.ipv6.reach not_measured
  web.ipv6.similar not_measured
  web.dns.pair not_measured
  web.dane not_measured
-forum
wdo
  wdo.* not_measured
ncsc-tls-2021
  tls.* not_measured
ncsc-tls-2025
  tls.* not_measured`},
		{"no-addresses", "ipv6", Text{"geen enkel adres", "no address at all"}, func(s *Site) { s.DNS.NoA, s.DNS.NoAAAA = true, true }, noWebsite},

		{"ns-no-v6", "ipv6", Text{"geen nameserver heeft IPv6", "no name server has IPv6"}, nsSet("v4-only"), nsNoV6},
		{"ns-v6-mapped", "ipv6", Text{"de IPv6-adressen van de nameservers zijn IPv4-mapped", "the IPv6 addresses of the name servers are IPv4-mapped"}, nsSet("v6-mapped"), nsNoV6},
		{"ns-one-v6", "ipv6", Text{"één van twee nameservers heeft IPv6", "one of two name servers has IPv6"}, nsSet("one-v6"), `
internet.nl 94
  web_ipv6_ns_address failed other
  web_ipv6_ns_reach passed good 5/10
peil below_standard
  web.ipv6.ns failed` + nsForum},
		{"ns-three-one-v6", "ipv6", Text{"één van drie nameservers heeft IPv6", "one of three name servers has IPv6"}, nsSet("three-one-v6"), `
internet.nl 92
  web_ipv6_ns_address failed other
  web_ipv6_ns_reach passed good 3/10
peil below_standard
  web.ipv6.ns failed` + nsForum},
		{"ns-two-of-three-v6", "ipv6", Text{"twee van drie nameservers hebben IPv6", "two of three name servers have IPv6"}, nsSet("two-of-three-v6"), ``},
		{"ns-single", "ipv6", Text{"één nameserver", "a single name server"}, nsSet("single"), `
internet.nl 94
  web_ipv6_ns_address failed other
  web_ipv6_ns_reach passed good 5/10
peil below_standard
  web.ipv6.ns failed
  web.dns.delegation warning` + nsForum},
		{"ns-v6-refused", "ipv6", Text{"het IPv6-adres van één nameserver weigert", "the IPv6 address of one name server refuses"}, nsSet("v6-dead"), `
internet.nl 94
  web_ipv6_ns_reach failed bad 5/10
peil below_standard
  web.ipv6.nsreach failed
  web.dns.delegation warning` + nsForum},
		{"ns-v6-silent", "ipv6", Text{"het IPv6-adres van één nameserver antwoordt niet", "the IPv6 address of one name server does not answer"}, nsSet("v6-silent"), `
internet.nl 94
  web_ipv6_ns_reach failed bad 5/10
peil below_standard
  web.ipv6.nsreach failed
  web.dns.delegation warning` + nsForum},
		{"ns-v6-all-refused", "ipv6", Text{"de IPv6-adressen van alle nameservers weigeren", "the IPv6 addresses of all name servers refuse"}, nsSet("v6-all-dead"), `
internet.nl 88
  web_ipv6_ns_reach failed bad 0/10
peil below_standard
  web.ipv6.nsreach failed
  web.dns.delegation warning` + nsForum},
		{"ns-seven", "ipv6", Text{"zeven nameservers, vijf met IPv6, waarvan één dood", "seven name servers, five with IPv6, one of which dead"}, nsSet("seven"), `
internet.nl 97
  web_ipv6_ns_reach failed bad 8/10
peil below_standard
  web.ipv6.nsreach failed
  web.dns.delegation warning` + nsForum},
	}
}
