package norm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"peil/internal/fact"
)

// The moment, name and addresses of the site on which the tests build.
var (
	now  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	web4 = netip.MustParseAddr("192.0.2.10")
	web6 = netip.MustParseAddr("2001:db8::10")
)

const siteName = "www.example.nl"

// issued makes a certificate chain of a leaf and an intermediate. The template may be
// changed; keys are fixed for a run.
func issued(tb testing.TB, change func(leaf *x509.Certificate)) [][]byte {
	tb.Helper()
	return issuedBy(tb, "Let's Encrypt", change)
}

func issuedBy(tb testing.TB, organization string, change func(leaf *x509.Certificate)) [][]byte {
	tb.Helper()
	k := keysOfRun()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{organization}, CommonName: "E9"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(2, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{Organization: []string{"ISRG"}, CommonName: "Root X2"}}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: siteName}, DNSNames: []string{siteName, "example.nl"},
		NotBefore: now.AddDate(0, 0, -30), NotAfter: now.AddDate(0, 0, 60),
	}
	if change != nil {
		change(leaf)
	}
	pub := leaf.PublicKey
	if pub == nil {
		pub = &k[0].PublicKey
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, root, &k[1].PublicKey, k[2])
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, pub, k[1])
	if err != nil {
		tb.Fatal(err)
	}
	return [][]byte{der, caDER}
}

