package routes

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// The PDUs of the RPKI to router protocol (RFC 8210 section 5).
const (
	pduSerialNotify  = 0
	pduResetQuery    = 2
	pduCacheResponse = 3
	pduIPv4Prefix    = 4
	pduIPv6Prefix    = 6
	pduEndOfData     = 7
	pduCacheReset    = 8
	pduRouterKey     = 9
	pduErrorReport   = 10
)

// Error codes (RFC 8210 section 12).
const (
	rtrCorrupt          = 0
	rtrNoData           = 2
	rtrBadVersion       = 4
	rtrUnsupportedPDU   = 5
	rtrUnknownWithdrawn = 6
	rtrOtherVersion     = 8
)

const (
	rtrHeader = 8
	// maxPDU bounds a PDU. The longest sensible one is an error report that quotes
	// another PDU and has a text.
	maxPDU = 1 << 16
	// maxNotify bounds the notifications before an answer, which say nothing.
	maxNotify = 16
	// maxData bounds the PDUs of an answer: four times the 800,000 VRPs of today.
	maxData = 3_200_000
)

// ErrRTRVersion means that the cache speaks version 0 only (RFC 6810) and closed the
// connection instead of going on: connect again and call ReadRTR with version 0.
var ErrRTRVersion = errors.New("the RTR cache does not speak this version")

// ErrRTRNoData means that the cache has nothing yet: it has just begun.
var ErrRTRNoData = errors.New("the RTR cache has no data yet")

// ReadRTR asks an RTR cache for all its VRPs and adds them to a builder. It speaks
// version 1 (RFC 8210) and goes down to version 0 (RFC 6810) when the cache says so;
// with version 0 it begins there. The caller makes the connection, and with its
// deadlines bounds the time.
func ReadRTR(conn io.ReadWriter, v uint8, b *VRPBuilder) (Report, error) {
	if v > 1 {
		return Report{}, fmt.Errorf("RTR version %d is not spoken here", v)
	}
	s := &rtr{conn: conn, in: bufio.NewReaderSize(conn, maxPDU), version: v}
	rep, err := s.read(b)
	if e := (*rtrFault)(nil); errors.As(err, &e) && e.tell {
		s.report(e)
	}
	if err != nil {
		return rep, fmt.Errorf("reading from the RTR cache: %w", err)
	}
	return rep, nil
}

// rtr is a session with a cache.
type rtr struct {
	conn    io.Writer
	in      *bufio.Reader
	version uint8
	buf     [maxPDU]byte
}

// pdu is one PDU: word is session, flags or error code, as its type has it.
type pdu struct {
	version, kind uint8
	word          uint16
	body          []byte // valid until the next one is read
	all           []byte
}

// rtrFault is something wrong with what the cache sent. tell is set when the protocol
// wants it reported: all but errors about error reports.
type rtrFault struct {
	code uint16
	text string
	pdu  []byte
	tell bool
}

// Error says what was wrong.
func (e *rtrFault) Error() string { return e.text }

func fault(code uint16, p pdu, format string, args ...any) error {
	return &rtrFault{code: code, text: fmt.Sprintf(format, args...), pdu: p.all, tell: p.kind != pduErrorReport}
}

func (s *rtr) read(b *VRPBuilder) (Report, error) {
	var rep Report
	session, err := s.begin()
	if err != nil {
		return rep, err
	}
	for range maxData {
		p, err := s.next()
		if err != nil {
			return rep, err
		}
		if p.version != s.version {
			return rep, fault(rtrOtherVersion, p, "a PDU of version %d in a session of version %d", p.version, s.version)
		}
		switch p.kind {
		case pduIPv4Prefix, pduIPv6Prefix:
			v, err := prefixPDU(p)
			if err != nil {
				return rep, err
			}
			if err := b.Add(v); err != nil {
				if errors.Is(err, errTooMany) {
					return rep, err
				}
				return rep, fault(rtrCorrupt, p, "%v", err)
			}
			rep.Records++
		case pduRouterKey: // for path validation, which is not asked here
		case pduSerialNotify: // may come at any time and is of no use here
		case pduEndOfData:
			want := 4
			if s.version == 1 {
				want = 16
			}
			if p.word != session || len(p.body) != want {
				return rep, fault(rtrCorrupt, p, "end of data of %d bytes and session %d, want %d and %d", len(p.body), p.word, want, session)
			}
			return rep, nil
		default:
			return rep, fault(rtrUnsupportedPDU, p, "PDU type %d where data is expected", p.kind)
		}
	}
	return rep, fmt.Errorf("%d records and no end: the internet has no such number of VRPs", maxData)
}

