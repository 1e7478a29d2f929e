package tlslab

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// Identity is whose part a server plays on a connection.
type Identity struct {
	// Name is the site's name, which goes into certificates that name none.
	Name string
	// Profile is shared between sites; nil is the perfect server.
	Profile *Profile
}

// Server plays TLS servers. It keeps nothing per site.
type Server struct {
	authority *pki.Authority
	// lookup finds the part to play by local address and server name, which is "" when
	// the client names none. ok false means that nobody is known by that name there.
	lookup func(local netip.AddrPort, name string) (id Identity, ok bool)
	idle   time.Duration // for each read and write

	firewalls *Firewalls
	tickets   ticketKey
	agreed    agreed
}

var perfect = &Profile{}

// NewServer returns a server that finds its parts by lookup and its certificates at
// the authority.
func NewServer(a *pki.Authority, lookup func(local netip.AddrPort, name string) (Identity, bool)) (*Server, error) {
	s := &Server{authority: a, lookup: lookup, idle: 30 * time.Second, firewalls: NewFirewalls()}
	return s, s.tickets.init()
}

// Firewalls are the counters of connections, for those who share them over ports.
func (s *Server) Firewalls() *Firewalls { return s.firewalls }

// Handshake serves one accepted connection as far as TLS goes. It returns the
// connection for the protocol above, or an error after which the connection is
// closed: ErrGone when the client had learnt enough or was to be sent away.
func (s *Server) Handshake(ctx context.Context, raw net.Conn) (*Conn, error) {
	c := &Conn{raw: idleConn{raw, s.idle}, done: ctx.Done(), s: s, recordVersion: fact.TLS10, p: perfect}
	buf := scratches.Get().(*scratch)
	buf.br.Reset(c.raw)
	c.br, c.wbuf, c.transcript = buf.br, buf.wbuf[:0], buf.transcript[:0]
	stop := context.AfterFunc(ctx, func() { ResetConn(raw) })
	defer stop()
	err := c.handshake()
	if err == nil {
		return c, nil
	}
	defer func() {
		// Nobody has anything of the connection any more: most end here.
		buf.br.Reset(nil)
		buf.wbuf, buf.transcript = c.wbuf, c.transcript
		scratches.Put(buf)
	}()
	var no refusal
	if errors.As(err, &no) {
		c.react(c.p.Decline, byte(no))
		return nil, fmt.Errorf("%w: alert %d", ErrGone, byte(no))
	}
	_ = raw.Close() // the client is gone
	return nil, fmt.Errorf("%w: %w", ErrGone, err)
}

// scratch is the memory that a handshake works in.
type scratch struct {
	br               *bufio.Reader
	wbuf, transcript []byte
}

var scratches = sync.Pool{New: func() any {
	return &scratch{bufio.NewReaderSize(nil, 2560), make([]byte, 0, 3072), make([]byte, 0, 3072)}
}}

// idleConn gives each read and write its own deadline.
type idleConn struct {
	net.Conn
	idle time.Duration
}

// NetConn is the connection below.
func (c idleConn) NetConn() net.Conn { return c.Conn }

func (c idleConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c idleConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// ResetConn closes a connection with RST, also one that is wrapped with a NetConn
// method, as by crypto/tls.
func ResetConn(c net.Conn) {
	for range 4 {
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = w.NetConn()
	}
	if t, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0) // a connection that is not TCP just closes
	}
	_ = c.Close() // already gone is as good
}

// react says no in the way asked for, and ends the connection.
func (c *Conn) react(r Reaction, alert byte) {
	switch r {
	case Reset:
		ResetConn(c.raw)
		return
	case Silence:
		c.hold()
	case Close:
	default:
		c.alert(2, alert)
	}
	_ = c.raw.Close() // the client is gone
}

// patience is how long a silent server stays silent: longer than any client waits.
const patience = 5 * time.Minute

