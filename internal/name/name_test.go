package name

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

func TestNamesAsPeopleTypeThem(t *testing.T) {
	for typed, want := range map[string]string{
		"www.Example.NL":                         "www.example.nl",
		" example.nl. ":                          "example.nl",
		"https://www.example.nl/pad?x=1#y":       "www.example.nl",
		"HTTP://example.nl:80":                   "example.nl",
		"https://example.nl:443/":                "example.nl",
		"https://user:pw@example.nl:8443/x":      "example.nl",
		"example.nl:443":                         "example.nl",
		"//example.nl/x":                         "example.nl",
		"example.nl/pad":                         "example.nl",
		"example.nl/?u=https://x.nl":             "example.nl",
		"example.nl\\x":                          "example.nl",
		"Straße.de":                              "xn--strae-oqa.de",
		"xn--strae-oqa.de":                       "xn--strae-oqa.de",
		"XN--STRAE-OQA.de":                       "xn--strae-oqa.de",
		"ｅｘａｍｐｌｅ。ｎｌ":                             "example.nl",
		"café.example.nl":                        "xn--caf-dma.example.nl",
		"r3---sn-x.example.nl":                   "r3---sn-x.example.nl",
		"1.example.nl":                           "1.example.nl",
		strings.Repeat("a", 63) + ".nl":          strings.Repeat("a", 63) + ".nl",
		"https://www.súdwestfryslân.nl/inwoners": "www.xn--sdwestfrysln-zbb93a.nl",
	} {
		n, err := Parse(typed)
		if err != nil || n.ASCII != want {
			t.Errorf("%q is %q (%v), want %q", typed, n.ASCII, err, want)
		}
	}
	if n, _ := Parse("xn--strae-oqa.de"); n.Unicode != "straße.de" {
		t.Errorf("unicode %q", n.Unicode)
	}
}

func TestWrongNamesAreToldWhy(t *testing.T) {
	for typed, why := range map[string]string{
		"":                               "empty",
		"localhost":                      "no dot",
		"192.0.2.1":                      "IP address",
		"https://192.0.2.1/":             "IP address",
		"2001:db8::1":                    "IP address",
		"https://[2001:db8::1]/":         "IP address",
		"0x7f.1":                         "number",
		"127.1":                          "number",
		"１２７.0.0.1":                      "IP address",
		"2130706433":                     "number",
		"_dmarc.example.nl":              "underscore",
		"mail@example.nl":                "@",
		"ftp://example.nl":               "scheme",
		"https://example.nl:8x/":         "port",
		"example.nl:25":                  "port",
		"-a.example.nl":                  "hyphen",
		"a-.example.nl":                  "hyphen",
		"a..nl":                          "empty label",
		".nl":                            "empty label",
		"a b.nl":                         "space",
		"é b.nl":                         "space",
		"a.nl,b.nl":                      "several fields",
		"*.example.nl":                   "asterisk",
		"a!.nl":                          "character",
		"xn--zzzzzz999999.nl":            "internationalised",
		"xn--":                           "nothing behind the prefix",
		"https://www.XN--.nl/":           "nothing behind the prefix",
		strings.Repeat("a", 64) + ".nl":  "63",
		strings.Repeat("a.", 130) + "nl": "253",
		"https://":                       "no host",
		strings.Repeat("a", 5000):        "longer",
		"exam\u200dple.nl":               "internationalised",
		"\u202eexample.nl":               "internationalised",
	} {
		if n, err := Parse(typed); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.50q is %q (%v), want something about %q", typed, n.ASCII, err, why)
		}
	}
}

func TestApexAndWWWAreAPair(t *testing.T) {
	for name, want := range map[string]string{
		"example.nl": "www.example.nl", "www.example.nl": "example.nl", "example.co.uk": "www.example.co.uk", "www.amsterdam.test": "amsterdam.test",
		"a.example.nl": "", "www.a.example.nl": "", "nl": "", "co.uk": "", "www.nl": "www.www.nl", "mijn.overheid.nl": "",
	} {
		got, ok := Pair(name)
		if got != want || ok != (want != "") {
			t.Errorf("the other of %s is %q, want %q", name, got, want)
		}
	}
	if s, listed := PublicSuffix("a.b.unknowntld"); s != "unknowntld" || listed {
		t.Errorf("%q %v", s, listed)
	}
	if s, listed := PublicSuffix("a.example.co.uk"); s != "co.uk" || !listed {
		t.Errorf("%q %v", s, listed)
	}
	if !strings.Contains(SuffixList(), "20") {
		t.Errorf("suffix list %q has no date", SuffixList())
	}
}

// read returns all names, and what was wrong.
func read(t testing.TB, text string) (names []string, wrong []string, c Counts) {
	t.Helper()
	l := NewList(strings.NewReader(text))
	for {
		n, err := l.Next()
		var le *LineError
		switch {
		case errors.Is(err, io.EOF):
			return names, wrong, l.Counts()
		case errors.As(err, &le):
			wrong = append(wrong, err.Error())
		case err != nil:
			t.Fatal(err)
		default:
			names = append(names, fmt.Sprintf("%d:%s", l.Line(), n.ASCII))
		}
	}
}

