package brainpool

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// PublicKey is a key on one of the curves.
type PublicKey struct {
	Curve *Curve
	X, Y  *big.Int
}

// Verify checks an ECDSA signature in DER (SEC 1 section 4.1.4).
func (k *PublicKey) Verify(digest, signature []byte) bool {
	in := cryptobyte.String(signature)
	var seq cryptobyte.String
	r, s := new(big.Int), new(big.Int)
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() || !seq.ReadASN1Integer(r) || !seq.ReadASN1Integer(s) || !seq.Empty() {
		return false
	}
	n := k.Curve.N
	if r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(n) >= 0 || s.Cmp(n) >= 0 {
		return false
	}
	e := new(big.Int).SetBytes(digest)
	if over := len(digest)*8 - n.BitLen(); over > 0 {
		e.Rsh(e, uint(over))
	}
	w := new(big.Int).ModInverse(s, n)
	u1, u2 := e.Mul(e, w), w.Mul(r, w)
	x1, y1 := k.Curve.Multiply(k.Curve.Gx, k.Curve.Gy, u1.Mod(u1, n))
	x2, y2 := k.Curve.Multiply(k.X, k.Y, u2.Mod(u2, n))
	x, _ := k.Curve.add(x1, y1, x2, y2)
	return x != nil && new(big.Int).Mod(x, n).Cmp(r) == 0
}

// The signatures that such a key makes (RFC 5758 section 3.2).
var hashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.ECDSAWithSHA256: crypto.SHA256, x509.ECDSAWithSHA384: crypto.SHA384, x509.ECDSAWithSHA512: crypto.SHA512,
}

// Signed reports whether the key signed a certificate, with a hash of SHA-2.
func (k *PublicKey) Signed(c *x509.Certificate) bool {
	hash, ok := hashes[c.SignatureAlgorithm]
	if !ok {
		return false
	}
	h := hash.New()
	h.Write(c.RawTBSCertificate)
	return k.Verify(h.Sum(nil), c.Signature)
}

var (
	oidKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1} // id-ecPublicKey (RFC 5480 section 2.1.1)
	named  = map[string]*Curve{                            // RFC 5639 section 4.1
		"1.3.36.3.3.2.8.1.1.7": P256, "1.3.36.3.3.2.8.1.1.11": P384, "1.3.36.3.3.2.8.1.1.13": P512,
	}
)

// standIn is a key that the standard library can read: the generator of P-256.
var standIn = []byte{
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
	0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
	0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
}

// ParseCertificate is x509.ParseCertificate that reads certificates with a key on a
// brainpool curve too. PublicKey of such a one is a *PublicKey; the rest of it is as if
// the library had read it, so that the library can go on with it: the signature on a
// certificate is checked with the key of its issuer.
func ParseCertificate(der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err == nil {
		return c, nil
	}
	tbs, before, spki, after, ok := split(der)
	if !ok {
		return nil, err
	}
	key, keyErr := parseKey(spki)
	if keyErr != nil {
		return nil, errors.Join(err, keyErr)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(before)
			b.AddBytes(standIn)
			b.AddBytes(after)
		})
		b.AddBytes(signatureOf(der))
	})
	made, buildErr := b.Bytes()
	if buildErr != nil {
		return nil, err
	}
	if c, err = x509.ParseCertificate(made); err != nil {
		return nil, err
	}
	c.Raw, c.RawTBSCertificate, c.RawSubjectPublicKeyInfo = bytes.Clone(der), tbs, spki
	c.PublicKey, c.PublicKeyAlgorithm = key, x509.UnknownPublicKeyAlgorithm
	return c, nil
}

// split finds the key in a certificate (RFC 5280 section 4.1), and what stands before it
// and after it in what is signed.
func split(der []byte) (tbs, before, spki, after []byte, ok bool) {
	in := cryptobyte.String(der)
	var outer, element, key cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1Element(&element, cbasn1.SEQUENCE) {
		return nil, nil, nil, nil, false
	}
	whole := bytes.Clone(element)
	var body cryptobyte.String
	if !element.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, nil, nil, nil, false
	}
	rest := body
	if !rest.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) || !rest.SkipASN1(cbasn1.INTEGER) {
		return nil, nil, nil, nil, false
	}
	for range 4 { // signature, issuer, validity, subject
		if !rest.SkipASN1(cbasn1.SEQUENCE) {
			return nil, nil, nil, nil, false
		}
	}
	at := len(body) - len(rest)
	if !rest.ReadASN1Element(&key, cbasn1.SEQUENCE) {
		return nil, nil, nil, nil, false
	}
	return whole, body[:at], bytes.Clone(key), rest, true
}

// signatureOf is what follows that which is signed.
func signatureOf(der []byte) []byte {
	in := cryptobyte.String(der)
	var outer cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.SkipASN1(cbasn1.SEQUENCE) {
		return nil
	}
	return outer
}

var errKey = errors.New("no key on a brainpool curve")

// parseKey reads a SubjectPublicKeyInfo with a named curve and an uncompressed point (RFC
// 5480 section 2).
func parseKey(spki []byte) (*PublicKey, error) {
	in := cryptobyte.String(spki)
	var seq, algorithm cryptobyte.String
	var id, name asn1.ObjectIdentifier
	var point []byte
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) ||
		!id.Equal(oidKey) || !algorithm.ReadASN1ObjectIdentifier(&name) || !algorithm.Empty() || !seq.ReadASN1BitStringAsBytes(&point) || !seq.Empty() {
		return nil, errKey
	}
	c := named[name.String()]
	if c == nil || len(point) != 1+2*c.Size() || point[0] != 4 {
		return nil, errKey
	}
	k := &PublicKey{c, new(big.Int).SetBytes(point[1 : 1+c.Size()]), new(big.Int).SetBytes(point[1+c.Size():])}
	if !c.Contains(k.X, k.Y) {
		return nil, errKey
	}
	return k, nil
}
