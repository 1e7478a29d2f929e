package tlsa

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type pki struct{ root, mid, leaf, other *x509.Certificate }

func newPKI(t testing.TB) pki {
	t.Helper()
	serial := int64(0)
	make := func(name string, ca bool, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		serial++
		c := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 1, 0), IsCA: ca, BasicConstraintsValid: true,
		}
		if parent == nil {
			parent, parentKey = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		out, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return out, key
	}
	var p pki
	root, rk := make("root", true, nil, nil)
	mid, mk := make("mid", true, root, rk)
	p.root, p.mid = root, mid
	p.leaf, _ = make("example.nl", false, mid, mk)
	p.other, _ = make("other", true, nil, nil)
	return p
}

func rec(u Usage, s Selector, m Matching, c *x509.Certificate) Record {
	d := c.Raw
	if s == SPKI {
		d = c.RawSubjectPublicKeyInfo
	}
	switch m {
	case SHA256:
		h := sha256.Sum256(d)
		d = h[:]
	case SHA512:
		h := sha512.Sum512(d)
		d = h[:]
	case Full:
	}
	return Parse(append([]byte{byte(u), byte(s), byte(m)}, d...))
}

func TestEverySelectorAndMatchingMatches(t *testing.T) {
	p := newPKI(t)
	for _, s := range []Selector{Cert, SPKI} {
		for _, m := range []Matching{Full, SHA256, SHA512} {
			r := rec(DANEEE, s, m, p.leaf)
			if !r.Usable() || !r.Matches(p.leaf) || r.Matches(p.other) {
				t.Errorf("%d %d: usable %v, own %v, other %v", s, m, r.Usable(), r.Matches(p.leaf), r.Matches(p.other))
			}
		}
	}
}

func TestUnusable(t *testing.T) {
	for want, rdata := range map[string][]byte{
		Malformed:       {3, 1, 1},
		UnknownUsage:    {4, 1, 1, 0},
		UnknownSelector: {3, 2, 1, 0},
		UnknownMatching: {3, 1, 3, 0},
		WrongLength:     {3, 1, 1, 0},
		NotACertificate: {3, 0, 0, 1, 2},
	} {
		r := Parse(rdata)
		if r.Defect != want {
			t.Errorf("%v: got %q, want %q", rdata, r.Defect, want)
		}
		if got, _ := Verify([]Record{r}, Peer{Chain: []*x509.Certificate{{}}}); got != NoUsable {
			t.Errorf("%v: got %s", rdata, got)
		}
	}
}

