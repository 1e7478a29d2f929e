package spf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"peil/internal/standard/lookup"
)

// Result is what check_host() gives (section 2.6).
type Result string

// The results.
const (
	None      Result = "none"
	Neutral   Result = "neutral"
	Pass      Result = "pass"
	Fail      Result = "fail"
	SoftFail  Result = "softfail"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// Sender is who sends (section 4.1).
type Sender struct {
	IP       netip.Addr
	MailFrom string // "" for a bounce: then postmaster at HELO (section 2.4)
	HELO     string
	Receiver string // the r macro; "unknown" by default
	Unix     int64  // the t macro
}

// Outcome is a result with what led to it.
type Outcome struct {
	Result      Result
	Explanation string // of a fail, by exp (section 6.2); "" without
	Domain      string // whose record decided
	Term        *Term  // that matched, or at which the evaluation broke off; nil for none
	Problem     string // of temperror and permerror: one of the codes below
	Lookups     int    // terms that asked the DNS
	Voids       int    // of these, void look-ups
	// Missing are questions whose answers were Unknown. When there are any the outcome
	// says nothing yet.
	Missing []Question
}

// The problems of a temperror or permerror.
const (
	Syntax         = "syntax"           // section 4.6: see the record's defects
	Multiple       = "multiple_records" // section 4.5
	NoRecord       = "no_record"        // sections 5.2 and 6.1: the target has no record
	DNSFailure     = "dns_failure"      // sections 4.4 and 5
	TooManyLookups = "too_many_lookups" // section 4.6.4
	TooManyVoids   = "too_many_voids"   // section 4.6.4
	TooManyMX      = "too_many_mx"      // section 4.6.4
)

// Check evaluates check_host() (section 4) for a sender. Call it again with more
// answers while it misses some that it did not miss before.
func Check(s Sender, ask Ask) Outcome {
	s.IP = s.IP.Unmap().WithZone("")
	c := &checker{sender: s, ask: ask}
	at := strings.LastIndexByte(s.MailFrom, '@')
	switch {
	case s.MailFrom == "":
		c.local, c.origin = "postmaster", s.HELO
	case at < 0:
		c.local, c.origin = "postmaster", s.MailFrom
	default:
		c.local, c.origin = s.MailFrom[:at], s.MailFrom[at+1:]
		if c.local == "" {
			c.local = "postmaster" // section 4.3
		}
	}
	domain := lookup.Canonical(c.origin)
	if !s.IP.IsValid() || !lookup.ValidName(domain) || !strings.Contains(domain, ".") || strings.ContainsAny(domain, "[]") {
		c.out.Result = None // section 4.3
		return c.out
	}
	var exp *Spec
	c.out.Result, exp, domain = c.host(domain)
	if c.out.Result == Fail && exp != nil {
		c.out.Explanation = c.explain(exp, domain)
	}
	return c.out
}

type checker struct {
	sender        Sender
	local, origin string
	ask           Ask
	out           Outcome
	names         []string // validated names of the address
	namesKnown    bool
}

func (c *checker) get(name, qtype string) Answer {
	name = lookup.Canonical(name)
	if !lookup.ValidName(name) {
		return Answer{Status: lookup.NXDomain}
	}
	a := c.ask(name, qtype)
	if q := (Question{Name: name, Type: qtype}); a.Status == lookup.Unknown && !slices.Contains(c.out.Missing, q) {
		c.out.Missing = append(c.out.Missing, q)
	}
	return a
}

// answered reports whether an answer or a denial came.
func answered(a Answer) bool { return a.Status == lookup.OK || a.Void() }

func (c *checker) end(r Result, problem string, t *Term, domain string) Result {
	c.out.Problem, c.out.Term, c.out.Domain = problem, t, domain
	return r
}

// host is check_host() for a domain; exp is the explanation that holds for its result,
// and owner the domain of its record.
func (c *checker) host(domain string) (r Result, exp *Spec, owner string) {
	if !lookup.ValidName(domain) {
		return c.end(None, "", nil, domain), nil, domain
	}
	a := c.get(domain, "TXT")
	if !answered(a) {
		return c.end(TempError, DNSFailure, nil, domain), nil, domain
	}
	found := Select(a.TXT)
	switch len(found) {
	case 0:
		return c.end(None, "", nil, domain), nil, domain
	case 1:
	default:
		return c.end(PermError, Multiple, nil, domain), nil, domain
	}
	rec := Parse(found[0])
	if !rec.Valid() {
		return c.end(PermError, Syntax, nil, domain), nil, domain
	}
	for _, i := range rec.Evaluated() {
		t := &rec.Terms[i]
		if t.Asks() {
			if c.out.Lookups++; c.out.Lookups > MaxLookups {
				return c.end(PermError, TooManyLookups, t, domain), nil, domain
			}
		}
		if t.Kind == Redirect {
			target := c.target(t, domain)
			r, exp, owner = c.host(target)
			if r == None {
				r = c.end(PermError, NoRecord, t, domain)
			}
			return r, exp, owner
		}
		match, broken := c.match(t, domain)
		if broken != "" {
			return broken, nil, domain
		}
		if match {
			if e := rec.Find(Exp); e != nil {
				exp = e.Target
			}
			return c.end(results[t.Qualifier], "", t, domain), exp, domain
		}
	}
	return c.end(Neutral, "", nil, domain), nil, domain // section 4.7
}

var results = map[Qualifier]Result{Plus: Pass, Minus: Fail, Tilde: SoftFail, Query: Neutral}

// target is the name that a term is about.
func (c *checker) target(t *Term, domain string) string {
	if t.Target == nil {
		return domain
	}
	return t.Target.name(func(l byte) string { return c.macro(l, domain) })
}

// match evaluates a mechanism (section 5); broken is a result that ends it all.
func (c *checker) match(t *Term, domain string) (match bool, broken Result) {
	ip := c.sender.IP
	switch t.Kind {
	case All:
		return true, ""
	case IP4, IP6:
		return t.Network.Contains(ip), ""
	}
	name := c.target(t, domain)
	switch t.Kind {
	case Include:
		r, _, _ := c.host(name)
		switch r {
		case Pass:
			return true, ""
		case None:
			return false, c.end(PermError, NoRecord, t, domain)
		case TempError, PermError: // where and why is already written down
			return false, r
		}
		return false, ""
	case PTR:
		c.validated(true)
		if c.out.Voids > MaxVoids {
			return false, c.end(PermError, TooManyVoids, t, domain)
		}
		for _, n := range c.names {
			if n == name || strings.HasSuffix(n, "."+name) {
				return true, ""
			}
		}
		return false, ""
	}
	qtype := "AAAA"
	switch {
	case t.Kind == MX:
		qtype = "MX"
	case t.Kind == Exists || ip.Is4():
		qtype = "A" // exists: whatever the sender's family (section 5.7)
	}
	a := c.get(name, qtype)
	switch {
	case !answered(a):
		return false, c.end(TempError, DNSFailure, t, domain)
	case a.Void() && lookup.ValidName(name):
		if c.out.Voids++; c.out.Voids > MaxVoids {
			return false, c.end(PermError, TooManyVoids, t, domain)
		}
	}
	switch t.Kind {
	case Exists:
		return a.Status == lookup.OK, ""
	case A:
		return within(a.Addrs, ip, t), ""
	}
	return c.mx(a.Hosts, t, domain)
}

func (c *checker) mx(hosts []string, t *Term, domain string) (match bool, broken Result) {
	if len(hosts) > MaxHosts {
		return false, c.end(PermError, TooManyMX, t, domain)
	}
	qtype := "A"
	if c.sender.IP.Is6() {
		qtype = "AAAA"
	}
	failed := false
	for _, h := range hosts {
		a := c.get(h, qtype)
		if !failed && within(a.Addrs, c.sender.IP, t) {
			return true, ""
		}
		failed = failed || !answered(a)
	}
	if failed {
		return false, c.end(TempError, DNSFailure, t, domain)
	}
	return false, ""
}

// within reports whether ip is in the network of one of the addresses.
func within(addrs []netip.Addr, ip netip.Addr, t *Term) bool {
	for _, a := range addrs {
		a = a.Unmap()
		if a.BitLen() != ip.BitLen() {
			continue
		}
		if p, err := a.Prefix(t.prefix(a)); err == nil && p.Contains(ip) {
			return true
		}
	}
	return false
}

func (t *Term) prefix(a netip.Addr) int {
	if a.Is4() {
		return t.Prefix4
	}
	return t.Prefix6
}

// validated looks up the names of the sender's address that lead back to it (section
// 5.5); count is whether a void look-up counts.
func (c *checker) validated(count bool) {
	if c.namesKnown {
		return
	}
	c.namesKnown = true
	a := c.get(reverse(c.sender.IP), "PTR")
	if a.Void() && count {
		c.out.Voids++
	}
	qtype := "A"
	if c.sender.IP.Is6() {
		qtype = "AAAA"
	}
	for _, n := range a.Hosts[:min(len(a.Hosts), MaxHosts)] {
		n = lookup.Canonical(n)
		for _, addr := range c.get(n, qtype).Addrs {
			if addr.Unmap() == c.sender.IP {
				c.names = append(c.names, n)
				break
			}
		}
	}
}

// macro is the value of a macro letter (section 7.2).
func (c *checker) macro(l byte, domain string) string {
	switch l {
	case 's':
		return c.local + "@" + c.origin
	case 'l':
		return c.local
	case 'o':
		return c.origin
	case 'd':
		return domain
	case 'i':
		return dotted(c.sender.IP)
	case 'p':
		return c.name(domain)
	case 'v':
		if c.sender.IP.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return c.sender.HELO
	case 'c':
		return c.sender.IP.String()
	case 'r':
		if c.sender.Receiver != "" {
			return c.sender.Receiver
		}
		return "unknown"
	case 't':
		return strconv.FormatInt(c.sender.Unix, 10)
	}
	return ""
}

// name is the p macro (section 7.3): the domain itself, else a name below it, else any.
func (c *checker) name(domain string) string {
	c.validated(false)
	best := "unknown"
	for _, n := range c.names {
		switch {
		case n == domain:
			return n
		case strings.HasSuffix(n, "."+domain) && !strings.HasSuffix(best, "."+domain), best == "unknown":
			best = n
		}
	}
	return best
}

// explain fetches the explanation (section 6.2): "" when it cannot be had.
func (c *checker) explain(exp *Spec, domain string) string {
	value := func(l byte) string { return c.macro(l, domain) }
	a := c.get(exp.name(value), "TXT")
	if len(a.TXT) != 1 {
		return ""
	}
	text, code, _ := parseSpec(a.TXT[0], false, true)
	if code != "" {
		return ""
	}
	return text.expand(value)
}
