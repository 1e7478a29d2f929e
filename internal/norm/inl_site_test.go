package norm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"peil/internal/fact"
)

const inlSite = "www.example.nl"

var (
	inlNow    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	inlV4Addr = netip.MustParseAddr("192.0.2.10")
	inlV6Addr = netip.MustParseAddr("2001:db8::10")
)

// inlCert makes a certificate for the site.
func inlCert(key crypto.Signer, inlChange func(*x509.Certificate)) []byte {
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: inlSite}, DNSNames: []string{inlSite},
		NotBefore: inlNow.AddDate(0, -1, 0), NotAfter: inlNow.AddDate(0, 2, 0),
		OCSPServer: []string{"http://ocsp.example.nl"},
	}
	if inlChange != nil {
		inlChange(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return der
}

func inlNewKey(curve elliptic.Curve) crypto.Signer {
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func inlNewRSA(bits int) crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

// The certificates that the cases need, made once.
var inlCerts = sync.OnceValue(func() map[string][]byte {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	m := map[string][]byte{
		"good":     inlCert(inlNewKey(elliptic.P256()), nil),
		"ed25519":  inlCert(ed, nil),
		"p224":     inlCert(inlNewKey(elliptic.P224()), nil),
		"rsa3072":  inlCert(inlNewRSA(3072), nil),
		"rsa2048":  inlCert(inlNewRSA(2048), nil),
		"rsa1024":  inlCert(inlNewRSA(1024), nil),
		"no-ocsp":  inlCert(inlNewKey(elliptic.P256()), func(c *x509.Certificate) { c.OCSPServer = nil }),
		"wildcard": inlCert(inlNewKey(elliptic.P256()), func(c *x509.Certificate) { c.DNSNames = []string{"*.example.nl"} }),
		"other":    inlCert(inlNewKey(elliptic.P256()), func(c *x509.Certificate) { c.DNSNames = []string{"other.nl"} }),
		"cn-only":  inlCert(inlNewKey(elliptic.P256()), func(c *x509.Certificate) { c.DNSNames = nil }),
		"pss": inlCert(inlNewRSA(3072), func(c *x509.Certificate) {
			c.SignatureAlgorithm = x509.SHA256WithRSAPSS
		}),
	}
	// ecdsa-with-SHA256 made into ecdsa-with-SHA224 and into an algorithm nobody knows.
	sha256OID := []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}
	m["sha224"] = bytes.ReplaceAll(m["good"], sha256OID, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1})
	m["sig-unknown"] = bytes.ReplaceAll(m["good"], sha256OID, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 9})
	return m
})

var (
	inlYes    = fact.Observed{Answer: fact.Accepted}
	inlNo     = fact.Observed{Answer: fact.Declined}
	inlUnseen = fact.Observed{Gap: fact.GapTimeout}

	inlIsOpen   = fact.Reach{State: fact.ReachOpen}
	inlIsDead   = fact.Reach{State: fact.ReachDead, How: "refused"}
	inlIsHidden = fact.Reach{Gap: fact.GapTimeout}
)

func inlSuiteOf(name string) fact.Suite {
	s, ok := fact.SuiteNamed(name)
	if !ok {
		panic(name)
	}
	return s
}

func inlCaaRecord(tag, value string) fact.Record {
	raw := append(append([]byte{0, byte(len(tag))}, tag...), value...)
	return fact.Record{Data: "0 " + tag + " \"" + value + "\"", Raw: raw}
}

func inlTlsaRecord(usage byte, der []byte) fact.Record {
	h := sha256.Sum256(der)
	return fact.Record{Data: "3 0 1 " + hex.EncodeToString(h[:]), Raw: append([]byte{usage, 0, 1}, h[:]...)}
}

const inlGoodCSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var inlGoodSecurityTxt = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nContact: https://example.nl/\nExpires: 2027-01-01T00:00:00Z\n" +
	"Canonical: https://" + inlSite + "/.well-known/security.txt\n-----BEGIN PGP SIGNATURE-----\n\n" +
	strings.Repeat("wpwEAQEIABAFAmTHcawJENkAAAAAAAAA", 7) + "\n-----END PGP SIGNATURE-----\n"

