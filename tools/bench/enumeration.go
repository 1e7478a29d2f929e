package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"peil/internal/fact"
)

// enumeration has Peil, nmap and sslscan enumerate the same hosts, and fails when Peil
// missed anything that another found.
func enumeration(ctx context.Context, s *settings, r *results) error {
	dir := filepath.Join(s.dir, "nginx")
	if err := os.MkdirAll(dir, 0o755); err != nil { // nginx sheds its privileges and reads here
		return err
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { // as above
		return err
	}
	h, err := startHosts(ctx, dir, s.hosts)
	if err != nil {
		return err
	}
	defer h.stop()
	part := fmt.Sprintf("Every version and suite of %d nginx hosts", s.hosts)
	book := func(who string, before int, u usage, pairs int) error {
		after, err := h.connections(ctx)
		if err != nil {
			return err
		}
		cpu, conns := 0.0, 0.0
		if who == "Peil" {
			cpu, conns = 5, 30
		}
		r.add(part, who+", processor time per host", u.perMillis(s.hosts), "ms", cpu)
		r.add(part, who+", connections per host", float64(after-before)/float64(s.hosts), "", conns)
		r.add(part, who+", wall time of all", u.wall.Seconds(), "s", 0)
		if pairs > 0 {
			r.add(part, who+", pairs of version and suite found", float64(pairs), "", 0)
		}
		return nil
	}
	var mine []found
	for _, t := range []struct {
		who string
		run func(context.Context, *settings, *hosts) ([]found, usage, error)
	}{{"Peil", byPeil}, {"nmap ssl-enum-ciphers", byNmap}, {"sslscan", bySSLScan}, {"sslscan, enumeration alone", bySSLScanBare}} {
		before, err := h.connections(ctx)
		if err != nil {
			return err
		}
		list, u, err := t.run(ctx, s, h)
		if err != nil {
			return err
		}
		if err := book(t.who, before, u, pairs(list)); err != nil {
			return err
		}
		if t.who == "Peil" {
			mine = list
			r.add(part, "Peil, peak memory", u.rss, "MiB", 0)
			for _, f := range list {
				if f.Gap != "" {
					return fmt.Errorf("peil could not settle %s: %s", f.Host, f.Gap)
				}
			}
			continue
		}
		if n := missing(list, mine); n > 0 {
			return fmt.Errorf("peil missed %d pairs that %s found", n, t.who)
		}
	}
	return nil
}

func pairs(list []found) int {
	n := 0
	for _, f := range list {
		n += f.pairs()
	}
	return n
}

// missing counts, and prints, what others found and Peil did not.
func missing(theirs, mine []found) int {
	byHost := map[netip.AddrPort]found{}
	for _, f := range mine {
		byHost[f.Host] = f
	}
	n := 0
	for _, f := range theirs {
		for v, suites := range f.Suites {
			for _, c := range suites {
				if !slices.Contains(byHost[f.Host].Suites[v], c) {
					fmt.Printf("MISSED on %s: %s %s\n", f.Host, v, fact.Suite(c))
					n++
				}
			}
		}
	}
	return n
}

func byPeil(ctx context.Context, _ *settings, h *hosts) ([]found, usage, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, usage{}, err
	}
	in, err := json.Marshal(job{Hosts: h.addrs, Name: hostName, Parallel: 200})
	if err != nil {
		return nil, usage{}, err
	}
	cmd := exec.CommandContext(ctx, self, clientCommand)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = bytes.NewReader(in), &out
	u, err := measure(cmd)
	if err != nil {
		return nil, u, err
	}
	var list []found
	for d := json.NewDecoder(&out); ; {
		var f found
		if err := d.Decode(&f); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, u, err
		}
		list = append(list, f)
	}
	if len(list) != len(h.addrs) {
		return nil, u, fmt.Errorf("the client answered for %d of %d hosts", len(list), len(h.addrs))
	}
	return list, u, nil
}

func byNmap(ctx context.Context, s *settings, h *hosts) ([]found, usage, error) {
	program, err := find("nmap")
	if err != nil {
		return nil, usage{}, err
	}
	var list strings.Builder
	for _, a := range h.addrs {
		fmt.Fprintln(&list, a.Addr())
	}
	file := filepath.Join(s.dir, "nmap.xml")
	cmd := exec.CommandContext(ctx, program, "-n", "-Pn", "-sT", "-T4", "-p", strconv.Itoa(int(h.addrs[0].Port())),
		"--script", "+ssl-enum-ciphers", "--script-args", "tls.servername="+hostName, "-iL", "-", "-oX", file)
	cmd.Stdin = strings.NewReader(list.String())
	u, err := measure(cmd)
	if err != nil {
		return nil, u, err
	}
	found, err := readNmap(file)
	return found, u, err
}

// nmapLine is a suite in the text of the script; TLS 1.3 is written with AKE.
var nmapLine = regexp.MustCompile(`^\s+(TLS_\S+)`)

