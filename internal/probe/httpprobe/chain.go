package httpprobe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"peil/internal/egress"
	"peil/internal/fact"
	"peil/internal/probe/tlsprobe"
)

// maxHops is how many requests a chain may have. Browsers follow 20 redirects.
const maxHops = 20

// answerKey is what makes two requests the same.
type answerKey struct {
	url    string
	cookie string
	addr   netip.Addr
}

// answer is one request and what came of it.
type answer struct {
	hop  fact.Hop
	next *url.URL // where it redirects to, or nil
	bad  bool     // it redirects to what cannot be followed
	// spent is the time it took to talk, without waiting for a connection: politeness
	// is not the server's slowness.
	spent time.Duration
	set   []string // Set-Cookie lines, for the case that they are needed

	readError error // the body broke off, or its framing was none

	once sync.Once
	page *fact.Page   // written by once
	fp   *Fingerprint // written by once

	mu   sync.Mutex
	body []byte // derive cuts it to maxSecurityTxt; guarded by mu
}

// text is the body, as far as it is still there.
func (a *answer) text() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.body
}

// fetch follows a chain of requests. Requests for name go to addr, those for other
// hosts where the DNS says, in the same address family when there is one. judged says
// that somebody asks that address hellos of other kinds and will say what a handshake
// means that ended in a reset.
func (p *Prober) fetch(ctx context.Context, name string, addr netip.Addr, start string, judged bool) (*fact.Fetch, *answer) {
	f := &fact.Fetch{}
	u, err := url.Parse(start)
	if err != nil {
		f.End = fact.EndClientError
		return f, nil
	}
	var jar http.CookieJar
	seen := map[string]bool{}
	var spent time.Duration
	for {
		key := u.String()
		cookie := ""
		if seen[key] {
			// A second time at the same place. Sites that hand out a cookie and send
			// the visitor back let him in when he shows it.
			if cookie = cookiesFor(jar, u); cookie == "" || seen[key+"\n"+cookie] {
				f.End = fact.EndLoop
				return f, nil
			}
			seen[key+"\n"+cookie] = true
		}
		seen[key] = true
		if len(f.Hops) >= maxHops {
			f.End = fact.EndTooMany
			return f, nil
		}
		if spent > maxChain {
			f.Gap = fact.GapSlow
			return f, nil
		}
		a := p.step(ctx, name, addr, u, cookie)
		spent += a.spent
		hop := a.hop
		others := !judged || u.Hostname() != name || hop.Addr != addr
		if hop.Error == "tls" && hop.Gap == "" && others && !p.Alerted(originOf(u, hop.Addr).addr) {
			hop.Gap = fact.GapBlocked // a reset, and no hello that is accepted later to hold it against
		}
		f.Hops = append(f.Hops, hop)
		switch {
		case hop.Gap != "":
			f.Gap = hop.Gap
			return f, nil
		case hop.Status == 0 || a.bad:
			f.End = fact.EndClientError
			return f, nil
		case a.next == nil:
			f.End = fact.EndOK
			return f, a
		}
		if len(a.set) > 0 {
			if jar == nil {
				jar, _ = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // the error is always nil
			}
			jar.SetCookies(u, (&http.Response{Header: http.Header{"Set-Cookie": a.set}}).Cookies())
		}
		u = a.next
	}
}

// cookiesFor is the Cookie header for a URL.
func cookiesFor(jar http.CookieJar, u *url.URL) string {
	if jar == nil {
		return ""
	}
	var b strings.Builder
	for i, c := range jar.Cookies(u) {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name + "=" + c.Value)
		if b.Len() > 8<<10 {
			break
		}
	}
	return b.String()
}

// step makes one request of a chain, or takes it from what was fetched before.
func (p *Prober) step(ctx context.Context, name string, addr netip.Addr, u *url.URL, cookie string) *answer {
	addrs := []netip.Addr{addr}
	if u.Hostname() != name {
		var gap fact.Gap
		if addrs, gap = p.elsewhere(ctx, u.Hostname(), addr); len(addrs) == 0 {
			a := &answer{hop: fact.Hop{URL: u.String(), Error: "no_address", Gap: gap, At: p.Now()}}
			return a
		}
	}
	var a *answer
	for _, at := range addrs {
		a = p.answers.do(answerKey{u.String(), cookie, at}, func() *answer { return p.request(ctx, at, u, cookie) })
		if a.hop.Status != 0 {
			break
		}
	}
	return a
}

