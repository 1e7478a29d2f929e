package norm

import (
	"slices"
	"strings"
	"time"

	"peil/internal/fact"
)

// parameter is one thing that a server does in TLS, with what each source says of it.
type parameter struct {
	name string // in the words of the wire
	c21  class  // by the guidelines 2.1
	c25  class  // by the guidelines 2025-05
	// inl says that Internet.nl 1.9 found it good or sufficient by 2.1: the second
	// source of the edition wdo (catalogue B.6).
	inl bool
	// any stands for all that could not be asked: it may be of every class.
	any bool
}

// possible is what a parameter may turn out to be.
func (p parameter) possible() []parameter {
	if !p.any {
		return []parameter{p}
	}
	return []parameter{{name: p.name}, {name: p.name, c21: phaseOut, c25: phaseOut}}
}

// unlawful reports whether both sources find it below sufficient.
func (p parameter) unlawful() bool { return p.c21 < sufficient && !p.inl }

// disputed reports whether the two sources differ.
func (p parameter) disputed() bool { return (p.c21 < sufficient) == p.inl }

// of is the class by a version of the guidelines.
func (p parameter) of(g guide) class {
	if g == ncsc2025 {
		return p.c25
	}
	return p.c21
}

// aspect is what is known of one side of TLS at one address.
type aspect struct {
	seen []parameter // what the server does
	open []parameter // what it may do: we could not see
	gap  fact.Gap    // why not
	none Reason      // it has no such side: why

	until time.Time // from when on these facts show later instead of what is seen
	later parameter
}

// unknown is a parameter that stands for all that could not be asked.
func unknown(name string) parameter { return parameter{name: name, any: true} }

// observed turns an answer into an aspect of one parameter.
func observed(o fact.Observed, yes, no parameter) aspect {
	switch {
	case o.Yes():
		return aspect{seen: []parameter{yes}}
	case o.No():
		return aspect{seen: []parameter{no}}
	}
	return aspect{open: []parameter{yes, no}, gap: o.Gap}
}

// speaks says whether the server accepts a version.
func speaks(t *fact.TLS, want fact.Version) fact.Observed {
	for _, v := range t.Versions {
		if v.Version == want {
			return v.Observed
		}
	}
	return fact.Observed{}
}

// speaksOld says whether the server accepts a version below 1.3.
func speaksOld(t *fact.TLS) fact.Observed {
	r := fact.Observed{Answer: fact.Declined}
	for _, w := range fact.AllVersions() {
		o := speaks(t, w)
		switch {
		case w == fact.TLS13:
		case o.Yes():
			return o
		case o.Missing() && w >= fact.TLS10: // what SSL alone would change is judged by the version
			r = fact.Observed{Gap: o.Gap}
		}
	}
	return r
}

func lookVersions(_ *view, t *fact.TLS) aspect {
	n, o := ncsc2025.tables(), ncsc2021.tables()
	var a aspect
	for _, w := range fact.AllVersions() {
		p := parameter{name: w.String(), c21: o.versions[w], c25: n.versions[w], inl: w >= fact.TLS12}
		switch s := speaks(t, w); {
		case s.Yes():
			a.seen = append(a.seen, p)
		case s.Missing():
			a.open, a.gap = append(a.open, p), s.Gap
		}
	}
	return a
}

func suiteParameter(v fact.Version, s fact.Suite) parameter {
	n, o := ncsc2025.tables(), ncsc2021.tables()
	p := parameter{name: suiteName(s), c21: o.suites[s], c25: n.suites[s]}
	p.inl = p.c21 >= sufficient
	if v < fact.TLS12 {
		p.name = v.String() + " " + p.name
	}
	return p
}

// suiteName is the name of the registry.
func suiteName(s fact.Suite) string {
	for _, t := range []*classes{ncsc2025.tables(), ncsc2021.tables()} {
		if n, ok := t.names[s]; ok {
			return n
		}
	}
	return s.String()
}

