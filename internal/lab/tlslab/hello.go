package tlslab

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
)

// Extension types (IANA "TLS ExtensionType Values").
const (
	extServerName          = 0
	extStatusRequest       = 5
	extSupportedGroups     = 10
	extPointFormats        = 11
	extSignatureAlgorithms = 13
	extHeartbeat           = 15
	extALPN                = 16
	extSCT                 = 18
	extEMS                 = 23
	extSessionTicket       = 35
	extPreSharedKey        = 41
	extEarlyData           = 42
	extSupportedVersions   = 43
	extCookie              = 44
	extPSKModes            = 45
	extKeyShare            = 51
	extRenegotiationInfo   = 0xff01
)

// Signalling suites (RFC 5746 section 3.3, RFC 7507).
const (
	scsvRenegotiation = 0x00ff
	scsvFallback      = 0x5600
)

// errHello means that a ClientHello cannot be read.
var errHello = errors.New("malformed ClientHello")

// maxHello bounds a ClientHello; a hybrid one takes about 2,000 bytes.
const maxHello = 1 << 16

type keyShare struct {
	group fact.Group
	data  []byte
}

// hello is a ClientHello as received (RFC 8446 section 4.1.2, RFC 5246 section
// 7.4.1.2), or one in the form of SSL 2.0.
type hello struct {
	raw []byte // the handshake message with its header, as it enters the transcript

	version      fact.Version // legacy_version
	random       []byte       // 32 bytes
	sessionID    []byte
	suites       []fact.Suite
	compressions []byte
	extensions   bool // an extensions block was there
	seen         map[uint16]bool

	serverName   string
	versions     []fact.Version // supported_versions
	groups       []fact.Group
	schemes      []uint16
	shares       []keyShare
	alpn         []string
	renegotiated []byte // content of renegotiation_info
	cookie       []byte
	pskDHE       bool // psk_dhe_ke among the modes

	pskIdentity []byte // the first identity only; nil when none
	pskBinder   []byte // its binder
	pskCut      int    // length of raw up to the binders
	unknown     bool   // something that no registry knows
}

func (h *hello) has(ext uint16) bool { return h.seen[ext] }

func (h *hello) offers(s fact.Suite) bool {
	for _, x := range h.suites {
		if x == s {
			return true
		}
	}
	return false
}

// parseHello reads a handshake message of type client_hello.
func parseHello(raw []byte) (*hello, error) {
	h := &hello{raw: raw}
	s := cryptobyte.String(raw)
	var typ uint8
	var body, id, suites, comp cryptobyte.String
	var version uint16
	if !s.ReadUint8(&typ) || typ != 1 || !s.ReadUint24LengthPrefixed(&body) || !s.Empty() ||
		!body.ReadUint16(&version) || !body.ReadBytes(&h.random, 32) ||
		!body.ReadUint8LengthPrefixed(&id) || len(id) > 32 ||
		!body.ReadUint16LengthPrefixed(&suites) || len(suites)%2 != 0 ||
		!body.ReadUint8LengthPrefixed(&comp) || len(comp) == 0 {
		return nil, errHello
	}
	h.version, h.sessionID, h.compressions = fact.Version(version), id, comp
	h.suites = make([]fact.Suite, 0, len(suites)/2)
	for !suites.Empty() {
		var code uint16
		suites.ReadUint16(&code)
		h.suites = append(h.suites, fact.Suite(code))
	}
	if body.Empty() {
		return h, nil
	}
	var exts cryptobyte.String
	if !body.ReadUint16LengthPrefixed(&exts) || !body.Empty() {
		return nil, errHello
	}
	h.extensions = true
	h.seen = make(map[uint16]bool, 16)
	for !exts.Empty() {
		var typ uint16
		var data cryptobyte.String
		if !exts.ReadUint16(&typ) || !exts.ReadUint16LengthPrefixed(&data) || h.seen[typ] {
			return nil, errHello
		}
		h.seen[typ] = true
		if !h.extension(typ, data, exts.Empty()) {
			return nil, errHello
		}
	}
	return h, nil
}

