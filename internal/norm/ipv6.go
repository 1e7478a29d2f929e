package norm

import (
	"net/netip"
	"strconv"
	"strings"

	"peil/internal/fact"
)

// v6 reports whether an address is one of IPv6 proper: an IPv4-mapped one is not.
func v6(a netip.Addr) bool { return a.Is6() && !a.Is4In6() }

// nameServers says whether the name servers are known.
func (v *view) nameServers() (f finding, ok bool) {
	switch {
	case v.nobody().Code != "":
		return none(v.nobody()), false
	case v.DNS == nil:
		return missed(""), false
	case len(v.DNS.NameServers) > 0:
		return finding{}, true
	case v.DNS.NSGap != "":
		return missed(v.DNS.NSGap), false
	}
	return missed(""), false
}

var ipv6Why = Text{
	"Steeds meer bezoekers hebben alleen IPv6, of bereiken IPv4 via een omweg.",
	"More and more visitors have IPv6 alone, or reach IPv4 by a detour.",
}

var ipv6NameServers = rule{
	explain: Text{
		"Ten minste twee nameservers van het domein hebben een IPv6-adres (AAAA).",
		"At least two name servers of the domain have an IPv6 address (AAAA).",
	},
	why: ipv6Why,
	fixes: []Fix{
		fixFor("dns", "Geef de nameservers AAAA-records, ook bij de ouder (glue), of kies een beheerder die IPv6 heeft.", "Give the name servers AAAA records, at the parent too (glue), or choose an operator that has IPv6.", "ns1.example.nl. 3600 IN AAAA 2001:db8::53"),
	},
	check: "for ns in $(dig +short NS {zone}); do echo $ns; dig +short AAAA $ns; done",
	judge: func(v *view) Verdict {
		if f, ok := v.nameServers(); !ok {
			return combine(f)
		}
		with, gap := 0, fact.Gap("")
		for i := range v.DNS.NameServers {
			n := &v.DNS.NameServers[i]
			switch {
			case hasV6(n):
				with++
			case n.Gap != "":
				gap = n.Gap
			}
		}
		var fs []finding
		for i := range v.DNS.NameServers {
			n := &v.DNS.NameServers[i]
			f := pass(because("ns-has-ipv6"))
			switch {
			case hasV6(n):
			case n.Gap != "":
				f = missed(n.Gap)
			default:
				f = fail(because("ns-without-ipv6")).with(noAAAA(n))
			}
			fs = append(fs, f.on(n.Name))
		}
		d := combine(fs...)
		switch { // the rule is about their number
		case with >= 2:
			d.Outcome, d.Gap, d.Reasons, d.Evidence = Passed, "", []Reason{because("ns-ipv6-count", itoa(with), itoa(len(fs)))}, nil
			for i := range d.PerSubject {
				if d.PerSubject[i].Outcome == Failed {
					d.PerSubject[i].Outcome = Passed
				}
			}
		case gap != "":
			d.Outcome, d.Gap, d.Reasons = NotMeasured, gap, []Reason{gapReason(gap)}
		default:
			d.Outcome, d.Gap, d.Reasons = Failed, "", []Reason{because("ns-ipv6-count", itoa(with), itoa(len(fs)))}
		}
		return d
	},
}

// noAAAA tells what a name server without IPv6 has instead.
func noAAAA(n *fact.NameServer) string {
	for _, a := range n.Addrs {
		if a.Addr.Is4In6() {
			return "AAAA " + a.Addr.String() + ": IPv4-mapped, does not count"
		}
	}
	return "no AAAA"
}

func hasV6(n *fact.NameServer) bool {
	for _, a := range n.Addrs {
		if v6(a.Addr) {
			return true
		}
	}
	return false
}