func readNmap(file string) ([]found, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Hosts []struct {
			Addr struct {
				Addr netip.Addr `xml:"addr,attr"`
			} `xml:"address"`
			Ports []struct {
				ID      uint16 `xml:"portid,attr"`
				Scripts []struct {
					ID     string `xml:"id,attr"`
					Output string `xml:"output,attr"`
				} `xml:"script"`
			} `xml:"ports>port"`
		} `xml:"host"`
	}
	if err := xml.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("nmap's report: %w", err)
	}
	versions := map[string]fact.Version{"SSLv3:": fact.SSL30, "TLSv1.0:": fact.TLS10, "TLSv1.1:": fact.TLS11, "TLSv1.2:": fact.TLS12, "TLSv1.3:": fact.TLS13}
	var list []found
	for _, h := range doc.Hosts {
		for _, p := range h.Ports {
			f := found{Host: netip.AddrPortFrom(h.Addr.Addr, p.ID), Suites: map[fact.Version][]uint32{}}
			for _, s := range p.Scripts {
				var v fact.Version
				for line := range strings.Lines(s.Output) {
					if x, ok := versions[strings.TrimSpace(line)]; ok {
						v = x
					} else if m := nmapLine.FindStringSubmatch(line); m != nil {
						name := strings.Replace(m[1], "TLS_AKE_WITH_", "TLS_", 1)
						c, ok := fact.SuiteNamed(name)
						if !ok {
							return nil, fmt.Errorf("nmap names a suite %q that Peil does not know", name)
						}
						f.Suites[v] = append(f.Suites[v], uint32(c))
					}
				}
			}
			list = append(list, f)
		}
	}
	return list, all(list, "nmap")
}

// all fails when a program saw nothing of a host: then nothing was compared.
func all(list []found, who string) error {
	for _, f := range list {
		if f.pairs() == 0 {
			return fmt.Errorf("%s found nothing on %s", who, f.Host)
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("%s found no host", who)
	}
	return nil
}

func bySSLScan(ctx context.Context, s *settings, h *hosts) ([]found, usage, error) {
	return sslscan(ctx, s, h)
}

// bySSLScanBare leaves out all that sslscan does beside enumerating.
func bySSLScanBare(ctx context.Context, s *settings, h *hosts) ([]found, usage, error) {
	return sslscan(ctx, s, h, "--no-fallback", "--no-renegotiation", "--no-compression", "--no-heartbleed", "--no-groups", "--no-check-certificate", "--no-cipher-details")
}

// sslscan runs one sslscan per host, two at a time, as it measures one after another.
func sslscan(ctx context.Context, s *settings, h *hosts, flags ...string) ([]found, usage, error) {
	program, err := find("sslscan")
	if err != nil {
		return nil, usage{}, err
	}
	type answer struct {
		f   found
		u   usage
		err error
	}
	todo, answers := make(chan netip.AddrPort), make(chan answer)
	for worker := range 2 {
		go func() {
			for a := range todo {
				file := filepath.Join(s.dir, "sslscan"+strconv.Itoa(worker)+".xml")
				args := append([]string{"--no-colour", "--sni-name=" + hostName, "--xml=" + file}, flags...)
				u, err := measure(exec.CommandContext(ctx, program, append(args, a.String())...))
				var f found
				if err == nil {
					f, err = readSSLScan(file, a)
				}
				answers <- answer{f, u, err}
			}
		}()
	}
	begun := time.Now()
	go func() {
		defer close(todo)
		for _, a := range h.addrs {
			todo <- a
		}
	}()
	var list []found
	var sum usage
	for range h.addrs {
		x := <-answers
		err = errors.Join(err, x.err)
		sum.cpu += x.u.cpu
		list = append(list, x.f)
	}
	sum.wall = time.Since(begun)
	if err != nil {
		return nil, sum, err
	}
	return list, sum, all(list, "sslscan")
}

func readSSLScan(file string, a netip.AddrPort) (found, error) {
	f := found{Host: a, Suites: map[fact.Version][]uint32{}}
	b, err := os.ReadFile(file)
	if err != nil {
		return f, err
	}
	var doc struct {
		Ciphers []struct {
			Version string `xml:"sslversion,attr"`
			ID      string `xml:"id,attr"`
		} `xml:"ssltest>cipher"`
	}
	if err := xml.Unmarshal(b, &doc); err != nil {
		return f, fmt.Errorf("sslscan's report of %s: %w", a, err)
	}
	versions := map[string]fact.Version{"SSLv2": fact.SSL20, "SSLv3": fact.SSL30, "TLSv1.0": fact.TLS10, "TLSv1.1": fact.TLS11, "TLSv1.2": fact.TLS12, "TLSv1.3": fact.TLS13}
	for _, c := range doc.Ciphers {
		v, ok := versions[c.Version]
		n, err := strconv.ParseUint(strings.TrimPrefix(c.ID, "0x"), 16, 32)
		if !ok || err != nil {
			return f, fmt.Errorf("sslscan names a suite %q on %q", c.ID, c.Version)
		}
		f.Suites[v] = append(f.Suites[v], uint32(n))
	}
	return f, nil
}
