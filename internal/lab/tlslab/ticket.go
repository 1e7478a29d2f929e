package tlslab

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
)

// ticketLife is how long a ticket may be used; ticketEarly how much early data it allows.
const (
	ticketLife  = 2 * time.Hour
	ticketEarly = 16384
)

// ticketKey seals session tickets, so that nothing is kept per session.
type ticketKey struct{ aead cipher.AEAD }

func (t *ticketKey) init() error {
	block, err := aes.NewCipher(random(32))
	if err != nil {
		return err
	}
	t.aead, err = cipher.NewGCM(block)
	return err
}

// session is what a ticket holds.
type session struct {
	suite fact.Suite
	at    time.Time
	psk   []byte
}

func (t *ticketKey) seal(s session) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(s.suite))
	b = binary.BigEndian.AppendUint64(b, uint64(s.at.Unix()))
	b = append(b, s.psk...)
	nonce := random(12)
	return t.aead.Seal(nonce, nonce, b, nil)
}

func (t *ticketKey) open(ticket []byte) (session, bool) {
	if len(ticket) < 12 {
		return session{}, false
	}
	b, err := t.aead.Open(nil, ticket[:12], ticket[12:], nil)
	if err != nil || len(b) < 10 {
		return session{}, false
	}
	s := session{
		suite: fact.Suite(binary.BigEndian.Uint16(b)),
		at:    time.Unix(int64(binary.BigEndian.Uint64(b[2:])), 0),
		psk:   b[10:],
	}
	return s, time.Since(s.at) < ticketLife
}

// resume looks at the client's pre-shared key: the schedule that starts with it, and
// the session, when it is ours and its binder is right (RFC 8446 section 4.2.11).
func (c *Conn) resume() (*secrets13, *session, error) {
	h, ch := c.hello, c.ch
	if h.pskIdentity == nil || !h.pskDHE || c.p.NoTickets {
		return nil, nil, nil
	}
	s, ok := c.s.tickets.open(h.pskIdentity)
	if !ok || suiteOf(s.suite).prf != ch.suite.prf {
		return nil, nil, nil
	}
	k, err := newSecrets13(ch.suite, s.psk)
	if err != nil {
		return nil, nil, err
	}
	base, err := k.derive("res binder", nil)
	if err != nil {
		return nil, nil, err
	}
	// The transcript ends with this hello; the binder covers it as far as the binders.
	covered := c.transcript[:len(c.transcript)-(len(h.raw)-h.pskCut)]
	want, err := k.finished(base, covered)
	if err != nil {
		return nil, nil, err
	}
	if !hmac.Equal(want, h.pskBinder) {
		return nil, nil, refusal(alertDecryptError)
	}
	return k, &s, nil
}

// queueTicket queues a NewSessionTicket (section 4.6.1).
func (c *Conn) queueTicket(resumption []byte) error {
	if c.p.NoTickets || !c.hello.pskDHE {
		return nil
	}
	nonce := []byte{1}
	psk, err := expandLabel(c.k13.hash, resumption, "resumption", nonce, c.k13.hash.Size())
	if err != nil {
		return err
	}
	ticket := c.s.tickets.seal(session{c.ch.suite.code, time.Now(), psk})
	c.queue(typeHandshake, message(4, func(b *cryptobyte.Builder) {
		b.AddUint32(uint32(ticketLife / time.Second))
		b.AddBytes(random(4)) // ticket_age_add
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(nonce) })
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(ticket) })
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			if c.p.EarlyData != EarlyNone {
				extension(b, extEarlyData, func(b *cryptobyte.Builder) { b.AddUint32(ticketEarly) })
			}
		})
	}))
	return nil
}
