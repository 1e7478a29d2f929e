package smtpprobe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
)

// talk has the first dialogue with a server on a pipe, under a clock that stands still
// while anybody works.
func talk(t *testing.T, server func(c net.Conn)) (s *fact.SMTP, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer theirs.Close()
			server(theirs)
		}()
		d := NewDialogue("[192.0.2.1]", Patience{})
		begin := time.Now()
		d.First(t.Context(), ours)
		took, s = time.Since(begin), d.SMTP
		ours.Close()
		<-done
	})
	return s, took
}

// line reads a command.
func line(c net.Conn) string {
	var b []byte
	for one := make([]byte, 1); ; {
		if _, err := c.Read(one); err != nil {
			return ""
		}
		if b = append(b, one[0]); one[0] == '\n' {
			return strings.TrimSpace(string(b))
		}
	}
}

func drip(c net.Conn, s string, every time.Duration) {
	for i := range len(s) {
		if _, err := c.Write([]byte(s[i : i+1])); err != nil {
			return
		}
		time.Sleep(every)
	}
}

func TestServersThatTakeTheirTime(t *testing.T) {
	const hi = "220 mx.example.test ESMTP at your service\r\n"
	for name, x := range map[string]struct {
		server  func(net.Conn)
		state   fact.SMTPState
		gap     fact.Gap
		slow    bool
		atMost  time.Duration
		refusal bool
	}{
		"greets after a minute":     {func(c net.Conn) { time.Sleep(time.Minute); io.WriteString(c, hi) }, "", fact.GapTimeout, true, 31 * time.Second, false},
		"never greets":              {func(c net.Conn) { line(c) }, "", fact.GapTimeout, true, 31 * time.Second, false},
		"drips the greeting":        {func(c net.Conn) { drip(c, hi, time.Second) }, "", fact.GapTimeout, true, 31 * time.Second, true},
		"drips lines of a greeting": {func(c net.Conn) { drip(c, strings.Repeat("220-x\r\n", 1000), time.Second) }, "", fact.GapTimeout, true, 31 * time.Second, true},
		"greets after five seconds, drips EHLO": {func(c net.Conn) {
			time.Sleep(5 * time.Second)
			io.WriteString(c, hi)
			line(c)
			drip(c, strings.Repeat("250-SIZE\r\n", 100), time.Second)
		}, "", fact.GapTimeout, true, 21 * time.Second, true},
		"silent after EHLO": {func(c net.Conn) { io.WriteString(c, hi); line(c); line(c) }, "", fact.GapTimeout, false, 16 * time.Second, false},
		"silent after STARTTLS": {func(c net.Conn) {
			io.WriteString(c, hi)
			line(c)
			io.WriteString(c, "250-hi\r\n250 STARTTLS\r\n")
			line(c)
			line(c)
		}, fact.SMTPReady, fact.GapTimeout, false, 16 * time.Second, false},
		"does not answer QUIT": {func(c net.Conn) {
			io.WriteString(c, "554 no\r\n")
			line(c)
			line(c)
		}, fact.SMTPRefused, fact.GapBlocked, false, 2 * time.Second, true},
		"speaks after QUIT": {func(c net.Conn) {
			io.WriteString(c, "450 later\r\n")
			line(c)
			for {
				if _, err := io.WriteString(c, "221-wait there is more\r\n"); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}, fact.SMTPTemporary, fact.GapTemporary, false, 2 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, took := talk(t, x.server)
			if s.State != x.state || s.Gap != x.gap || s.Slow != x.slow || (s.Refusal != nil) != x.refusal {
				t.Errorf("%+v", s)
			}
			if took > x.atMost {
				t.Errorf("took %v", took)
			}
		})
	}
}

