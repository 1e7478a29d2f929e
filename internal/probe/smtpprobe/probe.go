package smtpprobe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/reach"
	"peil/internal/probe/tlsprobe"
)

// Port is where mail servers take mail from each other (RFC 5321 section 4.5.4.2).
const Port = 25

// Config is what a Prober works with.
type Config struct {
	Egress *egress.Egress
	Reach  *reach.Table // of the run
	TLS    *tlsprobe.Prober
	// Plan is what to ask of TLS; Slow what to ask of a server whose greeting is slow, nil
	// for what SlowPlan makes of Plan.
	Plan tlsprobe.Plan
	Slow *tlsprobe.Plan
	// NoTLS leaves out TLS: the dialogue alone.
	NoTLS bool
	// Injection asks whether a command sent in plain text behind STARTTLS is obeyed after
	// the handshake, where the mandate of egress covers the server.
	Injection bool
	// Names says how we call ourselves; nil: by our address.
	Names *Caller
	// Patience is how long answers may take.
	Patience Patience
	// Now dates measurements; nil for the real clock.
	Now func() time.Time
	// Wait sleeps; nil for real time.
	Wait func(ctx context.Context, d time.Duration) error
}

// Prober measures mail servers. It is safe for concurrent use.
type Prober struct {
	c Config
}

