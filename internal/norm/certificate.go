package norm

import (
	"bytes"
	"encoding/asn1"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// certificate is what requirements need of an X.509 certificate (RFC 5280 section 4).
// It is read by hand because crypto/x509 refuses certificates that must be judged: on
// curves it does not know, with a negative serial number, with an odd extension.
type certificate struct {
	Raw       []byte
	Defect    string // why it could not be read as a certificate; what was read until there stands
	Issuer    []byte // DER of the name
	Subject   []byte
	IssuerOrg string // organizationName and commonName of the issuer, for people
	IssuerCN  string
	SubjectCN string
	NotBefore time.Time
	NotAfter  time.Time
	Signature signature
	Key       publicKey
	SPKI      []byte // DER of subjectPublicKeyInfo

	DNSNames  []string // subjectAltName, as they stand
	Addresses []netip.Addr
	OCSP      []string // URLs of authorityInfoAccess
	CAIssuers []string // the others of it: where the issuer's certificate is
	CA        bool
	SCTs      bool // has the extension with embedded timestamps (RFC 6962 section 3.3)
}

// publicKey is the subject's key.
type publicKey struct {
	Kind  string // "rsa", "ec", "ed25519", "ed448", "dsa", or the object identifier
	Bits  int    // rsa, dsa
	Curve string // ec: name as TLS has it; ed25519 and ed448: the same word as Kind
	// Flaw is why an RSA key is none: its exponent is even, or 1, by which every message
	// signs itself (RFC 8017 section 3.1: from 3 up, and odd).
	Flaw string
}

// String names it as people do.
func (k publicKey) String() string {
	switch k.Kind {
	case "rsa", "dsa":
		name := strings.ToUpper(k.Kind) + " " + strconv.Itoa(k.Bits)
		if k.Flaw != "" {
			name += " (" + k.Flaw + ")"
		}
		return name
	case "ec":
		return "EC " + k.Curve
	}
	return k.Kind
}

// signature is the algorithm by which the issuer signed.
type signature struct {
	Name string // "sha256WithRSAEncryption", "ecdsa-with-SHA384", …, or the object identifier
	Kind string // "rsa", "rsa-pss", "ecdsa", "dsa", "eddsa", ""
	Hash string // "md5", "sha1", "sha224", "sha256", "sha384", "sha512"; "eddsa" for Ed25519 and Ed448
}

// The algorithms of signatures that have a name (RFC 3279, 4055, 5758, 8410).
var signatureAlgorithms = map[string]signature{
	"1.2.840.113549.1.1.2":   {"md2WithRSAEncryption", "rsa", "md2"},
	"1.2.840.113549.1.1.4":   {"md5WithRSAEncryption", "rsa", "md5"},
	"1.2.840.113549.1.1.5":   {"sha1WithRSAEncryption", "rsa", "sha1"},
	"1.3.14.3.2.29":          {"sha1WithRSA", "rsa", "sha1"},
	"1.2.840.113549.1.1.14":  {"sha224WithRSAEncryption", "rsa", "sha224"},
	"1.2.840.113549.1.1.11":  {"sha256WithRSAEncryption", "rsa", "sha256"},
	"1.2.840.113549.1.1.12":  {"sha384WithRSAEncryption", "rsa", "sha384"},
	"1.2.840.113549.1.1.13":  {"sha512WithRSAEncryption", "rsa", "sha512"},
	"1.2.840.113549.1.1.10":  {"RSASSA-PSS", "rsa-pss", "sha1"}, // the hash is in the parameters; SHA-1 is the default
	"1.2.840.10045.4.1":      {"ecdsa-with-SHA1", "ecdsa", "sha1"},
	"1.2.840.10045.4.3.1":    {"ecdsa-with-SHA224", "ecdsa", "sha224"},
	"1.2.840.10045.4.3.2":    {"ecdsa-with-SHA256", "ecdsa", "sha256"},
	"1.2.840.10045.4.3.3":    {"ecdsa-with-SHA384", "ecdsa", "sha384"},
	"1.2.840.10045.4.3.4":    {"ecdsa-with-SHA512", "ecdsa", "sha512"},
	"1.2.840.10040.4.3":      {"dsa-with-SHA1", "dsa", "sha1"},
	"2.16.840.1.101.3.4.3.1": {"dsa-with-SHA224", "dsa", "sha224"},
	"2.16.840.1.101.3.4.3.2": {"dsa-with-SHA256", "dsa", "sha256"},
	"1.3.101.112":            {"Ed25519", "eddsa", "eddsa"},
	"1.3.101.113":            {"Ed448", "eddsa", "eddsa"},
}

var hashOIDs = map[string]string{
	"1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.4": "sha224", "2.16.840.1.101.3.4.2.1": "sha256",
	"2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
}

// The named curves (RFC 5480 section 2.1.1.1, RFC 5639 section 4.1).
var curveOIDs = map[string]string{
	"1.3.132.0.33": "secp224r1", "1.2.840.10045.3.1.7": "secp256r1", "1.3.132.0.34": "secp384r1", "1.3.132.0.35": "secp521r1",
	"1.2.840.10045.3.1.1": "secp192r1", "1.3.132.0.10": "secp256k1",
	"1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1", "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1", "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
}

const (
	oidRSA        = "1.2.840.113549.1.1.1"
	oidRSAPSS     = "1.2.840.113549.1.1.10"
	oidEC         = "1.2.840.10045.2.1"
	oidDSA        = "1.2.840.10040.4.1"
	oidSAN        = "2.5.29.17"
	oidBasic      = "2.5.29.19"
	oidAIA        = "1.3.6.1.5.5.7.1.1"
	oidOCSP       = "1.3.6.1.5.5.7.48.1"
	oidCAIssuers  = "1.3.6.1.5.5.7.48.2"
	oidSCTs       = "1.3.6.1.4.1.11129.2.4.2"
	oidCommonName = "2.5.4.3"
	oidOrgName    = "2.5.4.10"
)

// parseCertificate reads a certificate in DER. It is total.
func parseCertificate(der []byte) *certificate {
	c := &certificate{Raw: der}
	c.Defect = c.read(der)
	return c
}

func (c *certificate) read(der []byte) string {
	in := cryptobyte.String(der)
	var outer, tbs cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return "not a certificate"
	}
	var sig cryptobyte.String
	if outer.ReadASN1(&sig, cbasn1.SEQUENCE) {
		c.Signature = readSignature(sig)
	}
	var version cryptobyte.String
	var has bool
	if !tbs.ReadOptionalASN1(&version, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!tbs.SkipASN1(cbasn1.INTEGER) || !tbs.SkipASN1(cbasn1.SEQUENCE) {
		return "no serial number"
	}
	var issuer, subject, validity, spki cryptobyte.String
	if !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) {
		return "no issuer"
	}
	c.Issuer = issuer
	c.IssuerOrg, c.IssuerCN = readName(issuer)
	if !tbs.ReadASN1(&validity, cbasn1.SEQUENCE) || !readTime(&validity, &c.NotBefore) || !readTime(&validity, &c.NotAfter) {
		return "no dates"
	}
	if !tbs.ReadASN1Element(&subject, cbasn1.SEQUENCE) {
		return "no subject"
	}
	c.Subject = subject
	_, c.SubjectCN = readName(subject)
	var element cryptobyte.String
	if !tbs.ReadASN1Element(&element, cbasn1.SEQUENCE) {
		return "no key"
	}
	c.SPKI = element
	if !element.ReadASN1(&spki, cbasn1.SEQUENCE) {
		return "no key"
	}
	c.Key = readKey(spki)
	// issuerUniqueID [1] and subjectUniqueID [2]
	if !tbs.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific()) || !tbs.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific()) {
		return "bad unique identifier"
	}
	var wrapped, exts cryptobyte.String
	if !tbs.ReadOptionalASN1(&wrapped, &has, cbasn1.Tag(3).Constructed().ContextSpecific()) {
		return "bad extensions"
	}
	if !has {
		return ""
	}
	if !wrapped.ReadASN1(&exts, cbasn1.SEQUENCE) {
		return "bad extensions"
	}
	for !exts.Empty() {
		var ext, value cryptobyte.String
		var id asn1.ObjectIdentifier
		if !exts.ReadASN1(&ext, cbasn1.SEQUENCE) || !ext.ReadASN1ObjectIdentifier(&id) ||
			!ext.SkipOptionalASN1(cbasn1.BOOLEAN) || !ext.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return "bad extension"
		}
		c.extension(id.String(), value)
	}
	return ""
}

