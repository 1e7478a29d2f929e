package scan_test

import (
	"strings"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/lab"
	"peil/internal/norm"
)

// mailDomain is a lab with the perfect mail domain alone.
func mailDomain(t testing.TB, delay time.Duration) *lab.Running {
	t.Helper()
	r, err := lab.Start(t.Context(), lab.Options{Sites: lab.MailCatalogue()[:1], Delay: delay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// TestAGoodMailDomainOfTheLab holds what is promised of cost and manners against the
// lab's perfect mail domain, where round trips take 30 ms.
func TestAGoodMailDomainOfTheLab(t *testing.T) {
	r := mailDomain(t, 30*time.Millisecond)
	s := labScanner(t, r, egress.Limits{}, nil)
	begin := time.Now()
	m := s.Measure(t.Context(), fact.Target{Name: r.Sites[0].Name, Role: fact.Mail})
	t.Logf("%v, %+v", time.Since(begin), m.Cost)
	addresses := 0
	for _, server := range m.Mail.Servers {
		for _, h := range server.Hosts {
			addresses++
			t.Logf("%s %s: %+v", server.Name, h.Addr, h.Cost)
			if !h.Port25.Open() || h.SMTP.State != fact.SMTPReady || h.TLS == nil || !h.TLS.Working.Yes() || len(h.TLS.Deployments) == 0 {
				t.Errorf("%s %s: %+v", server.Name, h.Addr, h)
			}
			if h.Cost.Connections > 25 {
				t.Errorf("%s took %d connections", h.Addr, h.Cost.Connections)
			}
		}
	}
	if addresses != 4 {
		t.Errorf("%d addresses", addresses)
	}
	if p := m.Mail.Policy; p == nil || p.Fetch.End != fact.EndOK || !strings.Contains(string(p.Body), "mode: enforce") || m.Chain(p.Fetch.First().Chain) == nil {
		t.Errorf("policy %+v", p)
	}
	for i := range m.DNS.Lookups {
		if l := &m.DNS.Lookups[i]; l.Gap != "" {
			t.Errorf("%s %s: %s", l.Name, l.Type, l.Gap)
		}
	}
	edition, _ := norm.ByName("internet.nl")
	if result := norm.Judge(m, edition); result.Score == nil || *result.Score != 100 {
		t.Errorf("internet.nl says %v", result.Score)
	}
	commands := r.MailCommands()
	for c := range commands {
		switch c {
		case "EHLO", "STARTTLS", "QUIT":
		default:
			t.Errorf("%s was sent %d times", c, commands[c])
		}
	}
	if commands["EHLO"] == 0 {
		t.Error("nothing was sent")
	}
}

// BenchmarkGoodMailDomain measures the lab's perfect mail domain over and over. Mail
// servers are remembered within a run, so each measurement is a run of its own, zones
// included.
func BenchmarkGoodMailDomain(b *testing.B) {
	r := mailDomain(b, 0)
	free := egress.Limits{TCPBurst: egress.NoLimit, TCPRate: egress.NoLimit, UDPRate: egress.NoLimit}
	before := cpu()
	n := 0
	for b.Loop() {
		s := labScanner(b, r, free, nil)
		m := s.Measure(b.Context(), fact.Target{Name: r.Sites[0].Name, Role: fact.Mail})
		if len(m.Mail.Servers) != 2 {
			b.Fatal("no mail servers")
		}
		n++
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(n)/1000, "cpu-ms/domain")
}
