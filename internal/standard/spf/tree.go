package spf

// The bounds of a walk.
const (
	MaxRecords   = 40  // different names whose records are fetched
	MaxNodes     = 100 // nodes of the tree: a record that is included twice has two
	MaxAddressed = 20  // a, mx and exists terms whose addresses are looked up
)

// Status is what became of a node.
type Status string

// The states of a node. Those after Found cannot be followed.
const (
	Found         Status = "found"            // exactly one record, valid or not
	NotKnown      Status = "unknown"          // the answer is missing
	NoSuchName    Status = "nxdomain"         // the name does not exist
	NoSPF         Status = "none"             // no SPF record at the name
	Several       Status = "multiple_records" // more than one: permerror (section 4.5)
	Broken        Status = "dns_failure"      // temperror (section 4.4)
	NotFollowable Status = "macro"            // the target depends on the sender
	BadName       Status = "bad_name"         // no query can be made of the target (section 4.3)
	Loop          Status = "loop"             // the target is this name's own origin
	NotFollowed   Status = "not_followed"     // beyond MaxRecords or MaxNodes
)

// Tree is a record with all that it includes and redirects to, as it is evaluated for a
// sender that no mechanism matches: the worst case. It is counted on after an error.
type Tree struct {
	Root    *Node
	Records int   // different names with a record
	Lookups int   // terms that ask the DNS, in the worst case; more than MaxLookups is a permerror
	Over    *Step // the term at which the look-ups first exceed MaxLookups, nil for none
	// Voids4 and Voids6 are the void look-ups that a sender by IPv4 and by IPv6 meets,
	// those of terms that depend on the sender not counted.
	Voids4, Voids6 int
	OverVoids      *Step   // where the greater of the two first exceeds MaxVoids
	Loops          []*Node // nodes in state Loop
	// All is the qualifier of the all that is reached, through redirects; 0 without one:
	// neutral (section 4.7). AllAt is where it stands.
	All   Qualifier
	AllAt *Node
	// Pass are the addresses that the record lets send, as far as it does not depend on
	// the sender otherwise; the limits of look-ups are not held against it.
	Pass Set
	// Open are the terms by which more addresses may pass than can be told: ptr, exists,
	// and targets that depend on the sender or were not followed.
	Open []*Step
}

// Node is one record in the tree.
type Node struct {
	Domain   string // "" when the target is not followable
	Status   Status
	Parent   *Step   // the include or redirect that led here, nil for the root
	Record   *Record // of a node that is Found
	Records  []string
	Depth    int
	Steps    []*Step // in the order of evaluation
	Children []*Node
	// Lookups, Voids4 and Voids6 are those of this record and all below it; the term that
	// led here is not among them.
	Lookups, Voids4, Voids6 int
	Own                     Set // addresses that terms of this record itself let pass
	Pass                    Set // addresses for which the branch gives pass
	fails                   Set // addresses for which it gives temperror or permerror
}

// Step is one term in the evaluation.
type Step struct {
	Node   *Node
	Term   *Term
	Target string // the name that it is about; "" for all, ip4, ip6 and what depends on the sender
	Child  *Node  // of include and redirect
	// Count is the number of look-ups in the whole tree once this term is done, at worst.
	Count int
	// Void4 and Void6 say that a sender of that family meets a void look-up here.
	Void4, Void6 bool
	TooManyMX    bool // more than MaxHosts: permerror (section 4.6.4)
	Failed       bool // the DNS fails here: temperror
	Matches      Set  // addresses that the term matches, as far as known
	Open         bool // it may match more
	fails        Set  // who of those that it does not match gets an error here
}

// Nodes are all nodes in the order of evaluation.
func (t *Tree) Nodes() []*Node {
	var out []*Node
	var add func(n *Node)
	add = func(n *Node) {
		out = append(out, n)
		for _, c := range n.Children {
			add(c)
		}
	}
	if t.Root != nil {
		add(t.Root)
	}
	return out
}
