package fact

import (
	"net/netip"
	"time"
)

// Role is what a name is measured as.
type Role string

// The roles of a target.
const (
	Web  Role = "web"
	Mail Role = "mail"
)

// Target is a name in a role: the thing that is measured.
type Target struct {
	Name    string `json:"name"`              // A-label, lower case, no final dot
	Unicode string `json:"unicode,omitempty"` // U-label form, only when it differs from Name
	Role    Role   `json:"role"`
}

// Gap is the reason code of an observation that could not be made. The empty Gap
// beside a filled observation means that nothing was missed.
type Gap string

// Why something was not seen. None of these is ever the target's failure.
const (
	GapTimeout     Gap = "timeout"      // no answer in time, after the retry
	GapBlocked     Gap = "blocked"      // it answered before and then cut us off, or the control failed
	GapBudget      Gap = "budget"       // our own limit on connections, bytes or time was reached
	GapOurNetwork  Gap = "our_network"  // our side: no route, interception, inspection, no such family here
	GapNoIPv6      Gap = "no_ipv6"      // this machine has no IPv6
	GapNoIPv4      Gap = "no_ipv4"      // this machine has no IPv4
	GapNoSource    Gap = "no_source"    // no VRPs, no route table, no suffix list was given
	GapSlow        Gap = "slow"         // too slow to ask everything within the budget
	GapNotAsked    Gap = "not_asked"    // no edition of this run needed it
	GapExcluded    Gap = "excluded"     // an operator's exclusion or opt-out
	GapNotPublic   Gap = "not_public"   // the address is not a public one
	GapDNS         Gap = "dns"          // the name could not be resolved by us (indeterminate)
	GapMandate     Gap = "no_mandate"   // an intrusive probe, and nobody allowed it
	GapBeyond      Gap = "beyond"       // beyond the number of addresses measured per target
	GapMalformed   Gap = "malformed"    // what came back could not be read as this protocol
	GapCancelled   Gap = "cancelled"    // the run was stopped
	GapUnmapped    Gap = "unmapped"     // with a network map: an address that does not exist in it
	GapUnsupported Gap = "unsupported"  // the meter cannot ask or check this
	GapUnvalidated Gap = "unvalidated"  // the resolver that the operator named does not validate
	GapNoRecursion Gap = "no_recursion" // the server that the operator named as resolver does not recurse
	GapTemporary   Gap = "temporary"    // a mail server put us off: a 4xx reply, greylisting, too many connections
)

// Measurement is everything that one run saw of one target, and one line of the
// file that `peil scan --facts` writes.
type Measurement struct {
	Schema    int       `json:"schema"`
	Target    Target    `json:"target"`
	At        time.Time `json:"at" peil:"volatile"` // UTC; when measuring this target began; verdicts are judged at this time
	Vantage   string    `json:"vantage" peil:"volatile"`
	Meter     string    `json:"meter" peil:"volatile"` // version of the program that measured
	Simulated bool      `json:"simulated,omitempty"`   // measured in a simulated network
	Asked     []string  `json:"asked"`                 // editions that the plan served, sorted
	Network   Network   `json:"network" peil:"volatile"`
	Sources   Sources   `json:"sources" peil:"volatile"`
	Cost      Cost      `json:"cost" peil:"volatile"`
	Mandate   *Mandate  `json:"mandate,omitempty"`

	DNS    *DNS       `json:"dns,omitempty"`
	Web    *WebFacts  `json:"web,omitempty"`
	Mail   *MailFacts `json:"mail,omitempty"`
	Routes []Route    `json:"routes,omitempty"` // sorted by address: web, mail-server and name-server addresses
	Chains []Chain    `json:"chains,omitempty"` // certificate chains that TLS and HTTP facts refer to by ID, sorted by ID
}

// Network is what the run's self-test said of our own side.
type Network struct {
	IPv4           bool   `json:"ipv4"`
	IPv6           bool   `json:"ipv6"`
	DNSIntercepted bool   `json:"dns_intercepted,omitempty"` // something answers for the root servers
	TLSInspected   bool   `json:"tls_inspected,omitempty"`   // a locally added CA signs what we see
	Note           string `json:"note,omitempty"`
}

// Sources dates the tables that observations were held against.
type Sources struct {
	Roots    string `json:"roots,omitempty"`    // trust set, e.g. "mozilla 2026-10-30" or "file ca.pem"
	PSL      string `json:"psl,omitempty"`      // public suffix list
	VRPs     string `json:"vrps,omitempty"`     // where the VRPs came from and when
	Routes   string `json:"routes,omitempty"`   // where the route table came from and when
	Resolver string `json:"resolver,omitempty"` // "iterative", or the address the operator named
	// Fetched are those of "vrps" and "routes" that peil data update made, and nobody
	// named in this run.
	Fetched []string `json:"fetched,omitempty"`
}

