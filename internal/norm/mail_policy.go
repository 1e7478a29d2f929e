package norm

import (
	"strings"

	"peil/internal/fact"
	"peil/internal/standard/bimi"
	"peil/internal/standard/mtasts"
	"peil/internal/standard/tlsrpt"
)

// only returns the one record of a kind at a name. Otherwise the finding says why there
// is none: not seen, none (with code no), or several (with code several).
func (v *view) only(at string, selected func([]string) []string, no, several string) (record string, f finding, ok bool) {
	a, f, ok := v.answer(at)
	if !ok {
		return "", f, false
	}
	switch rs := selected(a.TXT); len(rs) {
	case 1:
		return rs[0], finding{}, true
	case 0:
		return "", fail(because(no)).with(at + " TXT: none"), false
	default:
		return "", fail(because(several, itoa(len(rs)))).with(rs...), false
	}
}

// sts reads the MTA-STS policy of the domain as senders do. The finding says why there
// is none, or what is wrong with how it is served.
func (v *view) sts() (p *mtasts.Policy, f finding, ok bool) {
	at := mtasts.Name(v.Target.Name)
	text, f, ok := v.only(at, mtasts.Select, "no-mtasts", "sts-several")
	if !ok {
		return nil, f, false
	}
	if r := mtasts.ParseRecord(text); !r.Valid() {
		return nil, fail(because("sts-record", r.Defects[0].Code)).with(text, flawAt(r.Defects[0])), false
	}
	if v.Mail == nil || v.Mail.Policy == nil {
		return nil, missed(""), false
	}
	if f, ok := v.stsServed(v.Mail.Policy.Fetch); !ok {
		return nil, f, false
	}
	p = mtasts.ParsePolicy(v.Mail.Policy.Body)
	for _, d := range p.Defects {
		if !mtasts.Note(d.Code) {
			return nil, fail(because("sts-policy", d.Code)).with(flawAt(d)), false
		}
	}
	if v.Mail.Policy.Truncated {
		return nil, fail(because("sts-policy", "too_large")).with("more than 64 KiB"), false
	}
	return p, finding{}, true
}

// stsServed says whether the policy was served as senders ask for it: over HTTPS with a
// valid certificate, with status 200, without a redirect (RFC 8461 section 3.3).
func (v *view) stsServed(fetch *fact.Fetch) (finding, bool) {
	hop := fetch.First()
	if hop == nil {
		gap := fact.Gap("")
		if fetch != nil {
			gap = fetch.Gap
		}
		return missed(gap), false
	}
	if hop.Gap != "" {
		return missed(hop.Gap), false
	}
	if ch := v.Chain(hop.Chain); ch != nil && !ch.Trust.Trusted {
		if unchecked(ch) {
			return missed(fact.GapUnsupported), false
		}
		return fail(because("sts-certificate", distrust(ch))).with(hop.URL + ": " + trustProblem(ch)), false
	}
	switch {
	case hop.Status == 200:
		return finding{}, true
	case hop.Status != 0:
		return fail(because("sts-status", itoa(hop.Status))).with(hop.URL + ": " + itoa(hop.Status)), false
	case hop.Error == "timeout":
		return missed(fact.GapTimeout), false
	case hop.Error == "reset" || hop.Error == "signature": // who broke it off is not known
		return missed(fact.GapMalformed), false
	case hop.Error != "":
		return fail(because("sts-unreachable", hop.Error)).with(hop.URL + ": " + hop.Error), false
	}
	return missed(fetch.Gap), false
}

// stsHolds reports whether senders that know MTA-STS ask this mail server for a valid
// certificate.
func (v *view) stsHolds(server string) bool {
	p, _, ok := v.sts()
	return ok && p.Mode != mtasts.ModeNone && p.Allows(server)
}

