package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"strings"
	"time"

	"peil/internal/lab/curve"
)

var (
	oidSCTList    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962 section 3.3
	oidTLSFeature = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}       // RFC 7633
)

// OCSPServer is the responder that leaves with OCSP name. Nobody asks it: the lab's
// servers staple.
const OCSPServer = "http://ocsp.lab.test/"

// issue makes a leaf. The caller holds mu.
func (a *Authority) issue(s Spec) (*Leaf, error) {
	label := fmt.Sprintf("%s %d", s.Name, s.Serial)
	key, err := a.newKey(s.Key, label)
	if err != nil {
		return nil, err
	}
	signer, err := a.handshakeSigner(s.Key, key, label)
	if err != nil {
		return nil, err
	}
	useRSA := strings.HasPrefix(string(s.Signature), "rsa")
	iss, err := a.issuerFor(s.Issuer, useRSA)
	if err != nil {
		return nil, err
	}
	t := a.leafTemplate(s)
	parent, signKey := iss.cert, iss.key
	if s.Issuer == SelfSigned {
		parent, signKey = t, key
	}
	native, handMade := signatureFor(s.Signature, signKey)
	t.SignatureAlgorithm = native
	public, spki := key.Public(), []byte(nil)
	if odd, ok := key.(*curve.PrivateKey); ok {
		if s.Issuer == SelfSigned {
			return nil, fmt.Errorf("no self-signed certificate with a key on %s", odd.Curve.Name)
		}
		if s.Signature != ECDSASHA256 && s.Signature != RSASHA256 && handMade == nil {
			return nil, fmt.Errorf("no certificate with a key on %s signed by %s", odd.Curve.Name, s.Signature)
		}
		// crypto/x509 gets the issuer's key to write down; the right one follows.
		public = signKey.Public()
		if spki, err = oddPublicKey(s.Key, odd); err != nil {
			return nil, err
		}
	}
	if s.Key.absurd() {
		if spki, err = absurdPublicKey(s.Key, key.(*rsa.PrivateKey)); err != nil {
			return nil, err
		}
	}
	if s.Send == Nothing {
		return &Leaf{Spec: s, Key: key, Signer: signer}, nil
	}
	var random io.Reader // none: the same certificate every time (RFC 6979)
	if s.Signature == RSAPSSSHA256 {
		random = rand.Reader
	}
	der, err := x509.CreateCertificate(random, t, parent, public, signKey)
	if err != nil {
		return nil, err
	}
	if handMade != nil || spki != nil {
		if der, err = resign(der, handMade, spki, signKey); err != nil {
			return nil, err
		}
	}
	if s.BadSignature {
		der[len(der)-1] ^= 1
	}
	l := &Leaf{Spec: s, Key: key, Signer: signer, Issuer: iss.cert, IssuerKey: iss.key, Serial: t.SerialNumber}
	if l.Cert, err = x509.ParseCertificate(der); err != nil {
		l.Cert = nil // a strange algorithm is the point
	}
	if s.Issuer == SelfSigned {
		l.Issuer, l.IssuerKey = l.Cert, key
	}
	l.Chain = a.assemble(s, der, iss)
	return l, nil
}

func (a *Authority) leafTemplate(s Spec) *x509.Certificate {
	from, until := s.From, s.Until
	if from == 0 && until == 0 {
		from, until = -30*day, 60*day
	}
	now := a.now().UTC().Truncate(time.Second)
	t := &x509.Certificate{
		SerialNumber:          serial(fmt.Sprintf("%+v", s)),
		Subject:               pkix.Name{CommonName: s.Name},
		NotBefore:             now.Add(from),
		NotAfter:              now.Add(until),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(s.Name) > 64 { // ub-common-name, RFC 5280 appendix A.1
		t.Subject = pkix.Name{}
	}
	if strings.HasPrefix(string(s.Key), "rsa") {
		t.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	if !s.NoSAN {
		t.DNSNames = append([]string{s.Name}, strings.Fields(s.Also)...)
	}
	if s.ClientOnly {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if s.OCSP {
		t.OCSPServer = []string{OCSPServer}
	}
	if !s.NoSCT {
		v, _ := asn1.Marshal(sctList(t.NotBefore)) // an octet string always marshals
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: oidSCTList, Value: v})
	}
	for i := range s.Names {
		t.DNSNames = append(t.DNSNames, fmt.Sprintf("n%d.names.lab.test", i+1))
	}
	if s.Padding > 0 {
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: oidPadding, Value: make([]byte, s.Padding)})
	}
	if s.MustStaple {
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: oidTLSFeature, Value: []byte{0x30, 3, 2, 1, 5}})
	}
	return t
}

