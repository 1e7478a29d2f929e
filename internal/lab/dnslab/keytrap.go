package dnslab

import (
	"encoding/base64"

	"github.com/miekg/dns"
)

// How many keys of one tag a KeyTrap zone has beside the right one, and how many
// signatures that do not verify before it. A resolver that tries every pair spends
// minutes on one answer (CVE-2023-50387).
const (
	trapKeys = 60
	trapSigs = 30
)

// sameTag is another key with the same tag: a tag is a sum of 16-bit words (RFC 4034
// appendix B), so that words may change places.
func sameTag(k *dns.DNSKEY, i int) *dns.DNSKEY {
	c := dns.Copy(k).(*dns.DNSKEY)
	b, err := base64.StdEncoding.DecodeString(c.PublicKey)
	if err != nil || len(b) < 16+2*(i+2) {
		return c
	}
	at := 8 + 2*i // behind the exponent, before the last word, which keeps the number odd
	b[at], b[at+1], b[at+2], b[at+3] = b[at+2], b[at+3], b[at], b[at+1]
	c.PublicKey = base64.StdEncoding.EncodeToString(b)
	return c
}

// spoilt are signatures like sig, each with another bit turned.
func spoilt(sig *dns.RRSIG) []dns.RR {
	var list []dns.RR
	b, err := base64.StdEncoding.DecodeString(sig.Signature)
	for i := 0; err == nil && i < min(trapSigs, len(b)-2); i++ {
		c := dns.Copy(sig).(*dns.RRSIG)
		b[i+1] ^= 1
		c.Signature = base64.StdEncoding.EncodeToString(b)
		b[i+1] ^= 1
		list = append(list, c)
	}
	return list
}
