package fact

import "net/netip"

// ROVState is the outcome of route origin validation (RFC 6811 section 2).
type ROVState string

// The states of RFC 6811; invalid is split as the batch API splits it.
const (
	ROVValid         ROVState = "valid"
	ROVInvalidAS     ROVState = "invalid_as"     // covered, no VRP for this origin
	ROVInvalidLength ROVState = "invalid_length" // a VRP for this origin, but the prefix is longer than maxLength
	ROVNotFound      ROVState = "not_found"
)

// Route is how an address is announced, and what RPKI says of it.
type Route struct {
	Addr    netip.Addr    `json:"addr"`
	Origins []RouteOrigin `json:"origins,omitempty"` // sorted by prefix and origin; none: not routed
	// Covering are the VRPs whose prefix covers the address, whatever the routes.
	Covering []VRP `json:"covering,omitempty"`
	// VRPGap and RouteGap say that there was no table to look in.
	VRPGap   Gap `json:"vrp_gap,omitempty"`
	RouteGap Gap `json:"route_gap,omitempty"`
	// NotPublic says that the address is none of the public internet: nobody can announce
	// it there, and no ROA can cover it (RFC 6890).
	NotPublic bool `json:"not_public,omitempty"`
}

// RouteOrigin is one announcement that covers the address.
type RouteOrigin struct {
	Prefix netip.Prefix `json:"prefix"`
	Origin uint32       `json:"origin"`
	State  ROVState     `json:"state,omitempty"` // "" without VRPs
	VRPs   []VRP        `json:"vrps,omitempty"`  // those that cover the prefix
}

// VRP is a validated ROA payload (RFC 6811 section 2).
type VRP struct {
	Prefix    netip.Prefix `json:"prefix"`
	MaxLength int          `json:"max_length"`
	Origin    uint32       `json:"origin"`
	TA        string       `json:"ta,omitempty"`
}
