package lab

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"github.com/miekg/dns"
)

// CountryMail is one mail domain of a country: every zone of it is one, also when it has
// no mail. It lies in the zone of its website.
type CountryMail struct {
	Name    string   // "utrecht.test"
	Owner   int32    // index into Municipalities
	Changes []string // IDs of the catalogue of mail domains, in the order in which they are applied

	site   *Site // when it has mail servers of its own, set when the network is laid out
	policy *Site // with its MTA-STS policy, shared by all with the same; nil: none
}

// LoadMailRates reads how often mail domains fall short (data/mail.toml).
var LoadMailRates = sync.OnceValues(func() (*Rates, error) {
	var r Rates
	md, err := toml.DecodeFS(dataFiles, "data/mail.toml", &r)
	if err != nil {
		return nil, fmt.Errorf("reading the rates of the simulated mail domains: %w", err)
	}
	if extra := md.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("reading the rates of the simulated mail domains: unknown key %s", extra[0])
	}
	for _, g := range r.Groups {
		for _, c := range g.Changes {
			if mailEntriesByID()[c.ID] == nil {
				return nil, fmt.Errorf("rates of %s: the catalogue of mail domains has no change %q", g.Name, c.ID)
			}
		}
	}
	return &r, nil
})

// generateMail makes the mail domains that go with the sites of a country, in the order
// of the sites. They have random numbers of their own, so that the sites stay as they are.
func (c *Country) generateMail() error {
	rates, err := LoadMailRates()
	if err != nil {
		return err
	}
	quality := make([]float64, len(c.Municipalities))
	for i := range c.Municipalities {
		r := random(c.Seed, "mail of "+c.Municipalities[i].Code)
		quality[i] = math.Exp(r.NormFloat64()*rates.Factor.Spread - rates.Factor.Spread*rates.Factor.Spread/2)
	}
	for i := range c.Sites {
		s := &c.Sites[i]
		name, isApex := strings.CutPrefix(s.Name, "www.")
		if !isApex {
			continue
		}
		factor := quality[s.Owner] * rates.Factor.Other
		if c.Main(s) {
			factor = quality[s.Owner] * rates.Factor.Main
		}
		m := CountryMail{Name: name, Owner: s.Owner}
		r := random(c.Seed, "mail "+name)
		hosted, made := false, false
		for _, g := range rates.Groups {
			f := factor
			if g.Name == "kind" || g.Name == "provider" { // matters of choice, not of neglect
				f = 1
			}
			id := g.pick(r.Float64(), f)
			switch {
			case id == "", made, g.Name == "kind" && c.Main(s), hosted && strings.HasPrefix(g.Name, "own-"):
				continue
			case g.Name == "kind":
				made = true
			case g.Name == "provider":
				hosted = true
			}
			m.Changes = append(m.Changes, id)
		}
		c.Mail = append(c.Mail, m)
	}
	return nil
}

// indexMail makes the look-up table of the mail domains.
func (c *Country) indexMail() error {
	c.mailAt = make(map[string]int32, len(c.Mail))
	for i := range c.Mail {
		m := &c.Mail[i]
		apex := m.Name + "."
		if _, twice := c.mailAt[apex]; twice {
			return fmt.Errorf("the country has the mail domain %s twice", m.Name)
		}
		if len(c.zones[apex]) == 0 {
			return fmt.Errorf("the mail domain %s has no zone in the country", m.Name)
		}
		c.mailAt[apex] = int32(i)
		for _, id := range m.Changes {
			if mailEntriesByID()[id] == nil {
				return fmt.Errorf("%s: the catalogue of mail domains has no change %q", m.Name, id)
			}
		}
	}
	return nil
}

// mailSite applies a mail domain's changes to the perfect one.
func (m *CountryMail) mailSite() *Site {
	if m.site != nil {
		return m.site
	}
	s := newMailSite(m.Name, m.Name)
	for _, id := range m.Changes {
		if f := mailEntriesByID()[id].change; f != nil {
			f(s)
		}
	}
	return s
}

