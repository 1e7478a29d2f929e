package smtpprobe

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/sys/unix"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/reach"
	"peil/internal/probe/tlsprobe"
)

const mxName = "mx.example.test"

var (
	mxAddr    = netip.MustParseAddr("193.0.6.1")
	otherAddr = netip.MustParseAddr("193.0.7.1")
)

// pki is the authority of the tests.
var pki = sync.OnceValue(func() (x struct {
	cert  tls.Certificate
	roots *tlsprobe.Roots
},
) {
	caKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		panic(err)
	}
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: mxName}, DNSNames: []string{mxName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, key.Public(), caKey)
	if err != nil {
		panic(err)
	}
	x.cert = tls.Certificate{Certificate: [][]byte{der, caDER}, PrivateKey: key}
	if x.roots, err = tlsprobe.RootsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), "test"); err != nil {
		panic(err)
	}
	return x
})

func goodTLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pki().cert}, MinVersion: tls.VersionTLS12}
}

// listen serves connections on loopback until the test ends, and waits for them to end.
func listen(t testing.TB, f func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				f(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return netip.MustParseAddrPort(l.Addr().String())
}

// setting is a prober in a world of one mail server, which plays at mxAddr.
type setting struct {
	mandate  *egress.Mandate
	patience Patience
	plan     tlsprobe.Plan
	slow     *tlsprobe.Plan
	names    *Caller
	alone    bool          // no other mail server answered in the run
	timeout  time.Duration // of an answer to a hello; 0: 2 s
}

func (s setting) prober(t testing.TB, real netip.AddrPort) *Prober {
	t.Helper()
	m, err := egress.ParseMap(strings.NewReader(fmt.Sprintf("tcp %s:25 %s\n", mxAddr, real)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := egress.New(egress.Config{Map: m, Mandate: s.mandate, Limits: egress.Limits{
		TCPBurst: 1 << 20, TCPRate: 1 << 20, Backoff: time.Millisecond, BackoffMax: time.Millisecond,
	}})
	if err != nil {
		t.Fatal(err)
	}
	tp, err := tlsprobe.New(tlsprobe.Config{Roots: pki().roots, Spread: 2 * time.Millisecond, Timeout: cmp.Or(s.timeout, 2*time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	table := &reach.Table{Spread: 2 * time.Millisecond}
	if !s.alone {
		table.Answered(reach.Port{Net: "tcp", Addr: netip.AddrPortFrom(otherAddr, Port)})
	}
	c := Config{
		Egress: e, Reach: table, TLS: tp, Plan: s.plan, Slow: s.slow, Injection: true, Names: s.names,
		Patience: s.patience,
	}
	for _, d := range []*time.Duration{&c.Patience.Greeting, &c.Patience.Answer, &c.Patience.Leave} {
		if *d == 0 {
			*d = 2 * time.Second
		}
	}
	if c.Patience.Pause == 0 {
		c.Patience.Pause = time.Millisecond
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// probe measures a server with the plan that asks for everything.
func probe(t testing.TB, real netip.AddrPort, s setting) (fact.MailHost, []fact.Chain) {
	t.Helper()
	if s.plan.Ask == 0 && s.plan.Versions == nil {
		s.plan = tlsprobe.Full()
	}
	h, chains := s.prober(t, real).Probe(t.Context(), Target{Name: mxName, Addr: mxAddr})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("reach %+v\nSMTP %+v\ncost %+v", h.Port25, h.SMTP, h.Cost)
			if h.TLS != nil {
				t.Logf("working %+v, %d connections", h.TLS.Working, h.TLS.Connections)
				for _, l := range h.TLS.Log {
					t.Logf("%s: %s", l.Question, l.Answer)
				}
			}
		}
	})
	return h, chains
}

// fake is a mail server that says what it is told to, and notes what it hears.
type fake struct {
	greeting string // lines with their ends; "" for "220 …"
	ehlo     string // "" for a good answer with STARTTLS
	helo     string // "" for "250 …"
	starttls string // "" for "220 …"
	quit     string // "" for "221 …"
	cfg      *tls.Config
	late     func(n int) string // greeting of connection n, counted from 1; "" for the usual one
	obeys    bool               // keeps what came in plain text behind STARTTLS
	behind   func(c net.Conn)   // what it does after its answer to STARTTLS, in place of TLS
	chatty   bool               // answers in plain text what comes in plain text
	strict   bool               // turns STARTTLS away when something comes along with it
	dawdle   bool               // takes its time to leave after a handshake that failed

	mu    sync.Mutex
	heard []string // commands of all connections; "TLS:…" those after a handshake; "alert n"
	conns int
	open  map[net.Conn]bool
	most  int // connections that the client had open at a time
	busy  int // connections that the server had to do with at a time
}

// established reports whether a connection still stands, as the kernel sees it: the client
// has closed it before the server takes notice.
func established(c net.Conn) bool {
	const tcpEstablished = 1
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return false
	}
	state := uint8(0)
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			state = info.State
		}
	})
	return state == tcpEstablished
}

func (f *fake) note(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = append(f.heard, s)
}

func (f *fake) count(command string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.heard {
		if strings.HasPrefix(h, command) {
			n++
		}
	}
	return n
}

func (f *fake) connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conns
}

