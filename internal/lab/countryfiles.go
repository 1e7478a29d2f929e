package lab

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The files of a country.
const (
	countryFile = "country.json"
	sitesFile   = "sites.csv"
	namesFile   = "names.txt"
)

// countryMeta is country.json: whose country it is, and that it is not a real one.
type countryMeta struct {
	Simulated      bool           `json:"simulated"`
	Seed           uint64         `json:"seed"`
	Sites          int            `json:"sites"`
	Rates          []rateMeta     `json:"rates"`
	Municipalities []Municipality `json:"municipalities"`
}

// rateMeta says of a group of changes where its rates come from.
type rateMeta struct {
	Name    string `json:"name"`
	Source  string `json:"source"`
	Assumed bool   `json:"assumed"`
}

var sitesHeader = []string{"name", "code", "municipality", "main", "changes"}

// WriteDir writes a country: what it is, its sites with what was changed in them, and
// their names for a scan.
func (c *Country) WriteDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the country's directory: %w", err)
	}
	rates, err := LoadRates()
	if err != nil {
		return err
	}
	meta := countryMeta{Simulated: true, Seed: c.Seed, Sites: len(c.Sites), Municipalities: c.Municipalities}
	mail, err := LoadMailRates()
	if err != nil {
		return err
	}
	for _, g := range slices.Concat(rates.Groups, mail.Groups) {
		meta.Rates = append(meta.Rates, rateMeta{g.Name, g.Source, g.Assumed})
	}
	data, err := json.MarshalIndent(meta, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the country: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, countryFile), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the country: %w", err)
	}
	if err := writeFile(filepath.Join(dir, sitesFile), c.writeSites); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, mailFile), c.writeMail); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, mailNamesFile), c.writeMailNames); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, namesFile), func(w io.Writer) error {
		for i := range c.Sites {
			if _, err := fmt.Fprintln(w, c.Sites[i].Name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Country) writeSites(w io.Writer) error {
	cw := csv.NewWriter(w)
	if err := cw.Write(sitesHeader); err != nil {
		return err
	}
	for i := range c.Sites {
		s := &c.Sites[i]
		m := &c.Municipalities[s.Owner]
		main := "no"
		if c.Main(s) {
			main = "yes"
		}
		if err := cw.Write([]string{s.Name, m.Code, m.Name, main, strings.Join(s.Changes, " ")}); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing the country: %w", err)
	}
	b := bufio.NewWriter(f)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// ReadCountry reads what WriteDir wrote.
func ReadCountry(dir string) (*Country, error) {
	data, err := os.ReadFile(filepath.Join(dir, countryFile))
	if err != nil {
		return nil, fmt.Errorf("reading the country: %w", err)
	}
	var meta countryMeta
	if err := json.Unmarshal(data, &meta); err != nil {
		return nil, fmt.Errorf("reading %s: %w", countryFile, err)
	}
	f, err := os.Open(filepath.Join(dir, sitesFile))
	if err != nil {
		return nil, fmt.Errorf("reading the country: %w", err)
	}
	defer f.Close() // it was only read
	c := &Country{Seed: meta.Seed, Municipalities: meta.Municipalities}
	if err := c.readSites(f); err != nil {
		return nil, fmt.Errorf("reading %s: %w", sitesFile, err)
	}
	if err := c.readMail(dir); err != nil {
		return nil, err
	}
	return c, c.index()
}

func (c *Country) readSites(r io.Reader) error {
	owner := map[string]int32{}
	for i, m := range c.Municipalities {
		owner[m.Code] = int32(i)
	}
	words := map[string]string{} // one copy of each change's name
	cr := csv.NewReader(r)
	cr.FieldsPerRecord, cr.ReuseRecord = len(sitesHeader), true
	for line := 0; ; line++ {
		row, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if line == 0 {
			if !slices.Equal(row, sitesHeader) {
				return fmt.Errorf("the first line is not %s", strings.Join(sitesHeader, ","))
			}
			continue
		}
		if len(c.Sites) == MaxSites {
			return fmt.Errorf("more than %d sites", MaxSites)
		}
		o, ok := owner[row[1]]
		if !ok {
			return fmt.Errorf("%s: no municipality %q", row[0], row[1])
		}
		s := CountrySite{Name: strings.Clone(row[0]), Owner: o}
		for _, id := range strings.Fields(row[4]) {
			if words[id] == "" {
				words[id] = strings.Clone(id)
			}
			s.Changes = append(s.Changes, words[id])
		}
		c.Sites = append(c.Sites, s)
	}
}
