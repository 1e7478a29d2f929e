package fact

import (
	"net/netip"
	"time"
)

// HTTP is what one address answered as a website. All requests are GET / with the
// target's name as Host unless a redirect led elsewhere.
type HTTP struct {
	// Plain is GET http://name/ on this address, with every redirect followed.
	Plain *Fetch `json:"plain,omitempty"`
	// Secure is GET https://name/ on this address, with every redirect followed. The
	// first hop is what header requirements look at.
	Secure *Fetch `json:"secure,omitempty"`
	// SecurityTxt is the search for security.txt on this address.
	SecurityTxt *SecurityTxt `json:"security_txt,omitempty"`
	// HTTP2 says whether h2 was chosen by ALPN and spoken.
	HTTP2 Observed `json:"http2"`
	// HTTP3 says where HTTP/3 was announced: "alt-svc", "https-record".
	HTTP3 []string `json:"http3,omitempty"`
	// Page is derived from the body of the last hop of Secure.
	Page *Page `json:"page,omitempty"`
	// PlainPage is derived from the body of the last hop of Plain when that hop was
	// itself not over TLS.
	PlainPage *Page `json:"plain_page,omitempty"`
}

// Fetch is a chain of requests.
type Fetch struct {
	Hops []Hop `json:"hops,omitempty"`
	// End says how the chain ended: "ok", "loop", "too_many", "client_error" (the
	// server broke off, or sent what is not HTTP), or "" when Gap says why not.
	End string `json:"end,omitempty"`
	Gap Gap    `json:"gap,omitempty"`
}

// How a chain of requests ended.
const (
	EndOK          = "ok"
	EndLoop        = "loop"
	EndTooMany     = "too_many"
	EndClientError = "client_error"
)

// First returns the first hop, or nil.
func (f *Fetch) First() *Hop {
	if f == nil || len(f.Hops) == 0 {
		return nil
	}
	return &f.Hops[0]
}

// Last returns the last hop, or nil.
func (f *Fetch) Last() *Hop {
	if f == nil || len(f.Hops) == 0 {
		return nil
	}
	return &f.Hops[len(f.Hops)-1]
}

// Hop is one request and its response.
type Hop struct {
	URL        string     `json:"url"`
	Addr       netip.Addr `json:"addr,omitzero"`
	Status     int        `json:"status,omitempty"`   // 0 when no response could be read
	Proto      string     `json:"proto,omitempty"`    // "HTTP/1.1", "HTTP/2.0"
	Location   string     `json:"location,omitempty"` // the Location header as received
	Next       string     `json:"next,omitempty"`     // absolute URL it leads to, or ""
	Header     []Header   `json:"header,omitempty"`   // in the order received
	Cookies    []Cookie   `json:"cookies,omitempty"`
	Chain      string     `json:"chain,omitempty"` // ID of the certificate chain, for https
	TLSVersion Version    `json:"tls_version,omitempty"`
	Error      string     `json:"error,omitempty"` // class: "refused", "reset", "timeout", "tls", "signature", "malformed", "no_address", "too_large"
	Gap        Gap        `json:"gap,omitempty"`
	BodySize   int64      `json:"body_size,omitempty" peil:"volatile"` // bytes read, after decoding
	BodyHash   string     `json:"body_hash,omitempty" peil:"volatile"` // SHA-256, hexadecimal
	Truncated  bool       `json:"truncated,omitempty" peil:"volatile"` // the body went on beyond what we read
	BodyGap    Gap        `json:"body_gap,omitempty"`                  // why the body was not read to its end, when the connection failed amid it
	Millis     int        `json:"ms,omitempty" peil:"volatile"`
	At         time.Time  `json:"at,omitzero" peil:"volatile"`
}

// Header is one header line. Name is as the standard spells it (canonical MIME
// form). Value is kept only where a requirement reads it; otherwise it stands in
// Seen, which may change without being news.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	Seen  string `json:"seen,omitempty" peil:"volatile"`
}

// Text is the value as received.
func (h Header) Text() string {
	if h.Seen != "" {
		return h.Seen
	}
	return h.Value
}

// Values returns the values of a header in the order received. The name is
// compared without regard to case.
func (h *Hop) Values(name string) []string {
	if h == nil {
		return nil
	}
	var vs []string
	for _, x := range h.Header {
		if equalFold(x.Name, name) {
			vs = append(vs, x.Text())
		}
	}
	return vs
}

