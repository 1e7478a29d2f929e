package tlsprobe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/tlswire"
)

// outcome is how one hello ended.
type outcome uint8

const (
	failed    outcome = iota // we could not ask, or the answer never came: gap says why
	accepted                 // a ServerHello that keeps to the offer
	declined                 // an alert, an end or a reset: counts only with a control
	malformed                // an answer that breaks the protocol or goes beyond the offer
)

// reply is the answer to one hello.
type reply struct {
	outcome outcome
	gap     fact.Gap // of failed and malformed
	alert   uint8    // of declined, when hasAlert
	cut     error    // what broke off an answer that had begun with a ServerHello
	err     error    // what classify was given
	coaxed  bool     // it ended only after we had closed our end
	alerted bool
	why     string // in words, for the log

	hello   *tlswire.ServerHello
	certs   []byte // the Certificate message up to TLS 1.2, as received
	staple  []byte
	kex     *tlswire.ServerKeyExchange
	group   fact.Group // chosen group that was offered; 0 without one
	kinds   []fact.Suite
	leaf    []byte // certificate of SSL 2.0
	late    bool   // no hello was sent: the connection did not come to where TLS begins
	started int64  // moments of the run
	ended   int64

	// Of a reply that was kept: what it takes to finish the handshake.
	conn    *egress.Conn
	turn    *turn
	stream  *tlswire.Stream
	offer   *tlswire.ClientHello
	message []byte // our hello
	server  []byte // the message that was answered (TLS 1.3)
	flight  []byte // the server's messages to ServerHelloDone (up to TLS 1.2)
	after   *run   // whose Target has a Start: the connection ends with more ceremony
	over    bool   // the handshake was finished: alerts in the clear are out of place
}

func (r *reply) ok() bool { return r.outcome == accepted }

// version is what the server chose.
func (r *reply) version() fact.Version {
	if r.hello == nil {
		return 0
	}
	return r.hello.Version
}

// close ends a kept connection.
func (r *reply) close() {
	if r.conn != nil {
		r.cancel(r.conn)
		r.after.seeOff(r.conn)
		_ = r.conn.Close()
		streams.Put(r.stream)
		r.conn, r.stream = nil, nil
		r.turn.end()
	}
}

// cancel tells a server that a handshake goes no further (RFC 8446 section 6.1,
// RFC 5246 section 7.2.1), where somebody may read of it in a log.
func (r *reply) cancel(c *egress.Conn) {
	if r.after == nil || r.over || !r.ok() || r.version() < fact.SSL30 {
		return
	}
	v := uint16(min(r.version(), fact.TLS12))
	b := tlswire.AppendRecord(nil, tlswire.AlertRecord, v, []byte{1, alertUserCanceled})
	_, _ = c.Write(tlswire.AppendRecord(b, tlswire.AlertRecord, v, []byte{1, tlswire.AlertCloseNotify}))
}

const alertUserCanceled = 90

// seeOff waits for a server to close its end, where nothing else waits to be said. Some
// mail servers (Exim) take half a second to leave a handshake that failed, and count that
// as a connection; we mean to have one at a time. Others wait for us to go: what did not
// end in time once is not waited for again.
func (r *run) seeOff(c *egress.Conn) {
	if r == nil || r.unending.Load() {
		return
	}
	_ = c.SetDeadline(time.Now().Add(leave))
	var b [1024]byte
	for range maxLinger {
		if _, err := c.Read(b[:]); err != nil {
			r.unending.Store(errors.Is(err, egress.ErrTimeout))
			return
		}
	}
	r.unending.Store(true)
}

// goodbye says what a client says before it leaves, and waits for the answer as long as
// a server needs that has nothing else to do.
func (r *run) goodbye(a *reply, c *tlswire.Conn) {
	if r.t.Goodbye == "" {
		return
	}
	_ = a.conn.SetDeadline(time.Now().Add(min(leave, r.p.cfg.Timeout)))
	if _, err := io.WriteString(c, r.t.Goodbye); err != nil {
		return
	}
	var b [512]byte
	if _, err := c.Read(b[:]); err == nil {
		_ = c.CloseNotify()
	}
}

// leave is how long the answer to a goodbye, and the end of a connection, are waited for;
// maxLinger how often something else may come in its place.
const (
	leave     = time.Second
	maxLinger = 16
)

// question is one hello to ask.
type question struct {
	what  string
	hello *tlswire.ClientHello // nil: that of SSL 2.0
	keep  bool                 // keep the connection, read up to ServerHelloDone
	check bool                 // asked to see whether the server still answers at all
}