// listen starts the server. When the test ends it sees to it that nothing was said that
// a probe never says.
func (f *fake) listen(t testing.TB) netip.AddrPort {
	t.Helper()
	if f.cfg == nil {
		f.cfg = goodTLS()
	}
	a := listen(t, f.serve)
	t.Cleanup(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, h := range f.heard {
			verb, _, _ := strings.Cut(strings.TrimPrefix(h, "TLS:"), " ")
			switch verb {
			case "EHLO", "HELO", "STARTTLS", "QUIT", "NOOP", "alert":
			default:
				t.Errorf("the probe said %q", h)
			}
		}
		if f.most > 1 {
			t.Errorf("%d connections at a time", f.most)
		}
	})
	return a
}

func or(s, usual string) string {
	if s == "" {
		return usual
	}
	return s
}

func (f *fake) serve(c net.Conn) {
	f.mu.Lock()
	f.conns++
	n := f.conns
	stand := 1
	for other := range f.open {
		if established(other) {
			stand++
		}
	}
	f.most, f.busy = max(f.most, stand), max(f.busy, len(f.open)+1)
	if f.open == nil {
		f.open = map[net.Conn]bool{}
	}
	f.open[c] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.open, c)
		f.mu.Unlock()
	}()
	greeting := f.greeting
	if f.late != nil {
		greeting = or(f.late(n), greeting)
	}
	in := bufio.NewReader(c)
	io.WriteString(c, or(greeting, "220 mx.example.test ESMTP\r\n"))
	f.commands(c, in, "")
}

func (f *fake) commands(c net.Conn, in *bufio.Reader, prefix string) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\r\n")
		f.note(prefix + line)
		verb, _, _ := strings.Cut(line, " ")
		switch verb {
		case "EHLO":
			io.WriteString(c, or(f.ehlo, "250-mx.example.test at your service\r\n250-SIZE 10240000\r\n250-PIPELINING\r\n250-AUTH=LOGIN PLAIN\r\n250-STARTTLS\r\n250 8BITMIME\r\n"))
		case "HELO":
			io.WriteString(c, or(f.helo, "250 mx.example.test\r\n"))
		case "NOOP":
			io.WriteString(c, "250 2.0.0 OK\r\n")
		case "QUIT":
			io.WriteString(c, or(f.quit, "221 2.0.0 Bye\r\n"))
			return
		case "STARTTLS":
			answer := or(f.starttls, "220 2.0.0 Ready to start TLS\r\n")
			if in.Buffered() > 0 {
				switch {
				case f.strict:
					answer = "554 5.5.0 synchronization error\r\n"
				case f.chatty:
					answer += "250 2.0.0 OK\r\n"
				}
			}
			io.WriteString(c, answer)
			if !strings.HasPrefix(answer, "220") {
				continue
			}
			if f.behind != nil {
				f.behind(c)
				return
			}
			f.startTLS(c, in)
			return
		default:
			io.WriteString(c, "502 5.5.2 what is that\r\n")
		}
	}
}

