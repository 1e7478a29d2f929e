package dkim

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"peil/internal/standard/spf"
)

// The key of RFC 6376 appendix C and that of RFC 8463 appendix A.
const (
	rfc6376 = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" +
		"IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi" +
		"tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
	rfc8463 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
)

func defects(ds []Defect) string {
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%s@%d", d.Code, d.Position))
	}
	return strings.Join(out, " ")
}

func TestExamplesOfTheRFCs(t *testing.T) {
	for text, want := range map[string]struct {
		kind string
		bits int
	}{rfc6376: {"rsa", 1024}, rfc8463: {"ed25519", 256}} {
		k := Parse(text)
		if !k.Usable() || k.Type != want.kind || k.Bits != want.bits || len(k.Defects) > 0 || !k.Serves() {
			t.Errorf("got %+v", k)
		}
	}
}

func TestKeys(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edwards, _, _ := ed25519.GenerateKey(rand.Reader)
	curve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	spki := func(pub any) []byte {
		b, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		name, k, want string
		der           []byte
		bits          int
		bare          bool
	}{
		{"spki", "rsa", "", spki(&small.PublicKey), 2048, false},
		{"bare", "rsa", "", x509.MarshalPKCS1PublicKey(&small.PublicKey), 2048, true},
		{"trailing", "rsa", "trailing_data@9", append(spki(&small.PublicKey), 0), 2048, false},
		{"elliptic as rsa", "rsa", "wrong_key_type@9", spki(&curve.PublicKey), 0, false},
		{"ed25519 as rsa", "rsa", "wrong_key_type@9", edwards, 0, false},
		{"rsa as ed25519", "ed25519", "wrong_key_type@13", spki(&small.PublicKey), 0, false},
		{"wrapped", "ed25519", "wrapped_key@13", spki(edwards), 256, false},
		{"short", "ed25519", "bad_key@13", edwards[:31], 0, false},
		{"nonsense", "rsa", "bad_key@9", []byte("nonsense"), 0, false},
	} {
		k := Parse("k=" + c.k + "; p=" + base64.StdEncoding.EncodeToString(c.der))
		if got := defects(k.Defects); got != c.want || k.Bits != c.bits || k.Bare != c.bare {
			t.Errorf("%s: %s, %d bits, bare %v", c.name, got, k.Bits, k.Bare)
		}
	}
}

func TestParseNamesEachDefectAtItsPlace(t *testing.T) {
	p := rfc8463[strings.Index(rfc8463, "p="):]
	for in, want := range map[string]string{
		"k=ed25519; h=sha256; s=email:*; t=y:s; n=hello there; " + p + ";":       "",
		"k=ed25519;\r\n\t p = 11qYAYKxCrfVS/7TyWQ\r\n HOg7hcvPapiMlrwIaaPcHURo=": "",
		"v=DKIM1; p=":                            "",
		"v=DKIM1":                                "missing_key@-1",
		"v=DKIM2; p=":                            "bad_version@2",
		"v=DKIM1\\; p=":                          "bad_version@2",
		"k=rsa; v=DKIM1; p=":                     "version_place@7",
		"p=; k=dsa":                              "unknown_key_type@6",
		"p=; p=":                                 "duplicate_tag@4",
		"p=; h=sha1:md5; s=x; t=y:z; g=*; foo=1": "unknown_hash@11 unknown_service@18 unknown_flag@25 obsolete_tag@28 unknown_tag@33",
		"p=;; 1=2; x":                            "empty_element@3 bad_tag_name@5 bad_tag@10",
		"p=@@":                                   "bad_base64@2",
		"p=; n=caf\xc3\xa9":                      "bad_character@9",
		"":                                       "missing_key@-1",
	} {
		if got := defects(Parse(in).Defects); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestFlagsAndRevocation(t *testing.T) {
	k := Parse("v=DKIM1; t=s : y; s=tlsrpt; p=")
	if !k.Test || !k.Strict || !k.Revoked || k.Usable() || k.Serves() {
		t.Errorf("got %+v", k)
	}
}

func TestSelect(t *testing.T) {
	got := Select([]string{"v=spf1 -all", "p=", "v=DKIM1; k=rsa", "k=rsa; p=abc", "hello"})
	if len(got) != 3 {
		t.Errorf("got %q", got)
	}
	if n := Name("transip-A", "Example.nl."); n != "transip-a._domainkey.example.nl" {
		t.Errorf("got %s", n)
	}
}

func TestSelectorsOfTheProviderComeFirst(t *testing.T) {
	all := Selectors()
	if len(all) > 60 || all[0].Name != "selector1" {
		t.Errorf("%d selectors, first %v", len(all), all[0])
	}
	seen := map[string]bool{}
	for _, s := range all {
		if seen[strings.ToLower(s.Name)] {
			t.Errorf("%s twice", s.Name)
		}
		seen[strings.ToLower(s.Name)] = true
	}
	first := Selectors(ProviderOfMX("mx.transip.email."), spf.Provider("spf.mandrillapp.com"))
	var names []string
	for _, s := range first[:6] {
		names = append(names, s.Name)
	}
	if want := []string{"transip-A", "transip-B", "transip-C", "mandrill", "mte1", "mte2"}; !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
	if len(first) != len(all) || !seen["mx"] {
		t.Error("selectors got lost")
	}
	if p := ProviderOfMX("example-nl.mail.protection.outlook.com"); p != "Microsoft 365" || ProviderOfMX("mail.example.nl") != "" {
		t.Errorf("got %q", p)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rfc6376)
	f.Add(rfc8463)
	f.Add("v=DKIM1; k=rsa; h=a:b; t=y:s;; p=MAoCAQECAQM=")
	f.Fuzz(func(t *testing.T, s string) {
		k := Parse(s)
		for _, d := range k.Defects {
			if d.Position < -1 || d.Position > len(s) || d.Code == "" {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		if k.Usable() && k.Bits == 0 {
			t.Fatalf("usable without a key: %+v", k)
		}
		IsKey(s)
	})
}
