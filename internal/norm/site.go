package norm

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"peil/internal/fact"
)

// site says whether the name is a website at all: whether it has addresses. ok means
// that it has; otherwise the finding says why a rule cannot be judged.
func (v *view) site() (f finding, ok bool) {
	if v.Web != nil && len(v.Web.Hosts)+len(v.Web.Beyond) > 0 {
		return finding{}, true
	}
	a, aaaa := v.DNS.Lookup(v.Target.Name, "A"), v.DNS.Lookup(v.Target.Name, "AAAA")
	switch {
	case denied(a) && denied(aaaa):
		return none(because("no-website")), false
	case a != nil && a.Gap != "":
		return missed(a.Gap), false
	case aaaa != nil && aaaa.Gap != "":
		return missed(aaaa.Gap), false
	case a != nil && aaaa != nil: // bogus, or neither an answer nor a denial
		return missed(fact.GapDNS), false
	}
	return missed(fact.GapNotAsked), false
}

// denied reports whether the DNS says, not bogusly, that there is no such record.
func denied(l *fact.Lookup) bool {
	return endless(l) || l.Answered() && len(l.Records) == 0 && l.Security != fact.Bogus && l.Gap == ""
}

// eachHost judges every address of the website by itself.
func (v *view) eachHost(judge func(*fact.WebHost) finding) Verdict {
	if f, ok := v.site(); !ok {
		return combine(f)
	}
	var fs []finding
	for i := range v.Web.Hosts {
		h := &v.Web.Hosts[i]
		fs = append(fs, judge(h).at(h.Addr))
	}
	for _, a := range v.Web.Beyond {
		fs = append(fs, missed(fact.GapBeyond).at(a))
	}
	return combine(fs...)
}

// eachTLS judges the TLS of every address of the website or of the mail servers. A dead
// address fails the rules about reachability alone; everything else about it does not
// apply (catalogue A.2).
func (v *view) eachTLS(judge func(*fact.TLS) finding) Verdict {
	if v.Target.Role == fact.Mail {
		return v.eachMailTLS(func(_ *fact.MailServer, t *fact.TLS) finding { return judge(t) })
	}
	return v.eachHost(func(h *fact.WebHost) finding {
		if f, ok := working(h); !ok {
			return f
		}
		return judge(h.TLS)
	})
}

// working says whether TLS works on an address; if not, the finding says why a rule
// about TLS cannot be judged there.
func working(h *fact.WebHost) (finding, bool) {
	switch {
	case h.Port443.Dead():
		return none(because("dead", "443")), false
	case h.TLS != nil && h.TLS.Working.Yes():
		return finding{}, true
	case h.TLS != nil && h.TLS.Working.No():
		return none(because("no-tls")), false
	case h.TLS != nil && h.TLS.Working.Gap != "":
		return missed(h.TLS.Working.Gap), false
	}
	return missed(h.Port443.Gap), false
}

// eachAnswer judges the first answer to GET https://name/ of every address.
func (v *view) eachAnswer(judge func(*fact.WebHost, *fact.Hop) finding) Verdict {
	return v.eachHost(func(h *fact.WebHost) finding {
		if f, ok := working(h); !ok {
			return f
		}
		if h.HTTP == nil || h.HTTP.Secure == nil {
			return missed("")
		}
		hop := h.HTTP.Secure.First()
		if f, ok := answered(hop, h.HTTP.Secure.Gap); !ok {
			return f
		}
		return judge(h, hop)
	})
}

// eachDocument judges the answer that a visitor gets to see of the name itself: the
// first one over HTTPS that is no redirect. A redirect has no content to protect; one
// that leads to another name leaves nothing to judge.
func (v *view) eachDocument(judge func(*fact.WebHost, *fact.Hop) finding) Verdict {
	return v.eachAnswer(func(h *fact.WebHost, hop *fact.Hop) finding {
		hops := h.HTTP.Secure.Hops
		for i := range hops {
			hop = &hops[i]
			if scheme, host := origin(hop.URL); scheme != "https" || host != v.Target.Name {
				return none(because("redirects-elsewhere", hop.URL))
			}
			if f, ok := answered(hop, h.HTTP.Secure.Gap); !ok {
				return f
			}
			if !redirects(hop) {
				return judge(h, hop)
			}
		}
		if _, host := origin(hop.Next); host != v.Target.Name {
			return none(because("redirects-elsewhere", hop.Next))
		}
		return missed(h.HTTP.Secure.Gap) // the chain was not followed to its end
	})
}

// answered says whether a request got an answer that can be judged.
func answered(hop *fact.Hop, gap fact.Gap) (finding, bool) {
	switch {
	case hop == nil:
		return missed(gap), false
	case hop.Status != 0:
		return finding{}, true
	case hop.Gap != "":
		return missed(hop.Gap), false
	case hop.Error == "timeout":
		return missed(fact.GapTimeout), false
	case hop.Error != "": // TLS worked before: a failure after a first success is not measured (catalogue A.2)
		return missed(fact.GapMalformed), false
	}
	return missed(gap), false
}

// redirects reports whether an answer sends the visitor elsewhere.
func redirects(h *fact.Hop) bool { return h.Next != "" && h.Status >= 300 && h.Status < 400 }

// origin takes scheme and host of an absolute URL, both in lower case, without port
// and user information. It is lenient: the probe has parsed the URL before.
func origin(url string) (scheme, host string) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return "", ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
		rest = rest[:i]
	}
	return strings.ToLower(scheme), strings.TrimSuffix(strings.ToLower(rest), ".")
}

