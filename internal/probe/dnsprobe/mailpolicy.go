package dnsprobe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"peil/internal/fact"
	"peil/internal/name"
	"peil/internal/standard/dkim"
	"peil/internal/standard/dmarc"
	"peil/internal/standard/lookup"
	"peil/internal/standard/mtasts"
	"peil/internal/standard/spf"
)

// Bounds of what a domain's policies may make us ask: an SPF tree asks at most some 40
// records and 20 names with their hosts; the rest is for who writes tags by the thousand.
const (
	maxPolicyQuestions = 500
	maxPolicyRounds    = 50
	maxReportPlaces    = 20
	maxSelectors       = 100
)

// Policies asks for everything by which a domain says how its mail is to be treated, and
// gives the DKIM selectors that were looked up.
func (l *Look) Policies(ctx context.Context, plan MailPlan) []fact.Selector {
	if _, yes := l.p.Egress.Excluded(l.name); yes {
		return nil // names above it and places of reports are no matter of ours either
	}
	var selectors []fact.Selector
	var tree *spf.Tree
	var wg sync.WaitGroup
	if plan.Policies {
		var policies sync.WaitGroup
		policies.Go(func() {
			l.until(ctx, func() (missing []lookup.Question) {
				tree, missing = spf.Walk(l.name, l.answer)
				return missing
			})
		})
		policies.Go(func() { l.until(ctx, l.dmarc) })
		if plan.More != nil {
			wg.Go(func() {
				policies.Wait()
				l.until(ctx, func() []lookup.Question { return plan.More(l.name, l.known) })
			})
		}
		wg.Go(func() {
			domainkey := l.mail(ctx, "_domainkey."+l.name, "TXT")
			if plan.Selectors {
				mx := l.mail(ctx, l.name, "MX")
				policies.Wait()
				selectors = l.selectors(ctx, providers(tree, &mx), plan.Given, domainkey.RCode == "NXDOMAIN")
			}
		})
	}
	for _, q := range []struct {
		yes  bool
		name string
	}{
		{plan.Reports, "_smtp._tls."}, {plan.BIMI, "default._bimi."}, {plan.WWW && !strings.HasPrefix(l.name, "www."), "www."},
	} {
		if q.yes && lookup.ValidName(q.name+l.name) {
			wg.Go(func() { l.mail(ctx, q.name+l.name, "TXT") })
		}
	}
	wg.Wait()
	return selectors
}

// known is what was answered so far, nil when it was not asked or is not answered yet.
func (l *Look) known(name, qtype string) *fact.Lookup {
	l.mu.Lock()
	a := l.asked[question{name, qtype}]
	l.mu.Unlock()
	if a == nil {
		return nil
	}
	select {
	case <-a.done:
		return &a.answer
	default:
		return nil
	}
}

// answer is lookup.Ask over what is known.
func (l *Look) answer(name, qtype string) lookup.Answer { return lookup.Of(l.known(name, qtype)) }

// until asks what a reading misses, all at once, until it misses nothing that was not
// asked before.
func (l *Look) until(ctx context.Context, read func() []lookup.Question) {
	asked := map[lookup.Question]bool{}
	for range maxPolicyRounds {
		var wg sync.WaitGroup
		more := false
		for _, q := range read() {
			if asked[q] || len(asked) >= maxPolicyQuestions || ctx.Err() != nil {
				continue
			}
			asked[q], more = true, true
			wg.Go(func() {
				if q.Name == l.name || strings.HasSuffix(q.Name, "."+l.name) {
					l.mail(ctx, q.Name, q.Type)
				} else {
					l.aside(ctx, q.Name, q.Type)
				}
			})
		}
		wg.Wait()
		if !more {
			return
		}
	}
}

