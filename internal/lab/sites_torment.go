package lab

import (
	"fmt"
	"net/netip"

	"peil/internal/lab/dnslab"
	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// noHTTP2 is a server that chooses HTTP/2 and does not speak it: it is asked again
// without, and then all is well.
const noHTTP2 = `
peil up_to_standard
  web.https.http2 failed`

// tormentSites are further hostile sites: tricks with framing and packing, HTTP/2 below
// its messages, certificates of absurd size and DNS that makes work.
func tormentSites() []entry {
	var es []entry
	for _, t := range []struct {
		torment weblab.Torment
		text    Text
		expect  string
	}{
		{weblab.DeflateBomb, Text{"stuurt duizendmaal meer dan er over de lijn gaat (deflate)", "sends a thousand times more than goes over the wire (deflate)"}, hostileHTTP},
		{weblab.BrotliBomb, Text{"stuurt veel meer dan er over de lijn gaat (brotli)", "sends much more than goes over the wire (brotli)"}, hostileHTTP},
		{weblab.ZstdBomb, Text{"stuurt veel meer dan er over de lijn gaat (zstd)", "sends much more than goes over the wire (zstd)"}, hostileHTTP},
		{weblab.ZstdWindow, Text{"vraagt om een venster van 2 GiB", "asks for a window of 2 GiB"}, hostileHTTP},
		{weblab.NestedCodings, Text{"is vijfhonderdmaal ingepakt", "is packed five hundred times"}, hostileHTTP},
		{weblab.ChunkHuge, Text{"stuurt een stuk van 2^64-1 bytes", "sends a chunk of 2^64-1 bytes"}, hostileHTTP},
		{weblab.ChunkNegative, Text{"stuurt een stuk van -1 bytes", "sends a chunk of -1 bytes"}, hostileHTTP},
		{weblab.ChunkExtensions, Text{"stuurt 4000 bytes toelichting om elke byte", "sends 4000 bytes of extension around each byte"}, hostileHTTP},
		{weblab.ChunkTrailers, Text{"stuurt naregels zonder eind", "sends trailer lines without end"}, hostileHTTP},
		{weblab.HugeLength, Text{"noemt een lengte van meer dan 64 bits", "states a length of more than 64 bits"}, hostileHTTP},
		{weblab.NegativeLength, Text{"noemt een lengte van -1", "states a length of -1"}, hostileHTTP},
		{weblab.BothFramings, Text{"noemt een lengte en stuurt stukken", "states a length and sends chunks"}, hostileHTTP},
		{weblab.SmuggledAnswer, Text{"stuurt een tweede antwoord achter het eerste", "sends a second answer behind the first"}, hostileHTTP},
		{weblab.SmuggledHeaders, Text{"verstopt headers achter CR, NUL en vouwen", "hides headers behind CR, NUL and folding"}, hostileHTTP},
		{weblab.OldHTTP, Text{"spreekt HTTP/0.9", "speaks HTTP/0.9"}, hostileHTTP},
		{weblab.Icecast, Text{"is een radiozender (ICY)", "is a radio station (ICY)"}, hostileHTTP},
		{weblab.SpeaksHTTP2, Text{"spreekt ongevraagd HTTP/2", "speaks HTTP/2 unasked"}, hostileHTTP},
	} {
		es = append(es, entry{
			fmt.Sprintf("hostile-http-%s", dashed(string(t.torment))), "hostile",
			Text{"HTTP: " + t.text.NL, "HTTP: " + t.text.EN},
			func(s *Site) {
				s.http(func(p *weblab.Profile) { p.Torment = t.torment })
				s.tls(func(p *tlslab.Profile) { p.ALPN = []string{"http/1.1"} })
			}, t.expect,
		})
	}
	for _, t := range []struct {
		torment weblab.Torment
		text    Text
		expect  string
	}{
		{weblab.H2Settings, Text{"SETTINGS zonder eind", "SETTINGS without end"}, noHTTP2},
		{weblab.H2Pings, Text{"PING zonder eind", "PING without end"}, noHTTP2},
		{weblab.H2Continuation, Text{"CONTINUATION zonder eind", "CONTINUATION without end"}, noHTTP2},
		{weblab.H2HeaderBomb, Text{"een header van 4000 bytes, twaalfduizendmaal", "a header of 4000 bytes, twelve thousand times"}, hostileHTTP},
		{weblab.H2EmptyData, Text{"lege DATA zonder eind", "empty DATA without end"}, hostileHTTP},
		{weblab.H2Pushes, Text{"ongevraagde beloften", "promises that nobody asked for"}, noHTTP2},
		{weblab.H2HugeFrame, Text{"een frame van 16 MiB", "a frame of 16 MiB"}, hostileHTTP},
	} {
		es = append(es, entry{
			fmt.Sprintf("hostile-%s", dashed(string(t.torment))), "hostile",
			Text{"HTTP/2: " + t.text.NL, "HTTP/2: " + t.text.EN},
			func(s *Site) { s.http(func(p *weblab.Profile) { p.Torment = t.torment }) }, t.expect,
		})
	}
	return es
}

// keyTrap is a zone whose signatures take more tries than anybody should spend: it is
// neither secure nor bogus, and what needs no proof is measured.
const keyTrap = `
internet.nl 100
  web_dnssec_* not_measured
  web_https_tls_caa not_measured
  web_https_dane_* not_measured
peil cannot_say
  web.dnssec.* not_measured
  web.dns.dangling not_measured
  web.dns.caa not_measured
  web.dns.pair not_measured
  web.dns.svcb not_measured
  web.https.http3 not_measured
  web.dane not_measured
forum
  web_legacy_dnssec not_measured
  web_legacy_dane not_measured
  = web_complete not_measured
  = web_complete_with_ipv6_rpki not_measured`

// absurdSites are certificates that no authority would issue, and zones that make work.
func absurdSites() []entry {
	es := []entry{
		{"hostile-tls-endless-ccs", "hostile", Text{"TLS: stuurt eindeloos ChangeCipherSpec", "TLS: sends ChangeCipherSpec without end"}, torment(tlslab.EndlessChangeCipherSpec), hostileTLS},
		{"hostile-tls-endless-hello-requests", "hostile", Text{"TLS: stuurt eindeloos HelloRequest", "TLS: sends HelloRequest without end"}, torment(tlslab.EndlessHelloRequests), hostileTLS},
		{"hostile-tls-endless-certificates", "hostile", Text{"TLS: stuurt 16 MiB aan certificaten", "TLS: sends 16 MiB of certificates"}, torment(tlslab.EndlessCertificates), hostileTLS},
	}
	for _, c := range []struct {
		label  string
		text   Text
		change func(*pki.Spec)
		expect string
	}{
		{"hundred", Text{"honderd certificaten die er niet toe doen", "a hundred certificates that have nothing to do with it"}, func(s *pki.Spec) { s.Send = pki.Hundred }, hostileTLS},
		{"thousand", Text{"duizend certificaten die er niet toe doen", "a thousand certificates that have nothing to do with it"}, func(s *pki.Spec) { s.Send = pki.Thousand }, hostileTLS},
		{"names", Text{"een certificaat met duizend namen", "a certificate with a thousand names"}, func(s *pki.Spec) { s.Names = 1000 }, ``},
		{"many-names", Text{"een certificaat met honderdduizend namen", "a certificate with a hundred thousand names"}, func(s *pki.Spec) { s.Names = 100_000 }, hostileTLS},
		{"padded", Text{"een certificaat van 1 MiB", "a certificate of 1 MiB"}, func(s *pki.Spec) { s.Padding = 1 << 20 }, hostileTLS},
		{"rsa-16384", Text{"een RSA-sleutel van 16384 bits", "an RSA key of 16384 bits"}, func(s *pki.Spec) { s.Key = pki.RSA16384 }, ``},
		{"exponent-one", Text{"een RSA-sleutel met exponent 1", "an RSA key with exponent 1"}, func(s *pki.Spec) { s.Key = pki.RSAExponentOne }, hostileTLS + "\npeil below_standard\n  web.cert.key failed"},
		{"exponent-big", Text{"een RSA-sleutel met een exponent van 2048 bits", "an RSA key with an exponent of 2048 bits"}, func(s *pki.Spec) { s.Key = pki.RSABigExponent }, hostileTLS},
	} {
		es = append(es, entry{
			"hostile-cert-" + c.label, "hostile",
			Text{"certificaat: " + c.text.NL, "certificate: " + c.text.EN},
			func(s *Site) { s.cert(c.change) }, c.expect,
		})
	}
	return append(es,
		entry{"hostile-dns-many-records", "hostile", Text{"DNS: vierduizend adressen", "DNS: four thousand addresses"}, func(s *Site) {
			for i := range 4000 {
				s.DNS.Extra = append(s.DNS.Extra, netip.AddrFrom4([4]byte{22, 250, byte(i >> 8), byte(i)}))
			}
		}, hostileDNS},
		entry{"hostile-dns-nxns", "hostile", Text{"DNS: zestig nameservers die niet bestaan", "DNS: sixty name servers that do not exist"}, nsSet("nxns"), nothingSeen},
		entry{"hostile-dns-keytrap", "hostile", Text{"DNS: zestig sleutels met één kenmerk, dertig valse handtekeningen", "DNS: sixty keys of one tag, thirty signatures that do not verify"}, signing(dnslab.KeyTrap), keyTrap},
	)
}

func torment(t tlslab.Torment) func(*Site) {
	return tls(func(p *tlslab.Profile) { p.Torment = t })
}
