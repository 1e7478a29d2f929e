package tlslab

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"sync"

	"github.com/cloudflare/circl/dh/x448"

	"peil/internal/fact"
	"peil/internal/lab/curve"
)

var (
	errShare    = errors.New("key share is not valid for its group")
	errNoFinish = errors.New("the lab has no arithmetic for this group")
)

// agreement is the server's half of a key exchange in one group. The ephemeral key
// is one per group and process: making a new one for each hello would cost as much
// as all else that a probe makes the lab do.
type agreement struct {
	public []byte
	shared func(peer []byte) ([]byte, error)
}

var agreements sync.Map // fact.Group → func() *agreement

// agreementFor returns the server's half for a group, nil when the group is unknown.
func agreementFor(g fact.Group) *agreement {
	f, _ := agreements.LoadOrStore(g, sync.OnceValue(func() *agreement { return newAgreement(g) }))
	return f.(func() *agreement)()
}

func seedOf(label string) [32]byte { return sha256.Sum256([]byte("peil lab ephemeral key " + label)) }

var odd = map[fact.Group]*curve.Curve{
	18: curve.Secp192k1, fact.Secp192r1: curve.Secp192r1, fact.Secp224k1: curve.Secp224k1,
	fact.Secp224r1: curve.Secp224r1, fact.Secp256k1: curve.Secp256k1,
	fact.BrainpoolP256r1: curve.BrainpoolP256r1, fact.BrainpoolP384r1: curve.BrainpoolP384r1, fact.BrainpoolP512r1: curve.BrainpoolP512r1,
	fact.BrainpoolP256r1TLS13: curve.BrainpoolP256r1, fact.BrainpoolP384r1TLS13: curve.BrainpoolP384r1, fact.BrainpoolP512r1TLS13: curve.BrainpoolP512r1,
}

func newAgreement(g fact.Group) *agreement {
	switch g {
	case fact.X25519:
		return standard(ecdh.X25519(), 32)
	case fact.Secp256r1:
		return standard(ecdh.P256(), 32)
	case fact.Secp384r1:
		return standard(ecdh.P384(), 48)
	case fact.Secp521r1:
		return standard(ecdh.P521(), 66)
	case fact.X448:
		var secret, public x448.Key
		s := seedOf("x448")
		copy(secret[:], s[:])
		x448.KeyGen(&public, &secret)
		return &agreement{public[:], func(peer []byte) ([]byte, error) {
			var p, out x448.Key
			if len(peer) != len(p) {
				return nil, errShare
			}
			copy(p[:], peer)
			if !x448.Shared(&out, &secret, &p) {
				return nil, errShare
			}
			return out[:], nil
		}}
	}
	if d := namedDH(g); d != nil {
		return &agreement{d.public, func(peer []byte) ([]byte, error) { return d.shared(peer, true) }}
	}
	if c := odd[g]; c != nil {
		seed := seedOf(c.Name)
		k := c.NewKey(seed[:])
		return &agreement{k.PublicBytes(), k.Shared}
	}
	if gen, ok := curve.Generators[uint16(g)]; ok {
		public, err := hex.DecodeString(gen)
		if err != nil {
			return nil
		}
		return &agreement{public, func([]byte) ([]byte, error) { return nil, errNoFinish }}
	}
	return nil
}

func standard(c ecdh.Curve, size int) *agreement {
	seed := make([]byte, size)
	s := seedOf(c.(interface{ String() string }).String())
	copy(seed[size-32:], s[:])
	if size == 32 {
		seed[0] &= 0x7f // below the order of P-256
	}
	k, err := c.NewPrivateKey(seed)
	if err != nil {
		return nil
	}
	return &agreement{k.PublicKey().Bytes(), func(peer []byte) ([]byte, error) {
		p, err := c.NewPublicKey(peer)
		if err != nil {
			return nil, errShare
		}
		return k.ECDH(p)
	}}
}

// hybrid says which classical group a hybrid one has, whether ML-KEM comes first in
// its shares (draft-ietf-tls-ecdhe-mlkem section 4), and the lengths of the ML-KEM
// parts.
type hybrid struct {
	classic  fact.Group
	kemFirst bool
	key      int // encapsulation key
}

var hybrids = map[fact.Group]hybrid{
	fact.X25519MLKEM768:     {fact.X25519, true, mlkem.EncapsulationKeySize768},
	fact.SecP256r1MLKEM768:  {fact.Secp256r1, false, mlkem.EncapsulationKeySize768},
	fact.SecP384r1MLKEM1024: {fact.Secp384r1, false, mlkem.EncapsulationKeySize1024},
	fact.MLKEM768:           {0, true, mlkem.EncapsulationKeySize768},
	fact.MLKEM1024:          {0, true, mlkem.EncapsulationKeySize1024},
}

