package lab

import (
	"fmt"
	"time"

	"peil/internal/fact"
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// hostileTLS is expected of a server that torments below HTTP: the meter ends, and what
// has nothing to do with it is judged as ever. The rest may be anything but the
// requirements that follow.
const hostileTLS = `
internet.nl ?
  web_https_* ?
  web_appsecpriv_* ?
  web_ipv6_ws_* ?
  web_ipv6_ws_address passed good
peil ?
  web.* ?
  web.dnssec.valid passed
  web.ipv6.ns passed
  web.rpki.valid passed
-forum
wdo
  wdo.* ?
ncsc-tls-2021
  tls.* ?
ncsc-tls-2025
  tls.* ?`

// unproven is a server whose handshakes bear a false signature. Visitors turn away; what
// it is behind that is not known, and so is not measured.
const unproven = `
internet.nl 100
  web_ipv6_ws_similar not_measured
  web_https_* not_measured
  web_appsecpriv_* not_measured
peil cannot_say
  web.https.* not_measured
  web.tls.* not_measured
  web.cert.* not_measured
  web.header.* not_measured
  web.page.* not_measured
  web.cookie.attributes not_measured
  web.securitytxt.* not_measured
  web.dane not_measured
  web.login.plain not_measured
  web.ipv6.similar not_measured
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
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured
wdo
  wdo.* not_measured
ncsc-tls-2021
  tls.* not_measured
ncsc-tls-2025
  tls.* not_measured`

// neverOffered has no place in the registry of IANA and is in use nowhere, so that no
// client offers it.
const neverOffered fact.Suite = 0x7777

// unoffered is expected of a server that answers every hello up to TLS 1.2 with what it
// did not offer: whether and how it speaks TLS 1.2 is not measured (catalogue B.6), and
// all that TLS 1.3 tells is judged as ever.
const unoffered = `
internet.nl 100
  web_https_tls_ciphers not_measured
  web_https_tls_cipherorder not_measured
  web_https_tls_keyexchange not_measured
  web_https_tls_keyexchangehash not_measured
  web_https_tls_compress not_measured
  web_https_tls_secreneg not_measured
  web_https_tls_clientreneg not_measured
  web_https_tls_extendedmastersecret not_measured
peil cannot_say
  web.tls.ciphers not_measured
  web.tls.ciphers.phaseout not_measured
  web.tls.order not_measured
  web.tls.keyexchange not_measured
  web.tls.keyexchange.phaseout not_measured
  web.tls.keyexchangehash not_measured
  web.tls.keyexchangehash.phaseout not_measured
  web.tls.compression not_measured
  web.tls.secreneg not_measured
  web.tls.clientreneg not_measured
  web.tls.ems not_measured
forum
  web_legacy_tls_ncsc_web not_measured
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured
wdo
  wdo.tls.ciphers not_measured
  wdo.tls.curves not_measured
  wdo.tls.ffdhe not_measured
  wdo.tls.kexhash not_measured
  wdo.tls.compression not_measured
  wdo.tls.renegotiation.secure not_measured
ncsc-tls-2021
  tls.ciphers not_measured
  tls.order not_measured
  tls.keyexchange not_measured
  tls.keyexchange.curves not_measured
  tls.keyexchange.ffdhe not_measured
  tls.kexhash not_measured
  tls.compression not_measured
  tls.renegotiation.secure not_measured
ncsc-tls-2025
  tls.ciphers not_measured
  tls.order not_measured
  tls.keyexchange not_measured
  tls.keyexchange.curves not_measured
  tls.keyexchange.ffdhe not_measured
  tls.kexhash not_measured
  tls.compression not_measured
  tls.renegotiation.secure not_measured
  tls.renegotiation.client not_measured
  tls.ems not_measured`

// unofferedAlone is expected of one that has no TLS 1.3 either: it speaks TLS, so that
// it is not dead, but nothing can be learnt through it.
const unofferedAlone = `
internet.nl 100
  web_https_* not_measured
  web_appsecpriv_* not_measured
  web_ipv6_ws_similar not_measured
peil cannot_say
  web.https.* not_measured
  web.tls.* not_measured
  web.cert.* not_measured
  web.header.* not_measured
  web.page.* not_measured
  web.cookie.attributes not_measured
  web.securitytxt.* not_measured
  web.login.plain not_measured
  web.ipv6.similar not_measured
  web.dane not_measured
  web.dns.caa passed
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
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured
wdo
  wdo.* not_measured
ncsc-tls-2021
  tls.* not_measured
ncsc-tls-2025
  tls.* not_measured`

// insisting is expected of a server that chooses 3DES up to TLS 1.2 whatever is offered:
// where that was offered it counts, and what else it would do is not known.
const insisting = `
internet.nl 97
  web_https_tls_ciphers failed bad 0/10
  web_https_tls_cipherorder not_measured
  web_https_tls_keyexchange not_measured
  web_https_tls_keyexchangehash not_measured
peil below_standard
  web.tls.ciphers failed
  web.tls.ciphers.phaseout not_measured
  web.tls.order not_measured
  web.tls.keyexchange not_measured
  web.tls.keyexchange.phaseout not_measured
  web.tls.keyexchangehash not_measured
  web.tls.keyexchangehash.phaseout not_measured` + tlsForum + `
wdo
  wdo.tls.ciphers failed
  wdo.tls.curves not_measured
  wdo.tls.ffdhe not_measured
  wdo.tls.kexhash not_measured
ncsc-tls-2021
  tls.ciphers warning
  tls.order not_measured
  tls.keyexchange warning
  tls.keyexchange.curves not_measured
  tls.keyexchange.ffdhe not_measured
  tls.kexhash not_measured
ncsc-tls-2025
  tls.ciphers failed
  tls.order not_measured
  tls.keyexchange failed
  tls.keyexchange.curves not_measured
  tls.keyexchange.ffdhe not_measured
  tls.kexhash not_measured`

// hostileHTTP is expected of a server that torments within HTTP: TLS is judged as ever.
const hostileHTTP = `
internet.nl ?
  web_https_http_* ?
  web_https_http_available passed good
  web_appsecpriv_* ?
  web_ipv6_ws_similar ?
peil ?
  web.* ?
  web.tls.version passed
  web.tls.ciphers passed
  web.cert.trust passed
  web.dnssec.valid passed
  web.rpki.valid passed
-forum
wdo
  wdo.redirect ?
  wdo.hsts ?`

// hostileDNS is expected of a zone whose name servers all misbehave.
const hostileDNS = `
-internet.nl
peil ?
  web.* ?
-forum
wdo
  wdo.* ?
ncsc-tls-2021
  tls.* ?
ncsc-tls-2025
  tls.* ?`

// oneLiar is expected of a zone of whose two name servers one misbehaves: the other one's
// answers are used.
const oneLiar = `
internet.nl ?
  web_ipv6_ns_reach ?
peil ?
  web.ipv6.nsreach ?
  web.dns.delegation ?
forum
  web_legacy_category_ipv6 ?
  web_legacy_ipv6_nameserver ?
  = web_complete_with_ipv6_rpki ?`

func hostileSites() []entry {
	var es []entry
	for _, t := range []struct {
		torment tlslab.Torment
		text    Text
	}{
		{tlslab.NeverAnswer, Text{"zwijgt na de hello", "never answers the hello"}},
		{tlslab.NeverRead, Text{"leest niets", "reads nothing"}},
		{tlslab.SlowAnswer, Text{"antwoordt een byte per seconde", "answers a byte a second"}},
		{tlslab.OneByteRecords, Text{"antwoordt in stukjes van een byte", "answers in fragments of one byte"}},
		{tlslab.EmptyRecords, Text{"stuurt eindeloos lege records", "sends empty records without end"}},
		{tlslab.HugeRecord, Text{"stuurt een record van 65535 bytes", "sends a record of 65535 bytes"}},
		{tlslab.EndlessMessage, Text{"stuurt een bericht van 16 MiB", "sends a message of 16 MiB"}},
		{tlslab.EndlessWarnings, Text{"stuurt eindeloos waarschuwingen", "sends warnings without end"}},
		{tlslab.ResetHalfway, Text{"breekt halverwege af met RST", "breaks off half way with RST"}},
		{tlslab.CloseHalfway, Text{"sluit halverwege", "closes half way"}},
		{tlslab.Garbage, Text{"stuurt willekeurige bytes", "sends random bytes"}},
		{tlslab.SpeaksSSH, Text{"is een SSH-server", "is an SSH server"}},
		{tlslab.EndlessRetry, Text{"vraagt eindeloos om een nieuwe hello", "asks for another hello without end"}},
		{tlslab.HangAfterHello, Text{"zwijgt na de ServerHello", "is silent after the ServerHello"}},
	} {
		es = append(es, entry{
			fmt.Sprintf("hostile-tls-%s", dashed(string(t.torment))), "hostile",
			Text{"TLS: " + t.text.NL, "TLS: " + t.text.EN},
			tls(func(p *tlslab.Profile) { p.Torment = t.torment }), hostileTLS,
		})
	}
	for _, t := range []struct {
		torment weblab.Torment
		text    Text
	}{
		{weblab.NeverAnswer, Text{"zwijgt na het verzoek", "never answers the request"}},
		{weblab.SlowHeaders, Text{"stuurt headers een byte per seconde", "sends headers a byte a second"}},
		{weblab.SlowBody, Text{"stuurt de pagina een byte per seconde", "sends the page a byte a second"}},
		{weblab.NeverRead, Text{"leest het verzoek niet", "does not read the request"}},
		{weblab.EndlessBody, Text{"stuurt een pagina zonder eind", "sends a page without end"}},
		{weblab.EndlessChunks, Text{"stuurt stukjes zonder eind", "sends chunks without end"}},
		{weblab.EndlessHeaders, Text{"stuurt headers zonder eind", "sends headers without end"}},
		{weblab.HugeHeader, Text{"stuurt een header van 1 GiB", "sends a header of 1 GiB"}},
		{weblab.GzipBomb, Text{"stuurt 10 MiB die tot 10 GiB uitpakt", "sends 10 MiB that unpack to 10 GiB"}},
		{weblab.ShortLength, Text{"noemt een te korte lengte", "states too short a length"}},
		{weblab.LongLength, Text{"noemt een te lange lengte", "states too long a length"}},
		{weblab.NeverClose, Text{"antwoordt zonder lengte en sluit nooit", "answers without a length and never closes"}},
		{weblab.TwoLengths, Text{"noemt twee lengtes", "states two lengths"}},
		{weblab.ChunkGarbage, Text{"noemt lengtes die geen getal zijn", "states lengths that are no numbers"}},
		{weblab.ResetHalfway, Text{"breekt halverwege af met RST", "breaks off half way with RST"}},
		{weblab.CloseHalfway, Text{"sluit binnen de headers", "closes within the headers"}},
		{weblab.WrongProtocol, Text{"groet als een mailserver", "greets as a mail server"}},
		{weblab.GarbageAnswer, Text{"stuurt willekeurige bytes", "sends random bytes"}},
		{weblab.EndlessContinue, Text{"zegt eindeloos 100 Continue", "says 100 Continue without end"}},
		{weblab.BadStatusLine, Text{"begint met HTTP/9.9 abc", "begins with HTTP/9.9 abc"}},
	} {
		es = append(es, entry{
			fmt.Sprintf("hostile-http-%s", dashed(string(t.torment))), "hostile",
			Text{"HTTP: " + t.text.NL, "HTTP: " + t.text.EN},
			func(s *Site) { s.http(func(p *weblab.Profile) { p.Torment = t.torment }) }, hostileHTTP,
		})
	}
	es = append(es,
		entry{"hostile-redirect-endless", "hostile", Text{"HTTP: doorverwijzingen zonder eind", "HTTP: redirects without end"}, redirect(weblab.RedirectEndless), hostileHTTP},
		entry{"hostile-redirect-long", "hostile", Text{"HTTP: honderd doorverwijzingen", "HTTP: a hundred redirects"}, redirect(weblab.RedirectLong), hostileHTTP},
		entry{"hostile-redirect-broken", "hostile", Text{"HTTP: doorverwijzing naar wat geen URL is", "HTTP: a redirect to what is no URL"}, redirect(weblab.RedirectBadURL), hostileHTTP},
		entry{"hostile-firewall-one-reset", "hostile", Text{"een firewall kapt na één verbinding af met RST", "a firewall cuts off with RST after one connection"}, firewall(1, tlslab.Reset), hostileTLS},
		entry{"hostile-firewall-three-silence", "hostile", Text{"een firewall zwijgt na drie verbindingen", "a firewall is silent after three connections"}, firewall(3, tlslab.Silence), hostileTLS},
		entry{"hostile-firewall-thirty-reset", "hostile", Text{"een firewall kapt na dertig verbindingen af met RST", "a firewall cuts off with RST after thirty connections"}, firewall(30, tlslab.Reset), hostileTLS},
		entry{"hostile-firewall-twenty-silence", "hostile", Text{"een firewall zwijgt na twintig verbindingen", "a firewall is silent after twenty connections"}, firewall(20, tlslab.Silence), hostileTLS},
		entry{"hostile-firewall-reset", "hostile", Text{"een firewall kapt na tien verbindingen af met RST", "a firewall cuts off with RST after ten connections"}, firewall(10, tlslab.Reset), hostileTLS},
		entry{"hostile-firewall-silence", "hostile", Text{"een firewall zwijgt na tien verbindingen", "a firewall is silent after ten connections"}, firewall(10, tlslab.Silence), hostileTLS},
		entry{"hostile-unoffered", "hostile", Text{"TLS: kiest een selectie die niet is aangeboden", "TLS: chooses a suite that was not offered"}, tls(func(p *tlslab.Profile) { p.Unoffered = neverOffered }), unoffered},
		entry{"hostile-unoffered-alone", "hostile", Text{"TLS: alleen 1.2, en kiest een selectie die niet is aangeboden", "TLS: 1.2 alone, and chooses a suite that was not offered"}, tls(func(p *tlslab.Profile) {
			p.Versions, p.Unoffered = []fact.Version{fact.TLS12}, neverOffered
		}), unofferedAlone},
		entry{"hostile-false-signature", "hostile", Text{"TLS: heeft de sleutel van het certificaat niet", "TLS: does not hold the key of its certificate"}, tls(func(p *tlslab.Profile) { p.FalseSignature = true }), unproven},
		entry{"hostile-insisting", "hostile", Text{"TLS: kiest altijd 3DES, aangeboden of niet", "TLS: chooses 3DES always, offered or not"}, tls(func(p *tlslab.Profile) {
			p.Certs, p.Unoffered = dual(), rsa3DES
		}), insisting},
	)
	for _, set := range []struct {
		set  string
		text Text
		want string
	}{
		{"mute", Text{"één nameserver zwijgt", "one name server is mute"}, oneLiar},
		{"wrong-id", Text{"één nameserver antwoordt met een ander nummer", "one name server answers with another ID"}, oneLiar},
		{"wrong-name", Text{"één nameserver antwoordt op een andere vraag", "one name server answers another question"}, oneLiar},
		{"garbage", Text{"één nameserver stuurt geen bericht", "one name server sends no message"}, oneLiar},
		{"pointer-loop", Text{"één nameserver stuurt een naam die naar zichzelf wijst", "one name server sends a name that points to itself"}, oneLiar},
		{"poisoning", Text{"de nameservers voegen andermans namen toe", "the name servers add names of others"}, oneLiar},
		{"recursing", Text{"de nameservers doen zich voor als resolver", "the name servers pose as a resolver"}, hostileDNS},
		{"forging", Text{"de nameservers verzinnen adressen", "the name servers forge addresses"}, hostileDNS},
		{"all-mute", Text{"alle nameservers zwijgen", "all name servers are mute"}, hostileDNS},
		{"all-refusing", Text{"alle nameservers weigeren", "all name servers refuse"}, hostileDNS},
		{"all-failing", Text{"alle nameservers falen", "all name servers fail"}, hostileDNS},
		{"all-notimp", Text{"alle nameservers kennen de vraag niet", "all name servers do not know the question"}, hostileDNS},
		{"dead", Text{"alle nameservers zijn dood", "all name servers are dead"}, hostileDNS},
		{"huge", Text{"de nameservers sturen 64 kB", "the name servers send 64 kB"}, hostileDNS},
	} {
		es = append(es, entry{"hostile-dns-" + set.set, "hostile", Text{"DNS: " + set.text.NL, "DNS: " + set.text.EN}, nsSet(set.set), set.want})
	}
	return es
}

func firewall(n int, by tlslab.Reaction) func(*Site) {
	return tls(func(p *tlslab.Profile) { p.Firewall = tlslab.Firewall{After: n, By: by, Window: time.Minute} })
}

// dashed turns a word of a profile into part of a name.
func dashed(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '_' {
			b[i] = '-'
		}
	}
	return string(b)
}