func TestVerify(t *testing.T) {
	p := newPKI(t)
	anchor, key := sha256.Sum256(p.root.Raw), sha256.Sum256(p.root.RawSubjectPublicKeyInfo)
	full := []*x509.Certificate{p.leaf, p.mid, p.root}
	short := []*x509.Certificate{p.leaf, p.mid}
	for _, c := range []struct {
		name string
		rs   []Record
		peer Peer
		want Result
	}{
		{"EE matches", []Record{rec(DANEEE, SPKI, SHA256, p.leaf)}, Peer{Chain: short, At: now}, Validated},
		{"EE needs no name and no dates", []Record{rec(DANEEE, SPKI, SHA256, p.leaf)}, Peer{Chain: short, Name: "x.nl", At: now.AddDate(9, 0, 0)}, Validated},
		{"EE differs", []Record{rec(DANEEE, SPKI, SHA256, p.other)}, Peer{Chain: short, At: now}, Failed},
		{"one of two is enough", []Record{rec(DANEEE, SPKI, SHA256, p.other), rec(DANEEE, Cert, SHA512, p.leaf)}, Peer{Chain: short, At: now}, Validated},
		{"TA sent", []Record{rec(DANETA, SPKI, SHA256, p.mid)}, Peer{Chain: short, At: now}, Validated},
		{"TA two up", []Record{rec(DANETA, Cert, SHA256, p.root)}, Peer{Chain: full, At: now}, Validated},
		{"TA not sent, digest only", []Record{rec(DANETA, Cert, SHA256, p.root)}, Peer{Chain: short, At: now}, Failed},
		{"TA not sent, in the record", []Record{rec(DANETA, Cert, Full, p.root)}, Peer{Chain: short, At: now}, Validated},
		{"TA not sent, key in the record", []Record{rec(DANETA, SPKI, Full, p.root)}, Peer{Chain: short, At: now}, Validated},
		{"TA wrong key in the record", []Record{rec(DANETA, SPKI, Full, p.other)}, Peer{Chain: short, At: now}, Failed},
		{"TA expired", []Record{rec(DANETA, SPKI, SHA256, p.mid)}, Peer{Chain: short, At: now.AddDate(1, 0, 0)}, Failed},
		{"TA wrong name", []Record{rec(DANETA, SPKI, SHA256, p.mid)}, Peer{Chain: short, Name: "x.nl", At: now}, Failed},
		{"TA right name", []Record{rec(DANETA, SPKI, SHA256, p.mid)}, Peer{Chain: short, Name: "example.nl", At: now}, Validated},
		{"TA that signed nothing here", []Record{rec(DANETA, SPKI, SHA256, p.other)}, Peer{Chain: append(short, p.other), At: now}, Failed},
		{"TA is the self-signed leaf", []Record{rec(DANETA, SPKI, SHA256, p.other)}, Peer{Chain: []*x509.Certificate{p.other}, At: now}, Validated},
		{"PKIX-EE trusted", []Record{rec(PKIXEE, SPKI, SHA256, p.leaf)}, Peer{Chain: short, At: now, PKIX: true}, Validated},
		{"PKIX-EE untrusted", []Record{rec(PKIXEE, SPKI, SHA256, p.leaf)}, Peer{Chain: short, At: now}, Failed},
		{"PKIX-TA sent", []Record{rec(PKIXTA, SPKI, SHA256, p.mid)}, Peer{Chain: short, At: now, PKIX: true}, Validated},
		{"PKIX-TA untrusted", []Record{rec(PKIXTA, SPKI, SHA256, p.mid)}, Peer{Chain: short, At: now}, Failed},
		{"PKIX-TA root known by digest", []Record{rec(PKIXTA, Cert, SHA256, p.root)}, Peer{Chain: short, At: now, PKIX: true, AnchorCert: anchor[:]}, Validated},
		{"PKIX-TA root's key known", []Record{rec(PKIXTA, SPKI, SHA256, p.root)}, Peer{Chain: short, At: now, PKIX: true, AnchorKey: key[:]}, Validated},
		{"PKIX-TA another root", []Record{rec(PKIXTA, Cert, SHA256, p.other)}, Peer{Chain: short, At: now, PKIX: true, AnchorCert: anchor[:]}, Failed},
		{"PKIX-TA root unknown", []Record{rec(PKIXTA, Cert, SHA512, p.root)}, Peer{Chain: short, At: now, PKIX: true}, Unknown},
		{"weaker digest counts", []Record{rec(DANEEE, SPKI, SHA256, p.leaf), rec(DANEEE, SPKI, SHA512, p.other)}, Peer{Chain: short, At: now}, Validated},
		{"weaker digest is ignored", []Record{rec(DANEEE, SPKI, SHA256, p.leaf), rec(DANEEE, SPKI, SHA512, p.other)}, Peer{Chain: short, At: now, Agility: true}, Failed},
		{"no certificate", []Record{rec(DANEEE, SPKI, SHA256, p.leaf)}, Peer{At: now}, Unknown},
		{"no record", nil, Peer{Chain: short, At: now}, NoUsable},
	} {
		if got, _ := Verify(c.rs, c.peer); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{3, 1, 1, 0})
	f.Add([]byte{2, 0, 0, 0x30, 0x03})
	p := newPKI(f)
	f.Add(append([]byte{2, 0, 0}, p.root.Raw...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := Parse(b)
		got, _ := Verify([]Record{r}, Peer{Chain: []*x509.Certificate{p.leaf, p.mid}, At: now, PKIX: true})
		if (got == NoUsable) == r.Usable() {
			t.Fatalf("%s for usable %v", got, r.Usable())
		}
		_ = r.String()
	})
}
