package norm

import (
	"bufio"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"peil/internal/fact"
)

// class is what a guideline of the NCSC says of a parameter. The zero value is
// insufficient: what no table names, is.
type class uint8

const (
	insufficient class = iota
	phaseOut
	sufficient
	good
)

var classNames = [...]string{"insufficient", "phase-out", "sufficient", "good"}

// String is the word of the data files.
func (c class) String() string { return classNames[min(int(c), len(classNames)-1)] }

// outcome is how the ncsc editions judge a class.
func (c class) outcome() Outcome {
	switch c {
	case good, sufficient:
		return Passed
	case phaseOut:
		return Warning
	}
	return Failed
}

// classes are the tables of one version of the guidelines.
type classes struct {
	versions map[fact.Version]class
	suites   map[fact.Suite]class
	names    map[fact.Suite]string
	groups   map[fact.Group]class
	ecKeys   map[string]class
	rsa      []rsaClass // the largest first
	auth     map[string]class
	hashes   map[string]class

	order []fact.Suite // suites in the order of the file: best first
	kex   []fact.Group // groups in the order of the file
}

// rsaClass is the class of RSA keys from a number of bits up.
type rsaClass struct {
	bits  int
	class class
}

//go:embed data/ncsc-tls-2021.txt
var table2021 string

//go:embed data/ncsc-tls-2025.txt
var table2025 string

// tables returns the parsed tables of a version of the guidelines. That the embedded
// files are well-formed is what their test is for: a line that cannot be read is left
// out, so that its parameter is insufficient.
func (g guide) tables() *classes {
	if g == ncsc2025 {
		return classes2025()
	}
	return classes2021()
}

var (
	classes2021 = sync.OnceValue(func() *classes { t, _ := parseClasses(table2021); return t })
	classes2025 = sync.OnceValue(func() *classes { t, _ := parseClasses(table2025); return t })
)

// parseClasses reads a data file of classes. The error is of the last bad line; the
// others are kept.
func parseClasses(text string) (*classes, error) {
	t := &classes{
		versions: map[fact.Version]class{}, suites: map[fact.Suite]class{}, names: map[fact.Suite]string{},
		groups: map[fact.Group]class{}, ecKeys: map[string]class{}, auth: map[string]class{}, hashes: map[string]class{},
	}
	var bad error
	in := bufio.NewScanner(strings.NewReader(text))
	for n := 1; in.Scan(); n++ {
		f := strings.Fields(in.Text())
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if err := t.line(f); err != nil {
			bad = fmt.Errorf("line %d: %w", n, err)
		}
	}
	return t, bad
}

func (t *classes) line(f []string) error {
	if len(f) < 3 {
		return fmt.Errorf("want kind, class and value")
	}
	i := slices.Index(classNames[:], f[1])
	if i < 0 {
		return fmt.Errorf("unknown class %q", f[1])
	}
	c := class(i)
	switch f[0] {
	case "version":
		var v fact.Version
		if err := v.UnmarshalText([]byte(strings.Join(f[2:], " "))); err != nil {
			return err
		}
		t.versions[v] = c
	case "suite":
		n, err := strconv.ParseUint(f[2], 0, 16)
		if err != nil || len(f) != 4 {
			return fmt.Errorf("want a code and a name, have %q", f[2:])
		}
		t.suites[fact.Suite(n)], t.names[fact.Suite(n)] = c, f[3]
		t.order = append(t.order, fact.Suite(n))
	case "group":
		var g fact.Group
		if err := g.UnmarshalText([]byte(f[2])); err != nil {
			return err
		}
		t.groups[g] = c
		t.kex = append(t.kex, g)
	case "eckey":
		t.ecKeys[f[2]] = c
	case "rsa":
		n, err := strconv.Atoi(f[2])
		if err != nil {
			return err
		}
		t.rsa = append(t.rsa, rsaClass{n, c})
		slices.SortFunc(t.rsa, func(a, b rsaClass) int { return b.bits - a.bits })
	case "auth":
		t.auth[f[2]] = c
	case "hash":
		t.hashes[f[2]] = c
	default:
		return fmt.Errorf("unknown kind %q", f[0])
	}
	return nil
}

// dh is the class of a finite-field group as the server sent it: one of RFC 7919 by
// its name, any other as its own making.
func (t *classes) dh(p fact.DHParams) class {
	for g, c := range t.groups {
		if g >= fact.FFDHE2048 && g <= fact.FFDHE8192 && g.String() == p.Name {
			return c
		}
	}
	return insufficient
}

// key is the class of a certificate's key.
func (t *classes) key(k publicKey) class {
	if k.Flaw != "" { // no table speaks of what is no key at all
		return insufficient
	}
	if k.Kind == "rsa" {
		for _, r := range t.rsa {
			if k.Bits >= r.bits {
				return r.class
			}
		}
		return insufficient
	}
	return t.ecKeys[k.Curve]
}

// of returns the suites of a class, in the order of the table.
func (t *classes) of(c class) []fact.Suite {
	var l []fact.Suite
	for _, s := range t.order {
		if t.suites[s] == c {
			l = append(l, s)
		}
	}
	return l
}

// chachaLast moves suites with ChaCha20 to the end: some servers prefer those when the
// client names one first, whatever their own order (catalogue B.6).
func chachaLast(l []fact.Suite) []fact.Suite {
	slices.SortStableFunc(l, func(a, b fact.Suite) int { return chacha(a) - chacha(b) })
	return l
}

func chacha(s fact.Suite) int {
	if strings.Contains(s.String(), "CHACHA20") {
		return 1
	}
	return 0
}

// tlsNeeds is what the guidelines of both years, and Internet.nl's reading of them,
// need to know of TLS. Sets stand by their class of 2025, the worst first.
func tlsNeeds() TLSNeeds {
	n, o := ncsc2025.tables(), ncsc2021.tables()
	var only2021 []fact.Suite // classed by 2.1 alone: insufficient by 2025-05
	for _, s := range o.order {
		if _, known := n.suites[s]; !known {
			only2021 = append(only2021, s)
		}
	}
	var bad, phased, fine []fact.Group
	for _, g := range n.kex {
		switch n.groups[g] {
		case phaseOut:
			phased = append(phased, g)
		default:
			fine = append(fine, g)
		}
	}
	for _, g := range o.kex {
		if _, known := n.groups[g]; !known {
			bad = append(bad, g)
		}
	}
	better := append(n.of(good), n.of(sufficient)...)
	return TLSNeeds{
		Versions:  []fact.Version{fact.SSL20, fact.SSL30, fact.TLS10, fact.TLS11, fact.TLS12, fact.TLS13},
		Suites:    [][]fact.Suite{only2021, n.of(phaseOut), better},
		AllSuites: true,
		Groups:    [][]fact.Group{bad, phased, fine},
		AllGroups: true,
		KexHashes: []string{"sha1", "sha224", "sha2"},
		Better:    better, Worse: chachaLast(append(slices.Clone(only2021), n.of(phaseOut)...)),
		Certificates: true, DH: true, Compression: true, SecureRenegotiation: true, ExtendedMasterSecret: true,
		ClientRenegotiation: renegotiations, EarlyData: true, OCSP: true,
	}
}
