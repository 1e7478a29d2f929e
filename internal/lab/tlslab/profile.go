package tlslab

import (
	"time"

	"peil/internal/fact"
	"peil/internal/lab/pki"
)

// Profile says how a server behaves at its TLS port. The zero value is the perfect
// server; each field is one deviation from it. A Profile is plain data, shared by
// all sites that behave alike and never changed once in use: what is learnt from it
// is kept per pointer.
type Profile struct {
	// Versions are the protocol versions spoken. nil: TLS 1.2 and TLS 1.3. SSL 2.0 and
	// SSL 3.0 need an RSA certificate in Certs, SSL 2.0 an address of its own (it names
	// no server); both end before the keys are used.
	Versions []fact.Version
	// ExactVersions turns a hello up to TLS 1.2 away when the version that it names is not
	// spoken, where others answer with a lower one (RFC 5246 appendix E.1).
	ExactVersions bool
	// Suites are the cipher suites per version, in the server's order. A version
	// without an entry gets DefaultSuites(version).
	Suites map[fact.Version][]fact.Suite
	// ClientOrder lets the client's order decide instead of the server's.
	ClientOrder bool
	// Unoffered makes the server choose this suite whatever was offered (≤ TLS 1.2).
	Unoffered fact.Suite
	// FalseSignature makes the signatures of handshakes those of something else, as of a
	// server that does not hold the key of its certificate.
	FalseSignature bool

	// Groups are the elliptic curves for ECDHE up to TLS 1.2, in the server's order;
	// finite-field groups listed here are negotiated by RFC 7919. nil: X25519, P-256,
	// P-384.
	Groups []fact.Group
	// Groups13 are the groups of TLS 1.3. nil: X25519MLKEM768, SecP256r1MLKEM768,
	// X25519, P-256, P-384.
	Groups13 []fact.Group
	// DH is the group of DHE and anonymous DH suites up to TLS 1.2. "": none, such
	// suites are declined.
	DH DHGroup

	// KexHashes are the hashes with which the server signs its key exchange on TLS
	// 1.2, in its order. nil: SHA-256, SHA-384, SHA-512.
	KexHashes []Hash
	// KexHashAlways signs with this one whatever was offered; "" lets KexHashes decide.
	KexHashAlways Hash

	Compression           bool // chooses DEFLATE when offered (RFC 3749)
	NoSecureRenegotiation bool // does not answer renegotiation_info (RFC 5746)
	NoEMS                 bool // does not answer extended_master_secret (RFC 7627)
	NoFallbackSCSV        bool // does not know TLS_FALLBACK_SCSV (RFC 7507)
	Heartbeat             bool // answers the heartbeat extension (RFC 6520)
	// IgnoreSupportedVersions looks at the legacy version alone, as software from
	// before TLS 1.3 does.
	IgnoreSupportedVersions bool

	// Renegotiations is how often the server goes along when the client asks to
	// renegotiate: 0 never, n > 0 that often, Unlimited always. Under h2 the server has
	// sent application data (SETTINGS) by then, as real ones have.
	Renegotiations int
	// RenegotiationRefusal is how it says no. Alert is the warning no_renegotiation.
	RenegotiationRefusal Reaction

	// EarlyData is what it does about TLS 1.3 0-RTT.
	EarlyData EarlyData
	// NoTickets gives no TLS 1.3 session tickets.
	NoTickets bool

	// Certs are the certificates, one per key type; without Name they get the site's
	// name. nil: one perfect one.
	Certs []pki.Spec
	// Staple is the stapled OCSP response, when the client asks for one.
	Staple pki.Staple

	// NoSNI is what a hello without server name gets: Serve the same as with one.
	NoSNI Reaction
	// DefaultName is the name in the certificate that such a hello gets; "": the site's.
	DefaultName string

	// ALPN are the application protocols. nil: h2 and http/1.1.
	ALPN []string

	// Decline is how an unacceptable hello is turned away.
	Decline Reaction
	// Intolerance are traits of a hello that make the server break off.
	Intolerance []Intolerance

	// Torment makes the server hostile; the rest of the profile may then not matter.
	Torment Torment
	// Firewall cuts a source off after so many connections.
	Firewall Firewall
}

// Unlimited renegotiations.
const Unlimited = -1

// Reaction is how a server says no.
type Reaction string

// The reactions. The zero value is an alert; for Profile.NoSNI it is to serve.
const (
	Alert   Reaction = ""
	Serve   Reaction = ""
	Refuse  Reaction = "alert" // an alert also where the zero value would serve
	Close   Reaction = "close" // FIN without a word
	Reset   Reaction = "reset" // RST
	Silence Reaction = "silence"
)

