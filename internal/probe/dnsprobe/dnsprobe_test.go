package dnsprobe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/reach"
)

// zone is a Resolver that knows what stands in it.
type zone struct {
	answers map[string][]string // "name TYPE" → data
	fails   map[string]fact.Gap // "name TYPE" → why there is no answer
	nx      map[string]bool     // "name TYPE" of names that do not exist
	aliases map[string]fact.Alias

	mu    sync.Mutex
	asked []string
}

func (z *zone) Lookup(_ context.Context, name, qtype string) fact.Lookup {
	key := name + " " + qtype
	z.mu.Lock()
	z.asked = append(z.asked, key)
	z.mu.Unlock()
	l := fact.Lookup{Name: name, Type: qtype, Zone: apex(name)}
	if g, ok := z.fails[key]; ok {
		l.Gap = g
		return l
	}
	l.RCode, l.Security = "NOERROR", fact.Secure
	if z.nx[key] {
		l.RCode = "NXDOMAIN"
	}
	if a, ok := z.aliases[key]; ok {
		l.Aliases = []fact.Alias{a}
	}
	for _, d := range z.answers[key] {
		rec := fact.Record{Data: d}
		if qtype == "TXT" {
			for rest := d; rest != ""; {
				n := min(len(rest), 255)
				rec.Raw = append(append(rec.Raw, byte(n)), rest[:n]...)
				rest = rest[n:]
			}
		}
		l.Wire = append(l.Wire, d)
		l.Records = append(l.Records, rec)
	}
	return l
}

// apex is the zone of a name: all have two labels.
func apex(name string) string {
	labels := strings.Split(name, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

func (z *zone) Zone(_ context.Context, name string) fact.Zone {
	parents := map[string]string{"example.nl": "nl", "nl": "."}
	return fact.Zone{Name: name, Parent: parents[name], Security: fact.Secure}
}

func (z *zone) NameServers(ctx context.Context, name string) (string, fact.Lookup) {
	for n := name; n != ""; n = parent(n) {
		if l := z.Lookup(ctx, n, "NS"); len(l.Records) > 0 || l.Gap != "" {
			if l.Gap != "" {
				return "", l
			}
			return n, l
		}
	}
	return "", fact.Lookup{Name: name, Type: "NS", Gap: fact.GapDNS}
}

// server answers DNS on loopback, over UDP unless only TCP is wanted.
func server(t *testing.T, udp bool, rcode int, asked *atomic.Int32) string {
	t.Helper()
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if asked != nil {
			asked.Add(1)
		}
		m := new(dns.Msg)
		m.SetRcode(q, rcode)
		m.Authoritative = rcode == dns.RcodeSuccess
		_ = w.WriteMsg(m)
	})
	s := &dns.Server{Handler: h}
	var at net.Addr
	if udp {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.PacketConn, at = c, c.LocalAddr()
	} else {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.Listener, at = l, l.Addr()
	}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return at.String()
}

