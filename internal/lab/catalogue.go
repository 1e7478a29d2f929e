package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// entry is one site of the catalogue: the perfect site plus change.
type entry struct {
	id, group string
	text      Text
	change    func(*Site)
	expect    string // how it differs from perfectExpect, see parseExpect
}

// groups are the tables of the catalogue in their order.
func groups() [][]entry {
	return [][]entry{
		perfectSites(), ipv6Sites(), dnssecSites(), dnsSites(), httpsSites(), tlsSites(), certSites(), headerSites(),
		securityTxtSites(), rpkiSites(), hostileSites(), tormentSites(), absurdSites(), guardSites(),
	}
}

// entriesByID has every entry; the country is made of the same changes.
var entriesByID = sync.OnceValue(func() map[string]*entry {
	m := map[string]*entry{}
	for _, g := range groups() {
		for i := range g {
			m[g[i].id] = &g[i]
		}
	}
	return m
})

func perfectSites() []entry {
	return []entry{{
		id: "perfect", group: "perfect",
		text: Text{"alles goed", "everything good"},
	}}
}

// Catalogue returns the websites of the lab: the perfect one, and for every way to fall
// short of it one that differs in just that. Each call makes them anew.
func Catalogue() []*Site {
	base, err := parseExpect(nil, perfectExpect)
	if err != nil {
		panic("lab: expectations of the perfect site: " + err.Error()) // a test reads them all
	}
	var sites []*Site
	for _, g := range groups() {
		for _, e := range g {
			s := newSite(e.id, "www."+e.id+".example.nl")
			s.Group, s.Change = e.group, e.text
			if e.change != nil {
				e.change(s)
			}
			if s.Expect, err = parseExpect(base, e.expect); err != nil {
				panic(fmt.Sprintf("lab: expectations of %s: %v", e.id, err))
			}
			sites = append(sites, s)
		}
	}
	return sites
}

// All are the websites and the mail domains.
func All() []*Site { return append(Catalogue(), MailCatalogue()...) }

// siteJSON is a site as `peil lab sites -o json` writes it.
type siteJSON struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Role      string   `json:"role"`
	Group     string   `json:"group"`
	Change    Text     `json:"change"`
	Addresses []string `json:"addresses,omitempty"` // of a running lab
	Expect    Expect   `json:"expect"`
}

// WriteSites writes the sites as JSON.
func WriteSites(w io.Writer, sites []*Site) error {
	list := make([]siteJSON, len(sites))
	for i, s := range sites {
		list[i] = siteJSON{ID: s.ID, Name: s.Name, Role: string(s.Role()), Group: s.Group, Change: s.Change, Expect: s.Expect}
		s.servers(func(srv *Server) {
			if srv.Addr.IsValid() {
				list[i].Addresses = append(list[i].Addresses, srv.Addr.String())
			}
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"simulated": true, "sites": list})
}
