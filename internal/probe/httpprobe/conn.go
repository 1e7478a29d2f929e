package httpprobe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
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
	raw     net.Conn // below TLS
	origin  origin
	r       *bufio.Reader // HTTP/1.1
	h2      *h2Conn       // HTTP/2, when ALPN chose it
	version fact.Version  // of TLS
	certs   [][]byte      // as received, leaf first
	used    bool          // a response was read from it before
}

// connect opens a connection and, for https, makes the handshake. Certificates are
// not checked here: they are facts, judged by path building elsewhere.
func (p *Prober) connect(ctx context.Context, o origin, alpn []string) (*conn, error) {
	var raw net.Conn // the last that was dialled
	dial := func(ctx context.Context) (c net.Conn, err error) {
		if c, err = p.Dial(ctx, o.host, o.addr); err == nil {
			raw = c
		}
		return c, err
	}
	if o.scheme == "http" {
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c, raw: c, origin: o, r: newReader(c)}, nil
	}
	visitor := tlsprobe.Visitor{
		Dial: dial, Name: o.host, ALPN: alpn, Now: p.Now, Timeout: p.timeout(),
		Ours: func(err error) bool { return p.gap(err) != "" },
	}
	s, err := visitor.Handshake(ctx)
	if err != nil {
		return nil, err
	}
	if s.NoALPN {
		p.mu.Lock()
		if p.noALPN == nil {
			p.noALPN = map[origin]bool{}
		}
		p.noALPN[o] = true
		p.mu.Unlock()
	}
	c := &conn{Conn: s, raw: raw, origin: o, version: s.Version, certs: s.Certs}
	if s.ALPN == "h2" {
		c.h2 = newH2Conn(s)
	} else {
		c.r = newReader(s)
	}
	return c, nil
}

// park says that the connection is kept without being needed now.
func (c *conn) park() {
	if e, ok := c.raw.(*egress.Conn); ok {
		e.Park()
	}
}

// unpark takes it into use again. It returns false when others needed the socket.
func (c *conn) unpark() bool {
	e, ok := c.raw.(*egress.Conn)
	return !ok || e.Unpark()
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

// reusable reports whether the connection can take another request. What a server sent
// without being asked would be taken for its answer (RFC 9112 section 9.2).
func (c *conn) reusable() bool {
	if c.h2 != nil {
		return !c.h2.closing
	}
	return c.r.Buffered() == 0
}

// failure says in the words of fact what ended an exchange, and whether that is an
// answer or a gap: a connection that opened was a first success, after which time-outs,
// resets and our own limits say nothing about the server (catalogue A.2). What is left is
// a server that ends a handshake, or that says what is no HTTP.
func (p *Prober) failure(ctx context.Context, err error) (class string, gap fact.Gap) {
	var dial *DialError
	var refusal *tlsprobe.Refusal
	var unproven *tlsprobe.Unproven
	switch {
	case errors.As(err, &unproven): // that this is the website is not known, nor what it would say
		return "signature", fact.GapMalformed
	case tlsprobe.IsAlert(err): // which may come after the handshake: RFC 8446 section 4.4.2.4
		return "tls", ""
	case errors.As(err, &dial):
		return dial.How, dial.Gap
	case errors.As(err, &refusal):
		return "tls", ""
	case errors.Is(err, errMalformed), errors.Is(err, errH2):
		return "malformed", ""
	case errors.Is(err, errTooLarge):
		return "too_large", fact.GapBudget
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
	return "reset", fact.GapBlocked
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
