package scan

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"peil/internal/fact"
	"peil/internal/norm"
	"peil/internal/probe/dnsprobe"
	"peil/internal/probe/reach"
	"peil/internal/probe/smtpprobe"
)

// mailHosts stands in for the prober of mail servers.
type mailHosts struct {
	hold chan struct{} // nil: nobody waits
	gap  fact.Gap      // of port 25

	mu     sync.Mutex
	probed []smtpprobe.Target
	now    map[netip.Addr]int // being probed
	most   int                // at one address
}

func (p *mailHosts) Probe(ctx context.Context, t smtpprobe.Target) (fact.MailHost, []fact.Chain) {
	p.mu.Lock()
	p.probed = append(p.probed, t)
	if p.now == nil {
		p.now = map[netip.Addr]int{}
	}
	p.now[t.Addr]++
	p.most = max(p.most, p.now[t.Addr])
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.now[t.Addr]--
	}()
	h := fact.MailHost{Addr: t.Addr, Cost: fact.Cost{Connections: 3}, Port25: fact.Reach{State: fact.ReachOpen}, SMTP: &fact.SMTP{State: fact.SMTPReady}}
	if p.gap != "" {
		h = fact.MailHost{Addr: t.Addr, Port25: fact.Reach{Gap: p.gap}}
	}
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-ctx.Done():
			h.Port25, h.SMTP = fact.Reach{Gap: fact.GapCancelled}, nil
		}
	}
	return h, []fact.Chain{{ID: "chain of " + t.Name}}
}

func (p *mailHosts) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.probed)
}

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}) }

func mailSite(t *testing.T, p *mailHosts) (*site, *Scanner) {
	t.Helper()
	s := newSite(t)
	for _, d := range []string{"example.nl", "other.nl"} {
		s.zone[d+" MX"] = []string{"10 mx1.example.nl", "20 mx2.example.nl"}
	}
	s.zone["mx1.example.nl A"] = []string{"198.51.100.41"}
	s.zone["mx1.example.nl AAAA"] = []string{"2001:db8::41"}
	s.zone["mx2.example.nl A"] = []string{"198.51.100.42"}
	return s, s.scanner(t, func(c *Config) { c.Mail = p })
}

func TestAMailDomainIsMeasuredAndItsServersAreShared(t *testing.T) {
	p := &mailHosts{}
	_, s := mailSite(t, p)
	first := s.Measure(t.Context(), fact.Target{Name: "example.nl", Role: fact.Mail})
	second := s.Measure(t.Context(), fact.Target{Name: "other.nl", Role: fact.Mail})
	for _, m := range []*fact.Measurement{first, second} {
		if m.Web != nil || m.Mail == nil || len(m.Mail.Servers) != 2 || len(m.Chains) != 2 {
			t.Fatalf("%s: %+v, %d chains", m.Target.Name, m.Mail, len(m.Chains))
		}
		mx1 := m.Mail.Server("mx1.example.nl")
		if len(mx1.Hosts) != 2 || !mx1.Hosts[0].Port25.Open() || mx1.Hosts[0].Addr.Compare(mx1.Hosts[1].Addr) > 0 || len(mx1.Wire) != 2 || mx1.NSOwner == "" {
			t.Errorf("%s: %+v", m.Target.Name, mx1)
		}
		for _, a := range mx1.Wire {
			if !slices.ContainsFunc(m.Routes, func(r fact.Route) bool { return r.Addr == a }) {
				t.Errorf("no route of %s", a)
			}
		}
	}
	if p.count() != 3 {
		t.Errorf("%d addresses were asked, want 3 once: %v", p.count(), p.probed)
	}
	if a, b := first.Cost.Connections, second.Cost.Connections; a-b < 9 {
		t.Errorf("the first took %d connections, the second %d", a, b)
	}
}

func TestWhatNoEditionNeedsIsNotAskedOfAMailDomain(t *testing.T) {
	p := &mailHosts{}
	s, _ := mailSite(t, p)
	edition, _ := norm.ByName("wdo")
	m := s.scanner(t, func(c *Config) { c.Mail, c.Editions = p, []*norm.Edition{edition} }).Measure(t.Context(), fact.Target{Name: "example.nl", Role: fact.Mail})
	if p.count() > 0 || len(m.Mail.Servers) > 0 || m.DNS.Lookup("_dmarc.example.nl", "TXT") != nil {
		t.Errorf("%+v, asked %v", m.Mail, p.probed)
	}
}

