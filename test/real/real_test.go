package real

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
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
	p, err := tlsprobe.New(tlsprobe.Config{Roots: a.roots(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return p.Probe(ctx, tlsprobe.Target{Addr: at, ServerName: serverName, Subject: door.Subject(serverName)}, tlsprobe.Full())
}

// TestPeilSeesWhatOtherEyesSee holds Peil's facts of each server against sslscan and
// openssl: the same versions, the same suites on each version, the same certificates.
func TestPeilSeesWhatOtherEyesSee(t *testing.T) {
	a := newAuthority(t)
	names := opensslNames(t)
	all := setups(t, a)
	if len(all) < 20 {
		t.Fatalf("%d configurations, want at least 20", len(all))
	}
	for _, s := range all {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			f, chains := look(t, a, s.at)
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
			compareCertificates(t, s, f, chains)
			if s.also != nil {
				s.also(t, f, chains)
			}
			t.Logf("%d connections", f.Connections)
		})
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

func compareCertificates(t *testing.T, s setup, f *fact.TLS, chains []fact.Chain) {
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
	if !first.Trust.Trusted {
		t.Errorf("not trusted: %s %s", first.Trust.Problem, first.Trust.Detail)
	}
	n, text := opensslChain(t, s.at)
	if n != len(first.Certs) {
		t.Errorf("%d certificates, openssl shows %d", len(first.Certs), n)
	}
	if stapled := strings.Contains(text, "OCSP Response Status: successful"); stapled != f.OCSP.Stapled.Yes() {
		t.Errorf("stapled: Peil %v, openssl %v", f.OCSP.Stapled, stapled)
	}
}

// TestTestsslAgrees shows six of the servers to testssl.sh, which takes long.
func TestTestsslAgrees(t *testing.T) {
	a := newAuthority(t)
	var some []setup
	for _, s := range setups(t, a) {
		if s.testssl {
			some = append(some, s)
		}
	}
	if len(some) != 6 {
		t.Fatalf("%d configurations for testssl.sh, want six", len(some))
	}
	for _, s := range some {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
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
		})
	}
}
