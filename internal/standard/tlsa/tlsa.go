// Package tlsa reads TLSA records (RFC 6698) from their wire form, matches them
// against certificates, and verifies a server's certificate chain by them: DANE, with
// the operational rules of RFC 7671.
//
// Parse is total: any bytes give a Record, which is Usable or says why not. Whether
// the records may be relied on at all (DNSSEC) is not asked here.
package tlsa

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"fmt"
)

// Usage is the certificate usage (RFC 6698 section 2.1.1, RFC 7218).
type Usage uint8

// The usages.
const (
	PKIXTA Usage = 0 // an authority, within the public PKI
	PKIXEE Usage = 1 // the server's certificate, within the public PKI
	DANETA Usage = 2 // an authority of one's own
	DANEEE Usage = 3 // the server's certificate itself
)

// Selector is what of the certificate is matched (RFC 6698 section 2.1.2).
type Selector uint8

// The selectors.
const (
	Cert Selector = 0 // the whole certificate
	SPKI Selector = 1 // its public key
)

// Matching is how it is matched (RFC 6698 section 2.1.3).
type Matching uint8

// The matching types.
const (
	Full   Matching = 0
	SHA256 Matching = 1
	SHA512 Matching = 2
)

// Record is one TLSA record.
type Record struct {
	Usage    Usage
	Selector Selector
	Matching Matching
	Data     []byte
	// Defect says why the record is unusable (RFC 6698 section 4.1, RFC 7671 section
	// 10.1), "" when it can be used.
	Defect string
}

// The reasons for which a record is unusable.
const (
	Malformed       = "malformed"        // RDATA shorter than four bytes
	UnknownUsage    = "unknown_usage"    // RFC 6698 section 2.1.1
	UnknownSelector = "unknown_selector" // section 2.1.2
	UnknownMatching = "unknown_matching" // section 2.1.3
	WrongLength     = "wrong_length"     // data that is no digest of that kind
	NotACertificate = "not_certificate"  // full data that is no certificate or key
)

// Parse reads the RDATA of a TLSA record.
func Parse(rdata []byte) Record {
	if len(rdata) < 4 {
		return Record{Defect: Malformed}
	}
	r := Record{Usage: Usage(rdata[0]), Selector: Selector(rdata[1]), Matching: Matching(rdata[2]), Data: rdata[3:]}
	switch {
	case r.Usage > DANEEE:
		r.Defect = UnknownUsage
	case r.Selector > SPKI:
		r.Defect = UnknownSelector
	case r.Matching > SHA512:
		r.Defect = UnknownMatching
	case r.Matching == SHA256 && len(r.Data) != sha256.Size, r.Matching == SHA512 && len(r.Data) != sha512.Size:
		r.Defect = WrongLength
	case r.Matching == Full && !readable(r):
		r.Defect = NotACertificate
	}
	return r
}

func readable(r Record) bool {
	var err error
	if r.Selector == Cert {
		_, err = x509.ParseCertificate(r.Data)
	} else {
		_, err = x509.ParsePKIXPublicKey(r.Data)
	}
	return err == nil
}

// Usable reports whether a verifier can work with the record.
func (r Record) Usable() bool { return r.Defect == "" }

// String is the presentation form (RFC 6698 section 2.2).
func (r Record) String() string {
	return fmt.Sprintf("%d %d %d %s", r.Usage, r.Selector, r.Matching, hex.EncodeToString(r.Data))
}

// Matches reports whether the certificate is the one that the record names.
func (r Record) Matches(c *x509.Certificate) bool {
	if !r.Usable() || c == nil {
		return false
	}
	d := c.Raw
	if r.Selector == SPKI {
		d = c.RawSubjectPublicKeyInfo
	}
	switch r.Matching {
	case SHA256:
		h := sha256.Sum256(d)
		d = h[:]
	case SHA512:
		h := sha512.Sum512(d)
		d = h[:]
	case Full:
	}
	return subtle.ConstantTimeCompare(d, r.Data) == 1
}
