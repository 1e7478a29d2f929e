package norm

import (
	"math/big"
	"strings"

	"peil/internal/fact"
	"peil/internal/standard/lookup"
	"peil/internal/standard/spf"
)

// spfReading is the SPF record of the domain with all that it includes.
type spfReading struct {
	records []string // of which there should be one
	record  *spf.Record
	tree    *spf.Tree
	// none says why there is no record to go by: no answer, none, several, or one that
	// breaks the grammar.
	none finding
}

// ok reports whether there is one record that keeps to the grammar.
func (r *spfReading) ok() bool { return r.tree != nil }

// spf reads the record of the domain and unfolds it, once.
func (v *view) spf() *spfReading {
	if v.sends == nil {
		v.sends = v.readSPF()
	}
	return v.sends
}

func (v *view) readSPF() *spfReading {
	a, f, ok := v.answer(v.Target.Name)
	if !ok {
		return &spfReading{none: f}
	}
	r := &spfReading{records: spf.Select(a.TXT)}
	switch len(r.records) {
	case 0:
		r.none = fail(because("no-spf")).with(v.Target.Name + " TXT: no record that begins with v=spf1")
		return r
	case 1:
	default:
		r.none = fail(because("spf-several", itoa(len(r.records)))).with(r.records...)
		return r
	}
	r.record = spf.Parse(r.records[0])
	for _, d := range r.record.Defects {
		if spf.Fatal(d.Code) {
			r.none = fail(because("spf-syntax", d.Code, d.Text, itoa(d.Position+1))).with(r.records[0], flawAt(d))
			return r
		}
	}
	r.tree, _ = spf.Walk(v.Target.Name, v.ask)
	return r
}

// flawAt is a defect of a record with its place, counted from 1.
func flawAt(d recordDefect) string {
	line := d.Code
	if d.Position >= 0 {
		line += " at " + itoa(d.Position+1)
	}
	if d.Text != "" {
		line += ": " + d.Text
	}
	return line
}

// recordDefect is a defect of a record of any of the mail policies.
type recordDefect = spf.Defect

// sendsNothing reports whether the SPF record says that no host sends mail in the name
// of the domain: "v=spf1 -all".
func (r *spfReading) sendsNothing() bool {
	return r.ok() && r.tree.All == spf.Minus && r.tree.Pass.Empty() && len(r.tree.Open) == 0 && !r.unseen()
}

// unseen reports whether part of the tree is not known.
func (r *spfReading) unseen() bool {
	for _, n := range r.tree.Nodes() {
		if n.Status == spf.NotKnown || n.Status == spf.NotFollowed || n.Status == spf.Broken {
			return true
		}
		for _, s := range n.Steps {
			if s.Failed {
				return true
			}
		}
	}
	return false
}

var spfWhy = Text{
	"Zonder SPF kan iedereen ter wereld mail versturen die van dit domein lijkt te komen, en kan de ontvanger dat niet zien.",
	"Without SPF anyone in the world can send mail that seems to come from this domain, and the recipient cannot tell.",
}

var spfFixes = []Fix{
	fixFor("dns", "Noem wie namens het domein mail verstuurt en sluit af met -all. Verstuurt het domein niets, zet dan alleen -all.", "Name who sends mail for the domain and end in -all. When the domain sends nothing, write -all alone.",
		"example.nl. 3600 IN TXT \"v=spf1 mx include:spf.provider.example -all\"\n; a domain that sends no mail:\nexample.org. 3600 IN TXT \"v=spf1 -all\""),
}

const spfCheck = "dig +short TXT {name} | grep -i v=spf1"

var spfRecord = rule{
	explain: Text{
		"Het domein heeft precies één SPF-record, en dat record is zonder fouten te lezen (RFC 7208).",
		"The domain has exactly one SPF record, and that record can be read without errors (RFC 7208).",
	},
	why: spfWhy, fixes: spfFixes, check: spfCheck,
	judge: func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		r := v.spf()
		if !r.ok() {
			return combine(r.none)
		}
		f := pass(because("spf-record")).with(r.records[0])
		for _, d := range r.record.Defects {
			f = f.with(flawAt(d))
		}
		return combine(f)
	},
}

