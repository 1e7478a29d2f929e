package tlswire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Type is the content type of a record (RFC 8446 section 5.1, RFC 6520).
type Type uint8

// The content types.
const (
	ChangeCipherSpec Type = 20
	AlertRecord      Type = 21
	Handshake        Type = 22
	ApplicationData  Type = 23
	HeartbeatRecord  Type = 24
)

const (
	// MaxPlaintext is the most that a record carries (RFC 8446 section 5.1).
	MaxPlaintext = 1 << 14
	// maxCiphertext allows for the expansion of RFC 5246 section 6.2.3, more than
	// that of TLS 1.3.
	maxCiphertext = MaxPlaintext + 2048
	headerLen     = 5
	// maxEmpty is how many records without content may follow each other.
	maxEmpty = 32
	// MaxInput is how much a Reader takes in all before application data.
	MaxInput = 512 << 10
)

var (
	// ErrNotTLS is returned for bytes that are no TLS record.
	ErrNotTLS = errors.New("not a TLS record")
	// ErrMalformed is wrapped by every error about records and messages that cannot
	// be read or break a rule.
	ErrMalformed = errors.New("malformed")
	// ErrTooMuch is returned when a peer sends more than any handshake needs.
	ErrTooMuch = fmt.Errorf("%w: more than a handshake needs", ErrMalformed)
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// Record is one record of the wire. Payload is valid until the next call of the
// Reader that gave it.
type Record struct {
	Type    Type
	Version uint16
	Payload []byte
}

// ParseRecord reads the record at the beginning of b and returns how long it is. A
// length of 0 with no error means that more bytes are needed.
func ParseRecord(b []byte) (r Record, n int, err error) {
	if len(b) > 0 && (b[0] < byte(ChangeCipherSpec) || b[0] > byte(HeartbeatRecord)) ||
		len(b) > 1 && b[1] != 3 {
		return Record{}, 0, ErrNotTLS
	}
	if len(b) < headerLen {
		return Record{}, 0, nil
	}
	size := int(binary.BigEndian.Uint16(b[3:]))
	if size > maxCiphertext {
		return Record{}, 0, malformed("record of %d bytes", size)
	}
	if len(b) < headerLen+size {
		return Record{}, 0, nil
	}
	return Record{Type(b[0]), binary.BigEndian.Uint16(b[1:]), b[headerLen : headerLen+size]}, headerLen + size, nil
}

// AppendRecord appends payload as records of a type, as many as it takes.
func AppendRecord(dst []byte, t Type, version uint16, payload []byte) []byte {
	for {
		n := min(len(payload), MaxPlaintext)
		dst = append(dst, byte(t), byte(version>>8), byte(version), byte(n>>8), byte(n))
		dst = append(dst, payload[:n]...)
		if payload = payload[n:]; len(payload) == 0 {
			return dst
		}
	}
}

// Reader takes records from a stream. The zero value with From set is ready.
type Reader struct {
	From io.Reader
	// Limit is how many bytes are read in all; 0 stands for MaxInput, a negative
	// number for no limit.
	Limit int

	buf   []byte // bytes read and not yet given out stand in buf[from:]
	from  int
	total int
	empty int
}

// Next returns the next record. At the end of the stream it returns io.EOF, in the
// middle of a record io.ErrUnexpectedEOF.
func (r *Reader) Next() (Record, error) {
	for {
		rec, n, err := ParseRecord(r.buf[r.from:])
		if err != nil {
			return Record{}, err
		}
		if n > 0 {
			r.from += n
			if len(rec.Payload) > 0 {
				r.empty = 0
			} else if r.empty++; r.empty > maxEmpty {
				return Record{}, malformed("%d empty records in a row", r.empty)
			}
			return rec, nil
		}
		if err := r.fill(); err != nil {
			return Record{}, err
		}
	}
}

func (r *Reader) fill() error {
	limit := r.Limit
	if limit == 0 {
		limit = MaxInput
	}
	if limit > 0 && r.total >= limit {
		return ErrTooMuch
	}
	if r.from > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[r.from:])]
		r.from = 0
	}
	if cap(r.buf)-len(r.buf) < 512 {
		// A record is at most headerLen+maxCiphertext long, so this ends there.
		grown := make([]byte, len(r.buf), min(max(4096, 2*cap(r.buf)), headerLen+maxCiphertext+512))
		copy(grown, r.buf)
		r.buf = grown
	}
	n, err := r.From.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	r.total += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	if err == io.EOF && len(r.buf) > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Reset makes the Reader ready for another stream and keeps its buffer.
func (r *Reader) Reset(from io.Reader) {
	*r = Reader{From: from, Limit: r.Limit, buf: r.buf[:0]}
}

// Raw gives out what was read and not yet consumed, for a caller who finds that it
// is something else than TLS.
func (r *Reader) Raw() []byte { return r.buf[r.from:] }

// Received is how many bytes have come in.
func (r *Reader) Received() int { return r.total }

// More reads at least one byte more and gives out all that was not yet consumed, as
// Raw does. It is bounded like everything else: by Limit, and by the size of one
// record of SSL 2.0, which is at most 32 kB.
func (r *Reader) More() ([]byte, error) {
	if len(r.buf)-r.from > 1<<15+2 {
		return nil, ErrTooMuch
	}
	if cap(r.buf)-len(r.buf) < 512 {
		r.buf = append(make([]byte, 0, 2*cap(r.buf)+4096), r.buf...)
	}
	err := r.fill()
	return r.Raw(), err
}
