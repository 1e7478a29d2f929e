package tlslab

import (
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
)

// handshakeSSL2 answers a hello in the form of SSL 2.0: by a SERVER-HELLO of SSL 2.0,
// or, when it names a later version, like any other hello (RFC 5246 appendix E.2).
func (c *Conn) handshakeSSL2() error {
	var head [2]byte
	if _, err := io.ReadFull(c.br, head[:]); err != nil {
		return err
	}
	body := make([]byte, int(head[0]&0x7f)<<8|int(head[1]))
	if _, err := io.ReadFull(c.br, body); err != nil {
		return err
	}
	h, err := parseSSL2Hello(body)
	if err != nil {
		return refusal(alertDecodeError)
	}
	if h.version >= fact.SSL30 {
		return c.answer(h)
	}
	c.hello = h
	if !c.play("") {
		return refusal(alertUnrecognizedName)
	}
	if c.tormented() {
		return ErrGone
	}
	if !c.p.speaks(fact.SSL20) {
		return refusal(alertProtocolVersion)
	}
	leaves, err := c.leaves(c.id.Name)
	if err != nil {
		return err
	}
	var common []fact.Suite
	for _, s := range c.p.suitesOf(fact.SSL20) {
		if s.IsSSL2() && slices.Contains(h.suites, s) {
			common = append(common, s)
		}
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddBytes([]byte{4, 0, 1}) // SERVER-HELLO, no session hit, X.509
		b.AddUint16(uint16(fact.SSL20))
		var cert []byte
		if len(leaves[0].Chain) > 0 {
			cert = leaves[0].Chain[0]
		}
		b.AddUint16(uint16(len(cert)))
		b.AddUint16(uint16(3 * len(common)))
		b.AddUint16(16)
		b.AddBytes(cert)
		for _, s := range common {
			b.AddUint24(uint32(s) & 0xffffff)
		}
		b.AddBytes(random(16))
	})
	out := b.BytesOrPanic() // a certificate and some kinds fit easily
	out[0] |= 0x80
	if _, err := c.raw.Write(out); err != nil {
		return err
	}
	c.hold() // the CLIENT-MASTER-KEY leads nowhere: nobody needs a finished SSL 2.0
	return ErrGone
}