var keysOfRun = sync.OnceValue(func() (k [3]*ecdsa.PrivateKey) {
	for i := range k {
		k[i], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return k
})

var goodChain = sync.OnceValue(func() [][]byte { return issued(&testing.B{}, nil) })

// chainOf puts certificates into a measurement as the chain that every address serves.
func chainOf(m *fact.Measurement, certs [][]byte) *fact.Chain {
	h := sha256.New()
	for _, c := range certs {
		s := sha256.Sum256(c)
		h.Write(s[:])
	}
	id := hex.EncodeToString(h.Sum(nil))[:16]
	m.Chains = []fact.Chain{{
		ID: id, Certs: certs, Trust: fact.Trust{ServerName: siteName, Trusted: true, PathWithoutName: true, Until: now.AddDate(0, 0, 60)},
		SCTs: []fact.SCT{{LogID: []byte("a"), Source: "certificate"}, {LogID: []byte("b"), Source: "certificate"}},
	}}
	for i := range m.Web.Hosts {
		t := m.Web.Hosts[i].TLS
		t.Deployments = []fact.Deployment{{Chain: id, Auth: "ecdsa", Version: fact.TLS13, First: true}}
		t.NoSNI = &fact.NoSNI{Observed: fact.Observed{Answer: fact.Accepted}, Chain: id}
	}
	return &m.Chains[0]
}

var (
	accepted = fact.Observed{Answer: fact.Accepted}
	declined = fact.Observed{Answer: fact.Declined}
)

// signedSecurityTxt is in order and framed as a signed one; whether the signature holds
// is a fact.
var signedSecurityTxt = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nContact: https://www.example.nl/melden\nExpires: 2027-06-01T00:00:00Z\n" +
	"Canonical: https://www.example.nl/.well-known/security.txt\nPreferred-Languages: nl, en\nEncryption: https://www.example.nl/key.asc\n" +
	"-----BEGIN PGP SIGNATURE-----\n\n" + strings.Repeat("wpwEAQEIABAFAmTHcawJENkAAAAAAAAA", 7) + "\n-----END PGP SIGNATURE-----\n"

// goodSite is what is seen of a site on which there is nothing to remark: each test changes
// one thing. It is new at each call.
func goodSite(tb testing.TB) *fact.Measurement {
	tb.Helper()
	open := fact.Reach{State: fact.ReachOpen}
	m := &fact.Measurement{
		Schema: fact.Schema, Target: fact.Target{Name: siteName, Role: fact.Web}, At: now, Vantage: "test", Meter: "test",
		Network: fact.Network{IPv4: true, IPv6: true}, Sources: fact.Sources{Roots: "mozilla 2026-10-30"},
		DNS: &fact.DNS{NSOwner: "example.nl"}, Web: &fact.WebFacts{Wire: []netip.Addr{web4, web6}},
	}
	secure := func(name, qtype string, data ...string) fact.Lookup {
		l := fact.Lookup{Name: name, Type: qtype, RCode: "NOERROR", Security: fact.Secure, Zone: "example.nl", TTL: 3600, Until: now.AddDate(0, 0, 7)}
		for _, d := range data {
			l.Records = append(l.Records, fact.Record{Data: d})
			l.Wire = append(l.Wire, d)
		}
		return l
	}
	caa := secure("example.nl", "CAA", `0 issue "letsencrypt.org"`)
	caa.Records[0].Raw = append([]byte{0, 5}, "issueletsencrypt.org"...)
	m.DNS.Lookups = []fact.Lookup{
		secure("_443._tcp."+siteName, "TLSA"), caa, secure(siteName, "A", web4.String()), secure(siteName, "AAAA", web6.String()),
		secure(siteName, "CAA"), secure(siteName, "HTTPS", "1 . alpn=h2,h3"), secure(siteName, "SOA"),
	}
	m.DNS.Zones = []fact.Zone{
		{Name: ".", Security: fact.Secure},
		{Name: "nl", Parent: ".", Security: fact.Secure},
		{
			Name: "example.nl", Parent: "nl", Security: fact.Secure,
			DS:     []fact.DS{{KeyTag: 1, Algorithm: 13, Digest: 2, Matches: true}},
			Keys:   []fact.DNSKEY{{KeyTag: 1, Flags: 257, Algorithm: 13, Used: true}},
			Denial: &fact.Denial{Kind: "NSEC3"}, ParentNS: []string{"ns1.example.nl", "ns2.example.net"}, ChildNS: []string{"ns1.example.nl", "ns2.example.net"},
			Signatures: []fact.Signature{{Name: siteName, Type: "A", KeyTag: 1, Algorithm: 13, Signer: "example.nl", Inception: now.AddDate(0, 0, -7), Expiration: now.AddDate(0, 0, 7)}},
		},
	}
	for i, n := range []string{"ns1.example.nl", "ns2.example.net"} {
		ns := fact.NameServer{Name: n, Security: fact.Secure}
		for _, a := range []string{[]string{"192.0.2.53", "198.51.100.53"}[i], []string{"2001:db8::53", "2001:db8:1::53"}[i]} {
			ns.Addrs = append(ns.Addrs, fact.ServerAddr{Addr: netip.MustParseAddr(a), UDP: open, TCP: open, RCode: "NOERROR", Authoritative: true})
		}
		m.DNS.NameServers = append(m.DNS.NameServers, ns)
	}
	for _, a := range []netip.Addr{web4, web6} {
		m.Web.Hosts = append(m.Web.Hosts, fact.WebHost{Addr: a, Port80: open, Port443: open, TLS: goodTLS(a), HTTP: goodHTTP(a)})
	}
	chainOf(m, goodChain())
	for i := range m.Web.Hosts {
		for _, hop := range []*fact.Hop{m.Web.Hosts[i].HTTP.Plain.Last(), m.Web.Hosts[i].HTTP.Secure.First()} {
			hop.Chain = m.Chains[0].ID
		}
	}
	m.Web.Similarity = &fact.Similarity{V4: web4, V6: web6, Scheme: "https", Status4: 200, Status6: 200, Class: "same", Ports4: []int{80, 443}, Ports6: []int{80, 443}}
	a, aaaa := secure("example.nl", "A", web4.String()), secure("example.nl", "AAAA", web6.String())
	answer := func() *fact.Fetch {
		return &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{{URL: "https://example.nl/", Status: 301, Next: "https://" + siteName + "/"}}}
	}
	m.Web.Pair = &fact.Pair{Name: "example.nl", A: &a, AAAA: &aaaa, Plain4: answer(), Secure4: answer(), Plain6: answer(), Secure6: answer()}
	addresses := []netip.Addr{web4, web6}
	for _, n := range m.DNS.NameServers {
		for _, x := range n.Addrs {
			addresses = append(addresses, x.Addr)
		}
	}
	for _, x := range addresses {
		bits := 24
		if x.Is6() {
			bits = 48
		}
		p, _ := x.Prefix(bits)
		vrp := fact.VRP{Prefix: p, MaxLength: bits, Origin: 64500}
		m.Routes = append(m.Routes, fact.Route{Addr: x, Covering: []fact.VRP{vrp}, Origins: []fact.RouteOrigin{{Prefix: p, Origin: 64500, State: fact.ROVValid, VRPs: []fact.VRP{vrp}}}})
	}
	return m
}

