package lab

import "peil/internal/lab/dnslab"

// DNSProfile is what is special about the zone of a site. The zero value is the
// perfect zone: two good name servers with both address families, signed with
// ECDSA P-256 and NSEC, a CAA record for the lab's CA, a TLSA record that matches.
type DNSProfile struct {
	// NS are the names of its name servers; nil is the good pair. See nameServers.
	NS []string
	// Signing is how the zone is signed and delegated.
	Signing dnslab.Signing
	// CAA are the records at the apex as "flags tag value"; nil is the good one, an
	// empty list none.
	CAA []string
	// TLSA are the records at _443._tcp as master-file data; nil is none, "good" stands
	// for a record that matches the certificate, "wrong" for one that does not.
	TLSA []string
	// Alias makes the site's name a CNAME: "chain" (three links), "loop", "endless",
	// "dangling" (to a name that does not exist), "insecure" (to an unsigned zone).
	Alias string
	// NoA and NoAAAA leave the records out although the servers are there.
	NoA, NoAAAA bool
	// Mapped publishes the IPv4 address as IPv4-mapped AAAA (::ffff:a.b.c.d).
	Mapped bool
	// NoApex leaves the name without www. without addresses.
	NoApex bool
	// HTTPS publishes an HTTPS record (RFC 9460) with these parameters.
	HTTPS string
	// Wildcard answers for the site's name from a wildcard record.
	Wildcard bool
}
