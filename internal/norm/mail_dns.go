package norm

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"peil/internal/fact"
	"peil/internal/standard/lookup"
)

// addressesOf are the addresses of a mail server, IPv4 first.
func (v *view) addressesOf(host string) []netip.Addr {
	v4, v6, _ := v.hostAddresses(host)
	return append(v4, v6...)
}

var mailIPv6Why = Text{
	"Er zijn verzenders die alleen IPv6 hebben. De overheid heeft afgesproken dat ook mail over IPv6 kan.",
	"There are senders that have IPv6 alone. Dutch governments have agreed that mail works over IPv6 too.",
}

var mailIPv6Fixes = []Fix{
	fixFor("dns", "Geef elke mailserver een AAAA-record zodra hij op IPv6 luistert.", "Give each mail server an AAAA record once it listens on IPv6.", "mx1.example.nl. 3600 IN AAAA 2001:db8::25"),
	fixFor("postfix", "Luister op alle protocollen.", "Listen on all protocols.", "postconf -e inet_protocols=all inet_interfaces=all"),
	fixFor("exim", "Luister op alle adressen.", "Listen on all addresses.", "local_interfaces = <; 0.0.0.0 ; ::0"),
	fixFor("exchange", "Laat de ontvangstconnector ook op IPv6 luisteren.", "Let the receive connector listen on IPv6 too.", "Set-ReceiveConnector 'Default Frontend MX1' -Bindings '0.0.0.0:25','[::]:25'"),
}

var mailIPv6Address = rule{
	explain: Text{
		"Elke mailserver (MX) heeft een AAAA-record met een echt IPv6-adres.",
		"Each mail server (MX) has an AAAA record with a proper IPv6 address.",
	},
	why: mailIPv6Why, fixes: mailIPv6Fixes,
	check: "for mx in $(dig +short MX {name} | cut -d' ' -f2); do echo $mx $(dig +short AAAA $mx); done",
	judge: func(v *view) Verdict {
		return v.eachMX(func(s *mailServer) []finding {
			l := v.DNS.Lookup(s.name, "AAAA")
			_, v6, _ := v.hostAddresses(s.name)
			switch {
			case l == nil:
				return []finding{missed("")}
			case l.Gap != "":
				return []finding{missed(l.Gap)}
			case len(v6) > 0:
				return []finding{pass(because("has-ipv6", itoa(len(v6))))}
			case !denied(l) && len(l.Records) == 0:
				return []finding{missed(fact.GapDNS)}
			}
			return []finding{fail(because("no-ipv6")).with("AAAA: none")}
		})
	},
}

var mailIPv6Reach = rule{
	explain: Text{
		"Elk IPv6-adres van elke mailserver antwoordt op poort 25.",
		"Each IPv6 address of each mail server answers on port 25.",
	},
	why: mailIPv6Why, fixes: mailIPv6Fixes,
	check: "(sleep 3; echo QUIT) | nc -6 -w 5 {addr} 25",
	judge: func(v *view) Verdict {
		if f, ok := v.receiving(); !ok {
			return combine(f)
		}
		var fs []finding
		d := v.eachMailHost(func(_ *fact.MailServer, h *fact.MailHost) finding {
			f := pass(because("answers"))
			switch {
			case !v6(h.Addr):
				return none(because("no-ipv6"))
			case h.Port25.Open():
			case h.Port25.Dead():
				f = fail(because("dead-address", "25", h.Port25.How)).with("tcp 25 " + h.Port25.How)
			default:
				f = missed(h.Port25.Gap)
			}
			fs = append(fs, f)
			return f
		})
		if len(fs) == 0 && d.Outcome == NotApplicable {
			return combine(none(because("no-ipv6")))
		}
		d.PerSubject = slices.DeleteFunc(d.PerSubject, func(s SubjectVerdict) bool { return s.Saw.Code == "no-ipv6" })
		return d
	},
}

// signed judges an answer by DNSSEC: bogus and unsigned both fail.
func (v *view) signed(l *fact.Lookup) finding {
	switch {
	case l == nil:
		return missed("")
	case l.Gap != "":
		return missed(l.Gap).on(l.Name + " " + l.Type)
	}
	f := missed(fact.GapDNS)
	switch l.Security {
	case fact.Secure:
		f = pass(because("dnssec-signed")).till(v.after(l.Until))
	case fact.Bogus:
		f = fail(because("dnssec-bogus", problem(l.Problem))).with(problem(l.Problem))
		if l.Problem != nil {
			f = f.till(v.after(l.Problem.When))
		}
	case fact.Insecure:
		f = fail(because("dnssec-insecure", zoneOf(l.Zone, l.Final()), unsigned(l.Unsigned))).with(l.Final() + " " + l.Type + ": insecure, " + unsigned(l.Unsigned))
	}
	return f.on(l.Name + " " + l.Type)
}

