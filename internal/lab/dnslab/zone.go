package dnslab

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Times to live. Short enough that a lab which changes shows it, long enough that a
// resolver's cache has work.
const (
	dataTTL   = 3600
	denialTTL = 300
)

// zone is a Spec made ready to answer.
type zone struct {
	spec  *Spec
	apex  string
	keys  []zoneKey
	nodes map[string]node // by owner name; fixed after build
	cuts  map[string]bool // delegated children; fixed after build
	names []string        // canonical keys of all authoritative names and cuts, sorted
	nsec3 []hashed        // sorted by hash; only when the zone denies with NSEC3

	from, until uint32 // validity of signatures

	mu   sync.Mutex
	sigs map[rrKey][]dns.RR // signatures made so far; guarded by mu, bounded by maxSigs
}

type node map[uint16][]dns.RR

type rrKey struct {
	name  string
	rtype uint16
}

type hashed struct {
	hash string // base32hex in upper case
	name string
}

// maxSigs bounds what one zone remembers; a TLD with many children would otherwise
// keep a signature per child.
const maxSigs = 4096

// canonicalKey turns a name into a string that sorts as RFC 4034 section 6.1 wants:
// labels from the root down, divided by a byte that no label here contains.
func canonicalKey(name string) string {
	if name == "." {
		return ""
	}
	labels := dns.SplitDomainName(name)
	slices.Reverse(labels)
	return strings.Join(labels, "\x00")
}

// keyName is the inverse of canonicalKey.
func keyName(key string) string {
	if key == "" {
		return "."
	}
	labels := strings.Split(key, "\x00")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// parentOf is the name without its first label.
func parentOf(name string) string {
	if i, end := dns.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}

// build makes a zone ready.
func (s *Server) build(spec *Spec) (*zone, error) {
	if spec.Fill != nil {
		spec.Fill()
	}
	z := &zone{spec: spec, apex: spec.Apex, nodes: map[string]node{}, sigs: map[rrKey][]dns.RR{}}
	var err error
	if z.keys, err = s.ring.keys(spec.Apex, spec.Signing); err != nil {
		return nil, err
	}
	z.from, z.until = validity(spec.Signing, s.now())

	add := func(rr dns.RR) {
		h := rr.Header()
		n := z.nodes[h.Name]
		if n == nil {
			n = node{}
			z.nodes[h.Name] = n
		}
		n[h.Rrtype] = append(n[h.Rrtype], rr)
	}
	primary := spec.Apex
	for _, ns := range spec.NS {
		add(nsRecord(spec.Apex, ns))
	}
	if len(spec.NS) > 0 {
		primary = spec.NS[0]
	}
	add(&dns.SOA{
		Hdr: header(spec.Apex, dns.TypeSOA, dataTTL), Ns: primary, Mbox: "hostmaster." + strings.TrimPrefix(spec.Apex, "."),
		Serial: 2026112301, Refresh: 14400, Retry: 3600, Expire: 1209600, Minttl: denialTTL,
	})
	if spec.Signing.signed() {
		for _, k := range z.keys {
			if !k.absent {
				add(k.record)
			}
		}
		if spec.Signing.nsec3() {
			iter, salt := spec.Signing.nsec3Params()
			add(&dns.NSEC3PARAM{Hdr: header(spec.Apex, dns.TypeNSEC3PARAM, 0), Hash: dns.SHA1, Iterations: iter, SaltLength: uint8(len(salt) / 2), Salt: salt})
		}
	}
	for _, rr := range spec.Records {
		add(rr)
	}
	var children []string
	if spec.Children != nil {
		children = spec.Children()
	}
	z.cuts = make(map[string]bool, len(children))
	for _, c := range children {
		z.cuts[c] = true
	}
	z.names = make([]string, 0, len(children)+len(z.nodes))
	for _, c := range children {
		z.names = append(z.names, canonicalKey(c))
	}
	for n := range z.nodes {
		if !z.cuts[n] && !z.belowCut(n) {
			z.names = append(z.names, canonicalKey(n))
		}
	}
	slices.Sort(z.names)
	if spec.Signing.nsec3() {
		s.hashNames(z)
	}
	return z, nil
}

// validity is from when until when signatures hold. It changes once an hour, so that
// signatures made within the hour are the same.
func validity(sg Signing, now time.Time) (from, until uint32) {
	base := now.Truncate(time.Hour)
	f, u := base.Add(-36*time.Hour), base.Add(14*24*time.Hour)
	switch sg {
	case ExpiredSigs:
		f, u = base.Add(-30*24*time.Hour), base.Add(-36*time.Hour)
	case FutureSigs:
		f, u = base.Add(36*time.Hour), base.Add(30*24*time.Hour)
	case SoonExpiring:
		f, u = base.Add(-14*24*time.Hour), base.Add(12*time.Hour)
	}
	return uint32(f.Unix()), uint32(u.Unix())
}

func header(name string, rtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rtype, Class: dns.ClassINET, Ttl: ttl}
}

func nsRecord(owner, ns string) dns.RR {
	return &dns.NS{Hdr: header(owner, dns.TypeNS, dataTTL), Ns: ns}
}

// belowCut reports whether a name lies below a delegated child.
func (z *zone) belowCut(name string) bool {
	for n := parentOf(name); len(n) > len(z.apex) && n != "."; n = parentOf(n) {
		if z.cuts[n] {
			return true
		}
	}
	return false
}

// cutAbove returns the delegated child that a name lies at or below, or "".
func (z *zone) cutAbove(name string) string {
	cut := ""
	for n := name; n != z.apex && n != "."; n = parentOf(n) {
		if z.cuts[n] {
			cut = n
		}
	}
	return cut
}

// exists reports whether a name has records or stands above one that has (an empty
// non-terminal).
func (z *zone) exists(name string) bool {
	if name == z.apex {
		return true
	}
	key := canonicalKey(name)
	i, found := slices.BinarySearch(z.names, key)
	return found || i < len(z.names) && strings.HasPrefix(z.names[i], key+"\x00")
}

// closestEncloser is the longest existing name at or above a name, and the next
// closer name, one label longer (RFC 5155 section 1.3).
func (z *zone) closestEncloser(name string) (encloser, nextCloser string) {
	nextCloser = name
	for n := name; ; n = parentOf(n) {
		if z.exists(n) {
			return n, nextCloser
		}
		nextCloser = n
	}
}
