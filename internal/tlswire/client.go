package tlswire

import (
	"bytes"
	"net"
	"slices"

	"peil/internal/fact"
)

// Client makes a whole handshake over a connection, on the version that the server
// chooses of those that the hello offers. Where TLS 1.3 is among them the hello is
// taken to carry no key: the server names its group in a HelloRetryRequest.
func Client(conn net.Conn, h *ClientHello) (*Conn, error) {
	h.FillRandom(len(h.SupportedVersions) > 0)
	s := &Stream{}
	s.Reset(conn)
	hello, first, sh, err := shake(conn, s, h, fact.TLS10)
	if err != nil {
		return nil, err
	}
	if sh.Version >= fact.TLS13 {
		return finishModern(conn, s, h, hello, first, sh)
	}
	flight, err := readFlight(s, first)
	if err != nil {
		return nil, err
	}
	return FinishLegacy(conn, s, LegacyHandshake{Hello: hello, Offered: min(h.Version, fact.TLS12), Flight: flight})
}

// shake sends a hello in records of a version (RFC 8446 section 5.1: 1.0 for the first
// one, 1.2 after a HelloRetryRequest) and reads what the server says first.
func shake(conn net.Conn, s *Stream, h *ClientHello, records fact.Version) (hello, answer []byte, sh *ServerHello, err error) {
	if hello, err = h.AppendMessage(nil); err != nil {
		return nil, nil, nil, err
	}
	if _, err = conn.Write(AppendRecord(nil, Handshake, uint16(records), hello)); err != nil {
		return nil, nil, nil, err
	}
	m, err := s.Message()
	if err != nil {
		return nil, nil, nil, err
	}
	answer = bytes.Clone(m)
	if sh, err = ParseServerHello(answer); err != nil {
		return nil, nil, nil, err
	}
	return hello, answer, sh, nil
}

// finishModern answers a HelloRetryRequest with a key and finishes the handshake.
func finishModern(conn net.Conn, s *Stream, h *ClientHello, hello, retry []byte, r *ServerHello) (*Conn, error) {
	if !r.Retry || !slices.Contains(h.Groups, r.Group) || len(h.KeyShares) > 0 {
		return nil, malformed("group %s was not offered", r.Group)
	}
	x, err := NewExchange(r.Group)
	if err != nil {
		return nil, err
	}
	again := *h
	again.KeyShares, again.Cookie = []KeyShare{x.Share}, r.Cookie
	s.SkipChange = true
	second, answer, sh, err := shake(conn, s, &again, fact.TLS12)
	if err != nil {
		return nil, err
	}
	if sh.Retry || sh.Version != r.Version || sh.Suite != r.Suite || sh.Group != r.Group {
		return nil, malformed("another choice after HelloRetryRequest")
	}
	shared, err := x.Finish(sh.KeyShare)
	if err != nil {
		return nil, err
	}
	m, err := NewModern(conn, s, ModernHandshake{FirstHello: hello, Retry: retry, Hello: second, ServerHello: answer, Shared: shared})
	if err != nil {
		return nil, err
	}
	extensions, err := m.Extensions()
	if err != nil {
		return nil, err
	}
	certs, err := m.Finish()
	if err != nil {
		return nil, err
	}
	m.hello.ALPN, m.certs = extensions.ALPN, certs.DER
	return &m.Conn, nil
}
