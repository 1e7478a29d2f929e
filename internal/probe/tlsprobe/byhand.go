package tlsprobe

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	_ "crypto/md5" // old certificates are signed with it, which is what we must tell
	"crypto/rsa"
	_ "crypto/sha1" // likewise
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"peil/internal/brainpool"
)

// crypto/x509 says of every chain that it cannot follow that the authority is unknown. A
// walk by hand tells why: a signature that is wrong, one with a hash that no client takes
// any more, one that the library alone cannot check, or an issuer that nobody knows.
// SHA-224 it checks itself: clients differ on it, and whether the hash is strong enough
// is for a requirement of its own to say. So it does the signatures by keys on brainpool
// curves, which the library does not know and the guidelines approve of.

// The problems that a walk may find, the likeliest cause last.
const (
	problemUnknown     = "unknown_authority"
	problemBad         = "bad_signature"
	problemWeak        = "weak_signature" // it holds, by MD5 or SHA-1
	problemUnsupported = "unsupported"    // it cannot be checked here
)

var likeliest = []string{problemUnknown, problemBad, problemWeak, problemUnsupported}

// maxLinks bounds the signatures that a walk checks.
const maxLinks = 32

// walk is a search for a path to a root.
type walk struct {
	roots *Roots
	sent  []*x509.Certificate
	now   time.Time
	links int
	found string // the likeliest problem so far
}

// path returns the certificates from the last of below up to a root, or nil.
func (w *walk) path(below []*x509.Certificate) []*x509.Certificate {
	c := below[len(below)-1]
	if w.roots.Has(c.Raw) {
		return below
	}
	for _, p := range slices.Concat(w.sent, w.roots.subjects[string(c.RawIssuer)]) {
		if !bytes.Equal(p.RawSubject, c.RawIssuer) || !p.IsCA || p.KeyUsage != 0 && p.KeyUsage&x509.KeyUsageCertSign == 0 || w.now.Before(p.NotBefore) || w.now.After(p.NotAfter) ||
			p.MaxPathLen >= 0 && (p.MaxPathLen > 0 || p.MaxPathLenZero) && len(below)-1 > p.MaxPathLen ||
			slices.ContainsFunc(below, p.Equal) || len(below) >= maxPath || w.links >= maxLinks {
			continue
		}
		w.links++
		if _, slow := p.PublicKey.(*brainpool.PublicKey); slow {
			w.links += maxLinks/8 - 1
		}
		problem := link(c, p)
		if problem != "" && problem != problemWeak {
			w.note(problem)
			continue
		}
		if up := w.path(append(slices.Clip(below), p)); up != nil {
			if problem == "" {
				return up
			}
			w.note(problem)
		}
	}
	return nil
}

func (w *walk) note(problem string) {
	if slices.Index(likeliest, problem) > slices.Index(likeliest, w.found) {
		w.found = problem
	}
}

// byHand looks again at a chain whose authority crypto/x509 does not know. It returns
// the path when there is one after all, else the problem.
func byHand(leaf *x509.Certificate, sent []*x509.Certificate, roots *Roots, now time.Time) ([]*x509.Certificate, string) {
	w := &walk{roots: roots, sent: sent, now: now, found: problemUnknown}
	path := w.path([]*x509.Certificate{leaf})
	if path == nil {
		return nil, w.found
	}
	for _, c := range path[:len(path)-1] {
		switch {
		case len(c.UnhandledCriticalExtensions) > 0:
			return nil, "constraint"
		case !forServers(c):
			return nil, "incompatible_usage"
		case constrained(c): // rare enough that nobody has needed it
			return nil, problemUnsupported
		}
	}
	return path, ""
}

func forServers(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

func constrained(c *x509.Certificate) bool {
	return len(c.PermittedDNSDomains)+len(c.ExcludedDNSDomains)+len(c.PermittedIPRanges)+len(c.ExcludedIPRanges)+
		len(c.PermittedEmailAddresses)+len(c.ExcludedEmailAddresses)+len(c.PermittedURIDomains)+len(c.ExcludedURIDomains) > 0
}

// The hashes of signatures that crypto/x509 does not check (RFC 5758 section 3.2, RFC
// 4055 section 5), or no more.
var oldHashes = map[string]crypto.Hash{
	"1.2.840.10045.4.3.1": crypto.SHA224, "1.2.840.113549.1.1.14": crypto.SHA224,
	"1.2.840.10045.4.1": crypto.SHA1, "1.2.840.113549.1.1.5": crypto.SHA1, "1.3.14.3.2.29": crypto.SHA1,
	"1.2.840.113549.1.1.4": crypto.MD5,
}

// link says what is wrong with the signature of a certificate by its parent, "" when
// nothing is.
func link(c, parent *x509.Certificate) string {
	hash, old := oldHashes[signatureOID(c.Raw)]
	if !old {
		odd, isOdd := parent.PublicKey.(*brainpool.PublicKey)
		switch {
		case isOdd && odd.Signed(c), !isOdd && c.CheckSignatureFrom(parent) == nil:
			return ""
		case c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm:
			return problemUnsupported
		}
		return problemBad
	}
	h := hash.New()
	h.Write(c.RawTBSCertificate)
	sum, ok := h.Sum(nil), false
	switch k := parent.PublicKey.(type) {
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(k, hash, sum, c.Signature) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, sum, c.Signature)
	case *brainpool.PublicKey:
		ok = k.Verify(sum, c.Signature)
	}
	switch {
	case !ok:
		return problemBad
	case hash != crypto.SHA224:
		return problemWeak
	}
	return ""
}

// signatureOID is the algorithm by which a certificate says that it is signed.
func signatureOID(der []byte) string {
	in := cryptobyte.String(der)
	var cert, algorithm cryptobyte.String
	var id asn1.ObjectIdentifier
	if !in.ReadASN1(&cert, cbasn1.SEQUENCE) || !cert.SkipASN1(cbasn1.SEQUENCE) ||
		!cert.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) {
		return ""
	}
	return id.String()
}

// unreadable is the problem with a leaf that crypto/x509 cannot read, such as one with a
// key on a curve that it does not know.
func unreadable(certs [][]byte, roots *Roots) string {
	issuer, subject, ok := distinguishedNames(certs[0])
	switch {
	case !ok:
		return "malformed"
	case bytes.Equal(issuer, subject):
		return "self_signed"
	case roots.subjects[string(issuer)] != nil:
		return problemUnsupported
	}
	for _, der := range certs[1:] {
		if _, s, ok := distinguishedNames(der); ok && bytes.Equal(s, issuer) {
			return problemUnsupported
		}
	}
	return problemUnknown
}

// distinguishedNames reads the issuer and the subject of a certificate (RFC 5280 section
// 4.1), as they stand.
func distinguishedNames(der []byte) (issuer, subject []byte, ok bool) {
	in := cryptobyte.String(der)
	var cert, tbs, from, to cryptobyte.String
	ok = in.ReadASN1(&cert, cbasn1.SEQUENCE) && cert.ReadASN1(&tbs, cbasn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) && tbs.SkipASN1(cbasn1.INTEGER) && tbs.SkipASN1(cbasn1.SEQUENCE) &&
		tbs.ReadASN1Element(&from, cbasn1.SEQUENCE) && tbs.SkipASN1(cbasn1.SEQUENCE) && tbs.ReadASN1Element(&to, cbasn1.SEQUENCE)
	return from, to, ok
}
