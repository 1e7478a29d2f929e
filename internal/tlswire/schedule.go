package tlswire

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"hash"

	"peil/internal/fact"
)

// Schedule is the key schedule of TLS 1.3 (RFC 8446 section 7.1), from the early
// secret to the master secret. The names of methods are those of the RFC.
type Schedule struct {
	suite  *Suite
	secret []byte
}

// NewSchedule begins with the early secret. psk is nil when there is none.
func NewSchedule(s *Suite, psk []byte) (*Schedule, error) {
	if psk == nil {
		psk = make([]byte, s.Hash.Size())
	}
	secret, err := hkdf.Extract(s.Hash.New, psk, nil)
	if err != nil {
		return nil, err
	}
	return &Schedule{s, secret}, nil
}

// Advance goes on to the next secret: with the shared secret of the key exchange to
// the handshake secret, with nil to the master secret.
func (s *Schedule) Advance(input []byte) error {
	if input == nil {
		input = make([]byte, s.suite.Hash.Size())
	}
	salt, err := s.Derive("derived", sum(s.suite.Hash, nil))
	if err != nil {
		return err
	}
	s.secret, err = hkdf.Extract(s.suite.Hash.New, input, salt)
	return err
}

// Derive is Derive-Secret with the hash of the transcript already taken.
func (s *Schedule) Derive(label string, transcriptHash []byte) ([]byte, error) {
	return ExpandLabel(s.suite.Hash, s.secret, label, transcriptHash, s.suite.Hash.Size())
}

// ExpandLabel is HKDF-Expand-Label.
func ExpandLabel(h crypto.Hash, secret []byte, label string, context []byte, length int) ([]byte, error) {
	info := make([]byte, 0, 10+len(label)+len(context))
	info = append(info, byte(length>>8), byte(length), byte(6+len(label)))
	info = append(append(info, "tls13 "...), label...)
	info = append(append(info, byte(len(context))), context...)
	return hkdf.Expand(func() hash.Hash { return h.New() }, secret, string(info), length)
}

// TrafficHalf makes the protection of one direction from a traffic secret.
func TrafficHalf(s *Suite, secret []byte) (*Half, error) {
	key, err := ExpandLabel(s.Hash, secret, "key", nil, s.keyLen)
	if err != nil {
		return nil, err
	}
	iv, err := ExpandLabel(s.Hash, secret, "iv", nil, 12)
	if err != nil {
		return nil, err
	}
	return newHalf(fact.TLS13, s, key, nil, iv)
}

// FinishedMAC is the verify_data of TLS 1.3 from a traffic secret, and the binder
// of a PSK from a binder key (RFC 8446 sections 4.4.4 and 4.2.11.2).
func FinishedMAC(h crypto.Hash, secret, transcriptHash []byte) ([]byte, error) {
	key, err := ExpandLabel(h, secret, "finished", nil, h.Size())
	if err != nil {
		return nil, err
	}
	m := hmac.New(h.New, key)
	m.Write(transcriptHash)
	return m.Sum(nil), nil
}
