package scan

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/reach"
)

// rootsPerFamily is how many root servers the self-test asks (design, Self-test).
const rootsPerFamily = 2

const selfTestTime = 5 * time.Second

// prepare makes the self-test of the run, once: does each address family work, and
// do the root servers answer themselves. In a simulated network that network's own
// root is asked.
func (s *Scanner) prepare(ctx context.Context) {
	s.selfTest.Do(func() {
		if s.c.NoSelfTest {
			return
		}
		roots := s.c.Roots
		if len(roots) == 0 {
			roots = s.findRoots(ctx)
		}
		families := s.c.Egress.Families()
		var tried, answered [2]int
		recursed := false
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, r := range roots {
			f := 0
			if r.Addr().Is6() {
				f = 1
			}
			if tried[f] == rootsPerFamily || (f == 0 && !families.IPv4) || (f == 1 && !families.IPv6) {
				continue
			}
			tried[f]++
			wg.Go(func() {
				ok, recursive := s.askRoot(ctx, r)
				mu.Lock()
				defer mu.Unlock()
				if ok {
					answered[f]++
				}
				recursed = recursed || recursive
			})
		}
		wg.Wait()
		if ctx.Err() != nil {
			return
		}
		// A family whose roots are all silent does not work here, whatever its routes
		// say. When no root of either answers the fault may lie elsewhere (a firewall
		// that lets port 53 through to the operator's resolver alone).
		if answered[0]+answered[1] > 0 {
			if tried[0] > 0 && answered[0] == 0 {
				families.IPv4 = false
			}
			if tried[1] > 0 && answered[1] == 0 {
				families.IPv6 = false
			}
			s.c.Egress.SetFamilies(families)
		} else if tried[0]+tried[1] > 0 {
			s.network.Note = "no root server answered"
		}
		s.network.IPv4, s.network.IPv6 = families.IPv4, families.IPv6
		s.network.DNSIntercepted = recursed
	})
}

// findRoots asks the resolver for the addresses of root servers.
func (s *Scanner) findRoots(ctx context.Context) []netip.AddrPort {
	_, ns := s.c.Resolver.NameServers(ctx, ".")
	var roots []netip.AddrPort
	for i, r := range ns.Records {
		if i == rootsPerFamily {
			break
		}
		v4, v6, _ := s.dns.Addresses(ctx, strings.TrimSuffix(r.Data, "."))
		for _, a := range append(v4, v6...) {
			roots = append(roots, netip.AddrPortFrom(a, 53))
		}
	}
	return roots
}

// askRoot asks a root server for the root's SOA, and then something that it does not
// know, with the wish for recursion. Who answers the second is no root server.
func (s *Scanner) askRoot(ctx context.Context, root netip.AddrPort) (answered, recursive bool) {
	subject := s.c.Egress.Subject("")
	m, err := ask(ctx, subject, root, ".", dns.TypeSOA, false)
	if err != nil || m.rcode != dns.RcodeSuccess {
		return false, false
	}
	s.reach.Answered(reach.Port{Net: "udp", Addr: root})
	if m, err = ask(ctx, subject, root, "example.com.", dns.TypeA, true); err != nil {
		return true, false
	}
	// A simulated root may well know the answer by itself.
	return true, (m.answers > 0 && !m.authoritative) || m.recursion
}

type rootReply struct {
	rcode, answers           int
	authoritative, recursion bool
}

// ask sends one question over UDP and reads the head of the reply.
func ask(ctx context.Context, s *egress.Subject, at netip.AddrPort, name string, qtype uint16, recurse bool) (rootReply, error) {
	q := new(dns.Msg)
	q.SetQuestion(name, qtype)
	q.RecursionDesired = recurse
	b, err := q.Pack()
	if err != nil {
		return rootReply{}, err
	}
	conn, err := s.DialUDP(ctx, at)
	if err != nil {
		return rootReply{}, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(selfTestTime)) // an error shows at the next call
	buf := make([]byte, 4096)
	for range 2 { // one repetition
		if _, err := conn.Write(b); err != nil {
			return rootReply{}, err
		}
		_ = conn.SetReadDeadline(time.Now().Add(selfTestTime / 2))
		n, err := conn.Read(buf)
		if err != nil {
			if isTimeout(err) {
				continue
			}
			return rootReply{}, err
		}
		if n >= 12 && binary.BigEndian.Uint16(buf) == q.Id && buf[2]&0x80 != 0 {
			return rootReply{
				rcode: int(buf[3] & 0x0f), answers: int(binary.BigEndian.Uint16(buf[6:])),
				authoritative: buf[2]&0x04 != 0, recursion: buf[3]&0x80 != 0,
			}, nil
		}
	}
	return rootReply{}, os.ErrDeadlineExceeded
}

