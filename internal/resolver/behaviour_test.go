package resolver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
)

func TestAFreshNameCostsThreeQuestions(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13)
	w.zone("first.nl", 13, "www A 192.0.2.1")
	w.zone("second.nl", 13, "www CNAME @", "@ A 192.0.2.1")
	r := w.build()
	expect(t, r, "www.first.nl", "A", "NOERROR secure 192.0.2.1")
	w.forget()
	var tally Tally
	l := r.Lookup(WithTally(context.Background(), &tally), "www.second.nl", "A")
	if l.Security != fact.Secure {
		t.Errorf("got %s", say(l))
	}
	want := []string{"second.nl A", "www.second.nl A", "second.nl DNSKEY"}
	if got := w.forget(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	if c := tally.Cost(); c.Queries != 3 || c.Connections != 0 || c.BytesIn == 0 || c.BytesOut == 0 {
		t.Errorf("counted %+v", c)
	}
	expect(t, r, "www.second.nl", "AAAA", "NOERROR secure CNAME>second.nl")
	if got := w.forget(); len(got) != 2 {
		t.Errorf("the next type cost %q", got)
	}
}

func TestNamesAreNotToldToServersThatNeedNotKnow(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13)
	w.zone("example.nl", 13, "a.b.c.www A 192.0.2.1", "_443._tcp.www TLSA 3 1 1 "+strings.Repeat("ab", 32))
	r := w.build()
	expect(t, r, "a.b.c.www.example.nl", "A", "NOERROR secure 192.0.2.1")
	asked := w.forget()
	want := []string{". NS", "nl A", "example.nl A", "www.example.nl A", "c.www.example.nl A", "b.c.www.example.nl A", "a.b.c.www.example.nl A"}
	if len(asked) < len(want) || !slices.Equal(asked[:len(want)], want) {
		t.Errorf("asked %q, want first %q", asked, want)
	}
	expect(t, r, "_443._tcp.www.example.nl", "TLSA", "NOERROR secure 3 1 1 "+strings.Repeat("ab", 32))
	if got := w.forget(); !slices.Equal(got, []string{"_443._tcp.www.example.nl TLSA"}) {
		t.Errorf("asked %q", got)
	}
}

func TestAnswersAreKeptForTheirTTL(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13, "www 100 A 192.0.2.1", "zero 0 A 192.0.2.1")
	r := w.build()
	now := time.Now()
	r.tick = func() time.Time { return now }
	for _, step := range []struct {
		after time.Duration
		name  string
		asked int
	}{
		{0, "www.nl A", 1},
		{99 * time.Second, "www.nl A", 0},
		{time.Second, "www.nl A", 1},
		{0, "nope.nl A", 1},
		{299 * time.Second, "nope.nl A", 0},
		{2 * time.Second, "nope.nl A", 1},
	} {
		now = now.Add(step.after)
		w.forget()
		n, typ, _ := strings.Cut(step.name, " ")
		l := r.Lookup(context.Background(), n, typ)
		if l.Security != fact.Secure {
			t.Errorf("%s: %s", step.name, say(l))
		}
		if got := w.count(step.name); got != step.asked {
			t.Errorf("%s after %v: asked %d times, want %d", step.name, step.after, got, step.asked)
		}
	}
}

func TestASignatureThatRunsOutEndsItsAnswer(t *testing.T) {
	w := newWorld(t)
	z := w.zone("nl", 13, "www 86400 A 192.0.2.1")
	z.to = w.now.Add(time.Minute)
	r := w.build()
	start := time.Now()
	now := start
	r.tick = func() time.Time { return now }
	l := expect(t, r, "www.nl", "A", "NOERROR secure 192.0.2.1")
	if !l.Until.Equal(z.to) {
		t.Errorf("until %v, want %v", l.Until, z.to)
	}
	w.now, now = w.now.Add(2*time.Minute), now.Add(2*time.Minute)
	expect(t, r, "www.nl", "A", "NOERROR bogus/expired 7 nl 192.0.2.1")
}

func TestCallersWhoAskAtOnceShareTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.zone("nl", 13, "www A 192.0.2.1")
		release := make(chan struct{})
		r := w.build(func(c *Config) {
			c.Dial = func(ctx context.Context, s, network string, a netip.AddrPort) (net.Conn, error) {
				<-release
				return w.dial(ctx, s, network, a)
			}
		})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { expect(t, r, "www.nl", "A", "NOERROR secure 192.0.2.1") })
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		for _, q := range []string{". NS", "nl A", "www.nl A", "nl DNSKEY", ". DNSKEY"} {
			if n := w.count(q); n != 1 {
				t.Errorf("%s was asked %d times", q, n)
			}
		}
	})
}

func TestOneCallerGivingUpDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.zone("nl", 13, "www A 192.0.2.1")
		release := make(chan struct{})
		r := w.build(func(c *Config) {
			c.Dial = func(ctx context.Context, s, network string, a netip.AddrPort) (net.Conn, error) {
				select {
				case <-release:
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				return w.dial(ctx, s, network, a)
			}
		})
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			if l := r.Lookup(ctx, "www.nl", "A"); l.Gap != fact.GapCancelled || l.Security != fact.Indeterminate {
				t.Errorf("got %s", say(l))
			}
		})
		synctest.Wait()
		wg.Go(func() { expect(t, r, "www.nl", "A", "NOERROR secure 192.0.2.1") })
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		wg.Wait()
	})
}

func TestAMachineWithoutIPv6StillResolves(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13, "www A 192.0.2.1")
	r := w.build(func(c *Config) {
		c.RootHints += "ns. 3600 AAAA 2001:500:2::c\n"
		c.Dial = func(ctx context.Context, s, network string, a netip.AddrPort) (net.Conn, error) {
			if a.Addr().Is6() {
				return nil, &egress.Error{Op: "dial", Addr: a, Kind: egress.ErrNoFamily}
			}
			return w.dial(ctx, s, network, a)
		}
	})
	expect(t, r, "www.nl", "A", "NOERROR secure 192.0.2.1")
}

func TestWhatEgressRefusesIsAGap(t *testing.T) {
	for _, kind := range []error{egress.ErrExcluded, egress.ErrUnmapped, egress.ErrNoFamily, egress.ErrLocal, egress.ErrBudget} {
		w := newWorld(t)
		r := w.build(func(c *Config) {
			c.Dial = func(_ context.Context, _, _ string, a netip.AddrPort) (net.Conn, error) {
				return nil, &egress.Error{Op: "dial", Addr: a, Kind: kind}
			}
		})
		l := r.Lookup(context.Background(), "www.nl", "A")
		want := fact.Gap(egress.Gap(&egress.Error{Addr: netip.AddrPortFrom(w.zones["."].addr, 53), Kind: kind}))
		if l.Gap != want || l.Security != fact.Indeterminate || l.RCode != "" {
			t.Errorf("%v: got %s, want gap %s", kind, say(l), want)
		}
	}
}

func TestLongAnswersComeOverTCP(t *testing.T) {
	w := newWorld(t)
	z := w.zone("nl", 13)
	for i := range 40 {
		z.add(fmt.Sprintf("@ TXT \"%040d\"", i))
	}
	r := w.build()
	var tally Tally
	l := r.Lookup(WithTally(context.Background(), &tally), "nl", "TXT")
	if len(l.Records) != 40 || l.Security != fact.Secure || len(l.Records[0].Raw) != 41 {
		t.Errorf("got %s", say(l))
	}
	if tally.Cost().Connections != 1 {
		t.Errorf("counted %+v", tally.Cost())
	}
}

func TestOneServerThatLagsDoesNotMakeAZoneBogus(t *testing.T) {
	for _, typ := range []uint16{dns.TypeA, dns.TypeDNSKEY, dns.TypeDS} {
		for range 8 { // whichever server is asked first
			w := newWorld(t)
			p := w.zone("nl", 13)
			z := w.zone("example.nl", 13, "www A 192.0.2.1")
			hit := z
			if typ == dns.TypeDS {
				hit = p
			}
			parent := w.parentOf(hit.name)
			hit.add("@ NS other." + hit.name)
			second := netip.MustParseAddr("198.41.77.77")
			parent.add("other." + hit.name + " A " + second.String())
			r := w.build()
			w.at[second] = []*zone{hit}
			lagging := second
			dial := r.dial
			r.dial = func(s string) func(context.Context, string, netip.AddrPort) (net.Conn, error) {
				d := dial(s)
				return func(ctx context.Context, network string, a netip.AddrPort) (net.Conn, error) {
					c, err := d(ctx, network, a)
					if m, ok := c.(*memConn); ok && a.Addr() == lagging {
						honest := m.reply
						m.reply = func(tcp bool, q []byte) []byte {
							var msg dns.Msg
							b := honest(tcp, q)
							if b == nil || msg.Unpack(b) != nil {
								return b
							}
							drop(&msg, isSig(typ))
							b, _ = msg.Pack()
							return b
						}
					}
					return c, err
				}
			}
			expect(t, r, "www.example.nl", "A", "NOERROR secure 192.0.2.1")
		}
	}
}

