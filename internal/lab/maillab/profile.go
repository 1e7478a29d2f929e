package maillab

import (
	"time"

	"peil/internal/lab/tlslab"
)

// Profile says how a mail server behaves before TLS. The zero value is the perfect one;
// each field is one deviation. It is plain data, shared by all servers that behave alike.
// In texts {name} stands for the server's own name.
type Profile struct {
	// Greeting replaces its greeting, whole replies with their codes; lines are divided
	// by \n. "": "220 {name} ESMTP".
	Greeting string
	// GreetAfter is how long it waits with the greeting, Wait with every later reply.
	GreetAfter, Wait time.Duration
	// EHLO replaces its reply to EHLO in the same way, STARTTLS included. "": the usual
	// extensions.
	EHLO string
	// HELOOnly does not know EHLO (RFC 821), and so no STARTTLS.
	HELOOnly bool
	// HELO replaces its reply to HELO.
	HELO string
	// STARTTLS is what it does about TLS.
	STARTTLS STARTTLS
	// BareLF ends lines with LF alone.
	BareLF bool
	// Torment makes it hostile.
	Torment Torment
	// Firewall answers connections with 421, once there were so many.
	Firewall tlslab.Firewall
}

// STARTTLS is what a server does about STARTTLS. The zero value is to offer it, and to
// forget what was sent behind the command in plain text.
type STARTTLS string

// The ways.
const (
	StartTLS        STARTTLS = ""
	NoTLS           STARTTLS = "absent"      // neither offered nor known
	HiddenTLS       STARTTLS = "hidden"      // not offered, and does it all the same
	StrippedTLS     STARTTLS = "stripped"    // XXXXXXXA in its place, as a middlebox does
	TemporaryTLS    STARTTLS = "454"         // offered; not available due to temporary reason
	RefusedTLS      STARTTLS = "refused"     // offered; 554 to the command
	UnknownTLS      STARTTLS = "unknown"     // offered; 500, as behind a proxy that does not know the command
	PlainAfterTLS   STARTTLS = "plain"       // 220, and goes on in plain text
	SilentAfterTLS  STARTTLS = "silent"      // 220, and nothing more
	ClosedAfterTLS  STARTTLS = "closed"      // 220, and closes
	InjectsTLS      STARTTLS = "injects"     // 220, and a plain reply right behind it, before TLS
	BufferedTLS     STARTTLS = "buffered"    // what was sent behind the command is answered after the handshake (CVE-2011-0411)
	LowerCaseTLS    STARTTLS = "lower-case"  // offered as starttls: keywords are case-insensitive
	ParameterTLS    STARTTLS = "parameter"   // offered with a parameter, which RFC 3207 does not have
	NoneAfterHELO   STARTTLS = "helo"        // 530 until EHLO was said twice
	MultilineReadyS STARTTLS = "multi-line"  // 220 in several lines
	OtherCodeTLS    STARTTLS = "other-code"  // 250 in place of 220, and goes on with TLS
	RequiredTLS     STARTTLS = "required"    // 530 to all but STARTTLS, EHLO, NOOP and QUIT
	OfferedTwice    STARTTLS = "twice"       // stands in the list twice
	ClosesOnCommand STARTTLS = "closes"      // offered; closes when asked
	ResetsOnCommand STARTTLS = "resets"      // offered; RST when asked
	NoSpaceTLS      STARTTLS = "no-space"    // STARTTLS glued to another keyword: it is not offered
	InTextTLS       STARTTLS = "in-greeting" // the greeting's text speaks of STARTTLS, the list does not
)

// Torment is a way to be hostile.
type Torment string

// The torments.
const (
	NoTorment       Torment = ""
	NeverGreets     Torment = "never_greets"      // takes the connection and says nothing
	Drip            Torment = "drip"              // one byte a second
	Flood           Torment = "flood"             // 220- lines without end
	EndlessLine     Torment = "endless_line"      // a line without end
	ManyLines       Torment = "many_lines"        // 10,000 lines after EHLO
	EndlessEHLO     Torment = "endless_ehlo"      // lines after EHLO without end
	LongLine        Torment = "long_line"         // a line of 8,000 bytes after EHLO
	SpeaksAfterQuit Torment = "speaks_after_quit" // goes on after 221, and does not close
	NoQuit          Torment = "no_quit"           // says nothing to QUIT and does not close
	CodeMismatch    Torment = "code_mismatch"     // another code in each line
	NulBytes        Torment = "nul_bytes"         // NUL in the replies
	Binary          Torment = "binary"            // random bytes
	NoCode          Torment = "no_code"           // lines without a code
	OddCode         Torment = "odd_code"          // code 999
	CutLine         Torment = "cut_line"          // half a line, then FIN
	Eager           Torment = "eager"             // greeting and the reply to a command that nobody gave, at once
	ClosesAtOnce    Torment = "closes_at_once"
	ResetsAtOnce    Torment = "resets_at_once"
	ClosesAtEHLO    Torment = "closes_at_ehlo"
	ResetsAtEHLO    Torment = "resets_at_ehlo"
	SilentAtEHLO    Torment = "silent_at_ehlo"
	ClosesInEHLO    Torment = "closes_in_ehlo" // FIN in the middle of the list
	SpeaksHTTP      Torment = "speaks_http"
	SpeaksSSH       Torment = "speaks_ssh"
	SpeaksTLS       Torment = "speaks_tls" // TLS without STARTTLS, as on port 465
	ClosesAfterTLS  Torment = "closes_after_tls"
	SilentAfterBoth Torment = "silent_after_tls" // handshake, then no reply to anything
	FloodAfterTLS   Torment = "flood_after_tls"  // handshake, then lines without end
)
