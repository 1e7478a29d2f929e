package routes

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"net/netip"
	"os"
	"sort"
)

// The form of an index file, all numbers little-endian:
//
//	 0  magic "PEILROUT"
//	 8  version, 1
//	12  kind: 1 VRPs, 2 routes
//	16  length of the meta data in bytes
//	20  number of IPv4 records
//	24  number of IPv6 records
//	28  CRC-32C of the records
//	32  CRC-32C of bytes 0 to 31 and the meta data
//	36  meta data (JSON), padded with zeros to a multiple of 16 from the start of the file
//	    IPv4 records of 16 bytes: address (4), up (4), origin (4), length, max length, TA, 0
//	    IPv6 records of 28 bytes: address (two words of 8), up (4), origin (4), length, max length, TA, 0
//
// Records are sorted by address and length. "up" is one more than the position of the
// closest record before this one whose prefix covers it or is the same; 0 is none.
const (
	magic      = "PEILROUT"
	version    = 1
	headerSize = 36
	maxMeta    = 1 << 16
	size4      = 16
	size6      = 28

	kindVRPs   = 1
	kindRoutes = 2
)

// ErrDamaged is wrapped by the errors about an index file that is not what it says.
var ErrDamaged = errors.New("damaged index")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// index is a table over the bytes of an index file.
type index struct {
	meta    Meta
	v4, v6  family
	records []byte
	sum     uint32
	unmap   func() error
}

// family is the records of one address family.
type family struct {
	data []byte
	n    int
	six  bool
}

// record is one record, whatever its family. An IPv4 address stands in the upper half
// of hi.
type record struct {
	hi, lo        uint64
	up, origin    uint32
	bits, max, ta uint8
}

// width is the number of bits of an address.
func (f *family) width() int {
	if f.six {
		return 128
	}
	return 32
}

// at decodes record i, which the caller has checked to exist.
func (f *family) at(i int) record {
	if f.six {
		b := f.data[i*size6 : (i+1)*size6]
		return record{
			hi: binary.LittleEndian.Uint64(b), lo: binary.LittleEndian.Uint64(b[8:]),
			up: binary.LittleEndian.Uint32(b[16:]), origin: binary.LittleEndian.Uint32(b[20:]), bits: b[24], max: b[25], ta: b[26],
		}
	}
	b := f.data[i*size4 : (i+1)*size4]
	return record{
		hi: uint64(binary.LittleEndian.Uint32(b)) << 32,
		up: binary.LittleEndian.Uint32(b[4:]), origin: binary.LittleEndian.Uint32(b[8:]), bits: b[12], max: b[13], ta: b[14],
	}
}

// search returns the position of the first record that comes after address and length.
func (f *family) search(hi, lo uint64, length uint8) int {
	return sort.Search(f.n, func(i int) bool {
		r := f.at(i)
		if r.hi != hi {
			return r.hi > hi
		}
		if r.lo != lo {
			return r.lo > lo
		}
		return r.bits > length
	})
}

// covers reports whether the record's prefix holds an address.
func (r record) covers(hi, lo uint64, width int) bool {
	n := int(r.bits)
	if n > width {
		return false // damaged
	}
	same := bits.LeadingZeros64(r.hi ^ hi)
	if same == 64 {
		same += bits.LeadingZeros64(r.lo ^ lo)
	}
	return same >= n
}

// prefix is the record's prefix. The bits after its length, which only a damaged file
// has, are cut off.
func (r record) prefix(four bool) netip.Prefix {
	var a netip.Addr
	if four {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(r.hi>>32)) // the upper half
		a = netip.AddrFrom4(b)
	} else {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], r.hi)
		binary.BigEndian.PutUint64(b[8:], r.lo)
		a = netip.AddrFrom16(b)
	}
	return netip.PrefixFrom(a, int(r.bits)).Masked()
}

// bitsOf is an address as two words; IPv4 in the upper half of the first.
func bitsOf(a netip.Addr) (hi, lo uint64) {
	if a.Is4() {
		b := a.As4()
		return uint64(binary.BigEndian.Uint32(b[:])) << 32, 0
	}
	b := a.As16()
	return binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])
}

