package weblab

import (
	"bytes"
	"crypto"
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const (
	wellKnown = "/.well-known/security.txt"
	legacy    = "/security.txt"
	keyFile   = "/.well-known/pgp-key.txt"
)

func isFile(path string) bool { return path == wellKnown || path == legacy || path == keyFile }

var (
	//go:embed data/security.asc
	securityKey []byte
	//go:embed data/stranger.asc
	strangerKey []byte
)

// signer has the OpenPGP keys of the lab, which protect nothing.
type signer struct {
	own, stranger *openpgp.Entity
	public        []byte // of own, armored
}

func newSigner() (*signer, error) {
	read := func(b []byte) (*openpgp.Entity, error) {
		list, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("reading the lab's OpenPGP key: %w", err)
		}
		return list[0], nil
	}
	s := &signer{}
	var err error
	if s.own, err = read(securityKey); err != nil {
		return nil, err
	}
	if s.stranger, err = read(strangerKey); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, map[string]string{"Comment": "Peil Lab, simulated"})
	if err != nil {
		return nil, err
	}
	if err := s.own.Serialize(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	s.public = b.Bytes()
	return s, nil
}

// sign makes a clear-signed text (RFC 9580 section 7), the same one for the same day.
func (s *signer) sign(text string, by *openpgp.Entity, at time.Time) (string, error) {
	salted := false
	cfg := &packet.Config{
		DefaultHash:                           crypto.SHA512,
		Time:                                  func() time.Time { return at },
		NonDeterministicSignaturesViaNotation: &salted,
	}
	var b strings.Builder
	w, err := clearsign.Encode(&b, by.PrivateKey, cfg)
	if err != nil {
		return "", err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return b.String() + "\n", nil
}

// file answers for the well-known files.
func (s *Server) file(id Identity, r *request, path string) *response {
	p, f := id.Profile, &id.Profile.SecurityTxt
	gone := func(status int) *response {
		return p.answer(id, r, status, "text/plain; charset=utf-8", notFound().body)
	}
	switch {
	case path == keyFile:
		return p.answer(id, r, http.StatusOK, "application/pgp-keys", s.signer.public)
	case f.DotsHidden && path == wellKnown:
		return gone(http.StatusForbidden)
	case f.Page && path != keyFile:
		return p.page(id, r)
	case f.Missing, path == legacy && !f.LegacyOnly && f.Status == 0, path == wellKnown && f.LegacyOnly:
		return gone(http.StatusNotFound)
	case f.RedirectTo != "":
		return p.answer(id, r, http.StatusFound, "text/plain; charset=utf-8", nil, field{"Location", fill(f.RedirectTo, id, r)})
	case f.Status != 0:
		return gone(f.Status)
	}
	text, err := s.securityTxt(id, r, f)
	if err != nil {
		return gone(http.StatusInternalServerError)
	}
	contentType := f.ContentType
	switch contentType {
	case "":
		contentType = "text/plain; charset=utf-8"
	case "none":
		contentType = ""
	}
	return p.answer(id, r, http.StatusOK, contentType, []byte(text))
}

// securityTxt is the text of the file (RFC 9116).
func (s *Server) securityTxt(id Identity, r *request, f *SecurityTxt) (string, error) {
	today := s.now().UTC().Truncate(24 * time.Hour)
	expires := f.Expires
	if expires == 0 {
		expires = 180 * 24 * time.Hour
	}
	canonical := wellKnown
	if f.LegacyOnly {
		canonical = legacy
	}
	lines := []string{
		"# Gesimuleerd / simulated",
		"Contact: mailto:security@" + id.Name,
		"Contact: https://" + r.host + "/melden",
		"Expires: " + today.Add(expires).Format("2006-01-02T15:04:05Z"),
		"Encryption: https://" + r.host + keyFile,
		"Preferred-Languages: nl, en",
		"Canonical: https://" + r.host + canonical,
		"Policy: https://" + r.host + "/cvd",
	}
	lines = slices.DeleteFunc(lines, func(l string) bool {
		name, _, _ := strings.Cut(l, ":")
		return slices.ContainsFunc(f.Drop, func(d string) bool { return strings.EqualFold(d, name) })
	})
	for _, l := range f.Add {
		lines = append(lines, fill(l, id, r))
	}
	text := strings.Join(lines, "\n") + "\n"
	switch f.Body {
	case "":
	case "-":
		return "", nil
	default:
		text = fill(f.Body, id, r)
	}
	if f.NotUTF8 {
		text += "# caf\xe9\n"
	}
	if f.NoFinalNewline {
		text = strings.TrimSuffix(text, "\n")
	}
	signed, err := s.signed(text, f.Sign, today)
	if err != nil {
		return "", err
	}
	if f.CRLF {
		signed = strings.ReplaceAll(signed, "\n", "\r\n")
	}
	if f.BOM {
		signed = "\xef\xbb\xbf" + signed
	}
	return signed, nil
}

func (s *Server) signed(text string, how Signing, at time.Time) (string, error) {
	by := s.signer.own
	switch how {
	case Unsigned:
		return text, nil
	case UnknownKey:
		by = s.signer.stranger
	}
	signed, err := s.signer.sign(text, by, at)
	if err != nil {
		return "", err
	}
	switch how {
	case BadSignature:
		signed = strings.Replace(signed, "security@", "securitt@", 1)
	case DataAfter:
		signed += "Contact: mailto:later@lab.test\n"
	case BrokenArmor:
		head, _, _ := strings.Cut(signed, "-----BEGIN PGP SIGNATURE-----")
		signed = head + "-----BEGIN PGP SIGNATURE-----\n\ndit is geen handtekening\n-----END PGP SIGNATURE-----\n"
	}
	return signed, nil
}
