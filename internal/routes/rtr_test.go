package routes

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// talk is a cache that says what was prepared, and notes what it heard.
type talk struct {
	io.Reader
	heard bytes.Buffer
}

func (t *talk) Write(p []byte) (int, error) { return t.heard.Write(p) }

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The PDUs below are written out by the figures of RFC 8210 section 5.
const (
	resetQuery1    = "01 02 0000 00000008"
	resetQuery0    = "00 02 0000 00000008"
	cacheResponse1 = "01 03 1234 00000008 "
	cacheResponse0 = "00 03 1234 00000008 "
	ipv4Prefix1    = "01 04 0000 00000014 01 10 18 00 91000000 0000fbf4 " // 145.0.0.0/16-24 AS64500
	ipv4Prefix0    = "00 04 0000 00000014 01 10 18 00 91000000 0000fbf4 "
	ipv6Prefix1    = "01 06 0000 00000020 01 20 30 00 2a000001000000000000000000000000 0000fbf5 " // 2a00:1::/32-48 AS64501
	routerKey1     = "01 09 0100 00000028 0102030405060708090a0b0c0d0e0f1011121314 0000fbf4 3059301306072a86 "
	notify1        = "01 00 1234 0000000c 00000007 "
	endOfData1     = "01 07 1234 00000018 00000007 00000e10 00000258 00001c20"
	endOfData0     = "00 07 1234 0000000c 00000007"
	noVersion1     = "00 0a 0004 00000020 00000008 0102000000000008 00000008 76657273696f6e31 "
)

func TestRTR(t *testing.T) {
	for name, c := range map[string]struct {
		version           uint8
		says, hears, vrps string
	}{
		"version 1": {
			1, notify1 + cacheResponse1 + ipv4Prefix1 + ipv6Prefix1 + routerKey1 + notify1 + endOfData1, resetQuery1,
			"[{145.0.0.0/16 24 64500 }] [{2a00:1::/32 48 64501 }]",
		},
		"version 0 by request":         {0, cacheResponse0 + ipv4Prefix0 + endOfData0, resetQuery0, "[{145.0.0.0/16 24 64500 }] []"},
		"version 0 after an error":     {1, noVersion1 + cacheResponse0 + ipv4Prefix0 + endOfData0, resetQuery1 + resetQuery0, "[{145.0.0.0/16 24 64500 }] []"},
		"version 0 without being told": {1, cacheResponse0 + ipv4Prefix0 + endOfData0, resetQuery1, "[{145.0.0.0/16 24 64500 }] []"},
		"nothing in it":                {1, cacheResponse1 + endOfData1, resetQuery1, "[] []"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &talk{Reader: bytes.NewReader(unhex(t, c.says))}
			var b VRPBuilder
			rep, err := ReadRTR(conn, c.version, &b)
			if err != nil {
				t.Fatal(err)
			}
			v, err := b.Table(Meta{})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(v.Covering(pfx("145.0.0.0/24")), v.Covering(pfx("2a00:1::/48"))); got != c.vrps || rep.Records != v.Len() {
				t.Errorf("%s, %+v", got, rep)
			}
			if want := unhex(t, c.hears); !bytes.Equal(conn.heard.Bytes(), want) {
				t.Errorf("heard %x, want %x", conn.heard.Bytes(), want)
			}
		})
	}
}

