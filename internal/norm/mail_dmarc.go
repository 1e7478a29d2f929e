package norm

import (
	"peil/internal/name"
	"peil/internal/standard/dmarc"
	"peil/internal/standard/lookup"
)

// dmarcReading is the DMARC record that holds for the domain (RFC 9989 section 4.10).
type dmarcReading struct {
	found  dmarc.Discovery
	policy *dmarc.Place // nil when none holds; missing says why
	// missing is why there is no record to go by: not seen, none, several.
	missing finding
}

// dmarc finds the record that holds for the domain, once.
func (v *view) dmarc() *dmarcReading {
	if v.protect == nil {
		v.protect = v.readDMARC()
	}
	return v.protect
}

func (v *view) readDMARC() *dmarcReading {
	r := &dmarcReading{}
	own := "_dmarc." + v.Target.Name
	if _, f, ok := v.answer(own); !ok {
		r.missing = f
		return r
	}
	r.found, _ = dmarc.TreeWalk(v.Target.Name, v.ask)
	at := r.found.Places
	if len(at) > 0 && at[0].Status == dmarc.Several {
		r.missing = fail(because("dmarc-several", itoa(len(at[0].Texts)))).with(at[0].Texts...)
		return r
	}
	if p := r.found.Policy; p != nil && (r.found.Certain || p.Domain == v.Target.Name) {
		r.policy = p
		return r
	}
	if !r.found.Certain {
		for _, p := range at {
			if p.Status == dmarc.NotKnown || p.Status == dmarc.Broken {
				r.missing = v.missedTXT("_dmarc." + p.Domain)
				return r
			}
		}
		r.missing = missed("")
		return r
	}
	r.missing = fail(because("no-dmarc")).with(own + " TXT: no DMARC record, nor at a name above it")
	for _, p := range at {
		for _, o := range p.Others {
			r.missing = r.missing.with("_dmarc." + p.Domain + " TXT " + o)
		}
	}
	return r
}

// below is the policy that the record has for names below the domain.
func (r *dmarcReading) below(exists bool) dmarc.Effective { return r.policy.Record.For(false, exists) }

// enforced reports whether a policy asks receivers to do something.
func enforced(p dmarc.Policy) bool { return p == dmarc.Quarantine || p == dmarc.Reject }

var dmarcWhy = Text{
	"SPF en DKIM alleen beschermen de naam niet die de lezer ziet. DMARC zegt ontvangers wat zij doen met mail die niet klopt.",
	"SPF and DKIM alone do not protect the name that the reader sees. DMARC tells recipients what to do with mail that does not pass.",
}

var dmarcFixes = []Fix{
	fixFor("dns", "Begin met p=none en rapporten, kijk wie namens het domein verstuurt, en ga dan naar p=quarantine en p=reject.", "Begin with p=none and reports, see who sends for the domain, and then go to p=quarantine and p=reject.",
		"_dmarc.example.nl. 3600 IN TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@example.nl\""),
}

const dmarcCheck = "n={name}; while [ $n ]; do echo $n; dig +short TXT _dmarc.$n; n=$(echo $n | cut -s -d. -f2-); done"

var dmarcRecord = rule{
	explain: Text{
		"Voor het domein geldt precies één DMARC-record, bij het domein zelf of bij een naam erboven (RFC 9989), en ontvangers kunnen ermee werken. Onbekende onderdelen tellen niet.",
		"Exactly one DMARC record holds for the domain, at the domain itself or a name above it (RFC 9989), and recipients can work with it. Unknown tags do not count.",
	},
	why: dmarcWhy, fixes: dmarcFixes, check: dmarcCheck,
	judge: func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		r := v.dmarc()
		if r.policy == nil {
			return combine(r.missing)
		}
		rec := r.policy.Record
		lines := []string{"_dmarc." + r.policy.Domain + " TXT " + rec.Text}
		for _, d := range rec.Defects {
			lines = append(lines, flawAt(d))
		}
		if !rec.Usable() {
			code := dmarc.MissingPolicy
			if len(rec.Defects) > 0 {
				code = rec.Defects[0].Code
			}
			return combine(fail(because("dmarc-unusable", code)).with(lines...))
		}
		return combine(pass(because("dmarc-record", r.policy.Domain)).with(lines...))
	},
}

// judgeDMARC judges the record when one holds that recipients can work with.
func judgeDMARC(judge func(*view, *dmarcReading) []finding) func(*view) Verdict {
	return func(v *view) Verdict {
		if f, ok := v.domain(); !ok {
			return combine(f)
		}
		r := v.dmarc()
		switch {
		case r.policy != nil && r.policy.Record.Usable():
			return combine(judge(v, r)...)
		case r.policy == nil && r.missing.outcome == NotMeasured:
			return combine(missed(r.missing.gap))
		}
		return combine(none(because("dmarc-none-holds")))
	}
}