var ipv6NameServerReach = rule{
	explain: Text{
		"Elk IPv6-adres van elke nameserver geeft antwoord op een vraag naar deze naam, met UDP of TCP.",
		"Each IPv6 address of each name server answers a question for this name, by UDP or TCP.",
	},
	why: ipv6Why,
	fixes: []Fix{
		fixFor("dns", "Laat de nameserver op IPv6 luisteren en open poort 53 (UDP en TCP), of haal het AAAA-record weg.", "Let the name server listen on IPv6 and open port 53 (UDP and TCP), or remove the AAAA record.", "# BIND\noptions { listen-on-v6 { any; }; };"),
	},
	check: "dig -6 @{addr} {name} SOA +norecurse",
	judge: func(v *view) Verdict {
		if f, ok := v.nameServers(); !ok {
			return combine(f)
		}
		var fs []finding
		for i := range v.DNS.NameServers {
			n := &v.DNS.NameServers[i]
			for j := range n.Addrs {
				a := &n.Addrs[j]
				if !v6(a.Addr) {
					continue
				}
				var f finding
				switch {
				case a.Answers():
					f = pass(because("answers"))
				case a.Dead():
					f = fail(because("dead-address", "53", a.UDP.How)).with("udp 53 " + a.UDP.How)
				case a.UDP.Gap != "":
					f = missed(a.UDP.Gap)
				default:
					f = missed(a.TCP.Gap)
				}
				fs = append(fs, f.on(a.Addr.String()+" "+n.Name).at(a.Addr))
			}
		}
		if len(fs) == 0 {
			return combine(none(because("no-ns-ipv6")))
		}
		return combine(fs...)
	},
}

// addresses6 are the IPv6 addresses of the website.
func (v *view) addresses6() int {
	n := 0
	for i := range v.Web.Hosts {
		if v6(v.Web.Hosts[i].Addr) {
			n++
		}
	}
	for _, a := range v.Web.Beyond {
		if v6(a) {
			n++
		}
	}
	return n
}

// mapped are the AAAA records of the website that hold an IPv4 address (RFC 4291
// section 2.5.5.2): nothing can be reached there over IPv6.
func (v *view) mapped() []string {
	l := v.DNS.Lookup(v.Target.Name, "AAAA")
	if l == nil {
		return nil
	}
	var out []string
	for _, r := range l.Records {
		if a, err := netip.ParseAddr(r.Data); err == nil && a.Is4In6() {
			out = append(out, a.String())
		}
	}
	return out
}

var ipv6Address = rule{
	explain: Text{
		"De naam heeft een AAAA-record met een echt IPv6-adres.",
		"The name has an AAAA record with a proper IPv6 address.",
	},
	why: ipv6Why,
	fixes: []Fix{
		fixFor("dns", "Zet een AAAA-record met een echt IPv6-adres (niet ::ffff:…) naast het A-record, zodra de server op IPv6 luistert.", "Put an AAAA record with a proper IPv6 address (not ::ffff:…) beside the A record, once the server listens on IPv6.", "www.example.nl. 3600 IN AAAA 2001:db8::10"),
	},
	check: "dig +short AAAA {name}",
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		if n := v.addresses6(); n > 0 {
			return combine(pass(because("has-ipv6", itoa(n))))
		}
		if l := v.DNS.Lookup(v.Target.Name, "AAAA"); l != nil && l.Gap != "" {
			return combine(missed(l.Gap))
		}
		if m := v.mapped(); len(m) > 0 {
			return combine(fail(because("mapped-ipv6", strings.Join(m, ", "))).with(v.Target.Name + " AAAA " + strings.Join(m, ", ")))
		}
		return combine(fail(because("no-ipv6")).with(v.Target.Name + " AAAA: none"))
	},
}

var ipv6Reach = rule{
	explain: Text{
		"Elk IPv6-adres van de website antwoordt op poort 80 of 443, en op elke poort die over IPv4 open is.",
		"Each IPv6 address of the website answers on port 80 or 443, and on each port that is open over IPv4.",
	},
	why: ipv6Why,
	fixes: []Fix{
		fixFor("nginx", "Luister ook op IPv6.", "Listen on IPv6 too.", "listen [::]:80;\nlisten [::]:443 ssl;"),
		fixFor("apache", "Luister op alle adressen.", "Listen on all addresses.", "Listen 80\nListen 443"),
		fixFor("iis", "Geef de binding geen vast IPv4-adres.", "Give the binding no fixed IPv4 address.", "Set-WebBinding -Name 'Default Web Site' -PropertyName IPAddress -Value '*'"),
	},
	check: "for u in https://{name}/ http://{name}/; do curl -6 -sk -o /dev/null -w '%{http_code} %{url}\\n' --connect-timeout 5 {resolve}{resolve80}$u; done",
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		if v.addresses6() == 0 {
			if l := v.DNS.Lookup(v.Target.Name, "AAAA"); l != nil && l.Gap != "" {
				return combine(missed(l.Gap))
			}
			if m := v.mapped(); len(m) > 0 {
				return combine(none(because("mapped-ipv6", strings.Join(m, ", "))))
			}
			return combine(none(because("no-ipv6")))
		}
		open4 := map[int]bool{}
		for i := range v.Web.Hosts {
			if h := &v.Web.Hosts[i]; !v6(h.Addr) {
				open4[80] = open4[80] || h.Port80.Open()
				open4[443] = open4[443] || h.Port443.Open()
			}
		}
		var fs []finding
		for i := range v.Web.Hosts {
			if h := &v.Web.Hosts[i]; v6(h.Addr) {
				fs = append(fs, reach6(h, open4).at(h.Addr))
			}
		}
		for _, a := range v.Web.Beyond {
			if v6(a) {
				fs = append(fs, missed(fact.GapBeyond).at(a))
			}
		}
		return combine(fs...)
	},
}