func TestNameServersClimbs(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13)
	w.zone("example.nl", 13, "a.b.www A 192.0.2.1", "@ NS ns2.example.nl.")
	w.zone("bad.nl", 13).edit = func(_ dns.Question, m *dns.Msg) { *m = dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeRefused}} }
	r := w.build()
	owner, l := r.NameServers(context.Background(), "a.b.www.example.nl")
	if owner != "example.nl" || say(l) != "NOERROR secure ns.example.nl ns2.example.nl" {
		t.Errorf("%s: %s", owner, say(l))
	}
	owner, l = r.NameServers(context.Background(), "www.bad.nl")
	if owner != "" || l.RCode != "REFUSED" || l.Gap != fact.GapDNS {
		t.Errorf("%s: %s", owner, say(l))
	}
}

func TestZoneFacts(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", dns.RSASHA256)
	z := w.zone("example.nl", 13, "@ NS ns2.example.nl.", "ns2 A 192.0.2.3")
	z.nsec3 = &dns.NSEC3PARAM{Hash: 1, Iterations: 3, Salt: "ABCD", SaltLength: 2}
	old := w.key("example.nl.", dns.RSASHA256, 257)
	z.ds = []dns.RR{old.ToDS(dns.SHA1), z.keys[0].ToDS(dns.SHA256)}
	w.zone("plain.nl", 0)
	z.keys = append(z.keys, &zoneKey{DNSKEY: w.key("example.nl.", 15, 256).DNSKEY}) // published, not used
	r := w.build()
	got := r.Zone(context.Background(), "example.nl")
	key := func(i int, used bool) fact.DNSKEY {
		return fact.DNSKEY{KeyTag: z.keys[i].KeyTag(), Flags: z.keys[i].Flags, Algorithm: z.keys[i].Algorithm, Used: used}
	}
	sig := func(typ string, k *zoneKey, signer string) fact.Signature {
		return fact.Signature{Name: "example.nl", Type: typ, KeyTag: k.KeyTag(), Algorithm: k.Algorithm, Signer: signer, Inception: z.from, Expiration: z.to}
	}
	want := fact.Zone{
		Name: "example.nl", Parent: "nl", Security: fact.Secure,
		DS:       []fact.DS{{KeyTag: old.KeyTag(), Algorithm: 8, Digest: 1}, {KeyTag: z.keys[0].KeyTag(), Algorithm: 13, Digest: 2, Matches: true}},
		Keys:     []fact.DNSKEY{key(0, true), key(1, true), key(2, false)},
		Denial:   &fact.Denial{Kind: "NSEC3", Iterations: 3, SaltLength: 2},
		ParentNS: []string{"ns.example.nl", "ns2.example.nl"}, ChildNS: []string{"ns.example.nl", "ns2.example.nl"},
		Signatures: []fact.Signature{
			sig("DNSKEY", z.keys[0], "example.nl"), sig("DS", w.zones["nl."].keys[1], "nl"), sig("NS", z.keys[1], "example.nl"), sig("SOA", z.keys[1], "example.nl"),
		},
	}
	f := &zoneFacts{zone: &want}
	f.sort()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if nl := r.Zone(context.Background(), "nl"); len(nl.Keys) != 2 || nl.Keys[0].Bits != 1024 || nl.Parent != "." || nl.Denial == nil || nl.Denial.Kind != "NSEC" {
		t.Errorf("%+v", nl)
	}
	if p := r.Zone(context.Background(), "plain.nl"); p.Security != fact.Insecure || p.Unsigned != fact.UnsignedNoDS || p.Parent != "nl" || len(p.ChildNS) != 1 || p.Denial != nil {
		t.Errorf("%+v", p)
	}
	if p := r.Zone(context.Background(), "."); p.Security != fact.Secure || p.Parent != "" || len(p.ParentNS) != 1 {
		t.Errorf("%+v", p)
	}
}

