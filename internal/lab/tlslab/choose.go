package tlslab

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"

	"peil/internal/fact"
	"peil/internal/lab/curve"
	"peil/internal/lab/pki"
)

// Alert descriptions (RFC 8446 section 6).
const (
	alertCloseNotify           = 0
	alertUnexpectedMessage     = 10
	alertBadRecordMAC          = 20
	alertRecordOverflow        = 22
	alertHandshakeFailure      = 40
	alertIllegalParameter      = 47
	alertDecodeError           = 50
	alertDecryptError          = 51
	alertProtocolVersion       = 70
	alertInternalError         = 80
	alertInappropriateFallback = 86
	alertNoRenegotiation       = 100
	alertMissingExtension      = 109
	alertUnrecognizedName      = 112
	alertNoApplicationProtocol = 120
)

// choice is what a server decides upon a hello.
type choice struct {
	version     fact.Version
	suite       *suite
	group       fact.Group // of ECDHE and of TLS 1.3
	dh          *dhGroup
	scheme      uint16 // of the key exchange's signature; 0 before TLS 1.2
	leaf        *pki.Leaf
	compression byte
	alpn        string
	share       []byte // the client's key share; nil asks for another hello (TLS 1.3)
	ems         bool
	reneg       bool // renegotiation_info is answered
}

// refusal is the alert with which a hello is turned away.
type refusal byte

func (r refusal) Error() string { return "the hello is declined" }

// chooser has what a choice depends on beside the hello.
type chooser struct {
	p      *Profile
	h      *hello
	leaves []*pki.Leaf
}

func (c *chooser) choose() (*choice, error) {
	p, h := c.p, c.h
	v, err := c.version()
	if err != nil {
		return nil, err
	}
	ch := &choice{version: v}
	if h.offers(scsvFallback) && !p.NoFallbackSCSV && v < slices.Max(or(p.Versions, defaultVersions)) {
		return nil, refusal(alertInappropriateFallback)
	}
	if len(h.alpn) > 0 {
		mine := or(p.ALPN, defaultALPN)
		if i := slices.IndexFunc(mine, func(s string) bool { return slices.Contains(h.alpn, s) }); i >= 0 {
			ch.alpn = mine[i]
		} // without a common one we go on without, as nginx did for years
	}
	if v == fact.TLS13 {
		return ch, c.choose13(ch)
	}
	ch.ems = h.has(extEMS) && !p.NoEMS && v > fact.SSL30
	ch.reneg = (h.has(extRenegotiationInfo) || h.offers(scsvRenegotiation)) && !p.NoSecureRenegotiation
	if p.Compression && slices.Contains(h.compressions, 1) {
		ch.compression = 1
	}
	if p.Unoffered != 0 {
		ch.suite = suiteOf(p.Unoffered)
		if c.fits(ch, ch.suite) {
			return ch, nil
		}
		return nil, refusal(alertHandshakeFailure)
	}
	mine := p.suitesOf(v)
	first, second := mine, h.suites
	if p.ClientOrder {
		first, second = second, first
	}
	for _, code := range first {
		if !slices.Contains(second, code) {
			continue
		}
		if s := suiteOf(code); s.existsIn(v) && c.fits(ch, s) {
			ch.suite = s
			return ch, nil
		}
	}
	return nil, refusal(alertHandshakeFailure)
}

// version is the highest version of both sides (RFC 8446 section 4.2.1).
func (c *chooser) version() (fact.Version, error) {
	for _, v := range c.p.versions() {
		if v == fact.SSL20 {
			continue
		}
		if c.h.has(extSupportedVersions) && !c.p.IgnoreSupportedVersions {
			if slices.Contains(c.h.versions, v) {
				return v, nil
			}
			continue
		}
		if (v == c.h.version || v < c.h.version && !c.p.ExactVersions) && v != fact.TLS13 {
			return v, nil
		}
	}
	return 0, refusal(alertProtocolVersion)
}

// fits says whether the server can do a suite up to TLS 1.2 with this client, and
// notes what it would do it with.
func (c *chooser) fits(ch *choice, s *suite) bool {
	switch s.kex {
	case kexECDHE:
		if !c.curve(ch) {
			return false
		}
	case kexDHE:
		if !c.finiteField(ch) {
			return false
		}
	}
	ch.leaf, ch.scheme = nil, 0
	if s.auth == authNone {
		return true
	}
	for _, l := range c.leaves {
		if !shows(l, s.auth) || !c.knowsCurveOf(l) {
			continue
		}
		ch.leaf = l
		if !s.signed() || ch.version < fact.TLS12 {
			return true
		}
		if ch.scheme = c.scheme12(l, s.auth); ch.scheme != 0 {
			return true
		}
	}
	return false
}

// shows says whether a certificate may be used for a suite's kind of authentication.
// A DSS suite goes with any: nobody makes such certificates any more, and the probe
// that asks for one ends at the ServerHello.
func shows(l *pki.Leaf, a authentication) bool {
	switch l.Key.(type) {
	case *rsa.PrivateKey:
		return a == authRSA || a == authDSS
	default:
		return a == authECDSA || a == authDSS
	}
}

// knowsCurveOf says whether the client can check signatures of a certificate's key: up
// to TLS 1.2 its list of groups speaks of certificates as well (RFC 8422 section 5.1),
// and servers heed it.
func (c *chooser) knowsCurveOf(l *pki.Leaf) bool {
	if !c.h.has(extSupportedGroups) {
		return true
	}
	g := fact.Group(0)
	switch k := l.Key.(type) {
	case *ecdsa.PrivateKey:
		switch k.Curve.Params().BitSize {
		case 224:
			g = fact.Secp224r1
		case 256:
			g = fact.Secp256r1
		case 384:
			g = fact.Secp384r1
		case 521:
			g = fact.Secp521r1
		}
	case *curve.PrivateKey:
		for id, known := range odd {
			if known == k.Curve && (g == 0 || id < g) { // the smaller number is not TLS 1.3's
				g = id
			}
		}
	}
	return g == 0 || slices.Contains(c.h.groups, g)
}

