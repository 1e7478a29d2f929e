package tlslab

import (
	"crypto/hmac"
	"crypto/rsa"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// message builds a handshake message.
func message(typ uint8, body func(b *cryptobyte.Builder)) []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, 256))
	b.AddUint8(typ)
	b.AddUint24LengthPrefixed(body)
	return b.BytesOrPanic() // only lengths that do not fit fail, and ours do
}

func extension(b *cryptobyte.Builder, typ uint16, body func(b *cryptobyte.Builder)) {
	b.AddUint16(typ)
	b.AddUint16LengthPrefixed(body)
}

func nothing(*cryptobyte.Builder) {}

// handshake12 answers a hello with a flight of SSL 3.0 to TLS 1.2, and goes on to the
// end when the client does.
func (c *Conn) handshake12() error {
	ch, h := c.ch, c.hello
	c.recordVersion = ch.version
	serverRandom := random(32)
	if ch.version < fact.TLS13 && c.p.speaks(fact.TLS13) {
		// RFC 8446 section 4.1.3: a client that knows TLS 1.3 sees that it was talked down.
		end := byte(0)
		if ch.version == fact.TLS12 {
			end = 1
		}
		copy(serverRandom[24:], []byte{'D', 'O', 'W', 'N', 'G', 'R', 'D', end})
	}
	flight, err := c.flight12(serverRandom)
	if err != nil {
		return err
	}
	if err := c.sendFlight12(flight); err != nil {
		return err
	}
	return c.finish12(h.random, serverRandom)
}

func (c *Conn) sendFlight12(flight [][]byte) error {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	for _, m := range flight {
		c.queueMessage(m)
	}
	return c.flushFlight()
}

// flight12 is ServerHello to ServerHelloDone.
func (c *Conn) flight12(serverRandom []byte) ([][]byte, error) {
	ch, h := c.ch, c.hello
	staple, err := c.staple(ch.leaf)
	if err != nil {
		return nil, err
	}
	if ch.leaf == nil || ch.version < fact.TLS10 {
		staple = nil
	}
	flight := make([][]byte, 0, 5)
	flight = append(flight, c.serverHello12(serverRandom, staple != nil))
	if ch.leaf != nil {
		flight = append(flight, message(11, func(b *cryptobyte.Builder) {
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
				for _, der := range ch.leaf.Chain {
					b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
				}
			})
		}))
	}
	if staple != nil {
		flight = append(flight, message(22, func(b *cryptobyte.Builder) {
			b.AddUint8(1)
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(staple) })
		}))
	}
	exchange, err := c.keyExchange12(h.random, serverRandom)
	if err != nil {
		return nil, err
	}
	if exchange != nil {
		flight = append(flight, exchange)
	}
	return append(flight, message(14, nothing)), nil
}

// staple is the OCSP response to send along, nil when none was asked for or is had.
func (c *Conn) staple(leaf *pki.Leaf) ([]byte, error) {
	if leaf == nil || !c.hello.has(extStatusRequest) || c.p.Staple == pki.NoStaple {
		return nil, nil
	}
	return c.s.authority.Staple(leaf, c.p.Staple)
}

func (c *Conn) serverHello12(serverRandom []byte, stapled bool) []byte {
	ch, h := c.ch, c.hello
	return message(2, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(ch.version))
		b.AddBytes(serverRandom)
		b.AddUint8(0) // no session to come back to
		b.AddUint16(uint16(ch.suite.code))
		b.AddUint8(ch.compression)
		exts := cryptobyte.NewBuilder(make([]byte, 0, 64))
		if ch.reneg {
			extension(exts, extRenegotiationInfo, func(b *cryptobyte.Builder) {
				b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
					b.AddBytes(c.clientFinished)
					b.AddBytes(c.serverFinished)
				})
			})
		}
		if h.serverName != "" {
			extension(exts, extServerName, nothing)
		}
		if ch.suite.kex == kexECDHE && h.has(extPointFormats) {
			extension(exts, extPointFormats, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) })
		}
		if ch.ems {
			extension(exts, extEMS, nothing)
		}
		if stapled {
			extension(exts, extStatusRequest, nothing)
		}
		if c.p.Heartbeat && h.has(extHeartbeat) {
			extension(exts, extHeartbeat, func(b *cryptobyte.Builder) { b.AddUint8(1) })
		}
		if ch.alpn != "" {
			extension(exts, extALPN, func(b *cryptobyte.Builder) { addProtocol(b, ch.alpn) })
		}
		if e := exts.BytesOrPanic(); len(e) > 0 && (h.extensions || ch.reneg) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(e) })
		}
	})
}

