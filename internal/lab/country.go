package lab

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"
	"sync"

	"peil/internal/lab/dnslab"
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// Municipality is an organisation of the country: a real name with its real code, and
// nothing else of it that is real.
type Municipality struct {
	Code       string  `json:"code"` // CBS
	Name       string  `json:"name"`
	Label      string  `json:"label"` // its name in the simulated DNS
	Province   string  `json:"province"`
	Population int     `json:"population"`
	Latitude   float64 `json:"latitude"`
	Longitude  float64 `json:"longitude"`
}

// Country is a generated country: organisations and their sites, each the perfect site
// plus changes of the catalogue. It is played by a lab that gets it in its Options.
type Country struct {
	Seed           uint64
	Municipalities []Municipality
	Sites          []CountrySite
	Mail           []CountryMail // by name

	byName map[string]int32   // fixed after index
	mailAt map[string]int32   // mail domains by the apex of their zone; fixed after index
	zones  map[string][]int32 // sites by the apex of their zone, the apex's own first; fixed after index

	mu       sync.Mutex
	made     map[int32]*Site // bounded by maxMade; guarded by mu
	profiles profiles        // guarded by mu
}

// CountrySite is one site of a country.
type CountrySite struct {
	Name    string   // "www.utrecht.test"
	Owner   int32    // index into Municipalities
	Changes []string // IDs of the catalogue, in the order in which they are applied

	addrs []netip.Addr // of its servers, A before AAAA; set when the network is laid out
}

// maxMade bounds how many sites are kept ready.
const maxMade = 4096

// Main reports whether it is the organisation's main site.
func (c *Country) Main(s *CountrySite) bool {
	return s.Name == "www."+c.Municipalities[s.Owner].Label+".test"
}

// index makes the look-up tables. Names must be unique.
func (c *Country) index() error {
	c.byName = make(map[string]int32, len(c.Sites))
	c.zones = make(map[string][]int32, len(c.Sites))
	c.made = map[int32]*Site{}
	c.profiles = profiles{map[string]*tlslab.Profile{}, map[string]*weblab.Profile{}}
	for i := range c.Sites {
		s := &c.Sites[i]
		if _, twice := c.byName[s.Name]; twice {
			return fmt.Errorf("the country has %s twice", s.Name)
		}
		c.byName[s.Name] = int32(i)
		apex := countryApex(s.Name)
		if strings.Count(apex, ".") != 2 || !strings.HasSuffix(apex, ".test.") {
			return fmt.Errorf("%s does not lie right below test", s.Name)
		}
		list := append(c.zones[apex], int32(i))
		if s.Name == "www."+strings.TrimSuffix(apex, ".") { // it says what stands at the apex
			list[0], list[len(list)-1] = list[len(list)-1], list[0]
		}
		c.zones[apex] = list
		for _, id := range s.Changes {
			if entriesByID()[id] == nil {
				return fmt.Errorf("%s: the catalogue has no change %q", s.Name, id)
			}
		}
	}
	return c.indexMail()
}

// countryApex is the zone of a name: its last two labels.
func countryApex(name string) string {
	labels := strings.Split(name, ".")
	if len(labels) < 2 {
		return name + "."
	}
	return strings.Join(labels[len(labels)-2:], ".") + "."
}

func (c *Country) zoneApexes() []string {
	list := make([]string, 0, len(c.zones))
	for apex := range c.zones {
		list = append(list, apex)
	}
	return list
}

// find gives the index of a site by its name, with or without www.
func (c *Country) find(name string) (int32, bool) {
	if i, ok := c.byName[name]; ok {
		return i, true
	}
	i, ok := c.byName["www."+name]
	return i, ok
}

// site makes a site ready.
func (c *Country) site(name string) *Site {
	i, ok := c.find(name)
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.made[i]; s != nil {
		return s
	}
	s := c.build(i)
	c.profiles.share(s)
	if len(c.made) >= maxMade {
		for k := range c.made { // any one
			delete(c.made, k)
			break
		}
	}
	c.made[i] = s
	return s
}

