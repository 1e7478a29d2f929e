package norm

import (
	"net/netip"
	"slices"

	"peil/internal/fact"
	"peil/internal/standard/tlsa"
)

// inlMailCategories are the categories in the order of the batch API.
var inlMailCategories = []string{"ipv6", "dnssec", "auth", "starttls", "rpki"}

// newInlMailServer collects the mail tests of a mail server, or of the domain. Their
// reasons have words of their own also where the web has a test of the same name.
func newInlMailServer(subject string, categories ...string) *inlServer {
	s := newInlServer(subject, netip.Addr{}, inlMailSpecs, categories...)
	s.section, s.host = "starttls", subject
	for i := range s.tests {
		s.tests[i].code = "mail_" + s.tests[i].name
	}
	return s
}

// inlMail judges a mail domain by every branch of table B.3.
func inlMail(v *view) *inlReport {
	r := &inlReport{specs: inlMailSpecs, tests: map[string]inlTest{}}
	mx := v.inlMailServers()
	domain := newInlMailServer("", "ipv6", "dnssec", "auth", "starttls", "rpki")
	v.inlNameServers(domain)
	v.inlMailIPv6(domain, mx)
	v.inlMailDNSSEC(domain, mx)
	v.inlMailAuth(domain)
	v.inlMailRPKI(domain, mx)
	if mx.state != inlHasMX {
		domain.noServers(mx, inlNoServerWords{none: "other-2"}, "starttls_tls_available")
		if mx.gap != "" {
			for _, t := range domain.tests {
				if inlCategoryOf(t.name) == "starttls" {
					domain.missed(t.name, mx.gap)
				}
			}
		}
	}
	for _, t := range domain.tests {
		r.tests[t.name] = t
	}
	for _, t := range v.inlEachMailServer(r, mx) {
		r.tests[t.name] = t
	}
	r.sum(inlMailCategories, "starttls")
	return r
}

func inlCategoryOf(test string) string {
	for _, sp := range inlMailSpecs {
		if sp.name == test {
			return sp.category
		}
	}
	return ""
}

// inlNoServerWords are the words of a test for a domain without a usable mail server.
type inlNoServerWords struct{ none string }

// noServers notes, in tests about mail servers, that there is none: nothing to test, or
// something to say of how the domain tells that it takes no mail.
func (s *inlServer) noServers(mx inlMXSet, words inlNoServerWords, tests ...string) {
	for _, test := range tests {
		t := &s.tests[s.index[test]]
		if mx.gap != "" {
			s.missed(test, mx.gap)
			continue
		}
		res := inlResult{word: mx.state, status: inlNotTested, override: true}
		switch mx.state {
		case inlNoMX:
			res.word = words.none
		case inlNoNullMX, inlNullMXNoAddress:
			res.status = inlInfo
		case inlNullMXAndOthers:
			res.status = inlNotice
		}
		s.set(test, res).evidence("MX: " + mx.state)
		t.check = inlNoServerCheck
	}
}

// inlEachMailServer judges the servers that count and merges them.
func (v *view) inlEachMailServer(r *inlReport, mx inlMXSet) []inlTest {
	var servers [][]inlTest
	for i, host := range mx.hosts {
		if slices.Contains(mx.hosts[:i], host) {
			continue // listed at two preferences: the same once more
		}
		s := newInlMailServer(host, "starttls")
		s.tests[0].worst = inlFail // there is a server, so it must have STARTTLS
		v.inlMailServer(s)
		servers = append(servers, s.tests)
		words := ServerWords{s.tests[0].word, s.tests[s.index["starttls_tls_0rtt"]].word}
		if s.tests[0].gap != "" {
			words = ServerWords{}
		}
		r.servers = append(r.servers, words)
	}
	return inlMerge(servers)
}

// inlMailHost is the address of a mail server that counts: one, IPv4 preferred.
func (v *view) inlMailHost(host string) (a netip.Addr, ok bool, gap fact.Gap) {
	v4, v6, gap := v.hostAddresses(host)
	if server := v.Mail.Server(host); server != nil && len(server.Wire) > 0 {
		v4, v6 = nil, nil
		for _, a := range server.Wire {
			switch {
			case a.Is4():
				v4 = append(v4, a)
			case !a.Is4In6():
				v6 = append(v6, a)
			}
		}
	}
	switch {
	case len(v4) > 0:
		return v4[0], true, ""
	case gap != "":
		return a, false, gap
	case len(v6) > 0:
		return v6[0], true, ""
	}
	return a, false, ""
}

// inlMailServer judges one mail server. Where TLS does not come about only its
// availability is said, and everything else stays not tested.
func (v *view) inlMailServer(s *inlServer) {
	const available = "starttls_tls_available"
	missAll := func(g fact.Gap) {
		for _, t := range s.tests {
			s.missed(t.name, g)
		}
	}
	other := func(why Reason, line string) {
		t := s.set(available, inlResult{word: "other", status: inlError, evidence: []string{line}})
		t.with[0].saw, t.own = s.because(available, why.Code, why.Args...), true // said of the server
	}
	a, ok, gap := v.inlMailHost(s.host)
	switch {
	case gap != "":
		missAll(gap)
		return
	case !ok:
		other(Reason{Code: "no-address"}, "no A and no AAAA record")
		s.tests[s.index[available]].check = forumEachMX + "dig +short $mx A $mx AAAA; done"
		return
	}
	s.addr = a
	h, gap := v.mailHost(s.host, a)
	if h == nil {
		missAll(gap)
		return
	}
	switch why, line, gap := whyNoSTARTTLS(h); {
	case gap != "":
		missAll(gap)
	case line != "":
		other(why, line)
	default:
		s.good(available)
		for _, t := range s.tests { // what depends on TLS is required once it was tested
			if t.max > 0 && t.name != "starttls_tls_extendedmastersecret" && t.name != "starttls_dane_valid" {
				s.require(t.name)
			}
		}
		v.inlProtocol(s, h.TLS)
		v.inlCertificate(s, h.TLS)
	}
}

