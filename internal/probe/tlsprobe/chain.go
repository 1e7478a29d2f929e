package tlsprobe

import (
	"crypto/dsa" //nolint:staticcheck // old certificates have such keys
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"peil/internal/brainpool"
	"peil/internal/fact"
)

// Chain makes the fact of certificates as received, leaf first: trust at the time of
// the Prober's clock for the name, and the timestamps in the leaf. scts is the list
// that came beside it in TLS, nil when none did.
func (p *Prober) Chain(certs [][]byte, name string, scts []byte) fact.Chain {
	c := fact.Chain{ID: fact.ChainID(name, certs), Certs: certs}
	c.Trust = p.trust(c.ID, certs, name)
	if len(certs) > 0 {
		if leaf, err := brainpool.ParseCertificate(certs[0]); err == nil {
			c.SCTs = append(certificateSCTs(leaf), readSCTs(scts, "tls")...)
		}
	}
	return c
}

// maxSCTs is more than any certificate carries.
const maxSCTs = 32

var oidSCTs = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962 section 3.3

func certificateSCTs(c *x509.Certificate) []fact.SCT {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidSCTs) {
			var list []byte
			if rest, err := asn1.Unmarshal(e.Value, &list); err == nil && len(rest) == 0 {
				return readSCTs(list, "certificate")
			}
		}
	}
	return nil
}

// readSCTs reads a SignedCertificateTimestampList (RFC 6962 section 3.3). What comes
// after a malformed entry is left out.
func readSCTs(b []byte, source string) []fact.SCT {
	s := cryptobyte.String(b)
	var list cryptobyte.String
	if len(b) == 0 || !s.ReadUint16LengthPrefixed(&list) {
		return nil
	}
	var all []fact.SCT
	for !list.Empty() && len(all) < maxSCTs {
		var e cryptobyte.String
		var version uint8
		var id []byte
		var at uint64
		if !list.ReadUint16LengthPrefixed(&e) || !e.ReadUint8(&version) || version != 0 || !e.ReadBytes(&id, 32) || !e.ReadUint64(&at) {
			return all
		}
		all = append(all, fact.SCT{LogID: id, At: time.UnixMilli(int64(at & (1<<53 - 1))).UTC(), Source: source})
	}
	return all
}

// leafKind is the kind of key of a certificate ("rsa", "ecdsa", "eddsa", "dsa"), and
// the group of an elliptic-curve key when a hello can name it.
func leafKind(der []byte) (kind string, curve fact.Group) {
	c, err := brainpool.ParseCertificate(der)
	if err != nil {
		return "", 0
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return "rsa", 0
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 224:
			return "ecdsa", fact.Secp224r1
		case 256:
			return "ecdsa", fact.Secp256r1
		case 384:
			return "ecdsa", fact.Secp384r1
		case 521:
			return "ecdsa", fact.Secp521r1
		}
		return "ecdsa", 0
	case *brainpool.PublicKey:
		switch k.Curve {
		case brainpool.P256:
			return "ecdsa", fact.BrainpoolP256r1
		case brainpool.P384:
			return "ecdsa", fact.BrainpoolP384r1
		default:
			return "ecdsa", fact.BrainpoolP512r1
		}
	case ed25519.PublicKey:
		return "eddsa", 0
	case *dsa.PublicKey: //nolint:staticcheck // see the import
		return "dsa", 0
	}
	return "", 0
}
