package tlsprobe

import (
	"net"
	"testing"

	"peil/internal/fact"
)

// What a server says to a hello of one version says nothing of another: some have a gap
// in what they speak and turn away whoever names a version in it.
func TestEachOldVersionIsAskedByItsName(t *testing.T) {
	rsa := testCA().issue("rsa", nil).Certificate[0]
	for want, spoken := range map[string][]fact.Version{
		"-SSL 2.0 -SSL 3.0 +TLS 1.0 -TLS 1.1 +TLS 1.2 -TLS 1.3": {fact.TLS12, fact.TLS10},
		"-SSL 2.0 -SSL 3.0 -TLS 1.0 +TLS 1.1 +TLS 1.2 -TLS 1.3": {fact.TLS12, fact.TLS11},
		"-SSL 2.0 +SSL 3.0 -TLS 1.0 -TLS 1.1 +TLS 1.2 -TLS 1.3": {fact.TLS12, fact.SSL30},
		"-SSL 2.0 +SSL 3.0 -TLS 1.0 +TLS 1.1 -TLS 1.2 -TLS 1.3": {fact.TLS11, fact.SSL30},
		"-SSL 2.0 -SSL 3.0 +TLS 1.0 -TLS 1.1 -TLS 1.2 -TLS 1.3": {fact.TLS10},
		"-SSL 2.0 +SSL 3.0 -TLS 1.0 -TLS 1.1 -TLS 1.2 -TLS 1.3": {fact.SSL30},
	} {
		t.Run(want, func(t *testing.T) {
			f, _ := probe(t, listen(t, (&fake{
				versions: spoken, exact: true, cert: rsa, reneg: true, scheme: 0x0401, groups: []fact.Group{fact.Secp256r1},
				suites: named(t, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
			}).serve), Full())
			if got := versions(f); got != want {
				t.Error(got + report(f))
			}
			for _, v := range spoken {
				n := 2
				if v == fact.SSL30 {
					n = 1 // its hello names no curves
				}
				if got := suites(f, v); len(got) != n {
					t.Errorf("%s: %v", v, got)
				}
			}
		})
	}
}

// A server that babbles at hellos for TLS 1.2, but answers those of an old client, was not
// shown to lack TLS 1.2.
func TestAnAnswerToAnOlderHelloSaysNothingOfTLS12(t *testing.T) {
	old := &fake{
		versions: []fact.Version{fact.TLS10}, cert: testCA().issue("rsa", nil).Certificate[0],
		suites: named(t, "TLS_RSA_WITH_AES_128_CBC_SHA"),
	}
	f, _ := probe(t, listen(t, func(c net.Conn) {
		h, ok := readClientHello(c)
		if !ok || h.version > fact.TLS11 {
			_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			return
		}
		old.answer(c, h)
	}), Full())
	for _, v := range f.Versions {
		switch v.Version {
		case fact.TLS12:
			if v.Gap != fact.GapMalformed {
				t.Errorf("%+v", v)
			}
		case fact.TLS10:
			if !v.Yes() {
				t.Errorf("%+v", v)
			}
		}
	}
}

// A server that has another version for some suites still has the others on this one.
func TestASuiteOfAnotherVersionHidesNoOthers(t *testing.T) {
	all := named(t, "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA")
	f, _ := probe(t, listen(t, (&fake{
		versions: []fact.Version{fact.TLS10, fact.TLS12}, cert: testCA().issue("rsa", nil).Certificate[0], suites: all,
		lie: func(_ *clientHello, v *fact.Version, s *fact.Suite) {
			if *s == all[1] {
				*v = fact.TLS10
			}
		},
	}).serve), Full())
	if got := suites(f, fact.TLS12); len(got) != 2 {
		t.Errorf("%v%s", got, report(f))
	}
}

// Where key exchange is with RSA alone, nothing is signed with any hash.
func TestNothingIsSignedWithRSAKeyExchange(t *testing.T) {
	rsa := testCA().issue("rsa", nil).Certificate[0]
	for _, v := range []fact.Version{fact.TLS12, fact.TLS11} {
		f, _ := probe(t, listen(t, (&fake{
			versions: []fact.Version{v}, cert: rsa, reneg: true, suites: named(t, "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"),
		}).serve), Full())
		if !f.KexHashSHA1.No() || !f.KexHashSHA224.No() || !f.KexHashSHA2.No() {
			t.Errorf("%s: %+v %+v %+v", v, f.KexHashSHA1, f.KexHashSHA224, f.KexHashSHA2)
		}
	}
	// One suite that is signed is enough, whichever the server likes best.
	f, _ := probe(t, listen(t, (&fake{
		versions: []fact.Version{fact.TLS11}, cert: rsa, reneg: true, groups: []fact.Group{fact.Secp256r1},
		suites: named(t, "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
	}).serve), Full())
	if !f.KexHashSHA1.Yes() || !f.KexHashSHA2.No() {
		t.Errorf("%+v %+v", f.KexHashSHA1, f.KexHashSHA2)
	}
}