// mailTable is a table of its own.
func mailTable(p *mailHosts) *mailServers {
	return &mailServers{prober: p, reach: &reach.Table{}, now: time.Now}
}

func TestTwoWhoWantTheSameServerShareOneMeasurement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &mailHosts{hold: make(chan struct{})}
		s := mailTable(p)
		var mine atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				h, chains, m := s.measure(t.Context(), smtpprobe.Target{Name: "mx.nl", Addr: addr(1)})
				if m {
					mine.Add(1)
				}
				if !h.Port25.Open() || len(chains) != 1 {
					t.Errorf("%+v", h)
				}
			})
		}
		synctest.Wait()
		close(p.hold)
		wg.Wait()
		if p.count() != 1 || mine.Load() != 1 {
			t.Errorf("measured %d times, booked %d times", p.count(), mine.Load())
		}
	})
}

func TestAtOneAddressOneServerIsMeasuredAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &mailHosts{hold: make(chan struct{})}
		s := mailTable(p)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() { s.measure(t.Context(), smtpprobe.Target{Name: fmt.Sprintf("mx%d.nl", i), Addr: addr(1)}) })
		}
		wg.Go(func() { s.measure(t.Context(), smtpprobe.Target{Name: "elsewhere.nl", Addr: addr(2)}) })
		synctest.Wait()
		if p.count() != 2 {
			t.Errorf("%d are being measured, want one at each address", p.count())
		}
		close(p.hold)
		wg.Wait()
		if p.count() != 11 || p.most != 1 {
			t.Errorf("%d were measured, up to %d at a time", p.count(), p.most)
		}
		if len(s.turns) > 0 || len(s.flights) > 0 {
			t.Errorf("left over: %d turns, %d flights", len(s.turns), len(s.flights))
		}
	})
}

// Who goes away leaves the measurement to those who still wait; when all go it ends.
func TestWhoLeavesDoesNotSpoilItForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &mailHosts{hold: make(chan struct{})}
		s := mailTable(p)
		target := smtpprobe.Target{Name: "mx.nl", Addr: addr(1)}
		ctx, leave := context.WithCancel(t.Context())
		var left, stayed fact.MailHost
		var wg sync.WaitGroup
		wg.Go(func() { left, _, _ = s.measure(ctx, target) })
		synctest.Wait()
		wg.Go(func() { stayed, _, _ = s.measure(t.Context(), target) })
		synctest.Wait()
		leave()
		synctest.Wait()
		close(p.hold)
		wg.Wait()
		if left.Port25.Gap != fact.GapCancelled || left.Addr != addr(1) || !stayed.Port25.Open() || p.count() != 1 {
			t.Errorf("left with %+v, stayed for %+v", left.Port25, stayed.Port25)
		}
		// All leave: nothing is remembered, and the next one has it measured anew.
		p.hold = make(chan struct{})
		ctx, leave = context.WithCancel(t.Context())
		target.Addr = addr(2)
		wg.Go(func() { s.measure(ctx, target) })
		synctest.Wait()
		leave()
		wg.Wait()
		synctest.Wait()
		close(p.hold)
		if h, _, mine := s.measure(t.Context(), target); !h.Port25.Open() || !mine {
			t.Errorf("the next one: %+v", h)
		}
	})
}

func TestAServerHasItsTimeAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &mailHosts{hold: make(chan struct{})}
		s := mailTable(p)
		var gaps [5]fact.Gap
		var took [5]time.Duration
		begin := time.Now()
		var wg sync.WaitGroup
		for i := range gaps {
			wg.Go(func() {
				h, _, _ := s.measure(t.Context(), smtpprobe.Target{Name: fmt.Sprintf("mx%d.nl", i), Addr: addr(1)})
				gaps[i], took[i] = h.Port25.Gap, time.Since(begin)
			})
		}
		wg.Wait()
		slices.Sort(took[:])
		if took[0] != mailTime || took[4] > mailTurn+mailTime {
			t.Errorf("they took %v", took)
		}
		for i, g := range gaps {
			if g != fact.GapBudget {
				t.Errorf("%d: gap %q", i, g)
			}
		}
		if s.knows(smtpprobe.Target{Name: "mx0.nl", Addr: addr(1)}) {
			t.Error("what was cut short is remembered")
		}
	})
}