// judgeSPF judges the record when there is one that can be read.
func judgeSPF(judge func(*view, *spfReading) finding) func(*view) Verdict {
	return func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		r := v.spf()
		switch {
		case r.ok():
			return combine(judge(v, r))
		case r.none.outcome == NotMeasured:
			return combine(missed(r.none.gap))
		}
		return combine(none(because("spf-unreadable")))
	}
}

var spfPolicy = rule{
	explain: Text{
		"Het SPF-record weigert wie er niet in staat: het eindigt op -all of ~all, zelf of via redirect, en laat niet elk adres toe.",
		"The SPF record turns away whoever is not in it: it ends in -all or ~all, itself or by redirect, and does not let every address pass.",
	},
	why: spfWhy, fixes: spfFixes, check: spfCheck,
	judge: judgeSPF(func(v *view, r *spfReading) finding {
		t := r.tree
		if p, ok := wideOpen(t.Pass); ok {
			return fail(because("spf-everybody", p)).with(r.records[0], "pass for "+p)
		}
		switch t.All {
		case spf.Minus:
			return pass(because("spf-all", "-all"))
		case spf.Tilde:
			return pass(because("spf-all", "~all"))
		case spf.Plus:
			return fail(because("spf-weak-all", "+all")).with(t.AllAt.Record.Text)
		case spf.Query:
			return fail(because("spf-weak-all", "?all")).with(t.AllAt.Record.Text)
		}
		for n := t.Root; n != nil; {
			to := redirected(n)
			if to != nil && (to.Status == spf.NotKnown || to.Status == spf.Broken || to.Status == spf.NotFollowed || to.Status == spf.NotFollowable) {
				return v.missedTXT(to.Domain)
			}
			n = to
		}
		return fail(because("spf-no-all")).with(r.records[0])
	}),
}

// redirected is the node to which a record redirects, or nil.
func redirected(n *spf.Node) *spf.Node {
	for _, s := range n.Steps {
		if s.Term.Kind == spf.Redirect {
			return s.Child
		}
	}
	return nil
}

// missedTXT is a finding of TXT records that were not seen.
func (v *view) missedTXT(name string) finding {
	l := v.DNS.Lookup(name, "TXT")
	switch {
	case l == nil:
		return missed("")
	case l.Gap != "":
		return missed(l.Gap)
	}
	return missed(fact.GapDNS)
}

// wideOpen reports whether a set holds every address of a family.
func wideOpen(s spf.Set) (string, bool) {
	for _, p := range s.Prefixes() {
		if p.Bits() == 0 {
			return p.String(), true
		}
	}
	return "", false
}

var spfLookups = rule{
	explain: Text{
		"Het SPF-record is voor elke verzender uit te rekenen: hooguit tien vragen aan de DNS, hooguit twee zonder antwoord, geen kring, en elk record waar het naar verwijst bestaat en klopt.",
		"The SPF record can be worked out for every sender: at most ten questions to the DNS, at most two without an answer, no loop, and each record that it refers to exists and is sound.",
	},
	why: Text{
		"Een ontvanger die op een fout of op de grens stuit, stopt met rekenen. Het record beschermt dan niet, en eigen mail kan geweigerd worden.",
		"A recipient that meets an error or the limit stops working it out. The record then does not protect, and your own mail may be refused.",
	},
	fixes: []Fix{
		fixFor("dns", "Haal verwijzingen weg die niet meer nodig zijn, en zet vaste adressen als ip4 en ip6.", "Remove references that are no longer needed, and put fixed addresses as ip4 and ip6.", "example.nl. 3600 IN TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/48 include:spf.provider.example -all\""),
	},
	check: "for n in {name} $(dig +short TXT {name} | grep -i v=spf1 | tr -d '\"' | tr ' ' '\\n' | sed -n -e 's/^[+?~-]*include://p' -e 's/^redirect=//p'); do echo $n; dig +short TXT $n | grep -i v=spf1; done",
	judge: judgeSPF(func(v *view, r *spfReading) finding { return v.spfWorks(r.tree) }),
}

