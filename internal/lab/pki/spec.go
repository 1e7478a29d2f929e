package pki

import "time"

// Key is a kind of key.
type Key string

// The kinds of keys. The zero value is ECDSA P-256.
const (
	P256    Key = ""
	P224    Key = "p224"
	P384    Key = "p384"
	P521    Key = "p521"
	RSA1024 Key = "rsa1024"
	RSA2048 Key = "rsa2048"
	RSA3072 Key = "rsa3072"
	RSA4096 Key = "rsa4096"
	Ed25519 Key = "ed25519"

	BrainpoolP256r1 Key = "brainpoolP256r1"
	BrainpoolP384r1 Key = "brainpoolP384r1"
	BrainpoolP512r1 Key = "brainpoolP512r1"
	Secp256k1       Key = "secp256k1"

	// The certificate shows another public key than the RSA key of 2048 bits that signs:
	// nobody makes such keys, and a handshake that checks them fails.
	RSA16384       Key = "rsa16384"         // a modulus of 16384 bits
	RSAExponentOne Key = "rsa-exponent-one" // e = 1, for which every message signs itself
	RSABigExponent Key = "rsa-exponent-big" // e as long as the modulus
)

// Signature is the algorithm with which the issuer signs the leaf. The zero value is
// SHA-256 with the issuer's own key.
type Signature string

// Signatures. Those named rsa- are made by an RSA intermediate under the same root.
const (
	ECDSASHA256  Signature = ""
	ECDSASHA384  Signature = "ecdsa-sha384"
	ECDSASHA512  Signature = "ecdsa-sha512"
	ECDSASHA224  Signature = "ecdsa-sha224"
	ECDSASHA1    Signature = "ecdsa-sha1"
	RSASHA256    Signature = "rsa-sha256"
	RSASHA384    Signature = "rsa-sha384"
	RSASHA512    Signature = "rsa-sha512"
	RSASHA224    Signature = "rsa-sha224"
	RSASHA1      Signature = "rsa-sha1"
	RSAMD5       Signature = "rsa-md5"
	RSAPSSSHA256 Signature = "rsapss-sha256"
)

// Issuer says who signs the leaf.
type Issuer string

// The issuers. The zero value is the trusted intermediate.
const (
	Intermediate Issuer = ""
	Stranger     Issuer = "stranger"      // a root that is in no trust set
	SelfSigned   Issuer = "self"          // the leaf signs itself
	Direct       Issuer = "root"          // the trusted root itself
	Expired      Issuer = "expired-inter" // an intermediate that has run out
	WeakInter    Issuer = "weak-inter"    // an intermediate with an RSA key of 1024 bits
	SHA1Inter    Issuer = "sha1-inter"    // an intermediate that the root signed with SHA-1
)

// Send says which certificates go over the wire.
type Send string

// What is sent. The zero value is leaf and intermediate.
const (
	Full        Send = ""
	LeafOnly    Send = "leaf"      // the intermediate is missing
	WithRoot    Send = "with-root" // a surplus root at the end
	WrongOrder  Send = "reversed"  // leaf, root, intermediate
	SurplusLeaf Send = "surplus"   // an unrelated certificate at the end
	Nothing     Send = "nothing"   // a Certificate message without certificates
	Hundred     Send = "hundred"   // the right ones, and a hundred that have nothing to do with them
	Thousand    Send = "thousand"  // a thousand of those
)

// Staple is a kind of stapled OCSP response (RFC 6066 section 8).
type Staple string

// The staples. The zero value is none.
const (
	NoStaple          Staple = ""
	StapleGood        Staple = "good"
	StapleRevoked     Staple = "revoked"
	StapleUnknown     Staple = "unknown"
	StapleExpired     Staple = "expired"      // NextUpdate lies in the past
	StapleWrongSigner Staple = "wrong_signer" // signed by another authority
	StapleOtherCert   Staple = "other_cert"   // good, but for another serial number
	StapleTryLater    Staple = "try_later"    // OCSPResponseStatus 3, no response inside
	StapleMalformed   Staple = "malformed"    // not an OCSP response at all
)

// Spec says what a leaf is like. It is comparable, and the key of the cache.
type Spec struct {
	Name  string // the first subject alternative name; a TLS profile leaves it empty: the site's name
	Also  string // further names, separated by spaces
	NoSAN bool   // the name stands in the common name alone

	Key       Key
	Signature Signature
	Issuer    Issuer
	Send      Send

	// From and Until are offsets from the authority's time; both zero is -30 and +60 days.
	From, Until time.Duration

	NoSCT        bool
	OCSP         bool // an OCSP responder is named (AIA)
	MustStaple   bool // TLS feature extension (RFC 7633)
	ClientOnly   bool // extended key usage clientAuth instead of serverAuth
	BadSignature bool // the signature does not verify
	Names        int  // so many further names of no site
	Padding      int  // bytes in an extension that nobody knows
	// Serial tells certificates apart that are otherwise the same.
	Serial int64
}
