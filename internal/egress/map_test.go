package egress

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestMapFindsTheFirstMatchingLine(t *testing.T) {
	m, err := ParseMap(strings.NewReader(`
# the lab
tcp 198.41.0.4:53      127.0.0.1:5301   # root, TCP
udp 198.41.0.4:53      127.0.0.1:5302
145.0.0.1:*            127.0.0.2:*
145.0.0.0/24:443       127.0.0.3:8443
145.0.0.9:443          127.0.0.4:1
[2a01:1::1]:443        127.0.0.5:443
[2a01:1::/32]:80       [::1]:8080
145.0.0.0/16:443       127.0.0.6:9
10.0.0.1:25            127.0.0.7:25
0.0.0.0/0:7            127.0.0.8:7
[8000::/1]:7           127.0.0.10:7
[4000::/3]:7           127.0.0.11:7
` + "192.168.0.0/17:9\t127.0.0.9:9\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		protocol, logical, real string
		opened                  bool
	}{
		{"tcp", "198.41.0.4:53", "127.0.0.1:5301", false},
		{"udp", "198.41.0.4:53", "127.0.0.1:5302", false},
		{"tcp", "145.0.0.1:443", "127.0.0.2:443", false}, // before the CIDR line
		{"udp", "145.0.0.1:99", "127.0.0.2:99", false},
		{"tcp", "145.0.0.9:443", "127.0.0.3:8443", false}, // the CIDR line comes first
		{"tcp", "145.0.7.9:443", "127.0.0.6:9", false},
		{"tcp", "145.0.7.9:80", "", false},
		{"tcp", "[2a01:1::1]:443", "127.0.0.5:443", false},
		{"tcp", "[2a01:1:2::1]:80", "[::1]:8080", false},
		{"tcp", "[2a01:2::1]:80", "", false},
		{"tcp", "10.0.0.1:25", "127.0.0.7:25", true},
		{"tcp", "10.0.0.1:7", "127.0.0.8:7", false}, // spans, does not name
		{"tcp", "192.168.1.1:9", "127.0.0.9:9", true},
		{"tcp", "[a000::1]:7", "127.0.0.10:7", false}, // spans several eighths that are not allocated
		{"tcp", "[4000::1]:7", "127.0.0.11:7", true},
	} {
		real, opened, ok := m.Lookup(c.protocol, ap(c.logical))
		got := ""
		if ok {
			got = real.String()
		}
		if got != c.real || opened != c.opened {
			t.Errorf("%s %s leads to %q (opened %v), want %q (%v)", c.protocol, c.logical, got, opened, c.real, c.opened)
		}
	}
	if m.Len() != 13 {
		t.Errorf("%d lines, want 13", m.Len())
	}
	if _, _, ok := m.Lookup("tcp", netip.AddrPort{}); ok {
		t.Error("no address is in the map")
	}
}

func TestMapSaysWhichLineIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"1.2.3.4:1 5.6.7.8:1\nx":               "line 2",
		"sctp 1.2.3.4:1 5.6.7.8:1":             "LOGICAL REAL",
		"1.2.3.4 5.6.7.8:1":                    "no port",
		"1.2.3.4:0 5.6.7.8:1":                  "port",
		"1.2.3.4:65536 5.6.7.8:1":              "port",
		"1.2.3.4/24:1 5.6.7.8:1":               "1.2.3.0/24",
		"2001:db8::1:443 5.6.7.8:1":            "brackets",
		"[1.2.3.4]:443 5.6.7.8:1":              "brackets",
		"[::ffff:1.2.3.4]:443 5.6.7.8:1":       "IPv4",
		"[fe80::1%lo]:443 5.6.7.8:1":           "zone",
		"1.2.3.4:1 host:1":                     "not an address",
		strings.Repeat("a", 2000):              "longer than",
		"1.2.3.4:1 5.6.7.8:1 and more of this": "LOGICAL REAL",
	} {
		if _, err := ParseMap(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want something about %q", text, err, want)
		}
	}
}

func TestMapOfAHundredThousandLinesIsQuick(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "145.%d.%d.%d:* 127.%d.%d.%d:*\n", i>>16, i>>8&255, i&255, i>>16, i>>8&255, i&255)
	}
	start := time.Now()
	m, err := ParseMap(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100_000 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{145, byte(i >> 16), byte(i >> 8), byte(i)}), 443)
		if real, _, ok := m.Lookup("tcp", a); !ok || real.Port() != 443 || real.Addr().As4()[3] != byte(i) {
			t.Fatalf("%s leads to %s", a, real)
		}
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
}

func FuzzParseMap(f *testing.F) {
	f.Add("tcp 1.2.3.4:1 5.6.7.8:1\n[2001:db8::/32]:* [::1]:*\n", "1.2.3.4:1")
	f.Add("0.0.0.0/0:443 127.0.0.1:*", "9.9.9.9:443")
	f.Fuzz(func(t *testing.T, text, addr string) {
		m, err := ParseMap(strings.NewReader(text))
		if err != nil {
			return
		}
		a, err := netip.ParseAddrPort(addr)
		if err != nil {
			return
		}
		if real, _, ok := m.Lookup("tcp", a); ok && (!real.IsValid() || (real.Port() == 0 && a.Port() != 0)) {
			t.Fatalf("%s leads to %s", a, real)
		}
	})
}
