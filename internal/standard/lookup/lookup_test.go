package lookup

import (
	"net/netip"
	"reflect"
	"testing"

	"peil/internal/fact"
)

func TestOf(t *testing.T) {
	for name, c := range map[string]struct {
		l    *fact.Lookup
		want Answer
	}{
		"not asked":     {nil, Answer{}},
		"gap":           {&fact.Lookup{Type: "TXT", Gap: fact.GapTimeout}, Answer{}},
		"nxdomain":      {&fact.Lookup{Type: "TXT", RCode: "NXDOMAIN"}, Answer{Status: NXDomain}},
		"no data":       {&fact.Lookup{Type: "TXT", RCode: "NOERROR"}, Answer{Status: NoData}},
		"servfail":      {&fact.Lookup{Type: "TXT", RCode: "SERVFAIL"}, Answer{Status: Failure}},
		"bogus":         {&fact.Lookup{Type: "A", RCode: "NOERROR", Security: fact.Bogus, Records: []fact.Record{{Data: "192.0.2.1"}}}, Answer{Status: Failure}},
		"strings join":  {&fact.Lookup{Type: "TXT", RCode: "NOERROR", Records: []fact.Record{{Raw: []byte("\x02ab\x00\x01c")}, {Raw: []byte("\x09cut")}}}, Answer{Status: OK, TXT: []string{"abc", "cut"}}},
		"address":       {&fact.Lookup{Type: "AAAA", RCode: "NOERROR", Records: []fact.Record{{Data: "2001:db8::1"}}}, Answer{Status: OK, Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}},
		"mx in order":   {&fact.Lookup{Type: "MX", RCode: "NOERROR", Records: []fact.Record{{Data: "10 B.nl."}, {Data: "10 a.nl"}, {Data: "5 c.nl"}, {Data: "nonsense"}}}, Answer{Status: OK, Hosts: []string{"c.nl", "a.nl", "b.nl"}}},
		"null mx":       {&fact.Lookup{Type: "MX", RCode: "NOERROR", Records: []fact.Record{{Data: "0 ."}}}, Answer{Status: OK, Hosts: []string{""}}},
		"pointer names": {&fact.Lookup{Type: "PTR", RCode: "NOERROR", Records: []fact.Record{{Data: "Mail.example.nl."}}}, Answer{Status: OK, Hosts: []string{"mail.example.nl"}}},
	} {
		if got := Of(c.l); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzJoinTXT(f *testing.F) {
	f.Add([]byte("\x02ab\x01c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, n := JoinTXT(b); len(s)+n != len(b) {
			t.Fatalf("%d octets of %d, %d strings", len(s), len(b), n)
		}
	})
}
