package lab

import (
	"net/netip"

	"github.com/miekg/dns"

	"peil/internal/lab/dnslab"
	"peil/internal/lab/weblab"
)

// guardGroup are the sites that try to lead a scan to where it may not come.
const guardGroup = "guard"

// notPublic are addresses that are no place on the public internet, one of each block and
// disguise.
var notPublic = []struct {
	label, addr string
	text        Text
}{
	{"loopback", "127.0.0.1", Text{"de eigen machine", "the machine itself"}},
	{"loopback-other", "127.8.9.10", Text{"een ander adres van de eigen machine", "another address of the machine itself"}},
	{"unspecified", "0.0.0.0", Text{"het lege adres", "the unspecified address"}},
	{"this-network", "0.1.2.3", Text{"een adres van ‘dit netwerk’", "an address of ‘this network’"}},
	{"ten", "10.0.0.1", Text{"een intern adres (10/8)", "a private address (10/8)"}},
	{"seventeen", "172.31.255.1", Text{"een intern adres (172.16/12)", "a private address (172.16/12)"}},
	{"home", "192.168.1.1", Text{"een intern adres (192.168/16)", "a private address (192.168/16)"}},
	{"carrier", "100.64.0.1", Text{"een adres achter de NAT van een provider", "an address behind a carrier's NAT"}},
	{"metadata", "169.254.169.254", Text{"de metadatadienst van cloudaanbieders", "the metadata service of cloud providers"}},
	{"assignments", "192.0.0.170", Text{"een adres voor protocollen", "an address for protocols"}},
	{"documentation", "192.0.2.1", Text{"een adres voor documentatie", "an address for documentation"}},
	{"documentation-3", "203.0.113.7", Text{"een ander adres voor documentatie", "another address for documentation"}},
	{"relay", "192.88.99.1", Text{"het adres van 6to4-relays", "the address of 6to4 relays"}},
	{"benchmark", "198.18.0.1", Text{"een adres voor metingen van apparaten", "an address for benchmarks"}},
	{"multicast", "224.0.0.251", Text{"een multicastadres", "a multicast address"}},
	{"reserved", "240.0.0.1", Text{"een gereserveerd adres", "a reserved address"}},
	{"broadcast", "255.255.255.255", Text{"het adres van iedereen", "the address of everybody"}},

	{"loopback6", "::1", Text{"de eigen machine", "the machine itself"}},
	{"unspecified6", "::", Text{"het lege adres", "the unspecified address"}},
	{"compatible", "::7f00:1", Text{"127.0.0.1 in de vorm ‘IPv4-compatible’", "127.0.0.1 in the form ‘IPv4-compatible’"}},
	{"nat64", "64:ff9b::7f00:1", Text{"127.0.0.1 achter NAT64", "127.0.0.1 behind NAT64"}},
	{"nat64-public", "64:ff9b::1600:1", Text{"een openbaar adres achter NAT64", "a public address behind NAT64"}},
	{"nat64-local", "64:ff9b:1::a00:1", Text{"10.0.0.1 achter lokale NAT64", "10.0.0.1 behind local NAT64"}},
	{"6to4", "2002:7f00:1::1", Text{"127.0.0.1 achter 6to4", "127.0.0.1 behind 6to4"}},
	{"teredo", "2001:0:7f00:1:8000:63bf:80ff:fffe", Text{"127.0.0.1 achter Teredo", "127.0.0.1 behind Teredo"}},
	{"orchid", "2001:20::1", Text{"een naam die op een adres lijkt (ORCHID)", "a name in the form of an address (ORCHID)"}},
	{"discard", "100::1", Text{"een adres dat alles weggooit", "an address that discards everything"}},
	{"documentation6", "2001:db8::1", Text{"een adres voor documentatie", "an address for documentation"}},
	{"documentation6-2", "3fff::1", Text{"een ander adres voor documentatie", "another address for documentation"}},
	{"segment", "5f00::1", Text{"een adres voor segmentroutering", "an address for segment routing"}},
	{"unique-local", "fd00::1", Text{"een intern adres (fc00::/7)", "a unique local address (fc00::/7)"}},
	{"link-local6", "fe80::1", Text{"een adres van de eigen kabel", "a link-local address"}},
	{"site-local", "fec0::1", Text{"een intern adres (fec0::/10)", "a site-local address (fec0::/10)"}},
	{"multicast6", "ff02::1", Text{"een multicastadres", "a multicast address"}},
	{"unallocated", "4000::1", Text{"een adres dat niemand heeft", "an address that nobody has"}},
}

