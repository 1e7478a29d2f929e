package weblab

import "time"

// Profile says how a website behaves. The zero value is the perfect website; each
// field is one deviation. A Profile is plain data, shared by all sites that behave
// alike; what differs per site (its name) is filled in when answering.
//
// In all texts below {host} stands for the name that the client asked for, {name}
// for the site's own name.
type Profile struct {
	// Redirect is where http://host/ leads: a Location value, or one of the constants.
	// "": https://{host} with the path asked for.
	Redirect Redirect
	// RedirectStatus is the status of that redirect; 0: 301.
	RedirectStatus int
	// SecureRedirect is where https://host/ leads; "" serves the page.
	SecureRedirect Redirect
	// SecureRedirectStatus is the status of that redirect; 0: 301.
	SecureRedirectStatus int

	// Headers replace, per name, what the perfect site sends over https with the page
	// and with redirects. Each value is one header line; no values: the header is left
	// out.
	Headers map[string][]string
	// PlainHeaders does the same for plain http, where the perfect site sends none.
	PlainHeaders map[string][]string

	// Compress is the content coding of the page when the client accepts it: "gzip",
	// "br", "deflate" or ""; with "!" behind it, also when not accepted.
	Compress string

	SecurityTxt SecurityTxt
	Page        Page
	// Files are further files over https by their paths; a redirect does not hide them.
	Files   map[string]File
	Torment Torment
	// PlainTorment is a torment on plain http alone.
	PlainTorment Torment
}

// Redirect is a Location header, or one of the special values.
type Redirect string

// Redirects that need more than a Location header.
const (
	NoRedirect       Redirect = "none"      // serve the page
	RedirectNoTarget Redirect = "no-target" // 301 without Location
	RedirectLoop     Redirect = "loop"      // to itself
	RedirectLong     Redirect = "long"      // a hundred hops, then the page
	RedirectEndless  Redirect = "endless"   // always one more, each another URL
	RedirectMeta     Redirect = "meta"      // 200 and a meta refresh to https
	RedirectNotFound Redirect = "not-found" // 404, no redirect

	RedirectRelative   Redirect = "/home"
	RedirectToHTTP     Redirect = "http://{host}/home"
	RedirectWWW        Redirect = "https://www.{host}/"
	RedirectBadURL     Redirect = "http://[broken/"
	RedirectUpperHost  Redirect = "HTTPS://{host}/"
	RedirectOtherPort  Redirect = "https://{host}:8443/"
	RedirectNoSchemeTo Redirect = "//{host}/"
)

// File is a file that is served as it is.
type File struct {
	Status      int    // 0: 200
	ContentType string // "": text/plain; charset=utf-8; "none": no such header
	RedirectTo  string // a Location header, with 301
	Body        string
	Size        int // padded with lines "x: x" until so many bytes
}

// Page says what the page is like.
type Page struct {
	Status int // 0: 200
	// Different replaces so many per cent of the page's text by other text: what one
	// address of a site serves differently from the others.
	Different int
	// Size makes the page at least so many bytes long.
	Size          int
	PasswordField bool   // a log-in form
	FormToHTTP    bool   // a form that sends to plain http
	MixedContent  bool   // an image and a script on plain http
	NoIntegrity   bool   // a script of another origin without integrity
	Integrity     string // with NoIntegrity: an attribute all the same, that browsers pass over
	MetaCSP       string
	MetaReferrer  string
	Generator     string // e.g. "WordPress 5.1"
	DefaultPage   bool   // the page of a freshly installed server
	Empty         bool   // status and headers, no body
	ContentType   string // "": text/html; charset=utf-8
}

// Signing says how security.txt is signed.
type Signing string

// The ways of signing.
const (
	Signed       Signing = ""
	Unsigned     Signing = "unsigned"
	BadSignature Signing = "bad"         // changed after signing
	UnknownKey   Signing = "unknown_key" // signed by a key that Encryption does not lead to
	DataAfter    Signing = "data_after"  // text after the signature
	BrokenArmor  Signing = "broken"      // the armor is no armor
)

