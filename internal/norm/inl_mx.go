package norm

import (
	"net/netip"
	"slices"
	"strings"

	"peil/internal/fact"
	"peil/internal/norm/internetnl"
	"peil/internal/standard/lookup"
)

// The states of the mail servers of a domain (catalogue B.13).
const (
	inlHasMX           = "has-mx"
	inlNoMX            = "no-mx"
	inlNoNullMX        = "no-null-mx"             // no MX, an address, and SPF says that nothing is sent
	inlNullMX          = "null-mx"                // and the domain has an address
	inlNullMXNoAddress = "null-mx-without-a-aaaa" //
	inlNullMXAndOthers = "null-mx-with-other-mx"  //
	inlMaxMX           = 10                       // so many mail servers are looked at, by name
	inlRootMX          = "."                      // with another preference than 0 it is a host like any other
	inlNoServerCheck   = "dig +noall +answer {name} MX {name} A {name} AAAA {name} TXT"
)

// inlMXSet is what is known of the mail servers of a domain.
type inlMXSet struct {
	state string
	hosts []string // sorted, one that is listed twice stands twice
	gap   fact.Gap // the state is not known
}

// inlMailServers reads the MX records as Internet.nl does: those that point to localhost
// are skipped, of the others the first ten by name count. A bogus answer is read like
// any other: its resolver asks with checking disabled.
func (v *view) inlMailServers() (mx inlMXSet) {
	l := v.DNS.Lookup(v.Target.Name, "MX")
	switch {
	case l == nil:
		return inlMXSet{gap: fact.GapNotAsked}
	case l.Gap != "":
		return inlMXSet{gap: l.Gap}
	}
	records := wire(l)
	for _, r := range records {
		preference, host, _ := strings.Cut(r, " ")
		host = strings.ToLower(host)
		if name := strings.TrimSuffix(host, "."); name != "" {
			host = name
		} else {
			host = inlRootMX
		}
		switch {
		case preference == "0" && host == inlRootMX && len(records) > 1:
			return inlMXSet{state: inlNullMXAndOthers}
		case preference == "0" && host == inlRootMX:
			switch has, gap := v.hasAddress(v.Target.Name); {
			case gap != "":
				return inlMXSet{gap: gap}
			case has:
				return inlMXSet{state: inlNullMX}
			}
			return inlMXSet{state: inlNullMXNoAddress}
		case host != "localhost":
			mx.hosts = append(mx.hosts, host)
		}
	}
	if len(mx.hosts) == 0 {
		return v.inlWithoutMX()
	}
	// They sort the names as written, with the final dot.
	slices.SortFunc(mx.hosts, func(a, b string) int { return strings.Compare(a+".", b+".") })
	mx.hosts, mx.state = mx.hosts[:min(len(mx.hosts), inlMaxMX)], inlHasMX
	return mx
}

// inlWithoutMX tells a domain that has no MX from one that should have a null MX.
func (v *view) inlWithoutMX() inlMXSet {
	has, gap := v.hasAddress(v.Target.Name)
	switch {
	case gap != "":
		return inlMXSet{gap: gap}
	case !has:
		return inlMXSet{state: inlNoMX}
	}
	records, _, gap := v.inlTXT(v.Target.Name, internetnl.IsSPF)
	if gap != "" {
		return inlMXSet{gap: gap}
	}
	if len(records) == 1 {
		if terms, ok := internetnl.SPFTerms(records[0]); ok && len(terms) == 1 && terms[0] == "-all" {
			return inlMXSet{state: inlNoNullMX}
		}
	}
	return inlMXSet{state: inlNoMX}
}

// wire is the data of a look-up in the order received.
func wire(l *fact.Lookup) []string {
	if len(l.Wire) > 0 {
		return l.Wire
	}
	data := make([]string, len(l.Records))
	for i, r := range l.Records {
		data[i] = r.Data
	}
	return data
}

// hostAddresses are the addresses of a host in the order received, IPv4-mapped IPv6
// left out. gap says that a family is not known. A name that nobody can look up (the
// root, an address written as a name) has none.
func (v *view) hostAddresses(host string) (v4, v6 []netip.Addr, gap fact.Gap) {
	if !isHostName(host) {
		return nil, nil, ""
	}
	for _, qtype := range []string{"A", "AAAA"} {
		l := v.DNS.Lookup(host, qtype)
		switch {
		case l == nil:
			gap = fact.GapNotAsked
			continue
		case l.Gap != "":
			gap = l.Gap
			continue
		}
		for _, data := range wire(l) {
			a, err := netip.ParseAddr(data)
			switch {
			case err != nil:
			case a.Is4():
				v4 = append(v4, a)
			case !a.Is4In6():
				v6 = append(v6, a)
			}
		}
	}
	return v4, v6, gap
}

// isHostName reports whether a name can be looked up: not the root, and not an address
// written as a name.
func isHostName(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err != nil && lookup.ValidName(host)
}

// hasAddress reports whether a name has any address.
func (v *view) hasAddress(name string) (bool, fact.Gap) {
	v4, v6, gap := v.hostAddresses(name)
	if len(v4)+len(v6) > 0 {
		return true, ""
	}
	return false, gap
}

// inlTXT gives the TXT records of a name that are of a kind, whatever DNSSEC says of
// them, and how the look-up ended.
func (v *view) inlTXT(name string, is func(string) bool) (records []string, status lookup.Status, gap fact.Gap) {
	l := v.DNS.Lookup(name, "TXT")
	switch {
	case l == nil:
		return nil, lookup.Unknown, fact.GapNotAsked
	case l.Gap != "":
		return nil, lookup.Unknown, l.Gap
	}
	a := inlAnswer(l)
	for _, txt := range a.TXT {
		if txt = internetnl.Escape(txt); is(txt) {
			records = append(records, txt)
		}
	}
	return records, a.Status, ""
}

// inlAnswer is what Internet.nl's resolver says: it asks with checking disabled, so that
// what is bogus is an answer like any other.
func inlAnswer(l *fact.Lookup) lookup.Answer {
	if l != nil && l.Security == fact.Bogus {
		plain := *l
		plain.Security = fact.Insecure
		l = &plain
	}
	return lookup.Of(l)
}
