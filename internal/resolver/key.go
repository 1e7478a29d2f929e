package resolver

import (
	"bytes"
	"cmp"
	"crypto/sha1" // DS digest type 1 exists (RFC 4034); a stronger one overrules it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"peil/internal/fact"
)

// Flags of a DNSKEY (RFC 4034 section 2.1.1, RFC 5011 section 7).
const (
	flagZone   = 1 << 8
	flagRevoke = 1 << 7
)

// dnskey is a DNSKEY record.
type dnskey struct {
	flags     uint16
	protocol  uint8
	algorithm uint8
	public    []byte
	tag       uint16
	rdata     []byte

	once   sync.Once
	key    verifier // nil when it cannot be used
	reason string   // why not
}

func parseDNSKEY(d []byte) (*dnskey, bool) {
	if len(d) < 5 {
		return nil, false
	}
	return &dnskey{
		flags: binary.BigEndian.Uint16(d), protocol: d[2], algorithm: d[3], public: d[4:], tag: keyTag(d), rdata: d,
	}, true
}

// keyTag computes the tag (RFC 4034 appendix B).
func keyTag(rdata []byte) uint16 {
	if rdata[3] == dns.RSAMD5 { // appendix B.1
		if n := len(rdata); n >= 7 {
			return binary.BigEndian.Uint16(rdata[n-3:])
		}
		return 0
	}
	var ac uint32
	for i, b := range rdata {
		if i&1 == 0 {
			ac += uint32(b) << 8
		} else {
			ac += uint32(b)
		}
	}
	ac += ac >> 16 & 0xFFFF
	return uint16(ac) // the low half is meant
}

// usable reports whether signatures of the zone may be checked with the key
// (RFC 4034 sections 2.1.1 and 2.1.2, RFC 5011 section 2.1).
func (k *dnskey) usable() bool {
	return k.flags&flagZone != 0 && k.flags&flagRevoke == 0 && k.protocol == 3
}

func keysOf(s *rrset) []*dnskey {
	var l []*dnskey
	for _, d := range s.data {
		if k, ok := parseDNSKEY(d); ok && len(l) < maxKeys {
			l = append(l, k)
		}
	}
	// Servers turn sets round; what is found first must not depend on it.
	slices.SortFunc(l, func(a, b *dnskey) int { return cmp.Or(cmp.Compare(a.tag, b.tag), bytes.Compare(a.rdata, b.rdata)) })
	return l
}

// dsRecord is a DS record (RFC 4034 section 5.1).
type dsRecord struct {
	tag        uint16
	algorithm  uint8
	digestType uint8
	digest     []byte
}

func parseDS(d []byte) (dsRecord, bool) {
	if len(d) < 5 {
		return dsRecord{}, false
	}
	return dsRecord{binary.BigEndian.Uint16(d), d[2], d[3], d[4:]}, true
}

func dsOfSet(s *rrset) []dsRecord {
	var l []dsRecord
	for _, d := range s.data {
		if ds, ok := parseDS(d); ok && len(l) < maxDS {
			l = append(l, ds)
		}
	}
	slices.SortFunc(l, func(a, b dsRecord) int {
		return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.algorithm, b.algorithm), cmp.Compare(a.digestType, b.digestType), bytes.Compare(a.digest, b.digest))
	})
	return l
}

func digestSupported(t uint8) bool {
	return t == dns.SHA1 || t == dns.SHA256 || t == dns.SHA384
}

// matches reports whether the DS record is the digest of a key of zone
// (RFC 4034 section 5.1.4).
func (ds *dsRecord) matches(zone name, k *dnskey) bool {
	if ds.tag != k.tag || ds.algorithm != k.algorithm {
		return false
	}
	data := append([]byte(zone), k.rdata...)
	switch ds.digestType {
	case dns.SHA1:
		h := sha1.Sum(data) // see above
		return bytes.Equal(ds.digest, h[:])
	case dns.SHA256:
		h := sha256.Sum256(data)
		return bytes.Equal(ds.digest, h[:])
	case dns.SHA384:
		h := sha512.Sum384(data)
		return bytes.Equal(ds.digest, h[:])
	}
	return false
}

// supported picks the DS records that can be followed. When there are none, why
// says whether algorithms or digests are to blame (RFC 4035 section 5.2). SHA-1
// counts only where nothing stronger stands beside it (RFC 4509 section 3).
func supported(all []dsRecord) (l []dsRecord, why string) {
	why = fact.UnsignedAlgorithm
	strong := false
	for _, ds := range all {
		if !algorithmSupported(ds.algorithm) {
			continue
		}
		why = fact.UnsignedDigest
		if digestSupported(ds.digestType) {
			l = append(l, ds)
			strong = strong || ds.digestType != dns.SHA1
		}
	}
	if strong {
		kept := l[:0]
		for _, ds := range l {
			if ds.digestType != dns.SHA1 {
				kept = append(kept, ds)
			}
		}
		l = kept
	}
	return l, why
}