var streams = sync.Pool{New: func() any { return &tlswire.Stream{} }}

// ask sends a hello on a connection of its own and reads the answer.
func (r *run) ask(q question) *reply {
	a := r.askInTurn(q)
	if a.alerted && a.alert == tlswire.AlertNoApplicationProtocol && q.hello != nil && len(q.hello.ALPN) > 0 {
		// It wants a protocol that we do not speak (RFC 7301 section 3.2). What else it
		// does is asked without naming any, from now on.
		h := *q.hello
		h.ALPN = nil
		h.FillRandom(len(h.SessionID) > 0)
		q.hello, q.what = &h, q.what+", no ALPN"
		r.mu.Lock()
		r.noALPN = true
		r.mu.Unlock()
		a = r.askInTurn(q)
	}
	r.mu.Lock()
	doubt := r.doubt && !q.check
	if doubt {
		r.doubt = false
	}
	r.mu.Unlock()
	if doubt {
		r.confirmAlive()
	}
	return a
}

// confirmAlive asks a control after several hellos in a row that fell on deaf ears or
// were cut off without a word. When it fails, nothing since the last good answer
// counts; when it fails again after a pause, we are cut off for good.
func (r *run) confirmAlive() {
	for try := range 2 {
		if try > 0 && r.p.cfg.Wait(r.ctx, r.p.cfg.Spread/2) != nil {
			break
		}
		r.mu.Lock()
		c := r.control()
		r.mu.Unlock()
		c.what, c.check = "control: "+c.what, true
		b := r.askInTurn(c)
		if b.ok() {
			return
		}
		r.mu.Lock()
		r.fickle = r.fickle || b.outcome == declined && !b.alerted
		r.clock++
		r.void = append(r.void, [2]int64{r.lastGood, r.clock})
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == "" {
		r.stop = fact.GapBlocked
	}
}

// forget is how long a server gets to notice that our earlier connections are closed
// before it is asked alone: one that counts what is open counts those, too, that it has
// not yet seen end. By how often it has cut us off alone.
var forget = [...]time.Duration{50 * time.Millisecond, 250 * time.Millisecond, 250 * time.Millisecond, 250 * time.Millisecond}

// enough is how often in a row a hello must be cut off alone to count as turned away. A
// server that gives alerts has little reason to do otherwise once.
func (r *run) enough(q question) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.worded && q.hello != nil && q.hello.Version >= fact.TLS10 {
		return len(forget)
	}
	return 2
}

// askInTurn asks, and asks again what may have had nothing to do with this hello:
//
// Silence, once, with our end closed, so that a server that merely waits for more
// shows itself by ending too. An end or a reset without a word of TLS, until it has
// come twice while no other connection of ours was open. A refused connection or
// other bytes, when we had others open. Whatever is asked again has the address to
// itself, and once that has helped, or the server is known to end connections without
// a word, all that follows is asked one by one.
func (r *run) askInTurn(q question) *reply {
	var a *reply
	alone := 0 // times that it was cut off without a word while nothing else was open
	for try := range len(forget) + 1 {
		if a != nil && a.outcome == declined && !a.alerted && r.p.cfg.Wait(r.ctx, forget[alone]) != nil {
			break
		}
		t := r.turns.take(r.ctx, try > 0 || r.isSerial())
		if t == nil {
			return &reply{gap: r.ctxGap()}
		}
		if gap := r.stopped(); gap != "" {
			t.end()
			return &reply{gap: gap, why: "not asked: " + string(gap)}
		}
		before := a
		silent := before != nil && before.gap == fact.GapTimeout
		a = r.onceStarted(q, silent)
		a.coaxed = silent && a.outcome == declined && !a.alerted
		shared := t.shared()
		if a.conn != nil {
			a.turn = t
		} else {
			t.end()
		}
		r.compare(before, a, alone > 0)
		again := false
		switch {
		case a.late || a.coaxed || silent:
		case a.outcome == declined && !a.alerted:
			if !shared {
				alone++
			}
			again = alone < r.enough(q)
		case a.gap == fact.GapTimeout:
			again = true
		case a.gap == fact.GapBlocked || a.outcome == malformed && !errors.Is(a.err, errBeyond):
			again = shared && try == 0
		}
		if !again {
			break
		}
	}
	r.settleAnswer(q, a)
	return a
}

