package norm

import (
	"strings"

	"peil/internal/fact"
)

// forumRule is a field of the measurement: the worst of tests of internet.nl on the
// same facts (catalogue D.2).
func forumRule(explain Text, like rule, tests ...string) rule {
	return rule{
		explain: explain, why: like.why, fixes: like.fixes, check: like.check,
		judge: func(v *view) Verdict {
			if f, ok := v.site(); !ok {
				return combine(f)
			}
			return field(v.inlVerdicts(tests))
		},
	}
}

// field sums up tests: failed when one failed, else not measured when one was not,
// else the worst of the rest.
func field(tests []*Verdict) Verdict {
	out := Verdict{Outcome: NotApplicable}
	for _, d := range tests {
		switch {
		case out.Outcome == Failed:
		case d.Outcome == Failed:
			out.Outcome, out.Gap = Failed, ""
		case out.Outcome == NotMeasured:
		case d.Outcome == NotMeasured:
			out.Outcome, out.Gap = NotMeasured, d.Gap
		default:
			out.Outcome = worst(out.Outcome, d.Outcome)
		}
		out.Until = earliest(out.Until, d.Until)
	}
	var ids []string
	for _, d := range tests {
		if d.Outcome == out.Outcome {
			ids = append(ids, d.ID)
		}
		if d.Outcome == out.Outcome && out.Outcome != Passed {
			for _, s := range d.PerSubject {
				if s.Outcome == d.Outcome && len(out.Evidence) < maxEvidence {
					out.Evidence = append(out.Evidence, s.Subject+": "+d.ID)
				}
			}
			out.Evidence = append(out.Evidence, d.Evidence...)
			if len(d.PerSubject) == 0 && len(d.Evidence) == 0 {
				out.Evidence = append(out.Evidence, strings.TrimSpace(d.ID+" "+d.Word))
			}
		}
	}
	if len(out.Evidence) > maxEvidence {
		out.Evidence = out.Evidence[:maxEvidence]
	}
	switch out.Outcome {
	case Passed:
		out.Reasons = []Reason{because("field-passed")}
	case NotApplicable:
		out.Reasons = []Reason{because("field-none")}
	default:
		out.Reasons = []Reason{because("field-"+strings.ReplaceAll(out.Outcome.String(), "_", "-"), strings.Join(ids, ", "))}
	}
	return out
}

func fieldText(nl, en string, tests ...string) Text {
	list := strings.Join(tests, ", ")
	return Text{nl + " De slechtste uitslag van: " + list + ".", en + " The worst verdict of: " + list + "."}
}

var (
	forumTLSTests = []string{
		"web_https_tls_version", "web_https_tls_ciphers", "web_https_tls_cipherorder", "web_https_tls_keyexchange", "web_https_tls_keyexchangehash",
		"web_https_tls_compress", "web_https_tls_secreneg", "web_https_tls_clientreneg", "web_https_tls_0rtt", "web_https_tls_ocsp",
		"web_https_cert_chain", "web_https_cert_pubkey", "web_https_cert_sig", "web_https_cert_domain",
	}
	forumDNSSECTests = []string{"web_dnssec_exist", "web_dnssec_valid"}
	forumRPKITests   = []string{"web_rpki_exists", "web_rpki_valid", "web_ns_rpki_exists", "web_ns_rpki_valid"}
	forumNSTests     = []string{"web_ipv6_ns_address", "web_ipv6_ns_reach"}
	forumWSTests     = []string{"web_ipv6_ws_address", "web_ipv6_ws_reach", "web_ipv6_ws_similar"}
	forumDANETests   = []string{"web_https_dane_exist", "web_https_dane_valid"}
)

var (
	forumDNSSEC          = forumRule(fieldText("De naam is ondertekend en geldig.", "The name is signed and valid.", forumDNSSECTests...), dnssecSecure, forumDNSSECTests...)
	forumHTTPS           = forumRule(fieldText("De website heeft HTTPS.", "The website has HTTPS.", "web_https_http_available"), httpsAvailable, "web_https_http_available")
	forumRedirect        = forumRule(fieldText("De website stuurt door naar HTTPS.", "The website redirects to HTTPS.", "web_https_http_redirect"), httpsRedirect, "web_https_http_redirect")
	forumHSTS            = forumRule(fieldText("De website gebruikt HSTS.", "The website uses HSTS.", "web_https_http_hsts"), hstsYear, "web_https_http_hsts")
	forumTLS             = forumRule(fieldText("TLS is ingesteld zoals het NCSC vraagt.", "TLS is set up as the NCSC asks.", forumTLSTests...), tlsCiphers, forumTLSTests...)
	forumRPKI            = forumRule(fieldText("Er is een ROA en geen route is ongeldig.", "There is a ROA and no route is invalid.", forumRPKITests...), rpkiAll, forumRPKITests...)
	forumSecurityTxt     = forumRule(fieldText("De website heeft een security.txt.", "The website has a security.txt.", "web_appsecpriv_securitytxt"), securityTxtValid, "web_appsecpriv_securitytxt")
	forumIPv6NameServers = forumRule(fieldText("De nameservers hebben IPv6.", "The name servers have IPv6.", forumNSTests...), ipv6NameServers, forumNSTests...)
	forumIPv6WebServer   = forumRule(fieldText("De webserver heeft IPv6.", "The web server has IPv6.", forumWSTests...), ipv6Reach, forumWSTests...)
	forumDANE            = forumRule(fieldText("De website gebruikt DANE.", "The website uses DANE.", forumDANETests...), daneValid, forumDANETests...)
)

// forumIPv6 is the category of internet.nl, not its tests one by one: a recommended
// test does not make a category fail.
var forumIPv6 = rule{
	explain: Text{
		"De website en haar nameservers zijn over IPv6 bereikbaar: de uitslag van de categorie IPv6.",
		"The website and its name servers are reachable over IPv6: the result of the category IPv6.",
	},
	why: ipv6Why, fixes: ipv6Reach.fixes, check: ipv6Address.check,
	judge: func(v *view) Verdict {
		if f, ok := v.site(); !ok {
			return combine(f)
		}
		return v.categoryField("web_ipv6", append(forumNSTests[:len(forumNSTests):len(forumNSTests)], forumWSTests...))
	},
}

// categoryField is a field that has the outcome of a category of internet.nl.
func (v *view) categoryField(category string, tests []string) Verdict {
	d := field(v.inlVerdicts(tests))
	for _, c := range v.result(internetNL()).Categories {
		if c.Name != category || d.Outcome == NotMeasured || c.Outcome == NotMeasured || d.Outcome == c.Outcome {
			continue
		}
		d.Outcome, d.Reasons = c.Outcome, []Reason{because("category", c.Outcome.String())}
	}
	return d
}

var forumTLS13 = rule{
	explain: Text{"Elk adres van de website spreekt TLS 1.3.", "Each address of the website speaks TLS 1.3."},
	why:     topicVersion.why, fixes: versionFixes, check: topicVersion.check,
	judge: func(v *view) Verdict {
		return v.eachTLS(func(t *fact.TLS) finding {
			switch o := speaks(t, fact.TLS13); {
			case o.Yes():
				return pass(because("tls13"))
			case o.No():
				return fail(because("no-tls13")).with("TLS 1.3 declined")
			default:
				return missed(o.Gap)
			}
		})
	},
}
