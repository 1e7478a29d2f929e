package maillab

import (
	"bufio"
	"context"
	gotls "crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
)

const name = "mx1.test"

// play runs a mail server on loopback and returns where.
func play(t *testing.T, p *Profile, tp *tlslab.Profile) (*Server, *pki.Authority, string) {
	t.Helper()
	a, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	tls, err := tlslab.NewServer(a, func(netip.AddrPort, string) (tlslab.Identity, bool) {
		return tlslab.Identity{Name: name, Profile: tp}, true
	})
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(tls, func(netip.AddrPort) (Identity, bool) { return Identity{name, p}, true })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.Serve(ctx, c)
		}
	}()
	return s, a, l.Addr().String()
}

type client struct {
	t *testing.T
	net.Conn
	br *bufio.Reader
}

func dial(t *testing.T, at string) *client {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return &client{t, c, bufio.NewReader(c)}
}

// reply reads a reply, its lines divided by |.
func (c *client) reply() string {
	c.t.Helper()
	var lines []string
	for range 20_000 {
		l, err := c.br.ReadString('\n')
		if err != nil {
			lines = append(lines, l+"<"+map[bool]string{true: "end", false: "gone"}[err == io.EOF]+">")
			break
		}
		l = strings.TrimRight(l, "\r\n")
		if lines = append(lines, l); len(l) < 4 || l[3] != '-' {
			break
		}
	}
	return strings.Join(lines, "|")
}

func (c *client) ask(command string) string {
	c.t.Helper()
	if _, err := io.WriteString(c, command+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
	return c.reply()
}

func (c *client) want(got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("reply %q, want %q", got, want)
	}
}

func (c *client) startTLS(a *pki.Authority) *client {
	c.t.Helper()
	s := gotls.Client(c.Conn, &gotls.Config{ServerName: name, RootCAs: a.Pool()})
	if err := s.Handshake(); err != nil {
		c.t.Fatalf("handshake: %v", err)
	}
	return &client{c.t, s, bufio.NewReader(s)}
}

const (
	before = "250-mx1.test|250-PIPELINING|250-SIZE 52428800|"
	after  = "250-8BITMIME|250-ENHANCEDSTATUSCODES|250 SMTPUTF8"
)

func TestThePerfectServerSpeaksTLSAndTakesNoMail(t *testing.T) {
	s, a, at := play(t, nil, nil)
	c := dial(t, at)
	c.want(c.reply(), "220 mx1.test ESMTP")
	c.want(c.ask("EHLO me.test"), before+"250-STARTTLS|"+after)
	c.want(c.ask("STARTTLS\r\nNOOP"), "220 2.0.0 Ready to start TLS") // the NOOP is forgotten
	c = c.startTLS(a)
	c.want(c.ask("ehlo me.test"), before+after)
	c.want(c.ask("STARTTLS"), "503 5.5.1 TLS already active")
	c.want(c.ask("MAIL FROM:<a@b.test>"), "550 5.7.1 Nobody sends mail here")
	c.want(c.ask("RCPT TO:<a@b.test>"), "550 5.7.1 Nobody sends mail here")
	c.want(c.ask("BREW"), "500 5.5.2 Command not recognized")
	c.want(c.ask("QUIT"), "221 2.0.0 mx1.test Bye")
	c.want(c.reply(), "<end>")
	for verb, n := range map[string]int{"EHLO": 2, "STARTTLS": 2, "MAIL": 1, "RCPT": 1, "other": 1, "QUIT": 1, "NOOP": 0} {
		if got := s.Commands()[verb]; got != n {
			t.Errorf("%d times %s, want %d", got, verb, n)
		}
	}
}

// What was said in plain text behind STARTTLS must not count (RFC 3207 section 4.2).
func TestOnlyTheVulnerableServerAnswersWhatWasBuffered(t *testing.T) {
	_, a, at := play(t, &Profile{STARTTLS: BufferedTLS}, nil)
	c := dial(t, at)
	c.reply()
	c.ask("EHLO me.test")
	c.want(c.ask("STARTTLS\r\nNOOP"), "220 2.0.0 Ready to start TLS")
	c = c.startTLS(a)
	c.want(c.reply(), "250 2.0.0 Ok")
}

