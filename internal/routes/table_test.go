package routes

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/gaissmai/bart"
	"pgregory.net/rapid"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func vrpTable(t testing.TB, vs ...VRP) *VRPs {
	t.Helper()
	var b VRPBuilder
	for _, v := range vs {
		if err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	table, err := b.Table(Meta{Source: "test", Date: time.Unix(1e9, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Check(); err != nil {
		t.Fatal(err)
	}
	return table
}

func TestRouteOriginValidation(t *testing.T) {
	v := vrpTable(t,
		VRP{pfx("145.0.0.0/16"), 20, 64500, "ripe"},
		VRP{pfx("145.0.0.0/16"), 24, 64501, ""},
		VRP{pfx("145.1.0.0/16"), 24, 0, "arin"},
		VRP{pfx("2a00:1::/32"), 48, 64500, "ripe"},
	)
	for _, c := range []struct {
		prefix  string
		origin  uint32
		want    State
		covered int
	}{
		{"145.0.0.0/16", 64500, Valid, 2},
		{"145.0.16.0/20", 64500, Valid, 2},
		{"145.0.16.0/21", 64500, InvalidLength, 2},
		{"145.0.16.0/24", 64501, Valid, 2},
		{"145.0.16.0/25", 64501, InvalidLength, 2},
		{"145.0.0.0/16", 64502, InvalidAS, 2},
		{"145.0.0.0/15", 64500, NotFound, 0}, // a VRP within does not cover
		{"145.1.0.0/24", 64500, InvalidAS, 1},
		{"145.1.0.0/16", 0, InvalidAS, 1}, // NONE matches no VRP, AS 0 either
		{"146.0.0.0/16", 64500, NotFound, 0},
		{"2a00:1::/48", 64500, Valid, 1},
		{"2a00:1::/49", 64500, InvalidLength, 1},
		{"2a00:2::/48", 64500, NotFound, 0},
	} {
		state, vrps := v.Validate(Announcement{pfx(c.prefix), c.origin})
		if state != c.want || len(vrps) != c.covered {
			t.Errorf("%s from AS%d: %s with %v, want %s with %d", c.prefix, c.origin, state, vrps, c.want, c.covered)
		}
	}
	got := v.Covering(pfx("145.0.1.1/32"))
	want := []VRP{{pfx("145.0.0.0/16"), 24, 64501, ""}, {pfx("145.0.0.0/16"), 20, 64500, "ripe"}}
	if !slices.Equal(got, want) {
		t.Errorf("covering: %v", got)
	}
	for _, p := range []netip.Prefix{{}, netip.PrefixFrom(netip.MustParseAddr("::ffff:145.0.0.1"), 128)} {
		if got := v.Covering(p); got != nil {
			t.Errorf("%v is covered by %v", p, got)
		}
	}
}

func TestAddressesAreCut(t *testing.T) {
	for in, want := range map[string]string{
		"145.0.1.2": "145.0.1.0/24", "::ffff:145.0.1.2": "145.0.1.0/24", "2a00:1:2:3::4": "2a00:1:2::/48", "2a00:1:2:3::4%x": "2a00:1:2::/48",
	} {
		if got := Cut(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s is cut to %s, want %s", in, got, want)
		}
	}
	if Cut(netip.Addr{}).IsValid() {
		t.Error("no address was cut to a prefix")
	}
}

// drawPrefix draws from a small space, so that prefixes nest and meet.
func drawPrefix(t *rapid.T, label string) netip.Prefix {
	if rapid.Bool().Draw(t, label+" is IPv6") {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], rapid.Uint64Range(0, 1<<12).Draw(t, label)<<40)
		b[15] = rapid.Byte().Draw(t, label+" end")
		p, _ := netip.AddrFrom16(b).Prefix(rapid.IntRange(0, 128).Draw(t, label+" bits"))
		return p
	}
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], rapid.Uint32Range(0, 1<<12).Draw(t, label)<<10)
	p, _ := netip.AddrFrom4(b).Prefix(rapid.IntRange(0, 32).Draw(t, label+" bits"))
	return p
}

func TestLookUpsAgreeWithATrie(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b RouteBuilder
		oracle := map[netip.Prefix][]uint32{}
		trie := new(bart.Table[struct{}])
		for range rapid.IntRange(0, 300).Draw(t, "records") {
			p := drawPrefix(t, "prefix")
			origin := rapid.Uint32Range(0, 3).Draw(t, "origin")
			if err := b.Add(Announcement{p, origin}); err != nil {
				t.Fatal(err)
			}
			trie.Insert(p, struct{}{})
			if !slices.Contains(oracle[p], origin) {
				oracle[p] = append(oracle[p], origin)
			}
		}
		table, err := b.Table(Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if err := table.Check(); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			q := drawPrefix(t, "question")
			var want []Announcement
			for p := range trie.Supernets(q) {
				for _, o := range oracle[p] {
					want = append(want, Announcement{p, o})
				}
			}
			slices.SortFunc(want, func(a, b Announcement) int {
				return cmp.Or(b.Prefix.Bits()-a.Prefix.Bits(), cmp.Compare(b.Origin, a.Origin))
			})
			if got := table.Covering(q); !slices.Equal(got, want) {
				t.Fatalf("%s is covered by %v, want %v", q, got, want)
			}
		}
	})
}