// plainHost reports whether a name can stand in a command line as it is: letters,
// digits, dots, hyphens and underscores, or an IP address; "." is the root.
func plainHost(s string) bool {
	for _, c := range s {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_', c == ':':
		default:
			return false
		}
	}
	return s != "" && s[0] != '-'
}

// questionType reports whether a word is the type of a DNS record.
func questionType(s string) bool {
	for _, c := range s {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

var (
	noAddr    netip.Addr
	errNoAddr = errors.New("no address")
)

// fillIn completes a command by which anyone can see a verdict for himself: {name} is
// the target, {zone} the name that has its name servers, {addr} the address of the
// first subject that is worst (without one there is no command), {resolve} the option
// that makes curl use it and {resolve80} that for http, {peer} host and port for openssl,
// of HTTPS or, for mail, of SMTP, {host} the mail server of the first such subject,
// {nmap} the same for nmap, {subject} the subject itself, {question} it as name and type;
// {rpki}, {rpkiweb}, {rpkins}, {rpkimx}, {rpkimxns} and {rpkimail} stand for a whole
// command (askRIPEstat).
// People paste these commands, and names in the DNS are others' to choose: where one is
// missing or not a plain host name there is no command.
func fillIn(check string, m *fact.Measurement, v *Verdict) string {
	if check == "" {
		return ""
	}
	subject := ""
	for _, s := range v.PerSubject {
		if s.Outcome == v.Outcome {
			subject = s.Subject
			break
		}
	}
	if subject == "" && len(v.PerSubject) > 0 {
		subject = v.PerSubject[0].Subject
	}
	word, second, _ := strings.Cut(subject, " ")
	addr, err := noAddr, errNoAddr
	if word != "" {
		addr, err = netip.ParseAddr(word)
	}
	if err != nil && second != "" { // "ns1.example.nl 2001:db8::53"
		addr, err = netip.ParseAddr(second)
	}
	if err != nil && strings.Contains(check, "{addr}") {
		return ""
	}
	switch {
	case check == "{rpki}" && err != nil:
		return ""
	case check == "{rpki}":
		return askRIPEstat(m, []netip.Addr{addr})
	case check == "{rpkiweb}":
		return askRIPEstat(m, webAddresses(m))
	case check == "{rpkins}":
		return askRIPEstat(m, serverAddresses(m))
	case check == "{rpkimx}":
		return askRIPEstat(m, mailAddresses(m))
	case check == "{rpkimxns}":
		return askRIPEstat(m, mailNSAddresses(m))
	case check == "{rpkimail}":
		return askRIPEstat(m, slices.Concat(mailAddresses(m), serverAddresses(m), mailNSAddresses(m)))
	}
	host, port := m.Target.Name, uint16(443)
	if m.Target.Role == fact.Mail {
		port = 25
		for _, w := range []string{word, second} {
			if _, err := netip.ParseAddr(w); err != nil && w != "" && !questionType(w) {
				host = w
			}
		}
	}
	zone := m.Target.Name
	if m.DNS != nil && m.DNS.NSOwner != "" {
		zone = m.DNS.NSOwner
	}
	for _, p := range [...][2]string{{"{name}", m.Target.Name}, {"{host}", host}, {"{zone}", zone}, {"{subject}", word}, {"{question}", firstWord(word, m.Target.Name)}} {
		if strings.Contains(check, p[0]) && !plainHost(p[1]) {
			return ""
		}
	}
	var b strings.Builder
	b.Grow(len(check) + 2*len(m.Target.Name))
	for {
		before, after, open := strings.Cut(check, "{")
		b.WriteString(before)
		if !open {
			return b.String()
		}
		place, rest, closed := strings.Cut(after, "}")
		check = rest
		switch {
		case closed && place == "name":
			b.WriteString(m.Target.Name)
		case closed && place == "host":
			b.WriteString(host)
		case closed && place == "zone":
			b.WriteString(zone)
		case closed && place == "subject":
			b.WriteString(word)
		case closed && place == "addr" && err == nil:
			b.WriteString(addr.String())
		case closed && place == "peer" && err == nil:
			b.WriteString(netip.AddrPortFrom(addr, port).String())
		case closed && place == "peer":
			b.WriteString(host + ":" + itoa(int(port)))
		case closed && place == "resolve" && err == nil:
			b.WriteString("--resolve " + m.Target.Name + ":443:" + strings.TrimSuffix(netip.AddrPortFrom(addr, 0).String(), ":0") + " ")
		case closed && place == "resolve80" && err == nil:
			b.WriteString("--resolve " + m.Target.Name + ":80:" + strings.TrimSuffix(netip.AddrPortFrom(addr, 0).String(), ":0") + " ")
		case closed && place == "nmap" && err == nil && addr.Is6():
			b.WriteString("-6 " + addr.String())
		case closed && place == "nmap" && err == nil:
			b.WriteString(addr.String())
		case closed && place == "nmap":
			b.WriteString(host)
		case closed && place == "question" && questionType(second):
			b.WriteString(word + " " + second)
		case closed && place == "question":
			b.WriteString(m.Target.Name + " A")
		case closed && (place == "resolve" || place == "resolve80"):
		default: // a brace of the command itself
			b.WriteByte('{')
			check = after
		}
	}
}
