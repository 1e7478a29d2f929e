package tlsprobe

import (
	"slices"
	"strings"

	"peil/internal/fact"
	"peil/internal/tlswire"
)

// certificates books the chain of an answer up to TLS 1.2.
func (r *run) certificates(a *reply) {
	if a.certs == nil {
		return
	}
	r.noStaple = true                        // asked for; r.staple outweighs it
	everything := a.offer.Compression != nil // only the first hello of a version offers it
	for id, c := range r.chains {
		if string(c.message) == string(a.certs) {
			r.serve(id, a.hello.Version, a.staple, everything)
			return
		}
	}
	certs, err := tlswire.ParseCertificates(a.certs, fact.TLS12)
	if err != nil || len(certs.DER) == 0 {
		return
	}
	r.deploy(&served{message: a.certs, certs: certs.DER, scts: a.hello.SCTs}, a.hello.Version, a.staple, everything)
}

// deploy books a chain that was served for the name; the lock is held. everything
// says that it came when everything was offered.
func (r *run) deploy(c *served, v fact.Version, staple []byte, everything bool) {
	id := fact.ChainID(r.t.ServerName, c.certs)
	switch old := r.chains[id]; {
	case old == nil:
		var curve fact.Group
		c.kind, curve = leafKind(c.certs[0])
		if c.kind == "ecdsa" && r.curve == 0 {
			r.curve = curve
		}
		r.chains[id] = c
	case old.message == nil:
		old.message = c.message
	}
	r.serve(id, v, staple, everything)
}

func (r *run) serve(id string, v fact.Version, staple []byte, everything bool) {
	c := r.chains[id]
	if !slices.Contains(c.versions, v) {
		c.versions = append(c.versions, v)
	}
	if c.staple == nil {
		c.staple = staple
	}
	if everything && v > r.firstOn {
		r.firstOn, r.first = v, id
	}
}

// deployments puts the chains that were served for the name in order. The version is
// the highest up to TLS 1.2 on which a chain came, because there it comes in clear;
// else TLS 1.3. What came first is what TLS 1.2 and below served when everything was
// offered, else what TLS 1.3 did.
func (r *run) deployments() []fact.Deployment {
	var all []fact.Deployment
	for id, c := range r.chains {
		var v fact.Version
		for _, x := range c.versions {
			if v == 0 || v == fact.TLS13 || x > v && x != fact.TLS13 {
				v = x
			}
		}
		if v != 0 {
			all = append(all, fact.Deployment{Chain: id, Auth: c.kind, Version: v, First: id == r.first})
		}
	}
	if len(all) == 1 && all[0].Version == fact.SSL20 && r.speaksTLS() {
		// SSL 2.0 sends the server's own certificate alone. To judge its trust by that,
		// where TLS would have brought the chain, would be to accuse it of our own gap.
		return nil
	}
	slices.SortFunc(all, func(a, b fact.Deployment) int {
		switch {
		case a.First != b.First && a.First:
			return -1
		case a.First != b.First:
			return 1
		case (a.Version == fact.SSL20) != (b.Version == fact.SSL20):
			return int(b.Version) - int(a.Version)
		}
		return strings.Compare(a.Auth+a.Chain, b.Auth+b.Chain)
	})
	return all
}

// speaksTLS reports whether a version other than SSL 2.0 was accepted.
func (r *run) speaksTLS() bool {
	for _, x := range r.versions {
		if x.Version != fact.SSL20 && x.Yes() {
			return true
		}
	}
	return false
}

// keepChain books a chain that is no deployment for the name.
func (r *run) keepChain(certs [][]byte, scts []byte) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := fact.ChainID(r.t.ServerName, certs)
	if r.chains[id] == nil {
		kind, _ := leafKind(certs[0])
		r.chains[id] = &served{certs: certs, scts: scts, kind: kind}
	}
	return id
}
