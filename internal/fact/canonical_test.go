package fact

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func hop() Hop {
	return Hop{
		URL: "https://www.example.nl/", Addr: netip.MustParseAddr("192.0.2.1"), Status: 200, Proto: "HTTP/1.1",
		Header: []Header{
			{Name: "Strict-Transport-Security", Value: "max-age=31536000"},
			{Name: "Date", Seen: "Tue, 03 Mar 2027 14:02:11 GMT"},
		},
		Cookies:  []Cookie{{Name: "sid", Secure: true, SameSite: "lax"}},
		BodySize: 1234, BodyHash: "ab", Millis: 12, At: time.Date(2027, 3, 3, 14, 2, 11, 123000, time.UTC),
	}
}

func measurement() *Measurement {
	a := netip.MustParseAddr("192.0.2.1")
	return &Measurement{
		Schema: Schema, Target: Target{Name: "www.example.nl", Role: Web},
		At: time.Date(2027, 3, 3, 14, 2, 11, 0, time.UTC), Vantage: "here", Meter: "0.1", Asked: []string{"peil"},
		Cost: Cost{Connections: 3, Seconds: 1.5},
		DNS: &DNS{
			Lookups: []Lookup{{
				Name: "www.example.nl", Type: "A", RCode: "NOERROR", Security: Secure,
				Records: []Record{{Data: "192.0.2.1"}}, Wire: []string{"192.0.2.1"}, TTL: 300,
			}},
			Zones: []Zone{{
				Name: ".", Security: Secure, Keys: []DNSKEY{{KeyTag: 20326, Flags: 257, Algorithm: 8, Bits: 2048, Used: true}},
				Signatures: []Signature{{Name: ".", Type: "DNSKEY", KeyTag: 20326, Algorithm: 8, Signer: ".", Inception: time.Unix(1, 0).UTC(), Expiration: time.Unix(2, 0).UTC()}},
			}},
			NameServers: []NameServer{{Name: "ns1.example.nl", Addrs: []ServerAddr{{Addr: a, UDP: Reach{State: ReachOpen}}}}},
		},
		Web: &WebFacts{Hosts: []WebHost{{
			Addr: a, Port80: Reach{State: ReachOpen, Tries: []Try{{Result: "open"}}}, Port443: Reach{State: ReachOpen},
			HTTP: &HTTP{Secure: &Fetch{Hops: []Hop{hop()}, End: EndOK}},
			TLS: &TLS{
				Addr: netip.AddrPortFrom(a, 443), ServerName: "www.example.nl", Working: Observed{Answer: Accepted},
				Versions: []VersionAnswer{{Version: TLS12, Observed: Observed{Answer: Accepted}}, {Version: SSL20, Observed: Observed{Answer: Declined}}},
				Suites:   []SuiteSet{{Version: TLS12, Accepted: []Suite{0x1301, 0xFEFE, SSL2Suite(0x010080)}, Chosen: []Suite{0x1301}}},
				Groups:   []GroupSet{{Version: TLS13, Accepted: []Group{X25519MLKEM768, 0xFAFA}}},
				KexSeen:  []Group{X25519}, KexSignature: 0x0804,
			},
		}}, Wire: []netip.Addr{a}},
		Mail: &MailFacts{
			Servers: []MailServer{{Name: "mx.example.nl", Hosts: []MailHost{{
				Addr: a, Port25: Reach{State: ReachOpen}, At: time.Unix(3, 0).UTC(),
				SMTP: &SMTP{State: SMTPReady, Greeting: &Reply{Code: 220, Lines: []string{"mx.example.nl ESMTP"}}, Keywords: []string{"STARTTLS"}, Offered: Observed{Answer: Accepted}, Millis: 7},
			}}, Wire: []netip.Addr{a}}},
			Selectors: []Selector{{Name: "default", From: "known"}},
			Policy:    &PolicyFetch{Fetch: &Fetch{Hops: []Hop{hop()}, End: EndOK}, Body: []byte("version: STSv1")},
		},
		Routes: []Route{{Addr: a, Origins: []RouteOrigin{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Origin: 64500, State: ROVValid}}}},
		Chains: []Chain{{ID: "0011", Certs: [][]byte{{1, 2, 3}}}},
	}
}

