package securitytxt

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const signature = beginSignature + "\n\nwpwEAQEIABAFAmTHcawJENkAAAAAAAAAAAAA\n" + endSignature + "\n"

// signed wraps a text as RFC 9580 section 7 asks.
func signed(text string) string {
	return beginMessage + "\nHash: SHA256\n\n" + text + sig
}

// sig holds a new-format signature packet of 156 bytes.
var sig = beginSignature + "\n\n" + strings.Repeat("wpwEAQEIABAFAmTHcawJENkAAAAAAAAA", 7) + "\n=abcd\n" + endSignature + "\n"

const good = "Contact: https://example.nl/report\nExpires: 2027-01-01T00:00:00Z\n"

func codes(ds []Defect) []string {
	var cs []string
	for _, d := range ds {
		cs = append(cs, d.Code)
	}
	return cs
}

func TestDefectsOfText(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"smallest valid file", good, []string{NotSigned}},
		{"CRLF", strings.ReplaceAll(good, "\n", "\r\n"), []string{NotSigned}},
		{"names in any case", "CONTACT: tel:+31-6\nexpires: 2027-01-01t00:00:00+01:00\n", []string{NotSigned}},
		{"comment and empty line", "# hello\n\n" + good, []string{NotSigned}},
		{"empty", "", []string{NoExpire, NoContact, NotSigned}},
		{"no final line end", strings.TrimSuffix(good, "\n"), []string{NoLineSeparators, NotSigned}},
		{"byte-order mark", "\xef\xbb\xbf" + good, []string{BOM, NotSigned}},
		{"not UTF-8", good + "# \xff\n", []string{UTF8, NotSigned}},
		{"no contact", "Expires: 2027-01-01T00:00:00Z\n", []string{NoContact, NotSigned}},
		{"two expires", good + "Expires: 2027-01-01T00:00:00Z\n", []string{MultiExpire, NotSigned}},
		{"expires unreadable", "Contact: tel:1\nExpires: Thu, 31 Dec 2026 18:37:07 -0500\n", []string{InvalidExpiry, NotSigned}},
		{"expires impossible", "Contact: tel:1\nExpires: 2027-02-30T00:00:00Z\n", []string{InvalidExpiry, NotSigned}},
		{"expires with a space", "Contact: tel:1\nExpires: 2027-01-01 00:00:00Z\n", []string{ExpirySpace, NotSigned}},
		{"contact is no URI", "Contact: security@example.nl\nExpires: 2027-01-01T00:00:00Z\n", []string{NoURI, NotSigned}},
		{"contact on http", "Contact: http://example.nl\nExpires: 2027-01-01T00:00:00Z\n", []string{NoHTTPS, NotSigned}},
		{"mail without key", "Contact: mailto:a@example.nl\nExpires: 2027-01-01T00:00:00Z\n", []string{NoEncryption, NotSigned}},
		{"mail with key", good + "Contact: mailto:a@example.nl\nEncryption: openpgp4fpr:5f2de5521c63a801ab59ccb603d49de44b29100f\n", []string{NotSigned}},
		{"two language lines", good + "Preferred-Languages: nl, en\nPreferred-Languages: nl\n", []string{MultiLang, NotSigned}},
		{"no language tag", good + "Preferred-Languages: nl, dutch_NL\n", []string{InvalidLang, NotSigned}},
		{"empty language", good + "Preferred-Languages: nl,\n", []string{InvalidLang, NotSigned}},
		{"space before colon", good + "Policy : https://example.nl\n", []string{PrecWS, NotSigned}},
		{"no space after colon", good + "Policy:https://example.nl\n", []string{NoSpace, NotSigned}},
		{"empty name", good + ": x\n", []string{EmptyKey, NotSigned}},
		{"empty value", good + "Policy:\n", []string{EmptyValue, NotSigned}},
		{"not a field", good + "hello\n", []string{InvalidLine, NotSigned}},
		{"unknown field", good + "Colour: blue\n", []string{UnknownField, NotSigned}},
		{"indented field", good + " Policy: https://example.nl\n", []string{InvalidKey, UnknownField, NotSigned}},
		{"CSAF elsewhere", good + "CSAF: https://example.nl/csaf\n", []string{NoCSAFFile, NotSigned}},
		{"two CSAF", good + strings.Repeat("CSAF: https://example.nl/provider-metadata.json\n", 2), []string{MultipleCSAF, NotSigned}},
		{"carriage return inside", good + "# a\rb\n", []string{BareCR, NotSigned}},
		{"signed, canonical", signed(good + "Canonical: https://example.nl/.well-known/security.txt\n"), nil},
		{"signed, no canonical", signed(good), []string{NoCanonical}},
		{"dash-escaped", signed("- " + good + "Canonical: https://example.nl/\n"), nil},
		{"data after signature", signed(good+"Canonical: https://e.nl/\n") + "x\n", []string{DataAfterSig}},
		{"line ends after signature", signed(good+"Canonical: https://e.nl/\n") + "\n", []string{TooManySeparators}},
		{"message begins late", "\n" + signed(good), []string{SignedFormatIssue, UnknownField, SignedFormatIssue, InvalidLine, InvalidLine, InvalidLine, NotSigned}},
		{"no signature", strings.TrimSuffix(signed(good+"Canonical: https://e.nl/\n"), sig), []string{PGPDataError}},
		{"signature cut short", strings.TrimSuffix(signed(good+"Canonical: https://e.nl/\n"), sig) + signature, []string{PGPError}},
		{"no Hash header or empty line", beginMessage + "\n" + good + "Canonical: https://e.nl/\n" + sig, []string{HashNotFirst}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := codes(Parse([]byte(c.body)).Defects); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestDefectsSayWhere(t *testing.T) {
	f := Parse([]byte("# a\nPolicy : https://example.nl\nContact:x\n# \xff\n"))
	want := []Defect{
		{UTF8, 4, 3, ""},
		{PrecWS, 2, 7, "Policy : https://example.nl"},
		{NoSpace, 3, 9, "Contact:x"},
		{NoURI, 3, 9, "x"},
	}
	if got := f.Defects[:4]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDefectsOfTheMoment(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		expires, url string
		want         []string
		until        time.Time
	}{
		{"2027-01-01T00:00:00Z", "https://a/", nil, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"2026-11-23T11:59:59Z", "https://a/", []string{Expired}, time.Time{}},
		{"2028-01-01T00:00:00Z", "https://a/", []string{LongExpiry}, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"2027-01-01T00:00:00Z", "https://b/", []string{NoCanonicalMatch}, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"never", "", nil, time.Time{}},
	} {
		f := Parse([]byte("Contact: tel:1\nCanonical: https://a/\nExpires: " + c.expires + "\n"))
		if got := codes(f.Check(at, c.url)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %s: got %v, want %v", c.expires, c.url, got, c.want)
		}
		if got := f.Until(at); !got.Equal(c.until) {
			t.Errorf("%s: until %v, want %v", c.expires, got, c.until)
		}
	}
}

func TestEveryCodeHasItsKind(t *testing.T) {
	for code, want := range map[string]Kind{Expired: KindError, NotSigned: KindRecommendation, UnknownField: KindNotification, BareCR: KindStrict} {
		if got := (Defect{Code: code}).Kind(); got != want {
			t.Errorf("%s: kind %d, want %d", code, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{good, signed(good), "\xef\xbb\xbf:\n:", "a:\r\r\n", beginMessage + "\n" + beginSignature + "\n" + endSignature, "Expires: 9999-12-31T23:59:59Z\n"} {
		f.Add([]byte(s))
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, b []byte) {
		x := Parse(b)
		lines := strings.Count(string(b), "\n") + 1
		for _, d := range x.Defects {
			if d.Line < 0 || d.Line > lines || len(d.Text) > 200 {
				t.Fatalf("defect out of bounds: %+v", d)
			}
		}
		x.Check(at, "https://a/")
		if u := x.Until(at); !u.IsZero() && !u.After(at) {
			t.Fatalf("until %v is not after %v", u, at)
		}
	})
}