// unlisted is what is not known of suites because a version that the server speaks, or
// may speak, was not enumerated. Of SSL the version itself is judged.
func unlisted(t *fact.TLS) (a aspect) {
	for _, w := range t.Versions {
		if !w.Yes() && (!w.Missing() || w.Version < fact.TLS10) {
			continue
		}
		if !slices.ContainsFunc(t.Suites, func(s fact.SuiteSet) bool { return s.Version == w.Version }) {
			a.open, a.gap = append(a.open, unknown(w.Version.String())), firstGap(w.Gap)
		}
	}
	return a
}

func lookSuites(_ *view, t *fact.TLS) aspect {
	a := unlisted(t)
	for i := range t.Suites {
		s := &t.Suites[i]
		for _, x := range s.Accepted {
			a.seen = append(a.seen, suiteParameter(s.Version, x))
		}
		for _, x := range s.Open {
			a.open, a.gap = append(a.open, suiteParameter(s.Version, x)), s.Gap
		}
		if s.AllOpen {
			a.open, a.gap = append(a.open, unknown(s.Version.String())), s.Gap
		}
	}
	if len(a.seen) == 0 && len(a.open) == 0 {
		a.open = []parameter{unknown("suites")}
	}
	return a
}

func groupParameter(g fact.Group) parameter {
	return parameter{name: g.String(), c21: ncsc2021.tables().groups[g], c25: ncsc2025.tables().groups[g], inl: groupBits(g) >= 224}
}

// groupBits is the size of a curve, for the one rule that Internet.nl 1.9 had: below
// 224 bits is bad. Hybrids were not judged.
func groupBits(g fact.Group) int {
	name := g.String()
	for _, small := range []string{"163", "192", "193", "160"} {
		if strings.Contains(name, small) {
			return 160
		}
	}
	return 256
}

func finite(g fact.Group) bool { return g >= fact.FFDHE2048 && g <= fact.FFDHE8192 }

func lookCurves(_ *view, t *fact.TLS) aspect {
	return lookGroups(t, func(g fact.Group) bool { return !finite(g) }, because("no-ecdhe"))
}

func lookGroups(t *fact.TLS, want func(fact.Group) bool, nothing Reason) aspect {
	var a aspect
	for _, version := range []fact.Version{fact.TLS12, fact.TLS13} {
		o := speaksOld(t) // of which TLS 1.2 stands for all
		if version == fact.TLS13 {
			o = speaks(t, version)
		}
		if o.Missing() && !slices.ContainsFunc(t.Groups, func(s fact.GroupSet) bool { return s.Version == version }) {
			a.open, a.gap = append(a.open, unknown(version.String())), o.Gap
		}
	}
	for i := range t.Groups {
		s := &t.Groups[i]
		for _, g := range s.Accepted {
			if p := groupParameter(g); want(g) && !slices.Contains(a.seen, p) {
				a.seen = append(a.seen, p)
			}
		}
		for _, g := range s.Open {
			if want(g) {
				a.open, a.gap = append(a.open, groupParameter(g)), s.Gap
			}
		}
		if s.AllOpen {
			a.open, a.gap = append(a.open, unknown("groups")), s.Gap
		}
	}
	if len(a.seen) == 0 && len(a.open) == 0 {
		if len(t.Groups) == 0 && ephemeral(t, "TLS_ECDHE_") {
			return aspect{open: []parameter{unknown("groups")}}
		}
		a.none = nothing
	}
	return a
}

// ephemeral reports whether a suite with this key exchange was accepted; every suite
// of TLS 1.3 has one.
func ephemeral(t *fact.TLS, prefix string) bool {
	for i := range t.Suites {
		for _, s := range t.Suites[i].Accepted {
			if (t.Suites[i].Version == fact.TLS13 && prefix == "TLS_ECDHE_") || strings.HasPrefix(suiteName(s), prefix) {
				return true
			}
		}
	}
	return false
}

