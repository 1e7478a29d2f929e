package resolver

import (
	"time"

	"peil/internal/fact"
)

// verdict is what validation says of a reply, or of a zone.
type verdict struct {
	security  fact.Security
	unsigned  string        // of insecure: why
	problem   *fact.Problem // of bogus and indeterminate
	gap       fact.Gap      // of indeterminate: why we could not tell
	until     time.Time     // when the first signature that it rests on runs out; zero without
	zone      name          // apex of the zone that speaks
	wildcard  bool
	delegated bool      // a DS denial: NS records stand at the name, a zone begins there
	nxname    bool      // the name is denied by the NXNAME type (RFC 9824)
	here      bool      // of bogus: the reply itself fails, by keys that hold
	rcode     int       // what the proof shows the code to be; -1: as received
	recheck   time.Time // by the clock of the caches
}

// Words of fact.Problem.Code.
const (
	codeExpired      = "expired"
	codeNotYetValid  = "not_yet_valid"
	codeBadTimes     = "bad_times" // it would expire before it begins
	codeBadSignature = "bad_signature"
	codeNoRRSIG      = "no_rrsig"
	codeNoMatchingDS = "no_matching_ds" // no DNSKEY has the digest of any DS
	codeNoDNSKEY     = "no_dnskey"      // the key of a signature or DS is not in the zone
	codeNotZoneKey   = "no_zone_key"    // the key lacks the zone bit, or is revoked
	codeWrongSigner  = "wrong_signer"   // signed by another zone than its own
	codeNoDenial     = "denial_missing" // no proof that it does not exist
	codeTooMuchWork  = "too_much_work"  // too many keys and signatures to try
	codeBadKey       = "bad_key"        // a key that cannot be used: absurd size or exponent
	codeUnreachable  = "unreachable"    // no server of the zone answered
	codeRefuses      = "refuses"        // every server of the zone gave an error
	codeLame         = "lame"           // no server of the zone serves it
	codeNoServers    = "no_servers"     // the zone's servers have no addresses
	codeLoop         = "alias_loop"
	codeBogus        = "bogus"          // said by another resolver that gave no reason
	codeUnvalidated  = "not_validating" // the resolver that was named does not validate
	codeNoRecursion  = "not_recursing"  // the resolver that was named does not recurse
)

// lasting reports whether a verdict that could not be reached would come out the same
// when tried again at once (RFC 9520), so that it may be kept and shared.
func (v *verdict) lasting() bool {
	return v.gap == fact.GapTimeout || v.gap == fact.GapDNS || (v.problem != nil && v.problem.Code == codeTooMuchWork)
}

// securityRank orders from good to bad; the worst link of a chain counts.
func securityRank(s fact.Security) int {
	switch s {
	case fact.Secure:
		return 0
	case fact.Insecure:
		return 1
	case fact.Indeterminate:
		return 2
	case fact.Bogus:
		return 3
	}
	return 2
}

func worseSecurity(a, b fact.Security) fact.Security {
	if securityRank(b) > securityRank(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// join makes the verdict part of a look-up: the worst link counts.
func join(l *fact.Lookup, v *verdict) {
	l.Until = earlier(l.Until, v.until)
	if securityRank(v.security) <= securityRank(l.Security) {
		return
	}
	l.Security, l.Unsigned, l.Problem = v.security, v.unsigned, v.problem
	if l.Gap == "" {
		l.Gap = v.gap
	}
}
