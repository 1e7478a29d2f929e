package internetnl

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const unsigned = "Contact: https://example.nl/\nExpires: 2027-01-01T00:00:00Z\n"

func signedFile() string {
	return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + unsigned + "Canonical: https://example.nl/.well-known/security.txt\n" +
		"-----BEGIN PGP SIGNATURE-----\n\n" + strings.Repeat("wpwEAQEIABAFAmTHcawJENkAAAAAAAAA", 7) + "\n-----END PGP SIGNATURE-----\n"
}

func TestReadSecurityTxt(t *testing.T) {
	plain := []string{"text/plain; charset=utf-8"}
	home := "https://example.nl/.well-known/security.txt"
	for _, c := range []struct {
		name    string
		a       SecurityTxtAnswer
		verdict string
		errors  []string
		recs    []string
	}{
		{"signed", SecurityTxtAnswer{200, 0, plain, home, []byte(signedFile())}, "good", nil, nil},
		{"unsigned never passes", SecurityTxtAnswer{200, 0, plain, home, []byte(unsigned)}, "recommendations", nil, []string{"not_signed"}},
		{"unknown field alone", SecurityTxtAnswer{200, 0, plain, home, []byte(strings.Replace(signedFile(), "Canonical", "Colour: blue\nCanonical", 1))}, "recommendations", nil, []string{"unknown_field"}},
		{"elsewhere in the end", SecurityTxtAnswer{200, 0, plain, "https://other.nl/security.txt", []byte(signedFile())}, "bad", []string{"no_canonical_match"}, nil},
		{"strict defects are not seen", SecurityTxtAnswer{200, 0, plain, home, []byte(strings.Replace(signedFile(), "01T00", "01 00", 1))}, "good", nil, nil},
		{"old place", SecurityTxtAnswer{404, 200, plain, home, []byte(signedFile())}, "bad", []string{"location"}, nil},
		{"nowhere", SecurityTxtAnswer{404, 404, nil, "", nil}, "bad", []string{"no_security_txt_404"}, nil},
		{"the second answer decides", SecurityTxtAnswer{404, 403, nil, "", nil}, "bad", []string{"no_security_txt_other"}, nil},
		{"the second answer decides, the other way", SecurityTxtAnswer{500, 404, nil, "", nil}, "bad", []string{"no_security_txt_404"}, nil},
		{"no content type", SecurityTxtAnswer{200, 0, nil, home, []byte(unsigned)}, "bad", []string{"no_content_type"}, []string{"not_signed"}},
		{"not plain text: not parsed", SecurityTxtAnswer{200, 0, []string{"text/html"}, home, []byte("<html>")}, "bad", []string{"invalid_media"}, nil},
		{"media type in any case", SecurityTxtAnswer{200, 0, []string{"Text/Plain"}, home, []byte(signedFile())}, "good", nil, nil},
		{"charset", SecurityTxtAnswer{200, 0, []string{"text/plain; charset=iso-8859-1"}, home, []byte(signedFile())}, "bad", []string{"invalid_charset"}, nil},
		{"charset by its other name", SecurityTxtAnswer{200, 0, []string{`text/plain; charset="csUTF8"`}, home, []byte(signedFile())}, "good", nil, nil},
		{"empty body, no code", SecurityTxtAnswer{200, 0, plain, home, nil}, "bad", nil, nil},
	} {
		s := ReadSecurityTxt(c.a, at)
		if s.Verdict != c.verdict || !reflect.DeepEqual(s.Errors, c.errors) || !reflect.DeepEqual(s.Recommendations, c.recs) {
			t.Errorf("%s: got %+v", c.name, s)
		}
	}
}

func record(flags byte, tag, value string) []byte {
	return append(append([]byte{flags, byte(len(tag))}, tag...), value...)
}

func TestReadCAA(t *testing.T) {
	for _, c := range []struct {
		name    string
		set     [][]byte
		verdict string
		errors  []string
	}{
		{"none", nil, "bad", nil},
		{"good", [][]byte{record(0, "issue", "ca.nl"), record(0, "iodef", "mailto:a@example.nl")}, "good", nil},
		{"no issue tag, no error", [][]byte{record(0, "issuewild", ";")}, "good", nil},
		{"error and no issue", [][]byte{record(0, "issuewild", "a_b")}, "insufficient", []string{"invalid_property_syntax"}},
		{"error and issue in capitals", [][]byte{record(0, "ISSUE", "ca.nl"), record(0, "policy", "x")}, "insufficient", []string{"invalid_reserved_property"}},
		{"error and issue", [][]byte{record(0, "issue", "ca.nl"), record(0, "x", "y")}, "syntax-error", []string{"invalid_unknown_property"}},
		{"flags", [][]byte{record(2, "issue", "ca.nl")}, "syntax-error", []string{"invalid_tag_reserved_bits"}},
		{"report by http", [][]byte{record(0, "issue", "ca.nl"), record(0, "iodef", "http://a.nl/")}, "syntax-error", []string{"invalid_property_iodef_value"}},
		{"account is not looked at", [][]byte{record(0, "issue", "ca.nl; accounturi=1")}, "good", nil},
	} {
		got := ReadCAA(c.set)
		if got.Verdict != c.verdict || !reflect.DeepEqual(got.Errors, c.errors) {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
	many := make([][]byte, 101)
	for i := range many {
		many[i] = record(0, "issue", "ca.nl")
	}
	many[100] = record(0, "issue", "_")
	if got := ReadCAA(many); got.Verdict != "good" {
		t.Errorf("the 101st record counts: %+v", got)
	}
}