// Cookie is a Set-Cookie line without its value (RFC 6265).
type Cookie struct {
	Name     string   `json:"name"`
	Secure   bool     `json:"secure,omitempty"`
	HTTPOnly bool     `json:"http_only,omitempty"`
	SameSite string   `json:"same_site,omitempty"` // as sent, lower case; "" when absent
	Domain   string   `json:"domain,omitempty"`
	Path     string   `json:"path,omitempty"`
	Other    []string `json:"other,omitempty"` // other attribute names, lower case, sorted
	// Deleted says that the line takes the cookie away: its time is over (RFC 6265
	// section 5.3, step 11), and nothing is stored.
	Deleted bool `json:"deleted,omitempty"`
}

// SecurityTxt is the search for security.txt on one address.
type SecurityTxt struct {
	WellKnown *Fetch `json:"well_known,omitempty"` // GET /.well-known/security.txt
	Legacy    *Fetch `json:"legacy,omitempty"`     // GET /security.txt, only when the first was not 200
	// Body is the file, at most 100 KiB, of the request that gave 200.
	Body      []byte `json:"body,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
	// Signature is the result of checking an OpenPGP clear-signed file (RFC 9580)
	// against the keys of its Encryption fields: "", "valid", "invalid", "no_key",
	// "malformed". "" means not signed.
	Signature string `json:"signature,omitempty"`
	// KeyID is the signing key, hexadecimal.
	KeyID string `json:"key_id,omitempty"`
	// KeyGap stands with "no_key" where an Encryption field names a place that we could
	// not look at, and says why.
	KeyGap Gap `json:"key_gap,omitempty"`
}

// Page is what requirements need of an HTML page.
type Page struct {
	Title         string   `json:"title,omitempty" peil:"volatile"`
	ContentType   string   `json:"content_type,omitempty"`
	PasswordField bool     `json:"password_field,omitempty"`
	FormsToHTTP   []string `json:"forms_to_http,omitempty"` // form actions on plain http, sorted, at most 20
	MixedContent  []string `json:"mixed_content,omitempty"` // sub-resources on plain http, sorted, at most 20
	NoIntegrity   []string `json:"no_integrity,omitempty"`  // scripts and styles of another origin without integrity that browsers check, sorted, at most 20
	MetaCSP       []string `json:"meta_csp,omitempty"`      // Content-Security-Policy of meta elements
	MetaReferrer  string   `json:"meta_referrer,omitempty"`
	MetaRefresh   string   `json:"meta_refresh,omitempty"`
	Generator     string   `json:"generator,omitempty"` // owner tier: names software and version
}

// Similarity compares what the two families serve (catalogue B.4).
type Similarity struct {
	V4      netip.Addr `json:"v4"`
	V6      netip.Addr `json:"v6"`
	Scheme  string     `json:"scheme,omitempty"` // of the answers compared
	Status4 int        `json:"status_4,omitempty"`
	Status6 int        `json:"status_6,omitempty"`
	// Class of the distance: "same" (below 8), "under" (8 to 10), "over" (above 10
	// to 12), "differs" (above 12), or "" when not comparable.
	Class    string  `json:"class,omitempty"`
	Distance float64 `json:"distance,omitempty" peil:"volatile"` // 100 × (1 − quick_ratio)
	// PortsOpenOnV4Only lists ports that gave an HTTP response on IPv4 but not on IPv6, and the reverse.
	Ports4 []int  `json:"ports_4,omitempty"` // ports that gave an HTTP response over IPv4, sorted
	Ports6 []int  `json:"ports_6,omitempty"`
	Reason string `json:"reason,omitempty"` // why not comparable: "no_answer_v4", "no_answer_v6", "ports_differ", "read_error"
	Gap    Gap    `json:"gap,omitempty"`
}

// Pair is the look at the other name of apex and www.: addresses and what GET
// gives on each family.
type Pair struct {
	Name    string  `json:"name"`
	A       *Lookup `json:"a,omitempty"`
	AAAA    *Lookup `json:"aaaa,omitempty"`
	Plain4  *Fetch  `json:"plain_4,omitempty"`
	Secure4 *Fetch  `json:"secure_4,omitempty"`
	Plain6  *Fetch  `json:"plain_6,omitempty"`
	Secure6 *Fetch  `json:"secure_6,omitempty"`
}
