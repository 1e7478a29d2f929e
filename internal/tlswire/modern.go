package tlswire

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"net"

	"peil/internal/fact"
)

// ModernHandshake is a handshake of TLS 1.3 that has come as far as the ServerHello.
type ModernHandshake struct {
	FirstHello  []byte // our hello before a HelloRetryRequest; nil when there was none
	Retry       []byte // the HelloRetryRequest message
	Hello       []byte // our hello that was answered
	ServerHello []byte
	Shared      []byte // secret of the key exchange
	PSK         []byte // nil unless the server chose one
}

// Modern is a TLS 1.3 connection whose handshake is read step by step: Extensions,
// then Finish, then Tickets.
type Modern struct {
	Conn
	schedule     *Schedule
	transcript   []byte
	clientSecret []byte
	serverSecret []byte
	clientApp    []byte
	resumption   []byte
	psk          bool
}

// NewModern derives the handshake keys (RFC 8446 section 7.1).
func NewModern(conn net.Conn, s *Stream, h ModernHandshake) (*Modern, error) {
	hello, err := ParseServerHello(h.ServerHello)
	if err != nil {
		return nil, err
	}
	suite, ok := FindSuite(hello.Suite)
	if !ok || suite.Kex != fact.KexTLS13 {
		return nil, fmt.Errorf("suite %s: %w", hello.Suite, ErrUnsupported)
	}
	m := &Modern{Conn: Conn{Conn: conn, stream: s, version: fact.TLS13, suite: suite, hello: hello}}
	if h.FirstHello != nil {
		// The first hello stands in the transcript as its hash (section 4.4.1).
		m.transcript = append(m.transcript, MsgMessageHash, 0, 0, byte(suite.Hash.Size()))
		m.transcript = append(m.transcript, sum(suite.Hash, h.FirstHello)...)
		m.transcript = append(m.transcript, h.Retry...)
	}
	m.transcript = append(append(m.transcript, h.Hello...), h.ServerHello...)
	if hello.PSKChosen {
		m.psk = true
	} else {
		h.PSK = nil
	}
	if m.schedule, err = NewSchedule(suite, h.PSK); err != nil {
		return nil, err
	}
	if err = m.schedule.Advance(h.Shared); err != nil {
		return nil, err
	}
	th := sum(suite.Hash, m.transcript)
	if m.clientSecret, err = m.schedule.Derive("c hs traffic", th); err != nil {
		return nil, err
	}
	if m.serverSecret, err = m.schedule.Derive("s hs traffic", th); err != nil {
		return nil, err
	}
	if m.out, err = TrafficHalf(suite, m.clientSecret); err != nil {
		return nil, err
	}
	if s.In, err = TrafficHalf(suite, m.serverSecret); err != nil {
		return nil, err
	}
	s.SkipChange = true
	return m, nil
}

// Extensions reads EncryptedExtensions.
func (m *Modern) Extensions() (*EncryptedExtensions, error) {
	b, err := m.message()
	if err != nil {
		return nil, err
	}
	return ParseEncryptedExtensions(b)
}

func (m *Modern) message() ([]byte, error) {
	b, err := m.stream.Message()
	if err != nil {
		return nil, err
	}
	m.transcript = append(m.transcript, b...)
	return b, nil
}

// Finish reads the rest of the server's messages, checks its Finished, and sends
// ours. With a PSK there are no certificates.
func (m *Modern) Finish() (*Certificates, error) {
	var certs *Certificates
	asked := false
	for {
		before := sum(m.suite.Hash, m.transcript)
		b, err := m.message()
		if err != nil {
			return certs, err
		}
		switch b[0] {
		case MsgCertificateRequest:
			asked = true
		case MsgCertificate:
			if certs, err = ParseCertificates(b, fact.TLS13); err != nil {
				return nil, err
			}
		case MsgCertificateVerify:
		case MsgFinished:
			want, err := FinishedMAC(m.suite.Hash, m.serverSecret, before)
			if err != nil {
				return certs, err
			}
			if !hmac.Equal(b[4:], want) {
				return certs, malformed("Finished of the server does not fit")
			}
			if certs == nil && !m.psk {
				return nil, malformed("no certificate")
			}
			return certs, m.sendFinished(asked)
		default:
			return certs, malformed("message of type %d before Finished", b[0])
		}
	}
}

