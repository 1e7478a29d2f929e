package resolver

import (
	"bytes"
	"context"
	"crypto/hmac"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
)

// DialFunc opens a connection ("udp" or "tcp") to a name server, for a question
// about subject.
type DialFunc func(ctx context.Context, subject, network string, addr netip.AddrPort) (net.Conn, error)

// task is one look-up with everything that it needs: its budget, its deadline and
// where the cost goes.
type task struct {
	r       *Resolver
	ctx     context.Context //nolint:containedctx // a task lives as long as one call
	dial    func(ctx context.Context, network string, addr netip.AddrPort) (net.Conn, error)
	tally   *Tally
	sent    int    // messages; only this task's goroutine counts
	depth   int    // of look-ups of name-server addresses
	finding []name // name servers whose addresses are being looked up, outermost first
}

var (
	errBudget = errors.New("too many questions for one look-up")
	errSilent = errors.New("no reply in time")
	// errNoRecursion: the server that was named as resolver is none.
	errNoRecursion = errors.New("the resolver that was named does not recurse: it does not set RA")
)

// serverError is why a server gave no usable reply.
type serverError struct {
	addr  netip.AddrPort
	gap   fact.Gap // set when the cause is on our side, or is silence
	rcode int      // of a reply that refuses; -1 without a reply
	ede   []ede
	err   error
}

func (e *serverError) Error() string {
	if e.err != nil {
		return fmt.Sprintf("%v: %v", e.addr, e.err)
	}
	return fmt.Sprintf("%v: %s", e.addr, rcodeName(e.rcode))
}

func (e *serverError) Unwrap() error { return e.err }

// ours reports whether the cause of an error is not the server's doing.
func ours(err error) fact.Gap {
	var se *serverError
	if errors.As(err, &se) && se.gap != "" && se.gap != fact.GapTimeout {
		return se.gap
	}
	return ""
}

// ask puts one question to one server and returns its reply, whatever its code.
func (t *task) ask(addr netip.AddrPort, q name, typ uint16, flags uint16, try int) (*message, error) {
	s := t.r.server(addr)
	wait := s.timeout(try)
	tcp, cookies := false, 0
	var altered error
	for range 6 { // each round changes something: EDNS, cookie, protocol
		s.mu.Lock()
		edns, mixed := !s.noEDNS, !s.noCase || tcp
		var cookie []byte
		if edns && !s.noCookie && try == 0 { // a firewall may drop what it does not know
			cookie = t.r.cookie(addr.Addr(), s.cookie)
		}
		s.mu.Unlock()
		qu := query{flags: flags, qname: []byte(q), qtype: typ, edns: edns, cookie: cookie}
		if mixed {
			mixCase(qu.qname)
		}
		m, err := t.send(addr, s, &qu, tcp, wait)
		switch {
		case errors.Is(err, errCase) && !tcp:
			tcp, altered = true, err // a forged reply or a server that changes case: TCP tells
			continue
		case errors.Is(err, errCase):
			s.mu.Lock()
			s.noCase = true
			s.mu.Unlock()
		case err != nil && altered != nil && tcp: // no TCP there: then by UDP, as it likes it
			tcp, altered = false, nil
			s.mu.Lock()
			s.noCase = true
			s.mu.Unlock()
			continue
		case err != nil:
			return nil, err
		}
		if len(m.cookie) >= 16 && len(m.cookie) <= 40 {
			s.mu.Lock()
			s.cookie = m.cookie[8:]
			s.mu.Unlock()
		}
		switch {
		case m.rcode == dns.RcodeBadCookie && cookies < 1:
			cookies++
			continue
		case (m.tc || m.rcode == dns.RcodeBadCookie) && !tcp:
			tcp = true
			continue
		case cookie != nil && !m.edns && (m.rcode == dns.RcodeFormatError || m.rcode == dns.RcodeNotImplemented):
			s.mu.Lock()
			s.noCookie = true
			s.mu.Unlock()
			continue
		case edns && !m.edns && (m.rcode == dns.RcodeFormatError || m.rcode == dns.RcodeNotImplemented), edns && m.rcode == dns.RcodeBadVers:
			s.mu.Lock()
			s.noEDNS = true
			s.mu.Unlock()
			continue
		case m.tc:
			return nil, &serverError{addr: addr, rcode: -1, err: errGarbage}
		}
		return m, nil
	}
	return nil, &serverError{addr: addr, rcode: -1, err: errGarbage}
}

// errCase is a reply whose question differs from ours in case only.
var errCase = errors.New("question came back in other case")

// send carries one message and waits for its reply.
func (t *task) send(addr netip.AddrPort, s *server, q *query, tcp bool, wait time.Duration) (*message, error) {
	if t.sent >= maxQueries {
		return nil, &serverError{addr: addr, gap: fact.GapBudget, rcode: -1, err: errBudget}
	}
	t.sent++
	q.id = uint16(rand.Uint32()) // ChaCha8 seeded by the system
	b := q.pack()
	network := "udp"
	if tcp {
		network, wait = "tcp", max(2*wait, 2*time.Second)
	}
	conn, err := t.dial(t.ctx, network, addr)
	if err != nil {
		return nil, t.failed(addr, s, err)
	}
	defer conn.Close() //nolint:errcheck // nothing is written after the reply
	start := t.r.tick()
	deadline := time.Now().Add(wait)
	if d, ok := t.ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	stop := context.AfterFunc(t.ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, t.failed(addr, s, err)
	}
	t.tally.add(tcp, len(b), 0)
	if tcp {
		m, err := t.overTCP(conn, b, q)
		if err != nil && !errors.Is(err, errCase) {
			return nil, t.failed(addr, s, err)
		}
		t.r.answered(addr, s, start)
		return m, err
	}
	m, err := t.overUDP(conn, b[2:], q)
	if err != nil && !errors.Is(err, errCase) {
		return nil, t.failed(addr, s, err)
	}
	t.r.answered(addr, s, start)
	return m, err
}

