package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// maxLeaves bounds the cache of leaves; issuing one again costs about 0.1 ms.
const maxLeaves = 8192

// Authority issues the certificates of the lab.
type Authority struct {
	now func() time.Time

	root, stranger *issuer // fixed after New

	mu      sync.Mutex
	issuers map[Issuer]map[bool]*issuer // by kind and whether RSA; guarded by mu
	rsaKeys map[Key]*rsa.PrivateKey     // one key per size: making them is slow; guarded by mu
	leaves  map[Spec]*Leaf              // guarded by mu
}

type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// Leaf is an issued certificate with what is sent along.
type Leaf struct {
	Spec  Spec
	Chain [][]byte // DER, leaf first, as sent
	Key   crypto.Signer
	Cert  *x509.Certificate // nil when the standard library cannot read it
	// Issuer signed it; OCSP responses are made by it.
	Issuer    *x509.Certificate
	IssuerKey crypto.Signer
}

// TLS returns the leaf for crypto/tls.
func (l *Leaf) TLS() *tls.Certificate {
	return &tls.Certificate{Certificate: l.Chain, PrivateKey: l.Key, Leaf: l.Cert}
}

// New makes an authority whose certificates are valid around the clock's time.
func New(now func() time.Time) (*Authority, error) {
	a := &Authority{
		now:     now,
		issuers: map[Issuer]map[bool]*issuer{},
		rsaKeys: map[Key]*rsa.PrivateKey{},
		leaves:  map[Spec]*Leaf{},
	}
	var err error
	if a.root, err = a.newRoot("Peil Lab Root CA"); err != nil {
		return nil, fmt.Errorf("making the lab's root: %w", err)
	}
	if a.stranger, err = a.newRoot("Stranger Root CA"); err != nil {
		return nil, fmt.Errorf("making the untrusted root: %w", err)
	}
	return a, nil
}

// RootPEM is the trust set of a scan of the lab (ca.pem).
func (a *Authority) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.cert.Raw})
}

// Pool is the same as a pool.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.root.cert)
	return p
}

// Leaf returns the certificate of this specification, issuing it when it is not
// there yet.
func (a *Authority) Leaf(s Spec) (*Leaf, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.leaves[s]; l != nil {
		return l, nil
	}
	l, err := a.issue(s)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate for %s: %w", s.Name, err)
	}
	if len(a.leaves) >= maxLeaves {
		for k := range a.leaves { // any one: certificates are cheap
			delete(a.leaves, k)
			break
		}
	}
	a.leaves[s] = l
	return l, nil
}

const day = 24 * time.Hour

func (a *Authority) newRoot(name string) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := caTemplate(name, a.now().Add(-5*365*day), a.now().Add(15*365*day))
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	return &issuer{c, key}, err
}

func caTemplate(name string, from, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          serial(name),
		Subject:               pkix.Name{Country: []string{"NL"}, Organization: []string{"Peil Lab (simulated)"}, CommonName: name},
		NotBefore:             from.UTC(),
		NotAfter:              until.UTC(),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
}

// serial makes a positive serial number of 120 bits out of a description.
func serial(of string) *big.Int {
	h := sha256.Sum256([]byte(of))
	return new(big.Int).SetBytes(h[:15])
}

// issuerFor returns the certificate that signs a leaf. The caller holds mu.
func (a *Authority) issuerFor(kind Issuer, useRSA bool) (*issuer, error) {
	switch kind {
	case Stranger:
		return a.stranger, nil
	case Direct:
		return a.root, nil
	}
	if i := a.issuers[kind][useRSA]; i != nil {
		return i, nil
	}
	var key crypto.Signer
	var err error
	name := "Peil Lab CA E1"
	switch {
	case kind == WeakInter:
		name = "Peil Lab CA W1"
		key, err = a.rsaKey(RSA1024)
	case useRSA:
		name = "Peil Lab CA R1"
		key, err = a.rsaKey(RSA3072)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	from, until := a.now().Add(-3*365*day), a.now().Add(5*365*day)
	if kind == Expired {
		name += " (old)"
		until = a.now().Add(-10 * day)
	}
	t := caTemplate(name, from, until)
	t.MaxPathLenZero = true
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, t, a.root.cert, key.Public(), a.root.key)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	i := &issuer{c, key}
	if a.issuers[kind] == nil {
		a.issuers[kind] = map[bool]*issuer{}
	}
	a.issuers[kind][useRSA] = i
	return i, nil
}

// newKey makes the key of a leaf. The caller holds mu.
func (a *Authority) newKey(k Key) (crypto.Signer, error) {
	switch k {
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P224:
		return ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	case P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case P521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	default:
		return a.rsaKey(k)
	}
}

func (a *Authority) rsaKey(k Key) (*rsa.PrivateKey, error) {
	if key := a.rsaKeys[k]; key != nil {
		return key, nil
	}
	bits := map[Key]int{RSA1024: 1024, RSA2048: 2048, RSA3072: 3072, RSA4096: 4096}[k]
	if bits == 0 {
		return nil, fmt.Errorf("no such kind of key: %q", k)
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err == nil {
		a.rsaKeys[k] = key
	}
	return key, err
}

// sctList is a TLS-encoded SignedCertificateTimestampList (RFC 6962 section 3.3) with
// one entry of an invented log. Its signature is random: no log stands behind it.
func sctList(at time.Time) []byte {
	log := sha256.Sum256([]byte("peil lab log"))
	sct := []byte{0}
	sct = append(sct, log[:]...)
	sct = binary.BigEndian.AppendUint64(sct, uint64(at.UnixMilli()))
	sct = append(sct, 0, 0) // no extensions
	sct = append(sct, 4, 3) // SHA-256, ECDSA
	sig := make([]byte, 70)
	_, _ = rand.Read(sig) // crypto/rand never fails
	sct = binary.BigEndian.AppendUint16(sct, uint16(len(sig)))
	sct = append(sct, sig...)
	list := binary.BigEndian.AppendUint16(nil, uint16(len(sct)+2))
	list = binary.BigEndian.AppendUint16(list, uint16(len(sct)))
	return append(list, sct...)
}
