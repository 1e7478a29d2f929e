package real

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
)

// look measures one endpoint as a scan does.
func look(t *testing.T, a *authority, at netip.AddrPort) (*fact.TLS, []fact.Chain) {
	t.Helper()
	door, err := egress.New(egress.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Limits: egress.Limits{TCPRate: 1000, TCPBurst: 1000, NetFactor: egress.NoLimit}})
	if err != nil {
		t.Fatal(err)
	}
	// CI is a busy machine; a second is nothing there.
	p, err := tlsprobe.New(tlsprobe.Config{Roots: a.roots(t), Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return p.Probe(ctx, tlsprobe.Target{Addr: at, ServerName: serverName, Subject: door.Subject(serverName)}, tlsprobe.Full())
}

// atOnce is how many servers are looked at at a time. The eyes wait more than they
// work, so that is more than there are processors.
const atOnce = 6

// TestPeilSeesWhatOtherEyesSee holds Peil's facts of each server against sslscan and
// openssl: the same versions, the same suites on each version, the same certificates.
// Six of the servers are shown to testssl.sh too, which takes longest.
func TestPeilSeesWhatOtherEyesSee(t *testing.T) {
	a := newAuthority(t)
	names := opensslNames(t)
	all := setups(t, a)
	if len(all) < 20 {
		t.Fatalf("%d configurations, want at least 20", len(all))
	}
	var work []func()
	shown := 0
	for _, s := range all {
		if s.testssl {
			shown++
			work = append(work, func() {
				t.Run("testssl.sh/"+strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) { compareWithTestssl(t, a, s) })
			})
		}
	}
	if shown != 6 {
		t.Fatalf("%d configurations for testssl.sh, want six", shown)
	}
	for _, s := range slices.Backward(all) { // the slowest stand last
		work = append(work, func() {
			t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) { compare(t, a, s, names) })
		})
	}
	inParallel(work)
}

// inParallel does atOnce things at a time.
func inParallel(work []func()) {
	queue := make(chan func())
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for f := range queue {
				f()
			}
		})
	}
	for _, f := range work {
		queue <- f
	}
	close(queue)
	workers.Wait()
}

// compare holds one server against sslscan and openssl.
func compare(t *testing.T, a *authority, s setup, names map[fact.Suite]string) {
	t.Helper()
	f, chains := look(t, a, s.at)
	if s.silent {
		if f.Working.Yes() || !f.Working.No() {
			t.Errorf("working TLS: %+v", f.Working)
		}
		return
	}
	if !f.Working.Yes() {
		t.Fatalf("no working TLS: %+v", f.Working)
	}
	var accepted []fact.Version
	for _, v := range f.Versions {
		if v.Missing() {
			t.Errorf("%s was not measured: %s", v.Version, v.Gap)
		}
		if v.Yes() {
			accepted = append(accepted, v.Version)
		}
	}
	if s.versions != nil && !slices.Equal(accepted, s.versions) {
		t.Errorf("versions %v, configured %v", accepted, s.versions)
	}
	if !s.noScan {
		compareWithScan(t, s, f, accepted, names)
	}
	compareWithOpenSSL(t, s, f, names)
	if s.noCert {
		if len(f.Deployments) > 0 {
			t.Errorf("certificates of a server that has none: %+v", f.Deployments)
		}
	} else {
		compareCertificates(t, a, s, f, chains)
	}
	if s.also != nil {
		s.also(t, f, chains)
	}
	t.Logf("%d connections", f.Connections)
	if t.Failed() {
		for _, l := range f.Log {
			t.Logf("%s -> %s", l.Question, l.Answer)
		}
	}
}

func suitesOn(f *fact.TLS, v fact.Version) []fact.Suite {
	for _, s := range f.Suites {
		if s.Version == v {
			return s.Accepted
		}
	}
	return nil
}

