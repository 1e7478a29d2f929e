package maillab

import (
	"bufio"
	"context"
	"maps"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"peil/internal/lab/tlslab"
)

// Identity is whose part a server plays.
type Identity struct {
	Name    string // the mail server's own name
	Profile *Profile
}

// Server plays mail servers. It keeps nothing per server but counts.
type Server struct {
	tls *tlslab.Server
	// lookup finds the part to play by local address.
	lookup    func(local netip.AddrPort) (Identity, bool)
	firewalls *tlslab.Firewalls

	mu       sync.Mutex
	commands map[string]int // guarded by mu, bounded by verbs
}

// verbs are the commands that are counted by name; all others together.
var verbs = map[string]bool{
	"EHLO": true, "HELO": true, "STARTTLS": true, "NOOP": true, "QUIT": true, "RSET": true, "MAIL": true, "RCPT": true,
	"DATA": true, "BDAT": true, "VRFY": true, "EXPN": true, "HELP": true, "AUTH": true, "ETRN": true,
}

const (
	idle        = 30 * time.Second // for a command to come
	patience    = 5 * time.Minute  // how long a silent server stays
	maxCommands = 100              // on one connection
	maxCommand  = 2048             // bytes (RFC 5321 section 4.5.3.1.4 asks for 512)
	maxFlood    = 64 << 20         // what "without end" comes down to
)

var perfect = &Profile{}

// NewServer returns a server that finds its parts by lookup.
func NewServer(t *tlslab.Server, lookup func(local netip.AddrPort) (Identity, bool)) *Server {
	return &Server{tls: t, lookup: lookup, firewalls: tlslab.NewFirewalls(), commands: map[string]int{}}
}

// Commands says how often each command came, "other" standing for those that SMTP does
// not have.
func (s *Server) Commands() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.commands)
}

func (s *Server) count(verb string) {
	if !verbs[verb] {
		verb = "other"
	}
	s.mu.Lock()
	s.commands[verb]++
	s.mu.Unlock()
}

// Serve serves one accepted connection of port 25, and closes it.
func (s *Server) Serve(ctx context.Context, raw net.Conn) {
	defer func() { _ = raw.Close() }() // whatever was to be said has been said
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	id, ok := s.lookup(addrPort(raw.LocalAddr()))
	if !ok {
		return
	}
	if id.Profile == nil {
		id.Profile = perfect
	}
	d := &dialogue{s: s, ctx: ctx, raw: raw, conn: raw, id: id, p: id.Profile}
	if d.p.Firewall.After > 0 && !s.firewalls.Admit(d.p.Firewall, addrPort(raw.LocalAddr()).Addr(), addrPort(raw.RemoteAddr()).Addr()) {
		d.say("421 4.7.0 {name} Too many connections from you")
		return
	}
	if d.begin() {
		d.run()
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// dialogue is one connection.
type dialogue struct {
	s      *Server
	ctx    context.Context
	raw    net.Conn // below TLS
	conn   net.Conn // what is spoken on
	br     *bufio.Reader
	id     Identity
	p      *Profile
	secure bool
	ehlos  int
}

// pause waits, and reports false when the server is to end meanwhile.
func (d *dialogue) pause(wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-d.ctx.Done():
		return false
	}
}

// say writes a reply; it reports false when the client is gone.
func (d *dialogue) say(reply string) bool {
	end := "\r\n"
	if d.p.BareLF {
		end = "\n"
	}
	reply = strings.ReplaceAll(reply, "{name}", d.id.Name)
	if strings.Contains(reply, "\n") {
		reply = strings.ReplaceAll(reply, "\n", end)
	}
	return d.write([]byte(reply + end))
}

func (d *dialogue) write(b []byte) bool {
	if d.conn.SetWriteDeadline(time.Now().Add(idle)) != nil {
		return false
	}
	_, err := d.conn.Write(b)
	return err == nil
}

// command reads a line; ok is false when there is none.
func (d *dialogue) command() (line string, ok bool) {
	if d.br == nil {
		d.br = bufio.NewReaderSize(d.conn, maxCommand)
	}
	if d.conn.SetReadDeadline(time.Now().Add(idle)) != nil {
		return "", false
	}
	b, err := d.br.ReadSlice('\n') // a longer line than the buffer ends the dialogue
	if err != nil {
		return "", false
	}
	return strings.TrimRight(string(b), "\r\n"), true
}

// run answers commands until the end.
func (d *dialogue) run() {
	for range maxCommands {
		line, ok := d.command()
		if !ok {
			return
		}
		verb, _, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		d.s.count(verb)
		if !d.pause(d.p.Wait) {
			return
		}
		answered, on := d.tormented(verb)
		if !answered {
			on = d.answer(verb)
		}
		if !on {
			return
		}
	}
}

// answer answers a command; it reports false when the dialogue is over.
func (d *dialogue) answer(verb string) bool {
	switch verb {
	case "EHLO":
		d.ehlos++
		if d.p.HELOOnly {
			return d.say("502 5.5.1 Command not implemented")
		}
		return d.say(d.extensions())
	case "HELO":
		if d.p.HELO != "" {
			return d.say(d.p.HELO)
		}
		return d.say("250 {name}")
	case "NOOP", "RSET":
		if d.p.STARTTLS == RequiredTLS && verb == "RSET" && !d.secure {
			return d.say("530 5.7.0 Must issue a STARTTLS command first")
		}
		return d.say("250 2.0.0 Ok")
	case "STARTTLS":
		return d.startTLS()
	case "QUIT":
		d.say("221 2.0.0 {name} Bye")
		return false
	case "MAIL", "RCPT", "DATA", "BDAT", "VRFY", "EXPN", "AUTH", "ETRN":
		return d.say("550 5.7.1 Nobody sends mail here")
	}
	return d.say("500 5.5.2 Command not recognized")
}
