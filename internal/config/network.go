package config

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/name"
	"peil/internal/norm"
	"peil/internal/probe/routeprobe"
	"peil/internal/probe/smtpprobe"
	"peil/internal/probe/tlsprobe"
	"peil/internal/resolver"
	"peil/internal/routes"
	"peil/internal/scan"
)

// Network is what stands between the meter and the internet.
type Network struct {
	Parallel    int      `group:"polite" placeholder:"N" help:"Measure N websites at a time. Default: as many as politeness and memory allow."`
	Contact     string   `group:"polite" placeholder:"URL|MAIL" help:"Whom those who are measured can ask; stands in the User-Agent."`
	EHLO        string   `group:"polite" name:"ehlo" placeholder:"NAME" help:"How to call ourselves to mail servers. Default: the name of our address, if that leads back to it, else the address."`
	Selectors   []string `group:"names" name:"dkim-selector" placeholder:"NAME" help:"Look for a DKIM key at this selector too; repeat for more."`
	Exclude     string   `group:"polite" placeholder:"FILE" help:"Names and prefixes that are not to be measured, each with a reason."`
	Resolver    string   `group:"sources" placeholder:"ADDR" help:"Ask this validating resolver (IP or IP:port) instead of resolving ourselves."`
	VRPs        string   `group:"sources" name:"vrps" placeholder:"FILE" help:"VRPs as JSON, to judge routes by. Default: what peil data update fetched in the last 48 hours."`
	RTR         string   `group:"sources" name:"rtr" placeholder:"ADDR" help:"VRPs from this RTR cache (RFC 8210)."`
	Routes      string   `group:"sources" placeholder:"FILE" help:"Announcements: prefix,origin lines or a RIS dump."`
	CABundle    string   `group:"sources" name:"ca-bundle" placeholder:"FILE" help:"Trust these roots (PEM) instead of Mozilla's."`
	RootHints   string   `group:"sources" placeholder:"FILE" help:"Root servers (master file) instead of the built-in ones."`
	TrustAnchor string   `group:"sources" placeholder:"FILE" help:"Trust anchors (DS or DNSKEY lines) instead of the built-in ones."`
	Source      []string `group:"other" placeholder:"IP" help:"Measure from this address of this machine; at most one of IPv4 and one of IPv6."`
	Allow       []string `group:"other" placeholder:"CIDR" help:"Allow addresses in CIDR though they are not public; repeat for more."`
	NetworkMap  string   `group:"other" placeholder:"FILE" help:"Lead addresses elsewhere; what is not in the map does not exist. Results say simulated."`
	Mandate     string   `group:"polite" placeholder:"FILE" help:"Who allowed intrusive probes, for which names, until when."`
	// Simulated says that this machine's whole network is the lab's.
	Simulated bool `kong:"-"`
	// Limits take the place of politeness towards simulated addresses.
	Limits egress.Limits `kong:"-"`
	Spread time.Duration `hidden:"" help:"Time between the tries of a silent address; shorter than 3s only with --network-map."`
	// Timeout takes the place of what the probes of TLS and HTTP wait for an answer, 5 s
	// and 10 s, at simulated addresses alone: slow ones are slow on purpose there.
	Timeout time.Duration `kong:"-"`
}

// Meter is a scanner with all it rests on.
type Meter struct {
	*scan.Scanner
	closers []func() error
}

// Close gives back what was opened.
func (m *Meter) Close() {
	for _, c := range m.closers {
		_ = c() // read-only maps of files
	}
}

// Waiting names the target that the run waits for.
func (m *Meter) Waiting() string { return m.Progress().Oldest }