func lookFFDHE(_ *view, t *fact.TLS) aspect {
	a := lookGroups(t, finite, because("no-ffdhe"))
	for i, g := range a.seen { // named groups of RFC 7919: Internet.nl 1.9 knew them by their prime
		a.seen[i].inl = g.c21 >= sufficient
	}
	for i, g := range a.open {
		a.open[i].inl = g.c21 >= sufficient
	}
	for _, d := range t.DH {
		name := d.Name
		if name == "" {
			name = "DH " + itoa(d.Bits)
		}
		p := parameter{name: name, c21: ncsc2021.tables().dh(d), c25: ncsc2025.tables().dh(d)}
		p.inl = p.c21 >= sufficient || (d.Name == "" && d.Bits >= 2048)
		if !slices.Contains(a.seen, p) {
			a.seen, a.none = append(a.seen, p), Reason{}
		}
	}
	if len(a.seen) == 0 && ephemeral(t, "TLS_DHE_") {
		return aspect{open: append(a.open, unknown("DH")), gap: a.gap}
	}
	return a
}

// lookKeyExchange takes curves and finite fields together.
func lookKeyExchange(v *view, t *fact.TLS) aspect {
	a, b := lookCurves(v, t), lookFFDHE(v, t)
	c := aspect{seen: append(a.seen, b.seen...), open: append(a.open, b.open...), gap: a.gap}
	if c.gap == "" {
		c.gap = b.gap
	}
	if len(c.seen) == 0 && len(c.open) == 0 {
		c.none = a.none
	}
	return c
}

// lookKind classes the kind of key exchange: of the suites up to TLS 1.2, and of the
// groups of 1.3.
func lookKind(_ *view, t *fact.TLS) aspect {
	a := unlisted(t)
	add := func(p parameter) {
		if !slices.Contains(a.seen, p) {
			a.seen = append(a.seen, p)
		}
	}
	for i := range t.Suites {
		s := &t.Suites[i]
		if s.Version != fact.TLS13 {
			for _, x := range s.Accepted {
				add(kindOf(suiteName(x)))
			}
		}
		if s.AllOpen {
			a.open, a.gap = append(a.open, unknown(s.Version.String())), s.Gap
		}
		for _, x := range s.Open {
			a.open, a.gap = append(a.open, kindOf(suiteName(x))), s.Gap
		}
	}
	for i := range t.Groups {
		g := &t.Groups[i]
		if g.Version != fact.TLS13 {
			continue
		}
		for _, x := range g.Accepted {
			switch {
			case finite(x):
				add(parameter{name: "DHE", c21: sufficient, c25: phaseOut, inl: true})
			case ncsc2025.tables().groups[x] == good:
				add(parameter{name: "hybrid " + x.String(), c21: good, c25: good, inl: true})
			default:
				add(parameter{name: "ECDHE", c21: good, c25: sufficient, inl: true})
			}
		}
		if g.AllOpen {
			a.open, a.gap = append(a.open, unknown("groups")), g.Gap
		}
	}
	if len(a.seen) == 0 && len(a.open) == 0 {
		a.open = []parameter{unknown("suites")}
	}
	return a
}

func kindOf(suite string) parameter {
	switch {
	case strings.Contains(suite, "_PSK_") || strings.Contains(suite, "_anon_") || strings.Contains(suite, "EXPORT"):
	case strings.HasPrefix(suite, "TLS_ECDHE_"):
		return parameter{name: "ECDHE", c21: good, c25: sufficient, inl: true}
	case strings.HasPrefix(suite, "TLS_DHE_"):
		return parameter{name: "DHE", c21: sufficient, c25: phaseOut, inl: true}
	case strings.HasPrefix(suite, "TLS_RSA_"):
		return parameter{name: "RSA", c21: phaseOut, c25: insufficient}
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(suite, "TLS_"), "_WITH_")
	return parameter{name: kind}
}

