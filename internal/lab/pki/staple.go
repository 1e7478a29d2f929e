package pki

import (
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"
)

// stapleAge is for how long a response is handed out again.
const stapleAge = day

type madeStaple struct {
	at  time.Time
	der []byte
}

// Staple makes an OCSP response for a leaf (RFC 6960), of the kind asked for.
func (a *Authority) Staple(l *Leaf, kind Staple) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now().UTC()
	if m, ok := l.staples[kind]; ok && now.Sub(m.at) < stapleAge && !now.Before(m.at) {
		return m.der, nil
	}
	der, err := a.makeStaple(l, kind, now.Truncate(time.Hour))
	if err != nil {
		return nil, fmt.Errorf("making an OCSP response for %s: %w", l.Spec.Name, err)
	}
	if l.staples == nil {
		l.staples = map[Staple]madeStaple{}
	}
	l.staples[kind] = madeStaple{now, der}
	return der, nil
}

func (a *Authority) makeStaple(l *Leaf, kind Staple, now time.Time) ([]byte, error) {
	switch kind {
	case StapleTryLater:
		return ocsp.TryLaterErrorResponse, nil
	case StapleMalformed:
		return []byte("this is no OCSP response"), nil
	}
	if l.Issuer == nil {
		return nil, errors.New("a certificate of this kind has no issuer that could answer")
	}
	r := ocsp.Response{
		Status:       ocsp.Good,
		SerialNumber: l.Serial,
		ThisUpdate:   now.Add(-2 * time.Hour),
		NextUpdate:   now.Add(7 * day),
		IssuerHash:   crypto.SHA1, // what responders of the web use (RFC 5019 section 2.1.1)
	}
	issuer, key := l.Issuer, l.IssuerKey
	switch kind {
	case StapleRevoked:
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, now.Add(-10*day), ocsp.KeyCompromise
	case StapleUnknown:
		r.Status = ocsp.Unknown
	case StapleExpired:
		r.ThisUpdate, r.NextUpdate = now.Add(-20*day), now.Add(-13*day)
	case StapleOtherCert:
		r.SerialNumber = new(big.Int).Add(l.Serial, big.NewInt(1))
	case StapleWrongSigner:
		key = a.stranger.key
	}
	return ocsp.CreateResponse(issuer, issuer, r, key)
}
