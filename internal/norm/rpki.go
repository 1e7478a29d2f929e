package norm

import (
	"net/netip"
	"slices"
	"strings"

	"peil/internal/fact"
)

// webAddresses are all addresses of the website, those beyond the budget included:
// routes cost no connection.
func webAddresses(m *fact.Measurement) []netip.Addr {
	if m.Web == nil {
		return nil
	}
	var as []netip.Addr
	for i := range m.Web.Hosts {
		as = append(as, m.Web.Hosts[i].Addr)
	}
	return append(as, m.Web.Beyond...)
}

func (v *view) eachWebRoute(judge func(*fact.Route) finding) Verdict {
	if f, ok := v.site(); !ok {
		return combine(f)
	}
	var fs []finding
	for _, a := range webAddresses(v.Measurement) {
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
	case r.NotPublic: // nobody can announce it, and no ROA can cover it
		return none(because("not-public"))
	case r.VRPGap != "":
		return missed(r.VRPGap)
	}
	return judge(r)
}

var (
	rpkiWhy = Text{
		"Met RPKI kan iedereen zien welk netwerk een adres mag aankondigen. Zo komt verkeer niet door een fout of aanval bij een ander terecht.",
		"With RPKI everyone can see which network may announce an address. So traffic does not end up elsewhere through an error or an attack.",
	}
	rpkiFixes = []Fix{
		fixFor("", "Vraag de hoster of netwerkbeheerder een ROA aan te maken voor het adresblok, met het juiste AS-nummer en een maximale lengte gelijk aan wat wordt aangekondigd (RIPE NCC: my.ripe.net, RPKI).", "Ask the hoster or network operator to make a ROA for the block of addresses, with the right AS number and a maximum length equal to what is announced (RIPE NCC: my.ripe.net, RPKI).", ""),
	}
)

// How to see it elsewhere: fillIn makes them into questions to RIPEstat.
const (
	rpkiCheck    = "{rpki}"    // about the routes to {addr}
	rpkiCheckWeb = "{rpkiweb}" // about those to every address of the website
)

const ripeStat = "https://stat.ripe.net/data/"

// askRIPEstat is a command that asks RIPEstat, which anyone can reach by curl, how the
// routes to addresses stand by RPKI: the invalid ones first, then those without a ROA.
// Of an address without a route it asks whether RIPEstat knows one.
// https://stat.ripe.net/docs/data-api/api-endpoints/rpki-validation
func askRIPEstat(m *fact.Measurement, addrs []netip.Addr) string {
	const most = 8 // enough to see it, and short enough to paste
	var questions [3][]string
	seen := map[string]bool{}
	ask := func(rank int, q string) {
		if !seen[q] {
			seen[q] = true
			questions[rank] = append(questions[rank], "'"+q+"'")
		}
	}
	for _, a := range addrs {
		r := m.Route(a)
		if r == nil || len(r.Origins) == 0 {
			ask(1, "network-info/data.json?resource="+a.String())
			continue
		}
		for _, o := range r.Origins {
			rank := 1
			switch o.State {
			case fact.ROVInvalidAS, fact.ROVInvalidLength:
				rank = 0
			case fact.ROVValid:
				rank = 2
			}
			ask(rank, "rpki-validation/data.json?resource="+utoa(o.Origin)+"&prefix="+o.Prefix.String())
		}
	}
	all := slices.Concat(questions[0], questions[1], questions[2])
	switch len(all) {
	case 0:
		return ""
	case 1:
		return "curl -s '" + ripeStat + strings.Trim(all[0], "'") + "'"
	}
	return "for q in " + strings.Join(all[:min(len(all), most)], " ") + "; do curl -s \"" + ripeStat + "$q\"; echo; done"
}

// serverAddresses are the addresses of the name servers.
func serverAddresses(m *fact.Measurement) []netip.Addr {
	if m.DNS == nil {
		return nil
	}
	var as []netip.Addr
	for i := range m.DNS.NameServers {
		for _, a := range m.DNS.NameServers[i].Addrs {
			as = append(as, a.Addr)
		}
	}
	return as
}

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
	check: rpkiCheckWeb,
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
