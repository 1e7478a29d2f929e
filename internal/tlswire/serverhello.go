package tlswire

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
)

// retryRandom marks a ServerHello as a HelloRetryRequest (RFC 8446 section 4.1.3).
var retryRandom = [32]byte{
	0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
	0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
}

// ServerHello is the answer to a hello: what the server chose.
type ServerHello struct {
	Version     fact.Version // of supported_versions when that is there
	Random      [32]byte
	SessionID   []byte
	Suite       fact.Suite
	Compression uint8
	Retry       bool // it is a HelloRetryRequest

	ExtendedMasterSecret bool
	RenegotiationInfo    bool
	VerifyData           []byte
	Heartbeat            bool
	StatusRequest        bool
	Ticket               bool
	ALPN                 string
	SCTs                 []byte // SignedCertificateTimestampList
	Group                fact.Group
	KeyShare             []byte
	Cookie               []byte
	PSKChosen            bool
}

// maxExtensions is more than a server has reason to send.
const maxExtensions = 64

// ParseServerHello reads a ServerHello or HelloRetryRequest with its message header.
// What it holds of msg is copied.
func ParseServerHello(msg []byte) (*ServerHello, error) {
	s, ok := messageBody(msg, MsgServerHello)
	if !ok {
		return nil, malformed("not a ServerHello")
	}
	h := &ServerHello{}
	var version, suite uint16
	var session cryptobyte.String
	if !s.ReadUint16(&version) || !s.CopyBytes(h.Random[:]) || !s.ReadUint8LengthPrefixed(&session) || len(session) > 32 ||
		!s.ReadUint16(&suite) || !s.ReadUint8(&h.Compression) {
		return nil, malformed("ServerHello")
	}
	h.Version, h.Suite = fact.Version(version), fact.Suite(suite)
	h.SessionID = bytes.Clone(session)
	h.Retry = h.Random == retryRandom
	if s.Empty() {
		return h, nil
	}
	err := eachExtension(&s, func(id uint16, e cryptobyte.String) bool { return h.extension(id, e) })
	if err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, malformed("ServerHello: %d bytes after the extensions", len(s))
	}
	return h, nil
}

// messageBody cuts the header off a message of the wanted type.
func messageBody(msg []byte, want uint8) (cryptobyte.String, bool) {
	s := cryptobyte.String(msg)
	var t uint8
	var body cryptobyte.String
	if !s.ReadUint8(&t) || t != want || !s.ReadUint24LengthPrefixed(&body) || !s.Empty() {
		return nil, false
	}
	return body, true
}

// eachExtension reads a vector of extensions, none of which may come twice.
func eachExtension(s *cryptobyte.String, f func(id uint16, e cryptobyte.String) bool) error {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) {
		return malformed("extensions")
	}
	var seen [maxExtensions]uint16
	for n := 0; !list.Empty(); n++ {
		var id uint16
		var e cryptobyte.String
		if n == maxExtensions || !list.ReadUint16(&id) || !list.ReadUint16LengthPrefixed(&e) {
			return malformed("extensions")
		}
		if slices.Contains(seen[:n], id) {
			return malformed("extension %d twice", id)
		}
		seen[n] = id
		if !f(id, e) {
			return malformed("extension %d", id)
		}
	}
	return nil
}

func (h *ServerHello) extension(id uint16, e cryptobyte.String) bool {
	switch id {
	case extSupportedVersions:
		var v uint16
		if !e.ReadUint16(&v) || !e.Empty() {
			return false
		}
		h.Version = fact.Version(v)
	case extKeyShare:
		var g uint16
		if !e.ReadUint16(&g) {
			return false
		}
		h.Group = fact.Group(g)
		if h.Retry {
			return e.Empty()
		}
		var key cryptobyte.String
		if !e.ReadUint16LengthPrefixed(&key) || !e.Empty() {
			return false
		}
		h.KeyShare = bytes.Clone(key)
	case extCookie:
		var c cryptobyte.String
		if !e.ReadUint16LengthPrefixed(&c) || !e.Empty() {
			return false
		}
		h.Cookie = bytes.Clone(c)
	case extRenegotiationInfo:
		var v cryptobyte.String
		if !e.ReadUint8LengthPrefixed(&v) || !e.Empty() {
			return false
		}
		h.RenegotiationInfo, h.VerifyData = true, bytes.Clone(v)
	case extALPN:
		p, ok := readALPN(e)
		h.ALPN = p
		return ok
	case extSCT:
		h.SCTs = bytes.Clone(e)
	case extExtendedMasterSecret:
		h.ExtendedMasterSecret = true
	case extHeartbeat:
		h.Heartbeat = true
	case extStatusRequest:
		h.StatusRequest = true
	case extSessionTicket:
		h.Ticket = true
	case extPreSharedKey:
		h.PSKChosen = true
	}
	return true
}

// readALPN reads the one protocol that a server chose (RFC 7301 section 3.1).
func readALPN(e cryptobyte.String) (string, bool) {
	var list, p cryptobyte.String
	ok := e.ReadUint16LengthPrefixed(&list) && e.Empty() && list.ReadUint8LengthPrefixed(&p) && list.Empty() && len(p) > 0
	return string(p), ok
}
