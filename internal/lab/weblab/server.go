package weblab

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"peil/internal/lab/tlslab"
)

// Identity is whose website is played.
type Identity struct {
	// Name is the site's own name.
	Name string
	// Profile is shared between sites; nil is the perfect website.
	Profile *Profile
}

// Server plays websites. It keeps nothing per site.
type Server struct {
	tls *tlslab.Server
	// lookup finds the site by local address and the name in the Host field; ok false
	// means that nobody is known by that name there.
	lookup func(local netip.AddrPort, host string) (id Identity, ok bool)
	now    func() time.Time
	idle   time.Duration
	signer *signer
	quiet  *http.Server // tells net/http2 to keep its complaints: probes leave as they like
}

var perfect = &Profile{}

// NewServer returns a server that finds its sites by lookup. The clock dates
// security.txt; connections run by the real one.
func NewServer(t *tlslab.Server, now func() time.Time, lookup func(local netip.AddrPort, host string) (Identity, bool)) (*Server, error) {
	s := &Server{tls: t, lookup: lookup, now: now, idle: 30 * time.Second}
	s.quiet = &http.Server{ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: s.idle}
	var err error
	s.signer, err = newSigner()
	return s, err
}

// ServePlain serves one accepted connection of port 80, and closes it.
func (s *Server) ServePlain(ctx context.Context, c net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	s.serve1(ctx, c, false)
	_ = c.Close() // whatever was to be said has been said
}

// ServeTLS serves one accepted connection of port 443, and closes it.
func (s *Server) ServeTLS(ctx context.Context, raw net.Conn) {
	c, err := s.tls.Handshake(ctx, raw)
	if err != nil {
		return // the handshake has closed it; most connections are probes
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if id, ok := s.lookup(localAddr(c), ""); ok && c.Protocol() == "h2" && id.Profile != nil && id.Profile.Torment.isH2() {
		s.tormentFrames(ctx, c, id.Profile.Torment)
	} else if c.Protocol() == "h2" {
		s.serve2(ctx, c)
	} else {
		s.serve1(ctx, c, true)
	}
	_ = c.Close() // as above
}

// request is what the answer depends on.
type request struct {
	method, host, path string
	secure             bool
	accepts            string // Accept-Encoding
}

func (r *request) url() string {
	scheme := "http://"
	if r.secure {
		scheme = "https://"
	}
	return scheme + r.host + r.path
}

func localAddr(c net.Conn) netip.AddrPort {
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// maxRequests bounds the requests on one connection.
const maxRequests = 1000

// serve1 speaks HTTP/1.1.
func (s *Server) serve1(ctx context.Context, c net.Conn, secure bool) {
	br := bufio.NewReaderSize(&boundedReader{c: c, idle: s.idle}, 4096)
	for range maxRequests {
		req, err := http.ReadRequest(br)
		if err != nil {
			var ne net.Error
			if !errors.As(err, &ne) && br.Buffered() > 0 {
				_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			}
			return
		}
		r := &request{req.Method, hostName(req.Host), req.URL.RequestURI(), secure, req.Header.Get("Accept-Encoding")}
		id, ok := s.lookup(localAddr(c), r.host)
		if id.Profile == nil {
			id.Profile = perfect
		}
		torment := id.Profile.Torment
		if !secure && id.Profile.PlainTorment != NoTorment {
			torment = id.Profile.PlainTorment
		}
		if torment != NoTorment && ok && !torment.isH2() {
			s.torment1(ctx, c, torment)
			return
		}
		resp := notFound()
		if ok {
			resp = s.respond(id, r)
		}
		last := req.Close || !req.ProtoAtLeast(1, 1) || req.ContentLength != 0
		if c.SetWriteDeadline(time.Now().Add(s.idle)) != nil {
			return
		}
		if _, err := c.Write(resp.bytes1(r.method, last, s.now())); err != nil || last {
			return
		}
	}
}

// boundedReader gives each read its deadline, and each connection an end.
type boundedReader struct {
	c    net.Conn
	idle time.Duration
	read int
}

var errTooMuch = errors.New("the client sends too much")

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.read > 1<<20 {
		return 0, errTooMuch
	}
	if err := b.c.SetReadDeadline(time.Now().Add(b.idle)); err != nil {
		return 0, err
	}
	n, err := b.c.Read(p)
	b.read += n
	return n, err
}

// serve2 speaks HTTP/2.
func (s *Server) serve2(ctx context.Context, c net.Conn) {
	(&http2.Server{IdleTimeout: s.idle, MaxConcurrentStreams: 100}).ServeConn(c, &http2.ServeConnOpts{ //nolint:staticcheck // net/http serves h2 over crypto/tls alone
		Context:    ctx,
		BaseConfig: s.quiet,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r := &request{req.Method, hostName(req.Host), req.URL.RequestURI(), true, req.Header.Get("Accept-Encoding")}
			id, ok := s.lookup(localAddr(c), r.host)
			if id.Profile == nil {
				id.Profile = perfect
			}
			if id.Profile.Torment != NoTorment && ok {
				s.torment2(req.Context(), w, id.Profile.Torment)
				return
			}
			resp := notFound()
			if ok {
				resp = s.respond(id, r)
			}
			w.Header()["Content-Type"] = nil // no guessing where the profile sends none
			for _, f := range resp.header {
				w.Header().Add(f.name, f.value)
			}
			_, _ = io.Copy(io.Discard, io.LimitReader(req.Body, 1<<16)) // a body that nobody reads resets the stream
			w.WriteHeader(resp.status)
			if req.Method != http.MethodHead {
				_, _ = w.Write(resp.body) // the client has left
			}
		}),
	})
}
