// Package tlsprobe learns what TLS a server speaks, by hellos.
//
// A hello offers a set: versions, cipher suites, groups, signature schemes. The
// server's answer names its choice, or turns the whole set away. Everything is
// learnt with that one move: offer all, take away what was chosen, offer the rest,
// until nothing is left that the server accepts. Most hellos end at the server's
// first answer and the connection is reset; handshakes are finished only where a
// fact needs one (renegotiation, session tickets, the certificate in TLS 1.3), and
// then on a connection that was opened for another question anyway.
//
// The rules of catalogue A.2 decide what an answer means. A ServerHello is accepted.
// An alert, an end or a reset is declined, but only if a hello that the server
// accepts succeeds later; run.go keeps declined answers waiting until then, and
// calls them blocked when that control fails. Silence is asked once more and then
// not measured.
//
// docs/probing.md tells the plan and what it costs. The package knows no norm: what
// to ask reaches it as a Plan.
package tlsprobe