// compare learns from asking the same hello again. An answer in words after none says
// that connections are cut off here whatever they ask: if other connections of ours
// may be the reason, there will be no others; if not, no end without a word counts as
// an answer in this run.
func (r *run) compare(before, now *reply, wasAlone bool) {
	if before == nil {
		return
	}
	worded := now.outcome == accepted || now.alerted
	r.mu.Lock()
	defer r.mu.Unlock()
	if worded || before.outcome == declined {
		r.serial = true
	}
	if worded && wasAlone {
		r.fickle = true
	}
}

// onceStarted asks a single time, on a connection that may come to where TLS begins at
// the second attempt only. In between nobody else asks anything.
func (r *run) onceStarted(q question, closeWrite bool) *reply {
	a := r.once(q, closeWrite)
	if a.late && (a.gap == fact.GapTimeout || a.gap == fact.GapBlocked || a.gap == fact.GapTemporary) && r.p.cfg.Wait(r.ctx, r.p.cfg.Spread) == nil {
		a = r.once(q, closeWrite)
	}
	if a.late {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stop = a.gap
	}
	return a
}

// once asks a single time.
func (r *run) once(q question, closeWrite bool) *reply {
	a := &reply{offer: q.hello, started: r.moment()}
	conn, err := r.open()
	if err != nil {
		var start *StartError
		a.why = err.Error()
		switch {
		case errors.As(err, &start) && r.ctx.Err() == nil:
			a.gap, a.late = start.Gap, true
		case r.t.Start != nil:
			a.gap, a.late = r.dialGap(err), true
		case errors.Is(err, egress.ErrReset):
			a.outcome = declined // the connection came about and was broken off at once
		default:
			a.gap = r.dialGap(err)
		}
		return a
	}
	if r.t.Start != nil {
		a.after = r
	}
	undo := conn.CloseWith(r.ctx)
	defer undo()
	wire, message, err := encode(q.hello)
	if err != nil {
		_ = conn.Close()
		a.gap, a.why = fact.GapUnsupported, err.Error()
		return a
	}
	a.message = message
	_ = conn.SetDeadline(time.Now().Add(r.p.cfg.Timeout))
	if _, err = conn.Write(wire); err == nil {
		if closeWrite {
			_ = conn.CloseWrite()
		}
		s := streams.Get().(*tlswire.Stream)
		s.Reset(conn)
		if q.hello == nil {
			err = readSSL2(s, a)
		} else {
			err = a.read(s, q.keep)
		}
		if err == nil && a.ok() && q.keep {
			a.conn, a.stream = conn, s
			r.mu.Lock()
			r.kept = append(r.kept, a)
			r.mu.Unlock()
			return a
		}
		streams.Put(s)
	}
	a.cancel(conn)
	if err != nil {
		r.classify(a, err)
	}
	if err == nil || a.alerted || a.outcome == malformed {
		a.after.seeOff(conn)
	}
	_ = conn.Close()
	return a
}

// open makes a connection that stands where TLS begins.
func (r *run) open() (*egress.Conn, error) {
	r.mu.Lock()
	r.dials++
	ready := r.ready
	r.ready = nil
	r.mu.Unlock()
	if ready != nil {
		return ready, nil
	}
	conn, err := r.t.Subject.DialTCP(r.ctx, r.t.Addr)
	if err != nil {
		return nil, err
	}
	if r.t.Start != nil {
		undo := conn.CloseWith(r.ctx)
		defer undo()
		if err := r.t.Start(r.ctx, conn); err != nil {
			_ = conn.Close()
			if s := (*StartError)(nil); !errors.As(err, &s) {
				err = &StartError{r.startGap(err), err}
			}
			return nil, err
		}
	}
	return conn, nil
}

// startGap says why a connection did not come to where TLS begins, when Start does not.
func (r *run) startGap(err error) fact.Gap {
	var timeout net.Error
	switch {
	case egress.Gap(err) != "":
		return fact.Gap(egress.Gap(err))
	case errors.As(err, &timeout) && timeout.Timeout():
		return fact.GapTimeout
	}
	return fact.GapBlocked
}

// encode makes the bytes of a hello. Records of a hello carry version 1.0 for the
// sake of old servers (RFC 8446 section 5.1), that of SSL 3.0 its own.
func encode(h *tlswire.ClientHello) (wire, message []byte, err error) {
	if h == nil {
		w := ssl2Hello()
		return w, w[2:], nil
	}
	const header = 5
	version := min(h.Version, fact.TLS10)
	wire = make([]byte, header, 1400)
	if wire, err = h.AppendMessage(wire); err != nil {
		return nil, nil, err
	}
	if message = wire[header:]; len(message) > tlswire.MaxPlaintext {
		return tlswire.AppendRecord(nil, tlswire.Handshake, uint16(version), message), message, nil
	}
	tlswire.AppendRecord(wire[:0], tlswire.Handshake, uint16(version), message) // its own place: only the header is new
	return wire, message, nil
}

