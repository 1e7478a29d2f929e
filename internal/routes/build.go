package routes

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"slices"
)

// maxRecords bounds a table: about five times what the internet has.
const maxRecords = 8 << 20

// maxTAs is how many trust anchors a table can name; there are five.
const maxTAs = 255

// VRPBuilder gathers VRPs for a table.
type VRPBuilder struct {
	builder
	tas map[string]uint8
}

// Add adds a VRP. One that contradicts itself is an error and is left out.
func (b *VRPBuilder) Add(v VRP) error {
	if err := checkPrefix(v.Prefix); err != nil {
		return err
	}
	if v.MaxLength < v.Prefix.Bits() || v.MaxLength > v.Prefix.Addr().BitLen() {
		return fmt.Errorf("max length %d of %s", v.MaxLength, v.Prefix)
	}
	ta, known := b.tas[v.TA]
	if !known && v.TA != "" {
		if len(b.meta.TAs) == maxTAs || len(v.TA) > 64 {
			return fmt.Errorf("trust anchor %.20q is one too many, or too long", v.TA)
		}
		if b.tas == nil {
			b.tas = map[string]uint8{}
		}
		b.meta.TAs = append(b.meta.TAs, v.TA)
		ta = uint8(len(b.meta.TAs)) // at most maxTAs
		b.tas[v.TA] = ta
	}
	return b.add(v.Prefix, record{origin: v.Origin, max: uint8(v.MaxLength), ta: ta}) // at most 128
}

// Table makes the table, in memory.
func (b *VRPBuilder) Table(m Meta) (*VRPs, error) {
	v := &VRPs{}
	return v, b.table(&v.index, m, kindVRPs)
}

// Bytes makes the table in the form of an index file.
func (b *VRPBuilder) Bytes(m Meta) ([]byte, error) { return b.bytes(m, kindVRPs) }

// RouteBuilder gathers announcements for a table.
type RouteBuilder struct{ builder }

// Add adds an announcement.
func (b *RouteBuilder) Add(a Announcement) error {
	if err := checkPrefix(a.Prefix); err != nil {
		return err
	}
	return b.add(a.Prefix, record{origin: a.Origin})
}

// Table makes the table, in memory.
func (b *RouteBuilder) Table(m Meta) (*Routes, error) {
	t := &Routes{}
	return t, b.table(&t.index, m, kindRoutes)
}

// Bytes makes the table in the form of an index file.
func (b *RouteBuilder) Bytes(m Meta) ([]byte, error) { return b.bytes(m, kindRoutes) }

// builder is what both have in common.
type builder struct {
	meta   Meta
	v4, v6 []record
}

// errTooMany ends reading, other than a wrong line.
var errTooMany = fmt.Errorf("more than %d records", maxRecords)

func checkPrefix(p netip.Prefix) error {
	switch {
	case !p.IsValid() || p.Addr().Is4In6():
		return fmt.Errorf("not a prefix: %s", p)
	case p != p.Masked():
		return fmt.Errorf("%s has bits after the prefix", p)
	}
	return nil
}

func (b *builder) add(p netip.Prefix, r record) error {
	if b.Len() >= maxRecords {
		return errTooMany
	}
	r.hi, r.lo = bitsOf(p.Addr())
	r.bits = uint8(p.Bits()) // at most 128
	if p.Addr().Is4() {
		b.v4 = append(b.v4, r)
	} else {
		b.v6 = append(b.v6, r)
	}
	return nil
}

// Len is the number of records so far, duplicates included.
func (b *builder) Len() int { return len(b.v4) + len(b.v6) }

func compareRecords(a, b record) int {
	return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo), cmp.Compare(a.bits, b.bits),
		cmp.Compare(a.origin, b.origin), cmp.Compare(a.max, b.max), cmp.Compare(a.ta, b.ta))
}

// arrange sorts records, drops duplicates and points each to the one above it.
func arrange(rs []record, width int) []record {
	for i := range rs {
		rs[i].up = 0
	}
	slices.SortFunc(rs, compareRecords)
	rs = slices.Compact(rs)
	for i := 1; i < len(rs); i++ {
		// Climb from the record before: what covers this one covers all in between.
		for up := i; up > 0; up = int(rs[up-1].up) {
			if rs[up-1].covers(rs[i].hi, rs[i].lo, width) {
				rs[i].up = uint32(up) // at most maxRecords
				break
			}
		}
	}
	return rs
}

func (b *builder) bytes(m Meta, kind uint32) ([]byte, error) {
	b.v4, b.v6 = arrange(b.v4, 32), arrange(b.v6, 128)
	m.TAs = b.meta.TAs
	meta, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(meta) > maxMeta {
		return nil, errors.New("the meta data is too long")
	}
	start := int(align(headerSize + uint64(len(meta)))) // at most maxMeta and some
	out := make([]byte, start, start+len(b.v4)*size4+len(b.v6)*size6)
	le := binary.LittleEndian
	for _, r := range b.v4 {
		out = le.AppendUint32(out, uint32(r.hi>>32)) // the upper half
		out = le.AppendUint32(le.AppendUint32(out, r.up), r.origin)
		out = append(out, r.bits, r.max, r.ta, 0)
	}
	for _, r := range b.v6 {
		out = le.AppendUint64(le.AppendUint64(out, r.hi), r.lo)
		out = le.AppendUint32(le.AppendUint32(out, r.up), r.origin)
		out = append(out, r.bits, r.max, r.ta, 0)
	}
	copy(out, magic)
	le.PutUint32(out[8:], version)
	le.PutUint32(out[12:], kind)
	le.PutUint32(out[16:], uint32(len(meta))) // at most maxMeta
	le.PutUint32(out[20:], uint32(len(b.v4))) // at most maxRecords
	le.PutUint32(out[24:], uint32(len(b.v6))) // at most maxRecords
	le.PutUint32(out[28:], crc32.Checksum(out[start:], castagnoli))
	copy(out[headerSize:], meta)
	le.PutUint32(out[32:], crc32.Update(crc32.Checksum(out[:32], castagnoli), castagnoli, meta))
	return out, nil
}

func (b *builder) table(x *index, m Meta, kind uint32) error {
	out, err := b.bytes(m, kind)
	if err != nil {
		return err
	}
	return x.parse(out, kind)
}