func TestJoinUndoesSplit(t *testing.T) {
	m := measurement()
	stable, volatile, err := Split(m)
	if err != nil {
		t.Fatal(err)
	}
	var got Measurement
	if err := Join(stable, volatile, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, &got) {
		a, _ := json.Marshal(m)
		b, _ := json.Marshal(&got)
		t.Errorf("Join(Split(m)) differs\nwant %s\n got %s", a, b)
	}
}

func TestJSONReadsBackTheSame(t *testing.T) {
	m := measurement()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var got Measurement
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, &got) {
		t.Errorf("read back differs: %s", b)
	}
}

func TestHashLeavesOutWhatChangesByItself(t *testing.T) {
	hash := func(v any) string {
		t.Helper()
		h, err := Hash(v)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	base := hash(new(hop()))
	for name, change := range map[string]func(*Hop){
		"time":         func(h *Hop) { h.At = h.At.Add(time.Hour) },
		"duration":     func(h *Hop) { h.Millis = 99 },
		"body":         func(h *Hop) { h.BodyHash, h.BodySize = "cd", 77 },
		"Date header":  func(h *Hop) { h.Header[1].Seen = "Wed, 04 Mar 2027 14:02:11 GMT" },
		"all volatile": func(h *Hop) { h.At, h.Millis, h.BodyHash, h.BodySize = time.Time{}, 0, "", 0 },
	} {
		h := hop()
		change(&h)
		if hash(&h) != base {
			t.Errorf("the hash changed with %s", name)
		}
	}
	for name, change := range map[string]func(*Hop){
		"status":       func(h *Hop) { h.Status = 503 },
		"header value": func(h *Hop) { h.Header[0].Value = "max-age=0" },
		"new header":   func(h *Hop) { h.Header = append(h.Header, Header{Name: "X-New"}) },
		"cookie flag":  func(h *Hop) { h.Cookies[0].Secure = false },
	} {
		h := hop()
		change(&h)
		if hash(&h) == base {
			t.Errorf("the hash did not change with %s", name)
		}
	}
}

func TestCanonicalFormIsSortedAndCompact(t *testing.T) {
	stable, volatile, err := Split(&Cookie{Name: "a", Secure: true, Path: "/<>&"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"a","path":"/<>&","secure":true}`; string(stable) != want {
		t.Errorf("canonical form\nwant %s\n got %s", want, stable)
	}
	if volatile != nil {
		t.Errorf("volatile part of a cookie: %s", volatile)
	}
}

func TestEachSubjectOfAMeasurementHasItsOwnKey(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range measurement().Subjects() {
		k := s.Kind + " " + s.Key
		if seen[k] {
			t.Errorf("subject %s twice", k)
		}
		seen[k] = true
		if _, err := Hash(s.Value); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d subjects, want 8: %v", len(seen), seen)
	}
}

func TestCodesWithoutANameKeepTheirNumber(t *testing.T) {
	for _, s := range []Suite{0xFAFA, SSL2Suite(0x0a0b0c)} {
		b, _ := s.MarshalText()
		if !strings.HasPrefix(string(b), "0x") {
			t.Fatalf("%q: want a code", b)
		}
		var got Suite
		if err := got.UnmarshalText(b); err != nil || got != s {
			t.Errorf("%q read back as %v, %v", b, got, err)
		}
	}
	var v Version
	if err := v.UnmarshalText([]byte("TLS 9")); err == nil {
		t.Error("an unknown name was taken for a version")
	}
}

func TestVolatileTagsStandOnlyOnNamedFields(t *testing.T) {
	var walk func(reflect.Type, string, map[reflect.Type]bool)
	walk = func(ty reflect.Type, path string, seen map[reflect.Type]bool) {
		for ty.Kind() == reflect.Pointer || ty.Kind() == reflect.Slice {
			ty = ty.Elem()
		}
		if ty.Kind() != reflect.Struct || seen[ty] || ty.PkgPath() != reflect.TypeFor[Measurement]().PkgPath() {
			return
		}
		seen[ty] = true
		for i := range ty.NumField() {
			f := ty.Field(i)
			if tag := f.Tag.Get("peil"); tag != "" && tag != "volatile" {
				t.Errorf("%s.%s: unknown tag %q", path, f.Name, tag)
			}
			if !f.Anonymous && f.Tag.Get("json") == "" {
				t.Errorf("%s.%s has no JSON name", path, f.Name)
			}
			walk(f.Type, path+"."+f.Name, seen)
		}
	}
	walk(reflect.TypeFor[Measurement](), "Measurement", map[reflect.Type]bool{})
}
