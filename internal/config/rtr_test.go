package config

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/lab"
	"peil/internal/routes"
)

// A cache of VRPs gives what the file gives.
func TestVRPsFromACacheAreThoseOfTheFile(t *testing.T) {
	r, err := lab.Start(t.Context(), lab.Options{Sites: lab.Catalogue()[:1]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	got, err := fetchRTR(t.Context(), namedDoor(t, r.RTR), r.RTR.String())
	if err != nil {
		t.Fatal(err)
	}
	var b routes.VRPBuilder
	if _, _, err := routes.ReadVRPs(strings.NewReader(string(r.VRPs)), &b); err != nil {
		t.Fatal(err)
	}
	want, err := b.Table(routes.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(r.Routes)) {
		p, err := netip.ParsePrefix(strings.Split(strings.TrimSpace(line), ",")[0])
		if err != nil {
			continue
		}
		n++
		a, c := want.Covering(p), got.Covering(p)
		for i := range a {
			a[i].TA = "" // the protocol does not tell
		}
		if !slices.Equal(a, c) {
			t.Errorf("%s: the file has %v, the cache %v", p, a, c)
		}
	}
	if n == 0 {
		t.Fatal("no route was looked at")
	}
}

func namedDoor(t *testing.T, a netip.AddrPort) *egress.Egress {
	t.Helper()
	door, err := egress.New(egress.Config{Named: []netip.AddrPort{a}})
	if err != nil {
		t.Fatal(err)
	}
	return door
}

// cache answers each router that comes with a function.
func cache(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// pdu makes a PDU of RFC 8210 section 5.
func pdu(version, kind byte, session uint16, body ...byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{version, kind}, session)
	return append(binary.BigEndian.AppendUint32(b, uint32(8+len(body))), body...)
}

func TestCachesThatErr(t *testing.T) {
	answer := pdu(1, 3, 7)
	prefix := pdu(1, 4, 0, 1, 24, 24, 0, 192, 0, 2, 0, 0, 0, 251, 244)
	end := pdu(1, 7, 7, make([]byte, 16)...)
	for what, c := range map[string]struct {
		says [][]byte
		ok   bool
		err  string
	}{
		"serial notify comes first":     {[][]byte{pdu(1, 0, 7, 0, 0, 0, 1), answer, prefix, end}, true, ""},
		"all is well":                   {[][]byte{answer, prefix, end}, true, ""},
		"another session at the end":    {[][]byte{answer, prefix, pdu(1, 7, 8, make([]byte, 16)...)}, false, "session"},
		"a version that nobody has":     {[][]byte{pdu(9, 3, 7), end}, false, "version"},
		"the version changes half way":  {[][]byte{answer, pdu(0, 4, 0, 1, 24, 24, 0, 192, 0, 2, 0, 0, 0, 251, 244), end}, false, "version"},
		"cache reset in place of data":  {[][]byte{pdu(1, 8, 0)}, false, ""},
		"it ends in the middle":         {[][]byte{answer, prefix[:11]}, false, "EOF"},
		"a PDU as long as the internet": {[][]byte{answer, {1, 4, 0, 0, 0xff, 0xff, 0xff, 0xff}}, false, ""},
		"no data yet":                   {[][]byte{pdu(1, 10, 2, make([]byte, 8)...)}, false, "no data"},
	} {
		t.Run(what, func(t *testing.T) {
			at := cache(t, func(conn net.Conn) {
				if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil {
					return
				}
				for _, b := range c.says {
					_, _ = conn.Write(b)
				}
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, conn)
			})
			table, err := fetchRTR(t.Context(), namedDoor(t, at), at.String())
			switch {
			case c.ok && err != nil:
				t.Errorf("refused: %v", err)
			case !c.ok && err == nil:
				t.Errorf("taken: %v", table.Meta())
			case err != nil && !strings.Contains(err.Error(), c.err):
				t.Errorf("%v does not speak of %q", err, c.err)
			}
		})
	}
}

// A cache that says nothing, or stops half way, is waited for no longer than that.
func TestASilentCacheIsLeft(t *testing.T) {
	for what, says := range map[string][]byte{"nothing": nil, "half": pdu(1, 3, 7)} {
		t.Run(what, func(t *testing.T) {
			a, b := net.Pipe()
			defer b.Close()
			go func() {
				_, _ = io.ReadFull(b, make([]byte, 8))
				_, _ = b.Write(says)
			}()
			var table routes.VRPBuilder
			begin := time.Now()
			_, err := routes.ReadRTR(impatient{a, 100 * time.Millisecond, begin.Add(rtrTime)}, 1, &table)
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			if d := time.Since(begin); d > rtrSilence {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// What comes slowly but without end is over when the time is.
func TestACacheThatGoesOnIsLeftAtTheEnd(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	go func() {
		for {
			if _, err := b.Write(pdu(1, 0, 7, 0, 0, 0, 1)); err != nil {
				return
			}
		}
	}()
	c := impatient{a, time.Hour, time.Now().Add(100 * time.Millisecond)}
	if _, err := io.Copy(io.Discard, c); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// A cache that drips keeps nobody who has stopped waiting.
func TestACacheThatDripsIsLeftWhenTheRunIs(t *testing.T) {
	begun := make(chan struct{})
	at := cache(t, func(conn net.Conn) {
		_, _ = conn.Write(pdu(1, 3, 7))
		_, _ = conn.Write([]byte{1})
		close(begun)
		_, _ = io.Copy(io.Discard, conn) // until the other side goes
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	start := time.Now()
	if _, err := fetchRTR(ctx, namedDoor(t, at), at.String()); err == nil {
		t.Error("half a table was taken")
	}
	if d := time.Since(start); d > rtrTime/2 {
		t.Errorf("it took %v", d)
	}
}
