package dnslab

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

var (
	noon  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	addr  = netip.MustParseAddr("22.0.0.10")
	other = netip.MustParseAddr("22.0.0.20")
)

// testWorld has a root, test. below it, and one zone per way of signing below that, all on
// one good server; a second one behaves as told.
func testWorld(b Behaviour) World {
	good := &Host{Name: "ns1.test.", Addrs: []netip.Addr{addr}}
	odd := &Host{Name: "ns2.test.", Addrs: []netip.Addr{other}, Behaviour: b}
	zones := map[string]*Spec{}
	children := map[string][]string{}
	add := func(s *Spec) {
		s.NS = []string{good.Name, odd.Name}
		zones[s.Apex] = s
		apex := s.Apex
		if apex != "." {
			children[s.Parent] = append(children[s.Parent], apex)
		}
		s.Children = func() []string { return children[apex] }
	}
	rr := func(format string, args ...any) dns.RR {
		r, err := dns.NewRR(fmt.Sprintf(format, args...))
		if err != nil {
			panic(err)
		}
		return r
	}
	add(&Spec{Apex: "."})
	add(&Spec{Apex: "test.", Parent: ".", Records: []dns.RR{AddressRecord("ns1.test.", addr), AddressRecord("ns2.test.", other)}})
	for _, s := range Signings() {
		apex := "z" + string(s) + ".test."
		add(&Spec{Apex: apex, Parent: "test.", Signing: s, Records: []dns.RR{
			AddressRecord("www."+apex, addr),
			rr("*.wild.%s 3600 IN TXT wild", apex),
			rr("alias.%s 3600 IN CNAME www.%s", apex, apex),
			rr("a.b.c.%s 3600 IN TXT deep", apex),
		}})
	}
	return World{
		Zone: func(apex string) *Spec { return zones[apex] },
		Host: func(name string) *Host {
			switch name {
			case good.Name:
				return good
			case odd.Name:
				return odd
			}
			return nil
		},
		At: func(a netip.Addr) *Host {
			switch a {
			case addr:
				return good
			case other:
				return odd
			}
			return nil
		},
	}
}

func server(b Behaviour) *Server { return New(testWorld(b), func() time.Time { return noon }) }

func query(t testing.TB, s *Server, at netip.Addr, name string, qtype uint16) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.SetEdns0(4096, true)
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	out := s.Answer(nil, wire, at, true)
	if out == nil {
		return nil
	}
	in := new(dns.Msg)
	if err := in.Unpack(out); err != nil {
		t.Fatalf("%s %s: %v", name, dns.TypeToString[qtype], err)
	}
	return in
}

