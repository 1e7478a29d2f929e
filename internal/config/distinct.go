package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Use is a file that a run reads or writes, and the flag that named it.
type Use struct {
	Flag, Path string
	Writes     bool
}

// Distinct refuses a file that is to be written and that the run reads, or writes for
// something else: it would be gone, or full of two things. Names may differ: links are
// followed. What is not a file (a terminal, /dev/null) may be used as often as one likes.
func Distinct(uses ...Use) error {
	files := make([]place, len(uses))
	for i, u := range uses {
		files[i] = placeOf(u.Path)
	}
	for i, u := range uses {
		for j, w := range uses[:i] {
			if (u.Writes || w.Writes) && files[i].same(files[j]) {
				return fmt.Errorf("%s and %s are both %s: the one would destroy the other", w.Flag, u.Flag, u.Path)
			}
		}
	}
	return nil
}

// Stream names what standard input or output is, for Distinct; a pipe is nothing.
func Stream(flag string, s any, writes bool) Use {
	if f, ok := s.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return Use{flag, fmt.Sprintf("/proc/self/fd/%d", f.Fd()), writes}
		}
	}
	return Use{Flag: flag, Writes: writes}
}

// Uses are the files that these flags name.
func (n Names) Uses(std io.Reader) []Use {
	if n.File == "-" {
		return []Use{Stream("-f -", std, false)}
	}
	return []Use{{"-f", n.File, false}}
}

// Uses are the files that these flags name.
func (j Judgement) Uses(std io.Writer) []Use {
	if j.Out == "" || j.Out == "-" {
		return []Use{Stream("standard output", std, true)}
	}
	return []Use{{"--out", j.Out, true}}
}

// Uses are the files that these flags name.
func (n Network) Uses() []Use {
	return []Use{
		{"--exclude", n.Exclude, false},
		{"--vrps", n.VRPs, false},
		{"--routes", n.Routes, false},
		{"--ca-bundle", n.CABundle, false},
		{"--root-hints", n.RootHints, false},
		{"--trust-anchor", n.TrustAnchor, false},
		{"--network-map", n.NetworkMap, false},
		{"--mandate", n.Mandate, false},
	}
}

// place is where a path leads: a regular file, or a place where one can be made.
type place struct {
	info os.FileInfo // nil where there is nothing yet
	path string
}

func (p place) same(q place) bool {
	if p.info != nil && q.info != nil {
		return os.SameFile(p.info, q.info)
	}
	return p.info == nil && q.info == nil && p.path != "" && p.path == q.path
}

// maxLinks bounds the symbolic links on the way to a file that is not there yet.
const maxLinks = 40

func placeOf(path string) place {
	if path == "" {
		return place{}
	}
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return place{}
		}
		return place{info: info}
	}
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return place{} // opening it will say what is wrong
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return place{}
		}
		path = filepath.Join(dir, filepath.Base(path))
		to, err := os.Readlink(path)
		if err != nil {
			return place{path: path}
		}
		if path = to; !filepath.IsAbs(to) {
			path = filepath.Join(dir, to)
		}
	}
	return place{}
}