// elsewhere gives at most two addresses of another host, those of the family of like
// first. An address in place of a name is taken as such; whether it may be dialled
// is for egress to say.
func (p *Prober) elsewhere(ctx context.Context, host string, like netip.Addr) ([]netip.Addr, fact.Gap) {
	if a, is, err := egress.ParseAddr(host); is || err != nil {
		if err != nil {
			return nil, fact.GapNotPublic
		}
		return []netip.Addr{a}, ""
	}
	v4, v6, gap := p.Resolve(ctx, host)
	if like.Is4() {
		v4, v6 = v6, v4
	}
	all := append(v6[:min(2, len(v6)):min(2, len(v6))], v4...)
	return all[:min(2, len(all))], gap
}

// request makes one request, with a second try when the first fails otherwise than by
// an answer (catalogue A.2, B.7).
func (p *Prober) request(ctx context.Context, addr netip.Addr, u *url.URL, cookie string) *answer {
	o := originOf(u, addr)
	a := &answer{hop: fact.Hop{URL: u.String(), Addr: addr, At: p.Now()}}
	q := request{host: u.Host, path: u.RequestURI(), cookie: cookie}
	begin := time.Now()
	var err error
	for try := 0; try < 2; {
		var stale bool
		if stale, err = p.attempt(ctx, o, q, a, u); err == nil {
			break
		}
		var dial *DialError
		if errors.As(err, &dial) || errors.Is(err, errTooLarge) || tlsprobe.IsAlert(err) || ctx.Err() != nil {
			break
		}
		if !stale { // a kept connection that the server had closed is no failure
			try++
		}
	}
	a.hop.Millis = int(time.Since(begin).Milliseconds())
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		if p.answered == nil {
			p.answered = map[netip.AddrPort]bool{}
		}
		p.answered[o.addr] = true
		return a
	}
	if tlsprobe.IsAlert(err) {
		if p.alerted == nil {
			p.alerted = map[netip.AddrPort]bool{}
		}
		p.alerted[o.addr] = true
	}
	a.hop.Status = 0
	a.hop.Error, a.hop.Gap = p.failure(ctx, err)
	if a.hop.Gap == "" && p.answered[o.addr] && a.hop.Error == "tls" {
		a.hop.Gap = fact.GapBlocked // it answered before: it cut us off
	}
	return a
}

// attempt makes one request on a kept or a new connection and reads the answer.
// stale says that the connection was a kept one that failed before any answer.
func (p *Prober) attempt(ctx context.Context, o origin, q request, a *answer, u *url.URL) (stale bool, err error) {
	c, err := p.take(ctx, o)
	if err != nil {
		return false, err
	}
	stale = c.used
	defer func(begin time.Time) { a.spent += time.Since(begin) }(time.Now())
	release := p.limit(ctx, c)
	h, framed, keep, err := p.exchange(c, q)
	if err != nil {
		release()
		_ = c.Close()
		if c.h2 != nil && (!stale || errors.Is(err, errH2)) {
			// It may still be seen as a website by way of HTTP/1.1.
			_, gap := p.failure(ctx, err)
			p.mu.Lock()
			if p.noH2 == nil {
				p.noH2 = map[origin]fact.Gap{}
			}
			p.noH2[o] = gap
			p.mu.Unlock()
		}
		return stale && ctx.Err() == nil && !isTimeout(err), err
	}
	c.used = true
	body := readContent(h.values("Content-Encoding"), framed, maxBody)
	release()
	switch {
	case ctx.Err() == nil && keep && body.whole && c.reusable():
		p.give(c)
	case ctx.Err() == nil && c.h2 != nil && c.reusable():
		c.h2.cancel(c.h2.stream)
		p.give(c)
	default:
		_ = c.Close()
	}
	a.fill(h, body, u)
	if a.readError != nil {
		_, a.hop.BodyGap = p.failure(ctx, a.readError)
	}
	a.hop.TLSVersion = c.version
	if len(c.certs) > 0 {
		a.hop.Chain = p.keepChain(c)
	}
	return false, nil
}

