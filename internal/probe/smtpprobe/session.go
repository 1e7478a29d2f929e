package smtpprobe

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
)

// Patience is how long answers may take. Zero fields have their defaults; only simulated
// servers and tests have less.
type Patience struct {
	// Greeting is how long the greeting may take: 30 s. Servers that make strangers wait
	// (Postfix's postscreen, delays of Exim) do so for some seconds.
	Greeting time.Duration
	// Answer is how long every other reply may take: 15 s.
	Answer time.Duration
	// Leave is how long the answer to QUIT is waited for: 1 s.
	Leave time.Duration
	// Slow is how long a greeting takes that is slow: 3 s (issue of the mail meter).
	Slow time.Duration
	// Pause is how long is waited before a server that did not answer is asked again: 3 s.
	Pause time.Duration
}

func (p Patience) withDefaults() Patience {
	for _, x := range []struct {
		field *time.Duration
		value time.Duration
	}{{&p.Greeting, 30 * time.Second}, {&p.Answer, 15 * time.Second}, {&p.Leave, time.Second}, {&p.Slow, 3 * time.Second}, {&p.Pause, 3 * time.Second}} {
		if *x.field <= 0 {
			*x.field = x.value
		}
	}
	return p
}

// session is a connection in plain text.
type session struct {
	conn     net.Conn
	in       replies
	patience Patience
}

func newSession(conn net.Conn, p Patience) *session {
	return &session{conn: conn, in: replies{from: conn}, patience: p}
}

// listen reads a reply that must be complete within a time, however it drips.
func (s *session) listen(d time.Duration, each func(i int, text []byte)) (*fact.Reply, error) {
	_ = s.conn.SetDeadline(time.Now().Add(d))
	return s.in.reply(each)
}

// say sends a command and reads the reply.
func (s *session) say(command string, each func(i int, text []byte)) (*fact.Reply, error) {
	_ = s.conn.SetDeadline(time.Now().Add(s.patience.Answer))
	if _, err := io.WriteString(s.conn, command+"\r\n"); err != nil {
		return nil, err
	}
	return s.in.reply(each)
}

// quit ends the session (RFC 5321 section 4.1.1.10) and waits for the answer no longer
// than it takes a server that has nothing else to do.
func (s *session) quit() {
	_ = s.conn.SetDeadline(time.Now().Add(s.patience.Leave))
	if _, err := io.WriteString(s.conn, "QUIT\r\n"); err == nil {
		_, _ = s.in.reply(nil)
	}
	_ = s.conn.Close()
}

// cancel ends a session that waits for a hello which does not come: user_canceled and
// close_notify (RFC 8446 section 6.1).
func (s *session) cancel() {
	_ = s.conn.SetDeadline(time.Now().Add(s.patience.Leave))
	_, _ = s.conn.Write([]byte{21, 3, 1, 0, 2, 1, 90, 21, 3, 1, 0, 2, 1, 0})
	_ = s.conn.Close()
}

// gapOf says why an exchange came to nothing.
func gapOf(ctx context.Context, err error) fact.Gap {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fact.GapBudget
	case ctx.Err() != nil:
		return fact.GapCancelled
	case egress.Gap(err) != "":
		return fact.Gap(egress.Gap(err))
	case errors.As(err, &timeout) && timeout.Timeout():
		return fact.GapTimeout
	case malformed(err):
		return fact.GapMalformed
	}
	return fact.GapBlocked // it let us in and broke off
}