func reach6(h *fact.WebHost, open4 map[int]bool) finding {
	if h.Port80.Dead() && h.Port443.Dead() {
		return fail(because("dead-address", "80, 443", h.Port443.How)).with("tcp 80 "+h.Port80.How, "tcp 443 "+h.Port443.How)
	}
	gap, unseen := fact.Gap(""), false
	for _, port := range []int{80, 443} {
		r := h.Port80
		if port == 443 {
			r = h.Port443
		}
		if r.Dead() && open4[port] {
			return fail(because("port-v4-only", strconv.Itoa(port))).with("tcp " + strconv.Itoa(port) + " " + r.How + ", open over IPv4")
		}
		if !r.Dead() && !r.Open() {
			unseen = true
			if r.Gap != "" {
				gap = r.Gap
			}
		}
	}
	if unseen {
		return missed(gap)
	}
	return pass(because("answers"))
}

var ipv6Similar = rule{
	explain: Text{
		"Over IPv6 komt dezelfde website als over IPv4: dezelfde status, dezelfde poorten en (nagenoeg) dezelfde tekst.",
		"Over IPv6 the same website comes as over IPv4: the same status, the same ports and (nearly) the same text.",
	},
	why: Text{
		"Een vergeten standaardpagina op IPv6 valt beheerders met IPv4 niet op, bezoekers met IPv6 wel.",
		"A forgotten default page on IPv6 escapes administrators with IPv4, but not visitors with IPv6.",
	},
	fixes: ipv6Reach.fixes,
	check: "for v in -4 -6; do curl $v -skL -o /dev/null -w '%{http_code} %{remote_ip} %{url_effective}\\n' https://{name}/; done; diff <(curl -4 -skL https://{name}/) <(curl -6 -skL https://{name}/) | head",
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		s := v.Web.Similarity
		if s == nil {
			four, six := false, false
			for i := range v.Web.Hosts {
				four, six = four || !v6(v.Web.Hosts[i].Addr), six || v6(v.Web.Hosts[i].Addr)
			}
			if four && six && (v.Web.Hosts[0].HTTP == nil || v.someOpen()) {
				return combine(missed(""))
			}
			return combine(none(because("one-family")))
		}
		status := strconv.Itoa(s.Status4) + ", " + strconv.Itoa(s.Status6)
		line := "IPv4 " + s.V4.String() + " " + strconv.Itoa(s.Status4) + ", IPv6 " + s.V6.String() + " " + strconv.Itoa(s.Status6)
		switch {
		case s.Gap != "":
			return combine(missed(s.Gap))
		case s.Reason == "no_answer_v4" || s.Reason == "no_answer_v6":
			return combine(none(because("one-family")))
		case s.Reason != "":
			return combine(warn(because("not-comparable", s.Reason)).with(line + ": " + s.Reason))
		case s.Status4 != s.Status6:
			return combine(fail(because("status-differs", strconv.Itoa(s.Status4), strconv.Itoa(s.Status6))).with(line))
		case s.Class == "same" || s.Class == "under":
			return combine(pass(because("same-content", status)))
		case s.Class == "over" || s.Class == "differs":
			return combine(warn(because("content-differs", strconv.Itoa(int(s.Distance+0.5)))).with(line + ", distance " + strconv.Itoa(int(s.Distance+0.5))))
		}
		return combine(missed(""))
	},
}

// someOpen reports whether both families have an open port, so that their likeness
// should have been looked at.
func (v *view) someOpen() bool {
	var open [2]bool
	for i := range v.Web.Hosts {
		h := &v.Web.Hosts[i]
		k := 0
		if v6(h.Addr) {
			k = 1
		}
		open[k] = open[k] || h.Port80.Open() || h.Port443.Open()
	}
	return open[0] && open[1]
}