// build applies a site's changes to the perfect one and fills in its addresses.
func (c *Country) build(i int32) *Site {
	cs := &c.Sites[i]
	s := newSite(cs.Name, cs.Name)
	for _, id := range cs.Changes {
		if f := entriesByID()[id].change; f != nil {
			f(s)
		}
	}
	n := 0
	s.servers(func(srv *Server) {
		if n < len(cs.addrs) {
			srv.Addr = cs.addrs[n]
			n++
		}
	})
	return s
}

// profiles keeps one copy of each way to behave, however many sites behave that way.
type profiles struct {
	tls map[string]*tlslab.Profile
	web map[string]*weblab.Profile
}

func (p *profiles) share(s *Site) {
	s.servers(func(srv *Server) {
		if srv.TLS != nil {
			key := fmt.Sprintf("%+v", *srv.TLS)
			if p.tls[key] == nil {
				p.tls[key] = srv.TLS
			}
			srv.TLS = p.tls[key]
		}
		if srv.HTTP != nil {
			key := fmt.Sprintf("%+v", *srv.HTTP)
			if p.web[key] == nil {
				p.web[key] = srv.HTTP
			}
			srv.HTTP = p.web[key]
		}
	})
}

// zone describes the zone at an apex.
func (c *Country) zone(n *network, apex string) *dnslab.Spec {
	list := c.zones[apex]
	if len(list) == 0 {
		return nil
	}
	first := c.site(c.Sites[list[0]].Name)
	ns := n.resolved[first.DNS.NameServers]
	if first.DNS.NameServers == "" {
		h := fnv.New32a()
		_, _ = h.Write([]byte(apex)) // a hash takes everything
		ns = n.operators[int(h.Sum32())%len(n.operators)]
	}
	spec := &dnslab.Spec{Apex: apex, Parent: "test.", NS: ns, Signing: first.DNS.Signing}
	spec.Fill = func() {
		sites := make([]*Site, len(list))
		for i, k := range list {
			sites[i] = c.site(c.Sites[k].Name)
		}
		spec.Records = append(n.siteRecords(apex, sites), c.mailRecords(n, apex, first)...)
	}
	return spec
}

// place gives every site its addresses. Sites that are alike in what an address decides
// share one, a number at a time that grows with the country.
func (c *Country) place(n *network) error {
	if c.byName == nil {
		if err := c.index(); err != nil {
			return err
		}
	}
	type kind struct {
		six       bool
		routing   Routing
		p80, p443 Port
	}
	type shared struct {
		addr netip.Addr
		left int
	}
	perAddr := min(max(len(c.Sites)/200, 5), sitesPerAddr)
	open := map[kind]*shared{}
	for i := range c.Sites {
		cs := &c.Sites[i]
		cs.addrs = nil
		s := c.build(int32(i))
		for _, list := range [][]Server{s.V4, s.V6} {
			for j := range list {
				srv := &list[j]
				k := kind{len(s.V4) == 0 || &list[0] != &s.V4[0], srv.Routing, srv.Port80, srv.Port443}
				sh := open[k]
				if sh == nil || sh.left == 0 {
					sh = &shared{left: perAddr}
					if k.six {
						sh.addr = n.alloc.v6(srv.Routing)
					} else {
						sh.addr = n.alloc.v4(srv.Routing)
					}
					open[k] = sh
					e := n.addr(sh.addr)
					e.site, e.port80, e.port443 = cs.Name, srv.Port80, srv.Port443
					e.mail, e.port25 = nobody, Refused // mail for a domain without MX comes here (RFC 5321 section 5.1)
				}
				sh.left--
				cs.addrs = append(cs.addrs, sh.addr)
			}
		}
	}
	c.placeMail(n)
	return nil
}
