package lab

import (
	"cmp"
	"embed"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
)

//go:embed data/municipalities.csv data/rates.toml data/mail.toml
var dataFiles embed.FS

// MaxSites is the most that a country can have.
const MaxSites = 60_000

// Rates say how often sites fall short (data/rates.toml).
type Rates struct {
	Factor struct {
		Main    float64 `toml:"main"`
		Other   float64 `toml:"other"`
		Spread  float64 `toml:"spread"`
		Assumed bool    `toml:"assumed"`
	} `toml:"factor"`
	Groups []RateGroup `toml:"group"`
}

// RateGroup is changes of which a site has at most one.
type RateGroup struct {
	Name    string `toml:"name"`
	Source  string `toml:"source"`
	Assumed bool   `toml:"assumed"`
	Changes []Rate `toml:"change"`
}

// Rate is the share of sites that have a change.
type Rate struct {
	ID   string  `toml:"id"`
	Rate float64 `toml:"rate"`
}

// zoneGroups are about a zone: sites that share one share them.
var zoneGroups = []string{"dnssec", "name-servers", "caa"}

// LoadRates reads the rates.
var LoadRates = sync.OnceValues(func() (*Rates, error) {
	var r Rates
	md, err := toml.DecodeFS(dataFiles, "data/rates.toml", &r)
	if err != nil {
		return nil, fmt.Errorf("reading the rates of the simulated country: %w", err)
	}
	if extra := md.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("reading the rates of the simulated country: unknown key %s", extra[0])
	}
	for _, g := range r.Groups {
		for _, c := range g.Changes {
			if entriesByID()[c.ID] == nil {
				return nil, fmt.Errorf("rates of %s: the catalogue has no change %q", g.Name, c.ID)
			}
		}
	}
	return &r, nil
})

// Municipalities reads the municipalities, by code.
var Municipalities = sync.OnceValues(func() ([]Municipality, error) {
	data, err := fs.ReadFile(dataFiles, "data/municipalities.csv")
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(string(data)))
	r.Comment, r.FieldsPerRecord = '#', 7
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the municipalities: %w", err)
	}
	var list []Municipality
	for _, f := range rows[1:] {
		m := Municipality{Code: f[0], Name: f[1], Label: f[2], Province: f[3]}
		if m.Population, err = strconv.Atoi(f[4]); err == nil {
			if m.Latitude, err = strconv.ParseFloat(f[5], 64); err == nil {
				m.Longitude, err = strconv.ParseFloat(f[6], 64)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("reading the municipalities: %s: %w", m.Name, err)
		}
		list = append(list, m)
	}
	return list, nil
})

// Generate makes a country: the main sites of all municipalities, then other sites, more
// of them the larger the municipality, and the mail domains that go with them. The same seed and number give the same country,
// and a larger number adds sites without changing those that were there.
func Generate(seed uint64, sites int) (*Country, error) {
	if sites < 1 || sites > MaxSites {
		return nil, fmt.Errorf("a country has 1 to %d sites, not %d", MaxSites, sites)
	}
	rates, err := LoadRates()
	if err != nil {
		return nil, err
	}
	towns, err := Municipalities()
	if err != nil {
		return nil, err
	}
	c := &Country{Seed: seed, Municipalities: slices.Clone(towns)}
	quality := make([]float64, len(towns))
	for i := range towns {
		// The mean of this distribution is one.
		r := random(seed, "quality of "+towns[i].Code)
		quality[i] = math.Exp(r.NormFloat64()*rates.Factor.Spread - rates.Factor.Spread*rates.Factor.Spread/2)
	}
	mains := map[int32]int{} // main sites by municipality; they come before the others
	for _, n := range siteNames(towns, sites) {
		s := CountrySite{Name: n.name, Owner: n.owner}
		factor := quality[n.owner] * rates.Factor.Other
		if n.main {
			factor = quality[n.owner] * rates.Factor.Main
		}
		r := random(seed, n.name)
		for _, g := range rates.Groups {
			draw := r.Float64() // also when it is not used, so that groups do not shift
			id := g.pick(draw, factor)
			if n.shares && slices.Contains(zoneGroups, g.Name) {
				id = g.among(c.Sites[mains[n.owner]].Changes)
			}
			if id != "" {
				s.Changes = append(s.Changes, id)
			}
		}
		if n.main {
			mains[n.owner] = len(c.Sites)
		}
		c.Sites = append(c.Sites, s)
	}
	if err := c.generateMail(); err != nil {
		return nil, err
	}
	return c, c.index()
}

