// Package lab is the miniature internet: in one process and without privileges it
// plays the root, nl., test. and other zones with real DNSSEC, name servers good and
// bad, websites of every make at realistic public addresses, an RPKI cache and the
// routes of it all. Nothing in it is real: names of real bodies never stand in it.
//
// A Site is a perfect website plus one named change, with the verdicts that are
// expected of it written by hand. Catalogue lists them; Country makes a whole country
// of sites out of the same changes; Start plays both on a handful of wildcard
// sockets. The network map that it gives leads a scan there:
//
//	logical address (public)  →  127.x.y.z on one socket per protocol and port
//
// so that the server learns from a connection's local address who was asked. In a
// network namespace (Namespace) the local address is the logical one, and programs
// that know no map work unchanged.
//
// The lab imports no probe, no resolver and no norm: what it expects is never
// computed by what it tests.
package lab
