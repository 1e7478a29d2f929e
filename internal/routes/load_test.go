package routes

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

const someVRPs = `{"metadata":{"buildmachine":"x","buildtime":"2026-11-23T06:00:00Z"},
 "roas":[
  {"asn":64500,"prefix":"145.0.0.0/16","maxLength":24,"ta":"ripe","expires":1},
  {"asn":"AS64501","prefix":"2a00:1::/32","maxLength":48},
  {"asn":"64502","prefix":"145.1.0.0/16"}],
 "aspas":[{"customer_asid":1,"providers":[1,2,{"x":[]}]}],"n":null}`

func TestVRPsInTheFormsThatExist(t *testing.T) {
	for _, text := range []string{someVRPs, gzipped(someVRPs)} {
		var b VRPBuilder
		date, rep, err := ReadVRPs(strings.NewReader(text), &b)
		if err != nil || rep.Records != 3 || rep.Wrong != 0 {
			t.Fatalf("%+v %v", rep, err)
		}
		if date.String() != "2026-11-23 06:00:00 +0000 UTC" {
			t.Errorf("dated %s", date)
		}
		v, err := b.Table(Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(v.Covering(pfx("145.0.1.0/24")), v.Covering(pfx("2a00:1::/48")), v.Covering(pfx("145.1.0.0/24"))); got != "[{145.0.0.0/16 24 64500 ripe}] [{2a00:1::/32 48 64501 }] [{145.1.0.0/16 16 64502 }]" {
			t.Error(got)
		}
	}
	for text, want := range map[string]int64{
		`{"metadata":{"generated":1700000000,"generatedTime":"2023-11-14T22:13:20Z"},"roas":[]}`: 1700000000,
		`{"metadata":{"generated":1700000000},"roas":[]}`:                                        1700000000,
		`{"metadata":{"generated":"x"},"roas":[]}`:                                               -62135596800,
		`{"roas":[]}`: -62135596800,
	} {
		if date, _, err := ReadVRPs(strings.NewReader(text), &VRPBuilder{}); err != nil || date.Unix() != want {
			t.Errorf("%s: %s %v", text, date, err)
		}
	}
}

func TestVRPFilesThatAreNone(t *testing.T) {
	many := strings.Repeat(`{"asn":1,"prefix":"10.0.0.0/8"},`, 50)
	for text, want := range map[string]string{
		"":             "EOF",
		"[]":           "not a VRP file",
		"{}":           `no "roas"`,
		`{"roas":{}}`:  "not a VRP file",
		`{"roas":[`:    "EOF",
		`{"roas":[{]}`: "invalid character",
		someVRPs[:200]: "EOF",
		`{"roas":[{"asn":"x","prefix":"10.0.0.0/8"}]}`:                       "AS number",
		`{"roas":[{"prefix":"10.0.0.0/8"}]}`:                                 "without asn",
		`{"roas":[{"asn":1,"prefix":"10.0.0.0"}]}`:                           "prefix",
		`{"roas":[{"asn":1,"prefix":5}]}`:                                    "cannot unmarshal",
		`{"roas":[{"asn":4294967296,"prefix":"10.0.0.0/8"}]}`:                "AS number",
		`{"roas":[` + many + `{"asn":1,"prefix":"x"}]}`:                      "1 of 51",
		`{"roas":[{"asn":1,"prefix":"` + strings.Repeat("1", 3<<20) + `"}]}`: "a record is longer",
		gzipped(someVRPs)[:100]:                                              "EOF",
		"\x1f\x8bxxxxxxxxxxxxxxx":                                            "gzip",
	} {
		if _, rep, err := ReadVRPs(strings.NewReader(text), &VRPBuilder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %+v %v, want something about %q", text, rep, err, want)
		}
	}
	few := `{"roas":[` + strings.Repeat(`{"asn":1,"prefix":"10.0.0.0/8"},`, 200) + `{"asn":1,"prefix":"x"}]}`
	if _, rep, err := ReadVRPs(strings.NewReader(few), &VRPBuilder{}); err != nil || rep.Wrong != 1 || rep.First == nil {
		t.Errorf("one wrong of many: %+v %v", rep, err)
	}
}

func TestRoutesInTheFormsThatExist(t *testing.T) {
	ris := "% RIS whois dump\n\n64500\t145.0.0.0/16\t350\n64501\t145.0.0.0/24\t9\n{64502,64503}\t145.2.0.0/16\t10\n64500\t0.0.0.0/0\t300\n64500\t2a00:1::/32\t99\r\n"
	csv := "prefix,origin\n# a comment\n145.0.0.0/16,64500\n145.2.0.0/16,{64502,64503}\n2a00:1::/32,AS64500\n"
	for _, text := range []string{ris, csv, gzipped(ris)} {
		var b RouteBuilder
		rep, err := ReadRoutes(strings.NewReader(text), &b)
		if err != nil || rep.Records != 3 || rep.Wrong != 0 {
			t.Fatalf("%+v %v", rep, err)
		}
		r, err := b.Table(Meta{})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(r.Covering(pfx("145.0.0.0/24")), r.Covering(pfx("145.2.0.0/24")), r.Covering(pfx("2a00:1::/48")), r.Covering(pfx("8.8.8.0/24")))
		if got != "[{145.0.0.0/16 64500}] [{145.2.0.0/16 0}] [{2a00:1::/32 64500}] []" {
			t.Error(got)
		}
	}
	rep, _ := ReadRoutes(strings.NewReader(ris), &RouteBuilder{})
	if rep.FewPeers != 1 || rep.Defaults != 1 {
		t.Errorf("%+v", rep)
	}
	for text, want := range map[string]string{
		"hello":                            "neither",
		"64500\t145.0.0.0/16":              "origin, prefix and peers",
		"64500\t145.0.0.0/16\tmany":        "peers",
		"64500\t145.0.0.1/16\t99":          "after the prefix",
		"64500\t145.0.0.0\t99":             "prefix",
		"{1,x}\t145.0.0.0/16\t99":          "AS number",
		"145.0.0.0/16,x":                   "line 1",
		"145.0.0.0/16,1\n145.0.0.0/16,x\n": "1 of 2",
		strings.Repeat("x", 5000):          "too long",
	} {
		if rep, err := ReadRoutes(strings.NewReader(text), &RouteBuilder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %+v %v, want something about %q", text, rep, err, want)
		}
	}
}

func TestTheCacheIsUsedWhileItIsFresh(t *testing.T) {
	c := Cache{filepath.Join(t.TempDir(), "peil")}
	made := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	if _, err := c.OpenVRPs(made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first update: %v", err)
	}
	m, rep, err := c.UpdateVRPs("rpki-client", made.Add(time.Hour), strings.NewReader(someVRPs))
	if err != nil || rep.Records != 3 || !m.Date.Equal(made) {
		t.Fatalf("%v %+v %v", m, rep, err)
	}
	if _, _, err := c.UpdateRoutes("RIS", made, strings.NewReader("145.0.0.0/16,64500"), strings.NewReader(gzipped("2a00:1::/32,64501"))); err != nil {
		t.Fatal(err)
	}
	v, err := c.OpenVRPs(made.Add(MaxAge - time.Second))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.OpenRoutes(made.Add(MaxAge - time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(v.Check(), r.Check()); err != nil || r.Len() != 2 {
		t.Errorf("%d routes, %v", r.Len(), err)
	}
	if _, err := c.OpenVRPs(made.Add(MaxAge)); !errors.Is(err, ErrStale) {
		t.Errorf("after two days: %v", err)
	}
	if _, err := c.OpenRoutes(made.Add(MaxAge)); !errors.Is(err, ErrStale) {
		t.Errorf("after two days: %v", err)
	}

	// A new table comes in one step: who has the old one mapped keeps it, and what
	// cannot be read leaves the old one in place.
	if _, _, err := c.UpdateVRPs("broken", made, strings.NewReader(someVRPs[:300])); err == nil {
		t.Error("half a file became a table")
	}
	if _, _, err := c.UpdateVRPs("empty", made, strings.NewReader(`{"roas":[]}`)); err == nil {
		t.Error("an empty file became a table")
	}
	if _, _, err := c.UpdateVRPs("new", made, strings.NewReader(`{"roas":[{"asn":1,"prefix":"145.1.0.0/8"}]}`)); err == nil {
		t.Error("a prefix with bits behind it became a table")
	}
	if _, _, err := c.UpdateVRPs("new", made, strings.NewReader(`{"roas":[{"asn":1,"prefix":"145.0.0.0/16"}]}`)); err != nil {
		t.Fatal(err)
	}
	if got := v.Covering(pfx("145.0.0.0/24")); len(got) != 1 || got[0].Origin != 64500 {
		t.Errorf("the old table now says %v", got)
	}
	now, err := c.OpenVRPs(made)
	if err != nil {
		t.Fatal(err)
	}
	if got := now.Covering(pfx("145.0.0.0/24")); len(got) != 1 || got[0].Origin != 1 {
		t.Errorf("the new table says %v", got)
	}
	if err := errors.Join(v.Close(), r.Close(), now.Close()); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(c.Dir, "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestFilesOfTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	v, rep, err := LoadVRPs(write("vrps.json", someVRPs))
	if err != nil || rep.Records != 3 || v.Meta().String() != "file vrps.json 2026-11-23T06:00:00Z" {
		t.Fatalf("%+v %v", rep, err)
	}
	r, rep, err := LoadRoutes(write("routes.csv", "145.0.0.0/16,64500"))
	if err != nil || rep.Records != 1 || !strings.HasPrefix(r.Meta().String(), "file routes.csv 20") {
		t.Fatalf("%+v %v", rep, err)
	}
	c := Cache{dir}
	if _, _, err := c.UpdateVRPs("x", time.Now(), strings.NewReader(someVRPs)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.UpdateRoutes("x", time.Now(), strings.NewReader("145.0.0.0/16,64500")); err != nil {
		t.Fatal(err)
	}
	if v, _, err := LoadVRPs(filepath.Join(dir, vrpFile)); err != nil || v.Len() != 3 {
		t.Errorf("an index as --vrps: %v", err)
	}
	if r, _, err := LoadRoutes(filepath.Join(dir, routeFile)); err != nil || r.Len() != 1 {
		t.Errorf("an index as --routes: %v", err)
	}
	if _, _, err := LoadVRPs(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

func FuzzReadVRPs(f *testing.F) {
	f.Add([]byte(someVRPs))
	f.Add([]byte(gzipped(someVRPs)))
	f.Add([]byte(`{"roas":[{"asn":1,"prefix":"10.0.0.0/8","maxLength":-1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b VRPBuilder
		if _, rep, err := ReadVRPs(bytes.NewReader(text), &b); err != nil {
			return
		} else if rep.Records != b.Len() {
			t.Fatalf("%+v with %d", rep, b.Len())
		}
		v, err := b.Table(Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzReadRoutes(f *testing.F) {
	f.Add("64500\t145.0.0.0/16\t350\n{1,2}\t2a00::/16\t10")
	f.Add("145.0.0.0/16,64500\n::/0,1")
	f.Fuzz(func(t *testing.T, text string) {
		var b RouteBuilder
		if _, err := ReadRoutes(strings.NewReader(text), &b); err != nil {
			return
		}
		r, err := b.Table(Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkReadVRPs reads a file of a tenth of the real size.
func BenchmarkReadVRPs(b *testing.B) {
	var s strings.Builder
	s.WriteString(`{"roas":[`)
	for i := range 80_000 {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{ "asn": %d, "prefix": "145.%d.%d.0/24", "maxLength": 24, "ta": "ripe", "expires": 1700000000 }`, i, i>>8&255, i&255)
	}
	s.WriteString(`]}`)
	for b.Loop() {
		var vb VRPBuilder
		if _, _, err := ReadVRPs(strings.NewReader(s.String()), &vb); err != nil {
			b.Fatal(err)
		}
	}
}
