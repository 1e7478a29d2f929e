package tlsprobe

import (
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/fact"
)

// fake answers hellos as no good server would, up to ServerHelloDone. It reads and
// builds messages by itself, apart from tlswire.
type fake struct {
	versions     []fact.Version // up to TLS 1.2
	exact        bool           // no lower one than the client names
	suites       []fact.Suite
	clientOrder  bool
	groups       []fact.Group
	ignoreGroups fact.Group // used whatever is offered
	compression  bool
	ems, reneg   bool
	heartbeat    bool
	scheme       uint16 // of the signature; 0: none fits unless it is offered, RSA SHA-256
	schemes      []uint16
	prime        *big.Int
	lie          func(h *clientHello, version *fact.Version, suite *fact.Suite)
	cert         []byte
}

type clientHello struct {
	version     fact.Version
	suites      []fact.Suite
	compression []byte
	ext         map[uint16][]byte
}

func (h *clientHello) list(ext uint16) []uint16 {
	s := cryptobyte.String(h.ext[ext])
	var l cryptobyte.String
	var out []uint16
	if s.ReadUint16LengthPrefixed(&l) {
		for !l.Empty() {
			var x uint16
			l.ReadUint16(&x)
			out = append(out, x)
		}
	}
	return out
}

func readClientHello(c net.Conn) (*clientHello, bool) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil || head[0] != 22 {
		return nil, false
	}
	body := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err := io.ReadFull(c, body); err != nil {
		return nil, false
	}
	s := cryptobyte.String(body)
	h := &clientHello{ext: map[uint16][]byte{}}
	var v uint16
	var session, suites, comp, exts cryptobyte.String
	if !s.Skip(4) || !s.ReadUint16(&v) || !s.Skip(32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16LengthPrefixed(&suites) || !s.ReadUint8LengthPrefixed(&comp) {
		return nil, false
	}
	h.version, h.compression = fact.Version(v), comp
	for !suites.Empty() {
		var x uint16
		suites.ReadUint16(&x)
		h.suites = append(h.suites, fact.Suite(x))
	}
	if s.ReadUint16LengthPrefixed(&exts) {
		for !exts.Empty() {
			var id uint16
			var e cryptobyte.String
			exts.ReadUint16(&id)
			exts.ReadUint16LengthPrefixed(&e)
			h.ext[id] = e
		}
	}
	return h, true
}

func alert(c net.Conn, description byte) { _, _ = c.Write([]byte{21, 3, 1, 0, 2, 2, description}) }

func (f *fake) serve(c net.Conn) {
	h, ok := readClientHello(c)
	if !ok {
		alert(c, 10)
		return
	}
	f.answer(c, h)
}

func (f *fake) answer(c net.Conn, h *clientHello) {
	var version fact.Version
	for _, v := range f.versions {
		if (v == h.version || v < h.version && !f.exact) && v > version {
			version = v
		}
	}
	if version == 0 {
		alert(c, 70)
		return
	}
	var group fact.Group
	for _, g := range f.groups {
		if slices.Contains(h.list(10), uint16(g)) {
			group = g
			break
		}
	}
	if f.ignoreGroups != 0 {
		group = f.ignoreGroups
	}
	scheme := f.scheme
	if f.schemes != nil {
		for _, s := range f.schemes {
			if slices.Contains(h.list(13), s) {
				scheme = s
				break
			}
		}
	}
	mine, theirs := f.suites, h.suites
	if f.clientOrder {
		mine, theirs = theirs, mine
	}
	var suite fact.Suite
	for _, s := range mine {
		usable := slices.Contains(theirs, s)
		switch s.KeyExchange() {
		case fact.KexECDHE:
			usable = usable && group != 0
			fallthrough
		case fact.KexDHE:
			usable = usable && (version < fact.TLS12 || scheme != 0 || s.Authentication() == fact.AuthAnon)
		}
		if usable {
			suite = s
			break
		}
	}
	if f.lie != nil {
		f.lie(h, &version, &suite)
	}
	if suite == 0 {
		alert(c, 40)
		return
	}
	_, _ = c.Write(f.flight(h, version, suite, group, scheme))
	_, _ = io.Copy(io.Discard, c)
}

func message(b *cryptobyte.Builder, t uint8, f cryptobyte.BuilderContinuation) {
	b.AddUint8(t)
	b.AddUint24LengthPrefixed(f)
}

func (f *fake) flight(h *clientHello, v fact.Version, s fact.Suite, g fact.Group, scheme uint16) []byte {
	var b cryptobyte.Builder
	message(&b, 2, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(v))
		b.AddBytes(make([]byte, 32))
		b.AddUint8(0)
		b.AddUint16(uint16(s))
		if f.compression && slices.Contains(h.compression, 1) {
			b.AddUint8(1)
		} else {
			b.AddUint8(0)
		}
		if len(h.ext) == 0 {
			return
		}
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for id, on := range map[uint16]bool{23: f.ems, 0xff01: f.reneg, 15: f.heartbeat} {
				if _, asked := h.ext[id]; !on || !asked {
					continue
				}
				b.AddUint16(id)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
					if id != 23 {
						b.AddUint8(map[bool]uint8{true: 1}[id == 15])
					}
				})
			}
		})
	})
	if s.Authentication() != fact.AuthAnon {
		message(&b, 11, func(b *cryptobyte.Builder) {
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(f.cert) })
			})
		})
	}
	kex := s.KeyExchange()
	if kex == fact.KexECDHE || kex == fact.KexDHE || s.Export() {
		message(&b, 12, func(b *cryptobyte.Builder) {
			field := func(x []byte) { b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(x) }) }
			switch kex {
			case fact.KexECDHE:
				b.AddUint8(3)
				b.AddUint16(uint16(g))
				b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(make([]byte, 65)) })
			case fact.KexDHE:
				field(f.prime.Bytes())
				field([]byte{2})
				field([]byte{4})
			default:
				field(make([]byte, 64))
				field([]byte{1, 0, 1})
			}
			if s.Authentication() != fact.AuthAnon {
				if v >= fact.TLS12 {
					b.AddUint16(scheme)
				}
				field(make([]byte, 128))
			}
		})
	}
	message(&b, 14, func(*cryptobyte.Builder) {})
	body := b.BytesOrPanic()
	out := []byte{22, byte(v >> 8), byte(v)}
	return append(binary.BigEndian.AppendUint16(out, uint16(len(body))), body...)
}