var mailDNSSECWhy = Text{
	"Zonder DNSSEC kan iemand mail ongemerkt naar een andere server laten gaan, en SPF, DKIM en DMARC vervalsen. DANE werkt er niet zonder.",
	"Without DNSSEC someone can send mail to another server unnoticed, and forge SPF, DKIM and DMARC. DANE does not work without it.",
}

var mailDNSSECDomain = rule{
	explain: Text{
		"Het antwoord voor MX van het domein is ondertekend en geldig volgens DNSSEC, en geen enkel antwoord over zijn mailbeleid (SPF, DMARC, DKIM, MTA-STS) is vals.",
		"The answer for MX of the domain is signed and valid by DNSSEC, and no answer about its mail policies (SPF, DMARC, DKIM, MTA-STS) is bogus.",
	},
	why: mailDNSSECWhy, fixes: dnssecFixes, check: dnssecCheck,
	judge: func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		fs := []finding{v.signed(v.DNS.Lookup(v.Target.Name, "MX"))}
		if v.DNS != nil {
			for i := range v.DNS.Lookups {
				l := &v.DNS.Lookups[i]
				own := l.Name == v.Target.Name || strings.HasSuffix(l.Name, "."+v.Target.Name)
				if own && l.Type == "TXT" && l.Security == fact.Bogus {
					fs = append(fs, v.signed(l))
				}
			}
		}
		return combine(fs...)
	},
}

var mailDNSSECServers = rule{
	explain: Text{
		"De antwoorden voor de adressen van elke mailserver zijn ondertekend en geldig volgens DNSSEC, ook die van een naam waar een CNAME naar verwijst.",
		"The answers for the addresses of each mail server are signed and valid by DNSSEC, also those of a name that a CNAME points to.",
	},
	why: mailDNSSECWhy, fixes: dnssecFixes, check: dnssecCheck,
	judge: func(v *view) Verdict {
		return v.eachMX(func(s *mailServer) []finding {
			return []finding{v.signed(v.DNS.Lookup(s.name, "A")), v.signed(v.DNS.Lookup(s.name, "AAAA"))}
		})
	},
}

// reverseName is where the name of an address stands (RFC 1035 section 3.5, RFC 3596
// section 2.5).
func reverseName(a netip.Addr) string {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", b[3], b[2], b[1], b[0])
	}
	const digits = "0123456789abcdef"
	b := a.As16()
	var s strings.Builder
	for i := len(b) - 1; i >= 0; i-- {
		s.Write([]byte{digits[b[i]&15], '.', digits[b[i]>>4], '.'})
	}
	return s.String() + "ip6.arpa"
}

var mailPTR = rule{
	explain: Text{
		"Elk adres van elke mailserver heeft een naam in de omgekeerde DNS (PTR), en die naam verwijst terug naar het adres.",
		"Each address of each mail server has a name in the reverse DNS (PTR), and that name points back to the address.",
	},
	why: Text{
		"Veel ontvangers weigeren mail van een adres zonder kloppende naam. Een mailserver verstuurt meestal ook.",
		"Many recipients refuse mail from an address without a matching name. A mail server usually sends too.",
	},
	fixes: []Fix{fixFor("dns", "Vraag de beheerder van het adresblok om een PTR-record met de naam van de mailserver.", "Ask the holder of the block of addresses for a PTR record with the name of the mail server.", "25.2.0.192.in-addr.arpa. 3600 IN PTR mx1.example.nl.")},
	check: "dig +short -x {addr}",
	judge: func(v *view) Verdict {
		return v.eachMX(func(s *mailServer) (fs []finding) {
			as := v.addressesOf(s.name)
			if len(as) == 0 {
				return []finding{missed(s.gap)}
			}
			for _, a := range as {
				fs = append(fs, v.named(a).on(mailSubject(a, s.name)).at(a))
			}
			return fs
		})
	},
}

