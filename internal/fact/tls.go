package fact

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
)

// TLS is what was learnt of TLS at one endpoint for one server name, by hellos
// that end before or at the handshake (catalogue A.2).
type TLS struct {
	Addr       netip.AddrPort `json:"addr"`
	ServerName string         `json:"server_name"`
	Via        string         `json:"via,omitempty"` // "smtp" after STARTTLS
	// Working is Accepted when some hello was answered by a ServerHello, Declined
	// when three different ones were each turned away with the controls of A.2 (no
	// working TLS: dead), else not measured.
	Working Observed `json:"working"`

	// Versions has every version asked for, oldest first.
	Versions []VersionAnswer `json:"versions,omitempty"`
	// Suites has the cipher suites per version, oldest version first.
	Suites []SuiteSet `json:"suites,omitempty"`
	// Order has the questions about the server's preference among suites.
	Order []OrderProbe `json:"order,omitempty"`
	// Groups has the key-exchange groups: one entry for versions up to 1.2, one for 1.3.
	Groups []GroupSet `json:"groups,omitempty"`
	// DH has the finite-field groups seen in a ServerKeyExchange, by suite version.
	DH []DHParams `json:"dh,omitempty"`
	// ServerKeys are all ephemeral (EC)DH keys seen in accepted handshakes of cipher
	// enumeration, as group names; internet.nl judges only these.
	KexSeen []Group `json:"kex_seen,omitempty"`

	// KexHash is the signature hash of the key exchange, offers of one hash alone.
	KexHashSHA1   Observed `json:"kex_hash_sha1"`
	KexHashSHA224 Observed `json:"kex_hash_sha224"`
	KexHashSHA2   Observed `json:"kex_hash_sha2"`
	// KexSignature is what the server used when everything was offered (TLS ≤ 1.2).
	KexSignature SignatureScheme `json:"kex_signature,omitempty"`

	Compression          Observed      `json:"compression"`            // TLS-level compression chosen
	SecureRenegotiation  Observed      `json:"secure_renegotiation"`   // RFC 5746 indicated
	ExtendedMasterSecret Observed      `json:"extended_master_secret"` // RFC 7627, on TLS 1.2
	FallbackSCSV         Observed      `json:"fallback_scsv"`          // RFC 7507: inappropriate_fallback given
	Heartbeat            Observed      `json:"heartbeat"`              // RFC 6520 extension echoed
	ClientRenegotiation  Renegotiation `json:"client_renegotiation"`
	EarlyData            EarlyData     `json:"early_data"`
	OCSP                 OCSPStaple    `json:"ocsp"`
	ALPN                 []string      `json:"alpn,omitempty"` // protocols the server chose when offered, sorted

	// Deployments are the certificate chains it serves, by what was asked.
	Deployments []Deployment `json:"deployments,omitempty"`
	// NoSNI is what a hello without server name is answered with.
	NoSNI *NoSNI `json:"no_sni,omitempty"`
	// WeakOnly is set when only legacy handshakes succeed, so that HTTP had to be
	// spoken over them.
	Connections int  `json:"connections,omitempty" peil:"volatile"`
	Cost        Cost `json:"cost" peil:"volatile"`
	// Log has a line per hello that a verdict below passed rests on: what was
	// offered, what came back. At most 64 kB.
	Log []HelloLog `json:"log,omitempty" peil:"volatile"`
}

// VersionAnswer is one protocol version and what the server said to it.
type VersionAnswer struct {
	Version Version `json:"version"`
	Observed
}

// SuiteSet is the enumeration of cipher suites on one version. A suite of
// Suites() that is neither in Accepted nor in Open was declined.
type SuiteSet struct {
	Version  Version `json:"version"`
	Accepted []Suite `json:"accepted,omitempty"` // sorted by code point
	// Chosen is the order in which the server chose when offered everything less
	// what it had chosen before. Under server preference that is its order.
	Chosen []Suite `json:"chosen,omitempty" peil:"volatile"`
	// Open are the suites about which nothing is known, sorted; Gap says why.
	Open []Suite `json:"open,omitempty"`
	// AllOpen means that nothing but Accepted is known (Open would be everything else).
	AllOpen bool `json:"all_open,omitempty"`
	Gap     Gap  `json:"gap,omitempty"`
	// ServerPreference says whether the server insists on its own order: Accepted
	// when it chose the same suite whichever order it was offered.
	ServerPreference Observed `json:"server_preference"`
}

// OrderProbe is one question about preference: of these suites, offered in this
// order, the server picked one.
type OrderProbe struct {
	Version Version `json:"version"`
	Offered []Suite `json:"offered"` // the first is the one that would be wrong to pick; the last is the better one
	Picked  Suite   `json:"picked,omitempty"`
	Gap     Gap     `json:"gap,omitempty"`
}

// GroupSet is the enumeration of key-exchange groups.
type GroupSet struct {
	Version  Version `json:"version"` // TLS 1.2 stands for all up to 1.2
	Accepted []Group `json:"accepted,omitempty"`
	Chosen   []Group `json:"chosen,omitempty" peil:"volatile"`
	Open     []Group `json:"open,omitempty"`
	AllOpen  bool    `json:"all_open,omitempty"`
	Gap      Gap     `json:"gap,omitempty"`
}

