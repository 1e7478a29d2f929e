package dmarc

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"peil/internal/standard/lookup"
)

// MaxURIs is how many destinations of a tag are read.
const MaxURIs = 50

// URI is a destination of reports (RFC 9989 section 4.8; RFC 7489 section 6.2 for the
// size).
type URI struct {
	Text     string // as written, size included
	Position int    // in the record
	Scheme   string // in lower case
	Address  string // of a mailto: local part and host
	Host     string // of the address or the authority, in lower case; "" for none
	Size     string // as written after the "!": "10m"
	Bytes    int64  // what it means; 0 for no limit
}

// uris reads a list parted by commas and keeps what can be used.
func (r *Record) uris(t Tag) []URI {
	var out []URI
	at := t.ValuePosition
	for part := range strings.SplitSeq(t.Value, ",") {
		lead := len(part) - len(strings.TrimLeft(part, " \t"))
		if len(out) == MaxURIs {
			r.note(TooLong, at, "")
			break
		}
		if u, ok := r.uri(strings.Trim(part, " \t"), at+lead); ok {
			out = append(out, u)
		}
		at += len(part) + 1
	}
	return out
}

func (r *Record) uri(s string, at int) (u URI, ok bool) {
	u = URI{Text: s, Position: at}
	ref, size, sized := strings.Cut(s, "!")
	p, err := url.Parse(ref)
	if err != nil || p.Scheme == "" || ref == "" || strings.ContainsAny(ref, " \t") {
		r.note(BadURI, at, s)
		return u, false
	}
	u.Scheme = strings.ToLower(p.Scheme)
	if u.Scheme == "mailto" {
		address, err := url.PathUnescape(p.Opaque)
		i := strings.LastIndexByte(address, '@')
		if err != nil || i < 1 || !hostName(address[i+1:]) {
			r.note(BadURI, at, s)
			return u, false
		}
		u.Address, u.Host = address, lookup.Canonical(address[i+1:])
	} else {
		u.Host = lookup.Canonical(p.Hostname())
		r.note(UnsupportedURI, at, s)
	}
	if sized {
		r.note(SizeLimit, at+len(ref), size)
		u.Size = size
		if u.Bytes, ok = bytes(size); !ok {
			r.note(BadSize, at+len(ref), size)
		}
	}
	return u, true
}

// bytes reads 1*DIGIT [ "k" / "m" / "g" / "t" ].
func bytes(s string) (int64, bool) {
	shift := 0
	if n := len(s); n > 0 {
		if i := strings.IndexByte("kmgt", s[n-1]|0x20); i >= 0 {
			shift = 10 * (i + 1)
			s = s[:n-1]
		}
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, false
	}
	if n > math.MaxInt64>>shift {
		return math.MaxInt64, true
	}
	return int64(n) << shift, true
}

// hostName reports whether s is a host name of at least two labels (RFC 5321 section
// 4.1.2; internationalised ones as RFC 6531 has them).
func hostName(s string) bool {
	if !lookup.ValidName(s) || !strings.Contains(strings.TrimSuffix(s, "."), ".") {
		return false
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			c := l[i]
			if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c < 0x80 {
				return false
			}
		}
	}
	return true
}
