package smtpprobe

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
)

func TestAGoodServerOfSomebodyElsesMakingInFewConnections(t *testing.T) {
	h, chains := probe(t, goSMTP(t, goodTLS()), setting{})
	s := h.SMTP
	if !h.Port25.Open() || s.State != fact.SMTPReady || s.Gap != "" || !s.Offered.Yes() || s.Slow {
		t.Errorf("SMTP %+v", s)
	}
	if s.Greeting.Code != 220 || s.EHLO.Code != 250 || s.STARTTLS.Code != 220 || s.STARTTLS.Enhanced != "2.0.0" {
		t.Errorf("replies %+v %+v %+v", s.Greeting, s.EHLO, s.STARTTLS)
	}
	if !slices.Contains(s.Keywords, "STARTTLS") || !slices.Contains(s.Keywords, "PIPELINING") || !slices.IsSorted(s.Keywords) {
		t.Errorf("keywords %v", s.Keywords)
	}
	if h.TLS.Via != "smtp" || !h.TLS.Working.Yes() || len(chains) != 1 || !chains[0].Trust.Trusted {
		t.Errorf("TLS %+v, chains %+v", h.TLS.Working, chains)
	}
	if v := h.TLS.Versions[len(h.TLS.Versions)-2:]; !v[0].Yes() || !v[1].Yes() {
		t.Errorf("versions %+v", h.TLS.Versions)
	}
	if !h.TLS.ClientRenegotiation.No() || !h.TLS.EarlyData.No() || !h.TLS.EarlyData.Ticket {
		t.Errorf("renegotiation %+v, early data %+v", h.TLS.ClientRenegotiation, h.TLS.EarlyData)
	}
	if s.Injection.Gap != fact.GapMandate {
		t.Errorf("injection %+v", s.Injection)
	}
	if h.Cost.Connections > 25 || h.Cost.Connections != h.TLS.Connections {
		t.Errorf("%d connections, %d of them for TLS", h.Cost.Connections, h.TLS.Connections)
	}
	t.Logf("%d connections, %d bytes in, %d out", h.Cost.Connections, h.Cost.BytesIn, h.Cost.BytesOut)
	if b, err := json.Marshal(h); err != nil || !strings.Contains(string(b), `"state":"ready"`) {
		t.Errorf("%s %v", b, err)
	}
}

// Whatever is asked, a session ends as it should: QUIT in plain text and after a
// finished handshake, alerts where a hello was cut short.
func TestManners(t *testing.T) {
	f := &fake{cfg: goodTLS()}
	h, _ := probe(t, f.listen(t), setting{})
	if !h.TLS.Working.Yes() {
		t.Fatal("TLS does not work")
	}
	if f.count("TLS:QUIT") == 0 {
		t.Error("no QUIT after a finished handshake")
	}
	if f.count("alert") == 0 {
		t.Error("no hello that was cut short ended with alerts")
	}
	if a, b := f.count("EHLO"), f.count("STARTTLS"); a != f.connections() || b != f.connections() {
		t.Errorf("%d EHLO and %d STARTTLS on %d connections", a, b, f.connections())
	}
	if f.connections() > 25 {
		t.Errorf("%d connections", f.connections())
	}
}

// wants are the facts of a dialogue that a case expects.
type wants struct {
	state    fact.SMTPState
	gap      fact.Gap
	offered  fact.Observed
	stripped string
	refusal  int // code
	starttls int
	tls      string // "none" no facts, "yes", "no", or the gap of Working
	quits    int    // of a fake: how many QUIT in plain text at least
}

func (w wants) check(t *testing.T, h fact.MailHost, f *fake) {
	t.Helper()
	s := h.SMTP
	if s == nil {
		t.Fatalf("no SMTP facts; %+v", h.Port25)
	}
	if s.State != w.state || s.Gap != w.gap || s.Offered != w.offered || s.Stripped != w.stripped {
		t.Errorf("state %q gap %q offered %+v stripped %q", s.State, s.Gap, s.Offered, s.Stripped)
	}
	code := func(r *fact.Reply) int {
		if r == nil {
			return 0
		}
		return r.Code
	}
	if code(s.Refusal) != w.refusal || code(s.STARTTLS) != w.starttls {
		t.Errorf("refusal %+v, STARTTLS %+v", s.Refusal, s.STARTTLS)
	}
	got := "none"
	if h.TLS != nil {
		switch got = string(h.TLS.Working.Gap); {
		case h.TLS.Working.Yes():
			got = "yes"
		case h.TLS.Working.No():
			got = "no"
		}
		for g := range gaps(h.TLS) {
			if got != "yes" && got != "no" && *g == "" && g != &h.TLS.Working.Gap {
				t.Error("an observation without a reason for missing it")
				break
			}
		}
	}
	if got != w.tls {
		t.Errorf("TLS %q, want %q", got, w.tls)
	}
	if f != nil && f.count("QUIT") < w.quits {
		t.Errorf("%d QUIT, want %d; heard %q", f.count("QUIT"), w.quits, f.heard)
	}
}

