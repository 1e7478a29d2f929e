package spf

import (
	"math/big"
	"net/netip"
	"slices"
)

// Set is a set of addresses of both families.
type Set struct{ spans []span } // sorted, apart and not adjoining; IPv4 before IPv6

type span struct{ from, to netip.Addr } // both inclusive, of one family

var everything = Set{[]span{
	{netip.AddrFrom4([4]byte{}), last(netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 0))},
	{netip.IPv6Unspecified(), last(netip.PrefixFrom(netip.IPv6Unspecified(), 0))},
}}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		switch free := (i+1)*8 - p.Bits(); {
		case free >= 8:
			b[i] = 0xff
		case free > 0:
			b[i] |= 1<<free - 1
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// SetOf is the union of networks.
func SetOf(ps []netip.Prefix) Set {
	spans := make([]span, 0, len(ps))
	for _, p := range ps {
		if p.IsValid() {
			p = p.Masked()
			spans = append(spans, span{p.Addr(), last(p)})
		}
	}
	return join(spans)
}

// join sorts spans and merges those that touch.
func join(spans []span) Set {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 {
			l := &out[n-1]
			// Next of the last address of a family is not valid, so families stay apart.
			if next := l.to.Next(); s.from.Compare(l.to) <= 0 || next.IsValid() && next == s.from {
				if l.to.Less(s.to) {
					l.to = s.to
				}
				continue
			}
		}
		out = append(out, s)
	}
	return Set{out}
}

// Union is what is in one of the two.
func (s Set) Union(o Set) Set {
	switch {
	case len(s.spans) == 0:
		return o
	case len(o.spans) == 0:
		return s
	}
	return join(slices.Concat(s.spans, o.spans))
}

// Intersect is what is in both.
func (s Set) Intersect(o Set) Set {
	var out []span
	for i, j := 0, 0; i < len(s.spans) && j < len(o.spans); {
		a, b := s.spans[i], o.spans[j]
		from, to := a.from, a.to
		if from.Less(b.from) {
			from = b.from
		}
		if b.to.Less(to) {
			to = b.to
		}
		if from.Compare(to) <= 0 {
			out = append(out, span{from, to})
		}
		if a.to.Less(b.to) {
			i++
		} else {
			j++
		}
	}
	return Set{out}
}

// Subtract is what is in s and not in o.
func (s Set) Subtract(o Set) Set {
	return s.Intersect(o.complement())
}

func (s Set) complement() Set {
	var out []span
	i := 0
	for _, all := range everything.spans {
		from := all.from
		for ; i < len(s.spans) && s.spans[i].to.Compare(all.to) <= 0; i++ {
			if from.IsValid() && from.Less(s.spans[i].from) {
				out = append(out, span{from, s.spans[i].from.Prev()})
			}
			from = s.spans[i].to.Next()
		}
		if from.IsValid() {
			out = append(out, span{from, all.to})
		}
	}
	return Set{out}
}

// Contains reports whether the address is in the set.
func (s Set) Contains(ip netip.Addr) bool {
	i, found := slices.BinarySearchFunc(s.spans, ip, func(e span, ip netip.Addr) int { return e.from.Compare(ip) })
	return found || i > 0 && ip.Compare(s.spans[i-1].to) <= 0
}

// Empty reports whether nothing is in the set.
func (s Set) Empty() bool { return len(s.spans) == 0 }

// Equal reports whether the two hold the same addresses.
func (s Set) Equal(o Set) bool { return slices.Equal(s.spans, o.spans) }

// Everything reports whether each address is in the set.
func (s Set) Everything() bool { return s.Equal(everything) }

// Count is how many IPv4 and IPv6 addresses are in the set.
func (s Set) Count() (v4, v6 *big.Int) {
	v4, v6 = new(big.Int), new(big.Int)
	for _, e := range s.spans {
		n := new(big.Int).SetBytes(e.to.AsSlice())
		n.Sub(n, new(big.Int).SetBytes(e.from.AsSlice())).Add(n, big.NewInt(1))
		if e.from.Is4() {
			v4.Add(v4, n)
		} else {
			v6.Add(v6, n)
		}
	}
	return v4, v6
}

// Prefixes are the fewest networks that make up the set, in order.
func (s Set) Prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, e := range s.spans {
		for from := e.from; from.IsValid() && from.Compare(e.to) <= 0; {
			p := netip.PrefixFrom(from, from.BitLen())
			for p.Bits() > 0 {
				wider := netip.PrefixFrom(from, p.Bits()-1)
				if wider.Masked().Addr() != from || e.to.Less(last(wider)) {
					break
				}
				p = wider
			}
			out = append(out, p)
			from = last(p).Next()
		}
	}
	return out
}
