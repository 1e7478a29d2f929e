package httpprobe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"peil/internal/fact"
)

// origin is where a request goes: scheme and host of its URL, and the address.
type origin struct {
	scheme string
	host   string
	addr   netip.AddrPort
}

// conn is one connection to an origin, kept between requests.
type conn struct {
	net.Conn
	origin  origin
	r       *bufio.Reader // HTTP/1.1
	h2      *h2Conn       // HTTP/2, when ALPN chose it
	version fact.Version  // of TLS
	certs   [][]byte      // as received, leaf first
	used    bool          // a response was read from it before
}

// errTLS wraps what ended a handshake otherwise than by silence.
type errTLS struct{ err error }

func (e *errTLS) Error() string { return "TLS handshake: " + e.err.Error() }
func (e *errTLS) Unwrap() error { return e.err }

// tlsSuites are all that crypto/tls speaks: an old server must be reachable as a
// website, whatever is judged of its ciphers.
var tlsSuites = func() []uint16 {
	var ids []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
}()

// connect opens a connection and, for https, makes the handshake. Certificates are
// not checked here: they are facts, judged by path building elsewhere.
func (p *Prober) connect(ctx context.Context, o origin, dial DialFunc, alpn []string) (*conn, error) {
	raw, err := dial(ctx, o.host, o.addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, origin: o}
	if o.scheme == "http" {
		c.r = newReader(raw)
		return c, nil
	}
	c, err = p.connectTLS(ctx, o, raw, alpn, plainGroups)
	var refused *errTLS
	if err == nil || !errors.As(err, &refused) {
		return c, err
	}
	if old, oldErr := p.connectOld(ctx, o, dial); oldErr == nil {
		return old, nil
	}
	if !isHandshakeFailure(err) {
		return nil, err
	}
	if raw, dialErr := dial(ctx, o.host, o.addr); dialErr == nil {
		if c, hybridErr := p.connectTLS(ctx, o, raw, alpn, hybridGroups); hybridErr == nil {
			return c, nil
		}
	}
	return nil, err
}

// The groups of the key exchange. The hybrid ones are tlsprobe's business, and would only
// cost time here, so they are offered to a server that wants no other.
var (
	plainGroups  = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	hybridGroups = []tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024}
)

// isHandshakeFailure reports the alert of a server with which nothing could be agreed on
// (RFC 8446 section 4.1.1).
func isHandshakeFailure(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && op.Err.Error() == "tls: handshake failure"
}

// connectTLS makes the handshake on a fresh connection, and closes it when that fails.
func (p *Prober) connectTLS(ctx context.Context, o origin, raw net.Conn, alpn []string, groups []tls.CurveID) (*conn, error) {
	release := p.limit(ctx, raw)
	defer release()
	t := tls.Client(raw, &tls.Config{
		ServerName: o.host, InsecureSkipVerify: true, //nolint:gosec // see connect
		MinVersion: tls.VersionTLS10, CipherSuites: tlsSuites, NextProtos: alpn,
		CurvePreferences: groups,
		Time:             p.Now,
	})
	if err := t.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		if isTimeout(err) || ctx.Err() != nil || p.gap(err) != "" {
			return nil, err
		}
		return nil, &errTLS{err}
	}
	st := t.ConnectionState()
	c := &conn{Conn: t, origin: o, version: fact.Version(st.Version)}
	for _, x := range st.PeerCertificates {
		c.certs = append(c.certs, x.Raw)
	}
	if st.NegotiatedProtocol == "h2" {
		c.h2 = newH2Conn(t)
		return c, nil
	}
	c.r = newReader(t)
	return c, nil
}

func newReader(c net.Conn) *bufio.Reader { return bufio.NewReaderSize(c, 8<<10) }

// limit puts the time limit of one exchange on a connection, and ends it when ctx
// does. The result takes the link with ctx away.
func (p *Prober) limit(ctx context.Context, c net.Conn) (release func()) {
	// Errors of SetDeadline mean that the connection is gone, which the next read says.
	_ = c.SetDeadline(time.Now().Add(p.timeout()))
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// request is a GET.
type request struct {
	host   string // with port when it is not the scheme's own
	path   string // with query
	cookie string
}

// exchange sends a request and reads the head of the response.
func (p *Prober) exchange(c *conn, q request) (h *Head, body io.Reader, keep bool, err error) {
	if c.h2 != nil {
		h, body, err = c.h2.get(c.origin.scheme, q, p.UserAgent)
		return h, body, true, err
	}
	buf := make([]byte, 0, 512)
	buf = append(buf, "GET "+q.path+" HTTP/1.1\r\nHost: "+q.host+"\r\nUser-Agent: "+p.UserAgent+
		"\r\nAccept: */*\r\nAccept-Encoding: "+AcceptEncoding+"\r\n"...)
	if q.cookie != "" {
		buf = append(buf, "Cookie: "+q.cookie+"\r\n"...)
	}
	buf = append(buf, "Connection: keep-alive\r\n\r\n"...)
	if _, err := c.Write(buf); err != nil {
		return nil, nil, false, err
	}
	if h, err = ReadHead(c.r); err != nil {
		return nil, nil, false, err
	}
	body, keep, err = framing(h, c.r)
	return h, body, keep, err
}

// reusable reports whether the connection can take another request.
func (c *conn) reusable() bool { return c.h2 == nil || !c.h2.closing }

// failure says in the words of fact what ended an exchange, and whether that is a
// gap of ours instead of the server's doing.
func (p *Prober) failure(ctx context.Context, err error) (class string, gap fact.Gap) {
	var dial *DialError
	var tlsErr *errTLS
	switch {
	case errors.As(err, &dial):
		return dial.How, dial.Gap
	case errors.As(err, &tlsErr):
		return "tls", ""
	case errors.Is(err, errMalformed), errors.Is(err, errH2):
		return "malformed", ""
	case errors.Is(err, errTooLarge):
		return "too_large", ""
	}
	if g := p.gap(err); g != "" {
		return class, g
	}
	switch {
	case isTimeout(err) && ctx.Err() == nil:
		return "timeout", fact.GapTimeout
	case ctx.Err() != nil:
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return "", fact.GapBudget
		}
		return "", fact.GapCancelled
	}
	return "reset", ""
}

// gap is what Gap says, when there is one.
func (p *Prober) gap(err error) fact.Gap {
	if p.Gap == nil {
		return ""
	}
	return p.Gap(err)
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// DialError says why there is no connection: the address is dead by the rule of
// catalogue A.2 (Gap is empty, How is "refused" or "timeout"), or we could not look.
type DialError struct {
	How string
	Gap fact.Gap
	Err error
}

func (e *DialError) Error() string {
	if e.Gap != "" {
		return fmt.Sprintf("not measured: %s", e.Gap)
	}
	return "no connection: " + e.How
}

func (e *DialError) Unwrap() error { return e.Err }
