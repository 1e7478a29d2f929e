package weblab

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// isH2 reports whether a torment plays below the handler of HTTP/2.
func (t Torment) isH2() bool { return strings.HasPrefix(string(t), "h2_") }

// tormentFrames speaks HTTP/2 (RFC 9113) as no server should. It ends with the client or
// the context.
func (s *Server) tormentFrames(ctx context.Context, c net.Conn, t Torment) {
	say := func(b []byte) bool {
		if ctx.Err() != nil || c.SetDeadline(time.Now().Add(s.idle)) != nil {
			return false
		}
		_, err := c.Write(b)
		return err == nil
	}
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(c, preface); err != nil || !say(frame(http2.FrameSettings, 0, 0, nil)) {
		return
	}
	done := make(chan struct{})
	go func() { // what the client says is not listened to, but taken
		defer close(done)
		_, _ = io.Copy(io.Discard, io.LimitReader(c, 1<<20)) // its end ends us
		_ = c.Close()                                        // as above
	}()
	once, endless := frames(t)
	if say(once) {
		for sent := 0; sent < enough && say(endless); sent += len(endless) {
		}
	}
	_ = c.Close() // or the reader would stay
	<-done
}

// frames are what is said once, and what is said after it without end.
func frames(t Torment) (once, endless []byte) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	field := func(name, value string) {
		_ = e.WriteField(hpack.HeaderField{Name: name, Value: value}) // a buffer takes everything
	}
	field(":status", "200")
	const stream = 1 // the first request of a client
	switch t {
	case H2Settings:
		return nil, bytes.Repeat(frame(http2.FrameSettings, 0, 0, []byte{0, 4, 0, 0, 0xff, 0xff}), 500)
	case H2Pings:
		return nil, bytes.Repeat(frame(http2.FramePing, 0, 0, make([]byte, 8)), 500)
	case H2Continuation:
		once = frame(http2.FrameHeaders, 0, stream, block.Bytes())
		block.Reset()
		for range 100 {
			field("x-more", "of the same")
		}
		return once, bytes.Repeat(frame(http2.FrameContinuation, 0, stream, block.Bytes()), 100)
	case H2HeaderBomb:
		field("x-bomb", strings.Repeat("b", 4000))
		field("x-bomb", strings.Repeat("b", 4000)) // from the table from now on: one byte
		block.Write(bytes.Repeat([]byte{0xbe}, 12000))
		return frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, block.Bytes()), frame(http2.FrameData, 0, stream, make([]byte, 1000))
	case H2EmptyData:
		return frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, block.Bytes()), bytes.Repeat(frame(http2.FrameData, 0, stream, nil), 1000)
	case H2Pushes:
		promise := binary.BigEndian.AppendUint32(nil, 2)
		return nil, bytes.Repeat(frame(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, stream, append(promise, block.Bytes()...)), 200)
	case H2HugeFrame:
		return frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, block.Bytes()), frame(http2.FrameData, 0, stream, make([]byte, 1<<24-1))
	}
	return nil, frame(http2.FramePing, 0, 0, make([]byte, 8))
}

// frame is one frame (RFC 9113 section 4.1).
func frame(kind http2.FrameType, flags http2.Flags, stream uint32, payload []byte) []byte {
	n := len(payload)
	b := []byte{byte(n >> 16), byte(n >> 8), byte(n), byte(kind), byte(flags)}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}
