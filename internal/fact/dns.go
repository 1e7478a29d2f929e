package fact

import (
	"net/netip"
	"time"
)

// Security is the DNSSEC status of an answer (RFC 4033 section 5). The zero value
// is "not measured".
type Security string

// The four states of RFC 4033 section 5.
const (
	Secure        Security = "secure"
	Insecure      Security = "insecure"
	Bogus         Security = "bogus"
	Indeterminate Security = "indeterminate"
)

// Problem is the exact link of a chain of trust that does not hold, in the words
// of RFC 8914.
type Problem struct {
	EDE       uint16    `json:"ede"`                              // extended DNS error info-code (RFC 8914 section 4)
	Code      string    `json:"code"`                             // our word for it: "expired", "not_yet_valid", "no_matching_ds", "no_rrsig", "bad_signature", "denial_missing", …
	Zone      string    `json:"zone"`                             // the zone whose data fails
	Name      string    `json:"name,omitempty"`                   // the record set: owner name
	Type      string    `json:"type,omitempty"`                   // the record set: type
	KeyTag    uint16    `json:"key_tag,omitempty"`                // the key of the signature or DS
	Algorithm uint8     `json:"algorithm,omitempty"`              // its algorithm
	When      time.Time `json:"when,omitzero" peil:"volatile"`    // the moment it expired, or becomes valid
	Detail    string    `json:"detail,omitempty" peil:"volatile"` // in words, which another resolver may have chosen
}

// Why an answer is insecure.
const (
	UnsignedNoDS       = "no_ds"                 // the parent proves that there is no DS
	UnsignedAlgorithm  = "unsupported_algorithm" // RFC 4035 section 5.2: only algorithms that we cannot check
	UnsignedDigest     = "unsupported_digest"    // RFC 4035 section 5.2, RFC 4509: only digests that we cannot check
	UnsignedIterations = "nsec3_iterations"      // RFC 9276 section 3.2: more iterations than we follow
	UnsignedOptOut     = "opt_out"               // RFC 5155 section 6: unsigned delegation in an opt-out span
	UnsignedParent     = "parent"                // a zone above is insecure
	UnsignedNoAnchor   = "no_anchor"             // below no trust anchor
	UnsignedUpstream   = "upstream"              // the resolver that the operator named said so
)

// Lookup is one question to the DNS and what came of it.
type Lookup struct {
	Name     string   `json:"name"`               // what was asked: lower case, no final dot, "." for the root
	Type     string   `json:"type"`               // mnemonic: "A", "TLSA"
	RCode    string   `json:"rcode,omitempty"`    // "NOERROR", "NXDOMAIN", "SERVFAIL", …; "" when no server answered
	Security Security `json:"security,omitempty"` // of the whole answer, aliases included; the worst link counts
	Problem  *Problem `json:"problem,omitempty"`  // of a bogus or indeterminate answer
	Unsigned string   `json:"unsigned,omitempty"` // of an insecure answer: why
	Gap      Gap      `json:"gap,omitempty"`
	Zone     string   `json:"zone,omitempty"`                 // apex of the zone that gave the final answer or denial
	Aliases  []Alias  `json:"aliases,omitempty"`              // CNAME and DNAME links in order
	Records  []Record `json:"records,omitempty"`              // record set of the final name, sorted by Data
	Wire     []string `json:"wire,omitempty" peil:"volatile"` // Data of the records in the order received
	Wildcard bool     `json:"wildcard,omitempty"`             // the answer was made from a wildcard
	TTL      uint32   `json:"ttl,omitempty" peil:"volatile"`
	// Until is the moment at which the first signature that this answer rests on runs out.
	Until time.Time `json:"until,omitzero" peil:"volatile"`
}

// Final is the name at the end of the aliases.
func (l *Lookup) Final() string {
	if n := len(l.Aliases); n > 0 {
		return l.Aliases[n-1].To
	}
	return l.Name
}

// Answered reports whether an authoritative answer or denial came, whatever its
// security.
func (l *Lookup) Answered() bool { return l != nil && (l.RCode == "NOERROR" || l.RCode == "NXDOMAIN") }

// Alias is one CNAME or DNAME link.
type Alias struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Type     string   `json:"type"` // "CNAME" or "DNAME"
	Zone     string   `json:"zone,omitempty"`
	Security Security `json:"security,omitempty"`
	Unsigned string   `json:"unsigned,omitempty"`
	Problem  *Problem `json:"problem,omitempty"`
}

// Record is one resource record's data.
type Record struct {
	Data string `json:"data"`          // presentation form, names without final dot where they stand alone (NS, MX host part, CNAME)
	Raw  []byte `json:"raw,omitempty"` // RDATA in wire form, uncompressed: TXT, CAA, TLSA, SVCB, HTTPS and unknown types
}

