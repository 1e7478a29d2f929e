package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"peil/internal/norm"
)

// country has peil write a country; with blank every site is made well configured.
func (s *settings) country(ctx context.Context, sites int, blank bool) (string, error) {
	dir := filepath.Join(s.dir, "country"+strconv.Itoa(sites))
	if blank {
		dir += "-good"
	}
	_, err := measure(exec.CommandContext(ctx, s.peil, "lab", "country", "--seed", "1", "--sites", strconv.Itoa(sites), "--out", dir))
	if err != nil || !blank {
		return dir, err
	}
	file := filepath.Join(dir, "sites.csv")
	in, err := os.Open(file)
	if err != nil {
		return "", err
	}
	rows, err := csv.NewReader(in).ReadAll()
	_ = in.Close()
	if err != nil {
		return "", err
	}
	for _, row := range rows[1:] {
		row[len(row)-1] = "" // the changes
	}
	return dir, writeFile(file, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
}

// playing is a lab that runs.
type playing struct {
	*background
	dir string
}

func (s *settings) play(ctx context.Context, name, country string, more ...string) (*playing, error) {
	dir := filepath.Join(s.dir, name)
	args := []string{"lab", "serve", "--dir", dir}
	if country != "" {
		args = append(args, "--country", country)
	}
	b, err := start(ctx, "ready", s.peil, append(args, more...)...)
	if err != nil {
		return nil, err
	}
	return &playing{b, dir}, nil
}

// scan measures names with every edition, facts and verdicts written.
func (s *settings) scan(ctx context.Context, p *playing, vrps, routes string, args ...string) (usage, error) {
	at := func(n string) string { return filepath.Join(p.dir, n) }
	if vrps == "" {
		vrps, routes = at("vrps.json"), at("routes.csv")
	}
	all := []string{
		"scan", "--web", "-o", "jsonl", "--out", at("results.jsonl"), "--facts", at("facts.jsonl"), "--network-map", at("network-map"), "--root-hints", at("root-hints"),
		"--trust-anchor", at("trust-anchor"), "--ca-bundle", at("ca.pem"), "--vrps", vrps, "--routes", routes,
	}
	for _, e := range norm.Editions() {
		all = append(all, "--edition", e.Name)
	}
	// 1 and 3 tell of the sites, not of the program.
	return measure(exec.CommandContext(ctx, s.peil, append(all, args...)...), 0, 1, 3)
}

// outcome is what stands in the lines of a scan.
type outcome struct {
	sites       int
	addresses   int     // of websites
	connections float64 // per address, all that went to the site's addresses
	most        float64 // the most of any site, per address
	queries     float64 // per site
	complete    int
	words       map[string]int
}

func (p *playing) outcome() (outcome, error) {
	o := outcome{words: map[string]int{}}
	addrs, err := addresses(filepath.Join(p.dir, "facts.jsonl"))
	if err != nil {
		return o, err
	}
	type line struct {
		Target struct {
			Name string `json:"name"`
		} `json:"target"`
		Complete bool   `json:"complete"`
		Word     string `json:"word"`
		Cost     struct {
			Connections int `json:"connections"`
			Queries     int `json:"queries"`
		} `json:"cost"`
	}
	connections, queries := 0, 0
	err = lines(filepath.Join(p.dir, "results.jsonl"), func(b []byte) error {
		var l line
		if err := json.Unmarshal(b, &l); err != nil {
			return err
		}
		o.sites++
		o.words[l.Word]++
		if l.Complete {
			o.complete++
		}
		queries += l.Cost.Queries
		if n := addrs[l.Target.Name]; n > 0 {
			o.addresses += n
			connections += l.Cost.Connections
			o.most = max(o.most, float64(l.Cost.Connections)/float64(n))
		}
		return nil
	})
	o.connections = float64(connections) / float64(max(o.addresses, 1))
	o.queries = float64(queries) / float64(max(o.sites, 1))
	return o, err
}

// addresses counts the addresses of each site in a file of facts.
func addresses(file string) (map[string]int, error) {
	out := map[string]int{}
	return out, lines(file, func(b []byte) error {
		var l struct {
			Target struct {
				Name string `json:"name"`
			} `json:"target"`
			Web struct {
				Hosts []struct{} `json:"hosts"`
			} `json:"web"`
		}
		err := json.Unmarshal(b, &l)
		out[l.Target.Name] = len(l.Web.Hosts)
		return err
	})
}

func lines(file string, each func([]byte) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for r := bufio.NewReaderSize(f, 1<<20); ; {
		b, err := r.ReadBytes('\n')
		if len(b) > 0 {
			if err := each(b); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// coldSite measures one good site in a process that knows nothing yet, several times.
func coldSite(ctx context.Context, s *settings, r *results) error {
	p, err := s.play(ctx, "delayed", "", "--delay", s.delay.String())
	if err != nil {
		return err
	}
	defer p.stop()
	const times = 5
	var walls []time.Duration
	var cpu float64
	for range times {
		_ = os.Remove(filepath.Join(p.dir, "facts.jsonl")) // not there the first time
		u, err := s.scan(ctx, p, "", "", "www.perfect.example.nl")
		if err != nil {
			return err
		}
		o, err := p.outcome()
		if err != nil {
			return err
		}
		if o.sites != 1 || o.words["up_to_standard"] != 1 {
			return fmt.Errorf("the perfect site came out as %v", o.words)
		}
		walls = append(walls, u.wall)
		cpu = max(cpu, u.cpu.Seconds()*1000)
	}
	slices.Sort(walls)
	part := fmt.Sprintf("One good site, cold, round trips of %s", s.delay)
	r.add(part, fmt.Sprintf("wall time, the slowest of %d", times), walls[times-1].Seconds(), "s", 3)
	r.add(part, "processor time of the whole program", cpu, "ms", 0)
	return nil
}

// goodSites measures a country in which nothing is wrong.
func goodSites(ctx context.Context, s *settings, r *results) error {
	dir, err := s.country(ctx, s.good, true)
	if err != nil {
		return err
	}
	part := fmt.Sprintf("Complete measurement of %d well-configured sites, both families, all editions", s.good)
	_, o, err := s.whole(ctx, r, part, "good", dir, s.good, 25, 25, 0)
	if err == nil && o.words["up_to_standard"] != s.good {
		return fmt.Errorf("of %d perfect sites the words are %v", s.good, o.words)
	}
	return err
}

// countries measures the simulated country in growing sizes.
func countries(ctx context.Context, s *settings, r *results) error {
	for _, n := range s.sizes {
		dir, err := s.country(ctx, n, false)
		if err != nil {
			return err
		}
		mark := 0.0
		if n == 10_000 {
			mark = 600
		}
		part := fmt.Sprintf("Complete measurement of the country, %d sites, both families, all editions", n)
		if _, _, err := s.whole(ctx, r, part, "lab"+strconv.Itoa(n), dir, n, 40, 0, mark); err != nil {
			return err
		}
	}
	return nil
}

// whole measures a country with default politeness, route tables of real size, facts
// and verdicts written, and books what it took. The marks are milliseconds of processor
// time per site, connections per address, and seconds of wall time.
func (s *settings) whole(ctx context.Context, r *results, part, name, country string, sites int, cpu, conns, wall float64) (usage, outcome, error) {
	p, err := s.play(ctx, name, country)
	if err != nil {
		return usage{}, outcome{}, err
	}
	stopped := false
	defer func() {
		if !stopped {
			p.stop()
		}
	}()
	vrps, routes, err := tables(ctx, s, p.dir)
	if err != nil {
		return usage{}, outcome{}, err
	}
	u, err := s.scan(ctx, p, vrps, routes, "-f", filepath.Join(country, "names.txt"))
	if err != nil {
		return u, outcome{}, err
	}
	stopped = true
	lab := p.stop()
	o, err := p.outcome()
	if err != nil {
		return u, o, err
	}
	if o.sites != sites {
		return u, o, fmt.Errorf("%d of %d sites are in the result", o.sites, sites)
	}
	r.add(part, "processor time per site", u.perMillis(sites), "ms", cpu)
	r.add(part, "connections per address, mean", o.connections, "", conns)
	r.add(part, "connections per address, most", o.most, "", conns)
	r.add(part, "queries to name servers per site", o.queries, "", 0)
	r.add(part, "peak memory, route tables of real size loaded", u.rss, "MiB", 256)
	r.add(part, "wall time", u.wall.Seconds(), "s", wall)
	r.add(part, "sites measured completely", float64(o.complete), "", 0)
	r.add(part, "processor time of the lab, per site", lab.perMillis(sites), "ms", 0)
	return u, o, errors.Join(os.RemoveAll(p.dir), os.RemoveAll(country))
}