var dmarcPolicy = rule{
	explain: Text{
		"Het DMARC-beleid voor het domein is quarantine of reject, en niet alleen een proef (t=y met quarantine).",
		"The DMARC policy for the domain is quarantine or reject, and not a trial alone (t=y with quarantine).",
	},
	why: dmarcWhy, fixes: dmarcFixes, check: dmarcCheck,
	judge: judgeDMARC(func(_ *view, r *dmarcReading) []finding {
		e := r.found.Effective(true)
		switch {
		case enforced(e.Applied):
			return []finding{pass(because("dmarc-policy", e.Tag, string(e.Policy)))}
		case e.Test && enforced(e.Policy):
			return []finding{fail(because("dmarc-trial", string(e.Policy))).with(r.policy.Record.Text)}
		}
		return []finding{fail(because("dmarc-policy", firstWord(e.Tag, "p"), firstWord(string(e.Policy), "none"))).with(r.policy.Record.Text)}
	}),
}

var dmarcSubdomains = rule{
	explain: Text{
		"Ook voor namen onder het domein, of zij nu bestaan of niet, is het DMARC-beleid quarantine of reject (p, sp en np).",
		"For names below the domain too, whether they exist or not, the DMARC policy is quarantine or reject (p, sp and np).",
	},
	why: spfSubdomain.why, fixes: dmarcFixes, check: dmarcCheck,
	judge: judgeDMARC(func(v *view, r *dmarcReading) []finding {
		var fs []finding
		for _, e := range []dmarc.Effective{r.below(true), r.below(false)} {
			f := pass(because("dmarc-policy", firstWord(e.Tag, "p"), string(e.Applied)))
			if !enforced(e.Applied) {
				f = warn(because("dmarc-policy", firstWord(e.Tag, "p"), firstWord(string(e.Applied), "none"))).with(r.policy.Record.Text)
			}
			fs = append(fs, f)
		}
		return fs
	}),
}

var dmarcReports = rule{
	explain: Text{
		"Het DMARC-record vraagt om rapporten (rua) op adressen die bruikbaar zijn; een adres bij een ander staat in de DNS van die ander toegestaan.",
		"The DMARC record asks for reports (rua) at addresses that are usable; an address with another party is permitted in that party's DNS.",
	},
	why: Text{
		"Uit de rapporten blijkt wie namens het domein mail verstuurt, ook wie dat niet mag. Zonder toestemming van de ontvanger komen zij niet aan.",
		"The reports show who sends mail for the domain, also who should not. Without the recipient's permission they do not arrive.",
	},
	fixes: []Fix{
		fixFor("dns", "Zet een adres in rua, en laat een andere ontvanger dit record plaatsen.", "Put an address in rua, and have another recipient publish this record.", "_dmarc.example.nl. 3600 IN TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@reports.example\"\nexample.nl._report._dmarc.reports.example. 3600 IN TXT \"v=DMARC1;\""),
	},
	check: dmarcCheck,
	judge: judgeDMARC(func(v *view, r *dmarcReading) []finding {
		rec := r.policy.Record
		var fs []finding
		for _, d := range rec.Defects {
			if d.Code == dmarc.BadURI {
				fs = append(fs, fail(because("report-bad-address", d.Text)).with(rec.Text, flawAt(d)))
			}
		}
		aggregate := false
		for _, d := range rec.Destinations(r.policy.Domain, registrableOr) {
			if d.URI.Scheme != "mailto" {
				continue // reports go by mail alone (RFC 9990)
			}
			aggregate = aggregate || d.Tag == "rua"
			fs = append(fs, v.consent(d).on(d.URI.Address))
		}
		if !aggregate && len(fs) == 0 {
			return []finding{warn(because("no-reports")).with(rec.Text)}
		}
		return fs
	}),
}

// registrableOr is the domain that somebody registered, or the name itself.
func registrableOr(n string) string { return firstWord(name.Registrable(n), n) }

// consent judges whether a destination of reports agrees to get them.
func (v *view) consent(d dmarc.Destination) finding {
	if !d.External {
		return pass(because("report-own"))
	}
	q := d.Question
	if !lookup.ValidName(q.Name) {
		return fail(because("report-not-allowed", d.URI.Host)).with(q.Name + ": no name of the DNS")
	}
	switch c, _ := dmarc.CheckConsent(d, v.ask(q.Name, q.Type)); c {
	case dmarc.Agrees:
		return pass(because("report-allowed", d.URI.Host))
	case dmarc.Refuses:
		return fail(because("report-not-allowed", d.URI.Host)).with(q.Name + " TXT: no DMARC record")
	default:
		return v.missedTXT(q.Name)
	}
}
