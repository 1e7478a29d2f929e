package lab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"peil/internal/lab/dnslab"
	"peil/internal/lab/maillab"
	"peil/internal/lab/pki"
)

// Options say what a lab plays.
type Options struct {
	// Sites are the websites and mail domains to play; nil is all of both.
	Sites []*Site
	// Country is played as well when it is set.
	Country *Country
	// Delay makes each round trip last that long.
	Delay time.Duration
	// Clock gives the time; nil is time.Now.
	Clock func() time.Time
	// Real listens on the real ports 25, 53, 80 and 443 of every address, as a network
	// namespace of its own allows; without it a network map leads to free ports.
	Real bool
}

// Running is a lab that answers. Its files are what a scan of it needs; none of them
// changes while it runs.
type Running struct {
	Map         []byte // network map
	RootHints   []byte // master-file lines
	TrustAnchor []byte // DS records of the root
	CA          []byte // PEM
	VRPs        []byte // JSON
	Routes      []byte // prefix,origin
	Names       []byte // websites that can be measured, a name per line
	MailNames   []byte // mail domains
	// RTR is the real address of the RPKI cache (RFC 8210) with the same VRPs.
	RTR netip.AddrPort
	// Sites are the catalogue's sites that are played, with their addresses.
	Sites []*Site

	net       *network
	dns       *dnslab.Server
	web       *webServers
	mail      *maillab.Server
	authority *pki.Authority
	delay     time.Duration
	real      bool // in a namespace: addresses are their own

	cancel    context.CancelFunc
	conns     connections
	listeners []net.Listener
	udp       []*udpSocket
	dead      *deadPorts
	hits      hitCount
	wg        sync.WaitGroup // the loops that accept and read
}

// Start lays out the network and begins to answer. It returns when everything
// listens; Close ends it.
func Start(ctx context.Context, o Options) (_ *Running, err error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Sites == nil {
		o.Sites = All()
	}
	r := &Running{Sites: o.Sites, delay: o.Delay, real: o.Real}
	ctx, r.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if r.authority, err = pki.New(o.Clock); err != nil {
		return nil, err
	}
	if r.net, err = layOut(o.Sites, o.Country, r.authority); err != nil {
		return nil, err
	}
	r.dns = dnslab.New(dnslab.World{Zone: r.net.zone, Host: r.net.nsHost, At: r.net.nsAt}, o.Clock)
	if r.web, err = newWebServers(r.net, r.authority, o.Clock); err != nil {
		return nil, err
	}
	if r.mail, err = newMailServers(r.net, r.authority); err != nil {
		return nil, err
	}
	if err = r.fillFiles(); err != nil {
		return nil, err
	}
	if o.Real {
		if err = r.net.prepareNamespace(ctx); err != nil {
			return nil, err
		}
		return r, r.listenReal(ctx)
	}
	return r, r.listenMapped(ctx)
}

// layOut gives everything its place.
func layOut(sites []*Site, country *Country, authority *pki.Authority) (*network, error) {
	n := newNetwork()
	n.leaf, n.root = authority.Leaf, authority.Root()
	n.tlsaGood = func(rsa bool) (string, error) {
		spec := pki.Spec{Name: "ca.lab.test"}
		if rsa {
			spec.Signature = pki.RSASHA256
		}
		leaf, err := authority.Leaf(spec)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("2 1 1 %x", sha256.Sum256(leaf.Issuer.RawSubjectPublicKeyInfo)), nil
	}
	n.caaIssuer = "ca.lab.test"
	n.layInfrastructure(country != nil)
	n.listed = sites
	if !slices.ContainsFunc(sites, func(s *Site) bool { return s.ID == "perfect" }) {
		// Other sites redirect to it, so it is there although nobody measures it.
		sites = append(slices.Clone(sites), newSite("perfect", "www.perfect.example.nl"))
	}
	web, mail := byRole(sites)
	for _, s := range web {
		n.placeSite(s)
	}
	for _, s := range web {
		n.addSiteZone(s)
	}
	n.layMail(mail)
	n.addAliasZones(web)
	if country != nil {
		n.country = country
		if err := country.place(n); err != nil {
			return nil, err
		}
	}
	n.finishZones()
	return n, nil
}

