package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// In a namespace every address is this machine's own, by a local route. The route's
// device tells what is there: a packet for an own address counts as arrived by the device
// of its route, and the wildcard sockets are bound to lo. So an address with a route by
// lo is open, and one with a route by the other device refuses with RST, as the whole rest
// of the internet does. An address that is open on some ports alone has sockets of its own.
const (
	openDevice   = "lo"
	closedDevice = "closed"
	holeDevice   = "hole" // swallows what it is given
)

// resolverAddr is where the lab's recursive resolver lives in a namespace; sites and name
// servers get no address that ends so.
var resolverAddr = netip.AddrFrom4([4]byte{22, 0, 0, 53})

// sourceAddr is the address from which IPv6 connections come; those from ::1 would not
// be answered by the closed device.
const sourceAddr = "2a1f:ffff::1"

// service is a port of an address and its state there.
type service struct {
	port  uint16
	state Port
}

// services are what lives at an address.
func (a *address) services() []service {
	var list []service
	if a.host != nil {
		list = append(list, service{53, a.dns})
	}
	if a.mail != nil {
		list = append(list, service{25, a.port25})
	}
	if a.site != "" {
		list = append(list, service{80, a.port80}, service{443, a.port443})
		for _, p := range a.extra {
			list = append(list, service{p, Open})
		}
	}
	return list
}

// wholeState is the state that all services of an address share; one is false when they
// differ.
func (a *address) wholeState() (state Port, one bool) {
	list := a.services()
	if len(list) == 0 {
		return Unmapped, true
	}
	for _, s := range list {
		if s.state != list[0].state {
			return "", false
		}
	}
	return list[0].state, true
}

// prepareNamespace lays the routes.
func (n *network) prepareNamespace(ctx context.Context) error {
	var batch strings.Builder
	batch.WriteString("link set lo up\naddress replace " + sourceAddr + "/128 dev lo nodad\n")
	for _, device := range []string{closedDevice, holeDevice} {
		if _, err := net.InterfaceByName(device); err != nil { // else an earlier lab in this namespace made it
			// A bridge without ports, which asks for no neighbours.
			fmt.Fprintf(&batch, "link add %[1]s type bridge\nlink set %[1]s addrgenmode none\nlink set %[1]s arp off up\n", device)
		}
	}
	fmt.Fprintf(&batch, "route replace local 0.0.0.0/0 dev %[1]s\nroute replace local ::/0 dev %[1]s\n", closedDevice)
	fmt.Fprintf(&batch, "route replace local %s dev %s table local\n", resolverAddr, openDevice)
	for _, a := range n.order {
		kind, device := "local ", closedDevice
		switch state, one := n.addrs[a].wholeState(); {
		case !one:
		case state == Open:
			device = openDevice
		case state == Silent:
			kind, device = "", holeDevice
		}
		fmt.Fprintf(&batch, "route replace %s%s dev %s table local\n", kind, netip.PrefixFrom(a, a.BitLen()), device)
	}
	return ip(ctx, batch.String())
}

// listenReal opens the real ports on every address of both families.
func (r *Running) listenReal(ctx context.Context) error {
	serve := func(port uint16) func(net.Conn) {
		switch port {
		case 53:
			return r.serveDNSConn(port)
		case 25:
			return r.serveSMTPConn(ctx)
		case 80:
			return r.serveHTTPConn(ctx, port)
		}
		return r.serveTLSConn(ctx, port)
	}
	for _, a := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		u, err := listenUDP(ctx, netip.AddrPortFrom(a, 53), openDevice)
		if err != nil {
			return err
		}
		r.serveUDP(u)
		for _, port := range []uint16{25, 53, 80, 443, extraTLSPort} {
			l, err := listenTCP(ctx, netip.AddrPortFrom(a, port), openDevice)
			if err != nil {
				return err
			}
			r.serveTCP(l, serve(port))
		}
	}
	for _, a := range r.net.order {
		if _, one := r.net.addrs[a].wholeState(); one {
			continue
		}
		for _, s := range r.net.addrs[a].services() {
			if s.state != Open && s.state != Silent {
				continue
			}
			l, err := listenWith(ctx, netip.AddrPortFrom(a, s.port), socketOptions(socketKind{one: true, mute: s.state == Silent}))
			if err != nil {
				return err
			}
			r.serveTCP(l, serve(s.port))
		}
	}
	return r.listenRTR(ctx, netip.AddrPortFrom(netip.IPv4Unspecified(), 323))
}