// dmarc is what is missing of DMARC: the tree walk (RFC 9989 section 4.10), the
// organisational domain by the public suffix list (RFC 7489 section 3.2), and the leave of
// those who get reports (RFC 9990 section 4).
func (l *Look) dmarc() []lookup.Question {
	walk, missing := dmarc.TreeWalk(l.name, l.answer)
	places := []dmarc.Place{}
	if walk.Policy != nil {
		places = append(places, *walk.Policy)
	}
	for _, domain := range []string{l.name, name.Registrable(l.name)} {
		if domain == "" || len(places) > 0 && places[0].Domain == domain {
			continue
		}
		p := dmarc.At(domain, l.answer)
		if p.Status == dmarc.NotKnown {
			missing = append(missing, lookup.Question{Name: "_dmarc." + domain, Type: "TXT"})
		}
		places = append(places, p)
	}
	reports := 0
	for _, p := range places {
		if p.Record == nil {
			continue
		}
		for _, d := range p.Record.Destinations(p.Domain, organisational) {
			if !d.External || reports >= maxReportPlaces || !lookup.ValidName(d.Question.Name) {
				continue
			}
			reports++
			if l.answer(d.Question.Name, d.Question.Type).Status == lookup.Unknown {
				missing = append(missing, d.Question)
			}
		}
	}
	return missing
}

// organisational is the organisational domain of a host by the public suffix list.
func organisational(host string) string {
	if d := name.Registrable(host); d != "" {
		return d
	}
	return host
}

// providers are those who are known to send or receive for the domain.
func providers(tree *spf.Tree, mx *fact.Lookup) (list []string) {
	add := func(p string) {
		if p != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	for _, n := range tree.Nodes() {
		add(spf.Provider(n.Domain))
	}
	names, _ := hosts(mx)
	for _, n := range names {
		add(dkim.ProviderOfMX(n))
	}
	return list
}

// selectors looks for DKIM keys (RFC 6376 section 3.6.2.1): those that were given, those of
// the domain's providers and those that people choose themselves; those of other providers
// only when none of these is there. Where the name above them does not exist nothing exists
// below it (RFC 8020); as some name servers say that also of names that do have others
// below them, those that are likely are tried even then.
func (l *Look) selectors(ctx context.Context, providers, given []string, none bool) (tried []fact.Selector) {
	var first, later []fact.Selector
	seen := map[string]bool{}
	add := func(list *[]fact.Selector, s fact.Selector) {
		if k := strings.ToLower(s.Name); !seen[k] && lookup.ValidName(dkim.Name(s.Name, l.name)) && len(seen) < maxSelectors {
			seen[k] = true
			*list = append(*list, s)
		}
	}
	for _, s := range given {
		add(&first, fact.Selector{Name: s, From: "given"})
	}
	for _, s := range dkim.Selectors(providers...) {
		switch {
		case none && !slices.Contains(providers, s.Provider):
		case s.Provider == "":
			add(&first, fact.Selector{Name: s.Name, From: "known"})
		case slices.Contains(providers, s.Provider):
			add(&first, fact.Selector{Name: s.Name, From: "provider", Provider: s.Provider})
		default:
			add(&later, fact.Selector{Name: s.Name, From: "known", Provider: s.Provider})
		}
	}
	for _, list := range [][]fact.Selector{first, later} {
		var wg sync.WaitGroup
		for _, s := range list {
			wg.Go(func() { l.mail(ctx, dkim.Name(s.Name, l.name), "TXT") })
		}
		wg.Wait()
		tried = append(tried, list...)
		if slices.ContainsFunc(list, func(s fact.Selector) bool {
			return len(dkim.Select(l.answer(dkim.Name(s.Name, l.name), "TXT").TXT)) > 0
		}) {
			break
		}
	}
	slices.SortFunc(tried, func(a, b fact.Selector) int { return strings.Compare(a.Name, b.Name) })
	return tried
}

// STS asks whether the domain announces a policy of MTA-STS (RFC 8461 section 3.1), and
// where it is to be fetched.
func (l *Look) STS(ctx context.Context) (announced bool, v4, v6 []netip.Addr, gap fact.Gap) {
	at := mtasts.Name(l.name)
	if _, yes := l.p.Egress.Excluded(l.name); yes || !lookup.ValidName(at) {
		return false, nil, nil, ""
	}
	r := l.mail(ctx, at, "TXT")
	if len(mtasts.Select(lookup.Of(&r).TXT)) == 0 {
		return false, nil, nil, ""
	}
	host := mtasts.Host(l.name)
	var gap4, gap6 fact.Gap
	var wg sync.WaitGroup
	wg.Go(func() { v4, gap4 = addrs(l.aside(ctx, host, "A")) })
	wg.Go(func() { v6, gap6 = addrs(l.aside(ctx, host, "AAAA")) })
	wg.Wait()
	if len(v4)+len(v6) == 0 {
		if gap = gap4; gap == "" {
			gap = gap6
		}
	}
	return true, v4, v6, gap
}
