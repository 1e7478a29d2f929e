package lab

import (
	"context"
	"net"
	"net/netip"

	"peil/internal/lab/maillab"
	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
)

// newMailServers play all mail servers. TLS is that of the websites, with the name of the
// mail server in the certificates whatever the client asks for: mail servers of several
// names are rare (RFC 7672 section 8.1).
func newMailServers(n *network, a *pki.Authority) (*maillab.Server, error) {
	t, err := tlslab.NewServer(a, func(local netip.AddrPort, _ string) (tlslab.Identity, bool) {
		m, srv := n.mailServer(local.Addr())
		if srv == nil {
			return tlslab.Identity{}, false
		}
		return tlslab.Identity{Name: m.Name, Profile: srv.TLS}, true
	})
	if err != nil {
		return nil, err
	}
	return maillab.NewServer(t, func(local netip.AddrPort) (maillab.Identity, bool) {
		m, srv := n.mailServer(local.Addr())
		if srv == nil {
			return maillab.Identity{}, false
		}
		return maillab.Identity{Name: m.Name, Profile: srv.SMTP}, true
	}), nil
}

// mailServer finds the mail server at an address.
func (n *network) mailServer(at netip.Addr) (*MailServer, *Server) {
	e := n.addrs[at]
	if e == nil || e.mail == nil || e.port25 != Open {
		return nil, nil
	}
	for _, list := range [][]Server{e.mail.V4, e.mail.V6} {
		for i := range list {
			if list[i].Addr == at {
				return e.mail, &list[i]
			}
		}
	}
	return nil, nil
}

func (r *Running) serveSMTPConn(ctx context.Context) func(net.Conn) {
	return func(conn net.Conn) {
		if c, _, ok := r.dress(conn, 25); ok {
			r.mail.Serve(ctx, c)
		}
	}
}

// MailCommands says how often each SMTP command came to the mail servers of the lab: a run
// can so prove that it never sent MAIL or RCPT.
func (r *Running) MailCommands() map[string]int { return r.mail.Commands() }

// byRole parts websites from mail domains.
func byRole(sites []*Site) (web, mail []*Site) {
	for _, s := range sites {
		if s.Mail != nil {
			mail = append(mail, s)
		} else {
			web = append(web, s)
		}
	}
	return web, mail
}
