package dnsprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
	"peil/internal/probe/reach"
)

// nameServers finds the servers of the name or of the nearest name above it that has
// some, looks up their addresses and asks each whether it answers.
func (l *Look) nameServers(ctx context.Context, d *fact.DNS, ask bool) {
	owner, ns := l.p.Resolver.NameServers(ctx, l.name)
	l.mu.Lock()
	l.lookups = append(l.lookups, ns)
	l.mu.Unlock()
	if owner == "" || !ns.Answered() {
		if d.NSGap = ns.Gap; d.NSGap == "" {
			d.NSGap = fact.GapDNS
		}
		return
	}
	d.NSOwner, d.NSGap = owner, ""
	hosts := serverNames(&ns)
	servers := make([]fact.NameServer, len(hosts))
	order := make([][]netip.Addr, len(hosts)) // addresses in wire order, A first
	var wg sync.WaitGroup
	for i, h := range hosts {
		wg.Go(func() { servers[i], order[i] = l.server(ctx, h) })
	}
	wg.Wait()
	left := MaxServerAddrs
	for i := range servers {
		s := &servers[i]
		s.Addrs = make([]fact.ServerAddr, len(order[i]))
		for k, a := range order[i] {
			x := &s.Addrs[k]
			x.Addr = a
			switch {
			case !ask:
				x.UDP.Gap, x.TCP.Gap = fact.GapNotAsked, fact.GapNotAsked
			case left == 0:
				x.UDP.Gap, x.TCP.Gap = fact.GapBeyond, fact.GapBeyond
			default:
				left--
				wg.Go(func() { l.answers(ctx, s.Name, owner, x) })
			}
		}
	}
	wg.Wait()
	for i := range servers {
		slices.SortFunc(servers[i].Addrs, func(a, b fact.ServerAddr) int { return a.Addr.Compare(b.Addr) })
	}
	slices.SortFunc(servers, func(a, b fact.NameServer) int { return strings.Compare(a.Name, b.Name) })
	d.NameServers = servers
}

// maxServers bounds the names that are looked up for one zone.
const maxServers = 32

// serverNames lists the servers in wire order, each once.
func serverNames(ns *fact.Lookup) []string {
	list := ns.Wire
	if len(list) == 0 {
		for _, r := range ns.Records {
			list = append(list, r.Data)
		}
	}
	var hosts []string
	for _, h := range list {
		if h = strings.ToLower(strings.TrimSuffix(h, ".")); !slices.Contains(hosts, h) && len(hosts) < maxServers {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// server looks up the addresses of a name server.
func (l *Look) server(ctx context.Context, host string) (fact.NameServer, []netip.Addr) {
	s := fact.NameServer{Name: host}
	if host == "" { // "NS ." says that there is no service
		s.Missing = true
		return s, nil
	}
	var a, aaaa fact.Lookup
	var wg sync.WaitGroup
	wg.Go(func() { a = l.p.Resolver.Lookup(ctx, host, "A") })
	wg.Go(func() { aaaa = l.p.Resolver.Lookup(ctx, host, "AAAA") })
	wg.Wait()
	v4, gap4 := addrs(a)
	v6, gap6 := addrs(aaaa)
	worse := &a
	if rank(aaaa.Security) > rank(a.Security) {
		worse = &aaaa
	}
	s.Security, s.Unsigned, s.Problem = worse.Security, worse.Unsigned, worse.Problem
	if s.Gap = gap4; s.Gap == "" {
		s.Gap = gap6
	}
	s.Missing = len(v4)+len(v6) == 0 && s.Gap == ""
	return s, append(v4, v6...)
}

// rank orders the states of RFC 4033 from good to bad.
func rank(s fact.Security) int {
	return slices.Index([]fact.Security{"", fact.Secure, fact.Insecure, fact.Indeterminate, fact.Bogus}, s)
}

// serverAge is how long what a server said is used again for other targets. A name server
// is a subject of its own (design): the servers of a top-level domain or of a large
// provider would else be asked by each of thousands of targets.
const (
	serverAge  = 10 * time.Minute
	maxServing = 1 << 14 // servers and zones remembered
)

// serving is a server in its role for a zone.
type serving struct {
	server, zone string
	addr         netip.Addr
}

// seenServer is what a server said.
type seenServer struct {
	addr fact.ServerAddr
	at   time.Time
}

// answers says whether a server replies: as it did a moment ago, or asked anew.
func (l *Look) answers(ctx context.Context, server, zone string, x *fact.ServerAddr) {
	p, k := l.p, serving{server, zone, x.Addr}
	p.mu.Lock()
	seen, ok := p.serving[k]
	p.mu.Unlock()
	if ok && time.Since(seen.at) < serverAge {
		*x = seen.addr
		return
	}
	l.question(ctx, server, zone, x)
	if !x.Answers() {
		return // Reach remembers the dead, and silence may be about this once
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.serving == nil || len(p.serving) >= maxServing {
		p.serving = map[serving]seenServer{}
	}
	p.serving[k] = seenServer{*x, time.Now()}
}

// question finds out whether a server replies to a question about the zone: over UDP, and
// over TCP when it does not (catalogue B.4). Whatever the reply says, it is there.
func (l *Look) question(ctx context.Context, server, zone string, x *fact.ServerAddr) {
	at := netip.AddrPortFrom(x.Addr, 53)
	subject := l.p.Egress.Subject(server)
	var mu sync.Mutex
	reply := func(m *dns.Msg) {
		mu.Lock()
		defer mu.Unlock()
		x.RCode, x.Authoritative = dns.RcodeToString[m.Rcode], m.Authoritative
	}
	try := func(network string) func(context.Context) error {
		return func(ctx context.Context) error {
			var conn net.Conn
			var err error
			if network == "udp" {
				conn, err = subject.DialUDP(ctx, at)
			} else {
				conn, err = subject.DialTCP(ctx, at)
			}
			if err != nil {
				return err
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(l.p.timeout())) // an error shows at the first write
			stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
			defer stop()
			if network == "tcp" {
				subject.CountQuery(1)
			}
			m, err := exchange(conn, zone, network == "tcp")
			if err == nil {
				reply(m)
			}
			return err
		}
	}
	// TCP is asked when UDP is not answered soon: to wait until that is settled would make
	// a target of which one server is silent take twice as long.
	tcp, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan struct{}) // the first question over UDP
	var once sync.Once
	udp := try("udp")
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-failed:
		case <-tcp.Done():
			return
		}
		x.TCP = l.p.Reach.Reach(tcp, reach.Port{Net: "tcp", Addr: at}, try("tcp"))
	})
	soon := time.AfterFunc(patience, func() { once.Do(func() { close(failed) }) })
	defer soon.Stop()
	x.UDP = l.p.Reach.Reach(ctx, reach.Port{Net: "udp", Addr: at}, func(ctx context.Context) error {
		err := udp(ctx)
		if err != nil {
			once.Do(func() { close(failed) })
		}
		return err
	})
	if x.UDP.Open() || x.UDP.Gap == fact.GapCancelled {
		cancel()
	} else {
		once.Do(func() { close(failed) }) // it is known to be dead
	}
	wg.Wait()
	if x.UDP.Open() || x.UDP.Gap == fact.GapCancelled {
		x.TCP = fact.Reach{Gap: fact.GapNotAsked}
	}
	c := subject.Cost()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cost = l.cost.Add(fact.Cost{Connections: c.Connections, Queries: c.Queries, BytesIn: c.BytesIn, BytesOut: c.BytesOut})
}

