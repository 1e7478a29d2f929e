package tlslab

import (
	"bytes"
	"time"
)

// enough is where "without end" ends: no client reads a gigabyte of handshake.
const enough = 1 << 30

// drip is the pause of the slow torments between two bytes.
const drip = time.Second

// tormented plays the torments that need no handshake, and says whether it did.
func (c *Conn) tormented() bool {
	switch c.p.Torment {
	case NeverAnswer:
		c.hold()
	case NeverRead:
		c.wait(patience) // deaf on purpose: not even a FIN is noticed
	case EmptyRecords:
		c.pour(bytes.Repeat([]byte{typeHandshake, 3, 3, 0, 0}, 512))
	case HugeRecord:
		c.pour(append([]byte{typeHandshake, 3, 3, 0xff, 0xff}, make([]byte, 0xffff)...))
	case EndlessMessage:
		// A ServerHello first, so that the client believes, then a Certificate of 16 MiB.
		fragment := append([]byte{typeHandshake, 3, 3, 0x40, 0}, make([]byte, maxPlain)...)
		copy(fragment[5:], []byte{11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, 0, 0x40, 0})
		c.pour(fragment)
	case EndlessWarnings:
		c.pour(bytes.Repeat([]byte{typeAlert, 3, 3, 0, 2, 1, alertNoRenegotiation}, 512))
	case EndlessChangeCipherSpec:
		c.pour(bytes.Repeat([]byte{typeChangeCipherSpec, 3, 3, 0, 1, 1}, 512))
	case EndlessHelloRequests:
		c.pour(bytes.Repeat([]byte{typeHandshake, 3, 3, 0, 4, 0, 0, 0, 0}, 512))
	case Garbage:
		_, _ = c.raw.Write(random(4096)) // who reads garbage need not read all
	case SpeaksHTTP:
		_, _ = c.raw.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>plain HTTP on the port of HTTPS</h1>\r\n"))
	case SpeaksSSH:
		_, _ = c.raw.Write([]byte("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"))
	case EndlessRetry:
		c.endlessRetry()
	default:
		return false
	}
	_ = c.raw.Close() // tormented enough
	return true
}

// wait lets time go by, unless the server is to end.
func (c *Conn) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.done:
	}
}

// pour writes the same bytes again and again until the client has had enough.
func (c *Conn) pour(b []byte) {
	for sent := 0; sent < enough; sent += len(b) {
		if _, err := c.raw.Write(b); err != nil {
			return
		}
	}
}

func (c *Conn) endlessRetry() {
	c.ch, c.k13 = &choice{suite: suiteOf(0x1302)}, &secrets13{}
	for range 1000 {
		c.ch.group = 25 - c.ch.group%2 // P-521, P-384, P-521 …
		c.recordVersion = 0x0303
		c.queue(typeHandshake, c.serverHello13(retryRandom, nil))
		if c.flush() != nil {
			return
		}
		if _, err := c.readMessage(); err != nil {
			return
		}
	}
}

// flushFlight writes the first flight, in the way of the profile.
func (c *Conn) flushFlight() error {
	b := c.wbuf
	switch c.p.Torment {
	case SlowAnswer:
		for i := range b {
			if _, err := c.raw.Write(b[i : i+1]); err != nil {
				return err
			}
			c.wait(drip)
		}
		c.wbuf = c.wbuf[:0]
		return nil
	case ResetHalfway, CloseHalfway:
		if _, err := c.raw.Write(b[:len(b)/2]); err != nil {
			return err
		}
		if c.p.Torment == ResetHalfway {
			ResetConn(c.raw)
		} else {
			_ = c.raw.Close() // halfway, on purpose
		}
		return ErrGone
	case HangAfterHello:
		n := 5 + int(b[3])<<8 + int(b[4]) // the ServerHello is the first record
		if _, err := c.raw.Write(b[:min(n, len(b))]); err != nil {
			return err
		}
		c.hold()
		return ErrGone
	case EndlessCertificates:
		n := 5 + int(b[3])<<8 + int(b[4]) // as above
		if _, err := c.raw.Write(b[:min(n, len(b))]); err == nil {
			c.pourCertificates()
		}
		_ = c.raw.Close() // or it would be mistaken for a server that waits
		return ErrGone
	}
	return c.flush()
}

// pourCertificates sends a Certificate message of nearly 16 MiB (RFC 5246 section 7.4.2):
// entries of 1021 bytes that begin as certificates do.
func (c *Conn) pourCertificates() {
	const entries = 1 << 14
	entry := make([]byte, 3+1021)
	copy(entry, []byte{0, 0x03, 0xfd, 0x30, 0x82, 0x03, 0xf9})
	part := bytes.Repeat(entry, 16)
	size := (entries - 16) * len(entry)
	head := []byte{11, byte((size + 3) >> 16), byte((size + 3) >> 8), byte(size + 3), byte(size >> 16), byte(size >> 8), byte(size)}
	record := func(body []byte) []byte {
		return append([]byte{typeHandshake, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
	}
	if _, err := c.raw.Write(record(head)); err != nil {
		return
	}
	for sent := 0; sent < size; sent += len(part) {
		if _, err := c.raw.Write(record(part)); err != nil {
			return
		}
	}
}
