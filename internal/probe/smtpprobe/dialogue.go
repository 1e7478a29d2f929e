package smtpprobe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
)

// Dialogue is what we know of how to speak with a server: it learns that on the first
// connection, and takes every later one to STARTTLS by the shortest way.
type Dialogue struct {
	name     string // what we call ourselves
	patience Patience

	mu sync.Mutex // guards SMTP.Refusal, once First has returned
	// SMTP is what the server said.
	SMTP *fact.SMTP
}

// NewDialogue makes a Dialogue in which we call ourselves name.
func NewDialogue(name string, p Patience) *Dialogue {
	return &Dialogue{name: name, patience: p.withDefaults(), SMTP: &fact.SMTP{}}
}

// First has the whole dialogue on a fresh connection. It reports whether TLS may begin
// on it now; if not, the session was ended and the connection is closed.
func (d *Dialogue) First(ctx context.Context, conn net.Conn) (ready bool) {
	d.SMTP = &fact.SMTP{}
	s := newSession(conn, d.patience)
	if d.greeting(ctx, s) && d.hello(ctx, s) && d.starttls(ctx, s) {
		return true
	}
	_ = conn.Close() // where there was somebody to say QUIT to, that was done
	d.gaps()
	return false
}

// greeting reads what the server says first (RFC 5321 section 3.1).
func (d *Dialogue) greeting(ctx context.Context, s *session) bool {
	begin := time.Now()
	reply, err := s.listen(d.patience.Greeting, nil)
	took := time.Since(begin)
	d.SMTP.Millis, d.SMTP.Slow = int(took.Milliseconds()), took > d.patience.Slow
	if err != nil {
		d.broken(ctx, s, reply, err)
		return false
	}
	if reply.Code != 220 {
		d.refused(s, reply)
		return false
	}
	d.SMTP.Greeting = reply
	return true
}

// hello introduces us, by HELO to a server that knows no EHLO (RFC 5321 section 3.2).
func (d *Dialogue) hello(ctx context.Context, s *session) bool {
	out := d.SMTP
	reply, err := s.say("EHLO "+d.name, d.extensions)
	if err == nil && reply.Code/100 == 5 {
		d.echoed(reply)
		out.Keywords = nil
		helo, e := s.say("HELO "+d.name, nil)
		if e != nil {
			d.refused(s, reply) // it has told us to go, and did not wait
			return false
		}
		reply, out.HELO = helo, helo.Code == 250
	}
	switch {
	case err != nil:
		out.Keywords = nil
		d.broken(ctx, s, reply, err)
		return false
	case reply.Code != 250:
		out.Keywords = nil
		d.refused(s, reply)
		return false
	}
	out.State, out.EHLO = fact.SMTPReady, reply
	slices.Sort(out.Keywords)
	out.Keywords = slices.Compact(out.Keywords)
	return true
}

// maxKeywords is how many extensions are taken from one reply.
const maxKeywords = 100

// extensions takes them from a line of the reply to EHLO, the first of which has the
// server's name.
func (d *Dialogue) extensions(i int, text []byte) {
	if k := keyword(text); i > 0 && k != "" && len(d.SMTP.Keywords) < maxKeywords {
		d.SMTP.Keywords = append(d.SMTP.Keywords, k)
		if overwritten(k) {
			d.SMTP.Stripped = "keyword " + k
		}
	}
}

// echoed looks for a command that came back overwritten, in the reply of a server that
// quotes what it did not understand.
func (d *Dialogue) echoed(r *fact.Reply) {
	for _, line := range r.Lines {
		for word := range strings.FieldsFuncSeq(line, func(c rune) bool { return c < 'A' || c > 'Z' }) {
			if overwritten(word) && d.SMTP.Stripped == "" {
				d.SMTP.Stripped = "command " + word
			}
		}
	}
}

