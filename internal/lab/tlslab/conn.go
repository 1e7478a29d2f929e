package tlslab

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"peil/internal/fact"
)

// ErrGone means that the client left, or was sent away, before the handshake ended:
// the usual end of a probe.
var ErrGone = errors.New("the client left before the handshake ended")

// Conn is a TLS connection whose handshake has ended. It is a net.Conn for one
// reader and one writer; what the client sends beside application data
// (renegotiation, key updates) is dealt with by Read.
type Conn struct {
	raw net.Conn
	br  *bufio.Reader
	s   *Server
	id  Identity
	p   *Profile

	done <-chan struct{} // closed when the server is to end

	recordVersion fact.Version // in the headers of records
	in, out       protection   // nil: plain
	outMu         sync.Mutex   // guards out, wbuf and writes to raw
	wbuf          []byte       // records not yet written

	hs         []byte // handshake bytes received and not yet read as messages
	transcript []byte // handshake messages of the current handshake
	app        []byte // application data received and not yet read
	eof        bool

	ch             *choice
	hello          *hello
	clientFinished []byte // verify_data of the last handshake (RFC 5746)
	serverFinished []byte
	renegotiations int

	skipEarly int        // bytes of early data that we may still skip
	k13       *secrets13 // of TLS 1.3
	early     bool       // early data was accepted
	resumed   bool
}

// Version is the protocol version of the connection.
func (c *Conn) Version() fact.Version { return c.ch.version }

// Suite is its cipher suite.
func (c *Conn) Suite() fact.Suite { return c.ch.suite.code }

// Protocol is what ALPN settled on, "" when nothing.
func (c *Conn) Protocol() string { return c.ch.alpn }

// ServerName is the name that the client asked for, "" when it named none.
func (c *Conn) ServerName() string { return c.hello.serverName }

// Identity is whose part is played.
func (c *Conn) Identity() Identity { return c.id }

// EarlyData says whether some of what Read gives was sent as early data.
func (c *Conn) EarlyData() bool { return c.early }

// Resumed says whether the client resumed a session by a ticket.
func (c *Conn) Resumed() bool { return c.resumed }

// Unwrap is the connection below.
func (c *Conn) Unwrap() net.Conn { return c.raw }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.raw.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.raw.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.raw.SetWriteDeadline(t) }

// Close says goodbye and closes the connection below.
func (c *Conn) Close() error {
	c.alert(1, alertCloseNotify)
	return c.raw.Close()
}