func (n *network) nsHost(name string) *dnslab.Host {
	if h := n.hosts[name]; h != nil {
		return &h.Host
	}
	return nil
}

func (n *network) nsAt(a netip.Addr) *dnslab.Host {
	if e := n.addrs[a]; e != nil && e.host != nil {
		return &e.host.Host
	}
	return nil
}

// fillFiles makes the files that do not depend on ports.
func (r *Running) fillFiles() error {
	ds, err := r.dns.TrustAnchor()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, rr := range ds {
		b.WriteString(rr.String() + "\n")
	}
	r.TrustAnchor = []byte(b.String())
	r.RootHints = r.net.rootHints()
	r.CA = r.authority.RootPEM()
	r.VRPs, r.Routes = vrpsJSON(vrps()), routesCSV(announcements())
	r.Names, r.MailNames = r.net.names(), r.net.mailNames()
	return nil
}

// listenMapped opens a wildcard socket per protocol and port, on free ports, and
// writes the map that leads there.
func (r *Running) listenMapped(ctx context.Context) error {
	var err error
	if r.dead, err = openDeadPorts(); err != nil {
		return err
	}
	p := ports{refused: r.dead.refused, silent: r.dead.silent}
	any4 := netip.IPv4Unspecified()
	for range 20 { // until one number is free for TCP and UDP
		l, err := listenTCP(ctx, netip.AddrPortFrom(any4, 0), "")
		if err != nil {
			return err
		}
		p.dns = portOf(l)
		u, err := listenUDP(ctx, netip.AddrPortFrom(any4, p.dns), "")
		if err != nil {
			_ = l.Close()
			continue
		}
		r.serveUDP(u)
		r.serveTCP(l, r.serveDNSConn(53))
		break
	}
	if len(r.udp) == 0 {
		return errors.New("opening the name servers' sockets: no number free for both TCP and UDP")
	}
	for _, s := range []struct {
		to    *uint16
		serve func(net.Conn)
	}{{&p.http, r.serveHTTPConn(ctx, 80)}, {&p.tls, r.serveTLSConn(ctx, 443)}, {&p.smtp, r.serveSMTPConn(ctx)}} {
		l, err := listenTCP(ctx, netip.AddrPortFrom(any4, 0), "")
		if err != nil {
			return err
		}
		*s.to = portOf(l)
		r.serveTCP(l, s.serve)
	}
	r.Map = r.net.mapText(p)
	if trapped(r.net.listed) {
		lines, err := r.setTraps(ctx)
		if err != nil {
			return err
		}
		r.Map = append(r.Map, lines...)
	}
	return r.listenRTR(ctx, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
}

func portOf(l net.Listener) uint16 { return uint16(l.Addr().(*net.TCPAddr).Port) }

func (r *Running) serveUDP(u *udpSocket) {
	r.udp = append(r.udp, u)
	for range udpReaders {
		r.wg.Go(func() {
			u.serve(r.delay, func(buf, query []byte, local netip.Addr) []byte {
				return r.answerDNS(buf, query, r.logical(local), false)
			})
		})
	}
}

func (r *Running) serveTCP(l net.Listener, serve func(net.Conn)) {
	r.listeners = append(r.listeners, l)
	r.wg.Go(func() { r.conns.accept(l, serve) })
}

// logical is the address that was asked: the one behind a loopback address, or the
// address itself in a namespace.
func (r *Running) logical(local netip.Addr) netip.Addr {
	local = local.Unmap()
	if b := local.As16(); local.Is4() && b[12] == 127 && !r.real {
		i := int(b[13]-1)<<16 | int(b[14])<<8 | int(b[15])
		if b[13] >= 1 && i >= 1 && i <= len(r.net.order) {
			return r.net.order[i-1]
		}
		return netip.Addr{}
	}
	return local
}

// logicalConn shows the address that was asked as its own.
type logicalConn struct {
	*net.TCPConn
	at *net.TCPAddr
}

// LocalAddr is the logical address.
func (c *logicalConn) LocalAddr() net.Addr { return c.at }

// dress gives a connection its logical address and delay. It reports false when
// nobody lives there.
func (r *Running) dress(conn net.Conn, port uint16) (net.Conn, netip.Addr, bool) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, netip.Addr{}, false
	}
	at := r.logical(tcp.LocalAddr().(*net.TCPAddr).AddrPort().Addr())
	if r.net.addrs[at] == nil && !r.resolves(at) {
		_ = tcp.SetLinger(0) // nobody there: RST
		return nil, at, false
	}
	lc := &logicalConn{tcp, net.TCPAddrFromAddrPort(netip.AddrPortFrom(at, port))}
	if r.delay > 0 {
		return newDelayedConn(lc, r.delay), at, true
	}
	return lc, at, true
}

