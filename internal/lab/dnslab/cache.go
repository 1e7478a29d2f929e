package dnslab

import (
	"encoding/binary"
	"sync"

	"github.com/miekg/dns"
)

// answerCache keeps whole answers as bytes. Zone and question decide an answer, so it
// holds until the hour is over.
type answerCache struct {
	mu    sync.RWMutex
	by    map[string][]byte // guarded by mu
	bytes int               // guarded by mu
}

func (c *answerCache) reset() {
	c.mu.Lock()
	clear(c.by)
	c.bytes = 0
	c.mu.Unlock()
}

// keyOf makes the cache's key of a plain query: host, question in lower case, DO,
// room. It reports false for anything but one question and at most one OPT record.
func keyOf(key, query []byte, host *Host, tcp bool) (_ []byte, question int, ok bool) {
	if binary.BigEndian.Uint16(query[4:]) != 1 || binary.BigEndian.Uint32(query[6:]) != 0 || query[2]&0xf8 != 0 {
		return nil, 0, false
	}
	key = append(append(key, host.Name...), 0)
	i := 12
	for i < len(query) && query[i] != 0 {
		n := int(query[i])
		if n > 63 || i+1+n >= len(query) {
			return nil, 0, false
		}
		key = append(key, query[i])
		for _, b := range query[i+1 : i+1+n] {
			if 'A' <= b && b <= 'Z' {
				b |= 0x20
			}
			key = append(key, b)
		}
		i += 1 + n
	}
	if i+5 > len(query) || i > 12+254 {
		return nil, 0, false
	}
	key = append(key, query[i+1:i+5]...) // type, class
	question = i + 5
	size, flags := plainUDP, byte(0)
	if rest := query[question:]; binary.BigEndian.Uint16(query[10:]) == 1 {
		if len(rest) < 11 || rest[0] != 0 || binary.BigEndian.Uint16(rest[1:]) != dns.TypeOPT || rest[6] != 0 {
			return nil, 0, false
		}
		size = min(max(int(binary.BigEndian.Uint16(rest[3:])), plainUDP), maxUDP)
		flags = 1 | rest[7]&0x80
	} else if len(rest) != 0 || binary.BigEndian.Uint16(query[10:]) != 0 {
		return nil, 0, false
	}
	if tcp {
		size = 65535
	}
	return append(key, flags, query[2]&1, query[3]&0x10, byte(size>>8), byte(size)), question, true
}

// cached answers from the cache: the ID is put in, and the question as it was spelt,
// so that a resolver that mixes upper and lower case sees its own spelling.
func (s *Server) cached(buf, query []byte, host *Host, tcp bool) ([]byte, bool) {
	var room [320]byte
	key, end, ok := keyOf(room[:0], query, host, tcp)
	if !ok {
		return nil, false
	}
	s.cache.mu.RLock()
	wire := s.cache.by[string(key)]
	s.cache.mu.RUnlock()
	if wire == nil {
		return nil, false
	}
	out := append(buf, wire...)
	m := out[len(buf):]
	copy(m, query[:2])
	copy(m[12:end], query[12:end])
	return out, true
}

// keep stores an answer.
func (s *Server) keep(query []byte, host *Host, tcp bool, wire []byte) {
	var room [320]byte
	key, end, ok := keyOf(room[:0], query, host, tcp)
	if !ok || end > len(wire) {
		return
	}
	c := &s.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string][]byte{}
	}
	for k, v := range c.by { // any ones
		if c.bytes+len(wire) <= maxCacheBytes {
			break
		}
		c.bytes -= len(k) + len(v)
		delete(c.by, k)
	}
	c.bytes += len(key) + len(wire)
	c.by[string(key)] = append([]byte(nil), wire...)
}
