package resolver

import (
	"errors"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// name is a domain name in wire form (RFC 1035 section 3.1) with ASCII letters in
// lower case, final empty label included. Two names are equal when their strings are.
type name string

const root name = "\x00"

var errName = errors.New("not a domain name")

// parseName reads the presentation form, with or without final dot.
func parseName(s string) (name, error) {
	if s == "." {
		return root, nil
	}
	if s == "" || len(s) > 1010 { // 253 characters, each at most \DDD
		return "", errName
	}
	var buf [256]byte
	n, err := dns.PackDomainName(dns.Fqdn(s), buf[:], 0, nil, false)
	if err != nil || n > 255 {
		return "", errName
	}
	return lowerName(buf[:n]), nil
}

// mustName is for names written in this program.
func mustName(s string) name {
	n, err := parseName(s)
	if err != nil {
		panic("resolver: " + s + ": " + err.Error())
	}
	return n
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// lowerName makes a name of the uncompressed wire form. Length octets are below
// 64, so they are never taken for letters.
func lowerName(wire []byte) name {
	for _, c := range wire {
		if 'A' <= c && c <= 'Z' {
			b := make([]byte, len(wire))
			for i, c := range wire {
				b[i] = lowerByte(c)
			}
			return name(b)
		}
	}
	return name(wire)
}

// labels counts the labels without the root's.
func (n name) labels() int {
	c := 0
	for i := 0; i < len(n) && n[i] != 0; i += int(n[i]) + 1 {
		c++
	}
	return c
}

// parent is the name without its first label; the root is its own parent.
func (n name) parent() name {
	if n == root || n == "" {
		return root
	}
	return n[int(n[0])+1:]
}

// label is the first label.
func (n name) label() string {
	if n == root || n == "" {
		return ""
	}
	return string(n[1 : int(n[0])+1])
}

// under reports whether n is z or below it.
func (n name) under(z name) bool {
	if !strings.HasSuffix(string(n), string(z)) {
		return false
	}
	i, d := 0, len(n)-len(z)
	for i < d {
		i += int(n[i]) + 1
	}
	return i == d
}

// below reports whether n is strictly below z.
func (n name) below(z name) bool { return len(n) > len(z) && n.under(z) }

// last is the ancestor of n (or n itself) that has k labels.
func (n name) last(k int) name {
	for l := n.labels(); l > k; l-- {
		n = n.parent()
	}
	return n
}

// common is the longest name that both are at or below.
func (n name) common(m name) name {
	a, b := n.labels(), m.labels()
	for ; a > b; a-- {
		n = n.parent()
	}
	for ; b > a; b-- {
		m = m.parent()
	}
	for n != m {
		n, m = n.parent(), m.parent()
	}
	return n
}

// wildcard is the name that stands for those below n that do not exist (RFC 4592).
func (n name) wildcard() (name, bool) {
	if len(n)+2 > 255 {
		return "", false
	}
	return "\x01*" + n, true
}

func (n name) isWildcard() bool { return strings.HasPrefix(string(n), "\x01*") }

// compare orders names canonically (RFC 4034 section 6.1).
func (n name) compare(m name) int {
	var a, b [128]uint8
	la, lb := n.offsets(&a), m.offsets(&b)
	for la > 0 && lb > 0 {
		la, lb = la-1, lb-1
		x, y := n[a[la]+1:], m[b[lb]+1:]
		if c := strings.Compare(string(x[:n[a[la]]]), string(y[:m[b[lb]]])); c != 0 {
			return c
		}
	}
	return la - lb
}

func (n name) offsets(o *[128]uint8) int {
	c := 0
	for i := 0; i < len(n) && n[i] != 0 && c < len(o); i += int(n[i]) + 1 {
		o[c] = uint8(i) // a name has at most 255 octets
		c++
	}
	return c
}

// String is the presentation form without final dot, "." for the root.
func (n name) String() string {
	if n == root || n == "" {
		return "."
	}
	s, _, err := dns.UnpackDomainName([]byte(n), 0)
	if err != nil {
		return "?"
	}
	return strings.TrimSuffix(s, ".")
}

// typeName is the mnemonic of a type, or TYPEn (RFC 3597 section 5).
func typeName(t uint16) string {
	if s, ok := dns.TypeToString[t]; ok {
		return s
	}
	return dns.Type(t).String()
}

func parseType(s string) (uint16, bool) {
	s = strings.ToUpper(s)
	if t, ok := dns.StringToType[s]; ok {
		return t, true
	}
	if d, ok := strings.CutPrefix(s, "TYPE"); ok && d != "" && len(d) <= 5 {
		v := 0
		for _, c := range d {
			if c < '0' || c > '9' {
				return 0, false
			}
			v = v*10 + int(c-'0')
		}
		return uint16(v), v <= 65535 // checked
	}
	return 0, false
}

func rcodeName(c int) string {
	if s, ok := dns.RcodeToString[c]; ok {
		return s
	}
	return "RCODE" + strconv.Itoa(c)
}