// SecurityTxt says how security.txt is served. The zero value is the perfect file:
// at the well-known place, signed, with Canonical and Encryption, half a year to go.
type SecurityTxt struct {
	Missing    bool // 404 at both places
	LegacyOnly bool // 200 at /security.txt alone
	// Page is a site that shows its page with 200 at every path; DotsHidden one that
	// answers 403 where the path has a name with a dot in front.
	Page, DotsHidden bool
	Status           int // another status at both places
	// RedirectTo sends the client elsewhere, e.g. to a central file.
	RedirectTo  string
	ContentType string // "": text/plain; charset=utf-8; "none": no such header
	Sign        Signing
	// Expires is relative to the lab's time; 0: half a year.
	Expires time.Duration
	// Drop leaves out the fields of these names; Add adds lines as they are.
	Drop []string
	Add  []string
	// Body replaces the whole text, before signing; "-" is an empty file.
	Body           string
	BOM            bool
	NoFinalNewline bool // before signing; only seen in an unsigned file
	CRLF           bool
	NotUTF8        bool
}

// Torment is a way to be hostile within HTTP.
type Torment string

// The torments.
const (
	NoTorment       Torment = ""
	NeverAnswer     Torment = "never_answer"     // reads the request, says nothing
	SlowHeaders     Torment = "slow_headers"     // one header byte a second
	SlowBody        Torment = "slow_body"        // one body byte a second
	NeverRead       Torment = "never_read"       // takes no more bytes than fit the buffers
	EndlessBody     Torment = "endless_body"     // a body without end
	EndlessChunks   Torment = "endless_chunks"   // one-byte chunks without end
	EndlessHeaders  Torment = "endless_headers"  // header lines without end
	HugeHeader      Torment = "huge_header"      // one header line of 1 GiB
	GzipBomb        Torment = "gzip_bomb"        // 10 MiB that unpack to 10 GiB
	ShortLength     Torment = "short_length"     // Content-Length below the body sent
	LongLength      Torment = "long_length"      // Content-Length above the body sent, then FIN
	NeverClose      Torment = "never_close"      // a whole page whose end is the end of the connection, which does not come
	TwoLengths      Torment = "two_lengths"      // two different Content-Length lines
	ChunkGarbage    Torment = "chunk_garbage"    // chunk sizes that are no numbers
	ResetHalfway    Torment = "reset_halfway"    // RST within the body
	CloseHalfway    Torment = "close_halfway"    // FIN within the headers
	WrongProtocol   Torment = "wrong_protocol"   // an SMTP banner
	GarbageAnswer   Torment = "garbage"          // random bytes
	EndlessContinue Torment = "endless_continue" // 100 Continue without end
	BadStatusLine   Torment = "bad_status"       // HTTP/9.9 abc

	DeflateBomb     Torment = "deflate_bomb"     // a thousand times more than on the wire, without end
	BrotliBomb      Torment = "brotli_bomb"      // the same in brotli
	ZstdBomb        Torment = "zstd_bomb"        // blocks of 128 KiB in four bytes, without end
	ZstdWindow      Torment = "zstd_window"      // wants a window of 2 GiB
	NestedCodings   Torment = "nested_codings"   // gzip in gzip in gzip …
	ChunkHuge       Torment = "chunk_huge"       // a chunk of 2^64-1 bytes
	ChunkNegative   Torment = "chunk_negative"   // a chunk of -1 bytes
	ChunkExtensions Torment = "chunk_extensions" // four thousand bytes of extension around each byte
	ChunkTrailers   Torment = "chunk_trailers"   // trailer lines without end
	HugeLength      Torment = "huge_length"      // Content-Length of more than 64 bits
	NegativeLength  Torment = "negative_length"  // Content-Length: -1
	BothFramings    Torment = "both_framings"    // Content-Length and Transfer-Encoding, which disagree
	SmuggledAnswer  Torment = "smuggled_answer"  // a second answer behind the first, to nobody's request
	SmuggledHeaders Torment = "smuggled_headers" // lines hidden behind bare CR, NUL and folding
	OldHTTP         Torment = "http09"           // a page without any head, as HTTP/0.9 had it
	Icecast         Torment = "icy"              // ICY 200 OK, as radio stations say
	SpeaksHTTP2     Torment = "speaks_h2"        // frames of HTTP/2 that nobody asked for

	// The following torment over HTTP/2 alone.
	H2Settings     Torment = "h2_settings"     // SETTINGS without end
	H2Pings        Torment = "h2_pings"        // PING without end
	H2Continuation Torment = "h2_continuation" // CONTINUATION without end (CVE-2024-27316)
	H2HeaderBomb   Torment = "h2_header_bomb"  // one long header, thousands of times by a byte each (CVE-2016-6581)
	H2EmptyData    Torment = "h2_empty_data"   // DATA frames without data, without end (CVE-2019-9518)
	H2Pushes       Torment = "h2_pushes"       // promises that nobody asked for
	H2HugeFrame    Torment = "h2_huge_frame"   // a frame of 16 MiB
)