// take gives a kept connection to an origin, or a new one.
func (p *Prober) take(ctx context.Context, o origin) (*conn, error) {
	p.mu.Lock()
	for cs := p.idle[o]; len(cs) > 0; cs = p.idle[o] {
		c := cs[len(cs)-1]
		p.idle[o] = cs[:len(cs)-1]
		if c.unpark() {
			p.mu.Unlock()
			return c, nil
		}
		_ = c.Close()
	}
	alpn := []string{"h2", "http/1.1"}
	if _, not := p.noH2[o]; not {
		alpn = alpn[1:]
	}
	p.mu.Unlock()
	return p.connect(ctx, o, alpn)
}

func (p *Prober) give(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle == nil {
		p.idle = map[origin][]*conn{}
	}
	p.idle[c.origin] = append(p.idle[c.origin], c)
	c.park()
}

func (p *Prober) keepChain(c *conn) string {
	id := fact.ChainID(c.origin.host, c.certs)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.chains == nil {
		p.chains = map[string]ReceivedChain{}
	}
	p.chains[id] = ReceivedChain{ID: id, ServerName: c.origin.host, Certs: c.certs}
	return id
}

// fill writes down a response.
func (a *answer) fill(h *Head, body content, u *url.URL) {
	hop := &a.hop
	hop.Status, hop.Proto = h.Status, h.Proto
	hop.Header = keep(h.Lines)
	a.set = h.values("Set-Cookie")
	for _, s := range a.set {
		if c, ok := ParseCookie(s, hop.At); ok {
			hop.Cookies = append(hop.Cookies, c)
		}
	}
	sum := sha256.Sum256(body.bytes)
	hop.BodySize, hop.BodyHash, hop.Truncated = int64(len(body.bytes)), hex.EncodeToString(sum[:]), body.truncated
	a.body, a.readError = body.bytes, body.err
	hop.Location = h.first("Location")
	if hop.Location == "" {
		return
	}
	switch h.Status {
	case 301, 302, 303, 307, 308:
		if a.next = target(u, hop.Location); a.next == nil {
			a.bad = true
			return
		}
		hop.Next = a.next.String()
		a.body = nil // nobody looks at the page of a redirect
	}
}

// target is where a Location leads (RFC 9110 section 10.2.2), or nil when it is not a
// place that can be visited.
func target(base *url.URL, location string) *url.URL {
	u, err := base.Parse(location)
	if err != nil || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if !isASCII(host) {
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return nil
		}
	}
	if host == "" || len(host) > 253 || strings.ContainsAny(host, " /\\@?#%<>\"") {
		return nil
	}
	port := u.Port()
	if strings.HasSuffix(u.Host, ":") || port == defaultPort(u.Scheme) {
		port = ""
	}
	if strings.Contains(host, ":") {
		if _, err := netip.ParseAddr(host); err != nil {
			return nil
		}
		host = "[" + host + "]"
	}
	if port != "" {
		n, err := netip.ParseAddrPort("0.0.0.0:" + port)
		if err != nil || badPort(n.Port()) {
			return nil
		}
		host += ":" + port
	}
	u.Host, u.User, u.Fragment, u.RawFragment = host, nil, "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawQuery = escapeQuery(u.RawQuery)
	return u
}

// badPorts are the ports of other services, to which no browser sends a request (Fetch
// standard, section 2.9, "bad port"): else a website could make its visitors talk to mail
// servers and databases of others. The last four are those of databases that read lines
// and pass over what they do not understand.
var badPorts = []uint16{
	0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
	111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540,
	548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566,
	6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 3306, 5432, 6379, 11211,
}

func badPort(port uint16) bool { return slices.Contains(badPorts, port) }

// escapeQuery does what browsers do to a query that is not a legal one: url.Parse
// leaves it as it was, and a space in it would break the request line.
func escapeQuery(q string) string {
	const legal = "!#$%&'()*+,-./:;=?@[]_~{}|^`\\"
	fine := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(legal, c) >= 0
	}
	var b strings.Builder
	for i := range len(q) {
		if fine(q[i]) {
			b.WriteByte(q[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", q[i])
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// originOf is the origin of a URL at an address.
func originOf(u *url.URL, addr netip.Addr) origin {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	n, _ := netip.ParseAddrPort("0.0.0.0:" + port) // target checked it
	return origin{u.Scheme, u.Hostname(), netip.AddrPortFrom(addr, n.Port())}
}

func isPlain(u string) bool { return strings.HasPrefix(u, "http://") }
