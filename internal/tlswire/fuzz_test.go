package tlswire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"peil/internal/fact"
)

func FuzzStream(f *testing.F) {
	f.Add([]byte("\x16\x03\x01\x00\x04\x02\x00\x00\x00"))
	f.Add([]byte("\x15\x03\x01\x00\x02\x02\x28"))
	f.Add([]byte("\x16\x03\x03\x00\x00\x16\x03\x03\xff\xff"))
	f.Add([]byte("\x80\x2e\x01\x00\x02"))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Add(bytes.Repeat([]byte("\x16\x03\x03\x00\x01\x0b"), 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got [2][]byte
		for i, r := range []io.Reader{bytes.NewReader(b), iotest.OneByteReader(bytes.NewReader(b))} {
			s := &Stream{}
			s.Reset(r)
			for {
				m, err := s.Message()
				if err != nil {
					break
				}
				got[i] = append(got[i], m...)
			}
		}
		if !bytes.Equal(got[0], got[1]) {
			t.Error("messages depend on how the bytes arrive")
		}
	})
}

func FuzzServerHello(f *testing.F) {
	h := []byte("\x02\x00\x00\x2c\x03\x03")
	h = append(h, make([]byte, 32)...)
	f.Add(append(h, "\x00\xc0\x2f\x00\x00\x04\x00\x17\x00\x00"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := ParseServerHello(b); err == nil && len(h.SessionID) > 32 {
			t.Error("session ID of more than 32 bytes")
		}
	})
}

func FuzzServerKeyExchange(f *testing.F) {
	f.Add([]byte("\x0c\x00\x00\x09\x03\x00\x17\x01\x04\x04\x01\x00\x00"), uint16(0xC02F), uint16(0x0303))
	f.Add([]byte("\x0c\x00\x00\x0d\x00\x01\x17\x00\x01\x02\x00\x01\x03\x04\x01\x00\x00"), uint16(0x0033), uint16(0x0303))
	f.Fuzz(func(t *testing.T, b []byte, suite, version uint16) {
		k, err := ParseServerKeyExchange(b, fact.Suite(suite), fact.Version(version))
		if err == nil && len(k.P) > 0 {
			_, _, _ = finiteField(k.P[:min(len(k.P), 64)], k.G, k.Public)
		}
	})
}

func FuzzServerFlight(f *testing.F) {
	f.Add([]byte("\x0b\x00\x00\x07\x00\x00\x04\x00\x00\x01\x30"))
	f.Add([]byte("\x0b\x00\x00\x0a\x00\x00\x00\x06\x00\x00\x01\x30\x00\x00"))
	f.Add([]byte("\x16\x00\x00\x05\x01\x00\x00\x01\x30"))
	f.Add([]byte("\x08\x00\x00\x0a\x00\x08\x00\x0a\x00\x04\x00\x02\x00\x1d"))
	f.Add([]byte("\x04\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x01\x41\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []fact.Version{fact.TLS12, fact.TLS13} {
			if c, err := ParseCertificates(b, v); err == nil && len(c.DER) > maxCerts {
				t.Error("too many certificates")
			}
		}
		_, _ = ParseCertificateStatus(b)
		_, _ = ParseEncryptedExtensions(b)
		_, _ = ParseTicket(b)
		_, _ = splitFlight(b)
	})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("\x17\x03\x03\x00\x20"+string(make([]byte, 32))), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, which uint8) {
		suites := []fact.Suite{0x002F, 0x0035, 0x000A, 0x0005, 0xC02F, 0xCCA8, 0x1301, 0xC09C, 0xC0A1, 0x1304, 0x1305}
		s, ok := FindSuite(suites[int(which)%len(suites)])
		if !ok {
			t.Fatal("suite")
		}
		v := fact.TLS12
		if s.Kex == fact.KexTLS13 {
			v = fact.TLS13
		} else if which&8 != 0 && s.mac != 0 {
			v = fact.TLS10
		}
		h, err := newHalf(v, s, make([]byte, s.keyLen), make([]byte, s.macLen()), make([]byte, max(12, s.block))[:max(s.fixedIV(v), map[bool]int{true: 12}[v == fact.TLS13])])
		if err != nil {
			t.Fatal(err)
		}
		if r, n, err := ParseRecord(b); err == nil && n > 0 {
			_, _, _ = h.Open(r)
		}
	})
}

