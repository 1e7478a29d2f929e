package egress

import (
	"fmt"
	"net"
	"net/netip"
)

// bind takes the addresses to dial from, and finds out whether this machine has them: a
// typing error would else show as a network that does not work.
func (e *Egress) bind(sources []netip.Addr) error {
	for _, a := range sources {
		a = a.Unmap()
		if e.sources[family(a)].IsValid() {
			return fmt.Errorf("egress: source addresses %s and %s are of the same family: one is used", e.sources[family(a)], a)
		}
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
		if err != nil {
			return fmt.Errorf("egress: source address %s is not one of this machine: %w", a, err)
		}
		_ = c.Close() // nothing was written
		e.sources[family(a)] = a
	}
	return nil
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// source is the local address for a dial; nil leaves it to the system, as for what the
// operator has on this machine itself.
func (e *Egress) source(network string, to netip.Addr) net.Addr {
	a := e.sources[family(to.Unmap())]
	switch {
	case !a.IsValid() || to.IsLoopback() && !a.IsLoopback():
		return nil
	case network == "udp":
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
}
