package resolver

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// How the servers of a test's world answer.

func (z *zone) get(n string, typ uint16) []dns.RR {
	set := slices.Clone(z.signed[n][typ])
	if len(set) == 0 {
		return nil
	}
	for _, s := range z.signed[n][dns.TypeRRSIG] {
		if s.(*dns.RRSIG).TypeCovered == typ {
			set = append(set, s)
		}
	}
	return set
}

// exists reports whether a name is there, empty non-terminals included.
func (z *zone) exists(n string) bool { return slices.Contains(z.names, n) }

// cover is the denial record before a name, or at it.
func (z *zone) cover(n string) []dns.RR {
	if z.unsigned {
		return nil
	}
	if z.nsec3 != nil {
		h := dns.HashName(n, z.nsec3.Hash, z.nsec3.Iterations, z.nsec3.Salt)
		i, ok := slices.BinarySearch(z.hashes, h)
		if !ok {
			i = (i + len(z.hashes) - 1) % len(z.hashes)
		}
		rr := z.byHash[z.hashes[i]]
		return append([]dns.RR{rr}, z.sigs([]dns.RR{rr})...)
	}
	last := z.name
	for _, m := range z.names {
		if len(z.signed[m][dns.TypeNSEC]) > 0 && mustName(m).compare(mustName(n)) <= 0 {
			last = m
		}
	}
	return z.get(last, dns.TypeNSEC)
}

// proof of a name's absence: what covers it, its closest encloser and the wildcard.
func (z *zone) absent(n string, wildcard bool) []dns.RR {
	closer, ce := n, parentString(n)
	for !z.exists(ce) {
		closer, ce = ce, parentString(ce)
	}
	var l []dns.RR
	if z.nsec3 != nil {
		l = append(z.cover(ce), z.cover(closer)...)
	} else {
		l = z.cover(n)
	}
	if wildcard {
		l = append(l, z.cover("*."+strings.TrimPrefix(ce, "."))...)
	}
	return l
}

func dedupe(l []dns.RR) []dns.RR {
	var out []dns.RR
	for _, rr := range l {
		if !slices.ContainsFunc(out, func(o dns.RR) bool { return o.String() == rr.String() }) {
			out = append(out, rr)
		}
	}
	return out
}

// answer is what an honest server says.
func (z *zone) answer(q dns.Question) *dns.Msg {
	m := &dns.Msg{}
	m.Authoritative = true
	n := strings.ToLower(q.Name)
	defer func() { m.Ns = dedupe(m.Ns) }()
	soa := func() { m.Ns = append(m.Ns, z.get(z.name, dns.TypeSOA)...) }
	if c := z.cutAbove(n); c != "" && (c != n || q.Qtype != dns.TypeDS) {
		m.Authoritative = false
		m.Ns = append(m.Ns, z.signed[c][dns.TypeNS]...)
		if ds := z.get(c, dns.TypeDS); ds != nil {
			m.Ns = append(m.Ns, ds...)
		} else if z.nsec3 != nil && z.optOut {
			m.Ns = append(m.Ns, z.absent(c, false)...)
		} else {
			m.Ns = append(m.Ns, z.cover(c)...)
		}
		for _, ns := range z.signed[c][dns.TypeNS] {
			m.Extra = append(m.Extra, z.signed[ns.(*dns.NS).Ns][dns.TypeA]...)
		}
		return m
	}
	for a := parentString(n); dns.IsSubDomain(z.name, a); a = parentString(a) {
		if d := z.get(a, dns.TypeDNAME); d != nil {
			to := strings.TrimSuffix(n, a) + d[0].(*dns.DNAME).Target
			m.Answer = append(d, &dns.CNAME{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeCNAME, Class: 1, Ttl: 300}, Target: to})
			return m
		}
		if a == "." {
			break
		}
	}
	from := n
	if !z.exists(n) {
		ce := parentString(n)
		for !z.exists(ce) {
			ce = parentString(ce)
		}
		from = "*." + strings.TrimPrefix(ce, ".")
		if !z.exists(from) {
			m.Rcode = dns.RcodeNameError
			soa()
			m.Ns = append(m.Ns, z.absent(n, true)...)
			return m
		}
		m.Ns = append(m.Ns, z.absent(n, false)...)
	}
	set := z.get(from, q.Qtype)
	if set == nil {
		set = z.get(from, dns.TypeCNAME)
	}
	if set == nil {
		soa()
		if !z.optOut || z.needed(from) {
			m.Ns = append(m.Ns, z.cover(from)...)
		} else {
			m.Ns = append(m.Ns, z.absent(n, false)...)
		}
		return m
	}
	for _, rr := range set {
		rr = dns.Copy(rr)
		rr.Header().Name = q.Name
		m.Answer = append(m.Answer, rr)
	}
	if c, ok := m.Answer[0].(*dns.CNAME); ok && q.Qtype != dns.TypeCNAME && z.exists(c.Target) && z.cutAbove(c.Target) == "" {
		m.Answer = append(m.Answer, z.get(c.Target, q.Qtype)...) // as real servers do
	}
	return m
}

