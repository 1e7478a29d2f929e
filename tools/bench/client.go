package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"sync"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
)

// clientCommand makes this program the client that enumerates.
const clientCommand = "enumerate-client"

// job is what the client is given.
type job struct {
	Hosts    []netip.AddrPort `json:"hosts"`
	Name     string           `json:"name"`
	Parallel int              `json:"parallel"`
}

// found is what a program found of a host: suites per version, by code point.
type found struct {
	Host        netip.AddrPort            `json:"host"`
	Suites      map[fact.Version][]uint32 `json:"suites"`
	Connections int                       `json:"connections"`
	Gap         string                    `json:"gap,omitempty"` // what could not be settled
}

func (f found) pairs() int {
	n := 0
	for _, s := range f.Suites {
		n += len(s)
	}
	return n
}

// client enumerates every version and suite of each host with the prober of a scan. It
// keeps the politeness that a scan of the internet keeps; only loopback is allowed. It
// runs on one core, as nmap and sslscan do; the other is nginx's.
func client(in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(1)
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return err
	}
	door, err := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		return err
	}
	roots, err := tlsprobe.Mozilla()
	if err != nil {
		return err
	}
	p, err := tlsprobe.New(tlsprobe.Config{Roots: roots})
	if err != nil {
		return err
	}
	// Every version, every suite, and nothing else.
	plan := tlsprobe.Plan{Groups: []fact.Group{}}
	todo := make(chan netip.AddrPort)
	var mu sync.Mutex
	enc := json.NewEncoder(out)
	var failed error
	var wg sync.WaitGroup
	for range j.Parallel {
		wg.Go(func() {
			for a := range todo {
				f, _ := p.Probe(context.Background(), tlsprobe.Target{Addr: a, ServerName: j.Name, Subject: door.Subject(j.Name).As(egress.Handshake)}, plan)
				x := enumerated(a, f)
				mu.Lock()
				failed = errors.Join(failed, enc.Encode(x))
				mu.Unlock()
			}
		})
	}
	for _, a := range j.Hosts {
		todo <- a
	}
	close(todo)
	wg.Wait()
	return failed
}

func enumerated(a netip.AddrPort, f *fact.TLS) found {
	x := found{Host: a, Suites: map[fact.Version][]uint32{}, Connections: f.Connections}
	if !f.Working.Yes() {
		x.Gap = "not working: " + string(f.Working.Gap)
	}
	for _, v := range f.Versions {
		if v.Missing() {
			x.Gap = fmt.Sprintf("%s: %s", v.Version, v.Gap)
		}
	}
	for _, s := range f.Suites {
		if s.AllOpen || len(s.Open) > 0 {
			x.Gap = fmt.Sprintf("suites of %s: %s", s.Version, s.Gap)
		}
		for _, c := range s.Accepted {
			x.Suites[s.Version] = append(x.Suites[s.Version], uint32(c))
		}
	}
	return x
}
