package lab

import (
	"fmt"
	"sync"
)

// mailGroups are the tables of the mail domains in their order; base is what is expected
// of the perfect one.
func mailGroups(base Expect) [][]entry {
	return [][]entry{
		perfectMailSites(), mxSites(), spfSites(), dmarcSites(), dkimSites(), smtpSites(), mailTLSSites(base), daneSites(),
		policySites(), mailDNSSites(), tormentMailSites(),
	}
}

// mailEntriesByID has every entry of the mail domains; those of the country are made of
// the same changes.
var mailEntriesByID = sync.OnceValue(func() map[string]*entry {
	m := map[string]*entry{}
	for _, g := range mailGroups(Expect{}) {
		for i := range g {
			m[g[i].id] = &g[i]
		}
	}
	return m
})

func perfectMailSites() []entry {
	return []entry{{
		id: "perfect-mail", group: "mail",
		text: Text{"mail: alles goed", "mail: everything good"},
	}}
}

// MailCatalogue returns the mail domains of the lab: the perfect one, and for every way to
// fall short of it one that differs in just that. Each call makes them anew.
func MailCatalogue() []*Site {
	base, err := parseExpect(nil, perfectMailExpect)
	if err != nil {
		panic("lab: expectations of the perfect mail domain: " + err.Error()) // a test reads them all
	}
	var sites []*Site
	for _, g := range mailGroups(base) {
		for _, e := range g {
			s := newMailSite(e.id, e.id+".example.nl")
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