// New makes a Prober.
func New(c Config) (*Prober, error) {
	if c.Egress == nil || c.Reach == nil || c.TLS == nil {
		return nil, errors.New("smtpprobe: egress, a table of who answers and a TLS prober are needed")
	}
	c.Patience = c.Patience.withDefaults()
	if c.Slow == nil {
		p := SlowPlan(c.Plan)
		c.Slow = &p
	}
	if c.Names == nil {
		c.Names = &Caller{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	return &Prober{c: c}, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SlowPlan is what is left of a plan for a server that is slow to greet: versions,
// suites, groups and whatever else can make a verdict worse, without the questions that
// compare and describe.
func SlowPlan(p tlsprobe.Plan) tlsprobe.Plan {
	p.Ask &^= tlsprobe.AskPreference | tlsprobe.AskNoSNI | tlsprobe.AskDeployments
	if len(p.Order) > 0 {
		p.Ask |= tlsprobe.AskPreference // the order of suites is judged
	}
	return p
}

// Target is one address of a mail server.
type Target struct {
	Name string // the MX host: A-labels, lower case, no final dot; for SNI, certificate, exclusions and mandate
	Addr netip.Addr
}

// visit is the measurement of one target.
type visit struct {
	*Prober
	target  Target
	addr    netip.AddrPort
	subject *egress.Subject
	talk    *Dialogue
}

// Probe measures one address of a mail server. What could not be seen says why; the
// chains are those that its TLS facts refer to.
func (p *Prober) Probe(ctx context.Context, t Target) (fact.MailHost, []fact.Chain) {
	begin := time.Now()
	v := &visit{Prober: p, target: t, addr: netip.AddrPortFrom(t.Addr, Port), subject: p.c.Egress.Subject(t.Name)}
	h := fact.MailHost{Addr: t.Addr, At: p.c.Now().UTC()}
	var chains []fact.Chain
	var first *egress.Conn
	if first, h.Port25 = v.reach(ctx); h.Port25.Open() {
		conn, ready := v.first(ctx, first)
		h.SMTP = v.talk.SMTP
		if !p.c.NoTLS {
			h.TLS, chains = v.tls(ctx, conn, ready)
		} else if ready {
			_ = conn.Close()
		}
		v.injection(ctx, &h)
	}
	c := v.subject.Cost()
	h.Cost = fact.Cost{
		Connections: c.Connections, Queries: c.Queries, BytesIn: c.BytesIn, BytesOut: c.BytesOut,
		Seconds: float64(time.Since(begin).Round(time.Millisecond)) / float64(time.Second),
	}
	return h, chains
}

// reach finds out whether port 25 answers, by the rule of catalogue A.2, and returns the
// connection made for that; there is none when somebody else found out.
func (v *visit) reach(ctx context.Context) (*egress.Conn, fact.Reach) {
	var mu sync.Mutex
	var conn *egress.Conn
	r := v.c.Reach.Reach(ctx, reach.Port{Net: "tcp", Addr: v.addr}, func(ctx context.Context) error {
		c, err := v.subject.DialTCP(ctx, v.addr)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if conn == nil {
			conn = c
		} else {
			_ = c.Close()
		}
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	if conn != nil && !r.Open() {
		_ = conn.Close()
		conn = nil
	}
	return conn, r
}

// first has the first dialogue. A server that does not answer or breaks off is asked once
// more. So is one that was slow: those that make strangers wait let the same guest in at
// once the second time.
func (v *visit) first(ctx context.Context, conn *egress.Conn) (*egress.Conn, bool) {
	v.talk = NewDialogue("", v.c.Patience)
	for try := range 2 {
		if conn == nil {
			c, err := v.subject.DialTCP(ctx, v.addr)
			if err != nil {
				if v.talk.SMTP.Gap == "" { // else the first try says more
					v.talk.SMTP.Gap = v.dialGap(ctx, err)
					v.talk.SMTP.Offered.Gap = v.talk.SMTP.Gap
				}
				return nil, false
			}
			conn = c
		}
		if v.talk.name == "" {
			v.talk.name = v.c.Names.Name(ctx, local(conn))
		}
		stop := conn.CloseWith(ctx)
		ready := v.talk.First(ctx, conn)
		stop()
		s := v.talk.SMTP
		switch {
		case try > 0 || ctx.Err() != nil:
			return conn, ready
		case ready && s.Slow:
			(&session{conn: conn, patience: v.c.Patience}).cancel()
		case s.Gap != fact.GapTimeout && s.Gap != fact.GapBlocked || s.State == fact.SMTPRefused:
			return conn, ready
		case v.c.Wait(ctx, v.c.Patience.Pause) != nil:
			return conn, false
		}
		conn = nil
	}
	return nil, false // not reached: the second try returns
}

// dialGap says why a further connection did not come about: after a first one, that is
// never the server's answer (catalogue A.2).
func (v *visit) dialGap(ctx context.Context, err error) fact.Gap {
	if g := gapOf(ctx, err); g != fact.GapTimeout {
		return g
	}
	return fact.GapBlocked
}

// local is our end of a connection.
func local(c net.Conn) netip.Addr {
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// tls asks what TLS the server speaks, beginning on a connection that stands where it
// begins.
func (v *visit) tls(ctx context.Context, conn *egress.Conn, ready bool) (*fact.TLS, []fact.Chain) {
	s := v.talk.SMTP
	if !ready {
		return v.withoutTLS(), nil
	}
	plan := v.c.Plan
	if s.Slow {
		plan = *v.c.Slow
	}
	key := reach.Port{Net: "starttls", Addr: v.addr}
	t, chains := v.c.TLS.Probe(ctx, tlsprobe.Target{
		Addr: v.addr, ServerName: v.target.Name, Subject: v.subject, Via: "smtp", Parallel: 1,
		Start: v.talk.Start, Ready: conn, Goodbye: "QUIT\r\n", Reached: v.c.Reach.Reached(key),
		ALPN: []string{}, // SMTP has no protocol name (RFC 7301)
	}, plan)
	switch {
	case t.Working.Yes():
		v.c.Reach.Answered(key)
	case t.Working.No() && !v.c.Reach.ControlOf(v.addr):
		t.Working = fact.Observed{Gap: fact.GapOurNetwork} // catalogue A.2 (b)
	}
	if s.Slow {
		slow(t)
	}
	return t, chains
}

// withoutTLS are the TLS facts of a server on which TLS was never begun: declined when it
// offers STARTTLS and turns it away for good, nil when it does not offer it.
func (v *visit) withoutTLS() *fact.TLS {
	s := v.talk.SMTP
	t := &fact.TLS{Addr: v.addr, ServerName: v.target.Name, Via: "smtp"}
	switch {
	case s.Offered.No():
		return nil
	case s.Offered.Yes() && s.STARTTLS != nil && s.STARTTLS.Code/100 == 5:
		t.Working = fact.Observed{Answer: fact.Declined}
	default:
		t.Working = fact.Observed{Gap: s.Gap}
	}
	fill(t, t.Working.Gap)
	return t
}

// slow says that what was left out, or came to nothing for want of time, is for the
// slowness of the server.
func slow(t *fact.TLS) {
	for g := range gaps(t) {
		if *g == fact.GapNotAsked || *g == fact.GapBudget {
			*g = fact.GapSlow
		}
	}
}

// fill gives every observation of facts that nobody made its reason.
func fill(t *fact.TLS, gap fact.Gap) {
	if gap == "" {
		gap = fact.GapNotAsked
	}
	for g := range gaps(t) {
		if *g == "" && g != &t.Working.Gap {
			*g = gap
		}
	}
}

// gaps are all places of TLS facts where a reason may stand.
func gaps(t *fact.TLS) func(yield func(*fact.Gap) bool) {
	return func(yield func(*fact.Gap) bool) {
		all := []*fact.Gap{
			&t.Working.Gap, &t.KexHashSHA1.Gap, &t.KexHashSHA224.Gap, &t.KexHashSHA2.Gap, &t.Compression.Gap,
			&t.SecureRenegotiation.Gap, &t.ExtendedMasterSecret.Gap, &t.FallbackSCSV.Gap, &t.Heartbeat.Gap,
			&t.ClientRenegotiation.Gap, &t.EarlyData.Gap, &t.OCSP.Stapled.Gap,
		}
		if t.NoSNI != nil {
			all = append(all, &t.NoSNI.Gap)
		}
		for i := range t.Versions {
			all = append(all, &t.Versions[i].Gap)
		}
		for i := range t.Suites {
			all = append(all, &t.Suites[i].Gap, &t.Suites[i].ServerPreference.Gap)
		}
		for i := range t.Groups {
			all = append(all, &t.Groups[i].Gap)
		}
		for i := range t.Order {
			all = append(all, &t.Order[i].Gap)
		}
		for _, g := range all {
			if !yield(g) {
				return
			}
		}
	}
}
