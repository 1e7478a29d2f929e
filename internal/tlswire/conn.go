package tlswire

import (
	"errors"
	"io"
	"net"

	"peil/internal/fact"
)

// maxPostHandshake is how many handshake messages may come amid data.
const maxPostHandshake = 32

// Conn is a connection after a finished handshake. It is a net.Conn for one reader
// and one writer. It proves nothing about who is at the other end.
type Conn struct {
	net.Conn
	stream  *Stream
	out     *Half
	version fact.Version
	suite   *Suite
	hello   *ServerHello
	certs   [][]byte

	clientVerify, serverVerify []byte

	plain []byte // read and not yet given out
	post  int
	end   error
}

// Version is the version in use.
func (c *Conn) Version() fact.Version { return c.version }

// Suite is the cipher suite in use.
func (c *Conn) Suite() fact.Suite { return c.suite.ID }

// ServerHello is what the server chose.
func (c *Conn) ServerHello() *ServerHello { return c.hello }

// Certificates are those that the server sent, leaf first.
func (c *Conn) Certificates() [][]byte { return c.certs }

// seal appends payload in records under the protection in force.
func (c *Conn) seal(dst []byte, t Type, payload []byte) ([]byte, error) {
	if c.out == nil {
		return AppendRecord(dst, t, uint16(min(c.version, fact.TLS12)), payload), nil
	}
	var err error
	for {
		n := min(len(payload), MaxPlaintext)
		if dst, err = c.out.Seal(dst, t, payload[:n]); err != nil {
			return nil, err
		}
		if payload = payload[n:]; len(payload) == 0 {
			return dst, nil
		}
	}
}

// Write sends application data.
func (c *Conn) Write(p []byte) (int, error) {
	wire, err := c.seal(nil, ApplicationData, p)
	if err != nil {
		return 0, err
	}
	if _, err := c.Conn.Write(wire); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read reads application data. close_notify is io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if c.end != nil {
			return 0, c.end
		}
		t, b, err := c.stream.NextRecord()
		switch {
		case err != nil:
			c.end = err
		case t == ApplicationData:
			c.plain = b
		case t == AlertRecord:
			var a *Alert
			if c.end = c.stream.alert(b); errors.As(c.end, &a) && a.Description == AlertCloseNotify {
				c.end = io.EOF
			}
		case t == Handshake || t == ChangeCipherSpec:
			// HelloRequest and session tickets are passed over. KeyUpdate is not
			// followed: the next record will not decipher.
			if c.post++; c.post > maxPostHandshake {
				c.end = malformed("%d handshake messages amid data", c.post)
			}
		default:
			c.end = malformed("record of type %d amid data", t)
		}
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// CloseNotify says that nothing more will be sent.
func (c *Conn) CloseNotify() error {
	wire, err := c.seal(nil, AlertRecord, []byte{1, AlertCloseNotify})
	if err != nil {
		return err
	}
	_, err = c.Conn.Write(wire)
	return err
}
