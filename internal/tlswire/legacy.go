package tlswire

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"

	"peil/internal/fact"
)

// LegacyHandshake is a handshake up to TLS 1.2 that has come as far as the server's
// ServerHelloDone.
type LegacyHandshake struct {
	Hello   []byte       // our ClientHello message
	Offered fact.Version // client_version in it
	Flight  []byte       // the server's messages, ServerHello to ServerHelloDone
}

// flight is what a client needs of the server's messages.
type flight struct {
	hello     *ServerHello
	certs     *Certificates
	kex       []byte
	askedCert bool
}

// splitFlight takes the messages apart.
func splitFlight(b []byte) (f flight, err error) {
	for len(b) > 0 {
		if len(b) < 4 {
			return f, malformed("flight")
		}
		n := 4 + (int(b[1])<<16 | int(b[2])<<8 | int(b[3]))
		if n > len(b) {
			return f, malformed("flight")
		}
		m := b[:n]
		b = b[n:]
		switch m[0] {
		case MsgServerHello:
			f.hello, err = ParseServerHello(m)
		case MsgCertificate:
			f.certs, err = ParseCertificates(m, fact.TLS12)
		case MsgServerKeyExchange:
			f.kex = m
		case MsgCertificateRequest:
			f.askedCert = true
		}
		if err != nil {
			return f, err
		}
	}
	if f.hello == nil {
		return f, malformed("flight without ServerHello")
	}
	return f, nil
}

// FinishLegacy finishes a handshake of TLS 1.0 to 1.2. The Stream is the one that
// the flight was read from.
func FinishLegacy(conn net.Conn, s *Stream, h LegacyHandshake) (*Conn, error) {
	c := &Conn{Conn: conn, stream: s}
	if err := c.finishLegacy(h); err != nil {
		return nil, err
	}
	s.Limit = -1 // what follows is bounded by whoever reads it
	return c, nil
}

func (c *Conn) finishLegacy(h LegacyHandshake) error {
	f, err := splitFlight(h.Flight)
	if err != nil {
		return err
	}
	v := f.hello.Version
	if v < fact.TLS10 || v > fact.TLS12 {
		return fmt.Errorf("%s: %w", v, ErrUnsupported)
	}
	suite, ok := FindSuite(f.hello.Suite)
	if !ok || f.hello.Compression != 0 {
		return fmt.Errorf("suite %s, compression %d: %w", f.hello.Suite, f.hello.Compression, ErrUnsupported)
	}
	key, pre, err := clientKeyExchange(suite, h.Offered, v, f)
	if err != nil {
		return err
	}
	transcript := append(bytes.Clone(h.Hello), h.Flight...)
	mine := len(transcript)
	if f.askedCert {
		transcript = append(transcript, MsgCertificate, 0, 0, 3, 0, 0, 0)
	}
	transcript = append(transcript, key...)

	var session []byte
	if f.hello.ExtendedMasterSecret {
		session = TranscriptHash(v, suite.Hash, transcript)
	}
	clientRandom := h.Hello[6:38]
	master := MasterSecret(v, suite.Hash, pre, clientRandom, f.hello.Random[:], session)
	out, in, err := LegacyKeys(v, suite, master, clientRandom, f.hello.Random[:])
	if err != nil {
		return err
	}
	c.hello, c.suite, c.version = f.hello, suite, v
	if f.certs != nil {
		c.certs = f.certs.DER
	}

	clientVerify := Finished(v, suite.Hash, master, "client", transcript)
	finished := AppendMessage(nil, MsgFinished, func(b []byte) []byte { return append(b, clientVerify...) })
	wire, err := c.seal(nil, Handshake, transcript[mine:])
	if err != nil {
		return err
	}
	if wire, err = c.seal(wire, ChangeCipherSpec, []byte{1}); err != nil {
		return err
	}
	c.out = out
	if wire, err = c.seal(wire, Handshake, finished); err != nil {
		return err
	}
	if _, err := c.Conn.Write(wire); err != nil {
		return err
	}
	transcript = append(transcript, finished...)

	changed := false
	for {
		m, err := c.stream.Message()
		switch {
		case errors.Is(err, errChangeCipherSpec) && !changed:
			changed, c.stream.In = true, in
		case err != nil:
			return err
		case m[0] == MsgNewSessionTicket && !changed:
			transcript = append(transcript, m...)
		case m[0] == MsgFinished && changed:
			serverVerify := Finished(v, suite.Hash, master, "server", transcript)
			if !bytes.Equal(m[4:], serverVerify) {
				return malformed("Finished of the server does not fit")
			}
			c.clientVerify, c.serverVerify = clientVerify, serverVerify
			return nil
		default:
			return malformed("message of type %d in place of Finished", m[0])
		}
	}
}