// Open builds the meter: the door, the resolver, the trust set, the tables of routes.
func (n Network) Open(ctx context.Context, editions []*norm.Edition, version string) (_ *Meter, err error) {
	m := &Meter{}
	defer func() {
		if err != nil {
			m.Close()
		}
	}()
	door, mandate, err := n.door()
	if err != nil {
		return nil, err
	}
	if err := checkContact(n.Contact); err != nil {
		return nil, err
	}
	if n.EHLO, err = checkEHLO(n.EHLO); err != nil {
		return nil, err
	}
	if err := checkSelectors(n.Selectors); err != nil {
		return nil, err
	}
	simulated := n.NetworkMap != ""
	if n.Spread != 0 && n.Spread < 3*time.Second && !simulated {
		return nil, errors.New("--spread below 3s is for simulated networks alone (--network-map)")
	}
	if n.Timeout != 0 && !simulated {
		return nil, errors.New("another time limit is for simulated networks alone")
	}
	c := scan.Config{Timeout: n.Timeout, Egress: door, Editions: editions, Contact: n.Contact, EHLO: n.EHLO, Selectors: n.Selectors, Meter: version, Vantage: "here", Simulated: n.Simulated, Parallel: atATime(n.Parallel, door.Limits().Open), Spread: n.Spread}
	c.Mandate = mandateFact(mandate)

	r, upstream, err := n.resolver(door)
	if err != nil {
		return nil, err
	}
	c.Resolver = r
	c.Sources.Resolver, c.NoSelfTest = "iterative", upstream.IsValid()
	if upstream.IsValid() {
		c.Sources.Resolver = upstream.String()
	}
	c.Sources.PSL = name.SuffixList()

	roots, err := n.roots()
	if err != nil {
		return nil, err
	}
	c.Sources.Roots = roots.Note
	prober, err := tlsprobe.New(tlsprobe.Config{Roots: roots, Spread: n.Spread, Timeout: n.Timeout})
	if err != nil {
		return nil, err
	}
	c.TLS = prober

	if c.Routes, err = n.tables(ctx, door, m); err != nil {
		return nil, err
	}
	if t := c.Routes.VRPs; t != nil {
		c.Sources.VRPs = t.Meta().String()
		if n.VRPs == "" && n.RTR == "" {
			c.Sources.Fetched = append(c.Sources.Fetched, "vrps")
		}
	}
	if t := c.Routes.Routes; t != nil {
		c.Sources.Routes = t.Meta().String()
		if n.Routes == "" {
			c.Sources.Fetched = append(c.Sources.Fetched, "routes")
		}
	}
	m.Scanner, err = scan.New(c)
	return m, err
}

// perTarget is how many sockets one target may have open at a time: about what its
// addresses, its twin with or without www. and its name servers need together.
const perTarget = 24

// atATime is how many targets are measured at a time: as many as asked, but no more
// than the sockets that may be open allow. Targets that hold some sockets while each
// waits for one more would wait for each other.
func atATime(asked, open int) int {
	if asked <= 0 {
		asked = 128
	}
	if open > 0 {
		asked = min(asked, max(open/perTarget, 1))
	}
	return asked
}

// door opens the one door with what the flags say of it.
func (n Network) door() (*egress.Egress, *egress.Mandate, error) {
	c := egress.Config{Limits: n.Limits}
	for _, s := range n.Allow {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, nil, fmt.Errorf("--allow %s: want a prefix such as 10.0.0.0/8: %w", s, err)
		}
		c.Allow = append(c.Allow, p)
	}
	for _, s := range n.Source {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return nil, nil, fmt.Errorf("--source %s: want an IP address of this machine", s)
		}
		c.Sources = append(c.Sources, a)
	}
	var err error
	if n.NetworkMap != "" {
		if c.Map, err = egress.LoadMap(n.NetworkMap); err != nil {
			return nil, nil, fmt.Errorf("--network-map: %w", err)
		}
	}
	if n.Exclude != "" {
		if c.Exclusions, err = egress.LoadExclusions(n.Exclude); err != nil {
			return nil, nil, fmt.Errorf("--exclude: %w", err)
		}
	}
	if n.Mandate != "" {
		if c.Mandate, err = egress.LoadMandate(n.Mandate); err != nil {
			return nil, nil, fmt.Errorf("--mandate: %w", err)
		}
		if !time.Now().Before(c.Mandate.Until) {
			return nil, nil, fmt.Errorf("--mandate %s: it ended %s; ask for a new one, or leave it out", n.Mandate, c.Mandate.Until.Format(time.RFC3339))
		}
	}
	for flag, s := range map[string]string{"--resolver": n.Resolver, "--rtr": n.RTR} {
		if s == "" {
			continue
		}
		a, err := endpoint(s, map[string]uint16{"--resolver": 53, "--rtr": 323}[flag])
		if err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", flag, s, err)
		}
		c.Named = append(c.Named, a)
	}
	door, err := egress.New(c)
	return door, c.Mandate, err
}

