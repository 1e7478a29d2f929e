package spf

import (
	"net/netip"

	"peil/internal/standard/lookup"
)

// Walk unfolds the record of a domain. missing are the questions whose answers are
// Unknown and would add to the tree, a whole level at a time: answer them and call
// Walk again, until nothing is missing that was not missing before.
func Walk(domain string, ask Ask) (tree *Tree, missing []Question) {
	w := &walker{origin: lookup.Canonical(domain), ask: ask, records: map[string]*zone{}, addressed: map[Question]bool{}, asked: map[Question]bool{}}
	w.fetch()
	w.tree = &Tree{}
	w.tree.Root = w.node(w.origin, nil, nil)
	w.tree.Lookups = w.lookups
	w.tree.Voids4, w.tree.Voids6 = w.voids4, w.voids6
	w.tree.Pass = w.tree.Root.Pass
	for _, z := range w.records {
		if z.record != nil {
			w.tree.Records++
		}
	}
	w.all(w.tree.Root)
	return w.tree, w.missing
}

type walker struct {
	origin    string
	ask       Ask
	records   map[string]*zone
	addressed map[Question]bool // name and kind of the terms whose addresses are looked up
	asked     map[Question]bool
	missing   []Question

	tree                    *Tree
	nodes                   int
	lookups, voids4, voids6 int
}

// zone is what stands at a name.
type zone struct {
	status  Status
	record  *Record
	records []string
}

func (w *walker) get(name, qtype string) Answer {
	if !lookup.ValidName(name) {
		return Answer{Status: lookup.NXDomain}
	}
	a := w.ask(name, qtype)
	if q := (Question{Name: name, Type: qtype}); a.Status == lookup.Unknown && !w.asked[q] {
		w.asked[q] = true
		w.missing = append(w.missing, q)
	}
	return a
}

// fetch reads the records level by level, so that what counts as one of the first
// MaxRecords does not change when later answers come in.
func (w *walker) fetch() {
	queue := []string{w.origin}
	w.records[w.origin] = nil
	for len(queue) > 0 {
		domain := queue[0]
		queue = queue[1:]
		z := w.read(domain)
		w.records[domain] = z
		if z.record == nil {
			continue
		}
		for _, i := range z.record.Evaluated() {
			t := &z.record.Terms[i]
			name, ok := w.target(t, domain)
			if !ok || !lookup.ValidName(name) {
				continue
			}
			switch t.Kind {
			case Include, Redirect:
				if _, known := w.records[name]; !known && len(w.records) < MaxRecords {
					w.records[name] = nil
					queue = append(queue, name)
				}
			case A, MX, Exists:
				q := Question{Name: name, Type: string(t.Kind)}
				if !w.addressed[q] && len(w.addressed) < MaxAddressed {
					w.addressed[q] = true
				}
			}
		}
	}
}

func (w *walker) read(domain string) *zone {
	if !lookup.ValidName(domain) {
		return &zone{status: BadName}
	}
	a := w.get(domain, "TXT")
	switch a.Status {
	case lookup.Unknown:
		return &zone{status: NotKnown}
	case lookup.Failure:
		return &zone{status: Broken}
	case lookup.NXDomain:
		return &zone{status: NoSuchName}
	}
	found := Select(a.TXT)
	switch len(found) {
	case 0:
		return &zone{status: NoSPF}
	case 1:
		return &zone{status: Found, record: Parse(found[0]), records: found}
	}
	return &zone{status: Several, records: found}
}

// target is the name that a term is about, false when it depends on the sender.
func (w *walker) target(t *Term, domain string) (string, bool) {
	if t.Target == nil {
		return domain, true
	}
	return t.Target.Static(domain, w.origin)
}

// node builds the tree below a name, in the order of evaluation.
func (w *walker) node(domain string, parent *Step, path []string) *Node {
	n := &Node{Domain: domain, Parent: parent, Depth: len(path), fails: everything}
	w.nodes++
	z, known := w.records[domain]
	switch {
	case !lookup.ValidName(domain):
		n.Status = BadName
		return n
	case contains(path, domain):
		n.Status = Loop
		w.tree.Loops = append(w.tree.Loops, n)
		return n
	case !known || w.nodes > MaxNodes:
		n.Status, n.fails = NotFollowed, Set{}
		return n
	}
	n.Status, n.Record, n.Records = z.status, z.record, z.records
	if n.Record == nil {
		if n.Status == NotKnown {
			n.fails = Set{}
		}
		return n
	}
	n.fails = Set{}
	path = append(path[:len(path):len(path)], domain)
	before, before4, before6 := w.lookups, w.voids4, w.voids6
	for _, i := range n.Record.Evaluated() {
		s := &Step{Node: n, Term: &n.Record.Terms[i]}
		n.Steps = append(n.Steps, s)
		w.step(s, path)
		s.Count = w.lookups
		if s.Open {
			w.tree.Open = append(w.tree.Open, s)
		}
	}
	n.Lookups, n.Voids4, n.Voids6 = w.lookups-before, w.voids4-before4, w.voids6-before6
	n.pass()
	return n
}

func contains(path []string, domain string) bool {
	for _, p := range path {
		if p == domain {
			return true
		}
	}
	return false
}