// assemble puts together what goes over the wire. The caller holds mu.
func (a *Authority) assemble(s Spec, leaf []byte, iss *issuer) [][]byte {
	if s.Issuer == SelfSigned {
		return [][]byte{leaf}
	}
	chain := [][]byte{leaf}
	below := iss != a.root && iss != a.stranger // signed by an intermediate
	switch s.Send {
	case LeafOnly:
	case WithRoot:
		if below {
			chain = append(chain, iss.cert.Raw)
		}
		chain = append(chain, a.root.cert.Raw)
	case WrongOrder:
		chain = append(chain, a.root.cert.Raw, iss.cert.Raw)
	case Hundred, Thousand:
		n := map[Send]int{Hundred: 100, Thousand: 1000}[s.Send]
		chain = append(chain, iss.cert.Raw)
		for range n {
			chain = append(chain, a.stranger.cert.Raw)
		}
	case SurplusLeaf:
		chain = append(chain, iss.cert.Raw, a.stranger.cert.Raw)
	default:
		if iss == a.stranger || below {
			chain = append(chain, iss.cert.Raw)
		}
	}
	return chain
}

// handSignature is a signature that crypto/x509 no longer makes.
type handSignature struct {
	oid    asn1.ObjectIdentifier
	null   bool // RSA algorithms carry a NULL parameter (RFC 4055 section 5)
	hash   crypto.Hash
	digest func([]byte) []byte
}

// signatureFor says with which algorithm the standard library signs, and, when it
// cannot, how the signature is made by hand afterwards.
func signatureFor(s Signature, key crypto.Signer) (x509.SignatureAlgorithm, *handSignature) {
	sum1 := func(b []byte) []byte { h := sha1.Sum(b); return h[:] }
	sum224 := func(b []byte) []byte { h := sha256.Sum224(b); return h[:] }
	switch s {
	case ECDSASHA384:
		return x509.ECDSAWithSHA384, nil
	case ECDSASHA512:
		return x509.ECDSAWithSHA512, nil
	case ECDSASHA224: // RFC 5758 section 3.2
		return 0, &handSignature{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 1}, false, crypto.SHA224, sum224}
	case ECDSASHA1: // RFC 3279 section 2.2.3
		return 0, &handSignature{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, false, crypto.SHA1, sum1}
	case RSASHA256:
		return x509.SHA256WithRSA, nil
	case RSASHA384:
		return x509.SHA384WithRSA, nil
	case RSASHA512:
		return x509.SHA512WithRSA, nil
	case RSAPSSSHA256:
		return x509.SHA256WithRSAPSS, nil
	case RSASHA224: // RFC 4055 section 5
		return 0, &handSignature{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 14}, true, crypto.SHA224, sum224}
	case RSASHA1: // RFC 3279 section 2.2.1
		return 0, &handSignature{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, true, crypto.SHA1, sum1}
	case RSAMD5: // RFC 3279 section 2.2.1
		return 0, &handSignature{
			asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4},
			true, crypto.MD5,
			func(b []byte) []byte { h := md5.Sum(b); return h[:] },
		}
	}
	switch key.(type) {
	case *rsa.PrivateKey:
		return x509.SHA256WithRSA, nil
	case ed25519.PrivateKey:
		return x509.PureEd25519, nil
	case *ecdsa.PrivateKey:
		return x509.ECDSAWithSHA256, nil
	}
	return 0, nil
}

// oddPublicKey is the SubjectPublicKeyInfo of a key on a curve that crypto/x509 does
// not know (RFC 5480 section 2).
func oddPublicKey(kind Key, k *curve.PrivateKey) ([]byte, error) {
	params, err := asn1.Marshal(oddCurves[kind].oid)
	if err != nil {
		return nil, err
	}
	point := k.PublicBytes()
	return asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, Parameters: asn1.RawValue{FullBytes: params}},
		asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
}

// resign signs a certificate anew, by another algorithm when h is not nil and with
// another public key in it when spki is not nil (RFC 5280 section 4.1).
func resign(der []byte, h *handSignature, spki []byte, key crypto.Signer) ([]byte, error) {
	var cert struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &cert); err != nil {
		return nil, err
	}
	algDER := cert.Algorithm.FullBytes
	if h != nil {
		alg := pkix.AlgorithmIdentifier{Algorithm: h.oid}
		if h.null {
			alg.Parameters = asn1.NullRawValue
		}
		var err error
		if algDER, err = asn1.Marshal(alg); err != nil {
			return nil, err
		}
	} else {
		h = &handSignature{hash: crypto.SHA256, digest: func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }}
	}
	// version, serial, algorithm, issuer, validity, subject, public key, extensions
	var fields []asn1.RawValue
	for rest := cert.TBS.Bytes; len(rest) > 0; {
		var f asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &f); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	fields[2] = asn1.RawValue{FullBytes: algDER}
	if spki != nil {
		fields[6] = asn1.RawValue{FullBytes: spki}
	}
	tbs, err := asn1.Marshal(fields)
	if err != nil {
		return nil, err
	}
	sig, err := key.Sign(nil, h.digest(tbs), h.hash)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal([]any{
		asn1.RawValue{FullBytes: tbs},
		asn1.RawValue{FullBytes: algDER},
		asn1.BitString{Bytes: sig, BitLength: len(sig) * 8},
	})
}