// errBeyond is an answer that goes beyond what was offered.
var errBeyond = fmt.Errorf("%w: beyond the offer", tlswire.ErrMalformed)

// read takes the server's answer. Once the ServerHello is there, what goes wrong
// after it leaves the answer accepted.
func (a *reply) read(s *tlswire.Stream, keep bool) error {
	m, err := s.Message()
	if err != nil {
		return err
	}
	h, err := tlswire.ParseServerHello(m)
	if err != nil {
		return err
	}
	if err := within(a.offer, h); err != nil {
		return err
	}
	a.outcome, a.hello = accepted, h
	if h.Version >= fact.TLS13 {
		a.group = h.Group
		if keep {
			a.server = bytes.Clone(m)
		}
		return nil
	}
	if keep {
		a.flight = append(a.flight, m...)
	}
	if err := a.readFlight(s, keep); err != nil {
		a.cut, a.why = err, err.Error()
		if keep {
			return err // accepted stays, but there is nothing to go on with
		}
	}
	return nil
}

// readFlight reads from after the ServerHello to ServerHelloDone, or as far as there
// is something to learn.
func (a *reply) readFlight(s *tlswire.Stream, keep bool) error {
	h := a.hello
	for {
		m, err := s.Message()
		if err != nil {
			return err
		}
		if keep {
			if a.flight = append(a.flight, m...); len(a.flight) > tlswire.MaxInput {
				return tlswire.ErrTooMuch
			}
		}
		switch m[0] {
		case tlswire.MsgCertificate:
			a.certs = bytes.Clone(m)
		case tlswire.MsgCertificateStatus:
			if a.staple, err = tlswire.ParseCertificateStatus(m); err != nil {
				return err
			}
		case tlswire.MsgServerKeyExchange:
			if a.kex, err = tlswire.ParseServerKeyExchange(m, h.Suite, h.Version); err != nil {
				return err
			}
			if slices.Contains(a.offer.Groups, a.kex.Group) || len(a.offer.Groups) == 0 {
				a.group = a.kex.Group
			}
			if !keep {
				return nil
			}
		case tlswire.MsgServerHelloDone:
			return nil
		}
	}
}

// within checks that a server chose from what was offered.
func within(o *tlswire.ClientHello, h *tlswire.ServerHello) error {
	switch {
	case h.Version >= fact.TLS13 && !slices.Contains(o.SupportedVersions, h.Version),
		h.Version < fact.SSL30, h.Version < fact.TLS13 && h.Version > min(o.Version, fact.TLS12):
		return fmt.Errorf("%w: version %s", errBeyond, h.Version)
	case !slices.Contains(o.Suites, h.Suite):
		return fmt.Errorf("%w: suite %s", errBeyond, h.Suite)
	case h.Compression != 0 && !bytes.Contains(o.Compression, []byte{h.Compression}):
		return fmt.Errorf("%w: compression %d", errBeyond, h.Compression)
	case h.Version >= fact.TLS13 && h.Retry && !slices.Contains(o.Groups, h.Group):
		return fmt.Errorf("%w: group %s", errBeyond, h.Group)
	}
	return nil
}

// classify says what an error means. An answer that was accepted stays so.
func (r *run) classify(a *reply, err error) {
	if a.why == "" {
		a.why = err.Error()
	}
	if a.outcome == accepted {
		return
	}
	a.err = err
	var alert *tlswire.Alert
	var timeout net.Error
	switch {
	case errors.As(err, &alert):
		a.outcome, a.alerted, a.alert, a.why = declined, true, alert.Description, alert.Error()
	case r.ctx.Err() != nil:
		a.gap = r.ctxGap()
	case egress.Gap(err) != "":
		a.gap = fact.Gap(egress.Gap(err))
	case errors.As(err, &timeout) && timeout.Timeout():
		a.gap, a.why = fact.GapTimeout, "silence"
	case errors.Is(err, tlswire.ErrNotTLS):
		a.outcome, a.gap, a.why = malformed, fact.GapMalformed, "no TLS"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		a.outcome, a.why = declined, "the server ended the connection"
	case errors.Is(err, egress.ErrReset):
		a.outcome, a.why = declined, "the server reset the connection"
	case errors.Is(err, tlswire.ErrMalformed):
		a.outcome, a.gap = malformed, fact.GapMalformed
	default:
		a.outcome, a.why = declined, "the server broke off: "+err.Error()
	}
}
