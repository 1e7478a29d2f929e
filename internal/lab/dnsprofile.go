package lab

import (
	"net/netip"

	"peil/internal/lab/dnslab"
)

// DNSProfile is what is special about the zone of a site. The zero value is the
// perfect zone: two good name servers with both address families, signed with
// ECDSA P-256 and NSEC, a CAA record for the lab's authority, a TLSA record that
// matches.
type DNSProfile struct {
	// NameServers is the set of name servers, a key of nsSets; "" is the good pair.
	NameServers string
	// ParentNameServers is the set by the parent, when it differs.
	ParentNameServers string
	// Signing is how the zone is signed and delegated.
	Signing dnslab.Signing
	// CAA are the records at the apex as "flags tag value"; nil is the good ones, an
	// empty list none.
	CAA []string
	// TLSA are the records at _443._tcp as "usage selector type data", or TLSAGood,
	// TLSAWrong; nil is the good one, an empty list none.
	TLSA []string
	// Alias makes the site's name a CNAME.
	Alias Alias
	// NoA and NoAAAA leave the records out although the servers are there.
	NoA, NoAAAA bool
	// Mapped publishes each IPv4 address as an IPv4-mapped AAAA record as well.
	Mapped bool
	// Extra are further addresses where nothing of the lab lives.
	Extra []netip.Addr
	// NoApex leaves the name without www. without addresses.
	NoApex bool
	// HTTPS are the parameters of an HTTPS record (RFC 9460) at the site's name.
	HTTPS string
	// Wildcard answers for the site's name from a wildcard record.
	Wildcard bool
}

// Words for TLSA records.
const (
	TLSAGood  = "good"  // usage 2, the lab's intermediate: matches every certificate
	TLSAWrong = "wrong" // matches none
)

// Alias is where a CNAME at the site's name leads. The zero value is: there is none.
type Alias string

// The kinds of aliases.
const (
	AliasChain    Alias = "chain"    // three links inside the zone
	AliasLoop     Alias = "loop"     // back to itself
	AliasDangling Alias = "dangling" // to a name that does not exist
	AliasEndless  Alias = "endless"  // each link leads to another
	AliasUnsigned Alias = "unsigned" // to a zone without DNSSEC
	AliasBogus    Alias = "bogus"    // to a zone whose signatures ran out
	AliasSigned   Alias = "signed"   // to another signed zone
	AliasInternal Alias = "internal" // to a name with an address of the machine itself
)