var mailMTASTS = rule{
	explain: Text{
		"Het domein heeft MTA-STS (RFC 8461) in de stand enforce: één record, een beleid over HTTPS met een geldig certificaat, en elke mailserver past bij het beleid. Staat het op testing of korter dan een dag, dan is dat een waarschuwing.",
		"The domain has MTA-STS (RFC 8461) in mode enforce: one record, a policy over HTTPS with a valid certificate, and each mail server fits the policy. Mode testing, or a life below a day, warns.",
	},
	why: Text{
		"Grote mailaanbieders die DANE niet controleren, eisen met MTA-STS wel versleuteling en het juiste certificaat.",
		"With MTA-STS, big mail providers that do not check DANE do demand encryption and the right certificate.",
	},
	fixes: []Fix{
		fixFor("dns", "Zet het beleid op mta-sts.<domein> en kondig het aan met een record; verander id bij elke wijziging.", "Put the policy on mta-sts.<domain> and announce it by a record; change id with each change.",
			"_mta-sts.example.nl. 3600 IN TXT \"v=STSv1; id=20261123\"\n; https://mta-sts.example.nl/.well-known/mta-sts.txt\nversion: STSv1\nmode: enforce\nmx: mx1.example.nl\nmax_age: 2419200"),
	},
	check: "dig +short TXT _mta-sts.{name}; curl -sS -w '%{http_code}\\n' https://mta-sts.{name}/.well-known/mta-sts.txt; dig +short MX {name}",
	judge: func(v *view) Verdict {
		if f, ok := v.receiving(); !ok {
			return combine(f)
		}
		p, f, ok := v.sts()
		if !ok {
			return combine(f)
		}
		mode := "mode: " + string(p.Mode)
		for _, s := range v.mail().hosts {
			if p.Mode != mtasts.ModeNone && s.usable() && !p.Allows(s.name) {
				return combine(fail(because("sts-mx-missing", s.name)).with(mode, "mx: "+strings.Join(p.MX, ", ")+"; not "+s.name))
			}
		}
		switch {
		case p.Mode == mtasts.ModeNone:
			return combine(fail(because("sts-mode", string(p.Mode))).with(mode))
		case p.Mode == mtasts.Testing:
			return combine(warn(because("sts-mode", string(p.Mode))).with(mode))
		case p.MaxAge < 24*3600:
			return combine(warn(because("sts-short", itoa(int(p.MaxAge)))).with("max_age: " + itoa(int(p.MaxAge))))
		}
		return combine(pass(because("sts-mode", string(p.Mode))).with(mode))
	},
}

var mailTLSRPT = rule{
	explain: Text{
		"Het domein vraagt om rapporten over mislukte versleuteling (TLS-RPT, RFC 8460): één geldig record met ten minste één bruikbaar adres.",
		"The domain asks for reports on failed encryption (TLS-RPT, RFC 8460): one valid record with at least one usable address.",
	},
	why: Text{
		"Verzenders melden dan dat DANE of MTA-STS niet klopt, voordat er mail blijft liggen.",
		"Senders then report that DANE or MTA-STS is wrong, before mail is left undelivered.",
	},
	fixes: []Fix{fixFor("dns", "Zet een record met een adres voor de rapporten.", "Put a record with an address for the reports.", "_smtp._tls.example.nl. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:tlsrpt@example.nl\"")},
	check: "dig +short TXT _smtp._tls.{name}",
	judge: func(v *view) Verdict {
		if f, ok := v.receiving(); !ok {
			return combine(f)
		}
		text, f, ok := v.only(tlsrpt.Name(v.Target.Name), tlsrpt.Select, "no-tlsrpt", "tlsrpt-several")
		if !ok {
			return combine(f)
		}
		r := tlsrpt.Parse(text)
		switch {
		case len(r.RUA) == 0:
			return combine(fail(because("tlsrpt-no-address")).with(text))
		case !r.Valid():
			return combine(warn(because("tlsrpt-defect", r.Defects[0].Code)).with(text, flawAt(r.Defects[0])))
		}
		return combine(pass(because("tlsrpt", r.RUA[0].Text)).with(text))
	},
}

var mailBIMI = rule{
	explain: Text{
		"Of het domein een beeldmerk naast zijn mail wil zien (BIMI). Dit wordt alleen vermeld: BIMI is geen standaard.",
		"Whether the domain would like to see a logo beside its mail (BIMI). This is mentioned only: BIMI is no standard.",
	},
	why: Text{
		"Sommige mailaanbieders tonen het beeldmerk als DMARC streng genoeg is.",
		"Some mail providers show the logo when DMARC is strict enough.",
	},
	fixes: []Fix{fixFor("dns", "Zet een record met de plaats van het beeldmerk (SVG Tiny PS).", "Put a record with the place of the logo (SVG Tiny PS).", "default._bimi.example.nl. 3600 IN TXT \"v=BIMI1; l=https://example.nl/logo.svg\"")},
	check: "dig +short TXT default._bimi.{name}",
	judge: func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		a, f, ok := v.answer(bimi.Name(v.Target.Name))
		if !ok {
			if f.outcome == Failed {
				f.outcome = Info
			}
			return combine(f)
		}
		rs := bimi.Select(a.TXT)
		if len(rs) == 0 {
			return combine(none(because("no-bimi")))
		}
		r := bimi.Parse(rs[0])
		switch {
		case r.Declines:
			return combine(note(because("bimi-declines")).with(rs[0]))
		case r.Location == "" || len(rs) > 1:
			return combine(note(because("bimi-unusable")).with(rs...))
		}
		return combine(note(because("bimi", r.Location)).with(rs[0]))
	},
}

