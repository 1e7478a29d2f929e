package tlsprobe

import (
	"crypto/tls"
	"slices"
	"testing"

	"peil/internal/fact"
)

func TestGoodServerIsClearedInFewConnections(t *testing.T) {
	addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil)}, "-no_tls1_1", "-no_tls1", "-serverpref",
		"-cipher", "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256")
	f, chains := probe(t, addr, Full())
	if got := versions(f); got != "-SSL 2.0 -SSL 3.0 -TLS 1.0 -TLS 1.1 +TLS 1.2 +TLS 1.3" {
		t.Error(got)
	}
	want := []string{
		"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	}
	if got := suites(f, fact.TLS12); !slices.Equal(got, want) {
		t.Error(got)
	}
	if got := suites(f, fact.TLS13); len(got) != 3 {
		t.Error(got)
	}
	if got := groups(f, fact.TLS12); got != "secp256r1 secp384r1 secp521r1 x25519 x448" {
		t.Error(got)
	}
	if got := groups(f, fact.TLS13); got != "secp256r1 secp384r1 secp521r1 x25519 x448 ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192" {
		t.Error(got)
	}
	for what, x := range map[string]struct {
		got  fact.Observed
		want fact.Answer
	}{
		"SHA-1": {f.KexHashSHA1, fact.Declined}, "SHA-2": {f.KexHashSHA2, fact.Accepted}, "compression": {f.Compression, fact.Declined},
		"secure renegotiation": {f.SecureRenegotiation, fact.Accepted}, "extended master secret": {f.ExtendedMasterSecret, fact.Accepted},
		"client renegotiation": {f.ClientRenegotiation.Observed, fact.Declined}, "early data": {f.EarlyData.Observed, fact.Declined},
		"staple": {f.OCSP.Stapled, fact.Declined}, "preference": {f.Suites[0].ServerPreference, fact.Accepted},
	} {
		if x.got.Answer != x.want {
			t.Errorf("%s: %+v, want %s", what, x.got, x.want)
		}
	}
	if len(chains) != 1 || !chains[0].Trust.Trusted || len(f.Deployments) != 1 || !f.Deployments[0].First || f.Deployments[0].Version != fact.TLS12 {
		t.Errorf("%+v %+v", chains, f.Deployments)
	}
	if len(f.KexSeen) != 1 || f.KexSeen[0] != fact.X25519 || len(f.DH) != 1 || f.DH[0].Name != "modp2048" {
		t.Errorf("keys seen %v, DH %+v", f.KexSeen, f.DH)
	}
	if f.Connections > 22 {
		t.Errorf("%d connections", f.Connections)
	}
}