func addProtocol(b *cryptobyte.Builder, p string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(p)) })
	})
}

// keyExchange12 is the ServerKeyExchange message, nil for suites without one (RFC
// 5246 section 7.4.3, RFC 8422 section 5.4).
func (c *Conn) keyExchange12(clientRandom, serverRandom []byte) ([]byte, error) {
	ch := c.ch
	params := cryptobyte.NewBuilder(make([]byte, 0, 256))
	add := func(v []byte) {
		params.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
	}
	switch {
	case ch.suite.kex == kexECDHE:
		params.AddUint8(3) // named_curve
		params.AddUint16(uint16(ch.group))
		params.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(agreementFor(ch.group).public) })
	case ch.suite.kex == kexDHE:
		add(ch.dh.pBytes)
		add(ch.dh.g.Bytes())
		add(ch.dh.public)
	case ch.suite.kex == kexRSA && ch.suite.export:
		// RFC 2246 section 7.4.3: a temporary RSA key of 512 bits. It leads nowhere.
		add(dhFor(Custom512).pBytes)
		add([]byte{1, 0, 1})
	default:
		return nil, nil
	}
	p := params.BytesOrPanic()
	var signature []byte
	if ch.suite.auth != authNone {
		var err error
		signed := slices.Concat(clientRandom, serverRandom, p)
		if c.p.FalseSignature {
			signed = append(signed, 0)
		}
		if signature, err = signExchange(ch.version, ch.leaf, ch.scheme, signed); err != nil {
			return nil, refusal(alertHandshakeFailure)
		}
	}
	return message(12, func(b *cryptobyte.Builder) {
		b.AddBytes(p)
		if signature == nil {
			return
		}
		if ch.version >= fact.TLS12 && ch.scheme != 0 {
			b.AddUint16(ch.scheme)
		}
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(signature) })
	}), nil
}

// premaster computes the premaster secret out of a ClientKeyExchange message.
func (c *Conn) premaster(m []byte) ([]byte, error) {
	body := cryptobyte.String(m[4:])
	var v cryptobyte.String
	switch c.ch.suite.kex {
	case kexRSA:
		key, ok := c.ch.leaf.Key.(*rsa.PrivateKey)
		if !ok || c.ch.suite.export || !body.ReadUint16LengthPrefixed(&v) {
			return nil, refusal(alertDecodeError)
		}
		secret, err := rsa.DecryptPKCS1v15(nil, key, v) //nolint:staticcheck // what RSA key exchange is made of
		if err != nil || len(secret) != 48 {
			return nil, refusal(alertDecryptError)
		}
		return secret, nil
	case kexDHE:
		if !body.ReadUint16LengthPrefixed(&v) {
			return nil, refusal(alertDecodeError)
		}
		return c.ch.dh.shared(v, false)
	case kexECDHE:
		if !body.ReadUint8LengthPrefixed(&v) {
			return nil, refusal(alertDecodeError)
		}
		return agreementFor(c.ch.group).shared(v)
	}
	return nil, errNoFinish
}

