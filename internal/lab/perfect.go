package lab

import (
	"maps"
	"slices"

	"peil/internal/lab/pki"
	"peil/internal/lab/tlslab"
	"peil/internal/lab/weblab"
)

// newSite is a perfect site with one address per family.
func newSite(id, name string) *Site {
	return &Site{ID: id, Name: name, V4: []Server{{}}, V6: []Server{{}}}
}

// servers calls f for each server of a site; those of a mail domain are its mail servers.
func (s *Site) servers(f func(*Server)) {
	if s.Mail != nil {
		for _, m := range s.Mail.Servers {
			m.each(f)
		}
	}
	for i := range s.V4 {
		f(&s.V4[i])
	}
	for i := range s.V6 {
		f(&s.V6[i])
	}
}

// tls changes the TLS of every server. Profiles are shared, so a copy is changed.
func (s *Site) tls(change func(*tlslab.Profile)) { s.servers(func(srv *Server) { srv.tls(change) }) }

func (srv *Server) tls(change func(*tlslab.Profile)) {
	var p tlslab.Profile
	if srv.TLS != nil {
		p = *srv.TLS
		p.Certs = slices.Clone(p.Certs)
		p.Suites = maps.Clone(p.Suites)
	}
	change(&p)
	srv.TLS = &p
}

// http changes the website of every server.
func (s *Site) http(change func(*weblab.Profile)) { s.servers(func(srv *Server) { srv.http(change) }) }

func (srv *Server) http(change func(*weblab.Profile)) {
	var p weblab.Profile
	if srv.HTTP != nil {
		p = *srv.HTTP
		p.Headers, p.PlainHeaders = maps.Clone(p.Headers), maps.Clone(p.PlainHeaders)
	}
	change(&p)
	srv.HTTP = &p
}

// header sets the lines of a header over https; no lines leave it out.
func (s *Site) header(name string, lines ...string) {
	s.http(func(p *weblab.Profile) {
		if p.Headers == nil {
			p.Headers = map[string][]string{}
		}
		p.Headers[name] = lines
	})
}

// cert changes the certificate of every server.
func (s *Site) cert(change func(*pki.Spec)) {
	s.tls(func(p *tlslab.Profile) {
		if len(p.Certs) == 0 {
			p.Certs = []pki.Spec{{}}
		}
		for i := range p.Certs {
			change(&p.Certs[i])
		}
	})
}

// page changes the page of every server.
func (s *Site) page(change func(*weblab.Page)) {
	s.http(func(p *weblab.Profile) { change(&p.Page) })
}

// securityTxt changes the file of every server.
func (s *Site) securityTxt(change func(*weblab.SecurityTxt)) {
	s.http(func(p *weblab.Profile) { change(&p.SecurityTxt) })
}
