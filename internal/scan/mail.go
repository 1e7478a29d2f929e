package scan

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/probe/dnsprobe"
	"peil/internal/probe/smtpprobe"
	"peil/internal/standard/mtasts"
)

// mailAtATime is how many addresses of mail servers are measured at a time for one
// target: each may hold a socket.
const mailAtATime = 16

// mail measures a mail domain. asked is called once everything was asked of the DNS.
func (w *work) mail(ctx context.Context, asked func()) {
	n := &w.s.needs.Mail
	plan := mailPlan(&w.s.needs, w.s.c.Selectors)
	f := &fact.MailFacts{}
	w.m.Mail = f
	var questions, all sync.WaitGroup
	questions.Go(func() { f.Selectors = w.look.Policies(ctx, plan) })
	if n.STS {
		questions.Go(func() {
			announced, v4, v6, gap := w.look.STS(ctx)
			if !announced {
				return
			}
			// The first of each family: it must be reached over one of them.
			addrs := append(v6[:min(1, len(v6)):min(1, len(v6))], v4[:min(1, len(v4))]...)
			if w.s.c.Egress.Families().IPv4 {
				slices.Reverse(addrs)
			}
			all.Go(func() { f.Policy = w.http.Policy(ctx, mtasts.Host(w.target.Name), addrs, gap) })
		})
	}
	if n.Servers {
		questions.Go(func() {
			var servers []dnsprobe.MailServer
			servers, f.Beyond = w.look.MailServers(ctx)
			w.servers(ctx, f, servers, plan, &questions, &all)
		})
	}
	questions.Wait()
	asked()
	all.Wait()
	for i := range f.Servers {
		slices.SortFunc(f.Servers[i].Hosts, func(a, b fact.MailHost) int { return a.Addr.Compare(b.Addr) })
	}
	slices.SortFunc(f.Servers, func(a, b fact.MailServer) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(f.Beyond)
}

// servers measures the mail servers at the addresses for which there is room, and asks
// what else the DNS says of them.
func (w *work) servers(ctx context.Context, f *fact.MailFacts, servers []dnsprobe.MailServer, plan dnsprobe.MailPlan, questions, all *sync.WaitGroup) {
	chosen := chooseMail(servers)
	f.Servers = make([]fact.MailServer, len(servers))
	room := make(chan struct{}, mailAtATime)
	for i := range servers {
		s, x := &servers[i], &f.Servers[i]
		*x = fact.MailServer{Name: s.Name, Wire: s.Wire(), Gap: s.Gap, Hosts: make([]fact.MailHost, len(chosen[i]))}
		for _, a := range x.Wire {
			if !slices.Contains(chosen[i], a) {
				x.Beyond = append(x.Beyond, a)
			}
		}
		slices.SortFunc(x.Beyond, netip.Addr.Compare)
		for k, a := range chosen[i] {
			all.Go(func() {
				select {
				case room <- struct{}{}:
					defer func() { <-room }()
				case <-ctx.Done():
				}
				h, chains, mine := w.s.mails.measure(ctx, smtpprobe.Target{Name: s.Name, Addr: a})
				x.Hosts[k] = h
				w.keep(chains)
				if mine {
					w.book(h.Cost)
				}
			})
		}
		questions.Go(func() {
			w.look.AboutServer(ctx, s, chosen[i], plan)
			x.NSOwner = s.NSOwner
			w.routed(s.NSAddrs)
		})
	}
}

// chooseMail takes the addresses to measure of each server: of those servers that
// internet.nl judges the first of each family, then of the other servers, then all others.
func chooseMail(servers []dnsprobe.MailServer) [][]netip.Addr {
	chosen := make([][]netip.Addr, len(servers))
	left := dnsprobe.MaxMailAddrs
	take := func(i int, as []netip.Addr) {
		for _, a := range as {
			if left > 0 && !slices.Contains(chosen[i], a) {
				chosen[i] = append(chosen[i], a)
				left--
			}
		}
	}
	judged := min(norm.JudgedMailServers, len(servers))
	for _, group := range [][2]int{{0, judged}, {judged, len(servers)}} {
		for i := group[0]; i < group[1]; i++ {
			take(i, servers[i].V4[:min(1, len(servers[i].V4))])
			take(i, servers[i].V6[:min(1, len(servers[i].V6))])
		}
	}
	for i := range servers {
		take(i, servers[i].Wire())
	}
	return chosen
}

// book adds to what the target cost.
func (w *work) book(c fact.Cost) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.Seconds = 0 // beside other things
	w.spent = w.spent.Add(c)
}

// routed notes addresses of which the routes are wanted.
func (w *work) routed(as []netip.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.routes = append(w.routes, as...)
}

// mailPlan is what is asked of the DNS for a mail domain.
func mailPlan(n *norm.Needs, selectors []string) dnsprobe.MailPlan {
	m := &n.Mail
	p := dnsprobe.MailPlan{
		Servers: m.Servers, TLSA: m.DANE, CAA: m.CAA, Names: m.Names, Routes: n.NSRoutes, Policies: m.Policies,
		Selectors: m.Selectors, STS: m.STS, Reports: m.Reports, BIMI: m.BIMI, WWW: m.WWW, Given: selectors,
	}
	if m.Readings {
		p.More = norm.MailQuestions
	}
	return p
}