func goodTLS(a netip.Addr) *fact.TLS {
	t := &fact.TLS{
		Addr: netip.AddrPortFrom(a, 443), ServerName: siteName, Working: accepted,
		KexHashSHA1: declined, KexHashSHA224: declined, KexHashSHA2: accepted, KexSignature: 0x0403,
		Compression: declined, SecureRenegotiation: accepted, ExtendedMasterSecret: accepted, FallbackSCSV: accepted, Heartbeat: declined,
		ClientRenegotiation: fact.Renegotiation{Observed: declined, Tries: 1},
		EarlyData:           fact.EarlyData{Observed: declined, Ticket: true},
		OCSP:                fact.OCSPStaple{Stapled: declined},
		ALPN:                []string{"h2", "http/1.1"},
		KexSeen:             []fact.Group{fact.Secp256r1},
	}
	for _, v := range fact.AllVersions() {
		o := declined
		if v >= fact.TLS12 {
			o = accepted
		}
		t.Versions = append(t.Versions, fact.VersionAnswer{Version: v, Observed: o})
	}
	t.Suites = []fact.SuiteSet{
		{Version: fact.TLS12, Accepted: []fact.Suite{0xC02B, 0xC02C, 0xCCA9}, Chosen: []fact.Suite{0xC02C, 0xCCA9, 0xC02B}, ServerPreference: accepted},
		{Version: fact.TLS13, Accepted: []fact.Suite{0x1301, 0x1302, 0x1303}, Chosen: []fact.Suite{0x1302, 0x1303, 0x1301}, ServerPreference: accepted},
	}
	t.Groups = []fact.GroupSet{
		{Version: fact.TLS12, Accepted: []fact.Group{fact.Secp256r1, fact.Secp384r1, fact.X25519}},
		{Version: fact.TLS13, Accepted: []fact.Group{fact.Secp256r1, fact.Secp384r1, fact.X25519, fact.X25519MLKEM768}},
	}
	return t
}

// goodHeaders are those of a page on which nothing is to be remarked.
func goodHeaders() []fact.Header {
	return []fact.Header{
		{Name: "Server", Value: "nginx"},
		{Name: "Content-Type", Value: "text/html; charset=utf-8"},
		{Name: "Strict-Transport-Security", Value: "max-age=31536000; includeSubDomains; preload"},
		{Name: "Content-Security-Policy", Value: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{Name: "X-Frame-Options", Value: "DENY"},
		{Name: "X-Content-Type-Options", Value: "nosniff"},
		{Name: "Referrer-Policy", Value: "same-origin"},
		{Name: "Permissions-Policy", Value: "camera=(), microphone=(), geolocation=(self)"},
		{Name: "Cross-Origin-Opener-Policy", Value: "same-origin"},
		{Name: "Cross-Origin-Resource-Policy", Value: "same-origin"},
	}
}

func goodHTTP(a netip.Addr) *fact.HTTP {
	page := fact.Hop{URL: "https://" + siteName + "/", Addr: a, Status: 200, Proto: "HTTP/2.0", TLSVersion: fact.TLS13, Header: goodHeaders(), Cookies: []fact.Cookie{{Name: "__Host-s", Secure: true, HTTPOnly: true, SameSite: "lax", Path: "/"}}}
	txt := fact.Hop{URL: "https://" + siteName + "/.well-known/security.txt", Addr: a, Status: 200, Header: []fact.Header{{Name: "Content-Type", Value: "text/plain; charset=utf-8"}}}
	return &fact.HTTP{
		Plain: &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{
			{URL: "http://" + siteName + "/", Addr: a, Status: 301, Location: "https://" + siteName + "/", Next: "https://" + siteName + "/"}, page,
		}},
		Secure:      &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{page}},
		SecurityTxt: &fact.SecurityTxt{WellKnown: &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{txt}}, Body: []byte(signedSecurityTxt), Signature: "valid", KeyID: "0123456789ABCDEF"},
		HTTP2:       accepted, HTTP3: []string{"alt-svc"},
		Page: &fact.Page{ContentType: "text/html"},
	}
}
