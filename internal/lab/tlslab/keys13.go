package tlslab

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"

	"golang.org/x/crypto/cryptobyte"
)

// secrets13 is the key schedule of a TLS 1.3 connection (RFC 8446 section 7.1).
type secrets13 struct {
	s      *suite
	hash   crypto.Hash
	secret []byte // the current stage: early, handshake, master

	clientTraffic, serverTraffic []byte // of application data, for key updates
}

// newSecrets13 starts the schedule with a pre-shared key, nil when there is none.
func newSecrets13(s *suite, psk []byte) (*secrets13, error) {
	k := &secrets13{s: s, hash: s.prf}
	if psk == nil {
		psk = make([]byte, k.hash.Size())
	}
	var err error
	k.secret, err = hkdf.Extract(k.hash.New, psk, nil)
	return k, err
}

// expandLabel is HKDF-Expand-Label.
func expandLabel(h crypto.Hash, secret []byte, label string, context []byte, n int) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, 80))
	b.AddUint16(uint16(n))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("tls13 " + label)) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(context) })
	info, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return hkdf.Expand(h.New, secret, string(info), n)
}

// derive is Derive-Secret over the messages so far.
func (k *secrets13) derive(label string, messages []byte) ([]byte, error) {
	return expandLabel(k.hash, k.secret, label, digest(k.hash, messages), k.hash.Size())
}

// next goes on to the next stage with new input; nil stands for zeros.
func (k *secrets13) next(input []byte) error {
	if input == nil {
		input = make([]byte, k.hash.Size())
	}
	salt, err := k.derive("derived", nil)
	if err != nil {
		return err
	}
	k.secret, err = hkdf.Extract(k.hash.New, input, salt)
	return err
}

// protect makes the protection that a traffic secret leads to (section 7.3).
func (k *secrets13) protect(traffic []byte) (protection, error) {
	key, err := expandLabel(k.hash, traffic, "key", nil, k.s.key)
	if err != nil {
		return nil, err
	}
	iv, err := expandLabel(k.hash, traffic, "iv", nil, 12)
	if err != nil {
		return nil, err
	}
	a, err := newAEAD(k.s, key)
	return &aead13{aead: a, iv: iv}, err
}

// finished is the verify_data of a Finished message, and a binder alike (section 4.4.4).
func (k *secrets13) finished(base, messages []byte) ([]byte, error) {
	key, err := expandLabel(k.hash, base, "finished", nil, k.hash.Size())
	if err != nil {
		return nil, err
	}
	m := hmac.New(k.hash.New, key)
	m.Write(digest(k.hash, messages))
	return m.Sum(nil), nil
}