// keysOf fetches and checks a zone's keys from the parent's DS down.
func keysOf(t *testing.T, s *Server, apex string) []*dns.DNSKEY {
	t.Helper()
	var keys []*dns.DNSKEY
	in := query(t, s, addr, apex, dns.TypeDNSKEY)
	for _, r := range in.Answer {
		if k, ok := r.(*dns.DNSKEY); ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// verifySection checks every record set of a section with miekg's own verification.
func verifySection(t *testing.T, what string, section []dns.RR, keys []*dns.DNSKEY) (checked int) {
	t.Helper()
	sets := map[string][]dns.RR{}
	var sigs []*dns.RRSIG
	for _, r := range section {
		if sig, ok := r.(*dns.RRSIG); ok {
			sigs = append(sigs, sig)
			continue
		}
		k := r.Header().Name + dns.TypeToString[r.Header().Rrtype]
		sets[k] = append(sets[k], r)
	}
	for _, sig := range sigs {
		set := sets[sig.Hdr.Name+dns.TypeToString[sig.TypeCovered]]
		i := slices.IndexFunc(keys, func(k *dns.DNSKEY) bool { return k.KeyTag() == sig.KeyTag })
		if len(set) == 0 || i < 0 {
			t.Errorf("%s: a signature over nothing, or by nobody: %v", what, sig)
			continue
		}
		if !sig.ValidityPeriod(noon) {
			t.Errorf("%s: %s is out of its time", what, sig)
		}
		if err := sig.Verify(keys[i], set); err != nil {
			t.Errorf("%s: %s: %v", what, sig, err)
		}
		checked++
	}
	return checked
}

func TestGoodZonesVerify(t *testing.T) {
	s := server(Well)
	for _, sg := range Signings() {
		switch sg {
		case Unsigned, DSNoKey, ExpiredSigs, FutureSigs, BadSigs, NoSigs, Ed448, UnknownAlgorithm, HalfRollover, TwoAlgorithms:
			continue // nothing to verify, or not with this library; Unbound is asked about all of them
		}
		apex := "z" + string(sg) + ".test."
		keys := keysOf(t, s, apex)
		if len(keys) == 0 {
			t.Errorf("%s: no keys", apex)
			continue
		}
		for _, q := range []struct {
			name  string
			qtype uint16
		}{
			{apex, dns.TypeSOA},
			{apex, dns.TypeDNSKEY},
			{"www." + apex, dns.TypeA},
			{"alias." + apex, dns.TypeA},
			{"x.wild." + apex, dns.TypeTXT},
			{"none." + apex, dns.TypeA},
			{"b.c." + apex, dns.TypeA},
		} {
			in := query(t, s, addr, q.name, q.qtype)
			what := fmt.Sprintf("%s %s", q.name, dns.TypeToString[q.qtype])
			if n := verifySection(t, what, in.Answer, keys) + verifySection(t, what, in.Ns, keys); n == 0 {
				t.Errorf("%s: nothing signed in %v", what, in)
			}
		}
	}
}

func TestTheDSMatchesTheKeyExceptWhereItMustNot(t *testing.T) {
	s := server(Well)
	for _, sg := range Signings() {
		apex := "z" + string(sg) + ".test."
		in := query(t, s, addr, apex, dns.TypeDS)
		keys := keysOf(t, s, apex)
		matches := false
		present := false
		for _, r := range in.Answer {
			ds, ok := r.(*dns.DS)
			if !ok {
				continue
			}
			present = true
			for _, k := range keys {
				if own := k.ToDS(ds.DigestType); own != nil && own.Digest == ds.Digest {
					matches = true
				}
			}
		}
		wantPresent := sg != Unsigned && sg != NoDS
		wantMatch := wantPresent && sg != DSNoKey && sg != WrongDS && sg != WrongDigest && sg != UnknownDigest
		if present != wantPresent || matches != wantMatch {
			t.Errorf("%q: DS there %v, matching %v; want %v, %v", sg, present, matches, wantPresent, wantMatch)
		}
	}
}

func TestReferralsGoDownAndCarryGlue(t *testing.T) {
	s := server(Well)
	w := testWorld(Well)
	delegating := New(World{Host: w.Host, At: w.At, Zone: func(apex string) *Spec {
		z := w.Zone(apex)
		if z != nil && strings.Count(apex, ".") > 1 { // served by somebody else
			c := *z
			c.NS = []string{"ns2.test."}
			return &c
		}
		return z
	}}, func() time.Time { return noon })
	in := query(t, delegating, addr, "www.z.test.", dns.TypeA)
	if in.Authoritative || len(in.Answer) != 0 || len(in.Ns) == 0 || in.Ns[0].Header().Name != "z.test." || len(in.Extra) < 2 {
		t.Errorf("no referral: %v", in)
	}
	if !slices.ContainsFunc(in.Ns, func(r dns.RR) bool { return r.Header().Rrtype == dns.TypeDS }) {
		t.Errorf("no DS in the referral: %v", in)
	}
	if in := query(t, s, addr, "www.elsewhere.org.", dns.TypeA); in.Rcode != dns.RcodeNameError {
		t.Errorf("below the root: %s", dns.RcodeToString[in.Rcode])
	}
}

func TestACachedAnswerKeepsTheAskersSpellingAndNumber(t *testing.T) {
	s := server(Well)
	for i, name := range []string{"www.z.test.", "WWW.z.TEST.", "wWw.Z.tEsT."} {
		m := new(dns.Msg)
		m.SetQuestion(name, dns.TypeA)
		m.SetEdns0(1232, true)
		m.Id = uint16(1000 + i)
		wire, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		var in dns.Msg
		if err := in.Unpack(s.Answer(nil, wire, addr, false)); err != nil {
			t.Fatal(err)
		}
		if in.Id != m.Id || in.Question[0].Name != name || len(in.Answer) != 2 {
			t.Errorf("%s: %v", name, &in)
		}
	}
	if len(s.cache.by) != 1 {
		t.Errorf("%d entries in the cache", len(s.cache.by))
	}
}

func TestABigAnswerIsTruncatedOverUDPAlone(t *testing.T) {
	s := server(Well)
	m := new(dns.Msg)
	m.SetQuestion("zrsasha512.test.", dns.TypeDNSKEY)
	m.SetEdns0(512, true)
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, tcp := range []bool{false, true} {
		out := s.Answer(nil, wire, addr, tcp)
		var in dns.Msg
		if err := in.Unpack(out); err != nil {
			t.Fatal(err)
		}
		if in.Truncated == tcp || !tcp && len(out) > 512 || tcp && len(in.Answer) != 2 {
			t.Errorf("tcp %v: truncated %v, %d bytes, %d records", tcp, in.Truncated, len(out), len(in.Answer))
		}
	}
}

func TestSignaturesMoveWithTheClock(t *testing.T) {
	now := noon
	s := New(testWorld(Well), func() time.Time { return now })
	expiry := func() uint32 {
		for _, r := range query(t, s, addr, "www.z.test.", dns.TypeA).Answer {
			if sig, ok := r.(*dns.RRSIG); ok {
				return sig.Expiration
			}
		}
		return 0
	}
	first := expiry()
	now = now.Add(40 * 24 * time.Hour)
	if second := expiry(); second-first != 40*24*3600 {
		t.Errorf("after forty days the signature lasts %d s longer", second-first)
	}
}

func TestBadServersAreBad(t *testing.T) {
	ask := func(b Behaviour, tcp, edns bool) ([]byte, *dns.Msg) {
		s := server(b)
		m := new(dns.Msg)
		m.SetQuestion("www.z.test.", dns.TypeA)
		if edns {
			m.SetEdns0(1232, true)
		}
		m.Id = 7
		wire, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		out := s.Answer(nil, wire, other, tcp)
		in := new(dns.Msg)
		if in.Unpack(out) != nil {
			in = nil
		}
		return out, in
	}
	for _, c := range []struct {
		b         Behaviour
		tcp, edns bool
		want      func([]byte, *dns.Msg) bool
	}{
		{Refusing, false, true, func(_ []byte, m *dns.Msg) bool { return m.Rcode == dns.RcodeRefused }},
		{Failing, false, true, func(_ []byte, m *dns.Msg) bool { return m.Rcode == dns.RcodeServerFailure }},
		{NotImp, false, true, func(_ []byte, m *dns.Msg) bool { return m.Rcode == dns.RcodeNotImplemented }},
		{Lame, false, true, func(_ []byte, m *dns.Msg) bool {
			return !m.Authoritative && len(m.Ns) == 2 && m.Ns[0].Header().Name == "."
		}},
		{Mute, false, true, func(b []byte, _ *dns.Msg) bool { return b == nil }},
		{Truncating, false, true, func(_ []byte, m *dns.Msg) bool { return m.Truncated && len(m.Answer) == 0 }},
		{Truncating, true, true, func(_ []byte, m *dns.Msg) bool { return !m.Truncated && len(m.Answer) == 2 }},
		{UDPOnly, true, true, func(b []byte, _ *dns.Msg) bool { return b == nil }},
		{UDPOnly, false, true, func(_ []byte, m *dns.Msg) bool { return len(m.Answer) == 2 }},
		{NoEDNS, false, true, func(_ []byte, m *dns.Msg) bool { return m.Rcode == dns.RcodeFormatError && m.IsEdns0() == nil }},
		{NoEDNS, false, false, func(_ []byte, m *dns.Msg) bool { return len(m.Answer) == 1 }},
		{WrongID, false, true, func(_ []byte, m *dns.Msg) bool { return m.Id != 7 }},
		{WrongName, false, true, func(_ []byte, m *dns.Msg) bool { return m.Question[0].Name != "www.z.test." }},
		{Forging, false, true, func(_ []byte, m *dns.Msg) bool {
			return len(m.Answer) == 1 && m.Answer[0].(*dns.A).A.String() == "22.22.22.22"
		}},
		{Poisoning, false, true, func(_ []byte, m *dns.Msg) bool { return len(m.Answer) == 3 && len(m.Extra) == 2 }},
		{Garbage, false, true, func(b []byte, m *dns.Msg) bool { return m == nil && len(b) > 12 }},
		{PointerLoop, false, true, func(b []byte, m *dns.Msg) bool { return m == nil && len(b) > 12 }},
		{HugeAnswer, false, true, func(_ []byte, m *dns.Msg) bool { return m.Truncated }},
		{HugeAnswer, true, true, func(b []byte, _ *dns.Msg) bool { return len(b) > 60_000 }},
		{Recursing, false, true, func(_ []byte, m *dns.Msg) bool { return m.RecursionAvailable && !m.Authoritative }},
	} {
		if out, in := ask(c.b, c.tcp, c.edns); !c.want(out, in) {
			t.Errorf("%s (tcp %v, edns %v): %v %x", c.b, c.tcp, c.edns, in, out)
		}
	}
}

// FuzzAnswer holds that no bytes make a server panic, and that what it says can be read.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"000100000001000000000000037777770174047465737400" + "00010001",
		"0001000000010000000000010377777701740474657374000001000100002904d0000080000000",
		"ffff", "", "00018400000100000000000000",
	} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, false)
		f.Add(b, true)
	}
	s := server(Well)
	f.Fuzz(func(t *testing.T, q []byte, tcp bool) {
		out := s.Answer(nil, q, addr, tcp)
		if out == nil {
			return
		}
		if err := new(dns.Msg).Unpack(out); err != nil {
			t.Errorf("%x: %v", out, err)
		}
		if !tcp && len(out) > maxUDP {
			t.Errorf("%d bytes over UDP", len(out))
		}
	})
}
