// Package maillab plays mail servers: as much of SMTP (RFC 5321) as comes before a
// message, with STARTTLS (RFC 3207) and the TLS of package tlslab behind it. No message
// is ever taken: whoever sends MAIL or RCPT is counted, and turned away.
package maillab
