package resolver

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" // algorithms 5 and 7 (RFC 3110, RFC 5155) are still met
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math/big"
	"slices"
	"time"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/miekg/dns"

	"peil/internal/fact"
)

// algorithmSupported reports whether signatures of this algorithm can be checked
// here (numbers: IANA DNS Security Algorithm Numbers).
func algorithmSupported(a uint8) bool {
	switch a {
	case dns.RSASHA1, dns.RSASHA1NSEC3SHA1, dns.RSASHA256, dns.RSASHA512,
		dns.ECDSAP256SHA256, dns.ECDSAP384SHA384, dns.ED25519, dns.ED448:
		return true
	}
	return false
}

// verifier checks one signature over data.
type verifier func(data, sig []byte) bool

// verifier is the key made ready, once.
func (k *dnskey) verifier() (verifier, string) {
	k.once.Do(func() { k.key, k.reason = newVerifier(k.algorithm, k.public) })
	return k.key, k.reason
}

func newVerifier(alg uint8, public []byte) (verifier, string) {
	switch alg {
	case dns.RSASHA1, dns.RSASHA1NSEC3SHA1, dns.RSASHA256, dns.RSASHA512:
		n, e, reason := rsaKey(public)
		if reason != "" {
			return nil, reason
		}
		return rsaVerifier(alg, n, e), ""
	case dns.ECDSAP256SHA256:
		return ecdsaVerifier(elliptic.P256(), public, 32)
	case dns.ECDSAP384SHA384:
		return ecdsaVerifier(elliptic.P384(), public, 48)
	case dns.ED25519: // RFC 8080
		if len(public) != ed25519.PublicKeySize {
			return nil, "key has the wrong length"
		}
		return func(data, sig []byte) bool { return ed25519.Verify(public, data, sig) }, ""
	case dns.ED448:
		if len(public) != ed448.PublicKeySize {
			return nil, "key has the wrong length"
		}
		return func(data, sig []byte) bool {
			return len(sig) == ed448.SignatureSize && ed448.Verify(ed448.PublicKey(public), data, sig, "")
		}, ""
	}
	return nil, "algorithm is not supported"
}

// ecdsaVerifier is for RFC 6605: key and signature are two numbers side by side.
func ecdsaVerifier(curve elliptic.Curve, public []byte, size int) (verifier, string) {
	k, err := ecdsa.ParseUncompressedPublicKey(curve, append([]byte{4}, public...))
	if err != nil {
		return nil, "key is not a point of the curve"
	}
	return func(data, sig []byte) bool {
		if len(sig) != 2*size {
			return false
		}
		var digest []byte
		if size == 32 {
			h := sha256.Sum256(data)
			digest = h[:]
		} else {
			h := sha512.Sum384(data)
			digest = h[:]
		}
		return ecdsa.Verify(k, digest, new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:]))
	}, ""
}

// rsaKey reads a public key (RFC 3110 section 2). Sizes and exponents that would
// cost much time to use are refused.
func rsaKey(b []byte) (n *big.Int, e uint64, reason string) {
	if len(b) < 3 {
		return nil, 0, "key is too short"
	}
	el, b := int(b[0]), b[1:]
	if el == 0 {
		el, b = int(binary.BigEndian.Uint16(b)), b[2:]
	}
	if el == 0 || el >= len(b) {
		return nil, 0, "key is too short"
	}
	exp := bytes.TrimLeft(b[:el], "\x00")
	if len(exp) > 8 {
		return nil, 0, "exponent is too large"
	}
	for _, c := range exp {
		e = e<<8 | uint64(c)
	}
	n = new(big.Int).SetBytes(b[el:])
	if e < 3 || e&1 == 0 {
		return nil, 0, "exponent is not one"
	}
	if l := n.BitLen(); l > maxRSABits || l < minRSABits || n.Bit(0) == 0 {
		return nil, 0, "modulus is not of a usable size"
	}
	return n, e, ""
}

// rsaBits is the size of the modulus, for the facts.
func rsaBits(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	el, b := int(b[0]), b[1:]
	if el == 0 {
		el, b = int(binary.BigEndian.Uint16(b)), b[2:]
	}
	if el >= len(b) {
		return 0
	}
	return new(big.Int).SetBytes(b[el:]).BitLen()
}

// The DigestInfo prefixes of RFC 8017 section 9.2.
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA1:   {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14},
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
}

func rsaVerifier(alg uint8, n *big.Int, e uint64) verifier {
	ours := n.BitLen() < 1024 || e > 1<<31-1 // crypto/rsa refuses these; DNSSEC allows them
	pub := &rsa.PublicKey{N: n, E: int(e & (1<<31 - 1))}
	return func(data, sig []byte) bool {
		var h crypto.Hash
		var digest []byte
		switch alg {
		case dns.RSASHA256:
			d := sha256.Sum256(data)
			h, digest = crypto.SHA256, d[:]
		case dns.RSASHA512:
			d := sha512.Sum512(data)
			h, digest = crypto.SHA512, d[:]
		default:
			d := sha1.Sum(data) // see the import
			h, digest = crypto.SHA1, d[:]
		}
		if !ours {
			return rsa.VerifyPKCS1v15(pub, h, digest, sig) == nil
		}
		size := (n.BitLen() + 7) / 8
		s := new(big.Int).SetBytes(sig)
		if len(sig) != size || s.Cmp(n) >= 0 {
			return false
		}
		want := append(append([]byte{0}, digestInfo[h]...), digest...)
		if size < len(want)+10 {
			return false
		}
		em := append([]byte{0, 1}, bytes.Repeat([]byte{0xFF}, size-len(want)-2)...)
		em = append(em, want...)
		got := new(big.Int).Exp(s, new(big.Int).SetUint64(e), n)
		return bytes.Equal(got.FillBytes(make([]byte, size)), em)
	}
}