func TestServersAreRememberedForAWhileAndNotTooMany(t *testing.T) {
	p := &mailHosts{}
	s := mailTable(p)
	now := time.Now()
	s.now = func() time.Time { return now }
	often := smtpprobe.Target{Name: "often.nl", Addr: addr(1)}
	for i := range mailKept + 50 {
		s.measure(t.Context(), smtpprobe.Target{Name: fmt.Sprintf("mx%d.nl", i), Addr: addr(2)})
		s.measure(t.Context(), often)
	}
	if n := p.count(); n != mailKept+51 || len(s.known) != mailKept || s.recent.Len() != mailKept {
		t.Errorf("measured %d, remembered %d", n, len(s.known))
	}
	if s.knows(smtpprobe.Target{Name: "mx0.nl", Addr: addr(2)}) || !s.knows(often) {
		t.Error("the wrong ones are forgotten")
	}
	now = now.Add(mailAge + time.Second)
	if _, _, mine := s.measure(t.Context(), often); !mine {
		t.Error("an old one is taken for new")
	}
}

// A silence without control is looked at again once somebody else answered on port 25.
func TestSilenceIsLookedAtAgainOnceThereIsAControl(t *testing.T) {
	p := &mailHosts{gap: fact.GapOurNetwork}
	s := mailTable(p)
	target := smtpprobe.Target{Name: "mx.nl", Addr: addr(1)}
	s.measure(t.Context(), target)
	if s.measure(t.Context(), target); p.count() != 1 {
		t.Errorf("without control it was asked %d times", p.count())
	}
	s.reach.Answered(reach.Port{Net: "tcp", Addr: netip.AddrPortFrom(addr(2), 25)})
	p.gap = ""
	if h, _, _ := s.measure(t.Context(), target); !h.Port25.Open() {
		t.Errorf("%+v", h.Port25)
	}
}

func TestChooseMail(t *testing.T) {
	var servers []dnsprobe.MailServer
	for i := range 12 {
		s := dnsprobe.MailServer{Name: fmt.Sprint(i)}
		for k := range 3 {
			s.V4 = append(s.V4, addr(10*i+k))
		}
		s.V6 = []netip.Addr{netip.AddrFrom16([16]byte{0x20, 1, 15: byte(i)})}
		servers = append(servers, s)
	}
	chosen := chooseMail(servers)
	sum := 0
	for i, as := range chosen {
		if as[0] != servers[i].V4[0] || as[1] != servers[i].V6[0] {
			t.Errorf("server %d: %v", i, as)
		}
		sum += len(as)
	}
	if sum != dnsprobe.MaxMailAddrs || len(chosen[0]) != 4 || len(chosen[11]) != 2 {
		t.Errorf("%d addresses: %v", sum, chosen)
	}
}

// Domains that wait for a mail server go on once it is known, all of them at once.
func TestDomainsOfOneProviderDoNotWaitForEachOther(t *testing.T) {
	p := &mailHosts{hold: make(chan struct{})}
	s, x := mailSite(t, p)
	const n = 60
	in := make(chan fact.Target, 2*n)
	for i := range n {
		d := fmt.Sprintf("d%d.nl", i)
		s.zone[d+" MX"] = s.zone["example.nl MX"]
		in <- fact.Target{Name: d, Role: fact.Mail}
		in <- fact.Target{Name: d, Role: fact.Web}
	}
	close(in)
	got := map[fact.Target]int{}
	release := sync.OnceFunc(func() { close(p.hold) })
	err := x.Run(t.Context(), in, func(m *fact.Measurement) error {
		if got[m.Target]++; m.Target.Role == fact.Web && len(got) == n {
			release() // the websites did not wait
		}
		if m.Target.Role == fact.Mail && len(m.Mail.Server("mx1.example.nl").Hosts) != 2 {
			t.Errorf("%s: %+v", m.Target.Name, m.Mail)
		}
		return nil
	})
	if err != nil || len(got) != 2*n || p.count() != 3 {
		t.Errorf("%d measured, %d addresses asked, %v", len(got), p.count(), err)
	}
}
