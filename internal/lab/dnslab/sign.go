package dnslab

import (
	"encoding/base64"
	"fmt"

	"github.com/miekg/dns"
)

// sign returns the signatures of a record set, making them when they are not there
// yet.
func (z *zone) sign(set []dns.RR) ([]dns.RR, error) {
	if len(set) == 0 || !z.spec.Signing.signed() {
		return nil, nil
	}
	h := set[0].Header()
	if z.spec.Signing == NoSigs && h.Rrtype != dns.TypeDNSKEY {
		return nil, nil
	}
	key := rrKey{h.Name, h.Rrtype}
	z.mu.Lock()
	defer z.mu.Unlock()
	if sigs, ok := z.sigs[key]; ok {
		return sigs, nil
	}
	var sigs []dns.RR
	for i := range z.keys {
		k := &z.keys[i]
		if h.Rrtype == dns.TypeDNSKEY && !k.signsKeys || h.Rrtype != dns.TypeDNSKEY && !k.signsData {
			continue
		}
		sig, err := z.signWith(k, set)
		if err != nil {
			return nil, fmt.Errorf("signing %s %s: %w", h.Name, dns.TypeToString[h.Rrtype], err)
		}
		if z.spec.Signing == KeyTrap && h.Rrtype != dns.TypeDNSKEY {
			sigs = append(sigs, spoilt(sig)...)
		}
		if z.spec.Signing == BadSigs && h.Rrtype != dns.TypeDNSKEY {
			spoil(sig)
		}
		sigs = append(sigs, sig)
	}
	if len(z.sigs) >= maxSigs {
		clear(z.sigs)
	}
	z.sigs[key] = sigs
	return sigs, nil
}

func (z *zone) signWith(k *zoneKey, set []dns.RR) (*dns.RRSIG, error) {
	sig := &dns.RRSIG{
		Hdr:       dns.RR_Header{Ttl: set[0].Header().Ttl},
		Algorithm: k.record.Algorithm, KeyTag: k.record.KeyTag(), SignerName: z.apex,
		Inception: z.from, Expiration: z.until,
	}
	if f, ok := k.signer.(foreignSigner); ok {
		sig.Algorithm = dns.ED25519
		err := sig.Sign(f, set)
		sig.Algorithm = f.alg
		return sig, err
	}
	return sig, sig.Sign(k.signer, set)
}

// spoil turns one bit of a signature.
func spoil(sig *dns.RRSIG) {
	b, err := base64.StdEncoding.DecodeString(sig.Signature)
	if err != nil || len(b) == 0 {
		return
	}
	b[len(b)/2] ^= 1
	sig.Signature = base64.StdEncoding.EncodeToString(b)
}
