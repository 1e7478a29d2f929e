package lab

import (
	"fmt"

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
