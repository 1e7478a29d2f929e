package norm

import (
	"net/netip"
	"slices"
	"strings"

	"peil/internal/fact"
	"peil/internal/standard/lookup"
)

// mailState is how a domain receives mail (RFC 5321 section 5.1, RFC 7505).
type mailState string

// The states. The zero value is "not known": the gap says why.
const (
	mailMX       mailState = "mx"
	mailImplicit mailState = "implicit"  // no MX, and its own address answers
	mailNull     mailState = "null-mx"   // it says that it takes no mail
	mailSilent   mailState = "silent"    // no MX, and no address of its own answers on port 25
	mailNone     mailState = "no-mail"   // neither MX nor address: nothing can be delivered
	mailNoDomain mailState = "no-domain" // the name does not exist
)

// mailDomain is what the DNS says of a domain's mail servers.
type mailDomain struct {
	state mailState
	gap   fact.Gap
	bogus *fact.Lookup // the answer for MX, when it is bogus
	hosts []mailServer // sorted by name
	// nullBeside says that a null MX stands beside other records (RFC 7505 section 3).
	nullBeside bool
}

// mailServer is a host that an MX record names.
type mailServer struct {
	name string
	// defect says why no mail can be delivered there, or why it should not be named so:
	// the code of a reason. Only with "mx-alias" the host can be reached nevertheless.
	defect string
	gap    fact.Gap // its addresses are not known
}

// usable reports whether mail can be delivered there as far as the DNS goes.
func (s *mailServer) usable() bool { return s.defect == "" || s.defect == "mx-alias" }

// mail reads how the domain receives mail, once.
func (v *view) mail() *mailDomain {
	if v.servers == nil {
		v.servers = v.readMail()
	}
	return v.servers
}

func (v *view) readMail() *mailDomain {
	l := v.DNS.Lookup(v.Target.Name, "MX")
	switch {
	case l == nil:
		return &mailDomain{gap: fact.GapNotAsked}
	case l.Gap != "":
		return &mailDomain{gap: l.Gap}
	case l.Security == fact.Bogus:
		return &mailDomain{gap: fact.GapDNS, bogus: l}
	}
	switch a := lookup.Of(l); a.Status {
	case lookup.NXDomain:
		return &mailDomain{state: mailNoDomain}
	case lookup.NoData:
		return v.withoutMX()
	case lookup.OK:
		return v.withMX(a.Hosts)
	default:
		if endless(l) {
			return &mailDomain{state: mailNone}
		}
		return &mailDomain{gap: fact.GapDNS}
	}
}

// withMX reads the hosts of the MX record set; "" is that of a null MX.
func (v *view) withMX(names []string) *mailDomain {
	d := &mailDomain{state: mailMX}
	for _, n := range names {
		if n == "" || n == "." {
			d.nullBeside = true
			continue
		}
		if !slices.ContainsFunc(d.hosts, func(s mailServer) bool { return s.name == n }) {
			d.hosts = append(d.hosts, v.mailServerNamed(n))
		}
	}
	if len(d.hosts) == 0 {
		return &mailDomain{state: mailNull}
	}
	slices.SortFunc(d.hosts, func(a, b mailServer) int { return strings.Compare(a.name, b.name) })
	return d
}

// mailServerNamed looks at a name to which an MX record points.
func (v *view) mailServerNamed(n string) mailServer {
	s := mailServer{name: n}
	if _, err := netip.ParseAddr(strings.Trim(n, "[]")); err == nil {
		s.defect = "mx-literal"
		return s
	}
	if !lookup.ValidName(n) {
		s.defect = "mx-bad-name"
		return s
	}
	a, aaaa := v.DNS.Lookup(n, "A"), v.DNS.Lookup(n, "AAAA")
	for _, l := range []*fact.Lookup{a, aaaa} {
		switch {
		case l == nil:
			s.gap = fact.GapNotAsked
		case l.Gap != "":
			s.gap = l.Gap
		case l.Security == fact.Bogus || l.RCode != "NOERROR" && l.RCode != "NXDOMAIN" && !endless(l):
			s.gap = firstGap(s.gap, fact.GapDNS)
		}
		if l != nil && len(l.Aliases) > 0 {
			s.defect = "mx-alias"
		}
	}
	switch {
	case denied(a) && denied(aaaa) && (a.RCode == "NXDOMAIN" || endless(a)):
		s.defect = "mx-nonexistent"
	case denied(a) && denied(aaaa):
		s.defect = "mx-no-address"
	}
	return s
}

// withoutMX is a domain without MX: mail goes to its own addresses, if it has any (RFC
// 5321 section 5.1).
func (v *view) withoutMX() *mailDomain {
	s := v.mailServerNamed(v.Target.Name)
	s.defect = strings.TrimSuffix(s.defect, "mx-alias") // an alias of its own is not the matter here
	switch {
	case !s.usable():
		return &mailDomain{state: mailNone}
	case s.gap != "" && v.Mail.Server(s.name) == nil:
		return &mailDomain{gap: s.gap}
	}
	d := &mailDomain{state: mailImplicit, hosts: []mailServer{s}}
	server := v.Mail.Server(s.name)
	if server == nil || len(server.Hosts) == 0 {
		return d
	}
	for i := range server.Hosts {
		if !server.Hosts[i].Port25.Dead() {
			return d
		}
	}
	return &mailDomain{state: mailSilent}
}