// spfWorks finds what makes the evaluation of a record break off (RFC 7208 section 4.6.4).
func (v *view) spfWorks(t *spf.Tree) finding {
	lines := spfTree(t)
	if len(t.Loops) > 0 {
		return fail(because("spf-loop", t.Loops[0].Domain)).with(lines...)
	}
	if t.Over != nil {
		return fail(because("spf-lookups-over", itoa(t.Lookups), t.Over.Term.Text)).with(lines...)
	}
	unseen := finding{}
	for _, n := range t.Nodes() {
		switch n.Status {
		case spf.NoSuchName, spf.NoSPF, spf.Several, spf.BadName:
			return fail(worded("spf-target", string(n.Status), n.Domain)).with(lines...)
		case spf.NotKnown, spf.Broken:
			if l := v.DNS.Lookup(n.Domain, "TXT"); l != nil && l.Security == fact.Bogus {
				return fail(because("dnssec-bogus", problem(l.Problem))).with(append([]string{n.Domain + " TXT: " + problem(l.Problem)}, lines...)...)
			}
			unseen = v.missedTXT(n.Domain)
		case spf.NotFollowed:
			unseen = missed(fact.GapBudget)
		case spf.Found:
			for _, d := range n.Record.Defects {
				if spf.Fatal(d.Code) {
					return fail(because("spf-target-syntax", n.Domain, d.Code)).with(append([]string{n.Domain + ": " + n.Record.Text, flawAt(d)}, lines...)...)
				}
			}
		}
		for _, s := range n.Steps {
			switch {
			case s.TooManyMX:
				return fail(because("spf-too-many-mx", s.Target)).with(lines...)
			case s.Failed:
				unseen = missed(fact.GapDNS)
			}
		}
	}
	if t.OverVoids != nil {
		return fail(because("spf-voids-over", itoa(max(t.Voids4, t.Voids6)), t.OverVoids.Term.Text)).with(lines...)
	}
	if unseen.outcome == NotMeasured && unseen.gap != "" {
		return unseen
	}
	return pass(because("spf-lookups", itoa(t.Lookups), itoa(max(t.Voids4, t.Voids6)))).with(lines...)
}

// spfTree draws the tree of a record: each term that asks the DNS, the number of
// look-ups once it is done, and who is known to stand behind it.
func spfTree(t *spf.Tree) []string {
	var lines []string
	var draw func(n *spf.Node, depth int)
	draw = func(n *spf.Node, depth int) {
		for _, s := range n.Steps {
			if len(lines) >= maxEvidence-4 {
				return
			}
			if s.Term.Asks() || s.Child != nil {
				line := strings.Repeat("  ", depth) + s.Term.Text + ": " + itoa(s.Count)
				if p := spf.Provider(s.Target); p != "" {
					line += ", " + p
				}
				if s.Child != nil && s.Child.Status != spf.Found {
					line += ", " + string(s.Child.Status)
				}
				if s.Void4 || s.Void6 {
					line += ", void"
				}
				lines = append(lines, line)
			}
			if s.Child != nil {
				draw(s.Child, depth+1)
			}
		}
	}
	draw(t.Root, 0)
	return lines
}

// How many addresses may send before it is worth a word: of IPv4 more than a /12 (the
// two greatest providers together stay below it), of IPv6 more than a /28; and before it
// is nobody's own network any more: a /8, a /16.
var (
	wide4, wide6         = new(big.Int).Lsh(big.NewInt(1), 20), new(big.Int).Lsh(big.NewInt(1), 100)
	veryWide4, veryWide6 = new(big.Int).Lsh(big.NewInt(1), 24), new(big.Int).Lsh(big.NewInt(1), 112)
)

