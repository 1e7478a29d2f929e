package egress

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Map leads logical addresses, those that the DNS gives, to real ones. With a map an
// address that it does not hold does not exist.
//
// It is read from lines "[tcp|udp] LOGICAL REAL". LOGICAL is ip:port, ip:*, CIDR:port
// or CIDR:*, IPv6 in brackets ([2001:db8::1]:443, [2001:db8::/32]:443); REAL is
// ip:port, or ip:* where the port stays as it is. A line without protocol counts for
// both. The first line that matches wins. A # begins a comment.
type Map struct {
	tcp, udp mapTable
	lines    int
}

// mapTable finds the first matching line by a look-up per distinct prefix length,
// of which a map has few however many lines it has.
type mapTable struct {
	exact map[mapKey]mapEntry
	bits4 []uint8 // distinct prefix lengths in use, IPv4
	bits6 []uint8
}

type mapKey struct {
	addr netip.Addr // first address of the prefix
	bits uint8
	port uint16 // 0 for any
}

type mapEntry struct {
	line int
	real netip.AddrPort // port 0 keeps the logical port
}

// maxMapLine bounds a line of a map; the longest sensible one is under 200 bytes.
const maxMapLine = 1024

// LoadMap reads a network map from a file.
func LoadMap(file string) (*Map, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the network map: %w", err)
	}
	defer f.Close()
	m, err := ParseMap(f)
	if err != nil {
		return nil, fmt.Errorf("reading the network map %s: %w", file, err)
	}
	if m.lines == 0 {
		return nil, fmt.Errorf("the network map %s is empty: no address would exist", file)
	}
	return m, nil
}

// ParseMap reads a network map.
func ParseMap(r io.Reader) (*Map, error) {
	m := &Map{}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, maxMapLine), maxMapLine)
	for n := 1; s.Scan(); n++ {
		line, _, _ := strings.Cut(s.Text(), "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if err := m.addLine(f); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := s.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, fmt.Errorf("a line is longer than %d bytes", maxMapLine)
		}
		return nil, err
	}
	return m, nil
}

func (m *Map) addLine(f []string) error {
	tcp, udp := true, true
	switch f[0] {
	case "tcp":
		udp, f = false, f[1:]
	case "udp":
		tcp, f = false, f[1:]
	}
	if len(f) != 2 {
		return errors.New("want [tcp|udp] LOGICAL REAL")
	}
	from, port, err := parseLogical(f[0])
	if err != nil {
		return fmt.Errorf("logical address %q: %w", f[0], err)
	}
	to, err := parseReal(f[1])
	if err != nil {
		return fmt.Errorf("real address %q: %w", f[1], err)
	}
	m.add(tcp, udp, from, port, to)
	return nil
}

// Add appends a line to the map; protocol is "tcp", "udp" or "" for both, port 0
// stands for any, and a real port 0 keeps the logical one.
func (m *Map) Add(protocol string, from netip.Prefix, port uint16, to netip.AddrPort) error {
	if !from.IsValid() || !to.Addr().IsValid() || from.Addr().Is4In6() {
		return fmt.Errorf("network map: %s to %s is not a valid line", from, to)
	}
	if protocol != "" && protocol != "tcp" && protocol != "udp" {
		return fmt.Errorf("network map: protocol %q", protocol)
	}
	m.add(protocol != "udp", protocol != "tcp", from.Masked(), port, to)
	return nil
}

func (m *Map) add(tcp, udp bool, from netip.Prefix, port uint16, to netip.AddrPort) {
	m.lines++
	k := mapKey{from.Addr(), uint8(from.Bits()), port} // a valid prefix has 0 to 128 bits
	e := mapEntry{m.lines, to}
	if tcp {
		m.tcp.add(k, e)
	}
	if udp {
		m.udp.add(k, e)
	}
}

func (t *mapTable) add(k mapKey, e mapEntry) {
	if t.exact == nil {
		t.exact = map[mapKey]mapEntry{}
	}
	if _, dup := t.exact[k]; dup {
		return // the first line wins
	}
	t.exact[k] = e
	bits := &t.bits6
	if k.addr.Is4() {
		bits = &t.bits4
	}
	for _, b := range *bits {
		if b == k.bits {
			return
		}
	}
	*bits = append(*bits, k.bits)
}

// Lookup returns the real address of a logical one. opened tells that the line names
// a range that is not public as such, so that the operator opened it by naming it; a
// line that merely spans such a range (0.0.0.0/0) does not open it.
func (m *Map) Lookup(protocol string, logical netip.AddrPort) (real netip.AddrPort, opened, ok bool) {
	t := &m.tcp
	if protocol == "udp" {
		t = &m.udp
	}
	bits := t.bits6
	if logical.Addr().Is4() {
		bits = t.bits4
	}
	var best mapEntry
	var bestBits uint8
	for _, b := range bits {
		p, err := logical.Addr().Prefix(int(b))
		if err != nil {
			continue // an invalid address, or one with a zone: Prefix drops none
		}
		for _, port := range [2]uint16{logical.Port(), 0} {
			e, found := t.exact[mapKey{p.Addr(), b, port}]
			if found && (best.line == 0 || e.line < best.line) {
				best, bestBits = e, b
			}
		}
	}
	if best.line == 0 {
		return netip.AddrPort{}, false, false
	}
	if best.real.Port() == 0 {
		best.real = netip.AddrPortFrom(best.real.Addr(), logical.Port())
	}
	if b, yes := special(logical.Addr()); yes {
		opened = b.prefix.Bits() <= int(bestBits)
	}
	return best.real, opened, true
}

// Len is the number of lines.
func (m *Map) Len() int { return m.lines }

// parseLogical reads ip:port, ip:*, CIDR:port or CIDR:*.
func parseLogical(s string) (netip.Prefix, uint16, error) {
	host, port, err := splitPort(s)
	if err != nil {
		return netip.Prefix{}, 0, err
	}
	p, err := parsePrefix(host)
	return p, port, err
}

// parsePrefix reads an address or a prefix. Bits after the prefix are refused: they
// mean that somebody meant another one.
func parsePrefix(s string) (netip.Prefix, error) {
	var p netip.Prefix
	if strings.Contains(s, "/") {
		var err error
		if p, err = netip.ParsePrefix(s); err != nil {
			return p, errors.New("not an address or a prefix")
		}
		if p != p.Masked() {
			return p, fmt.Errorf("has bits after the prefix; did you mean %s?", p.Masked())
		}
	} else {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return p, errors.New("not an address or a prefix")
		}
		if a.Zone() != "" {
			return p, errors.New("an address with a zone")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		return p, errors.New("an IPv4 address written as IPv6")
	}
	return p, nil
}

func parseReal(s string) (netip.AddrPort, error) {
	host, port, err := splitPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, errors.New("not an address")
	}
	return netip.AddrPortFrom(a.Unmap(), port), nil
}

// splitPort takes "host:port" apart; the port may be * (0), and IPv6 stands in
// brackets.
func splitPort(s string) (host string, port uint16, err error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0, errors.New("no port")
	}
	host, p := s[:i], s[i+1:]
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
		if !strings.Contains(host, ":") {
			return "", 0, errors.New("brackets are for IPv6")
		}
	} else if strings.Contains(host, ":") {
		return "", 0, errors.New("IPv6 stands in brackets")
	}
	if p == "*" {
		return host, 0, nil
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("port %q", p)
	}
	return host, uint16(n), nil
}