func TestEveryStateOfADialogue(t *testing.T) {
	yes, no := fact.Observed{Answer: fact.Accepted}, fact.Observed{Answer: fact.Declined}
	gap := func(g fact.Gap) fact.Observed { return fact.Observed{Gap: g} }
	ready := fact.SMTPReady
	for name, x := range map[string]struct {
		f *fake
		w wants
	}{
		"good": {&fake{}, wants{ready, "", yes, "", 0, 220, "yes", 0}},
		"bare LF": {
			&fake{greeting: "220 hello\n", ehlo: "250-hi\n250 starttls\n", starttls: "220 go\n"},
			wants{ready, "", yes, "", 0, 220, "yes", 0},
		},
		"code alone":         {&fake{greeting: "220\r\n", starttls: "220\r\n"}, wants{ready, "", yes, "", 0, 220, "yes", 0}},
		"greylisting":        {&fake{greeting: "450 4.7.1 Greylisted\r\n"}, wants{fact.SMTPTemporary, fact.GapTemporary, gap(fact.GapTemporary), "", 450, 0, "temporary", 1}},
		"421 in greeting":    {&fake{greeting: "421 too busy\r\n"}, wants{fact.SMTPTemporary, fact.GapTemporary, gap(fact.GapTemporary), "", 421, 0, "temporary", 1}},
		"421 to EHLO":        {&fake{ehlo: "421 4.3.2 closing\r\n"}, wants{fact.SMTPTemporary, fact.GapTemporary, gap(fact.GapTemporary), "", 421, 0, "temporary", 1}},
		"554 in greeting":    {&fake{greeting: "554 5.7.1 not you\r\n"}, wants{fact.SMTPRefused, fact.GapBlocked, gap(fact.GapBlocked), "", 554, 0, "blocked", 1}},
		"5xx to all":         {&fake{ehlo: "550 no\r\n", helo: "550 no\r\n"}, wants{fact.SMTPRefused, fact.GapBlocked, gap(fact.GapBlocked), "", 550, 0, "blocked", 1}},
		"another greeting":   {&fake{greeting: "250 odd\r\n"}, wants{fact.SMTPNone, fact.GapMalformed, gap(fact.GapMalformed), "", 250, 0, "malformed", 1}},
		"no SMTP":            {&fake{greeting: "SSH-2.0-OpenSSH_9.2\r\n"}, wants{fact.SMTPNone, fact.GapMalformed, gap(fact.GapMalformed), "", 0, 0, "malformed", 0}},
		"an alert of TLS":    {&fake{greeting: "\x15\x03\x01\x00\x02\x02\x0a\n"}, wants{fact.SMTPNone, fact.GapMalformed, gap(fact.GapMalformed), "", 0, 0, "malformed", 0}},
		"mixed codes":        {&fake{greeting: "220-a\r\n421 b\r\n"}, wants{"", fact.GapMalformed, gap(fact.GapMalformed), "", 220, 0, "malformed", 1}},
		"mixed codes later":  {&fake{ehlo: "250-a\r\n250-STARTTLS\r\n550 b\r\n"}, wants{"", fact.GapMalformed, gap(fact.GapMalformed), "", 250, 0, "malformed", 1}},
		"EHLO without end":   {&fake{ehlo: strings.Repeat("250-X-FLOOD\r\n", 10000)}, wants{"", fact.GapMalformed, gap(fact.GapMalformed), "", 250, 0, "malformed", 0}},
		"a line without end": {&fake{greeting: "220 " + strings.Repeat("x", 1<<20)}, wants{"", fact.GapMalformed, gap(fact.GapMalformed), "", 0, 0, "malformed", 0}},
		"a lie about SIZE": {
			&fake{ehlo: "250-hi\r\n250-SIZE -99999999999999999999999\r\n250 STARTTLS\r\n"},
			wants{ready, "", yes, "", 0, 220, "yes", 0},
		},
		"no STARTTLS":         {&fake{ehlo: "250-hi\r\n250 SIZE\r\n", starttls: "502 5.5.1 what\r\n"}, wants{ready, "", no, "", 0, 502, "none", 1}},
		"454":                 {&fake{starttls: "454 4.7.0 TLS not available\r\n"}, wants{ready, fact.GapTemporary, yes, "", 0, 454, "temporary", 1}},
		"offered and refused": {&fake{starttls: "554 5.7.3 no\r\n"}, wants{ready, "", yes, "", 0, 554, "no", 1}},
		"odd answer":          {&fake{starttls: "250 fine\r\n"}, wants{ready, fact.GapMalformed, yes, "", 0, 250, "malformed", 1}},
		"keyword overwritten": {
			&fake{ehlo: "250-hi\r\n250-XXXXXXXA\r\n250 SIZE\r\n", starttls: "500 5.5.1 unknown: \"XXXXXXXX\"\r\n"},
			wants{ready, "", no, "keyword XXXXXXXA", 0, 500, "none", 1},
		},
		"command overwritten": {
			&fake{ehlo: "250-hi\r\n250 SIZE\r\n", starttls: "500 5.5.1 unknown: \"XXXXXXXX\"\r\n"},
			wants{ready, "", no, "command XXXXXXXX", 0, 500, "none", 1},
		},
		"not offered and answered": {&fake{ehlo: "250 hi\r\n"}, wants{ready, "", no, "answered", 0, 220, "none", 0}},
		"HELO alone":               {&fake{ehlo: "502 what\r\n", starttls: "500 what\r\n"}, wants{ready, "", no, "", 0, 500, "none", 1}},
		"HELO alone, TLS":          {&fake{ehlo: "502 what\r\n"}, wants{ready, "", yes, "helo", 0, 220, "yes", 0}},
		"plain text behind STARTTLS": {
			&fake{starttls: "220 go\r\n250 injected\r\n"}, wants{ready, fact.GapMalformed, yes, "", 0, 220, "malformed", 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := probe(t, x.f.listen(t), setting{plan: tlsprobe.Plan{Versions: []fact.Version{fact.TLS12, fact.TLS13}, Suites: []fact.Suite{}, Groups: []fact.Group{}}})
			x.w.check(t, h, x.f)
		})
	}
}