func (w *walker) step(s *Step, path []string) {
	t := s.Term
	if t.Asks() {
		if w.lookups++; w.lookups == MaxLookups+1 && w.tree.Over == nil {
			w.tree.Over = s
		}
	}
	switch t.Kind {
	case All:
		s.Matches = everything
		return
	case IP4, IP6:
		s.Matches = SetOf([]netip.Prefix{t.Network})
		return
	}
	name, fixed := w.target(t, s.Node.Domain)
	if w.nodes >= 4*MaxNodes && (t.Kind == Include || t.Kind == Redirect) {
		s.Target, s.Open = name, true // a tree of nothing but leaves has its bound too
		return
	}
	if !fixed {
		s.Open = true
		if t.Kind == Include || t.Kind == Redirect {
			s.Child = &Node{Status: NotFollowable, Parent: s, Depth: len(path)}
			s.Node.Children = append(s.Node.Children, s.Child)
		}
		return
	}
	s.Target = name
	switch t.Kind {
	case Include, Redirect:
		s.Child = w.node(name, s, path)
		s.Node.Children = append(s.Node.Children, s.Child)
		s.Matches = s.Child.Pass
		s.Open = s.Child.Status == NotFollowed || s.Child.Status == NotKnown
	case PTR:
		s.Open = true
	default:
		if w.addressed[Question{Name: name, Type: string(t.Kind)}] {
			w.addresses(s)
		} else {
			s.Open = lookup.ValidName(name)
		}
	}
}

// addresses looks up what an a, mx or exists term with a fixed target matches.
func (w *walker) addresses(s *Step) {
	hosts := []string{s.Target}
	switch s.Term.Kind {
	case Exists:
		a := w.get(s.Target, "A")
		s.Open, s.Failed = a.Status == lookup.Unknown, a.Status == lookup.Failure
		if s.Failed {
			s.fails = everything
		}
		if a.Status == lookup.OK { // for each sender alike
			s.Matches = everything
		}
		w.void(s, a.Void(), a.Void())
		return
	case MX:
		a := w.get(s.Target, "MX")
		s.Open, s.Failed, s.TooManyMX = a.Status == lookup.Unknown, a.Status == lookup.Failure, len(a.Hosts) > MaxHosts
		w.void(s, a.Void(), a.Void())
		hosts = a.Hosts
		if s.Failed || s.TooManyMX {
			s.fails = everything
			return
		}
	}
	var found []netip.Prefix
	void4, void6 := false, false
	for _, h := range hosts {
		for _, qtype := range []string{"A", "AAAA"} {
			a := w.get(h, qtype)
			s.Open = s.Open || a.Status == lookup.Unknown
			family := everything.spans[:1]
			if qtype == "A" {
				void4 = a.Void()
			} else {
				family, void6 = everything.spans[1:], a.Void()
			}
			if a.Status == lookup.Failure {
				s.Failed, s.fails = true, s.fails.Union(Set{family})
			}
			for _, ip := range a.Addrs {
				ip = ip.Unmap()
				if p, err := ip.Prefix(s.Term.prefix(ip)); err == nil {
					found = append(found, p)
				}
			}
		}
	}
	s.Matches = SetOf(found)
	if s.Term.Kind == A {
		w.void(s, void4, void6)
	}
}

func (w *walker) void(s *Step, v4, v6 bool) {
	s.Void4, s.Void6 = v4, v6
	if v4 {
		w.voids4++
	}
	if v6 {
		w.voids6++
	}
	if w.tree.OverVoids == nil && max(w.voids4, w.voids6) > MaxVoids {
		w.tree.OverVoids = s
	}
}

// pass works out for which addresses the branch gives pass: each term takes what it
// matches out of what is left (section 4.6.2).
func (n *Node) pass() {
	left := everything
	fail := func(who Set) {
		if !who.Empty() {
			n.fails = n.fails.Union(who.Intersect(left))
			left = left.Subtract(who)
		}
	}
	if !n.Record.Valid() {
		fail(everything) // section 4.6: permerror, wherever the error is
		return
	}
	// Terms of one qualifier in a row are taken together.
	var batch, own []span
	var of Qualifier
	flush := func() {
		if len(batch) == 0 {
			return
		}
		m := join(batch)
		if of == Plus {
			n.Pass = n.Pass.Union(m.Intersect(left))
		}
		left, batch = left.Subtract(m), nil
	}
	for _, s := range n.Steps {
		if s.Child != nil {
			s.fails = s.Child.fails
		}
		if s.Term.Kind == Redirect { // the last one, and without qualifier
			flush()
			of, batch = Plus, append(batch, s.Matches.spans...)
			flush()
			fail(s.fails)
			break
		}
		if s.Term.Qualifier != of {
			flush()
			of = s.Term.Qualifier
		}
		batch = append(batch, s.Matches.spans...)
		if of == Plus && s.Term.Kind != Include {
			own = append(own, s.Matches.spans...)
		}
		if !s.fails.Empty() {
			flush()
			fail(s.fails)
		}
	}
	flush()
	n.Own = join(own)
}

// all finds the all that is reached from a node.
func (w *walker) all(n *Node) {
	for n != nil && len(n.Steps) > 0 {
		last := n.Steps[len(n.Steps)-1]
		switch last.Term.Kind {
		case All:
			w.tree.All, w.tree.AllAt = last.Term.Qualifier, n
			return
		case Redirect:
			n = last.Child
		default:
			return
		}
	}
}