// begin asks for everything and returns the session that the answer belongs to.
func (s *rtr) begin() (session uint16, err error) {
	if err := s.query(); err != nil {
		return 0, err
	}
	lowered := false
	for range maxNotify {
		p, err := s.next()
		var down *rtrLower
		switch {
		case errors.As(err, &down) && !lowered:
			// RFC 8210 section 7: go down to what the cache speaks.
			s.version, lowered = 0, true
			if err := s.query(); err != nil {
				return 0, fmt.Errorf("%w: %w", ErrRTRVersion, err)
			}
			continue
		case err != nil && lowered:
			return 0, fmt.Errorf("%w: %w", ErrRTRVersion, err)
		case err != nil:
			return 0, err
		}
		switch p.kind {
		case pduCacheResponse:
			if len(p.body) != 0 {
				return 0, fault(rtrCorrupt, p, "cache response of %d bytes", len(p.all))
			}
			// A cache of the older version may simply answer in it.
			s.version = p.version
			return p.word, nil
		case pduSerialNotify:
		default:
			return 0, fault(rtrUnsupportedPDU, p, "PDU type %d where a cache response is expected", p.kind)
		}
	}
	return 0, errors.New("notifications and no answer")
}

// rtrLower is the cache's word that it speaks version 0 only.
type rtrLower struct{ text string }

func (e *rtrLower) Error() string { return "unsupported protocol version: " + e.text }

func (s *rtr) query() error {
	_, err := s.conn.Write([]byte{s.version, pduResetQuery, 0, 0, 0, 0, 0, rtrHeader})
	return err
}

// next reads a PDU. Error reports become errors here.
func (s *rtr) next() (pdu, error) {
	h := s.buf[:rtrHeader]
	if _, err := io.ReadFull(s.in, h); err != nil {
		return pdu{}, unexpected(err)
	}
	p := pdu{version: h[0], kind: h[1], word: binary.BigEndian.Uint16(h[2:]), all: h}
	n := binary.BigEndian.Uint32(h[4:])
	if n < rtrHeader || n > maxPDU {
		return pdu{}, fault(rtrCorrupt, p, "a PDU of %d bytes", n)
	}
	p.all = s.buf[:n]
	p.body = p.all[rtrHeader:]
	if _, err := io.ReadFull(s.in, p.body); err != nil {
		return pdu{}, unexpected(err)
	}
	if p.kind == pduErrorReport {
		return pdu{}, s.errorReport(p)
	}
	if p.version > s.version {
		return pdu{}, fault(rtrBadVersion, p, "a PDU of version %d", p.version)
	}
	return p, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// errorReport reads what the cache complains of (RFC 8210 section 5.11).
func (s *rtr) errorReport(p pdu) error {
	text := ""
	if rest := p.body; len(rest) >= 4 {
		n := uint64(binary.BigEndian.Uint32(rest))
		if rest = rest[4:]; n+4 <= uint64(len(rest)) {
			rest = rest[n:]
			n := uint64(binary.BigEndian.Uint32(rest))
			if rest = rest[4:]; n <= uint64(len(rest)) {
				text = printable(rest[:min(n, 200)])
			}
		}
	}
	switch {
	case p.word == rtrNoData:
		return ErrRTRNoData
	case p.word == rtrBadVersion && s.version == 1:
		return &rtrLower{text}
	}
	return fmt.Errorf("the RTR cache reports error %d %q", p.word, text)
}

// printable keeps a text from the network from commanding a terminal.
func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(b), "?"))
}

// prefixPDU reads an IPv4 or IPv6 prefix (RFC 8210 sections 5.6 and 5.7).
func prefixPDU(p pdu) (VRP, error) {
	size := 4
	if p.kind == pduIPv6Prefix {
		size = 16
	}
	if len(p.body) != 8+size {
		return VRP{}, fault(rtrCorrupt, p, "a prefix PDU of %d bytes", len(p.all))
	}
	if p.body[0]&1 == 0 {
		return VRP{}, fault(rtrUnknownWithdrawn, p, "a withdrawal in answer to a reset query")
	}
	a, _ := netip.AddrFromSlice(p.body[4 : 4+size])
	v := VRP{
		Prefix: netip.PrefixFrom(a, int(p.body[1])), MaxLength: int(p.body[2]),
		Origin: binary.BigEndian.Uint32(p.body[4+size:]),
	}
	if !v.Prefix.IsValid() {
		return VRP{}, fault(rtrCorrupt, p, "a prefix of length %d", p.body[1])
	}
	return v, nil
}

// report tells the cache what was wrong with its PDU. That it may not arrive does
// not matter: the session is over.
func (s *rtr) report(e *rtrFault) {
	quoted := e.pdu[:min(len(e.pdu), 128)]
	n := rtrHeader + 4 + len(quoted) + 4 + len(e.text)
	out := make([]byte, 0, n)
	out = append(out, s.version, pduErrorReport)
	out = binary.BigEndian.AppendUint16(out, e.code)
	out = binary.BigEndian.AppendUint32(out, uint32(n))           // some hundred bytes
	out = binary.BigEndian.AppendUint32(out, uint32(len(quoted))) // at most 128
	out = append(out, quoted...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(e.text))) // our own text
	out = append(out, e.text...)
	_, _ = s.conn.Write(out)
}