// among finds the change of this group among those of a site.
func (g *RateGroup) among(changes []string) string {
	for _, c := range g.Changes {
		if slices.Contains(changes, c.ID) {
			return c.ID
		}
	}
	return ""
}

// pick chooses the change of a group for a number between 0 and 1.
func (g *RateGroup) pick(draw, factor float64) string {
	total := 0.0
	for _, c := range g.Changes {
		total += c.Rate
	}
	scale := min(factor, 0.98/total) // the changes of a group cannot exceed all sites
	for _, c := range g.Changes {
		if draw < c.Rate*scale {
			return c.ID
		}
		draw -= c.Rate * scale
	}
	return ""
}

// random is a source that depends on the seed and what it is for.
func random(seed uint64, what string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(what)) // a hash takes everything
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

type siteName struct {
	name   string
	owner  int32
	main   bool
	shares bool // lies in the zone of the main site
}

// What the other sites of a municipality are called. Services lie below the main site's
// name, projects have a name of their own.
var (
	services = []string{
		"afspraken", "formulieren", "mijn", "raad", "belastingen", "archief", "kaart", "werkenbij", "intranet",
		"bekendmakingen", "data", "meldingen", "parkeren", "subsidies", "stage", "nieuws", "webmail", "vergaderen",
		"cloud", "acceptatie",
	}
	projects = []string{
		"denkmee", "bibliotheek", "afvalkalender", "energieloket", "jongeren", "sociaalteam", "wijkteam", "cultuur",
		"sport", "toerisme", "ondernemen", "omgevingsvisie", "mobiliteit", "klimaat", "woonvisie", "centrumplan",
		"museum", "zwembad", "schouwburg", "marketing", "glasvezel", "dijkversterking", "stationsgebied", "duurzaam",
		"vrijwilligers", "veiligheid", "buurtpreventie", "jeugdhulp", "wmo", "schuldhulp",
	}
)

// siteNames lists names: all main sites by population, then in rounds one more for each
// municipality that is due one by its size.
func siteNames(towns []Municipality, count int) []siteName {
	order := make([]int32, len(towns))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(towns[b].Population, towns[a].Population) })
	var list []siteName
	for _, o := range order {
		if len(list) == count {
			return list
		}
		list = append(list, siteName{"www." + towns[o].Label + ".test", o, true, false})
	}
	// A municipality of 20,000 people gets a site each round, one of 80,000 two.
	given, due := make([]int, len(towns)), make([]float64, len(towns))
	for {
		for _, o := range order {
			for due[o] += math.Sqrt(float64(towns[o].Population) / 20_000); due[o] >= 1; due[o]-- {
				if len(list) == count {
					return list
				}
				list = append(list, otherSite(&towns[o], o, given[o]))
				given[o]++
			}
		}
	}
}

// otherSite names the n-th further site of a municipality: one service to two projects.
func otherSite(t *Municipality, owner int32, n int) siteName {
	word := func(list []string, k int) string {
		if k < len(list) {
			return list[k]
		}
		return list[k%len(list)] + strconv.Itoa(1+k/len(list))
	}
	if n%3 == 0 {
		return siteName{word(services, n/3) + "." + t.Label + ".test", owner, false, true}
	}
	return siteName{"www." + word(projects, n-n/3-1) + "-" + t.Label + ".test", owner, false, false}
}
