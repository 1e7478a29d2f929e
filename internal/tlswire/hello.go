package tlswire

import (
	"crypto/rand"
	"encoding/binary"

	"peil/internal/fact"
)

// Extension numbers (IANA "TLS ExtensionType Values").
const (
	extServerName           = 0
	extStatusRequest        = 5
	extSupportedGroups      = 10
	extPointFormats         = 11
	extSignatureAlgorithms  = 13
	extHeartbeat            = 15
	extALPN                 = 16
	extSCT                  = 18
	extPadding              = 21
	extExtendedMasterSecret = 23
	extSessionTicket        = 35
	extPreSharedKey         = 41
	extEarlyData            = 42
	extSupportedVersions    = 43
	extCookie               = 44
	extPSKModes             = 45
	extKeyShare             = 51
	extRenegotiationInfo    = 0xff01
)

// Signalling values that stand among the cipher suites.
const (
	RenegotiationSCSV fact.Suite = 0x00FF // RFC 5746 section 3.3
	FallbackSCSV      fact.Suite = 0x5600 // RFC 7507
)

// KeyShare is a group and a public key in its wire form.
type KeyShare struct {
	Group fact.Group
	Key   []byte
}

// PSK is a session ticket offered for resumption (RFC 8446 section 4.2.11). The
// binder follows from the Schedule.
type PSK struct {
	Identity      []byte
	ObfuscatedAge uint32
	Binder        func(truncated []byte) ([]byte, error) // over the hello up to the binders
	BinderLen     int
}

// ClientHello is what a hello says. The zero value of a field leaves it out.
type ClientHello struct {
	Version      fact.Version // client_version; of TLS 1.3 that of 1.2 is written
	Random       [32]byte
	SessionID    []byte
	Suites       []fact.Suite
	Compression  []byte // nil stands for none alone
	NoExtensions bool   // SSL 3.0 and the oldest TLS 1.0 know none

	ServerName           string
	Groups               []fact.Group
	Schemes              []fact.SignatureScheme
	SupportedVersions    []fact.Version
	ALPN                 []string
	OfferKeyShare        bool // with an empty list the server must name its group
	KeyShares            []KeyShare
	StatusRequest        bool
	ExtendedMasterSecret bool
	SCT                  bool
	Heartbeat            bool
	Ticket               bool
	RenegotiationInfo    bool
	VerifyData           []byte // client_verify_data of RFC 5746 in a renegotiation
	Cookie               []byte
	EarlyData            bool
	PSKModes             bool
	PSK                  *PSK
}

// FillRandom puts fresh random bytes in Random and, if long is set, a session ID of
// 32 bytes, as TLS 1.3 wants for old middleboxes (RFC 8446 appendix D.4).
func (h *ClientHello) FillRandom(long bool) {
	rand.Read(h.Random[:])
	if long {
		h.SessionID = make([]byte, 32)
		rand.Read(h.SessionID)
	}
}

// AppendMessage appends the hello as a handshake message.
func (h *ClientHello) AppendMessage(dst []byte) ([]byte, error) {
	start := len(dst)
	v := min(h.Version, fact.TLS12)
	dst = append(dst, MsgClientHello, 0, 0, 0, byte(v>>8), byte(v))
	dst = append(dst, h.Random[:]...)
	dst = append(dst, byte(len(h.SessionID)))
	dst = append(dst, h.SessionID...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(2*len(h.Suites)))
	for _, s := range h.Suites {
		dst = append(dst, byte(s>>8), byte(s))
	}
	if h.Compression == nil {
		dst = append(dst, 1, 0)
	} else {
		dst = append(dst, byte(len(h.Compression)))
		dst = append(dst, h.Compression...)
	}
	if h.NoExtensions {
		put24(dst[start+1:], len(dst)-start-4)
		return dst, nil
	}
	dst = append(dst, 0, 0)
	ext := len(dst)
	dst = h.appendExtensions(dst)
	// A hello of 256 to 511 bytes hangs some load balancers (RFC 7685).
	if n := len(dst) - start; n >= 256 && n < 512 && h.PSK == nil {
		dst = extension(dst, extPadding, func(b []byte) []byte { return append(b, make([]byte, max(0, 512-n-4))...) })
	}
	if h.PSK != nil {
		return h.appendPSK(dst, start, ext)
	}
	binary.BigEndian.PutUint16(dst[ext-2:], uint16(len(dst)-ext))
	put24(dst[start+1:], len(dst)-start-4)
	return dst, nil
}

func extension(dst []byte, id uint16, body func([]byte) []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, id)
	return vector16(dst, body)
}