func compareWithScan(t *testing.T, s setup, f *fact.TLS, accepted []fact.Version, names map[fact.Suite]string) {
	t.Helper()
	eye := sslscan(t, s.at)
	if !slices.Equal(accepted, eye.versions) {
		t.Errorf("versions: Peil %v, sslscan %v", accepted, eye.versions)
	}
	for _, v := range fact.AllVersions() {
		ours := suitesOn(f, v)
		for _, x := range eye.suites[v] {
			if !slices.Contains(ours, x) {
				t.Errorf("%s: sslscan finds %s, Peil does not", v, x)
			}
		}
		for _, x := range ours {
			if slices.Contains(eye.suites[v], x) || v < fact.TLS10 {
				continue
			}
			// sslscan offers only what its OpenSSL lists by default; a suite of ours that it
			// did not find must be confirmed by openssl itself, below.
			if _, known := names[x]; !known {
				t.Errorf("%s: Peil finds %s, which no other eye here can check", v, x)
			}
		}
	}
}

// compareWithOpenSSL asks openssl for each suite that it knows: accepted or not, as
// Peil says.
func compareWithOpenSSL(t *testing.T, s setup, f *fact.TLS, names map[fact.Suite]string) {
	t.Helper()
	for _, v := range []fact.Version{fact.TLS12, fact.TLS13} {
		ours := suitesOn(f, v)
		for _, x := range ours {
			name, known := names[x]
			if !known || (v == fact.TLS13) != strings.HasPrefix(name, "TLS_") {
				continue
			}
			if !opensslAccepts(t, s.at, v, name) {
				t.Errorf("%s: Peil finds %s, openssl does not get it", v, name)
			}
		}
	}
}

func compareCertificates(t *testing.T, a *authority, s setup, f *fact.TLS, chains []fact.Chain) {
	t.Helper()
	var first *fact.Chain
	for _, d := range f.Deployments {
		if !d.First {
			continue
		}
		for i := range chains {
			if chains[i].ID == d.Chain {
				first = &chains[i]
			}
		}
	}
	if first == nil {
		t.Fatalf("no first deployment among %+v", f.Deployments)
	}
	if first.Trust.Problem != s.problem || first.Trust.Trusted != (s.problem == "") {
		t.Errorf("trust %+v, want %q", first.Trust, s.problem)
	}
	n, text := opensslChain(t, s.at, "-CAfile", a.dir+"/root.pem", "-verify_hostname", serverName, "-purpose", "sslserver")
	if code := verifyCode(text); !slices.Contains(verifyCodes[s.problem], code) && !s.lax {
		t.Errorf("openssl's verify code is %d, Peil says %q", code, first.Trust.Problem)
	}
	if status := stapleStatus(text); s.staple != "" && (status != s.staple || f.OCSP.Status != s.staple) {
		t.Errorf("staple: Peil %+v, openssl %q, want %q", f.OCSP, status, s.staple)
	}
	if n != len(first.Certs) {
		t.Errorf("%d certificates, openssl shows %d", len(first.Certs), n)
	}
	if stapled := strings.Contains(text, "OCSP Response Status: successful"); stapled != f.OCSP.Stapled.Yes() {
		t.Errorf("stapled: Peil %v, openssl %v", f.OCSP.Stapled, stapled)
	}
}

// compareWithTestssl holds versions and suites against testssl.sh, code point by code
// point.
func compareWithTestssl(t *testing.T, a *authority, s setup) {
	t.Helper()
	f, _ := look(t, a, s.at)
	eye := testssl(t, s.at)
	var accepted []fact.Version
	for _, v := range f.Versions {
		if v.Yes() {
			accepted = append(accepted, v.Version)
		}
	}
	if !slices.Equal(accepted, eye.versions) {
		t.Errorf("versions: Peil %v, testssl.sh %v", accepted, eye.versions)
	}
	for _, v := range accepted {
		if ours, theirs := fmt.Sprint(suitesOn(f, v)), fmt.Sprint(eye.suites[v]); ours != theirs {
			t.Errorf("%s:\nPeil       %s\ntestssl.sh %s", v, ours, theirs)
		}
	}
}