var mxNull = rule{
	explain: Text{
		"Een domein dat geen mail ontvangt, zegt dat met een null MX (RFC 7505). Voor een domein met mailservers, en voor een naam zonder adres, is deze eis niet van toepassing.",
		"A domain that takes no mail says so by a null MX (RFC 7505). For a domain with mail servers, and for a name without an address, this requirement does not apply.",
	},
	why: Text{
		"Zonder null MX blijft een verzender het dagen proberen op het adres van de website. Met null MX hoort hij meteen dat het niet kan.",
		"Without a null MX a sender keeps trying the address of the website for days. With a null MX it is told at once.",
	},
	fixes: []Fix{fixFor("dns", "Zet een null MX, en laat SPF en DMARC alles weigeren.", "Put a null MX, and let SPF and DMARC turn everything away.", "example.org. 3600 IN MX 0 .\nexample.org. 3600 IN TXT \"v=spf1 -all\"\n_dmarc.example.org. 3600 IN TXT \"v=DMARC1; p=reject\"")},
	check: "dig +noall +answer {name} MX {name} A {name} AAAA",
	judge: func(v *view) Verdict {
		d := v.mail()
		switch d.state {
		case "":
			return combine(missed(d.gap))
		case mailNull:
			return combine(pass(because("null-mx")))
		case mailSilent:
			return combine(fail(because("no-null-mx")).with(v.Target.Name + " MX: none; nothing answers on port 25"))
		case mailMX, mailImplicit:
			return combine(none(because("takes-mail")))
		}
		return combine(none(because(string(d.state))))
	},
}

var mxValid = rule{
	explain: Text{
		"Elk MX-record noemt een naam die bestaat en een adres heeft, geen IP-adres en geen alias (CNAME), en er staat geen null MX naast andere records.",
		"Each MX record names a host that exists and has an address, not an IP address and not an alias (CNAME), and no null MX stands beside other records.",
	},
	why: Text{
		"Mail die naar zo'n record gestuurd wordt, komt niet of te laat aan.",
		"Mail that is sent to such a record does not arrive, or too late.",
	},
	fixes: []Fix{fixFor("dns", "Laat elk MX-record wijzen naar een naam met A- en AAAA-records.", "Let each MX record point to a name with A and AAAA records.", "example.nl.     3600 IN MX 10 mx1.example.nl.\nmx1.example.nl. 3600 IN A 192.0.2.25\nmx1.example.nl. 3600 IN AAAA 2001:db8::25")},
	check: "dig +short MX {name} | while read p mx; do echo $mx; dig +noall +answer $mx A $mx AAAA; done",
	judge: func(v *view) Verdict {
		d := v.mail()
		if f, ok := v.receiving(); !ok {
			if d.bogus != nil {
				f = fail(because("dnssec-bogus", problem(d.bogus.Problem))).with(problem(d.bogus.Problem))
			}
			return combine(f)
		}
		var fs []finding
		if d.state == mailImplicit {
			return combine(warn(because("mx-implicit")).with(v.Target.Name + " MX: none"))
		}
		if d.nullBeside {
			fs = append(fs, fail(because("mx-null-beside")).on(v.Target.Name).with(records(v.DNS.Lookup(v.Target.Name, "MX"))))
		}
		for _, s := range d.hosts {
			f := pass(because("mx-ok"))
			switch {
			case s.defect == "mx-alias":
				f = warn(because(s.defect)).with("MX " + s.name + ": CNAME (RFC 2181 section 10.3)")
			case s.defect != "":
				f = fail(because(s.defect)).with("MX " + s.name)
			case s.gap != "" && len(v.addressesOf(s.name)) == 0:
				f = missed(s.gap)
			}
			fs = append(fs, f.on(s.name))
		}
		return combine(fs...)
	},
}

var mxDangling = rule{
	explain: Text{
		"Geen MX-record wijst naar een naam die niet bestaat.",
		"No MX record points to a name that does not exist.",
	},
	why: Text{
		"Wie het domein van zo'n naam registreert, ontvangt de mail.",
		"Whoever registers the domain of such a name receives the mail.",
	},
	fixes: []Fix{fixFor("dns", "Haal het MX-record weg, of geef de naam weer een adres.", "Remove the MX record, or give the name an address again.", "")},
	check: mxValid.check,
	judge: func(v *view) Verdict {
		if f, ok := v.receiving(); !ok {
			return combine(f)
		}
		var fs []finding
		for _, s := range v.mail().hosts {
			f := pass(because("mx-exists"))
			switch {
			case s.defect == "mx-nonexistent":
				f = fail(because(s.defect)).with("MX " + s.name + ": NXDOMAIN")
			case s.defect == "mx-literal" || s.defect == "mx-bad-name":
				f = none(because(s.defect))
			case s.gap != "" && len(v.addressesOf(s.name)) == 0:
				f = missed(s.gap)
			}
			fs = append(fs, f.on(s.name))
		}
		return combine(fs...)
	},
}
