package tlsprobe

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"time"

	"peil/internal/brainpool"
	"peil/internal/fact"
)

// trustKey is what a path was built for; within an hour the answer is taken again
// unless the path ended in between.
type trustKey struct {
	chain, name string
	hour        int64
}

// maxVerified bounds the memory for paths already built.
const maxVerified = 4096

// trust builds a path, or remembers having done so: the addresses of a site serve
// the same chain.
func (p *Prober) trust(id string, certs [][]byte, name string) fact.Trust {
	now := p.now()
	key := trustKey{id, name, now.Unix() / 3600}
	p.mu.Lock()
	t, ok := p.verified[key]
	p.mu.Unlock()
	if ok && (t.Until.IsZero() || now.Before(t.Until)) {
		return t
	}
	t = verify(certs, name, p.roots, now)
	p.mu.Lock()
	if len(p.verified) >= maxVerified {
		clear(p.verified)
	}
	p.verified[key] = t
	p.mu.Unlock()
	return t
}

// maxPath is how many certificates are used to build a path. crypto/x509 bounds the
// signatures that it checks by itself.
const maxPath = 16

// verify builds a path from a chain to the roots as a TLS client does (RFC 5280
// section 6, RFC 9525 for the name).
func verify(certs [][]byte, name string, roots *Roots, now time.Time) fact.Trust {
	t := fact.Trust{ServerName: name}
	if len(certs) == 0 {
		t.Problem, t.Detail = "malformed", "no certificate"
		return t
	}
	leaf, err := brainpool.ParseCertificate(certs[0])
	if err != nil {
		t.Problem, t.Detail = unreadable(certs[:min(len(certs), maxPath)], roots), err.Error()
		return t
	}
	others := x509.NewCertPool()
	var sent []*x509.Certificate
	for i, der := range certs {
		if roots.Has(der) {
			t.Roots = append(t.Roots, i)
		}
		if i == 0 || i >= maxPath {
			continue
		}
		if c, err := brainpool.ParseCertificate(der); err == nil {
			others.AddCert(c)
			sent = append(sent, c)
		}
	}
	opts := x509.VerifyOptions{Roots: roots.Pool, Intermediates: others, CurrentTime: now}
	chains, err := leaf.Verify(opts)
	if err != nil {
		if t.Problem, t.Detail = problem(leaf, err, now), err.Error(); t.Problem != problemUnknown {
			return t
		}
		path, why := byHand(leaf, sent, roots, now)
		if t.Problem = why; path == nil {
			return t
		}
		t.Detail, chains = "", [][]*x509.Certificate{path}
	}
	t.PathWithoutName = true
	for _, c := range chains {
		end := c[0].NotAfter
		for _, x := range c[1:] {
			if x.NotAfter.Before(end) {
				end = x.NotAfter
			}
		}
		if end.After(t.Until) {
			t.Until = end.UTC()
			t.Anchor = anchor(c[len(c)-1], certs)
		}
	}
	if err := leaf.VerifyHostname(name); err != nil {
		t.Problem, t.Detail = "name_mismatch", err.Error()
		return t
	}
	t.Trusted = true
	return t
}

// anchor names the root of a path unless it was sent.
func anchor(root *x509.Certificate, certs [][]byte) *fact.Anchor {
	for _, c := range certs {
		if bytes.Equal(c, root.Raw) {
			return nil
		}
	}
	cert, key := sha256.Sum256(root.Raw), sha256.Sum256(root.RawSubjectPublicKeyInfo)
	return &fact.Anchor{Cert: cert[:], Key: key[:]}
}

// problem names in one word why there is no path.
func problem(leaf *x509.Certificate, err error, now time.Time) string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var constraint x509.ConstraintViolationError
	var algorithm x509.InsecureAlgorithmError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &invalid):
		switch invalid.Reason {
		case x509.Expired:
			if invalid.Cert != nil && now.Before(invalid.Cert.NotBefore) {
				return "not_yet_valid"
			}
			return "expired"
		case x509.IncompatibleUsage:
			return "incompatible_usage"
		}
		return "constraint"
	case errors.As(err, &hostname):
		return "name_mismatch"
	case errors.As(err, &constraint), errors.As(err, &critical):
		return "constraint"
	case errors.As(err, &algorithm):
		return problemBad
	case errors.As(err, &unknown):
		if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
			return "self_signed"
		}
		if now.After(leaf.NotAfter) {
			return "expired"
		}
		return problemUnknown
	}
	return problemUnknown
}