// finish12 takes the client's second flight and ends the handshake.
func (c *Conn) finish12(clientRandom, serverRandom []byte) error {
	ch := c.ch
	m, err := c.readMessage()
	if err != nil {
		return err
	}
	if m[0] != 16 {
		return refusal(alertUnexpectedMessage)
	}
	if ch.version == fact.SSL30 || ch.compression != 0 || ch.suite.cipher == "" {
		return refusal(alertHandshakeFailure) // as far as the lab can go
	}
	premaster, err := c.premaster(m)
	if err != nil {
		return refusal(alertIllegalParameter)
	}
	c.transcript = append(c.transcript, m...)
	label, seed := "master secret", concat(clientRandom, serverRandom)
	if ch.ems { // RFC 7627 section 4
		label, seed = "extended master secret", transcriptHash(ch.version, ch.suite, c.transcript)
	}
	master := prf(ch.version, ch.suite, premaster, label, seed, 48)
	read, write, err := keys12(ch.version, ch.suite, master, clientRandom, serverRandom)
	if err != nil {
		return err
	}
	if err := c.readChangeCipherSpec(); err != nil {
		return err
	}
	c.in = read
	if m, err = c.readMessage(); err != nil {
		return err
	}
	verify := func(label string) []byte {
		return prf(ch.version, ch.suite, master, label, transcriptHash(ch.version, ch.suite, c.transcript), 12)
	}
	want := verify("client finished")
	if m[0] != 20 || !hmac.Equal(m[4:], want) {
		return refusal(alertDecryptError)
	}
	c.transcript = append(c.transcript, m...)
	mine := verify("server finished")
	c.outMu.Lock()
	defer c.outMu.Unlock()
	c.queue(typeChangeCipherSpec, []byte{1})
	c.out = write
	c.queueMessage(message(20, func(b *cryptobyte.Builder) { b.AddBytes(mine) }))
	c.clientFinished, c.serverFinished = want, mine
	return c.flush()
}

func (c *Conn) readChangeCipherSpec() error {
	if len(c.hs) > 0 {
		return refusal(alertUnexpectedMessage)
	}
	for range 8 {
		typ, body, err := c.readRecord()
		switch {
		case err != nil:
			return err
		case typ == typeChangeCipherSpec && len(body) == 1:
			return nil
		case typ == typeApplicationData && c.in != nil && len(c.app) < 1<<20:
			c.app = append(c.app, body...)
		case typ == typeAlert && len(body) == 2 && body[0] == 1 && body[1] != alertCloseNotify:
		case typ == typeAlert:
			return ErrGone
		default:
			return refusal(alertUnexpectedMessage)
		}
	}
	return refusal(alertUnexpectedMessage)
}

// renegotiate answers a ClientHello within a connection (RFC 5246 section 7.4.1.1).
func (c *Conn) renegotiate(m []byte) error {
	h, err := parseHello(m)
	if err != nil {
		c.alert(2, alertDecodeError)
		return err
	}
	limit := c.p.Renegotiations
	if limit != Unlimited && c.renegotiations >= limit {
		if c.p.RenegotiationRefusal == Alert {
			c.alert(1, alertNoRenegotiation)
			return nil
		}
		c.react(c.p.RenegotiationRefusal, alertHandshakeFailure)
		return ErrGone
	}
	secure := c.ch.reneg
	if secure && (!h.has(extRenegotiationInfo) || !hmac.Equal(h.renegotiated, c.clientFinished)) {
		c.alert(2, alertHandshakeFailure) // RFC 5746 section 3.7
		return refusal(alertHandshakeFailure)
	}
	leaves, err := c.leaves(c.id.Name)
	if err != nil {
		return err
	}
	ch, err := (&chooser{c.p, h, leaves}).choose()
	if err != nil || ch.version != c.ch.version {
		c.alert(2, alertHandshakeFailure)
		return refusal(alertHandshakeFailure)
	}
	ch.reneg = secure
	c.renegotiations++
	c.ch, c.hello = ch, h
	c.transcript = append(c.transcript[:0], m...)
	if err := c.handshake12(); err != nil {
		c.alert(2, alertHandshakeFailure)
		return err
	}
	return nil
}
