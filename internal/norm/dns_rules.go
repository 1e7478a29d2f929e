package norm

import (
	"net/netip"
	"strings"

	"peil/internal/fact"
	"peil/internal/name"
)

var dnsDangling = rule{
	explain: Text{
		"Een CNAME van deze naam wijst niet naar een naam die niet bestaat en loopt niet in een kring, en geen nameserver van het domein is een naam zonder adres.",
		"No CNAME of this name points to a name that does not exist or leads in a circle, and no name server of the domain is a name without an address.",
	},
	why: Text{
		"Wie de naam registreert waar de verwijzing naartoe gaat, neemt de website over, met geldig certificaat en al.",
		"Whoever registers the name that is pointed to takes over the website, valid certificate included.",
	},
	fixes: []Fix{
		fixFor("dns", "Haal het record weg, of laat het naar een naam wijzen die van u is.", "Remove the record, or let it point to a name that is yours.", "; remove:\n; oud.example.nl. CNAME weggehaald.hoster.example.\n"),
	},
	check: "dig +noall +answer +comments {name} A; for ns in $(dig +short NS {zone}); do echo $ns; dig +short A $ns; dig +short AAAA $ns; done",
	judge: func(v *view) Verdict {
		var fs []finding
		for _, l := range v.addressLookups() {
			switch {
			case l == nil:
			case l.RCode == "NXDOMAIN" && len(l.Aliases) > 0:
				fs = append(fs, fail(because("dangling-alias", l.Final())).on(l.Name+" "+l.Type).with(l.Aliases[len(l.Aliases)-1].From+" CNAME "+l.Final()+": NXDOMAIN"))
			case endless(l):
				fs = append(fs, fail(because("alias-loop")).on(l.Name+" "+l.Type).with(aliasLines(l)...))
			case l.Gap != "":
				fs = append(fs, missed(l.Gap).on(l.Name+" "+l.Type))
			case len(l.Aliases) > 0:
				fs = append(fs, pass(because("alias-exists", l.Final())).on(l.Name+" "+l.Type))
			}
		}
		if len(fs) == 0 && v.noWebsite() {
			return combine(none(because("no-website")))
		}
		if v.DNS == nil {
			return combine(missed(""))
		}
		for i := range v.DNS.NameServers {
			n := &v.DNS.NameServers[i]
			switch {
			case n.Missing:
				fs = append(fs, fail(because("dangling-ns", n.Name)).on(n.Name).with(v.DNS.NSOwner+" NS "+n.Name+": no address"))
			case n.Gap != "":
				fs = append(fs, missed(n.Gap).on(n.Name))
			default:
				fs = append(fs, pass(because("ns-exists")).on(n.Name))
			}
		}
		if len(v.DNS.NameServers) == 0 {
			fs = append(fs, missed(v.DNS.NSGap))
		}
		return combine(fs...)
	},
}

// aliasLines are the links of a chain of aliases.
func aliasLines(l *fact.Lookup) []string {
	var lines []string
	for _, a := range l.Aliases {
		lines = append(lines, a.From+" "+a.Type+" "+a.To)
	}
	return lines
}

var dnsDelegation = rule{
	explain: Text{
		"Het domein heeft ten minste twee nameservers, de lijst in de bovenliggende zone is dezelfde als die in de zone zelf, en elk adres van elke nameserver antwoordt, en wel met gezag.",
		"The domain has at least two name servers, the list at the parent is the same as that in the zone itself, and each address of each name server answers, and does so with authority.",
	},
	why: Text{
		"Verschillen maken het domein trager of soms onbereikbaar, en een vergeten nameserver kan in verkeerde handen komen.",
		"Differences make the domain slower or at times unreachable, and a forgotten name server can fall into the wrong hands.",
	},
	fixes: []Fix{
		fixFor("dns", "Maak de NS-records in de zone gelijk aan die bij de registrar.", "Make the NS records in the zone equal to those at the registrar.", "example.nl. 3600 IN NS ns1.example.nl.\nexample.nl. 3600 IN NS ns2.example.net."),
	},
	check: "dig +trace +nodnssec {zone} NS; for ns in $(dig +short NS {zone}); do dig +noall +comments +norecurse +time=2 +tries=1 @$ns {zone} SOA; done",
	judge: func(v *view) Verdict {
		if f, ok := v.nameServers(); !ok {
			return combine(f)
		}
		var fs []finding
		if z := v.DNS.Zone(v.DNS.NSOwner); z != nil && len(z.ParentNS) > 0 && len(z.ChildNS) > 0 {
			parent, child := strings.Join(z.ParentNS, " "), strings.Join(z.ChildNS, " ")
			if equalArgs(z.ParentNS, z.ChildNS) {
				fs = append(fs, pass(because("delegation-same")).on(z.Name))
			} else {
				fs = append(fs, warn(because("delegation-differs", parent, child)).on(z.Name).with("parent: "+parent, "child: "+child))
			}
		} else if z != nil && z.ParentNSGap != "" {
			fs = append(fs, missed(z.ParentNSGap).on(z.Name))
		}
		if n := len(v.DNS.NameServers); n < 2 { // RFC 1034 section 4.1
			fs = append(fs, warn(because("one-name-server")).on(v.DNS.NSOwner).with(v.DNS.NSOwner+" NS "+v.DNS.NameServers[0].Name))
		}
		for i := range v.DNS.NameServers {
			n := &v.DNS.NameServers[i]
			for j := range n.Addrs {
				a := &n.Addrs[j]
				subject := a.Addr.String() + " " + n.Name
				switch {
				case a.Answers() && a.Authoritative:
					fs = append(fs, pass(because("answers")).on(subject).at(a.Addr))
				case a.Answers():
					fs = append(fs, warn(because("lame", a.RCode)).on(subject).at(a.Addr).with(a.RCode+", no AA"))
				case a.Dead():
					fs = append(fs, warn(because("dead-address", "53", a.UDP.How)).on(subject).at(a.Addr).with("udp 53 "+a.UDP.How))
				default:
					fs = append(fs, missed(a.UDP.Gap).on(subject).at(a.Addr))
				}
			}
		}
		return combine(fs...)
	},
}

