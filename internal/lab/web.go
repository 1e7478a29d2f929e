package lab

import (
	"context"
	"net"
	"net/netip"
	"time"

	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// extraTLSPort is a further port on which TLS servers can listen.
const extraTLSPort = 8443

// webServers play all websites.
type webServers struct {
	net *network
	web *weblab.Server
}

func newWebServers(n *network, a *pki.Authority, now func() time.Time) (*webServers, error) {
	w := &webServers{net: n}
	t, err := tlslab.NewServer(a, w.tlsIdentity)
	if err != nil {
		return nil, err
	}
	w.web, err = weblab.NewServer(t, now, w.webIdentity)
	return w, err
}

func (w *webServers) tlsIdentity(local netip.AddrPort, name string) (tlslab.Identity, bool) {
	s, srv := w.net.endpoint(local.Addr(), name)
	if s == nil || srv == nil {
		return tlslab.Identity{}, false
	}
	id := tlslab.Identity{Name: s.Name, Profile: srv.TLS}
	if name != "" && w.net.site(name) == s {
		id.Name = name // with or without www.: each gets its own certificate
	}
	return id, true
}

func (w *webServers) webIdentity(local netip.AddrPort, host string) (weblab.Identity, bool) {
	s, srv := w.net.endpoint(local.Addr(), host)
	if s == nil || srv == nil {
		return weblab.Identity{}, false
	}
	return weblab.Identity{Name: s.Name, Profile: srv.HTTP}, true
}

func (r *Running) serveTLSConn(ctx context.Context, port uint16) func(net.Conn) {
	return func(conn net.Conn) {
		c, at, ok := r.dress(conn, port)
		if ok && r.net.listens(at, port) {
			r.web.web.ServeTLS(ctx, c)
		}
	}
}

func (r *Running) serveHTTPConn(ctx context.Context, port uint16) func(net.Conn) {
	return func(conn net.Conn) {
		c, at, ok := r.dress(conn, port)
		if ok && r.net.listens(at, port) {
			r.web.web.ServePlain(ctx, c)
		}
	}
}

// listens reports whether a website listens at this address and port. With a network
// map nobody gets here otherwise; in a namespace one socket takes them all.
func (n *network) listens(at netip.Addr, port uint16) bool {
	e := n.addrs[at]
	if e == nil || e.site == "" {
		return false
	}
	switch port {
	case 80:
		return e.port80 == Open
	case 443:
		return e.port443 == Open
	}
	for _, x := range e.extra {
		if x == port {
			return true
		}
	}
	return false
}