func prober(t *testing.T, z *zone, lines ...string) *Prober {
	t.Helper()
	m, err := egress.ParseMap(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	e, err := egress.New(egress.Config{Map: m, Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")}})
	if err != nil {
		t.Fatal(err)
	}
	table := &reach.Table{Spread: 40 * time.Millisecond}
	// Another host of each family answered in this run.
	table.Answered(reach.Port{Net: "udp", Addr: netip.MustParseAddrPort("198.51.100.99:53")})
	table.Answered(reach.Port{Net: "udp", Addr: netip.MustParseAddrPort("[2001:db8::99]:53")})
	return &Prober{Resolver: z, Egress: e, Reach: table, Timeout: 100 * time.Millisecond}
}

func rest(t *testing.T, p *Prober, name string, plan Plan) (*fact.DNS, fact.Cost) {
	t.Helper()
	look := p.Look(name)
	done := make(chan struct{})
	go func() {
		defer close(done)
		look.Addresses(t.Context())
	}()
	return look.Rest(t.Context(), plan, done)
}

func TestNameServersAreAskedOverBothFamilies(t *testing.T) {
	z := &zone{answers: map[string][]string{
		"example.nl NS":    {"ns2.example.nl", "ns1.example.nl", "ns3.example.nl", "gone.example.nl"},
		"ns1.example.nl A": {"198.51.100.1"}, "ns1.example.nl AAAA": {"2001:db8::1", "::ffff:198.51.100.1"},
		"ns2.example.nl A": {"198.51.100.2"}, "ns2.example.nl AAAA": {"2001:db8::2"},
		"ns3.example.nl A": {"198.51.100.3"},
	}, fails: map[string]fact.Gap{"ns3.example.nl AAAA": fact.GapTimeout}}
	good, refuses := server(t, true, dns.RcodeSuccess, nil), server(t, true, dns.RcodeRefused, nil)
	tcpOnly := server(t, false, dns.RcodeSuccess, nil)
	closed := closedPort(t)
	p := prober(t, z,
		"udp 198.51.100.1:53 "+good, "udp [2001:db8::1]:53 "+refuses,
		"udp 198.51.100.2:53 "+closed, "tcp 198.51.100.2:53 "+tcpOnly,
		"udp [2001:db8::2]:53 "+closed, "tcp [2001:db8::2]:53 "+closed)
	d, cost := rest(t, p, "www.example.nl", Plan{NameServers: true, Reach: true})
	if d.NSOwner != "example.nl" || d.NSGap != "" || len(d.NameServers) != 4 {
		t.Fatalf("%+v", d)
	}
	gone, ns1, ns2, ns3 := &d.NameServers[0], &d.NameServers[1], &d.NameServers[2], &d.NameServers[3]
	if !gone.Missing || gone.Name != "gone.example.nl" {
		t.Errorf("%+v", gone)
	}
	if len(ns1.Addrs) != 2 || !ns1.Addrs[0].UDP.Open() || !ns1.Addrs[0].Authoritative || ns1.Addrs[0].RCode != "NOERROR" || ns1.Addrs[0].TCP.Gap != fact.GapNotAsked {
		t.Errorf("%+v", ns1)
	}
	if x := ns1.Addrs[1]; !x.Answers() || x.RCode != "REFUSED" || x.Authoritative {
		t.Errorf("a refusal is a reply: %+v", x)
	}
	if x := ns2.Addrs[0]; x.UDP.Open() || !x.TCP.Open() || x.Dead() {
		t.Errorf("TCP stands in: %+v", x)
	}
	if x := ns2.Addrs[1]; !x.Dead() || x.UDP.How != "refused" {
		t.Errorf("dead: %+v", x)
	}
	if x := ns3.Addrs[0]; x.UDP.Gap != fact.GapUnmapped || x.Dead() {
		t.Errorf("unmapped: %+v", x)
	}
	if ns3.Gap != fact.GapTimeout || ns3.Missing {
		t.Errorf("one look-up failed: %+v", ns3)
	}
	if cost.Queries < 8 || cost.Connections < 4 {
		t.Errorf("cost %+v", cost)
	}
}

// closedPort is where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestADeadServerIsTriedOncePerRun(t *testing.T) {
	z := &zone{answers: map[string][]string{
		"a.nl NS": {"ns.b.nl"}, "c.nl NS": {"ns.b.nl"}, "ns.b.nl A": {"198.51.100.2"},
	}}
	closed := closedPort(t)
	p := prober(t, z, "198.51.100.2:53 "+closed)
	_, first := rest(t, p, "a.nl", Plan{NameServers: true, Reach: true})
	d, second := rest(t, p, "c.nl", Plan{NameServers: true, Reach: true})
	if !d.NameServers[0].Addrs[0].Dead() || first.Connections != 3 || second.Connections != 0 || second.Queries != 0 {
		t.Errorf("%+v, then %+v", first, second)
	}
}

// The servers of a top-level domain are not asked again for each name below it.
func TestAServerThatAnsweredIsAskedOncePerZone(t *testing.T) {
	z := &zone{answers: map[string][]string{
		"b.nl NS": {"ns.b.nl"}, "c.nl NS": {"ns.b.nl"}, "ns.b.nl A": {"198.51.100.1"},
	}}
	var asked atomic.Int32
	p := prober(t, z, "udp 198.51.100.1:53 "+server(t, true, dns.RcodeSuccess, &asked))
	first, _ := rest(t, p, "www.b.nl", Plan{NameServers: true, Reach: true})
	second, cost := rest(t, p, "mail.b.nl", Plan{NameServers: true, Reach: true})
	if asked.Load() != 1 || cost.Queries != 0 || !reflect.DeepEqual(first.NameServers, second.NameServers) {
		t.Errorf("asked %d times; %+v, then %+v", asked.Load(), first.NameServers, second.NameServers)
	}
	if _, _ = rest(t, p, "c.nl", Plan{NameServers: true, Reach: true}); asked.Load() != 2 {
		t.Errorf("whether it serves another zone was not asked: %d questions", asked.Load())
	}
}

func TestCAAClimbsUntilItFindsSome(t *testing.T) {
	for _, c := range []struct {
		name string
		z    *zone
		want []string
	}{
		{"found above", &zone{answers: map[string][]string{"example.nl CAA": {`0 issue "x"`}}}, []string{"www.example.nl CAA", "example.nl CAA"}},
		{"nowhere", &zone{}, []string{"www.example.nl CAA", "example.nl CAA", "nl CAA"}},
		{"failure", &zone{fails: map[string]fact.Gap{"example.nl CAA": fact.GapTimeout}}, []string{"www.example.nl CAA", "example.nl CAA"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := prober(t, c.z)
			p.Look("www.example.nl").caa(t.Context(), "www.example.nl")
			if !reflect.DeepEqual(c.z.asked, c.want) {
				t.Errorf("asked %v", c.z.asked)
			}
		})
	}
}

func TestRestAsksWhatThePlanSaysAndSortsIt(t *testing.T) {
	z := &zone{answers: map[string][]string{"www.example.nl A": {"198.51.100.7", "198.51.100.5"}, "www.example.nl CAA": {"0 issue \";\""}, "example.nl NS": {"ns.example.nl"}}}
	p := prober(t, z)
	d, _ := rest(t, p, "www.example.nl", Plan{Zones: true, CAA: true, TLSA: true, HTTPSRecord: true, NameServers: true})
	var got []string
	for _, l := range d.Lookups {
		got = append(got, l.Name+" "+l.Type)
	}
	want := []string{"_443._tcp.www.example.nl A", "_443._tcp.www.example.nl TLSA", "example.nl NS", "www.example.nl A", "www.example.nl AAAA", "www.example.nl CAA", "www.example.nl HTTPS", "www.example.nl SOA"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("asked %v", got)
	}
	var zones []string
	for _, z := range d.Zones {
		zones = append(zones, z.Name)
	}
	if fmt.Sprint(zones) != "[. nl example.nl]" {
		t.Errorf("zones %v", zones)
	}
	if x := d.NameServers; len(x) != 1 || !x[0].Missing {
		t.Errorf("%+v", x)
	}
	v4, v6, gap4, gap6 := p.Look("www.example.nl").Addresses(t.Context())
	if len(v4) != 2 || v4[0].String() != "198.51.100.7" || v6 != nil || gap4 != "" || gap6 != "" {
		t.Errorf("wire order: %v %v %v %v", v4, v6, gap4, gap6)
	}
}

func TestTooManyServerAddressesAreListedAsBeyond(t *testing.T) {
	z := &zone{answers: map[string][]string{"example.nl NS": nil}}
	for i := range 8 {
		host := fmt.Sprintf("ns%d.example.nl", i)
		z.answers["example.nl NS"] = append(z.answers["example.nl NS"], host)
		for k := range 6 {
			z.answers[host+" A"] = append(z.answers[host+" A"], fmt.Sprintf("198.51.100.%d", 10*i+k+1))
		}
	}
	d, _ := rest(t, prober(t, z), "example.nl", Plan{NameServers: true, Reach: true})
	beyond := 0
	for _, s := range d.NameServers {
		for _, a := range s.Addrs {
			if a.UDP.Gap == fact.GapBeyond {
				beyond++
			}
		}
	}
	if beyond != 48-MaxServerAddrs {
		t.Errorf("%d beyond", beyond)
	}
}

func TestAnnouncesH3(t *testing.T) {
	rr, err := dns.NewRR(`www.example.nl. 300 IN HTTPS 1 . mandatory=alpn alpn="h2,h3" port=443`)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 200)
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	raw := buf[n-int(rr.Header().Rdlength) : n]
	if !AnnouncesH3(&fact.Lookup{Records: []fact.Record{{Raw: raw}}}) {
		t.Error("h3 not seen")
	}
	if AnnouncesH3(nil) || AnnouncesH3(&fact.Lookup{Records: []fact.Record{{Raw: raw[:len(raw)-9]}}}) {
		t.Error("seen where it is not")
	}
}

func FuzzReplyTo(f *testing.F) {
	q := new(dns.Msg)
	q.SetQuestion("example.nl.", dns.TypeSOA)
	q.Id = 7
	r := new(dns.Msg)
	r.SetRcode(q, dns.RcodeRefused)
	b, _ := r.Pack()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m := replyTo(q, b); m != nil && (b[0] != 0 || b[1] != 7 || m.Rcode > 15) {
			t.Errorf("%+v", m)
		}
		alpn(b)
	})
}
