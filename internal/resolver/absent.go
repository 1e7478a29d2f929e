package resolver

import (
	"strings"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// absent is the denial of a name that is known not to exist, by the answer to another
// type (RFC 2308 section 5) or to the name above its service labels (RFC 8020). Only
// NXDOMAIN to a question for A counts: there are servers that say it to types that they do
// not know.
func (r *Resolver) absent(q question, now time.Time) *reply {
	n := q.name
	for strings.HasPrefix(n.label(), "_") {
		n = n.parent()
	}
	if n == q.name && q.typ == dns.TypeA {
		return nil
	}
	if rep := r.denialOf(n, now); rep != nil {
		return rep.about(q)
	}
	return nil
}

// absentAbove is the denial of a name below one that is proven not to exist (RFC 8020).
// Without proof it is not believed: there are servers that say NXDOMAIN to names that
// have nothing but names below them. It may look up keys, and so must not be called by who
// answers for others.
func (t *task) absentAbove(q question) *reply {
	if q.name == root {
		return nil
	}
	for n := q.name.parent(); n != root; n = n.parent() {
		if rep := t.r.denialOf(n, t.r.tick()); rep != nil {
			if _, v := t.validate(rep); v.security == fact.Secure {
				return rep.about(q)
			}
			break
		}
	}
	return nil
}

// proven reports whether a denial is proven by keys that are known already. It asks
// nothing, and so may be called by who answers for others.
func (t *task) proven(rep *reply) bool {
	v := rep.verdict.Load()
	if v == nil {
		z, ok := t.r.zones.get(rep.speaker(rep.name), t.r.tick())
		if !ok || z.security != fact.Secure {
			return false
		}
		if v = t.judgeIn(rep, z); v.security != fact.Secure {
			return false
		}
		t.settle(rep, v)
	}
	return v.security == fact.Secure && t.r.tick().Before(v.recheck)
}

// denialOf is what says that a name does not exist, if it was asked for lately.
func (r *Resolver) denialOf(n name, now time.Time) *reply {
	rep, ok := r.replies.get(question{n, dns.TypeA}, now)
	if !ok || rep.kind != noName || rep.lame || rep.zone == n { // an apex exists
		return nil
	}
	return rep
}

// about is a denial of a name as the answer to a question about it or what is below it.
func (p *reply) about(q question) *reply {
	rep := &reply{question: q, zone: p.zone, kind: p.kind, rcode: p.rcode, auth: p.auth, soa: p.soa, ttl: p.ttl, until: p.until, servers: p.servers}
	if v := p.verdict.Load(); v != nil && (v.security == fact.Secure || v.security == fact.Insecure) {
		rep.verdict.Store(v) // it is about the name, whatever the type
	}
	return rep
}