func (m *Modern) sendFinished(askedCert bool) error {
	h := m.suite.Hash
	if err := m.schedule.Advance(nil); err != nil {
		return err
	}
	th := sum(h, m.transcript)
	serverApp, err := m.schedule.Derive("s ap traffic", th)
	if err != nil {
		return err
	}
	if m.clientApp, err = m.schedule.Derive("c ap traffic", th); err != nil {
		return err
	}
	mine := len(m.transcript)
	if askedCert {
		m.transcript = append(m.transcript, MsgCertificate, 0, 0, 4, 0, 0, 0, 0)
	}
	verify, err := FinishedMAC(h, m.clientSecret, sum(h, m.transcript))
	if err != nil {
		return err
	}
	m.transcript = AppendMessage(m.transcript, MsgFinished, func(b []byte) []byte { return append(b, verify...) })
	wire := AppendRecord(nil, ChangeCipherSpec, uint16(fact.TLS12), []byte{1})
	if wire, err = m.seal(wire, Handshake, m.transcript[mine:]); err != nil {
		return err
	}
	if _, err := m.Conn.Conn.Write(wire); err != nil {
		return err
	}
	if m.resumption, err = m.schedule.Derive("res master", sum(h, m.transcript)); err != nil {
		return err
	}
	if m.out, err = TrafficHalf(m.suite, m.clientApp); err != nil {
		return err
	}
	m.stream.In, err = TrafficHalf(m.suite, serverApp)
	m.stream.Limit = -1
	return err
}

// maxTickets is how many session tickets are looked at.
const maxTickets = 8

// Tickets says goodbye and reads the session tickets that the server sends, up to its
// own end when there are none. The server's goodbye or silence is no error.
func (m *Modern) Tickets() ([]*Ticket, error) {
	m.stream.Limit = m.stream.Received() + MaxMessage
	if err := m.CloseNotify(); err != nil {
		return nil, err
	}
	if c, ok := m.Conn.Conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // it only makes the server's end come sooner
	}
	var all []*Ticket
	for len(all) < maxTickets {
		b, err := m.stream.Message()
		var alert *Alert
		var timeout net.Error
		switch {
		case errors.Is(err, io.EOF) || errors.As(err, &alert) || errors.As(err, &timeout) || errors.Is(err, io.ErrUnexpectedEOF):
			return all, nil
		case errors.Is(err, ErrMalformed) && len(all) > 0:
			return all, nil // data that the server sent of its own accord
		case err != nil:
			return all, err
		case b[0] == MsgNewSessionTicket:
			t, err := ParseTicket(b)
			if err != nil {
				return all, err
			}
			all = append(all, t)
			if len(m.stream.Raw()) == 0 && !m.stream.Pending() {
				return all, nil // servers send their tickets at one go, and alike
			}
		}
	}
	return all, nil
}

// PSK derives the key that goes with a ticket of this connection.
func (m *Modern) PSK(t *Ticket) ([]byte, error) {
	return ExpandLabel(m.suite.Hash, m.resumption, "resumption", t.Nonce, m.suite.Hash.Size())
}

// OfferTicket puts a ticket in a hello. age is how long ago it was received.
func OfferTicket(h *ClientHello, suite fact.Suite, t *Ticket, psk []byte, ageMillis uint32) error {
	s, ok := FindSuite(suite)
	if !ok {
		return ErrUnsupported
	}
	early, err := NewSchedule(s, psk)
	if err != nil {
		return err
	}
	key, err := early.Derive("res binder", sum(s.Hash, nil))
	if err != nil {
		return err
	}
	h.PSKModes = true
	h.PSK = &PSK{
		Identity: bytes.Clone(t.Identity), ObfuscatedAge: ageMillis + t.AgeAdd, BinderLen: s.Hash.Size(),
		Binder: func(truncated []byte) ([]byte, error) {
			return FinishedMAC(s.Hash, key, sum(s.Hash, truncated))
		},
	}
	return nil
}