// startTLS begins TLS. What was already read of plain text is thrown away, or kept by a
// server that obeys it.
func (f *fake) startTLS(c net.Conn, in *bufio.Reader) {
	var left []byte
	if n := in.Buffered(); n > 0 {
		left, _ = in.Peek(n)
	}
	if len(left) > 0 && left[0] == 22 {
		f.note("TLS before its time")
		return
	}
	watch := &watched{Conn: c}
	s := tls.Server(watch, f.cfg)
	if err := s.Handshake(); err != nil {
		if f.dawdle {
			<-time.After(20 * time.Millisecond)
		}
		if strings.Contains(err.Error(), "user canceled") {
			f.note("alert user_canceled")
		} else if watch.alert() {
			f.note("alert")
		}
		return
	}
	from := io.Reader(s)
	if f.obeys {
		from = io.MultiReader(strings.NewReader(string(left)), s)
	}
	f.commands(s, bufio.NewReader(from), "TLS:")
}

// watched sees whether a client ended with the alerts of a handshake that was cut short.
type watched struct {
	net.Conn
	last []byte
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.last = append(w.last, p[:n]...)
	w.last = w.last[max(0, len(w.last)-64):]
	return n, err
}

func (w *watched) alert() bool {
	return bytes.Contains(w.last, []byte{0, 2, 1, 90}) && bytes.Contains(w.last, []byte{0, 2, 1, 0})
}

// goSMTP is a mail server of somebody else's making.
func goSMTP(t testing.TB, cfg *tls.Config) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(backend{t})
	s.Domain, s.TLSConfig, s.ErrorLog = mxName, cfg, log.New(io.Discard, "", 0)
	s.ReadTimeout, s.WriteTimeout = 10*time.Second, 10*time.Second
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() { s.Close(); done.Wait() })
	return netip.MustParseAddrPort(l.Addr().String())
}

// backend takes no mail.
type backend struct{ t testing.TB }

func (b backend) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession(b), nil }

type mailSession struct{ t testing.TB }

func (s mailSession) Mail(string, *smtp.MailOptions) error { s.t.Error("MAIL FROM"); return nil }
func (s mailSession) Rcpt(string, *smtp.RcptOptions) error { s.t.Error("RCPT TO"); return nil }
func (s mailSession) Data(io.Reader) error                 { s.t.Error("DATA"); return nil }
func (s mailSession) Reset()                               {}
func (s mailSession) Logout() error                        { return nil }

type netConn = net.Conn

func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// opensslServer is openssl s_server, which prints what it hears.
type opensslServer struct {
	addr netip.AddrPort
	mu   sync.Mutex
	out  []byte
}

func (o *opensslServer) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.out = append(o.out, p...)
	return len(p), nil
}

// output is what it printed until it heard the last of us: it is asked to end.
func (o *opensslServer) output() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.out)
}

func openssl(t testing.TB) *opensslServer {
	t.Helper()
	dir := t.TempDir()
	var chain []byte
	for _, der := range pki().cert.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pki().cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, b := range map[string][]byte{certFile: chain, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &opensslServer{addr: netip.MustParseAddrPort(l.Addr().String())}
	l.Close()
	cmd := exec.Command("openssl", "s_server", "-accept", o.addr.String(), "-cert", certFile, "-key", keyFile, "-cert_chain", certFile,
		"-no_tls1_1", "-no_tls1", "-serverpref", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256")
	cmd.Stdout, cmd.Stderr = o, o
	in, err := cmd.StdinPipe() // or it ends at once
	if err == nil {
		err = cmd.Start()
	}
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("openssl is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 1000 {
		if c, err := net.DialTimeout("tcp", o.addr.String(), time.Second); err == nil {
			c.Close()
			return o
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatal("openssl does not come up")
	return nil
}
