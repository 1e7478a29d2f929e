package tlswire

import (
	"bytes"
	"math/big"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
)

const (
	maxCerts   = 64
	maxDHBytes = 2048 // a prime of 16,384 bits
)

// Explicit curves, named by the numbers that RFC 4492 gave them among the groups.
const (
	explicitPrime = fact.Group(0xFF01)
	explicitChar2 = fact.Group(0xFF02)
)

// Certificates are those of a Certificate message with what stands beside the leaf
// in TLS 1.3.
type Certificates struct {
	DER  [][]byte
	OCSP []byte
	SCTs []byte // SignedCertificateTimestampList
}

// ParseCertificates reads a Certificate message of a version. It holds on to no part
// of msg.
func ParseCertificates(msg []byte, v fact.Version) (*Certificates, error) {
	s, ok := messageBody(bytes.Clone(msg), MsgCertificate)
	if !ok {
		return nil, malformed("not a Certificate")
	}
	var list cryptobyte.String
	if v >= fact.TLS13 {
		var context cryptobyte.String
		if !s.ReadUint8LengthPrefixed(&context) {
			return nil, malformed("Certificate")
		}
	}
	if !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return nil, malformed("Certificate")
	}
	c := &Certificates{}
	for !list.Empty() {
		var der cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) || len(der) == 0 {
			return nil, malformed("Certificate")
		}
		if v >= fact.TLS13 {
			leaf := len(c.DER) == 0
			err := eachExtension(&list, func(id uint16, e cryptobyte.String) bool {
				switch {
				case !leaf:
				case id == extStatusRequest:
					c.OCSP, ok = readStatus(e)
					return ok
				case id == extSCT:
					c.SCTs = e
				}
				return true
			})
			if err != nil {
				return nil, err
			}
		}
		if c.DER = append(c.DER, der); len(c.DER) > maxCerts {
			return nil, malformed("more than %d certificates", maxCerts)
		}
	}
	return c, nil
}

// ParseCertificateStatus reads a CertificateStatus message (RFC 6066 section 8) and
// returns the OCSP response in it.
func ParseCertificateStatus(msg []byte) ([]byte, error) {
	s, ok := messageBody(bytes.Clone(msg), MsgCertificateStatus)
	if !ok {
		return nil, malformed("not a CertificateStatus")
	}
	r, ok := readStatus(s)
	if !ok {
		return nil, malformed("CertificateStatus")
	}
	return r, nil
}

func readStatus(s cryptobyte.String) ([]byte, bool) {
	var t uint8
	var r cryptobyte.String
	ok := s.ReadUint8(&t) && t == 1 && s.ReadUint24LengthPrefixed(&r) && s.Empty()
	return r, ok
}

// ServerKeyExchange is the server's ephemeral key up to TLS 1.2.
type ServerKeyExchange struct {
	Group     fact.Group // of ECDHE
	P, G      []byte     // of DHE, as received
	Public    []byte
	RSABits   int                  // of the ephemeral key of RSA_EXPORT
	Signed    bool                 // a signature is there
	Scheme    fact.SignatureScheme // of TLS 1.2 alone
	Signature []byte
}

// ParseServerKeyExchange reads a ServerKeyExchange message as the suite and version
// make it (RFC 5246 section 7.4.3, RFC 8422 section 5.4, RFC 4279, RFC 5489).
func ParseServerKeyExchange(msg []byte, suite fact.Suite, v fact.Version) (*ServerKeyExchange, error) {
	s, ok := messageBody(bytes.Clone(msg), MsgServerKeyExchange)
	if !ok {
		return nil, malformed("not a ServerKeyExchange")
	}
	k := &ServerKeyExchange{}
	psk := suite.Authentication() == fact.AuthPSK
	if psk {
		var hint cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&hint) {
			return nil, malformed("ServerKeyExchange: PSK hint")
		}
	}
	switch suite.KeyExchange() {
	case fact.KexECDHE:
		if !k.readECDH(&s) {
			return nil, malformed("ServerKeyExchange: ECDHE")
		}
	case fact.KexDHE:
		if !k.readDH(&s) {
			return nil, malformed("ServerKeyExchange: DHE")
		}
	case fact.KexRSA:
		var n, e cryptobyte.String
		if psk {
			return k, nil
		}
		if !s.ReadUint16LengthPrefixed(&n) || !s.ReadUint16LengthPrefixed(&e) || len(n) > maxDHBytes {
			return nil, malformed("ServerKeyExchange: RSA")
		}
		k.RSABits = new(big.Int).SetBytes(n).BitLen()
	default:
		return k, nil // SRP, PSK and others: nothing that is judged
	}
	if s.Empty() && (psk || suite.Authentication() == fact.AuthAnon) {
		return k, nil
	}
	if v >= fact.TLS12 {
		var scheme uint16
		if !s.ReadUint16(&scheme) {
			return nil, malformed("ServerKeyExchange: signature")
		}
		k.Scheme = fact.SignatureScheme(scheme)
	}
	var sig cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&sig) || !s.Empty() {
		return nil, malformed("ServerKeyExchange: signature")
	}
	k.Signed, k.Signature = true, sig
	return k, nil
}