// receiving says whether the domain takes mail; if not, or if that is not known, the
// finding says why a rule about mail servers cannot be judged.
func (v *view) receiving() (finding, bool) {
	switch d := v.mail(); d.state {
	case mailMX, mailImplicit:
		return finding{}, true
	case "":
		return missed(d.gap), false
	default:
		return none(because(string(d.state))), false
	}
}

// domain says whether the name is a domain at all.
func (v *view) domain() (finding, bool) {
	if r := v.nobody(); r.Code != "" {
		return none(r), false
	}
	return finding{}, true
}

// eachMX judges every mail server by itself.
func (v *view) eachMX(judge func(*mailServer) []finding) Verdict {
	if f, ok := v.receiving(); !ok {
		return combine(f)
	}
	var fs []finding
	for i := range v.mail().hosts {
		s := &v.mail().hosts[i]
		if !s.usable() {
			fs = append(fs, none(because(s.defect)).on(s.name))
			continue
		}
		for _, f := range judge(s) {
			if f.subject == "" {
				f.subject = s.name
			}
			fs = append(fs, f)
		}
	}
	return combine(fs...)
}

// eachMailHost judges every address of every mail server by itself.
func (v *view) eachMailHost(judge func(*fact.MailServer, *fact.MailHost) finding) Verdict {
	return v.eachMX(func(s *mailServer) (fs []finding) {
		server := v.Mail.Server(s.name)
		switch {
		case server == nil && v.Mail != nil && slices.Contains(v.Mail.Beyond, s.name):
			return []finding{missed(fact.GapBeyond)}
		case server == nil:
			return []finding{missed(s.gap)}
		case len(server.Hosts) == 0:
			return []finding{missed(firstGap(server.Gap, s.gap))}
		}
		for i := range server.Hosts {
			h := &server.Hosts[i]
			fs = append(fs, judge(server, h).on(mailSubject(h.Addr, s.name)).at(h.Addr))
		}
		for _, a := range server.Beyond {
			fs = append(fs, missed(fact.GapBeyond).on(mailSubject(a, s.name)).at(a))
		}
		return fs
	})
}

// mailSubject names an address of a mail server.
func mailSubject(a netip.Addr, host string) string { return a.String() + " " + host }

// eachMailTLS judges TLS on every address of every mail server.
func (v *view) eachMailTLS(judge func(*fact.MailServer, *fact.TLS) finding) Verdict {
	return v.eachMailHost(func(s *fact.MailServer, h *fact.MailHost) finding {
		if h.Port25.Dead() {
			return none(because("dead", "25"))
		}
		switch why, gap := noSTARTTLS(h); {
		case gap != "":
			return missed(gap)
		case why != "":
			return none(because("no-tls"))
		}
		return judge(s, h.TLS)
	})
}

// eachMailChain judges every chain that a mail server serves, with the server's name.
func (v *view) eachMailChain(judge func(server string, ch *fact.Chain, cs []*certificate) finding) Verdict {
	return v.eachMailTLS(func(s *fact.MailServer, t *fact.TLS) finding {
		return v.worstChain(t, func(ch *fact.Chain, cs []*certificate) finding { return judge(s.Name, ch, cs) })
	})
}

// mailLookups are the questions by which the mail servers are found: for MX, and for
// the addresses of each.
func (v *view) mailLookups() []*fact.Lookup {
	ls := []*fact.Lookup{v.DNS.Lookup(v.Target.Name, "MX")}
	for _, s := range v.mail().hosts {
		if s.usable() {
			ls = append(ls, v.DNS.Lookup(s.name, "A"), v.DNS.Lookup(s.name, "AAAA"))
		}
	}
	return ls
}

// ask answers the readers of mail policies from the facts.
func (v *view) ask(name, qtype string) lookup.Answer {
	l := v.DNS.Lookup(name, qtype)
	if l != nil && l.Gap != "" {
		return lookup.Answer{}
	}
	return lookup.Of(l)
}

// answer reads the TXT records of a name for a rule. Where there is no answer to judge
// the finding says why.
func (v *view) answer(name string) (a lookup.Answer, f finding, ok bool) {
	l := v.DNS.Lookup(name, "TXT")
	switch {
	case l == nil:
		return a, missed(""), false
	case l.Gap != "":
		return a, missed(l.Gap), false
	case l.Security == fact.Bogus:
		return a, fail(because("dnssec-bogus", problem(l.Problem))).with(name + " TXT: " + problem(l.Problem)), false
	}
	if a = lookup.Of(l); a.Status == lookup.Failure || a.Status == lookup.Unknown {
		if endless(l) {
			return lookup.Answer{Status: lookup.NXDomain}, finding{}, true
		}
		return a, missed(fact.GapDNS), false
	}
	return a, finding{}, true
}
