package tlsprobe

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

// Visitor makes handshakes as a visitor does, to speak HTTP over. It demands nothing of
// the server: an old one must be reachable as a website, whatever is judged of its
// ciphers, and certificates are facts that are judged elsewhere. So what it carries must
// not be secret.
type Visitor struct {
	// Dial opens a fresh connection to the server.
	Dial func(context.Context) (net.Conn, error)
	Name string   // for SNI
	ALPN []string // protocols to offer
	Now  func() time.Time
	// Timeout is how long a handshake may take.
	Timeout time.Duration
	// Ours says which errors are our own doing; nil: none is.
	Ours func(error) bool
}

// Session is a connection after a handshake.
type Session struct {
	net.Conn
	Version fact.Version
	ALPN    string   // what the server chose
	NoALPN  bool     // it was let in only without offering protocols
	Certs   [][]byte // as received, leaf first
}

// Refusal is a handshake that the server ended, otherwise than by silence.
type Refusal struct{ Err error }

func (e *Refusal) Error() string { return "TLS handshake: " + e.Err.Error() }
func (e *Refusal) Unwrap() error { return e.Err }

// Unproven is a server that did not prove to hold the key of its certificate: the
// signature of its handshake does not verify (RFC 8446 section 4.4.3, RFC 5246 section
// 7.4.3). Every visitor turns away from it.
type Unproven struct{ Err error }

func (e *Unproven) Error() string { return "TLS handshake: " + e.Err.Error() }
func (e *Unproven) Unwrap() error { return e.Err }

// Handshake connects and makes a handshake, after which the limit of time still stands:
// with crypto/tls, and when the server ends that, on a second connection (and a third,
// without TLS 1.3) with all that tlswire can finish: finite-field DHE, CCM, hybrid,
// brainpool and other groups that crypto/tls lacks or that cost time. The error is a
// *Refusal when the server ended them all, and an *Unproven when its signature is false:
// tlswire verifies none, and what crypto/tls can check is not tried without.
func (v *Visitor) Handshake(ctx context.Context) (*Session, error) {
	s, first := v.attempt(ctx, v.usual)
	var refusal *Refusal
	if first == nil || !errors.As(first, &refusal) {
		return s, first
	}
	for _, modern := range []bool{true, false} {
		s, err := v.attempt(ctx, func(_ context.Context, conn net.Conn) (*Session, error) { return v.thorough(conn, modern) })
		if err == nil {
			return s, nil
		}
		if !errors.As(err, &refusal) {
			break
		}
	}
	return nil, first // what nearly every server is asked says more
}

// attempt makes one handshake on a connection of its own, which it closes if that fails.
func (v *Visitor) attempt(ctx context.Context, shake func(context.Context, net.Conn) (*Session, error)) (*Session, error) {
	conn, err := v.Dial(ctx)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(v.Timeout))
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	s, err := shake(ctx, conn)
	if err == nil {
		return s, nil
	}
	_ = conn.Close()
	var unproven *Unproven
	if errors.As(err, &unproven) {
		return nil, err
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || ctx.Err() != nil || v.Ours != nil && v.Ours(err) {
		return nil, err
	}
	return nil, &Refusal{err}
}

// IsAlert reports whether a server ended a handshake, or a connection after it, by
// saying so.
func IsAlert(err error) bool {
	var op *net.OpError // so crypto/tls has it
	var alert *tlswire.Alert
	return errors.As(err, &op) && op.Op == "remote error" ||
		errors.As(err, &alert) && alert.Description != tlswire.AlertCloseNotify
}

// usualSuites are all that crypto/tls speaks.
var usualSuites = sync.OnceValue(func() []uint16 {
	var ids []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
})

// usual makes a handshake with crypto/tls, from TLS 1.0 to 1.3.
func (v *Visitor) usual(ctx context.Context, conn net.Conn) (*Session, error) {
	var leaf []byte
	c := tls.Client(conn, &tls.Config{
		ServerName: v.Name, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, CipherSuites: usualSuites(), NextProtos: v.ALPN, Time: v.Now,
		// The hybrid groups are for Probe to find; here they would only cost time.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
		// Called before the signature is looked at.
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			leaf = raw[0]
			return nil
		},
	})
	if err := c.HandshakeContext(ctx); err != nil {
		if strings.Contains(err.Error(), falseSignature) && canVerify(leaf) {
			return nil, &Unproven{err}
		}
		return nil, err
	}
	st := c.ConnectionState()
	s := &Session{Conn: c, Version: fact.Version(st.Version), ALPN: st.NegotiatedProtocol}
	for _, x := range st.PeerCertificates {
		s.Certs = append(s.Certs, x.Raw)
	}
	return s, nil
}

// falseSignature is how crypto/tls says it, for which it has no type.
const falseSignature = "invalid signature by the server certificate"

// canVerify reports whether crypto/tls can check the signatures of a certificate's key:
// where it says that one is false for want of that, the fault is ours. Of RSA it takes
// 1024 to 8192 bits, and no exponent below 3 or even.
func canVerify(der []byte) bool {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return false
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= 1024 && k.N.BitLen() <= 8192 && k.E > 2 && k.E%2 == 1
	case *ecdsa.PublicKey:
		return k.Curve != elliptic.P224()
	case ed25519.PublicKey:
		return true
	}
	return false
}

// thoroughSuites are those that tlswire can finish, best first.
var thoroughSuites = sync.OnceValue(func() []fact.Suite {
	return slices.DeleteFunc(slices.Clone(lists().bestFirst), func(s fact.Suite) bool { _, ok := tlswire.FindSuite(s); return !ok })
})

// thoroughGroups are those that tlswire can finish, best first. Then come curves on which
// a certificate's key may be, for they must be offered as well (RFC 8422 section 5.1.1):
// last, because no handshake can be made with them here.
var thoroughGroups = sync.OnceValue(func() []fact.Group {
	var can []fact.Group
	for _, g := range slices.Concat(modernGroups, legacyGroups) {
		if tlswire.CanExchange(g) && !slices.Contains(can, g) {
			can = append(can, g)
		}
	}
	return append(can, fact.Secp256k1, fact.Secp192r1)
})

// thorough makes a handshake with tlswire: on TLS 1.0 to 1.3, or as clients did before
// there was TLS 1.3 and ALPN, for a server may have the one and no key that does for it,
// and may turn away all but protocols of its own.
func (v *Visitor) thorough(conn net.Conn, modern bool) (*Session, error) {
	h := &tlswire.ClientHello{
		Version: fact.TLS12, Suites: thoroughSuites(), Groups: thoroughGroups(), Schemes: allSchemes, ServerName: v.Name,
		RenegotiationInfo: true, ExtendedMasterSecret: true,
	}
	if _, err := netip.ParseAddr(v.Name); err == nil {
		h.ServerName = "" // an address is no server name (RFC 6066 section 3)
	}
	if modern {
		h.SupportedVersions = []fact.Version{fact.TLS13, fact.TLS12, fact.TLS11, fact.TLS10}
		h.ALPN, h.OfferKeyShare, h.PSKModes = v.ALPN, true, true
	}
	c, err := tlswire.Client(conn, h)
	if err != nil {
		return nil, err
	}
	return &Session{Conn: c, Version: c.Version(), ALPN: c.ServerHello().ALPN, NoALPN: !modern && len(v.ALPN) > 0, Certs: c.Certificates()}, nil
}
