package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// How many records tables of the real internet have.
const (
	realVRPs   = 800_000
	realRoutes = 1_300_000
)

// tables makes route tables of real size that hold the lab's own records too, and
// indexes them with peil data update, as an operator would.
func tables(ctx context.Context, s *settings, lab string) (vrps, routes string, err error) {
	dir, cache := filepath.Join(s.dir, "tables"), filepath.Join(s.dir, "cache")
	vrps, routes = filepath.Join(cache, "peil", "vrps.index"), filepath.Join(cache, "peil", "routes.index")
	if _, err := os.Stat(routes); err == nil {
		return vrps, routes, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	own, err := os.ReadFile(filepath.Join(lab, "vrps.json"))
	if err != nil {
		return "", "", err
	}
	// The lab's file is an object with one array, which is continued.
	head := strings.TrimSuffix(strings.TrimSpace(string(own)), "]}")
	if head == strings.TrimSpace(string(own)) {
		return "", "", fmt.Errorf("the lab's vrps.json has another form")
	}
	r := rand.New(rand.NewPCG(1, 2))
	err = writeFile(filepath.Join(dir, "vrps.json"), func(w io.Writer) error {
		fmt.Fprint(w, head)
		for range realVRPs {
			p, bits := prefix(r)
			fmt.Fprintf(w, ",\n{\"asn\":\"AS%d\",\"prefix\":\"%s/%d\",\"maxLength\":%d,\"ta\":\"bench\"}", origin(r), p, bits, bits+r.IntN(2))
		}
		_, err := fmt.Fprintln(w, "\n]}")
		return err
	})
	if err != nil {
		return "", "", err
	}
	announced, err := os.ReadFile(filepath.Join(lab, "routes.csv"))
	if err != nil {
		return "", "", err
	}
	err = writeFile(filepath.Join(dir, "routes.csv"), func(w io.Writer) error {
		_, err := w.Write(announced)
		for range realRoutes {
			p, bits := prefix(r)
			fmt.Fprintf(w, "%s/%d,%d\n", p, bits, origin(r))
		}
		return err
	})
	if err != nil {
		return "", "", err
	}
	cmd := exec.CommandContext(ctx, s.peil, "data", "update", "--from", dir)
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache)
	u, err := measure(cmd)
	if err != nil {
		return "", "", err
	}
	fmt.Printf("%d VRPs and %d routes indexed in %.1f s\n", realVRPs, realRoutes, u.wall.Seconds())
	return vrps, routes, os.RemoveAll(dir)
}

// prefix is a random prefix outside the blocks that the lab announces (22.0.0.0/8 and
// 2a1f::/16). Four in five are IPv4, most of them /24; IPv6 is mostly /48 and /32.
func prefix(r *rand.Rand) (string, int) {
	if r.IntN(5) == 0 {
		bits := []int{48, 48, 48, 32, 32, 40, 44, 29}[r.IntN(8)]
		n := r.Uint64() &^ (1<<(64-bits) - 1)
		return fmt.Sprintf("26%02x:%x:%x:%x::", n>>48&0xff, n>>32&0xffff, n>>16&0xffff, n&0xffff), bits
	}
	bits := []int{24, 24, 24, 24, 23, 22, 22, 20, 19, 16}[r.IntN(10)]
	n := (uint32(30+r.IntN(180))<<24 | uint32(r.IntN(1<<24))) &^ (1<<(32-bits) - 1)
	return fmt.Sprintf("%d.%d.%d.%d", n>>24, n>>16&0xff, n>>8&0xff, n&0xff), bits
}

func origin(r *rand.Rand) int { return 1 + r.IntN(75_000) }

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(f, 1<<16)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