// hold reads what comes and says nothing, until the client leaves or time is up.
func (c *Conn) hold() {
	below := c.raw
	if i, ok := below.(idleConn); ok {
		below = i.Conn
	}
	if below.SetReadDeadline(time.Now().Add(patience)) != nil {
		return
	}
	buf := make([]byte, 512)
	for range 1 << 16 {
		if _, err := below.Read(buf); err != nil {
			return
		}
	}
}

func local(c net.Conn) netip.AddrPort {
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

func remote(c net.Conn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// play looks up whose part it is.
func (c *Conn) play(name string) bool {
	id, ok := c.s.lookup(local(c.raw), name)
	if id.Profile == nil {
		id.Profile = perfect
	}
	c.id, c.p = id, id.Profile
	return ok
}

func (c *Conn) handshake() error {
	head, err := c.br.Peek(3)
	if err != nil {
		return err
	}
	if head[0]&0x80 != 0 && head[2] == 1 {
		return c.handshakeSSL2()
	}
	if head[0] != typeHandshake || head[1] != 3 {
		c.play("")
		if done := c.tormented(); done {
			return ErrGone
		}
		return refusal(alertUnexpectedMessage)
	}
	m, err := c.readMessage()
	if err != nil {
		return err
	}
	h, err := parseHello(m)
	if err != nil {
		return refusal(alertDecodeError)
	}
	if h.version == fact.SSL30 {
		c.recordVersion = fact.SSL30
	}
	return c.answer(h)
}

// answer answers the first hello of a connection.
func (c *Conn) answer(h *hello) error {
	c.hello = h
	known := c.play(h.serverName)
	if c.p.Firewall.After > 0 && !c.s.firewalls.Admit(c.p.Firewall, local(c.raw).Addr(), remote(c.raw)) {
		c.react(c.p.Firewall.reaction(), alertInternalError)
		return ErrGone
	}
	if !known {
		return refusal(alertUnrecognizedName)
	}
	if c.tormented() {
		return ErrGone
	}
	for _, i := range c.p.Intolerance {
		if h.shows(i.To) {
			c.react(i.By, alertHandshakeFailure)
			return ErrGone
		}
	}
	name := c.id.Name
	if h.serverName == "" {
		if c.p.NoSNI != Serve {
			c.react(c.p.NoSNI, alertUnrecognizedName)
			return ErrGone
		}
		if c.p.DefaultName != "" {
			name = c.p.DefaultName
		}
	}
	leaves, err := c.leaves(name)
	if err != nil {
		return err
	}
	c.ch, err = (&chooser{c.p, h, leaves}).choose()
	if err != nil {
		return err
	}
	c.transcript = append(c.transcript[:0], h.raw...)
	if c.ch.version == fact.TLS13 {
		return c.handshake13(leaves)
	}
	return c.handshake12()
}

// leaves are the certificates of the profile for a name.
func (c *Conn) leaves(name string) ([]*pki.Leaf, error) {
	specs := c.p.Certs
	if specs == nil {
		specs = []pki.Spec{{}}
	}
	list := make([]*pki.Leaf, 0, len(specs))
	for _, spec := range specs {
		if spec.Name == "" {
			spec.Name = name
		}
		l, err := c.s.authority.Leaf(spec)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// shows says whether a hello has a trait.
func (h *hello) shows(t Trait) bool {
	switch t {
	case HasTLS13:
		for _, v := range h.versions {
			if v == fact.TLS13 {
				return true
			}
		}
		return false
	case HasExtensions:
		return h.extensions
	case HasUnknown:
		return h.unknown
	case Longer255:
		return len(h.raw) > 4+255
	case Longer511:
		return len(h.raw) > 4+511
	case ManySuites:
		return len(h.suites) > 64
	case ManySuites128:
		return len(h.suites) > 128
	case LacksSNI:
		return h.serverName == ""
	case HasKeyShareMLKEM:
		for _, k := range h.shares {
			if _, ok := hybrids[k.group]; ok {
				return true
			}
		}
	}
	return false
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return b
}
