package resolver

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
)

// Lookup asks one question, follows aliases, and validates every step. The name
// may be in any case, with or without final dot.
func (r *Resolver) Lookup(ctx context.Context, qname, qtype string) fact.Lookup {
	n, err := parseName(qname)
	typ, ok := parseType(qtype)
	l := fact.Lookup{Name: strings.ToLower(strings.TrimSuffix(qname, ".")), Type: strings.ToUpper(qtype)}
	if err != nil || !ok || typ == dns.TypeANY || typ == dns.TypeRRSIG || typ == dns.TypeOPT {
		l.Gap = fact.GapUnsupported
		return l
	}
	l.Name, l.Type = n.String(), typeName(typ)
	t, cancel := r.task(ctx, l.Name)
	defer cancel()
	if r.upstream.IsValid() {
		t.forward(&l, question{n, typ})
		return l
	}
	t.lookup(&l, question{n, typ})
	return l
}

// lookup fills l, step by step along the aliases.
func (t *task) lookup(l *fact.Lookup, q question) {
	l.Security = fact.Secure
	seen := map[name]bool{}
	ttl := uint32(1<<31 - 1)
	for {
		if seen[q.name] || len(seen) > maxAliases {
			looped(l, q)
			return
		}
		seen[q.name] = true
		rep := t.absentAbove(q)
		if rep != nil {
			t.r.remember(rep)
		} else {
			var err error
			if rep, err = t.resolve(q.name, q.typ); err != nil {
				t.unanswered(l, q, err)
				return
			}
		}
		rep, v := t.validate(rep)
		join(l, v)
		ttl = min(ttl, t.left(rep))
		if rep.kind != aliased {
			t.final(l, rep, v)
			l.TTL = ttl
			return
		}
		l.Aliases = append(l.Aliases, fact.Alias{
			From: q.name.String(), To: rep.target.String(), Type: typeName(rep.set.typ), Zone: v.zone.String(),
			Security: v.security, Unsigned: v.unsigned, Problem: v.problem,
		})
		q.name, l.Zone = rep.target, v.zone.String()
	}
}

// looped ends a look-up whose aliases do not end.
func looped(l *fact.Lookup, q question) {
	l.RCode = "SERVFAIL" // what every resolver says of a loop
	l.Security = worseSecurity(l.Security, fact.Indeterminate)
	if l.Problem == nil {
		l.Problem = &fact.Problem{Code: codeLoop, Zone: l.Zone, Name: q.name.String(), Type: typeName(q.typ), Detail: "aliases lead in a circle or are too many"}
	}
	l.Gap, l.Unsigned, l.TTL = fact.GapDNS, "", 0
}

// left is the TTL that remains.
func (t *task) left(rep *reply) uint32 {
	return uint32(max(0, min(rep.until.Sub(t.r.tick())/time.Second, time.Duration(rep.ttl)))) //nolint:gosec // at most a day
}

func (t *task) final(l *fact.Lookup, rep *reply, v *verdict) {
	l.RCode = rcodeName(rep.rcode)
	if v.rcode >= 0 && v.security != fact.Bogus {
		l.RCode = rcodeName(v.rcode)
	}
	if l.Zone = ""; v.zone != "" {
		l.Zone = v.zone.String()
	}
	l.Wildcard = v.wildcard
	if rep.kind == answered {
		l.Records, l.Wire = records(rep.set)
	}
}

// records gives the facts of a set: sorted, and as received.
func records(s *rrset) (sorted []fact.Record, wire []string) {
	raw := false
	switch s.typ {
	case dns.TypeTXT, dns.TypeCAA, dns.TypeTLSA, dns.TypeSVCB, dns.TypeHTTPS, dns.TypeSMIMEA, dns.TypeOPENPGPKEY:
		raw = true
	default:
		_, known := dns.TypeToString[s.typ]
		raw = !known
	}
	for _, d := range s.data {
		rec := fact.Record{Data: present(s.typ, d)}
		if raw {
			rec.Raw = d
		}
		sorted = append(sorted, rec)
		wire = append(wire, rec.Data)
	}
	slices.SortFunc(sorted, func(a, b fact.Record) int { return strings.Compare(a.Data, b.Data) })
	return sorted, wire
}

// unanswered fills in what came of a question that no server answered.
func (t *task) unanswered(l *fact.Lookup, q question, err error) {
	p, gap, rcode := t.explain(q, err)
	if rcode >= 0 {
		l.RCode = rcodeName(rcode)
	}
	l.Gap = gap
	if l.Security != fact.Bogus { // a broken link before it stays the worst
		l.Security, l.Problem, l.Unsigned = fact.Indeterminate, p, ""
	}
	if l.Zone = t.r.delegationOf(q.name).zone.String(); gap == fact.GapExcluded {
		l.Zone = "" // nothing was asked, and nothing is to be asked about the zone
	}
}

// explain puts the failure of a question in words: the problem, why it is a gap,
// and the code that servers gave (-1 without).
func (t *task) explain(q question, err error) (*fact.Problem, fact.Gap, int) {
	p := &fact.Problem{
		EDE: dns.ExtendedErrorCodeNoReachableAuthority, Code: codeUnreachable, Zone: t.r.delegationOf(q.name).zone.String(),
		Name: q.name.String(), Type: typeName(q.typ), Detail: cause(err),
	}
	gap, rcode := fact.GapDNS, -1
	var se *serverError
	switch {
	case errors.As(err, &se):
		if se.gap != "" {
			gap = se.gap
		}
		rcode = se.rcode
		switch {
		case rcode >= 0:
			p.Code = codeRefuses
			for _, e := range se.ede {
				p.EDE = e.code
			}
		case errors.Is(err, errLame):
			p.Code, rcode = codeLame, dns.RcodeServerFailure
		case errors.Is(err, errNoServers):
			p.Code, rcode = codeNoServers, dns.RcodeServerFailure
		case errors.Is(err, errNoRecursion):
			p.Code, p.EDE = codeNoRecursion, dns.ExtendedErrorCodeNotSupported
		case gap == fact.GapTimeout:
		case gap == fact.GapDNS:
			p.EDE = dns.ExtendedErrorCodeNetworkError
		}
	case errors.Is(err, context.Canceled):
		gap = fact.GapCancelled
	case errors.Is(err, context.DeadlineExceeded):
		gap = fact.GapTimeout
	}
	return p, gap, rcode
}

// cause is the reason of a failure without the address at which it was met: which
// server is asked first is chance, and facts are not.
func cause(err error) string {
	var se *serverError
	if errors.As(err, &se) && se.rcode >= 0 {
		return "the servers say " + rcodeName(se.rcode)
	}
	for _, known := range []error{
		errSilent, errBudget, errLame, errNoServers, errShort, errGarbage, errNotReply, errNoRecursion, egress.ErrRefused, egress.ErrReset, egress.ErrUnreachable,
		egress.ErrNoFamily, egress.ErrNotPublic, egress.ErrUnmapped, egress.ErrExcluded, egress.ErrBudget, egress.ErrCancelled, egress.ErrLocal,
		context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the connection failed"
}
