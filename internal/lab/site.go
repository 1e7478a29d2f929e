package lab

import (
	"net/netip"

	"peil/internal/fact"
	"peil/internal/lab/maillab"
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// Text is the same words in Dutch and English.
type Text struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// Site is one website or one mail domain: the perfect one plus what Change says.
type Site struct {
	ID     string // of the catalogue: "tls-1-1", "hsts-absent"; of the country: the name
	Name   string // what is measured: "www.hsts-absent.example.nl"
	Change Text   // one line: what differs from the perfect site
	Group  string // what it is about: "ipv6", "dnssec", "tls", "https", "headers", "rpki", "hostile"

	DNS    DNSProfile
	V4, V6 []Server // what answers at its A and AAAA records, in wire order
	Also   []string // further names in its zone with the same addresses
	Mail   *Mail    // of a mail domain, which has no V4 and V6 of its own

	Expect Expect
}

// Role is what is measured of it.
func (s *Site) Role() fact.Role {
	if s.Mail != nil {
		return fact.Mail
	}
	return fact.Web
}

// Server is what answers at one address of a site or of a mail server.
type Server struct {
	Addr    netip.Addr // given out when the network is laid out
	Routing Routing    // what RPKI says of the address
	// Port80 and Port443 say whether anything is there at all.
	Port80, Port443 Port
	ExtraTLS        []uint16 // further ports where the same TLS server listens
	// TLS and HTTP are shared between sites and never changed after the start; nil is
	// the perfect one.
	TLS  *tlslab.Profile
	HTTP *weblab.Profile

	// Of a mail server, which has no website: its port, its dialogue and the names that
	// the address leads back to. SMTP nil is the perfect one; PTR nil is its own name, an
	// empty list none.
	Port25 Port
	SMTP   *maillab.Profile
	PTR    []string
}

// Port is the state of a TCP port.
type Port string

// The states of a port. The zero value is open.
const (
	Open     Port = ""
	Refused  Port = "refused"  // RST to every SYN
	Silent   Port = "silent"   // no answer to a SYN
	Unmapped Port = "unmapped" // not in the network map: it does not exist
)

// Routing is how an address is announced and what RPKI says of that. The zero value
// is announced and valid.
type Routing string

// The kinds of routing.
const (
	RouteValid         Routing = ""
	RouteNotFound      Routing = "not_found"      // announced, no VRP covers it
	RouteInvalidAS     Routing = "invalid_as"     // a VRP for another origin
	RouteInvalidLength Routing = "invalid_length" // longer than the VRP's maximum length
	RouteNone          Routing = "not_routed"     // a VRP covers it, but nobody announces it
	RouteNothing       Routing = "nothing"        // neither announced nor covered
	RouteTwoOrigins    Routing = "two_origins"    // announced by the right AS and by another
)

// Verdict is what one edition must say of one requirement. Only internet.nl has the
// fields after Outcome.
type Verdict struct {
	// Outcome is a word of catalogue A.2, or several divided by | where either will do.
	Outcome string `json:"outcome"`
	Status  string `json:"status,omitempty"`
	Word    string `json:"verdict,omitempty"`
	Points  string `json:"points,omitempty"` // "10/10"; "" where points are not looked at
}

// Expect is what every edition must say of a site: edition → requirement → verdict.
type Expect map[string]*EditionExpect

// EditionExpect is what one edition must say.
type EditionExpect struct {
	Score        *int               `json:"score,omitempty"`
	Word         string             `json:"word,omitempty"`
	Derived      map[string]string  `json:"derived,omitempty"` // named results, e.g. "web_complete" of forum
	Requirements map[string]Verdict `json:"requirements"`
	// Any lists requirements of which nothing is expected: what the site does makes
	// their verdict depend on chance or on the meter's own limits.
	Any []string `json:"any,omitempty"`
}