// starttls asks for TLS (RFC 3207 section 4), and does so once, too, where it is not
// offered: the answer may show that somebody on the way took the offer out.
func (d *Dialogue) starttls(ctx context.Context, s *session) bool {
	out := d.SMTP
	switch {
	case slices.Contains(out.Keywords, "STARTTLS"):
		out.Offered = fact.Observed{Answer: fact.Accepted}
	case !out.HELO:
		out.Offered = fact.Observed{Answer: fact.Declined}
	}
	reply, err := s.say("STARTTLS", nil)
	switch {
	case err != nil && out.Offered.No():
		return false // what matters is known
	case err != nil:
		out.Refusal, out.Gap = reply, gapOf(ctx, err)
		return false
	}
	out.STARTTLS = reply
	switch reply.Code / 100 {
	case 2:
		if reply.Code != 220 {
			break
		}
		if out.Offered.No() {
			if out.Stripped == "" {
				out.Stripped = "answered"
			}
			s.cancel() // no client would have asked
			return false
		}
		if out.HELO {
			out.Offered = fact.Observed{Answer: fact.Accepted}
			if out.Stripped == "" {
				out.Stripped = "helo"
			}
		}
		if len(s.in.rest) > 0 {
			out.Surplus, out.Gap = readable(s.in.rest), fact.GapMalformed
			s.cancel()
			return false
		}
		return true
	case 4:
		if !out.Offered.No() {
			out.Gap = fact.GapTemporary
		}
	case 5:
		d.echoed(reply)
		if out.HELO {
			out.Offered = fact.Observed{Answer: fact.Declined}
		}
	}
	if reply.Code/100 < 4 && !out.Offered.No() {
		out.Gap = fact.GapMalformed
	}
	s.quit()
	return false
}

// refused books a reply that ends the dialogue, and says goodbye.
func (d *Dialogue) refused(s *session, r *fact.Reply) {
	d.SMTP.Refusal = r
	switch r.Code / 100 {
	case 4:
		d.SMTP.State, d.SMTP.Gap = fact.SMTPTemporary, fact.GapTemporary
	case 5:
		d.SMTP.State, d.SMTP.Gap = fact.SMTPRefused, fact.GapBlocked
	default:
		d.SMTP.State, d.SMTP.Gap = fact.SMTPNone, fact.GapMalformed
	}
	s.quit()
}

// broken books an exchange that did not come to a reply.
func (d *Dialogue) broken(ctx context.Context, s *session, r *fact.Reply, err error) {
	d.SMTP.Refusal, d.SMTP.Gap = r, gapOf(ctx, err)
	if errors.Is(err, errNoSMTP) {
		d.SMTP.State = fact.SMTPNone
	}
	if r != nil && r.Code != 0 && !errors.Is(err, errFlood) && d.SMTP.Gap == fact.GapMalformed {
		s.quit() // somebody speaks SMTP, if badly
	}
}

// gaps gives what was not observed its reason.
func (d *Dialogue) gaps() {
	if out := d.SMTP; out.Offered.Missing() && out.Offered.Gap == "" {
		out.Offered.Gap = out.Gap
	}
}

// Start takes a further connection to where TLS begins. It is made for tlsprobe.Target:
// an error is a *tlsprobe.StartError, and the session was ended as far as there was one.
func (d *Dialogue) Start(ctx context.Context, conn net.Conn) error {
	s := newSession(conn, d.patience)
	reply, err := d.start(s)
	if err == nil {
		return nil
	}
	gap := gapOf(ctx, err)
	if reply != nil && reply.Code/100 == 4 && errors.Is(err, errRefused) {
		gap = fact.GapTemporary
	}
	d.mu.Lock()
	if reply != nil && (d.SMTP.Refusal == nil || reply.Code >= 400) {
		d.SMTP.Refusal = reply
	}
	d.mu.Unlock()
	return &tlsprobe.StartError{Gap: gap, Err: err}
}

// errRefused is a reply with another code than the one that leads on.
var errRefused = errors.New("the server wants no more of us")

// start goes from the greeting to STARTTLS. With an error comes the reply that ended it.
func (d *Dialogue) start(s *session) (*fact.Reply, error) {
	if reply, err := d.upTo(s); err != nil {
		return reply, err
	}
	if reply, err := expect(s, 220)(s.say("STARTTLS", nil)); err != nil {
		return reply, err
	}
	if len(s.in.rest) > 0 {
		s.cancel()
		return nil, fmt.Errorf("%w: plain text behind the answer to STARTTLS", errNoSMTP)
	}
	return nil, nil
}

// upTo goes from the greeting to where STARTTLS may be said.
func (d *Dialogue) upTo(s *session) (*fact.Reply, error) {
	if reply, err := expect(s, 220)(s.listen(d.patience.Greeting, nil)); err != nil {
		return reply, err
	}
	hello := "EHLO " + d.name
	if d.SMTP.HELO {
		hello = "HELO " + d.name
	}
	return expect(s, 250)(s.say(hello, nil))
}

// expect makes an error of a reply with another code, and ends the session.
func expect(s *session, code int) func(*fact.Reply, error) (*fact.Reply, error) {
	return func(r *fact.Reply, err error) (*fact.Reply, error) {
		if err == nil && r.Code != code {
			s.quit()
			err = fmt.Errorf("%w: %d %s", errRefused, r.Code, r.Enhanced)
		}
		return r, err
	}
}
