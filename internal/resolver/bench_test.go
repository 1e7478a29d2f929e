package resolver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
)

// taped answers from a tape: each reply is made once, so that the benchmark measures
// the resolver and not the servers.
type taped struct {
	w    *world
	mu   sync.Mutex
	tape map[string][]byte
}

func (p *taped) dial(_ context.Context, _, network string, addr netip.AddrPort) (net.Conn, error) {
	return &memConn{tcp: network == "tcp", reply: func(tcp bool, q []byte) []byte {
		end := 12
		for q[end] != 0 {
			end += int(q[end]) + 1
		}
		key := addr.Addr().String() + string(lowerName(q[12:end+1])) + string(q[end+1:end+3])
		p.mu.Lock()
		b := p.tape[key]
		p.mu.Unlock()
		if b == nil {
			b = p.w.reply(addr.Addr(), tcp, q)
			p.mu.Lock()
			p.tape[key] = b
			p.mu.Unlock()
		}
		b = append([]byte(nil), b...)
		copy(b, q[:2])
		copy(b[12:], q[12:end+1])
		return b
	}}, nil
}

func benchWorld(b *testing.B, zones int, alg uint8) (*taped, func() *Resolver) {
	w := newWorld(b)
	w.zone("nl", 13)
	for i := range zones {
		w.zone(fmt.Sprintf("gemeente%d.nl", i), alg, "@ A 192.0.2.1", "www A 192.0.2.1", "www AAAA 2001:db8::1")
	}
	p := &taped{w: w, tape: map[string][]byte{}}
	var c Config
	w.build(func(cc *Config) { cc.Dial = p.dial; c = *cc })
	return p, func() *Resolver {
		r, err := New(c)
		if err != nil {
			b.Fatal(err)
		}
		r.Lookup(context.Background(), "nl", "SOA")
		return r
	}
}

// BenchmarkFreshSite resolves and validates A and AAAA of a name in a signed zone
// that was never asked for: delegation, keys, two answers.
func BenchmarkFreshSite(b *testing.B) {
	for _, alg := range []uint8{13, 8, 0} {
		b.Run(fmt.Sprintf("algorithm %d", alg), func(b *testing.B) {
			const zones = 200
			_, fresh := benchWorld(b, zones, alg)
			site := func(r *Resolver, i int) {
				for _, typ := range []string{"A", "AAAA"} {
					l := r.Lookup(context.Background(), fmt.Sprintf("www.gemeente%d.nl", i), typ)
					if len(l.Records) != 1 || (alg != 0) != (l.Security == "secure") {
						b.Fatal(say(l))
					}
				}
			}
			r := fresh()
			for i := range zones { // make the tape
				site(r, i)
			}
			b.ReportAllocs()
			i := zones
			for b.Loop() {
				if i == zones {
					b.StopTimer()
					r, i = fresh(), 0
					b.StartTimer()
				}
				site(r, i)
				i++
			}
		})
	}
}

// BenchmarkCachedAnswer asks again what is known.
func BenchmarkCachedAnswer(b *testing.B) {
	_, fresh := benchWorld(b, 1, 13)
	r := fresh()
	b.ReportAllocs()
	for b.Loop() {
		if l := r.Lookup(context.Background(), "www.gemeente0.nl", "A"); l.Security != "secure" {
			b.Fatal(say(l))
		}
	}
}

// BenchmarkMemory asks 60,000 names, each in a delegated zone of its own, and
// reports what stays in memory.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		w := newWorld(b)
		w.zone("nl", 0)
		r := w.build(func(c *Config) {
			c.Dial = func(_ context.Context, _, network string, a netip.AddrPort) (net.Conn, error) {
				return &memConn{tcp: network == "tcp", reply: func(tcp bool, q []byte) []byte {
					n := lowerName(q[12 : 12+nameLen(q[12:])])
					if n.labels() < 2 {
						return w.reply(a.Addr(), tcp, q)
					}
					return siteReply(q, n, a.Addr() == w.zones["nl."].addr)
				}}, nil
			}
		})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range 60000 {
			l := r.Lookup(context.Background(), fmt.Sprintf("www.gemeente%d.nl", i), "A")
			if len(l.Records) != 1 {
				b.Fatal(say(l))
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB-held")
		runtime.KeepAlive(r)
	}
}

func nameLen(b []byte) int {
	i := 0
	for b[i] != 0 {
		i += int(b[i]) + 1
	}
	return i + 1
}

// siteReply is a referral to a zone of two labels, or its address record.
func siteReply(q []byte, n name, parent bool) []byte {
	question := q[12 : 12+nameLen(q[12:])+4]
	m := []byte{q[0], q[1], 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	m = append(m, question...)
	if parent {
		m[2], m[9], m[11] = 0x80, 1, 1
		zone := n.last(2)
		ns := append([]byte("\x02ns"), zone...)
		m = append(append(m, zone...), 0, 2, 0, 1, 0, 0, 14, 16, 0, byte(len(ns)))
		m = append(m, ns...)
		m = append(append(m, ns...), 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 198, 41, 9, 9)
		return m
	}
	m[7] = 1
	return append(m, 0xC0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 1)
}