// patience is how long a name server may take over UDP before TCP is tried beside it.
const patience = 2 * time.Second

func (p *Prober) timeout() time.Duration {
	if p.Timeout > 0 {
		return p.Timeout
	}
	return 5 * time.Second
}

// lastLook is how long what has come in is looked for when time is up.
const lastLook = 5 * time.Millisecond

var errNotAReply = errors.New("not a reply to the question")

// exchange asks for the SOA of a zone and reads until the reply comes. Datagrams that
// are not it are passed over; the deadline of the connection ends the waiting.
func exchange(conn net.Conn, zone string, stream bool) (*dns.Msg, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(zone), dns.TypeSOA)
	q.RecursionDesired = false
	b, err := q.Pack()
	if err != nil {
		return nil, err
	}
	if stream {
		b = append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) // a question is short
	}
	if _, err := conn.Write(b); err != nil {
		return nil, err
	}
	buf := make([]byte, 4096)
	looked := false
	for range 20 {
		var n int
		if stream {
			n, err = readMessage(conn, buf)
		} else {
			n, err = conn.Read(buf)
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() && !looked {
				looked = true // it may have come while this machine had no time for us
				_ = conn.SetReadDeadline(time.Now().Add(lastLook))
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		if m := replyTo(q, buf[:n]); m != nil {
			return m, nil
		}
	}
	return nil, errNotAReply
}

// readMessage reads a message with its length before it (RFC 1035 section 4.2.2); of
// a longer one than fits only the start, which has all that is looked at.
func readMessage(r io.Reader, buf []byte) (int, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return 0, err
	}
	n := min(int(binary.BigEndian.Uint16(size[:])), len(buf))
	return io.ReadFull(r, buf[:n])
}

// replyTo reads a message as the reply to q: its identifier and, when it repeats the
// question, that too. Only header and question are needed, so that what follows may
// be as broken as it likes.
func replyTo(q *dns.Msg, b []byte) *dns.Msg {
	if len(b) < 12 || binary.BigEndian.Uint16(b) != q.Id || b[2]&0x80 == 0 {
		return nil
	}
	m := &dns.Msg{}
	m.Rcode = int(b[3] & 0x0f)
	m.Authoritative = b[2]&0x04 != 0
	if binary.BigEndian.Uint16(b[4:]) == 1 {
		name, off, err := dns.UnpackDomainName(b, 12)
		if err != nil || off+4 > len(b) || !strings.EqualFold(name, q.Question[0].Name) ||
			binary.BigEndian.Uint16(b[off:]) != q.Question[0].Qtype {
			return nil
		}
	}
	return m
}
