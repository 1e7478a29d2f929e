package dnslab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// maxLinks bounds how many aliases one answer follows inside a zone.
const maxLinks = 8

// reply is an answer before it becomes a message.
type reply struct {
	rcode                    int
	authoritative            bool
	answer, authority, extra []dns.RR
}

// resolve answers a question from what a host serves (RFC 1034 section 4.3.2, RFC
// 4035 section 3.1).
func (s *Server) resolve(host *Host, name string, qtype uint16, do bool) (*reply, error) {
	z, err := s.zoneFor(host, name, qtype)
	if err != nil {
		return nil, err
	}
	if z == nil {
		return &reply{rcode: dns.RcodeRefused}, nil
	}
	r := &reply{authoritative: true}
	return r, s.fill(z, r, name, qtype, do)
}

// zoneFor finds the zone nearest to a name that this host serves. A DS record lives
// on the parent's side of the cut (RFC 4035 section 3.1.4.1).
func (s *Server) zoneFor(host *Host, name string, qtype uint16) (*zone, error) {
	for n := name; ; n = parentOf(n) {
		spec := s.world.Zone(n)
		atParent := qtype == dns.TypeDS && n == name && n != "."
		if spec != nil && serves(spec, host) && (!atParent || !s.servesParent(spec, host)) {
			return s.zone(spec)
		}
		if n == "." {
			return nil, nil
		}
	}
}

// serves reports whether a host answers for a zone: one that zone or parent names.
func serves(spec *Spec, host *Host) bool {
	return slices.Contains(spec.NS, host.Name) || slices.Contains(spec.ParentNS, host.Name)
}

func (s *Server) servesParent(spec *Spec, host *Host) bool {
	p := s.world.Zone(spec.Parent)
	return p != nil && serves(p, host)
}

// fill answers from a zone, following aliases inside it.
func (s *Server) fill(z *zone, r *reply, name string, qtype uint16, do bool) error {
	for range maxLinks {
		next, err := s.step(z, r, name, qtype, do)
		if err != nil || next == "" {
			return err
		}
		if !dns.IsSubDomain(z.apex, next) || z.cutAbove(next) != "" {
			return nil // another zone: the resolver goes on
		}
		name = next
	}
	return nil
}

// step answers for one name; it returns the target of an alias, or "".
func (s *Server) step(z *zone, r *reply, name string, qtype uint16, do bool) (next string, err error) {
	if cut := z.cutAbove(name); cut != "" && (cut != name || qtype != dns.TypeDS) {
		if len(r.answer) > 0 {
			return "", nil
		}
		return "", s.refer(z, r, cut, do)
	} else if cut != "" {
		if ds := s.childDS(cut); len(ds) > 0 {
			return "", s.put(z, &r.answer, ds, do)
		}
		return "", s.deny(z, r, s.denyType(z, name), do)
	}
	if z.spec.Endless && name != z.apex && z.nodes[name] == nil {
		cname := []dns.RR{&dns.CNAME{Hdr: header(name, dns.TypeCNAME, dataTTL), Target: endlessNext(name, z.apex)}}
		return "", s.put(z, &r.answer, cname, do)
	}
	if n, ok := z.nodes[name]; ok {
		return s.stepNode(z, r, n, name, name, qtype, do)
	}
	if target, ok, err := s.dname(z, r, name, do); ok || err != nil {
		return target, err
	}
	if z.exists(name) {
		return "", s.deny(z, r, s.denyType(z, name), do)
	}
	encloser, _ := z.closestEncloser(name)
	if n, ok := z.nodes[child("*", encloser)]; ok {
		before := len(r.answer)
		next, err := s.stepNode(z, r, n, child("*", encloser), name, qtype, do)
		if err == nil {
			err = s.prove(z, r, s.denyCloser(z, name), do)
		}
		if err == nil && len(r.answer) == before && z.spec.Signing.nsec3() { // RFC 5155 section 7.2.5
			p := &proof{}
			p.add(s.nsec3For(z, encloser))
			err = s.prove(z, r, p, do)
		}
		return next, err
	}
	r.rcode = dns.RcodeNameError // after aliases too: the code is that of the last name (RFC 6604)
	return "", s.deny(z, r, s.denyName(z, name), do)
}

// stepNode answers from the records at owner, written under name (they differ for a
// wildcard).
func (s *Server) stepNode(z *zone, r *reply, n node, owner, name string, qtype uint16, do bool) (next string, err error) {
	if cname := n[dns.TypeCNAME]; len(cname) > 0 && qtype != dns.TypeCNAME && qtype != dns.TypeANY {
		if err := s.putAs(z, &r.answer, cname, name, do); err != nil {
			return "", err
		}
		return cname[0].(*dns.CNAME).Target, nil
	}
	if qtype == dns.TypeANY { // RFC 8482 section 4.1: one of the sets will do
		for _, set := range n {
			return "", s.putAs(z, &r.answer, set, name, do)
		}
	}
	set := n[qtype]
	if len(set) == 0 {
		return "", s.deny(z, r, s.denyType(z, owner), do)
	}
	if err := s.putAs(z, &r.answer, set, name, do); err != nil {
		return "", err
	}
	if qtype == dns.TypeNS {
		s.glue(r, set)
	}
	return "", nil
}