func TestAnIndexFileIsTheTable(t *testing.T) {
	var b VRPBuilder
	for i := range 1000 {
		p, _ := netip.AddrFrom4([4]byte{145, byte(i / 10), byte(i), 0}).Prefix(16 + i%9)
		if err := b.Add(VRP{p, 24, uint32(i), fmt.Sprint("ta", i%3)}); err != nil {
			t.Fatal(err)
		}
	}
	m := Meta{Source: "test", Date: time.Unix(1e9, 0).UTC()}
	out, err := b.Bytes(m)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := OpenVRPs(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Check(); err != nil {
		t.Error(err)
	}
	mem, err := b.Table(m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 256 {
		q := netip.PrefixFrom(netip.AddrFrom4([4]byte{145, byte(i), byte(i * 10), 1}), 32)
		if got, want := v.Covering(q), mem.Covering(q); !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", q, got, want)
		}
	}
	if v.Meta().String() != "test 2001-09-09T01:46:40Z" || v.Len() != mem.Len() || v.Len() == 0 {
		t.Errorf("%s, %d records", v.Meta(), v.Len())
	}
	if _, err := OpenRoutes(file); err == nil {
		t.Error("an index of VRPs was opened as one of routes")
	}
	if err := errors.Join(v.Close(), v.Close()); err != nil {
		t.Error(err)
	}
}

func TestADamagedIndexIsFound(t *testing.T) {
	var b VRPBuilder
	for i := range 200 {
		p, _ := netip.AddrFrom4([4]byte{145, byte(i % 3), byte(i), 0}).Prefix(8 + i%17)
		q, _ := netip.AddrFrom16([16]byte{0x2a, byte(i % 3), byte(i)}).Prefix(8 + i%17)
		if err := errors.Join(b.Add(VRP{p, 32, 1, "x"}), b.Add(VRP{q, 128, 1, "x"})); err != nil {
			t.Fatal(err)
		}
	}
	good, err := b.Bytes(Meta{Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	try := func(b []byte) error {
		file := filepath.Join(dir, "x")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := OpenVRPs(file)
		if err != nil {
			return err
		}
		v.Covering(pfx("145.0.1.1/32")) // must not panic, whatever it finds
		v.Covering(pfx("2a00::/128"))
		return errors.Join(v.Check(), v.Close())
	}
	if err := try(good); err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if err := try(good[:n]); err == nil {
			t.Fatalf("cut off after %d of %d bytes, and it opened", n, len(good))
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0xff
		padding := i >= headerSize && bad[i] == 0xff && i < int(align(uint64(headerSize+len(`{"source":"test","date":"0001-01-01T00:00:00Z","tas":["x"]}`))))
		if err := try(bad); err == nil && !padding {
			t.Fatalf("byte %d of %d is wrong, and nothing was found", i, len(good))
		}
	}
}

func TestBuilderRefusesWhatContradictsItself(t *testing.T) {
	var b VRPBuilder
	for _, v := range []VRP{
		{},
		{Prefix: pfx("145.0.0.1/16"), MaxLength: 24},
		{Prefix: pfx("145.0.0.0/16"), MaxLength: 15},
		{Prefix: pfx("145.0.0.0/16"), MaxLength: 33},
		{Prefix: pfx("145.0.0.0/16"), MaxLength: -1},
		{Prefix: pfx("::ffff:145.0.0.0/112"), MaxLength: 112},
		{Prefix: pfx("145.0.0.0/16"), MaxLength: 16, TA: string(make([]byte, 100))},
	} {
		if err := b.Add(v); err == nil {
			t.Errorf("%+v was taken", v)
		}
	}
	if b.Len() != 0 {
		t.Errorf("%d records", b.Len())
	}
}

func FuzzIndex(f *testing.F) {
	var b VRPBuilder
	for i := range 20 {
		p, _ := netip.AddrFrom4([4]byte{145, byte(i % 3), byte(i), 0}).Prefix(8 + i%17)
		q, _ := netip.AddrFrom16([16]byte{0x2a, byte(i % 3), byte(i)}).Prefix(8 + i%17)
		_, _ = b.Add(VRP{p, 32, 1, "x"}), b.Add(VRP{q, 128, 1, "x"})
	}
	good, _ := b.Bytes(Meta{})
	f.Add(good, uint32(0x91000101))
	f.Fuzz(func(t *testing.T, data []byte, addr uint32) {
		// The checksum of the header would keep the fuzzer out: make records of the data.
		v := &VRPs{}
		if v.parse(data, kindVRPs) != nil {
			n := len(data) / (size4 + size6)
			v.v4 = family{data: data[:n*size4], n: n}
			v.v6 = family{data: data[n*size4 : n*(size4+size6)], n: n, six: true}
		}
		_ = v.Check()
		var a4 [4]byte
		binary.BigEndian.PutUint32(a4[:], addr)
		a6 := [16]byte{0x2a, a4[0], a4[1], a4[2], a4[3]}
		for _, a := range []netip.Addr{netip.AddrFrom4(a4), netip.AddrFrom16(a6)} {
			v.Validate(Announcement{netip.PrefixFrom(a, a.BitLen()), 1})
			for _, c := range v.Covering(Cut(a)) {
				if v.Check() == nil && !c.Prefix.Contains(a) {
					t.Fatalf("%v does not cover %s", c, a)
				}
			}
		}
	})
}

// realSize makes records as many, and nested about as deep, as the internet has.
func realSize(n4, n6 int, add func(netip.Prefix, uint32)) {
	r := rand.New(rand.NewPCG(1, 2)) // a reproducible table, no secret
	lengths := []int{16, 18, 19, 20, 20, 21, 21, 22, 22, 22, 22, 23, 23, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24}
	for range n4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], 1<<24+r.Uint32N(222<<24))
		p, _ := netip.AddrFrom4(b).Prefix(lengths[r.IntN(len(lengths))])
		add(p, r.Uint32N(80000)+1)
	}
	for range n6 {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], 0x2a00<<48|uint64(r.Uint32N(1<<20))<<32|uint64(r.Uint32()))
		p, _ := netip.AddrFrom16(b).Prefix([]int{29, 32, 36, 40, 44, 48, 48, 48}[r.IntN(8)])
		add(p, r.Uint32N(80000)+1)
	}
}