// named judges the reverse name of an address.
func (v *view) named(a netip.Addr) finding {
	asked := reverseName(a)
	l := v.DNS.Lookup(asked, "PTR")
	switch {
	case l == nil:
		return missed("")
	case l.Gap != "":
		return missed(l.Gap)
	case l.Security == fact.Bogus:
		return fail(because("dnssec-bogus", problem(l.Problem))).with(problem(l.Problem))
	case denied(l):
		return fail(because("no-ptr")).with(asked + " PTR: none")
	case lookup.Of(l).Status != lookup.OK:
		return missed(fact.GapDNS)
	}
	qtype := "A"
	if a.Is6() {
		qtype = "AAAA"
	}
	gap, open := fact.Gap(""), false
	for _, n := range lookup.Of(l).Hosts {
		if slices.Contains(v.addressesOf(n), a) {
			return pass(because("ptr", n))
		}
		if f := v.DNS.Lookup(n, qtype); f == nil || f.Gap != "" {
			open = true
			if f != nil {
				gap = f.Gap
			}
		}
	}
	if open {
		return missed(gap)
	}
	return fail(because("ptr-mismatch", records(l))).with(asked + " " + records(l) + ": none points back to " + a.String())
}

var mailCAA = rule{
	explain: Text{
		"Voor de naam van elke mailserver gelden CAA-records zonder fouten die zeggen wie certificaten mag uitgeven, en de uitgever van het huidige certificaat staat erbij.",
		"For the name of each mail server hold CAA records without errors that say who may issue certificates, and the issuer of the present certificate is among them.",
	},
	why: dnsCAA.why, fixes: dnsCAA.fixes,
	check: "for n in $(dig +short MX {name} | cut -d' ' -f2 | sed 's/[.]$//'); do while [ $n ]; do echo $n; dig +short CAA $n; n=$(echo $n | cut -s -d. -f2-); done; done",
	judge: func(v *view) Verdict {
		return v.eachMX(func(s *mailServer) []finding {
			var served []*fact.TLS
			if server := v.Mail.Server(s.name); server != nil {
				for i := range server.Hosts {
					served = append(served, server.Hosts[i].TLS)
				}
			}
			return v.caaOf(s.name, served)
		})
	},
}

func (v *view) eachMailRoute(judge func(*fact.Route) finding) Verdict {
	return v.eachMX(func(s *mailServer) (fs []finding) {
		as := v.addressesOf(s.name)
		for _, a := range as {
			fs = append(fs, v.route(a, judge).on(mailSubject(a, s.name)).at(a))
		}
		if s.gap != "" {
			fs = append(fs, missed(s.gap))
		}
		return fs
	})
}

// eachMailNSRoute judges the routes to the name servers of the mail servers.
func (v *view) eachMailNSRoute(judge func(*fact.Route) finding) Verdict {
	seen := map[netip.Addr]bool{}
	return v.eachMX(func(s *mailServer) (fs []finding) {
		as, gap := v.mailNameServers(s.name)
		for _, a := range as {
			if !seen[a] {
				seen[a] = true
				fs = append(fs, v.route(a, judge).at(a))
			}
		}
		if gap != "" {
			fs = append(fs, missed(gap))
		}
		return fs
	})
}

var (
	mailRPKIExists = rule{
		explain: Text{"Voor elk adres van elke mailserver is er een ROA.", "For each address of each mail server there is a ROA."},
		why:     rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
		judge: func(v *view) Verdict { return v.eachMailRoute(hasROA) },
	}
	mailRPKIValid = rule{
		explain: Text{
			"Geen enkele route naar een adres van een mailserver is ongeldig volgens RPKI (RFC 6811).",
			"No route to an address of a mail server is invalid by RPKI (RFC 6811).",
		},
		why: rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
		judge: func(v *view) Verdict { return v.eachMailRoute(validRoute) },
	}
	mailRPKINSExists = rule{
		explain: Text{"Voor elk adres van elke nameserver van de mailservers is er een ROA.", "For each address of each name server of the mail servers there is a ROA."},
		why:     rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
		judge: func(v *view) Verdict { return v.eachMailNSRoute(hasROA) },
	}
	mailRPKINSValid = rule{
		explain: Text{
			"Geen enkele route naar een adres van een nameserver van de mailservers is ongeldig volgens RPKI (RFC 6811).",
			"No route to an address of a name server of the mail servers is invalid by RPKI (RFC 6811).",
		},
		why: rpkiWhy, fixes: rpkiFixes, check: rpkiCheck,
		judge: func(v *view) Verdict { return v.eachMailNSRoute(validRoute) },
	}
)
