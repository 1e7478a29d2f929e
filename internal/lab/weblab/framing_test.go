package weblab

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// TestBombsAreBombs unpacks the beginning of each by a decoder that we did not write: a
// bomb that does not unpack torments nobody.
func TestBombsAreBombs(t *testing.T) {
	for _, c := range []struct {
		torment Torment
		open    func(io.Reader) (io.Reader, error)
	}{
		{DeflateBomb, func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
		{BrotliBomb, func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }},
		{ZstdBomb, func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) }},
	} {
		once, endless := framed(c.torment)
		_, body, _ := strings.Cut(once, "\r\n\r\n")
		packed := body + endless + endless + endless
		r, err := c.open(strings.NewReader(packed))
		if err != nil {
			t.Errorf("%s: %v", c.torment, err)
			continue
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, 3<<20))
		if n != 3<<20 {
			t.Errorf("%s: %d bytes from %d: %v", c.torment, n, len(packed), err)
		}
		if len(endless)*200 > 1<<20 && c.torment != ZstdBomb {
			t.Errorf("%s: a piece of %d bytes for 1 MiB", c.torment, len(endless))
		}
	}
}

// TestFramesAreFrames reads the frames by a parser that we did not write, and the header
// bomb as far as it means something.
func TestFramesAreFrames(t *testing.T) {
	for _, torment := range []Torment{H2Settings, H2Pings, H2Continuation, H2HeaderBomb, H2EmptyData, H2Pushes, H2HugeFrame} {
		if !torment.isH2() {
			t.Errorf("%s is not known as one of HTTP/2", torment)
		}
		once, endless := frames(torment)
		f := http2.NewFramer(io.Discard, io.MultiReader(bytes.NewReader(once), bytes.NewReader(endless)))
		f.AllowIllegalReads = true
		f.SetMaxReadFrameSize(1<<24 - 1)
		n := 0
		for {
			fr, err := f.ReadFrame()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: frame %d: %v", torment, n, err)
				break
			}
			if h, ok := fr.(*http2.HeadersFrame); ok && torment == H2HeaderBomb {
				size := 0
				d := hpack.NewDecoder(4096, func(f hpack.HeaderField) { size += len(f.Value) })
				if _, err := d.Write(h.HeaderBlockFragment()); err != nil || size < 40<<20 {
					t.Errorf("%s: %d bytes of headers from %d: %v", torment, size, len(h.HeaderBlockFragment()), err)
				}
			}
			n++
		}
		if n == 0 {
			t.Errorf("%s: no frames", torment)
		}
	}
}