var dnsPair = rule{
	explain: Text{
		"De website antwoordt met én zonder www. ervoor, over elke familie waarin die naam een adres heeft.",
		"The website answers with and without www. in front, over each family in which that name has an address.",
	},
	why: Text{
		"Mensen typen het een of het ander; de naam die niet werkt, lijkt een storing.",
		"People type one or the other; the name that does not work looks like an outage.",
	},
	fixes: []Fix{
		fixFor("dns", "Geef beide namen een adres.", "Give both names an address.", "example.nl.     3600 IN A 192.0.2.10\nwww.example.nl. 3600 IN CNAME example.nl."),
		fixFor("nginx", "Antwoord op beide namen en stuur de ene door naar de andere.", "Answer to both names and redirect one to the other.", "server {\n    listen 443 ssl; listen [::]:443 ssl;\n    server_name example.nl;\n    return 301 https://www.example.nl$request_uri;\n}"),
	},
	check: "for v in -4 -6; do for u in https://{name}/ https://{subject}/ http://{subject}/; do curl $v -sk -o /dev/null --connect-timeout 5 -w '%{http_code} %{remote_ip} %{url}\\n' $u; done; done",
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		p := v.Web.Pair
		if p == nil {
			return combine(v.withoutPair())
		}
		if denied(p.A) && denied(p.AAAA) {
			return combine(fail(because("pair-no-address", p.Name)).on(p.Name).with(p.Name + ": no A, no AAAA"))
		}
		var fs []finding
		unsure := false
		for _, fam := range []struct {
			l             *fact.Lookup
			plain, secure *fact.Fetch
			word          string
		}{{p.A, p.Plain4, p.Secure4, "IPv4"}, {p.AAAA, p.Plain6, p.Secure6, "IPv6"}} {
			if denied(fam.l) || (fam.word == "IPv6" && onlyMapped(fam.l)) {
				continue
			}
			if fam.l.Answered() && len(fam.l.Records) == 0 { // a denial that is bogus: nothing to visit either
				unsure = true
				continue
			}
			fs = append(fs, pairFamily(fam.l, fam.plain, fam.secure, fam.word).on(p.Name+" "+fam.word))
		}
		if len(fs) == 0 && unsure {
			return combine(missed(fact.GapDNS))
		}
		return combine(fs...)
	},
}

// withoutPair says why nobody looked at a counterpart: www. before what is no domain of
// its own has none (interfaces.md), nor has any other name.
func (v *view) withoutPair() finding {
	apex, www := strings.CutPrefix(v.Target.Name, "www.")
	switch {
	case !www:
		return none(because("no-pair"))
	case name.Registrable(apex) == apex || v.DNS == nil || v.DNS.NSOwner == apex:
		return missed("")
	case v.DNS.NSGap != "":
		return missed(v.DNS.NSGap)
	}
	return none(because("no-pair"))
}

// onlyMapped reports that an AAAA record set holds no address of IPv6 proper.
func onlyMapped(l *fact.Lookup) bool {
	if l == nil || len(l.Records) == 0 {
		return false
	}
	for _, r := range l.Records {
		if a, err := netip.ParseAddr(r.Data); err != nil || v6(a) {
			return false
		}
	}
	return true
}

func pairFamily(l *fact.Lookup, plain, secure *fact.Fetch, word string) finding {
	if l == nil {
		return missed("")
	}
	if l.Gap != "" {
		return missed(l.Gap)
	}
	gap := fact.Gap("")
	for _, f := range []*fact.Fetch{secure, plain} {
		if h := f.First(); h != nil && h.Status != 0 {
			return pass(because("pair-answers", h.URL))
		}
		if f != nil && f.Gap != "" {
			gap = f.Gap
		}
		if h := f.First(); h != nil && h.Gap != "" {
			gap = h.Gap
		}
	}
	if gap != "" || (plain == nil && secure == nil) {
		return missed(gap)
	}
	return fail(because("pair-no-answer", word)).with("no HTTP answer over " + word)
}

var dnsSVCB = rule{
	explain: Text{"De naam heeft een HTTPS-record (RFC 9460).", "The name has an HTTPS record (RFC 9460)."},
	why: Text{
		"De browser weet dan vóór de eerste verbinding dat HTTPS kan en welke protocollen er zijn.",
		"The browser then knows before the first connection that HTTPS is there, and which protocols.",
	},
	fixes: []Fix{fixFor("dns", "Zet een HTTPS-record naast A en AAAA.", "Put an HTTPS record beside A and AAAA.", "www.example.nl. 3600 IN HTTPS 1 . alpn=\"h2,h3\"")},
	check: "dig +short HTTPS {name}",
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		l := v.DNS.Lookup(v.Target.Name, "HTTPS")
		switch {
		case l == nil:
			return combine(missed(""))
		case l.Gap != "":
			return combine(missed(l.Gap))
		case l.Security == fact.Bogus:
			return combine(fail(because("dnssec-bogus", problem(l.Problem))).with(problem(l.Problem)))
		case len(l.Records) > 0:
			return combine(pass(because("has-record", l.Records[0].Data)))
		}
		return combine(fail(because("no-https-record")).with(l.Name + " HTTPS: none"))
	},
}