// reply is what the server at an address sends back; nil for silence.
func (w *world) reply(addr netip.Addr, tcp bool, b []byte) []byte {
	var q dns.Msg
	if err := q.Unpack(b); err != nil || len(q.Question) != 1 {
		return nil
	}
	qu := q.Question[0]
	w.mu.Lock()
	w.asked = append(w.asked, mustName(qu.Name).String()+" "+dns.TypeToString[qu.Qtype])
	silent := w.silent[addr]
	w.mu.Unlock()
	if silent {
		return nil
	}
	var best *zone
	n := strings.ToLower(qu.Name)
	for _, z := range w.at[addr] {
		above := qu.Qtype != dns.TypeDS || n != z.name || n == "."
		if dns.IsSubDomain(z.name, n) && above && (best == nil || len(z.name) > len(best.name)) {
			best = z
		}
	}
	m := &dns.Msg{}
	if best == nil {
		m.Rcode = dns.RcodeRefused
	} else {
		m = best.answer(qu)
		if best.edit != nil {
			best.edit(qu, m)
		}
	}
	m.Id, m.Response, m.Question, m.Compress = q.Id, true, q.Question, true
	if o := q.IsEdns0(); o != nil {
		m.SetEdns0(1232, true)
		if !tcp && m.Len() > int(o.UDPSize()) {
			m.Truncated, m.Answer, m.Ns, m.Extra = true, nil, nil, m.Extra[len(m.Extra)-1:]
		}
	}
	out, err := m.Pack()
	if err != nil {
		w.t.Errorf("packing the reply to %v: %v", qu, err)
		return nil
	}
	if best != nil && best.raw != nil {
		return best.raw(qu, tcp, out)
	}
	return out
}

func (w *world) dial(_ context.Context, _, network string, addr netip.AddrPort) (net.Conn, error) {
	return &memConn{tcp: network == "tcp", reply: func(tcp bool, b []byte) []byte { return w.reply(addr.Addr(), tcp, b) }}, nil
}

// memConn is a connection to a server in memory: what is written is answered at
// once, and silence ends the wait at once.
type memConn struct {
	reply func(tcp bool, b []byte) []byte
	tcp   bool
	in    []byte
	seen  bool
}

func (c *memConn) Write(b []byte) (int, error) {
	q := b
	if c.tcp {
		q = b[2:]
	}
	if r := c.reply(c.tcp, q); r != nil {
		c.seen = true
		if c.tcp {
			c.in = binary.BigEndian.AppendUint16(c.in, uint16(len(r)))
		}
		c.in = append(c.in, r...)
	}
	return len(b), nil
}

func (c *memConn) Read(b []byte) (int, error) {
	if len(c.in) == 0 {
		if c.tcp && c.seen {
			return 0, io.EOF
		}
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *memConn) Close() error                     { return nil }
func (c *memConn) LocalAddr() net.Addr              { return &net.UDPAddr{} }
func (c *memConn) RemoteAddr() net.Addr             { return &net.UDPAddr{} }
func (c *memConn) SetDeadline(time.Time) error      { return nil }
func (c *memConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

// spoiled has one server do something to its replies; an empty message is silence.
func (w *world) spoiled(server netip.Addr, spoil func(*dns.Msg)) DialFunc {
	return func(ctx context.Context, s, network string, a netip.AddrPort) (net.Conn, error) {
		conn, err := w.dial(ctx, s, network, a)
		if a.Addr() != server {
			return conn, err
		}
		m := conn.(*memConn)
		honest := m.reply
		m.reply = func(tcp bool, q []byte) []byte {
			var msg dns.Msg
			b := honest(tcp, q)
			if b == nil || msg.Unpack(b) != nil {
				return b
			}
			if spoil(&msg); len(msg.Question) == 0 {
				return nil
			}
			b, _ = msg.Pack()
			return b
		}
		return conn, err
	}
}
