// Package smtpprobe learns what one address of a mail server says and what TLS it
// speaks after STARTTLS.
//
// A mail server is asked as another mail server would ask it (RFC 5321, RFC 3207):
// greeting, EHLO, STARTTLS, TLS; or QUIT. Nothing else is ever sent, no sender, no
// recipient, no log-in. One connection at a time goes to an address, and the first one
// is used for the first hello of the TLS prober, which learns everything else with
// further hellos, each on a connection that comes to STARTTLS by the shortest way that
// the standards allow: greeting, EHLO and STARTTLS are each waited for (RFC 2920 section
// 3.1 lets nothing follow EHLO, RFC 3207 section 4 nothing STARTTLS).
//
// A session that ends in plain text or after a finished handshake ends with QUIT; a
// hello that was cut short ends with alerts. A server that puts us off (4xx, 421,
// greylisting), lets us wait or speaks something else is not measured; its reply is
// kept. Whether a command that was sent in plain text behind STARTTLS is obeyed after
// the handshake is asked only with a mandate.
package smtpprobe
