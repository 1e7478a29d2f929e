package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// A trap is a stretch of addresses or a port to which no scan may ever connect. The
// network map leads it to a listener that counts, so that a run can prove that nothing
// came. Each line spans more than the block which it is about: by the rules of the map a
// line that named the block itself would open it to the scan.
type trap struct {
	what string
	line string // LOGICAL of a line of the network map
}

// traps are all that is not the public internet, by the registries of special-purpose
// addresses (RFC 6890), and on the lab's own addresses the ports of services that a
// redirect could make a scan talk to (the Fetch standard, section 2.9, "bad port").
var traps = []trap{
	{"this network", "0.0.0.0/7:*"},
	{"10.0.0.0/8", "10.0.0.0/7:*"},
	{"carrier-grade NAT", "100.0.0.0/9:*"},
	{"loopback", "126.0.0.0/7:*"},
	{"link-local", "169.254.0.0/15:*"},
	{"172.16.0.0/12", "172.0.0.0/11:*"},
	{"protocol assignments and documentation", "192.0.0.0/22:*"},
	{"6to4 relays", "192.88.98.0/23:*"},
	{"192.168.0.0/16", "192.168.0.0/15:*"},
	{"benchmarking", "198.16.0.0/14:*"},
	{"documentation 2", "198.51.100.0/23:*"},
	{"documentation 3", "203.0.112.0/23:*"},
	{"multicast and reserved", "224.0.0.0/3:*"},
	{"IPv6 loopback, IPv4-mapped and -compatible", "[::/80]:*"},
	{"NAT64", "[64:ff9b::/32]:*"},
	{"discard-only", "[100::/16]:*"},
	{"Teredo and other protocol assignments", "[2001::/22]:*"},
	{"IPv6 documentation", "[2001:db8::/31]:*"},
	{"6to4", "[2002::/15]:*"},
	{"IPv6 documentation 2", "[3fff::/19]:*"},
	{"not allocated and segment routing", "[4000::/2]:*"},
	{"not allocated, unique local, link-local and multicast", "[8000::/1]:*"},
	{"port 22 of a website", "22.0.0.0/8:22"},
	{"port 25 of a website", "22.0.0.0/8:25"},
	{"port 6379 of a website", "22.0.0.0/8:6379"},
	{"port 22 of a website over IPv6", "[2a1f::/16]:22"},
	{"port 25 of a website over IPv6", "[2a1f::/16]:25"},
	{"port 6379 of a website over IPv6", "[2a1f::/16]:6379"},
}

// real is where a trap stands.
func (t *trap) real(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 254, 0, byte(i + 1)}) }

// Hit says how often something came to where no scan may come.
type Hit struct {
	Where    string `json:"where"`
	Protocol string `json:"protocol"` // "tcp" or "udp"
	Times    int    `json:"times"`
}

// hitCount counts what came to the traps.
type hitCount struct {
	mu sync.Mutex
	n  map[[2]string]int // by place and protocol; guarded by mu, bounded by the traps
}

func (h *hitCount) add(at netip.Addr, protocol string) {
	for i := range traps {
		if traps[i].real(i) == at.Unmap() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.n == nil {
				h.n = map[[2]string]int{}
			}
			h.n[[2]string{traps[i].what, protocol}]++
			return
		}
	}
}

// Hits tells what came to where no scan may come, in the order of the traps.
func (r *Running) Hits() []Hit {
	r.hits.mu.Lock()
	defer r.hits.mu.Unlock()
	var list []Hit
	for i := range traps {
		for _, protocol := range []string{"tcp", "udp"} {
			if n := r.hits.n[[2]string{traps[i].what, protocol}]; n > 0 {
				list = append(list, Hit{traps[i].what, protocol, n})
			}
		}
	}
	return list
}

// setTraps opens the listener of the traps and returns their lines of the network map.
// They come after all others, so that what the lab does have is found first.
func (r *Running) setTraps(ctx context.Context) (string, error) {
	any4 := netip.IPv4Unspecified()
	l, err := listenTCP(ctx, netip.AddrPortFrom(any4, 0), "")
	if err != nil {
		return "", err
	}
	tcp := portOf(l)
	r.serveTCP(l, func(c net.Conn) {
		if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
			r.hits.add(a.AddrPort().Addr(), "tcp")
		}
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
	})
	u, err := listenUDP(ctx, netip.AddrPortFrom(any4, 0), "")
	if err != nil {
		return "", err
	}
	r.udp = append(r.udp, u)
	r.wg.Go(func() {
		u.serve(0, func(_, _ []byte, local netip.Addr) []byte {
			r.hits.add(local, "udp")
			return nil
		})
	})
	udp := u.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	var b strings.Builder
	b.WriteString("# Where no scan may come; each line spans more than the block it is about, and so opens nothing.\n")
	for i := range traps {
		t := &traps[i]
		fmt.Fprintf(&b, "tcp %s %s\nudp %s %s\n", t.line, netip.AddrPortFrom(t.real(i), tcp), t.line, netip.AddrPortFrom(t.real(i), udp))
	}
	return b.String(), nil
}

// trapped reports whether sites are played that try to lead a scan into the traps.
func trapped(sites []*Site) bool {
	return slices.ContainsFunc(sites, func(s *Site) bool { return s.Group == guardGroup })
}
