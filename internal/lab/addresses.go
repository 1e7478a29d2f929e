package lab

import (
	"fmt"
	"net/netip"
	"strings"
)

// The address plan. Each kind of routing has one block per family, announced as a
// whole; sites and name servers get addresses in it, a few per /24 and /48, so that a
// polite scan is not held up by its own limits.
const (
	perNetwork   = 4   // addresses given out per /24 and /48
	sitesPerAddr = 100 // sites that share an address in the country
)

// The origins of the lab's announcements: numbers for documentation (RFC 5398).
const (
	originGood  = 64500
	originOther = 64501
	originThird = 64502
)

// routings fixes the order of the blocks: the place in it decides the addresses.
var routings = [...]Routing{
	RouteValid, RouteNotFound, RouteInvalidAS, RouteInvalidLength, RouteNone, RouteNothing, RouteTwoOrigins,
}

func (r Routing) index() int {
	for i, x := range routings {
		if x == r {
			return i
		}
	}
	return 0
}

// block4 is 22.(16·i).0.0/12, block6 2a1f:8(i)00::/24.
func (r Routing) block4() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{22, byte(16 * r.index())}), 12)
}

func (r Routing) block6() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x2a, 0x1f, 0x80 + byte(r.index())}), 24)
}

// allocator gives out addresses, one after the other per block.
type allocator struct {
	next4, next6 [len(routings)]int
}

func (a *allocator) v4(r Routing) netip.Addr {
	i := r.index()
	n := a.next4[i]
	a.next4[i]++
	network, host := n/perNetwork, 10*(1+n%perNetwork)
	if network >= 1<<12 {
		panic("lab: more addresses asked for than a block has") // Country bounds the number of sites
	}
	b := r.block4().Addr().As4()
	return netip.AddrFrom4([4]byte{b[0], b[1] + byte(network>>8), byte(network), byte(host)})
}

func (a *allocator) v6(r Routing) netip.Addr {
	i := r.index()
	n := a.next6[i]
	a.next6[i]++
	network, host := n/perNetwork, 0x10*(1+n%perNetwork)
	b := r.block6().Addr().As16()
	b[3], b[4], b[5] = byte(network>>16), byte(network>>8), byte(network)
	b[15] = byte(host)
	return netip.AddrFrom16(b)
}

// VRP is a validated ROA payload.
type VRP struct {
	Prefix    netip.Prefix
	MaxLength int
	Origin    uint32
}

// Announcement is a prefix and the AS that announces it.
type Announcement struct {
	Prefix netip.Prefix
	Origin uint32
}

// vrps are the payloads that the address plan needs.
func vrps() []VRP {
	var vs []VRP
	for _, r := range routings {
		for _, p := range []netip.Prefix{r.block4(), r.block6()} {
			longest := 24
			if p.Addr().Is6() {
				longest = 48
			}
			switch r {
			case RouteValid, RouteNone, RouteTwoOrigins:
				vs = append(vs, VRP{p, longest, originGood})
			case RouteInvalidAS:
				vs = append(vs, VRP{p, longest, originThird})
			case RouteInvalidLength:
				vs = append(vs, VRP{p, p.Bits(), originGood})
			}
		}
	}
	return vs
}

// announcements are the routes that the address plan needs.
func announcements() []Announcement {
	var as []Announcement
	for _, r := range routings {
		for _, p := range []netip.Prefix{r.block4(), r.block6()} {
			switch r {
			case RouteNone, RouteNothing:
			case RouteInvalidLength: // two halves, each longer than the payload allows
				half := netip.PrefixFrom(p.Addr(), p.Bits()+1)
				as = append(as, Announcement{half, originGood}, Announcement{upperHalf(p), originGood})
			case RouteTwoOrigins:
				as = append(as, Announcement{p, originGood}, Announcement{p, originOther})
			default:
				as = append(as, Announcement{p, originGood})
			}
		}
	}
	return as
}

// upperHalf is the second half of a prefix.
func upperHalf(p netip.Prefix) netip.Prefix {
	b := p.Addr().AsSlice()
	b[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	a, _ := netip.AddrFromSlice(b) // 4 or 16 bytes, as they came
	return netip.PrefixFrom(a, p.Bits()+1)
}

// vrpsJSON is the file vrps.json.
func vrpsJSON(vs []VRP) []byte {
	var b strings.Builder
	b.WriteString("{\"roas\":[\n")
	for i, v := range vs {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `{"asn":"AS%d","prefix":%q,"maxLength":%d,"ta":"lab"}`, v.Origin, v.Prefix, v.MaxLength)
	}
	b.WriteString("\n]}\n")
	return []byte(b.String())
}

// routesCSV is the file routes.csv.
func routesCSV(as []Announcement) []byte {
	var b strings.Builder
	for _, a := range as {
		fmt.Fprintf(&b, "%s,%d\n", a.Prefix, a.Origin)
	}
	return []byte(b.String())
}