func TestAPlainList(t *testing.T) {
	names, wrong, c := read(t, "\ufeff# municipalities\r\n\r\nwww.example.nl\r\nhttps://www.Example.nl/#top # the same\n  a.nl\t# comment\nb c\n#x\nb.nl")
	if got, want := fmt.Sprint(names), "[3:www.example.nl 5:a.nl 8:b.nl]"; got != want {
		t.Errorf("names %s, want %s", got, want)
	}
	if len(wrong) != 1 || !strings.HasPrefix(wrong[0], `line 6: "b c" has a space`) {
		t.Errorf("wrong: %q", wrong)
	}
	if c != (Counts{Names: 3, Duplicates: 1, Wrong: 1}) {
		t.Errorf("%+v", c)
	}
}

func TestACSVList(t *testing.T) {
	for _, text := range []string{
		"organisation,name,note\nVoorbeeld,www.a.nl,\"two\nlines\"\n,,\n# comment\nX,b..nl,\nY\nZ,,z\nQ,b.nl,\"open",
		"organisation;Name;note\r\nVoorbeeld;www.a.nl;\"two\r\nlines\"\r\n;;\r\n# comment\r\nX;b..nl;\r\nY\r\nZ;;z\r\nQ;b.nl;\"open",
		"# list\n\"organisation\"\t\"name\"\nVoorbeeld\twww.a.nl\n\n\nX\tb..nl\nY\nZ\t\nQ\tb.nl\n",
	} {
		names, wrong, _ := read(t, text)
		if len(names) != 2 || !strings.HasSuffix(names[0], ":www.a.nl") || !strings.HasSuffix(names[1], ":b.nl") {
			t.Errorf("names %q of %q", names, text)
		}
		if len(wrong) != 3 || !strings.HasPrefix(wrong[0], "line 6: ") || !strings.Contains(wrong[1], "has 1 fields") || !strings.Contains(wrong[2], "no name") {
			t.Errorf("wrong: %q of %q", wrong, text)
		}
	}
	names, _, _ := read(t, "name\nwww.a.nl\nb.nl\n")
	if fmt.Sprint(names) != "[2:www.a.nl 3:b.nl]" {
		t.Errorf("names %q", names)
	}
	// A quote that is never closed spoils its own line at most.
	names, wrong, _ := read(t, "name,note\na.nl,\"open\nb.nl,x\n\"c.nl,y\nd.nl,\"two\nlines\"\n"+strings.Repeat("e.nl,z\n", 300)+"f.nl,"+strings.Repeat("x", 100_000)+"\ng.nl,\"")
	if fmt.Sprint(names) != "[2:a.nl 3:b.nl 5:d.nl 7:e.nl 308:g.nl]" {
		t.Errorf("names %q", names)
	}
	if len(wrong) != 2 || wrong[0] != `line 4: "\"c.nl,y" has a quote that is not closed` || !strings.HasPrefix(wrong[1], "line 307: ") {
		t.Errorf("wrong: %q", wrong)
	}
	_, wrong, _ = read(t, "a.nl,Voorbeeld\n")
	if len(wrong) != 1 || !strings.Contains(wrong[0], `one of them "name"`) {
		t.Errorf("wrong: %q", wrong)
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"\xff\xfea\x00": "UTF-16",
	} {
		l := NewList(strings.NewReader(text))
		var err error
		for range 5 {
			if _, err = l.Next(); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.10q: %v, want %q", text, err, want)
		}
		if _, again := l.Next(); !errors.Is(again, err) {
			t.Errorf("then %v", again)
		}
	}
	names, wrong, _ := read(t, strings.Repeat("x", 100_000)+"\ncaf\xe9.nl\na.nl")
	if len(wrong) != 2 || !strings.Contains(wrong[0], "longer") || !strings.Contains(wrong[1], "UTF-8") || fmt.Sprint(names) != "[3:a.nl]" {
		t.Errorf("%q %q", names, wrong)
	}
}

// million is a list that is made while it is read.
type million struct{ i, n int }

func (m *million) Read(p []byte) (int, error) {
	if m.i == m.n {
		return 0, io.EOF
	}
	m.i++
	return copy(p, fmt.Sprintf("www.name%d.example.nl\n", m.i)), nil
}

func TestAMillionLinesInBoundedMemory(t *testing.T) {
	l := NewList(&million{n: 1_000_000})
	for {
		if _, err := l.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if l.Counts().Names != 1_000_000 || m.HeapAlloc > 64<<20 {
		t.Errorf("%+v with %d MiB", l.Counts(), m.HeapAlloc>>20)
	}
	runtime.KeepAlive(l)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"www.example.nl", "https://Straße.de:443/x", "xn--a", "１.2", "a。b", "_x.nl", "[::1]", "a@b.nl"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		n, err := Parse(typed)
		if err != nil {
			return
		}
		again, err := Parse(n.ASCII)
		if err != nil || again != n {
			t.Fatalf("%q is %+v, and that is %+v (%v)", typed, n, again, err)
		}
		if len(n.ASCII) > 253 || !strings.Contains(n.ASCII, ".") || n.ASCII != strings.ToLower(n.ASCII) || !isASCII(n.ASCII) {
			t.Fatalf("%q is %q", typed, n.ASCII)
		}
		Pair(n.ASCII)
	})
}

func FuzzList(f *testing.F) {
	f.Add("a.nl\nb.nl # x\n")
	f.Add("x;name\n\"a\nb\";c.nl\n")
	f.Add("\ufeffname\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		l := NewList(strings.NewReader(text))
		for i := 0; ; i++ {
			_, err := l.Next()
			var le *LineError
			if err != nil && !errors.As(err, &le) {
				return
			}
			if i > len(text)+1 {
				t.Fatal("more lines than bytes")
			}
		}
	})
}