// placeMail gives the mail servers and policies of a country their addresses. A policy
// that many have, as all customers of a provider do, is one website for them all.
func (c *Country) placeMail(n *network) {
	policies := map[string]*Site{}
	for i := range c.Mail {
		m := &c.Mail[i]
		m.site, m.policy = nil, nil
		s := m.mailSite()
		if len(s.Mail.Servers) > 0 {
			c.profiles.share(s)
			n.placeMail(s)
			m.site = s
		}
		if s.Mail.Policy == "" {
			continue
		}
		text := s.expand(s.Mail.Policy)
		if policies[text] == nil || s.Mail.PolicyHost != nil {
			p := s.policySite()
			n.placeSite(p)
			policies[text] = p
		}
		m.policy = policies[text]
		n.sites["mta-sts."+m.Name] = m.policy
	}
}

// mailRecords are those of the mail domain in a zone of the country, where its website
// stands too.
func (c *Country) mailRecords(n *network, apex string, website *Site) []dns.RR {
	i, ok := c.mailAt[apex]
	if !ok {
		return nil
	}
	s := c.Mail[i].mailSite()
	rrs := append(n.mailRecords(s, c.Mail[i].policy), n.mailHostRecords(s)...)
	if website.DNS.Alias != "" { // nothing else may stand beside an alias (RFC 1034 section 3.6.2)
		rrs = slices.DeleteFunc(rrs, func(rr dns.RR) bool { return rr.Header().Name == "www."+apex })
	}
	return rrs
}

// The files of the mail domains.
const (
	mailFile      = "mail.csv"
	mailNamesFile = "mail.txt"
)

var mailHeader = []string{"name", "code", "municipality", "changes"}

func (c *Country) writeMail(w io.Writer) error {
	cw := csv.NewWriter(w)
	if err := cw.Write(mailHeader); err != nil {
		return err
	}
	for i := range c.Mail {
		m := &c.Mail[i]
		town := &c.Municipalities[m.Owner]
		if err := cw.Write([]string{m.Name, town.Code, town.Name, strings.Join(m.Changes, " ")}); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

func (c *Country) writeMailNames(w io.Writer) error {
	for i := range c.Mail {
		if _, err := fmt.Fprintln(w, c.Mail[i].Name); err != nil {
			return err
		}
	}
	return nil
}

// readMail reads the mail domains; a country from before there were any has none.
func (c *Country) readMail(dir string) error {
	f, err := os.Open(filepath.Join(dir, mailFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the country: %w", err)
	}
	defer f.Close() // it was only read
	if err := c.readMailFrom(f); err != nil {
		return fmt.Errorf("reading %s: %w", mailFile, err)
	}
	return nil
}

func (c *Country) readMailFrom(r io.Reader) error {
	owner := map[string]int32{}
	for i, m := range c.Municipalities {
		owner[m.Code] = int32(i)
	}
	words := map[string]string{} // one copy of each change's name
	cr := csv.NewReader(r)
	cr.FieldsPerRecord, cr.ReuseRecord = len(mailHeader), true
	for line := 0; ; line++ {
		row, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if line == 0 {
			if !slices.Equal(row, mailHeader) {
				return fmt.Errorf("the first line is not %s", strings.Join(mailHeader, ","))
			}
			continue
		}
		if len(c.Mail) == MaxSites {
			return fmt.Errorf("more than %d mail domains", MaxSites)
		}
		o, ok := owner[row[1]]
		if !ok {
			return fmt.Errorf("%s: no municipality %q", row[0], row[1])
		}
		m := CountryMail{Name: strings.Clone(row[0]), Owner: o}
		for _, id := range strings.Fields(row[3]) {
			if words[id] == "" {
				words[id] = strings.Clone(id)
			}
			m.Changes = append(m.Changes, words[id])
		}
		c.Mail = append(c.Mail, m)
	}
}