func TestRecordsOfForbiddenLengthAreRefused(t *testing.T) {
	if _, _, err := ParseRecord([]byte("\x16\x03\x03\xff\xff")); !errors.Is(err, ErrMalformed) {
		t.Errorf("65535 bytes: %v", err)
	}
	s := &Stream{}
	s.Reset(bytes.NewReader(bytes.Repeat([]byte("\x16\x03\x03\x00\x00"), 1000)))
	if _, err := s.Message(); !errors.Is(err, ErrMalformed) {
		t.Errorf("endless empty records: %v", err)
	}
	s.Reset(bytes.NewReader(append([]byte("\x16\x03\x03\x00\x04\x0b\xff\xff\xff"), make([]byte, 100)...)))
	if _, err := s.Message(); !errors.Is(err, ErrMalformed) {
		t.Errorf("a message of 16 MiB: %v", err)
	}
	s.Reset(endless{})
	if _, err := readFlight(s, nil); !errors.Is(err, ErrTooMuch) {
		t.Errorf("an endless flight: %v", err)
	}
}

func TestDataAmidAHandshakeIsPassedOverOnlyWhereItMayCome(t *testing.T) {
	data := "\x17\x03\x03\x00\x01x"
	wire := data + data + "\x16\x03\x03\x00\x04\x0e\x00\x00\x00"
	s := &Stream{}
	s.Reset(strings.NewReader(wire))
	if _, err := s.Message(); !errors.Is(err, ErrMalformed) {
		t.Errorf("data in a first handshake: %v", err)
	}
	s.Reset(strings.NewReader(wire))
	s.SkipData = true
	if m, err := s.Message(); err != nil || m[0] != MsgServerHelloDone {
		t.Errorf("data before the answer to a renegotiation: %v %v", m, err)
	}
	s.Reset(strings.NewReader(strings.Repeat(data, 1+MaxInput/len(data))))
	s.SkipData = true
	if _, err := s.Message(); !errors.Is(err, ErrTooMuch) {
		t.Errorf("data without end: %v", err)
	}
}

// endless is a server that never comes to ServerHelloDone.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	m := []byte("\x16\x03\x03\x00\x08\x0b\x00\x00\x04\x00\x00\x00\x00")
	return copy(p, bytes.Repeat(m, len(p)/len(m)+1)[:len(p)/len(m)*len(m)]), nil
}

func TestSealAndOpenAreInverse(t *testing.T) {
	for _, c := range []struct {
		v fact.Version
		s fact.Suite
	}{
		{fact.TLS10, 0x002F},
		{fact.TLS11, 0x002F},
		{fact.TLS12, 0xC028},
		{fact.TLS10, 0x000A},
		{fact.TLS12, 0x000A},
		{fact.TLS10, 0x0004},
		{fact.TLS12, 0x0005},
		{fact.TLS12, 0xC02F},
		{fact.TLS12, 0xCCA8},
		{fact.TLS12, 0xC09D},
		{fact.TLS12, 0xC0AE},
	} {
		s, ok := FindSuite(c.s)
		if !ok {
			t.Fatalf("%s", c.s)
		}
		random := make([]byte, 32)
		out, _, err := LegacyKeys(c.v, s, make([]byte, 48), random, random)
		if err != nil {
			t.Fatal(err)
		}
		in, _, _ := LegacyKeys(c.v, s, make([]byte, 48), random, random)
		for i := range 40 {
			want := bytes.Repeat([]byte{byte(i)}, i*7)
			wire, err := out.Seal(nil, ApplicationData, want)
			if err != nil {
				t.Fatal(err)
			}
			r, n, err := ParseRecord(wire)
			if err != nil || n != len(wire) {
				t.Fatalf("%s %s: %d of %d, %v", c.v, c.s, n, len(wire), err)
			}
			typ, got, err := in.Open(r)
			if err != nil || typ != ApplicationData || !bytes.Equal(got, want) {
				t.Fatalf("%s %s record %d: %v", c.v, c.s, i, err)
			}
		}
	}
}
