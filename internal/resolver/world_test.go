package resolver

import (
	"context"
	"crypto"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// world is a small internet of name servers in memory: zones signed on the fly by
// miekg/dns, which shares no code with the resolver's own signed form, and servers
// that answer from them, each at its own address.
type world struct {
	t     testing.TB
	now   time.Time
	zones map[string]*zone
	at    map[netip.Addr][]*zone // what a server serves
	next  int

	mu     sync.Mutex
	asked  []string // "name TYPE" of each question in order
	silent map[netip.Addr]bool
}

type zoneKey struct {
	*dns.DNSKEY
	signer crypto.Signer
	ksk    bool
}

// zone is one zone and how it is to be signed. Faults are changes to it before or
// after signing.
type zone struct {
	w        *world
	name     string
	addr     netip.Addr
	second   netip.Addr // of another server, ns2
	rrs      []dns.RR
	keys     []*zoneKey
	unsigned bool     // no keys at all
	noDS     bool     // keys, but no DS at the parent
	ds       []dns.RR // instead of those computed
	nsec3    *dns.NSEC3PARAM
	optOut   bool
	partly   bool      // opt-out, but in every second record alone
	silently bool      // as opt-out, but no record says so
	from, to time.Time // of signatures
	inParent bool      // served by the parent's server
	// edit changes a reply before it goes out.
	edit func(q dns.Question, m *dns.Msg)
	// raw changes the bytes of a reply; nil bytes mean silence.
	raw func(q dns.Question, tcp bool, b []byte) []byte

	signed map[string]map[uint16][]dns.RR // by lower-case owner; RRSIGs under their own type
	names  []string                       // owners in canonical order, empty non-terminals included
	cuts   map[string]bool
	hashes []string // of NSEC3, sorted
	byHash map[string]dns.RR
}

var testNow = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	w := &world{t: t, now: testNow, zones: map[string]*zone{}, at: map[netip.Addr][]*zone{}, silent: map[netip.Addr]bool{}}
	w.zone(".", dns.ECDSAP256SHA256)
	return w
}

// zone adds a zone with one KSK and one ZSK, below those added before.
func (w *world) zone(n string, alg uint8, lines ...string) *zone {
	w.t.Helper()
	n = dns.Fqdn(n)
	w.next++
	z := &zone{w: w, name: n, addr: netip.AddrFrom4([4]byte{198, 41, byte(w.next >> 8), byte(w.next)}), from: w.now.Add(-time.Hour), to: w.now.Add(24 * time.Hour)}
	if alg != 0 {
		z.keys = []*zoneKey{w.key(n, alg, 257), w.key(n, alg, 256)}
	} else {
		z.unsigned = true
	}
	ns := "ns." + strings.TrimPrefix(n, ".")
	z.add(fmt.Sprintf("%s 3600 SOA %s host.%s 1 3600 600 86400 300", n, ns, strings.TrimPrefix(n, ".")))
	z.add(fmt.Sprintf("%s 3600 NS %s", n, ns))
	z.add(fmt.Sprintf("%s 3600 A %s", ns, z.addr))
	z.add(lines...)
	w.zones[n] = z
	return z
}

// twice gives the zone a second server.
func (z *zone) twice() *zone {
	b := z.addr.As4()
	z.second = netip.AddrFrom4([4]byte{199, b[1], b[2], b[3]})
	z.add("@ 3600 NS ns2."+strings.TrimPrefix(z.name, "."), "ns2."+strings.TrimPrefix(z.name, ".")+" 3600 A "+z.second.String())
	return z
}

func (z *zone) add(lines ...string) {
	z.w.t.Helper()
	for _, l := range lines {
		rr, err := dns.NewRR("$ORIGIN " + z.name + "\n" + l)
		if err != nil || rr == nil {
			z.w.t.Fatalf("%s: %v", l, err)
		}
		rr.Header().Name = strings.ToLower(rr.Header().Name)
		if rr.Header().Ttl == 0 {
			rr.Header().Ttl = 300
		}
		z.rrs = append(z.rrs, rr)
	}
}

func (w *world) key(n string, alg uint8, flags uint16) *zoneKey {
	w.t.Helper()
	k := &dns.DNSKEY{Hdr: dns.RR_Header{Name: n, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600}, Flags: flags, Protocol: 3, Algorithm: alg}
	bits := map[uint8]int{dns.ECDSAP256SHA256: 256, dns.ECDSAP384SHA384: 384, dns.ED25519: 256}[alg]
	if bits == 0 {
		bits = 1024
	}
	p, err := k.Generate(bits)
	if err != nil {
		w.t.Fatal(err)
	}
	if k.KeyTag() == 0 { // one in 65,536; the library takes it for none
		return w.key(n, alg, flags)
	}
	return &zoneKey{k, p.(crypto.Signer), flags&1 != 0}
}

