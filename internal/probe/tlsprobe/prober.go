package tlsprobe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
)

// Config is what a Prober works with.
type Config struct {
	// Roots are the trust set.
	Roots *Roots
	// Now is the clock by which certificates are valid; nil for the real one.
	Now func() time.Time
	// Wait sleeps; nil for real time. It is used between the three hellos of a server
	// that answered none.
	Wait func(ctx context.Context, d time.Duration) error
	// Timeout is how long an answer may take; 0 stands for 5 s.
	Timeout time.Duration
	// Spread is the time over which a server that answers no hello is asked three
	// times; 0 stands for the 3 s of catalogue A.2. Only simulated addresses may have
	// less.
	Spread time.Duration
	// Parallel is how many connections to one address are open at a time; 0 stands
	// for 6. How fast they follow each other is the business of egress.
	Parallel int
}

// Prober asks servers. It is safe for concurrent use.
type Prober struct {
	cfg   Config
	roots *Roots

	mu       sync.Mutex
	verified map[trustKey]fact.Trust
}

// New makes a Prober.
func New(c Config) (*Prober, error) {
	if c.Roots == nil {
		return nil, errors.New("tlsprobe: a trust set is needed")
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Spread == 0 {
		c.Spread = 3 * time.Second
	}
	if c.Parallel == 0 {
		c.Parallel = 6
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	return &Prober{cfg: c, roots: c.Roots, verified: map[trustKey]fact.Trust{}}, nil
}

func (p *Prober) now() time.Time {
	if p.cfg.Now != nil {
		return p.cfg.Now()
	}
	return time.Now()
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// StartError is why a connection did not come to where TLS begins. It is asked once
// more after a pause; then nothing more is asked, and what is open has this gap.
type StartError struct {
	Gap fact.Gap
	Err error
}

func (e *StartError) Error() string { return "before TLS begins: " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

// Target is one endpoint and the name it is asked for.
type Target struct {
	Addr       netip.AddrPort
	ServerName string          // for SNI and the certificate; empty: none is sent
	Subject    *egress.Subject // whose budget pays
	// Start brings a fresh connection to where TLS begins (STARTTLS); nil when it
	// begins at once. It sets deadlines of its own. What it fails with is no answer to a hello: see StartError. With
	// Start a hello that was cut short ends with alerts, for there is somebody who logs it.
	Start func(context.Context, net.Conn) error
	// Ready is a connection that already stands where Start would bring it. The first
	// hello takes it.
	Ready *egress.Conn
	// Goodbye is what a client says before it leaves after a finished handshake
	// ("QUIT\r\n"); empty: nothing.
	Goodbye string
	Via     string // goes into the fact: "smtp" after STARTTLS
	// Parallel is how many connections may be open at a time; 0: as the Prober has it.
	Parallel int
	// Reached says that this address and port answered earlier in the run: what fails
	// now is then blocked, never dead (catalogue A.2).
	Reached bool
	// ALPN are the protocols to offer; nil stands for h2 and http/1.1.
	ALPN []string
}