func (c *certificate) extension(id string, value cryptobyte.String) {
	switch id {
	case oidSCTs:
		c.SCTs = true
	case oidBasic:
		var seq cryptobyte.String
		if value.ReadASN1(&seq, cbasn1.SEQUENCE) && seq.PeekASN1Tag(cbasn1.BOOLEAN) {
			seq.ReadASN1Boolean(&c.CA)
		}
	case oidSAN:
		var names cryptobyte.String
		if !value.ReadASN1(&names, cbasn1.SEQUENCE) {
			return
		}
		for !names.Empty() {
			var name cryptobyte.String
			var tag cbasn1.Tag
			if !names.ReadAnyASN1(&name, &tag) {
				return
			}
			switch tag {
			case cbasn1.Tag(2).ContextSpecific():
				c.DNSNames = append(c.DNSNames, string(name))
			case cbasn1.Tag(7).ContextSpecific():
				if a, ok := netip.AddrFromSlice(name); ok {
					c.Addresses = append(c.Addresses, a)
				}
			}
		}
	case oidAIA:
		var list cryptobyte.String
		if !value.ReadASN1(&list, cbasn1.SEQUENCE) {
			return
		}
		for !list.Empty() {
			var item, where cryptobyte.String
			var method asn1.ObjectIdentifier
			var tag cbasn1.Tag
			if !list.ReadASN1(&item, cbasn1.SEQUENCE) || !item.ReadASN1ObjectIdentifier(&method) || !item.ReadAnyASN1(&where, &tag) {
				return
			}
			switch {
			case tag != cbasn1.Tag(6).ContextSpecific():
			case method.String() == oidOCSP:
				c.OCSP = append(c.OCSP, string(where))
			case method.String() == oidCAIssuers:
				c.CAIssuers = append(c.CAIssuers, string(where))
			}
		}
	}
}

