package name

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Name is a DNS name that can be measured.
type Name struct {
	ASCII   string // A-labels, lower case, no final dot
	Unicode string // U-labels; the same as ASCII for most names
}

// profile maps as browsers do (UTS 46, non-transitional) and checks by IDNA 2008. It
// lets hyphens stand in the third and fourth place, since real host names have them
// there.
var profile = idna.New(
	idna.MapForLookup(),
	idna.CheckHyphens(false),
	idna.CheckJoiners(true),
	idna.BidiRule(),
	idna.Transitional(false),
	idna.StrictDomainName(true),
)

// maxTyped bounds what is looked at as one name or URL.
const maxTyped = 4096

// Parse reads a name or the host of a URL. The error says, in words for the person who
// typed it, what is wrong.
func Parse(typed string) (Name, error) {
	if len(typed) > maxTyped {
		return Name{}, fmt.Errorf("is longer than %d bytes", maxTyped)
	}
	if !utf8.ValidString(typed) {
		return Name{}, errors.New("is not in UTF-8")
	}
	host, err := hostOf(strings.TrimSpace(typed))
	if err != nil {
		return Name{}, err
	}
	ascii := strings.ToLower(host)
	if !isASCII(host) || strings.Contains(ascii, "xn--") {
		for label := range strings.SplitSeq(ascii, ".") {
			if label == "xn--" { // the library makes an empty label of it
				return Name{}, errors.New("has the label \"xn--\", with nothing behind the prefix of internationalised names")
			}
		}
		if ascii, err = profile.ToASCII(host); err != nil {
			return Name{}, explain(host, err)
		}
		// What the mapping made must be a name by itself.
		if again, err := profile.ToASCII(ascii); err != nil || again != ascii {
			return Name{}, explain(host, cmp.Or(err, errUnstable))
		}
	}
	ascii = strings.TrimSuffix(ascii, ".") // again: an ideographic full stop became a dot
	if err := check(ascii); err != nil {
		return Name{}, err
	}
	return Name{ASCII: ascii, Unicode: ToUnicode(ascii)}, nil
}

var errUnstable = errors.New("it does not keep its form")

// ToUnicode is the U-label form of a name in A-labels, or the name itself where it
// has none.
func ToUnicode(ascii string) string {
	if !strings.Contains(ascii, "xn--") {
		return ascii
	}
	u, err := profile.ToUnicode(ascii)
	if err != nil {
		return ascii
	}
	return u
}

// hostOf takes the host out of what was typed.
func hostOf(s string) (string, error) {
	if s == "" {
		return "", errors.New("is empty")
	}
	scheme, rest, isURL := strings.Cut(s, "://")
	if isURL = isURL && !strings.ContainsAny(scheme, "/?#"); isURL {
		if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
			return "", fmt.Errorf("is a URL of scheme %q: only http and https are measured", cut(scheme))
		}
		s = rest
	} else {
		s = strings.TrimPrefix(s, "//")
	}
	if i := strings.IndexAny(s, "/?#\\"); i >= 0 {
		s = s[:i]
	}
	if isURL { // its host is the name, whatever user or port it is for
		s = s[strings.LastIndexByte(s, '@')+1:]
	}
	if strings.Contains(s, "@") {
		return "", errors.New("has an @: an e-mail address, or a URL with a user name, is not a name to measure")
	}
	if strings.HasPrefix(s, "[") || strings.Count(s, ":") > 1 {
		return "", errIsAddress
	}
	s, port, hasPort := strings.Cut(s, ":")
	switch {
	case !hasPort || port == "" || port == "443" || port == "80":
	case strings.Trim(port, "0123456789") != "" || len(port) > 5:
		return "", fmt.Errorf("has %q where a port number goes", cut(port))
	case !isURL:
		return "", fmt.Errorf("has port %q: websites are measured on ports 80 and 443", port)
	}
	s = strings.TrimSuffix(s, ".")
	if s == "" {
		return "", errors.New("has no host in it")
	}
	return s, nil
}

var errIsAddress = errors.New("is an IP address: names are measured, since certificates, policies and owners belong to names")

// check holds an ASCII name against the rules for host names (RFC 952, RFC 1123
// section 2.1, RFC 1035 section 2.3.4).
func check(ascii string) error {
	if len(ascii) > 253 {
		return fmt.Errorf("is %d characters long: a name has at most 253", len(ascii))
	}
	if _, err := netip.ParseAddr(ascii); err == nil {
		return errIsAddress
	}
	labels := 0
	last := ""
	for label := range strings.SplitSeq(ascii, ".") {
		labels++
		last = label
		switch {
		case label == "":
			return errors.New("has an empty label: two dots in a row, or one at the beginning")
		case len(label) > 63:
			return fmt.Errorf("has a label of %d characters: a label has at most 63", len(label))
		case label[0] == '-' || label[len(label)-1] == '-':
			return fmt.Errorf("has the label %q, which begins or ends with a hyphen", label)
		}
		for _, c := range []byte(label) {
			switch {
			case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-':
			case c == '_':
				return fmt.Errorf("has the label %q with an underscore: no host name has one", label)
			case c == ',' || c == ';' || c == '\t':
				return errors.New("has several fields: a CSV list needs a first line that names its columns, one of them \"name\"")
			case c == ' ':
				return errors.New("has a space in it: one name a line")
			case c == '*':
				return errors.New("has an asterisk: a wildcard is not one website")
			default:
				return fmt.Errorf("has the character %q, which no host name has", c)
			}
		}
	}
	switch {
	case isNumber(last):
		return errors.New("ends in a number: browsers take that for an IP address")
	case labels < 2:
		return errors.New("has no dot: a single label is not a public name")
	}
	return nil
}

// isNumber is the rule by which browsers take a host for an IPv4 address (URL
// standard, "ends in a number checker").
func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// explain puts an error of the IDNA library into words.
func explain(host string, err error) error {
	// What is wrong in ASCII has better words of its own.
	if isASCII(host) && !strings.Contains(strings.ToLower(host), "xn--") {
		if cerr := check(strings.ToLower(host)); cerr != nil {
			return cerr
		}
	}
	if strings.ContainsAny(host, " \t,;") {
		return check(strings.Map(func(r rune) rune {
			if r >= 0x80 {
				return 'x'
			}
			return r
		}, strings.ToLower(host)))
	}
	return fmt.Errorf("is not a valid internationalised name: %w", err)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// cut shortens what is quoted in an error.
func cut(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
