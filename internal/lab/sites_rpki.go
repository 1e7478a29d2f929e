package lab

// routed puts all servers of the site in a block of that kind.
func routed(r Routing) func(*Site) {
	return func(s *Site) { s.servers(func(v *Server) { v.Routing = r }) }
}

const rpkiForum = `
forum
  web_rpki failed
  = web_complete_with_ipv6_rpki failed`

func rpkiSites() []entry {
	notFound := `
internet.nl 87
  web_rpki_exists warning bad 0/5
  web_rpki_valid failed bad 0/10
peil below_standard
  web.rpki.exists failed
  web.rpki.valid not_applicable` + rpkiForum
	invalid := `
internet.nl 91
  web_rpki_valid failed invalid 0/10
peil below_standard
  web.rpki.valid failed` + rpkiForum
	nsNotFound := `
internet.nl 87
  web_ns_rpki_exists warning bad 0/5
  web_ns_rpki_valid failed bad 0/10
peil below_standard
  web.rpki.nsexists failed
  web.rpki.nsvalid not_applicable` + rpkiForum
	nsInvalid := `
internet.nl 91
  web_ns_rpki_valid failed invalid 0/10
peil below_standard
  web.rpki.nsvalid failed` + rpkiForum
	return []entry{
		{"rpki-none", "rpki", Text{"geen ROA voor de website", "no ROA for the website"}, routed(RouteNotFound), notFound},
		{"rpki-none-v6", "rpki", Text{"geen ROA voor het IPv6-adres", "no ROA for the IPv6 address"}, func(s *Site) { s.V6[0].Routing = RouteNotFound }, notFound + `
peil below_standard
  web.rpki.valid passed`},
		{"rpki-invalid-as", "rpki", Text{"de route komt van een ander AS dan de ROA noemt", "the route comes from another AS than the ROA names"}, routed(RouteInvalidAS), invalid},
		{"rpki-invalid-length", "rpki", Text{"de route is langer dan de ROA toelaat", "the route is longer than the ROA allows"}, routed(RouteInvalidLength), invalid},
		{"rpki-two-origins", "rpki", Text{"een tweede AS kondigt hetzelfde aan", "a second AS announces the same"}, routed(RouteTwoOrigins), invalid},
		{"rpki-not-routed", "rpki", Text{"er is een ROA, maar geen route", "there is a ROA, but no route"}, routed(RouteNone), `
internet.nl 100
  web_rpki_valid not_tested not-routed 10/10
peil up_to_standard
  web.rpki.valid not_applicable`},
		{"rpki-nothing", "rpki", Text{"geen ROA en geen route", "no ROA and no route"}, routed(RouteNothing), `
internet.nl 95
  web_rpki_exists warning bad 0/5
  web_rpki_valid not_tested not-routed 10/10
peil below_standard
  web.rpki.exists failed
  web.rpki.valid not_applicable
forum
  web_rpki warning`},
		{"ns-rpki-none", "rpki", Text{"geen ROA voor de nameservers", "no ROA for the name servers"}, nsSet("no-roa"), nsNotFound},
		{"ns-rpki-one-none", "rpki", Text{"geen ROA voor één nameserver", "no ROA for one name server"}, nsSet("one-no-roa"), nsNotFound + `
peil below_standard
  web.rpki.nsvalid passed`},
		{"ns-rpki-invalid-as", "rpki", Text{"één nameserver zit achter een route van een ander AS", "one name server is behind a route of another AS"}, nsSet("invalid-as"), nsInvalid},
		{"ns-rpki-invalid-length", "rpki", Text{"één nameserver zit achter een te lange route", "one name server is behind a route that is too long"}, nsSet("invalid-length"), nsInvalid},
		{"ns-rpki-not-routed", "rpki", Text{"de nameservers zijn niet gerouteerd", "the name servers are not routed"}, nsSet("not-routed"), `
internet.nl 100
  web_ns_rpki_valid not_tested not-routed 10/10
peil up_to_standard
  web.rpki.nsvalid not_applicable`},
		{"ns-rpki-one-not-routed", "rpki", Text{"één nameserver is niet gerouteerd", "one name server is not routed"}, nsSet("one-not-routed"), ``},
	}
}
