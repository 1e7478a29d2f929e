package tlsa

import (
	"bytes"
	"crypto/x509"
	"time"
)

// Result is the outcome of a DANE verification.
type Result string

// The outcomes.
const (
	Validated Result = "validated"
	Failed    Result = "failed"
	NoUsable  Result = "no_usable" // there are records, and none that can be used (RFC 7671 section 10.1)
	Unknown   Result = "unknown"   // it hangs on a root that was not sent and that the caller does not know
)

// Peer is what a server showed, and what is known of it.
type Peer struct {
	Chain []*x509.Certificate // as received, leaf first
	// Name is the name that the leaf must have for usages 0 to 2; "" leaves it out.
	Name string
	At   time.Time
	// PKIX says whether the chain leads to a public root, of usages 0 and 1.
	PKIX bool
	// AnchorCert and AnchorKey are the SHA-256 digests of the public root, and of its
	// key, at which that path ends, when it was not sent; empty when unknown.
	AnchorCert, AnchorKey []byte
	// Agility ignores weaker digests beside stronger ones (RFC 7671 section 9).
	Agility bool
}

// maxChain bounds how many certificates of a chain are looked at.
const maxChain = 20

// Verify tells whether a chain satisfies a set of records: one that matches is enough
// (RFC 6698 section 2.1).
func Verify(records []Record, p Peer) (Result, *Record) {
	if len(p.Chain) == 0 {
		return Unknown, nil
	}
	if len(p.Chain) > maxChain {
		p.Chain = p.Chain[:maxChain]
	}
	usable, unknown := 0, false
	for i := range records {
		r := &records[i]
		if !r.Usable() || p.Agility && weaker(records, *r) {
			continue
		}
		usable++
		switch ok, sure := p.satisfies(*r); {
		case ok:
			return Validated, r
		case !sure:
			unknown = true
		}
	}
	switch {
	case usable == 0:
		return NoUsable, nil
	case unknown:
		return Unknown, nil
	}
	return Failed, nil
}

// weaker reports whether a record of the same usage and selector has a stronger
// digest. A full value is never weaker: RFC 7671 section 9 leaves type 0 out.
func weaker(records []Record, r Record) bool {
	if r.Matching != SHA256 {
		return false
	}
	for _, x := range records {
		if x.Usable() && x.Usage == r.Usage && x.Selector == r.Selector && x.Matching == SHA512 {
			return true
		}
	}
	return false
}

func (p Peer) satisfies(r Record) (ok, sure bool) {
	leaf := p.Chain[0]
	switch r.Usage {
	case DANEEE:
		return r.Matches(leaf), true // RFC 7671 section 5.1: no name, no dates
	case DANETA:
		ok = p.named(leaf) && p.belowAnchor(r)
		return ok, ok || !p.oddSignature()
	case PKIXEE:
		return p.PKIX && p.named(leaf) && r.Matches(leaf), true
	case PKIXTA:
		if !p.PKIX || !p.named(leaf) {
			return false, true
		}
		for _, c := range p.path() {
			if r.Matches(c) {
				return true, true
			}
		}
		return p.anchorMatches(r)
	}
	return false, true
}

// anchorMatches holds a PKIX-TA record against the root that was not sent.
func (p Peer) anchorMatches(r Record) (ok, sure bool) {
	digest := p.AnchorCert
	if r.Selector == SPKI {
		digest = p.AnchorKey
	}
	if r.Matching == SHA256 && len(digest) > 0 {
		return bytes.Equal(digest, r.Data), true
	}
	// Other forms of the root's data cannot be compared with its digest.
	return false, len(p.path()) > 0 && selfSigned(p.path()[len(p.path())-1])
}

func (p Peer) named(leaf *x509.Certificate) bool {
	return p.Name == "" || leaf.VerifyHostname(p.Name) == nil
}

// path is the part of the chain above the leaf in which each certificate signed the
// one before it.
func (p Peer) path() []*x509.Certificate {
	var up []*x509.Certificate
	c := p.Chain[0]
	for range p.Chain {
		next := p.issuer(c)
		if next == nil {
			break
		}
		up = append(up, next)
		c = next
	}
	return up
}

func (p Peer) issuer(c *x509.Certificate) *x509.Certificate {
	if selfSigned(c) {
		return nil
	}
	for _, x := range p.Chain[1:] {
		if bytes.Equal(c.RawIssuer, x.RawSubject) && c.CheckSignatureFrom(x) == nil {
			return x
		}
	}
	return nil
}

// oddSignature reports whether a certificate is signed in a way that crypto/x509 does
// not know, so that who signed it cannot be told.
func (p Peer) oddSignature() bool {
	for _, c := range p.Chain {
		if c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm && !selfSigned(c) {
			return true
		}
	}
	return false
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// belowAnchor reports whether the leaf hangs, by signatures and dates that hold, below
// the authority that a DANE-TA record names (RFC 7671 section 5.2): one that was sent,
// or one that the record holds in full (section 5.2.1).
func (p Peer) belowAnchor(r Record) bool {
	if r.Matches(p.Chain[0]) && selfSigned(p.Chain[0]) {
		return p.current(p.Chain[0])
	}
	c := p.Chain[0]
	for range p.Chain {
		if !p.current(c) {
			return false
		}
		if r.Matching == Full && signedByData(c, r) {
			return true
		}
		next := p.issuer(c)
		if next == nil {
			return false
		}
		if r.Matches(next) {
			return p.current(next)
		}
		c = next
	}
	return false
}

func (p Peer) current(c *x509.Certificate) bool {
	return p.At.IsZero() || !p.At.Before(c.NotBefore) && !p.At.After(c.NotAfter)
}

// signedByData reports whether the certificate or bare key in a record signed c.
func signedByData(c *x509.Certificate, r Record) bool {
	if r.Selector == Cert {
		ta, err := x509.ParseCertificate(r.Data)
		return err == nil && bytes.Equal(c.RawIssuer, ta.RawSubject) && c.CheckSignatureFrom(ta) == nil
	}
	key, err := x509.ParsePKIXPublicKey(r.Data)
	if err != nil {
		return false
	}
	ta := &x509.Certificate{PublicKey: key, PublicKeyAlgorithm: keyAlgorithm(key)}
	return ta.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}
