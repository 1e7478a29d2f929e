package spf

import (
	"net/netip"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func prefixes(ss ...string) (out []netip.Prefix) {
	for _, s := range ss {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestSetMergesAndCounts(t *testing.T) {
	s := SetOf(prefixes("192.0.2.128/25", "192.0.2.0/25", "192.0.2.7/32", "2001:db8::/33", "2001:db8:8000::/33", "255.255.255.255/32", "::/128"))
	if got, want := s.Prefixes(), prefixes("192.0.2.0/24", "255.255.255.255/32", "::/128", "2001:db8::/32"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	v4, v6 := s.Count()
	if v4.String() != "257" || v6.String() != "79228162514264337593543950337" {
		t.Errorf("got %s and %s", v4, v6)
	}
	v4, v6 = everything.Count()
	if v4.BitLen() != 33 || v6.BitLen() != 129 || !everything.Everything() {
		t.Errorf("everything: %s and %s", v4, v6)
	}
}

// The algebra of sets, held against membership of single addresses.
func TestSetAlgebra(t *testing.T) {
	prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
		if rapid.Bool().Draw(t, "v6") {
			b := [16]byte{15: byte(rapid.IntRange(0, 255).Draw(t, "octet"))}
			if rapid.Bool().Draw(t, "high") {
				for i := range 15 {
					b[i] = 0xff
				}
			}
			return netip.PrefixFrom(netip.AddrFrom16(b), rapid.SampledFrom([]int{0, 1, 120, 124, 127, 128}).Draw(t, "bits"))
		}
		b := [4]byte{3: byte(rapid.IntRange(0, 255).Draw(t, "octet"))}
		if rapid.Bool().Draw(t, "high") {
			b[0], b[1], b[2] = 255, 255, 255
		}
		return netip.PrefixFrom(netip.AddrFrom4(b), rapid.SampledFrom([]int{0, 1, 24, 28, 31, 32}).Draw(t, "bits"))
	})
	rapid.Check(t, func(t *rapid.T) {
		ap, bp := rapid.SliceOfN(prefix, 0, 6).Draw(t, "a"), rapid.SliceOfN(prefix, 0, 6).Draw(t, "b")
		a, b := SetOf(ap), SetOf(bp)
		in := func(ps []netip.Prefix, ip netip.Addr) bool {
			for _, p := range ps {
				if p.Contains(ip) {
					return true
				}
			}
			return false
		}
		ip := prefix.Draw(t, "ip").Addr()
		inA, inB := in(ap, ip), in(bp, ip)
		if a.Contains(ip) != inA || a.Union(b).Contains(ip) != (inA || inB) || a.Intersect(b).Contains(ip) != (inA && inB) || a.Subtract(b).Contains(ip) != (inA && !inB) {
			t.Fatalf("%s: in a %v, in b %v; %v %v", ip, inA, inB, a.Prefixes(), b.Prefixes())
		}
		if !SetOf(a.Prefixes()).Equal(a) {
			t.Fatalf("%v is not made up again by its prefixes", a.Prefixes())
		}
	})
}
