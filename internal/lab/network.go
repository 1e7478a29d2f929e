package lab

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"peil/internal/lab/dnslab"
	"peil/internal/lab/pki"
)

// network is the laid-out miniature internet: who lives at which address. It is
// fixed once made.
type network struct {
	alloc     allocator
	addrs     map[netip.Addr]*address
	order     []netip.Addr // addresses in the order in which they were given out
	hosts     map[string]*host
	hostNames []string                // in the order in which they were made
	sites     map[string]*Site        // the catalogue's, by name and by name without www.
	listed    []*Site                 // the catalogue's sites that are to be measured
	country   *Country                // nil when there is none
	static    map[string]*dnslab.Spec // zones that are always there
	children  map[string][]string     // by parent apex: the static zones below it
	resolved  map[string][]string     // by set of name servers: their names
	operators [][]string              // pairs of good name servers that the country shares
	caaIssuer string
	tlsaGood  func(rsa bool) (string, error) // TLSA data of the lab's intermediate that signs so
	leaf      func(pki.Spec) (*pki.Leaf, error)
	root      *x509.Certificate
	reverse   []dns.RR // PTR records
}

// address is one logical address.
type address struct {
	real    netip.Addr // 127.x.y.z that it is mapped to
	host    *host      // the name server there, or nil
	dns     Port       // state of port 53 when there is one
	site    string     // name of the site that answers without server name; "" when none
	port80  Port
	port443 Port
	extra   []uint16    // further TLS ports
	mail    *MailServer // the mail server there, or nil
	port25  Port
}

func newNetwork() *network {
	return &network{
		addrs: map[netip.Addr]*address{}, hosts: map[string]*host{}, sites: map[string]*Site{},
		static: map[string]*dnslab.Spec{}, children: map[string][]string{}, resolved: map[string][]string{},
	}
}

// addr is the entry of an address, made when it is not there yet.
func (n *network) addr(a netip.Addr) *address {
	if e := n.addrs[a]; e != nil {
		return e
	}
	i := len(n.order) + 1
	e := &address{real: netip.AddrFrom4([4]byte{127, byte(1 + i>>16), byte(i >> 8), byte(i)})}
	n.addrs[a] = e
	n.order = append(n.order, a)
	return e
}

// placeSite gives the servers of a catalogue site their addresses.
func (n *network) placeSite(s *Site) {
	for _, list := range [][]Server{s.V4, s.V6} {
		for i := range list {
			srv := &list[i]
			if !srv.Addr.IsValid() {
				if &list[0] == firstServer(s.V4) {
					srv.Addr = n.alloc.v4(srv.Routing)
				} else {
					srv.Addr = n.alloc.v6(srv.Routing)
				}
			}
			e := n.addr(srv.Addr)
			e.site, e.port80, e.port443, e.extra = s.Name, srv.Port80, srv.Port443, srv.ExtraTLS
		}
	}
	n.sites[s.Name] = s
	n.sites[strings.TrimPrefix(s.Name, "www.")] = s
	for _, also := range s.Also {
		n.sites[also] = s
	}
}

func firstServer(list []Server) *Server {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// site finds a site by a name that someone asked for.
func (n *network) site(name string) *Site {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if s := n.sites[name]; s != nil {
		return s
	}
	if n.country != nil {
		return n.country.site(name)
	}
	return nil
}

// endpoint finds who answers at a logical address for a server name: the site of that
// name if it lives there, else the address's own.
func (n *network) endpoint(at netip.Addr, serverName string) (*Site, *Server) {
	if s := n.site(serverName); s != nil {
		if srv := s.server(at); srv != nil {
			return s, srv
		}
	}
	e := n.addrs[at]
	if e == nil || e.site == "" {
		return nil, nil
	}
	s := n.site(e.site)
	if s == nil {
		return nil, nil
	}
	return s, s.server(at)
}

// server is what answers at an address of the site, or nil.
func (s *Site) server(at netip.Addr) *Server {
	for _, list := range [][]Server{s.V4, s.V6} {
		for i := range list {
			if list[i].Addr == at {
				return &list[i]
			}
		}
	}
	return nil
}

// ports are the real ports of a running lab.
type ports struct {
	dns, http, tls  uint16
	smtp            uint16
	refused, silent uint16
}

// mapText is the network map (file formats: interfaces of the command).
func (n *network) mapText(p ports) []byte {
	var b strings.Builder
	b.WriteString("# Simulated network: logical address, real address. What is not here does not exist.\n")
	line := func(proto string, a netip.Addr, port uint16, e *address, state Port, open uint16) {
		real := open
		switch state {
		case Unmapped:
			return
		case Refused:
			real = p.refused
		case Silent:
			real = p.silent
		}
		fmt.Fprintf(&b, "%s%s %s\n", proto, netip.AddrPortFrom(a, port), netip.AddrPortFrom(e.real, real))
	}
	for _, a := range n.order {
		e := n.addrs[a]
		if e.host != nil {
			line("", a, 53, e, e.dns, p.dns)
		}
		if e.mail != nil {
			line("tcp ", a, 25, e, e.port25, p.smtp)
		}
		if e.site != "" {
			line("tcp ", a, 80, e, e.port80, p.http)
			line("tcp ", a, 443, e, e.port443, p.tls)
			for _, x := range e.extra {
				line("tcp ", a, x, e, Open, p.tls)
			}
		}
	}
	return []byte(b.String())
}

// rootHints is the file root-hints.
func (n *network) rootHints() []byte {
	var b strings.Builder
	for _, name := range n.static["."].NS {
		fmt.Fprintf(&b, ".\t3600000\tNS\t%s\n", name)
		for _, a := range n.hosts[name].Addrs {
			kind := "A"
			if a.Is6() {
				kind = "AAAA"
			}
			fmt.Fprintf(&b, "%s\t3600000\t%s\t%s\n", name, kind, a)
		}
	}
	return []byte(b.String())
}

// names are what a scan of this lab measures: the country's, or else the catalogue's in
// its order. Beside a country the catalogue is there too, but is no part of it.
func (n *network) names() []byte {
	var list []string
	if n.country != nil {
		for i := range n.country.Sites {
			list = append(list, n.country.Sites[i].Name)
		}
	} else {
		for _, s := range n.listed {
			if s.Mail == nil {
				list = append(list, s.Name)
			}
		}
	}
	return []byte(strings.Join(list, "\n") + "\n")
}

// mailNames are the mail domains of the same.
func (n *network) mailNames() []byte {
	var b strings.Builder
	if n.country != nil {
		for i := range n.country.Mail {
			b.WriteString(n.country.Mail[i].Name + "\n")
		}
		return []byte(b.String())
	}
	for _, s := range n.listed {
		if s.Mail != nil {
			b.WriteString(s.Name + "\n")
		}
	}
	return []byte(b.String())
}
