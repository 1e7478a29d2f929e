package dnslab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/miekg/dns"
)

// Algorithm numbers that miekg/dns does not sign with.
const (
	algEd448   = 16  // RFC 8080
	algUnknown = 200 // unassigned
)

// zoneKey is one key of a zone and what it is used for.
type zoneKey struct {
	record    *dns.DNSKEY
	signer    crypto.Signer
	signsKeys bool // the DNSKEY set
	signsData bool // all else
	hasDS     bool // the parent has a DS of it
	absent    bool // not in the DNSKEY set
}

// keyring makes keys. Those of elliptic curves follow from the zone's name, so that
// the same lab has the same trust anchor every time; RSA keys are slow to make, so
// each size is made once and shared by all zones.
type keyring struct {
	mu  sync.Mutex
	rsa map[int]*rsa.PrivateKey // by bits; guarded by mu
}

func (k *keyring) rsaKey(bits int) (*rsa.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.rsa[bits]; key != nil {
		return key, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	if k.rsa == nil {
		k.rsa = map[int]*rsa.PrivateKey{}
	}
	k.rsa[bits] = key
	return key, nil
}

// keys makes the keys of a zone by its way of signing.
func (k *keyring) keys(apex string, s Signing) ([]zoneKey, error) {
	var err error
	one := func(alg uint8, bits int, role string) zoneKey {
		var z zoneKey
		if err == nil {
			z, err = k.newKey(apex, alg, bits, role)
		}
		z.signsKeys, z.signsData, z.hasDS = true, true, true
		return z
	}
	var ks []zoneKey
	switch s {
	case Unsigned:
		return nil, nil
	case DSNoKey:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "csk")}
		ks[0].absent = true
	case NoDS:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "csk")}
		ks[0].hasDS = false
	case WrongDS:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "csk"), one(dns.ECDSAP256SHA256, 0, "other")}
		ks[0].hasDS = false
		ks[1].absent, ks[1].signsKeys, ks[1].signsData = true, false, false
	case NoKeySig:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "ksk"), one(dns.ECDSAP256SHA256, 0, "zsk")}
		ks[0].signsKeys, ks[0].signsData = false, false
		ks[1].hasDS = false
	case SeparateKeys:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "ksk"), one(dns.ECDSAP256SHA256, 0, "zsk")}
		ks[0].signsData = false
		ks[1].signsKeys, ks[1].hasDS = false, false
		if err == nil {
			ks[1].record.Flags = dns.ZONE
		}
	case RSASHA1:
		ks = []zoneKey{one(dns.RSASHA1, 2048, "csk")}
	case RSASHA1NSEC3:
		ks = []zoneKey{one(dns.RSASHA1NSEC3SHA1, 2048, "csk")}
	case RSASHA256:
		ks = []zoneKey{one(dns.RSASHA256, 2048, "csk")}
	case RSASHA256Short:
		ks = []zoneKey{one(dns.RSASHA256, 1024, "csk")}
	case KeyTrap:
		ks = []zoneKey{one(dns.RSASHA256, 2048, "csk")}
		for i := range trapKeys {
			if err == nil {
				ks = append(ks, zoneKey{record: sameTag(ks[0].record, i)})
			}
		}
	case RSASHA512:
		ks = []zoneKey{one(dns.RSASHA512, 2048, "csk")}
	case ECDSAP384:
		ks = []zoneKey{one(dns.ECDSAP384SHA384, 0, "csk")}
	case Ed25519:
		ks = []zoneKey{one(dns.ED25519, 0, "csk")}
	case Ed448:
		ks = []zoneKey{one(algEd448, 0, "csk")}
	case UnknownAlgorithm:
		ks = []zoneKey{one(algUnknown, 0, "csk")}
	case TwoAlgorithms:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "csk"), one(dns.RSASHA256, 2048, "csk")}
	case HalfRollover:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "csk"), one(dns.RSASHA256, 2048, "csk")}
		ks[1].signsData = false
	default:
		ks = []zoneKey{one(dns.ECDSAP256SHA256, 0, "csk")}
	}
	if err != nil {
		return nil, fmt.Errorf("making the keys of %s: %w", apex, err)
	}
	return ks, nil
}

