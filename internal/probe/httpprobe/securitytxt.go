package httpprobe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"peil/internal/fact"
)

const (
	maxSecurityTxt = 100 << 10 // catalogue B.9
	maxKeyFile     = 256 << 10
	maxKeyURLs     = 2
	maxPackets     = 200
)

// securityTxt looks for the file where RFC 9116 section 3 puts it, and where it stood
// before that. secure is what GET / gave: where https cannot be reached at all, no
// more is asked.
func (p *Prober) securityTxt(ctx context.Context, name string, addr netip.Addr, secure *fact.Fetch) *fact.SecurityTxt {
	if h := secure.First(); h == nil || h.Status == 0 {
		return nil
	}
	s := &fact.SecurityTxt{}
	var a *answer
	s.WellKnown, a = p.fetch(ctx, name, addr, "https://"+name+"/.well-known/security.txt", true)
	if last := s.WellKnown.Last(); s.WellKnown.Gap == "" && (s.WellKnown.End != fact.EndOK || last.Status != 200) {
		s.Legacy, a = p.fetch(ctx, name, addr, "https://"+name+"/security.txt", true)
	}
	if a == nil || a.hop.Status != 200 {
		return s
	}
	body := a.text()
	s.Truncated = a.hop.Truncated
	if len(body) > maxSecurityTxt {
		body, s.Truncated = body[:maxSecurityTxt], true
	}
	s.Body = bytes.Clone(body)
	if bytes.HasPrefix(s.Body, []byte("-----BEGIN PGP SIGNED MESSAGE-----")) {
		sum := sha256.Sum256(s.Body)
		sig := p.keys.do(string(sum[:]), func() signature { return p.verify(ctx, name, addr, s.Body) })
		s.Signature, s.KeyID, s.KeyGap = sig.result, sig.keyID, sig.gap
	}
	return s
}

// signature is the outcome of checking an OpenPGP signature.
type signature struct {
	result, keyID string
	gap           fact.Gap // why there is no key
}

// Words of fact.SecurityTxt.Signature.
const (
	signatureValid     = "valid"
	signatureInvalid   = "invalid"
	signatureNoKey     = "no_key"
	signatureMalformed = "malformed"
)

// verify checks a clear-signed file (RFC 9580 section 7) with the keys that its own
// Encryption fields name (RFC 9116 section 2.5.4). It proves that who keeps the key
// wrote the file, not that the key is the right one: that is for a reader to know.
func (p *Prober) verify(ctx context.Context, name string, addr netip.Addr, body []byte) signature {
	block, _ := clearsign.Decode(body)
	if block == nil || block.ArmoredSignature == nil {
		return signature{result: signatureMalformed}
	}
	sig, err := io.ReadAll(io.LimitReader(block.ArmoredSignature.Body, maxSecurityTxt))
	if err != nil {
		return signature{result: signatureMalformed}
	}
	issuer, ok := issuerOf(sig)
	if !ok {
		return signature{result: signatureMalformed}
	}
	s := signature{result: signatureNoKey, keyID: fmt.Sprintf("%016X", issuer)}
	config := &packet.Config{Time: p.Now}
	var unseen fact.Gap // the first
	for i, u := range keyURLs(block.Plaintext) {
		var f *fact.Fetch
		var a *answer
		gap := fact.GapBudget
		if i < maxKeyURLs {
			if f, a = p.fetch(ctx, name, addr, u, true); f.Gap != "" {
				gap = f.Gap
			} else if a == nil || a.hop.Status != 200 {
				continue
			} else if gap = a.hop.BodyGap; gap == "" && len(a.text()) > maxKeyFile {
				gap = fact.GapBudget
			}
		}
		if gap != "" {
			if unseen == "" {
				unseen = gap
			}
			continue
		}
		keys := readKeys(a.text())
		if len(keys.KeysById(issuer)) == 0 {
			continue
		}
		_, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(block.Bytes), bytes.NewReader(sig), config)
		if err == nil {
			s.result = signatureValid
			return s
		}
		if !errors.Is(err, pgperrors.ErrUnknownIssuer) {
			s.result = signatureInvalid
		}
	}
	if s.result == signatureNoKey {
		s.gap = unseen
	}
	return s
}

// issuerOf reads the key ID of the first signature packet.
func issuerOf(sig []byte) (uint64, bool) {
	r := packet.NewReader(bytes.NewReader(sig))
	for range maxPackets {
		pkt, err := r.Next()
		if err != nil {
			return 0, false
		}
		if s, ok := pkt.(*packet.Signature); ok && s.IssuerKeyId != nil {
			return *s.IssuerKeyId, true
		}
	}
	return 0, false
}

// readKeys reads a key file, armoured or not.
func readKeys(b []byte) openpgp.EntityList {
	if bytes.Contains(b, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")) {
		keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(b))
		if err != nil {
			return nil
		}
		return keys
	}
	keys, err := openpgp.ReadKeyRing(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	return keys
}

// keyURLs gives the https places of the Encryption fields, those that will be looked at
// and at most one more. Those of other schemes
// (openpgp4fpr:, dns:) name a key without bringing it.
func keyURLs(text []byte) []string {
	var urls []string
	for line := range strings.SplitSeq(string(text), "\n") {
		field, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(field), "encryption") || len(urls) > maxKeyURLs {
			continue
		}
		u, err := url.Parse(strings.TrimSpace(value))
		if err != nil || !strings.EqualFold(u.Scheme, "https") {
			continue
		}
		if u = target(u, u.String()); u != nil {
			urls = append(urls, u.String())
		}
	}
	return urls
}
