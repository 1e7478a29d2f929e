package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
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
		securityTxtSites(), rpkiSites(), hostileSites(),
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

// Catalogue returns the sites of the lab: the perfect one, and for every way to fall
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

// siteJSON is a site as `peil lab sites -o json` writes it.
type siteJSON struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Group     string   `json:"group"`
	Change    Text     `json:"change"`
	Addresses []string `json:"addresses,omitempty"` // of a running lab
	Expect    Expect   `json:"expect"`
}

// WriteSites writes the sites as JSON.
func WriteSites(w io.Writer, sites []*Site) error {
	list := make([]siteJSON, len(sites))
	for i, s := range sites {
		list[i] = siteJSON{ID: s.ID, Name: s.Name, Group: s.Group, Change: s.Change, Expect: s.Expect}
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

// Difference is one verdict that is not what the catalogue expects.
type Difference struct {
	Site, Edition, Requirement string
	Want, Got                  string
}

// String is the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: %s %s: want %s, got %s", d.Site, d.Edition, d.Requirement, d.Want, d.Got)
}

// Got is a verdict that a measurement led to.
type Got struct {
	Outcome, Status, Word string
	Points                string
}

// GotEdition is what one edition said of a site.
type GotEdition struct {
	Score    *int
	Word     string
	Derived  map[string]string
	Verdicts map[string]Got
}

// Compare holds what an edition said against what is expected of the site. A
// requirement of the edition about which the catalogue is silent is a difference too,
// so that a new one cannot slip by.
func (s *Site) Compare(edition string, got GotEdition) []Difference {
	want := s.Expect[edition]
	if want == nil {
		return nil
	}
	var ds []Difference
	differ := func(what, w, g string) { ds = append(ds, Difference{s.ID, edition, what, w, g}) }
	if want.Score != nil && (got.Score == nil || *got.Score != *want.Score) {
		g := "none"
		if got.Score != nil {
			g = fmt.Sprint(*got.Score)
		}
		differ("score", fmt.Sprint(*want.Score), g)
	}
	if want.Word != "" && got.Word != want.Word {
		differ("word", want.Word, got.Word)
	}
	for _, name := range sortedKeys(want.Derived) {
		if got.Derived[name] != want.Derived[name] {
			differ(name, want.Derived[name], got.Derived[name])
		}
	}
	for _, id := range sortedKeys(want.Requirements) {
		w := want.Requirements[id]
		g, ok := got.Verdicts[id]
		switch {
		case !ok:
			differ(id, w.String(), "no such requirement")
		case !w.Matches(g.Outcome), w.Status != "" && (w.Status != g.Status || w.Word != g.Word), w.Points != "" && w.Points != g.Points:
			differ(id, w.String(), Verdict{g.Outcome, g.Status, g.Word, g.Points}.String())
		}
	}
	for _, id := range sortedKeys(got.Verdicts) {
		if _, ok := want.Requirements[id]; !ok && !slices.Contains(want.Any, id) {
			differ(id, "nothing: the catalogue does not know it", got.Verdicts[id].Outcome)
		}
	}
	return ds
}

// String is the verdict in a few words.
func (v Verdict) String() string {
	return strings.Join(strings.Fields(v.Outcome+" "+v.Status+" "+v.Word+" "+v.Points), " ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(mapKeys(m)) }