// agreed remembers what was agreed upon with a share: a prober may well send the same
// one in each hello, and the arithmetic is most of what a hello costs.
type agreed struct {
	mu   sync.Mutex
	with map[string][2][]byte // by group and share; bounded by maxAgreed; guarded by mu
}

const maxAgreed = 512

// agree answers a TLS 1.3 key share: the server's share and the shared secret.
func (a *agreed) agree(g fact.Group, peer []byte) (share, secret []byte, err error) {
	key := string(rune(g)) + string(peer)
	a.mu.Lock()
	known, ok := a.with[key]
	a.mu.Unlock()
	if ok {
		return known[0], known[1], nil
	}
	if share, secret, err = agree(g, peer); err != nil {
		return nil, nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.with == nil || len(a.with) >= maxAgreed {
		a.with = map[string][2][]byte{}
	}
	a.with[key] = [2][]byte{share, secret}
	return share, secret, nil
}

// agree does the arithmetic.
func agree(g fact.Group, peer []byte) (share, secret []byte, err error) {
	h, isHybrid := hybrids[g]
	if !isHybrid {
		a := agreementFor(g)
		if a == nil {
			return nil, nil, errShare
		}
		secret, err = a.shared(peer)
		return a.public, secret, err
	}
	if len(peer) < h.key {
		return nil, nil, errShare
	}
	kemPart, classicPart := peer[:h.key], peer[h.key:]
	if !h.kemFirst {
		classicPart, kemPart = peer[:len(peer)-h.key], peer[len(peer)-h.key:]
	}
	kemSecret, kemShare, err := encapsulate(kemPart)
	if err != nil {
		return nil, nil, errShare
	}
	if h.classic == 0 {
		if len(classicPart) != 0 {
			return nil, nil, errShare
		}
		return kemShare, kemSecret, nil
	}
	a := agreementFor(h.classic)
	classic, err := a.shared(classicPart)
	if err != nil {
		return nil, nil, err
	}
	if h.kemFirst {
		return concat(kemShare, a.public), concat(kemSecret, classic), nil
	}
	return concat(a.public, kemShare), concat(classic, kemSecret), nil
}

func concat(a, b []byte) []byte { return append(append(make([]byte, 0, len(a)+len(b)), a...), b...) }

func encapsulate(key []byte) (secret, ciphertext []byte, err error) {
	if len(key) == mlkem.EncapsulationKeySize1024 {
		k, err := mlkem.NewEncapsulationKey1024(key)
		if err != nil {
			return nil, nil, err
		}
		secret, ciphertext = k.Encapsulate()
		return secret, ciphertext, nil
	}
	k, err := mlkem.NewEncapsulationKey768(key)
	if err != nil {
		return nil, nil, err
	}
	secret, ciphertext = k.Encapsulate()
	return secret, ciphertext, nil
}

// knownGroup says whether the engine can answer in a group at all.
func knownGroup(g fact.Group) bool {
	_, h := hybrids[g]
	return h || agreementFor(g) != nil
}

// dhGroup is a finite-field group with the server's key in it.
type dhGroup struct {
	p, g, secret *big.Int
	pBytes       []byte
	public       []byte // padded to the length of p
}

func newDH(p *big.Int, generator int64, label string) *dhGroup {
	d := &dhGroup{p: p, g: big.NewInt(generator)}
	seed := seedOf(label)
	d.secret = new(big.Int).SetBytes(seed[:])
	d.pBytes = p.Bytes()
	d.public = new(big.Int).Exp(d.g, d.secret, p).FillBytes(make([]byte, len(d.pBytes)))
	return d
}

// shared computes the shared secret: padded for TLS 1.3 (RFC 8446 section 7.4.1),
// without leading zeros before (RFC 5246 section 8.1.2).
func (d *dhGroup) shared(peer []byte, padded bool) ([]byte, error) {
	y := new(big.Int).SetBytes(peer)
	if len(peer) > len(d.pBytes) || y.Cmp(big.NewInt(1)) <= 0 || y.Cmp(new(big.Int).Sub(d.p, big.NewInt(1))) >= 0 {
		return nil, errShare
	}
	z := new(big.Int).Exp(y, d.secret, d.p)
	if padded {
		return z.FillBytes(make([]byte, len(d.pBytes))), nil
	}
	return z.Bytes(), nil
}
