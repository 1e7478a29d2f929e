package resolver

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// forward asks the resolver that the operator named, and takes its word: AD is
// secure, an answer that comes with CD only is bogus (catalogue B.5). Of an answer that
// is not secure as a whole each link of its aliases is asked by itself, so that the one
// that fails is named.
func (t *task) forward(l *fact.Lookup, q question) {
	l.Security = fact.Secure
	seen := map[name]bool{}
	ttl := uint32(1<<31 - 1)
	for {
		res, v, err := t.askUpstream(q)
		if err != nil {
			if res, v = t.aliasOf(q, err); res == nil {
				t.unanswered(l, q, err)
				l.Zone = ""
				return
			}
		}
		chain := append([]*reply{res.reply}, res.more...)
		whole := len(chain) == 1 || v.security == fact.Secure
		for _, rep := range chain {
			if seen[rep.name] || len(seen) > maxAliases {
				looped(l, question{rep.name, q.typ})
				return
			}
			seen[rep.name] = true
			if err := t.r.excluded(rep.name); err != nil { // the upstream resolver went there; we do not
				t.unanswered(l, question{rep.name, q.typ}, err)
				return
			}
			w := v
			if !whole {
				w = t.link(rep, q.typ, v)
			}
			w = t.explained(rep, w)
			join(l, w)
			ttl = min(ttl, rep.ttl)
			l.Until = earlier(l.Until, t.runsOut(rep))
			if rep.kind != aliased {
				t.final(l, rep, w)
				l.TTL = ttl
				return
			}
			l.Aliases = append(l.Aliases, fact.Alias{
				From: rep.name.String(), To: rep.target.String(), Type: typeName(rep.set.typ), Zone: w.zone.String(),
				Security: w.security, Unsigned: w.unsigned, Problem: w.problem,
			})
			q.name, l.Zone = rep.target, w.zone.String()
		}
	}
}

// link is the verdict on one link of a chain of aliases.
func (t *task) link(rep *reply, typ uint16, whole *verdict) *verdict {
	q := question{rep.name, typ}
	switch {
	case rep.kind == aliased && rep.set.typ == dns.TypeDNAME:
		q = question{rep.set.owner, dns.TypeDNAME}
	case rep.kind == aliased:
		q.typ = dns.TypeCNAME
	}
	_, v, err := t.askUpstream(q)
	if err != nil {
		w := *whole
		return &w
	}
	return v
}

// aliasOf is the alias at a name of which the resolver gives no answer, as of one in a
// circle or at the head of a long chain; nil when there is none.
func (t *task) aliasOf(q question, err error) (*result, *verdict) {
	var se *serverError
	if !errors.As(err, &se) || se.rcode != dns.RcodeServerFailure || q.typ == dns.TypeCNAME || q.typ == dns.TypeDS {
		return nil, nil
	}
	res, v, err := t.askUpstream(question{q.name, dns.TypeCNAME})
	if err != nil || res.reply.kind != answered {
		return nil, nil
	}
	rep := res.reply
	rep.kind, rep.target = aliased, rep.set.target(0)
	return &result{reply: rep}, v
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
	return res.reply, t.explained(res.reply, v), nil
}

func (t *task) askUpstream(q question) (*result, *verdict, error) {
	if err := t.r.excluded(q.name); err != nil {
		return nil, nil, err
	}
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
		v.problem = &fact.Problem{EDE: bogus.code, Code: edeWord(bogus.code), Name: q.name.String(), Type: typeName(q.typ), Detail: quiet(clean(bogus.text))}
	} else if m.ad {
		v.security, v.unsigned = fact.Secure, ""
	}
	m.aa = true // its word is taken
	res := interpretRecursive(m, q, t.r.tick())
	if v.problem != nil {
		v.problem.Zone = res.reply.apex().String()
	}
	return res, v, nil
}

// query asks the upstream resolver, with patience: it may have to ask others. One that
// does not set RA does not recurse (RFC 1035 section 4.1.1): what it says, a referral
// above all, is not the answer of the DNS.
func (t *task) query(q question, flags uint16) (m *message, err error) {
	for range 3 {
		if m, err = t.ask(t.r.upstream, q.name, q.typ, flags, 3); err != nil && t.ctx.Err() == nil && ours(err) == "" {
			continue
		}
		switch {
		case err != nil:
		case !m.ra && (m.rcode == dns.RcodeSuccess || m.rcode == dns.RcodeNameError):
			return nil, &serverError{addr: t.r.upstream, gap: fact.GapNoRecursion, rcode: -1, err: errNoRecursion}
		case m.ad:
			t.r.validating.Store(true)
		}
		return m, err
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
// hold: info-codes 6 to 12, and 25, which came later.
func bogusEDE(l []ede) *ede {
	for i := range l {
		if c := l[i].code; (c >= dns.ExtendedErrorCodeDNSBogus && c <= dns.ExtendedErrorCodeNSECMissing) || c == dns.ExtendedErrorCodeSignatureExpiredBeforeValid {
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
	case dns.ExtendedErrorCodeSignatureExpiredBeforeValid:
		return codeBadTimes
	}
	return codeBogus
}

// quiet writes the names in a text in lower case: the resolver repeats them as we asked,
// with letters of either case at random.
func quiet(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if strings.Contains(w, ".") {
			words[i] = strings.ToLower(w)
		}
	}
	return strings.Join(words, " ")
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
