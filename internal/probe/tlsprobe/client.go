package tlsprobe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/tlswire"
)

// Session is a connection after a handshake made as a visitor makes it, to speak
// HTTP over. Nothing about the server was required: whether its certificate is
// trusted stands in Chain.
type Session struct {
	net.Conn
	Version fact.Version
	Suite   fact.Suite
	ALPN    string
	Chain   fact.Chain
	Staple  []byte // OCSP response, nil when there was none
	// Legacy is set when the server speaks only what crypto/tls does not.
	Legacy bool
}

// clientSuites are all that crypto/tls speaks: an old server must be reachable as a
// website, whatever is judged of its ciphers.
var clientSuites = sync.OnceValue(func() []uint16 {
	var ids []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
})

// legacySuites are all that tlswire speaks up to TLS 1.2, best first.
var legacySuites = sync.OnceValue(func() []fact.Suite {
	var all []fact.Suite
	for _, s := range lists().bestFirst {
		if x, ok := tlswire.FindSuite(s); ok && x.Kex != fact.KexTLS13 && x.Auth != fact.AuthAnon {
			all = append(all, s)
		}
	}
	return all
})

// Dial connects to a target and makes a handshake: with crypto/tls, and when the
// server turns that away, on a second connection with the older suites of tlswire
// (finite-field DHE foremost). hint is what a probe found, nil when nothing is known:
// a server that crypto/tls cannot speak to is then not asked in vain.
//
// The deadline of the connection is that of ctx while the handshake lasts, and none
// afterwards.
func (p *Prober) Dial(ctx context.Context, t Target, hint *fact.TLS) (*Session, error) {
	var first error
	if !onlyLegacy(hint) {
		s, err := p.dialWith(ctx, t, p.Client)
		if err == nil || !turnedAway(ctx, err) {
			return s, err
		}
		first = err
	}
	s, err := p.dialWith(ctx, t, p.LegacyClient)
	if err != nil && first != nil {
		return nil, first // what nearly every server is asked says more
	}
	return s, err
}

// dialWith opens a connection and makes a handshake over it.
func (p *Prober) dialWith(ctx context.Context, t Target, shake func(context.Context, net.Conn, string, []string) (*Session, error)) (*Session, error) {
	conn, err := t.Subject.DialTCP(ctx, t.Addr)
	if err != nil {
		return nil, err
	}
	if t.Start != nil {
		_ = conn.SetDeadline(time.Now().Add(4 * p.cfg.Timeout))
		if err := t.Start(ctx, conn); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("before TLS begins: %w", err)
		}
	}
	s, err := shake(ctx, conn, t.ServerName, t.ALPN)
	if err != nil {
		_ = conn.Close()
	}
	return s, err
}

// Client makes a handshake with crypto/tls over a connection, from TLS 1.0 to 1.3.
// The connection stays the caller's to close when it fails.
func (p *Prober) Client(ctx context.Context, conn net.Conn, name string, alpn []string) (*Session, error) {
	c := tls.Client(conn, &tls.Config{
		ServerName: name, InsecureSkipVerify: true, //nolint:gosec // judged by Chain, and reported
		MinVersion: tls.VersionTLS10, CipherSuites: clientSuites(), NextProtos: alpn, Time: p.cfg.Now,
		// The hybrid groups are for Probe to find; here they would only cost time.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	})
	defer p.hurry(ctx, conn)()
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake with %s: %w", name, err)
	}
	st := c.ConnectionState()
	s := &Session{Conn: c, Version: fact.Version(st.Version), Suite: fact.Suite(st.CipherSuite), ALPN: st.NegotiatedProtocol, Staple: st.OCSPResponse}
	var certs [][]byte
	for _, x := range st.PeerCertificates {
		certs = append(certs, x.Raw)
	}
	s.Chain = p.Chain(certs, name, nil)
	for _, list := range st.SignedCertificateTimestamps {
		s.Chain.SCTs = append(s.Chain.SCTs, readSCTs(lengthPrefixed(list), "tls")...)
	}
	return s, nil
}

// lengthPrefixed makes the list of one entry that readSCTs reads.
func lengthPrefixed(sct []byte) []byte {
	n := len(sct)
	return append([]byte{byte((n + 2) >> 8), byte(n + 2), byte(n >> 8), byte(n)}, sct...)
}

// LegacyClient makes a handshake with tlswire over a connection, from TLS 1.0 to 1.2.
// It checks no signature: what it carries must not be secret.
func (p *Prober) LegacyClient(ctx context.Context, conn net.Conn, name string, alpn []string) (*Session, error) {
	defer p.hurry(ctx, conn)()
	c, err := tlswire.LegacyClient(conn, &tlswire.ClientHello{
		Version: fact.TLS12, Suites: legacySuites(), ServerName: name, ALPN: alpn, Schemes: allSchemes,
		Groups:            []fact.Group{fact.X25519, fact.Secp256r1, fact.Secp384r1, fact.Secp521r1},
		RenegotiationInfo: true, ExtendedMasterSecret: true, SCT: true,
	})
	if err != nil {
		return nil, fmt.Errorf("TLS handshake with %s: %w", name, err)
	}
	h := c.ServerHello()
	s := &Session{Conn: c, Version: c.Version(), Suite: c.Suite(), ALPN: h.ALPN, Legacy: true}
	s.Chain = p.Chain(c.Certificates(), name, h.SCTs)
	return s, nil
}

// hurry bounds a handshake by the Prober's timeout and by ctx.
func (p *Prober) hurry(ctx context.Context, conn net.Conn) (release func()) {
	_ = conn.SetDeadline(time.Now().Add(2 * p.cfg.Timeout))
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if stop() {
			_ = conn.SetDeadline(time.Time{})
		}
	}
}

// turnedAway reports whether a failure is the server's answer to what was offered.
func turnedAway(ctx context.Context, err error) bool {
	var timeout net.Error
	var dial *egress.Error
	switch {
	case ctx.Err() != nil, egress.Gap(err) != "", errors.As(err, &timeout) && timeout.Timeout():
		return false
	case errors.As(err, &dial) && dial.Op == "dial":
		return false
	}
	return true
}

// onlyLegacy reports whether a probe found suites, and none that crypto/tls has.
func onlyLegacy(f *fact.TLS) bool {
	if f == nil || !f.Working.Yes() {
		return false
	}
	some := false
	for _, set := range f.Suites {
		if set.Version < fact.TLS10 || set.Gap != "" && set.Gap != fact.GapNotAsked {
			continue
		}
		for _, s := range set.Accepted {
			some = true
			if slices.Contains(clientSuites(), uint16(s)) {
				return false
			}
		}
	}
	return some
}