// Hash is a hash function in the signature of a key exchange.
type Hash string

// The hashes.
const (
	MD5    Hash = "md5"
	SHA1   Hash = "sha1"
	SHA224 Hash = "sha224"
	SHA256 Hash = "sha256"
	SHA384 Hash = "sha384"
	SHA512 Hash = "sha512"
)

// EarlyData is what a server does about TLS 1.3 early data.
type EarlyData string

// The kinds.
const (
	EarlyNone   EarlyData = ""       // tickets do not allow it
	EarlyAccept EarlyData = "accept" // tickets allow it and it is accepted
	EarlyReject EarlyData = "reject" // tickets allow it, but it is not accepted
)

// DHGroup is a finite-field group.
type DHGroup string

// The finite-field groups up to TLS 1.2.
const (
	NoDH       DHGroup = ""
	FFDHE2048  DHGroup = "ffdhe2048"
	FFDHE3072  DHGroup = "ffdhe3072"
	FFDHE4096  DHGroup = "ffdhe4096"
	FFDHE6144  DHGroup = "ffdhe6144"
	FFDHE8192  DHGroup = "ffdhe8192"
	MODP1024   DHGroup = "modp1024"   // RFC 2409 second Oakley group
	MODP2048   DHGroup = "modp2048"   // RFC 3526 group 14
	MODP4096   DHGroup = "modp4096"   // RFC 3526 group 16
	Custom512  DHGroup = "custom512"  // self-made, as in export suites
	Custom1024 DHGroup = "custom1024" // self-made
	Custom2048 DHGroup = "custom2048" // self-made
	Custom4096 DHGroup = "custom4096" // self-made
	// FFDHE3072Generator5 is the prime of ffdhe3072 with another generator.
	FFDHE3072Generator5 DHGroup = "ffdhe3072g5"
)

// Trait is something in a hello that a server may stumble over.
type Trait string

// The traits.
const (
	HasTLS13         Trait = "tls13"      // supported_versions lists TLS 1.3
	HasExtensions    Trait = "extensions" // any extension at all
	HasUnknown       Trait = "unknown"    // an extension, suite or group that no registry knows
	Longer255        Trait = "longer255"  // the handshake message exceeds 255 bytes
	Longer511        Trait = "longer511"  // … 511 bytes
	ManySuites       Trait = "manysuites" // more than 64 suites
	ManySuites128    Trait = "manysuites128"
	LacksSNI         Trait = "lackssni"
	HasKeyShareMLKEM Trait = "mlkem" // a hybrid key share, which makes the hello span packets
)

// Intolerance is one trait and what the server does when it meets it.
type Intolerance struct {
	To Trait
	By Reaction
}

// Torment is a way to be hostile below HTTP.
type Torment string

// The torments.
const (
	NoTorment       Torment = ""
	NeverAnswer     Torment = "never_answer"     // reads the hello, never says a thing
	NeverRead       Torment = "never_read"       // does not even read
	SlowAnswer      Torment = "slow_answer"      // a right answer, one byte a second
	OneByteRecords  Torment = "one_byte"         // a right answer in handshake fragments of one byte
	EmptyRecords    Torment = "empty_records"    // records of length 0 without end
	HugeRecord      Torment = "huge_record"      // a record of 65535 bytes
	EndlessMessage  Torment = "endless_message"  // a Certificate message of 16 MiB
	EndlessWarnings Torment = "endless_warnings" // warning alerts without end
	ResetHalfway    Torment = "reset_halfway"    // RST in the middle of the first flight
	CloseHalfway    Torment = "close_halfway"    // FIN in the middle of the first flight
	Garbage         Torment = "garbage"          // random bytes
	SpeaksHTTP      Torment = "speaks_http"      // plain HTTP on the TLS port
	SpeaksSSH       Torment = "speaks_ssh"       // the banner of an SSH server, at once
	EndlessRetry    Torment = "endless_retry"    // HelloRetryRequest after HelloRetryRequest
	HangAfterHello  Torment = "hang_after_hello" // ServerHello, then nothing

	EndlessChangeCipherSpec Torment = "endless_ccs"            // ChangeCipherSpec without end
	EndlessHelloRequests    Torment = "endless_hello_requests" // HelloRequest without end: a client may pass over them
	EndlessCertificates     Torment = "endless_certificates"   // ServerHello, then 16 MiB of certificates
)

// Firewall cuts a source off: after After connections from one source to one
// address within Window, further ones get By until Window has passed since the first.
type Firewall struct {
	After  int // 0: no firewall
	By     Reaction
	Window time.Duration // 0: one minute
}
