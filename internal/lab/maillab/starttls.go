package maillab

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"

	"peil/internal/lab/tlslab"
)

// extensions is the reply to EHLO.
func (d *dialogue) extensions() string {
	if d.p.EHLO != "" {
		return d.p.EHLO
	}
	const before, after = "250-{name}\n250-PIPELINING\n250-SIZE 52428800\n", "250-8BITMIME\n250-ENHANCEDSTATUSCODES\n250 SMTPUTF8"
	offer := "250-STARTTLS\n"
	switch d.p.STARTTLS {
	case NoTLS, HiddenTLS, InTextTLS:
		offer = ""
	case StrippedTLS:
		offer = "250-XXXXXXXA\n"
	case LowerCaseTLS:
		offer = "250-starttls\n"
	case ParameterTLS:
		offer = "250-STARTTLS now\n"
	case OfferedTwice:
		offer = "250-STARTTLS\n250-STARTTLS\n"
	case NoSpaceTLS:
		offer = "250-XSTARTTLS\n"
	case NoneAfterHELO:
		if d.ehlos < 2 {
			offer = ""
		}
	}
	if d.secure {
		offer = ""
	}
	return before + offer + after
}

// startTLS answers STARTTLS; it reports false when the dialogue is over.
func (d *dialogue) startTLS() bool {
	if d.secure {
		return d.say("503 5.5.1 TLS already active")
	}
	if d.p.HELOOnly {
		return d.say("500 5.5.1 Command not recognized")
	}
	ready := "220 2.0.0 Ready to start TLS"
	switch d.p.STARTTLS {
	case NoTLS, StrippedTLS, UnknownTLS, NoSpaceTLS, InTextTLS:
		return d.say("500 5.5.1 Command not recognized")
	case NoneAfterHELO:
		if d.ehlos < 2 {
			return d.say("530 5.7.0 Must issue EHLO again")
		}
	case TemporaryTLS:
		return d.say("454 4.7.0 TLS not available due to temporary reason")
	case RefusedTLS:
		return d.say("554 5.7.3 Unable to initialize security subsystem")
	case ClosesOnCommand:
		return false
	case ResetsOnCommand:
		tlslab.ResetConn(d.raw)
		return false
	case PlainAfterTLS:
		return d.say(ready) && d.say("250 2.0.0 Ok") // and whatever comes is no command
	case SilentAfterTLS:
		d.say(ready)
		d.hold()
		return false
	case ClosedAfterTLS:
		d.say(ready)
		return false
	case InjectsTLS:
		ready += "\n250 2.0.0 Ok"
	case MultilineReadyS:
		ready = "220-2.0.0 Ready\n220 2.0.0 to start TLS"
	case OtherCodeTLS:
		ready = "250 2.0.0 Ready to start TLS"
	}
	var behind []byte
	if n := d.br.Buffered(); n > 0 && d.p.STARTTLS == BufferedTLS {
		behind, _ = d.br.Peek(n) // it is buffered
		behind = bytes.Clone(behind)
	}
	return d.say(ready) && d.handshake(behind)
}

// handshake changes to TLS. What came in plain text before it is forgotten (RFC 3207
// section 4.2), unless it is given.
func (d *dialogue) handshake(behind []byte) bool {
	below := d.raw
	c, err := d.s.tls.Handshake(d.ctx, below)
	if err != nil {
		return false // it has closed the connection; most are probes
	}
	d.conn, d.secure = c, true
	if len(behind) > 0 {
		d.conn = &prefixed{c, io.MultiReader(bytes.NewReader(behind), c)}
	}
	d.br = bufio.NewReaderSize(d.conn, maxCommand)
	return d.afterTLS()
}

// prefixed reads something first.
type prefixed struct {
	net.Conn
	r io.Reader
}

func (p *prefixed) Read(b []byte) (int, error) { return p.r.Read(b) }

// greeting is what it says first.
func (d *dialogue) greeting() string {
	if d.p.Greeting != "" {
		return d.p.Greeting
	}
	if d.p.STARTTLS == InTextTLS {
		return "220 {name} ESMTP STARTTLS"
	}
	return "220 {name} ESMTP"
}

// ended reports whether a greeting of this code ends the dialogue: RFC 5321 section 3.1
// has a server that greets with 554 wait for QUIT, 421 closes.
func ended(greeting string) bool { return strings.HasPrefix(greeting, "421") }
