package httpprobe

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// script is a connection on which a server says what it was going to say, whatever it
// is asked.
type script struct {
	io.Reader
	sent bytes.Buffer
}

func (s *script) Write(p []byte) (int, error)      { return s.sent.Write(p) }
func (*script) Close() error                       { return nil }
func (*script) LocalAddr() net.Addr                { return nil }
func (*script) RemoteAddr() net.Addr               { return nil }
func (*script) SetDeadline(time.Time) error        { return nil }
func (*script) SetReadDeadline(_ time.Time) error  { return nil }
func (*script) SetWriteDeadline(_ time.Time) error { return nil }

// serverSays writes frames as a server would.
func serverSays(f func(*http2.Framer, func(...hpack.HeaderField) []byte)) []byte {
	var b, block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	f(http2.NewFramer(&b, nil), func(fields ...hpack.HeaderField) []byte {
		block.Reset()
		for _, x := range fields {
			_ = enc.WriteField(x)
		}
		return bytes.Clone(block.Bytes())
	})
	return b.Bytes()
}

func ask(b []byte) (*Head, string, *h2Conn, *script, error) {
	s := &script{Reader: bytes.NewReader(b)}
	h := newH2Conn(s)
	head, body, err := h.get("https", request{host: siteName, path: "/"}, "Peil/test")
	if err != nil {
		return nil, "", h, s, err
	}
	text, err := readUpTo(body, maxBody)
	return head, string(text), h, s, err
}

func status(code string, more ...hpack.HeaderField) []hpack.HeaderField {
	return append([]hpack.HeaderField{{Name: ":status", Value: code}}, more...)
}

func good(f *http2.Framer, block func(...hpack.HeaderField) []byte) {
	_ = f.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
	_ = f.WritePing(false, [8]byte{1})
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(status("103")...), EndHeaders: true})
	fields := status("200", hpack.HeaderField{Name: "server", Value: "x"}, hpack.HeaderField{Name: "set-cookie", Value: "a=1"}, hpack.HeaderField{Name: "set-cookie", Value: "b=2"})
	all := block(fields...)
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: all[:3]})
	_ = f.WriteContinuation(1, true, all[3:])
	_ = f.WriteData(1, false, []byte("hello "))
	_ = f.WriteDataPadded(1, false, []byte("world"), make([]byte, 9))
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(hpack.HeaderField{Name: "trailer", Value: "x"}), EndHeaders: true, EndStream: true})
}

func TestHTTP2(t *testing.T) {
	head, body, h, s, err := ask(serverSays(good))
	if err != nil || head.Status != 200 || body != "hello world" || head.Proto != "HTTP/2.0" {
		t.Fatalf("%+v %q %v", head, body, err)
	}
	if v := head.values("Set-Cookie"); len(v) != 2 || v[1] != "b=2" || head.first("Server") != "x" {
		t.Errorf("%+v", head.Lines)
	}
	if h.closing || !strings.HasPrefix(s.sent.String(), http2.ClientPreface) {
		t.Error("cannot be used again, or said no preface")
	}
}

func TestHTTP2ThatGoesWrong(t *testing.T) {
	for name, f := range map[string]func(*http2.Framer, func(...hpack.HeaderField) []byte){
		"goes away": func(f *http2.Framer, _ func(...hpack.HeaderField) []byte) {
			_ = f.WriteSettings()
			_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil)
		},
		"resets": func(f *http2.Framer, _ func(...hpack.HeaderField) []byte) {
			_ = f.WriteRSTStream(1, http2.ErrCodeInternal)
		},
		"floods with pings": func(f *http2.Framer, _ func(...hpack.HeaderField) []byte) {
			for range 2 * h2MaxControl {
				_ = f.WritePing(false, [8]byte{})
			}
		},
		"has no status": func(f *http2.Framer, block func(...hpack.HeaderField) []byte) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(hpack.HeaderField{Name: "server", Value: "x"}), EndHeaders: true})
		},
		"pushes": func(f *http2.Framer, block func(...hpack.HeaderField) []byte) {
			_ = f.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: block(status("200")...), EndHeaders: true})
		},
		"sends data first": func(f *http2.Framer, _ func(...hpack.HeaderField) []byte) { _ = f.WriteData(1, true, []byte("x")) },
		"too many fields": func(f *http2.Framer, block func(...hpack.HeaderField) []byte) {
			var fields []hpack.HeaderField
			for range 2 * maxHeadLines {
				fields = append(fields, hpack.HeaderField{Name: "x", Value: "y"})
			}
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(status("200", fields...)...), EndHeaders: true})
		},
		"nothing": func(*http2.Framer, func(...hpack.HeaderField) []byte) {},
	} {
		t.Run(name, func(t *testing.T) {
			if head, body, _, _, err := ask(serverSays(f)); err == nil {
				t.Errorf("%+v %q", head, body)
			}
		})
	}
}

func FuzzHTTP2(f *testing.F) {
	f.Add(serverSays(good))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		head, body, _, s, err := ask(b)
		if err == nil && (head.Status < 200 || len(head.Lines) > maxHeadLines || len(body) > len(b)) {
			t.Errorf("%+v %d bytes", head, len(body))
		}
		if s.sent.Len() > 64<<10 {
			t.Errorf("answered with %d bytes", s.sent.Len())
		}
	})
}