// dname answers below a DNAME record (RFC 6672 section 3.1).
func (s *Server) dname(z *zone, r *reply, name string, do bool) (target string, ok bool, err error) {
	for n := parentOf(name); dns.IsSubDomain(z.apex, n); n = parentOf(n) {
		if set := z.nodes[n][dns.TypeDNAME]; len(set) > 0 {
			target = name[:len(name)-len(n)] + set[0].(*dns.DNAME).Target
			if len(target) > 253 {
				r.rcode = dns.RcodeYXDomain
				return "", true, nil
			}
			if err = s.put(z, &r.answer, set, do); err != nil {
				return "", true, err
			}
			r.answer = append(r.answer, &dns.CNAME{Hdr: header(name, dns.TypeCNAME, dataTTL), Target: target})
			return target, true, nil
		}
		if n == z.apex || n == "." {
			break
		}
	}
	return "", false, nil
}

// refer sends the asker to the servers of a child (RFC 4035 section 3.1.4).
func (s *Server) refer(z *zone, r *reply, cut string, do bool) error {
	r.authoritative = false
	spec := s.world.Zone(cut)
	if spec == nil {
		return fmt.Errorf("zone %s delegates to %s, which does not exist", z.apex, cut)
	}
	names := spec.ParentNS
	if names == nil {
		names = spec.NS
	}
	var set []dns.RR
	for _, n := range names {
		set = append(set, nsRecord(cut, n))
	}
	r.authority = append(r.authority, set...)
	s.glue(r, set)
	if !do || !z.spec.Signing.signed() {
		return nil
	}
	if ds := s.childDS(cut); len(ds) > 0 {
		return s.put(z, &r.authority, ds, do)
	}
	return s.prove(z, r, s.denyType(z, cut), do)
}

// glue adds the addresses of name servers.
func (s *Server) glue(r *reply, set []dns.RR) {
	for _, rr := range set {
		ns := rr.(*dns.NS).Ns
		if h := s.world.Host(ns); h != nil {
			for _, a := range h.Addrs {
				r.extra = append(r.extra, AddressRecord(ns, a))
			}
		}
	}
}

// AddressRecord is the A or AAAA record of an address.
func AddressRecord(name string, a netip.Addr) dns.RR {
	if a.Is4() {
		return &dns.A{Hdr: header(name, dns.TypeA, dataTTL), A: a.AsSlice()}
	}
	return &dns.AAAA{Hdr: header(name, dns.TypeAAAA, dataTTL), AAAA: a.AsSlice()}
}

// deny gives the SOA record and a proof.
func (s *Server) deny(z *zone, r *reply, p *proof, do bool) error {
	soa := z.nodes[z.apex][dns.TypeSOA]
	if err := s.put(z, &r.authority, soa, do); err != nil {
		return err
	}
	return s.prove(z, r, p, do)
}

// prove adds a proof to the authority section, or what the zone's fault makes of it.
func (s *Server) prove(z *zone, r *reply, p *proof, do bool) error {
	if !do || !z.spec.Signing.signed() {
		return nil
	}
	switch z.spec.Signing {
	case NoDenial:
		return nil
	case WrongDenial: // the right form and a good signature, about other names
		right := p
		p = &proof{}
		for i := range z.names {
			if set := s.nsecAt(z, i); !right.has(set) {
				p.add(set)
				break
			}
		}
	}
	for _, set := range p.sets {
		if err := s.put(z, &r.authority, set, do); err != nil {
			return err
		}
	}
	return nil
}

// put adds a record set with its signatures.
func (s *Server) put(z *zone, to *[]dns.RR, set []dns.RR, do bool) error {
	*to = append(*to, set...)
	if !do {
		return nil
	}
	sigs, err := z.sign(set)
	*to = append(*to, sigs...)
	return err
}

// putAs is put under another owner name, as a wildcard's answer is.
func (s *Server) putAs(z *zone, to *[]dns.RR, set []dns.RR, name string, do bool) error {
	if set[0].Header().Name == name {
		return s.put(z, to, set, do)
	}
	var made []dns.RR
	if err := s.put(z, &made, set, do); err != nil {
		return err
	}
	for _, rr := range made {
		c := dns.Copy(rr)
		c.Header().Name = name
		*to = append(*to, c)
	}
	return nil
}

// childDS are the DS records of a child zone.
func (s *Server) childDS(apex string) []dns.RR {
	spec := s.world.Zone(apex)
	if spec == nil {
		return nil
	}
	ds, err := s.ring.ds(apex, spec.Signing)
	if err != nil {
		return nil // the zone itself reports the same error when it is built
	}
	return ds
}

// endlessNext is the next link of a chain of aliases without end.
func endlessNext(name, apex string) string {
	label := dns.SplitDomainName(name)[0]
	n := 0
	_, _ = fmt.Sscanf(label, "c%d", &n) // any other label begins the chain
	return child(fmt.Sprintf("c%d", n+1), apex)
}
