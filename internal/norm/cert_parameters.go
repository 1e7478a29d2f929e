package norm

import (
	"slices"

	"peil/internal/fact"
)

func lookOCSP(v *view, t *fact.TLS) aspect {
	leaf := v.leaf(t)
	o := t.OCSP
	switch {
	case leaf == nil:
		return aspect{open: []parameter{unknown("certificate")}, gap: moreCertificates(t)}
	case len(leaf.OCSP) == 0:
		return aspect{none: because("no-ocsp-url")}
	case o.Stapled.Yes() && v.staple(o) == "":
		return aspect{seen: []parameter{{name: "stapled", c21: good, c25: good, inl: true}}, until: o.NextUpdate, later: badStaple("out of date")}
	case o.Stapled.Yes():
		return aspect{seen: []parameter{badStaple(v.staple(o))}}
	case o.Stapled.No():
		return aspect{seen: []parameter{{name: "not stapled", c21: sufficient, c25: sufficient, inl: true}}}
	}
	return aspect{open: []parameter{{name: "stapled", c21: sufficient, c25: insufficient, inl: true}}, gap: o.Stapled.Gap}
}

func badStaple(why string) parameter {
	return parameter{name: "stapled: " + why, c21: sufficient, c25: insufficient, inl: true}
}

// staple says what is wrong with a stapled response, "" when nothing is.
func (v *view) staple(o fact.OCSPStaple) string {
	switch {
	case !o.NextUpdate.IsZero() && v.At.After(o.NextUpdate):
		return "out of date"
	case !o.Trusted && o.Problem != "":
		return stapleFault(o.Problem)
	case !o.Trusted:
		return "not trusted"
	case o.Status != "good":
		return o.Status
	}
	return ""
}

// leaf is the certificate that is served when everything is offered.
func (v *view) leaf(t *fact.TLS) *certificate {
	for _, d := range t.Deployments {
		if cs := v.certificates(d.Chain); len(cs) > 0 && (d.First || len(t.Deployments) == 1) {
			return cs[0]
		}
	}
	for _, d := range t.Deployments {
		if cs := v.certificates(d.Chain); len(cs) > 0 {
			return cs[0]
		}
	}
	return nil
}

// eachCertificate gives each certificate that is served, known roots left out.
func (v *view) eachCertificate(t *fact.TLS, give func(*certificate)) bool {
	given := map[string]bool{}
	for _, d := range t.Deployments {
		ch := v.Chain(d.Chain)
		if ch == nil || given[d.Chain] {
			continue
		}
		given[d.Chain] = true
		for i, c := range v.certificates(d.Chain) {
			if !slices.Contains(ch.Trust.Roots, i) {
				give(c)
			}
		}
	}
	return len(given) > 0
}

// moreCertificates says why a server may have certificates that were not seen, "" when
// it has none: one with a key of another kind shows itself with its own suites.
func moreCertificates(t *fact.TLS) fact.Gap {
	// Who answers what was not asked has shown what he has.
	cut := func(g fact.Gap) bool { return g != "" && g != fact.GapNotAsked && g != fact.GapMalformed }
	if t.Working.Missing() && cut(t.Working.Gap) {
		return t.Working.Gap
	}
	for _, w := range t.Versions {
		if w.Missing() && w.Version >= fact.TLS10 && cut(w.Gap) {
			return w.Gap
		}
	}
	for i := range t.Suites {
		s := &t.Suites[i]
		if s.Version < fact.TLS10 || !cut(s.Gap) {
			continue
		}
		if s.AllOpen || slices.ContainsFunc(s.Open, func(x fact.Suite) bool { return x.Authentication() != fact.AuthAnon }) {
			return s.Gap
		}
	}
	return ""
}

// unlessMore adds to what was seen of certificates that there may be others.
func (a aspect) unlessMore(t *fact.TLS, some bool) aspect {
	if gap := moreCertificates(t); gap != "" || !some {
		a.open, a.gap = append(a.open, unknown("certificate")), gap
	}
	return a
}

func certificateName(c *certificate) string {
	if c.SubjectCN != "" {
		return c.SubjectCN
	}
	if len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	return "certificate"
}

func lookCertKey(v *view, t *fact.TLS) aspect {
	var a aspect
	some := v.eachCertificate(t, func(c *certificate) {
		p := parameter{name: certificateName(c) + ": " + c.Key.String(), c21: ncsc2021.tables().key(c.Key), c25: ncsc2025.tables().key(c.Key)}
		switch c.Key.Kind {
		case "rsa", "dsa":
			p.inl = c.Key.Bits >= 2048
		default:
			p.inl = c.Key.Curve == "secp384r1" || c.Key.Curve == "secp256r1"
		}
		a.seen = append(a.seen, p)
	})
	return a.unlessMore(t, some)
}

func lookCertSignature(v *view, t *fact.TLS) aspect {
	var a aspect
	some := v.eachCertificate(t, func(c *certificate) {
		s := c.Signature
		p := parameter{name: certificateName(c) + ": " + s.Name, c21: ncsc2021.tables().hashes[s.Hash], c25: ncsc2025.tables().hashes[s.Hash]}
		if s.Hash == "eddsa" { // of authentication nothing is more than sufficient (2025-05)
			p.c25 = sufficient
		}
		if s.Kind == "dsa" || s.Kind == "" {
			p.c21, p.c25 = insufficient, insufficient
		}
		sha2 := s.Hash == "sha256" || s.Hash == "sha384" || s.Hash == "sha512"
		p.inl = (sha2 && (s.Kind == "rsa" || s.Kind == "ecdsa")) || (s.Kind == "dsa" && s.Hash == "sha256")
		a.seen = append(a.seen, p)
	})
	return a.unlessMore(t, some)
}

func lookCertAlgorithm(v *view, t *fact.TLS) aspect {
	var a aspect
	some := v.eachCertificate(t, func(c *certificate) {
		auth := c.Key.Kind
		switch auth {
		case "ec":
			auth = "ecdsa"
		case "ed25519", "ed448":
			auth = "eddsa"
		}
		a.seen = append(a.seen, parameter{name: certificateName(c) + ": " + auth, c21: ncsc2021.tables().auth[auth], c25: ncsc2025.tables().auth[auth], inl: auth != "eddsa"})
	})
	return a.unlessMore(t, some)
}