// parentOf is the nearest zone above.
func (w *world) parentOf(n string) *zone {
	for n != "." {
		_, rest, _ := strings.Cut(n, ".")
		if n = rest; n == "" {
			n = "."
		}
		if z := w.zones[n]; z != nil {
			return z
		}
	}
	return nil
}

// build delegates and signs everything, and returns a resolver for it.
func (w *world) build(change ...func(*Config)) *Resolver {
	w.t.Helper()
	for _, n := range w.order() {
		z, p := w.zones[n], w.parentOf(n)
		if p != nil {
			if z.inParent {
				z.addr = p.addr
			}
			for _, rr := range z.rrs {
				if ns, ok := rr.(*dns.NS); ok && ns.Hdr.Name == n {
					p.rrs = append(p.rrs, ns)
					if dns.IsSubDomain(n, ns.Ns) {
						addr := z.addr
						if z.second.IsValid() && strings.HasPrefix(ns.Ns, "ns2.") {
							addr = z.second
						}
						p.rrs = append(p.rrs, &dns.A{Hdr: dns.RR_Header{Name: ns.Ns, Rrtype: dns.TypeA, Class: 1, Ttl: 3600}, A: addr.AsSlice()})
					}
				}
			}
			switch {
			case z.ds != nil:
				p.rrs = append(p.rrs, z.ds...)
			case !z.unsigned && !z.noDS:
				for _, k := range z.keys {
					if k.ksk {
						p.rrs = append(p.rrs, k.ToDS(dns.SHA256))
					}
				}
			}
		}
		w.at[z.addr] = append(w.at[z.addr], z)
		if z.second.IsValid() {
			w.at[z.second] = append(w.at[z.second], z)
		}
	}
	for _, z := range w.zones {
		z.sign()
	}
	return w.again(change...)
}

// again makes another resolver for the world that was built.
func (w *world) again(change ...func(*Config)) *Resolver {
	w.t.Helper()
	c := Config{
		RootHints: fmt.Sprintf(". 3600 NS ns.\nns. 3600 A %s\n", w.zones["."].addr),
		Clock:     func() time.Time { return w.now },
		Dial:      w.dial,
	}
	for _, k := range w.zones["."].keys {
		if k.ksk {
			c.Anchors += k.ToDS(dns.SHA256).String() + "\n"
		}
	}
	for _, f := range change {
		f(&c)
	}
	r, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) order() []string {
	var l []string
	for n := range w.zones {
		l = append(l, n)
	}
	slices.SortFunc(l, func(a, b string) int { return mustName(a).compare(mustName(b)) })
	return l
}

func (z *zone) sign() {
	z.signed, z.cuts, z.byHash = map[string]map[uint16][]dns.RR{}, map[string]bool{}, map[string]dns.RR{}
	z.names, z.hashes = nil, nil
	put := func(rr dns.RR) {
		n := rr.Header().Name
		if z.signed[n] == nil {
			z.signed[n] = map[uint16][]dns.RR{}
		}
		z.signed[n][rr.Header().Rrtype] = append(z.signed[n][rr.Header().Rrtype], rr)
	}
	for _, rr := range z.rrs {
		put(rr)
		if rr.Header().Rrtype == dns.TypeNS && rr.Header().Name != z.name {
			z.cuts[rr.Header().Name] = true
		}
	}
	if !z.unsigned {
		for _, k := range z.keys {
			put(k.DNSKEY)
		}
		if z.nsec3 != nil {
			z.nsec3.Hdr = dns.RR_Header{Name: z.name, Rrtype: dns.TypeNSEC3PARAM, Class: 1, Ttl: 300}
			put(z.nsec3)
		}
	}
	all := map[string]bool{}
	for n := range z.signed {
		for ; n != z.name; n = parentString(n) {
			all[n] = true
		}
	}
	all[z.name] = true
	for n := range all {
		if c := z.cutAbove(n); c == "" || c == n {
			z.names = append(z.names, n)
		}
	}
	slices.SortFunc(z.names, func(a, b string) int { return mustName(a).compare(mustName(b)) })
	if z.unsigned {
		return
	}
	if z.nsec3 != nil {
		z.chain3()
	} else {
		var real []string
		for _, n := range z.names {
			if z.signed[n] != nil {
				real = append(real, n)
			}
		}
		for i, n := range real {
			put(&dns.NSEC{Hdr: dns.RR_Header{Name: n, Rrtype: dns.TypeNSEC, Class: 1, Ttl: 300}, NextDomain: real[(i+1)%len(real)], TypeBitMap: z.bitmap(n, dns.TypeNSEC)})
		}
	}
	for n, sets := range z.signed {
		if c := z.cutAbove(n); c != "" && c != n {
			continue // glue
		}
		for typ, set := range sets {
			if typ != dns.TypeRRSIG && (!z.cuts[n] || typ == dns.TypeDS || typ == dns.TypeNSEC) {
				for _, s := range z.sigs(set) {
					put(s)
				}
			}
		}
	}
}

