package dkim

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"

	"peil/internal/standard/taglist"
)

// Parse reads a key record (section 3.6.1).
func Parse(text string) *Key {
	k := &Key{Text: text, Type: "rsa", Services: []string{"*"}}
	read := text
	if len(read) > MaxLength {
		k.note(TooLong, MaxLength, "")
		read = read[:MaxLength]
	}
	list := taglist.Split(read)
	if list.Truncated {
		k.note(TooLong, -1, "")
	}
	for _, p := range list.Empty {
		k.note(EmptyElement, p, "")
	}
	k.Tags = list.Tags
	seen := map[string]bool{}
	var p Tag
	for i, t := range k.Tags {
		switch {
		case t.ValuePosition < 0:
			k.note(BadTag, t.Position, t.Name)
			continue
		case !taglist.Word(t.Name):
			k.note(BadTagName, t.Position, t.Name)
			continue
		case seen[t.Name]:
			k.note(DuplicateTag, t.Position, t.Name)
			continue
		}
		seen[t.Name] = true
		if j := strings.IndexFunc(t.Value, func(c rune) bool { return c > 0x7e || c < 0x20 && c != '\t' && c != '\r' && c != '\n' }); j >= 0 && t.Name != "p" {
			k.note(BadCharacter, t.ValuePosition+j, t.Value)
		}
		switch t.Name {
		case "v":
			if t.Value != "DKIM1" {
				k.note(BadVersion, t.ValuePosition, t.Value)
			}
			if i > 0 {
				k.note(VersionPlace, t.Position, "")
			}
		case "k":
			if k.Type = strings.ToLower(t.Value); k.Type != "rsa" && k.Type != "ed25519" {
				k.note(UnknownKeyType, t.ValuePosition, t.Value)
			}
		case "h":
			k.Hashes = k.words(t, UnknownHash, "sha1", "sha256")
		case "s":
			k.Services = k.words(t, UnknownService, "*", "email")
		case "t":
			k.Flags = k.words(t, UnknownFlag, "y", "s")
			k.Test, k.Strict = slices.Contains(k.Flags, "y"), slices.Contains(k.Flags, "s")
		case "n":
			k.Note = t.Value
		case "g":
			k.note(ObsoleteTag, t.Position, t.Value)
		case "p":
			p = t
		default:
			k.note(UnknownTag, t.Position, t.Name)
		}
	}
	switch {
	case !seen["p"]:
		k.note(MissingKey, -1, "")
	case p.Value == "":
		k.Revoked = true
	default:
		k.key(p)
	}
	slices.SortStableFunc(k.Defects, func(a, b Defect) int { return cmp.Compare(uint(a.Position), uint(b.Position)) })
	return k
}

func (k *Key) note(code string, position int, about string) {
	k.Defects = append(k.Defects, Defect{Code: code, Position: position, Text: taglist.Cut(about)})
}

// words reads a list parted by colons and notes what is not known.
func (k *Key) words(t Tag, code string, known ...string) []string {
	var out []string
	at := t.ValuePosition
	for part := range strings.SplitSeq(t.Value, ":") {
		w := strings.ToLower(strings.Trim(part, " \t\r\n"))
		if !slices.Contains(known, w) {
			k.note(code, at, part)
		}
		out = append(out, w)
		at += len(part) + 1
	}
	return out
}

// decode reads base64 with white space inside (section 2.10).
func decode(s string) ([]byte, error) {
	s = strings.Map(func(c rune) rune {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return -1
		}
		return c
	}, s)
	return base64.StdEncoding.DecodeString(s)
}
