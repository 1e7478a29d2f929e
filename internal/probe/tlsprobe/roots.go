package tlsprobe

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"peil/internal/brainpool"
)

// Roots are the certificates that chains must lead to.
type Roots struct {
	Pool *x509.CertPool
	// Note says what set this is and of when, for fact.Sources.
	Note  string
	known map[[32]byte]bool
	// subjects has those without constraints, by their name in DER.
	subjects map[string][]*x509.Certificate
}

// Has reports whether a certificate is itself one of the roots.
func (r *Roots) Has(der []byte) bool { return r.known[sha256.Sum256(der)] }

func (r *Roots) add(c *x509.Certificate) {
	r.Pool.AddCert(c)
	r.subjects[string(c.RawSubject)] = append(r.subjects[string(c.RawSubject)], c)
}

// Len is the number of roots.
func (r *Roots) Len() int { return len(r.known) }

const bundleModule = "golang.org/x/crypto/x509roots/fallback"

// Mozilla are the roots that Mozilla trusts for servers, embedded in the program,
// with Mozilla's own constraints on some of them.
func Mozilla() (*Roots, error) {
	r := &Roots{Pool: x509.NewCertPool(), Note: "mozilla", known: map[[32]byte]bool{}, subjects: map[string][]*x509.Certificate{}}
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("embedded Mozilla roots: %w", err)
		}
		if root.Constraint != nil {
			r.Pool.AddCertWithConstraint(c, root.Constraint)
		} else {
			r.add(c)
		}
		r.known[sha256.Sum256(c.Raw)] = true
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == bundleModule {
				r.Note += " " + moduleDate(m.Version)
			}
		}
	}
	return r, nil
}

// moduleDate is the date in a pseudo-version such as
// v0.0.0-20261030153154-30a33513ff6d.
func moduleDate(version string) string {
	p := strings.Split(version, "-")
	if len(p) < 3 || len(p[1]) < 8 {
		return version
	}
	d := p[1][strings.LastIndexByte(p[1], '.')+1:]
	if len(d) < 8 {
		return version
	}
	return d[:4] + "-" + d[4:6] + "-" + d[6:8]
}

// RootsFromPEM reads a file of certificates. note says where it came from.
func RootsFromPEM(b []byte, note string) (*Roots, error) {
	r := &Roots{Pool: x509.NewCertPool(), Note: note, known: map[[32]byte]bool{}, subjects: map[string][]*x509.Certificate{}}
	for n := 1; ; n++ {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := brainpool.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of %s: %w", n, note, err)
		}
		r.add(c)
		r.known[sha256.Sum256(c.Raw)] = true
	}
	if len(r.known) == 0 {
		return nil, errors.New("no certificate in " + note + ": want PEM blocks of type CERTIFICATE")
	}
	return r, nil
}
