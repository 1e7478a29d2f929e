package config

import (
	"strings"
	"testing"
)

func TestRolesOfNames(t *testing.T) {
	const list = "example.nl\nwww.example.nl\nwwwelt.nl\n"
	for _, c := range []struct {
		names Names
		want  string
	}{
		{Names{}, "example.nl web, example.nl mail, www.example.nl web, wwwelt.nl web, wwwelt.nl mail"},
		{Names{Web: true}, "example.nl web, www.example.nl web, wwwelt.nl web"},
		{Names{Mail: true}, "example.nl mail, www.example.nl mail, wwwelt.nl mail"},
		{Names{Web: true, Mail: true}, "example.nl web, example.nl mail, www.example.nl web, www.example.nl mail, wwwelt.nl web, wwwelt.nl mail"},
		{Names{NoMail: true}, "example.nl web, www.example.nl web, wwwelt.nl web"},
		{Names{NoMail: true, Mail: true}, "example.nl mail, www.example.nl mail, wwwelt.nl mail"},
	} {
		c.names.File = "-"
		in, err := c.names.Open(strings.NewReader(list), nil)
		if err != nil {
			t.Fatal(err)
		}
		total, many, err := in.Peek()
		var got []string
		for x := range in.Targets(t.Context()) {
			got = append(got, x.Name+" "+string(x.Role))
		}
		if s := strings.Join(got, ", "); s != c.want || total != len(got) || many || err != nil {
			t.Errorf("%+v: %s; %d in all, many %v, %v", c.names, s, total, many, err)
		}
	}
}

// Who measures more than 100 names must say who he is, in however many roles.
func TestNamesAreCountedAndNotTheirRoles(t *testing.T) {
	for n, want := range map[int]bool{manyTargets: false, manyTargets + 1: true} {
		var list strings.Builder
		for i := range n {
			list.WriteString(strings.Repeat("a", i%60+1) + strings.Repeat("b", i/60+1) + ".nl\n")
		}
		in, err := Names{File: "-"}.Open(strings.NewReader(list.String()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if total, many, _ := in.Peek(); many != want || !many && total != 2*n {
			t.Errorf("%d names: many %v, %d targets", n, many, total)
		}
		got := 0
		for range in.Targets(t.Context()) {
			got++
		}
		if got != 2*n {
			t.Errorf("%d targets of %d names", got, n)
		}
	}
}

func TestEHLO(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "meter.example.nl": "meter.example.nl", "Meter.Example.NL.": "meter.example.nl",
		"192.0.2.1": "[192.0.2.1]", "[192.0.2.1]": "[192.0.2.1]", "2001:db8::1": "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]": "[IPv6:2001:db8::1]",
		"localhost": "!", "meter.example.nl\r\nMAIL FROM:<>": "!", "a b.nl": "!",
	} {
		got, err := checkEHLO(in)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%q: %q, want %q (%v)", in, got, want, err)
		}
	}
}

func TestSelectors(t *testing.T) {
	for in, good := range map[string]bool{
		"default": true, "2026-11.a_b": true, "s1": true, "": false, ".": false, "a..b": false, "-a": false, "a b": false, "a/b": false, strings.Repeat("a", 64): false, "*": false,
	} {
		if err := checkSelectors([]string{in}); (err == nil) != good {
			t.Errorf("%q: %v", in, err)
		}
	}
}