// TestTheFlagsOfAZoneDoNotDependOnWhatWasSeenOfIt asks for the facts of a zone, of which
// every second NSEC3 record has the opt-out flag, after one denial or another was seen.
func TestTheFlagsOfAZoneDoNotDependOnWhatWasSeenOfIt(t *testing.T) {
	for _, n := range []string{"a", "b", "c", "d", "e"} { // hashes of the apex at either parity
		w := newWorld(t)
		w.zone("nl", 13)
		z := w.zone(n+".nl", 13, "www A 192.0.2.1", "b A 192.0.2.1", "c A 192.0.2.1", "d.e A 192.0.2.1")
		z.nsec3, z.optOut, z.partly = &dns.NSEC3PARAM{Hash: 1}, true, true
		w.build()
		apex := z.byHash[dns.HashName(z.name, 1, 0, "")].(*dns.NSEC3)
		for _, seen := range []string{"", "www.", "b.", "c.", "d.e.", "e.", "x.", "y.z.", "_443._tcp.www."} {
			r := w.again()
			if seen != "" {
				r.Lookup(context.Background(), seen+z.name, "TLSA")
			}
			got := r.Zone(context.Background(), z.name)
			if got.Denial == nil || got.Denial.OptOut != (apex.Flags == 1) || len(got.Signatures) != 4 {
				t.Errorf("%s after %q: %+v", z.name, seen, got.Denial)
			}
		}
	}
}

func TestTheOrderOfRecordsMakesNoDifferenceToWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	p := w.zone("nl", 13)
	z := w.zone("example.nl", 13, "www A 192.0.2.1")
	for range 6 {
		z.ds = append(z.ds, w.key(z.name, 13, 257).ToDS(dns.SHA256))
	}
	w.build()
	seen := map[fact.Problem]int{}
	for range 20 {
		p.edit = func(_ dns.Question, m *dns.Msg) {
			rand.Shuffle(len(m.Ns), func(i, j int) { m.Ns[i], m.Ns[j] = m.Ns[j], m.Ns[i] })
			rand.Shuffle(len(m.Answer), func(i, j int) { m.Answer[i], m.Answer[j] = m.Answer[j], m.Answer[i] })
		}
		seen[*w.again().Lookup(context.Background(), "www.example.nl", "A").Problem]++
	}
	if len(seen) != 1 {
		t.Errorf("told in %d ways: %v", len(seen), seen)
	}
}

func TestWhichServerFailsFirstMakesNoDifference(t *testing.T) {
	errs := []error{
		&serverError{rcode: -1, gap: fact.GapExcluded, err: egress.ErrExcluded}, &serverError{rcode: -1, gap: fact.GapNoIPv6, err: egress.ErrNoFamily},
		&serverError{rcode: -1, err: egress.ErrRefused}, &serverError{rcode: -1, err: errGarbage},
		&serverError{rcode: 5}, &serverError{rcode: 2}, &serverError{rcode: -1, gap: fact.GapTimeout, err: errSilent},
	}
	for _, a := range errs {
		for _, b := range errs {
			x, y := worse(worse(nil, a), b), worse(worse(nil, b), a)
			if !errors.Is(x, y) {
				t.Errorf("%v and %v: %v or %v", a, b, x, y)
			}
		}
	}
}

// lateConn has its reply ready, but its reader had no turn until the deadline was over.
type lateConn struct {
	*memConn
	late bool
}

func (c *lateConn) Read(b []byte) (int, error) {
	if !c.late {
		c.late = true
		return 0, os.ErrDeadlineExceeded
	}
	return c.memConn.Read(b)
}

