package resolver

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/miekg/dns"
)

// TestRootAnchorsAreThoseOfIANA holds the embedded keys against their digests as
// https://data.iana.org/root-anchors/root-anchors.xml gives them.
func TestRootAnchorsAreThoseOfIANA(t *testing.T) {
	a, err := parseAnchors(embeddedAnchors)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint16]string{
		20326: "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
		38696: "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
	}
	r := a[root]
	if len(a) != 1 || r == nil || len(r.keys) != 2 || len(r.ds) != 2 {
		t.Fatalf("%+v", a)
	}
	for i := range r.ds {
		d := &r.ds[i]
		if got := hexUpper(d.digest); got != want[d.tag] || d.digestType != dns.SHA256 {
			t.Errorf("DS %d is %s", d.tag, got)
		}
		if !slices.ContainsFunc(r.keys, func(k *dnskey) bool { return d.matches(root, k) && k.usable() }) {
			t.Errorf("no key for DS %d", d.tag)
		}
	}
	h, err := parseHints(embeddedHints)
	if err != nil || len(h.ns) != 13 || len(h.glue) != 13 {
		t.Errorf("%v %+v", err, h)
	}
	for ns, l := range h.glue {
		if len(l) != 2 {
			t.Errorf("%s has %v", ns, l)
		}
	}
}

func hexUpper(b []byte) string {
	s := unknownData(b)
	return s[len(s)-2*len(b):]
}

func TestEd448(t *testing.T) {
	pub, priv, err := ed448.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	check, reason := newVerifier(dns.ED448, pub)
	if check == nil {
		t.Fatal(reason)
	}
	sig := ed448.Sign(priv, []byte("data"), "")
	if !check([]byte("data"), sig) || check([]byte("Data"), sig) || check([]byte("data"), sig[:50]) {
		t.Error("a signature is not judged by its data")
	}
}

// TestOddRSAKeys: DNSSEC allows keys that crypto/rsa does not.
func TestOddRSAKeys(t *testing.T) {
	for _, tc := range []struct {
		bits int
		e    uint64
		want string
	}{
		{512, 65537, ""},
		{768, 3, ""},
		{1024, 1<<32 + 1, ""},
		{2048, 65537, ""},
		{256, 65537, "modulus is not of a usable size"},
		{1024, 65536, "exponent is not one"},
		{1024, 1, "exponent is not one"},
	} {
		e := new(big.Int).SetUint64(tc.e)
		var n, d *big.Int
		for d == nil {
			p, _ := rand.Prime(rand.Reader, tc.bits/2)
			q, _ := rand.Prime(rand.Reader, tc.bits/2)
			n = new(big.Int).Mul(p, q)
			one := big.NewInt(1)
			phi := new(big.Int).Mul(p.Sub(p, one), q.Sub(q, one))
			d = new(big.Int).ModInverse(e, phi)
			if tc.e&1 == 0 {
				d = one
			}
		}
		exp := e.Bytes()
		check, reason := newVerifier(dns.RSASHA256, append(append([]byte{byte(len(exp))}, exp...), n.Bytes()...))
		if reason != tc.want {
			t.Errorf("%d bits, exponent %d: %q, want %q", tc.bits, tc.e, reason, tc.want)
		}
		if check == nil {
			continue
		}
		h := sha256.Sum256([]byte("data"))
		size := (n.BitLen() + 7) / 8
		em := append([]byte{0, 1}, bytes.Repeat([]byte{0xFF}, size-3-len(digestInfo[crypto.SHA256])-len(h))...)
		em = append(append(append(em, 0), digestInfo[crypto.SHA256]...), h[:]...)
		sig := new(big.Int).Exp(new(big.Int).SetBytes(em), d, n).FillBytes(make([]byte, size))
		if !check([]byte("data"), sig) || check([]byte("Data"), sig) || check([]byte("data"), sig[1:]) {
			t.Errorf("%d bits, exponent %d: a signature is not judged by its data", tc.bits, tc.e)
		}
	}
	huge := append([]byte{3, 1, 0, 1}, bytes.Repeat([]byte{0xFF}, 1024)...)
	if check, _ := newVerifier(dns.RSASHA256, huge); check != nil {
		t.Error("a key of 8192 bits is used")
	}
	if check, _ := newVerifier(dns.RSASHA256, append(append([]byte{100}, bytes.Repeat([]byte{0xFF}, 100)...), bytes.Repeat([]byte{0xFF}, 128)...)); check != nil {
		t.Error("an exponent of 800 bits is used")
	}
}

