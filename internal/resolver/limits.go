package resolver

import "time"

// Limits against zones that are made to keep a resolver busy. They are far above
// what an honest zone needs.
const (
	maxAliases     = 16   // links of a chain of CNAME and DNAME records
	maxSteps       = 48   // questions while walking down to one name
	maxDepth       = 5    // look-ups of name-server addresses that need further ones
	maxNSLookups   = 4    // name-server names resolved for one delegation in one look-up (NXNSAttack, CVE-2020-12662)
	maxNSPoll      = 16   // and before a zone is called bogus
	maxNS          = 32   // name servers remembered of one delegation
	maxAddrs       = 32   // addresses tried of one delegation
	maxQueries     = 160  // messages sent for one look-up, everything included
	maxRecords     = 1000 // records read of one message
	maxDS          = 32   // DS records of one zone that are looked at
	maxKeys        = 64   // DNSKEY records of one zone that are looked at
	maxSigs        = 24   // signatures of one record set that are looked at
	maxTriesPerSet = 8    // key × signature tries for one record set (KeyTrap, CVE-2023-50387)
	maxTries       = 48   // tries for one reply
	maxDSTries     = 32   // digests computed for one zone
	maxNSEC3Hashes = 24   // names hashed for one reply (CVE-2023-50868)
	maxNSEC3Sets   = 16   // NSEC or NSEC3 records looked at in one reply
	maxIterations  = 150  // RFC 9276 section 3.2: a zone with more is insecure
	maxHashing     = 2500 // iterations of one hash for the facts of a zone (RFC 5155 section 10.3)
	maxRSABits     = 4096 // RFC 3110 section 2
	minRSABits     = 512  // RFC 5702 section 2.1

	// RFC 9156 section 2.3: one label at a time for the first four, ten questions
	// at most.
	minimiseOneLabel = 4
	maxMinimise      = 10

	lookupTime  = 30 * time.Second
	silenceTime = 8 * time.Second // after which the servers of a zone are not asked again
	maxTTL      = 24 * time.Hour  // positive answers
	maxNegTTL   = 3 * time.Hour   // denials (RFC 2308 section 5)
	maxBadTTL   = time.Minute     // answers that do not validate (RFC 4035 section 4.7)
	minTTL      = 5 * time.Second // so that TTL 0 does not ask again within one measurement
	maxFailTTL  = 5 * time.Second // failures (RFC 9520 section 3.2)

	maxDatagram = 4096 // read of one; more than was offered, for servers that do not listen
	udpSize     = 1232 // what is offered in EDNS: unfragmented on any path (flag day 2020)
)
