package dnslab

import (
	"net/netip"

	"github.com/miekg/dns"
)

// Spec describes a zone. Names are in lower case with a final dot.
type Spec struct {
	Apex    string
	Parent  string   // the zone that delegates to it, "" for the root
	NS      []string // names of its name servers
	Signing Signing
	// ParentNS are the name servers by the parent, when they differ from NS.
	ParentNS []string
	// Records are all others than SOA, NS, DNSKEY and what proves them. An owner name
	// that starts with "*." is a wildcard.
	Records []dns.RR
	// Fill, when set, is called once before the zone is built, to fill in Records: finding
	// a zone is then cheap.
	Fill func()
	// Children are the zones that are delegated from here, in any order. It is called
	// once, when the zone is built.
	Children func() []string
	// Endless answers every name below the zone with a CNAME to another one.
	Endless bool
	// Keep holds the zone in memory once it is built.
	Keep bool
}

// World is where a server finds zones and hosts.
type World struct {
	Zone func(apex string) *Spec     // nil when there is no such zone
	Host func(name string) *Host     // nil when no name server has this name
	At   func(addr netip.Addr) *Host // nil when no name server has this address
}

// Host is a name server.
type Host struct {
	Name      string
	Addrs     []netip.Addr
	Behaviour Behaviour
}

// Behaviour is how a name server answers. The zero value is: well.
type Behaviour string

// The ways in which name servers behave.
const (
	Well        Behaviour = ""
	Refusing    Behaviour = "refusing"     // REFUSED to everything
	Failing     Behaviour = "failing"      // SERVFAIL to everything
	Lame        Behaviour = "lame"         // an upward referral to the root, not authoritative
	Mute        Behaviour = "mute"         // takes queries and never answers
	Truncating  Behaviour = "truncating"   // every UDP answer has TC set and is empty
	UDPOnly     Behaviour = "udp-only"     // TCP connections are closed without an answer
	NoEDNS      Behaviour = "no-edns"      // FORMERR to every query with an OPT record
	WrongID     Behaviour = "wrong-id"     // answers with another message ID
	WrongName   Behaviour = "wrong-name"   // answers another question
	Forging     Behaviour = "forging"      // answers every A and AAAA with an address of its own, unsigned
	Poisoning   Behaviour = "poisoning"    // adds records for names it has no say over
	Garbage     Behaviour = "garbage"      // answers with bytes that are no message
	PointerLoop Behaviour = "pointer-loop" // answers with a name that points to itself
	NotImp      Behaviour = "notimp"       // NOTIMP to everything
	HugeAnswer  Behaviour = "huge"         // 64 kB of records over TCP, TC over UDP
	Recursing   Behaviour = "recursing"    // claims recursion, as an intercepting box does
	Rebinding   Behaviour = "rebinding"    // gives each address once, without a time to live, and after that loopback
)

// Signing is how a zone is signed and delegated. The zero value is: well, with ECDSA
// P-256, NSEC and a SHA-256 DS.
type Signing string

// The ways of signing.
const (
	SignedWell       Signing = ""
	Unsigned         Signing = "unsigned"            // no keys, and the parent proves that there is no DS
	NoDS             Signing = "no-ds"               // signed, but the parent has no DS
	DSNoKey          Signing = "ds-no-dnskey"        // a DS at the parent, and a zone without keys
	WrongDS          Signing = "wrong-ds"            // the DS is of another key
	WrongDigest      Signing = "wrong-digest"        // the DS names the right key with a wrong digest
	ExpiredSigs      Signing = "expired"             // every signature ran out
	FutureSigs       Signing = "not-yet-valid"       // every signature begins later
	SoonExpiring     Signing = "soon"                // signatures that run out within half a day
	BadSigs          Signing = "bad-signature"       // data signatures that do not verify
	NoSigs           Signing = "stripped"            // keys are signed, data is not
	NoKeySig         Signing = "no-dnskey-signature" // the keys are not signed by the key of the DS
	NoDenial         Signing = "no-denial"           // denials without NSEC
	WrongDenial      Signing = "wrong-denial"        // denials with an NSEC of another name
	WrongNSEC3       Signing = "wrong-nsec3"         // denials with NSEC3 records that do not match
	RSASHA1          Signing = "rsasha1"             // algorithm 5
	RSASHA1NSEC3     Signing = "rsasha1-nsec3"       // algorithm 7, NSEC3
	RSASHA256        Signing = "rsasha256"           // algorithm 8, 2048 bits
	RSASHA256Short   Signing = "rsasha256-1024"      // algorithm 8, 1024 bits
	RSASHA512        Signing = "rsasha512"           // algorithm 10, 2048 bits
	ECDSAP384        Signing = "ecdsap384"           // algorithm 14
	Ed25519          Signing = "ed25519"             // algorithm 15
	Ed448            Signing = "ed448"               // algorithm 16
	UnknownAlgorithm Signing = "unknown-algorithm"   // algorithm 200: nobody can check it
	UnknownDigest    Signing = "unknown-digest"      // a DS with digest type 200 alone
	SHA1Digest       Signing = "sha1-digest"         // a DS with digest type 1 alone
	SHA384Digest     Signing = "sha384-digest"       // a DS with digest type 4 alone
	NSEC3            Signing = "nsec3"               // no salt, no extra iterations (RFC 9276)
	NSEC3OptOut      Signing = "nsec3-opt-out"       // the same, unsigned delegations left out (RFC 5155 section 6)
	NSEC3Salted      Signing = "nsec3-salt"          // a salt of 8 bytes and 10 iterations
	NSEC3Iterations  Signing = "nsec3-iterations"    // 500 iterations: more than validators follow
	TwoAlgorithms    Signing = "two-algorithms"      // keys, DS and signatures of 8 and 13
	HalfRollover     Signing = "half-rollover"       // keys and DS of 8 and 13, data signed with 13 alone
	SeparateKeys     Signing = "ksk-zsk"             // key-signing and zone-signing key apart
	KeyTrap          Signing = "keytrap"             // many keys of one tag, and many signatures that do not verify (CVE-2023-50387)
)

// signed reports whether the zone has keys and signatures.
func (s Signing) signed() bool { return s != Unsigned && s != DSNoKey }

// nsec3 reports whether denials are made with NSEC3.
func (s Signing) nsec3() bool {
	switch s {
	case NSEC3, NSEC3OptOut, NSEC3Salted, NSEC3Iterations, WrongNSEC3, RSASHA1NSEC3:
		return true
	}
	return false
}

// nsec3Params gives iterations and salt (hexadecimal) of RFC 5155.
func (s Signing) nsec3Params() (iterations uint16, salt string) {
	switch s {
	case NSEC3Salted:
		return 10, "AABBCCDD00112233"
	case NSEC3Iterations:
		return 500, "AABBCCDD"
	}
	return 0, ""
}

// Signings lists every way of signing.
func Signings() []Signing {
	return []Signing{
		SignedWell, Unsigned, NoDS, DSNoKey, WrongDS, WrongDigest, ExpiredSigs, FutureSigs, SoonExpiring, BadSigs,
		NoSigs, NoKeySig, NoDenial, WrongDenial, WrongNSEC3, RSASHA1, RSASHA1NSEC3, RSASHA256, RSASHA256Short,
		RSASHA512, ECDSAP384, Ed25519, Ed448, UnknownAlgorithm, UnknownDigest, SHA1Digest, SHA384Digest, NSEC3,
		NSEC3OptOut, NSEC3Salted, NSEC3Iterations, TwoAlgorithms, HalfRollover, SeparateKeys,
	}
}