// readRecord reads one record and removes its protection.
func (c *Conn) readRecord() (byte, []byte, error) {
	for {
		var head [5]byte
		if _, err := io.ReadFull(c.br, head[:]); err != nil {
			return 0, nil, err
		}
		n := int(head[3])<<8 | int(head[4])
		if n > maxRecord {
			return 0, nil, refusal(alertRecordOverflow)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(c.br, body); err != nil {
			return 0, nil, err
		}
		typ := head[0]
		if c.in == nil || c.k13 != nil && typ == typeChangeCipherSpec {
			if c.skipEarly > 0 && typ == typeApplicationData { // early data before a second hello
				if c.skipEarly -= n; c.skipEarly < 0 {
					return 0, nil, refusal(alertUnexpectedMessage)
				}
				continue
			}
			if c.k13 != nil && typ == typeChangeCipherSpec {
				continue // for middleboxes (RFC 8446 appendix D.4)
			}
			return typ, body, nil
		}
		typ, text, err := c.in.open(typ, body)
		if err != nil && c.skipEarly > 0 {
			if c.skipEarly -= n; c.skipEarly >= 0 {
				continue // early data that we did not accept
			}
		}
		if err != nil {
			return 0, nil, refusal(alertBadRecordMAC)
		}
		c.skipEarly = 0
		return typ, text, nil
	}
}

// readMessage reads one handshake message, header included. Application data that
// comes between belongs to a renegotiation and is kept for Read.
func (c *Conn) readMessage() ([]byte, error) {
	for {
		if len(c.hs) >= 4 {
			n := 4 + int(c.hs[1])<<16 + int(c.hs[2])<<8 + int(c.hs[3])
			if n > maxHello {
				return nil, refusal(alertDecodeError)
			}
			if len(c.hs) >= n {
				m := c.hs[:n:n]
				c.hs = c.hs[n:]
				return m, nil
			}
		}
		typ, body, err := c.readRecord()
		if err != nil {
			return nil, err
		}
		switch {
		case typ == typeHandshake && len(body) > 0:
			c.hs = append(c.hs, body...)
		case typ == typeApplicationData && (c.early || c.clientFinished != nil):
			if c.app = append(c.app, body...); len(c.app) > 1<<20 {
				return nil, refusal(alertUnexpectedMessage)
			}
		case typ == typeAlert && len(body) == 2 && body[0] == 1 && body[1] != alertCloseNotify:
		case typ == typeAlert:
			return nil, ErrGone
		default:
			return nil, refusal(alertUnexpectedMessage)
		}
	}
}

// queue protects content as records and keeps them for flush.
func (c *Conn) queue(typ byte, content []byte) {
	for {
		n := min(len(content), maxPlain)
		t, body := typ, content[:n]
		if c.out != nil {
			t, body = c.out.seal(typ, body)
		}
		c.wbuf = append(c.wbuf, t, byte(c.recordVersion>>8), byte(c.recordVersion), byte(len(body)>>8), byte(len(body)))
		c.wbuf = append(c.wbuf, body...)
		if content = content[n:]; len(content) == 0 {
			return
		}
	}
}

// queueMessage queues a handshake message, which enters the transcript.
func (c *Conn) queueMessage(m []byte) {
	c.transcript = append(c.transcript, m...)
	if c.p.Torment == OneByteRecords && c.out == nil {
		for i := range m {
			c.queue(typeHandshake, m[i:i+1])
		}
		return
	}
	c.queue(typeHandshake, m)
}

func (c *Conn) flush() error {
	b := c.wbuf
	c.wbuf = c.wbuf[:0]
	if len(b) == 0 {
		return nil
	}
	_, err := c.raw.Write(b)
	return err
}

func (c *Conn) alert(level, what byte) {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	c.queue(typeAlert, []byte{level, what})
	_ = c.flush() // the connection is given up anyhow
}

// Write implements net.Conn.
func (c *Conn) Write(b []byte) (int, error) {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	written := 0
	for len(b) > 0 {
		n := min(len(b), 4*maxPlain)
		c.queue(typeApplicationData, b[:n])
		if err := c.flush(); err != nil {
			return written, err
		}
		written += n
		b = b[n:]
	}
	return written, nil
}

// Read implements net.Conn.
func (c *Conn) Read(b []byte) (int, error) {
	for len(c.app) == 0 {
		if c.eof {
			return 0, io.EOF
		}
		typ, body, err := c.readRecord()
		if err != nil {
			var r refusal
			if errors.As(err, &r) {
				c.alert(2, byte(r))
			}
			return 0, err
		}
		switch {
		case typ == typeApplicationData:
			c.app = body
		case typ == typeAlert && len(body) == 2 && body[0] == 1 && body[1] != alertCloseNotify:
		case typ == typeAlert:
			c.eof = true
		case typ == typeHandshake:
			c.hs = append(c.hs, body...)
			if err := c.postHandshake(); err != nil {
				return 0, err
			}
		default:
			c.alert(2, alertUnexpectedMessage)
			return 0, refusal(alertUnexpectedMessage)
		}
	}
	n := copy(b, c.app)
	c.app = c.app[n:]
	return n, nil
}

// postHandshake deals with handshake messages after the handshake.
func (c *Conn) postHandshake() error {
	m, err := c.readMessage()
	if err != nil {
		return err
	}
	switch {
	case c.ch.version == fact.TLS13 && m[0] == 24:
		return c.keyUpdate(m)
	case c.ch.version < fact.TLS13 && m[0] == 1:
		return c.renegotiate(m)
	}
	c.alert(2, alertUnexpectedMessage)
	return refusal(alertUnexpectedMessage)
}
