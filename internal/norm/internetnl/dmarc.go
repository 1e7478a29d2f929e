package internetnl

import (
	"strings"
)

// IsDMARC reports whether a TXT record is taken for a DMARC record.
func IsDMARC(txt string) bool { return hasPrefixFold(txt, "v=dmarc1") }

// DMARC is a record that could be read. Values are in lower case, save those of rua and
// ruf.
type DMARC struct {
	P, SP, T string
	RUA, RUF string // the value as it stands
	Any      bool   // there is a tag besides the version
}

// ReadDMARC reads a record by the grammar of RFC 7489 section 6.4 with the tags of RFC
// 9989: p first, the others in any order and each once, an unknown one is a syntax
// error. Only the space counts as white space.
func ReadDMARC(record string) (d DMARC, ok bool) {
	s := dmarcScanner{record}
	if !s.fold("v") || !s.equals() || !s.exact("DMARC1") || !s.separator() {
		return d, false
	}
	if v, ok := s.tag("p", dmarcPolicy); ok {
		d.P, d.Any = strings.ToLower(v), true
	}
	seen := map[string]bool{}
	for {
		before := s
		if !s.separator() {
			break
		}
		name, value, ok := s.anyTag(seen)
		if !ok {
			s = before
			break
		}
		seen[name], d.Any = true, true
		switch name {
		case "sp":
			d.SP = strings.ToLower(value)
		case "t":
			d.T = strings.ToLower(value)
		case "rua":
			d.RUA = value
		case "ruf":
			d.RUF = value
		}
	}
	s.separator()
	return d, s.rest == ""
}

// Enough reports whether the policy asks for anything: that of subdomains where the
// record is the organisational domain's.
func (d DMARC) Enough(organisational bool) bool {
	p := d.P
	if organisational && d.SP != "" {
		p = d.SP
	}
	return p == "reject" || p == "quarantine" && d.T != "y"
}

// ReportHosts are the hosts that reports go to, in order: those of mail addresses. A
// value with a second = is cut there [Q].
func (d DMARC) ReportHosts() (hosts []string) {
	for _, value := range []string{d.RUA, d.RUF} {
		value, _, _ = strings.Cut(value, "=")
		for uri := range strings.SplitSeq(value, ",") {
			uri = strings.TrimSpace(uri)
			if _, rest, ok := scheme(uri); ok {
				uri = rest
			}
			if strings.HasPrefix(uri, "//") {
				continue
			}
			if i := strings.IndexAny(uri, "?#"); i >= 0 {
				uri = uri[:i]
			}
			if uri == "" {
				continue
			}
			host := uri
			if _, after, ok := strings.Cut(uri, "@"); ok {
				host, _, _ = strings.Cut(after, "!")
			}
			hosts = append(hosts, strings.TrimRight(strings.ToLower(strings.TrimSpace(host)), "."))
		}
	}
	return hosts
}

// Authorised reports whether the TXT records at <domain>._report._dmarc.<host> allow
// reports to be sent there: exactly one is a DMARC record by the same grammar, so that
// a bare v=DMARC1 does not do [Q].
func Authorised(txt []string) bool {
	n := 0
	for _, t := range txt {
		if _, ok := ReadDMARC(t); ok {
			n++
		}
	}
	return n == 1
}

// NotSendingDMARC reports whether a record, in the case in which it stands, says that
// everything is to be rejected.
func NotSendingDMARC(record string, organisational bool) bool {
	rest, ok := strings.CutPrefix(record, "v=DMARC1;")
	if !ok {
		return false
	}
	reject := strings.HasPrefix(strings.TrimLeft(rest, " "), "p=reject")
	if !organisational {
		return reject
	}
	return strings.Contains(rest, "sp=reject") || reject && !strings.Contains(rest, "sp=")
}

// dmarcScanner reads a record from the left. What it cannot match it leaves.
type dmarcScanner struct{ rest string }

func (s *dmarcScanner) spaces() { s.rest = strings.TrimLeft(s.rest, " ") }

func (s *dmarcScanner) exact(lit string) bool {
	rest, ok := strings.CutPrefix(s.rest, lit)
	s.rest = rest
	return ok
}

func (s *dmarcScanner) fold(lit string) bool {
	if !hasPrefixFold(s.rest, lit) {
		return false
	}
	s.rest = s.rest[len(lit):]
	return true
}

