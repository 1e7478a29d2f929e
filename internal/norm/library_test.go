package norm

import (
	"strings"
	"testing"

	"peil/internal/fact"
)

// TestNoWordsOfALibrary shows what Go's packages say of certificates and OCSP responses
// as a reader sees it.
func TestNoWordsOfALibrary(t *testing.T) {
	for problem, want := range map[string]string{
		"asn1: structure error: tags don't match (16 vs {class:1 tag:20})": "malformed",
		"bad OCSP signature: x509: ECDSA verification failure":             "bad_signature",
		"ocsp: error from server: try later":                               "error from server: try later",
		"the certificate cannot be read: x509: malformed certificate":      "the certificate cannot be read",
		"out of date": "out of date",
		"":            "",
	} {
		if got := stapleFault(problem); got != want {
			t.Errorf("%q: %q, want %q", problem, got, want)
		}
	}
	m := goodSite(t)
	for i := range m.Chains {
		m.Chains[i].Trust = fact.Trust{Problem: "bad_signature", Detail: `x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure")`}
	}
	for i := range m.Web.Hosts {
		m.Web.Hosts[i].TLS.OCSP = fact.OCSPStaple{Stapled: accepted, Status: "malformed", Problem: "asn1: structure error"}
	}
	for _, e := range Editions() {
		for _, d := range Judge(m, e).Verdicts {
			for _, words := range [][]string{d.Evidence, argsOf(d)} {
				for _, w := range words {
					if strings.Contains(w, "x509") || strings.Contains(w, "asn1") {
						t.Errorf("%s %s: %s", e.Name, d.ID, w)
					}
				}
			}
		}
	}
}

func argsOf(d Verdict) []string {
	var out []string
	for _, r := range d.Reasons {
		out = append(out, r.Args...)
	}
	for _, s := range d.PerSubject {
		out = append(out, s.Saw.Args...)
	}
	return out
}
