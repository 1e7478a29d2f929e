package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"peil/internal/egress"
	"peil/internal/probe/tlsprobe"
	"peil/internal/resolver"
	"peil/internal/routes"
)

// Sources are the addresses from which peil data update fetches. They may be set in a
// TOML file, peil/data.toml in the user's configuration directory.
type Sources struct {
	VRPs   []string `toml:"vrps"`
	Routes []string `toml:"routes"`
}

// defaultSources are published for everyone: VRPs as validated by rpki-client's own
// console, announcements as the route collectors of RIPE RIS see them.
func defaultSources() Sources {
	return Sources{
		VRPs:   []string{"https://console.rpki-client.org/vrps.json"},
		Routes: []string{"https://www.ris.ripe.net/dumps/riswhoisdump.IPv4.gz", "https://www.ris.ripe.net/dumps/riswhoisdump.IPv6.gz"},
	}
}

// Limits on what is fetched: the tables of the whole internet are some 100 MB.
const (
	maxFetch  = 1 << 30
	fetchTime = 15 * time.Minute
)

// Data is where the tables come from.
type Data struct {
	From   string   `placeholder:"DIR" help:"Take the files from DIR instead of fetching: *.json are VRPs; *.csv and riswhoisdump* are routes; each may be gzipped."`
	VRPs   []string `name:"vrps" placeholder:"URL" help:"Fetch VRPs from here; repeat for more."`
	Routes []string `placeholder:"URL" help:"Fetch route dumps from here; repeat for more."`
}

// Updated is one table that was made.
type Updated struct {
	Kind   string // "vrps" or "routes"
	Source string
	Report routes.Report
}

// Update makes the indexes in the user's cache. A source that fails leaves the table as
// it was.
func (d Data) Update(ctx context.Context) ([]Updated, error) {
	cache, err := routes.DefaultCache()
	if err != nil {
		return nil, err
	}
	if d.From != "" {
		return fromDir(cache, d.From)
	}
	s, err := d.sources()
	if err != nil {
		return nil, err
	}
	client, err := fetcher()
	if err != nil {
		return nil, err
	}
	return s.update(ctx, cache, client)
}

// update makes the tables of the sources.
func (s Sources) update(ctx context.Context, cache routes.Cache, client *http.Client) ([]Updated, error) {
	var out []Updated
	var failed error
	for _, t := range []struct {
		kind string
		urls []string
		make func(string, time.Time, ...io.Reader) (routes.Meta, routes.Report, error)
	}{{"vrps", s.VRPs, cache.UpdateVRPs}, {"routes", s.Routes, cache.UpdateRoutes}} {
		if len(t.urls) == 0 {
			continue
		}
		rep, err := fetch(ctx, client, t.urls, t.make)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", t.kind, err))
			continue
		}
		out = append(out, Updated{t.kind, strings.Join(t.urls, " "), rep})
	}
	return out, failed
}

func (d Data) sources() (Sources, error) {
	s := defaultSources()
	if dir, err := os.UserConfigDir(); err == nil {
		file := filepath.Join(dir, "peil", "data.toml")
		meta, err := toml.DecodeFile(file, &s)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return s, fmt.Errorf("reading the addresses of the tables: %w", err)
		case len(meta.Undecoded()) > 0:
			return s, fmt.Errorf("%s: unknown key %s; there are vrps and routes", file, meta.Undecoded()[0])
		}
	}
	if len(d.VRPs)+len(d.Routes) > 0 {
		s = Sources{d.VRPs, d.Routes}
	}
	return s, nil
}

