// Package httpprobe turns one address and one name into what it serves as a website:
// the chain of requests from http://name/ and from https://name/, the headers of each
// hop as they stood on the wire, cookies without their values, security.txt, and what
// requirements need to know of the page.
//
// It speaks HTTP/1.1 and HTTP/2 itself instead of through net/http, because a meter
// must see what the standard library tidies away: the order and the repetition of
// header lines, what stands between two redirects, and the exact way in which a
// server that does not speak HTTP fails to. Everything that a server can make long is
// bounded here (header block, lines, body, decoded body, redirects, time); how many
// bytes and connections a subject may cost is bounded by the connections that Dial
// returns.
//
// The probe is of the class "visitor": it asks what a browser would ask, and
// security.txt.
package httpprobe
