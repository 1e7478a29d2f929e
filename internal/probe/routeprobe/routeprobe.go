// Package routeprobe says how an address is announced and what RPKI says of it, from
// tables that were loaded before: it asks nobody.
package routeprobe

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/routes"
)

// Prober looks addresses up. A table that is nil was not given: what it would tell is
// not measured.
type Prober struct {
	VRPs   *routes.VRPs
	Routes *routes.Routes
}

// Lookup gives the announcements that cover the /24 or /48 around an address, less
// specific ones too, with the outcome of RFC 6811 for each (catalogue B.12). An
// address that is not global has none.
func (p *Prober) Lookup(a netip.Addr) fact.Route {
	r := fact.Route{Addr: a, NotPublic: egress.Public(a) != nil}
	if p.VRPs == nil {
		r.VRPGap = fact.GapNoSource
	} else {
		r.Covering = vrps(p.VRPs.Covering(netip.PrefixFrom(a, a.BitLen())))
	}
	if p.Routes == nil {
		r.RouteGap = fact.GapNoSource
		return r
	}
	if r.NotPublic {
		return r
	}
	for _, x := range p.Routes.Covering(routes.Cut(a)) {
		o := fact.RouteOrigin{Prefix: x.Prefix, Origin: x.Origin}
		if p.VRPs != nil {
			state, covering := p.VRPs.Validate(x)
			o.State, o.VRPs = fact.ROVState(state), vrps(covering)
		}
		r.Origins = append(r.Origins, o)
	}
	slices.SortFunc(r.Origins, func(a, b fact.RouteOrigin) int {
		return cmp.Or(comparePrefix(a.Prefix, b.Prefix), cmp.Compare(a.Origin, b.Origin))
	})
	r.Origins = slices.CompactFunc(r.Origins, func(a, b fact.RouteOrigin) bool { return a.Prefix == b.Prefix && a.Origin == b.Origin })
	return r
}

func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// vrps makes facts of VRPs, sorted.
func vrps(list []routes.VRP) []fact.VRP {
	var out []fact.VRP
	for _, v := range list {
		out = append(out, fact.VRP{Prefix: v.Prefix, MaxLength: v.MaxLength, Origin: v.Origin, TA: v.TA})
	}
	slices.SortFunc(out, func(a, b fact.VRP) int {
		return cmp.Or(comparePrefix(a.Prefix, b.Prefix), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.MaxLength, b.MaxLength), strings.Compare(a.TA, b.TA))
	})
	return out
}
