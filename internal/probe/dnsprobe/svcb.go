package dnsprobe

import (
	"bytes"
	"encoding/binary"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// AnnouncesH3 reports whether an HTTPS record offers HTTP/3 by its alpn parameter
// (RFC 9460 sections 2.2 and 7.1). The look-up may be nil.
func AnnouncesH3(l *fact.Lookup) bool {
	if l == nil {
		return false
	}
	for _, r := range l.Records {
		for _, id := range alpn(r.Raw) {
			if id == "h3" {
				return true
			}
		}
	}
	return false
}

// alpn reads the alpn parameter of SVCB data; nil when there is none or the data is
// broken.
func alpn(b []byte) []string {
	if len(b) < 3 {
		return nil
	}
	_, off, err := dns.UnpackDomainName(b, 2)
	if err != nil {
		return nil
	}
	for b = b[off:]; len(b) >= 4; {
		key, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			return nil
		}
		if key != 1 {
			b = b[n:]
			continue
		}
		var ids []string
		for v := b[:n]; len(v) > 0; {
			k := int(v[0])
			if k+1 > len(v) {
				return nil
			}
			ids = append(ids, string(bytes.Clone(v[1:1+k])))
			v = v[1+k:]
		}
		return ids
	}
	return nil
}