func readSignature(algorithm cryptobyte.String) signature {
	var id asn1.ObjectIdentifier
	if !algorithm.ReadASN1ObjectIdentifier(&id) {
		return signature{Name: "?"}
	}
	s, known := signatureAlgorithms[id.String()]
	if !known {
		return signature{Name: id.String()}
	}
	if s.Kind == "rsa-pss" { // RFC 4055 section 3.1: RSASSA-PSS-params, hashAlgorithm [0]
		var params, wrapped, hash cryptobyte.String
		var has bool
		var h asn1.ObjectIdentifier
		if algorithm.ReadASN1(&params, cbasn1.SEQUENCE) &&
			params.ReadOptionalASN1(&wrapped, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) && has &&
			wrapped.ReadASN1(&hash, cbasn1.SEQUENCE) && hash.ReadASN1ObjectIdentifier(&h) {
			s.Hash = hashOIDs[h.String()]
		}
	}
	return s
}

func readKey(spki cryptobyte.String) publicKey {
	var algorithm cryptobyte.String
	var id asn1.ObjectIdentifier
	var bits []byte
	if !spki.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) {
		return publicKey{Kind: "?"}
	}
	if !spki.ReadASN1BitStringAsBytes(&bits) {
		bits = nil
	}
	switch oid := id.String(); oid {
	case oidRSA, oidRSAPSS:
		return publicKey{Kind: "rsa", Bits: firstIntegerBits(bits), Flaw: exponentFlaw(bits)}
	case oidEC:
		var curve asn1.ObjectIdentifier
		if !algorithm.ReadASN1ObjectIdentifier(&curve) {
			return publicKey{Kind: "ec", Curve: "explicit"}
		}
		if name, ok := curveOIDs[curve.String()]; ok {
			return publicKey{Kind: "ec", Curve: name}
		}
		return publicKey{Kind: "ec", Curve: curve.String()}
	case oidDSA:
		var params cryptobyte.String
		if algorithm.ReadASN1(&params, cbasn1.SEQUENCE) {
			return publicKey{Kind: "dsa", Bits: integerBits(params)}
		}
		return publicKey{Kind: "dsa"}
	case "1.3.101.112":
		return publicKey{Kind: "ed25519", Curve: "ed25519"}
	case "1.3.101.113":
		return publicKey{Kind: "ed448", Curve: "ed448"}
	default:
		return publicKey{Kind: oid}
	}
}

