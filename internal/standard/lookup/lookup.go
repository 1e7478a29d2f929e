// Package lookup is what the readers of mail policies (SPF, DMARC) need to know of the
// DNS: a question, an answer, and a function from the one to the other. Where the
// answers come from, a resolver or stored facts, is not their concern; an answer that
// is not there yet is Unknown, and the readers say which questions those were.
package lookup

import (
	"net/netip"
	"strings"

	"peil/internal/fact"
)

// Status is what came of a question. The zero value is "not known".
type Status uint8

// The states of an answer.
const (
	Unknown  Status = iota // not asked yet, or we could not see
	OK                     // there are records of the type
	NoData                 // the name exists, records of the type do not (RFC 2308 section 2.2)
	NXDomain               // the name does not exist (RFC 8020)
	Failure                // the servers of the domain fail, or DNSSEC does: a verifier cannot know
)

// Question is a name and a type of record. Names are in lower case without final dot.
type Question struct{ Name, Type string }

// Answer is what the DNS says.
type Answer struct {
	Status Status
	TXT    []string     // TXT: each record, its strings joined without a space
	Addrs  []netip.Addr // A or AAAA
	Hosts  []string     // MX: hosts by preference ("" is a null MX, RFC 7505); PTR: names
}

// Void reports whether the answer has no records though the DNS answered (RFC 7208
// section 4.6.4).
func (a Answer) Void() bool { return a.Status == NoData || a.Status == NXDomain }

// Ask gives the answer to a question. It must be a pure function for as long as one
// reading lasts.
type Ask func(name, qtype string) Answer

// Of is the answer that a stored look-up holds; nil is Unknown. A bogus answer is a
// failure: a validating resolver gives SERVFAIL for it (RFC 4035 section 5.5).
func Of(l *fact.Lookup) Answer {
	switch {
	case l == nil:
		return Answer{}
	case l.Security == fact.Bogus:
		return Answer{Status: Failure}
	case l.RCode == "NXDOMAIN":
		return Answer{Status: NXDomain}
	case l.RCode == "NOERROR" && len(l.Records) == 0:
		return Answer{Status: NoData}
	case l.RCode == "NOERROR":
	case l.RCode != "":
		return Answer{Status: Failure}
	default:
		return Answer{}
	}
	a := Answer{Status: OK}
	switch l.Type {
	case "TXT":
		for i := range l.Records {
			s, _ := JoinTXT(l.Records[i].Raw)
			a.TXT = append(a.TXT, s)
		}
	case "A", "AAAA":
		for i := range l.Records {
			if ip, err := netip.ParseAddr(l.Records[i].Data); err == nil {
				a.Addrs = append(a.Addrs, ip)
			}
		}
	case "MX":
		a.Hosts = hosts(l.Records)
	case "PTR":
		for i := range l.Records {
			a.Hosts = append(a.Hosts, Canonical(l.Records[i].Data))
		}
	}
	return a
}

// JoinTXT joins the strings of a TXT record's RDATA (RFC 7208 section 3.3, RFC 6376
// section 3.6.2.2) and counts them. What follows a string that is cut short is lost.
func JoinTXT(rdata []byte) (text string, n int) {
	var b strings.Builder
	b.Grow(len(rdata))
	for len(rdata) > 0 {
		l := min(int(rdata[0]), len(rdata)-1)
		b.Write(rdata[1 : 1+l])
		rdata = rdata[1+l:]
		n++
	}
	return b.String(), n
}

// Canonical is a name in lower case without final dot.
func Canonical(name string) string {
	name = strings.TrimSuffix(name, ".")
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			b := []byte(name)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] |= 0x20
				}
			}
			return string(b)
		}
	}
	return name
}

// ValidName reports whether a query can be made for a name: labels of 1 to 63 octets,
// 253 in all (RFC 1035 section 2.3.4).
func ValidName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return false
	}
	for l := range strings.SplitSeq(name, ".") {
		if l == "" || len(l) > 63 {
			return false
		}
	}
	return true
}
