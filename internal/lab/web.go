package lab

import (
	"context"
	"net"
	"time"

	"peil/internal/lab/pki"
)

const extraTLSPort = 8443

type webServers struct{}

func newWebServers(n *network, a *pki.Authority, _ func() time.Time) (*webServers, error) {
	return &webServers{}, nil
}

func (r *Running) serveTLSConn(_ context.Context, _ uint16) func(net.Conn)  { return func(net.Conn) {} }
func (r *Running) serveHTTPConn(_ context.Context, _ uint16) func(net.Conn) { return func(net.Conn) {} }