func TestAReplyThatCameWhileTheMachineWasBusyCounts(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13, "www A 192.0.2.1")
	r := w.build(func(c *Config) {
		c.Dial = func(ctx context.Context, s, network string, a netip.AddrPort) (net.Conn, error) {
			conn, err := w.dial(ctx, s, network, a)
			return &lateConn{memConn: conn.(*memConn)}, err
		}
	})
	var tally Tally
	if l := r.Lookup(WithTally(context.Background(), &tally), "www.nl", "A"); l.Security != fact.Secure || tally.Cost().Queries > 6 {
		t.Errorf("%s, %d questions", say(l), tally.Cost().Queries)
	}
}

func TestTheServersOfTheRootAreAskedForOnce(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13)
	r := w.build()
	r.Lookup(context.Background(), "nl", "A")
	if z := r.Zone(context.Background(), "."); z.Security != fact.Secure || len(z.ChildNS) != 1 || len(z.Signatures) != 3 {
		t.Errorf("%+v", z)
	}
	if n := w.count(". NS"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestALookupThroughEgressAndItsMap(t *testing.T) {
	w := newWorld(t)
	w.zone("nl", 13, "www A 192.0.2.1")
	w.build()
	var lines strings.Builder
	for a := range w.at {
		u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = u.Close() })
		fmt.Fprintf(&lines, "udp %s:53 %s\n", a, u.LocalAddr())
		go func() {
			b := make([]byte, 4096)
			for {
				n, from, err := u.ReadFromUDPAddrPort(b)
				if err != nil {
					return
				}
				_, _ = u.WriteToUDPAddrPort([]byte("noise that is no reply"), from)
				_, _ = u.WriteToUDPAddrPort(w.reply(a, false, b[:n]), from)
			}
		}()
	}
	m, err := egress.ParseMap(strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	e, err := egress.New(egress.Config{Map: m})
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Config{
		Egress: e, RootHints: fmt.Sprintf(". NS ns.\nns. A %s\n", w.zones["."].addr),
		Anchors: w.zones["."].keys[0].ToDS(dns.SHA256).String(), Clock: func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "www.nl", "A", "NOERROR secure 192.0.2.1")
	if c := e.Cost(); c.Queries == 0 {
		t.Errorf("egress counted %+v", c)
	}
}

// TestAZoneIsBogusWithoutKeysOnlyWhenAllServersSaySo has the keys of a zone refused by
// one server, and by the other as told, question by question.
func TestAZoneIsBogusWithoutKeysOnlyWhenAllServersSaySo(t *testing.T) {
	const bogus, unsure = "NOERROR bogus/no_dnskey 9 example.nl 192.0.2.1", "NOERROR indeterminate/unreachable 22 example.nl gap=timeout 192.0.2.1"
	for _, tc := range []struct {
		other string // r refuses, s is silent, k gives the keys; the last goes on
		want  string
	}{
		{"r", bogus},
		{"s", unsure},
		{"rs", unsure},
		{"rrs", unsure},
		{"rrrr", bogus},
		{"k", "NOERROR secure 192.0.2.1"},
		{"rrk", "NOERROR secure 192.0.2.1"},
		{"ssk", "NOERROR secure 192.0.2.1"},
	} {
		w := newWorld(t)
		w.zone("nl", 13)
		z := w.zone("example.nl", 13, "www A 192.0.2.1").twice()
		asked := 0
		r := w.build(func(c *Config) {
			c.Dial = func(ctx context.Context, s, network string, a netip.AddrPort) (net.Conn, error) {
				conn, err := w.dial(ctx, s, network, a)
				m := conn.(*memConn)
				honest := m.reply
				m.reply = func(tcp bool, q []byte) []byte {
					var msg dns.Msg
					b := honest(tcp, q)
					if msg.Unpack(b) != nil || msg.Question[0].Qtype != dns.TypeDNSKEY || (a.Addr() != z.addr && a.Addr() != z.second) {
						return b
					}
					do := byte('r')
					if a.Addr() == z.second {
						do = tc.other[min(asked, len(tc.other)-1)]
						asked++
					}
					switch do {
					case 's':
						return nil
					case 'r':
						msg.Rcode, msg.Answer, msg.Ns = dns.RcodeServerFailure, nil, nil
						b, _ = msg.Pack()
					}
					return b
				}
				return m, err
			}
		})
		if got := say(r.Lookup(context.Background(), "www.example.nl", "A")); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.other, got, tc.want)
		}
	}
}
