package egress

import (
	"net"
	"net/netip"
)

// Families says which address families this machine can use.
type Families struct{ IPv4, IPv6 bool }

func (f Families) has(a netip.Addr) bool {
	if a.Is4() {
		return f.IPv4
	}
	return f.IPv6
}

// DetectFamilies asks the kernel for a route to the public internet in each family,
// by connecting a UDP socket, which sends nothing. That there is a route does not
// prove that anything comes back: the self-test of a run asks root servers.
func DetectFamilies() Families {
	return Families{IPv4: routed("udp4", "198.41.0.4:53"), IPv6: routed("udp6", "[2001:503:ba3e::2:30]:53")} // a.root-servers.net
}

func routed(network, addr string) bool {
	c, err := net.Dial(network, addr) //nolint:noctx // it looks up a route and waits for nothing
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
