// Package demo puts the miniature internet and the meter together: it holds the lab's
// expectations against what scan and norm make of its sites, and measures a simulated
// country. Nothing here is about a real website, and everything it writes says so.
package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"peil/internal/config"
	"peil/internal/egress"
	"peil/internal/lab"
	"peil/internal/norm"
)

// Spread is the time between the tries of a silent address: these addresses are
// simulated, and wait for nobody.
const Spread = 60 * time.Millisecond

// Generous are limits for simulated addresses alone: nobody is bothered.
func Generous() egress.Limits {
	return egress.Limits{TCPBurst: 200, TCPRate: 5000, NetFactor: 16, UDPBurst: 2000, UDPRate: 50000, DialTimeout: time.Second, Backoff: time.Millisecond, BackoffMax: 10 * time.Millisecond}
}

// Pace is how fast simulated sites are measured. The zero value is as fast as real ones.
type Pace struct {
	Limits   egress.Limits
	Timeout  time.Duration // for an answer; 0: that of each probe
	Parallel int           // targets at a time; 0: as many as politeness and memory allow
}

// Meter opens a meter for a lab that runs in this process.
func Meter(ctx context.Context, r *lab.Running, editions []*norm.Edition, version string, pace Pace) (*config.Meter, error) {
	dir, err := os.MkdirTemp("", "peil-lab-")
	if err != nil {
		return nil, fmt.Errorf("a directory for the lab's files: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // all of it is read on opening
	if err := r.WriteDir(dir); err != nil {
		return nil, err
	}
	n := Network(dir)
	n.Spread, n.Limits, n.Timeout, n.Parallel = Spread, pace.Limits, pace.Timeout, pace.Parallel
	return n.Open(ctx, editions, version)
}

// Network are the flags with which a scan measures the lab that wrote this directory.
func Network(dir string) config.Network {
	at := func(name string) string { return filepath.Join(dir, name) }
	return config.Network{
		NetworkMap: at("network-map"), RootHints: at("root-hints"), TrustAnchor: at("trust-anchor"),
		CABundle: at("ca.pem"), VRPs: at("vrps.json"), Routes: at("routes.csv"),
	}
}