func lookKexHash(_ *view, t *fact.TLS) aspect {
	sha1 := parameter{name: "SHA-1", c21: good, c25: insufficient, inl: true}
	sha224 := parameter{name: "SHA-224", c21: good, c25: phaseOut, inl: true}
	sha2 := parameter{name: "SHA-256/384/512", c21: good, c25: good, inl: true}
	noSHA2 := parameter{name: "no SHA-256/384/512", c21: phaseOut, c25: insufficient}
	if o := speaks(t, fact.TLS12); o.No() && t.KexHashSHA1.Missing() && t.KexHashSHA2.Missing() {
		return aspect{none: because("no-tls12")}
	}
	var a aspect
	add := func(o fact.Observed, yes parameter) {
		switch {
		case o.Yes():
			a.seen = append(a.seen, yes)
		case o.Missing():
			a.open, a.gap = append(a.open, yes), o.Gap
		}
	}
	add(t.KexHashSHA1, sha1)
	add(t.KexHashSHA224, sha224)
	add(t.KexHashSHA2, sha2)
	switch {
	// Where no signature is made (RSA key exchange alone), no offer is accepted, and
	// none is worse than another.
	case t.KexHashSHA2.No() && (t.KexHashSHA1.Yes() || t.KexHashSHA224.Yes()):
		a.seen = append(a.seen, noSHA2)
	case t.KexHashSHA2.Missing():
		a.open = append(a.open, noSHA2)
	case len(a.seen) == 0 && len(a.open) == 0:
		a.none = because("no-kex-signature")
	}
	return a
}

func yesNo(name string, yes25 class) (yes, no parameter) {
	return parameter{name: name, c25: yes25}, parameter{name: "no " + name, c21: good, c25: good, inl: true}
}

func lookCompression(_ *view, t *fact.TLS) aspect {
	if speaksOld(t).No() {
		return aspect{none: because("only-tls13")}
	}
	yes, no := yesNo("TLS compression", insufficient)
	return observed(t.Compression, yes, no)
}

// lookCompression21 takes the compression of HTTP in, of which 2.1 speaks too.
func lookCompression21(v *view, t *fact.TLS) aspect {
	a := lookCompression(v, t)
	h := v.Web.Host(t.Addr.Addr())
	if h == nil || h.HTTP == nil {
		return a
	}
	if coding := h.HTTP.Secure.First().Values("Content-Encoding"); len(coding) > 0 {
		a.seen = append(a.seen, parameter{name: "Content-Encoding: " + coding[0], c21: sufficient, c25: good, inl: true})
		a.none = Reason{}
	}
	return a
}

func lookSecureRenegotiation(_ *view, t *fact.TLS) aspect {
	if speaksOld(t).No() {
		return aspect{none: because("only-tls13")}
	}
	return observed(t.SecureRenegotiation,
		parameter{name: "renegotiation_info", c21: good, c25: good, inl: true},
		parameter{name: "no renegotiation_info"})
}

func lookClientRenegotiation(_ *view, t *fact.TLS) aspect {
	if speaksOld(t).No() {
		return aspect{none: because("only-tls13")}
	}
	r := t.ClientRenegotiation
	off := parameter{name: "0/" + itoa(r.Tries), c21: good, c25: good, inl: true}
	on := parameter{name: itoa(r.Count) + "/" + itoa(r.Tries), c21: sufficient, c25: sufficient, inl: true}
	endless := on
	endless.c25 = phaseOut
	switch {
	case r.Missing():
		return aspect{open: []parameter{endless}, gap: r.Gap}
	case r.No() || r.Count == 0:
		return aspect{seen: []parameter{off}}
	case r.Count >= renegotiations:
		return aspect{seen: []parameter{endless}}
	}
	return aspect{seen: []parameter{on}}
}

func lookEarlyData(_ *view, t *fact.TLS) aspect {
	if speaks(t, fact.TLS13).No() {
		return aspect{none: because("no-tls13")}
	}
	yes, no := yesNo("early data", insufficient)
	return observed(t.EarlyData.Observed, yes, no)
}

func lookEMS(_ *view, t *fact.TLS) aspect {
	if speaks(t, fact.TLS12).No() {
		return aspect{none: because("no-tls12")}
	}
	return observed(t.ExtendedMasterSecret,
		parameter{name: "extended_master_secret", c21: good, c25: good, inl: true},
		parameter{name: "no extended_master_secret", c21: good, c25: insufficient, inl: true})
}