func (k *ServerKeyExchange) readECDH(s *cryptobyte.String) bool {
	var kind uint8
	if !s.ReadUint8(&kind) {
		return false
	}
	var public, skip cryptobyte.String
	switch kind {
	case 3: // named_curve
		var g uint16
		if !s.ReadUint16(&g) {
			return false
		}
		k.Group = fact.Group(g)
	case 1: // explicit_prime: p, a, b, base, order, cofactor
		k.Group = explicitPrime
		for range 6 {
			if !s.ReadUint8LengthPrefixed(&skip) {
				return false
			}
		}
	case 2: // explicit_char2: m, basis, k or k1 k2 k3, a, b, base, order, cofactor
		k.Group = explicitChar2
		var m uint16
		var basis uint8
		if !s.ReadUint16(&m) || !s.ReadUint8(&basis) || basis < 1 || basis > 2 {
			return false
		}
		for range int(2*basis-1) + 5 {
			if !s.ReadUint8LengthPrefixed(&skip) {
				return false
			}
		}
	default:
		return false
	}
	if !s.ReadUint8LengthPrefixed(&public) || len(public) == 0 {
		return false
	}
	k.Public = public
	return true
}

func (k *ServerKeyExchange) readDH(s *cryptobyte.String) bool {
	var p, g, y cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&p) || !s.ReadUint16LengthPrefixed(&g) || !s.ReadUint16LengthPrefixed(&y) ||
		len(p) == 0 || len(p) > maxDHBytes || len(g) == 0 || len(g) > maxDHBytes || len(y) == 0 || len(y) > maxDHBytes {
		return false
	}
	k.P, k.G, k.Public = p, g, y
	return true
}

// EncryptedExtensions is the part of a TLS 1.3 server's answer that a meter reads.
type EncryptedExtensions struct {
	ALPN      string
	EarlyData bool
	Groups    []fact.Group // what the server says it would rather have had
}

// ParseEncryptedExtensions reads an EncryptedExtensions message.
func ParseEncryptedExtensions(msg []byte) (*EncryptedExtensions, error) {
	s, ok := messageBody(msg, MsgEncryptedExtensions)
	if !ok {
		return nil, malformed("not EncryptedExtensions")
	}
	x := &EncryptedExtensions{}
	err := eachExtension(&s, func(id uint16, e cryptobyte.String) bool {
		switch id {
		case extALPN:
			x.ALPN, ok = readALPN(e)
			return ok
		case extEarlyData:
			x.EarlyData = true
			return e.Empty()
		case extSupportedGroups:
			var list cryptobyte.String
			if !e.ReadUint16LengthPrefixed(&list) || !e.Empty() {
				return false
			}
			for !list.Empty() {
				var g uint16
				if !list.ReadUint16(&g) {
					return false
				}
				x.Groups = append(x.Groups, fact.Group(g))
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, malformed("EncryptedExtensions")
	}
	return x, nil
}

// Ticket is a session ticket of TLS 1.3 (RFC 8446 section 4.6.1).
type Ticket struct {
	Lifetime     uint32
	AgeAdd       uint32
	Nonce        []byte
	Identity     []byte
	MaxEarlyData uint32
}

// ParseTicket reads a NewSessionTicket message of TLS 1.3.
func ParseTicket(msg []byte) (*Ticket, error) {
	s, ok := messageBody(bytes.Clone(msg), MsgNewSessionTicket)
	if !ok {
		return nil, malformed("not a NewSessionTicket")
	}
	t := &Ticket{}
	var nonce, identity cryptobyte.String
	if !s.ReadUint32(&t.Lifetime) || !s.ReadUint32(&t.AgeAdd) || !s.ReadUint8LengthPrefixed(&nonce) ||
		!s.ReadUint16LengthPrefixed(&identity) || len(identity) == 0 {
		return nil, malformed("NewSessionTicket")
	}
	t.Nonce, t.Identity = nonce, identity
	err := eachExtension(&s, func(id uint16, e cryptobyte.String) bool {
		return id != extEarlyData || e.ReadUint32(&t.MaxEarlyData) && e.Empty()
	})
	if err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, malformed("NewSessionTicket")
	}
	return t, nil
}
