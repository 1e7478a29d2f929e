// Package pki is the lab's certificate authorities: roots, intermediates, leaves of
// every make (good, and wrong in each way that a norm names) and OCSP responses.
//
// Nothing here is secret or trusted: the private keys stand in this repository, and
// every certificate says in its subject that it is simulated. Certificates are
// written out by hand in DER, since crypto/x509 refuses, rightly, to make many of
// those that a meter must recognise.
package pki

import "time"

// KeyKind is a kind of public key.
type KeyKind string

// The kinds of key. The zero value is ECDSA on P-256.
const (
	P256            KeyKind = ""
	P224            KeyKind = "p224"
	P384            KeyKind = "p384"
	P521            KeyKind = "p521"
	BrainpoolP256r1 KeyKind = "brainpoolP256r1"
	BrainpoolP384r1 KeyKind = "brainpoolP384r1"
	BrainpoolP512r1 KeyKind = "brainpoolP512r1"
	Secp256k1       KeyKind = "secp256k1"
	Ed25519         KeyKind = "ed25519"
	Ed448           KeyKind = "ed448"
	RSA1024         KeyKind = "rsa1024"
	RSA2048         KeyKind = "rsa2048"
	RSA3072         KeyKind = "rsa3072"
	RSA4096         KeyKind = "rsa4096"
)

// Hash is a hash function in a signature.
type Hash string

// The hashes. The zero value is SHA-256.
const (
	SHA256 Hash = ""
	SHA384 Hash = "sha384"
	SHA512 Hash = "sha512"
	SHA224 Hash = "sha224"
	SHA1   Hash = "sha1"
	MD5    Hash = "md5"
)

// Shape is which certificates are sent, and in which order.
type Shape string

// The shapes of a chain.
const (
	// Full is the leaf and its intermediate, as it should be.
	Full Shape = ""
	// LeafOnly lacks the intermediate.
	LeafOnly Shape = "leaf_only"
	// WithRoot sends the root as well.
	WithRoot Shape = "with_root"
	// WrongOrder is leaf, root, intermediate.
	WrongOrder Shape = "wrong_order"
	// Surplus sends an intermediate that has nothing to do with the leaf as well.
	Surplus Shape = "surplus"
	// SelfSigned is one certificate that signs itself.
	SelfSigned Shape = "self_signed"
	// UnknownRoot is a full chain below a root that is in no trust set.
	UnknownRoot Shape = "unknown_root"
	// Empty is a Certificate message without certificates.
	Empty Shape = "empty"
)

// Spec says how a certificate and its chain are made. The zero value is the perfect
// one: ECDSA P-256, SHA-256, 90 days of which 60 are left, two SCTs, no OCSP
// address. A Spec is comparable and small; sites share it, and what differs per site
// (the names) is given when the certificate is made.
type Spec struct {
	Key    KeyKind // of the leaf
	Issuer KeyKind // of the intermediate that signs it (not P224 … Ed448 unless that is the point)
	Hash   Hash    // with which the intermediate signs the leaf
	PSS    bool    // RSASSA-PSS instead of PKCS #1 v1.5; only with an RSA Issuer
	Shape  Shape

	// IntermediateHash is the hash with which the root signs the intermediate.
	IntermediateHash Hash
	// IntermediateExpired: the intermediate's time is over.
	IntermediateExpired bool

	// From and Until are the validity relative to the lab's time. Both zero: 30 days
	// ago until 60 days from now.
	From, Until time.Duration

	Name       string // instead of the site's names: a wrong name
	NoSAN      bool   // the name stands in the common name alone
	Wildcard   bool   // *.parent instead of the name
	AlsoWWW    bool   // the name and www.name
	WrongUse   bool   // extended key usage says client, not server
	BadSig     bool   // the signature does not verify
	NoSCT      bool   // without signed certificate timestamps
	OCSPURL    bool   // with the address of an OCSP responder
	MustStaple bool   // RFC 7633 status_request
	OwnKey     bool   // a key of its own instead of the lab's shared one of this kind
}

// Staple is a kind of stapled OCSP response.
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
	StapleTryLater    Staple = "try_later"    // OCSPResponseStatus 3, no response
	StapleMalformed   Staple = "malformed"    // not an OCSP response at all
)
