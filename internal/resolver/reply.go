package resolver

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

type question struct {
	name name
	typ  uint16
}

type kind uint8

const (
	noData   kind = iota // the name exists, or may, without this type
	answered             // set has the answer
	aliased              // set is a CNAME or DNAME, target where it leads
	noName               // NXDOMAIN
)

// reply is what the servers of a zone said to a question: not more than the next
// step. Nothing in it changes, but for the verdict, which is added.
type reply struct {
	question
	zone    name // whose servers said it
	kind    kind
	rcode   int
	set     *rrset
	target  name
	auth    []*rrset // SOA, NSEC, NSEC3 and NS of the authority section
	soa     name     // owner of the SOA, "" without
	ttl     uint32
	until   time.Time
	lame    bool        // not said with authority
	servers *delegation // of whom one said it
	verdict atomic.Pointer[verdict]
}

func (p *reply) size() int {
	n := 560 + len(p.name) + len(p.target) + p.set.size()
	for _, s := range p.auth {
		n += s.size()
	}
	return n
}

func (p *reply) addrs() []netip.Addr {
	var l []netip.Addr
	for _, d := range p.set.data {
		if a, ok := netip.AddrFromSlice(d); ok && !a.Is4In6() {
			l = append(l, a)
		}
	}
	return l
}

// apex is the deepest zone apex that the reply itself shows.
func (p *reply) apex() name {
	z := p.zone
	for _, s := range p.auth {
		if (s.typ == dns.TypeSOA || s.typ == dns.TypeNS) && p.name.under(s.owner) && s.owner.below(z) {
			z = s.owner
		}
	}
	if p.set != nil {
		for i := range p.set.sigs {
			if s := p.set.sigs[i].signer; p.set.owner.under(s) && s.below(z) {
				z = s
			}
		}
	}
	return z
}

// result is what a message means: a reply (with more that the same message said
// about the target of an alias), or a referral.
type result struct {
	reply    *reply
	more     []*reply
	referral *delegation
	ds       *reply // what the referral said of the child's DS
}

// interpret says what a message from a server of zone means for a question. Only
// what lies within the zone counts. nil means that it is of no use: the server does
// not serve the zone.
func interpret(m *message, zone name, q question, now time.Time) *result {
	answers := inside(group(m.answer), zone)
	auth := inside(group(m.auth), zone)
	if rep := fromAnswer(answers, zone, q); rep != nil {
		rep.finish(m, auth, now)
		res := &result{reply: rep}
		for cur := rep; cur.kind == aliased && cur.target.under(zone) && len(res.more) < maxAliases; {
			next := fromAnswer(answers, zone, question{cur.target, q.typ})
			if next == nil {
				break
			}
			next.finish(m, auth, now)
			res.more = append(res.more, next)
			cur = next
		}
		return res
	}
	if m.rcode == dns.RcodeYXDomain {
		return nil
	}
	var soa, ns *rrset
	for _, s := range auth {
		switch {
		case s.typ == dns.TypeSOA && q.name.under(s.owner) && (q.typ != dns.TypeDS || s.owner != q.name || q.name == root):
			soa = s
		case s.typ == dns.TypeNS && s.owner.below(zone) && q.name.under(s.owner) && (q.typ != dns.TypeDS || s.owner != q.name):
			ns = s
		}
	}
	if ns != nil && soa == nil && m.rcode == dns.RcodeSuccess {
		d := newDelegation(ns, zone, m.extra, now)
		return &result{referral: d, ds: dsOf(auth, zone, ns, now)}
	}
	rep := &reply{question: q, zone: zone, kind: noData, rcode: m.rcode, ttl: 0}
	if m.rcode == dns.RcodeNameError {
		rep.kind = noName
	}
	if soa != nil {
		rep.soa = soa.owner
		rep.ttl = min(soa.ttl, binary.BigEndian.Uint32(soa.data[0][len(soa.data[0])-4:])) // RFC 2308 section 5
	} else if !m.aa {
		return nil // a referral upwards, sideways, or nothing at all
	}
	rep.finish(m, auth, now)
	return &result{reply: rep}
}

// fromAnswer finds the set that answers a question, or the alias that stands there.
func fromAnswer(sets []*rrset, zone name, q question) *reply {
	rep := &reply{question: q, zone: zone, rcode: dns.RcodeSuccess}
	var alias *rrset
	for _, s := range sets {
		switch {
		case s.owner == q.name && s.typ == q.typ:
			rep.kind, rep.set, rep.ttl = answered, s, s.ttl
			return rep
		case s.typ == dns.TypeDNAME && q.name.below(s.owner) && len(s.data) == 1:
			if to, ok := substitute(q.name, s.owner, s.target(0)); ok {
				alias, rep.target = s, to
			}
		case s.typ == dns.TypeCNAME && s.owner == q.name && (alias == nil || alias.typ != dns.TypeDNAME):
			alias, rep.target = s, s.target(0)
		}
	}
	if alias == nil {
		return nil
	}
	rep.kind, rep.set, rep.ttl = aliased, alias, alias.ttl
	return rep
}

// substitute is the name that a DNAME makes of n (RFC 6672 section 2.2).
func substitute(n, owner, target name) (name, bool) {
	prefix := n[:len(n)-len(owner)]
	if len(prefix)+len(target) > 255 {
		return "", false
	}
	return prefix + target, true
}

func (p *reply) finish(m *message, auth []*rrset, now time.Time) {
	most := maxTTL
	if p.kind == noData || p.kind == noName {
		most = maxNegTTL
	}
	for _, s := range auth {
		if s.typ == dns.TypeSOA || s.typ == dns.TypeNSEC || s.typ == dns.TypeNSEC3 || s.typ == dns.TypeNS {
			p.auth = append(p.auth, s)
		}
	}
	p.lame = !m.aa
	p.until = now.Add(clampTTL(p.ttl, most))
}

// dsOf is the reply to a DS question that a referral holds: the set, or the proof
// that there is none. nil when it holds neither.
func dsOf(auth []*rrset, zone name, ns *rrset, now time.Time) *reply {
	rep := &reply{question: question{ns.owner, dns.TypeDS}, zone: zone, rcode: dns.RcodeSuccess}
	for _, s := range auth {
		switch {
		case s.typ == dns.TypeDS && s.owner == ns.owner:
			rep.kind, rep.set, rep.ttl = answered, s, s.ttl
			rep.until = now.Add(clampTTL(rep.ttl, maxTTL))
			return rep
		case s.typ == dns.TypeNSEC || s.typ == dns.TypeNSEC3:
			rep.auth = append(rep.auth, s)
			if rep.ttl == 0 || s.ttl < rep.ttl {
				rep.ttl = s.ttl
			}
		}
	}
	if len(rep.auth) == 0 {
		return nil
	}
	rep.until = now.Add(clampTTL(rep.ttl, maxNegTTL))
	return rep
}

func inside(sets []*rrset, zone name) []*rrset {
	out := sets[:0]
	for _, s := range sets {
		if s.owner.under(zone) {
			out = append(out, s)
		}
	}
	return out
}
