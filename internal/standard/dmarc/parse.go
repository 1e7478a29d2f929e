package dmarc

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"peil/internal/standard/taglist"
)

// Parse reads a record:
//
//	dmarc-record  = dmarc-version *(dmarc-sep dmarc-tag) [dmarc-sep] *WSP
//	dmarc-tag     = 1*ALPHA equals 1*dmarc-value
func Parse(text string) *Record {
	r := &Record{Text: text, PSD: 'u', ADKIM: 'r', ASPF: 'r', FO: []string{"0"}, PCT: 100, RI: 86400, RF: []string{"afrf"}}
	read := text
	if len(read) > MaxLength {
		r.note(TooLong, MaxLength, "")
		read = read[:MaxLength]
	}
	if !IsRecord(read) {
		r.note(NotDMARC, 0, read)
	}
	list := taglist.Split(read)
	if list.Truncated {
		r.note(TooLong, -1, "")
	}
	for _, p := range list.Empty {
		r.note(EmptyElement, p, "")
	}
	r.Tags = list.Tags
	seen := map[string]bool{}
	badPolicy := false
	for i, t := range r.Tags {
		name := strings.ToLower(t.Name)
		switch {
		case t.ValuePosition < 0:
			r.note(BadTag, t.Position, t.Name)
			continue
		case !letters(name):
			r.note(BadTagName, t.Position, t.Name)
			continue
		}
		if j := strings.IndexFunc(t.Value, func(c rune) bool { return c < 0x20 || c > 0x7e }); j >= 0 {
			r.note(BadCharacter, t.ValuePosition+j, t.Value)
		}
		if seen[name] {
			r.note(DuplicateTag, t.Position, t.Name)
			continue
		}
		seen[name] = true
		if name == "p" && i != 1 {
			r.note(PolicyOrder, t.Position, "")
		}
		if !r.tag(name, t) {
			r.note(BadValue, t.ValuePosition, t.Name+"="+t.Value)
			badPolicy = badPolicy || name == "p" || name == "sp" || name == "np"
		}
	}
	if !seen["p"] {
		r.note(MissingPolicy, -1, "")
		badPolicy = true
	}
	if badPolicy {
		if r.P, r.SP, r.NP = "", "", ""; len(r.RUA) > 0 {
			r.P, r.Defaulted = PolicyNone, true
		}
	}
	slices.SortStableFunc(r.Defects, func(a, b Defect) int { return cmp.Compare(uint(a.Position), uint(b.Position)) })
	return r
}

func (r *Record) note(code string, position int, about string) {
	r.Defects = append(r.Defects, Defect{Code: code, Position: position, Text: taglist.Cut(about)})
}

func letters(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}

// tag takes in one tag; false when it cannot have that value.
func (r *Record) tag(name string, t Tag) bool {
	v := strings.ToLower(t.Value)
	switch name {
	case "v":
		return t.Value == "DMARC1"
	case "p":
		return policy(v, &r.P)
	case "sp":
		return policy(v, &r.SP)
	case "np":
		return policy(v, &r.NP)
	case "psd":
		return letterOf(v, "ynu", &r.PSD)
	case "adkim":
		return letterOf(v, "rs", &r.ADKIM)
	case "aspf":
		return letterOf(v, "rs", &r.ASPF)
	case "t":
		r.Test = v == "y"
		return v == "y" || v == "n"
	case "fo":
		return r.failureOptions(v)
	case "rua":
		r.RUA = r.uris(t)
	case "ruf":
		r.RUF = r.uris(t)
	case "pct", "ri", "rf":
		r.note(ObsoleteTag, t.Position, t.Name)
		return r.obsolete(name, v)
	default:
		r.note(UnknownTag, t.Position, t.Name)
	}
	return true
}

func policy(v string, p *Policy) bool {
	switch Policy(v) {
	case PolicyNone, Quarantine, Reject:
		*p = Policy(v)
		return true
	}
	return false
}

func letterOf(v, allowed string, to *byte) bool {
	if len(v) != 1 || strings.IndexByte(allowed, v[0]) < 0 {
		return false
	}
	*to = v[0]
	return true
}

// failureOptions reads fo: "0", "1", "d", "s" parted by colons.
func (r *Record) failureOptions(v string) bool {
	var fo []string
	for o := range strings.SplitSeq(v, ":") {
		o = strings.Trim(o, " \t")
		if len(o) != 1 || strings.IndexByte("01ds", o[0]) < 0 {
			return false
		}
		fo = append(fo, o)
	}
	r.FO = fo
	return true
}

// obsolete reads the tags that RFC 7489 section 6.3 had and RFC 9989 has not.
func (r *Record) obsolete(name, v string) bool {
	switch name {
	case "pct":
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil || n > 100 || len(v) > 3 {
			return false
		}
		r.PCT = int(n)
	case "ri":
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return false
		}
		r.RI = uint32(n)
	case "rf":
		var rf []string
		for f := range strings.SplitSeq(v, ":") {
			f = strings.Trim(f, " \t")
			if f == "" || strings.ContainsAny(f, " \t") {
				return false
			}
			rf = append(rf, f)
		}
		r.RF = rf
	}
	return true
}