func TestRTRCachesThatErr(t *testing.T) {
	for name, c := range map[string]struct {
		says, why string
		reports   int // error code that the cache is told, or -1
	}{
		"silent":                 {"", "unexpected EOF", -1},
		"stops half way":         {cacheResponse1 + ipv4Prefix1, "unexpected EOF", -1},
		"stops within a PDU":     {cacheResponse1 + "01 04 0000 00000014 01 10", "unexpected EOF", -1},
		"closes after the error": {noVersion1, ErrRTRVersion.Error(), -1},
		"insists":                {noVersion1 + noVersion1, ErrRTRVersion.Error(), -1},
		"no data":                {"01 0a 0002 00000010 00000000 00000000", ErrRTRNoData.Error(), -1},
		"another error":          {"01 0a 0001 00000014 00000000 00000004 6f 1b 6f 70", `error 1 "o op"`, -1},
		"a short error":          {"01 0a 0001 00000008", "error 1", -1},
		"a lying error":          {"01 0a 0001 00000010 ffffffff ffffffff", "error 1", -1},
		"withdraws":              {cacheResponse1 + strings.Replace(ipv4Prefix1, "01 10", "00 10", 1), "withdrawal", rtrUnknownWithdrawn},
		"prefix too long":        {cacheResponse1 + strings.Replace(ipv4Prefix1, "01 10 18", "01 21 21", 1), "length 33", rtrCorrupt},
		"max below length":       {cacheResponse1 + strings.Replace(ipv4Prefix1, "01 10 18", "01 10 0f", 1), "max length 15", rtrCorrupt},
		"bits after the prefix":  {cacheResponse1 + strings.Replace(ipv4Prefix1, "01 10 18", "01 07 18", 1), "after the prefix", rtrCorrupt},
		"a short prefix":         {cacheResponse1 + "01 04 0000 0000000c 01101800", "12 bytes", rtrCorrupt},
		"a tiny PDU":             {"01 03 1234 00000007", "7 bytes", rtrCorrupt},
		"a huge PDU":             {"01 03 1234 ffffffff", "4294967295 bytes", rtrCorrupt},
		"a long response":        {"01 03 1234 0000000c 00000000", "12 bytes", rtrCorrupt},
		"another session":        {cacheResponse1 + strings.Replace(endOfData1, "1234", "1235", 1), "session", rtrCorrupt},
		"a short end":            {cacheResponse1 + "01 07 1234 0000000c 00000007", "end of data", rtrCorrupt},
		"data without response":  {ipv4Prefix1, "type 4", rtrUnsupportedPDU},
		"reset":                  {"01 08 0000 00000008", "type 8", rtrUnsupportedPDU},
		"an unknown PDU":         {cacheResponse1 + "01 63 0000 00000008", "type 99", rtrUnsupportedPDU},
		"another version":        {cacheResponse1 + strings.Replace(ipv4Prefix1, "01 04", "00 04", 1), "version 0 in a session of version 1", rtrOtherVersion},
		"a newer version":        {"02 03 1234 00000008", "version 2", rtrBadVersion},
		"notifies for ever":      {strings.Repeat(notify1, 100), "no answer", -1},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &talk{Reader: bytes.NewReader(unhex(t, c.says))}
			_, err := ReadRTR(conn, 1, &VRPBuilder{})
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Fatalf("%v, want something about %q", err, c.why)
			}
			heard := conn.heard.Bytes()
			heard = heard[8:] // the query
			if strings.HasPrefix(c.says, "00 0a") {
				heard = heard[8:] // the second query
			}
			code := -1
			if len(heard) >= 16 {
				code = int(binary.BigEndian.Uint16(heard[2:]))
				if heard[1] != pduErrorReport || int(binary.BigEndian.Uint32(heard[4:])) != len(heard) {
					t.Errorf("told %x", heard)
				}
			}
			if code != c.reports {
				t.Errorf("told error %d, want %d", code, c.reports)
			}
		})
	}
	if _, err := ReadRTR(&talk{Reader: strings.NewReader("")}, 2, &VRPBuilder{}); err == nil {
		t.Error("version 2 was tried")
	}
	_, err := ReadRTR(&talk{Reader: bytes.NewReader(unhex(t, noVersion1))}, 1, &VRPBuilder{})
	if !errors.Is(err, ErrRTRVersion) {
		t.Errorf("%v does not say to come again with version 0", err)
	}
}

func FuzzReadRTR(f *testing.F) {
	for _, s := range []string{cacheResponse1 + ipv4Prefix1 + ipv6Prefix1 + endOfData1, noVersion1 + cacheResponse0 + ipv4Prefix0 + endOfData0, notify1} {
		f.Add(unhex(f, s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, says []byte, version uint8) {
		var b VRPBuilder
		conn := &talk{Reader: bytes.NewReader(says)}
		rep, err := ReadRTR(conn, version, &b)
		if err == nil && rep.Records != b.Len() {
			t.Fatalf("%+v with %d", rep, b.Len())
		}
		if conn.heard.Len() > 2000 {
			t.Fatalf("said %d bytes", conn.heard.Len())
		}
		v, err := b.Table(Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

// endless repeats what a cache says.
type endless struct {
	begin, again []byte
	at           int
}

func (e *endless) Write(p []byte) (int, error) { return len(p), nil }

func (e *endless) Read(p []byte) (n int, err error) {
	if len(e.begin) > 0 {
		n = copy(p, e.begin)
		e.begin = e.begin[n:]
		return n, nil
	}
	for n < len(p) {
		k := copy(p[n:], e.again[e.at:])
		e.at = (e.at + k) % len(e.again)
		n += k
	}
	return n, nil
}

// A cache without end is left at a number that the internet does not have; whether what
// it repeats is kept or not.
func TestRTRWithoutEnd(t *testing.T) {
	for name, pdu := range map[string]string{"prefixes": ipv4Prefix1, "notifications": notify1} {
		t.Run(name, func(t *testing.T) {
			var b VRPBuilder
			rep, err := ReadRTR(&endless{begin: unhex(t, cacheResponse1), again: unhex(t, pdu)}, 1, &b)
			if err == nil || !strings.Contains(err.Error(), "no end") {
				t.Errorf("error %v", err)
			}
			if rep.Records > maxData || b.Len() > maxData {
				t.Errorf("%d records taken, %d kept", rep.Records, b.Len())
			}
		})
	}
}
