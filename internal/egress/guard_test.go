package egress

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyPublicAddressesAreOpen(t *testing.T) {
	refused := []string{
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
		"198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "::7f00:1",
		"64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "100:0:0:1::1",
		"2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
		"2002:7f00:1::", "2002:808:808::1", "3fff::1", "3fff:fff::1", "5f00::1", "fc00::1", "fdff::1", "fe80::1", "febf::1",
		"fec0::1", "ff02::1", "ff0e::1", "4000::1", "1fff::1", "200::1", "::2:0:0:0", "2a00::1%eth0", "fe80::1%lo",
	}
	for _, s := range refused {
		if err := Public(netip.MustParseAddr(s)); !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: %v, want it refused", s, err)
		}
	}
	open := []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
		"169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.31.196.1", "192.175.48.1", "198.17.255.255",
		"198.20.0.0", "223.255.255.255", "2001:200::1", "2001:4:112::1", "2001:3::1", "2001:610::1", "2001:db7::1", "2001:db9::1",
		"2003::1", "2a00::1", "3ffe::1", "2620:4f:8000::1",
	}
	for _, s := range open {
		if err := Public(netip.MustParseAddr(s)); err != nil {
			t.Errorf("%s: %v, want it open", s, err)
		}
	}
	if err := Public(netip.Addr{}); !errors.Is(err, ErrNotPublic) {
		t.Errorf("no address: %v", err)
	}
}

func TestHostsThatDisguiseAnAddress(t *testing.T) {
	for _, host := range []string{
		"0177.0.0.1", "2130706433", "0x7f.1", "127.1", "0x7f000001", "127.0.0.1.", "127.0.0.01", "1.2.3.4.5", "256.1.1.1",
		"example.0x", "1.2.3.08", "a.1", "[127.0.0.1]", "[::1", "::1%lo", "[fe80::1%25eth0]", "::g", "a:b", "017700000001",
		"0X7F.0.0.1", "999999999999999999999", "0xffffffffffffffffffff",
	} {
		if a, is, err := ParseAddr(host); err == nil {
			t.Errorf("%q gave %v %v, want an error", host, a, is)
		}
	}
	for host, want := range map[string]string{"127.0.0.1": "127.0.0.1", "[::1]": "::1", "2001:db8::1": "2001:db8::1", "[::ffff:1.2.3.4]": "::ffff:1.2.3.4"} {
		if a, is, err := ParseAddr(host); err != nil || !is || a.String() != want {
			t.Errorf("%q gave %v %v %v", host, a, is, err)
		}
	}
	for _, host := range []string{"www.example.nl", "1.example.nl", "", "0x7f.example.nl", "example.nl.", "xn--0.x0", "deadbeef", "0xzz", ".", "127.0.0.1.nl"} {
		if a, is, err := ParseAddr(host); err != nil || is {
			t.Errorf("%q gave %v %v %v, want a name", host, a, is, err)
		}
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "[::1]", "0x7f.1", "www.example.nl", "fe80::1%lo", "1..2", "[", "]", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, is, err := ParseAddr(s)
		if is != a.IsValid() || (err != nil && is) {
			t.Fatalf("%q: %v %v %v", s, a, is, err)
		}
		if is && a.Zone() != "" {
			t.Fatalf("%q kept its zone", s)
		}
		if _, perr := netip.ParseAddr(s); perr == nil && !is && err == nil {
			t.Fatalf("%q is an address and was taken for a name", s)
		}
		if is && !strings.Contains(strings.Trim(s, "[]"), a.String()) && a.Is4() {
			t.Fatalf("%q became %s", s, a)
		}
	})
}
