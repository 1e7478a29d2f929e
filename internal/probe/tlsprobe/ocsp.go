package tlsprobe

import (
	"crypto/x509"
	"time"

	"golang.org/x/crypto/ocsp"

	"peil/internal/brainpool"
	"peil/internal/fact"
)

// maxStaple bounds a stapled response; real ones have some hundred bytes to a few
// kilobytes.
const maxStaple = 64 << 10

// staple reads a stapled OCSP response for the leaf of a chain (RFC 6960, RFC 6066
// section 8). It is trusted when the issuer or its delegate signed it, for this very
// certificate, and it is in date.
func staple(der []byte, certs [][]byte, roots *x509.CertPool, now time.Time) (s fact.OCSPStaple) {
	s.Stapled = fact.Observed{Answer: fact.Accepted}
	if len(der) > maxStaple {
		s.Status, s.Problem = "malformed", "longer than a response has reason to be"
		return s
	}
	leaf, err := parseAt(certs, 0)
	if err != nil {
		s.Status, s.Problem = "unknown", "the certificate cannot be read: "+err.Error()
		return s
	}
	r, err := ocsp.ParseResponseForCert(der, leaf, nil)
	if err != nil {
		s.Status, s.Problem = "malformed", err.Error()
		return s
	}
	switch r.Status {
	case ocsp.Good:
		s.Status = "good"
	case ocsp.Revoked:
		s.Status = "revoked"
	default:
		s.Status = "unknown"
	}
	s.ThisUpdate, s.NextUpdate = r.ThisUpdate.UTC(), r.NextUpdate.UTC()
	if r.NextUpdate.IsZero() {
		s.NextUpdate = time.Time{}
	}
	issuer, err := issuerOf(leaf, certs, roots, now)
	if err != nil {
		s.Problem = "the issuer is not among the certificates and roots"
		return s
	}
	if _, err := ocsp.ParseResponseForCert(der, leaf, issuer); err != nil {
		s.Problem = err.Error()
		return s
	}
	switch {
	case now.Before(r.ThisUpdate):
		s.Problem = "not valid yet"
	case !r.NextUpdate.IsZero() && now.After(r.NextUpdate):
		s.Problem = "out of date"
	default:
		s.Trusted = true
	}
	return s
}

func parseAt(certs [][]byte, i int) (*x509.Certificate, error) {
	if i >= len(certs) {
		return nil, x509.ErrUnsupportedAlgorithm
	}
	return brainpool.ParseCertificate(certs[i])
}

// issuerOf finds the certificate that signed the leaf: among those that were sent, the
// leaf itself included, else among the roots, which need not be sent.
func issuerOf(leaf *x509.Certificate, certs [][]byte, roots *x509.CertPool, now time.Time) (*x509.Certificate, error) {
	for i := 1; i < min(len(certs), maxPath); i++ {
		c, err := parseAt(certs, i)
		if err == nil && leaf.CheckSignatureFrom(c) == nil {
			return c, nil
		}
	}
	if paths, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now}); err == nil && len(paths[0]) > 1 {
		return paths[0][1], nil
	}
	return leaf, leaf.CheckSignatureFrom(leaf)
}
