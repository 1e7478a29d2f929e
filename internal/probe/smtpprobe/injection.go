package smtpprobe

import (
	"context"
	"errors"
	"fmt"
	"net"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
)

// injection asks whether a command that was sent in plain text right behind STARTTLS is
// obeyed after the handshake (CVE-2011-0411): then somebody on the way can put commands
// into a session that is thought to be protected. The command is one NOOP, which does
// nothing. After the handshake comes QUIT: a server that answers twice has obeyed it.
func (v *visit) injection(ctx context.Context, h *fact.MailHost) {
	out := &h.SMTP.Injection
	intrusive := v.subject.As(egress.Intrusive)
	switch err := intrusive.Check("tcp", v.addr); {
	case !v.c.Injection:
		out.Gap = fact.GapNotAsked
		return
	case errors.Is(err, egress.ErrNoMandate):
		out.Gap = fact.GapMandate
		return
	case h.TLS == nil || !h.TLS.Working.Yes():
		if out.Gap = fact.GapNotAsked; h.TLS != nil && h.TLS.Working.Gap != "" {
			out.Gap = h.TLS.Working.Gap
		}
		return
	}
	var noticed bool
	visitor := &tlsprobe.Visitor{
		Name: v.target.Name, Now: v.c.Now, Timeout: v.c.Patience.Answer,
		Ours: func(err error) bool { return egress.Gap(err) != "" },
		Dial: func(ctx context.Context) (net.Conn, error) {
			c, err := intrusive.DialTCP(ctx, v.addr)
			if err != nil {
				return nil, err
			}
			stop := c.CloseWith(ctx)
			defer stop()
			if noticed, err = v.talk.inject(c); err != nil {
				_ = c.Close()
				return nil, err
			}
			return c, nil
		},
	}
	session, err := visitor.Handshake(ctx)
	switch {
	case noticed:
		*out = fact.Observed{Answer: fact.Declined}
		return
	case tlsprobe.IsAlert(err):
		out.Gap = fact.GapUnsupported // hellos were accepted; our client could not
		return
	case err != nil:
		out.Gap = gapOf(ctx, err)
		return
	}
	defer session.Close()
	s := newSession(session, v.c.Patience)
	reply, err := s.say("QUIT", nil)
	switch {
	case err != nil:
		out.Gap = gapOf(ctx, err)
	case reply.Code == 221:
		*out = fact.Observed{Answer: fact.Declined}
	default:
		if second, err := s.in.reply(nil); err == nil && second.Code == 221 {
			*out = fact.Observed{Answer: fact.Accepted}
		} else {
			out.Gap = fact.GapMalformed
		}
	}
}

// inject takes a connection to STARTTLS and sends NOOP along with it. noticed says that
// the server turned STARTTLS away for that.
func (d *Dialogue) inject(conn net.Conn) (noticed bool, err error) {
	s := newSession(conn, d.patience)
	if _, err := d.upTo(s); err != nil {
		return false, err
	}
	reply, err := s.say("STARTTLS\r\nNOOP", nil)
	switch {
	case err != nil:
		return false, err
	case reply.Code/100 == 5:
		s.quit()
		return true, fmt.Errorf("%w: %d %s", errRefused, reply.Code, reply.Enhanced)
	case reply.Code != 220:
		s.quit()
		return false, fmt.Errorf("%w: %d %s", errRefused, reply.Code, reply.Enhanced)
	case len(s.in.rest) > 0:
		s.cancel() // it answered in plain text what came in plain text
		return true, errNoSMTP
	}
	return false, nil
}
