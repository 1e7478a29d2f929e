package tlsprobe

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peil/internal/fact"
)

// handshake serves a connection with crypto/tls and waits for its end.
func handshake(c net.Conn, cfg *tls.Config) {
	s := tls.Server(c, cfg)
	if s.Handshake() == nil {
		_, _ = s.Read(make([]byte, 1))
	}
}

func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// notWorse checks that facts claim nothing about a server that the truth denies: what
// could not be seen is not measured, and nothing else.
func notWorse(t *testing.T, about string, truth, f *fact.TLS) {
	t.Helper()
	if !f.Working.Yes() {
		t.Errorf("%s: working %+v", about, f.Working)
	}
	for i, v := range f.Versions {
		if !v.Missing() && v.Answer != truth.Versions[i].Answer {
			t.Errorf("%s: %s %+v, in truth %+v", about, v.Version, v.Observed, truth.Versions[i].Observed)
		}
	}
	for _, set := range truth.Suites {
		for _, s := range set.Accepted {
			if claims(f, set.Version, s) == fact.Declined {
				t.Errorf("%s: %s %s called declined", about, set.Version, s)
			}
		}
	}
	for _, set := range truth.Groups {
		for _, g := range set.Accepted {
			if claimsGroup(f, set.Version, g) == fact.Declined {
				t.Errorf("%s: %s %s called declined", about, set.Version, g)
			}
		}
	}
	for _, x := range []struct {
		what string
		a, b fact.Observed
	}{
		{"renegotiation", f.ClientRenegotiation.Observed, truth.ClientRenegotiation.Observed},
		{"SHA-1", f.KexHashSHA1, truth.KexHashSHA1},
		{"EMS", f.ExtendedMasterSecret, truth.ExtendedMasterSecret},
		{"secure renegotiation", f.SecureRenegotiation, truth.SecureRenegotiation},
		{"early data", f.EarlyData.Observed, truth.EarlyData.Observed},
		{"compression", f.Compression, truth.Compression},
	} {
		if !x.a.Missing() && x.a != x.b {
			t.Errorf("%s: %s %+v, in truth %+v", about, x.what, x.a, x.b)
		}
	}
}

// same checks that nothing is missing either.
func same(t *testing.T, about string, truth, f *fact.TLS) {
	t.Helper()
	notWorse(t, about, truth, f)
	if a, b := versions(f), versions(truth); a != b {
		t.Errorf("%s: %s, in truth %s", about, a, b)
	}
	for _, set := range truth.Suites {
		if a, b := suites(f, set.Version), suites(truth, set.Version); !slices.Equal(a, b) {
			t.Errorf("%s: %s %v, in truth %v", about, set.Version, a, b)
		}
		if a, b := groups(f, set.Version), groups(truth, set.Version); a != b {
			t.Errorf("%s: %s %v, in truth %v", about, set.Version, a, b)
		}
	}
	if f.ClientRenegotiation.Answer != truth.ClientRenegotiation.Answer || f.KexHashSHA1 != truth.KexHashSHA1 {
		t.Errorf("%s: renegotiation %+v, SHA-1 %+v", about, f.ClientRenegotiation, f.KexHashSHA1)
	}
}

func patientProbe(t *testing.T, addr netip.AddrPort, timeout time.Duration) *fact.TLS {
	t.Helper()
	p := prober(t, func(c *Config) { c.Timeout = timeout })
	f, _ := p.Probe(context.Background(), Target{Addr: addr, ServerName: testName, Subject: subject(t, quickLimits())}, Full())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(report(f))
		}
	})
	return f
}

func oldAndNew() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{testCA().issue("rsa", nil)}, MinVersion: tls.VersionTLS10, NextProtos: []string{"h2", "http/1.1"}}
}

// A device that serves one connection after the other, and holds on to a finished
// handshake for a while, is measured as completely as any other.
func TestADeviceThatServesOneConnectionAtATime(t *testing.T) {
	cfg := oldAndNew()
	truth, _ := probe(t, goServer(t, cfg), Full())
	var one sync.Mutex
	var first atomic.Bool
	f := patientProbe(t, listen(t, func(c net.Conn) {
		one.Lock()
		defer one.Unlock()
		s := tls.Server(c, cfg)
		if s.Handshake() == nil && first.CompareAndSwap(false, true) {
			_, _ = s.Read(make([]byte, 1))
			<-time.After(400 * time.Millisecond) // longer than anybody waits
		}
	}), 250*time.Millisecond)
	same(t, "one at a time", truth, f)
	if !first.Load() {
		t.Error("no handshake was finished")
	}
}

// Firewalls and balancers that allow a client few connections at a time cut off the
// others without a word. That is no answer to the hello.
func TestALimitOnOpenConnectionsIsNoAnswer(t *testing.T) {
	cfg := oldAndNew()
	truth, _ := probe(t, goServer(t, cfg), Full())
	for _, limit := range []int32{1, 2, 3} {
		for name, cut := range map[string]func(net.Conn){"reset": reset, "end": func(net.Conn) {}} {
			var open atomic.Int32
			f := patientProbe(t, listen(t, func(c net.Conn) {
				if open.Add(1) > limit {
					open.Add(-1)
					cut(c)
					return
				}
				handshake(c, cfg)
				open.Add(-1)
			}), 2*time.Second)
			notWorse(t, name, truth, f)
		}
	}
}

// A rate limit cuts off whatever comes too soon, good hellos and bad ones alike, and
// lets others through soon after.
func TestARateLimitIsNoAnswer(t *testing.T) {
	cfg := oldAndNew()
	truth, _ := probe(t, goServer(t, cfg), Full())
	for _, every := range []int32{2, 3, 5, 8} {
		for _, run := range []int32{1, 2, 4} {
			var n atomic.Int32
			f := patientProbe(t, listen(t, func(c net.Conn) {
				if k := n.Add(1); k > 6 && k%(every+run) >= every {
					reset(c)
					return
				}
				handshake(c, cfg)
			}), 2*time.Second)
			notWorse(t, "rate limit", truth, f)
		}
	}
}
