// Package tlslab plays TLS servers of every make, good and wrong in each way that a
// norm names, from SSL 2.0 to TLS 1.3.
//
// One engine serves all: it reads the first bytes, asks whose profile it is to play
// (by local address and server name), decides by the profile's tables what that
// server would choose, and says so. A client that only wanted to know goes away; a
// client that goes on gets a real handshake, since what was sent is real (keys,
// signatures, transcript) wherever Go has the parts for it. Suites, groups and
// versions that Go has no parts for are answered as far as the ServerHelloDone.
//
// The engine builds and reads messages by itself, apart from the prober's code, so
// that one mistake cannot hide itself in both.
package tlslab
