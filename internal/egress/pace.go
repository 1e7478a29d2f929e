package egress

import (
	"context"
	"net/netip"
)

type pace struct{ limits *Limits }

func newPace(l *Limits) *pace { return &pace{l} }

func (p *pace) turn(ctx context.Context, tcp bool, addr netip.AddrPort, polite bool) (func(), error) {
	return func() {}, nil
}
func (p *pace) datagram(ctx context.Context, a netip.Addr) error { return nil }
func (p *pace) outcome(addr netip.AddrPort, kind error)          {}
