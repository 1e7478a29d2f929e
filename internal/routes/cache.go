package routes

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// MaxAge is how old tables may be and still be used unasked (interfaces.md, data
// update): routes and ROAs change daily.
const MaxAge = 48 * time.Hour

// ErrStale is wrapped by the error about a table that is older than MaxAge, and
// fs.ErrNotExist by that about one that was never made.
var ErrStale = errors.New("too old")

// Cache is a directory with the indexes that `peil data update` makes.
type Cache struct{ Dir string }

// DefaultCache is the cache of this user.
func DefaultCache() (Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return Cache{}, fmt.Errorf("finding the cache directory: %w", err)
	}
	return Cache{filepath.Join(dir, "peil")}, nil
}

const (
	vrpFile   = "vrps.index"
	routeFile = "routes.index"
)

// UpdateVRPs makes the index of VRPs from JSON files. at is the date when the files
// give none.
func (c Cache) UpdateVRPs(source string, at time.Time, files ...io.Reader) (Meta, Report, error) {
	var b VRPBuilder
	var total Report
	m := Meta{Source: source}
	for _, f := range files {
		date, rep, err := ReadVRPs(f, &b)
		if err != nil {
			return m, rep, fmt.Errorf("VRPs of %s: %w", source, err)
		}
		total = total.add(rep)
		if !date.IsZero() && (m.Date.IsZero() || date.Before(m.Date)) {
			m.Date = date // of several the oldest counts
		}
	}
	if m.Date.IsZero() {
		m.Date = at.UTC()
	}
	if b.Len() == 0 {
		return m, total, fmt.Errorf("VRPs of %s: there are none", source)
	}
	out, err := b.Bytes(m)
	if err != nil {
		return m, total, err
	}
	return m, total, c.replace(vrpFile, out)
}

// UpdateRoutes makes the index of announcements from RIS dumps or CSV files, fetched
// at that time.
func (c Cache) UpdateRoutes(source string, at time.Time, files ...io.Reader) (Meta, Report, error) {
	var b RouteBuilder
	var total Report
	m := Meta{Source: source, Date: at.UTC()}
	for _, f := range files {
		rep, err := ReadRoutes(f, &b)
		if err != nil {
			return m, rep, fmt.Errorf("routes of %s: %w", source, err)
		}
		total = total.add(rep)
	}
	if b.Len() == 0 {
		return m, total, fmt.Errorf("routes of %s: there are none", source)
	}
	out, err := b.Bytes(m)
	if err != nil {
		return m, total, err
	}
	return m, total, c.replace(routeFile, out)
}

func (r Report) add(o Report) Report {
	r.Records += o.Records
	r.FewPeers += o.FewPeers
	r.Defaults += o.Defaults
	r.Wrong += o.Wrong
	if r.First == nil {
		r.First = o.First
	}
	return r
}

// OpenVRPs opens the index of VRPs if it is younger than MaxAge.
func (c Cache) OpenVRPs(now time.Time) (*VRPs, error) {
	v, err := OpenVRPs(filepath.Join(c.Dir, vrpFile))
	if err != nil {
		return nil, err
	}
	if err := fresh(v.Meta(), now); err != nil {
		return nil, errors.Join(fmt.Errorf("VRPs: %w", err), v.Close())
	}
	return v, nil
}

// OpenRoutes opens the index of announcements if it is younger than MaxAge.
func (c Cache) OpenRoutes(now time.Time) (*Routes, error) {
	t, err := OpenRoutes(filepath.Join(c.Dir, routeFile))
	if err != nil {
		return nil, err
	}
	if err := fresh(t.Meta(), now); err != nil {
		return nil, errors.Join(fmt.Errorf("routes: %w", err), t.Close())
	}
	return t, nil
}

func fresh(m Meta, now time.Time) error {
	if age := now.Sub(m.Date); age >= MaxAge {
		return fmt.Errorf("%w: made %s, %d hours ago; run peil data update", ErrStale, m.Date.UTC().Format(time.RFC3339), int(age.Hours()))
	}
	return nil
}

// replace puts a file in place of another in one step: who has the old one open or
// mapped keeps it, and a crash at any moment leaves the old or the new one whole.
func (c Cache) replace(name string, content []byte) (err error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil { // public data
		return fmt.Errorf("making the cache: %w", err)
	}
	f, err := os.CreateTemp(c.Dir, name+".*.tmp")
	if err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	defer func() {
		if err != nil {
			if rerr := os.Remove(f.Name()); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
				err = errors.Join(err, rerr)
			}
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(c.Dir, name))
	}
	if err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	return nil
}

// LoadVRPs reads the file of --vrps: VRP JSON, or an index.
func LoadVRPs(file string) (*VRPs, Report, error) {
	if isIndex(file) {
		v, err := OpenVRPs(file)
		return v, Report{}, err
	}
	var b VRPBuilder
	var date time.Time
	rep, m, err := load(file, func(r io.Reader) (rep Report, err error) {
		date, rep, err = ReadVRPs(r, &b)
		return rep, err
	})
	if err != nil {
		return nil, rep, fmt.Errorf("reading VRPs: %w", err)
	}
	if !date.IsZero() {
		m.Date = date
	}
	v, err := b.Table(m)
	return v, rep, err
}

// LoadRoutes reads the file of --routes: CSV, a RIS dump, or an index.
func LoadRoutes(file string) (*Routes, Report, error) {
	if isIndex(file) {
		t, err := OpenRoutes(file)
		return t, Report{}, err
	}
	var b RouteBuilder
	rep, m, err := load(file, func(r io.Reader) (Report, error) { return ReadRoutes(r, &b) })
	if err != nil {
		return nil, rep, fmt.Errorf("reading routes: %w", err)
	}
	t, err := b.Table(m)
	return t, rep, err
}

// errNothing says that a table is empty: judged by it, every route would be unknown.
var errNothing = errors.New("there is nothing in it")

// load reads a file and dates it by its modification time.
func load(file string, read func(io.Reader) (Report, error)) (Report, Meta, error) {
	f, err := os.Open(file)
	if err != nil {
		return Report{}, Meta{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Report{}, Meta{}, err
	}
	rep, err := read(f)
	if err == nil && rep.Records == 0 {
		err = errNothing
	}
	if err != nil {
		return rep, Meta{}, fmt.Errorf("%s: %w", file, err)
	}
	return rep, Meta{Source: "file " + filepath.Base(file), Date: info.ModTime().UTC().Truncate(time.Second)}, nil
}

func isIndex(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(magic))
	_, err = io.ReadFull(f, b)
	return err == nil && string(b) == magic
}
