package fact

import (
	"net/netip"
	"time"
)

// MailFacts is what was seen of a name as a mail domain. What the DNS says of it (MX,
// SPF with everything that it includes, DMARC, DKIM, MTA-STS, TLS-RPT, BIMI, TLSA,
// addresses and reverse names of mail servers) stands in DNS.Lookups; here is what was
// asked of servers, and which selectors were tried.
type MailFacts struct {
	// Servers has one entry per mail server that was measured, sorted by name: all hosts
	// of the MX record set, or the domain itself when it has no MX (RFC 5321 section
	// 5.1). A null MX (RFC 7505) has none.
	Servers []MailServer `json:"servers,omitempty"`
	// Beyond lists the mail servers that were not measured because there were too many,
	// sorted.
	Beyond []string `json:"beyond,omitempty"`
	// Selectors are the DKIM selectors that were looked up, sorted by name.
	Selectors []Selector `json:"selectors,omitempty"`
	// Policy is the fetch of the MTA-STS policy, nil when no record announced one.
	Policy *PolicyFetch `json:"policy,omitempty"`
}

// Server returns the facts of a mail server, or nil.
func (m *MailFacts) Server(name string) *MailServer {
	if m == nil {
		return nil
	}
	for i := range m.Servers {
		if m.Servers[i].Name == name {
			return &m.Servers[i]
		}
	}
	return nil
}

// MailServer is one mail server of a domain. Shared between targets.
type MailServer struct {
	Name string `json:"name"` // lower case, no final dot
	// NSOwner is the name at which its name servers were found: its own or the nearest
	// one above it. They stand in DNS.Lookups.
	NSOwner string `json:"ns_owner,omitempty"`
	// Hosts has one entry per address that was measured, sorted by address.
	Hosts []MailHost `json:"hosts,omitempty"`
	// Wire has the addresses in the order in which they were received, A before AAAA:
	// internet.nl judges the first one of a server.
	Wire []netip.Addr `json:"wire,omitempty" peil:"volatile"`
	// Beyond lists the addresses that were not measured because there were too many.
	Beyond []netip.Addr `json:"beyond,omitempty"`
	// Gap says why it was not measured: its addresses could not be looked up, the name
	// is an IP literal …
	Gap Gap `json:"gap,omitempty"`
}

// MailHost is one address of a mail server.
type MailHost struct {
	Addr   netip.Addr `json:"addr"`
	Port25 Reach      `json:"port_25"`
	SMTP   *SMTP      `json:"smtp,omitempty"`
	TLS    *TLS       `json:"tls,omitempty"` // after STARTTLS
	// At is when it was measured: earlier than the measurement's own time when another
	// target of the run had the same server.
	At   time.Time `json:"at" peil:"volatile"`
	Cost Cost      `json:"cost" peil:"volatile"`
}

// SMTPState is how a dialogue on port 25 went. The zero value is "not measured".
type SMTPState string

// The states of a dialogue.
const (
	SMTPReady     SMTPState = "ready"     // greeting 220, EHLO 250
	SMTPTemporary SMTPState = "temporary" // 4xx or 421: greylisting, too many connections; nothing is known
	SMTPRefused   SMTPState = "refused"   // 5xx greeting or answer to EHLO and HELO: it does not want us
	SMTPNone      SMTPState = "none"      // something answers that is no SMTP
)

// SMTP is what a mail server said before TLS (RFC 5321, RFC 3207). Nothing beyond
// EHLO, STARTTLS, NOOP and QUIT is ever sent.
type SMTP struct {
	State SMTPState `json:"state,omitempty"`
	Gap   Gap       `json:"gap,omitempty"`
	// Greeting, EHLO (or HELO, for a server that turns EHLO away for good) and STARTTLS
	// are its replies; Refusal is the one that ended a dialogue which did not come to
	// STARTTLS, or that ended a later connection, with as much of it as came.
	Greeting *Reply `json:"greeting,omitempty"`
	EHLO     *Reply `json:"ehlo,omitempty"`
	STARTTLS *Reply `json:"starttls,omitempty"`
	Refusal  *Reply `json:"refusal,omitempty"`
	HELO     bool   `json:"helo,omitempty"` // it knows HELO alone
	// Keywords are the extensions of its EHLO reply, upper case, without parameters,
	// sorted (RFC 5321 section 4.1.1.1).
	Keywords []string `json:"keywords,omitempty"`
	// Offered says whether STARTTLS stands among them; Declined needs a complete EHLO
	// reply with code 250, or one to HELO with that code and one to STARTTLS with 5xx.
	// A server that offers STARTTLS and answers it with 5xx has TLS.Working declined; with
	// 4xx (RFC 3207 section 4: 454) that is not measured: temporary.
	Offered Observed `json:"offered"`
	// Stripped is set when it looks as if somebody on the way took STARTTLS out:
	// "keyword …" one overwritten by X's; "command …" a command that came back so;
	// "answered" STARTTLS is not offered and yet answered with 220; "helo" EHLO is turned
	// away and STARTTLS answered.
	Stripped string `json:"stripped,omitempty"`
	// Surplus is what came in plain text behind the answer to STARTTLS, where TLS
	// should begin, at most 512 octets. Nothing more is done on such a connection.
	Surplus string `json:"surplus,omitempty" peil:"volatile"`
	// Injection says whether a command that was sent in plain text right behind
	// STARTTLS was answered after the handshake (CVE-2011-0411). Asked only with a
	// mandate.
	Injection Observed `json:"injection"`
	// Slow is set when the greeting took longer than 3 s, twice.
	Slow   bool `json:"slow,omitempty"`
	Millis int  `json:"ms,omitempty" peil:"volatile"` // until the greeting was complete
}

// Reply is an SMTP reply (RFC 5321 section 4.2).
type Reply struct {
	Code int `json:"code"`
	// Enhanced is the status code of RFC 3463, "" when there is none.
	Enhanced string   `json:"enhanced,omitempty"`
	Lines    []string `json:"lines,omitempty" peil:"volatile"` // as received, at most 50 lines of 512 octets
}

// Selector is a DKIM selector that was looked up at <selector>._domainkey.<domain>.
type Selector struct {
	Name string `json:"name"`
	From string `json:"from"` // "known", "provider", "given"
	// Provider is whose selector it is, "" when anybody's.
	Provider string `json:"provider,omitempty"`
}

// PolicyFetch is the fetch of an MTA-STS policy (RFC 8461 section 3.3).
type PolicyFetch struct {
	Fetch *Fetch `json:"fetch"` // GET https://mta-sts.<domain>/.well-known/mta-sts.txt; redirects are kept, not followed
	// Body is the policy, at most 64 KiB.
	Body      []byte `json:"body,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
}
