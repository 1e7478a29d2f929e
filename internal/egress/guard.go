package egress

import (
	"fmt"
	"net/netip"
	"strings"
)

// block is an address block that is not a place on the public internet.
type block struct {
	prefix netip.Prefix
	what   string
}

// The blocks follow the IANA registries of special-purpose addresses (RFC 6890;
// IPv4 and IPv6 registries as of October 2025): all that is not "globally reachable".
// To these come multicast, and the blocks that carry an IPv4 address inside: a
// translator or tunnel stands there, not the host that was meant, so they are refused
// whatever address they carry, though the registry calls NAT64 globally reachable.
// Blocks that are globally reachable and hold real hosts (AS112, AMT) stay open.
var blocks4 = []block{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network (RFC 791)"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private use (RFC 1918)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT (RFC 6598)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback (RFC 1122)"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local (RFC 3927)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private use (RFC 1918)"},
	{netip.MustParsePrefix("192.0.0.0/24"), "IETF protocol assignments (RFC 6890)"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relays (RFC 7526)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private use (RFC 1918)"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking (RFC 2544)"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved (RFC 1112)"},
}

// blocks6 stand in order of specificity where they nest: the first that holds wins.
var blocks6 = []block{
	{netip.MustParsePrefix("::/128"), "unspecified (RFC 4291)"},
	{netip.MustParsePrefix("::1/128"), "loopback (RFC 4291)"},
	{netip.MustParsePrefix("::ffff:0:0/96"), "IPv4-mapped (RFC 4291)"},
	{netip.MustParsePrefix("::/96"), "IPv4-compatible (RFC 4291)"},
	{netip.MustParsePrefix("64:ff9b::/96"), "NAT64 (RFC 6052)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64 (RFC 8215)"},
	{netip.MustParsePrefix("100::/64"), "discard-only (RFC 6666)"},
	{netip.MustParsePrefix("100:0:0:1::/64"), "dummy prefix (RFC 9780)"},
	{netip.MustParsePrefix("2001::/32"), "Teredo (RFC 4380)"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation (RFC 3849)"},
	{netip.MustParsePrefix("2002::/16"), "6to4 (RFC 3056)"},
	{netip.MustParsePrefix("3fff::/20"), "documentation (RFC 9637)"},
	{netip.MustParsePrefix("5f00::/16"), "segment routing (RFC 9602)"},
	{netip.MustParsePrefix("fc00::/7"), "unique local (RFC 4193)"},
	{netip.MustParsePrefix("fe80::/10"), "link-local (RFC 4291)"},
	{netip.MustParsePrefix("fec0::/10"), "site-local (RFC 3879)"},
	{netip.MustParsePrefix("ff00::/8"), "multicast (RFC 4291)"},
}

var (
	// protocol6 is refused but for the two blocks in it that hold real hosts.
	protocol6 = block{netip.MustParsePrefix("2001::/23"), "IETF protocol assignments (RFC 2928)"}
	amt6      = netip.MustParsePrefix("2001:3::/32")     // AMT (RFC 7450)
	as112v6   = netip.MustParsePrefix("2001:4:112::/48") // AS112 (RFC 7535)
	// unicast6 is the only block from which unicast addresses are given out (RFC
	// 4291 section 2.4 and the IANA registry of the IPv6 address space).
	unicast6 = netip.MustParsePrefix("2000::/3")
)

// special returns the block for which an address is not public.
func special(a netip.Addr) (block, bool) {
	if a.Is4() {
		for _, b := range blocks4 {
			if b.prefix.Contains(a) {
				return b, true
			}
		}
		return block{}, false
	}
	a = a.WithZone("") // a prefix contains no address with a zone
	for _, b := range blocks6 {
		if b.prefix.Contains(a) {
			return b, true
		}
	}
	if protocol6.prefix.Contains(a) && !amt6.Contains(a) && !as112v6.Contains(a) {
		return protocol6, true
	}
	if !unicast6.Contains(a) {
		// The registry speaks of eighths; a line of the network map that spans more
		// than the one at hand does not name it.
		return block{netip.PrefixFrom(a, unicast6.Bits()).Masked(), "not allocated (RFC 4291)"}, true
	}
	return block{}, false
}

// Public returns nil for an address of the public internet, and for any other an
// error that wraps ErrNotPublic and says what the address is. An IPv4 address inside
// an IPv6 one (IPv4-mapped) is never public: who means IPv4 unmaps it.
func Public(a netip.Addr) error {
	if !a.IsValid() {
		return fmt.Errorf("%w: no address", ErrNotPublic)
	}
	if a.Zone() != "" {
		return fmt.Errorf("%w: %s has a zone", ErrNotPublic, a)
	}
	if b, yes := special(a); yes {
		return fmt.Errorf("%w: %s is %s", ErrNotPublic, a, b.what)
	}
	return nil
}

// ParseAddr reads the host of a URL. For a name it returns false; for an address in
// its usual form (dotted decimal; IPv6 with or without brackets) true. A host that
// some software would take for an address though it is not in that form (0177.0.0.1,
// 2130706433, 0x7f.1, 127.1, a final dot, a zone) is an error, by the rule of the URL
// standard: a host whose last label is a number is an IPv4 address or nothing.
func ParseAddr(host string) (addr netip.Addr, isAddr bool, err error) {
	h := host
	bracketed := strings.HasPrefix(h, "[")
	if bracketed {
		if !strings.HasSuffix(h, "]") {
			return netip.Addr{}, false, fmt.Errorf("host %q: bracket without its pair", host)
		}
		h = h[1 : len(h)-1]
	}
	if bracketed || strings.Contains(h, ":") {
		addr, err := netip.ParseAddr(h)
		switch {
		case err != nil || !addr.Is6():
			return netip.Addr{}, false, fmt.Errorf("host %q: not an IPv6 address", host)
		case addr.Zone() != "":
			return netip.Addr{}, false, fmt.Errorf("host %q: an address with a zone", host)
		}
		return addr, true, nil
	}
	if !endsInNumber(h) {
		return netip.Addr{}, false, nil
	}
	addr, err = netip.ParseAddr(h)
	if err != nil {
		return netip.Addr{}, false, fmt.Errorf("host %q: an IPv4 address not written as four decimal numbers", host)
	}
	return addr, true, nil
}

// endsInNumber is the "ends in a number checker" of the URL standard.
func endsInNumber(h string) bool {
	h = strings.TrimSuffix(h, ".")
	last := h[strings.LastIndexByte(h, '.')+1:]
	if last == "" {
		return false
	}
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	if len(last) < 2 || last[0] != '0' || last[1]|0x20 != 'x' {
		return false
	}
	return strings.Trim(last[2:], "0123456789abcdefABCDEF") == ""
}
