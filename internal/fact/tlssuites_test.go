package fact

import "testing"

func TestSuitePartsAreReadFromTheName(t *testing.T) {
	for _, c := range []struct {
		name   string
		kex    KeyExchange
		auth   Authentication
		cipher string
		mac    string
		since  Version
		fs     bool
	}{
		{"TLS_AES_128_GCM_SHA256", KexTLS13, AuthTLS13, "AES_128_GCM", "AEAD", TLS13, true},
		{"TLS_SHA256_SHA256", KexTLS13, AuthTLS13, "SHA256", "SHA256", TLS13, true},
		{"TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", KexECDHE, AuthECDSA, "AES_128_CCM_8", "AEAD", TLS12, true},
		{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", KexECDHE, AuthRSA, "CHACHA20_POLY1305", "AEAD", TLS12, true},
		{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256_OLD", KexECDHE, AuthRSA, "CHACHA20_POLY1305", "AEAD", TLS12, true},
		{"TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", KexDHE, AuthRSA, "AES_256_CBC", "SHA256", TLS12, true},
		{"TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA", KexDHE, AuthDSS, "DES_CBC", "SHA", SSL30, true},
		{"TLS_DH_anon_WITH_RC4_128_MD5", KexDHE, AuthAnon, "RC4_128", "MD5", SSL30, true},
		{"TLS_ECDH_anon_WITH_NULL_SHA", KexECDHE, AuthAnon, "NULL", "SHA", TLS10, true},
		{"TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", KexECDH, AuthECDSA, "AES_128_CBC", "SHA", TLS10, false},
		{"TLS_DH_RSA_WITH_DES_CBC_SHA", KexDH, AuthRSA, "DES_CBC", "SHA", SSL30, false},
		{"TLS_RSA_WITH_3DES_EDE_CBC_SHA", KexRSA, AuthRSA, "3DES_EDE_CBC", "SHA", SSL30, false},
		{"TLS_RSA_EXPORT_WITH_RC4_40_MD5", KexRSA, AuthRSA, "RC4_40", "MD5", SSL30, false},
		{"TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", KexECDHE, AuthPSK, "AES_128_CBC", "SHA", TLS10, true},
		{"SSL_CK_RC4_128_EXPORT40_WITH_MD5", KexRSA, AuthRSA, "RC4_128_EXPORT40", "MD5", SSL20, false},
	} {
		s, ok := SuiteNamed(c.name)
		if !ok {
			t.Errorf("%s: no such suite", c.name)
			continue
		}
		if g := s.KeyExchange(); g != c.kex {
			t.Errorf("%s: key exchange %s, want %s", s, g, c.kex)
		}
		if g := s.Authentication(); g != c.auth {
			t.Errorf("%s: authentication %s, want %s", s, g, c.auth)
		}
		if g := s.Cipher(); g != c.cipher {
			t.Errorf("%s: cipher %s, want %s", s, g, c.cipher)
		}
		if g := s.MAC(); g != c.mac {
			t.Errorf("%s: MAC %s, want %s", s, g, c.mac)
		}
		if g := s.Since(); g != c.since {
			t.Errorf("%s: since %s, want %s", s, g, c.since)
		}
		if g := s.ForwardSecret(); g != c.fs {
			t.Errorf("%s: forward secret %v, want %v", s, g, c.fs)
		}
	}
}

func TestEverySuiteHasAKeyExchangeAndAuthentication(t *testing.T) {
	if n := len(SuitesOn(TLS12)); n < 350 {
		t.Errorf("only %d suites known", n)
	}
	if n := len(SuitesOn(SSL20)); n < 9 {
		t.Errorf("only %d kinds of SSL 2.0 known", n)
	}
	for _, s := range Suites() {
		if s.KeyExchange() == "" || s.Authentication() == "" || s.Cipher() == "" {
			t.Errorf("%s: key exchange %q, authentication %q, cipher %q", s, s.KeyExchange(), s.Authentication(), s.Cipher())
		}
		b, _ := s.MarshalText()
		var back Suite
		if err := back.UnmarshalText(b); err != nil || back != s {
			t.Errorf("%s reads back as %s, %v", s, back, err)
		}
	}
}
