package httpprobe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// errH2 is a server that chose h2 and then did not speak it.
var errH2 = errors.New("not HTTP/2")

// Limits of HTTP/2. The windows are larger than all that is ever read, so that no
// window update is owed; the number of frames stops floods of small ones.
const (
	h2StreamWindow = 2 << 20
	h2ConnWindow   = 8 << 20
	h2MaxControl   = 200 // servers that work send fewer than ten
	h2MaxFrames    = 20_000
)

// h2Conn speaks HTTP/2 (RFC 9113) as a client, one request after the other.
type h2Conn struct {
	c       net.Conn
	out     bytes.Buffer // frames waiting to be written in one go
	fr      *http2.Framer
	enc     *hpack.Encoder
	encBuf  bytes.Buffer
	stream  uint32 // of the present request; 0 before the first
	control int    // control frames received
	frames  int
	closing bool // GOAWAY or an error: no further request
}

func newH2Conn(c net.Conn) *h2Conn {
	h := &h2Conn{c: c}
	h.fr = http2.NewFramer(&h.out, c)
	h.fr.SetMaxReadFrameSize(16 << 10)
	h.fr.SetReuseFrames()
	h.fr.MaxHeaderListSize = maxHeadBytes
	h.fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	h.enc = hpack.NewEncoder(&h.encBuf)
	return h
}

// get sends a request and reads the head of the response.
func (h *h2Conn) get(scheme string, q request, agent string) (*Head, io.Reader, error) {
	if h.stream == 0 {
		h.out.WriteString(http2.ClientPreface)
		// Writing into a bytes.Buffer does not fail.
		_ = h.fr.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: h2StreamWindow},
			http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: maxHeadBytes})
		_ = h.fr.WriteWindowUpdate(0, h2ConnWindow)
		h.stream = 1
	} else {
		h.stream += 2
	}
	h.encBuf.Reset()
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: scheme},
		{Name: ":authority", Value: q.host},
		{Name: ":path", Value: q.path},
		{Name: "user-agent", Value: agent},
		{Name: "accept", Value: "*/*"},
		{Name: "accept-encoding", Value: AcceptEncoding},
		{Name: "cookie", Value: q.cookie, Sensitive: true},
	} {
		if f.Value != "" {
			_ = h.enc.WriteField(f)
		}
	}
	if h.encBuf.Len() > 16<<10 {
		return nil, nil, fmt.Errorf("%w: request too long for one frame", errH2)
	}
	_ = h.fr.WriteHeaders(http2.HeadersFrameParam{
		StreamID: h.stream, BlockFragment: h.encBuf.Bytes(), EndStream: true, EndHeaders: true,
	})
	if err := h.flush(); err != nil {
		return nil, nil, err
	}
	for range maxInterim {
		f, err := h.next()
		if err != nil {
			return nil, nil, err
		}
		m, ok := f.(*http2.MetaHeadersFrame)
		if !ok {
			return nil, nil, h.fail("data before headers")
		}
		if m.Truncated {
			h.closing = true
			return nil, nil, errTooLarge
		}
		head, err := h2Head(m)
		if err != nil {
			h.closing = true
			return nil, nil, err
		}
		if head.Status < 200 {
			continue
		}
		return head, &h2Body{h: h, stream: h.stream, done: m.StreamEnded()}, nil
	}
	return nil, nil, h.fail("nothing but interim responses")
}

// h2Head makes a Head of the fields of a response.
func h2Head(m *http2.MetaHeadersFrame) (*Head, error) {
	status, err := strconv.Atoi(m.PseudoValue("status"))
	if err != nil || status < 100 || status > 999 {
		return nil, fmt.Errorf("%w: no status", errH2)
	}
	head := &Head{Proto: "HTTP/2.0", Status: status}
	for _, f := range m.RegularFields() {
		if len(head.Lines) >= maxHeadLines {
			return nil, errTooLarge
		}
		head.Lines = append(head.Lines, Line{canonical(f.Name), text([]byte(f.Value))})
	}
	return head, nil
}