func (k *keyring) newKey(apex string, alg uint8, bits int, role string) (zoneKey, error) {
	seed := sha512.Sum512([]byte("peil lab zone key " + apex + " " + role))
	var signer crypto.Signer
	var public []byte
	switch alg {
	case dns.ECDSAP256SHA256, dns.ECDSAP384SHA384:
		curve, size := elliptic.P256(), 32
		if alg == dns.ECDSAP384SHA384 {
			curve, size = elliptic.P384(), 48
		}
		// The top bit is cleared, so the number lies below the order of the group.
		d := seed[:size]
		d[0] &= 0x7f
		key, err := ecdsa.ParseRawPrivateKey(curve, d)
		if err != nil {
			return zoneKey{}, err
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			return zoneKey{}, err
		}
		signer, public = key, point[1:] // RFC 6605 section 4: without the 0x04
	case dns.ED25519:
		key := ed25519.NewKeyFromSeed(seed[:ed25519.SeedSize])
		signer, public = key, key.Public().(ed25519.PublicKey)
	case algEd448:
		key := ed448.NewKeyFromSeed(append(seed[:], 0x5a)[:ed448.SeedSize])
		signer, public = foreignSigner{alg, key}, key.Public().(ed448.PublicKey)
	case algUnknown:
		signer, public = foreignSigner{alg: alg}, seed[:]
	default:
		key, err := k.rsaKey(bits)
		if err != nil {
			return zoneKey{}, err
		}
		e := big.NewInt(int64(key.E)).Bytes() // RFC 3110 section 2
		signer, public = key, append(append([]byte{byte(len(e))}, e...), key.N.Bytes()...)
	}
	return zoneKey{signer: signer, record: &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: apex, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: dataTTL},
		Flags: dns.ZONE | dns.SEP, Protocol: 3, Algorithm: alg,
		PublicKey: base64.StdEncoding.EncodeToString(public),
	}}, nil
}

// foreignSigner signs with an algorithm that miekg/dns does not know. The library is
// told Ed25519, which hands the signer the data itself; its third byte, the algorithm
// in the RRSIG's fields (RFC 4034 section 3.1), is put right before signing.
type foreignSigner struct {
	alg uint8
	key ed448.PrivateKey // nil: the signature is only bytes
}

func (f foreignSigner) Public() crypto.PublicKey { return nil }

func (f foreignSigner) Sign(_ io.Reader, data []byte, _ crypto.SignerOpts) ([]byte, error) {
	data[2] = f.alg
	if f.key == nil {
		h := sha512.Sum512(data)
		return h[:], nil
	}
	return ed448.Sign(f.key, data, ""), nil
}

// DS are the delegation signer records of a zone, as its parent has them.
func (k *keyring) ds(apex string, s Signing) ([]dns.RR, error) {
	keys, err := k.keys(apex, s)
	if err != nil {
		return nil, err
	}
	var rrs []dns.RR
	for _, z := range keys {
		if !z.hasDS {
			continue
		}
		digest := dns.SHA256
		switch s {
		case SHA1Digest:
			digest = dns.SHA1
		case SHA384Digest:
			digest = dns.SHA384
		}
		ds := z.record.ToDS(digest)
		if ds == nil {
			return nil, fmt.Errorf("no DS of %s with digest %d", apex, digest)
		}
		ds.Hdr.Ttl = dataTTL
		switch s {
		case WrongDigest:
			ds.Digest = strings.Repeat("00", 32)
		case UnknownDigest:
			ds.DigestType = 200
		}
		rrs = append(rrs, ds)
	}
	return rrs, nil
}