// The run may end while a server keeps us waiting.
func TestTheRunEndsAmidADialogue(t *testing.T) {
	for name, want := range map[string]fact.Gap{"stopped": fact.GapCancelled, "out of time": fact.GapBudget} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if want == fact.GapCancelled {
				time.AfterFunc(time.Second, cancel)
			}
			ours, theirs := net.Pipe()
			defer theirs.Close()
			stop := context.AfterFunc(ctx, func() { ours.Close() })
			defer stop()
			d := NewDialogue("[192.0.2.1]", Patience{})
			if d.First(ctx, ours) || d.SMTP.Gap != want || d.SMTP.State != "" {
				t.Errorf("%s: %+v", name, d.SMTP)
			}
		})
	}
}

func TestALaterConnectionThatDoesNotComeToTLS(t *testing.T) {
	for name, x := range map[string]struct {
		says []string
		gap  fact.Gap
		code int
	}{
		"put off":              {[]string{"421 too many\r\n"}, fact.GapTemporary, 421},
		"refused":              {[]string{"554 enough\r\n"}, fact.GapBlocked, 554},
		"put off after EHLO":   {[]string{"220 hi\r\n", "450 4.7.0 slow down\r\n"}, fact.GapTemporary, 450},
		"454":                  {[]string{"220 hi\r\n", "250-hi\r\n250 STARTTLS\r\n", "454 no\r\n"}, fact.GapTemporary, 454},
		"no more TLS":          {[]string{"220 hi\r\n", "250 hi\r\n", "502 what\r\n"}, fact.GapBlocked, 502},
		"plain text behind it": {[]string{"220 hi\r\n", "250 hi\r\n", "220 go\r\n250 I was not asked\r\n"}, fact.GapMalformed, 0},
		"no SMTP":              {[]string{"hello\r\n"}, fact.GapMalformed, 0},
		"end":                  {nil, fact.GapBlocked, 0},
		"silence":              {[]string{""}, fact.GapTimeout, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer ours.Close()
				go func() {
					defer theirs.Close()
					for _, s := range x.says {
						if _, err := io.WriteString(theirs, s); err != nil {
							return
						}
						line(theirs)
					}
					if len(x.says) > 0 {
						_, _ = io.Copy(io.Discard, theirs)
					}
				}()
				d := NewDialogue("[192.0.2.1]", Patience{})
				d.SMTP.State = fact.SMTPReady
				err := d.Start(t.Context(), ours)
				var start *tlsprobe.StartError
				if !errors.As(err, &start) || start.Gap != x.gap {
					t.Errorf("%v", err)
				}
				if code := 0; x.code != 0 {
					if d.SMTP.Refusal != nil {
						code = d.SMTP.Refusal.Code
					}
					if code != x.code {
						t.Errorf("kept %+v", d.SMTP.Refusal)
					}
				}
			})
		})
	}
}

