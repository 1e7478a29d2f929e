// Package pki is the certification of the miniature internet: a root that a scan
// trusts through ca.pem, an intermediate, a second root that nobody trusts, and
// leaves that are issued when first asked for and kept in a bounded cache, so that
// 60,000 sites cost nothing until they are visited.
//
// A Spec says what differs from a perfect certificate; its zero value (with a name)
// is perfect: ECDSA P-256, signed by the intermediate, valid from thirty days ago to
// sixty days ahead, with an SCT, serverAuth and both key-usage bits that belong.
package pki