// clientKeyExchange makes the ClientKeyExchange message and the premaster secret.
func clientKeyExchange(s *Suite, offered, v fact.Version, f flight) (msg, pre []byte, err error) {
	if s.Kex == fact.KexRSA {
		return rsaKeyExchange(offered, f)
	}
	if f.kex == nil {
		return nil, nil, malformed("no ServerKeyExchange")
	}
	k, err := ParseServerKeyExchange(f.kex, s.ID, v)
	if err != nil {
		return nil, nil, err
	}
	if s.Kex == fact.KexDHE {
		public, secret, err := finiteField(k.P, k.G, k.Public)
		if err != nil {
			return nil, nil, err
		}
		return AppendMessage(nil, MsgClientKeyExchange, func(b []byte) []byte {
			return vector16(b, func(b []byte) []byte { return append(b, public...) })
		}), secret, nil
	}
	x, err := NewExchange(k.Group)
	if err != nil {
		return nil, nil, err
	}
	if pre, err = x.Finish(k.Public); err != nil {
		return nil, nil, err
	}
	return AppendMessage(nil, MsgClientKeyExchange, func(b []byte) []byte {
		return append(append(b, byte(len(x.Share.Key))), x.Share.Key...)
	}), pre, nil
}

// rsaKeyExchange encrypts the premaster secret to the server's certificate (RFC 5246
// section 7.4.7.1). crypto/rsa refuses keys that old servers still have, so the
// padding of RFC 8017 section 7.2.1 is made here.
func rsaKeyExchange(offered fact.Version, f flight) (msg, pre []byte, err error) {
	if f.certs == nil || len(f.certs.DER) == 0 {
		return nil, nil, malformed("no certificate")
	}
	cert, err := x509.ParseCertificate(f.certs.DER[0])
	if err != nil {
		return nil, nil, malformed("certificate: %v", err)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, nil, malformed("key of the certificate is not RSA")
	}
	size := (key.N.BitLen() + 7) / 8
	if size < 48+11 || key.N.BitLen() > maxPrimeBits {
		return nil, nil, fmt.Errorf("RSA key of %d bits: %w", key.N.BitLen(), ErrUnsupported)
	}
	pre = make([]byte, 48)
	em := make([]byte, size)
	if _, err := rand.Read(pre); err != nil {
		return nil, nil, err
	}
	if _, err := rand.Read(em); err != nil {
		return nil, nil, err
	}
	pre[0], pre[1] = byte(offered>>8), byte(offered)
	for i := range em[:size-48] {
		if em[i] == 0 {
			em[i] = 0xA5 // padding bytes are never zero
		}
	}
	em[0], em[1], em[size-49] = 0, 2, 0
	copy(em[size-48:], pre)
	c := new(big.Int).Exp(new(big.Int).SetBytes(em), big.NewInt(int64(key.E)), key.N)
	return AppendMessage(nil, MsgClientKeyExchange, func(b []byte) []byte {
		return vector16(b, func(b []byte) []byte { return append(b, c.FillBytes(em)...) })
	}), pre, nil
}

// Renegotiate asks for another handshake inside this connection (RFC 5246 section
// 7.4.1.1, RFC 5746 section 3.5). nil means that the server went along to the end.
func (c *Conn) Renegotiate(h *ClientHello) error {
	if c.version > fact.TLS12 || c.version == 0 {
		return ErrUnsupported
	}
	c.stream.SkipData, c.stream.Limit = true, c.stream.Received()+MaxInput
	h.FillRandom(false)
	h.Version, h.RenegotiationInfo, h.VerifyData = c.version, true, c.clientVerify
	hello, err := h.AppendMessage(nil)
	if err != nil {
		return err
	}
	wire, err := c.seal(nil, Handshake, hello)
	if err != nil {
		return err
	}
	if _, err := c.Conn.Write(wire); err != nil {
		return err
	}
	flight, err := readFlight(c.stream, nil)
	if err != nil {
		return err
	}
	return c.finishLegacy(LegacyHandshake{Hello: hello, Offered: c.version, Flight: flight})
}

// readFlight reads a server's messages up to ServerHelloDone, after those that were
// read already.
func readFlight(s *Stream, flight []byte) ([]byte, error) {
	for {
		m, err := s.Message()
		if err != nil {
			if errors.Is(err, io.EOF) && len(flight) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if m[0] == MsgHelloRequest {
			continue
		}
		if flight = append(flight, m...); len(flight) > MaxInput {
			return nil, ErrTooMuch
		}
		if m[0] == MsgServerHelloDone {
			return flight, nil
		}
	}
}