// Cost is what measuring took. Connections are TCP connections opened, queries are
// UDP datagrams and TCP messages sent to name servers.
type Cost struct {
	Connections int     `json:"connections"`
	BytesIn     int64   `json:"bytes_in"`
	BytesOut    int64   `json:"bytes_out"`
	Queries     int     `json:"queries"`
	Seconds     float64 `json:"seconds"`
}

// Add returns the sum of two costs.
func (c Cost) Add(d Cost) Cost {
	return Cost{c.Connections + d.Connections, c.BytesIn + d.BytesIn, c.BytesOut + d.BytesOut, c.Queries + d.Queries, c.Seconds + d.Seconds}
}

// Mandate is who allowed intrusive probes, for which names, until when.
type Mandate struct {
	Who       string    `json:"who"`
	Authority string    `json:"authority"`
	Until     time.Time `json:"until"`
	// Names and Prefixes say what it is for, sorted: "example.nl" is that name alone,
	// "*.example.nl" all below it.
	Names    []string       `json:"names,omitempty"`
	Prefixes []netip.Prefix `json:"prefixes,omitempty"`
}

// ReachState says whether something answered at an address and port. The zero
// value is "not measured".
type ReachState string

// The states of Reach.
const (
	ReachUnknown ReachState = ""     // not measured; Gap says why
	ReachOpen    ReachState = "open" // it answered: TCP connected, or UDP replied
	ReachDead    ReachState = "dead" // refused or silent, three tries over at least 3 s, with the controls of catalogue A.2
)

// Reach is one address and port (or address and protocol) seen from here.
type Reach struct {
	State ReachState `json:"state,omitempty"`
	How   string     `json:"how,omitempty"` // of dead: "refused" or "silent"
	Gap   Gap        `json:"gap,omitempty"`
	Tries []Try      `json:"tries,omitempty" peil:"volatile"`
}

// Open reports whether it answered.
func (r Reach) Open() bool { return r.State == ReachOpen }

// Dead reports whether it is dead by the rule of catalogue A.2.
func (r Reach) Dead() bool { return r.State == ReachDead }

// Try is one attempt.
type Try struct {
	At     time.Time `json:"at"`
	Millis int       `json:"ms"`
	Result string    `json:"result"` // "open", "refused", "silent", "reset", "unreachable", …
}

// Answer is what a server said to an offer.
type Answer string

// Answers to an offer. The zero value is "not measured".
const (
	Unknown  Answer = ""
	Accepted Answer = "accepted"
	Declined Answer = "declined" // alert, FIN or RST, and a control that succeeded later
)

// Observed is an answer, or why there is none.
type Observed struct {
	Answer Answer `json:"answer,omitempty"`
	Gap    Gap    `json:"gap,omitempty"`
}

// Yes reports whether the offer was accepted.
func (o Observed) Yes() bool { return o.Answer == Accepted }

// No reports whether the offer was declined.
func (o Observed) No() bool { return o.Answer == Declined }

// Missing reports whether there is no answer.
func (o Observed) Missing() bool { return o.Answer == Unknown }

// WebFacts is what was seen of a name as a website.
type WebFacts struct {
	// Hosts has one entry per address that was measured, sorted by address.
	Hosts []WebHost `json:"hosts,omitempty"`
	// Wire has the addresses in the order in which they were received, A before
	// AAAA: internet.nl judges the first of each family.
	Wire []netip.Addr `json:"wire,omitempty" peil:"volatile"`
	// Beyond lists the addresses that were not measured because there were too many.
	Beyond []netip.Addr `json:"beyond,omitempty"`
	// Similarity compares what IPv4 and IPv6 serve; nil when not both answered.
	Similarity *Similarity `json:"similarity,omitempty"`
	// Pair is the look at the other of apex and www.; nil for any other name.
	Pair *Pair `json:"pair,omitempty"`
}

// WebHost is one address of a website.
type WebHost struct {
	Addr    netip.Addr `json:"addr"`
	Port80  Reach      `json:"port_80"`
	Port443 Reach      `json:"port_443"`
	TLS     *TLS       `json:"tls,omitempty"`
	HTTP    *HTTP      `json:"http,omitempty"`
	Cost    Cost       `json:"cost" peil:"volatile"`
}

// Host returns the facts of an address, or nil.
func (w *WebFacts) Host(a netip.Addr) *WebHost {
	if w == nil {
		return nil
	}
	for i := range w.Hosts {
		if w.Hosts[i].Addr == a {
			return &w.Hosts[i]
		}
	}
	return nil
}

// Chain returns the certificate chain with this ID, or nil.
func (m *Measurement) Chain(id string) *Chain {
	for i := range m.Chains {
		if m.Chains[i].ID == id {
			return &m.Chains[i]
		}
	}
	return nil
}

// Route returns the routing facts of an address, or nil.
func (m *Measurement) Route(a netip.Addr) *Route {
	for i := range m.Routes {
		if m.Routes[i].Addr == a {
			return &m.Routes[i]
		}
	}
	return nil
}
