package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha512"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// opensslVerifies asks openssl whether the issuer signed the leaf.
func opensslVerifies(t *testing.T, issuer, leaf []byte) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("openssl", "verify", "-partial_chain", "-auth_level", "0", "-attime", "1795435200",
		"-CAfile", pemOf(t, dir, issuer), pemOf(t, dir, leaf)).CombinedOutput()
	return string(out), err == nil
}

func TestOpensslReadsTheOddCurves(t *testing.T) {
	a := authority(t)
	for key := range oddCurves {
		for _, sig := range []Signature{ECDSASHA256, RSASHA256} {
			l, err := a.Leaf(Spec{Name: "www.example.nl", Key: key, Signature: sig})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("openssl", "x509", "-inform", "der", "-noout", "-text")
			cmd.Stdin = bytes.NewReader(l.Chain[0])
			text, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(text), "ASN1 OID: "+string(key)) {
				t.Errorf("%s: %v\n%s", key, err, text)
			}
			if out, ok := opensslVerifies(t, l.Chain[1], l.Chain[0]); !ok {
				t.Errorf("%s by %q:\n%s", key, sig, out)
			}
		}
	}
	if _, err := a.Leaf(Spec{Name: "x", Key: BrainpoolP256r1, Signature: ECDSASHA384}); err == nil {
		t.Error("a combination that cannot be signed was signed")
	}
}

func TestFaultsOfSignatures(t *testing.T) {
	a := authority(t)
	l, err := a.Leaf(Spec{Name: "www.example.nl", BadSignature: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := opensslVerifies(t, l.Chain[1], l.Chain[0]); ok {
		t.Error("a bad signature verifies")
	}
	l, err = a.Leaf(Spec{Name: "www.example.nl", Issuer: SHA1Inter})
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Issuer.SignatureAlgorithm.String(); got != "ECDSA-SHA1" {
		t.Errorf("the intermediate is signed by %s", got)
	}
	if out, ok := opensslVerifies(t, a.root.cert.Raw, l.Chain[1]); !ok {
		t.Errorf("the intermediate's signature is not true:\n%s", out)
	}
	l, err = a.Leaf(Spec{Name: "www.example.nl", Send: Nothing})
	if err != nil || len(l.Chain) != 0 {
		t.Errorf("nothing: %v, %d certificates", err, len(l.Chain))
	}
}

// A zone's TLSA record is made long before, perhaps by another process.
func TestTheSameSpecHasTheSameKeyEverywhere(t *testing.T) {
	for _, key := range []Key{P256, P224, P384, P521, Ed25519, RSA2048, BrainpoolP384r1} {
		s := Spec{Name: "www.example.nl", Key: key}
		one, err := authority(t).Leaf(s)
		if err != nil {
			t.Fatal(err)
		}
		two, err := authority(t).Leaf(s)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Chain[0], two.Chain[0]) {
			t.Errorf("%q: the certificates differ", key)
		}
	}
	one, err := authority(t).Leaf(Spec{Name: "a.example.nl"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := authority(t).Leaf(Spec{Name: "b.example.nl"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one.Cert.RawSubjectPublicKeyInfo, two.Cert.RawSubjectPublicKeyInfo) {
		t.Error("two sites share a key")
	}
}

func TestStaples(t *testing.T) {
	at := noon
	a, err := New(func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Leaf(Spec{Name: "www.example.nl", OCSP: true})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[Staple]string{
		StapleGood: "good", StapleRevoked: "revoked", StapleUnknown: "unknown", StapleExpired: "old",
		StapleWrongSigner: "signature", StapleOtherCert: "other", StapleTryLater: "try later", StapleMalformed: "malformed",
	} {
		der, err := a.Staple(l, kind)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		r, err := ocsp.ParseResponseForCert(der, l.Cert, l.Issuer)
		got := "other error"
		switch {
		case err != nil && strings.Contains(err.Error(), "signature"):
			got = "signature"
		case err != nil && strings.Contains(err.Error(), "no response matching"):
			got = "other"
		case err != nil && strings.Contains(err.Error(), "try later"):
			got = "try later"
		case err != nil && strings.Contains(err.Error(), "asn1"):
			got = "malformed"
		case err == nil && r.NextUpdate.Before(noon):
			got = "old"
		case err == nil:
			got = []string{"good", "revoked", "unknown"}[r.Status]
		}
		if got != want {
			t.Errorf("%s: got %q (%v), want %q", kind, got, err, want)
		}
	}
	first, err := a.Staple(l, StapleGood)
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Staple(l, StapleGood)
	if err != nil || &first[0] != &again[0] {
		t.Errorf("made twice (%v)", err)
	}
	at = at.Add(8 * day)
	later, err := a.Staple(l, StapleGood)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := ocsp.ParseResponse(later, l.Issuer); err != nil || r.NextUpdate.Before(at) {
		t.Errorf("an old response is still handed out (%v)", err)
	}
}

func TestQuickSignaturesVerify(t *testing.T) {
	a := authority(t)
	for _, key := range []Key{P224, P256, P384, P521} {
		l, err := a.Leaf(Spec{Name: "www.example.nl", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		public := l.Key.Public().(*ecdsa.PublicKey)
		for i := range 50 {
			digest := sha512.Sum512([]byte{byte(i)})
			for _, d := range [][]byte{digest[:20], digest[:32], digest[:]} {
				sig, err := l.Signer.Sign(nil, d, nil)
				if err != nil || !ecdsa.VerifyASN1(public, d, sig) {
					t.Fatalf("%q: %d bytes: %v", key, len(d), err)
				}
				if ecdsa.VerifyASN1(public, append([]byte{1}, d[1:]...), sig) && d[0] != 1 {
					t.Fatalf("%q: verifies for anything", key)
				}
			}
		}
	}
}
