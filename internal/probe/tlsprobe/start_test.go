package tlsprobe

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
)

// One connection at a time learns as much as six, with no more connections.
func TestOneConnectionAtATimeLearnsTheSame(t *testing.T) {
	for _, kind := range []string{"rsa", "ecdsa"} {
		addr := goServer(t, &tls.Config{Certificates: []tls.Certificate{testCA().issue(kind, nil)}, MinVersion: tls.VersionTLS10})
		truth, _ := probe(t, addr, Full())
		f, _ := prober(t, nil).Probe(t.Context(), Target{Addr: addr, ServerName: testName, Subject: subject(t, quickLimits()), Parallel: 1}, Full())
		same(t, kind, truth, f)
		if f.Connections > truth.Connections {
			t.Errorf("%s: %d connections, %d with six at a time", kind, f.Connections, truth.Connections)
		}
	}
}

// starts is a plain dialogue before TLS: the server says a letter, the client answers.
func starts(ctx context.Context, c net.Conn) error {
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	b := make([]byte, 1)
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if b[0] == '-' {
		return &StartError{fact.GapTemporary, errors.New("not now")}
	}
	_, err := c.Write(b)
	return err
}

// A connection that does not come to where TLS begins says nothing of the hello: it is
// tried once more, and then all is left as it is, with the reason.
func TestConnectionsThatDoNotComeToTLS(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS12}
	truth, _ := probe(t, goServer(t, cfg), Full())
	for name, x := range map[string]struct {
		refuse func(c net.Conn)
		gap    fact.Gap
	}{
		"put off": {func(c net.Conn) { _, _ = c.Write([]byte("-")) }, fact.GapTemporary},
		"reset":   {reset, fact.GapBlocked},
		"end":     {func(net.Conn) {}, fact.GapBlocked},
	} {
		for _, after := range []int32{0, 1, 4, 8} {
			for _, once := range []bool{true, false} {
				var n atomic.Int32
				addr := listen(t, func(c net.Conn) {
					if k := n.Add(1); k == after+1 || k > after && !once {
						x.refuse(c)
						return
					}
					b := make([]byte, 1)
					if _, err := c.Write([]byte("+")); err != nil {
						return
					}
					if _, err := io.ReadFull(c, b); err == nil {
						handshake(c, cfg)
					}
				})
				f, _ := prober(t, nil).Probe(t.Context(), Target{
					Addr: addr, ServerName: testName, Subject: subject(t, quickLimits()), Parallel: 1, Start: starts, Goodbye: "bye\n",
				}, Full())
				if once {
					same(t, name, truth, f)
					continue
				}
				if k := n.Load(); k != after+2 {
					t.Errorf("%s after %d: %d connections", name, after, k)
				}
				if after == 0 {
					if f.Working != (fact.Observed{Gap: x.gap}) {
						t.Errorf("%s: %+v", name, f.Working)
					}
					continue
				}
				notWorse(t, name, truth, f)
				if f.FallbackSCSV.Answer != "" || f.KexHashSHA1.Missing() && f.KexHashSHA1.Gap != x.gap && f.KexHashSHA1.Gap != fact.GapBlocked {
					t.Errorf("%s after %d: SHA-1 %+v", name, after, f.KexHashSHA1)
				}
			}
		}
	}
}

// retries answers every hello of TLS 1.3 with a HelloRetryRequest, and no other.
func retries(c net.Conn, suites []fact.Suite, groups []fact.Group) {
	h, ok := readClientHello(c)
	if !ok || len(h.ext[43]) != 3 {
		alert(c, 70)
		return
	}
	var suite fact.Suite
	var group uint16
	for _, s := range slices.Backward(suites) {
		if slices.Contains(h.suites, s) {
			suite = s
		}
	}
	for _, g := range slices.Backward(groups) {
		if slices.Contains(h.list(10), uint16(g)) {
			group = uint16(g)
		}
	}
	if suite == 0 || group == 0 {
		alert(c, 40)
		return
	}
	var b cryptobyte.Builder
	message(&b, 2, func(b *cryptobyte.Builder) {
		b.AddUint16(0x0303)
		b.AddBytes([]byte{ // RFC 8446 section 4.1.3
			0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
			0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
		})
		b.AddUint8(0)
		b.AddUint16(uint16(suite))
		b.AddUint8(0)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddBytes([]byte{0, 43, 0, 2, 3, 4, 0, 51, 0, 2})
			b.AddUint16(group)
		})
	})
	body := b.BytesOrPanic()
	_, _ = c.Write(append(binary.BigEndian.AppendUint16([]byte{22, 3, 3}, uint16(len(body))), body...))
	_, _ = io.Copy(io.Discard, c)
}

// A question that another question raises must not wait for the connection on which that
// one was asked.
func TestAGroupWithoutMLKEMIsAskedWithOneConnectionAtATime(t *testing.T) {
	addr := listen(t, func(c net.Conn) {
		retries(c, []fact.Suite{0x1302, ccm8}, []fact.Group{fact.X25519MLKEM768, fact.SecP256r1MLKEM768, fact.X25519})
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	f, _ := prober(t, nil).Probe(ctx, Target{Addr: addr, ServerName: testName, Subject: subject(t, quickLimits()), Parallel: 1}, Plan{Ask: AskEarlyData})
	if ctx.Err() != nil || !slices.Equal(f.KexSeen, []fact.Group{fact.X25519}) {
		t.Errorf("%v, keys seen %v\n%s", ctx.Err(), f.KexSeen, report(f))
	}
}
