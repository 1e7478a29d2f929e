package tlslab

import (
	"bytes"
	"crypto/tls"
	"slices"
	"testing"

	"peil/internal/fact"
)

func TestHelloOfTheStandardLibraryIsRead(t *testing.T) {
	h, err := parseHello(helloOf(t, &tls.Config{ServerName: site, NextProtos: []string{"h2"}})[5:])
	if err != nil {
		t.Fatal(err)
	}
	if h.serverName != site || !slices.Equal(h.alpn, []string{"h2"}) || !slices.Contains(h.versions, fact.TLS13) ||
		!slices.Contains(h.groups, fact.X25519MLKEM768) || len(h.shares) != 2 || !h.has(extEMS) || !h.offers(0xC02B) || h.unknown {
		t.Errorf("%+v", h)
	}
}

func TestSSL2Hello(t *testing.T) {
	h, err := parseSSL2Hello([]byte("\x01\x03\x01\x00\x06\x00\x00\x00\x10\x01\x00\x80\x00\x00\x2f0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	if h.version != fact.TLS10 || !slices.Equal(h.suites, []fact.Suite{fact.SSL2Suite(0x010080), 0x002F}) ||
		!bytes.Equal(h.random, append(make([]byte, 16), "0123456789abcdef"...)) {
		t.Errorf("%+v", h)
	}
}

func FuzzParseHello(f *testing.F) {
	f.Add(helloOf(f, &tls.Config{ServerName: site})[5:])
	f.Add(helloOf(f, &tls.Config{ServerName: site, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10})[5:])
	f.Add([]byte("\x01\x03\x01\x00\x06\x00\x00\x00\x10\x01\x00\x80\x00\x00\x2f0123456789abcdef"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := parseHello(b); err == nil {
			if len(h.random) != 32 || h.pskCut < 0 || h.pskCut > len(h.raw) || len(h.compressions) == 0 {
				t.Errorf("%+v", h)
			}
		}
		if h, err := parseSSL2Hello(b); err == nil && len(h.random) != 32 {
			t.Errorf("%+v", h)
		}
	})
}