func (t *task) overUDP(conn net.Conn, b []byte, q *query) (*message, error) {
	if _, err := conn.Write(b); err != nil {
		return nil, err
	}
	buf := t.r.buffer()
	defer t.r.buffers.Put(buf)
	var other *message
	looked := false
	for range 16 { // datagrams that are no reply to this question are passed over
		n, err := conn.Read(*buf)
		if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() && !looked && t.ctx.Err() == nil {
			looked = true // it may have come while this machine had no time for us
			_ = conn.SetDeadline(time.Now().Add(lastLook))
			continue
		}
		if err != nil {
			if other != nil {
				return other, errCase
			}
			return nil, err
		}
		t.tally.add(false, 0, n)
		m, err := check((*buf)[:n], q)
		switch {
		case err == nil:
			return m, nil
		case errors.Is(err, errCase):
			return m, errCase
		case errors.Is(err, errNotReply):
			continue
		default:
			return nil, err
		}
	}
	return nil, errNotReply
}

func (t *task) overTCP(conn net.Conn, b []byte, q *query) (*message, error) {
	if _, err := conn.Write(b); err != nil {
		return nil, err
	}
	var l [2]byte
	if _, err := io.ReadFull(conn, l[:]); err != nil {
		return nil, err
	}
	reply := make([]byte, binary.BigEndian.Uint16(l[:]))
	if _, err := io.ReadFull(conn, reply); err != nil {
		return nil, err
	}
	t.tally.add(true, 0, len(reply)+2)
	return check(reply, q)
}

// check reads a reply and holds it against the question (RFC 5452 section 9).
func check(b []byte, q *query) (*message, error) {
	if len(b) < 12 || binary.BigEndian.Uint16(b) != q.id {
		return nil, errNotReply
	}
	m, err := unpack(b)
	if err != nil {
		return nil, err
	}
	if m.question == nil {
		if m.rcode == dns.RcodeSuccess || m.rcode == dns.RcodeNameError {
			return nil, errNotReply
		}
		return m, nil
	}
	if m.qtype != q.qtype || lowerName(m.question) != lowerName(q.qname) {
		return nil, errNotReply
	}
	if len(q.cookie) >= 8 && len(m.cookie) >= 8 && !bytes.Equal(q.cookie[:8], m.cookie[:8]) {
		return nil, errNotReply // RFC 7873 section 5.3
	}
	if !bytes.Equal(m.question, q.qname) {
		return m, errCase
	}
	return m, nil
}

// failed makes the error of a server that gave no reply.
func (t *task) failed(addr netip.AddrPort, s *server, err error) error {
	se := &serverError{addr: addr, rcode: -1, err: err}
	var ne net.Error
	switch {
	case t.ctx.Err() != nil && errors.Is(t.ctx.Err(), context.Canceled):
		se.gap = fact.GapCancelled
	case t.ctx.Err() != nil:
		se.gap = fact.GapTimeout
	case errors.Is(err, egress.ErrNoFamily):
		now := t.r.tick()
		t.r.noFamily[familyIndex(addr.Addr())].Store(&now)
		se.gap = fact.Gap(egress.Gap(err))
	case egress.Gap(err) != "":
		se.gap = fact.Gap(egress.Gap(err))
	case errors.Is(err, egress.ErrTimeout), errors.As(err, &ne) && ne.Timeout():
		se.gap, se.err = fact.GapTimeout, errSilent
		s.fell(t.r.tick())
	default: // refused, reset, garbage: the server's doing
		s.fell(t.r.tick())
	}
	return se
}

// mixCase sets each letter of a name to upper or lower case at random, which a
// forger must guess (draft-vixie-dnsext-dns0x20).
func mixCase(b []byte) {
	bits, left := rand.Uint64(), 64 // ChaCha8 seeded by the system
	for i, c := range b {
		if c < 'a' || c > 'z' {
			continue
		}
		if bits&1 == 1 {
			b[i] = c - 'a' + 'A'
		}
		if bits >>= 1; left == 1 {
			bits, left = rand.Uint64(), 65 // as above
		}
		left--
	}
}

// cookie is our client cookie for a server, and the server's own after it
// (RFC 7873 section 4.1).
func (r *Resolver) cookie(a netip.Addr, server []byte) []byte {
	h := hmac.New(sha256.New, r.secret[:])
	h.Write(a.AsSlice())
	return append(h.Sum(nil)[:8:8], server...)
}

func newSecret() (s [16]byte) {
	_, _ = crand.Read(s[:]) // never fails since Go 1.24
	return s
}

func (r *Resolver) buffer() *[]byte {
	if b, ok := r.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, maxDatagram)
	return &b
}