func inlGoodHost(a netip.Addr, inlChain string) fact.WebHost {
	v := func(ver fact.Version, o fact.Observed) fact.VersionAnswer {
		return fact.VersionAnswer{Version: ver, Observed: o}
	}
	hop := func(url string, status int, next string, hs ...fact.Header) fact.Hop {
		return fact.Hop{URL: url, Addr: a, Status: status, Location: next, Next: next, Header: hs}
	}
	return fact.WebHost{
		Addr: a, Port80: inlIsOpen, Port443: inlIsOpen,
		TLS: &fact.TLS{
			Addr: netip.AddrPortFrom(a, 443), ServerName: inlSite, Working: inlYes,
			Versions: []fact.VersionAnswer{v(fact.SSL20, inlNo), v(fact.SSL30, inlNo), v(fact.TLS10, inlNo), v(fact.TLS11, inlNo), v(fact.TLS12, inlYes), v(fact.TLS13, inlYes)},
			Suites: []fact.SuiteSet{
				{Version: fact.TLS12, Accepted: []fact.Suite{inlSuiteOf("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), inlSuiteOf("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")}},
				{Version: fact.TLS13, Accepted: []fact.Suite{0x1301, 0x1302}},
			},
			KexSeen:     []fact.Group{fact.Secp256r1, fact.X25519},
			KexHashSHA1: inlNo, KexHashSHA224: inlNo, KexHashSHA2: inlYes,
			Compression: inlNo, SecureRenegotiation: inlYes, ExtendedMasterSecret: inlYes,
			ClientRenegotiation: fact.Renegotiation{Observed: inlNo, Tries: 1},
			EarlyData:           fact.EarlyData{Observed: inlNo, Ticket: true},
			OCSP:                fact.OCSPStaple{Stapled: inlYes, Status: "good", Trusted: true, NextUpdate: inlNow.AddDate(0, 0, 3)},
			Deployments:         []fact.Deployment{{Chain: inlChain, Auth: "ecdsa", Version: fact.TLS12, First: true}},
		},
		HTTP: &fact.HTTP{
			Plain: &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{hop("http://"+inlSite+"/", 301, "https://"+inlSite+"/"), hop("https://"+inlSite+"/", 200, "")}},
			Secure: &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{hop("https://"+inlSite+"/", 200, "",
				fact.Header{Name: "Strict-Transport-Security", Value: "max-age=31536000"},
				fact.Header{Name: "X-Frame-Options", Value: "DENY"},
				fact.Header{Name: "X-Content-Type-Options", Value: "nosniff"},
				fact.Header{Name: "Content-Security-Policy", Value: inlGoodCSP},
				fact.Header{Name: "Referrer-Policy", Value: "same-origin"})}},
			SecurityTxt: &fact.SecurityTxt{
				WellKnown: &fact.Fetch{End: fact.EndOK, Hops: []fact.Hop{hop("https://"+inlSite+"/.well-known/security.txt", 200, "", fact.Header{Name: "Content-Type", Value: "text/plain; charset=utf-8"})}},
				Body:      []byte(inlGoodSecurityTxt),
			},
		},
	}
}

func inlGoodRoute(a netip.Addr) fact.Route {
	p, _ := a.Prefix(map[bool]int{true: 24, false: 32}[a.Is4()])
	vrp := fact.VRP{Prefix: p, MaxLength: p.Bits(), Origin: 64500}
	return fact.Route{Addr: a, Origins: []fact.RouteOrigin{{Prefix: p, Origin: 64500, State: fact.ROVValid, VRPs: []fact.VRP{vrp}}}, Covering: []fact.VRP{vrp}}
}

// goodWebsite is a website that scores 100 % on internet.nl.
func inlGoodWebsite() *fact.Measurement {
	der := inlCerts()["good"]
	id := fact.ChainID(inlSite, [][]byte{der})
	secure := func(name, qtype string, rs ...fact.Record) fact.Lookup {
		return fact.Lookup{Name: name, Type: qtype, RCode: "NOERROR", Security: fact.Secure, Records: rs, Until: inlNow.AddDate(0, 0, 14)}
	}
	m := &fact.Measurement{
		Schema: fact.Schema, Target: fact.Target{Name: inlSite, Role: fact.Web}, At: inlNow,
		DNS: &fact.DNS{
			Lookups: []fact.Lookup{
				secure(tlsaName(inlSite), "TLSA", inlTlsaRecord(3, der)),
				secure("example.nl", "CAA", inlCaaRecord("issue", "ca.nl")),
				secure(inlSite, "A", fact.Record{Data: inlV4Addr.String()}),
				secure(inlSite, "AAAA", fact.Record{Data: inlV6Addr.String()}),
				secure(inlSite, "CAA"),
				secure(inlSite, "SOA"),
			},
			NSOwner: "example.nl",
		},
		Web: &fact.WebFacts{
			Hosts:      []fact.WebHost{inlGoodHost(inlV4Addr, id), inlGoodHost(inlV6Addr, id)},
			Wire:       []netip.Addr{inlV4Addr, inlV6Addr},
			Similarity: &fact.Similarity{V4: inlV4Addr, V6: inlV6Addr, Scheme: "https", Status4: 200, Status6: 200, Class: "same", Ports4: []int{80, 443}, Ports6: []int{80, 443}},
		},
		Chains: []fact.Chain{{ID: id, Certs: [][]byte{der}, Trust: fact.Trust{ServerName: inlSite, Trusted: true, Until: inlNow.AddDate(0, 2, 0)}}},
		Routes: []fact.Route{inlGoodRoute(inlV4Addr), inlGoodRoute(inlV6Addr)},
	}
	for i, name := range []string{"ns1.example.net", "ns2.example.net"} {
		inlNs := fact.NameServer{Name: name, Security: fact.Secure}
		for _, s := range []string{"192.0.2.5", "2001:db8::5"} {
			a := netip.MustParseAddr(s + string(rune('1'+i)))
			inlNs.Addrs = append(inlNs.Addrs, fact.ServerAddr{Addr: a, UDP: inlIsOpen, TCP: inlIsOpen})
			m.Routes = append(m.Routes, inlGoodRoute(a))
		}
		m.DNS.NameServers = append(m.DNS.NameServers, inlNs)
	}
	return m
}

// change is one departure from the good website.
type inlChange func(*fact.Measurement)

// hosts changes every address.
func inlHosts(f func(*fact.WebHost)) inlChange {
	return func(m *fact.Measurement) {
		for i := range m.Web.Hosts {
			f(&m.Web.Hosts[i])
		}
	}
}

func inlTlsOf(f func(*fact.TLS)) inlChange { return inlHosts(func(h *fact.WebHost) { f(h.TLS) }) }

// header replaces a header on every address; no values takes it away.
func inlHeader(name string, values ...string) inlChange {
	return inlHosts(func(h *fact.WebHost) {
		hop := &h.HTTP.Secure.Hops[0]
		var hs []fact.Header
		for _, x := range hop.Header {
			if x.Name != name {
				hs = append(hs, x)
			}
		}
		for _, v := range values {
			hs = append(hs, fact.Header{Name: name, Value: v})
		}
		hop.Header = hs
	})
}

func inlVersion(v fact.Version, o fact.Observed) inlChange {
	return inlTlsOf(func(t *fact.TLS) {
		for i := range t.Versions {
			if t.Versions[i].Version == v {
				t.Versions[i].Observed = o
			}
		}
	})
}

// suites replaces those of TLS 1.2.
func inlWithSuites(names ...string) inlChange {
	return inlTlsOf(func(t *fact.TLS) {
		t.Suites[0].Accepted = nil
		for _, n := range names {
			t.Suites[0].Accepted = append(t.Suites[0].Accepted, inlSuiteOf(n))
		}
	})
}

// only13 leaves nothing but TLS 1.3.
func inlOnly13(m *fact.Measurement) {
	inlVersion(fact.TLS12, inlNo)(m)
	inlTlsOf(func(t *fact.TLS) {
		t.Suites = t.Suites[1:]
		t.KexSeen = nil
		t.KexHashSHA1, t.KexHashSHA224, t.Compression, t.SecureRenegotiation, t.ExtendedMasterSecret = fact.Observed{}, fact.Observed{}, fact.Observed{}, fact.Observed{}, fact.Observed{}
		t.ClientRenegotiation = fact.Renegotiation{}
	})(m)
}

// chain serves another certificate, trusted all the same.
func inlChain(name string, trust func(*fact.Trust)) inlChange {
	return func(m *fact.Measurement) {
		c := &m.Chains[0]
		c.Certs = [][]byte{inlCerts()[name]}
		c.ID = fact.ChainID(inlSite, c.Certs)
		inlTlsOf(func(t *fact.TLS) { t.Deployments[0].Chain = c.ID })(m)
		if trust != nil {
			trust(&c.Trust)
		}
	}
}

func inlLookup(m *fact.Measurement, name, qtype string) *fact.Lookup {
	return m.DNS.Lookup(name, qtype)
}

func inlRoutes(f func(*fact.Route), addrs ...netip.Addr) inlChange {
	return func(m *fact.Measurement) {
		for i := range m.Routes {
			for _, a := range addrs {
				if m.Routes[i].Addr == a {
					f(&m.Routes[i])
				}
			}
		}
	}
}

func inlAll(cs ...inlChange) inlChange {
	return func(m *fact.Measurement) {
		for _, c := range cs {
			c(m)
		}
	}
}

func inlNoAddress(qtype string) inlChange {
	return func(m *fact.Measurement) {
		var wire []netip.Addr
		var hs []fact.WebHost
		for _, h := range m.Web.Hosts {
			if h.Addr.Is4() != (qtype == "A") {
				wire = append(wire, h.Addr)
				hs = append(hs, h)
			}
		}
		m.Web.Wire, m.Web.Hosts, m.Web.Similarity = wire, hs, nil
		inlLookup(m, inlSite, qtype).Records = nil
	}
}

func inlJudge(tb testing.TB, m *fact.Measurement) *Result {
	tb.Helper()
	r := Judge(m, internetNL())
	if len(r.Verdicts) != len(inlWebSpecs) || len(r.Categories) != len(inlWebCategories) {
		tb.Fatalf("%d verdicts, %d categories", len(r.Verdicts), len(r.Categories))
	}
	return r
}

var inlHexDigest = regexp.MustCompile(`[0-9a-f]{64}`)

func inlSorted(s []string) []string { slices.Sort(s); return s }

// fillArgs puts the arguments of a reason into its words.
func inlFillArgs(text string, args []string) string {
	for i, a := range args {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i+1)+"}", a)
	}
	return text
}
