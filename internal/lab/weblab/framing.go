package weblab

import (
	"bytes"
	"compress/zlib"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// framed gives the torments that are nothing but bytes: what is said once, and what is
// said after it without end. They play with how a message is delimited or packed (RFC
// 9112 sections 5 to 7, RFC 9110 section 8.4).
func framed(t Torment) (once, endless string) {
	const chunked = okHead + "Transfer-Encoding: chunked\r\n\r\n"
	page := "<!doctype html><title>Welkom</title><p>welkom</p>\n"
	switch t {
	case DeflateBomb:
		b := bombs()
		return okHead + "Content-Encoding: deflate\r\nConnection: close\r\n\r\n" + b.deflate[0], b.deflate[1]
	case BrotliBomb:
		b := bombs()
		return okHead + "Content-Encoding: br\r\nConnection: close\r\n\r\n" + b.brotli[0], b.brotli[1]
	case ZstdBomb: // RFC 8878 section 3.1.1: a window of 1 MiB, and blocks of one byte repeated
		return okHead + "Content-Encoding: zstd\r\nConnection: close\r\n\r\n" + zstdFrame(10), strings.Repeat(zstdRun, 1000)
	case ZstdWindow:
		return okHead + "Content-Encoding: zstd\r\nConnection: close\r\n\r\n" + zstdFrame(21), strings.Repeat(zstdRun, 1000)
	case NestedCodings:
		return okHead + "Content-Encoding: " + strings.Repeat("gzip, ", 500) + "gzip\r\nContent-Length: 20\r\n\r\n" + strings.Repeat("x", 20), ""
	case ChunkHuge:
		return chunked + "ffffffffffffffff\r\n" + page, strings.Repeat("x", 1<<14)
	case ChunkNegative:
		return chunked + "-1\r\n" + page + "\r\n0\r\n\r\n", ""
	case ChunkExtensions:
		return chunked, strings.Repeat("1;"+strings.Repeat("e", 4000)+"\r\nx\r\n", 4)
	case ChunkTrailers:
		return chunked + "3\r\nabc\r\n0\r\n", strings.Repeat("X-Trailer: yes\r\n", 1000)
	case HugeLength:
		return okHead + "Content-Length: 99999999999999999999999\r\n\r\n" + page, ""
	case NegativeLength:
		return okHead + "Content-Length: -1\r\n\r\n" + page, ""
	case BothFramings:
		return okHead + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", ""
	case SmuggledAnswer:
		return okHead + "Content-Length: 3\r\n\r\nabcHTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", ""
	case SmuggledHeaders:
		return okHead + "X-Bare: a\rStrict-Transport-Security: max-age=1\r\nX-Nul: a\x00b\r\nX-Folded: a\r\n Location: http://127.0.0.1/\r\n" +
			"Location\x00: http://127.0.0.1/\r\n: nameless\r\nX Blank: b\r\nContent-Length: 3\r\n\r\nabc", ""
	case OldHTTP:
		return page, ""
	case Icecast:
		return "ICY 200 OK\r\nicy-name: Radio\r\nContent-Type: audio/mpeg\r\n\r\n", strings.Repeat("\xff\xfb\x90\x00", 1000)
	case SpeaksHTTP2: // an empty SETTINGS frame (RFC 9113 section 6.5)
		return "\x00\x00\x00\x04\x00\x00\x00\x00\x00", ""
	}
	return "", ""
}

// zstdFrame is the head of a frame with a window of 2^(10+exponent) bytes, without a
// checksum and of unknown length (RFC 8878 section 3.1.1.1).
func zstdFrame(exponent byte) string {
	return "\x28\xb5\x2f\xfd\x00" + string([]byte{exponent << 3})
}

// zstdRun is a block of one byte 131,072 times (RFC 8878 section 3.1.1.2).
const zstdRun = "\x02\x00\x10z"

// bomb are streams of zeros in the codings that cannot be put one behind the other: the
// beginning, and a piece that may follow without end.
type bomb struct{ deflate, brotli [2]string }

var bombs = sync.OnceValue(func() bomb {
	zeros := make([]byte, 1<<20)
	// A flush ends a piece at a byte; the second is like all that follow, since the same
	// zeros lie before it.
	pieces := func(b *bytes.Buffer, write func([]byte) (int, error), flush func() error) (p [2]string) {
		for i := range p {
			b.Reset()
			_, _ = write(zeros) // a buffer takes everything
			_ = flush()         // as above
			p[i] = b.String()
		}
		return p
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	out := bomb{deflate: pieces(&b, z.Write, z.Flush)}
	w := brotli.NewWriterLevel(&b, 5)
	out.brotli = pieces(&b, w.Write, w.Flush)
	return out
})
