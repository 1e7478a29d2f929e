// Package caa reads Certification Authority Authorization records (RFC 8659, with the
// parameters of RFC 8657 and the property of RFC 9495) from their wire form. By such
// records the holder of a name says which authorities may issue certificates for it.
//
// Parse is total: any bytes give a Record and the defects that it has.
package caa

import (
	"strings"
)

// MaxValue is how much of a value is kept and looked at.
const MaxValue = 4096

// Record is one CAA record (RFC 8659 section 4.1).
type Record struct {
	Flags   uint8
	Tag     string // as written
	Value   string
	Issue   *Issue // of issue, issuewild, issuemail and issuevmc, when its value is well formed
	Defects []Defect
}

// Critical reports whether the issuer critical flag is set (RFC 8659 section 4.1.1).
func (r *Record) Critical() bool { return r.Flags&0x80 != 0 }

// Property is the tag in lower case: tags are compared without regard to case (RFC
// 8659 section 4.1).
func (r *Record) Property() string { return strings.ToLower(r.Tag) }

// Issue is the value of an issue property (RFC 8659 section 4.2).
type Issue struct {
	Issuer     string // "" forbids
	Parameters []Parameter
}

// Parameter is one "tag=value" of an issue property.
type Parameter struct{ Tag, Value string }

// Defect is what is wrong with a record. Position counts bytes of the value from 0,
// -1 when it is not about a place in the value.
type Defect struct {
	Code     string
	Position int
	Text     string
}

// The codes of defects. Those that Internet.nl gives too have the name that it uses.
const (
	Malformed        = "malformed"                                // RFC 8659 section 4.1: RDATA too short, or a tag without letters
	ReservedBits     = "invalid_tag_reserved_bits"                // section 4.1: bits other than the critical one
	ReservedProperty = "invalid_reserved_property"                // section 7.2: auth, path, policy
	UnknownProperty  = "invalid_unknown_property"                 // not in the IANA registry
	Syntax           = "invalid_property_syntax"                  // section 4.2, RFC 9495 section 3, RFC 3966
	ValidationMethod = "invalid_property_issue_validation_method" // RFC 8657 section 4
	IodefValue       = "invalid_property_iodef_value"             // section 4.4
	ContactEmail     = "invalid_property_contactemail_value"      // CA/B Forum BR A.1.1
	AccountURI       = "invalid_accounturi"                       // RFC 8657 section 3: a URI
	IodefHTTP        = "iodef_http"                               // section 4.4 allows it; the report travels in the clear
	TooLong          = "too_long"
)

// Parse reads the RDATA of a CAA record.
func Parse(rdata []byte) Record {
	var r Record
	bad := func(code string, pos int, text string) {
		if len(text) > 200 {
			text = text[:200]
		}
		r.Defects = append(r.Defects, Defect{code, pos, strings.ToValidUTF8(text, "\uFFFD")})
	}
	if len(rdata) < 2 || int(rdata[1]) == 0 || len(rdata) < 2+int(rdata[1]) {
		bad(Malformed, -1, "")
		return r
	}
	r.Flags = rdata[0]
	r.Tag = string(rdata[2 : 2+int(rdata[1])])
	value := rdata[2+int(rdata[1]):]
	if len(value) > MaxValue {
		bad(TooLong, -1, "")
		value = value[:MaxValue]
	}
	r.Value = string(value)
	if r.Flags&0x7f != 0 {
		bad(ReservedBits, -1, "")
	}
	switch r.Property() {
	case "issue", "issuewild", "issuevmc", "issuemail":
		is, pos := parseIssue(r.Value)
		if pos >= 0 {
			bad(Syntax, pos, r.Value)
			break
		}
		r.Issue = is
		for _, p := range is.Parameters {
			switch p.Tag {
			case "validationmethods":
				if !validMethods(p.Value) {
					bad(ValidationMethod, -1, p.Value)
				}
			case "accounturi":
				if i := strings.IndexByte(p.Value, ':'); i < 1 {
					bad(AccountURI, -1, p.Value)
				}
			}
		}
	case "iodef":
		switch iodef(r.Value) {
		case "http":
			bad(IodefHTTP, -1, r.Value)
		case "":
			bad(IodefValue, -1, r.Value)
		}
	case "contactemail":
		if !validEmail(r.Value) {
			bad(ContactEmail, -1, r.Value)
		}
	case "contactphone":
		if !globalNumber.MatchString(r.Value) {
			bad(Syntax, 0, r.Value)
		}
	case "auth", "path", "policy":
		bad(ReservedProperty, -1, r.Tag)
	default:
		if strings.IndexFunc(r.Tag, func(c rune) bool { return !alphanumeric(byte(c)) || c > 127 }) >= 0 {
			bad(Malformed, -1, r.Tag)
		} else {
			bad(UnknownProperty, -1, r.Tag)
		}
	}
	return r
}

// Issuers are the authorities that a record set lets issue: for wildcards the
// issuewild records when there are any, else the issue records (RFC 8659 section
// 4.3). restricted is false when no such record exists, so that any authority may.
func Issuers(set []Record, wildcard bool) (issuers []string, restricted bool) {
	property := "issue"
	if wildcard {
		for i := range set {
			if set[i].Property() == "issuewild" {
				property = "issuewild"
			}
		}
	}
	for i := range set {
		if set[i].Property() != property {
			continue
		}
		restricted = true // a value that cannot be read allows nobody
		if is := set[i].Issue; is != nil && is.Issuer != "" {
			issuers = append(issuers, strings.ToLower(is.Issuer))
		}
	}
	return issuers, restricted
}
