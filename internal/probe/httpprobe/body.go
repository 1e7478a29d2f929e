package httpprobe

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits of a body.
const (
	maxBody      = 500_000   // decoded bytes that are looked at (catalogue B.4)
	maxEncoded   = 1 << 20   // bytes on the wire that are read to get them
	maxDrain     = 256 << 10 // bytes that are read further to keep the connection
	maxChunkLine = 4096      // a chunk's size with its extensions (RFC 9112 section 7.1.1)
	maxTrailer   = 16 << 10
)

// AcceptEncoding is what requests offer: everything that internet.nl offers and that
// servers use (catalogue B.7).
const AcceptEncoding = "gzip, deflate, br, zstd, compress"

// framing finds how the body of a response to GET ends (RFC 9112 section 6.3).
func framing(h *Head, r *bufio.Reader) (body io.Reader, keep bool, err error) {
	keep = h.Proto == "HTTP/1.1"
	for _, v := range h.values("Connection") {
		for _, t := range strings.Split(v, ",") {
			switch strings.ToLower(strings.TrimSpace(t)) {
			case "close":
				keep = false
			case "keep-alive":
				keep = keep || h.Proto == "HTTP/1.0"
			}
		}
	}
	if h.Status == 204 || h.Status == 304 || h.Status == 101 {
		return strings.NewReader(""), keep && h.Status != 101, nil
	}
	if te := h.values("Transfer-Encoding"); len(te) > 0 {
		codings := strings.Split(strings.ToLower(strings.Join(te, ",")), ",")
		if strings.TrimSpace(codings[len(codings)-1]) == "chunked" {
			return NewChunked(r), keep, nil
		}
		return r, false, nil
	}
	if cl := h.values("Content-Length"); len(cl) > 0 {
		n, err := contentLength(cl)
		if err != nil {
			return nil, false, err
		}
		return &exactly{r: r, left: n}, keep, nil
	}
	return r, false, nil
}

// contentLength reads Content-Length; repeated equal values are one (RFC 9112
// section 6.3).
func contentLength(values []string) (int64, error) {
	all := strings.Split(strings.Join(values, ","), ",")
	first := strings.TrimSpace(all[0])
	for _, v := range all[1:] {
		if strings.TrimSpace(v) != first {
			return 0, fmt.Errorf("%w: contradictory Content-Length", errMalformed)
		}
	}
	n, err := strconv.ParseUint(first, 10, 62)
	if err != nil {
		return 0, fmt.Errorf("%w: Content-Length %q", errMalformed, first)
	}
	return int64(n), nil
}

// exactly reads a body of known length; an end before that is an error.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if errors.Is(err, io.EOF) && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Chunked decodes the chunked transfer coding (RFC 9112 section 7.1), trailer section
// included, so that the connection can be used again after io.EOF.
type Chunked struct {
	r    *bufio.Reader
	left uint64 // of the present chunk
	tail bool   // the present chunk's CRLF is still to come
	err  error
	// overhead counts bytes of framing beyond what honest chunks need, against a
	// server that wraps every byte in a long extension.
	overhead int
}

// NewChunked returns a decoder that reads from r.
func NewChunked(r *bufio.Reader) *Chunked { return &Chunked{r: r} }

// Read implements io.Reader.
func (c *Chunked) Read(p []byte) (int, error) {
	for c.err == nil && c.left == 0 {
		c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if uint64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= uint64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	c.err = err
	return n, err
}

// next reads the head of a chunk and, of the last one, the trailer section.
func (c *Chunked) next() {
	limit := maxChunkLine
	if c.tail {
		line, err := readLine(c.r, &limit)
		if err != nil || len(line) != 0 {
			c.fail(err)
			return
		}
		c.tail = false
	}
	limit = maxChunkLine
	line, err := readLine(c.r, &limit)
	if err != nil {
		c.fail(err)
		return
	}
	size, _, _ := strings.Cut(string(line), ";")
	n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 62)
	if err != nil {
		c.fail(nil)
		return
	}
	c.overhead += len(line) - 16 - int(min(n, maxChunkLine))
	if c.overhead = max(c.overhead, 0); c.overhead > maxTrailer {
		c.fail(nil)
		return
	}
	if n > 0 {
		c.left, c.tail = n, true
		return
	}
	limit = maxTrailer
	for {
		line, err := readLine(c.r, &limit)
		if err != nil {
			c.fail(err)
			return
		}
		if len(line) == 0 {
			c.err = io.EOF
			return
		}
	}
}

