// Package resolver answers questions to the DNS the way a careful validating
// resolver does, and says of each answer how far it can be trusted and why.
//
// It starts at the root hints, walks down the delegations itself (RFC 1034 section
// 5.3.3) asking each zone no more than it needs to know (RFC 9156), and checks the
// chain of signatures from the trust anchors to the answer (RFC 4035 section 5).
// Everything it sends goes through package egress.
//
// The work is divided like this:
//
//   - name.go, wire.go, rrset.go: names, messages and record sets in wire form. A
//     record set keeps the bytes as they came, which is what signatures cover.
//   - exchange.go, server.go: one question to one server: ports, identifiers, case,
//     cookies, truncation, and what is remembered of a server.
//   - iterate.go, delegation.go, reply.go: from the root to the servers that know,
//     and what a reply means (answer, alias, referral, denial, lameness).
//   - trust.go, validate.go, verify.go, denial*.go: which zones are signed and by
//     which keys, and whether an answer or a denial is proven.
//   - lookup.go, zone.go: the facts that come of it.
//   - upstream.go, upstreamwhy.go: the same by way of a resolver that is named.
//
// Limits against hostile zones are in limits.go, all in one place.
package resolver