func TestWaysOfNotStartingTLS(t *testing.T) {
	for _, x := range []struct {
		how         STARTTLS
		offer, said string
	}{
		{NoTLS, "", "500 5.5.1 Command not recognized"},
		{HiddenTLS, "", "220 2.0.0 Ready to start TLS"},
		{StrippedTLS, "250-XXXXXXXA|", "500 5.5.1 Command not recognized"},
		{TemporaryTLS, "250-STARTTLS|", "454 4.7.0 TLS not available due to temporary reason"},
		{RefusedTLS, "250-STARTTLS|", "554 5.7.3 Unable to initialize security subsystem"},
		{UnknownTLS, "250-STARTTLS|", "500 5.5.1 Command not recognized"},
		{LowerCaseTLS, "250-starttls|", "220 2.0.0 Ready to start TLS"},
		{ParameterTLS, "250-STARTTLS now|", "220 2.0.0 Ready to start TLS"},
		{OfferedTwice, "250-STARTTLS|250-STARTTLS|", "220 2.0.0 Ready to start TLS"},
		{NoSpaceTLS, "250-XSTARTTLS|", "500 5.5.1 Command not recognized"},
		{NoneAfterHELO, "", "530 5.7.0 Must issue EHLO again"},
		{ClosesOnCommand, "250-STARTTLS|", "<end>"},
		{ResetsOnCommand, "250-STARTTLS|", "<gone>"},
		{MultilineReadyS, "250-STARTTLS|", "220-2.0.0 Ready|220 2.0.0 to start TLS"},
		{OtherCodeTLS, "250-STARTTLS|", "250 2.0.0 Ready to start TLS"},
		{ClosedAfterTLS, "250-STARTTLS|", "220 2.0.0 Ready to start TLS"},
	} {
		_, _, at := play(t, &Profile{STARTTLS: x.how}, nil)
		c := dial(t, at)
		c.reply()
		c.want(c.ask("EHLO me.test"), before+x.offer+after)
		c.want(c.ask("STARTTLS"), x.said)
	}
	_, _, at := play(t, &Profile{Torment: ResetsAtOnce}, nil)
	if c, err := net.Dial("tcp", at); err == nil { // else the RST was faster
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("resets at once: %v", err)
		}
	}
	_, _, at = play(t, &Profile{Torment: SpeaksSSH}, nil)
	if l, err := dial(t, at).br.ReadString('\n'); l != "SSH-2.0-OpenSSH_9.6\r\n" {
		t.Errorf("%q, %v", l, err)
	}
	_, _, at = play(t, &Profile{STARTTLS: InjectsTLS}, nil)
	c := dial(t, at)
	c.reply()
	c.want(c.ask("STARTTLS"), "220 2.0.0 Ready to start TLS")
	c.want(c.reply(), "250 2.0.0 Ok") // still in plain text
}

func TestTormentsThatEnd(t *testing.T) {
	for _, x := range []struct {
		how            Torment
		greeting, ehlo string
	}{
		{ClosesAtOnce, "<end>", ""},
		{CutLine, "220 mx1.test ES<end>", ""},
		{CodeMismatch, "220-mx1.test ESMTP|554 5.7.1 no, or yes", ""},
		{NoCode, "mx1.test ESMTP", before + "250-STARTTLS|" + after},
		{OddCode, "999 mx1.test ESMTP", before + "250-STARTTLS|" + after},
		{NulBytes, "220 mx1.test \x00ESMTP\x00", "250-mx1.test|250-\x00STARTTLS|250 SIZE\x00"},
		{ClosesAtEHLO, "220 mx1.test ESMTP", "<end>"},
		{ResetsAtEHLO, "220 mx1.test ESMTP", "<gone>"},
		{ClosesInEHLO, "220 mx1.test ESMTP", "250-mx1.test|250-STARTTLS|250-SI<end>"},
		{ManyLines, "220 mx1.test ESMTP", strings.Repeat("250-X-NOTHING|", 9999) + "250 STARTTLS"},
		{Eager, "220 mx1.test ESMTP", "250-mx1.test|250 STARTTLS"},
	} {
		_, _, at := play(t, &Profile{Torment: x.how}, nil)
		c := dial(t, at)
		c.want(c.reply(), x.greeting)
		if x.ehlo != "" {
			c.want(c.ask("EHLO me.test"), x.ehlo)
		}
	}
}

func TestAFloodEndsWithTheClient(t *testing.T) {
	for _, how := range []Torment{Flood, EndlessLine, EndlessEHLO} {
		_, _, at := play(t, &Profile{Torment: how}, nil)
		c := dial(t, at)
		if how == EndlessEHLO {
			c.reply()
			_, _ = io.WriteString(c, "EHLO me.test\r\n")
		}
		if n, err := io.CopyN(io.Discard, c.br, 4<<20); err != nil {
			t.Errorf("%s: %d bytes, %v", how, n, err)
		}
	}
}

func TestTooManyConnectionsAre421(t *testing.T) {
	_, _, at := play(t, &Profile{Firewall: tlslab.Firewall{After: 2}}, nil)
	for i := range 4 {
		want := "220 mx1.test ESMTP"
		if i >= 2 {
			want = "421 4.7.0 mx1.test Too many connections from you"
		}
		c := dial(t, at)
		c.want(c.reply(), want)
	}
}

func TestHELOAloneAndOwnWords(t *testing.T) {
	_, _, at := play(t, &Profile{HELOOnly: true, Greeting: "220-{name}\n220 hello", BareLF: true}, nil)
	c := dial(t, at)
	c.want(c.reply(), "220-mx1.test|220 hello")
	c.want(c.ask("EHLO me.test"), "502 5.5.1 Command not implemented")
	c.want(c.ask("HELO me.test"), "250 mx1.test")
	c.want(c.ask("STARTTLS"), "500 5.5.1 Command not recognized")
}

func TestTheServerEndsWithTheLab(t *testing.T) {
	a, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	tls, err := tlslab.NewServer(a, func(netip.AddrPort, string) (tlslab.Identity, bool) { return tlslab.Identity{}, false })
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Profile{{GreetAfter: time.Hour}, {Torment: NeverGreets}, {Torment: Drip}} {
		s := NewServer(tls, func(netip.AddrPort) (Identity, bool) { return Identity{name, p}, true })
		ours, theirs := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Serve(ctx, theirs); close(done) }()
		cancel()
		<-done
		_ = ours.Close()
	}
}