// curve chooses the ECDHE group. A client that sends no list can do any curve
// (RFC 8422 section 4).
func (c *chooser) curve(ch *choice) bool {
	for _, g := range or(c.p.Groups, defaultGroups) {
		if dhNames[g] != "" || !knownGroup(g) {
			continue
		}
		if !c.h.has(extSupportedGroups) || slices.Contains(c.h.groups, g) {
			ch.group = g
			return true
		}
	}
	return false
}

// finiteField chooses the DHE group: one by RFC 7919 when the client names any and
// the server knows that standard, else the server's own.
func (c *chooser) finiteField(ch *choice) bool {
	knows := false
	for _, g := range c.p.Groups {
		if dhNames[g] == "" {
			continue
		}
		knows = true
		if slices.Contains(c.h.groups, g) {
			ch.dh = namedDH(g)
			return true
		}
	}
	if knows && slices.ContainsFunc(c.h.groups, func(g fact.Group) bool { return g >= 256 && g < 512 }) {
		return false // the client knows RFC 7919 too, but nothing in common
	}
	ch.dh = dhFor(c.p.DH)
	return ch.dh != nil
}

var hashBytes = map[Hash]uint16{MD5: 1, SHA1: 2, SHA224: 3, SHA256: 4, SHA384: 5, SHA512: 6}

// scheme12 chooses the signature of a TLS 1.2 key exchange, 0 when there is none in
// common. Without signature_algorithms a client means SHA-1 (RFC 5246 section 7.4.1.4.1).
func (c *chooser) scheme12(l *pki.Leaf, a authentication) uint16 {
	offered := c.h.schemes
	if !c.h.has(extSignatureAlgorithms) {
		offered = []uint16{0x0201, 0x0203, 0x0202}
	}
	low := uint16(3)
	switch l.Key.(type) {
	case *rsa.PrivateKey:
		low = 1
	case ed25519.PrivateKey:
		if slices.Contains(offered, 0x0807) {
			return 0x0807
		}
		return 0
	}
	if a == authDSS {
		low = 2
	}
	if h := c.p.KexHashAlways; h != "" {
		return hashBytes[h]<<8 | low
	}
	for _, h := range orHashes(c.p.KexHashes) {
		if code := hashBytes[h]<<8 | low; slices.Contains(offered, code) {
			return code
		}
		if pss := 0x0800 | hashBytes[h]; low == 1 && hashBytes[h] >= 4 && slices.Contains(offered, pss) {
			return pss // rsa_pss_rsae_sha256 is 0x0804, and so on
		}
	}
	return 0
}

func orHashes(h []Hash) []Hash { return or(h, defaultHashes) }

// schemes13 are the signatures that a certificate's key can make in TLS 1.3 (RFC 8446
// section 4.2.3, RFC 8734).
func schemes13(l *pki.Leaf) []uint16 {
	switch k := l.Key.(type) {
	case *rsa.PrivateKey:
		if k.Size() < 130 { // 1024 bits are too few for PSS with SHA-512
			return []uint16{0x0804, 0x0805}
		}
		return []uint16{0x0804, 0x0805, 0x0806}
	case ed25519.PrivateKey:
		return []uint16{0x0807}
	case *ecdsa.PrivateKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return []uint16{0x0403}
		case 384:
			return []uint16{0x0503}
		case 521:
			return []uint16{0x0603}
		}
	case *curve.PrivateKey:
		switch k.Curve {
		case curve.BrainpoolP256r1:
			return []uint16{0x081a}
		case curve.BrainpoolP384r1:
			return []uint16{0x081b}
		case curve.BrainpoolP512r1:
			return []uint16{0x081c}
		}
	}
	return nil
}

// choose13 chooses what TLS 1.3 needs (RFC 8446 section 4.1.1).
func (c *chooser) choose13(ch *choice) error {
	p, h := c.p, c.h
	if !h.has(extSupportedGroups) || !h.has(extKeyShare) || !h.has(extSignatureAlgorithms) {
		return refusal(alertMissingExtension)
	}
	first, second := p.suitesOf(fact.TLS13), h.suites
	if p.ClientOrder {
		first, second = second, first
	}
	for _, code := range first {
		if slices.Contains(second, code) && suiteOf(code).existsIn(fact.TLS13) {
			ch.suite = suiteOf(code)
			break
		}
	}
	if ch.suite == nil {
		return refusal(alertHandshakeFailure)
	}
	// The first common group that came with a share; else the first common one, by a
	// HelloRetryRequest.
	for _, g := range or(p.Groups13, defaultGroups13) {
		if !slices.Contains(h.groups, g) || !knownGroup(g) {
			continue
		}
		if i := slices.IndexFunc(h.shares, func(k keyShare) bool { return k.group == g }); i >= 0 {
			ch.group, ch.share = g, h.shares[i].data
			break
		}
		if ch.group == 0 {
			ch.group = g
		}
	}
	if ch.group == 0 {
		return refusal(alertHandshakeFailure)
	}
	for _, l := range c.leaves {
		for _, s := range schemes13(l) {
			if slices.Contains(h.schemes, s) {
				ch.leaf, ch.scheme = l, s
				return nil
			}
		}
	}
	return refusal(alertHandshakeFailure)
}