var spfWidth = rule{
	explain: Text{
		"Het SPF-record laat niet veel meer adressen toe dan grote mailaanbieders samen hebben: ten hoogste een miljoen IPv4-adressen (een /12) en een /28 van IPv6. Een /8 of een /16 van IPv6 is niet geslaagd.",
		"The SPF record does not let many more addresses pass than big mail providers have together: at most a million IPv4 addresses (a /12) and a /28 of IPv6. A /8, or a /16 of IPv6, fails.",
	},
	why: Text{
		"Elk adres dat mag versturen, kan mail van dit domein namaken. Hoe meer adressen, hoe groter de kans dat er een in verkeerde handen is.",
		"Every address that may send can forge mail of this domain. The more addresses, the greater the chance that one is in the wrong hands.",
	},
	fixes: spfLookups.fixes, check: spfLookups.check,
	judge: judgeSPF(func(_ *view, r *spfReading) finding {
		v4, v6 := r.tree.Pass.Count()
		n4 := v4.String()
		line := "IPv4 " + n4 + ", IPv6 " + power(v6)
		switch {
		case v4.Cmp(veryWide4) >= 0 || v6.Cmp(veryWide6) >= 0:
			return fail(because("spf-wide", n4, power(v6))).with(line)
		case v4.Cmp(wide4) > 0 || v6.Cmp(wide6) > 0:
			return warn(because("spf-wide", n4, power(v6))).with(line)
		case r.unseen():
			return missed(fact.GapDNS)
		}
		return pass(because("spf-width", n4, power(v6))).with(line)
	}),
}

// power is a number of IPv6 addresses as people can read it.
func power(n *big.Int) string {
	if n.BitLen() <= 20 {
		return n.String()
	}
	return "~2^" + itoa(n.BitLen()-1)
}

var spfSubdomain = rule{
	explain: Text{
		"De naam www.<domein>, die geen mail verstuurt, heeft een eigen SPF-record dat alles weigert (v=spf1 -all). Het record van het domein geldt daar niet.",
		"The name www.<domain>, which sends no mail, has an SPF record of its own that turns everything away (v=spf1 -all). The record of the domain does not hold there.",
	},
	why: Text{
		"Wie mail wil namaken, kiest een naam zonder SPF die wel bestaat.",
		"Whoever wants to forge mail picks a name that exists and has no SPF.",
	},
	fixes: []Fix{
		fixFor("dns", "Zet bij elke naam die geen mail verstuurt een SPF-record met alleen -all (bij een CNAME: op de naam waar hij naar verwijst).", "Put an SPF record with -all alone at each name that sends no mail (with a CNAME: at the name that it points to).", "www.example.nl. 3600 IN TXT \"v=spf1 -all\""),
	},
	check: "dig +short TXT www.{name}",
	judge: func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		www := "www." + v.Target.Name
		a, f, ok := v.answer(www)
		if !ok {
			return combine(f.on(www))
		}
		if a.Status == lookup.NXDomain {
			return combine(none(because("no-such-name", www)))
		}
		return combine(v.nonSending(www, spf.Select(a.TXT)).on(www))
	},
}

// nonSending judges the SPF records of a name that sends no mail.
func (v *view) nonSending(www string, records []string) finding {
	switch {
	case len(records) > 1:
		return fail(because("spf-several", itoa(len(records)))).with(records...)
	case len(records) == 0:
		switch d := v.dmarc(); {
		case d.policy == nil && d.missing.outcome == NotMeasured && d.missing.gap != "":
			return missed(d.missing.gap)
		case d.policy != nil && enforced(d.below(true).Applied):
			return note(because("spf-sub-by-dmarc", string(d.below(true).Applied)))
		}
		return fail(because("no-spf")).with(www + " TXT: no record that begins with v=spf1")
	}
	r := spf.Parse(records[0])
	all := r.Find(spf.All)
	switch {
	case !r.Valid():
		return fail(because("spf-syntax", r.Defects[0].Code, r.Defects[0].Text, itoa(r.Defects[0].Position+1))).with(records[0])
	case all != nil && all.Qualifier == spf.Minus:
		return pass(because("spf-all", "-all"))
	case all != nil && all.Qualifier == spf.Tilde, r.Find(spf.Redirect) != nil:
		return warn(because("spf-sub-soft")).with(records[0])
	}
	return fail(because("spf-no-all")).with(records[0])
}