// DNS is what was seen of a target in the DNS.
type DNS struct {
	// Lookups has each question asked for this target, sorted by name and type.
	Lookups []Lookup `json:"lookups,omitempty"`
	// Zones has each zone on a chain of trust that an answer rests on, the root
	// first, sorted by depth and name. Shared between targets.
	Zones []Zone `json:"zones,omitempty"`
	// NSOwner is the name at which the name servers were found: the target's own
	// name or the nearest one above it that has NS records.
	NSOwner string `json:"ns_owner,omitempty"`
	// NSGap says why the name servers are not known.
	NSGap Gap `json:"ns_gap,omitempty"`
	// NameServers are those of NSOwner, sorted by name. Shared between targets.
	NameServers []NameServer `json:"name_servers,omitempty"`
}

// Lookup returns the look-up of this name and type, or nil when it was not asked.
func (d *DNS) Lookup(name, qtype string) *Lookup {
	if d == nil {
		return nil
	}
	for i := range d.Lookups {
		if d.Lookups[i].Name == name && d.Lookups[i].Type == qtype {
			return &d.Lookups[i]
		}
	}
	return nil
}

// Zone returns the facts of a zone, or nil.
func (d *DNS) Zone(name string) *Zone {
	if d == nil {
		return nil
	}
	for i := range d.Zones {
		if d.Zones[i].Name == name {
			return &d.Zones[i]
		}
	}
	return nil
}

// Zone is one zone on a chain of trust.
type Zone struct {
	Name     string   `json:"name"`             // "." for the root
	Parent   string   `json:"parent,omitempty"` // the zone that delegates to it
	Security Security `json:"security,omitempty"`
	Unsigned string   `json:"unsigned,omitempty"`
	Problem  *Problem `json:"problem,omitempty"`
	Gap      Gap      `json:"gap,omitempty"`
	DS       []DS     `json:"ds,omitempty"`     // at the parent, sorted by key tag
	Keys     []DNSKEY `json:"keys,omitempty"`   // at the apex, sorted by key tag
	Denial   *Denial  `json:"denial,omitempty"` // how the zone denies, when seen
	// ParentNS and ChildNS are the NS sets at the two sides of the cut, sorted.
	ParentNS []string `json:"parent_ns,omitempty"`
	ChildNS  []string `json:"child_ns,omitempty"`
	// ParentNSGap says why the set of the parent is not known.
	ParentNSGap Gap `json:"parent_ns_gap,omitempty"`
	// Signatures are those over the record sets that were looked at.
	Signatures []Signature `json:"signatures,omitempty"`
}

// DS is a delegation signer record (RFC 4034 section 5).
type DS struct {
	KeyTag    uint16 `json:"key_tag"`
	Algorithm uint8  `json:"algorithm"`
	Digest    uint8  `json:"digest"`            // digest type
	Matches   bool   `json:"matches,omitempty"` // a key at the apex has this digest
}

// DNSKEY is a key of a zone (RFC 4034 section 2).
type DNSKEY struct {
	KeyTag    uint16 `json:"key_tag"`
	Flags     uint16 `json:"flags"`
	Algorithm uint8  `json:"algorithm"`
	Bits      int    `json:"bits,omitempty"` // RSA: size of the modulus
	Used      bool   `json:"used,omitempty"` // a signature that validated was made by it
}

// Denial is how a zone proves that something does not exist.
type Denial struct {
	Kind       string `json:"kind"` // "NSEC" or "NSEC3"
	Iterations uint16 `json:"iterations,omitempty"`
	SaltLength int    `json:"salt_length,omitempty"`
	OptOut     bool   `json:"opt_out,omitempty"`
}

// Signature is an RRSIG that was seen (RFC 4034 section 3).
type Signature struct {
	Name       string    `json:"name"`
	Type       string    `json:"type"` // type covered
	KeyTag     uint16    `json:"key_tag"`
	Algorithm  uint8     `json:"algorithm"`
	Signer     string    `json:"signer"`
	Inception  time.Time `json:"inception" peil:"volatile"`
	Expiration time.Time `json:"expiration" peil:"volatile"`
}

// NameServer is one server of a zone, with everything seen of it.
type NameServer struct {
	Name string `json:"name"`
	// Security is that of its address records, the worse of A and AAAA.
	Security Security     `json:"security,omitempty"`
	Unsigned string       `json:"unsigned,omitempty"`
	Problem  *Problem     `json:"problem,omitempty"`
	Gap      Gap          `json:"gap,omitempty"`     // its addresses could not be looked up
	Missing  bool         `json:"missing,omitempty"` // NXDOMAIN, or no address at all
	Addrs    []ServerAddr `json:"addrs,omitempty"`   // sorted by address
}

// ServerAddr is one address of a name server. Open means that a reply to a query
// for the tested name came, whatever its code.
type ServerAddr struct {
	Addr netip.Addr `json:"addr"`
	UDP  Reach      `json:"udp"`
	TCP  Reach      `json:"tcp"`
	// RCode and Authoritative are of the reply to the query for the tested zone.
	RCode         string `json:"rcode,omitempty"`
	Authoritative bool   `json:"authoritative,omitempty"`
}

// Answers reports whether the server replied by UDP or TCP.
func (s *ServerAddr) Answers() bool { return s.UDP.Open() || s.TCP.Open() }

// Dead reports whether the server is dead on both protocols.
func (s *ServerAddr) Dead() bool {
	return !s.Answers() && s.UDP.Dead() && (s.TCP.Dead() || s.TCP.Gap == GapNotAsked)
}