func fromDir(cache routes.Cache, dir string) ([]Updated, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	var vrps, announced []string
	at := map[string]time.Time{}
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		at[path] = info.ModTime()
		switch base := strings.TrimSuffix(name, ".gz"); {
		case strings.HasSuffix(base, ".json"):
			vrps = append(vrps, path)
		case strings.HasSuffix(base, ".csv"), strings.HasPrefix(base, "riswhoisdump"):
			announced = append(announced, path)
		}
	}
	if len(vrps)+len(announced) == 0 {
		return nil, fmt.Errorf("--from %s: there is neither a VRP file (*.json) nor a route dump (*.csv, riswhoisdump*)", dir)
	}
	var out []Updated
	for _, t := range []struct {
		kind  string
		files []string
		make  func(string, time.Time, ...io.Reader) (routes.Meta, routes.Report, error)
	}{{"vrps", vrps, cache.UpdateVRPs}, {"routes", announced, cache.UpdateRoutes}} {
		if len(t.files) == 0 {
			continue
		}
		var readers []io.Reader
		// The table is as old as its oldest file: a copy of last week is not of today.
		oldest := at[t.files[0]]
		for _, path := range t.files {
			f, err := os.Open(path)
			if err != nil {
				return out, err
			}
			defer func() { _ = f.Close() }()
			readers = append(readers, f)
			if at[path].Before(oldest) {
				oldest = at[path]
			}
		}
		_, rep, err := t.make(strings.Join(t.files, " "), oldest, readers...)
		if err != nil {
			return out, fmt.Errorf("%s: %w", strings.Join(t.files, ", "), err)
		}
		out = append(out, Updated{t.kind, strings.Join(t.files, " "), rep})
	}
	return out, nil
}

// fetcher is an HTTP client over the one door: names through the validating resolver,
// addresses through the guard, certificates against the embedded Mozilla set.
func fetcher() (*http.Client, error) {
	door, err := egress.New(egress.Config{Limits: egress.Limits{Bytes: maxFetch, Time: fetchTime}})
	if err != nil {
		return nil, err
	}
	r, err := resolver.New(resolver.Config{Egress: door})
	if err != nil {
		return nil, err
	}
	roots, err := tlsprobe.Mozilla()
	if err != nil {
		return nil, err
	}
	return fetcherOver(door, r, roots.Pool), nil
}

// fetcherOver is an HTTP client over a door, a resolver and a trust set.
func fetcherOver(door *egress.Egress, r *resolver.Resolver, roots *x509.CertPool) *http.Client {
	dial := func(ctx context.Context, _, hostport string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(hostport)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, err
		}
		var addrs []netip.Addr
		a, literal, err := egress.ParseAddr(host)
		if err != nil {
			return nil, err
		}
		if literal {
			addrs = append(addrs, a)
		}
		for _, t := range []string{"AAAA", "A"} {
			if literal {
				break
			}
			l := r.Lookup(ctx, host, t)
			for _, x := range l.Records {
				if a, err := netip.ParseAddr(x.Data); err == nil {
					addrs = append(addrs, a)
				}
			}
		}
		if len(addrs) == 0 {
			return nil, fmt.Errorf("%s could not be looked up", host)
		}
		var last error
		for _, a := range addrs {
			c, err := door.Subject(host).DialTCP(ctx, netip.AddrPortFrom(a, uint16(n)))
			if err == nil {
				return c, nil
			}
			last = err
		}
		return nil, last
	}
	return &http.Client{
		Transport: &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, ResponseHeaderTimeout: time.Minute},
		Timeout:   fetchTime,
	}
}

func fetch(ctx context.Context, client *http.Client, urls []string, build func(string, time.Time, ...io.Reader) (routes.Meta, routes.Report, error)) (routes.Report, error) {
	var bodies []io.Reader
	var oldest time.Time
	for _, u := range urls {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
		if err != nil {
			return routes.Report{}, fmt.Errorf("%s: %w", u, err)
		}
		req.Header.Set("User-Agent", "Peil")
		resp, err := client.Do(req)
		if err != nil {
			return routes.Report{}, fmt.Errorf("fetching %s: %w", u, err)
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return routes.Report{}, fmt.Errorf("fetching %s: the server answered %s", u, resp.Status)
		}
		at := time.Now()
		if t, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
			at = t
		}
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		bodies = append(bodies, &bounded{resp.Body, maxFetch})
	}
	_, rep, err := build(strings.Join(urls, " "), oldest, bodies...)
	return rep, err
}

// bounded is a body that is refused, not cut off, when it is too long: half a table says
// of every route that is missing that it is not covered.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("longer than %d bytes", int64(maxFetch))
	}
	return n, err
}