func TestSignatureTimesAreSerialNumbers(t *testing.T) { // RFC 4034 section 3.1.5
	pub, priv, _ := ed25519.GenerateKey(rand.Reader)
	rdata := append([]byte{1, 0, 3, dns.ED25519}, pub...)
	k, _ := parseDNSKEY(rdata)
	after2106 := time.Date(2106, 2, 7, 7, 0, 0, 0, time.UTC) // 32 bits have just run over
	s := &rrset{owner: mustName("nl"), typ: dns.TypeA, data: [][]byte{{192, 0, 2, 1}}}
	sig := rrsig{
		covered: dns.TypeA, algorithm: dns.ED25519, labels: 1, origTTL: 300, keyTag: k.tag, signer: mustName("nl"),
		inception: uint32(after2106.Add(-time.Hour).Unix()), expiration: uint32(after2106.Add(time.Hour).Unix()),
	}
	sig.sig = ed25519.Sign(priv, s.signedData(&sig))
	s.sigs = []rrsig{sig}
	p, problem := s.verify(mustName("nl"), []*dnskey{k}, after2106, &work{})
	if problem != nil || !p.until.Equal(after2106.Add(time.Hour)) {
		t.Errorf("%+v %+v", p, problem)
	}
	if _, problem = s.verify(mustName("nl"), []*dnskey{k}, after2106.Add(2*time.Hour), &work{}); problem == nil || problem.Code != codeExpired || !problem.When.Equal(after2106.Add(time.Hour)) {
		t.Errorf("%+v", problem)
	}
}

func TestKeyTagsAreThoseOfMiekg(t *testing.T) {
	w := newWorld(t)
	for _, alg := range []uint8{5, 8, 13, 14, 15} {
		k := w.key("nl.", alg, 257)
		if got, want := keyTag(mustData(k.DNSKEY)), k.KeyTag(); got != want {
			t.Errorf("algorithm %d: %d, want %d", alg, got, want)
		}
	}
}

func TestCacheStaysWithinItsWeight(t *testing.T) {
	c := newCache[uint16, int](100)
	now := time.Now()
	for i := range uint16(1000) {
		c.put(i, int(i), int(i%30)+1, now.Add(time.Minute))
		sum := 0
		for _, e := range c.entries {
			sum += e.weight
		}
		if sum != c.used || sum > 100 {
			t.Fatalf("weight %d, counted %d", sum, c.used)
		}
		if v, ok := c.get(i, now); !ok || v != int(i) {
			t.Fatalf("%d is gone", i)
		}
	}
	c.put(5, 5, 101, now.Add(time.Minute))
	if _, ok := c.get(5, now); ok {
		t.Error("what is too heavy was kept")
	}
	if _, ok := c.get(999, now.Add(time.Minute)); ok {
		t.Error("what has expired was given")
	}
}

func TestNSEC3HashIsThatOfRFC5155(t *testing.T) { // appendix A
	got := hashName(mustName("a.example"), 12, []byte{0xaa, 0xbb, 0xcc, 0xdd})
	if s := base32hex.EncodeToString(got[:]); s != "35MTHGPGCU1QG68FAB165KLNSNK3DPVL" {
		t.Errorf("got %s", s)
	}
}

func TestCookiesDifferPerServerAndAreChecked(t *testing.T) {
	q := &query{id: 7, qname: []byte(mustName("nl")), qtype: 1, edns: true, cookie: []byte("12345678")}
	b := q.pack()[2:]
	reply := append([]byte(nil), b...)
	reply[2] |= 0x80
	if _, err := check(reply, q); err != nil {
		t.Errorf("own cookie: %v", err)
	}
	reply[len(reply)-1]++
	if _, err := check(reply, q); err == nil {
		t.Error("another's cookie passes")
	}
	binary.BigEndian.PutUint16(reply, 8)
	if _, err := check(reply, q); err == nil {
		t.Error("another identifier passes")
	}
}
