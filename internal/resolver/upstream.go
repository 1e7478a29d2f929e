package resolver

import (
	"slices"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// forward asks the resolver that the operator named, and takes its word: AD is
// secure, an answer that comes with CD only is bogus (catalogue B.5).
func (t *task) forward(l *fact.Lookup, q question) {
	res, v, err := t.askUpstream(q)
	if err != nil {
		t.unanswered(l, q, err)
		l.Zone = ""
		return
	}
	l.Security, l.Unsigned, l.Problem = v.security, v.unsigned, v.problem
	chain := append([]*reply{res.reply}, res.more...)
	last := chain[len(chain)-1]
	l.TTL = last.ttl
	for _, rep := range chain {
		l.TTL = min(l.TTL, rep.ttl)
		l.Until = earlier(l.Until, t.runsOut(rep))
		if rep.kind == aliased {
			l.Aliases = append(l.Aliases, fact.Alias{
				From: rep.name.String(), To: rep.target.String(), Type: typeName(rep.set.typ), Zone: rep.apex().String(),
				Security: v.security, Unsigned: v.unsigned, Problem: v.problem,
			})
		}
	}
	l.RCode = rcodeName(last.rcode)
	if z := last.apex(); z != root || q.name == root {
		l.Zone = z.String()
	}
	if last.kind == answered {
		l.Records, l.Wire = records(last.set)
		for i := range last.set.sigs {
			n := last.set.owner.labels()
			l.Wildcard = l.Wildcard || (int(last.set.sigs[i].labels) < n && !last.set.owner.isWildcard())
		}
	}
}

// runsOut is when the last signature over what a reply says runs out.
func (t *task) runsOut(rep *reply) time.Time {
	sets := rep.auth
	if rep.set != nil {
		sets = []*rrset{rep.set}
	}
	var at time.Time
	for _, s := range sets {
		var end time.Time
		for i := range s.sigs {
			if e := serialTime(s.sigs[i].expiration, t.r.clock()); e.After(end) {
				end = e
			}
		}
		at = earlier(at, end)
	}
	return at
}

// fetchUpstream is fetch by way of the resolver that the operator named.
func (t *task) fetchUpstream(q question) (*reply, *verdict, error) {
	res, v, err := t.askUpstream(q)
	if err != nil {
		return nil, nil, err
	}
	v.zone = res.reply.apex()
	return res.reply, v, nil
}

func (t *task) askUpstream(q question) (*result, *verdict, error) {
	m, err := t.query(q, flagRD|flagAD)
	if err != nil {
		return nil, nil, err
	}
	v := &verdict{security: fact.Insecure, unsigned: fact.UnsignedUpstream, rcode: -1}
	bogus := bogusEDE(m.ede)
	switch {
	case m.rcode == dns.RcodeServerFailure:
		checked := m
		if m, err = t.query(q, flagRD|flagAD|flagCD); err != nil {
			return nil, nil, err
		}
		if m.rcode != dns.RcodeSuccess && m.rcode != dns.RcodeNameError {
			return nil, nil, &serverError{addr: t.r.upstream, rcode: m.rcode, ede: checked.ede}
		}
		if bogus != nil {
			break
		}
		// It gave no reason. It may have failed to hear the servers a moment ago, and have
		// heard them since: then it says otherwise now.
		if checked, err = t.query(q, flagRD|flagAD); err != nil {
			return nil, nil, err
		}
		bogus = bogusEDE(checked.ede)
		switch {
		case checked.rcode != dns.RcodeServerFailure:
			m = checked
		case bogus == nil && unheard(checked.ede):
			return nil, nil, &serverError{addr: t.r.upstream, gap: fact.GapTimeout, rcode: -1, ede: checked.ede, err: errSilent}
		case bogus == nil:
			bogus = &ede{code: dns.ExtendedErrorCodeDNSBogus}
		}
		if m.rcode != dns.RcodeSuccess && m.rcode != dns.RcodeNameError {
			return nil, nil, &serverError{addr: t.r.upstream, rcode: m.rcode, ede: m.ede}
		}
	case m.rcode != dns.RcodeSuccess && m.rcode != dns.RcodeNameError:
		return nil, nil, &serverError{addr: t.r.upstream, rcode: m.rcode, ede: m.ede}
	}
	if bogus != nil {
		v.security, v.unsigned = fact.Bogus, ""
		v.problem = &fact.Problem{EDE: bogus.code, Code: edeWord(bogus.code), Name: q.name.String(), Type: typeName(q.typ), Detail: clean(bogus.text)}
	} else if m.ad {
		v.security, v.unsigned = fact.Secure, ""
	}
	m.aa = true // its word is taken
	res := interpretRecursive(m, q, t.r.tick())
	if v.problem != nil {
		v.problem.Zone = res.last().apex().String()
	}
	return res, v, nil
}

func (r *result) last() *reply {
	if n := len(r.more); n > 0 {
		return r.more[n-1]
	}
	return r.reply
}

// query asks the upstream resolver, with patience: it may have to ask others.
func (t *task) query(q question, flags uint16) (m *message, err error) {
	for range 3 {
		if m, err = t.ask(t.r.upstream, q.name, q.typ, flags, 3); err == nil || t.ctx.Err() != nil || ours(err) != "" {
			return m, err
		}
	}
	return nil, err
}

// interpretRecursive reads the reply of a recursive resolver: a chain of aliases
// and what stands at its end.
func interpretRecursive(m *message, q question, now time.Time) *result {
	answers, auth := group(m.answer), group(m.auth)
	res := &result{}
	for {
		rep := fromAnswer(answers, root, q)
		if rep == nil {
			rep = &reply{question: q, zone: root, kind: noData, rcode: m.rcode}
			if m.rcode == dns.RcodeNameError {
				rep.kind = noName
			}
			for _, s := range auth {
				if s.typ == dns.TypeSOA {
					rep.soa, rep.ttl = s.owner, s.ttl
				}
			}
		}
		rep.finish(m, auth, now)
		if res.reply == nil {
			res.reply = rep
		} else {
			res.more = append(res.more, rep)
		}
		if rep.kind != aliased || len(res.more) >= maxAliases {
			return res
		}
		q.name = rep.target
	}
}

// bogusEDE is the reason among extended errors that says a chain of trust does not
// hold: info-codes 6 to 12.
func bogusEDE(l []ede) *ede {
	for i := range l {
		if l[i].code >= dns.ExtendedErrorCodeDNSBogus && l[i].code <= dns.ExtendedErrorCodeNSECMissing {
			return &l[i]
		}
	}
	return nil
}

// unheard reports whether extended errors say that the servers could not be reached.
func unheard(l []ede) bool {
	return slices.ContainsFunc(l, func(e ede) bool {
		return e.code == dns.ExtendedErrorCodeNoReachableAuthority || e.code == dns.ExtendedErrorCodeNetworkError
	})
}

func edeWord(code uint16) string {
	switch code {
	case dns.ExtendedErrorCodeSignatureExpired:
		return codeExpired
	case dns.ExtendedErrorCodeSignatureNotYetValid:
		return codeNotYetValid
	case dns.ExtendedErrorCodeDNSKEYMissing:
		return codeNoDNSKEY
	case dns.ExtendedErrorCodeRRSIGsMissing:
		return codeNoRRSIG
	case dns.ExtendedErrorCodeNoZoneKeyBitSet:
		return codeNotZoneKey
	case dns.ExtendedErrorCodeNSECMissing:
		return codeNoDenial
	}
	return codeBogus
}

// clean makes text from the network fit to show: printable and short.
func clean(s string) string {
	b := make([]rune, 0, min(len(s), 200))
	for _, c := range s {
		if len(b) == 200 {
			break
		}
		if c < ' ' || c == 0x7F || c == 0xFFFD || (c >= 0x80 && c < 0xA0) {
			c = ' '
		}
		b = append(b, c)
	}
	return string(b)
}
