package norm

import (
	"net/netip"
	"strings"

	"peil/internal/fact"
)

// webAddresses are all addresses of the website, those beyond the budget included:
// routes cost no connection.
func (v *view) webAddresses() []netip.Addr {
	var as []netip.Addr
	for i := range v.Web.Hosts {
		as = append(as, v.Web.Hosts[i].Addr)
	}
	return append(as, v.Web.Beyond...)
}

func (v *view) eachWebRoute(judge func(*fact.Route) finding) Verdict {
	if f, ok := v.site(); !ok {
		return combine(f)
	}
	var fs []finding
	for _, a := range v.webAddresses() {
		fs = append(fs, v.route(a, judge).at(a))
	}
	return combine(fs...)
}

func (v *view) eachNSRoute(judge func(*fact.Route) finding) Verdict {
	if f, ok := v.nameServers(); !ok {
		return combine(f)
	}
	var fs []finding
	for i := range v.DNS.NameServers {
		n := &v.DNS.NameServers[i]
		if len(n.Addrs) == 0 && n.Gap != "" {
			fs = append(fs, missed(n.Gap).on(n.Name))
		}
		for _, a := range n.Addrs {
			fs = append(fs, v.route(a.Addr, judge).on(a.Addr.String()+" "+n.Name).at(a.Addr))
		}
	}
	return combine(fs...)
}

func (v *view) route(a netip.Addr, judge func(*fact.Route) finding) finding {
	r := v.Route(a)
	switch {
	case r == nil:
		return missed("")
	case r.VRPGap != "":
		return missed(r.VRPGap)
	}
	return judge(r)
}

var (
	rpkiWhy = Text{
		"Met RPKI kan iedereen zien welk netwerk een adres mag aankondigen. Zo komt verkeer niet door een fout of aanval bij een ander terecht.",
		"By RPKI everyone can see which network may announce an address. So traffic does not end up elsewhere by an error or attack.",
	}
	rpkiFixes = []Fix{
		fixFor("", "Vraag de hoster of netwerkbeheerder een ROA aan te maken voor het adresblok, met het juiste AS-nummer en een maximale lengte gelijk aan wat wordt aangekondigd (RIPE NCC: my.ripe.net, RPKI).", "Ask the hoster or network operator to make a ROA for the block of addresses, with the right AS number and a maximum length equal to what is announced (RIPE NCC: my.ripe.net, RPKI).", ""),
	}
)

const rpkiCheck = "whois -h riswhois.ripe.net {addr}; curl -s 'https://stat.ripe.net/data/prefix-overview/data.json?resource={addr}'"

// hasROA looks for a ROA of a route by which the address is reached; where there is no
// route, for one of the address. One of a smaller block alone does not cover the route.
func hasROA(r *fact.Route) finding {
	var routes []string
	for _, o := range r.Origins {
		if len(o.VRPs) > 0 {
			return pass(because("roa", vrp(o.VRPs[0])))
		}
		routes = append(routes, o.Prefix.String()+" AS"+utoa(o.Origin))
	}
	switch {
	case len(routes) > 0:
		return fail(because("no-roa")).with("no VRP covers " + strings.Join(routes, ", "))
	case len(r.Covering) > 0:
		return pass(because("roa", vrp(r.Covering[0])))
	}
	return fail(because("no-roa")).with("no VRP covers " + r.Addr.String())
}

func vrp(p fact.VRP) string {
	return p.Prefix.String() + "-" + itoa(p.MaxLength) + " AS" + utoa(p.Origin)
}

func validRoute(r *fact.Route) finding {
	if r.RouteGap != "" {
		return missed(r.RouteGap)
	}
	if len(r.Origins) == 0 {
		return none(because("not-routed"))
	}
	f := none(because("rpki-not-found"))
	for _, o := range r.Origins {
		words := o.Prefix.String() + " AS" + utoa(o.Origin)
		switch o.State {
		case fact.ROVInvalidAS, fact.ROVInvalidLength:
			return fail(because("rpki-invalid", words, string(o.State))).with(words + ": " + string(o.State))
		case fact.ROVValid:
			f = pass(because("rpki-valid", words))
		case "":
			return missed(fact.GapNoSource)
		}
	}
	return f
}

// rpkiAll is about all addresses at once.
var rpkiAll = rule{
	why: rpkiWhy, fixes: rpkiFixes,
	check: "for a in $(dig +short A {name}; dig +short AAAA {name}); do whois -h riswhois.ripe.net $a; done",
}

var rpkiExists = rule{
	explain: Text{"Voor elk adres van de website is er een ROA.", "For each address of the website there is a ROA."},
	why:     rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
	judge: func(v *view) Verdict { return v.eachWebRoute(hasROA) },
}

var rpkiValid = rule{
	explain: Text{
		"Geen enkele route naar een adres van de website is ongeldig volgens RPKI (RFC 6811).",
		"No route to an address of the website is invalid by RPKI (RFC 6811).",
	},
	why: rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
	judge: func(v *view) Verdict { return v.eachWebRoute(validRoute) },
}

var rpkiNSExists = rule{
	explain: Text{"Voor elk adres van elke nameserver is er een ROA.", "For each address of each name server there is a ROA."},
	why:     rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
	judge: func(v *view) Verdict { return v.eachNSRoute(hasROA) },
}

var rpkiNSValid = rule{
	explain: Text{
		"Geen enkele route naar een adres van een nameserver is ongeldig volgens RPKI (RFC 6811).",
		"No route to an address of a name server is invalid by RPKI (RFC 6811).",
	},
	why: rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
	judge: func(v *view) Verdict { return v.eachNSRoute(validRoute) },
}
