package norm

import "peil/internal/fact"

// Needs is what editions need the probes to find out: plain data, so that a plan can
// be made of it without knowing any norm.
type Needs struct {
	DNSSEC      bool // validated answers, with the zones on the chain
	NameServers bool // reach of every name-server address, over both families
	IPv6        bool // AAAA, and reach of ports 80 and 443 per family
	Similarity  bool // likeness of what both families serve
	Pair        bool // the other of apex and www.
	CAA         bool
	TLSA        bool // _443._tcp
	HTTPSRecord bool // HTTPS RR (RFC 9460)
	Routes      bool // routes and VRPs of web addresses
	NSRoutes    bool // the same of name-server addresses

	Redirects   bool // GET http:// with every redirect
	Headers     bool // GET https:// and its headers
	Page        bool // what is derived from the page's text
	SecurityTxt bool
	HTTP2       bool

	TLS TLSNeeds

	Mail MailNeeds
}

// MailNeeds is what is to be learnt of a mail domain besides its name servers and the
// chain of trust.
type MailNeeds struct {
	Servers   bool // the MX set, addresses, port 25, STARTTLS
	DANE      bool // TLSA at _25._tcp of each mail server
	CAA       bool // of each mail server
	Names     bool // reverse names of their addresses
	Policies  bool // SPF, DMARC, whether there is a _domainkey
	Readings  bool // what internet.nl reads in SPF and DMARC records besides: see MailQuestions
	Selectors bool // DKIM keys
	STS       bool // MTA-STS
	Reports   bool // TLS-RPT
	BIMI      bool
	WWW       bool // SPF of the name with www. before it
}

// TLSNeeds is what is to be learnt of TLS at one endpoint. In each list of sets the
// worst comes first: where it is declined as a whole, a good server is cleared in one
// hello.
type TLSNeeds struct {
	Versions []fact.Version // worst first
	// Suites of a registry that stand in no set are insufficient in every guideline:
	// they belong before the first set.
	Suites [][]fact.Suite
	// AllSuites asks for every suite with a code point, on every version.
	AllSuites bool
	Groups    [][]fact.Group
	AllGroups bool
	// KexHashes are the hashes to be offered alone in signature_algorithms, worst first.
	KexHashes []string // "sha1", "sha224", "sha2"

	// Better and Worse are the suites between which preference is asked: of all of
	// Worse and one of Better, offered last, the server should pick the latter.
	Better, Worse []fact.Suite

	Certificates         bool // chains, of every key type
	DH                   bool // parameters of finite-field groups
	Compression          bool
	SecureRenegotiation  bool
	ExtendedMasterSecret bool
	ClientRenegotiation  int // how often to try; 0: not at all
	EarlyData            bool
	OCSP                 bool
	NoSNI                bool
}

// JudgedMailServers is how many mail servers of a domain, by name, internet.nl judges
// (catalogue B.13): those come first when there is no room for all.
const JudgedMailServers = inlMaxMX

// Any reports whether TLS is needed at all.
func (t *TLSNeeds) Any() bool {
	return len(t.Versions) > 0 || len(t.Suites) > 0 || t.AllSuites || t.Certificates
}

// renegotiations is how often a client asks before the server's patience counts as
// without limit (Internet.nl 1.11; NCSC TLS 2025-05 section 3.4.2).
const renegotiations = 11

// NeedsOf is the union of what editions need.
func NeedsOf(editions ...*Edition) Needs {
	var n Needs
	for _, e := range editions {
		switch e.Name {
		case "peil":
			n.web()
			n.tls()
			n.Mail.Servers, n.Mail.DANE, n.Mail.CAA, n.Mail.Names, n.Mail.Policies = true, true, true, true, true
			n.Mail.Selectors, n.Mail.STS, n.Mail.Reports, n.Mail.BIMI, n.Mail.WWW = true, true, true, true, true
			n.Pair, n.HTTPSRecord, n.TLSA, n.CAA, n.Page, n.HTTP2, n.TLS.NoSNI = true, true, true, true, true, true, true
		case "internet.nl", "forum":
			n.web()
			n.tls()
			n.TLSA, n.CAA = true, true
			n.Mail.Servers, n.Mail.DANE, n.Mail.CAA, n.Mail.Policies, n.Mail.Readings = true, true, true, true, true
		case "wdo":
			n.Redirects, n.Headers = true, true
			n.tls()
		default:
			n.Headers = true // content encoding
			n.Mail.Servers = true
			n.tls()
		}
	}
	return n
}

func (n *Needs) web() {
	n.DNSSEC, n.NameServers, n.IPv6, n.Similarity = true, true, true, true
	n.Routes, n.NSRoutes, n.Redirects, n.Headers, n.SecurityTxt = true, true, true, true, true
}

// tls asks for everything of TLS: every edition judges versions, suites, groups,
// hashes and certificates, and the guidelines of both years class the same parameters.
func (n *Needs) tls() {
	noSNI := n.TLS.NoSNI
	n.TLS = tlsNeeds()
	n.TLS.NoSNI = noSNI
}
