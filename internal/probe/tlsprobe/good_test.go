package tlsprobe

import (
	"crypto/tls"
	"testing"

	"peil/internal/fact"
)

func TestGoodServerIsClearedInFewConnections(t *testing.T) {
	addr := openssl(t, []tls.Certificate{testCA().issue("rsa", nil)}, "-no_tls1_1", "-no_tls1", "-serverpref",
		"-cipher", "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256")
	f, chains := probe(t, addr, Full())
	t.Log(report(f))
	if got := versions(f); got != "-SSL 2.0 -SSL 3.0 -TLS 1.0 -TLS 1.1 +TLS 1.2 +TLS 1.3" {
		t.Error(got)
	}
	t.Log(suites(f, fact.TLS12), suites(f, fact.TLS13), groups(f, fact.TLS12), "|", groups(f, fact.TLS13))
	t.Logf("%d connections; %+v", f.Connections, chains[0].Trust)
	f.Log = nil
	t.Logf("%+v", f)
}
