package weblab

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"peil/internal/lab/tlslab"
)

const okHead = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"

// enough is where "without end" ends.
const enough = 1 << 34

// bombPart is sixteen gzip members of 1 MiB of zeros each; members in a row unpack to
// one text.
var bombPart = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	_, _ = w.Write(make([]byte, 1<<20)) // a buffer takes everything
	_ = w.Close()                       // as above
	return bytes.Repeat(b.Bytes(), 16)
})

const bombParts = 640

// torment1 is the hostile side of HTTP/1.1. It ends with the client or the context.
func (s *Server) torment1(ctx context.Context, c net.Conn, t Torment) {
	say := func(text string) bool {
		if c.SetWriteDeadline(time.Now().Add(s.idle)) != nil {
			return false // or a client that reads nothing would hold us for ever
		}
		_, err := c.Write([]byte(text))
		return err == nil
	}
	pour := func(text string) {
		for sent := 0; sent < enough && say(text); sent += len(text) {
		}
	}
	slowly := func(text string) {
		for i := range len(text) {
			if !say(text[i:i+1]) || !pause(ctx, time.Second) {
				return
			}
		}
	}
	switch t {
	case NeverAnswer:
		buf := make([]byte, 512)
		for ctx.Err() == nil && c.SetReadDeadline(time.Now().Add(10*s.idle)) == nil {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	case NeverRead:
		pause(ctx, 10*s.idle)
	case SlowHeaders:
		slowly(okHead + strings.Repeat("X-Slow: 1\r\n", 1000))
	case SlowBody:
		if say(okHead + "Content-Length: 100000\r\n\r\n") {
			slowly(strings.Repeat("z", 100000))
		}
	case EndlessBody:
		if say(okHead + "Connection: close\r\n\r\n") {
			pour(strings.Repeat("<p>en nog wat</p>\n", 1000))
		}
	case EndlessChunks:
		if say(okHead + "Transfer-Encoding: chunked\r\n\r\n") {
			pour(strings.Repeat("1\r\nx\r\n", 1000))
		}
	case EndlessHeaders:
		if say(okHead) {
			pour(strings.Repeat("X-Endless: yes\r\n", 1000))
		}
	case HugeHeader:
		if say(okHead + "X-Huge: ") {
			for sent := 0; sent < 1<<30 && say(strings.Repeat("x", 1<<16)); sent += 1 << 16 {
			}
			say("\r\nContent-Length: 0\r\n\r\n")
		}
	case GzipBomb:
		part := string(bombPart())
		say(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", okHead, bombParts*len(part)))
		for range bombParts {
			if !say(part) {
				return
			}
		}
	case ShortLength:
		say(okHead + "Content-Length: 10\r\n\r\n<p>veel langer dan tien</p>" + strings.Repeat("x", 1000))
	case LongLength:
		say(okHead + "Content-Length: 100000\r\n\r\n<p>veel korter</p>")
	case NeverClose:
		if say(okHead + "Connection: close\r\n\r\n<p>dat was het</p>\n") {
			pause(ctx, 10*s.idle)
		}
	case TwoLengths:
		say(okHead + "Content-Length: 5\r\nContent-Length: 7\r\n\r\n1234567")
	case ChunkGarbage:
		say(okHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\ngeen getal\r\n-1\r\nffffffffffffffffff\r\n")
	case ResetHalfway:
		say(okHead + "Content-Length: 100000\r\n\r\n<p>een begin")
		reset(c)
	case CloseHalfway:
		say("HTTP/1.1 200 OK\r\nContent-Ty")
	case WrongProtocol:
		say("220 mail.lab.test ESMTP ready\r\n")
	case GarbageAnswer:
		b := make([]byte, 4096)
		_, _ = rand.Read(b) // crypto/rand never fails
		say(string(b))
	case EndlessContinue:
		pour(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100))
	case BadStatusLine:
		say("HTTP/9.9 abc\r\nContent-Length: 0\r\n\r\n")
	default:
		if head, endless := framed(t); say(head) && endless != "" {
			pour(endless)
		}
	}
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reset closes the connection with RST, under TLS as well.
func reset(c net.Conn) {
	if t, ok := c.(*tlslab.Conn); ok {
		c = t.Unwrap()
	}
	tlslab.ResetConn(c)
}

// torment2 is the hostile side of HTTP/2, as far as a handler can go; what lies below
// ends the stream.
func (s *Server) torment2(ctx context.Context, w http.ResponseWriter, t Torment) {
	flusher, _ := w.(http.Flusher)
	say := func(b []byte) bool {
		_, err := w.Write(b)
		if flusher != nil {
			flusher.Flush()
		}
		return err == nil
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch t {
	case NeverAnswer, NeverRead, SlowHeaders:
		pause(ctx, 10*s.idle)
	case NeverClose:
		if say([]byte("<p>dat was het</p>\n")) {
			pause(ctx, 10*s.idle)
		}
	case SlowBody:
		for say([]byte("z")) && pause(ctx, time.Second) {
		}
	case EndlessBody, EndlessChunks:
		part := bytes.Repeat([]byte("<p>en nog wat</p>\n"), 500)
		for sent := 0; sent < enough && say(part); sent += len(part) {
		}
	case GzipBomb:
		w.Header().Set("Content-Encoding", "gzip")
		for range bombParts {
			if !say(bombPart()) {
				return
			}
		}
	default:
		panic(http.ErrAbortHandler) // the way in which a handler resets its stream
	}
}