// maxContact bounds what stands in every request.
const maxContact = 200

// checkContact says what is wrong with --contact. It goes into the User-Agent, and those
// who are measured must be able to use it.
func checkContact(s string) error {
	if s == "" {
		return nil
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"()<>\`, c) >= 0 {
			return fmt.Errorf("--contact %q: a URL or mail address has no spaces, quotes, brackets or letters outside ASCII", s)
		}
	}
	if len(s) > maxContact {
		return fmt.Errorf("--contact: longer than %d characters", maxContact)
	}
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.Contains(u.Hostname(), ".") {
		return nil
	}
	local, domain, ok := strings.Cut(strings.TrimPrefix(s, "mailto:"), "@")
	if ok && local != "" && strings.Contains(strings.Trim(domain, "."), ".") && !strings.ContainsAny(domain, "@/:") {
		return nil
	}
	return fmt.Errorf("--contact %q: want a URL (https://www.example.nl/measuring) or a mail address (measuring@example.nl)", s)
}

// mandateFact is what the facts say of a mandate: who gave it, for what, until when.
func mandateFact(m *egress.Mandate) *fact.Mandate {
	if m == nil {
		return nil
	}
	return &fact.Mandate{Who: m.Who, Authority: m.Authority, Until: m.Until, Names: m.Names(), Prefixes: m.Prefixes()}
}

// checkEHLO reads --ehlo: a full name, or an address (RFC 5321 section 4.1.1.1), which it
// puts into brackets.
func checkEHLO(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if a, err := netip.ParseAddr(strings.TrimPrefix(bare, "IPv6:")); err == nil && a.Zone() == "" {
		return smtpprobe.Literal(a), nil
	}
	n, err := name.Parse(s)
	if err != nil {
		return "", fmt.Errorf("--ehlo %q: want the full name of this machine, or an address: %w", s, err)
	}
	if !strings.Contains(n.ASCII, ".") {
		return "", fmt.Errorf("--ehlo %q: want the full name of this machine, such as meter.example.nl", s)
	}
	return n.ASCII, nil
}

// checkSelectors reads --dkim-selector: labels with dots between them (RFC 6376 section
// 3.1).
func checkSelectors(list []string) error {
	for _, s := range list {
		if !selector.MatchString(s) || len(s) > 200 {
			return fmt.Errorf("--dkim-selector %q: want letters, digits, hyphens and dots, as in s= of a signature", s)
		}
	}
	return nil
}

