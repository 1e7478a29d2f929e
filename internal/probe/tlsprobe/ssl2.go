package tlsprobe

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

const ssl2Challenge = 16

// ssl2Hello is a CLIENT-HELLO of SSL 2.0 that offers every cipher kind (draft
// hickman-netscape-ssl, section 5.5).
func ssl2Hello() []byte {
	kinds := lists().kinds
	b := []byte{0, 0, 1, 0x00, 0x02}
	b = binary.BigEndian.AppendUint16(b, uint16(3*len(kinds)))
	b = append(b, 0, 0) // no session
	b = binary.BigEndian.AppendUint16(b, ssl2Challenge)
	for _, k := range kinds {
		b = append(b, byte(k>>16), byte(k>>8), byte(k))
	}
	challenge := make([]byte, ssl2Challenge)
	rand.Read(challenge)
	b = append(b, challenge...)
	binary.BigEndian.PutUint16(b, uint16(len(b)-2)|0x8000)
	return b
}

// readSSL2 reads the answer to ssl2Hello: a SERVER-HELLO of SSL 2.0, or whatever a
// later server has to say about it.
func readSSL2(s *tlswire.Stream, a *reply) error {
	_, err := s.Message()
	if err == nil {
		return errBeyond // a ServerHello of a later version was not asked for
	}
	raw := s.Raw()
	if len(raw) == 0 || raw[0]&0x80 == 0 {
		return err
	}
	// The bytes are not those of a TLS record. Read on until the length they claim.
	for len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)&0x7fff) {
		if raw, err = s.More(); err != nil {
			return err
		}
	}
	h, err := parseSSL2(raw[:2+int(binary.BigEndian.Uint16(raw)&0x7fff)])
	if err != nil {
		return err
	}
	a.outcome, a.kinds, a.leaf = accepted, h.kinds, bytes.Clone(h.cert) // the buffer serves others next
	a.hello = &tlswire.ServerHello{Version: fact.SSL20}
	return nil
}

type ssl2ServerHello struct {
	kinds []fact.Suite
	cert  []byte
}

// parseSSL2 reads a SERVER-HELLO with its record header, or an ERROR, which is a
// refusal.
func parseSSL2(b []byte) (*ssl2ServerHello, error) {
	s := cryptobyte.String(b)
	var head, version, certLen, specLen, idLen uint16
	var kind, hit, certType uint8
	if !s.ReadUint16(&head) || !s.ReadUint8(&kind) {
		return nil, tlswire.ErrNotTLS
	}
	if kind == 0 { // ERROR: the code follows
		return nil, &tlswire.Alert{Level: 2, Description: tlswire.AlertHandshakeFailure}
	}
	if kind != 4 {
		return nil, tlswire.ErrNotTLS
	}
	var cert, specs []byte
	if !s.ReadUint8(&hit) || !s.ReadUint8(&certType) || !s.ReadUint16(&version) || !s.ReadUint16(&certLen) ||
		!s.ReadUint16(&specLen) || !s.ReadUint16(&idLen) || version != uint16(fact.SSL20) || specLen%3 != 0 ||
		!s.ReadBytes(&cert, int(certLen)) || !s.ReadBytes(&specs, int(specLen)) || !s.Skip(int(idLen)) {
		return nil, tlswire.ErrMalformed
	}
	h := &ssl2ServerHello{}
	if hit == 0 && certType == 1 {
		h.cert = cert
	}
	for ; len(specs) >= 3; specs = specs[3:] {
		h.kinds = append(h.kinds, fact.SSL2Suite(uint32(specs[0])<<16|uint32(specs[1])<<8|uint32(specs[2])))
	}
	return h, nil
}