// parse makes an index of the bytes of a file. It looks at the header alone: look-ups
// hold against damaged records, and Check reads all of them.
func (x *index) parse(b []byte, kind uint32) error {
	if len(b) < headerSize || string(b[:8]) != magic {
		return fmt.Errorf("%w: not an index file", ErrDamaged)
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	if v := word(8); v != version {
		return fmt.Errorf("an index of version %d, want %d: run peil data update", v, version)
	}
	if k := word(12); k != kind {
		return errKind(kind, k)
	}
	metaLen, n4, n6 := uint64(word(16)), uint64(word(20)), uint64(word(24))
	if metaLen > maxMeta || headerSize+metaLen > uint64(len(b)) {
		return fmt.Errorf("%w: cut off in its meta data", ErrDamaged)
	}
	sum := crc32.Checksum(b[:32], castagnoli)
	meta := b[headerSize : headerSize+metaLen]
	if crc32.Update(sum, castagnoli, meta) != word(32) {
		return fmt.Errorf("%w: the header's checksum does not hold", ErrDamaged)
	}
	start := align(headerSize + metaLen)
	if want := start + n4*size4 + n6*size6; want != uint64(len(b)) {
		return fmt.Errorf("%w: %d bytes long, want %d", ErrDamaged, len(b), want)
	}
	if err := json.Unmarshal(meta, &x.meta); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	x.records, x.sum = b[start:], word(28)
	x.v4 = family{data: x.records[:n4*size4], n: int(n4)}            // checked against the file's length
	x.v6 = family{data: x.records[n4*size4:], n: int(n6), six: true} // the same
	return nil
}

func align(n uint64) uint64 { return (n + 15) &^ 15 }

// Check reads the whole table and holds it against its checksum and its order.
func (x *index) Check() error {
	if crc32.Checksum(x.records, castagnoli) != x.sum {
		return fmt.Errorf("%w: the checksum of the records does not hold", ErrDamaged)
	}
	for _, f := range []*family{&x.v4, &x.v6} {
		var last record
		for i := range f.n {
			r := f.at(i)
			switch {
			case int(r.bits) > f.width() || int(r.max) > f.width() || int(r.up) > i || int(r.ta) > len(x.meta.TAs):
				return fmt.Errorf("%w: record %d is out of bounds", ErrDamaged, i)
			case i > 0 && compareRecords(last, r) >= 0:
				return fmt.Errorf("%w: record %d is out of order", ErrDamaged, i)
			case r.up > 0 && !f.at(int(r.up)-1).covers(r.hi, r.lo, f.width()):
				return fmt.Errorf("%w: record %d points to one that does not cover it", ErrDamaged, i)
			}
			last = r
		}
	}
	return nil
}

// Close gives the mapped file back. No look-up may be under way or follow.
func (x *index) Close() error {
	x.v4, x.v6, x.records = family{}, family{six: true}, nil
	if x.unmap == nil {
		return nil
	}
	unmap := x.unmap
	x.unmap = nil
	return unmap()
}

// OpenVRPs maps an index of VRPs. The file must not be changed while it is open;
// Cache replaces files by renaming, which leaves a mapped one as it is.
func OpenVRPs(file string) (*VRPs, error) {
	v := &VRPs{}
	if err := v.open(file, kindVRPs); err != nil {
		return nil, err
	}
	return v, nil
}

// OpenRoutes maps an index of announcements, as OpenVRPs does.
func OpenRoutes(file string) (*Routes, error) {
	t := &Routes{}
	if err := t.open(file, kindRoutes); err != nil {
		return nil, err
	}
	return t, nil
}

func (x *index) open(file string, kind uint32) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("opening the index: %w", err)
	}
	defer f.Close()
	b, unmap, err := mapFile(f)
	if err != nil {
		return fmt.Errorf("opening the index %s: %w", file, err)
	}
	if err := x.parse(b, kind); err != nil {
		return errors.Join(fmt.Errorf("opening the index %s: %w", file, err), unmap())
	}
	x.unmap = unmap
	return nil
}
