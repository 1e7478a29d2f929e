package dkim

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1} // RFC 8017 appendix A.1
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}             // RFC 8410 section 3
)

// subjectPublicKeyInfo is of RFC 5280 section 4.1.
type subjectPublicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

// rsaPublicKey is of RFC 8017 appendix A.1.1.
type rsaPublicKey struct{ N, E *big.Int }

// key reads p: for RSA a SubjectPublicKeyInfo, as everybody publishes it, or the bare
// RSAPublicKey that RFC 6376 section 3.6.1 asks for (erratum 3017 allows both); for
// Ed25519 the 32 bytes of the key (RFC 8463 section 4).
func (k *Key) key(t Tag) {
	der, err := decode(t.Value)
	if err != nil {
		k.note(BadBase64, t.ValuePosition, err.Error())
		return
	}
	k.Data = der
	var info subjectPublicKeyInfo
	rest, err := asn1.Unmarshal(der, &info)
	wrapped := err == nil
	switch k.Type {
	case "ed25519":
		switch {
		case len(der) == 32:
			k.Bits = 256
		case wrapped && info.Algorithm.Algorithm.Equal(oidEd25519) && len(info.Key.Bytes) == 32:
			k.Bits = 256
			k.note(WrappedKey, t.ValuePosition, "")
		case wrapped:
			k.note(WrongKeyType, t.ValuePosition, info.Algorithm.Algorithm.String())
		default:
			k.note(BadKey, t.ValuePosition, "")
		}
	case "rsa":
		switch {
		case !wrapped:
			k.Bare = k.rsa(der, t)
		case !info.Algorithm.Algorithm.Equal(oidRSA):
			k.note(WrongKeyType, t.ValuePosition, info.Algorithm.Algorithm.String())
		default:
			if k.rsa(info.Key.Bytes, t) && len(rest) > 0 {
				k.note(TrailingData, t.ValuePosition, "")
			}
		}
	}
}

func (k *Key) rsa(der []byte, t Tag) bool {
	var pub rsaPublicKey
	rest, err := asn1.Unmarshal(der, &pub)
	if err != nil || pub.N.Sign() <= 0 || pub.E.Sign() <= 0 || pub.E.BitLen() > 256 {
		if k.note(BadKey, t.ValuePosition, ""); len(der) == 32 {
			k.Defects[len(k.Defects)-1].Code = WrongKeyType // the length of an Ed25519 key
		}
		return false
	}
	k.Bits, k.Exponent = pub.N.BitLen(), pub.E.String()
	if len(rest) > 0 {
		k.note(TrailingData, t.ValuePosition, "")
	}
	return true
}