// DHParams is a finite-field group as sent by the server (RFC 5246 section 7.4.3).
type DHParams struct {
	Bits      int    `json:"bits"`
	Generator string `json:"generator"`      // decimal
	Prime     string `json:"prime"`          // SHA-256 of the prime's bytes without leading zeros, hexadecimal
	Name      string `json:"name,omitempty"` // "ffdhe3072", "modp2048", or "" for one without a name
}

// Renegotiation is what the server did when the client asked to renegotiate.
type Renegotiation struct {
	Observed
	// Count is how often it went along, of Tries. Accepted means at least once.
	Count int `json:"count,omitempty"`
	Tries int `json:"tries,omitempty"`
}

// EarlyData is TLS 1.3 0-RTT (RFC 8446 section 4.2.10).
type EarlyData struct {
	Observed
	// TicketMax is max_early_data_size of the session ticket, 0 when it had none.
	TicketMax uint32 `json:"ticket_max,omitempty"`
	Ticket    bool   `json:"ticket,omitempty"` // a ticket was given at all
}

// OCSPStaple is the stapled response (RFC 6066 section 8).
type OCSPStaple struct {
	Stapled    Observed  `json:"stapled"`
	Status     string    `json:"status,omitempty"`  // "good", "revoked", "unknown", "malformed"
	Trusted    bool      `json:"trusted,omitempty"` // signed by the issuer or its delegate and for this certificate
	Problem    string    `json:"problem,omitempty"`
	ThisUpdate time.Time `json:"this_update,omitzero" peil:"volatile"`
	NextUpdate time.Time `json:"next_update,omitzero" peil:"volatile"`
}

// Deployment is one certificate chain that the endpoint serves for the name.
type Deployment struct {
	Chain   string  `json:"chain"`           // ID of a Chain
	Auth    string  `json:"auth"`            // "rsa", "ecdsa", "eddsa", "dsa": what was offered to get it
	Version Version `json:"version"`         // version on which it was received
	First   bool    `json:"first,omitempty"` // served when everything was offered
}

// NoSNI is the answer to a hello without server_name.
type NoSNI struct {
	Observed
	Chain string `json:"chain,omitempty"`
}

// HelloLog is one hello and its answer, in words.
type HelloLog struct {
	Question string `json:"q"`
	Answer   string `json:"a"`
}

// Chain is the certificates as received, leaf first, and whether they lead to a
// root of the trust set.
type Chain struct {
	ID    string   `json:"id"`    // ChainID of Trust.ServerName and Certs
	Certs [][]byte `json:"certs"` // DER
	Trust Trust    `json:"trust"`
	SCTs  []SCT    `json:"scts,omitempty"`
}

// ChainID is the ID of a chain of certificates, leaf first, as held against a server
// name: the first 16 hexadecimal digits of the SHA-256 over the name, a zero octet and the
// certificates' SHA-256. The same certificates on two mail servers are two chains, since
// each is trusted, or not, for a name.
func ChainID(serverName string, certs [][]byte) string {
	all := sha256.New()
	all.Write([]byte(serverName))
	all.Write([]byte{0})
	for _, c := range certs {
		one := sha256.Sum256(c)
		all.Write(one[:])
	}
	return hex.EncodeToString(all.Sum(nil)[:8])
}

// Trust is the result of building a path for the name, at the time of
// measurement, with all checks of a TLS client: dates, name, usage, constraints.
type Trust struct {
	ServerName string `json:"server_name"`
	Trusted    bool   `json:"trusted"`
	// Problem: "", "expired", "not_yet_valid", "unknown_authority", "name_mismatch",
	// "incompatible_usage", "constraint", "bad_signature", "weak_signature" (it holds, with a
	// hash that clients refuse), "malformed", "self_signed", or "unsupported": whether
	// there is a path cannot be told here.
	Problem string `json:"problem,omitempty"`
	Detail  string `json:"detail,omitempty" peil:"volatile"` // the library's words: they name the time
	// PathWithoutName says whether all but the name would do.
	PathWithoutName bool `json:"path_without_name,omitempty"`
	// Roots are indices into Certs of certificates that are themselves known roots.
	Roots []int `json:"roots,omitempty"`
	// Until is when the verified path ends.
	Until time.Time `json:"until,omitzero"`
	// Anchor is the root at which the verified path ends, when it was not itself sent:
	// DANE records of usage 0 can name it. nil when untrusted or when it was sent.
	Anchor *Anchor `json:"anchor,omitempty"`
}

// Anchor names a root certificate by digests.
type Anchor struct {
	Cert []byte `json:"cert"` // SHA-256 of the certificate
	Key  []byte `json:"key"`  // SHA-256 of its SubjectPublicKeyInfo
}

// SCT is a signed certificate timestamp (RFC 6962 section 3.2).
type SCT struct {
	LogID  []byte    `json:"log_id"`
	At     time.Time `json:"at"`
	Source string    `json:"source"` // "certificate", "tls", "ocsp"
}
