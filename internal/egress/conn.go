package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Conn is a connection that keeps the budget of its subject: no read or write goes
// beyond the subject's bytes, and no deadline beyond its time, whatever the caller
// sets. It is a net.Conn.
type Conn struct {
	subject *Subject
	conn    net.Conn
	addr    netip.AddrPort // logical
	network string
	polite  bool

	closed     atomic.Bool
	prepaid    atomic.Bool // UDP: the dial paid for the first datagram
	readOurs   atomic.Bool // the read deadline in force is the subject's, not the caller's
	writeOurs  atomic.Bool
	writeLimit atomic.Int64 // UDP: write deadline in nanoseconds since the epoch, 0 for none
}

func newConn(s *Subject, conn net.Conn, network string, addr netip.AddrPort, polite bool, deadline time.Time) *Conn {
	c := &Conn{subject: s, conn: conn, network: network, addr: addr, polite: polite}
	c.readOurs.Store(true)
	c.writeOurs.Store(true)
	c.prepaid.Store(true)
	if !deadline.IsZero() {
		_ = conn.SetDeadline(deadline) // fails only on a closed connection, and then so does all else
	}
	if t, ok := conn.(*net.TCPConn); ok {
		// Close with RST: thousands of probes must not fill the table of sockets in
		// TIME_WAIT (here; where the peer closes first it has them anyway).
		_ = t.SetLinger(0)
	}
	return c
}

// Read reads within the budget. io.EOF comes through as it is.
func (c *Conn) Read(p []byte) (int, error) {
	left := c.subject.budget.bytesLeft()
	if left <= 0 {
		return 0, c.subject.fail("read", c.addr, ErrBudget, errBytes)
	}
	if c.network == "tcp" && int64(len(p)) > left {
		p = p[:left]
	}
	n, err := c.conn.Read(p)
	c.subject.budget.in.Add(int64(n))
	c.subject.egress.total.in.Add(int64(n))
	if err != nil {
		err = c.wrap("read", err, &c.readOurs)
	}
	return n, err
}

// Write writes within the budget. On UDP each call is a datagram and waits its turn
// by the pace of the server, until the write deadline.
func (c *Conn) Write(p []byte) (int, error) {
	if c.subject.budget.bytesLeft() < int64(len(p)) {
		return 0, c.subject.fail("write", c.addr, ErrBudget, errBytes)
	}
	if c.network == "udp" {
		if err := c.datagram(); err != nil {
			return 0, err
		}
	}
	n, err := c.conn.Write(p)
	c.subject.budget.out.Add(int64(n))
	c.subject.egress.total.out.Add(int64(n))
	if err != nil {
		err = c.wrap("write", err, &c.writeOurs)
	}
	return n, err
}

// datagram counts one and waits its turn.
func (c *Conn) datagram() error {
	c.subject.CountQuery(1)
	if !c.polite || c.prepaid.CompareAndSwap(true, false) {
		return nil
	}
	ctx := context.Background()
	if t := c.writeLimit.Load(); t != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, time.Unix(0, t))
		defer cancel()
	}
	c.subject.budget.beginWait()
	err := c.subject.egress.pace.datagram(ctx, c.addr.Addr())
	c.subject.budget.endWait()
	if err != nil {
		return c.subject.fail("write", c.addr, err, nil)
	}
	return nil
}

func (c *Conn) wrap(op string, err error, ours *atomic.Bool) error {
	if err == io.EOF { //nolint:errorlint // package net gives it bare, and readers compare it so
		return err
	}
	kind := classify(err)
	if errors.Is(kind, ErrTimeout) && ours.Load() {
		return c.subject.fail(op, c.addr, ErrBudget, errTime)
	}
	return c.subject.fail(op, c.addr, kind, err)
}

// Close closes with RST, or in order after Graceful. It may be called again.
func (c *Conn) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return nil
	}
	c.subject.egress.pace.open.unpark(c)
	err := c.conn.Close()
	c.subject.egress.pace.done(c.network, c.addr, c.polite)
	return err
}

// Park says that the connection is kept for later and not needed now. It is closed when
// somebody else waits for a socket, so call Unpark before using it again.
func (c *Conn) Park() { c.subject.egress.pace.open.park(c) }

// Unpark takes a parked connection into use. It returns false when it was closed
// meanwhile.
func (c *Conn) Unpark() bool { return c.subject.egress.pace.open.unpark(c) }

// Graceful makes Close end the connection in order (FIN), so that what was written
// last still arrives. For dialogues that end politely, such as QUIT.
func (c *Conn) Graceful() {
	if t, ok := c.conn.(*net.TCPConn); ok {
		_ = t.SetLinger(-1)
	}
}

// CloseWrite sends FIN and leaves reading open.
func (c *Conn) CloseWrite() error {
	if t, ok := c.conn.(*net.TCPConn); ok {
		return t.CloseWrite()
	}
	return nil
}

// CloseWith closes the connection when ctx ends, so that a read returns at once. The
// function it returns undoes that, as that of context.AfterFunc.
func (c *Conn) CloseWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.Close() })
}

// Subject is the subject that the connection belongs to.
func (c *Conn) Subject() *Subject { return c.subject }

// LocalAddr is our end of the real connection.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr is the logical address, that of the DNS.
func (c *Conn) RemoteAddr() net.Addr {
	if c.network == "udp" {
		return net.UDPAddrFromAddrPort(c.addr)
	}
	return net.TCPAddrFromAddrPort(c.addr)
}

// SetDeadline sets both deadlines, at most the subject's time.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline for reading, at most the subject's time.
func (c *Conn) SetReadDeadline(t time.Time) error {
	t, ours := c.earlier(t)
	c.readOurs.Store(ours)
	return c.conn.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline for writing, at most the subject's time.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	t, ours := c.earlier(t)
	c.writeOurs.Store(ours)
	if t.IsZero() {
		c.writeLimit.Store(0)
	} else {
		c.writeLimit.Store(t.UnixNano())
	}
	return c.conn.SetWriteDeadline(t)
}

// earlier returns the earlier of a caller's deadline and the subject's, and whether that
// is the subject's.
func (c *Conn) earlier(t time.Time) (time.Time, bool) {
	d := c.subject.budget.deadline()
	if d.IsZero() || (!t.IsZero() && t.Before(d)) {
		return t, false
	}
	return d, true
}
