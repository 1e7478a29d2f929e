package lab

import "peil/internal/lab/dnslab"

type Country struct {
	Sites []CountrySite
}
type CountrySite struct{ Name string }

func (c *Country) site(string) *Site                  { return nil }
func (c *Country) zone(*network, string) *dnslab.Spec { return nil }
func (c *Country) zoneApexes() []string               { return nil }
func (c *Country) place(*network) error               { return nil }
