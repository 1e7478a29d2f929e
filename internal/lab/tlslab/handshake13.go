package tlslab

import (
	"crypto/hmac"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// retryRandom marks a ServerHello as a HelloRetryRequest (RFC 8446 section 4.1.3).
var retryRandom = []byte{
	0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
	0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
}

// handshake13 answers a hello of TLS 1.3 and goes on to the end when the client does.
func (c *Conn) handshake13(leaves []*pki.Leaf) error {
	c.recordVersion = fact.TLS12
	c.k13 = &secrets13{}
	retried := false
	if c.ch.share == nil {
		if err := c.retry(leaves); err != nil {
			return err
		}
		retried = true
	}
	ch, h := c.ch, c.hello
	share, secret, err := c.s.agreed.agree(ch.group, ch.share)
	if err != nil {
		return refusal(alertIllegalParameter)
	}
	k, old, err := c.resume()
	if err != nil {
		return err
	}
	if c.resumed = old != nil; !c.resumed {
		if k, err = newSecrets13(ch.suite, nil); err != nil {
			return err
		}
	}
	c.k13 = k
	c.early = c.resumed && h.has(extEarlyData) && c.p.EarlyData == EarlyAccept && !retried && old.suite == ch.suite.code
	var earlyRead protection
	if c.early {
		traffic, err := k.derive("c e traffic", c.transcript)
		if err != nil {
			return err
		}
		if earlyRead, err = k.protect(traffic); err != nil {
			return err
		}
	}

	c.queueMessage(c.serverHello13(random(32), share))
	if len(h.sessionID) > 0 && !retried {
		c.queue(typeChangeCipherSpec, []byte{1})
	}
	if err := k.next(secret); err != nil {
		return err
	}
	hellos := len(c.transcript)
	serverHS, err := k.derive("s hs traffic", c.transcript)
	if err != nil {
		return err
	}
	if c.out, err = k.protect(serverHS); err != nil {
		return err
	}
	if err := c.queueFlight13(serverHS); err != nil {
		return err
	}
	if err := c.flushFlight(); err != nil {
		return err
	}
	if _, err := c.br.Peek(1); err != nil {
		return err // most clients leave here: the keys that follow are for those who stay
	}
	return c.complete13(hellos, earlyRead)
}

// complete13 makes the keys that follow and takes the client's side of the handshake.
// The hellos are the first bytes of the transcript.
func (c *Conn) complete13(hellos int, earlyRead protection) error {
	k := c.k13
	clientHS, err := k.derive("c hs traffic", c.transcript[:hellos])
	if err != nil {
		return err
	}
	handshakeRead, err := k.protect(clientHS)
	if err != nil {
		return err
	}
	if err := k.next(nil); err != nil {
		return err
	}
	if k.clientTraffic, err = k.derive("c ap traffic", c.transcript); err != nil {
		return err
	}
	if k.serverTraffic, err = k.derive("s ap traffic", c.transcript); err != nil {
		return err
	}
	if c.out, err = k.protect(k.serverTraffic); err != nil {
		return err
	}
	if err := c.readEarly(earlyRead); err != nil {
		return err
	}
	c.in = handshakeRead
	return c.finish13(clientHS)
}

// retry sends a HelloRetryRequest and reads the second hello (section 4.1.4).
func (c *Conn) retry(leaves []*pki.Leaf) error {
	group := c.ch.group
	first := c.hello
	h := c.ch.suite.prf
	c.transcript = append([]byte{254, 0, 0, byte(h.Size())}, digest(h, first.raw)...)
	c.queueMessage(c.serverHello13(retryRandom, nil))
	if len(first.sessionID) > 0 {
		c.queue(typeChangeCipherSpec, []byte{1})
	}
	if err := c.flush(); err != nil {
		return err
	}
	if first.has(extEarlyData) {
		c.skipEarly = 1 << 16
	}
	m, err := c.readMessage()
	if err != nil {
		return err
	}
	second, err := parseHello(m)
	if err != nil {
		return refusal(alertDecodeError)
	}
	c.skipEarly = 0
	c.hello = second
	ch, err := (&chooser{c.p, second, leaves}).choose()
	if err != nil {
		return err
	}
	if ch.version != fact.TLS13 || ch.share == nil || ch.group != group || ch.suite != c.ch.suite {
		return refusal(alertIllegalParameter)
	}
	c.ch = ch
	c.transcript = append(c.transcript, second.raw...)
	return nil
}

// serverHello13 is a ServerHello, or with the retry's random a HelloRetryRequest.
func (c *Conn) serverHello13(random, share []byte) []byte {
	return message(2, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(fact.TLS12))
		b.AddBytes(random)
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(c.hello.sessionID) })
		b.AddUint16(uint16(c.ch.suite.code))
		b.AddUint8(0)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			extension(b, extSupportedVersions, func(b *cryptobyte.Builder) { b.AddUint16(uint16(fact.TLS13)) })
			extension(b, extKeyShare, func(b *cryptobyte.Builder) {
				b.AddUint16(uint16(c.ch.group))
				if share != nil {
					b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(share) })
				}
			})
			if c.resumed {
				extension(b, extPreSharedKey, func(b *cryptobyte.Builder) { b.AddUint16(0) })
			}
		})
	})
}