// A server that ends the connection at some step is asked once more, and then it is not
// measured.
func TestAServerThatBreaksOffIsAskedAgain(t *testing.T) {
	for step, after := range map[string]int{"greeting": 0, "EHLO": 1, "STARTTLS": 2} {
		t.Run(step, func(t *testing.T) {
			cut := after
			f := &fake{}
			var tries atomic.Int32
			addr := listen(t, func(c netConn) {
				tries.Add(1)
				replies := []string{"220 hi\r\n", "250-hi\r\n250 STARTTLS\r\n", ""}
				buf := make([]byte, 512)
				for _, r := range replies[:cut] {
					if _, err := c.Write([]byte(r)); err != nil {
						return
					}
					if _, err := c.Read(buf); err != nil {
						return
					}
				}
			})
			h, _ := probe(t, addr, setting{})
			w := wants{gap: fact.GapBlocked, offered: fact.Observed{Gap: fact.GapBlocked}, tls: "blocked"}
			if cut == 2 {
				w.state, w.offered = fact.SMTPReady, fact.Observed{Answer: fact.Accepted}
			}
			w.check(t, h, f)
			if n := tries.Load(); n != 2 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// A server that puts us off after some connections is asked once more after a pause, and
// then left alone. What was accepted until then stays; nothing is called declined that a
// later hello does not vouch for.
func TestPutOffAfterSomeConnections(t *testing.T) {
	truth, _ := probe(t, (&fake{}).listen(t), setting{})
	for _, n := range []int{1, 2, 5, 9} {
		f := &fake{late: func(k int) string {
			if k > n {
				return "421 4.7.0 too many connections\r\n"
			}
			return ""
		}}
		h, _ := probe(t, f.listen(t), setting{})
		if f.connections() != n+2 {
			t.Errorf("after %d: %d connections", n, f.connections())
		}
		if h.SMTP.State != fact.SMTPReady || h.SMTP.Refusal == nil || h.SMTP.Refusal.Code != 421 {
			t.Errorf("after %d: %+v", n, h.SMTP)
		}
		for i, v := range h.TLS.Versions {
			if v.Answer != "" && v.Answer != truth.TLS.Versions[i].Answer {
				t.Errorf("after %d: %s %+v", n, v.Version, v.Observed)
			}
		}
		for _, x := range []fact.Observed{h.TLS.KexHashSHA1, h.TLS.EarlyData.Observed, h.TLS.Compression} {
			if x.Missing() && x.Gap != fact.GapTemporary && x.Gap != fact.GapBlocked {
				t.Errorf("after %d: %+v", n, x)
			}
		}
	}
}

// One connection in between that is put off does no harm.
func TestPutOffOnce(t *testing.T) {
	truth, _ := probe(t, (&fake{}).listen(t), setting{})
	f := &fake{late: func(k int) string {
		if k == 4 {
			return "421 not now\r\n"
		}
		return ""
	}}
	h, _ := probe(t, f.listen(t), setting{})
	a, _ := json.Marshal(h.TLS.Suites)
	b, _ := json.Marshal(truth.TLS.Suites)
	if string(a) != string(b) || h.TLS.Connections != truth.TLS.Connections+1 {
		t.Errorf("%s\n%s, %d connections", a, b, h.TLS.Connections)
	}
}

func TestInjectionNeedsAMandate(t *testing.T) {
	m, err := egress.ParseMandate([]byte("who = \"A\"\nauthority = \"B\"\nuntil = 2100-01-01\nnames = [\"" + mxName + "\"]"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := egress.ParseMandate([]byte("who = \"A\"\nauthority = \"B\"\nuntil = 2100-01-01\nnames = [\"mx.other.test\"]"))
	if err != nil {
		t.Fatal(err)
	}
	plan := tlsprobe.Plan{Versions: []fact.Version{fact.TLS12, fact.TLS13}, Suites: []fact.Suite{}, Groups: []fact.Group{}}
	old := goodTLS()
	old.MaxVersion = tls.VersionTLS12
	for name, x := range map[string]struct {
		f    *fake
		m    *egress.Mandate
		want fact.Observed
		noop int
	}{
		"obeys":           {&fake{obeys: true}, m, fact.Observed{Answer: fact.Accepted}, 1},
		"obeys, TLS 1.2":  {&fake{obeys: true, cfg: old}, m, fact.Observed{Answer: fact.Accepted}, 1},
		"throws away":     {&fake{}, m, fact.Observed{Answer: fact.Declined}, 0},
		"no mandate":      {&fake{obeys: true}, nil, fact.Observed{Gap: fact.GapMandate}, 0},
		"another's":       {&fake{obeys: true}, other, fact.Observed{Gap: fact.GapMandate}, 0},
		"no STARTTLS":     {&fake{ehlo: "250 hi\r\n", starttls: "502 no\r\n"}, m, fact.Observed{Gap: fact.GapNotAsked}, 0},
		"no TLS for now":  {&fake{starttls: "454 no\r\n"}, m, fact.Observed{Gap: fact.GapTemporary}, 0},
		"answers at once": {&fake{chatty: true}, m, fact.Observed{Answer: fact.Declined}, 0},
		"turns it away":   {&fake{strict: true}, m, fact.Observed{Answer: fact.Declined}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := probe(t, x.f.listen(t), setting{mandate: x.m, plan: plan})
			if h.SMTP.Injection != x.want {
				t.Errorf("%+v, want %+v", h.SMTP.Injection, x.want)
			}
			if n := x.f.count("TLS:NOOP"); n != x.noop {
				t.Errorf("%d NOOP obeyed", n)
			}
		})
	}
}

// A server that makes strangers wait once is measured in full; one that always does, only
// as far as a verdict depends on it.
func TestSlowGreetings(t *testing.T) {
	few := tlsprobe.Plan{Versions: []fact.Version{fact.TLS12}, Suites: []fact.Suite{}, Groups: []fact.Group{}}
	slowly := func(first bool) *fake {
		return &fake{late: func(k int) string {
			if k == 1 || !first {
				<-time.After(60 * time.Millisecond)
			}
			return ""
		}}
	}
	p := Patience{Slow: 30 * time.Millisecond}
	f := slowly(true)
	h, _ := probe(t, f.listen(t), setting{patience: p, slow: &few})
	if h.SMTP.Slow || !h.TLS.KexHashSHA1.No() {
		t.Errorf("the first time alone: slow %v, %+v", h.SMTP.Slow, h.TLS.KexHashSHA1)
	}
	f = slowly(false)
	h, _ = probe(t, f.listen(t), setting{patience: p, slow: &few})
	if !h.SMTP.Slow || !h.TLS.Working.Yes() || h.TLS.KexHashSHA1.Gap != fact.GapSlow || h.TLS.EarlyData.Gap != fact.GapSlow {
		t.Errorf("always: slow %v, %+v", h.SMTP.Slow, h.TLS.KexHashSHA1)
	}
	if f.connections() > 6 {
		t.Errorf("%d connections to a slow server", f.connections())
	}
}

// What speaks no TLS after STARTTLS has no working TLS, if some other mail server showed
// that port 25 works from here.
func TestNoTLSBehindSTARTTLS(t *testing.T) {
	for name, behind := range map[string]func(netConn){
		"garbage": func(c netConn) {
			buf := make([]byte, 4096)
			_, _ = c.Read(buf)
			_, _ = c.Write([]byte("500 5.5.1 what is that\r\n"))
			drain(c)
		},
		"end": func(netConn) {},
		"alert": func(c netConn) {
			buf := make([]byte, 4096)
			_, _ = c.Read(buf)
			_, _ = c.Write([]byte{21, 3, 1, 0, 2, 2, 40})
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, alone := range []bool{false, true} {
				f := &fake{behind: behind}
				h, _ := probe(t, f.listen(t), setting{alone: alone})
				want := fact.Observed{Answer: fact.Declined}
				if alone {
					want = fact.Observed{Gap: fact.GapOurNetwork}
				}
				if h.TLS.Working != want {
					t.Errorf("alone %v: %+v", alone, h.TLS.Working)
				}
			}
		})
	}
}

// Exim takes half a second to leave a handshake that failed, and counts that as a
// connection: we wait for it.
func TestAServerThatIsSlowToLeaveHasOneConnectionAtATime(t *testing.T) {
	f := &fake{dawdle: true}
	h, _ := probe(t, f.listen(t), setting{plan: tlsprobe.Plan{Versions: []fact.Version{fact.TLS12, fact.TLS13}}})
	f.mu.Lock()
	defer f.mu.Unlock()
	if !h.TLS.Working.Yes() || f.busy > 1 || f.conns < 10 {
		t.Errorf("%d connections, %d at a time", f.conns, f.busy)
	}
}

func TestAPortThatRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := netip.MustParseAddrPort(l.Addr().String())
	l.Close()
	for _, alone := range []bool{true, false} {
		h, _ := probe(t, closed, setting{alone: alone})
		if h.SMTP != nil || h.TLS != nil || h.Port25.Dead() == alone || alone && h.Port25.Gap != fact.GapOurNetwork {
			t.Errorf("alone %v: %+v", alone, h.Port25)
		}
	}
	p := setting{}.prober(t, closed)
	h, _ := p.Probe(t.Context(), Target{Name: mxName, Addr: otherAddr})
	if h.Port25.Gap != fact.GapUnmapped || h.SMTP != nil || h.TLS != nil {
		t.Errorf("%+v", h)
	}
}

// The server of OpenSSL behind a dialogue of ours costs no more connections than on the
// web, and hears QUIT after handshakes on TLS 1.2 and 1.3.
func TestOpenSSLBehindSTARTTLS(t *testing.T) {
	tls := openssl(t)
	f := &fake{}
	f.behind = func(c netConn) {
		s, err := net.Dial("tcp", tls.addr.String())
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		go func() { _, _ = io.Copy(s, c); _ = s.(*net.TCPConn).CloseWrite() }()
		_, _ = io.Copy(c, s)
	}
	h, _ := probe(t, f.listen(t), setting{})
	if !h.TLS.Working.Yes() || !h.TLS.ClientRenegotiation.No() || h.TLS.ClientRenegotiation.Tries != 1 {
		t.Errorf("%+v %+v", h.TLS.Working, h.TLS.ClientRenegotiation)
	}
	if n := f.connections(); n > 20 || n != h.Cost.Connections {
		t.Errorf("%d connections, %d counted", n, h.Cost.Connections)
	}
	t.Logf("%d connections, %d bytes in, %d bytes out", h.Cost.Connections, h.Cost.BytesIn, h.Cost.BytesOut)
	if n := strings.Count(tls.output(), "QUIT"); n < 2 {
		t.Errorf("%d QUIT heard", n)
	}
}