// mailHost finds the facts of an address of a mail server; gap says why there are none.
func (v *view) mailHost(host string, a netip.Addr) (*fact.MailHost, fact.Gap) {
	server := v.Mail.Server(host)
	if server == nil {
		if v.Mail != nil && slices.Contains(v.Mail.Beyond, host) {
			return nil, fact.GapBeyond
		}
		return nil, fact.GapNotAsked
	}
	for i := range server.Hosts {
		if server.Hosts[i].Addr == a {
			return &server.Hosts[i], ""
		}
	}
	if slices.Contains(server.Beyond, a) {
		return nil, fact.GapBeyond
	}
	return nil, firstGap(server.Gap)
}

// noSTARTTLS says, in the words of the wire, why there is no TLS with a mail server, or
// why that is not known; neither where TLS came about.
func noSTARTTLS(h *fact.MailHost) (why string, gap fact.Gap) {
	_, why, gap = whyNoSTARTTLS(h)
	return why, gap
}

// whyNoSTARTTLS is the same with the word of internet.nl's reason.
func whyNoSTARTTLS(h *fact.MailHost) (why Reason, line string, gap fact.Gap) {
	smtp := h.SMTP
	switch {
	case h.Port25.Dead():
		how := firstWord(h.Port25.How, "silent")
		return because("dead", how), "port 25: " + how, ""
	case smtp == nil:
		gap = firstGap(h.Port25.Gap)
	case smtp.State == fact.SMTPNone:
		return because("no-smtp"), "no SMTP on port 25", ""
	case smtp.State == fact.SMTPTemporary, smtp.State == fact.SMTPRefused:
		gap = firstGap(smtp.Gap, fact.GapBlocked) // it does not want us: nothing is known
	case smtp.State != fact.SMTPReady:
		gap = firstGap(smtp.Gap, h.Port25.Gap)
	case smtp.Offered.No():
		return because("no-starttls"), "no STARTTLS in the EHLO reply", ""
	case smtp.Offered.Missing():
		gap = firstGap(smtp.Offered.Gap, smtp.Gap)
	case smtp.STARTTLS != nil && smtp.STARTTLS.Code >= 500:
		code := itoa(smtp.STARTTLS.Code)
		return because("refused", code), "STARTTLS: " + code, ""
	case h.TLS == nil:
		gap = firstGap(smtp.Gap)
	case h.TLS.Working.No():
		return because("no-tls"), "no working TLS after STARTTLS", ""
	case h.TLS.Working.Missing():
		gap = firstGap(h.TLS.Working.Gap, smtp.Gap)
	}
	return Reason{}, "", gap
}

// mailTLSA is where the records for SMTP stand (RFC 7672 section 2.2).
func mailTLSA(host string) string { return "_25._tcp." + host }

// inlMailDANE judges catalogue B.11 for a mail server: records of usage 2 and 3 alone
// make it DANE. Its points stand in two tests, so that it weighs twice where there are
// records.
func (v *view) inlMailDANE(s *inlServer, c *fact.Chain) {
	const exist, valid, rollover = "starttls_dane_exist", "starttls_dane_valid", "starttls_dane_rollover"
	l, state, gap := v.inlTLSA(mailTLSA(s.host))
	switch state {
	case "":
		for _, test := range []string{exist, valid, rollover} {
			s.missed(test, gap)
		}
		return
	case "bogus":
		s.set(exist, inlResult{word: "bogus", status: inlFail, args: []string{inlProblem(l.Problem)}})
		return
	case "none":
		s.bad(exist)
		return
	}
	records, lines := tlsaRecords(l)
	ee, ta := 0, 0
	for _, r := range records {
		switch r.Usage {
		case tlsa.DANEEE:
			ee++
		case tlsa.DANETA:
			ta++
		default:
		}
	}
	if ee+ta == 0 {
		s.bad(exist).evidence(lines...)
		return
	}
	s.require(valid)
	got, matched := v.inlVerify(records, c)
	switch got {
	case tlsa.Unknown:
		s.missed(exist, fact.GapUnsupported)
		s.missed(valid, fact.GapUnsupported)
	case tlsa.Validated:
		s.good(exist).evidence(lines...).till(l.Until)
		t := s.good(valid, matched.String())
		if matched.Usage == tlsa.DANETA {
			t.till(v.certificates(c.ID)[0].NotAfter)
		}
	default:
		s.set(exist, inlResult{word: "good", status: inlSuccess}).evidence(lines...).till(l.Until)
		s.bad(valid, string(got)).evidence(lines...)
	}
	if ee >= 2 || ee == 1 && ta == 1 {
		s.good(rollover).evidence(lines...)
	} else {
		s.set(rollover, inlResult{word: "bad", status: inlFail}).evidence(lines...)
	}
	if t := &s.tests[s.index["starttls_cert_domain"]]; ta > 0 && t.word == "bad" {
		// With DANE-TA the name must match (RFC 7671 section 5.2.3).
		s.set(t.name, inlResult{word: "bad", status: inlFail, override: true, args: t.args})
	}
}