// firstIntegerBits is the size of the first integer of a sequence: of an RSA public
// key that is the modulus (RFC 8017 appendix A.1.1).
func firstIntegerBits(der []byte) int {
	in := cryptobyte.String(der)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) {
		return 0
	}
	return integerBits(seq)
}

// exponentFlaw says what is wrong with the exponent of an RSA public key.
func exponentFlaw(der []byte) string {
	in := cryptobyte.String(der)
	var seq, n, e cryptobyte.String
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1(&n, cbasn1.INTEGER) || !seq.ReadASN1(&e, cbasn1.INTEGER) || len(e) == 0 {
		return ""
	}
	switch last := e[len(e)-1]; {
	case last == 1 && len(bytes.TrimLeft(e, "\x00")) == 1:
		return "exponent 1"
	case last&1 == 0:
		return "even exponent"
	}
	return ""
}

func integerBits(in cryptobyte.String) int {
	var n cryptobyte.String
	if !in.ReadASN1(&n, cbasn1.INTEGER) {
		return 0
	}
	for len(n) > 0 && n[0] == 0 {
		n = n[1:]
	}
	if len(n) == 0 {
		return 0
	}
	bits := len(n) * 8
	for m := byte(0x80); m != 0 && n[0]&m == 0; m >>= 1 {
		bits--
	}
	return bits
}

func readTime(in *cryptobyte.String, t *time.Time) bool {
	if in.PeekASN1Tag(cbasn1.UTCTime) {
		return in.ReadASN1UTCTime(t)
	}
	return in.ReadASN1GeneralizedTime(t)
}

// readName returns organizationName and commonName of a distinguished name.
func readName(name cryptobyte.String) (org, cn string) {
	var rdns cryptobyte.String
	if !name.ReadASN1(&rdns, cbasn1.SEQUENCE) {
		return "", ""
	}
	for !rdns.Empty() {
		var set, pair, value cryptobyte.String
		var id asn1.ObjectIdentifier
		var tag cbasn1.Tag
		if !rdns.ReadASN1(&set, cbasn1.SET) || !set.ReadASN1(&pair, cbasn1.SEQUENCE) ||
			!pair.ReadASN1ObjectIdentifier(&id) || !pair.ReadAnyASN1(&value, &tag) {
			return org, cn
		}
		switch id.String() {
		case oidOrgName:
			org = string(value)
		case oidCommonName:
			cn = string(value)
		}
	}
	return org, cn
}

// matches reports whether the certificate is for a name (RFC 9525 section 6.3): by
// subjectAltName alone; a wildcard is the whole of the left-most label and stands for
// exactly one.
func (c *certificate) matches(name string) bool {
	for _, p := range c.DNSNames {
		p = strings.ToLower(p) // a final dot has no place there (RFC 5280 section 4.2.1.6)
		if p == name {
			return true
		}
		rest, wild := strings.CutPrefix(p, "*.")
		_, parent, ok := strings.Cut(name, ".")
		if wild && ok && rest == parent && strings.Contains(parent, ".") {
			return true
		}
	}
	return false
}