// oneRefused is a site of which one of the two addresses is no public one: that is not
// measured, nor is what counts for all addresses. No ROA can cover such an address: to us
// the question does not arise there, to Internet.nl it lacks one.
const oneRefused = `
internet.nl 94
  web_ipv6_ws_similar not_measured
  web_https_* not_measured
  web_appsecpriv_* not_measured
  web_rpki_exists warning bad 0/5
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
  web.ipv6.similar not_measured
  web.dns.pair not_measured
  web.dane not_measured
forum
  web_legacy_tls_available not_measured
  web_legacy_https_enforced not_measured
  web_legacy_hsts not_measured
  web_legacy_tls_ncsc_web not_measured
  web_legacy_category_ipv6 not_measured
  web_legacy_ipv6_webserver not_measured
  web_legacy_dane not_measured
  web_legacy_tls_1_3 not_measured
  web_securitytxt not_measured
  web_rpki warning
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured
wdo
  wdo.* not_measured
ncsc-tls-2021
  tls.* not_measured
ncsc-tls-2025
  tls.* not_measured`

const oneRefused6 = oneRefused + `
internet.nl 94
  web_ipv6_ws_reach not_measured
peil
  web.ipv6.reach not_measured`

// allRefused is a site without any public address.
const allRefused = oneRefused6 + `
internet.nl 94
  web_rpki_valid not_tested not-routed 10/10
peil
  web.rpki.* not_applicable
  web.rpki.ns* passed
  web.tls.good not_measured
  web.https.http3 not_measured
  web.dns.caa passed
  web.dane not_applicable`

// nothingSeen is a zone that cannot be asked.
const nothingSeen = `
internet.nl ?
  web_* not_measured
peil cannot_say
  web.* not_measured
forum
  web* not_measured
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured
wdo
  wdo.* not_measured
ncsc-tls-2021
  tls.* not_measured
ncsc-tls-2025
  tls.* not_measured`

// redirectRefused is plain http that leads to where we do not go. Wherever that is, it is
// not the visited name over https, which is all that the law and our own edition ask; by
// Internet.nl's rule it depends on how the chain ends, which we do not know.
const redirectRefused = `
internet.nl 100
  web_https_http_redirect not_measured
peil below_standard
  web.https.redirect failed
  web.https.preload failed
  web.login.plain not_measured
forum
  web_legacy_https_enforced not_measured
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured
wdo
  wdo.redirect failed`

// redirectNowhere is plain http that leads to what no browser follows: an error of the
// client, which Internet.nl lets pass.
const redirectNowhere = `
internet.nl 100
  web_https_http_redirect passed other 10/10
peil below_standard
  web.https.redirect failed
  web.https.preload failed
wdo
  wdo.redirect failed`

// rebound is expected of a name whose address changes: who was quick measured the public
// one, and who asked twice has nothing to measure. Nobody goes to the other.
const rebound = insecure + `
internet.nl ?
  web_https_* ?
  web_appsecpriv_* ?
  web_ipv6_ws_reach ?
  web_ipv6_ws_similar ?
  web_rpki_* ?
peil below_standard
  web.* ?
  web.dnssec.secure failed
  web.ipv6.ns passed
-forum
wdo
  wdo.* ?
ncsc-tls-2021
  tls.* ?
ncsc-tls-2025
  tls.* ?`

// secureRefused is a website that leads elsewhere over https, to where we do not go.
const secureRefused = `
internet.nl 100
  web_ipv6_ws_similar not_measured
  web_https_http_redirect not_measured
peil cannot_say
  web.login.plain not_measured
  web.ipv6.similar not_measured
  web.https.downgrade not_measured` + elsewhereRequirements + `
forum
  web_legacy_https_enforced not_measured
  web_legacy_category_ipv6 not_measured
  web_legacy_ipv6_webserver not_measured
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured`

