package spf

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"peil/internal/standard/lookup"
)

// suite is one document of an openspf test suite.
type suite struct {
	Description string
	Tests       map[string]struct {
		Helo, Host, MailFrom string
		Receiver             string
		Result               any
		Explanation          string
	}
	Zone map[string][]map[string]any `yaml:"zonedata"`
}

func readSuites(t testing.TB, file string) (all []suite) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := yaml.NewDecoder(f); ; {
		var s suite
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
}

func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, fmt.Sprint(e))
		}
		return out
	default:
		return []string{fmt.Sprint(v)}
	}
}

// ask answers from the zone data. SPF records stand for TXT records where the name has
// no TXT entry of its own; TIMEOUT is for what the name does not have.
func (s *suite) ask() Ask {
	zone := map[string][]map[string]any{}
	for n, rs := range s.Zone {
		zone[lookup.Canonical(n)] = rs
	}
	var get func(name, qtype string, depth int) Answer
	get = func(name, qtype string, depth int) Answer {
		rs, ok := zone[name]
		if !ok {
			return Answer{Status: lookup.NXDomain}
		}
		var a Answer
		fails, ownTXT := false, false
		for _, r := range rs {
			_, has := r["TXT"]
			ownTXT = ownTXT || has
		}
		for _, r := range rs {
			for k, v := range r {
				switch {
				case k == "TIMEOUT" || k == "SERVFAIL":
					fails = true
				case k == "CNAME" && qtype != "CNAME":
					if depth > 8 {
						return Answer{Status: lookup.Failure}
					}
					return get(lookup.Canonical(fmt.Sprint(v)), qtype, depth+1)
				case qtype == "TXT" && (k == "TXT" || k == "SPF" && !ownTXT):
					if s := strings.Join(texts(v), ""); s != "NONE" {
						a.TXT = append(a.TXT, s)
					}
				case k != qtype:
				case k == "A" || k == "AAAA":
					for _, s := range texts(v) {
						a.Addrs = append(a.Addrs, netip.MustParseAddr(s))
					}
				case k == "MX":
					a.Hosts = append(a.Hosts, lookup.Canonical(texts(v)[1]))
				case k == "PTR":
					a.Hosts = append(a.Hosts, texts(v)...)
				}
			}
		}
		switch {
		case len(a.TXT)+len(a.Addrs)+len(a.Hosts) > 0:
			a.Status = lookup.OK
		case fails:
			a.Status = lookup.Failure
		default:
			a.Status = lookup.NoData
		}
		return a
	}
	return func(name, qtype string) Answer { return get(name, qtype, 0) }
}

// obsolete are the cases of pyspf for the modifier default= of drafts before RFC 4408;
// default-modifier-obsolete of the RFC's own suite says that it is to be ignored.
var obsolete = map[string]bool{"default-modifier": true, "default-modifier-harsh": true}

// Of the RFC's suite not one case is left out.
func TestSuites(t *testing.T) {
	for file, count := range map[string]int{"rfc7208-tests.yml": 203, "pyspf-tests.yml": 14} {
		ran := 0
		for _, s := range readSuites(t, "testdata/"+file) {
			ask := s.ask()
			for name, c := range s.Tests {
				if file == "pyspf-tests.yml" && obsolete[name] {
					continue
				}
				ran++
				t.Run(file+"/"+name, func(t *testing.T) {
					ip, err := netip.ParseAddr(c.Host)
					if err != nil {
						t.Fatal(err)
					}
					got := Check(Sender{IP: ip, MailFrom: c.MailFrom, HELO: c.Helo, Receiver: c.Receiver}, ask)
					if !slices.Contains(texts(c.Result), string(got.Result)) {
						t.Errorf("got %+v, want %v", got, c.Result)
					}
					// A case without explanation does not ask for any; DEFAULT is none of the domain's.
					if want := strings.TrimPrefix(c.Explanation, "DEFAULT"); c.Explanation != "" && got.Explanation != want {
						t.Errorf("explanation %q, want %q", got.Explanation, want)
					}
					if len(got.Missing) > 0 {
						t.Errorf("missing %v", got.Missing)
					}
				})
			}
		}
		if ran != count {
			t.Errorf("%s: %d cases, want %d", file, ran, count)
		}
	}
}