func (c *Chunked) fail(err error) {
	switch {
	case err == nil, errors.Is(err, errTooLarge):
		c.err = fmt.Errorf("%w: chunk", errMalformed)
	case errors.Is(err, io.EOF):
		c.err = io.ErrUnexpectedEOF
	default:
		c.err = err
	}
}

// decoded unwraps the content codings of a body (RFC 9110 section 8.4). An unknown
// one ends the unwrapping: known is false then, and the body is as received.
func decoded(codings []string, body io.Reader) (r io.Reader, known bool, err error) {
	r = body
	list := strings.Split(strings.Join(codings, ","), ",")
	if len(list) > 3 {
		return body, false, nil
	}
	for i := len(list) - 1; i >= 0; i-- {
		switch strings.ToLower(strings.TrimSpace(list[i])) {
		case "", "identity":
		case "gzip", "x-gzip":
			if r, err = gzip.NewReader(r); err != nil {
				return nil, true, err
			}
		case "deflate":
			r = inflate(r)
		case "br":
			r = brotli.NewReader(r)
		case "zstd":
			z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxMemory(8<<20), zstd.WithDecoderMaxWindow(8<<20)) // RFC 9659: 8 MiB
			if err != nil {
				return nil, true, err
			}
			r = z.IOReadCloser()
		default:
			return body, false, nil
		}
	}
	return r, true, nil
}

// inflate reads "deflate", which is zlib (RFC 9110 section 8.4.1.2) except where
// servers send bare deflate.
func inflate(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 4096)
	if p, err := b.Peek(2); err == nil && p[0]&0x0f == 8 && (uint(p[0])<<8|uint(p[1]))%31 == 0 {
		if z, err := zlib.NewReader(b); err == nil {
			return z
		}
	}
	return flate.NewReader(b)
}

// content is what was read of a body.
type content struct {
	bytes     []byte
	truncated bool  // there was more, or it could not be decoded to its end
	whole     bool  // the framed body was read to its end: the connection can be used again
	err       error // the connection broke off
}

// watched remembers the error that ended a connection, which decoders hide.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// readContent reads at most limit decoded bytes from a framed body and then what is
// left of the framing, up to maxDrain.
func readContent(codings []string, framed io.Reader, limit int) content {
	var c content
	w := &watched{r: framed}
	raw := &io.LimitedReader{R: w, N: maxEncoded}
	r, _, err := decoded(codings, raw)
	if err == nil {
		c.bytes, err = readUpTo(r, limit)
		if z, ok := r.(io.Closer); ok {
			_ = z.Close() // a decoder's; it holds no connection
		}
	}
	// An empty body is none of any coding, and no error either.
	c.truncated = err != nil && (raw.N < maxEncoded || !errors.Is(err, io.EOF))
	raw.N = maxDrain
	n, err := io.Copy(io.Discard, raw)
	c.whole = err == nil && n < maxDrain
	c.err = w.err
	c.truncated = c.truncated || !c.whole
	return c
}

var errMore = errors.New("more than was asked for")

// readBuffers are for reading bodies before their length is known.
var readBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 64<<10); return &b }}

// readUpTo reads until the end or limit bytes, errMore when there was more. The result
// is no larger than what was read.
func readUpTo(r io.Reader, limit int) ([]byte, error) {
	pooled := readBuffers.Get().(*[]byte) // the pool's only type
	buf := (*pooled)[:0]
	defer func() {
		if cap(buf) <= maxBody+1 {
			*pooled = buf[:0]
			readBuffers.Put(pooled)
		}
	}()
	for {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(2*cap(buf), maxBody+1)), buf...)
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return bytes.Clone(buf[:limit]), errMore
		case errors.Is(err, io.EOF):
			return bytes.Clone(buf), nil
		case err != nil:
			return bytes.Clone(buf), err
		}
	}
}