func isTimeout(err error) bool {
	n, ok := err.(net.Error) //nolint:errorlint // egress wraps at the outermost level
	return ok && n.Timeout()
}

// distrust takes away what the self-test found that we cannot know: with an
// interceptor on port 53 only validated answers stand; behind a device that signs
// with a CA of its own, nothing about TLS does.
func (w *work) distrust() {
	m := w.m
	if m.Network.DNSIntercepted && m.DNS != nil && m.Sources.Resolver == "iterative" {
		for i := range m.DNS.Lookups {
			if l := &m.DNS.Lookups[i]; l.Security != fact.Secure {
				l.Security, l.Gap, l.Problem, l.Unsigned = "", fact.GapOurNetwork, nil, ""
			}
		}
		for i := range m.DNS.NameServers {
			s := &m.DNS.NameServers[i]
			for k := range s.Addrs {
				a := &s.Addrs[k]
				a.UDP, a.TCP = fact.Reach{Gap: fact.GapOurNetwork}, fact.Reach{Gap: fact.GapOurNetwork}
			}
		}
	}
	if m.Simulated {
		return
	}
	if m.Mail != nil {
		for i := range m.Mail.Servers {
			for k := range m.Mail.Servers[i].Hosts {
				h := &m.Mail.Servers[i].Hosts[k]
				if h.TLS != nil && w.inspected(h.TLS) { // shared with other targets: not changed
					m.Network.TLSInspected = true
					h.TLS = &fact.TLS{Addr: h.TLS.Addr, ServerName: h.TLS.ServerName, Via: h.TLS.Via, Working: fact.Observed{Gap: fact.GapOurNetwork}}
				}
			}
		}
	}
	if m.Web == nil {
		return
	}
	for i := range m.Web.Hosts {
		h := &m.Web.Hosts[i]
		if h.TLS == nil || !w.inspected(h.TLS) {
			continue
		}
		m.Network.TLSInspected = true
		gap := fact.Observed{Gap: fact.GapOurNetwork}
		h.TLS = &fact.TLS{Addr: h.TLS.Addr, ServerName: h.TLS.ServerName, Working: gap}
		if h.HTTP != nil {
			h.HTTP.Secure = &fact.Fetch{Gap: fact.GapOurNetwork}
			h.HTTP.SecurityTxt, h.HTTP.HTTP2, h.HTTP.Page = nil, gap, nil
		}
	}
}

// inspected reports whether a certificate was signed by a CA that somebody added to
// this machine.
func (w *work) inspected(t *fact.TLS) bool {
	for _, d := range t.Deployments {
		c, ok := w.chains[d.Chain]
		if !ok || c.Trust.Trusted || len(c.Certs) == 0 {
			continue
		}
		pool := localCAs()
		if pool == nil {
			return false
		}
		leaf, err := x509.ParseCertificate(c.Certs[0])
		if err != nil {
			continue
		}
		between := x509.NewCertPool()
		for _, b := range c.Certs[1:] {
			if x, err := x509.ParseCertificate(b); err == nil {
				between.AddCert(x)
			}
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, Intermediates: between, CurrentTime: w.m.At}); err == nil {
			return true
		}
	}
	return false
}

// localCAPlaces are where operators add a CA of their own (Debian's
// update-ca-certificates, RHEL's update-ca-trust, Arch's trust).
var localCAPlaces = []string{
	"/usr/local/share/ca-certificates/*.crt", "/usr/local/share/ca-certificates/*/*.crt",
	"/etc/pki/ca-trust/source/anchors/*", "/etc/ca-certificates/trust-source/anchors/*",
}

// localCAs reads the CAs that were added to this machine, once; nil when there are
// none.
var localCAs = sync.OnceValue(func() *x509.CertPool {
	var pool *x509.CertPool
	for _, pattern := range localCAPlaces {
		files, _ := filepath.Glob(pattern) // fails only on a bad pattern
		for _, f := range files {
			b, err := os.ReadFile(f) // a fixed place of the system
			if err != nil {
				continue
			}
			for len(b) > 0 {
				var block *pem.Block
				if block, b = pem.Decode(b); block == nil {
					break
				}
				if x, err := x509.ParseCertificate(block.Bytes); err == nil {
					if pool == nil {
						pool = x509.NewCertPool()
					}
					pool.AddCert(x)
				}
			}
		}
	}
	return pool
})