func (h *hello) extension(typ uint16, data cryptobyte.String, last bool) bool {
	switch typ {
	case extServerName:
		return h.readServerName(data)
	case extSupportedGroups:
		return readUint16s(data, func(v uint16) { h.groups = append(h.groups, fact.Group(v)) })
	case extSignatureAlgorithms:
		return readUint16s(data, func(v uint16) { h.schemes = append(h.schemes, v) })
	case extSupportedVersions:
		var list cryptobyte.String
		if !data.ReadUint8LengthPrefixed(&list) || len(list)%2 != 0 {
			return false
		}
		for !list.Empty() {
			var v uint16
			list.ReadUint16(&v)
			h.versions = append(h.versions, fact.Version(v))
		}
	case extALPN:
		var list cryptobyte.String
		if !data.ReadUint16LengthPrefixed(&list) {
			return false
		}
		for !list.Empty() {
			var p cryptobyte.String
			if !list.ReadUint8LengthPrefixed(&p) || len(p) == 0 {
				return false
			}
			h.alpn = append(h.alpn, string(p))
		}
	case extRenegotiationInfo:
		var info cryptobyte.String
		if !data.ReadUint8LengthPrefixed(&info) {
			return false
		}
		h.renegotiated = info
	case extKeyShare:
		return h.readShares(data)
	case extCookie:
		var c cryptobyte.String
		if !data.ReadUint16LengthPrefixed(&c) {
			return false
		}
		h.cookie = c
	case extPSKModes:
		var modes cryptobyte.String
		if !data.ReadUint8LengthPrefixed(&modes) {
			return false
		}
		for _, m := range modes {
			h.pskDHE = h.pskDHE || m == 1
		}
	case extPreSharedKey:
		return last && h.readPSK(data)
	case extStatusRequest, extPointFormats, extHeartbeat, extSCT, extEMS, extSessionTicket, extEarlyData:
	default:
		// Reserved for nobody, or for GREASE (RFC 8701).
		h.unknown = h.unknown || typ > 64 && typ != 13172 && typ != 17513 && typ != 17613
	}
	return true
}

func (h *hello) readServerName(data cryptobyte.String) bool {
	if data.Empty() {
		return true
	}
	var list cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var typ uint8
		var name cryptobyte.String
		if !list.ReadUint8(&typ) || !list.ReadUint16LengthPrefixed(&name) {
			return false
		}
		if typ == 0 && len(name) <= 255 {
			h.serverName = string(name)
		}
	}
	return true
}

func (h *hello) readShares(data cryptobyte.String) bool {
	var list cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) {
		return false
	}
	for !list.Empty() {
		var g uint16
		var key cryptobyte.String
		if !list.ReadUint16(&g) || !list.ReadUint16LengthPrefixed(&key) {
			return false
		}
		h.shares = append(h.shares, keyShare{fact.Group(g), key})
	}
	return true
}

// readPSK keeps the first identity. The binders close the message, so that what
// they cover is the message less their list (RFC 8446 section 4.2.11.2).
func (h *hello) readPSK(data cryptobyte.String) bool {
	var ids, binders, id, binder cryptobyte.String
	var age uint32
	if !data.ReadUint16LengthPrefixed(&ids) || !ids.ReadUint16LengthPrefixed(&id) || !ids.ReadUint32(&age) {
		return false
	}
	h.pskCut = len(h.raw) - len(data)
	if !data.ReadUint16LengthPrefixed(&binders) || !binders.ReadUint8LengthPrefixed(&binder) {
		return false
	}
	h.pskIdentity, h.pskBinder = id, binder
	return true
}

func readUint16s(data cryptobyte.String, each func(uint16)) bool {
	var list cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) || len(list)%2 != 0 {
		return false
	}
	for !list.Empty() {
		var v uint16
		list.ReadUint16(&v)
		each(v)
	}
	return true
}

// parseSSL2Hello reads the body of an SSL 2.0 record that holds a CLIENT-HELLO (SSL
// 2.0 section 1.2; RFC 5246 appendix E.2). Cipher kinds with a zero first byte are
// suites of SSL 3.0 and later.
func parseSSL2Hello(body []byte) (*hello, error) {
	s := cryptobyte.String(body)
	var typ uint8
	var version, nSuites, nID, nChallenge uint16
	var kinds, id, challenge []byte
	if !s.ReadUint8(&typ) || typ != 1 || !s.ReadUint16(&version) || !s.ReadUint16(&nSuites) ||
		!s.ReadUint16(&nID) || !s.ReadUint16(&nChallenge) || nSuites%3 != 0 || nChallenge > 32 ||
		!s.ReadBytes(&kinds, int(nSuites)) || !s.ReadBytes(&id, int(nID)) ||
		!s.ReadBytes(&challenge, int(nChallenge)) {
		return nil, errHello
	}
	h := &hello{raw: body, version: fact.Version(version), compressions: []byte{0}, random: make([]byte, 32)}
	copy(h.random[32-len(challenge):], challenge)
	for i := 0; i < len(kinds); i += 3 {
		if kinds[i] == 0 {
			h.suites = append(h.suites, fact.Suite(kinds[i+1])<<8|fact.Suite(kinds[i+2]))
			continue
		}
		h.suites = append(h.suites, fact.SSL2Suite(uint32(kinds[i])<<16|uint32(kinds[i+1])<<8|uint32(kinds[i+2])))
	}
	return h, nil
}
