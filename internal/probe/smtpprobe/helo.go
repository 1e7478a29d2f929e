package smtpprobe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// Caller knows how we call ourselves in EHLO (RFC 5321 section 4.1.1.1): as the operator
// says; else by the name of the address that we come from, when that name leads back to
// it; else by that address. The exported fields are set before first use. It is safe for
// concurrent use.
type Caller struct {
	Given string // --ehlo
	// Names looks up the names of an address (PTR), Addrs the addresses of a name. Nil:
	// there is nobody to ask.
	Names func(context.Context, netip.Addr) ([]string, error)
	Addrs func(context.Context, string) ([]netip.Addr, error)

	mu    sync.Mutex
	known map[netip.Addr]string // guarded by mu
}

// maxNames is how many names of an address are looked up.
const maxNames = 4

// Name is what we call ourselves when we come from an address.
func (c *Caller) Name(ctx context.Context, from netip.Addr) string {
	if c.Given != "" {
		return c.Given
	}
	from = from.Unmap().WithZone("")
	c.mu.Lock()
	name, ok := c.known[from]
	c.mu.Unlock()
	if ok {
		return name
	}
	name = c.confirmed(ctx, from)
	if name == "" {
		name = Literal(from)
	}
	if ctx.Err() == nil { // a look-up that was cut off says nothing
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.known == nil {
			c.known = map[netip.Addr]string{}
		}
		c.known[from] = name
	}
	return name
}

// confirmed is the first name of an address that leads back to it.
func (c *Caller) confirmed(ctx context.Context, from netip.Addr) string {
	if c.Names == nil || c.Addrs == nil || !from.IsValid() {
		return ""
	}
	names, err := c.Names(ctx, from)
	if err != nil {
		return ""
	}
	for _, n := range names[:min(len(names), maxNames)] {
		n = strings.ToLower(strings.TrimSuffix(n, "."))
		if !hostname(n) {
			continue
		}
		if addrs, err := c.Addrs(ctx, n); err == nil && slices.Contains(addrs, from) {
			return n
		}
	}
	return ""
}

// Literal is an address as EHLO has it (RFC 5321 section 4.1.3).
func Literal(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "[0.0.0.0]"
	case a.Is4():
		return "[" + a.String() + "]"
	}
	return "[IPv6:" + a.String() + "]"
}

// hostname reports whether a name of the DNS may stand in EHLO: letters, digits and
// hyphens, and more than one label (RFC 5321 section 2.3.5).
func hostname(n string) bool {
	labels := strings.Split(n, ".")
	if len(labels) < 2 || len(n) > 253 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
