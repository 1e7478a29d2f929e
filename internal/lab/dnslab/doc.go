// Package dnslab is the authoritative DNS of the miniature internet: zones with real
// DNSSEC, good and wrong in the ways that zones go wrong, on name servers that behave
// and misbehave.
//
// A zone is described by a Spec and built when it is first asked for; record sets are
// signed when they are first answered, and whole answers are kept as bytes in a
// bounded cache. So 60,000 zones cost nothing until someone asks, and an answer that
// was given before costs a few microseconds. There is no goroutine and no socket per
// zone or server: Server.Answer is a function from a question, and the address it was
// asked at, to an answer.
//
// Messages are built with miekg/dns alone and share no code with Peil's resolver, so
// that one error cannot hide itself on both sides.
package dnslab
