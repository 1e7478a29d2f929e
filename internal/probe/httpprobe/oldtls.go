package httpprobe

import (
	"context"
	"net"
	"slices"
	"sync"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

// oldSuites are those with which a handshake can be finished but that crypto/tls does
// not know: DHE above all. Better ones come first.
var oldSuites = sync.OnceValue(func() []fact.Suite {
	var good, rest []fact.Suite
	for _, id := range fact.SuitesOn(fact.TLS12) {
		s, ok := tlswire.FindSuite(id)
		if !ok || id.Authentication() == fact.AuthAnon || s.Kex == fact.KexTLS13 {
			continue
		}
		if id.AEAD() {
			good = append(good, id)
		} else {
			rest = append(rest, id)
		}
	}
	return slices.Concat(good, rest)
})

var oldSchemes = []fact.SignatureScheme{
	0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0401, 0x0501, 0x0601, 0x0402, 0x0303, 0x0301, 0x0203, 0x0201, 0x0202,
}

// oldGroups end with curves that a certificate's key may be on (RFC 8422 section 5.1.1)
// but that no handshake can be made with here: a server takes one of the first.
var oldGroups = []fact.Group{
	fact.X25519, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1,
	fact.Secp224r1, fact.BrainpoolP256r1, fact.BrainpoolP384r1, fact.BrainpoolP512r1, fact.Secp192r1, fact.Secp256k1,
}

// connectOld makes a handshake of TLS 1.0 to 1.2 with servers that crypto/tls cannot
// talk to, so that an old server is still seen as a website. It takes one more
// connection.
func (p *Prober) connectOld(ctx context.Context, o origin, dial DialFunc) (*conn, error) {
	raw, err := dial(ctx, o.host, o.addr)
	if err != nil {
		return nil, err
	}
	release := p.limit(ctx, raw)
	defer release()
	c, err := oldHandshake(raw, o)
	if err != nil {
		_ = raw.Close()
		if isTimeout(err) || ctx.Err() != nil || p.gap(err) != "" {
			return nil, err
		}
		return nil, &errTLS{err}
	}
	return c, nil
}

func oldHandshake(raw net.Conn, o origin) (*conn, error) {
	h := &tlswire.ClientHello{
		Version: fact.TLS12, Suites: oldSuites(), Schemes: oldSchemes, ServerName: o.host,
		Groups:               oldGroups,
		ExtendedMasterSecret: true, RenegotiationInfo: true, ALPN: []string{"http/1.1"},
	}
	h.FillRandom(false)
	hello, err := h.AppendMessage(nil)
	if err != nil {
		return nil, err
	}
	if _, err := raw.Write(tlswire.AppendRecord(nil, tlswire.Handshake, uint16(fact.TLS10), hello)); err != nil {
		return nil, err
	}
	s := &tlswire.Stream{}
	s.Reset(raw)
	flight, err := tlswire.ReadFlight(s)
	if err != nil {
		return nil, err
	}
	t, err := tlswire.FinishLegacy(raw, s, tlswire.LegacyHandshake{Hello: hello, Offered: fact.TLS12, Flight: flight})
	if err != nil {
		return nil, err
	}
	return &conn{Conn: t, origin: o, r: newReader(t), version: t.Version(), certs: certificatesOf(flight, t.Version())}, nil
}

// certificatesOf finds the Certificate message in a flight.
func certificatesOf(flight []byte, v fact.Version) [][]byte {
	for len(flight) >= 4 {
		n := 4 + (int(flight[1])<<16 | int(flight[2])<<8 | int(flight[3]))
		if n > len(flight) {
			return nil
		}
		if flight[0] == tlswire.MsgCertificate {
			c, err := tlswire.ParseCertificates(flight[:n], v)
			if err != nil {
				return nil
			}
			return c.DER
		}
		flight = flight[n:]
	}
	return nil
}