const elsewhereRequirements = `
  web.header.csp not_applicable
  web.header.frameoptions not_applicable
  web.header.contenttype not_applicable
  web.header.referrer not_applicable
  web.header.permissions not_applicable
  web.header.crossorigin not_applicable
  web.page.mixed not_applicable
  web.page.integrity not_applicable`

const securityTxtRefused = `
internet.nl 100
  web_appsecpriv_securitytxt not_measured
peil cannot_say
  web.securitytxt.* not_measured
forum
  web_securitytxt not_measured`

// keyRefused is a signature whose key stands where we do not go: whether it holds is not
// known.
const keyRefused = `
peil up_to_standard
  web.securitytxt.signed not_measured`

func guardSites() []entry {
	var es []entry
	for _, n := range notPublic {
		a := netip.MustParseAddr(n.addr)
		expect := oneRefused
		if a.Is6() {
			expect = oneRefused6
		}
		es = append(es, entry{"guard-at-" + n.label, guardGroup, Text{"het adres is " + n.text.NL, "the address is " + n.text.EN}, func(s *Site) {
			if s.DNS.Extra = []netip.Addr{a}; a.Is4() {
				s.V4 = nil
			} else {
				s.V6 = nil
			}
		}, expect})
	}
	extra := func(list ...string) func(*Site) {
		return func(s *Site) {
			for _, a := range list {
				s.DNS.Extra = append(s.DNS.Extra, netip.MustParseAddr(a))
			}
		}
	}
	es = append(es,
		entry{"guard-at-nothing-public", guardGroup, Text{"beide adressen zijn intern", "both addresses are private"}, func(s *Site) {
			s.V4, s.V6 = nil, nil
			extra("10.0.0.1", "fd00::1")(s)
		}, allRefused},
		entry{"guard-at-both", guardGroup, Text{"een intern adres naast een openbaar", "a private address beside a public one"}, extra("10.0.0.1", "fd00::1"), `
# Internet.nl looks at the first address of each family, which is public here.
internet.nl 95
  web_ipv6_ws_reach not_measured
  web_rpki_exists warning bad 0/5
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
  web.dane not_measured
forum
  web_legacy_category_ipv6 not_measured
  web_legacy_ipv6_webserver not_measured
  web_legacy_tls_1_3 not_measured
  web_rpki warning
  = web_complete_with_ipv6_rpki not_measured
wdo
  wdo.* not_measured
ncsc-tls-2021
  tls.* not_measured
ncsc-tls-2025
  tls.* not_measured`},
		entry{"guard-at-first", guardGroup, Text{"de eigen machine, in alle vormen", "the machine itself, in all forms"}, func(s *Site) {
			s.V4, s.V6 = nil, nil
			extra("127.0.0.1", "::1", "::ffff:127.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::1")(s)
		}, allRefused},
		entry{"guard-alias", guardGroup, Text{"een CNAME naar een naam met een intern adres", "a CNAME to a name with a private address"}, alias(AliasInternal), allRefused + `
internet.nl 76
  web_ipv6_ws_address failed bad
  web_ipv6_ws_reach not_tested not-tested 0/10
  web_ipv6_ws_similar not_tested not-tested 0/2
peil below_standard
  web.ipv6.address failed
  web.ipv6.reach not_applicable
  web.ipv6.similar not_applicable
  web.dns.pair passed
  web.dane not_measured
forum
  web_legacy_category_ipv6 failed
  web_legacy_ipv6_webserver failed
  = web_complete_with_ipv6_rpki failed`},
		entry{"guard-rebinding", guardGroup, Text{"de nameservers noemen na de eerste keer de eigen machine", "after the first time the name servers name the machine itself"}, func(s *Site) {
			s.DNS.NameServers, s.DNS.Signing = "rebinding", dnslab.Unsigned
		}, rebound},
		entry{"guard-ns-one", guardGroup, Text{"één nameserver heeft interne adressen", "one name server has private addresses"}, nsSet("one-private"), `
internet.nl 95
  web_ipv6_ns_reach not_measured
  web_ns_rpki_exists warning bad 0/5
peil cannot_say
  web.ipv6.nsreach not_measured
  web.dns.delegation not_measured
forum
  web_legacy_category_ipv6 not_measured
  web_legacy_ipv6_nameserver not_measured
  web_rpki warning
  = web_complete_with_ipv6_rpki not_measured`},
		entry{"guard-ns-all", guardGroup, Text{"alle nameservers hebben interne adressen", "all name servers have private addresses"}, nsSet("all-private"), nothingSeen},
	)
	for _, r := range []struct {
		label, to string
		text      Text
		expect    string
	}{
		{"loopback", "http://127.0.0.1/", Text{"127.0.0.1", "127.0.0.1"}, redirectRefused},
		{"loopback-secure", "https://127.0.0.1/", Text{"https op 127.0.0.1", "https at 127.0.0.1"}, redirectRefused},
		{"decimal", "http://2130706433/", Text{"127.0.0.1 als één getal", "127.0.0.1 as one number"}, redirectRefused},
		{"octal", "http://0177.0.0.1/", Text{"127.0.0.1 achttallig", "127.0.0.1 in octal"}, redirectRefused},
		{"hexadecimal", "http://0x7f.1/", Text{"127.0.0.1 zestientallig", "127.0.0.1 in hexadecimal"}, redirectRefused},
		{"short", "http://127.1/", Text{"127.0.0.1 verkort", "127.0.0.1 in short"}, redirectRefused},
		{"final-dot", "http://127.0.0.1./", Text{"127.0.0.1 met een punt", "127.0.0.1 with a dot"}, redirectRefused},
		{"wide-digits", "http://１２７.0.0.1/", Text{"127.0.0.1 in brede cijfers", "127.0.0.1 in wide digits"}, redirectRefused},
		{"encoded", "http://%31%32%37.0.0.1/", Text{"127.0.0.1 met procenttekens", "127.0.0.1 percent-encoded"}, redirectNowhere},
		{"mapped", "http://[::ffff:127.0.0.1]/", Text{"127.0.0.1 in IPv6", "127.0.0.1 in IPv6"}, redirectRefused},
		{"loopback6", "http://[::1]/", Text{"::1", "::1"}, redirectRefused},
		{"zone", "http://[fe80::1%25lo]/", Text{"een adres met een interface", "an address with an interface"}, redirectNowhere},
		{"metadata", "http://169.254.169.254/latest/meta-data/", Text{"de metadatadienst van cloudaanbieders", "the metadata service of cloud providers"}, redirectRefused},
		{"userinfo", "https://{host}@127.0.0.1/", Text{"127.0.0.1 achter een gebruikersnaam", "127.0.0.1 behind a user name"}, redirectRefused},
		{"localhost", "http://localhost/", Text{"localhost", "localhost"}, redirectNowhere},
		{"name", "https://loopback.internal.test/", Text{"een naam met een intern adres", "a name with a private address"}, redirectRefused},
		{"name-mixed", "https://mixed.internal.test/", Text{"een naam met een intern en een openbaar adres", "a name with a private and a public address"}, redirectRefused},
		{"rebinding", "http://www.rebinding.test/", Text{"een naam waarvan het adres wisselt", "a name whose address changes"}, redirectRefused},
		{"port-ssh", "https://{host}:22/", Text{"poort 22", "port 22"}, redirectNowhere},
		{"port-mail", "http://{host}:25/", Text{"poort 25", "port 25"}, redirectNowhere},
		{"port-redis", "http://{host}:6379/", Text{"poort 6379", "port 6379"}, redirectNowhere},
		{"file", "file:///etc/passwd", Text{"een bestand", "a file"}, redirectNowhere},
		{"gopher", "gopher://127.0.0.1:6379/_FLUSHALL", Text{"gopher", "gopher"}, redirectNowhere},
		{"ftp", "ftp://127.0.0.1/", Text{"ftp", "ftp"}, redirectNowhere},
		{"javascript", "javascript:alert(1)", Text{"een script", "a script"}, redirectNowhere},
	} {
		es = append(es, entry{"guard-redirect-" + r.label, guardGroup, Text{"http verwijst door naar " + r.text.NL, "http redirects to " + r.text.EN}, redirect(weblab.Redirect(r.to)), r.expect})
	}
	secure := func(to string) func(*Site) {
		return func(s *Site) { s.http(func(p *weblab.Profile) { p.SecureRedirect = weblab.Redirect(to) }) }
	}
	es = append(es,
		entry{"guard-secure-loopback", guardGroup, Text{"https verwijst door naar 127.0.0.1", "https redirects to 127.0.0.1"}, secure("https://127.0.0.1/"), secureRefused},
		entry{"guard-secure-name", guardGroup, Text{"https verwijst door naar een naam met een intern adres", "https redirects to a name with a private address"}, secure("https://loopback.internal.test/"), secureRefused},
		entry{"guard-securitytxt-redirect", guardGroup, Text{"security.txt verwijst door naar 127.0.0.1", "security.txt redirects to 127.0.0.1"}, securityTxt(func(t *weblab.SecurityTxt) { t.RedirectTo = "https://127.0.0.1/security.txt" }), securityTxtRefused},
		entry{"guard-securitytxt-redirect-name", guardGroup, Text{"security.txt verwijst door naar een naam met een intern adres", "security.txt redirects to a name with a private address"}, securityTxt(func(t *weblab.SecurityTxt) { t.RedirectTo = "https://loopback.internal.test/security.txt" }), securityTxtRefused},
		entry{"guard-securitytxt-key", guardGroup, Text{"de OpenPGP-sleutel staat op 127.0.0.1", "the OpenPGP key stands at 127.0.0.1"}, securityTxt(func(t *weblab.SecurityTxt) {
			t.Drop, t.Add = []string{"Encryption"}, []string{"Encryption: https://127.0.0.1/key.asc"}
		}), keyRefused},
		entry{"guard-securitytxt-key-name", guardGroup, Text{"de OpenPGP-sleutel staat bij een naam met een intern adres", "the OpenPGP key stands at a name with a private address"}, securityTxt(func(t *weblab.SecurityTxt) {
			t.Drop, t.Add = []string{"Encryption"}, []string{"Encryption: https://loopback.internal.test/key.asc"}
		}), keyRefused},
		entry{"guard-alt-svc", guardGroup, Text{"Alt-Svc noemt interne adressen", "Alt-Svc names private addresses"}, header("Alt-Svc", `h2="127.0.0.1:443", h3="loopback.internal.test:443", h2=":6379"`), `
peil up_to_standard
  web.https.http3 passed`},
		entry{"guard-https-record", guardGroup, Text{"het HTTPS-record noemt interne adressen", "the HTTPS record names private addresses"}, func(s *Site) {
			s.DNS.HTTPS = `1 . alpn="h2,h3" port=6379 ipv4hint=127.0.0.1 ipv6hint=::1`
		}, `
peil up_to_standard
  web.https.http3 passed
  web.dns.svcb passed`},
		entry{"guard-https-record-alias", guardGroup, Text{"het HTTPS-record verwijst naar een naam met een intern adres", "the HTTPS record leads to a name with a private address"}, func(s *Site) {
			s.DNS.HTTPS = `0 loopback.internal.test.`
		}, `
peil up_to_standard
  web.dns.svcb passed`},
	)
	return es
}

// addInternalZones makes names that resolve to where no scan may come: one for each
// address, one with a public address beside a private one, and one whose address changes
// after it was asked for.
func (n *network) addInternalZones() {
	own := n.static["lab.test."].NS
	internal := &dnslab.Spec{Apex: "internal.test.", Parent: "test.", NS: own}
	add := func(label, addr string) {
		internal.Records = append(internal.Records, addressRecord(label+"."+internal.Apex, netip.MustParseAddr(addr)))
	}
	for _, x := range notPublic {
		add(x.label, x.addr)
	}
	add("mixed", "10.0.0.1")
	add("mixed", "fd00::1")
	add("mixed", n.hosts[own[0]].v4.String()) // public, and nothing listens at its port 443
	n.addZone(internal)
	rebinding := &dnslab.Spec{Apex: "rebinding.test.", Parent: "test.", NS: n.resolved["rebinding"], Signing: dnslab.Unsigned}
	rebinding.Records = []dns.RR{addressRecord("www.rebinding.test.", n.hosts[own[0]].v4)}
	n.addZone(rebinding)
}
