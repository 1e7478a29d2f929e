package tlswire

import (
	"errors"
	"fmt"
)

// MaxMessage is the longest handshake message that is taken. Certificate chains are
// the longest ones in practice, some ten kilobytes.
const MaxMessage = 1 << 17

// maxWarnings is how many warnings in a row are passed over.
const maxWarnings = 8

// Handshake message types (RFC 8446 section 4, RFC 5246 section 7.4, RFC 6066).
const (
	MsgHelloRequest        = 0
	MsgClientHello         = 1
	MsgServerHello         = 2
	MsgNewSessionTicket    = 4
	MsgEndOfEarlyData      = 5
	MsgEncryptedExtensions = 8
	MsgCertificate         = 11
	MsgServerKeyExchange   = 12
	MsgCertificateRequest  = 13
	MsgServerHelloDone     = 14
	MsgCertificateVerify   = 15
	MsgClientKeyExchange   = 16
	MsgFinished            = 20
	MsgCertificateStatus   = 22
	MsgKeyUpdate           = 24
	MsgMessageHash         = 254
)

// Alert is an alert as an error (RFC 8446 section 6).
type Alert struct {
	Level       uint8 // 1 warning, 2 fatal
	Description uint8
}

// Alerts that a meter tells apart.
const (
	AlertCloseNotify           = 0
	AlertUnexpectedMessage     = 10
	AlertHandshakeFailure      = 40
	AlertProtocolVersion       = 70
	AlertInappropriateFallback = 86
	AlertNoRenegotiation       = 100
	AlertUnrecognizedName      = 112
	AlertNoApplicationProtocol = 120
)

var alertNames = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
	49: "access_denied", 50: "decode_error", 51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
	71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
	100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
	115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}

// Error gives the name of the alert.
func (a *Alert) Error() string {
	if n := alertNames[a.Description]; n != "" {
		return "alert " + n
	}
	return fmt.Sprintf("alert %d", a.Description)
}

// errChangeCipherSpec tells the reader of messages that the peer has changed keys.
var errChangeCipherSpec = errors.New("change_cipher_spec")

// Stream takes handshake messages and data from records, deciphered where In is set.
type Stream struct {
	Reader
	// In takes the protection off records; nil while there is none.
	In *Half
	// SkipChange passes over change_cipher_spec, as TLS 1.3 wants (RFC 8446 D.4).
	SkipChange bool
	// SkipData passes over application data: a server may still be sending when it is
	// asked to renegotiate (RFC 5246 section 7.4.1.1), bounded by Limit.
	SkipData bool

	hs       []byte // handshake bytes received; those from off on are not yet given out
	off      int
	warnings int
}

// NextRecord returns the next record without its protection.
func (s *Stream) NextRecord() (Type, []byte, error) {
	rec, err := s.Next()
	if err != nil {
		return 0, nil, err
	}
	if s.In == nil || rec.Type == ChangeCipherSpec {
		if len(rec.Payload) > MaxPlaintext {
			return 0, nil, malformed("record of %d bytes", len(rec.Payload))
		}
		return rec.Type, rec.Payload, nil
	}
	return s.In.Open(rec)
}

// Message returns the next handshake message with its header of four bytes; it is
// valid until the next call. An alert comes back as an *Alert; warnings that leave
// the handshake alive are passed over, except no_renegotiation.
func (s *Stream) Message() ([]byte, error) {
	for {
		if m, err := s.buffered(); m != nil || err != nil {
			return m, err
		}
		t, p, err := s.NextRecord()
		if err != nil {
			return nil, err
		}
		switch t {
		case Handshake:
			if s.off > 0 {
				s.hs = s.hs[:copy(s.hs, s.hs[s.off:])]
				s.off = 0
			}
			s.hs = append(s.hs, p...)
		case AlertRecord:
			if err := s.alert(p); err != nil {
				return nil, err
			}
		case ChangeCipherSpec:
			if s.Pending() {
				return nil, malformed("change_cipher_spec inside a message")
			}
			if !s.SkipChange {
				return nil, errChangeCipherSpec
			}
			if s.warnings++; s.warnings > maxWarnings {
				return nil, malformed("%d change_cipher_spec", s.warnings)
			}
		default:
			if t == ApplicationData && s.SkipData {
				continue
			}
			return nil, malformed("record of type %d amid a handshake", t)
		}
	}
}

// Pending reports whether handshake bytes wait that belong to a message not yet
// given out.
func (s *Stream) Pending() bool { return s.off < len(s.hs) }

func (s *Stream) buffered() ([]byte, error) {
	b := s.hs[s.off:]
	if len(b) < 4 {
		return nil, nil
	}
	n := 4 + (int(b[1])<<16 | int(b[2])<<8 | int(b[3]))
	if n > MaxMessage {
		return nil, malformed("handshake message of %d bytes", n)
	}
	if len(b) < n {
		return nil, nil
	}
	s.off += n
	return b[:n:n], nil
}

// alert returns the alert unless it is a warning to pass over.
func (s *Stream) alert(p []byte) error {
	if len(p) != 2 {
		return malformed("alert of %d bytes", len(p))
	}
	a := &Alert{p[0], p[1]}
	if a.Level != 1 || a.Description == AlertCloseNotify || a.Description == AlertNoRenegotiation {
		return a
	}
	if s.warnings++; s.warnings > maxWarnings {
		return malformed("%d warnings", s.warnings)
	}
	return nil
}

// Reset makes the Stream ready for another connection and keeps its buffers.
func (s *Stream) Reset(from interface{ Read([]byte) (int, error) }) {
	s.Limit = 0
	s.Reader.Reset(from)
	s.In, s.SkipChange, s.SkipData, s.hs, s.off, s.warnings = nil, false, false, s.hs[:0], 0, 0
}

// AppendMessage appends a handshake message: its header and what body appends.
func AppendMessage(dst []byte, msgType uint8, body func([]byte) []byte) []byte {
	dst = append(dst, msgType, 0, 0, 0)
	n := len(dst)
	dst = body(dst)
	put24(dst[n-3:], len(dst)-n)
	return dst
}

func put24(b []byte, n int) { b[0], b[1], b[2] = byte(n>>16), byte(n>>8), byte(n) }