func TestHowWeCallOurselves(t *testing.T) {
	us, six := netip.MustParseAddr("193.0.6.9"), netip.MustParseAddr("2001:67c:2e8::9")
	asked := 0
	c := &Caller{
		Names: func(_ context.Context, a netip.Addr) ([]string, error) {
			asked++
			switch a {
			case us:
				return []string{"bad_name.example.", "liar.example.", "Meter.Peil.Example."}, nil
			case six:
				return []string{"liar.example.", "a.example.", "b.example.", "c.example.", "meter.peil.example."}, nil
			}
			return nil, errors.New("no such name")
		},
		Addrs: func(_ context.Context, n string) ([]netip.Addr, error) {
			if n == "meter.peil.example" {
				return []netip.Addr{us, six}, nil
			}
			return []netip.Addr{netip.MustParseAddr("193.0.6.10")}, nil
		},
	}
	for range 2 {
		if n := c.Name(t.Context(), us); n != "meter.peil.example" {
			t.Error(n)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	for a, want := range map[netip.Addr]string{
		six:                                    "[IPv6:2001:67c:2e8::9]", // the fifth name is beyond the bound
		netip.MustParseAddr("193.0.6.10"):      "[193.0.6.10]",
		netip.MustParseAddr("::ffff:10.0.0.1"): "[10.0.0.1]",
		{}:                                     "[0.0.0.0]",
	} {
		if n := c.Name(t.Context(), a); n != want {
			t.Errorf("%s: %s", a, n)
		}
	}
	if n := (&Caller{Given: "meter.example"}).Name(t.Context(), us); n != "meter.example" {
		t.Error(n)
	}
	if n := (&Caller{}).Name(t.Context(), us); n != "[193.0.6.9]" {
		t.Error(n)
	}
	for n, want := range map[string]bool{"a.b": true, "localhost": false, "a..b": false, "-a.b": false, "a-.b": false, "a_b.c": false, "": false, strings.Repeat("a", 64) + ".b": false} {
		if hostname(n) != want {
			t.Errorf("%q", n)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	d := &Caller{Names: func(context.Context, netip.Addr) ([]string, error) { return nil, context.Canceled }, Addrs: c.Addrs}
	_ = d.Name(ended, us)
	d.Names = c.Names
	if n := d.Name(t.Context(), us); n != "meter.peil.example" {
		t.Errorf("after a look-up that was cut off: %s", n)
	}
}

// FuzzDialogue plays recorded bytes of a server, whatever we say.
func FuzzDialogue(f *testing.F) {
	for _, s := range []string{
		"220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n", "220 mx\r\n502 what\r\n250 mx\r\n220 go\r\n", "220 mx\r\n250 mx\r\n502 no\r\n221 bye\r\n", "450 later\r\n221 bye\r\n",
		"220 mx\r\n250-mx\r\n250-XXXXXXXA\r\n250 SIZE\r\n500 XXXXXXXX\r\n", "220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n", "SSH-2.0\r\n", "220-a\r\n", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c := &played{in: in}
		d := NewDialogue("[192.0.2.1]", Patience{})
		ready := d.First(t.Context(), c)
		s := d.SMTP
		switch {
		case ready && (s.State != fact.SMTPReady || !s.Offered.Yes() || s.STARTTLS.Code != 220 || s.Gap != "" || s.Surplus != ""):
			t.Errorf("ready with %+v", s)
		case !ready && !c.closed:
			t.Error("left open")
		case !ready && s.Offered.Missing() && s.Offered.Gap == "":
			t.Errorf("no reason: %+v", s)
		case s.State == "" && s.Gap == "":
			t.Errorf("neither state nor reason: %+v", s)
		case s.Offered.No() && s.EHLO == nil:
			t.Errorf("declined without an answer: %+v", s)
		}
		for said := range strings.Lines(string(c.said)) {
			verb, _, _ := strings.Cut(strings.TrimRight(said, "\r\n"), " ")
			if verb != "EHLO" && verb != "HELO" && verb != "STARTTLS" && verb != "QUIT" && !strings.HasPrefix(said, "\x15\x03") {
				t.Errorf("said %q", said)
			}
		}
		again := &played{in: in}
		if err := d.Start(t.Context(), again); err == nil && again.closed {
			t.Error("started on a closed connection")
		}
	})
}

// played is a connection on which a server says what was recorded, and then ends it. Of
// each reading it gives what is there.
type played struct {
	net.Conn
	in, said []byte
	closed   bool
}

func (p *played) Read(b []byte) (int, error) {
	if len(p.in) == 0 {
		return 0, io.EOF
	}
	// A server does not speak before it is asked: a line at a time, unless there is no end.
	n := len(p.in)
	if i := strings.IndexByte(string(p.in), '\n'); i >= 0 {
		n = i + 1
	}
	n = copy(b, p.in[:n])
	p.in = p.in[n:]
	return n, nil
}

func (p *played) Write(b []byte) (int, error) {
	if p.closed {
		return 0, fmt.Errorf("write: %w", net.ErrClosed)
	}
	p.said = append(p.said, b...)
	return len(b), nil
}
func (p *played) Close() error                { p.closed = true; return nil }
func (p *played) SetDeadline(time.Time) error { return nil }
