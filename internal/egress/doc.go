// Package egress is the one door to the network. Every packet that Peil sends to
// someone else goes through a Subject of this package; a test fails when other code
// dials by itself.
//
// The door knows the manners, so that no caller needs to:
//
//   - Where to. It dials addresses, never names, so that an answer of the DNS cannot
//     change between look-up and use. Addresses that are not public are refused in
//     every disguise (guard.go), unless the operator opened them. With a network map
//     (map.go) the map is the world: what is not in it does not exist.
//   - Who does not want it. Exclusions (exclusions.go) are honoured by name and by
//     address; intrusive probes need a mandate (mandate.go).
//   - How much. Each Subject has a budget of connections, bytes and time (budget.go),
//     kept by the connection itself.
//   - How fast. Connections to one address are spaced, those to one network too, and
//     an address that starts to refuse is left alone for a while (pace.go).
//
// What goes wrong comes back as one of the sentinel errors of errors.go, which tell
// the peer's doing from ours.
package egress