// work counts what a reply has cost so far (KeyTrap).
type work struct {
	tries  int
	hashes int
	spent  bool // not all was looked at
}

// proof is a signature that holds.
type proof struct {
	sig *rrsig
	key *dnskey
	// until is when the signature runs out.
	until time.Time
}

// expanded reports whether the set that the signature is over was made from a
// wildcard: it says fewer labels than the owner has (RFC 4035 section 5.3.4).
func (p proof) expanded(owner name) bool {
	n := owner.labels()
	if owner.isWildcard() {
		n--
	}
	return int(p.sig.labels) < n
}

// verify looks for a signature of zone over the set that holds, made by one of
// keys (RFC 4035 section 5.3). It prefers the one that lasts longest.
func (s *rrset) verify(zone name, keys []*dnskey, now time.Time, w *work) (proof, *fact.Problem) {
	if len(s.sigs) == 0 {
		return proof{}, s.problem(codeNoRRSIG, dns.ExtendedErrorCodeRRSIGsMissing, zone, nil, "no signature came with it")
	}
	sigs := make([]*rrsig, len(s.sigs))
	for i := range s.sigs {
		sigs[i] = &s.sigs[i]
	}
	at := uint32(now.Unix())                            // serial arithmetic (RFC 4034 section 3.1.5)
	slices.SortStableFunc(sigs, func(a, b *rrsig) int { // the longest lasting first
		return cmp.Or(cmp.Compare(int32(b.expiration-at), int32(a.expiration-at)), cmp.Compare(a.keyTag, b.keyTag)) // serial arithmetic
	})
	var worst *fact.Problem
	rank := -1
	blame := func(r int, p *fact.Problem) {
		if r > rank {
			worst, rank = p, r
		}
	}
	owner := s.owner.labels()
	if s.owner.isWildcard() {
		owner--
	}
	tries := 0
	for _, sig := range sigs {
		var data []byte
		switch {
		case sig.signer != zone:
			blame(0, s.problem(codeWrongSigner, dns.ExtendedErrorCodeDNSBogus, zone, sig, "signed by "+sig.signer.String()))
			continue
		case !algorithmSupported(sig.algorithm):
			blame(1, s.problem(codeNoRRSIG, dns.ExtendedErrorCodeRRSIGsMissing, zone, sig, "signed by an algorithm that cannot be checked only"))
			continue
		case int(sig.labels) > owner:
			blame(5, s.problem(codeBadSignature, dns.ExtendedErrorCodeDNSBogus, zone, sig, "it says more labels than the name has"))
			continue
		}
		from, to := serialTime(sig.inception, now), serialTime(sig.expiration, now)
		switch {
		case int32(sig.expiration-sig.inception) < 0: // serial arithmetic
			blame(6, s.problem(codeBadTimes, dns.ExtendedErrorCodeSignatureExpiredBeforeValid, zone, sig, "it expires before it begins"))
			continue
		case int32(sig.expiration-at) < 0: // serial arithmetic
			p := s.problem(codeExpired, dns.ExtendedErrorCodeSignatureExpired, zone, sig, "")
			p.When = to
			blame(8, p)
			continue
		case int32(at-sig.inception) < 0: // serial arithmetic
			p := s.problem(codeNotYetValid, dns.ExtendedErrorCodeSignatureNotYetValid, zone, sig, "")
			p.When = from
			blame(7, p)
			continue
		}
		found := false
		for _, k := range keys {
			if k.tag != sig.keyTag || k.algorithm != sig.algorithm {
				continue
			}
			found = true
			if !k.usable() {
				blame(3, s.problem(codeNotZoneKey, dns.ExtendedErrorCodeNoZoneKeyBitSet, zone, sig, "the key is revoked, or not a zone key"))
				continue
			}
			check, reason := k.verifier()
			if check == nil {
				blame(4, s.problem(codeBadKey, dns.ExtendedErrorCodeDNSBogus, zone, sig, reason))
				continue
			}
			tries++
			w.tries++
			if tries > maxTriesPerSet || w.tries > maxTries {
				return proof{}, s.problem(codeTooMuchWork, dns.ExtendedErrorCodeDNSBogus, zone, sig, "too many keys and signatures to try")
			}
			if data == nil {
				data = s.signedData(sig)
			}
			if check(data, sig.sig) {
				return proof{sig, k, to}, nil
			}
			blame(5, s.problem(codeBadSignature, dns.ExtendedErrorCodeDNSBogus, zone, sig, ""))
		}
		if !found {
			blame(2, s.problem(codeNoDNSKEY, dns.ExtendedErrorCodeDNSKEYMissing, zone, sig, "the key of the signature is not in the zone"))
		}
	}
	if s.more {
		return proof{}, s.problem(codeTooMuchWork, dns.ExtendedErrorCodeDNSBogus, zone, nil, "too many signatures to try")
	}
	return proof{}, worst
}

func (s *rrset) problem(code string, ede uint16, zone name, sig *rrsig, detail string) *fact.Problem {
	p := &fact.Problem{EDE: ede, Code: code, Zone: zone.String(), Name: s.owner.String(), Type: typeName(s.typ), Detail: detail}
	if sig != nil {
		p.KeyTag, p.Algorithm = sig.keyTag, sig.algorithm
	}
	return p
}

// serialTime is the moment that 32 bits mean, nearest to now (RFC 4034 section
// 3.1.5).
func serialTime(v uint32, now time.Time) time.Time {
	n := now.Unix()
	return time.Unix(n+int64(int32(v-uint32(n))), 0).UTC() // serial arithmetic
}