func (z *zone) bitmap(n string, extra ...uint16) []uint16 {
	var l []uint16
	signed := false
	for typ := range z.signed[n] {
		if z.cuts[n] && typ != dns.TypeNS && typ != dns.TypeDS {
			continue
		}
		if typ != dns.TypeNSEC {
			l = append(l, typ)
		}
		signed = signed || !z.cuts[n] || typ == dns.TypeDS
	}
	if signed || slices.Contains(extra, dns.TypeNSEC) {
		l = append(l, dns.TypeRRSIG)
	}
	l = append(l, extra...)
	slices.Sort(l)
	return slices.Compact(l)
}

func (z *zone) chain3() {
	p := z.nsec3
	type item struct{ hash, name string }
	var items []item
	for _, n := range z.names {
		if z.optOut && !z.needed(n) {
			continue
		}
		items = append(items, item{dns.HashName(n, p.Hash, p.Iterations, p.Salt), n})
	}
	slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.hash, b.hash) })
	for i, it := range items {
		owner := strings.ToLower(it.hash) + "." + strings.TrimPrefix(z.name, ".")
		rr := &dns.NSEC3{
			Hdr: dns.RR_Header{Name: owner, Rrtype: dns.TypeNSEC3, Class: 1, Ttl: 300}, Hash: p.Hash, Iterations: p.Iterations,
			SaltLength: p.SaltLength, Salt: p.Salt, HashLength: 20, NextDomain: items[(i+1)%len(items)].hash, TypeBitMap: z.bitmap(it.name),
		}
		if z.optOut && !z.silently && (!z.partly || i%2 == 0) {
			rr.Flags = 1
		}
		z.hashes = append(z.hashes, it.hash)
		z.byHash[it.hash] = rr
	}
}

// needed reports whether an opt-out zone has an NSEC3 record for a name: not where nothing
// but unsigned delegations is at or below it (RFC 5155 section 7.1).
func (z *zone) needed(n string) bool {
	for _, m := range z.names {
		if dns.IsSubDomain(n, m) && z.signed[m] != nil && (!z.cuts[m] || len(z.signed[m][dns.TypeDS]) > 0) {
			return true
		}
	}
	return false
}

// sigs signs a set with the keys that should.
func (z *zone) sigs(set []dns.RR) []dns.RR {
	var out []dns.RR
	for _, k := range z.keys {
		if k.ksk != (set[0].Header().Rrtype == dns.TypeDNSKEY) || k.signer == nil {
			continue
		}
		out = append(out, z.sigBy(k, set))
	}
	return out
}

func (z *zone) sigBy(k *zoneKey, set []dns.RR) dns.RR {
	h := set[0].Header()
	s := &dns.RRSIG{
		Hdr: dns.RR_Header{Name: h.Name, Rrtype: dns.TypeRRSIG, Class: 1, Ttl: h.Ttl}, Algorithm: k.Algorithm, KeyTag: k.KeyTag(),
		SignerName: z.name, OrigTtl: h.Ttl, Inception: uint32(z.from.Unix()), Expiration: uint32(z.to.Unix()),
	}
	if err := s.Sign(k.signer, set); err != nil {
		z.w.t.Fatalf("signing %s: %v", h.Name, err)
	}
	return s
}

func parentString(n string) string {
	i, end := dns.NextLabel(n, 0)
	if end || n == "." {
		return "."
	}
	return n[i:]
}

// cutAbove is the delegation at or above a name.
func (z *zone) cutAbove(n string) string {
	for ; n != z.name && n != "."; n = parentString(n) {
		if z.cuts[n] {
			return n
		}
	}
	return ""
}

// count is how often a question was asked.
func (w *world) count(q string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.asked {
		if a == q {
			n++
		}
	}
	return n
}

// forget clears what was asked, and returns it.
func (w *world) forget() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.asked
	w.asked = nil
	return l
}

// say shows a look-up in one line, for tables of what is expected.
func say(l fact.Lookup) string {
	s := l.RCode
	if s == "" {
		s = "-"
	}
	s += " " + string(l.Security)
	if l.Unsigned != "" {
		s += "/" + l.Unsigned
	}
	if l.Problem != nil {
		s += fmt.Sprintf("/%s %d %s", l.Problem.Code, l.Problem.EDE, l.Problem.Zone)
	}
	if l.Gap != "" {
		s += " gap=" + string(l.Gap)
	}
	for _, a := range l.Aliases {
		s += " " + a.Type + ">" + a.To
	}
	for _, r := range l.Records {
		s += " " + r.Data
	}
	if l.Wildcard {
		s += " *"
	}
	return s
}

func expect(t *testing.T, r *Resolver, n, typ, want string) fact.Lookup {
	t.Helper()
	l := r.Lookup(context.Background(), n, typ)
	if got := say(l); got != want {
		t.Errorf("%s %s:\n got %s\nwant %s", n, typ, got, want)
		if l.Problem != nil {
			t.Logf("problem: %+v", *l.Problem)
		}
	}
	return l
}
