package pki

import (
	"crypto"
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
	rsaKeys map[Key]*rsa.PrivateKey     // one key per size; fixed after New
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
	// Signer signs handshakes with the same key, in a way that is quick and lets the
	// key out.
	Signer crypto.Signer
	Cert   *x509.Certificate // nil when the standard library cannot read it
	// Issuer signed it; OCSP responses are made by it.
	Issuer    *x509.Certificate
	IssuerKey crypto.Signer
	Serial    *big.Int

	staples map[Staple]madeStaple // guarded by the authority's mu
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
		leaves:  map[Spec]*Leaf{},
	}
	var err error
	if a.rsaKeys, err = loadRSA(); err != nil {
		return nil, err
	}
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

// Root is the certificate at the top of all trusted chains.
func (a *Authority) Root() *x509.Certificate { return a.root.cert }

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
	key, err := a.newKey(P384, name)
	if err != nil {
		return nil, err
	}
	t := caTemplate(name, a.now().Add(-5*365*day), a.now().Add(15*365*day))
	der, err := x509.CreateCertificate(nil, t, t, key.Public(), key)
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
	case kind == SHA1Inter:
		name = "Peil Lab CA S1"
		key, err = a.newKey(P256, name)
	case useRSA:
		name = "Peil Lab CA R1"
		key, err = a.rsaKey(RSA3072)
	default:
		key, err = a.newKey(P256, name)
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
	der, err := x509.CreateCertificate(nil, t, a.root.cert, key.Public(), a.root.key)
	if err != nil {
		return nil, err
	}
	if kind == SHA1Inter {
		_, sha1Hand := signatureFor(ECDSASHA1, a.root.key)
		if der, err = resign(der, sha1Hand, nil, a.root.key); err != nil {
			return nil, err
		}
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

// sctList is a TLS-encoded SignedCertificateTimestampList (RFC 6962 section 3.3) with
// entries of two invented logs. Their signatures are no signatures: no log stands
// behind them.
func sctList(at time.Time) []byte {
	var list []byte
	for _, name := range []string{"peil lab log 1 (simulated)", "peil lab log 2 (simulated)"} {
		log := sha256.Sum256([]byte(name))
		sct := append([]byte{0}, log[:]...)
		sct = binary.BigEndian.AppendUint64(sct, uint64(at.UnixMilli()))
		sct = append(sct, 0, 0)            // no extensions
		sct = append(sct, 4, 3, 0, 70)     // SHA-256, ECDSA, length
		sct = append(sct, 0x30, 68, 2, 32) // two integers of 32 bytes
		log[0] &= 0x7f
		sct = append(sct, log[:]...)
		sct = append(sct, 2, 32)
		sct = append(sct, log[:]...)
		list = binary.BigEndian.AppendUint16(list, uint16(len(sct)))
		list = append(list, sct...)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(list))), list...)
}
