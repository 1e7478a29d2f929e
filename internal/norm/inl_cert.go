package norm

import (
	"crypto/x509"
	"slices"
	"time"

	"peil/internal/brainpool"
	"peil/internal/fact"
	"peil/internal/standard/tlsa"
)

// firstChain is the chain that was served when everything was offered: the only one
// that Internet.nl judges. anonymous says that there is none because the server has
// nothing but suites without a certificate.
func (v *view) firstChain(t *fact.TLS) (c *fact.Chain, anonymous bool) {
	var best *fact.Deployment
	for i := range t.Deployments {
		d := &t.Deployments[i]
		// SSL 2.0 hands out a certificate of its own accord; TLS is what counts.
		better := best == nil || best.Version == fact.SSL20 && d.Version != fact.SSL20
		if better || d.First && d.Version != fact.SSL20 {
			best = d
		}
	}
	if best != nil {
		return v.Chain(best.Chain), false
	}
	some := false
	for _, set := range t.Suites {
		if set.AllOpen || len(set.Open) > 0 {
			return nil, false
		}
		for _, x := range set.Accepted {
			some = true
			if x.Authentication() != fact.AuthAnon {
				return nil, false
			}
		}
	}
	return nil, some
}

// inlCertificate judges the certificate, OCSP, CAA and DANE.
func (v *view) inlCertificate(s *inlServer, t *fact.TLS) {
	v.inlCAATest(s)
	c, anonymous := v.firstChain(t)
	if c == nil || len(c.Certs) == 0 {
		if anonymous {
			s.set(s.of("cert_chain"), inlResult{word: "could-not-test", status: inlNotTested})
			s.bad(s.of("dane_exist"))
			return
		}
		for _, test := range []string{"cert_chain", "cert_pubkey", "cert_sig", "cert_domain", "tls_ocsp", "dane_exist", "dane_valid", "dane_rollover"} {
			if _, ok := s.index[s.of(test)]; ok {
				s.missed(s.of(test), fact.GapNotAsked)
			}
		}
		return
	}
	certs := v.certificates(c.ID)
	leaf := certs[0]
	switch {
	case c.Trust.Trusted:
		s.good(s.of("cert_chain")).till(c.Trust.Until)
	case unchecked(c):
		s.missed(s.of("cert_chain"), fact.GapUnsupported)
	default:
		at := time.Time{}
		if c.Trust.Problem == "not_yet_valid" {
			at = leaf.NotBefore
		}
		s.bad(s.of("cert_chain"), firstWord(c.Trust.Problem, "untrusted")).till(at).evidence(nonEmpty(plainly(c.Trust.Detail))...)
	}
	inlChainClass(s, s.of("cert_pubkey"), c, certs, func(x *certificate) (class, string) { return inlKey(x.Key), x.Key.String() })
	inlChainClass(s, s.of("cert_sig"), c, certs, func(x *certificate) (class, string) { return inlSignature(x.Signature), x.Signature.Name })
	if leaf.matches(s.host) {
		s.good(s.of("cert_domain"))
	} else {
		s.bad(s.of("cert_domain"), firstWord(inlList(leaf.DNSNames), "no subjectAltName"))
	}
	if s.section == "starttls" {
		v.inlMailDANE(s, c)
		return
	}
	v.inlOCSP(s, t, leaf)
	v.inlDANE(s, c)
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// inlChainClass judges every received certificate except roots known in the trust set.
func inlChainClass(s *inlServer, name string, c *fact.Chain, certs []*certificate, of func(*certificate) (class, string)) {
	var bad, out []string
	for i, x := range certs {
		if slices.Contains(c.Trust.Roots, i) {
			continue
		}
		cl, words := of(x)
		if x.SubjectCN != "" {
			words = x.SubjectCN + ": " + words
		}
		switch cl {
		case insufficient:
			bad = append(bad, words)
		case phaseOut:
			out = append(out, words)
		default:
		}
	}
	switch {
	case len(bad) > 0:
		s.bad(name, inlList(bad))
	case len(out) > 0:
		s.phaseOut(name, inlList(out))
	default:
		s.good(name)
	}
}

func (v *view) inlOCSP(s *inlServer, t *fact.TLS, leaf *certificate) {
	name := s.of("tls_ocsp")
	o := t.OCSP
	switch {
	case len(leaf.OCSP) == 0:
		s.set(name, inlResult{word: "not-in-cert", status: inlNotTested})
	case o.Stapled.Missing():
		s.missed(name, o.Stapled.Gap)
	case o.Stapled.No():
		s.set(name, inlResult{word: "ok", status: inlInfo})
	case o.Trusted && (o.NextUpdate.IsZero() || !v.At.After(o.NextUpdate)):
		s.good(name).till(o.NextUpdate)
	default:
		s.bad(name, firstWord(stapleFault(o.Problem), o.Status, "not trusted"))
	}
}

func (v *view) inlCAATest(s *inlServer) {
	name := s.of("tls_caa")
	c, at, records, gap := v.inlCAA(s.host)
	if gap != "" {
		s.missed(name, gap)
		return
	}
	switch c.Verdict {
	case "good":
		s.good(name, at).evidence(records...)
	case "bad":
		s.bad(name)
	default:
		s.set(name, inlResult{word: c.Verdict, status: inlNotice, args: []string{inlList(c.Errors)}}).evidence(records...)
	}
}

// tlsaName is where the records for HTTPS stand (RFC 6698 section 3).
func tlsaName(target string) string { return "_443._tcp." + target }

// inlTLSA finds the TLSA records of a service: state is "none", "bogus" or "secure".
// They must be secure; an answer that is bogus, or a bogus denial of the A record at the
// same name, is told as such (catalogue B.11).
func (v *view) inlTLSA(name string) (l *fact.Lookup, state string, gap fact.Gap) {
	l = v.DNS.Lookup(name, "TLSA")
	a := v.DNS.Lookup(name, "A")
	switch {
	case l == nil:
		return nil, "", fact.GapNotAsked
	case l.Gap != "":
		return l, "", l.Gap
	case l.Security == fact.Bogus, len(l.Records) == 0 && a != nil && a.Security == fact.Bogus:
		return l, "bogus", ""
	case l.Security == fact.Indeterminate || l.Security == "":
		return l, "", fact.GapDNS
	case l.Security != fact.Secure || len(l.Records) == 0:
		return l, "none", ""
	}
	return l, "secure", ""
}

// tlsaRecords reads the records of a look-up, and writes them as lines of evidence.
func tlsaRecords(l *fact.Lookup) (records []tlsa.Record, lines []string) {
	records = make([]tlsa.Record, len(l.Records))
	for i, r := range l.Records {
		records[i] = tlsa.Parse(r.Raw)
		lines = append(lines, l.Name+" TLSA "+firstWord(r.Data, records[i].String()))
	}
	return records, lines
}

// inlVerify holds a chain against TLSA records: no check of the name, and no preference
// among digests.
func (v *view) inlVerify(records []tlsa.Record, c *fact.Chain) (tlsa.Result, *tlsa.Record) {
	p := tlsa.Peer{Chain: v.x509(c), At: v.At, PKIX: c.Trust.Trusted || c.Trust.PathWithoutName}
	if an := c.Trust.Anchor; an != nil {
		p.AnchorCert, p.AnchorKey = an.Cert, an.Key
	}
	return tlsa.Verify(records, p)
}

// inlDANE judges catalogue B.11 for a website.
func (v *view) inlDANE(s *inlServer, c *fact.Chain) {
	const exist, valid = "https_dane_exist", "https_dane_valid"
	l, state, gap := v.inlTLSA(tlsaName(s.host))
	switch state {
	case "":
		s.missed(exist, gap)
		s.missed(valid, gap)
		return
	case "bogus":
		s.set(exist, inlResult{word: "bogus", status: inlInfo, args: []string{inlProblem(l.Problem)}})
		return
	case "none":
		s.bad(exist)
		return
	}
	records, lines := tlsaRecords(l)
	s.good(exist).evidence(lines...).till(l.Until)
	switch got, matched := v.inlVerify(records, c); got {
	case tlsa.Validated:
		t := s.good(valid, matched.String())
		if matched.Usage == tlsa.DANETA { // the one usage for which we hold dates against the chain
			t.till(v.certificates(c.ID)[0].NotAfter)
		}
	case tlsa.Unknown:
		s.missed(valid, fact.GapUnsupported)
	default:
		s.bad(valid, string(got))
	}
}

// x509 reads the chain for DANE. A certificate that the library cannot read keeps its
// bytes, so that it can at least be matched.
func (v *view) x509(c *fact.Chain) []*x509.Certificate {
	var out []*x509.Certificate
	for i, der := range c.Certs {
		x, err := brainpool.ParseCertificate(der)
		if err != nil {
			own := v.certificates(c.ID)[i]
			x = &x509.Certificate{Raw: der, RawIssuer: own.Issuer, RawSubject: own.Subject, RawSubjectPublicKeyInfo: own.SPKI}
		}
		out = append(out, x)
	}
	return out
}
