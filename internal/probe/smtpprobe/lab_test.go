package smtpprobe

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"peil/internal/fact"
	"peil/internal/lab/maillab"
	labpki "peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
	"peil/internal/probe/tlsprobe"
)

// labServer plays a mail server of the lab, which is built apart from this package.
func labServer(t *testing.T, p maillab.Profile) (*maillab.Server, netip.AddrPort) {
	t.Helper()
	a, err := labpki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	tls, err := tlslab.NewServer(a, func(netip.AddrPort, string) (tlslab.Identity, bool) {
		return tlslab.Identity{Name: mxName, Profile: &tlslab.Profile{}}, true
	})
	if err != nil {
		t.Fatal(err)
	}
	s := maillab.NewServer(tls, func(netip.AddrPort) (maillab.Identity, bool) {
		return maillab.Identity{Name: mxName, Profile: &p}, true
	})
	ctx, cancel := context.WithCancel(t.Context())
	addr := listen(t, func(c net.Conn) { s.Serve(ctx, c) })
	t.Cleanup(cancel) // before listen waits for the connections to end
	return s, addr
}

func TestServersOfTheLab(t *testing.T) {
	yes, no := fact.Observed{Answer: fact.Accepted}, fact.Observed{Answer: fact.Declined}
	gap := func(g fact.Gap) fact.Observed { return fact.Observed{Gap: g} }
	const (
		malformed, timeout, blocked = fact.GapMalformed, fact.GapTimeout, fact.GapBlocked
		ready                       = fact.SMTPReady
	)
	good := wants{ready, "", yes, "", 0, 220, "yes", 0}
	starttls := func(s maillab.STARTTLS) maillab.Profile { return maillab.Profile{STARTTLS: s} }
	torment := func(s maillab.Torment) maillab.Profile { return maillab.Profile{Torment: s} }
	for name, x := range map[string]struct {
		p maillab.Profile
		w wants
	}{
		"perfect":            {maillab.Profile{}, good},
		"bare LF":            {maillab.Profile{BareLF: true}, good},
		"absent":             {starttls(maillab.NoTLS), wants{ready, "", no, "", 0, 500, "none", 0}},
		"hidden":             {starttls(maillab.HiddenTLS), wants{ready, "", no, "answered", 0, 220, "none", 0}},
		"stripped":           {starttls(maillab.StrippedTLS), wants{ready, "", no, "keyword XXXXXXXA", 0, 500, "none", 0}},
		"454":                {starttls(maillab.TemporaryTLS), wants{ready, fact.GapTemporary, yes, "", 0, 454, "temporary", 0}},
		"refused":            {starttls(maillab.RefusedTLS), wants{ready, "", yes, "", 0, 554, "no", 0}},
		"unknown":            {starttls(maillab.UnknownTLS), wants{ready, "", yes, "", 0, 500, "no", 0}},
		"injects":            {starttls(maillab.InjectsTLS), wants{ready, malformed, yes, "", 0, 220, "malformed", 0}},
		"lower case":         {starttls(maillab.LowerCaseTLS), good},
		"parameter":          {starttls(maillab.ParameterTLS), good},
		"ready in lines":     {starttls(maillab.MultilineReadyS), good},
		"another code":       {starttls(maillab.OtherCodeTLS), wants{ready, malformed, yes, "", 0, 250, "malformed", 0}},
		"required":           {starttls(maillab.RequiredTLS), good},
		"offered twice":      {starttls(maillab.OfferedTwice), good},
		"closes":             {starttls(maillab.ClosesOnCommand), wants{ready, blocked, yes, "", 0, 0, "blocked", 0}},
		"resets":             {starttls(maillab.ResetsOnCommand), wants{ready, blocked, yes, "", 0, 0, "blocked", 0}},
		"no space":           {starttls(maillab.NoSpaceTLS), wants{ready, "", no, "", 0, 500, "none", 0}},
		"in the greeting":    {starttls(maillab.InTextTLS), wants{ready, "", no, "", 0, 500, "none", 0}},
		"closed after 220":   {starttls(maillab.ClosedAfterTLS), wants{ready, "", yes, "", 0, 220, "no", 0}},
		"silent after 220":   {starttls(maillab.SilentAfterTLS), wants{ready, "", yes, "", 0, 220, "timeout", 0}},
		"HELO alone":         {maillab.Profile{HELOOnly: true, STARTTLS: maillab.NoTLS}, wants{ready, "", no, "", 0, 500, "none", 0}},
		"never greets":       {torment(maillab.NeverGreets), wants{"", timeout, gap(timeout), "", 0, 0, "timeout", 0}},
		"drips":              {torment(maillab.Drip), wants{"", timeout, gap(timeout), "", 0, 0, "timeout", 0}},
		"flood":              {torment(maillab.Flood), wants{"", malformed, gap(malformed), "", 220, 0, "malformed", 0}},
		"endless line":       {torment(maillab.EndlessLine), wants{"", malformed, gap(malformed), "", 0, 0, "malformed", 0}},
		"many lines":         {torment(maillab.ManyLines), wants{"", malformed, gap(malformed), "", 250, 0, "malformed", 0}},
		"EHLO without end":   {torment(maillab.EndlessEHLO), wants{"", malformed, gap(malformed), "", 250, 0, "malformed", 0}},
		"speaks after QUIT":  {torment(maillab.SpeaksAfterQuit), good},
		"no answer to QUIT":  {torment(maillab.NoQuit), good},
		"codes that differ":  {torment(maillab.CodeMismatch), wants{"", malformed, gap(malformed), "", 220, 0, "malformed", 0}},
		"lines without code": {torment(maillab.NoCode), wants{fact.SMTPNone, malformed, gap(malformed), "", 0, 0, "malformed", 0}},
		"code 999":           {torment(maillab.OddCode), wants{fact.SMTPNone, malformed, gap(malformed), "", 0, 0, "malformed", 0}},
		"half a line":        {torment(maillab.CutLine), wants{"", blocked, gap(blocked), "", 0, 0, "blocked", 0}},
		"closes at once":     {torment(maillab.ClosesAtOnce), wants{"", blocked, gap(blocked), "", 0, 0, "blocked", 0}},
		"resets at once":     {torment(maillab.ResetsAtOnce), wants{"", blocked, gap(blocked), "", 0, 0, "blocked", 0}},
		"closes at EHLO":     {torment(maillab.ClosesAtEHLO), wants{"", blocked, gap(blocked), "", 0, 0, "blocked", 0}},
		"resets at EHLO":     {torment(maillab.ResetsAtEHLO), wants{"", blocked, gap(blocked), "", 0, 0, "blocked", 0}},
		"silent at EHLO":     {torment(maillab.SilentAtEHLO), wants{"", timeout, gap(timeout), "", 0, 0, "timeout", 0}},
		"SSH":                {torment(maillab.SpeaksSSH), wants{fact.SMTPNone, malformed, gap(malformed), "", 0, 0, "malformed", 0}},
		"HTTP":               {torment(maillab.SpeaksHTTP), wants{"", timeout, gap(timeout), "", 0, 0, "timeout", 0}},
		"TLS at once":        {torment(maillab.SpeaksTLS), wants{"", timeout, gap(timeout), "", 0, 0, "timeout", 0}},
		"closes after TLS":   {torment(maillab.ClosesAfterTLS), good},
		"silent after TLS":   {torment(maillab.SilentAfterBoth), good},
		"flood after TLS":    {torment(maillab.FloodAfterTLS), good},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := labServer(t, x.p)
			plan := tlsprobe.Plan{Versions: []fact.Version{fact.TLS12, fact.TLS13}, Suites: []fact.Suite{}, Groups: []fact.Group{}, Ask: tlsprobe.AskEarlyData | tlsprobe.AskRenegotiation}
			h, _ := probe(t, addr, setting{plan: plan, timeout: 500 * time.Millisecond, patience: Patience{Greeting: 700 * time.Millisecond, Answer: 700 * time.Millisecond, Leave: 200 * time.Millisecond}})
			x.w.check(t, h, nil)
			for _, verb := range []string{"MAIL", "RCPT", "DATA", "AUTH", "NOOP"} {
				if n := s.Commands()[verb]; n > 0 {
					t.Errorf("%d times %s", n, verb)
				}
			}
			if h.Cost.BytesIn > 1<<20 {
				t.Errorf("took %d bytes in", h.Cost.BytesIn)
			}
		})
	}
}
