// Package tlswire has the wire of TLS for a meter: records, handshake messages, key
// schedules and record protection, from TLS 1.0 to TLS 1.3.
//
// It exists beside crypto/tls because a meter must do what a good client never
// does: offer what nobody should accept, ask to renegotiate, send a session ticket
// back with early data, finish a handshake with a server that speaks nothing later
// than TLS 1.0. It dials nothing, checks no certificate and no signature, and must
// therefore never carry anything that is secret.
//
// Two halves can be used apart. Records (record.go, stream.go), keys (keys.go) and
// protection (half.go) know no side and serve clients and servers alike. Building
// hellos (hello.go), reading answers (serverhello.go, serverflight.go) and finishing
// handshakes (legacy.go, modern.go) are those of a client; a server for tests reads
// and builds messages by itself, so that one error cannot hide itself.
//
// Everything from the network is bounded in size and count, and nothing panics.
package tlswire