func (r *Running) serveDNSConn(port uint16) func(net.Conn) {
	return func(conn net.Conn) {
		c, at, ok := r.dress(conn, port)
		if !ok {
			return
		}
		serveDNS(c, at, func(buf, query []byte, local netip.Addr) []byte {
			return r.answerDNS(buf, query, local, true)
		})
	}
}

// answerDNS answers as the name server at an address, or as the resolver.
func (r *Running) answerDNS(buf, query []byte, at netip.Addr, tcp bool) []byte {
	if r.resolves(at) {
		return r.dns.Recurse(buf, query, tcp, r.net.nsAlive)
	}
	return r.dns.Answer(buf, query, at, tcp)
}

// resolves reports whether the lab's recursive resolver is asked, which is there in a
// namespace alone: at its own address, and at the loopback ones, where programs look when
// /etc/resolv.conf names none.
func (r *Running) resolves(at netip.Addr) bool {
	return r.real && (at == resolverAddr || at.IsLoopback())
}

// nsAlive are the addresses at which a name server answers.
func (n *network) nsAlive(name string) []netip.Addr {
	h := n.hosts[name]
	if h == nil {
		return nil
	}
	var list []netip.Addr
	for _, a := range h.Addrs {
		if e := n.addrs[a]; e != nil && e.dns == Open {
			list = append(list, a)
		}
	}
	return list
}

// Site finds a site that is played, by its name.
func (r *Running) Site(name string) *Site { return r.net.site(name) }

// Authority is the lab's certification authority.
func (r *Running) Authority() *pki.Authority { return r.authority }

// Anchors are the trust anchors as records.
func (r *Running) Anchors() ([]dns.RR, error) { return r.dns.TrustAnchor() }

// Files are the files by the names that a scan's options expect.
func (r *Running) Files() map[string][]byte {
	return map[string][]byte{
		"network-map": r.Map, "root-hints": r.RootHints, "trust-anchor": r.TrustAnchor, "ca.pem": r.CA,
		"vrps.json": r.VRPs, "routes.csv": r.Routes, "names.txt": r.Names,
		"mail.txt": r.MailNames,
	}
}

// WriteDir writes the files into a directory, which is made when it is not there.
func (r *Running) WriteDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the lab's directory: %w", err)
	}
	for name, data := range r.Files() {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return fmt.Errorf("writing the lab's files: %w", err)
		}
	}
	return nil
}

// Close ends the lab and waits until everything has stopped.
func (r *Running) Close() {
	r.cancel()
	for _, l := range r.listeners {
		_ = l.Close()
	}
	for _, u := range r.udp {
		_ = u.conn.Close()
	}
	r.conns.closeAll()
	r.wg.Wait()
	if r.dead != nil {
		r.dead.close()
	}
}