func (h *h2Conn) fail(what string) error {
	h.closing = true
	return fmt.Errorf("%w: %s", errH2, what)
}

// ended is what it means that the server ended a stream or the connection before it had
// answered. Where it says that we break the protocol, or that it wants another one, it
// does not speak HTTP/2 as we do; a server that is busy, or restarts, merely broke off
// (RFC 9113 sections 6.8, 7 and 8.7).
func (h *h2Conn) ended(how string, code http2.ErrCode) error {
	switch code {
	case http2.ErrCodeNo, http2.ErrCodeInternal, http2.ErrCodeRefusedStream, http2.ErrCodeCancel, http2.ErrCodeEnhanceYourCalm:
		h.closing = true
		return fmt.Errorf("%w: %s %s", io.ErrUnexpectedEOF, how, code)
	}
	return h.fail(how + ": " + code.String())
}

// next returns the next HEADERS or DATA frame of the present stream and deals with
// all others.
func (h *h2Conn) next() (http2.Frame, error) {
	for {
		f, err := h.fr.ReadFrame()
		if err != nil {
			h.closing = true
			var se http2.StreamError
			var ce http2.ConnectionError
			if errors.As(err, &se) || errors.As(err, &ce) || errors.Is(err, http2.ErrFrameTooLarge) {
				return nil, fmt.Errorf("%w: %w", errH2, err)
			}
			if errors.Is(err, io.EOF) { // which would be the end of a body
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if h.frames++; h.frames > h2MaxFrames {
			return nil, h.fail("too many frames")
		}
		if f.Header().StreamID == h.stream {
			switch f := f.(type) {
			case *http2.MetaHeadersFrame, *http2.DataFrame:
				return f, nil
			case *http2.RSTStreamFrame:
				return nil, h.ended("stream reset", f.ErrCode)
			}
		}
		if err := h.controlFrame(f); err != nil {
			return nil, err
		}
	}
}

func (h *h2Conn) controlFrame(f http2.Frame) error {
	if _, ok := f.(*http2.DataFrame); ok {
		return nil // of a stream that we cancelled
	}
	if h.control++; h.control > h2MaxControl {
		return h.fail("too many control frames")
	}
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return nil
		}
		if size, ok := f.Value(http2.SettingHeaderTableSize); ok {
			h.enc.SetMaxDynamicTableSizeLimit(size)
		}
		_ = h.fr.WriteSettingsAck()
		return h.flush()
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		_ = h.fr.WritePing(true, f.Data)
		return h.flush()
	case *http2.GoAwayFrame:
		h.closing = true
		if f.LastStreamID < h.stream {
			return h.ended("GOAWAY", f.ErrCode)
		}
	case *http2.PushPromiseFrame:
		return h.fail("push that was forbidden")
	}
	return nil
}

func (h *h2Conn) flush() error {
	_, err := h.c.Write(h.out.Bytes())
	h.out.Reset()
	return err
}

// cancel tells the server to send no more of a stream (RFC 9113 section 6.4).
func (h *h2Conn) cancel(stream uint32) {
	_ = h.fr.WriteRSTStream(stream, http2.ErrCodeCancel)
	if h.flush() != nil {
		h.closing = true
	}
}

// h2Body reads the DATA of one stream.
type h2Body struct {
	h      *h2Conn
	stream uint32
	rest   []byte // of the present frame; valid until the next one is read
	done   bool
}

func (b *h2Body) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.done {
			return 0, io.EOF
		}
		f, err := b.h.next()
		if err != nil {
			return 0, err
		}
		switch f := f.(type) {
		case *http2.DataFrame:
			b.rest, b.done = f.Data(), f.StreamEnded()
		case *http2.MetaHeadersFrame: // trailers
			b.done = true
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}