func vector16(dst []byte, body func([]byte) []byte) []byte {
	dst = append(dst, 0, 0)
	n := len(dst)
	if body != nil {
		dst = body(dst)
	}
	binary.BigEndian.PutUint16(dst[n-2:], uint16(len(dst)-n))
	return dst
}

func (h *ClientHello) appendExtensions(dst []byte) []byte {
	if h.ServerName != "" {
		dst = extension(dst, extServerName, func(b []byte) []byte {
			return vector16(b, func(b []byte) []byte {
				b = append(b, 0)
				return vector16(b, func(b []byte) []byte { return append(b, h.ServerName...) })
			})
		})
	}
	if h.RenegotiationInfo {
		dst = extension(dst, extRenegotiationInfo, func(b []byte) []byte {
			return append(append(b, byte(len(h.VerifyData))), h.VerifyData...)
		})
	}
	if len(h.Groups) > 0 {
		dst = extension(dst, extSupportedGroups, func(b []byte) []byte {
			return vector16(b, func(b []byte) []byte {
				for _, g := range h.Groups {
					b = binary.BigEndian.AppendUint16(b, uint16(g))
				}
				return b
			})
		})
		dst = append(dst, 0, extPointFormats, 0, 4, 3, 0, 1, 2)
	}
	if len(h.Schemes) > 0 {
		dst = extension(dst, extSignatureAlgorithms, func(b []byte) []byte {
			return vector16(b, func(b []byte) []byte {
				for _, s := range h.Schemes {
					b = binary.BigEndian.AppendUint16(b, uint16(s))
				}
				return b
			})
		})
	}
	if h.Ticket {
		dst = extension(dst, extSessionTicket, nil)
	}
	if h.StatusRequest {
		dst = append(dst, 0, extStatusRequest, 0, 5, 1, 0, 0, 0, 0)
	}
	if h.ExtendedMasterSecret {
		dst = extension(dst, extExtendedMasterSecret, nil)
	}
	if h.SCT {
		dst = extension(dst, extSCT, nil)
	}
	if len(h.ALPN) > 0 {
		dst = extension(dst, extALPN, func(b []byte) []byte {
			return vector16(b, func(b []byte) []byte {
				for _, p := range h.ALPN {
					b = append(append(b, byte(len(p))), p...)
				}
				return b
			})
		})
	}
	if h.Heartbeat {
		dst = append(dst, 0, extHeartbeat, 0, 1, 1)
	}
	if len(h.SupportedVersions) > 0 {
		dst = extension(dst, extSupportedVersions, func(b []byte) []byte {
			b = append(b, byte(2*len(h.SupportedVersions)))
			for _, v := range h.SupportedVersions {
				b = append(b, byte(v>>8), byte(v))
			}
			return b
		})
	}
	if len(h.Cookie) > 0 {
		dst = extension(dst, extCookie, func(b []byte) []byte {
			return vector16(b, func(b []byte) []byte { return append(b, h.Cookie...) })
		})
	}
	if h.OfferKeyShare {
		dst = extension(dst, extKeyShare, func(b []byte) []byte {
			return vector16(b, func(b []byte) []byte {
				for _, k := range h.KeyShares {
					b = binary.BigEndian.AppendUint16(b, uint16(k.Group))
					b = vector16(b, func(b []byte) []byte { return append(b, k.Key...) })
				}
				return b
			})
		})
	}
	if h.PSKModes {
		dst = append(dst, 0, extPSKModes, 0, 2, 1, 1) // psk_dhe_ke
	}
	if h.EarlyData {
		dst = extension(dst, extEarlyData, nil)
	}
	return dst
}

// appendPSK appends pre_shared_key, which comes last and whose binder covers all
// before it.
func (h *ClientHello) appendPSK(dst []byte, start, ext int) ([]byte, error) {
	p := h.PSK
	identities := 2 + len(p.Identity) + 4
	binders := 1 + p.BinderLen
	dst = append(dst, 0, extPreSharedKey)
	dst = binary.BigEndian.AppendUint16(dst, uint16(2+identities+2+binders))
	dst = binary.BigEndian.AppendUint16(dst, uint16(identities))
	dst = vector16(dst, func(b []byte) []byte { return append(b, p.Identity...) })
	dst = binary.BigEndian.AppendUint32(dst, p.ObfuscatedAge)
	total := len(dst) + 2 + binders
	binary.BigEndian.PutUint16(dst[ext-2:], uint16(total-ext))
	put24(dst[start+1:], total-start-4)
	binder, err := p.Binder(dst[start:])
	if err != nil {
		return nil, err
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(binders))
	dst = append(dst, byte(len(binder)))
	return append(dst, binder...), nil
}
