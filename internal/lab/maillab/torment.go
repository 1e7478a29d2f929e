package maillab

import (
	"bytes"
	"crypto/rand"
	"strings"
	"time"

	"peil/internal/lab/tlslab"
)

// begin greets; it reports false when the dialogue is over.
func (d *dialogue) begin() bool {
	switch d.p.Torment {
	case NeverGreets:
		d.hold()
		return false
	case ClosesAtOnce:
		return false
	case ResetsAtOnce:
		tlslab.ResetConn(d.raw)
		return false
	case SpeaksHTTP: // it waits for a request, and answers whatever comes
		d.command()
		d.say("HTTP/1.1 400 Bad Request\nContent-Length: 0\nConnection: close\n")
		return false
	case SpeaksSSH:
		d.say("SSH-2.0-OpenSSH_9.6")
		d.hold()
		return false
	case SpeaksTLS:
		return d.handshake(nil) && d.say(d.greeting())
	case Drip:
		d.drip(strings.ReplaceAll(d.greeting(), "{name}", d.id.Name) + "\r\n")
		return true
	case Flood:
		d.flood("220-" + strings.Repeat("x", 60) + "\r\n")
		return false
	case EndlessLine:
		d.write([]byte("220 "))
		d.flood(strings.Repeat("x", 1024))
		return false
	case Binary:
		b := make([]byte, 2048)
		_, _ = rand.Read(b) // crypto/rand never fails
		d.write(b)
		d.hold()
		return false
	case NoCode:
		return d.say("{name} ESMTP")
	case OddCode:
		return d.say("999 {name} ESMTP")
	case CutLine:
		d.write([]byte("220 " + d.id.Name + " ES"))
		return false
	case CodeMismatch:
		return d.say("220-{name} ESMTP\n554 5.7.1 no, or yes")
	case NulBytes:
		return d.say("220 {name} \x00ESMTP\x00")
	case Eager:
		return d.say("220 {name} ESMTP\n250-{name}\n250 STARTTLS")
	}
	if !d.pause(d.p.GreetAfter) {
		return false
	}
	g := d.greeting()
	return d.say(g) && !ended(g)
}

// tormented plays what is hostile about a command. It reports whether that was the
// answer, and whether the dialogue goes on after it.
func (d *dialogue) tormented(verb string) (answered, on bool) {
	switch {
	case d.secure && d.p.Torment == SilentAfterBoth:
		d.hold()
		return true, false
	case verb == "EHLO":
		return d.tormentedEHLO()
	case verb != "QUIT":
	case d.p.Torment == SpeaksAfterQuit:
		d.say("221 2.0.0 {name} Bye")
		for range 20 {
			if !d.say("250 2.0.0 still here") || !d.pause(200*time.Millisecond) {
				break
			}
		}
		d.hold()
		return true, false
	case d.p.Torment == NoQuit:
		d.hold()
		return true, false
	}
	return false, true
}

func (d *dialogue) tormentedEHLO() (answered, on bool) {
	switch d.p.Torment {
	case ClosesAtEHLO:
	case ResetsAtEHLO:
		tlslab.ResetConn(d.raw)
	case SilentAtEHLO:
		d.hold()
	case ClosesInEHLO:
		d.write([]byte("250-" + d.id.Name + "\r\n250-STARTTLS\r\n250-SI"))
	case EndlessEHLO:
		d.flood("250-X-NOTHING " + strings.Repeat("x", 60) + "\r\n")
	case ManyLines:
		return true, d.write([]byte(strings.Repeat("250-X-NOTHING\r\n", 9_999))) && d.say("250 STARTTLS")
	case LongLine:
		return true, d.say("250-{name}\n250-X-LONG " + strings.Repeat("x", 8000) + "\n250 STARTTLS")
	case CodeMismatch:
		return true, d.say("250-{name}\n220-STARTTLS\n550 SIZE")
	case NulBytes:
		return true, d.say("250-{name}\n250-\x00STARTTLS\n250 SIZE\x00")
	case Drip:
		d.drip("250-" + d.id.Name + "\r\n250 STARTTLS\r\n")
		return true, true
	default:
		return false, true
	}
	return true, false
}

// afterTLS plays what is hostile right after the handshake; it reports false when the
// dialogue is over.
func (d *dialogue) afterTLS() bool {
	switch d.p.Torment {
	case ClosesAfterTLS:
		return false
	case FloodAfterTLS:
		d.flood("250-" + strings.Repeat("x", 60) + "\r\n")
		return false
	}
	return true
}

// drip writes a byte a second.
func (d *dialogue) drip(text string) {
	for i := range text {
		if !d.write([]byte(text[i:i+1])) || !d.pause(time.Second) {
			return
		}
	}
}

// flood writes the same over and over.
func (d *dialogue) flood(text string) {
	block := bytes.Repeat([]byte(text), 64)
	for sent := 0; sent < maxFlood; sent += len(block) {
		if !d.write(block) {
			return
		}
	}
}

// hold reads what comes and says nothing, until the client leaves or time is up.
func (d *dialogue) hold() {
	if d.conn.SetReadDeadline(time.Now().Add(patience)) != nil {
		return
	}
	buf := make([]byte, 512)
	for range 1 << 12 {
		if _, err := d.conn.Read(buf); err != nil {
			return
		}
	}
}