// queueFlight13 queues EncryptedExtensions to Finished.
func (c *Conn) queueFlight13(serverHS []byte) error {
	ch := c.ch
	c.queueMessage(message(8, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			if c.hello.serverName != "" {
				extension(b, extServerName, nothing)
			}
			if ch.alpn != "" {
				extension(b, extALPN, func(b *cryptobyte.Builder) { addProtocol(b, ch.alpn) })
			}
			if c.p.Heartbeat && c.hello.has(extHeartbeat) {
				extension(b, extHeartbeat, func(b *cryptobyte.Builder) { b.AddUint8(1) })
			}
			if c.early {
				extension(b, extEarlyData, nothing)
			}
		})
	}))
	if !c.resumed {
		staple, err := c.staple(ch.leaf)
		if err != nil {
			return err
		}
		c.queueMessage(certificate13(ch.leaf, staple))
		signed := append([]byte(context13), digest(ch.suite.prf, c.transcript)...)
		if c.p.FalseSignature {
			signed = append(signed, 0)
		}
		signature, err := sign(ch.leaf.Signer, ch.scheme, signed)
		if err != nil {
			return err
		}
		c.queueMessage(message(15, func(b *cryptobyte.Builder) {
			b.AddUint16(ch.scheme)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(signature) })
		}))
	}
	verify, err := c.k13.finished(serverHS, c.transcript)
	if err != nil {
		return err
	}
	c.queueMessage(message(20, func(b *cryptobyte.Builder) { b.AddBytes(verify) }))
	return nil
}

// context13 is what a server's CertificateVerify signs before the transcript (section 4.4.3).
const context13 = "                                                                TLS 1.3, server CertificateVerify\x00"

func certificate13(l *pki.Leaf, staple []byte) []byte {
	return message(11, func(b *cryptobyte.Builder) {
		b.AddUint8(0)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			for i, der := range l.Chain {
				b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
					if i == 0 && staple != nil {
						extension(b, extStatusRequest, func(b *cryptobyte.Builder) {
							b.AddUint8(1)
							b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(staple) })
						})
					}
				})
			}
		})
	})
}

// readEarly takes in early data that was accepted, up to EndOfEarlyData, or makes
// ready to skip what was not.
func (c *Conn) readEarly(read protection) error {
	if read == nil {
		if c.hello.has(extEarlyData) {
			c.skipEarly = 1 << 16
		}
		return nil
	}
	c.in = read
	m, err := c.readMessage()
	if err != nil {
		return err
	}
	if m[0] != 5 || len(m) != 4 {
		return refusal(alertUnexpectedMessage)
	}
	c.transcript = append(c.transcript, m...)
	return nil
}

// finish13 takes the client's Finished and gives a ticket.
func (c *Conn) finish13(clientHS []byte) error {
	k := c.k13
	want, err := k.finished(clientHS, c.transcript)
	if err != nil {
		return err
	}
	m, err := c.readMessage()
	if err != nil {
		return err
	}
	if m[0] != 20 || !hmac.Equal(m[4:], want) {
		return refusal(alertDecryptError)
	}
	c.transcript = append(c.transcript, m...)
	if c.in, err = k.protect(k.clientTraffic); err != nil {
		return err
	}
	c.clientFinished = want
	resumption, err := k.derive("res master", c.transcript)
	if err != nil {
		return err
	}
	c.transcript = nil
	if err := c.queueTicket(resumption); err != nil {
		return err
	}
	return c.flush()
}

// keyUpdate moves on to the next keys (section 4.6.3).
func (c *Conn) keyUpdate(m []byte) error {
	k := c.k13
	next := func(traffic *[]byte) (protection, error) {
		var err error
		if *traffic, err = expandLabel(k.hash, *traffic, "traffic upd", nil, k.hash.Size()); err != nil {
			return nil, err
		}
		return k.protect(*traffic)
	}
	if !slices.Contains([]string{"\x00", "\x01"}, string(m[4:])) || len(c.hs) > 0 {
		c.alert(2, alertUnexpectedMessage)
		return refusal(alertUnexpectedMessage)
	}
	var err error
	if c.in, err = next(&k.clientTraffic); err != nil || m[4] == 0 {
		return err
	}
	c.outMu.Lock()
	defer c.outMu.Unlock()
	c.queue(typeHandshake, message(24, func(b *cryptobyte.Builder) { b.AddUint8(0) }))
	if c.out, err = next(&k.serverTraffic); err != nil {
		return err
	}
	return c.flush()
}