// around matches a character with spaces on both sides.
func (s *dmarcScanner) around(lit string) bool {
	before := *s
	s.spaces()
	if !s.exact(lit) {
		*s = before
		return false
	}
	s.spaces()
	return true
}

func (s *dmarcScanner) separator() bool { return s.around(";") }
func (s *dmarcScanner) equals() bool    { return s.around("=") }

// tag matches name=value and gives the value.
func (s *dmarcScanner) tag(name string, value func(*dmarcScanner) bool) (string, bool) {
	before := *s
	if s.fold(name) && s.equals() {
		start := s.rest
		if value(s) {
			return start[:len(start)-len(s.rest)], true
		}
	}
	*s = before
	return "", false
}

// dmarcTags are the tags after p, with what their values look like.
var dmarcTags = []struct {
	name  string
	value func(*dmarcScanner) bool
}{
	{"sp", dmarcPolicy},
	{"np", dmarcPolicy},
	{"psd", oneOf("y", "n", "u")},
	{"t", oneOf("y", "n")},
	{"rua", dmarcURIs},
	{"ruf", dmarcURIs},
	{"adkim", oneOf("r", "s")},
	{"aspf", oneOf("r", "s")},
	{"ri", digits(1 << 30)},
	{"fo", listOf(":", oneOf("0", "1", "d", "s"))},
	{"rf", listOf(":", dmarcKeyword)},
	{"pct", digits(3)},
}

func (s *dmarcScanner) anyTag(seen map[string]bool) (name, value string, ok bool) {
	for _, t := range dmarcTags {
		if seen[t.name] {
			continue
		}
		if value, ok := s.tag(t.name, t.value); ok {
			return t.name, value, true
		}
	}
	return "", "", false
}

var dmarcPolicy = oneOf("none", "quarantine", "reject")

func oneOf(words ...string) func(*dmarcScanner) bool {
	return func(s *dmarcScanner) bool {
		for _, w := range words {
			if s.fold(w) {
				return true
			}
		}
		return false
	}
}

func digits(most int) func(*dmarcScanner) bool {
	return func(s *dmarcScanner) bool {
		n := 0
		for n < len(s.rest) && n < most && isDigit(s.rest[n]) {
			n++
		}
		s.rest = s.rest[n:]
		return n > 0
	}
}

func listOf(between string, item func(*dmarcScanner) bool) func(*dmarcScanner) bool {
	return func(s *dmarcScanner) bool {
		if !item(s) {
			return false
		}
		for {
			before := *s
			if !s.around(between) || !item(s) {
				*s = before
				return true
			}
		}
	}
}

func dmarcKeyword(s *dmarcScanner) bool {
	n := 0
	for n < len(s.rest) && (isAlnum(s.rest[n]) || s.rest[n] == '-') {
		n++
	}
	ok := n > 0 && s.rest[n-1] != '-'
	s.rest = s.rest[n:]
	return ok
}

// dmarcURIs matches URIs, each with a scheme and perhaps a size limit.
func dmarcURIs(s *dmarcScanner) bool { return listOf(",", dmarcURI)(s) }

func dmarcURI(s *dmarcScanner) bool {
	n := strings.IndexAny(s.rest, " ,;")
	if n < 0 {
		n = len(s.rest)
	}
	uri, size, limited := strings.Cut(s.rest[:n], "!")
	s.rest = s.rest[n:]
	if limited && (size == "" || !isDigit(size[0]) || strings.Contains(size, "!")) {
		return false
	}
	_, rest, ok := scheme(uri)
	if !ok {
		return false
	}
	if host, ok := strings.CutPrefix(rest, "//"); ok { // an IPv6 literal that is not closed is no URI
		if i := strings.IndexAny(host, "/?#"); i >= 0 {
			host = host[:i]
		}
		return strings.Contains(host, "[") == strings.Contains(host, "]")
	}
	return true
}

// scheme takes the scheme off a URI.
func scheme(uri string) (name, rest string, ok bool) {
	i := strings.IndexByte(uri, ':')
	if i < 1 || !isAlpha(uri[0]) {
		return "", uri, false
	}
	for j := range i {
		if !isAlnum(uri[j]) && strings.IndexByte("+-.", uri[j]) < 0 {
			return "", uri, false
		}
	}
	return uri[:i], uri[i+1:], true
}
