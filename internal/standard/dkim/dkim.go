// Package dkim reads the key records of DKIM (RFC 6376 section 3.6, with the key sizes
// of RFC 8301 in mind and the Ed25519 keys of RFC 8463), and knows selectors that are
// in common use: which selectors a domain has cannot be asked of the DNS.
//
// Parse is total: any text gives a Key and its defects.
package dkim

import (
	"strings"

	"peil/internal/standard/taglist"
)

// A tag and a defect.
type (
	Tag    = taglist.Tag
	Defect = taglist.Defect
)

// MaxLength is how much of a record is read.
const MaxLength = 8192

// Key is a key record as read, absent tags with their default values.
type Key struct {
	Text    string
	Tags    []Tag
	Defects []Defect // in the order of their places, those of the whole record (-1) last

	Type     string   // k, in lower case: "rsa", "ed25519" or one that is not known
	Hashes   []string // h; nil for all
	Services []string // s; "*" is all
	Flags    []string // t
	Test     bool     // t=y: verifiers must not treat the domain's mail otherwise than unsigned mail
	Strict   bool     // t=s: no subdomains in the signature's i
	Note     string   // n
	Revoked  bool     // p is empty
	Data     []byte   // p decoded
	Bits     int      // of the RSA modulus; 256 of an Ed25519 key; 0 when it cannot be read
	Exponent string   // of an RSA key, decimal
	Bare     bool     // an RSAPublicKey without SubjectPublicKeyInfo around it
}

// The codes of defects. With one of the first group a verifier has no key (RFC 6376
// section 6.1.2).
const (
	BadVersion     = "bad_version"      // v is not DKIM1
	VersionPlace   = "version_place"    // v is not the first tag
	BadTag         = "bad_tag"          // no "="
	BadTagName     = "bad_tag_name"     // section 3.2
	DuplicateTag   = "duplicate_tag"    // section 3.2: the whole list is invalid
	MissingKey     = "missing_key"      // no p
	BadBase64      = "bad_base64"       // p
	BadKey         = "bad_key"          // p is no key
	WrongKeyType   = "wrong_key_type"   // p is a key of another type than k
	UnknownKeyType = "unknown_key_type" // k
	TooLong        = "too_long"         // not read beyond MaxLength or taglist.MaxTags

	EmptyElement   = "empty_element"   // ";;"
	BadCharacter   = "bad_character"   // section 3.2: tval is %x21-3A / %x3C-7E with white space inside
	UnknownTag     = "unknown_tag"     // note: to be ignored
	ObsoleteTag    = "obsolete_tag"    // note: g, of RFC 4871
	UnknownHash    = "unknown_hash"    // note: to be ignored
	UnknownService = "unknown_service" // note: to be ignored
	UnknownFlag    = "unknown_flag"    // note: to be ignored
	TrailingData   = "trailing_data"   // bytes after the key
	WrappedKey     = "wrapped_key"     // RFC 8463 section 4: an Ed25519 key is 32 bytes, without SubjectPublicKeyInfo
)

// Fatal reports whether a verifier has no key with a defect of this code.
func Fatal(code string) bool {
	switch code {
	case BadVersion, VersionPlace, BadTag, BadTagName, DuplicateTag, MissingKey, BadBase64, BadKey, WrongKeyType, UnknownKeyType, TooLong:
		return true
	}
	return false
}

// Usable reports whether a verifier has a key: it is well formed and not revoked.
func (k *Key) Usable() bool {
	for i := range k.Defects {
		if Fatal(k.Defects[i].Code) {
			return false
		}
	}
	return !k.Revoked
}

// Serves reports whether the key is for mail (section 3.6.1: s).
func (k *Key) Serves() bool {
	for _, s := range k.Services {
		if s == "*" || s == "email" {
			return true
		}
	}
	return false
}

// IsKey reports whether a TXT record at a selector is meant as a key: it has a p tag,
// or begins with v=DKIM1. There should be exactly one (section 3.6.2.2).
func IsKey(text string) bool {
	if len(text) > MaxLength {
		text = text[:MaxLength]
	}
	for i, t := range taglist.Split(text).Tags {
		if t.ValuePosition >= 0 && (t.Name == "p" || i == 0 && t.Name == "v" && t.Value == "DKIM1") {
			return true
		}
	}
	return false
}

// Select returns those of a name's TXT records that are meant as keys.
func Select(txt []string) []string {
	var found []string
	for _, s := range txt {
		if IsKey(s) {
			found = append(found, s)
		}
	}
	return found
}

// Name is where the key of a selector stands (section 3.6.2.1).
func Name(selector, domain string) string {
	return strings.ToLower(selector) + "._domainkey." + strings.ToLower(strings.TrimSuffix(domain, "."))
}