// realFiles writes indexes of real size: 800,000 VRPs and 1.3 million announcements.
func realFiles(b *testing.B) (vrps, routes string) {
	b.Helper()
	var vb VRPBuilder
	realSize(600_000, 200_000, func(p netip.Prefix, o uint32) {
		if err := vb.Add(VRP{p, min(p.Bits()+2, p.Addr().BitLen()), o, "ripe"}); err != nil {
			b.Fatal(err)
		}
	})
	var rb RouteBuilder
	realSize(1_050_000, 250_000, func(p netip.Prefix, o uint32) {
		if err := rb.Add(Announcement{p, o}); err != nil {
			b.Fatal(err)
		}
	})
	start := time.Now()
	vo, verr := vb.Bytes(Meta{})
	ro, rerr := rb.Bytes(Meta{})
	b.Logf("built in %s: %d + %d MB", time.Since(start).Round(time.Millisecond), len(vo)/1e6, len(ro)/1e6)
	vrps, routes = filepath.Join(b.TempDir(), "v"), filepath.Join(b.TempDir(), "r")
	if err := errors.Join(verr, rerr, os.WriteFile(vrps, vo, 0o600), os.WriteFile(routes, ro, 0o600)); err != nil {
		b.Fatal(err)
	}
	return vrps, routes
}

// resident is the memory of this process in kB, mapped files included.
func resident(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("no /proc here")
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return float64(pages * os.Getpagesize() / 1024)
}

func BenchmarkRealSize(b *testing.B) {
	vf, rf := realFiles(b)
	debug.FreeOSMemory()
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v, err := OpenVRPs(vf)
			if err != nil {
				b.Fatal(err)
			}
			r, err := OpenRoutes(rf)
			if err != nil {
				b.Fatal(err)
			}
			if err := errors.Join(v.Close(), r.Close()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("address", func(b *testing.B) {
		v, err := OpenVRPs(vf)
		if err != nil {
			b.Fatal(err)
		}
		defer v.Close()
		r, err := OpenRoutes(rf)
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		b.ReportAllocs()
		before := resident(b)
		i, n := uint32(0), 0
		for b.Loop() {
			if n++; n == 20_000 { // the addresses of 10,000 sites and their name servers
				b.ReportMetric(resident(b)-before, "kB-resident-after-20000")
			}
			i += 2654435761
			var a [4]byte
			binary.BigEndian.PutUint32(a[:], i)
			for _, an := range r.Covering(Cut(netip.AddrFrom4(a))) {
				v.Validate(an)
			}
		}
	})
}