var selector = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*$`)

// endpoint reads IP or IP:port.
func endpoint(s string, port uint16) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, port), nil
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, fmt.Errorf("want an IP address, with or without a port: 192.0.2.1, 192.0.2.1:%d or [2001:db8::1]:%d", port, port)
	}
	if a.Port() == 0 {
		return a, errors.New("port 0 is no port")
	}
	return a, nil
}

// roots are the trust set: Mozilla's, or that of a file.
func (n Network) roots() (*tlsprobe.Roots, error) {
	if n.CABundle == "" {
		return tlsprobe.Mozilla()
	}
	b, err := os.ReadFile(n.CABundle)
	if err != nil {
		return nil, fmt.Errorf("--ca-bundle: %w", err)
	}
	r, err := tlsprobe.RootsFromPEM(b, "file "+n.CABundle)
	if err != nil {
		return nil, fmt.Errorf("--ca-bundle %s: %w", n.CABundle, err)
	}
	return r, nil
}

func (n Network) resolver(door *egress.Egress) (*resolver.Resolver, netip.AddrPort, error) {
	c := resolver.Config{Egress: door}
	for _, f := range []struct {
		flag, path string
		into       *string
	}{{"--root-hints", n.RootHints, &c.RootHints}, {"--trust-anchor", n.TrustAnchor, &c.Anchors}} {
		if f.path == "" {
			continue
		}
		b, err := os.ReadFile(f.path)
		if err != nil {
			return nil, netip.AddrPort{}, fmt.Errorf("%s: %w", f.flag, err)
		}
		*f.into = string(b) + "\n" // never empty: an empty file does not mean the built-in ones
		alone := resolver.Config{Egress: door}
		if f.into == &c.RootHints {
			alone.RootHints = *f.into
		} else {
			alone.Anchors = *f.into
		}
		if _, err := resolver.New(alone); err != nil {
			return nil, netip.AddrPort{}, fmt.Errorf("%s %s: %w", f.flag, f.path, err)
		}
	}
	if n.Resolver != "" {
		var err error
		if c.Upstream, err = endpoint(n.Resolver, 53); err != nil {
			return nil, netip.AddrPort{}, err
		}
	}
	r, err := resolver.New(c)
	return r, c.Upstream, err
}

// tables opens what routes are judged by: files named, an RTR cache, or what peil data
// update made. Without any of these routes are not measured, and the result says so.
func (n Network) tables(ctx context.Context, door *egress.Egress, m *Meter) (*routeprobe.Prober, error) {
	p := &routeprobe.Prober{}
	cache, cacheErr := routes.DefaultCache()
	if n.NetworkMap != "" {
		cacheErr = fs.ErrNotExist // tables of the real internet say nothing of a simulated one
	}
	now := time.Now()
	var err error
	switch {
	case n.VRPs != "" && n.RTR != "":
		return nil, errors.New("--vrps and --rtr are two sources of the same thing: give one")
	case n.VRPs != "":
		if p.VRPs, _, err = routes.LoadVRPs(n.VRPs); err != nil {
			return nil, fmt.Errorf("--vrps: %w", err)
		}
	case n.RTR != "":
		if p.VRPs, err = fetchRTR(ctx, door, n.RTR); err != nil {
			return nil, fmt.Errorf("--rtr %s: %w", n.RTR, err)
		}
	case cacheErr == nil:
		if p.VRPs, err = cache.OpenVRPs(now); err != nil && !errors.Is(err, routes.ErrStale) && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the VRPs that peil data update made: %w; make them again", err)
		}
	}
	if p.VRPs != nil {
		m.closers = append(m.closers, p.VRPs.Close)
	}
	switch {
	case n.Routes != "":
		if p.Routes, _, err = routes.LoadRoutes(n.Routes); err != nil {
			return nil, fmt.Errorf("--routes: %w", err)
		}
	case cacheErr == nil:
		if p.Routes, err = cache.OpenRoutes(now); err != nil && !errors.Is(err, routes.ErrStale) && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the routes that peil data update made: %w; make them again", err)
		}
	}
	if p.Routes != nil {
		m.closers = append(m.closers, p.Routes.Close)
	}
	return p, nil
}

// rtrTime is how long a cache may take to give all VRPs, rtrSilence how long to give
// anything: a scan waits for it.
const (
	rtrTime    = time.Minute
	rtrSilence = 10 * time.Second
)

// impatient is a connection that ends when nothing comes for a while.
type impatient struct {
	net.Conn
	silence time.Duration
	end     time.Time
}

func (c impatient) Read(p []byte) (int, error) {
	at := time.Now().Add(c.silence)
	if c.end.Before(at) {
		at = c.end
	}
	if err := c.SetReadDeadline(at); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// fetchRTR takes all VRPs from a cache, in version 1 or, where the cache is older, 0.
func fetchRTR(ctx context.Context, door *egress.Egress, addr string) (*routes.VRPs, error) {
	at, err := endpoint(addr, 323)
	if err != nil {
		return nil, err
	}
	for version := uint8(1); ; version-- {
		c, err := door.Unmetered("").DialTCP(ctx, at)
		if err != nil {
			return nil, err
		}
		end := time.Now().Add(rtrTime)
		_ = c.SetDeadline(end) // an error shows at the next call
		stop := c.CloseWith(ctx)
		var b routes.VRPBuilder
		_, err = routes.ReadRTR(impatient{c, rtrSilence, end}, version, &b)
		stop()
		_ = c.Close()
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, routes.ErrRTRVersion) && version == 1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		return b.Table(routes.Meta{Source: "rtr " + addr, Date: time.Now().UTC()})
	}
}
